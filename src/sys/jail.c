#include "sys/jail.h"

#include <errno.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sanitized.h"

#define SECONDS_MAX   600
#define FILE_SIZE_MAX (4ull << 30)

/* The sanitizers' run time makes calls of its own. */
#ifdef SANITIZED
#define OTHERWISE SCMP_ACT_ERRNO(EPERM)
#else
#define OTHERWISE SCMP_ACT_KILL_PROCESS
#endif

struct limit {
	__rlimit_resource_t what;
	rlim_t max;
};

static int limits(const struct limit *table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct rlimit old, l = {table[i].max, table[i].max};
		if (getrlimit(table[i].what, &old) < 0)
			return -errno;
		if (old.rlim_max < l.rlim_max)
			l.rlim_cur = l.rlim_max = old.rlim_max;
		if (setrlimit(table[i].what, &l) < 0)
			return -errno;
	}
	return 0;
}

/* Kernels without Landlock give ENOSYS or EOPNOTSUPP: then openat2's RESOLVE_BENEATH alone keeps writes inside. */
static int landlock(int dir)
{
	const uint64_t all = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
	struct landlock_ruleset_attr ruleset = {.handled_access_fs = all};
	_cleanup_fd_ int fd = (int)syscall(SYS_landlock_create_ruleset, &ruleset, sizeof(ruleset), 0);
	if (fd < 0)
		return errno == ENOSYS || errno == EOPNOTSUPP ? 0 : -errno;
	struct landlock_path_beneath_attr beneath = {
	        .allowed_access = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_DIR |
	                          LANDLOCK_ACCESS_FS_REMOVE_FILE,
	        .parent_fd = dir,
	};
	if (dir >= 0 && syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) < 0)
		return -errno;
	return syscall(SYS_landlock_restrict_self, fd, 0) < 0 ? -errno : 0;
}

static const int for_unpacking[] = {SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(pwrite64),
        SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(openat2), SCMP_SYS(mkdirat), SCMP_SYS(unlinkat),
        SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(exit), SCMP_SYS(exit_group),
        SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(getrandom), SCMP_SYS(clock_gettime), SCMP_SYS(getpid), SCMP_SYS(gettid),
        SCMP_SYS(sched_yield), SCMP_SYS(sigaltstack)};
static const int for_serving[] = {SCMP_SYS(recvmsg), SCMP_SYS(sendmsg), SCMP_SYS(close), SCMP_SYS(fstat), SCMP_SYS(munmap),
        SCMP_SYS(mremap), SCMP_SYS(brk), SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn),
        SCMP_SYS(rt_sigprocmask), SCMP_SYS(restart_syscall), SCMP_SYS(getrandom), SCMP_SYS(clock_gettime), SCMP_SYS(getpid),
        SCMP_SYS(gettid), SCMP_SYS(sched_yield), SCMP_SYS(sysinfo)}; /* the last: qsort(3) asks how much memory there is */

static int filter(const int *allowed, size_t n_allowed, uint32_t otherwise)
{
	/* Libraries ask for character tables and time zones; they manage without. */
	static const int refused[] = {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(readlink),
	        SCMP_SYS(prctl), SCMP_SYS(ioctl), SCMP_SYS(stat), SCMP_SYS(statx)};
	scmp_filter_ctx c = seccomp_init(otherwise);
	if (!c)
		return -ENOMEM;
	int r = 0;
	for (size_t i = 0; i < n_allowed && r == 0; i++)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; i < ARRAY_LEN(refused) && r == 0; i++)
		r = seccomp_rule_add(c, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
	/* No page becomes executable. */
	if (r == 0)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (r == 0)
		r = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (r == 0)
		r = seccomp_load(c);
	seccomp_release(c);
	return r;
}

static int give_up(const struct limit *table, size_t n, int dir)
{
	int r = limits(table, n);
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	return r < 0 ? r : landlock(dir);
}

int jail_enter(int dir)
{
	static const struct limit table[] = {{RLIMIT_CPU, SECONDS_MAX}, {RLIMIT_FSIZE, FILE_SIZE_MAX}, {RLIMIT_CORE, 0}};
	int r = give_up(table, ARRAY_LEN(table), dir);
	return r < 0 ? r : filter(for_unpacking, ARRAY_LEN(for_unpacking), SCMP_ACT_KILL_PROCESS);
}

int jail_serve(uint64_t memory)
{
#ifdef SANITIZED
	memory = RLIM_INFINITY;
#endif
	const struct limit table[] = {{RLIMIT_FSIZE, 0}, {RLIMIT_CORE, 0}, {RLIMIT_DATA, memory}};
	int r = give_up(table, ARRAY_LEN(table), -1);
	if (r == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		r = -errno;
	return r < 0 ? r : filter(for_serving, ARRAY_LEN(for_serving), OTHERWISE);
}
