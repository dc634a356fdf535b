#!/usr/bin/env bash
# check: timeout=120
# A hostile tool tries to get out of its trial, by everything that escape_tool.c knows; as the caller, and as an ordinary user.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=build/${BUILD:-release}
P=${POSTERN:-$build/postern}
[[ $P == /* ]] || P=$PWD/$P
make -s BUILD="${BUILD:-release}" "$build/integration/escape_tool" || exit 1
unshare -Urn true 2>/dev/null || { echo 'escape: user namespaces are not allowed here'; exit 77; }
python=/usr/bin/python3
[[ -x $python ]] || { echo "escape: there is no $python"; exit 77; }
work=$(mktemp -d)
service=
# shellcheck disable=SC2317 # the trap calls it
clean() {
	[[ $service ]] && kill "$service"
	rm -rf "$work"
}
trap clean EXIT
failed=0
secret=postern-test-$RANDOM$RANDOM$RANDOM
export POSTERN_TEST_SECRET=$secret
mkdir "$work/tool" "$work/home"
cp "$P" "$work/postern"
cp "$build/integration/escape_tool" "$work/tool/"
sed 's/^seconds:.*/seconds: 30/; s/^argv:.*/argv: []/' tests/integration/badtools/profile.yaml >"$work/profile.yaml"
echo "$secret" >"$work/home/file"
chmod -R a+rX "$work"
chmod a+rwx "$work/home"

# A service on every address of this machine, and one on an abstract socket.
coproc SERVICE { exec "$python" -c '
import socket, sys, threading
s = socket.create_server(("", 0), family=socket.AF_INET)
u = socket.socket(socket.AF_UNIX)
u.bind("\0" + sys.argv[1])
u.listen()
print(s.getsockname()[1], flush=True)
def serve(s):
    while True:
        c = s.accept()[0]
        c.sendall(sys.argv[1].encode())
        c.close()
threading.Thread(target=serve, args=(u,), daemon=True).start()
serve(s)' "$secret"; }
service=$SERVICE_PID
read -r port <&"${SERVICE[0]}"
host=$(hostname -I 2>/dev/null | cut -d' ' -f1)

# vet NAME COMMAND...
vet() {
	local name=$1 reason
	shift
	(cd "$work/home" && HOME=$work/home exec "$@" "$work/postern" vet --profile "$work/profile.yaml" --quick --conduct none --factors hostname --format json -- \
		"$work/tool/escape_tool" "file=$work/home/file" "secret=$secret" "port=$port" "abstract=$secret" "pid=$$" "host=${host:-192.0.2.1}" \
		>"$work/home/$name.json" 2>"$work/home/$name.err" </dev/null)
	reason=$(jq -r .reason "$work/home/$name.json")
	if [[ $reason =~ escape:\ ([0-9]+)\ attempts\ came\ to\ nothing,\ 0\ did\ not ]] && ((BASH_REMATCH[1] > 200)); then
		echo "$name: ${BASH_REMATCH[1]} attempts came to nothing"
	else
		failed=1
		echo "FAIL $name: $reason $(tail -n 1 "$work/home/$name.err")"
	fi
}

vet caller env
((EUID == 0)) && vet user setpriv --reuid=65534 --regid=65534 --clear-groups
exit $failed
