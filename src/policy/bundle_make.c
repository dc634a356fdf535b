/* How the organisation makes bundles. */
#include "policy/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "sys/path.h"

struct found {
	char name[BUNDLE_NAME_MAX + 1];
};
struct search {
	struct found *file;
	size_t n;
	const char *folder;
	struct err *err;
};

static int add(struct search *s, const char *name)
{
	if (!bundle_name_valid(slice_str(name)))
		return err_set(s->err, -EINVAL,
		        "%s/%s cannot be in a bundle: names have a-z A-Z 0-9 . _ - , and at most %d folders above them", s->folder, name,
		        BUNDLE_DEPTH_MAX - 1);
	if (s->n == BUNDLE_FILES)
		return err_set(s->err, -EINVAL, "%s has more than %d files", s->folder, BUNDLE_FILES);
	(void)snprintf(s->file[s->n++].name, sizeof(s->file[0].name), "%s", name);
	return 0;
}

static int walk(struct search *s, int at, const char *prefix, unsigned depth)
{
	int fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0, more = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		return err_sys(s->err, -errno, "cannot read the folder %s/%s", s->folder, prefix);
	}
	for (struct dirent *e; r == 0 && (more = path_next(d, &e)) == 1;) {
		char name[PATH_MAX];
		struct stat st;
		if (e->d_name[0] == '.')
			continue;
		(void)snprintf(name, sizeof(name), "%s%s", prefix, e->d_name);
		if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			r = err_sys(s->err, -errno, "cannot read %s/%s", s->folder, name);
		else if (S_ISREG(st.st_mode))
			r = add(s, name);
		else if (!S_ISDIR(st.st_mode))
			r = err_set(s->err, -EINVAL, "%s/%s is neither a file nor a folder", s->folder, name);
		else if (depth == BUNDLE_DEPTH_MAX)
			r = err_set(s->err, -EINVAL, "%s/%s is too deep", s->folder, name);
		else {
			_cleanup_fd_ int next = path_open(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY, 0);
			(void)snprintf(name + strlen(name), sizeof(name) - strlen(name), "/");
			r = next < 0 ? err_sys(s->err, next, "cannot read %s/%s", s->folder, name) : walk(s, next, name, depth + 1);
		}
	}
	closedir(d);
	return r < 0 ? r : more < 0 ? err_sys(s->err, more, "cannot read the folder %s/%s", s->folder, prefix) : 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct found *)a)->name, ((const struct found *)b)->name);
}

static int put_one(int dir, const struct found *f, struct buf *list, struct buf *body, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(BUNDLE_FILE_MAX);
	char digest[65];
	int r = path_read(dir, f->name, &text);
	if (r < 0)
		return err_sys(err, r, "cannot read %s", f->name);
	digest_sha256_hex(buf_slice(&text), digest);
	buf_fmt(list, "file %s %zu %s\n", digest, text.n, f->name);
	bundle_mark(body, slice_str(f->name));
	buf_add(body, buf_slice(&text));
	return buf_error(body) ? err_set(err, -EINVAL, "the bundle becomes larger than %zu MiB", BUNDLE_MAX >> 20) : 0;
}

int bundle_make(const struct bundle_make *m, const char *folder, struct buf *out, struct err *err)
{
	_cleanup_free_ struct found *found = calloc(BUNDLE_FILES, sizeof(*found));
	_cleanup_free_ struct bundle_file *file = calloc(BUNDLE_FILES, sizeof(*file));
	_cleanup_buf_ struct buf list = BUF(NOTE_MAX), body = BUF(BUNDLE_MAX);
	struct search s = {.file = found, .folder = folder, .err = err};
	struct bundle check = {.file = file};
	struct bundle_fault fault;
	char from[21], expires[21];
	if (!found || !file)
		return err_set(err, -ENOMEM, "out of memory");
	_cleanup_fd_ int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = dir < 0 ? err_sys(err, -errno, "cannot open the folder %s", folder) : walk(&s, dir, "", 1);
	if (r < 0)
		return r;
	if (s.n)
		qsort(found, s.n, sizeof(*found), by_name);
	statement_time_write(m->from, from);
	statement_time_write(m->expires, expires);
	buf_fmt(&list, "postern.bundle/v1\norganisation %s\ntrust %llu\nversion %llu\nfrom %s\nexpires %s\n", m->organisation,
	        (unsigned long long)m->trust, (unsigned long long)m->version, from, expires);
	for (size_t i = 0; i < s.n && r == 0; i++)
		r = put_one(dir, &found[i], &list, &body, err);
	if (r < 0)
		return r;
	size_t before = out->n;
	buf_add(out, buf_slice(&list));
	buf_u8(out, '\n');
	buf_add(out, buf_slice(&body));
	if (buf_error(&list) || buf_error(out))
		return err_set(err, -EINVAL, "the bundle becomes too large");
	if (bundle_parse(slice_from(buf_slice(out), before), &check, &fault) < 0)
		return trust_fault(&fault, "no bundle can be made of this", err);
	return 0;
}

int bundle_sign(struct slice bytes, const struct tlog_signer *signer, struct buf *out, size_t *kept, struct err *err)
{
	_cleanup_free_ struct bundle_file *file = calloc(BUNDLE_FILES, sizeof(*file));
	struct bundle b = {.file = file};
	struct bundle_fault fault;
	if (!file)
		return err_set(err, -ENOMEM, "out of memory");
	if (bundle_parse(bytes, &b, &fault) < 0)
		return trust_fault(&fault, "no bundle", err);
	int r = trust_sign(b.note, signer, out, kept, err);
	if (r < 0)
		return r;
	buf_add(out, b.body);
	return buf_error(out) ? err_set(err, buf_error(out), "out of memory") : 0;
}
