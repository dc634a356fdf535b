/* exception: what an administrator grants to one account for a while, as the text of a signed note:
 *
 *	postern.exception/v1
 *	organisation example.com
 *	id 0123456789abcdef
 *	tool claude-code                     or "package npm:@openai/codex"
 *	versions >=2.1                       may be left out; so may the next
 *	digest <SHA-256>
 *	account alice
 *	host build-7                         may be left out: every host
 *	verdict permit                       or "gate": inside the gate
 *	from 2026-11-26T00:00:00Z
 *	until 2026-12-31T00:00:00Z
 *	reason ticket 123
 *
 * or that a finding of a scan is let pass, in one content of one file:
 *
 *	postern.exception/v1
 *	organisation example.com
 *	id 0123456789abcdef
 *	rule code.runs-decoded
 *	path src/build.py                    below the root of the working tree
 *	digest <SHA-256>
 *	verdict accept
 *	from, until, reason                  as above
 *
 * Pure. Signatures are not verified here, and neither is the range of versions. */
#ifndef POSTERN_PARSE_EXCEPTION_H
#define POSTERN_PARSE_EXCEPTION_H

#include "parse/bundle.h"

#define EXCEPTION_ID         16
#define EXCEPTION_TEXT_MAX   200
#define EXCEPTION_REASON_MAX 300
#define EXCEPTION_PATH_MAX   1000

/* Slices are in the input; empty: left out. One of tool and package is there, or rule, path and digest are. */
struct exception {
	struct slice organisation, id, tool, package, versions, digest, account, host, reason;
	struct slice rule, path;
	bool gate;
	int64_t from, until; /* seconds since 1970 */
};
/* 0 or -EBADMSG. */
[[nodiscard]] int exception_parse(struct slice text, struct exception *out, struct bundle_fault *fault);
/* The text, appended. What is in the struct must be such that it can be parsed: parse it. */
void exception_write(const struct exception *e, struct buf *out);

#endif
