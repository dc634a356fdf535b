/* System calls and sockets that a tool does not need: doors into the kernel. A row each. */
#include "attack.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the kernel, or a filter, says to one who may not. */
static bool refused(int e)
{
	return e == EPERM || e == EACCES || e == ENOSYS || e == EAFNOSUPPORT || e == EPROTONOSUPPORT || e == ESOCKTNOSUPPORT || e == EOPNOTSUPP;
}

struct call {
	long number;
	long arg[6];
};
#define PTR(p) (long)(uintptr_t)(p)

static char zeros[4096];
static struct timespec now;
static struct timex timex;
static struct clone_args clone_args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
static struct clone_args clone_all = {.flags = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS, .exit_signal = SIGCHLD};
static struct iovec local_vec = {zeros, 8};
/* Attributes of perf_event_open(2): PERF_TYPE_SOFTWARE, 128 bytes, a cpu clock of our own process. */
static uint32_t perf_attr[32] = {1, 128};
static uint64_t bpf_map[16] = {(uint64_t)4 << 32 | 2, (uint64_t)1 << 32 | 4}; /* an array */
static struct {
	uint64_t size[8];
} open_how;

static enum verdict call(const void *arg)
{
	const struct call *c = arg;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (attack_bare && c->number == SYS_vhangup)
		return attack_note(NOT_TRIED, "it would end the terminal of the test");
	errno = 0;
	pid_t me = getpid();
	long r = syscall(c->number, c->arg[0], c->arg[1], c->arg[2], c->arg[3], c->arg[4], c->arg[5]);
	if (getpid() != me)
		_exit(0); /* a child that clone(2) made */
	if (r >= 0)
		return ESCAPED;
	return refused(errno) ? attack_note(HELD, "%s", strerror(errno)) : attack_note(ESCAPED, "the kernel has looked at it: %s", strerror(errno));
}

static enum verdict x32(const void *arg)
{
	(void)arg;
	long r = syscall(0x40000000 | SYS_getpid);
	return r > 0 ? ESCAPED : attack_note(HELD, "%s", strerror(errno));
}

static enum verdict int80(const void *arg)
{
	(void)arg;
#ifdef __x86_64__
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "0"(20L), "b"(0), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
	return r > 0 ? ESCAPED : attack_note(HELD, "%s", strerror((int)-r));
#else
	return attack_note(NOT_TRIED, "another architecture");
#endif
}

static enum verdict int80_open(const void *arg)
{
	/* The 32-bit entry for what the 64-bit filter would look at: socket(AF_ALG) by socketcall(2). */
	(void)arg;
#ifdef __x86_64__
	uint32_t *a = (uint32_t *)(uintptr_t)0x10000000;
	if (syscall(SYS_mmap, a, 4096, 3, 0x32, -1, 0) != 0x10000000)
		return attack_note(NOT_TRIED, "no memory below 4 GiB");
	a[0] = 38, a[1] = SOCK_SEQPACKET, a[2] = 0;
	long r;
	__asm__ volatile("int $0x80" : "=a"(r) : "0"(102L), "b"(1), "c"(0x10000000), "d"(0) : "memory", "r8", "r9", "r10", "r11");
	return r >= 0 ? ESCAPED : attack_note(HELD, "%s", strerror((int)-r));
#else
	return attack_note(NOT_TRIED, "another architecture");
#endif
}

static enum verdict caps(const void *arg)
{
	char b[4096];
	(void)arg;
	if (!attack_read("/proc/self/status", b, sizeof(b)))
		return attack_note(NOT_TRIED, "no /proc");
	static const char *const lines[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};
	for (size_t i = 0; i < COUNT(lines); i++) {
		const char *at = strstr(b, lines[i]);
		if (at && strtoull(at + 7, NULL, 16))
			return attack_note(ESCAPED, "%s is not empty", lines[i]);
	}
	return HELD;
}

static enum verdict new_privileges(const void *arg)
{
	(void)arg;
	int r = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	return r == 1 ? HELD : ESCAPED;
}

static enum verdict no_filter(const void *arg)
{
	char b[4096];
	(void)arg;
	const char *at = attack_read("/proc/self/status", b, sizeof(b)) ? strstr(b, "Seccomp:\t") : NULL;
	return at && at[9] == '2' ? HELD : ESCAPED;
}

static enum verdict own_memory_by_ptrace(const void *arg)
{
	/* A process of the run that is not ours to look at: its first. */
	(void)arg;
	if (attack_bare)
		return attack_note(NOT_TRIED, "without a sandbox that would be the system's");
	return ptrace(PTRACE_ATTACH, 1, 0, 0) == 0 ? ESCAPED : attack_note(HELD, "%s", strerror(errno));
}

static enum verdict listener(const void *arg)
{
	/* A listener of our own over a child would answer for what the sandbox asks about. */
	(void)arg;
	static const struct {
		uint16_t code;
		uint8_t t, f;
		uint32_t k;
	} allow = {6, 0, 0, 0x7fff0000};
	struct {
		uint16_t n;
		const void *p;
	} prog = {1, &allow};
	if (attack_bare)
		(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	long fd = syscall(SYS_seccomp, 1, 8, &prog);
	return fd >= 0 ? ESCAPED : attack_note(HELD, "%s", strerror(errno));
}

static enum verdict notify_descriptor(const void *arg)
{
	char link[300], path[64];
	(void)arg;
	for (int pid = 1; pid < 300; pid++)
		for (int fd = 0; fd < 64; fd++) {
			(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", pid, fd);
			ssize_t n = readlink(path, link, sizeof(link) - 1);
			link[n > 0 ? n : 0] = 0;
			if (strstr(link, "seccomp"))
				return attack_note(ESCAPED, "%s is %s", path, link);
		}
	return HELD;
}

#define CALL(name, what, twin, ...)                                               \
	{                                                                         \
		"kernel/" #name, #name "(2)", what, call, &(const struct call){__VA_ARGS__}, benign_##twin \
	}
#define OTHER(name, feature, what, fn, twin)                  \
	{                                                     \
		"kernel/" name, feature, what, fn, NULL, benign_##twin \
	}

static const struct attack_case kernel_cases[] = {
        CALL(io_uring_setup, "a second way to every system call, past the filter", epoll, SYS_io_uring_setup, {1, PTR(zeros)}),
        CALL(io_uring_register, "the same", epoll, 427, {-1, 0, 0, 0}),
        CALL(bpf, "a program or a map in the kernel", mmap, SYS_bpf, {0, PTR(bpf_map), 72}),
        CALL(perf_event_open, "counters, and a large parser in the kernel", time, SYS_perf_event_open, {PTR(perf_attr), 0, -1, -1, 0}),
        CALL(userfaultfd, "page faults that stand still, for races in the kernel", mmap, SYS_userfaultfd, {O_CLOEXEC}),
        CALL(keyctl, "the person's key ring", memfd, SYS_keyctl, {KEYCTL_GET_KEYRING_ID, KEY_SPEC_USER_KEYRING, 1}),
        CALL(add_key, "a key in the person's ring", memfd, SYS_add_key, {PTR("user"), PTR("escape"), PTR("x"), 1, KEY_SPEC_USER_KEYRING}),
        CALL(request_key, "a key from the person's ring", memfd, SYS_request_key, {PTR("user"), PTR("escape"), 0, 0}),
        CALL(kexec_load, "another kernel", exec, SYS_kexec_load, {0, 0, 0, 1L << 20}),
        CALL(kexec_file_load, "the same", exec, SYS_kexec_file_load, {-1, -1, 0, 0, 0}),
        CALL(init_module, "code into the kernel", mmap, SYS_init_module, {PTR(zeros), 0, PTR("")}),
        CALL(finit_module, "the same from a file", file, SYS_finit_module, {-1, PTR(""), 0}),
        CALL(delete_module, "code out of the kernel", file, SYS_delete_module, {PTR("no-such-module"), O_NONBLOCK}),
        CALL(mount, "another file over one", file, SYS_mount, {PTR("none"), PTR("/mnt/no-such"), PTR("tmpfs"), 0, 0}),
        CALL(umount2, "what covers secrets taken away", list, SYS_umount2, {PTR("/mnt/no-such"), MNT_DETACH}),
        CALL(pivot_root, "another root", list, SYS_pivot_root, {PTR("/no-such"), PTR("/no-such")}),
        CALL(chroot, "another root", list, SYS_chroot, {PTR("/")}),
        CALL(setns, "into another namespace", child, SYS_setns, {-1, 0}),
        CALL(fsopen, "mounting, the new way", file, 430, {PTR("tmpfs"), 0}),
        CALL(fsmount, "the same", file, 432, {-1, 0, 0}),
        CALL(fspick, "the same", file, 433, {AT_FDCWD, PTR("/"), 0}),
        CALL(open_tree, "a copy of the tree without what covers it", list, 428, {AT_FDCWD, PTR("/"), 1}),
        CALL(move_mount, "a mount to another place", rename, 429, {-1, PTR(""), -1, PTR(""), 0}),
        CALL(mount_setattr, "read-only made writable", mode, 442, {AT_FDCWD, PTR("/"), 0, PTR(zeros), 32}),
        CALL(unshare_user, "a user namespace, with all capabilities in it", child, SYS_unshare, {CLONE_NEWUSER}),
        CALL(unshare_mount, "a mount namespace", child, SYS_unshare, {CLONE_NEWNS}),
        CALL(unshare_net, "a network without the gate", tcp, SYS_unshare, {CLONE_NEWNET}),
        CALL(unshare_pid, "processes that are not seen", child, SYS_unshare, {CLONE_NEWPID}),
        CALL(clone_user, "a user namespace by clone(2)", child, SYS_clone, {CLONE_NEWUSER | SIGCHLD}),
        CALL(clone_mount, "a mount namespace by clone(2)", child, SYS_clone, {CLONE_NEWNS | SIGCHLD}),
        CALL(clone_net, "a network namespace by clone(2)", thread, SYS_clone, {CLONE_NEWNET | SIGCHLD}),
        CALL(clone3_user, "flags behind a pointer, which a filter cannot see", thread, SYS_clone3, {PTR(&clone_args), sizeof(clone_args)}),
        CALL(clone3_all, "the same, five namespaces", child, SYS_clone3, {PTR(&clone_all), sizeof(clone_all)}),
        CALL(acct, "a file that the kernel writes", file, SYS_acct, {PTR("/no-such")}),
        CALL(swapon, "memory on a file of ours", file, SYS_swapon, {PTR("/no-such"), 0}),
        CALL(swapoff, "the same, off", file, SYS_swapoff, {PTR("/no-such")}),
        CALL(quotactl, "limits of disks", limits, SYS_quotactl, {0x800007, PTR("/no-such"), 0, 0}),
        CALL(reboot, "the machine's end", exec, SYS_reboot, {0, 0, 0, 0}),
        CALL(sethostname, "the machine's name", names, SYS_sethostname, {PTR(zeros), 65}),
        CALL(setdomainname, "the same", names, SYS_setdomainname, {PTR(zeros), 65}),
        CALL(clock_settime, "the machine's clock", time, SYS_clock_settime, {99, PTR(&now)}),
        CALL(settimeofday, "the same", time, SYS_settimeofday, {0, PTR(zeros)}),
        CALL(clock_adjtime, "the same, slowly", timers, SYS_clock_adjtime, {99, PTR(&timex)}),
        CALL(syslog, "the kernel's messages", own_proc, SYS_syslog, {10, 0, 0}),
        CALL(iopl, "ports of the machine", devices, SYS_iopl, {3}),
        CALL(ioperm, "the same", devices, SYS_ioperm, {0x80, 1, 1}),
        CALL(modify_ldt, "segments, and an old parser in the kernel", mmap, SYS_modify_ldt, {0, PTR(zeros), 16}),
        CALL(vhangup, "the terminal taken away", pty, SYS_vhangup, {0}),
        CALL(fanotify_init, "seeing, and refusing, what others open", inotify, SYS_fanotify_init, {0, 0}),
        CALL(name_to_handle_at, "a file by number, past its path", list, SYS_name_to_handle_at, {AT_FDCWD, PTR("/etc/passwd"), PTR(zeros), PTR(zeros + 512), 0}),
        CALL(open_by_handle_at, "the same", list, SYS_open_by_handle_at, {AT_FDCWD, PTR(zeros), 0}),
        CALL(ptrace_traceme, "debugging, by which a process becomes another", child, SYS_ptrace, {PTRACE_TRACEME, 0, 0, 0}),
        CALL(process_vm_readv, "another process's memory", mmap, SYS_process_vm_readv, {1, PTR(&local_vec), 1, PTR(&local_vec), 1, 0}),
        CALL(process_vm_writev, "the same, written", mmap, SYS_process_vm_writev, {1, PTR(&local_vec), 1, PTR(&local_vec), 1, 0}),
        CALL(kcmp, "where the kernel has things", child, SYS_kcmp, {1, 1, 0, 0, 0}),
        CALL(pidfd_getfd, "a descriptor out of another process", socketpair, 438, {-1, 0, 0}),
        CALL(process_madvise, "another process's memory", mmap, 440, {-1, PTR(&local_vec), 1, 4, 0}),
        CALL(move_pages, "another process's memory", mmap, SYS_move_pages, {1, 0, 0, 0, 0, 0}),
        CALL(migrate_pages, "the same", mmap, SYS_migrate_pages, {1, 0, 0, 0}),
        CALL(memfd_secret, "memory that nobody can look at", memfd, 447, {0}),
        CALL(lookup_dcookie, "paths by number", list, SYS_lookup_dcookie, {0, PTR(zeros), 100}),
        CALL(uselib, "an old loader", exec, SYS_uselib, {PTR("/no-such")}),
        CALL(ustat, "an old call", list, SYS_ustat, {0, PTR(zeros)}),
        CALL(sysfs, "an old call", list, SYS_sysfs, {3, 0, 0}),
        CALL(personality, "memory where an attacker wants it", mmap, SYS_personality, {ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC}),
        CALL(statmount, "mounts that are not shown", own_proc, 457, {PTR(zeros), PTR(zeros), 100, 0}),
        CALL(listmount, "the same", own_proc, 458, {PTR(zeros), PTR(zeros), 100, 0}),
        CALL(nfsservctl, "an old call", list, SYS_nfsservctl, {0, 0, 0}),
        CALL(fsconfig, "mounting, the new way", file, 431, {-1, 0, 0, 0, 0}),
        CALL(quotactl_fd, "limits of disks", limits, 443, {-1, 0x800007, 0, 0}),
        OTHER("x32", "x32", "numbers of another calling convention, past the filter", x32, epoll),
        OTHER("int80", "32-bit entry", "numbers of 32 bits, past the filter", int80, epoll),
        OTHER("int80_socket", "32-bit entry", "a socket that 64 bits would be refused", int80_open, socketpair),
        OTHER("capabilities", "capabilities", "one is left", caps, own_proc),
        OTHER("new_privileges", "no_new_privs", "programs with a set-user-id bit gain rights", new_privileges, exec),
        OTHER("no_filter", "seccomp", "there is no filter", no_filter, own_proc),
        OTHER("ptrace_first", "ptrace(2)", "the first process of the run taken over", own_memory_by_ptrace, child),
        OTHER("listener", "seccomp notify", "answers for what the sandbox asks about", listener, child),
        OTHER("notify_descriptor", "seccomp notify", "a descriptor of the sandbox's listener is in reach", notify_descriptor, own_proc),
};

const struct attack_family *kernel_family(void)
{
	(void)open_how;
	static const struct attack_family f = {"kernel", kernel_cases, COUNT(kernel_cases)};
	return &f;
}

struct family_of {
	int family, type, protocol;
};
static enum verdict make_socket(const void *arg)
{
	const struct family_of *s = arg;
	int fd = socket(s->family, s->type, s->protocol);
	return fd >= 0 ? ESCAPED : attack_note(HELD, "%s", strerror(errno));
}
static enum verdict make_pair(const void *arg)
{
	const struct family_of *s = arg;
	int fd[2];
	return socketpair(s->family, s->type, s->protocol, fd) == 0 ? ESCAPED : attack_note(HELD, "%s", strerror(errno));
}

#define SOCKET(name, f, t, p, what, twin)                                                                            \
	{                                                                                                            \
		"socket/" name, name, what, make_socket, &(const struct family_of){f, t, p}, benign_##twin \
	}
static const struct attack_case socket_cases[] = {
        SOCKET("AF_VSOCK", 40, SOCK_STREAM, 0, "to the machine that this one runs on", tcp),
        SOCKET("AF_ALG", 38, SOCK_SEQPACKET, 0, "ciphers of the kernel", socketpair),
        SOCKET("AF_PACKET", 17, SOCK_RAW, 0, "every packet", tcp),
        SOCKET("AF_PACKET_DGRAM", 17, SOCK_DGRAM, 0, "the same", udp),
        SOCKET("AF_RDS", 21, SOCK_SEQPACKET, 0, "a protocol that is not looked at", tcp),
        SOCKET("AF_TIPC", 30, SOCK_SEQPACKET, 0, "the same", tcp),
        SOCKET("AF_KCM", 41, SOCK_DGRAM, 0, "the same", tcp),
        SOCKET("AF_RXRPC", 33, SOCK_DGRAM, 2, "the same", udp),
        SOCKET("AF_KEY", 15, SOCK_RAW, 2, "keys of the kernel's network", socketpair),
        SOCKET("AF_BLUETOOTH", 31, SOCK_RAW, 1, "to devices nearby", tcp),
        SOCKET("AF_CAN", 29, SOCK_RAW, 1, "to devices", tcp),
        SOCKET("AF_NFC", 39, SOCK_SEQPACKET, 0, "to devices nearby", tcp),
        SOCKET("AF_XDP", 44, SOCK_RAW, 0, "packets past the network", udp),
        SOCKET("AF_SMC", 43, SOCK_STREAM, 0, "a protocol that is not looked at", tcp),
        SOCKET("AF_QIPCRTR", 42, SOCK_DGRAM, 0, "to the modem", udp),
        SOCKET("AF_LLC", 26, SOCK_DGRAM, 0, "a protocol that is not looked at", udp),
        SOCKET("AF_IEEE802154", 36, SOCK_RAW, 0, "to devices nearby", udp),
        SOCKET("AF_PPPOX", 24, SOCK_STREAM, 0, "tunnels", tcp),
        SOCKET("AF_PHONET", 35, SOCK_DGRAM, 0, "to the modem", udp),
        SOCKET("AF_CAIF", 37, SOCK_SEQPACKET, 0, "to the modem", tcp),
        SOCKET("AF_AX25", 3, SOCK_DGRAM, 0, "radio", udp),
        SOCKET("AF_APPLETALK", 5, SOCK_DGRAM, 0, "old", udp),
        SOCKET("AF_X25", 9, SOCK_SEQPACKET, 0, "old", tcp),
        SOCKET("AF_ATMPVC", 8, SOCK_DGRAM, 0, "old", udp),
        SOCKET("AF_MCTP", 45, SOCK_DGRAM, 0, "to controllers of the machine", udp),
        SOCKET("NETLINK_XFRM", 16, SOCK_RAW, 6, "IPsec", socketpair),
        SOCKET("NETLINK_NETFILTER", 16, SOCK_RAW, 12, "packet filters", socketpair),
        SOCKET("NETLINK_AUDIT", 16, SOCK_RAW, 9, "the audit", socketpair),
        SOCKET("NETLINK_KOBJECT_UEVENT", 16, SOCK_RAW, 15, "events of devices", inotify),
        SOCKET("NETLINK_CONNECTOR", 16, SOCK_RAW, 11, "processes of others", child),
        SOCKET("NETLINK_GENERIC", 16, SOCK_RAW, 16, "many parsers of the kernel", socketpair),
        SOCKET("NETLINK_SOCK_DIAG", 16, SOCK_RAW, 4, "sockets of others", socketpair),
        SOCKET("NETLINK_CRYPTO", 16, SOCK_RAW, 21, "ciphers of the kernel", random),
        SOCKET("raw_ICMP", 2, SOCK_RAW, 1, "packets by hand", tcp),
        SOCKET("raw_IP", 2, SOCK_RAW, 255, "packets by hand", tcp),
        SOCKET("raw_IPv6", 10, SOCK_RAW, 58, "packets by hand", tcp),
        SOCKET("SCTP", 2, SOCK_STREAM, 132, "a protocol that is not looked at", tcp),
        SOCKET("DCCP", 2, 6, 33, "the same", tcp),
        SOCKET("UDPLITE", 2, SOCK_DGRAM, 136, "the same", udp),
        SOCKET("MPTCP", 2, SOCK_STREAM, 262, "the same", tcp),
        SOCKET("L2TP", 2, SOCK_DGRAM, 115, "tunnels", udp),
        SOCKET("SOCK_PACKET", 2, 10, 0x300, "every packet, the old way", udp),
        {"socket/TIPC_pair", "AF_TIPC", "a pair of them", make_pair, &(const struct family_of){30, SOCK_STREAM, 0}, benign_socketpair},
};

const struct attack_family *sockets_family(void)
{
	static const struct attack_family f = {"sockets", socket_cases, COUNT(socket_cases)};
	return &f;
}
