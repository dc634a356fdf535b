/* The YAML of rules. Text is checked before libfyaml sees it, aliases are refused, sizes have caps. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include <libfyaml.h>

#include "base/utf8.h"
#include "inspect/secret_part.h"

#define TEXT_MAX  ((size_t)1 << 20)
#define ITEMS_MAX 64

struct reader {
	struct fy_document *doc;
	struct fy_diag *diag;
	struct arena *arena;
	struct err *err;
	const char *name;
};

static int report(struct reader *r, const char *fallback)
{
	void *iter = NULL;
	const struct fy_diag_error *e = r->diag ? fy_diag_errors_iterate(r->diag, &iter) : NULL;
	if (!e)
		return err_set(r->err, -EINVAL, "%s:1:1: %s", r->name, fallback);
	return err_set(r->err, -EINVAL, "%s:%d:%d: %s", r->name, e->line > 0 ? e->line : 1, e->column > 0 ? e->column : 1, e->msg);
}

__attribute__((format(printf, 3, 4))) static int complain(struct reader *r, struct fy_node *at, const char *fmt, ...)
{
	char text[400];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fy_node_report(at, FYET_ERROR, "%s", text);
	return report(r, text);
}

static int check_text(struct reader *r, struct slice s)
{
	unsigned line = 1;
	uint32_t c;
	if (s.n > TEXT_MAX)
		return err_set(r->err, -EINVAL, "%s:1:1: rules longer than 1 MiB are not read", r->name);
	for (size_t i = 0, n; i < s.n; i += n) {
		n = utf8_next(s, i, &c);
		if (n == 0)
			return err_set(r->err, -EINVAL, "%s:%u:1: this line is not UTF-8", r->name, line);
		if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
			return err_set(r->err, -EINVAL, "%s:%u:1: this line has a control character", r->name, line);
		if (c == '%' && (i == 0 || s.p[i - 1] == '\n'))
			return err_set(r->err, -EINVAL, "%s:%u:1: YAML directives (%%…) are not taken here", r->name, line);
		line += c == '\n';
	}
	return 0;
}

static int get_string(struct reader *r, struct fy_node *n, const char *key, const char **out)
{
	size_t len = 0;
	if (fy_node_is_alias(n) || !fy_node_is_scalar(n))
		return complain(r, n, "\"%.40s\" should be a text", key);
	const char *s = fy_node_get_scalar(n, &len);
	if (len == 0 || len > 400 || memchr(s, 0, len))
		return complain(r, n, "\"%.40s\" should be a text of 1 to 400 bytes", key);
	return (*out = arena_str(r->arena, slice_of(s, len))) ? 0 : -ENOMEM;
}

/* One text, or a list of them. */
static int get_list(struct reader *r, struct fy_node *n, const char *key, struct secret_list *out)
{
	int count = fy_node_is_sequence(n) ? fy_node_sequence_item_count(n) : 1;
	if (count < 1 || count > ITEMS_MAX)
		return complain(r, n, "\"%.40s\" should be a text, or a list of 1 to %d of them", key, ITEMS_MAX);
	const char **items = arena_array(r->arena, (size_t)count, sizeof(*items));
	if (!items)
		return -ENOMEM;
	*out = (struct secret_list){items, (size_t)count};
	if (!fy_node_is_sequence(n))
		return get_string(r, n, key, &items[0]);
	void *iter = NULL;
	size_t i = 0;
	for (struct fy_node *item; (item = fy_node_sequence_iterate(n, &iter)); i++) {
		int e = get_string(r, item, key, &items[i]);
		if (e < 0)
			return e;
	}
	return 0;
}

enum kind { NAME, TEXT, LIST, CHECK, NUMBER, TENTHS, YES };
static const struct key {
	const char *name;
	enum kind kind;
	size_t offset;
	unsigned max;
} keys[] = {
#define KEY(name, kind, max)                                         \
	{                                                            \
#name, kind, offsetof(struct secret_rule, name), max \
	}
        KEY(name, NAME, 0),
        KEY(what, TEXT, 0),
        {"pattern", LIST, offsetof(struct secret_rule, patterns), 0},
        KEY(near, LIST, 0),
        {"value", LIST, offsetof(struct secret_rule, values), 0},
        KEY(check, CHECK, 0),
        KEY(entropy, TENTHS, 80),
        KEY(confidence, NUMBER, 100),
        KEY(skip, NUMBER, 64),
        KEY(nocase, YES, 0),
        KEY(glued, YES, 0),
        KEY(loose, YES, 0),
        KEY(run, YES, 0),
        KEY(direct, YES, 0),
        KEY(off, YES, 0),
#undef KEY
};

/* "3", "3.5": tenths. */
static bool tenths(const char *s, uint64_t *v)
{
	struct slice rest = slice_str(s), whole;
	uint64_t part = 0;
	if (!slice_split(&rest, '.', &whole) || !slice_u64(whole, 8, v) || (rest.n && !slice_u64(rest, 9, &part)))
		return false;
	*v = *v * 10 + part;
	return true;
}

static int read_value(struct reader *r, struct fy_node *n, const struct key *k, struct secret_rule *rule)
{
	char *field = (char *)rule + k->offset;
	const char *s;
	uint64_t v = 0;
	if (k->kind == LIST)
		return get_list(r, n, k->name, (struct secret_list *)(void *)field);
	int e = get_string(r, n, k->name, &s);
	if (e < 0)
		return e;
	bool good = true;
	switch (k->kind) {
	case NAME:
		for (const char *c = s; *c; c++)
			good = good && (islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '-');
		if (!good || strlen(s) > 32)
			return complain(r, n, "\"name\" should be at most 32 of a-z, 0-9 and -, but is \"%.60s\"", s);
		[[fallthrough]];
	case TEXT:
		memcpy(field, &s, sizeof(s));
		return 0;
	case CHECK:
		rule->check = image_check_of(slice_str(s));
		return rule->check < CHECK_END ? 0 : complain(r, n, "there is no check \"%.40s\"", s);
	case NUMBER:
	case TENTHS:
		if (k->kind == NUMBER ? !slice_u64(slice_str(s), k->max, &v) : !tenths(s, &v))
			return complain(r, n, "\"%s\" should be a number, but is \"%.40s\"", k->name, s);
		*(unsigned *)(void *)field = (unsigned)v;
		return 0;
	case YES:
		*(bool *)field = strcmp(s, "true") == 0;
		return *(bool *)field || strcmp(s, "false") == 0 ? 0 : complain(r, n, "\"%s\" should be true or false", k->name);
	case LIST:
	default:
		return -EINVAL;
	}
}

static int read_rule(struct reader *r, struct fy_node *n, struct secret_rule *rule)
{
	if (fy_node_is_alias(n) || !fy_node_is_mapping(n))
		return complain(r, n, "a rule should be a mapping (key: value)");
	void *iter = NULL;
	for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(n, &iter));) {
		const char *name;
		int e = get_string(r, fy_node_pair_key(pair), "a key", &name);
		if (e < 0)
			return e;
		size_t k = 0;
		while (k < ARRAY_LEN(keys) && strcmp(keys[k].name, name) != 0)
			k++;
		if (k == ARRAY_LEN(keys))
			return complain(r, fy_node_pair_key(pair), "unknown key \"%.40s\" in a rule", name);
		struct fy_node *value = fy_node_pair_value(pair);
		if ((e = value ? read_value(r, value, &keys[k], rule) : complain(r, n, "\"%s\" has no value", name)) < 0)
			return e;
	}
	if (!rule->name)
		return complain(r, n, "a rule lacks its \"name\"");
	if (rule->off)
		return 0;
	if (!rule->what)
		rule->what = rule->name;
	if (rule->patterns.n == 0 && (rule->near.n == 0 || rule->values.n == 0))
		return complain(r, n, "the rule \"%s\" should have a \"pattern\", or \"near\" and \"value\"", rule->name);
	return 0;
}

static int read_all(struct reader *r, struct secret_rules *out)
{
	struct fy_node *root = fy_document_root(r->doc), *list = root ? fy_node_by_path(root, "/rules", FY_NT, FYNWF_DONT_FOLLOW) : NULL;
	if (!list || !fy_node_is_sequence(list))
		return root ? complain(r, root, "there should be a list \"rules\"") : report(r, "there should be a list \"rules\"");
	void *iter = NULL;
	for (struct fy_node *item; (item = fy_node_sequence_iterate(list, &iter));) {
		struct secret_rule rule = {.confidence = 90};
		int e = read_rule(r, item, &rule);
		if (e < 0)
			return e;
		size_t i = 0;
		while (i < out->n && strcmp(out->rules[i].name, rule.name) != 0)
			i++;
		if (i == out->max)
			return complain(r, item, "there are more than %zu rules", out->max);
		if (i == out->n)
			out->n++;
		out->rules[i] = rule;
	}
	return 0;
}

int secret_read(const struct secret_source *source, struct arena *arena, struct secret_rules *out, struct err *err)
{
	struct reader r = {.arena = arena, .err = err, .name = source->name};
	int e = check_text(&r, source->text);
	if (e < 0)
		return e;
	struct fy_diag_cfg diag_cfg;
	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	if (!(r.diag = fy_diag_create(&diag_cfg)))
		return -ENOMEM;
	fy_diag_set_collect_errors(r.diag, true);
	const struct fy_parse_cfg cfg = {.flags = FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2, .diag = r.diag};
	r.doc = fy_document_build_from_string(&cfg, (const char *)source->text.p, source->text.n);
	e = r.doc ? read_all(&r, out) : report(&r, "this is no YAML");
	if (r.doc)
		fy_document_destroy(r.doc);
	fy_diag_destroy(r.diag);
	return e;
}
