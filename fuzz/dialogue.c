/* Model traffic as a hostile tool or server would write it: facts stay bounded lines, and placeholders are put back the same way however
 * the bytes are cut. */
#include <stdlib.h>

#include "gate/dialogue.h"
#include "gate/events.h"
#include "inspect/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void facts_of(struct slice in, bool events)
{
	_cleanup_buf_ struct buf facts = BUF(1 << 20);
	struct dialogue *d = dialogue_new(events);
	if (!d)
		abort();
	dialogue_feed(d, in);
	dialogue_message(d, in);
	dialogue_end(d, &facts);
	dialogue_free(d);
	struct slice rest = buf_slice(&facts), line;
	while (slice_split(&rest, '\n', &line))
		if (line.n > 400)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct redact_vault *vault;
	static const uint8_t key[32] = {7};
	char mark[REDACT_PLACEHOLDER + 1];
	struct slice in = slice_of(data, size);
	if (!vault && (redact_vault_new(0, key, &vault) < 0 ||
	                      redact_placeholder(vault, "github-token", SLICE("a-value-of-a-person"), false, mark) < 0))
		abort();
	struct buf facts = BUF(1 << 20), whole = BUF(16 << 20), cut = BUF(16 << 20);
	(void)dialogue_request(SLICE("/v1/chat/completions"), in, &facts);
	facts_of(in, true);
	facts_of(in, false);
	struct events *a = NULL, *b = NULL;
	if (events_new(vault, &a) < 0 || events_new(vault, &b) < 0 || events_feed(a, in, true, &whole) < 0)
		abort();
	for (size_t at = 0; at < size; at += 7)
		if (events_feed(b, slice_sub(in, at, 7), false, &cut) < 0)
			abort();
	if (events_feed(b, SLICE_NONE, true, &cut) < 0 || !slice_eq(buf_slice(&whole), buf_slice(&cut)))
		abort();
	events_free(a);
	events_free(b);
	buf_free(&facts);
	buf_free(&whole);
	buf_free(&cut);
	return 0;
}
