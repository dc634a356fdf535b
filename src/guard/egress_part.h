/* egress_part: what the kernel's programs and the files of egress share. Not for use outside. */
#ifndef POSTERN_GUARD_EGRESS_PART_H
#define POSTERN_GUARD_EGRESS_PART_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "guard/egress.h"

struct egress_names;

/* The maps, by their number; each has a pin of its name. */
enum {
	MAP_NAMES,     /* longest prefix of the reversed name -> NAME_… */
	MAP_ADDRESS,   /* IPv6, or IPv4 as ::ffff:a.b.c.d -> ADDRESS_… */
	MAP_CGROUPS,   /* id of a cgroup -> 1: it and all below are excepted */
	MAP_PROCESSES, /* process id -> 1: excepted */
	MAP_NETWORKS,  /* cookie of a network namespace -> 1: excepted */
	MAP_SOCKETS,   /* what is known of a socket */
	MAP_EVENTS,    /* ring: struct egress_raw */
	MAP_ANSWERS,   /* ring: struct egress_answer */
	MAP_COUNTS,    /* COUNT_… -> number */
	MAPS
};

enum { NAME_CLOSED = 1, NAME_OPEN = 2 };
enum {
	ADDRESS_SOLE = 1,   /* only closed names are known to live there */
	ADDRESS_SHARED = 2, /* others too */
	ADDRESS_HARD = 4,   /* the address itself is closed */
};
enum {
	COUNT_REFUSED,
	COUNT_LOST,
	COUNT_HELD,
	COUNT_ANSWERS,
	COUNT_ANSWERS_LOST,
	COUNT_HOME /* no number: the cookie of our network namespace */,
	COUNTS
};

#define NAME_BYTES 256 /* of a key: the most that the kernel takes */
struct egress_name_key {
	uint32_t bits;
	uint8_t reversed[NAME_BYTES]; /* "tset.dennab.ipa": with a NUL the name itself, with a dot all below it */
};

enum {
	SOCKET_EXCEPTED = 1,
	SOCKET_PASSED = 2, /* its name was seen, and is open; or there is nothing against it */
	SOCKET_REFUSED = 4,
	SOCKET_ELSEWHERE = 16, /* of another network namespace than ours, or of who calls itself as we do: it may be a gate's */
	SOCKET_PROXY = 8,      /* speaks to a proxy: each of its messages may begin another connection */
};
struct egress_socket {
	uint32_t flags, process, user, tries;
	char command[16];
	uint64_t network; /* cookie */
};

enum egress_raw_why {
	RAW_NAME = 1,   /* a closed name in a ClientHello, or asked of a proxy */
	RAW_ADDRESS,    /* an address of closed names, and no name that says otherwise */
	RAW_UNREADABLE, /* a ClientHello that hides its name in pieces */
	RAW_STRANGE,    /* an open name at an address that is known for closed ones alone */
	RAW_WAITS,      /* a closed name, by somebody who may be a gate's: waiting */
	RAW_HELD,       /* the same, waiting: is it known there after all? */
};
struct egress_raw {
	uint32_t why, process, user, name_n;
	uint8_t address[16];
	uint16_t port; /* network order */
	uint8_t protocol, at_connect;
	uint32_t source_port; /* the machine's order, as the rest here of the socket: for who has to end it; 0: not known */
	uint64_t cookie;
	uint8_t source[16];
	char command[16];
	uint8_t name[NAME_BYTES];
	uint32_t source4;
};

#define ANSWER_SMALL 512
#define ANSWER_LARGE 4096
struct egress_answer {
	uint8_t from[16]; /* the server */
	uint32_t protocol, n;
	uint8_t data[]; /* n bytes, in a record that has room for ANSWER_SMALL or ANSWER_LARGE */
};

/* The programs, by their number. */
enum { PROGRAM_EGRESS, PROGRAM_INGRESS, PROGRAM_CONNECT4, PROGRAM_CONNECT6, PROGRAM_SENDMSG4, PROGRAM_SENDMSG6, PROGRAMS };
extern const struct egress_program {
	const char *name; /* also of its pin */
	uint32_t type, attach;
} egress_programs[PROGRAMS];

/* How often the first bytes of a connection are held back until their name can be read. */
#define HOLD_TRIES 5

/* Writes and loads one. at_connect: what goes to an address of closed names alone is refused when it connects, and not first when it
 * speaks. A descriptor, or negative errno. */
[[nodiscard]] int egress_program_load(unsigned program, const int map[MAPS], bool at_connect, struct err *err);

/* ---- Backends ---- */

/* What a backend tells: whom it refused, and what it saw DNS servers answer (whole messages). */
struct egress_sink {
	void (*event)(void *arg, const struct egress_raw *raw);
	void (*answer)(void *arg, const uint8_t from[16], struct slice message);
	void *arg;
};
struct egress_far {
	const char *name;
	int (*open)(struct loop *loop, const struct egress_config *config, const struct egress_names *names, const struct egress_sink *sink,
	        void **out, struct err *err);
	int (*update)(void *far, const struct egress_names *names);
	/* flags: ADDRESS_… */
	void (*address)(void *far, const uint8_t ip[16], uint32_t flags);
	int (*except_process)(void *far, pid_t process, bool excepted);
	int (*except_network)(void *far, uint64_t cookie);
	int (*except_cgroup)(void *far, const char *folder, bool excepted);
	void (*counts)(void *far, struct egress_counts *out);
	const char *(*describe)(const void *far);
	void (*close)(void *far, bool open);
};
extern const struct egress_far egress_bpf, egress_nft;

#endif
