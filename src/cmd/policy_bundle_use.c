/* postern policy bundle, on a machine: verify, show, install, fetch, forget-time. */
#include "cmd/log.h"
#include "cmd/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "ledger/entry.h"
#include "policy/bundle.h"
#include "policy/diff.h"
#include "sys/path.h"

/* Where things are: options that all of these share. */
struct places {
	const char *config, *trust, *store, *folder, *url, *ca, *ledger;
	uint64_t timeout;
	unsigned format;
};

#define PLACE_OPTIONS                                                                                                  \
	OPT_STRING(struct places, trust, "trust", 0, "FILE", "whose signatures count; by default /etc/postern/trust"), \
	        OPT_STRING(struct places, store, "store", 0, "DIR", "where bundles are kept; by default /var/lib/postern/bundle")
#define CONFIG_OPTION \
	OPT_STRING(struct places, config, "config", 'c', "FILE", "the settings; by default /etc/postern/bundle.yaml, if it is there")
#define LEDGER_OPTION                                         \
	OPT_STRING(struct places, ledger, "ledger", 0, "DIR", \
	        "put it on record in this ledger, see postern-log(1); by default one in the data folder; none leaves it out")
#define FORMAT_OPTION OPT_CHOICE(struct places, format, "format", 'f', "FORMAT", policy_formats, "how it is printed; by default as text")

static int config_of(const struct places *p, struct arena *a, struct bundle_config *out, struct err *err)
{
	struct bundle_config c = {.given = p->config || p->trust || p->store || p->folder, .check = policy_bundle_check};
	/* With other places the settings of the usual ones do not count. */
	int r = p->config || !c.given ? bundle_config_read(p->config, a, &c, err) : 0;
	if (p->store && !p->folder && !p->config)
		c.folder = "";
	c.trust = p->trust ? p->trust : c.trust;
	c.store = p->store ? p->store : c.store;
	c.folder = p->folder ? p->folder : c.folder;
	c.url = p->url ? p->url : c.url;
	c.ca = p->ca ? p->ca : c.ca;
	c.timeout = p->timeout ? (unsigned)p->timeout : c.timeout;
	if (r == 0)
		*out = c;
	return r;
}

static int refuse(const struct command *c, const char *what, const struct err *err)
{
	struct err told = *err;
	(void)err_wrap(&told, err->code, "%s is not taken", what);
	cmd_tell(c->name, told.text);
	return err->code == -ENOMEM || err->code == -EACCES || err->code == -ENOENT ? EXIT_USAGE : EXIT_FOUND;
}

/* The head of a bundle, for people or programs. */
static void put_head(
        struct buf *out, bool json, const struct bundle *b, const char *sha256, const char *signers, int64_t now, const char *more)
{
	char from[21], expires[21];
	statement_time_write(b->from, from);
	statement_time_write(b->expires, expires);
	if (json) {
		buf_fmt(out,
		        "{\"organisation\":\"%.*s\",\"trust\":%llu,\"version\":%llu,\"sha256\":\"%s\",\"from\":\"%s\",\"expires\":\"%s\"",
		        SLICE_FMT(b->organisation), (unsigned long long)b->trust, (unsigned long long)b->version, sha256, from, expires);
		buf_fmt(out, ",\"expired\":%s,\"signers\":", now >= b->expires ? "true" : "false");
		log_json_string(out, slice_str(signers));
		buf_str_add(out, ",\"files\":[");
		for (size_t i = 0; i < b->n; i++)
			buf_fmt(out, "%s{\"name\":\"%.*s\",\"bytes\":%llu,\"sha256\":\"%.*s\"}", i ? "," : "", SLICE_FMT(b->file[i].name),
			        (unsigned long long)b->file[i].size, SLICE_FMT(b->file[i].sha256));
		buf_fmt(out, "]%s", more);
		return;
	}
	buf_fmt(out, "version   %llu of the bundle of %.*s (%.16s)\n", (unsigned long long)b->version, SLICE_FMT(b->organisation), sha256);
	buf_fmt(out, "signed by %s (version %llu of the trust)\nholds     from %s\n%s %s, ", signers, (unsigned long long)b->trust, from,
	        now >= b->expires ? "expired  " : "expires  ", expires);
	policy_left(out, b->expires, now);
	buf_str_add(out, "\nfiles\n");
	for (size_t i = 0; i < b->n; i++)
		buf_fmt(out, "  %10llu  %.16s  %.*s\n", (unsigned long long)b->file[i].size, (const char *)b->file[i].sha256.p,
		        SLICE_FMT(b->file[i].name));
	buf_str_add(out, more);
}

/* verify */

static int compile(struct slice text, const char *name, struct arena *a, struct policy **out)
{
	struct policy_problems problems = {0};
	struct policy_doc *doc;
	int r = policy_parse(text, name, POLICY_ORGANISATION, a, &doc, &problems);
	r = r < 0 ? r : policy_alone(doc, out, &problems);
	policy_problems_free(&problems);
	return r;
}

static void put_change(struct buf *out, bool json, bool *first, const char *direction, const char *section, const char *subject,
        const char *before, const char *after)
{
	if (!json) {
		buf_fmt(out, "  %-8s %s %s: %s -> %s\n", direction, section, subject, before, after);
	} else {
		buf_fmt(out, "%s{\"direction\":\"%s\",\"section\":", *first ? "" : ",", direction);
		log_json_string(out, slice_str(section));
		buf_str_add(out, ",\"subject\":");
		log_json_string(out, slice_str(subject));
		buf_str_add(out, ",\"before\":");
		log_json_string(out, slice_str(before));
		buf_str_add(out, ",\"after\":");
		log_json_string(out, slice_str(after));
		buf_u8(out, '}');
	}
	*first = false;
}

/* What would be another: other files by their digests, the policy by what it decides. */
static int put_changes(struct buf *out, bool json, const struct bundle_held *h, const struct bundle *b, struct err *err)
{
	_cleanup_arena_ struct arena a = ARENA(256u << 20);
	_cleanup_buf_ struct buf old = BUF(POLICY_BYTES_MAX);
	struct policy *p[2] = {NULL, NULL};
	struct policy_changes changes = {0};
	bool first = true;
	const struct bundle_file *policy = bundle_find(b, SLICE(BUNDLE_POLICY));
	int r = bundle_held_read(h, BUNDLE_POLICY, &old, err);
	if (r == 0 && (compile(buf_slice(&old), "in force", &a, &p[0]) < 0 || compile(policy->content, BUNDLE_POLICY, &a, &p[1]) < 0 ||
	                      policy_diff(p[0], p[1], &changes) < 0))
		r = err_set(err, -EINVAL, "the policies cannot be compared");
	for (size_t i = 0; r == 0 && i < changes.n; i++) {
		const struct policy_change *c = &changes.list[i];
		put_change(out, json, &first, policy_direction_name(c->direction), c->section, c->subject, c->before, c->after);
	}
	for (size_t i = 0; r == 0 && i < b->n; i++) {
		const struct bundle_file *n = &b->file[i], *o = bundle_find(&h->head, n->name);
		const char *name = arena_str(&a, n->name);
		if (name && (!o || !slice_eq(o->sha256, n->sha256)))
			put_change(out, json, &first, "other", "file", name, o ? "there" : "not there", o ? "another" : "new");
	}
	for (size_t i = 0; r == 0 && i < h->head.n; i++) {
		const char *name = arena_str(&a, h->head.file[i].name);
		if (name && !bundle_find(b, h->head.file[i].name))
			put_change(out, json, &first, "other", "file", name, "there", "not there");
	}
	if (r == 0 && first && !json)
		buf_str_add(out, "  nothing\n");
	policy_free(p[0]);
	policy_free(p[1]);
	policy_changes_free(&changes);
	return r;
}

static int read_bundle(const struct command *c, const struct opt_args *args, struct buf *out, int *code)
{
	struct err err = {0};
	if (args->n != 1 || args->rest) {
		*code = cmd_usage(c->name, "the bundle is missing");
		return -EINVAL;
	}
	int r = path_read(AT_FDCWD, args->arg[0], out);
	if (r < 0) {
		(void)err_sys(&err, r, "cannot read %s", args->arg[0]);
		cmd_tell(c->name, err.text);
		*code = EXIT_USAGE;
	}
	return r;
}

static int verify_run(void *options, const struct opt_args *args)
{
	const struct places *o = options;
	const struct command *c = &cmd_policy_bundle_verify;
	_cleanup_arena_ struct arena a = ARENA(1u << 20);
	_cleanup_buf_ struct buf text = BUF(BUNDLE_MAX), out = BUF(64u << 20), changes = BUF(32u << 20);
	struct bundle_config config;
	struct bundle_taken t;
	struct bundle_held h;
	struct err err = {0};
	bool json = o->format == POLICY_JSON;
	int code;
	if (read_bundle(c, args, &text, &code) < 0)
		return code;
	int r = config_of(o, &a, &config, &err);
	r = r < 0 ? r : bundle_take(&config, buf_slice(&text), &t, &err);
	if (r < 0)
		return refuse(c, args->arg[0], &err);
	buf_str_add(&changes, json ? t.same ? ",\"in_force\":true" : ",\"in_force\":false" : t.same ? "it is in force\n" : "");
	if (!t.same && bundle_current(&config, &h, &err) == 0) {
		if (json)
			buf_fmt(&changes, ",\"before\":%llu,\"changes\":[", (unsigned long long)h.head.version);
		else
			buf_fmt(&changes, "would change, against version %llu in force\n", (unsigned long long)h.head.version);
		if (put_changes(&changes, json, &h, &t.bundle, &err) < 0)
			cmd_tell(c->name, err.text);
		buf_str_add(&changes, json ? "]" : "");
		bundle_held_free(&h);
	}
	put_head(&out, json, &t.bundle, t.sha256, t.signers, t.now, buf_str(&changes));
	buf_str_add(&out, json ? "}\n" : "");
	bundle_taken_free(&t);
	return cmd_print(&out);
}

static const struct opt verify_table[] = {PLACE_OPTIONS, FORMAT_OPTION, OPT_END};
static const char *const verify_examples[] = {"postern policy bundle verify 7.bundle", NULL};

const struct command cmd_policy_bundle_verify = {
        .name = "policy bundle verify",
        .summary = "say who signed a bundle, and what it would change here",
        .operands = "FILE",
        .examples = verify_examples,
        .options = verify_table,
        .options_size = sizeof(struct places),
        .run = verify_run,
};

/* show */

static int show_run(void *options, const struct opt_args *args)
{
	const struct places *o = options;
	const struct command *c = &cmd_policy_bundle_show;
	_cleanup_arena_ struct arena a = ARENA(1u << 20);
	_cleanup_buf_ struct buf out = BUF(16u << 20), more = BUF(8192);
	struct bundle_config config;
	struct bundle_held h;
	struct err err = {0};
	bool json = o->format == POLICY_JSON;
	if (args->n || args->rest)
		return cmd_usage(c->name, "it takes no words");
	int r = config_of(o, &a, &config, &err);
	r = r < 0 ? r : bundle_current(&config, &h, &err);
	if (r < 0) {
		cmd_tell(c->name, err.text);
		return r == -ENOENT || r == -EBADMSG || r == -EKEYREJECTED ? EXIT_FOUND : EXIT_USAGE;
	}
	if (json) {
		buf_fmt(&more, ",\"in_force\":true,\"on_expiry\":\"%s\",\"clock_back\":%s,\"folder\":", config.closed ? "closed" : "warn",
		        h.clock_back ? "true" : "false");
		log_json_string(&more, slice_str(h.path));
	} else {
		buf_fmt(&more, "folder    %s\n", h.path);
		if (!config.store && access(POLICY_ORGANISATION_FILE, F_OK) == 0)
			buf_str_add(&more, POLICY_ORGANISATION_FILE " is there too, and does not count as long as a bundle is in force\n");
		if (h.clock_back)
			buf_str_add(&more, "the clock is more than a day behind a time that was seen before, which counts (forget-time)\n");
		if (h.expired)
			buf_str_add(&more, config.closed ? "it has expired: no AI tool may run until there is a newer one\n"
			                                 : "it has expired, and stays in force until there is a newer one\n");
	}
	put_head(&out, json, &h.head, h.sha256, h.signers, h.now, buf_str(&more));
	buf_str_add(&out, json ? "}\n" : "");
	bundle_held_free(&h);
	return cmd_print(&out);
}

static const struct opt show_table[] = {CONFIG_OPTION, PLACE_OPTIONS, FORMAT_OPTION, OPT_END};
static const char *const show_examples[] = {"postern policy bundle show", NULL};

const struct command cmd_policy_bundle_show = {
        .name = "policy bundle show",
        .summary = "say which bundle is in force here",
        .examples = show_examples,
        .options = show_table,
        .options_size = sizeof(struct places),
        .run = show_run,
};

/* install, fetch */

static int record(const struct command *c, const struct places *o, const struct bundle_held *h, const char *from, struct err *err)
{
	_cleanup_buf_ struct buf about = BUF(16384), message = BUF(512);
	buf_str_add(&about, "{\"postern\":{\"bundle\":{");
	entry_put_text(&about, "organisation", h->head.organisation);
	buf_fmt(&about, ",\"trust\":%llu,\"version\":%llu", (unsigned long long)h->head.trust, (unsigned long long)h->head.version);
	entry_put_text(&about, "sha256", slice_str(h->sha256));
	entry_put_text(&about, "signers", slice_str(h->signers));
	entry_put_text(&about, "source", slice_str(from));
	buf_str_add(&about, "}}}");
	buf_fmt(&message, "version %llu of the bundle of %.*s is in force from here on", (unsigned long long)h->head.version,
	        SLICE_FMT(h->head.organisation));
	return policy_record(c, o->ledger, 8, buf_str(&message), buf_slice(&about), err);
}

/* After something was installed, or nothing was new. */
static int told(const struct command *c, const struct places *o, const struct bundle_config *config, bool news, const char *from)
{
	_cleanup_buf_ struct buf out = BUF(8192);
	struct bundle_held h;
	struct err err = {0};
	int r = bundle_current(config, &h, &err);
	if (r == -ENOENT && !news) {
		buf_str_add(&out, "no bundle is in force here, and there is none to be had\n");
		return cmd_print(&out);
	}
	if (r < 0) {
		cmd_tell(c->name, err.text);
		return EXIT_USAGE;
	}
	char expires[21];
	statement_time_write(h.head.expires, expires);
	buf_fmt(&out, "%s: version %llu of the bundle of %.*s, until %s, signed by %s\n", news ? "in force from here on" : "still in force",
	        (unsigned long long)h.head.version, SLICE_FMT(h.head.organisation), expires, h.signers);
	r = news ? record(c, o, &h, from, &err) : 0;
	bundle_held_free(&h);
	int code = cmd_print(&out);
	if (r < 0) {
		cmd_tell(c->name, err.text);
		return EXIT_USAGE;
	}
	return code;
}

static int install_run(void *options, const struct opt_args *args)
{
	const struct places *o = options;
	const struct command *c = &cmd_policy_bundle_install;
	_cleanup_arena_ struct arena a = ARENA(1u << 20);
	_cleanup_buf_ struct buf text = BUF(BUNDLE_MAX);
	struct bundle_config config;
	struct err err = {0};
	bool news = false;
	int code;
	if (read_bundle(c, args, &text, &code) < 0)
		return code;
	int r = config_of(o, &a, &config, &err);
	r = r < 0 ? r : bundle_install(&config, buf_slice(&text), &news, &err);
	return r < 0 ? refuse(c, args->arg[0], &err) : told(c, o, &config, news, args->arg[0]);
}

static const struct opt install_table[] = {PLACE_OPTIONS, LEDGER_OPTION, OPT_END};
static const char *const install_examples[] = {"postern policy bundle install 7.bundle", NULL};

const struct command cmd_policy_bundle_install = {
        .name = "policy bundle install",
        .summary = "put a bundle in force on this machine",
        .operands = "FILE",
        .examples = install_examples,
        .options = install_table,
        .options_size = sizeof(struct places),
        .run = install_run,
};

static int fetch_run(void *options, const struct opt_args *args)
{
	const struct places *o = options;
	const struct command *c = &cmd_policy_bundle_fetch;
	_cleanup_arena_ struct arena a = ARENA(1u << 20);
	struct bundle_config config;
	struct bundle_poll p;
	struct err err = {0};
	if (args->n || args->rest)
		return cmd_usage(c->name, "it takes no words");
	int r = config_of(o, &a, &config, &err);
	r = r < 0 ? r : bundle_poll(&config, &p, &err);
	if (r < 0) {
		cmd_tell(c->name, err.text);
		return EXIT_USAGE;
	}
	if (p.news == BUNDLE_REFUSED)
		return refuse(c, p.from, &p.why);
	if (p.why.code != 0)
		cmd_tell(c->name, p.why.text);
	return told(c, o, &config, p.news == BUNDLE_CHANGED, p.from);
}

static const struct opt fetch_table[] = {
        CONFIG_OPTION,
        PLACE_OPTIONS,
        OPT_STRING(struct places, folder, "folder", 0, "DIR", "where bundles are dropped; by default /etc/postern/bundles.d"),
        OPT_STRING(struct places, url, "url", 0, "URL", "from where it is fetched, in place of what the settings say"),
        OPT_STRING(struct places, ca, "ca", 0, "FILE", "only these certificates count for the URL"),
        OPT_U64(struct places, timeout, "timeout", 't', "SECONDS", 1, 3600, "that fetching may take; by default 60"),
        LEDGER_OPTION,
        OPT_END,
};
static const char *const fetch_examples[] = {
        "postern policy bundle fetch  # from where /etc/postern/bundle.yaml says",
        "postern policy bundle fetch --url https://policy.example.com/current.bundle",
        NULL,
};

const struct command cmd_policy_bundle_fetch = {
        .name = "policy bundle fetch",
        .summary = "look once for a newer bundle, and put it in force",
        .examples = fetch_examples,
        .options = fetch_table,
        .options_size = sizeof(struct places),
        .run = fetch_run,
};

/* forget-time */

static int forget_run(void *options, const struct opt_args *args)
{
	const struct places *o = options;
	const struct command *c = &cmd_policy_bundle_forget;
	_cleanup_arena_ struct arena a = ARENA(1u << 20);
	struct bundle_config config;
	struct err err = {0};
	if (args->n || args->rest)
		return cmd_usage(c->name, "it takes no words");
	int r = config_of(o, &a, &config, &err);
	r = r < 0 ? r : bundle_time_forget(&config, &err);
	r = r < 0 ? r : policy_record(c, o->ledger, 8, "the latest time that was seen was forgotten", SLICE_NONE, &err);
	if (r < 0)
		cmd_tell(c->name, err.text);
	return r < 0 ? EXIT_USAGE : EXIT_OK;
}

static const struct opt forget_table[] = {PLACE_OPTIONS, LEDGER_OPTION, OPT_END};
static const char *const forget_examples[] = {"postern policy bundle forget-time  # after the clock was wrong", NULL};

const struct command cmd_policy_bundle_forget = {
        .name = "policy bundle forget-time",
        .summary = "forget the latest time that was seen",
        .examples = forget_examples,
        .options = forget_table,
        .options_size = sizeof(struct places),
        .run = forget_run,
};
