/* relay: copies Ethernet frames between the tool's side ("outer") and our own IP stack ("inner0"), and looks at each frame of the tool
 * first, so that a port has a listener before its first packet arrives. */
#ifndef POSTERN_WIRE_RELAY_H
#define POSTERN_WIRE_RELAY_H

#include "base/slice.h"

struct loop;
struct relay;

struct relay_watch {
	void *arg;
	void (*tcp)(void *arg, uint16_t port);
	void (*udp)(void *arg, uint16_t port);
	/* Neither TCP nor UDP nor ICMP; or UDP to a group or broadcast address, which no socket of ours gets. addr: numeric text. */
	void (*other)(void *arg, unsigned proto, const char *addr, uint16_t port, struct slice data);
};

/* outer: a socket of packet_open(), which is taken over also on failure; -1: one is opened by the interface's name. 0 or negative errno. */
[[nodiscard]] int relay_new(
        struct loop *loop, int outer, const char *outer_name, const char *inner, const struct relay_watch *watch, struct relay **out);
void relay_free(struct relay *r);

/* The look itself, pure: for tests. */
void relay_look(const struct relay_watch *watch, struct slice frame);

#endif
