#include "confine/seen.h"

#include <errno.h>
#include <linux/magic.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "sys/fd.h"

/* The largest known native tools are a little below 400 MB. */
#define PROGRAM_MAX ((off_t)1 << 30)
#define CACHE_MAX   128

/* Of a read-only mount the same file is met in every trial, under another device number each time. */
static struct known {
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime;
	uint8_t sha256[32];
} cache[CACHE_MAX];
static unsigned n_cache;

static bool same(const struct known *k, const struct stat *st)
{
	return k->ino == st->st_ino && k->size == st->st_size && k->mtime.tv_sec == st->st_mtim.tv_sec &&
	       k->mtime.tv_nsec == st->st_mtim.tv_nsec && k->ctime.tv_sec == st->st_ctim.tv_sec && k->ctime.tv_nsec == st->st_ctim.tv_nsec;
}

static int digest_file(int fd, uint8_t out[DIGEST_MAX])
{
	static uint8_t bytes[1 << 18];
	struct digest_stream *s = NULL;
	int r = digest_stream_new(DIGEST_SHA256, &s);
	off_t at = 0;
	ssize_t n = 0;
	while (r == 0 && at < PROGRAM_MAX && (n = pread(fd, bytes, sizeof(bytes), at)) > 0) {
		r = digest_stream_add(s, slice_of(bytes, (size_t)n));
		at += n;
	}
	if (r == 0 && n == 0)
		return digest_stream_end(s, out);
	digest_stream_free(s);
	return r < 0 ? r : -EIO;
}

static bool digest_of_program(int fd, uint8_t sha256[32])
{
	struct stat st;
	struct statfs fs;
	uint8_t whole[DIGEST_MAX];
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > PROGRAM_MAX || fstatfs(fd, &fs) < 0)
		return false;
	/* What the tool can write may change without its times telling. */
	bool fixed = fs.f_type != TMPFS_MAGIC;
	for (unsigned i = 0; fixed && i < n_cache; i++)
		if (same(&cache[i], &st)) {
			memcpy(sha256, cache[i].sha256, 32);
			return true;
		}
	if (digest_file(fd, whole) < 0)
		return false;
	memcpy(sha256, whole, 32);
	if (fixed && n_cache < CACHE_MAX) {
		cache[n_cache] = (struct known){.ino = st.st_ino, .size = st.st_size, .mtime = st.st_mtim, .ctime = st.st_ctim};
		memcpy(cache[n_cache++].sha256, whole, 32);
	}
	return true;
}

int seen_receive(int socket, struct buf *keep)
{
	_Alignas(struct seen_record) uint8_t bytes[SEEN_MESSAGE_MAX];
	struct seen_record r;
	_cleanup_fd_ int program = -1;
	ssize_t n = fd_take(socket, bytes, sizeof(bytes), MSG_DONTWAIT, &program);
	if (n <= 0)
		return n < 0 ? (int)n : 0;
	if ((size_t)n < sizeof(r))
		return -EBADMSG;
	memcpy(&r, bytes, sizeof(r));
	if (r.kind == 0 || r.kind >= SEEN_END || r.n_path > SEEN_PATH_MAX || r.n_text > SEEN_TEXT_MAX ||
	        (size_t)n != sizeof(r) + r.n_path + r.n_text)
		return -EBADMSG;
	r.digest = program >= 0 && digest_of_program(program, r.sha256);
	memcpy(bytes, &r, sizeof(r));
	buf_add(keep, slice_of(bytes, (size_t)n));
	return 1;
}

bool seen_next(struct slice *rest, struct seen *out)
{
	if (rest->n < sizeof(out->r))
		return false;
	memcpy(&out->r, rest->p, sizeof(out->r));
	size_t n = sizeof(out->r) + out->r.n_path + out->r.n_text;
	if (rest->n < n)
		return false;
	out->path = slice_sub(*rest, sizeof(out->r), out->r.n_path);
	out->text = slice_sub(*rest, sizeof(out->r) + out->r.n_path, out->r.n_text);
	*rest = slice_from(*rest, n);
	return true;
}
