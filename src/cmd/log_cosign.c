/* postern log keygen, cosign. */
#include "cmd/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "ledger/config.h"
#include "ledger/cosign.h"
#include "ledger/file.h"
#include "ledger/signer.h"

/* keygen */

enum { KEY_BOTH, KEY_LOG, KEY_WITNESS };
static const char *const key_types[] = {"both", "log", "witness", NULL};

struct keygen_opts {
	const char *name;
	unsigned type;
};

static const struct opt keygen_table[] = {
        OPT_STRING(
                struct keygen_opts, name, "name", 'n', "NAME", "the name of the key, as in example.org/w1; it is part of every signature"),
        OPT_CHOICE(
                struct keygen_opts, type, "type", 't', "TYPE", key_types, "which verifier keys are printed; by default both, a line each"),
        OPT_END,
};

/* A file that is there already is left alone. */
static int keep_key(const char *path, struct slice text, struct err *err)
{
	int fd = file_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return err_sys(err, fd, "cannot make the file %s", ledger_name(path).text);
	int r = file_write_slice(fd, 0, text);
	r = r < 0 ? r : file_sync(fd);
	file_close(&fd);
	if (r == 0)
		return 0;
	(void)file_remove(AT_FDCWD, path);
	return err_sys(err, r, "cannot write the key to %s", ledger_name(path).text);
}

static int keygen_run(void *options, const struct opt_args *args)
{
	const struct keygen_opts *o = options;
	struct err err = {0};
	struct ledger_signer signer = {0};
	_cleanup_buf_ struct buf text = BUF(4096), out = BUF(4096);
	if (args->n != 1 || args->rest)
		return cmd_usage(cmd_log_keygen.name, "the name of one new file for the key is wanted");
	if (!o->name || !note_name_valid(slice_str(o->name)))
		return cmd_usage(cmd_log_keygen.name, "--name is %s: a name as in example.org/w1, without spaces and plus signs",
		        o->name ? "none that a key can have" : "missing");
	int r = ledger_signer_new(slice_str(o->name), &signer);
	if (r < 0) {
		(void)err_sys(&err, r, "cannot make a key");
		return log_fail(&cmd_log_keygen, &err);
	}
	ledger_key_write(&text, slice_str(o->name), signer.seed);
	r = buf_error(&text) ? err_sys(&err, buf_error(&text), "cannot make a key") : keep_key(args->arg[0], buf_slice(&text), &err);
	if (text.p)
		explicit_bzero(text.p, text.n);
	static const uint8_t types[] = {TLOG_ED25519, TLOG_COSIGNATURE};
	for (unsigned i = 0; i < ARRAY_LEN(types); i++) {
		if (o->type != KEY_BOTH && o->type != KEY_LOG + i)
			continue;
		tlog_vkey_add(&out, slice_str(o->name), types[i], signer.tlog.public);
		buf_u8(&out, '\n');
	}
	ledger_signer_close(&signer);
	return r < 0 ? log_fail(&cmd_log_keygen, &err) : cmd_print(&out);
}

static const char *const keygen_examples[] = {
        "postern log keygen --name example.org/w1 --type witness w1.key > w1.vkey",
        NULL,
};

const struct command cmd_log_keygen = {
        .name = "log keygen",
        .summary = "make a signing key for a witness or a log",
        .operands = "FILE",
        .examples = keygen_examples,
        .options = keygen_table,
        .options_size = sizeof(struct keygen_opts),
        .run = keygen_run,
};

/* cosign */

struct cosign_opts {
	const char *policy;
	struct opt_list witness;
	uint64_t timeout;
	unsigned format;
};

static const struct opt cosign_table[] = {
        OPT_STRING(struct cosign_opts, policy, "policy", 'p', "FILE",
                "the log, the witnesses with their keys and addresses, and the quorum (C2SP tlog-policy)"),
        OPT_LIST(struct cosign_opts, witness, "witness", 'w', "URL", NULL,
                "ask this witness, and of those in the policy only the ones that are named so"),
        OPT_U64(struct cosign_opts, timeout, "timeout", 't', "SECONDS", 1, 600, "how long a witness may take for an answer; by default 10"),
        OPT_CHOICE(struct cosign_opts, format, "format", 'f', "FORMAT", log_formats, "what is printed; by default text"),
        OPT_END,
};

static struct slice name_of(const struct quorum *q, int member)
{
	return member < 0 ? SLICE("?") : q->policy.member[member].name;
}

static unsigned signed_by(const struct quorum *q, const struct cosign_result *r)
{
	unsigned n = 0;
	for (size_t i = 0; i < q->policy.n_members; i++)
		n += r->seen.have[i];
	return n;
}

static void put_text(struct buf *out, const struct quorum *q, const struct cosign_result *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct cosign_one *one = &r->one[i];
		buf_fmt(out, "%-8s  %.*s (%s): %s\n", cosign_word(one->answer), SLICE_FMT(name_of(q, one->member)),
		        ledger_name(one->url).text, one->text);
	}
	buf_fmt(out,
	        r->met ? "The checkpoint of %llu entries is cosigned by %u; that is a quorum. It is in " QUORUM_FILE ".\n"
	               : "The checkpoint of %llu entries is cosigned by %u; that is no quorum. Nothing was kept.\n",
	        (unsigned long long)r->size, signed_by(q, r));
}

static void put_json(struct buf *out, const struct quorum *q, const struct cosign_result *r)
{
	buf_fmt(out, "{\"quorum\":%s,\"signed\":%u,\"size\":%llu,\"witnesses\":[", r->met ? "true" : "false", signed_by(q, r),
	        (unsigned long long)r->size);
	for (size_t i = 0; i < r->n; i++) {
		const struct cosign_one *one = &r->one[i];
		buf_fmt(out, "%s{\"answer\":\"%s\",\"name\":", i ? "," : "", cosign_word(one->answer));
		log_json_string(out, name_of(q, one->member));
		buf_str_add(out, ",\"text\":");
		log_json_string(out, slice_str(ledger_name(one->text).text));
		buf_str_add(out, ",\"url\":");
		log_json_string(out, slice_str(ledger_name(one->url).text));
		buf_str_add(out, "}");
	}
	buf_str_add(out, "]}\n");
}

static int report(const struct cosign_opts *o, const struct quorum *q, const struct cosign_result *r)
{
	_cleanup_buf_ struct buf out = BUF((size_t)1 << 20);
	bool contradicted = false;
	for (size_t i = 0; i < r->n; i++)
		contradicted |= r->one[i].answer == COSIGN_ROLLBACK || r->one[i].answer == COSIGN_FORK;
	(o->format == LOG_JSON ? put_json : put_text)(&out, q, r);
	int code = cmd_print(&out);
	return code != EXIT_OK ? code : contradicted ? EXIT_FOUND : r->met ? EXIT_OK : EXIT_INCONCLUSIVE;
}

static int cosign_run(void *options, const struct opt_args *args)
{
	const struct cosign_opts *o = options;
	struct ledger_config config;
	struct quorum q = {0};
	struct err err = {0};
	_cleanup_fd_ int dir = -1;
	int code;
	const char *path = log_folder(&cmd_log_cosign, args, 1, &code);
	if (!path)
		return code;
	if (!o->policy)
		return cmd_usage(cmd_log_cosign.name, "--policy is missing: the witnesses and their quorum");
	struct cosign_result *result = malloc(sizeof(*result));
	struct cosign_options how = {.url = o->witness.item, .n_urls = o->witness.n, .timeout_ms = (unsigned)o->timeout * 1000};
	int r = result ? ledger_open(path, &dir, &config, &err) : err_sys(&err, -ENOMEM, "cannot start");
	r = r < 0 ? r : quorum_read(o->policy, &q, &err);
	if (r == 0) {
		struct note_vkey own = ledger_vkey(&config);
		const struct note_vkey *key = quorum_log(&q, own.name, &own);
		r = key ? ledger_cosign(dir, key, &q, &how, result, &err)
		        : err_set(&err, -EINVAL, "the policy does not name the log \"%s\"", config.origin);
	}
	code = r == 0 ? report(o, &q, result) : log_fail(&cmd_log_cosign, &err);
	/* The log contradicts what was cosigned: that is found, not an error. */
	code = r == -EBADMSG && result && result->n ? EXIT_FOUND : code;
	quorum_free(&q);
	free(result);
	return code;
}

static const char *const cosign_examples[] = {
        "postern log cosign --policy witnesses.policy ledger",
        NULL,
};

const struct command cmd_log_cosign = {
        .name = "log cosign",
        .summary = "have witnesses cosign the latest checkpoint",
        .operands = "DIR",
        .examples = cosign_examples,
        .options = cosign_table,
        .options_size = sizeof(struct cosign_opts),
        .run = cosign_run,
};
