/* The programs for a connect(), or a datagram to an address, and for a packet that arrives. */
#include <netinet/in.h>

#include "guard/egress_code.h"

/* ---- A connect(), or a datagram to an address ---- */

/* R7: SOCKET_EXCEPTED if the process, or a cgroup that it is in, is. */
static void look_excepted(struct bpf_code *c, const int map[MAPS])
{
	bpf_movi(c, R7, 0);
	bpf_call(c, BPF_FUNC_get_current_pid_tgid);
	bpf_alui(c, BPF_RSH, R0, 32);
	bpf_store(c, BPF_W, FP, BYTES, R0);
	code_lookup(c, map[MAP_PROCESSES], BYTES);
	bpf_jumpi(c, BPF_JNE, R0, 0, L_EXCEPTED);
	/* From the root down; deeper than this nobody nests them. */
	for (int level = 0; level < 16; level++) {
		bpf_movi(c, R1, level);
		bpf_call(c, BPF_FUNC_get_current_ancestor_cgroup_id);
		bpf_jumpi(c, BPF_JEQ, R0, 0, L_ASKED);
		code_put(c, BYTES, R0);
		code_lookup(c, map[MAP_CGROUPS], BYTES);
		bpf_jumpi(c, BPF_JNE, R0, 0, L_EXCEPTED);
	}
	bpf_go(c, L_ASKED);
	bpf_label(c, L_EXCEPTED);
	bpf_movi(c, R7, SOCKET_EXCEPTED);
	bpf_label(c, L_ASKED);
	/* AT: its network. */
	bpf_mov(c, R1, R6);
	bpf_call(c, BPF_FUNC_get_netns_cookie);
	code_put(c, AT, R0);
	code_lookup(c, map[MAP_NETWORKS], AT);
	bpf_jumpi(c, BPF_JEQ, R0, 0, L_STRANGER);
	bpf_alui(c, BPF_OR, R7, SOCKET_EXCEPTED);
	bpf_label(c, L_STRANGER);
	bpf_storei(c, BPF_W, FP, BYTES, COUNT_HOME);
	code_lookup(c, map[MAP_COUNTS], BYTES);
	bpf_jumpi(c, BPF_JEQ, R0, 0, L_HOME);
	bpf_load(c, BPF_DW, R1, R0, 0);
	code_get(c, R2, AT);
	bpf_jump(c, BPF_JEQ, R1, R2, L_HOME);
	bpf_alui(c, BPF_OR, R7, SOCKET_ELSEWHERE);
	bpf_label(c, L_HOME);
}

void egress_write_connect(struct bpf_code *c, const int map[MAPS], bool ipv6, bool at_connect)
{
#define FIELD(name) ((int)offsetof(struct bpf_sock_addr, name))
	bpf_mov(c, R6, R1);
	if (ipv6) {
		for (int i = 0; i < 4; i++) {
			bpf_load(c, BPF_W, R1, R6, FIELD(user_ip6) + 4 * i);
			bpf_store(c, BPF_W, FP, KEY + 4 * i, R1);
		}
	} else {
		code_key_mapped(c);
		bpf_load(c, BPF_W, R1, R6, FIELD(user_ip4));
		bpf_store(c, BPF_W, FP, KEY + 12, R1);
	}
	bpf_load(c, BPF_W, R1, R6, FIELD(user_port));
	code_put(c, PORT, R1);
	bpf_load(c, BPF_W, R1, R6, FIELD(protocol));
	code_put(c, PROTOCOL, R1);
	code_look_address(c, map);
	/* A datagram that nothing speaks against is not worth more time; each is asked about again. Of who asks a DNS server it is of
	 * interest where he is. */
	code_get(c, R1, PROTOCOL);
	bpf_jumpi(c, BPF_JEQ, R1, IPPROTO_TCP, L_TCP);
	bpf_jumpi(c, BPF_JNE, R9, 0, L_TCP);
	code_get(c, R1, PORT);
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
	code_get(c, R1, AT);
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
	code_set_flag(c, SOCKET_ELSEWHERE);
	bpf_label(c, L_HERE);
	bpf_jumpi(c, BPF_JSET, R7, SOCKET_EXCEPTED, L_PASS);
	bpf_jumpi(c, BPF_JSET, R9, ADDRESS_HARD, L_REFUSE);
	code_get(c, R1, PROTOCOL);
	bpf_jumpi(c, BPF_JNE, R1, IPPROTO_TCP, L_UDP);
	if (at_connect)
		bpf_jumpi(c, BPF_JSET, R9, ADDRESS_SOLE, L_REFUSE);
	bpf_go(c, L_PASS);
	bpf_label(c, L_UDP);
	bpf_jumpi(c, BPF_JSET, R9, ADDRESS_SOLE, L_REFUSE);
	code_get(c, R1, PORT);
	bpf_be(c, R1, 16);
	bpf_jumpi(c, BPF_JNE, R1, 443, L_PASS);
	bpf_label(c, L_REFUSE);
	code_why(c, RAW_ADDRESS);
	code_count(c, map, COUNT_REFUSED, L_TAIL + 7);
	code_write_event(c, map, false);
	code_end(c, true);
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
	code_get(c, R1, PROTOCOL);
	bpf_store(c, BPF_W, R9, offsetof(struct egress_answer, protocol), R1);
	bpf_store(c, BPF_W, R9, offsetof(struct egress_answer, n), R7);
	bpf_mov(c, R1, R6);
	code_get(c, R2, PAYLOAD);
	bpf_mov(c, R3, R9);
	bpf_alui(c, BPF_ADD, R3, sizeof(struct egress_answer));
	bpf_mov(c, R4, R7);
	bpf_call(c, BPF_FUNC_skb_load_bytes);
	bpf_mov(c, R1, R9);
	bpf_movi(c, R2, 0);
	bpf_call(c, BPF_FUNC_ringbuf_submit);
}

void egress_write_ingress(struct bpf_code *c, const int map[MAPS])
{
	bpf_mov(c, R6, R1);
	code_read_ip(c, true);
	code_get(c, R1, PROTOCOL);
	bpf_jumpi(c, BPF_JEQ, R1, IPPROTO_UDP, L_FIRST);
	bpf_jumpi(c, BPF_JNE, R1, IPPROTO_TCP, L_PASS);
	bpf_label(c, L_FIRST);
	code_read_at(c, L4, 0, 2, L_PASS);
	code_get_be16(c, R1, BYTES);
	bpf_jumpi(c, BPF_JNE, R1, 53, L_PASS);
	code_get(c, R1, PROTOCOL);
	bpf_jumpi(c, BPF_JEQ, R1, IPPROTO_TCP, L_TCP);
	code_get(c, R2, L4);
	bpf_alui(c, BPF_ADD, R2, 8);
	code_put(c, PAYLOAD, R2);
	bpf_go(c, L_COPY);
	bpf_label(c, L_TCP);
	code_skip_tcp(c);

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
	code_get(c, R2, PAYLOAD);
	bpf_jump(c, BPF_JLE, R7, R2, L_PASS);
	bpf_alu(c, BPF_SUB, R7, R2);
	code_count(c, map, COUNT_ANSWERS, L_TAIL + 7);
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
	code_count(c, map, COUNT_ANSWERS_LOST, L_TAIL + 8);
	bpf_go(c, L_PASS);
	code_end(c, false);
}
