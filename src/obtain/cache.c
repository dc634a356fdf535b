#include "obtain/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "sys/path.h"

#define NAME_LEN 192 /* "sha512-" and 128 digits fit */

/* Staging folders are locked by the process that fills them; what nobody holds is rubbish. */
static void sweep(const struct cache *c)
{
	int fd = openat(c->tmp, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	if (!d) {
		if (fd >= 0)
			close(fd);
		return;
	}
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		_cleanup_fd_ int held = openat(c->tmp, e->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (held >= 0 && flock(held, LOCK_EX | LOCK_NB) == 0)
			(void)path_remove(c->tmp, e->d_name);
	}
	closedir(d);
}

int cache_open(const char *path, struct arena *arena, struct cache *out, struct err *err)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	if (!path && xdg && *xdg == '/')
		path = arena_fmt(arena, "%s/postern", xdg);
	else if (!path && home && *home == '/')
		path = arena_fmt(arena, "%s/.cache/postern", home);
	else if (path && *path != '/') {
		_cleanup_free_ char *here = getcwd(NULL, 0);
		path = here ? arena_fmt(arena, "%s/%s", here, path) : NULL;
	}
	if (!path)
		return err_set(err, -ENOENT, "there is no place for the cache: set XDG_CACHE_HOME or HOME");
	_cleanup_fd_ int fd = path_make_absolute(path);
	if (fd < 0)
		return err_sys(err, fd, "the cache folder %s", path);
	static const char *const folders[] = {"tmp", "artefacts", "resolved", "trees"};
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (mkdirat(fd, folders[i], 0700) < 0 && errno != EEXIST)
			return err_sys(err, -errno, "the cache folder %s/%s", path, folders[i]);
	struct cache c = {.path = path, .fd = fd, .tmp = openat(fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	if (c.tmp < 0)
		return err_sys(err, -errno, "the cache folder %s/tmp", path);
	sweep(&c);
	(void)TAKE_FD(fd);
	*out = c;
	return 0;
}

void cache_close(struct cache *c)
{
	fd_closep(&c->tmp);
	fd_closep(&c->fd);
}

#define BLOCK (1u << 18)

/* Adds a file's bytes, from its start, to each stream that there is. */
static int add_file(int fd, struct digest_stream *const *s, size_t count)
{
	_cleanup_free_ uint8_t *block = malloc(BLOCK);
	int r = block ? 0 : -ENOMEM;
	for (off_t at = 0; r == 0;) {
		ssize_t n = pread(fd, block, BLOCK, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		at += n;
		for (size_t i = 0; i < count && r == 0; i++)
			r = s[i] ? digest_stream_add(s[i], slice_of(block, (size_t)n)) : 0;
	}
	return r;
}

static void hex_of(const uint8_t sum[32], char out[65])
{
	for (size_t i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

int cache_digest(int fd, bool sha1, struct digests *out)
{
	struct digest_stream *s[3] = {0};
	static const enum digest kinds[3] = {DIGEST_SHA512, DIGEST_SHA256, DIGEST_SHA1};
	uint8_t sum[3][DIGEST_MAX] = {0};
	int r = 0;
	for (size_t i = 0; i < 2u + sha1 && r == 0; i++)
		r = digest_stream_new(kinds[i], &s[i]);
	if (r == 0)
		r = add_file(fd, s, 3);
	for (size_t i = 0; i < 3; i++) {
		int e = s[i] ? digest_stream_end(s[i], sum[i]) : 0;
		r = r ? r : e;
	}
	if (r < 0)
		return r;
	memcpy(out->sha512, sum[0], 64);
	memcpy(out->sha1, sum[2], 20);
	hex_of(sum[1], out->sha256);
	return 0;
}

static int add_tree(int dir, struct digest_stream *s, unsigned depth)
{
	struct dirent **list = NULL;
	int n = depth ? scandirat(dir, ".", &list, NULL, alphasort) : -1;
	if (n < 0)
		return depth ? -errno : -ELOOP;
	int r = 0;
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		struct stat st;
		if (r == 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			_cleanup_fd_ int fd = path_open(dir, name, O_RDONLY | O_NONBLOCK, 0);
			char head[320];
			if (fd < 0 || fstat(fd, &st) < 0) {
				r = fd < 0 ? fd : -errno;
			} else {
				int k = snprintf(head, sizeof(head), "%s/%o %lld\n", name, (unsigned)st.st_mode,
				        S_ISDIR(st.st_mode) ? 0LL : (long long)st.st_size);
				r = digest_stream_add(s, slice_of(head, (size_t)k));
				if (r == 0)
					r = S_ISDIR(st.st_mode) ? add_tree(fd, s, depth - 1) : add_file(fd, &s, 1);
				if (r == 0) /* so that what follows a folder is not taken for its last file */
					r = digest_stream_add(s, SLICE("\n/\n"));
			}
		}
		free(list[i]);
	}
	free(list);
	return r;
}

int cache_digest_tree(int dir, char out[65])
{
	struct digest_stream *s;
	uint8_t sum[DIGEST_MAX];
	int r = digest_stream_new(DIGEST_SHA256, &s);
	if (r < 0)
		return r;
	r = add_tree(dir, s, 256);
	int e = digest_stream_end(s, sum);
	if (r == 0 && e == 0)
		hex_of(sum, out);
	return r ? r : e;
}

/* "sha512-<hex>" or "sha1-<hex>" as a folder's name; the raw digest is appended to `raw`. */
static bool folder_name(const char *integrity, char out[NAME_LEN], struct buf *raw)
{
	struct slice s = slice_str(integrity);
	_cleanup_buf_ struct buf hex = BUF(128);
	if (slice_starts(s, SLICE("sha512-")) && decode_base64(raw, slice_from(s, 7)) && raw->n == 64) {
		encode_hex(&hex, buf_slice(raw));
		return buf_error(&hex) == 0 && snprintf(out, NAME_LEN, "artefacts/sha512-%s", buf_str(&hex)) < NAME_LEN;
	}
	buf_reset(raw);
	if (slice_starts(s, SLICE("sha1-")) && decode_hex(raw, slice_from(s, 5)) && raw->n == 20) {
		encode_hex(&hex, buf_slice(raw));
		return buf_error(&hex) == 0 && snprintf(out, NAME_LEN, "artefacts/sha1-%s", buf_str(&hex)) < NAME_LEN;
	}
	return false;
}

int cache_archive(const struct cache *c, const char *integrity, struct digests *d)
{
	char name[NAME_LEN];
	_cleanup_buf_ struct buf raw = BUF(64);
	if (!folder_name(integrity, name, &raw))
		return -EBADMSG;
	_cleanup_fd_ int folder = path_open(c->fd, name, O_RDONLY | O_DIRECTORY, 0);
	_cleanup_fd_ int fd = folder < 0 ? folder : path_open(folder, "archive.tgz", O_RDONLY, 0);
	if (fd < 0)
		return fd == -ENOENT ? -ENOENT : fd;
	int r = cache_digest(fd, raw.n == 20, d);
	if (r < 0)
		return r;
	if (!slice_eq(buf_slice(&raw), slice_of(raw.n == 64 ? d->sha512 : d->sha1, raw.n))) {
		(void)unlinkat(folder, "archive.tgz", 0);
		return -ENOENT;
	}
	return TAKE_FD(fd);
}

int cache_temporary(const struct cache *c)
{
	int fd = openat(c->tmp, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

/* Gives a nameless file the name `to` in `folder`, in place of what may be there. */
static int place(const struct cache *c, int fd, int folder, const char *to)
{
	char proc[64], name[64];
	static unsigned serial;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	snprintf(name, sizeof(name), "file-%d-%u", (int)getpid(), serial++);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || linkat(AT_FDCWD, proc, c->tmp, name, AT_SYMLINK_FOLLOW) < 0)
		return -errno;
	if (renameat(c->tmp, name, folder, to) < 0) {
		int e = -errno;
		(void)unlinkat(c->tmp, name, 0);
		return e;
	}
	return 0;
}

int cache_keep(const struct cache *c, int fd, const char *integrity)
{
	char name[NAME_LEN];
	_cleanup_buf_ struct buf raw = BUF(64);
	if (!folder_name(integrity, name, &raw))
		return -EBADMSG;
	_cleanup_fd_ int folder = path_make(c->fd, name, 0700);
	return folder < 0 ? folder : place(c, fd, folder, "archive.tgz");
}

int cache_read(const struct cache *c, const char *folder, const char *key, struct buf *out)
{
	_cleanup_fd_ int at = path_open(c->fd, folder, O_RDONLY | O_DIRECTORY, 0);
	return at < 0 ? at : path_read(at, key, out);
}

int cache_write(const struct cache *c, const char *folder, const char *key, struct slice text)
{
	_cleanup_fd_ int at = path_open(c->fd, folder, O_RDONLY | O_DIRECTORY, 0);
	_cleanup_fd_ int fd = at < 0 ? at : cache_temporary(c);
	if (fd < 0)
		return fd;
	while (text.n) {
		ssize_t n = write(fd, text.p, text.n);
		if (n < 0 && errno != EINTR)
			return -errno;
		text = slice_from(text, n > 0 ? (size_t)n : 0);
	}
	return place(c, fd, at, key);
}
