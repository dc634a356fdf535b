/* What a flag says of a change, and the diff of it: the first byte picks the reader, a NUL parts before from after. */
#include "review/diff.h"
#include "review/flag_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct check {
	struct slice a, b;
};

/* Lines of the diff must be lines of the texts. */
static void line(void *arg, const struct diff_line *l)
{
	const struct check *c = arg;
	if (l->kind == '@' || l->kind == '\\')
		return;
	const struct slice *s = l->kind == '+' ? &c->b : &c->a;
	if (l->text.n && (l->text.p < s->p || l->text.p + l->text.n > s->p + s->n))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	_cleanup_buf_ struct buf out = BUF(4096);
	struct slice rest = slice_of(data + 1, size - 1), before = SLICE_NONE;
	size_t nul = slice_chr(rest, 0, 0), plus = 0, minus = 0;
	if (nul != SLICE_NPOS) {
		before = slice_sub(rest, 0, nul);
		rest = slice_from(rest, nul + 1);
	}
	struct flag_texts t = {before, rest};
	struct check c = {before, rest};
	(void)part_read((enum flag_reader)(data[0] % (READER_LOCK + 1)), &t, &out);
	buf_reset(&out);
	(void)part_hidden(&t, &out);
	long n = diff_lines(before, rest, 100000, line, &c);
	if (n >= 0 && diff_count(before, rest, &plus, &minus) == 0 && (n == 0) != (plus + minus == 0))
		__builtin_trap();
	if (slice_eq(before, rest) && n > 0)
		__builtin_trap();
	return 0;
}
