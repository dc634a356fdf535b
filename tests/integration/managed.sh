#!/usr/bin/env bash
# The vendors' managed settings, in made root folders: written, kept with what an administrator has put there, checked, watched, and held
# against links, races, broken and huge files. Nothing of this machine's /etc is touched.
# shellcheck disable=SC2317,SC2016 # the trap calls it; what is in single quotes is for the shell inside
set -u
cd "$(dirname "$0")/../.." || exit 2
build=build/${BUILD:-release}
make -s BUILD="${BUILD:-release}" "$build/integration/managed_driver" || exit 1
D=$PWD/$build/integration/managed_driver
work=$(mktemp -d)
watcher=
clean() {
	[[ $watcher ]] && kill "$watcher" 2>/dev/null
	rm -rf "$work"
}
trap clean EXIT
. tests/lib/check.sh out
has() { grep -qF -- "$1" "$work/out"; }
lacks() { ! has "$1"; }
R=$work/root none=$work/none
C=$R/etc/claude-code/managed-settings.json
fresh() {
	rm -rf "$R" "$work/outside"
	mkdir -p "$R/etc" "$none" "$work/outside"
}
run() { "$D" "$1" "$R" "${own:-$none}" "${@:2}" >"$work/out" 2>&1; }
value() { jq -c "$1" "$2" 2>/dev/null; }
is() { [[ $(value "$1" "$2") == "$3" ]]; }

# ---- written where nothing is, for the tools that are permitted and no others; all that is shipped
fresh
run once claude-code
check 'written' has '/etc/claude-code/managed-settings.json: written'
check 'one line' [ "$(grep -c written "$work/out")" = 1 ]
check 'mode disabled' is .permissions.disableBypassPermissionsMode "$C" '"disable"'
check 'telemetry off' is .env.DISABLE_TELEMETRY "$C" '"1"'
check 'mode 0644' [ "$(stat -c %a "$C")" = 644 ]
check 'no others' [ "$(ls "$R/etc")" = claude-code ]
run once claude-code codex gemini-cli qwen-code copilot-cli vscode
for f in codex/requirements.toml codex/managed_config.toml gemini-cli/settings.json qwen-code/settings.json github-copilot/managed-settings.json \
	vscode/policy.json; do
	check "$f is written" has "/etc/$f: written"
	[[ $f == *.json ]] && check "$f is JSON" is 'type' "$R/etc/$f" '"object"'
done
check 'what was there holds' has '/etc/claude-code/managed-settings.json: holds'
check 'python reads the TOML' python3 -c '
import sys
try:
    import tomllib
except ImportError:
    sys.exit(0)
r = tomllib.load(open(sys.argv[1] + "/etc/codex/requirements.toml", "rb"))
m = tomllib.load(open(sys.argv[1] + "/etc/codex/managed_config.toml", "rb"))
assert r["allowed_sandbox_modes"] == ["read-only", "workspace-write"], r
assert m["analytics"]["enabled"] is False and m["check_for_update_on_startup"] is False, m' "$R"
run once claude-code codex gemini-cli qwen-code copilot-cli vscode
check 'a second run writes nothing' lacks written
check 'and puts nothing back' lacks 'put back'

# ---- what an administrator has put there stays, byte for byte
fresh
mkdir -p "$R/etc/claude-code" "$R/etc/codex" "$R/etc/gemini-cli"
printf '{\n\t"model" : "x",\n\t"permissions":{"deny":["WebFetch"],\n\t  "disableBypassPermissionsMode":"enable"},\n\t"z": 1e2 }\n' >"$C"
run check claude-code
check 'checked only: differs' has 'differs: permissions.disableBypassPermissionsMode is "enable", and has to be "disable"'
check 'checked only: not written' grep -q enable "$C"
run once claude-code
check 'put back' has 'put back: permissions.disableBypassPermissionsMode is "enable"'
check 'ours' is .permissions.disableBypassPermissionsMode "$C" '"disable"'
check 'theirs' is '[.model,.permissions.deny,.z]' "$C" '["x",["WebFetch"],100]'
check 'their bytes' grep -qF $'\t"permissions":{"deny":["WebFetch"],' "$C"
printf '# of the department\nallowed_sandbox_modes = ["danger-full-access"] # all\n[mcp_servers.x]\ncommand = "y"\n' >"$R/etc/codex/requirements.toml"
printf '{\n  // why\n  "telemetry": {"enabled": true, "target": "local"},\n}\n' >"$R/etc/gemini-cli/settings.json"
run once codex gemini-cli
check 'TOML: ours' grep -qx 'allowed_sandbox_modes = \["read-only", "workspace-write"\] # all' "$R/etc/codex/requirements.toml"
check 'TOML: theirs' grep -qx 'command = "y"' "$R/etc/codex/requirements.toml"
check 'TOML: in its table' python3 -c '
import sys
try:
    import tomllib
except ImportError:
    sys.exit(0)
r = tomllib.load(open(sys.argv[1], "rb"))
assert r["allowed_approval_policies"] == ["untrusted", "on-request"] and r["mcp_servers"]["x"] == {"command": "y"}, r' "$R/etc/codex/requirements.toml"
check 'comments stay' grep -qx '  // why' "$R/etc/gemini-cli/settings.json"
check 'among them ours' grep -qF '"telemetry": {"enabled": false, "target": "local"}' "$R/etc/gemini-cli/settings.json"

# ---- an administrator's own description
fresh
own=$work/own
mkdir -p "$own"
cat >"$own/claude-code.yaml" <<'YAML'
tools: [claude-code]
files:
  - path: /etc/claude-code/managed-settings.json
    format: json
    merged_over: /etc/claude-code/managed-settings.d
    keys:
      - {key: permissions.deny, include: [WebFetch, "Bash(curl *)"]}
      - {key: cleanupPeriodDays, value: 7}
YAML
mkdir -p "$R/etc/claude-code/managed-settings.d"
echo '{"permissions":{"deny":["WebSearch"]}}' >"$C"
run once claude-code
check 'includes' is .permissions.deny "$C" '["WebSearch","WebFetch","Bash(curl *)"]'
check 'a number' is .cleanupPeriodDays "$C" 7
check 'instead of the shipped' is .env "$C" null
echo '{"cleanupPeriodDays": 99}' >"$R/etc/claude-code/managed-settings.d/50-other.json"
run once claude-code
check 'merged over it' has 'differs: /etc/claude-code/managed-settings.d/50-other.json is merged over it: cleanupPeriodDays is 99, and has to be 7'
printf 'tools: [x]\nfiles:\n  - {path: /etc/../x, format: json, keys: [{key: a, value: 1}]}\n' >"$own/bad.yaml"
run once claude-code
check 'a bad description has a place' has 'bad.yaml:3:12'
rm "$own/bad.yaml"
printf 'tools: [codex]\nfiles:\n  - path: /etc/codex/managed_config.toml\n    format: toml\n    keys:\n      - {key: %s}\n' 'l, include: [1, b]' >"$own/codex.yaml"
mkdir -p "$R/etc/codex"
printf 'l = [10]\n' >"$R/etc/codex/managed_config.toml"
run once codex
check 'TOML: includes' [ "$(cat "$R/etc/codex/managed_config.toml")" = 'l = [10, 1, "b"]' ]
run once codex
check 'TOML: and holds' has 'managed_config.toml: holds'
sed -i 's/include: .*}/include: []}/' "$own/codex.yaml"
run once codex
check 'includes nothing' has 'codex.yaml:6:9: a key has either a "value", or a list of what it must "include"'
own=

# ---- in the place: links, folders, rights
fresh
mkdir -p "$R/etc/claude-code"
echo '{"a":1}' >"$work/outside/target"
ln -s "$work/outside/target" "$C"
run once claude-code
check 'a link is replaced' has 'put back: it is a link'
check 'its target is not' [ "$(cat "$work/outside/target")" = '{"a":1}' ]
check 'a file of its own' [ -f "$C" -a ! -L "$C" ]
check 'the link is kept' [ -L "$R"/etc/claude-code/managed-settings.json.kept-* ]
fresh
ln -s "$work/outside" "$R/etc/claude-code"
run once claude-code
check 'a folder that is a link is not followed' has 'cannot be written: a link'
check 'nothing outside' [ -z "$(ls "$work/outside")" ]
fresh
mkdir -p "$C/in/it"
run once claude-code
check 'a folder in the place' has 'put back: it is no regular file'
check 'the folder is kept' [ -d "$(echo "$C".kept-*)/in/it" ]
fresh
mkdir -p "$R/etc/claude-code"
mkfifo "$C"
run once claude-code
check 'a pipe in the place' [ -f "$C" ]
fresh
run once claude-code
chmod 0666 "$C"
inode=$(stat -c %i "$C")
run once claude-code
check 'others could write it' has 'put back: others can write it: owner '
check 'another inode' [ "$(stat -c %i "$C")" != "$inode" ]
chmod 0777 "$R/etc/claude-code"
run once claude-code
check 'its folder is closed' [ "$(stat -c %a "$R/etc/claude-code")" = 755 ]

# ---- what cannot be read is kept
fresh
mkdir -p "$R/etc/claude-code"
printf '{"model": "x",' >"$C"
run once claude-code
check 'broken' has 'put back: it is no JSON'
check 'kept' grep -qF '{"model": "x",' "$C".kept-*
check 'ours' is .permissions.disableBypassPermissionsMode "$C" '"disable"'
printf '// c\n{"model": "x",}' >"$C"
run once claude-code
check 'comments, where the tool reads none' has 'put back: it has comments'
check 'are taken out' is .model "$C" '"x"'
head -c 50000000 /dev/zero | tr '\0' ' ' >"$C"
run once claude-code
check 'a file of 50 MB' has 'put back: it is larger than a megabyte'
check 'is kept' [ "$(find "$R/etc/claude-code" -name '*.kept-*' -size +40M | wc -l)" = 1 ]
printf '{"a":%s1%s}' "$(printf '[%.0s' {1..5000})" "$(printf ']%.0s' {1..5000})" >"$C"
run once claude-code
check 'nested without end' has 'put back: it is no JSON'
printf 'x = {a = 1}\nanalytics = {enabled = true}\n' >"$work/toml"
mkdir -p "$R/etc/codex"
cp "$work/toml" "$R/etc/codex/managed_config.toml"
run once codex
check 'a key in an inline table' has 'put back: analytics.enabled stands in an inline table'
check 'that file is kept' cmp -s "$work/toml" "$(echo "$R"/etc/codex/managed_config.toml.kept-*)"

# ---- read only
if ((EUID == 0)); then
	fresh
	unshare -m sh -c 'mount -t tmpfs none "$1/etc" && mkdir "$1/etc/claude-code" && echo "{}" >"$1/etc/claude-code/managed-settings.json" &&
		mount -o remount,ro "$1/etc" && exec "$2" once "$1" "$3" claude-code codex' - "$R" "$D" "$none" >"$work/out" 2>&1
	check 'read only' has 'managed-settings.json: cannot be written: permissions.disableBypassPermissionsMode is not there'
	check 'says why' has 'Read-only file system'
fi

# ---- watched
fresh
mkfifo "$work/in"
"$D" watch "$R" "$none" claude-code codex <"$work/in" >"$work/out" 2>&1 &
watcher=$!
watched=$SECONDS
exec {to}>"$work/in"
holds() { is .permissions.disableBypassPermissionsMode "$C" '"disable"'; }
check 'watch: written' ends 5 has '/etc/claude-code/managed-settings.json: written'
sleep 0.3
begin=$(date +%s%N)
echo '{"permissions":{"disableBypassPermissionsMode":"enable"},"mine":1}' >"$C"
check 'watch: a change is put back' ends 5 holds
echo "put back after $((($(date +%s%N) - begin) / 1000000)) ms"
check 'watch: what is theirs stays' is .mine "$C" 1
check 'watch: it is told' ends 2 has 'put back: permissions.disableBypassPermissionsMode is "enable"'
rm "$C"
check 'watch: removed' ends 5 holds
rm -r "$R/etc/claude-code"
check 'watch: its folder removed' ends 5 holds
mv "$R/etc/claude-code" "$R/etc/other"
check 'watch: its folder renamed' ends 5 holds
# It would make the folder anew in between, and has only ten times a minute.
kill -STOP "$watcher"
rm -rf "$R/etc/claude-code" && ln -sT "$work/outside" "$R/etc/claude-code"
kill -CONT "$watcher"
check 'watch: a link in its place is told' ends 5 has 'cannot be written: a link'
check 'watch: nothing outside' [ -z "$(ls "$work/outside")" ]
rm "$R/etc/claude-code"
check 'watch: and gone again' ends 5 holds
chmod 666 "$C"
check 'watch: rights' ends 5 sh -c '[ "$(stat -c %a "$1")" = 644 ]' - "$C"
printf '{"mine": 2, ' >"$C"
sleep 0.1
printf '"permissions":{"disableBypassPermissionsMode":"disable"},"env":{"DISABLE_TELEMETRY":"1","DISABLE_ERROR_REPORTING":"1",
"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC":"1","DISABLE_AUTOUPDATER":"1"}}' >>"$C"
sleep 0.8
check 'watch: written in two pieces' is .mine "$C" 2
check 'watch: nothing was kept of it' [ -z "$(find "$R/etc/claude-code" -name '*.kept-*')" ]
printf '{"mine": 3, ' >"$C"
check 'watch: what stays broken is replaced' ends 5 holds
check 'watch: and kept' grep -qF '{"mine": 3, ' "$C".kept-*
# somebody who never stops
before=$(grep -c 'put back: p' "$work/out")
for _ in {1..60}; do
	echo '{"mine":4}' >"$C"
	sleep 0.1
done
sleep 0.3
check 'watch: a fight is bounded' [ "$(($(grep -c 'put back: p' "$work/out") - before))" -le 10 ]
((SECONDS - watched > 50)) || check 'watch: ten times a minute' [ "$(grep -cE 'managed-settings.json: (written|put back):' "$work/out")" = 10 ]
check 'watch: and told' has 'somebody writes it again and again'
echo ping >&"$to"
check 'watch: it lives' ends 2 has pong
kill "$watcher"
wait "$watcher" 2>/dev/null
watcher=
exec {to}>&-

((failed == 0)) && echo "$ok passed" || echo "$ok passed, $failed failed"
((failed == 0))
