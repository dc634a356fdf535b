#include "ledger/queue.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

#define BETWEEN_MS   1000 /* checkpoints */
#define ACKS         JOURNAL_ENTRIES
#define BACKLOG      ((uint64_t)512 << 20) /* bytes in the journal that no checkpoint covers */
#define PREPARE_EACH 16                    /* records */
#define ENOUGH       ((size_t)1 << 20)     /* bytes on disk for which tiles are made before a checkpoint is due */

struct batch {
	uint64_t first;
	uint32_t count;
	size_t n; /* bytes in data */
	uint8_t *data, *hashes;
	struct queue_ack *ack;
	size_t n_acks;
};

struct queue {
	struct store *s;
	queue_done *done;
	void *arg;
	int wake;
	struct batch batch[2], *filling; /* the other one is with the disk, or empty */
	pthread_t writer, follower;
	bool has_writer, has_follower;

	pthread_mutex_t lock;
	pthread_cond_t to_writer, to_follower, to_caller;
	struct batch *writing, *written; /* given to the disk; back from it */
	atomic_bool ready;               /* a batch is back, or something failed: read without the lock */
	uint64_t durable, taken, published, wanted;
	int64_t last_ms;
	size_t behind; /* bytes of entries that are on disk, but not taken */
	bool stop_writer, stop_follower, follower_waits, follower_timed, caller_waits;
	atomic_int error; /* set with the lock held */
	struct err err;
	int unsigned_because; /* of the last checkpoint: it could not be signed */
	char note[400];
};

static int64_t clock_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void wake(struct queue *e)
{
	static const uint64_t one = 1;
	if (!atomic_exchange(&e->ready, true))
		(void)!write(e->wake, &one, sizeof(one));
}

static const char *advice(int code)
{
	switch (-code) {
	case ENOSPC:
	case EDQUOT:
		return "make room on the disk, then append again";
	case EIO:
		return "the disk reports errors: look at it (dmesg, smartctl) before you append again";
	case EROFS:
		return "the disk can only be read now: look at it (dmesg) and mount it for writing again";
	default:
		return "look at the folder and its disk, then append again";
	}
}

/* With the lock held. The first failure is the one that is told. */
static void fail(struct queue *e, int code, const char *what)
{
	if (e->error == 0) {
		e->error = code;
		(void)err_set(&e->err, code, "%s. Nothing that was acknowledged is lost; %s", what, advice(code));
	}
	(void)pthread_cond_broadcast(&e->to_writer);
	(void)pthread_cond_broadcast(&e->to_follower);
	(void)pthread_cond_broadcast(&e->to_caller);
	wake(e);
}

/* The thread that writes the journal. */
static void *writer_main(void *arg)
{
	struct queue *e = arg;
	(void)pthread_mutex_lock(&e->lock);
	for (;;) {
		while (!e->writing && !e->stop_writer)
			(void)pthread_cond_wait(&e->to_writer, &e->lock);
		struct batch *b = e->writing;
		if (!b)
			break;
		while (e->error == 0 && journal_bytes(e->s->journal) > BACKLOG && e->published < e->durable)
			(void)pthread_cond_wait(&e->to_writer, &e->lock);
		if (e->error == 0) {
			struct journal_record r = {.first = b->first,
			        .count = b->count,
			        .hashes = slice_of(b->hashes, (size_t)b->count * MERKLE_HASH),
			        .entries = slice_of(b->data, b->n)};
			struct iovec iov = {b->data, b->n};
			(void)pthread_mutex_unlock(&e->lock);
			int r2 = journal_append(e->s->journal, &r, &iov, 1);
			(void)pthread_mutex_lock(&e->lock);
			if (r2 < 0) {
				char what[200];
				(void)snprintf(what, sizeof(what), "the journal cannot be written: %s", strerror(-r2));
				fail(e, r2, what);
			} else {
				e->durable = b->first + b->count;
			}
		}
		e->writing = NULL;
		e->written = b;
		e->behind += b->n;
		bool caller = e->caller_waits;
		bool follower = e->follower_waits && (!e->follower_timed || e->behind >= ENOUGH || journal_wants(e->s->journal));
		/* Without the lock, which those who are woken want. */
		(void)pthread_mutex_unlock(&e->lock);
		if (caller)
			(void)pthread_cond_signal(&e->to_caller);
		wake(e);
		if (follower)
			(void)pthread_cond_signal(&e->to_follower);
		(void)pthread_mutex_lock(&e->lock);
	}
	(void)pthread_mutex_unlock(&e->lock);
	return NULL;
}

/* With the lock held, which is given up meanwhile. */
static int prepare(struct queue *e, struct err *err)
{
	if (!journal_wants(e->s->journal))
		return 0;
	(void)pthread_mutex_unlock(&e->lock);
	int r = journal_prepare(e->s->journal);
	(void)pthread_mutex_lock(&e->lock);
	return r < 0 ? err_sys(err, r, "cannot make room in the journal") : 0;
}

/* Takes what is on disk, and lets the lock go meanwhile. */
static int follow(struct queue *e, struct buf *space, struct err *err)
{
	int r = 0;
	tiles_hurry(e->s->tiles, journal_bytes(e->s->journal) > BACKLOG / 8);
	for (unsigned i = 0; e->taken < e->durable && r == 0 && e->error == 0; i++) {
		struct journal_record rec;
		(void)pthread_mutex_unlock(&e->lock);
		r = i % PREPARE_EACH ? 0 : journal_prepare(e->s->journal);
		r = r < 0 ? r : journal_follow(e->s->journal, space, &rec);
		r = r < 0 ? err_sys(err, r, "cannot read the journal") : store_take(e->s, &rec, err);
		(void)pthread_mutex_lock(&e->lock);
		if (r == 0) {
			e->taken += rec.count;
			e->behind -= rec.entries.n < e->behind ? rec.entries.n : e->behind;
		}
		/* In a flood a checkpoint is due before all is taken. */
		if (i && clock_ms() >= e->last_ms + BETWEEN_MS)
			break;
	}
	return r;
}

static int publish(struct queue *e, struct err *err)
{
	(void)pthread_mutex_unlock(&e->lock);
	int r = store_publish(e->s, err);
	(void)pthread_mutex_lock(&e->lock);
	e->last_ms = clock_ms();
	if (r == -ENOKEY) {
		/* The key is out of reach for now; entries are safe in the journal meanwhile. */
		(void)snprintf(e->note, sizeof(e->note), "%.300s; entries are kept, and signed when it can be done", err->text);
		e->unsigned_because = r;
		e->wanted = 0;
		wake(e);
		return journal_bytes(e->s->journal) > BACKLOG || e->stop_follower ? r : 0;
	}
	if (r < 0)
		return r;
	e->unsigned_because = 0;
	(void)snprintf(e->note, sizeof(e->note), "%s", e->s->note);
	e->published = e->s->signed_size;
	(void)pthread_cond_signal(&e->to_writer);
	wake(e);
	return 0;
}

/* Until something is to be done, or until a time; with the lock held. */
static void rest(struct queue *e, bool timed, int64_t due)
{
	struct timespec t = {.tv_sec = due / 1000, .tv_nsec = due % 1000 * 1000000};
	e->follower_waits = true;
	e->follower_timed = timed;
	if (timed)
		(void)pthread_cond_timedwait(&e->to_follower, &e->lock, &t);
	else
		(void)pthread_cond_wait(&e->to_follower, &e->lock);
	e->follower_waits = false;
}

/* The thread that makes tiles and checkpoints. While entries come in a trickle it looks after them only when a checkpoint is due. */
static void *follower_main(void *arg)
{
	struct queue *e = arg;
	_cleanup_buf_ struct buf space = BUF(JOURNAL_RECORD);
	(void)pthread_mutex_lock(&e->lock);
	while (e->error == 0) {
		struct err err = {0};
		int64_t due = e->last_ms + BETWEEN_MS;
		bool asked = e->wanted > e->published, now = asked || e->stop_follower || clock_ms() >= due;
		int r = prepare(e, &err);
		if (r == 0 && e->taken < e->durable && (now || e->behind >= ENOUGH))
			r = follow(e, &space, &err);
		if (r == 0 && now && e->taken > e->published && (!asked || e->taken >= e->wanted))
			r = publish(e, &err);
		else if (r == 0 && e->stop_follower && e->taken == e->durable)
			break;
		else if (r == 0 && !now && e->behind < ENOUGH)
			rest(e, e->durable > e->published, due);
		else if (r == 0 && e->durable == e->published && !e->stop_follower)
			rest(e, false, 0);
		if (r < 0)
			fail(e, r, err.text);
	}
	(void)pthread_mutex_unlock(&e->lock);
	return NULL;
}

static int batch_new(struct batch *b)
{
	b->data = malloc(JOURNAL_BYTES);
	b->hashes = malloc((size_t)JOURNAL_ENTRIES * MERKLE_HASH);
	b->ack = malloc(ACKS * sizeof(*b->ack));
	return b->data && b->hashes && b->ack ? 0 : -ENOMEM;
}

static int start(pthread_t *t, void *(*fn)(void *), void *arg)
{
	/* Signals are the caller's. */
	sigset_t all, old;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	int r = -pthread_create(t, NULL, fn, arg);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r;
}

int queue_new(struct store *s, queue_done *done, void *arg, struct queue **out, struct err *err)
{
	struct queue *e = calloc(1, sizeof(*e));
	pthread_condattr_t attr;
	if (!e)
		return err_sys(err, -ENOMEM, "cannot start");
	e->s = s;
	e->done = done;
	e->arg = arg;
	e->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	e->filling = &e->batch[0];
	e->durable = e->taken = e->published = e->filling->first = tiles_size(s->tiles);
	e->last_ms = clock_ms() - BETWEEN_MS;
	(void)snprintf(e->note, sizeof(e->note), "%s", s->note);
	(void)pthread_mutex_init(&e->lock, NULL);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&e->to_writer, NULL);
	(void)pthread_cond_init(&e->to_follower, &attr);
	(void)pthread_cond_init(&e->to_caller, NULL);
	(void)pthread_condattr_destroy(&attr);
	int r = e->wake < 0 ? -errno : batch_new(&e->batch[0]);
	r = r < 0 ? r : batch_new(&e->batch[1]);
	r = r < 0 ? r : start(&e->writer, writer_main, e);
	e->has_writer = r == 0;
	r = r < 0 ? r : start(&e->follower, follower_main, e);
	e->has_follower = r == 0;
	if (r < 0) {
		queue_free(e);
		return err_sys(err, r, "cannot start");
	}
	*out = e;
	return 0;
}

/* Gives the collected batch to the disk, which must be idle, and tells of the one that came back meanwhile. Called with the lock held,
 * which is given up: neither the thread that is woken nor those who are told shall wait for it. */
static void turn(struct queue *e)
{
	struct batch *b = e->filling, *other = b == &e->batch[0] ? &e->batch[1] : &e->batch[0], *back = e->written;
	bool go = b->count && e->error == 0;
	int error = back && back->first + back->count > e->durable ? e->error : 0;
	e->written = NULL;
	if (go)
		e->writing = b;
	(void)pthread_mutex_unlock(&e->lock);
	if (go)
		(void)pthread_cond_signal(&e->to_writer);
	if (back && back->n_acks)
		e->done(e->arg, back->ack, back->n_acks, error);
	(void)pthread_mutex_lock(&e->lock);
	if (back) {
		back->count = 0;
		back->n = back->n_acks = 0;
	}
	/* The other one is `back`, or has been empty. */
	if (go) {
		other->first = b->first + b->count;
		e->filling = other;
	}
}

void queue_kick(struct queue *e)
{
	uint64_t n;
	if (!atomic_load(&e->ready) && e->filling->count == 0)
		return;
	(void)pthread_mutex_lock(&e->lock);
	if (atomic_exchange(&e->ready, false))
		(void)!read(e->wake, &n, sizeof(n));
	if (!e->writing)
		turn(e);
	(void)pthread_mutex_unlock(&e->lock);
}

/* With the lock held. */
static void wait_for_writer(struct queue *e)
{
	e->caller_waits = true;
	while (e->writing && e->error == 0)
		(void)pthread_cond_wait(&e->to_caller, &e->lock);
	e->caller_waits = false;
}

/* Until the batch that is collected is empty. */
static int make_room(struct queue *e)
{
	(void)pthread_mutex_lock(&e->lock);
	wait_for_writer(e);
	if (!e->writing)
		turn(e);
	int r = e->error;
	(void)pthread_mutex_unlock(&e->lock);
	return r;
}

int64_t queue_add(struct queue *e, struct slice with_length)
{
	struct batch *b = e->filling;
	if (e->error)
		return e->error;
	if (b->count == JOURNAL_ENTRIES || with_length.n > JOURNAL_BYTES - b->n) {
		int r = make_room(e);
		if (r < 0)
			return r;
		b = e->filling;
	}
	struct merkle_hash h;
	merkle_leaf(slice_from(with_length, 2), &h);
	memcpy(b->hashes + (size_t)b->count * MERKLE_HASH, &h, sizeof(h));
	memcpy(b->data + b->n, with_length.p, with_length.n);
	b->n += with_length.n;
	return (int64_t)(b->first + b->count++);
}

int queue_tell(struct queue *e, const struct queue_ack *ack)
{
	struct batch *b = e->filling;
	if (e->error)
		return e->error;
	if (b->count == 0) {
		/* All that was added before is with the disk, or on it. */
		(void)pthread_mutex_lock(&e->lock);
		struct batch *other = e->writing;
		bool now = !other;
		if (other && other->n_acks < ACKS)
			other->ack[other->n_acks++] = *ack;
		else
			now = true;
		if (now)
			wait_for_writer(e);
		int r = e->error;
		(void)pthread_mutex_unlock(&e->lock);
		if (now && r == 0)
			e->done(e->arg, ack, 1, 0);
		return r;
	}
	if (b->n_acks == ACKS) {
		int r = make_room(e);
		return r < 0 ? r : queue_tell(e, ack);
	}
	b->ack[b->n_acks++] = *ack;
	return 0;
}

uint64_t queue_durable(struct queue *e)
{
	(void)pthread_mutex_lock(&e->lock);
	uint64_t n = e->durable;
	(void)pthread_mutex_unlock(&e->lock);
	return n;
}

uint64_t queue_signed(struct queue *e)
{
	(void)pthread_mutex_lock(&e->lock);
	uint64_t n = e->published;
	(void)pthread_mutex_unlock(&e->lock);
	return n;
}

void queue_sign(struct queue *e)
{
	(void)pthread_mutex_lock(&e->lock);
	e->wanted = e->durable;
	e->unsigned_because = 0;
	(void)pthread_mutex_unlock(&e->lock);
	(void)pthread_cond_signal(&e->to_follower);
}

int queue_unsigned(struct queue *e)
{
	(void)pthread_mutex_lock(&e->lock);
	int r = e->unsigned_because;
	(void)pthread_mutex_unlock(&e->lock);
	return r;
}

int queue_error(struct queue *e, struct err *err)
{
	(void)pthread_mutex_lock(&e->lock);
	int r = e->error;
	if (r < 0 && err)
		*err = e->err;
	(void)pthread_mutex_unlock(&e->lock);
	return r;
}

void queue_note(struct queue *e, char out[400])
{
	(void)pthread_mutex_lock(&e->lock);
	memcpy(out, e->note, sizeof(e->note));
	(void)pthread_mutex_unlock(&e->lock);
}

int queue_fd(const struct queue *e)
{
	return e->wake;
}

static void stop(struct queue *e, bool *flag, pthread_cond_t *cond, bool *has, pthread_t thread)
{
	(void)pthread_mutex_lock(&e->lock);
	*flag = true;
	(void)pthread_cond_signal(cond);
	(void)pthread_mutex_unlock(&e->lock);
	if (*has)
		(void)pthread_join(thread, NULL);
	*has = false;
}

int queue_end(struct queue *e, struct err *err)
{
	/* What is with the disk, then what was collected. */
	for (int i = 0; i < 3; i++)
		(void)make_room(e);
	stop(e, &e->stop_writer, &e->to_writer, &e->has_writer, e->writer);
	(void)pthread_mutex_lock(&e->lock);
	turn(e);
	(void)pthread_mutex_unlock(&e->lock);
	stop(e, &e->stop_follower, &e->to_follower, &e->has_follower, e->follower);
	if (e->filling->n_acks)
		e->done(e->arg, e->filling->ack, e->filling->n_acks, e->error);
	e->filling->n_acks = 0;
	int r = queue_error(e, err);
	return r < 0 ? r : store_end(e->s, err);
}

void queue_free(struct queue *e)
{
	if (!e)
		return;
	stop(e, &e->stop_writer, &e->to_writer, &e->has_writer, e->writer);
	stop(e, &e->stop_follower, &e->to_follower, &e->has_follower, e->follower);
	for (size_t i = 0; i < ARRAY_LEN(e->batch); i++) {
		free(e->batch[i].data);
		free(e->batch[i].hashes);
		free(e->batch[i].ack);
	}
	(void)pthread_cond_destroy(&e->to_writer);
	(void)pthread_cond_destroy(&e->to_follower);
	(void)pthread_cond_destroy(&e->to_caller);
	(void)pthread_mutex_destroy(&e->lock);
	if (e->wake >= 0)
		(void)close(e->wake);
	free(e);
}
