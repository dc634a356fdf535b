#include "guard/bpf.h"

#include <errno.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#define LOG_BYTES (256u << 10)

void bpf_begin(struct bpf_code *c)
{
	c->n = 0;
	c->bad = NULL;
	memset(c->label, 0xff, sizeof(c->label));
	memset(c->target, 0xff, sizeof(c->target));
}

static struct bpf_insn *emit(struct bpf_code *c, uint8_t code, enum bpf_reg dst, enum bpf_reg src, int off, int32_t imm)
{
	if (c->n >= BPF_CODE_MAX) {
		c->bad = c->bad ? c->bad : "the program is too long";
		return NULL;
	}
	struct bpf_insn *i = &c->insn[c->n++];
	*i = (struct bpf_insn){
	        .code = code, .dst_reg = (unsigned)dst & 15u, .src_reg = (unsigned)src & 15u, .off = (int16_t)off, .imm = imm};
	return i;
}

void bpf_label(struct bpf_code *c, unsigned label)
{
	if (label >= BPF_LABELS_MAX || c->label[label] >= 0)
		c->bad = c->bad ? c->bad : "a label is out of range or placed twice";
	else
		c->label[label] = (int16_t)c->n;
}

int bpf_end(struct bpf_code *c, struct err *err)
{
	for (size_t i = 0; i < c->n && !c->bad; i++) {
		if (c->target[i] < 0)
			continue;
		int at = c->label[c->target[i]];
		if (at < 0)
			c->bad = "a label was not placed";
		c->insn[i].off = (int16_t)(at - (int)i - 1);
	}
	return c->bad ? err_set(err, -EINVAL, "a program for the kernel: %s", c->bad) : 0;
}

static void jump(struct bpf_code *c, uint8_t code, enum bpf_reg dst, enum bpf_reg src, int32_t imm, unsigned label)
{
	if (emit(c, code, dst, src, 0, imm))
		c->target[c->n - 1] = (int16_t)(label < BPF_LABELS_MAX ? label : 0);
}

void bpf_mov(struct bpf_code *c, enum bpf_reg dst, enum bpf_reg src)
{
	emit(c, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

void bpf_movi(struct bpf_code *c, enum bpf_reg dst, int32_t imm)
{
	emit(c, BPF_ALU64 | BPF_MOV | BPF_K, dst, R0, 0, imm);
}

void bpf_alu(struct bpf_code *c, uint8_t op, enum bpf_reg dst, enum bpf_reg src)
{
	emit(c, (uint8_t)(BPF_ALU64 | op | BPF_X), dst, src, 0, 0);
}

void bpf_alui(struct bpf_code *c, uint8_t op, enum bpf_reg dst, int32_t imm)
{
	emit(c, (uint8_t)(BPF_ALU64 | op | BPF_K), dst, R0, 0, imm);
}

void bpf_be(struct bpf_code *c, enum bpf_reg dst, int32_t bits)
{
	emit(c, BPF_ALU | BPF_END | BPF_TO_BE, dst, R0, 0, bits);
}

void bpf_load(struct bpf_code *c, uint8_t size, enum bpf_reg dst, enum bpf_reg src, int off)
{
	emit(c, (uint8_t)(BPF_LDX | BPF_MEM | size), dst, src, off, 0);
}

void bpf_store(struct bpf_code *c, uint8_t size, enum bpf_reg dst, int off, enum bpf_reg src)
{
	emit(c, (uint8_t)(BPF_STX | BPF_MEM | size), dst, src, off, 0);
}

void bpf_storei(struct bpf_code *c, uint8_t size, enum bpf_reg dst, int off, int32_t imm)
{
	emit(c, (uint8_t)(BPF_ST | BPF_MEM | size), dst, R0, off, imm);
}

void bpf_jump(struct bpf_code *c, uint8_t op, enum bpf_reg dst, enum bpf_reg src, unsigned label)
{
	jump(c, (uint8_t)(BPF_JMP | op | BPF_X), dst, src, 0, label);
}

void bpf_jumpi(struct bpf_code *c, uint8_t op, enum bpf_reg dst, int32_t imm, unsigned label)
{
	jump(c, (uint8_t)(BPF_JMP | op | BPF_K), dst, R0, imm, label);
}

void bpf_go(struct bpf_code *c, unsigned label)
{
	jump(c, BPF_JMP | BPF_JA, R0, R0, 0, label);
}

void bpf_call(struct bpf_code *c, int32_t helper)
{
	emit(c, BPF_JMP | BPF_CALL, R0, R0, 0, helper);
}

void bpf_exit(struct bpf_code *c)
{
	emit(c, BPF_JMP | BPF_EXIT, R0, R0, 0, 0);
}

void bpf_map(struct bpf_code *c, enum bpf_reg dst, int map_fd)
{
	/* BPF_IMM is 0, and is there to be read. */
	emit(c, BPF_LD | BPF_DW | BPF_IMM /* NOLINT(misc-redundant-expression) */, dst, (enum bpf_reg)BPF_PSEUDO_MAP_FD, 0, map_fd);
	emit(c, 0, R0, R0, 0, 0);
}

void bpf_count(struct bpf_code *c, enum bpf_reg dst, int off, enum bpf_reg src)
{
	emit(c, BPF_STX | BPF_ATOMIC | BPF_DW, dst, src, off, BPF_ADD);
}

int bpf_ask(int cmd, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, cmd, attr, sizeof(*attr));
	return r < 0 ? -errno : (int)r;
}

static uint64_t pointer(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* Storage of sockets wants to know the types of its key and value: an int, and an array of ints as large as the value. */
static int storage_types(uint32_t value)
{
	struct {
		struct btf_header header;
		struct btf_type integer;
		uint32_t integer_is;
		struct btf_type array;
		struct btf_array array_is;
		char names[8];
	} btf = {
	        .header = {.magic = BTF_MAGIC,
	                .version = BTF_VERSION,
	                .hdr_len = sizeof(struct btf_header),
	                .type_len = offsetof(__typeof__(btf), names) - sizeof(struct btf_header),
	                .str_off = offsetof(__typeof__(btf), names) - sizeof(struct btf_header),
	                .str_len = 5},
	        .integer = {.name_off = 1, .info = BTF_KIND_INT << 24, .size = 4},
	        .integer_is = BTF_INT_SIGNED << 24 | 32,
	        .array = {.info = BTF_KIND_ARRAY << 24},
	        .array_is = {.type = 1, .index_type = 1, .nelems = value / 4},
	        .names = "\0int",
	};
	union bpf_attr attr = {.btf = pointer(&btf), .btf_size = offsetof(__typeof__(btf), names) + 5};
	return bpf_ask(BPF_BTF_LOAD, &attr);
}

int bpf_map_new(const struct bpf_map_spec *spec)
{
	_cleanup_fd_ int types = -1;
	union bpf_attr attr = {.map_type = spec->type,
	        .key_size = spec->key,
	        .value_size = spec->value,
	        .max_entries = spec->entries,
	        .map_flags = spec->flags};
	(void)snprintf(attr.map_name, sizeof(attr.map_name), "%s", spec->name);
	if (spec->type == BPF_MAP_TYPE_SK_STORAGE) {
		types = storage_types(spec->value);
		if (types < 0)
			return types;
		attr.btf_fd = (uint32_t)types;
		attr.btf_key_type_id = 1;
		attr.btf_value_type_id = 2;
	}
	return bpf_ask(BPF_MAP_CREATE, &attr);
}

int bpf_map_set(int map, const void *key, const void *value)
{
	union bpf_attr attr = {.map_fd = (uint32_t)map, .key = pointer(key), .value = pointer(value), .flags = BPF_ANY};
	return bpf_ask(BPF_MAP_UPDATE_ELEM, &attr);
}

int bpf_map_get(int map, const void *key, void *value)
{
	union bpf_attr attr = {.map_fd = (uint32_t)map, .key = pointer(key), .value = pointer(value)};
	return bpf_ask(BPF_MAP_LOOKUP_ELEM, &attr);
}

int bpf_map_drop(int map, const void *key)
{
	union bpf_attr attr = {.map_fd = (uint32_t)map, .key = pointer(key)};
	return bpf_ask(BPF_MAP_DELETE_ELEM, &attr);
}

int bpf_map_next(int map, const void *key, void *next)
{
	union bpf_attr attr = {.map_fd = (uint32_t)map, .key = pointer(key), .next_key = pointer(next)};
	return bpf_ask(BPF_MAP_GET_NEXT_KEY, &attr);
}

int bpf_program(const char *name, uint32_t type, uint32_t attach_type, const struct bpf_code *code, struct err *err)
{
	union bpf_attr attr = {.prog_type = type,
	        .expected_attach_type = attach_type,
	        .insn_cnt = (uint32_t)code->n,
	        .insns = pointer(code->insn),
	        .license = pointer("Dual BSD/GPL")};
	(void)snprintf(attr.prog_name, sizeof(attr.prog_name), "%s", name);
	int r = bpf_ask(BPF_PROG_LOAD, &attr);
	if (r >= 0)
		return r;
	/* Again, to hear why. */
	_cleanup_free_ char *log = calloc(1, LOG_BYTES);
	if (!log)
		return err_sys(err, r, "the kernel refuses the program %s", name);
	attr.log_buf = pointer(log);
	attr.log_size = LOG_BYTES;
	attr.log_level = 1;
	int again = bpf_ask(BPF_PROG_LOAD, &attr);
	if (again >= 0)
		return again;
	size_t n = strnlen(log, LOG_BYTES);
	if (getenv("POSTERN_BPF_LOG"))
		(void)fwrite(log, 1, n, stderr);
	/* The last line counts instructions, the one before says what was wrong. */
	while (n > 0 && log[n - 1] == '\n')
		log[--n] = 0;
	char *last = strrchr(log, '\n');
	if (last && strncmp(last + 1, "processed ", 10) == 0)
		*last = 0;
	last = strrchr(log, '\n');
	return err_sys(err, r, "the kernel refuses the program %s (%s)", name, last ? last + 1 : log);
}

int bpf_link_new(int program, int cgroup, uint32_t attach_type)
{
	union bpf_attr attr = {.link_create = {.prog_fd = (uint32_t)program, .target_fd = (uint32_t)cgroup, .attach_type = attach_type}};
	return bpf_ask(BPF_LINK_CREATE, &attr);
}

int bpf_link_replace(int link, int program)
{
	union bpf_attr attr = {.link_update = {.link_fd = (uint32_t)link, .new_prog_fd = (uint32_t)program}};
	return bpf_ask(BPF_LINK_UPDATE, &attr);
}

/* The kernel of Debian 12 knows no pins relative to a descriptor. */
static void pin_path(char out[64], int folder, const char *name)
{
	(void)snprintf(out, 64, "/proc/self/fd/%d/%.31s", folder, name);
}

int bpf_pin(int fd, int folder, const char *name)
{
	char path[64];
	pin_path(path, folder, name);
	union bpf_attr attr = {.pathname = pointer(path), .bpf_fd = (uint32_t)fd};
	return bpf_ask(BPF_OBJ_PIN, &attr);
}

int bpf_pinned(int folder, const char *name)
{
	char path[64];
	pin_path(path, folder, name);
	union bpf_attr attr = {.pathname = pointer(path)};
	return bpf_ask(BPF_OBJ_GET, &attr);
}

int bpf_ring_open(struct bpf_ring *r, int map, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *consumer = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (consumer == MAP_FAILED)
		return -errno;
	/* The kernel maps the data twice in a row, so that a record is never broken in two. */
	void *producer = mmap(NULL, page + 2 * size, PROT_READ, MAP_SHARED, map, (off_t)page);
	if (producer == MAP_FAILED) {
		int e = -errno;
		(void)munmap(consumer, page);
		return e;
	}
	*r = (struct bpf_ring){.fd = map, .size = size, .page = page, .consumer = consumer, .producer = producer};
	return 0;
}

void bpf_ring_close(struct bpf_ring *r)
{
	if (!r->consumer)
		return;
	(void)munmap(r->consumer, r->page);
	(void)munmap(r->producer, r->page + 2 * r->size);
	*r = (struct bpf_ring){.fd = -1};
}

static size_t record_size(uint32_t header)
{
	return (((size_t)header & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT)) + BPF_RINGBUF_HDR_SZ + 7) / 8 * 8;
}

int bpf_ring_next(struct bpf_ring *r, const void **data, size_t *n)
{
	for (;;) {
		unsigned long at = __atomic_load_n((unsigned long *)(void *)r->consumer, __ATOMIC_RELAXED);
		unsigned long end = __atomic_load_n((unsigned long *)(void *)r->producer, __ATOMIC_ACQUIRE);
		if (at >= end)
			return 0;
		uint8_t *record = r->producer + r->page + (at & (r->size - 1));
		uint32_t header = __atomic_load_n((uint32_t *)(void *)record, __ATOMIC_ACQUIRE);
		if (header & BPF_RINGBUF_BUSY_BIT)
			return 0;
		if (!(header & BPF_RINGBUF_DISCARD_BIT)) {
			*data = record + BPF_RINGBUF_HDR_SZ;
			*n = header;
			return 1;
		}
		bpf_ring_done(r);
	}
}

void bpf_ring_done(struct bpf_ring *r)
{
	unsigned long at = __atomic_load_n((unsigned long *)(void *)r->consumer, __ATOMIC_RELAXED);
	uint32_t header = *(uint32_t *)(void *)(r->producer + r->page + (at & (r->size - 1)));
	__atomic_store_n((unsigned long *)(void *)r->consumer, at + record_size(header), __ATOMIC_RELEASE);
}
