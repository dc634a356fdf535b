/* postern policy except, exceptions. */
#include "cmd/log.h"
#include "cmd/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inspect/scan.h"
#include "ledger/entry.h"
#include "policy/bundle.h"
#include "policy/except.h"

struct except_opts {
	const char *tool, *version, *digest, *account, *host, *until, *from, *reason, *key, *signer, *name, *organisation, *output, *ledger;
	const char *rule, *path;
	bool gate;
};

static const struct opt except_table[] = {
        OPT_STRING(struct except_opts, tool, "tool", 't', "NAME", "the tool, by the name of its profile or by its package"),
        OPT_STRING(struct except_opts, version, "version", 0, "RANGE", "only in these versions, as >=2.1 <3"),
        OPT_STRING(struct except_opts, digest, "digest", 0, "SHA256", "only with this content"),
        OPT_STRING(struct except_opts, rule, "rule", 0, "RULE",
                "no tool, but what this rule of postern scan finds, in the file --path with the content --digest; for everybody"),
        OPT_STRING(struct except_opts, path, "path", 0, "PATH", "of the file, below the root of its working tree"),
        OPT_STRING(struct except_opts, account, "account", 'a', "NAME", "for this account"),
        OPT_STRING(struct except_opts, host, "host", 0, "NAME", "only on the host with this name"),
        OPT_STRING(struct except_opts, until, "until", 'u', "TIME", "a day, a time, 12h or 90d; then it ends by itself"),
        OPT_STRING(struct except_opts, from, "from", 0, "TIME", "when it begins; by default now"),
        OPT_STRING(struct except_opts, reason, "reason", 'r', "TEXT", "why, in one line; the person and the ledger get to see it"),
        OPT_FLAG(struct except_opts, gate, "gate", 0, "only inside the gate (postern run)"),
        OPT_STRING(struct except_opts, key, "key", 'k', "FILE", "the signing key, as postern log keygen makes it"),
        OPT_STRING(struct except_opts, signer, "signer", 0, "SOCKET", "an ssh-agent that holds the key, in place of a file"),
        OPT_STRING(struct except_opts, name, "name", 'n', "NAME", "the name of the key that the agent holds"),
        OPT_STRING(
                struct except_opts, organisation, "organisation", 0, "FILE", "the policy of the organisation, in place of the usual one"),
        OPT_STRING(struct except_opts, output, "output", 'o', "FILE",
                "write it there; by default into the folder exceptions beside the policy of the organisation"),
        OPT_STRING(struct except_opts, ledger, "ledger", 0, "DIR",
                "put it on record in this ledger, see postern-log(1); by default one in the data folder; none leaves it out"),
        OPT_END,
};

static int load(const char *organisation, struct policy **out, struct policy_problems *problems, struct err *err)
{
	struct policy_load from = {.organisation = organisation,
	        .person = "",
	        .no_project = true,
	        .state = "",
	        .expired_too = true,
	        .vars = {.home = getenv("HOME") && getenv("HOME")[0] == '/' ? getenv("HOME") : "/nonexistent"}};
	return policy_load(&from, out, problems, err);
}

/* The notice that it is one, before anything is signed. */
static int describe(
        const struct except_opts *o, const struct policy *p, int64_t now, char id[EXCEPTION_ID + 1], struct buf *text, struct err *err)
{
	uint8_t random[EXCEPTION_ID / 2];
	const char *organisation = policy_settings(p)->layer[POLICY_ORGANISATION].organisation;
	_cleanup_buf_ struct buf hex = BUF(64);
	bool package = o->tool && strchr(o->tool, ':') != NULL;
	if (!organisation)
		return err_set(
		        err, -ENOENT, "there is no policy of an organisation here that could say whose exceptions count (--organisation)");
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_set(err, -EIO, "there are no random numbers");
	encode_hex(&hex, slice_of(random, sizeof(random)));
	(void)snprintf(id, EXCEPTION_ID + 1, "%s", buf_str(&hex));
	struct exception e = {.organisation = slice_str(organisation),
	        .id = slice_str(id),
	        .rule = slice_str(o->rule),
	        .path = slice_str(o->path),
	        .tool = package ? SLICE_NONE : slice_str(o->tool),
	        .package = package ? slice_str(o->tool) : SLICE_NONE,
	        .versions = slice_str(o->version),
	        .digest = slice_str(o->digest),
	        .account = slice_str(o->account),
	        .host = slice_str(o->host),
	        .reason = slice_str(o->reason),
	        .gate = o->gate,
	        .from = now};
	if (o->from && !statement_time_parse(slice_str(o->from), true, &e.from))
		return err_set(err, -EINVAL, "--from is a day or a time like 2026-12-31T12:00:00Z, and not \"%.40s\"", o->from);
	if (!policy_until(o->until, now, &e.until))
		return err_set(err, -EINVAL, "--until is a day, a time like 2026-12-31T12:00:00Z, 12h or 90d, and not \"%.40s\"", o->until);
	if (e.until <= now)
		return err_set(err, -EINVAL, "it would have ended already");
	return except_write(&e, text, err);
}

static int put(const struct except_opts *o, const struct policy *p, const char *id, struct slice note, struct arena *a, const char **path,
        struct err *err)
{
	const char *folder = NULL, *policy = o->organisation ? o->organisation : POLICY_ORGANISATION_FILE;
	struct policy_exception x;
	int r = except_check(p, note, a, &x);
	if (r < 0)
		return err_set(err, r, "out of memory");
	if (x.why)
		return err_set(err, -EKEYREJECTED, "such an exception would not count: %s", x.why);
	if (!o->output) {
		folder = policy_beside(policy, POLICY_EXCEPTIONS, a);
		if (folder && mkdir(folder, 0755) < 0 && errno != EEXIST)
			return err_sys(err, -errno, "cannot make the folder %s", folder);
	}
	*path = o->output ? o->output : folder ? arena_fmt(a, "%s/%s" POLICY_EXCEPTION_SUFFIX, folder, id) : NULL;
	return *path ? policy_keep(*path, note, true, err) : err_set(err, -ENOMEM, "out of memory");
}

static int record(const struct except_opts *o, const char *id, const char *by, struct slice note, struct err *err)
{
	_cleanup_buf_ struct buf about = BUF(16384), message = BUF(2048);
	buf_str_add(&about, "{\"postern\":{\"exception\":{");
	entry_put_text(&about, "id", slice_str(id));
	entry_put_text(&about, "by", slice_str(by));
	/* All of it, so that an auditor can verify the signature. */
	for (struct slice rest = note; rest.n; rest = slice_from(rest, ENTRY_TEXT_MAX / 2)) {
		char name[24];
		(void)snprintf(name, sizeof(name), "note_%zu", (note.n - rest.n) / (ENTRY_TEXT_MAX / 2));
		entry_put_text(&about, name, slice_sub(rest, 0, ENTRY_TEXT_MAX / 2));
	}
	buf_str_add(&about, "}}}");
	if (o->rule)
		buf_fmt(&message, "what %s finds in %.300s is let pass until %s: %s", o->rule, o->path, o->until, o->reason);
	else
		buf_fmt(&message, "%s was granted an exception for %s until %s: %s", o->account, o->tool, o->until, o->reason);
	return policy_record(&cmd_policy_except, o->ledger, 6, buf_str(&message), buf_slice(&about), err);
}

static const char *wrong_use(const struct except_opts *o)
{
	if (!o->rule && (!o->tool || !o->account || !o->until || !o->reason))
		return "--tool, --account, --until and --reason are needed: an exception names what it is for, and ends";
	if (!o->rule)
		return o->path ? "--path is one of a --rule" : NULL;
	if (o->tool || o->account || o->version || o->host || o->gate)
		return "what a --rule finds is let pass for everybody, in one file: --path and --digest";
	if (!o->path || !o->digest || !o->until || !o->reason)
		return "--path, --digest, --until and --reason are needed with --rule: an exception names what it is for, and ends";
	return scan_rule_find(slice_str(o->rule)) == SCAN_RULES ? "there is no such --rule: postern scan --rules lists them" : NULL;
}

static int except_run(void *options, const struct opt_args *args)
{
	const struct except_opts *o = options;
	const struct command *c = &cmd_policy_except;
	_cleanup_arena_ struct arena a = ARENA(1u << 20);
	_cleanup_buf_ struct buf text = BUF(EXCEPTION_BYTES), note = BUF(EXCEPTION_BYTES), out = BUF(8192);
	struct policy_problems problems = {0};
	struct ledger_signer signer = {0};
	struct policy *p = NULL;
	struct err err = {0};
	char id[EXCEPTION_ID + 1] = "";
	const char *path = NULL;
	if (args->n || args->rest)
		return cmd_usage(c->name, "it takes no words");
	if (wrong_use(o))
		return cmd_usage(c->name, "%s", wrong_use(o));
	int code = policy_signer_usage(c->name, o->key, o->signer, o->name);
	if (code != EXIT_OK)
		return code;
	/* From the first one on the time is recorded, so that turning back the clock prolongs none. */
	int64_t now = bundle_time(&(struct bundle_config){0}, geteuid() == 0 && !o->output && !o->organisation, NULL);
	int r = load(o->organisation, &p, &problems, &err);
	r = r < 0 ? r : describe(o, p, now, id, &text, &err);
	r = r < 0 ? r : policy_signer(o->key, o->signer, o->name, &a, &signer, &err);
	if (r == 0 && (r = tlog_note_sign(&signer.tlog, buf_slice(&text), &note)) < 0)
		(void)err_sys(&err, r, "cannot sign");
	r = r < 0 ? r : put(o, p, id, buf_slice(&note), &a, &path, &err);
	const char *by = r == 0 ? arena_str(&a, signer.tlog.name) : NULL;
	ledger_signer_close(&signer);
	policy_free(p);
	policy_problems_free(&problems);
	r = r < 0 ? r : record(o, id, by ? by : "", buf_slice(&note), &err);
	if (path)
		buf_fmt(&out, "%s: exception %s for %s%s%s, until %s\n", path, id, o->rule ? o->rule : o->account, o->rule ? " in " : "",
		        o->rule ? o->path : "", o->until);
	code = cmd_print(&out);
	if (r < 0) {
		cmd_tell(c->name, err.text);
		return EXIT_USAGE;
	}
	return code;
}

static const char *const except_examples[] = {
        "postern policy except --tool claude-code --account alice --until 2026-12-31 --reason t123 --key admin.key",
        "postern policy except --rule code.runs-decoded --path src/build.py --digest 9f86d0… --until 90d --reason t124 --key admin.key",
        "postern policy except --tool npm:@openai/codex --gate --account bob --until 7d --reason trial --key admin.key",
        NULL,
};

const struct command cmd_policy_except = {
        .name = "policy except",
        .summary = "grant an account a tool, or let a finding of a scan pass, for a while, signed",
        .examples = except_examples,
        .options = except_table,
        .options_size = sizeof(struct except_opts),
        .run = except_run,
};

/* exceptions */

struct exceptions_opts {
	const char *organisation;
	unsigned format;
};

static const struct opt exceptions_table[] = {
        OPT_STRING(struct exceptions_opts, organisation, "organisation", 0, "FILE",
                "the policy of the organisation, in place of the usual one"),
        OPT_CHOICE(struct exceptions_opts, format, "format", 'f', "FORMAT", policy_formats, "how it is printed; by default as text"),
        OPT_END,
};

static const char *standing(const struct policy_exception *e, int64_t now)
{
	return e->why ? "no effect" : now < e->from ? "to come" : now >= e->until ? "ended" : "counts";
}

static void put_json(struct buf *out, const struct policy_exception *e, int64_t now, bool first)
{
	const struct {
		const char *name, *value;
	} rows[] = {{"id", e->id}, {"tool", e->tool}, {"package", e->package}, {"rule", e->rule}, {"path", e->path},
	        {"versions", e->versions}, {"digest", e->digest}, {"account", e->rule ? NULL : e->account}, {"host", e->host},
	        {"reason", e->reason}, {"by", e->by}, {"file", e->place.file}, {"state", standing(e, now)}, {"why", e->why}};
	char from[21], until[21];
	statement_time_write(e->from, from);
	statement_time_write(e->until, until);
	buf_fmt(out, "%s{\"verdict\":\"%s\",\"from\":\"%s\",\"until\":\"%s\",\"days_left\":%lld", first ? "" : ",",
	        e->rule                          ? "accept"
	        : e->verdict == POLICY_TOOL_GATE ? "gate"
	                                         : "permit",
	        from, until, (long long)(e->until > now ? (e->until - now) / 86400 : 0));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!rows[i].value)
			continue;
		buf_fmt(out, ",\"%s\":", rows[i].name);
		log_json_string(out, slice_str(rows[i].value));
	}
	buf_u8(out, '}');
}

static void put_text(struct buf *out, const struct policy_exception *e, int64_t now)
{
	char until[21];
	statement_time_write(e->until, until);
	buf_fmt(out, "%-16s  %-9s  ", e->id[0] ? e->id : "-", standing(e, now));
	if (!e->id[0]) {
		buf_fmt(out, "%s: %s\n", e->place.file, e->why);
		return;
	}
	if (e->rule)
		buf_fmt(out, "%s in %s, SHA-256 %.12s…, until %s (", e->rule, e->path, e->digest, until);
	else
		buf_fmt(out, "%s%s%s for %s%s%s%s, until %s (", e->tool ? e->tool : e->package, e->versions ? " " : "",
		        e->versions ? e->versions : "", e->account, e->host ? " on " : "", e->host ? e->host : "",
		        e->verdict == POLICY_TOOL_GATE ? ", inside the gate" : "", until);
	policy_left(out, e->until, now);
	buf_fmt(out, ")\n    %s%s%s: %s\n", e->by ? "granted by " : "", e->by ? e->by : "", e->by ? "" : "granted by nobody known",
	        e->reason);
	if (e->why)
		buf_fmt(out, "    %s: %s\n", e->place.file, e->why);
}

static int exceptions_run(void *options, const struct opt_args *args)
{
	const struct exceptions_opts *o = options;
	const struct command *c = &cmd_policy_exceptions;
	_cleanup_buf_ struct buf out = BUF(16u << 20);
	struct policy_problems problems = {0};
	struct policy *p = NULL;
	struct err err = {0};
	if (args->n || args->rest)
		return cmd_usage(c->name, "it takes no words");
	int r = load(o->organisation, &p, &problems, &err);
	policy_problems_free(&problems);
	if (r < 0) {
		cmd_tell(c->name, err.text);
		return EXIT_USAGE;
	}
	const struct policy_settings *s = policy_settings(p);
	int64_t now = bundle_time(&(struct bundle_config){0}, false, NULL);
	buf_str_add(&out, o->format == POLICY_JSON ? "[" : s->n_exceptions ? "" : "there are no exceptions\n");
	for (size_t i = 0; i < s->n_exceptions; i++) {
		if (o->format == POLICY_JSON)
			put_json(&out, &s->exception[i], now, i == 0);
		else
			put_text(&out, &s->exception[i], now);
	}
	buf_str_add(&out, o->format == POLICY_JSON ? "]\n" : "");
	policy_free(p);
	return cmd_print(&out);
}

static const char *const exceptions_examples[] = {"postern policy exceptions  # which there are, and when they end", NULL};

const struct command cmd_policy_exceptions = {
        .name = "policy exceptions",
        .summary = "list the exceptions, and when they end",
        .examples = exceptions_examples,
        .options = exceptions_table,
        .options_size = sizeof(struct exceptions_opts),
        .run = exceptions_run,
};
