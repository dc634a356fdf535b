/* Envelopes (DSSE), the statement about a vetting in them, and its signature. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../integration/report_model.h"
#include "base/encode.h"
#include "crypto/dsse.h"
#include "obtain/facts.h"
#include "parse/vetted.h"
#include "report/intoto.h"

/* The example of the specification (protocol.md, 1.0.2). */
static void pae_is_that_of_the_specification(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf b = BUF(1024);
	dsse_pae(SLICE("http://example.com/HelloWorld"), SLICE("hello world"), &b);
	assert_string_equal(buf_str(&b), "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
	buf_reset(&b);
	dsse_pae(SLICE(""), SLICE(""), &b);
	assert_string_equal(buf_str(&b), "DSSEv1 0  0 ");
	/* Lengths are of bytes, not of characters. */
	buf_reset(&b);
	dsse_pae(SLICE("é"), SLICE("\0\n"), &b);
	assert_true(slice_eq(buf_slice(&b), SLICE("DSSEv1 2 é 2 \0\n")));
}

static void envelope_of_the_specification_is_read(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena arena = ARENA(1 << 20);
	struct dsse d;
	const char *why = NULL;
	static const char text[] =
	        "{\"payload\": \"aGVsbG8gd29ybGQ=\",\n \"payloadType\": \"http://example.com/HelloWorld\",\n \"signatures\": [{\"sig\": "
	        "\"A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==\"}]}";
	assert_int_equal(dsse_parse(slice_str(text), &arena, &d, &why), 0);
	assert_true(slice_is(d.payload, "hello world"));
	assert_true(slice_is(d.type, "http://example.com/HelloWorld"));
	assert_int_equal(d.n, 1);
	assert_int_equal(d.signature[0].keyid.n, 0);
	assert_int_equal(d.signature[0].bytes.n, 64);
}

static void bad_envelopes_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {
	        "",
	        "[]",
	        "{}",
	        "{\"payload\":\"\",\"payloadType\":\"t\"}",
	        "{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[]}",
	        "{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":{}}",
	        "{\"payload\":\"\",\"payloadType\":1,\"signatures\":[{\"sig\":\"AA==\"}]}",
	        "{\"payload\":\"*\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AA==\"}]}",
	        "{\"payload\":\"AA=\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AA==\"}]}",
	        "{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[{\"keyid\":\"a\"}]}",
	        "{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[{\"keyid\":7,\"sig\":\"AA==\"}]}",
	        "{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"\"}]}",
	        "{\"payload\":\"\",\"payload\":\"AA==\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AA==\"}]}",
	        "{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AA==\",\"sig\":\"AA==\"}]}",
	        "{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[1]}",
	        "{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"AA==\"}]} x",
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		_cleanup_arena_ struct arena arena = ARENA(1 << 20);
		struct dsse d = {.n = 77};
		const char *why = NULL;
		assert_int_equal(dsse_parse(slice_str(bad[i]), &arena, &d, &why), -EBADMSG);
		assert_non_null(why);
		assert_int_equal(d.n, 77);
	}
	/* What is not known is passed over, and both alphabets are taken. */
	_cleanup_arena_ struct arena arena = ARENA(1 << 20);
	struct dsse d;
	const char *why;
	assert_int_equal(
	        dsse_parse(
	                SLICE("{\"x\":[{}],\"payload\":\"-_8\",\"payloadType\":\"t\",\"signatures\":[{\"keyid\":null,\"sig\":\"_w==\"}]}"),
	                &arena, &d, &why),
	        0);
	assert_true(slice_eq(d.payload, SLICE("\xfb\xff")));
}

static int sign(void *arg, struct slice message, uint8_t signature[ED25519_SIGNATURE])
{
	return ed25519_sign(arg, message, signature);
}

static struct tlog_signer signer_of(uint8_t seed[ED25519_SEED], const char *name)
{
	struct tlog_signer s = {.name = slice_str(name), .sign = sign, .arg = seed};
	assert_int_equal(ed25519_public(seed, s.public), 0);
	return s;
}

static struct note_vkey key_of(const struct tlog_signer *s)
{
	struct note_vkey k = {.name = s->name, .type = TLOG_ED25519, .key_id = tlog_key_id(s->name, TLOG_ED25519, s->public)};
	memcpy(k.public, s->public, sizeof(k.public));
	return k;
}

static void signature_covers_type_and_payload(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena arena = ARENA(1 << 20);
	_cleanup_buf_ struct buf out = BUF(1 << 16);
	uint8_t seed[ED25519_SEED] = {1}, other[ED25519_SEED] = {2};
	struct tlog_signer s = signer_of(seed, "example.com/vet"), o = signer_of(other, "example.com/vet");
	struct note_vkey key = key_of(&s), stranger = key_of(&o);
	struct dsse d;
	const char *why;
	assert_int_equal(dsse_sign(&s, SLICE(DSSE_IN_TOTO), SLICE("{\"a\":1}"), &out), 0);
	assert_int_equal(dsse_parse(buf_slice(&out), &arena, &d, &why), 0);
	assert_int_equal(dsse_verify(&d, &key), 0);
	assert_int_equal(dsse_verify(&d, &stranger), -ENOKEY);
	assert_true(slice_starts(d.signature[0].keyid, SLICE("example.com/vet+")));
	/* The key id is only a hint: another one, or none, changes nothing. */
	d.signature[0].keyid = SLICE("somebody else");
	assert_int_equal(dsse_verify(&d, &key), 0);
	struct slice payload = d.payload, type = d.type;
	d.payload = SLICE("{\"a\":2}");
	assert_int_equal(dsse_verify(&d, &key), -ENOKEY);
	d.payload = payload;
	d.type = SLICE("application/vnd.in-toto+jsonx");
	assert_int_equal(dsse_verify(&d, &key), -ENOKEY);
	d.type = type;
	/* A good one behind a bad one counts. */
	d.signature[1] = d.signature[0];
	d.signature[0].bytes = SLICE("short");
	d.n = 2;
	assert_int_equal(dsse_verify(&d, &key), 0);
	/* A witness's key signs other things. */
	key.type = TLOG_COSIGNATURE;
	assert_int_equal(dsse_verify(&d, &key), -ENOKEY);
}

#define HEX64 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void statement_says_what_the_result_says(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena arena = ARENA(4 << 20);
	_cleanup_buf_ struct buf b = BUF(4 << 20);
	const char *why = NULL;
	struct vetted v;
	struct facts f = {.kind = SUBJECT_NPM,
	        .integrity = "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==",
	        .integrity_of_registry = true,
	        .entry = "node_modules/@a/b/cli.js",
	        .entry_sha256 = HEX64,
	        .native_name = "@a/b-linux",
	        .native_version = "1",
	        .native_sha256 = HEX64};
	struct vet_result r = sample_result();
	r.subject_name = "@a/b";
	r.subject_version = "1.0.0+x";
	r.subject_sha256 = HEX64;
	r.started = "2026-11-26T10:00:00Z";
	r.seconds = 61.5;
	r.facts = &f;
	report_intoto(&b, &r, &(struct report_intoto_options){.report_sha256 = HEX64, .fail_on = CLASS_COVERT});
	assert_int_equal(vetted_parse(buf_slice(&b), &arena, &v, &why), 0);
	assert_int_equal(v.n, 3);
	assert_true(slice_is(v.subject[0].name, "pkg:npm/%40a/b@1.0.0%2Bx"));
	assert_true(slice_is(v.subject[2].name, "node_modules/@a/b/cli.js"));
	assert_true(vetted_is_of(&v, SLICE(HEX64)));
	assert_false(vetted_is_of(&v, SLICE("")));
	assert_int_equal(v.verdict, VETTED_FINDINGS);
	assert_int_equal(v.count[VETTED_COVERT], 2);
	assert_int_equal(v.count[VETTED_HASHED], 1);
	assert_int_equal(vetted_worst(&v), VETTED_COVERT);
	assert_int_equal(v.time, 1795687261);
	assert_int_equal(v.trials, r.trials);
	assert_true(slice_find(buf_slice(&b), SLICE("\"sha512\":\"ddaf35a193617aba"), 0) != SLICE_NPOS);

	buf_reset(&b);
	r = sample_clean();
	r.subject_sha256 = HEX64;
	r.started = "2026-11-26T10:00:00Z";
	report_intoto(&b, &r, &(struct report_intoto_options){.report_sha256 = HEX64, .fail_on = CLASS_COVERT});
	assert_int_equal(vetted_parse(buf_slice(&b), &arena, &v, &why), 0);
	assert_int_equal(v.verdict, VETTED_CLEAN);
	assert_int_equal(v.n, 1);

	/* Whatever the tool put into names, it stays one statement. */
	buf_reset(&b);
	r = sample_hostile();
	r.subject_sha256 = HEX64;
	r.started = "2026-11-26T10:00:00Z";
	report_intoto(&b, &r, &(struct report_intoto_options){.report_sha256 = HEX64, .fail_on = CLASS_COVERT});
	assert_int_equal(vetted_parse(buf_slice(&b), &arena, &v, &why), 0);
}

#define BEGIN   "{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"urn:postern:vetting:v1\","
#define SUBJECT "\"subject\":[{\"name\":\"a\",\"digest\":{\"sha256\":\"" HEX64 "\"}}],"
#define PREDICATE(verdict, partial, covert)                                                                                \
	"\"predicate\":{\"verifier\":{\"version\":\"1\"},\"timeVerified\":\"2026-01-01T00:00:00Z\",\"verdict\":\"" verdict \
	"\",\"partial\":" partial ",\"counts\":{\"covert\":" covert ",\"hashed\":0,\"undeclared\":0,\"disclosed\":0},"     \
	"\"plan\":{\"profile\":\"p\",\"effort\":\"quick\",\"trials\":1,\"trialsFailed\":0},\"report\":{\"sha256\":\"x\"}}}"

static void bad_statements_are_refused(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int result;
	} cases[] = {
	        {BEGIN SUBJECT PREDICATE("clean", "false", "0"), 0},
	        {BEGIN SUBJECT PREDICATE("good", "false", "0"), -EBADMSG},
	        {BEGIN SUBJECT PREDICATE("clean", "\"no\"", "0"), -EBADMSG},
	        {BEGIN SUBJECT PREDICATE("clean", "false", "-1"), -EBADMSG},
	        {BEGIN SUBJECT PREDICATE("clean", "false", "1e9"), -EBADMSG},
	        {BEGIN SUBJECT PREDICATE("clean", "false", "99999999999999999999"), -EBADMSG},
	        {BEGIN SUBJECT SUBJECT PREDICATE("clean", "false", "0"), -EBADMSG},
	        {BEGIN "\"subject\":[]," PREDICATE("clean", "false", "0"), -EBADMSG},
	        {BEGIN "\"subject\":[{\"name\":\"a\",\"digest\":{\"sha256\":\"BA\"}}]," PREDICATE("clean", "false", "0"), -EBADMSG},
	        {BEGIN "\"subject\":[{\"name\":\"a\",\"digest\":{\"sha1\":\"" HEX64 "\"}}]," PREDICATE("clean", "false", "0"), -EBADMSG},
	        {BEGIN SUBJECT "\"predicate\":[]}", -EBADMSG},
	        {"{\"_type\":\"https://in-toto.io/Statement/v0.1\",\"predicateType\":\"urn:postern:vetting:v1\"}", -ENOTSUP},
	        {"{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicateType\":\"https://slsa.dev/provenance/v1\"}", -ENOTSUP},
	        {"7", -EBADMSG},
	        {"", -EBADMSG},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_arena_ struct arena arena = ARENA(1 << 20);
		const char *why = NULL;
		struct vetted v;
		if (vetted_parse(slice_str(cases[i].text), &arena, &v, &why) != cases[i].result)
			fail_msg("case %zu: %s", i, why ? why : "taken");
		assert_true(cases[i].result == 0 || why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(pae_is_that_of_the_specification),
	        cmocka_unit_test(envelope_of_the_specification_is_read),
	        cmocka_unit_test(bad_envelopes_are_refused),
	        cmocka_unit_test(signature_covers_type_and_payload),
	        cmocka_unit_test(statement_says_what_the_result_says),
	        cmocka_unit_test(bad_statements_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
