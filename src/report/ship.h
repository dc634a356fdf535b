/* ship: entries of a ledger as the requests of services that collect events, and what their replies mean. Pure.
 *
 *	elastic  Elasticsearch and OpenSearch, _bulk with "create": _id is ORIGIN/INDEX, so what arrives twice is there once
 *	splunk   Splunk's HTTP Event Collector: fields ledger_origin and ledger_index say what arrived twice
 *	otlp     OTLP/HTTP, logs in JSON: attributes ledger.origin and ledger.index likewise */
#ifndef POSTERN_REPORT_SHIP_H
#define POSTERN_REPORT_SHIP_H

#include "base/arena.h"
#include "base/buf.h"

enum ship_sink { SHIP_ELASTIC, SHIP_SPLUNK, SHIP_OTLP, SHIP_SINKS };
/* Their names, NULL-terminated. */
extern const char *const ship_names[];
const char *ship_media_type(enum ship_sink sink);
/* What stands before the token in the header Authorization. */
const char *ship_scheme(enum ship_sink sink);

/* The body of a request, appended in three steps. number: of the entry in this request, from 0 on. json is canonical; -ENOMEM. */
void ship_begin(enum ship_sink sink, struct buf *out);
[[nodiscard]] int ship_entry(
        enum ship_sink sink, struct slice origin, uint64_t index, size_t number, struct slice json, struct arena *arena, struct buf *out);
void ship_end(enum ship_sink sink, struct buf *out);

enum ship_verdict {
	SHIP_TAKEN,   /* all of it is with the service */
	SHIP_LATER,   /* perhaps not, or only a part: send all of it again */
	SHIP_SMALLER, /* send less at once */
	SHIP_REFUSED, /* it never will be */
};
/* Of a reply to a request with n entries. why (of 160 bytes): for a person, if it is not SHIP_TAKEN. */
enum ship_verdict ship_judge(enum ship_sink sink, long status, struct slice reply, size_t n, char why[160]);

#endif
