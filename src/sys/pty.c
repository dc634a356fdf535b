#include "sys/pty_part.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	PIECE = 16384,   /* bytes read at once */
	HIGH = 65536,    /* bytes that may wait for either side; then its other side is not read */
	STUCK_MS = 1000, /* so long a program has taken nothing before what is typed is only looked at for Ctrl-C */
	ANSWER_MS = 300, /* a question that was asked so shortly before the end may still be answered, */
	LATE_MS = 50,    /* and so long we wait for the answer */
};

/* A descriptor that is watched for what is wanted of it now, and not at all if that is nothing: else a hang-up would come without end. */
struct watch {
	struct source *source;
	uint32_t events;
};

struct pty {
	struct loop *loop;
	struct pty_filter filter;
	bool filtered, replaced[3];
	int tty;        /* the real one, opened anew or a copy of the caller's */
	bool may_block; /* a copy: it is the caller's, and not ours to make non-blocking */
	bool lazy;      /* output goes into a pipe: who reads that may be reading the keyboard */
	int master, slave, event;
	struct termios saved, raw;
	bool is_raw, started, paused, gone, eof, discard;
	struct buf out, in;
	struct watch at_tty, at_master;
	struct source *signals, *stuck;
	size_t early; /* bytes that were typed before the terminal became raw, and are not read yet */
	uint64_t sent, typed;
	uint64_t asked_ms;
	uint8_t piece[PIECE];
};

static uint64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void update(struct pty *p);

/* The terminal, with a file description of its own if it can be had, so that O_NONBLOCK is not put on the one that a shell shares. */
static int open_again(int fd, bool *may_block)
{
	char path[32];
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int again = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	*may_block = again < 0;
	if (again < 0)
		again = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (again >= 0 && again < 3) {
		int low = again;
		again = fcntl(low, F_DUPFD_CLOEXEC, 3);
		(void)close(low);
	}
	return again;
}

static void copy_size(struct pty *p)
{
	struct winsize size;
	if (ioctl(p->tty, TIOCGWINSZ, &size) == 0)
		(void)ioctl(p->master, TIOCSWINSZ, &size);
}

int pty_open(struct loop *l, const int real[3], const struct pty_filter *filter, struct pty **out, struct err *err)
{
	int order[] = {1, 0, 2}, which = -1, r = 0;
	struct winsize size = {.ws_row = 24, .ws_col = 80};
	struct stat st;
	for (unsigned i = 0; i < 3 && which < 0; i++)
		if (real[order[i]] >= 0 && isatty(real[order[i]]))
			which = order[i];
	if (which < 0) {
		*out = NULL;
		return 0;
	}
	struct pty *p = calloc(1, sizeof(*p));
	if (!p)
		return err_sys(err, -ENOMEM, "no memory for a terminal");
	p->loop = l;
	p->master = p->slave = p->event = p->tty = -1;
	if (filter) {
		p->filter = *filter;
		p->filtered = true;
	}
	for (int i = 0; i < 3; i++)
		p->replaced[i] = real[i] >= 0 && isatty(real[i]);
	p->lazy = !p->replaced[1] && fstat(real[1], &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
	p->out = BUF(HIGH + PIECE * (filter ? filter->grow : 1) + (filter ? filter->more : 0) + PIECE);
	p->in = BUF(HIGH + PIECE);
	p->tty = open_again(real[which], &p->may_block);
	if (p->tty < 0 || tcgetattr(p->tty, &p->saved) < 0) {
		r = err_sys(err, -errno, "the terminal cannot be used");
	} else {
		(void)ioctl(p->tty, TIOCGWINSZ, &size);
		p->raw = p->saved;
		cfmakeraw(&p->raw);
		if (openpty(&p->master, &p->slave, NULL, &p->saved, &size) < 0)
			r = err_sys(err, -errno, "no terminal can be made for the program (is /dev/pts there?)");
		else if (fcntl(p->master, F_SETFD, FD_CLOEXEC) < 0 || fcntl(p->slave, F_SETFD, FD_CLOEXEC) < 0 ||
		         fcntl(p->master, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
			r = err_sys(err, -errno, "the terminal for the program cannot be set up");
		else
			r = restore_begin(p->tty, &p->saved, &p->event, err);
	}
	if (r < 0) {
		pty_close(p, 0);
		return r;
	}
	*out = p;
	return 0;
}

int pty_descriptor(const struct pty *p, const int real[3], int i)
{
	return p && p->replaced[i] ? p->slave : real[i];
}

int pty_slave(const struct pty *p)
{
	return p ? p->slave : -1;
}

void pty_counts(const struct pty *p, uint64_t *out, uint64_t *in)
{
	*out = p->sent;
	*in = p->typed;
}

static void mode(struct pty *p, bool raw)
{
	if (raw == p->is_raw)
		return;
	/* Our note of it first when it becomes raw, last when it becomes as it was: in between somebody puts it back once too often. */
	if (raw) {
		restore_raw(&p->raw);
		(void)tcsetattr(p->tty, TCSANOW, &p->raw);
		int n = 0;
		p->early = ioctl(p->tty, FIONREAD, &n) == 0 && n > 0 ? (size_t)n : 0;
	} else {
		(void)tcsetattr(p->tty, TCSANOW, &p->saved);
		restore_raw(NULL);
	}
	p->is_raw = raw;
}

/* Whether what is typed is for the program. */
static bool keyboard_is_ours(const struct pty *p)
{
	struct termios t;
	pid_t front = tcgetpgrp(p->tty);
	if (front >= 0 && front != getpgrp())
		return false;
	/* Whoever reads the pipe may read keys too (a pager). The program has the keyboard when it has changed how keys are read. */
	if (p->lazy && tcgetattr(p->master, &t) == 0 && (t.c_lflag & (ICANON | ECHO)) == (p->saved.c_lflag & (ICANON | ECHO)))
		return false;
	return true;
}

/* Writes as much of b as fd takes. False: it takes no more for ever. */
static bool push(struct buf *b, int fd, size_t at_once, uint64_t *count)
{
	size_t done = 0;
	bool alive = true;
	while (done < b->n) {
		ssize_t n = write(fd, b->p + done, b->n - done < at_once ? b->n - done : at_once);
		if (n > 0) {
			done += (size_t)n;
			*count += (uint64_t)n;
			/* What might block is written in small pieces, each when there is room. */
			if (at_once < PIECE)
				break;
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else {
			alive = n < 0 && errno == EAGAIN;
			break;
		}
	}
	buf_drop(b, done);
	return alive;
}

static void watch(struct pty *p, struct watch *w, int fd, uint32_t events, source_fn fn)
{
	if (events == w->events)
		return;
	if (!events)
		loop_remove(TAKE_PTR(w->source));
	else if (w->source)
		(void)!loop_change(w->source, events);
	else if (loop_add(p->loop, fd, events, fn, p, &w->source) < 0)
		return;
	w->events = events;
}

/* The person's terminal has gone: the program's goes too, and the kernel tells it (SIGHUP). */
static void hang_up(struct pty *p)
{
	p->gone = true;
	buf_reset(&p->out);
	buf_reset(&p->in);
	watch(p, &p->at_tty, -1, 0, NULL);
	watch(p, &p->at_master, -1, 0, NULL);
	if (p->master >= 0)
		(void)close(TAKE_FD(p->master));
}

static void send_out(struct pty *p)
{
	struct pollfd room = {.fd = p->tty, .events = POLLOUT};
	if (!p->out.n || (p->may_block && poll(&room, 1, 0) != 1))
		return;
	if (!push(&p->out, p->tty, p->may_block ? 128 : PIECE, &p->sent))
		hang_up(p);
}

/* One piece from the program, through the filter. False: there was nothing. */
static bool take_out(struct pty *p)
{
	ssize_t n = read(p->master, p->piece, sizeof(p->piece));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		p->eof = true;
		return false;
	}
	struct slice piece = slice_of(p->piece, (size_t)n);
	if (!p->filtered) {
		buf_add(&p->out, piece);
		return true;
	}
	uint64_t ms = now_ms();
	if (p->filter.feed(p->filter.state, ms, piece, &p->out))
		p->asked_ms = ms;
	_cleanup_buf_ struct buf leave = BUF(PIECE);
	p->filter.leave(p->filter.state, &leave);
	restore_leave(buf_slice(&leave));
	return true;
}

/* A program that takes no input must be stoppable all the same: its terminal looks at Ctrl-C as soon as it comes, but there is no room for
 * it to come. */
static void signal_keys(struct pty *p, struct slice typed)
{
	struct termios t;
	if (tcgetattr(p->master, &t) < 0 || !(t.c_lflag & ISIG))
		return;
	const struct {
		uint8_t key;
		int signal;
	} keys[] = {{t.c_cc[VINTR], SIGINT}, {t.c_cc[VQUIT], SIGQUIT}, {t.c_cc[VSUSP], SIGTSTP}};
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].key != _POSIX_VDISABLE && slice_chr(typed, keys[i].key, 0) != SLICE_NPOS)
			(void)ioctl(p->master, TIOCSIG, keys[i].signal);
}

static void take_in(struct pty *p)
{
	size_t room = HIGH > p->in.n ? HIGH - p->in.n : 0;
	ssize_t n = read(p->tty, p->piece, room && room < PIECE ? room : PIECE);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		hang_up(p);
		return;
	}
	if (n < 0)
		return;
	/* While lines were edited for us, the kernel has kept an end of file (Ctrl-D) as a byte 0. */
	for (size_t i = 0; i < (size_t)n && p->early; i++, p->early--)
		if (p->piece[i] == 0 && p->saved.c_lflag & ICANON)
			p->piece[i] = p->saved.c_cc[VEOF];
	struct slice typed = slice_of(p->piece, (size_t)n);
	if (p->in.n)
		signal_keys(p, typed);
	if (room)
		buf_add(&p->in, typed);
	(void)push(&p->in, p->master, PIECE, &p->typed);
}

static void on_stuck(void *arg, uint32_t events)
{
	struct pty *p = arg;
	(void)events;
	p->stuck = NULL;
	p->discard = p->in.n >= HIGH;
	update(p);
}

static void on_tty(void *arg, uint32_t events)
{
	struct pty *p = arg;
	if (events & EPOLLOUT)
		send_out(p);
	if (!p->gone && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		take_in(p);
	update(p);
}

static void on_master(void *arg, uint32_t events)
{
	struct pty *p = arg;
	if (events & EPOLLOUT) {
		size_t before = p->in.n;
		(void)push(&p->in, p->master, PIECE, &p->typed);
		if (p->in.n < before) {
			p->discard = false;
			loop_remove(TAKE_PTR(p->stuck));
		}
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR) && p->out.n < HIGH) {
		(void)take_out(p);
		send_out(p);
	}
	update(p);
}

/* What is wanted of either side, after anything has changed. */
static void update(struct pty *p)
{
	uint32_t tty = 0, master = 0;
	if (p->started && !p->paused && !p->gone) {
		bool keys = keyboard_is_ours(p);
		mode(p, keys);
		if (keys && (p->in.n < HIGH || p->discard))
			tty |= EPOLLIN;
		if (p->out.n)
			tty |= EPOLLOUT;
		if (p->out.n < HIGH && !p->eof)
			master |= EPOLLIN;
		if (p->in.n)
			master |= EPOLLOUT;
		if (p->in.n >= HIGH && !p->discard && !p->stuck)
			(void)!loop_after(p->loop, STUCK_MS, on_stuck, p, &p->stuck);
	}
	watch(p, &p->at_tty, p->tty, tty, on_tty);
	watch(p, &p->at_master, p->master, master, on_master);
}

/* The program is told that the window has another size, twice: it draws everything again. */
static void redraw(struct pty *p)
{
	struct winsize size, other;
	if (ioctl(p->tty, TIOCGWINSZ, &size) < 0)
		return;
	other = size;
	other.ws_row++;
	(void)ioctl(p->master, TIOCSWINSZ, &other);
	(void)ioctl(p->master, TIOCSWINSZ, &size);
}

/* Writes out all of p->out, waiting at most ms for a terminal that takes nothing. */
static void flush_out(struct pty *p, uint64_t ms)
{
	uint64_t end = now_ms() + ms;
	while (p->out.n && !p->gone) {
		size_t before = p->out.n;
		uint64_t now = now_ms();
		struct pollfd room = {.fd = p->tty, .events = POLLOUT};
		(void)poll(&room, 1, end > now ? (int)(end - now) : 0);
		send_out(p);
		if (p->out.n < before)
			end = now_ms() + ms;
		else if (now_ms() >= end)
			return;
	}
}

/* What the terminal still types as an answer to the program must not reach who reads it next. */
static void swallow_answers(struct pty *p)
{
	struct pollfd answer = {.fd = p->tty, .events = POLLIN};
	if (!p->is_raw || p->gone)
		return;
	for (int i = 0; i < 16 && p->asked_ms && now_ms() < p->asked_ms + ANSWER_MS && poll(&answer, 1, LATE_MS) == 1; i++)
		if (read(p->tty, p->piece, PIECE) <= 0)
			break;
	(void)tcflush(p->tty, TCIFLUSH);
}

void pty_pause(struct pty *p)
{
	if (p->paused)
		return;
	p->paused = true;
	flush_out(p, 200);
	if (p->filtered)
		p->filter.leave(p->filter.state, &p->out);
	flush_out(p, 200);
	update(p);
	swallow_answers(p);
	if (!p->gone)
		mode(p, false);
}

void pty_resume(struct pty *p)
{
	if (!p->paused)
		return;
	p->paused = false;
	if (p->filtered)
		p->filter.come_back(p->filter.state, &p->out);
	update(p);
	if (!p->gone)
		redraw(p);
}

static void stop(struct pty *p, bool group)
{
	bool paused = p->paused;
	pty_pause(p);
	restore_stop(group);
	if (!paused)
		pty_resume(p);
}

void pty_suspend(struct pty *p)
{
	stop(p, true);
}

static void on_signal(void *arg, uint32_t events)
{
	struct pty *p = arg;
	unsigned taken = restore_taken();
	(void)events;
	if (taken & RESTORE_STOP)
		stop(p, false);
	if (taken & RESTORE_CONTINUE && p->is_raw && !p->gone && !p->paused) {
		/* After SIGSTOP nobody has had the time to put it back, and a shell has set its own. */
		struct termios now;
		if (keyboard_is_ours(p) && tcgetattr(p->tty, &now) == 0 && now.c_lflag != p->raw.c_lflag) {
			(void)tcsetattr(p->tty, TCSANOW, &p->raw);
			redraw(p);
		}
	}
	if (taken & (RESTORE_WINDOW | RESTORE_CONTINUE) && !p->gone)
		copy_size(p);
	update(p);
}

int pty_start(struct pty *p, struct err *err)
{
	int r = loop_add(p->loop, p->event, EPOLLIN, on_signal, p, &p->signals);
	if (r < 0)
		return err_sys(err, r, "the terminal cannot be watched");
	p->started = true;
	copy_size(p);
	update(p);
	return 0;
}

void pty_close(struct pty *p, uint64_t ms)
{
	if (!p)
		return;
	/* Our copy has kept the terminal alive between programs that had it open; without it the end of what they wrote can be seen. */
	if (p->slave >= 0)
		(void)close(TAKE_FD(p->slave));
	for (uint64_t end = now_ms() + ms; p->started && !p->gone && !p->eof && now_ms() < end;) {
		struct pollfd more = {.fd = p->master, .events = POLLIN};
		(void)poll(&more, 1, 20);
		while (!p->gone && p->out.n < HIGH && take_out(p))
			;
		size_t before = p->out.n;
		flush_out(p, ms);
		if (p->out.n && p->out.n == before)
			break;
	}
	if (p->started && !p->gone) {
		if (p->filtered && !p->paused)
			p->filter.end(p->filter.state, &p->out);
		flush_out(p, ms);
		swallow_answers(p);
		mode(p, false);
	}
	p->started = false;
	update(p);
	loop_remove(p->signals);
	loop_remove(p->stuck);
	if (p->event >= 0)
		restore_end();
	if (p->master >= 0)
		(void)close(p->master);
	if (p->tty >= 0)
		(void)close(p->tty);
	buf_free(&p->out);
	buf_free(&p->in);
	free(p);
}
