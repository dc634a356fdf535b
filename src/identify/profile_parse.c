/* The YAML of a profile. One table says which keys there are and what they hold; the rest walks it. Aliases are refused (they are
 * what YAML bombs are made of), the library limits the depth, and the text is capped, so work is bounded by the size of the text. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include <libfyaml.h>

#include "identify/profile.h"

#define LIST_MAX   64
#define STRING_MAX (64u * 1024)

struct reader {
	struct fy_document *doc;
	struct fy_diag *diag;
	struct arena *arena;
	struct err *err;
	const char *name;
	struct profile p;
	struct fy_node *key; /* the one whose value is being read */
	bool gateway;        /* what is being read is for a gateway: {base_url} and {host} have a value */
};

/* The first thing that the library or complain() had to say, with its place, `back` columns before the one that is noted. */
static int report(struct reader *r, const char *fallback, int back)
{
	void *iter = NULL;
	const struct fy_diag_error *e = r->diag ? fy_diag_errors_iterate(r->diag, &iter) : NULL;
	if (!e)
		return err_set(r->err, -EINVAL, "%s:1:1: %s", r->name, fallback);
	int line = e->line > 0 ? e->line : 1, column = e->column > back ? e->column - back : 1;
	return err_set(r->err, -EINVAL, "%s:%d:%d: %s", r->name, line, column, e->msg);
}

static bool is_null(struct fy_node *n)
{
	size_t len = 0;
	if (!fy_node_is_scalar(n) || fy_node_is_alias(n))
		return false;
	const char *s = fy_node_get_scalar(n, &len);
	return fy_node_get_style(n) == FYNS_PLAIN && (!s || len == 0 || (len == 4 && !memcmp(s, "null", 4)) || (len == 1 && *s == '~'));
}

/* Always -EINVAL. The message goes through the library, which alone knows the place of a node. */
__attribute__((format(printf, 3, 4))) static int complain(struct reader *r, struct fy_node *at, const char *fmt, ...)
{
	char text[480];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	enum fy_node_style style = fy_node_get_style(at);
	if (style == FYNS_PLAIN && is_null(at))
		at = r->key; /* nothing is nowhere: the key is the nearest place */
	fy_node_report(at, FYET_ERROR, "%s", text);
	return report(r, text, style == FYNS_SINGLE_QUOTED || style == FYNS_DOUBLE_QUOTED || style == FYNS_ALIAS);
}

static const char *kind(struct fy_node *n)
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

static int get_string(struct reader *r, struct fy_node *n, const char *key, const char **out)
{
	if (fy_node_is_alias(n))
		return complain(r, n, "aliases (*name) are not taken here; write the value out");
	if (!fy_node_is_scalar(n) || is_null(n))
		return complain(r, n, "\"%s\" should be a text, but is %s", key, kind(n));
	size_t len = 0;
	const char *s = fy_node_get_scalar(n, &len);
	if (len > STRING_MAX)
		return complain(r, n, "\"%s\" is longer than %u KiB", key, STRING_MAX / 1024);
	if (len && memchr(s, 0, len))
		return complain(r, n, "\"%s\" contains a NUL character, which no argument, variable or path can", key);
	char *copy = arena_str(r->arena, slice_of(s, len));
	if (!copy)
		return -ENOMEM;
	*out = copy;
	return 0;
}

/* As get_string, with the placeholders checked. */
static int get_template(struct reader *r, struct fy_node *n, const char *key, const char **out)
{
	const char *s;
	int e = get_string(r, n, key, &s);
	if (e < 0)
		return e;
	struct slice bad = profile_unknown_placeholder(s);
	if (bad.n)
		return complain(r, n,
		        "\"%s\" uses %.*s, which is no placeholder; there are {prompt} {base_url} {host} {home} {project} {key} {user} "
		        "{package}",
		        key, SLICE_FMT(slice_sub(bad, 0, 40)));
	if (!r->gateway && (strstr(s, "{base_url}") || strstr(s, "{host}")))
		return complain(
		        r, n, "{base_url} and {host} have no value here; they belong into env_gateway, argv_gateway or files_gateway");
	*out = s;
	return 0;
}

static int get_unsigned(struct reader *r, struct fy_node *n, const char *key, unsigned max, unsigned *out)
{
	const char *s;
	uint64_t v;
	int e = get_string(r, n, key, &s);
	if (e < 0)
		return e;
	if (!slice_u64(slice_str(s), max, &v))
		return complain(r, n, "\"%s\" should be a whole number from 0 to %u, but is \"%.40s\"", key, max, s);
	*out = (unsigned)v;
	return 0;
}

static int get_bool(struct reader *r, struct fy_node *n, const char *key, bool *out)
{
	const char *s;
	int e = get_string(r, n, key, &s);
	if (e < 0)
		return e;
	bool yes = strcmp(s, "true") == 0;
	if (!yes && strcmp(s, "false") != 0)
		return complain(r, n, "\"%s\" should be true or false, but is \"%.40s\"", key, s);
	*out = yes;
	return 0;
}

/* A host name, "*.name", "{gateway}" or "*". */
static int get_host(struct reader *r, struct fy_node *n, const char *key, const char **out)
{
	const char *s;
	int e = get_string(r, n, key, &s);
	if (e < 0)
		return e;
	struct slice rest = slice_str(s);
	if (slice_starts(rest, SLICE("*.")))
		rest = slice_from(rest, 2);
	bool good = rest.n > 0 && rest.n < 254;
	for (size_t i = 0; i < rest.n; i++)
		good = good && (islower(rest.p[i]) || isdigit(rest.p[i]) || rest.p[i] == '-' || rest.p[i] == '.' || rest.p[i] == ':');
	if (!good && strcmp(s, "{gateway}") != 0 && strcmp(s, "*") != 0)
		return complain(
		        r, n, "\"%s\" should be a host name in lower case, \"*.name\", \"*\" or \"{gateway}\", but is \"%.80s\"", key, s);
	*out = s;
	return 0;
}

/* Length of a list, checked. */
static int list_length(struct reader *r, struct fy_node *n, const char *key, size_t *out)
{
	if (fy_node_is_alias(n))
		return complain(r, n, "aliases (*name) are not taken here; write the value out");
	if (!fy_node_is_sequence(n))
		return complain(r, n, "\"%s\" should be a list, but is %s", key, kind(n));
	int count = fy_node_sequence_item_count(n);
	if (count < 0 || count > LIST_MAX)
		return complain(r, n, "\"%s\" has more than %d items", key, LIST_MAX);
	*out = (size_t)count;
	return 0;
}

typedef int get_fn(struct reader *r, struct fy_node *n, const char *key, const char **out);

static int get_list(struct reader *r, struct fy_node *n, const char *key, get_fn *get, const char *const **out)
{
	size_t count = 0, i = 0;
	int e = list_length(r, n, key, &count);
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

static bool variable_name(struct slice s)
{
	bool good = s.n > 0 && s.n < 128 && !isdigit(s.p[0]);
	for (size_t i = 0; i < s.n; i++)
		good = good && (isalnum(s.p[i]) || s.p[i] == '_');
	return good;
}

/* A mapping NAME: value becomes "NAME=value"…; at most max entries. */
static int get_env(struct reader *r, struct fy_node *n, const char *key, int max, const char *const **out)
{
	if (!fy_node_is_mapping(n))
		return complain(r, n, "\"%s\" should be a mapping of variable names to values, but is %s", key, kind(n));
	int count = fy_node_mapping_item_count(n);
	if (count < 0 || count > max)
		return complain(r, n, "\"%s\" has more than %d variables", key, max);
	const char **list = arena_array(r->arena, (size_t)count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	void *iter = NULL;
	size_t i = 0;
	for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(n, &iter)); i++) {
		const char *name, *value;
		int e = get_string(r, fy_node_pair_key(pair), key, &name);
		if (e < 0)
			return e;
		if (!variable_name(slice_str(name)))
			return complain(r, fy_node_pair_key(pair), "\"%.80s\" is no name of a variable: letters, digits and _ only", name);
		r->key = fy_node_pair_key(pair);
		if ((e = get_template(r, fy_node_pair_value(pair), name, &value)) < 0)
			return e;
		if (!(list[i] = arena_fmt(r->arena, "%s=%s", name, value)))
			return -ENOMEM;
	}
	*out = list;
	return 0;
}

/* Edit distance (insert, delete, replace) of two short words; large if one is too long to be worth a guess. */
static size_t distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), row[33];
	if (n > 32 || m > 32)
		return SIZE_MAX;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[m];
}

struct key {
	const char *name;
	int (*read)(struct reader *r, struct fy_node *n, const char *key, void *object);
	bool required;
};

/* Reads a mapping by its table of keys (at most 32). `what` names it in messages. */
static int read_mapping(struct reader *r, struct fy_node *n, const char *what, const struct key *keys, size_t n_keys, void *object)
{
	uint32_t seen = 0;
	if (fy_node_is_alias(n))
		return complain(r, n, "aliases (*name) are not taken here; write the value out");
	if (!fy_node_is_mapping(n))
		return complain(r, n, "%s should be a mapping (key: value), but is %s", what, kind(n));
	void *iter = NULL;
	for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(n, &iter));) {
		const char *name;
		int e = get_string(r, fy_node_pair_key(pair), what, &name);
		if (e < 0)
			return e;
		size_t k = 0, near = 0, best = SIZE_MAX;
		while (k < n_keys && strcmp(keys[k].name, name) != 0)
			k++;
		if (k == n_keys) {
			for (size_t i = 0; i < n_keys; i++)
				if (distance(name, keys[i].name) < best)
					best = distance(name, keys[near = i].name);
			if (best <= 3)
				return complain(
				        r, fy_node_pair_key(pair), "unknown key \"%.60s\"; did you mean \"%s\"?", name, keys[near].name);
			return complain(
			        r, fy_node_pair_key(pair), "unknown key \"%.60s\" in %s; postern-profile(5) lists the keys", name, what);
		}
		if (seen & 1u << k)
			return complain(r, fy_node_pair_key(pair), "the key \"%s\" is there twice", name);
		seen |= 1u << k;
		r->key = fy_node_pair_key(pair);
		if ((e = keys[k].read(r, fy_node_pair_value(pair), name, object)) < 0)
			return e;
	}
	for (size_t k = 0; k < n_keys; k++)
		if (keys[k].required && !(seen & 1u << k))
			return complain(r, n, "%s lacks the key \"%s\"", what, keys[k].name);
	return 0;
}

/* Reads a list of mappings into an array of `size`-byte structs. */
static int read_objects(struct reader *r, struct fy_node *n, const char *key, const char *what, const struct key *keys, size_t n_keys,
        size_t size, void *out, size_t *n_out)
{
	size_t count = 0;
	int e = list_length(r, n, key, &count);
	if (e < 0)
		return e;
	char *array = arena_array(r->arena, count, size);
	if (!array)
		return -ENOMEM;
	void *iter = NULL;
	size_t i = 0;
	for (struct fy_node *item; (item = fy_node_sequence_iterate(n, &iter)); i++)
		if ((e = read_mapping(r, item, what, keys, n_keys, array + i * size)) < 0)
			return e;
	memcpy(out, &array, sizeof(array));
	*n_out = count;
	return 0;
}

/* One reader for each key whose value goes into one field. */
#define READ(function, type, field, expression)                                                 \
	static int function(struct reader *r, struct fy_node *n, const char *key, void *object) \
	{                                                                                       \
		type *o = object;                                                               \
		return expression;                                                              \
	}

static int file_path(struct reader *r, struct fy_node *n, const char *key, void *object)
{
	struct profile_file *f = object;
	int e = get_template(r, n, key, &f->path);
	if (e < 0)
		return e;
	struct slice s = slice_str(f->path), rest = s, part;
	if (!slice_starts(s, SLICE("/")) && !slice_starts(s, SLICE("{home}/")) && !slice_starts(s, SLICE("{project}/")))
		return complain(r, n, "\"path\" should begin with {home}/, {project}/ or /, but is \"%.80s\"", f->path);
	while (slice_split(&rest, '/', &part))
		if (slice_is(part, ".."))
			return complain(r, n, "\"path\" may not have \"..\" in it");
	return 0;
}

READ(file_data, struct profile_file, data, get_template(r, n, key, &o->data))
static const struct key file_keys[] = {{"path", file_path, true}, {"data", file_data, true}};

READ(declares_host, struct profile_declares, host, get_host(r, n, key, &o->host))
READ(declares_purpose, struct profile_declares, purpose, get_string(r, n, key, &o->purpose))
READ(declares_source, struct profile_declares, source, get_string(r, n, key, &o->source))
static const struct key declares_keys[] = {
        {"host", declares_host, true}, {"purpose", declares_purpose, true}, {"source", declares_source, true}};

static int field_factor(struct reader *r, struct fy_node *n, const char *key, void *object)
{
	struct profile_field *f = object;
	int e = get_string(r, n, key, &f->factor);
	if (e < 0)
		return e;
	bool good = f->factor[0] != 0;
	for (const char *c = f->factor; *c; c++)
		good = good && (islower((unsigned char)*c) || *c == '_');
	return good ? 0 : complain(r, n, "\"factor\" should be a name such as timezone or git_remote, but is \"%.40s\"", f->factor);
}

READ(field_host, struct profile_field, host, get_host(r, n, key, &o->host))
READ(field_source, struct profile_field, source, get_string(r, n, key, &o->source))
static const struct key field_keys[] = {{"factor", field_factor, true}, {"host", field_host, true}, {"source", field_source, true}};

static int opt_out_env(struct reader *r, struct fy_node *n, const char *key, void *object)
{
	struct profile_opt_out *o = object;
	const char *const *list;
	int e = get_env(r, n, key, 1, &list);
	if (e == 0)
		o->env = list[0];
	return e;
}

READ(opt_out_name, struct profile_opt_out, name, get_string(r, n, key, &o->name))
static const struct key opt_out_keys[] = {{"name", opt_out_name, true}, {"env", opt_out_env, false}};

static int read_dialect(struct reader *r, struct fy_node *n, const char *key, void *object)
{
	static const char *const dialects[] = {"anthropic", "openai-chat", "openai-responses", "gemini"};
	struct profile *o = object;
	if (is_null(n))
		return 0;
	int e = get_string(r, n, key, &o->dialect);
	if (e < 0)
		return e;
	for (size_t i = 0; i < ARRAY_LEN(dialects); i++)
		if (strcmp(o->dialect, dialects[i]) == 0)
			return 0;
	return complain(r, n, "no such dialect: \"%.40s\"; there are anthropic, openai-chat, openai-responses and gemini", o->dialect);
}

static int read_name(struct reader *r, struct fy_node *n, const char *key, void *object)
{
	struct profile *o = object;
	int e = get_string(r, n, key, &o->name);
	if (e < 0)
		return e;
	bool good = o->name[0] != 0 && strlen(o->name) <= 64;
	for (const char *c = o->name; *c; c++)
		good = good && (islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '-');
	return good ? 0 : complain(r, n, "\"name\" should be a short word of a-z, 0-9 and -, but is \"%.80s\"", o->name);
}

/* What is for a gateway only may use {base_url} and {host}. */
#define GATEWAY(expression)            \
	({                             \
		r->gateway = true;     \
		int _e = (expression); \
		r->gateway = false;    \
		_e;                    \
	})

static int read_base_url(struct reader *r, struct fy_node *n, const char *key, void *object)
{
	struct profile *o = object;
	if (is_null(n))
		return 0;
	int e = GATEWAY(get_template(r, n, key, &o->base_url));
	if (e < 0)
		return e;
	struct slice s = slice_str(o->base_url);
	if (!slice_starts(s, SLICE("http://{host}")) && !slice_starts(s, SLICE("https://{host}")))
		return complain(r, n, "\"base_url\" should begin with http://{host} or https://{host}, but is \"%.80s\"", o->base_url);
	if (slice_find(s, SLICE("{base_url}"), 0) != SLICE_NPOS)
		return complain(r, n, "\"base_url\" cannot use {base_url}");
	return 0;
}

READ(read_title, struct profile, title, get_string(r, n, key, &o->title))
READ(read_publisher, struct profile, publisher, get_string(r, n, key, &o->publisher))
READ(read_packages, struct profile, packages, get_list(r, n, key, get_string, &o->packages))
READ(read_commands, struct profile, commands, get_list(r, n, key, get_string, &o->commands))
READ(read_model_hosts, struct profile, model_hosts, get_list(r, n, key, get_host, &o->model_hosts))
READ(read_prompt, struct profile, prompt, get_string(r, n, key, &o->prompt))
READ(read_argv, struct profile, argv, get_list(r, n, key, get_template, &o->argv))
READ(read_argv_gateway, struct profile, argv_gateway, GATEWAY(get_list(r, n, key, get_template, &o->argv_gateway)))
READ(read_env, struct profile, env, get_env(r, n, key, LIST_MAX, &o->env))
READ(read_env_official, struct profile, env_official, get_env(r, n, key, LIST_MAX, &o->env_official))
READ(read_env_gateway, struct profile, env_gateway, GATEWAY(get_env(r, n, key, LIST_MAX, &o->env_gateway)))
READ(read_seconds, struct profile, seconds, get_unsigned(r, n, key, 600, &o->seconds))
READ(read_min_requests, struct profile, min_model_requests, get_unsigned(r, n, key, 100, &o->min_model_requests))
READ(read_terminal, struct profile, terminal, get_bool(r, n, key, &o->terminal))
READ(read_needs_account, struct profile, needs_account, is_null(n) ? 0 : get_string(r, n, key, &o->needs_account))
#define OBJECTS(function, field, what, keys)  \
	READ(function, struct profile, field, \
	        read_objects(r, n, key, what, keys, ARRAY_LEN(keys), sizeof(*o->field), &o->field, &o->n_##field))
OBJECTS(read_files, files, "a file", file_keys)
OBJECTS(read_declares, declares, "a declaration", declares_keys)
OBJECTS(read_fields, fields, "a field", field_keys)
OBJECTS(read_opt_outs, opt_outs, "an opt-out", opt_out_keys)
READ(read_files_gateway, struct profile, files_gateway,
        GATEWAY(read_objects(
                r, n, key, "a file", file_keys, ARRAY_LEN(file_keys), sizeof(*o->files_gateway), &o->files_gateway, &o->n_files_gateway)))

static const struct key profile_keys[] = {
        {"name", read_name, true},
        {"title", read_title, true},
        {"publisher", read_publisher, false},
        {"packages", read_packages, false},
        {"commands", read_commands, false},
        {"dialect", read_dialect, false},
        {"model_hosts", read_model_hosts, false},
        {"prompt", read_prompt, true},
        {"argv", read_argv, true},
        {"argv_gateway", read_argv_gateway, false},
        {"env", read_env, false},
        {"env_official", read_env_official, false},
        {"env_gateway", read_env_gateway, false},
        {"files", read_files, false},
        {"files_gateway", read_files_gateway, false},
        {"base_url", read_base_url, false},
        {"seconds", read_seconds, false},
        {"terminal", read_terminal, false},
        {"needs_account", read_needs_account, false},
        {"declares", read_declares, false},
        {"fields", read_fields, false},
        {"opt_outs", read_opt_outs, false},
        {"min_model_requests", read_min_requests, false},
};

/* Length of the well-formed UTF-8 sequence at s.p[at] (RFC 3629), or 0. */
static size_t utf8_length(struct slice s, size_t at)
{
	uint8_t c = s.p[at];
	size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
	if (n == 0 || n > s.n - at)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s.p[at + i] & 0xc0) != 0x80)
			return 0;
	if ((c == 0xe0 && s.p[at + 1] < 0xa0) || (c == 0xed && s.p[at + 1] >= 0xa0) || (c == 0xf0 && s.p[at + 1] < 0x90) ||
	        (c == 0xf4 && s.p[at + 1] >= 0x90))
		return 0;
	return n;
}

/* What libfyaml 0.7 does not survive (it can loop for ever on both): bytes that are not UTF-8, and directives. */
static int check_text(struct slice yaml, const char *name, struct err *err)
{
	unsigned line = 1, column = 1;
	for (size_t i = 0, n; i < yaml.n; i += n) {
		n = utf8_length(yaml, i);
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

int profile_parse(struct slice yaml, const char *name, struct arena *arena, struct profile *out, struct err *err)
{
	static const char *const empty[] = {NULL};
	struct reader r = {.arena = arena, .err = err, .name = name};
	r.p = (struct profile){.publisher = "",
	        .packages = empty,
	        .commands = empty,
	        .model_hosts = empty,
	        .argv_gateway = empty,
	        .env = empty,
	        .env_official = empty,
	        .env_gateway = empty,
	        .min_model_requests = 1};
	if (yaml.n > PROFILE_BYTES_MAX)
		return err_set(err, -EINVAL, "%s:1:1: larger than %u KiB; a profile is a few", name, PROFILE_BYTES_MAX / 1024);
	int e = check_text(yaml, name, err);
	if (e < 0)
		return e;
	struct fy_diag_cfg diag_cfg;
	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.colorize = false;
	r.diag = fy_diag_create(&diag_cfg);
	if (!r.diag)
		return err_set(err, -ENOMEM, "%s: out of memory", name);
	fy_diag_set_collect_errors(r.diag, true);
	struct fy_parse_cfg cfg = {.flags = FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2, .diag = r.diag};
	r.doc = fy_document_build_from_string(&cfg, yaml.n ? (const char *)yaml.p : "", yaml.n);
	struct fy_node *root = r.doc ? fy_document_root(r.doc) : NULL;
	if (!r.doc || !root)
		e = report(&r, "the document is empty", 0); /* else the library has said what is wrong */
	else
		e = read_mapping(&r, root, "a profile", profile_keys, ARRAY_LEN(profile_keys), &r.p);
	if (e == -ENOMEM)
		e = err_set(err, -ENOMEM, "%s: needs too much memory", name);
	fy_document_destroy(r.doc);
	fy_diag_destroy(r.diag);
	if (e == 0)
		*out = r.p;
	return e;
}
