/* What carries a Merkle proof in lines of base64: tlog-proof, and the request of tlog-witness. */
#include <errno.h>
#include <inttypes.h>

#include "base/encode.h"
#include "parse/tlog.h"
#include "parse/tlog_part.h"

static const struct slice magic = SLICE_INIT("c2sp.org/tlog-proof@v1");

/* Takes "<word> <number>\n" off the front. */
static bool number_line(struct slice *rest, const char *word, uint64_t *out)
{
	struct slice line, after = *rest, first;
	if (!slice_split(&after, '\n', &line) || !after.p || !slice_split(&line, ' ', &first) || !slice_is(first, word) || !line.p ||
	        !tlog_number(line, out))
		return false;
	*rest = after;
	return true;
}

/* Takes the lines of a proof and the empty line behind them off the front; what is left is a signed note. NULL or what is wrong. */
static const char *hash_lines(struct slice *rest, uint8_t hash[TLOG_PROOF_MAX][32], size_t *n)
{
	struct slice line;
	for (size_t i = 0; slice_split(rest, '\n', &line) && rest->p; i++) {
		if (line.n == 0) {
			*n = i;
			return rest->n ? NULL : "no checkpoint behind the empty line";
		}
		if (i == TLOG_PROOF_MAX)
			return "more than 63 lines of proof";
		if (!tlog_hash(line, hash[i]))
			return "a line of the proof is no hash in base64";
	}
	return "no empty line behind the proof";
}

static void add_lines(struct buf *out, const char *word, uint64_t v, const uint8_t (*hash)[32], size_t n, struct slice checkpoint)
{
	buf_fmt(out, "%s %" PRIu64 "\n", word, v);
	for (size_t i = 0; i < n; i++)
		tlog_hash_line(out, hash[i]);
	buf_u8(out, '\n');
	buf_add(out, checkpoint);
}

int tlog_proof_parse(struct slice in, struct arena *arena, struct tlog_proof *out, const char **why)
{
	static const struct slice extra = SLICE_INIT("extra ");
	struct tlog_proof p = {0};
	uint8_t hash[TLOG_PROOF_MAX][32];
	struct slice rest = in, line, after;
	if (!slice_split(&rest, '\n', &line) || !slice_eq(line, magic) || !rest.p) {
		*why = "no tlog-proof of version 1";
		return -EBADMSG;
	}
	after = rest;
	if (slice_split(&after, '\n', &line) && after.p && slice_starts(line, extra)) {
		line = slice_from(line, extra.n);
		uint8_t *to = arena_alloc(arena, line.n / 4 * 3 + 1);
		size_t n;
		if (!to) {
			*why = "not enough memory for this proof";
			return -ENOMEM;
		}
		/* Without data the line is left out. */
		if (!decode_base64_strict(line, to, line.n / 4 * 3, &n) || n == 0) {
			*why = "the extra data is not base64";
			return -EBADMSG;
		}
		p.extra = slice_of(to, n);
		rest = after;
	}
	if (!number_line(&rest, "index", &p.index)) {
		*why = "a line with the index of the entry is expected";
		return -EBADMSG;
	}
	*why = hash_lines(&rest, hash, &p.n);
	if (*why)
		return -EBADMSG;
	p.hash = arena_alloc(arena, p.n * sizeof(*p.hash) + 1);
	if (!p.hash) {
		*why = "not enough memory for this proof";
		return -ENOMEM;
	}
	if (p.n)
		memcpy(p.hash, hash, p.n * sizeof(*p.hash));
	p.checkpoint = rest;
	*out = p;
	return 0;
}

void tlog_proof_add(struct buf *out, uint64_t index, const uint8_t (*hash)[32], size_t n, struct slice checkpoint)
{
	buf_add(out, magic);
	buf_u8(out, '\n');
	add_lines(out, "index", index, hash, n, checkpoint);
}

int tlog_add_checkpoint_parse(struct slice in, struct tlog_add_checkpoint *out, const char **why)
{
	struct slice rest = in;
	uint8_t hash[TLOG_PROOF_MAX][32];
	uint64_t old;
	size_t n = 0;
	*why = number_line(&rest, "old", &old) ? hash_lines(&rest, hash, &n) : "a line with the old size is expected";
	if (*why)
		return -EBADMSG;
	*out = (struct tlog_add_checkpoint){.old = old, .n = n, .checkpoint = rest};
	if (n)
		memcpy(out->hash, hash, n * sizeof(hash[0]));
	return 0;
}

void tlog_add_checkpoint_write(struct buf *out, uint64_t old, const uint8_t (*hash)[32], size_t n, struct slice checkpoint)
{
	add_lines(out, "old", old, hash, n, checkpoint);
}
