/* Digests in lock files, for scan_change: what is under a version that stays the same. The file as it was and as it is are compared by
 * package and version, so that another version, or one that came or went, is nothing. */
#include <stdlib.h>

#include "inspect/scan_change_depend.h"

#define PINS_MAX   200000u
#define WORDS_MAX  8u /* digests of one entry */
#define NAME_SHOWN 100
#define SUM_SHOWN  28
#define PLACES_MAX 400u
#define SAME_MAX   100u /* of one version that are compared */

struct change_pin {
	uint64_t key; /* of name and version */
	struct slice name, version, digest;
	unsigned kind; /* of digest: those of another kind cannot be compared */
};
struct change_pins {
	struct change_pin *pin;
	size_t n, room;
};

/* Hex by its length, others by what stands in front; a larger number is a stronger one. */
static unsigned kind_of(struct slice digest)
{
	static const char *const fronts[] = {"", "md5", "sha1", "sha256", "sha384", "sha512", NULL};
	size_t n = 0;
	while (n < digest.n && digest.p[n] != '-' && digest.p[n] != ':' && digest.p[n] != '=')
		n++;
	for (unsigned i = 1; fronts[i] && n < digest.n; i++)
		if (slice_is(slice_sub(digest, 0, n), fronts[i]))
			return i;
	return n < digest.n ? 8 + (unsigned)(slice_hash(slice_sub(digest, 0, n)) % 100000) : digest.n == 40 ? 2 : digest.n == 64 ? 3 : 0;
}

static bool make_room(struct change_facts *f)
{
	struct change_pins *p = f->pins;
	if (p && p->n < p->room)
		return true;
	if (!p)
		p = arena_alloc(f->arena, sizeof(*p));
	else if (p->n >= PINS_MAX)
		p = NULL;
	if (!p) {
		f->cut = true;
		return false;
	}
	if (!f->pins)
		*p = (struct change_pins){0};
	size_t more = p->room ? 2 * p->room : 256;
	struct change_pin *larger = arena_array(f->arena, more, sizeof(*larger));
	if (!larger) {
		f->cut = true;
		return false;
	}
	if (p->n)
		memcpy(larger, p->pin, p->n * sizeof(*larger));
	p->pin = larger;
	p->room = more;
	f->pins = p;
	return true;
}

/* What a parser made is gone when it ends; what stands in the text stays. */
static struct slice kept(struct change_facts *f, struct slice s)
{
	bool here = s.p >= f->text.p && s.p < f->text.p + f->text.n;
	return here || !s.n ? s : arena_copy(f->arena, s);
}

void change_pin(struct change_facts *f, struct slice name, struct slice version, struct slice place, struct slice digest)
{
	const uint64_t key = (slice_hash(name) * 31 + slice_hash(version)) * 31 + slice_hash(place);
	struct slice one;
	for (unsigned i = 0; i < WORDS_MAX && name.n && slice_split(&digest, ' ', &one); i++) {
		if (!one.n)
			continue;
		if (!make_room(f))
			return;
		struct change_pin *to = &f->pins->pin[f->pins->n];
		*to = (struct change_pin){.key = key, .kind = kind_of(one)};
		to->name = kept(f, name);
		to->version = kept(f, version);
		to->digest = kept(f, one);
		/* Without memory one of them is empty. */
		f->cut |= !to->digest.n;
		f->pins->n += to->digest.n > 0;
	}
}

static int by_key(const void *a, const void *b)
{
	uint64_t x, y;
	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return x != y ? (x < y ? -1 : 1) : 0;
}

void change_sort(void *elements, size_t n, size_t size)
{
	if (n)
		qsort(elements, n, size, by_key);
}

size_t change_first(const void *elements, size_t n, size_t size, uint64_t key)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (by_key((const char *)elements + middle * size, &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t first_of(const struct change_pins *p, uint64_t key)
{
	return change_first(p->pin, p->n, sizeof(*p->pin), key);
}

/* What it was, if it is not among those: one of the same kind; or a stronger one, if none of a kind that was there is there now. NULL: it
 * is one of them, or there was none. */
static const struct change_pin *other(const struct change_pins *old, const struct change_pins *now, const struct change_pin *is)
{
	const struct change_pin *same = NULL, *stronger = NULL;
	const size_t o = first_of(old, is->key), n = first_of(now, is->key);
	for (size_t i = o; i < old->n && i < o + SAME_MAX && old->pin[i].key == is->key; i++) {
		const struct change_pin *was = &old->pin[i];
		if (was->kind == is->kind && slice_eq(was->digest, is->digest))
			return NULL;
		if (was->kind == is->kind)
			same = was;
		else if (was->kind > is->kind && was->kind < 8)
			stronger = was;
	}
	for (size_t i = n; !same && stronger && i < now->n && i < n + SAME_MAX && now->pin[i].key == is->key; i++)
		if (now->pin[i].kind == stronger->kind)
			stronger = NULL;
	return same ? same : stronger;
}

void change_pins_other(struct change_facts *f, const struct change_pins *old)
{
	struct change_pins *now = f->pins;
	if (!now || !old || f->test)
		return;
	change_sort(now->pin, now->n, sizeof(*now->pin));
	change_sort(old->pin, old->n, sizeof(*old->pin));
	for (size_t i = 0, told = 0; i < now->n; i++) {
		const struct change_pin *is = &now->pin[i], *was = other(old, now, is);
		/* More than are shown need no place. */
		size_t at = was && told++ < PLACES_MAX ? slice_find(f->text, is->digest, 0) : 0;
		if (was)
			change_add(f, SCAN_RULE_CHANGE_LOCK_DIGEST, CHANGE_EACH, is->digest, at == SLICE_NPOS ? 0 : at, is->digest.n,
			        "%.*s%s%.*s: %.*s, and was %.*s", SLICE_FMT(slice_sub(is->name, 0, NAME_SHOWN)), is->version.n ? " " : "",
			        SLICE_FMT(slice_sub(is->version, 0, NAME_SHOWN)), SLICE_FMT(slice_sub(is->digest, 0, SUM_SHOWN)),
			        SLICE_FMT(slice_sub(was->digest, 0, SUM_SHOWN)));
	}
}
