/* merkle: the tree of RFC 6962 section 2.1 (and RFC 9162): leaf SHA-256(00 ‖ entry), node SHA-256(01 ‖ left ‖ right), empty SHA-256("").
 *
 * A node is named by level and index: level 0 are the leaf hashes; node (l, i) is the root of the complete subtree over leaves
 * [i·2^l, (i+1)·2^l). Only complete subtrees have such a name; everything else is computed from them. Sizes and indices are counts of
 * entries, up to MERKLE_SIZE_MAX. Proofs are lists of hashes, at most MERKLE_PROOF_MAX, in the order of the RFCs. */
#ifndef POSTERN_CRYPTO_MERKLE_H
#define POSTERN_CRYPTO_MERKLE_H

#include "base/slice.h"

#define MERKLE_HASH      32
#define MERKLE_PROOF_MAX 128
#define MERKLE_SIZE_MAX  ((uint64_t)1 << 62)

struct merkle_hash {
	uint8_t b[MERKLE_HASH];
};

void merkle_leaf(struct slice entry, struct merkle_hash *out);
void merkle_node(const struct merkle_hash *left, const struct merkle_hash *right, struct merkle_hash *out); /* out may be one of them */
void merkle_empty(struct merkle_hash *out);

/* A compact range from leaf 0: the roots of the complete subtrees of a tree of `size`, largest first (as many as size has bits set). It is
 * all that is needed to append and to know the root. */
struct merkle_range {
	uint64_t size;
	struct merkle_hash peak[64];
};
/* Told of each complete subtree that an appended leaf finishes, lowest level first (level 0 is the leaf itself). */
typedef void merkle_done(void *arg, unsigned level, uint64_t index, const struct merkle_hash *hash);
/* Appends a leaf hash. done may be NULL. */
void merkle_append(struct merkle_range *r, const struct merkle_hash *leaf, merkle_done *done, void *arg);
void merkle_root(const struct merkle_range *r, struct merkle_hash *out);

/* Reads node (level, index) of a complete subtree: 0 or a negative errno, which ends the call that asked. */
typedef int merkle_read(void *arg, unsigned level, uint64_t index, struct merkle_hash *out);
/* Outputs are untouched where these fail, but for the array proof[]. -EINVAL also if size is over MERKLE_SIZE_MAX.
 * The compact range of a tree of `size` from its nodes: 0 or what read() said. */
[[nodiscard]] int merkle_range_read(uint64_t size, merkle_read *read, void *arg, struct merkle_range *out);
/* Proof that leaf `index` is in the tree of `size` (RFC 6962 2.1.1). -EINVAL if index >= size; or what read() said. */
[[nodiscard]] int merkle_inclusion(
        uint64_t index, uint64_t size, merkle_read *read, void *arg, struct merkle_hash proof[MERKLE_PROOF_MAX], size_t *n);
/* Proof that the tree of `size` extends that of `old` (RFC 6962 2.1.2); empty if old is 0 or equals size. -EINVAL if old > size. */
[[nodiscard]] int merkle_consistency(
        uint64_t old, uint64_t size, merkle_read *read, void *arg, struct merkle_hash proof[MERKLE_PROOF_MAX], size_t *n);

/* Does the proof show that the leaf is there? 0, -EINVAL (index >= size, or a proof of the wrong length), -EBADMSG (another root). */
[[nodiscard]] int merkle_check_inclusion(const struct merkle_hash *leaf, uint64_t index, uint64_t size, const struct merkle_hash *proof,
        size_t n, const struct merkle_hash *root);
/* Does the proof show that `root` extends `old_root`? 0, -EINVAL, -EBADMSG. From size 0 an empty proof is demanded, and old_root must be
 * the empty root (if size is 0 too, root as well). */
[[nodiscard]] int merkle_check_consistency(uint64_t old, uint64_t size, const struct merkle_hash *proof, size_t n,
        const struct merkle_hash *old_root, const struct merkle_hash *root);

/* The same for a subtree [start, end) (draft-ietf-plants-merkle-tree-certs, section 4): start must be a multiple of the smallest power of
 * two that is no less than end - start, else -EINVAL. Its root is that of a tree of its leaves alone. */
[[nodiscard]] int merkle_check_subtree_inclusion(const struct merkle_hash *leaf, uint64_t index, uint64_t start, uint64_t end,
        const struct merkle_hash *proof, size_t n, const struct merkle_hash *root);
/* Is the subtree of that root part of the tree of `size` and `root`? The empty subtree is part of every tree: an empty proof and the empty
 * root are demanded. */
[[nodiscard]] int merkle_check_subtree_consistency(uint64_t start, uint64_t end, uint64_t size, const struct merkle_hash *proof, size_t n,
        const struct merkle_hash *sub_root, const struct merkle_hash *root);

#endif
