#include "policy/tree.h"

#include <errno.h>
#include <stdio.h>

#include <libfyaml.h>

#include "base/utf8.h"

bool tree_invisible(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x2069) || c == 0xfeff || c == 0xad || (c >= 0xe0000 && c <= 0xe007f);
}

void policy_problem(struct policy_problems *p, bool warning, const char *file, unsigned line, unsigned column, const char *fmt, ...)
{
	char text[700];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* A text from the file may hold anything: it must not end the line of a message, nor move the reader's cursor. */
	struct slice all = slice_str(text);
	uint32_t c;
	for (size_t i = 0, n; i < all.n; i += n) {
		n = utf8_next(all, i, &c);
		for (size_t k = 0; n == 0 ? k < 1 : tree_invisible(c) && k < n; k++)
			text[i + k] = '?';
		n = n ? n : 1;
	}
	if (!p->arena.max)
		p->arena = ARENA(1u << 20);
	p->errors += !warning;
	/* Errors push warnings out, so that there is always one to show. */
	if (p->n >= POLICY_PROBLEMS_MAX && (warning || p->errors > 1))
		return;
	size_t at = p->n < POLICY_PROBLEMS_MAX ? p->n++ : POLICY_PROBLEMS_MAX - 1;
	char *copy = arena_str(&p->arena, slice_str(text)), *name = arena_str(&p->arena, slice_str(file));
	p->list[at] = (struct policy_problem){
	        .file = name ? name : "?", .line = line, .column = column, .text = copy ? copy : "out of memory", .warning = warning};
}

void policy_problems_free(struct policy_problems *p)
{
	arena_free(&p->arena);
	*p = (struct policy_problems){0};
}

int policy_problems_err(const struct policy_problems *p, struct err *err)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct policy_problem *e = &p->list[i];
		char more[80] = "";
		if (e->warning)
			continue;
		if (p->errors > 1)
			(void)snprintf(more, sizeof(more), " (and %zu more; \"postern policy check\" lists all)", p->errors - 1);
		if (e->line)
			return err_set(err, -EINVAL, "%s:%u:%u: %s%s", e->file, e->line, e->column, e->text, more);
		return err_set(err, -EINVAL, "%s: %s%s", e->file, e->text, more);
	}
	return err_set(err, -EINVAL, "the policy has a mistake");
}

const char *tree_kind_name(const struct tree *t)
{
	static const char *const names[] = {
	        [TREE_NULL] = "nothing", [TREE_TEXT] = "a text", [TREE_LIST] = "a list", [TREE_MAP] = "a mapping"};
	return names[t->kind];
}

struct tree *tree_get(const struct tree *map, const char *key)
{
	for (struct tree *c = map && map->kind == TREE_MAP ? map->child : NULL; c; c = c->next)
		if (slice_is(c->key->text, key))
			return c;
	return NULL;
}

/* What libfyaml 0.7 does not survive (it can loop for ever on both): bytes that are not UTF-8, and directives. */
static int check_text(struct slice yaml, const char *file, struct policy_problems *problems)
{
	unsigned line = 1, column = 1;
	uint32_t c = 0;
	if (yaml.n > POLICY_BYTES_MAX) {
		policy_problem(problems, false, file, 1, 1, "larger than %u KiB; a policy is a few", POLICY_BYTES_MAX / 1024);
		return -EINVAL;
	}
	for (size_t i = 0, n; i < yaml.n; i += n) {
		n = utf8_next(yaml, i, &c);
		const char *why = NULL;
		if (n == 0)
			why = "this byte is not UTF-8";
		else if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0))
			why = "this is a control character; write it as an escape in quotes";
		else if (column == 1 && c == '%')
			why = "YAML directives (%…) are not taken here";
		else if (c >= 0x80 && tree_invisible(c) && !(c == 0xfeff && i == 0))
			why = "this is an invisible character; a policy must say what it seems to say";
		if (why) {
			policy_problem(problems, false, file, line, column, "%s", why);
			return -EINVAL;
		}
		bool end = c == '\n';
		line += end;
		column = end ? 1 : column + 1;
	}
	return 0;
}

struct builder {
	struct fy_parser *parser;
	struct fy_diag *diag;
	struct arena *arena;
	struct policy_problems *problems;
	const char *file;
	struct tree *stack[POLICY_DEPTH_MAX]; /* open lists and mappings */
	struct tree *last[POLICY_DEPTH_MAX];  /* their last child */
	struct tree *key[POLICY_DEPTH_MAX];   /* that waits for its value */
	struct tree *root;
	size_t depth, nodes;
};

static int fail(struct builder *b, unsigned line, unsigned column, const char *why)
{
	policy_problem(b->problems, false, b->file, line, column, "%s", why);
	return -EINVAL;
}

/* Puts a new node into its place. */
static int attach(struct builder *b, struct tree *t)
{
	if (++b->nodes > POLICY_NODES_MAX)
		return fail(b, t->line, t->column, "there are too many things in this document");
	if (b->depth == 0) {
		if (b->root)
			return fail(b, t->line, t->column, "a second document begins here; a policy is one");
		b->root = t;
		return 0;
	}
	size_t d = b->depth - 1;
	struct tree *in = b->stack[d];
	if (in->kind == TREE_MAP && !b->key[d]) {
		if (t->kind != TREE_TEXT)
			return fail(b, t->line, t->column, "a key should be a word");
		for (const struct tree *c = in->child; c; c = c->next)
			if (slice_eq(c->key->text, t->text)) {
				policy_problem(b->problems, false, b->file, t->line, t->column,
				        "the key \"%.60s\" is there twice, first in line %u", (const char *)t->text.p, c->key->line);
				return -EINVAL;
			}
		if (in->n >= 256)
			return fail(b, t->line, t->column, "this mapping has more than 256 keys");
		b->key[d] = t;
		return 0;
	}
	t->key = TAKE_PTR(b->key[d]);
	if (b->last[d])
		b->last[d]->next = t;
	else
		in->child = t;
	b->last[d] = t;
	in->n++;
	return 0;
}

static int scalar(struct builder *b, struct fy_event *e, struct tree *t)
{
	struct fy_token *token = fy_event_get_token(e);
	size_t n = 0;
	const char *s = token ? fy_token_get_text(token, &n) : NULL;
	if (!s)
		n = 0;
	enum fy_scalar_style style = token ? fy_token_scalar_style(token) : FYSS_PLAIN;
	t->plain = style == FYSS_PLAIN;
	/* The library counts from behind the quote. */
	if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && t->column > 1)
		t->column--;
	t->kind = TREE_TEXT;
	if (t->plain && (n == 0 || (n == 4 && !memcmp(s, "null", 4)) || (n == 1 && *s == '~')))
		t->kind = TREE_NULL;
	if (n > POLICY_TEXT_MAX)
		return fail(b, t->line, t->column, "this text is longer than 4 KiB");
	if (n && memchr(s, 0, n))
		return fail(b, t->line, t->column, "this text contains a NUL character");
	t->text = arena_copy(b->arena, slice_of(s, n));
	return t->text.p ? 0 : -ENOMEM;
}

static int open_node(struct builder *b, struct tree *t, enum tree_kind kind)
{
	t->kind = kind;
	int r = attach(b, t);
	if (r < 0)
		return r;
	if (b->depth == POLICY_DEPTH_MAX)
		return fail(b, t->line, t->column, "this is nested too deep");
	b->stack[b->depth] = t;
	b->last[b->depth] = NULL;
	b->key[b->depth++] = NULL;
	return 0;
}

static int event(struct builder *b, struct fy_event *e)
{
	const struct fy_mark *mark = fy_event_start_mark(e);
	struct tree *t;
	int r;
	switch ((int)e->type) {
	case FYET_ALIAS:
		return fail(b, mark ? (unsigned)mark->line + 1 : 1, mark ? (unsigned)mark->column + 1 : 1,
		        "aliases (*name) are not taken here; write the value out");
	case FYET_SEQUENCE_END:
	case FYET_MAPPING_END:
		b->depth--;
		return 0;
	case FYET_SCALAR:
	case FYET_SEQUENCE_START:
	case FYET_MAPPING_START:
		break;
	default:
		return 0;
	}
	if (!(t = arena_alloc(b->arena, sizeof(*t))))
		return -ENOMEM;
	t->line = mark ? (unsigned)mark->line + 1 : 1;
	t->column = mark ? (unsigned)mark->column + 1 : 1;
	if (fy_event_get_anchor_token(e))
		return fail(b, t->line, t->column, "anchors (&name) are not taken here");
	if (fy_event_get_tag_token(e))
		return fail(b, t->line, t->column, "tags (!name) are not taken here");
	if (e->type != FYET_SCALAR)
		return open_node(b, t, e->type == FYET_MAPPING_START ? TREE_MAP : TREE_LIST);
	r = scalar(b, e, t);
	return r < 0 ? r : attach(b, t);
}

static int read_events(struct builder *b)
{
	struct fy_event *e;
	while ((e = fy_parser_parse(b->parser))) {
		bool end = e->type == FYET_STREAM_END;
		int r = event(b, e);
		fy_parser_event_free(b->parser, e);
		if (r < 0)
			return r;
		if (end)
			return b->root ? 0 : fail(b, 1, 1, "the document is empty; \"postern policy init\" writes one to begin with");
	}
	void *iter = NULL;
	const struct fy_diag_error *d = fy_diag_errors_iterate(b->diag, &iter);
	policy_problem(b->problems, false, b->file, d && d->line > 0 ? (unsigned)d->line : 1, d && d->column > 0 ? (unsigned)d->column : 1,
	        "no YAML: %s", d ? d->msg : "the text cannot be read");
	return -EINVAL;
}

int tree_yaml(struct slice yaml, const char *file, struct arena *arena, struct tree **out, struct policy_problems *problems)
{
	struct builder b = {.arena = arena, .problems = problems, .file = file};
	int r = check_text(yaml, file, problems);
	if (r < 0)
		return r;
	struct fy_diag_cfg diag;
	fy_diag_cfg_default(&diag);
	diag.fp = NULL;
	diag.colorize = false;
	b.diag = fy_diag_create(&diag);
	if (!b.diag)
		return -ENOMEM;
	fy_diag_set_collect_errors(b.diag, true);
	struct fy_parse_cfg cfg = {.flags = FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2, .diag = b.diag};
	b.parser = fy_parser_create(&cfg);
	r = b.parser ? 0 : -ENOMEM;
	if (r == 0 && fy_parser_set_string(b.parser, yaml.n ? (const char *)yaml.p : "", yaml.n) < 0)
		r = -ENOMEM;
	r = r < 0 ? r : read_events(&b);
	fy_parser_destroy(b.parser);
	fy_diag_destroy(b.diag);
	if (r == 0)
		*out = b.root;
	return r;
}
