/* The sections of a policy that are rules: network, files, exec, tools. */
#include <ctype.h>

#include "policy/reader.h"

#define FIELD(function, type, read)                                                \
	static void function(struct reader *r, const struct tree *v, void *object) \
	{                                                                          \
		type *o = object;                                                  \
		read;                                                              \
	}

static void get_verdict(struct reader *r, const struct tree *v, enum policy_verdict *out)
{
	unsigned i;
	if (read_choice(r, v, "verdict", policy_verdict_words, &i))
		*out = (enum policy_verdict)i;
}

static const char *keep_text(struct reader *r, const char *text)
{
	r->no_memory |= text == NULL;
	return text ? text : "";
}

/* network */

/* A host may be a list: then the rule stands for as many. While it is read, all of them are here. */
struct net_item {
	struct net_rule net;
	const char *const *hosts;
	size_t n_hosts;
	const struct tree *host_at, *opaque_at, *ports_at;
	bool any, any_said, private_said;
};

static void get_ports(struct reader *r, const struct tree *v, struct net_item *o)
{
	size_t n;
	const char *const *list = read_texts(r, v, "ports", NULL, &n);
	struct ports *port = arena_array(r->arena, n ? n : 1, sizeof(*port));
	if (!port) {
		r->no_memory = true;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct slice s = slice_str(list[i]), low = s;
		size_t dash = slice_chr(s, '-', 0);
		uint64_t a = 0, b = 0;
		if (dash != SLICE_NPOS)
			low = slice_sub(s, 0, dash);
		bool good = slice_u64(low, 65535, &a) && slice_u64(dash == SLICE_NPOS ? low : slice_from(s, dash + 1), 65535, &b);
		if (!good || a == 0 || a > b)
			read_bad(r, v, "\"ports\" should be numbers from 1 to 65535, or ranges like 8000-8010, but one is \"%.40s\"",
			        list[i]);
		port[i] = (struct ports){(uint16_t)a, (uint16_t)b};
	}
	if (v->kind == TREE_LIST && v->n == 0)
		read_bad(r, v, "\"ports\" is empty; without it the rule is for port 443");
	o->net.port = port;
	o->net.n_ports = n;
}

static const char *check_method(struct reader *r, const struct tree *v, const char *what)
{
	const char *s = read_text(r, v, what);
	if (s && s[0] && strlen(s) <= 32 && strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == strlen(s))
		return s;
	if (s)
		read_bad(r, v, "\"methods\" should be words in capitals like GET, but one is \"%.40s\"", s);
	return NULL;
}

static void get_headers(struct reader *r, const struct tree *v, struct net_item *o)
{
	static const char *const fixed[] = {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer",
	        "keep-alive", "proxy-authorization", "proxy-connection", "expect"};
	if (v->kind != TREE_MAP) {
		read_bad(r, v, "\"headers\" should be a mapping of names to values, but is %s", tree_kind_name(v));
		return;
	}
	struct policy_header *h = arena_array(r->arena, v->n ? v->n : 1, sizeof(*h));
	if (!h) {
		r->no_memory = true;
		return;
	}
	if (v->n > POLICY_HEADERS_MAX)
		read_bad(r, v, "there are more than %u headers", POLICY_HEADERS_MAX);
	for (const struct tree *c = v->child; c; c = c->next) {
		const char *name = (const char *)c->key->text.p, *value = read_text(r, c, name);
		size_t n = strlen(name), good = 0;
		while (good < n && (isalnum((unsigned char)name[good]) || strchr("!#$%&'*+-.^_`|~", name[good])))
			good++;
		if (n == 0 || good != n || n > 128)
			read_bad(r, c->key, "\"%.60s\" cannot be the name of a header", name);
		for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
			if (slice_eq_nocase(slice_str(name), slice_str(fixed[i])))
				read_bad(r, c->key, "the header %s cannot be set: it belongs to the connection", fixed[i]);
		for (size_t i = 0; value && value[i]; i++)
			if ((unsigned char)value[i] < 0x20 || (unsigned char)value[i] >= 0x7f)
				value = NULL;
		if (!value && c->kind == TREE_TEXT)
			read_bad(r, c, "the value of a header is printable ASCII in one line");
		h[o->net.n_headers++] = (struct policy_header){.name = name, .value = value, .place = read_place(r, c)};
	}
	o->net.header = h;
}

static const char *const dialects[] = {"anthropic", "openai-chat", "openai-responses", "gemini", NULL};

static void get_dialect(struct reader *r, const struct tree *v, struct net_item *o)
{
	unsigned i;
	if (read_choice(r, v, "dialect", dialects, &i))
		o->net.dialect = dialects[i];
}

static void net_hosts(struct reader *r, const struct tree *v, void *object)
{
	struct net_item *o = object;
	o->host_at = v;
	o->hosts = read_some(r, v, "host", read_host, &o->n_hosts);
}

static void net_any(struct reader *r, const struct tree *v, void *object)
{
	struct net_item *o = object;
	o->any_said = true;
	if (read_bool(r, v, "any_host", &o->any) && !o->any)
		read_bad(r, v, "\"any_host\" is true or not there");
}

static void net_private(struct reader *r, const struct tree *v, void *object)
{
	struct net_item *o = object;
	o->private_said = true;
	(void)read_bool(r, v, "private", &o->net.private);
}

FIELD(net_ports, struct net_item, o->ports_at = v; get_ports(r, v, o))
FIELD(net_methods, struct net_item, o->net.method = read_some(r, v, "methods", check_method, &o->net.n_methods))
FIELD(net_paths, struct net_item, o->net.path = read_some(r, v, "paths", read_pattern_path, &o->net.n_paths))
FIELD(net_bytes, struct net_item, (void)read_size(r, v, "max_request_bytes", &o->net.max_bytes))
FIELD(net_opaque, struct net_item, o->opaque_at = v; (void)read_bool(r, v, "opaque", &o->net.opaque))
FIELD(net_websocket, struct net_item, (void)read_bool(r, v, "websocket", &o->net.websocket))
FIELD(net_slash, struct net_item, (void)read_bool(r, v, "encoded_slash", &o->net.encoded_slash))
FIELD(net_verdict, struct net_item, get_verdict(r, v, &o->net.rule.verdict))
FIELD(net_dialect, struct net_item, get_dialect(r, v, o))
FIELD(net_headers, struct net_item, get_headers(r, v, o))
FIELD(net_reason, struct net_item, o->net.rule.reason = read_plain(r, v, "reason"))

static const struct read_key net_keys[] = {
        {"host", net_hosts, false},
        {"any_host", net_any, false},
        {"ports", net_ports, false},
        {"methods", net_methods, false},
        {"paths", net_paths, false},
        {"max_request_bytes", net_bytes, false},
        {"opaque", net_opaque, false},
        {"private", net_private, false},
        {"websocket", net_websocket, false},
        {"encoded_slash", net_slash, false},
        {"verdict", net_verdict, false},
        {"dialect", net_dialect, false},
        {"headers", net_headers, false},
        {"reason", net_reason, false},
};

static void net_init(struct reader *r, const struct tree *v, void *element)
{
	struct net_item *o = element;
	o->net.max_bytes = UINT64_MAX;
	o->net.rule.place = read_place(r, v);
	o->hosts = NULL;
}

/* What cannot be enforced together is a mistake, and nothing is left out silently. */
static void net_done(struct reader *r, const struct tree *v, void *element)
{
	struct net_item *o = element;
	const struct net_rule *n = &o->net;
	if (!o->hosts && !o->any_said)
		read_bad(r, v, "a rule of network needs \"host\", or any_host: true");
	else if (o->hosts && o->any_said)
		read_bad(r, v, "\"host\" and \"any_host\" exclude each other");
	if (n->opaque && (n->n_methods || n->n_paths || n->n_headers || n->websocket || n->dialect))
		read_bad(r, o->opaque_at,
		        "an opaque rule cannot have methods, paths, headers, websocket or dialect: nobody looks into its connections; "
		        "leave "
		        "\"opaque\" out, or these");
	if (n->rule.verdict == POLICY_DENY &&
	        (n->opaque || n->private || n->n_headers || n->websocket || n->dialect || n->max_bytes != UINT64_MAX))
		read_bad(r, v, "a rule that denies can only have host, ports, methods, paths and reason");
	if (n->rule.verdict != POLICY_DENY && o->any && n->private)
		read_bad(r, v, "any host with private addresses would be the whole network inside; name the hosts");
	if (n->n_paths == 0 && n->encoded_slash)
		read_bad(r, v, "\"encoded_slash\" has a meaning only beside \"paths\"");
	if (n->rule.verdict != POLICY_DENY && o->any)
		read_warn(r, v, "this permits every host");
}

/* An address that is written out, or this machine by name, is meant: it may be private. */
static bool named_private(struct slice host)
{
	return match_is_address(host) || slice_is(host, "localhost") || slice_ends(host, SLICE(".localhost"));
}

void read_network(struct reader *r, const struct tree *v, void *object)
{
	struct grants *g = object;
	size_t n = 0, total = 0, errors = r->problems->errors;
	g->has_network = true;
	struct net_item *item = read_list(r, v, "a rule of network", net_keys, ARRAY_LEN(net_keys), sizeof(*item), net_init, net_done, &n);
	if (r->problems->errors > errors || r->no_memory)
		return;
	for (size_t i = 0; i < n; i++)
		total += item[i].any ? 1 : item[i].n_hosts;
	if (total > POLICY_RULES_MAX) {
		read_bad(r, v, "these are rules for more than %u hosts", POLICY_RULES_MAX);
		return;
	}
	g->net = arena_array(r->arena, total ? total : 1, sizeof(*g->net));
	if (!g->net) {
		r->no_memory = true;
		return;
	}
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < (item[i].any ? 1 : item[i].n_hosts); k++) {
			struct net_rule *rule = &g->net[g->n_net++];
			*rule = item[i].net;
			rule->any = item[i].any;
			struct slice host = rule->any ? SLICE_NONE : slice_str(item[i].hosts[k]);
			rule->suffix = slice_starts(host, SLICE("*."));
			rule->host = rule->suffix ? slice_from(host, 2) : host;
			if (rule->rule.verdict != POLICY_DENY && !item[i].private_said && !rule->any && !rule->suffix)
				rule->private = named_private(host);
			rule->rule.text = keep_text(r, net_rule_text(rule, r->arena));
		}
}

/* files */

static void add_files(struct reader *r, const struct tree *v, struct grants *g, enum policy_access access)
{
	const char *what = policy_access_words[access];
	size_t n = v->kind == TREE_LIST ? v->n : 1;
	if (v->kind == TREE_NULL)
		return;
	if (v->kind == TREE_MAP || n > POLICY_RULES_MAX) {
		read_bad(r, v, "\"%s\" should be a path or a list of at most %u paths", what, POLICY_RULES_MAX);
		return;
	}
	/* The lists of four accesses go into one array. */
	struct file_rule *file = arena_array(r->arena, g->n_file + n + 1, sizeof(*file));
	if (!file) {
		r->no_memory = true;
		return;
	}
	if (g->n_file)
		memcpy(file, g->file, g->n_file * sizeof(*file));
	g->file = file;
	for (const struct tree *c = v->kind == TREE_LIST ? v->child : v; c; c = v->kind == TREE_LIST ? c->next : NULL) {
		struct file_rule f = {.access = access,
		        .rule = {.place = read_place(r, c), .verdict = access == POLICY_NONE ? POLICY_DENY : POLICY_ALLOW}};
		bool good =
		        access == POLICY_NONE ? read_hidden(r, c, what, &f.path, &f.glob) : (f.path = read_place_of(r, c, what)) != NULL;
		if (!good)
			continue;
		if (strcmp(f.path, "/") == 0 && !f.glob) {
			read_bad(r, c, "\"%s\": \"/\" is the whole machine; name the folders", what);
			continue;
		}
		if (r->doc->layer == POLICY_PROJECT && access != POLICY_NONE && strncmp(f.path, "{project}", 9) != 0)
			read_warn(r, c,
			        "\"%s\" outside of the project: from a project this is a wish, and counts only if a \"widen\" grants it",
			        what);
		f.rule.text = keep_text(r, file_rule_text(&f, r->arena));
		file[g->n_file++] = f;
	}
}

FIELD(files_read, struct grants, add_files(r, v, o, POLICY_READ))
FIELD(files_write, struct grants, add_files(r, v, o, POLICY_WRITE))
FIELD(files_copy, struct grants, add_files(r, v, o, POLICY_COPY))
FIELD(files_hide, struct grants, add_files(r, v, o, POLICY_NONE))

static void files_confidential(struct reader *r, const struct tree *v, void *object)
{
	if (object != &r->doc->own)
		read_bad(r, v, "labels have no place in \"widen\"; they only tighten");
	else
		read_labels(r, v, r->doc);
}

static const struct read_key file_keys[] = {
        {"read", files_read, false},
        {"write", files_write, false},
        {"copy", files_copy, false},
        {"hide", files_hide, false},
        {"confidential", files_confidential, false},
};

void read_files(struct reader *r, const struct tree *v, void *object)
{
	struct grants *g = object;
	/* Who only hides, or labels, has not said all that may be seen. */
	g->has_files = tree_get(v, "read") || tree_get(v, "write") || tree_get(v, "copy");
	if (v->kind != TREE_NULL)
		read_map(r, v, "\"files\"", file_keys, ARRAY_LEN(file_keys), g);
}

/* exec */

static const char *check_exec_path(struct reader *r, const struct tree *v, const char *what)
{
	const char *s = read_text(r, v, what);
	if (!s)
		return NULL;
	if (s[0] == '/' || strncmp(s, "~/", 2) == 0 || strncmp(s, "{project}/", 10) == 0)
		return s;
	read_bad(r, v, "\"%s\" should begin with /, ~/ or {project}/, but is \"%.80s\"; a bare name goes into \"name\"", what, s);
	return NULL;
}

static const char *check_name(struct reader *r, const struct tree *v, const char *what)
{
	const char *s = read_plain(r, v, what);
	if (!s || !strchr(s, '/'))
		return s;
	read_bad(r, v, "\"%s\" is the last part of a path; one with '/' goes into \"path\"", what);
	return NULL;
}

static void exec_parent(struct reader *r, const struct tree *v, void *object)
{
	struct exec_rule *o = object;
	const char *s = read_plain(r, v, "parent");
	o->parent = s && strchr(s, '/') ? check_exec_path(r, v, "parent") : s;
}

FIELD(exec_name, struct exec_rule, o->name = check_name(r, v, "name"))
FIELD(exec_path, struct exec_rule, o->path = check_exec_path(r, v, "path"))
FIELD(exec_digest, struct exec_rule, o->digest = read_digest(r, v, "digest"))
FIELD(exec_args, struct exec_rule, o->args = read_texts(r, v, "args", NULL, &o->n_args))
FIELD(exec_verdict, struct exec_rule, get_verdict(r, v, &o->rule.verdict))
FIELD(exec_reason, struct exec_rule, o->rule.reason = read_plain(r, v, "reason"))
static const struct read_key exec_keys[] = {
        {"name", exec_name, false},
        {"path", exec_path, false},
        {"digest", exec_digest, false},
        {"args", exec_args, false},
        {"parent", exec_parent, false},
        {"verdict", exec_verdict, true},
        {"reason", exec_reason, false},
};

static void rule_init(struct reader *r, const struct tree *v, void *element)
{
	struct rule *rule = element; /* the first member of each */
	rule->place = read_place(r, v);
}

static void exec_done(struct reader *r, const struct tree *v, void *element)
{
	struct exec_rule *o = element;
	if (!o->name && !o->path && !o->digest && !o->args && !o->parent)
		read_bad(r, v, "this rule names nothing; for what no rule names there is \"default\"");
	o->rule.text = keep_text(r, exec_rule_text(o, r->arena));
}

FIELD(exec_rules, struct grants,
        o->exec = read_list(r, v, "a rule of exec", exec_keys, ARRAY_LEN(exec_keys), sizeof(*o->exec), rule_init, exec_done, &o->n_exec))

static void exec_default(struct reader *r, const struct tree *v, void *object)
{
	struct grants *g = object;
	g->exec_default.place = read_place(r, v->key);
	get_verdict(r, v, &g->exec_default.verdict);
	g->exec_default.text = keep_text(r, arena_fmt(r->arena, "exec default: %s", policy_verdict_words[g->exec_default.verdict]));
}

static const struct read_key exec_section_keys[] = {{"default", exec_default, true}, {"rules", exec_rules, false}};
static const struct read_key exec_widen_keys[] = {{"rules", exec_rules, true}};

void read_exec(struct reader *r, const struct tree *v, void *object)
{
	struct grants *g = object;
	g->has_exec = true;
	if (g == &r->doc->own)
		read_map(r, v, "\"exec\"", exec_section_keys, ARRAY_LEN(exec_section_keys), g);
	else
		read_map(r, v, "\"exec\" of \"widen\"", exec_widen_keys, ARRAY_LEN(exec_widen_keys), g);
}

/* tools */

static void tool_versions(struct reader *r, const struct tree *v, void *object)
{
	struct tool_rule *o = object;
	const char *why;
	o->versions = read_plain(r, v, "versions");
	if (o->versions && (why = match_range_check(o->versions)))
		read_bad(r, v, "\"versions\" cannot be \"%.60s\": %s", o->versions, why);
}

static void tool_verdict(struct reader *r, const struct tree *v, void *object)
{
	struct tool_rule *o = object;
	unsigned i;
	if (read_choice(r, v, "verdict", policy_tool_words, &i))
		o->verdict = (enum policy_tool_verdict)i;
}

FIELD(tool_tool, struct tool_rule, o->tool = read_plain(r, v, "tool"))
FIELD(tool_package, struct tool_rule, o->package = read_plain(r, v, "package"))
FIELD(tool_publisher, struct tool_rule, o->publisher = read_plain(r, v, "publisher"))
FIELD(tool_digest, struct tool_rule, o->digest = read_digest(r, v, "digest"))
FIELD(tool_accounts, struct tool_rule, o->accounts = read_some(r, v, "accounts", read_plain, &o->n_accounts))
FIELD(tool_groups, struct tool_rule, o->groups = read_some(r, v, "groups", read_plain, &o->n_groups))
FIELD(tool_lineage, struct tool_rule, o->lineage = read_some(r, v, "lineage", read_plain, &o->n_lineage))
static void tool_vetted(struct reader *r, const struct tree *v, void *object)
{
	struct tool_rule *o = object;
	if (read_bool(r, v, "vetted", &o->vetted) && !o->vetted)
		read_bad(r, v, "\"vetted\" can only be true: what was not vetted is what no such rule fits");
}

FIELD(tool_reason, struct tool_rule, o->rule.reason = read_plain(r, v, "reason"))
static const struct read_key tool_keys[] = {
        {"tool", tool_tool, false},
        {"package", tool_package, false},
        {"versions", tool_versions, false},
        {"publisher", tool_publisher, false},
        {"digest", tool_digest, false},
        {"accounts", tool_accounts, false},
        {"groups", tool_groups, false},
        {"lineage", tool_lineage, false},
        {"vetted", tool_vetted, false},
        {"verdict", tool_verdict, true},
        {"reason", tool_reason, false},
};

static void tool_done(struct reader *r, const struct tree *v, void *element)
{
	struct tool_rule *o = element;
	if (o->vetted && o->verdict == POLICY_TOOL_BAN)
		read_bad(r, v, "a rule for what was vetted permits or gates");
	if (!o->tool && !o->package && !o->versions && !o->publisher && !o->digest && !o->n_accounts && !o->n_groups && !o->n_lineage &&
	        !o->vetted)
		read_bad(r, v, "this rule names nothing; for what no rule names there is \"default\"");
	o->rule.verdict = o->verdict == POLICY_TOOL_BAN ? POLICY_DENY : POLICY_ALLOW;
	o->rule.text = keep_text(r, tool_rule_text(o, r->arena));
}

static void tools_default(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	unsigned i;
	d->tool_default_place = read_place(r, v->key);
	if (read_choice(r, v, "default", policy_tool_words, &i))
		d->tool_default = (enum policy_tool_verdict)i;
}

FIELD(tools_rules, struct policy_doc,
        o->tool = read_list(r, v, "a rule of tools", tool_keys, ARRAY_LEN(tool_keys), sizeof(*o->tool), rule_init, tool_done, &o->n_tools))

/* Verifier keys, and the same as they were written. */
static struct note_vkey *read_keys(struct reader *r, const struct tree *v, const char *const **vkey, size_t *n)
{
	*vkey = read_some(r, v, "keys", read_plain, n);
	struct note_vkey *key = arena_array(r->arena, *n + 1, sizeof(*key));
	if (!key) {
		r->no_memory = true;
		*n = 0;
		return NULL;
	}
	for (size_t i = 0; i < *n; i++) {
		const char *why;
		int e = tlog_vkey_read(slice_str((*vkey)[i]), &key[i], &why);
		if (e < 0 || key[i].type != TLOG_ED25519)
			read_bad(r, v, "\"%.60s\" is no verifier key of type Ed25519, as \"postern log keygen --type log\" prints it",
			        (*vkey)[i]);
	}
	return key;
}

FIELD(exceptions_keys, struct policy_doc, o->exception_key = read_keys(r, v, &o->exception_vkey, &o->n_exception_keys))

static void exceptions_days(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	(void)read_number(r, v, "max_days", 3660, &d->exception_days);
}

static const char *check_id(struct reader *r, const struct tree *v, const char *what)
{
	const char *s = read_plain(r, v, what);
	if (s && (strlen(s) != 16 || strspn(s, "0123456789abcdef") != 16)) {
		read_bad(r, v, "\"%s\" has the ids of exceptions, 16 lower-case hex digits each", what);
		return NULL;
	}
	return s;
}

FIELD(exceptions_revoked, struct policy_doc, o->exception_revoked = read_texts(r, v, "revoked", check_id, &o->n_exception_revoked))
static const struct read_key exceptions_table[] = {
        {"keys", exceptions_keys, true}, {"max_days", exceptions_days, false}, {"revoked", exceptions_revoked, false}};

static void tools_exceptions(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	if (d->layer != POLICY_ORGANISATION)
		read_bad(r, v->key, "only the policy of an organisation says whose exceptions count");
	d->exception_days = 366;
	read_map(r, v, "\"exceptions\"", exceptions_table, ARRAY_LEN(exceptions_table), d);
}

FIELD(vetted_keys, struct policy_doc, o->vetted_key = read_keys(r, v, &o->vetted_vkey, &o->n_vetted_keys))
FIELD(vetted_days, struct policy_doc, (void)read_number(r, v, "max_days", 3660, &o->vetted_days))
FIELD(vetted_worst, struct policy_doc, (void)read_choice(r, v, "worst", policy_vetted_words, &o->vetted_worst))
static const struct read_key vetted_table[] = {
        {"keys", vetted_keys, true}, {"max_days", vetted_days, false}, {"worst", vetted_worst, false}};

static void tools_vetted(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	if (d->layer != POLICY_ORGANISATION)
		read_bad(r, v->key, "only the policy of an organisation says whose verdicts count");
	d->vetted_days = 366;
	d->vetted_worst = 2;
	read_map(r, v, "\"vetted\"", vetted_table, ARRAY_LEN(vetted_table), d);
}

static const struct read_key tools_keys[] = {{"default", tools_default, true}, {"rules", tools_rules, false},
        {"exceptions", tools_exceptions, false}, {"vetted", tools_vetted, false}};

void read_tools(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	d->has_tools = true;
	if (d->layer == POLICY_PROJECT)
		read_bad(r, v->key, "a project cannot say which tools may run on the host");
	read_map(r, v, "\"tools\"", tools_keys, ARRAY_LEN(tools_keys), d);
	for (size_t i = 0; i < d->n_tools && d->layer == POLICY_ORGANISATION && !d->n_vetted_keys; i++)
		if (d->tool[i].vetted) {
			read_bad(r, v->key, "a rule asks for what was vetted, and \"vetted\" names no keys whose verdicts count");
			break;
		}
}
