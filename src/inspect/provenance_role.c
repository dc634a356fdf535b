#include "inspect/provenance_role.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "crypto/digest.h"
#include "sys/fd.h"
#include "sys/jail.h"

#define MEMORY_MAX ((uint64_t)1 << 30)
#define WAIT_MS    60000
#define ERRNO_MAX  4095

/* The parts in their order. */
static void parts_of(struct provenance_ask *a, struct slice *part[PROVENANCE_PARTS])
{
	struct slice *all[] = {&a->root, &a->bundle, &a->document, &a->keys, &a->attestations, &a->package, &a->pin.identity,
	        &a->pin.issuer, &a->pin.repository, &a->pin.workflow, &a->pin.key};
	_Static_assert(ARRAY_LEN(all) == PROVENANCE_PARTS, "every part");
	memcpy(part, all, sizeof(all));
}

static int unpack(const struct provenance_request *q, struct slice all, struct provenance_ask *ask)
{
	struct slice *part[PROVENANCE_PARTS];
	size_t at = 0;
	*ask = (struct provenance_ask){.want_build = q->want_build != 0, .now = q->now, .artefact = q->artefact};
	parts_of(ask, part);
	for (size_t i = 0; i < PROVENANCE_PARTS; i++) {
		if (q->size[i] > all.n - at)
			return -EBADMSG;
		if (q->given & 1u << i)
			*part[i] = slice_of(all.p ? all.p + at : (const uint8_t *)"", q->size[i]);
		at += q->size[i];
	}
	return 0;
}

static void judge(const struct provenance_request *q, int fd, struct provenance_reply *reply)
{
	struct stat st;
	struct provenance_ask ask;
	const char *why = NULL;
	void *p = NULL;
	/* fstat(3) makes a call that takes a path, too, which is not allowed here. */
	reply->error = syscall(SYS_fstat, fd, &st) < 0 ? -errno : 0;
	if (reply->error == 0 && st.st_size > 0) {
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		reply->error = p == MAP_FAILED ? -errno : 0;
	}
	if (reply->error == 0)
		reply->error = unpack(q, slice_of(p, (size_t)st.st_size), &ask);
	if (reply->error == 0)
		reply->error = provenance_judge(&ask, &reply->answer, &why);
	if (why)
		(void)snprintf(reply->why, sizeof(reply->why), "%s", why);
}

int provenance_role(int socket)
{
	static struct provenance_reply reply;
	struct provenance_request q;
	uint8_t digest[DIGEST_MAX];
	int fd;
	/* OpenSSL reads its configuration when it is first used, which is not possible afterwards. */
	reply.error = digest_of(DIGEST_SHA256, SLICE(""), digest);
	if (reply.error == 0)
		reply.error = jail_serve(MEMORY_MAX);
	if (reply.error == 0) {
		reply.confined = 1;
		ssize_t n = fd_take(socket, &q, sizeof(q), 0, &fd);
		if (n != (ssize_t)sizeof(q) || fd < 0)
			_exit(1);
		judge(&q, fd, &reply);
	}
	_exit(fd_pass(socket, &reply, sizeof(reply), -1) < 0);
}

static int pack(const struct provenance_ask *ask, struct provenance_request *q, int *out)
{
	struct provenance_ask copy = *ask;
	struct slice *part[PROVENANCE_PARTS];
	_cleanup_fd_ int fd = memfd_create("evidence", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : 0;
	*q = (struct provenance_request){.want_build = ask->want_build, .now = ask->now, .artefact = ask->artefact};
	parts_of(&copy, part);
	for (size_t i = 0; i < PROVENANCE_PARTS && r == 0; i++) {
		q->given |= part[i]->p ? 1u << i : 0;
		q->size[i] = part[i]->n;
		r = fd_write_all(fd, *part[i]);
	}
	if (r == 0)
		*out = TAKE_FD(fd);
	return r;
}

/* It may be anything by now: all of it is checked but what the texts say. */
static bool believe(struct provenance_reply *a, ssize_t n)
{
	if (n != (ssize_t)sizeof(*a) || a->error > 0 || a->error < -ERRNO_MAX || a->answer.n > PROVENANCE_CHECKS)
		return false;
	a->why[sizeof(a->why) - 1] = 0;
	for (uint32_t i = 0; i < a->answer.n; i++) {
		struct provenance_check *c = &a->answer.check[i];
		if (c->kind >= PROVENANCE_KINDS || c->reason >= PROVENANCE_REASONS)
			return false;
		c->detail[sizeof(c->detail) - 1] = c->identity[sizeof(c->identity) - 1] = c->issuer[sizeof(c->issuer) - 1] = 0;
		c->repository[sizeof(c->repository) - 1] = c->workflow[sizeof(c->workflow) - 1] = c->run[sizeof(c->run) - 1] = 0;
		c->log[sizeof(c->log) - 1] = c->package[sizeof(c->package) - 1] = c->predicate[sizeof(c->predicate) - 1] = 0;
	}
	return true;
}

static int hear(int socket, struct provenance_reply *reply)
{
	struct pollfd f = {.fd = socket, .events = POLLIN};
	int n, fd = -1;
	do
		n = poll(&f, 1, WAIT_MS);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : -ETIMEDOUT;
	ssize_t got = fd_take(socket, reply, sizeof(*reply), MSG_DONTWAIT, &fd);
	fd_closep(&fd);
	return got <= 0 ? -EPIPE : believe(reply, got) ? 0 : -EBADMSG;
}

int provenance_elsewhere(
        int exe, void become(int exe, int socket), const struct provenance_ask *ask, struct provenance_answer *out, struct err *err)
{
	_cleanup_free_ struct provenance_reply *reply = calloc(1, sizeof(*reply));
	_cleanup_fd_ int documents = -1;
	struct provenance_request q;
	int pair[2];
	int r = reply ? pack(ask, &q, &documents) : -ENOMEM;
	if (r == 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		r = -errno;
	if (r < 0)
		return err_sys(err, r, "cannot hand the evidence on");
	pid_t pid = fork();
	if (pid == 0)
		become(exe, pair[1]);
	r = pid < 0 ? -errno : 0;
	(void)close(pair[1]);
	/* One that could not be confined has answered already, and gone. */
	if (r == 0)
		(void)fd_pass(pair[0], &q, sizeof(q), documents);
	if (r == 0)
		r = hear(pair[0], reply);
	(void)close(pair[0]);
	if (pid > 0) {
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	if (r < 0)
		return err_sys(err, r, "the process that judges the evidence did not answer, so nothing is known");
	if (!reply->confined)
		return err_sys(err, reply->error, "the process that judges the evidence cannot be confined, so nothing is judged");
	if (reply->error < 0)
		return err_set(err, reply->error, "%s", reply->why[0] ? reply->why : "the evidence could not be judged");
	*out = reply->answer;
	return 0;
}
