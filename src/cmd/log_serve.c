/* postern log serve, witness: the servers. */
#include "cmd/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/arena.h"
#include "ledger/config.h"
#include "ledger/quorum.h"
#include "ledger/serve.h"
#include "ledger/signer.h"
#include "ledger/witness.h"
#include "sys/path.h"

#define ANY_PORT "127.0.0.1:0"

static void on_ready(void *arg, const char *url)
{
	(void)arg;
	(void)printf("ready %s\n", url);
	(void)fflush(stdout);
}

/* serve */

struct serve_opts {
	const char *listen;
	bool cosigned;
};

static const struct opt serve_table[] = {
        OPT_STRING(struct serve_opts, listen, "listen", 'l', "ADDRESS",
                "a numeric address with a port; by default any free port of 127.0.0.1, which is then printed"),
        OPT_FLAG(struct serve_opts, cosigned, "cosigned", 'c',
                "serve the checkpoint that witnesses have cosigned last (log cosign) in place of the latest"),
        OPT_END,
};

static int serve_run(void *options, const struct opt_args *args)
{
	const struct serve_opts *o = options;
	struct ledger_config config;
	struct err err = {0};
	_cleanup_fd_ int dir = -1;
	int code;
	const char *path = log_folder(&cmd_log_serve, args, 1, &code);
	if (!path)
		return code;
	if (ledger_open(path, &dir, &config, &err) < 0)
		return log_fail(&cmd_log_serve, &err);
	struct serve s = {.dir = dir, .checkpoint = o->cosigned ? QUORUM_FILE : "checkpoint"};
	struct http_options how = {.listen = o->listen, .handle = serve_handle, .ready = on_ready, .arg = &s};
	return http_serve(&how, &err) < 0 ? log_fail(&cmd_log_serve, &err) : EXIT_OK;
}

static const char *const serve_examples[] = {
        "postern log serve --listen 127.0.0.1:8080 ledger  # behind a web server that speaks TLS",
        NULL,
};

static const struct serve_opts serve_defaults = {.listen = ANY_PORT};

const struct command cmd_log_serve = {
        .name = "log serve",
        .summary = "serve checkpoint and tiles over HTTP, for reading only",
        .operands = "DIR",
        .examples = serve_examples,
        .options = serve_table,
        .options_size = sizeof(struct serve_opts),
        .defaults = &serve_defaults,
        .run = serve_run,
};

/* witness */

struct witness_opts {
	const char *listen, *key, *policy;
	struct opt_list log;
};

static const struct opt witness_table[] = {
        OPT_STRING(struct witness_opts, key, "key", 'k', "FILE", "the signing key of the witness, as log keygen makes it"),
        OPT_STRING(struct witness_opts, policy, "policy", 'p', "FILE", "cosign the logs that this policy (C2SP tlog-policy) names"),
        OPT_LIST(struct witness_opts, log, "log", 0, "VKEY", NULL, "cosign the log of this verifier key, or of a file that holds one"),
        OPT_STRING(struct witness_opts, listen, "listen", 'l', "ADDRESS",
                "a numeric address with a port; by default any free port of 127.0.0.1, which is then printed"),
        OPT_END,
};

#define KEYS_MEMORY ((size_t)1 << 20)

struct logs {
	struct arena arena;
	struct quorum policy;
	struct note_vkey key[WITNESS_LOGS];
	size_t n;
};

static void logs_free(struct logs *l)
{
	quorum_free(&l->policy);
	arena_free(&l->arena);
}

/* The keys of --policy and --log. */
static int collect(struct logs *l, const struct witness_opts *o, struct err *err)
{
	if (o->policy) {
		int r = quorum_read(o->policy, &l->policy, err);
		if (r < 0)
			return r;
		for (size_t i = 0; i < l->policy.policy.n_logs; i++)
			l->key[l->n++] = l->policy.log[i];
	}
	for (size_t i = 0; i < o->log.n; i++) {
		const char *why = "out of memory";
		_cleanup_buf_ struct buf text = BUF(4096);
		if (access(o->log.item[i], F_OK) != 0 || path_read(AT_FDCWD, o->log.item[i], &text) < 0)
			buf_str_add(&text, o->log.item[i]);
		struct slice s = arena_copy(&l->arena, slice_trim(buf_slice(&text)));
		if (l->n == WITNESS_LOGS)
			return err_set(err, -E2BIG, "at most %d logs can be witnessed", WITNESS_LOGS);
		int r = s.p ? tlog_vkey_read(s, &l->key[l->n], &why) : -ENOMEM;
		if (r == 0 && l->key[l->n].type != TLOG_ED25519) {
			why = "it is no key of a log";
			r = -ENOTSUP;
		}
		if (r < 0)
			return err_set(err, r, "--log %.100s: %s", ledger_name(o->log.item[i]).text, why);
		l->n++;
	}
	return l->n ? 0 : err_set(err, -EINVAL, "no log is named: neither --policy nor --log gives one");
}

/* The name of the witness stands in the key file. */
static int open_key(const char *path, char name[NOTE_NAME_MAX + 1], struct ledger_signer *signer, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(4096);
	uint8_t seed[ED25519_SEED];
	struct slice found;
	const char *why;
	int r = path_read(AT_FDCWD, path, &text);
	if (r < 0)
		return err_sys(err, r, "cannot read the signing key %s", ledger_name(path).text);
	r = ledger_key_parse(buf_slice(&text), &found, seed, &why);
	explicit_bzero(seed, sizeof(seed));
	if (r < 0)
		r = err_set(err, r, "the signing key %s cannot be used: %s", ledger_name(path).text, why);
	else
		(void)snprintf(name, NOTE_NAME_MAX + 1, "%.*s", SLICE_FMT(found));
	if (text.p)
		explicit_bzero(text.p, text.n);
	return r < 0 ? r : ledger_signer_file(AT_FDCWD, path, slice_str(name), signer, err);
}

static void on_tell(void *arg, const char *text)
{
	(void)arg;
	(void)fprintf(stderr, "postern %s: %s\n", cmd_log_witness.name, text);
}

static int witness_run(void *options, const struct opt_args *args)
{
	const struct witness_opts *o = options;
	struct err err = {0};
	struct ledger_signer signer = {0};
	struct witness *w = NULL;
	char name[NOTE_NAME_MAX + 1];
	int code;
	const char *path = log_folder(&cmd_log_witness, args, 1, &code);
	if (!path)
		return code;
	if (!o->key)
		return cmd_usage(cmd_log_witness.name, "--key is missing: \"postern log keygen\" makes one");
	struct logs *logs = calloc(1, sizeof(*logs));
	if (!logs)
		return cmd_usage(cmd_log_witness.name, "out of memory");
	logs->arena = ARENA(KEYS_MEMORY);
	int r = collect(logs, o, &err);
	r = r < 0 ? r : open_key(o->key, name, &signer, &err);
	r = r < 0 ? r : witness_open(path, &signer.tlog, logs->key, logs->n, &w, &err);
	if (r == 0) {
		struct http_options how = {
		        .listen = o->listen, .body = WITNESS_REQUEST, .handle = witness_handle, .ready = on_ready, .arg = w};
		witness_tell(w, on_tell, NULL);
		r = http_serve(&how, &err);
	}
	witness_free(w);
	ledger_signer_close(&signer);
	logs_free(logs);
	free(logs);
	return r < 0 ? log_fail(&cmd_log_witness, &err) : EXIT_OK;
}

static const char *const witness_examples[] = {
        "postern log witness --key w1.key --log ledger.vkey --listen 127.0.0.1:8081 w1.state",
        NULL,
};

static const struct witness_opts witness_defaults = {.listen = ANY_PORT};

const struct command cmd_log_witness = {
        .name = "log witness",
        .summary = "cosign checkpoints of logs, over HTTP, as long as each extends the last",
        .operands = "STATE_DIR",
        .examples = witness_examples,
        .options = witness_table,
        .options_size = sizeof(struct witness_opts),
        .defaults = &witness_defaults,
        .run = witness_run,
};
