/* OpenSSL 3.0 marks the functions of <openssl/sha.h> as deprecated in favour of EVP. Hashing a node is two blocks of SHA-256, about as long
 * as EVP takes to look after its context; a log that is verified hashes little else. So the plain functions are used here, and nowhere
 * else. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/merkle.h"

#include <endian.h>
#include <errno.h>
#include <openssl/sha.h>

void merkle_leaf(struct slice entry, struct merkle_hash *out)
{
	SHA256_CTX c;
	(void)SHA256_Init(&c);
	(void)SHA256_Update(&c, "\0", 1);
	(void)SHA256_Update(&c, entry.p, entry.n);
	(void)SHA256_Final(out->b, &c);
}

/* 65 bytes are always two blocks, and all but 64 bytes of these are known. The padding of FIPS 180-4 (a one bit, zeros, the length in bits)
 * is laid down here, so that both go through the compression function at once and nothing is copied. */
void merkle_node(const struct merkle_hash *left, const struct merkle_hash *right, struct merkle_hash *out)
{
	uint8_t block[2 * SHA256_CBLOCK] = {1, [65] = 0x80, [126] = 65 * 8 >> 8, [127] = 65 * 8 & 0xff};
	SHA256_CTX c;
	memcpy(block + 1, left->b, MERKLE_HASH);
	memcpy(block + 1 + MERKLE_HASH, right->b, MERKLE_HASH);
	(void)SHA256_Init(&c);
	(void)SHA256_Update(&c, block, sizeof(block));
	for (size_t i = 0; i < 8; i++) {
		uint32_t be = htobe32(c.h[i]);
		memcpy(out->b + i * sizeof(be), &be, sizeof(be));
	}
}

void merkle_empty(struct merkle_hash *out)
{
	SHA256_CTX c;
	(void)SHA256_Init(&c);
	(void)SHA256_Final(out->b, &c);
}

void merkle_append(struct merkle_range *r, const struct merkle_hash *leaf, merkle_done *done, void *arg)
{
	struct merkle_hash h = *leaf;
	unsigned n = (unsigned)__builtin_popcountll(r->size), level = 0;
	if (done)
		done(arg, 0, r->size, &h);
	/* As in adding one to a binary number: each carry joins two complete subtrees of one height. */
	for (; r->size >> level & 1; level++) {
		merkle_node(&r->peak[--n], &h, &h);
		if (done)
			done(arg, level + 1, r->size >> (level + 1), &h);
	}
	r->peak[n] = h;
	r->size++;
}

void merkle_root(const struct merkle_range *r, struct merkle_hash *out)
{
	if (r->size == 0) {
		merkle_empty(out);
		return;
	}
	unsigned n = (unsigned)__builtin_popcountll(r->size);
	struct merkle_hash h = r->peak[--n];
	while (n)
		merkle_node(&r->peak[--n], &h, &h);
	*out = h;
}

int merkle_range_read(uint64_t size, merkle_read *read, void *arg, struct merkle_range *out)
{
	struct merkle_range r = {.size = size};
	unsigned n = 0;
	if (size > MERKLE_SIZE_MAX)
		return -EINVAL;
	for (unsigned level = 63; level-- > 0;) {
		if (!(size >> level & 1))
			continue;
		/* The lowest bit of size >> level is set: the subtree before it is the peak. */
		int e = read(arg, level, (size >> level) - 1, &r.peak[n++]);
		if (e < 0)
			return e;
	}
	*out = r;
	return 0;
}

static unsigned bits(uint64_t v)
{
	return v ? 64 - (unsigned)__builtin_clzll(v) : 0;
}

/* The root over leaves [first, size), where first is a multiple of the smallest power of two that is no less than size - first: the
 * right edge of a tree. */
static int edge(uint64_t first, uint64_t size, merkle_read *read, void *arg, struct merkle_hash *out)
{
	struct merkle_hash h;
	bool begun = false;
	/* Its complete subtrees stand in the binary form of their number; the smallest is the rightmost. */
	for (unsigned level = 0; size > first; level++) {
		if (!(size >> level & 1))
			continue;
		struct merkle_hash left;
		size -= (uint64_t)1 << level;
		int e = read(arg, level, size >> level, &left);
		if (e < 0)
			return e;
		if (begun)
			merkle_node(&left, &h, &h);
		else
			h = left;
		begun = true;
	}
	*out = h;
	return 0;
}

/* Appends the siblings on the way from node (level, index), a complete subtree that is not the whole tree, up to the root of the tree of
 * `size`. The ways of that node and of the last leaf part at `fork`: below it both neighbours are complete, at it the right one may
 * not be, and above it only left neighbours are left. */
static int path(unsigned level, uint64_t index, uint64_t size, merkle_read *read, void *arg, struct merkle_hash *proof, size_t *n)
{
	uint64_t last = (size - 1) >> level;
	for (; index != last || index; level++, index >>= 1, last >>= 1) {
		uint64_t sibling = index ^ 1;
		int e = 0;
		if (sibling < last || (sibling == last && size >> level > sibling))
			e = read(arg, level, sibling, &proof[(*n)++]);
		else if (sibling == last)
			e = edge(sibling << level, size, read, arg, &proof[(*n)++]);
		/* else the node is the last on its level, has no sibling, and is its own parent */
		if (e < 0)
			return e;
	}
	return 0;
}

int merkle_inclusion(uint64_t index, uint64_t size, merkle_read *read, void *arg, struct merkle_hash proof[MERKLE_PROOF_MAX], size_t *n)
{
	size_t k = 0;
	if (index >= size || size > MERKLE_SIZE_MAX)
		return -EINVAL;
	int e = path(0, index, size, read, arg, proof, &k);
	if (e < 0)
		return e;
	*n = k;
	return 0;
}

int merkle_consistency(uint64_t old, uint64_t size, merkle_read *read, void *arg, struct merkle_hash proof[MERKLE_PROOF_MAX], size_t *n)
{
	size_t k = 0;
	int e = 0;
	if (old > size || size > MERKLE_SIZE_MAX)
		return -EINVAL;
	if (old && old != size) {
		/* It is the way up from the rightmost complete subtree of the old tree. If that subtree is the old tree, the one who checks
		 * has its root already; else the proof begins with it. */
		unsigned level = (unsigned)__builtin_ctzll(old);
		uint64_t index = (old >> level) - 1;
		if (index)
			e = read(arg, level, index, &proof[k++]);
		if (e == 0)
			e = path(level, index, size, read, arg, proof, &k);
	}
	if (e < 0)
		return e;
	*n = k;
	return 0;
}

static int same(const struct merkle_hash *a, const struct merkle_hash *b)
{
	return memcmp(a, b, sizeof(*a)) == 0 ? 0 : -EBADMSG;
}

int merkle_check_inclusion(const struct merkle_hash *leaf, uint64_t index, uint64_t size, const struct merkle_hash *proof, size_t n,
        const struct merkle_hash *root)
{
	struct merkle_hash h = *leaf;
	if (index >= size || size > MERKLE_SIZE_MAX)
		return -EINVAL;
	uint64_t last = size - 1;
	/* RFC 9162, 2.1.3.2 */
	for (size_t i = 0; i < n; i++) {
		if (last == 0)
			return -EINVAL;
		if (index & 1 || index == last) {
			merkle_node(&proof[i], &h, &h);
			/* The last node of a level that has no sibling is its own parent. index is not 0 here, or last would be. */
			unsigned up = (unsigned)__builtin_ctzll(index);
			index >>= up;
			last >>= up;
		} else {
			merkle_node(&h, &proof[i], &h);
		}
		index >>= 1;
		last >>= 1;
	}
	return last == 0 ? same(&h, root) : -EINVAL;
}

/* May [start, end) be a subtree? It must begin at a multiple of the smallest power of two that is no less than its length. */
static bool subtree(uint64_t start, uint64_t end)
{
	if (start > end || end > MERKLE_SIZE_MAX)
		return false;
	unsigned height = end - start > 1 ? bits(end - start - 1) : 0;
	return (start & (((uint64_t)1 << height) - 1)) == 0;
}

int merkle_check_subtree_inclusion(const struct merkle_hash *leaf, uint64_t index, uint64_t start, uint64_t end,
        const struct merkle_hash *proof, size_t n, const struct merkle_hash *root)
{
	if (!subtree(start, end) || index < start || index >= end)
		return -EINVAL;
	return merkle_check_inclusion(leaf, index - start, end - start, proof, n, root);
}

int merkle_check_subtree_consistency(uint64_t start, uint64_t end, uint64_t size, const struct merkle_hash *proof, size_t n,
        const struct merkle_hash *sub_root, const struct merkle_hash *root)
{
	struct merkle_hash sub, whole;
	if (!subtree(start, end) || end > size || size > MERKLE_SIZE_MAX)
		return -EINVAL;
	if (start == end) {
		merkle_empty(&sub);
		return n ? -EINVAL : same(&sub, sub_root);
	}
	/* draft-ietf-plants-merkle-tree-certs, 4.4; with start 0 it is RFC 9162, 2.1.4.2. The places of the first and last node of the
	 * subtree and of the last node of the tree, on the level that has been reached. */
	uint64_t first = start, last = end - 1, edge_of_tree = size - 1;
	while (first != last && (last == edge_of_tree || last & 1)) {
		first >>= 1;
		last >>= 1;
		edge_of_tree >>= 1;
	}
	if (first == last) {
		sub = whole = *sub_root;
	} else {
		if (n == 0)
			return -EINVAL;
		sub = whole = *proof++;
		n--;
	}
	for (; n; n--, proof++) {
		if (edge_of_tree == 0)
			return -EINVAL;
		if (last & 1 || last == edge_of_tree) {
			if (first < last)
				merkle_node(proof, &sub, &sub);
			merkle_node(proof, &whole, &whole);
			unsigned up = (unsigned)__builtin_ctzll(last);
			first >>= up;
			last >>= up;
			edge_of_tree >>= up;
		} else {
			merkle_node(&whole, proof, &whole);
		}
		first >>= 1;
		last >>= 1;
		edge_of_tree >>= 1;
	}
	if (edge_of_tree)
		return -EINVAL;
	int e = same(&sub, sub_root);
	return e < 0 ? e : same(&whole, root);
}

int merkle_check_consistency(uint64_t old, uint64_t size, const struct merkle_hash *proof, size_t n, const struct merkle_hash *old_root,
        const struct merkle_hash *root)
{
	int e = merkle_check_subtree_consistency(0, old, size, proof, n, old_root, root);
	/* Every tree extends the empty one, of which only one root is known. */
	return e == 0 && size == 0 ? same(old_root, root) : e;
}
