#include "identify/prints.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/encode.h"
#include "identify/yaml.h"

static int get_base64(struct yaml *r, struct fy_node *n, const char *key, size_t least, struct slice *out)
{
	uint8_t bytes[PRINTS_CONSTANT_MAX];
	const char *text;
	size_t size;
	int e = yaml_string(r, n, key, &text);
	if (e < 0)
		return e;
	if (!decode_base64_strict(slice_str(text), bytes, sizeof(bytes), &size) || size < least)
		return yaml_complain(r, n, "an item of \"%s\" should be base64 of %zu to %d bytes, but is \"%.80s\"", key, least,
		        PRINTS_CONSTANT_MAX, text);
	*out = arena_copy(r->arena, slice_of(bytes, size));
	return out->p ? 0 : -ENOMEM;
}

YAML_READ(context_text, struct prints_context, text, get_base64(r, n, key, PRINTS_CONTEXT_MIN, &o->text))
static int context_least(struct yaml *r, struct fy_node *n, const char *key, void *object)
{
	struct prints_context *o = object;
	int e = yaml_unsigned(r, n, key, PRINTS_LEAST_MAX, &o->least);
	return e == 0 && o->least == 0 ? yaml_complain(r, n, "\"least\" should be 1 or more") : e;
}
static const struct yaml_key context_keys[] = {{"text", context_text, true}, {"least", context_least, true}};

static int read_contexts(struct yaml *r, struct fy_node *n, const char *key, void *object)
{
	struct prints *o = object;
	int e = yaml_objects(
	        r, n, key, "a context", context_keys, ARRAY_LEN(context_keys), sizeof(*o->context), &o->context, &o->n_contexts);
	return e == 0 && o->n_contexts > PRINTS_CONTEXTS_MAX
	               ? yaml_complain(r, n, "\"%s\" has more than %d items", key, PRINTS_CONTEXTS_MAX)
	               : e;
}

static int get_slices(struct yaml *r, struct fy_node *n, const char *key, size_t least, size_t max, struct slice **out, size_t *n_out)
{
	size_t count = 0, i = 0;
	int e = yaml_list_length(r, n, key, &count);
	if (e < 0)
		return e;
	if (count > max)
		return yaml_complain(r, n, "\"%s\" has more than %zu items", key, max);
	struct slice *list = arena_array(r->arena, count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	void *iter = NULL;
	for (struct fy_node *item; (item = fy_node_sequence_iterate(n, &iter)); i++)
		if ((e = get_base64(r, item, key, least, &list[i])) < 0)
			return e;
	*out = list;
	*n_out = count;
	return 0;
}

static int get_line(struct yaml *r, struct fy_node *n, const char *key, const char **out)
{
	const char *s;
	int e = yaml_string(r, n, key, &s);
	if (e < 0)
		return e;
	bool good = *s && strlen(s) < 128;
	for (const char *c = s; *c; c++)
		good = good && (unsigned char)*c >= 0x20 && *c != 0x7f;
	if (!good)
		return yaml_complain(r, n, "\"%s\" should be one line of at most 127 bytes", key);
	*out = s;
	return 0;
}

static int get_package(struct yaml *r, struct fy_node *n, const char *key, const char **out)
{
	const char *s;
	int e = get_line(r, n, key, &s);
	if (e < 0)
		return e;
	const char *colon = strchr(s, ':');
	bool good = colon && colon != s && colon[1];
	for (const char *c = s; good && c < colon; c++)
		good = islower((unsigned char)*c);
	if (!good)
		return yaml_complain(r, n, "a package should be its kind and name, such as npm:NAME, but is \"%.80s\"", s);
	*out = s;
	return 0;
}

static int read_tool(struct yaml *r, struct fy_node *n, const char *key, void *object)
{
	struct prints *o = object;
	int e = yaml_string(r, n, key, &o->tool);
	if (e < 0)
		return e;
	bool good = o->tool[0] != 0 && strlen(o->tool) <= PRINTS_TOOL_MAX;
	for (const char *c = o->tool; *c; c++)
		good = good && (islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '-');
	return good ? 0 : yaml_complain(r, n, "\"tool\" should be a short word of a-z, 0-9 and -, but is \"%.80s\"", o->tool);
}

YAML_READ(source_version, struct prints_source, version, get_line(r, n, key, &o->version))
YAML_READ(source_integrity, struct prints_source, integrity, get_line(r, n, key, &o->integrity))
static const struct yaml_key source_keys[] = {{"version", source_version, true}, {"integrity", source_integrity, true}};

YAML_READ(read_title, struct prints, title, get_line(r, n, key, &o->title))
YAML_READ(read_publisher, struct prints, publisher, get_line(r, n, key, &o->publisher))
YAML_READ(read_packages, struct prints, packages, yaml_list(r, n, key, get_package, &o->packages))
YAML_READ(read_learned, struct prints, learned,
        yaml_objects(r, n, key, "a source", source_keys, ARRAY_LEN(source_keys), sizeof(*o->learned), &o->learned, &o->n_learned))
YAML_READ(read_need, struct prints, need, yaml_unsigned(r, n, key, PRINTS_CONSTANTS_MAX, &o->need))
YAML_READ(read_constants, struct prints, constant,
        get_slices(r, n, key, PRINTS_CONSTANT_MIN, PRINTS_CONSTANTS_MAX, &o->constant, &o->n_constants))

static const struct yaml_key prints_keys[] = {
        {"tool", read_tool, true},
        {"title", read_title, true},
        {"publisher", read_publisher, true},
        {"packages", read_packages, true},
        {"learned", read_learned, false},
        {"need", read_need, true},
        {"before_version", read_contexts, false},
        {"constants", read_constants, false},
};

int prints_parse(struct slice yaml, const char *name, struct arena *arena, struct prints *out, struct err *err)
{
	struct yaml r = {.arena = arena, .err = err, .name = name, .manual = "postern-prints(5)", .list_max = PRINTS_CONSTANTS_MAX};
	struct prints p = {0};
	if (yaml.n > PRINTS_BYTES_MAX)
		return err_set(err, -EINVAL, "%s:1:1: larger than %u KiB; prints are a few", name, PRINTS_BYTES_MAX / 1024);
	int e = yaml_read(&r, yaml, "a file of prints", prints_keys, ARRAY_LEN(prints_keys), &p);
	if (e == 0 && (p.need == 0 || (p.n_constants && p.need > p.n_constants)))
		e = err_set(err, -EINVAL, "%s:1:1: \"need\" should be from 1 to the number of constants, but is %u", name, p.need);
	if (e == 0 && !p.packages[0])
		e = err_set(err, -EINVAL, "%s:1:1: \"packages\" names none", name);
	if (e == 0)
		*out = p;
	return e;
}

void prints_write(struct buf *out, const struct prints *p, const char *remark)
{
	struct slice rest = slice_str(remark), line;
	while (slice_split(&rest, '\n', &line))
		buf_fmt(out, "# %.*s\n", SLICE_FMT(line));
	buf_fmt(out, "tool: %s\ntitle: ", p->tool);
	encode_json_string(out, slice_str(p->title));
	buf_str_add(out, "\npublisher: ");
	encode_json_string(out, slice_str(p->publisher));
	buf_str_add(out, "\npackages:\n");
	for (size_t i = 0; p->packages[i]; i++) {
		buf_str_add(out, "  - ");
		encode_json_string(out, slice_str(p->packages[i]));
		buf_u8(out, '\n');
	}
	if (p->n_learned)
		buf_str_add(out, "learned:\n");
	for (size_t i = 0; i < p->n_learned; i++) {
		buf_str_add(out, "  - {version: ");
		encode_json_string(out, slice_str(p->learned[i].version));
		buf_str_add(out, ", integrity: ");
		encode_json_string(out, slice_str(p->learned[i].integrity));
		buf_str_add(out, "}\n");
	}
	buf_fmt(out, "need: %u\n", p->need);
	if (p->n_contexts)
		buf_str_add(out, "before_version:\n");
	for (size_t i = 0; i < p->n_contexts; i++) {
		buf_str_add(out, "  - {text: ");
		encode_base64(out, p->context[i].text, false, true);
		buf_fmt(out, ", least: %u}\n", p->context[i].least);
	}
	if (p->n_constants)
		buf_str_add(out, "constants:\n");
	for (size_t i = 0; i < p->n_constants; i++) {
		buf_str_add(out, "  - ");
		encode_base64(out, p->constant[i], false, true);
		buf_u8(out, '\n');
	}
}
