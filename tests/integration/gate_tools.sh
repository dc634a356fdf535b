#!/usr/bin/env bash
# check: long alone timeout=900
# Real AI coding tools, as the registry delivers them, do a task through the gate against a scripted model: Claude Code (native), Codex (over a
# WebSocket) and Qwen Code (Node); then again with a neutral identity. In a network namespace that has nothing but a loopback, with made-up keys and a made-up home.
# usage: gate_tools.sh [NAME...]
set -u
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/gate.sh
prompt='Read the file README.md, run the command "ls", and write a file notes.txt that says what you found. Then stop.'
# NAME SUBJECT
subjects=(
	'claude npm:@anthropic-ai/claude-code@2.1.198'
	'codex npm:@openai/codex@0.169.0'
	'qwen npm:@qwen-code/qwen-code@0.15.10'
)
if [[ ! ${GATE_INSIDE:-} ]]; then
	unshare -Urn true 2>/dev/null || { echo 'gate_tools: user namespaces are not allowed here'; exit 77; }
	for s in "${subjects[@]}"; do
		read -r name subject <<<"$s"
		(($#)) && [[ " $* " != *" $name "* ]] && continue
		about=$("$build/integration/obtain" "$subject") || { echo "gate_tools: $subject cannot be had: $about"; exit 77; }
		folder=$(sed -n 's/^root //p' <<<"$about")
		places+="$name $folder $folder/$(sed -n 's/^entry //p' <<<"$about")"$'\n'
	done
	how=-n
	((EUID == 0)) || how=-Urn
	GATE_INSIDE=1 PLACES=$places exec unshare "$how" bash "$0"
fi
ip link set lo up || exit 2
work=$(mktemp -d) || exit 2
upstream=
trap 'exec 7>&-; rm -rf "$work"' EXIT INT TERM
mkdir "$work/project"
# The model names files where the tool sees them. One at a time: it answers DNS too.
serve() { # PROJECT
	exec 7>&-
	[[ $upstream ]] && wait "$upstream"
	rm -f "$work/in" "$work/ready"
	mkfifo "$work/in"
	"$build/integration/gate_upstream" "$work" 8443 "$1" <"$work/in" >"$work/ready" 2>"$work/upstream.err" &
	upstream=$!
	exec 7>"$work/in"
	for _ in {1..100}; do
		[[ -s $work/ready ]] && break
		sleep 0.1
	done
}
one() { # NAME ROOT ENTRY OPTION...
	local name=$1 root=$2 entry=$3
	shift 3
	rm -rf "${work:?}/project" "${work:?}/home"
	mkdir -p "$work/project" "$work/home"
	echo '# A project' >"$work/project/README.md"
	git init -q "$work/project"
	case $name in
	claude) command=("$entry" -p "$prompt" --allowedTools 'Bash,Read,Write,Edit') ;;
	codex) command=("$entry" exec --skip-git-repo-check --dangerously-bypass-approvals-and-sandbox "$prompt") ;;
	qwen) command=("$entry" --auth-type openai --yolo -p "$prompt") ;;
	esac
	[[ $(head -c 4 "$entry") == $'\x7fELF' ]] || command=(node "${command[@]}")
	(cd "$work/project" && exec env -i PATH="$PATH" HOME="$work/home" XDG_DATA_HOME="$work/data" POSTERN_SHARE="$OLDPWD/share" LANG=C.UTF-8 TERM=xterm \
		ANTHROPIC_API_KEY=sk-ant-api03-made-up OPENAI_API_KEY=sk-proj-made-up CODEX_API_KEY=sk-proj-made-up OPENAI_MODEL=gpt-5 \
		OPENAI_BASE_URL="$([[ $name == qwen ]] && echo https://dashscope.aliyuncs.com/compatible-mode/v1 || echo https://api.openai.com/v1)" \
		timeout 120 "$P" run --verbose "$@" --env 'ANTHROPIC_*,OPENAI_*,CODEX_*' --ro "$root" --trust "$work/ca.pem" --connect-to :443:127.0.0.1:8443 \
		--allow api.anthropic.com,api.openai.com,dashscope.aliyuncs.com -- "${command[@]}") >"$work/out" 2>"$work/err" </dev/null
	code=$?
	"$P" log show --limit 100000 --format json "$work/data/postern/ledger" >"$work/entries" 2>/dev/null
	calls=$(jq -r 'select(.entry.class_uid == 6003) | .entry.api.operation' "$work/entries" | sort | uniq -c | awk '{printf "%s%s %s", (NR > 1 ? ", " : ""), $1, $2}')
	rm -rf "${work:?}/data.$name"
	mv "$work/data" "$work/data.$name"
	"$P" log verify "$work/data.$name/postern/ledger" >"$work/verified" 2>&1 || code="$code, and the ledger is not good"
	if [[ $code == 0 && $calls && -s $work/project/notes.txt ]]; then
		ok=$((ok + 1))
		echo "$name${1:+ $1}: did its task; tools that the model asked for: $calls; $(grep -a 'requests\? allowed' "$work/err" | tail -n 1 | tr -d '\r')"
	else
		failed=$((failed + 1))
		echo "FAIL $name${1:+ $1}: code $code"
		tail -n 30 "$work/out" "$work/err"
	fi
}
for way in '' --neutral; do
	serve "$([[ $way ]] && echo /home/user/project || echo "$work/project")"
	while read -r name root entry; do
		# shellcheck disable=SC2086 # none, or one
		[[ $name ]] && one "$name" "$root" "$entry" $way
	done <<<"${PLACES-}"
done
echo "gate_tools: $ok did their task, $failed did not"
((failed == 0))
