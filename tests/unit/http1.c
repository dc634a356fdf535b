#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "parse/http1.h"

static enum http1_status parse(const char *text, struct http1_head *h, const char **why)
{
	size_t at = 0;
	return http1_parse(slice_str(text), h, why, &at);
}

static void keeps_the_bytes(void **state)
{
	static const char text[] = "POST /v1/x?q=%41 HTTP/1.1\r\nHoSt:  a.example \r\nX-Odd:\t a  b\r\nContent-Length: 5\r\n\r\nhello";
	struct http1_head h;
	const char *why = NULL;
	(void)state;
	assert_int_equal(parse(text, &h, &why), HTTP1_OK);
	assert_true(slice_is(h.method, "POST") && slice_is(h.target, "/v1/x?q=%41") && slice_is(h.proto, "HTTP/1.1"));
	assert_true(slice_is(h.field_bytes, "HoSt:  a.example \r\nX-Odd:\t a  b\r\nContent-Length: 5\r\n\r\n"));
	assert_int_equal(h.n_fields, 3);
	assert_true(slice_is(h.field[0].name, "HoSt") && slice_is(h.field[0].value, "a.example"));
	assert_true(slice_is(http1_field(&h, "x-odd"), "a  b"));
	assert_null(http1_field(&h, "none").p);
	assert_int_equal(h.framing, HTTP1_LENGTH);
	assert_int_equal(h.length, 5);
	assert_int_equal(h.size, sizeof(text) - 1 - 5);
	assert_true(h.keep_alive);
}

static void every_prefix_wants_more(void **state)
{
	static const char text[] = "GET / HTTP/1.1\r\nhost: a\r\nb: c\r\n\r\n";
	struct http1_head h;
	const char *why = NULL;
	size_t at = 0;
	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		assert_int_equal(http1_parse(slice_of(text, n), &h, &why, &at), HTTP1_MORE);
	assert_int_equal(http1_parse(slice_of(text, sizeof(text) - 1), &h, &why, &at), HTTP1_OK);
}

static void refuses(void **state)
{
	static const char *const bad[] = {
	        "GET /\r\n\r\n",
	        "GET  / HTTP/1.1\r\n\r\n",
	        "GET / HTTP/2.0\r\n\r\n",
	        "GET / HTTP/1.1\n\n",
	        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
	        "GET / HTTP/1.1\r\n: v\r\n\r\n",
	        "GET / HTTP/1.1\r\na : v\r\n\r\n",
	        "GET / HTTP/1.1\r\na: v\r\n folded\r\n\r\n",
	        "GET / HTTP/1.1\r\na: \x01\r\n\r\n",
	        "GET /\x7f HTTP/1.1\r\n\r\n",
	        "POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
	        "POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
	        "POST / HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n",
	        "POST / HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n",
	        "POST / HTTP/1.1\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
	};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct http1_head h = {.size = 77};
		const char *why = NULL;
		assert_int_equal(parse(bad[i], &h, &why), HTTP1_BAD);
		assert_non_null(why);
		assert_int_equal(h.size, 77);
	}
}

static void too_many_fields(void **state)
{
	_cleanup_buf_ struct buf b = BUF(100000);
	struct http1_head h;
	const char *why = NULL;
	(void)state;
	buf_str_add(&b, "GET / HTTP/1.1\r\n");
	for (int i = 0; i < HTTP1_FIELDS_MAX; i++)
		buf_str_add(&b, "a: b\r\n");
	size_t n = b.n;
	buf_str_add(&b, "\r\n");
	assert_int_equal(parse(buf_str(&b), &h, &why), HTTP1_OK);
	b.n = n;
	buf_str_add(&b, "a: b\r\n\r\n");
	assert_int_equal(parse(buf_str(&b), &h, &why), HTTP1_BAD);
}

static void connection_and_upgrade(void **state)
{
	struct http1_head h;
	const char *why = NULL;
	(void)state;
	assert_int_equal(parse("GET / HTTP/1.0\r\n\r\n", &h, &why), HTTP1_OK);
	assert_false(h.keep_alive);
	assert_int_equal(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", &h, &why), HTTP1_OK);
	assert_true(h.keep_alive);
	assert_int_equal(parse("GET / HTTP/1.1\r\nConnection: close\r\n\r\n", &h, &why), HTTP1_OK);
	assert_false(h.keep_alive);
	assert_int_equal(
	        parse("\r\nGET / HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nexpect: 100-Continue\r\n\r\n", &h,
	                &why),
	        HTTP1_OK);
	assert_true(h.websocket && h.expect_continue && h.keep_alive);
}

static void looks(void **state)
{
	(void)state;
	assert_int_equal(http1_looks(SLICE("")), HTTP1_MORE);
	assert_int_equal(http1_looks(SLICE("GE")), HTTP1_MORE);
	assert_int_equal(http1_looks(SLICE("GET /")), HTTP1_OK);
	assert_int_equal(http1_looks(SLICE("M-SEARCH *")), HTTP1_OK);
	assert_int_equal(http1_looks(SLICE("SSH-2.0-x")), HTTP1_BAD);
	assert_int_equal(http1_looks(SLICE("hello world")), HTTP1_BAD);
	assert_int_equal(http1_looks(SLICE("AB ")), HTTP1_BAD);
	assert_int_equal(http1_looks(SLICE("ABCDEFGHIJKLMNOPQRSTUVWXYZ")), HTTP1_BAD);
}

/* Fed in pieces of every size, the result is the same. */
static void chunked(void **state)
{
	static const char content[] = "Wikipedia in \r\nend";
	(void)state;
	for (size_t piece = 1; piece < 40; piece++) {
		static const char good[] = "4;x=y\r\nWiki\r\n0B\r\npedia in \r\n\r\n3\r\nend\r\n0\r\nTrailer: x\r\n\r\nNEXT";
		_cleanup_buf_ struct buf out = BUF(100), lines = BUF(100);
		struct http1_chunked c = {.lines = &lines};
		const char *why = NULL;
		uint64_t lost = 0;
		size_t at = 0, used = 0;
		enum http1_status s = HTTP1_MORE;
		while (s == HTTP1_MORE && at < sizeof(good) - 1) {
			s = http1_chunked(&c, slice_sub(slice_of(good, sizeof(good) - 1), at, piece), &used, &out, &lost, &why);
			at += used;
		}
		assert_int_equal(s, HTTP1_OK);
		assert_string_equal(good + at, "NEXT");
		assert_string_equal(buf_str(&out), content);
		assert_string_equal(buf_str(&lines), "4;x=y\r\n0B\r\n3\r\n0\r\nTrailer: x\r\n\r\n");
		assert_int_equal(lost, 0);
	}
}

static void refuses_chunks(void **state)
{
	static const char *const bad[] = {
	        "\r\n", "g\r\n", "4\n", "4\r\nWikiX", "4\r\nWiki\rX", "11111111111111111\r\n", "0\r\nx\n", "0\r\n\rX", ";\r\n", "4;a\n"};
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct http1_chunked c = {0};
		_cleanup_buf_ struct buf out = BUF(100);
		const char *why = NULL;
		uint64_t lost = 0;
		size_t used;
		assert_int_equal(http1_chunked(&c, slice_str(bad[i]), &used, &out, &lost, &why), HTTP1_BAD);
		assert_non_null(why);
	}
}

static void chunked_cap(void **state)
{
	_cleanup_buf_ struct buf out = BUF(3), lines = BUF(2);
	struct http1_chunked c = {.lines = &lines};
	const char *why = NULL;
	uint64_t lost = 0;
	size_t used;
	(void)state;
	assert_int_equal(http1_chunked(&c, SLICE("8\r\nabcdefgh\r\n0\r\n\r\n"), &used, &out, &lost, &why), HTTP1_OK);
	assert_string_equal(buf_str(&out), "abc");
	assert_string_equal(buf_str(&lines), "8\r");
	assert_int_equal(lost, 5);
}

/* RFC 9112, 7.1.2: the lines of the trailer come out whole, however they are cut, and nothing is lost unsaid. */
static void trailers(void **state)
{
	static const char text[] = "2\r\nab\r\n0\r\nX-A: 1\r\nb:2 \r\n\r\nrest";
	(void)state;
	for (size_t step = 1; step < sizeof(text); step++) {
		_cleanup_buf_ struct buf out = BUF(100), trailer = BUF(14);
		struct http1_chunked c = {.trailer = &trailer};
		enum http1_status s = HTTP1_MORE;
		const char *why = NULL;
		uint64_t lost = 0;
		size_t used = 0, at = 0;
		for (; s == HTTP1_MORE && at < sizeof(text) - 1; at += used)
			s = http1_chunked(&c, slice_sub(slice_str(text), at, step), &used, &out, &lost, &why);
		assert_int_equal(s, HTTP1_OK);
		assert_int_equal(at, sizeof(text) - 1 - 4);
		assert_string_equal(buf_str(&out), "ab");
		assert_string_equal(buf_str(&trailer), "X-A: 1\r\nb:2 \r\n");
	}
	_cleanup_buf_ struct buf out = BUF(100), small = BUF(13);
	struct http1_chunked c = {.trailer = &small};
	const char *why = NULL;
	uint64_t lost = 0;
	size_t used;
	assert_int_equal(http1_chunked(&c, slice_str(text), &used, &out, &lost, &why), HTTP1_BAD);
	assert_string_equal(why, "the trailer is too long");
}

static void trailer_fields(void **state)
{
	static const char *const bad[] = {"x\r\n", ": y\r\n", "x : y\r\n", "x: y\n", "x: y", "x: y\r\n z\r\n", "x: a\rb\r\n",
	        "x: a\x7f\r\n", ":path: /\r\n", "\r\n", "x: y\r\n\r\n", "x: y\r\n\r\nGET / HTTP/1.1\r\n"};
	struct http1_field field[HTTP1_FIELDS_MAX];
	const char *why = NULL;
	size_t n = 9;
	(void)state;
	assert_int_equal(http1_trailer(SLICE_NONE, field, &n, &why), HTTP1_OK);
	assert_int_equal(n, 0);
	assert_int_equal(http1_trailer(SLICE("X-A: 1\r\nb:\t2 \r\n"), field, &n, &why), HTTP1_OK);
	assert_int_equal(n, 2);
	assert_true(slice_is(field[0].name, "X-A") && slice_is(field[0].value, "1"));
	assert_true(slice_is(field[1].name, "b") && slice_is(field[1].value, "2"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why = NULL;
		if (http1_trailer(slice_str(bad[i]), field, &n, &why) != HTTP1_BAD || !why)
			fail_msg("taken, or without a reason: %s", bad[i]);
	}
	_cleanup_buf_ struct buf many = BUF(4096);
	for (size_t i = 0; i <= HTTP1_FIELDS_MAX; i++)
		buf_str_add(&many, "x: y\r\n");
	assert_int_equal(http1_trailer(buf_slice(&many), field, &n, &why), HTTP1_BAD);
	assert_int_equal(http1_trailer(slice_from(buf_slice(&many), 6), field, &n, &why), HTTP1_OK);
	assert_int_equal(n, HTTP1_FIELDS_MAX);
}

/* RFC 9112, 6.3: what says how long the body of a reply is. */
static void replies(void **state)
{
	static const struct {
		const char *method, *text;
		int status; /* 0: refused */
		enum http1_framing framing;
		uint64_t length;
		bool until_close, keep_alive;
	} table[] = {
	        {"GET", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", 200, HTTP1_LENGTH, 5, false, true},
	        {"GET", "HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", 200, HTTP1_NONE, 0, false, true},
	        {"GET", "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n", 200, HTTP1_CHUNKED, 0, false, true},
	        {"GET", "HTTP/1.1 200 OK\r\n\r\n", 200, HTTP1_NONE, 0, true, false},
	        {"HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", 200, HTTP1_NONE, 5, false, true},
	        {"HEAD", "HTTP/1.1 200 OK\r\n\r\n", 200, HTTP1_NONE, 0, false, true},
	        {"GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, HTTP1_NONE, 0, false, true},
	        {"GET", "HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n", 304, HTTP1_NONE, 7, false, true},
	        {"GET", "HTTP/1.1 100 Continue\r\n\r\n", 100, HTTP1_NONE, 0, false, true},
	        {"GET", "HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\n", 200, HTTP1_LENGTH, 5, false, false},
	        {"GET", "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\n", 200, HTTP1_LENGTH, 5, false, false},
	        {"GET", "HTTP/1.1 099 Low\r\n\r\n", 0, HTTP1_NONE, 0, false, false},
	        {"GET", "HTTP/1.1 2000 OK\r\n\r\n", 0, HTTP1_NONE, 0, false, false},
	        {"GET", "HTTP/2 200 OK\r\n\r\n", 0, HTTP1_NONE, 0, false, false},
	        {"GET", "HTTP/1.1  200 OK\r\n\r\n", 0, HTTP1_NONE, 0, false, false},
	        {"GET", "HTTP/1.1 200 OK\ncontent-length: 5\n\n", 0, HTTP1_NONE, 0, false, false},
	        {"GET", "HTTP/1.1 200 O\rK\r\n\r\n", 0, HTTP1_NONE, 0, false, false},
	        {"GET", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n", 0, HTTP1_NONE, 0, false, false},
	        {"GET", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n", 0, HTTP1_NONE, 0, false, false},
	        {"GET", "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n", 0, HTTP1_NONE, 0, false, false},
	        {"GET", "HTTP/1.1 200 OK\r\n folded: x\r\n\r\n", 0, HTTP1_NONE, 0, false, false},
	        {"GET", "HTTP/1.1 200 OK\r\nx: a\rb\r\n\r\n", 0, HTTP1_NONE, 0, false, false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct http1_reply r;
		const char *why = NULL;
		size_t at = 0;
		enum http1_status s = http1_parse_reply(slice_str(table[i].text), slice_str(table[i].method), &r, &why, &at);
		if (table[i].status == 0) {
			if (s != HTTP1_BAD || !why)
				fail_msg("taken, or without a reason: %s", table[i].text);
			continue;
		}
		assert_int_equal(s, HTTP1_OK);
		assert_int_equal(r.status, table[i].status);
		assert_int_equal(r.framing, table[i].framing);
		assert_int_equal(r.length, table[i].length);
		assert_int_equal(r.until_close, table[i].until_close);
		assert_int_equal(r.keep_alive, table[i].keep_alive);
		assert_int_equal(r.size, strlen(table[i].text));
		for (size_t n = 0; n < r.size; n++)
			assert_int_equal(
			        http1_parse_reply(slice_of(table[i].text, n), slice_str(table[i].method), &r, &why, &at), HTTP1_MORE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(keeps_the_bytes),
	        cmocka_unit_test(every_prefix_wants_more),
	        cmocka_unit_test(refuses),
	        cmocka_unit_test(too_many_fields),
	        cmocka_unit_test(connection_and_upgrade),
	        cmocka_unit_test(looks),
	        cmocka_unit_test(chunked),
	        cmocka_unit_test(refuses_chunks),
	        cmocka_unit_test(chunked_cap),
	        cmocka_unit_test(trailers),
	        cmocka_unit_test(trailer_fields),
	        cmocka_unit_test(replies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
