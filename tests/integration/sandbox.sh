#!/usr/bin/env bash
# check: timeout=400
# The sandbox of `postern run`, by a driver: as the caller and as an ordinary user. Each thing that must not work beside one that must.
# shellcheck disable=SC2317,SC2016,SC2015 # the parts are called by their names; what is in single quotes is for the shell inside
set -u
# Run again as an ordinary user, everything is in $SANDBOX_BIN already.
bin=${SANDBOX_BIN:-}
if [[ ! $bin ]]; then
	cd "$(dirname "$0")/../.." || exit 2
	build=build/${BUILD:-release}
	make -s BUILD="${BUILD:-release}" "$build/integration/sandbox_driver" "$build/integration/sandbox_tool" || exit 1
	unshare -Urn true 2>/dev/null || { echo 'sandbox: user namespaces are not allowed here'; exit 77; }
fi
work=$(mktemp -d) || exit 2
# A place that is not private in a sandbox, for sockets and homes; as root it is made here.
outside=${SANDBOX_OUTSIDE:-}
made_outside=
if [[ ! $bin ]]; then
	bin=$work
	cp "$build/integration/sandbox_driver" "$build/integration/sandbox_tool" tests/integration/sandbox.sh "$bin/" || exit 2
	chmod a+rx "$bin" "$bin"/*
	if ((EUID == 0)); then
		made_outside=$(mktemp -d /var/lib/postern-test.XXXXXX) && chmod 1777 "$made_outside" || exit 2
		outside=$made_outside
	fi
fi
# The exit removes these, so nobody may give them another value.
readonly work bin outside made_outside
# shellcheck disable=SC2317 # the trap calls it
clean() {
	rm -rf -- "$work"
	[[ $made_outside != /var/lib/postern-test.?????? ]] || rm -rf -- "$made_outside"
}
trap clean EXIT
failed=0
bad() {
	failed=1
	echo "FAIL ($who) $*"
}
D=$bin/sandbox_driver
export HOME LC_ALL=C.UTF-8 PATH=/usr/local/bin:/usr/bin:/bin
git=(git -c user.name=n -c user.email=e@example.org -c init.defaultBranch=main -c protocol.file.allow=always)

# in COMMAND...: in the sandbox with the project; its output and code. $options are the driver's. What it says of itself is in $said.
in_box() {
	code=0
	out=$(cd "$project" && timeout 30 "${prefix[@]}" "$D" --home "$HOME" --rw "$project" --cwd "$project" "${options[@]}" -- "$@" 2>&1 9>"$said") || code=$?
}
# must WHAT COMMAND / mustnt WHAT COMMAND: by a shell inside
must() {
	in_box sh -c "$2"
	((code == 0)) || bad "$1: code $code: $out"
}
mustnt() {
	in_box sh -c "$2"
	((code != 0 && code != 125)) || bad "$1 works (code $code): $out"
}
# says WHAT TEXT: in what came out
says() {
	[[ $out == *"$2"* ]] || bad "$1: no \"$2\" in: $out"
}
reported() {
	grep -q -- "$2" "$said" || bad "$1: no \"$2\" in: $(cat "$said")"
}

files() {
	echo outside >"$HOME/private"
	mkdir -p "$HOME/.config/tool" "$HOME/.aws"
	echo wanted >"$HOME/.config/tool/settings"
	echo 'key of a cloud' >"$HOME/.aws/credentials"
	options=(--ro "$HOME/.config/tool")
	must 'to write into the project' 'echo x >new && rm new'
	must 'to read what is named' "grep -q wanted '$HOME/.config/tool/settings'"
	mustnt 'to write what is named for reading' "echo x >>'$HOME/.config/tool/settings'"
	mustnt 'to read the home' "cat '$HOME/private'"
	mustnt 'to read the keys of a cloud' "cat '$HOME/.aws/credentials'"
	must 'to write into the private home' 'echo x >~/mine && grep -q x ~/mine && mkdir -p ~/.cache/x'
	[[ -e $HOME/mine || -e $HOME/.cache/x ]] && bad 'the real home was written to'
	local folder
	for folder in /etc /usr /usr/local/bin /var/lib /opt / /dev /proc/sys/kernel /sys/kernel; do
		mustnt "to write into $folder" "touch $folder/postern-test 2>/dev/null"
	done
	# Where this fails nothing is changed.
	mustnt "to write the machine's core pattern" 'p=$(cat /proc/sys/kernel/core_pattern) && echo "$p" >/proc/sys/kernel/core_pattern'
	must 'a system that is read-only, whatever Landlock says' "awk '\$5 == \"/\"' /proc/self/mountinfo | grep -q ' ro,nosuid'"
	must 'to read the system' 'cat /etc/passwd >/dev/null && ls /usr/bin >/dev/null && test -r /proc/cpuinfo'
	must 'private places' 'for d in /tmp /var/tmp /dev/shm /run/user/$(id -u); do echo x >$d/t && rm $d/t || exit 1; done'
	must 'that /tmp is another one' "test -z \"\$(ls /tmp | grep -v '^postern-none$' | grep -vx '$(basename "$work")')\""
	must 'the usual devices' 'echo x >/dev/null && head -c 8 /dev/urandom | wc -c | grep -q 8 && test -c /dev/ptmx && ls /dev/fd/ >/dev/null'
	mustnt 'other devices' 'ls /dev | grep -qE "^(sd|vd|nvme|mem|kmsg|fuse|kvm|loop|vsock)"'
	mustnt 'other homes' 'ls /home /root 2>/dev/null | grep -v "^/" | grep -q .'
	must 'the same person' "test \$(id -u) = $uid && touch mine && test \$(stat -c %u mine) = $uid && rm mine"
	mustnt "what was typed outside" 'tr "\0" " " </proc/1/cmdline | grep -q home'
	mustnt 'the environment and memory of process 1' 'cat /proc/1/environ || head -c 1 /proc/1/mem || readlink /proc/1/fd/* || ls -l /proc/1/root/'
	must 'its own environment' 'grep -qz HOME /proc/self/environ && readlink /proc/self/fd/0 >/dev/null'
	must 'processes of its own only' 'test $(ls /proc | grep -c "^[0-9]") -lt 8'
	must 'what is made to be shown' "true"
	options=(--file /etc/passwd 'made up' --file "$HOME/ca.pem" 'an authority' --hide /etc/group)
	must 'files that are made' "grep -qx 'made up' /etc/passwd && grep -qx 'an authority' ~/ca.pem"
	mustnt 'to read what is hidden' 'cat /etc/group'
	mustnt 'to write what is made' 'echo x >/etc/passwd || echo x >~/ca.pem'
	options=(--rw "$HOME/not-there")
	in_box true
	((code == 125)) || bad "a path that is not there: $code"
	says 'a path that is not there' 'not-there'
	options=()
}

capabilities() {
	local set
	in_box cat /proc/self/status
	for set in Inh Prm Eff Bnd Amb; do
		says "capabilities $set" "Cap$set:	0000000000000000"
	done
	says 'no new privileges' 'NoNewPrivs:	1'
	options=(--ro "$bin")
	in_box "$bin/sandbox_tool" calls </dev/null
	((code == 0)) || bad "system calls: $out"
	in_box "$bin/sandbox_tool" debug
	((code == 1)) || bad 'ptrace works without being asked for'
	options=(--ro "$bin" --debug)
	in_box "$bin/sandbox_tool" debug
	((code == 0)) || bad "ptrace when it is asked for: $out"
	options=()
}

secrets() {
	local f
	mkdir -p deep/er .ssh node_modules/x
	for f in .env deep/er/.env .env.local deep/id_rsa .git-credentials .ssh/id deep/.netrc; do echo 'SECRET=1' >"$f"; done
	for f in .env.example .env.template plain.txt deep/ordinary; do echo fine >"$f"; done
	printf -- '-----BEGIN RSA PRIVATE KEY-----\nx\n' | tee deploy_key server.pem >/dev/null
	printf -- '-----BEGIN CERTIFICATE-----\nx\n' >cert.pem
	printf 'registry=x\n' >.npmrc
	printf '//x/:_authToken=y\n' >deep/.npmrc
	ln .env deep/innocent
	ln -s .env link
	for f in .env deep/er/.env .env.local deep/id_rsa .git-credentials .ssh/id deep/.netrc deploy_key server.pem deep/.npmrc deep/innocent link; do
		mustnt "to read $f" "cat $f"
		mustnt "to write $f" "echo x >$f"
		[[ $f == link ]] || mustnt "to remove $f" "rm -f $f"
	done
	reported 'secrets' ' secrets covered'
	for f in .env.example .env.template plain.txt deep/ordinary cert.pem .npmrc; do
		must "to read $f" "cat $f"
	done
	mustnt 'a secret after its folder was renamed' 'mv deep other; cat other/er/.env; r=$?; mv other deep; exit $r'
	mustnt 'a secret by a hard link' 'ln .env also && cat also'
	mustnt 'a secret by the folder of a process' 'cat /proc/self/cwd/.env || cat /proc/self/root'"$project"'/.env'
	options=(--secrets)
	must 'a secret that is wanted' 'grep -q SECRET .env'
	options=(--ro "$project/.env")
	must 'one secret that is named' 'grep -q SECRET .env && ! cat deep/er/.env 2>/dev/null'
	options=()
	# One that comes later, in every way.
	(sleep 1.5 && echo 'SECRET=2' >.env.later && mkdir later && echo 'SECRET=2' >later/.env && echo 'SECRET=2' >x && mv x later/id_rsa && echo 'SECRET=3' >y && mv y .env &&
		printf -- '-----BEGIN PRIVATE KEY-----\nx\n' >later/tls.key) &
	mustnt 'a secret that comes later' 'sleep 3; cat .env.later || cat later/.env || cat later/id_rsa || cat .env || cat later/tls.key'
	wait
	reported 'one that came later' "appeared covered .*/.env.later"
	cp "$said" "$said.later"
	# Although a folder above was renamed, and a link put in its place.
	mkdir -p "$HOME/up/inner"
	(sleep 1.5 && echo 'SECRET=4' >"$HOME/up/inner/.env") &
	options=(--rw "$HOME/up/inner")
	mustnt 'a secret that comes later, below a folder that was renamed' 'mv ~/up ~/moved && ln -s /etc ~/up && sleep 3; cat ~/moved/inner/.env'
	must 'the folder itself' 'echo x >~/up/inner/x'
	wait
	rm -rf "$HOME/up"
	# How long one can be read before it is covered is printed, and no more: it depends on who else runs.
	(for f in $(seq 20); do sleep 0.05 && echo "SECRET=$f" >x && mv x ".env.$f"; done) &
	options=(--ro "$bin")
	in_box "$bin/sandbox_tool" fresh . 20
	((code == 0)) || bad "secrets that appear are not all covered: $code"
	echo "sandbox: ($who) of files that appeared $out"
	wait
	rm -f .env.*
	options=()

	grep -q "appeared covered .*/later/.env" "$said.later" || bad 'one in a new folder is not told'
	rm -rf later .env.later deep .ssh .env .env.local .git-credentials deploy_key server.pem link
}

repository() {
	"${git[@]}" init -q . && echo a >a && "${git[@]}" add a && "${git[@]}" commit -qm one
	rm -rf .git/hooks .git/info
	must 'to commit' "${git[*]} commit -qam two --allow-empty && ${git[*]} checkout -qb other && echo b >b && ${git[*]} add b && ${git[*]} commit -qm b && ${git[*]} checkout -q main &&
		${git[*]} merge -q other && ${git[*]} rebase -q HEAD~1 && ${git[*]} gc -q && ${git[*]} stash list && ${git[*]} status --short"
	mustnt 'to change the configuration' "git config core.fsmonitor x || echo x >>.git/config"
	mustnt 'to exchange the configuration' 'cp .git/config c && mv -f c .git/config'
	mustnt 'to make a hook' 'mkdir -p .git/hooks; echo x >.git/hooks/pre-commit'
	mustnt 'to make attributes' 'mkdir -p .git/info; echo x >.git/info/attributes'
	mustnt 'to move the repository away' 'mv .git .git2'
	mustnt 'to move hooks away' 'mv .git/hooks .git/h2'
	must 'a planted commondir goes' 'echo evil >.git/commondir; sleep 0.3; ! test -e .git/commondir'
	reported 'a planted commondir' 'removed .*/commondir'
	in_box sh -c 'echo evil >.git/commondir'
	[[ -e .git/commondir ]] && bad 'a commondir that is planted at the last moment stays'
	options=(--git)
	must 'to make a hook where it is allowed' 'mkdir -p .git/hooks; echo x >.git/hooks/pre-commit && rm .git/hooks/pre-commit && git config x.y z'
	options=()
	# A module, and a work tree.
	"${git[@]}" init -q "$work/$who-module" && (cd "$work/$who-module" && echo m >m && "${git[@]}" add m && "${git[@]}" commit -qm m) &&
		"${git[@]}" submodule -q add "$work/$who-module" sub/mod 2>/dev/null && "${git[@]}" commit -qam module || bad 'the module cannot be made'
	must 'to commit in a module' "cd sub/mod && echo c >c && ${git[*]} add c && ${git[*]} commit -qm c"
	mustnt 'a hook of a module' 'echo x >.git/modules/sub/mod/hooks/post-checkout'
	mustnt 'the configuration of a module' 'echo x >>.git/modules/sub/mod/config'
	mustnt 'to move modules away' 'mv .git/modules .git/m2 || mv .git/modules/sub .git/modules/s2'
	mustnt 'the pointer to a module' 'echo x >sub/mod/.git'
	"${git[@]}" worktree add -q "$project/tree" 2>/dev/null
	mustnt 'the pointer to a work tree' 'echo x >tree/.git || rm -f tree/.git'
	must 'a new repository' "${git[*]} init -q fresh && cd fresh && echo x >x && ${git[*]} add x && ${git[*]} commit -qm x"
	reported 'a new repository' 'appeared repository .*/fresh/.git'
	rm -rf fresh
	must 'a clone' "${git[*]} clone -q . copied && rm -rf copied"
}

lives() {
	in_box sh -c 'exit 7'
	((code == 7)) || bad "exit code 7 came as $code"
	in_box sh -c 'kill -9 $$'
	((code == 137)) || bad "signal 9 came as $code"
	in_box not-there-at-all
	((code == 127)) || bad "a missing command came as $code"
	in_box /etc/passwd
	((code == 126)) || bad "a file that is no program came as $code"
	options=(--seconds 1)
	in_box sleep 20
	((code == 124)) || bad "the time limit came as $code"
	options=(--processes 40)
	in_box bash -c 'for i in $(seq 100); do sleep 5 & done; wait' </dev/null
	says 'a limit on processes' 'Resource temporarily unavailable'
	grep -q 'NO limit on processes' "$said" && [[ -w /sys/fs/cgroup/pids || $who == user ]] && bad "a limit on processes is not said: $(cat "$said")"
	options=(--processes 40)
	must 'some processes' 'for i in 1 2 3 4 5; do sleep 0.1 & done; wait'
	options=(--disk 2000000)
	mustnt 'to fill the memory' 'head -c 5000000 /dev/zero >/tmp/big'
	options=(--disk 8000000)
	must 'to write a little' 'head -c 5000000 /dev/zero >/tmp/big'
	options=()
	must 'no core' 'test "$(ulimit -c)" = 0'
	# What it leaves behind goes with it.
	in_box sh -c "setsid sh -c 'sleep 2; touch orphan' >/dev/null 2>&1 &"
	grep -q 'left=[1-9]' "$said" || bad "what was left is not told: $(cat "$said")"
	# The supervisor is killed.
	(cd "$project" && exec "${prefix[@]}" "$D" --home "$HOME" --rw "$project" --cwd "$project" -- sh -c 'sleep 1; touch outlived; sleep 30') 2>/dev/null &
	local pid=$!
	sleep 0.5
	kill -9 "$pid"
	wait "$pid" 2>/dev/null
	sleep 1.2
	[[ -e outlived ]] && bad 'the command outlives its supervisor'
	sleep 0.5
	[[ -e orphan ]] && bad 'an orphan outlives the sandbox'
	# Signals.
	options=(--signal 15 500)
	in_box sh -c 'trap "echo caught; exit 3" TERM; while :; do sleep 0.05; done'
	((code == 3)) && says 'a signal' caught || bad "a signal came as $code: $out"
	options=(--stop 300)
	in_box sleep 20
	grep -q 'end stopped' "$said" || bad "stopped: $(cat "$said")"
	# A terminal.
	options=(--terminal)
	in_box sh -c 'test -t 0 && stty size && tty && ps -o tty= -p $$ | grep -q pts; echo controlling >/dev/tty'
	says 'a terminal' '33 99'
	says 'the name of the terminal' '/dev/console'
	says 'a controlling terminal' controlling
	# An interactive shell's child ignores SIGTERM until it has become the other program; and of a job that has ended before
	# the shell waits for it, the shell says nothing, but has its code.
	in_box bash -ic 'sleep 60 & until [[ $(</proc/$!/comm) == sleep ]]; do sleep 0.05; done
		kill %1; wait %1; echo "the job: $?"; test -t 2 && echo x >/dev/tty && echo controlled'
	says 'job control' 'the job: 143'
	says 'a controlling terminal' controlled
	options=(--terminal --signal 2 600)
	in_box bash -c 'trap "echo caught; exit 4" INT; while :; do sleep 0.05; done'
	((code == 4)) || bad "an interrupt at the terminal came as $code: $out"
	options=(--host elsewhere)
	must 'another host name' 'test "$(uname -n)" = elsewhere'
	options=()
	in_box env
	says 'the environment' "HOME=$HOME"
	in_box sh -c 'ls /proc/self/fd | wc -l'
	says 'no other descriptors' 4
}

# What must go on as before.
programs() {
	local program
	printf '#include <stdio.h>\nint main(void) { return puts("built") < 0; }\n' >a.c
	must 'a C compiler' 'gcc -O2 -pipe -o a a.c && ./a && gcc -o a a.c && strip a && ./a'
	must 'python' 'python3 -c "import asyncio, multiprocessing, sqlite3, ssl, subprocess, threading
p = multiprocessing.Pool(2); assert p.map(abs, [-1, 2]) == [1, 2]
assert subprocess.check_output([\"echo\", \"x\"]) == b\"x\\n\"
t = threading.Thread(target=print); t.start(); t.join()
asyncio.run(asyncio.create_subprocess_exec(\"true\"))"'
	must 'pipes, jobs and locks' '(echo a; echo b) | sort | xargs -P2 -n1 echo >x && flock x true && timeout 5 sleep 0.01 && tar cf t.tar x && touch -d yesterday x && mkfifo p'
	for program in node perl go make cargo; do
		PATH=$PATH:/usr/local/go/bin command -v "$program" >/dev/null || continue
		case $program in
		node) must node 'node -e "const w = require(\"worker_threads\"); new w.Worker(\"0\", {eval: true}); require(\"child_process\").execSync(\"true\"); require(\"fs\").watch(\".\").close();
			const s = require(\"net\").createServer().listen(0, () => s.close())"' ;;
		perl) must perl 'perl -e "fork or exit; wait"' ;;
		go) must go 'printf "package main\nfunc main() { c := make(chan int); go func() { c <- 1 }(); <-c }\n" >m.go && go build -o m m.go && ./m' ;;
		make) must make 'printf "all: a b\na b:\n\ttouch \$@\n" >Makefile && rm -f a b && make -s -j2' ;;
		esac
	done
}

copies() {
	mkdir -p "$work/$who-changes/upper" "$work/$who-changes/work" "$work/$who-lower/sub"
	echo old >"$work/$who-lower/file"
	echo gone >"$work/$who-lower/sub/gone"
	echo SECRET >"$work/$who-lower/.env"
	options=(--copy "$work/$who-lower" "$work/$who-changes")
	must 'to write into a copy' "cd '$work/$who-lower' && echo new >file && rm sub/gone && mkdir made && echo x >made/x && grep -q new file"
	mustnt 'a secret in a copy' "cat '$work/$who-lower/.env'"
	[[ $(cat "$work/$who-lower/file") == old && -e $work/$who-lower/sub/gone && ! -e $work/$who-lower/made ]] || bad 'a copy wrote through'
	[[ $(cat "$work/$who-changes/upper/file") == new && -e $work/$who-changes/upper/made/x ]] || bad 'a copy kept no changes'
	must 'to go on with a copy' "grep -q new '$work/$who-lower/file'"
	options=()
}

network() {
	local port
	coproc SERVICE { exec python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True)
while True: s.accept()[0].sendall(b"reached")'; }
	read -r port <&"${SERVICE[0]}"
	options=()
	mustnt 'a service of the machine' "exec 3<>/dev/tcp/127.0.0.1/$port 2>/dev/null || python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", $port), 2)' 2>/dev/null"
	must 'a service of its own' "python3 -c 'import socket; s = socket.create_server((\"127.0.0.1\", 0)); socket.create_connection(s.getsockname(), 2)'"
	mustnt 'a network without a gate' "python3 -c 'import socket; socket.create_connection((\"192.0.2.1\", 80), 2)' 2>/dev/null"
	options=(--gate)
	must 'a name through the gate' 'curl -s --max-time 10 http://some.example/path | grep -q "GET http://some.example:80/path"'
	mustnt 'a service of the machine, with a gate' "python3 -c 'import socket; s = socket.create_connection((\"127.0.0.1\", $port), 2)' 2>/dev/null"
	must 'the name server' 'grep -q "nameserver 10.0.2.1" /etc/resolv.conf'
	kill "$SERVICE_PID"
	wait "$SERVICE_PID" 2>/dev/null
	options=()
}

sockets() {
	local service
	[[ $outside ]] || return 0
	mkdir -p "$work/sockets-$who"
	python3 -c 'import socket, sys; a = socket.socket(socket.AF_UNIX); a.bind(sys.argv[1]); a.listen(); b = socket.socket(socket.AF_UNIX); b.bind("\0" + sys.argv[2]); b.listen(); print(flush=True)
while True: a.accept()' "$outside/socket-$who" "postern-$who-$$" >"$work/up-$who" &
	service=$!
	while [[ ! -s $work/up-$who ]]; do sleep 0.05; done
	mustnt 'a socket of the machine' "python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect(\"$outside/socket-$who\")' 2>/dev/null"
	mustnt 'an abstract socket of the machine' "python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect(\"\\0postern-$who-$$\")' 2>/dev/null"
	options=(--ro "$outside/socket-$who")
	must 'a socket that is named' "python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect(\"$outside/socket-$who\")'"
	options=()
	kill "$service"
	wait "$service" 2>/dev/null
	rm -f "$outside/socket-$who"
}

executions() {
	local evil=$project/evil sha loader
	cp /bin/true "$evil" && printf x >>"$evil"
	cp "$evil" renamed
	printf '#!%s\nx\n' "$evil" >script && printf '#!/bin/sh\nexit 0\n' >good && chmod +x script good
	cp /bin/true fine
	mkdir sub && ln -s "$project" sub/back
	sha=$(sha256sum "$evil" | cut -c1-64)
	loader=$(readelf -l /bin/true | sed -n 's/.*interpreter: \(.*\)]/\1/p')
	options=(--deny "$sha" --ro "$bin")
	must 'what is not refused' './fine && ./good && true && sh -c true && /bin/sh -c "exec true" && ./sub/back/fine && /proc/self/cwd/fine && '"$loader"' ./fine'
	reported 'a script' "exec path=$project/good asked=./good via=.*sh flags=8"
	reported 'the loader' "exec path=$project/fine .*via=.*ld-.* flags=4"
	reported 'the first' 'flags=1 '
	must 'by a descriptor' "'$bin/sandbox_tool' fexec ./fine && '$bin/sandbox_tool' memfd ./fine"
	reported 'a copy in memory' 'exec path=/memfd:copy.*flags=2'
	local how
	for how in ./evil ./renamed ./script './sub/back/evil' '/proc/self/cwd/evil' '/proc/self/root'"$evil" "$loader ./evil" "$loader --argv0 x --library-path /lib ./renamed" \
		"'$bin/sandbox_tool' fexec ./evil" "'$bin/sandbox_tool' memfd ./evil" 'sh -c ./evil' 'env ./evil' 'nice ./evil' 'cp evil /tmp/e && /tmp/e' 'ln evil e2 && ./e2' 'ln -s evil e3 && ./e3' \
		"python3 -c 'import os; os.execv(\"./evil\", [\"true\"])'" 'bash -c "exec -a true ./evil"' 'cd sub && ../evil' 'xargs ./evil </dev/null'; do
		mustnt "to run what is refused by $how" "$how"
	done
	must 'errors as usual' './not-there; test $? = 127 && ./sub; test $? = 126 && (exec /etc/passwd) 2>/dev/null; test $? = 126'
	# A path that is exchanged while it is looked at.
	cp "$bin/sandbox_tool" other && printf x >>other
	sha=$(sha256sum other | cut -c1-64)
	ln -s /bin/true t
	options=(--deny "$sha" --ro "$bin")
	must 'a path that changes' "'$bin/sandbox_tool' swap /bin/true ./other 60"
	[[ -e marks ]] && bad 'another program than the one that was allowed began'
	grep -q 'appeared swapped' "$said" || echo "sandbox: ($who) no path was exchanged in time, in 60 attempts"
	# The same, by a program that executes itself.
	must 'a program that executes itself' "'$bin/sandbox_tool' swap '$bin/sandbox_tool' ./other 60"
	[[ -e marks ]] && bad 'another program than the one that was allowed, which executed itself, began'
	options=(--ro "$bin")
	must 'a path that changes, unwatched' "'$bin/sandbox_tool' swap '$bin/sandbox_tool' ./other 20"
	[[ -e marks ]] || echo "sandbox: ($who) no path was exchanged in time at all: this shows nothing"
	options=()
}

# Where user namespaces are forbidden.
fallback() {
	local before=("${prefix[@]}")
	# shellcheck disable=SC2016 # for the inner shell
	prefix+=(unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_user_namespaces && exec setpriv --bounding-set=-all --inh-caps=-all "$0" "$@"')
	in_box true
	((code == 125)) || bad "without user namespaces, and no best effort: $code"
	says 'the setting to change' 'user.max_user_namespaces'
	options=(--best-effort --gate)
	in_box true
	((code == 125)) || bad "a gate without user namespaces: $code"
	options=(--best-effort)
	must 'to write into the project' 'echo x >new && rm new && cat /etc/passwd >/dev/null && git --version'
	reported 'what is weaker' 'level NO user namespaces'
	mustnt 'to read the home' "cat '$HOME/private'"
	mustnt 'to write elsewhere' 'echo x >/tmp/postern-test'
	must 'a temporary folder of its own' 'echo x >"$(mktemp)" && test "${TMPDIR#/tmp/postern-}" != "$TMPDIR" && echo "$TMPDIR" >where'
	[[ -s where && ! -e $(cat where) ]] || bad 'a temporary folder stays'
	rm -f where
	mustnt 'a network' "python3 -c 'import socket; socket.socket()' 2>/dev/null"
	in_box sh -c 'setsid sleep 3037 >/dev/null 2>&1 & setsid setsid sleep 3037 >/dev/null 2>&1 &'
	pgrep -f 'sleep 3037' >/dev/null && bad 'something outlives a sandbox without namespaces'
	prefix=("${before[@]}")
	options=()
}

everything() {
	local part
	who=$1 base=${outside:-$work} said=$work/said-$1 options=()
	HOME=$base/home-$1 project=$base/home-$1/project
	uid=$("${prefix[@]}" id -u)
	mkdir -p "$project"
	for part in "${parts[@]}"; do
		[[ ${VERBOSE:-} ]] && echo "$who $part" >&2
		cd "$work" || exit 1
		rm -rf -- "${base:?}/home-${who:?}/project"
		mkdir -p "$project" && cd "$project" || exit 1
		options=()
		$part
	done
}

parts=(files capabilities secrets repository lives programs copies network sockets executions fallback)
(($#)) && parts=("$@")
if ((EUID == 0)); then
	everything root
	setpriv --reuid=65534 --regid=65534 --clear-groups env -i PATH="$PATH" LC_ALL=C.UTF-8 SANDBOX_BIN="$bin" SANDBOX_OUTSIDE="$outside" \
		bash "$bin/sandbox.sh" "${parts[@]}" || failed=1
else
	everything user
fi
exit $failed
