#!/usr/bin/env bash
# check: long alone timeout=3400
# On a minimal Debian 12 a clean clone needs nothing else: ./check and ./try work, as root and as an ordinary user with sudo.
# Everything happens below one scratch folder. All mounts are made in a mount namespace of their own, so they end with their
# processes and are never seen outside. With a name as argument (root, or of the ordinary user) only as that one.
set -u
cd "$(dirname "$0")/../.." || exit 1
source_tree=$PWD

skip() {
	echo "$*"
	exit 77
}
((EUID == 0)) || skip 'making a Debian needs root'
command -v debootstrap >/dev/null || skip 'debootstrap is not installed'

# The mirror that this machine uses itself, whatever it is.
# shellcheck disable=SC2016 # the words are those of apt
mirror=$(apt-get indextargets --format '$(SITE) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' 2>/dev/null | awk '$2 == "bookworm" && $3 == "main" {print $1; exit}')
[[ $mirror ]] || skip 'the apt configuration of this machine names no mirror of bookworm'
proxy=$(apt-config dump Acquire::http::Proxy 2>/dev/null | sed -n 's/^Acquire::http::Proxy "\(.*\)";$/\1/p')

# Empty if no registry answers from here. Then ./try can only vet a specimen.
subject=$(sed -n 's/^subject=npm:\(.*\)@[0-9.]*$/\1/p' try)
registry=$(npm config get registry 2>/dev/null)
npm view "$subject" name >/dev/null 2>&1 || registry=
[[ $registry ]] || echo 'fresh-debian: no package registry answers here, so ./try will vet a specimen'
authorities=${SSL_CERT_FILE:-$(npm config get cafile 2>/dev/null)}

scratch=$(mktemp -d "${TMPDIR:-/tmp}/postern-fresh.XXXXXX") || exit 1
child=
cleanup() {
	trap - EXIT INT TERM HUP
	if [[ $child ]] && kill -0 "$child" 2>/dev/null; then
		kill -KILL "$child"
		wait "$child" 2>/dev/null
	fi
	# Nothing is removed through a mount that is alive.
	if grep -qF " $scratch" /proc/self/mounts; then
		echo "fresh-debian: something is mounted below $scratch, which is left as it is"
		return
	fi
	rm -rf --one-file-system -- "$scratch"
}
trap cleanup EXIT
trap 'cleanup; exit 130' INT TERM HUP

# Runs a command so that a signal to this script ends it at once, and so that it cannot outlive this script.
guarded() {
	setpriv --pdeathsig KILL "$@" </dev/null &
	child=$!
	wait "$child"
	local code=$?
	child=
	return $code
}

echo 'fresh-debian: making a minimal Debian 12'
if ! http_proxy=${proxy:-${http_proxy:-}} guarded unshare --mount --pid --fork --kill-child --propagation private \
	debootstrap --variant=minbase bookworm "$scratch/minimal" "$mirror" >"$scratch/log" 2>&1; then
	tail -n 20 "$scratch/log"
	echo 'fresh-debian: debootstrap failed'
	exit 1
fi
[[ -z $proxy ]] || echo "Acquire::http::Proxy \"$proxy\";" >"$scratch/minimal/etc/apt/apt.conf.d/80proxy"
cp /etc/resolv.conf "$scratch/minimal/etc/resolv.conf"
echo "127.0.0.1 localhost $(uname -n)" >"$scratch/minimal/etc/hosts"

# Inside the namespaces: mounts below $1, makes it the root (with chroot: the harder case, there the kernel allows no user namespaces), and
# runs the rest as the user $2 in the folder $3.
cat >"$scratch/enter" <<'END'
set -eu
root=$1 user=$2 folder=$3
shift 3
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys" 2>/dev/null || mount --rbind -o ro /sys "$root/sys"
mount -t tmpfs -o mode=755 dev "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/net"
mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
for device in null zero full random urandom tty net/tun; do
	[ -e "/dev/$device" ] || continue
	: >"$root/dev/$device"
	mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"
exec chroot --userspec="$user:$user" "$root" env -i --chdir="$folder" "$@"
END

# as USER: a fresh copy of the minimal system, in which that user runs both commands.
as() {
	local user=$1 root=$scratch/$1 path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin home commands code last words
	cp -a "$scratch/minimal" "$root"
	home=$(awk -F: '$1 == "root" {print $6}' "$root/etc/passwd")
	if [[ $user != root ]]; then
		# What makes this user an ordinary one with sudo; it is not part of what is tested.
		# shellcheck disable=SC2016 # the inner shell expands $0
		guarded unshare --mount --pid --fork --kill-child --propagation private bash "$scratch/enter" "$root" root / \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive bash -c 'apt-get -q update && apt-get -q install -y --no-install-recommends sudo &&
				useradd -m -s /bin/bash "$0" && echo "$0 ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/90-fresh' "$user" >"$scratch/log" 2>&1 || {
			tail -n 20 "$scratch/log"
			echo 'fresh-debian: the ordinary user could not be made'
			return 1
		}
		home=/home/$user path=/usr/local/bin:/usr/bin:/bin
	fi
	git clone -q --no-hardlinks "$source_tree" "$root$home/postern" || return 1
	chown -R --reference="$root$home" "$root$home/postern"
	# What leads to the registry from here is known there too: proxies, the registry itself, and whom to trust for it.
	mapfile -t words < <(env | grep -iE '^(https?_proxy|no_proxy)=')
	[[ $registry ]] && words+=("NPM_CONFIG_REGISTRY=$registry")
	if [[ -f $authorities ]]; then
		cp "$authorities" "$root/etc/authorities.pem"
		words+=(SSL_CERT_FILE=/etc/authorities.pem)
	fi
	for commands in './check --quick' ./try; do
		echo "fresh-debian: $commands as $user"
		guarded unshare --mount --pid --fork --kill-child --propagation private bash "$scratch/enter" "$root" "$user" "$home/postern" \
			PATH="$path" HOME="$home" USER="$user" TERM=dumb "${words[@]}" bash -c "$commands 2>errors | tee output; exit \${PIPESTATUS[0]}"
		code=$?
		last=$(tail -n 1 "$root$home/postern/output")
		if [[ $code != 0 ]] || { [[ $commands == ./check* ]] && [[ ! $last =~ ^[0-9]+\ passed,\ 0\ failed,\ [0-9]+\ skipped$ ]]; }; then
			tail -n 20 "$root$home/postern/errors"
			echo "fresh-debian: \"$commands\" as $user ended with code $code: $last"
			return 1
		fi
		# The verdict comes first.
		if [[ $commands == ./try ]] && ! head -n 1 "$root$home/postern/output" | grep -qiE 'clean|finding|inconclusive|covert|depends'; then
			echo "fresh-debian: ./try as $user opens with \"$(head -n 1 "$root$home/postern/output")\", which is no verdict"
			return 1
		fi
		# Where the registry can be reached it is the real tool that was vetted.
		if [[ $commands == ./try && $registry ]] && ! head -n 1 "$root$home/postern/output" | grep -qF "$subject"; then
			tail -n 5 "$root$home/postern/errors"
			echo "fresh-debian: ./try as $user did not vet $subject: $(head -n 1 "$root$home/postern/output")"
			return 1
		fi
	done
	rm -rf --one-file-system -- "$root"
}

(($#)) || set -- root tester
for user in "$@"; do
	as "$user" || exit 1
done
echo 'fresh-debian: ./check and ./try work on a minimal Debian 12'
