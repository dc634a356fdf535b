#!/usr/bin/env bash
# check: long alone timeout=900
# Real work inside the gate: git over a server (clone, commit, push, rebase), npm ci from a registry, pip from an index, a build of this
# program. In a network namespace that has nothing but a loopback.
# shellcheck disable=SC2016 # scripts for the shell inside
set -u
cd "$(dirname "$0")/../.." || exit 2
source=$PWD
. tests/lib/gate.sh
enter_network ''
work=$(mktemp -d) || exit 2
export HOME=$work/home XDG_DATA_HOME=$work/data
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT INT TERM
mkdir -p "$HOME" "$work/project" "$work/srv/git" "$work/srv/npm/package" "$work/srv/simple"
certify "$work/srv" forge.example.com
{
	git init -q --bare -b main "$work/srv/git/repo.git"
	git -C "$work/srv/git/repo.git" config http.receivepack true
	git clone -q "$work/srv/git/repo.git" "$work/seed"
	(cd "$work/seed" && git checkout -q -b main && seq 2000 >numbers && git add -A && git -c user.name=a -c user.email=a@b.example commit -qm one && git push -q origin main)
	echo '{"name": "left", "version": "1.0.0", "main": "i.js"}' >"$work/srv/npm/package/package.json"
	echo 'module.exports = 42' >"$work/srv/npm/package/i.js"
	tar -C "$work/srv/npm" -czf "$work/srv/npm/left.tgz" package
	(cd "$work/srv/simple" && python3 - <<-X
		import zipfile
		with zipfile.ZipFile("right-1.0-py3-none-any.whl", "w") as z:
		    z.writestr("right.py", "answer = 42\n")
		    z.writestr("right-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: right\nVersion: 1.0\n")
		    z.writestr("right-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
		    z.writestr("right-1.0.dist-info/RECORD", "right.py,,\nright-1.0.dist-info/METADATA,,\nright-1.0.dist-info/WHEEL,,\nright-1.0.dist-info/RECORD,,\n")
	X
	)
} >"$work/out" 2>&1
python3 tests/integration/gate_work.py "$work/srv" 8443 forge.example.com >"$work/ready" 2>"$work/server.err" &
server=$!
for _ in {1..100}; do
	[[ -s $work/ready ]] && break
	sleep 0.1
done
inside() { # SCRIPT [OPTION...]
	local script=$1
	shift
	(cd "$work/project" && timeout 600 "$P" run --allow forge.example.com --trust "$work/ca.pem" --connect-to forge.example.com:443:127.0.0.1:8443 "$@" -- \
		bash -ec "$script") >"$work/out" 2>&1 </dev/null
}
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b.example GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b.example

inside 'git clone -q https://forge.example.com/git/repo.git clone && cd clone && wc -l numbers'
check 'git clone' grep -q '^2000 numbers' "$work/out"
inside 'cd clone && git checkout -q -b work && echo x >x && git add x && git commit -qm two && git push -q origin work && git log --oneline origin/work | wc -l'
check 'git commit and push' test "$(tail -n 1 "$work/out")" = 2
(cd "$work/seed" && echo more >>numbers && git commit -qam three && git push -q origin main) >>"$work/out" 2>&1
inside 'cd clone && git fetch -q && git rebase -q origin/main && git log --oneline | wc -l && git fsck --strict'
check 'git fetch and rebase' grep -q '^3$' "$work/out"
if command -v npm >/dev/null; then
	inside 'mkdir -p n && cd n && echo "{\"name\": \"n\", \"version\": \"1.0.0\", \"dependencies\": {\"left\": \"1.0.0\"}}" >package.json
		export npm_config_registry=https://forge.example.com/npm/ npm_config_cache=/tmp/npm npm_config_update_notifier=false
		npm install --no-audit --no-fund && rm -rf node_modules && npm ci --no-audit --no-fund && node -p "require(\"left\")"'
	check 'npm install and npm ci' grep -q '^42$' "$work/out"
fi
if python3 -m pip --version >/dev/null 2>&1; then
	inside 'python3 -m pip install -q --no-cache-dir --disable-pip-version-check --break-system-packages --index-url https://forge.example.com/simple --target p right
		PYTHONPATH=p python3 -c "import right; print(right.answer)"'
	check 'pip install' grep -q '^42$' "$work/out"
fi
git clone -q "$source" "$work/project/postern" 2>/dev/null
inside 'cd postern && make -s -j2 BUILD=release all && build/release/postern --version' --no-network
check 'a build of this program' grep -q '^postern [0-9]' "$work/out"
if command -v tmux >/dev/null; then
	export TMUX_TMPDIR=$work
	tmux -f /dev/null new-session -d -s s -x 100 -y 30 "cd $work/project && $P run --no-network -- bash --norc"
	sleep 3
	tmux send-keys -t s 'echo size: $(stty size); ls clone' Enter
	sleep 2
	tmux resize-window -t s -x 120 -y 40
	sleep 1
	tmux send-keys -t s 'echo then: $(stty size); sleep 100' Enter
	sleep 1
	tmux send-keys -t s C-c
	tmux send-keys -t s 'echo after' Enter
	sleep 1
	tmux capture-pane -p -t s >"$work/out"
	tmux send-keys -t s exit Enter
	sleep 1
	check 'a shell under tmux, its size' grep -q '^size: 30 100' "$work/out"
	check 'a new size' grep -q '^then: 40 120' "$work/out"
	check 'an interrupted command' grep -q '^after' "$work/out"
	tmux kill-server 2>/dev/null
fi
echo "gate_work: $ok as they should be, $failed not"
((failed == 0))
