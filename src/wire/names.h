/* names: the two-way table of DNS names and the made-up public addresses that were given for them. Addresses follow from the name
 * alone (and, on a collision, from the order of the queries), so that every trial gives the same. */
#ifndef POSTERN_WIRE_NAMES_H
#define POSTERN_WIRE_NAMES_H

#include "base/slice.h"

struct names;
[[nodiscard]] int names_new(struct names **out);
void names_free(struct names *n);
/* The address of a name (case is ignored), given out now if it is new. When the table is full (8,192 names) the half that was used longest
 * ago is forgotten, what names_of() was never asked for first. -EINVAL: longer than 255; -ENOMEM. */
[[nodiscard]] int names_address(struct names *n, struct slice name, uint8_t ipv4[4]);
/* The name (lower case) that the address was given for, or NULL. Valid until the next names_address(). */
const char *names_of(struct names *n, const uint8_t ipv4[4]);

#endif
