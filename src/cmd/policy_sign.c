/* postern policy sign, verify. */
#include "cmd/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

#include "ledger/signer.h"
#include "policy/sign.h"
#include "sys/path.h"

struct sign_opts {
	const char *key, *signer, *name;
};

static const struct opt sign_table[] = {
        OPT_STRING(struct sign_opts, key, "key", 'k', "FILE", "the signing key, as postern log keygen makes it"),
        OPT_STRING(struct sign_opts, signer, "signer", 0, "SOCKET", "an ssh-agent that holds the key, in place of a file"),
        OPT_STRING(struct sign_opts, name, "name", 'n', "NAME", "the name of the key that the agent holds"),
        OPT_END,
};

/* The signature goes beside the file: one file a policy, whoever has signed. */
static char *note_path(struct arena *a, const char *path)
{
	return arena_fmt(a, "%s%s", path, POLICY_SIGNATURE_SUFFIX);
}

int policy_signer(const char *key, const char *agent, const char *name, struct arena *arena, struct ledger_signer *out, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(4096);
	uint8_t seed[ED25519_SEED];
	struct slice in_text;
	const char *of = NULL, *why;
	if (agent)
		return ledger_signer_agent(agent, slice_str(name), NULL, out, err);
	int r = path_read(AT_FDCWD, key, &text);
	if (r < 0) {
		r = err_sys(err, r, "cannot read the signing key %s", key);
	} else if ((r = ledger_key_parse(buf_slice(&text), &in_text, seed, &why)) < 0) {
		r = err_set(err, r, "the signing key %s cannot be used: %s", key, why);
	} else if (!(of = arena_str(arena, in_text))) {
		r = err_set(err, -ENOMEM, "out of memory");
	}
	explicit_bzero(seed, sizeof(seed));
	if (text.p)
		explicit_bzero(text.p, text.n);
	return r < 0 ? r : ledger_signer_file(AT_FDCWD, key, slice_str(of), out, err);
}

int policy_signer_usage(const char *command, const char *key, const char *agent, const char *name)
{
	if (!key == !agent)
		return cmd_usage(command, "either --key or --signer says who signs");
	if (agent && (!name || !note_name_valid(slice_str(name))))
		return cmd_usage(command, "--name says under which name the agent signs, as in example.com/security");
	return EXIT_OK;
}

static int sign_run(void *options, const struct opt_args *args)
{
	const struct sign_opts *o = options;
	_cleanup_arena_ struct arena a = ARENA(128u << 20);
	_cleanup_buf_ struct buf text = BUF(POLICY_BYTES_MAX), old = BUF(NOTE_MAX), note = BUF(NOTE_MAX), out = BUF(4096);
	struct policy_problems problems = {0};
	struct ledger_signer signer = {0};
	struct policy_doc *doc = NULL;
	struct err err = {0};
	size_t kept = 0;
	if (args->n != 1 || args->rest)
		return cmd_usage(cmd_policy_sign.name, "the policy to sign is missing");
	int code = policy_signer_usage(cmd_policy_sign.name, o->key, o->signer, o->name);
	if (code != EXIT_OK)
		return code;
	char *path = note_path(&a, args->arg[0]);
	int r = path ? policy_open(args->arg[0], LAYER_ORGANISATION, &a, &doc, &text, &problems, &err)
	             : err_set(&err, -ENOMEM, "out of memory");
	if (r == -EINVAL)
		r = policy_problems_err(&problems, &err);
	policy_problems_free(&problems);
	r = r < 0 ? r : policy_signer(o->key, o->signer, o->name, &a, &signer, &err);
	if (r == 0) {
		r = path_read(AT_FDCWD, path, &old);
		r = r < 0 && r != -ENOENT ? err_sys(&err, r, "cannot read %s", path) : 0;
	}
	r = r < 0 ? r : policy_sign(policy_doc_info(doc), buf_slice(&old), &signer.tlog, &note, &kept, &err);
	r = r < 0 ? r : policy_keep(path, buf_slice(&note), false, &err);
	ledger_signer_close(&signer);
	if (r < 0)
		return policy_fail(&cmd_policy_sign, &err);
	buf_fmt(&out, "%s: version %llu of the policy of %s, %zu %s\n", path, (unsigned long long)policy_doc_info(doc)->version,
	        policy_doc_info(doc)->organisation, kept + 1, kept ? "signatures" : "signature");
	return cmd_print(&out);
}

static const char *const sign_examples[] = {
        "postern policy sign --key security.key policy.yaml  # writes or adds to policy.yaml.sig",
        "postern policy sign --signer $SSH_AUTH_SOCK --name example.com/security policy.yaml",
        NULL,
};

const struct command cmd_policy_sign = {
        .name = "policy sign",
        .summary = "sign the policy of an organisation",
        .operands = "FILE",
        .examples = sign_examples,
        .options = sign_table,
        .options_size = sizeof(struct sign_opts),
        .run = sign_run,
};

/* verify */

struct verify_opts {
	const char *keys, *state;
};

static const struct opt verify_table[] = {
        OPT_STRING(struct verify_opts, keys, "keys", 'k', "FILE",
                "the verifier keys that count, a line each, after a line that says threshold N"),
        OPT_STRING(struct verify_opts, state, "state", 0, "FILE",
                "the newest versions that were seen, so that an older one is refused and a newer one put in; by default there is no such "
                "file"),
        OPT_END,
};

static int verify_run(void *options, const struct opt_args *args)
{
	const struct verify_opts *o = options;
	_cleanup_arena_ struct arena a = ARENA(128u << 20);
	_cleanup_buf_ struct buf text = BUF(POLICY_BYTES_MAX), keys_text = BUF(64u << 10), note = BUF(NOTE_MAX), who = BUF(8192),
	                         out = BUF(16384);
	struct policy_problems problems = {0};
	struct policy_doc *doc = NULL;
	struct policy_keys keys;
	struct err err = {0};
	char told[400] = "", state[4096] = "";
	if (args->n != 1 || args->rest)
		return cmd_usage(cmd_policy_verify.name, "the policy to verify is missing");
	if (!o->keys)
		return cmd_usage(cmd_policy_verify.name, "--keys is missing: the file with the keys that count");
	char *path = note_path(&a, args->arg[0]);
	int r = path ? policy_open(args->arg[0], LAYER_ORGANISATION, &a, &doc, &text, &problems, &err)
	             : err_set(&err, -ENOMEM, "out of memory");
	if (r == -EINVAL)
		r = policy_problems_err(&problems, &err);
	policy_problems_free(&problems);
	if (r == 0 && (r = path_read(AT_FDCWD, o->keys, &keys_text)) < 0)
		r = err_sys(&err, r, "cannot read %s", o->keys);
	r = r < 0 ? r : policy_keys_parse(buf_slice(&keys_text), o->keys, &keys, &err);
	if (r == 0 && (r = path_read(AT_FDCWD, path, &note)) < 0)
		r = err_sys(&err, r, "cannot read %s", path);
	if (r < 0)
		return policy_fail(&cmd_policy_verify, &err);
	r = policy_verify(policy_doc_info(doc), buf_slice(&note), &keys, &who, &err);
	if (r == 0 && policy_doc_info(doc)->expires && time(NULL) >= policy_doc_info(doc)->expires)
		r = err_set(&err, -ESTALE, "%s has expired", args->arg[0]);
	if (r == 0 && o->state) {
		if (o->state[0] == '/')
			(void)snprintf(state, sizeof(state), "%s", o->state);
		else if (getcwd(state, sizeof(state) / 2))
			(void)snprintf(state + strlen(state), sizeof(state) / 2, "/%s", o->state);
		r = policy_state_check(state, policy_doc_info(doc), told, sizeof(told), &err);
	}
	if (r < 0) {
		(void)policy_fail(&cmd_policy_verify, &err);
		return r == -EKEYREJECTED || r == -ESTALE ? EXIT_FOUND : EXIT_USAGE;
	}
	if (told[0])
		(void)fprintf(stderr, "postern %s: note: %s\n", cmd_policy_verify.name, told);
	buf_fmt(&out, "good: %s is version %llu of the policy of %s, signed by %s\n", args->arg[0],
	        (unsigned long long)policy_doc_info(doc)->version, policy_doc_info(doc)->organisation, buf_str(&who));
	return cmd_print(&out);
}

static const char *const verify_examples[] = {"postern policy verify --keys policy.keys policy.yaml", NULL};

const struct command cmd_policy_verify = {
        .name = "policy verify",
        .summary = "check the signatures of a policy, its expiry, and that it is not an older one",
        .operands = "FILE",
        .examples = verify_examples,
        .options = verify_table,
        .options_size = sizeof(struct verify_opts),
        .run = verify_run,
};
