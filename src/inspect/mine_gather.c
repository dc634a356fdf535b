/* Records of the processes that read, which may have been taken over by what they read. */
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "base/encode.h"
#include "inspect/mine_part.h"

#define LISTS_MAX  ((size_t)40000)
#define VALUES_MAX ((size_t)200000)

void mine_gather_free(struct mine_gather *g)
{
	free(g->lists);
	free(g->values);
	*g = (struct mine_gather){0};
}

/* Text of the artefact, so that it can be shown anywhere. */
static const char *shown(struct slice s, struct arena *arena)
{
	_cleanup_buf_ struct buf b = BUF(8 * MINE_MEMBER_MAX);
	encode_shown(&b, s);
	return buf_error(&b) ? NULL : arena_str(arena, buf_slice(&b));
}

static struct slice text(struct cursor *c)
{
	struct slice s = cursor_take(c, cursor_be16(c));
	if (s.n > MINE_MEMBER_MAX)
		c->bad = true;
	return s;
}

static int grow(void **p, size_t n, size_t *room, size_t max, size_t size)
{
	if (n < *room)
		return 0;
	if (n >= max)
		return -ENOSPC;
	size_t more = *room ? 2 * *room : 256;
	void *q = reallocarray(*p, more, size);
	if (!q)
		return -ENOMEM;
	*p = q;
	*room = more;
	return 0;
}

/* A list, or -EAGAIN if it is not all there. */
static int take_list(struct mine_gather *g, struct cursor *c, const char *const *files, size_t n_files, struct arena *arena)
{
	struct slice members[MINE_MEMBERS_MAX];
	uint8_t class = cursor_u8(c), flags = cursor_u8(c);
	uint32_t file = cursor_be32(c);
	struct mine_list l = {.class = (enum mine_class) class, .hidden = flags & 1, .literal = flags & 2};
	l.at = cursor_be64(c);
	l.n_bytes = cursor_be64(c);
	l.bits = cursor_be32(c);
	l.total = cursor_be32(c);
	struct slice encoding = text(c);
	size_t n = cursor_be16(c);
	for (size_t i = 0; i < n && i < MINE_MEMBERS_MAX && !c->bad; i++)
		members[i] = text(c);
	if (c->bad)
		return -EAGAIN;
	if (class == MINE_NONE || class >= MINE_CLASSES || flags > 3 || file >= n_files || n == 0 || n > MINE_MEMBERS_MAX || l.total < n)
		return -EBADMSG;
	int r = grow((void **)&g->lists, g->n_lists, &g->room_lists, LISTS_MAX, sizeof(*g->lists));
	if (r < 0)
		return r == -ENOSPC ? (g->cut = true, 0) : r;
	const char **m = arena_array(arena, n, sizeof(*m));
	l.encoding = shown(encoding, arena);
	if (!m || !l.encoding)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (!(m[i] = shown(members[i], arena)))
			return -ENOMEM;
	l.file = files[file];
	l.members = m;
	l.n = n;
	g->lists[g->n_lists++] = l;
	return 0;
}

static int take_value(struct mine_gather *g, struct cursor *c, const char *const *files, size_t n_files, struct arena *arena)
{
	uint8_t class = cursor_u8(c);
	uint32_t file = cursor_be32(c);
	struct mine_value v = {.class = (enum mine_class) class, .at = cursor_be64(c)};
	struct slice s = text(c);
	if (c->bad)
		return -EAGAIN;
	if (class == MINE_NONE || class >= MINE_CLASSES || file >= n_files)
		return -EBADMSG;
	int r = grow((void **)&g->values, g->n_values, &g->room_values, VALUES_MAX, sizeof(*g->values));
	if (r < 0)
		return r == -ENOSPC ? (g->cut = true, 0) : r;
	v.file = files[file];
	v.text = shown(s, arena);
	if (!v.text)
		return -ENOMEM;
	g->values[g->n_values++] = v;
	return 0;
}

static int take_counts(struct mine_gather *g, struct cursor *c)
{
	uint64_t constants = cursor_be64(c), texts = cursor_be64(c), too_long = cursor_be64(c);
	bool cut = cursor_u8(c) != 0;
	if (c->bad)
		return -EAGAIN;
	g->constants += constants;
	g->texts += texts;
	g->too_long += too_long;
	g->cut |= cut;
	return 0;
}

int mine_gather_add(struct mine_gather *g, struct slice records, const char *const *files, size_t n_files, struct arena *arena)
{
	struct cursor c = cursor_of(records);
	bool ended = false;
	int r = 0;
	while (r == 0 && cursor_left(&c)) {
		uint8_t kind = cursor_u8(&c);
		if (kind == RECORD_LIST)
			r = take_list(g, &c, files, n_files, arena);
		else if (kind == RECORD_VALUE)
			r = take_value(g, &c, files, n_files, arena);
		else if (kind == RECORD_COUNTS)
			r = take_counts(g, &c);
		else
			r = -EBADMSG;
		ended = kind == RECORD_COUNTS && r == 0;
	}
	/* What a process was about to say when it ended. */
	g->cut |= !ended;
	return r == -EAGAIN ? 0 : r;
}

static int list_order(const void *x, const void *y)
{
	const struct mine_list *a = x, *b = y;
	if (a->hidden != b->hidden)
		return a->hidden ? -1 : 1;
	int d = a->file == b->file ? 0 : strcmp(a->file, b->file);
	return d ? d : a->at < b->at ? -1 : a->at > b->at;
}

static int value_order(const void *x, const void *y)
{
	const struct mine_value *a = x, *b = y;
	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	int d = strcmp(a->text, b->text);
	d = d ? d : a->file == b->file ? 0 : strcmp(a->file, b->file);
	return d ? d : a->at < b->at ? -1 : a->at > b->at;
}

static int place_order(const void *x, const void *y)
{
	const struct mine_value *a = x, *b = y;
	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	int d = a->file == b->file ? 0 : strcmp(a->file, b->file);
	return d ? d : a->at < b->at ? -1 : a->at > b->at;
}

static uint64_t hash_of(const struct mine_list *l)
{
	uint64_t h = (uint64_t)l->class * 2 + l->hidden;
	for (size_t i = 0; i < l->n; i++)
		h = h * 0x9e3779b97f4a7c15u + slice_hash(slice_str(l->members[i]));
	return h ^ h >> 32;
}

static bool same(const struct mine_list *a, const struct mine_list *b)
{
	if (a->class != b->class || a->hidden != b->hidden || a->n != b->n || a->total != b->total || strcmp(a->encoding, b->encoding) != 0)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->members[i], b->members[i]) != 0)
			return false;
	return true;
}

/* Lists that say the same become one, at the first place. */
static int fold(struct mine_gather *g)
{
	size_t room = 64, n = 0;
	while (room < 2 * g->n_lists)
		room *= 2;
	_cleanup_free_ uint32_t *table = calloc(room, sizeof(*table));
	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < g->n_lists; i++) {
		const struct mine_list *l = &g->lists[i];
		size_t at = hash_of(l) & (room - 1);
		while (table[at] && !same(&g->lists[table[at] - 1], l))
			at = (at + 1) & (room - 1);
		if (!table[at]) {
			g->lists[n++] = *l;
			table[at] = (uint32_t)n;
			continue;
		}
		struct mine_list *first = &g->lists[table[at] - 1];
		first->literal |= l->literal;
		/* The same place, found in two ways. */
		if (first->file == l->file && l->at < first->at + first->n_bytes)
			continue;
		if (first->copies++ == 0) {
			first->copy_file = l->file;
			first->copy_at = l->at;
		}
	}
	g->n_lists = n;
	return 0;
}

int mine_gather_end(struct mine_gather *g, struct arena *arena, struct mine_result *out)
{
	if (g->n_lists)
		qsort(g->lists, g->n_lists, sizeof(*g->lists), list_order);
	int r = fold(g);
	if (r < 0)
		return r;
	size_t n = 0;
	if (g->n_values)
		qsort(g->values, g->n_values, sizeof(*g->values), value_order);
	for (size_t i = 0; i < g->n_values; i++)
		if (i == 0 || g->values[i].class != g->values[n - 1].class || strcmp(g->values[i].text, g->values[n - 1].text) != 0)
			g->values[n++] = g->values[i];
	g->n_values = n;
	if (n)
		qsort(g->values, n, sizeof(*g->values), place_order);
	out->lists = arena_array(arena, g->n_lists + 1, sizeof(*out->lists));
	out->values = arena_array(arena, n + 1, sizeof(*out->values));
	if (!out->lists || !out->values)
		return -ENOMEM;
	for (size_t i = 0; i < g->n_lists; i++) {
		out->lists[i] = g->lists[i];
		out->n_hidden += g->lists[i].hidden;
	}
	for (size_t i = 0; i < n; i++) {
		out->values[i] = g->values[i];
		out->by_class[g->values[i].class]++;
	}
	out->n_lists = g->n_lists;
	out->n_values = n;
	out->constants = g->constants;
	out->texts = g->texts;
	out->too_long = g->too_long;
	out->cut |= g->cut;
	return 0;
}
