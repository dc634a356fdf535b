/* postern log verify: the command. */
#include "cmd/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "ledger/config.h"
#include "ledger/quorum.h"
#include "ledger/verify.h"
#include "sys/path.h"

struct verify_opts {
	const char *key, *checkpoint, *policy;
	unsigned format;
	uint64_t threads;
};

static const struct opt verify_table[] = {
        OPT_STRING(struct verify_opts, key, "key", 'k', "VKEY",
                "the verifier key that you trust, as log init printed it; without it the folder is believed about its own key"),
        OPT_STRING(struct verify_opts, checkpoint, "checkpoint", 'c', "FILE",
                "a checkpoint that was kept elsewhere; the log must be an extension of it"),
        OPT_STRING(struct verify_opts, policy, "policy", 'p', "FILE",
                "demand that the witnesses of this policy (C2SP tlog-policy) have cosigned the log, and take the key of the log from it"),
        OPT_U64(struct verify_opts, threads, "threads", 0, "N", 1, 64, "by default 2"),
        OPT_CHOICE(struct verify_opts, format, "format", 'f', "FORMAT", log_formats, "what is printed; by default text"),
        OPT_END,
};

static void put_json(
        struct buf *out, const struct ledger_config *c, const struct note_vkey *key, const struct verify_result *v, const char *witnesses)
{
	buf_fmt(out, "{\"fault\":\"%s\",\"good\":%s,", verify_word(v->fault), v->fault == VERIFY_GOOD ? "true" : "false");
	if (v->index != UINT64_MAX)
		buf_fmt(out, "\"index\":%llu,\"last\":%llu,", (unsigned long long)v->index, (unsigned long long)v->last);
	buf_str_add(out, "\"key\":");
	_cleanup_buf_ struct buf text = BUF(1024);
	tlog_vkey_add(&text, key->name, key->type, key->public);
	log_json_string(out, buf_slice(&text));
	buf_str_add(out, ",\"origin\":");
	log_json_string(out, slice_str(c->origin));
	buf_str_add(out, ",\"root\":\"");
	encode_base64(out, slice_of(v->root.b, sizeof(v->root.b)), false, true);
	buf_fmt(out, "\",\"size\":%llu,\"text\":", (unsigned long long)v->size);
	log_json_string(out, slice_str(v->text));
	if (witnesses[0]) {
		buf_str_add(out, ",\"witnesses\":");
		log_json_string(out, slice_str(witnesses));
	}
	buf_str_add(out, "}\n");
}

static void put_text(
        struct buf *out, const struct verify_opts *o, const struct ledger_config *c, const struct verify_result *v, const char *witnesses)
{
	buf_fmt(out, "%s: %s\n", v->fault == VERIFY_GOOD ? "good" : "BAD", v->text);
	if (v->fault == VERIFY_GOOD || v->fault > VERIFY_KEY) {
		buf_fmt(out, "%s, %llu entries, root ", c->origin, (unsigned long long)v->size);
		encode_base64(out, slice_of(v->root.b, sizeof(v->root.b)), false, true);
		buf_str_add(out, "\n");
	}
	if (witnesses[0])
		buf_fmt(out, "%s\n", witnesses);
	if (!o->key && !o->policy)
		buf_str_add(out, "The key was taken from the folder itself: give the one that you trust with --key.\n");
}

/* The key that is demanded: of --key, else of the policy, else of the folder. EXIT_OK or another exit code. */
static int choose_key(const struct verify_opts *o, const struct ledger_config *config, const struct quorum *q, struct note_vkey *key)
{
	const char *why = NULL;
	*key = ledger_vkey(config);
	if (o->key && log_vkey(o->key, key, &why) < 0)
		return cmd_usage(cmd_log_verify.name, "--key: %s", why);
	const struct note_vkey *named = o->policy ? quorum_log(q, key->name, key) : NULL;
	if (o->policy && !named)
		return cmd_usage(cmd_log_verify.name, "--policy: it does not name the log \"%.*s\"", SLICE_FMT(key->name));
	if (o->key && named && memcmp(named->public, key->public, sizeof(key->public)) != 0)
		return cmd_usage(cmd_log_verify.name, "--key and --policy name different keys for the log");
	if (named)
		*key = *named;
	return EXIT_OK;
}

static int verify(const struct verify_opts *o, const char *path, struct quorum *q)
{
	struct ledger_config config;
	struct verify_result v;
	struct err err = {0};
	struct note_vkey key;
	char witnesses[640] = "";
	_cleanup_fd_ int dir = -1;
	_cleanup_buf_ struct buf other = BUF(NOTE_MAX), out = BUF(16384);
	log_catch_up(path);
	int r = ledger_open(path, &dir, &config, &err);
	r = r < 0 || !o->policy ? r : quorum_read(o->policy, q, &err);
	if (r < 0)
		return log_fail(&cmd_log_verify, &err);
	int code = choose_key(o, &config, q, &key);
	if (code != EXIT_OK)
		return code;
	if (o->checkpoint && (r = path_read(AT_FDCWD, o->checkpoint, &other)) < 0) {
		(void)err_sys(&err, r, "cannot read %s", ledger_name(o->checkpoint).text);
		return log_fail(&cmd_log_verify, &err);
	}
	struct log_meter meter = {.what = "verifying"};
	struct verify_options how = {.key = &key, .threads = (unsigned)o->threads, .progress = log_progress, .arg = &meter};
	if (o->checkpoint)
		how.other = slice_of(other.p ? other.p : (const uint8_t *)"", other.n);
	r = ledger_verify(dir, &how, &v, &err);
	if (r == 0 && o->policy && v.fault == VERIFY_GOOD)
		r = quorum_verify(dir, q, &key, &v, witnesses, sizeof(witnesses), &err);
	log_progress_end(&meter);
	if (r < 0)
		return log_fail(&cmd_log_verify, &err);
	if (o->format == LOG_JSON)
		put_json(&out, &config, &key, &v, witnesses);
	else
		put_text(&out, o, &config, &v, witnesses);
	code = cmd_print(&out);
	return code != EXIT_OK ? code : v.fault == VERIFY_GOOD ? EXIT_OK : EXIT_FOUND;
}

static int verify_run(void *options, const struct opt_args *args)
{
	struct quorum q = {0};
	int code;
	const char *path = log_folder(&cmd_log_verify, args, 1, &code);
	if (!path)
		return code;
	code = verify(options, path, &q);
	quorum_free(&q);
	return code;
}

static const char *const verify_examples[] = {
        "postern log verify --key \"$(cat ledger.vkey)\" --checkpoint kept.checkpoint ledger",
        "postern log verify --policy witnesses.policy ledger",
        "postern log verify --format json ledger",
        NULL,
};

const struct command cmd_log_verify = {
        .name = "log verify",
        .summary = "compute everything anew, and say what was tampered with",
        .operands = "DIR",
        .examples = verify_examples,
        .options = verify_table,
        .options_size = sizeof(struct verify_opts),
        .run = verify_run,
};
