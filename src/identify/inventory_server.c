/* MCP servers and hooks, as settings have them: what is started, with everything that could be a secret left out. */
#include <ctype.h>

#include "identify/inventory_part.h"

#define ARGV_MAX  64
#define SHOWN_MAX 1200

/* The words of a command: "command" and "args", or a list that is both. */
struct command {
	struct slice argv[ARGV_MAX];
	size_t n;
};

static const struct conf *one_of(const struct conf *c, const char *const *names)
{
	for (size_t i = 0; names[i]; i++) {
		const struct conf *x = conf_get(c, slice_str(names[i]));
		if (x && x->type != CONF_NULL)
			return x;
	}
	return NULL;
}

static const char *const command_names[] = {"command", "cmd", "path", NULL};
static const char *const argument_names[] = {"args", "arguments", NULL};
static const char *const url_names[] = {"url", "serverUrl", "httpUrl", "uri", "endpoint", "sseUrl", NULL};
static const char *const variable_names[] = {"env", "environment", "envs", "env_keys", "env_vars", NULL};
static const char *const header_names[] = {"headers", "http_headers", "env_http_headers", "requestInit", NULL};

static void add_word(struct command *k, const struct conf *c)
{
	if ((c->type == CONF_TEXT || c->type == CONF_NUMBER) && k->n < ARGV_MAX)
		k->argv[k->n++] = c->text;
}

/* The value of "command" may be a word, words in one text, a list, or a mapping with the same names in it (Zed). */
static void read_command(struct command *k, const struct conf *server)
{
	const struct conf *c = one_of(server, command_names), *args = one_of(server, argument_names);
	if (c && c->type == CONF_MAP) {
		args = args ? args : one_of(c, argument_names);
		c = one_of(c, command_names);
	}
	if (!c)
		return;
	if (c->type == CONF_TEXT && !args && slice_chr(c->text, ' ', 0) != SLICE_NPOS) {
		struct slice rest = c->text, part;
		while (slice_split(&rest, ' ', &part) && k->n < ARGV_MAX)
			if (part.n)
				k->argv[k->n++] = part;
		return;
	}
	if (c->type == CONF_LIST)
		for (const struct conf *x = c->child; x; x = x->next)
			add_word(k, x);
	else
		add_word(k, c);
	for (const struct conf *x = args && args->type == CONF_LIST ? args->child : NULL; x; x = x->next)
		add_word(k, x);
}

static void fact_command(struct job *j, struct inventory_finding *f, const struct command *k)
{
	_cleanup_buf_ struct buf shown = BUF(16 * SHOWN_MAX);
	for (size_t i = 0; i < k->n && shown.n < SHOWN_MAX; i++) {
		bool blank = slice_chr(k->argv[i], ' ', 0) != SLICE_NPOS || k->argv[i].n == 0;
		if (i)
			buf_u8(&shown, ' ');
		if (blank) {
			buf_u8(&shown, '"');
			shown_line(&shown, slice_sub(k->argv[i], 0, 400));
			buf_u8(&shown, '"');
		} else {
			shown_argument(&shown, k->argv[i], i ? k->argv[i - 1] : SLICE_NONE);
		}
	}
	find_fact(j, f, "command", buf_slice(&shown));
}

static void risks_of(struct job *j, struct inventory_finding *f, const struct slice *argv, size_t n)
{
	struct slice what;
	_cleanup_buf_ struct buf shown = BUF(4096);
	unsigned long risks = shown_command_risks(argv, n, &what);
	shown_argument(&shown, slice_sub(what, 0, 200), SLICE_NONE);
	for (unsigned i = 0; i < RISKS; i++)
		if (risks & (1ul << i))
			find_risk(j, f, (enum catalogue_risk_id)i, buf_slice(&shown));
	for (size_t i = 0; i < j->t->o->catalogue->n_tools; i++) {
		const struct catalogue_tool *t = &j->t->o->catalogue->tools[i];
		bool calls = false;
		for (size_t k = 0; k < n && k < 3 && !calls; k++)
			for (size_t m = 0; t->commands[m] && !calls; m++)
				calls = slice_is(argv[k], t->commands[m]);
		for (size_t k = 0; calls && k < n; k++) {
			const char *flag = shown_dangerous_flag(t, argv[k]);
			if (flag)
				find_risk(j, f, RISK_DANGEROUS_FLAG, slice_str(flag));
		}
	}
}

/* The names in a map, or in a list of names or of maps with a name. Never the values. */
static void fact_names(struct job *j, struct inventory_finding *f, const char *fact, const struct conf *c)
{
	_cleanup_buf_ struct buf names = BUF(4096);
	size_t n = 0;
	for (const struct conf *x = c && (c->type == CONF_MAP || c->type == CONF_LIST) ? c->child : NULL; x && n < 24; x = x->next) {
		const struct conf *in = x->type == CONF_MAP ? conf_get(x, SLICE("name")) : NULL;
		struct slice name = c->type == CONF_MAP    ? x->key
		                    : conf_is_text(in)     ? in->text
		                    : x->type == CONF_TEXT ? x->text
		                                           : SLICE_NONE;
		size_t equal = slice_chr(name, '=', 0);
		name = slice_sub(name, 0, equal < 80 ? equal : 80);
		if (!name.n || shown_secret(name))
			continue;
		buf_fmt(&names, "%s%.*s", n++ ? ", " : "", SLICE_FMT(name));
	}
	find_fact(j, f, fact, buf_slice(&names));
}

/* What came from the settings' finding: tool, scope, place. */
static struct inventory_finding *below(struct job *j, enum inventory_kind kind, const struct spot *s, const struct inventory_finding *from)
{
	struct inventory_finding *f = find_new(j, kind, s);
	if (!f)
		return NULL;
	f->tool = from->tool;
	f->title = from->title;
	f->publisher = from->publisher;
	f->tool_kind = from->tool_kind;
	f->scope = from->scope;
	f->by = INVENTORY_BY_METADATA;
	f->sure = INVENTORY_LIKELY;
	return f;
}

/* Keys of vendors among the variables of a server, which are there in clear text. */
static void keys_in(struct job *j, const struct spot *s, const struct inventory_finding *from, const struct conf *c, struct slice server)
{
	for (const struct conf *x = c && c->type == CONF_MAP ? c->child : NULL; x; x = x->next) {
		const struct catalogue_variable *v = catalogue_variable(j->t->o->catalogue, x->key);
		if ((!v && !shown_key_kind(x->text)) || x->type != CONF_TEXT || x->text.n < 8 || x->text.p[0] == '$' || x->text.p[0] == '{')
			continue;
		struct inventory_finding *f = below(j, INVENTORY_KEY, s, from);
		if (!f)
			return;
		f->name = find_text(j, slice_sub(x->key, 0, shown_secret(x->key) ? 0 : 120), 120);
		find_fact(j, f, "of", slice_str(v ? v->of : ""));
		find_fact(j, f, "kind", slice_str(shown_key_kind(x->text)));
		find_fact(j, f, "given to the MCP server", server);
		if (s->st.st_mode & 0004)
			find_risk(j, f, RISK_OTHERS_READ, SLICE(""));
		if (f->scope == INVENTORY_OF_PROJECT)
			find_risk(j, f, RISK_KEY_IN_PROJECT, SLICE(""));
	}
}

void find_server(struct job *j, const struct spot *s, const struct inventory_finding *from, const struct conf *c, struct slice name)
{
	struct command k = {.n = 0};
	const struct conf *url = one_of(c, url_names), *x;
	if (c->type != CONF_MAP)
		return;
	if (!name.n && conf_is_text(conf_get(c, SLICE("name"))))
		name = conf_get(c, SLICE("name"))->text;
	read_command(&k, c);
	/* Maps of other things than servers have neither; Goose's own parts say so. */
	if (k.n == 0 && !conf_is_text(url))
		return;
	struct inventory_finding *f = below(j, INVENTORY_MCP_SERVER, s, from);
	if (!f)
		return;
	f->name = shown_secret(name) ? "[hidden]" : find_text(j, name, 120);
	if (k.n) {
		find_fact(j, f, "transport", SLICE("stdio"));
		fact_command(j, f, &k);
		risks_of(j, f, k.argv, k.n);
	} else {
		_cleanup_buf_ struct buf shown = BUF(8192);
		struct slice host = url_host(url->text);
		shown_url(&shown, slice_sub(url->text, 0, 1000));
		find_fact(j, f, "transport", SLICE("http"));
		find_fact(j, f, "url", buf_slice(&shown));
		find_fact(j, f, "host", host_is_local(host) || !shown_secret(host) ? slice_sub(host, 0, 255) : SLICE_NONE);
		if (slice_starts(url->text, SLICE("http://")) && !host_is_local(host))
			find_risk(j, f, RISK_PLAIN_HTTP, slice_sub(host, 0, 255));
	}
	fact_names(j, f, "variables", one_of(c, variable_names));
	fact_names(j, f, "headers", one_of(c, header_names));
	keys_in(j, s, from, one_of(c, variable_names), slice_str(f->name));
	keys_in(j, s, from, one_of(c, header_names), slice_str(f->name));
	x = conf_get(c, SLICE("disabled"));
	const struct conf *enabled = conf_get(c, SLICE("enabled"));
	if ((x && slice_is(x->text, "true")) || (enabled && slice_is(enabled->text, "false")))
		find_fact(j, f, "state", SLICE("disabled"));
	static const char *const approvals[] = {"alwaysAllow", "autoApprove", "trust", "always_allow", NULL};
	x = one_of(c, approvals);
	if (x && (x->n || slice_is(x->text, "true")))
		find_risk(j, f, RISK_TRUSTS_SERVER, SLICE(""));
}

void find_command(struct job *j, const struct spot *s, const struct inventory_finding *from, const struct conf *c, struct slice name,
        struct slice matcher)
{
	struct command k = {.n = 0};
	_cleanup_buf_ struct buf shown = BUF(16384);
	if (c->type == CONF_LIST) {
		for (const struct conf *x = c->child; x; x = x->next)
			add_word(&k, x);
	} else if (c->type == CONF_MAP) {
		const struct conf *line = one_of(c, command_names);
		/* A text alone is a line for a shell, and is looked at as one. */
		if (conf_is_text(line) && !one_of(c, argument_names))
			k.argv[k.n++] = line->text;
		else
			read_command(&k, c);
	} else if (c->type == CONF_TEXT && c->text.n) {
		k.argv[k.n++] = c->text;
	}
	if (k.n == 0)
		return;
	struct inventory_finding *f = below(j, INVENTORY_HOOK, s, from);
	if (!f)
		return;
	f->name = shown_secret(name) ? "[hidden]" : find_text(j, name, 120);
	if (k.n > 1) {
		fact_command(j, f, &k);
	} else {
		shown_line(&shown, slice_sub(k.argv[0], 0, 800));
		find_fact(j, f, "command", buf_slice(&shown));
	}
	if (matcher.n && !shown_secret(matcher))
		find_fact(j, f, "matcher", slice_sub(matcher, 0, 120));
	if (k.n == 1) {
		/* A line for a shell: its first words too. */
		struct slice rest = k.argv[0], part;
		while (k.n < ARGV_MAX && slice_split(&rest, ' ', &part))
			if (part.n)
				k.argv[k.n++] = part;
		risks_of(j, f, k.argv, 1);
		risks_of(j, f, k.argv + 1, k.n - 1);
	} else {
		risks_of(j, f, k.argv, k.n);
	}
}
