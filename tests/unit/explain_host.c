#include "confine/gitrepo.h"
#include "vet/explain_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "crypto/digest.h"
#include "vet/analysis.h"

static struct arena arena = ARENA((size_t)8 << 20);
static struct host_spec here, there;

static void put(struct host_spec *h, const char *path, const char *text)
{
	struct host_file f = {.path = path, .data = slice_str(text)};
	assert_int_equal(host_file_set(h, &f), 0);
}

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(host_base(&here, &arena), 0);
	assert_int_equal(host_base(&there, &arena), 0);
	there.project = "/home/developer/inventory";
	here.project = "/srv/work/quillon-9";
	put(&here, "/srv/work/quillon-9/README.md", "# Quillon\nQuestions: help@quillon.example\n");
	put(&there, "/home/developer/inventory/README.md", "# Parts\nQuestions: help@parts.example\n");
	put(&here, "/home/developer/.cursor/mcp.json", "{}");
	return 0;
}

static void test_text(void **state)
{
	(void)state;
	assert_true(host_text_differs(SLICE("help@quillon.example"), &here, &there));
	assert_true(host_text_differs(SLICE("2\tQuestions: help@quillon.example"), &here, &there));
	assert_false(host_text_differs(SLICE("Questions:"), &here, &there));
	assert_false(host_text_differs(SLICE("help@parts.example"), &here, &there));
	assert_false(host_text_differs(SLICE("Quillon\nsomething else"), &here, &there));
	assert_false(host_text_differs(SLICE("'\n-"), &here, &there));
	assert_false(host_text_differs(SLICE(""), &here, &there));
}

static void test_names(void **state)
{
	(void)state;
	assert_true(host_names_differ(SLICE(".cursor"), &here, &there));
	assert_true(host_names_differ(SLICE(".cursor\nmcp.json README.md"), &here, &there));
	assert_false(host_names_differ(SLICE("README.md"), &here, &there));
	assert_false(host_names_differ(SLICE(".cursor and more"), &here, &there));
	there.no_git = true;
	assert_true(host_names_differ(SLICE(".git"), &here, &there));
	there.no_git = false;
	assert_false(host_names_differ(SLICE(".git"), &here, &there));
}

static void test_digests(void **state)
{
	(void)state;
	char hex[65];
	const char *what;
	digest_sha256_hex(SLICE("/srv/work/quillon-9"), hex);
	what = host_digest_differs(slice_of(hex, 64), &here, &there, &arena);
	assert_non_null(what);
	assert_non_null(strstr(what, "project path"));
	assert_non_null(host_digest_differs(slice_of(hex, 12), &here, &there, &arena));
	assert_null(host_digest_differs(slice_of(hex, 7), &here, &there, &arena));
	/* As JSON has it. */
	digest_sha256_hex(SLICE("\"/srv/work/quillon-9\""), hex);
	assert_non_null(host_digest_differs(slice_of(hex, 64), &here, &there, &arena));
	digest_sha256_hex(SLICE("\"/srv/work/quillon-9"), hex);
	assert_null(host_digest_differs(slice_of(hex, 64), &here, &there, &arena));
	digest_sha256_hex(SLICE("# Quillon\nQuestions: help@quillon.example\n"), hex);
	assert_non_null(host_digest_differs(slice_of(hex, 16), &here, &there, &arena));
	assert_null(host_digest_differs(SLICE("0123456789abcdef"), &here, &there, &arena));
	/* The same in base64, the URL kind too, of which a dozen characters are the least. */
	uint8_t sum[DIGEST_MAX];
	_cleanup_buf_ struct buf form = BUF(512);
	for (int url = 0; url < 2; url++) {
		assert_true(digest_of(DIGEST_SHA256, SLICE("/srv/work/quillon-9"), sum) >= 0);
		buf_reset(&form);
		encode_base64(&form, slice_of(sum, 32), url, false);
		assert_non_null(host_digest_differs(buf_slice(&form), &here, &there, &arena));
		assert_non_null(host_digest_differs(slice_sub(buf_slice(&form), 0, 12), &here, &there, &arena));
		assert_null(host_digest_differs(slice_sub(buf_slice(&form), 0, 11), &here, &there, &arena));
	}
	/* What both hosts have explains no difference between them. */
	digest_sha256_hex(slice_str(here.home), hex);
	assert_null(host_digest_differs(slice_of(hex, 64), &here, &there, &arena));
}

static void test_confirm(void **state)
{
	(void)state;
	struct analysis_candidate c[12];
	struct treatment *t;
	size_t n;
	for (unsigned i = 0; i < 12; i++)
		c[i] = (struct analysis_candidate){.factor = i < 10 ? i : 3,
		        .level = i < 10 ? 1 : i - 8,
		        .base = i % 5 == 4 ? BASE_OFFICIAL : BASE_GATEWAY,
		        .worst = CLASS_COVERT,
		        .kind = i};
	assert_int_equal(analysis_confirm(c, 12, false, 16, &arena, &t, &n), 0);
	assert_int_equal(n, 16);
	for (unsigned i = 0; i < 10; i++) {
		unsigned on = 0, off = 0;
		for (size_t k = 0; k < n; k++) {
			on += t[k].base == c[i].base && t[k].level[c[i].factor] == c[i].level;
			off += t[k].base == c[i].base && t[k].level[c[i].factor] != c[i].level;
			assert_int_equal(t[k].level[11], 0);
		}
		/* Each is on in several and off in several, or nothing would be told apart. */
		assert_true(on >= 3);
		assert_true(off >= 2);
	}
	/* In the first round every level is set, those of one factor in turn. */
	assert_int_equal(analysis_confirm(c, 12, true, 16, &arena, &t, &n), 0);
	assert_true(n >= 3 && n < 10);
	for (unsigned i = 0; i < 12; i++) {
		unsigned on = 0;
		for (size_t k = 0; k < n; k++)
			on += t[k].base == c[i].base && t[k].level[c[i].factor] == c[i].level;
		assert_true(on >= 1);
	}
	/* Where both bases want more than there is, both have some. */
	assert_int_equal(analysis_confirm(c, 12, false, 8, &arena, &t, &n), 0);
	size_t official = 0;
	for (size_t k = 0; k < n; k++)
		official += t[k].base == BASE_OFFICIAL;
	assert_int_equal(n, 8);
	assert_true(official >= 2 && official <= 4);
	/* No more than asked for, also when there is no room at all. */
	assert_int_equal(analysis_confirm(c, 12, false, 0, &arena, &t, &n), 0);
	assert_int_equal(n, 0);
}

static void test_history(void **state)
{
	(void)state;
	struct gitrepo_file files[HOST_FILES_MAX];
	struct gitrepo g = gitrepo_of(&here, files);
	char names[2][41], text[200];
	assert_int_equal(gitrepo_names(&g, names), 0);
	(void)snprintf(text, sizeof(text), "%.7s %s\n%.12s %s\n", names[1], gitrepo_subject[1], names[0], gitrepo_subject[0]);
	assert_true(host_history(slice_str(text), &here));
	assert_true(host_history(slice_str(gitrepo_subject[0]), &here));
	assert_true(host_history(slice_of(names[1], 9), &here));
	text[3] = text[3] == '0' ? '1' : '0';
	assert_false(host_history(slice_str(text), &here));
	assert_false(host_history(SLICE("Start again"), &here));
	assert_false(host_history(SLICE(" \n"), &here));
	here.no_git = true;
	assert_false(host_history(slice_str(gitrepo_subject[0]), &here));
	here.no_git = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_text), cmocka_unit_test(test_names), cmocka_unit_test(test_digests),
	        cmocka_unit_test(test_confirm), cmocka_unit_test(test_history)};
	int r = cmocka_run_group_tests(tests, set_up, NULL);
	arena_free(&arena);
	return r;
}
