/* shell: the commands in a line of shell (POSIX, with what bash adds, and enough of PowerShell to see what feeds what), without running or
 * expanding anything: which words each has, which command writes into which, and which is an argument of which. Pure. */
#ifndef POSTERN_PARSE_SHELL_H
#define POSTERN_PARSE_SHELL_H

#include "base/arena.h"

#define SHELL_COMMANDS_MAX 512u
#define SHELL_WORDS_MAX    4096u /* of one command; more are left out */
#define SHELL_DEPTH_MAX    16u   /* substitutions in substitutions; deeper ones are left out */

struct shell_command {
	struct slice *word; /* without quotes and escapes; NUL-terminated. Redirections are words of their own: ">", then the file */
	size_t n;
	int from;         /* the command that writes into it by a pipe, -1: none */
	int inside;       /* the command it is in an argument of ("$(…)", "`…`", "<(…)"), -1: none */
	size_t inside_at; /* the place of that argument among the words of `inside` */
	size_t at;        /* where it begins in the text */
	size_t cap;       /* of `word`, for the reader */
};

/* 0: all of it was read. 1: a limit was met, of commands, words or depth; what is there can be used, and is not all. -ENOMEM: the arena is
 * full, and nothing is there. */
[[nodiscard]] int shell_read(struct slice text, struct arena *arena, struct shell_command **out, size_t *n);

#endif
