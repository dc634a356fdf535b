/* Our side of tests/integration/ledger_go: answers each line of standard input with one line. Texts, notes and hashes are in base64, "-" is
 * the empty list, entries of a tree follow from its seed (see leaf_of()).
 *	vkey NAME TYPE SEED			the verifier key
 *	sign NAME SEED TEXT			the signed note
 *	cosign NAME SEED TIME TEXT		the line of a witness
 *	verify VKEY NOTE			"0 TIME", or a negative error number
 *	checkpoint VKEY NOTE			"SIZE ROOT", or a negative error number
 *	grow SEED SIZE				makes a tree: "0"
 *	root SIZE				its root when it had that size
 *	inclusion INDEX SIZE			hashes with commas
 *	consistency OLD SIZE
 *	tile LEVEL INDEX SIZE			"PATH HASHES", the hashes of the tile in a tree of that size
 *	check-inclusion INDEX SIZE LEAF ROOT PROOF	0 or a negative error number
 *	check-consistency OLD SIZE ROOT ROOT PROOF */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "crypto/tlog.h"

#define LEVELS 24

static struct slice word[8];
static size_t n_words;
static struct buf answer = BUF(1 << 20);

static void stop(const char *why)
{
	(void)fprintf(stderr, "ledger_oracle: %s\n", why);
	exit(1);
}

static struct slice arg(size_t i)
{
	if (i >= n_words)
		stop("a word is missing");
	return word[i];
}

static uint64_t number(size_t i)
{
	uint64_t v;
	if (!slice_u64(arg(i), UINT64_MAX, &v))
		stop("a number is expected");
	return v;
}

/* Kept until the next line. */
static struct buf decoded[8];
static struct slice bytes(size_t i)
{
	struct buf *b = &decoded[i];
	b->max = 1 << 20;
	buf_reset(b);
	if (!decode_base64(b, arg(i)))
		stop("base64 is expected");
	return buf_slice(b);
}

static void say_number(long long v)
{
	buf_fmt(&answer, "%lld", v);
}

static void say_hashes(const struct merkle_hash *h, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_u8(&answer, ',');
		encode_base64(&answer, slice_of(h[i].b, sizeof(h[i].b)), false, true);
	}
	if (n == 0)
		buf_u8(&answer, '-');
}

/* ---- notes ---- */

static int sign(void *seed, struct slice message, uint8_t signature[64])
{
	return ed25519_sign(seed, message, signature);
}

static uint8_t seed[32];
static struct tlog_signer signer(size_t name, size_t at)
{
	struct tlog_signer s = {.name = arg(name), .sign = sign, .arg = seed};
	struct slice b = bytes(at);
	if (b.n != sizeof(seed))
		stop("a seed has 32 bytes");
	memcpy(seed, b.p, sizeof(seed));
	if (ed25519_public(seed, s.public) < 0)
		stop("no public key");
	return s;
}

static void do_vkey(void)
{
	struct tlog_signer s = signer(1, 3);
	tlog_vkey_add(&answer, s.name, (uint8_t)number(2), s.public);
}

static void say_signed(int r, const struct buf *b)
{
	if (r < 0)
		say_number(r);
	else
		encode_base64(&answer, buf_slice(b), false, true);
}

static void do_sign(void)
{
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	struct tlog_signer s = signer(1, 2);
	int r = tlog_note_sign(&s, bytes(3), &b);
	say_signed(r, &b);
}

static void do_cosign(void)
{
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	struct tlog_signer s = signer(1, 2);
	int r = tlog_cosign(&s, bytes(4), number(3), &b);
	say_signed(r, &b);
}

static struct note_signature signatures[NOTE_SIGNATURES];

static void do_verify(void)
{
	struct note_vkey key;
	struct note n = {.signature = signatures};
	const char *why;
	size_t at;
	uint64_t time = 0;
	int r = tlog_vkey_read(arg(1), &key, &why);
	if (r == 0)
		r = note_parse(bytes(2), &n, &why, &at);
	if (r == 0)
		r = tlog_note_verify(&n, &key, &time);
	say_number(r);
	if (r == 0)
		buf_fmt(&answer, " %" PRIu64, time);
}

static void do_checkpoint(void)
{
	struct note_vkey key;
	struct note n = {.signature = signatures};
	struct tlog_checkpoint c;
	const char *why;
	int r = tlog_vkey_read(arg(1), &key, &why);
	if (r == 0)
		r = tlog_checkpoint_open(bytes(2), &key, &n, &c, NULL);
	if (r < 0) {
		say_number(r);
		return;
	}
	buf_fmt(&answer, "%" PRIu64 " ", c.size);
	say_hashes((const struct merkle_hash *)c.root, 1);
}

/* ---- trees ---- */

static struct {
	struct merkle_hash *h;
	size_t n;
} level[LEVELS];

static void keep(void *arg_, unsigned l, uint64_t index, const struct merkle_hash *h)
{
	(void)arg_;
	if (l >= LEVELS || index != level[l].n)
		stop("nodes come in order");
	if ((index & (index - 1)) == 0) {
		void *p = realloc(level[l].h, (index ? 2 * index : 1) * sizeof(*h));
		if (!p)
			stop("no memory");
		level[l].h = p;
	}
	level[l].h[level[l].n++] = *h;
}

static int node(void *arg_, unsigned l, uint64_t index, struct merkle_hash *out)
{
	(void)arg_;
	if (l >= LEVELS || index >= level[l].n)
		stop("a node was asked for that is not there");
	*out = level[l].h[index];
	return 0;
}

static void leaf_of(uint64_t tree, uint64_t i, struct merkle_hash *out)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%" PRIu64 "/%" PRIu64 "%.*s", tree, i, (int)(i % 7), ".......");
	merkle_leaf(slice_of(text, (size_t)n), out);
}

static void do_grow(void)
{
	struct merkle_range r = {0};
	for (size_t l = 0; l < LEVELS; l++) {
		free(level[l].h);
		level[l].h = NULL;
		level[l].n = 0;
	}
	for (uint64_t i = 0; i < number(2); i++) {
		struct merkle_hash h;
		leaf_of(number(1), i, &h);
		merkle_append(&r, &h, keep, NULL);
	}
	say_number(0);
}

static void do_root(void)
{
	struct merkle_range r;
	struct merkle_hash h;
	if (merkle_range_read(number(1), node, NULL, &r) < 0)
		stop("no range");
	merkle_root(&r, &h);
	say_hashes(&h, 1);
}

static void do_inclusion(void)
{
	struct merkle_hash proof[MERKLE_PROOF_MAX];
	size_t n;
	int r = merkle_inclusion(number(1), number(2), node, NULL, proof, &n);
	if (r < 0)
		say_number(r);
	else
		say_hashes(proof, n);
}

static void do_consistency(void)
{
	struct merkle_hash proof[MERKLE_PROOF_MAX];
	size_t n;
	int r = merkle_consistency(number(1), number(2), node, NULL, proof, &n);
	if (r < 0)
		say_number(r);
	else
		say_hashes(proof, n);
}

static void do_tile(void)
{
	int l = (int)number(1);
	char path[TLOG_PATH_MAX];
	unsigned width = tlog_tile_width(l, number(2), number(3));
	tlog_tile_path(l, number(2), width, path);
	buf_fmt(&answer, "%s ", path);
	say_hashes(level[TLOG_TILE_HEIGHT * l].h + number(2) * TLOG_TILE_WIDTH, width);
}

static struct merkle_hash hash(size_t i)
{
	struct merkle_hash h;
	size_t n;
	if (!decode_base64_strict(arg(i), h.b, sizeof(h.b), &n) || n != sizeof(h.b))
		stop("a hash is expected");
	return h;
}

static size_t proof_of(size_t i, struct merkle_hash proof[MERKLE_PROOF_MAX])
{
	struct slice rest = slice_is(arg(i), "-") ? SLICE_NONE : arg(i), part;
	size_t n = 0, k;
	for (; slice_split(&rest, ',', &part); n++)
		if (n == MERKLE_PROOF_MAX || !decode_base64_strict(part, proof[n].b, sizeof(proof[n].b), &k))
			stop("a list of hashes is expected");
	return n;
}

static void do_check_inclusion(void)
{
	struct merkle_hash leaf = hash(3), root = hash(4), proof[MERKLE_PROOF_MAX];
	size_t n = proof_of(5, proof);
	say_number(merkle_check_inclusion(&leaf, number(1), number(2), proof, n, &root));
}

static void do_check_consistency(void)
{
	struct merkle_hash old = hash(3), root = hash(4), proof[MERKLE_PROOF_MAX];
	size_t n = proof_of(5, proof);
	say_number(merkle_check_consistency(number(1), number(2), proof, n, &old, &root));
}

static const struct {
	const char *name;
	void (*run)(void);
} table[] = {
        {"vkey", do_vkey},
        {"sign", do_sign},
        {"cosign", do_cosign},
        {"verify", do_verify},
        {"checkpoint", do_checkpoint},
        {"grow", do_grow},
        {"root", do_root},
        {"inclusion", do_inclusion},
        {"consistency", do_consistency},
        {"tile", do_tile},
        {"check-inclusion", do_check_inclusion},
        {"check-consistency", do_check_consistency},
};

int main(void)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t got;
	while ((got = getline(&line, &cap, stdin)) > 0) {
		struct slice rest = slice_of(line, (size_t)got - 1);
		for (n_words = 0; n_words < ARRAY_LEN(word) && slice_split(&rest, ' ', &word[n_words]);)
			n_words++;
		buf_reset(&answer);
		size_t i = 0;
		while (i < ARRAY_LEN(table) && !slice_is(arg(0), table[i].name))
			i++;
		if (i == ARRAY_LEN(table))
			stop("this is no command");
		table[i].run();
		if (buf_error(&answer))
			stop("the answer is too long");
		(void)printf("%s\n", buf_str(&answer));
		(void)fflush(stdout);
	}
	free(line);
	return 0;
}
