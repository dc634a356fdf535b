/* egress_names: which names are closed, and which addresses they are known to have. Pure but for memory: time is the caller's. */
#ifndef POSTERN_GUARD_EGRESS_NAMES_H
#define POSTERN_GUARD_EGRESS_NAMES_H

#include "base/arena.h"
#include "guard/egress.h"
#include "guard/egress_part.h"

/* ---- Names ---- */

struct egress_names {
	struct arena arena;
	struct egress_host *host; /* of names: pattern in lower case; of "*.x" a pointer to its dot, with the star before it */
	size_t n;
	uint32_t *slot; /* of a hash table: index + 1 */
	size_t mask;
	struct egress_hard {
		uint8_t ip[16];
		struct egress_host host;
	} * hard; /* patterns that are addresses */
	size_t n_hard;
};

/* A copy. 0, -EINVAL with a sentence, -ENOMEM. */
[[nodiscard]] int egress_names_make(struct egress_names *t, const struct egress_host *host, size_t n, struct err *err);
void egress_names_free(struct egress_names *t);
/* The longest pattern that fits; NULL. The name is in lower case. */
const struct egress_host *egress_names_find(const struct egress_names *t, const char *name);
/* Is this a pattern of the table's, as the table has it? */
bool egress_names_has(const struct egress_names *t, const char *pattern);
const struct egress_host *egress_names_hard(const struct egress_names *t, const uint8_t ip[16]);
/* The key of a pattern, as the table has it, in MAP_NAMES. */
void egress_name_key(const char *pattern, struct egress_name_key *out);
/* 16 bytes of a numeric address, IPv4 as ::ffff:a.b.c.d. False if it is none. */
bool egress_address(const char *text, uint8_t out[16]);
void egress_address_text(const uint8_t ip[16], char out[46]);

/* ---- Addresses ---- */

#define ADDRESSES_CLOSED_MAX 16384
#define ADDRESSES_OTHER_SETS 16384 /* of four */

struct egress_addresses;

/* fn: what is known of an address changed; flags: ADDRESS_…, 0: nothing any more. */
typedef void egress_address_fn(void *arg, const uint8_t ip[16], uint32_t flags);
[[nodiscard]] int egress_addresses_new(struct egress_addresses **out, egress_address_fn *fn, void *arg);
void egress_addresses_free(struct egress_addresses *a);
/* A name has an address, for ttl seconds from now (seconds of a clock that does not jump). closed: the name is. Names that are not are
 * remembered too, at most as many as there is room for, so that a closed name which joins them is known to share. */
void egress_addresses_learn(struct egress_addresses *a, const uint8_t ip[16], const char *name, bool closed, uint32_t ttl, int64_t now);
/* Forgets what is too old. */
void egress_addresses_age(struct egress_addresses *a, int64_t now);
/* Names changed: asks again which are closed. */
void egress_addresses_judge(struct egress_addresses *a, const struct egress_names *t, int64_t now);
/* The closed name that an address was last known for; NULL. */
const char *egress_addresses_name(const struct egress_addresses *a, const uint8_t ip[16]);
/* ADDRESS_… as it was told last; 0: nothing is known. */
uint32_t egress_addresses_flags(const struct egress_addresses *a, const uint8_t ip[16]);
size_t egress_addresses_count(const struct egress_addresses *a);

#endif
