/* Reports from elsewhere, compared: the input against a small good one, both ways, and against itself, where nothing may differ. */
#include <stdlib.h>

#include "report/compare.h"

static const char good[] =
        "{\"postern\":\"1\",\"started\":\"s\",\"subject\":{\"name\":\"n\",\"version\":\"v\",\"sha256\":\"d\"},\"profile\":\"p\","
        "\"effort\":\"e\",\"trials\":3,\"partial\":false,\"verdict\":\"clean\",\"findings\":[],\"hosts\":[]}";

static int compared(struct slice a, struct slice b, bool same)
{
	_cleanup_buf_ struct buf text = BUF(32 << 20);
	struct compare c;
	struct err err = {0};
	int r = compare_reports(a, b, CLASS_DISCLOSED, &c, &err);
	if (r < 0 && !err.text[0])
		abort();
	for (size_t i = 0; r == 0 && same && i < c.n_sections; i++)
		if (c.section[i].n)
			abort();
	if (r == 0) {
		compare_text(&text, &c, NULL);
		compare_json(&text, &c);
		compare_html(&text, &c);
	}
	compare_free(&c);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	if (compared(in, slice_str(good), false) < 0)
		return 0;
	(void)compared(slice_str(good), in, false);
	(void)compared(in, in, true);
	return 0;
}
