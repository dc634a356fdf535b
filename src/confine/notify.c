#include "confine/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/cleanup.h"

int notify_listen(const struct sock_fprog *program)
{
	static const unsigned flags[] = {
	        SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, SECCOMP_FILTER_FLAG_NEW_LISTENER};
	long fd = -1;
	for (size_t i = 0; i < ARRAY_LEN(flags) && fd < 0; i++)
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags[i], program);
	return fd < 0 ? -errno : (int)fd;
}

ssize_t notify_read(pid_t thread, uint64_t at, void *data, size_t n)
{
	struct iovec here = {data, n}, there = {(void *)(uintptr_t)at, n};
	return process_vm_readv(thread, &here, 1, &there, 1, 0);
}

int notify_get(pid_t thread, uint64_t at, void *data, size_t n)
{
	ssize_t done = notify_read(thread, at, data, n);
	return done < 0 ? -errno : (size_t)done == n ? 0 : -EFAULT;
}

ssize_t notify_write(pid_t thread, uint64_t at, const void *data, size_t n)
{
	struct iovec here = {(void *)(uintptr_t)data, n}, there = {(void *)(uintptr_t)at, n};
	return process_vm_writev(thread, &here, 1, &there, 1, 0);
}

int notify_put(pid_t thread, uint64_t at, const void *data, size_t n)
{
	ssize_t done = notify_write(thread, at, data, n);
	return done < 0 ? -errno : (size_t)done == n ? 0 : -EFAULT;
}

ssize_t notify_proc(pid_t thread, const char *name, char *out, size_t size)
{
	char path[64];
	(void)snprintf(path, sizeof(path), "/proc/%d/%s", thread, name);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
	out[n > 0 ? n : 0] = 0;
	return n;
}

uint64_t notify_started(pid_t thread, char *state)
{
	char text[1024];
	const char *p = notify_proc(thread, "stat", text, sizeof(text)) > 0 ? strrchr(text, ')') : NULL;
	if (state)
		*state = p && p[1] ? p[2] : 0;
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p ? strtoull(p + 1, NULL, 10) : 0;
}

void notify_family(pid_t thread, pid_t *process, pid_t *parent)
{
	char text[4096];
	*process = *parent = 0;
	if (notify_proc(thread, "status", text, sizeof(text)) <= 0)
		return;
	const char *group = strstr(text, "\nTgid:"), *above = strstr(text, "\nPPid:");
	*process = group ? (pid_t)strtol(group + 6, NULL, 10) : 0;
	*parent = above ? (pid_t)strtol(above + 6, NULL, 10) : 0;
}
