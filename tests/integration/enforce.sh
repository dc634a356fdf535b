#!/usr/bin/env bash
# check: alone timeout=400
# `postern enforce` on file systems of its own, in a mount and PID namespace of its own: every way around it that is known, each beside the
# same way with a program that is no tool; faults; and a few services that must come up under it.
# shellcheck disable=SC2317,SC2016,SC2015 # the parts are called by their names; what is in single quotes is for the shell inside
set -u
if [[ ${1:-} != inside ]]; then
	cd "$(dirname "$0")/../.." || exit 2
	((EUID == 0)) || { echo 'enforce: only root can be asked by the kernel'; exit 77; }
	make -s BUILD="${BUILD:-release}" all "build/${BUILD:-release}/integration/enforce_ways" || exit 1
	unshare -m true 2>/dev/null || { echo 'enforce: mount namespaces are not allowed here'; exit 77; }
	exec timeout -k 5 390 unshare -m -p -f --mount-proc bash "$0" inside "$PWD"
fi
cd "$2" || exit 2
build=$PWD/build/${BUILD:-release}
mount --make-rprivate / || exit 2
top=$(mktemp -d) || exit 2
readonly top build
mount -t tmpfs -o mode=755 enforce "$top" || exit 2
chmod 755 "$top"
# What was seen of policies, and the lock, are this test's.
mkdir -p /var/lib/postern && mount -t tmpfs enforce /var/lib/postern || exit 2
fs=$top/fs
mkdir -p "$fs" "$top/prints" "$top/out" "$top/bin"
cp "$build/postern" "$build/integration/enforce_ways" "$top/bin/" || exit 2
P=$top/bin/postern W=$top/bin/enforce_ways
export LC_ALL=C.UTF-8 POSTERN_SHARE=$PWD/share
passed=0 failed=0 enforcer=
good() { passed=$((passed + 1)); }
bad() {
	failed=$((failed + 1))
	echo "FAIL $*"
}
# shellcheck disable=SC2317 # the trap calls it
clean() {
	[[ ! $enforcer ]] || kill -KILL "$enforcer" 2>/dev/null
	umount -R "$fs" 2>/dev/null
	rm -rf -- "${top:?}"/* 2>/dev/null
	cd / && umount -l "$top" && rmdir "$top"
}
trap clean EXIT

# ---- tools that nobody ships, as JavaScript, Python and native programs; and a program that is none
python3 - "$top/made" <<'END' || exit 2
import os, random, sys
words = "amber quill lantern harbour thistle copper meadow orchard tundra velvet saffron glacier marble juniper falcon".split()
def make(top, name, version, seed):
    r = random.Random(seed)
    texts = [f"{name} {' '.join(r.choice(words) for _ in range(4))} {i} refused by the {r.choice(words)} warden" for i in range(60)]
    d = f"{top}/{name}-{version}"
    os.makedirs(d + "/package/lib")
    open(d + "/package/package.json", "w").write('{"name":"@%s/cli","version":"%s","bin":{"%s":"cli.js"}}\n' % (name, version, name))
    lines = ",\n".join('"%s"' % t for t in texts)
    open(d + "/package/cli.js", "w").write('#!/usr/bin/env node\nconst VERSION="%s"; // %s\nconst m=[\n%s];\nrequire("fs").writeSync(1,"worked\\n");\n' % (version, name, lines))
    open(d + "/package/lib/part.js", "w").write('require("fs").writeSync(1,"worked\\n");\n')
    open(d + "/tool.py", "w").write('#!/usr/bin/python3\nVERSION="%s" # %s\nm=[\n%s]\nprint("worked")\n' % (version, name, lines))
    open(d + "/main.c", "w").write('#include <stdio.h>\n#include <unistd.h>\nconst char version[]="%s/%s";\nstatic const char *const m[]={\n%s};\n'
        'int main(int c,char**v){if(c>1)usleep(400000);(void)v;puts("worked");return c>99?puts(m[c%%60]):%d;}\n' % (name, version, lines, 42 if name == "badtool" else 0))
    os.chmod(d + "/package/cli.js", 0o755); os.chmod(d + "/tool.py", 0o755)
    assert os.system(f"gcc -O1 -o {d}/tool {d}/main.c") == 0
for v in ("1.0.0", "1.2.0", "1.3.1", "3.0.0"):
    make(sys.argv[1], "badtool", v, 7)
    make(sys.argv[1], "goodtool", v, 8)
os.makedirs(sys.argv[1] + "/plain/package/lib")
p = sys.argv[1] + "/plain"
open(p + "/package/package.json", "w").write('{"name":"plain","version":"1.0.0"}\n')
for f in ("/package/cli.js", "/package/lib/part.js"):
    open(p + f, "w").write('#!/usr/bin/env node\nrequire("fs").writeSync(1,"worked\\n");\n')
open(p + "/tool.py", "w").write('#!/usr/bin/python3\nprint("worked")\n')
os.chmod(p + "/package/cli.js", 0o755); os.chmod(p + "/tool.py", 0o755)
open(p + "/main.c", "w").write('#include <stdio.h>\n#include <unistd.h>\nint main(int c,char**v){if(c>1)usleep(400000);(void)v;puts("worked");return 0;}\n')
assert os.system(f"gcc -O1 -o {p}/tool {p}/main.c && gcc -O1 -static -o {p}/static {p}/main.c") == 0
END
for t in badtool goodtool; do
	"$P" identify --learn --tool $t --title "The $t" --publisher "Maker of $t" --package "npm:@$t/cli" --word $t -o "$top/prints/$t.yaml" \
		"$top/made/$t-1.0.0/package" "$top/made/$t-1.2.0/package" "$top/made/$t-1.3.1/package" 2>"$top/out/learn" || { cat "$top/out/learn"; exit 1; }
done

policy() { # VERSION RULE...
	printf 'organisation: example\nname: test\nversion: %s\ntools:\n  default: permit\n  rules:\n' "$1" >"$top/policy.new"
	printf '    - {%s}\n' "${@:2}" >>"$top/policy.new"
	mv "$top/policy.new" "$top/policy.yaml"
}
policy 1 'tool: badtool, verdict: ban, reason: our contract forbids it'

begin() { # OPTION...
	: >"$top/out/log"
	"$P" enforce --policy "$top/policy.yaml" --prints "$top/prints" --filesystem "$fs" --ledger "$top/ledger" --run "$top/run" "$@" >>"$top/out/log" 2>&1 &
	enforcer=$!
	wait_for 'enforcement begins\|monitoring begins' || { cat "$top/out/log"; exit 1; }
}
wait_for() { # PATTERN: in the log
	local i
	for ((i = 0; i < 200; i++)); do
		grep -q -- "$1" "$top/out/log" && return 0
		sleep 0.05
	done
	return 1
}
end() {
	kill -TERM "$enforcer" && wait "$enforcer" || bad "the end: $?: $(tail -3 "$top/out/log")"
	enforcer=
}
daemon() { pgrep -P "$1" -f 'postern enforce' | head -1; }

# Each as root and as somebody else: "worked" must not be said, and must be with what is no tool.
person=(setpriv --reuid 12345 --regid 12345 --clear-groups env HOME=/nowhere)
say() { out=$(timeout 20 "$@" 2>&1); code=$?; }
held() { # WHAT COMMAND...
	say "${@:2}"
	[[ $out != *worked* && $code -ne 0 ]] && good || bad "$1 is not held: code $code: $out"
}
works() { # WHAT COMMAND...
	say "${@:2}"
	[[ $out == *worked* ]] && good || bad "$1 does not work: code $code: $(tail -c 300 <<<"$out")"
}
both() { # WHAT COMMAND..., where @ is a folder: of the tool, then of what is none
	local each
	for each in bad:"$bad_dir" none:"$none_dir"; do
		if [[ $each == bad:* ]]; then
			held "$1" "${@:2}" "${each#*:}"
			held "$1, for a person" "${person[@]}" "${@:2}" "${each#*:}"
		else
			works "$1, what is no tool" "${@:2}" "${each#*:}"
			works "$1, what is no tool, for a person" "${person[@]}" "${@:2}" "${each#*:}"
		fi
	done
}
bad_dir=$fs/made/badtool-1.2.0 none_dir=$fs/made/plain

fill() {
	cp -r "$top/made" "$fs/"
	cp -L /bin/sh "$fs/sh"
	mkdir -p "$fs/tmp" "$fs/mnt" && chmod 1777 "$fs/tmp" && chmod 777 "$fs/mnt"
}

# ---- the ways
ways() {
	local s=${1:-}
	both "$s execution" sh -c '"$0/tool"'
	both "$s script" sh -c '"$0/package/cli.js"'
	both "$s node FILE" sh -c 'node "$0/package/cli.js"'
	both "$s node, a part of its package" sh -c 'node "$0/package/lib/part.js"'
	both "$s node, required" sh -c 'node -e "require(process.argv[1])" "$0/package/cli.js"'
	both "$s node, imported" sh -c 'node --import "$0/package/cli.js" -e 0'
	both "$s python FILE" sh -c '/usr/bin/python3 "$0/tool.py"'
	both "$s python, by exec()" sh -c '/usr/bin/python3 -c "import sys; exec(open(sys.argv[1]).read())" "$0/tool.py"'
	both "$s the loader" sh -c '/lib64/ld-linux-x86-64.so.2 "$0/tool"'
	both "$s O_PATH and execveat" sh -c "$W"' opath "$0/tool"'
	both "$s a descriptor and execveat" sh -c "$W"' descriptor "$0/tool"'
	both "$s /proc/self/fd" sh -c 'exec 5<"$0/tool"; /proc/self/fd/5'
	both "$s a user and mount namespace" sh -c 'unshare -Urm "$0/tool"'
	both "$s a tmpfs in a user and mount namespace" \
		sh -c 'unshare -Urm sh -c "mount -t tmpfs x '"$fs/mnt"' && cat $0/tool >'"$fs/mnt"'/x && chmod 755 '"$fs/mnt"'/x && sleep 0.1 && '"$fs/mnt"'/x slow"'
	both "$s a script in a tmpfs in a user and mount namespace" \
		sh -c 'unshare -Urm sh -c "mount -t tmpfs x '"$fs/mnt"' && cat $0/package/cli.js >'"$fs/mnt"'/x && node '"$fs/mnt"'/x"'
	both "$s a bind mount" sh -c 'unshare -Urm sh -c "mount --bind $0 '"$fs/mnt"' && '"$fs/mnt"'/tool"'
	both "$s a symbolic link" sh -c 't=$(mktemp -u -p '"$fs/tmp"'); ln -s "$0/tool" "$t"; "$t"; c=$?; rm -f "$t"; exit $c'
	both "$s a renamed copy" sh -c 't=$(mktemp -p '"$fs/tmp"'); cat "$0/tool" >"$t" || exit 1; chmod 755 "$t"; "$t"; c=$?; rm -f "$t"; exit $c'
	both "$s a renamed copy of a script" sh -c 't=$(mktemp -p '"$fs/tmp"'); cat "$0/package/cli.js" >"$t" || exit 1; node "$t"; c=$?; rm -f "$t"; exit $c'
	both "$s a copy with something appended" \
		sh -c 't=$(mktemp -p '"$fs/tmp"'); { cat "$0/tool" || exit 1; head -c 99999 /dev/zero; } >"$t" || exit 1; chmod 755 "$t"; "$t"; c=$?; rm -f "$t"; exit $c'
	both "$s a stripped copy" sh -c 't=$(mktemp -p '"$fs/tmp"'); cat "$0/tool" >"$t" || exit 1; strip "$t"; chmod 755 "$t"; "$t"; c=$?; rm -f "$t"; exit $c'
	both "$s a copied node under another name" sh -c '"'"$fs/xnode"'" "$0/package/cli.js"'
	both "$s a copied loader under another name" sh -c '"'"$fs/xld"'" "$0/tool"'
	both "$s a file in memory" sh -c "$W"' memfd "$0/tool" slow'
	both "$s a file system that is nowhere" sh -c 'unshare -Urm '"$W"' detached "$0/tool" slow'
	both "$s a new root" sh -c 'unshare -Ur chroot '"$fs/root"' "/made/$(basename "$0")/static" slow'
	# A hard link is root's to make: the kernel lets a person link only what is theirs (fs.protected_hardlinks).
	ln -f "$bad_dir/tool" "$fs/linked" && held "$s a hard link" "$fs/linked"
	ln -f "$none_dir/tool" "$fs/linked2" && works "$s a hard link, what is no tool" "$fs/linked2"
	mv "$bad_dir/tool" "$bad_dir/other" && held "$s a new name" "$bad_dir/other"
	mv "$bad_dir/other" "$bad_dir/tool"
}

overlay() {
	mkdir -p "$fs/up/u" "$fs/up/w" "$fs/over"
	mount -t overlay -o "lowerdir=$fs/made,upperdir=$fs/up/u,workdir=$fs/up/w" overlay "$fs/over" 2>/dev/null ||
		{ echo '(overlays over this are not possible here)'; return; }
	sleep 0.3
	held 'an overlay' "$fs/over/badtool-1.2.0/tool"
	works 'an overlay, what is no tool' "$fs/over/plain/tool"
	held 'a script in an overlay' node "$fs/over/badtool-1.2.0/package/cli.js"
	works 'a script in an overlay, what is no tool' node "$fs/over/plain/package/cli.js"
	umount "$fs/over"
}

# What is read may not be what runs.
changes() {
	local t=$fs/tmp/changing big n
	big=$(stat -c %s "$bad_dir/tool")
	n=$(stat -c %s "$none_dir/tool")
	for who in root person; do
		local as=()
		[[ $who == root ]] || as=("${person[@]}")
		rm -f "$t"
		"${as[@]}" sh -c "cat '$none_dir/tool' >'$t'; head -c $((big > n ? big - n : 0)) /dev/zero >>'$t'; chmod 755 '$t'"
		say "${as[@]}" "$W" map-write "$t" "$bad_dir/tool"
		if [[ $who == person ]]; then
			[[ $code == 13 ]] && good || bad "written through a mapping ($who): code $code: $out"
		fi
		rm -f "$t"
		# In place, with write(2), after it has run.
		"${as[@]}" sh -c "cat '$none_dir/tool' >'$t'; chmod 755 '$t'; '$t'; '$t'" >/dev/null
		"$W" descriptor "$t" >/dev/null 2>&1
		cat "$bad_dir/tool" >"$t"
		held "overwritten after it ran ($who)" "${as[@]}" "$t"
		rm -f "$t"
		cp "$none_dir/package/cli.js" "$t" && chmod 755 "$t" && node "$t" >/dev/null
		cat "$bad_dir/package/cli.js" >"$t"
		held "a script, overwritten after it ran ($who)" "${as[@]}" node "$t"
	done
	rm -f "$t"
	say "${person[@]}" "$W" swap "$none_dir/tool" "$bad_dir/tool" "$t" 40
	[[ $code == 0 ]] && good || bad "exchanged while it is run: $out"
}

reading() {
	say "${person[@]}" "$W" map "$bad_dir/tool"
	[[ $code == 13 ]] && good || bad "a person may map a banned program: code $code: $out"
	say "${person[@]}" "$W" map "$none_dir/tool"
	[[ $code == 0 ]] && good || bad "a person may not map a program: code $code: $out"
	say "$W" map "$bad_dir/tool"
	[[ $code == 0 ]] && good || bad "root may not read a banned program: code $code: $out"
	say "${person[@]}" cat "$bad_dir/package/cli.js"
	[[ $code == 0 ]] && good || bad "a person may not read a banned script: code $code"
	say "$W" check "$bad_dir/tool"
	[[ $code == 13 || $code == 77 ]] && good || bad "AT_EXECVE_CHECK: code $code: $out"
	# To list what is installed is not to run it.
	say node -e 'console.log(JSON.parse(require("fs").readFileSync(process.argv[1])).name)' "$bad_dir/package/package.json"
	[[ $out == @badtool/cli ]] && good || bad "its manifest cannot be read: $out"
}

other_filesystems() {
	[[ -c /dev/fuse ]] || { echo '(there is no FUSE here)'; return; }
	mkdir -p "$fs/fuse"
	local what
	for what in "$none_dir" "$bad_dir"; do
		"$W" fuse "$fs/fuse" "$what/tool" &
		local server=$! i
		for ((i = 0; i < 50; i++)); do mountpoint -q "$fs/fuse" && break; sleep 0.05; done
		sleep 0.4
		if [[ $1 == deny || $what == "$bad_dir" ]]; then
			held "a FUSE file system, $1" "$fs/fuse/tool"
		else
			works "a FUSE file system, $1" "$fs/fuse/tool"
		fi
		umount "$fs/fuse"
		wait "$server" 2>/dev/null
	done
}

# One that a person mounts as people do: root may not even look at it.
own_filesystem() {
	[[ -c /dev/fuse ]] || return
	"$W" fuse "$fs/fuse" "$none_dir/tool" own &
	local server=$! i
	for ((i = 0; i < 50; i++)); do mountpoint -q "$fs/fuse" && break; sleep 0.05; done
	sleep 0.4
	held "a person's own FUSE file system, $1" "${person[@]}" "$fs/fuse/tool" slow
	umount "$fs/fuse"
	wait $server 2>/dev/null
}

# To hand over a file the kernel opens it, and who serves it may do what they like.
unkind_servers() {
	[[ -c /dev/fuse ]] || return
	local how d
	for how in fails silent; do
		d=$(daemon "$enforcer")
		"$W" fuse "$fs/fuse" "$none_dir/tool" $how &
		local server=$! i
		for ((i = 0; i < 50; i++)); do mountpoint -q "$fs/fuse" && break; sleep 0.05; done
		sleep 0.4
		timeout 5 "$fs/fuse/tool" >/dev/null 2>&1 &
		local one=$!
		sleep 0.3
		say timeout 2 "$none_dir/tool"
		[[ $out == worked && $(daemon "$enforcer") == "$d" ]] && good || bad "a server that $how stops who answers: code $code: $out"
		kill -KILL $server
		wait $server $one 2>/dev/null
		umount -l "$fs/fuse"
	done
}

# Ways that are not held are in the man page, by these words.
not_covered() {
	local word
	for word in 'standard input' 'Fl e' 'root' 'FUSE' 'SIGKILL' 'memory'; do
		grep -q -- "$word" man/postern-enforce.1 && good || bad "the man page does not say: $word"
	done
}

rules() {
	policy 3 'tool: badtool, versions: "<1.3", verdict: ban' 'tool: badtool, accounts: [12345], verdict: ban' \
		'tool: goodtool, verdict: gate' 'tool: badtool, lineage: goodtool, verdict: ban'
	kill -HUP "$enforcer" && wait_for 'another policy is in force' || bad 'a new policy is not taken'
	held 'a version that is banned' node "$fs/made/badtool-1.2.0/package/cli.js"
	works 'a version that is not' node "$fs/made/badtool-3.0.0/package/cli.js"
	held 'a version that is not, for an account that is banned' "${person[@]}" node "$fs/made/badtool-3.0.0/package/cli.js"
	held 'a tool that may run in a gate only' "$fs/made/goodtool-1.2.0/tool"
	# A policy with a mistake, or an older one, changes nothing.
	echo 'tools: {default: [' >"$top/policy.yaml"
	kill -HUP "$enforcer" && wait_for 'the policy in force stays as it was' || bad 'a broken policy is not told of'
	held 'a version that is banned, with a broken policy' node "$fs/made/badtool-1.2.0/package/cli.js"
	policy 2 'tool: nothing, verdict: permit'
	: >"$top/out/log"
	kill -HUP "$enforcer" && wait_for 'the policy in force stays as it was' || bad 'an older policy is not told of'
	held 'a version that is banned, with an older policy' node "$fs/made/badtool-1.2.0/package/cli.js"
	policy 4 'tool: badtool, lineage: goodtool, verdict: ban'
	: >"$top/out/log"
	kill -HUP "$enforcer" && wait_for 'another policy is in force' || bad 'a new policy is not taken'
	works 'a tool that no other has started' node "$fs/made/badtool-3.0.0/package/cli.js"
	cat "$fs/made/goodtool-1.2.0/package/cli.js" - >"$fs/tmp/starter.js" <<-END
		try { require("child_process").execFileSync(process.execPath, ["$fs/made/badtool-3.0.0/package/cli.js"], {stdio: "inherit"}); } catch (e) { process.exit(7); }
	END
	say node "$fs/tmp/starter.js"
	[[ $code == 7 && $(grep -c worked <<<"$out") == 1 ]] && good || bad "below another tool: code $code: $out"
	policy 5 'tool: badtool, verdict: ban, reason: our contract forbids it'
	: >"$top/out/log"
	kill -HUP "$enforcer" && wait_for 'another policy is in force' || bad 'a new policy is not taken'
}

# Inside a gate is who a supervisor of ours holds there, and nobody else.
gates() {
	local run=("$P" run --ledger none --ro "$fs" --) tool=$fs/made/goodtool-1.2.0
	policy 6 'tool: goodtool, verdict: gate' 'tool: badtool, verdict: ban'
	: >"$top/out/log"
	kill -HUP "$enforcer" && wait_for 'another policy is in force' || bad 'a new policy is not taken'
	held 'outside of a gate' "$tool/tool"
	works 'inside a gate' "${run[@]}" "$tool/tool"
	works 'a script inside a gate' "${run[@]}" node "$tool/package/cli.js"
	held 'a banned tool inside a gate' "${run[@]}" "$bad_dir/tool"
	held 'in namespaces of its own' unshare -Urmpnf setpriv --no-new-privs "$tool/tool"
	echo 'int forged(void) { return 1; }' | gcc -shared -fPIC -xc -o "$fs/tmp/forged.so" - && chown 12345 "$fs/tmp/forged.so"
	held 'a gate with a library put before its own' env LD_PRELOAD="$fs/tmp/forged.so" "${run[@]}" "$tool/tool"
	cp "$P" "$fs/tmp/postern" && chown 12345 "$fs/tmp/postern"
	held 'a gate of a copy of this program' "$fs/tmp/postern" run --ledger none --ro "$fs" -- "$tool/tool"
	policy 7 'tool: badtool, verdict: ban, reason: our contract forbids it'
	: >"$top/out/log"
	kill -HUP "$enforcer" && wait_for 'another policy is in force' || bad 'a new policy is not taken'
}

# An exception holds for whom it names, from when it is granted until it ends; nobody need tell the daemon.
exceptions() {
	local i
	"$P" log keygen --type log --name example/admin "$top/admin.key" >"$top/admin.pub" 2>/dev/null || bad 'no key'
	policy 8 'tool: badtool, verdict: ban, reason: our contract forbids it'
	printf '  exceptions: {keys: ["%s"], max_days: 10}\n' "$(cat "$top/admin.pub")" >>"$top/policy.yaml"
	: >"$top/out/log"
	kill -HUP "$enforcer" && wait_for 'another policy is in force' || bad 'a policy with exceptions is not taken'
	held 'a person before an exception' "${person[@]}" "$bad_dir/tool"
	: >"$top/out/log"
	"$P" policy except --organisation "$top/policy.yaml" --tool badtool --account 12345 --until "$(date -u +%FT%TZ -d '+6 seconds')" --reason 'a trial' \
		--key "$top/admin.key" --ledger none >"$top/out/except" 2>&1 || bad "no exception: $(cat "$top/out/except")"
	for ((i = 0; i < 30; i++)); do
		say "${person[@]}" "$bad_dir/tool"
		[[ $out == *worked* ]] && break
		sleep 0.1
	done
	[[ $out == *worked* ]] && good || bad "the exception does not count: $out"
	works 'the script, by the exception' "${person[@]}" node "$bad_dir/package/cli.js"
	held 'root, who has no exception' "$bad_dir/tool"
	for ((i = 0; i < 100; i++)); do
		say "${person[@]}" "$bad_dir/tool"
		[[ $out != *worked* ]] && break
		sleep 0.1
	done
	[[ $out != *worked* ]] && good || bad 'the exception does not end'
	held 'the script, after the exception' "${person[@]}" node "$bad_dir/package/cli.js"
	policy 9 'tool: badtool, verdict: ban, reason: our contract forbids it'
	: >"$top/out/log"
	kill -HUP "$enforcer" && wait_for 'another policy is in force' || bad 'a new policy is not taken'
}

# Without --policy: that of the bundle in force, and of the next one as soon as that is; a bundle that is not taken changes nothing.
bundles() {
	local v folder=$top/folder
	end
	cp -a /etc "$top/etc" 2>/dev/null
	rm -rf "$top/etc/postern" && mkdir -p "$top/etc/postern" "$folder"
	mount --bind "$top/etc" /etc || { bad 'no /etc of our own'; begin; return; }
	"$P" log keygen --type log --name example/a "$top/a.key" >"$top/a.pub" 2>/dev/null
	"$P" policy bundle trust --organisation example --threshold 1 -o /etc/postern/trust "$top/a.pub" >/dev/null || bad 'no trust'
	make_bundle() { # VERSION VERDICT
		printf 'organisation: example\nversion: %s\ntools:\n  default: permit\n  rules: [{tool: badtool, verdict: %s}]\n' "$1" "$2" >"$folder/policy.yaml"
		"$P" policy bundle make --version "$1" --expires 3d -o "$top/$1.bundle" "$folder" >/dev/null && "$P" policy bundle sign -k "$top/a.key" "$top/$1.bundle" >/dev/null
	}
	make_bundle 1 permit && make_bundle 2 ban || bad 'no bundles'
	"$P" policy bundle install --ledger none "$top/1.bundle" >/dev/null || bad 'the first bundle is not taken'
	: >"$top/out/log"
	"$P" enforce --prints "$top/prints" --filesystem "$fs" --ledger none --run "$top/run" >>"$top/out/log" 2>&1 &
	enforcer=$!
	wait_for 'enforcement begins' || bad "the policy of a bundle is not taken: $(cat "$top/out/log")"
	works 'what the bundle permits' "$bad_dir/tool"
	"$P" policy bundle install --ledger none "$top/2.bundle" >/dev/null || bad 'the second bundle is not taken'
	wait_for 'another policy is in force' && good || bad 'the second bundle is not noticed'
	held 'what the next bundle bans' "$bad_dir/tool"
	for v in "$top/1.bundle" /dev/null "$top/a.pub"; do
		"$P" policy bundle install --ledger none "$v" >/dev/null 2>&1 && bad "$v was taken"
	done
	sleep 1.2
	held 'what it bans, after bundles that were not taken' "$bad_dir/tool"
	end
	umount /etc || umount -l /etc
	begin
}

terminal() {
	# By the person's own terminal, with the rule.
	out=$(script -qec "\"$bad_dir/tool\"; sleep 0.5" /dev/null </dev/null 2>&1)
	[[ $out == *'postern: The badtool'*'our contract forbids it'* && $out == *policy.yaml:* ]] && good || bad "nothing is said on the terminal: $out"
}

desktop() {
	local uid=65534 bus i seen=$top/out/notice
	# A bus wants an account that the system knows.
	local nobody=(setpriv --reuid "$uid" --regid "$uid" --clear-groups env HOME=/nowhere)
	mkdir -p /run/user && mount -t tmpfs -o mode=755 enforce /run/user && install -d -o $uid -m 700 /run/user/$uid || return
	"${nobody[@]}" dbus-daemon --session --address=unix:path=/run/user/$uid/bus --nofork --nopidfile 2>/dev/null & bus=$!
	for ((i = 0; i < 50; i++)); do [[ -S /run/user/$uid/bus ]] && break; sleep 0.1; done
	"${nobody[@]}" env DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/$uid/bus timeout 20 dbus-monitor --session "interface='org.freedesktop.Notifications'" >"$seen" & local monitor=$!
	sleep 0.5
	"${nobody[@]}" "$bad_dir/tool" 2>/dev/null
	for ((i = 0; i < 50; i++)); do grep -q 'our contract' "$seen" && break; sleep 0.1; done
	grep -q 'The badtool.* was stopped' "$seen" && grep -q 'our contract forbids it' "$seen" && good || bad "nothing is said on the desktop: $(cat "$seen")"
	kill $monitor $bus
	wait $monitor $bus 2>/dev/null
	# Somebody's bus that never answers holds up nobody.
	rm -f /run/user/$uid/bus
	"${nobody[@]}" python3 -c 'import socket,sys,time
s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(1); time.sleep(60)' /run/user/$uid/bus & bus=$!
	for ((i = 0; i < 50; i++)); do [[ -S /run/user/$uid/bus ]] && break; sleep 0.1; done
	both 'beside a bus that does not answer' sh -c '"$0/tool"'
	kill $bus
	wait $bus 2>/dev/null
	umount -l /run/user
}

ledger() {
	local n
	"$P" log verify "$top/ledger" >"$top/out/verify" 2>&1 && good || bad "the ledger: $(cat "$top/out/verify")"
	n=$("$P" log show --format json "$top/ledger" | python3 -c '
import json, sys
ids = set(); deny = late = allow = 0
for line in sys.stdin:
    e = json.loads(line)["entry"]; u = e.get("unmapped", {}).get("postern", {}).get("enforce", {})
    assert u["id"] not in ids, u["id"]
    ids.add(u["id"])
    if e["class_uid"] == 1007:
        deny += e["action"] == "Denied"; allow += e["action"] == "Allowed"; late += u["late"] and e["action"] == "Denied"
print(deny > 30 and late > 0 and allow > 0, deny, allow, late)')
	[[ $n == True* ]] && good || bad "what is on record: $n"
}

# ---- faults
faults() {
	local d i
	# The daemon: what waits goes on waiting, and is refused when another has come.
	d=$(daemon "$enforcer")
	for ((i = 0; i < 3; i++)); do
		kill -STOP "$d"
		"$bad_dir/tool" >"$top/out/one" 2>&1 & local one=$!
		"$none_dir/tool" >"$top/out/two" 2>&1 & local two=$!
		sleep 0.2
		kill -KILL "$d"
		held 'while no daemon is there' "$bad_dir/tool"
		works 'while no daemon is there, what is no tool' "$none_dir/tool"
		wait $one $two
		grep -q worked "$top/out/one" && bad 'killing the daemon opened the door'
		d=$(daemon "$enforcer")
		[[ $d ]] || bad 'no other daemon was started'
	done
	# The guardian: its work is done by another, which is tried by ending the daemon.
	d=$(daemon "$enforcer")
	kill -KILL "$enforcer"
	wait "$enforcer" 2>/dev/null
	wait_for 'the guardian has ended' || bad 'nobody noticed that the guardian had ended'
	for ((i = 0; i < 100; i++)); do
		enforcer=$(pgrep -f -- '--role=guardian' | head -1)
		[[ $enforcer ]] && break
		sleep 0.05
	done
	[[ $enforcer ]] && good || bad 'no other guardian was started'
	sleep 0.3
	kill -KILL "$d"
	held 'with a second guardian and no daemon' "$bad_dir/tool"
	works 'with a second guardian and no daemon, what is no tool' "$none_dir/tool"
	# Both: the kernel lets everything pass, as the man page says; it must not hang.
	pkill_all
	works 'with both gone, what is no tool' "$none_dir/tool"
}
pkill_all() {
	local p i
	# A daemon that sees its guardian end starts another: until none of them has had the time to.
	for ((i = 0; i < 100; i++)); do
		pgrep -f 'postern enforce|--role=guardian' >/dev/null || break
		for p in $(pgrep -f 'postern enforce|--role=guardian'); do kill -KILL "$p" 2>/dev/null; done
		sleep 0.02
	done
	enforcer=
	sleep 0.2
}

many() {
	local d i n=10000
	mkdir -p "$fs/many"
	(cd "$fs/many" && seq 0 $((n - 1)) | xargs -n 1000 touch && for ((i = 0; i < n; i += 100)); do echo x >"$i"; done)
	d=$(daemon "$enforcer")
	kill -STOP "$d"
	timeout 120 "$W" pending $n "$fs/many" >"$top/out/many" 2>&1 &
	local m=$!
	for ((i = 0; i < 100; i++)); do grep -q started "$top/out/many" && break; sleep 0.1; done
	sleep 0.5
	kill -CONT "$d"
	wait $m
	grep -q "opened $n refused 0" "$top/out/many" && good || bad "10,000 questions at once: $(cat "$top/out/many")"
	held 'after 10,000 questions' "$bad_dir/tool"
	rm -rf "$fs/many"
}

full_ledger() {
	local small=$top/small
	mkdir -p "$small" && mount -t tmpfs -o size=4m full "$small"
	end
	begin --ledger "$small/ledger"
	held 'before the disk is full' "$bad_dir/tool"
	head -c 8m /dev/zero >"$small/filling" 2>/dev/null
	local i after
	for ((i = 0; i < 4; i++)); do held 'with a full disk' "$bad_dir/tool"; done
	works 'with a full disk, what is no tool' "$none_dir/tool"
	rm -f "$small/filling"
	sleep 3
	end
	after=$("$P" log show --format json "$small/ledger" | grep -c '"Denied"')
	((after == 5)) && good || bad "of 5 verdicts, 4 of them with a full disk, $after are on record: $(tail -3 "$top/out/log")"
	umount "$small" 2>/dev/null || umount -l "$small"
	begin
}

unmounted() {
	mkdir -p "$fs/gone" && mount -t tmpfs gone "$fs/gone" && cp -r "$top/made" "$fs/gone/"
	sleep 0.3
	held 'a file system that was just mounted' "$fs/gone/made/badtool-1.2.0/tool"
	umount "$fs/gone" && good || bad 'a file system that is enforced on cannot be unmounted'
	mount -t tmpfs gone "$fs/gone" && cp -r "$top/made" "$fs/gone/"
	sleep 0.3
	held 'another that was mounted in its place' "$fs/gone/made/badtool-1.2.0/tool"
	works 'another that was mounted in its place, what is no tool' "$fs/gone/made/plain/tool"
	umount "$fs/gone"
}

# However many mount namespaces there are, the last is looked at.
crowd() {
	local i each=()
	for ((i = 0; i < 300; i++)); do
		unshare -m sleep 60 &
		each+=($!)
	done
	held 'a script behind 300 mount namespaces' unshare -m sh -c 'mount -t tmpfs x "$1/mnt" && cat "$0/package/cli.js" >"$1/mnt/x" && sleep 1 && node "$1/mnt/x"' "$bad_dir" "$fs"
	kill "${each[@]}"
	wait "${each[@]}" 2>/dev/null
}

# While decisions are under way.
replaced() {
	local i v=10 each=()
	for ((i = 0; i < 40; i++)); do
		("$bad_dir/tool" >>"$top/out/replaced" 2>&1) &
		each+=($!)
		if ((i % 4 == 0)); then
			policy $((v++)) 'tool: badtool, verdict: ban, reason: our contract forbids it' "tool: other-$i, verdict: ban"
			kill -HUP "$enforcer"
		fi
	done
	wait "${each[@]}"
	grep -q worked "$top/out/replaced" && bad 'replacing the policy opened the door' || good
}

monitor() {
	end
	begin --monitor
	works 'only monitored' "$bad_dir/tool"
	wait_for 'would be denied' && good || bad 'what would be denied is not said'
	end
	begin --memfd-noexec
	held 'a file in memory, with --memfd-noexec' "$W" memfd "$none_dir/tool"
	held 'a second one' "$P" enforce --policy "$top/policy.yaml" --prints "$top/prints" --filesystem "$fs" --ledger none --run "$top/run"
	[[ $out == *'runs already'* ]] && good || bad "a second one: $out"
	end
	works 'a file in memory, after that' "$W" memfd "$none_dir/tool"
	# As a process of the one before that is still on its way out.
	flock "$top/run/enforce.lock" sh -c 'echo locked; exec sleep 0.7' >"$top/out/leaving" &
	local i leaving=$!
	for ((i = 0; i < 100; i++)); do grep -qs locked "$top/out/leaving" && break; sleep 0.02; done
	begin --other-filesystems scan
	wait $leaving
	other_filesystems scan
	own_filesystem scan
}

# Some of what a system needs, from a root folder that is enforced on, as nothing of it was seen before.
services() {
	local root=$fs/root program lib
	for program in /usr/sbin/nginx /usr/bin/dbus-daemon /usr/bin/perl /usr/bin/python3.11 /usr/bin/node; do
		[[ -x $program ]] || continue
		mkdir -p "$root$(dirname $program)"
		cp -L $program "$root$program"
		for lib in $(ldd $program | grep -o '/[^ ]*'); do
			[[ -e $root$lib ]] || { mkdir -p "$root$(dirname "$lib")" && cp -L "$lib" "$root$lib"; }
		done
	done
	mkdir -p "$root/etc/nginx" "$root/var/log/nginx" "$root/var/lib/nginx" "$root/run" "$root/tmp" "$root/dev" "$root/usr/lib" "$root/usr/share"
	cp /etc/passwd /etc/group "$root/etc/"
	touch "$root/dev/null"
	[[ ! -d /usr/lib/python3.11 ]] || cp -r /usr/lib/python3.11 "$root/usr/lib/"
	if [[ -x $root/usr/sbin/nginx ]]; then
		printf 'daemon off; user root; error_log stderr; events {}\nhttp { access_log off; server { listen unix:/run/web; location / { return 200 served; } } }\n' >"$root/etc/nginx/nginx.conf"
		chroot "$root" /usr/sbin/nginx 2>"$top/out/nginx" & local web=$!
		sleep 1
		out=$(curl -s --max-time 5 --unix-socket "$root/run/web" http://x/)
		[[ $out == served ]] && good || bad "nginx does not come up: $out $(cat "$top/out/nginx")"
		kill $web
	fi
	if [[ -x $root/usr/bin/dbus-daemon ]]; then
		printf '<busconfig><type>session</type><listen>unix:path=/run/bus</listen><policy context="default"><allow send_destination="*"/><allow own="*"/></policy></busconfig>' >"$root/etc/bus.conf"
		chroot "$root" /usr/bin/dbus-daemon --config-file=/etc/bus.conf --nofork & local bus=$!
		sleep 0.7
		[[ -S $root/run/bus ]] && good || bad 'dbus-daemon does not come up'
		kill $bus
	fi
	[[ ! -x $root/usr/bin/perl ]] || works 'perl' chroot "$root" /usr/bin/perl -e 'print "worked"'
	[[ ! -d $root/usr/lib/python3.11 ]] || works 'python' chroot "$root" /usr/bin/python3.11 -c 'import json, http.server; print("worked")'
	works 'node' chroot "$root" /usr/bin/node -e 'require("http"); console.log("worked")'
	grep -q 'denied' <(sed -n "$log_before,\$p" "$top/out/log") && bad "a service was denied something: $(grep denied "$top/out/log" | tail -3)" || good
}

# ---- all of it, on a tmpfs and on an ext4 of its own
for kind in tmpfs ext4; do
	if [[ $kind == tmpfs ]]; then
		mount -t tmpfs -o size=900m enforce "$fs"
	else
		truncate -s 700M "$top/disk" && mkfs.ext4 -q "$top/disk" && mount -o loop "$top/disk" "$fs" 2>/dev/null ||
			{ echo '(no loop device here: ext4 is left out)'; break; }
	fi
	chmod 755 "$fs"
	fill
	cp -L "$(command -v node)" "$fs/xnode"
	cp -L /lib64/ld-linux-x86-64.so.2 "$fs/xld"
	mkdir -p "$fs/root"
	cp -r "$top/made" "$fs/root/made"
	gcc -O1 -static -o "$fs/root/made/badtool-1.2.0/static" "$top/made/badtool-1.2.0/main.c"
	begin
	ways "$kind:"
	changes
	if [[ $kind == tmpfs ]]; then
		overlay
		reading
		terminal
		desktop
		other_filesystems deny
		own_filesystem deny
		unkind_servers
		rules
		gates
		exceptions
		bundles
		ledger
		many
		unmounted
		crowd
		replaced
		full_ledger
		log_before=$(wc -l <"$top/out/log")
		services
		monitor
		end
		begin
		faults
	else
		end
	fi
	umount -R "$fs" || umount -l "$fs"
done
not_covered
echo "enforce: $passed passed, $failed failed"
((failed == 0)) && echo ok
((failed == 0))
