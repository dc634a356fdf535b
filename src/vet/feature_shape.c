/* The form of a value without what is random in it. */
#include "vet/feature_set.h"

enum { DIGIT = 1, HEX = 2, TOKEN = 4 };
/* Every byte of every message passes here. */
static const uint8_t class_of[256] = {['0' ... '9'] = DIGIT | HEX | TOKEN,
        ['a' ... 'f'] = HEX | TOKEN,
        ['A' ... 'F'] = HEX | TOKEN,
        ['g' ... 'z'] = TOKEN,
        ['G' ... 'Z'] = TOKEN};

static bool digit(uint8_t c)
{
	return class_of[c] & DIGIT;
}

static bool hex(uint8_t c)
{
	return class_of[c] & HEX;
}

static bool token_char(uint8_t c)
{
	return class_of[c] & TOKEN;
}

bool shape_is_uuid(struct slice s)
{
	if (s.n < 36 || s.p[8] != '-')
		return false;
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? s.p[i] != '-' : !hex(s.p[i]))
			return false;
	}
	return s.n == 36 || !token_char(s.p[36]);
}

/* A token of letters and digits is random-looking if digits and letters change places often, or the case does. */
static bool random_token(struct slice t)
{
	size_t changes = 0, digits = 0;
	for (size_t i = 0; i < t.n; i++) {
		digits += digit(t.p[i]);
		if (i)
			changes +=
			        digit(t.p[i]) != digit(t.p[i - 1]) || ((t.p[i] ^ t.p[i - 1]) & 32 && !digit(t.p[i]) && !digit(t.p[i - 1]));
	}
	return t.n >= 16 && digits >= 2 && changes * 4 >= t.n;
}

static bool one_case(struct slice t)
{
	bool lower = false, upper = false;
	for (size_t i = 0; i < t.n; i++) {
		lower |= t.p[i] >= 'a';
		upper |= t.p[i] >= 'A' && t.p[i] <= 'F';
	}
	return !(lower && upper);
}

static bool has_upper(struct slice t)
{
	for (size_t i = 0; i < t.n; i++)
		if (t.p[i] >= 'A' && t.p[i] <= 'Z')
			return true;
	return false;
}

static void symbol(struct buf *out, const char *class, size_t n, bool lengths)
{
	char text[24];
	size_t at = sizeof(text);
	text[--at] = '>';
	for (; lengths && n; n /= 10)
		text[--at] = (char)('0' + n % 10);
	if (lengths)
		text[--at] = ':';
	buf_u8(out, '<');
	buf_str_add(out, class);
	buf_add(out, slice_of(text + at, sizeof(text) - at));
}

/* What symbols stand for: those of TOKEN_MIN bytes and more. */
struct tokens {
	struct slice *at;
	size_t n, max;
};

#define TOKEN_MIN 16

static void note(struct tokens *t, struct slice token)
{
	if (t && token.n >= TOKEN_MIN && t->n++ < t->max)
		t->at[t->n - 1] = token;
}

static void walk(struct slice value, bool lengths, struct buf *out, struct tokens *found)
{
	for (size_t i = 0; i < value.n;) {
		size_t between = i;
		while (i < value.n && !token_char(value.p[i]))
			i++;
		buf_add(out, slice_sub(value, between, i - between));
		if (i == value.n)
			break;
		struct slice rest = slice_from(value, i);
		if (shape_is_uuid(rest)) {
			/* The version says how it was made: the same maker does not change it. */
			buf_fmt(out, "<uuid:%c>", rest.p[14]);
			note(found, slice_sub(rest, 0, 36));
			i += 36;
			continue;
		}
		size_t n = 0, all_hex = 0, digits = 0;
		for (uint8_t k; n < rest.n && (k = class_of[rest.p[n]]) & TOKEN; n++) {
			all_hex += (k & HEX) / HEX;
			digits += k & DIGIT;
		}
		struct slice token = slice_sub(rest, 0, n);
		i += n;
		if (digits == 0) {
			buf_add(out, token);
		} else if (digits == n) {
			symbol(out, "9", n, lengths);
		} else if (n >= 8 && all_hex == n && digits && one_case(token)) {
			symbol(out, has_upper(token) ? "HEX" : "hex", n, lengths);
			note(found, token);
		} else if (random_token(token)) {
			/* base64 has its other characters in between: one symbol for all of it */
			while (i < value.n && (token_char(value.p[i]) || strchr("+/=_-", value.p[i] ? value.p[i] : ' ')))
				i++;
			symbol(out, "token", (size_t)(value.p + i - rest.p), lengths);
			note(found, slice_sub(rest, 0, (size_t)(value.p + i - rest.p)));
		} else {
			/* letters stay, digits in them are counted */
			for (size_t k = 0; k < n;) {
				size_t d = 0;
				while (k + d < n && digit(token.p[k + d]))
					d++;
				size_t letters = k + d;
				while (d == 0 && letters < n && !digit(token.p[letters]))
					letters++;
				if (d)
					symbol(out, "9", d, lengths);
				else
					buf_add(out, slice_sub(token, k, letters - k));
				k = letters;
			}
		}
	}
}

void shape_add(struct slice value, bool lengths, struct buf *out)
{
	walk(value, lengths, out, NULL);
}

size_t feature_tokens(struct slice value, struct slice *out, size_t max)
{
	_cleanup_buf_ struct buf shape = BUF(4 << 20);
	struct tokens t = {.at = out, .max = max};
	walk(value, true, &shape, &t);
	return t.n;
}

/* A quantity: how many digits it has is as volatile as itself. */
static bool is_number(struct slice s)
{
	if (s.n && s.p[0] == '-')
		s = slice_from(s, 1);
	for (size_t i = 0; i < s.n; i++)
		if (!digit(s.p[i]) && s.p[i] != '.')
			return false;
	return s.n > 0;
}

void feature_shape(struct slice value, struct buf *out)
{
	shape_add(value, !is_number(value), out);
}
