/* postern policy bundle: the family, and how an organisation makes a bundle: make, sign, trust. */
#include "cmd/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "policy/bundle.h"
#include "sys/path.h"

#define DAY 86400

/* make */

struct make_opts {
	const char *organisation, *from, *expires, *output;
	uint64_t version, trust;
};
static const struct make_opts make_defaults = {.trust = 1};

static const struct opt make_table[] = {
        OPT_U64(struct make_opts, version, "version", 'v', "N", 1, BUNDLE_VERSION_MAX,
                "larger than that of the last one; the same is another bundle nowhere"),
        OPT_STRING(struct make_opts, expires, "expires", 'e', "TIME", "a day, a time, or 90d; until then a newer one should have come"),
        OPT_STRING(struct make_opts, output, "output", 'o', "FILE", "write it there; a file that is there is left alone"),
        OPT_STRING(struct make_opts, organisation, "organisation", 0, "NAME", "whose it is; by default what policy.yaml says"),
        OPT_STRING(struct make_opts, from, "from", 0, "TIME", "no machine takes it before; by default now"),
        OPT_U64(struct make_opts, trust, "trust", 0, "N", 1, BUNDLE_VERSION_MAX,
                "the version of the trust that names the keys that will sign; by default 1"),
        OPT_END,
};

/* What the policy in the folder says. */
static const char *organisation_of(const char *folder, struct arena *a, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(POLICY_BYTES_MAX);
	struct policy_problems problems = {0};
	struct policy_doc *doc = NULL;
	const char *path = arena_fmt(a, "%s/%s", folder, BUNDLE_POLICY);
	int r = path ? policy_open(path, LAYER_ORGANISATION, a, &doc, &text, &problems, err) : err_set(err, -ENOMEM, "out of memory");
	if (r == -EINVAL)
		(void)policy_problems_err(&problems, err);
	policy_problems_free(&problems);
	return r < 0 ? NULL : policy_doc_info(doc)->organisation;
}

static int make_run(void *options, const struct opt_args *args)
{
	const struct make_opts *o = options;
	_cleanup_arena_ struct arena a = ARENA(128u << 20);
	_cleanup_buf_ struct buf text = BUF(BUNDLE_MAX), out = BUF(4096);
	struct err err = {0};
	const struct command *c = &cmd_policy_bundle_make;
	if (args->n != 1 || args->rest)
		return cmd_usage(c->name, "the folder with what the bundle is to hold is missing");
	if (!o->version || !o->expires || !o->output)
		return cmd_usage(c->name, "--version, --expires and --output are needed");
	struct bundle_make m = {.trust = o->trust, .version = o->version, .from = time(NULL)};
	if (o->from && !statement_time_parse(slice_str(o->from), true, &m.from))
		return cmd_usage(c->name, "--from is a day or a time like 2026-12-31T12:00:00Z, and not \"%.40s\"", o->from);
	if (!policy_until(o->expires, m.from, &m.expires))
		return cmd_usage(c->name, "--expires is a day, a time like 2026-12-31T12:00:00Z, or 90d, and not \"%.40s\"", o->expires);
	m.organisation = o->organisation ? o->organisation : organisation_of(args->arg[0], &a, &err);
	int r = m.organisation ? bundle_make(&m, args->arg[0], &text, &err) : err.code;
	r = r < 0 ? r : policy_keep(o->output, buf_slice(&text), true, &err);
	if (r < 0)
		return policy_fail(c, &err);
	char expires[21];
	statement_time_write(m.expires, expires);
	buf_fmt(&out, "%s: version %llu of the bundle of %s, until %s; not signed yet (postern policy bundle sign)\n", o->output,
	        (unsigned long long)m.version, m.organisation, expires);
	return cmd_print(&out);
}

static const char *const make_examples[] = {
        "postern policy bundle make --version 7 --expires 90d -o 7.bundle folder/",
        NULL,
};

const struct command cmd_policy_bundle_make = {
        .name = "policy bundle make",
        .summary = "put a folder into a bundle, to be signed",
        .operands = "FOLDER",
        .examples = make_examples,
        .options = make_table,
        .options_size = sizeof(struct make_opts),
        .defaults = &make_defaults,
        .run = make_run,
};

/* sign */

struct sign_opts {
	const char *key, *signer, *name;
};

static const struct opt sign_table[] = {
        OPT_STRING(struct sign_opts, key, "key", 'k', "FILE", "the signing key, as postern log keygen makes it"),
        OPT_STRING(struct sign_opts, signer, "signer", 0, "SOCKET", "an ssh-agent that holds the key, in place of a file"),
        OPT_STRING(struct sign_opts, name, "name", 'n', "NAME", "the name of the key that the agent holds"),
        OPT_END,
};

static int sign_run(void *options, const struct opt_args *args)
{
	const struct sign_opts *o = options;
	_cleanup_arena_ struct arena a = ARENA(4096);
	_cleanup_buf_ struct buf text = BUF(BUNDLE_MAX), fresh = BUF(BUNDLE_MAX), out = BUF(4096);
	struct ledger_signer signer = {0};
	struct err err = {0};
	size_t kept = 0;
	const struct command *c = &cmd_policy_bundle_sign;
	if (args->n != 1 || args->rest)
		return cmd_usage(c->name, "the bundle or the trust to sign is missing");
	int code = policy_signer_usage(c->name, o->key, o->signer, o->name);
	if (code != EXIT_OK)
		return code;
	int r = path_read(AT_FDCWD, args->arg[0], &text);
	r = r < 0 ? err_sys(&err, r, "cannot read %s", args->arg[0]) : policy_signer(o->key, o->signer, o->name, &a, &signer, &err);
	bool is_trust = slice_starts(buf_slice(&text), SLICE("postern.trust/"));
	struct trust trust;
	if (r == 0 && is_trust) {
		r = trust_read(buf_slice(&text), args->arg[0], &trust, &err);
		r = r < 0 ? r : trust_sign(buf_slice(&text), &signer.tlog, &fresh, &kept, &err);
	} else if (r == 0) {
		r = bundle_sign(buf_slice(&text), &signer.tlog, &fresh, &kept, &err);
	}
	r = r < 0 ? r : policy_keep(args->arg[0], buf_slice(&fresh), false, &err);
	ledger_signer_close(&signer);
	if (r < 0)
		return policy_fail(c, &err);
	buf_fmt(&out, "%s: %zu %s\n", args->arg[0], kept + 1, kept ? "signatures" : "signature");
	return cmd_print(&out);
}

static const char *const sign_examples[] = {
        "postern policy bundle sign --key security.key 7.bundle  # adds a signature to the file",
        "postern policy bundle sign --signer $SSH_AUTH_SOCK --name example.com/security 7.bundle",
        NULL,
};

const struct command cmd_policy_bundle_sign = {
        .name = "policy bundle sign",
        .summary = "add a signature to a bundle, or to a trust",
        .operands = "FILE",
        .examples = sign_examples,
        .options = sign_table,
        .options_size = sizeof(struct sign_opts),
        .run = sign_run,
};

/* trust */

struct trust_opts {
	const char *organisation, *after, *expires, *output;
	uint64_t threshold;
};
static const struct trust_opts trust_defaults = {.threshold = 1};

static const struct opt trust_table[] = {
        OPT_U64(struct trust_opts, threshold, "threshold", 't', "N", 1, TRUST_KEYS_MAX, "so many keys must sign; by default 1"),
        OPT_STRING(struct trust_opts, output, "output", 'o', "FILE", "write it there; a file that is there is left alone"),
        OPT_STRING(struct trust_opts, organisation, "organisation", 0, "NAME", "whose it is; after another one as that says"),
        OPT_STRING(struct trust_opts, after, "after", 0, "FILE", "the trust that it follows, so that keys of both must sign it"),
        OPT_STRING(struct trust_opts, expires, "expires", 'e', "TIME",
                "a day, a time, or 900d; no bundle is taken after that; by default never"),
        OPT_END,
};

/* A key as it stands on the command line, or in a file. */
static int take_key(const char *word, struct arena *a, struct trust *t, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(4096);
	const char *why;
	if (t->n == TRUST_KEYS_MAX)
		return err_set(err, -EINVAL, "there are more than %d keys", TRUST_KEYS_MAX);
	if (!strchr(word, '+') || strchr(word, '/') == word) {
		int r = path_read(AT_FDCWD, word, &text);
		if (r < 0)
			return err_sys(err, r, "%s is no verifier key, and cannot be read", word);
		word = arena_str(a, slice_trim(buf_slice(&text)));
		if (!word)
			return err_set(err, -ENOMEM, "out of memory");
	}
	if (tlog_vkey_read(slice_str(word), &t->key[t->n], &why) < 0 || t->key[t->n].type != TLOG_ED25519)
		return err_set(
		        err, -EINVAL, "\"%.60s\" is no verifier key of type Ed25519, as \"postern log keygen --type log\" prints it", word);
	t->n++;
	return 0;
}

static int trust_run(void *options, const struct opt_args *args)
{
	const struct trust_opts *o = options;
	_cleanup_arena_ struct arena a = ARENA(1u << 20);
	_cleanup_buf_ struct buf before = BUF(TRUST_MAX), text = BUF(TRUST_MAX), out = BUF(4096);
	struct trust last, t = {.version = 1, .threshold = (unsigned)o->threshold, .organisation = slice_str(o->organisation)}, back;
	struct err err = {0};
	const struct command *c = &cmd_policy_bundle_trust;
	int r = 0;
	if (args->n == 0 || args->rest)
		return cmd_usage(c->name, "the keys are missing");
	if (!o->output || (!o->organisation && !o->after))
		return cmd_usage(c->name, "--output is needed, and --organisation or --after");
	if (o->expires && !policy_until(o->expires, time(NULL), &t.expires))
		return cmd_usage(c->name, "--expires is a day, a time like 2026-12-31T12:00:00Z, or 900d, and not \"%.40s\"", o->expires);
	if (o->after) {
		r = path_read(AT_FDCWD, o->after, &before);
		r = r < 0 ? err_sys(&err, r, "cannot read %s", o->after) : trust_read(buf_slice(&before), o->after, &last, &err);
		if (r == 0 && o->organisation && !slice_is(last.organisation, o->organisation))
			return cmd_usage(c->name, "%s is of %.*s", o->after, SLICE_FMT(last.organisation));
		if (r == 0) {
			t.organisation = last.organisation;
			t.version = last.version + 1;
		}
	}
	for (size_t i = 0; r == 0 && i < args->n; i++)
		r = take_key(args->arg[i], &a, &t, &err);
	if (r == 0) {
		trust_write(&t, &text);
		r = trust_read(buf_slice(&text), "this trust", &back, &err);
	}
	r = r < 0 ? r : policy_keep(o->output, buf_slice(&text), true, &err);
	if (r < 0)
		return policy_fail(c, &err);
	buf_fmt(&out, "%s: version %llu of the trust of %.*s: %u of %zu keys%s\n", o->output, (unsigned long long)t.version,
	        SLICE_FMT(t.organisation), t.threshold, t.n,
	        o->after ? "; to be signed by enough keys of both (postern policy bundle sign)" : "");
	return cmd_print(&out);
}

static const char *const trust_examples[] = {
        "postern policy bundle trust --organisation example.com --threshold 2 -o trust a.pub b.pub c.pub",
        "postern policy bundle trust --after trust --threshold 2 -o folder/trust/2 a.pub b.pub d.pub",
        NULL,
};

const struct command cmd_policy_bundle_trust = {
        .name = "policy bundle trust",
        .summary = "write down whose signatures count, and how many",
        .operands = "KEY...",
        .examples = trust_examples,
        .options = trust_table,
        .options_size = sizeof(struct trust_opts),
        .defaults = &trust_defaults,
        .run = trust_run,
};

static const struct command *const parts[] = {
        &cmd_policy_bundle_make,
        &cmd_policy_bundle_sign,
        &cmd_policy_bundle_trust,
        &cmd_policy_bundle_verify,
        &cmd_policy_bundle_show,
        &cmd_policy_bundle_install,
        &cmd_policy_bundle_fetch,
        &cmd_policy_bundle_forget,
        NULL,
};

static const char *const examples[] = {
        "postern policy bundle make --version 7 --expires 90d -o 7.bundle folder/",
        "postern policy bundle show",
        NULL,
};

const struct command cmd_policy_bundle = {
        .name = "policy bundle",
        .summary = "what an organisation sends to its machines, signed",
        .operands = "COMMAND",
        .examples = examples,
        .parts = parts,
};
