/* Formats of numbers: NPY, safetensors, GGUF. Their headers are read, their numbers passed over. */
#include <stdio.h>

#include "inspect/scan_part.h"
#include "parse/gguf.h"
#include "parse/npy.h"
#include "parse/safetensors.h"

#define TABLE_MAX ((size_t)64 << 20)

/* What follows the numbers, and with --deep the numbers. */
static void numbers(struct scan *s, const struct scan_input *in, uint64_t from, uint64_t end)
{
	size_t to = end > in->bytes.n ? in->bytes.n : (size_t)end;
	if (scan_deep(s) && from < to)
		scan_search(s, in, (size_t)from, to);
	struct slice rest = slice_from(in->bytes, to);
	if (rest.n == 0 || scan_zeros(slice_sub(rest, 0, (size_t)1 << 20)))
		return;
	if (!scan_into(s, in, "behind the numbers", rest, rest.n, true))
		scan_search(s, in, to, in->bytes.n);
	scan_found(s, in, SCAN_RULE_TRAILING, to, rest.n, "%zu bytes behind the numbers", rest.n);
}

bool scan_npy_claims(struct scan *s, const struct scan_input *in)
{
	(void)s;
	return npy_is(in->bytes);
}

void scan_npy_look(struct scan *s, const struct scan_input *in)
{
	struct npy n;
	const char *reason;
	if (npy_read(in->bytes, &n, &reason) < 0) {
		scan_found(s, in, SCAN_RULE_TENSOR_HEADER, 0, in->size, "%s", reason);
		scan_search(s, in, 0, in->bytes.n);
		/* Its header ends with a line; NumPy may take what follows for objects. */
		size_t line = slice_chr(in->bytes, '\n', 10);
		if (line != SLICE_NPOS)
			(void)scan_into(s, in, "behind the header", slice_from(in->bytes, line + 1), in->size - line - 1, true);
		return;
	}
	if (n.objects) {
		(void)scan_into(s, in, "objects", slice_from(in->bytes, n.data_at), in->size - n.data_at, false);
		return;
	}
	/* Of a type with fields the size is not worked out: all that follows are numbers. */
	uint64_t end = n.known ? n.data_at + n.bytes : in->size;
	if (n.known && n.bytes > in->size - n.data_at)
		scan_found(s, in, SCAN_RULE_TENSOR_LAYOUT, 0, n.data_at, "%.*s: %llu bytes are to follow, and %llu do",
		        SLICE_FMT(slice_sub(n.header, 0, 150)), (unsigned long long)n.bytes, (unsigned long long)(in->size - n.data_at));
	else
		numbers(s, in, n.data_at, end);
}

bool scan_safetensors_claims(struct scan *s, const struct scan_input *in)
{
	(void)s;
	/* Many things have a brace at that place: the name, a length that fits, or a tensor must say it too. */
	if (in->quiet || !safetensors_is(in->bytes))
		return false;
	return slice_le(slice_sub(in->bytes, 0, 8)) <= in->size - 8 || scan_has_suffix(in->name, ".safetensors") ||
	       slice_find(slice_sub(in->bytes, 0, 65536), SLICE("\"data_offsets\""), 0) != SLICE_NPOS;
}

void scan_safetensors_look(struct scan *s, const struct scan_input *in)
{
	struct safetensors t;
	safetensors_read(in->bytes, in->size, TABLE_MAX, &t);
	(void)scan_steps(s, in, t.tensors);
	for (unsigned bit = 1; bit < 1u << SAFETENSORS_ODDS; bit <<= 1) {
		if (!(t.odd & bit))
			continue;
		/* A file with nothing but its header is cut, not odd. */
		enum scan_rule_name rule = bit == SAFETENSORS_WRAPS  ? SCAN_RULE_TENSOR_OVERFLOW
		                           : bit == SAFETENSORS_JSON ? SCAN_RULE_TENSOR_HEADER
		                           : bit == SAFETENSORS_MANY ? SCAN_RULE_LIMIT
		                                                     : SCAN_RULE_TENSOR_LAYOUT;
		scan_found(s, in, rule, rule == SCAN_RULE_TENSOR_HEADER ? 0 : t.at, rule == SCAN_RULE_TENSOR_HEADER ? in->size : 0,
		        "%s%s%.*s", safetensors_odd_text(bit), t.name.n ? ": " : "", SLICE_FMT(slice_sub(t.name, 0, 200)));
	}
	if (t.odd & (SAFETENSORS_LENGTH | SAFETENSORS_JSON)) {
		scan_search(s, in, 0, in->bytes.n);
		return;
	}
	/* What is longer than any honest text in the metadata may be something else. */
	if (t.metadata.n)
		scan_payload_texts(s, in, t.metadata);
	numbers(s, in, t.data_at, t.end ? t.end : t.data_at);
	if (t.odd & SAFETENSORS_HOLE)
		scan_search(s, in, (size_t)t.data_at, in->bytes.n);
}

bool scan_gguf_claims(struct scan *s, const struct scan_input *in)
{
	(void)s;
	return gguf_is(in->bytes);
}

struct pairs {
	struct scan *s;
	const struct scan_input *in;
};

static void on_text(void *arg, struct slice key, struct slice text, size_t at)
{
	struct pairs *p = arg;
	if (slice_starts(key, SLICE("tokenizer.chat_template")))
		scan_template(p->s, p->in, text, at, false);
	else if (text.n >= 64)
		scan_payload(p->s, p->in, text, at);
}

void scan_gguf_look(struct scan *s, const struct scan_input *in)
{
	struct gguf g;
	struct pairs p = {s, in};
	gguf_read(in->bytes, in->size, TABLE_MAX, on_text, &p, &g);
	(void)scan_steps(s, in, g.pairs > in->size ? in->size : g.pairs);
	for (unsigned bit = 1; bit < 1u << GGUF_ODDS; bit <<= 1) {
		if (!(g.odd & bit))
			continue;
		enum scan_rule_name rule = bit & (GGUF_WRAPS | GGUF_DIMS) ? SCAN_RULE_TENSOR_OVERFLOW
		                           : bit == GGUF_MANY             ? SCAN_RULE_LIMIT
		                                                          : SCAN_RULE_TENSOR_LAYOUT;
		scan_found(
		        s, in, rule, g.at, 0, "%s%s%.*s", gguf_odd_text(bit), g.name.n ? ": " : "", SLICE_FMT(slice_sub(g.name, 0, 200)));
	}
	if (g.swapped || g.data_at == 0) {
		scan_found(s, in, SCAN_RULE_TENSOR_HEADER, g.at, in->size - (g.at < in->size ? g.at : in->size), "%s",
		        g.swapped ? "of a machine with the other order of bytes" : "the header cannot be read to its end");
		return;
	}
	numbers(s, in, g.data_at, g.tensors ? g.end : g.data_at);
}
