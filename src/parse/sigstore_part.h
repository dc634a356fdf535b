/* sigstore_part: what the readers of Sigstore's and npm's documents share. The first mistake stays; after it everything is empty. */
#ifndef POSTERN_PARSE_SIGSTORE_PART_H
#define POSTERN_PARSE_SIGSTORE_PART_H

#include "parse/json.h"
#include "parse/sigstore.h"

struct sigread {
	struct arena *arena;
	const char *why; /* constant; NULL: nothing is wrong */
	bool memory;     /* is out */
};
/* Reads a document that is one object: 0, or -EBADMSG with why set. */
[[nodiscard]] int sigread_open(struct sigread *r, struct slice in, struct arena *arena, const struct json **doc);
/* 0, -ENOMEM or -EBADMSG with the reason. */
[[nodiscard]] int sigread_end(const struct sigread *r, const char **why);
void sigread_bad(struct sigread *r, const char *why);
/* The member of that name; NULL if there is none, or it is null. v may be NULL. */
const struct json *sigread_get(struct sigread *r, const struct json *v, const char *name);
/* The first of a list of at most max; NULL if there is none. */
const struct json *sigread_list(struct sigread *r, const struct json *v, const char *name, size_t max);
struct slice sigread_text(struct sigread *r, const struct json *v, const char *name);
/* Base64 of either alphabet, decoded. */
struct slice sigread_bytes(struct sigread *r, const struct json *v, const char *name);
struct slice sigread_decode(struct sigread *r, struct slice text);
/* A number from 0 to 2^63-1, also as text; 0 if there is none. */
uint64_t sigread_number(struct sigread *r, const struct json *v, const char *name);
/* RFC 3339 in UTC, in seconds since 1970; parts of a second are cut off. */
int64_t sigread_time(struct sigread *r, struct slice text);
enum sigstore_hash sigread_hash(struct sigread *r, struct slice name);
void sigread_digest(struct sigread *r, enum sigstore_hash h, struct slice digest);

#endif
