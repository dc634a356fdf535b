#include "crypto/kept.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "crypto/digest.h"
#include "sys/fd.h"
#include "sys/matcher.h"
#include "sys/path.h"

#define DIGEST  32  /* bytes of SHA-256 of what is kept, first in its file */
#define LIBRARY 512 /* bytes behind it: which file of the matcher's it was made with; the rest is what is kept */

int kept_folder(void)
{
	_cleanup_arena_ struct arena a = ARENA(16384);
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME"), *folder = NULL;
	if (cache && cache[0] == '/')
		folder = arena_fmt(&a, "%s/postern", cache);
	else if (home && home[0] == '/')
		folder = arena_fmt(&a, "%s/.cache/postern", home);
	_cleanup_fd_ int made = folder ? path_make_absolute(folder) : -1;
	return made >= 0 ? openat(made, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

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

int kept_name(const char *prefix, uint64_t format, const struct slice *texts, size_t n, char out[KEPT_NAME])
{
	_cleanup_buf_ struct buf all = BUF((size_t)64 << 20);
	uint8_t digest[DIGEST_MAX];
	buf_fmt(&all, "%s %llu ", POSTERN_VERSION, (unsigned long long)format);
	processor(&all);
	for (size_t i = 0; i < n; i++) {
		buf_be(&all, texts[i].n, 8);
		buf_add(&all, texts[i]);
	}
	int e = buf_error(&all) ? buf_error(&all) : digest_of(DIGEST_SHA256, buf_slice(&all), digest);
	if (e < 0)
		return e;
	int at = snprintf(out, KEPT_NAME, "%.24s-", prefix);
	for (size_t i = 0; i < 16; i++)
		(void)snprintf(out + at + 2 * i, 3, "%02x", digest[i]);
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

bool kept_find(int dir, const char *name, size_t max, struct kept_file *out)
{
	struct stat st;
	char library[LIBRARY];
	*out = (struct kept_file){.fd = -1};
	_cleanup_fd_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
		return false;
	if (st.st_size <= DIGEST + LIBRARY || (size_t)st.st_size - DIGEST - LIBRARY > max)
		return false;
	if (pread(fd, library, LIBRARY, DIGEST) != LIBRARY || !library_same(library))
		return false;
	*out = (struct kept_file){.fd = TAKE_FD(fd), .changed = st.st_ctim};
	return true;
}

/* Reads what is kept into the room at the end of `out`; how many bytes, or -1. */
static ssize_t take(int fd, const struct timespec *changed, struct buf *out)
{
	uint8_t digest[DIGEST_MAX], stored[DIGEST];
	struct stat st;
	/* No program can set that time. */
	if (fstat(fd, &st) < 0 || st.st_ctim.tv_sec != changed->tv_sec || st.st_ctim.tv_nsec != changed->tv_nsec)
		return -1;
	size_t size = (size_t)st.st_size - DIGEST - LIBRARY, n = 0;
	uint8_t *p = buf_room(out, size);
	if (!p || pread(fd, stored, DIGEST, 0) != DIGEST)
		return -1;
	for (ssize_t k; n < size && (k = pread(fd, p + n, size - n, (off_t)(DIGEST + LIBRARY + n))) > 0;)
		n += (size_t)k;
	if (n != size || digest_of(DIGEST_SHA256, slice_of(p, size), digest) < 0 || memcmp(digest, stored, DIGEST) != 0)
		return -1;
	return (ssize_t)size;
}

bool kept_read(struct kept_file *f, struct buf *out)
{
	ssize_t n = f->fd < 0 || buf_error(out) ? -1 : take(f->fd, &f->changed, out);
	fd_closep(&f->fd);
	if (n > 0)
		out->n += (size_t)n;
	else
		out->error = 0; /* the room that was asked for in vain is no error of the caller's */
	return n > 0;
}

bool kept_take(int dir, const char *name, size_t max, struct buf *out)
{
	struct kept_file f;
	return kept_find(dir, name, max, &f) && kept_read(&f, out);
}

/* To a name of its own, then renamed: two that start together do not meet. */
void kept_leave(int dir, const char *name, struct slice made)
{
	uint8_t digest[DIGEST_MAX];
	char fresh[KEPT_NAME + 16], library[LIBRARY];
	if (!library_loaded(library) || digest_of(DIGEST_SHA256, made, digest) < 0)
		return;
	(void)snprintf(fresh, sizeof(fresh), "%s.%d", name, (int)getpid());
	_cleanup_fd_ int fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return;
	if (fd_write_all(fd, slice_of(digest, DIGEST)) < 0 || fd_write_all(fd, slice_of(library, LIBRARY)) < 0 ||
	        fd_write_all(fd, made) < 0 || renameat(dir, fresh, dir, name) < 0)
		(void)unlinkat(dir, fresh, 0);
}
