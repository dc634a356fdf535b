/* client: how every part of the program puts entries into a ledger: a connection to its writer, which is started if there is none.
 *
 * Not for several threads at once. After an error other than -ENOBUFS, -EMSGSIZE and -EINVAL the connection is of no more use. */
#ifndef POSTERN_LEDGER_CLIENT_H
#define POSTERN_LEDGER_CLIENT_H

#include "base/buf.h"
#include "base/err.h"

struct ledger_client_options {
	unsigned timeout_ms;     /* that any call waits for the writer at most; 0: 30 s */
	size_t memory;           /* bytes of posted entries that may wait to be sent; 0: 4 MiB */
	bool start;              /* start a writer if none runs; it ends when nobody has been connected for a while */
	const char *key, *agent; /* for a writer that is started: in place of what the ledger's config says */
	const char *program;     /* that is started: postern; NULL: the program that runs */
};

struct ledger_client;
/* -ECONNREFUSED: no writer runs, and none was to be started; -ETIMEDOUT; or why none could be started, in the writer's own words. */
[[nodiscard]] int ledger_client_open(const char *path, const struct ledger_client_options *o, struct ledger_client **out, struct err *err);
/* The same in two halves: the first never waits. What the options point to must live until the second has returned, which must come before
 * all else but ledger_client_free(). The second takes the client over, and frees it on an error. */
[[nodiscard]] int ledger_client_begin(const char *path, const struct ledger_client_options *o, struct ledger_client **out, struct err *err);
[[nodiscard]] int ledger_client_ready(struct ledger_client *c, struct ledger_client **out, struct err *err);
/* What is not sent yet is lost: flush first. */
void ledger_client_free(struct ledger_client *c);
/* What the writer thinks a person should know; "" if nothing. */
const char *ledger_client_note(const struct ledger_client *c);

/* Entries (canonical JSON, 1 to 65,535 bytes each) that are on disk when this returns 0: with indices from *first on, without a gap.
 * Together they must fit into ledger_client_room(). -EMSGSIZE, -EINVAL: nothing was sent. Any other error: if the sentence does not say
 * otherwise, they may or may not be in the ledger. */
[[nodiscard]] int ledger_client_append(struct ledger_client *c, const struct slice *entry, size_t n, uint64_t *first, struct err *err);
/* The same in two halves, so that several requests can be under way: answers come in the order of the requests. */
[[nodiscard]] int ledger_client_send(struct ledger_client *c, const struct slice *entry, size_t n, struct err *err);
[[nodiscard]] int ledger_client_wait(struct ledger_client *c, uint64_t *first, struct err *err);
/* Bytes that fit into one request; each entry takes two more than it has. */
size_t ledger_client_room(void);

/* An entry that will get to the disk in its own time. Never waits: -ENOBUFS if the memory is used up (nothing was kept of this entry). */
[[nodiscard]] int ledger_client_post(struct ledger_client *c, struct slice entry, struct err *err);
/* Waits until all that was posted is on disk. */
[[nodiscard]] int ledger_client_flush(struct ledger_client *c, struct err *err);
/* A signed checkpoint that covers all entries acknowledged so far, appended. */
[[nodiscard]] int ledger_client_checkpoint(struct ledger_client *c, struct buf *out, struct err *err);
/* Has the writer sign one, and does not wait for it: the last word of who has nothing left but to go. If it cannot be said, the writer
 * signs within a second all the same. */
void ledger_client_leave(struct ledger_client *c);

#endif
