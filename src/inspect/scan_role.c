#include "inspect/scan_role.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "inspect/dlp.h"
#include "sys/fd.h"
#include "sys/jail.h"
#include "sys/lib_unpack.h"
#include "sys/matcher.h"

#define ERRNO_MAX  4095
#define LARGE      (4 << 20)
#define MEMORY_MAX ((uint64_t)288 << 20) /* of its own: pages of the file do not count */

static int send_answer(int socket, const struct scan_answer *a)
{
	return fd_pass(socket, a, sizeof(*a), -1);
}

struct sender {
	int socket, error;
};

static void on_found(void *arg, const struct scan_finding *f)
{
	struct sender *s = arg;
	const struct scan_answer a = {.kind = SCAN_ANSWER_FINDING, .finding = *f};
	if (s->error == 0)
		s->error = send_answer(s->socket, &a);
}

static void on_runs(void *arg, const struct scan_edge *e)
{
	struct sender *s = arg;
	const struct scan_answer a = {.kind = SCAN_ANSWER_EDGE, .edge = *e};
	if (s->error == 0)
		s->error = send_answer(s->socket, &a);
}

static void on_fact(void *arg, const struct posture_fact *f)
{
	struct sender *s = arg;
	const struct scan_answer a = {.kind = SCAN_ANSWER_FACT, .fact = *f};
	if (s->error == 0)
		s->error = send_answer(s->socket, &a);
}

static int map(int fd, struct slice *out)
{
	struct stat st;
	*out = SLICE_NONE;
	/* fstat(3) makes a call that takes a path, too, which is not allowed here. */
	if (syscall(SYS_fstat, fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EINVAL;
	/* Of a file that becomes shorter meanwhile a page is missing: that ends this process, and the file is unscanned. */
	void *p = st.st_size > 0 ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	if (p == MAP_FAILED)
		return -errno;
	*out = slice_of(p, (size_t)st.st_size);
	return 0;
}

static void unmap(struct slice s)
{
	if (s.p)
		(void)munmap((void *)(uintptr_t)s.p, s.n);
}

/* Whoever reads a large file has all of its pages in memory in the end, whatever reads it and however often. They are let go now and then,
 * and come back from the kernel's cache where they are wanted again: some 64 KiB at a time, which costs less than what is done with them.
 */
#define LET_GO_FROM ((size_t)256 << 20)
#define LET_GO_US   60000 /* of computing: at three GB a second 180 MB */

static struct {
	void *volatile p;
	volatile size_t n;
} large;

static void let_go(int signal)
{
	int keep = errno;
	(void)signal;
	if (large.p)
		(void)madvise(large.p, large.n, MADV_DONTNEED);
	errno = keep;
}

/* Of the time that this process computes: no call that waits is interrupted by it. */
static void let_go_now_and_then(void)
{
	const struct sigaction a = {.sa_handler = let_go, .sa_flags = SA_RESTART};
	const struct itimerval t = {{0, LET_GO_US}, {0, LET_GO_US}};
	(void)sigaction(SIGVTALRM, &a, NULL);
	(void)setitimer(ITIMER_VIRTUAL, &t, NULL);
}

/* They are kept for as long as this process runs. */
static int read_rules(int fd, struct dlp_scan **out)
{
	struct slice image;
	struct dlp_engine *engine = NULL;
	struct dlp_work *work = NULL;
	int r = map(fd, &image);
	const struct dlp_parts parts = {.rules = image, .no_generic = true};
	r = r < 0 ? r : dlp_engine_new(&parts, &engine, NULL);
	r = r < 0 ? r : dlp_work_new(engine, &work);
	r = r < 0 ? r : dlp_scan_new(engine, work, NULL, out);
	unmap(image);
	return r;
}

/* What it was given to look with; NULL: not that. */
struct given {
	struct dlp_scan *secrets;
	struct scan_yara *yara;
};

/* The first message is the rules, where there are to be some. */
static int read_yara(int socket, struct given *given, struct scan_ready *said)
{
	struct scan_ask ask;
	struct slice image = SLICE_NONE;
	int fd;
	ssize_t n = fd_take(socket, &ask, sizeof(ask), 0, &fd);
	int r = n == (ssize_t)sizeof(ask) && fd >= 0 && ask.kind == SCAN_ASK_YARA ? map(fd, &image) : -EBADMSG;
	r = r < 0 ? r : scan_yara_new(image, &given->yara, &said->yara_rules, &said->wrong);
	unmap(image);
	if (fd >= 0)
		(void)close(fd);
	return r;
}

/* What was in the file before, and is in its manifest: -1, there is none. */
static int one(int socket, int fd, int before, int manifest, const struct given *given, const struct scan_ask *ask)
{
	struct sender s = {.socket = socket};
	struct scan_answer a = {.kind = SCAN_ANSWER_SUMMARY};
	struct slice in, old = SLICE_NONE, beside = SLICE_NONE;
	a.error = map(fd, &in);
	if (in.n >= LET_GO_FROM) {
		large.n = in.n;
		large.p = (void *)(uintptr_t)in.p;
	}
	if (a.error == 0 && before >= 0)
		a.error = map(before, &old);
	if (a.error == 0 && manifest >= 0)
		a.error = map(manifest, &beside);
	const struct scan_around around = {
	        .before = before >= 0 ? &old : NULL, .manifest = manifest >= 0 ? &beside : NULL, .secrets = given->secrets};
	const struct scan_told to = {.found = on_found, .runs = on_runs, .fact = on_fact, .arg = &s, .yara = given->yara};
	if (a.error == 0 && ask->kind == SCAN_ASK_CHANGED)
		a.error = scan_changed(in, &around, ask->name, &ask->o, &to, &a.summary);
	else if (a.error == 0)
		a.error = scan_bytes_told(in, ask->name, &ask->o, &to, &a.summary);
	large.p = NULL;
	unmap(in);
	unmap(old);
	unmap(beside);
	return s.error < 0 ? s.error : send_answer(socket, &a);
}

/* Most of what a file takes is taken again for the next: given back each time, half of the time of a small file goes into pages that come
 * anew. What is large is given back. That malloc(3) is asked here also has it look how large pages are (confine/process.h), which is a
 * file, as long as it may. */
static void keep_memory(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, LARGE);
	(void)mallopt(M_TRIM_THRESHOLD, 8 * LARGE);
}

int scan_role(int socket, unsigned bits)
{
	struct given given = {0};
	struct scan_answer ready = {.kind = SCAN_ANSWER_READY};
	keep_memory();
	let_go_now_and_then();
	/* These are libraries, which are files. */
	ready.error = bits & SCAN_ROLE_SECRETS ? matcher_load(NULL) : 0;
	if (ready.error == 0 && bits & SCAN_ROLE_YARA)
		ready.error = scan_yara_load(NULL);
	/* Without those each archive that takes them is unscanned. */
	if (bits & SCAN_ROLE_ARCHIVES)
		(void)lib_unpack_load(NULL);
	ready.error = ready.error < 0 ? ready.error : jail_serve(MEMORY_MAX);
	if (ready.error == 0 && bits & SCAN_ROLE_YARA)
		ready.error = read_yara(socket, &given, &ready.ready);
	if (send_answer(socket, &ready) < 0 || ready.error < 0)
		return 1;
	for (int before = -1, manifest = -1;;) {
		struct scan_ask ask;
		int fd, r = 0;
		ssize_t n = fd_take(socket, &ask, sizeof(ask), 0, &fd);
		if (n != (ssize_t)sizeof(ask) || fd < 0)
			_exit(n == 0 ? 0 : 1);
		ask.name[sizeof(ask.name) - 1] = 0;
		if (ask.kind == SCAN_ASK_BEFORE && before < 0) {
			before = fd;
			continue;
		}
		if (ask.kind == SCAN_ASK_MANIFEST && manifest < 0) {
			manifest = fd;
			continue;
		}
		if (ask.kind == SCAN_ASK_RULES && !given.secrets) {
			/* Without them it would be silent about what it was to look for. */
			if (read_rules(fd, &given.secrets) < 0)
				_exit(1);
			(void)close(fd);
			continue;
		}
		r = ask.kind >= SCAN_ASK_BEFORE ? -EBADMSG : one(socket, fd, before, manifest, &given, &ask);
		(void)close(fd);
		if (before >= 0)
			(void)close(before);
		if (manifest >= 0)
			(void)close(manifest);
		before = manifest = -1;
		if (r < 0)
			_exit(1);
	}
}

bool scan_answer_check(struct scan_answer *a, size_t n)
{
	if (n != sizeof(*a) || a->kind > SCAN_ANSWER_SUMMARY || a->error > 0 || a->error < -ERRNO_MAX)
		return false;
	if (a->kind == SCAN_ANSWER_FINDING) {
		if (a->finding.rule >= SCAN_RULES || a->error)
			return false;
		scan_tidy(a->finding.member, sizeof(a->finding.member));
		scan_tidy(a->finding.evidence, sizeof(a->finding.evidence));
		struct scan_yara_said *y = &a->finding.yara;
		scan_tidy(y->rule, sizeof(y->rule));
		scan_tidy(y->space, sizeof(y->space));
		scan_tidy(y->severity, sizeof(y->severity));
		scan_tidy(y->author, sizeof(y->author));
		scan_tidy(y->about, sizeof(y->about));
	} else if (a->kind == SCAN_ANSWER_EDGE) {
		if (a->edge.how >= SCAN_HOWS || a->error)
			return false;
		scan_tidy(a->edge.target, sizeof(a->edge.target));
		scan_tidy(a->edge.evidence, sizeof(a->edge.evidence));
	} else if (a->kind == SCAN_ANSWER_FACT) {
		return a->error == 0 && posture_fact_check(&a->fact);
	} else if (a->kind == SCAN_ANSWER_READY) {
		scan_tidy(a->ready.wrong.text, sizeof(a->ready.wrong.text));
	} else if (a->kind == SCAN_ANSWER_SUMMARY && a->error == 0) {
		if (a->summary.verdict >= SCAN_VERDICTS || a->summary.looked & ~SCAN_ALL || a->summary.lets & ~SCAN_LETS_ALL)
			return false;
		scan_tidy(a->summary.form, sizeof(a->summary.form));
	}
	return true;
}
