/* Rules in YAML, and an image with some bytes changed. */
#include <stdlib.h>

#include "inspect/dlp.h"
#include "inspect/secret_image.h"
#include "inspect/secret_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct err err = {0};
	struct buf image = BUF(4u << 20);
	if (size > 4000)
		return 0;
	struct secret_source source = {"rules.yaml", slice_of(data, size)};
	if (secret_compile(&source, 1, &image, &err) == 0) {
		struct image m;
		if (image.n % 8 == 0 && !image_open(buf_slice(&image), &m))
			abort();
		/* All but the matcher's own tables, which are checked by the matcher. */
		for (size_t i = 0; i + 2 < size && i < 40; i += 3) {
			size_t at = (size_t)(data[i] << 8 | data[i + 1]) % image.n;
			image.p[at] ^= data[i + 2];
			(void)image_open(buf_slice(&image), &m);
		}
	} else if (!err.text[0]) {
		abort();
	}
	buf_free(&image);
	return 0;
}
