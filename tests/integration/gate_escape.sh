#!/usr/bin/env bash
# check: alone slow timeout=700
# The attacker of tests/escape: every way out that is known, from inside of a contained run, as root and as an ordinary user; each with a benign
# twin that must work. Each attack is tried without a sandbox too, so that it is known what this machine would allow at all. A table by
# kernel feature; a line each for what has got out, or did not work. With words as arguments only cases whose ids begin so.
# shellcheck disable=SC2016,SC2086,SC2034,SC2317 # scripts for shells inside
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/gate.sh
if [[ ! ${ESCAPE_INSIDE:-} ]]; then
	make -s BUILD="${BUILD:-release}" build/"${BUILD:-release}"/escape/{attack,permitted,forbidden,forbidden.so} || exit 1
	unshare -Urn true 2>/dev/null || { echo 'gate_escape: user namespaces are not allowed here'; exit 77; }
	how=(-n -m -i -p --fork --mount-proc --kill-child) passes=(caller)
	if ((EUID == 0)); then passes+=(user); else how+=(-Ur); fi
	top=$(mktemp -d "$PWD/build/escape.XXXXXX") || exit 2
	trap 'rm -rf "$top"' EXIT
	chmod 755 "$top"
	pids=() failed=0
	# Each in a network and among processes of its own.
	for who in "${passes[@]}"; do
		[[ ${ESCAPE_WHO:-$who} == "$who" ]] || continue
		ROOT_HERE=$((EUID == 0)) ESCAPE_INSIDE=$who ESCAPE_TOP=$top unshare "${how[@]}" bash "$0" "$@" >"$top/$who.said" 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || failed=1
	done
	cat "$top"/*.said
	cat "$top"/*.rows >"$top/rows" || exit 1
	rows=$top/rows
	echo
	printf '%-28s %7s %7s %7s %7s %9s %9s\n' feature runs held open escaped 'not tried' 'works alone'
	awk -F '\t' '{n[$4]++; k[$4 "\t" $5]++; if ($10 == "ESCAPED") a[$4]++} END {for (f in n) printf "%-28s %7d %7d %7d %7d %9d %9d\n", f, n[f], k[f "\tHELD"], k[f "\tOPEN"], k[f "\tESCAPED"], k[f "\tNOT_TRIED"], a[f]}' "$rows" | sort
	echo
	awk -F '\t' '$5 == "NOT_TRIED" {print "  not tried " $1 ": " $2 ": " $6} $5 == "OPEN" {print "  OPEN    " $1 ": " $2 " (" $9 "): " $6} $5 == "ESCAPED" {print "  ESCAPED " $1 ": " $2 " (" $9 "): " $6} $7 == "BROKEN" {print "  BROKEN  " $1 ": the twin of " $2 ": " $8}' "$rows" | sort | head -n 120
	[[ ${ESCAPE_KEEP:-} ]] && cp "$rows" "$ESCAPE_KEEP"
	awk -F '\t' '{n++; v[$5]++; v[$7]++; if ($10 == "ESCAPED") a++; seen[$2] = 1}
	END {for (i in seen) ids++; printf "gate_escape: %d attacks in %d runs: %d held, %d open, %d escaped, %d not tried (%d work without a sandbox); twins: %d work, %d do not\n", ids, n, v["HELD"], v["OPEN"], v["ESCAPED"], v["NOT_TRIED"], a, v["WORKS"], v["BROKEN"]; exit !(v["ESCAPED"] == 0 && v["BROKEN"] == 0 && n > 0)}' "$rows"
	code=$?
	exit $((code || failed))
fi
ip link set lo up
for a in 10.9.8.7/32 192.168.77.7/32 169.254.169.254/32; do ip addr add $a dev lo || exit 2; done
mount -t tmpfs tmp /dev/shm 2>/dev/null
chmod 1777 /dev/shm
top=$ESCAPE_TOP/$ESCAPE_INSIDE
mkdir "$top"
observers=()
finish() {
	exec 8>&-
	((${#observers[@]})) && kill "${observers[@]}" 2>/dev/null
}
trap finish EXIT
trap 'exit 130' INT TERM
# Names that lead to where a tool has no business; and what asks outside asks the observer.
cat /etc/hosts - >"$top/hosts" <<'END'
127.0.0.1 loop.example.com
10.9.8.7 lan.example.com evil-api.example.com x.api.example.com
169.254.169.254 meta.example.com metadata.google.internal
END
echo 'nameserver 127.0.0.1' >"$top/resolv.conf"
mount --bind "$top/hosts" /etc/hosts && mount --bind "$(readlink -f /etc/resolv.conf)" "$(readlink -f /etc/resolv.conf)" && mount --bind "$top/resolv.conf" "$(readlink -f /etc/resolv.conf)"
chmod 755 "$top"
failed=0
rows=$ESCAPE_TOP/$ESCAPE_INSIDE.rows
: >"$rows"

# The surroundings of one pass: a person's home, a project, things outside.
surroundings() {
	work=$top/$1
	mkdir -p "$work" && cd "$work" || exit 2
	mkdir -p home/{.ssh,.aws,.config/{gh,google-chrome/Default,gcloud,postern},.docker,.kube,.gnupg/private-keys-v1.d,.mozilla/firefox/x.default,.local/share/{keyrings,postern/ledger},Mail,other-project,private-folder,notes,cache} \
		outside/empty project/{config,src}
	local f
	for f in .ssh/id_ed25519 .aws/credentials .netrc .config/gh/hosts.yml .docker/config.json .kube/config .npmrc .git-credentials .gnupg/private-keys-v1.d/key \
		.mozilla/firefox/x.default/logins.json .config/google-chrome/Default/Cookies .local/share/keyrings/login.keyring .config/gcloud/credentials.db .bash_history Mail/inbox \
		other-project/source.c notes/.env .local/share/postern/ledger/marker; do
		echo 'SECRET-MARK' >"home/$f"
	done
	echo notes >home/notes/ok
	for f in .bashrc .profile .zshenv .gitconfig .ssh/config; do echo '# mine' >"home/$f"; done
	: >home/.gitconfig
	for f in canary spare spare2; do echo mine >outside/$f; done
	deep=$work/project
	for f in {1..40}; do deep+=/d$f; done
	mkdir -p "$deep"
	for f in .env .env.local id_rsa config/.env "${deep#"$work/project/"}/.env"; do echo 'TOKEN=SECRET-MARK' >"project/$f"; done
	{ echo '-----BEGIN PRIVATE KEY-----'; echo SECRET-MARK; echo '-----END PRIVATE KEY-----'; } >project/server.pem
	ln project/.env project/innocent.txt
	ln -s "$work/home/.netrc" project/to-netrc
	git init -q project
	# A submodule, and a repository within.
	mkdir -p project/.git/modules
	git init -q --separate-git-dir=project/.git/modules/known project/known
	git init -q project/vendor/lib
	git -C project -c user.name=x -c user.email=x@example.org commit -q --allow-empty -m first
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 2 -subj '/CN=api.example.com' \
		-addext 'subjectAltName=DNS:api.example.com,DNS:other.example.com' 2>/dev/null
	cp "$build/escape/"{attack,permitted,forbidden,forbidden.so} "$here/tests/escape/network.sh" "$here/tests/escape/observer.py" .
	cp "$P" postern
	cp -r "$here/share" share
	cat >home/.config/postern/policy.yaml <<END
# SECRET-MARK
network:
  - {host: api.example.com, methods: [GET, POST], paths: [/ok/], max_request_bytes: 1000000, private: true}
files: {read: ['$work/home/notes'], write: ['$work/home/cache']}
limits: {processes: 300}
dlp: {secrets: block}
exec:
  default: deny
  rules:
    - {path: '/usr/**', verdict: allow}
    - {path: '/lib*/**', verdict: allow}
    - {path: '/bin/**', verdict: allow}
    - {path: '$work/project/own-script', verdict: allow}
    - {digest: $(sha256sum <permitted | cut -c 1-64), verdict: allow}
    - {digest: $(sha256sum <attack | cut -c 1-64), verdict: allow}
    - {path: '$work/network.sh', verdict: allow}
END
	# By name, as a tree below /tmp or a home is not there in a run.
	named=()
	for f in attack network.sh permitted forbidden forbidden.so seen; do named+=(--ro "$work/$f"); done
	export ESCAPE_PROJECT=$work/project ESCAPE_HOME=$work/home ESCAPE_OUTSIDE=$work/outside ESCAPE_DEEP=$deep ESCAPE_FORBIDDEN=$work/forbidden ESCAPE_PERMITTED=$work/permitted \
		ESCAPE_SHM=/escape-person ESCAPE_ABSTRACT=escape-abstract ESCAPE_VICTIM_SAYS=$work/victim ESCAPE_LEFT_OVER=$work/left ESCAPE_SOCKETS_MADE=$work/taken ESCAPE_TYPED=$work/typed ESCAPE_TERMINAL=
	for f in left taken typed seen victim; do : >"$f"; done
}

# observe: starts the observer for this pass
observe() {
	mkfifo "$work/hold"
	python3 observer.py "$work" "$work/outside" "$work/project" "$work/home" 8443 <"$work/hold" >"$work/ready" 2>"$work/observer.err" &
	observers=($!)
	exec 8>"$work/hold"
	for _ in {1..100}; do
		[[ -s $work/ready ]] && break
		sleep 0.05
	done
	read -r ESCAPE_VICTIM ESCAPE_SHMID <"$work/ready" || { cat "$work/observer.err"; exit 1; }
	export ESCAPE_VICTIM ESCAPE_SHMID
}

# judge WHO FILE: rows of a pass, with what the observer saw; into $rows: who, id, family, feature, verdict, note, twin, note, what, without
judge() {
	local id family feature verdict note twin twin_note what
	while IFS=$'\t' read -r id family feature verdict note twin twin_note what; do
		if [[ $verdict == LOOK ]]; then
			local path mark rest=${note#*$'\x01'}
			path=${rest%%$'\x01'*} mark=${rest#*$'\x01'} note=${note%%$'\x01'*}
			verdict=HELD
			[[ $mark ]] && grep -qF -- "$mark" "$path" 2>/dev/null && verdict=ESCAPED note+=" seen in ${path#"$work"/}"
		fi
		[[ $verdict == ESCAPED ]] && grep -q "^$id"$'\t' "$here/tests/escape/open" && verdict=OPEN
		# Alone: what the attack does without a sandbox.
		local alone
		alone=$(awk -F '\t' -v id="$id" '$1 == id {print $4}' "$work/bare" 2>/dev/null)
		printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$id" "$family" "$feature" "$verdict" "${note:--}" "$twin" "${twin_note:--}" "$what" "${alone:--}" >>"$rows"
	done <"$2"
}

# For bash in a mount namespace of its own: TOP COMMAND...
bare='
	top=$1
	shift
	mkdir -p "$top/layers" && mount -t tmpfs layers "$top/layers" || exit 1
	for d in etc usr var root opt srv; do
		mkdir -p "$top/layers/$d/upper" "$top/layers/$d/work" "/$d" &&
			mount -t overlay "$d" -o "lowerdir=/$d,upperdir=$top/layers/$d/upper,workdir=$top/layers/$d/work" "/$d" || exit 1
	done
	mount --bind "$top/hosts" /etc/hosts && mount --bind "$top/resolv.conf" "$(readlink -f /etc/resolv.conf)" || exit 1
	exec "$@"'
# pass WHO PREFIX...: all attacks by this user
pass() {
	local who=$1 begin=$SECONDS id
	shift
	surroundings "$who"
	id=$("$@" id -u)
	((EUID == 0)) && chown -R "$id:$("$@" id -g)" "$work" && export ESCAPE_VICTIM_USER=$id
	observe
	local env=(env -i "PATH=/usr/local/bin:/usr/bin:/bin" "HOME=$work/home" "GIT_CEILING_DIRECTORIES=$work" LC_ALL=C.UTF-8 "POSTERN_SHARE=$work/share" TEST_TOKEN_NOT_NAMED=SECRET-MARK
		SSH_AUTH_SOCK="$work/outside/server.sock" DBUS_SESSION_BUS_ADDRESS="unix:path=$work/outside/server.sock")
	mapfile -t -O "${#env[@]}" env < <(env | grep -E "^(ESCAPE_|XX=)")
	# Without a sandbox, in a copy of the mounts that is thrown away, and with the system's folders too: root would write into the real ones.
	cp -a project project.kept && cp -a outside outside.kept && cp -a home home.kept
	# Who cannot make such layers tries it as an ordinary user, never as root.
	"${env[@]}" unshare -m bash -c "$bare" - "$top" timeout 60 "$work/attack" --bare --no-benign "${only[@]}" >"$work/bare" 2>/dev/null </dev/null ||
		if ((ROOT_HERE == 0 || $# > 0)); then
			"$@" "${env[@]}" timeout 60 "$work/attack" --bare --no-benign "${only[@]}" >"$work/bare" 2>/dev/null </dev/null
		fi
	for f in project outside home; do
		find $f -mindepth 1 ! -type s -delete 2>/dev/null
		cp -a --remove-destination $f.kept/. $f/ 2>/dev/null
	done
	exec 8>&-
	kill "${observers[@]}" 2>/dev/null
	wait "${observers[@]}" 2>/dev/null
	rm -f "$work/hold" "$work/ready" outside/*.sock project/*.sock
	for f in left taken seen victim; do : >"$f"; done
	observe
	# Inside. Descriptors are left open, to be found.
	(cd project && exec 7<"$work/outside" 9<>"$work/outside/canary" && "$@" "${env[@]}" timeout 300 "$work/postern" run --ledger "$work/ledger" --trust "$work/cert.pem" \
		--connect-to api.example.com:443:127.0.0.1:8443 --connect-to other.example.com:443:127.0.0.1:8443 --env 'ESCAPE_[A-Z]*' --env 'ESCAPE_*' --ro "$work/home/notes" --rw "$work/home/cache" "${named[@]}" -- \
		bash -c '"$1/attack" "${@:2}" >"$ESCAPE_PROJECT/.result"; SEEN="$1/seen" "$1/network.sh" "${@:2}" >"$ESCAPE_PROJECT/.result-network"' - "$work" "${only[@]}") >"$work/out" 2>"$work/err" </dev/null
	local code=$?
	((code == 0)) || { failed=1; echo "FAIL $who: the run ended with $code: $(grep -v denied "$work/err" | tail -n 3)"; }
	sleep 0.5
	# What goes on after the end.
	pgrep -x escape-orphan >/dev/null && { echo escape-orphan >left; pkill -KILL -x escape-orphan; }
	cat project/.result project/.result-network >"$work/result" 2>/dev/null
	judge "$who" "$work/result"
	if ((${#only[@]} == 0)) || [[ ${only[0]} == control* ]]; then
		control "$who" "$@"
		cat "$work/control" >>"$work/result"
	fi
	local n
	n=$(grep -c . "$work/result")
	echo "$who: $n cases in $((SECONDS - begin)) s"
	exec 8>&-
	kill "${observers[@]}" 2>/dev/null
	wait "${observers[@]}" 2>/dev/null
	observers=()
	cd "$here" || exit 2
}

# control WHO PREFIX...: what surrounds a run: its settings, its end, its record, its terminal. In the surroundings of a pass.
control() {
	local who=$1 out=$work/control.out code verdict twin
	shift
	# As in a pass, with OPTION... -- COMMAND...; what it says is in $out.
	contained() {
		(cd "${folder:-project}" && "$@" >"$out" 2>&1 </dev/null)
		code=$?
	}
	local run=("$@" "${env[@]}" timeout 20 "$work/postern" run --trust "$work/cert.pem" --connect-to api.example.com:443:127.0.0.1:8443 --connect-to other.example.com:443:127.0.0.1:8443)
	# row ID FEATURE WHAT VERDICT NOTE: the twin is what `good` says
	row() {
		[[ $4 == 0 ]] && verdict=HELD || verdict=ESCAPED
		printf 'control/%s\tcontrol\t%s\t%s\t%s\t%s\t-\t%s\n' "$1" "$2" "$verdict" "${5:--}" "$twin" "$3" >>"$work/control"
	}
	says() { # TEXT: 0 if it is not in what was said
		! grep -qF -- "$1" "$out"
	}
	twin_is() { # COMMAND...
		"$@" && twin=WORKS || twin=BROKEN
	}
	: >"$work/control"
	local key=AKIA
	key+=QYLPMN5HHHFPZAM2
	local secret='cat ~/.netrc ~/.ssh/id_ed25519 2>&1; curl -sSk -m 5 https://other.example.com/ok/m-control-x' good='curl -sS -m 5 https://api.example.com/ok/a'
	contained "${run[@]}" --ledger none -- bash -c "$good"
	twin_is grep -q reached "$out"
	# Variables of one who starts us: none switches anything off.
	contained env POSTERN_INSIDE=1 POSTERN_GATE=0 POSTERN_DISABLE=1 POSTERN_SANDBOX=0 SANDBOX=1 CLAUDE_CODE_SANDBOXED=1 NO_SANDBOX=1 POSTERN_APPROVE=always POSTERN_SOCKET=/tmp/x "${run[@]}" --ledger none -- bash -c "$secret"
	says SECRET-MARK && says reached
	row variables 'settings' 'variables that would switch it off' $? "$(head -c 80 "$out" | tr '\n\t' '  ')"
	# The project's own policy cannot widen.
	printf 'network:\n  - {host: other.example.com, private: true}\nfiles: {read: [~/.netrc, ~/.ssh], write: [%s]}\nexec: {default: allow}\n' "$work/outside" >project/.postern.yaml
	contained "${run[@]}" --ledger none -- bash -c "$secret; echo control-mark >>'$work/outside/canary'; '$work/forbidden'; echo code \$?"
	says SECRET-MARK && says reached && says 'code 43' && ! grep -q control-mark outside/canary
	row project_policy 'settings' 'a policy in the project that permits more' $? "$(head -c 80 "$out" | tr '\n\t' '  ')"
	rm -f project/.postern.yaml
	# One that the run itself leaves for the next.
	contained "${run[@]}" --ledger none -- bash -c "printf 'network:\n  - {host: other.example.com, private: true}\n' >.postern.yaml"
	contained "${run[@]}" --ledger none -- bash -c "$secret"
	says SECRET-MARK && says reached
	row planted_policy 'settings' 'a policy that a run leaves for the next' $?
	rm -f project/.postern.yaml
	contained "${run[@]}" --ledger none --policy /dev/null -- bash -c "$good"
	says reached
	row empty 'settings' 'nothing is permitted where no rule is' $?
	contained "${run[@]}" --ledger none --allow api.example.com -- bash -c 'curl -sSk -m 5 https://other.example.com/ok/a'
	says reached
	row other 'settings' 'one host permitted, another asked for' $?
	# A folder of the tool's choice.
	folder=/ contained "${run[@]}" --ledger none -- true
	((code != 0))
	row root 'settings' 'the whole system as a project' $?
	folder=$work/home contained "${run[@]}" --ledger none -- true
	((code != 0))
	row home 'settings' 'the home as a project' $?
	ln -sfn "$work/home" "$work/linked"
	folder=$work/linked contained "${run[@]}" --ledger none --project . -- true
	((code != 0))
	row linked_home 'settings' 'the home as a project, by a link' $?
	contained "${run[@]}" --ledger none --project "$work/.." -- bash -c "cat '$work/home/.netrc'"
	says SECRET-MARK
	row above_home 'settings' 'what lies above the home as a project' $? "$(head -c 80 "$out" | tr '\n\t' '  ')"
	contained "${run[@]}" --ledger none -- bash -c "'$work/postern' run --ledger none --ro ~ --allow other.example.com -- bash -c '$secret' 2>&1"
	says SECRET-MARK && says reached
	row nested 'settings' 'a run within the run, with more rights' $?
	# Questions that nobody answers.
	local begin=$SECONDS
	contained "${run[@]}" --ledger none --ask -- bash -c 'for i in $(seq 60); do curl -sSk -m 2 https://host-$i.example.org/ & done; wait; curl -sSk -m 5 https://other.example.com/ok/a'
	says reached && ((SECONDS - begin < 20))
	row unanswered 'questions' 'sixty questions, and nobody to answer' $? "$((SECONDS - begin)) s"
	# On record, also when we are killed; and no secret is in it.
	"$@" "${env[@]}" "$work/postern" run --ledger "$work/record" --trust "$work/cert.pem" --connect-to api.example.com:443:127.0.0.1:8443 --project project -- \
		bash -c "curl -sS -m 5 https://api.example.com/ok/first; curl -sS -m 5 -d 'key $key' https://api.example.com/ok/second; touch '$work/project/ready-to-die'; exec -a escape-stays sleep 60" >"$out" 2>&1 </dev/null &
	local pid=$!
	for _ in {1..100}; do [[ -e project/ready-to-die ]] && break; sleep 0.05; done
	sleep 0.2
	kill -KILL "$(pgrep -f "^$work/postern run --ledger $work/record" | head -n 1)" 2>/dev/null
	wait $pid 2>/dev/null
	sleep 0.7
	! pgrep -f '^escape-stays' >/dev/null
	row orphaned 'the end' 'the tool goes on when its supervisor is killed' $?
	pkill -f '^escape-stays' 2>/dev/null
	"$@" "${env[@]}" "$work/postern" log verify "$work/record" >"$out" 2>&1
	row record 'the record' 'damaged by killing the supervisor' $? "$(tail -n 1 "$out" | cut -c 1-80)"
	# The ledger's own process signs what it has, and ends a second later.
	for _ in {1..50}; do
		"$@" "${env[@]}" "$work/postern" log show --limit 1000 --format json "$work/record" >"$out" 2>&1
		grep -q ok/first "$out" && break
		sleep 0.1
	done
	grep -q ok/first "$out"
	row record_first 'the record' 'what was permitted before is not in it' $?
	says "$key"
	row record_secret 'the record' 'a secret is in it' $?
	# A terminal: what is typed for the person, and what is written to them.
	rm -f project/ready-to-die
	cat >terminal.py <<'END'
import os, pty, sys, time, select
pid, fd = pty.fork()
if pid == 0:
    os.chdir(sys.argv[1])
    os.execvp(sys.argv[2], sys.argv[2:])
seen, end = b"", time.time() + 20
while time.time() < end:
    if select.select([fd], [], [], 0.2)[0]:
        try:
            got = os.read(fd, 65536)
        except OSError:
            break
        if not got:
            break
        seen += got
print(seen.decode("latin-1"))
END
	"$@" "${env[@]}" TERM=xterm python3 terminal.py project sh -c '"$@"; stty -echo -icanon min 0 time 3; echo "typed: $(head -c 100)"' - "$work/postern" run --ledger none -- \
		bash -c "tty; printf 'benign\\033[1mbold\\033]52;c;ZXNjYXBl\\a\\033]0;title\\a\\033P+q544e\\033\\\\'; '$work/attack' --no-benign process/TIO process/terminals" >"$out" 2>&1
	twin_is grep -q 'benign.*bold' "$out"
	says ']52;'
	row clipboard 'terminal' 'the clipboard written' $?
	says '+q544e'
	row capabilities 'terminal' 'settings asked for' $?
	grep -q 'typed: $' <(tr -d '\r' <"$out") && says 'typed: escape'
	row typed 'terminal' 'something typed for the person' $? "$(grep -o 'typed:.*' "$out" | head -c 60)"
	! grep -E '^process/(TIO|terminals)' "$out" | grep -qP '\tESCAPED\t'
	row ioctls 'terminal' 'calls on the terminal' $?
	judge "$who" "$work/control"
}

only=("$@")
here=$PWD
as=(env)
[[ $ESCAPE_INSIDE == user ]] && as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
pass "$ESCAPE_INSIDE" "${as[@]}"
exit $failed
