#include "guard/errand.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define THREADS_MAX 4
#define NICE        (-15)

struct queue {
	struct errand *first, **last;
};

struct errands {
	int wake;
	struct source *source;
	pthread_t thread[THREADS_MAX];
	unsigned n;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct queue todo, back; /* with the lock held */
	bool end;
};

static void put(struct queue *q, struct errand *e)
{
	if (!q->first)
		q->last = &q->first;
	e->next = NULL;
	*q->last = e;
	q->last = &e->next;
}

static void *run(void *arg)
{
	struct errands *s = arg;
	/* Somebody waits for it. */
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	(void)pthread_mutex_lock(&s->lock);
	for (;;) {
		while (!s->end && !s->todo.first)
			(void)pthread_cond_wait(&s->more, &s->lock);
		if (s->end)
			break;
		struct errand *e = s->todo.first;
		s->todo.first = e->next;
		(void)pthread_mutex_unlock(&s->lock);
		e->work(e);
		(void)pthread_mutex_lock(&s->lock);
		put(&s->back, e);
		(void)!write(s->wake, &(uint64_t){1}, sizeof(uint64_t));
	}
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

static void finish(struct errands *s, struct queue *q)
{
	(void)pthread_mutex_lock(&s->lock);
	struct errand *e = q->first;
	q->first = NULL;
	(void)pthread_mutex_unlock(&s->lock);
	while (e) {
		struct errand *next = e->next;
		e->done(e);
		e = next;
	}
}

static void on_wake(void *arg, uint32_t events)
{
	struct errands *s = arg;
	uint64_t n;
	(void)events;
	(void)!read(s->wake, &n, sizeof(n));
	finish(s, &s->back);
}

int errands_new(struct loop *loop, unsigned threads, struct errands **out)
{
	struct errands *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->more, NULL);
	s->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int r = s->wake < 0 ? -errno : loop_add(loop, s->wake, EPOLLIN, on_wake, s, &s->source);
	/* Signals are the loop's. */
	sigset_t all, before;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	while (r == 0 && s->n < threads && s->n < THREADS_MAX) {
		r = -pthread_create(&s->thread[s->n], NULL, run, s);
		s->n += r == 0;
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r < 0) {
		errands_free(s);
		return r;
	}
	*out = s;
	return 0;
}

void errands_free(struct errands *s)
{
	if (!s)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->end = true;
	(void)pthread_cond_broadcast(&s->more);
	(void)pthread_mutex_unlock(&s->lock);
	for (unsigned i = 0; i < s->n; i++)
		(void)pthread_join(s->thread[i], NULL);
	loop_remove(s->source);
	finish(s, &s->back);
	finish(s, &s->todo);
	if (s->wake >= 0)
		(void)close(s->wake);
	free(s);
}

void errand_send(struct errands *s, struct errand *e)
{
	(void)pthread_mutex_lock(&s->lock);
	put(&s->todo, e);
	(void)pthread_cond_signal(&s->more);
	(void)pthread_mutex_unlock(&s->lock);
}
