#include "vet/factor_part.h"

#include <errno.h>

#include "base/random.h"

const char *vet_base_name(enum vet_base b)
{
	return b == BASE_GATEWAY ? "gateway" : "official";
}

size_t factor_find(const char *name)
{
	size_t i = 0;
	while (i < factor_count && strcmp(factor_table[i].name, name) != 0)
		i++;
	return i;
}

/* -- levels beyond the table -- */

static struct extra {
	unsigned factor;
	struct factor_level level;
} extras[FACTOR_EXTRA_MAX];
static size_t n_extras;

int factor_level_add(unsigned factor, const char *name, const char *value, bool quick)
{
	if (factor >= factor_count)
		return -EINVAL;
	for (size_t i = 0; i < factor_level_count(factor); i++)
		if (strcmp(factor_level_at(factor, (unsigned)i)->value, value) == 0)
			return -EEXIST;
	if (n_extras == FACTOR_EXTRA_MAX || factor_level_count(factor) >= UINT8_MAX)
		return -ENOSPC;
	extras[n_extras++] = (struct extra){factor, {name, value, quick}};
	return 0;
}

void factor_level_reset(void)
{
	n_extras = 0;
}

size_t factor_level_count(unsigned factor)
{
	size_t n = factor_table[factor].n_levels;
	for (size_t i = 0; i < n_extras; i++)
		n += extras[i].factor == factor;
	return n;
}

const struct factor_level *factor_level_at(unsigned factor, unsigned level)
{
	const struct factor *f = &factor_table[factor];
	if (level < f->n_levels)
		return &f->levels[level];
	level -= (unsigned)f->n_levels;
	for (size_t i = 0; i < n_extras; i++)
		if (extras[i].factor == factor && level-- == 0)
			return &extras[i].level;
	return NULL;
}

/* -- devices -- */

static const char *const identity_factors[] = {"machine_id", "mac", "home"};

bool factor_of_repository(unsigned factor)
{
	const char *name = factor_table[factor].name;
	return strcmp(name, "git_remote") == 0 || strcmp(name, "git_identity") == 0;
}

bool factor_of_identity(const struct treatment *t, unsigned factor)
{
	bool one = false;
	for (size_t i = 0; i < ARRAY_LEN(identity_factors); i++)
		one |= strcmp(factor_table[factor].name, identity_factors[i]) == 0;
	return t->identity && one && (t->level[factor] == 0 || strcmp(factor_table[factor].name, "machine_id") == 0);
}

const char *factor_identity(unsigned factor, uint32_t identity, struct arena *arena)
{
	static const char consonants[] = "bcdfghjklmnprstv", vowels[] = "aeiou";
	uint64_t state = 0x706f737465726e00 ^ identity;
	uint64_t a = random_next(&state), b = random_next(&state);
	const char *name = factor_table[factor].name;
	if (strcmp(name, "machine_id") == 0)
		return arena_fmt(arena, "%016llx%016llx", (unsigned long long)a, (unsigned long long)b);
	if (strcmp(name, "mac") == 0) /* administered locally, as the base's */
		return arena_fmt(arena, "02:%02x:%02x:%02x:%02x:%02x", (unsigned)(a >> 40 & 0xff), (unsigned)(a >> 32 & 0xff),
		        (unsigned)(a >> 24 & 0xff), (unsigned)(a >> 16 & 0xff), (unsigned)(a >> 8 & 0xff));
	if (strcmp(name, "home") != 0)
		return NULL;
	char word[8];
	for (size_t i = 0; i < 7; i++, b >>= 8)
		word[i] = i % 2 ? vowels[b % 5] : consonants[b % 16];
	word[7] = 0;
	return arena_fmt(arena, "/home/%s%u", word, (unsigned)(b % 8 + 2));
}

int treatment_host(const struct treatment *t, struct arena *arena, struct host_spec *out, const char **gateway)
{
	int r = host_base(out, arena);
	const char *name = NULL;
	for (unsigned i = 0; i < factor_count && r == 0; i++) {
		const struct factor_level *l = factor_level_at(i, t->level[i]);
		if (!l)
			return -EINVAL;
		if (t->base != BASE_GATEWAY && factor_table[i].only_gateway)
			continue;
		const char *value = factor_of_identity(t, i) ? factor_identity(i, t->identity, arena) : l->value;
		r = value ? factor_table[i].apply(out, &name, value) : -ENOMEM;
	}
	if (r == 0)
		*gateway = name;
	return r;
}

/* -- for the appliers -- */

void factor_form_add(struct factor_forms *f, const char *s)
{
	if (!s || !*s || f->n == f->max)
		return;
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->out[i], s) == 0)
			return;
	f->out[f->n++] = s;
}

struct slice factor_until(const char *s, char end)
{
	const char *e = strchr(s, end);
	return slice_of(s, e ? (size_t)(e - s) : strlen(s));
}

int factor_file_put(struct host_spec *h, const char *folder, const char *name, const char *data, mode_t mode)
{
	const char *path = arena_fmt(h->arena, "%s/%s", folder, name);
	if (!path)
		return -ENOMEM;
	return host_file_set(h, &(struct host_file){.path = path, .data = slice_str(data), .mode = mode});
}

int factor_env_put(struct host_spec *h, const struct factor_variable *p, size_t n)
{
	int r = 0;
	for (size_t i = 0; i < n && r == 0; i++)
		r = host_env_set(h, p[i].name, p[i].value);
	return r;
}

size_t no_literals(const struct host_spec *h, const char *gateway, const char **out, size_t max)
{
	(void)h;
	(void)gateway;
	(void)out;
	(void)max;
	return 0;
}
