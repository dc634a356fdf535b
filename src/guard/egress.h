/* egress: the hosts of a banned service are closed to everything outside of the gate.
 *
 * What is closed are names. A connection is judged by the name that it asks for in its first bytes (the ClientHello of TLS, what is asked
 * of a proxy), in the kernel, before they leave: so neither a renamed program, nor another resolver, nor an address that is built in opens
 * a closed name, and whoever shares an address with one stays open. Where no name can be read, the addresses decide that closed names are
 * known to have: from the answers of DNS servers that this host gets, and from our own asking. QUIC to such an address is refused, and
 * clients fall back to TCP. Not closed is what hides its name and its address: Encrypted ClientHello to an address that was never seen,
 * tunnels (VPN, SSH), a name that lies to a server which does not care (unless the address is known for closed names alone), and whoever
 * may send raw frames or undo this: root.
 *
 * Two backends. cgroup BPF holds for all below a cgroup, whatever network namespace it makes for itself; it does all of the above.
 * nftables holds for one network namespace, and knows addresses alone; it is for where the kernel has no cgroup version 2 or refuses
 * programs. */
#ifndef POSTERN_GUARD_EGRESS_H
#define POSTERN_GUARD_EGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct loop;
struct egress;

#define EGRESS_HOSTS_MAX 8192

struct egress_host {
	const char *pattern; /* "api.example.org"; "*.example.org": all below it, and not itself; a numeric address */
	bool open;           /* an exception among closed ones: the longest pattern decides */
	const char *tool;    /* whose it is, and the rule that closes it: for the event. NULL: not said */
	const char *rule;
};

enum egress_why {
	EGRESS_NAME,       /* a closed name was asked for */
	EGRESS_ADDRESS,    /* an address of a closed name, and no name that says otherwise */
	EGRESS_UNREADABLE, /* a ClientHello in pieces, that shows no name */
	EGRESS_STRANGE,    /* an open name, at an address that belongs to closed ones */
};
/* "name", "address", … */
const char *egress_why_name(enum egress_why w);

struct egress_event {
	enum egress_why why;
	bool at_connect; /* it could not even connect; else: it connected, and what it said was kept back */
	pid_t process;   /* 0: not known (the connection is older than we are, or the backend cannot say) */
	uid_t user;
	char command[17]; /* as the process calls itself */
	char name[256];   /* that it asked for; of EGRESS_ADDRESS the closed name that the address was last known for; "" */
	char address[46];
	uint16_t port;
	unsigned protocol; /* IPPROTO_TCP, … */
	uint64_t count;    /* how often, since it was told last: the first is told at once, those like it within ten seconds together */
	const char *tool, *rule, *pattern; /* of the host; NULL: not known any more */
};
typedef void egress_fn(void *arg, const struct egress_event *e);

enum egress_backend { EGRESS_BEST, EGRESS_BPF, EGRESS_NFT };

struct egress_config {
	enum egress_backend backend;
	const char *cgroup; /* BPF: folder of the cgroup (version 2); NULL: the root of the mounted hierarchy */
	/* BPF: a folder in a BPF file system, made if it is missing (its parent must be there). What an earlier instance left there is
	 * taken over without a gap. NULL: none. nftables: the table is taken over by its name. */
	const char *pins;
	bool outlive;    /* what is closed stays closed when this process ends, however it does (fail-closed) */
	bool at_connect; /* TCP to an address that only closed names are known to have is refused when it connects. Else when it speaks and
	                    shows no open name: then whoever comes to share the address in this moment is not hit. */
	const char *const *resolvers; /* numeric addresses of the DNS servers whose answers are believed; NULL: those of /etc/resolv.conf
	                                 and of this host itself */
	bool private; /* also private addresses (RFC 1918, unique local) are believed to be a closed name's: for services inside of the
	                 house. Else an answer with one is held to be a filter's. */
	bool ask;     /* a child resolves the closed names from time to time, and names at addresses that are in doubt */
	egress_fn *tell;
	/* Somebody in another network namespace, or who calls itself as this program does, asks for a closed name, and waits: is it in a
	 * gate, or one? Who says so has excepted it. NULL: nobody is. */
	bool (*gate)(void *arg, pid_t process);
	void *arg;
};

/* Starts it with these hosts. 0; -EOPNOTSUPP: no backend works here, with what each said; -EINVAL: a pattern that is none; other errors.
 * The strings are copied. */
[[nodiscard]] int egress_start(struct loop *loop, const struct egress_config *config, const struct egress_host *host, size_t n,
        struct egress **out, struct err *err);
/* Other hosts from now on; what stays closed is not open for a moment. On an error the earlier ones stay. */
[[nodiscard]] int egress_update(struct egress *e, const struct egress_host *host, size_t n, struct err *err);
/* A gate: a process (not its children), or a cgroup (its folder) with all in and below it. What it connects from now on is not judged.
 * Who asks for it must have been recognised; this believes what it is told. -EOPNOTSUPP: the backend cannot. */
[[nodiscard]] int egress_except_process(struct egress *e, pid_t process, bool excepted);
[[nodiscard]] int egress_except_cgroup(struct egress *e, const char *folder, bool excepted);
/* The network namespace of a process, for good: of a tool in a gate, whose every packet goes to the gate. */
[[nodiscard]] int egress_except_network(struct egress *e, pid_t process);

struct egress_counts {
	uint64_t refused; /* connections and datagrams */
	uint64_t held;    /* connections whose first bytes had to wait */
	uint64_t answers; /* DNS messages seen */
	uint64_t lost;    /* events, or answers, that were more than there was room for: refused all the same */
	size_t addresses; /* that closed names are known to have */
};
void egress_counts(struct egress *e, struct egress_counts *out);
/* "cgroup BPF on /sys/fs/cgroup", and why not another: for the log. */
const char *egress_describe(const struct egress *e);
/* open: takes all of it away; else what `outlive` says. */
void egress_stop(struct egress *e, bool open);

#endif
