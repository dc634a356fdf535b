#include "inspect/scan_popular.h"

#include "base/buf.h"

#define SHORTEST 5u /* of popular names: shorter ones all look alike */
#define LONG     7u /* in names of so many letters any one of them counts */
#define NAME_MAX 128u

static const char *const npm[] = {
#define POPULAR_NPM(names) names,
#include "inspect/scan_popular_table.h"
#undef POPULAR_NPM
        NULL};
static const char *const pypi[] = {
#define POPULAR_PYPI(names) names,
#include "inspect/scan_popular_table.h"
#undef POPULAR_PYPI
        NULL};
static const char *const crates[] = {
#define POPULAR_CRATES(names) names,
#include "inspect/scan_popular_table.h"
#undef POPULAR_CRATES
        NULL};
static const char *const honest[] = {
#define HONEST(names) names,
#include "inspect/scan_popular_table.h"
#undef HONEST
        NULL};
static const char *const scopes[] = {
#define POPULAR_SCOPES(names) names,
#include "inspect/scan_popular_table.h"
#undef POPULAR_SCOPES
        NULL};

static bool is_separator(uint8_t c)
{
	return c == '-' || c == '_' || c == '.';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* But for separators, are they the same? */
static bool same_letters(struct slice a, struct slice b)
{
	size_t i = 0, k = 0;
	for (;;) {
		while (i < a.n && is_separator(a.p[i]))
			i++;
		while (k < b.n && is_separator(b.p[k]))
			k++;
		if (i == a.n || k == b.n)
			return i == a.n && k == b.n;
		if (a.p[i++] != b.p[k++])
			return false;
	}
}

static bool look_alike(uint8_t a, uint8_t b)
{
	static const uint8_t pairs[][2] = {{'0', 'o'}, {'1', 'l'}, {'1', 'i'}, {'5', 's'}};
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		if ((a == pairs[i][0] && b == pairs[i][1]) || (a == pairs[i][1] && b == pairs[i][0]))
			return true;
	return false;
}

/* Of the same length. `a` and `b` are what stands from the first letter on that is another. */
static bool exchanged(struct slice a, struct slice b, bool any)
{
	if (a.n > 1 && a.p[0] == b.p[1] && a.p[1] == b.p[0] && slice_eq(slice_from(a, 2), slice_from(b, 2)))
		return true;
	if (a.n == 0 || !slice_eq(slice_from(a, 1), slice_from(b, 1)))
		return false;
	/* A digit is a version: boto and boto3. */
	return look_alike(a.p[0], b.p[0]) || (any && !is_digit(a.p[0]) && !is_digit(b.p[0]));
}

static bool is_near(struct slice name, struct slice popular, bool strict)
{
	bool any = !strict && popular.n >= LONG;
	size_t i = 0;
	if (popular.n < SHORTEST || slice_eq(name, popular))
		return false;
	if (same_letters(name, popular))
		return true;
	while (i < name.n && i < popular.n && name.p[i] == popular.p[i])
		i++;
	if (name.n == popular.n)
		return exchanged(slice_from(name, i), slice_from(popular, i), any);
	struct slice more = name.n > popular.n ? name : popular, less = name.n > popular.n ? popular : name;
	if (more.n != less.n + 1 || !slice_eq(slice_from(more, i + 1), slice_from(less, i)) || is_digit(more.p[i]))
		return false;
	bool doubled = (i > 0 && more.p[i - 1] == more.p[i]) || (i + 1 < more.n && more.p[i + 1] == more.p[i]);
	return doubled || any;
}

static bool is_in(const char *const *lists, struct slice name)
{
	struct slice one;
	for (; *lists; lists++)
		for (struct slice rest = slice_str(*lists); slice_split(&rest, ' ', &one);)
			if (slice_eq(one, name))
				return true;
	return false;
}

static struct slice near_one_of(const char *const *lists, struct slice name, bool strict)
{
	struct slice one;
	if (name.n < SHORTEST - 1 || name.n > NAME_MAX || is_in(lists, name))
		return SLICE_NONE;
	for (; *lists; lists++)
		for (struct slice rest = slice_str(*lists); slice_split(&rest, ' ', &one);)
			if (is_near(name, one, strict))
				return one;
	return SLICE_NONE;
}

struct slice popular_like(enum popular of, struct slice name)
{
	if (is_in(honest, name))
		return SLICE_NONE;
	if (of == POPULAR_OF_PYPI || of == POPULAR_OF_CRATES)
		return near_one_of(of == POPULAR_OF_PYPI ? pypi : crates, name, of == POPULAR_OF_CRATES);
	if (name.n && name.p[0] == '@') {
		size_t slash = slice_chr(name, '/', 0);
		return near_one_of(scopes, slice_sub(name, 1, slash == SLICE_NPOS ? 0 : slash - 1), true);
	}
	return near_one_of(npm, name, false);
}
