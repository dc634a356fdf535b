/* log: what the files of "postern log" share. */
#ifndef POSTERN_CMD_LOG_H
#define POSTERN_CMD_LOG_H

#include "base/err.h"
#include "base/encode.h"
#include "cmd/cmd.h"
#include "crypto/tlog.h"

extern const struct command cmd_log_init, cmd_log_append, cmd_log_show, cmd_log_verify, cmd_log_checkpoint, cmd_log_prove,
        cmd_log_check_proof, cmd_log_rebuild, cmd_log_write, cmd_log_serve, cmd_log_keygen, cmd_log_cosign, cmd_log_witness;

extern const struct command cmd_log_put, cmd_log_get, cmd_log_erase; /* log_blob.c */
extern const struct command cmd_log_export, cmd_log_ship;

/* For --format: text, json */
extern const char *const log_formats[];
enum { LOG_TEXT, LOG_JSON };

/* The sentence to stderr; EXIT_USAGE. */
int log_fail(const struct command *c, const struct err *err);
/* The first operand; NULL with *code if it is missing, or if there are more than `most` operands. */
const char *log_folder(const struct command *c, const struct opt_args *args, size_t most, int *code);
/* If the ledger is ours and its writer runs, what is on disk is signed before it is looked at: who ended a moment ago did not wait for
 * that. */
void log_catch_up(const char *path);
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
/* A time as people write it on a command line: "2026-11-25", "2026-11-25T09:30:00Z", "2026-11-25 09:30:00", "90m", "24h", "7d"; in
 * milliseconds since 1970. False: it is none. */
bool log_since(const char *text, int64_t *out);
/* A file that says where to go on: the index of the next entry. A missing one says 0. Writing replaces it, for good. */
[[nodiscard]] int log_cursor_read(const char *path, uint64_t *out, struct err *err);
[[nodiscard]] int log_cursor_write(const char *path, uint64_t next, struct err *err);
/* A JSON string of UTF-8 text, with its quotes, appended. */
void log_json_string(struct buf *out, struct slice text);

#endif
