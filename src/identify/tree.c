/* A folder: the metadata of its root, and the constants of its code files together. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "identify/identify_part.h"
#include "sys/path.h"

#define DEPTH_MAX 48
#define BYTES_MAX ((uint64_t)16 << 30)

struct walk {
	struct tally *tally;
	dev_t device;
	unsigned files; /* that were read */
	unsigned seen;  /* that were met */
	uint64_t bytes; /* of those that were read */
	struct metadata meta;
	bool sure;
	enum identify_form form; /* of the file with the most of it */
	unsigned form_found;
};

static const char *const no_code[] = {".md", ".txt", ".map", ".d.ts", ".d.mts", ".d.cts", ".json", ".yaml", ".yml", ".toml", ".html",
        ".css", ".svg", ".png", ".jpg", ".jpeg", ".gif", ".ico", ".webp", ".woff", ".woff2", ".ttf", ".otf", ".mp3", ".wav", ".mp4", ".csv",
        ".rst", ".pdf", ".lock", ".pyi"};

bool tree_may_be_code(struct slice name)
{
	/* Tests that some packages hold. */
	if (slice_find(name, SLICE(".test."), 0) != SLICE_NPOS || slice_find(name, SLICE(".spec."), 0) != SLICE_NPOS)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(no_code); i++)
		if (name.n > strlen(no_code[i]) && slice_eq_nocase(slice_from(name, name.n - strlen(no_code[i])), slice_str(no_code[i])))
			return false;
	return true;
}

static int open_file(const struct walk *w, int dir, const char *name, struct stat *st)
{
	_cleanup_fd_ int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, st) < 0 || !S_ISREG(st->st_mode) || st->st_dev != w->device)
		return -1;
	return TAKE_FD(fd);
}

static void read_metadata(struct walk *w, int dir, const char *name)
{
	struct stat st;
	_cleanup_fd_ int fd = open_file(w, dir, name, &st);
	_cleanup_buf_ struct buf text = BUF(METADATA_MAX);
	if (fd >= 0 && !w->meta.package[0] && path_read_fd(fd, &text) == 0)
		(void)metadata_read(slice_str(name), buf_slice(&text), &w->meta);
}

static unsigned found_in_all(const struct tally *t)
{
	unsigned n = 0;
	for (unsigned i = 0; i < t->id->n_tools; i++)
		n += t->tool[i].found;
	return n;
}

static int read_code(struct walk *w, int dir, const char *name)
{
	struct identify_match m = {0};
	unsigned before = found_in_all(w->tally);
	struct stat st;
	_cleanup_fd_ int fd = open_file(w, dir, name, &st);
	if (fd < 0)
		return 0;
	w->files++;
	w->bytes += (uint64_t)st.st_size;
	struct form f;
	int r = identify_tally(w->tally, fd, 0, &f, &m);
	if (r == -ENOMEM)
		return r;
	unsigned gained = found_in_all(w->tally) - before;
	if (gained > w->form_found) {
		w->form_found = gained;
		w->form = m.form;
	}
	w->sure = tally_sure(w->tally);
	return 0;
}

bool tree_other_packages(struct slice name)
{
	return slice_is(name, "node_modules") || slice_is(name, "site-packages") || slice_is(name, ".git");
}

static int walk_folder(struct walk *w, int dir, unsigned depth);

static int walk_entry(struct walk *w, int dir, const char *name, unsigned depth)
{
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	struct slice s = slice_str(name);
	if (S_ISDIR(st.st_mode)) {
		bool info = depth == 0 && (slice_ends(s, SLICE(".dist-info")) || slice_ends(s, SLICE(".egg-info")));
		if (st.st_dev != w->device || depth >= DEPTH_MAX || tree_other_packages(s))
			return 0;
		_cleanup_fd_ int below = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (below >= 0 && info) {
			read_metadata(w, below, "METADATA");
			read_metadata(w, below, "PKG-INFO");
		}
		return below < 0 || info ? 0 : walk_folder(w, below, depth + 1);
	}
	if (!S_ISREG(st.st_mode) || !tree_may_be_code(s))
		return 0;
	return read_code(w, dir, name);
}

static int walk_folder(struct walk *w, int dir, unsigned depth)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	if (!d) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		return depth == 0 || r == -ENOMEM ? r : 0;
	}
	for (struct dirent *e;
	        r == 0 && !w->sure && w->files < IDENTIFY_TREE_FILES && w->bytes < BYTES_MAX && w->seen < 8 * IDENTIFY_TREE_FILES;) {
		int next = path_next(d, &e);
		if (next <= 0) {
			r = depth == 0 ? next : 0;
			break;
		}
		w->seen++;
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = walk_entry(w, dir, e->d_name, depth);
	}
	(void)closedir(d);
	return r;
}

int identify_tree(const struct identify *id, int dirfd, struct identify_match *out, struct err *err)
{
	static const char *const roots[] = {".", "package", "extension"}; /* as it is, and as archives of npm and VS Code have it */
	_cleanup_tally_ struct tally *t = NULL;
	struct identify_match m = {0};
	struct stat st;
	int r = fstat(dirfd, &st) < 0 ? -errno : tally_new(id, &t);
	struct walk w = {.tally = t, .device = st.st_dev};
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(roots); i++) {
		_cleanup_fd_ int root = openat(dirfd, roots[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (root >= 0)
			read_metadata(&w, root, "package.json");
	}
	r = r < 0 ? r : walk_folder(&w, dirfd, 0);
	if (r < 0)
		return err_sys(err, r, "the folder cannot be read");
	m.form = w.form;
	identify_decide(t, &w.meta, &m);
	*out = m;
	return 0;
}
