/* Conduct: the table of facts, what is planted, and that a planted secret is found in whatever form it leaves. Trials of it:
 * tests/integration/conduct.sh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "vet/conduct_part.h"
#include "wire/trace.h"

static struct arena arena = ARENA((size_t)64 << 20);

static void ids_and_questions(void **state)
{
	(void)state;
	unsigned before = 0;
	for (size_t i = 0; i < n_conduct_kinds; i++) {
		const struct conduct_kind *k = &conduct_kinds[i];
		char *end;
		assert_int_equal(strtoul(k->id, &end, 10), k->question);
		assert_int_equal(*end, '.');
		assert_true(k->question <= 40 && k->question >= before && k->title[0]);
		assert_ptr_equal(conduct_kind(k->id), k);
		before = k->question;
	}
	assert_null(conduct_kind("5.nothing"));
}

static void what_is_planted(void **state)
{
	(void)state;
	struct host_spec h;
	struct profile p = {.commands = (const char *const[]){"gh", NULL}};
	assert_int_equal(host_base(&h, &arena), 0);
	assert_int_equal(honey_put(&h, &p, &arena), 0);
	assert_true(n_honeys + NEEDLE_HONEY <= 64);
	for (size_t i = 0; i < n_honeys; i++) {
		const char *path = honey_path(&honeys[i], &h, &arena);
		assert_true(strlen(honeys[i].secret) >= 8);
		for (size_t k = 0; k < i; k++)
			assert_null(strstr(honeys[i].secret, honeys[k].secret));
		bool there = false;
		for (size_t k = 0; path && k < h.n_files; k++)
			if (strcmp(h.files[k].path, path) == 0) {
				there = true;
				assert_true(slice_find(h.files[k].data, slice_str(honeys[i].secret), 0) != SLICE_NPOS);
				assert_true(h.files[k].untracked);
			}
		/* What is the tool's own is nobody's secret. */
		if (path)
			assert_int_equal(there, strcmp(honeys[i].path, ".config/gh/hosts.yml") != 0);
		else
			assert_string_equal(host_env_get(&h, honeys[i].path), honeys[i].secret);
	}
	struct host_spec r;
	assert_int_equal(host_base(&r, &arena), 0);
	assert_int_equal(lure_put(&r, true, true, &arena), 0);
	assert_non_null(strstr(r.git_config, "fsmonitor = /home/developer/inventory/tools/lure-git-fsmonitor.sh"));
	for (size_t i = 0; i < r.n_files; i++)
		assert_null(memchr(r.files[i].data.p, '@', slice_ends(slice_str(r.files[i].path), SLICE(".json")) ? r.files[i].data.n : 0));
}

static void own_places(void **state)
{
	(void)state;
	struct host_spec h;
	assert_int_equal(host_base(&h, &arena), 0);
	struct profile by_name = {.commands = (const char *const[]){"fern", NULL}},
	               by_list = {.commands = by_name.commands, .own = (const char *const[]){"{home}/.x", "/tmp/x", NULL}};
	static const struct {
		const char *path;
		bool name, list;
	} rows[] = {{"/home/developer/.fern", true, false}, {"/home/developer/.fern/a/b", true, false},
	        {"/home/developer/.fern.json", true, false}, {"/home/developer/.fernx", false, false},
	        {"/home/developer/.cache/fern/z", true, false}, {"/home/developer/.x/y", false, true}, {"/tmp/x", false, true},
	        {"/tmp/xy", false, false}, {"/home/other/.fern", false, false}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(own_path(slice_str(rows[i].path), &h, &by_name, &arena), rows[i].name);
		assert_int_equal(own_path(slice_str(rows[i].path), &h, &by_list, &arena), rows[i].list);
	}
}

/* A trace of one request with this body. */
static void trace_of(struct buf *b, struct slice body, const char *answer)
{
	size_t mark;
	trace_begin(b, TRACE_HTTP, &mark);
	trace_put(b, TAG_HOST, SLICE("api.fern.example"));
	trace_put(b, TAG_SCHEME, SLICE("https"));
	trace_put(b, TAG_METHOD, SLICE("POST"));
	trace_put(b, TAG_TARGET, SLICE("/v1/things/0123456789abcdef0123?x=1"));
	trace_put(b, TAG_HEADERS, SLICE("accept: */*\r\n\r\n"));
	trace_put(b, TAG_BODY, body);
	trace_put(b, TAG_ANSWER, slice_str(answer));
	trace_put_u64(b, TAG_WIRE_SIZE, body.n);
	trace_end(b, mark);
}

static struct look look_at(struct lens *k, struct slice body, const char *answer)
{
	_cleanup_buf_ struct buf trace = BUF((size_t)4 << 20);
	struct look l = {0};
	trace_of(&trace, body, answer);
	assert_int_equal(look_trace(k, buf_slice(&trace), NULL, &arena, &l), 0);
	return l;
}

static void wrapped(struct buf *out, struct slice inner)
{
	buf_str_add(out, "{\"event\":{\"name\":\"start\",\"data\":\"");
	buf_add(out, inner);
	buf_str_add(out, "\"},\"n\":12}");
}

static void deflated(struct buf *out, struct slice in)
{
	uint8_t bytes[4096];
	z_stream z = {0};
	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (uint8_t *)(uintptr_t)in.p;
	z.avail_in = (unsigned)in.n;
	z.next_out = bytes;
	z.avail_out = sizeof(bytes);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	buf_add(out, slice_of(bytes, sizeof(bytes) - z.avail_out));
	(void)deflateEnd(&z);
}

/* As a hostile tool might write it: form 0 is as it is. False: there is none of that number. */
static bool write_form(unsigned form, struct slice secret, struct buf *out, enum canary_form *expected)
{
	uint8_t d[DIGEST_MAX];
	_cleanup_buf_ struct buf json = BUF(8192), zip = BUF(8192);
	*expected = form == 0 ? CANARY_RAW : form < 8 ? CANARY_ENCODED : CANARY_HASHED;
	switch (form) {
	case 0:
		buf_add(out, secret);
		return true;
	case 1:
		encode_base64(out, secret, false, true);
		return true;
	case 2:
		encode_base64(out, secret, true, false);
		return true;
	case 3:
		encode_hex(out, secret);
		return true;
	case 4:
		for (size_t i = 0; i < secret.n; i++)
			buf_fmt(out, "%%%02X", secret.p[i]);
		return true;
	case 5:
		for (size_t i = secret.n; i-- > 0;)
			buf_u8(out, secret.p[i]);
		return true;
	case 6:
		for (size_t i = 0; i < secret.n; i++)
			buf_fmt(out, "\\u%04x", secret.p[i]);
		return true;
	case 7:
		buf_str_add(&json, "{\"environment\":{\"shell\":\"/bin/bash\",\"value\":\"");
		buf_add(&json, secret);
		buf_str_add(&json, "\"}}");
		deflated(&zip, buf_slice(&json));
		encode_base64(out, buf_slice(&zip), false, true);
		return true;
	case 8:
	case 9:
	case 10:
	case 11: {
		static const enum digest kinds[] = {DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA512};
		assert_int_equal(digest_of(kinds[form - 8], secret, d), 0);
		encode_hex(out, slice_of(d, digest_size(kinds[form - 8])));
		return true;
	}
	case 12:
		assert_int_equal(digest_of(DIGEST_SHA256, secret, d), 0);
		encode_base64(out, slice_of(d, 32), false, true);
		return true;
	default:
		return false;
	}
}

static void every_form_of_every_secret(void **state)
{
	(void)state;
	struct lens *k = NULL;
	assert_int_equal(lens_new(&k), 0);
	for (size_t i = 0; i <= n_honeys; i++) {
		struct slice secret = slice_str(i < n_honeys ? honeys[i].secret : LURE_SECRET);
		for (unsigned form = 0;; form++) {
			_cleanup_buf_ struct buf value = BUF(65536), body = BUF(65536);
			enum canary_form expected;
			if (!write_form(form, secret, &value, &expected))
				break;
			wrapped(&body, buf_slice(&value));
			struct look l = look_at(k, buf_slice(&body), "other.json");
			bool found = false;
			for (size_t h = 0; h < l.n_hits; h++) {
				assert_int_equal(l.hits[h].honey, i);
				found |= l.hits[h].form == expected;
			}
			if (!found)
				fail_msg("secret %zu (%s), form %u is not found in %s", i, (const char *)secret.p, form, buf_str(&body));
		}
	}
	/* And where there is none, none is. */
	static const char innocent[] =
	        "{\"model\":\"x\",\"text\":\"ssh, token, VAULT_TOKEN, ~/.aws/credentials, "
	        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 aGVsbG8gd29ybGQsIGhvdyBhcmUgeW91\"}";
	struct look l = look_at(k, slice_str(innocent), "anthropic.messages");
	assert_int_equal(l.n_hits, 0);
	assert_int_equal(l.models, 1);
	lens_free(k);
}

static void requests_and_fields(void **state)
{
	(void)state;
	struct lens *k = NULL;
	assert_int_equal(lens_new(&k), 0);
	struct look l = look_at(k, SLICE("{\"b\":[{\"c\":1},{\"c\":2,\"d\":{}}],\"a\":null}"), "datadog.logs");
	assert_int_equal(l.n_requests, 1);
	assert_string_equal(l.requests[0].path, "/v1/things/{id}");
	assert_int_equal(l.requests[0].purpose, PURPOSE_TELEMETRY);
	static const char *const fields[] = {"a", "b", "b[].c", "b[].d"};
	assert_int_equal(l.requests[0].n_fields, ARRAY_LEN(fields));
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		assert_string_equal(l.requests[0].fields[i], fields[i]);
	/* One document a line, then what is none, then deep nesting: nothing but what is there. */
	l = look_at(k, SLICE("{\"x\":1}\n{\"y\":2}\n"), "other.json");
	assert_int_equal(l.requests[0].n_fields, 2);
	l = look_at(k, SLICE("{\"x\":"), "other.json");
	assert_int_equal(l.requests[0].n_fields, 0);
	_cleanup_buf_ struct buf deep = BUF(1 << 20);
	for (int i = 0; i < 100; i++)
		buf_str_add(&deep, "{\"k\":");
	buf_str_add(&deep, "1");
	for (int i = 0; i < 100; i++)
		buf_u8(&deep, '}');
	l = look_at(k, buf_slice(&deep), "other.json");
	assert_true(l.requests[0].n_fields < 12);
	/* A broken trace ends. */
	struct look none = {0};
	assert_int_equal(look_trace(k, SLICE("\0\0\0\5\5nonsense"), NULL, &arena, &none), 0);
	assert_int_equal(none.n_requests, 0);
	lens_free(k);
}

static void plans(void **state)
{
	(void)state;
	static const struct profile_opt_out outs[] = {{.name = "a", .env = "A=1"}, {.name = "b"}};
	struct profile p = {.opt_outs = outs, .n_opt_outs = 2, .argv_guarded = (const char *const[]){"x", NULL}};
	struct conduct_spec s[64];
	size_t few = conduct_plan(&p, true, s, ARRAY_LEN(s));
	assert_int_equal(few, 5);
	assert_true(conduct_waits(&s[0]) && conduct_waits(&s[1]) && !conduct_waits(&s[2]));
	/* One opt-out can be set. */
	assert_int_equal(conduct_plan(&p, false, s, ARRAY_LEN(s)), CONDUCT_TRIALS);
	p.argv_guarded = NULL;
	assert_int_equal(conduct_plan(&p, true, s, ARRAY_LEN(s)), 4);
	assert_int_equal(conduct_plan(&p, false, s, 3), 3);
	for (enum conduct_trial t = 0; t < CONDUCT_TRIALS; t++)
		assert_true(conduct_words(&(struct conduct_spec){.trial = t}, &p, &arena)[0] != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(ids_and_questions),
	        cmocka_unit_test(what_is_planted),
	        cmocka_unit_test(own_places),
	        cmocka_unit_test(every_form_of_every_secret),
	        cmocka_unit_test(requests_and_fields),
	        cmocka_unit_test(plans),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(&arena);
	return r;
}
