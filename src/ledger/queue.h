/* queue: batches of entries on their way to the disk. The thread that calls collects one batch while a second thread writes the one before
 * (one pwritev, one fdatasync); a third thread makes tiles and checkpoints of what is on disk. */
#ifndef POSTERN_LEDGER_QUEUE_H
#define POSTERN_LEDGER_QUEUE_H

#include "ledger/store.h"

/* Whom to tell when an entry is on disk; its meaning is the caller's. */
struct queue_ack {
	uint32_t peer, generation, id;
	uint64_t value;
};
/* error: 0, or negative errno for entries that did not get to the disk; the sentence is queue_error()'s. It may not
 * call functions of the queue. */
typedef void queue_done(void *arg, const struct queue_ack *acks, size_t n, int error);

struct queue;
/* The store is the queue's alone until queue_free(). */
[[nodiscard]] int queue_new(struct store *s, queue_done *done, void *arg, struct queue **out, struct err *err);
/* Waits for what is under way, publishes a last checkpoint and ends the store, if nothing has failed. 0, or what failed; done() is called
 * for all that was added. */
[[nodiscard]] int queue_end(struct queue *e, struct err *err);
void queue_free(struct queue *e);

/* A descriptor that is readable when queue_kick() has something to do. */
int queue_fd(const struct queue *e);
/* Adds one entry: its length in two bytes and its bytes. Its index, or the negative errno that ended the queue. Waits for the disk if the
 * batch is full; done() may be called then. */
int64_t queue_add(struct queue *e, struct slice with_length);
/* Tells done() when all that was added before is on disk. 0, or the errno that ended the queue. */
[[nodiscard]] int queue_tell(struct queue *e, const struct queue_ack *ack);
/* If the disk is idle: calls done() for what it finished, and gives it what was collected. Cheap if not. */
void queue_kick(struct queue *e);
/* Entries that are on disk. */
uint64_t queue_durable(struct queue *e);
/* Asks for a checkpoint of all that is on disk by now, without waiting for the second that there is between two. */
void queue_sign(struct queue *e);
/* Entries under the last checkpoint. */
uint64_t queue_signed(struct queue *e);
/* 0; or negative errno: since queue_sign() was called last, a checkpoint could not be signed. The note says why; it is tried again. */
int queue_unsigned(struct queue *e);
/* 0, or what has gone wrong: with a sentence that says what to do. */
int queue_error(struct queue *e, struct err *err);
/* Something that a person should know, as in struct store. */
void queue_note(struct queue *e, char out[400]);

#endif
