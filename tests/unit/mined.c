/* Where members of the artefact's lists are placed, beside the factor in which they are tried alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "vet/mined.h"

static struct arena arena;
static struct mined_levels *m;

static void begin(struct vet_constant_list *lists, size_t n)
{
	static struct vet_constants c;
	arena = ARENA(16 << 20);
	factor_level_reset();
	c = (struct vet_constants){.lists = lists, .n_lists = n};
	assert_int_equal(mined_new(&c, PLAN_NORMAL, NULL, true, &arena, &m), 0);
}

static void over(void)
{
	factor_level_reset();
	arena_free(&arena);
}

/* The list that a level of that value came from; 0: there is none. */
static unsigned list_of(const char *factor, const char *value)
{
	unsigned f = (unsigned)factor_find(factor);
	for (unsigned l = (unsigned)factor_table[f].n_levels; l < factor_level_count(f); l++)
		if (strcmp(factor_level_at(f, l)->value, value) == 0)
			return mined_list_of(m, f, l);
	return 0;
}

static size_t added(const char *factor)
{
	unsigned f = (unsigned)factor_find(factor);
	return factor_level_count(f) - factor_table[f].n_levels;
}

static struct vet_constant_list list(const char *class, bool hidden, const char *const *members, size_t n)
{
	return (struct vet_constant_list){
	        .class = class, .hidden = hidden, .encoding = "hex", .members = members, .n_members = n, .total = n};
}

static void hidden_names_have_several_places(void **state)
{
	(void)state;
	static const char *const hosts[] = {"quarrybank.example.com"}, *const words[] = {"hazelbrant"},
	                         *const paths[] = {"/data/osterwick/", ".osterwick/a.json", "~/.b", "./c"},
	                         *const variables[] = {"KESTREL_LAB", "PLOVER_LAB"};
	struct vet_constant_list lists[] = {list("host", true, hosts, 1), list("word", true, words, 1), list("path", true, paths, 4),
	        list("variable", true, variables, 2)};
	begin(lists, 4);
	assert_int_equal(list_of("git_remote", "https://quarrybank.example.com/platform/tern-6v2.git"), 1);
	assert_int_equal(list_of("git_identity", "Ilse Varga-Quint <ivq81@quarrybank.example.com>"), 1);
	assert_int_equal(list_of("dns_search", "quarrybank.example.com"), 1);
	assert_int_equal(list_of("user", "hazelbrant|hazelbrant"), 2);
	assert_int_equal(list_of("hostname", "hazelbrant"), 2);
	assert_int_equal(list_of("home", "/data/osterwick/quillan7"), 3);
	assert_int_equal(list_of("project", "/data/osterwick/lattice-9q4"), 3);
	assert_int_equal(list_of("hidden_names", ".osterwick/a.json,~/.b,./c"), 3);
	assert_int_equal(list_of("hidden_names", "KESTREL_LAB,PLOVER_LAB"), 4);
	over();
}

/* With its own host for the network's name, speaking to it would look like telling of the network. */
static void open_hosts_have_none(void **state)
{
	(void)state;
	static const char *const hosts[] = {"api.fernwright.example", "metrics.fernwright.example"};
	static const char *const paths[] = {".fernwright/a.json", ".fernwright/b.json"};
	struct vet_constant_list lists[] = {list("host", false, hosts, 2), list("path", false, paths, 2)};
	begin(lists, 2);
	assert_int_equal(added("dns_search") + added("git_remote") + added("git_identity") + added("hidden_names"), 0);
	over();
	static const char *const many[] = {
	        "a.fernwright.example", "b.fernwright.example", "c.fernwright.example", "d.fernwright.example", "e.fernwright.example"};
	struct vet_constant_list spoken[] = {list("host", false, many, 5)}, others[] = {list("host", false, many, 5)};
	spoken[0].spoken_to = true;
	begin(spoken, 1);
	assert_int_equal(added("dns_search") + added("git_remote") + added("git_identity"), 0);
	over();
	/* What no address of it leads to it may look for; but which forges there are everybody knows. */
	begin(others, 1);
	assert_int_equal(list_of("dns_search", "a.fernwright.example"), 1);
	assert_int_equal(list_of("git_identity", "Ilse Varga-Quint <ivq81@c.fernwright.example>"), 1);
	assert_int_equal(added("git_remote"), 0);
	over();
}

/* No trial could be built with these, or it would be built as somebody else wants. */
static void hostile_members_are_no_levels(void **state)
{
	(void)state;
	static const char *const bad[] = {"/proc/hazelbrant", "/usr/share/x", "/etc/passwd", "/", "/data/../../x", "/data/./x", "/data//x",
	        "data/x", "osterwick", "a/b/c/d/e/f/g/h.x", "/data/\nx", "/data/\"x", "/data/{x}"},
	                         *const variables[] = {"A=B", "", "1X", "A,B", "A B", "OSTERWICK_LAB"},
	                         *const words[] = {"a\"b", "c\nd", "e\\f"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct vet_constant_list lists[] = {list("path", true, &bad[i], 1)};
		begin(lists, 1);
		assert_int_equal(added("home") + added("project") + (strcmp(bad[i], "data/x") != 0 && added("hidden_names")), 0);
		over();
	}
	struct vet_constant_list lists[] = {list("variable", true, variables, ARRAY_LEN(variables)), list("word", true, words, 3)};
	begin(lists, 2);
	assert_int_equal(list_of("hidden_names", "OSTERWICK_LAB"), 1);
	assert_int_equal(added("user") + added("hostname") + added("company") + added("git_remote"), 0);
	over();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(hidden_names_have_several_places),
	        cmocka_unit_test(open_hosts_have_none),
	        cmocka_unit_test(hostile_members_are_no_levels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
