/* scan_shell: what a line of shell does that a configuration, an instruction or a program has no business with. Structure decides: what
 * feeds an interpreter, what is sent where; never a word alone. Pure. */
#ifndef POSTERN_INSPECT_SCAN_SHELL_H
#define POSTERN_INSPECT_SCAN_SHELL_H

#include "base/arena.h"
#include "base/buf.h"

#define SHELL_DOES_DOWNLOAD  1u    /* runs what it fetched */
#define SHELL_DOES_INSTALLER 2u    /* the same, from an installer that is well known */
#define SHELL_DOES_DECODED   4u    /* runs what it decoded */
#define SHELL_DOES_HIDDEN    8u    /* runs a literal that was encoded, and which does one of these when it is decoded */
#define SHELL_DOES_REVERSE   16u   /* gives a shell to another host */
#define SHELL_DOES_SENDS     32u   /* sends files or variables that hold secrets */
#define SHELL_DOES_DISGUISED 64u   /* runs a file that is called a picture or a font */
#define SHELL_DOES_LATEST    128u  /* runs a package in whatever version is newest */
#define SHELL_DOES_REACHES   256u  /* uses the network */
#define SHELL_DOES_MORE      512u  /* it is longer, or nested deeper, than is read: what it does is not known */
#define SHELL_DOES_VERIFIES  1024u /* compares something with a digest or a signature */
#define SHELL_DOES_PARTS     2048u /* gives a shell what it cut out of a file, or what came of a command that is no name */
/* What no honest line does. */
#define SHELL_DOES_HARM \
	(SHELL_DOES_DOWNLOAD | SHELL_DOES_DECODED | SHELL_DOES_HIDDEN | SHELL_DOES_REVERSE | SHELL_DOES_SENDS | SHELL_DOES_DISGUISED)

/* Of a text that a shell is given as one command. */
unsigned scan_shell(struct slice text);
/* Of a text of many lines, a script: where it is too long to be read at once MORE is only said of a line that is, and what one part has to
 * do with another is not seen. */
unsigned scan_shell_lines(struct slice text);
/* The same; *at: where in it the first command begins that does one of `bits`, of those that run something or send; SLICE_NPOS if none
 * does. */
unsigned scan_shell_script(struct slice text, unsigned bits, size_t *at);
/* Appends what a shell takes as that one word, whatever is in it; behind others, after a blank. */
void scan_shell_word(struct buf *to, struct slice word);
/* Is it the beginning of an address, without its scheme, of an installer that is well known? */
bool scan_shell_installer(struct slice url);
/* Is it the name of a program that runs a file it is given: a shell, an interpreter? */
bool scan_shell_runs(struct slice program);
/* Is it a path of a file that holds secrets? */
bool scan_shell_secret(struct slice path);

#endif
