# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # $failed is for the script that sources this, $work is of it
# What is checked is counted, in $ok and $failed. Sourced from the top of the source tree: . tests/lib/check.sh FILE...
# Of a failure the end of these files, in $work, is shown.
ok=0 failed=0 check_shows=("$@")

check() { # NAME TEST...
	local name=$1
	shift
	if "$@"; then
		ok=$((ok + 1))
	else
		failed=$((failed + 1))
		echo "FAIL $name"
		(cd "$work" && sed 's/^/     | /' "${check_shows[@]}" 2>/dev/null | tail -n 20)
	fi
}

ends() { # SECONDS COMMAND...: within so long
	local n=$(($1 * 50))
	shift
	while ((n--)); do
		"$@" && return 0
		sleep 0.02
	done
	return 1
}
