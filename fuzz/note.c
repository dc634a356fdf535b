/* Signed notes: parts lie in the input, and what was taken is the same bytes when it is written from its parts. */
#include <stdlib.h>

#include "parse/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct note_signature signatures[NOTE_SIGNATURES];
	struct slice in = slice_of(data, size);
	struct note n = {.signature = signatures};
	const char *why = NULL;
	size_t at = SIZE_MAX;
	if (note_parse(in, &n, &why, &at) < 0) {
		if (!why || at > size)
			abort();
		return 0;
	}
	_cleanup_buf_ struct buf b = BUF(NOTE_MAX + 1000);
	if (!note_text_valid(n.text) || n.n == 0 || n.n > NOTE_SIGNATURES)
		abort();
	buf_add(&b, n.text);
	buf_u8(&b, '\n');
	for (size_t i = 0; i < n.n; i++) {
		const struct note_signature *s = &n.signature[i];
		if (s->n < 1 || s->n > NOTE_SIGNATURE_MAX - 4 || s->name.p < data || s->line.p + s->line.n > data + size)
			abort();
		note_signature_add(&b, s->name, s->key_id, slice_of(s->bytes, s->n));
	}
	if (buf_error(&b) || !slice_eq(buf_slice(&b), in))
		abort();
	return 0;
}
