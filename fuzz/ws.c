#include <stdlib.h>

#include "parse/ws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ws_frame f;
	const char *why = NULL;
	for (int client = 0; client < 2; client++) {
		if (ws_parse(slice_of(data, size), client, 65536, &f, &why) != WS_OK)
			continue;
		if (f.size > size || f.payload.p + f.payload.n != data + f.size)
			abort();
		struct buf b = BUF(65536);
		ws_payload(&b, &f);
		if (b.n != f.payload.n)
			abort();
		buf_free(&b);
	}
	return 0;
}
