#include "confine/notify.h"

#include <errno.h>
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
