#include "guard/rescue.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"

#define LOOK_MS  40
#define LOOKS    4u /* without a beat: it is stuck */
#define FANS_MAX 2u

struct handed {
	struct handed *next;
	struct fan_event event;
	unsigned which;
};

struct rescue {
	int fan[FANS_MAX];
	unsigned n;
	void (*event)(void *arg, unsigned which, const struct fan_event *e);
	void *arg;
	int wake;
	struct source *source;
	pid_t self;
	unsigned beat, count; /* atomic */
	pthread_mutex_t lock;
	struct handed *first, **last; /* with the lock held */
};

struct taking {
	struct rescue *r;
	unsigned which;
};

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
	(void)pthread_mutex_lock(&r->lock);
	*r->last = h;
	r->last = &h->next;
	(void)pthread_mutex_unlock(&r->lock);
	(void)!write(r->wake, &(uint64_t){1}, sizeof(uint64_t));
}

static void *run(void *arg)
{
	struct rescue *r = arg;
	unsigned seen = 0, still = 0;
	for (;;) {
		(void)poll(NULL, 0, LOOK_MS);
		unsigned now = __atomic_load_n(&r->beat, __ATOMIC_ACQUIRE);
		still = now == seen ? still + 1 : 0;
		seen = now;
		if (still < LOOKS)
			continue;
		for (unsigned i = 0; i < r->n; i++) {
			struct taking t = {r, i};
			if (fan_read(r->fan[i], take, &t) > 0)
				(void)__atomic_add_fetch(&r->count, 1, __ATOMIC_RELAXED);
		}
	}
	return NULL;
}

static void on_wake(void *arg, uint32_t events)
{
	struct rescue *r = arg;
	uint64_t n;
	(void)events;
	(void)!read(r->wake, &n, sizeof(n));
	(void)pthread_mutex_lock(&r->lock);
	struct handed *h = r->first;
	r->first = NULL;
	r->last = &r->first;
	(void)pthread_mutex_unlock(&r->lock);
	while (h) {
		struct handed *next = h->next;
		r->event(r->arg, h->which, &h->event);
		free(h);
		h = next;
	}
}

int rescue_new(struct loop *loop, const int *fan, unsigned n, void (*event)(void *arg, unsigned which, const struct fan_event *e),
        void *arg, struct rescue **out)
{
	struct rescue *r = calloc(1, sizeof(*r));
	pthread_t thread;
	if (!r)
		return -ENOMEM;
	*r = (struct rescue){.n = n < FANS_MAX ? n : FANS_MAX, .event = event, .arg = arg, .self = getpid()};
	for (unsigned i = 0; i < r->n; i++)
		r->fan[i] = fan[i];
	r->last = &r->first;
	(void)pthread_mutex_init(&r->lock, NULL);
	r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int e = r->wake < 0 ? -errno : loop_add(loop, r->wake, EPOLLIN, on_wake, r, &r->source);
	sigset_t all, before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	e = e < 0 ? e : -pthread_create(&thread, NULL, run, r);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (e < 0) {
		loop_remove(r->source);
		fd_closep(&r->wake);
		free(r);
		return e;
	}
	(void)pthread_detach(thread);
	*out = r;
	return 0;
}

void rescue_beat(struct rescue *r)
{
	(void)__atomic_add_fetch(&r->beat, 1, __ATOMIC_RELEASE);
}

unsigned rescue_count(const struct rescue *r)
{
	return __atomic_load_n(&r->count, __ATOMIC_RELAXED);
}
