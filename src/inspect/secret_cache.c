#include "inspect/secret_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "inspect/matcher.h"
#include "inspect/secret_image.h"
#include "sys/fd.h"

#define DIGEST 32 /* bytes of SHA-256, in front of the image in its file */

/* "rules-" and 32 hex digits: of everything that an image depends on. */
static int name_of(const struct secret_source *sources, size_t n, char out[48])
{
	_cleanup_buf_ struct buf all = BUF((size_t)64 << 20);
	uint8_t digest[DIGEST_MAX];
	hs_platform_info_t platform = {0};
	int r = matcher_load(NULL);
	if (r < 0)
		return r;
	if (hs_populate_platform(&platform) != HS_SUCCESS)
		return -ENOTSUP;
	buf_fmt(&all, "%s %s %u %llu %llu\n", POSTERN_VERSION, hs_version(), platform.tune, (unsigned long long)platform.cpu_features,
	        (unsigned long long)IMAGE_MAGIC);
	for (size_t i = 0; i < n; i++) {
		buf_be(&all, sources[i].text.n, 8);
		buf_add(&all, sources[i].text);
	}
	int e = buf_error(&all) ? buf_error(&all) : digest_of(DIGEST_SHA256, buf_slice(&all), digest);
	if (e < 0)
		return e;
	(void)snprintf(out, 48, "rules-");
	for (size_t i = 0; i < 16; i++)
		(void)snprintf(out + 6 + 2 * i, 3, "%02x", digest[i]);
	return 0;
}

/* Whether a good image was appended. */
static bool take(int dir, const char *name, struct buf *image)
{
	uint8_t digest[DIGEST_MAX];
	struct stat st;
	_cleanup_fd_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
		return false;
	if (st.st_size <= DIGEST || (size_t)st.st_size > SECRET_IMAGE_MAX)
		return false;
	size_t size = (size_t)st.st_size - DIGEST, before = image->n, n = 0;
	uint8_t stored[DIGEST], *p = buf_room(image, size);
	if (!p || read(fd, stored, DIGEST) != DIGEST)
		return false;
	for (ssize_t k; n < size && (k = read(fd, p + n, size - n)) > 0;)
		n += (size_t)k;
	if (n != size || digest_of(DIGEST_SHA256, slice_of(p, size), digest) < 0 || memcmp(digest, stored, DIGEST) != 0)
		return false;
	image->n = before + size;
	return true;
}

/* To a name of its own, then renamed: two that start together do not meet. */
static void leave(int dir, const char *name, struct slice image)
{
	uint8_t digest[DIGEST_MAX];
	char fresh[80];
	if (digest_of(DIGEST_SHA256, image, digest) < 0)
		return;
	(void)snprintf(fresh, sizeof(fresh), "%s.%d", name, (int)getpid());
	_cleanup_fd_ int fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	if (fd_write_all(fd, slice_of(digest, DIGEST)) < 0 || fd_write_all(fd, image) < 0 || renameat(dir, fresh, dir, name) < 0)
		(void)unlinkat(dir, fresh, 0);
}

int secret_load(const struct secret_source *sources, size_t n, int dir, struct buf *image, struct err *err)
{
	char name[48];
	size_t before = image->n;
	bool named = dir >= 0 && name_of(sources, n, name) == 0;
	if (named && take(dir, name, image))
		return 0;
	/* The room that was asked for in vain is no error of the caller's. */
	image->n = before;
	image->error = 0;
	int e = secret_compile(sources, n, image, err);
	if (e == 0 && named)
		leave(dir, name, slice_sub(buf_slice(image), before, image->n - before));
	return e;
}
