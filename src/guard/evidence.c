#include "guard/evidence.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "ledger/client.h"
#include "ledger/home.h"

#define BATCH_MAX 128u
#define AGAIN_MS  500

struct waiting {
	struct waiting *next;
	uint64_t ticket;
	int error;
	size_t n;
	uint8_t bytes[];
};

struct list {
	struct waiting *first, **last;
	size_t n;
};

struct evidence {
	char *ledger, *host;
	void (*done)(void *arg, uint64_t ticket, int error);
	void *arg;
	int wake;
	struct source *source;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more, idle;
	struct ledger_client *client; /* of the thread */
	struct list todo, back;       /* from here on with the lock held */
	size_t bytes;
	uint64_t lost;
	bool end, busy, trouble;
	struct err err;
};

static void put(struct list *l, struct waiting *w)
{
	if (!l->first)
		l->last = &l->first;
	w->next = NULL;
	*l->last = w;
	l->last = &w->next;
	l->n++;
}

static struct waiting *pop(struct list *l)
{
	struct waiting *w = l->first;
	if (w) {
		l->first = w->next;
		l->n--;
	}
	return w;
}

/* Tickets go back; an entry that was written is freed there, one that was not stays here without its ticket. */
static void give_back(struct evidence *e, uint64_t ticket, int error)
{
	struct waiting *w = ticket ? calloc(1, sizeof(*w)) : NULL;
	if (!w)
		return;
	w->ticket = ticket;
	w->error = error;
	put(&e->back, w);
	(void)!write(e->wake, &(uint64_t){1}, sizeof(uint64_t));
}

static int append(struct evidence *e, const struct slice *entry, size_t n, struct err *err)
{
	uint64_t at;
	if (!e->client) {
		struct arena arena = ARENA(1 << 16);
		int r = ledger_home_open(e->ledger, e->host, &arena, &e->client, err);
		arena_free(&arena);
		if (r < 0) {
			e->client = NULL;
			return r;
		}
	}
	int r = ledger_client_append(e->client, entry, n, &at, err);
	if (r < 0 && r != -EMSGSIZE && r != -EINVAL) {
		ledger_client_free(e->client);
		e->client = NULL;
	}
	return r;
}

static void wait_ms(struct evidence *e, unsigned ms)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (!e->end && pthread_cond_timedwait(&e->more, &e->lock, &until) == 0)
		;
}

/* With the lock held, which is given up meanwhile. The entries stay in the list until they are on disk. */
static void write_batch(struct evidence *e)
{
	struct slice entry[BATCH_MAX];
	size_t n = 0, bytes = 0;
	struct err err = {0};
	for (struct waiting *w = e->todo.first; w && n < BATCH_MAX && bytes + w->n + 2 <= ledger_client_room(); w = w->next) {
		entry[n++] = slice_of(w->bytes, w->n);
		bytes += w->n + 2;
	}
	e->busy = true;
	(void)pthread_mutex_unlock(&e->lock);
	int r = append(e, entry, n, &err);
	(void)pthread_mutex_lock(&e->lock);
	e->busy = false;
	e->trouble = r < 0;
	if (r < 0)
		e->err = err;
	/* One that no ledger would take is lost; it must not keep the others. */
	bool drop = n == 1 && (r == -EMSGSIZE || r == -EINVAL);
	if (r == 0 || drop) {
		for (size_t i = 0; i < n; i++) {
			struct waiting *w = pop(&e->todo);
			give_back(e, w->ticket, r);
			e->bytes -= w->n;
			free(w);
		}
		e->lost += drop;
	} else {
		for (struct waiting *w = e->todo.first; w; w = w->next) {
			give_back(e, w->ticket, r);
			w->ticket = 0;
		}
		if (!e->end)
			wait_ms(e, AGAIN_MS);
	}
}

static void *run(void *arg)
{
	struct evidence *e = arg;
	(void)pthread_mutex_lock(&e->lock);
	for (;;) {
		if (e->todo.first && !(e->end && e->trouble))
			write_batch(e);
		else if (e->end)
			break;
		else
			(void)pthread_cond_wait(&e->more, &e->lock);
		(void)pthread_cond_broadcast(&e->idle);
	}
	(void)pthread_mutex_unlock(&e->lock);
	return NULL;
}

static void on_wake(void *arg, uint32_t events)
{
	struct evidence *e = arg;
	uint64_t n;
	(void)events;
	(void)!read(e->wake, &n, sizeof(n));
	(void)pthread_mutex_lock(&e->lock);
	struct list back = e->back;
	e->back = (struct list){0};
	(void)pthread_mutex_unlock(&e->lock);
	for (struct waiting *w; (w = pop(&back));) {
		e->done(e->arg, w->ticket, w->error);
		free(w);
	}
}

static void free_all(struct evidence *e)
{
	for (struct waiting *w; (w = pop(&e->todo));)
		free(w);
	for (struct waiting *w; (w = pop(&e->back));)
		free(w);
	ledger_client_free(e->client);
	loop_remove(e->source);
	if (e->wake >= 0)
		(void)close(e->wake);
	(void)pthread_mutex_destroy(&e->lock);
	(void)pthread_cond_destroy(&e->more);
	(void)pthread_cond_destroy(&e->idle);
	free(e->ledger);
	free(e->host);
	free(e);
}

int evidence_new(struct loop *loop, const struct evidence_options *o, struct evidence **out, struct err *err)
{
	struct evidence *e = calloc(1, sizeof(*e));
	pthread_condattr_t monotonic;
	if (!e)
		return err_set(err, -ENOMEM, "no memory");
	*e = (struct evidence){.done = o->done, .arg = o->arg, .wake = -1, .ledger = strdup(o->ledger), .host = strdup(o->host)};
	(void)pthread_mutex_init(&e->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&e->more, &monotonic);
	(void)pthread_cond_init(&e->idle, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	int r = e->ledger && e->host ? 0 : err_set(err, -ENOMEM, "no memory");
	if (r < 0) {
		free_all(e);
		return r;
	}
	e->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = e->wake < 0 ? -errno : loop_add(loop, e->wake, EPOLLIN, on_wake, e, &e->source);
	sigset_t all, before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = r < 0 ? r : -pthread_create(&e->thread, NULL, run, e);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r < 0) {
		free_all(e);
		return err_sys(err, r, "cannot start the thread that writes the ledger");
	}
	*out = e;
	return 0;
}

int evidence_add(struct evidence *e, struct slice entry, uint64_t ticket)
{
	struct waiting *w = malloc(sizeof(*w) + entry.n);
	(void)pthread_mutex_lock(&e->lock);
	bool full = !w || e->bytes + entry.n > EVIDENCE_BYTES_MAX;
	if (full) {
		e->lost++;
		free(w);
	} else {
		w->ticket = ticket;
		w->n = entry.n;
		memcpy(w->bytes, entry.p, entry.n);
		e->bytes += entry.n;
		put(&e->todo, w);
		/* While nothing can be written nobody waits in vain. */
		if (e->trouble && ticket) {
			w->ticket = 0;
			give_back(e, ticket, e->err.code);
		}
		(void)pthread_cond_signal(&e->more);
	}
	(void)pthread_mutex_unlock(&e->lock);
	return full ? -ENOBUFS : 0;
}

bool evidence_trouble(struct evidence *e, struct err *err)
{
	(void)pthread_mutex_lock(&e->lock);
	bool trouble = e->trouble;
	if (trouble && err)
		*err = e->err;
	(void)pthread_mutex_unlock(&e->lock);
	return trouble;
}

void evidence_counts(struct evidence *e, uint64_t *lost, size_t *waiting)
{
	(void)pthread_mutex_lock(&e->lock);
	*lost = e->lost;
	*waiting = e->todo.n;
	(void)pthread_mutex_unlock(&e->lock);
}

size_t evidence_close(struct evidence *e, unsigned ms)
{
	if (!e)
		return 0;
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	(void)pthread_mutex_lock(&e->lock);
	(void)pthread_cond_signal(&e->more);
	while ((e->todo.first || e->busy) && pthread_cond_timedwait(&e->idle, &e->lock, &until) == 0)
		;
	e->end = true;
	(void)pthread_cond_broadcast(&e->more);
	(void)pthread_mutex_unlock(&e->lock);
	(void)pthread_join(e->thread, NULL);
	size_t left = e->todo.n;
	if (e->client && left == 0)
		ledger_client_leave(e->client);
	free_all(e);
	return left;
}
