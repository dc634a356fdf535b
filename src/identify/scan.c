/* Bytes through the matcher, a window at a time. A literal may lie across two windows, so each is searched together with the end of the
 * one before; a context's version lies behind it, so contexts near the end of a window wait for the next. */
#include <ctype.h>
#include <errno.h>

#include "identify/identify_part.h"
#include "identify/tally.h"

#define BLOCK 1024 /* bytes, of which one asks whether they are wide text */
#define TAIL  80   /* bytes behind a context that its version and what stands between take at most */
_Static_assert(2 * (TAIL + PRINTS_CONSTANT_MAX + 1) < SCAN_OVERLAP, "a literal and its version lie in one window");

int scan_new(struct tally *t, size_t room, struct scan *out)
{
	struct scan s = {.tally = t, .room = room, .window = malloc(SCAN_OVERLAP + (room ? room : 1))};
	if (!s.window)
		return -ENOMEM;
	if (t->id->scratch && hs_clone_scratch(t->id->scratch, &s.scratch) != HS_SUCCESS) {
		free(s.window);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

void scan_end(struct scan *s)
{
	if (s->scratch)
		(void)hs_free_scratch(s->scratch);
	free(s->window);
	free(s->narrow);
	*s = (struct scan){0};
}

void scan_restart(struct scan *s)
{
	s->before = 0;
}

static bool word(uint8_t c)
{
	return isalnum(c) || c == '_';
}

static size_t marks(struct slice s)
{
	size_t n = 0;
	while (n < s.n && n < 8 && s.p[n] && strchr(" \t\"'`:=,(\\", s.p[n]))
		n++;
	return n;
}

size_t scan_gap(struct slice s)
{
	size_t n = marks(s), name = n;
	while (name < s.n && name - n < 4 && (word(s.p[name]) || s.p[name] == '$'))
		name++;
	/* A variable that a minifier has named. */
	if (n && name > n && !isdigit(s.p[n]) && name < s.n && (s.p[name] == '=' || s.p[name] == ' '))
		n = name + marks(slice_from(s, name));
	return n;
}

size_t scan_version(struct slice s)
{
	size_t n = 0;
	for (unsigned part = 0; part < 3; part++) {
		size_t from = n;
		while (n < s.n && n - from < 12 && isdigit(s.p[n]))
			n++;
		if (n == from || (part < 2 && (n >= s.n || s.p[n++] != '.')))
			return 0;
	}
	size_t core = n;
	if (n + 1 < s.n && s.p[n] == '-' && isalnum(s.p[n + 1])) {
		n++;
		while (n < s.n && (isalnum(s.p[n]) || s.p[n] == '-' || (s.p[n] == '.' && n + 1 < s.n && isalnum(s.p[n + 1]))))
			n++;
		if (n >= TALLY_VERSION_MAX)
			return 0;
	}
	/* Four numbers are no version, but an address. A letter may follow: constants of compiled programs stand side by side. */
	if (n == core && n < s.n && (isdigit(s.p[n]) || (s.p[n] == '.' && n + 1 < s.n && isdigit(s.p[n + 1]))))
		return 0;
	return n;
}

struct window {
	struct scan *scan;
	struct slice all;
	size_t from, to; /* contexts that end in (from, to] are looked at */
};

static void context(struct window *w, const struct literal *l, size_t end)
{
	if (end <= w->from || end > w->to)
		return;
	size_t begin = end - l->text.n;
	if (l->text.n < PRINTS_CONSTANT_MAX && begin > 0 && word(l->text.p[0]) && word(w->all.p[begin - 1]))
		return;
	struct slice rest = slice_sub(w->all, end, TAIL);
	rest = slice_from(rest, scan_gap(rest));
	if (rest.n && rest.p[0] == 'v')
		rest = slice_from(rest, 1);
	size_t n = scan_version(rest);
	if (n)
		tally_vote(w->scan->tally, l, slice_sub(rest, 0, n));
}

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	(void)from;
	(void)flags;
	struct window *w = arg;
	const struct literal *l = &w->scan->tally->id->literal[id];
	if (l->least)
		context(w, l, (size_t)to);
	else
		tally_found(w->scan->tally, id);
	return 0;
}

static void search(struct window *w)
{
	struct scan *s = w->scan;
	const struct identify *id = s->tally->id;
	if (id->db && w->all.n && hs_scan(id->db, (const char *)w->all.p, (unsigned)w->all.n, 0, s->scratch, on_match, w) != HS_SUCCESS)
		s->broken = true;
}

/* Whether most characters of a block are two bytes, of which one is 0, and which: programs in an executable may be kept as UTF-16, as
 * soon as one character in them needs it. */
enum wide { WIDE_NO, WIDE_LITTLE, WIDE_BIG };

static enum wide wide_of(struct slice block)
{
	size_t n = 0, even = 0, odd = 0;
	for (size_t i = 0; i + 1 < block.n; i += 32, n++) {
		even += block.p[i] == 0 && block.p[i + 1] != 0;
		odd += block.p[i + 1] == 0 && block.p[i] != 0;
	}
	return n < 8 ? WIDE_NO : odd * 4 > n * 3 ? WIDE_LITTLE : even * 4 > n * 3 ? WIDE_BIG : WIDE_NO;
}

/* The characters of wide text as bytes; what is none of Latin 1 is 0xff. */
static void search_wide(struct scan *s, struct slice text, enum wide wide)
{
	if (!s->narrow && !(s->narrow = malloc((SCAN_OVERLAP + s->room) / 2 + 1))) {
		s->broken = true;
		return;
	}
	size_t n = 0;
	for (size_t i = 0; i + 1 < text.n; i += 2) {
		uint8_t low = text.p[i + (wide == WIDE_BIG)], high = text.p[i + (wide == WIDE_LITTLE)];
		s->narrow[n++] = high ? 0xff : low;
	}
	struct window w = {.scan = s, .all = slice_of(s->narrow, n), .to = n};
	search(&w);
}

/* Stretches of blocks of wide text, with as much before and behind as a literal may have there. */
static void search_blocks(struct scan *s, struct slice all)
{
	enum wide now = WIDE_NO;
	size_t begin = 0;
	for (size_t at = 0; at < all.n + BLOCK; at += BLOCK) {
		/* What is too short to tell goes with what it follows. */
		enum wide next = at >= all.n ? WIDE_NO : all.n - at < BLOCK / 4 ? now : wide_of(slice_sub(all, at, BLOCK));
		if (next == now)
			continue;
		if (now != WIDE_NO) {
			size_t from = begin < BLOCK ? 0 : begin - BLOCK;
			search_wide(s, slice_sub(all, from, at + BLOCK - from), now);
		}
		now = next;
		begin = at;
	}
}

void scan_piece(struct scan *s, size_t n, bool last)
{
	const uint8_t *p = s->window + SCAN_OVERLAP - s->before;
	struct window w = {.scan = s, .all = slice_of(p, s->before + n)};
	w.from = s->before ? s->before - (s->before < TAIL ? s->before : TAIL) : 0;
	w.to = last ? w.all.n : w.all.n > TAIL ? w.all.n - TAIL : 0;
	search(&w);
	search_blocks(s, w.all);
	if (last) {
		s->before = 0;
		return;
	}
	size_t keep = w.all.n < SCAN_OVERLAP ? w.all.n : SCAN_OVERLAP;
	memmove(s->window + SCAN_OVERLAP - keep, p + w.all.n - keep, keep);
	s->before = keep;
}
