#include "guard/fan.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/fanotify.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"

#define EVENTS_MAX 32    /* others are served in between */
#define NUMBERS    65536 /* descriptors that a process can have, see fd_raise_limit() */

int fan_open(int *out, struct err *err)
{
	/* Without an unlimited queue the kernel would let pass what does not fit. */
	int fd = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS,
	        O_RDONLY | O_LARGEFILE | O_CLOEXEC | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		return err_set(err, -EPERM, "only root (CAP_SYS_ADMIN) can be asked by the kernel; start this with sudo");
	if (fd < 0 && (errno == ENOSYS || errno == EINVAL))
		return err_set(err, -ENOSYS, "this kernel has no permission events (CONFIG_FANOTIFY_ACCESS_PERMISSIONS)");
	if (fd < 0)
		return err_sys(err, -errno, "cannot be asked by the kernel (fanotify_init)");
	*out = fd;
	return 0;
}

static int mark(int fan, unsigned flags, uint64_t mask, int fd)
{
	return fanotify_mark(fan, flags, mask, fd, NULL) < 0 ? -errno : 0;
}

int fan_ignore(int fan, int fd)
{
	/* One that the kernel may drop together with the inode costs no memory that others need (5.19). */
	int r = mark(fan, FAN_MARK_ADD | FAN_MARK_EVICTABLE | FAN_MARK_IGNORE, FAN_OPEN_EXEC_PERM | FAN_OPEN_PERM, fd);
	if (r == -EINVAL)
		r = mark(fan, FAN_MARK_ADD | FAN_MARK_IGNORED_MASK, FAN_OPEN_EXEC_PERM | FAN_OPEN_PERM, fd);
	return r;
}

int fan_unignore(int fan, int fd)
{
	int r = mark(fan, FAN_MARK_REMOVE | FAN_MARK_IGNORE, FAN_OPEN_EXEC_PERM | FAN_OPEN_PERM, fd);
	if (r == -EINVAL)
		r = mark(fan, FAN_MARK_REMOVE | FAN_MARK_IGNORED_MASK, FAN_OPEN_EXEC_PERM | FAN_OPEN_PERM, fd);
	return r;
}

int fan_end(int fan)
{
	return fanotify_mark(fan, FAN_MARK_FLUSH | FAN_MARK_FILESYSTEM, 0, AT_FDCWD, "/") < 0 ? -errno : 0;
}

int fan_read(int fan, void (*event)(void *arg, const struct fan_event *e), void *arg)
{
	struct fanotify_event_metadata list[EVENTS_MAX];
	int count = 0;
	ssize_t n = read(fan, list, sizeof(list));
	/* Nobody waits, or it is of the file that was to be opened, whatever it is: who serves it may choose. */
	if (n < 0)
		return 0;
	size_t left = (size_t)n;
	for (struct fanotify_event_metadata *m = list; FAN_EVENT_OK(m, left); m = FAN_EVENT_NEXT(m, left)) {
		if (m->vers != FANOTIFY_METADATA_VERSION)
			return -EPROTO;
		if (m->fd < 0)
			continue;
		struct fan_event e = {.fd = m->fd, .pid = m->pid, .exec = (m->mask & FAN_OPEN_EXEC_PERM) != 0};
		event(arg, &e);
		count++;
	}
	return count;
}

int fan_answer(int fan, int fd, bool allow)
{
	struct fanotify_response r = {.fd = fd, .response = allow ? FAN_ALLOW : FAN_DENY};
	return write(fan, &r, sizeof(r)) < 0 ? -errno : 0;
}

unsigned fan_sweep(int fan, bool allow)
{
	/* The kernel knows an event by the number that its descriptor had, not by the process that has it. */
	unsigned n = 0;
	for (int fd = 0; fd < NUMBERS; fd++)
		n += fan_answer(fan, fd, allow) == 0;
	return n;
}
