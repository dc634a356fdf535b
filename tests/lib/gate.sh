# shellcheck shell=bash
# shellcheck disable=SC2154 # $work is of the script that sources this
# What the scripts about contained runs share. Sourced from the top of the source tree: . tests/lib/gate.sh
#
# Then $P is the program, $build the folder of the build; check() shows $work/out and $work/err.
build=$PWD/build/${BUILD:-release}
P=${POSTERN:-$build/postern}
[[ $P == /* ]] || P=$PWD/$P
export P build
script=$(basename "$0" .sh)
. tests/lib/check.sh out err

# enter_network LETTERS ARG...: the script begins anew, with ARG, in a network namespace that has nothing but a loopback, and in those that
# LETTERS name as unshare(1) does; a second call from there goes on
enter_network() {
	local letters=n$1
	shift
	if [[ ! ${GATE_INSIDE:-} ]]; then
		unshare -Urn true 2>/dev/null || { echo "$script: user namespaces are not allowed here"; exit 77; }
		((EUID == 0)) || letters=Ur$letters
		GATE_INSIDE=1 exec unshare "-$letters" bash "$0" "$@"
	fi
	ip link set lo up || { echo "$script: no loopback"; exit 2; }
}

has() { # FILE TEXT
	grep -qF -- "$2" "$work/$1"
}
hasnt() {
	! has "$@"
}

# A token of a known format, made here so that none is in the source; one that is found in pieces wherever it is cut. Of random ones that is so
# for some 24 of 25 (unit/dlp), and a test must not fail for the others.
token() {
	echo "glpat-$(sha256sum <<<postern | base64 -w0 | head -c 20)"
}

# certify FOLDER NAME...: cert.pem and key.pem in it, for these names, by an authority of the test's own, $work/ca.pem
certify() {
	local folder=$1 names
	shift
	names=$(printf ',DNS:%s' "$@")
	{
		[[ -e $work/ca.pem ]] || openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/ca.key" -out "$work/ca.pem" -days 2 -subj '/CN=test'
		openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$folder/key.pem" -out "$work/csr" -subj "/CN=$1"
		openssl x509 -req -in "$work/csr" -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial -days 2 -out "$folder/cert.pem" \
			-extfile <(echo "subjectAltName=${names:1}")
	} >/dev/null 2>&1
}
