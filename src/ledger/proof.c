#include "ledger/proof.h"

#include <errno.h>

#include "base/cleanup.h"
#include "ledger/tiles.h"

#define PROOF_MEMORY ((size_t)256 << 10)

static int make(struct tiles_reader *reader, const struct ledger_checkpoint *c, uint64_t index, struct buf *out, struct err *err)
{
	struct merkle_hash proof[MERKLE_PROOF_MAX], leaf;
	size_t n;
	int r = tiles_node(reader, 0, index, &leaf);
	r = r < 0 ? r : merkle_inclusion(index, c->size, tiles_node, reader, proof, &n);
	if (r == -ENOENT || r == -EBADMSG)
		return err_set(err, -EBADMSG, "a tile that the proof needs is %s; \"postern log verify\" says which",
		        r == -ENOENT ? "missing" : "damaged");
	if (r < 0)
		return err_sys(err, r, "cannot read the tiles");
	/* A proof that proves nothing shall not leave the house. */
	if (merkle_check_inclusion(&leaf, index, c->size, proof, n, &c->root) < 0)
		return err_set(err, -EBADMSG, "the tiles do not lead to the signed root; \"postern log verify\" says where");
	tlog_proof_add(out, index, (const uint8_t(*)[MERKLE_HASH])proof, n, buf_slice(&c->note));
	return buf_error(out) ? err_sys(err, buf_error(out), "cannot write the proof") : 0;
}

int ledger_prove(int dir, const char *file, const struct note_vkey *key, uint64_t index, struct buf *out, struct err *err)
{
	struct ledger_checkpoint c;
	struct tiles_reader *reader = NULL;
	int r = ledger_checkpoint_read(dir, file, key, &c, err);
	if (r < 0)
		return r;
	if (index >= c.size)
		r = err_set(err, -EINVAL, "there is no entry %llu: the checkpoint has %llu", (unsigned long long)index,
		        (unsigned long long)c.size);
	else if ((r = tiles_reader_new(dir, c.size, &reader)) < 0)
		(void)err_sys(err, r, "cannot read the tiles");
	r = r < 0 ? r : make(reader, &c, index, out, err);
	tiles_reader_free(reader);
	buf_free(&c.note);
	return r;
}

int ledger_check_proof(struct slice proof, const struct note_vkey *key, struct slice entry, struct ledger_proof *out, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA(PROOF_MEMORY);
	struct tlog_proof p;
	struct ledger_checkpoint c;
	struct merkle_hash leaf = {0};
	const char *why = NULL;
	if (tlog_proof_parse(proof, &arena, &p, &why) < 0)
		return err_set(err, -EINVAL, "this is no c2sp.org/tlog-proof@v1: %s", why);
	int r = ledger_checkpoint_parse(p.checkpoint, "the proof's checkpoint", key, &c, err);
	if (r < 0)
		return r == -EBADMSG ? -EINVAL : r;
	buf_free(&c.note);
	if (entry.p)
		merkle_leaf(entry, &leaf);
	r = merkle_check_inclusion(&leaf, p.index, c.size, (const struct merkle_hash *)p.hash, p.n, &c.root);
	if (r == -EINVAL)
		return err_set(err, -EINVAL, "this is no proof: entry %llu of %llu needs another number of hashes than %zu",
		        (unsigned long long)p.index, (unsigned long long)c.size, p.n);
	if (r < 0 && entry.p)
		return err_set(err, -EBADMSG, "this entry is not in place %llu of the log", (unsigned long long)p.index);
	*out = (struct ledger_proof){.index = p.index, .size = c.size};
	return 0;
}
