/* look: all that takes long about a request before it is asked about: its content coding is removed, it gets its one form, it is looked
 * through, told of as model traffic, digested. A second's work for the largest ones, so those are done by a thread of its own: others do
 * not wait for them. What is remembered of a host's earlier messages is for one at a time, so what goes to a host that the thread is at
 * work for waits for the one that it has in hands. */
#ifndef POSTERN_GATE_LOOK_H
#define POSTERN_GATE_LOOK_H

#include "gate/search.h"
#include "sys/loop.h"

#define LOOK_BODY_MAX ((size_t)32 << 20) /* of a body, also once it is decoded */
#define LOOK_HEAD_MAX ((size_t)512 << 10)

struct look {
	struct look *next;
	uint64_t id; /* of the flow */
	/* What is looked at. The buffers are the look's. */
	char host[256];
	struct buf body, target, coding;
	struct buf head, keys; /* empty: none, as of a message over WebSocket */
	struct dlp_history *history;
	size_t booked;      /* bytes of the body that the flow has booked */
	struct slice canon; /* key of gate/canon.h, which must outlive it; empty: the body stays as the tool wrote it */
	bool any;           /* as canon_body() has it */
	/* What was found. */
	struct buf hits, facts; /* lines of link_hit_write(), of gate/dialogue.h */
	struct dlp_scan *scan;  /* of the body */
	char digest[65];        /* of the body, hex; "" if there is none */
	bool ai, decoded, formed;
	int status; /* not 0: it is to be denied with this, rule and why */
	const char *rule, *why;
};

/* NULL: out of memory. */
[[nodiscard]] struct look *look_new(void);
void look_free(struct look *l);

struct looker;
/* Called from the loop; l is the callee's. */
typedef void look_done(void *arg, struct look *l);
/* s may be NULL: nothing is looked for. To be called before the process is sealed: the thread seals itself. 0 or negative errno. */
[[nodiscard]] int looker_new(struct loop *loop, struct search *s, look_done *done, void *arg, struct looker **out);
/* At the end of the process, with which the thread ends. False: it is at work just now, and search_free() may not be called. */
bool looker_free(struct looker *k);
/* Does it at once, and returns true; or hands it to the thread, and done() follows. */
bool looker_look(struct looker *k, struct look *l);

#endif
