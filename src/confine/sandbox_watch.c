#include "confine/sandbox_watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "confine/secrets.h"
#include "sys/path.h"

#define WATCHES_MAX 60000
#define EVENTS      (IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR | IN_EXCL_UNLINK)
#define GIT_EVENTS  (IN_CREATE | IN_MOVED_TO | IN_ONLYDIR)

/* Of a repository's folder. */
static const struct {
	const char *name;
	bool made; /* an empty folder is made where there is none, so that nobody else makes it */
} git_fixed[] = {{"config", false}, {"hooks", true}, {"info", true}, {"commondir", false}, {"gitdir", false}, {"config.worktree", false}};
/* Never made by a git that works: where one was not, one that appears goes. They would lead the person's own git to other hooks. */
static const char *const git_absent[] = {"commondir", "config.worktree"};

enum kind {
	FOLDER, /* is searched */
	GIT,    /* git's own */
};

struct place {
	uint16_t item;
	uint8_t kind;
	uint8_t absent; /* bits: of git_absent, which were not there */
	char *path;     /* below the item */
};

struct watch {
	const struct tree_plan *plan;
	watch_fn fn;
	void *arg;
	int fd;
	struct place *place; /* by watch number */
	size_t n_places;
	struct place *found, *git; /* to be covered, to be guarded */
	size_t n_found, n_git, max_found, max_git;
	struct tree_covers covers;
	int root[TREE_ITEMS_MAX]; /* of the items, in the command's tree: their paths may lead elsewhere soon */
	bool applied, failed;
	bool fresh; /* what is searched is a folder that has just appeared */
	unsigned covered, unwatched;
	uint16_t item;       /* that is being searched */
	struct place *above; /* folders above repositories that are pinned */
	size_t n_above, max_above;
};

static bool append(struct place **list, size_t *n, size_t *max, struct place p)
{
	if (*n == *max) {
		size_t more = *max ? *max * 2 : 64;
		struct place *larger = p.path ? realloc(*list, more * sizeof(*larger)) : NULL;
		if (!larger)
			return false;
		*list = larger;
		*max = more;
	}
	(*list)[(*n)++] = p;
	return p.path != NULL;
}

static void watch_folder(struct watch *w, int fd, const char *path, enum kind kind)
{
	/* By its own name: in the command's namespaces there is no /proc/self for us. */
	int number = w->fd < 0 || fchdir(fd) < 0 ? -1 : inotify_add_watch(w->fd, ".", kind == GIT ? GIT_EVENTS : EVENTS);
	if (number < 0 || number >= WATCHES_MAX) {
		w->unwatched++;
		return;
	}
	if ((size_t)number >= w->n_places) {
		size_t more = ((size_t)number + 1024) & ~(size_t)1023;
		struct place *larger = realloc(w->place, more * sizeof(*larger));
		if (!larger) {
			w->unwatched++;
			return;
		}
		memset(larger + w->n_places, 0, (more - w->n_places) * sizeof(*larger));
		w->place = larger;
		w->n_places = more;
	}
	/* A folder that was moved has the same number, and another path. */
	free(w->place[number].path);
	w->place[number] = (struct place){.item = w->item, .kind = (uint8_t)kind, .path = strdup(path)};
	for (size_t i = 0; kind == GIT && i < ARRAY_LEN(git_absent); i++)
		if (faccessat(fd, git_absent[i], F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			w->place[number].absent |= (uint8_t)(1u << i);
}

/* ---- covering ---- */

/* A folder below an item, as the command sees it, however its names were exchanged meanwhile. */
static int open_below(const struct watch *w, const struct place *p, const char *path)
{
	int root = w->root[p->item];
	if (root < 0)
		return -ENOENT;
	if (*path)
		return path_open(root, path, O_PATH | O_DIRECTORY, 0);
	int fd = fcntl(root, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? -errno : fd;
}

static const char *last_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static int open_parent(const struct watch *w, const struct place *p)
{
	char above[PATH_MAX];
	(void)snprintf(above, sizeof(above), "%.*s", (int)(strrchr(p->path, '/') ? strrchr(p->path, '/') - p->path : 0), p->path);
	return open_below(w, p, above);
}

/* Another item may say something else of a place inside. */
static bool wanted(const struct watch *w, const struct place *p)
{
	char path[PATH_MAX];
	const struct tree_item *inner = &w->plan->item[p->item];
	(void)snprintf(path, sizeof(path), "%s/%s", inner->path, p->path);
	for (size_t i = p->item + 1u; i < w->plan->n_items; i++) {
		const struct tree_item *t = &w->plan->item[i];
		size_t n = strlen(t->path);
		if (strncmp(path, t->path, n) == 0 && (path[n] == 0 || path[n] == '/'))
			inner = path[n] == 0 ? NULL : t;
		if (!inner)
			return true;
	}
	return inner->as->with_secrets;
}

static int cover(struct watch *w, const struct place *p)
{
	if (wanted(w, p))
		return 0;
	_cleanup_fd_ int at = open_parent(w, p);
	int r = at < 0 ? at : tree_cover(&w->covers, at, last_of(p->path));
	if (r < 0)
		return r == -ENOENT || r == -ELOOP || r == -ENOTDIR ? 0 : r;
	w->covered++;
	return 1;
}

static void tell(const struct watch *w, const struct place *p, const char *name, const char *what)
{
	char path[PATH_MAX];
	(void)snprintf(path, sizeof(path), "%s%s%s%s%s", w->plan->item[p->item].source, *p->path ? "/" : "", p->path, name ? "/" : "",
	        name ? name : "");
	if (w->fn)
		w->fn(w->arg, path, what);
}

/* ---- git ---- */

static int pin(int at, const char *name, bool read_only)
{
	int r = tree_pin(at, name, read_only);
	return r == -ENOENT || r == -ELOOP ? 0 : r;
}

/* One folder of git's: its own, a module's, a work tree's. */
static int guard_folder(struct watch *w, const struct place *p, int git, bool main)
{
	bool make = w->plan->item[p->item].as->mode == SANDBOX_WRITE && main;
	int r = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(git_fixed); i++) {
		if (git_fixed[i].made && make)
			(void)mkdirat(git, git_fixed[i].name, 0755);
		r = pin(git, git_fixed[i].name, true);
	}
	if (r == 0 && main) {
		int readable = openat(git, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		w->item = p->item;
		if (readable >= 0)
			watch_folder(w, readable, p->path, GIT);
		(void)close(readable);
	}
	return r;
}

/* Folders of modules may lie below others that are none. */
static int guard_below(struct watch *w, const struct place *p, int at, const char *name, int depth)
{
	int r = pin(at, name, false);
	int fd = r < 0 ? -1 : openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d)
		return r < 0 ? r : 0;
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		if (e->d_name[0] == '.' || e->d_type != DT_DIR)
			continue;
		char path[PATH_MAX], head[NAME_MAX + 8];
		struct place below = {.item = p->item, .kind = GIT, .path = path};
		(void)snprintf(path, sizeof(path), "%s/%s/%s", p->path, name, e->d_name);
		(void)snprintf(head, sizeof(head), "%s/HEAD", e->d_name);
		if (faccessat(fd, head, F_OK, 0) < 0) {
			r = depth ? guard_below(w, &(struct place){.item = p->item, .path = path}, fd, e->d_name, depth - 1) : 0;
			continue;
		}
		r = pin(fd, e->d_name, false);
		_cleanup_fd_ int git = openat(fd, e->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		bool module = strcmp(name, "worktrees") != 0;
		r = r < 0 || git < 0 ? r : guard_folder(w, &below, git, module);
		if (r == 0 && git >= 0 && module && depth)
			r = guard_below(w, &below, git, "modules", depth - 1);
	}
	(void)closedir(d);
	return r;
}

/* The folders above a repository within the project: moved away, another repository could be put in their place. Each once: a pin brings
 * all mounts below it along. */
static int pin_above(struct watch *w, const struct place *p)
{
	char path[PATH_MAX];
	int r = 0;
	for (const char *slash = strchr(p->path, '/'); slash && r == 0; slash = strchr(slash + 1, '/')) {
		bool pinned = false;
		(void)snprintf(path, sizeof(path), "%.*s", (int)(slash - p->path), p->path);
		for (size_t i = 0; i < w->n_above && !pinned; i++)
			pinned = w->above[i].item == p->item && strcmp(w->above[i].path, path) == 0;
		if (pinned)
			continue;
		struct place one = {.item = p->item, .path = path};
		_cleanup_fd_ int at = open_parent(w, &one);
		r = at < 0 ? 0 : pin(at, last_of(path), false);
		one.path = strdup(path);
		if (r == 0 && !append(&w->above, &w->n_above, &w->max_above, one))
			r = -ENOMEM;
	}
	return r;
}

static int guard(struct watch *w, const struct place *p)
{
	const struct sandbox_path *as = w->plan->item[p->item].as;
	struct stat st;
	if (as->with_git || as->mode == SANDBOX_READ)
		return 0;
	int r = pin_above(w, p);
	if (r < 0)
		return r;
	_cleanup_fd_ int at = open_parent(w, p);
	const char *name = last_of(p->path);
	if (at < 0 || fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	r = pin(at, name, !S_ISDIR(st.st_mode));
	if (r < 0 || !S_ISDIR(st.st_mode))
		return r;
	_cleanup_fd_ int git = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = git < 0 ? -errno : guard_folder(w, p, git, true);
	r = r < 0 ? r : guard_below(w, p, git, "modules", 8);
	return r < 0 ? r : guard_below(w, p, git, "worktrees", 0);
}

/* ---- searching ---- */

static bool wants_word(const struct watch *w, uint16_t item, const char *path)
{
	const struct sandbox_spec *s = w->plan->spec;
	const char *as = w->plan->item[item].as->path;
	return s->tell && s->tell_of && w->plan->item[item].as->mode == SANDBOX_WRITE && strcmp(as, s->tell_of) == 0 && s->tell(path);
}

/* A folder that is new may hold what was written before anybody watched it. */
static void tell_all(const struct watch *w, int fd, const char *folder)
{
	const struct place p = {.item = w->item, .path = (char *)(uintptr_t)folder};
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = again < 0 ? NULL : fdopendir(again);
	char path[PATH_MAX];
	if (!d && again >= 0)
		(void)close(again);
	for (struct dirent *e; d && (e = readdir(d));)
		if (e->d_type != DT_DIR &&
		        snprintf(path, sizeof(path), "%s%s%s", folder, *folder ? "/" : "", e->d_name) < (int)sizeof(path) &&
		        wants_word(w, w->item, path))
			tell(w, &p, e->d_name, "written");
	if (d)
		(void)closedir(d);
}

static void on_folder(void *arg, int fd, const char *path)
{
	struct watch *w = arg;
	watch_folder(w, fd, path, FOLDER);
	if (w->fresh)
		tell_all(w, fd, path);
}

static void on_found(void *arg, const char *path)
{
	struct watch *w = arg;
	struct place p = {.item = w->item, .path = (char *)(uintptr_t)path};
	if (w->applied) {
		int r = cover(w, &p);
		if (r > 0)
			tell(w, &p, NULL, "covered");
		w->failed |= r < 0;
		return;
	}
	p.path = strdup(path);
	w->failed |= !append(&w->found, &w->n_found, &w->max_found, p);
}

static void on_git(void *arg, const char *path, bool folder)
{
	struct watch *w = arg;
	struct place p = {.item = w->item, .path = (char *)(uintptr_t)path};
	(void)folder;
	if (w->applied) {
		tell(w, &p, NULL, "repository");
		return;
	}
	p.path = strdup(path);
	w->failed |= !append(&w->git, &w->n_git, &w->max_git, p);
}

static const struct secrets_calls searching = {.folder = on_folder, .found = on_found, .git = on_git};

/* What of the table of places lies below an item. */
static void search_places(struct watch *w, const struct tree_item *t)
{
	size_t item = strlen(t->source);
	char path[PATH_MAX];
	for (size_t i = 0; secrets_places[i]; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", w->plan->home, secrets_places[i]);
		if (strncmp(path, t->source, item) != 0 || path[item] != '/')
			continue;
		size_t n = strlen(path);
		if (path[n - 1] != '*') {
			if (access(path, F_OK) == 0)
				on_found(w, path + item + 1);
			continue;
		}
		/* All names with this beginning. */
		char *slash = strrchr(path, '/');
		path[n - 1] = 0;
		*slash = 0;
		_cleanup_free_ char *begin = strdup(slash + 1);
		DIR *d = begin ? opendir(path) : NULL;
		for (struct dirent *e; d && (e = readdir(d));) {
			char one[PATH_MAX + NAME_MAX + 2];
			(void)snprintf(one, sizeof(one), "%s/%s", path, e->d_name);
			if (strncmp(e->d_name, begin, strlen(begin)) == 0 && strlen(one) < PATH_MAX)
				on_found(w, one + item + 1);
		}
		if (d)
			(void)closedir(d);
	}
}

static int search_item(struct watch *w, size_t i, const char *path)
{
	const struct tree_item *t = &w->plan->item[i];
	if (!t->folder || t->as->mode == SANDBOX_HIDE || (t->as->with_secrets && t->as->with_git))
		return 0;
	/* The real folder before there is the command's tree, then the one in that. */
	_cleanup_fd_ int fd = w->applied ? openat(w->root[i], ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
	                                 : open(t->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES || errno == ENOENT ? 0 : -errno;
	w->item = (uint16_t)i;
	int r = secrets_search(fd, path, &searching, w);
	return r == -ENOENT || r == -EACCES || r == -ENOTDIR || r == -ELOOP ? 0 : r;
}

int watch_new(const struct tree_plan *plan, watch_fn fn, void *arg, struct watch **out, struct err *err)
{
	struct watch *w = calloc(1, sizeof(*w));
	if (!w)
		return err_sys(err, -ENOMEM, "cannot look for secrets");
	*w = (struct watch){.plan = plan, .fn = fn, .arg = arg, .covers = {-1, -1}};
	w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	int r = 0;
	for (size_t i = 0; r == 0 && i < plan->n_items; i++) {
		r = search_item(w, i, "");
		if (r < 0)
			err_sys(err, r, "cannot look for secrets in %s", plan->item[i].source);
		else if (plan->item[i].folder && plan->item[i].as->mode != SANDBOX_HIDE && !plan->item[i].as->with_secrets)
			search_places(w, &plan->item[i]);
	}
	if (r == 0 && w->failed)
		r = err_sys(err, -ENOMEM, "cannot look for secrets");
	*out = w;
	return r;
}

int watch_apply(struct watch *w, struct err *err)
{
	int r = tree_covers_open(&w->covers);
	for (size_t i = 0; i < w->plan->n_items; i++)
		w->root[i] = open(w->plan->item[i].path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	for (size_t i = 0; r >= 0 && i < w->n_git; i++) {
		r = guard(w, &w->git[i]);
		if (r < 0)
			return err_sys(err, r, "cannot protect %s/%s", w->plan->item[w->git[i].item].source, w->git[i].path);
	}
	for (size_t i = 0; r >= 0 && i < w->n_found; i++) {
		r = cover(w, &w->found[i]);
		if (r < 0)
			return err_sys(err, r, "cannot cover %s/%s", w->plan->item[w->found[i].item].source, w->found[i].path);
	}
	w->applied = true;
	return r < 0 ? err_sys(err, r, "cannot cover secrets") : 0;
}

/* ---- later ---- */

static void remove_planted(struct watch *w, const struct place *p, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(git_absent); i++) {
		if (!(p->absent & (1u << i)) || (name && strcmp(name, git_absent[i]) != 0))
			continue;
		_cleanup_fd_ int at = open_below(w, p, p->path);
		if (at >= 0 && path_remove(at, git_absent[i]) == 0 && name)
			tell(w, p, git_absent[i], "removed");
	}
}

/* An ordinary file with one name: who made it writes it now. */
static bool unfinished(const struct watch *w, const struct place *p, char *path, const char *name)
{
	const struct place one = {.item = p->item, .path = path};
	struct stat st;
	_cleanup_fd_ int at = open_parent(w, &one);
	return at >= 0 && fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1;
}

static void on_event(struct watch *w, const struct inotify_event *e)
{
	if (e->mask & IN_Q_OVERFLOW) {
		for (size_t i = 0; i < w->plan->n_items; i++)
			w->failed |= search_item(w, i, "") < 0;
		return;
	}
	struct place *p = e->wd >= 0 && (size_t)e->wd < w->n_places ? &w->place[e->wd] : NULL;
	if (!p || !p->path)
		return;
	if (e->mask & IN_IGNORED) {
		free(p->path);
		*p = (struct place){0};
		return;
	}
	if (!e->len)
		return;
	if (p->kind == GIT) {
		remove_planted(w, p, e->name);
		return;
	}
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s%s%s", p->path, *p->path ? "/" : "", e->name);
	if (n < 0 || (size_t)n >= sizeof(path))
		return;
	bool folder = e->mask & IN_ISDIR;
	enum secret is = secrets_name(e->name, folder);
	w->item = p->item;
	if (is == SECRET_PERHAPS && !(e->mask & IN_CREATE)) {
		struct place one = {.item = p->item, .path = path};
		_cleanup_fd_ int at = open_parent(w, &one);
		_cleanup_fd_ int fd = at < 0 ? -1 : openat(at, e->name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
		is = secrets_in_content(fd, e->name) ? SECRET_SURE : SECRET_NONE;
	}
	/* A cover is not put on a cover: what was written to and closed was covered when it came. */
	if (is == SECRET_SURE && (!(e->mask & IN_CLOSE_WRITE) || secrets_name(e->name, folder) == SECRET_PERHAPS))
		on_found(w, path);
	else if (strcmp(e->name, ".git") == 0 && (e->mask & (IN_CREATE | IN_MOVED_TO)))
		on_git(w, path, folder);
	else if (folder && is == SECRET_NONE && !secrets_skip(e->name)) {
		w->fresh = true;
		w->failed |= search_item(w, p->item, path) < 0;
		w->fresh = false;
	}
	/* A file is told of when it is whole, and a name of something else (a link) when it is there. */
	if (!folder && wants_word(w, p->item, path) && !(e->mask & IN_CREATE && unfinished(w, p, path, e->name)))
		tell(w, p, e->name, "written");
}

int watch_fd(const struct watch *w)
{
	return w->fd;
}

void watch_read(struct watch *w)
{
	_Alignas(struct inotify_event) char bytes[16384];
	ssize_t n = read(w->fd, bytes, sizeof(bytes));
	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *e = (const struct inotify_event *)(const void *)(bytes + at);
		on_event(w, e);
		at += (ssize_t)(sizeof(*e) + e->len);
	}
}

void watch_end(struct watch *w)
{
	for (size_t i = 0; i < w->n_places; i++)
		if (w->place[i].path && w->place[i].kind == GIT)
			remove_planted(w, &w->place[i], NULL);
}

unsigned watch_covered(const struct watch *w)
{
	return w->covered;
}

unsigned watch_unwatched(const struct watch *w)
{
	return w->unwatched;
}

bool watch_sweeps(const struct watch *w)
{
	return w->n_git > 0;
}
