/* postern policy explain. */
#include "cmd/log.h"
#include "cmd/policy.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/encode.h"
#include "policy/bundle.h"

#define OUT_MAX (64u << 20)

struct explain_opts {
	const char *policy, *organisation, *project, *host, *method, *path, *file, *exec, *digest, *parent, *tool, *tool_version, *account;
	struct opt_list allow, ro, rw, group, lineage;
	uint64_t port, bytes;
	bool no_project, websocket, ask;
	unsigned format;
};

static const struct opt explain_table[] = {
        OPT_STRING(struct explain_opts, policy, "policy", 'p', "FILE", "the policy of the person, in place of the usual one"),
        OPT_STRING(
                struct explain_opts, organisation, "organisation", 0, "FILE", "the policy of the organisation, in place of the usual one"),
        OPT_STRING(struct explain_opts, project, "project", 0, "DIR", "the project; by default the present folder"),
        OPT_FLAG(struct explain_opts, no_project, "no-project-policy", 0, "leave .postern.yaml of the project alone"),
        OPT_LIST(struct explain_opts, allow, "allow", 0, "HOST", NULL, "as postern run --allow"),
        OPT_LIST(struct explain_opts, ro, "ro", 0, "PATH", NULL, "as postern run --ro"),
        OPT_LIST(struct explain_opts, rw, "rw", 0, "PATH", NULL, "as postern run --rw"),
        OPT_FLAG(struct explain_opts, ask, "ask", 0, "as postern run --ask"),
        OPT_STRING(struct explain_opts, host, "host", 0, "HOST", "what is decided about this host"),
        OPT_U64(struct explain_opts, port, "port", 0, "PORT", 1, 65535, "at this port; by default 443"),
        OPT_STRING(struct explain_opts, method, "method", 0, "METHOD", "about a request with this method; without it about the connection"),
        OPT_STRING(struct explain_opts, path, "path", 0, "PATH", "and this path; by default /"),
        OPT_U64(struct explain_opts, bytes, "bytes", 0, "N", 0, INT64_MAX, "and a body of so many bytes"),
        OPT_FLAG(struct explain_opts, websocket, "websocket", 0, "which asks for WebSocket"),
        OPT_STRING(struct explain_opts, file, "file", 0, "PATH", "what is decided about this file or folder"),
        OPT_STRING(struct explain_opts, exec, "exec", 0, "PATH", "what is decided about running this program; its arguments follow --"),
        OPT_STRING(struct explain_opts, digest, "digest", 0, "SHA256", "with this content"),
        OPT_STRING(struct explain_opts, parent, "parent", 0, "PATH", "started by this program"),
        OPT_STRING(struct explain_opts, tool, "tool", 0, "NAME", "what is decided about this tool on the host"),
        OPT_STRING(struct explain_opts, tool_version, "tool-version", 0, "VERSION", "in this version"),
        OPT_STRING(struct explain_opts, account, "account", 0, "NAME", "for this account"),
        OPT_LIST(struct explain_opts, group, "group", 0, "NAME", NULL, "which is in these groups"),
        OPT_LIST(struct explain_opts, lineage, "lineage", 0, "NAME", NULL, "started by these tools, or by what they started"),
        OPT_CHOICE(struct explain_opts, format, "format", 'f', "FORMAT", policy_formats, "how it is printed; by default as text"),
        OPT_END,
};

static void put_decision(const struct explain_opts *o, const struct policy_decision *d, struct buf *out)
{
	if (o->format == POLICY_TEXT) {
		buf_fmt(out, "%s: %s\n", policy_verdict_name(d->verdict), d->why);
		if (d->rule[0])
			buf_fmt(out, "  rule   %s\n", d->rule);
		if (d->place && d->place->line)
			buf_fmt(out, "  where  %s:%u (%s)\n", d->place->file, d->place->line, policy_layer_name(d->place->layer));
		else if (d->place)
			buf_fmt(out, "  where  %s\n", policy_layer_name(d->place->layer));
		return;
	}
	buf_fmt(out, "\"verdict\":\"%s\",\"why\":", policy_verdict_name(d->verdict));
	log_json_string(out, slice_str(d->why));
	buf_str_add(out, ",\"rule\":");
	log_json_string(out, slice_str(d->rule));
	buf_fmt(out, ",\"unknown\":%s", d->unknown ? "true" : "false");
	if (d->place) {
		buf_fmt(out, ",\"origin\":{\"layer\":\"%s\",\"file\":", policy_layer_name(d->place->layer));
		log_json_string(out, slice_str(d->place->file));
		buf_fmt(out, ",\"line\":%u,\"column\":%u}", d->place->line, d->place->column);
	}
}

static int about_host(const struct policy *p, const struct explain_opts *o, struct buf *out, enum policy_verdict *v)
{
	char host[256];
	struct policy_network n;
	bool text = o->format == POLICY_TEXT;
	if (!policy_host(slice_str(o->host), host))
		return cmd_usage(cmd_policy_explain.name, "\"%.100s\" is neither a name nor an address", o->host);
	struct policy_request r = {.host = slice_str(host),
	        .port = o->port ? (uint16_t)o->port : 443,
	        .tls = true,
	        .websocket = o->websocket,
	        .method = slice_str(o->method),
	        .target = o->method ? slice_str(o->path ? o->path : "/") : SLICE_NONE,
	        .bytes = o->bytes};
	policy_network(p, &r, &n);
	*v = n.decision.verdict;
	put_decision(o, &n.decision, out);
	if (*v == POLICY_DENY)
		return EXIT_OK;
	if (text) {
		buf_fmt(out, "  what   %s%s%s", n.opaque ? "the connection is passed through unseen" : "the connection is looked into",
		        n.private ? ", the address may be private" : "", n.websocket ? ", WebSocket is permitted" : "");
		if (n.max_bytes != UINT64_MAX)
			buf_fmt(out, ", bodies up to %llu bytes", (unsigned long long)n.max_bytes);
		buf_u8(out, '\n');
		for (size_t i = 0; i < n.n_headers; i++)
			buf_fmt(out, "  set    %s: %s\n", n.header[i]->name, n.header[i]->value);
		return EXIT_OK;
	}
	buf_fmt(out, ",\"opaque\":%s,\"private\":%s,\"websocket\":%s", n.opaque ? "true" : "false", n.private ? "true" : "false",
	        n.websocket ? "true" : "false");
	if (n.max_bytes != UINT64_MAX)
		buf_fmt(out, ",\"max_request_bytes\":%llu", (unsigned long long)n.max_bytes);
	return EXIT_OK;
}

static int about_file(
        const struct policy *p, const struct explain_opts *o, const struct policy_vars *vars, struct buf *out, enum policy_verdict *v)
{
	_cleanup_arena_ struct arena a = ARENA(1 << 20);
	struct policy_file f;
	const char *path = o->file;
	if (path[0] == '~' && (path[1] == '/' || !path[1]))
		path = arena_fmt(&a, "%s%s", vars->home, path + 1);
	else if (path[0] != '/')
		path = arena_fmt(&a, "%s/%s", vars->project, path);
	struct slice rest = slice_str(path), part;
	while (path && slice_split(&rest, '/', &part))
		if (slice_is(part, "..") || slice_is(part, "."))
			return cmd_usage(cmd_policy_explain.name, "write where \"%.200s\" leads, without \".\" and \"..\"", o->file);
	size_t n = path ? strlen(path) : 0;
	while (n > 1 && path[n - 1] == '/')
		n--;
	policy_file(p, slice_of(path, n), POLICY_READ, &f);
	*v = f.decision.verdict;
	put_decision(o, &f.decision, out);
	buf_fmt(out, o->format == POLICY_TEXT ? "  what   %s\n" : ",\"access\":\"%s\"", f.access ? policy_access_name(f.access) : "hidden");
	return EXIT_OK;
}

static int about_exec(
        const struct policy *p, const struct explain_opts *o, const struct opt_args *args, struct buf *out, enum policy_verdict *v)
{
	const char *slash = strrchr(o->exec, '/');
	_cleanup_free_ struct slice *argv = calloc(args->n_rest + 1, sizeof(*argv));
	if (!argv)
		return cmd_usage(cmd_policy_explain.name, "out of memory");
	argv[0] = slice_str(o->exec);
	for (size_t i = 0; i < args->n_rest; i++)
		argv[i + 1] = slice_str(args->rest[i]);
	struct policy_exec e = {.name = slice_str(slash ? slash + 1 : o->exec),
	        .path = slash ? slice_str(o->exec) : SLICE_NONE,
	        .digest = slice_str(o->digest),
	        .parent = slice_str(o->parent),
	        .argv = argv,
	        .argc = args->n_rest + 1};
	struct policy_decision d = policy_exec(p, &e);
	*v = d.verdict;
	put_decision(o, &d, out);
	return EXIT_OK;
}

static int about_tool(const struct policy *p, const struct explain_opts *o, struct buf *out, enum policy_verdict *v)
{
	struct slice group[OPT_LIST_MAX], above[OPT_LIST_MAX];
	char here[256] = "", until[21];
	static const char *const words[] = {"permitted", "permitted only inside the gate", "banned"};
	struct policy_tool_decision d;
	for (size_t i = 0; i < o->group.n; i++)
		group[i] = slice_str(o->group.item[i]);
	for (size_t i = 0; i < o->lineage.n; i++)
		above[i] = slice_str(o->lineage.item[i]);
	bool package = strchr(o->tool, ':') != NULL;
	struct policy_tool t = {.tool = package ? SLICE_NONE : slice_str(o->tool),
	        .package = package ? slice_str(o->tool) : SLICE_NONE,
	        .version = slice_str(o->tool_version),
	        .digest = slice_str(o->digest),
	        .account = slice_str(o->account),
	        .group = group,
	        .n_groups = o->group.n,
	        .lineage = above,
	        .n_lineage = o->lineage.n};
	(void)gethostname(here, sizeof(here) - 1);
	t.host = slice_str(here);
	t.now = bundle_time(&(struct bundle_config){0}, false, NULL);
	policy_tool(p, &t, &d);
	*v = d.decision.verdict;
	put_decision(o, &d.decision, out);
	buf_fmt(out, o->format == POLICY_TEXT ? "  what   %s\n" : ",\"tool\":\"%s\"", words[d.verdict]);
	if (d.vetted) {
		statement_time_write(d.vetted->until, until);
		if (o->format == POLICY_TEXT)
			buf_fmt(out, "  vetted until %s, by %s (%s)\n", until, d.vetted->by, d.vetted->file);
		else {
			buf_str_add(out, ",\"vetted\":{\"file\":");
			encode_json(out, slice_str(d.vetted->file));
			buf_str_add(out, ",\"by\":");
			encode_json(out, slice_str(d.vetted->by));
			buf_fmt(out, ",\"until\":\"%s\"}", until);
		}
	}
	if (d.exception) {
		statement_time_write(d.exception->until, until);
		if (o->format == POLICY_TEXT) {
			buf_fmt(out, "  until  %s, ", until);
			policy_left(out, d.exception->until, t.now);
			buf_fmt(out, ": exception %s, granted by %s\n", d.exception->id, d.exception->by);
		} else {
			buf_fmt(out, ",\"exception\":\"%s\",\"until\":\"%s\"", d.exception->id, until);
		}
	}
	return EXIT_OK;
}

/* The options of "postern run" that are part of a policy. */
static int command_line(const struct explain_opts *o, struct arena *a, struct policy_doc **out, struct err *err)
{
	if (!o->allow.n && !o->ro.n && !o->rw.n && !o->ask)
		return 0;
	int r = policy_command_new(a, out);
	if (r < 0)
		return err_set(err, r, "out of memory");
	for (size_t i = 0; r == 0 && i < o->allow.n; i++)
		r = policy_command_host(*out, o->allow.item[i], POLICY_ALLOW, err);
	for (size_t i = 0; r == 0 && i < o->ro.n; i++)
		r = policy_command_path(*out, o->ro.item[i], POLICY_READ, err);
	for (size_t i = 0; r == 0 && i < o->rw.n; i++)
		r = policy_command_path(*out, o->rw.item[i], POLICY_WRITE, err);
	if (r == 0 && o->ask)
		policy_command_on_unknown(*out, POLICY_ASK);
	return r;
}

static int explain(
        const struct explain_opts *o, const struct opt_args *args, const struct policy *p, const struct policy_vars *vars, struct buf *out)
{
	enum policy_verdict v = POLICY_ALLOW;
	bool one = o->host || o->file || o->exec || o->tool;
	int code = EXIT_OK;
	if (!one) {
		if (o->format == POLICY_TEXT)
			policy_text(p, out);
		else if (policy_json(p, true, out) < 0)
			return cmd_usage(cmd_policy_explain.name, "the policy cannot be written as JSON");
		else
			buf_u8(out, '\n');
		return cmd_print(out);
	}
	if (o->format == POLICY_JSON)
		buf_u8(out, '{');
	if (o->host)
		code = about_host(p, o, out, &v);
	else if (o->file)
		code = about_file(p, o, vars, out, &v);
	else if (o->exec)
		code = about_exec(p, o, args, out, &v);
	else
		code = about_tool(p, o, out, &v);
	if (code != EXIT_OK)
		return code;
	if (o->format == POLICY_JSON)
		buf_fmt(out, ",\"policy\":\"%s\"}\n", policy_digest(p));
	code = cmd_print(out);
	return code != EXIT_OK ? code : v >= POLICY_ASK ? EXIT_FOUND : EXIT_OK;
}

static int explain_run(void *options, const struct opt_args *args)
{
	const struct explain_opts *o = options;
	_cleanup_arena_ struct arena a = ARENA(16u << 20);
	_cleanup_buf_ struct buf out = BUF(OUT_MAX), notes = BUF(1 << 20);
	struct policy_doc *command = NULL;
	struct policy_problems problems = {0};
	struct policy *p = NULL;
	struct err err = {0};
	char here[PATH_MAX], real[PATH_MAX];
	if (args->n || (args->rest && !o->exec))
		return cmd_usage(
		        cmd_policy_explain.name, "there are words without an option: \"%.64s\"", args->n ? args->arg[0] : args->rest[0]);
	if (!!o->host + !!o->file + !!o->exec + !!o->tool > 1)
		return cmd_usage(cmd_policy_explain.name, "one of --host, --file, --exec and --tool at a time");
	if (o->digest && (strlen(o->digest) != 64 || strspn(o->digest, "0123456789abcdef") != 64))
		return cmd_usage(cmd_policy_explain.name, "--digest is 64 lower-case hex digits, as sha256sum prints them");
	if (!getcwd(here, sizeof(here)) || (o->project && !realpath(o->project, real)))
		return cmd_usage(cmd_policy_explain.name, "there is no folder %s", o->project ? o->project : ".");
	struct policy_load from = {.organisation = o->organisation,
	        .person = o->policy,
	        .no_project = o->no_project,
	        .state = "",
	        .vars = {.home = getenv("HOME"), .project = o->project ? real : here}};
	int r = command_line(o, &a, &command, &err);
	from.command = command;
	r = r < 0 ? r : policy_load(&from, &p, &problems, &err);
	if (r == 0)
		policy_check_kinds(p, &problems);
	int code = r < 0 ? policy_fail(&cmd_policy_explain, &err) : explain(o, args, p, &from.vars, &out);
	if (r == 0 && problems.n) {
		policy_problems_text(&problems, &notes);
		(void)fputs(buf_str(&notes), stderr);
	}
	policy_free(p);
	policy_problems_free(&problems);
	return code;
}

static const char *const explain_examples[] = {
        "postern policy explain  # the whole policy that holds here, and where each part of it stands",
        "postern policy explain --host api.anthropic.com --method POST --path /v1/messages",
        "postern policy explain --file ~/.ssh/id_ed25519",
        "postern policy explain --exec /usr/bin/git -- push origin main",
        NULL,
};

const struct command cmd_policy_explain = {
        .name = "policy explain",
        .summary = "say what is decided, by which rule, and why",
        .operands = "[-- ARGUMENT...]",
        .examples = explain_examples,
        .options = explain_table,
        .options_size = sizeof(struct explain_opts),
        .run = explain_run,
};
