#include "base/cleanup.h"

#include <errno.h>

void fd_closep(int *fd)
{
	if (*fd < 0)
		return;
	int keep = errno;
	(void)close(*fd);
	errno = keep;
	*fd = -1;
}
