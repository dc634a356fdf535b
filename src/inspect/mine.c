/* Files of an artefact to processes without authority, and their answers back. */
#include "inspect/mine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "inspect/mine_part.h"
#include "sys/fd.h"
#include "sys/jail.h"
#include "sys/path.h"

#define DEPTH_MAX     64
#define PIECE         ((size_t)8 << 20) /* of a large file that one process reads at a time */
#define PROCESSES_MAX 8
#define ANSWER_MAX    ((size_t)96 << 20)
#define UNIT_MAX      ((size_t)32 << 20) /* records of one piece */

struct file {
	const char *name;
	const uint8_t *p;
	size_t n;
};

struct unit {
	uint32_t file;
	size_t from, stop;
};

struct reading {
	struct file *files;
	struct unit *units;
	const char **names;
	size_t n_files, n_units, room_files, room_units;
	struct arena *arena;
	struct mine_result *out;
	uint64_t bytes_max;
};

static double now_s(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int add_unit(struct reading *x, uint32_t file, size_t from, size_t stop)
{
	if (x->n_units == x->room_units) {
		size_t room = x->room_units ? 2 * x->room_units : 256;
		struct unit *u = reallocarray(x->units, room, sizeof(*u));
		if (!u)
			return -ENOMEM;
		x->units = u;
		x->room_units = room;
	}
	x->units[x->n_units++] = (struct unit){file, from, stop};
	return 0;
}

static int add_file(struct reading *x, int fd, const char *name)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < 8)
		return 0;
	size_t n = (size_t)st.st_size;
	if (x->n_files == MINE_FILES_MAX || (uint64_t)n > x->bytes_max - x->out->bytes) {
		x->out->unread++;
		return 0;
	}
	if (x->n_files == x->room_files) {
		size_t room = x->room_files ? 2 * x->room_files : 256;
		struct file *f = reallocarray(x->files, room, sizeof(*f));
		if (!f)
			return -ENOMEM;
		x->files = f;
		x->room_files = room;
	}
	void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
	if (p == MAP_FAILED) {
		x->out->unread++;
		return 0;
	}
	(void)madvise(p, n, MADV_SEQUENTIAL);
	x->files[x->n_files] = (struct file){arena_str(x->arena, slice_str(name)), p, n};
	if (!x->files[x->n_files].name)
		return -ENOMEM;
	int r = 0;
	for (size_t from = 0; from < n && r == 0; from += PIECE)
		r = add_unit(x, (uint32_t)x->n_files, from, n - from > PIECE ? from + PIECE : n);
	x->n_files++;
	x->out->bytes += n;
	return r;
}

static int below(struct reading *x, int dir, const char *prefix, unsigned depth)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	if (!d) {
		if (fd >= 0)
			(void)close(fd);
		x->out->unread++;
		return 0;
	}
	struct dirent *entry;
	while (r == 0 && (r = path_next(d, &entry)) > 0) {
		struct stat st;
		r = 0;
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		        fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		bool folder = S_ISDIR(st.st_mode);
		if (!folder && !S_ISREG(st.st_mode))
			continue;
		_cleanup_fd_ int next =
		        openat(dir, entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (folder ? O_DIRECTORY : 0));
		_cleanup_free_ char *name = NULL;
		if (next < 0 || (folder && depth == DEPTH_MAX)) {
			x->out->unread++;
			continue;
		}
		if (asprintf(&name, "%s%s%s", prefix, *prefix ? "/" : "", entry->d_name) < 0) {
			name = NULL;
			r = -ENOMEM;
			break;
		}
		r = folder ? below(x, next, name, depth + 1) : add_file(x, next, name);
	}
	(void)closedir(d);
	return r;
}

/* -- the processes -- */

_Noreturn static void read_units(const struct reading *x, atomic_size_t *next, int to)
{
	struct buf out = BUF(UNIT_MAX);
	struct mine_miner *m = mine_miner_new(&out, false);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!m || jail_enter(-1) < 0)
		_exit(1);
	for (size_t i; (i = atomic_fetch_add(next, 1)) < x->n_units;) {
		const struct unit *u = &x->units[i];
		const struct file *f = &x->files[u->file];
		mine_bytes(m, u->file, slice_of(f->p, f->n), u->from, u->stop);
		if (buf_error(&out) || fd_write_all(to, buf_slice(&out)) < 0)
			_exit(1);
		buf_reset(&out);
		/* So that what one process holds does not grow with the file. */
		if (f->n > PIECE)
			(void)madvise((void *)(uintptr_t)(f->p + u->from), u->stop - u->from, MADV_DONTNEED);
	}
	mine_miner_end(m);
	_exit(buf_error(&out) || fd_write_all(to, buf_slice(&out)) < 0);
}

struct worker {
	pid_t pid;
	int from; /* -1 when it has said all */
	struct buf answer;
};

static int start(const struct reading *x, struct worker *w, atomic_size_t *next)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	w->pid = fork();
	if (w->pid == 0) {
		(void)close(ends[0]);
		read_units(x, next, ends[1]);
	}
	int r = w->pid < 0 ? -errno : 0;
	(void)close(ends[1]);
	if (r < 0)
		(void)close(ends[0]);
	else
		w->from = ends[0];
	return r;
}

static void hear(struct worker *w)
{
	uint8_t *p = buf_room(&w->answer, 65536);
	ssize_t n = p ? read(w->from, p, 65536) : 0;
	if (n < 0 && errno == EINTR)
		return;
	if (n > 0) {
		w->answer.n += (size_t)n;
		return;
	}
	(void)close(w->from);
	w->from = -1;
}

/* Until all have said all, or the time is over. */
static void gather(struct reading *x, struct worker *w, unsigned n, double until)
{
	for (;;) {
		struct pollfd p[PROCESSES_MAX];
		unsigned open = 0;
		for (unsigned i = 0; i < n; i++) {
			p[i] = (struct pollfd){.fd = w[i].from, .events = POLLIN};
			open += w[i].from >= 0;
		}
		double left = until - now_s();
		if (open == 0 || left <= 0)
			break;
		if (poll(p, n, (int)(left * 1000) + 1) < 0 && errno != EINTR)
			break;
		for (unsigned i = 0; i < n; i++)
			if (w[i].from >= 0 && p[i].revents)
				hear(&w[i]);
	}
	for (unsigned i = 0; i < n; i++) {
		int status = 0;
		struct rusage use = {0};
		if (w[i].from >= 0) {
			(void)kill(w[i].pid, SIGKILL);
			(void)close(w[i].from);
			x->out->cut = true;
		}
		while (wait4(w[i].pid, &status, 0, &use) < 0 && errno == EINTR)
			;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || buf_error(&w[i].answer))
			x->out->cut = true;
		if ((uint64_t)use.ru_maxrss > x->out->peak_kb)
			x->out->peak_kb = (uint64_t)use.ru_maxrss;
	}
}

static unsigned processes(const struct mine_options *o, size_t units)
{
	cpu_set_t set;
	unsigned n = o->processes ? o->processes : sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
	if (n > PROCESSES_MAX)
		n = PROCESSES_MAX;
	return units < n ? (unsigned)units : n;
}

static int read_all(struct reading *x, const struct mine_options *o)
{
	struct worker w[PROCESSES_MAX];
	struct mine_gather g = {0};
	unsigned n = processes(o, x->n_units), started = 0;
	atomic_size_t *next = mmap(NULL, sizeof(*next), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int r = next == MAP_FAILED ? -ENOMEM : 0;
	x->names = arena_array(x->arena, x->n_files + 1, sizeof(*x->names));
	if (!x->names)
		r = -ENOMEM;
	for (size_t i = 0; i < x->n_files && r == 0; i++)
		x->names[i] = x->files[i].name;
	for (; started < n && r == 0; started++) {
		w[started] = (struct worker){.from = -1, .answer = BUF(ANSWER_MAX)};
		r = start(x, &w[started], next);
		if (r < 0)
			break;
	}
	if (r < 0 && started)
		r = 0; /* fewer will do */
	gather(x, w, started, now_s() + (o->seconds ? o->seconds : MINE_SECONDS_MAX));
	for (unsigned i = 0; i < started; i++) {
		int e = r == 0 ? mine_gather_add(&g, buf_slice(&w[i].answer), x->names, x->n_files, x->arena) : 0;
		if (e == -EBADMSG)
			x->out->cut = true; /* what it said before counts */
		else if (e < 0)
			r = e;
		buf_free(&w[i].answer);
	}
	if (r == 0)
		r = mine_gather_end(&g, x->arena, x->out);
	mine_gather_free(&g);
	if (next != MAP_FAILED)
		(void)munmap(next, sizeof(*next));
	return r;
}

int mine_path(const char *path, const struct mine_options *o, struct arena *arena, struct mine_result *out, struct err *err)
{
	static const struct mine_options defaults = {0};
	struct mine_result result = {0};
	double began = now_s();
	o = o ? o : &defaults;
	struct reading x = {.arena = arena, .out = &result, .bytes_max = o->bytes_max ? o->bytes_max : MINE_BYTES_MAX};
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, -errno, "cannot open %s", path);
	const char *slash = strrchr(path, '/');
	int r = S_ISDIR(st.st_mode) ? below(&x, fd, "", 0) : add_file(&x, fd, slash ? slash + 1 : path);
	result.files = x.n_files;
	r = r < 0 ? r : read_all(&x, o);
	for (size_t i = 0; i < x.n_files; i++)
		(void)munmap((void *)(uintptr_t)x.files[i].p, x.files[i].n);
	free(x.files);
	free(x.units);
	if (r < 0)
		return err_sys(err, r, "cannot read the constants of %s", path);
	result.seconds = now_s() - began;
	*out = result;
	return 0;
}
