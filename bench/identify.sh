#!/usr/bin/env bash
# How well tools are recognised: versions that the prints were not learned from, under disguises; and what is found where there is none of
# them. docs/benchmarks.md says what the tables mean. Downloads some 3 GB with npm, and executes nothing that it downloads but
# the tools of the trade: esbuild, terser, postject, bun.
#	bench/identify.sh recognise [LIST]        by default bench/identify.tsv
#	bench/identify.sh nothing NAME...         packages of npm in which there is no tool
#	bench/identify.sh files FOLDER...         every file below these
# BENCH_FOLDER: where downloads stay, by default /tmp/postern-bench-identify. POSTERN: another program than that of the build.
set -u
cd "$(dirname "$0")/.." || exit 1
here=$PWD
work=${BENCH_FOLDER:-/tmp/postern-bench-identify}
postern=${POSTERN:-$here/build/release/postern}
[[ -x $postern ]] || { echo "build it first: make" >&2 && exit 1; }
mkdir -p "$work"/{tgz,one,trade}
export npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false

# get SPEC: prints the path of its archive.
get() {
	local file=$work/tgz/${1//\//_}.tgz dir
	if [[ ! -s $file ]]; then
		dir=$(mktemp -d "$work/get.XXXXXX")
		(cd "$dir" && timeout 600 npm pack --silent --ignore-scripts "$1" >/dev/null 2>&1)
		mv "$dir"/*.tgz "$file" 2>/dev/null
		rm -rf "$dir"
	fi
	[[ -s $file ]] && echo "$file"
}

trade() {
	local bin=$work/trade/node_modules
	[[ -d $bin ]] || (cd "$work/trade" && echo '{}' >package.json &&
		npm install --silent --ignore-scripts esbuild terser postject @oven/bun-linux-x64 >/dev/null 2>&1)
	terser=$bin/.bin/terser postject=$bin/.bin/postject bun=$bin/@oven/bun-linux-x64/bin/bun
}

# Without a network, and in a folder where nothing else is: not even a build tool can do more than build.
alone() {
	unshare -rn timeout "${limit:-300}" "$@" >/dev/null 2>&1
}

# look DISGUISE PATH, or inside DISGUISE PATH: to be looked at once all disguises of a version are there.
look() { printf '%s\t%s\n' "$1" "$2" >>"$work/one/map"; }
inside() { printf '%s\t%s\n' "$1" "$2" >>"$work/one/inside"; }

is_elf() { [[ $(head -c 4 "$1" | tail -c 3) == ELF ]]; }

# Older versions of Bun keep the program behind the executable's end. Tools that write an executable anew leave that away: what is left is
# the run time.
behind() { tail -c 4096 "$1" | grep -qa 'Bun! ----'; }

changed() { # DISGUISE FILE, which was made from one/elf
	if behind "$work/one/elf" && ! behind "$2"; then look "$1: the program is gone" -; else look "$1" "$2"; fi
}

disguise_elf() { # FILE
	cp "$1" "$work/one/elf"
	chmod u+w "$work/one/elf"
	head -c 4096 /dev/urandom >"$work/one/signature"
	objcopy --add-section .signature="$work/one/signature" "$work/one/elf" "$work/one/signed" 2>/dev/null && changed 'signed again' "$work/one/signed"
	strip -s -o "$work/one/stripped" "$work/one/elf" 2>/dev/null && changed stripped "$work/one/stripped"
	# As a signature is put on by who does not rewrite: behind the end, too.
	cat "$work/one/elf" "$work/one/signature" >"$work/one/appended" && look 'signature behind the end' "$work/one/appended"
}

disguise_script() { # FOLDER
	local n file
	{ read -r n && read -r file; } < <(node bench/identify.mjs minify "$work/trade" "$1" "$work/one/min" "$work/one/all.js")
	[[ -n ${file:-} ]] || return
	look 'minified (esbuild)' "$work/one/min"
	mkdir -p "$work/one/terser"
	[[ $file != - ]] && limit=90 alone "$terser" "$file" --compress --mangle --toplevel -o "$work/one/terser/x.js" && look 'minified (terser)' "$work/one/terser"
	printf '{"main": "%s", "output": "%s", "disableExperimentalSEAWarning": true}' "$work/one/all.js" "$work/one/blob" >"$work/one/sea.json"
	if alone node --experimental-sea-config "$work/one/sea.json"; then
		cp "$(readlink -f "$(command -v node)")" "$work/one/sea" && chmod u+w "$work/one/sea"
		alone "$postject" "$work/one/sea" NODE_SEA_BLOB "$work/one/blob" --sentinel-fuse NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2 &&
			look 'one executable (Node)' "$work/one/sea"
	fi
	# Bun takes what has one entry and no packages beside it.
	[[ $file != - ]] && (cd "$work/one" && limit=200 alone "$bun" build --compile --minify --packages external --outfile bunned "$file") &&
		look 'one executable (Bun)' "$work/one/bunned"
}

layer() { # FOLDER
	local root=$work/one/root image=$work/one/image digest
	mkdir -p "$root/opt/x/lib/node_modules" "$image/blobs/sha256"
	cp -al "$1" "$root/opt/x/lib/node_modules/some"
	tar -C "$root" -cf - . | gzip -1 >"$image/layer"
	digest=$(sha256sum "$image/layer" | cut -d' ' -f1)
	mv "$image/layer" "$image/blobs/sha256/$digest"
	printf '{"imageLayoutVersion":"1.0.0"}' >"$image/oci-layout"
	inside 'layer (tar.gz)' "$image/blobs/sha256/$digest"
	tar -C "$image" -cf "$work/one/image.tar" .
	inside 'layer in an image' "$work/one/image.tar"
}

one() { # TOOL VERSION SPEC…
	local tool=$1 version=$2 folder=$work/one/orig spec file n=0
	shift 2
	rm -rf "$work/one"
	mkdir -p "$folder"
	for spec; do
		file=$(get "$spec") || { echo "cannot be fetched: $spec" && return; }
		n=$((n + 1))
		mkdir -p "$folder/$n"
		tar -xzf "$file" -C "$folder/$n" --no-same-owner --strip-components=1
	done
	cp -al "$folder/$n" "$work/one/asis"
	look 'as it is' "$work/one/asis"
	# From here on nothing says the package's name.
	find "$folder" -name package.json -not -path '*/node_modules/*' -delete
	node bench/identify.mjs scatter cp "$folder" "$work/one/renamed" && look renamed "$work/one/renamed"
	mkdir -p "$work/one/var/lib/.data/17" && cp -a "$folder" "$work/one/var/lib/.data/17/x" && look moved "$work/one/var/lib/.data/17"
	node bench/identify.mjs scatter ln "$folder" "$work/one/linked" && look 'hard link' "$work/one/linked"
	mkdir -p "$work/one/other/lib/vendor" && cp -al "$folder"/* "$work/one/other/lib/vendor/"
	printf '{"name": "left-pad", "version": "1.3.0"}' >"$work/one/other/package.json"
	echo 'module.exports = (s, n) => String(s).padStart(n);' >"$work/one/other/index.js"
	look 'in another package' "$work/one/other"
	layer "$folder"
	file=$(find "$folder" -type f -size +4000k -not -name '*.node' -not -name 'rg' -printf '%s %p\n' | sort -rn | cut -d' ' -f2- | while read -r file; do is_elf "$file" && echo "$file" && break; done)
	if [[ -n $file ]]; then
		look 'the executable alone' "$file"
		disguise_elf "$file"
	else
		disguise_script "$folder"
	fi
	{
		cut -f2 "$work/one/map" | grep -v '^-$' | tr '\n' '\0' | xargs -0 "$postern" identify --format json
		cut -f2 "$work/one/inside" | tr '\n' '\0' | xargs -0 "$postern" identify --format json --inside
	} 2>/dev/null | node bench/identify.mjs tell "$tool" "$version" <(cat "$work/one/map" "$work/one/inside") >>"$results"
	rm -rf "$work/one"
}

recognise() {
	results=$work/results.tsv
	: >"$results"
	trade
	while IFS=$'\t' read -r tool version specs; do
		[[ $tool == '#'* || -z $tool ]] && continue
		# shellcheck disable=SC2086 # several packages
		one "$tool" "$version" $specs
	done <"${1:-bench/identify.tsv}"
	echo "== by disguise: recognised n of m; versions: right, none read, wrong"
	awk -F'\t' '{m[$3]++; n[$3] += $1 == $4; r[$3] += $1 == $4 && $2 == $5; e[$3] += $1 == $4 && $5 == "-"; w[$3] += $1 == $4 && $5 != "-" && $2 != $5}
		END {for (k in m) printf "%-28s %3d of %3d   %3d %3d %3d\n", k, n[k], m[k], r[k], e[k], w[k]}' "$results" | sort
	echo "== by tool: versions, recognised under all disguises of each; fewest constants found"
	awk -F'\t' '$4 != "gone" {m[$1]++; n[$1] += $1 == $4; v[$1 "\t" $2]; if (!($1 in l) || $7 < l[$1]) {l[$1] = $7; of[$1] = $8}}
		END {for (k in v) {split(k, a, "\t"); c[a[1]]++} for (k in m) printf "%-12s %2d versions  %3d of %3d  %d of %d\n", k, c[k], n[k], m[k], l[k], of[k]}' "$results" | sort
	echo "== not recognised, or with a wrong version"
	awk -F'\t' '$4 != "gone" && ($1 != $4 || ($5 != "-" && $5 != $2))' "$results"
}

# How much of the prints of any tool is found where there is none: with a need of one constant everything is told, and with a context of the
# version that is nowhere no answer is sure before all is read.
# shellcheck disable=SC2016 # the program of node expands them
noise() {
	rm -rf "$work/prints" && mkdir -p "$work/prints"
	for file in share/prints/*.yaml; do
		sed -e 's/^need: .*/need: 1\nbefore_version: [{text: bmV2ZXIgaW4gYW55IGZpbGU=, least: 1024}]/' -e '/^before_version:/d; /^  - {text:/d' "$file" >"$work/prints/${file##*/}"
	done
	xargs -0 -r -n 2000 "$postern" identify --format json --prints "$work/prints" 2>/dev/null | node -e '
		const need = {}, fs = require("fs");
		for (const f of fs.readdirSync("share/prints")) { const t = fs.readFileSync("share/prints/" + f, "utf8"); need[/^tool: (.*)$/m.exec(t)[1]] = +/^need: (\d+)/m.exec(t)[1]; }
		let s = ""; process.stdin.on("data", d => s += d).on("end", () => {
			const all = s.split(/^}\n/m).filter(x => x.trim()).flatMap(x => JSON.parse(x + "}").artefacts), found = all.filter(a => a.by != "nothing");
			const wrong = found.filter(a => a.by == "metadata" || a.found >= need[a.tool]), most = Math.max(0, ...found.filter(a => !wrong.includes(a)).map(a => a.found));
			console.log(`recognised ${wrong.length} of ${all.length}; of the others ${found.length - wrong.length} hold some constant, at most ${most}`);
			for (const a of wrong) console.log("  " + [a.path, a.tool, a.version, a.by, a.found + " of " + a.of].join("\t"));
			for (const a of found.filter(a => !wrong.includes(a)).sort((a, b) => b.found - a.found).slice(0, 8)) console.log("  (" + [a.path, a.tool, a.found + " of " + a.of, JSON.stringify(a.examples)].join("\t") + ")");
		})'
}

nothing() {
	local name file folder
	mkdir -p "$work/nothing"
	for name; do
		folder=$work/nothing/${name//\//_}
		if [[ ! -d $folder ]] && file=$(get "$name"); then
			mkdir -p "$folder" && tar -xzf "$file" -C "$folder" --no-same-owner 2>/dev/null && rm -f "$file"
		fi
		[[ -d $folder ]] && printf '%s\0' "$folder"
	done | noise
}

case ${1:-} in
recognise) recognise "${2:-bench/identify.tsv}" ;;
nothing) shift && nothing "$@" ;;
files) shift && find "$@" -xdev -type f -size +0 -print0 | noise ;;
*) sed -n '2,9s/^# \{0,1\}//p' "$0" && exit 2 ;;
esac
