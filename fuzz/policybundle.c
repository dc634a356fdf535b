/* Bundles, trusts and exceptions are anybody's until their signatures are verified. There is one way to write each: what is accepted is
 * written again, and must be the same bytes. The first byte says which of them it is. */
#include <stdlib.h>

#include "parse/exception.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct buf *out, struct slice in)
{
	if (buf_error(out) || !slice_eq(buf_slice(out), in))
		abort();
}

static void bundle(struct slice in)
{
	struct bundle_file *file = calloc(BUNDLE_FILES, sizeof(*file));
	struct bundle b = {.file = file}, head = {.file = file};
	struct bundle_fault fault;
	_cleanup_buf_ struct buf text = BUF(in.n + NOTE_MAX), body = BUF(in.n + 1);
	char from[21], expires[21];
	if (!file)
		return;
	int r = bundle_head(in, &head, &fault);
	if (r < 0 && (!fault.key || !fault.why))
		abort();
	int all = bundle_parse(in, &b, &fault);
	if (r < 0 && all == 0)
		abort();
	if (all == 0) {
		statement_time_write(b.from, from);
		statement_time_write(b.expires, expires);
		buf_fmt(&text, "postern.bundle/v1\norganisation %.*s\ntrust %llu\nversion %llu\nfrom %s\nexpires %s\n",
		        SLICE_FMT(b.organisation), (unsigned long long)b.trust, (unsigned long long)b.version, from, expires);
		for (size_t i = 0; i < b.n; i++) {
			buf_fmt(&text, "file %.*s %llu %.*s\n", SLICE_FMT(b.file[i].sha256), (unsigned long long)b.file[i].size,
			        SLICE_FMT(b.file[i].name));
			bundle_mark(&body, b.file[i].name);
			buf_add(&body, b.file[i].content);
		}
		same(&text, b.text);
		same(&body, b.body);
		if (b.note.n + b.body.n != in.n || !slice_starts(b.note, b.text))
			abort();
	}
	free(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size), text;
	struct bundle_fault fault;
	struct exception e;
	struct trust t;
	int64_t time;
	char back[21];
	bool has;
	if (size == 0)
		return 0;
	in = slice_from(in, 1);
	bundle_split_note(in, &text, &has);
	switch (data[0] % 4) {
	case 0:
		bundle(in);
		break;
	case 1:
		if (trust_parse(text, &t, &fault) == 0 && (t.n < t.threshold || t.threshold == 0 || t.n > TRUST_KEYS_MAX))
			abort();
		break;
	case 2:
		if (exception_parse(text, &e, &fault) == 0) {
			_cleanup_buf_ struct buf out = BUF(text.n + 1);
			exception_write(&e, &out);
			same(&out, text);
		}
		break;
	default:
		if (statement_time_parse(in, false, &time)) {
			statement_time_write(time, back);
			if (!slice_is(in, back))
				abort();
		}
	}
	return 0;
}
