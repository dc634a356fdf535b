/* egress_code: what the programs of egress_program.c and egress_connect.c are made of. Not for use outside. */
#ifndef POSTERN_GUARD_EGRESS_CODE_H
#define POSTERN_GUARD_EGRESS_CODE_H

#include "guard/bpf.h"
#include "guard/egress_part.h"

/* Where things are, below the frame pointer. In all programs R6 is the context; R7 the socket, R8 what is known of it. */
enum {
	BYTES = -16, /* up to 16 bytes of the packet, as they are */
	KEY = -32,   /* the address, as in MAP_ADDRESS */
	L4 = -40,    /* offset of the header of TCP or UDP */
	PROTOCOL = -48,
	PAYLOAD = -56, /* offset of what the application wrote */
	AT = -64,      /* offset of what is read next */
	END = -72,     /* of the ClientHello's extensions */
	NAME = -80,    /* offset of the name; its length, 0: none */
	NAME_N = -88,
	WHY = -96,
	FLAGS = -104, /* ADDRESS_… of the address */
	NAME_KEY = -376,
	PORT = -384,
};

enum {
	L_PASS,
	L_DROP,
	L_V6,
	L_IP,
	L_NO_ADDRESS,
	L_TCP,
	L_UDP,
	L_FIRST,
	L_TLS,
	L_EXTENSION,
	L_SNI,
	L_NO_SNI,
	L_CONNECT,
	L_CONNECT_NEXT,
	L_CONNECT_END,
	L_SOCKS,
	L_SOCKS_ASKS,
	L_UNNAMED,
	L_MARK,
	L_NAME,
	L_NAME_NEXT,
	L_NAME_LOWER,
	L_NAME_READY,
	L_NAME_OPEN,
	L_NAME_PROXY,
	L_INCOMPLETE,
	L_HOLD,
	L_HOLD_REFUSE,
	L_UNREADABLE,
	L_BY_ADDRESS,
	L_REFUSE,
	L_EVENT,
	L_EVENT_NO_NAME,
	L_LOST,
	L_EXCEPTED,
	L_ASKED,
	L_LARGE,
	L_COPY,
	L_STORE,
	L_WAITS,
	L_EXCEPT,
	L_HOME,
	L_STRANGER,
	L_HERE,
	L_TAIL, /* and more from here, in loops that are written out */
};

/* n bytes of the packet from the offset in R2 to the frame at `to`; where there are not so many, to `otherwise`. */
void code_read_bytes(struct bpf_code *c, int to, int n, unsigned otherwise);
/* The same to BYTES, from the offset that a slot has, and `plus`. */
void code_read_at(struct bpf_code *c, int slot, int plus, int n, unsigned otherwise);
void code_get(struct bpf_code *c, enum bpf_reg r, int slot);
void code_put(struct bpf_code *c, int slot, enum bpf_reg r);
/* Byte by byte, as the verifier wants what is loaded from the frame to be aligned. Uses R0. */
void code_get_be16(struct bpf_code *c, enum bpf_reg r, int at);
void code_lookup(struct bpf_code *c, int map, int key);
/* An IPv4 address's first 12 bytes of KEY: 0…0 ff ff. */
void code_key_mapped(struct bpf_code *c);
/* Fills KEY (of the destination, or of the source), L4 and PROTOCOL; goes on at L_IP. */
void code_read_ip(struct bpf_code *c, bool source);
/* Fills PAYLOAD: behind the header of TCP at L4, whose length is in it. */
void code_skip_tcp(struct bpf_code *c);
/* FLAGS (and R9) of KEY. */
void code_look_address(struct bpf_code *c, const int map[MAPS]);
void code_count(struct bpf_code *c, const int map[MAPS], int which, unsigned skip);
void code_set_flag(struct bpf_code *c, int32_t flag);
/* Jumps if the socket has one of these. */
void code_if_flag(struct bpf_code *c, int32_t flags, unsigned label);
void code_why(struct bpf_code *c, int32_t reason);
/* Tells what was refused or held, by WHY, NAME, NAME_N (of a packet), KEY, PORT and PROTOCOL; then 0 is returned. */
void code_write_event(struct bpf_code *c, const int map[MAPS], bool packet);
void code_end(struct bpf_code *c, bool drops);

/* egress_connect.c: the programs for a connect(), or a datagram to an address; and for a packet that arrives. */
void egress_write_connect(struct bpf_code *c, const int map[MAPS], bool ipv6, bool at_connect);
void egress_write_ingress(struct bpf_code *c, const int map[MAPS]);

#endif
