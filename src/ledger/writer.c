#include "ledger/writer.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ledger/queue.h"
#include "ledger/file.h"
#include "ledger/frame.h"
#include "parse/jcs.h"
#include "sys/loop.h"

#define PEERS   1024
#define READ    ((size_t)256 << 10)
#define OUT_MAX ((size_t)256 << 10) /* answers that a producer does not read */

struct peer {
	struct writer *w;
	struct peer *next_dead;
	int fd;
	uint32_t slot;
	struct source *source;
	struct buf in, out; /* in: a frame that is not complete */
	bool welcome, writing, gone;
	/* A checkpoint it waits for. */
	bool wants;
	uint32_t wants_id;
	uint64_t wants_size;
};

struct writer {
	int dir, listener, signals;
	struct loop *loop;
	struct store store;
	struct queue *queue;
	struct source *on_listener, *on_signal, *on_queue, *idle;
	struct peer *peer[PEERS], *dead;
	uint32_t generation[PEERS];
	size_t n_peers, n_waiting; /* waiting: for a checkpoint */
	unsigned idle_ms;
	uint8_t *scratch;
	bool stopping;
};

static void peer_flush(struct peer *p);

/* Whatever is left to send is sent if it goes at once. The struct lives until reap(), because callers up the stack may hold it. */
static void peer_close(struct peer *p)
{
	struct writer *w = p->w;
	if (p->gone)
		return;
	p->gone = true;
	peer_flush(p);
	loop_remove(p->source);
	(void)close(p->fd);
	w->peer[p->slot] = NULL;
	w->generation[p->slot]++;
	w->n_peers--;
	w->n_waiting -= p->wants;
	p->wants = false;
	p->next_dead = w->dead;
	w->dead = p;
}

static void on_idle(void *arg, uint32_t events);

/* At the end of each callback. */
static void reap(struct writer *w)
{
	while (w->dead) {
		struct peer *p = w->dead;
		w->dead = p->next_dead;
		buf_free(&p->in);
		buf_free(&p->out);
		free(p);
	}
	if (w->n_peers == 0 && w->idle_ms && !w->idle && !w->stopping && loop_after(w->loop, w->idle_ms, on_idle, w, &w->idle) < 0)
		w->idle = NULL;
}

static void peer_flush(struct peer *p)
{
	while (p->out.n) {
		ssize_t n = send(p->fd, p->out.p, p->out.n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		buf_drop(&p->out, (size_t)n);
	}
	bool want = p->out.n > 0;
	if (!p->gone && want != p->writing && loop_change(p->source, EPOLLIN | (want ? EPOLLOUT : 0)) == 0)
		p->writing = want;
}

static void answer(struct peer *p, uint8_t type, uint32_t id, uint32_t number, struct slice body)
{
	struct frame f = {.type = type, .id = id, .number = number, .body = body};
	if (p->gone)
		return;
	frame_put(&p->out, &f);
	/* One who does not read its answers is not waited for. */
	if (buf_error(&p->out))
		peer_close(p);
	else
		peer_flush(p);
}

static void answer_u64(struct peer *p, uint32_t id, uint64_t value)
{
	uint8_t b[8];
	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(value >> (56 - 8 * i));
	answer(p, FRAME_DONE, id, 0, slice_of(b, sizeof(b)));
}

static void refuse(struct peer *p, uint32_t id, int code, const char *why)
{
	answer(p, FRAME_ERROR, id, (uint32_t)-code, slice_str(why));
	peer_close(p);
}

/* An queue_done. */
static void on_done(void *arg, const struct queue_ack *acks, size_t n, int error)
{
	struct writer *w = arg;
	for (size_t i = 0; i < n; i++) {
		const struct queue_ack *a = &acks[i];
		struct peer *p = w->peer[a->peer];
		if (!p || w->generation[a->peer] != a->generation || error)
			continue; /* what failed is told to everybody at the end */
		answer_u64(p, a->id, a->value);
	}
}

static void stop(struct writer *w)
{
	w->stopping = true;
	loop_stop(w->loop);
}

static void send_checkpoint(struct peer *p)
{
	struct ledger_checkpoint c;
	struct note_vkey key = ledger_vkey(&p->w->store.config);
	struct err err = {0};
	if (ledger_checkpoint_read(p->w->dir, "checkpoint", &key, &c, &err) < 0) {
		refuse(p, p->wants_id, err.code, err.text);
		return;
	}
	p->wants = false;
	p->w->n_waiting--;
	answer(p, FRAME_SIGNED, p->wants_id, 0, buf_slice(&c.note));
	buf_free(&c.note);
}

/* Those who wait for a checkpoint. */
static void serve_waiting(struct writer *w)
{
	uint64_t size = queue_signed(w->queue);
	int why = queue_unsigned(w->queue);
	char note[400];
	queue_note(w->queue, note);
	for (size_t i = 0; i < PEERS && w->n_waiting; i++) {
		struct peer *p = w->peer[i];
		if (p && p->wants && p->wants_size <= size)
			send_checkpoint(p);
		else if (p && p->wants && why < 0)
			refuse(p, p->wants_id, why, note);
	}
}

/* At the end of each callback: whichever it was, the queue may have news, and tells of them only once. */
static void look_at_queue(struct writer *w)
{
	queue_kick(w->queue);
	if (w->n_waiting)
		serve_waiting(w);
	if (queue_error(w->queue, NULL) < 0)
		stop(w);
}

static void on_queue(void *arg, uint32_t events)
{
	(void)events;
	look_at_queue(arg);
	reap(arg);
}

static void on_idle(void *arg, uint32_t events)
{
	struct writer *w = arg;
	(void)events;
	w->idle = NULL;
	stop(w);
}

static void on_signal(void *arg, uint32_t events)
{
	(void)events;
	stop(arg);
}

/* All entries of a frame are looked at before the first is taken. */
static int check_entries(const struct frame *f, char *why, size_t size)
{
	struct slice rest = f->body, entry;
	uint32_t n = 0;
	int r;
	while ((r = tlog_bundle_next(&rest, &entry)) == 1) {
		const char *reason = NULL;
		size_t at = 0;
		if (jcs_check(entry, &reason, &at) < 0) {
			(void)snprintf(why, size, "entry %u of those that were sent is not canonical JSON (RFC 8785): %s at byte %zu", n,
			        reason, at);
			return -EILSEQ;
		}
		n++;
	}
	if (r < 0 || n != f->number || n == 0) {
		(void)snprintf(why, size, "the frame does not hold the entries that it says");
		return -EBADMSG;
	}
	return 0;
}

static void on_append(struct peer *p, const struct frame *f)
{
	struct writer *w = p->w;
	char why[256];
	struct slice rest = f->body, entry;
	int64_t first = -1;
	int r = check_entries(f, why, sizeof(why));
	if (r < 0) {
		refuse(p, f->id, r, why);
		return;
	}
	for (uint32_t i = 0; i < f->number && r == 0; i++) {
		const uint8_t *at = rest.p;
		(void)!tlog_bundle_next(&rest, &entry);
		int64_t index = queue_add(w->queue, slice_of(at, entry.n + 2));
		first = i ? first : index;
		r = index < 0 ? (int)index : 0;
	}
	struct queue_ack ack = {.peer = p->slot, .generation = w->generation[p->slot], .id = f->id, .value = (uint64_t)first};
	if (r == 0 && f->flags & FRAME_DURABLE)
		r = queue_tell(w->queue, &ack);
	if (r < 0)
		stop(w);
}

static void on_frame(struct peer *p, const struct frame *f)
{
	struct writer *w = p->w;
	struct queue_ack ack = {.peer = p->slot, .generation = w->generation[p->slot], .id = f->id};
	_cleanup_buf_ struct buf b = BUF(1024);
	char note[400];
	if (p->welcome == (f->type == FRAME_HELLO)) {
		refuse(p, f->id, -EPROTO, "the first frame, and only the first, is a greeting");
		return;
	}
	switch (f->type) {
	case FRAME_HELLO:
		if (f->number != FRAME_VERSION) {
			refuse(p, f->id, -EPROTONOSUPPORT,
			        "the writer is of another version of Postern; wait until it has ended, or end it");
			return;
		}
		p->welcome = true;
		queue_note(w->queue, note);
		buf_be(&b, (uint64_t)getpid(), 4);
		buf_be(&b, queue_durable(w->queue), 8);
		buf_str_add(&b, note);
		answer(p, FRAME_WELCOME, f->id, FRAME_VERSION, buf_slice(&b));
		return;
	case FRAME_APPEND:
		on_append(p, f);
		return;
	case FRAME_FLUSH:
		if (queue_tell(w->queue, &ack) < 0)
			stop(w);
		return;
	case FRAME_CHECKPOINT:
		if (p->wants) {
			refuse(p, f->id, -EPROTO, "one checkpoint at a time");
			return;
		}
		p->wants = true;
		w->n_waiting++;
		p->wants_id = f->id;
		p->wants_size = queue_durable(w->queue);
		/* Answered in look_at_queue(). */
		queue_sign(w->queue);
		return;
	default:
		refuse(p, f->id, -EPROTO, "this frame is for producers, not from them");
	}
}

static void take_frames(struct peer *p, struct slice *rest)
{
	struct frame f;
	int r = 0;
	while (!p->gone && !p->w->stopping && (r = frame_next(rest, &f)) == 1)
		on_frame(p, &f);
	if (r < 0)
		refuse(p, 0, -EPROTO, "this is no frame");
}

static void on_readable(struct peer *p)
{
	struct writer *w = p->w;
	ssize_t n = recv(p->fd, w->scratch, READ, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		peer_close(p);
		return;
	}
	struct slice rest = slice_of(w->scratch, (size_t)n);
	if (p->in.n) {
		buf_add(&p->in, rest);
		rest = buf_slice(&p->in);
		take_frames(p, &rest);
		buf_drop(&p->in, p->in.n - rest.n);
		if (p->in.n == 0)
			buf_free(&p->in);
	} else {
		take_frames(p, &rest);
		buf_add(&p->in, rest);
	}
	if (buf_error(&p->in))
		refuse(p, 0, buf_error(&p->in), "the writer has no memory for this");
}

static void on_peer(void *arg, uint32_t events)
{
	struct peer *p = arg;
	struct writer *w = p->w;
	if (events & EPOLLOUT)
		peer_flush(p);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && !w->stopping)
		on_readable(p);
	look_at_queue(w);
	reap(w);
}

static void on_connect(void *arg, uint32_t events)
{
	struct writer *w = arg;
	(void)events;
	int fd = accept4(w->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	uint32_t slot = 0;
	while (slot < PEERS && w->peer[slot])
		slot++;
	struct peer *p = slot < PEERS ? calloc(1, sizeof(*p)) : NULL;
	if (!p || loop_add(w->loop, fd, EPOLLIN, on_peer, p, &p->source) < 0) {
		/* It finds the connection closed, and tries again. */
		free(p);
		(void)close(fd);
		return;
	}
	p->w = w;
	p->fd = fd;
	p->slot = slot;
	p->in = BUF(FRAME_HEAD + FRAME_BODY + READ);
	p->out = BUF(OUT_MAX);
	w->peer[slot] = p;
	w->n_peers++;
	loop_remove(w->idle);
	w->idle = NULL;
}

static int listen_at(struct writer *w, const char *shown, struct err *err)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	/* However long the name of the folder is, and whatever it holds. */
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/socket", w->dir);
	int r = file_remove(w->dir, "socket");
	w->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r < 0 || w->listener < 0)
		return err_sys(err, r < 0 ? r : -errno, "cannot make a socket in %s", shown);
	mode_t old = umask(0177);
	r = bind(w->listener, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(w->listener, PEERS) < 0 ? -errno : 0;
	(void)umask(old);
	return r < 0 ? err_sys(err, r, "cannot make a socket in %s", shown) : 0;
}

static int begin(struct writer *w, const char *shown, struct err *err)
{
	sigset_t set;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	w->scratch = malloc(READ);
	int r = w->signals < 0 ? -errno : w->scratch ? loop_new(&w->loop) : -ENOMEM;
	if (r < 0)
		return err_sys(err, r, "cannot start");
	r = queue_new(&w->store, on_done, w, &w->queue, err);
	r = r < 0 ? r : listen_at(w, shown, err);
	if (r < 0)
		return r;
	r = loop_add(w->loop, w->listener, EPOLLIN, on_connect, w, &w->on_listener);
	r = r < 0 ? r : loop_add(w->loop, w->signals, EPOLLIN, on_signal, w, &w->on_signal);
	r = r < 0 ? r : loop_add(w->loop, queue_fd(w->queue), EPOLLIN, on_queue, w, &w->on_queue);
	return r < 0 ? err_sys(err, r, "cannot start") : 0;
}

/* No new producers; what was taken goes to the disk, and everybody is told. */
static int finish(struct writer *w, struct err *err)
{
	w->stopping = true;
	(void)file_remove(w->dir, "socket");
	int r = queue_end(w->queue, err);
	for (size_t i = 0; i < PEERS; i++) {
		struct peer *p = w->peer[i];
		if (p && r < 0)
			refuse(p, 0, r, err->text);
		else if (p && p->wants)
			send_checkpoint(p);
		if (p)
			peer_close(p);
	}
	reap(w);
	return r;
}

int writer_run(const char *path, const struct writer_options *o, struct err *err)
{
	struct ledger_name shown = ledger_name(path);
	struct ledger_config config;
	struct err mine = {0};
	struct writer *w = calloc(1, sizeof(*w));
	_cleanup_fd_ int dir = -1, lock = -1;
	if (!w)
		return err_sys(err, -ENOMEM, "cannot start");
	w->listener = w->signals = -1;
	w->idle_ms = o->idle_ms;
	int r = ledger_open(path, &dir, &config, &mine);
	if (r == 0)
		r = lock = store_lock(dir, path, &mine);
	w->dir = dir;
	if (r >= 0) {
		r = store_open(dir, &o->key, &w->store, &mine);
		if (r < 0)
			(void)err_wrap(&mine, r, "%s", shown.text);
	}
	r = r < 0 ? r : begin(w, shown.text, &mine);
	if (r == 0) {
		if (o->ready)
			o->ready(o->arg, w->store.note);
		reap(w);
		r = loop_run(w->loop);
		if (r < 0)
			(void)err_sys(&mine, r, "%s", shown.text);
		int e = finish(w, &mine);
		r = r < 0 ? r : e;
	}
	queue_free(w->queue);
	store_close(&w->store);
	fd_closep(&w->listener);
	fd_closep(&w->signals);
	loop_remove(w->on_listener);
	loop_remove(w->on_signal);
	loop_remove(w->on_queue);
	loop_remove(w->idle);
	loop_free(w->loop);
	free(w->scratch);
	free(w);
	return r < 0 ? err_set(err, r, "%s", mine.text) : 0;
}
