#include "guard/manager.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/slice.h"

#define FIRST 3 /* SD_LISTEN_FDS_START */

void manager_tell(const char *state, int fd)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;
	if (n < 2 || n >= sizeof(to.sun_path) || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, n);
	if (path[0] == '@')
		to.sun_path[0] = 0;
	_cleanup_fd_ int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	struct iovec v = {(void *)(uintptr_t)state, strlen(state)};
	struct msghdr m = {
	        .msg_name = &to, .msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n), .msg_iov = &v, .msg_iovlen = 1};
	if (fd >= 0) {
		m.msg_control = control.bytes;
		m.msg_controllen = sizeof(control.bytes);
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	if (s >= 0)
		(void)!sendmsg(s, &m, MSG_NOSIGNAL);
}

static uint64_t number(const char *name, uint64_t max)
{
	uint64_t v = 0;
	const char *text = getenv(name);
	return text && slice_u64(slice_str(text), max, &v) ? v : 0;
}

int manager_kept(const char *name)
{
	struct slice names = slice_str(getenv("LISTEN_FDNAMES")), one;
	uint64_t n = number("LISTEN_PID", INT32_MAX) == (uint64_t)getpid() ? number("LISTEN_FDS", 64) : 0;
	for (int i = 0; (uint64_t)i < n && slice_split(&names, ':', &one); i++)
		if (slice_is(one, name)) {
			int fd = fcntl(FIRST + i, F_DUPFD_CLOEXEC, 16);
			(void)close(FIRST + i);
			return fd;
		}
	return -1;
}

unsigned manager_watchdog(void)
{
	uint64_t usec = number("WATCHDOG_USEC", (uint64_t)3600 * 1000000);
	return (unsigned)(usec / 2000);
}
