/* The programs that the kernel runs for each packet and each connect() of a cgroup. What they do, in words:
 *
 * A connection is judged by the name that it asks for, as that is what is closed; its address may belong to others too. Names stand in the
 * first bytes that a client sends: in the ClientHello of TLS, or in what it asks of a proxy. So the first bytes of a TCP connection are
 * read before they leave, and a closed name ends it there. No answer of a DNS server has to be known for that, and no process of ours has
 * to live. Where no name can be read (none is sent, or the bytes are not TLS), the address decides: is it one that only closed names are
 * known to have? QUIC to an address of a closed name is refused also where others share it: clients fall back to TCP, which can be read.
 *
 * Bytes that are held back are simply not sent: TCP offers them again, by then with what the client wrote after them. */
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "guard/bpf.h"
#include "guard/egress_part.h"

const struct egress_program egress_programs[PROGRAMS] = {
        [PROGRAM_EGRESS] = {"egress", BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS},
        [PROGRAM_INGRESS] = {"ingress", BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS},
        [PROGRAM_CONNECT4] = {"connect4", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT},
        [PROGRAM_CONNECT6] = {"connect6", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_CONNECT},
        [PROGRAM_SENDMSG4] = {"sendmsg4", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_SENDMSG},
        [PROGRAM_SENDMSG6] = {"sendmsg6", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_SENDMSG},
};

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
	L_V4,
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
static void read_bytes(struct bpf_code *c, int to, int n, unsigned otherwise)
{
	bpf_mov(c, R1, R6);
	bpf_mov(c, R3, FP);
	bpf_alui(c, BPF_ADD, R3, to);
	bpf_movi(c, R4, n);
	bpf_call(c, BPF_FUNC_skb_load_bytes);
	bpf_jumpi(c, BPF_JNE, R0, 0, otherwise);
}

static void get(struct bpf_code *c, enum bpf_reg r, int slot)
{
	bpf_load(c, BPF_DW, r, FP, slot);
}

static void put(struct bpf_code *c, int slot, enum bpf_reg r)
{
	bpf_store(c, BPF_DW, FP, slot, r);
}

/* Byte by byte, as the verifier wants what is loaded from the frame to be aligned. Uses R0. */
static void get_be16(struct bpf_code *c, enum bpf_reg r, int at)
{
	bpf_load(c, BPF_B, r, FP, at);
	bpf_alui(c, BPF_LSH, r, 8);
	bpf_load(c, BPF_B, R0, FP, at + 1);
	bpf_alu(c, BPF_OR, r, R0);
}

static void lookup(struct bpf_code *c, int map, int key)
{
	bpf_map(c, R1, map);
	bpf_mov(c, R2, FP);
	bpf_alui(c, BPF_ADD, R2, key);
	bpf_call(c, BPF_FUNC_map_lookup_elem);
}

/* An IPv4 address's first 12 bytes of KEY: 0…0 ff ff. */
static void key_mapped(struct bpf_code *c)
{
	bpf_storei(c, BPF_DW, FP, KEY, 0);
	bpf_storei(c, BPF_H, FP, KEY + 8, 0);
	bpf_storei(c, BPF_H, FP, KEY + 10, 0xffff);
}

/* Fills KEY (of the destination, or of the source), L4 and PROTOCOL; goes on at L_IP. */
static void read_ip(struct bpf_code *c, bool source)
{
	bpf_movi(c, R2, 0);
	read_bytes(c, BYTES, 1, L_PASS);
	bpf_load(c, BPF_B, R1, FP, BYTES);
	bpf_mov(c, R2, R1);
	bpf_alui(c, BPF_RSH, R1, 4);
	bpf_jumpi(c, BPF_JEQ, R1, 6, L_V6);
	bpf_jumpi(c, BPF_JNE, R1, 4, L_PASS);
	bpf_alui(c, BPF_AND, R2, 15);
	bpf_alui(c, BPF_LSH, R2, 2);
	put(c, L4, R2);
	key_mapped(c);
	bpf_movi(c, R2, source ? 12 : 16);
	read_bytes(c, KEY + 12, 4, L_PASS);
	bpf_movi(c, R2, 9);
	read_bytes(c, BYTES, 1, L_PASS);
	bpf_load(c, BPF_B, R1, FP, BYTES);
	put(c, PROTOCOL, R1);
	bpf_go(c, L_IP);

	bpf_label(c, L_V6);
	bpf_movi(c, R2, source ? 8 : 24);
	read_bytes(c, KEY, 16, L_PASS);
	bpf_movi(c, R2, 6);
	read_bytes(c, BYTES, 1, L_PASS);
	bpf_load(c, BPF_B, R1, FP, BYTES);
	put(c, PROTOCOL, R1);
	bpf_movi(c, R2, 40);
	put(c, L4, R2);
	/* Extension headers in front of the transport's, at most four. */
	for (unsigned i = 0; i < 4; i++) {
		unsigned next = L_TAIL + i;
		get(c, R1, PROTOCOL);
		bpf_jumpi(c, BPF_JEQ, R1, IPPROTO_HOPOPTS, next);
		bpf_jumpi(c, BPF_JEQ, R1, IPPROTO_ROUTING, next);
		bpf_jumpi(c, BPF_JNE, R1, IPPROTO_DSTOPTS, L_IP);
		bpf_label(c, next);
		get(c, R2, L4);
		read_bytes(c, BYTES, 2, L_PASS);
		bpf_load(c, BPF_B, R1, FP, BYTES);
		put(c, PROTOCOL, R1);
		bpf_load(c, BPF_B, R1, FP, BYTES + 1);
		bpf_alui(c, BPF_ADD, R1, 1);
		bpf_alui(c, BPF_LSH, R1, 3);
		get(c, R2, L4);
		bpf_alu(c, BPF_ADD, R2, R1);
		put(c, L4, R2);
	}
	bpf_label(c, L_IP);
}

/* FLAGS (and R9) of KEY. */
static void look_address(struct bpf_code *c, const int map[MAPS])
{
	lookup(c, map[MAP_ADDRESS], KEY);
	bpf_movi(c, R9, 0);
	bpf_jumpi(c, BPF_JEQ, R0, 0, L_NO_ADDRESS);
	bpf_load(c, BPF_W, R9, R0, 0);
	bpf_label(c, L_NO_ADDRESS);
	put(c, FLAGS, R9);
}

static void count(struct bpf_code *c, const int map[MAPS], int which, unsigned skip)
{
	bpf_storei(c, BPF_W, FP, BYTES, which);
	lookup(c, map[MAP_COUNTS], BYTES);
	bpf_jumpi(c, BPF_JEQ, R0, 0, skip);
	bpf_movi(c, R1, 1);
	bpf_count(c, R0, 0, R1);
	bpf_label(c, skip);
}

static void set_flag(struct bpf_code *c, int32_t flag)
{
	bpf_load(c, BPF_W, R1, R8, offsetof(struct egress_socket, flags));
	bpf_alui(c, BPF_OR, R1, flag);
	bpf_store(c, BPF_W, R8, offsetof(struct egress_socket, flags), R1);
}

static void why(struct bpf_code *c, int32_t reason)
{
	bpf_movi(c, R1, reason);
	put(c, WHY, R1);
}

/* Tells what was refused or held, by WHY, NAME, NAME_N (of a packet), KEY, PORT and PROTOCOL; then 0 is returned. */
static void write_event(struct bpf_code *c, const int map[MAPS], bool packet)
{
	bpf_label(c, L_EVENT);
	bpf_map(c, R1, map[MAP_EVENTS]);
	bpf_movi(c, R2, sizeof(struct egress_raw));
	bpf_movi(c, R3, 0);
	bpf_call(c, BPF_FUNC_ringbuf_reserve);
	bpf_jumpi(c, BPF_JEQ, R0, 0, L_LOST);
	bpf_mov(c, R9, R0);
#define FIELD(name) ((int)offsetof(struct egress_raw, name))
	get(c, R1, WHY);
	bpf_store(c, BPF_W, R9, FIELD(why), R1);
	static const size_t copied[][2] = {
	        {offsetof(struct egress_socket, process), offsetof(struct egress_raw, process)},
	        {offsetof(struct egress_socket, user), offsetof(struct egress_raw, user)},
	};
	for (size_t i = 0; i < ARRAY_LEN(copied); i++) {
		bpf_load(c, BPF_W, R1, R8, (int)copied[i][0]);
		bpf_store(c, BPF_W, R9, (int)copied[i][1], R1);
	}
	for (int i = 0; i < 2; i++) {
		bpf_load(c, BPF_DW, R1, R8, (int)offsetof(struct egress_socket, command) + 8 * i);
		bpf_store(c, BPF_DW, R9, FIELD(command) + 8 * i, R1);
		bpf_load(c, BPF_DW, R1, FP, KEY + 8 * i);
		bpf_store(c, BPF_DW, R9, FIELD(address) + 8 * i, R1);
	}
	get(c, R1, PORT);
	bpf_store(c, BPF_H, R9, FIELD(port), R1);
	get(c, R1, PROTOCOL);
	bpf_store(c, BPF_B, R9, FIELD(protocol), R1);
	bpf_storei(c, BPF_B, R9, FIELD(at_connect), packet ? 0 : 1);
	bpf_storei(c, BPF_W, R9, FIELD(source_port), 0);
	bpf_mov(c, R1, R6);
	bpf_call(c, BPF_FUNC_get_socket_cookie);
	bpf_store(c, BPF_DW, R9, FIELD(cookie), R0);
	bpf_call(c, BPF_FUNC_ktime_get_ns);
	bpf_store(c, BPF_DW, R9, FIELD(when), R0);
	bpf_storei(c, BPF_W, R9, FIELD(name_n), 0);
	if (packet) {
		/* Of the socket, for who has to end it. */
		bpf_load(c, BPF_W, R1, R7, offsetof(struct bpf_sock, src_port));
		bpf_store(c, BPF_W, R9, FIELD(source_port), R1);
		bpf_load(c, BPF_W, R1, R7, offsetof(struct bpf_sock, family));
		bpf_store(c, BPF_W, R9, FIELD(family), R1);
		for (int i = 0; i < 4; i++) {
			bpf_load(c, BPF_W, R1, R7, (int)offsetof(struct bpf_sock, src_ip6) + 4 * i);
			bpf_store(c, BPF_W, R9, FIELD(source) + 4 * i, R1);
		}
		bpf_load(c, BPF_W, R1, R7, offsetof(struct bpf_sock, src_ip4));
		bpf_store(c, BPF_W, R9, FIELD(source4), R1);
		get(c, R4, NAME_N);
		bpf_jumpi(c, BPF_JEQ, R4, 0, L_EVENT_NO_NAME);
		bpf_jumpi(c, BPF_JGT, R4, NAME_BYTES - 1, L_EVENT_NO_NAME);
		bpf_mov(c, R1, R6);
		get(c, R2, NAME);
		bpf_mov(c, R3, R9);
		bpf_alui(c, BPF_ADD, R3, FIELD(name));
		bpf_call(c, BPF_FUNC_skb_load_bytes);
		bpf_jumpi(c, BPF_JNE, R0, 0, L_EVENT_NO_NAME);
		get(c, R4, NAME_N);
		bpf_store(c, BPF_W, R9, FIELD(name_n), R4);
	}
	bpf_label(c, L_EVENT_NO_NAME);
	bpf_mov(c, R1, R9);
	bpf_movi(c, R2, 0);
	bpf_call(c, BPF_FUNC_ringbuf_submit);
	bpf_go(c, L_DROP);
#undef FIELD
	bpf_label(c, L_LOST);
	count(c, map, COUNT_LOST, L_TAIL + 10);
	bpf_go(c, L_DROP);
}

static void end(struct bpf_code *c, bool drops)
{
	if (drops) {
		bpf_label(c, L_DROP);
		bpf_movi(c, R0, 0);
		bpf_exit(c);
	}
	bpf_label(c, L_PASS);
	bpf_movi(c, R0, 1);
	bpf_exit(c);
}

/* ---- A packet that leaves ---- */

/* Reads the ClientHello at PAYLOAD up to the name of its server. */
static void read_hello(struct bpf_code *c)
{
	/* type 22, version, length of the record; type 1, length of the message */
	bpf_label(c, L_TLS);
	get(c, R2, PAYLOAD);
	read_bytes(c, BYTES, 9, L_INCOMPLETE);
	bpf_load(c, BPF_B, R1, FP, BYTES + 5);
	bpf_jumpi(c, BPF_JNE, R1, 1, L_UNNAMED);
	bpf_load(c, BPF_B, R1, FP, BYTES + 6);
	bpf_alui(c, BPF_LSH, R1, 16);
	get_be16(c, R2, BYTES + 7);
	bpf_alu(c, BPF_OR, R1, R2);
	bpf_alui(c, BPF_ADD, R1, 4);
	get_be16(c, R2, BYTES + 3);
	bpf_jump(c, BPF_JGT, R1, R2, L_UNREADABLE); /* a message in more than one record */
	get(c, R2, PAYLOAD);
	bpf_alui(c, BPF_ADD, R2, 43);
	put(c, AT, R2);
	static const int lengths[] = {1, 2, 1, 2}; /* of session id, cipher suites, compression, all extensions */
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		get(c, R2, AT);
		read_bytes(c, BYTES, lengths[i], L_INCOMPLETE);
		if (lengths[i] == 1)
			bpf_load(c, BPF_B, R1, FP, BYTES);
		else
			get_be16(c, R1, BYTES);
		get(c, R2, AT);
		bpf_alui(c, BPF_ADD, R2, lengths[i]);
		if (i + 1 < ARRAY_LEN(lengths))
			bpf_alu(c, BPF_ADD, R2, R1);
		put(c, AT, R2);
	}
	bpf_alu(c, BPF_ADD, R2, R1);
	put(c, END, R2);

	bpf_movi(c, R9, 0);
	bpf_label(c, L_EXTENSION);
	bpf_jumpi(c, BPF_JGE, R9, 64, L_UNREADABLE);
	get(c, R2, AT);
	get(c, R3, END);
	bpf_mov(c, R1, R2);
	bpf_alui(c, BPF_ADD, R1, 4);
	bpf_jump(c, BPF_JGT, R1, R3, L_NO_SNI);
	read_bytes(c, BYTES, 4, L_INCOMPLETE);
	get_be16(c, R1, BYTES);
	bpf_jumpi(c, BPF_JEQ, R1, 0, L_SNI);
	get_be16(c, R1, BYTES + 2);
	get(c, R2, AT);
	bpf_alu(c, BPF_ADD, R2, R1);
	bpf_alui(c, BPF_ADD, R2, 4);
	put(c, AT, R2);
	bpf_alui(c, BPF_ADD, R9, 1);
	bpf_go(c, L_EXTENSION);

	/* length of the list, type 0, length of the name */
	bpf_label(c, L_SNI);
	get(c, R2, AT);
	bpf_alui(c, BPF_ADD, R2, 4);
	read_bytes(c, BYTES, 5, L_INCOMPLETE);
	bpf_load(c, BPF_B, R1, FP, BYTES + 2);
	bpf_jumpi(c, BPF_JNE, R1, 0, L_NO_SNI);
	get_be16(c, R1, BYTES + 3);
	put(c, NAME_N, R1);
	get(c, R2, AT);
	bpf_alui(c, BPF_ADD, R2, 9);
	put(c, NAME, R2);
	bpf_alu(c, BPF_ADD, R2, R1);
	bpf_load(c, BPF_W, R3, R6, offsetof(struct __sk_buff, len));
	bpf_jump(c, BPF_JGT, R2, R3, L_INCOMPLETE);
	bpf_go(c, L_NAME);
}

/* "CONNECT name:port …" of HTTP, and the same of SOCKS 5. */
static void read_proxy(struct bpf_code *c)
{
	bpf_label(c, L_CONNECT);
	get(c, R2, PAYLOAD);
	read_bytes(c, BYTES, 8, L_INCOMPLETE);
	bpf_load(c, BPF_W, R1, FP, BYTES);
	bpf_be(c, R1, 32);
	bpf_jumpi(c, BPF_JNE, R1, 0x434f4e4e, L_UNNAMED);
	bpf_load(c, BPF_W, R1, FP, BYTES + 4);
	bpf_be(c, R1, 32);
	bpf_jumpi(c, BPF_JNE, R1, 0x45435420, L_UNNAMED);
	set_flag(c, SOCKET_PROXY);
	get(c, R2, PAYLOAD);
	bpf_alui(c, BPF_ADD, R2, 8);
	put(c, NAME, R2);
	bpf_movi(c, R9, 0);
	bpf_label(c, L_CONNECT_NEXT);
	bpf_jumpi(c, BPF_JGE, R9, NAME_BYTES - 2, L_UNREADABLE);
	get(c, R2, NAME);
	bpf_alu(c, BPF_ADD, R2, R9);
	read_bytes(c, BYTES, 1, L_INCOMPLETE);
	bpf_load(c, BPF_B, R1, FP, BYTES);
	bpf_jumpi(c, BPF_JEQ, R1, ':', L_CONNECT_END);
	bpf_jumpi(c, BPF_JEQ, R1, ' ', L_CONNECT_END);
	bpf_alui(c, BPF_ADD, R9, 1);
	bpf_go(c, L_CONNECT_NEXT);
	bpf_label(c, L_CONNECT_END);
	put(c, NAME_N, R9);
	bpf_go(c, L_NAME);

	/* version, number of methods, …: then version, 1 (connect), 0, 3 (a name), its length */
	bpf_label(c, L_SOCKS);
	bpf_load(c, BPF_W, R1, R8, offsetof(struct egress_socket, flags));
	bpf_jumpi(c, BPF_JSET, R1, SOCKET_PROXY, L_SOCKS_ASKS);
	set_flag(c, SOCKET_PROXY);
	bpf_go(c, L_PASS);
	bpf_label(c, L_SOCKS_ASKS);
	get(c, R2, PAYLOAD);
	read_bytes(c, BYTES, 5, L_PASS);
	bpf_load(c, BPF_B, R1, FP, BYTES + 3);
	bpf_jumpi(c, BPF_JNE, R1, 3, L_PASS);
	bpf_load(c, BPF_B, R1, FP, BYTES + 4);
	put(c, NAME_N, R1);
	get(c, R2, PAYLOAD);
	bpf_alui(c, BPF_ADD, R2, 5);
	put(c, NAME, R2);
	bpf_go(c, L_NAME);
}

/* Is the name at NAME closed? */
static void judge_name(struct bpf_code *c, const int map[MAPS])
{
	bpf_label(c, L_NAME);
	get(c, R9, NAME_N);
	bpf_jumpi(c, BPF_JEQ, R9, 0, L_NO_SNI);
	bpf_jumpi(c, BPF_JGT, R9, NAME_BYTES - 2, L_UNREADABLE);
	/* A dot at the end says nothing. */
	get(c, R2, NAME);
	bpf_alu(c, BPF_ADD, R2, R9);
	bpf_alui(c, BPF_SUB, R2, 1);
	read_bytes(c, BYTES, 1, L_INCOMPLETE);
	bpf_load(c, BPF_B, R1, FP, BYTES);
	bpf_jumpi(c, BPF_JNE, R1, '.', L_TAIL + 5);
	get(c, R9, NAME_N);
	bpf_alui(c, BPF_SUB, R9, 1);
	bpf_jumpi(c, BPF_JEQ, R9, 0, L_NO_SNI);
	put(c, NAME_N, R9);
	bpf_label(c, L_TAIL + 5);
	for (int i = 0; i < 34; i++)
		bpf_storei(c, BPF_DW, FP, NAME_KEY + 8 * i, 0);
	bpf_storei(c, BPF_W, FP, NAME_KEY, NAME_BYTES * 8);
	bpf_movi(c, R9, 0);
	bpf_label(c, L_NAME_NEXT);
	bpf_jumpi(c, BPF_JGE, R9, NAME_BYTES - 2, L_NAME_READY);
	get(c, R2, NAME_N);
	bpf_jump(c, BPF_JGE, R9, R2, L_NAME_READY);
	get(c, R1, NAME);
	bpf_alu(c, BPF_ADD, R2, R1);
	bpf_alui(c, BPF_SUB, R2, 1);
	bpf_alu(c, BPF_SUB, R2, R9);
	read_bytes(c, BYTES, 1, L_INCOMPLETE);
	bpf_load(c, BPF_B, R1, FP, BYTES);
	bpf_jumpi(c, BPF_JLT, R1, 'A', L_NAME_LOWER);
	bpf_jumpi(c, BPF_JGT, R1, 'Z', L_NAME_LOWER);
	bpf_alui(c, BPF_OR, R1, 0x20);
	bpf_label(c, L_NAME_LOWER);
	bpf_mov(c, R2, FP);
	bpf_alu(c, BPF_ADD, R2, R9);
	bpf_store(c, BPF_B, R2, NAME_KEY + 4, R1);
	bpf_alui(c, BPF_ADD, R9, 1);
	bpf_go(c, L_NAME_NEXT);

	bpf_label(c, L_NAME_READY);
	lookup(c, map[MAP_NAMES], NAME_KEY);
	bpf_jumpi(c, BPF_JEQ, R0, 0, L_NAME_OPEN);
	bpf_load(c, BPF_W, R1, R0, 0);
	bpf_jumpi(c, BPF_JNE, R1, NAME_CLOSED, L_NAME_OPEN);
	why(c, RAW_NAME);
	bpf_load(c, BPF_W, R1, R8, offsetof(struct egress_socket, flags));
	bpf_jumpi(c, BPF_JSET, R1, SOCKET_ELSEWHERE, L_WAITS);
	bpf_go(c, L_REFUSE);

	bpf_label(c, L_NAME_OPEN);
	get(c, R9, FLAGS);
	bpf_load(c, BPF_B, R1, FP, BYTES); /* keeps BYTES known to the verifier on both ways */
	bpf_load(c, BPF_W, R1, R8, offsetof(struct egress_socket, flags));
	bpf_jumpi(c, BPF_JSET, R1, SOCKET_PROXY, L_NAME_PROXY);
	why(c, RAW_STRANGE);
	bpf_jumpi(c, BPF_JSET, R9, ADDRESS_SOLE, L_HOLD);
	bpf_label(c, L_MARK);
	set_flag(c, SOCKET_PASSED);
	bpf_go(c, L_PASS);
	/* What was asked of a proxy may still be followed by a ClientHello with another name; that one is the last. */
	bpf_label(c, L_NAME_PROXY);
	get(c, R2, PAYLOAD);
	read_bytes(c, BYTES, 1, L_PASS);
	bpf_load(c, BPF_B, R1, FP, BYTES);
	bpf_jumpi(c, BPF_JEQ, R1, 0x16, L_MARK);
	bpf_go(c, L_PASS);
}

/* What happens where a name is not to be had, or not yet. */
static void judge_rest(struct bpf_code *c, const int map[MAPS])
{
	/* TLS without a name: who shares an address sends one. */
	bpf_label(c, L_NO_SNI);
	get(c, R9, FLAGS);
	bpf_movi(c, R1, 0);
	put(c, NAME_N, R1);
	bpf_jumpi(c, BPF_JNE, R9, 0, L_BY_ADDRESS);
	bpf_go(c, L_MARK);

	bpf_label(c, L_UNNAMED);
	get(c, R9, FLAGS);
	bpf_jumpi(c, BPF_JSET, R9, ADDRESS_SOLE, L_BY_ADDRESS);
	bpf_load(c, BPF_W, R1, R8, offsetof(struct egress_socket, flags));
	bpf_jumpi(c, BPF_JSET, R1, SOCKET_PROXY, L_PASS);
	bpf_go(c, L_MARK);

	/* Only a part is there. A large one is as much as fits into one packet of a bad line, and waiting would not help. */
	bpf_label(c, L_INCOMPLETE);
	bpf_movi(c, R1, 0);
	put(c, NAME_N, R1);
	bpf_load(c, BPF_W, R1, R6, offsetof(struct __sk_buff, len));
	get(c, R2, PAYLOAD);
	bpf_alui(c, BPF_ADD, R2, 1200);
	bpf_jump(c, BPF_JGE, R1, R2, L_NO_SNI);
	why(c, RAW_UNREADABLE);
	bpf_label(c, L_HOLD);
	bpf_load(c, BPF_W, R1, R8, offsetof(struct egress_socket, tries));
	bpf_alui(c, BPF_ADD, R1, 1);
	bpf_store(c, BPF_W, R8, offsetof(struct egress_socket, tries), R1);
	bpf_jumpi(c, BPF_JGT, R1, HOLD_TRIES, L_REFUSE);
	bpf_jumpi(c, BPF_JGT, R1, 1, L_DROP);
	count(c, map, COUNT_HELD, L_HOLD_REFUSE);
	get(c, R1, WHY);
	bpf_jumpi(c, BPF_JNE, R1, RAW_STRANGE, L_DROP);
	why(c, RAW_HELD);
	bpf_go(c, L_EVENT);

	bpf_label(c, L_UNREADABLE);
	bpf_movi(c, R1, 0);
	put(c, NAME_N, R1);
	why(c, RAW_UNREADABLE);
	bpf_go(c, L_REFUSE);

	bpf_label(c, L_BY_ADDRESS);
	why(c, RAW_ADDRESS);
	bpf_label(c, L_REFUSE);
	get(c, R1, PROTOCOL);
	bpf_jumpi(c, BPF_JNE, R1, IPPROTO_TCP, L_TAIL + 6);
	set_flag(c, SOCKET_REFUSED);
	bpf_label(c, L_TAIL + 6);
	count(c, map, COUNT_REFUSED, L_TAIL + 7);
}

/* A closed name, by somebody who may be a gate's, or in one: is it known meanwhile? */
static void judge_stranger(struct bpf_code *c, const int map[MAPS])
{
	bpf_label(c, L_WAITS);
	bpf_load(c, BPF_DW, R1, R8, offsetof(struct egress_socket, network));
	put(c, AT, R1);
	lookup(c, map[MAP_NETWORKS], AT);
	bpf_jumpi(c, BPF_JNE, R0, 0, L_EXCEPT);
	bpf_load(c, BPF_W, R1, R8, offsetof(struct egress_socket, process));
	bpf_store(c, BPF_W, FP, BYTES, R1);
	lookup(c, map[MAP_PROCESSES], BYTES);
	bpf_jumpi(c, BPF_JNE, R0, 0, L_EXCEPT);
	bpf_load(c, BPF_W, R1, R8, offsetof(struct egress_socket, tries));
	bpf_alui(c, BPF_ADD, R1, 1);
	bpf_store(c, BPF_W, R8, offsetof(struct egress_socket, tries), R1);
	bpf_jumpi(c, BPF_JGT, R1, HOLD_TRIES, L_REFUSE);
	bpf_jumpi(c, BPF_JGT, R1, 1, L_DROP);
	why(c, RAW_WAITS);
	bpf_go(c, L_EVENT);
	bpf_label(c, L_EXCEPT);
	set_flag(c, SOCKET_EXCEPTED);
	bpf_go(c, L_PASS);
}

static void write_egress(struct bpf_code *c, const int map[MAPS])
{
	bpf_mov(c, R6, R1);
	bpf_load(c, BPF_DW, R1, R6, offsetof(struct __sk_buff, sk));
	bpf_jumpi(c, BPF_JEQ, R1, 0, L_PASS);
	bpf_call(c, BPF_FUNC_sk_fullsock);
	bpf_jumpi(c, BPF_JEQ, R0, 0, L_PASS);
	bpf_mov(c, R7, R0);
	bpf_map(c, R1, map[MAP_SOCKETS]);
	bpf_mov(c, R2, R7);
	bpf_movi(c, R3, 0);
	bpf_movi(c, R4, BPF_SK_STORAGE_GET_F_CREATE);
	bpf_call(c, BPF_FUNC_sk_storage_get);
	/* A socket can be made to have no room left for it, and would be free then. */
	bpf_jumpi(c, BPF_JEQ, R0, 0, L_DROP);
	bpf_mov(c, R8, R0);
	bpf_load(c, BPF_W, R1, R8, offsetof(struct egress_socket, flags));
	bpf_jumpi(c, BPF_JSET, R1, SOCKET_REFUSED, L_DROP);
	bpf_jumpi(c, BPF_JSET, R1, SOCKET_EXCEPTED | SOCKET_PASSED, L_PASS);
	for (int slot = PORT; slot < BYTES; slot += 8)
		if (slot < NAME_KEY || slot >= FLAGS)
			bpf_storei(c, BPF_DW, FP, slot, 0);
	read_ip(c, false);
	look_address(c, map);
	/* The port, where there is one. */
	get(c, R1, PROTOCOL);
	bpf_jumpi(c, BPF_JEQ, R1, IPPROTO_TCP, L_TCP);
	bpf_jumpi(c, BPF_JEQ, R1, IPPROTO_UDP, L_UDP);
	bpf_jumpi(c, BPF_JSET, R9, ADDRESS_HARD | ADDRESS_SOLE, L_BY_ADDRESS);
	bpf_go(c, L_PASS);

	bpf_label(c, L_UDP);
	bpf_jumpi(c, BPF_JEQ, R9, 0, L_PASS);
	get(c, R2, L4);
	bpf_alui(c, BPF_ADD, R2, 2);
	read_bytes(c, BYTES, 2, L_PASS);
	bpf_load(c, BPF_H, R1, FP, BYTES);
	put(c, PORT, R1);
	bpf_jumpi(c, BPF_JSET, R9, ADDRESS_HARD | ADDRESS_SOLE, L_BY_ADDRESS);
	bpf_be(c, R1, 16);
	bpf_jumpi(c, BPF_JEQ, R1, 443, L_BY_ADDRESS);
	bpf_go(c, L_PASS);

	bpf_label(c, L_TCP);
	get(c, R2, L4);
	bpf_alui(c, BPF_ADD, R2, 2);
	read_bytes(c, BYTES, 2, L_PASS);
	bpf_load(c, BPF_H, R1, FP, BYTES);
	put(c, PORT, R1);
	bpf_jumpi(c, BPF_JSET, R9, ADDRESS_HARD, L_BY_ADDRESS);
	get(c, R2, L4);
	bpf_alui(c, BPF_ADD, R2, 12);
	read_bytes(c, BYTES, 1, L_PASS);
	bpf_load(c, BPF_B, R1, FP, BYTES);
	bpf_alui(c, BPF_RSH, R1, 4);
	bpf_alui(c, BPF_LSH, R1, 2);
	get(c, R2, L4);
	bpf_alu(c, BPF_ADD, R2, R1);
	put(c, PAYLOAD, R2);
	bpf_load(c, BPF_W, R1, R6, offsetof(struct __sk_buff, len));
	bpf_jump(c, BPF_JLE, R1, R2, L_PASS); /* nothing but the header */
	bpf_load(c, BPF_W, R1, R8, offsetof(struct egress_socket, flags));
	bpf_jumpi(c, BPF_JSET, R1, SOCKET_PROXY, L_FIRST);
	bpf_mov(c, R1, R7);
	bpf_call(c, BPF_FUNC_tcp_sock);
	bpf_jumpi(c, BPF_JEQ, R0, 0, L_UNNAMED);
	/* The SYN counts as one. A connection that is older than we are shows no name any more. */
	bpf_load(c, BPF_DW, R1, R0, offsetof(struct bpf_tcp_sock, bytes_acked));
	bpf_jumpi(c, BPF_JLE, R1, 1, L_FIRST);
	bpf_jumpi(c, BPF_JSET, R9, ADDRESS_SOLE, L_BY_ADDRESS);
	bpf_go(c, L_PASS);

	bpf_label(c, L_FIRST);
	get(c, R2, PAYLOAD);
	read_bytes(c, BYTES, 1, L_PASS);
	bpf_load(c, BPF_B, R1, FP, BYTES);
	bpf_jumpi(c, BPF_JEQ, R1, 0x16, L_TLS);
	bpf_jumpi(c, BPF_JEQ, R1, 'C', L_CONNECT);
	bpf_jumpi(c, BPF_JEQ, R1, 5, L_SOCKS);
	bpf_go(c, L_UNNAMED);
	read_hello(c);
	read_proxy(c);
	judge_name(c, map);
	judge_stranger(c, map);
	judge_rest(c, map);
	write_event(c, map, true);
	end(c, true);
}

/* ---- A connect(), or a datagram to an address ---- */

/* R7: SOCKET_EXCEPTED if the process, or a cgroup that it is in, is. */
static void look_excepted(struct bpf_code *c, const int map[MAPS])
{
	bpf_movi(c, R7, 0);
	bpf_call(c, BPF_FUNC_get_current_pid_tgid);
	bpf_alui(c, BPF_RSH, R0, 32);
	bpf_store(c, BPF_W, FP, BYTES, R0);
	lookup(c, map[MAP_PROCESSES], BYTES);
	bpf_jumpi(c, BPF_JNE, R0, 0, L_EXCEPTED);
	/* From the root down; deeper than this nobody nests them. */
	for (int level = 0; level < 16; level++) {
		bpf_movi(c, R1, level);
		bpf_call(c, BPF_FUNC_get_current_ancestor_cgroup_id);
		bpf_jumpi(c, BPF_JEQ, R0, 0, L_ASKED);
		put(c, BYTES, R0);
		lookup(c, map[MAP_CGROUPS], BYTES);
		bpf_jumpi(c, BPF_JNE, R0, 0, L_EXCEPTED);
	}
	bpf_go(c, L_ASKED);
	bpf_label(c, L_EXCEPTED);
	bpf_movi(c, R7, SOCKET_EXCEPTED);
	bpf_label(c, L_ASKED);
	/* AT: its network. */
	bpf_mov(c, R1, R6);
	bpf_call(c, BPF_FUNC_get_netns_cookie);
	put(c, AT, R0);
	lookup(c, map[MAP_NETWORKS], AT);
	bpf_jumpi(c, BPF_JEQ, R0, 0, L_STRANGER);
	bpf_alui(c, BPF_OR, R7, SOCKET_EXCEPTED);
	bpf_label(c, L_STRANGER);
	bpf_storei(c, BPF_W, FP, BYTES, COUNT_HOME);
	lookup(c, map[MAP_COUNTS], BYTES);
	bpf_jumpi(c, BPF_JEQ, R0, 0, L_HOME);
	bpf_load(c, BPF_DW, R1, R0, 0);
	get(c, R2, AT);
	bpf_jump(c, BPF_JEQ, R1, R2, L_HOME);
	bpf_alui(c, BPF_OR, R7, SOCKET_ELSEWHERE);
	bpf_label(c, L_HOME);
}

static void write_connect(struct bpf_code *c, const int map[MAPS], bool ipv6, bool at_connect)
{
#define FIELD(name) ((int)offsetof(struct bpf_sock_addr, name))
	bpf_mov(c, R6, R1);
	if (ipv6) {
		for (int i = 0; i < 4; i++) {
			bpf_load(c, BPF_W, R1, R6, FIELD(user_ip6) + 4 * i);
			bpf_store(c, BPF_W, FP, KEY + 4 * i, R1);
		}
	} else {
		key_mapped(c);
		bpf_load(c, BPF_W, R1, R6, FIELD(user_ip4));
		bpf_store(c, BPF_W, FP, KEY + 12, R1);
	}
	bpf_load(c, BPF_W, R1, R6, FIELD(user_port));
	put(c, PORT, R1);
	bpf_load(c, BPF_W, R1, R6, FIELD(protocol));
	put(c, PROTOCOL, R1);
	look_address(c, map);
	/* A datagram that nothing speaks against is not worth more time; each is asked about again. Of who asks a DNS server it is of
	 * interest where he is. */
	get(c, R1, PROTOCOL);
	bpf_jumpi(c, BPF_JEQ, R1, IPPROTO_TCP, L_TCP);
	bpf_jumpi(c, BPF_JNE, R9, 0, L_TCP);
	get(c, R1, PORT);
	bpf_be(c, R1, 16);
	bpf_jumpi(c, BPF_JNE, R1, 53, L_PASS);
	bpf_label(c, L_TCP);
	look_excepted(c, map);
	bpf_map(c, R1, map[MAP_SOCKETS]);
	bpf_load(c, BPF_DW, R2, R6, FIELD(sk));
	bpf_movi(c, R3, 0);
	bpf_movi(c, R4, BPF_SK_STORAGE_GET_F_CREATE);
	bpf_call(c, BPF_FUNC_sk_storage_get);
	bpf_jumpi(c, BPF_JEQ, R0, 0, L_DROP);
	bpf_mov(c, R8, R0);
	/* All anew: a socket may be connected again, to somewhere else, by somebody else. */
	bpf_store(c, BPF_W, R8, offsetof(struct egress_socket, flags), R7);
	bpf_storei(c, BPF_W, R8, offsetof(struct egress_socket, tries), 0);
	get(c, R1, AT);
	bpf_store(c, BPF_DW, R8, offsetof(struct egress_socket, network), R1);
	bpf_call(c, BPF_FUNC_get_current_pid_tgid);
	bpf_alui(c, BPF_RSH, R0, 32);
	bpf_store(c, BPF_W, R8, offsetof(struct egress_socket, process), R0);
	bpf_call(c, BPF_FUNC_get_current_uid_gid);
	bpf_store(c, BPF_W, R8, offsetof(struct egress_socket, user), R0);
	bpf_mov(c, R1, R8);
	bpf_alui(c, BPF_ADD, R1, offsetof(struct egress_socket, command));
	bpf_movi(c, R2, 16);
	bpf_call(c, BPF_FUNC_get_current_comm);
	/* Anybody can call himself so: it only makes us look before we refuse. */
	bpf_load(c, BPF_W, R1, R8, offsetof(struct egress_socket, command));
	bpf_be(c, R1, 32);
	bpf_jumpi(c, BPF_JNE, R1, 0x706f7374 /* "post" */, L_HERE);
	set_flag(c, SOCKET_ELSEWHERE);
	bpf_label(c, L_HERE);
	bpf_jumpi(c, BPF_JSET, R7, SOCKET_EXCEPTED, L_PASS);
	bpf_jumpi(c, BPF_JSET, R9, ADDRESS_HARD, L_REFUSE);
	get(c, R1, PROTOCOL);
	bpf_jumpi(c, BPF_JNE, R1, IPPROTO_TCP, L_UDP);
	if (at_connect)
		bpf_jumpi(c, BPF_JSET, R9, ADDRESS_SOLE, L_REFUSE);
	bpf_go(c, L_PASS);
	bpf_label(c, L_UDP);
	bpf_jumpi(c, BPF_JSET, R9, ADDRESS_SOLE, L_REFUSE);
	get(c, R1, PORT);
	bpf_be(c, R1, 16);
	bpf_jumpi(c, BPF_JNE, R1, 443, L_PASS);
	bpf_label(c, L_REFUSE);
	why(c, RAW_ADDRESS);
	count(c, map, COUNT_REFUSED, L_TAIL + 7);
	write_event(c, map, false);
	end(c, true);
#undef FIELD
}

/* ---- A packet that arrives: answers of DNS servers ---- */

static void copy_answer(struct bpf_code *c, const int map[MAPS], int room, unsigned lost)
{
	bpf_map(c, R1, map[MAP_ANSWERS]);
	bpf_movi(c, R2, (int)sizeof(struct egress_answer) + room);
	bpf_movi(c, R3, 0);
	bpf_call(c, BPF_FUNC_ringbuf_reserve);
	bpf_jumpi(c, BPF_JEQ, R0, 0, lost);
	bpf_mov(c, R9, R0);
	for (int i = 0; i < 2; i++) {
		bpf_load(c, BPF_DW, R1, FP, KEY + 8 * i);
		bpf_store(c, BPF_DW, R9, 8 * i, R1);
	}
	get(c, R1, PROTOCOL);
	bpf_store(c, BPF_W, R9, offsetof(struct egress_answer, protocol), R1);
	bpf_store(c, BPF_W, R9, offsetof(struct egress_answer, n), R7);
	bpf_mov(c, R1, R6);
	get(c, R2, PAYLOAD);
	bpf_mov(c, R3, R9);
	bpf_alui(c, BPF_ADD, R3, sizeof(struct egress_answer));
	bpf_mov(c, R4, R7);
	bpf_call(c, BPF_FUNC_skb_load_bytes);
	bpf_mov(c, R1, R9);
	bpf_movi(c, R2, 0);
	bpf_call(c, BPF_FUNC_ringbuf_submit);
}

static void write_ingress(struct bpf_code *c, const int map[MAPS])
{
	bpf_mov(c, R6, R1);
	read_ip(c, true);
	get(c, R1, PROTOCOL);
	bpf_jumpi(c, BPF_JEQ, R1, IPPROTO_UDP, L_FIRST);
	bpf_jumpi(c, BPF_JNE, R1, IPPROTO_TCP, L_PASS);
	bpf_label(c, L_FIRST);
	get(c, R2, L4);
	read_bytes(c, BYTES, 2, L_PASS);
	get_be16(c, R1, BYTES);
	bpf_jumpi(c, BPF_JNE, R1, 53, L_PASS);
	get(c, R1, PROTOCOL);
	bpf_jumpi(c, BPF_JEQ, R1, IPPROTO_TCP, L_TCP);
	get(c, R2, L4);
	bpf_alui(c, BPF_ADD, R2, 8);
	put(c, PAYLOAD, R2);
	bpf_go(c, L_COPY);
	bpf_label(c, L_TCP);
	get(c, R2, L4);
	bpf_alui(c, BPF_ADD, R2, 12);
	read_bytes(c, BYTES, 1, L_PASS);
	bpf_load(c, BPF_B, R1, FP, BYTES);
	bpf_alui(c, BPF_RSH, R1, 4);
	bpf_alui(c, BPF_LSH, R1, 2);
	get(c, R2, L4);
	bpf_alu(c, BPF_ADD, R2, R1);
	put(c, PAYLOAD, R2);

	bpf_label(c, L_COPY);
	/* What is answered in other networks is no truth about this one: a gate has servers that make addresses up. */
	bpf_load(c, BPF_DW, R1, R6, offsetof(struct __sk_buff, sk));
	bpf_jumpi(c, BPF_JEQ, R1, 0, L_HERE);
	bpf_call(c, BPF_FUNC_sk_fullsock);
	bpf_jumpi(c, BPF_JEQ, R0, 0, L_HERE);
	bpf_mov(c, R2, R0);
	bpf_map(c, R1, map[MAP_SOCKETS]);
	bpf_movi(c, R3, 0);
	bpf_movi(c, R4, 0);
	bpf_call(c, BPF_FUNC_sk_storage_get);
	bpf_jumpi(c, BPF_JEQ, R0, 0, L_HERE);
	bpf_load(c, BPF_W, R1, R0, offsetof(struct egress_socket, flags));
	bpf_jumpi(c, BPF_JSET, R1, SOCKET_ELSEWHERE, L_PASS);
	bpf_label(c, L_HERE);
	bpf_load(c, BPF_W, R7, R6, offsetof(struct __sk_buff, len));
	get(c, R2, PAYLOAD);
	bpf_jump(c, BPF_JLE, R7, R2, L_PASS);
	bpf_alu(c, BPF_SUB, R7, R2);
	count(c, map, COUNT_ANSWERS, L_TAIL + 7);
	bpf_jumpi(c, BPF_JLT, R7, 12, L_PASS); /* less than a header */
	bpf_jumpi(c, BPF_JGT, R7, ANSWER_SMALL, L_LARGE);
	copy_answer(c, map, ANSWER_SMALL, L_LOST);
	bpf_go(c, L_PASS);
	bpf_label(c, L_LARGE);
	bpf_jumpi(c, BPF_JLE, R7, ANSWER_LARGE, L_STORE);
	bpf_movi(c, R7, ANSWER_LARGE);
	bpf_label(c, L_STORE);
	copy_answer(c, map, ANSWER_LARGE, L_LOST);
	bpf_go(c, L_PASS);
	bpf_label(c, L_LOST);
	count(c, map, COUNT_ANSWERS_LOST, L_TAIL + 8);
	bpf_go(c, L_PASS);
	end(c, false);
}

int egress_program_load(unsigned program, const int map[MAPS], bool at_connect, struct err *err)
{
	_cleanup_free_ struct bpf_code *c = malloc(sizeof(*c));
	if (!c)
		return err_set(err, -ENOMEM, "out of memory");
	bpf_begin(c);
	switch (program) {
	case PROGRAM_EGRESS:
		write_egress(c, map);
		break;
	case PROGRAM_INGRESS:
		write_ingress(c, map);
		break;
	default:
		write_connect(c, map, program == PROGRAM_CONNECT6 || program == PROGRAM_SENDMSG6, at_connect);
		break;
	}
	int r = bpf_end(c, err);
	if (r < 0)
		return r;
	const struct egress_program *p = &egress_programs[program];
	return bpf_program(p->name, p->type, p->attach, c, err);
}
