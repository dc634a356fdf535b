/* cmd: the commands of the program, one file each, in one table (cmd.c). The table makes dispatch, help and shell completion. */
#ifndef POSTERN_CMD_CMD_H
#define POSTERN_CMD_CMD_H

#include "base/opt.h"

/* Exit codes that every command shares; what else a command says is in its man page. */
enum {
	EXIT_OK = 0,
	EXIT_FOUND = 1,        /* the command worked, and what it looked for is there */
	EXIT_USAGE = 2,        /* wrong use, or input that cannot be used */
	EXIT_INCONCLUSIVE = 3, /* no answer could be had */
};

struct command {
	const char *name;            /* "vet"; of a part of another command with that one's in front: "log append" */
	const char *summary;         /* one line, lower case, no stop */
	const char *operands;        /* for the usage line, e.g. "SUBJECT"; NULL: none */
	const char *const *words;    /* what the first operand may be, for completion; NULL-terminated; may be NULL */
	const char *const *examples; /* command lines, each optionally followed by "  # what it does"; NULL-terminated */
	const struct opt *options;   /* base/opt.h; NULL: none but --help */
	size_t options_size;         /* of the struct that the options go into */
	const void *defaults;        /* of that size, or NULL: all zero */
	/* Called with a struct of options_size that holds defaults and what was given, and the operands. Prints its results, returns the
	 * exit code. May change *options and args. */
	int (*run)(void *options, const struct opt_args *args);
	/* A command that is a family: its parts, NULL-terminated. It has then neither options nor run, and its operand is the name of one.
	 * A part may be a family too. */
	const struct command *const *parts;
};

/* In the order of the help. */
extern const struct command *const command_table[];
extern const size_t command_count;
const struct command *command_find(const char *name);
/* The part of that name ("append"), or NULL. */
const struct command *command_part(const struct command *c, const char *name);
/* What follows the name of the family in the name of a part: "append"; of "policy bundle make" it is "make". */
const char *command_word(const struct command *part);

/* The program without its main(): argv as main() has it. Returns the exit code. */
int cmd_main(int argc, char **argv);

/* Help of the program and of one command, appended. */
void cmd_help_all(struct buf *out, size_t width);
void cmd_help_one(struct buf *out, const struct command *c, size_t width);
/* Prints "postern NAME: <text>" to stderr (name NULL: "postern: "). What was typed and what lies on a disk may stand in the text: nothing
 * in it reaches the terminal as a control character. */
void cmd_tell(const char *name, const char *text);
/* Prints "postern NAME: <sentence>" and where to read on, to stderr. Returns EXIT_USAGE. */
int cmd_usage(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Of the terminal that stdout is, 60 to 120; 80 if it is none. */
size_t cmd_columns(void);
/* Writes all of it to stdout and flushes. Returns EXIT_OK, or EXIT_USAGE after a message on stderr; a reader that has gone (a pager
 * that was quit) is no error of ours. */
int cmd_print(const struct buf *b);

/* A random UUID (RFC 9562, version 4), for the serial number of a document. */
void cmd_uuid(char out[37]);

/* The completion script of a shell (bash, zsh, fish), appended. False: no such shell. */
bool completion_script(struct buf *out, const char *shell);

extern const struct command cmd_completion, cmd_enforce, cmd_help, cmd_identify, cmd_inventory, cmd_log, cmd_policy, cmd_provenance,
        cmd_review, cmd_run, cmd_scan, cmd_vet;

#endif
