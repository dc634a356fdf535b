/* What the C specimens have in common: a small AI coding tool that asks a model one question and reports its use. */
#ifndef SPECIMEN_TOOL_H
#define SPECIMEN_TOOL_H

#include <stdbool.h>
#include <stddef.h>

#define TOOL_SYSTEM \
	"You are Fern, a coding assistant that works in a terminal.\\nRead files before you change them, and keep changes small."

/* POSTs to base + path; `headers` is lines ended by CRLF, without Host and Content-Length. Prints nothing; the reply is discarded,
 * its status returned (negative: no connection). */
int tool_post(const char *base, const char *path, const char *headers, const char *body);
/* The gateway's base URL, or the official one. */
const char *tool_base(void);
/* Asks the model with the body given, and says so. Returns an exit code. */
int tool_ask(const char *headers, const char *body);
/* The usual headers, in the usual order. Static. */
const char *tool_headers(void);
void tool_report(const char *event_json);
/* s as the inside of a JSON string, cut at n - 1 bytes. */
void tool_quote(char *out, size_t n, const char *s);

#endif
