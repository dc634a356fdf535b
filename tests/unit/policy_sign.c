/* Signatures of policies, the versions that were seen, and the files of the layers. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/digest.h"
#include "policy/sign.h"
#include "sys/path.h"

struct key {
	uint8_t seed[ED25519_SEED];
	struct tlog_signer signer;
};

static int sign_with(void *arg, struct slice message, uint8_t signature[ED25519_SIGNATURE])
{
	return ed25519_sign(((struct key *)arg)->seed, message, signature);
}

static void new_key(struct key *k, const char *name)
{
	assert_int_equal(ed25519_new(k->seed), 0);
	k->signer = (struct tlog_signer){.name = slice_str(name), .sign = sign_with, .arg = k};
	assert_int_equal(ed25519_public(k->seed, k->signer.public), 0);
}

static void add_vkey(struct buf *out, const struct key *k)
{
	tlog_vkey_add(out, k->signer.name, TLOG_ED25519, k->signer.public);
	buf_u8(out, '\n');
}

#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
static struct policy_info info(uint64_t version)
{
	return (struct policy_info){.file = "p.yaml", .organisation = "example.com", .version = version, .sha256 = SHA};
}

static void signatures(void **state)
{
	(void)state;
	struct key a, b, c;
	new_key(&a, "example.com/a");
	new_key(&b, "example.com/b");
	new_key(&c, "example.com/c");
	_cleanup_buf_ struct buf keys_text = BUF(8192), one = BUF(8192), two = BUF(8192), who = BUF(1024), other = BUF(8192);
	struct policy_keys keys;
	struct err err = {0};
	struct policy_info i = info(7);
	size_t kept;
	buf_str_add(&keys_text, "# ours\nthreshold 2\n");
	add_vkey(&keys_text, &a);
	add_vkey(&keys_text, &b);
	assert_int_equal(policy_keys_parse(buf_slice(&keys_text), "keys", &keys, &err), 0);
	assert_int_equal(keys.n, 2);
	assert_int_equal(policy_sign(&i, SLICE_NONE, &a.signer, &one, &kept, &err), 0);
	assert_int_equal(kept, 0);
	assert_int_equal(policy_verify(&i, buf_slice(&one), &keys, NULL, &err), -EKEYREJECTED);
	assert_non_null(strstr(err.text, "1 of the 2"));
	/* The same again counts once; a key that is none of ours does not count. */
	assert_int_equal(policy_sign(&i, buf_slice(&one), &a.signer, &other, &kept, &err), 0);
	assert_int_equal(kept, 0);
	buf_reset(&other);
	assert_int_equal(policy_sign(&i, buf_slice(&one), &c.signer, &other, &kept, &err), 0);
	assert_int_equal(kept, 1);
	assert_int_equal(policy_verify(&i, buf_slice(&other), &keys, NULL, &err), -EKEYREJECTED);
	assert_int_equal(policy_sign(&i, buf_slice(&one), &b.signer, &two, &kept, &err), 0);
	assert_int_equal(kept, 1);
	assert_int_equal(policy_verify(&i, buf_slice(&two), &keys, &who, &err), 0);
	assert_string_equal(buf_str(&who), "example.com/a, example.com/b");
	/* Of another file, version or expiry it is none. */
	struct policy_info changed = info(7);
	changed.sha256[0] = 'f';
	assert_int_equal(policy_verify(&changed, buf_slice(&two), &keys, NULL, &err), -EKEYREJECTED);
	changed = info(8);
	assert_int_equal(policy_verify(&changed, buf_slice(&two), &keys, NULL, &err), -EKEYREJECTED);
	changed = info(7);
	changed.expires = 1800000000;
	assert_int_equal(policy_verify(&changed, buf_slice(&two), &keys, NULL, &err), -EKEYREJECTED);
	/* A bad signature by a key of ours is worse than none. */
	size_t n = two.n;
	two.p[n - 10] = two.p[n - 10] == 'A' ? 'B' : 'A';
	assert_int_equal(policy_verify(&i, buf_slice(&two), &keys, NULL, &err), -EKEYREJECTED);
	assert_int_equal(policy_verify(&i, SLICE("no note"), &keys, NULL, &err), -EKEYREJECTED);
	/* Signatures of an older state are dropped. */
	buf_reset(&other);
	changed = info(8);
	assert_int_equal(policy_sign(&changed, buf_slice(&one), &b.signer, &other, &kept, &err), 0);
	assert_int_equal(kept, 0);
	changed.version = 0;
	assert_int_equal(policy_sign(&changed, SLICE_NONE, &b.signer, &other, &kept, &err), -EINVAL);
}

static void key_files(void **state)
{
	(void)state;
	struct key a;
	struct policy_keys keys;
	struct err err = {0};
	_cleanup_buf_ struct buf vkey = BUF(1024), text = BUF(8192);
	new_key(&a, "example.com/a");
	add_vkey(&vkey, &a);
	static const struct {
		const char *before;
		int keys;
		const char *says;
	} rows[] = {{"", 0, "there are 0 keys"}, {"threshold 2\n", 1, "there are 1 keys"}, {"threshold 0\n", 1, "1: the threshold"},
	        {"threshold 1\nthreshold 1\n", 1, "2: the threshold"}, {"", 2, "2: this key is there twice"},
	        {"junk\n", 1, "1: this is no verifier key"}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		buf_reset(&text);
		buf_str_add(&text, rows[i].before);
		for (int k = 0; k < rows[i].keys; k++)
			buf_add(&text, buf_slice(&vkey));
		if (policy_keys_parse(buf_slice(&text), "keys", &keys, &err) != -EINVAL || !strstr(err.text, rows[i].says))
			fail_msg("row %zu: %s", i, err.text);
	}
	/* A key of a witness signs checkpoints, no policies. */
	buf_reset(&text);
	tlog_vkey_add(&text, a.signer.name, TLOG_COSIGNATURE, a.signer.public);
	assert_int_equal(policy_keys_parse(buf_slice(&text), "keys", &keys, &err), -EINVAL);
}

static void seen(void **state)
{
	(void)state;
	static const struct {
		const char *state;
		uint64_t version;
		int result;
		bool changed;
	} rows[] = {
	        {"", 3, 0, true},
	        {"example.com 3 " SHA "\n", 3, 0, false},
	        {"example.com 3 " SHA "\n", 4, 0, true},
	        {"example.com 3 " SHA "\n", 2, -ESTALE, false},
	        {"example.com 3 f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n", 3, -ESTALE, false},
	        {"other.example 9 " SHA "\n", 3, 0, true},
	        {"junk\n", 3, -EINVAL, false},
	        {"example.com x " SHA "\n", 3, -EINVAL, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_buf_ struct buf text = BUF(4096);
		struct policy_info now = info(rows[i].version);
		struct err err = {0};
		bool changed;
		int r = policy_state_next(slice_str(rows[i].state), &now, &text, &changed, &err);
		if (r != rows[i].result || (r == 0 && changed != rows[i].changed))
			fail_msg("row %zu: %d %s", i, r, err.text);
		if (r == 0 && strstr(rows[i].state, "other"))
			assert_non_null(strstr(buf_str(&text), "other.example 9"));
		if (r == 0) {
			char line[128];
			(void)snprintf(line, sizeof(line), "example.com %d " SHA "\n", (int)rows[i].version);
			assert_non_null(strstr(buf_str(&text), line));
		}
	}
}

/* Files */

static char folder[64];

static const char *in(const char *name)
{
	static char path[16][128];
	static unsigned at;
	at = (at + 1) % 16;
	(void)snprintf(path[at], sizeof(path[at]), "%s/%s", folder, name);
	return path[at];
}

static void put(const char *name, const char *text)
{
	int fd = open(in(name), O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	(void)close(fd);
}

static int load(struct policy **p, struct err *err)
{
	struct policy_problems problems = {0};
	struct policy_load from = {.organisation = access(in("policy.yaml"), F_OK) == 0 ? in("policy.yaml") : "",
	        .person = access(in("person.yaml"), F_OK) == 0 ? in("person.yaml") : "",
	        .state = in("state/policy.state"),
	        .vars = {.home = folder, .project = in("project")}};
	*err = (struct err){0};
	*p = NULL;
	int r = policy_load(&from, p, &problems, err);
	policy_problems_free(&problems);
	return r;
}

static void expect(int result, const char *says)
{
	struct policy *p;
	struct err err;
	int r = load(&p, &err);
	if (r != result || (says && !strstr(err.text, says)))
		fail_msg("%d: %s", r, err.text);
	policy_free(p);
}

static enum policy_verdict about(const char *host)
{
	struct policy *p;
	struct err err;
	if (load(&p, &err) < 0)
		fail_msg("%s", err.text);
	enum policy_verdict v = policy_name(p, slice_str(host)).verdict;
	policy_free(p);
	return v;
}

static void sign_file(const struct key *k, uint64_t version, const char *text)
{
	_cleanup_buf_ struct buf note = BUF(8192);
	_cleanup_arena_ struct arena a = ARENA(4 << 20);
	struct policy_problems problems = {0};
	struct policy_doc *d;
	struct err err = {0};
	size_t kept;
	put("policy.yaml", text);
	assert_int_equal(policy_parse(slice_str(text), in("policy.yaml"), POLICY_ORGANISATION, &a, &d, &problems), 0);
	struct policy_info i = *policy_doc_info(d);
	assert_int_equal(i.version, version);
	digest_sha256_hex(slice_str(text), i.sha256);
	assert_int_equal(policy_sign(&i, SLICE_NONE, &k->signer, &note, &kept, &err), 0);
	put("policy.yaml.sig", buf_str(&note));
}

#define V2 "organisation: example.com\nversion: 2\nnetwork: [{host: a.example}]\n"
#define V3 "organisation: example.com\nversion: 3\nnetwork: [{host: a.example}, {host: b.example}]\n"
static void loading(void **state)
{
	(void)state;
	struct key k, other;
	_cleanup_buf_ struct buf keys = BUF(4096);
	(void)snprintf(folder, sizeof(folder), "/tmp/postern-policy-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(mkdir(in("project"), 0755), 0);
	/* Nothing is there. */
	assert_int_equal(about("a.example"), POLICY_DENY);
	/* The project only tightens. */
	put("project/.postern.yaml", "network: [{host: c.example}, {host: d.example, verdict: deny}]\n");
	assert_int_equal(about("c.example"), POLICY_DENY);
	put("person.yaml", "network: [{host: d.example}, {host: e.example}]\n");
	assert_int_equal(about("d.example"), POLICY_DENY);
	assert_int_equal(about("e.example"), POLICY_ALLOW);
	/* An organisation, not signed, as nobody demands it. */
	put("policy.yaml", V2);
	assert_int_equal(about("a.example"), POLICY_ALLOW);
	assert_int_equal(about("e.example"), POLICY_DENY);
	assert_int_equal(chmod(in("policy.yaml"), 0666), 0);
	expect(-EACCES, "written by others");
	assert_int_equal(chmod(in("policy.yaml"), 0644), 0);
	/* Signatures are demanded. */
	new_key(&k, "example.com/k");
	new_key(&other, "example.com/k");
	add_vkey(&keys, &k);
	put("policy.keys", buf_str(&keys));
	expect(-EKEYREJECTED, "is not signed");
	sign_file(&other, 2, V2);
	expect(-EKEYREJECTED, "0 of the 1");
	sign_file(&k, 3, V3);
	assert_int_equal(about("b.example"), POLICY_ALLOW);
	/* An older one, though well signed, is not taken any more; nor another with the number. */
	sign_file(&k, 2, V2);
	expect(-ESTALE, "version 3 was seen");
	sign_file(&k, 3, V3 "# changed\n");
	expect(-ESTALE, "not the one that was seen");
	sign_file(&k, 4, "organisation: example.com\nversion: 4\nexpires: 2020-01-01\n");
	expect(-ESTALE, "expired");
	sign_file(&k, 3, V3);
	assert_int_equal(about("b.example"), POLICY_ALLOW);
	put("policy.yaml", V3 "files: {}\n");
	expect(-EKEYREJECTED, "not of this file");
	sign_file(&k, 3, V3);
	/* The state itself. */
	put("state/policy.state", "junk\n");
	expect(-EINVAL, "cannot be used");
	assert_int_equal(unlink(in("state/policy.state")), 0);
	/* A project that is a link, and mistakes. */
	assert_int_equal(unlink(in("project/.postern.yaml")), 0);
	assert_int_equal(symlink("/etc/passwd", in("project/.postern.yaml")), 0);
	expect(-ELOOP, "is a link");
	assert_int_equal(unlink(in("project/.postern.yaml")), 0);
	put("project/.postern.yaml", "netwrok: []\n");
	expect(-EINVAL, "did you mean");
	assert_int_equal(unlink(in("project/.postern.yaml")), 0);
	assert_int_equal(mkdir(in("project/.postern.yaml"), 0755), 0);
	expect(-EINVAL, "no regular file");
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)path_remove(dir, folder + strlen("/tmp/"));
	(void)close(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(signatures),
	        cmocka_unit_test(key_files),
	        cmocka_unit_test(seen),
	        cmocka_unit_test(loading),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
