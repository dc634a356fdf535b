#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "crypto/merkle.h"

#define CASES  518
#define LEAVES 300

static bool equal(const struct merkle_hash *a, const struct merkle_hash *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void hex(const struct merkle_hash *h, char out[65])
{
	for (int i = 0; i < MERKLE_HASH; i++)
		(void)snprintf(out + (ptrdiff_t)2 * i, 3, "%02x", h->b[i]);
}

/* The entries that the tests of Certificate Transparency use everywhere, and the roots of trees of the first 0 to 8 of them. */
static const struct slice entry[8] = {SLICE_INIT(""), SLICE_INIT("\x00"), SLICE_INIT("\x10"), SLICE_INIT("\x20\x21"),
        SLICE_INIT("\x30\x31"), SLICE_INIT("\x40\x41\x42\x43"), SLICE_INIT("\x50\x51\x52\x53\x54\x55\x56\x57"),
        SLICE_INIT("\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f")};
static const char *const root_of[9] = {
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
};

static void known_roots(void **state)
{
	struct merkle_range r = {0};
	struct merkle_hash h;
	char text[65];
	(void)state;
	for (size_t i = 0; i <= 8; i++) {
		merkle_root(&r, &h);
		hex(&h, text);
		assert_string_equal(text, root_of[i]);
		if (i == 8)
			break;
		merkle_leaf(entry[i], &h);
		merkle_append(&r, &h, NULL, NULL);
	}
}

/* The definition of RFC 6962, 2.1, word for word, on a digest from elsewhere in the program. */
static struct merkle_hash leaf[LEAVES];

static struct merkle_hash joined(const struct merkle_hash *l, const struct merkle_hash *r)
{
	uint8_t text[65] = {1};
	struct merkle_hash h;
	memcpy(text + 1, l, 32);
	memcpy(text + 33, r, 32);
	assert_int_equal(digest_of(DIGEST_SHA256, slice_of(text, sizeof(text)), h.b), 0);
	return h;
}

static size_t split(size_t n)
{
	size_t k = 1;
	while (2 * k < n)
		k *= 2;
	return k;
}

static struct merkle_hash mth(size_t from, size_t to)
{
	if (to - from == 1)
		return leaf[from];
	size_t k = split(to - from);
	struct merkle_hash l = mth(from, from + k), r = mth(from + k, to);
	return joined(&l, &r);
}

static size_t path(size_t m, size_t from, size_t to, struct merkle_hash *out)
{
	if (to - from == 1)
		return 0;
	size_t k = split(to - from), n;
	if (m < k) {
		n = path(m, from, from + k, out);
		out[n] = mth(from + k, to);
	} else {
		n = path(m - k, from + k, to, out);
		out[n] = mth(from, from + k);
	}
	return n + 1;
}

static size_t subproof(size_t m, size_t from, size_t to, bool whole, struct merkle_hash *out)
{
	if (m == to - from) {
		if (!whole)
			out[0] = mth(from, to);
		return !whole;
	}
	size_t k = split(to - from), n;
	if (m <= k) {
		n = subproof(m, from, from + k, whole, out);
		out[n] = mth(from + k, to);
	} else {
		n = subproof(m - k, from + k, to, false, out);
		out[n] = mth(from, from + k);
	}
	return n + 1;
}

/* The same for any subtree: it parts at the split of the tree, or begins where the tree does. */
static size_t subtree_proof(size_t start, size_t end, size_t from, size_t to, bool whole, struct merkle_hash *out)
{
	if (start == from && end == to) {
		if (!whole)
			out[0] = mth(from, to);
		return !whole;
	}
	size_t k = from + split(to - from), n;
	if (end <= k) {
		n = subtree_proof(start, end, from, k, whole, out);
		out[n] = mth(k, to);
	} else if (start >= k) {
		n = subtree_proof(start, end, k, to, whole, out);
		out[n] = mth(from, k);
	} else {
		n = subtree_proof(k, end, k, to, false, out);
		out[n] = mth(from, k);
	}
	return n + 1;
}

/* The nodes that merkle_append() told of, in the order of levels. */
struct store {
	struct merkle_hash node[10][LEAVES];
	size_t n[10];
	unsigned left; /* reads that are still answered */
};

static void keep(void *arg, unsigned level, uint64_t index, const struct merkle_hash *h)
{
	struct store *s = arg;
	assert_true(level < 10 && index == s->n[level]);
	s->node[level][s->n[level]++] = *h;
}

static int read_node(void *arg, unsigned level, uint64_t index, struct merkle_hash *out)
{
	struct store *s = arg;
	/* Only what is complete in a tree of all leaves has a name. */
	assert_true(level < 10 && index < s->n[level]);
	if (s->left-- == 0)
		return -EIO;
	*out = s->node[level][index];
	return 0;
}

static struct store *grown(void)
{
	struct store *s = calloc(1, sizeof(*s));
	struct merkle_range r = {0};
	assert_non_null(s);
	for (size_t i = 0; i < LEAVES; i++) {
		uint8_t text[3] = {(uint8_t)i, (uint8_t)(i >> 8), 0x55};
		struct merkle_hash root;
		merkle_leaf(slice_of(text, i % 4), &leaf[i]);
		merkle_append(&r, &leaf[i], keep, s);
		merkle_root(&r, &root);
		struct merkle_hash want = mth(0, i + 1);
		assert_true(equal(&root, &want));
	}
	s->left = UINT32_MAX;
	return s;
}

static void as_defined(void **state)
{
	struct store *s = grown();
	static const size_t sizes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 21, 23, 27, 31, 32, 33, 48, 63, 64,
	        65, 96, 97, 127, 128, 129, 160, 255, 256, 257, 299};
	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t size = sizes[i], n = 0;
		struct merkle_hash proof[MERKLE_PROOF_MAX], want[MERKLE_PROOF_MAX], root;
		struct merkle_range r;
		assert_int_equal(merkle_range_read(size, read_node, s, &r), 0);
		merkle_root(&r, &root);
		for (size_t m = 0; m < size; m++) {
			assert_int_equal(merkle_inclusion(m, size, read_node, s, proof, &n), 0);
			assert_int_equal(n, path(m, 0, size, want));
			assert_memory_equal(proof, want, n * sizeof(*proof));
			assert_int_equal(merkle_check_inclusion(&leaf[m], m, size, proof, n, &root), 0);
			/* Too short, too long, one bit off in each hash, another leaf. */
			if (n)
				assert_int_equal(merkle_check_inclusion(&leaf[m], m, size, proof, n - 1, &root), -EINVAL);
			proof[n] = root;
			assert_int_equal(merkle_check_inclusion(&leaf[m], m, size, proof, n + 1, &root), -EINVAL);
			for (size_t k = 0; k < n; k++) {
				proof[k].b[m % 32] ^= 4;
				assert_int_equal(merkle_check_inclusion(&leaf[m], m, size, proof, n, &root), -EBADMSG);
				proof[k].b[m % 32] ^= 4;
			}
			assert_true(merkle_check_inclusion(&leaf[m + 1], m, size, proof, n, &root) == -EBADMSG ||
			            equal(&leaf[m], &leaf[m + 1]));
		}
		assert_int_equal(merkle_inclusion(size, size, read_node, s, proof, &n), -EINVAL);
		assert_int_equal(merkle_check_inclusion(&leaf[0], size, size, proof, 0, &root), -EINVAL);
		for (size_t old = 0; old <= size; old++) {
			struct merkle_hash old_root;
			if (old)
				old_root = mth(0, old);
			else
				merkle_empty(&old_root);
			assert_int_equal(merkle_consistency(old, size, read_node, s, proof, &n), 0);
			assert_int_equal(n, old && old < size ? subproof(old, 0, size, true, want) : 0);
			assert_memory_equal(proof, want, n * sizeof(*proof));
			assert_int_equal(merkle_check_consistency(old, size, proof, n, &old_root, &root), 0);
			proof[n] = root;
			assert_int_equal(merkle_check_consistency(old, size, proof, n + 1, &old_root, &root), -EINVAL);
			for (size_t k = 0; k < n; k++) {
				assert_int_equal(merkle_check_consistency(old, size, proof, k, &old_root, &root), -EINVAL);
				proof[k].b[old % 32] ^= 1;
				assert_int_equal(merkle_check_consistency(old, size, proof, n, &old_root, &root), -EBADMSG);
				proof[k].b[old % 32] ^= 1;
			}
			old_root.b[7] ^= 1;
			assert_int_equal(merkle_check_consistency(old, size, proof, n, &old_root, &root), -EBADMSG);
			old_root.b[7] ^= 1;
			root.b[9] ^= 1;
			/* Every tree extends the empty one. */
			assert_int_equal(merkle_check_consistency(old, size, proof, n, &old_root, &root), old || size == 0 ? -EBADMSG : 0);
			root.b[9] ^= 1;
		}
		assert_int_equal(merkle_consistency(size + 1, size, read_node, s, proof, &n), -EINVAL);
		assert_int_equal(merkle_check_consistency(size + 1, size, proof, 0, &root, &root), -EINVAL);
	}
	free(s);
}

static void subtrees(void **state)
{
	struct store *s = grown();
	(void)state;
	for (size_t size = 1; size <= 40; size++) {
		struct merkle_hash proof[MERKLE_PROOF_MAX], root = mth(0, size);
		for (size_t start = 0; start < size; start++)
			for (size_t end = start + 1; end <= size; end++) {
				struct merkle_hash sub = mth(start, end);
				size_t height = 1;
				while (height < end - start)
					height *= 2;
				if (start % height) {
					assert_int_equal(
					        merkle_check_subtree_consistency(start, end, size, proof, 0, &sub, &root), -EINVAL);
					continue;
				}
				size_t n = subtree_proof(start, end, 0, size, true, proof);
				assert_int_equal(merkle_check_subtree_consistency(start, end, size, proof, n, &sub, &root), 0);
				for (size_t k = 0; k < n; k++) {
					assert_int_equal(
					        merkle_check_subtree_consistency(start, end, size, proof, k, &sub, &root), -EINVAL);
					proof[k].b[3] ^= 1;
					assert_int_equal(
					        merkle_check_subtree_consistency(start, end, size, proof, n, &sub, &root), -EBADMSG);
					proof[k].b[3] ^= 1;
				}
				sub.b[1] ^= 1;
				assert_int_equal(merkle_check_subtree_consistency(start, end, size, proof, n, &sub, &root), -EBADMSG);
				sub.b[1] ^= 1;
				for (size_t m = start; m < end; m++) {
					n = path(m - start, start, end, proof);
					assert_int_equal(merkle_check_subtree_inclusion(&leaf[m], m, start, end, proof, n, &sub), 0);
				}
			}
	}
	free(s);
}

/* What read() says ends the call, wherever it says it. */
static void failing_reads(void **state)
{
	struct store *s = grown();
	struct merkle_hash proof[MERKLE_PROOF_MAX];
	struct merkle_range r = {.size = 77};
	size_t n = 99, ok = 0;
	(void)state;
	for (unsigned k = 0; k < 12; k++) {
		s->left = k;
		int e = merkle_inclusion(5, 299, read_node, s, proof, &n);
		ok += e == 0;
		assert_true(e == 0 || (e == -EIO && n == 99));
		s->left = k;
		e = merkle_consistency(37, 299, read_node, s, proof, &n);
		ok += e == 0;
		assert_true(e == 0 || (e == -EIO && n == 99));
		n = 99;
		s->left = k;
		e = merkle_range_read(299, read_node, s, &r);
		ok += e == 0;
		assert_true(e == 0 || (e == -EIO && r.size == 77));
		r.size = 77;
	}
	assert_true(ok > 3 && ok < 36);
	assert_int_equal(merkle_range_read(MERKLE_SIZE_MAX + 1, read_node, s, &r), -EINVAL);
	assert_int_equal(merkle_inclusion(0, MERKLE_SIZE_MAX + 1, read_node, s, proof, &n), -EINVAL);
	assert_int_equal(merkle_consistency(1, MERKLE_SIZE_MAX + 1, read_node, s, proof, &n), -EINVAL);
	free(s);
}

/* A tree of 2^62 leaves that are all the same: each level has one hash. */
struct uniform {
	struct merkle_hash level[64];
};

static int read_uniform(void *arg, unsigned level, uint64_t index, struct merkle_hash *out)
{
	const struct uniform *u = arg;
	assert_true(index < MERKLE_SIZE_MAX >> level);
	*out = u->level[level];
	return 0;
}

static void very_large(void **state)
{
	static struct uniform u;
	static const uint64_t sizes[] = {
	        MERKLE_SIZE_MAX, MERKLE_SIZE_MAX - 1, MERKLE_SIZE_MAX / 2 + 1, ((uint64_t)1 << 61) + 12345, (uint64_t)1 << 33};
	struct merkle_hash proof[MERKLE_PROOF_MAX], root[5];
	size_t n;
	(void)state;
	merkle_leaf(SLICE("same"), &u.level[0]);
	for (int i = 0; i < 63; i++)
		merkle_node(&u.level[i], &u.level[i], &u.level[i + 1]);
	for (size_t i = 0; i < 5; i++) {
		struct merkle_range r;
		assert_int_equal(merkle_range_read(sizes[i], read_uniform, &u, &r), 0);
		merkle_root(&r, &root[i]);
	}
	for (size_t i = 0; i < 5; i++) {
		const uint64_t at[] = {0, 1, sizes[i] / 2, sizes[i] / 3, sizes[i] - 2, sizes[i] - 1};
		for (size_t k = 0; k < 6; k++) {
			assert_int_equal(merkle_inclusion(at[k], sizes[i], read_uniform, &u, proof, &n), 0);
			assert_true(n <= 62);
			assert_int_equal(merkle_check_inclusion(&u.level[0], at[k], sizes[i], proof, n, &root[i]), 0);
		}
		for (size_t k = 0; k < 5; k++) {
			if (sizes[k] > sizes[i])
				continue;
			assert_int_equal(merkle_consistency(sizes[k], sizes[i], read_uniform, &u, proof, &n), 0);
			/* The specification of witnesses counts on that. */
			assert_true(n <= 63);
			assert_int_equal(merkle_check_consistency(sizes[k], sizes[i], proof, n, &root[k], &root[i]), 0);
		}
	}
}

/* tests/data/merkle.tsv: facts of transparency-dev/merkle. Hashes of the wrong length on purpose are filled up with `fill`: they stay as
 * equal to each other as they were. */
static void hash_of(struct slice text, uint8_t fill, struct merkle_hash *out)
{
	_cleanup_buf_ struct buf b = BUF(64);
	memset(out->b, fill, sizeof(out->b));
	if (slice_is(text, "!"))
		return;
	assert_true(decode_base64(&b, text) && b.n <= sizeof(out->b));
	memcpy(out->b, b.p, b.n);
}

/* Two numbers, or one and 0. */
static void numbers(struct slice text, uint64_t out[2])
{
	struct slice part;
	out[1] = 0;
	for (int i = 0; slice_split(&text, ',', &part); i++) {
		assert_true(i < 2);
		assert_true(slice_u64(part, UINT64_MAX, &out[i]));
	}
}

static int run_case(struct slice line)
{
	struct slice col[8];
	struct merkle_hash proof[16], one, root;
	uint64_t a[2], size[2];
	size_t n = 0;
	for (size_t i = 0; i < 8; i++)
		assert_true(slice_split(&line, '\t', &col[i]));
	bool leaf_is_hash = !slice_is(col[4], "!");
	numbers(col[2], a);
	numbers(col[3], size);
	/* Ours cannot be given a leaf's hash that is none; the case would be right if the root were filled up to the same. */
	hash_of(col[4], leaf_is_hash ? 0 : 0xff, &one);
	hash_of(col[5], 0, &root);
	struct slice rest = slice_is(col[6], "-") ? SLICE_NONE : col[6], part;
	for (; slice_split(&rest, ',', &part); n++) {
		assert_true(n < 16);
		hash_of(part, 0, &proof[n]);
	}
	int r = -ENOSYS;
	if (slice_is(col[0], "inclusion"))
		r = merkle_check_inclusion(&one, a[0], size[0], proof, n, &root);
	else if (slice_is(col[0], "consistency"))
		r = merkle_check_consistency(a[0], size[0], proof, n, &one, &root);
	else if (slice_is(col[0], "subtreeinclusion"))
		r = merkle_check_subtree_inclusion(&one, a[0], a[1], size[0], proof, n, &root);
	else if (slice_is(col[0], "subtreeconsistency"))
		r = merkle_check_subtree_consistency(a[0], a[1], size[0], proof, n, &one, &root);
	assert_true(r == 0 || r == -EINVAL || r == -EBADMSG);
	bool ok = slice_is(col[1], "ok");
	/* One case asks for something else on purpose: there, a proof from the empty tree is an error, since it says nothing; tlog-witness
	 * has "the empty tree is consistent with any tree", with an empty proof, and so has merkle_check_consistency(). */
	if (slice_is(col[0], "consistency") && slice_is(col[7], "additional/size1-is-zero-and-size2-is-not-zero"))
		ok = !ok;
	if (ok != (r == 0)) {
		print_error("%.*s %.*s: %d\n", SLICE_FMT(col[0]), SLICE_FMT(col[7]), r);
		return 1;
	}
	return 0;
}

static void cases_of_others(void **state)
{
	static uint8_t text[200000];
	FILE *f = fopen("tests/data/merkle.tsv", "rb");
	(void)state;
	assert_non_null(f);
	struct slice rest = slice_of(text, fread(text, 1, sizeof(text), f)), line;
	assert_true(rest.n < sizeof(text));
	(void)fclose(f);
	int wrong = 0, n = 0;
	while (slice_split(&rest, '\n', &line))
		if (line.n && line.p[0] != '#') {
			wrong += run_case(line);
			n++;
		}
	assert_int_equal(wrong, 0);
	assert_int_equal(n, CASES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(known_roots),
	        cmocka_unit_test(as_defined),
	        cmocka_unit_test(subtrees),
	        cmocka_unit_test(failing_reads),
	        cmocka_unit_test(very_large),
	        cmocka_unit_test(cases_of_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
