/* What is large is looked through beside the loop, and comes to the same; what goes to the same host waits for it, what goes elsewhere
 * does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/look.h"
#include "inspect/dlp.h"

#define CANARY "c4n4ry-0f-4-run-1234567890"

static struct loop *loop;
static struct look *back[8];
static unsigned n_back, n_wanted;

static void done(void *arg, struct look *l)
{
	(void)arg;
	assert_true(n_back < 8);
	back[n_back++] = l;
	if (n_back == n_wanted)
		loop_stop(loop);
}

static void too_late(void *arg, uint32_t events)
{
	(void)arg;
	(void)events;
	fail_msg("the thread does not answer");
}

static struct look *make(uint64_t id, const char *host, size_t size, const char *text)
{
	struct look *l = look_new();
	assert_non_null(l);
	l->id = id;
	(void)snprintf(l->host, sizeof(l->host), "%s", host);
	while (l->body.n < size)
		buf_str_add(&l->body, "some words of no meaning, ");
	buf_str_add(&l->body, text);
	buf_str_add(&l->target, "/v1/messages");
	assert_int_equal(buf_error(&l->body), 0);
	return l;
}

static void wait_for(unsigned n)
{
	struct source *timer = NULL;
	n_wanted = n;
	assert_int_equal(loop_after(loop, 60000, too_late, NULL, &timer), 0);
	if (n_back < n)
		assert_int_equal(loop_run(loop), 0);
	loop_remove(timer);
	assert_int_equal(n_back, n);
}

static void beside(void **state)
{
	_cleanup_buf_ struct buf values = BUF(1000);
	struct search *s = NULL;
	struct looker *k = NULL;
	struct err err = {0};
	(void)state;
	gate_value_put(&values, DLP_CANARY, SLICE("planted"), SLICE(CANARY));
	const struct gate_config c = {.values = buf_slice(&values)};
	assert_int_equal(search_new(&c, &s, &err), 0);
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(looker_new(loop, s, done, NULL, &k), 0);

	struct look *small = make(1, "a.example.com", 100, CANARY);
	assert_true(looker_look(k, small));
	assert_true(small->hits.n > 0);
	assert_int_equal(strlen(small->digest), 64);

	/* Two large ones, and small ones that come behind them: one to the same host, one to another. */
	struct look *large = make(2, "a.example.com", 4 << 20, CANARY), *second = make(3, "a.example.com", 4 << 20, "");
	struct look *same = make(4, "a.example.com", 100, CANARY), *other = make(5, "b.example.com", 100, CANARY);
	assert_false(looker_look(k, large));
	assert_false(looker_look(k, second));
	assert_false(looker_look(k, same));
	assert_true(looker_look(k, other));
	assert_true(other->hits.n > 0);
	wait_for(3);
	assert_true(large->hits.n > 0);
	assert_true(slice_eq(buf_slice(&large->hits), buf_slice(&small->hits)));
	assert_int_equal(second->hits.n, 0);
	assert_int_equal(strlen(second->digest), 64);
	assert_true(same->hits.n > 0);

	/* A value in two pieces, the first in a large message and the second in a small one: what went before is remembered. */
	struct look *first = make(6, "c.example.com", 1 << 20, "c4n4ry-0f-4-ru"), *last = make(7, "c.example.com", 10, "|n-1234567890");
	assert_false(looker_look(k, first));
	wait_for(4);
	assert_true(looker_look(k, last));
	assert_true(last->hits.n > 0);

	/* A bomb is not opened in the loop. */
	struct look *bomb = make(8, "d.example.com", 2000, "");
	buf_str_add(&bomb->coding, "gzip");
	assert_false(looker_look(k, bomb));
	wait_for(5);
	assert_int_equal(bomb->status, 415);
	struct look *end = make(9, "a.example.com", 100, "");
	assert_true(looker_look(k, end));
	assert_true(looker_free(k));
	struct look *const all[] = {small, large, second, same, other, first, last, bomb, end};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		look_free(all[i]);
	search_free(s);
	loop_free(loop);
}

/* The halves of a value to two hosts: found where one owner has both, and none of many others in between makes it forgotten. */
static void sites(void **state)
{
	static const struct {
		const char *a, *b;
		bool together;
	} rows[] = {
	        {"api.example.com", "example.com", true},
	        {"a.x.example.com", "b.y.example.com", true},
	        {"shop.example.co.uk", "api.example.co.uk", true},
	        {"one.co.uk", "two.co.uk", false},
	        {"a.example.com", "a.example.net", false},
	        {"example.com", "notexample.com", false},
	        {"api.x.io", "www.x.io", true},
	        {"192.0.2.1", "192.0.2.2", false},
	        {"192.0.2.1", "192.0.2.1", true},
	        {"2001:db8::1", "2001:db8::2", false},
	        {"localhost", "localhost", true},
	        {"localhost", "com", false},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows) * 2; i++) {
		_cleanup_buf_ struct buf values = BUF(1000), hits = BUF(4096);
		struct search *s = NULL;
		struct err err = {0};
		struct dlp_scan *scan;
		char many[32];
		size_t half = strlen(CANARY) / 2;
		bool crowd = i >= ARRAY_LEN(rows);
		const char *a = rows[i % ARRAY_LEN(rows)].a, *b = rows[i % ARRAY_LEN(rows)].b;
		gate_value_put(&values, DLP_CANARY, SLICE("planted"), SLICE(CANARY));
		const struct gate_config c = {.values = buf_slice(&values)};
		assert_int_equal(search_new(&c, &s, &err), 0);
		assert_int_equal(
		        search_message(s, SEARCH_LOOP, search_history(s, a), slice_of(CANARY, half), SEARCH_BODY, &hits, &scan), 0);
		search_done(scan);
		for (int k = 0; crowd && k < 200; k++) {
			(void)snprintf(many, sizeof(many), "h%d.test", k);
			assert_non_null(search_history(s, many));
		}
		assert_int_equal(search_message(s, SEARCH_LOOP, search_history(s, b), slice_of(CANARY + half, strlen(CANARY) - half),
		                         SEARCH_BODY, &hits, &scan),
		        0);
		search_done(scan);
		/* In a crowd hosts share what is left, which finds more. */
		if ((hits.n > 0) != rows[i % ARRAY_LEN(rows)].together && !(crowd && hits.n > 0))
			fail_msg("%s and %s%s", a, b, crowd ? ", in a crowd" : "");
		search_free(s);
	}
}

/* Text with two or four bytes a letter, from either end. */
static void wide(void **state)
{
	_cleanup_buf_ struct buf values = BUF(1000);
	struct search *s = NULL;
	struct looker *k = NULL;
	struct err err = {0};
	(void)state;
	gate_value_put(&values, DLP_CANARY, SLICE("planted"), SLICE(CANARY));
	const struct gate_config c = {.values = buf_slice(&values)};
	assert_int_equal(search_new(&c, &s, &err), 0);
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(looker_new(loop, s, done, NULL, &k), 0);
	for (unsigned form = 0; form < 6; form++) {
		const char *text = form < 4 ? "{\"a\": \"" CANARY "\"}" : "{\"a\": \"nothing to be found\"}";
		unsigned width = form & 1 ? 4 : 2;
		struct look *l = make(form, "a.example.com", 0, "");
		for (const char *p = text; *p; p++)
			for (unsigned i = 0; i < width; i++)
				buf_u8(&l->body, i == (form & 2 ? width - 1 : 0) ? (uint8_t)*p : 0);
		assert_true(looker_look(k, l));
		struct slice rest = buf_slice(&l->hits);
		struct link_hit h;
		assert_int_equal(link_hit_next(&rest, &h), form < 4);
		/* Nothing of it can be replaced, nor kept. */
		assert_true(form >= 4 || (h.cut && h.place));
		look_free(l);
	}
	assert_true(looker_free(k));
	search_free(s);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(sites), cmocka_unit_test(wide), cmocka_unit_test(beside)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
