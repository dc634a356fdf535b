/* postern log prove, check-proof, rebuild. */
#include "cmd/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "ledger/index.h"
#include "ledger/proof.h"
#include "ledger/quorum.h"
#include "ledger/rebuild.h"
#include "sys/path.h"

#define PROOF_MAX ((size_t)256 << 10)

/* prove */

struct prove_opts {
	const char *key;
	bool cosigned;
};

static const struct opt prove_table[] = {
        OPT_STRING(struct prove_opts, key, "key", 'k', "VKEY", "the verifier key of the log; by default the one in the folder"),
        OPT_FLAG(struct prove_opts, cosigned, "cosigned", 'c',
                "prove it in the checkpoint that witnesses have cosigned last (log cosign) and not in the latest"),
        OPT_END,
};

static int prove_run(void *options, const struct opt_args *args)
{
	const struct prove_opts *o = options;
	struct ledger_config config;
	struct err err = {0};
	const char *why = NULL;
	uint64_t index;
	_cleanup_fd_ int dir = -1;
	_cleanup_buf_ struct buf out = BUF(PROOF_MAX);
	int code;
	const char *path = log_folder(&cmd_log_prove, args, 2, &code);
	if (!path)
		return code;
	if (args->n != 2 || !slice_u64(slice_str(args->arg[1]), INT64_MAX, &index))
		return cmd_usage(cmd_log_prove.name, "the index of an entry is missing: a number from 0 on");
	if (!o->cosigned)
		log_catch_up(path);
	if (ledger_open(path, &dir, &config, &err) < 0)
		return log_fail(&cmd_log_prove, &err);
	struct note_vkey key = ledger_vkey(&config);
	if (o->key && log_vkey(o->key, &key, &why) < 0)
		return cmd_usage(cmd_log_prove.name, "--key: %s", why);
	if (ledger_prove(dir, o->cosigned ? QUORUM_FILE : "checkpoint", &key, index, &out, &err) < 0)
		return log_fail(&cmd_log_prove, &err);
	return cmd_print(&out);
}

static const char *const prove_examples[] = {
        "postern log prove ledger 1234 > 1234.tlog-proof",
        NULL,
};

const struct command cmd_log_prove = {
        .name = "log prove",
        .summary = "print a proof that an entry is in the log",
        .operands = "DIR INDEX",
        .examples = prove_examples,
        .options = prove_table,
        .options_size = sizeof(struct prove_opts),
        .run = prove_run,
};

/* check-proof */

struct check_opts {
	const char *key, *policy, *entry;
	unsigned format;
};

static const struct opt check_table[] = {
        OPT_STRING(
                struct check_opts, key, "key", 'k', "VKEY", "the verifier key of the log that you trust; a key or a file that holds one"),
        OPT_STRING(struct check_opts, policy, "policy", 'p', "FILE",
                "demand that the witnesses of this policy (C2SP tlog-policy) have cosigned, and take the key of the log from it"),
        OPT_STRING(struct check_opts, entry, "entry", 'e', "FILE", "the entry as bytes, with or without a line break at the end"),
        OPT_CHOICE(struct check_opts, format, "format", 'f', "FORMAT", log_formats, "what is printed; by default text"),
        OPT_END,
};

static int say(const struct check_opts *o, bool good, int code, const struct ledger_proof *p, const char *text)
{
	_cleanup_buf_ struct buf out = BUF(4096);
	if (o->format == LOG_JSON) {
		buf_fmt(&out, "{\"good\":%s,", good ? "true" : "false");
		if (p)
			buf_fmt(&out, "\"index\":%llu,\"size\":%llu,", (unsigned long long)p->index, (unsigned long long)p->size);
		buf_str_add(&out, "\"text\":");
		log_json_string(&out, slice_str(text));
		buf_str_add(&out, "}\n");
	} else {
		buf_fmt(&out, "%s: %s\n", good ? "good" : code == EXIT_INCONCLUSIVE ? "open" : "BAD", text);
	}
	int printed = cmd_print(&out);
	return printed == EXIT_OK ? code : printed;
}

static int check(const struct check_opts *o, const struct quorum *q, struct slice proof, const struct note_vkey *key, struct slice entry)
{
	struct ledger_proof p;
	struct err err = {0};
	char text[640], who[400] = "";
	int r = ledger_check_proof(proof, key, entry, &p, &err);
	/* The line break may be that of an editor, or part of what is claimed: only one of the two can be in the log. */
	if (r == -EBADMSG && entry.n && entry.p[entry.n - 1] == '\n')
		r = ledger_check_proof(proof, key, slice_sub(entry, 0, entry.n - 1), &p, &err);
	r = r < 0 || !o->policy ? r : quorum_proof(q, proof, who, sizeof(who), &err);
	if (r == -EBADMSG || r == -ENOKEY || r == -EKEYREJECTED)
		return say(o, false, EXIT_FOUND, NULL, err.text);
	if (r < 0)
		return log_fail(&cmd_log_check_proof, &err);
	if (!entry.p) {
		(void)snprintf(text, sizeof(text),
		        "this may be a proof for entry %llu of %llu, and the checkpoint is signed; which entry, --entry says",
		        (unsigned long long)p.index, (unsigned long long)p.size);
		return say(o, false, EXIT_INCONCLUSIVE, &p, text);
	}
	(void)snprintf(text, sizeof(text), "the entry is number %llu of the %llu in the signed log%s%s", (unsigned long long)p.index,
	        (unsigned long long)p.size, who[0] ? ", cosigned by " : "", who);
	return say(o, true, EXIT_OK, &p, text);
}

/* Reads the files, and chooses the key. */
static int check_files(const struct check_opts *o, const char *file, struct quorum *q)
{
	struct note_vkey key;
	struct err err = {0};
	const char *why = NULL;
	_cleanup_buf_ struct buf proof = BUF(PROOF_MAX), entry = BUF((size_t)TLOG_ENTRY_MAX + 1);
	if (o->key && log_vkey(o->key, &key, &why) < 0)
		return cmd_usage(cmd_log_check_proof.name, "--key: %s", why);
	int r = path_read(AT_FDCWD, file, &proof);
	if (r < 0) {
		(void)err_sys(&err, r, "cannot read %s", ledger_name(file).text);
		return log_fail(&cmd_log_check_proof, &err);
	}
	r = o->entry ? path_read(AT_FDCWD, o->entry, &entry) : 0;
	if (r < 0) {
		(void)err_sys(&err, r, "cannot read %s", ledger_name(o->entry).text);
		return log_fail(&cmd_log_check_proof, &err);
	}
	r = o->policy ? quorum_read(o->policy, q, &err) : 0;
	r = r < 0 || o->key ? r : quorum_proof_key(q, buf_slice(&proof), &key, &err);
	if (r < 0)
		return log_fail(&cmd_log_check_proof, &err);
	struct slice bytes = slice_of(entry.p ? entry.p : (const uint8_t *)"", entry.n);
	return check(o, q, buf_slice(&proof), &key, o->entry ? bytes : SLICE_NONE);
}

static int check_run(void *options, const struct opt_args *args)
{
	const struct check_opts *o = options;
	struct quorum q = {0};
	if (args->n != 1 || args->rest)
		return cmd_usage(cmd_log_check_proof.name, "one file with a proof is wanted");
	if (!o->key && !o->policy)
		return cmd_usage(cmd_log_check_proof.name, "--key is missing: the verifier key of the log");
	int code = check_files(o, args->arg[0], &q);
	quorum_free(&q);
	return code;
}

static const char *const check_examples[] = {
        "postern log check-proof --key ledger.vkey --entry event.json 1234.tlog-proof",
        "postern log check-proof --policy witnesses.policy --entry event.json 1234.tlog-proof",
        NULL,
};

const struct command cmd_log_check_proof = {
        .name = "log check-proof",
        .summary = "check a proof, without the log",
        .operands = "FILE",
        .examples = check_examples,
        .options = check_table,
        .options_size = sizeof(struct check_opts),
        .run = check_run,
};

/* rebuild */

struct rebuild_opts {
	bool check;
};

static const struct opt rebuild_table[] = {
        OPT_FLAG(
                struct rebuild_opts, check, "check", 'c', "change nothing, and say whether the index is what the log makes; exit 1 if not"),
        OPT_END,
};

static int rebuild_run(void *options, const struct opt_args *args)
{
	const struct rebuild_opts *o = options;
	struct ledger_config config;
	struct ledger_checkpoint c;
	struct index *x = NULL;
	struct err err = {0};
	char note[256] = "";
	_cleanup_fd_ int dir = -1;
	_cleanup_buf_ struct buf out = BUF(4096);
	uint64_t tiles = 0;
	int code;
	const char *path = log_folder(&cmd_log_rebuild, args, 1, &code);
	if (!path)
		return code;
	int r = ledger_open(path, &dir, &config, &err);
	struct note_vkey key = r < 0 ? (struct note_vkey){0} : ledger_vkey(&config);
	r = r < 0 ? r : ledger_checkpoint_read(dir, "checkpoint", &key, &c, &err);
	if (r < 0)
		return log_fail(&cmd_log_rebuild, &err);
	buf_free(&c.note);
	r = o->check ? 0 : ledger_rebuild_tiles(path, dir, &key, &tiles, &err);
	struct log_meter meter = {.what = "indexing"};
	struct index_options how = {.size = c.size, .key = &key, .anew = !o->check, .progress = log_progress, .arg = &meter};
	r = r < 0 ? r : index_open(path, dir, &how, &x, note, &err);
	log_progress_end(&meter);
	if (r < 0)
		return log_fail(&cmd_log_rebuild, &err);
	if (o->check && note[0]) {
		buf_fmt(&out, "BAD: %s\n", note);
		code = EXIT_FOUND;
	} else if (o->check) {
		r = index_check(x, &err);
		if (r == 0)
			buf_fmt(&out, "BAD: %s\n", err.text);
		else if (r == 1)
			buf_str_add(&out, "good: the index is what the log makes\n");
		code = r == 1 ? EXIT_OK : EXIT_FOUND;
	} else {
		buf_fmt(&out, "The index of %llu entries was made anew.%s\n", (unsigned long long)c.size,
		        tiles ? " The tree's files were made anew, too." : "");
		code = EXIT_OK;
	}
	index_close(x);
	if (r < 0)
		return log_fail(&cmd_log_rebuild, &err);
	int printed = cmd_print(&out);
	return printed == EXIT_OK ? code : printed;
}

static const char *const rebuild_examples[] = {
        "postern log rebuild ledger",
        NULL,
};

const struct command cmd_log_rebuild = {
        .name = "log rebuild",
        .summary = "make anew what follows from the entries",
        .operands = "DIR",
        .examples = rebuild_examples,
        .options = rebuild_table,
        .options_size = sizeof(struct rebuild_opts),
        .run = rebuild_run,
};
