#!/usr/bin/env bash
# check: timeout=200
# Bundles and exceptions as an organisation and a machine use them: made, signed, fetched over HTTPS from servers that misbehave, dropped in a
# folder, killed half-way; what is in force stays in force. In a mount namespace with its own /etc/postern and /var/lib.
set -u
if [[ ${1:-} != inside ]]; then
	unshare -m true 2>/dev/null || { echo 'needs a mount namespace of its own (root)' && exit 77; }
	exec unshare -m "$BASH" "$0" inside
fi
cd "$(dirname "$0")/../.." || exit 2
. tests/lib/log.sh bundle
unset POSTERN_SHARE XDG_DATA_HOME
export HOME=$work/home XDG_CONFIG_HOME=$work/home/.config
umask 022
mkdir -p home etc served
mount --make-rprivate / && cp -a /etc/. etc/ 2>/dev/null
rm -rf etc/postern && mkdir -p etc/postern
if ! { mount --bind etc /etc && mount -t tmpfs none /var/lib && mkdir -p /var/lib/postern; }; then fail 'cannot make a machine of its own'; fi
checks=0

# policy CODE PATTERN ARG...: the exit code, and a pattern in what "postern policy" says
policy() {
	local want=$1 pattern=$2 said code
	shift 2
	said=$(timeout 60 "$P" policy "$@" 2>&1 </dev/null)
	code=$?
	[[ $code == "$want" ]] || fail "policy $*: code $code, not $want: $said"
	[[ $said == *$pattern* ]] || fail "policy $*: says \"$said\", not \"$pattern\""
	((++checks))
}
in_force() { # VERSION
	policy 0 "version   $1 of the bundle of example.com" bundle show
}

# The organisation: three keys, two of which must sign; and an administrator who may grant exceptions.
for k in a b c d admin; do
	"$P" log keygen --type log --name "example.com/$k" $k.key >$k.pub 2>/dev/null || fail 'keygen'
done
say() { # VERDICT: what the policy says of a tool
	mkdir -p folder/rules
	cat >folder/policy.yaml <<-END
		organisation: example.com
		version: 1
		tools:
		  default: permit
		  rules: [{tool: claude-code, verdict: $1}]
		  exceptions: {keys: ["$(cat admin.pub)"], max_days: 100}
	END
}
bundle() { # VERSION KEYS [OPTION...]: into VERSION.bundle
	local v=$1 keys=$2 k
	shift 2
	rm -f "$v.bundle"
	"$P" policy bundle make --version "$v" --expires 30d -o "$v.bundle" "$@" folder >/dev/null || fail "make $v"
	for k in $keys; do "$P" policy bundle sign -k "$k.key" "$v.bundle" >/dev/null || fail "sign $v"; done
}
# A folder that is closed to others hides no bundle where nobody trusts any; it is opened by the first one, and else is an error, not "none".
as_person() { # PATTERN: in what a person is told of a tool
	local said
	said=$(cd / && setpriv --reuid 12345 --regid 12345 --clear-groups env -u XDG_CONFIG_HOME HOME=/nowhere "$P" policy explain --tool claude-code 2>&1)
	[[ $said == *$1* ]] || fail "a person is told \"$said\", not \"$1\""
	((++checks))
}
chmod 700 /var/lib/postern
as_person 'permitted'
policy 0 '2 of 3 keys' bundle trust --organisation example.com --threshold 2 -o /etc/postern/trust a.pub b.pub c.pub
say permit
bundle 1 a
policy 1 'it has 1 of the 2 signatures' bundle install --ledger none 1.bundle
policy 1 'no bundle is in force' bundle show
policy 0 'permitted' explain --tool claude-code
policy 0 '2 signatures' bundle sign -k b.key 1.bundle
policy 0 'signed by example.com/a, example.com/b' bundle verify 1.bundle
policy 0 'in force from here on: version 1' bundle install --ledger "$work/L" 1.bundle
[[ $(stat -c %a /var/lib/postern) == 755 ]] || fail 'the store stays closed to others'
as_person 'permitted'
chmod 700 /var/lib/postern
as_person 'may not be read by this user'
chmod 755 /var/lib/postern
expect 0 'version 1 of the bundle of example.com is in force' show L
expect 0 '' verify L
in_force 1
say ban
bundle 2 'b c'
policy 0 'tighter  tools claude-code' bundle verify 2.bundle
policy 0 'permitted' explain --tool claude-code
policy 0 'in force from here on: version 2' bundle install --ledger none 2.bundle
policy 1 'current/policy.yaml:5 (organisation)' explain --tool claude-code
policy 1 'an older one is not taken' bundle install --ledger none 1.bundle
in_force 2
# Prints that are too many together with those that are shipped would leave the machine without any.
mkdir folder/prints
for i in {1..60}; do printf 'tool: t%d\ntitle: T\npublisher: P\npackages: ["npm:t%d"]\nneed: 1\n' "$i" "$i" >"folder/prints/t$i.yaml"; done
bundle 3 'b c'
policy 1 'more than 64 files of prints' bundle install --ledger none 3.bundle
rm -r folder/prints 3.bundle
in_force 2
policy 0 'still in force' bundle install --ledger none 2.bundle
# The one before, as a newer one.
policy 0 'version 3' bundle make --version 3 --expires 30d -o 3.bundle /var/lib/postern/bundle/previous/
for k in a c; do "$P" policy bundle sign -k $k.key 3.bundle >/dev/null; done
policy 0 'wider    tools claude-code' bundle verify 3.bundle
# Other places are no other machine.
policy 2 'cannot read the trust' bundle install --trust "$work/none" --ledger none 2.bundle
printf 'version: 1\n' >/etc/postern/bundle.yaml
policy 2 '/etc/postern/bundle.yaml:1:1' bundle fetch
printf 'url: http://policy.example.com/x\n' >/etc/postern/bundle.yaml
policy 2 'should begin with https://' bundle fetch
rm /etc/postern/bundle.yaml

# A folder.
mkdir /etc/postern/bundles.d
policy 0 'still in force: version 2' bundle fetch --ledger none
say gate
bundle 4 'a b'
bundle 5 'a'
cp 1.bundle 4.bundle 5.bundle /etc/postern/bundles.d/
: >/etc/postern/bundles.d/empty.bundle
ln -s /etc/passwd /etc/postern/bundles.d/link.bundle
mkfifo /etc/postern/bundles.d/fifo.bundle
policy 0 '1 of the 2 signatures' bundle fetch --ledger none
in_force 4
policy 1 '5.bundle is not taken: it has 1 of' bundle fetch --ledger none
rm /etc/postern/bundles.d/{5,empty,link,fifo}.bundle
policy 0 'still in force: version 4' bundle fetch --ledger none
chmod 0777 /etc/postern/bundles.d
policy 2 'may be written by others' bundle fetch --ledger none
rm -r /etc/postern/bundles.d

# HTTPS: a server with a certificate that is ours, and one with one that is nobody's.
for n in ours nobody; do
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $n.pem -out $n.crt -days 2 -subj '/CN=localhost' \
		-addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' 2>/dev/null || fail openssl
	python3 "$here/tests/integration/bundle_server.py" "$work/served" "$work/$n.port" $n.crt $n.pem 2>>server.err &
	pids+=($!) && disown
	wait_for test -s "$n.port" || fail "the server does not start: $(cat server.err)"
done
url=https://127.0.0.1:$(cat ours.port)
fetch() { # CODE PATTERN PATH [OPTION...]
	local code=$1 pattern=$2 path=$3
	shift 3
	policy "$code" "$pattern" bundle fetch --ledger none --ca "$work/ours.crt" --url "$url$path" "$@"
}
say permit
bundle 6 'a c'
cp 6.bundle served/good.bundle
policy 1 'certificate' bundle fetch --ledger none --url "$url/good.bundle"
policy 1 'certificate' bundle fetch --ledger none --ca "$work/ours.crt" --url "https://127.0.0.1:$(cat nobody.port)/good.bundle"
in_force 4
fetch 0 'in force from here on: version 6' /good.bundle
fetch 0 'still in force: version 6' /good.bundle
grep -q '^/good.bundle "' served/asked || fail 'the tag is not sent back'
# Another one at the same place.
bundle 7 'a c'
cp 7.bundle served/good.bundle
fetch 0 'in force from here on: version 7' /good.bundle
cp 6.bundle served/old.bundle
fetch 1 'an older one is not taken' /old.bundle
bundle 8 'd'
cp 8.bundle served/others.bundle
fetch 1 'it has 0 of the 2' /others.bundle
head -c 300 7.bundle >served/cut.bundle
fetch 1 'no bundle' /cut.bundle
bundle 8 'a b' --from 2020-01-01 --expires 2020-02-01
cp 8.bundle served/expired.bundle
fetch 1 'it has expired' /expired.bundle
bundle 9007199254740991 'a b'
cp 9007199254740991.bundle served/leap.bundle
fetch 1 'leaps ahead' /leap.bundle
say ban
bundle 7 'a b'
cp 7.bundle served/second.bundle
fetch 1 'has signed two' /second.bundle
while read -r path pattern; do
	fetch 1 "$pattern" "$path" --timeout 2
	in_force 7
done <<-END
	/garbage no bundle
	/page does not begin as one
	/empty it is empty
	/said-large larger than a bundle may be
	/endless cannot be fetched
	/slow cannot be fetched
	/silent cannot be fetched
	/cut cannot be fetched
	/to-file cannot be fetched
	/to-plain cannot be fetched
	/to-itself cannot be fetched
	/500 status 500
	/forbidden status 403
	/304 status 304
	/404 status 404
	/long-header no bundle
END
bundle 8 'b c'
cp 8.bundle served/good.bundle
fetch 0 'in force from here on: version 8' /to-good
fetch 1 'begins with https://' /x --url http://policy.example.com/x
fetch 1 'begins with https://' /x --url http://127.0.0.1.example.com/x
fetch 1 'begins with https://' /x --url http://127.0.0.1:1@example.com/x
fetch 1 'begins with https://' /x --url file:///etc/passwd
kill "${pids[0]}" && forget "${pids[0]}"
fetch 1 'cannot be fetched' /good.bundle
in_force 8

# Killed while it fetches: the process that speaks to the network goes with it.
python3 "$here/tests/integration/bundle_server.py" "$work/served" "$work/plain.port" 2>>server.err &
pids+=($!) && disown
wait_for test -s plain.port || fail 'no server'
plain=http://127.0.0.1:$(cat plain.port) && : >served/asked
"$P" policy bundle fetch --ledger none --url "$plain/slow" >/dev/null 2>&1 &
fetcher=$!
child_of() { child=$(cat "/proc/$fetcher/task/$fetcher/children" 2>/dev/null) && [[ $child ]]; }
wait_for child_of || fail 'nobody fetches'
child=${child// /}
seen() { grep -q '^/slow' served/asked; }
wait_for seen || fail 'it does not ask'
read -r _ uid _ < <(grep ^Uid: "/proc/$child/status")
[[ $uid == 65534 ]] || fail "what speaks to the network is user $uid"
[[ $(sed -n 's/^CapEff:\t//p' "/proc/$child/status") == 0000000000000000 ]] || fail 'it has capabilities'
# shellcheck disable=SC2012 # numbers
[[ $(ls "/proc/$child/fd" | sort -n | head -n 5 | tr '\n' ' ') == '0 1 2 3 4 ' ]] || fail "it holds $(ls -l "/proc/$child/fd")"
kill -KILL $fetcher
wait $fetcher 2>/dev/null
gone() { [[ ! -e /proc/$child || $(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$child/status") == Z ]]; }
wait_for gone || fail 'what speaks to the network outlives who asked'
in_force 8

# Killed while it installs, at any time: the old one or the new one is in force, and the new one can be had.
for i in {1..300}; do head -c 2000 /dev/zero | tr '\0' x >"folder/rules/$i.txt"; done
version=8
for i in {1..12}; do
	next=$((version + 1))
	bundle $next 'a b'
	"$P" policy bundle install --ledger none $next.bundle >/dev/null 2>&1 &
	pid=$!
	sleep "0.0$((i * 7 % 90 + 10))"
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
	got=$("$P" policy bundle show --format json | sed 's/.*"version":\([0-9]*\).*/\1/')
	[[ $got == "$version" || $got == "$next" ]] || fail "after a kill version $got is in force"
	policy 0 'in force' bundle install --ledger none $next.bundle
	in_force $next
	version=$next
done
(($(find /var/lib/postern/bundle -mindepth 1 -maxdepth 1 -type d | wc -l) <= 2)) || fail "left behind: $(ls -a /var/lib/postern/bundle)"
rm -r folder/rules

# A disk that is full.
mkdir full
mount -t tmpfs -o size=200k none full || fail 'no small disk'
policy 0 'in force from here on: version 1' bundle install --ledger none --trust /etc/postern/trust --store "$work/full/store" 1.bundle
policy 1 'No space left on device' bundle install --ledger none --trust /etc/postern/trust --store "$work/full/store" 9.bundle
policy 0 'version   1 of' bundle show --store "$work/full/store"
mount -o remount,size=8m full
policy 0 'in force from here on: version 9' bundle install --ledger none --trust /etc/postern/trust --store "$work/full/store" 9.bundle
umount full

# Two at once: one after the other.
bundle $((version + 1)) 'a b'
bundle $((version + 2)) 'a b'
for i in 1 2 1 2; do "$P" policy bundle install --ledger none $((version + i)).bundle >/dev/null 2>&1 & done
wait %% 2>/dev/null
installed() { "$P" policy bundle show | grep -q "version   $((version + 2)) "; }
wait_for installed || fail 'two at once'
version=$((version + 2))

# The other keys: version 2 of the trust, which the bundle carries.
mkdir -p folder/trust
policy 0 'version 2 of the trust' bundle trust --after /etc/postern/trust --threshold 2 -o folder/trust/2 c.pub d.pub
bundle 1 'c d' --trust 2
policy 1 'trust/2 is not signed' bundle install --ledger none 1.bundle
for k in a c d; do "$P" policy bundle sign -k $k.key folder/trust/2 >/dev/null || fail 'sign a trust'; done
bundle 1 'c d' --trust 2
policy 0 'in force from here on: version 1' bundle install --ledger none 1.bundle
bundle $((version + 1)) 'a b'
policy 1 'an older one is not taken' bundle install --ledger none $((version + 1)).bundle

# Data of a bundle comes before what is shipped.
printf 'dlp: {kinds: {our-own-token: block}}\n' >kinds.yaml
policy 0 'no rule of the search for secrets is called' check kinds.yaml
mkdir folder/rules
{ cat "$here/share/rules/secrets.yaml" && echo "- {name: our-own-token, what: ours, pattern: 'ourtoken-[a-z]{20}'}"; } >folder/rules/secrets.yaml
mkdir folder/profiles && echo 'name: [' >folder/profiles/bad.yaml
bundle 2 'c d' --trust 2
policy 1 'bad.yaml' bundle install --ledger none 2.bundle
rm -r folder/profiles
bundle 2 'c d' --trust 2
policy 0 'in force from here on: version 2' bundle install --ledger none 2.bundle
said=$("$P" policy check kinds.yaml 2>&1)
[[ $said != *'no rule of the search'* ]] || fail "the rules of the bundle are not found: $said"

# Exceptions.
policy 1 'banned' explain --tool claude-code --account alice
policy 2 'signed by no key' except --tool claude-code --account alice --until 9d --reason t1 --key a.key --ledger none
policy 2 'max_days' except --tool claude-code --account alice --until 101d --reason t1 --key admin.key --ledger none
policy 2 'would have ended already' except --tool claude-code --account alice --until 2020-01-01 --reason t1 --key admin.key
policy 0 'for alice' except --tool claude-code --version '>=2.1' --account alice --until 9d --reason 'ticket 123' --key admin.key --ledger "$work/L"
expect 0 'alice was granted an exception for claude-code' show L
policy 0 'ticket 123' explain --tool claude-code --tool-version 2.1.3 --account alice
policy 0 'in 9 days: exception' explain --tool claude-code --tool-version 2.1.3 --account alice
policy 1 'banned' explain --tool claude-code --tool-version 2.0 --account alice
policy 1 'banned' explain --tool claude-code --tool-version 2.1.3 --account bob
policy 0 'for bob' except --tool claude-code --account bob --gate --until "$(date -u +%FT%TZ -d '+5 seconds')" --reason 'short' --key admin.key --ledger none
policy 0 'only inside the gate' explain --tool claude-code --account bob
policy 0 'counts     claude-code >=2.1 for alice' exceptions
"$P" policy exceptions --format json | jq -e 'length == 2 and (map(.state) | unique) == ["counts"] and any(.days_left >= 8)' >/dev/null || fail 'exceptions as JSON'
ended() { "$P" policy exceptions | grep -q 'ended'; }
wait_for ended || fail 'it does not end'
policy 1 'banned' explain --tool claude-code --account bob
# A clock that was ahead and is turned back prolongs nothing.
sed -i "s/^clock .*/clock $(date -u +%FT%TZ -d '+20 days')/" /var/lib/postern/bundle/state
policy 1 'banned' explain --tool claude-code --tool-version 2.1.3 --account alice
policy 0 'ended      claude-code >=2.1 for alice' exceptions
policy 0 '' bundle forget-time --ledger none
policy 0 'ticket 123' explain --tool claude-code --tool-version 2.1.3 --account alice
# One that comes with a bundle; and the organisation takes one back.
id=$("$P" policy exceptions --format json | jq -r '.[] | select(.account == "alice").id')
mkdir folder/exceptions
mv "/etc/postern/exceptions/$id.note" folder/exceptions/
policy 1 'banned' explain --tool claude-code --tool-version 2.1.3 --account alice
bundle 3 'c d' --trust 2
policy 0 'version 3' bundle install --ledger none 3.bundle
policy 0 'ticket 123' explain --tool claude-code --tool-version 2.1.3 --account alice
sed -i "s/max_days: 100/max_days: 100, revoked: [$id]/" folder/policy.yaml
bundle 4 'c d' --trust 2
policy 0 'version 4' bundle install --ledger none 4.bundle
policy 1 'banned' explain --tool claude-code --tool-version 2.1.3 --account alice
policy 0 'the organisation has revoked it' exceptions

# A contained run takes another bundle as it takes another policy; one that is damaged changes nothing for it.
mkdir -p project
if (cd project && timeout 60 "$P" run -- true) >run.out 2>&1; then
	(cd project && exec timeout 90 "$P" run -- sh -c 'while ! [ -e stop ]; do sleep 0.2; done') >run.out 2>&1 &
	run=$!
	pids+=("$run")
	printf 'network: [{host: a.example.com}]\n' >>folder/policy.yaml
	bundle 5 'c d' --trust 2
	sleep 2
	policy 0 'version 5' bundle install --ledger none 5.bundle
	told() { grep -q "$1" run.out; }
	wait_for told 'the policy has changed, and holds from here on' || fail "a run does not see the new bundle: $(cat run.out)"
	echo >>/var/lib/postern/bundle/current/policy.yaml
	wait_for told 'the old one holds on.*is not what was signed' || fail "a run does not see the damage: $(cat run.out)"
	: >project/stop
	kill "$run" 2>/dev/null
	forget "$run"
else
	echo "bundle: no contained run here, so none beside a new bundle: $(tail -n 1 run.out)"
fi

# It expires: with a warning, or closed.
bundle 6 'c d' --trust 2 --expires "$(date -u +%FT%TZ -d '+2 seconds')"
policy 0 'version 6' bundle install --ledger none 6.bundle
expired() { "$P" policy bundle show | grep -q 'it has expired, and stays in force'; }
wait_for expired || fail 'it does not expire'
policy 1 'stays in force until there is a newer one' explain --tool claude-code
policy 0 'permitted' explain --tool codex
echo 'on_expiry: closed' >/etc/postern/bundle.yaml
policy 2 'no AI tool may run here until there is a newer one' explain --tool codex
policy 0 'no AI tool may run' bundle show
bundle 7 'c d' --trust 2
policy 0 'version 7' bundle install --ledger none 7.bundle
policy 0 'permitted' explain --tool codex

# Damage is told, and no policy holds in place of another; the same bundle mends it.
echo >>/var/lib/postern/bundle/current/policy.yaml
policy 2 'is not what was signed' explain --tool codex
rm /var/lib/postern/bundle/current
policy 2 'install it again' explain --tool codex
policy 0 'version 7' bundle install --ledger none 7.bundle
policy 0 'permitted' explain --tool codex
echo "bundle: $checks passed"
