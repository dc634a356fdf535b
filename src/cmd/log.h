/* log: what the files of "postern log" share. */
#ifndef POSTERN_CMD_LOG_H
#define POSTERN_CMD_LOG_H

#include "base/err.h"
#include "base/encode.h"
#include "cmd/cmd.h"
#include "crypto/tlog.h"

extern const struct command cmd_log_init, cmd_log_append, cmd_log_show, cmd_log_verify, cmd_log_checkpoint, cmd_log_prove,
        cmd_log_check_proof, cmd_log_rebuild, cmd_log_write;

/* For --format: text, json */
extern const char *const log_formats[];
enum { LOG_TEXT, LOG_JSON };

/* The sentence to stderr; EXIT_USAGE. */
int log_fail(const struct command *c, const struct err *err);
/* The first operand; NULL with *code if it is missing, or if there are more than `most` operands. */
const char *log_folder(const struct command *c, const struct opt_args *args, size_t most, int *code);
/* Progress on stderr, if that is a terminal: log_progress() is a callback of verify and index, with a struct log_meter as its arg. */
struct log_meter {
	const char *what;
	int64_t last_ms;
	bool shown;
};
void log_progress(void *arg, uint64_t done, uint64_t size);
void log_progress_end(struct log_meter *m);

/* A verifier key from the command line: the key itself, or the name of a file that holds it. *key borrows from memory that lives as long as
 * the program. */
int log_vkey(const char *word, struct note_vkey *key, const char **why);
/* A JSON string of UTF-8 text, with its quotes, appended. */
void log_json_string(struct buf *out, struct slice text);

#endif
