#include "guard/egress_code.h"

#include <netinet/in.h>

#include "base/cleanup.h"

void code_read_bytes(struct bpf_code *c, int to, int n, unsigned otherwise)
{
	bpf_mov(c, R1, R6);
	bpf_mov(c, R3, FP);
	bpf_alui(c, BPF_ADD, R3, to);
	bpf_movi(c, R4, n);
	bpf_call(c, BPF_FUNC_skb_load_bytes);
	bpf_jumpi(c, BPF_JNE, R0, 0, otherwise);
}

void code_get(struct bpf_code *c, enum bpf_reg r, int slot)
{
	bpf_load(c, BPF_DW, r, FP, slot);
}

void code_put(struct bpf_code *c, int slot, enum bpf_reg r)
{
	bpf_store(c, BPF_DW, FP, slot, r);
}

void code_read_at(struct bpf_code *c, int slot, int plus, int n, unsigned otherwise)
{
	code_get(c, R2, slot);
	if (plus)
		bpf_alui(c, BPF_ADD, R2, plus);
	code_read_bytes(c, BYTES, n, otherwise);
}

void code_get_be16(struct bpf_code *c, enum bpf_reg r, int at)
{
	bpf_load(c, BPF_B, r, FP, at);
	bpf_alui(c, BPF_LSH, r, 8);
	bpf_load(c, BPF_B, R0, FP, at + 1);
	bpf_alu(c, BPF_OR, r, R0);
}

void code_lookup(struct bpf_code *c, int map, int key)
{
	bpf_map(c, R1, map);
	bpf_mov(c, R2, FP);
	bpf_alui(c, BPF_ADD, R2, key);
	bpf_call(c, BPF_FUNC_map_lookup_elem);
}

void code_key_mapped(struct bpf_code *c)
{
	bpf_storei(c, BPF_DW, FP, KEY, 0);
	bpf_storei(c, BPF_H, FP, KEY + 8, 0);
	bpf_storei(c, BPF_H, FP, KEY + 10, 0xffff);
}

void code_read_ip(struct bpf_code *c, bool source)
{
	bpf_movi(c, R2, 0);
	code_read_bytes(c, BYTES, 1, L_PASS);
	bpf_load(c, BPF_B, R1, FP, BYTES);
	bpf_mov(c, R2, R1);
	bpf_alui(c, BPF_RSH, R1, 4);
	bpf_jumpi(c, BPF_JEQ, R1, 6, L_V6);
	bpf_jumpi(c, BPF_JNE, R1, 4, L_PASS);
	bpf_alui(c, BPF_AND, R2, 15);
	bpf_alui(c, BPF_LSH, R2, 2);
	code_put(c, L4, R2);
	code_key_mapped(c);
	bpf_movi(c, R2, source ? 12 : 16);
	code_read_bytes(c, KEY + 12, 4, L_PASS);
	bpf_movi(c, R2, 9);
	code_read_bytes(c, BYTES, 1, L_PASS);
	bpf_load(c, BPF_B, R1, FP, BYTES);
	code_put(c, PROTOCOL, R1);
	bpf_go(c, L_IP);

	bpf_label(c, L_V6);
	bpf_movi(c, R2, source ? 8 : 24);
	code_read_bytes(c, KEY, 16, L_PASS);
	bpf_movi(c, R2, 6);
	code_read_bytes(c, BYTES, 1, L_PASS);
	bpf_load(c, BPF_B, R1, FP, BYTES);
	code_put(c, PROTOCOL, R1);
	bpf_movi(c, R2, 40);
	code_put(c, L4, R2);
	/* Extension headers in front of the transport's, at most four. */
	for (unsigned i = 0; i < 4; i++) {
		unsigned next = L_TAIL + i;
		code_get(c, R1, PROTOCOL);
		bpf_jumpi(c, BPF_JEQ, R1, IPPROTO_HOPOPTS, next);
		bpf_jumpi(c, BPF_JEQ, R1, IPPROTO_ROUTING, next);
		bpf_jumpi(c, BPF_JNE, R1, IPPROTO_DSTOPTS, L_IP);
		bpf_label(c, next);
		code_read_at(c, L4, 0, 2, L_PASS);
		bpf_load(c, BPF_B, R1, FP, BYTES);
		code_put(c, PROTOCOL, R1);
		bpf_load(c, BPF_B, R1, FP, BYTES + 1);
		bpf_alui(c, BPF_ADD, R1, 1);
		bpf_alui(c, BPF_LSH, R1, 3);
		code_get(c, R2, L4);
		bpf_alu(c, BPF_ADD, R2, R1);
		code_put(c, L4, R2);
	}
	bpf_label(c, L_IP);
}

void code_skip_tcp(struct bpf_code *c)
{
	code_read_at(c, L4, 12, 1, L_PASS);
	bpf_load(c, BPF_B, R1, FP, BYTES);
	bpf_alui(c, BPF_RSH, R1, 4);
	bpf_alui(c, BPF_LSH, R1, 2);
	code_get(c, R2, L4);
	bpf_alu(c, BPF_ADD, R2, R1);
	code_put(c, PAYLOAD, R2);
}

void code_look_address(struct bpf_code *c, const int map[MAPS])
{
	code_lookup(c, map[MAP_ADDRESS], KEY);
	bpf_movi(c, R9, 0);
	bpf_jumpi(c, BPF_JEQ, R0, 0, L_NO_ADDRESS);
	bpf_load(c, BPF_W, R9, R0, 0);
	bpf_label(c, L_NO_ADDRESS);
	code_put(c, FLAGS, R9);
}

void code_count(struct bpf_code *c, const int map[MAPS], int which, unsigned skip)
{
	bpf_storei(c, BPF_W, FP, BYTES, which);
	code_lookup(c, map[MAP_COUNTS], BYTES);
	bpf_jumpi(c, BPF_JEQ, R0, 0, skip);
	bpf_movi(c, R1, 1);
	bpf_count(c, R0, 0, R1);
	bpf_label(c, skip);
}

void code_set_flag(struct bpf_code *c, int32_t flag)
{
	bpf_load(c, BPF_W, R1, R8, offsetof(struct egress_socket, flags));
	bpf_alui(c, BPF_OR, R1, flag);
	bpf_store(c, BPF_W, R8, offsetof(struct egress_socket, flags), R1);
}

void code_if_flag(struct bpf_code *c, int32_t flags, unsigned label)
{
	bpf_load(c, BPF_W, R1, R8, offsetof(struct egress_socket, flags));
	bpf_jumpi(c, BPF_JSET, R1, flags, label);
}

void code_why(struct bpf_code *c, int32_t reason)
{
	bpf_movi(c, R1, reason);
	code_put(c, WHY, R1);
}

void code_write_event(struct bpf_code *c, const int map[MAPS], bool packet)
{
	bpf_label(c, L_EVENT);
	bpf_map(c, R1, map[MAP_EVENTS]);
	bpf_movi(c, R2, sizeof(struct egress_raw));
	bpf_movi(c, R3, 0);
	bpf_call(c, BPF_FUNC_ringbuf_reserve);
	bpf_jumpi(c, BPF_JEQ, R0, 0, L_LOST);
	bpf_mov(c, R9, R0);
#define FIELD(name) ((int)offsetof(struct egress_raw, name))
	code_get(c, R1, WHY);
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
	code_get(c, R1, PORT);
	bpf_store(c, BPF_H, R9, FIELD(port), R1);
	code_get(c, R1, PROTOCOL);
	bpf_store(c, BPF_B, R9, FIELD(protocol), R1);
	bpf_storei(c, BPF_B, R9, FIELD(at_connect), packet ? 0 : 1);
	bpf_storei(c, BPF_W, R9, FIELD(source_port), 0);
	bpf_mov(c, R1, R6);
	bpf_call(c, BPF_FUNC_get_socket_cookie);
	bpf_store(c, BPF_DW, R9, FIELD(cookie), R0);
	bpf_storei(c, BPF_W, R9, FIELD(name_n), 0);
	if (packet) {
		/* Of the socket, for who has to end it. */
		bpf_load(c, BPF_W, R1, R7, offsetof(struct bpf_sock, src_port));
		bpf_store(c, BPF_W, R9, FIELD(source_port), R1);
		for (int i = 0; i < 4; i++) {
			bpf_load(c, BPF_W, R1, R7, (int)offsetof(struct bpf_sock, src_ip6) + 4 * i);
			bpf_store(c, BPF_W, R9, FIELD(source) + 4 * i, R1);
		}
		bpf_load(c, BPF_W, R1, R7, offsetof(struct bpf_sock, src_ip4));
		bpf_store(c, BPF_W, R9, FIELD(source4), R1);
		code_get(c, R4, NAME_N);
		bpf_jumpi(c, BPF_JEQ, R4, 0, L_EVENT_NO_NAME);
		bpf_jumpi(c, BPF_JGT, R4, NAME_BYTES - 1, L_EVENT_NO_NAME);
		bpf_mov(c, R1, R6);
		code_get(c, R2, NAME);
		bpf_mov(c, R3, R9);
		bpf_alui(c, BPF_ADD, R3, FIELD(name));
		bpf_call(c, BPF_FUNC_skb_load_bytes);
		bpf_jumpi(c, BPF_JNE, R0, 0, L_EVENT_NO_NAME);
		code_get(c, R4, NAME_N);
		bpf_store(c, BPF_W, R9, FIELD(name_n), R4);
	}
	bpf_label(c, L_EVENT_NO_NAME);
	bpf_mov(c, R1, R9);
	bpf_movi(c, R2, 0);
	bpf_call(c, BPF_FUNC_ringbuf_submit);
	bpf_go(c, L_DROP);
#undef FIELD
	bpf_label(c, L_LOST);
	code_count(c, map, COUNT_LOST, L_TAIL + 10);
	bpf_go(c, L_DROP);
}

void code_end(struct bpf_code *c, bool drops)
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
