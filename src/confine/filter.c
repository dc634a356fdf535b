#include "confine/filter.h"

#include <errno.h>
#include <linux/sched.h>
#include <linux/sockios.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Refused with EPERM: what an ordinary user could not do either. */
static const int refused[] = {
        SCMP_SYS(mount),
        SCMP_SYS(umount2),
        SCMP_SYS(pivot_root),
        SCMP_SYS(chroot),
        SCMP_SYS(move_mount),
        SCMP_SYS(open_tree),
        SCMP_SYS(fsopen),
        SCMP_SYS(fsmount),
        SCMP_SYS(fsconfig),
        SCMP_SYS(fspick),
        SCMP_SYS(mount_setattr),
        SCMP_SYS(setns),
        SCMP_SYS(unshare),
        SCMP_SYS(bpf),
        SCMP_SYS(perf_event_open),
        SCMP_SYS(keyctl),
        SCMP_SYS(add_key),
        SCMP_SYS(request_key),
        SCMP_SYS(kexec_load),
        SCMP_SYS(kexec_file_load),
        SCMP_SYS(init_module),
        SCMP_SYS(finit_module),
        SCMP_SYS(delete_module),
        SCMP_SYS(swapon),
        SCMP_SYS(swapoff),
        SCMP_SYS(reboot),
        SCMP_SYS(syslog),
        SCMP_SYS(acct),
        SCMP_SYS(quotactl),
        SCMP_SYS(settimeofday),
        SCMP_SYS(clock_settime),
        SCMP_SYS(clock_adjtime),
        SCMP_SYS(adjtimex),
        SCMP_SYS(sethostname),
        SCMP_SYS(setdomainname),
        SCMP_SYS(userfaultfd),
        SCMP_SYS(open_by_handle_at),
        SCMP_SYS(name_to_handle_at),
        SCMP_SYS(fanotify_init),
        SCMP_SYS(lookup_dcookie),
};

/* Refused with ENOSYS: callers have an older way. clone3 hides its flags behind a pointer; io_uring does its work out of our sight. */
static const int unknown[] = {SCMP_SYS(clone3), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register)};

static const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};

static int rules(scmp_filter_ctx f)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < sizeof(refused) / sizeof(refused[0]); i++)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
	for (size_t i = 0; r == 0 && i < sizeof(unknown) / sizeof(unknown[0]); i++)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), unknown[i], 0);
	static const uint64_t namespaces[] = {
	        CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWCGROUP};
	for (size_t i = 0; r == 0 && i < sizeof(namespaces) / sizeof(namespaces[0]); i++)
		r = seccomp_rule_add(
		        f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
	/* Pushing input into a terminal. The kernel looks at the low 32 bits only. */
	static const uint64_t ioctls[] = {TIOCSTI, TIOCLINUX};
	for (size_t i = 0; r == 0 && i < sizeof(ioctls) / sizeof(ioctls[0]); i++)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, ioctls[i]));
	/* What a driver says of itself holds the real kernel's release. A driver that says nothing answers so. */
	if (r == 0)
		r = seccomp_rule_add(
		        f, SCMP_ACT_ERRNO(EOPNOTSUPP), SCMP_SYS(ioctl), 1, SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffffu, SIOCETHTOOL));
	/* Socket families beyond the usual: AF_VSOCK leads out of a virtual machine, others only to old kernel code. */
	for (int family = 0; r == 0 && family < AF_MAX; family++) {
		int known = 0;
		for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
			known |= family == families[i];
		if (!known)
			r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1,
			        SCMP_A0(SCMP_CMP_MASKED_EQ, 0xffffffffu, (uint64_t)family));
	}
	return r;
}

int filter_install(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	if (!f)
		return -ENOMEM;
	int r = rules(f);
	/* Other instruction sets' numbers (32-bit, x32) would pass under the rules above. */
	r = r < 0 ? r : seccomp_attr_set(f, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	r = r < 0 ? r : seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	r = r < 0 ? r : seccomp_load(f);
	seccomp_release(f);
	return r;
}
