/* The store of bundles on the disk: its state, and how another one is put in force. */
#include "policy/bundle_part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/path.h"

#define STATE_FILE "state"
#define STATE_MAX  4096
#define FRESH      ".fresh"
#define LINK_FRESH ".link"
#define ABOVE      "/var/lib/postern" /* BUNDLE_STORE's folder */
#define LOOK_IN    (S_IRGRP | S_IXGRP | S_IROTH | S_IXOTH)
#define LOCK_MS    10000u
#define TAKEN_TEXT "postern.bundle.state/v1"

const char *bundle_store(const struct bundle_config *c)
{
	return c->store ? c->store : BUNDLE_STORE;
}

/* Everybody may look in, whatever the mask: policies bind all. */
static int make_store(const char *path)
{
	int r = path_make_above(path, true);
	if (r < 0)
		return r;
	bool made = mkdir(path, 0755) == 0;
	if (made ? chmod(path, 0755) < 0 : errno != EEXIST)
		return -errno;
	/* The folder above may be older than the store, and closed. */
	struct stat st;
	if (strcmp(path, BUNDLE_STORE) == 0 && stat(ABOVE, &st) == 0 && st.st_uid == 0 && (~st.st_mode & LOOK_IN) &&
	        chmod(ABOVE, (st.st_mode & 07777) | LOOK_IN) < 0)
		return -errno;
	return 0;
}

/* No trust, no bundles: then a folder that is closed to this user hides none. */
static bool is_trusting(const struct bundle_config *c)
{
	return access(c->trust ? c->trust : TRUST_FILE, F_OK) == 0 || errno != ENOENT;
}

int bundle_store_open(const struct bundle_config *c, bool make, struct err *err)
{
	const char *path = bundle_store(c);
	struct stat st;
	int r = make ? make_store(path) : 0;
	if (r < 0)
		return err_sys(err, r, "cannot make the store of bundles %s", path);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 ? -errno : 0;
	if (r == -ENOENT || (r == -EACCES && !is_trusting(c)))
		return err_set(err, -ENOENT, "no bundle is in force here: there is no %s", path);
	if (r == -EACCES)
		return err_set(err, r,
		        "%s may not be read by this user: policies bind all, so everybody must be able to (chmod a+rx, on the "
		        "folders above too)",
		        path);
	if (r == 0 && fstat(fd, &st) < 0)
		r = -errno;
	if (r < 0)
		return err_sys(err, r, "cannot open the store of bundles %s", path);
	r = policy_owner(path, &st, c->given, err);
	return r < 0 ? r : TAKE_FD(fd);
}

int bundle_store_lock(int store, bool wait, struct err *err)
{
	_cleanup_fd_ int fd = openat(store, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(err, -errno, "cannot lock the store of bundles");
	int r = fd_lock(fd, wait ? LOCK_MS : 0);
	if (r == -EBUSY)
		return err_set(err, r, "another process has been installing a bundle for %u s", wait ? LOCK_MS / 1000 : 0);
	return r < 0 ? err_sys(err, r, "cannot lock the store of bundles") : TAKE_FD(fd);
}

/* State */

int bundle_state_read(int store, struct bundle_state *out, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(STATE_MAX);
	struct bundle_state s = {0};
	struct statement t;
	int r = path_read(store, STATE_FILE, &text);
	if (r == -ENOENT) {
		*out = s;
		return 0;
	}
	if (r < 0)
		return err_sys(err, r, "cannot read the state of the store of bundles");
	statement_begin(&t, buf_slice(&text), TAKEN_TEXT);
	if (statement_is(&t, "organisation")) {
		(void)slice_copy(statement_organisation(&t), s.organisation, sizeof(s.organisation));
		s.trust = statement_number(&t, "trust", BUNDLE_VERSION_MAX);
		s.version = statement_number(&t, "version", BUNDLE_VERSION_MAX);
		struct slice digest = statement_text(&t, "sha256");
		if (!statement_digest_valid(digest) || !slice_copy(digest, s.sha256, sizeof(s.sha256)))
			statement_bad(&t, "should be a SHA-256");
	}
	s.clock = statement_time(&t, "clock", true);
	if (statement_end(&t) < 0)
		return err_set(err, -EINVAL,
		        "the state of the store of bundles is damaged (line %u, \"%s\": %s); remove it only if you know that nobody puts "
		        "an "
		        "older bundle in place",
		        t.line, t.key, t.why);
	*out = s;
	return 0;
}

int bundle_state_write(int store, const struct bundle_state *s, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(STATE_MAX);
	char clock[21] = "never";
	if (s->clock)
		statement_time_write(s->clock, clock);
	buf_str_add(&text, TAKEN_TEXT "\n");
	if (s->organisation[0])
		buf_fmt(&text, "organisation %s\ntrust %llu\nversion %llu\nsha256 %s\n", s->organisation, (unsigned long long)s->trust,
		        (unsigned long long)s->version, s->sha256);
	buf_fmt(&text, "clock %s\n", clock);
	int r = buf_error(&text) ? buf_error(&text) : path_replace(store, STATE_FILE, buf_slice(&text), 0644);
	return r < 0 ? err_sys(err, r, "cannot record the bundle") : 0;
}

/* Putting one in force */

/* Below `dir`, with its folders; synced. */
static int put_file(int dir, const char *name, struct slice content)
{
	char folder[BUNDLE_NAME_MAX + 1] = ".";
	const char *slash = strrchr(name, '/');
	if (slash) {
		memcpy(folder, name, (size_t)(slash - name));
		folder[slash - name] = 0;
		int made = path_make(dir, folder, 0755);
		if (made < 0)
			return made;
		close(made);
	}
	_cleanup_fd_ int parent = path_open(dir, folder, O_RDONLY | O_DIRECTORY, 0);
	if (parent < 0)
		return parent;
	_cleanup_fd_ int fd = openat(parent, slash ? slash + 1 : name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	int r = fd_write_all(fd, content);
	if (r == 0 && (fchmod(fd, 0644) < 0 || fsync(fd) < 0))
		r = -errno;
	/* The folder, and those between it and the top, which may be new too. */
	while (r == 0 && strcmp(folder, ".") != 0) {
		_cleanup_fd_ int up = path_open(dir, folder, O_RDONLY | O_DIRECTORY, 0);
		if (up < 0 || fchmod(up, 0755) < 0 || fsync(up) < 0)
			r = up < 0 ? up : -errno;
		char *last = strrchr(folder, '/');
		if (last)
			*last = 0;
		else
			(void)slice_copy(SLICE("."), folder, sizeof(folder));
	}
	return r;
}

static int put_files(int dir, const struct bundle_taken *t)
{
	int r = fchmod(dir, 0755) < 0 ? -errno : put_file(dir, STORE_NOTE, t->bundle.note);
	r = r < 0 ? r : put_file(dir, STORE_TRUST, buf_slice(&t->trust_text));
	for (size_t i = 0; i < t->bundle.n && r == 0; i++) {
		char name[BUNDLE_NAME_MAX + 1];
		r = slice_copy(t->bundle.file[i].name, name, sizeof(name)) ? put_file(dir, name, t->bundle.file[i].content) : -ENAMETOOLONG;
	}
	return r < 0 ? r : fsync(dir) < 0 ? -errno : 0;
}

static int put_link(int store, const char *target, const char *name)
{
	if (unlinkat(store, LINK_FRESH, 0) < 0 && errno != ENOENT)
		return -errno;
	if (symlinkat(target, store, LINK_FRESH) < 0 || renameat(store, LINK_FRESH, store, name) < 0 || fsync(store) < 0)
		return -errno;
	return 0;
}

static bool link_of(int store, const char *name, char out[NAME_MAX + 1])
{
	ssize_t n = readlinkat(store, name, out, NAME_MAX);
	out[n > 0 ? n : 0] = 0;
	return n > 0;
}

void bundle_store_prune(int store)
{
	char current[NAME_MAX + 1], before[NAME_MAX + 1];
	if (!link_of(store, STORE_CURRENT, current))
		return;
	(void)link_of(store, STORE_BEFORE, before);
	int fd = openat(store, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d && fd >= 0)
		close(fd);
	for (struct dirent *e; d && path_next(d, &e) == 1;) {
		struct slice name = slice_str(e->d_name);
		bool left = slice_starts(name, SLICE("." STATE_FILE ".new-")) || slice_starts(name, SLICE("." STORE_TAG ".new-"));
		bool ours = name.p[0] >= '0' && name.p[0] <= '9' && !slice_is(name, current) && !slice_is(name, before);
		if (left || ours || slice_is(name, FRESH) || slice_is(name, LINK_FRESH))
			(void)path_remove(store, e->d_name);
	}
	if (d)
		closedir(d);
}

int bundle_store_put(int store, const struct bundle_config *c, const struct bundle_taken *t, struct err *err)
{
	char name[NAME_MAX + 1], old[NAME_MAX + 1], path[PATH_MAX];
	const char *at = bundle_store(c);
	struct bundle_state s = {.trust = t->bundle.trust, .version = t->bundle.version, .clock = t->now};
	(void)snprintf(name, sizeof(name), "%llu-%llu-%.16s", (unsigned long long)s.trust, (unsigned long long)s.version, t->sha256);
	(void)snprintf(path, sizeof(path), "%s/%s", at, FRESH);
	bool has_old = link_of(store, STORE_CURRENT, old);
	/* The same one again, because what is in force was damaged: beside it. */
	bool again = has_old && slice_starts(slice_str(old), slice_str(name));
	if (has_old && strcmp(old, name) == 0)
		(void)snprintf(name + strlen(name), 3, "-2");
	if (!slice_copy(t->bundle.organisation, s.organisation, sizeof(s.organisation)))
		return err_set(err, -EINVAL, "the name of the organisation is too long");
	(void)slice_copy(slice_str(t->sha256), s.sha256, sizeof(s.sha256));
	int r = path_remove(store, FRESH);
	if (r == 0 && mkdirat(store, FRESH, 0755) < 0)
		r = -errno;
	_cleanup_fd_ int dir = r < 0 ? -1 : path_open(store, FRESH, O_RDONLY | O_DIRECTORY, 0);
	r = r < 0 ? r : dir < 0 ? dir : put_files(dir, t);
	if (r < 0) {
		(void)path_remove(store, FRESH);
		return err_sys(err, r, "cannot write the bundle below %s; what was in force stays", at);
	}
	if (c->check && (r = c->check(c->arg, dir, path, err)) < 0) {
		(void)path_remove(store, FRESH);
		return r;
	}
	/* One by that name is of an attempt that did not get to its end. */
	r = path_remove(store, name);
	if (r == 0 && (renameat(store, FRESH, store, name) < 0 || fsync(store) < 0))
		r = -errno;
	if (r < 0)
		return err_sys(err, r, "cannot put the bundle into %s; what was in force stays", at);
	/* The version is recorded before the link is replaced, so that no older one is taken from here on, and this one is installed again
	 * if the link is not reached. Without one in force it is the other way round: what was recorded and is not there would be a damage.
	 */
	r = has_old ? bundle_state_write(store, &s, err) : 0;
	if (r < 0)
		return r;
	if (has_old && !again)
		r = put_link(store, old, STORE_BEFORE);
	r = r < 0 ? r : put_link(store, name, STORE_CURRENT);
	if (r < 0)
		return err_sys(err, r, "cannot put the bundle in force for good; install it again");
	r = has_old ? 0 : bundle_state_write(store, &s, err);
	if (r < 0)
		return r;
	bundle_store_prune(store);
	return 0;
}
