#include "gate/keep.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/fd.h"

void keep_free(struct keep *k)
{
	fd_closep(&k->fd);
}

void keep_begin(struct keep *k, struct slice bytes)
{
	*k = (struct keep){.fd = memfd_create("body", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
	keep_add(k, bytes);
}

void keep_add(struct keep *k, struct slice bytes)
{
	k->size += bytes.n;
	if (k->fd >= 0 && (k->size > KEEP_MAX || fd_write_all(k->fd, bytes) < 0))
		keep_free(k);
}

bool keep_seal(int fd)
{
	struct stat st;
	/* Only files in memory have seals; who still has one mapped for writing cannot be shut out. */
	return fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0 && fstat(fd, &st) == 0 &&
	       S_ISREG(st.st_mode) && (uint64_t)st.st_size <= KEEP_MAX;
}
