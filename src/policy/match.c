#include "policy/match.h"

#include <arpa/inet.h>
#include <errno.h>

#include "base/encode.h"

/* Both kinds of star remember where they stood; going back to the later one is enough, because a single star cannot pass a '/' that the
 * double one before it has not reached yet. */
bool match_glob(struct slice g, struct slice t)
{
	size_t i = 0, k = 0, star = SLICE_NPOS, star_at = 0, two = SLICE_NPOS, two_at = 0;
	for (;;) {
		if (i < g.n && g.p[i] == '*') {
			if (i + 1 < g.n && g.p[i + 1] == '*') {
				i += 2;
				two = i;
				two_at = k;
				star = SLICE_NPOS;
			} else {
				star = ++i;
				star_at = k;
			}
			continue;
		}
		if (k < t.n && i < g.n && (g.p[i] == '?' ? t.p[k] != '/' : g.p[i] == t.p[k])) {
			i++;
			k++;
			continue;
		}
		if (k == t.n && i == g.n)
			return true;
		if (star != SLICE_NPOS && star_at < t.n && t.p[star_at] != '/') {
			i = star;
			k = ++star_at;
			continue;
		}
		if (two != SLICE_NPOS && two_at < t.n) {
			star = SLICE_NPOS;
			i = two;
			k = ++two_at;
			continue;
		}
		return false;
	}
}

bool match_path(struct slice pattern, struct slice path)
{
	if (pattern.n == 0 || pattern.p[pattern.n - 1] != '/')
		return match_glob(pattern, path);
	if (!match_is_pattern(pattern))
		return slice_starts(path, pattern);
	/* Some beginning of the path that ends in '/' must fit. */
	for (size_t i = 0; (i = slice_chr(path, '/', i)) != SLICE_NPOS; i++)
		if (match_glob(pattern, slice_sub(path, 0, i + 1)))
			return true;
	return false;
}

bool match_is_pattern(struct slice s)
{
	return match_literal(s) < s.n;
}

size_t match_literal(struct slice s)
{
	size_t i = 0;
	while (i < s.n && s.p[i] != '*' && s.p[i] != '?')
		i++;
	return i;
}

bool match_is_address(struct slice host)
{
	if (slice_chr(host, ':', 0) != SLICE_NPOS)
		return true;
	bool digits = host.n > 0;
	for (size_t i = 0; i < host.n; i++)
		digits = digits && ((host.p[i] >= '0' && host.p[i] <= '9') || host.p[i] == '.');
	return digits;
}

bool match_host(struct slice pattern, struct slice host)
{
	if (!slice_starts(pattern, SLICE("*.")))
		return slice_eq(pattern, host);
	struct slice suffix = slice_from(pattern, 1);
	return host.n > suffix.n && slice_ends(host, suffix) && !match_is_address(host);
}

bool policy_host(struct slice in, char out[256])
{
	struct in_addr four;
	struct in6_addr six;
	char text[64];
	bool digits = true;
	if (in.n >= 2 && in.p[0] == '[' && in.p[in.n - 1] == ']')
		in = slice_sub(in, 1, in.n - 2);
	else if (in.n && in.p[in.n - 1] == '.')
		in.n--;
	if (in.n == 0 || in.n > 253)
		return false;
	if (slice_chr(in, ':', 0) != SLICE_NPOS) {
		if (in.n >= sizeof(text))
			return false;
		memcpy(text, in.p, in.n);
		text[in.n] = 0;
		/* One way to write each: an IPv4 address in an IPv6 one is that IPv4 address. */
		if (inet_pton(AF_INET6, text, &six) != 1)
			return false;
		if (IN6_IS_ADDR_V4MAPPED(&six)) {
			memcpy(&four, six.s6_addr + 12, 4);
			return inet_ntop(AF_INET, &four, out, 256) != NULL;
		}
		return inet_ntop(AF_INET6, &six, out, 256) != NULL;
	}
	size_t label = 0;
	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];
		if (c >= 'A' && c <= 'Z')
			c = (uint8_t)(c + 32);
		bool letter = c >= 'a' && c <= 'z', digit = c >= '0' && c <= '9';
		if (!letter && !digit && c != '-' && c != '_' && c != '.')
			return false;
		label = c == '.' ? 0 : label + 1;
		if ((c == '.' && (i == 0 || in.p[i - 1] == '.')) || label > 63)
			return false;
		digits = digits && (digit || c == '.');
		out[i] = (char)c;
	}
	out[in.n] = 0;
	/* The last label of a name is never a number: "0x7f.1" and "127.1" are addresses that some resolvers understand. */
	size_t last = in.n;
	while (last && out[last - 1] != '.')
		last--;
	if (out[last] >= '0' && out[last] <= '9' && !digits) {
		bool number = true;
		for (size_t i = last; i < in.n; i++)
			number = number &&
			         ((out[i] >= '0' && out[i] <= '9') ||
			                 (out[last] == '0' && out[last + 1] == 'x' && (i <= last + 1 || hex_value((uint8_t)out[i]) >= 0)));
		if (number)
			return false;
	}
	return !digits || inet_pton(AF_INET, out, &four) == 1;
}

int policy_path(struct slice target, bool encoded_slash, char *out, size_t n, const char **why)
{
	size_t at = 0, segment = 0;
	*why = NULL;
	/* The absolute form names the host again; the engine has compared it already. */
	if (!slice_starts(target, SLICE("/"))) {
		size_t scheme = slice_find(target, SLICE("://"), 0);
		size_t slash = scheme == SLICE_NPOS ? SLICE_NPOS : slice_chr(target, '/', scheme + 3);
		if (scheme == SLICE_NPOS || scheme > 5) {
			*why = "it does not begin with '/'";
			return -EBADMSG;
		}
		target = slash == SLICE_NPOS ? SLICE("/") : slice_from(target, slash);
	}
	for (size_t i = 0; i <= target.n; i++) {
		uint8_t c = i < target.n ? target.p[i] : 0;
		bool end = i == target.n || c == '?' || c == '#';
		if (!end && c == '%') {
			int high = i + 2 < target.n ? hex_value(target.p[i + 1]) : -1,
			    low = i + 2 < target.n ? hex_value(target.p[i + 2]) : -1;
			if (high < 0 || low < 0)
				*why = "it has a percent sign that is no escape";
			c = (uint8_t)((high < 0 ? 0 : high) << 4 | (low < 0 ? 0 : low));
			i += 2;
			if (c == '/' && !encoded_slash)
				*why = "it has an encoded slash (%2F)";
			else if (c == '.')
				*why = "it has an encoded dot (%2E)";
			else if (c == '%')
				*why = "it is encoded twice (%25)";
		}
		if (!end && (c < 0x20 || c == 0x7f))
			*why = "it has a control character";
		else if (!end && c == '\\')
			*why = "it has a backslash";
		else if (!end && c == ';')
			*why = "it has parameters (;), which servers read in different ways";
		if (*why)
			return -EBADMSG;
		if (end || c == '/') {
			struct slice part = slice_of(out + segment, at - segment);
			/* at == 0: the slash in front; else what is between two slashes, or behind the last one */
			if (at > 0 && (slice_is(part, ".") || slice_is(part, "..")))
				*why = "it has \".\" or \"..\" as a part";
			else if (at > 0 && part.n == 0 && !end)
				*why = "it has two slashes in a row";
			if (*why)
				return -EBADMSG;
			if (end)
				break;
		}
		if (at + 1 >= n)
			return -ENOBUFS;
		out[at++] = (char)c;
		if (c == '/')
			segment = at;
	}
	out[at] = 0;
	return 0;
}

bool match_args(const char *const *pattern, size_t n, const struct slice *argv, size_t argc)
{
	size_t i = 0, k = 1, dots = SLICE_NPOS, dots_at = 0;
	for (;;) {
		if (i < n && strcmp(pattern[i], "...") == 0) {
			dots = ++i;
			dots_at = k;
			continue;
		}
		if (i < n && k < argc && match_glob(slice_str(pattern[i]), argv[k])) {
			i++;
			k++;
			continue;
		}
		if (i == n && k >= argc)
			return true;
		if (dots == SLICE_NPOS || dots_at >= argc)
			return false;
		i = dots;
		k = ++dots_at;
	}
}

size_t match_depth(struct slice path)
{
	size_t n = 0;
	for (size_t i = 0; i < path.n; i++)
		n += path.p[i] == '/' && i + 1 < path.n;
	return n;
}

bool match_below(struct slice folder, struct slice path)
{
	if (folder.n == 1)
		return path.n >= 1;
	return slice_starts(path, folder) && (path.n == folder.n || path.p[folder.n] == '/');
}

/* Versions. */

struct version {
	uint64_t number[4];
	size_t n;         /* numbers that were written */
	struct slice pre; /* behind the first '-' */
};

static bool version_read(struct slice s, struct version *v)
{
	*v = (struct version){0};
	if (s.n && (s.p[0] == 'v' || s.p[0] == 'V'))
		s = slice_from(s, 1);
	size_t plus = slice_chr(s, '+', 0);
	s = slice_sub(s, 0, plus == SLICE_NPOS ? s.n : plus);
	size_t dash = slice_chr(s, '-', 0);
	if (dash != SLICE_NPOS) {
		v->pre = slice_from(s, dash + 1);
		s = slice_sub(s, 0, dash);
		if (v->pre.n == 0)
			return false;
	}
	struct slice part;
	while (slice_split(&s, '.', &part))
		if (v->n == ARRAY_LEN(v->number) || !slice_u64(part, UINT64_MAX, &v->number[v->n++]))
			return false;
	return v->n > 0;
}

bool match_version_known(struct slice version)
{
	struct version v;
	return version_read(version, &v);
}

static int pre_compare(struct slice a, struct slice b)
{
	struct slice x, y;
	uint64_t m, n;
	if (a.n == 0 || b.n == 0)
		return (a.n == 0) - (b.n == 0);
	for (;;) {
		bool more_a = slice_split(&a, '.', &x), more_b = slice_split(&b, '.', &y);
		if (!more_a || !more_b)
			return (int)more_a - (int)more_b;
		bool number_a = slice_u64(x, UINT64_MAX, &m), number_b = slice_u64(y, UINT64_MAX, &n);
		int c = number_a && number_b ? (m > n) - (m < n) : number_a != number_b ? (number_b ? 1 : -1) : slice_cmp(x, y);
		if (c)
			return c;
	}
}

static int version_compare(const struct version *a, const struct version *b)
{
	for (size_t i = 0; i < ARRAY_LEN(a->number); i++)
		if (a->number[i] != b->number[i])
			return a->number[i] < b->number[i] ? -1 : 1;
	return pre_compare(a->pre, b->pre);
}

/* One comparator: an operator and a version; without an operator it is equality. */
static bool comparator(struct slice s, unsigned *op, struct version *v)
{
	static const char *const ops[] = {">=", "<=", ">", "<", "="};
	*op = 4;
	for (unsigned i = 0; i < ARRAY_LEN(ops); i++)
		if (slice_starts(s, slice_str(ops[i]))) {
			*op = i;
			s = slice_from(s, strlen(ops[i]));
			break;
		}
	return version_read(s, v);
}

static bool next_word(struct slice *rest, struct slice *word)
{
	*rest = slice_trim(*rest);
	if (rest->n == 0)
		return false;
	size_t end = 0;
	while (end < rest->n && rest->p[end] != ' ')
		end++;
	*word = slice_sub(*rest, 0, end);
	*rest = slice_from(*rest, end);
	return true;
}

const char *match_range_check(const char *range)
{
	struct slice rest = slice_str(range), word;
	struct version v;
	unsigned op;
	bool open = false;
	while (next_word(&rest, &word)) {
		if (slice_is(word, "||")) {
			if (!open)
				return "there is nothing before \"||\"";
			open = false;
			continue;
		}
		if (!slice_is(word, "*") && !comparator(word, &op, &v))
			return "it should be made of parts like \">=1.2.0\", \"<2\" or \"1.4.1\", with \"||\" between alternatives";
		open = true;
	}
	return open ? NULL : "it ends where a version should be";
}

bool policy_version_in(const char *range, struct slice version)
{
	struct slice rest = slice_str(range), word;
	struct version v, is;
	unsigned op;
	bool fits = true;
	if (!version_read(version, &is))
		return false;
	while (next_word(&rest, &word)) {
		if (slice_is(word, "||")) {
			if (fits)
				return true;
			fits = true;
			continue;
		}
		if (slice_is(word, "*"))
			continue;
		if (!comparator(word, &op, &v))
			return false;
		int c = version_compare(&is, &v);
		const bool holds[] = {c >= 0, c <= 0, c > 0, c < 0, c == 0};
		fits = fits && holds[op];
	}
	return fits;
}
