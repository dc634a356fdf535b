/* feature: alignment, structure, echoes, from hand-made traces. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/encode.h"
#include "confine/gitrepo.h"
#include "crypto/digest.h"
#include "review/tree.h"
#include "vet/factor.h"
#include "vet/feature.h"
#include "wire/trace.h"

#define ENDPOINT "POST https://api.test/v1/messages"

static const char usual_headers[] =
        "Host: api.test\r\nUser-Agent: tool/1.0\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n";

static void http(struct buf *b, const char *host, const char *target, const char *headers, struct slice body)
{
	size_t mark;
	trace_begin(b, TRACE_HTTP, &mark);
	trace_put_u64(b, TAG_CONN, 1);
	trace_put(b, TAG_HOST, slice_str(host));
	trace_put(b, TAG_SCHEME, SLICE("https"));
	trace_put(b, TAG_PROTO, SLICE("HTTP/1.1"));
	trace_put(b, TAG_METHOD, SLICE("POST"));
	trace_put(b, TAG_TARGET, slice_str(target));
	trace_put(b, TAG_HEADERS, slice_str(headers));
	trace_put(b, TAG_BODY, body);
	trace_put_u64(b, TAG_WIRE_SIZE, body.n);
	trace_end(b, mark);
}

static void dns(struct buf *b, const char *name)
{
	size_t mark;
	trace_begin(b, TRACE_DNS, &mark);
	trace_put(b, TAG_QNAME, slice_str(name));
	trace_put(b, TAG_QTYPE, SLICE("A"));
	trace_put(b, TAG_PROTO, SLICE("udp"));
	trace_end(b, mark);
}

static struct feature_set *set_new(void)
{
	struct feature_set *s = NULL;
	assert_int_equal(feature_set_new(&s), 0);
	return s;
}

static int add_trace(struct feature_set *s, struct buf *b, const struct feature_literal *l, size_t n, const char *gateway)
{
	struct err err = {0};
	assert_int_equal(buf_error(b), 0);
	int o = feature_set_add(s, buf_slice(b), l, n, gateway, &err);
	if (o < 0)
		print_error("%s\n", err.text);
	assert_true(o >= 0);
	return o;
}

static int add_body_headers(struct feature_set *s, const char *headers, const char *body, const struct feature_literal *l, size_t n)
{
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	http(&b, "api.test", "/v1/messages", headers, slice_str(body));
	return add_trace(s, &b, l, n, NULL);
}

static int add_body(struct feature_set *s, const char *body)
{
	return add_body_headers(s, usual_headers, body, NULL, 0);
}

static bool differs(const struct feature_set *s, uint32_t i, unsigned a, unsigned b)
{
	struct slice x = feature_value(s, i, a), y = feature_value(s, i, b);
	return (x.p == NULL) != (y.p == NULL) || !slice_eq(x, y);
}

/* Features that differ between two observations; with `top` only those whose parent does not. */
static size_t differences(const struct feature_set *s, unsigned a, unsigned b, bool top, uint32_t *first)
{
	size_t n = 0;
	for (uint32_t i = 0; i < feature_count(s); i++) {
		const struct feature *f = feature_at(s, i);
		if (!differs(s, i, a, b) || f->derived || f->measure)
			continue;
		if (top && f->parent != UINT32_MAX && differs(s, f->parent, a, b))
			continue;
		if (n++ == 0 && first)
			*first = i;
	}
	return n;
}

static void show(const struct feature_set *s, unsigned a, unsigned b)
{
	for (uint32_t i = 0; i < feature_count(s); i++)
		if (differs(s, i, a, b)) {
			struct slice x = feature_value(s, i, a), y = feature_value(s, i, b);
			print_message("%s | %s: %.*s -> %.*s\n", feature_at(s, i)->endpoint, feature_at(s, i)->address, SLICE_FMT(x),
			        SLICE_FMT(y));
		}
}

/* Exactly one top-level difference, at this address. */
static uint32_t only(const struct feature_set *s, unsigned a, unsigned b, const char *address)
{
	uint32_t i = 0;
	size_t n = differences(s, a, b, true, &i);
	if (n != 1 || strcmp(feature_at(s, i)->address, address) != 0)
		show(s, a, b);
	assert_int_equal(n, 1);
	assert_string_equal(feature_at(s, i)->address, address);
	return i;
}

static uint32_t find(const struct feature_set *s, const char *endpoint, const char *address)
{
	for (uint32_t i = 0; i < feature_count(s); i++)
		if (strcmp(feature_at(s, i)->endpoint, endpoint) == 0 && strcmp(feature_at(s, i)->address, address) == 0)
			return i;
	for (uint32_t i = 0; i < feature_count(s); i++)
		print_message("%s | %s\n", feature_at(s, i)->endpoint, feature_at(s, i)->address);
	fail_msg("no feature %s", address);
	return 0;
}

#define REMINDER \
	"{\"type\":\"text\",\"text\":\"<system-reminder>\\nToday%ss date is 2026-11-23\\nBe kind to the reader.\\n</system-reminder>\"}"
#define PROMPT "{\"type\":\"text\",\"text\":\"say hi\"}"
#define EXTRA  "{\"type\":\"text\",\"text\":\"This folder is a repository.\\nIts branch is called main.\"}"

static void message(char *out, size_t size, const char *apostrophe, bool extra)
{
	(void)snprintf(out, size,
	        "{\"model\":\"m-1\",\"max_tokens\":32,\"messages\":[{\"role\":\"user\",\"content\":[%s" REMINDER "," PROMPT "]}]}",
	        extra ? EXTRA "," : "", apostrophe);
}

static void extra_block_is_one_difference(void **state)
{
	(void)state;
	char a[1024], b[1024];
	struct feature_set *s = set_new();
	message(a, sizeof(a), "'", false);
	message(b, sizeof(b), "'", true);
	add_body(s, a);
	add_body(s, a);
	add_body(s, b);
	assert_int_equal(differences(s, 0, 1, false, NULL), 0);
	uint32_t i = only(s, 0, 2, "body.messages[user].content[text#3]");
	assert_non_null(strstr((const char *)feature_value(s, i, 2).p, "This folder is a repository."));
	assert_null(feature_value(s, i, 0).p);
	feature_set_free(s);
}

static void apostrophe_is_one_line(void **state)
{
	(void)state;
	static const char *const marks[] = {"\xe2\x80\x99", "\xca\xbc", "\\u2019", "\xe2\x80\x8b'"};
	char a[1024], b[1024];
	for (size_t k = 0; k < ARRAY_LEN(marks); k++) {
		struct feature_set *s = set_new();
		message(a, sizeof(a), "'", false);
		message(b, sizeof(b), marks[k], false);
		add_body(s, a);
		add_body(s, b);
		uint32_t i = find(s, ENDPOINT, "body.messages[user].content[text].text line \"Today's date is 2026-11-23\"");
		assert_true(differs(s, i, 0, 1));
		assert_non_null(feature_value(s, i, 0).p);
		assert_non_null(feature_value(s, i, 1).p);
		/* the way the characters are written may be told of as well */
		for (uint32_t f = 0; f < feature_count(s); f++)
			assert_true(f == i || !differs(s, f, 0, 1) || feature_at(s, f)->structural);
		feature_set_free(s);
	}
}

/* A paragraph more, with its empty line: nothing else moves. An empty line in another place is seen. */
static void empty_lines_keep_their_place(void **state)
{
	(void)state;
	struct feature_set *s = set_new();
	add_body(s, "{\"t\":\"alpha one\\n\\nbeta two\\n\\ngamma three\"}");
	add_body(s, "{\"t\":\"alpha one\\n\\nnew words here\\n\\nbeta two\\n\\ngamma three\"}");
	add_body(s, "{\"t\":\"alpha one\\nbeta two\\n\\n\\ngamma three\"}");
	for (uint32_t i = 0; i < feature_count(s); i++)
		if (differs(s, i, 0, 1))
			assert_false(feature_at(s, i)->structural);
	assert_int_equal(differences(s, 0, 1, true, NULL), 2);
	assert_true(differences(s, 0, 2, true, NULL) > 0);
	feature_set_free(s);
}

/* Fields known by number: the value changes, and the field is still that field. Also where some numbers come twice. */
static void pairs_are_known_by_their_key(void **state)
{
	(void)state;
	static const char *const forms[] = {"{\"k\":40,\"v\":\"one\"},{\"k\":39,\"v\":\"%s\"},{\"k\":7,\"v\":\"0\"}",
	        "{\"k\":\"a\",\"v\":1},{\"k\":\"b\",\"v\":2},{\"k\":\"c\",\"v\":\"%s\"},{\"k\":\"d\",\"v\":3},{\"k\":\"d\",\"v\":4},{\"k\":"
	        "\"e\",\"v\":5}"};
	static const char *const addresses[] = {"body.m[k 39].v", "body.m[k c].v"};
	for (size_t k = 0; k < ARRAY_LEN(forms); k++) {
		static const char *const values[] = {"SURFACE_NOT_SET", "vscode"};
		struct feature_set *s = set_new();
		for (size_t i = 0; i < 2; i++) {
			char list[256], body[300];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			(void)snprintf(list, sizeof(list), forms[k], values[i]);
#pragma GCC diagnostic pop
			(void)snprintf(body, sizeof(body), "{\"m\":[%s]}", list);
			add_body(s, body);
		}
		(void)only(s, 0, 1, addresses[k]);
		feature_set_free(s);
	}
}

/* Records that all call themselves the same, with the name of what happened inside: one that came is not compared with another that is
 * made like it. */
static void records_are_known_by_their_event(void **state)
{
	(void)state;
#define RECORD(name, more) "{\"event_type\":\"InternalEvent\",\"event_data\":{\"event_name\":\"" name "\",\"model\":\"m-1\"," more "}}"
#define RECORD_QUERY       RECORD("api_query", "\"attempt\":1,\"cachingEnabled\":true")
#define RECORD_HOOK        RECORD("hook_ran", "\"attempt\":1,\"took\":2")
	struct feature_set *s = set_new();
	add_body(s, "{\"events\":[" RECORD("started", "\"attempt\":1") "," RECORD_QUERY "," RECORD_HOOK "]}");
	add_body(s, "{\"events\":[" RECORD("started", "\"attempt\":1") "," RECORD_HOOK "]}");
	(void)only(s, 0, 1, "body.events[api_query]");
	(void)find(s, ENDPOINT, "body.events[hook_ran].event_data.took");
	/* What looks random is no name. */
	add_body(s, "{\"others\":[" RECORD("4f1d77aa90b34f1d77aa90b3", "\"attempt\":1") "]}");
	(void)find(s, ENDPOINT, "body.others[InternalEvent].event_data.attempt");
	feature_set_free(s);
}

static void structure_is_seen(void **state)
{
	(void)state;
	static const char base[] = "{\"a\":1,\"b\":\"it's\",\"c\":[1,2]}";
	static const struct {
		const char *body, *address;
	} rows[] = {{"{\"b\":\"it's\",\"a\":1,\"c\":[1,2]}", "body (order)"},
	        {"{\"a\":1,\"b\":\"it\\u0027s\",\"c\":[1,2]}", "body.b (escapes)"},
	        {"{\"a\": 1,\"b\": \"it's\",\"c\": [1,2]}", "body (white space after colons)"},
	        {"{\"a\":1.0,\"b\":\"it's\",\"c\":[1,2]}", "body.a"}, {"{\"a\":1,\"a\":1,\"b\":\"it's\",\"c\":[1,2]}", "body.a#2"},
	        {"{\"a\":\"1\",\"b\":\"it's\",\"c\":[1,2]}", "body.a"}, {"{\"a\":1,\"b\":\"it's\",\"c\":[2,1]}", "body.c (order)"},
	        {"{\"a\":1,\"x\":{\"y\":[5]},\"b\":\"it's\",\"c\":[1,2]}", "body.x"}};
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		struct feature_set *s = set_new();
		add_body(s, base);
		add_body(s, rows[k].body);
		add_body(s, base);
		(void)only(s, 0, 1, rows[k].address);
		assert_int_equal(differences(s, 0, 2, false, NULL), 0);
		feature_set_free(s);
	}
}

static void headers_are_seen(void **state)
{
	(void)state;
	static const struct {
		const char *headers, *address;
	} rows[] = {
	        {"User-Agent: tool/1.0\r\nHost: api.test\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n",
	                "header (order)"},
	        {"Host: api.test\r\nuser-agent: tool/1.0\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n",
	                "header user-agent (spelling)"},
	        {"Host: api.test\r\nUser-Agent:  tool/1.0\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n",
	                "header user-agent (spacing)"},
	        {"Host: api.test\r\nUser-Agent: tool/1.0\r\nContent-Type: application/json\r\nX-New: 1\r\nContent-Length: 10\r\n\r\n",
	                "header x-new"},
	        {"Host: api.test\r\nUser-Agent: tool/1.0\r\nContent-Type: application/json\r\nContent-Length: 10\r\nUser-Agent: "
	         "tool/1.0\r\n\r\n",
	                "header user-agent#2"},
	};
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		struct feature_set *s = set_new();
		add_body(s, "{}");
		add_body_headers(s, rows[k].headers, "{}", NULL, 0);
		(void)only(s, 0, 1, rows[k].address);
		feature_set_free(s);
	}
}

/* Ways of writing the same, each with its address. They are named so that `b` differs from `a`, and `a` is the usual one. */
static void ways_of_writing_are_seen(void **state)
{
	(void)state;
#define TYPE(t) "Host: api.test\r\nContent-Type: " t "\r\n\r\n"
#define JSON    TYPE("application/json")
#define FORM    TYPE("application/x-www-form-urlencoded")
#define LINES   TYPE("application/x-ndjson")
#define PARTS   TYPE("multipart/form-data; boundary=xx")
#define PART    "--xx\r\nContent-Disposition: form-data; name=\"log\"\r\n\r\nsession ended"
	static const struct {
		const char *headers_a, *a, *headers_b, *b, *address;
	} rows[] = {
	        {JSON, "{\"a\":1}", JSON, "{\"a\":1}\n", "body (white space behind)"},
	        {JSON, "{\"a\":1}", JSON, " {\"a\":1}", "body (white space in front)"},
	        {JSON, "{\"a\":[\"x/y\",[\"z\"]]}", JSON, "{\"a\":[\"x\\/y\",[\"z\"]]}", "body.a (escapes)"},
	        {JSON, "{\"a\":[\"x/y\",[\"z\"]]}", JSON, "{\"a\":[\"x/y\",[\"\\u007a\"]]}", "body.a (escapes)"},
	        {JSON, "{\"abc\":1}", JSON, "{\"a\\u0062c\":1}", "body.abc (name) (escapes)"},
	        {JSON, "{\"a\":\"\\u00e9\"}", JSON, "{\"a\":\"\\u00E9\"}", "body (letters in escapes)"},
	        {JSON, "{\"a\":\"\xc3\xa9\",\"b\":\"\\u2020\",\"c\":\"\xc3\xa9\"}", JSON,
	                "{\"a\":\"\xc3\xa9\",\"b\":\"\\u2020\",\"c\":\"\\u00e9\"}", "body.c (escapes)"},
	        {JSON, "{\"a\":\"eyJhYmNkIjoxMn0=\"}", JSON, "{\"a\":\"eyJhYmNkIjoxMn0\"}", "body.a (base64 padding)"},
	        {LINES, "{\"a\": 1}\n{\"b\": 2}", LINES, "{\"a\":1}\n{\"b\":2}", "body (white space after colons)"},
	        {LINES, "{\"a\": 1}\n{\"b\": 2}", LINES, "{\"a\": 1}\r\n{\"b\": 2}", "body (line ends)"},
	        {LINES, "{\"a\": 1}\n{\"b\": 2}", LINES, "{\"a\": 1}\n\n{\"b\": 2}", "body (empty lines)"},
	        {LINES, "{\"a\": 1}\n{\"b\": 2}", LINES, "{\"a\": 1}\n{\"b\": 2}\n", "body (white space behind)"},
	        {LINES, "data: {\"a\": 1}\n\ndata: {\"b\": 2}", LINES, "data:{\"a\": 1}\n\ndata:{\"b\": 2}",
	                "body (after the names of fields)"},
	        {FORM, "a=x-y&b=1", FORM, "a=x%2Dy&b=1", "body a (escapes)"},
	        {FORM, "a=x%3Ay&b=1", FORM, "a=x%3ay&b=1", "body a (escapes)"},
	        {FORM, "a=x%20y&b=1", FORM, "a=x+y&b=1", "body a (blanks)"},
	        {FORM, "a=&b=1", FORM, "a&b=1", "body a (equals sign)"},
	        {TYPE("application/json; boundary=x"), "{\"a\":1}", TYPE("application/json; boundary=x"), "{\"a\":2}", "body.a"},
	        {PARTS, "{\"a\":1}", PARTS, "{\"a\":2}", "body.a"},
	        {PARTS, PART "\r\n--xx--\r\n", PARTS, PART "\r\n--xx--\r\nmore", "body.(other)"},
	        {PARTS, PART "\r\n--xx--\r\n", PARTS, "more\r\n" PART "\r\n--xx--\r\n", "body.(in front of the parts)"},
	        {PARTS, PART "\r\n--xx--\r\n", PARTS, PART "--xx--\r\n", "body.(line end before a boundary)"},
	        {PARTS, "--xx\nX: y\n\nsession ended\n--xx--\n", PARTS, "--xx\nX: y\n\nsession closed\n--xx--\n", NULL},
	        {"Host: api.test\r\n\r\n", "{}", "Host: API.test\r\n\r\n", "{}", "header host (letters)"},
	        {"Cookie: a=1; b=2\r\n\r\n", "{}", "Cookie: a=1;b=2\r\n\r\n", "{}", "header cookie (blanks between)"},
	};
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		struct feature_set *s = set_new();
		add_body_headers(s, rows[k].headers_a, rows[k].a, NULL, 0);
		add_body_headers(s, rows[k].headers_b, rows[k].b, NULL, 0);
		add_body_headers(s, rows[k].headers_a, rows[k].a, NULL, 0);
		if (rows[k].address)
			(void)only(s, 0, 1, rows[k].address);
		assert_true(differences(s, 0, 1, true, NULL) > 0);
		assert_int_equal(differences(s, 0, 2, false, NULL), 0);
		feature_set_free(s);
	}
}

static void record(struct buf *b, enum trace_kind kind, const char *host, const char *port, const char *qtype, const char *form)
{
	size_t mark;
	trace_begin(b, kind, &mark);
	if (port)
		trace_put_u64(b, TAG_CONN, 7);
	trace_put(b, kind == TRACE_DNS ? TAG_QNAME : TAG_HOST, slice_str(host));
	if (port)
		trace_put(b, TAG_PORT, slice_str(port));
	if (qtype)
		trace_put(b, TAG_QTYPE, slice_str(qtype));
	if (form)
		trace_put(b, TAG_FORM, slice_str(form));
	trace_end(b, mark);
}

/* Of each row the second observation differs from the first in this place. */
static void forms_are_seen(void **state)
{
	(void)state;
	static const char hello[] = "ciphers=1301,1302\ngroups=001d";
	static const struct {
		enum trace_kind kind;
		const char *port_a, *type_a, *form_a, *port_b, *type_b, *form_b, *address;
	} rows[] = {
	        {TRACE_TLS, "443", NULL, hello, "443", NULL, "ciphers=1302,1301\ngroups=001d", "hello ciphers"},
	        {TRACE_TLS, "443", NULL, hello, "443", NULL, "ciphers=1301,1302\ngroups=001d\nSNI=API.test", "hello SNI"},
	        {TRACE_DNS, NULL, "A", "flags=0100", NULL, "A", "flags=0000", "api.test.A flags"},
	        {TRACE_DNS, NULL, "A", "flags=0100", NULL, "A", "flags=0100\nEDNS=1232 bytes, 00000000", "api.test.A EDNS"},
	        {TRACE_CONN, "443", NULL, NULL, "8443", NULL, NULL, NULL},
	};
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		struct feature_set *s = set_new();
		for (int i = 0; i < 3; i++) {
			_cleanup_buf_ struct buf b = BUF(1 << 16);
			bool second = i == 1;
			record(&b, rows[k].kind, "api.test", second ? rows[k].port_b : rows[k].port_a,
			        second ? rows[k].type_b : rows[k].type_a, second ? rows[k].form_b : rows[k].form_a);
			(void)add_trace(s, &b, NULL, 0, NULL);
		}
		uint32_t at = 0;
		assert_true(differences(s, 0, 1, true, &at) > 0);
		if (rows[k].address)
			(void)only(s, 0, 1, rows[k].address);
		assert_int_equal(differences(s, 0, 2, false, NULL), 0);
		feature_set_free(s);
	}
	/* The order of two queries; a connection over which something is said is no knock. */
	struct feature_set *s = set_new();
	for (int i = 0; i < 2; i++) {
		_cleanup_buf_ struct buf b = BUF(1 << 16);
		record(&b, TRACE_DNS, "api.test", NULL, i ? "AAAA" : "A", "flags=0100");
		record(&b, TRACE_DNS, "api.test", NULL, i ? "A" : "AAAA", "flags=0100");
		record(&b, TRACE_CONN, "api.test", "443", NULL, NULL);
		record(&b, TRACE_TLS, "api.test", "443", NULL, hello);
		(void)add_trace(s, &b, NULL, 0, NULL);
	}
	(void)only(s, 0, 1, "api.test (order)");
	for (uint32_t i = 0; i < feature_count(s); i++)
		assert_null(strstr(feature_at(s, i)->endpoint, "TCP"));
	feature_set_free(s);
}

static void json_in_header_in_json(void **state)
{
	(void)state;
	struct feature_set *s = set_new();
	add_body_headers(s, "X-Meta: {\"repo\":{\"url\":\"u1\"},\"inner\":\"{\\\"k\\\":\\\"v1\\\"}\"}\r\n\r\n", "{}", NULL, 0);
	add_body_headers(s, "X-Meta: {\"repo\":{\"url\":\"u2\"},\"inner\":\"{\\\"k\\\":\\\"v1\\\"}\"}\r\n\r\n", "{}", NULL, 0);
	add_body_headers(s, "X-Meta: {\"repo\":{\"url\":\"u1\"},\"inner\":\"{\\\"k\\\":\\\"v2\\\"}\"}\r\n\r\n", "{}", NULL, 0);
	(void)only(s, 0, 1, "header x-meta(json).repo.url");
	(void)only(s, 0, 2, "header x-meta(json).inner(json).k");
	feature_set_free(s);
}

static void retry_is_one_difference(void **state)
{
	(void)state;
	char body[1024];
	message(body, sizeof(body), "'", false);
	struct feature_set *s = set_new();
	for (int k = 0; k < 2; k++) {
		_cleanup_buf_ struct buf b = BUF(1 << 20);
		for (int i = 0; i <= k; i++)
			http(&b, "api.test", "/v1/messages", usual_headers, slice_str(body));
		http(&b, "api.test", "/v1/messages", usual_headers, SLICE("{\"model\":\"m-2\",\"title\":\"Make a title for this talk\"}"));
		(void)add_trace(s, &b, NULL, 0, NULL);
	}
	(void)only(s, 0, 1, "request 3");
	feature_set_free(s);
}

/* It is sent once more now and then, and the last time that was so it spoke of CI: then the one that speaks of CI is not the second. */
static int report_of(struct feature_set *s, bool ci, unsigned times, unsigned id)
{
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	char body[200];
	for (unsigned i = 0; i < times; i++) {
		(void)snprintf(body, sizeof(body), "{\"session\":\"4f1d77aa90b3%04x\",\"event\":{\"name\":\"session_end\",\"is_ci\":%s}}",
		        id + i, ci ? "true" : "false");
		http(&b, "api.test", "/v1/messages", usual_headers, slice_str(body));
	}
	return add_trace(s, &b, NULL, 0, NULL);
}

static void a_copy_is_the_second(void **state)
{
	(void)state;
	struct feature_set *s = set_new();
	int a = report_of(s, false, 1, 1);
	(void)report_of(s, true, 2, 20);
	(void)report_of(s, false, 1, 40);
	int b = report_of(s, true, 1, 60);
	uint32_t second = find(s, ENDPOINT, "request 2");
	assert_null(feature_value(s, second, (unsigned)b).p);
	uint32_t i = find(s, ENDPOINT, "body.event.is_ci");
	assert_true(slice_is(feature_value(s, i, (unsigned)a), "false") && slice_is(feature_value(s, i, (unsigned)b), "true"));
	feature_set_free(s);
}

static void turns_keep_their_slots(void **state)
{
	(void)state;
	struct feature_set *s = set_new();
	for (int k = 0; k < 2; k++) {
		_cleanup_buf_ struct buf b = BUF(1 << 20);
		if (k)
			http(&b, "api.test", "/v1/messages", usual_headers,
			        SLICE("{\"model\":\"m-2\",\"title\":\"Give this talk a name\"}"));
		for (int turn = 0; turn < 3; turn++) {
			_cleanup_buf_ struct buf body = BUF(1 << 16);
			buf_str_add(&body, "{\"model\":\"m-1\",\"system\":\"");
			for (int i = 0; i < 400; i++)
				buf_fmt(&body, "rule%c%c ", 'a' + i % 26, 'a' + i / 26);
			buf_fmt(&body, "user assistant part a b c d e, today is %s\",\"messages\":[", k ? "tuesday evening" : "monday");
			for (int i = 0; i <= 2 * turn; i++)
				buf_fmt(&body, "%s{\"role\":\"%s\",\"content\":\"rulebc, part %c\"}", i ? "," : "",
				        i % 2 ? "assistant" : "user", 'a' + i);
			buf_str_add(&body, "]}");
			http(&b, "api.test", "/v1/messages", usual_headers, buf_slice(&body));
		}
		(void)add_trace(s, &b, NULL, 0, NULL);
	}
	/* the new request, and the line of the system text in each of the three */
	size_t n = 0, news = 0;
	for (uint32_t i = 0; i < feature_count(s); i++) {
		const struct feature *f = feature_at(s, i);
		if (f->measure || !differs(s, i, 0, 1) || (f->parent != UINT32_MAX && differs(s, f->parent, 0, 1)))
			continue;
		n++;
		news += strcmp(f->address, "request 4") == 0;
		if (strcmp(f->address, "request 4") != 0 && !strstr(f->address, "body.system"))
			fail_msg("%s", f->address);
	}
	assert_int_equal(n, 4);
	assert_int_equal(news, 1);
	feature_set_free(s);
}

static void bad_bodies_are_kept(void **state)
{
	(void)state;
	struct feature_set *s = set_new();
	add_body(s, "{\"a\":1,}");
	add_body(s, "{\"a\":2,}");
	add_body(s, "not \xff\xfe utf-8");
	add_body(s, "{\"a\":\"\xff\"}");
	(void)only(s, 0, 1, "body");
	assert_true(differences(s, 0, 2, true, NULL) > 0);
	assert_true(differences(s, 2, 3, true, NULL) > 0);
	struct err err = {0};
	size_t features = feature_count(s);
	assert_int_equal(feature_set_add(s, SLICE("\0\0\0\x09\x05"), NULL, 0, NULL, &err), -EBADMSG);
	assert_int_equal(feature_count(s), features);
	feature_set_free(s);
}

static void echoes_under_transforms(void **state)
{
	(void)state;
	static const char value[] = "/home/casey.r/work-of-art";
	static const struct {
		const char *sent, *transform;
	} rows[] = {{"in /home/casey.r/work-of-art today", "as it is"}, {"/HOME/CASEY.R/WORK-OF-ART", "upper case"},
	        {"p/-home-casey-r-work-of-art/x", "path mangled"}, {"-home-casey.r-work-of-art", "path mangled"},
	        {"%2Fhome%2Fcasey.r%2Fwork-of-art", "URL-encoded"}, {"%2fhome%2fcasey.r%2fwork-of-art", "URL-encoded"},
	        {"\\\\/home\\\\/casey.r\\\\/work-of-art", "JSON-escaped"}, {"tra-fo-krow/r.yesac/emoh/", "reversed"},
	        {"2f686f6d652f63617365792e722f776f726b2d6f662d617274", "hex"}};
	const struct feature_literal l = {.factor = 3, .value = slice_str(value), .name = "project"};
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		struct feature_set *s = set_new();
		char body[512];
		(void)snprintf(body, sizeof(body), "{\"x\":\"%s\"}", rows[k].sent);
		add_body_headers(s, usual_headers, body, &l, 1);
		size_t n;
		const struct feature_echo *e = feature_echoes(s, &n);
		if (n != 1)
			print_error("row %zu\n", k);
		assert_int_equal(n, 1);
		assert_string_equal(e->transform, rows[k].transform);
		assert_int_equal(e->factor, 3);
		assert_false(e->digest);
		assert_string_equal(feature_at(s, e->feature)->address, "body.x");
		assert_non_null(strstr((const char *)feature_value(s, e->feature, 0).p, "{project}"));
		feature_set_free(s);
	}
	/* base64, wherever in its group of three the value begins */
	for (size_t before = 0; before < 6; before++) {
		_cleanup_buf_ struct buf plain = BUF(256), text = BUF(512);
		buf_add(&plain, slice_sub(SLICE("xyzxyz"), 0, before));
		buf_str_add(&plain, value);
		buf_str_add(&plain, "~~>>");
		buf_str_add(&text, "{\"x\":\"");
		encode_base64(&text, buf_slice(&plain), before & 1, true);
		buf_str_add(&text, "\"}");
		struct feature_set *s = set_new();
		add_body_headers(s, usual_headers, buf_str(&text), &l, 1);
		size_t n;
		const struct feature_echo *e = feature_echoes(s, &n);
		assert_int_equal(n, 1);
		assert_string_equal(e->transform, "base64");
		feature_set_free(s);
	}
}

static void digests_are_echoes(void **state)
{
	(void)state;
	const struct feature_literal l = {.factor = 1, .value = SLICE("Workstation-17"), .name = "hostname"};
	for (int d = 0; d < DIGEST_END; d++)
		for (int form = 0; form < 5; form++) {
			uint8_t out[DIGEST_MAX];
			_cleanup_buf_ struct buf b = BUF(1024), labelled = BUF(1024);
			buf_fmt(&labelled, "%s:Workstation-17", factor_table[1].vocabulary[0]);
			assert_int_equal(digest_of((enum digest)d,
			                         form == 2   ? SLICE("workstation-17")
			                         : form == 3 ? SLICE("Workstation-17\n")
			                         : form == 4 ? buf_slice(&labelled)
			                                     : l.value,
			                         out),
			        0);
			buf_str_add(&b, "{\"id\":\"machine ");
			if (form == 1)
				encode_base64(&b, slice_of(out, digest_size((enum digest)d)), false, true);
			else
				encode_hex(&b, slice_of(out, form == 2 ? 6 : digest_size((enum digest)d)));
			buf_str_add(&b, "\"}");
			struct feature_set *s = set_new();
			add_body_headers(s, usual_headers, buf_str(&b), &l, 1);
			size_t n;
			const struct feature_echo *e = feature_echoes(s, &n);
			assert_int_equal(n, 1);
			assert_true(e->digest);
			assert_int_equal(e->factor, 1);
			assert_non_null(strstr(e->transform, digest_name((enum digest)d)));
			assert_non_null(strstr(e->transform, form == 1   ? "base64"
			                                     : form == 2 ? "hex of"
			                                                 : "hex")
			                        ?: strstr(e->transform, "prefix"));
			feature_set_free(s);
		}
}

/* Of enough random ids one begins like a digest: the first group of a UUID says nothing. Eight digits on their own do. */
static void uuid_is_no_digest(void **state)
{
	(void)state;
	const struct feature_literal l = {.factor = 1, .value = SLICE("Workstation-17"), .name = "hostname"};
	for (int uuid = 0; uuid < 2; uuid++) {
		uint8_t out[DIGEST_MAX];
		size_t n;
		_cleanup_buf_ struct buf b = BUF(1024);
		assert_int_equal(digest_of(DIGEST_SHA224, l.value, out), 0);
		buf_str_add(&b, "{\"id\":\"");
		encode_hex(&b, slice_of(out, 4));
		buf_str_add(&b, uuid ? "-8a11-4b57-9d3c-0c1fb2a6e7d4\"}" : "\"}");
		struct feature_set *s = set_new();
		add_body_headers(s, usual_headers, buf_str(&b), &l, 1);
		(void)feature_echoes(s, &n);
		assert_int_equal(n, uuid ? 0 : 1);
		feature_set_free(s);
	}
}

static void derived_values_are_marked(void **state)
{
	(void)state;
	static const char *const values[] = {"first thing", "another thing"};
	for (int lie = 0; lie < 2; lie++) {
		struct feature_set *s = set_new();
		for (size_t k = 0; k < 2; k++) {
			char headers[512], hex[65];
			digest_sha256_hex(slice_str(lie && k ? "something else" : values[k]), hex);
			_cleanup_buf_ struct buf body = BUF(256);
			buf_str_add(&body, "{\"a\":\"");
			buf_str_add(&body, values[k]);
			buf_fmt(&body, "\",\"sum\":\"%s\"}", hex);
			digest_sha256_hex(slice_str(lie && k ? "x" : buf_str(&body)), hex);
			(void)snprintf(headers, sizeof(headers), "Content-Length: %zu\r\nX-Signature: sha256=%s\r\n\r\n",
			        body.n + (size_t)(lie && k), hex);
			add_body_headers(s, headers, buf_str(&body), NULL, 0);
		}
		static const char *const addresses[] = {"body.sum", "header x-signature", "header content-length"};
		for (size_t k = 0; k < ARRAY_LEN(addresses); k++) {
			uint32_t i = find(s, ENDPOINT, addresses[k]);
			assert_true(differs(s, i, 0, 1));
			/* derived in one trial only is not derived */
			assert_int_equal(feature_at(s, i)->derived, !lie);
		}
		assert_false(feature_at(s, find(s, ENDPOINT, "body.a"))->derived);
		feature_set_free(s);
	}
}

static void literals_in_names_and_hosts(void **state)
{
	(void)state;
	struct feature_set *s = set_new();
	static const char *const homes[] = {"/home/casey", "/srv/people/kim"};
	for (size_t k = 0; k < 2; k++) {
		char body[256], host[64];
		const struct feature_literal l[] = {{.factor = 0, .value = slice_str(homes[k]), .name = "home"},
		        {.factor = 1, .value = slice_str(k ? "box-of-kim" : "crate77x"), .name = "hostname"}};
		(void)snprintf(body, sizeof(body), "{\"projects\":{\"%s/w\":{\"n\":1}}}", homes[k]);
		(void)snprintf(host, sizeof(host), "%s.stats.test", k ? "box-of-kim" : "crate77x");
		_cleanup_buf_ struct buf b = BUF(1 << 16);
		http(&b, host, "/v1/x", "A: b\r\n\r\n", slice_str(body));
		dns(&b, host);
		(void)add_trace(s, &b, l, 2, NULL);
	}
	assert_int_equal(differences(s, 0, 1, false, NULL), 0);
	(void)find(s, "POST https://{hostname}.stats.test/v1/x", "body.projects.{home}/w.n");
	size_t n, seen[2] = {0};
	const struct feature_echo *e = feature_echoes(s, &n);
	for (size_t i = 0; i < n; i++)
		seen[e[i].factor]++;
	assert_true(seen[0] >= 2 && seen[1] >= 2);
	feature_set_free(s);
}

static void literals_do_not_make_differences(void **state)
{
	(void)state;
	const struct feature_literal base[] = {{.factor = 0, .value = SLICE("4"), .name = "cpus"},
	        {.factor = 1, .value = SLICE("dev"), .name = "user"}, {.factor = 2, .value = SLICE("/home/dev"), .name = "home"}};
	const struct feature_literal other[] = {{.factor = 0, .value = SLICE("8"), .name = "cpus"},
	        {.factor = 1, .value = SLICE("mallory"), .name = "user"}, {.factor = 2, .value = SLICE("/home/mallory"), .name = "home"}};
	struct feature_set *s = set_new();
	add_body_headers(
	        s, usual_headers, "{\"t\":\"indent 4 spaces, 8 rows\",\"cpus\":4,\"home\":\"/home/dev/x\",\"dev\":\"developer\"}", base, 3);
	add_body_headers(s, usual_headers,
	        "{\"t\":\"indent 4 spaces, 8 rows\",\"cpus\":8,\"home\":\"/home/mallory/x\",\"dev\":\"developer\"}", other, 3);
	assert_int_equal(differences(s, 0, 1, false, NULL), 0);
	uint32_t i = find(s, ENDPOINT, "body.home");
	assert_true(slice_is(feature_value(s, i, 0), "{home}/x"));
	size_t n, weak = 0;
	const struct feature_echo *e = feature_echoes(s, &n);
	for (size_t k = 0; k < n; k++) {
		weak += e[k].weak;
		assert_true(k == 0 || e[k].observation >= e[k - 1].observation);
	}
	assert_int_equal(weak, 4); /* t and cpus, in both */
	assert_int_equal(n, 6);
	feature_set_free(s);
}

static void hosts_hang_together(void **state)
{
	(void)state;
	struct feature_set *s = set_new();
	for (int k = 0; k < 2; k++) {
		_cleanup_buf_ struct buf b = BUF(1 << 20);
		dns(&b, "api.test");
		http(&b, "api.test", "/v1/messages?beta=true", usual_headers, SLICE("{}"));
		if (k) {
			dns(&b, "more.test");
			http(&b, "more.test", "/collect/0f8fad5b-d9cb-469f-a165-70867728950e", usual_headers, SLICE("{\"q\":\"w\"}"));
		}
		(void)add_trace(s, &b, NULL, 0, NULL);
	}
	uint32_t i = only(s, 0, 1, "more.test");
	assert_string_equal(feature_at(s, i)->endpoint, "HOSTS");
	(void)find(s, "POST https://more.test/collect/{id}", "body.q");
	(void)find(s, ENDPOINT, "query beta");
	feature_set_free(s);
}

/* What only looks like a placeholder is none. */
static void placeholders_cannot_be_forged(void **state)
{
	(void)state;
	struct feature_set *s = set_new();
	const struct feature_literal l = {.factor = 2, .value = SLICE("wks-7f3kq"), .name = "hostname"};
	add_body_headers(s, usual_headers, "{\"a\":\"on wks-7f3kq {hostname} {sha256 of proxy} {name}\",\"{user}\":1}", &l, 1);
	struct slice v = feature_value(s, find(s, ENDPOINT, "body.a"), 0);
	assert_true(slice_is(v, "on {hostname} {=hostname} {=sha256 of proxy} {name}"));
	(void)find(s, ENDPOINT, "body.{=user}");
	feature_set_free(s);
}

static void gateway_is_no_echo(void **state)
{
	(void)state;
	struct feature_set *s = set_new();
	static const char *const names[] = {"gw.one.test", "relay.two.example"};
	for (size_t k = 0; k < 2; k++) {
		_cleanup_buf_ struct buf b = BUF(1 << 20);
		char headers[128];
		(void)snprintf(headers, sizeof(headers), "Host: %s:8080\r\nAccept: */*\r\n\r\n", names[k]);
		const struct feature_literal l = {.factor = 2, .value = slice_str(names[k]), .name = "gateway"};
		dns(&b, names[k]);
		http(&b, names[k], "/v1/messages", headers, SLICE("{}"));
		(void)add_trace(s, &b, &l, 1, names[k]);
	}
	assert_int_equal(differences(s, 0, 1, false, NULL), 0);
	size_t n;
	(void)feature_echoes(s, &n);
	assert_int_equal(n, 0);
	(void)find(s, "POST https://{gateway}/v1/messages", "header host");
	feature_set_free(s);
}

static int add_file(struct feature_set *s, const char *path, const char *text)
{
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	size_t mark;
	trace_begin(&b, TRACE_FILE, &mark);
	trace_put(&b, TAG_TARGET, slice_str(path));
	trace_put(&b, TAG_BODY, slice_str(text));
	trace_put_u64(&b, TAG_WIRE_SIZE, strlen(text));
	trace_put(&b, TAG_REASON, SLICE("file"));
	trace_end(&b, mark);
	return add_trace(s, &b, NULL, 0, NULL);
}

/* A line that begins as it did, and has nothing else in common with what it was, is that line; where two begin so nobody knows. */
static void lines_are_known_by_their_beginning(void **state)
{
	(void)state;
	struct feature_set *s = set_new();
	add_body(s, "{\"t\":\"You are a helper.\\nAnswer in American English (en-US).\\nBe kind to the reader.\"}");
	add_body(s, "{\"t\":\"You are a helper.\\nAnswer in \u4e2d\u6587.\\nBe kind to the reader.\"}");
	add_body(s, "{\"t\":\"You are a helper.\\nAnswer in \u0939\u093f\u0928\u094d\u0926\u0940.\\nAnswer in no more than "
	            "nine lines, unless more is asked for.\\nBe kind to the reader.\"}");
	uint32_t i = only(s, 0, 1, "body.t line \"Answer in American English (en-US).\"");
	assert_non_null(feature_value(s, i, 1).p);
	assert_null(feature_value(s, i, 2).p);
	feature_set_free(s);
}

/* A block goes, and of the lines that are alike some are left: they are in no other order. Where one is put elsewhere, that is seen. */
static void lines_that_are_alike_have_no_order(void **state)
{
	(void)state;
	static const char all[] =
	        "# Begin\n```\nthe first step\n```\n\n# Git\n\n```\nlook at the state\n```\n```\nthen commit\n```\n\n# End\n```\nthe "
	        "last step\n```\n\nnothing more";
	static const struct {
		const char *text;
		bool order, other;
	} rows[] = {{"# Begin\n```\nthe first step\n```\n\n# End\n```\nthe last step\n```\n\nnothing more", false, true},
	        {"# Begin\n\n# Git\n\n```\nlook at the state\n```\n```\nthen commit\n```\n\n# End\n```\nthe last step\n```\n\nnothing more",
	                false, true},
	        {"# Begin\n```\nthe first step\n```\n\n\n# Git\n```\nlook at the state\n```\n```\nthen commit\n```\n\n# End\n```\nthe last "
	         "step\n```\n\nnothing more",
	                true, false},
	        {"# Begin\n```\nthe first step\n```\n\n# Git\n\n```\nthen commit\n```\n```\nlook at the state\n```\n\n# End\n```\nthe last "
	         "step\n```\n\nnothing more",
	                true, false}};
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		struct feature_set *s = set_new();
		unsigned a = (unsigned)add_file(s, "/home/quillan7/notes", all),
		         b = (unsigned)add_file(s, "/home/quillan7/notes", rows[k].text);
		bool order = false, other = false;
		for (uint32_t i = 0; i < feature_count(s); i++) {
			if (!differs(s, i, a, b) || feature_at(s, i)->measure)
				continue;
			*(strstr(feature_at(s, i)->address, "(order)") ? &order : &other) = true;
		}
		if (order != rows[k].order || other != rows[k].other)
			fail_msg("row %zu: order %d, other %d", k, order, other);
		feature_set_free(s);
	}
}

/* A file in a folder by day is the same file a day later, and the day is a value like any other. */
static void folders_by_day_are_one_place(void **state)
{
	(void)state;
	struct feature_set *s = set_new();
	unsigned a = (unsigned)add_file(s, "/home/quillan7/.fern/sessions/2026/11/26/log-v2.txt", "one"),
	         b = (unsigned)add_file(s, "/home/quillan7/.fern/sessions/2026/11/27/log-v2.txt", "one");
	size_t different = 0;
	for (uint32_t i = 0; i < feature_count(s); i++) {
		assert_null(strstr(feature_at(s, i)->endpoint, "2026"));
		if (!differs(s, i, a, b))
			continue;
		different++;
		assert_non_null(strstr(feature_at(s, i)->endpoint, "/.fern/sessions/<9>/<9>/<9>/log-v2.txt"));
		assert_string_equal(feature_at(s, i)->address, "numbers in the path");
		assert_false(feature_at(s, i)->structural);
		assert_true(slice_is(feature_value(s, i, a), "2026/11/26") && slice_is(feature_value(s, i, b), "2026/11/27"));
	}
	assert_int_equal(different, 1);
	feature_set_free(s);
}

/* All files below a folder of git's, as they are left in a trial. `spoilt` is put behind each. */
static void put_files(struct buf *b, const char *folder, const char *shown, const char *spoilt)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	assert_non_null(d);
	while ((entry = readdir(d))) {
		char path[600], as[600];
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		(void)snprintf(as, sizeof(as), "%s/%s", shown, entry->d_name);
		if (entry->d_type == DT_DIR) {
			put_files(b, path, as, spoilt);
			continue;
		}
		_cleanup_buf_ struct buf data = BUF(1 << 20);
		FILE *f = fopen(path, "re");
		uint8_t part[4096];
		size_t mark, n;
		assert_non_null(f);
		while ((n = fread(part, 1, sizeof(part), f)))
			buf_add(&data, slice_of(part, n));
		(void)fclose(f);
		buf_str_add(&data, spoilt);
		trace_begin(b, TRACE_FILE, &mark);
		trace_put(b, TAG_TARGET, slice_str(as));
		trace_put(b, TAG_BODY, buf_slice(&data));
		trace_put_u64(b, TAG_WIRE_SIZE, data.n);
		trace_put(b, TAG_REASON, SLICE("file"));
		trace_end(b, mark);
	}
	(void)closedir(d);
}

static int add_repository(struct feature_set *s, const char *line, const char *spoilt)
{
	char folder[] = "/tmp/postern-git-XXXXXX", path[100];
	const struct gitrepo_file files[] = {{"LICENSE", SLICE("Do what you like.\n")}, {"README.md", slice_str(line)}};
	const struct gitrepo g = {.user = "Ilse", .email = "ilse@wexlund.example", .files = files, .n_files = ARRAY_LEN(files)};
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	struct err err = {0};
	assert_non_null(mkdtemp(folder));
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, files[i].path);
		FILE *f = fopen(path, "we");
		assert_non_null(f);
		(void)fwrite(files[i].data.p, 1, files[i].data.n, f);
		(void)fclose(f);
	}
	assert_int_equal(gitrepo_write(fd, &g, &err), 0);
	(void)close(fd);
	(void)snprintf(path, sizeof(path), "%s/.git", folder);
	put_files(&b, path, "/home/quillan7/.fern/snapshot", spoilt);
	assert_int_equal(tree_remove(AT_FDCWD, folder), 0);
	return add_trace(s, &b, NULL, 0, NULL);
}

/* A changed line of a file is in the names and bytes of four objects and in the index: only the line is told. */
static void repositories_are_read(void **state)
{
	(void)state;
	for (int spoilt = 0; spoilt < 2; spoilt++) {
		struct feature_set *s = set_new();
		const char *more = spoilt ? "x" : "";
		unsigned a = (unsigned)add_repository(s, "# Tern\nOrders of this company.\nAsk for more.\n", more),
		         b = (unsigned)add_repository(s, "# Tern\nOrders of that company.\nAsk for more.\n", more);
		size_t different = 0, blobs = 0;
		for (uint32_t i = 0; i < feature_count(s); i++) {
			const struct feature *f = feature_at(s, i);
			blobs += strstr(f->endpoint, "git blob") != NULL;
			if (!differs(s, i, a, b))
				continue;
			different++;
			if (spoilt)
				continue;
			assert_non_null(strstr(f->endpoint, "/.fern/snapshot/objects git blob"));
			assert_true(slice_is(feature_value(s, i, a), "Orders of this company."));
			assert_true(slice_is(feature_value(s, i, b), "Orders of that company."));
		}
		/* What is not exactly an object is compared as it is. */
		if (spoilt) {
			assert_int_equal(blobs, 0);
			assert_true(different > 4);
		} else {
			assert_int_equal(different, 1);
		}
		feature_set_free(s);
	}
}

/* A small file can hold a large object, and one of another name: what is past the bound, or not what its name says, is compared as it is.
 */
static void objects_are_checked(void **state)
{
	(void)state;
	static const size_t sizes[] = {60000, 200000, (size_t)1 << 20, 60000};
	for (size_t k = 0; k < ARRAY_LEN(sizes); k++) {
		size_t n = sizes[k];
		_cleanup_buf_ struct buf object = BUF(2 << 20), hex = BUF(64), b = BUF(1 << 20);
		_cleanup_free_ uint8_t *packed = malloc(compressBound(n + 32));
		uLongf size = compressBound(n + 32);
		uint8_t sum[DIGEST_MAX];
		char path[100];
		buf_fmt(&object, "blob %zu", n);
		buf_u8(&object, 0);
		for (size_t i = 0; i < n; i++)
			buf_u8(&object, '\n');
		assert_non_null(packed);
		assert_int_equal(compress(packed, &size, object.p, object.n), Z_OK);
		assert_int_equal(digest_of(DIGEST_SHA1, buf_slice(&object), sum), 0);
		sum[19] ^= k == 3;
		encode_hex(&hex, slice_of(sum, 20));
		(void)snprintf(path, sizeof(path), "/home/quillan7/.git/objects/%.2s/%s", buf_str(&hex), buf_str(&hex) + 2);
		size_t mark;
		trace_begin(&b, TRACE_FILE, &mark);
		trace_put(&b, TAG_TARGET, slice_str(path));
		trace_put(&b, TAG_BODY, slice_of(packed, size));
		trace_put_u64(&b, TAG_WIRE_SIZE, size);
		trace_put(&b, TAG_REASON, SLICE("file"));
		trace_end(&b, mark);
		struct feature_set *s = set_new();
		size_t blobs = 0;
		assert_int_equal(add_trace(s, &b, NULL, 0, NULL), 0);
		for (uint32_t i = 0; i < feature_count(s); i++)
			blobs += strstr(feature_at(s, i)->endpoint, "git blob") != NULL;
		assert_int_equal(blobs > 0, k == 0);
		feature_set_free(s);
	}
}

static void shapes(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		bool same;
	} rows[] = {{"0f8fad5b-d9cb-469f-a165-70867728950e", "7c9e6679-7425-40de-944b-e07fc1f90ae7", true},
	        {"2026-11-23", "2026-11-24", true}, {"2026-11-23", "2026/11/23", false},
	        {"sess d41d8cd98f00b204e9800998ecf8427e", "sess 900150983cd24fb0d6963f7d28e17f72", true},
	        {"Today's date", "Today\xe2\x80\x99s date", false}, {"Abc", "abc", false},
	        {"a b",
	                "a\xc2\xa0"
	                "b",
	                false},
	        {"toolu_01AbC9dEf7GhI3jKl5", "toolu_01XyZ8wVu6TsR2qPo4", true}, {"14:03:22.123", "09:11:02.001", true}};
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		_cleanup_buf_ struct buf a = BUF(1024), b = BUF(1024);
		feature_shape(slice_str(rows[k].a), &a);
		feature_shape(slice_str(rows[k].b), &b);
		if (slice_eq(buf_slice(&a), buf_slice(&b)) != rows[k].same)
			fail_msg("%s -> %s, %s -> %s", rows[k].a, buf_str(&a), rows[k].b, buf_str(&b));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(extra_block_is_one_difference),
	        cmocka_unit_test(apostrophe_is_one_line),
	        cmocka_unit_test(pairs_are_known_by_their_key),
	        cmocka_unit_test(records_are_known_by_their_event),
	        cmocka_unit_test(structure_is_seen),
	        cmocka_unit_test(empty_lines_keep_their_place),
	        cmocka_unit_test(headers_are_seen),
	        cmocka_unit_test(ways_of_writing_are_seen),
	        cmocka_unit_test(forms_are_seen),
	        cmocka_unit_test(json_in_header_in_json),
	        cmocka_unit_test(retry_is_one_difference),
	        cmocka_unit_test(a_copy_is_the_second),
	        cmocka_unit_test(turns_keep_their_slots),
	        cmocka_unit_test(bad_bodies_are_kept),
	        cmocka_unit_test(echoes_under_transforms),
	        cmocka_unit_test(digests_are_echoes),
	        cmocka_unit_test(uuid_is_no_digest),
	        cmocka_unit_test(derived_values_are_marked),
	        cmocka_unit_test(literals_in_names_and_hosts),
	        cmocka_unit_test(literals_do_not_make_differences),
	        cmocka_unit_test(hosts_hang_together),
	        cmocka_unit_test(placeholders_cannot_be_forged),
	        cmocka_unit_test(gateway_is_no_echo),
	        cmocka_unit_test(lines_that_are_alike_have_no_order),
	        cmocka_unit_test(lines_are_known_by_their_beginning),
	        cmocka_unit_test(folders_by_day_are_one_place),
	        cmocka_unit_test(repositories_are_read),
	        cmocka_unit_test(objects_are_checked),
	        cmocka_unit_test(shapes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
