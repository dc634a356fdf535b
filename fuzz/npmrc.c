#include "obtain/npmrc.h"

static const char *var(struct slice name, void *arg)
{
	(void)arg;
	return name.n & 1 ? "value" : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct npmrc_iter i = {.rest = slice_of(data, size)};
	while (npmrc_next(&i)) {
		_cleanup_buf_ struct buf b = BUF(65536);
		npmrc_expand(i.value, var, NULL, &b);
	}
	return 0;
}
