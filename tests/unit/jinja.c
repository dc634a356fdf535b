/* What templates reach for, by their structure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "parse/jinja.h"

struct log {
	char text[2048];
};

static void on_event(void *arg, const struct jinja_event *e)
{
	static const char *const words[] = {"attribute", "computed", "name", "filter", "tag", "string", "defines"};
	struct log *l = arg;
	size_t n = strlen(l->text);
	(void)snprintf(
	        l->text + n, sizeof(l->text) - n, "%s%s %.*s%s", n ? "; " : "", words[e->what], SLICE_FMT(e->text), e->called ? "()" : "");
}

static void what_is_told(void **state)
{
	static const struct {
		const char *in, *told, *reason;
	} rows[] = {
	        {"plain { text } without tags", "", NULL},
	        {"{{ x }}", "name x", NULL},
	        {"{{- x.y -}}", "name x; attribute y", NULL},
	        {"{{ x.y() }}", "name x; attribute y()", NULL},
	        {"{{ x['y'] }}", "name x; attribute y; string y", NULL},
	        {"{{ x['y']() }}", "name x; attribute y(); string y; computed (()", NULL},
	        {"{{ x[y](1) }}", "name x; name y; computed (()", NULL},
	        {"{{ x[\"__cla\" ~ \"ss__\"] }}", "name x; attribute __class__; string __class__", NULL},
	        {"{{ x['\\x5f\\x5fclass\\x5f\\u005f'] }}", "name x; attribute __class__; string __class__", NULL},
	        {"{{ x['a' ~ y] }}", "name x; string a; name y; computed ['a' ~ y]", NULL},
	        {"{{ x['%s' % y] }}", "name x; string %s; name y; computed ['%s' % y]", NULL},
	        {"{{ ['a', 'b'] }}", "string a; string b", NULL},
	        {"{{ f(1) }}", "name f()", NULL},
	        {"{{ x|attr('y') }}", "name x; filter attr(); string y", NULL},
	        {"{{ ()|attr('y') }}", "filter attr(); string y", NULL},
	        {"{% if x is defined and not y %}{% endif %}", "tag if; name x; name y; tag endif", NULL},
	        {"{% set z = 1 %}", "tag set; defines z; name z", NULL},
	        {"{% macro m(a, b=1) %}{% endmacro %}",
	                "tag macro; defines m(); defines a; defines b; name m(); name a; name b; tag endmacro", NULL},
	        {"{% for a in b %}{% endfor %}", "tag for; defines a; name a; name b; tag endfor", NULL},
	        {"{# {{ x.y }} #}z", "", NULL},
	        {"{% raw %}{{ x.y }}{% endraw %}{{ z }}", "tag endraw; name z", NULL},
	        {"{{ '}}' ~ x }}", "string }}; name x", NULL},
	        {"{{ {'a': {'b': x}}}}", "string a; string b; name x", NULL},
	        {"{{ x", "", "a tag has no end"},
	        {"{{ 'x }}", "", "a tag has no end"},
	        {"{# x", "", "a comment has no end"},
	        {"{{ x['\\N{LOW LINE}'] }}", "name x; computed '\\N{LOW LINE}'", NULL},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_arena_ struct arena a = ARENA(1 << 16);
		struct log l = {0};
		struct jinja_result r;
		jinja_read(slice_str(rows[i].in), 1000, &a, on_event, &l, &r);
		if (strcmp(l.text, rows[i].told) != 0)
			fail_msg("%s: %s", rows[i].in, l.text);
		if ((r.reason != NULL) != (rows[i].reason != NULL) || (r.reason && strcmp(r.reason, rows[i].reason) != 0))
			fail_msg("%s: %s", rows[i].in, r.reason ? r.reason : "understood");
	}
}

static void limits_hold(void **state)
{
	_cleanup_arena_ struct arena a = ARENA(16), b = ARENA(1 << 16);
	struct jinja_result r;
	(void)state;
	jinja_read(SLICE("{{ a b c d e f g }}"), 3, &b, NULL, NULL, &r);
	assert_string_equal(r.reason, "it has more tokens than are followed");
	jinja_read(SLICE("{{ 'a text that is longer than the arena' }}"), 100, &a, NULL, NULL, &r);
	assert_string_equal(r.reason, "its texts are longer than what is followed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_told),
	        cmocka_unit_test(limits_hold),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
