#include <stdlib.h>

#include "crypto/ja4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct clienthello h;
	const char *why = NULL;
	char ja4[JA4_MAX];
	if (clienthello_parse(slice_of(data, size), &h, &why) != CLIENTHELLO_OK)
		return 0;
	ja4_text(&h, ja4);
	if (strlen(ja4) != 36)
		abort();
	clienthello_free(&h);
	return 0;
}
