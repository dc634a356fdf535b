/* egress_ask: a child that asks the system's resolver, so that a slow server delays nobody. */
#ifndef POSTERN_GUARD_EGRESS_ASK_H
#define POSTERN_GUARD_EGRESS_ASK_H

#include <stdint.h>

#include "base/err.h"

struct loop;
struct egress_ask;
struct egress_names;

/* fn is called for each address of a name that was found. */
typedef void egress_ask_fn(void *arg, const char *name, const uint8_t ip[16]);
[[nodiscard]] int egress_ask_start(struct loop *loop, egress_ask_fn *fn, void *arg, struct egress_ask **out, struct err *err);
/* Soon, this name, which anybody may have written. Dropped where too many wait already, and if it is a numeric address: that says of
 * itself where it lives. */
void egress_ask_about(struct egress_ask *a, const char *name);
/* Those closed names whose time it is: each exact one every five minutes, a few at a time. "*.x" names nobody that could be asked for. */
void egress_ask_names(struct egress_ask *a, const struct egress_names *names, int64_t now);
/* The names are others now: begin from the first. */
void egress_ask_again(struct egress_ask *a);
void egress_ask_stop(struct egress_ask *a);

#endif
