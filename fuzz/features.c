/* Two observations of arbitrary trace bytes. The input is cut in two at its first 0xff byte that is followed by 0xfe; if it is no
 * trace, it is sent as the body of a request. The same observation twice must show no difference. */
#include "vet/feature.h"
#include "wire/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void wrap(struct buf *b, struct slice body)
{
	size_t mark, split = slice_find(body, SLICE("\n\n"), 0);
	trace_begin(b, TRACE_HTTP, &mark);
	trace_put(b, TAG_HOST, SLICE("h.test"));
	trace_put(b, TAG_SCHEME, SLICE("http"));
	trace_put(b, TAG_PROTO, SLICE("HTTP/1.1"));
	trace_put(b, TAG_METHOD, SLICE("POST"));
	trace_put(b, TAG_TARGET, SLICE("/a?b=c"));
	trace_put(b, TAG_HEADERS, split == SLICE_NPOS ? SLICE("Host: h.test\r\n\r\n") : slice_sub(body, 0, split));
	trace_put(b, TAG_BODY, split == SLICE_NPOS ? body : slice_from(body, split + 2));
	trace_end(b, mark);
}

static int add(struct feature_set *s, struct slice in)
{
	static const struct feature_literal literals[] = {{.factor = 0, .value = SLICE("4"), .name = "cpus"},
	        {.factor = 1, .value = SLICE("host-17"), .name = "hostname"}, {.factor = 2, .value = SLICE("/home/casey"), .name = "home"}};
	int o = feature_set_add(s, in, literals, 3, "h.test", NULL);
	if (o >= 0)
		return o;
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	wrap(&b, in);
	return feature_set_add(s, buf_slice(&b), literals, 3, "h.test", NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	size_t split = slice_find(in, SLICE("\xff\xfe"), 0);
	struct feature_set *s;
	if (size > 65536 || feature_set_new(&s) < 0)
		return 0;
	struct slice first = slice_sub(in, 0, split), second = split == SLICE_NPOS ? in : slice_from(in, split + 2);
	int a = add(s, first), b = add(s, second), c = add(s, second);
	for (uint32_t i = 0; i < feature_count(s); i++) {
		const struct feature *f = feature_at(s, i);
		if (!f->endpoint || !f->address || !f->host || (f->parent != UINT32_MAX && f->parent >= feature_count(s)))
			__builtin_trap();
		if (a >= 0)
			(void)feature_value(s, i, (unsigned)a);
		if (b >= 0 && c >= 0 && !slice_eq(feature_value(s, i, (unsigned)b), feature_value(s, i, (unsigned)c)))
			__builtin_trap();
	}
	size_t n;
	const struct feature_echo *e = feature_echoes(s, &n);
	for (size_t i = 0; i < n; i++)
		if (e[i].feature >= feature_count(s) || !e[i].transform)
			__builtin_trap();
	feature_set_free(s);
	return 0;
}
