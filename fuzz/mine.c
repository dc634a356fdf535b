/* Constants of hostile files, and records of a process that was taken over. */
#include <stdlib.h>

#include "inspect/mine_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct mine_result *r)
{
	for (size_t i = 0; i < r->n_lists; i++)
		if (r->lists[i].n == 0 || r->lists[i].n > r->lists[i].total || r->lists[i].class == MINE_NONE || !r->lists[i].encoding)
			abort();
	for (size_t i = 0; i < r->n_values; i++)
		if (!r->values[i].text || r->values[i].class == MINE_NONE)
			abort();
}

static void gather(struct slice records, bool own)
{
	static const char *const files[] = {"one", "two"};
	struct mine_gather g = {0};
	struct mine_result r = {0};
	_cleanup_arena_ struct arena arena = ARENA((size_t)64 << 20);
	int e = mine_gather_add(&g, records, files, 2, &arena);
	if (own && e < 0)
		abort();
	if (e == 0 && mine_gather_end(&g, &arena, &r) == 0)
		check(&r);
	mine_gather_free(&g);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mine_miner *m;
	static struct buf out = {.max = (size_t)32 << 20};
	if (size < 2)
		return 0;
	/* An odd first byte: records. */
	if (data[0] & 1) {
		gather(slice_of(data + 1, size - 1), false);
		return 0;
	}
	if (!m && !(m = mine_miner_new(&out, false)))
		return 0;
	/* Both in one piece and in two. */
	size_t half = (size - 1) / 2;
	buf_reset(&out);
	mine_bytes(m, 0, slice_of(data + 1, size - 1), 0, half);
	mine_bytes(m, 1, slice_of(data + 1, size - 1), half, size - 1);
	mine_miner_end(m);
	gather(buf_slice(&out), true);
	return 0;
}
