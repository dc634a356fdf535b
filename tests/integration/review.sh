#!/usr/bin/env bash
# check: timeout=300
# What a tool wrote under a real overlay, or to a whole copy, as a person reviews and applies it: as the caller, and as an ordinary user.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=$PWD/build/${BUILD:-release}
P=${POSTERN:-$build/postern}
[[ $P == /* ]] || P=$PWD/$P
make -s BUILD="${BUILD:-release}" "build/${BUILD:-release}/integration/review_driver" || exit 1
[[ -x /usr/bin/python3 ]] || { echo "review: there is no /usr/bin/python3"; exit 77; }
unshare -Urm true 2>/dev/null || { echo 'review: user namespaces are not allowed here'; exit 77; }
work=$(mktemp -d)
trap 'chmod -R u+rwX "$work" 2>/dev/null; rm -rf "$work"' EXIT
cp "$P" "$work/postern"
cp "$build/integration/review_driver" share/schema/review.schema.json "$work/"
chmod a+rx "$work"/postern "$work"/review_driver
chmod 0777 "$work"
failed=0
bad() {
	failed=1
	echo "FAIL $who, $form: $*"
}
as_user=()
((EUID == 0)) && as_user=(setpriv --reuid=65534 --regid=65534 --clear-groups)

# In the project, as who; in place of this shell.
become() {
	cd "$home/project" && exec env -i PATH="$PATH" HOME="$home" XDG_STATE_HOME="$home/state" XDG_DATA_HOME="$home/data" \
		GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null "${prefix[@]}" "$@"
}
as() {
	(become "$@")
}
git() {
	as git -c user.name=Me -c user.email=me@example.org -c commit.gpgsign=false "$@"
}
# A run of a shell script; $id is its name.
tool() {
	id=$(as "$work/review_driver" "$form" . bash -c "$1" 2>"$home/err" | tail -n 1)
	[[ $id == 20* ]] || bad "the tool: $(cat "$home/err")"
}
# expect CODE PATTERN ARG...: of review
expect() {
	local want=$1 pattern=$2 code
	shift 2
	said=$(as "$work/postern" review "$@" 2>&1 </dev/null)
	code=$?
	[[ $code == "$want" && $said == *$pattern* ]] || bad "review $*: code $code, not $want, or not \"$pattern\": $said"
}
fresh() {
	as "$work/postern" review --discard >/dev/null 2>&1
	rm -rf "$home/project"
	mkdir "$home/project"
	((${#prefix[@]})) && chown 65534:65534 "$home/project"
	git init -q . && as bash -c 'mkdir -p src d; echo "int main(){}" >src/main.c; echo one >d/a; echo two >d/b; echo "{\"name\":\"x\"}" >package.json'
	git add -A && git commit -qm first
	# Files get the time of the kernel's last tick.
	sleep 0.05
}

check_all() {
	# Nothing that was written.
	fresh
	tool 'cat src/main.c >/dev/null; touch d/a'
	expect 0 'changes none'

	line=$(as env AFTER=1 "$work/review_driver" "$form" . bash -c 'echo x >.envrc; echo >>d/a' 2>&1)
	[[ $line == '2 changes wait, 1 flagged (1 runs by itself): postern review 20'* ]] || bad "at the end of a run: $line"
	expect 0 'discarded' --discard --ledger none
	count=$(as "$work/postern" review --list | grep -c .)
	line=$(as env AFTER=1 "$work/review_driver" "$form" . bash -c 'cat d/a' 2>&1)
	[[ $line == *'It changed nothing in the project.'* && $(as "$work/postern" review --list | grep -c .) == "$count" ]] ||
		bad "at the end of a run that wrote nothing: $line"

	# Work as it should be: edits and a commit inside, applied outside; the repository is whole.
	fresh
	tool 'echo "int x;" >>src/main.c; git mv d/a d/c; git -c user.name=T -c user.email=t@example.org commit -qam "by the tool"'
	git status >/dev/null # as an editor does: it may write the index anew
	expect 0 '0 flagged, 0 in conflict'
	[[ $said == *'R d/a -> d/c'* && $said == *'M src/main.c  +1 -0'* ]] || bad "what is shown: $said"
	expect 0 '+int x;' --diff -- src
	expect 0 'applied' --apply all
	[[ $(git log --format=%s) == $'by the tool\nfirst' ]] || bad "the log is $(git log --format=%s)"
	git fsck --strict >/dev/null 2>"$home/err" || bad "git fsck: $(cat "$home/err")"
	[[ -z $(git status --porcelain) ]] || bad "git status: $(git status --porcelain)"
	[[ -e $home/state/postern/runs/$id/upper ]] && bad 'upper is still there after all was applied'
	expect 0 'applied'
	expect 2 'applied already' --apply all

	# Deferred execution, links that lead out, hostile names.
	fresh
	# shellcheck disable=SC2016 # the inner shell expands them
	tool 'printf "#!/bin/sh\nid\n" >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; git config core.fsmonitor ./x
		echo "{\"name\":\"x\",\"scripts\":{\"postinstall\":\"id\"}}" >package.json; ln -s /etc/passwd out; mkdir .claude; echo "{\"hooks\":{}}" >.claude/settings.json
		touch "$(printf "evil\033[2J\nname")"; mkfifo pipe; printf "a\342\200\256b\n" >src/bidi.c; echo plain >plain.txt; printf x >"$(printf "\377")"'
	expect 1 'core.fsmonitor added: "./x" (a program that git status runs)'
	for want in '+ id' 'scripts.postinstall added: "id"' 'leads to /etc/passwd' 'hooks added: {}' 'evil‹U+001B›[2J‹U+000A›name' 'U+202E' 'A ‹0xFF›'; do
		[[ $said == *"$want"* ]] || bad "\"$want\" is not shown: $said"
	done
	[[ $said == *$'\e'* ]] && bad 'an escape went to the terminal'
	[[ ${said%%plain.txt*} == *'.git/hooks/pre-commit'*'package.json'* ]] || bad 'flagged changes do not come first'
	expect 1 'nothing was applied' --apply all
	expect 1 '.git/hooks/pre-commit: a hook of git' --apply .git
	[[ -e $home/project/plain.txt || -e $home/project/.git/hooks/pre-commit ]] && bad 'a refused apply did something'
	expect 2 'nothing that changed is called' --apply nonsense
	as "$work/postern" review --format json >"$home/json"
	[[ $(jq -r '.counts.flagged, (.changes[] | select(.path == ".git/config").flags[0].rule)' "$home/json") == $'8\ngit-config' ]] ||
		bad "json: $(jq -c .counts "$home/json")"
	[[ $(jq -r '.changes[] | select(.path_base64 != null).path_base64' "$home/json") == /w== ]] || bad 'the bytes of a name are not in the json'
	if python3 -c 'import jsonschema' 2>/dev/null; then
		python3 -c 'import json,sys,jsonschema; jsonschema.validate(json.load(open(sys.argv[2])), json.load(open(sys.argv[1])))' \
			"$work/review.schema.json" "$home/json" 2>"$home/err" || bad "the schema: $(tail -n 3 "$home/err")"
	fi
	# What is named, and what is left; with an entry in the ledger for each.
	rm -rf "$home/ledger"
	expect 1 'src/bidi.c: has code that is shown in another order' --apply .claude/settings.json --ledger "$home/ledger" -- src
	expect 0 'applied' --apply .claude/settings.json --ledger "$home/ledger" -- src/bidi.c plain.txt '*name'
	[[ -e $home/project/.claude/settings.json && ! -L $home/project/out ]] || bad 'other files were applied than were named'
	as "$work/postern" log show --format json "$home/ledger" >"$home/entries" 2>"$home/err" || bad "the ledger: $(cat "$home/err")"
	jq -e -s --arg sum "$(sha256sum <"$home/project/.claude/settings.json" | cut -c 1-64)" '
		any(.[]; .entry.unmapped.postern.review | .act == "apply" and any(.changes[]; .path == ".claude/settings.json" and .sha256 == $sum and .flags == ["agent-settings"]))
		and any(.[]; .entry.unmapped.postern.review.act == "applied")' "$home/entries" >/dev/null || bad "the ledger says $(cat "$home/entries")"
	expect 0 'applied' --apply all --accept-flagged --except '.git/**,out'
	[[ $said == *'cannot be applied'* ]] || bad "a pipe was not left out: $said"
	[[ -L $home/project/out || -e $home/project/.git/hooks/pre-commit || -p $home/project/pipe ]] && bad 'what was left out was applied'
	expect 0 'discarded' --discard
	[[ -e $home/state/postern/runs/$id/upper ]] && bad 'upper is still there after it was thrown away'

	# Without a ledger that can be written nothing is applied.
	fresh
	tool 'echo 2 >d/a'
	expect 2 '' --apply all --ledger /proc/no/ledger
	[[ $(cat "$home/project/d/a") == one ]] || bad 'applied without an entry'

	# Conflicts.
	as bash -c 'sleep 0.05; echo mine >d/a'
	expect 0 '1 in conflict'
	expect 1 'was changed since the run began' --apply all
	[[ $(cat "$home/project/d/a") == mine ]] || bad 'a conflict was overwritten'
	expect 0 'applied' --apply all --force --ledger none
	[[ $(cat "$home/project/d/a") == 2 ]] || bad 'a forced change was not applied'

	# A folder that is replaced, one that goes, one that becomes a file.
	fresh
	tool 'rm -r d; mkdir d; echo new >d/n; rm -r src; echo flat >src'
	expect 0 'applied' --apply all --ledger none
	[[ $(as bash -c 'cat d/n src; ls d') == $'new\nflat\nn' ]] || bad "folders: $(as ls -lR d src)"

	# Holes stay holes: what takes no room where it was made takes none here.
	fresh
	tool 'truncate -s 64M hole; echo end >>hole; truncate -s 70M hole'
	expect 0 'applied' --apply all --ledger none
	[[ $(stat -c %s "$home/project/hole") == 73400320 && $(tr -d '\0' <"$home/project/hole") == end ]] || bad 'a file of holes has other bytes'
	(($(stat -c %b "$home/project/hole") < 2048)) || bad "a file of holes takes $(stat -c %b "$home/project/hole") blocks"

	# Installed packages are flagged once, by their folder; what a build made, once a folder.
	fresh
	# shellcheck disable=SC2016 # the inner shell expands them
	tool 'for i in $(seq 30); do mkdir -p node_modules/p$i build; echo "{\"scripts\":{\"x\":\"y\"}}" >node_modules/p$i/package.json
		printf "\177ELF\1\1\1" >build/o$i.o; done; echo x=y >node_modules/p3/.npmrc'
	expect 1 '; 32 flagged'
	[[ $said == *'61 files and folders change in node_modules'* || $said == *'62 files and folders change in node_modules'* ]] || bad "packages: $said"
	[[ $said == *'build/o1.o  and 29 more of the kind'* ]] || bad "programs: $said"
	expect 1 'node_modules/p3/.npmrc: configuration of npm' --apply node_modules --ledger none
	expect 0 'applied 61 changes' --apply node_modules --except '**/.npmrc' --ledger none

	# At a terminal: no to the hook, the diff and yes to the rest; then quit, which applies nothing.
	fresh
	tool 'echo x >.git/hooks/pre-push; echo 1 >new1; echo 2 >new2; echo 3 >>d/a'
	typed=$(as /usr/bin/python3 - "$work/postern" "$answers" <<'END'
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], ["postern", "review", "--interactive", "--ledger", "none"])
said = b""
for key in sys.argv[2]:
    while said.count(b"apply nothing: ") <= 0:
        said += os.read(fd, 4096)
    print(said.decode(errors="replace"))
    said = b""
    os.write(fd, key.encode() + b"\n")
try:
    while True:
        part = os.read(fd, 4096)
        if not part:
            break
        said += part
except OSError:
    pass
print(said.decode(errors="replace"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
END
	)
	code=$?
	((code == 0)) || bad "interactive: code $code: $typed"
	[[ $typed == *'1 of 4, flagged'*'+3'* ]] || bad "interactive: $typed"
	now=$(as bash -c 'ls .git/hooks/pre-push new1 new2 2>/dev/null; wc -l <d/a' | tr '\n' ' ')
	[[ $now == "$wanted" ]] || bad "after answering $answers: $now"
	expect 2 'needs a terminal' --interactive

	# Interrupted from outside, at some moment: as before, or after; or one more command makes it so.
	for delay in 0.01 0.03 0.06 0.1 0.2; do
		signal=KILL
		[[ $delay == 0.03 || $delay == 0.1 ]] && signal=TERM
		fresh
		# shellcheck disable=SC2016 # the inner shell expands them
		tool 'for i in $(seq 400); do echo "$i" >"src/f$i"; done; echo changed >d/a; rm d/b'
		become "$work/postern" review --apply all --ledger none >/dev/null 2>&1 &
		sleep "$delay"
		kill -"$signal" $! 2>/dev/null
		wait $! 2>/dev/null
		said=$(as "$work/postern" review 2>&1 </dev/null)
		[[ $said == *'still running'* ]] && bad 'the kill hit another'
		[[ $said == *interrupted* && $signal == TERM ]] && bad "a signal left something behind: $said"
		if [[ $said == *--undo* ]]; then
			expect 0 '' --undo --ledger none
			[[ $said == *undone* ]] || bad "after a kill: $said"
		fi
		count=$(as bash -c 'ls src | grep -c ^f; cat d/a; ls d/b 2>/dev/null; ls -d .postern* 2>/dev/null' | tr '\n' ' ')
		[[ $count == '0 one d/b ' || $count == '400 changed ' ]] || bad "killed after $delay s: $count"
		as "$work/postern" review --discard --ledger none >/dev/null 2>&1
	done
}

mkdir "$work/root" "$work/user"
chmod 0777 "$work/root" "$work/user"
for who in root user; do
	home=$work/$who
	prefix=()
	[[ $who == user ]] && prefix=("${as_user[@]}")
	[[ $who == user && $EUID != 0 ]] && continue # the caller is one
	for form in overlay copy; do
		mkdir -p "$home/project"
		((${#prefix[@]})) && chown 65534:65534 "$home/project"
		if [[ $form == overlay ]] && ! as "$work/review_driver" overlay . true >/dev/null 2>"$home/err"; then
			echo "review: no overlay in a user namespace here: $(cat "$home/err")"
			continue
		fi
		# What is typed, and what is in the project then.
		answers=andnyq wanted='1 '
		[[ $form == copy ]] && answers=andya wanted='new1 new2 2 '
		check_all
	done
done

# A run that still goes on can be looked at, and not applied.
who=root form=overlay home=$work/root prefix=()
fresh
as "$work/review_driver" copy . bash -c 'echo 2 >d/a; touch ../../../../started; sleep 3' >/dev/null 2>&1 &
for _ in $(seq 100); do
	[[ -e $home/state/started || -e $home/started || -n $(find "$work" -maxdepth 4 -name started 2>/dev/null) ]] && break
	sleep 0.05
done
expect 0 'still running'
expect 3 'in use' --apply all
wait $!
expect 0 'ended'
expect 0 'ended' --list
expect 2 'one of --list' --list --diff
expect 2 'no run "zzz"' zzz
((failed == 0)) && echo 'review: everything as it should be'
exit $failed
