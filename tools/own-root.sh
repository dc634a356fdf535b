#!/usr/bin/env bash
# In a root that was changed with chroot the kernel makes no user namespaces (EPERM), which trials need. This runs a command on the same
# files, but with them as a proper root: in a mount namespace of its own, where the folder is a mount. Nothing changes outside that
# namespace. Called as root by ./check and ./try: own-root.sh USER FOLDER COMMAND...
set -u
user=$1 folder=$2
shift 2
exec 9</
export OWN_ROOT_USER=$user OWN_ROOT_FOLDER=$folder
# Entering the mount namespace that one is in already gives its own root; from there the folder is found again by descriptor 9.
# shellcheck disable=SC2016 # the inner shells expand them
exec unshare --mount --propagation unchanged nsenter --mount=/proc/self/ns/mnt bash -euc '
	root=$(readlink /proc/self/fd/9)
	mount --make-rprivate /
	mount --rbind "$root" "$root"
	cd "$root"
	pivot_root . mnt
	umount -l /mnt
	exec 9<&-
	cd "$OWN_ROOT_FOLDER"
	user=$OWN_ROOT_USER
	unset OWN_ROOT_USER OWN_ROOT_FOLDER
	[[ $user != root ]] || exec "$@"
	exec setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups "$@"
' - "$@"
