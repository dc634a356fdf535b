/* scan_shell: what a line of shell does that a configuration, an instruction or a program has no business with. Structure decides: what
 * feeds an interpreter, what is sent where; never a word alone. Pure. */
#ifndef POSTERN_INSPECT_SCAN_SHELL_H
#define POSTERN_INSPECT_SCAN_SHELL_H

#include "base/arena.h"

#define SHELL_DOES_DOWNLOAD  1u   /* runs what it fetched */
#define SHELL_DOES_INSTALLER 2u   /* the same, from an installer that is well known */
#define SHELL_DOES_DECODED   4u   /* runs what it decoded */
#define SHELL_DOES_HIDDEN    8u   /* runs a literal that was encoded, and which does one of these when it is decoded */
#define SHELL_DOES_REVERSE   16u  /* gives a shell to another host */
#define SHELL_DOES_SENDS     32u  /* sends files or variables that hold secrets */
#define SHELL_DOES_DISGUISED 64u  /* runs a file that is called a picture or a font */
#define SHELL_DOES_LATEST    128u /* runs a package in whatever version is newest */
#define SHELL_DOES_REACHES   256u /* uses the network */
/* What no honest line does. */
#define SHELL_DOES_HARM \
	(SHELL_DOES_DOWNLOAD | SHELL_DOES_DECODED | SHELL_DOES_HIDDEN | SHELL_DOES_REVERSE | SHELL_DOES_SENDS | SHELL_DOES_DISGUISED)

/* Of a text that a shell reads. */
unsigned scan_shell(struct slice text);
/* Is it a path of a file that holds secrets? */
bool scan_shell_secret(struct slice path);

#endif
