/* sink: a service to which entries are shipped and that keeps the position itself, so that each entry is there exactly once, whoever is
 * killed and whatever answer is lost: every piece says which position it follows, and the service takes it only there.
 *
 *	nats://, nats+tls://    NATS JetStream: HOST[:PORT][,…]/STREAM[/SUBJECT]
 *	kafka://, kafka+tls://  Apache Kafka: HOST[:PORT][,…]/TOPIC[?partition=N]
 *	postgresql://           PostgreSQL: what libpq takes, without a password
 *
 * Their libraries are loaded when they are used. One sink, one thread. */
#ifndef POSTERN_LEDGER_SINK_H
#define POSTERN_LEDGER_SINK_H

#include "base/buf.h"
#include "base/err.h"

struct sink_options {
	const char *url, *origin;
	const char *secret;                      /* a password or token; NULL: none */
	const char *secret_file;                 /* the file that it is from */
	const char *tls_ca, *tls_cert, *tls_key; /* files; NULL: the system's authorities, no certificate */
	const char *table;                       /* of a database, "name" or "schema.name"; NULL: postern_entries */
	unsigned timeout_ms;                     /* for each step */
	bool from_given;                         /* where to begin if the service cannot say what it has */
	uint64_t from;
};

/* Where the service is. */
struct sink_position {
	uint64_t next;   /* the entry that it takes next */
	struct buf last; /* the bytes of the one before, if the service still has them; its max is the caller's */
};

struct sink;
/* Is that an address of such a service? */
bool sink_is(const char *url);
/* Before anything is done: -EINVAL with a sentence about the options. */
[[nodiscard]] int sink_check(const struct sink_options *o, struct err *err);
/* Connects, makes what is missing there, and asks for the position. The options live as long as the sink. -EAGAIN with a sentence: it may
 * work later; any other error: it will not. */
[[nodiscard]] int sink_open(const struct sink_options *o, struct sink **out, struct sink_position *at, struct err *err);
/* n entries from first on, the position that the service is believed to have. 0: all of them are there. -EAGAIN: perhaps some are, or
 * somebody else was faster; close the sink and open it again to see. Any other error: the service will never take them. */
[[nodiscard]] int sink_send(struct sink *s, uint64_t first, const struct slice *entry, size_t n, struct err *err);
/* Is the connection still there, as far as can be seen without asking? If not, what was sent may be gone with the service. */
bool sink_alive(struct sink *s);
void sink_close(struct sink *s); /* NULL is allowed */

#endif
