/* The words of a policy, and its rules in one line each. */
#include "policy/part.h"

const char *const policy_layer_words[] = {"built-in", "organisation", "project", "person", "command line", NULL};
const char *const policy_verdict_words[] = {"allow", "log", "ask", "deny", NULL};
const char *const policy_dlp_words[] = {"off", "log", "ask", "redact", "block", NULL};
const char *const policy_access_words[] = {"hide", "read", "copy", "write", NULL};
const char *const policy_dlp_class_words[] = {"secrets", "entropy", "fingerprints", "canaries", NULL};
const char *const policy_limit_words[] = {"seconds", "cpu_seconds", "memory", "processes", "open_files", "file_bytes", "sent_bytes",
        "request_bytes", "connections", "requests_per_minute", "questions_per_minute", NULL};
const char *const policy_neutral_words[] = {"time_zone", "locale", "host", "user", "paths", "proxy", "machine", "requests", NULL};
const char *const policy_tool_words[] = {"permit", "gate", "ban", NULL};
/* The worst class of findings that a vetting may have. */
const char *const policy_vetted_words[] = {"nothing", "disclosed", "undeclared", "hashed", NULL};
/* Verdicts of a scan that a policy can have block. */
const char *const policy_scan_words[] = {"bad", "suspicious", "unscanned", NULL};
const char *const policy_review_words[] = {"direct", "copy", NULL};
const char *const policy_bodies_words[] = {"none", "digest", "keep", NULL};
const char *const policy_source_words[] = {"none", "env", "file", "command", NULL};

const char *policy_layer_name(enum policy_layer l)
{
	return policy_layer_words[l];
}

const char *policy_verdict_name(enum policy_verdict v)
{
	return policy_verdict_words[v];
}

const char *policy_dlp_verdict_name(enum policy_dlp_verdict v)
{
	return policy_dlp_words[v];
}

const char *policy_access_name(enum policy_access a)
{
	return policy_access_words[a];
}

const char *policy_dlp_class_name(enum policy_dlp_class c)
{
	return policy_dlp_class_words[c];
}

const char *policy_limit_name(enum policy_limit l)
{
	return policy_limit_words[l];
}

static void put_list(struct buf *out, const char *before, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_fmt(out, "%s%s", i ? "," : before, list[i]);
}

#define LINE_MAX_BYTES (16u * 1024)

static const char *finish(struct buf *out, const struct rule *r, const char *verdict, struct arena *a)
{
	(void)r;
	buf_fmt(out, ": %s", verdict);
	/* A rule with very long lists is shown cut. */
	return arena_str(a, out->n > 2000 ? slice_sub(buf_slice(out), 0, 2000) : buf_slice(out));
}

const char *net_rule_text(const struct net_rule *r, struct arena *a)
{
	_cleanup_buf_ struct buf out = BUF(LINE_MAX_BYTES);
	if (r->any)
		buf_str_add(&out, "network any host");
	else
		buf_fmt(&out, "network %s%.*s", r->suffix ? "*." : "", SLICE_FMT(r->host));
	for (size_t i = 0; i < r->n_ports; i++)
		if (r->port[i].low == r->port[i].high)
			buf_fmt(&out, "%s%u", i ? "," : " port ", r->port[i].low);
		else
			buf_fmt(&out, "%s%u-%u", i ? "," : " port ", r->port[i].low, r->port[i].high);
	put_list(&out, " ", r->method, r->n_methods);
	put_list(&out, " ", r->path, r->n_paths);
	if (r->max_bytes != UINT64_MAX)
		buf_fmt(&out, " up to %llu bytes", (unsigned long long)r->max_bytes);
	buf_fmt(&out, "%s%s%s", r->opaque ? " opaque" : "", r->private ? " private" : "", r->websocket ? " websocket" : "");
	return finish(&out, &r->rule, policy_verdict_words[r->rule.verdict], a);
}

const char *file_rule_text(const struct file_rule *r, struct arena *a)
{
	_cleanup_buf_ struct buf out = BUF(LINE_MAX_BYTES);
	buf_fmt(&out, "files %s%s%s", r->path, r->glob ? "/**/" : "", r->glob ? r->glob : "");
	return finish(&out, &r->rule, policy_access_words[r->access], a);
}

const char *exec_rule_text(const struct exec_rule *r, struct arena *a)
{
	_cleanup_buf_ struct buf out = BUF(LINE_MAX_BYTES);
	buf_str_add(&out, "exec");
	const char *const what[] = {" name ", r->name, " path ", r->path, " digest ", r->digest, " parent ", r->parent};
	for (size_t i = 0; i < ARRAY_LEN(what); i += 2)
		if (what[i + 1])
			buf_fmt(&out, "%s%s", what[i], what[i + 1]);
	for (size_t i = 0; i < r->n_args; i++)
		buf_fmt(&out, "%s%s", i ? " " : " arguments ", r->args[i]);
	return finish(&out, &r->rule, policy_verdict_words[r->rule.verdict], a);
}

const char *tool_rule_text(const struct tool_rule *r, struct arena *a)
{
	_cleanup_buf_ struct buf out = BUF(LINE_MAX_BYTES);
	buf_str_add(&out, "tools");
	const char *const what[] = {
	        " ", r->tool, " package ", r->package, " versions ", r->versions, " publisher ", r->publisher, " digest ", r->digest};
	for (size_t i = 0; i < ARRAY_LEN(what); i += 2)
		if (what[i + 1])
			buf_fmt(&out, "%s%s", what[i], what[i + 1]);
	put_list(&out, " accounts ", r->accounts, r->n_accounts);
	put_list(&out, " groups ", r->groups, r->n_groups);
	put_list(&out, " lineage ", r->lineage, r->n_lineage);
	buf_str_add(&out, r->vetted ? " vetted" : "");
	return finish(&out, &r->rule, policy_tool_words[r->verdict], a);
}

void policy_decision_write(struct buf *out, const struct policy_decision *d)
{
	buf_fmt(out, "%s", policy_verdict_words[d->verdict]);
	if (d->place && d->place->line)
		buf_fmt(out, ": %s:%u (%s)", d->place->file, d->place->line, policy_layer_words[d->place->layer]);
	else if (d->place)
		buf_fmt(out, ": %s", policy_layer_words[d->place->layer]);
	if (d->rule && d->rule[0])
		buf_fmt(out, ": %s", d->rule);
	buf_fmt(out, ": %s", d->why);
}
