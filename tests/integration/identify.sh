#!/bin/bash
# check: slow
# postern identify with a tool of our own in three versions: learned, then a fourth is recognised under every disguise that can be made here,
# and nothing else is. Prints "ok - NAME" or "not ok - NAME" for each check; exit 1 if one failed.
# shellcheck disable=SC2317 # called through check
set -u
cd "$(dirname "$0")/../.." || exit 2
postern=$PWD/build/${BUILD:-release}/postern
[[ -x $postern ]] || make -s BUILD="${BUILD:-release}" all || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache
failed=0

# check NAME COMMAND...
check() {
	local name=$1
	shift
	if "$@" >"$work/log" 2>&1; then
		echo "ok - identify: $name"
	else
		echo "not ok - identify: $name"
		sed 's/^/# /' "$work/log" | head -20
		failed=1
	fi
}

# A program with 300 messages of its own, most of them in every version; the names in its code are never the same.
program() { # VERSION
	local i words=(window folder account session prompt server message project branch editor reviewer command terminal history)
	echo '#!/usr/bin/env node'
	echo "// ourtool, a comment that no build keeps, of version $1"
	for i in $(seq 300); do
		if ((i % 5)); then
			echo "function m${1//./}_$i(a){return a?\"The ourtool ${words[i % 14]} has no ${words[i / 14 % 14]} for this ${words[i * 3 % 14]} yet\":a.b}"
		else
			echo "function m${1//./}_$i(a){throw Error('In release $1 the ${words[i % 14]} was never a good ${words[i / 14 % 14]}')}"
		fi
	done
	echo "const info$i={name:\"ourtool\",VERSION:\"$1\"};process.env.OURTOOL_CONFIG_FOLDER;"
}

package() { # VERSION FOLDER
	mkdir -p "$2/dist"
	program "$1" >"$2/dist/cli.js"
	printf '{"name": "ourtool", "version": "%s", "bin": "dist/cli.js"}\n' "$1" >"$2/package.json"
}

# is PATH TOOL VERSION [OPTION...]: recognised by constants as that; "-": as nothing.
is() {
	local path=$1 tool=$2 version=$3 code
	shift 3
	"$postern" identify --prints "$work/prints" --format json "$@" "$path" >"$work/out.json"
	code=$?
	cat "$work/out.json"
	if [[ $tool == - ]]; then
		((code == 0)) && grep -q '"by": "nothing"' "$work/out.json"
	else
		((code == 1)) && grep -q '"by": "constants"' "$work/out.json" && grep -q "\"tool\": \"$tool\"" "$work/out.json" && grep -q "\"version\": \"$version\"" "$work/out.json"
	fi
}

for v in 1.0.0 2.3.0 3.1.4; do package $v "$work/v$v"; done
mkdir -p "$work/against" "$work/prints"
echo 'x("The ourtool window has no account for this message yet")' >"$work/against/other.js"
(cd "$work" && mkdir package && cp -r v2.3.0/* package/ && tar -czf v2.tgz package)
check 'prints are learned' "$postern" identify --learn --tool ourtool --title 'Our Tool' --publisher Us --package npm:ourtool --against "$work/against" \
	--output "$work/prints/ourtool.yaml" "$work/v1.0.0" "$work/v2.tgz" "3.1.4=$work/v3.1.4/dist/cli.js"
check 'they say what they were learned from' grep -q 'version: "2.3.0", integrity: "sha512-' "$work/prints/ourtool.yaml"
check 'they do not hold what they are about' bash -c "! grep -q ourtool.window $work/prints/ourtool.yaml"
check 'they are not themselves the tool' is "$work/prints/ourtool.yaml" - ''

package 4.0.1 "$work/new"
tool=$work/new/dist/cli.js
check 'a version that was never seen' is "$work/new" ourtool 4.0.1
check 'a file alone' is "$tool" ourtool 4.0.1
cp "$tool" "$work/picture.png" && check 'renamed' is "$work/picture.png" ourtool 4.0.1
ln "$tool" "$work/link" && check 'a hard link' is "$work/link" ourtool 4.0.1
mkdir -p "$work/other/lib" && cp "$tool" "$work/other/lib/x.js" && echo '{"name": "left-pad", "version": "1.3.0"}' >"$work/other/package.json"
check 'in another package' is "$work/other" ourtool 4.0.1
tr -d '\n' <"$tool" | sed 's/function m[0-9_]*/function a/g; s/"/`/g' >"$work/again.js"
check 'with other quotes, names and no lines' is "$work/again.js" ourtool 4.0.1

# In an executable: as data, as a section, and behind its end; stripped and with another section.
python3 -c 'import sys; print(",".join(map(str, open(sys.argv[1], "rb").read())))' "$tool" >"$work/tool.inc"
printf '#include <stdio.h>\nstatic const unsigned char tool[] = {\n#include "tool.inc"\n};\nint main(int n, char **v) { (void)v; return putchar(tool[n]) == 0; }\n' >"$work/main.c"
gcc -g -o "$work/native" "$work/main.c" 2>"$work/log"
check 'in an executable' is "$work/native" ourtool 4.0.1
strip -o "$work/stripped" "$work/native" && check 'stripped' is "$work/stripped" ourtool 4.0.1
objcopy --add-section .signature="$work/tool.inc" --set-section-flags .signature=noload,readonly "$work/native" "$work/signed" && check 'with another section' is "$work/signed" ourtool 4.0.1
{ cat /bin/true "$tool" && printf '\n---- Bun! ----\n'; } >"$work/bunned"
check 'behind an executable' is "$work/bunned" ourtool 4.0.1
check 'that form is told' grep -q '"form": "single"' "$work/out.json"

# Layers and images of containers, packages, wheels.
mkdir -p "$work/root/usr/lib/node_modules" "$work/image/blobs/sha256" && cp -r "$work/new" "$work/root/usr/lib/node_modules/ourtool"
for z in gzip zstd xz bzip2; do
	tar -C "$work/root" -cf - . | $z -c >"$work/layer.$z" 2>/dev/null && check "in a layer ($z)" is "$work/layer.$z" ourtool 4.0.1 --inside
done
cp "$work/layer.gzip" "$work/image/blobs/sha256/0" && tar -C "$work/image" -cf "$work/image.tar" . && check 'in a layer of an image' is "$work/image.tar" ourtool 4.0.1 --inside
check 'in neither without --inside' is "$work/layer.gzip" - ''
gzip -c "$work/native" >"$work/native.gz" && check 'one compressed file' is "$work/native.gz" ourtool 4.0.1 --inside
(cd "$work" && python3 -c 'import sys, zipfile; z = zipfile.ZipFile("x.vsix", "w", zipfile.ZIP_DEFLATED); z.write("new/dist/cli.js", "extension/out/main.js"); z.close()') &&
	check 'in a zip' is "$work/x.vsix" ourtool 4.0.1 --inside

# Metadata alone; and against the content.
mkdir "$work/launcher" && echo '{"name": "ourtool", "version": "9.9.9"}' >"$work/launcher/package.json" && echo 'require("x")' >"$work/launcher/index.js"
check 'by metadata alone' bash -c "$postern identify --prints $work/prints $work/launcher | grep -q 'Our Tool 9.9.9 (Us), by metadata alone'"
printf '{"name": "ourtool", "version": "1.0.0"}\n' >"$work/new/package.json"
check 'the version of the content counts' is "$work/new" ourtool 4.0.1
check 'a digest' bash -c "$postern identify --prints $work/prints --digest $tool | grep -q $(sha256sum "$tool" | cut -d' ' -f1)"

# Nothing else. The shipped prints too, which know real tools.
check 'no program of the system is one' bash -c "find /usr/bin /usr/sbin -maxdepth 1 -type f -size -3000k | head -n 700 | xargs $postern identify >$work/usr.txt; ! grep -v 'no known tool' $work/usr.txt"
check 'this repository is none' bash -c "$postern identify src share docs man >$work/us.txt; ! grep -v 'no known tool' $work/us.txt"

# Hostile ones. Each must end soon, in little memory.
bounded() {
	timeout 60 prlimit --data=600000000 "$postern" identify --prints "$work/prints" "$@"
	(($? <= 2))
}
mkfifo "$work/fifo" && check 'a pipe does not hold it up' bounded "$work/fifo"
mkdir -p "$work/loop" && ln -s .. "$work/loop/up" && ln -s loop "$work/loop/loop" && check 'links in a circle' bounded "$work/loop"
truncate -s 3G "$work/hole" && check 'a hole of 3 GiB' bounded "$work/hole"
# 2 GB of zeros, compressed twice; the same block again and again, as to compress all of them takes longer than all that is tested here.
python3 - >"$work/bomb.gz" <<'END' && check 'a bomb' bounded --inside "$work/bomb.gz"
import gzip, struct, sys, zlib
c, block, crc = zlib.compressobj(9, zlib.DEFLATED, -15), bytes(1000000), 0
part = c.compress(block) + c.flush(zlib.Z_FULL_FLUSH)
for _ in range(2000):
    crc = zlib.crc32(block, crc)
sys.stdout.buffer.write(gzip.compress(b"\x1f\x8b\x08\0\0\0\0\0\2\3" + part * 2000 + c.flush() + struct.pack("<II", crc, 2000000000), 9))
END
head -c 100000 "$work/layer.gzip" >"$work/cut.gz" && check 'an archive that is cut off' bounded --inside "$work/cut.gz"
{ head -c 30 "$work/x.vsix" && head -c 100000 /dev/urandom; } >"$work/rubbish.zip" && check 'rubbish that begins like an archive' bounded --inside "$work/rubbish.zip"
{ head -c 64 /bin/true && head -c 100000 /dev/urandom; } >"$work/rubbish.elf" && check 'rubbish that begins like an executable' bounded "$work/rubbish.elf"
(for _ in $(seq 200); do cp "$work/native" "$work/shrinking" && : >"$work/shrinking"; done) &
writer=$!
check 'a file that shrinks meanwhile' bash -c "for i in \$(seq 50); do $postern identify --prints $work/prints $work/shrinking 2>&1 || (($? < 3)) || exit 1; done"
wait $writer

# What it is told wrongly, it says.
mkdir "$work/bad" && printf 'tool: x\ntitel: y\n' >"$work/bad/x.yaml"
check 'a mistake in prints has its place' bash -c "! $postern identify --prints $work/bad $tool 2>&1 | grep -vq 'x.yaml:2:1: unknown key \"titel\"; did you mean \"title\"'"
check 'nothing in common is no prints' bash -c "! $postern identify --learn --tool a --title A --publisher B --package npm:a $work/launcher $work/v1.0.0"

if command -v npm >/dev/null; then
	cp -R tests/integration/ajv "$work/ajv" && rm -rf "$work/ajv/node_modules"
	if npm --prefix "$work/ajv" ci --ignore-scripts >"$work/log" 2>&1; then
		"$postern" identify --prints "$work/prints" --format json --digest "$tool" "$work/launcher" README.md "$work/bunned" >"$work/good.json"
		check 'the JSON fits its schema' node "$work/ajv/one.js" "$PWD/share/schema/identify.schema.json" "$work/good.json"
	else
		echo 'identify: the schema was not tried, as ajv cannot be fetched'
	fi
else
	echo 'identify: the schema was not tried, as there is no npm to fetch ajv with'
fi
exit $failed
