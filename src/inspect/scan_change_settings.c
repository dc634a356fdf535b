/* Settings, for scan_change: a key and a value in a line, whatever the format. */
#include "inspect/scan_change.h"
#include "inspect/scan_part.h"
#include "parse/source.h"

#define LINE_MAX 300u

struct line_row {
	enum scan_rule_name rule;
	const char *key, *value;
};
static const struct line_row line_rows[] = {
#define LINE(rule, key, value) {SCAN_RULE_##rule, key, value},
#include "inspect/scan_change_table.h"
#undef LINE
};

static bool is_mark(uint8_t c)
{
	return c == '"' || c == '\'' || c == ',' || c == ' ' || c == '\t' || c == ';' || c == '\r';
}

static struct slice bare(struct slice s)
{
	while (s.n && is_mark(s.p[0]))
		s = slice_from(s, 1);
	while (s.n && is_mark(s.p[s.n - 1]))
		s.n--;
	return s;
}

static void line(struct change_facts *f, struct slice l)
{
	static const char *const fronts[] = {"- ", "export ", "ENV ", "set "};
	size_t at = 0;
	l = slice_trim(l);
	if (l.n == 0 || l.n > LINE_MAX || l.p[0] == '#' || l.p[0] == ';')
		return;
	for (size_t i = 0; i < ARRAY_LEN(fronts); i++)
		if (slice_starts(l, slice_str(fronts[i])))
			l = slice_trim(slice_from(l, strlen(fronts[i])));
	l = bare(l);
	while (at < l.n && l.p[at] != '=' && l.p[at] != ':' && l.p[at] != ' ' && l.p[at] != '\t')
		at++;
	struct slice key = bare(slice_sub(l, 0, at)), value = slice_from(l, at);
	while (value.n && (is_mark(value.p[0]) || value.p[0] == '=' || value.p[0] == ':'))
		value = slice_from(value, 1);
	/* What stands behind it is a comment. */
	for (size_t i = 1; i < value.n; i++)
		if (value.p[i] == '#' && is_mark(value.p[i - 1]))
			value.n = i;
	value = bare(value);
	for (size_t i = 0; i < ARRAY_LEN(line_rows); i++)
		if (slice_eq_nocase(key, slice_str(line_rows[i].key)) && slice_eq_nocase(value, slice_str(line_rows[i].value)))
			change_add(f, f->test ? SCAN_RULE_CHANGE_TEST_WEAK : line_rows[i].rule, CHANGE_MORE, SLICE_NONE,
			        (size_t)(key.p - f->text.p), (size_t)(value.p + value.n - key.p), NULL);
}

static bool is_settings(const struct change_facts *f)
{
	static const char *const names[] = {".npmrc", ".yarnrc", ".gitconfig", ".wgetrc", ".env", "ssh_config", "config", ".sslrc",
	        "ansible.cfg", "pip.conf", ".bowerrc", ".envrc", NULL};
	struct slice name = slice_base(slice_str(f->path));
	const struct source_language *l = source_language((const char *)name.p, f->text);
	if (l)
		return strcmp(source_language_name(l), "shell") == 0;
	return scan_one_of(name, names) || slice_starts(name, SLICE(".env")) || source_kind((const char *)name.p, f->text) == SOURCE_DATA;
}

void change_settings(struct change_facts *f)
{
	struct slice rest = f->text, l;
	if (!is_settings(f))
		return;
	f->looked = true;
	while (!f->cut && slice_split(&rest, '\n', &l))
		line(f, l);
}
