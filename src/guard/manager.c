#include "guard/manager.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/slice.h"

void manager_tell(const char *state)
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
	struct iovec v = {(void *)(uintptr_t)state, strlen(state)};
	struct msghdr m = {
	        .msg_name = &to, .msg_namelen = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n), .msg_iov = &v, .msg_iovlen = 1};
	if (s >= 0)
		(void)!sendmsg(s, &m, MSG_NOSIGNAL);
}

static uint64_t number(const char *name, uint64_t max)
{
	uint64_t v = 0;
	const char *text = getenv(name);
	return text && slice_u64(slice_str(text), max, &v) ? v : 0;
}

unsigned manager_watchdog(void)
{
	uint64_t usec = number("WATCHDOG_USEC", (uint64_t)3600 * 1000000);
	return (unsigned)(usec / 2000);
}
