#include <stdlib.h>

#include "ledger/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A record of the journal, as a crash or somebody else may have left it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal_record r;
	uint8_t head[JOURNAL_HEADER];
	if (journal_parse(slice_of(data, size), &r) != 1)
		return 0;
	if (r.hashes.n != (size_t)r.count * MERKLE_HASH || JOURNAL_HEADER + r.hashes.n + r.entries.n > size || journal_check(&r) > r.count)
		abort();
	journal_header(&r, head);
	if (memcmp(head, data, sizeof(head)) != 0)
		abort();
	return 0;
}
