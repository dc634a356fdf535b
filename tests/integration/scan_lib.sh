# shellcheck shell=bash disable=SC2034 # what is set here is used where it is read
# check: part
# What the tests of postern scan and provenance share; to be read from the root of the source. Each check prints "ok - NAME" or "not ok - NAME".
here=$PWD
postern=$PWD/build/${BUILD:-release}/postern
[[ -x $postern ]] || make -s BUILD="${BUILD:-release}" all || exit 2
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
# What is done here is not put on record where the person at this machine keeps it.
export XDG_DATA_HOME=$work/data
failed=0
test=$(basename "$0" .sh)

# check NAME COMMAND...
check() {
	local name=$1
	shift
	if "$@" >"$work/log" 2>&1; then
		echo "ok - $test: $name"
	else
		echo "not ok - $test: $name"
		sed 's/^/# /' "$work/log" | head -40
		failed=1
	fi
}

# schema SCHEMA FILE: does it fit? Skipped, with a word, where ajv cannot be had.
schema() {
	if ! command -v npm >/dev/null; then
		echo "$test: $1 was not tried, as there is no npm to fetch ajv with"
		return
	fi
	if [[ ! -d $work/ajv ]]; then
		cp -R "$here/tests/integration/ajv" "$work/ajv" && rm -rf "$work/ajv/node_modules"
	fi
	if [[ -d $work/ajv/node_modules ]] || npm --prefix "$work/ajv" ci --ignore-scripts >"$work/log" 2>&1; then
		check "$(basename "$2") fits $1" node "$work/ajv/one.js" "$here/share/schema/$1.schema.json" "$2"
	else
		echo "$test: $1 was not tried, as ajv cannot be fetched"
	fi
}

# What postern scan says as JSON; tests of text, and of other commands, have one of their own.
gives() { # CODE FILTER ARGUMENT...: the exit code, and what must be true of the JSON
	local code=$1 filter=$2 got
	shift 2
	"$postern" scan --format json "$@" >"$work/said" 2>"$work/err"
	got=$?
	cat "$work/said" "$work/err"
	((got == code)) && jq -e "$filter" "$work/said" >/dev/null
}
