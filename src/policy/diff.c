#include "policy/diff.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/compiled.h"

#include <stdio.h>

static const char *const direction_words[] = {"wider", "tighter", "other"};

const char *policy_direction_name(enum policy_direction d)
{
	return direction_words[d];
}

void policy_changes_free(struct policy_changes *c)
{
	free(c->list);
	arena_free(&c->arena);
	*c = (struct policy_changes){0};
}

struct differ {
	const struct policy *p[2]; /* before, after */
	struct policy_changes *out;
	bool no_memory;
};

static void add(
        struct differ *d, enum policy_direction direction, const char *section, const char *subject, const char *before, const char *after)
{
	struct policy_changes *c = d->out;
	struct policy_change new = {.direction = direction, .section = section};
	for (size_t i = 0; i < c->n; i++)
		if (c->list[i].direction == direction && strcmp(c->list[i].section, section) == 0 &&
		        strcmp(c->list[i].subject, subject) == 0)
			return;
	new.subject = arena_str(&c->arena, slice_str(subject));
	new.before = arena_str(&c->arena, slice_str(before));
	new.after = arena_str(&c->arena, slice_str(after));
	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 64;
		struct policy_change *list = realloc(c->list, room * sizeof(*list));
		if (!list) {
			d->no_memory = true;
			return;
		}
		c->list = list;
		c->room = room;
	}
	d->no_memory |= !new.subject || !new.before || !new.after;
	if (!d->no_memory)
		c->list[c->n++] = new;
}

/* Smaller is wider. */
static void add_number(struct differ *d, const char *section, const char *subject, int before, int after, const char *const *words)
{
	if (before != after)
		add(d, after < before ? POLICY_WIDER : POLICY_TIGHTER, section, subject, words[before], words[after]);
}

/* A text that the pattern fits. */
static void sample(struct buf *out, struct slice pattern)
{
	for (size_t i = 0; i < pattern.n; i++)
		buf_u8(out, pattern.p[i] == '*' || pattern.p[i] == '?' ? 'x' : pattern.p[i]);
	if (pattern.n && pattern.p[pattern.n - 1] == '/')
		buf_u8(out, 'x');
}

/* network */

static void net_words(const struct policy_network *n, struct buf *out)
{
	buf_str_add(out, policy_verdict_words[n->decision.verdict]);
	if (n->decision.verdict == POLICY_DENY)
		return;
	buf_fmt(out, "%s%s%s", n->opaque ? ", opaque" : "", n->private ? ", private addresses" : "", n->websocket ? ", WebSocket" : "");
	if (n->max_bytes != UINT64_MAX)
		buf_fmt(out, ", up to %llu bytes", (unsigned long long)n->max_bytes);
	for (size_t i = 0; i < n->n_headers; i++)
		buf_fmt(out, ", %s: %s", n->header[i]->name, n->header[i]->value);
}

/* <0: b is wider, >0: it is tighter, 0: neither; *other: they differ all the same. */
static int net_compare(const struct policy_network *a, const struct policy_network *b, bool *other)
{
	*other = false;
	if (a->decision.verdict != b->decision.verdict)
		return b->decision.verdict < a->decision.verdict ? -1 : 1;
	if (a->decision.verdict == POLICY_DENY)
		return 0;
	const bool x[] = {a->opaque, a->private, a->websocket}, y[] = {b->opaque, b->private, b->websocket};
	int wider = b->max_bytes > a->max_bytes, tighter = b->max_bytes < a->max_bytes;
	for (size_t i = 0; i < ARRAY_LEN(x); i++) {
		wider |= y[i] && !x[i];
		tighter |= x[i] && !y[i];
	}
	*other = (wider && tighter) || a->n_headers != b->n_headers;
	for (size_t i = 0; i < a->n_headers && !*other; i++)
		*other = strcmp(a->header[i]->name, b->header[i]->name) != 0 || strcmp(a->header[i]->value, b->header[i]->value) != 0;
	return *other ? 0 : wider ? -1 : tighter ? 1 : 0;
}

static void try_request(struct differ *d, const struct policy_request *r, const char *subject)
{
	struct policy_network n[2];
	struct buf words[2] = {BUF(4096), BUF(4096)};
	bool other;
	for (size_t i = 0; i < 2; i++)
		policy_network(d->p[i], r, &n[i]);
	int c = net_compare(&n[0], &n[1], &other);
	if (c == 0 && !other)
		return;
	for (size_t i = 0; i < 2; i++)
		net_words(&n[i], &words[i]);
	add(d, c < 0 ? POLICY_WIDER : c > 0 ? POLICY_TIGHTER : POLICY_OTHER, "network", subject, buf_str(&words[0]), buf_str(&words[1]));
	for (size_t i = 0; i < 2; i++)
		buf_free(&words[i]);
}

static void try_rule(struct differ *d, const struct net_rule *r)
{
	_cleanup_buf_ struct buf host = BUF(300), subject = BUF(8192);
	struct policy_request q = {.tls = true};
	static const char *const usual[] = {"GET", "POST", "PUT", "DELETE"};
	if (r->any)
		buf_str_add(&host, "named-by-no-rule.invalid");
	else
		buf_fmt(&host, "%s%.*s", r->suffix ? "named-by-no-rule." : "", SLICE_FMT(r->host));
	q.host = buf_slice(&host);
	for (size_t port = 0; port < (r->n_ports ? r->n_ports : 1); port++) {
		q.port = r->n_ports ? r->port[port].low : 443;
		q.method = q.target = SLICE_NONE;
		buf_reset(&subject);
		buf_fmt(&subject, "%s%.*s:%u",
		        r->any      ? "any host"
		        : r->suffix ? "*."
		                    : "",
		        r->any ? 0 : (int)r->host.n, (const char *)r->host.p, q.port);
		try_request(d, &q, buf_str(&subject));
		size_t methods = r->n_methods ? r->n_methods : ARRAY_LEN(usual), paths = r->n_paths ? r->n_paths : 1;
		for (size_t m = 0; m < methods; m++)
			for (size_t k = 0; k < paths; k++) {
				_cleanup_buf_ struct buf path = BUF(2 * POLICY_TEXT_MAX);
				sample(&path, r->n_paths ? slice_str(r->path[k]) : SLICE("/named-by-no-rule"));
				q.method = slice_str(r->n_methods ? r->method[m] : usual[m]);
				q.target = buf_slice(&path);
				buf_reset(&subject);
				buf_fmt(&subject, "%s%.*s:%u %.*s %s",
				        r->any      ? "any host"
				        : r->suffix ? "*."
				                    : "",
				        r->any ? 0 : (int)r->host.n, (const char *)r->host.p, q.port, SLICE_FMT(q.method),
				        r->n_paths ? r->path[k] : "/…");
				try_request(d, &q, buf_str(&subject));
			}
	}
}

#define ALL_PARTS(d, g)                                                              \
	for (size_t _w = 0; _w < 2; _w++)                                            \
		for (size_t _l = 0; _l < POLICY_LAYERS; _l++)                        \
			for (size_t _p = 0; (d)->p[_w]->doc[_l] && _p < PARTS; _p++) \
				for (const struct grants *g = doc_part((d)->p[_w]->doc[_l], (enum part)_p); g; g = NULL)

static void network(struct differ *d)
{
	struct policy_request q = {.host = SLICE("named-by-no-rule.invalid"), .port = 443, .tls = true};
	try_request(d, &q, "a host that no rule names");
	q.host = SLICE("192.0.2.1");
	try_request(d, &q, "an address that no rule names");
	ALL_PARTS(d, g)
	for (size_t i = 0; i < g->n_net; i++)
		try_rule(d, &g->net[i]);
}

/* files */

static void try_path(struct differ *d, const char *path, const char *subject)
{
	struct policy_file f[2];
	for (size_t i = 0; i < 2; i++)
		policy_file(d->p[i], slice_str(path), POLICY_READ, &f[i]);
	if (f[0].access != f[1].access)
		add(d, f[1].access > f[0].access ? POLICY_WIDER : POLICY_TIGHTER, "files", subject, policy_access_words[f[0].access],
		        policy_access_words[f[1].access]);
}

static void files(struct differ *d)
{
	struct arena *a = &d->out->arena;
	ALL_PARTS(d, g)
	for (size_t i = 0; i < g->n_file; i++) {
		const struct file_rule *r = &g->file[i];
		const char *path;
		_cleanup_buf_ struct buf name = BUF(POLICY_TEXT_MAX);
		if (policy_expand(d->p[0], a, r->path, &path) < 0)
			d->no_memory = true;
		else if (path && r->glob) {
			sample(&name, slice_str(r->glob));
			char *at = arena_fmt(a, "%s/%s", path, buf_str(&name)), *subject = arena_fmt(a, "%s/**/%s", r->path, r->glob);
			d->no_memory |= !at || !subject;
			if (at && subject)
				try_path(d, at, subject);
		} else if (path)
			try_path(d, path, r->path);
	}
}

/* exec */

static void try_exec(struct differ *d, const struct exec_rule *r)
{
	_cleanup_buf_ struct buf path = BUF(POLICY_TEXT_MAX), name = BUF(POLICY_TEXT_MAX), parent = BUF(POLICY_TEXT_MAX),
	                         args = BUF(1 << 20);
	_cleanup_free_ struct slice *argv = calloc(r->n_args + 2, sizeof(*argv));
	if (!argv) {
		d->no_memory = true;
		return;
	}
	sample(&path, slice_str(r->path ? r->path : "/named/by-no-rule"));
	sample(&name, slice_str(r->name ? r->name : "by-no-rule"));
	if (r->path && !r->name) {
		const char *slash = strrchr(buf_str(&path), '/');
		buf_reset(&name);
		buf_str_add(&name, slash ? slash + 1 : buf_str(&path));
	}
	sample(&parent, slice_str(r->parent ? r->parent : "/named/by-no-rule"));
	struct policy_exec e = {.path = buf_slice(&path),
	        .name = buf_slice(&name),
	        .parent = buf_slice(&parent),
	        .digest = slice_str(r->digest ? r->digest : "0000000000000000000000000000000000000000000000000000000000000000"),
	        .argv = argv,
	        .argc = 1};
	argv[0] = e.name;
	for (size_t i = 0; i < r->n_args; i++)
		if (strcmp(r->args[i], "...") != 0) {
			struct slice pattern = slice_str(r->args[i]);
			char *s = arena_str(&d->out->arena, pattern);
			for (size_t k = 0; s && s[k]; k++)
				s[k] = s[k] == '*' || s[k] == '?' ? 'x' : s[k];
			argv[e.argc++] = slice_str(s);
		}
	int v[2];
	for (size_t i = 0; i < 2; i++)
		v[i] = policy_exec(d->p[i], &e).verdict;
	const char *text = r->rule.text ? r->rule.text : "exec a program that no rule names: ";
	size_t end = strlen(text);
	while (end && text[end - 1] != ':')
		end--;
	char *subject = arena_str(&d->out->arena, slice_sub(slice_str(text), 5, end > 6 ? end - 6 : 0));
	if (subject)
		add_number(d, "exec", subject, v[0], v[1], policy_verdict_words);
}

static void exec(struct differ *d)
{
	try_exec(d, &(struct exec_rule){0});
	for (size_t w = 0; w < 2; w++)
		for (size_t l = 0; l < POLICY_LAYERS; l++)
			for (size_t part = 0; part < PARTS; part++)
				for (size_t i = 0; i < d->p[w]->exec[l][part].n_exec; i++)
					try_exec(d, &d->p[w]->exec[l][part].exec[i]);
}

/* tools */

static void try_tool(struct differ *d, const struct tool_rule *r)
{
	struct policy_tool_decision o[2];
	struct slice group = r->n_groups ? slice_str(r->groups[0]) : SLICE("nobody"), above = slice_str(r->n_lineage ? r->lineage[0] : "");
	/* The first version that stands in the range, or behind it. */
	struct slice version = SLICE("0.0.0"), rest = slice_str(r->versions);
	size_t digit = 0;
	while (digit < rest.n && !(rest.p[digit] >= '0' && rest.p[digit] <= '9'))
		digit++;
	size_t end = digit;
	while (end < rest.n && rest.p[end] != ' ')
		end++;
	if (end > digit)
		version = slice_sub(rest, digit, end - digit);
	struct policy_tool t = {.tool = slice_str(r->tool ? r->tool : "named-by-no-rule"),
	        .package = slice_str(r->package ? r->package : "npm:named-by-no-rule"),
	        .version = version,
	        .publisher = slice_str(r->publisher ? r->publisher : "nobody"),
	        .digest = slice_str(r->digest ? r->digest : "0000000000000000000000000000000000000000000000000000000000000000"),
	        .account = slice_str(r->n_accounts ? r->accounts[0] : "nobody"),
	        .group = &group,
	        .n_groups = 1,
	        .lineage = &above,
	        .n_lineage = r->n_lineage ? 1 : 0,
	        .vetted = r->vetted};
	for (size_t k = 0; k < (r->versions ? 2 : 1); k++) {
		if (k)
			t.version = SLICE("0.0.0");
		for (size_t i = 0; i < 2; i++)
			policy_tool(d->p[i], &t, &o[i]);
		char *subject = !r->rule.text ? "a tool that no rule names"
		                : k           ? arena_fmt(&d->out->arena, "%s version 0.0.0",
                                              r->tool      ? r->tool
		                                        : r->package ? r->package
		                                                     : "any")
		                              : arena_fmt(&d->out->arena, "%s", r->rule.text + strlen("tools "));
		if (!subject)
			d->no_memory = true;
		else
			add_number(d, "tools", subject, o[0].verdict, o[1].verdict, policy_tool_words);
	}
}

/* Keys of an organisation, and what counts if they have signed it. */
struct key_list {
	const char *const *vkey;
	size_t n;
};

static bool has_key(const struct key_list *l, const char *vkey)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->vkey[i], vkey) == 0)
			return true;
	return false;
}

static void keys(struct differ *d, const struct key_list l[2], const char *what)
{
	static const char *const counts[] = {"count", "do not count"};
	for (size_t w = 0; w < 2; w++)
		for (size_t i = 0; i < l[w].n; i++) {
			_cleanup_buf_ struct buf subject = BUF(POLICY_TEXT_MAX + 64);
			buf_fmt(&subject, "%s by %s", what, l[w].vkey[i]);
			add_number(d, "tools", buf_str(&subject), !has_key(&l[0], l[w].vkey[i]), !has_key(&l[1], l[w].vkey[i]), counts);
		}
}

static void days(struct differ *d, uint64_t before, uint64_t after, const char *what)
{
	char text[2][32];
	if (before == after)
		return;
	(void)snprintf(text[0], sizeof(text[0]), "%llu days", (unsigned long long)before);
	(void)snprintf(text[1], sizeof(text[1]), "%llu days", (unsigned long long)after);
	add(d, before < after ? POLICY_WIDER : POLICY_TIGHTER, "tools", what, text[0], text[1]);
}

/* Whose exceptions count, and for how long; whose verdicts of a vetting, how old, and with what findings. */
static void signatures(struct differ *d)
{
	const struct policy_doc *o[2] = {d->p[0]->doc[POLICY_ORGANISATION], d->p[1]->doc[POLICY_ORGANISATION]};
	struct key_list except[2] = {0}, vetted[2] = {0};
	for (size_t w = 0; w < 2; w++)
		if (o[w]) {
			except[w] = (struct key_list){o[w]->exception_vkey, o[w]->n_exception_keys};
			vetted[w] = (struct key_list){o[w]->vetted_vkey, o[w]->n_vetted_keys};
		}
	keys(d, except, "exceptions");
	days(d, o[0] ? o[0]->exception_days : 0, o[1] ? o[1]->exception_days : 0, "exceptions last");
	keys(d, vetted, "verdicts of vettings");
	days(d, o[0] ? o[0]->vetted_days : 0, o[1] ? o[1]->vetted_days : 0, "verdicts of vettings last");
	unsigned worst[2] = {o[0] ? o[0]->vetted_worst : 0, o[1] ? o[1]->vetted_worst : 0};
	if (vetted[0].n && vetted[1].n && worst[0] != worst[1])
		add(d, worst[0] < worst[1] ? POLICY_WIDER : POLICY_TIGHTER, "tools", "worst finding of what was vetted",
		        policy_vetted_words[worst[0]], policy_vetted_words[worst[1]]);
}

static void tools(struct differ *d)
{
	signatures(d);
	try_tool(d, &(struct tool_rule){0});
	for (size_t w = 0; w < 2; w++)
		for (size_t l = 0; l < POLICY_LAYERS; l++)
			for (size_t i = 0; d->p[w]->doc[l] && i < d->p[w]->doc[l]->n_tools; i++)
				try_tool(d, &d->p[w]->doc[l]->tool[i]);
}

/* Lists: what is in one and not in the other. */

static bool holds(const char *const *list, const char *s)
{
	for (size_t i = 0; list[i]; i++)
		if (strcmp(list[i], s) == 0)
			return true;
	return false;
}

static void lists(
        struct differ *d, const char *section, const char *subject, const char *const *a, const char *const *b, bool more_is_wider)
{
	const char *const *list[] = {a, b};
	for (size_t w = 0; w < 2; w++)
		for (size_t i = 0; list[w][i]; i++) {
			if (holds(list[1 - w], list[w][i]))
				continue;
			char *s = arena_fmt(&d->out->arena, "%s %s", subject, list[w][i]);
			if (!s)
				d->no_memory = true;
			else
				add(d, (w == 1) == more_is_wider ? POLICY_WIDER : POLICY_TIGHTER, section, s, w ? "not there" : "there",
				        w ? "there" : "not there");
		}
}

/* A rule that is there or not; one that was changed is another. */
static void origins(struct differ *d)
{
	const char **list[2];
	for (size_t w = 0; w < 2; w++) {
		size_t n = 0;
		for (size_t l = 0; l < POLICY_LAYERS; l++)
			n += d->p[w]->doc[l] ? d->p[w]->doc[l]->n_origins : 0;
		list[w] = arena_array(&d->out->arena, n + 1, sizeof(*list[w]));
		if (!list[w]) {
			d->no_memory = true;
			return;
		}
		n = 0;
		for (size_t l = 0; l < POLICY_LAYERS; l++)
			for (size_t i = 0; d->p[w]->doc[l] && i < d->p[w]->doc[l]->n_origins; i++)
				list[w][n++] = d->p[w]->doc[l]->origin[i].text;
	}
	lists(d, "origins", "of", list[0], list[1], false);
}

/* What blocks of what a scan finds: by verdict, and by the rules that a layer names. */
static void scans(struct differ *d)
{
	static const char *const words[] = {"is reported", "blocks", NULL};
	for (size_t i = 0; policy_scan_words[i]; i++)
		add_number(d, "scan", policy_scan_words[i], policy_scan_blocks(d->p[0], "", policy_scan_words[i]),
		        policy_scan_blocks(d->p[1], "", policy_scan_words[i]), words);
	for (size_t w = 0; w < 2; w++)
		for (size_t l = 0; l < POLICY_LAYERS; l++)
			for (size_t i = 0; d->p[w]->doc[l] && i < d->p[w]->doc[l]->n_scan_rules; i++) {
				/* Of a pattern: what it says of its own name is what it says of all that fit no other. */
				const char *rule = d->p[w]->doc[l]->scan_rule[i].rule;
				add_number(d, "scan", rule, policy_scan_blocks(d->p[0], rule, "suspicious"),
				        policy_scan_blocks(d->p[1], rule, "suspicious"), words);
			}
	lists(d, "scan", "rules of YARA in", policy_settings(d->p[0])->scan_yara, policy_settings(d->p[1])->scan_yara, false);
}

static void labels(struct differ *d)
{
	const struct policy_settings *s[] = {&d->p[0]->s, &d->p[1]->s};
	for (size_t w = 0; w < 2; w++)
		for (size_t i = 0; i < s[w]->n_labels; i++) {
			const struct policy_label *l = &s[w]->label[i], *other = NULL;
			for (size_t k = 0; k < s[1 - w]->n_labels && !other; k++)
				if (strcmp(s[1 - w]->label[k].name, l->name) == 0)
					other = &s[1 - w]->label[k];
			if (!other) {
				add(d, w ? POLICY_TIGHTER : POLICY_WIDER, "confidential", l->name, w ? "not there" : "there",
				        w ? "there" : "not there");
			} else if (w == 0) {
				char *paths = arena_fmt(&d->out->arena, "%s path", l->name),
				     *to = arena_fmt(&d->out->arena, "%s provider", l->name);
				if (!paths || !to) {
					d->no_memory = true;
					return;
				}
				lists(d, "confidential", paths, l->paths, other->paths, false);
				lists(d, "confidential", to, l->providers, other->providers, true);
				add_number(d, "confidential", l->name, l->verdict, other->verdict, policy_dlp_words);
			}
		}
}

static void credentials(struct differ *d)
{
	const struct policy_settings *s[] = {&d->p[0]->s, &d->p[1]->s};
	for (size_t w = 0; w < 2; w++)
		for (size_t i = 0; i < s[w]->n_credentials; i++) {
			const struct policy_credential *c = &s[w]->credential[i], *o = NULL;
			for (size_t k = 0; k < s[1 - w]->n_credentials && !o; k++)
				if (strcmp(s[1 - w]->credential[k].name, c->name) == 0)
					o = &s[1 - w]->credential[k];
			if (!o) {
				add(d, w ? POLICY_WIDER : POLICY_TIGHTER, "credentials", c->name, w ? "not there" : "there",
				        w ? "there" : "not there");
				continue;
			}
			if (w)
				continue;
			char *host = arena_fmt(&d->out->arena, "%s host", c->name), *path = arena_fmt(&d->out->arena, "%s path", c->name);
			if (!host || !path) {
				d->no_memory = true;
				return;
			}
			lists(d, "credentials", host, c->hosts, o->hosts, true);
			/* No paths are all paths. */
			if (!c->paths[0] != !o->paths[0])
				add(d, c->paths[0] ? POLICY_WIDER : POLICY_TIGHTER, "credentials", path, c->paths[0] ? "some" : "all",
				        o->paths[0] ? "some" : "all");
			else
				lists(d, "credentials", path, c->paths, o->paths, true);
			if (c->plain != o->plain)
				add(d, o->plain ? POLICY_WIDER : POLICY_TIGHTER, "credentials", c->name,
				        c->plain ? "also without TLS" : "only with TLS", o->plain ? "also without TLS" : "only with TLS");
			if (strcmp(c->header, o->header) != 0 || strcmp(c->prefix, o->prefix) != 0)
				add(d, POLICY_OTHER, "credentials", c->name, c->header, o->header);
			if (c->source != o->source || (c->from && o->from && strcmp(c->from, o->from) != 0))
				add(d, POLICY_OTHER, "credentials", c->name, policy_source_words[c->source],
				        policy_source_words[o->source]);
		}
}

static enum policy_dlp_verdict kind_verdict(const struct policy_dlp *d, const char *name)
{
	for (size_t i = 0; i < d->n_kinds; i++)
		if (strcmp(d->kind[i].name, name) == 0)
			return d->kind[i].verdict;
	return d->class[POLICY_DLP_SECRETS].verdict;
}

static void dlp(struct differ *d)
{
	const struct policy_dlp *x[] = {&d->p[0]->s.dlp, &d->p[1]->s.dlp};
	for (size_t c = 0; c < POLICY_DLP_CLASSES; c++)
		/* A stricter verdict has the larger number. */
		if (x[0]->class[c].verdict != x[1]->class[c].verdict)
			add(d, x[1]->class[c].verdict < x[0]->class[c].verdict ? POLICY_WIDER : POLICY_TIGHTER, "dlp",
			        policy_dlp_class_words[c], policy_dlp_words[x[0]->class[c].verdict],
			        policy_dlp_words[x[1]->class[c].verdict]);
	for (size_t w = 0; w < 2; w++) {
		for (size_t i = 0; i < x[w]->n_kinds; i++)
			add_number(d, "dlp", x[w]->kind[i].name, kind_verdict(x[0], x[w]->kind[i].name),
			        kind_verdict(x[1], x[w]->kind[i].name), policy_dlp_words);
		for (size_t i = 0; i < x[w]->n_patterns; i++) {
			const struct policy_pattern *p = &x[w]->pattern[i], *o = NULL;
			for (size_t k = 0; k < x[1 - w]->n_patterns && !o; k++)
				if (strcmp(x[1 - w]->pattern[k].name, p->name) == 0)
					o = &x[1 - w]->pattern[k];
			if (!o)
				add(d, w ? POLICY_TIGHTER : POLICY_WIDER, "dlp", p->name, w ? "not there" : p->regex,
				        w ? p->regex : "not there");
			else if (w == 0 && strcmp(o->regex, p->regex) != 0)
				add(d, POLICY_OTHER, "dlp", p->name, p->regex, o->regex);
			else if (w == 0)
				add_number(d, "dlp", p->name, p->verdict, o->verdict, policy_dlp_words);
		}
	}
	lists(d, "dlp", "fingerprints of", x[0]->fingerprints, x[1]->fingerprints, false);
	size_t n[2] = {0};
	for (size_t w = 0; w < 2; w++)
		while (x[w]->canaries[n[w]])
			n[w]++;
	bool gone = false, new = false;
	for (size_t i = 0; i < n[0]; i++)
		gone |= !holds(x[1]->canaries, x[0]->canaries[i]);
	for (size_t i = 0; i < n[1]; i++)
		new |= !holds(x[0]->canaries, x[1]->canaries[i]);
	/* The values themselves are not for showing. */
	if (gone)
		add(d, POLICY_WIDER, "dlp", "canary values", "there", "some are gone");
	if (new)
		add(d, POLICY_TIGHTER, "dlp", "canary values", "fewer", "more");
	if (x[0]->plant != x[1]->plant)
		add(d, x[0]->plant ? POLICY_WIDER : POLICY_TIGHTER, "dlp", "plant_canaries", x[0]->plant ? "true" : "false",
		        x[1]->plant ? "true" : "false");
}

static void values(struct differ *d)
{
	const struct policy_settings *s[] = {&d->p[0]->s, &d->p[1]->s};
	char text[2][32];
	for (size_t i = 0; i < POLICY_LIMITS; i++) {
		if (s[0]->limit[i].value == s[1]->limit[i].value)
			continue;
		for (size_t w = 0; w < 2; w++) {
			_cleanup_buf_ struct buf b = BUF(32);
			if (s[w]->limit[i].value == UINT64_MAX)
				buf_str_add(&b, "no limit");
			else
				buf_fmt(&b, "%llu", (unsigned long long)s[w]->limit[i].value);
			memcpy(text[w], buf_str(&b), b.n + 1);
		}
		add(d, s[1]->limit[i].value > s[0]->limit[i].value ? POLICY_WIDER : POLICY_TIGHTER, "limits", policy_limit_words[i],
		        text[0], text[1]);
	}
	for (size_t i = 0; policy_neutral_words[i]; i++) {
		bool x = s[0]->neutral.value & 1ull << i, y = s[1]->neutral.value & 1ull << i;
		if (x != y)
			add(d, x ? POLICY_WIDER : POLICY_TIGHTER, "identity", policy_neutral_words[i], x ? "neutral" : "as it is",
			        y ? "neutral" : "as it is");
	}
	const struct {
		const char *name;
		const struct policy_value *v[2];
		const char *const *words;
	} rows[] = {
	        {"on_unknown", {&s[0]->on_unknown, &s[1]->on_unknown}, policy_verdict_words},
	        {"review", {&s[0]->review, &s[1]->review}, policy_review_words},
	        {"ledger bodies", {&s[0]->ledger_bodies, &s[1]->ledger_bodies}, policy_bodies_words},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		add_number(d, "settings", rows[i].name, (int)rows[i].v[0]->value, (int)rows[i].v[1]->value, rows[i].words);
	if (s[0]->ledger_required.value != s[1]->ledger_required.value)
		add(d, s[0]->ledger_required.value ? POLICY_WIDER : POLICY_TIGHTER, "settings", "ledger required",
		        s[0]->ledger_required.value ? "true" : "false", s[1]->ledger_required.value ? "true" : "false");
}

int policy_diff(const struct policy *before, const struct policy *after, struct policy_changes *out)
{
	struct differ d = {.p = {before, after}, .out = out};
	if (!out->arena.max)
		out->arena = ARENA(256u << 20);
	network(&d);
	files(&d);
	exec(&d);
	tools(&d);
	labels(&d);
	origins(&d);
	scans(&d);
	credentials(&d);
	dlp(&d);
	values(&d);
	return d.no_memory ? -ENOMEM : 0;
}
