/* The text is checked for what the library does not survive, aliases are refused (they are what YAML bombs are made of), the library limits
 * the depth, and the text is capped by the caller, so work is bounded by the size of the text. */
#include "identify/yaml.h"

#include <errno.h>
#include <stdio.h>

#include "base/opt.h"
#include "base/utf8.h"

#define STRING_MAX (64u * 1024)

/* The first thing that the library or yaml_complain() had to say, with its place, `back` columns before the one that is noted. */
static int report(struct yaml *r, const char *fallback, int back)
{
	void *iter = NULL;
	const struct fy_diag_error *e = r->diag ? fy_diag_errors_iterate(r->diag, &iter) : NULL;
	if (!e)
		return err_set(r->err, -EINVAL, "%s:1:1: %s", r->name, fallback);
	int line = e->line > 0 ? e->line : 1, column = e->column > back ? e->column - back : 1;
	return err_set(r->err, -EINVAL, "%s:%d:%d: %s", r->name, line, column, e->msg);
}

bool yaml_null(struct fy_node *n)
{
	size_t len = 0;
	if (!fy_node_is_scalar(n) || fy_node_is_alias(n))
		return false;
	const char *s = fy_node_get_scalar(n, &len);
	return fy_node_get_style(n) == FYNS_PLAIN && (!s || len == 0 || (len == 4 && !memcmp(s, "null", 4)) || (len == 1 && *s == '~'));
}

/* Always -EINVAL. The message goes through the library, which alone knows the place of a node. */
int yaml_complain(struct yaml *r, struct fy_node *at, const char *fmt, ...)
{
	char text[480];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	enum fy_node_style style = fy_node_get_style(at);
	if (style == FYNS_PLAIN && yaml_null(at))
		at = r->key; /* nothing is nowhere: the key is the nearest place */
	fy_node_report(at, FYET_ERROR, "%s", text);
	return report(r, text, style == FYNS_SINGLE_QUOTED || style == FYNS_DOUBLE_QUOTED || style == FYNS_ALIAS);
}

const char *yaml_kind(struct fy_node *n)
{
	switch (fy_node_get_type(n)) {
	case FYNT_SEQUENCE:
		return "a list";
	case FYNT_MAPPING:
		return "a mapping";
	case FYNT_SCALAR:
	default:
		return fy_node_is_null(n) ? "nothing" : "a single value";
	}
}

int yaml_string(struct yaml *r, struct fy_node *n, const char *key, const char **out)
{
	if (fy_node_is_alias(n))
		return yaml_complain(r, n, "aliases (*name) are not taken here; write the value out");
	if (!fy_node_is_scalar(n) || yaml_null(n))
		return yaml_complain(r, n, "\"%s\" should be a text, but is %s", key, yaml_kind(n));
	size_t len = 0;
	const char *s = fy_node_get_scalar(n, &len);
	if (len > STRING_MAX)
		return yaml_complain(r, n, "\"%s\" is longer than %u KiB", key, STRING_MAX / 1024);
	if (len && memchr(s, 0, len))
		return yaml_complain(r, n, "\"%s\" contains a NUL character, which no argument, variable or path can", key);
	char *copy = arena_str(r->arena, slice_of(s, len));
	if (!copy)
		return -ENOMEM;
	*out = copy;
	return 0;
}

/* Length of a list, checked. */
int yaml_list_length(struct yaml *r, struct fy_node *n, const char *key, size_t *out)
{
	if (fy_node_is_alias(n))
		return yaml_complain(r, n, "aliases (*name) are not taken here; write the value out");
	if (!fy_node_is_sequence(n))
		return yaml_complain(r, n, "\"%s\" should be a list, but is %s", key, yaml_kind(n));
	int count = fy_node_sequence_item_count(n);
	if (count < 0 || (size_t)count > r->list_max)
		return yaml_complain(r, n, "\"%s\" has more than %zu items", key, r->list_max);
	*out = (size_t)count;
	return 0;
}

int yaml_list(struct yaml *r, struct fy_node *n, const char *key, yaml_get_fn *get, const char *const **out)
{
	size_t count = 0, i = 0;
	int e = yaml_list_length(r, n, key, &count);
	if (e < 0)
		return e;
	const char **list = arena_array(r->arena, count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	void *iter = NULL;
	for (struct fy_node *item; (item = fy_node_sequence_iterate(n, &iter)); i++)
		if ((e = get(r, item, key, &list[i])) < 0)
			return e;
	*out = list;
	return 0;
}

/* Reads a mapping by its table of keys (at most 32). `what` names it in messages. */
static int yaml_mapping(struct yaml *r, struct fy_node *n, const char *what, const struct yaml_key *keys, size_t n_keys, void *object)
{
	uint32_t seen = 0;
	if (fy_node_is_alias(n))
		return yaml_complain(r, n, "aliases (*name) are not taken here; write the value out");
	if (!fy_node_is_mapping(n))
		return yaml_complain(r, n, "%s should be a mapping (key: value), but is %s", what, yaml_kind(n));
	void *iter = NULL;
	for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(n, &iter));) {
		const char *name;
		int e = yaml_string(r, fy_node_pair_key(pair), what, &name);
		if (e < 0)
			return e;
		size_t k = 0;
		while (k < n_keys && strcmp(keys[k].name, name) != 0)
			k++;
		if (k == n_keys) {
			const char *words[33] = {NULL}, *near;
			for (size_t i = 0; i < n_keys; i++)
				words[i] = keys[i].name;
			near = opt_nearest(name, words);
			if (near)
				return yaml_complain(r, fy_node_pair_key(pair), "unknown key \"%.60s\"; did you mean \"%s\"?", name, near);
			return yaml_complain(
			        r, fy_node_pair_key(pair), "unknown key \"%.60s\" in %s; %s lists the keys", name, what, r->manual);
		}
		if (seen & 1u << k)
			return yaml_complain(r, fy_node_pair_key(pair), "the key \"%s\" is there twice", name);
		seen |= 1u << k;
		r->key = fy_node_pair_key(pair);
		if ((e = keys[k].read(r, fy_node_pair_value(pair), name, object)) < 0)
			return e;
	}
	for (size_t k = 0; k < n_keys; k++)
		if (keys[k].required && !(seen & 1u << k))
			return yaml_complain(r, n, "%s lacks the key \"%s\"", what, keys[k].name);
	return 0;
}

/* Reads a list of mappings into an array of `size`-byte structs. */
int yaml_objects(struct yaml *r, struct fy_node *n, const char *key, const char *what, const struct yaml_key *keys, size_t n_keys,
        size_t size, void *out, size_t *n_out)
{
	size_t count = 0;
	int e = yaml_list_length(r, n, key, &count);
	if (e < 0)
		return e;
	char *array = arena_array(r->arena, count, size);
	if (!array)
		return -ENOMEM;
	void *iter = NULL;
	size_t i = 0;
	for (struct fy_node *item; (item = fy_node_sequence_iterate(n, &iter)); i++)
		if ((e = yaml_mapping(r, item, what, keys, n_keys, array + i * size)) < 0)
			return e;
	memcpy(out, &array, sizeof(array));
	*n_out = count;
	return 0;
}

/* What libfyaml 0.7 does not survive (it can loop for ever on both): bytes that are not UTF-8, and directives. */
static int check_text(struct slice yaml, const char *name, struct err *err)
{
	unsigned line = 1, column = 1;
	uint32_t c = 0;
	for (size_t i = 0, n; i < yaml.n; i += n) {
		n = utf8_next(yaml, i, &c);
		if (n == 0)
			return err_set(err, -EINVAL, "%s:%u:%u: this byte (0x%02x) is not UTF-8", name, line, column, yaml.p[i]);
		if (n == 1 && yaml.p[i] < 0x20 && yaml.p[i] != '\t' && yaml.p[i] != '\n' && yaml.p[i] != '\r')
			return err_set(err, -EINVAL, "%s:%u:%u: this is a control character (0x%02x); write it as an escape in quotes",
			        name, line, column, yaml.p[i]);
		if (column == 1 && yaml.p[i] == '%')
			return err_set(err, -EINVAL, "%s:%u:1: YAML directives (%%…) are not taken here", name, line);
		bool end = yaml.p[i] == '\n';
		line += end;
		column = end ? 1 : column + 1;
	}
	return 0;
}

int yaml_unsigned(struct yaml *r, struct fy_node *n, const char *key, unsigned max, unsigned *out)
{
	const char *s;
	uint64_t v;
	int e = yaml_string(r, n, key, &s);
	if (e < 0)
		return e;
	if (!slice_u64(slice_str(s), max, &v))
		return yaml_complain(r, n, "\"%s\" should be a whole number from 0 to %u, but is \"%.40s\"", key, max, s);
	*out = (unsigned)v;
	return 0;
}

int yaml_read(struct yaml *r, struct slice text, const char *what, const struct yaml_key *keys, size_t n_keys, void *object)
{
	int e = check_text(text, r->name, r->err);
	if (e < 0)
		return e;
	struct fy_diag_cfg diag_cfg;
	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.colorize = false;
	r->diag = fy_diag_create(&diag_cfg);
	if (!r->diag)
		return err_set(r->err, -ENOMEM, "%s: out of memory", r->name);
	fy_diag_set_collect_errors(r->diag, true);
	struct fy_parse_cfg cfg = {.flags = FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2, .diag = r->diag};
	struct fy_document *doc = fy_document_build_from_string(&cfg, text.n ? (const char *)text.p : "", text.n);
	struct fy_node *root = doc ? fy_document_root(doc) : NULL;
	if (!doc || !root)
		e = report(r, "the document is empty", 0); /* else the library has said what is wrong */
	else
		e = yaml_mapping(r, root, what, keys, n_keys, object);
	if (e == -ENOMEM)
		e = err_set(r->err, -ENOMEM, "%s: needs too much memory", r->name);
	fy_document_destroy(doc);
	fy_diag_destroy(r->diag);
	r->diag = NULL;
	return e;
}
