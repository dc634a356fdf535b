/* Verifier keys. */
#include <stdlib.h>

#include "crypto/tlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct note_vkey k, again;
	const char *why = NULL;
	_cleanup_buf_ struct buf b = BUF(4096);
	if (note_vkey_parse(in, &k, &why) < 0) {
		if (!why)
			abort();
		return 0;
	}
	/* Written again it has the id that belongs to it; the input has that or another one. */
	if (!note_name_valid(k.name))
		abort();
	tlog_vkey_add(&b, k.name, k.type, k.public);
	if (tlog_vkey_read(buf_slice(&b), &again, &why) < 0 || again.type != k.type ||
	        memcmp(again.public, k.public, sizeof(k.public)) != 0)
		abort();
	if ((again.key_id == k.key_id) != slice_eq(buf_slice(&b), in) ||
	        (tlog_vkey_read(in, &again, &why) == 0) != slice_eq(buf_slice(&b), in))
		abort();
	return 0;
}
