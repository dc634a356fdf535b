/* sink_part: what the kinds of sinks share. */
#ifndef POSTERN_LEDGER_SINK_PART_H
#define POSTERN_LEDGER_SINK_PART_H

#include "base/arena.h"
#include "ledger/sink.h"
#include "parse/tlog.h"

struct sink_kind {
	const char *const *schemes; /* without "://", NULL-terminated */
	int (*check)(const struct sink_options *o, struct err *err);
	int (*open)(const struct sink_options *o, struct sink **out, struct sink_position *at, struct err *err);
	int (*send)(struct sink *s, uint64_t first, const struct slice *entry, size_t n, struct err *err);
	bool (*alive)(struct sink *s);
	void (*close)(struct sink *s);
};
extern const struct sink_kind sink_nats, sink_kafka, sink_postgres;

/* The first member of the struct of each kind. */
struct sink {
	const struct sink_kind *kind;
	const struct sink_options *o;
};

/* SCHEME://[USER@]HOST[:PORT][,HOST…]/PATH[?NAME=VALUE[&…]], without escapes. */
#define SINK_PARAMETERS 8
struct sink_url {
	bool tls;
	char scheme[16], user[128], hosts[1024];
	char path[512]; /* without the first slash */
	struct {
		char name[32], value[128];
	} parameter[SINK_PARAMETERS];
	size_t n;
	bool local; /* all hosts are this one */
};
/* -EINVAL with a sentence; also if there is a password. */
[[nodiscard]] int sink_url_parse(const char *url, struct sink_url *out, struct err *err);
/* Is the host (as in an address, with or without port) this one? */
bool sink_local(struct slice host);

/* A decimal index that a service gives back. */
bool sink_index(struct slice text, uint64_t *out);
/* "ORIGIN/INDEX" */
struct sink_id {
	char text[320];
};
struct sink_id sink_id(const char *origin, uint64_t index);

/* For a database: an entry as a line of COPY's text format, appended; the columns are those of the table in sink_postgres.c. 0, -ENOMEM. */
[[nodiscard]] int sink_row(const char *origin, uint64_t index, struct slice json, struct arena *arena, struct buf *out);

#endif
