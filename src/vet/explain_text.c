#include "vet/explain_text.h"

#include <stdio.h>

#include "vet/codepoint.h"
#include "vet/factor.h"

/* "User-Agent", user_agent: the program, not the person. */
static bool of_program(const char *word, struct slice behind)
{
	if (strcmp(word, "user") != 0)
		return false;
	if (behind.n && (behind.p[0] == '-' || behind.p[0] == '_' || behind.p[0] == ' '))
		behind = slice_from(behind, 1);
	return slice_eq_nocase(slice_sub(behind, 0, 5), SLICE("agent"));
}

bool text_has_word(struct slice text, const char *word)
{
	size_t n = strlen(word);
	for (size_t at = 0; n && at + n <= text.n; at++) {
		size_t i = 0;
		while (i < n && text_lower(text.p[at + i]) == (uint8_t)word[i])
			i++;
		if (i < n || of_program(word, slice_from(text, at + n)))
			continue;
		uint8_t before = at ? text.p[at - 1] : ' ', after = at + n < text.n ? text.p[at + n] : ' ';
		bool upper_first = text.p[at] >= 'A' && text.p[at] <= 'Z', after_lower = after >= 'a' && after <= 'z';
		bool starts = !(text_lower(before) >= 'a' && text_lower(before) <= 'z') || (upper_first && before >= 'a' && before <= 'z');
		bool ends = !(text_lower(after) >= 'a' && text_lower(after) <= 'z') || (!after_lower && text.p[at + n - 1] >= 'a');
		if (starts && ends)
			return true;
	}
	return false;
}

bool text_names_factor(struct slice text, unsigned factor)
{
	for (const char *const *v = factor_table[factor].vocabulary; *v; v++)
		if (text_has_word(text, *v))
			return true;
	return false;
}

/* Words that any prompt says. In the name of a field they speak of the factor; in a sentence they are only words, unless two of them stand
 * together. */
static bool everyday(const char *word)
{
	static const char *const words[] = {"instructions", "memory", "rules", "tools", "servers", "plugins", "skills", "hooks", "project",
	        "folder", "directory", "workspace", "endpoint", "provider", "platform", "release", "user", "home", "login", "domain",
	        "author", "origin", "remote", "token", "auth", "secret", "offset", "editor", "threads", "runner", "company", "organization",
	        "organisation", "machine", "shell", "branch", "commit", "commits", "repo", "os", "tty", "term", "concurrency", "workers",
	        "jobs", "cores"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

bool text_says_factor(struct slice text, unsigned factor, bool name)
{
	unsigned weak = 0;
	for (const char *const *v = factor_table[factor].vocabulary; *v; v++) {
		if (!text_has_word(text, *v))
			continue;
		if (name || !everyday(*v))
			return true;
		weak++;
	}
	return weak >= 2;
}

bool text_has_placeholder(struct slice text, unsigned factor)
{
	char mark[64];
	int n = snprintf(mark, sizeof(mark), "{%s}", factor_table[factor].name);
	return slice_find(text, slice_of(mark, (size_t)n), 0) != SLICE_NPOS;
}

bool text_plain_words(struct slice s)
{
	bool word = false;
	for (size_t i = 0; i < s.n; i++) {
		if (text_word_byte(s.p[i]))
			word = true;
		else if (s.p[i] >= 0x7f || (s.p[i] < 0x20 && s.p[i] != '\n' && s.p[i] != '\t' && s.p[i] != '\r'))
			return false;
	}
	return word;
}

bool text_same_but_case(struct slice a, struct slice b)
{
	return a.n && slice_eq_nocase(a, b);
}

bool text_visible(struct slice s)
{
	for (size_t i = 0; i < s.n;) {
		uint32_t cp;
		i += codepoint_next(slice_from(s, i), &cp);
		if (cp >= CODEPOINT_BYTE || codepoint_invisible(cp))
			return cp == '\r' && i < s.n;
	}
	return true;
}

struct slice text_key_of(struct slice s, size_t at)
{
	size_t from = at;
	while (from > 0 && s.p[from - 1] != '\n' && at - from < 80)
		from--;
	struct slice key = slice_sub(s, from, at - from);
	struct slice t = slice_trim(key);
	while (t.n && (t.p[t.n - 1] == '"' || t.p[t.n - 1] == '\'' || t.p[t.n - 1] == ' '))
		t.n--;
	if (t.n == 0 || (t.p[t.n - 1] != ':' && t.p[t.n - 1] != '='))
		return SLICE_NONE;
	return t;
}

struct slice text_around(struct slice s, size_t at, size_t n, bool (*in)(uint8_t c))
{
	size_t from = at, to = at + n;
	while (from > 0 && in(s.p[from - 1]))
		from--;
	while (to < s.n && in(s.p[to]))
		to++;
	return slice_sub(s, from, to - from);
}

struct slice address_last_component(const char *address)
{
	struct slice s = slice_str(address);
	size_t from = s.n;
	unsigned depth = 0;
	while (from > 0) {
		uint8_t c = s.p[from - 1];
		if (c == ']')
			depth++;
		else if (c == '[' && depth)
			depth--;
		else if ((c == '.' || c == ' ' || c == '/') && !depth && s.n - from > 0)
			break;
		from--;
	}
	/* What is in brackets says which of several, in words of the message: "messages[user]". */
	s = slice_from(s, from);
	return slice_sub(s, 0, slice_chr(s, '[', 0));
}

bool address_names_factor(const char *address, unsigned factor)
{
	struct slice s = slice_str(address);
	if (text_names_factor(address_last_component(address), factor))
		return true;
	if (slice_find(s, SLICE("scopeMetrics["), 0) == SLICE_NPOS)
		return false;
	static const char *const names[] = {".metrics[", ".attributes["};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t at = slice_find(s, slice_str(names[i]), 0);
		if (at == SLICE_NPOS)
			continue;
		struct slice name = slice_from(s, at + strlen(names[i]));
		if (text_names_factor(slice_sub(name, 0, slice_chr(name, ']', 0)), factor))
			return true;
	}
	return false;
}
