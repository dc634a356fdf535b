/* frame: what producers and the writer of a ledger say to each other over its socket. Pure.
 *
 *	4  length of the body, big endian, at most FRAME_BODY
 *	1  type
 *	1  flags
 *	2  zero
 *	4  id, chosen by the producer, given back in the answer
 *	4  number of entries, or a version
 *
 * and the body. The first frame of a producer is HELLO; everything else is answered in the order in which it came, but for errors. */
#ifndef POSTERN_LEDGER_FRAME_H
#define POSTERN_LEDGER_FRAME_H

#include "base/buf.h"

#define FRAME_HEAD    16
#define FRAME_BODY    ((size_t)512 << 10)
#define FRAME_VERSION 1

enum frame_type {
	/* of producers */
	FRAME_HELLO = 'H',      /* number: FRAME_VERSION */
	FRAME_APPEND = 'A',     /* number of entries; body: these, each with its length in two bytes before it */
	FRAME_FLUSH = 'F',      /* answered with DONE when all entries of this producer are on disk */
	FRAME_CHECKPOINT = 'C', /* answered when a checkpoint covers all entries that were on disk when it came */
	/* of the writer */
	FRAME_WELCOME = 'w', /* number: FRAME_VERSION; body: pid (4), entries so far (8), a note for people */
	FRAME_DONE = 'd',    /* body: index of the first entry (8); of FLUSH: zeros */
	FRAME_SIGNED = 'c',  /* body: the checkpoint */
	FRAME_ERROR = 'e',   /* number: an errno; body: a sentence. The writer then closes the connection. */
};
#define FRAME_DURABLE 0x01 /* flag of APPEND: answer with DONE when the entries are on disk. Without it there is no answer. */

struct frame {
	uint8_t type, flags;
	uint32_t id, number;
	struct slice body;
};

/* Takes one frame off the front of *rest: 1; 0: it is not complete; -EBADMSG: it is none. */
int frame_next(struct slice *rest, struct frame *out);
void frame_put(struct buf *out, const struct frame *f);

#endif
