#include "guard/managed_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "sys/fd.h"
#include "sys/path.h"

#define TRIES     3
#define FRAGMENTS 256

/* A file as it was found. */
struct found {
	bool there, odd; /* odd: no regular file, or one that is too large */
	bool broken;     /* it cannot be read as what it should be */
	bool loose;      /* others can write it */
	struct stat st;
	struct buf text;
	char detail[512]; /* what is wrong; "": nothing */
};

void managed_split(const char *path, char folder[512], const char **name)
{
	const char *slash = strrchr(path, '/');
	size_t n = (size_t)(slash - path);
	*name = slash + 1;
	folder[0] = '.';
	folder[1] = 0;
	if (n > 1 && n < 512) {
		memcpy(folder, path + 1, n - 1);
		folder[n - 1] = 0;
	}
}

static bool is_loose(const struct stat *st, uid_t owner)
{
	return st->st_uid != owner || (st->st_mode & S_IWOTH) || ((st->st_mode & S_IWGRP) && st->st_gid != 0);
}

__attribute__((format(printf, 2, 3))) static void say(char detail[512], const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(detail, 512, fmt, ap);
	va_end(ap);
}

/* The folder, made if it is missing and that is wished. A descriptor, or negative errno with a sentence. */
static int open_folder(const struct managed_config *c, const char *folder, bool write, char detail[512])
{
	int fd = path_open(c->root, folder, O_RDONLY | O_DIRECTORY, 0);
	if (fd == -ENOENT && write) {
		int made = path_make(c->root, folder, 0755);
		if (made >= 0)
			(void)close(made);
		fd = made < 0 ? made : path_open(c->root, folder, O_RDONLY | O_DIRECTORY, 0);
	}
	if (fd == -ELOOP || fd == -ENOTDIR || fd == -EXDEV)
		say(detail, "a link, or something else that is no folder, stands at or above /%s", folder);
	else if (fd < 0)
		say(detail, "its folder /%s: %s", folder, strerror(-fd));
	return fd;
}

/* Whatever is there; 0, or -ENOMEM. */
static int find(int dir, const char *name, const struct managed_file *f, uid_t owner, struct found *x)
{
	*x = (struct found){.text = BUF(MANAGED_FILE_MAX)};
	if (fstatat(dir, name, &x->st, AT_SYMLINK_NOFOLLOW) < 0) {
		say(x->detail, errno == ENOENT ? "it is not there" : "%s", strerror(errno));
		return 0;
	}
	x->there = true;
	_cleanup_fd_ int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &x->st) < 0 || !S_ISREG(x->st.st_mode) || x->st.st_size > (off_t)MANAGED_FILE_MAX) {
		x->odd = true;
		say(x->detail, "%s",
		        S_ISREG(x->st.st_mode)   ? "it is larger than a megabyte"
		        : S_ISLNK(x->st.st_mode) ? "it is a link"
		                                 : "it is no regular file");
		return 0;
	}
	int r = path_read_fd(fd, &x->text);
	if (r < 0) {
		x->odd = r != -ENOMEM;
		say(x->detail, "it cannot be read: %s", strerror(-r));
		return r == -ENOMEM ? r : 0;
	}
	x->loose = is_loose(&x->st, owner);
	_cleanup_arena_ struct arena arena = ARENA((size_t)64 << 20);
	_cleanup_buf_ struct buf differs = BUF(400);
	r = managed_differs(f, buf_slice(&x->text), &arena, &differs);
	x->broken = r == -EBADMSG;
	if (r == -EBADMSG)
		say(x->detail, "it is no %s", f->format == MANAGED_TOML ? "TOML" : "JSON");
	else if (r == -ENOMEM)
		return r;
	else if (x->loose)
		say(x->detail, "others can write it: owner %u, mode %04o", (unsigned)x->st.st_uid, (unsigned)(x->st.st_mode & 07777));
	else
		say(x->detail, "%s", buf_str(&differs));
	return 0;
}

/* Gives what is there another name beside it, so that it is not lost. 0 or negative errno. */
static int keep_aside(int dir, const char *name, bool folder, char aside[320])
{
	char when[32] = "";
	time_t t = time(NULL);
	struct tm tm;
	if (gmtime_r(&t, &tm))
		(void)strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
	for (int i = 0; i < MANAGED_ASIDE_MAX; i++) {
		(void)snprintf(aside, 320, "%s.kept-%s%s%.0d", name, when, i ? "-" : "", i);
		/* A file keeps both names until the new one takes its place: there is no moment without any. */
		if (!folder && linkat(dir, name, dir, aside, 0) == 0)
			return 0;
		if ((folder || errno != EEXIST) && renameat2(dir, name, dir, aside, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno != EEXIST)
			return -errno;
	}
	return -EEXIST;
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int write_new(int dir, const char *fresh, struct slice text, uid_t owner)
{
	(void)unlinkat(dir, fresh, 0);
	_cleanup_fd_ int fd = openat(dir, fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	int r = fd_write_all(fd, text);
	/* The tool reads it as whoever runs it. */
	if (r == 0 && (fchown(fd, owner, (gid_t)-1) < 0 || fchmod(fd, 0644) < 0 || fsync(fd) < 0))
		r = -errno;
	return r;
}

/* Writes the document in the place of what was found. -EAGAIN: it changed meanwhile. */
static int replace(int dir, const char *name, const struct managed_file *f, struct found *x, uid_t owner, struct managed_look *out)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)256 << 20);
	_cleanup_buf_ struct buf text = BUF(2 * MANAGED_FILE_MAX);
	char fresh[320];
	bool lost = x->odd || x->broken;
	int r = managed_mend(f, lost ? SLICE_NONE : buf_slice(&x->text), &arena, &text);
	if (r == -EEXIST) {
		/* It has our key where it cannot be set: the whole of it makes room. */
		lost = true;
		buf_reset(&text);
		r = managed_mend(f, SLICE_NONE, &arena, &text);
	}
	if (r < 0)
		return r;
	(void)snprintf(fresh, sizeof(fresh), ".%s.postern", name);
	r = write_new(dir, fresh, buf_slice(&text), owner);
	struct stat st;
	bool there = fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	if (r == 0 && (there != x->there || (there && !same(&st, &x->st))))
		r = -EAGAIN;
	if (r == 0 && there && (lost || S_ISDIR(st.st_mode)))
		r = keep_aside(dir, name, S_ISDIR(st.st_mode), out->aside);
	if (r == 0 && renameat(dir, fresh, dir, name) < 0)
		r = -errno;
	if (r < 0) {
		(void)unlinkat(dir, fresh, 0);
		return r;
	}
	(void)fsync(dir);
	digest_sha256_hex(buf_slice(&text), out->after);
	return 0;
}

/* Does a file that the tool merges over ours say something else? The first that does, in a sentence. */
static int look_fragments(const struct managed_config *c, const struct managed_file *f, char detail[512])
{
	int fd = path_open(c->root, f->merged_over + 1, O_RDONLY | O_DIRECTORY, 0);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		fd_closep(&fd);
		return 0;
	}
	struct dirent *e;
	int r = 0;
	for (int i = 0; r == 0 && !detail[0] && i < FRAGMENTS && path_next(d, &e) == 1; i++) {
		size_t n = strlen(e->d_name);
		struct found x;
		if (n < 5 || strcmp(e->d_name + n - 5, ".json") != 0)
			continue;
		_cleanup_arena_ struct arena arena = ARENA((size_t)64 << 20);
		_cleanup_buf_ struct buf differs = BUF(400);
		r = find(dirfd(d), e->d_name, f, c->owner, &x);
		/* What it does not say does no harm. */
		if (r == 0 && x.there && !x.odd && !x.broken)
			r = managed_contradicts(f, buf_slice(&x.text), &arena, &differs);
		if (r == 0 && x.loose)
			say(detail, "%s/%s is merged over it, and others can write that", f->merged_over, e->d_name);
		else if (r == 0 && differs.n)
			say(detail, "%s/%s is merged over it: %s", f->merged_over, e->d_name, buf_str(&differs));
		buf_free(&x.text);
	}
	(void)closedir(d);
	return r == -EBADMSG ? 0 : r;
}

/* The folder's own rights: who can write it can put another file into the place. */
static void tighten(int dir, uid_t owner, bool write, char detail[512])
{
	struct stat st;
	if (fstat(dir, &st) < 0 || !is_loose(&st, owner))
		return;
	if (write && fchown(dir, owner, (gid_t)-1) == 0 && fchmod(dir, st.st_mode & 07755) == 0)
		return;
	say(detail, "others can write its folder: owner %u, mode %04o", (unsigned)st.st_uid, (unsigned)(st.st_mode & 07777));
}

static int once(const struct managed_config *c, const struct managed_file *f, bool write, bool patient, struct managed_look *out)
{
	char folder[512];
	const char *name;
	managed_split(f->path, folder, &name);
	*out = (struct managed_look){.what = write ? MANAGED_CANNOT : MANAGED_DIFFERS};
	_cleanup_fd_ int dir = open_folder(c, folder, write, out->detail);
	if (dir < 0)
		return 0;
	struct found x;
	int r = find(dir, name, f, c->owner, &x);
	if (r < 0) {
		buf_free(&x.text);
		return r;
	}
	if (x.there && !x.odd)
		digest_sha256_hex(buf_slice(&x.text), out->before);
	char loose[512] = "";
	tighten(dir, c->owner, write, loose);
	if (!x.detail[0] && loose[0])
		say(x.detail, "%s", loose);
	(void)snprintf(out->detail, sizeof(out->detail), "%s", x.detail);
	if (!x.detail[0]) {
		out->what = MANAGED_HOLDS;
		memcpy(out->after, out->before, sizeof(out->after));
	} else if (write && patient && x.broken) {
		r = -EAGAIN;
	} else if (write && !loose[0]) {
		r = replace(dir, name, f, &x, c->owner, out);
		if (r == 0)
			out->what = x.there ? MANAGED_PUT_BACK : MANAGED_WRITTEN;
		else if (r != -EAGAIN && r != -ENOMEM) {
			say(out->detail, "%.200s; it cannot be written: %.100s", x.detail, strerror(-r));
			r = 0;
		}
	}
	buf_free(&x.text);
	return r;
}

int managed_look(const struct managed_config *c, const struct managed_file *f, bool write, bool patient, struct managed_look *out)
{
	int r = -EAGAIN;
	for (int i = 0; i < TRIES && r == -EAGAIN; i++) {
		r = once(c, f, write, patient, out);
		if (r == -EAGAIN && patient)
			return r;
	}
	if (r == -EAGAIN) {
		say(out->detail, "somebody else writes it all the time");
		r = 0;
	}
	if (r == 0 && f->merged_over && out->what != MANAGED_CANNOT && out->what != MANAGED_DIFFERS) {
		char detail[512] = "";
		r = look_fragments(c, f, detail);
		if (detail[0] && out->what == MANAGED_HOLDS) {
			out->what = MANAGED_DIFFERS;
			memcpy(out->detail, detail, sizeof(detail));
		}
	}
	return r;
}
