/* The small language of patterns: characters, \ before one that has a meaning, sets [a-z\d_-], \d, \w, counts ? * + {n} {m,n} {m,}, and
 * groups (a|b) that are multiplied out. There is no dot: what may stand there must be said. */
#include <errno.h>
#include <stdlib.h>

#include "inspect/secret_part.h"

#define EXPANDED  512
#define WAYS      64
#define COUNT_MAX 16384

struct expansion {
	int (*each)(const char *, void *);
	void *arg;
	unsigned ways;
	const char *why;
};

static int expand(struct expansion *x, const char *done, const char *rest)
{
	char text[EXPANDED];
	size_t n = strlen(done), i = 0;
	if (n >= sizeof(text))
		return -EINVAL;
	memcpy(text, done, n + 1);
	bool in_set = false;
	for (; rest[i]; i++) {
		if (n + 2 >= sizeof(text)) {
			x->why = "the pattern is too long";
			return -EINVAL;
		}
		if (rest[i] == '\\' && rest[i + 1]) {
			text[n++] = rest[i++];
			text[n++] = rest[i];
			continue;
		}
		if (rest[i] == '[')
			in_set = true;
		if (rest[i] == ']')
			in_set = false;
		if (rest[i] == '(' && !in_set)
			break;
		text[n++] = rest[i];
	}
	text[n] = 0;
	if (!rest[i]) {
		if (++x->ways > WAYS) {
			x->why = "the groups can be chosen in more than 64 ways";
			return -EINVAL;
		}
		return x->each(text, x->arg);
	}
	const char *close = strchr(rest + i, ')');
	if (!close) {
		x->why = "a group ( lacks its )";
		return -EINVAL;
	}
	bool optional = close[1] == '?';
	struct slice body = slice_of(rest + i + 1, (size_t)(close - rest) - i - 1), choice;
	while (slice_split(&body, '|', &choice)) {
		char next[EXPANDED];
		if (n + choice.n >= sizeof(next)) {
			x->why = "the pattern is too long";
			return -EINVAL;
		}
		memcpy(next, text, n);
		if (choice.n)
			memcpy(next + n, choice.p, choice.n);
		next[n + choice.n] = 0;
		int e = expand(x, next, close + 1 + optional);
		if (e < 0)
			return e;
	}
	return optional ? expand(x, text, close + 2) : 0;
}

int secret_expand(const char *text, int (*each)(const char *text, void *arg), void *arg, const char **why)
{
	struct expansion x = {.each = each, .arg = arg};
	int e = expand(&x, "", text);
	if (x.why)
		*why = x.why;
	return e;
}

static void set_add(uint8_t set[32], unsigned a, unsigned b)
{
	for (unsigned c = a; c <= b && c < 256; c++)
		set[c >> 3] = (uint8_t)(set[c >> 3] | 1u << (c & 7));
}

/* \d, \w, or the character itself; -1 if it was a set. */
static int escaped(uint8_t set[32], char c)
{
	switch (c) {
	case 'w':
		set_add(set, 'a', 'z');
		set_add(set, 'A', 'Z');
		set_add(set, '_', '_');
		[[fallthrough]];
	case 'd':
		set_add(set, '0', '9');
		return -1;
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'r':
		return '\r';
	default:
		return (unsigned char)c;
	}
}

static const char *read_set(const char *s, uint8_t set[32])
{
	bool not_in = *s == '^';
	s += not_in;
	while (*s && *s != ']') {
		int a = (unsigned char)*s, b;
		if (*s == '\\' && s[1])
			a = escaped(set, *++s);
		s++;
		b = a;
		if (a >= 0 && *s == '-' && s[1] && s[1] != ']') {
			s++;
			b = (unsigned char)*s;
			if (*s == '\\' && s[1])
				b = (unsigned char)*++s;
			s++;
		}
		if (a >= 0)
			set_add(set, (unsigned)a, (unsigned)b);
	}
	if (not_in)
		for (unsigned i = 0; i < 32; i++)
			set[i] = (uint8_t)~set[i];
	return *s ? s + 1 : NULL;
}

static const char *read_count(const char *s, struct secret_atom *a)
{
	unsigned long min = 1, max = 1;
	char *end = NULL;
	switch (*s) {
	case '?':
		min = 0;
		s++;
		break;
	case '*':
		min = 0;
		max = IMAGE_REACH;
		s++;
		break;
	case '+':
		max = IMAGE_REACH;
		s++;
		break;
	case '{':
		min = max = strtoul(s + 1, &end, 10);
		if (end == s + 1)
			return NULL;
		if (*end == ',') {
			const char *from = end + 1;
			max = strtoul(from, &end, 10);
			if (end == from)
				max = IMAGE_REACH;
		}
		if (*end != '}' || min > max || max > COUNT_MAX)
			return NULL;
		s = end + 1;
		break;
	default:
		break;
	}
	a->min = (uint16_t)min;
	a->max = (uint16_t)max;
	return s;
}

static void fold(struct secret_atom *a)
{
	for (unsigned c = 'a'; c <= 'z'; c++) {
		unsigned upper = c - 32;
		if (set_has(a->set, (uint8_t)c) || set_has(a->set, (uint8_t)upper)) {
			set_add(a->set, c, c);
			set_add(a->set, upper, upper);
		}
	}
}

int secret_pattern_parse(const char *text, bool nocase, struct secret_pattern *out, const char **why)
{
	struct secret_pattern *p = out;
	memset(p, 0, sizeof(*p));
	for (const char *s = text; *s;) {
		if (p->n == PATTERN_ATOMS) {
			*why = "the pattern has too many parts";
			return -EINVAL;
		}
		struct secret_atom *a = &p->atoms[p->n++];
		a->single = -1;
		if (*s == '[') {
			if (!(s = read_set(s + 1, a->set))) {
				*why = "a set [ lacks its ]";
				return -EINVAL;
			}
		} else if (strchr(".*+?{}^$|)", *s)) {
			*why = "one of . * + ? { } ^ $ | stands where a character should; write \\ before it";
			return -EINVAL;
		} else {
			a->single = (unsigned char)*s;
			if (*s == '\\' && s[1])
				a->single = escaped(a->set, *++s);
			if (a->single >= 0)
				set_add(a->set, (unsigned)a->single, (unsigned)a->single);
			s++;
		}
		if (nocase)
			fold(a);
		if (!(s = read_count(s, a))) {
			*why = "a count is {n}, {m,n} or {m,}, up to 16384";
			return -EINVAL;
		}
		if (a->min != 1 || a->max != 1)
			a->single = -1;
	}
	for (size_t i = 0, n = 0; i < p->n; i++) {
		n = p->atoms[i].single >= 0 ? n + 1 : 0;
		if (n > p->fixed) {
			p->fixed = n;
			p->from = i + 1 - n;
		}
	}
	return 0;
}
