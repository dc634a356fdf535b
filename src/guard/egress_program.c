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
#include "guard/egress_code.h"

const struct egress_program egress_programs[PROGRAMS] = {
        [PROGRAM_EGRESS] = {"egress", BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS},
        [PROGRAM_INGRESS] = {"ingress", BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS},
        [PROGRAM_CONNECT4] = {"connect4", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT},
        [PROGRAM_CONNECT6] = {"connect6", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET6_CONNECT},
        [PROGRAM_SENDMSG4] = {"sendmsg4", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP4_SENDMSG},
        [PROGRAM_SENDMSG6] = {"sendmsg6", BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_UDP6_SENDMSG},
};

/* ---- A packet that leaves ---- */

/* Reads the ClientHello at PAYLOAD up to the name of its server. */
static void read_hello(struct bpf_code *c)
{
	/* type 22, version, length of the record; type 1, length of the message */
	bpf_label(c, L_TLS);
	code_read_at(c, PAYLOAD, 0, 9, L_INCOMPLETE);
	bpf_load(c, BPF_B, R1, FP, BYTES + 5);
	bpf_jumpi(c, BPF_JNE, R1, 1, L_UNNAMED);
	bpf_load(c, BPF_B, R1, FP, BYTES + 6);
	bpf_alui(c, BPF_LSH, R1, 16);
	code_get_be16(c, R2, BYTES + 7);
	bpf_alu(c, BPF_OR, R1, R2);
	bpf_alui(c, BPF_ADD, R1, 4);
	code_get_be16(c, R2, BYTES + 3);
	bpf_jump(c, BPF_JGT, R1, R2, L_UNREADABLE); /* a message in more than one record */
	code_get(c, R2, PAYLOAD);
	bpf_alui(c, BPF_ADD, R2, 43);
	code_put(c, AT, R2);
	static const int lengths[] = {1, 2, 1, 2}; /* of session id, cipher suites, compression, all extensions */
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		code_read_at(c, AT, 0, lengths[i], L_INCOMPLETE);
		if (lengths[i] == 1)
			bpf_load(c, BPF_B, R1, FP, BYTES);
		else
			code_get_be16(c, R1, BYTES);
		code_get(c, R2, AT);
		bpf_alui(c, BPF_ADD, R2, lengths[i]);
		if (i + 1 < ARRAY_LEN(lengths))
			bpf_alu(c, BPF_ADD, R2, R1);
		code_put(c, AT, R2);
	}
	bpf_alu(c, BPF_ADD, R2, R1);
	code_put(c, END, R2);

	bpf_movi(c, R9, 0);
	bpf_label(c, L_EXTENSION);
	bpf_jumpi(c, BPF_JGE, R9, 64, L_UNREADABLE);
	code_get(c, R2, AT);
	code_get(c, R3, END);
	bpf_mov(c, R1, R2);
	bpf_alui(c, BPF_ADD, R1, 4);
	bpf_jump(c, BPF_JGT, R1, R3, L_NO_SNI);
	code_read_bytes(c, BYTES, 4, L_INCOMPLETE);
	code_get_be16(c, R1, BYTES);
	bpf_jumpi(c, BPF_JEQ, R1, 0, L_SNI);
	code_get_be16(c, R1, BYTES + 2);
	code_get(c, R2, AT);
	bpf_alu(c, BPF_ADD, R2, R1);
	bpf_alui(c, BPF_ADD, R2, 4);
	code_put(c, AT, R2);
	bpf_alui(c, BPF_ADD, R9, 1);
	bpf_go(c, L_EXTENSION);

	/* length of the list, type 0, length of the name */
	bpf_label(c, L_SNI);
	code_read_at(c, AT, 4, 5, L_INCOMPLETE);
	bpf_load(c, BPF_B, R1, FP, BYTES + 2);
	bpf_jumpi(c, BPF_JNE, R1, 0, L_NO_SNI);
	code_get_be16(c, R1, BYTES + 3);
	code_put(c, NAME_N, R1);
	code_get(c, R2, AT);
	bpf_alui(c, BPF_ADD, R2, 9);
	code_put(c, NAME, R2);
	bpf_alu(c, BPF_ADD, R2, R1);
	bpf_load(c, BPF_W, R3, R6, offsetof(struct __sk_buff, len));
	bpf_jump(c, BPF_JGT, R2, R3, L_INCOMPLETE);
	bpf_go(c, L_NAME);
}

/* "CONNECT name:port …" of HTTP, and the same of SOCKS 5. */
static void read_proxy(struct bpf_code *c)
{
	bpf_label(c, L_CONNECT);
	code_read_at(c, PAYLOAD, 0, 8, L_INCOMPLETE);
	bpf_load(c, BPF_W, R1, FP, BYTES);
	bpf_be(c, R1, 32);
	bpf_jumpi(c, BPF_JNE, R1, 0x434f4e4e, L_UNNAMED);
	bpf_load(c, BPF_W, R1, FP, BYTES + 4);
	bpf_be(c, R1, 32);
	bpf_jumpi(c, BPF_JNE, R1, 0x45435420, L_UNNAMED);
	code_set_flag(c, SOCKET_PROXY);
	code_get(c, R2, PAYLOAD);
	bpf_alui(c, BPF_ADD, R2, 8);
	code_put(c, NAME, R2);
	bpf_movi(c, R9, 0);
	bpf_label(c, L_CONNECT_NEXT);
	bpf_jumpi(c, BPF_JGE, R9, NAME_BYTES - 2, L_UNREADABLE);
	code_get(c, R2, NAME);
	bpf_alu(c, BPF_ADD, R2, R9);
	code_read_bytes(c, BYTES, 1, L_INCOMPLETE);
	bpf_load(c, BPF_B, R1, FP, BYTES);
	bpf_jumpi(c, BPF_JEQ, R1, ':', L_CONNECT_END);
	bpf_jumpi(c, BPF_JEQ, R1, ' ', L_CONNECT_END);
	bpf_alui(c, BPF_ADD, R9, 1);
	bpf_go(c, L_CONNECT_NEXT);
	bpf_label(c, L_CONNECT_END);
	code_put(c, NAME_N, R9);
	bpf_go(c, L_NAME);

	/* version, number of methods, …: then version, 1 (connect), 0, 3 (a name), its length */
	bpf_label(c, L_SOCKS);
	code_if_flag(c, SOCKET_PROXY, L_SOCKS_ASKS);
	code_set_flag(c, SOCKET_PROXY);
	bpf_go(c, L_PASS);
	bpf_label(c, L_SOCKS_ASKS);
	code_read_at(c, PAYLOAD, 0, 5, L_PASS);
	bpf_load(c, BPF_B, R1, FP, BYTES + 3);
	bpf_jumpi(c, BPF_JNE, R1, 3, L_PASS);
	bpf_load(c, BPF_B, R1, FP, BYTES + 4);
	code_put(c, NAME_N, R1);
	code_get(c, R2, PAYLOAD);
	bpf_alui(c, BPF_ADD, R2, 5);
	code_put(c, NAME, R2);
	bpf_go(c, L_NAME);
}

/* Is the name at NAME closed? */
static void judge_name(struct bpf_code *c, const int map[MAPS])
{
	bpf_label(c, L_NAME);
	code_get(c, R9, NAME_N);
	bpf_jumpi(c, BPF_JEQ, R9, 0, L_NO_SNI);
	bpf_jumpi(c, BPF_JGT, R9, NAME_BYTES - 2, L_UNREADABLE);
	/* A dot at the end says nothing. */
	code_get(c, R2, NAME);
	bpf_alu(c, BPF_ADD, R2, R9);
	bpf_alui(c, BPF_SUB, R2, 1);
	code_read_bytes(c, BYTES, 1, L_INCOMPLETE);
	bpf_load(c, BPF_B, R1, FP, BYTES);
	bpf_jumpi(c, BPF_JNE, R1, '.', L_TAIL + 5);
	code_get(c, R9, NAME_N);
	bpf_alui(c, BPF_SUB, R9, 1);
	bpf_jumpi(c, BPF_JEQ, R9, 0, L_NO_SNI);
	code_put(c, NAME_N, R9);
	bpf_label(c, L_TAIL + 5);
	for (int i = 0; i < 34; i++)
		bpf_storei(c, BPF_DW, FP, NAME_KEY + 8 * i, 0);
	bpf_storei(c, BPF_W, FP, NAME_KEY, NAME_BYTES * 8);
	bpf_movi(c, R9, 0);
	bpf_label(c, L_NAME_NEXT);
	bpf_jumpi(c, BPF_JGE, R9, NAME_BYTES - 2, L_NAME_READY);
	code_get(c, R2, NAME_N);
	bpf_jump(c, BPF_JGE, R9, R2, L_NAME_READY);
	code_get(c, R1, NAME);
	bpf_alu(c, BPF_ADD, R2, R1);
	bpf_alui(c, BPF_SUB, R2, 1);
	bpf_alu(c, BPF_SUB, R2, R9);
	code_read_bytes(c, BYTES, 1, L_INCOMPLETE);
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
	code_lookup(c, map[MAP_NAMES], NAME_KEY);
	bpf_jumpi(c, BPF_JEQ, R0, 0, L_NAME_OPEN);
	bpf_load(c, BPF_W, R1, R0, 0);
	bpf_jumpi(c, BPF_JNE, R1, NAME_CLOSED, L_NAME_OPEN);
	code_why(c, RAW_NAME);
	code_if_flag(c, SOCKET_ELSEWHERE, L_WAITS);
	bpf_go(c, L_REFUSE);

	bpf_label(c, L_NAME_OPEN);
	code_get(c, R9, FLAGS);
	bpf_load(c, BPF_B, R1, FP, BYTES); /* keeps BYTES known to the verifier on both ways */
	code_if_flag(c, SOCKET_PROXY, L_NAME_PROXY);
	code_why(c, RAW_STRANGE);
	bpf_jumpi(c, BPF_JSET, R9, ADDRESS_SOLE, L_HOLD);
	bpf_label(c, L_MARK);
	code_set_flag(c, SOCKET_PASSED);
	bpf_go(c, L_PASS);
	/* What was asked of a proxy may still be followed by a ClientHello with another name; that one is the last. */
	bpf_label(c, L_NAME_PROXY);
	code_read_at(c, PAYLOAD, 0, 1, L_PASS);
	bpf_load(c, BPF_B, R1, FP, BYTES);
	bpf_jumpi(c, BPF_JEQ, R1, 0x16, L_MARK);
	bpf_go(c, L_PASS);
}

/* One more try of the same bytes: after the last it is refused; goes on at the first alone, for what is told once. */
static void try_again(struct bpf_code *c)
{
	bpf_load(c, BPF_W, R1, R8, offsetof(struct egress_socket, tries));
	bpf_alui(c, BPF_ADD, R1, 1);
	bpf_store(c, BPF_W, R8, offsetof(struct egress_socket, tries), R1);
	bpf_jumpi(c, BPF_JGT, R1, HOLD_TRIES, L_REFUSE);
	bpf_jumpi(c, BPF_JGT, R1, 1, L_DROP);
}

/* What happens where a name is not to be had, or not yet. */
static void judge_rest(struct bpf_code *c, const int map[MAPS])
{
	/* TLS without a name: who shares an address sends one. */
	bpf_label(c, L_NO_SNI);
	code_get(c, R9, FLAGS);
	bpf_movi(c, R1, 0);
	code_put(c, NAME_N, R1);
	bpf_jumpi(c, BPF_JNE, R9, 0, L_BY_ADDRESS);
	bpf_go(c, L_MARK);

	bpf_label(c, L_UNNAMED);
	code_get(c, R9, FLAGS);
	bpf_jumpi(c, BPF_JSET, R9, ADDRESS_SOLE, L_BY_ADDRESS);
	code_if_flag(c, SOCKET_PROXY, L_PASS);
	bpf_go(c, L_MARK);

	/* Only a part is there. A large one is as much as fits into one packet of a bad line, and waiting would not help. */
	bpf_label(c, L_INCOMPLETE);
	bpf_movi(c, R1, 0);
	code_put(c, NAME_N, R1);
	bpf_load(c, BPF_W, R1, R6, offsetof(struct __sk_buff, len));
	code_get(c, R2, PAYLOAD);
	bpf_alui(c, BPF_ADD, R2, 1200);
	bpf_jump(c, BPF_JGE, R1, R2, L_NO_SNI);
	code_why(c, RAW_UNREADABLE);
	bpf_label(c, L_HOLD);
	try_again(c);
	code_count(c, map, COUNT_HELD, L_HOLD_REFUSE);
	code_get(c, R1, WHY);
	bpf_jumpi(c, BPF_JNE, R1, RAW_STRANGE, L_DROP);
	code_why(c, RAW_HELD);
	bpf_go(c, L_EVENT);

	bpf_label(c, L_UNREADABLE);
	bpf_movi(c, R1, 0);
	code_put(c, NAME_N, R1);
	code_why(c, RAW_UNREADABLE);
	bpf_go(c, L_REFUSE);

	bpf_label(c, L_BY_ADDRESS);
	code_why(c, RAW_ADDRESS);
	bpf_label(c, L_REFUSE);
	code_get(c, R1, PROTOCOL);
	bpf_jumpi(c, BPF_JNE, R1, IPPROTO_TCP, L_TAIL + 6);
	code_set_flag(c, SOCKET_REFUSED);
	bpf_label(c, L_TAIL + 6);
	code_count(c, map, COUNT_REFUSED, L_TAIL + 7);
}

/* A closed name, by somebody who may be a gate's, or in one: is it known meanwhile? */
static void judge_stranger(struct bpf_code *c, const int map[MAPS])
{
	bpf_label(c, L_WAITS);
	bpf_load(c, BPF_DW, R1, R8, offsetof(struct egress_socket, network));
	code_put(c, AT, R1);
	code_lookup(c, map[MAP_NETWORKS], AT);
	bpf_jumpi(c, BPF_JNE, R0, 0, L_EXCEPT);
	bpf_load(c, BPF_W, R1, R8, offsetof(struct egress_socket, process));
	bpf_store(c, BPF_W, FP, BYTES, R1);
	code_lookup(c, map[MAP_PROCESSES], BYTES);
	bpf_jumpi(c, BPF_JNE, R0, 0, L_EXCEPT);
	try_again(c);
	code_why(c, RAW_WAITS);
	bpf_go(c, L_EVENT);
	bpf_label(c, L_EXCEPT);
	code_set_flag(c, SOCKET_EXCEPTED);
	bpf_go(c, L_PASS);
}

/* The port that it goes to, as R1 and PORT. */
static void read_port(struct bpf_code *c)
{
	code_read_at(c, L4, 2, 2, L_PASS);
	bpf_load(c, BPF_H, R1, FP, BYTES);
	code_put(c, PORT, R1);
}

/* By what is carried: what needs no name is judged here; else it goes on at what the first byte shows. */
static void judge_transport(struct bpf_code *c)
{
	/* The port, where there is one. */
	code_get(c, R1, PROTOCOL);
	bpf_jumpi(c, BPF_JEQ, R1, IPPROTO_TCP, L_TCP);
	bpf_jumpi(c, BPF_JEQ, R1, IPPROTO_UDP, L_UDP);
	bpf_jumpi(c, BPF_JSET, R9, ADDRESS_HARD | ADDRESS_SOLE, L_BY_ADDRESS);
	bpf_go(c, L_PASS);

	bpf_label(c, L_UDP);
	bpf_jumpi(c, BPF_JEQ, R9, 0, L_PASS);
	read_port(c);
	bpf_jumpi(c, BPF_JSET, R9, ADDRESS_HARD | ADDRESS_SOLE, L_BY_ADDRESS);
	bpf_be(c, R1, 16);
	bpf_jumpi(c, BPF_JEQ, R1, 443, L_BY_ADDRESS);
	bpf_go(c, L_PASS);

	bpf_label(c, L_TCP);
	read_port(c);
	bpf_jumpi(c, BPF_JSET, R9, ADDRESS_HARD, L_BY_ADDRESS);
	code_skip_tcp(c);
	bpf_load(c, BPF_W, R1, R6, offsetof(struct __sk_buff, len));
	bpf_jump(c, BPF_JLE, R1, R2, L_PASS); /* nothing but the header */
	code_if_flag(c, SOCKET_PROXY, L_FIRST);
	bpf_mov(c, R1, R7);
	bpf_call(c, BPF_FUNC_tcp_sock);
	bpf_jumpi(c, BPF_JEQ, R0, 0, L_UNNAMED);
	/* The SYN counts as one. A connection that is older than we are shows no name any more. */
	bpf_load(c, BPF_DW, R1, R0, offsetof(struct bpf_tcp_sock, bytes_acked));
	bpf_jumpi(c, BPF_JLE, R1, 1, L_FIRST);
	bpf_jumpi(c, BPF_JSET, R9, ADDRESS_SOLE, L_BY_ADDRESS);
	bpf_go(c, L_PASS);

	bpf_label(c, L_FIRST);
	code_read_at(c, PAYLOAD, 0, 1, L_PASS);
	bpf_load(c, BPF_B, R1, FP, BYTES);
	bpf_jumpi(c, BPF_JEQ, R1, 0x16, L_TLS);
	bpf_jumpi(c, BPF_JEQ, R1, 'C', L_CONNECT);
	bpf_jumpi(c, BPF_JEQ, R1, 5, L_SOCKS);
	bpf_go(c, L_UNNAMED);
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
	code_if_flag(c, SOCKET_REFUSED, L_DROP);
	bpf_jumpi(c, BPF_JSET, R1, SOCKET_EXCEPTED | SOCKET_PASSED, L_PASS);
	for (int slot = PORT; slot < BYTES; slot += 8)
		if (slot < NAME_KEY || slot >= FLAGS)
			bpf_storei(c, BPF_DW, FP, slot, 0);
	code_read_ip(c, false);
	code_look_address(c, map);
	judge_transport(c);
	read_hello(c);
	read_proxy(c);
	judge_name(c, map);
	judge_stranger(c, map);
	judge_rest(c, map);
	code_write_event(c, map, true);
	code_end(c, true);
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
		egress_write_ingress(c, map);
		break;
	default:
		egress_write_connect(c, map, program == PROGRAM_CONNECT6 || program == PROGRAM_SENDMSG6, at_connect);
		break;
	}
	int r = bpf_end(c, err);
	if (r < 0)
		return r;
	const struct egress_program *p = &egress_programs[program];
	return bpf_program(p->name, p->type, p->attach, c, err);
}
