#include "guard/rescue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"

#define LOOK_MS 40
#define LOOKS   4u /* without a beat: it is stuck */
#define FANS    2u
#define SERVED  1u

struct handed {
	struct handed *next;
	struct fan_event event;
	unsigned which;
};

struct list {
	struct handed *first, **last;
};

struct rescue {
	int fan[FANS];
	void (*event)(void *arg, unsigned which, const struct fan_event *e);
	void *arg;
	int wake, closing;
	struct source *source;
	pid_t self;
	unsigned beat, count; /* atomic */
	pthread_mutex_t lock;
	struct list handed, to_close; /* with the lock held */
};

struct taking {
	struct rescue *r;
	unsigned which;
};

static void put(struct rescue *r, struct list *l, int wake, struct handed *h)
{
	(void)pthread_mutex_lock(&r->lock);
	if (!l->first)
		l->last = &l->first;
	*l->last = h;
	l->last = &h->next;
	(void)pthread_mutex_unlock(&r->lock);
	(void)!write(wake, &(uint64_t){1}, sizeof(uint64_t));
}

static struct handed *take_all(struct rescue *r, struct list *l, int wake)
{
	uint64_t n;
	(void)!read(wake, &n, sizeof(n));
	(void)pthread_mutex_lock(&r->lock);
	struct handed *h = l->first;
	l->first = NULL;
	(void)pthread_mutex_unlock(&r->lock);
	return h;
}

static void take(void *arg, const struct fan_event *e)
{
	const struct taking *t = arg;
	struct rescue *r = t->r;
	struct handed *h = e->pid == r->self ? NULL : calloc(1, sizeof(*h));
	if (!h) {
		(void)fan_answer(r->fan[t->which], e->fd, e->pid == r->self);
		(void)close(e->fd);
		return;
	}
	h->event = *e;
	h->which = t->which;
	put(r, &r->handed, r->wake, h);
}

static void *watch(void *arg)
{
	struct rescue *r = arg;
	struct taking t = {r, 0};
	unsigned seen = 0, still = 0;
	for (;;) {
		(void)poll(NULL, 0, LOOK_MS);
		unsigned now = __atomic_load_n(&r->beat, __ATOMIC_ACQUIRE);
		still = now == seen ? still + 1 : 0;
		seen = now;
		if (still >= LOOKS && fan_read(r->fan[0], take, &t) > 0)
			(void)__atomic_add_fetch(&r->count, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void *read_served(void *arg)
{
	struct rescue *r = arg;
	struct taking t = {r, SERVED};
	for (;;) {
		struct pollfd p[] = {{.fd = r->fan[SERVED], .events = POLLIN}, {.fd = r->closing, .events = POLLIN}};
		(void)poll(p, ARRAY_LEN(p), -1);
		if (p[0].revents)
			(void)!fan_read(r->fan[SERVED], take, &t);
		if (!p[1].revents)
			continue;
		for (struct handed *h = take_all(r, &r->to_close, r->closing), *next; h; h = next) {
			next = h->next;
			(void)close(h->event.fd);
			free(h);
		}
	}
	return NULL;
}

static void on_wake(void *arg, uint32_t events)
{
	struct rescue *r = arg;
	(void)events;
	for (struct handed *h = take_all(r, &r->handed, r->wake), *next; h; h = next) {
		next = h->next;
		r->event(r->arg, h->which, &h->event);
		free(h);
	}
}

static int start(struct rescue *r, void *(*run)(void *arg))
{
	pthread_t thread;
	sigset_t all, before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int e = -pthread_create(&thread, NULL, run, r);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (e == 0)
		(void)pthread_detach(thread);
	return e;
}

int rescue_new(struct loop *loop, int local, int served, void (*event)(void *arg, unsigned which, const struct fan_event *e), void *arg,
        struct rescue **out)
{
	struct rescue *r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	*r = (struct rescue){.fan = {local, served}, .event = event, .arg = arg, .self = getpid()};
	(void)pthread_mutex_init(&r->lock, NULL);
	r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->closing = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int e = r->wake < 0 || r->closing < 0 ? -errno : loop_add(loop, r->wake, EPOLLIN, on_wake, r, &r->source);
	e = e < 0 ? e : start(r, read_served);
	e = e < 0 ? e : start(r, watch);
	/* If that failed the process ends: there may be a thread that still has it. */
	if (e == 0)
		*out = r;
	return e;
}

void rescue_close(struct rescue *r, int fd)
{
	struct handed *h = calloc(1, sizeof(*h));
	/* Better one that stays open than to wait. */
	if (!h)
		return;
	h->event.fd = fd;
	put(r, &r->to_close, r->closing, h);
}

void rescue_beat(struct rescue *r)
{
	(void)__atomic_add_fetch(&r->beat, 1, __ATOMIC_RELEASE);
}

unsigned rescue_count(const struct rescue *r)
{
	return __atomic_load_n(&r->count, __ATOMIC_RELAXED);
}
