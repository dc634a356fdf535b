/* Which fields may follow the content of a request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gate/trailer.h"

static void names(void **state)
{
	static const char *const may[] = {"x-sum", "grpc-status", "x-amz-checksum-crc32", "Content-Digest", "Repr-Digest", "signature",
	        "etag", "server-timing", "hosts", "te-x"};
	static const char *const may_not[] = {"", "host", "HOST", "te", "Trailer", "transfer-encoding", "Transfer_Encoding",
	        "content-length", "Content_Length", "content-type", "content-encoding", "content-anything", "authorization",
	        "Proxy-Authorization", "cookie", "set-cookie", "x-api-key", "X_Api_Key", "connection", "upgrade", "expect", "range",
	        "if-match", "accept", "accept-encoding", "x-forwarded-for", "x-http-method-override", "sec-websocket-key", "forwarded",
	        "user-agent"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(may); i++)
		if (!trailer_may(slice_str(may[i])))
			fail_msg("refused: %s", may[i]);
	for (size_t i = 0; i < ARRAY_LEN(may_not); i++)
		if (trailer_may(slice_str(may_not[i])))
			fail_msg("taken: %s", may_not[i]);
	uint8_t longest[257];
	memset(longest, 'x', sizeof(longest));
	assert_true(trailer_may(slice_of(longest, 256)));
	assert_false(trailer_may(slice_of(longest, 257)));
}

/* Of the head: what a server may take for another request, and two spellings of one field. */
static void steering(void **state)
{
	static const char *const yes[] = {"X-HTTP-Method-Override", "x_http_method_override", "X-Original-URL", "X-Rewrite-Url"};
	static const char *const no[] = {"", "x-http", "x-original", "x-request-id", "content-type", "x-original-url2"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		assert_true(trailer_steers(slice_str(yes[i])));
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		assert_false(trailer_steers(slice_str(no[i])));
	assert_true(trailer_same(SLICE("X_Org-Id"), SLICE("x-org_id")));
	assert_false(trailer_same(SLICE("x-org"), SLICE("x-org-id")));
	assert_false(trailer_same(SLICE("x-org"), SLICE("x.org")));
}

static void lines(void **state)
{
	const struct exchange_header header[] = {
	        {SLICE("connection"), SLICE("keep-alive, X-Hop")}, {SLICE("x-a"), SLICE("x-b")}, {SLICE("Connection"), SLICE("x-two")}};
	const struct exchange_request r = {.headers = header, .n_headers = ARRAY_LEN(header)};
	_cleanup_buf_ struct buf out = BUF(1000), said = BUF(1000), small = BUF(10);
	struct slice in = SLICE("X-A: 1\r\nhost: evil\r\nx-hop: 2\r\nx-b:  3 \r\nx-two: 4\r\nx-a:\r\n");
	(void)state;
	trailer_pass(&r, in, &out);
	assert_string_equal(buf_str(&out), "X-A: 1\r\nx-b: 3\r\nx-a: \r\n");
	trailer_names(buf_slice(&out), &said);
	assert_string_equal(buf_str(&said), "X-A, x-b, x-a");
	trailer_pass(&r, in, &small);
	assert_int_not_equal(buf_error(&small), 0);
	buf_reset(&out);
	trailer_pass(&r, SLICE_NONE, &out);
	assert_int_equal(out.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names),
	        cmocka_unit_test(steering),
	        cmocka_unit_test(lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
