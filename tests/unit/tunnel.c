#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "gate/tunnel.h"

static void addresses(void **state)
{
	(void)state;
	static const struct {
		const char *url, *host;
		uint16_t port;
		const char *authorization;
	} good[] = {
	        {"http://proxy.example:3128", "proxy.example", 3128, ""},
	        {"HTTP://proxy.example/", "proxy.example", 80, ""},
	        {"proxy.example:8080", "proxy.example", 8080, ""},
	        {"http://[2001:db8::1]:3128/", "2001:db8::1", 3128, ""},
	        {"http://Aladdin:open%20sesame@10.0.0.1:3128", "10.0.0.1", 3128, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}, /* RFC 7617, 2 */
	        {"http://a:b@c@proxy:1", "proxy", 1, "Basic YTpiQGM="},
	};
	static const char *const bad[] = {"", "http://", "https://proxy:1", "socks5://proxy:1", "http://proxy:0", "http://proxy:65536",
	        "http://proxy:x", "http://pro xy:1", "http://proxy\r\nX: y", "http://[::1:3128", "http://u%zz@proxy:1", "http://@proxy:1"};
	struct err err;
	struct tunnel t;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(tunnel_parse(&t, good[i].url, NULL, &err), 0);
		assert_string_equal(t.host, good[i].host);
		assert_int_equal(t.port, good[i].port);
		assert_string_equal(t.authorization, good[i].authorization);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_equal(tunnel_parse(&t, bad[i], NULL, &err), -EINVAL);
		assert_string_equal(t.host, "");
	}
	assert_int_equal(tunnel_parse(&t, "ftp://user:secret@proxy:1", NULL, &err), -EINVAL);
	assert_null(strstr(err.text, "secret"));
}

static void exceptions(void **state)
{
	(void)state;
	struct tunnel t = {.except = "localhost, .corp.example,*.lab.example  api.example.com,"};
	static const char *const direct[] = {"localhost", "corp.example", "a.b.corp.example", "A.CORP.EXAMPLE", "x.lab.example",
	        "api.example.com", "v1.api.example.com"};
	static const char *const through[] = {"example.com", "notcorp.example", "corp.example.org", "xapi.example.com", "com"};
	for (size_t i = 0; i < ARRAY_LEN(direct); i++)
		assert_true(tunnel_excepts(&t, direct[i]));
	for (size_t i = 0; i < ARRAY_LEN(through); i++)
		assert_false(tunnel_excepts(&t, through[i]));
	t.except = "*";
	assert_true(tunnel_excepts(&t, "example.com"));
	t.except = NULL;
	assert_false(tunnel_excepts(&t, "example.com"));
}

static void talk(void **state)
{
	(void)state;
	struct tunnel t = {.host = "proxy", .port = 1, .authorization = "Basic eA=="};
	_cleanup_buf_ struct buf b = BUF(1000);
	char why[200] = "";
	tunnel_request(&t, "api.example.com", 443, &b);
	assert_string_equal(buf_str(&b), "CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\nProxy-Authorization: Basic "
	                                 "eA==\r\n\r\n");
	buf_reset(&b);
	t.authorization[0] = 0;
	tunnel_request(&t, "2001:db8::1", 443, &b);
	assert_string_equal(buf_str(&b), "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n");
	/* What comes behind the reply is the other side's. */
	static const char ok[] = "HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nSSH-2.0";
	assert_int_equal(tunnel_reply(slice_str(ok), why, sizeof(why)), sizeof(ok) - 1 - 7);
	for (size_t n = 1; n < sizeof(ok) - 1 - 7; n++)
		assert_int_equal(tunnel_reply(slice_of(ok, n), why, sizeof(why)), 0);
	assert_int_equal(tunnel_reply(SLICE("HTTP/1.1 407 No\r\n\r\n"), why, sizeof(why)), -EACCES);
	assert_non_null(strstr(why, "407"));
	assert_int_equal(tunnel_reply(SLICE("HTTP/1.1 302 Found\r\nLocation: x\r\n\r\n"), why, sizeof(why)), -EACCES);
	assert_int_equal(tunnel_reply(SLICE("HTTP/1.1 100 Continue\r\n\r\n"), why, sizeof(why)), -EACCES);
	assert_int_equal(tunnel_reply(SLICE("SSH-2.0-OpenSSH\r\n\r\n"), why, sizeof(why)), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(addresses),
	        cmocka_unit_test(exceptions),
	        cmocka_unit_test(talk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
