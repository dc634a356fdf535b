/* Decisions about hosts, connections and requests. */
#include "policy/compiled.h"

#include <errno.h>

/* What one part of a layer says about a request. */
struct cell {
	const struct net_rule *deny, *best, *loosest; /* loosest: of a connection, of what permits */
	uint64_t deny_spec, best_spec;
};

/* A request as rules are held against it. */
struct facts {
	const struct policy_request *r;
	bool connection; /* no method yet */
	char path[2][POLICY_TEXT_MAX + 1];
	int path_state[2]; /* 0: not yet looked at, 1: good, -1: it can be understood in more than one way */
	const char *why;
	const struct net_rule *ambiguous; /* a rule that looks at paths, of this host */
	bool conditional;                 /* some rule of the host looks at requests */
};

static bool fits_port(const struct net_rule *r, uint16_t port)
{
	bool denies = r->rule.verdict == POLICY_DENY;
	if (port == 0) /* any of them */
		return !denies || r->n_ports == 0;
	if (r->n_ports == 0)
		return denies || port == 443;
	for (size_t i = 0; i < r->n_ports; i++)
		if (port >= r->port[i].low && port <= r->port[i].high)
			return true;
	return false;
}

static bool fits_method(const struct net_rule *r, struct slice method)
{
	if (r->n_methods == 0)
		return r->rule.verdict == POLICY_DENY || (!slice_is(method, "TRACE") && !slice_is(method, "CONNECT"));
	for (size_t i = 0; i < r->n_methods; i++)
		if (slice_is(method, r->method[i]))
			return true;
	return false;
}

/* *literal: of the pattern that fits, for how special the rule is. */
static bool fits_path(const struct net_rule *r, struct facts *f, size_t *literal)
{
	size_t form = r->encoded_slash;
	bool fits = false;
	*literal = 0;
	if (r->n_paths == 0)
		return true;
	if (f->path_state[form] == 0) {
		const char *why = NULL;
		int c = policy_path(f->r->target, r->encoded_slash, f->path[form], sizeof(f->path[form]), &why);
		f->path_state[form] = c < 0 ? -1 : 1;
		if (c < 0)
			f->why = why ? why : "it is longer than 4 KiB";
	}
	if (f->path_state[form] < 0) {
		if (!f->ambiguous)
			f->ambiguous = r;
		return r->rule.verdict == POLICY_DENY;
	}
	for (size_t i = 0; i < r->n_paths; i++) {
		struct slice pattern = slice_str(r->path[i]);
		if (!match_path(pattern, slice_str(f->path[form])))
			continue;
		size_t n = match_literal(pattern);
		/* An exact path is more special than a folder of the same length. */
		n = 2 * n + (n == pattern.n && pattern.p[n - 1] != '/');
		*literal = n > *literal ? n : *literal;
		fits = true;
	}
	return fits;
}

/* What is decided a request at a time is permitted as a connection. */
static enum policy_verdict verdict_of(const struct net_rule *r, const struct facts *f)
{
	bool later = f->connection && r->rule.verdict != POLICY_DENY && (r->n_methods || r->n_paths);
	return later ? POLICY_ALLOW : r->rule.verdict;
}

static void consider(const struct net_rule *r, struct cell *c, struct facts *f)
{
	size_t literal = 0;
	bool denies = r->rule.verdict == POLICY_DENY, conditional = r->n_methods || r->n_paths;
	if (!fits_port(r, f->r->port))
		return;
	f->conditional |= conditional;
	if (f->connection) {
		if (denies && conditional)
			return;
		if (!denies && (!c->loosest || verdict_of(r, f) < verdict_of(c->loosest, f)))
			c->loosest = r;
	} else if (!fits_method(r, f->r->method) || !fits_path(r, f, &literal)) {
		return;
	}
	uint64_t spec = (r->any             ? 0ull
	                        : r->suffix ? 1ull
	                                    : 2ull)
	                        << 48 |
	                (uint64_t)r->host.n << 32 | (uint64_t)literal << 8 | (uint64_t)(r->n_methods > 0) << 1 | (uint64_t)(r->n_ports > 0);
	if (denies) {
		if (!c->deny || spec > c->deny_spec) {
			c->deny = r;
			c->deny_spec = spec;
		}
	} else if (!c->best || spec > c->best_spec || (spec == c->best_spec && r->rule.verdict > c->best->rule.verdict)) {
		c->best = r;
		c->best_spec = spec;
	}
}

static void gather(const struct policy *p, struct facts *f, struct cell cell[POLICY_LAYERS][PARTS])
{
	struct slice host = f->r->host;
	const struct slot *s = index_find(&p->hosts, host, false);
	for (uint32_t i = 0; s && i < s->n; i++) {
		const struct ref *r = &p->hosts.ref[s->first + i];
		consider(r->rule, &cell[r->layer][r->part], f);
	}
	bool address = match_is_address(host);
	for (size_t at = 0; p->has_suffix && !address && (at = slice_chr(host, '.', at)) != SLICE_NPOS;) {
		at++;
		s = index_find(&p->hosts, slice_from(host, at), true);
		for (uint32_t i = 0; s && i < s->n; i++) {
			const struct ref *r = &p->hosts.ref[s->first + i];
			consider(r->rule, &cell[r->layer][r->part], f);
		}
	}
	/* "Any host" is any name: addresses are named one by one, so that nobody gets around the names. */
	for (size_t i = 0; i < p->n_any_host; i++) {
		const struct net_rule *r = p->any_host[i].rule;
		if (!address || r->rule.verdict == POLICY_DENY)
			consider(r, &cell[p->any_host[i].layer][p->any_host[i].part], f);
	}
}

static void decide(struct policy_decision *d, enum policy_verdict v, const struct rule *rule, const char *why)
{
	*d = (struct policy_decision){.verdict = v,
	        .place = rule ? &rule->place : NULL,
	        .rule = rule && rule->text ? rule->text : "",
	        .why = rule && rule->reason ? rule->reason : why};
}

/* Of a grant its attributes: what every grant has, and the smallest of limits. */
static void add_grant(struct policy_network *out, const struct net_rule *r)
{
	out->opaque &= r->opaque;
	out->private &= r->private;
	out->websocket &= r->websocket;
	if (r->max_bytes < out->max_bytes)
		out->max_bytes = r->max_bytes;
	if (!out->dialect)
		out->dialect = r->dialect;
	for (size_t i = 0; i < r->n_headers; i++) {
		size_t k = 0;
		while (k < out->n_headers && !slice_eq_nocase(slice_str(out->header[k]->name), slice_str(r->header[i].name)))
			k++;
		if (k == out->n_headers && k < POLICY_HEADERS_MAX)
			out->header[out->n_headers++] = &r->header[i];
	}
}

/* The rule of "widen" that lets a layer grant here: *allowed is false if there has to be one, and is none. */
static const struct net_rule *widening(
        const struct policy *p, const struct cell cell[POLICY_LAYERS][PARTS], enum policy_layer l, bool *allowed)
{
	bool closed = has_section(p->doc[POLICY_ORGANISATION], PART_OWN, 'n');
	const struct cell *c = NULL;
	if (l == POLICY_PROJECT) {
		c = &cell[POLICY_ORGANISATION][PART_PROJECT];
		if (!closed && !c->best && !c->deny)
			c = cell[POLICY_COMMAND][PART_PROJECT].best ? &cell[POLICY_COMMAND][PART_PROJECT]
			                                            : &cell[POLICY_PERSON][PART_PROJECT];
	} else if (closed) {
		c = &cell[POLICY_ORGANISATION][PART_PERSON];
	}
	*allowed = !c || (c->best && !c->deny);
	return c && *allowed ? c->best : NULL;
}

static const struct net_rule *rule_of(const struct cell *c, const struct facts *f)
{
	return c->deny ? c->deny : f->connection ? c->loosest : c->best;
}

void policy_network(const struct policy *p, const struct policy_request *r, struct policy_network *out)
{
	static const enum policy_layer order[] = {POLICY_ORGANISATION, POLICY_PROJECT, POLICY_PERSON, POLICY_COMMAND, POLICY_BUILT_IN};
	struct cell cell[POLICY_LAYERS][PARTS] = {0};
	struct facts f;
	f.r = r;
	f.connection = r->method.n == 0;
	f.path_state[0] = f.path_state[1] = 0;
	f.why = NULL;
	f.ambiguous = NULL;
	f.conditional = false;
	*out = (struct policy_network){.opaque = true, .private = true, .websocket = true, .max_bytes = UINT64_MAX};
	if (r->host.n && r->host.n < 256)
		gather(p, &f, cell);

	const struct net_rule *strict = NULL, *refused = NULL;
	bool granted = false, strict_grants = false;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		const struct cell *c = &cell[order[i]][PART_OWN];
		const struct net_rule *rule = rule_of(c, &f);
		bool allowed;
		if (!rule)
			continue;
		if (rule->rule.verdict == POLICY_DENY) {
			strict = rule;
			break;
		}
		const struct net_rule *widen = widening(p, cell, order[i], &allowed);
		if (order[i] == POLICY_ORGANISATION)
			allowed = true;
		/* Of what has no right to grant only what is stricter than a grant counts. */
		enum policy_verdict v = verdict_of(rule, &f), so_far = strict ? verdict_of(strict, &f) : POLICY_ALLOW;
		if (!strict || v > so_far || (v == so_far && allowed && !strict_grants)) {
			strict = rule;
			strict_grants = allowed;
		}
		if (!allowed) {
			refused = refused ? refused : rule;
			if (c->best->max_bytes < out->max_bytes)
				out->max_bytes = c->best->max_bytes;
			continue;
		}
		granted = true;
		add_grant(out, c->best);
		/* Beside a grant of the organisation a lower layer does not have to widen anything. */
		if (widen && order[i] != POLICY_ORGANISATION && !cell[POLICY_ORGANISATION][PART_OWN].best) {
			add_grant(out, widen);
			if (verdict_of(widen, &f) > verdict_of(strict, &f))
				strict = widen;
		}
	}
	out->opaque = out->opaque && granted && !f.conditional;
	out->private = out->private && granted;
	out->websocket = out->websocket && granted && !out->opaque;
	if (strict && strict->rule.verdict == POLICY_DENY) {
		decide(&out->decision, POLICY_DENY, &strict->rule, "a rule denies it");
	} else if (f.ambiguous) {
		decide(&out->decision, POLICY_DENY, &f.ambiguous->rule, f.why);
		out->decision.why = f.why; /* what is wrong with the path matters more than the author's reason */
	} else if (r->steers && f.conditional) {
		static const char why[] = "a field of the request may make it one of another method or path, and a rule looks at these";
		decide(&out->decision, POLICY_DENY, strict ? &strict->rule : NULL, why);
		out->decision.why = why;
	} else if (!granted) {
		const struct policy_value *v =
		        has_section(p->doc[POLICY_ORGANISATION], PART_OWN, 'n') ? &p->unknown_closed : &p->unknown_open;
		decide(&out->decision, (enum policy_verdict)v->value, refused ? &refused->rule : NULL,
		        refused ? "it is permitted only by a layer that may not grant it" : "no rule permits it");
		out->decision.unknown = true;
	} else if (r->bytes > out->max_bytes) {
		decide(&out->decision, POLICY_DENY, &strict->rule, "the request is larger than the policy permits");
		out->decision.why = "the request is larger than the policy permits";
	} else if (r->websocket && !out->websocket && !f.connection) {
		decide(&out->decision, POLICY_DENY, &strict->rule, "the rule does not permit WebSocket");
		out->decision.why = "the rule does not permit WebSocket";
	} else {
		static const char *const why[] = {
		        "a rule permits it", "a rule permits it, and wants it noted", "a rule wants a person to be asked", ""};
		decide(&out->decision, verdict_of(strict, &f), &strict->rule, why[verdict_of(strict, &f)]);
	}
}

struct policy_decision policy_name(const struct policy *p, struct slice host)
{
	struct policy_request r = {.host = host};
	struct policy_network n;
	policy_network(p, &r, &n);
	return n.decision;
}

struct policy_decision policy_credential(
        const struct policy *p, const struct policy_credential *c, const struct policy_request *r, struct slice header)
{
	char path[POLICY_TEXT_MAX + 1];
	const char *why = NULL;
	bool fits = false;
	struct policy_decision d = {.verdict = POLICY_DENY, .place = &c->place, .rule = c->name};
	(void)p;
	for (size_t i = 0; c->hosts[i] && !fits; i++)
		fits = match_host(slice_str(c->hosts[i]), r->host);
	if (!fits)
		d.why = "the key is not for this host";
	else if (c->port && c->port != r->port)
		d.why = "the key is not for this port";
	else if (!r->tls && !c->plain)
		d.why = "the key does not go over a connection without TLS";
	else if (!slice_eq_nocase(slice_str(c->header), header))
		d.why = "the key does not belong into this header";
	else if (c->paths[0] && r->steers)
		d.why = "a field of the request may make it one of another path";
	else if (c->paths[0] && policy_path(r->target, false, path, sizeof(path), &why) < 0)
		d.why = why ? why : "the path is longer than 4 KiB";
	else
		d.verdict = POLICY_ALLOW;
	if (d.verdict == POLICY_DENY)
		return d;
	fits = !c->paths[0];
	for (size_t i = 0; c->paths[i] && !fits; i++)
		fits = match_path(slice_str(c->paths[i]), slice_str(path));
	d.verdict = fits ? POLICY_ALLOW : POLICY_DENY;
	d.why = fits ? "the key belongs here" : "the key is not for this path";
	return d;
}
