/* plausible: what the rest of the Internet says. A table of (host pattern, method, path pattern) → answer, first match wins. */
#ifndef POSTERN_WORLD_PLAUSIBLE_H
#define POSTERN_WORLD_PLAUSIBLE_H

#include "wire/exchange.h"
#include "world/script.h"

struct plausible_rule {
	const char *name;   /* for the trace */
	const char *host;   /* pattern: '*' stands for any run of bytes, also none */
	const char *method; /* or "*" */
	const char *path;   /* pattern of the target without its query */
	int status;
	const char *type; /* of the content; NULL: none */
	const char *body; /* may be NULL: empty */
	/* Instead of body, if set: appends it, and may change the status. */
	void (*make)(const struct script *s, const struct exchange_request *r, struct slice path, struct exchange_reply *out);
};

/* The rule that matches; there always is one, as the last matches everything. */
const struct plausible_rule *plausible_find(const struct exchange_request *r, struct slice path);
/* Fills the reply. */
void plausible_answer(const struct script *s, const struct exchange_request *r, struct slice path, struct exchange_reply *out);
/* Row i of the table, or NULL past its end: for the test that walks it. */
const struct plausible_rule *plausible_row(size_t i);
/* Whether text matches a pattern of '*' and literal bytes. Linear in practice, never worse than n * m. */
bool plausible_match(const char *pattern, struct slice text);

#endif
