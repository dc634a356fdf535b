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
	esbuild=$(echo "$bin"/@esbuild/linux-*/bin/esbuild) terser=$bin/.bin/terser postject=$bin/.bin/postject bun=$bin/@oven/bun-linux-x64/bin/bun
}

# Without a network, and in a folder where nothing else is: not even a build tool can do more than build.
alone() {
	unshare -rn timeout "${limit:-300}" "$@" >/dev/null 2>&1
}

# look TOOL VERSION DISGUISE PATH [OPTION...]: one line of result.
look() {
	local tool=$1 version=$2 disguise=$3 path=$4 out
	shift 4
	out=$("$postern" identify --format json "$@" "$path" 2>/dev/null | node -e '
		let s = ""; process.stdin.on("data", d => s += d).on("end", () => { let a = {};
			try { a = JSON.parse(s).artefacts[0]; } catch (e) {}
			console.log([a.tool || "-", a.version || "-", a.by || "-", a.found || 0, a.of || 0].join("\t")); })')
	printf '%s\t%s\t%s\t%s\n' "$tool" "$version" "$disguise" "$out" >>"$results"
}

# scatter FROM TO COMMAND…: every file of FROM goes to TO under a name that says nothing, by "cp" or "ln".
scatter() {
	local from=$1 to=$2 n=0 file
	shift 2
	mkdir -p "$to"
	while read -r -d '' file; do
		n=$((n + 1))
		"$@" "$file" "$to/$(printf '%s' "$file$n" | md5sum | cut -c1-10)"
	done < <(find "$from" -name node_modules -prune -o -type f ! -name package.json ! -name '*.md' -print0)
}

is_elf() { [[ $(head -c 4 "$1" | tail -c 3) == ELF ]]; }

disguise_elf() { # TOOL VERSION FILE
	local before after
	cp "$3" "$work/one/elf"
	chmod u+w "$work/one/elf"
	head -c 4096 /dev/urandom >"$work/one/signature"
	objcopy --add-section .signature="$work/one/signature" "$work/one/elf" "$work/one/signed" 2>/dev/null && look "$1" "$2" 'signed again' "$work/one/signed"
	before=$(stat -c %s "$work/one/elf")
	strip -s -o "$work/one/stripped" "$work/one/elf" 2>/dev/null || return
	after=$(stat -c %s "$work/one/stripped")
	# Where strip cuts off what lies behind the end, the program has gone: what is left is its run time.
	if ((after * 10 < before * 9)) && ! grep -qa 'B:/~BUN' "$work/one/stripped"; then
		printf '%s\t%s\tstrip cut the program off\t-\t-\t-\t0\t0\n' "$1" "$2" >>"$results"
	else
		look "$1" "$2" stripped "$work/one/stripped"
	fi
}

disguise_script() { # TOOL VERSION FOLDER
	local file n=0 all=$work/one/all.js
	rm -rf "$work/one/min" "$work/one/terser" "$all"
	mkdir -p "$work/one/min" "$work/one/terser"
	while read -r -d '' file; do
		n=$((n + 1))
		limit=120 alone "$esbuild" --minify --log-level=silent --loader:.js=jsx --outfile="$work/one/min/$n.js" "$file" || cp "$file" "$work/one/min/$n.js"
		cat "$work/one/min/$n.js" >>"$all"
		((n > 1500)) && break
	done < <(find "$3" -name node_modules -prune -o -type f \( -name '*.js' -o -name '*.mjs' -o -name '*.cjs' \) -size -40000k -print0)
	((n)) || return
	look "$1" "$2" 'minified (esbuild)' "$work/one/min"
	# The largest file says as much as all, where there is one that is most of the program.
	file=$(find "$3" -name node_modules -prune -o -type f \( -name '*.js' -o -name '*.mjs' \) -printf '%s %p\n' | sort -rn | head -n 1 | cut -d' ' -f2-)
	if limit=90 alone "$terser" "$file" --compress --mangle --toplevel -o "$work/one/terser/x.js"; then
		look "$1" "$2" 'minified (terser)' "$work/one/terser"
	fi
	printf '{"main": "%s", "output": "%s", "disableExperimentalSEAWarning": true}' "$all" "$work/one/blob" >"$work/one/sea.json"
	if alone node --experimental-sea-config "$work/one/sea.json"; then
		cp "$(readlink -f "$(command -v node)")" "$work/one/sea" && chmod u+w "$work/one/sea"
		alone "$postject" "$work/one/sea" NODE_SEA_BLOB "$work/one/blob" --sentinel-fuse NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2 &&
			look "$1" "$2" 'one executable (Node)' "$work/one/sea"
	fi
	# Bun takes what has one entry and no packages beside it.
	if ((n < 200)) && (cd "$work/one" && limit=200 alone "$bun" build --compile --minify --packages external --outfile bunned "$file"); then
		look "$1" "$2" 'one executable (Bun)' "$work/one/bunned"
	fi
}

layer() { # TOOL VERSION FOLDER
	local root=$work/one/root image=$work/one/image digest
	rm -rf "$root" "$image"
	mkdir -p "$root/opt/x/lib/node_modules" "$image/blobs/sha256"
	cp -al "$3" "$root/opt/x/lib/node_modules/some"
	find "$root" -name package.json -delete
	tar -C "$root" -cf - . | gzip -1 >"$image/layer"
	digest=$(sha256sum "$image/layer" | cut -d' ' -f1)
	mv "$image/layer" "$image/blobs/sha256/$digest"
	printf '{"imageLayoutVersion":"1.0.0"}' >"$image/oci-layout"
	look "$1" "$2" 'layer (tar.gz)' "$image/blobs/sha256/$digest" --inside
	tar -C "$image" -cf "$work/one/image.tar" .
	look "$1" "$2" 'layer in an image' "$work/one/image.tar" --inside
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
	look "$tool" "$version" 'as it is' "$folder/$n"
	find "$folder" -name package.json -not -path '*/node_modules/*' -delete
	scatter "$folder" "$work/one/renamed" cp
	look "$tool" "$version" renamed "$work/one/renamed"
	mkdir -p "$work/one/var/lib/.data/17" && cp -a "$folder" "$work/one/var/lib/.data/17/x"
	look "$tool" "$version" moved "$work/one/var/lib/.data/17"
	scatter "$folder" "$work/one/linked" ln
	look "$tool" "$version" 'hard link' "$work/one/linked"
	mkdir -p "$work/one/other/lib/vendor" && cp -a "$folder"/* "$work/one/other/lib/vendor/"
	printf '{"name": "left-pad", "version": "1.3.0"}' >"$work/one/other/package.json"
	echo 'module.exports = (s, n) => String(s).padStart(n);' >"$work/one/other/index.js"
	look "$tool" "$version" 'in another package' "$work/one/other"
	layer "$tool" "$version" "$folder"
	file=$(find "$folder" -type f -size +4000k -not -name '*.node' -not -name 'rg' -printf '%s %p\n' | sort -rn | cut -d' ' -f2- | while read -r file; do is_elf "$file" && echo "$file" && break; done)
	if [[ -n $file ]]; then
		look "$tool" "$version" 'the executable alone' "$file"
		disguise_elf "$tool" "$version" "$file"
	else
		disguise_script "$tool" "$version" "$folder"
	fi
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
	awk -F'\t' '$3 !~ /^strip cut/ {m[$1]++; n[$1] += $1 == $4; v[$1 "\t" $2]; if (!($1 in l) || $7 < l[$1]) {l[$1] = $7; of[$1] = $8}}
		END {for (k in v) {split(k, a, "\t"); c[a[1]]++} for (k in m) printf "%-12s %2d versions  %3d of %3d  %d of %d\n", k, c[k], n[k], m[k], l[k], of[k]}' "$results" | sort
	echo "== not recognised, or with a wrong version"
	awk -F'\t' '$3 !~ /^strip cut/ && ($1 != $4 || ($5 != "-" && $5 != $2))' "$results"
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
