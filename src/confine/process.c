#include "confine/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/slice.h"

int process_put(const char *path, const char *fmt, ...)
{
	char text[128];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	_cleanup_fd_ int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, text, (size_t)n) == n ? 0 : -errno;
}

int process_map_ids(const char *pid, uid_t inside_uid, gid_t inside_gid, uid_t outside_uid, gid_t outside_gid)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "/proc/%s/setgroups", pid);
	int r = process_put(path, "deny");
	(void)snprintf(path, sizeof(path), "/proc/%s/uid_map", pid);
	r = r < 0 ? r : process_put(path, "%u %u 1", inside_uid, outside_uid);
	(void)snprintf(path, sizeof(path), "/proc/%s/gid_map", pid);
	return r < 0 ? r : process_put(path, "%u %u 1", inside_gid, outside_gid);
}

int process_drop_privileges(struct err *err)
{
	/* Who has no right to empty the bounding set has none to gain from it either, once there are no new privileges. */
	for (int c = 0; c < 64; c++)
		if (prctl(PR_CAPBSET_DROP, c, 0, 0, 0) < 0 && errno != EINVAL && errno != EPERM)
			return err_sys(err, -errno, "cannot drop a capability");
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0}, {0}};
	if (syscall(SYS_capset, &head, none) < 0)
		return err_sys(err, -errno, "cannot drop capabilities");
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? err_sys(err, -errno, "cannot set no_new_privs") : 0;
}

int process_lower_capabilities(uint64_t set)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		data[i].effective &= ~(uint32_t)(set >> (32 * i));
	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

int process_keep_capabilities(uint64_t set)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	for (int i = 0; i < 2; i++)
		data[i].inheritable = data[i].permitted & (uint32_t)(set >> (32 * i));
	if (syscall(SYS_capset, &head, data) < 0)
		return -errno;
	for (int c = 0; c < 64; c++)
		if ((set >> c & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, c, 0, 0) < 0)
			return -errno;
	return 0;
}

int process_limit(__rlimit_resource_t which, uint64_t value, struct err *err)
{
	struct rlimit now;
	if (getrlimit(which, &now) < 0)
		return err_sys(err, -errno, "cannot read a limit");
	rlim_t v = now.rlim_max != RLIM_INFINITY && value > now.rlim_max ? now.rlim_max : value;
	struct rlimit l = {v, v};
	return setrlimit(which, &l) < 0 ? err_sys(err, -errno, "cannot set a limit") : 0;
}

struct used {
	pid_t pid, parent;
	uint64_t ticks;
};

static int by_pid(const void *a, const void *b)
{
	pid_t x = ((const struct used *)a)->pid, y = ((const struct used *)b)->pid;
	return (x > y) - (x < y);
}

static bool is_below(const struct used *list, size_t n, const struct used *u, pid_t root)
{
	/* Processes come and go while they are read: numbers may even make a circle. */
	for (unsigned depth = 0; u && depth < 10000; depth++) {
		if (u->pid == root)
			return true;
		const struct used parent = {.pid = u->parent};
		u = bsearch(&parent, list, n, sizeof(*list), by_pid);
	}
	return false;
}

/* Fields 4 and 14 to 17 of /proc/PID/stat; the name before them may hold anything. */
static bool read_used(int proc, const char *name, struct used *u)
{
	char path[32], text[1024];
	uint64_t pid;
	if (!slice_u64(slice_str(name), INT_MAX, &pid) || snprintf(path, sizeof(path), "%s/stat", name) >= (int)sizeof(path))
		return false;
	_cleanup_fd_ int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	const char *p = strrchr(text, ')');
	long long parent;
	unsigned long long t[4];
	if (!p || sscanf(p + 1, " %*c %lld %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu %llu %llu %llu", &parent, &t[0], &t[1], &t[2], &t[3]) !=
	                  5)
		return false;
	*u = (struct used){.pid = (pid_t)pid, .parent = (pid_t)parent, .ticks = t[0] + t[1] + t[2] + t[3]};
	return true;
}

double process_tree_seconds(pid_t root)
{
	struct used *list = NULL;
	size_t n = 0, max = 0;
	uint64_t ticks = 0;
	DIR *d = opendir("/proc");
	for (struct dirent *e; d && (e = readdir(d));) {
		if (n == max) {
			size_t more = max ? 2 * max : 512;
			struct used *larger = realloc(list, more * sizeof(*larger));
			if (!larger)
				break;
			list = larger;
			max = more;
		}
		n += read_used(dirfd(d), e->d_name, &list[n]) ? 1 : 0;
	}
	if (n)
		qsort(list, n, sizeof(*list), by_pid);
	for (size_t i = 0; i < n; i++)
		ticks += is_below(list, n, &list[i], root) ? list[i].ticks : 0;
	free(list);
	if (d)
		(void)closedir(d);
	return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}

void process_hide_command_line(const char *shown)
{
	char text[2048];
	unsigned long begin = 0, end = 0;
	_cleanup_fd_ int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
	size_t length = strlen(shown);
	if (n <= 0)
		return;
	text[n] = 0;
	/* Fields 48 and 49 of proc(5); the second may hold blanks, so they are counted from its end. */
	const char *p = strrchr(text, ')');
	for (int field = 2; p && field < 48; field++)
		p = strchr(p + 1, ' ');
	if (!p || sscanf(p, "%lu %lu", &begin, &end) != 2 || begin == 0 || end <= begin)
		return;
	memset((void *)(uintptr_t)begin, 0, end - begin);
	memcpy((void *)(uintptr_t)begin, shown, length < end - begin ? length : end - begin - 1);
	/* If the last byte is not zero, the kernel takes that for a title that ends where the first zero is, and shows no more. */
	if (end - begin > length + 2)
		*(char *)(uintptr_t)(end - 1) = 1;
}

_Noreturn void process_become_role(const char *role, int exe_file, int control_end, int other, bool large_pages)
{
	char word[64], name[] = "postern";
	char *argv[] = {name, word, NULL};
	char tunables[] = "GLIBC_TUNABLES=glibc.malloc.hugetlb=1";
	char *env[] = {large_pages ? tunables : NULL, NULL};
	(void)snprintf(word, sizeof(word), "--role=%s", role);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* The control socket is descriptor 3 for the role. */
	int exe = fcntl(exe_file, F_DUPFD_CLOEXEC, 10), control = fcntl(control_end, F_DUPFD_CLOEXEC, 10);
	int more = other < 0 ? -1 : fcntl(other, F_DUPFD_CLOEXEC, 10);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (exe < 0 || control < 0 || dup2(control, 3) < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		_exit(1);
	if (other >= 0 && (more < 0 || dup2(more, 4) < 0))
		_exit(1);
	(void)close_range(other < 0 ? 4 : 5, ~0u, CLOSE_RANGE_CLOEXEC);
	(void)execveat(exe, "", argv, env, AT_EMPTY_PATH);
	_exit(1);
}
