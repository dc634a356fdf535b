#include "gate/terminal.h"

#include <errno.h>
#include <stdlib.h>

#include "parse/vt.h"

enum { CLOSE_MS = 2000 };

struct terminal {
	struct pty *pty;
	struct vt vt;
	uint64_t ms; /* until when the budgets have been filled */
};

static uint32_t fill(uint32_t now, uint64_t more, uint32_t most)
{
	return now + more < most ? now + (uint32_t)more : most;
}

static bool feed(void *state, uint64_t ms, struct slice in, struct buf *out)
{
	struct terminal *t = state;
	uint64_t asked = t->vt.asked, passed = ms - t->ms;
	/* In steps in which each budget grows by whole numbers. */
	if (passed >= 250) {
		t->vt.questions = fill(t->vt.questions, passed / 250 * (TERMINAL_QUESTIONS_A_SECOND / 4), TERMINAL_QUESTIONS);
		t->vt.bells = fill(t->vt.bells, passed / 250 * (TERMINAL_BELLS_A_SECOND / 4), TERMINAL_BELLS);
		t->ms += passed / 250 * 250;
	}
	vt_feed(&t->vt, in, out);
	return t->vt.asked != asked;
}

static void leave(void *state, struct buf *out)
{
	const struct terminal *t = state;
	vt_leave(&t->vt, out);
}

static void come_back(void *state, struct buf *out)
{
	const struct terminal *t = state;
	vt_return(&t->vt, out);
}

static void end(void *state, struct buf *out)
{
	struct terminal *t = state;
	vt_end(&t->vt, out);
}

/* Whether the person's terminal takes bytes for UTF-8. Where it does not, they might be 8-bit controls to it. */
static bool speaks_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *v = getenv(names[i]);
		if (v && v[0])
			return strcasestr(v, "utf-8") || strcasestr(v, "utf8") || !strchr(v, '.');
	}
	return true;
}

int terminal_open(struct loop *l, const int real[3], struct terminal **out, struct err *err)
{
	struct terminal *t = calloc(1, sizeof(*t));
	if (!t)
		return err_sys(err, -ENOMEM, "no memory for a terminal");
	vt_init(&t->vt, !speaks_utf8());
	t->vt.questions = TERMINAL_QUESTIONS;
	t->vt.bells = TERMINAL_BELLS;
	struct pty_filter filter = {
	        .state = t, .grow = VT_GROW, .more = VT_MORE, .feed = feed, .leave = leave, .come_back = come_back, .end = end};
	int r = pty_open(l, real, &filter, &t->pty, err);
	if (r < 0 || !t->pty) {
		free(t);
		t = NULL;
	}
	if (r == 0)
		*out = t;
	return r;
}

struct pty *terminal_pty(struct terminal *t)
{
	return t ? t->pty : NULL;
}

uint64_t terminal_removed(const struct terminal *t)
{
	return t ? t->vt.removed : 0;
}

void terminal_close(struct terminal *t)
{
	if (!t)
		return;
	pty_close(t->pty, CLOSE_MS);
	free(t);
}
