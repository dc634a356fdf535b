/* log_ship: what the files of "postern log ship" share. */
#ifndef POSTERN_CMD_LOG_SHIP_H
#define POSTERN_CMD_LOG_SHIP_H

#include "cmd/log.h"
#include "ledger/config.h"
#include "ledger/entries.h"
#include "ledger/post.h"

#define SHIP_BODY_SOFT  ((size_t)1 << 20) /* of a request or a piece: then it is sent */
#define SHIP_WAIT_FIRST 100
#define SHIP_WAIT_MOST  30000

struct ship_opts {
	const char *to, *cursor, *token_file, *key, *tls_ca, *tls_cert, *tls_key, *table, *from;
	uint64_t batch, tries, timeout, poll;
	unsigned sink;
	bool once;
};

struct ship {
	const struct ship_opts *o;
	struct ledger_config config;
	struct note_vkey key;
	int dir;
	struct poster *poster;
	struct entries *entries;
	struct buf body, token;
	struct posted reply;
	struct err err;
	uint64_t next, size;
	size_t batch;
	uint64_t failures, wait; /* in a row; milliseconds before the next try */
};

void ship_sleep(uint64_t ms);
/* What is under the latest checkpoint: sets size and entries. */
[[nodiscard]] int ship_look(struct ship *s);
/* After a failure that may pass: waits (at least so many milliseconds), or gives up after too many. ship_good() after a success. */
[[nodiscard]] int ship_failed(struct ship *s, const char *why, uint64_t least);
void ship_good(struct ship *s);

/* Ships to a sink (ledger/sink.h), for ever or until all is there. */
[[nodiscard]] int ship_to_sink(struct ship *s);

#endif
