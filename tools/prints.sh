#!/usr/bin/env bash
# Makes share/prints anew: fetches what tools/prints.tsv names with npm, never running any of it, and learns each tool against the others, the
# packages of tools/prints-against.txt and the executables that lie in older packages of tools. Some 4 GB, and minutes a tool.
#	tools/prints.sh FOLDER [TOOL...]    FOLDER keeps what was fetched
set -u
(($#)) || { sed -n '2,4s/^# \{0,1\}//p' "$0" && exit 2; }
folder=$(realpath -m "$1")
shift
cd "$(dirname "$0")/.." || exit 1
postern=$PWD/build/release/postern
mkdir -p "$folder"/{tgz,x,against}

# get SPEC: its archive in tgz/, unless it is there.
get() {
	local file=$folder/tgz/${1//\//_}.tgz dir
	[[ -s $file ]] && return
	dir=$(mktemp -d "$folder/get.XXXXXX")
	(cd "$dir" && npm pack --silent --ignore-scripts "$1" >/dev/null) && mv "$dir"/*.tgz "$file"
	rm -rf "$dir"
	[[ -s $file ]] || echo "cannot be fetched: $1" >&2
}

# unpacked SPEC TO: unpacked.
unpacked() {
	[[ -d $2/${1//\//_} ]] && return
	get "$1" && mkdir -p "$2/${1//\//_}" && tar -xzf "$folder/tgz/${1//\//_}.tgz" -C "$2/${1//\//_}" --no-same-owner
}

while read -r name; do
	[[ $name == '#'* ]] || unpacked "$name" "$folder/against"
done <tools/prints-against.txt
rows=()
while IFS= read -r row; do [[ $row == '#'* || -z $row ]] || rows+=("$row"); done <tools/prints.tsv
sources_of() { cut -f5 <<<"$1"; }
for row in "${rows[@]}"; do
	for source in $(sources_of "$row"); do unpacked "${source#*=}" "$folder/x"; done
done
# Programs of others that tools carry with them.
mkdir -p "$folder/against/_vendor"
find "$folder/x" -path '*ripgrep*x64-linux/*' -type f -exec cp -n {} "$folder/against/_vendor/" \;

for row in "${rows[@]}"; do
	IFS=$'\t' read -r tool title publisher packages sources loader <<<"$row"
	(($#)) && [[ " $* " != *" $tool "* ]] && continue
	against=$folder/against artefacts=()
	for other in "${rows[@]}"; do
		[[ ${other%%$'\t'*} == "$tool" ]] && continue
		for source in $(sources_of "$other"); do against+=,$folder/x/$(tr / _ <<<"${source#*=}"); done
	done
	for source in $sources; do artefacts+=("${source%%=*}=$folder/tgz/$(tr / _ <<<"${source#*=}").tgz"); done
	# @scope/name@version/path: the package's folder has its slash as _.
	[[ -n $loader ]] && loader="${loader%%=*}=$folder/x/$(sed 's#^[^=]*=##; s#^\(@[^/]*\)/#\1_#' <<<"$loader")"
	"$postern" identify --learn --tool "$tool" --title "$title" --publisher "$publisher" --package "$packages" --against "$against" \
		${loader:+--loader "$loader"} \
		--output "share/prints/$tool.yaml" "${artefacts[@]}" || exit 1
done
