/* What the gate's process and its supervisor say to each other: both ends count as hostile. What parses must write back to the same. */
#include <stdlib.h>

#include "gate/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct link_message m, again;
	struct gate_config config;
	(void)gate_config_decode(slice_of(data, size), &config);
	/* Lists inside of its fields. */
	struct slice rest = slice_of(data, size), label, value;
	struct link_hit hit;
	unsigned class;
	while (link_hit_next(&rest, &hit))
		if (hit.confidence > 1000 || hit.sample.n > size)
			abort();
	rest = slice_of(data, size);
	while (gate_value_next(&rest, &class, &label, &value))
		if (label.n + value.n > size)
			abort();
	if (link_parse(slice_of(data, size), &m) < 0)
		return 0;
	struct buf b = BUF(size + 1);
	link_begin(&b, m.kind);
	for (unsigned t = 1; t < LINK_TAG_END; t++)
		link_put(&b, (enum link_tag)t, m.field[t]);
	if (buf_error(&b) || b.n != size || link_parse(buf_slice(&b), &again) < 0)
		abort();
	for (unsigned t = 1; t < LINK_TAG_END; t++)
		if (!slice_eq(m.field[t], again.field[t]))
			abort();
	(void)link_u64(&m, LINK_ID, 0);
	buf_free(&b);
	return 0;
}
