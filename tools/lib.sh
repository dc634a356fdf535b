# shellcheck shell=bash
# What ./check, ./try and the scripts in tools/ share. Sourced, with the top of the source tree as the working folder.

# Colours only where somebody looks at a terminal.
if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
	bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' plain=$'\e[0m'
else
	bold='' red='' green='' yellow='' plain=''
fi
export bold red green yellow plain

# The closing line of a run: last_line PASSED FAILED SKIPPED
last_line() {
	printf '%d passed, %d failed, %d skipped\n' "$1" "$2" "$3"
}

# Names of the packages of these groups.
packages_of() {
	local group
	for group in "$@"; do
		sed -n "s/^$group //p" tools/packages.txt
	done
}

# Those of them that are not installed.
packages_missing() {
	local package
	for package in $(packages_of "$@"); do
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || printf '%s ' "$package"
	done
}

# Installs what the groups lack. Returns 1 after a sentence that says what to do.
install_missing() {
	local missing as_root=() log=build/apt.log
	if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
		echo "postern: this is no Debian (there is no apt-get), so nothing is installed; tools/packages.txt lists what is needed." >&2
		return 0
	fi
	missing=$(packages_missing "$@")
	[[ $missing ]] || return 0
	if [[ $(id -u) != 0 ]]; then
		if ! command -v sudo >/dev/null; then
			echo "postern: missing: $missing- and there is no sudo. As root: apt-get install $missing" >&2
			return 1
		fi
		as_root=(sudo)
		[[ -t 0 ]] || as_root=(sudo -n)
		if ! "${as_root[@]}" true; then
			echo "postern: sudo does not let us install what is missing. As root: apt-get install $missing" >&2
			return 1
		fi
	fi
	mkdir -p build
	echo "installing: $missing" >&2
	as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
	# A list that cannot be had matters only if the packages cannot be had either: a mirror of no concern here may be down.
	"${as_root[@]}" update >"$log" 2>&1 || echo "postern: apt-get update failed in part; going on with the lists that are there" >&2
	# shellcheck disable=SC2086 # a list of names
	if ! "${as_root[@]}" install -y --no-install-recommends $missing >>"$log" 2>&1; then
		grep -E '^(E|W|Err):' "$log" | tail -n 6 >&2
		echo "postern: apt-get could not install: $missing- its own words are above, the rest in $log. Look at the network and at the mirror in /etc/apt, then run this again." >&2
		return 1
	fi
}

# How many to run at once.
jobs_here() {
	nproc 2>/dev/null || echo 2
}

# Starts this script again (own_root "$@") with a root that allows user namespaces, if the present one was made with chroot and if we
# may be root. Otherwise nothing happens; what cannot run says why itself.
own_root() {
	local me as_root=()
	[[ ${POSTERN_OWN_ROOT:-} ]] && return
	unshare --user true 2>/dev/null && return
	me=$(id -un)
	if [[ $me != root ]]; then
		sudo -n true 2>/dev/null || return
		as_root=(sudo -n env "HOME=$HOME" "USER=$me" "LOGNAME=$me")
		mapfile -t -O "${#as_root[@]}" as_root < <(env | grep -iE '^(BUILD|CI|TERM|NO_COLOR|LANG|LC_[A-Z]*|TMPDIR|XDG_[A-Z_]*|(https?|no|all)_proxy|npm_config_[a-z_]*|SSL_CERT_FILE|NODE_EXTRA_CA_CERTS)=')
	fi
	export POSTERN_OWN_ROOT=1
	as_root+=(${as_root[0]:+POSTERN_OWN_ROOT=1})
	# Only if it helps this very user: a setting that forbids namespaces is told by postern itself.
	"${as_root[@]}" tools/own-root.sh "$me" / unshare --user true >/dev/null 2>&1 || return
	exec "${as_root[@]}" "$PWD/tools/own-root.sh" "$me" "$PWD" "$PWD/$(basename "$0")" "$@"
}
