#include "inspect/secret_check.h"

#include <math.h>

#include <zlib.h>

#include "base/cleanup.h"
#include "base/encode.h"

static bool is_lower(uint8_t c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(uint8_t c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(uint8_t c)
{
	return is_lower(c) || is_upper(c) || is_digit(c) || c == '_';
}

static int value64(uint8_t c)
{
	if (is_upper(c))
		return c - 'A';
	if (is_lower(c))
		return c - 'a' + 26;
	if (is_digit(c))
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* Decodes to at most max bytes; what does not fit into the alphabet ends it. */
static size_t decode64(struct slice s, uint8_t *out, size_t max)
{
	uint32_t acc = 0;
	size_t n = 0;
	unsigned bits = 0;
	for (size_t i = 0; i < s.n && n < max; i++) {
		int v = value64(s.p[i]);
		if (v < 0)
			break;
		acc = (acc << 6 | (uint32_t)v) & 0xffffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[n++] = (uint8_t)(acc >> bits);
		}
	}
	return n;
}

double secret_entropy(struct slice s)
{
	uint16_t count[256] = {0};
	size_t n = s.n > 256 ? 256 : s.n;
	double sum = 0;
	for (size_t i = 0; i < n; i++)
		count[s.p[i]]++;
	for (size_t i = 0; i < 256; i++)
		if (count[i] > 1)
			sum += count[i] * log2(count[i]);
	return n ? log2((double)n) - sum / (double)n : 0;
}

/* Pairs of letters that make up nine tenths of those in English and in identifiers; a row for the first letter, bit 0 is "a". */
static const uint32_t common[26] = {0x11eb94e, 0x0104911, 0x01a4d91, 0x0144111, 0x1afb87d, 0x01a4131, 0x0062190, 0x0084111, 0x02ef87f,
        0x0000000, 0x0000010, 0x11c4919, 0x004c111, 0x01c417d, 0x07ef92e, 0x11ac911, 0x0100000, 0x11e715d, 0x01cc995, 0x11e4191, 0x00eb916,
        0x0000111, 0x0000181, 0x0080000, 0x0008000, 0x0000010};

unsigned secret_wordy(struct slice s, unsigned least)
{
	unsigned pairs = 0, hits = 0;
	for (size_t i = 1; i < s.n; i++) {
		uint8_t a = s.p[i - 1] | 32, b = s.p[i] | 32;
		if (!is_lower(a) || !is_lower(b))
			continue;
		pairs++;
		hits += common[a - 'a'] >> (b - 'a') & 1;
	}
	return pairs < least || pairs == 0 ? 0 : hits * 100 / pairs;
}

bool secret_hex(struct slice s)
{
	size_t letters = 0, digits = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (hex_value(s.p[i]) < 0 && (is_lower(s.p[i]) || is_upper(s.p[i])))
			return false;
		letters += hex_value(s.p[i]) >= 10;
		digits += is_digit(s.p[i]);
	}
	return digits * 4 > letters;
}

/* The first 256 bytes in lower case. */
static size_t lowered(struct slice s, char out[257])
{
	size_t n = s.n < 256 ? s.n : 256;
	for (size_t i = 0; i < n; i++)
		out[i] = (char)(is_upper(s.p[i]) ? s.p[i] | 32 : s.p[i]);
	out[n] = 0;
	return n;
}

static bool contains(struct slice s, const char *word)
{
	char head[257];
	return memmem(head, lowered(s, head), word, strlen(word)) != NULL;
}

bool secret_made_up(struct slice s)
{
	static const char *const words[] = {"example", "placeholder", "changeme", "change_me", "change-me", "your", "xxxx", "dummy",
	        "redact", "sample", "insert", "replace", "fake", "notreal", "_here", "-here", "****", "....", "${", "{{", "1234567",
	        "abcdef01", "abcdefg", "deadbeef", "postern-", "-nretsop", "cbfgrea-", "lorem", "00000000", "goeshere", "undefined"};
	size_t same = 1, worst = 1, steps = 0;
	for (size_t i = 1; i < s.n; i++) {
		same = s.p[i] == s.p[i - 1] ? same + 1 : 1;
		worst = same > worst ? same : worst;
		steps += s.p[i] == s.p[i - 1] + 1;
	}
	if (worst >= 7 || (s.n >= 8 && steps * 2 >= s.n))
		return true;
	char head[257];
	size_t n = lowered(s, head);
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (memmem(head, n, words[i], strlen(words[i])))
			return true;
	return false;
}

bool secret_left_edge(struct slice t, size_t at)
{
	if (at == 0 || !is_word(t.p[at - 1]))
		return true;
	uint8_t c = t.p[at - 1];
	if (at >= 2 && t.p[at - 2] == '\\' && strchr("nrtbfaeg", c)) /* aeg: in ROT13 */
		return true;
	if (hex_value(c) < 0)
		return false;
	return (at >= 3 && t.p[at - 3] == '%' && hex_value(t.p[at - 2]) >= 0) || (at >= 4 && t.p[at - 4] == '\\' && t.p[at - 3] == 'x') ||
	       (at >= 6 && t.p[at - 6] == '\\' && t.p[at - 5] == 'u');
}

static bool is_name(uint8_t c)
{
	return is_word(c) || c == '-' || c == '.';
}

static size_t skip(struct slice t, size_t at, const char *set, size_t most)
{
	while (most-- > 0 && at < t.n && t.p[at] && strchr(set, t.p[at]))
		at++;
	return at;
}

/* "name: type = value" of a typed language: at stands behind the colon. */
static size_t skip_type(struct slice t, size_t at)
{
	size_t i = skip(t, at, " ", 2), from = i;
	while (i < t.n && i - from < 24 && (is_name(t.p[i]) || strchr("&<>[]?|", t.p[i])))
		i++;
	if (i == from)
		return at;
	i = skip(t, i, " ", 2);
	return i + 1 < t.n && t.p[i] == '=' && t.p[i + 1] != '=' ? i + 1 : at;
}

bool secret_assigned(struct slice t, size_t at, size_t *value, bool *quoted)
{
	size_t i = at, name = at;
	t = slice_sub(t, 0, at + 160); /* no further */
	while (name > 0 && at - name < 40 && is_name(t.p[name - 1]))
		name--;
	bool option = at - name > 2 && t.p[name] == '-' && t.p[name + 1] == '-';
	while (i < t.n && i - at < 32 && is_name(t.p[i]))
		i++;
	size_t end = skip(t, i, "\"'`\\])", 6), blank = skip(t, end, " \t", 24);
	bool closed = end > i;
	if (blank >= t.n)
		return false;
	i = blank;
	/* name="password" value="…" */
	if (closed && slice_starts(slice_from(t, i), SLICE("value=")))
		i += 5;
	switch (t.p[i]) {
	case ':':
		if (t.p[i + (i + 1 < t.n)] == ':')
			return false;
		i = skip(t, i, ":=", 2);
		i = skip_type(t, i);
		break;
	case '=':
		i = skip(t, i, "=>", 3);
		break;
	case ',':
		if (!closed)
			return false;
		i++;
		break;
	case '>':
		if (closed || blank > end)
			return false;
		i++;
		break;
	default:
		if (!option || blank == end)
			return false;
		break;
	}
	i = skip(t, i, " \t", 24);
	if (i + 1 < t.n && strchr("bruf@", t.p[i]) && strchr("\"'", t.p[i + 1]))
		i++;
	size_t open = skip(t, i, "\"'`\\", 6);
	*quoted = open > i;
	*value = open;
	return open < t.n;
}

/* ---- checksums */

static bool crc62(struct slice s)
{
	static const char digits[2][63] = {"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
	        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"};
	size_t at = s.n;
	while (at > 0 && s.p[at - 1] != '_')
		at--;
	if (at + 7 > s.n)
		return false;
	uint32_t sum = (uint32_t)crc32(0, s.p + at, (unsigned)(s.n - at - 6));
	for (int k = 0; k < 2; k++) {
		uint32_t v = sum;
		bool same = true;
		for (size_t i = 0; i < 6; i++, v /= 62)
			same = same && s.p[s.n - 1 - i] == (uint8_t)digits[k][v % 62];
		if (same)
			return true;
	}
	return false;
}

/* BIP 173, constant 1. */
static bool bech32(struct slice s)
{
	static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	static const uint32_t generator[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	size_t one = s.n;
	while (one > 0 && s.p[one - 1] != '1')
		one--;
	if (one < 2)
		return false;
	size_t human = one - 1, rounds = human * 2 + 1 + (s.n - one);
	uint32_t sum = 1;
	for (size_t i = 0; i < rounds; i++) {
		uint8_t c = i < human ? s.p[i] : i == human ? 0 : i <= 2 * human ? s.p[i - human - 1] : s.p[one + i - 2 * human - 1];
		if (is_upper(c))
			c |= 32;
		uint32_t v = c >> 5;
		if (i > 2 * human) {
			const char *at = strchr(alphabet, c);
			if (!at || !c)
				return false;
			v = (uint32_t)(at - alphabet);
		} else if (i >= human) {
			v = c & 31;
		}
		uint32_t top = sum >> 25;
		sum = (sum & 0x1ffffff) << 5 ^ v;
		for (unsigned k = 0; k < 5; k++)
			sum ^= top >> k & 1 ? generator[k] : 0;
	}
	return sum == 1;
}

/* ---- structure */

static bool jwt(struct slice s)
{
	uint8_t head[768];
	size_t dot = slice_chr(s, '.', 0);
	if (dot == SLICE_NPOS)
		return false;
	size_t n = decode64(slice_sub(s, 0, dot), head, sizeof(head));
	struct slice text = slice_of(head, n);
	if (n < 10 || head[0] != '{' ||
	        (slice_find(text, SLICE("\"alg\""), 0) == SLICE_NPOS && slice_find(text, SLICE("\"enc\""), 0) == SLICE_NPOS))
		return false;
	n = decode64(slice_from(s, dot + 1), head, sizeof(head));
	return n > 2 && head[0] == '{';
}

static bool is_body(uint8_t c)
{
	return value64(c) >= 0 || c == '=';
}

/* The body of a key in PEM, which stands behind its BEGIN line as it is, or inside of strings of any language. */
static bool pem(struct secret_candidate *c)
{
	struct slice t = c->text;
	size_t i = c->to, run = 0, best = 0, body = 0, limit = c->to + 16384 < t.n ? c->to + 16384 : t.n, last = c->to, head = c->to + 300;
	for (; i < limit; i++) {
		uint8_t ch = t.p[i];
		if (ch == '-' && slice_starts(slice_from(t, i), SLICE("----"))) {
			size_t end = i;
			while (end < t.n && end - i < 80 &&
			        (t.p[end] == '-' || t.p[end] == ' ' || is_upper(t.p[end]) || is_digit(t.p[end])))
				end++;
			while (end > i && t.p[end - 1] == ' ')
				end--;
			last = end;
			break;
		}
		if (ch == '\\' && i + 1 < limit) {
			while (i + 1 < limit && t.p[i + 1] == '\\')
				i++;
			i += i + 1 < limit && strchr("nrt\"'/", t.p[i + 1]) ? 1 : 0;
			run = 0;
			continue;
		}
		if (is_body(ch) && ch != '-') {
			body++;
			run++;
			best = run > best ? run : best;
			last = i + 1;
			continue;
		}
		run = 0;
		if (best < 32 ? i > head || (ch != 0 && !strchr(" \t\r\n\"'+,:;.-()", ch)) : ch == 0 || !strchr(" \t\r\n\"'+,>|#*", ch))
			break;
	}
	c->cut = i >= t.n || i >= c->to + 16384;
	if (best < 32 || body < 40)
		return false;
	/* "MIIEpAIBAAKCAQEA…": what is in it must not be one of a documentation's. */
	if (secret_entropy(slice_sub(t, c->to, 256)) < 4)
		return false;
	c->to = last;
	return true;
}

static bool putty(struct secret_candidate *c)
{
	struct slice near = slice_sub(c->text, c->to, 8192);
	size_t at = slice_find(near, SLICE("Private-Lines: "), 0);
	if (at == SLICE_NPOS)
		return false;
	size_t mac = slice_find(near, SLICE("Private-MAC: "), at), i = mac == SLICE_NPOS ? at + 16 : mac + 13;
	while (i < near.n && (is_word(near.p[i]) || (mac == SLICE_NPOS && (is_body(near.p[i]) || strchr("\r\n\\", near.p[i])))))
		i++;
	c->cut = c->to + i >= c->text.n;
	c->to += i;
	return i > at + 40;
}

static bool weak_word(struct slice s)
{
	static const char *const words[] = {"password", "passwd", "pass", "pwd", "secret", "user", "username", "test", "root", "admin",
	        "postgres", "mysql", "guest", "mypassword", "mysecretpassword", "token", "changeit", "rabbitmq", "redis", "foo", "bar",
	        "baz", "p", "pw", "pass123", "hunter2", "x", "docker", "django", "db_password", "dbpass", "letmein", "pass1"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_eq_nocase(s, slice_str(words[i])))
			return true;
	return false;
}

/* user:password@host behind the "://" that c->to stands at. */
static bool url(struct secret_candidate *c)
{
	struct slice rest = slice_sub(c->text, c->to, 320);
	size_t i = 0, colon = 0, at = 0;
	for (; i < rest.n && rest.p[i] > ' ' && rest.p[i] < 0x7f && !strchr("/\"'<>`\\{}|^()[]", rest.p[i]); i++) {
		if (rest.p[i] == ':' && !colon && !at)
			colon = i + 1;
		if (rest.p[i] == '@')
			at = i;
		if ((rest.p[i] == '?' || rest.p[i] == '#') && !colon)
			break;
	}
	/* A host must follow. */
	if (!colon || at <= colon || at + 1 >= i || !(is_word(rest.p[at + 1])))
		return false;
	struct slice secret = slice_sub(rest, colon, at - colon), host = slice_sub(rest, at + 1, i - at - 1);
	if (secret.n < 4 || weak_word(secret) || secret_made_up(secret) || strchr("$%*:", secret.p[0]))
		return false;
	if (slice_eq(secret, slice_sub(rest, 0, colon - 1)))
		return false;
	if (slice_starts(host, SLICE("localhost")) || slice_starts(host, SLICE("127.")) ||
	        slice_find(host, SLICE("example"), 0) != SLICE_NPOS)
		c->confidence = (uint8_t)(c->confidence * 2 / 3);
	if (secret.n < 8 || secret_wordy(secret, 5) > 70)
		c->confidence = (uint8_t)(c->confidence * 3 / 4);
	c->from = c->to + colon;
	c->to += at;
	return true;
}

static bool basic(struct slice s)
{
	uint8_t out[300];
	size_t n = decode64(s, out, sizeof(out));
	struct slice text = slice_of(out, n);
	size_t colon = slice_chr(text, ':', 0);
	if (colon == SLICE_NPOS || colon == 0 || n - colon - 1 < 3)
		return false;
	for (size_t i = 0; i < n; i++)
		if (out[i] < ' ' || out[i] > '~')
			return false;
	struct slice secret = slice_from(text, colon + 1);
	return !weak_word(secret) && !secret_made_up(secret);
}

static bool discord(struct slice s)
{
	uint8_t out[32];
	size_t dot = slice_chr(s, '.', 0), n = decode64(slice_sub(s, 0, dot == SLICE_NPOS ? 0 : dot), out, sizeof(out));
	for (size_t i = 0; i < n; i++)
		if (!is_digit(out[i]))
			return false;
	return n >= 16 && n <= 21;
}

/* ---- values that only their place gives away */

struct makeup {
	size_t lower, upper, digits, symbols, hex, dots;
};

static struct makeup makeup_of(struct slice s)
{
	struct makeup m = {0};
	for (size_t i = 0; i < s.n; i++) {
		m.lower += is_lower(s.p[i]);
		m.upper += is_upper(s.p[i]);
		m.digits += is_digit(s.p[i]);
		m.hex += hex_value(s.p[i]) >= 0;
		m.dots += s.p[i] == '.';
	}
	m.symbols = s.n - m.lower - m.upper - m.digits;
	return m;
}

static bool is_uuid(struct slice s)
{
	if (s.n != 36)
		return false;
	for (size_t i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23 ? s.p[i] != '-' : hex_value(s.p[i]) < 0)
			return false;
	return true;
}

/* What an assignment in a program, a path or a template has on its right side. */
static bool expression(const struct secret_candidate *c, struct slice s)
{
	uint8_t next = c->to < c->text.n ? c->text.p[c->to] : 0;
	if (next == '(' || next == '[' || next == '{' || next == '<' || next == '$' || (next == '%' && !c->quoted))
		return true;
	if (strchr("/.~$@#%=:-,*^+&", s.p[0]) || slice_find(s, SLICE("://"), 0) != SLICE_NPOS ||
	        slice_find(s, SLICE("::"), 0) != SLICE_NPOS)
		return true;
	return slice_starts(s, SLICE("sha256-")) || slice_starts(s, SLICE("sha512-")) || slice_starts(s, SLICE("sha1-")) ||
	       slice_starts(s, SLICE("sha256:")) || slice_starts(s, SLICE("data:")) || slice_starts(s, SLICE("ssh-"));
}

static void trim(struct secret_candidate *c)
{
	while (c->to > c->from && strchr(".,;:!-*", c->text.p[c->to - 1]))
		c->to--;
}

static bool generic(struct secret_candidate *c)
{
	/* Only at the end of a value stands a "=" that is part of it. */
	for (size_t i = c->from; i + 1 < c->to; i++)
		if (c->text.p[i] == '=' && c->text.p[i + 1] != '=')
			c->to = i;
	trim(c);
	struct slice s = slice_sub(c->text, c->from, c->to - c->from);
	struct makeup m = makeup_of(s);
	if (s.n < 16 || expression(c, s) || is_uuid(s) || m.digits == s.n || secret_entropy(s) < 2.8 || secret_made_up(s))
		return false;
	if (m.hex == s.n)
		return s.n >= 24 && m.digits * 5 >= s.n && m.digits * 10 <= s.n * 9 && !(m.upper && m.lower) && secret_entropy(s) >= 2.9;
	int kinds = (m.lower > 0) + (m.upper > 0) + (m.digits > 0);
	unsigned wordy = secret_wordy(s, 5);
	if (kinds < 2 || m.symbols * 4 > s.n || wordy > (m.digits ? 58 : 48))
		return false;
	if (m.digits == 0 && s.n < 24)
		return false;
	if (m.digits < 2 && (s.n < 20 || wordy > 45) && kinds < 3)
		return false;
	if (!c->quoted && m.dots > 1)
		return false;
	return secret_entropy(s) * 10 >= (s.n < 20 ? 30 : (double)c->entropy);
}

static bool password(struct secret_candidate *c)
{
	trim(c);
	struct slice s = slice_sub(c->text, c->from, c->to - c->from);
	struct makeup m = makeup_of(s);
	if (s.n < 8 || expression(c, s) || is_uuid(s) || secret_made_up(s) || m.digits == s.n || contains(s, "passw") ||
	        contains(s, "secret"))
		return false;
	/* "Enter …", "must be": a sentence in quotes goes on after a blank. */
	if (c->quoted && c->to < c->text.n && strchr(" \t", c->text.p[c->to]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (strchr("(){}[]<>|", s.p[i]))
			return false;
	int kinds = (m.lower > 0) + (m.upper > 0) + (m.digits > 0) + (m.symbols > 0);
	unsigned wordy = secret_wordy(s, 3);
	if (m.hex == s.n && s.n >= 24)
		return m.digits * 5 >= s.n && secret_entropy(s) >= 2.9;
	if (m.digits == 0 && (m.symbols == 0 || wordy > 40))
		return false;
	if (!c->quoted && (kinds < 3 || wordy > 55 || m.dots > 1))
		return false;
	if (kinds == 2 && (m.lower == 0 || wordy > 50 || m.digits < 2))
		return false;
	if (kinds >= 3 && wordy > 80 && (m.digits < 2 || m.symbols == 0))
		return false;
	if (kinds >= 4 && wordy < 60)
		c->confidence = 75;
	return secret_entropy(s) >= 2.5;
}

bool secret_check(enum image_check check, struct secret_candidate *c)
{
	struct slice s = slice_sub(c->text, c->from, c->to - c->from);
	uint8_t bytes[80];
	size_t n;
	switch (check) {
	case CHECK_CRC62:
		c->confidence = crc62(s) ? 99 : 60;
		return true;
	case CHECK_BECH32:
		c->confidence = bech32(s) ? 99 : 60;
		return true;
	case CHECK_JWT:
		return jwt(s);
	case CHECK_PEM:
		return pem(c);
	case CHECK_PUTTY:
		return putty(c);
	case CHECK_URL:
		return url(c);
	case CHECK_BASIC:
		return basic(s);
	case CHECK_DISCORD:
		return discord(s);
	case CHECK_BASE64:
		n = decode64(s, bytes, sizeof(bytes));
		return n >= 24 && secret_entropy(slice_of(bytes, n)) > 3.8;
	case CHECK_GENERIC:
		return generic(c);
	case CHECK_PASSWORD:
		return password(c);
	case CHECK_NONE:
	case CHECK_END:
	default:
		return true;
	}
}
