#include "base/opt.h"

#include <errno.h>
#include <stdio.h>

#define WORD_MAX  64
#define WORDS_MAX 128

size_t opt_distance(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	if (n > WORD_MAX || m > WORD_MAX)
		return SIZE_MAX;
	size_t row[3][WORD_MAX + 1];
	for (size_t j = 0; j <= m; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *now = row[i % 3], *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t best = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
	}
	return row[n % 3][m];
}

const char *opt_nearest(const char *typed, const char *const *words)
{
	const char *best = NULL;
	size_t n = strlen(typed), limit = n < 4 ? 1 : n < 8 ? 2 : 3;
	for (; *words; words++) {
		/* Somebody who types the beginning of one word means that word. */
		size_t d = n >= 3 && strncmp(typed, *words, n) == 0 ? 1 : opt_distance(typed, *words);
		if (d <= limit) {
			best = *words;
			limit = d - (d > 0);
		}
	}
	return best;
}

static int unknown(const struct opt *table, const char *typed, struct err *err)
{
	const char *words[WORDS_MAX + 2];
	size_t n = 0;
	for (const struct opt *o = table; o->kind != OPT_KIND_END && n < WORDS_MAX; o++)
		words[n++] = o->name;
	words[n++] = "help";
	words[n] = NULL;
	const char *near = opt_nearest(typed, words);
	if (near)
		return err_set(err, -EINVAL, "there is no option --%.64s; did you mean --%s?", typed, near);
	return err_set(err, -EINVAL, "there is no option --%.64s", typed);
}

static size_t choice_find(const char *const *choices, const char *word)
{
	size_t i = 0;
	while (choices[i] && strcmp(choices[i], word) != 0)
		i++;
	return i;
}

static int bad_choice(const struct opt *o, const char *word, struct err *err)
{
	char all[256] = "";
	for (size_t i = 0, n = 0; o->choices[i] && n < sizeof(all); i++)
		n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", i == 0 ? "" : o->choices[i + 1] ? ", " : " or ", o->choices[i]);
	const char *near = opt_nearest(word, o->choices);
	if (near)
		return err_set(err, -EINVAL, "--%s takes %s, not \"%.64s\"; did you mean %s?", o->name, all, word, near);
	return err_set(err, -EINVAL, "--%s takes %s, not \"%.64s\"", o->name, all, word);
}

static int list_add(const struct opt *o, struct opt_list *list, char *value, struct err *err)
{
	for (char *save = value; save;) {
		char *item = save, *comma = strchr(save, ',');
		save = comma ? comma + 1 : NULL;
		if (comma)
			*comma = 0;
		if (!*item)
			return err_set(err, -EINVAL, "--%s has an empty word in its list", o->name);
		if (o->choices && !o->choices[choice_find(o->choices, item)])
			return bad_choice(o, item, err);
		if (list->n == OPT_LIST_MAX)
			return err_set(err, -EINVAL, "--%s takes at most %d words", o->name, OPT_LIST_MAX);
		list->item[list->n++] = item;
	}
	return 0;
}

static int set_value(const struct opt *o, char *value, void *values, struct err *err)
{
	void *at = (char *)values + o->offset;
	if (o->kind != OPT_KIND_FLAG && !*value)
		return err_set(err, -EINVAL, "--%s wants a value that is not empty (%s)", o->name, o->word);
	switch (o->kind) {
	case OPT_KIND_FLAG:
		*(bool *)at = true;
		return 0;
	case OPT_KIND_STRING:
		*(const char **)at = value;
		return 0;
	case OPT_KIND_U64: {
		uint64_t n = 0;
		if (!slice_u64(slice_str(value), o->max, &n) || n < o->min)
			return err_set(err, -EINVAL, "--%s takes a whole number from %llu to %llu, not \"%.64s\"", o->name,
			        (unsigned long long)o->min, (unsigned long long)o->max, value);
		*(uint64_t *)at = n;
		return 0;
	}
	case OPT_KIND_CHOICE: {
		size_t i = choice_find(o->choices, value);
		if (!o->choices[i])
			return bad_choice(o, value, err);
		*(unsigned *)at = (unsigned)i;
		return 0;
	}
	case OPT_KIND_LIST:
		return list_add(o, at, value, err);
	case OPT_KIND_END:
		break;
	}
	return err_set(err, -EINVAL, "--%s has no kind", o->name);
}

/* One word that begins with "--"; *next is the word after it, taken if it is the value. Returns words used, or negative errno. */
static int parse_long(const struct opt *table, char *word, char *next, void *values, struct err *err)
{
	char *name = word + 2, *value = strchr(name, '=');
	if (value)
		*value++ = 0;
	const struct opt *o = table;
	while (o->kind != OPT_KIND_END && strcmp(o->name, name) != 0)
		o++;
	if (o->kind == OPT_KIND_END)
		return unknown(table, name, err);
	if (o->kind == OPT_KIND_FLAG) {
		if (value)
			return err_set(err, -EINVAL, "--%s takes no value", o->name);
		int r = set_value(o, name, values, err);
		return r < 0 ? r : 1;
	}
	int used = value ? 1 : 2;
	if (!value)
		value = next;
	if (!value)
		return err_set(err, -EINVAL, "--%s wants a value: --%s=%s", o->name, o->name, o->word);
	int r = set_value(o, value, values, err);
	return r < 0 ? r : used;
}

/* One word of letters, as above. *help is set if -h is among them. */
static int parse_short(const struct opt *table, char *word, char *next, void *values, bool *help, struct err *err)
{
	for (char *c = word + 1; *c; c++) {
		if (*c == 'h') {
			*help = true;
			return 1;
		}
		const struct opt *o = table;
		while (o->kind != OPT_KIND_END && o->letter != *c)
			o++;
		if (o->kind == OPT_KIND_END)
			return err_set(err, -EINVAL, "there is no option -%c", *c >= ' ' && *c < 127 ? *c : '?');
		if (o->kind == OPT_KIND_FLAG) {
			int r = set_value(o, c, values, err);
			if (r < 0)
				return r;
			continue;
		}
		char *value = c[1] ? c + 1 : next;
		if (!value)
			return err_set(err, -EINVAL, "-%c wants a value: -%c %s", o->letter, o->letter, o->word);
		int r = set_value(o, value, values, err);
		return r < 0 ? r : c[1] ? 1 : 2;
	}
	return 1;
}

int opt_parse(const struct opt *table, int argc, char **argv, void *values, struct opt_args *out, struct err *err)
{
	size_t n = 0;
	for (int i = 0; i < argc;) {
		char *word = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
		if (strcmp(word, "--") == 0) {
			*out = (struct opt_args){.arg = argv, .n = n, .rest = argv + i + 1, .n_rest = (size_t)(argc - i - 1)};
			return 0;
		}
		if (word[0] != '-' || !word[1]) {
			argv[n++] = word; /* n <= i: operands move to the front over words that have been dealt with */
			i++;
			continue;
		}
		bool help = strcmp(word, "--help") == 0;
		int used = help             ? 1
		           : word[1] == '-' ? parse_long(table, word, next, values, err)
		                            : parse_short(table, word, next, values, &help, err);
		if (used < 0)
			return used;
		if (help) {
			*out = (struct opt_args){.arg = argv, .help = true};
			return 0;
		}
		i += used;
	}
	*out = (struct opt_args){.arg = argv, .n = n};
	return 0;
}

static size_t put_words(struct buf *out, const char *text, size_t column, size_t indent, size_t width)
{
	struct slice rest = slice_str(text), word;
	while (slice_split(&rest, ' ', &word)) {
		if (column > indent && column + 1 + word.n > width) {
			buf_fmt(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			buf_u8(out, ' ');
			column++;
		}
		buf_add(out, word);
		column += word.n;
	}
	return column;
}

static void help_row(struct buf *out, const struct opt *o, size_t indent, size_t width)
{
	char left[96], more[256] = "";
	char letter[8] = "    ";
	if (o->letter)
		(void)snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	(void)snprintf(left, sizeof(left), "  %s--%s%s%s", letter, o->name, o->word ? " " : "", o->word ? o->word : "");
	size_t n = strlen(left);
	buf_str_add(out, left);
	if (n + 2 > indent) {
		buf_fmt(out, "\n%*s", (int)indent, "");
	} else {
		buf_fmt(out, "%*s", (int)(indent - n), "");
	}
	size_t column = put_words(out, o->help, indent, indent, width);
	if (o->choices) {
		size_t at = (size_t)snprintf(more, sizeof(more), "(");
		for (size_t i = 0; o->choices[i] && at < sizeof(more); i++)
			at += (size_t)snprintf(more + at, sizeof(more) - at, "%s%s", i ? ", " : "", o->choices[i]);
		if (at < sizeof(more))
			(void)snprintf(more + at, sizeof(more) - at, ")");
		buf_u8(out, ' ');
		(void)put_words(out, more, column + 1, indent, width);
	}
	buf_u8(out, '\n');
}

void opt_help(struct buf *out, const struct opt *table, size_t width)
{
	static const struct opt help = {.name = "help", .letter = 'h', .kind = OPT_KIND_FLAG, .help = "this text"};
	const size_t indent = 26;
	if (width < 60)
		width = 60;
	for (const struct opt *o = table; o->kind != OPT_KIND_END; o++)
		help_row(out, o, indent, width);
	help_row(out, &help, indent, width);
}
