/* Heads of requests and replies, and the chunked coding. The decoder must give the same for one piece and for single bytes. */
#include <stdlib.h>

#include "parse/http1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct http1_head h;
	const char *why = NULL;
	size_t at = 0, used = 0;
	(void)http1_looks(in);
	if (http1_parse(in, &h, &why, &at) == HTTP1_OK && (h.size > size || h.field_bytes.p + h.field_bytes.n != data + h.size))
		abort();
	struct http1_reply reply;
	if (http1_parse_reply(in, SLICE("GET"), &reply, &why, &at) == HTTP1_OK &&
	        (reply.size > size || reply.status < 100 || reply.status > 999))
		abort();
	struct buf one = BUF(4096), many = BUF(4096);
	struct buf after_one = BUF(256), after_many = BUF(256);
	struct http1_field field[HTTP1_FIELDS_MAX];
	size_t n;
	struct http1_chunked a = {.trailer = &after_one}, b = {.trailer = &after_many};
	uint64_t lost_a = 0, lost_b = 0;
	enum http1_status s = http1_chunked(&a, in, &used, &one, &lost_a, &why), t = HTTP1_MORE;
	for (size_t i = 0; i < size && t == HTTP1_MORE; i++)
		t = http1_chunked(&b, slice_sub(in, i, 1), &used, &many, &lost_b, &why);
	if (s != t || lost_a != lost_b || !slice_eq(buf_slice(&one), buf_slice(&many)))
		abort();
	if (!slice_eq(buf_slice(&after_one), buf_slice(&after_many)))
		abort();
	(void)http1_trailer(buf_slice(&after_one), field, &n, &why);
	if (http1_trailer(in, field, &n, &why) == HTTP1_OK && n > HTTP1_FIELDS_MAX)
		abort();
	buf_free(&after_one);
	buf_free(&after_many);
	buf_free(&one);
	buf_free(&many);
	return 0;
}
