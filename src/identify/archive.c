/* What is in archives, and in archives in these. A child process without authority reads them: no files, no network, no memory without end,
 * an end to its time. What it answers is looked at as hostile bytes are. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <wchar.h>

#include "identify/archive.h"
#include "sys/jail.h"
#include "sys/lib.h"

#define ARCHIVE(X)                           \
	X(archive_entry_filetype)            \
	X(archive_entry_pathname)            \
	X(archive_format)                    \
	X(archive_read_data)                 \
	X(archive_read_free)                 \
	X(archive_read_new)                  \
	X(archive_read_next_header)          \
	X(archive_read_open1)                \
	X(archive_read_set_callback_data)    \
	X(archive_read_set_read_callback)    \
	X(archive_read_set_seek_callback)    \
	X(archive_read_support_filter_bzip2) \
	X(archive_read_support_filter_gzip)  \
	X(archive_read_support_filter_lz4)   \
	X(archive_read_support_filter_xz)    \
	X(archive_read_support_filter_zstd)  \
	X(archive_read_support_format_ar)    \
	X(archive_read_support_format_cpio)  \
	X(archive_read_support_format_raw)   \
	X(archive_read_support_format_tar)   \
	X(archive_read_support_format_zip)
LIB_TABLE(lib, ARCHIVE);

#define BLOCK        ((size_t)65536)
#define DEPTH_MAX    3              /* archives in archives */
#define ENTRIES_MAX  1000000        /* in all of them */
#define BYTES_MAX    (16ull << 30)  /* that come out of all of them */
#define RATIO_MAX    1000           /* bytes out for one in … */
#define RATIO_FREE   (256ull << 20) /* … beyond this many out */
#define CPU_SECONDS  60
#define WAIT_MS      120000
#define DATA_MAX     ((rlim_t)1 << 30) /* beyond what this process has already */
#define GROUPS_MAX   64
#define EMBEDDED_MAX 64 /* archives in an executable, and what looks like the beginning of one */

/* The files of one package. */
struct group {
	char root[256];
	struct tally *tally;
	struct metadata meta;
};

struct inside {
	const struct identify *id;
	int fd;
	uint64_t base, size, at; /* of the outermost archive: where it begins in the file, its size, what is read next */
	uint64_t bytes, entries;
	bool over; /* a limit was met, or the answer is sure */
	struct group group[GROUPS_MAX];
	unsigned n_groups;
	struct tally *tally; /* of the entry at hand */
	struct scan scan;
};

/* Where an archive's bytes come from: the file, or an entry of the archive around it. */
struct source {
	struct inside *x;
	struct archive *outer; /* NULL: the file */
	uint8_t *block;
	size_t first; /* bytes that are in the block already */
};

/* What was appended since it was opened is not read. */
static la_ssize_t from_file(struct source *s)
{
	uint64_t left = s->x->size - s->x->at;
	ssize_t n;
	do
		n = pread(s->x->fd, s->block, left < BLOCK ? (size_t)left : BLOCK, (off_t)(s->x->base + s->x->at));
	while (n < 0 && errno == EINTR);
	if (n > 0)
		s->x->at += (uint64_t)n;
	return n;
}

static la_ssize_t read_source(struct archive *a, void *arg, const void **out)
{
	struct source *s = arg;
	(void)a;
	*out = s->block;
	if (s->first) {
		size_t n = s->first;
		s->first = 0;
		return (la_ssize_t)n;
	}
	la_ssize_t n = s->outer ? lib.archive_read_data(s->outer, s->block, BLOCK) : from_file(s);
	return n < 0 ? -1 : n;
}

static la_int64_t seek_file(struct archive *a, void *arg, la_int64_t offset, int whence)
{
	struct source *s = arg;
	(void)a;
	la_int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? (la_int64_t)s->x->at : (la_int64_t)s->x->size;
	if (offset < -base || offset > (la_int64_t)s->x->size - base)
		return ARCHIVE_FATAL;
	s->x->at = (uint64_t)(base + offset);
	return base + offset;
}

/* The folder of the package that a path belongs to: behind the last node_modules, or the folder of the file itself. */
static struct slice root_of(struct slice path, bool zip)
{
	static const struct slice modules = SLICE_INIT("node_modules/");
	size_t at = SLICE_NPOS;
	for (size_t k = 0; (k = slice_find(path, modules, k)) != SLICE_NPOS; k += modules.n)
		at = k;
	if (at != SLICE_NPOS) {
		size_t end = slice_chr(path, '/', at + modules.n);
		if (end != SLICE_NPOS && path.p[at + modules.n] == '@')
			end = slice_chr(path, '/', end + 1);
		return slice_sub(path, 0, end == SLICE_NPOS ? path.n : end);
	}
	if (zip)
		return SLICE_NONE;
	if (slice_starts(path, SLICE("package/")))
		return SLICE("package");
	size_t slash = path.n;
	while (slash && path.p[slash - 1] != '/')
		slash--;
	return slice_sub(path, 0, slash ? slash - 1 : 0);
}

static unsigned weight(const struct group *g)
{
	unsigned most = g->meta.package[0] != 0;
	for (unsigned i = 0; i < g->tally->id->n_tools; i++)
		if (g->tally->tool[i].found + 1 > most)
			most = g->tally->tool[i].found + 1;
	return most;
}

/* The group of that root; of too many the one in which least was found goes. NULL: no memory. */
static struct group *group_of(struct inside *x, struct slice root)
{
	char name[sizeof(x->group[0].root)];
	root = slice_sub(root, 0, sizeof(name) - 1);
	if (root.n)
		memcpy(name, root.p, root.n);
	name[root.n] = 0;
	for (unsigned i = 0; i < x->n_groups; i++)
		if (strcmp(x->group[i].root, name) == 0)
			return &x->group[i];
	struct tally *t = NULL;
	if (tally_new(x->id, &t) < 0)
		return NULL;
	unsigned i = x->n_groups;
	if (i == GROUPS_MAX) {
		i = 0;
		for (unsigned k = 1; k < GROUPS_MAX; k++)
			if (weight(&x->group[k]) < weight(&x->group[i]))
				i = k;
		tally_free(x->group[i].tally);
	} else {
		x->n_groups++;
	}
	x->group[i] = (struct group){.tally = t};
	memcpy(x->group[i].root, name, root.n + 1);
	return &x->group[i];
}

static bool spend(struct inside *x, uint64_t n)
{
	x->bytes += n;
	x->over = x->over || x->bytes > BYTES_MAX || (x->bytes > RATIO_FREE && x->bytes / RATIO_MAX > x->size);
	return !x->over;
}

/* Is this the metadata of the group's package itself, and not of something in it? */
static bool metadata_of_root(struct slice path, struct slice root)
{
	struct slice name = slice_base(path), folder = slice_sub(path, 0, path.n - name.n);
	if (!metadata_is(name))
		return false;
	if (root.n)
		return folder.n == root.n + 1;
	return folder.n == 0 || slice_is(folder, "extension/") || slice_is(folder, "package/") || slice_ends(folder, SLICE(".dist-info/"));
}

/* The first bytes of an entry are in the scan's window. */
static void read_metadata(struct inside *x, struct archive *a, struct slice path, struct slice root, size_t n)
{
	_cleanup_buf_ struct buf text = BUF(METADATA_MAX);
	struct metadata m;
	buf_add(&text, slice_of(scan_room(&x->scan), n));
	for (la_ssize_t k = 1; k > 0;) {
		uint8_t *room = buf_room(&text, 4096);
		k = room ? lib.archive_read_data(a, room, 4096) : -1;
		if (k > 0)
			text.n += (size_t)k;
	}
	if (buf_error(&text) || !spend(x, text.n) || !metadata_read(slice_base(path), buf_slice(&text), &m))
		return;
	/* Only packages of known tools are of interest. */
	if (!identify_package_tool(x->id, slice_str(m.package)))
		return;
	struct group *g = group_of(x, root);
	if (g && !g->meta.package[0])
		g->meta = m;
}

static void clear(struct tally *t)
{
	const struct identify *id = t->id;
	uint64_t *words = t->bits;
	memset(words, 0, (id->n_literals / 64 + 1) * sizeof(*words));
	memset(t->tool, 0, sizeof(t->tool));
}

/* Fills the window from `have` on. */
static size_t fill(struct inside *x, struct archive *a, size_t have, bool *last)
{
	while (have < SCAN_WINDOW) {
		la_ssize_t n = lib.archive_read_data(a, scan_room(&x->scan) + have, SCAN_WINDOW - have);
		if (n <= 0) {
			*last = true;
			break;
		}
		have += (size_t)n;
	}
	return have;
}

static void scan_entry(struct inside *x, struct archive *a, struct slice root, size_t have)
{
	bool last = false;
	unsigned any = 0;
	clear(x->tally);
	scan_restart(&x->scan);
	do {
		size_t n = fill(x, a, have, &last);
		have = 0;
		scan_piece(&x->scan, n, last);
		if (!spend(x, n) || x->scan.broken)
			break;
	} while (!last && !tally_sure(x->tally));
	for (unsigned i = 0; i < x->id->n_tools; i++)
		any += x->tally->tool[i].found;
	struct group *g = any ? group_of(x, root) : NULL;
	if (!g)
		return;
	tally_add(g->tally, x->tally);
	/* The version of a tool that does not say it in its code is still to come, in its metadata. */
	struct identify_match m = {0};
	identify_decide(g->tally, &g->meta, &m);
	x->over = x->over || (tally_sure(g->tally) && m.version[0]);
}

static void read_archive(struct inside *x, struct source *s, unsigned depth);

static void read_entry(struct inside *x, struct archive *a, struct archive_entry *e, unsigned depth)
{
	struct slice path = slice_str(lib.archive_entry_pathname(e));
	if (lib.archive_entry_filetype(e) != AE_IFREG || !path.n)
		return;
	while (slice_starts(path, SLICE("./")))
		path = slice_from(path, 2);
	bool zip = (lib.archive_format(a) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_ZIP;
	struct slice root = root_of(path, zip);
	bool meta = metadata_of_root(path, root);
	if (!meta && !tree_may_be_code(slice_base(path)))
		return;
	size_t n = 0;
	for (la_ssize_t k = 1; k > 0 && n<4096; n += k> 0 ? (size_t)k : 0)
		k = lib.archive_read_data(a, scan_room(&x->scan) + n, 4096 - n);
	if (n == 0)
		return;
	struct slice head = slice_of(scan_room(&x->scan), n);
	if (meta) {
		read_metadata(x, a, path, root, n);
	} else if (form_is_archive(head) && depth + 1 < DEPTH_MAX) {
		_cleanup_free_ uint8_t *block = malloc(BLOCK);
		struct source inner = {.x = x, .outer = a, .block = block, .first = n};
		if (!block)
			return;
		memcpy(block, head.p, n);
		read_archive(x, &inner, depth + 1);
	} else {
		scan_entry(x, a, root, n);
	}
}

static void read_archive(struct inside *x, struct source *s, unsigned depth)
{
	struct archive *a = lib.archive_read_new();
	struct archive_entry *e;
	if (!a)
		return;
	(void)lib.archive_read_support_filter_gzip(a);
	(void)lib.archive_read_support_filter_bzip2(a);
	(void)lib.archive_read_support_filter_xz(a);
	(void)lib.archive_read_support_filter_lz4(a);
	(void)lib.archive_read_support_filter_zstd(a);
	(void)lib.archive_read_support_format_tar(a);
	(void)lib.archive_read_support_format_zip(a);
	(void)lib.archive_read_support_format_ar(a);
	(void)lib.archive_read_support_format_cpio(a);
	(void)lib.archive_read_support_format_raw(a); /* one compressed file */
	(void)lib.archive_read_set_read_callback(a, read_source);
	if (!s->outer)
		(void)lib.archive_read_set_seek_callback(a, seek_file);
	(void)lib.archive_read_set_callback_data(a, s);
	if (lib.archive_read_open1(a) == ARCHIVE_OK) {
		for (int r; !x->over && ((r = lib.archive_read_next_header(a, &e)) == ARCHIVE_OK || r == ARCHIVE_WARN);) {
			if (++x->entries > ENTRIES_MAX)
				x->over = true;
			else
				read_entry(x, a, e, depth);
		}
	}
	(void)lib.archive_read_free(a);
}

/* What the child says, once. */
struct answer {
	int tool; /* -1: none */
	int by;
	unsigned found;
	char package[128], version[64];
	int example[IDENTIFY_EXAMPLES];
};

static int literal_of(const struct identify *id, const char *text)
{
	for (unsigned i = 0; text && i < id->n_literals; i++)
		if ((const char *)id->literal[i].text.p == text)
			return (int)i;
	return -1;
}

static void tell(const struct inside *x, struct answer *out)
{
	struct identify_match best = {0};
	for (unsigned i = 0; i < x->n_groups; i++) {
		struct identify_match m = {0};
		identify_decide(x->group[i].tally, &x->group[i].meta, &m);
		if (m.by > best.by || (m.by == best.by && m.found > best.found))
			best = m;
	}
	*out = (struct answer){.tool = -1, .by = (int)best.by, .found = best.found};
	for (unsigned i = 0; best.by && i < x->id->n_tools; i++)
		if (x->id->tool[i].tool == best.tool)
			out->tool = (int)i;
	memcpy(out->package, best.package, sizeof(out->package));
	memcpy(out->version, best.version, sizeof(out->version));
	for (unsigned i = 0; i < IDENTIFY_EXAMPLES; i++)
		out->example[i] = literal_of(x->id, best.example[i]);
}

static void close_others(int a, int b)
{
	unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);
	if (low > 0)
		(void)syscall(SYS_close_range, 0u, low - 1, 0u);
	if (high > low + 1)
		(void)syscall(SYS_close_range, low + 1, high - 1, 0u);
	(void)syscall(SYS_close_range, high + 1, ~0u, 0u);
}

/* So many bytes more than the memory that the process has now, and no more processor time than that. */
static bool limit(void)
{
	unsigned long long pages[6] = {0};
	struct rlimit cpu = {CPU_SECONDS, CPU_SECONDS}, data;
	char text[256];
	_cleanup_fd_ int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	char *at = text;
	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		pages[i] = strtoull(at, &at, 10);
	data.rlim_cur = data.rlim_max = (rlim_t)pages[5] * (rlim_t)sysconf(_SC_PAGESIZE) + DATA_MAX;
	return setrlimit(RLIMIT_CPU, &cpu) == 0 && setrlimit(RLIMIT_DATA, &data) == 0;
}

static int loaded;
static struct err load_error;
static locale_t utf8; /* of the names in archives; (locale_t)0: there is none */

/* The child must not wait for a lock that another thread held when the process was copied, as strerror() holds that of setlocale(). So the
 * locale is made here, and its conversions are used once, which loads them. */
static void load(void)
{
	wchar_t wide;
	mbstate_t state = {0};
	loaded = lib_load("libarchive.so.13", "libarchive13", lib_symbols, &lib, &load_error);
	utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (utf8 == (locale_t)0)
		return;
	locale_t before = uselocale(utf8);
	(void)mbrtowc(&wide, "a", 1, &state);
	(void)uselocale(before);
}

static void read_one(struct inside *x, uint8_t *block, uint64_t from, uint64_t to)
{
	struct source s = {.x = x, .block = block};
	x->base = from;
	x->size = to - from;
	x->at = 0;
	read_archive(x, &s, 0);
}

/* Where the next archive in a stretch may begin; its end if there is none. */
static uint64_t next_archive(int fd, uint64_t at, uint64_t to, uint8_t *window)
{
	while (at < to) {
		size_t want = to - at < BLOCK ? (size_t)(to - at) : BLOCK;
		ssize_t n = pread(fd, window, want, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return to;
		size_t k = form_find_archive(slice_of(window, (size_t)n));
		if (k != SLICE_NPOS)
			return at + k;
		/* The beginning of one may be cut off here. */
		at += (size_t)n < want || at + want == to ? (size_t)n : want - FORM_MAGIC;
	}
	return to;
}

/* Archives anywhere in a stretch. What only looks like the beginning of one costs a try. */
static void read_embedded(struct inside *x, uint8_t *block, struct range r, unsigned *tries)
{
	_cleanup_free_ uint8_t *window = malloc(BLOCK);
	uint64_t at = r.from;
	while (window && !x->over && *tries < EMBEDDED_MAX && (at = next_archive(x->fd, at, r.to, window)) < r.to) {
		uint64_t before = x->bytes;
		++*tries;
		read_one(x, block, at, r.to);
		/* What was one is not searched for others; more may have been read of it than it has. */
		at += x->bytes - before > BLOCK && x->at > 2 * BLOCK ? x->at - 2 * BLOCK : 1;
	}
}

/* f: what is known of the file's form. An archive is read whole; of an executable those archives that lie in the stretches that tell most.
 */
static _Noreturn void child(const struct identify *id, int fd, uint64_t size, const struct form *f, int out)
{
	struct answer answer = {.tool = -1};
	struct inside *x = calloc(1, sizeof(*x));
	_cleanup_free_ uint8_t *block = malloc(BLOCK);
	close_others(fd, out);
	if (utf8 != (locale_t)0)
		(void)uselocale(utf8);
	if (!x || !block || !limit() || tally_new(id, &x->tally) < 0 || scan_new(x->tally, SCAN_WINDOW, &x->scan) < 0 || jail_enter(-1) < 0)
		_exit(1);
	x->id = id;
	x->fd = fd;
	if (f->form == IDENTIFY_FORM_ARCHIVE)
		read_one(x, block, 0, size);
	for (unsigned i = 0, tries = 0; f->form != IDENTIFY_FORM_ARCHIVE && i < f->n_first; i++)
		read_embedded(x, block, f->first[i], &tries);
	tell(x, &answer);
	_exit(write(out, &answer, sizeof(answer)) == (ssize_t)sizeof(answer) ? 0 : 1);
}

/* The child may be anything by now: all of it is checked. */
static bool believe(const struct identify *id, const struct answer *a, struct identify_match *m)
{
	if (a->tool < 0 || (unsigned)a->tool >= id->n_tools || a->by < IDENTIFY_BY_METADATA || a->by > IDENTIFY_BY_CONSTANTS ||
	        !memchr(a->package, 0, sizeof(a->package)) || !memchr(a->version, 0, sizeof(a->version)))
		return false;
	const struct prints *p = &id->tool[a->tool];
	for (size_t i = 0; a->package[i]; i++)
		if (a->package[i] <= 0x20 || a->package[i] >= 0x7f)
			return false;
	for (size_t i = 0; a->version[i]; i++)
		if (a->version[i] <= 0x20 || a->version[i] >= 0x7f)
			return false;
	if (a->found > p->n_constants)
		return false;
	m->by = (enum identify_by)a->by;
	m->tool = p->tool;
	m->title = p->title;
	m->publisher = p->publisher;
	m->found = a->found;
	m->of = (unsigned)p->n_constants;
	memcpy(m->package, a->package, sizeof(m->package));
	memcpy(m->version, a->version, sizeof(m->version));
	for (unsigned i = 0, n = 0; i < IDENTIFY_EXAMPLES; i++)
		if (a->example[i] >= 0 && (unsigned)a->example[i] < id->n_literals && id->literal[a->example[i]].tool == a->tool)
			m->example[n++] = (const char *)id->literal[a->example[i]].text.p;
	return true;
}

static bool hear(int fd, struct answer *out)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int r;
	do
		r = poll(&p, 1, WAIT_MS);
	while (r < 0 && errno == EINTR);
	/* It is shorter than what a pipe takes in one piece. */
	return r > 0 && read(fd, out, sizeof(*out)) == (ssize_t)sizeof(*out);
}

int identify_inside(const struct identify *id, int fd, const struct form *f, struct identify_match *m, struct err *err)
{
	struct stat st;
	struct answer a;
	int pipes[2];
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int r = pthread_once(&once, load) == 0 ? loaded : -ENOMEM;
	if (r < 0)
		return err_set(err, r, "an archive cannot be read: %s", loaded < 0 ? load_error.text : "out of memory");
	if (fstat(fd, &st) < 0 || pipe2(pipes, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "the archive cannot be read");
	pid_t pid = fork();
	if (pid == 0) {
		close(pipes[0]);
		child(id, fd, (uint64_t)st.st_size, f, pipes[1]);
	}
	r = pid < 0 ? -errno : 0;
	close(pipes[1]);
	bool heard = pid > 0 && hear(pipes[0], &a);
	close(pipes[0]);
	if (pid > 0) {
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	return r < 0 ? err_sys(err, r, "a process that reads the archive") : heard && believe(id, &a, m);
}
