#include "inspect/scan_role.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/fd.h"
#include "sys/jail.h"

#define ERRNO_MAX  4095
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

static void on_fact(void *arg, const struct posture_fact *f)
{
	struct sender *s = arg;
	const struct scan_answer a = {.kind = SCAN_ANSWER_FACT, .fact = *f};
	if (s->error == 0)
		s->error = send_answer(s->socket, &a);
}

static int one(int socket, int fd, const struct scan_ask *ask)
{
	struct stat st;
	struct sender s = {.socket = socket};
	struct scan_answer a = {.kind = SCAN_ANSWER_SUMMARY};
	/* fstat(3) makes a call that takes a path, too, which is not allowed here. */
	if (syscall(SYS_fstat, fd, &st) < 0 || !S_ISREG(st.st_mode))
		a.error = -EINVAL;
	void *p = NULL;
	/* Of a file that becomes shorter meanwhile a page is missing: that ends this process, and the file is unscanned. */
	if (a.error == 0 && st.st_size > 0) {
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		a.error = p == MAP_FAILED ? -errno : 0;
	}
	if (a.error == 0)
		a.error = scan_bytes_facts(slice_of(p, (size_t)st.st_size), ask->name, &ask->o, on_found, on_fact, &s, &a.summary);
	if (p && p != MAP_FAILED)
		(void)munmap(p, (size_t)st.st_size);
	return s.error < 0 ? s.error : send_answer(socket, &a);
}

int scan_role(int socket)
{
	struct scan_answer ready = {.kind = SCAN_ANSWER_READY};
	ready.error = jail_serve(MEMORY_MAX);
	if (send_answer(socket, &ready) < 0 || ready.error < 0)
		return 1;
	for (;;) {
		struct scan_ask ask;
		int fd;
		ssize_t n = fd_take(socket, &ask, sizeof(ask), 0, &fd);
		if (n != (ssize_t)sizeof(ask) || fd < 0)
			_exit(n == 0 ? 0 : 1);
		ask.name[sizeof(ask.name) - 1] = 0;
		int r = one(socket, fd, &ask);
		(void)close(fd);
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
	} else if (a->kind == SCAN_ANSWER_FACT) {
		return a->error == 0 && posture_fact_check(&a->fact);
	} else if (a->kind == SCAN_ANSWER_SUMMARY && a->error == 0) {
		if (a->summary.verdict >= SCAN_VERDICTS || a->summary.looked & ~SCAN_ALL || a->summary.lets & ~SCAN_LETS_ALL)
			return false;
		scan_tidy(a->summary.form, sizeof(a->summary.form));
	}
	return true;
}
