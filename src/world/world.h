/* world: the simulated Internet of a trial. A process of its own (role "world"), in the world's network namespace, without a file
 * system and under seccomp. This header is what the vetting side needs: the configuration it hands to that process. */
#ifndef POSTERN_WORLD_WORLD_H
#define POSTERN_WORLD_WORLD_H

#include "base/arena.h"
#include "base/buf.h"

/* One step of the scripted model, tried in order on the tools that the client offers. */
struct world_config {
	struct slice ca_cert_pem;  /* certificate authority of the trial */
	struct slice ca_key_pem;
	struct slice seed;         /* any bytes: ids and model replies are derived from it, the same in every trial of a run */
	const char *const *model_hosts; /* official hosts of the model API, lower case; NULL-terminated; may be NULL */
	const char *gateway_host;  /* name in the base URL of a gateway trial, or NULL */
	const char *dialect;       /* expected dialect of the profile: "anthropic", "openai-chat", "openai-responses", "gemini", or NULL */
	const char *client_ipv4;   /* address of the tool's eth0, dotted; gateway is .1 */
	const char *project;       /* the tool's working folder: the scripted tool calls name files below it */
	const char *dns_search;    /* search domain of the synthetic host, or NULL: names below it resolve only with one label more */
	uint64_t trace_max;        /* bytes */
};

/* Appends the configuration as one bounded message. */
void world_config_encode(struct buf *b, const struct world_config *c);
/* The reverse; strings and slices are copied into the arena. -EBADMSG, -ENOMEM. */
[[nodiscard]] int world_config_decode(struct slice message, struct arena *arena, struct world_config *out);

/* Entry point of the role. Descriptors on entry:
 *   control_fd: a SOCK_STREAM socket. The first thing read from it is u32be length + configuration message. Everything written to
 *               it is trace records (wire/trace.h), the first being TRACE_READY. End of file on it means: finish and exit.
 * The process is already in the world's network namespace with the interfaces "outer" (packets of the tool's side; no address)
 * and "inner0"/"inner1" (a veth pair, "inner1" has the gateway's address and MAC), and with `local 0.0.0.0/0 dev lo` and
 * `local ::/0 dev lo`, so that every address is ours. See docs/architecture.md, "How every address and port answers". Both routes are
 * in the main table: in the local table the tool's own addresses would be taken for ours. On "outer" and "inner0" ARP is off and
 * IPv6 is disabled, so that the kernel does not answer there. CAP_NET_RAW and CAP_NET_BIND_SERVICE are held; the hard limit of open
 * files should be 8192 or more. tests/integration/world_inner.sh builds exactly this.
 * Returns the exit code. */
int world_main(int control_fd);

#endif
