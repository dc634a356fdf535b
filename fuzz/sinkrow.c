/* A row for a database, of any bytes as an entry: thirteen columns, one line, no NUL, and every backslash is one of the format's. */
#include <stdlib.h>

#include "ledger/sink_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)32 << 20);
	_cleanup_buf_ struct buf out = BUF((size_t)1 << 20);
	size_t tabs = 0, lines = 0;
	if (size > TLOG_ENTRY_MAX || sink_row("example.com/log", 7, slice_of(data, size), &arena, &out) < 0)
		return 0;
	for (size_t i = 0; i < out.n; i++) {
		tabs += out.p[i] == '\t';
		lines += out.p[i] == '\n';
		if (out.p[i] == 0 || out.p[i] == '\r')
			abort();
		if (out.p[i] == '\\' && (++i == out.n || !strchr("\\nrtN", out.p[i])))
			abort();
	}
	if (tabs != 12 || lines != 1 || out.p[out.n - 1] != '\n')
		abort();
	return 0;
}
