/* A witness: each answer that tlog-witness names, a disk that fails at each operation, power that is lost after each. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "ledger/signer.h"
#include "ledger/witness.h"
#include "ledger_disk.h"
#include "sys/path.h"

#define ORIGIN "example.org/log"
#define LEAVES 600

static char top[64];
static struct ledger_signer log_key, own_key;
static struct note_vkey keys[1];
static char file_name[65];

/* Two logs that are the same up to entry 100. */
struct tree {
	struct merkle_hash node[12][LEAVES];
	struct merkle_hash root[LEAVES + 1];
};
static struct tree trees[2];

static void keep_node(void *arg, unsigned level, uint64_t index, const struct merkle_hash *hash)
{
	((struct tree *)arg)->node[level][index] = *hash;
}

static int get_node(void *arg, unsigned level, uint64_t index, struct merkle_hash *out)
{
	*out = ((struct tree *)arg)->node[level][index];
	return 0;
}

static int set_up(void **state)
{
	uint8_t d[DIGEST_MAX];
	_cleanup_buf_ struct buf hex = BUF(65);
	(void)state;
	(void)snprintf(top, sizeof(top), "/tmp/postern-witness.XXXXXX");
	if (!mkdtemp(top) || ledger_signer_new(SLICE(ORIGIN), &log_key) < 0 || ledger_signer_new(SLICE("example.org/w"), &own_key) < 0)
		return -1;
	keys[0] = (struct note_vkey){.name = SLICE(ORIGIN), .type = TLOG_ED25519};
	memcpy(keys[0].public, log_key.tlog.public, sizeof(keys[0].public));
	keys[0].key_id = tlog_key_id(keys[0].name, TLOG_ED25519, keys[0].public);
	for (unsigned t = 0; t < 2; t++) {
		struct merkle_range r = {0};
		merkle_root(&r, &trees[t].root[0]);
		for (unsigned i = 0; i < LEAVES; i++) {
			struct merkle_hash leaf;
			char text[32];
			(void)snprintf(text, sizeof(text), "%u %u", i < 100 ? 0 : t, i);
			merkle_leaf(slice_str(text), &leaf);
			merkle_append(&r, &leaf, keep_node, &trees[t]);
			merkle_root(&r, &trees[t].root[i + 1]);
		}
	}
	assert_int_equal(digest_of(DIGEST_SHA256, SLICE(ORIGIN), d), 0);
	encode_hex(&hex, slice_of(d, 32));
	(void)snprintf(file_name, sizeof(file_name), "%s", buf_str(&hex));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return path_remove(AT_FDCWD, top);
}

static void in_top(char out[128], const char *name)
{
	(void)snprintf(out, 128, "%s/%s", top, name);
}

static struct witness *open_at(const char *folder, struct err *err)
{
	struct witness *w = NULL;
	return witness_open(folder, &own_key.tlog, keys, 1, &w, err) < 0 ? NULL : w;
}

/* A request as a good log makes it: the status. *size: of a 409. */
static unsigned add(struct witness *w, unsigned tree, uint64_t old, uint64_t proof_from, uint64_t size, uint64_t *has, bool *has_line)
{
	struct http_reply r = {.fd = -1, .body = BUF(HTTP_REPLY)};
	_cleanup_buf_ struct buf text = BUF(4096), note = BUF(8192), body = BUF(65536);
	struct merkle_hash proof[MERKLE_PROOF_MAX];
	size_t n = 0;
	tlog_checkpoint_add(&text, SLICE(ORIGIN), size, trees[tree].root[size].b);
	assert_int_equal(tlog_note_sign(&log_key.tlog, buf_slice(&text), &note), 0);
	assert_int_equal(merkle_consistency(proof_from, size, get_node, &trees[tree], proof, &n), 0);
	tlog_add_checkpoint_write(&body, old, (const uint8_t(*)[MERKLE_HASH])proof, n, buf_slice(&note));
	assert_int_equal(buf_error(&body), 0);
	witness_add(w, buf_slice(&body), &r);
	if (has_line)
		*has_line = slice_find(buf_slice(&r.body), SLICE("\xe2\x80\x94 "), 0) != SLICE_NPOS;
	if (r.status == 409)
		assert_true(r.type && strcmp(r.type, "text/x.tlog.size") == 0 && r.body.n > 1 &&
		            slice_u64(slice_sub(buf_slice(&r.body), 0, r.body.n - 1), UINT64_MAX, has));
	buf_free(&r.body);
	return r.status;
}

/* What it says that it has cosigned, with a root that must be that of tree 0. UINT64_MAX: nothing yet. */
static uint64_t cosigned(struct witness *w)
{
	static struct note_signature signatures[NOTE_SIGNATURES];
	struct note n = {.signature = signatures};
	struct note_vkey own = {.name = own_key.tlog.name, .type = TLOG_COSIGNATURE};
	struct http_reply r = {.fd = -1, .body = BUF(HTTP_REPLY)};
	struct tlog_checkpoint c = {.size = UINT64_MAX};
	struct err err = {0};
	char path[128];
	(void)snprintf(path, sizeof(path), "/%s/checkpoint", file_name);
	struct http_request q = {.method = SLICE("GET"), .target = slice_str(path)};
	witness_handle(w, &q, &r);
	if (r.status == 200) {
		memcpy(own.public, own_key.tlog.public, sizeof(own.public));
		own.key_id = tlog_key_id(own.name, own.type, own.public);
		assert_int_equal(tlog_checkpoint_open(buf_slice(&r.body), &keys[0], &n, &c, &err), 0);
		assert_int_equal(tlog_note_verify(&n, &own, NULL), 0);
		assert_memory_equal(c.root, trees[0].root[c.size].b, sizeof(c.root));
	} else {
		assert_int_equal(r.status, 404);
	}
	buf_free(&r.body);
	return c.size;
}

static void answers(void **state)
{
	char folder[128];
	uint64_t has = 0;
	bool line;
	(void)state;
	in_top(folder, "answers");
	struct witness *w = open_at(folder, NULL);
	assert_non_null(w);
	assert_true(cosigned(w) == UINT64_MAX);
	assert_int_equal(add(w, 0, 5, 5, 10, &has, &line), 409); /* never cosigned: 0 */
	assert_true(has == 0 && !line);
	assert_int_equal(add(w, 0, 0, 3, 10, &has, &line), 422); /* a proof where none may be */
	assert_int_equal(add(w, 0, 0, 0, 0, &has, &line), 200);  /* the empty log */
	assert_true(line && cosigned(w) == 0);
	assert_int_equal(add(w, 0, 0, 0, 10, &has, &line), 200);
	assert_int_equal(add(w, 0, 0, 0, 10, &has, &line), 409);
	assert_true(has == 10);
	assert_int_equal(add(w, 0, 11, 10, 10, &has, &line), 400);
	assert_int_equal(add(w, 0, 10, 10, 10, &has, &line), 200);
	assert_int_equal(add(w, 0, 10, 9, 200, &has, &line), 422);
	assert_true(!line);
	assert_int_equal(add(w, 0, 10, 10, 200, &has, &line), 200);
	assert_int_equal(add(w, 1, 200, 200, 200, &has, &line), 422); /* the same size, another root */
	assert_int_equal(add(w, 1, 200, 200, 300, &has, &line), 422); /* a fork, with a proof that is good for the fork */
	assert_int_equal(add(w, 1, 10, 10, 199, &has, &line), 409);   /* a rollback */
	assert_true(has == 200 && cosigned(w) == 200);
	witness_free(w);
	w = open_at(folder, NULL);
	assert_non_null(w);
	assert_true(cosigned(w) == 200);
	witness_free(w);
}

/* Refuses the n-th operation. */
static int refuse(void *arg, const struct file_event *e)
{
	unsigned *left = arg;
	return e->op != FILE_CLOSE && (*left)-- == 0 ? -EIO : 0;
}

static void a_disk_that_fails(void **state)
{
	char folder[128];
	uint64_t has = 0, size = 10;
	unsigned failed = 0, left;
	bool line;
	(void)state;
	in_top(folder, "fails");
	struct witness *w = open_at(folder, NULL);
	assert_non_null(w);
	assert_int_equal(add(w, 0, 0, 0, size, &has, &line), 200);
	for (unsigned at = 0;; at++, size++) {
		left = at;
		struct file_watch watch = {.before = refuse, .arg = &left};
		file_watch_set(&watch);
		unsigned status = add(w, 0, size, size, size + 1, &has, &line);
		file_watch_set(NULL);
		if (status == 200)
			break;
		failed++;
		assert_int_equal(status, 500);
		assert_false(line);
		assert_true(cosigned(w) == size);
		/* Another that also extends the last one that went out. */
		assert_int_equal(add(w, 0, size, size, size + 1, &has, &line), 200);
		assert_true(line && cosigned(w) == size + 1);
	}
	assert_true(failed >= 5); /* open, write, sync, rename, sync of the folder */
	witness_free(w);
}

static const unsigned sizes[] = {1, 2, 2, 17, 256, 600};

static void power_is_lost(void **state)
{
	static struct disk d;
	struct tape t = {0};
	char folder[128], start[128], crashed[128];
	uint64_t has, old = 0;
	size_t promised[ARRAY_LEN(sizes)];
	unsigned bad[2] = {0}, points = 0;
	(void)state;
	in_top(folder, "recorded");
	in_top(start, "start");
	in_top(crashed, "crashed");
	struct witness *w = open_at(folder, NULL);
	assert_non_null(w);
	disk_load(&d, folder, ".");
	disk_put(&d, start, CRASH_KILLED, 0);
	disk_free(&d);
	struct file_watch watch = {.before = tape_before, .after = tape_after, .arg = &t};
	file_watch_set(&watch);
	for (unsigned i = 0; i < ARRAY_LEN(sizes); i++) {
		assert_int_equal(add(w, 0, old, old, sizes[i], &has, NULL), 200);
		old = sizes[i];
		promised[i] = t.n;
	}
	file_watch_set(NULL);
	witness_free(w);
	/* Once as it is, once on a disk that says that it has synced and has not. */
	for (unsigned lies = 0; lies < 2; lies++) {
		disk_load(&d, start, ".");
		for (size_t at = 0; at <= t.n; at++) {
			uint64_t least = UINT64_MAX;
			for (size_t i = 0; i < ARRAY_LEN(sizes) && promised[i] <= at; i++)
				least = sizes[i];
			for (unsigned k = 0; k < CRASHES + 20; k++, points++) {
				struct err err = {0};
				disk_put(&d, crashed, k < CRASH_ANY ? (enum crash)k : CRASH_ANY, (uint32_t)at * 977 + k);
				w = open_at(crashed, &err);
				uint64_t size = w ? cosigned(w) : UINT64_MAX;
				bool ok = w && (least == UINT64_MAX || (size != UINT64_MAX && size >= least));
				if (!ok && !lies)
					fail_msg("after %zu operations, crash %u: %" PRIu64 " entries, %" PRIu64 " were cosigned; %s", at,
					        k, size, least, err.text);
				bad[lies] += !ok;
				witness_free(w);
				assert_int_equal(path_remove(AT_FDCWD, crashed), 0);
			}
			bool sync = at < t.n && (t.op[at].e.op == FILE_SYNC || t.op[at].e.op == FILE_SYNC_DATA);
			if (at < t.n && !(sync && lies))
				disk_apply(&d, &t.op[at]);
		}
		disk_free(&d);
	}
	print_message("%u crashes after %zu operations; %u found on a disk that lies\n", points, t.n, bad[1]);
	assert_true(bad[1] > 20);
	tape_free(&t);
}

static void a_state_that_is_damaged(void **state)
{
	char folder[128], path[256];
	uint64_t has;
	struct err err = {0};
	(void)state;
	in_top(folder, "damaged");
	struct witness *w = open_at(folder, NULL);
	assert_non_null(w);
	assert_null(open_at(folder, &err));
	assert_int_equal(err.code, -EBUSY);
	assert_int_equal(add(w, 0, 0, 0, 300, &has, NULL), 200);
	witness_free(w);
	(void)snprintf(path, sizeof(path), "%s/%s", folder, file_name);
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	off_t size = lseek(fd, 0, SEEK_END);
	for (off_t i = 0; i < size; i++) {
		uint8_t was, now;
		assert_int_equal(pread(fd, &was, 1, i), 1);
		now = was ^ (uint8_t)(1 << i % 8);
		assert_int_equal(pwrite(fd, &now, 1, i), 1);
		w = open_at(folder, &err);
		if (w)
			fail_msg("byte %lld of the state was changed, and it was taken", (long long)i);
		assert_int_equal(err.code, -EBADMSG);
		assert_int_equal(pwrite(fd, &was, 1, i), 1);
	}
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_null(open_at(folder, &err));
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(answers),
	        cmocka_unit_test(a_disk_that_fails),
	        cmocka_unit_test(power_is_lost),
	        cmocka_unit_test(a_state_that_is_damaged),
	};
	return cmocka_run_group_tests_name("witness", tests, set_up, tear_down);
}
