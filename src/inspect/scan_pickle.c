/* Pickles, and what is made of them: torch.save() of old, joblib. */
#include <stdio.h>

#include "base/encode.h"
#include "inspect/scan_part.h"
#include "parse/pickle.h"

#define TRIAL_OPCODES 20000u
#define TRIAL_PICKLES 4u
#define OPCODES       ((size_t)20000000)
#define STACK_MAX     ((size_t)32 << 20)
#define MEMO_MAX      ((size_t)128 << 20)
#define ARENA_MAX     ((size_t)64 << 20)
#define TRIAL_MEMORY  ((size_t)4 << 20)
#define PENDING       256u
#define NESTED        8u
#define OPERAND_MAX   ((size_t)64 << 10)
#define SEARCH_MAX    ((size_t)256 << 20)
#define LEGACY        5u /* pickles before the numbers of a file that torch.save() made before version 1.6 */

/* The first of those: a number. */
static const struct slice legacy_magic = SLICE_INIT("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.");

/* Is it one? A trial run. */

struct trial {
	unsigned effects; /* imports that somebody may have meant */
	unsigned weak;    /* imports by a number or by what is no name: one byte each, as any bytes have them by chance */
	bool dangerous;   /* one of them is known */
};

static bool identifier(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
		if (!letter && !(i && ((c >= '0' && c <= '9') || c == '.')))
			return false;
	}
	return s.n > 0;
}

static void on_trial(void *arg, struct pickle_event *e)
{
	struct trial *t = arg;
	if (e->what == PICKLE_IMPORT && !e->value->global->computed) {
		const struct pickle_global *g = e->value->global;
		t->effects += identifier(g->module) && identifier(g->name);
		t->dangerous |= scan_import(g->module, g->name) == SCAN_NAME_DANGEROUS;
	} else if (e->what == PICKLE_IMPORT || e->what == PICKLE_EXTENSION)
		t->weak++;
}

/* What it takes: to begin with PROTO or end as a pickle does; to be one from end to end; or to do something that only pickles do. */
enum proof { PROOF_FORM, PROOF_WHOLE, PROOF_EFFECT, PROOF_REACH };

static bool looks(struct slice b, enum proof proof)
{
	struct slice rest = b;
	/* PERSID is the letter that every ZIP begins with. */
	if (slice_starts(b, SLICE("PK\3\4")))
		return false;
	for (unsigned i = 0; i < TRIAL_PICKLES && rest.n; i++) {
		_cleanup_arena_ struct arena a = ARENA(TRIAL_MEMORY);
		const struct pickle_limits l = {.opcodes = TRIAL_OPCODES, .stack = TRIAL_MEMORY, .memo = TRIAL_MEMORY, .arena = &a};
		struct pickle_result r;
		struct trial t = {0};
		/* In the midst of fonts and libraries there is such a byte every few kilobytes, but hardly a pickle that ends and calls. */
		bool proto = rest.n > 2 && rest.p[0] == 0x80 && rest.p[1] <= 5;
		pickle_read(rest, &l, on_trial, &t, &r);
		bool effects = t.effects || (t.weak && (proof != PROOF_EFFECT || (r.calls && r.end == PICKLE_STOP)));
		if (effects && (r.calls || t.dangerous || r.end == PICKLE_STOP || proto || r.end == PICKLE_LIMIT))
			return true;
		/* Longer than is tried: no numbers are. */
		if (proof == PROOF_REACH && r.end == PICKLE_LIMIT)
			return true;
		bool whole = r.end == PICKLE_STOP && r.opcodes > 1 && r.used == rest.n;
		if (proof == PROOF_WHOLE && proto && whole)
			return true;
		if (proof == PROOF_FORM && ((proto && (r.opcodes > 2 || r.end == PICKLE_STOP)) || whole || r.end == PICKLE_LIMIT))
			return true;
		if (r.end != PICKLE_STOP || r.opcodes < 2)
			return false;
		rest = slice_from(rest, r.used);
	}
	return false;
}

bool scan_pickle_claims(struct scan *s, const struct scan_input *in)
{
	(void)s;
	/* A guess must do more than look like one. */
	return in->bytes.n > 1 && looks(in->bytes, in->quiet ? PROOF_WHOLE : PROOF_FORM);
}

/* What is shown of a value. */

static void show(struct buf *out, const struct pickle_value *v, unsigned deep);

static void show_items(struct buf *out, const struct pickle_items *i, uint32_t n, unsigned deep)
{
	for (uint32_t k = 0; i && k < i->n && k < 6; k++) {
		buf_str_add(out, k ? ", " : "");
		show(out, &i->at[k], deep + 1);
	}
	if (!i ? n : n > 6)
		buf_str_add(out, "…");
}

static void show_global(struct buf *out, const struct pickle_global *g)
{
	buf_add(out, g->module.n ? slice_sub(g->module, 0, 100) : SLICE("?"));
	buf_u8(out, '.');
	buf_add(out, g->name.n ? slice_sub(g->name, 0, 100) : SLICE("?"));
}

static void show(struct buf *out, const struct pickle_value *v, unsigned deep)
{
	static const char *const words[] = {[PICKLE_UNKNOWN] = "?",
	        [PICKLE_NONE] = "None",
	        [PICKLE_FLOAT] = "float",
	        [PICKLE_LIST] = "[…]",
	        [PICKLE_DICT] = "{…}",
	        [PICKLE_SET] = "set(…)",
	        [PICKLE_PERSISTENT] = "persistent"};
	switch (v->kind) {
	case PICKLE_BOOL:
		buf_str_add(out, v->number ? "True" : "False");
		break;
	case PICKLE_INT:
		buf_fmt(out, "%lld", (long long)v->number);
		break;
	case PICKLE_TEXT:
	case PICKLE_BYTES:
		buf_str_add(out, v->kind == PICKLE_BYTES ? "b\"" : "\"");
		buf_add(out, slice_sub(v->text, 0, 160));
		buf_str_add(out, v->text.n > 160 ? "…\"" : "\"");
		break;
	case PICKLE_TUPLE:
		buf_u8(out, '(');
		if (deep < 3)
			show_items(out, v->items, v->n, deep);
		buf_u8(out, ')');
		break;
	case PICKLE_GLOBAL:
		show_global(out, v->global);
		break;
	case PICKLE_OBJECT:
		if (deep >= 3) {
			buf_str_add(out, "…");
			break;
		}
		show(out, &v->object->callee, deep + 1);
		if (v->object->args.kind == PICKLE_TUPLE)
			show(out, &v->object->args, deep + 1);
		else
			buf_str_add(out, "(…)");
		break;
	case PICKLE_UNKNOWN:
	case PICKLE_NONE:
	case PICKLE_FLOAT:
	case PICKLE_LIST:
	case PICKLE_DICT:
	case PICKLE_SET:
	case PICKLE_PERSISTENT:
		buf_str_add(out, words[v->kind]);
		break;
	}
}

/* The judgement. */

struct pending {
	const struct pickle_global *g;
	size_t at, n;
	bool told;
};

struct judge {
	struct scan *s;
	const struct scan_input *in;
	struct slice bytes; /* of this pickle and what follows */
	size_t base;        /* of it in the input */
	struct arena *arena;
	struct pending pending[PENDING]; /* imports that were not called yet */
	unsigned n_pending, nested;
	size_t opcodes;
};

static void told(struct judge *j, const struct pickle_global *g)
{
	for (unsigned i = 0; i < j->n_pending; i++)
		j->pending[i].told |= j->pending[i].g == g;
}

static void tell_import(struct judge *j, const struct pickle_global *g, size_t at, size_t n)
{
	enum scan_name known = scan_import(g->module, g->name);
	_cleanup_buf_ struct buf text = BUF(1024);
	show_global(&text, g);
	if (known != SCAN_NAME_ALLOWED)
		scan_found(j->s, j->in, known == SCAN_NAME_DANGEROUS ? SCAN_RULE_IMPORT : SCAN_RULE_IMPORT_UNKNOWN, at, n, "%s",
		        buf_str(&text));
}

/* "latin1" makes bytes of a text, as protocol 2 has to; other codecs decode payloads. */
static bool harmless_encode(const struct pickle_global *g, const struct pickle_value *args)
{
	static const char *const codecs[] = {"latin1", "latin-1", "iso-8859-1", "ascii", "utf-8", "utf8"};
	if (!slice_is(g->module, "_codecs") || !slice_is(g->name, "encode") || args->kind != PICKLE_TUPLE || args->n != 2 || !args->items)
		return false;
	const struct pickle_value *how = &args->items->at[1];
	for (size_t i = 0; i < ARRAY_LEN(codecs); i++)
		if (how->kind == PICKLE_TEXT && slice_is(how->text, codecs[i]))
			return true;
	return false;
}

static void on_import(struct judge *j, const struct pickle_event *e, size_t at)
{
	const struct pickle_global *g = e->value->global;
	if (g->computed) {
		_cleanup_buf_ struct buf text = BUF(1024);
		show_global(&text, g);
		scan_found(j->s, j->in, SCAN_RULE_COMPUTED_IMPORT, at, e->n, "%s (%s)", buf_str(&text), pickle_opcode_name(e->opcode));
	} else if (scan_import(g->module, g->name) != SCAN_NAME_ALLOWED) {
		if (j->n_pending < PENDING)
			j->pending[j->n_pending++] = (struct pending){g, at, e->n, false};
		else
			tell_import(j, g, at, e->n);
	}
}

static void on_call(struct judge *j, const struct pickle_event *e, size_t at)
{
	_cleanup_buf_ struct buf text = BUF(8192);
	const struct pickle_value *f = e->value;
	show(&text, f, 0);
	show(&text, e->other, 0);
	if (f->kind == PICKLE_GLOBAL && !f->global->computed) {
		enum scan_name known = scan_import(f->global->module, f->global->name);
		bool harmless = known == SCAN_NAME_ALLOWED || harmless_encode(f->global, e->other);
		told(j, f->global);
		if (!harmless)
			scan_found(j->s, j->in, known == SCAN_NAME_DANGEROUS ? SCAN_RULE_CALL : SCAN_RULE_CALL_UNKNOWN, at, e->n, "%s",
			        buf_str(&text));
	} else {
		scan_found(j->s, j->in, SCAN_RULE_COMPUTED_CALL, at, e->n, "%s", buf_str(&text));
	}
}

/* joblib writes an array behind the state of its wrapper, outside of the pickle. */

static const struct pickle_value *item(const struct pickle_items *i, const char *key)
{
	for (uint32_t k = 0; i && k + 1 < i->n; k += 2)
		if (i->at[k].kind == PICKLE_TEXT && slice_is(i->at[k].text, key))
			return &i->at[k + 1];
	return NULL;
}

/* Bytes of one element of dtype("<f8"); 0: it holds objects; -1: not known. */
static int element(const struct pickle_value *dtype)
{
	if (!dtype || dtype->kind != PICKLE_OBJECT || dtype->object->callee.kind != PICKLE_GLOBAL ||
	        !slice_is(dtype->object->callee.global->name, "dtype"))
		return -1;
	const struct pickle_value *args = &dtype->object->args;
	if (args->kind != PICKLE_TUPLE || !args->items || args->items->n < 1 || args->items->at[0].kind != PICKLE_TEXT)
		return -1;
	struct slice t = args->items->at[0].text;
	uint64_t n;
	while (t.n && strchr("<>|=", t.p[0]))
		t = slice_from(t, 1);
	if (t.n && t.p[0] == 'O')
		return 0;
	if (!t.n || !strchr("biufcSUmM", t.p[0]) || !slice_u64(slice_from(t, 1), 1 << 20, &n) || n == 0)
		return -1;
	return (int)(t.p[0] == 'U' ? 4 * n : n);
}

static bool array_bytes(const struct pickle_items *state, int size, uint64_t *out)
{
	const struct pickle_value *shape = item(state, "shape");
	uint64_t n = (uint64_t)size;
	if (!shape || shape->kind != PICKLE_TUPLE || !shape->items || shape->items->n != shape->n)
		return false;
	for (uint32_t i = 0; i < shape->n; i++) {
		const struct pickle_value *d = &shape->items->at[i];
		if (d->kind != PICKLE_INT || d->number < 0 || __builtin_mul_overflow(n, (uint64_t)d->number, &n))
			return false;
	}
	*out = n;
	return true;
}

static void on_event(void *arg, struct pickle_event *e);
static struct pickle_result one(struct scan *s, const struct scan_input *in, size_t at);

static size_t nested(struct judge *j, size_t at)
{
	const struct pickle_limits l = {.opcodes = OPCODES, .stack = STACK_MAX, .memo = MEMO_MAX, .arena = j->arena};
	struct pickle_result r;
	struct slice saved = j->bytes;
	size_t base = j->base;
	if (j->nested >= NESTED)
		return 0;
	j->nested++;
	j->bytes = slice_from(saved, at);
	j->base = base + at;
	pickle_read(j->bytes, &l, on_event, j, &r);
	j->bytes = saved;
	j->base = base;
	j->nested--;
	j->opcodes += r.opcodes;
	return r.end == PICKLE_STOP ? r.used : 0;
}

/* Where an array should be. A wrapper whose type holds objects after all, or a loader that knows no arrays, runs a pickle there. */
static void within_array(struct judge *j, size_t at, uint64_t n)
{
	struct slice rest = slice_sub(slice_from(j->bytes, at), 0, n > SIZE_MAX ? SIZE_MAX : (size_t)n);
	if (!looks(rest, PROOF_REACH))
		return;
	scan_found(j->s, j->in, SCAN_RULE_EMBEDDED, j->base + at, 0, "in the numbers of an array, at %zu", j->base + at);
	(void)nested(j, at);
}

static size_t array_behind(struct judge *j, const struct pickle_event *e)
{
	const struct pickle_value *v = e->value, *state = e->other;
	uint64_t n;
	size_t at = e->at + e->n;
	const struct pickle_value *class = v->kind == PICKLE_OBJECT ? &v->object->callee : NULL;
	/* The wrapper of old names a file beside this one, which joblib loads with all the objects in it. */
	if (class && class->kind == PICKLE_GLOBAL && slice_is(class->global->name, "NDArrayWrapper")) {
		const struct pickle_value *name = state->kind == PICKLE_DICT ? item(state->items, "filename") : NULL;
		struct slice path = name && name->kind == PICKLE_TEXT ? name->text : SLICE_NONE;
		scan_found(j->s, j->in, scan_leads_out(path) ? SCAN_RULE_EXTERNAL_PATH : SCAN_RULE_EXTERNAL_DATA, j->base + e->at, e->n,
		        "%.*s", SLICE_FMT(slice_sub(path, 0, 200)));
		return 0;
	}
	if (!class || class->kind != PICKLE_GLOBAL || !slice_is(class->global->name, "NumpyArrayWrapper") || state->kind != PICKLE_DICT ||
	        !state->items)
		return 0;
	int size = element(item(state->items, "dtype"));
	if (size == 0)
		return nested(j, at);
	if (size < 0 || !array_bytes(state->items, size, &n))
		return 0;
	const struct pickle_value *aligned = item(state->items, "numpy_array_alignment_bytes");
	size_t pad = aligned && aligned->kind == PICKLE_INT && at < j->bytes.n ? 1 + (size_t)j->bytes.p[at] : 0;
	within_array(j, at, n);
	return n > SIZE_MAX - pad ? SIZE_MAX : (size_t)n + pad;
}

static void on_build(struct judge *j, struct pickle_event *e, size_t at)
{
	const struct pickle_value *v = e->value;
	if (v->kind == PICKLE_GLOBAL || v->kind == PICKLE_UNKNOWN || v->kind == PICKLE_PERSISTENT) {
		_cleanup_buf_ struct buf text = BUF(4096);
		show(&text, v, 0);
		scan_found(j->s, j->in, SCAN_RULE_CHANGE_GLOBAL, at, e->n, "%s", buf_str(&text));
	}
	e->skip = array_behind(j, e);
}

/* Where loaders differ about a frame, one of them runs what another takes for the operand of an opcode (python/cpython issue 154848). It
 * has lost its place there, so it may begin at any byte. */
static void within(struct scan *s, const struct scan_input *in, size_t at, size_t n)
{
	static const char first[] = "c(iSVXUT\x80\x8c\x8d";
	struct slice operand = slice_sub(in->bytes, at, n < OPERAND_MAX ? n : OPERAND_MAX);
	for (size_t i = 1; i < operand.n && scan_steps(s, in, 1); i++)
		if (memchr(first, operand.p[i], sizeof(first) - 1) && looks(slice_from(operand, i), PROOF_EFFECT)) {
			scan_found(s, in, SCAN_RULE_EMBEDDED, at + i, 0, "in the operand of an opcode, at %zu", at + i);
			(void)one(s, in, at + i);
			return;
		}
}

static void on_event(void *arg, struct pickle_event *e)
{
	struct judge *j = arg;
	size_t at = j->base + e->at;
	_cleanup_buf_ struct buf text = BUF(4096);
	switch (e->what) {
	case PICKLE_IMPORT:
		on_import(j, e, at);
		break;
	case PICKLE_CALL:
		on_call(j, e, at);
		break;
	case PICKLE_BUILD:
		on_build(j, e, at);
		break;
	case PICKLE_EXTENSION:
		scan_found(
		        j->s, j->in, SCAN_RULE_EXTENSION, at, e->n, "%s %lld", pickle_opcode_name(e->opcode), (long long)e->value->number);
		break;
	case PICKLE_CHANGE:
		show(&text, e->value, 0);
		scan_found(j->s, j->in, SCAN_RULE_CHANGE_GLOBAL, at, e->n, "%s: %s", pickle_opcode_name(e->opcode), buf_str(&text));
		break;
	case PICKLE_LITERAL:
		scan_payload(j->s, j->in, e->value->text, at);
		break;
	case PICKLE_ODD:
		scan_found(j->s, j->in, SCAN_RULE_PICKLE_ODD, at, e->n, "%s", e->reason);
		within(j->s, j->in, at, e->n);
		break;
	}
}

static struct pickle_result one(struct scan *s, const struct scan_input *in, size_t at)
{
	_cleanup_arena_ struct arena a = ARENA(ARENA_MAX);
	const struct pickle_limits l = {.opcodes = OPCODES, .stack = STACK_MAX, .memo = MEMO_MAX, .arena = &a};
	struct pickle_result r = {.end = PICKLE_LIMIT, .reason = "no memory"};
	struct judge *j = calloc(1, sizeof(*j));
	if (!j)
		return r;
	*j = (struct judge){.s = s, .in = in, .bytes = slice_from(in->bytes, at), .base = at, .arena = &a};
	pickle_read(j->bytes, &l, on_event, j, &r);
	for (unsigned i = 0; i < j->n_pending; i++)
		if (!j->pending[i].told)
			tell_import(j, j->pending[i].g, j->pending[i].at, j->pending[i].n);
	(void)scan_steps(s, in, r.opcodes + j->opcodes);
	free(j);
	return r;
}

void scan_search(struct scan *s, const struct scan_input *in, size_t from, size_t to)
{
	size_t end = to - from > SEARCH_MAX && !scan_deep(s) ? from + SEARCH_MAX : to;
	const struct slice part = slice_sub(in->bytes, 0, end);
	for (size_t at = slice_chr(part, 0x80, from); at < end; at = slice_chr(part, 0x80, at + 1)) {
		struct slice rest = slice_sub(in->bytes, at, to - at);
		if (rest.n < 4 || rest.p[1] < 1 || rest.p[1] > 5 || !looks(slice_sub(rest, 0, (size_t)1 << 20), PROOF_EFFECT))
			continue;
		scan_found(s, in, SCAN_RULE_EMBEDDED, at, 0, "protocol %u at %zu", rest.p[1], at);
		struct pickle_result r = one(s, in, at);
		at += r.used ? r.used - 1 : 0;
	}
}

/* What stands behind the last pickle: the numbers of an old torch.save(), zeros, or nobody knows. */
static void tail(struct scan *s, const struct scan_input *in, size_t at, unsigned pickles)
{
	struct slice rest = slice_from(in->bytes, at);
	bool legacy = slice_starts(in->bytes, legacy_magic) && pickles >= LEGACY;
	if (scan_zeros(rest))
		return;
	if (!legacy || scan_deep(s))
		scan_search(s, in, at, in->bytes.n);
	if (!legacy && !in->quiet)
		scan_found(s, in, SCAN_RULE_TRAILING, at, rest.n, "%zu bytes behind the pickle", rest.n);
}

void scan_pickle_look(struct scan *s, const struct scan_input *in)
{
	size_t at = 0;
	unsigned n = 0;
	for (; at < in->bytes.n && scan_steps(s, in, 1); n++) {
		struct slice rest = slice_from(in->bytes, at);
		if (n && !(rest.n > 2 && rest.p[0] == 0x80 && rest.p[1] <= 5) && !looks(rest, PROOF_FORM))
			break;
		/* In an old file of torch five pickles come, then numbers, which may begin as a pickle does. */
		if (n >= LEGACY && slice_starts(in->bytes, legacy_magic) && !looks(rest, PROOF_EFFECT))
			break;
		struct pickle_result r = one(s, in, at);
		if (r.end != PICKLE_STOP) {
			bool cut = r.end == PICKLE_CUT && in->size > in->bytes.n;
			if (!in->quiet)
				scan_found(s, in, cut || r.end == PICKLE_LIMIT ? SCAN_RULE_LIMIT : SCAN_RULE_PICKLE_BROKEN, at + r.used,
				        in->size - at - r.used, "%s", r.reason);
			scan_search(s, in, at + r.used, in->bytes.n);
			return;
		}
		at += r.used;
	}
	if (at < in->bytes.n)
		tail(s, in, at, n);
}
