/* errand: what may take long (opening files, asking for names of people, writing to a terminal) is done by a few threads beside the loop,
 * which answers the kernel and so must never wait: least of all for something that waits for its answer. */
#ifndef POSTERN_GUARD_ERRAND_H
#define POSTERN_GUARD_ERRAND_H

#include "sys/loop.h"

struct errand {
	struct errand *next;
	void (*work)(struct errand *e); /* in a thread */
	void (*done)(struct errand *e); /* in the loop; frees it */
};

struct errands;
[[nodiscard]] int errands_new(struct loop *loop, unsigned threads, struct errands **out);
/* Waits for what is being done, calls done() for it and for what was not begun (its work is not done). */
void errands_free(struct errands *s);
void errand_send(struct errands *s, struct errand *e);

#endif
