#include "identify/catalogue.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>

#include "base/opt.h"
#include "crypto/digest.h"
#include "parse/conf.h"
#include "sys/path.h"
#include "sys/share.h"

#define NODES_MAX 40000

const char *const catalogue_kind_names[] = {"agent", "editor", "extension", "runtime", "shared", NULL};
static const char *const format_names[] = {"json", "toml", "yaml", "env", "text", NULL};

const struct catalogue_risk_row catalogue_risks[RISKS] = {
        [RISK_AUTO_APPROVE] = {"auto-approve", SEVERITY_HIGH, "commands run without a person's consent"},
        [RISK_AUTO_APPROVE_SOME] = {"auto-approve-some", SEVERITY_MEDIUM, "some actions go ahead without a person's consent"},
        [RISK_SANDBOX_OFF] = {"sandbox-off", SEVERITY_HIGH, "the tool's own sandbox is switched off"},
        [RISK_SANDBOX_OPEN] = {"sandbox-open", SEVERITY_MEDIUM, "the tool's own sandbox lets the network through"},
        [RISK_REDIRECTED] = {"redirected", SEVERITY_HIGH, "requests go to another host than the vendor's"},
        [RISK_DANGEROUS_FLAG] = {"dangerous-flag", SEVERITY_HIGH, "started with an option that takes its safeguards away"},
        [RISK_TRUSTS_SERVER] = {"trusts-server", SEVERITY_MEDIUM, "calls of an MCP server go ahead without a person's consent"},
        [RISK_TRUSTS_ALL_SERVERS] = {"trusts-all-servers", SEVERITY_HIGH, "every MCP server that a project names is started"},
        [RISK_TRUSTED_PROJECT] = {"trusted-project", SEVERITY_LOW, "what a project's settings say is obeyed"},
        [RISK_UNPINNED] = {"unpinned", SEVERITY_MEDIUM, "whatever version is newest is downloaded and run"},
        [RISK_PLAIN_HTTP] = {"plain-http", SEVERITY_MEDIUM, "speaks to another machine without TLS"},
        [RISK_FROM_TEMPORARY] = {"from-temporary", SEVERITY_MEDIUM, "runs a program from a folder that others can write to"},
        [RISK_OTHERS_WRITE] = {"others-write", SEVERITY_HIGH, "others than its owner can change it"},
        [RISK_OTHERS_READ] = {"others-read", SEVERITY_HIGH, "others than its owner can read the key"},
        [RISK_OPEN_PORT] = {"open-port", SEVERITY_HIGH, "listens to other machines"},
        [RISK_NOT_HELD] = {"not-held", SEVERITY_HIGH, "these managed settings do not hold"},
        [RISK_CONTRADICTED] = {"contradicted", SEVERITY_LOW, "a person's own settings say otherwise"},
        [RISK_DISGUISED] = {"disguised", SEVERITY_HIGH, "its content is a tool that its name or place does not tell of"},
        [RISK_SET_USER_ID] = {"set-user-id", SEVERITY_HIGH, "runs with the rights of another account"},
        [RISK_HIDDEN_TEXT] = {"hidden-text", SEVERITY_HIGH, "holds characters that a reader does not see and a model does"},
        [RISK_KEY_IN_PROJECT] = {"key-in-project", SEVERITY_MEDIUM, "a key lies in a project, from where it is easily shared"},
};

const char *catalogue_severity_name(enum catalogue_severity s)
{
	static const char *const names[] = {"low", "medium", "high"};
	return names[s];
}

/* ---- reading */

struct reader {
	struct arena *arena;
	struct err *err;
	const char *name;
};

/* Always negative. */
__attribute__((format(printf, 3, 4))) static int complain(struct reader *r, const struct conf *at, const char *fmt, ...)
{
	_cleanup_buf_ struct buf text = BUF(512);
	va_list ap;
	va_start(ap, fmt);
	buf_vfmt(&text, fmt, ap);
	va_end(ap);
	return err_set(r->err, -EINVAL, "%s:%u:%u: %s", r->name, at->line, at->column, buf_error(&text) ? "a mistake" : buf_str(&text));
}

static const char *kind(const struct conf *c)
{
	static const char *const names[] = {"nothing", "true or false", "a number", "a text", "a list", "a mapping"};
	return names[c->type];
}

enum what { TEXT, TEXTS, PLACES, PATHS, PACKAGES, HOSTS, PORTS, YES_NO, KIND, FORMAT, RISK, FILES, SETTINGS, ITEMS_VARIABLES, ITEMS_TOOLS };
struct key {
	const char *name;
	enum what what;
	size_t offset;
	bool required;
};

static int read_map(struct reader *r, const struct conf *c, const char *what, const struct key *keys, size_t n, void *object);

/* A text that is printed, so without anything that does something to a terminal. */
static int get_text(struct reader *r, const struct conf *c, const char *key, const char **out)
{
	if (c->type == CONF_NULL || c->type == CONF_LIST || c->type == CONF_MAP)
		return complain(r, c, "\"%s\" should be a text, but is %s", key, kind(c));
	for (size_t i = 0; i < c->text.n; i++)
		if (c->text.p[i] < 0x20 || c->text.p[i] == 0x7f)
			return complain(r, c, "\"%s\" has a control character in it", key);
	if (c->text.n > 400)
		return complain(r, c, "\"%s\" is longer than 400 bytes", key);
	*out = (const char *)c->text.p;
	return 0;
}

static int check_place(struct reader *r, const struct conf *c, const char *key)
{
	struct slice rest = c->text, part;
	if (slice_starts(rest, SLICE("~/")) || slice_starts(rest, SLICE("/")))
		rest = slice_from(rest, rest.p[0] == '~' ? 2 : 1);
	while (slice_split(&rest, '/', &part)) {
		size_t star = slice_chr(part, '*', 0);
		bool whole = part.n == 1 || (!rest.p && slice_chr(part, '*', star + 1) == SLICE_NPOS);
		if (!part.n || slice_is(part, ".") || slice_is(part, ".."))
			return complain(r, c, "\"%s\" should be a path as in ~/.tool/file, /etc/tool/file or .tool/file, but is \"%.80s\"",
			        key, (const char *)c->text.p);
		if (star != SLICE_NPOS && !whole)
			return complain(r, c, "\"%s\" may have * as a part of its own, or once in its last part, unlike \"%.80s\"", key,
			        (const char *)c->text.p);
	}
	return 0;
}

static int check_package(struct reader *r, const struct conf *c, const char *key)
{
	static const char *const ways[] = {
	        "npm", "pypi", "vscode", "jetbrains", "zed", "cargo", "brew", "deb", "flatpak", "appimage", "vim"};
	size_t colon = slice_chr(c->text, ':', 0);
	for (size_t i = 0; colon != SLICE_NPOS && i < ARRAY_LEN(ways); i++)
		if (slice_is(slice_sub(c->text, 0, colon), ways[i]) && c->text.n > colon + 1)
			return 0;
	return complain(r, c,
	        "\"%s\" should be as in npm:NAME (or pypi, vscode, jetbrains, zed, cargo, brew, deb, flatpak, appimage, vim), but is "
	        "\"%.80s\"",
	        key, (const char *)c->text.p);
}

static int check_host(struct reader *r, const struct conf *c, const char *key)
{
	struct slice s = slice_starts(c->text, SLICE("*.")) ? slice_from(c->text, 2) : c->text;
	bool good = s.n > 0 && s.n < 254;
	for (size_t i = 0; i < s.n; i++)
		good = good && (islower(s.p[i]) || isdigit(s.p[i]) || s.p[i] == '-' || s.p[i] == '.');
	return good ? 0
	            : complain(r, c, "\"%s\" should be a host name in lower case or \"*.name\", but is \"%.80s\"", key,
	                      (const char *)c->text.p);
}

static int check_item(struct reader *r, const struct conf *c, const char *key, enum what what)
{
	switch ((int)what) {
	case PLACES:
		return check_place(r, c, key);
	case PACKAGES:
		return check_package(r, c, key);
	case HOSTS:
		return check_host(r, c, key);
	default:
		return c->text.n ? 0 : complain(r, c, "\"%s\" has an empty text", key);
	}
}

static int get_texts(struct reader *r, const struct conf *c, const char *key, enum what what, const char *const **out)
{
	if (c->type != CONF_LIST)
		return complain(r, c, "\"%s\" should be a list, but is %s", key, kind(c));
	const char **list = arena_array(r->arena, c->n + 1, sizeof(*list));
	size_t n = 0;
	if (!list)
		return -ENOMEM;
	for (const struct conf *x = c->child; x; x = x->next) {
		int e = get_text(r, x, key, &list[n++]);
		e = e < 0 ? e : check_item(r, x, key, what);
		if (e < 0)
			return e;
	}
	*out = list;
	return 0;
}

static int get_ports(struct reader *r, const struct conf *c, const char *key, const unsigned **out)
{
	if (c->type != CONF_LIST)
		return complain(r, c, "\"%s\" should be a list, but is %s", key, kind(c));
	unsigned *list = arena_array(r->arena, c->n + 1, sizeof(*list)), n = 0;
	if (!list)
		return -ENOMEM;
	for (const struct conf *x = c->child; x; x = x->next) {
		uint64_t v;
		if (!slice_u64(x->text, 65535, &v) || v == 0)
			return complain(r, x, "\"%s\" should be numbers of ports, from 1 to 65535", key);
		list[n++] = (unsigned)v;
	}
	*out = list;
	return 0;
}

static int get_choice(struct reader *r, const struct conf *c, const char *key, const char *const *words, unsigned *out)
{
	for (unsigned i = 0; words[i]; i++)
		if (c->type == CONF_TEXT && slice_is(c->text, words[i])) {
			*out = i;
			return 0;
		}
	return complain(
	        r, c, "there is no %s \"%.40s\"; there are %s, %s, …", key, c->text.p ? (const char *)c->text.p : "", words[0], words[1]);
}

static int get_risk(struct reader *r, const struct conf *c, const char *key, enum catalogue_risk_id *out)
{
	const char *words[RISKS + 1] = {NULL};
	for (unsigned i = 0; i < RISKS; i++)
		words[i] = catalogue_risks[i].name;
	unsigned v = 0;
	int e = get_choice(r, c, key, words, &v);
	if (e == 0)
		*out = (enum catalogue_risk_id)v;
	return e;
}

/* A list of mappings, into a new array. */
static int get_objects(struct reader *r, const struct conf *c, const char *key, const char *what, const struct key *keys, size_t n_keys,
        size_t size, const void *initial, void *out, size_t *n)
{
	if (c->type != CONF_LIST)
		return complain(r, c, "\"%s\" should be a list, but is %s", key, kind(c));
	char *array = arena_array(r->arena, c->n + 1, size), *at = array;
	if (!array)
		return -ENOMEM;
	for (const struct conf *x = c->child; x; x = x->next, at += size) {
		memcpy(at, initial, size);
		int e = read_map(r, x, what, keys, n_keys, at);
		if (e < 0)
			return e;
	}
	memcpy(out, &array, sizeof(array));
	*n = c->n;
	return 0;
}

static const char *const none[] = {NULL};
static const unsigned no_ports[] = {0};
static const struct catalogue_file empty_file = {.mcp = none, .hooks = none, .runs = none, .keys = none, .variables = none};
static const struct catalogue_setting empty_setting = {.is = none};
static const struct catalogue_variable empty_variable = {NULL, NULL};
static const struct catalogue_tool empty_tool = {.publisher = "",
        .packages = none,
        .commands = none,
        .markers = none,
        .hosts = none,
        .folders = none,
        .instructions = none,
        .skills = none,
        .flags = none,
        .ports = no_ports};

#define FILE_KEY(field, what, required)                                        \
	{                                                                      \
#field, what, offsetof(struct catalogue_file, field), required \
	}
static const struct key file_keys[] = {
        FILE_KEY(at, PLACES, true),
        {"as", FORMAT, offsetof(struct catalogue_file, format), true},
        FILE_KEY(managed, YES_NO, false),
        FILE_KEY(shell, YES_NO, false),
        FILE_KEY(mcp, PATHS, false),
        FILE_KEY(hooks, PATHS, false),
        FILE_KEY(runs, PATHS, false),
        FILE_KEY(keys, PATHS, false),
        FILE_KEY(variables, PATHS, false),
};
static const struct key setting_keys[] = {
        {"at", TEXT, offsetof(struct catalogue_setting, at), true},
        {"is", TEXTS, offsetof(struct catalogue_setting, is), false},
        {"risk", RISK, offsetof(struct catalogue_setting, risk), true},
};
static const struct key variable_keys[] = {
        {"name", TEXT, offsetof(struct catalogue_variable, name), true},
        {"of", TEXT, offsetof(struct catalogue_variable, of), true},
};
#define TOOL_KEY(field, what, required)                                        \
	{                                                                      \
#field, what, offsetof(struct catalogue_tool, field), required \
	}
static const struct key tool_keys[] = {
        TOOL_KEY(id, TEXT, true),
        TOOL_KEY(title, TEXT, true),
        TOOL_KEY(publisher, TEXT, true),
        TOOL_KEY(kind, KIND, true),
        TOOL_KEY(packages, PACKAGES, false),
        TOOL_KEY(commands, TEXTS, false),
        TOOL_KEY(markers, TEXTS, false),
        TOOL_KEY(hosts, HOSTS, false),
        TOOL_KEY(ports, PORTS, false),
        TOOL_KEY(folders, PLACES, false),
        TOOL_KEY(files, FILES, false),
        TOOL_KEY(instructions, PLACES, false),
        TOOL_KEY(skills, PLACES, false),
        TOOL_KEY(flags, TEXTS, false),
        TOOL_KEY(risks, SETTINGS, false),
};
static const struct key catalogue_keys[] = {
        {"variables", ITEMS_VARIABLES, offsetof(struct catalogue, variables), false},
        {"redirects", TEXTS, offsetof(struct catalogue, redirects), false},
        {"tools", ITEMS_TOOLS, offsetof(struct catalogue, tools), true},
};

#define OBJECTS(type, field, what, keys, initial)                                                                                    \
	get_objects(r, c, k->name, what, keys, ARRAY_LEN(keys), sizeof(*((type *)object)->field), initial, &((type *)object)->field, \
	        &((type *)object)->n_##field)

static int read_value(struct reader *r, const struct conf *c, const struct key *k, void *object)
{
	void *field = (char *)object + k->offset;
	int e = 0;
	switch (k->what) {
	case TEXT:
		return get_text(r, c, k->name, field);
	case TEXTS:
	case PATHS:
	case PACKAGES:
	case HOSTS:
		return get_texts(r, c, k->name, k->what, field);
	case PLACES:
		if (c->type == CONF_LIST)
			return get_texts(r, c, k->name, k->what, field);
		e = get_text(r, c, k->name, field);
		return e < 0 ? e : check_place(r, c, k->name);
	case PORTS:
		return get_ports(r, c, k->name, field);
	case YES_NO:
		if (c->type != CONF_BOOL)
			return complain(r, c, "\"%s\" should be true or false, but is %s", k->name, kind(c));
		*(bool *)field = slice_eq_nocase(c->text, SLICE("true"));
		return 0;
	case KIND:
		return get_choice(r, c, k->name, catalogue_kind_names, field);
	case FORMAT:
		return get_choice(r, c, k->name, format_names, field);
	case RISK:
		return get_risk(r, c, k->name, field);
	case FILES:
		return OBJECTS(struct catalogue_tool, files, "a file", file_keys, &empty_file);
	case SETTINGS:
		return OBJECTS(struct catalogue_tool, risks, "a risk", setting_keys, &empty_setting);
	case ITEMS_VARIABLES:
		return OBJECTS(struct catalogue, variables, "a variable", variable_keys, &empty_variable);
	case ITEMS_TOOLS:
		return OBJECTS(struct catalogue, tools, "a tool", tool_keys, &empty_tool);
	}
	return e;
}

static int unknown_key(struct reader *r, const struct conf *c, const char *what, const struct key *keys, size_t n)
{
	const char *words[32] = {NULL};
	for (size_t i = 0; i < n && i < ARRAY_LEN(words) - 1; i++)
		words[i] = keys[i].name;
	const char *typed = (const char *)c->key.p, *near = opt_nearest(typed, words);
	if (near)
		return complain(r, c, "unknown key \"%.60s\"; did you mean \"%s\"?", typed, near);
	return complain(r, c, "unknown key \"%.60s\" in %s; postern-catalogue(5) lists the keys", typed, what);
}

static int read_map(struct reader *r, const struct conf *c, const char *what, const struct key *keys, size_t n, void *object)
{
	if (c->type != CONF_MAP)
		return complain(r, c, "%s should be a mapping (key: value), but is %s", what, kind(c));
	for (const struct conf *x = c->child; x; x = x->next) {
		size_t k = 0;
		while (k < n && !slice_is(x->key, keys[k].name))
			k++;
		int e = k < n ? read_value(r, x, &keys[k], object) : unknown_key(r, x, what, keys, n);
		if (e < 0)
			return e;
	}
	for (size_t k = 0; k < n; k++)
		if (keys[k].required && !conf_get(c, slice_str(keys[k].name)))
			return complain(r, c, "%s lacks the key \"%s\"", what, keys[k].name);
	return 0;
}

/* What no single item can tell: ids and packages once each. */
static int check_whole(struct reader *r, const struct conf *root, const struct catalogue *c)
{
	const struct conf *at = conf_get(root, SLICE("tools"))->child;
	for (size_t i = 0; i < c->n_tools; i++, at = at->next) {
		const struct catalogue_tool *t = &c->tools[i];
		for (const char *p = t->id; *p; p++)
			if (!islower((unsigned char)*p) && !isdigit((unsigned char)*p) && *p != '-')
				return complain(r, at, "\"id\" should be a short word of a-z, 0-9 and -, but is \"%.60s\"", t->id);
		if (!t->id[0] || catalogue_tool(c, slice_str(t->id)) != t)
			return complain(r, at, "the id \"%.60s\" is there twice, or empty", t->id);
		for (size_t k = 0; t->packages[k]; k++)
			if (catalogue_package(c, slice_str(t->packages[k])) != t)
				return complain(r, at, "the package \"%.80s\" is another tool's too", t->packages[k]);
	}
	return 0;
}

int catalogue_parse(struct slice yaml, const char *name, struct arena *arena, struct catalogue *out, struct err *err)
{
	struct reader r = {.arena = arena, .err = err, .name = name};
	struct catalogue c = {.redirects = none};
	struct conf *root;
	struct conf_error e = {0};
	int code = conf_read(CONF_YAML, yaml, NODES_MAX, arena, &root, &e);
	if (code == -EBADMSG)
		return err_set(err, -EINVAL, "%s:%u:%u: %s", name, e.line, e.column, e.reason);
	code = code < 0 ? code : read_map(&r, root, "a catalogue", catalogue_keys, ARRAY_LEN(catalogue_keys), &c);
	code = code < 0 ? code : check_whole(&r, root, &c);
	if (code == -ENOMEM)
		return err_set(err, -ENOMEM, "%s: needs too much memory", name);
	if (code < 0)
		return code;
	digest_sha256_hex(yaml, c.digest);
	*out = c;
	return 0;
}

int catalogue_open(const char *path, struct arena *arena, struct catalogue *out, struct err *err)
{
	const char *share[SHARE_DATA_MAX], *tried[SHARE_DATA_MAX];
	size_t n = path ? 0 : share_data(arena, share);
	for (size_t i = 0; i < n; i++)
		if (!(tried[i] = arena_fmt(arena, "%s/catalogue/tools.yaml", share[i])))
			return -ENOMEM;
	if (path)
		tried[n++] = path;
	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf text = BUF(CATALOGUE_BYTES_MAX);
		int r = path_read(AT_FDCWD, tried[i], &text);
		if ((r == -ENOENT || r == -ENOTDIR) && i + 1 < n)
			continue;
		if (r < 0)
			return err_sys(err, r, "the catalogue %s cannot be read", tried[i]);
		return catalogue_parse(buf_slice(&text), tried[i], arena, out, err);
	}
	return err_set(err, -ENOENT, "there is no catalogue: set POSTERN_SHARE to the folder that holds \"catalogue/tools.yaml\"");
}

/* ---- asking */

static bool in_list(const char *const *list, struct slice s)
{
	for (size_t i = 0; list[i]; i++)
		if (slice_is(s, list[i]))
			return true;
	return false;
}

const struct catalogue_tool *catalogue_tool(const struct catalogue *c, struct slice id)
{
	for (size_t i = 0; i < c->n_tools; i++)
		if (slice_is(id, c->tools[i].id))
			return &c->tools[i];
	return NULL;
}

static bool is_package(const char *pattern, struct slice package)
{
	struct slice p = slice_str(pattern);
	bool open = p.n && p.p[p.n - 1] == '*';
	return open ? package.n >= p.n && slice_starts(package, slice_sub(p, 0, p.n - 1)) : slice_eq(p, package);
}

const struct catalogue_tool *catalogue_package(const struct catalogue *c, struct slice package)
{
	for (size_t i = 0; i < c->n_tools; i++)
		for (const char *const *p = c->tools[i].packages; *p; p++)
			if (is_package(*p, package))
				return &c->tools[i];
	return NULL;
}

const struct catalogue_tool *catalogue_command(const struct catalogue *c, struct slice command)
{
	for (size_t i = 0; i < c->n_tools; i++)
		if (in_list(c->tools[i].commands, command))
			return &c->tools[i];
	return NULL;
}

const struct catalogue_tool *catalogue_port(const struct catalogue *c, unsigned port)
{
	const struct catalogue_tool *found = NULL;
	for (size_t i = 0; i < c->n_tools; i++)
		for (const unsigned *p = c->tools[i].ports; *p; p++)
			if (*p == port) {
				if (found)
					return NULL;
				found = &c->tools[i];
			}
	return found;
}

bool catalogue_host(const struct catalogue_tool *t, struct slice host)
{
	for (size_t i = 0; t->hosts[i]; i++) {
		struct slice h = slice_str(t->hosts[i]);
		if (h.p[0] == '*' ? slice_ends(host, slice_from(h, 1)) : slice_eq(host, h))
			return true;
	}
	return false;
}

const struct catalogue_variable *catalogue_variable(const struct catalogue *c, struct slice name)
{
	for (size_t i = 0; i < c->n_variables; i++)
		if (slice_is(name, c->variables[i].name))
			return &c->variables[i];
	return NULL;
}
