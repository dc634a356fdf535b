/* engine: the connection engine. It owns the relay, a listener on every port that the tool tries, and every connection: DNS, TLS,
 * HTTP/1.1, HTTP/2, WebSocket, HTTP and SOCKS5 proxying, and raw bytes. What it sees goes into the trace; what it answers comes from
 * a far side (wire/exchange.h). One loop, one process, no file system. */
#ifndef POSTERN_WIRE_ENGINE_H
#define POSTERN_WIRE_ENGINE_H

#include "base/err.h"
#include "wire/exchange.h"

struct engine;
struct loop;

struct engine_config {
	int control_fd;           /* trace records are written to it; its end of file ends engine_run(). Stays the caller's */
	struct slice ca_cert_pem; /* authority of the certificates shown to clients */
	struct slice ca_key_pem;
	const char *outer, *inner; /* interfaces for the relay; outer NULL: no relay (tests) */
	int outer_fd;              /* 0, or the outer one's socket (sys/packet.h), which is taken over */
	/* Names below this DNS search domain resolve only if they have exactly one label more; NULL: none. */
	const char *dns_search;
	/* Names that resolve though they have a single label, NULL-terminated; may be NULL. */
	const char *const *names;
	/* Names that have no address; the same. */
	const char *const *dead;
	uint64_t trace_max; /* bytes of trace; 0: 64 MiB */
	int64_t ahead_s;    /* dates and certificates are of a calendar that is so far ahead; one for all engines of a process */
	bool far_away;      /* with a relay: servers take as long to be reached as those of the Internet */
};

/* The loop that the engine runs on, for what its far side waits for. */
struct loop *engine_loop(struct engine *e);
/* Opens everything that needs privilege or files. Strings stay the caller's and must outlive the engine. 0 or negative errno with err. */
[[nodiscard]] int engine_new(const struct engine_config *c, const struct far_side *far, struct engine **out, struct err *err);
/* Without a relay: listens on a port of every address. */
[[nodiscard]] int engine_listen(struct engine *e, uint16_t port);
/* Writes TRACE_READY, then serves until the end of file on control_fd; then writes the last records. 0 or negative errno. */
[[nodiscard]] int engine_run(struct engine *e);
void engine_free(struct engine *e);

#endif
