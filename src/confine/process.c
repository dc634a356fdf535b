#include "confine/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

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
}

_Noreturn void process_become_role(const char *role, int exe_file, int control_end)
{
	char word[64], name[] = "postern";
	char *argv[] = {name, word, NULL};
	char *env[] = {NULL};
	(void)snprintf(word, sizeof(word), "--role=%s", role);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* The control socket is descriptor 3 for the role. */
	int exe = fcntl(exe_file, F_DUPFD_CLOEXEC, 10), control = fcntl(control_end, F_DUPFD_CLOEXEC, 10);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (exe < 0 || control < 0 || dup2(control, 3) < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
		_exit(1);
	(void)close_range(4, ~0u, CLOSE_RANGE_CLOEXEC);
	(void)execveat(exe, "", argv, env, AT_EMPTY_PATH);
	_exit(1);
}
