/* mask: keys of the person, taken out of what servers say. The gate puts a key into a request that its tool does not know; a server that
 * repeats what it was sent (an error, a redirection, a page for finding faults) would tell it. Each byte of a key becomes '*', so that
 * lengths, ranges and frames stay as they are. Found are keys as they are, escaped for a URL, and with "\/" as JSON may have it. Pure. */
#ifndef POSTERN_GATE_MASK_H
#define POSTERN_GATE_MASK_H

#include "base/buf.h"

struct mask;

/* values: of gate_value_put(); those of the class DLP_CREDENTIAL. *out NULL: there are none. 0 or -ENOMEM. */
[[nodiscard]] int mask_new(struct slice values, struct mask **out);
void mask_free(struct mask *m);
/* What may be the beginning of a key, and waits for the next piece. */
struct mask_held {
	struct buf bytes;
	size_t passed; /* of them, that went on all the same */
};
/* Appends to out what is sure, without keys; nothing is held after the last piece. 0, or the error of a buffer: the reply must not go on.
 */
[[nodiscard]] int mask_feed(const struct mask *m, struct mask_held *held, struct slice in, bool last, struct buf *out);
/* For when no more comes: a message of a server may end with the first letters of a key, and its client would wait for them for ever. Up to
 * seven bytes go on; the rest of a key that follows after all is taken out. More wait. */
void mask_release(struct mask_held *held, struct buf *out);

#endif
