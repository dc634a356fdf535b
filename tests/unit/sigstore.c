/* Documents of Sigstore and of npm's registry: what is taken and what is not. Real bundles are judged by tests/integration/provenance.sh.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "inspect/provenance.h"
#include "parse/npmsign.h"
#include "parse/sigstore.h"
#include "parse/slsa.h"

#define MEMORY ((size_t)16 << 20)
#define HEAD   "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\",\"verificationMaterial\":"
#define CERT   "\"certificate\":{\"rawBytes\":\"AAAA\"}"
#define ENTRY  "{\"logIndex\":\"7\",\"canonicalizedBody\":\"e30=\"}"
#define MESSAGE                                                                                                                          \
	",\"messageSignature\":{\"messageDigest\":{\"algorithm\":\"SHA2_256\",\"digest\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" \
	"\"},"                                                                                                                           \
	"\"signature\":\"AAAA\"}}"

static void bundles(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why; /* NULL: it is one */
	} rows[] = {
	        {HEAD "{" CERT ",\"tlogEntries\":[" ENTRY "]}" MESSAGE, NULL},
	        {HEAD "{" CERT ",\"tlogEntries\":null,\"timestampVerificationData\":null}" MESSAGE, NULL},
	        {HEAD "{\"publicKey\":{\"hint\":\"x\"}}" MESSAGE, NULL},
	        {HEAD "{\"publicKey\":{}}" MESSAGE, NULL},
	        /* Numbers as numbers, base64 of the other alphabet and without padding. */
	        {HEAD "{\"certificate\":{\"rawBytes\":\"-_8\"},\"tlogEntries\":[{\"logIndex\":7,\"canonicalizedBody\":\"e30\"}]}" MESSAGE,
	                NULL},
	        {"", "end"},
	        {"[]", "no object"},
	        {"{}", "no bundle"},
	        {"{\"mediaType\":\"application/vnd.dev.sigstore.bundle+json;version=0.4\"}", "no bundle"},
	        {"{\"mediaType\":\"application/vnd.dev.sigstore.bundle+json;version=0.1x\"}", "no bundle"},
	        {HEAD "{" CERT "}}", "one of a signature"},
	        {HEAD "{" CERT ",\"publicKey\":{}}" MESSAGE, "one of a certificate"},
	        {HEAD "{}" MESSAGE, "one of a certificate"},
	        {HEAD "{" CERT "," CERT "}" MESSAGE, "twice"},
	        {HEAD "{\"x509CertificateChain\":{\"certificates\":[{\"rawBytes\":\"AAAA\"}]}}" MESSAGE, "not a chain"},
	        {HEAD "{\"certificate\":{\"rawBytes\":\"\"}}" MESSAGE, "empty"},
	        {HEAD "{\"certificate\":{\"rawBytes\":\"A\"}}" MESSAGE, "base64"},
	        {HEAD "{\"certificate\":{\"rawBytes\":\"AA\\nAA\"}}" MESSAGE, "base64"},
	        {HEAD "{\"certificate\":{\"rawBytes\":7}}" MESSAGE, "something else"},
	        {HEAD "{" CERT ",\"tlogEntries\":{}}" MESSAGE, "something else"},
	        {HEAD "{" CERT ",\"tlogEntries\":[{\"logIndex\":\"-1\",\"canonicalizedBody\":\"e30=\"}]}" MESSAGE, "negative"},
	        {HEAD "{" CERT ",\"tlogEntries\":[{\"logIndex\":1.5,\"canonicalizedBody\":\"e30=\"}]}" MESSAGE, "negative"},
	        {HEAD "{" CERT ",\"tlogEntries\":[{\"logIndex\":\"9223372036854775808\",\"canonicalizedBody\":\"e30=\"}]}" MESSAGE,
	                "negative"},
	        {HEAD "{" CERT ",\"tlogEntries\":[{\"logIndex\":\"1\"}]}" MESSAGE, "no body"},
	        {HEAD "{" CERT ",\"tlogEntries\":[" ENTRY "," ENTRY "," ENTRY "," ENTRY "," ENTRY "," ENTRY "," ENTRY "," ENTRY "," ENTRY
	              "]}" MESSAGE,
	                "too long"},
	        {HEAD "{" CERT ",\"tlogEntries\":[{\"canonicalizedBody\":\"e30=\",\"inclusionProof\":{\"rootHash\":\"AAAA\"}}]}" MESSAGE,
	                "32 bytes"},
	        {HEAD "{" CERT "},\"messageSignature\":{\"signature\":\"\"}}", "no signature"},
	        {HEAD "{" CERT
	              "},\"messageSignature\":{\"messageDigest\":{\"algorithm\":\"SHA1\",\"digest\":\"AAAA\"},\"signature\":\"AAAA\"}}",
	                "unknown kind"},
	        {HEAD "{" CERT
	              "},\"messageSignature\":{\"messageDigest\":{\"algorithm\":\"SHA2_256\",\"digest\":\"AAAA\"},\"signature\":\"AAAA\"}}",
	                "wrong length"},
	        {HEAD "{" CERT "},\"dsseEnvelope\":{\"payloadType\":\"x\",\"payload\":\"AAAA\",\"signatures\":[{\"sig\":\"AAAA\"},{\"sig\":"
	              "\"AAAB\"}]}}",
	                "one signature"},
	        {HEAD "{" CERT "},\"dsseEnvelope\":{\"payloadType\":\"x\",\"payload\":\"AAAA\",\"signatures\":[]}}", "signatures"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_arena_ struct arena a = ARENA(MEMORY);
		struct sigstore_bundle b = {.version = 77};
		const char *why = NULL;
		int r = sigstore_bundle_parse(slice_str(rows[i].text), &a, &b, &why);
		if (rows[i].why ? r != -EBADMSG || !strstr(why, rows[i].why) || b.version != 77 : r != 0 || b.version != 3)
			fail_msg("row %zu: %d %s", i, r, why ? why : "");
	}
}

static void memory_is_bounded(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena a = ARENA(1024);
	struct sigstore_bundle b;
	const char *why = NULL;
	assert_int_equal(sigstore_bundle_parse(SLICE(HEAD "{" CERT "}" MESSAGE), &a, &b, &why), -ENOMEM);
	assert_non_null(why);
}

#define ROOT "{\"mediaType\":\"application/vnd.dev.sigstore.trustedroot+json;version=0.1\""
#define LOG(more)                                                                                                                          \
	ROOT ",\"tlogs\":[{\"baseUrl\":\"https://log.example/x/\",\"hashAlgorithm\":\"SHA2_256\",\"logId\":{\"keyId\":\"AAAA\"}," more "}" \
	     "]"                                                                                                                           \
	     "}"

static void roots(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} rows[] = {
	        {ROOT "}", NULL},
	        {LOG("\"publicKey\":{\"rawBytes\":\"AAAA\",\"validFor\":{\"start\":\"2021-01-12T11:53:27Z\"}}"), NULL},
	        {LOG("\"publicKey\":{\"rawBytes\":\"AAAA\",\"validFor\":{\"start\":\"2021-01-12T11:53:27.999Z\",\"end\":null}}"), NULL},
	        {LOG("\"publicKey\":{\"rawBytes\":\"AAAA\",\"validFor\":{}}"), "from no time"},
	        {LOG("\"publicKey\":{\"rawBytes\":\"AAAA\"}"), "from no time"},
	        {LOG("\"publicKey\":{\"rawBytes\":\"\",\"validFor\":{\"start\":\"2021-01-12T11:53:27Z\"}}"), "no key"},
	        {LOG("\"publicKey\":{\"rawBytes\":\"AAAA\",\"validFor\":{\"start\":\"2021-01-12T11:53:27+01:00\"}}"), "in UTC"},
	        {LOG("\"publicKey\":{\"rawBytes\":\"AAAA\",\"validFor\":{\"start\":\"2021-13-12T11:53:27Z\"}}"), "in UTC"},
	        {LOG("\"publicKey\":{\"rawBytes\":\"AAAA\",\"validFor\":{\"start\":\"2021-01-12T11:53:27.Z\"}}"), "in UTC"},
	        {ROOT ",\"tlogs\":[{\"hashAlgorithm\":\"SHA2_512\"}]}", "no id"},
	        {ROOT ",\"certificateAuthorities\":[{\"certChain\":{\"certificates\":[]},\"validFor\":{\"start\":\"2021-01-12T11:53:27Z\"}}"
	              "]}",
	                "empty"},
	        {"{\"mediaType\":\"x\"}", "no trusted root"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_arena_ struct arena a = ARENA(MEMORY);
		static struct sigstore_root root;
		const char *why = NULL;
		root.n_logs = 77;
		int r = sigstore_root_parse(slice_str(rows[i].text), &a, &root, &why);
		if (rows[i].why ? r != -EBADMSG || !strstr(why, rows[i].why) || root.n_logs != 77 : r != 0)
			fail_msg("row %zu: %d %s", i, r, why ? why : "");
		if (r == 0 && root.n_logs) {
			assert_true(slice_is(root.log[0].host, "log.example/x"));
			assert_int_equal(root.log[0].from, 1610452407);
			assert_true(root.log[0].to == SIGSTORE_TIME_END);
		}
	}
}

static void statements(void **state)
{
	(void)state;
	static const char subject[] = "\"subject\":[{\"name\":\"n\",\"digest\":{\"sha256\":"
	                              "\"0000000000000000000000000000000000000000000000000000000000000000\"}}]";
	static const struct {
		const char *type, *predicate, *repository, *workflow, *ref;
	} rows[] = {
	        {"https://slsa.dev/provenance/v1",
	                "{\"buildDefinition\":{\"externalParameters\":{\"workflow\":{\"repository\":\"https://h/o/"
	                "n\",\"path\":\"w.yml\",\"ref\":\"r\"}}}}",
	                "https://h/o/n", "w.yml", "r"},
	        {"https://slsa.dev/provenance/v0.2",
	                "{\"invocation\":{\"configSource\":{\"uri\":\"git+https://h/o/n@refs/x\",\"entryPoint\":\"w.yml\"}}}",
	                "https://h/o/n", "w.yml", "refs/x"},
	        {"https://slsa.dev/provenance/v0.2", "{\"invocation\":{\"configSource\":{\"uri\":\"https://u@h/o/n\"}}}", "https://u@h/o/n",
	                "", ""},
	        {"https://slsa.dev/provenance/v0.2", "{\"invocation\":{\"configSource\":{\"uri\":\"@\"}}}", "@", "", ""},
	        {"https://slsa.dev/provenance/v1", "[]", "", "", ""},
	        {"other", "{\"buildDefinition\":{\"externalParameters\":{\"workflow\":{\"repository\":\"x\"}}}}", "", "", ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_arena_ struct arena a = ARENA(MEMORY);
		_cleanup_buf_ struct buf text = BUF(4096);
		struct slsa_statement s;
		const char *why = NULL;
		buf_fmt(&text, "{\"_type\":\"https://in-toto.io/Statement/v1\",%s,\"predicateType\":\"%s\",\"predicate\":%s}", subject,
		        rows[i].type, rows[i].predicate);
		if (slsa_parse(buf_slice(&text), &a, &s, &why) < 0 || s.n != 1 || s.subject[0].sha256.n != 32 || s.subject[0].sha512.n ||
		        !slice_is(s.repository, rows[i].repository) || !slice_is(s.workflow, rows[i].workflow) ||
		        !slice_is(s.ref, rows[i].ref))
			fail_msg("row %zu: %s", i, why ? why : "");
	}
}

static void integrities(void **state)
{
	(void)state;
#define ZERO "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
	static const struct {
		const char *text;
		int is;
	} rows[] = {
	        {"sha512-" ZERO, 1},
	        {"sha1-AAAA sha512-" ZERO, 1},
	        {"sha512-" ZERO "?opt", 1},
	        {"", 0},
	        {"sha1-AAAA", 0},
	        {"sha512-AAAA", -EBADMSG},
	        {"sha512-" ZERO " sha512-" ZERO, -EBADMSG},
	        {"sha512-" ZERO "A", -EBADMSG},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint8_t digest[64];
		if (npmsign_sha512(slice_str(rows[i].text), digest) != rows[i].is)
			fail_msg("%s", rows[i].text);
	}
}

static void pins(void **state)
{
	(void)state;
	static const struct {
		struct {
			const char *identity, *issuer, *repository, *workflow, *key;
		} pin;
		bool enough;
	} rows[] = {
	        {{.identity = "a", .issuer = "b"}, true},
	        {{.repository = "o/n"}, true},
	        {{.repository = "https://github.com/o/n", .workflow = "w"}, true},
	        {{.repository = "https://gitlab.com/o/n"}, true},
	        {{.repository = "https://git.example/o/n", .issuer = "b"}, true},
	        {{.key = "k"}, true},
	        {{.identity = "a"}, false},
	        {{.issuer = "b"}, false},
	        {{.identity = "a", .issuer = "b", .workflow = "w"}, false},
	        {{.repository = "https://git.example/o/n"}, false},
	        {{.repository = "https://github.com.evil.example/o/n"}, false},
	        {{.key = "k", .repository = "o/n"}, false},
	        {{0}, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct provenance_pin p = {.identity = slice_str(rows[i].pin.identity),
		        .issuer = slice_str(rows[i].pin.issuer),
		        .repository = slice_str(rows[i].pin.repository),
		        .workflow = slice_str(rows[i].pin.workflow),
		        .key = slice_str(rows[i].pin.key)};
		if (provenance_pin_enough(&p) != rows[i].enough)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(bundles),
	        cmocka_unit_test(memory_is_bounded),
	        cmocka_unit_test(roots),
	        cmocka_unit_test(statements),
	        cmocka_unit_test(integrities),
	        cmocka_unit_test(pins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
