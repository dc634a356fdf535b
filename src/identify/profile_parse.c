/* The YAML of a profile. One table says which keys there are and what they hold; yaml.c walks it. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "identify/profile.h"
#include "identify/yaml.h"

#define LIST_MAX 64

/* As yaml_string, with the placeholders checked. */
static int get_template(struct yaml *r, struct fy_node *n, const char *key, const char **out)
{
	const char *s;
	int e = yaml_string(r, n, key, &s);
	if (e < 0)
		return e;
	struct slice bad = profile_unknown_placeholder(s);
	if (bad.n)
		return yaml_complain(r, n,
		        "\"%s\" uses %.*s, which is no placeholder; there are {prompt} {base_url} {host} {home} {project} {key} {user} "
		        "{package}",
		        key, SLICE_FMT(slice_sub(bad, 0, 40)));
	if (!r->gateway && (strstr(s, "{base_url}") || strstr(s, "{host}")))
		return yaml_complain(
		        r, n, "{base_url} and {host} have no value here; they belong into env_gateway, argv_gateway or files_gateway");
	*out = s;
	return 0;
}

static int get_bool(struct yaml *r, struct fy_node *n, const char *key, bool *out)
{
	const char *s;
	int e = yaml_string(r, n, key, &s);
	if (e < 0)
		return e;
	bool yes = strcmp(s, "true") == 0;
	if (!yes && strcmp(s, "false") != 0)
		return yaml_complain(r, n, "\"%s\" should be true or false, but is \"%.40s\"", key, s);
	*out = yes;
	return 0;
}

/* A host name, "*.name", "{gateway}" or "*". */
static int get_host(struct yaml *r, struct fy_node *n, const char *key, const char **out)
{
	const char *s;
	int e = yaml_string(r, n, key, &s);
	if (e < 0)
		return e;
	struct slice rest = slice_str(s);
	if (slice_starts(rest, SLICE("*.")))
		rest = slice_from(rest, 2);
	bool good = rest.n > 0 && rest.n < 254;
	for (size_t i = 0; i < rest.n; i++)
		good = good && (islower(rest.p[i]) || isdigit(rest.p[i]) || rest.p[i] == '-' || rest.p[i] == '.' || rest.p[i] == ':');
	if (!good && strcmp(s, "{gateway}") != 0 && strcmp(s, "*") != 0)
		return yaml_complain(
		        r, n, "\"%s\" should be a host name in lower case, \"*.name\", \"*\" or \"{gateway}\", but is \"%.80s\"", key, s);
	*out = s;
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
static int get_env(struct yaml *r, struct fy_node *n, const char *key, int max, const char *const **out)
{
	if (!fy_node_is_mapping(n))
		return yaml_complain(r, n, "\"%s\" should be a mapping of variable names to values, but is %s", key, yaml_kind(n));
	int count = fy_node_mapping_item_count(n);
	if (count < 0 || count > max)
		return yaml_complain(r, n, "\"%s\" has more than %d variables", key, max);
	const char **list = arena_array(r->arena, (size_t)count + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	void *iter = NULL;
	size_t i = 0;
	for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(n, &iter)); i++) {
		const char *name, *value;
		int e = yaml_string(r, fy_node_pair_key(pair), key, &name);
		if (e < 0)
			return e;
		if (!variable_name(slice_str(name)))
			return yaml_complain(
			        r, fy_node_pair_key(pair), "\"%.80s\" is no name of a variable: letters, digits and _ only", name);
		r->key = fy_node_pair_key(pair);
		if ((e = get_template(r, fy_node_pair_value(pair), name, &value)) < 0)
			return e;
		if (!(list[i] = arena_fmt(r->arena, "%s=%s", name, value)))
			return -ENOMEM;
	}
	*out = list;
	return 0;
}

static int file_path(struct yaml *r, struct fy_node *n, const char *key, void *object)
{
	struct profile_file *f = object;
	int e = get_template(r, n, key, &f->path);
	if (e < 0)
		return e;
	struct slice s = slice_str(f->path), rest = s, part;
	if (!slice_starts(s, SLICE("/")) && !slice_starts(s, SLICE("{home}/")) && !slice_starts(s, SLICE("{project}/")))
		return yaml_complain(r, n, "\"path\" should begin with {home}/, {project}/ or /, but is \"%.80s\"", f->path);
	while (slice_split(&rest, '/', &part))
		if (slice_is(part, ".."))
			return yaml_complain(r, n, "\"path\" may not have \"..\" in it");
	return 0;
}

YAML_READ(file_data, struct profile_file, data, get_template(r, n, key, &o->data))
static const struct yaml_key file_keys[] = {{"path", file_path, true}, {"data", file_data, true}};

YAML_READ(declares_host, struct profile_declares, host, get_host(r, n, key, &o->host))
YAML_READ(declares_purpose, struct profile_declares, purpose, yaml_string(r, n, key, &o->purpose))
YAML_READ(declares_source, struct profile_declares, source, yaml_string(r, n, key, &o->source))
static const struct yaml_key declares_keys[] = {
        {"host", declares_host, true}, {"purpose", declares_purpose, true}, {"source", declares_source, true}};

static int field_factor(struct yaml *r, struct fy_node *n, const char *key, void *object)
{
	struct profile_field *f = object;
	int e = yaml_string(r, n, key, &f->factor);
	if (e < 0)
		return e;
	bool good = f->factor[0] != 0;
	for (const char *c = f->factor; *c; c++)
		good = good && (islower((unsigned char)*c) || *c == '_');
	return good ? 0 : yaml_complain(r, n, "\"factor\" should be a name such as timezone or git_remote, but is \"%.40s\"", f->factor);
}

YAML_READ(field_host, struct profile_field, host, get_host(r, n, key, &o->host))
YAML_READ(field_source, struct profile_field, source, yaml_string(r, n, key, &o->source))
static const struct yaml_key field_keys[] = {{"factor", field_factor, true}, {"host", field_host, true}, {"source", field_source, true}};

static int opt_out_env(struct yaml *r, struct fy_node *n, const char *key, void *object)
{
	struct profile_opt_out *o = object;
	const char *const *list;
	int e = get_env(r, n, key, 1, &list);
	if (e == 0)
		o->env = list[0];
	return e;
}

/* A purpose of wire/purpose.h, or a host. */
static int get_end(struct yaml *r, struct fy_node *n, const char *key, const char **out)
{
	static const char *const purposes[] = {"telemetry", "flags", "policy", "updates", "other"};
	const char *s;
	int e = yaml_string(r, n, key, &s);
	for (size_t i = 0; e == 0 && i < ARRAY_LEN(purposes); i++)
		if (strcmp(s, purposes[i]) == 0) {
			*out = s;
			return 0;
		}
	return e < 0 ? e : get_host(r, n, key, out);
}

/* "{home}/…" and the like, without "..". */
static int get_path(struct yaml *r, struct fy_node *n, const char *key, const char **out)
{
	struct profile_file f;
	int e = file_path(r, n, key, &f);
	if (e == 0)
		*out = f.path;
	return e;
}

YAML_READ(opt_out_name, struct profile_opt_out, name, yaml_string(r, n, key, &o->name))
YAML_READ(opt_out_argv, struct profile_opt_out, argv, yaml_list(r, n, key, get_template, &o->argv))
YAML_READ(opt_out_files, struct profile_opt_out, files,
        yaml_objects(r, n, key, "a file", file_keys, ARRAY_LEN(file_keys), sizeof(*o->files), &o->files, &o->n_files))
YAML_READ(opt_out_ends, struct profile_opt_out, ends, yaml_list(r, n, key, get_end, &o->ends))
static const struct yaml_key opt_out_keys[] = {{"name", opt_out_name, true}, {"env", opt_out_env, false}, {"argv", opt_out_argv, false},
        {"files", opt_out_files, false}, {"ends", opt_out_ends, false}};

static int read_dialect(struct yaml *r, struct fy_node *n, const char *key, void *object)
{
	static const char *const dialects[] = {"anthropic", "openai-chat", "openai-responses", "gemini"};
	struct profile *o = object;
	if (yaml_null(n))
		return 0;
	int e = yaml_string(r, n, key, &o->dialect);
	if (e < 0)
		return e;
	for (size_t i = 0; i < ARRAY_LEN(dialects); i++)
		if (strcmp(o->dialect, dialects[i]) == 0)
			return 0;
	return yaml_complain(r, n, "no such dialect: \"%.40s\"; there are anthropic, openai-chat, openai-responses and gemini", o->dialect);
}

static int read_name(struct yaml *r, struct fy_node *n, const char *key, void *object)
{
	struct profile *o = object;
	int e = yaml_string(r, n, key, &o->name);
	if (e < 0)
		return e;
	bool good = o->name[0] != 0 && strlen(o->name) <= 64;
	for (const char *c = o->name; *c; c++)
		good = good && (islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '-');
	return good ? 0 : yaml_complain(r, n, "\"name\" should be a short word of a-z, 0-9 and -, but is \"%.80s\"", o->name);
}

/* What is for a gateway only may use {base_url} and {host}. */
#define GATEWAY(expression)            \
	({                             \
		r->gateway = true;     \
		int _e = (expression); \
		r->gateway = false;    \
		_e;                    \
	})

static int read_base_url(struct yaml *r, struct fy_node *n, const char *key, void *object)
{
	struct profile *o = object;
	if (yaml_null(n))
		return 0;
	int e = GATEWAY(get_template(r, n, key, &o->base_url));
	if (e < 0)
		return e;
	struct slice s = slice_str(o->base_url);
	if (!slice_starts(s, SLICE("http://{host}")) && !slice_starts(s, SLICE("https://{host}")))
		return yaml_complain(r, n, "\"base_url\" should begin with http://{host} or https://{host}, but is \"%.80s\"", o->base_url);
	if (slice_find(s, SLICE("{base_url}"), 0) != SLICE_NPOS)
		return yaml_complain(r, n, "\"base_url\" cannot use {base_url}");
	return 0;
}

YAML_READ(read_title, struct profile, title, yaml_string(r, n, key, &o->title))
YAML_READ(read_publisher, struct profile, publisher, yaml_string(r, n, key, &o->publisher))
YAML_READ(read_packages, struct profile, packages, yaml_list(r, n, key, yaml_string, &o->packages))
YAML_READ(read_commands, struct profile, commands, yaml_list(r, n, key, yaml_string, &o->commands))
YAML_READ(read_model_hosts, struct profile, model_hosts, yaml_list(r, n, key, get_host, &o->model_hosts))
YAML_READ(read_prompt, struct profile, prompt, yaml_string(r, n, key, &o->prompt))
YAML_READ(read_argv, struct profile, argv, yaml_list(r, n, key, get_template, &o->argv))
YAML_READ(read_argv_gateway, struct profile, argv_gateway, GATEWAY(yaml_list(r, n, key, get_template, &o->argv_gateway)))
YAML_READ(read_env, struct profile, env, get_env(r, n, key, LIST_MAX, &o->env))
YAML_READ(read_env_official, struct profile, env_official, get_env(r, n, key, LIST_MAX, &o->env_official))
YAML_READ(read_env_gateway, struct profile, env_gateway, GATEWAY(get_env(r, n, key, LIST_MAX, &o->env_gateway)))
YAML_READ(read_seconds, struct profile, seconds, yaml_unsigned(r, n, key, 600, &o->seconds))
YAML_READ(read_min_requests, struct profile, min_model_requests, yaml_unsigned(r, n, key, 100, &o->min_model_requests))
YAML_READ(read_terminal, struct profile, terminal, get_bool(r, n, key, &o->terminal))
YAML_READ(read_needs_account, struct profile, needs_account, yaml_null(n) ? 0 : yaml_string(r, n, key, &o->needs_account))
#define OBJECTS(function, field, what, keys)       \
	YAML_READ(function, struct profile, field, \
	        yaml_objects(r, n, key, what, keys, ARRAY_LEN(keys), sizeof(*o->field), &o->field, &o->n_##field))
OBJECTS(read_files, files, "a file", file_keys)
OBJECTS(read_declares, declares, "a declaration", declares_keys)
OBJECTS(read_fields, fields, "a field", field_keys)
OBJECTS(read_opt_outs, opt_outs, "an opt-out", opt_out_keys)
YAML_READ(read_argv_first, struct profile, argv_first, yaml_list(r, n, key, get_template, &o->argv_first))
YAML_READ(read_argv_guarded, struct profile, argv_guarded, yaml_list(r, n, key, get_template, &o->argv_guarded))
YAML_READ(read_sandboxes, struct profile, sandboxes, get_bool(r, n, key, &o->sandboxes))
YAML_READ(read_own, struct profile, own, yaml_list(r, n, key, get_path, &o->own))
OBJECTS(read_files_used, files_used, "a file", file_keys)
YAML_READ(read_files_gateway, struct profile, files_gateway,
        GATEWAY(yaml_objects(
                r, n, key, "a file", file_keys, ARRAY_LEN(file_keys), sizeof(*o->files_gateway), &o->files_gateway, &o->n_files_gateway)))

static const struct yaml_key profile_keys[] = {
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
        {"argv_first", read_argv_first, false},
        {"argv_guarded", read_argv_guarded, false},
        {"files_used", read_files_used, false},
        {"own", read_own, false},
        {"sandboxes", read_sandboxes, false},
};

int profile_parse(struct slice yaml, const char *name, struct arena *arena, struct profile *out, struct err *err)
{
	static const char *const empty[] = {NULL};
	struct yaml r = {.arena = arena, .err = err, .name = name, .manual = "postern-profile(5)", .list_max = LIST_MAX};
	struct profile p = {.publisher = "",
	        .packages = empty,
	        .commands = empty,
	        .model_hosts = empty,
	        .argv_gateway = empty,
	        .argv_first = empty,
	        .env = empty,
	        .env_official = empty,
	        .env_gateway = empty,
	        .min_model_requests = 1};
	if (yaml.n > PROFILE_BYTES_MAX)
		return err_set(err, -EINVAL, "%s:1:1: larger than %u KiB; a profile is a few", name, PROFILE_BYTES_MAX / 1024);
	int e = yaml_read(&r, yaml, "a profile", profile_keys, ARRAY_LEN(profile_keys), &p);
	if (e == 0)
		*out = p;
	return e;
}
