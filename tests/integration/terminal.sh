#!/usr/bin/env bash
# shellcheck disable=SC2016 # other shells expand what is in these quotes
# check: timeout=150
# The terminal of a contained program, under tmux: full-screen programs, resizing, job control, questions, large pastes; the person's settings are
# back however it ends; and what attacks a terminal does not come through, where without the filter it does.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=build/${BUILD:-release}
make -s BUILD="${BUILD:-release}" "$build/integration/pty_driver" || exit 1
command -v tmux >/dev/null || { echo 'terminal: there is no tmux'; exit 77; }
vim=$(command -v vim.tiny || command -v vim) || { echo 'terminal: there is no vim'; exit 77; }
work=$(mktemp -d)
export PATH=$work:$PATH LC_ALL=C.UTF-8 HOME=$work SHELL=/bin/bash
cp "$build/integration/pty_driver" "$work/inner"
t() {
	tmux -S "$work/socket" -f /dev/null "$@"
}
trap 't kill-server 2>/dev/null; sleep 0.2; rm -rf "$work"' EXIT
failed=0
bad() {
	failed=1
	echo "FAIL $*"
	t capture-pane -p | grep . | sed 's/^/     | /' | tail -n 12
	# What follows from a failure says nothing more.
	((++failures < 4)) || exit 1
}
failures=0
# sees PATTERN [SECONDS]: whether the screen shows it soon
sees() {
	local i
	for ((i = 0; i < ${2:-15} * 20; i++)); do
		t capture-pane -p | grep -qE -- "$1" && return 0
		sleep 0.05
	done
	return 1
}
# until_ok COMMAND...: whether it succeeds soon
until_ok() {
	local i
	for ((i = 0; i < 300; i++)); do
		"$@" 2>/dev/null && return 0
		sleep 0.05
	done
	return 1
}
keys() {
	t send-keys "$@"
}
# A clean shell with an empty screen and a prompt.
number=0
prompt() {
	number=$((number + 1))
	keys "clear; echo ready-\$(($number + 0))" Enter
	sees "^ready-$number" || bad "no prompt before $1"
}
run() {
	prompt "$1"
	keys "$1" Enter
}
settings() {
	stty -a <"$tty" | tr ';' '\n' | grep -vE 'rows|columns'
}
sane() {
	until_ok eval '[[ $(settings) == "$as_it_was" ]]' || bad "$1: the settings of the terminal are not as they were: $(settings | diff - <(echo "$as_it_was"))"
}

# A line editor would change settings while we look.
t new-session -d -x 80 -y 24 'HISTFILE= bash --norc --noprofile --noediting -i' || { echo 'terminal: tmux does not start'; exit 77; }
t set -s set-clipboard on
t set -g remain-on-exit on
tty=$(t display -p '#{pane_tty}')
keys "PS1='% '" Enter
prompt 'the first test'
as_it_was=$(settings)

# An editor.
run "inner -- $vim -u NONE -i NONE $work/text"
sees '"[^ ]*text" *\[New' || bad 'vim does not show itself'
keys ihello Space w Space m Escape
sees '^hello w m' || bad 'vim does not show what was typed'
keys :wq Enter
sees 'driver: exit 0' || bad 'vim does not end'
[[ $(cat "$work/text") == 'hello w m' ]] || bad 'vim has written something else'
sane vim

# A pager: keys, and the screen that was there before.
seq 1000 >"$work/lines"
run "inner -- less $work/lines"
sees '^20$' || bad 'less does not show the first page'
keys G
sees '^1000$' || bad 'less does not show the end'
keys q
{ sees 'driver: exit 0' && sees "ready-$number"; } || bad 'less does not end, or leaves its screen'

# Drawn again and again, in colours.
run 'inner -- top -d 0.3'
sees 'load average' || bad 'top shows nothing'
sleep 0.7
keys q
sees 'driver: exit 0' || bad 'top does not end'
sane top

# Size.
run 'inner -- bash --norc --noprofile -i'
sees '^bash.*[$#]' || bad 'a shell inside shows no prompt'
keys 'stty size' Enter
sees '^24 80' || bad 'the size inside is another'
t resize-window -x 101 -y 31
until_ok eval '[[ $(t display -p "#{window_width}") == 101 ]]'
keys 'clear; stty size' Enter
sees '^31 101' || bad 'a new size does not arrive'
t resize-window -x 80 -y 24
# Job control inside: a shell under the pump stops and continues an editor.
keys "clear; $vim -u NONE -i NONE $work/text" Enter
sees '^hello w m' || bad 'vim in a shell inside'
keys C-z
sees 'Stopped' || bad 'Ctrl-Z inside does not stop the editor'
keys fg Enter
sees '^~$' || bad 'the editor does not go on'
keys ':q!' Enter
keys 'exit 7' Enter
sees 'driver: exit 7' || bad 'the shell inside does not end'
sane 'a shell inside'

# Job control outside: what is inside stops, and so do we; settings are back meanwhile.
run "inner -- $vim -u NONE -i NONE $work/text"
sees '^hello w m' || bad 'vim, to be stopped'
keys C-z
sees 'Stopped' || bad 'Ctrl-Z does not bring back the shell'
sane 'Ctrl-Z'
keys fg Enter
sees '^~$' || bad 'fg does not bring back the editor'
keys ':q!' Enter
sees 'driver: exit 0' || bad 'the editor does not end after fg'
sane 'fg'
# The same by a signal to us.
run "inner -- $vim -u NONE -i NONE $work/text"
sees '^~$' || bad 'vim, to be stopped by a signal'
pkill -TSTP -f "^inner -- $vim" -t "${tty#/dev/}"
sees 'Stopped' || bad 'SIGTSTP does not stop us'
sane SIGTSTP
keys fg Enter
sees '^~$' || bad 'after SIGTSTP fg does not bring back the editor'
keys ':q!' Enter
sees 'driver: exit 0' || bad 'the editor does not end after SIGTSTP'

# Ctrl-C, Ctrl-\, end of file.
for key in 'C-c 130' 'C-\ 131'; do
	run 'inner -- sleep 100'
	until_ok pgrep -x sleep -t "$(pgrep -nx inner >/dev/null && ps -o tty= -p "$(pgrep -nx sleep)")" >/dev/null
	sleep 0.2
	keys "${key% *}"
	sees "driver: exit ${key#* }" || bad "$key"
done
run "inner -- sh -c 'cat >$work/typed'"
keys one Enter two Enter C-d
sees 'driver: exit 0' || bad 'Ctrl-D is no end of file'
[[ $(cat "$work/typed") == $'one\ntwo' ]] || bad 'what was typed is something else'
# What is typed before we have the keyboard is for the program too, its end of file included.
run "sleep 0.7; inner -- sh -c 'cat >$work/typed'"
keys early Enter C-d
sees 'driver: exit 0' || bad 'an end of file that was typed early is lost'
[[ $(cat "$work/typed") == early ]] || bad 'what was typed early is something else'

# However we end, the terminal is as it was.
for signal in TERM INT HUP KILL SEGV ABRT; do
	run "inner -- sh -c 'printf \"\\033[?1049h\\033[?25linside\"; exec sleep 100'"
	sees '^inside' || bad "before SIG$signal"
	pkill "-$signal" -nx inner
	sees "ready-$number" || bad "SIG$signal leaves the other screen"
	sane "SIG$signal"
	[[ $(t display -p '#{cursor_flag}') == 1 ]] || bad "SIG$signal leaves the cursor hidden"
	keys Enter
done
run 'true'

# A question while an editor runs.
run "inner --ask $work/question -- $vim -u NONE -i NONE $work/text"
sees '^~$' || bad 'vim, to be asked beside'
touch "$work/question"
sees 'driver: may it\?' || bad 'no question is seen'
sane 'a question'
keys 'yes, once' Enter
sees '^~$' || bad 'after the question the editor is not drawn again'
[[ $(cat "$work/question.answer") == 'yes, once' ]] || bad 'the answer is another'
keys ':q!' Enter
sees 'driver: exit 0' || bad 'the editor does not end after a question'

# All of it, both ways.
run 'inner -- seq 30000'
{ sees '^30000$' && sees 'driver: exit 0'; } || bad 'the end of the output is missing'
seq 40000 >"$work/paste"
size=$(wc -c <"$work/paste")
run "inner -- sh -c 'stty raw -echo; echo go; head -c $size >$work/pasted'"
sees '^go' || bad 'raw mode inside'
t load-buffer "$work/paste"
t paste-buffer -r
sees 'driver: exit 0' 20 || bad 'a large paste does not arrive'
cmp "$work/paste" "$work/pasted" || bad 'a large paste is not whole'
t delete-buffer
# Who takes nothing can be stopped.
run 'inner -- sleep 100'
sleep 0.3
t load-buffer "$work/paste"
t paste-buffer -r
sleep 1.5
keys C-c
sees 'driver: exit 130' || bad 'Ctrl-C does not come past what was pasted'
t delete-buffer
sane 'pastes'

# In the background it leaves the terminal alone; with pipes it is not there.
run "inner -- sh -c 'sleep 0.4; echo behind' &"
sleep 0.2
sane 'in the background'
sees 'behind$' || bad 'nothing is seen from the background'
run "echo piped | inner -- sh -c 'cat; test -t 1 || echo no terminal' | tr a-z A-Z"
{ sees '^PIPED' && sees '^NO TERMINAL'; } || bad 'a pipe'
run "seq 100 | inner -- less"
sees '^20$' || bad 'less of a pipe'
keys G
sees '^100$' || bad 'less of a pipe takes no keys'
keys q
sees 'driver: exit 0' || bad 'less of a pipe does not end'
run "inner -- seq 300 | less"
sees '^20$' || bad 'less behind a pipe'
keys G
sees '^300$' || bad 'keys for a pager behind a pipe are taken away'
keys q
sane 'pipes'

# Attacks. Each first without the filter, so that it is known to be one here, then with it.
cat >"$work/attack" <<'END'
#!/bin/bash
# attack NAME: what is typed back within a moment goes into a file
was=$(stty -g)
stty raw -echo
case $1 in
clipboard) printf '\e]52;c;%s\a' "$(printf stolen | base64)" ;;
passthrough) printf '\ePtmux;\e\e]52;c;%s\a\e\\' "$(printf stolen | base64)" ;;
eight) printf '\xc2\x9d52;c;%s\a' "$(printf stolen | base64)" ;;
read) printf '\e]52;c;?\a' ;;
settings) printf '\eP$qm\e\\\eP+q544e\e\\\e[>q' ;;
answerback) printf '\005\e[21t\e[20t' ;;
name) printf '\ekowned\e\\' ;;
print) printf '\e[5i\e[4i\e[?5i' ;;
size) printf '\e[8;10;20t\e[3;0;0t\e[2t' ;;
esac
timeout --foreground 0.4 cat >"$2"
stty "$was"
echo "end of $1"
END
chmod +x "$work/attack"
t set -g allow-passthrough on
t set -g allow-rename on
attack() { # NAME INSIDE?
	rm -f "$work/back"
	run "${2}attack $1 $work/back"
	sees "end of $1" || bad "attack $1 does not end"
}
for name in clipboard passthrough eight read settings answerback name print size; do
	before=$(t display -p '#{window_width}x#{window_height}')
	t set-buffer -b mine secret
	t rename-window before
	attack $name 'inner -- '
	buffers=$(for b in $(t list-buffers -F '#{buffer_name}'); do t show-buffer -b "$b"; echo; done)
	[[ $buffers != *stolen* ]] || bad "$name: the clipboard has been written"
	back=$(cat -v "$work/back")
	if [[ $name == settings ]]; then
		# The terminal's name may be asked for.
		[[ $back =~ ^(\^\[P\>\|tmux\ [0-9.a-z]+\^\[\\)?$ ]] || bad "$name: typed back: $back"
	else
		[[ ! $back ]] || bad "$name: typed back: $back"
	fi
	[[ $(t display -p '#{window_name}') != owned ]] || bad "$name: the window is called otherwise"
	[[ $(t display -p '#{window_width}x#{window_height}') == "$before" ]] || bad "$name: the window has another size"
	for b in $(t list-buffers -F '#{buffer_name}'); do t delete-buffer -b "$b"; done
done
attack clipboard ''
[[ $(t show-buffer) == stolen ]] || bad 'without the filter the clipboard is not written either: this test shows nothing'
attack name ''
[[ $(t display -p '#{window_name}') == owned ]] || bad 'without the filter the window is not renamed either'
t set-buffer -b mine secret
attack read ''
[[ $(cat -v "$work/back") == *"$(printf secret | base64)"* ]] || bad "without the filter the clipboard is not typed either: $(cat -v "$work/back")"
# Titles are text, and go back.
t select-pane -T mine
run "inner -- sh -c 'printf \"\\033]2;a\\001b\\007\"; sleep 0.5'"
until_ok eval '[[ $(t display -p "#{pane_title}") == ab ]]' || bad "the title is $(t display -p '#{pane_title}')"
sees 'driver: exit 0'
# What a terminal answers after the end is not typed into the shell.
run "inner --direct -- printf '\\033[6n\\033[c\\033[6n'"
sees 'driver: exit 0'
sleep 0.3
t capture-pane -p | grep -qE '^% .*[0-9;]+[Rc]$' && bad 'an answer has been typed into the shell'
sane 'the end'
((failed == 0)) && echo 'terminal: programs work, settings are back, attacks do not come through'
exit $failed
