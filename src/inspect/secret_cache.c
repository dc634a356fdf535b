#include "inspect/secret_cache.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "sys/matcher.h"
#include "inspect/secret_image.h"
#include "sys/fd.h"

#define DIGEST  32  /* bytes of SHA-256 of the image, first in its file */
#define LIBRARY 512 /* bytes behind it: which file of the matcher's the image was made with; the rest is the image */

/* What the processor can do, as far as the matcher makes use of it. */
static void processor(struct buf *out)
{
#if defined(__x86_64__)
	buf_fmt(out, "%d%d%d%d%d", !!__builtin_cpu_supports("ssse3"), !!__builtin_cpu_supports("avx2"), !!__builtin_cpu_supports("avx512f"),
	        !!__builtin_cpu_supports("avx512bw"), !!__builtin_cpu_supports("avx512vbmi"));
#else
	buf_fmt(out, "%lx %lx", getauxval(AT_HWCAP), getauxval(AT_HWCAP2));
#endif
}

/* "rules-" and 32 hex digits: of everything that an image depends on, but for the matcher's library. */
static int name_of(const struct secret_source *sources, size_t n, char out[48])
{
	_cleanup_buf_ struct buf all = BUF((size_t)64 << 20);
	uint8_t digest[DIGEST_MAX];
	buf_fmt(&all, "%s %llu ", POSTERN_VERSION, (unsigned long long)IMAGE_MAGIC);
	processor(&all);
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

/* The library by its file, so that nothing needs to be loaded only to ask it for its version. */
static bool library_at(const char *path, char out[LIBRARY])
{
	struct stat st;
	memset(out, 0, LIBRARY);
	if (path[0] != '/' || stat(path, &st) < 0)
		return false;
	int n = snprintf(out, LIBRARY, "%s\n%llu %llu %lld %lld.%09ld %lld.%09ld", path, (unsigned long long)st.st_dev,
	        (unsigned long long)st.st_ino, (long long)st.st_size, (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
	        (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
	return n > 0 && n < LIBRARY;
}

static bool library_same(const char made[LIBRARY])
{
	char path[LIBRARY], now[LIBRARY];
	const char *end = memchr(made, '\n', LIBRARY);
	if (!end)
		return false;
	memcpy(path, made, (size_t)(end - made));
	path[end - made] = 0;
	return library_at(path, now) && memcmp(made, now, LIBRARY) == 0;
}

/* The one that is loaded. */
static bool library_loaded(char out[LIBRARY])
{
	Dl_info info;
	void *function = NULL;
	const char *(*version)(void) = hs_version;
	memcpy(&function, &version, sizeof(function));
	return dladdr(function, &info) != 0 && info.dli_fname && library_at(info.dli_fname, out);
}

/* Whether a good image was appended. */
static bool take(int dir, const char *name, struct buf *image)
{
	uint8_t digest[DIGEST_MAX];
	struct stat st;
	_cleanup_fd_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
		return false;
	if (st.st_size <= DIGEST + LIBRARY || (size_t)st.st_size > SECRET_IMAGE_MAX)
		return false;
	size_t size = (size_t)st.st_size - DIGEST - LIBRARY, before = image->n, n = 0;
	uint8_t stored[DIGEST], *p = buf_room(image, size);
	char library[LIBRARY];
	if (!p || read(fd, stored, DIGEST) != DIGEST || read(fd, library, LIBRARY) != LIBRARY || !library_same(library))
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
	char fresh[80], library[LIBRARY];
	if (!library_loaded(library) || digest_of(DIGEST_SHA256, image, digest) < 0)
		return;
	(void)snprintf(fresh, sizeof(fresh), "%s.%d", name, (int)getpid());
	_cleanup_fd_ int fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	if (fd_write_all(fd, slice_of(digest, DIGEST)) < 0 || fd_write_all(fd, slice_of(library, LIBRARY)) < 0 ||
	        fd_write_all(fd, image) < 0 || renameat(dir, fresh, dir, name) < 0)
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
