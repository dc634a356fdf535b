/* Which files changed, by git's own reading of its objects. git is only asked for trees and blobs, and from a folder of our own that has
 * the repository's objects and names, but not its configuration, hooks or attributes: so nothing that the repository says is run. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/encode.h"
#include "cmd/scan.h"
#include "crypto/digest.h"
#include "parse/gitconfig.h"
#include "sys/fd.h"
#include "sys/path.h"

#define LIST_MAX   ((size_t)256 << 20)
#define MEMORY_MAX ((size_t)256 << 20)
#define CONFIG_MAX ((size_t)1 << 20)
#define ITEMS_MAX  10000u
#define IN_MEMORY  ((uint64_t)1 << 20) /* larger contents go through a file */
#define LINK_MAX   4096u
#define PIECE      ((size_t)1 << 16)
#define WORDS_MAX  16
#define SILENT_MS  30000
#define BLOB_MAX   ((uint64_t)2 << 30)
#define HEAP_MAX   ((rlim_t)1 << 30)
#define MOVED      "-l400" /* files at most that are compared to find what was moved; of more only those that are the same */

/* The folder that git gets. */

static int put_file(int dir, const char *name, const char *text)
{
	_cleanup_fd_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd_write_all(fd, slice_str(text));
}

/* One line of a file: where a folder of git is that lies elsewhere. */
static int read_line(int dir, const char *name, const char *prefix, char out[PATH_MAX])
{
	_cleanup_buf_ struct buf text = BUF(PATH_MAX);
	int r = path_read(dir, name, &text);
	struct slice s = slice_trim(buf_slice(&text));
	if (r < 0)
		return r;
	if (!slice_starts(s, slice_str(prefix)))
		return -EBADMSG;
	s = slice_trim(slice_from(s, strlen(prefix)));
	(void)snprintf(out, PATH_MAX, "%.*s", SLICE_FMT(s));
	return 0;
}

static int open_folder(int at, const char *path)
{
	int fd = openat(at, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* One without a working tree, as on a server: gitrepository-layout(5). Of it nothing is believed but objects and refs, as of any. */
static bool is_repository(int dir)
{
	return faccessat(dir, "HEAD", F_OK, 0) == 0 && faccessat(dir, "objects", F_OK, 0) == 0 && faccessat(dir, "refs", F_OK, 0) == 0;
}

/* What is private to this working tree (HEAD, index), and what all of the repository share. */
static int find_git(const char *root, int *own, int *common)
{
	char path[PATH_MAX];
	const char *given = getenv("GIT_DIR");
	_cleanup_fd_ int tree = open_folder(AT_FDCWD, root);
	if (tree < 0)
		return tree;
	*own = given ? open_folder(AT_FDCWD, given) : open_folder(tree, ".git");
	if (*own == -ENOTDIR && read_line(tree, ".git", "gitdir:", path) == 0)
		*own = open_folder(tree, path);
	if (!given && *own == -ENOENT && is_repository(tree))
		*own = open_folder(tree, ".");
	if (*own < 0)
		return *own;
	int r = read_line(*own, "commondir", "", path);
	*common = r == 0 ? open_folder(*own, path) : r == -ENOENT ? open_folder(*own, ".") : r;
	return *common < 0 ? *common : 0;
}

static bool has_sha256(int common)
{
	_cleanup_buf_ struct buf text = BUF(CONFIG_MAX);
	_cleanup_arena_ struct arena a = ARENA(CONFIG_MAX);
	struct gitconfig_item *item;
	size_t n;
	if (path_read(common, "config", &text) < 0 || gitconfig_read(buf_slice(&text), ITEMS_MAX, &a, &item, &n) < 0)
		return false;
	for (size_t i = n; i > 0; i--)
		if (strcmp(item[i - 1].key, "extensions.objectformat") == 0)
			return strcmp(item[i - 1].value, "sha256") == 0;
	return false;
}

static int link_to(int dir, const char *name, int where)
{
	char self[64], path[PATH_MAX], whole[PATH_MAX];
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", where);
	ssize_t n = readlink(self, path, sizeof(path) - 1);
	if (n < 0)
		return -errno;
	path[n] = 0;
	if (snprintf(whole, sizeof(whole), "%s/%s", path, name) >= (int)sizeof(whole))
		return -ENAMETOOLONG;
	return symlinkat(whole, dir, name) < 0 ? -errno : 0;
}

int scan_git_open(struct scan_git *g, const char *root, struct err *err)
{
	_cleanup_fd_ int own = -1, common = -1, dir = -1;
	const char *tmp = getenv("TMPDIR");
	char config[256], head[PATH_MAX];
	*g = (struct scan_git){.stop = g->stop, .arena = ARENA(MEMORY_MAX), .in = -1, .out = -1};
	int r = find_git(root, &own, &common);
	if (r < 0)
		return err_sys(err, r, "cannot find git's folder of %s", root);
	g->sha256 = has_sha256(common);
	(void)snprintf(g->dir, sizeof(g->dir), "%s/postern-scan-XXXXXX", tmp && tmp[0] == '/' ? tmp : "/tmp");
	if (!mkdtemp(g->dir)) {
		g->dir[0] = 0;
		return err_sys(err, -errno, "cannot make a folder in %s", tmp ? tmp : "/tmp");
	}
	(void)snprintf(config, sizeof(config),
	        "[core]\n\trepositoryformatversion = 1\n\tbare = true\n\tbigFileThreshold = 16m\n[extensions]\n\tobjectFormat = %s\n",
	        g->sha256 ? "sha256" : "sha1");
	dir = open(g->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = dir < 0 ? -errno : read_line(own, "HEAD", "", head);
	r = r < 0 ? r : put_file(dir, "HEAD", head);
	r = r < 0 ? r : put_file(dir, "config", config);
	r = r < 0 ? r : link_to(dir, "objects", common);
	r = r < 0 ? r : link_to(dir, "refs", common);
	r = r < 0 ? r : link_to(dir, "packed-refs", common);
	r = r < 0 ? r : link_to(dir, "index", own);
	return r < 0 ? err_sys(err, r, "cannot read git's folder of %s", root) : 0;
}

static void end_batch(struct scan_git *g)
{
	fd_closep(&g->in);
	fd_closep(&g->out);
	if (g->pid) {
		(void)kill(g->pid, SIGKILL);
		while (waitpid(g->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	g->pid = 0;
}

void scan_git_close(struct scan_git *g)
{
	static const char *const names[] = {"HEAD", "config", "objects", "refs", "packed-refs", "index"};
	end_batch(g);
	if (g->dir[0]) {
		_cleanup_fd_ int dir = open(g->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		for (size_t i = 0; i < ARRAY_LEN(names) && dir >= 0; i++)
			(void)unlinkat(dir, names[i], 0);
		(void)rmdir(g->dir);
	}
	arena_free(&g->arena);
	free(g->change);
	free(g->gone);
	*g = (struct scan_git){.in = -1, .out = -1};
}

/* git itself. */

static _Noreturn void become_git(const struct scan_git *g, int in, int out, const char *const *words)
{
	/* Where this call's objects are, if a hook of git calls. */
	static const char *const passed[] = {"PATH", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_INDEX_FILE"};
	static char nosystem[] = "GIT_CONFIG_NOSYSTEM=1", global[] = "GIT_CONFIG_GLOBAL=/dev/null", replace[] = "GIT_NO_REPLACE_OBJECTS=1",
	            locks[] = "GIT_OPTIONAL_LOCKS=0", attributes[] = "GIT_ATTR_NOSYSTEM=1", locale[] = "LC_ALL=C", git[] = "git";
	char where[PATH_MAX + 16], *argv[WORDS_MAX + 2] = {git}, *env[16] = {nosystem, global, replace, locks, attributes, locale, where};
	size_t n = 7;
	(void)snprintf(where, sizeof(where), "GIT_DIR=%s", g->dir);
	for (size_t i = 0; i < ARRAY_LEN(passed); i++) {
		const char *value = getenv(passed[i]);
		if (value && asprintf(&env[n], "%s=%s", passed[i], value) >= 0)
			n++;
	}
	for (size_t i = 0; i < WORDS_MAX && words[i]; i++)
		argv[i + 1] = (char *)(uintptr_t)words[i];
	/* An object may unpack to more than there is memory. Packs are mapped, and do not count. */
	const struct rlimit heap = {HEAP_MAX, HEAP_MAX};
	(void)setrlimit(RLIMIT_DATA, &heap);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (dup2(in < 0 ? null : in, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0)
		_exit(126);
	(void)execvpe("git", argv, env);
	_exit(127);
}

static int start_git(struct scan_git *g, const char *const *words, bool talks, pid_t *pid, int *in, int *out)
{
	int to[2] = {-1, -1}, from[2];
	if (talks && pipe2(to, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(from, O_CLOEXEC) < 0) {
		int r = -errno;
		fd_closep(&to[0]);
		fd_closep(&to[1]);
		return r;
	}
	*pid = fork();
	if (*pid == 0)
		become_git(g, to[0], from[1], words);
	int r = *pid < 0 ? -errno : 0;
	fd_closep(&to[0]);
	fd_closep(&from[1]);
	if (r < 0) {
		fd_closep(&to[1]);
		fd_closep(&from[0]);
		return r;
	}
	*out = from[0];
	if (talks)
		*in = to[1];
	return 0;
}

/* What git says next. An object may be a pipe that nobody writes to: -ETIMEDOUT if it says nothing for so long. */
static ssize_t hear(const struct scan_git *g, int fd, void *to, size_t size)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n;
	do
		n = poll(&p, 1, SILENT_MS);
	while (n < 0 && errno == EINTR && !(g->stop && *g->stop));
	if (n <= 0)
		return n < 0 ? -errno : -ETIMEDOUT;
	ssize_t got = read(fd, to, size);
	return got < 0 ? -errno : got;
}

/* All that git says; -ENOENT if it says that it cannot. */
static int ask_git(struct scan_git *g, const char *const *words, struct buf *said)
{
	pid_t pid;
	int status = 0, unused = -1;
	_cleanup_fd_ int out = -1;
	int r = start_git(g, words, false, &pid, &unused, &out);
	while (r == 0) {
		uint8_t *room = buf_room(said, PIECE);
		ssize_t n = room ? hear(g, out, room, PIECE) : buf_error(said);
		if (n == 0)
			break;
		if (n < 0)
			r = (int)n;
		else
			said->n += (size_t)n;
	}
	if (r < 0 && out >= 0)
		(void)kill(pid, SIGKILL);
	while (out >= 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r == 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == 0))
		r = WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -ENOSYS : -ENOENT;
	return r;
}

static bool is_zeros(const char *rev)
{
	return strlen(rev) >= 40 && strspn(rev, "0") == strlen(rev);
}

/* The tree of a revision. The one that hooks name by zeros, and HEAD before the first commit, is the empty one. */
static int tree_of(struct scan_git *g, const char *rev, bool may_lack, char id[80], struct err *err)
{
	_cleanup_buf_ struct buf said = BUF(4 * PIECE);
	char name[PATH_MAX];
	const char *const verify[] = {"rev-parse", "--verify", "--quiet", "--end-of-options", name, NULL}, *const empty[] = {"hash-object",
	                                                                                                           "-t", "tree",
	                                                                                                           "/dev/null", NULL};
	(void)snprintf(name, sizeof(name), "%s^{tree}", rev);
	int r = is_zeros(rev) ? -ENOENT : ask_git(g, verify, &said);
	if (r == -ENOENT && (may_lack || is_zeros(rev))) {
		buf_reset(&said);
		r = ask_git(g, empty, &said);
	}
	if (r == -ENOSYS)
		return err_set(err, r, "cannot find git, which reads its repositories");
	/* Older ones say where the options end, too. */
	struct slice s = slice_trim(buf_slice(&said)), line;
	while (r == 0 && slice_split(&s, '\n', &line))
		(void)snprintf(id, 80, "%.*s", SLICE_FMT(slice_sub(line, 0, 79)));
	if (r == -ENOENT)
		return err_set(err, r, "git knows no %s here", rev);
	return r < 0 ? err_sys(err, r, "cannot read what git says of %s", rev) : 0;
}

/* Lists. */

/* Room for one more. */
static int grow(struct scan_change **list, size_t n, size_t *room)
{
	if (n < *room)
		return 0;
	size_t more = *room ? 2 * *room : 256;
	struct scan_change *larger = realloc(*list, more * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	*list = larger;
	*room = more;
	return 0;
}

static int add_change(struct scan_git *g, struct slice mode, struct slice id, struct slice before, struct slice path)
{
	if (grow(&g->change, g->n, &g->room) < 0)
		return -ENOMEM;
	struct scan_change c = {.path = arena_str(&g->arena, path), .id = arena_str(&g->arena, id)};
	c.kind = slice_is(mode, "160000") ? SCAN_CHANGE_MODULE : slice_is(mode, "120000") ? SCAN_CHANGE_LINK : SCAN_CHANGE_FILE;
	c.before = before.n ? arena_str(&g->arena, before) : NULL;
	if (!c.path || !c.id || (before.n && !c.before))
		return -ENOMEM;
	g->change[g->n++] = c;
	return 0;
}

static int add_gone(struct scan_git *g, const char *path, const char *id)
{
	if (!path || !id || grow(&g->gone, g->n_gone, &g->gone_room) < 0)
		return -ENOMEM;
	g->gone[g->n_gone++] = (struct scan_change){.path = path, .id = id};
	return 0;
}

/* ":100644 100644 OLD NEW M\0path\0", ":100644 100644 OLD NEW R90\0from\0path\0": what there is on the new side. */
static int read_raw(struct scan_git *g, struct slice said)
{
	struct slice head, path, word[5];
	int r = 0;
	while (r == 0 && slice_split(&said, 0, &head) && head.n) {
		size_t n = 0;
		while (n < ARRAY_LEN(word) && slice_split(&head, ' ', &word[n]))
			n++;
		if (n != ARRAY_LEN(word) || !slice_split(&said, 0, &path))
			return -EBADMSG;
		bool moved = word[4].n && (word[4].p[0] == 'R' || word[4].p[0] == 'C');
		if (moved && !slice_split(&said, 0, &path))
			return -EBADMSG;
		/* What was a link, or another repository, had no content here. */
		bool was = slice_ends(word[0], SLICE("644")) || slice_ends(word[0], SLICE("755"));
		if (!slice_is(word[1], "000000"))
			r = add_change(g, word[1], word[3], was ? word[2] : SLICE_NONE, path);
		else if (was)
			r = add_gone(g, arena_str(&g->arena, path), arena_str(&g->arena, word[2]));
	}
	return r;
}

int scan_git_diff(struct scan_git *g, const char *from, const char *to, struct err *err)
{
	_cleanup_buf_ struct buf said = BUF(LIST_MAX);
	char old[80] = "", new[80] = "";
	/* A file that was moved is what it was: else all that is in it would be new. */
	const char *const trees[] = {"diff-tree", "-r", "-z", "--raw", "-M", MOVED, "--full-index", old, new, NULL},
	                  *const staged[] = {"diff-index", "--cached", "-z", "--raw", "-M", MOVED, "--full-index", old, "--", NULL};
	int r = tree_of(g, from, !to, old, err);
	if (r == 0 && to)
		r = tree_of(g, to, false, new, err);
	if (r < 0)
		return r;
	(void)snprintf(g->tree, sizeof(g->tree), "%s", new);
	r = ask_git(g, to ? trees : staged, &said);
	r = r < 0 ? r : read_raw(g, buf_slice(&said));
	return r < 0 ? err_sys(err, r, "cannot read what git says of the changes") : 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct scan_change *)a)->path, ((const struct scan_change *)b)->path);
}

int scan_git_tree(struct scan_git *g, const char *rev, struct err *err)
{
	_cleanup_buf_ struct buf said = BUF(LIST_MAX);
	char id[80] = "";
	const char *const list[] = {"ls-tree", "-r", "-z", "--full-tree", id, NULL};
	int r = tree_of(g, rev, false, id, err);
	if (r < 0)
		return r;
	r = ask_git(g, list, &said);
	/* "100644 blob ID\tpath\0" */
	struct slice rest = buf_slice(&said), entry, mode, type, blob;
	while (r == 0 && slice_split(&rest, 0, &entry) && entry.n) {
		bool whole = slice_split(&entry, ' ', &mode) && slice_split(&entry, ' ', &type) && slice_split(&entry, '\t', &blob);
		r = whole ? add_change(g, mode, blob, SLICE_NONE, entry) : -EBADMSG;
	}
	if (r == 0 && g->n)
		qsort(g->change, g->n, sizeof(*g->change), by_path);
	return r < 0 ? err_sys(err, r, "cannot read what git says of %s", rev) : 0;
}

bool scan_git_has(const struct scan_git *g, const char *path, int fd)
{
	const struct scan_change key = {.path = path};
	const struct scan_change *c = g->n ? bsearch(&key, g->change, g->n, sizeof(*g->change), by_path) : NULL;
	enum digest kind = g->sha256 ? DIGEST_SHA256 : DIGEST_SHA1;
	_cleanup_buf_ struct buf piece = BUF(PIECE), hex = BUF(256);
	uint8_t *room = buf_room(&piece, PIECE), out[DIGEST_MAX];
	struct digest_stream *s;
	struct stat st;
	char head[64];
	if (!c || c->kind != SCAN_CHANGE_FILE || !room || fstat(fd, &st) < 0 || digest_stream_new(kind, &s) < 0)
		return false;
	int n = snprintf(head, sizeof(head), "blob %lld", (long long)st.st_size);
	int r = digest_stream_add(s, slice_of(head, (size_t)n + 1));
	for (off_t at = 0; r == 0;) {
		ssize_t got = pread(fd, room, PIECE, at);
		if (got == 0)
			break;
		r = got < 0 ? -errno : digest_stream_add(s, slice_of(room, (size_t)got));
		at += got;
	}
	if (r < 0) {
		digest_stream_free(s);
		return false;
	}
	if (digest_stream_end(s, out) < 0)
		return false;
	encode_hex(&hex, slice_of(out, digest_size(kind)));
	return strcmp(buf_str(&hex), c->id) == 0;
}

/* Contents. */

static int read_byte(const struct scan_git *g, uint8_t *c)
{
	ssize_t n = hear(g, g->out, c, 1);
	return n < 0 ? (int)n : n == 0 ? -EPIPE : 0;
}

/* "ID blob SIZE\n" */
static int read_head(const struct scan_git *g, uint64_t *size)
{
	uint8_t line[256];
	size_t n = 0;
	int r = 0;
	while (r == 0 && n < sizeof(line) && (n == 0 || line[n - 1] != '\n'))
		r = read_byte(g, &line[n++]);
	struct slice s = slice_trim(slice_of(line, n)), id, type;
	if (r < 0)
		return r;
	/* The rest of a longer one is still to come. */
	if (line[n - 1] != '\n')
		return -EMSGSIZE;
	bool missing = slice_ends(s, SLICE(" missing"));
	bool blob = slice_split(&s, ' ', &id) && slice_split(&s, ' ', &type) && slice_is(type, "blob");
	if (blob && slice_u64(s, INT64_MAX, size))
		return 0;
	/* Behind a tree comes what is in it. */
	return missing ? -ENOENT : -EISDIR;
}

/* A file without a name, which is read only from outside: those who scan it get it. */
static int new_content(const struct scan_git *g, uint64_t size, int *write_end)
{
	char self[64];
	*write_end = size <= IN_MEMORY ? memfd_create("postern-scan", MFD_CLOEXEC) : open(g->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (*write_end < 0)
		return -errno;
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", *write_end);
	int fd = open(self, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int copy(const struct scan_git *g, int to, uint64_t n)
{
	uint8_t piece[PIECE];
	while (n) {
		ssize_t got = hear(g, g->out, piece, n < sizeof(piece) ? (size_t)n : sizeof(piece));
		if (got <= 0)
			return got < 0 ? (int)got : -EPIPE;
		int r = fd_write_all(to, slice_of(piece, (size_t)got));
		if (r < 0)
			return r;
		n -= (uint64_t)got;
	}
	return 0;
}

static int content(struct scan_git *g, const char *id)
{
	static const char *const batch[] = {"cat-file", "--batch", NULL};
	char line[PATH_MAX + 128];
	uint64_t size = 0;
	uint8_t end;
	_cleanup_fd_ int to = -1, fd = -1;
	if (g->silent)
		return -ETIMEDOUT;
	int r = g->pid ? 0 : start_git(g, batch, true, &g->pid, &g->in, &g->out);
	int n = snprintf(line, sizeof(line), "%.*s\n", PATH_MAX + 100, id);
	r = r < 0 ? r : fd_write_all(g->in, slice_of(line, (size_t)n));
	r = r < 0 ? r : read_head(g, &size);
	if (r == -ENOENT)
		return r;
	if (r == 0 && size > BLOB_MAX)
		r = -EFBIG;
	fd = r < 0 ? r : new_content(g, size, &to);
	r = fd < 0 ? fd : copy(g, to, size);
	r = r < 0 ? r : read_byte(g, &end);
	/* What it says from here on would be taken for the next one's. */
	if (r < 0)
		end_batch(g);
	g->silent = r == -ETIMEDOUT;
	return r < 0 ? r : TAKE_FD(fd);
}

/* Does a link lead out of the tree that it is in? */
static bool leads_out(const char *path, struct slice target)
{
	struct slice rest = slice_str(path), part;
	long depth = -1;
	while (slice_split(&rest, '/', &part))
		depth++;
	if (target.n && target.p[0] == '/')
		return true;
	while (depth >= 0 && slice_split(&target, '/', &part))
		depth += slice_is(part, "..") ? -1 : part.n && !slice_is(part, ".") ? 1 : 0;
	return depth < 0;
}

int scan_git_before(struct scan_git *g, const char *path)
{
	const struct scan_change key = {.path = path};
	const struct scan_change *c = g->n ? bsearch(&key, g->change, g->n, sizeof(*g->change), by_path) : NULL;
	return c && c->kind == SCAN_CHANGE_FILE ? content(g, c->id) : -ENOENT;
}

int scan_git_object(struct scan_git *g, const char *id)
{
	return content(g, id);
}

int scan_git_find_gone(struct scan_git *g, const char *root)
{
	_cleanup_fd_ int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r = dir < 0 ? -errno : 0;
	for (size_t i = 0; i < g->n && r == 0; i++) {
		const struct scan_change *c = &g->change[i];
		if (c->kind != SCAN_CHANGE_FILE || !scan_test_family(c->path))
			continue;
		_cleanup_fd_ int fd = path_open(dir, c->path, O_PATH, 0);
		if (fd == -ENOENT || fd == -ENOTDIR)
			r = add_gone(g, c->path, c->id);
	}
	return r;
}

int scan_git_now(struct scan_git *g, const char *path)
{
	char name[PATH_MAX + 96];
	/* git takes one name a line. */
	if (strchr(path, '\n') || strlen(path) >= PATH_MAX)
		return -ENOENT;
	(void)snprintf(name, sizeof(name), "%s:%s", g->tree[0] ? g->tree : ":0", path);
	return content(g, name);
}

int scan_git_each(struct scan_git *g, int (*file)(void *arg, const char *path, int fd, int before, int error), void *arg)
{
	int r = 0;
	for (size_t i = 0; i < g->n && r == 0; i++) {
		const struct scan_change *c = &g->change[i];
		if (c->kind == SCAN_CHANGE_MODULE) {
			/* Another repository's, which is not here. */
			r = file(arg, c->path, -1, -1, -EOPNOTSUPP);
			continue;
		}
		_cleanup_fd_ int fd = content(g, c->id);
		if (fd < 0 || c->kind == SCAN_CHANGE_FILE) {
			/* If it cannot be had, all of the file is new: that says more, and not less. */
			_cleanup_fd_ int before = fd >= 0 && c->before ? content(g, c->before) : -1;
			r = file(arg, c->path, fd < 0 ? -1 : fd, before, fd < 0 ? fd : 0);
			continue;
		}
		char target[LINK_MAX];
		ssize_t n = pread(fd, target, sizeof(target), 0);
		if (n < 0 || n == LINK_MAX || leads_out(c->path, slice_of(target, (size_t)n)))
			r = file(arg, c->path, -1, -1, -ELOOP);
	}
	return r;
}
