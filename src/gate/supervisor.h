/* supervisor: the other end of the gate's link, in the person's process. It decides by the policy, puts each decision on record before it
 * takes effect, asks the person where the policy wants that, and hands in connected sockets, only for what it has allowed. */
#ifndef POSTERN_GATE_SUPERVISOR_H
#define POSTERN_GATE_SUPERVISOR_H

#include "base/buf.h"
#include "base/err.h"
#include "ledger/entry.h"

struct loop;
struct policy;
struct ledger_client;
struct connector;
struct supervisor;

/* One decision, for who shows or learns. Texts are valid during the call; they are a tool's: escape them when they are printed. */
struct supervisor_event {
	const char *what; /* "request", "websocket", "tls", "bytes", "message", "stream", "stream message" */
	const char *host;
	uint16_t port;
	struct slice method, target; /* empty for bytes */
	uint64_t bytes;
	bool allowed;
	bool unknown; /* denied because no rule permits it */
	bool message; /* of a connection or a call that was decided about before */
	bool over;    /* no decision: a "stream" that was allowed has ended, and bytes is what it came to */
	const char *rule, *reason;
};

/* A key that the tool must not have: it has the placeholder, and the gate swaps it in that header of requests that the policy permits it
 * for. */
struct supervisor_credential {
	const struct policy_credential *c;
	const char *placeholder, *key;
};

struct supervisor_options {
	const struct policy *policy;                    /* must outlive it */
	struct ledger_client *ledger;                   /* taken over; NULL: nothing is put on record */
	int ledger_folder;                              /* an open descriptor, taken over, if bodies are kept; -1 */
	struct entry common;                            /* what every entry has; slices must outlive it */
	const char *run;                                /* names this run in its entries */
	const struct supervisor_credential *credential; /* must outlive it */
	size_t n_credentials;
	/* A question for the person. Answer with supervisor_answer(), at once or later. NULL: no answer is no. */
	void (*ask)(void *arg, uint64_t id, const char *key, const char *question); /* key: the place that it is about */
	void (*decided)(void *arg, const struct supervisor_event *e);               /* or NULL */
	/* The link broke or the ledger cannot be written: the run must end. */
	void (*failed)(void *arg, const char *why);
	void *arg;
};

struct supervisor_counts {
	uint64_t allowed, denied, sent, received, entries;
	uint64_t first_entry; /* index */
};

/* link: the socket of type SOCK_SEQPACKET; taken over. */
[[nodiscard]] int supervisor_new(struct loop *loop, int link, const struct supervisor_options *o, struct supervisor **out, struct err *err);
/* Another common part, from here on. */
void supervisor_common(struct supervisor *s, const struct entry *common);
/* Another policy, from the next request on; it must outlive the supervisor. Keys are those of the beginning, as far as the new one still
 * names them; whether bodies are kept stays as it was. */
void supervisor_policy(struct supervisor *s, const struct policy *p);
/* For redirections, before the start. */
struct connector *supervisor_connector(struct supervisor *s);
/* how: a constant sentence for the ledger, without a stop. */
void supervisor_answer(struct supervisor *s, uint64_t id, bool allow, const char *how);
/* Another entry; then(arg, error) is called from the loop when it is on disk, or at once without a ledger. then NULL: nobody waits. */
[[nodiscard]] int supervisor_record(
        struct supervisor *s, const struct entry *e, void (*then)(void *arg, int error), void *arg, struct err *err);
/* Ends: what was recorded is on disk and under a checkpoint when this returns 0. Frees in any case. */
[[nodiscard]] int supervisor_close(struct supervisor *s, struct supervisor_counts *counts, struct err *err);

#endif
