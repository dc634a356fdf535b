/* The effective policy as JSON and as text. */
#include "policy/render.h"

#include <errno.h>
#include <time.h>

#include "base/utf8.h"
#include "crypto/digest.h"
#include "parse/jcs.h"
#include "parse/statement.h"

#define JSON_MAX (64u << 20)

void json_text_add(struct buf *out, const char *text)
{
	struct slice s = slice_str(text);
	uint32_t c;
	buf_u8(out, '"');
	for (size_t i = 0, n; i < s.n; i += n) {
		n = utf8_next(s, i, &c);
		if (n == 0) {
			/* The path of a home can have any bytes. */
			buf_str_add(out, "\\ufffd");
			n = 1;
		} else if (s.p[i] == '"' || s.p[i] == '\\') {
			buf_fmt(out, "\\%c", s.p[i]);
		} else if (s.p[i] < 0x20) {
			buf_fmt(out, "\\u%04x", s.p[i]);
		} else {
			buf_add(out, slice_sub(s, i, n));
		}
	}
	buf_u8(out, '"');
}

/* The next member of an object, or element of an array. */
static void key(struct buf *out, const char *name)
{
	uint8_t last = out->n ? out->p[out->n - 1] : 0;
	if (last != '{' && last != '[')
		buf_u8(out, ',');
	if (name)
		buf_fmt(out, "\"%s\":", name);
}

static void text(struct buf *out, const char *name, const char *value)
{
	if (!value)
		return;
	key(out, name);
	json_text_add(out, value);
}

/* Larger numbers than a double holds are texts. */
static void number(struct buf *out, const char *name, uint64_t value)
{
	key(out, name);
	buf_fmt(out, value > 1ull << 53 ? "\"%llu\"" : "%llu", (unsigned long long)value);
}

static void flag(struct buf *out, const char *name, bool value)
{
	if (!value)
		return;
	key(out, name);
	buf_str_add(out, "true");
}

static void texts(struct buf *out, const char *name, const char *const *list, size_t n)
{
	if (!list || (n == SIZE_MAX ? list[0] == NULL : n == 0))
		return;
	key(out, name);
	buf_u8(out, '[');
	for (size_t i = 0; n == SIZE_MAX ? list[i] != NULL : i < n; i++)
		text(out, NULL, list[i]);
	buf_u8(out, ']');
}

static void origin(struct buf *out, const struct policy_place *p, bool origins)
{
	if (!origins)
		return;
	key(out, "origin");
	buf_str_add(out, "{");
	text(out, "layer", policy_layer_words[p->layer]);
	text(out, "file", p->file);
	if (p->line)
		number(out, "line", p->line);
	buf_u8(out, '}');
}

static void net_json(struct buf *out, const struct net_rule *r, bool origins)
{
	key(out, NULL);
	buf_u8(out, '{');
	if (r->any) {
		flag(out, "any_host", true);
	} else {
		key(out, "host");
		buf_fmt(out, "\"%s%.*s\"", r->suffix ? "*." : "", SLICE_FMT(r->host));
	}
	if (r->n_ports) {
		key(out, "ports");
		buf_u8(out, '[');
		for (size_t i = 0; i < r->n_ports; i++) {
			key(out, NULL);
			if (r->port[i].low == r->port[i].high)
				buf_fmt(out, "%u", r->port[i].low);
			else
				buf_fmt(out, "\"%u-%u\"", r->port[i].low, r->port[i].high);
		}
		buf_u8(out, ']');
	}
	texts(out, "methods", r->method, r->n_methods);
	texts(out, "paths", r->path, r->n_paths);
	if (r->max_bytes != UINT64_MAX)
		number(out, "max_request_bytes", r->max_bytes);
	flag(out, "opaque", r->opaque);
	flag(out, "private", r->private);
	flag(out, "websocket", r->websocket);
	flag(out, "encoded_slash", r->encoded_slash);
	text(out, "dialect", r->dialect);
	if (r->n_headers) {
		key(out, "headers");
		buf_u8(out, '{');
		for (size_t i = 0; i < r->n_headers; i++) {
			key(out, NULL);
			json_text_add(out, r->header[i].name);
			buf_u8(out, ':');
			json_text_add(out, r->header[i].value);
		}
		buf_u8(out, '}');
	}
	text(out, "verdict", policy_verdict_words[r->rule.verdict]);
	text(out, "reason", r->rule.reason);
	origin(out, &r->rule.place, origins);
	buf_u8(out, '}');
}

static void grants_json(struct buf *out, const struct grants *g, bool origins)
{
	if (g->has_network) {
		key(out, "network");
		buf_u8(out, '[');
		for (size_t i = 0; i < g->n_net; i++)
			net_json(out, &g->net[i], origins);
		buf_u8(out, ']');
	}
	if (g->has_files || g->n_file) {
		key(out, "files");
		buf_u8(out, '[');
		for (size_t i = 0; i < g->n_file; i++) {
			const struct file_rule *r = &g->file[i];
			key(out, NULL);
			buf_u8(out, '{');
			text(out, "path", r->path);
			text(out, "name", r->glob);
			text(out, "access", r->absent ? "absent" : policy_access_words[r->access]);
			origin(out, &r->rule.place, origins);
			buf_u8(out, '}');
		}
		buf_u8(out, ']');
	}
	if (g->has_exec) {
		key(out, "exec");
		buf_u8(out, '{');
		if (g->exec_default.text)
			text(out, "default", policy_verdict_words[g->exec_default.verdict]);
		key(out, "rules");
		buf_u8(out, '[');
		for (size_t i = 0; i < g->n_exec; i++) {
			const struct exec_rule *r = &g->exec[i];
			key(out, NULL);
			buf_u8(out, '{');
			text(out, "name", r->name);
			text(out, "path", r->path);
			text(out, "digest", r->digest);
			text(out, "parent", r->parent);
			if (r->args) {
				key(out, "args");
				buf_u8(out, '[');
				for (size_t k = 0; k < r->n_args; k++)
					text(out, NULL, r->args[k]);
				buf_u8(out, ']');
			}
			text(out, "verdict", policy_verdict_words[r->rule.verdict]);
			text(out, "reason", r->rule.reason);
			origin(out, &r->rule.place, origins);
			buf_u8(out, '}');
		}
		buf_str_add(out, "]}");
	}
	flag(out, "credentials", g->credentials);
}

static void tools_json(struct buf *out, const struct policy_doc *d, bool origins)
{
	key(out, "tools");
	buf_u8(out, '{');
	text(out, "default", policy_tool_words[d->tool_default]);
	key(out, "rules");
	buf_u8(out, '[');
	for (size_t i = 0; i < d->n_tools; i++) {
		const struct tool_rule *r = &d->tool[i];
		key(out, NULL);
		buf_u8(out, '{');
		text(out, "tool", r->tool);
		text(out, "package", r->package);
		text(out, "versions", r->versions);
		text(out, "publisher", r->publisher);
		text(out, "digest", r->digest);
		texts(out, "accounts", r->accounts, r->n_accounts);
		texts(out, "groups", r->groups, r->n_groups);
		texts(out, "lineage", r->lineage, r->n_lineage);
		if (r->vetted)
			flag(out, "vetted", true);
		text(out, "verdict", policy_tool_words[r->verdict]);
		text(out, "reason", r->rule.reason);
		origin(out, &r->rule.place, origins);
		buf_u8(out, '}');
	}
	buf_u8(out, ']');
	if (d->n_exception_keys) {
		key(out, "exceptions");
		buf_u8(out, '{');
		texts(out, "keys", d->exception_vkey, d->n_exception_keys);
		number(out, "max_days", d->exception_days);
		texts(out, "revoked", d->exception_revoked, d->n_exception_revoked);
		buf_u8(out, '}');
	}
	if (d->n_vetted_keys) {
		key(out, "vetted");
		buf_u8(out, '{');
		texts(out, "keys", d->vetted_vkey, d->n_vetted_keys);
		number(out, "max_days", d->vetted_days);
		text(out, "worst", policy_vetted_words[d->vetted_worst]);
		buf_u8(out, '}');
	}
	buf_u8(out, '}');
}

static void origins_json(struct buf *out, const struct policy_doc *d, bool origins)
{
	key(out, "origins");
	buf_u8(out, '[');
	for (size_t i = 0; i < d->n_origins; i++) {
		const struct policy_origin *o = &d->origin[i];
		key(out, NULL);
		buf_u8(out, '{');
		text(out, "package", o->package);
		text(out, "file", o->file);
		text(out, "repository", o->repository);
		text(out, "workflow", o->workflow);
		text(out, "identity", o->identity);
		text(out, "issuer", o->issuer);
		text(out, "reason", o->reason);
		origin(out, &o->place, origins);
		buf_u8(out, '}');
	}
	buf_u8(out, ']');
}

static void scans_json(struct buf *out, const struct policy_doc *d, bool origins)
{
	key(out, "scan");
	buf_u8(out, '{');
	if (d->scan_block.set) {
		key(out, "block");
		buf_u8(out, '[');
		for (unsigned i = 0; policy_scan_words[i]; i++)
			if (d->scan_block.value >> i & 1)
				text(out, NULL, policy_scan_words[i]);
		buf_u8(out, ']');
	}
	key(out, "rules");
	buf_u8(out, '[');
	for (size_t i = 0; i < d->n_scan_rules; i++) {
		const struct policy_scan_rule *r = &d->scan_rule[i];
		key(out, NULL);
		buf_u8(out, '{');
		text(out, "rule", r->rule);
		text(out, "verdict", r->blocks ? "block" : "report");
		text(out, "reason", r->reason);
		origin(out, &r->place, origins);
		buf_u8(out, '}');
	}
	buf_u8(out, ']');
	if (d->n_scan_yara) {
		key(out, "yara");
		buf_u8(out, '[');
		for (size_t i = 0; i < d->n_scan_yara; i++)
			text(out, NULL, d->scan_yara[i]);
		buf_u8(out, ']');
	}
	buf_u8(out, '}');
}

static void vetted_json(struct buf *out, const struct policy_settings *s, bool origins)
{
	key(out, "vetted");
	buf_u8(out, '[');
	for (size_t i = 0; i < s->n_vetted; i++) {
		key(out, NULL);
		buf_u8(out, '{');
		text(out, "digest", s->vetted[i].sha256);
		text(out, "by", s->vetted[i].by);
		number(out, "until", (uint64_t)s->vetted[i].until);
		if (origins)
			text(out, "file", s->vetted[i].file);
		buf_u8(out, '}');
	}
	buf_u8(out, ']');
}

static void exceptions_json(struct buf *out, const struct policy_settings *s, bool origins)
{
	key(out, "exceptions");
	buf_u8(out, '[');
	for (size_t i = 0; i < s->n_exceptions; i++) {
		const struct policy_exception *e = &s->exception[i];
		if (e->why && !origins)
			continue;
		key(out, NULL);
		buf_u8(out, '{');
		text(out, "id", e->id);
		text(out, "tool", e->tool);
		text(out, "package", e->package);
		text(out, "rule", e->rule);
		text(out, "path", e->path);
		text(out, "versions", e->versions);
		text(out, "digest", e->digest);
		if (!e->rule)
			text(out, "account", e->account);
		text(out, "host", e->host);
		text(out, "verdict", e->rule ? "accept" : policy_tool_words[e->verdict]);
		text(out, "by", e->by);
		number(out, "from", (uint64_t)e->from);
		number(out, "until", (uint64_t)e->until);
		text(out, "reason", e->reason);
		text(out, "no_effect", e->why);
		origin(out, &e->place, origins);
		buf_u8(out, '}');
	}
	buf_u8(out, ']');
}

static void layer_json(struct buf *out, const struct policy_doc *d, bool origins)
{
	key(out, NULL);
	buf_u8(out, '{');
	text(out, "layer", policy_layer_words[d->layer]);
	if (origins) {
		text(out, "file", d->file);
		if (d->info.sha256[0])
			text(out, "sha256", d->info.sha256);
		flag(out, "signed", d->info.signature);
	}
	text(out, "organisation", d->info.organisation);
	text(out, "name", d->info.name);
	if (d->info.version)
		number(out, "version", d->info.version);
	if (d->info.expires)
		number(out, "expires", (uint64_t)d->info.expires);
	grants_json(out, &d->own, origins);
	if (d->has_tools)
		tools_json(out, d, origins);
	if (d->n_origins)
		origins_json(out, d, origins);
	if (d->has_scan)
		scans_json(out, d, origins);
	if (d->has_project || d->has_person) {
		key(out, "widen");
		buf_u8(out, '{');
		for (int i = 0; i < 2; i++) {
			if (!(i ? d->has_person : d->has_project))
				continue;
			key(out, i ? "person" : "project");
			buf_u8(out, '{');
			grants_json(out, i ? &d->person : &d->project, origins);
			buf_u8(out, '}');
		}
		buf_u8(out, '}');
	}
	buf_u8(out, '}');
}

static void value_json(struct buf *out, const char *name, const struct policy_value *v, const char *const *words, bool origins)
{
	key(out, name);
	if (!origins) {
		if (words)
			json_text_add(out, words[v->value]);
		else
			buf_fmt(out, v->value > 1ull << 53 ? "\"%llu\"" : "%llu", (unsigned long long)v->value);
		return;
	}
	buf_u8(out, '{');
	if (words)
		text(out, "value", words[v->value]);
	else
		number(out, "value", v->value);
	origin(out, &v->place, true);
	buf_u8(out, '}');
}

/* Paths as the documents have them: the digest is the same for everybody. */
static void dlp_json(struct buf *out, const struct policy *p, bool origins)
{
	const struct policy_dlp *d = &p->s.dlp;
	key(out, "dlp");
	buf_u8(out, '{');
	for (size_t c = 0; c < POLICY_DLP_CLASSES; c++) {
		struct policy_value v = {.value = d->class[c].verdict, .place = d->class[c].place};
		value_json(out, policy_dlp_class_words[c], &v, policy_dlp_words, origins);
	}
	key(out, "kinds");
	buf_u8(out, '{');
	for (size_t i = 0; i < d->n_kinds; i++) {
		struct policy_value v = {.value = d->kind[i].verdict, .place = d->kind[i].place};
		value_json(out, d->kind[i].name, &v, policy_dlp_words, origins);
	}
	buf_u8(out, '}');
	key(out, "patterns");
	buf_u8(out, '[');
	for (size_t i = 0; i < d->n_patterns; i++) {
		key(out, NULL);
		buf_u8(out, '{');
		text(out, "name", d->pattern[i].name);
		text(out, "regex", d->pattern[i].regex);
		text(out, "verdict", policy_dlp_words[d->pattern[i].verdict]);
		origin(out, &d->pattern[i].place, origins);
		buf_u8(out, '}');
	}
	buf_u8(out, ']');
	key(out, "fingerprint_files");
	buf_u8(out, '[');
	for (size_t l = 0; l < POLICY_LAYERS; l++)
		for (size_t i = 0; p->doc[l] && i < p->doc[l]->n_fingerprints; i++)
			text(out, NULL, p->doc[l]->fingerprints[i]);
	buf_u8(out, ']');
	/* The values themselves are for nobody's eyes: a ledger and a terminal get their digests. */
	key(out, "canary_values");
	buf_u8(out, '[');
	for (size_t i = 0; d->canaries[i]; i++) {
		char hex[65];
		digest_sha256_hex(slice_str(d->canaries[i]), hex);
		text(out, NULL, hex);
	}
	buf_u8(out, ']');
	flag(out, "plant_canaries", d->plant);
	buf_u8(out, '}');
}

static void credentials_json(struct buf *out, const struct policy_settings *s, bool origins)
{
	key(out, "credentials");
	buf_u8(out, '[');
	for (size_t i = 0; i < s->n_credentials; i++) {
		const struct policy_credential *c = &s->credential[i];
		key(out, NULL);
		buf_u8(out, '{');
		text(out, "name", c->name);
		text(out, "variable", c->variable);
		text(out, "format", c->format);
		text(out, "source", policy_source_words[c->source]);
		if (origins && c->from)
			text(out, "from", c->from);
		if (origins && c->source == POLICY_SOURCE_COMMAND)
			texts(out, "command", c->argv, SIZE_MAX);
		texts(out, "host", c->hosts, SIZE_MAX);
		if (c->port)
			number(out, "port", c->port);
		texts(out, "paths", c->paths, SIZE_MAX);
		text(out, "header", c->header);
		text(out, "prefix", c->prefix);
		flag(out, "plain", c->plain);
		origin(out, &c->place, origins);
		buf_u8(out, '}');
	}
	buf_u8(out, ']');
}

static void labels_json(struct buf *out, const struct policy *p, bool origins)
{
	key(out, "labels");
	buf_u8(out, '[');
	for (size_t l = 0; l < POLICY_LAYERS; l++)
		for (size_t i = 0; p->doc[l] && i < p->doc[l]->n_labels; i++) {
			const struct policy_label *b = &p->doc[l]->label[i];
			key(out, NULL);
			buf_u8(out, '{');
			text(out, "label", b->name);
			texts(out, "paths", b->paths, SIZE_MAX);
			texts(out, "providers", b->providers, SIZE_MAX);
			text(out, "verdict", policy_dlp_words[b->verdict]);
			origin(out, &b->place, origins);
			buf_u8(out, '}');
		}
	buf_u8(out, ']');
}

int policy_json(const struct policy *p, bool origins, struct buf *to)
{
	_cleanup_buf_ struct buf raw = BUF(JSON_MAX);
	struct buf *out = &raw;
	const struct policy_settings *s = &p->s;
	buf_str_add(out, "{\"policy\":1");
	key(out, "layers");
	buf_u8(out, '[');
	for (size_t l = 0; l < POLICY_LAYERS; l++)
		if (p->doc[l])
			layer_json(out, p->doc[l], origins);
	buf_u8(out, ']');
	value_json(out, "on_unknown", &s->on_unknown, policy_verdict_words, origins);
	value_json(out, "review", &s->review, policy_review_words, origins);
	value_json(out, "neutral", &s->neutral, NULL, origins);
	key(out, "limits");
	buf_u8(out, '{');
	for (size_t i = 0; i < POLICY_LIMITS; i++)
		if (s->limit[i].value != UINT64_MAX)
			value_json(out, policy_limit_words[i], &s->limit[i], NULL, origins);
	buf_u8(out, '}');
	key(out, "ledger");
	buf_u8(out, '{');
	text(out, "folder", p->ledger_said);
	flag(out, "required", s->ledger_required.value);
	text(out, "bodies", policy_bodies_words[s->ledger_bodies.value]);
	buf_u8(out, '}');
	credentials_json(out, s, origins);
	labels_json(out, p, origins);
	dlp_json(out, p, origins);
	if (s->n_exceptions)
		exceptions_json(out, s, origins);
	if (s->n_vetted)
		vetted_json(out, s, origins);
	flag(out, "closed", s->closes < 0);
	if (s->closes > 0)
		number(out, "closes", (uint64_t)s->closes);
	if (origins) {
		key(out, "mounts");
		buf_u8(out, '[');
		for (size_t i = 0; i < s->n_mounts; i++) {
			key(out, NULL);
			buf_u8(out, '{');
			text(out, "path", s->mount[i].path);
			text(out, "name", s->mount[i].glob);
			text(out, "access", policy_access_words[s->mount[i].access]);
			buf_u8(out, '}');
		}
		buf_u8(out, ']');
		key(out, "no_effect");
		buf_u8(out, '[');
		for (size_t i = 0; i < s->n_wishes; i++)
			text(out, NULL, s->wishes[i]);
		buf_u8(out, ']');
		text(out, "digest", policy_digest(p));
	}
	buf_u8(out, '}');
	if (buf_error(out))
		return buf_error(out);
	_cleanup_arena_ struct arena scratch = ARENA(8 * JSON_MAX);
	const char *why;
	size_t at;
	return jcs_write(buf_slice(out), &scratch, to, &why, &at);
}

int policy_canonical(struct policy *p)
{
	_cleanup_buf_ struct buf json = BUF(JSON_MAX);
	int r = policy_json(p, false, &json);
	if (r == 0) {
		p->canonical = arena_copy(&p->arena, buf_slice(&json));
		p->digest = arena_array(&p->arena, 65, 1);
		r = p->canonical.p && p->digest ? 0 : -ENOMEM;
		if (r == 0)
			p->digest[0] = 0;
	}
	return r == -EBADMSG || r == -E2BIG ? -EINVAL : r;
}

const char *policy_digest(const struct policy *p)
{
	if (!p->digest[0])
		digest_sha256_hex(p->canonical, p->digest);
	return p->digest;
}

/* Text */

static void place_text(struct buf *out, const struct policy_place *p)
{
	if (p->line)
		buf_fmt(out, "  # %s:%u (%s)\n", p->file, p->line, policy_layer_words[p->layer]);
	else
		buf_fmt(out, "  # %s\n", policy_layer_words[p->layer]);
}

static void rule_text(struct buf *out, const struct rule *r, size_t skip)
{
	buf_fmt(out, "  %s", r->text + skip);
	place_text(out, &r->place);
}

static void layers_text(const struct policy *p, struct buf *out)
{
	for (size_t l = 0; l < POLICY_LAYERS; l++) {
		const struct policy_info *i = &p->s.layer[l];
		if (!i->is_there)
			continue;
		buf_fmt(out, "%s: %s", policy_layer_words[l], i->file);
		if (i->organisation)
			buf_fmt(out, ", of %s", i->organisation);
		if (i->version)
			buf_fmt(out, ", version %llu", (unsigned long long)i->version);
		if (i->expires) {
			struct tm tm;
			char day[40];
			time_t t = (time_t)i->expires;
			if (gmtime_r(&t, &tm) && strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%SZ", &tm))
				buf_fmt(out, ", until %s", day);
		}
		buf_fmt(out, "%s\n", i->signature ? ", signed" : l == POLICY_ORGANISATION ? ", not signed" : "");
	}
}

static void scans_text(struct buf *out, const struct policy *p)
{
	for (size_t l = 0, n = 0; l < POLICY_LAYERS; l++) {
		const struct policy_doc *d = p->doc[l];
		if (!d || !d->has_scan)
			continue;
		buf_str_add(out, n++ ? "" : "scan:\n");
		if (d->scan_block.set) {
			buf_str_add(out, "  block");
			for (unsigned i = 0; policy_scan_words[i]; i++)
				if (d->scan_block.value >> i & 1)
					buf_fmt(out, " %s", policy_scan_words[i]);
			buf_str_add(out, d->scan_block.value ? "" : " nothing");
			place_text(out, &d->scan_block.place);
		}
		for (size_t i = 0; i < d->n_scan_rules; i++) {
			buf_fmt(out, "  %s", d->scan_rule[i].text);
			place_text(out, &d->scan_rule[i].place);
		}
		for (size_t i = 0; i < d->n_scan_yara; i++)
			buf_fmt(out, "  rules of YARA in %s\n", d->scan_yara[i]);
	}
}

void policy_text(const struct policy *p, struct buf *out)
{
	const struct policy_settings *s = &p->s;
	layers_text(p, out);
	buf_str_add(out, "\nnetwork:\n");
	for (size_t l = 0; l < POLICY_LAYERS; l++)
		for (size_t i = 0; p->doc[l] && i < p->doc[l]->own.n_net; i++)
			rule_text(out, &p->doc[l]->own.net[i].rule, strlen("network "));
	buf_fmt(out, "  everything else: %s", policy_verdict_words[s->on_unknown.value]);
	place_text(out, &s->on_unknown.place);
	buf_str_add(out, "files:\n");
	for (size_t i = 0; i < s->n_mounts; i++) {
		const struct policy_mount *m = &s->mount[i];
		buf_fmt(out, "  %-5s %s%s%s", policy_access_words[m->access], m->path, m->anywhere ? "/**/" : "",
		        m->anywhere ? m->glob : "");
		place_text(out, m->place ? m->place : &(struct policy_place){.file = "built-in"});
	}
	buf_str_add(out, "  read  everything else outside of the home, which is empty but for what stands above\nexec:\n");
	bool any = false;
	for (size_t l = 0; l < POLICY_LAYERS; l++) {
		const struct grants *g = p->doc[l] && p->doc[l]->own.has_exec ? &p->doc[l]->own : NULL;
		for (size_t i = 0; g && i < g->n_exec; i++)
			rule_text(out, &g->exec[i].rule, strlen("exec "));
		if (g)
			rule_text(out, &g->exec_default, strlen("exec "));
		any |= g != NULL;
	}
	if (!any)
		buf_str_add(out, "  everything: allow, as no policy speaks of programs\n");
	for (size_t i = 0; i < s->n_credentials; i++) {
		const struct policy_credential *c = &s->credential[i];
		buf_fmt(out, "%s  %s: from %s", i ? "" : "credentials:\n", c->name, policy_source_words[c->source]);
		for (size_t k = 0; c->hosts[k]; k++)
			buf_fmt(out, "%s%s", k ? ", " : " to ", c->hosts[k]);
		buf_fmt(out, " in %s", c->header);
		place_text(out, &c->place);
	}
	for (size_t i = 0; i < s->n_labels; i++) {
		buf_fmt(out, "%s  %s:", i ? "" : "confidential:\n", s->label[i].name);
		for (size_t k = 0; s->label[i].paths[k]; k++)
			buf_fmt(out, " %s", s->label[i].paths[k]);
		buf_str_add(out, s->label[i].providers[0] ? " only to" : " to nobody");
		for (size_t k = 0; s->label[i].providers[k]; k++)
			buf_fmt(out, " %s", s->label[i].providers[k]);
		buf_fmt(out, ", else %s", policy_dlp_words[s->label[i].verdict]);
		place_text(out, &s->label[i].place);
	}
	buf_str_add(out, "dlp:\n");
	for (size_t c = 0; c < POLICY_DLP_CLASSES; c++) {
		buf_fmt(out, "  %s: %s", policy_dlp_class_words[c], policy_dlp_words[s->dlp.class[c].verdict]);
		place_text(out, &s->dlp.class[c].place);
	}
	for (size_t i = 0; i < s->dlp.n_kinds; i++) {
		buf_fmt(out, "  %s: %s", s->dlp.kind[i].name, policy_dlp_words[s->dlp.kind[i].verdict]);
		place_text(out, &s->dlp.kind[i].place);
	}
	for (size_t i = 0; i < s->dlp.n_patterns; i++) {
		buf_fmt(out, "  pattern %s: %s", s->dlp.pattern[i].name, policy_dlp_words[s->dlp.pattern[i].verdict]);
		place_text(out, &s->dlp.pattern[i].place);
	}
	any = false;
	for (size_t i = 0; i < POLICY_LIMITS; i++) {
		if (s->limit[i].value == UINT64_MAX)
			continue;
		buf_fmt(out, "%s  %s: %llu", any ? "" : "limits:\n", policy_limit_words[i], (unsigned long long)s->limit[i].value);
		place_text(out, &s->limit[i].place);
		any = true;
	}
	buf_str_add(out, "identity:\n  neutral:");
	for (size_t i = 0; policy_neutral_words[i]; i++)
		if (s->neutral.value & 1ull << i)
			buf_fmt(out, " %s", policy_neutral_words[i]);
	buf_str_add(out, s->neutral.value ? "" : " nothing");
	place_text(out, &s->neutral.place);
	buf_fmt(out, "review: %s", policy_review_words[s->review.value]);
	place_text(out, &s->review.place);
	buf_fmt(out, "ledger: %s, bodies %s", s->ledger_required.value ? "required" : "if it can be had",
	        policy_bodies_words[s->ledger_bodies.value]);
	place_text(out, &s->ledger_required.place);
	for (size_t i = 0, n = 0; i < s->n_exceptions; i++) {
		const struct policy_exception *e = &s->exception[i];
		if (e->why)
			continue;
		buf_str_add(out, n++ ? "" : "exceptions:\n");
		if (e->rule)
			buf_fmt(out, "  accept %s in %s, SHA-256 %s: %s", e->rule, e->path, e->digest, e->text);
		else
			buf_fmt(out, "  %s %s for %s: %s", policy_tool_words[e->verdict], e->tool ? e->tool : e->package, e->account,
			        e->text);
		place_text(out, &e->place);
	}
	for (size_t i = 0; i < s->n_vetted; i++) {
		char until[21];
		statement_time_write(s->vetted[i].until, until);
		buf_fmt(out, "%s  %s until %s (%s)\n", i ? "" : "vetted:\n", s->vetted[i].sha256, until, s->vetted[i].file);
	}
	for (size_t l = 0, n = 0; l < POLICY_LAYERS; l++)
		for (size_t i = 0; p->doc[l] && i < p->doc[l]->n_origins; i++) {
			buf_fmt(out, "%s  %s", n++ ? "" : "origins:\n", p->doc[l]->origin[i].text);
			place_text(out, &p->doc[l]->origin[i].place);
		}
	scans_text(out, p);
	for (size_t i = 0; i < s->n_wishes; i++)
		buf_fmt(out, "%s  %s\n", i ? "" : "without effect, as these layers may not grant it:\n", s->wishes[i]);
	buf_fmt(out, "digest: %s\n", policy_digest(p));
}
