#include "gate/question.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/encode.h"
#include "sys/fd.h"
#include "sys/loop.h"
#include "sys/pty.h"

#define WAITING_MAX 32u
#define KNOWN_MAX   512u
#define LINE_MAX    256u

struct asked {
	uint64_t id;
	char *key, *text;
};

struct known {
	char *key;
	bool allow;
};

struct question {
	struct loop *loop;
	struct question_options o;
	struct source *input, *timer;
	struct asked waiting[WAITING_MAX]; /* the first is the one on the screen */
	size_t n;
	bool shown;
	struct known known[KNOWN_MAX];
	size_t n_known;
	char line[LINE_MAX];
	size_t n_line;
	int64_t minute;
	unsigned this_minute;
};

static void show(struct question *q);

static int64_t minute_now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec / 60;
}

static void say(const struct question *q, struct slice text)
{
	(void)!fd_write_all(q->o.terminal, text);
}

static void done_with(struct question *q)
{
	loop_remove(q->input);
	loop_remove(q->timer);
	q->input = q->timer = NULL;
	q->shown = false;
	if (q->o.pty)
		pty_resume(q->o.pty);
}

/* The first of those that wait has its answer, and with it all that ask the same if it holds for the run. */
static void settle(struct question *q, bool allow, bool for_run, const char *how)
{
	struct asked a = q->waiting[0];
	memmove(q->waiting, q->waiting + 1, --q->n * sizeof(q->waiting[0]));
	if (for_run && q->n_known < KNOWN_MAX) {
		q->known[q->n_known++] = (struct known){.key = a.key, .allow = allow};
		a.key = NULL;
	}
	q->o.answer(q->o.arg, a.id, allow, how);
	free(a.key);
	free(a.text);
	for (size_t i = 0; for_run && i < q->n;) {
		struct asked *w = &q->waiting[i];
		if (strcmp(w->key, q->known[q->n_known - 1].key) != 0) {
			i++;
			continue;
		}
		struct asked same = *w;
		memmove(w, w + 1, (--q->n - i) * sizeof(*w));
		q->o.answer(q->o.arg, same.id, allow, how);
		free(same.key);
		free(same.text);
	}
	if (q->n)
		show(q);
}

static void on_line(struct question *q)
{
	static const struct {
		const char *word;
		bool allow, for_run;
		const char *how;
	} table[] = {
	        {"y", true, false, "the person allowed it once"},
	        {"yes", true, false, "the person allowed it once"},
	        {"r", true, true, "the person allowed it for this run"},
	        {"run", true, true, "the person allowed it for this run"},
	        {"n", false, false, "the person did not allow it"},
	        {"no", false, false, "the person did not allow it"},
	        {"never", false, true, "the person did not allow it for this run"},
	};
	struct slice word = slice_trim(slice_of(q->line, q->n_line));
	q->n_line = 0;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (slice_eq_nocase(word, slice_str(table[i].word))) {
			done_with(q);
			settle(q, table[i].allow, table[i].for_run, table[i].how);
			return;
		}
	say(q, SLICE("postern: y (yes, once), r (yes, for this run), n (no), never (not in this run)? "));
}

static void on_input(void *arg, uint32_t events)
{
	struct question *q = arg;
	char piece[LINE_MAX];
	(void)events;
	ssize_t n = read(q->o.terminal, piece, sizeof(piece));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		done_with(q);
		settle(q, false, false, "there is nobody at the terminal");
		return;
	}
	for (ssize_t i = 0; i < n && q->shown; i++) {
		if (piece[i] == '\n' || piece[i] == '\r')
			on_line(q);
		else if (q->n_line < LINE_MAX)
			q->line[q->n_line++] = piece[i];
	}
}

static void on_time(void *arg, uint32_t events)
{
	struct question *q = arg;
	(void)events;
	q->timer = NULL;
	say(q, SLICE("\npostern: no answer, so no\n"));
	done_with(q);
	settle(q, false, false, "nobody answered in time");
}

static void show(struct question *q)
{
	if (q->shown)
		return;
	_cleanup_buf_ struct buf b = BUF(8192);
	if (q->o.pty)
		pty_pause(q->o.pty);
	q->shown = true;
	q->n_line = 0;
	buf_str_add(&b, "\npostern: may it? ");
	encode_shown(&b, slice_str(q->waiting[0].text));
	buf_str_add(&b, "\npostern: y (yes, once), r (yes, for this run), n (no), never (not in this run)? ");
	say(q, buf_slice(&b));
	if (loop_add(q->loop, q->o.terminal, EPOLLIN, on_input, q, &q->input) < 0 ||
	        loop_after(q->loop, q->o.wait_ms, on_time, q, &q->timer) < 0) {
		done_with(q);
		settle(q, false, false, "nobody could be asked");
	}
}

void question_ask(struct question *q, uint64_t id, const char *key, const char *text)
{
	for (size_t i = 0; i < q->n_known; i++)
		if (strcmp(q->known[i].key, key) == 0) {
			q->o.answer(q->o.arg, id, q->known[i].allow,
			        q->known[i].allow ? "the person allowed it for this run" : "the person did not allow it for this run");
			return;
		}
	if (minute_now() != q->minute) {
		q->minute = minute_now();
		q->this_minute = 0;
	}
	struct asked a = {.id = id, .key = strdup(key), .text = strdup(text)};
	if (q->this_minute >= q->o.a_minute || q->n == WAITING_MAX || !a.key || !a.text) {
		free(a.key);
		free(a.text);
		q->o.answer(q->o.arg, id, false, "more was asked than a person is to be bothered with");
		return;
	}
	q->this_minute++;
	q->waiting[q->n++] = a;
	show(q);
}

int question_new(struct loop *loop, const struct question_options *o, struct question **out, struct err *err)
{
	struct question *q = calloc(1, sizeof(*q));
	if (!q)
		return err_set(err, -ENOMEM, "out of memory");
	q->loop = loop;
	q->o = *o;
	q->o.a_minute = o->a_minute ? o->a_minute : 10;
	q->o.wait_ms = o->wait_ms ? o->wait_ms : 60000;
	q->minute = minute_now();
	*out = q;
	return 0;
}

void question_free(struct question *q)
{
	if (!q)
		return;
	loop_remove(q->input);
	loop_remove(q->timer);
	for (size_t i = 0; i < q->n; i++) {
		free(q->waiting[i].key);
		free(q->waiting[i].text);
	}
	for (size_t i = 0; i < q->n_known; i++)
		free(q->known[i].key);
	free(q);
}
