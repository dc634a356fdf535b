/* YAML by the events of libfyaml. What its version 0.7 does not survive is refused before: bytes that are no UTF-8, and directives. */
#include <libfyaml.h>

#include "base/utf8.h"
#include "parse/conf_part.h"

#define YAML_MAX  (256u << 10)
#define KEYS_MAX  2000 /* of one map */
#define ALIKE_MAX 1000 /* keys that fall into one place of the table: no more have by chance */

/* A key of a map that is open, or was. */
struct key {
	const struct conf *in;
	struct slice text;
};

struct builder {
	struct conf_builder *b;
	struct fy_parser *parser;
	struct conf *stack[CONF_DEPTH]; /* open lists and maps */
	struct slice key[CONF_DEPTH];   /* that waits for its value; p is NULL if none does */
	struct key *seen;               /* all of them: a table of 2 to the power of something places */
	size_t n_seen, room;
	struct conf *root;
	size_t depth;
};

static bool check_text(struct conf_builder *b, struct slice yaml)
{
	unsigned line = 1, column = 1;
	uint32_t c = 0;
	if (yaml.n > (b->lock ? CONF_LOCK_MAX : YAML_MAX)) {
		b->error.limit |= !b->error.reason;
		return conf_wrong(b, 1, 1, b->lock ? "it is larger than 16 MiB" : "it is larger than 256 KiB");
	}
	for (size_t i = 0, n; i < yaml.n; i += n) {
		n = utf8_next(yaml, i, &c);
		if (n == 0)
			return conf_wrong(b, line, column, "this byte is not UTF-8");
		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || (c >= 0x7f && c < 0xa0))
			return conf_wrong(b, line, column, "this is a control character; write it as an escape in quotes");
		if (column == 1 && c == '%')
			return conf_wrong(b, line, column, "YAML directives (%…) are not taken here");
		line += c == '\n';
		column = c == '\n' ? 1 : column + 1;
	}
	return true;
}

static struct key *place(struct key *table, size_t room, const struct conf *in, struct slice text)
{
	uint64_t h = (slice_hash(text) ^ (uintptr_t)in >> 4) * 0x9e3779b97f4a7c15u;
	for (size_t i = 0; i < ALIKE_MAX; i++) {
		struct key *k = &table[(h + i) & (room - 1)];
		if (!k->in || (k->in == in && slice_eq(k->text, text)))
			return k;
	}
	return NULL;
}

static bool grow(struct builder *y)
{
	size_t room = y->room ? 2 * y->room : 64;
	struct key *larger = calloc(room, sizeof(*larger));
	y->b->no_memory |= !larger;
	for (size_t i = 0; larger && i < y->room; i++) {
		struct key *to = y->seen[i].in ? place(larger, room, y->seen[i].in, y->seen[i].text) : NULL;
		if (to)
			*to = y->seen[i];
	}
	if (larger) {
		free(y->seen);
		y->seen = larger;
		y->room = room;
	}
	return larger;
}

/* Notes the key; false: it is there already, or nothing can be said. */
static bool is_new(struct builder *y, const struct conf *in, const struct conf *c)
{
	if (2 * y->n_seen >= y->room && !grow(y))
		return false;
	struct key *k = place(y->seen, y->room, in, c->text);
	if (!k || k->in)
		return conf_wrong(y->b, c->line, c->column, k ? "this key is there twice" : "this mapping has too many keys");
	*k = (struct key){.in = in, .text = c->text};
	y->n_seen++;
	return true;
}

static bool attach(struct builder *y, struct conf *c)
{
	if (y->depth == 0) {
		if (y->root)
			return conf_wrong(y->b, c->line, c->column, "a second document begins here");
		y->root = c;
		return true;
	}
	size_t d = y->depth - 1;
	struct conf *in = y->stack[d];
	if (in->type == CONF_MAP && !y->key[d].p) {
		if (c->type == CONF_LIST || c->type == CONF_MAP)
			return conf_wrong(y->b, c->line, c->column, "a key should be a word");
		if (!is_new(y, in, c))
			return false;
		if (in->n >= KEYS_MAX && !y->b->lock)
			return conf_wrong(y->b, c->line, c->column, "this mapping has too many keys");
		y->key[d] = c->text.p ? c->text : SLICE("");
		return true;
	}
	c->key = in->type == CONF_MAP ? y->key[d] : SLICE_NONE;
	y->key[d] = SLICE_NONE;
	conf_append(in, c);
	return true;
}

static enum conf_type plain_type(struct slice s)
{
	static const char *const words[] = {"true", "false", "True", "False", "TRUE", "FALSE"};
	bool digits = s.n > 0;
	if (s.n == 0 || slice_is(s, "null") || slice_is(s, "~"))
		return CONF_NULL;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_is(s, words[i]))
			return CONF_BOOL;
	for (size_t i = 0; i < s.n; i++)
		digits = digits && ((s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '.' || (i == 0 && s.n > 1 && s.p[i] == '-'));
	return digits ? CONF_NUMBER : CONF_TEXT;
}

static bool scalar(struct builder *y, struct fy_event *e, struct conf *c)
{
	struct fy_token *token = fy_event_get_token(e);
	size_t n = 0;
	const char *s = token ? fy_token_get_text(token, &n) : NULL;
	enum fy_scalar_style style = token ? fy_token_scalar_style(token) : FYSS_PLAIN;
	c->text = conf_copy(y->b, slice_of(s ? s : "", s ? n : 0));
	c->type = style == FYSS_PLAIN ? plain_type(c->text) : CONF_TEXT;
	/* The library counts from behind the quote. */
	if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && c->column > 1)
		c->column--;
	return attach(y, c);
}

static bool event(struct builder *y, struct fy_event *e)
{
	const struct fy_mark *mark = fy_event_start_mark(e);
	unsigned line = mark ? (unsigned)mark->line + 1 : 1, column = mark ? (unsigned)mark->column + 1 : 1;
	switch ((int)e->type) {
	case FYET_ALIAS:
		return conf_wrong(y->b, line, column, "aliases (*name) are not taken here");
	case FYET_SEQUENCE_END:
	case FYET_MAPPING_END:
		y->depth--;
		return true;
	case FYET_SCALAR:
	case FYET_SEQUENCE_START:
	case FYET_MAPPING_START:
		break;
	default:
		return true;
	}
	struct conf *c = conf_new(y->b, e->type == FYET_MAPPING_START ? CONF_MAP : CONF_LIST);
	if (!c)
		return false;
	c->line = line;
	c->column = column;
	if (fy_event_get_anchor_token(e))
		return conf_wrong(y->b, line, column, "anchors (&name) are not taken here");
	if (fy_event_get_tag_token(e))
		return conf_wrong(y->b, line, column, "tags (!name) are not taken here");
	if (e->type == FYET_SCALAR)
		return scalar(y, e, c);
	if (!attach(y, c))
		return false;
	if (y->depth == CONF_DEPTH)
		return conf_wrong(y->b, line, column, "this is nested too deep");
	y->stack[y->depth] = c;
	y->key[y->depth++] = SLICE_NONE;
	return true;
}

static bool read_events(struct builder *y, struct fy_diag *diag)
{
	struct fy_event *e;
	while ((e = fy_parser_parse(y->parser))) {
		bool end = e->type == FYET_STREAM_END, good = event(y, e);
		fy_parser_event_free(y->parser, e);
		if (!good)
			return false;
		if (end)
			return y->root || conf_wrong(y->b, 1, 1, "the document is empty");
	}
	void *iter = NULL;
	const struct fy_diag_error *d = fy_diag_errors_iterate(diag, &iter);
	const char *why = d ? arena_str(y->b->arena, slice_str(d->msg)) : NULL;
	return conf_wrong(y->b, d && d->line > 0 ? (unsigned)d->line : 1, d && d->column > 0 ? (unsigned)d->column : 1,
	        why ? why : "it cannot be read");
}

bool conf_yaml(struct conf_builder *b, struct slice text, struct conf **out)
{
	struct builder y = {.b = b};
	struct fy_diag_cfg diag_cfg;
	if (!check_text(b, text))
		return false;
	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.colorize = false;
	struct fy_diag *diag = fy_diag_create(&diag_cfg);
	if (!diag) {
		b->no_memory = true;
		return false;
	}
	fy_diag_set_collect_errors(diag, true);
	struct fy_parse_cfg cfg = {.flags = FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2, .diag = diag};
	y.parser = fy_parser_create(&cfg);
	bool good = y.parser && fy_parser_set_string(y.parser, text.n ? (const char *)text.p : "", text.n) == 0;
	b->no_memory |= !good;
	good = good && read_events(&y, diag);
	fy_parser_destroy(y.parser);
	fy_diag_destroy(diag);
	free(y.seen);
	if (good)
		*out = y.root;
	return good;
}
