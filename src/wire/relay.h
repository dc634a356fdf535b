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
	/* What a server says to a new connection is held back for as long as relay_distance() says. The rest is not: a tool that takes the
	 * time to connect sees a network, and a trial takes hardly longer. */
	bool far_away;
};

/* outer: a socket of packet_open(), which is taken over also on failure; -1: one is opened by the interface's name. 0 or negative errno. */
[[nodiscard]] int relay_new(
        struct loop *loop, int outer, const char *outer_name, const char *inner, const struct relay_watch *watch, struct relay **out);
void relay_free(struct relay *r);

/* The look itself, pure: for tests. */
void relay_look(const struct relay_watch *watch, struct slice frame);
/* Milliseconds that a frame of ours is to be held back: of the first answer to a connection between 5 and 44, by the server's address and
 * always the same; of any other 0. Pure. */
unsigned relay_distance(struct slice frame);

#endif
