#include "sys/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct source {
	struct loop *loop;
	struct source *next_dead;
	source_fn fn;
	void *arg;
	int fd;
	bool timer;
	bool dead;
};

struct loop {
	int epoll;
	bool stop;
	/* Sources removed inside a callback may still be named by events already fetched: they are freed after the batch. */
	struct source *dead;
	source_fn after;
	void *after_arg;
};

int loop_new(struct loop **out)
{
	struct loop *l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0) {
		int r = -errno;
		free(l);
		return r;
	}
	*out = l;
	return 0;
}

static void bury(struct loop *l)
{
	while (l->dead) {
		struct source *s = l->dead;
		l->dead = s->next_dead;
		free(s);
	}
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	bury(l);
	(void)close(l->epoll);
	free(l);
}

int loop_add(struct loop *l, int fd, uint32_t events, source_fn fn, void *arg, struct source **out)
{
	struct source *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	*s = (struct source){.loop = l, .fn = fn, .arg = arg, .fd = fd};
	struct epoll_event ev = {.events = events, .data.ptr = s};
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &ev) < 0) {
		int r = -errno;
		free(s);
		return r;
	}
	*out = s;
	return 0;
}

int loop_change(struct source *s, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = s};
	return epoll_ctl(s->loop->epoll, EPOLL_CTL_MOD, s->fd, &ev) < 0 ? -errno : 0;
}

int loop_after(struct loop *l, uint64_t ms, source_fn fn, void *arg, struct source **out)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (fd < 0)
		return -errno;
	struct itimerspec when = {
	        .it_value = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000L},
	};
	if (ms == 0)
		when.it_value.tv_nsec = 1; /* zero would disarm the timer */
	struct source *s = NULL;
	int r = timerfd_settime(fd, 0, &when, NULL) < 0 ? -errno : loop_add(l, fd, EPOLLIN, fn, arg, &s);
	if (r < 0 || !s) {
		(void)close(fd);
		return r;
	}
	s->timer = true;
	if (out)
		*out = s;
	return 0; /* NOLINT(clang-analyzer-unix.Malloc): epoll's data holds the source, and it frees itself after firing */
}

void loop_remove(struct source *s)
{
	if (!s || s->dead)
		return;
	s->dead = true;
	(void)epoll_ctl(s->loop->epoll, EPOLL_CTL_DEL, s->fd, NULL);
	if (s->timer)
		(void)close(s->fd);
	s->next_dead = s->loop->dead;
	s->loop->dead = s;
}

int loop_run(struct loop *l)
{
	l->stop = false;
	while (!l->stop) {
		struct epoll_event ev[64];
		int n = epoll_wait(l->epoll, ev, 64, -1);
		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n && !l->stop; i++) {
			struct source *s = ev[i].data.ptr;
			if (s->dead)
				continue;
			source_fn fn = s->fn;
			void *arg = s->arg;
			if (s->timer) {
				loop_remove(s);
				fn(arg, 0);
			} else {
				fn(arg, ev[i].events);
			}
		}
		if (l->after)
			l->after(l->after_arg, 0);
		bury(l);
	}
	return 0;
}

void loop_after_batch(struct loop *l, source_fn fn, void *arg)
{
	l->after = fn;
	l->after_arg = arg;
}

void loop_stop(struct loop *l)
{
	l->stop = true;
}
