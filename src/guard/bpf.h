/* bpf: programs for the kernel's virtual machine (bpf(2)), written as instructions, and what the kernel is asked to do with them. No
 * compiler and no library at run time: an assembler with labels, and thin calls. Everything here wants CAP_BPF and CAP_NET_ADMIN. */
#ifndef POSTERN_GUARD_BPF_H
#define POSTERN_GUARD_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* ---- The assembler ---- */

#define BPF_CODE_MAX   2048
#define BPF_LABELS_MAX 128

enum bpf_reg { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, FP };

struct bpf_code {
	struct bpf_insn insn[BPF_CODE_MAX];
	size_t n;
	int16_t label[BPF_LABELS_MAX]; /* where it is; -1: not yet */
	int16_t target[BPF_CODE_MAX];  /* the label that a jump goes to; -1: no jump */
	const char *bad;               /* the first mistake, constant; NULL: none */
};

void bpf_begin(struct bpf_code *c);
/* A label is a small number that the caller chooses; each is placed once. */
void bpf_label(struct bpf_code *c, unsigned label);
/* Resolves the labels. 0; -EINVAL if the code is too long, or a label was not placed, or twice. */
[[nodiscard]] int bpf_end(struct bpf_code *c, struct err *err);

void bpf_mov(struct bpf_code *c, enum bpf_reg dst, enum bpf_reg src);
void bpf_movi(struct bpf_code *c, enum bpf_reg dst, int32_t imm);
/* op: BPF_ADD, BPF_SUB, BPF_AND, BPF_OR, BPF_LSH, BPF_RSH, BPF_MUL, …; on 64 bits. */
void bpf_alu(struct bpf_code *c, uint8_t op, enum bpf_reg dst, enum bpf_reg src);
void bpf_alui(struct bpf_code *c, uint8_t op, enum bpf_reg dst, int32_t imm);
/* From network order to the machine's; bits: 16, 32 or 64. */
void bpf_be(struct bpf_code *c, enum bpf_reg dst, int32_t bits);
/* size: BPF_B, BPF_H, BPF_W or BPF_DW. */
void bpf_load(struct bpf_code *c, uint8_t size, enum bpf_reg dst, enum bpf_reg src, int off);
void bpf_store(struct bpf_code *c, uint8_t size, enum bpf_reg dst, int off, enum bpf_reg src);
void bpf_storei(struct bpf_code *c, uint8_t size, enum bpf_reg dst, int off, int32_t imm);
/* op: BPF_JEQ, BPF_JNE, BPF_JGT, BPF_JGE, BPF_JLT, BPF_JLE, BPF_JSET, …; unsigned, on 64 bits. */
void bpf_jump(struct bpf_code *c, uint8_t op, enum bpf_reg dst, enum bpf_reg src, unsigned label);
void bpf_jumpi(struct bpf_code *c, uint8_t op, enum bpf_reg dst, int32_t imm, unsigned label);
void bpf_go(struct bpf_code *c, unsigned label);
void bpf_call(struct bpf_code *c, int32_t helper);
void bpf_exit(struct bpf_code *c);
void bpf_map(struct bpf_code *c, enum bpf_reg dst, int map_fd);
/* *(u64 *)(dst + off) += src, as one step. */
void bpf_count(struct bpf_code *c, enum bpf_reg dst, int off, enum bpf_reg src);

/* ---- The kernel ---- */

/* bpf(2) itself: what it gives, or negative errno. */
[[nodiscard]] int bpf_ask(int cmd, union bpf_attr *attr);

struct bpf_map_spec {
	const char *name; /* at most 15 letters */
	uint32_t type, key, value, entries, flags;
};
/* A descriptor (close-on-exec), or negative errno. BPF_MAP_TYPE_SK_STORAGE gets the type information that the kernel wants. */
[[nodiscard]] int bpf_map_new(const struct bpf_map_spec *spec);
[[nodiscard]] int bpf_map_set(int map, const void *key, const void *value);
[[nodiscard]] int bpf_map_get(int map, const void *key, void *value);
/* -ENOENT: it was not there. */
[[nodiscard]] int bpf_map_drop(int map, const void *key);
/* key NULL: the first. -ENOENT: there are no more. */
[[nodiscard]] int bpf_map_next(int map, const void *key, void *next);

/* Loads a program; a refusal is told with the end of what the verifier said. */
[[nodiscard]] int bpf_program(const char *name, uint32_t type, uint32_t attach_type, const struct bpf_code *code, struct err *err);
/* Attaches it to a cgroup for as long as the link's descriptor (the result) is open or pinned. */
[[nodiscard]] int bpf_link_new(int program, int cgroup, uint32_t attach_type);
/* Puts another program into a link's place, without a moment between. */
[[nodiscard]] int bpf_link_replace(int link, int program);
/* In a folder of a BPF file system. */
[[nodiscard]] int bpf_pin(int fd, int folder, const char *name);
/* A descriptor of what is pinned there; -ENOENT. */
[[nodiscard]] int bpf_pinned(int folder, const char *name);

/* ---- A ring buffer (BPF_MAP_TYPE_RINGBUF), read ---- */

struct bpf_ring {
	int fd; /* of the map; readable when there is something */
	size_t size, page;
	uint8_t *consumer, *producer; /* mapped */
};
[[nodiscard]] int bpf_ring_open(struct bpf_ring *r, int map, size_t size);
void bpf_ring_close(struct bpf_ring *r);
/* The next record: 1, and 0 if there is none. It is valid until bpf_ring_done(), which gives its room back. */
int bpf_ring_next(struct bpf_ring *r, const void **data, size_t *n);
void bpf_ring_done(struct bpf_ring *r);

#endif
