/* Looks for another bundle: in the folder where somebody may drop one, and at the URL. */
#include "policy/bundle_part.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/path.h"

#define DROPPED_MAX 64
#define TAG_MAX     4096
#define TAG_TITLE   "postern.bundle.tag/v1"

/* What is spoken of at the end: the first success, else the first refusal. */
static void refused(struct bundle_poll *p, const char *from, const struct err *why)
{
	if (p->why.code != 0)
		return;
	p->why = *why;
	if (p->news != BUNDLE_UNCHANGED)
		return;
	p->news = BUNDLE_REFUSED;
	(void)snprintf(p->from, sizeof(p->from), "%s", from);
}

static void changed(struct bundle_poll *p, const char *from)
{
	p->news = BUNDLE_CHANGED;
	(void)snprintf(p->from, sizeof(p->from), "%s", from);
}

struct dropped {
	char name[NAME_MAX + 1];
	uint64_t trust, version;
	bool unread; /* its head is no head */
};

static int newest_first(const void *a, const void *b)
{
	const struct dropped *x = a, *y = b;
	if (x->trust != y->trust)
		return x->trust > y->trust ? -1 : 1;
	return x->version > y->version ? -1 : x->version < y->version ? 1 : strcmp(x->name, y->name);
}

/* The beginning of a file says which it is. Nothing is believed yet: it is the order in which they are tried. */
static void look(int dir, struct dropped *d)
{
	_cleanup_free_ struct bundle_file *file = calloc(BUNDLE_FILES, sizeof(*file));
	_cleanup_buf_ struct buf text = BUF(NOTE_MAX + 1);
	_cleanup_fd_ int fd = openat(dir, d->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct bundle b = {.file = file};
	struct bundle_fault fault;
	struct stat st;
	uint8_t *p = fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ? NULL : buf_room(&text, NOTE_MAX);
	ssize_t n = p ? pread(fd, p, NOTE_MAX, 0) : -1;
	d->unread = true;
	if (n < 0 || !file || bundle_head(slice_of(p, (size_t)n), &b, &fault) < 0)
		return;
	d->unread = false;
	d->trust = b.trust;
	d->version = b.version;
}

static int read_dropped(int dir, const char *name, struct buf *out, struct err *err)
{
	_cleanup_fd_ int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	int r = fd < 0 ? -errno : path_read_fd(fd, out);
	return r < 0 ? err_sys(err, r, "it cannot be read") : 0;
}

/* There may be any number: the newest of them are kept. */
static void keep(struct dropped *all, size_t *n, const struct dropped *d)
{
	size_t oldest = 0;
	if (*n < DROPPED_MAX) {
		all[(*n)++] = *d;
		return;
	}
	for (size_t i = 1; i < *n; i++)
		if (newest_first(&all[i], &all[oldest]) > 0)
			oldest = i;
	if (newest_first(d, &all[oldest]) < 0)
		all[oldest] = *d;
}

static int list(const char *folder, int dir, struct dropped *out, size_t *n, struct err *err)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), more = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		return err_sys(err, -errno, "cannot read the folder %s", folder);
	}
	*n = 0;
	for (struct dirent *e; (more = path_next(d, &e)) == 1;) {
		struct slice name = slice_str(e->d_name);
		struct dropped one = {0};
		if (name.p[0] == '.' || !slice_ends(name, SLICE(BUNDLE_SUFFIX)) || !slice_copy(name, one.name, sizeof(one.name)))
			continue;
		look(dir, &one);
		keep(out, n, &one);
	}
	closedir(d);
	return more < 0 ? err_sys(err, more, "cannot read the folder %s", folder) : 0;
}

/* Is it older than what is in force, or that itself? Such lie about in any such folder, and are no news. */
static bool old(const struct dropped *d, const struct bundle_held *h, bool held)
{
	return held && !d->unread && (d->trust < h->head.trust || (d->trust == h->head.trust && d->version < h->head.version));
}

static void poll_folder(const struct bundle_config *c, const struct bundle_held *h, bool held, struct bundle_poll *out)
{
	const char *folder = c->folder ? c->folder : BUNDLE_FOLDER;
	_cleanup_free_ struct dropped *all = calloc(DROPPED_MAX, sizeof(*all));
	struct stat st;
	struct err err = {0};
	size_t n = 0;
	_cleanup_fd_ int dir = folder[0] ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (!folder[0] || (dir < 0 && errno == ENOENT))
		return;
	int r = !all                             ? err_set(&err, -ENOMEM, "out of memory")
	        : dir < 0 || fstat(dir, &st) < 0 ? err_sys(&err, -errno, "cannot read the folder %s", folder)
	                                         : policy_owner(folder, &st, c->given, &err);
	r = r < 0 ? r : list(folder, dir, all, &n, &err);
	if (r < 0) {
		refused(out, folder, &err);
		return;
	}
	if (n)
		qsort(all, n, sizeof(*all), newest_first);
	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf text = BUF(BUNDLE_MAX);
		char path[PATH_MAX];
		bool news = false;
		if (old(&all[i], h, held))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, all[i].name);
		err = (struct err){0};
		r = read_dropped(dir, all[i].name, &text, &err);
		r = r < 0 ? r : bundle_install(c, buf_slice(&text), &news, &err);
		if (r < 0) {
			refused(out, path, &err);
			continue;
		}
		if (news)
			changed(out, path);
		return;
	}
}

static void tag_read(int store, const struct bundle_config *c, const struct bundle_held *h, bool held, char out[BUNDLE_ETAG])
{
	_cleanup_buf_ struct buf text = BUF(TAG_MAX);
	struct statement s;
	out[0] = 0;
	if (store < 0 || !held || path_read(store, STORE_TAG, &text) < 0)
		return;
	statement_begin(&s, buf_slice(&text), TAG_TITLE);
	struct slice url = statement_text(&s, "url"), digest = statement_text(&s, "sha256"), tag = statement_text(&s, "tag");
	if (statement_end(&s) < 0 || !slice_is(url, c->url) || !slice_is(digest, h->sha256) || !slice_copy(tag, out, BUNDLE_ETAG))
		out[0] = 0;
}

/* If it is lost the bundle is fetched once more. */
static void tag_write(const struct bundle_config *c, const char *tag)
{
	_cleanup_buf_ struct buf text = BUF(TAG_MAX);
	struct bundle_held h;
	_cleanup_fd_ int store = bundle_store_open(c, false, NULL);
	_cleanup_fd_ int lock = store < 0 ? -1 : bundle_store_lock(store, false, NULL);
	if (lock < 0 || !tag[0] || bundle_current(c, &h, NULL) < 0)
		return;
	buf_fmt(&text, TAG_TITLE "\nurl %s\nsha256 %s\ntag %s\n", c->url, h.sha256, tag);
	bundle_held_free(&h);
	if (!buf_error(&text))
		(void)!path_replace(store, STORE_TAG, buf_slice(&text), 0644);
}

static void poll_url(const struct bundle_config *c, const struct bundle_held *h, bool held, struct bundle_poll *out)
{
	_cleanup_buf_ struct buf text = BUF(BUNDLE_MAX + 1);
	char tag[BUNDLE_ETAG], before[BUNDLE_ETAG];
	bool unchanged = false, news = false;
	struct err err = {0};
	_cleanup_fd_ int store = bundle_store_open(c, false, NULL);
	tag_read(store, c, h, held, tag);
	memcpy(before, tag, sizeof(before));
	int r = bundle_fetch(c, tag, &text, &unchanged, &err);
	if (r == 0 && unchanged)
		return;
	r = r < 0 ? r : bundle_install(c, buf_slice(&text), &news, &err);
	if (r < 0) {
		refused(out, c->url, &err);
		return;
	}
	if (news)
		changed(out, c->url);
	if (strcmp(tag, before) != 0)
		tag_write(c, tag);
}

int bundle_poll(const struct bundle_config *c, struct bundle_poll *out, struct err *err)
{
	const char *trust = c->trust ? c->trust : TRUST_FILE;
	struct bundle_poll p = {0};
	struct bundle_held h;
	if (access(trust, R_OK) < 0)
		return err_sys(err, -errno, "whose bundles count is not known: cannot read the trust %s", trust);
	/* Once a while the time is recorded. */
	(void)bundle_time(c, false, NULL);
	bool held = bundle_current(c, &h, NULL) == 0;
	poll_folder(c, &h, held, &p);
	if (c->url) {
		if (held)
			bundle_held_free(&h);
		held = bundle_current(c, &h, NULL) == 0;
		poll_url(c, &h, held, &p);
	}
	if (held)
		bundle_held_free(&h);
	*out = p;
	return 0;
}
