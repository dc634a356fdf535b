#include "wire/seal.h"

#include <errno.h>
#include <linux/capability.h>
#include <seccomp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sanitized.h"

/* What the loop, the sockets, the allocator and OpenSSL's generator call. No open, no exec, no clone. */
static const int allowed[] = {
        SCMP_SYS(read),
        SCMP_SYS(write),
        SCMP_SYS(close),
        SCMP_SYS(recvfrom),
        SCMP_SYS(sendto),
        SCMP_SYS(recvmsg),
        SCMP_SYS(sendmsg),
        SCMP_SYS(accept4),
        SCMP_SYS(bind),
        SCMP_SYS(listen),
        SCMP_SYS(setsockopt),
        SCMP_SYS(getsockname),
        SCMP_SYS(epoll_wait),
        SCMP_SYS(epoll_pwait),
        SCMP_SYS(epoll_ctl),
        SCMP_SYS(timerfd_create),
        SCMP_SYS(timerfd_settime),
        SCMP_SYS(mmap),
        SCMP_SYS(munmap),
        SCMP_SYS(mremap),
        SCMP_SYS(brk),
        SCMP_SYS(madvise),
        SCMP_SYS(mprotect),
        SCMP_SYS(futex),
        SCMP_SYS(clock_gettime),
        SCMP_SYS(gettimeofday),
        SCMP_SYS(time),
        SCMP_SYS(nanosleep),
        SCMP_SYS(clock_nanosleep),
        SCMP_SYS(getrandom),
        SCMP_SYS(getpid),
        SCMP_SYS(exit_group),
        SCMP_SYS(exit),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(restart_syscall),
        SCMP_SYS(shutdown),
        SCMP_SYS(sched_yield),
};

static int drop_capabilities(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct have[2], want[2] = {0};
	if (syscall(SYS_capget, &h, have) < 0)
		return -errno;
	want[0].permitted = want[0].effective = have[0].permitted & (1u << CAP_NET_BIND_SERVICE);
	return syscall(SYS_capset, &h, want) < 0 ? -errno : 0;
}

/*
 * The runtime of a sanitizer makes calls of its own, and more when it has something to say before it dies. In such builds a call that is
 * not allowed fails and is no death, so that what it says is read. Its search for leaks needs a tracer, which can only be before the seal:
 * it is done there, and not once more at the end.
 */
#ifdef SANITIZED
#include <sanitizer/lsan_interface.h>
#define OTHERWISE SCMP_ACT_ERRNO(EPERM)
#else
#define __lsan_do_leak_check() ((void)0)
#define OTHERWISE              SCMP_ACT_KILL_PROCESS
#endif

static int load_filter(bool memory_files)
{
	scmp_filter_ctx f = seccomp_init(OTHERWISE);
	if (!f)
		return -ENOMEM;
	int r = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(allowed); i++)
		if (allowed[i] >= 0) /* negative: this architecture has no such call */
			r = seccomp_rule_add(f, SCMP_ACT_ALLOW, allowed[i], 0);
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, AF_INET6, 0));
	/* What the kernel kept of a client's first packet. */
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(getsockopt), 2, SCMP_A1(SCMP_CMP_EQ, IPPROTO_TCP, 0),
		        SCMP_A2(SCMP_CMP_EQ, TCP_SAVED_SYN, 0));
	if (r == 0 && memory_files)
		r = seccomp_rule_add(
		        f, SCMP_ACT_ALLOW, SCMP_SYS(memfd_create), 1, SCMP_A1(SCMP_CMP_EQ, MFD_CLOEXEC | MFD_ALLOW_SEALING, 0));
	if (r == 0)
		r = seccomp_load(f);
	seccomp_release(f);
	return r;
}

int seal_process(bool memory_files)
{
	__lsan_do_leak_check();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return -errno;
	int r = drop_capabilities();
	return r < 0 ? r : load_filter(memory_files);
}

int seal_thread(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	int r = drop_capabilities();
	return r < 0 ? r : load_filter(false);
}
