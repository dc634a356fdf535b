/* Prints may be handed around. What is accepted is written and read again, and must be the same; so must metadata survive. */
#include <stdlib.h>

#include "identify/identify_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7 itself loses some hundred bytes on some texts that it refuses. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA(16 << 20);
	_cleanup_buf_ struct buf one = BUF(4 << 20), two = BUF(4 << 20);
	struct prints p;
	struct err err = {0};
	struct metadata m;
	(void)metadata_read(SLICE("package.json"), slice_of(data, size), &m);
	(void)metadata_read(SLICE("METADATA"), slice_of(data, size), &m);
	(void)scan_version(slice_of(data, size));
	(void)scan_gap(slice_of(data, size));
	if (prints_parse(slice_of(data, size), "fuzz.yaml", &a, &p, &err) < 0)
		return 0;
	prints_write(&one, &p, "remark");
	if (one.n > PRINTS_BYTES_MAX)
		return 0;
	if (prints_parse(buf_slice(&one), "again.yaml", &a, &p, &err) < 0)
		abort();
	prints_write(&two, &p, "remark");
	if (!slice_eq(buf_slice(&one), buf_slice(&two)))
		abort();
	return 0;
}
