/* Walks the table of commands: each has all that a person may look for. Run from the top of the source tree. */
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
	for (size_t i = 0; i < command_count; i++) {
		const struct command *c = command_table[i];
		assert_plain(c->name);
		assert_plain(c->summary);
		assert_true(strlen(c->name) <= 13);
		assert_non_null(c->run);
		assert_ptr_equal(command_find(c->name), c); /* so no name is there twice */
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
	for (size_t i = 0; i < command_count; i++) {
		const struct opt *table = command_table[i]->options;
		for (const struct opt *o = table; o && o->kind != OPT_KIND_END; o++) {
			assert_plain(o->name);
			assert_plain(o->help);
			assert_true(o->offset < command_table[i]->options_size);
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
	_cleanup_free_ char *all = man_page("postern");
	for (size_t i = 0; i < command_count; i++) {
		char name[64], want[128];
		(void)snprintf(name, sizeof(name), "postern-%s", command_table[i]->name);
		_cleanup_free_ char *text = man_page(name);
		(void)snprintf(want, sizeof(want), ".Xr %s 1", name);
		if (!strstr(all, want))
			fail_msg("postern.1 does not refer to %s", name);
		for (const struct opt *o = command_table[i]->options; o && o->kind != OPT_KIND_END; o++) {
			/* mdoc: two dashes are "Fl -name" */
			(void)snprintf(want, sizeof(want), ".It Fl -%s", o->name);
			if (o->letter)
				(void)snprintf(want, sizeof(want), ".It Fl %c , Fl -%s", o->letter, o->name);
			if (!strstr(text, want))
				fail_msg("%s.1 has no \"%s\"", name, want);
		}
	}
}

static void every_command_is_in_help_and_completion(void **state)
{
	(void)state;
	static const char *const shells[] = {"bash", "zsh", "fish"};
	_cleanup_buf_ struct buf all = BUF(65536);
	cmd_help_all(&all, 80);
	assert_int_equal(buf_error(&all), 0);
	for (size_t i = 0; i < command_count; i++) {
		const struct command *c = command_table[i];
		assert_non_null(strstr(buf_str(&all), c->summary));
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
			assert_non_null(strstr(buf_str(&script), c->name));
			for (const struct opt *o = c->options; o && o->kind != OPT_KIND_END; o++)
				assert_non_null(strstr(buf_str(&script), o->name));
		}
	}
	assert_false(completion_script(&all, "csh"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_command_is_complete),
	        cmocka_unit_test(every_option_is_complete),
	        cmocka_unit_test(every_command_has_a_man_page),
	        cmocka_unit_test(every_command_is_in_help_and_completion),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
