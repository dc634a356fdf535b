/* Walks the table of commands: each has all that a person may look for. Run from the top of the source tree. */
#include "base/encode.h"
#include "cmd/cmd.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* The texts go into quotes of three shells. */
static void assert_plain(const char *s)
{
	assert_non_null(s);
	assert_true(*s != 0);
	for (const char *p = s; *p; p++)
		if (!isprint((unsigned char)*p) || strchr("'\"`$\\[]:", *p))
			fail_msg("\"%s\" has a character that a completion script cannot carry", s);
	assert_true(s[strlen(s) - 1] != '.');
}

/* All commands, the parts of families included. */
static const struct command *all[128];
static size_t n_all;

static void collect_one(const struct command *c)
{
	assert_true(n_all < ARRAY_LEN(all));
	all[n_all++] = c;
	for (const struct command *const *p = c->parts; p && *p; p++)
		collect_one(*p);
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < n_all; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

static int collect(void **state)
{
	(void)state;
	for (size_t i = 0; i < command_count; i++)
		collect_one(command_table[i]);
	return n_all <= ARRAY_LEN(all) ? 0 : -1;
}

static bool is_part(const struct command *c)
{
	return strchr(c->name, ' ') != NULL;
}

static char *man_page(const char *name)
{
	char path[128];
	(void)snprintf(path, sizeof(path), "man/%s.1", name);
	FILE *f = fopen(path, "rb");
	if (!f)
		fail_msg("%s is missing", path);
	char *text = calloc(1, 65536);
	assert_non_null(text);
	assert_true(fread(text, 1, 65535, f) > 0);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void every_command_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_all; i++) {
		const struct command *c = all[i];
		assert_plain(c->name);
		assert_plain(c->summary);
		assert_true(strlen(command_word(c)) <= 13);
		assert_true((c->run == NULL) == (c->parts != NULL));
		assert_true(!c->parts || (!c->options && c->operands));
		/* so no name is there twice */
		if (!is_part(c)) {
			assert_ptr_equal(command_find(c->name), c);
		} else {
			char family[64];
			(void)snprintf(family, sizeof(family), "%.*s", (int)(strrchr(c->name, ' ') - c->name), c->name);
			assert_non_null(find(family));
			assert_ptr_equal(command_part(find(family), command_word(c)), c);
		}
		assert_true(c->examples && c->examples[0]);
		for (const char *const *e = c->examples; *e; e++) {
			char start[64];
			(void)snprintf(start, sizeof(start), "postern %s", c->name);
			if (strncmp(*e, start, strlen(start)) != 0)
				fail_msg("the example \"%s\" is not one of %s", *e, c->name);
		}
	}
	assert_null(command_find("nonsense"));
}

static void every_option_is_complete(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_all; i++) {
		const struct opt *table = all[i]->options;
		for (const struct opt *o = table; o && o->kind != OPT_KIND_END; o++) {
			assert_plain(o->name);
			assert_plain(o->help);
			assert_true(o->offset < all[i]->options_size);
			assert_int_equal(o->word == NULL, o->kind == OPT_KIND_FLAG);
			assert_true(o->kind != OPT_KIND_CHOICE || (o->choices && o->choices[0]));
			assert_true(o->kind != OPT_KIND_U64 || o->min <= o->max);
			assert_true(strcmp(o->name, "help") != 0 && o->letter != 'h');
			for (const struct opt *p = table; p < o; p++)
				assert_true(strcmp(p->name, o->name) != 0 && (!p->letter || p->letter != o->letter));
		}
	}
}

static void every_command_has_a_man_page(void **state)
{
	(void)state;
	_cleanup_free_ char *main_page = man_page("postern");
	for (size_t i = 0; i < n_all; i++) {
		char name[64], want[128];
		(void)snprintf(name, sizeof(name), "postern-%.*s", (int)strcspn(all[i]->name, " "), all[i]->name);
		_cleanup_free_ char *text = man_page(name);
		(void)snprintf(want, sizeof(want), ".Xr %s 1", name);
		if (!strstr(main_page, want))
			fail_msg("postern.1 does not refer to %s", name);
		/* A part has a section of its own, which its options are in. */
		char *section = text, *end = text + strlen(text);
		if (is_part(all[i])) {
			const char *word = strchr(all[i]->name, ' ') + 1;
			(void)snprintf(want, sizeof(want), "\n.Ss %s\n", word);
			section = strstr(text, want);
			if (!section)
				fail_msg("%s.1 has no section \"%s\"", name, word);
			char *next = strstr(section + 1, "\n.S");
			end = next ? next : end;
		}
		for (const struct opt *o = all[i]->options; o && o->kind != OPT_KIND_END; o++) {
			/* mdoc: two dashes are "Fl -name" */
			(void)snprintf(want, sizeof(want), ".It Fl -%s", o->name);
			if (o->letter)
				(void)snprintf(want, sizeof(want), ".It Fl %c , Fl -%s", o->letter, o->name);
			const char *hit = strstr(section, want);
			if (!hit || hit > end)
				fail_msg("%s.1 has no \"%s\" for %s", name, want, all[i]->name);
		}
	}
}

static void every_command_is_in_help_and_completion(void **state)
{
	(void)state;
	static const char *const shells[] = {"bash", "zsh", "fish"};
	_cleanup_buf_ struct buf help = BUF(65536);
	cmd_help_all(&help, 80);
	assert_int_equal(buf_error(&help), 0);
	for (size_t i = 0; i < n_all; i++) {
		const struct command *c = all[i];
		_cleanup_buf_ struct buf over = BUF(65536);
		char family[64];
		const char *last = strrchr(c->name, ' ');
		(void)snprintf(family, sizeof(family), "%.*s", (int)(last ? last - c->name : 0), c->name);
		if (last)
			cmd_help_one(&over, find(family), 80);
		assert_non_null(strstr(buf_str(is_part(c) ? &over : &help), c->summary));
		_cleanup_buf_ struct buf one = BUF(65536);
		cmd_help_one(&one, c, 80);
		assert_int_equal(buf_error(&one), 0);
		for (const struct opt *o = c->options; o && o->kind != OPT_KIND_END; o++)
			assert_non_null(strstr(buf_str(&one), o->name));
		/* The comment may stand above. */
		char line[256];
		(void)snprintf(line, sizeof(line), "%s", c->examples[0]);
		char *comment = strstr(line, "  # ");
		if (comment)
			*comment = 0;
		assert_non_null(strstr(buf_str(&one), line));
		for (size_t k = 0; k < ARRAY_LEN(shells); k++) {
			_cleanup_buf_ struct buf script = BUF(1 << 20);
			assert_true(completion_script(&script, shells[k]));
			assert_int_equal(buf_error(&script), 0);
			assert_non_null(strstr(buf_str(&script), command_word(c)));
			for (const struct opt *o = c->options; o && o->kind != OPT_KIND_END; o++)
				assert_non_null(strstr(buf_str(&script), o->name));
		}
	}
	assert_false(completion_script(&help, "csh"));
}

static void nothing_typed_reaches_the_terminal_raw(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
	        {"", ""},
	        {"plain \"text\" ~", "plain \"text\" ~"},
	        {"Gr\xc3\xb6\xc3\x9f"
	         "e \xe2\x82\xac \xf0\x9f\x98\x80",
	                "Gr\xc3\xb6\xc3\x9f"
	                "e \xe2\x82\xac \xf0\x9f\x98\x80"},
	        {"\x1b[31m\n\t\x7f", "\\x1b[31m\\x0a\\x09\\x7f"},
	        {"\xc2\x9b\xc2\x85\xc2\xa0", "\\xc2\\x9b\\xc2\\x85\xc2\xa0"},
	        {"\xff\xc3(\xe2\x82", "\\xff\\xc3(\\xe2\\x82"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_buf_ struct buf out = BUF(400);
		encode_shown(&out, slice_str(rows[i].in));
		assert_string_equal(buf_str(&out), rows[i].out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nothing_typed_reaches_the_terminal_raw),
	        cmocka_unit_test(every_command_is_complete),
	        cmocka_unit_test(every_option_is_complete),
	        cmocka_unit_test(every_command_has_a_man_page),
	        cmocka_unit_test(every_command_is_in_help_and_completion),
	};
	return cmocka_run_group_tests(tests, collect, NULL);
}
