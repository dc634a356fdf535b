#include "guard/tell.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/encode.h"

#define TTY_MAJOR_CONSOLE 4u
#define PTS_FIRST         136u
#define PTS_LAST          143u
#define TELL_MAX          4096u

bool tell_terminal(const struct who *who, const char *text)
{
	char path[64];
	struct stat st;
	unsigned major = major(who->tty), minor = minor(who->tty);
	if (major >= PTS_FIRST && major <= PTS_LAST)
		(void)snprintf(path, sizeof(path), "/dev/pts/%u", (major - PTS_FIRST) * 256 + minor);
	else if (major == TTY_MAJOR_CONSOLE && minor < 64)
		(void)snprintf(path, sizeof(path), "/dev/tty%u", minor);
	else
		return false;
	/* A terminal of another mount of devpts has the same number; that it belongs to the same person is what must hold. */
	_cleanup_fd_ int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != who->tty ||
	        (st.st_uid != who->uid && st.st_uid != who->login))
		return false;
	_cleanup_buf_ struct buf out = BUF(TELL_MAX * 4);
	struct slice rest = slice_sub(slice_str(text), 0, TELL_MAX), line;
	buf_str_add(&out, "\r\n");
	while (slice_split(&rest, '\n', &line)) {
		encode_shown(&out, line);
		buf_str_add(&out, "\r\n");
	}
	return buf_error(&out) == 0 && write(fd, out.p, out.n) > 0;
}
