#include "parse/pickle.h"

#include <errno.h>

#include "base/encode.h"
#include "base/utf8.h"

#define FAR_SLOTS  256u /* memo numbers far beyond the others */
#define FAR_BEYOND 4096u

/* A place of the memo that nothing was put into: the kind of no value. */
#define UNSET ((enum pickle_kind)(PICKLE_PERSISTENT + 1))
struct far_slot {
	uint64_t key;
	struct pickle_value v;
};

struct machine {
	struct slice in;
	size_t at, end; /* of the opcode; behind its operands */
	uint8_t opcode;
	struct buf stack, marks, memo, far;
	size_t memo_count;
	uint64_t frame_end;
	bool straddled;
	const struct pickle_limits *limits;
	void (*fn)(void *arg, struct pickle_event *e);
	void *arg;
	struct pickle_result *r;
	bool over;  /* r->end is set */
	bool aside; /* goes through what the object is said to read itself, as a loader does that does not know it */
};

struct operand {
	uint64_t number;
	struct slice text, text2;
};

static void finish(struct machine *m, enum pickle_end end, const char *reason)
{
	if (m->over)
		return;
	m->over = true;
	m->r->end = end;
	m->r->reason = reason;
}

static size_t tell(
        struct machine *m, enum pickle_what what, const struct pickle_value *value, const struct pickle_value *other, const char *reason)
{
	struct pickle_event e = {
	        .what = what, .opcode = m->opcode, .at = m->at, .n = m->end - m->at, .value = value, .other = other, .reason = reason};
	if (what == PICKLE_IMPORT)
		m->r->imports++;
	if (what == PICKLE_CALL)
		m->r->calls++;
	/* Aside of the way only what imports and calls counts: an array may hold the other opcodes by chance. */
	if (m->fn && (!m->aside || what == PICKLE_IMPORT || what == PICKLE_CALL))
		m->fn(m->arg, &e);
	return e.skip;
}

/* The stack. */

static struct pickle_value *values(struct machine *m)
{
	return (struct pickle_value *)(void *)m->stack.p;
}

static size_t depth(const struct machine *m)
{
	return m->stack.n / sizeof(struct pickle_value);
}

static size_t fence(const struct machine *m)
{
	const size_t *marks = (const size_t *)(const void *)m->marks.p;
	size_t n = m->marks.n / sizeof(size_t);
	return n ? marks[n - 1] : 0;
}

/* Nearly every opcode does this. */
static void push(struct machine *m, struct pickle_value v)
{
	void *to = buf_room(&m->stack, sizeof(v));
	if (!to) {
		finish(m, PICKLE_LIMIT, "its stack is larger than what is followed");
		return;
	}
	*(struct pickle_value *)to = v;
	m->stack.n += sizeof(v);
}

static void push_kind(struct machine *m, enum pickle_kind kind)
{
	push(m, (struct pickle_value){.kind = kind});
}

static struct pickle_value pop(struct machine *m)
{
	if (depth(m) <= fence(m)) {
		finish(m, PICKLE_BAD, "it takes from an empty stack");
		return (struct pickle_value){.kind = PICKLE_UNKNOWN};
	}
	m->stack.n -= sizeof(struct pickle_value);
	return values(m)[depth(m)];
}

static struct pickle_value *top(struct machine *m)
{
	static struct pickle_value none;
	if (depth(m) <= fence(m)) {
		finish(m, PICKLE_BAD, "it takes from an empty stack");
		none = (struct pickle_value){.kind = PICKLE_UNKNOWN};
		return &none;
	}
	return &values(m)[depth(m) - 1];
}

/* Takes the last mark away; the values above it lie at *items until something is pushed. */
static size_t pop_mark(struct machine *m, struct pickle_value **items)
{
	if (!m->marks.n) {
		finish(m, PICKLE_BAD, "it goes back to a mark that is not there");
		*items = NULL;
		return 0;
	}
	size_t from = fence(m), n = depth(m) - from;
	m->marks.n -= sizeof(size_t);
	m->stack.n = from * sizeof(struct pickle_value);
	*items = m->stack.p ? values(m) + from : NULL;
	return n;
}

/* NULL if there is no room: then they are not known, which is never taken for harmless. */
static struct pickle_items *keep(struct machine *m, const struct pickle_value *v, size_t n)
{
	size_t kept = n > PICKLE_ITEMS ? PICKLE_ITEMS : n;
	struct pickle_items *i = arena_array_raw(m->limits->arena, 1, sizeof(*i) + kept * sizeof(*v));
	if (!i)
		return NULL;
	i->n = (uint32_t)kept;
	if (kept)
		memcpy(i->at, v, kept * sizeof(*v));
	return i;
}

static struct pickle_value tuple(struct machine *m, const struct pickle_value *v, size_t n)
{
	return (struct pickle_value){.kind = PICKLE_TUPLE, .n = n > UINT32_MAX ? UINT32_MAX : (uint32_t)n, .items = keep(m, v, n)};
}

/* The memo. */

static struct pickle_value *slot(struct machine *m, uint64_t key, bool make)
{
	const struct pickle_value empty = {.kind = UNSET};
	size_t n = m->memo.n / sizeof(empty), n_far = m->far.n / sizeof(struct far_slot);
	if (key < n)
		return &((struct pickle_value *)(void *)m->memo.p)[key];
	struct far_slot *far = (struct far_slot *)(void *)m->far.p;
	for (size_t i = 0; i < n_far; i++)
		if (far[i].key == key)
			return &far[i].v;
	if (!make)
		return NULL;
	if (key < n + FAR_BEYOND && n_far == 0) {
		for (; n <= key; n++)
			buf_add(&m->memo, slice_of(&empty, sizeof(empty)));
		if (!buf_error(&m->memo))
			return &((struct pickle_value *)(void *)m->memo.p)[key];
	} else if (n_far < FAR_SLOTS) {
		const struct far_slot s = {key, empty};
		buf_add(&m->far, slice_of(&s, sizeof(s)));
		if (!buf_error(&m->far))
			return &((struct far_slot *)(void *)m->far.p)[n_far].v;
	}
	finish(m, PICKLE_LIMIT, "its memo is larger than what is followed");
	return NULL;
}

static void put(struct machine *m, uint64_t key)
{
	const struct pickle_value v = *top(m);
	struct pickle_value *s = m->over ? NULL : slot(m, key, true);
	if (!s)
		return;
	m->memo_count += s->kind == UNSET;
	*s = v;
}

static void push_slot(struct machine *m, const struct pickle_value *s)
{
	push(m, s && s->kind != UNSET ? *s : (struct pickle_value){.kind = PICKLE_UNKNOWN});
}

/* Of a line: as Python's int() takes it, with underscores between digits and zeros before them. */
static bool line_number(struct slice line, int64_t *out)
{
	uint64_t v = 0;
	bool digit = false;
	while (line.n && (line.p[0] == ' ' || (line.p[0] >= '\t' && line.p[0] <= '\r')))
		line = slice_from(line, 1);
	while (line.n && (line.p[line.n - 1] == ' ' || (line.p[line.n - 1] >= '\t' && line.p[line.n - 1] <= '\r')))
		line.n--;
	bool minus = line.n && line.p[0] == '-';
	if (line.n && (line.p[0] == '-' || line.p[0] == '+'))
		line = slice_from(line, 1);
	for (size_t i = 0; i < line.n; i++) {
		uint8_t c = line.p[i];
		if (c == '_' ? !digit : c < '0' || c > '9')
			return false;
		digit = c != '_';
		if (digit && v > (INT64_MAX - (uint64_t)(c - '0')) / 10)
			return false;
		v = digit ? v * 10 + (uint64_t)(c - '0') : v;
	}
	*out = minus ? -(int64_t)v : (int64_t)v;
	return digit;
}

/* Texts. */

static struct slice unescape_unicode(struct arena *a, struct slice in)
{
	if (slice_chr(in, '\\', 0) == SLICE_NPOS) {
		bool plain = true;
		for (size_t i = 0; i < in.n && plain; i++)
			plain = in.p[i] < 0x80;
		if (plain)
			return in;
	}
	/* A byte becomes two at most, and \uXXXX becomes less. */
	uint8_t *to = in.n > SIZE_MAX / 2 ? NULL : arena_alloc(a, in.n * 2 + 4);
	size_t n = 0;
	for (size_t i = 0; to && i < in.n;) {
		uint32_t c = in.p[i++];
		size_t digits = c == '\\' && i < in.n ? (in.p[i] == 'u' ? 4 : in.p[i] == 'U' ? 8 : 0) : 0;
		if (digits && in.n - i > digits) {
			uint32_t v = 0;
			size_t k = 0;
			for (; k < digits && hex_value(in.p[i + 1 + k]) >= 0; k++)
				v = v << 4 | (uint32_t)hex_value(in.p[i + 1 + k]);
			if (k == digits && v <= 0x10ffff) {
				c = v;
				i += 1 + digits;
			}
		}
		n += utf8_put(to + n, c);
	}
	return slice_of(to, n);
}

static uint8_t escaped(uint8_t c)
{
	static const char from[] = "abfnrtv", to[] = "\a\b\f\n\r\t\v";
	const char *p = c ? strchr(from, c) : NULL;
	return p ? (uint8_t)to[p - from] : c;
}

static struct slice unescape_bytes(struct arena *a, struct slice in)
{
	if (slice_chr(in, '\\', 0) == SLICE_NPOS)
		return in;
	uint8_t *to = arena_alloc(a, in.n);
	size_t n = 0;
	for (size_t i = 0; to && i < in.n;) {
		uint8_t c = in.p[i++];
		if (c != '\\' || i == in.n) {
			to[n++] = c;
			continue;
		}
		c = in.p[i++];
		if (c >= '0' && c <= '7') {
			unsigned v = c - '0';
			for (int k = 0; k < 2 && i < in.n && in.p[i] >= '0' && in.p[i] <= '7'; k++)
				v = v * 8 + in.p[i++] - '0';
			to[n++] = (uint8_t)v;
		} else if (c == 'x' && in.n - i >= 2 && hex_value(in.p[i]) >= 0 && hex_value(in.p[i + 1]) >= 0) {
			to[n++] = (uint8_t)(hex_value(in.p[i]) << 4 | hex_value(in.p[i + 1]));
			i += 2;
		} else if (c != '\n') {
			if (escaped(c) == c && c != '\\' && c != '\'' && c != '"')
				to[n++] = '\\';
			to[n++] = escaped(c);
		}
	}
	return slice_of(to, n);
}

static void push_text(struct machine *m, enum pickle_kind kind, struct slice s)
{
	struct pickle_value v = {.kind = kind, .text = s};
	if (!s.p && s.n)
		v = (struct pickle_value){.kind = PICKLE_UNKNOWN};
	push(m, v);
	if (v.kind == kind && s.n >= PICKLE_LITERAL_MIN)
		(void)tell(m, PICKLE_LITERAL, &v, NULL, NULL);
}

/* One function an action; rows of the table below name them. */

static void do_none(struct machine *m, const struct operand *o)
{
	(void)o;
	push_kind(m, PICKLE_NONE);
}

static void do_true(struct machine *m, const struct operand *o)
{
	(void)o;
	push(m, (struct pickle_value){.kind = PICKLE_BOOL, .number = 1});
}

static void do_false(struct machine *m, const struct operand *o)
{
	(void)o;
	push(m, (struct pickle_value){.kind = PICKLE_BOOL, .number = 0});
}

static void do_float(struct machine *m, const struct operand *o)
{
	(void)o;
	push_kind(m, PICKLE_FLOAT);
}

static void do_int(struct machine *m, const struct operand *o)
{
	push(m, (struct pickle_value){.kind = PICKLE_INT, .number = (int64_t)o->number});
}

static void do_int4(struct machine *m, const struct operand *o)
{
	push(m, (struct pickle_value){.kind = PICKLE_INT, .number = (int32_t)(uint32_t)o->number});
}

static void do_int_line(struct machine *m, const struct operand *o)
{
	struct pickle_value v = {.kind = PICKLE_INT};
	if (slice_is(o->text, "00") || slice_is(o->text, "01"))
		v.kind = PICKLE_BOOL;
	if (!line_number(o->text, &v.number))
		v.number = 0;
	push(m, v);
}

/* Little-endian, two's complement. */
static void do_long(struct machine *m, const struct operand *o)
{
	struct slice s = o->text;
	uint64_t v = s.n <= 8 ? slice_le(s) : 0;
	if (s.n && s.n < 8 && s.p[s.n - 1] & 0x80)
		v |= UINT64_MAX << (8 * s.n);
	push(m, (struct pickle_value){.kind = PICKLE_INT, .number = (int64_t)v});
}

static void do_string_line(struct machine *m, const struct operand *o)
{
	struct slice s = slice_trim(o->text);
	if (s.n < 2 || (s.p[0] != '\'' && s.p[0] != '"') || s.p[s.n - 1] != s.p[0]) {
		finish(m, PICKLE_BAD, "a text has no quotes");
		return;
	}
	push_text(m, PICKLE_TEXT, unescape_bytes(m->limits->arena, slice_sub(s, 1, s.n - 2)));
}

static void do_unicode_line(struct machine *m, const struct operand *o)
{
	push_text(m, PICKLE_TEXT, unescape_unicode(m->limits->arena, o->text));
}

static void do_text(struct machine *m, const struct operand *o)
{
	push_text(m, PICKLE_TEXT, o->text);
}

static void do_bytes(struct machine *m, const struct operand *o)
{
	push_text(m, PICKLE_BYTES, o->text);
}

static void do_buffer(struct machine *m, const struct operand *o)
{
	(void)o;
	push_kind(m, PICKLE_UNKNOWN);
}

static void do_nothing(struct machine *m, const struct operand *o)
{
	(void)m;
	(void)o;
}

static void do_proto(struct machine *m, const struct operand *o)
{
	if (o->number > 5)
		finish(m, PICKLE_BAD, "its protocol does not exist");
	else
		m->r->protocol = (unsigned)o->number;
}

static void do_frame(struct machine *m, const struct operand *o)
{
	if (m->end < m->frame_end)
		(void)tell(m, PICKLE_ODD, NULL, NULL, "a frame begins inside of a frame");
	else if (o->number > m->in.n - m->end)
		(void)tell(m, PICKLE_ODD, NULL, NULL, "a frame is longer than what is there");
	m->frame_end = o->number > UINT64_MAX - m->end ? UINT64_MAX : m->end + o->number;
}

static void do_mark(struct machine *m, const struct operand *o)
{
	size_t n = depth(m);
	(void)o;
	buf_add(&m->marks, slice_of(&n, sizeof(n)));
	if (buf_error(&m->marks))
		finish(m, PICKLE_LIMIT, "its stack is larger than what is followed");
}

static void do_pop(struct machine *m, const struct operand *o)
{
	(void)o;
	if (m->marks.n && fence(m) == depth(m))
		m->marks.n -= sizeof(size_t);
	else
		(void)pop(m);
}

static void do_pop_mark(struct machine *m, const struct operand *o)
{
	struct pickle_value *v;
	(void)o;
	(void)pop_mark(m, &v);
}

static void do_dup(struct machine *m, const struct operand *o)
{
	const struct pickle_value v = *top(m);
	(void)o;
	push(m, v);
}

static void do_stop(struct machine *m, const struct operand *o)
{
	(void)o;
	(void)pop(m);
	finish(m, PICKLE_STOP, NULL);
}

static void do_put(struct machine *m, const struct operand *o)
{
	put(m, o->number);
}

static void do_put_line(struct machine *m, const struct operand *o)
{
	int64_t v;
	if (line_number(o->text, &v) && v >= 0)
		put(m, (uint64_t)v);
	else
		finish(m, PICKLE_BAD, "the number of a memo is none");
}

static void do_memoize(struct machine *m, const struct operand *o)
{
	(void)o;
	put(m, m->memo_count);
}

static void do_get(struct machine *m, const struct operand *o)
{
	push_slot(m, slot(m, o->number, false));
}

static void do_get_line(struct machine *m, const struct operand *o)
{
	int64_t v;
	push_slot(m, line_number(o->text, &v) && v >= 0 ? slot(m, (uint64_t)v, false) : NULL);
}

/* Containers. */

static void do_empty_tuple(struct machine *m, const struct operand *o)
{
	(void)o;
	push(m, tuple(m, NULL, 0));
}

static void tuple_of(struct machine *m, size_t n)
{
	struct pickle_value v[3];
	for (size_t i = n; i > 0; i--)
		v[i - 1] = pop(m);
	push(m, tuple(m, v, n));
}

static void do_tuple1(struct machine *m, const struct operand *o)
{
	(void)o;
	tuple_of(m, 1);
}

static void do_tuple2(struct machine *m, const struct operand *o)
{
	(void)o;
	tuple_of(m, 2);
}

static void do_tuple3(struct machine *m, const struct operand *o)
{
	(void)o;
	tuple_of(m, 3);
}

static void do_tuple(struct machine *m, const struct operand *o)
{
	struct pickle_value *v;
	size_t n = pop_mark(m, &v);
	(void)o;
	if (!m->over)
		push(m, tuple(m, v, n));
}

static void do_empty_list(struct machine *m, const struct operand *o)
{
	(void)o;
	push_kind(m, PICKLE_LIST);
}

static void do_empty_dict(struct machine *m, const struct operand *o)
{
	(void)o;
	push(m, (struct pickle_value){.kind = PICKLE_DICT});
}

static void do_empty_set(struct machine *m, const struct operand *o)
{
	(void)o;
	push_kind(m, PICKLE_SET);
}

static void do_list(struct machine *m, const struct operand *o)
{
	struct pickle_value *v;
	(void)o;
	(void)pop_mark(m, &v);
	push_kind(m, PICKLE_LIST);
}

static void do_dict(struct machine *m, const struct operand *o)
{
	struct pickle_value *v;
	(void)o;
	size_t n = pop_mark(m, &v);
	if (!m->over)
		push(m, (struct pickle_value){.kind = PICKLE_DICT, .items = n && n <= PICKLE_ITEMS ? keep(m, v, n) : NULL});
}

static void do_frozenset(struct machine *m, const struct operand *o)
{
	struct pickle_value *v;
	(void)o;
	(void)pop_mark(m, &v);
	push_kind(m, PICKLE_SET);
}

static void changes(struct machine *m)
{
	const struct pickle_value *v = top(m);
	if (v->kind == PICKLE_GLOBAL || v->kind == PICKLE_UNKNOWN || v->kind == PICKLE_PERSISTENT)
		(void)tell(m, PICKLE_CHANGE, v, NULL, NULL);
}

static void do_append(struct machine *m, const struct operand *o)
{
	(void)o;
	(void)pop(m);
	if (!m->over)
		changes(m);
}

static void do_appends(struct machine *m, const struct operand *o)
{
	struct pickle_value *v;
	(void)o;
	(void)pop_mark(m, &v);
	if (!m->over)
		changes(m);
}

static void do_setitem(struct machine *m, const struct operand *o)
{
	(void)o;
	(void)pop(m);
	(void)pop(m);
	if (!m->over)
		changes(m);
}

static void do_setitems(struct machine *m, const struct operand *o)
{
	struct pickle_value *v;
	size_t n = pop_mark(m, &v);
	(void)o;
	if (m->over)
		return;
	changes(m);
	struct pickle_value *d = top(m);
	if (d->kind == PICKLE_DICT && !d->items && n && n <= PICKLE_ITEMS)
		d->items = keep(m, v, n);
}

/* What reaches beyond data. */

/* Of numbers that are taken for instructions: could a loader get this far? */
static bool maybe_text(const struct pickle_value *v)
{
	return v->kind == PICKLE_TEXT || v->kind == PICKLE_PERSISTENT ||
	       (v->kind == PICKLE_OBJECT && v->object->callee.kind == PICKLE_GLOBAL &&
	               slice_is(v->object->callee.global->module, "builtins"));
}

static void import(struct machine *m, const struct pickle_value *module, const struct pickle_value *name)
{
	if (m->aside && (!maybe_text(module) || !maybe_text(name))) {
		finish(m, PICKLE_BAD, "an import of what is no text");
		return;
	}
	struct pickle_global *g = arena_alloc(m->limits->arena, sizeof(*g));
	if (!g) {
		finish(m, PICKLE_LIMIT, "it has more imports than are kept");
		return;
	}
	g->module = module->kind == PICKLE_TEXT ? module->text : SLICE_NONE;
	g->name = name->kind == PICKLE_TEXT ? name->text : SLICE_NONE;
	g->computed = module->kind != PICKLE_TEXT || name->kind != PICKLE_TEXT;
	struct pickle_value v = {.kind = PICKLE_GLOBAL, .global = g};
	(void)tell(m, PICKLE_IMPORT, &v, NULL, NULL);
	push(m, v);
}

static void call(struct machine *m, struct pickle_value callee, struct pickle_value args)
{
	if (m->aside && !m->over && (callee.kind != PICKLE_GLOBAL || args.kind != PICKLE_TUPLE))
		finish(m, PICKLE_BAD, "a call of what is no function");
	if (m->over)
		return;
	(void)tell(m, PICKLE_CALL, &callee, &args, NULL);
	struct pickle_object *o = arena_alloc(m->limits->arena, sizeof(*o));
	if (!o) {
		push_kind(m, PICKLE_UNKNOWN);
		return;
	}
	*o = (struct pickle_object){callee, args};
	push(m, (struct pickle_value){.kind = PICKLE_OBJECT, .object = o});
}

static void do_global(struct machine *m, const struct operand *o)
{
	const struct pickle_value module = {.kind = PICKLE_TEXT, .text = o->text}, name = {.kind = PICKLE_TEXT, .text = o->text2};
	import(m, &module, &name);
}

static void do_stack_global(struct machine *m, const struct operand *o)
{
	(void)o;
	const struct pickle_value name = pop(m), module = pop(m);
	if (!m->over)
		import(m, &module, &name);
}

static void do_reduce(struct machine *m, const struct operand *o)
{
	(void)o;
	const struct pickle_value args = pop(m), callee = pop(m);
	call(m, callee, args);
}

static void do_newobj_ex(struct machine *m, const struct operand *o)
{
	(void)o;
	(void)pop(m);
	const struct pickle_value args = pop(m), callee = pop(m);
	call(m, callee, args);
}

static void do_obj(struct machine *m, const struct operand *o)
{
	struct pickle_value *v;
	size_t n = pop_mark(m, &v);
	(void)o;
	if (!m->over && n == 0)
		finish(m, PICKLE_BAD, "it takes from an empty stack");
	if (!m->over)
		call(m, v[0], tuple(m, v + 1, n - 1));
}

static void do_inst(struct machine *m, const struct operand *o)
{
	struct pickle_value *v;
	size_t n = pop_mark(m, &v);
	if (m->over)
		return;
	const struct pickle_value args = tuple(m, v, n);
	do_global(m, o);
	const struct pickle_value callee = m->over ? args : pop(m);
	call(m, callee, args);
}

static void aside(struct machine *m, size_t n);

static void do_build(struct machine *m, const struct operand *o)
{
	(void)o;
	const struct pickle_value state = pop(m);
	const struct pickle_value target = *top(m);
	if (m->over)
		return;
	size_t skip = tell(m, PICKLE_BUILD, &target, &state, NULL);
	if (m->aside)
		return;
	if (skip)
		aside(m, skip);
	if (skip > m->in.n - m->end)
		finish(m, PICKLE_CUT, "an array is longer than what is there");
	else
		m->end += skip;
}

static void do_ext(struct machine *m, const struct operand *o)
{
	const struct pickle_value v = {.kind = PICKLE_INT, .number = (int64_t)o->number};
	(void)tell(m, PICKLE_EXTENSION, &v, NULL, NULL);
	push_kind(m, PICKLE_UNKNOWN);
}

static void persistent(struct machine *m, struct pickle_value id)
{
	push(m, (struct pickle_value){.kind = PICKLE_PERSISTENT, .n = 1, .items = keep(m, &id, 1)});
}

static void do_persid(struct machine *m, const struct operand *o)
{
	persistent(m, (struct pickle_value){.kind = PICKLE_TEXT, .text = o->text});
}

static void do_binpersid(struct machine *m, const struct operand *o)
{
	(void)o;
	const struct pickle_value id = pop(m);
	if (!m->over)
		persistent(m, id);
}

enum form { NOTHING, U1, U2, U4, U8, LINE, LINES, COUNT1, COUNT4, COUNT8 };
struct row {
	const char *name; /* NULL: no opcode */
	enum form form;
	void (*act)(struct machine *m, const struct operand *o);
};

static const struct row rows[256] = {
        ['('] = {"MARK", NOTHING, do_mark},
        ['.'] = {"STOP", NOTHING, do_stop},
        ['0'] = {"POP", NOTHING, do_pop},
        ['1'] = {"POP_MARK", NOTHING, do_pop_mark},
        ['2'] = {"DUP", NOTHING, do_dup},
        ['F'] = {"FLOAT", LINE, do_float},
        ['I'] = {"INT", LINE, do_int_line},
        ['J'] = {"BININT", U4, do_int4},
        ['K'] = {"BININT1", U1, do_int},
        ['L'] = {"LONG", LINE, do_int_line},
        ['M'] = {"BININT2", U2, do_int},
        ['N'] = {"NONE", NOTHING, do_none},
        ['P'] = {"PERSID", LINE, do_persid},
        ['Q'] = {"BINPERSID", NOTHING, do_binpersid},
        ['R'] = {"REDUCE", NOTHING, do_reduce},
        ['S'] = {"STRING", LINE, do_string_line},
        ['T'] = {"BINSTRING", COUNT4, do_text},
        ['U'] = {"SHORT_BINSTRING", COUNT1, do_text},
        ['V'] = {"UNICODE", LINE, do_unicode_line},
        ['X'] = {"BINUNICODE", COUNT4, do_text},
        ['a'] = {"APPEND", NOTHING, do_append},
        ['b'] = {"BUILD", NOTHING, do_build},
        ['c'] = {"GLOBAL", LINES, do_global},
        ['d'] = {"DICT", NOTHING, do_dict},
        ['}'] = {"EMPTY_DICT", NOTHING, do_empty_dict},
        ['e'] = {"APPENDS", NOTHING, do_appends},
        ['g'] = {"GET", LINE, do_get_line},
        ['h'] = {"BINGET", U1, do_get},
        ['i'] = {"INST", LINES, do_inst},
        ['j'] = {"LONG_BINGET", U4, do_get},
        ['l'] = {"LIST", NOTHING, do_list},
        [']'] = {"EMPTY_LIST", NOTHING, do_empty_list},
        ['o'] = {"OBJ", NOTHING, do_obj},
        ['p'] = {"PUT", LINE, do_put_line},
        ['q'] = {"BINPUT", U1, do_put},
        ['r'] = {"LONG_BINPUT", U4, do_put},
        ['s'] = {"SETITEM", NOTHING, do_setitem},
        ['t'] = {"TUPLE", NOTHING, do_tuple},
        [')'] = {"EMPTY_TUPLE", NOTHING, do_empty_tuple},
        ['u'] = {"SETITEMS", NOTHING, do_setitems},
        ['G'] = {"BINFLOAT", U8, do_float},
        [0x80] = {"PROTO", U1, do_proto},
        [0x81] = {"NEWOBJ", NOTHING, do_reduce},
        [0x82] = {"EXT1", U1, do_ext},
        [0x83] = {"EXT2", U2, do_ext},
        [0x84] = {"EXT4", U4, do_ext},
        [0x85] = {"TUPLE1", NOTHING, do_tuple1},
        [0x86] = {"TUPLE2", NOTHING, do_tuple2},
        [0x87] = {"TUPLE3", NOTHING, do_tuple3},
        [0x88] = {"NEWTRUE", NOTHING, do_true},
        [0x89] = {"NEWFALSE", NOTHING, do_false},
        [0x8a] = {"LONG1", COUNT1, do_long},
        [0x8b] = {"LONG4", COUNT4, do_long},
        ['B'] = {"BINBYTES", COUNT4, do_bytes},
        ['C'] = {"SHORT_BINBYTES", COUNT1, do_bytes},
        [0x8c] = {"SHORT_BINUNICODE", COUNT1, do_text},
        [0x8d] = {"BINUNICODE8", COUNT8, do_text},
        [0x8e] = {"BINBYTES8", COUNT8, do_bytes},
        [0x8f] = {"EMPTY_SET", NOTHING, do_empty_set},
        [0x90] = {"ADDITEMS", NOTHING, do_appends},
        [0x91] = {"FROZENSET", NOTHING, do_frozenset},
        [0x92] = {"NEWOBJ_EX", NOTHING, do_newobj_ex},
        [0x93] = {"STACK_GLOBAL", NOTHING, do_stack_global},
        [0x94] = {"MEMOIZE", NOTHING, do_memoize},
        [0x95] = {"FRAME", U8, do_frame},
        [0x96] = {"BYTEARRAY8", COUNT8, do_bytes},
        [0x97] = {"NEXT_BUFFER", NOTHING, do_buffer},
        [0x98] = {"READONLY_BUFFER", NOTHING, do_nothing},
};

const char *pickle_opcode_name(uint8_t opcode)
{
	return rows[opcode].name;
}

static bool take_number(struct machine *m, size_t bytes, uint64_t *out)
{
	if (m->in.n - m->end < bytes)
		return false;
	*out = slice_le(slice_sub(m->in, m->end, bytes));
	m->end += bytes;
	return true;
}

static bool take_line(struct machine *m, struct slice *out)
{
	size_t to = slice_chr(m->in, '\n', m->end);
	if (to == SLICE_NPOS)
		return false;
	*out = slice_sub(m->in, m->end, to - m->end);
	m->end = to + 1;
	return true;
}

static bool take_counted(struct machine *m, size_t bytes, struct operand *o)
{
	if (!take_number(m, bytes, &o->number) || o->number > m->in.n - m->end)
		return false;
	o->text = slice_sub(m->in, m->end, (size_t)o->number);
	m->end += (size_t)o->number;
	return true;
}

static bool take_operand(struct machine *m, enum form form, struct operand *o)
{
	switch (form) {
	case NOTHING:
		return true;
	case U1:
		return take_number(m, 1, &o->number);
	case U2:
		return take_number(m, 2, &o->number);
	case U4:
		return take_number(m, 4, &o->number);
	case U8:
		return take_number(m, 8, &o->number);
	case LINE:
		return take_line(m, &o->text);
	case LINES:
		return take_line(m, &o->text) && take_line(m, &o->text2);
	case COUNT1:
		return take_counted(m, 1, o);
	case COUNT4:
		return take_counted(m, 4, o);
	case COUNT8:
		return take_counted(m, 8, o);
	}
	return false;
}

static void step(struct machine *m)
{
	struct operand o = {0};
	m->at = m->end;
	if (m->at >= m->in.n) {
		finish(m, PICKLE_CUT, "it ends before its STOP");
		return;
	}
	m->opcode = m->in.p[m->at];
	const struct row *row = &rows[m->opcode];
	if (!row->name) {
		finish(m, PICKLE_BAD, "a byte is no opcode");
		return;
	}
	m->end++;
	if (!take_operand(m, row->form, &o)) {
		finish(m, PICKLE_CUT, "it ends before its STOP");
		return;
	}
	if (m->at < m->frame_end && m->end > m->frame_end && !m->straddled) {
		m->straddled = true;
		(void)tell(m, PICKLE_ODD, NULL, NULL, "an opcode goes across the end of a frame");
	}
	row->act(m, &o);
	if (m->r->end != PICKLE_BAD || !m->over)
		m->r->used = m->end;
}

/* Numbers nearly never reach the opcode of an import, so that copies are few. */
static bool imports(const struct machine *m, size_t n)
{
	struct machine w = {.in = slice_sub(m->in, 0, n > m->in.n - m->end ? m->in.n : m->end + n), .end = m->end};
	for (size_t i = 0; w.end < w.in.n && i < m->limits->opcodes; i++) {
		struct operand o = {0};
		uint8_t c = w.in.p[w.end++];
		if (!rows[c].name || c == '.' || !take_operand(&w, rows[c].form, &o))
			return false;
		if (c == 'c' || c == 'i' || c == 0x93)
			return true;
	}
	return false;
}

static void aside(struct machine *m, size_t n)
{
	struct pickle_result r = {0};
	if (!imports(m, n))
		return;
	struct machine c = *m;
	struct buf *const from[] = {&m->stack, &m->marks, &m->memo, &m->far}, *const to[] = {&c.stack, &c.marks, &c.memo, &c.far};
	for (size_t i = 0; i < 4; i++) {
		*to[i] = BUF(from[i]->max);
		buf_add(to[i], buf_slice(from[i]));
		if (buf_error(to[i]))
			finish(m, PICKLE_LIMIT, "no memory");
	}
	c.aside = true;
	c.r = &r;
	while (!c.over && !m->over) {
		if (r.opcodes++ >= m->limits->opcodes)
			finish(&c, PICKLE_LIMIT, "it has more instructions than are followed");
		else
			step(&c);
	}
	m->r->opcodes += r.opcodes;
	if (r.end == PICKLE_LIMIT)
		finish(m, PICKLE_LIMIT, r.reason);
	for (size_t i = 0; i < 4; i++)
		buf_free(to[i]);
}

void pickle_read(struct slice in, const struct pickle_limits *limits, void (*fn)(void *arg, struct pickle_event *e), void *arg,
        struct pickle_result *out)
{
	struct machine m = {
	        .in = in,
	        .stack = BUF(limits->stack),
	        .marks = BUF(limits->stack),
	        .memo = BUF(limits->memo),
	        .far = BUF(FAR_SLOTS * sizeof(struct far_slot)),
	        .limits = limits,
	        .fn = fn,
	        .arg = arg,
	        .r = out,
	};
	*out = (struct pickle_result){0};
	while (!m.over) {
		if (out->opcodes++ >= limits->opcodes)
			finish(&m, PICKLE_LIMIT, "it has more instructions than are followed");
		else
			step(&m);
	}
	buf_free(&m.stack);
	buf_free(&m.marks);
	buf_free(&m.memo);
	buf_free(&m.far);
}
