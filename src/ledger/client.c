#include "ledger/client.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "ledger/config.h"
#include "ledger/frame.h"

#define IDLE_MS    "1000" /* of a writer that was started by us */
#define IN_MAX     (FRAME_HEAD + FRAME_BODY + ((size_t)64 << 10))
#define ENOUGH     ((size_t)64 << 10) /* of posted entries: a frame is closed */
#define MEMORY     ((size_t)4 << 20)
#define TIMEOUT_MS 30000u

struct ledger_client {
	int dir, fd;
	/* While it begins. */
	struct ledger_client_options how;
	char *path;
	int64_t end;
	bool greeted; /* and no answer yet */
	pid_t starter;
	int started; /* what a writer that is being started says; -1: none is */
	unsigned timeout_ms;
	size_t memory;
	char shown[256], note[400];
	struct buf in, out; /* out: whole frames */
	struct buf posted;  /* entries for the next frame */
	uint32_t n_posted, id;
	size_t sent; /* of out */
};

static int64_t clock_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void rest_ms(long ms)
{
	(void)nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

size_t ledger_client_room(void)
{
	return FRAME_BODY;
}

const char *ledger_client_note(const struct ledger_client *c)
{
	return c->note;
}

/* Sends what can be sent at once. 0 or negative errno. */
static int push(struct ledger_client *c)
{
	while (c->sent < c->out.n) {
		ssize_t n = send(c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -errno;
		c->sent += (size_t)n;
	}
	buf_reset(&c->out);
	c->sent = 0;
	return 0;
}

/* Reads what is there. 0; -EAGAIN: nothing is, even after the time that the socket waits if flags is not
 * MSG_DONTWAIT; -EPIPE: the other side has closed. */
static int pull(struct ledger_client *c, int flags)
{
	uint8_t *p = buf_room(&c->in, (size_t)64 << 10);
	if (!p)
		return -EPROTO;
	ssize_t n = recv(c->fd, p, (size_t)64 << 10, flags);
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	c->in.n += (size_t)n;
	return n ? 0 : -EPIPE;
}

/* A connection that broke may have left a reason behind. */
static int broken(struct ledger_client *c, int code, struct err *err)
{
	struct slice rest;
	struct frame f;
	while (pull(c, MSG_DONTWAIT) == 0)
		;
	rest = buf_slice(&c->in);
	while (frame_next(&rest, &f) == 1)
		if (f.type == FRAME_ERROR && f.number > 0 && f.number < 4096)
			return err_set(err, -(int)f.number, "%.*s", SLICE_FMT(f.body));
	return err_sys(err, code, "the writer of %s has gone before it answered, so entries that were under way may or may not be in it",
	        c->shown);
}

/* Waits for the next frame, and sends meanwhile. The frame is taken off with drop(). */
static int next_frame(struct ledger_client *c, struct frame *f, struct err *err)
{
	int64_t end = clock_ms() + c->timeout_ms;
	for (;;) {
		struct slice rest = buf_slice(&c->in);
		int r = frame_next(&rest, f);
		if (r < 0)
			return err_set(err, -EPROTO, "the writer of %s does not speak as it should", c->shown);
		if (r == 1 && f->type == FRAME_ERROR)
			return broken(c, -EPROTO, err);
		if (r == 1)
			return 0;
		r = push(c);
		/* With nothing left to send, one system call waits and reads. */
		r = r < 0 ? r : pull(c, c->out.n ? MSG_DONTWAIT : 0);
		if (r == 0)
			continue;
		if (r != -EAGAIN)
			return broken(c, r, err);
		int64_t left = end - clock_ms();
		if (left <= 0)
			return err_set(err, -ETIMEDOUT,
			        "the writer of %s has not answered for %u s; its disk may be stuck, or the machine very busy", c->shown,
			        c->timeout_ms / 1000);
		struct pollfd p = {.fd = c->fd, .events = POLLIN | POLLOUT};
		if (c->out.n)
			(void)poll(&p, 1, (int)left);
	}
}

static void drop(struct ledger_client *c, const struct frame *f)
{
	buf_drop(&c->in, FRAME_HEAD + f->body.n);
}

static int expect(struct ledger_client *c, uint8_t type, uint32_t id, struct frame *f, struct err *err)
{
	int r = next_frame(c, f, err);
	if (r == 0 && (f->type != type || f->id != id))
		return err_set(err, -EPROTO, "the writer of %s does not speak as it should", c->shown);
	return r;
}

static int ask(struct ledger_client *c, const struct frame *f, struct err *err)
{
	frame_put(&c->out, f);
	if (buf_error(&c->out))
		return err_sys(err, buf_error(&c->out), "cannot send to the writer of %s", c->shown);
	int r = push(c);
	return r < 0 ? broken(c, r, err) : 0;
}

/* 0; -EAGAIN: nobody is there. */
static int greet(struct ledger_client *c, struct err *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/socket", c->dir);
	fd_closep(&c->fd);
	buf_reset(&c->in);
	buf_reset(&c->out);
	c->sent = 0;
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0)
		return err_sys(err, -errno, "cannot make a socket");
	struct timeval limit = {.tv_sec = c->timeout_ms / 1000, .tv_usec = c->timeout_ms % 1000 * 1000};
	if (setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0)
		return err_sys(err, -errno, "cannot make a socket");
	if (connect(c->fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		if (errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN)
			return -EAGAIN;
		return err_sys(err, -errno, "cannot connect to the writer of %s", c->shown);
	}
	struct frame f = {.type = FRAME_HELLO, .number = FRAME_VERSION};
	int r = ask(c, &f, err);
	c->greeted = r == 0;
	return r == -EPIPE || r == -ECONNRESET ? -EAGAIN : r;
}

/* 0; -EAGAIN: who was greeted goes just now. */
static int welcomed(struct ledger_client *c, struct err *err)
{
	struct frame f;
	c->greeted = false;
	int r = expect(c, FRAME_WELCOME, 0, &f, err);
	if (r == -EPIPE || r == -ECONNRESET)
		return -EAGAIN;
	if (r < 0)
		return r;
	if (f.body.n < 12)
		return err_set(err, -EPROTO, "the writer of %s does not speak as it should", c->shown);
	(void)snprintf(c->note, sizeof(c->note), "%.*s", SLICE_FMT(slice_from(f.body, 12)));
	drop(c, &f);
	return 0;
}

/* In a fresh process: nothing but system calls. */
static void become_writer(char *const argv[], const char *program, int pipe_fd)
{
	int null = open("/dev/null", O_RDWR);
	(void)setsid();
	pid_t pid = fork();
	if (pid != 0)
		_exit(pid < 0 ? 1 : 0);
	if (null < 0 || dup2(null, 0) < 0 || dup2(pipe_fd, 1) < 0 || dup2(pipe_fd, 2) < 0 || close_range(3, UINT_MAX, 0) < 0)
		_exit(1);
	(void)execv(program, argv);
	_exit(1);
}

static int start_writer(struct ledger_client *c, struct err *err)
{
	const struct ledger_client_options *o = &c->how;
	const char *path = c->path;
	char *argv[16];
	size_t k = 0;
	const char *program = o->program ? o->program : "/proc/self/exe";
	_cleanup_free_ char *plain = NULL;
	const char *const fixed[] = {"postern", "log", "write", "--idle", IDLE_MS};
	int fds[2];
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		argv[k++] = (char *)(uintptr_t)fixed[i];
	if (o->key) {
		argv[k++] = (char *)(uintptr_t) "--key";
		argv[k++] = (char *)(uintptr_t)o->key;
	}
	if (o->agent) {
		argv[k++] = (char *)(uintptr_t) "--signer";
		argv[k++] = (char *)(uintptr_t)o->agent;
	}
	/* A name that looks like an option is given another form. */
	if (path[0] == '-' && asprintf(&plain, "./%s", path) < 0) {
		plain = NULL;
		return err_sys(err, -ENOMEM, "cannot start a writer");
	}
	argv[k++] = plain ? plain : (char *)(uintptr_t)path;
	argv[k] = NULL;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, -errno, "cannot start a writer");
	c->started = fds[0];
	c->starter = fork();
	if (c->starter == 0)
		become_writer(argv, program, fds[1]);
	(void)close(fds[1]);
	return c->starter < 0 ? err_sys(err, -errno, "cannot start a writer") : 0;
}

static void reap_starter(struct ledger_client *c)
{
	int status;
	while (c->starter > 0 && waitpid(c->starter, &status, 0) < 0 && errno == EINTR)
		;
	c->starter = 0;
}

/* Waits for what a writer that is being started says first: "ready", "busy" (there is another), or what is wrong. */
static int hear_writer(struct ledger_client *c, struct err *err)
{
	char said[700] = "";
	size_t n = 0;
	reap_starter(c);
	_cleanup_fd_ int in = TAKE_FD(c->started);
	while (n < sizeof(said) - 1) {
		int64_t left = c->end - clock_ms();
		struct pollfd p = {.fd = in, .events = POLLIN};
		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return err_set(err, -ETIMEDOUT,
			        "the writer that was started is not ready after the time that was given; it may be recovering");
		ssize_t got = read(in, said + n, sizeof(said) - 1 - n);
		if (got <= 0)
			break;
		n += (size_t)got;
		said[n] = 0;
		if (strncmp(said, "ready\n", 6) == 0)
			return 0;
	}
	/* That one may not be as far, or go just now. */
	if (strncmp(said, "busy\n", 5) == 0) {
		rest_ms(5);
		return 0;
	}
	/* Its own words, without the name of the command. */
	static const char start[] = "postern log write: ";
	struct slice words = slice_str(said);
	if (slice_starts(words, slice_str(start)))
		words = slice_from(words, sizeof(start) - 1);
	size_t line = slice_chr(words, '\n', 0);
	words = slice_sub(words, 0, line);
	if (!words.n)
		return err_set(err, -EIO, "the writer that was started ended without a word");
	return err_set(err, -EIO, "%.*s", SLICE_FMT(words));
}

int ledger_client_begin(const char *path, const struct ledger_client_options *o, struct ledger_client **out, struct err *err)
{
	struct ledger_config config;
	struct ledger_client *c = calloc(1, sizeof(*c));
	if (!c)
		return err_sys(err, -ENOMEM, "cannot connect");
	c->fd = c->dir = c->started = -1;
	c->how = *o;
	c->path = strdup(path);
	c->timeout_ms = o->timeout_ms ? o->timeout_ms : TIMEOUT_MS;
	c->memory = o->memory ? o->memory : MEMORY;
	c->in = BUF(IN_MAX);
	c->posted = BUF(FRAME_BODY);
	c->out = BUF(c->memory + 2 * (FRAME_HEAD + FRAME_BODY));
	memcpy(c->shown, ledger_name(path).text, sizeof(c->shown));
	c->end = clock_ms() + c->timeout_ms;
	int r = c->path ? ledger_open(path, &c->dir, &config, err) : err_sys(err, -ENOMEM, "cannot connect");
	r = r < 0 ? r : greet(c, err);
	if (r == -EAGAIN)
		r = o->start ? start_writer(c, err) : 0;
	if (r < 0) {
		ledger_client_free(c);
		return r;
	}
	*out = c;
	return 0;
}

static int become_ready(struct ledger_client *c, struct err *err)
{
	int r = c->greeted ? welcomed(c, err) : -EAGAIN;
	while (r == -EAGAIN) {
		if (!c->how.start)
			return err_set(err, -ECONNREFUSED, "no writer runs for %s; start one: postern log write %s", c->shown, c->shown);
		if (clock_ms() >= c->end)
			return err_set(err, -ETIMEDOUT, "the writer of %s could not be reached", c->shown);
		r = c->started < 0 ? start_writer(c, err) : 0;
		r = r < 0 ? r : hear_writer(c, err);
		if (r < 0)
			return r;
		r = greet(c, err);
		r = r < 0 ? r : welcomed(c, err);
	}
	return r;
}

int ledger_client_ready(struct ledger_client *c, struct ledger_client **out, struct err *err)
{
	int r = become_ready(c, err);
	if (r < 0)
		ledger_client_free(c);
	else
		*out = c;
	return r;
}

int ledger_client_open(const char *path, const struct ledger_client_options *o, struct ledger_client **out, struct err *err)
{
	struct ledger_client *c;
	int r = ledger_client_begin(path, o, &c, err);
	return r < 0 ? r : ledger_client_ready(c, out, err);
}

void ledger_client_free(struct ledger_client *c)
{
	if (!c)
		return;
	reap_starter(c);
	fd_closep(&c->started);
	fd_closep(&c->fd);
	fd_closep(&c->dir);
	free(c->path);
	buf_free(&c->in);
	buf_free(&c->out);
	buf_free(&c->posted);
	free(c);
}

/* Closes the frame of posted entries. */
static void close_posted(struct ledger_client *c)
{
	struct frame f = {.type = FRAME_APPEND, .number = c->n_posted, .body = buf_slice(&c->posted)};
	if (c->n_posted == 0)
		return;
	frame_put(&c->out, &f);
	buf_reset(&c->posted);
	c->n_posted = 0;
}

int ledger_client_send(struct ledger_client *c, const struct slice *entry, size_t n, struct err *err)
{
	size_t all = 0;
	for (size_t i = 0; i < n; i++) {
		if (entry[i].n == 0 || entry[i].n > UINT16_MAX)
			return err_set(err, -EINVAL, "an entry has 1 to %d bytes, not %zu", UINT16_MAX, entry[i].n);
		all += 2 + entry[i].n;
	}
	if (n == 0 || all > FRAME_BODY)
		return err_set(err, -EMSGSIZE, "one request holds up to %zu bytes of entries", FRAME_BODY);
	close_posted(c);
	struct frame f = {.type = FRAME_APPEND, .flags = FRAME_DURABLE, .id = ++c->id, .number = (uint32_t)n};
	struct buf *o = &c->out;
	size_t from = o->n;
	frame_put(o, &f);
	for (size_t i = 0; i < n; i++) {
		buf_be(o, entry[i].n, 2);
		buf_add(o, entry[i]);
	}
	if (buf_error(o))
		return err_sys(err, buf_error(o), "cannot send to the writer of %s", c->shown);
	for (size_t i = 0; i < 4; i++)
		o->p[from + i] = (uint8_t)(all >> (24 - 8 * i));
	int r = push(c);
	return r < 0 ? broken(c, r, err) : 0;
}

int ledger_client_wait(struct ledger_client *c, uint64_t *first, struct err *err)
{
	struct frame f;
	int r = next_frame(c, &f, err);
	if (r < 0)
		return r;
	struct cursor in = cursor_of(f.body);
	uint64_t index = cursor_be64(&in);
	if (f.type != FRAME_DONE || !cursor_ok(&in))
		return err_set(err, -EPROTO, "the writer of %s does not speak as it should", c->shown);
	drop(c, &f);
	*first = index;
	return 0;
}

int ledger_client_append(struct ledger_client *c, const struct slice *entry, size_t n, uint64_t *first, struct err *err)
{
	int r = ledger_client_send(c, entry, n, err);
	return r < 0 ? r : ledger_client_wait(c, first, err);
}

int ledger_client_post(struct ledger_client *c, struct slice entry, struct err *err)
{
	if (entry.n == 0 || entry.n > UINT16_MAX)
		return err_set(err, -EINVAL, "an entry has 1 to %d bytes, not %zu", UINT16_MAX, entry.n);
	if (c->posted.n + 2 + entry.n > ENOUGH)
		close_posted(c);
	if (c->out.n - c->sent + c->posted.n + entry.n > c->memory) {
		int r = push(c);
		if (r < 0)
			return broken(c, r, err);
		if (c->out.n - c->sent + c->posted.n + entry.n > c->memory)
			return err_set(err, -ENOBUFS, "the writer of %s does not keep up, and the memory for entries that wait is used up",
			        c->shown);
	}
	/* What was sent need not be moved often. */
	if (c->sent > c->memory / 2) {
		buf_drop(&c->out, c->sent);
		c->sent = 0;
	}
	buf_be(&c->posted, entry.n, 2);
	buf_add(&c->posted, entry);
	if (buf_error(&c->posted))
		return err_sys(err, buf_error(&c->posted), "cannot keep an entry");
	c->n_posted++;
	if (c->out.n == 0)
		close_posted(c);
	int r = push(c);
	return r < 0 ? broken(c, r, err) : 0;
}

int ledger_client_flush(struct ledger_client *c, struct err *err)
{
	struct frame f = {.type = FRAME_FLUSH, .id = ++c->id};
	close_posted(c);
	int r = ask(c, &f, err);
	r = r < 0 ? r : expect(c, FRAME_DONE, c->id, &f, err);
	if (r == 0)
		drop(c, &f);
	return r;
}

int ledger_client_checkpoint(struct ledger_client *c, struct buf *out, struct err *err)
{
	struct frame f = {.type = FRAME_CHECKPOINT, .id = ++c->id};
	close_posted(c);
	int r = ask(c, &f, err);
	r = r < 0 ? r : expect(c, FRAME_SIGNED, c->id, &f, err);
	if (r < 0)
		return r;
	buf_add(out, f.body);
	drop(c, &f);
	return buf_error(out);
}

void ledger_client_leave(struct ledger_client *c)
{
	struct frame f = {.type = FRAME_CHECKPOINT, .id = ++c->id};
	close_posted(c);
	(void)!ask(c, &f, NULL);
}
