/* The pieces of the connection engine that need no namespace: names, the look at frames, content codings, TLS, the configuration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include "crypto/cert.h"
#include "wire/conn.h"
#include "world/world.h"

static void names(void **state)
{
	struct names *n;
	uint8_t a[4], b[4];
	(void)state;
	assert_int_equal(names_new(&n), 0);
	assert_int_equal(names_address(n, SLICE("Api.Example.com"), a), 0);
	assert_int_equal(names_address(n, SLICE("api.example.COM"), b), 0);
	assert_memory_equal(a, b, 4);
	assert_string_equal(names_of(n, a), "api.example.com");
	for (unsigned i = 0; i < 8191; i++) {
		char text[32];
		(void)snprintf(text, sizeof(text), "h%u.example.org", i);
		assert_int_equal(names_address(n, slice_str(text), b), 0);
		assert_string_equal(names_of(n, b), text);
		assert_true(b[3] != 0 && b[3] != 255);
		assert_false(b[0] == 10 || b[0] == 127 || b[0] >= 224 || (b[0] == 172 && b[1] < 64) || (b[0] == 192 && b[1] == 168));
	}
	/* The table is full: what was used longest ago gives way, and comes back with the same address. */
	uint8_t old[4];
	assert_int_equal(names_address(n, SLICE("API.example.com"), b), 0);
	assert_int_equal(names_address(n, SLICE("h5.example.org"), old), 0);
	assert_int_equal(names_address(n, SLICE("h6.example.org"), old), 0);
	for (unsigned i = 0; i < 5000; i++) {
		char text[32];
		(void)snprintf(text, sizeof(text), "more%u.example.org", i);
		assert_int_equal(names_address(n, slice_str(text), b), 0);
		assert_string_equal(names_of(n, b), text);
		assert_string_equal(names_of(n, a), "api.example.com");
	}
	assert_null(names_of(n, old));
	assert_int_equal(names_address(n, SLICE("h6.example.org"), b), 0);
	assert_memory_equal(b, old, 4);
	assert_int_equal(names_address(n, SLICE("API.example.com"), b), 0);
	assert_null(names_of(n, (const uint8_t[]){1, 2, 3, 4}));
	names_free(n);

	/* Questions alone push out nothing that is in use. */
	assert_int_equal(names_new(&n), 0);
	assert_int_equal(names_address(n, SLICE("api.example.com"), a), 0);
	assert_string_equal(names_of(n, a), "api.example.com");
	for (unsigned i = 0; i < 20000; i++) {
		char text[32];
		(void)snprintf(text, sizeof(text), "f%u.example.net", i);
		assert_int_equal(names_address(n, slice_str(text), b), 0);
	}
	assert_string_equal(names_of(n, a), "api.example.com");
	assert_string_equal(names_of(n, b), "f19999.example.net");
	names_free(n);
}

static char seen[200];
static void tcp(void *arg, uint16_t port)
{
	(void)arg;
	(void)snprintf(seen, sizeof(seen), "tcp %u", port);
}
static void udp(void *arg, uint16_t port)
{
	(void)arg;
	(void)snprintf(seen, sizeof(seen), "udp %u", port);
}
static void other(void *arg, unsigned proto, const char *addr, uint16_t port, struct slice data)
{
	(void)arg;
	(void)snprintf(seen, sizeof(seen), "other %u %s %u %zu", proto, addr, port, data.n);
}

static const char *look(struct slice frame)
{
	const struct relay_watch w = {.tcp = tcp, .udp = udp, .other = other};
	seen[0] = 0;
	relay_look(&w, frame);
	return seen;
}

#define ETH4              "\1\2\3\4\5\6\1\2\3\4\5\6\x08\x00"
#define ETH6              "\1\2\3\4\5\6\1\2\3\4\5\6\x86\xdd"
#define IP4(len, frag, p) "\x45\x00\x00" len "\x00\x00" frag "\x40" p "\x00\x00\x0a\x00\x00\x02\x5d\xb8\x01\x02"
#define IP6(next)                                  \
	"\x60\x00\x00\x00\x00\x14" next "\x40"     \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2" \
	"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define SYN "\x30\x39\x01\xbb\0\0\0\1\0\0\0\0\x50\x02\xff\xff\0\0\0\0"
#define ACK "\x30\x39\x01\xbb\0\0\0\1\0\0\0\0\x50\x10\xff\xff\0\0\0\0"

static void frames(void **state)
{
	(void)state;
	assert_string_equal(look(SLICE(ETH4 IP4("\x28", "\x00\x00", "\x06") SYN)), "tcp 443");
	assert_string_equal(look(SLICE(ETH4 IP4("\x28", "\x00\x00", "\x06") ACK)), "");
	assert_string_equal(look(SLICE(ETH4 IP4("\x1d", "\x00\x00", "\x11") "\x30\x39\x00\x7b\x00\x09\x00\x00x")), "udp 123");
	assert_string_equal(look(SLICE(ETH4 IP4("\x1d", "\x00\x01", "\x11") "\x30\x39\x00\x7b\x00\x09\x00\x00x")), "");
	assert_string_equal(look(SLICE(ETH4 IP4("\x18", "\x00\x00", "\x2f") "abcd")), "other 47 93.184.1.2 0 4");
	assert_string_equal(look(SLICE(ETH4 IP4("\x18", "\x00\x00", "\x01") "abcd")), "");
	assert_string_equal(look(SLICE(ETH6 IP6("\x06") SYN)), "tcp 443");
	assert_string_equal(look(SLICE(ETH6 IP6("\x3c") "\x06\x00\0\0\0\0\0\0" SYN)), "tcp 443");
	assert_string_equal(look(SLICE(ETH6 IP6("\x2c") "\x06\x00\x00\x08\0\0\0\0" SYN)), "");
	/* cut anywhere: nothing, or the same, never a read past the end */
	struct slice whole = SLICE(ETH4 IP4("\x28", "\x00\x00", "\x06") SYN);
	for (size_t n = 0; n < whole.n; n++) {
		uint8_t *copy = malloc(n + 1);
		assert_non_null(copy);
		memcpy(copy, whole.p, n);
		(void)look(slice_of(copy, n));
		free(copy);
	}
}

static void distances(void **state)
{
	(void)state;
#define SYNACK "\x01\xbb\x30\x39\0\0\0\1\0\0\0\2\x50\x12\xff\xff\0\0\0\0"
	struct slice first = SLICE(ETH4 IP4("\x28", "\x00\x00", "\x06") SYNACK);
	unsigned ms = relay_distance(first);
	assert_in_range(ms, 5, 44);
	assert_int_equal(relay_distance(first), ms);
	/* only the first answer, and only over TCP */
	assert_int_equal(relay_distance(SLICE(ETH4 IP4("\x28", "\x00\x00", "\x06") ACK)), 0);
	assert_int_equal(relay_distance(SLICE(ETH4 IP4("\x28", "\x00\x00", "\x06") SYN)), 0);
	assert_int_equal(relay_distance(SLICE(ETH4 IP4("\x28", "\x00\x00", "\x11") SYNACK)), 0);
	assert_int_equal(relay_distance(SLICE(ETH6 IP6("\x06") SYNACK)), 0);
	for (size_t n = 0; n < first.n; n++) {
		uint8_t *copy = malloc(n + 1);
		assert_non_null(copy);
		memcpy(copy, first.p, n);
		(void)relay_distance(slice_of(copy, n));
		free(copy);
	}
	/* servers are not all at one place */
	uint8_t other[64];
	bool met[64] = {false};
	unsigned many = 0;
	memcpy(other, first.p, first.n);
	for (unsigned i = 0; i < 64; i++) {
		other[29] = (uint8_t)i;
		unsigned d = relay_distance(slice_of(other, first.n));
		many += !met[d];
		met[d] = true;
	}
	assert_true(many > 20);
}

static void codings(void **state)
{
	_cleanup_buf_ struct buf out = BUF(1000), small = BUF(5);
	const char *why = NULL;
	uint64_t lost = 0;
	/* printf hello | gzip -n; zlib; brotli (stored); zstd */
	struct slice gz = SLICE("\x1f\x8b\x08\0\0\0\0\0\0\x03\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0");
	struct slice zl = SLICE("\x78\x9c\xcb\x48\xcd\xc9\xc9\x07\0\x06\x2c\x02\x15");
	struct slice br = SLICE("\x0b\x02\x80\x68\x65\x6c\x6c\x6f\x03");
	(void)state;
	assert_int_equal(decode_content(SLICE("gzip"), gz, &out, &lost, &why), 0);
	assert_string_equal(buf_str(&out), "hello");
	buf_reset(&out);
	assert_int_equal(decode_content(SLICE("identity, Deflate"), zl, &out, &lost, &why), 0);
	assert_string_equal(buf_str(&out), "hello");
	buf_reset(&out);
	assert_int_equal(decode_content(SLICE("deflate"), slice_sub(zl, 2, zl.n - 6), &out, &lost, &why), 0);
	assert_string_equal(buf_str(&out), "hello");
	buf_reset(&out);
	assert_int_equal(decode_content(SLICE("br"), br, &out, &lost, &why), 0);
	assert_string_equal(buf_str(&out), "hello");
	buf_reset(&out);
	for (size_t n = 0; n < gz.n; n++) {
		assert_int_equal(decode_content(SLICE("gzip"), slice_sub(gz, 0, n), &out, &lost, &why), -EBADMSG);
		buf_reset(&out);
	}
	assert_int_equal(decode_content(SLICE("zstd"), SLICE("\x28\xb5\x2f\xfd\x04"), &out, &lost, &why), -EBADMSG);
	assert_int_equal(decode_content(SLICE("lzma"), gz, &out, &lost, &why), -ENOTSUP);
	assert_int_equal(decode_content(SLICE("gzip,gzip,gzip,gzip"), gz, &out, &lost, &why), -ENOTSUP);
	assert_int_equal(lost, 0);
	small.max = 4;
	assert_int_equal(decode_content(SLICE("gzip"), gz, &small, &lost, &why), -ENOBUFS);
	assert_string_equal(buf_str(&small), "hell");
	assert_true(lost > 0);
}

static void authority(void **state)
{
	_cleanup_buf_ struct buf cert = BUF(10000), key = BUF(10000), plain = BUF(100), out = BUF(10000);
	struct tls_server *s = NULL;
	struct tls *t = NULL;
	(void)state;
	assert_int_equal(tls_init(), 0);
	assert_int_equal(cert_ca_new("Test CA", 1700000000, &cert, &key), 0);
	assert_int_equal(tls_server_new(buf_slice(&key), buf_slice(&cert), 1700000000, &s), -EBADMSG);
	assert_int_equal(tls_server_new(SLICE("x"), SLICE(""), 1700000000, &s), -EBADMSG);
	assert_null(s);
	assert_int_equal(tls_server_new(buf_slice(&cert), buf_slice(&key), 1700000000, &s), 0);
	/* hostile names make a certificate too, without meaning anything to OpenSSL's configuration syntax */
	static const char *const hosts[] = {"api.example.com", "10.0.0.1", "2001:db8::1", "a,DNS:b", "", "x\ny=z", "@sec"};
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		assert_int_equal(tls_accept(s, slice_str(hosts[i]), &t), 0);
		assert_int_equal(tls_feed(t, SLICE("\x16\x03\x01\x00\x05\x01\x00\x00\x01\xff"), &plain, &out), TLS_FAILED);
		assert_true(tls_reason(t)[0] != 0);
		assert_int_equal(plain.n, 0);
		tls_free(t);
	}
	tls_server_free(s);
}

static void configuration(void **state)
{
	static const char *const hosts[] = {"api.example.com", "b.example", NULL}, *const flags[] = {"f_1", NULL};
	const struct world_config in = {.ca_cert_pem = SLICE("CERT"),
	        .ca_key_pem = SLICE("KEY"),
	        .seed = SLICE("\0\1"),
	        .model_hosts = hosts,
	        .gateway_host = "gw",
	        .client_ipv4 = "10.0.0.2",
	        .project = "/p",
	        .dns_search = "corp.example",
	        .trace_max = 1u << 20,
	        .ahead_s = -86400,
	        .moods = WORLD_FLIP,
	        .flags = flags,
	        .obey_mark = "m",
	        .obey_command = "sh x"};
	_cleanup_buf_ struct buf b = BUF(10000);
	_cleanup_arena_ struct arena arena = ARENA(1 << 20);
	struct world_config out = {0};
	(void)state;
	world_config_encode(&b, &in);
	assert_int_equal(world_config_decode(buf_slice(&b), &arena, &out), 0);
	assert_true(slice_is(out.ca_cert_pem, "CERT") && slice_eq(out.seed, SLICE("\0\1")));
	assert_string_equal(out.model_hosts[1], "b.example");
	assert_null(out.model_hosts[2]);
	assert_string_equal(out.dns_search, "corp.example");
	assert_null(out.dialect);
	assert_int_equal(out.trace_max, 1u << 20);
	assert_int_equal(out.moods, WORLD_FLIP);
	assert_null(out.dead);
	assert_string_equal(out.flags[0], "f_1");
	assert_null(out.flags[1]);
	assert_string_equal(out.obey_command, "sh x");
	assert_int_equal(out.ahead_s, -86400);
	for (size_t n = 0; n < b.n; n++)
		assert_int_equal(world_config_decode(slice_sub(buf_slice(&b), 0, n), &arena, &out), -EBADMSG);
	buf_u8(&b, 0);
	assert_int_equal(world_config_decode(buf_slice(&b), &arena, &out), -EBADMSG);
	b.n--;
	_cleanup_arena_ struct arena tiny = ARENA(8);
	assert_int_equal(world_config_decode(buf_slice(&b), &tiny, &out), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names),
	        cmocka_unit_test(frames),
	        cmocka_unit_test(distances),
	        cmocka_unit_test(codings),
	        cmocka_unit_test(authority),
	        cmocka_unit_test(configuration),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
