#include "sys/fd.h"

#include <errno.h>
#include <unistd.h>

int fd_write_all(int fd, struct slice data)
{
	while (data.n) {
		ssize_t n = write(fd, data.p, data.n);
		if (n < 0)
			return -errno;
		data = slice_from(data, (size_t)n);
	}
	return 0;
}
