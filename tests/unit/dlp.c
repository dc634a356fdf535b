#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include <zlib.h>

#include "base/buf.h"
#include "base/encode.h"
#include "inspect/dlp.h"
#include "inspect/fingerprint.h"
#include "inspect/redact.h"
#include "inspect/secret_cache.h"
#include "inspect/secret_table.h"
#include "sys/path.h"

/* Values are put together here, so that no scanner of this repository finds any. */
static uint64_t seed = 88172645463325252ull;

static uint64_t random64(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed * 2685821657736338717ull >> 16;
}

static const char b62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static void letters(struct buf *b, size_t n)
{
	while (n-- > 0)
		buf_u8(b, (uint8_t)b62[random64() % 62]);
}

/* As GitHub makes them: the CRC-32 at the end. */
static void github(struct buf *b)
{
	char sum[6];
	buf_str_add(b, "ghp");
	buf_str_add(b, "_");
	size_t at = b->n;
	letters(b, 30);
	uint32_t v = (uint32_t)crc32(0, b->p + at, 30);
	for (int i = 5; i >= 0; i--, v /= 62)
		sum[i] = b62[v % 62];
	buf_add(b, slice_of(sum, 6));
}

static struct slice read_all(const char *path, struct buf *b)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	uint8_t *p = buf_room(b, (size_t)st.st_size);
	assert_non_null(p);
	assert_int_equal(read(fd, p, (size_t)st.st_size), st.st_size);
	b->n += (size_t)st.st_size;
	return buf_slice(b);
}

static struct buf image = BUF(SECRET_IMAGE_MAX), rules = BUF(1 << 20);
static struct dlp_engine *engine;
static struct dlp_work *work;

static int start(void **state)
{
	struct err err = {0};
	(void)state;
	struct secret_source source = {"secrets.yaml", read_all("share/rules/secrets.yaml", &rules)};
	assert_int_equal(secret_compile(&source, 1, &image, &err), 0);
	assert_int_equal(dlp_engine_new(&(struct dlp_parts){.rules = buf_slice(&image)}, &engine, &err), 0);
	assert_true(dlp_engine_rules(engine) >= 60);
	assert_int_equal(dlp_work_new(engine, &work), 0);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	dlp_work_free(work);
	dlp_engine_free(engine);
	buf_free(&image);
	buf_free(&rules);
	return 0;
}

static struct dlp_scan *scan_of(const struct dlp_engine *e, struct dlp_work *w, struct dlp_history *h, struct slice message)
{
	struct dlp_scan *s = NULL;
	assert_int_equal(dlp_scan_new(e, w, h, &s), 0);
	assert_int_equal(dlp_scan_whole(s, message), 0);
	return s;
}

static void exact_place(void **state)
{
	_cleanup_buf_ struct buf token = BUF(100), text = BUF(1000);
	(void)state;
	github(&token);
	buf_fmt(&text, "{\"content\":\"use this:\\n%s\\nthanks\"}", buf_str(&token));
	struct dlp_scan *s = scan_of(engine, work, NULL, buf_slice(&text));
	assert_int_equal(dlp_scan_count(s), 1);
	const struct dlp_hit *h = dlp_scan_hit(s, 0);
	assert_string_equal(h->rule, "github-token");
	assert_int_equal(h->class, DLP_SECRET);
	assert_int_equal(h->offset, 23);
	assert_int_equal(h->n, 40);
	assert_int_equal(h->confidence, 99);
	assert_int_equal(h->chain[0], DLP_PLAIN);
	assert_string_equal(h->sample, "ghp_...(40)");
	assert_null(dlp_scan_hit(s, 1));
	/* A wrong checksum is said. */
	token.p[10] = token.p[10] == 'x' ? 'y' : 'x';
	text.n = 0;
	buf_fmt(&text, "key %s", buf_str(&token));
	dlp_scan_reset(s);
	assert_int_equal(dlp_scan_whole(s, buf_slice(&text)), 0);
	assert_int_equal(dlp_scan_count(s), 1);
	assert_int_equal(dlp_scan_hit(s, 0)->confidence, 60);
	/* Part of something longer is none. */
	buf_str_add(&text, "0");
	dlp_scan_reset(s);
	assert_int_equal(dlp_scan_whole(s, buf_slice(&text)), 0);
	assert_int_equal(dlp_scan_count(s), 0);
	dlp_scan_free(s);
}

static void smallest_span_of_what_is_encoded(void **state)
{
	_cleanup_buf_ struct buf token = BUF(100), inner = BUF(1000), text = BUF(4000);
	(void)state;
	github(&token);
	buf_fmt(&inner, "GITHUB_TOKEN=%s and a line that goes on", buf_str(&token));
	buf_str_add(&text, "data: ");
	encode_base64(&text, buf_slice(&inner), false, true);
	struct dlp_scan *s = scan_of(engine, work, NULL, buf_slice(&text));
	assert_int_equal(dlp_scan_count(s), 1);
	const struct dlp_hit *h = dlp_scan_hit(s, 0);
	assert_int_equal(h->chain[0], DLP_BASE64);
	assert_int_equal(h->chain[1], DLP_PLAIN);
	/* Bytes 13 to 52 lie in characters 17 to 70. */
	assert_int_equal(h->offset, 6 + 13 * 8 / 6);
	assert_int_equal(h->n, (53 * 8 + 5) / 6 - 13 * 8 / 6);
	dlp_scan_free(s);
	/* Backwards: the span is where the letters are. */
	text.n = 0;
	buf_str_add(&text, "x = ");
	for (size_t i = token.n; i > 0; i--)
		buf_u8(&text, token.p[i - 1]);
	buf_str_add(&text, " end");
	s = scan_of(engine, work, NULL, buf_slice(&text));
	assert_int_equal(dlp_scan_count(s), 1);
	assert_int_equal(dlp_scan_hit(s, 0)->chain[0], DLP_REVERSE);
	assert_int_equal(dlp_scan_hit(s, 0)->offset, 4);
	assert_int_equal(dlp_scan_hit(s, 0)->n, 40);
	dlp_scan_free(s);
}

/* Words, with secrets in various forms now and then. */
static void filled(struct buf *text, size_t size, unsigned every)
{
	static const char *const words[] = {"the ", "function ", "returns ", "a list of names, ", "if (x == 0)\n\t",
	        "value: ", "\"quoted\" ", "/usr/include/linux/types.h ", "0x7f, 0x80, ", "https://example.org/page?q=1 ", "\\u00e9", "%20",
	        "=\n"};
	while (text->n < size) {
		if (random64() % every) {
			buf_str_add(text, words[random64() % ARRAY_LEN(words)]);
			continue;
		}
		_cleanup_buf_ struct buf token = BUF(200), other = BUF(1000);
		buf_u8(&token, ' ');
		github(&token);
		buf_u8(&token, ' ');
		switch (random64() % 5) {
		case 0:
			encode_base64(&other, buf_slice(&token), false, true);
			break;
		case 1:
			encode_hex(&other, buf_slice(&token));
			break;
		case 2:
			for (size_t i = 0; i < token.n; i++)
				buf_fmt(&other, "%%%02x", token.p[i]);
			break;
		case 3:
			for (size_t i = token.n; i > 0; i--)
				buf_u8(&other, token.p[i - 1]);
			break;
		default:
			buf_add(&other, buf_slice(&token));
			break;
		}
		buf_u8(text, ' ');
		buf_add(text, buf_slice(&other));
		buf_u8(text, ' ');
	}
}

/* Each character escaped, in every way that a program reads back, and nothing else around it that would show it. */
static bool put_escaped(struct buf *b, unsigned form, unsigned c)
{
	switch (form) {
	case 0:
		buf_fmt(b, "\\x%02x", c);
		return true;
	case 1:
		buf_fmt(b, "\\u%04X", c);
		return true;
	case 2:
		buf_fmt(b, "\\u{%x}", c);
		return true;
	case 3:
		buf_fmt(b, "\\U%08x", c);
		return true;
	case 4:
		buf_fmt(b, "\\%o", c);
		return true;
	case 5:
		buf_fmt(b, "\\%03o", c);
		return true;
	case 6:
		buf_fmt(b, "%%%02x", c);
		return true;
	case 7:
		buf_fmt(b, "%%u%04x", c);
		return true;
	case 8:
		buf_fmt(b, "&#%u;", c);
		return true;
	case 9:
		buf_fmt(b, "=%02X", c);
		return true;
	default:
		return false;
	}
}

static void escapes_of_all_kinds(void **state)
{
	bool more = true;
	(void)state;
	for (unsigned form = 0; more; form++)
		for (int whole = 0; more && whole < 2; whole++) {
			_cleanup_buf_ struct buf token = BUF(100), text = BUF(1000);
			github(&token);
			buf_str_add(&text, whole ? "" : "the token is ");
			for (size_t k = 0; more && k < token.n; k++)
				more = put_escaped(&text, form, token.p[k]);
			buf_str_add(&text, whole ? "" : " and that is all");
			struct dlp_scan *s = scan_of(engine, work, NULL, buf_slice(&text));
			if (more && dlp_scan_count(s) != 1)
				fail_msg("%zu hits in %s", dlp_scan_count(s), buf_str(&text));
			dlp_scan_free(s);
		}
}

static void any_split_gives_the_same(void **state)
{
	(void)state;
	for (int round = 0; round < 200; round++) {
		_cleanup_buf_ struct buf text = BUF(1 << 20);
		struct dlp_scan *pieces = NULL;
		/* Some are long; most have many secrets where the window moves on. */
		if (round % 10)
			filled(&text, 33000 + (size_t)random64() % 12000, 80);
		else
			filled(&text, 1000 + (size_t)random64() % 150000, 900);
		struct dlp_scan *whole = scan_of(engine, work, NULL, buf_slice(&text));
		if (dlp_scan_more(whole)) {
			dlp_scan_free(whole);
			continue;
		}
		assert_int_equal(dlp_scan_new(engine, work, NULL, &pieces), 0);
		size_t most = round % 2 ? 40000 : 300;
		for (size_t at = 0, n; at < text.n; at += n) {
			n = 1 + (size_t)random64() % most;
			assert_int_equal(dlp_scan_feed(pieces, slice_sub(buf_slice(&text), at, n)), 0);
			assert_true(dlp_scan_safe(pieces) <= at + n);
			assert_true(at < 65536 || dlp_scan_safe(pieces) + 32768 >= at);
		}
		assert_int_equal(dlp_scan_end(pieces), 0);
		assert_int_equal(dlp_scan_safe(pieces), text.n);
		assert_int_equal(dlp_scan_count(pieces), dlp_scan_count(whole));
		for (size_t i = 0; i < dlp_scan_count(whole); i++) {
			assert_int_equal(dlp_scan_hit(pieces, i)->offset, dlp_scan_hit(whole, i)->offset);
			assert_int_equal(dlp_scan_hit(pieces, i)->n, dlp_scan_hit(whole, i)->n);
			assert_string_equal(dlp_scan_hit(pieces, i)->rule, dlp_scan_hit(whole, i)->rule);
		}
		assert_true(dlp_scan_memory(pieces) <= 64 * 1024);
		dlp_scan_free(whole);
		dlp_scan_free(pieces);
	}
}

/* A secret across each border that there is inside of a message in pieces, at every place. */
static void across_the_window(void **state)
{
	static const size_t borders[] = {32768 - 8192, 32768, 32768 - 4096, 2 * (32768 - 8192) - 4096};
	(void)state;
	for (size_t b = 0; b < ARRAY_LEN(borders); b++)
		for (size_t d = 0; d < 84; d += 3)
			for (int form = 0; form < 4; form++) {
				_cleanup_buf_ struct buf token = BUF(200), text = BUF(1 << 20);
				struct dlp_scan *s = NULL;
				github(&token);
				while (text.n + d + 1 < borders[b])
					buf_str_add(&text, text.n % 7 ? "a" : " ");
				buf_u8(&text, ' ');
				size_t at = text.n;
				for (size_t i = 0; form == 1 && i < token.n; i++)
					buf_u8(&text, token.p[token.n - 1 - i]);
				if (form == 0)
					buf_add(&text, buf_slice(&token));
				else if (form == 2)
					encode_base64(&text, buf_slice(&token), false, false);
				else if (form == 3)
					encode_hex(&text, buf_slice(&token));
				size_t n = text.n - at;
				for (size_t i = 0; i < 40000; i++)
					buf_u8(&text, i % 9 ? 'b' : ' ');
				assert_int_equal(dlp_scan_new(engine, work, NULL, &s), 0);
				for (size_t i = 0; i < text.n; i += 777)
					assert_int_equal(dlp_scan_feed(s, slice_sub(buf_slice(&text), i, 777)), 0);
				assert_int_equal(dlp_scan_end(s), 0);
				if (dlp_scan_count(s) != 1)
					fail_msg("form %d, %zu bytes before %zu: %zu hits", form, d, borders[b], dlp_scan_count(s));
				assert_int_equal(dlp_scan_hit(s, 0)->offset, at);
				assert_int_equal(dlp_scan_hit(s, 0)->n, n);
				assert_int_not_equal(dlp_scan_hit(s, 0)->chain[0], DLP_SPLIT);
				dlp_scan_free(s);
			}
}

static void what_is_no_secret(void **state)
{
	static const char *const texts[] = {
	        "api_key = your_api_key_goes_here_1234",
	        "token: 123e4567-e89b-12d3-a456-426614174000",
	        "\"integrity\": \"sha512-rP9kFhXUh2pHc4uXQ0m9m0pLq2y3a6c3L0gkq2QG8f3p8dNw2kz0l2GvB4tQ5o0zqk7Vd2q1R3e8hWm8T0X0Ew==\"",
	        "password = getpass.getpass('Password: ')",
	        "const token = await getAccessTokenFromServer(request);",
	        "password: ${DB_PASSWORD}",
	        "secret = os.environ['CLIENT_SECRET_NAME_2']",
	        "postgres://user:password@localhost/db",
	        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
	        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
	        "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqPZ8s0m5Yy3l1cW8dY0f3uQbq7kV\n-----END PUBLIC KEY-----",
	        ("url(data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/"
	         "w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg=="),
	        "AKIAIOSFODNN7EXAMPLE",
	        "ReactNativeCameraKit: f15a5a04b0f6dc6073e6db0296e6ef2d8b8d2522",
	        "\"credentialId\": \"B9mTcFSck2LzJO2S3ols63\",",
	        "token_url: https-4h2kq9x7m3-Zq81kd73hs",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct dlp_scan *s = scan_of(engine, work, NULL, slice_str(texts[i]));
		if (dlp_scan_count(s))
			fail_msg("%s: %s", texts[i], dlp_scan_hit(s, 0)->rule);
		dlp_scan_free(s);
	}
}

static void known_values_in_pieces(void **state)
{
	const char *const value = "violet-Harbour7-quartz-Lantern";
	const struct dlp_value values[] = {
	        {DLP_CANARY, SLICE("canary-1"), slice_str(value)}, {DLP_CREDENTIAL, SLICE("login"), SLICE("0192837465abcdefghij")}};
	struct dlp_engine *e = NULL;
	struct dlp_work *w = NULL;
	struct dlp_history *h = NULL;
	_cleanup_buf_ struct buf text = BUF(1000);
	(void)state;
	assert_int_equal(dlp_engine_new(&(struct dlp_parts){.values = values, .n_values = 2}, &e, NULL), 0);
	assert_int_equal(dlp_work_new(e, &w), 0);
	assert_int_equal(dlp_history_new(e, 4, &h), 0);
	buf_fmt(&text, "see %s.", value);
	struct dlp_scan *s = scan_of(e, w, h, buf_slice(&text));
	assert_int_equal(dlp_scan_count(s), 1);
	assert_int_equal(dlp_scan_hit(s, 0)->offset, 4);
	assert_int_equal(dlp_scan_hit(s, 0)->n, 30);
	assert_int_equal(dlp_scan_hit(s, 0)->class, DLP_CANARY);
	assert_string_equal(dlp_scan_hit(s, 0)->rule, "canary-1");
	assert_null(strstr(dlp_scan_hit(s, 0)->sample, "violet"));
	text.n = 0;
	buf_str_add(&text, "q=");
	encode_base64(&text, SLICE("some text before the violet-Harbour7-quartz-Lantern that counts"), true, false);
	dlp_scan_reset(s);
	assert_int_equal(dlp_scan_whole(s, buf_slice(&text)), 0);
	assert_int_equal(dlp_scan_count(s), 1);
	assert_int_equal(dlp_scan_hit(s, 0)->chain[0], DLP_BASE64);
	/* Three pieces in three messages, between others. The last one tells. */
	static const char *const pieces[] = {"a violet-Harb z", "nothing", "our7-quartz", "-Lantern"};
	for (size_t i = 0; i < 4; i++) {
		dlp_scan_reset(s);
		assert_int_equal(dlp_scan_whole(s, slice_str(pieces[i])), 0);
		assert_int_equal(dlp_scan_count(s), i == 3);
	}
	assert_int_equal(dlp_scan_hit(s, 0)->chain[0], DLP_SPLIT);
	/* Too far apart: forgotten. */
	for (size_t i = 0; i < 9; i++) {
		dlp_scan_reset(s);
		assert_int_equal(dlp_scan_whole(s, slice_str(i == 0 ? "violet-Harbour7" : i == 8 ? "-quartz-Lantern" : "nothing")), 0);
		assert_int_equal(dlp_scan_count(s), 0);
	}
	/* Both halves in one message that has no history. */
	dlp_scan_free(s);
	s = scan_of(e, w, NULL, SLICE("[\"0192837465\", \"abcdefghij\"]"));
	assert_int_equal(dlp_scan_count(s), 1);
	assert_string_equal(dlp_scan_hit(s, 0)->rule, "login");
	dlp_scan_free(s);
	dlp_history_free(h);
	dlp_work_free(w);
	dlp_engine_free(e);
	const struct dlp_value bad = {DLP_CANARY, SLICE("x"), SLICE("short")};
	assert_int_equal(dlp_engine_new(&(struct dlp_parts){.values = &bad, .n_values = 1}, &e, NULL), -EINVAL);
}

/* Wherever it is cut, whatever its letters are: a piece of a few letters has no digit, and a letter beside another may look like a word. */
static void a_cut_hides_nothing(void **state)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	struct dlp_history *h = NULL;
	unsigned found = 0, all = 0;
	uint32_t r = 7;
	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		assert_int_equal(dlp_history_new(engine, 0, &h), 0);
		char token[27] = "glpat-";
		for (size_t k = 6; k < 26; k++) {
			r = r * 1664525 + 1013904223;
			token[k] = letters[(r >> 8) % 62];
		}
		size_t cut = 10 + i % 11;
		struct dlp_scan *s = scan_of(engine, work, h, slice_sub(slice_str(token), 0, cut));
		assert_int_equal(dlp_scan_count(s), 0);
		dlp_scan_reset(s);
		assert_int_equal(dlp_scan_whole(s, slice_from(slice_str(token), cut)), 0);
		found += dlp_scan_count(s) == 1;
		all++;
		dlp_scan_free(s);
		dlp_history_free(h);
	}
	print_message("%u of %u\n", found, all);
	assert_true(found * 100 >= all * 95);
}

static void formats_in_two_pieces(void **state)
{
	_cleanup_buf_ struct buf token = BUF(100), text = BUF(1000);
	struct dlp_history *h = NULL;
	(void)state;
	assert_int_equal(dlp_history_new(engine, 0, &h), 0);
	for (size_t cut = 10; cut < 34; cut += 6) {
		/* Two strings of a message. */
		token.n = text.n = 0;
		github(&token);
		buf_fmt(&text, "{\"a\":\"%.*s\",\"b\":\"%s\"}", (int)cut, buf_str(&token), buf_str(&token) + cut);
		struct dlp_scan *s = scan_of(engine, work, NULL, buf_slice(&text));
		assert_int_equal(dlp_scan_count(s), 1);
		assert_int_equal(dlp_scan_hit(s, 0)->chain[0], DLP_SPLIT);
		assert_int_equal(dlp_scan_hit(s, 0)->offset, 6 + cut + 7);
		assert_int_equal(dlp_scan_hit(s, 0)->n, 40 - cut);
		dlp_scan_free(s);
		/* Two messages. */
		s = scan_of(engine, work, h, slice_sub(buf_slice(&token), 0, cut));
		assert_int_equal(dlp_scan_count(s), 0);
		dlp_scan_reset(s);
		assert_int_equal(dlp_scan_whole(s, slice_from(buf_slice(&token), cut)), 0);
		assert_int_equal(dlp_scan_count(s), 1);
		assert_string_equal(dlp_scan_hit(s, 0)->rule, "github-token");
		dlp_scan_free(s);
		/* Two bodies, with what is searched of two heads between: fields, and those for keys. */
		s = scan_of(engine, work, h, slice_sub(buf_slice(&token), 0, cut));
		for (int between = 0; between < 5; between++) {
			dlp_scan_reset(s);
			assert_int_equal(dlp_scan_whole(s, SLICE("/v1/messages\napi.example.com")), 0);
		}
		dlp_scan_reset(s);
		assert_int_equal(dlp_scan_whole(s, slice_from(buf_slice(&token), cut)), 0);
		assert_int_equal(dlp_scan_count(s), 1);
		dlp_scan_free(s);
	}
	dlp_history_free(h);
}

/* A file as tools send it: numbered lines in a JSON string, or indented, or escaped twice. */
static void numbered(struct buf *out, struct slice text, size_t from, size_t to, int form)
{
	unsigned line = 1;
	buf_str_add(out, form == 2 ? "{\"arguments\":\"{\\\"text\\\":\\\"" : "{\"content\":\"");
	bool front = true;
	for (size_t i = from; i < to && i < text.n; i++) {
		if (front && form == 0)
			buf_fmt(out, "%6u\xe2\x86\x92", line++);
		if (front && form == 1)
			buf_str_add(out, "        ");
		front = text.p[i] == '\n';
		if (front)
			buf_str_add(out, form == 2 ? "\\\\n" : "\\n");
		else if (text.p[i] == '\t')
			buf_str_add(out, form == 2 ? "\\\\t" : form == 1 ? "    " : "\\t");
		else if (text.p[i] == '"' || text.p[i] == '\\')
			buf_fmt(out, form == 2 ? "\\\\\\%c" : "\\%c", text.p[i]);
		else
			buf_u8(out, text.p[i]);
	}
	buf_str_add(out, "\"}");
}

static void fingerprints(void **state)
{
	_cleanup_buf_ struct buf index = BUF(1 << 22), file = BUF(1 << 20), other = BUF(1 << 20), text = BUF(1 << 22),
	                         licence = BUF(1 << 20);
	struct fingerprint_index *x = NULL;
	struct dlp_engine *e = NULL;
	struct dlp_work *w = NULL;
	size_t n = 0;
	(void)state;
	assert_int_equal(fingerprint_index_new(&x), 0);
	(void)read_all("src/inspect/dlp.c", &file);
	(void)read_all("src/parse/json.c", &other);
	(void)read_all("LICENSE", &licence);
	assert_int_equal(fingerprint_add(x, SLICE("secret/dlp.c"), buf_slice(&file), &n), 0);
	assert_true(n > file.n / 30);
	assert_int_equal(fingerprint_add(x, SLICE("LICENSE"), buf_slice(&licence), NULL), 0);
	assert_int_equal(fingerprint_common(x, buf_slice(&licence)), 0);
	assert_int_equal(fingerprint_write(x, &index), 0);
	fingerprint_index_free(x);
	/* At most 8 bytes a fingerprint, labels and head aside. */
	assert_true(index.n < n * 8 + 200);
	struct slice indexes[] = {buf_slice(&index)};
	assert_int_equal(dlp_engine_new(&(struct dlp_parts){.indexes = indexes, .n_indexes = 1}, &e, NULL), 0);
	assert_int_equal(dlp_work_new(e, &w), 0);
	for (int form = 0; form < 3; form++)
		for (size_t at = 500; at + 400 < file.n; at += 1700) {
			text.n = 0;
			buf_add(&text, slice_sub(buf_slice(&other), 0, 3000));
			size_t before = text.n;
			numbered(&text, buf_slice(&file), at, at + 250, form);
			buf_add(&text, slice_sub(buf_slice(&other), 3000, 3000));
			struct dlp_scan *s = scan_of(e, w, NULL, buf_slice(&text));
			if (dlp_scan_count(s) != 1)
				fail_msg("form %d at %zu: %zu hits", form, at, dlp_scan_count(s));
			const struct dlp_hit *h = dlp_scan_hit(s, 0);
			assert_int_equal(h->class, DLP_FINGERPRINT);
			assert_string_equal(h->what, "secret/dlp.c");
			assert_true(h->offset >= before && h->offset < before + 120 && h->shared >= FINGERPRINT_NEED);
			dlp_scan_free(s);
		}
	/* Encoded. */
	text.n = 0;
	encode_base64(&text, slice_sub(buf_slice(&file), 1000, 1000), false, true);
	struct dlp_scan *s = scan_of(e, w, NULL, buf_slice(&text));
	assert_int_equal(dlp_scan_count(s), 1);
	assert_int_equal(dlp_scan_hit(s, 0)->chain[0], DLP_BASE64);
	dlp_scan_free(s);
	/* What is not in it, and what everybody has. */
	s = scan_of(e, w, NULL, buf_slice(&other));
	assert_int_equal(dlp_scan_count(s), 0);
	dlp_scan_free(s);
	s = scan_of(e, w, NULL, buf_slice(&licence));
	assert_int_equal(dlp_scan_count(s), 0);
	dlp_scan_free(s);
	dlp_work_free(w);
	dlp_engine_free(e);
	/* Damage is refused. */
	for (size_t cut = 1; cut < index.n; cut += 97) {
		struct slice bad[] = {slice_sub(buf_slice(&index), 0, index.n - cut)};
		assert_int_equal(dlp_engine_new(&(struct dlp_parts){.indexes = bad, .n_indexes = 1}, &e, NULL), -EINVAL);
	}
}

static bool keep_none(const struct dlp_hit *h, void *arg)
{
	(void)arg;
	return h->confidence < 50;
}

static void restoring_undoes_redacting(void **state)
{
	struct redact_vault *v = NULL;
	uint8_t key[32] = {7};
	(void)state;
	assert_int_equal(redact_vault_new(0, key, &v), 0);
	for (int round = 0; round < 60; round++) {
		_cleanup_buf_ struct buf text = BUF(1 << 20), out = BUF(1 << 20), back = BUF(1 << 20);
		filled(&text, 200 + (size_t)random64() % 6000, 40);
		struct dlp_scan *s = scan_of(engine, work, NULL, buf_slice(&text));
		if (dlp_scan_more(s)) {
			dlp_scan_free(s);
			continue;
		}
		assert_int_equal(redact_apply(v, s, buf_slice(&text), keep_none, NULL, &out), 0);
		size_t hits = dlp_scan_count(s);
		assert_true(hits == 0 || !slice_eq(buf_slice(&out), buf_slice(&text)));
		/* Nothing of it is found any more. */
		dlp_scan_reset(s);
		assert_int_equal(dlp_scan_whole(s, buf_slice(&out)), 0);
		assert_int_equal(dlp_scan_count(s), 0);
		dlp_scan_free(s);
		struct redact_restore r = REDACT_RESTORE(v, REDACT_AS_IS);
		for (size_t at = 0, n; at < out.n; at += n) {
			n = 1 + (size_t)random64() % (round % 3 ? 90 : 3);
			assert_int_equal(redact_restore(&r, slice_sub(buf_slice(&out), at, n), false, &back), 0);
			assert_true(r.n <= REDACT_PLACEHOLDER);
		}
		assert_int_equal(redact_restore(&r, SLICE_NONE, true, &back), 0);
		assert_true(slice_eq(buf_slice(&back), buf_slice(&text)));
		assert_true(r.restored <= hits);
	}
	redact_vault_free(v);
}

static void no_escape_is_cut(void **state)
{
	struct redact_vault *v = NULL;
	_cleanup_buf_ struct buf token = BUF(100), text = BUF(1000), out = BUF(1000);
	(void)state;
	assert_int_equal(redact_vault_new(0, NULL, &v), 0);
	github(&token);
	for (int n = 1; n < 3; n++) {
		text.n = out.n = 0;
		buf_fmt(&text, "{\"a\":\"x%s%s\"}", n == 1 ? "\\" : "\\\\", buf_str(&token));
		struct dlp_scan *s = scan_of(engine, work, NULL, buf_slice(&text));
		assert_int_equal(dlp_scan_count(s), 1);
		assert_int_equal(redact_apply(v, s, buf_slice(&text), NULL, NULL, &out), 0);
		assert_memory_equal(out.p, n == 1 ? "{\"a\":\"xpostern-" : "{\"a\":\"x\\\\postern-", n == 1 ? 15 : 17);
		dlp_scan_free(s);
	}
	redact_vault_free(v);
}

static void placeholders(void **state)
{
	struct redact_vault *v = NULL, *other = NULL;
	char a[REDACT_PLACEHOLDER + 1], b[REDACT_PLACEHOLDER + 1];
	_cleanup_buf_ struct buf out = BUF(1000), text = BUF(1000);
	(void)state;
	assert_int_equal(redact_vault_new(100, NULL, &v), 0);
	assert_int_equal(redact_vault_new(100, NULL, &other), 0);
	assert_int_equal(redact_placeholder(v, "github-token", SLICE("a\\n\"b"), false, a), 0);
	assert_int_equal(redact_placeholder(v, "another", SLICE("a\\n\"b"), false, b), 0);
	assert_string_equal(a, b);
	assert_memory_equal(a, "postern-github-token-", 21);
	assert_int_equal(redact_placeholder(other, "github-token", SLICE("a\\n\"b"), false, b), 0);
	assert_string_not_equal(a, b);
	assert_int_equal(redact_placeholder(v, "Odd label / with <signs> and much too long a name", SLICE("line\\nnext"), true, b), 0);
	assert_true(strlen(b) <= REDACT_PLACEHOLDER);
	for (const char *c = b; *c; c++)
		assert_non_null(strchr("abcdefghijklmnopqrstuvwxyz0123456789-", *c));
	/* The three forms. */
	struct redact_restore r = REDACT_RESTORE(v, REDACT_JSON);
	assert_int_equal(redact_restore(&r, slice_str(a), true, &out), 0);
	assert_string_equal(buf_str(&out), "a\\\\n\\\"b");
	buf_reset(&out);
	r = REDACT_RESTORE(v, REDACT_TEXT);
	assert_int_equal(redact_restore(&r, slice_str(b), true, &out), 0);
	assert_string_equal(buf_str(&out), "line\nnext");
	/* What looks like one and is none comes through; what may begin one is held back, and given out in the end. */
	buf_reset(&out);
	r = REDACT_RESTORE(v, REDACT_AS_IS);
	buf_fmt(&text, "postern-github-token-000000000000 %.20s", a);
	assert_int_equal(redact_restore(&r, buf_slice(&text), false, &out), 0);
	assert_int_equal(out.n, text.n - 20);
	assert_int_equal(redact_restore(&r, SLICE_NONE, true, &out), 0);
	assert_true(slice_eq(buf_slice(&out), buf_slice(&text)));
	/* Full. */
	uint8_t big[100] = {1};
	assert_int_equal(redact_placeholder(v, "x", slice_of(big, sizeof(big)), false, b), -ENOSPC);
	assert_int_equal(redact_vault_count(v), 2);
	redact_vault_free(v);
	redact_vault_free(other);
}

static void rules_are_checked(void **state)
{
	static const struct {
		const char *yaml, *says;
	} bad[] = {{"rules: [{name: x}]", "should have a \"pattern\""}, {"rules:\n- {name: X, pattern: abc}", "a.yaml:2:10"},
	        {"rules:\n- {name: x, pattern: 'a.c'}", "write \\ before it"},
	        {"rules:\n- {name: x, pattern: '[a-z]{3}'}", "no fixed part"}, {"rules:\n- {name: x, pattern: 'ab[c'}", "lacks its ]"},
	        {"rules:\n- {name: x, patern: 'abc'}", "unknown key \"patern\""},
	        {"rules:\n- {name: x, pattern: 'abcd(e|f'}", "lacks its )"}, {"rules:\n- {name: x, pattern: abcd, check: no}", "no check"},
	        {"hello", "list \"rules\""}, {"%YAML 1.1\n---\nrules: []", "directives"}, {"\xff", "UTF-8"}};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = {0};
		_cleanup_buf_ struct buf b = BUF(SECRET_IMAGE_MAX);
		struct secret_source source = {"a.yaml", slice_str(bad[i].yaml)};
		assert_int_equal(secret_compile(&source, 1, &b, &err), -EINVAL);
		if (!strstr(err.text, bad[i].says))
			fail_msg("%s: %s", bad[i].yaml, err.text);
		assert_int_equal(b.n, 0);
	}
	/* A rule of one's own beside and instead of another. */
	_cleanup_buf_ struct buf b = BUF(SECRET_IMAGE_MAX);
	struct secret_source two[] = {
	        {"a.yaml", SLICE("rules:\n- {name: one, pattern: 'acme-\\d{6}'}\n- {name: two, pattern: 'zeta-\\d{6}'}\n")},
	        {"b.yaml", SLICE("rules:\n- {name: one, what: Ours, pattern: 'ours-\\d{6}', confidence: 50}\n- {name: two, off: true}\n")}};
	assert_int_equal(secret_compile(two, 2, &b, NULL), 0);
	struct dlp_engine *e = NULL;
	struct dlp_work *w = NULL;
	assert_int_equal(dlp_engine_new(&(struct dlp_parts){.rules = buf_slice(&b)}, &e, NULL), 0);
	assert_int_equal(dlp_engine_rules(e), 1);
	assert_int_equal(dlp_work_new(e, &w), 0);
	struct dlp_scan *s = scan_of(e, w, NULL, SLICE("acme-123456 zeta-123456 ours-123456 ours-12345 ours-1234567"));
	assert_int_equal(dlp_scan_count(s), 1);
	assert_string_equal(dlp_scan_hit(s, 0)->what, "Ours");
	dlp_scan_free(s);
	dlp_work_free(w);
	dlp_engine_free(e);
}

static void damaged_images_are_refused(void **state)
{
	struct err err = {0};
	struct dlp_engine *e = NULL;
	(void)state;
	for (size_t cut = 1; cut < image.n; cut += 9973) {
		struct dlp_parts parts = {.rules = slice_sub(buf_slice(&image), 0, image.n - cut)};
		assert_int_equal(dlp_engine_new(&parts, &e, &err), -EINVAL);
	}
	uint8_t *copy = malloc(image.n);
	assert_non_null(copy);
	/* Numbers in the head. */
	for (size_t i = 0; i < 72; i++) {
		memcpy(copy, image.p, image.n);
		copy[i] ^= 0x80;
		struct dlp_parts parts = {.rules = slice_of(copy, image.n)};
		if (dlp_engine_new(&parts, &e, &err) == 0)
			dlp_engine_free(e);
	}
	free(copy);
}

/* tar czf - . | base64: the secret lies far behind the first piece. */
static void long_streams(void **state)
{
	_cleanup_buf_ struct buf text = BUF(4u << 20), zipped = BUF(4u << 20), message = BUF(8u << 20), token = BUF(100);
	(void)state;
	while (text.n < 600000) {
		uint8_t line[33];
		for (size_t i = 0; i < 32; i++)
			line[i] = (uint8_t)b62[random64() % 16];
		buf_add(&text, slice_of(line, 32));
		buf_u8(&text, '\n');
	}
	github(&token);
	buf_fmt(&text, "token %s\n", buf_str(&token));
	for (size_t i = 0; i < 3000; i++)
		buf_str_add(&text, i % 9 ? "a" : "\n");
	uLongf size = compressBound(text.n);
	assert_int_equal(compress2(buf_room(&zipped, size), &size, text.p, text.n, 6), Z_OK);
	zipped.n = size;
	assert_true(size > 150000);
	buf_str_add(&message, "{\"data\":\"");
	encode_base64(&message, buf_slice(&zipped), false, true);
	buf_str_add(&message, "\"}");
	struct dlp_scan *s = scan_of(engine, work, NULL, buf_slice(&message));
	assert_int_equal(dlp_scan_count(s), 1);
	const struct dlp_hit *h = dlp_scan_hit(s, 0);
	assert_string_equal(h->rule, "github-token");
	assert_int_equal(h->chain[0], DLP_BASE64);
	assert_int_equal(h->chain[1], DLP_INFLATE);
	assert_int_equal(h->offset, 9);
	assert_true(h->n + 2 >= message.n - 13 && h->n <= message.n - 11);
	dlp_scan_free(s);
}

/* Compiled once, then read; what was tampered with is compiled again. */
static void images_are_kept(void **state)
{
	char folder[] = "/tmp/postern-rules-XXXXXX";
	struct secret_source source = {"secrets.yaml", buf_slice(&rules)},
	                     other = {"a.yaml", SLICE("rules:\n- {name: one, pattern: 'acme-\\d{6}'}\n")};
	(void)state;
	assert_non_null(mkdtemp(folder));
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	char found[300] = "";
	for (int round = 0; round < 6; round++) {
		_cleanup_buf_ struct buf b = BUF(SECRET_IMAGE_MAX);
		assert_int_equal(secret_load(&source, 1, dir, &b, NULL), 0);
		assert_int_equal(b.n, image.n);
		DIR *d = opendir(folder);
		assert_non_null(d);
		unsigned files = 0;
		for (struct dirent *e; (e = readdir(d));)
			if (e->d_name[0] != '.') {
				files++;
				(void)snprintf(found, sizeof(found), "%s", e->d_name);
			}
		(void)closedir(d);
		assert_int_equal(files, 1);
		_cleanup_fd_ int fd = openat(dir, found, O_RDWR | O_CLOEXEC);
		struct stat st;
		assert_true(fd >= 0 && fstat(fd, &st) == 0 && st.st_size == (off_t)b.n + 32 + 512);
		/* A flipped bit, a cut, somebody who may write, another library: the next round makes it good. */
		char library[512];
		assert_int_equal(pread(fd, library, sizeof(library), 32), sizeof(library));
		assert_true(library[0] == '/' && strstr(library, "libhs.so") && strchr(library, '\n'));
		uint8_t byte = 0;
		if (round == 1)
			assert_true(pread(fd, &byte, 1, 5000) == 1 && (byte ^= 1, pwrite(fd, &byte, 1, 5000) == 1));
		if (round == 2)
			assert_int_equal(ftruncate(fd, 100), 0);
		if (round == 3)
			assert_int_equal(fchmod(fd, 0666), 0);
		if (round == 4)
			assert_int_equal(pwrite(fd, "9", 1, 32 + (strchr(library, '\n') - library) + 1), 1);
	}
	_cleanup_buf_ struct buf b = BUF(SECRET_IMAGE_MAX);
	assert_int_equal(secret_load(&other, 1, dir, &b, NULL), 0);
	assert_true(b.n < image.n);
	buf_reset(&b);
	assert_int_equal(secret_load(&other, 1, -1, &b, NULL), 0);
	(void)close(dir);
	assert_int_equal(path_remove(AT_FDCWD, folder), 0);
}

/* A zip bomb, endless base64, nothing but escapes: bounded work, and it is said. */
static void work_is_bounded(void **state)
{
	_cleanup_buf_ struct buf text = BUF(64u << 20), zipped = BUF(64u << 20);
	(void)state;
	size_t n = 50u << 20;
	uint8_t *p = calloc(1, n);
	assert_non_null(p);
	uLongf size = compressBound(n);
	assert_int_equal(compress2(buf_room(&zipped, size), &size, p, n, 9), Z_OK);
	zipped.n = size;
	free(p);
	encode_base64(&text, buf_slice(&zipped), false, true);
	struct dlp_scan *s = scan_of(engine, work, NULL, buf_slice(&text));
	dlp_scan_free(s);
	s = scan_of(engine, work, NULL, buf_slice(&zipped));
	dlp_scan_free(s);
	text.n = 0;
	for (size_t i = 0; i < 400000; i++)
		buf_str_add(&text, i % 3 ? "x\x9c" : "%41\\u0041&#65;");
	s = scan_of(engine, work, NULL, buf_slice(&text));
	dlp_scan_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(exact_place),
	        cmocka_unit_test(smallest_span_of_what_is_encoded),
	        cmocka_unit_test(escapes_of_all_kinds),
	        cmocka_unit_test(any_split_gives_the_same),
	        cmocka_unit_test(across_the_window),
	        cmocka_unit_test(what_is_no_secret),
	        cmocka_unit_test(known_values_in_pieces),
	        cmocka_unit_test(formats_in_two_pieces),
	        cmocka_unit_test(a_cut_hides_nothing),
	        cmocka_unit_test(fingerprints),
	        cmocka_unit_test(restoring_undoes_redacting),
	        cmocka_unit_test(no_escape_is_cut),
	        cmocka_unit_test(placeholders),
	        cmocka_unit_test(rules_are_checked),
	        cmocka_unit_test(damaged_images_are_refused),
	        cmocka_unit_test(images_are_kept),
	        cmocka_unit_test(long_streams),
	        cmocka_unit_test(work_is_bounded),
	};
	return cmocka_run_group_tests(tests, start, stop);
}
