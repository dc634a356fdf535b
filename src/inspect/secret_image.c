/* Opening an image: every number in it is held against the size of what it points into. */
#include "inspect/secret_image.h"

static const char *const checks[] = {[CHECK_NONE] = "none",
        [CHECK_CRC62] = "crc62",
        [CHECK_BECH32] = "bech32",
        [CHECK_JWT] = "jwt",
        [CHECK_PEM] = "pem",
        [CHECK_PUTTY] = "putty",
        [CHECK_URL] = "url",
        [CHECK_BASIC] = "basic",
        [CHECK_DISCORD] = "discord",
        [CHECK_BASE64] = "base64",
        [CHECK_GENERIC] = "generic",
        [CHECK_PASSWORD] = "password"};

enum image_check image_check_of(struct slice name)
{
	int i = 0;
	while (i < CHECK_END && !slice_is(name, checks[i]))
		i++;
	return (enum image_check)i;
}

static bool part(struct slice all, uint32_t at, uint64_t count, size_t size, const void *out)
{
	if (at % 8 != 0 || at > all.n || count > (all.n - at) / size)
		return false;
	const void *p = all.p + at;
	memcpy((void *)(uintptr_t)out, &p, sizeof(p));
	return true;
}

static bool patterns_fit(const struct image *m)
{
	const struct image_head *h = m->head;
	for (uint32_t i = 0; i < h->n_rules; i++)
		if (m->rules[i].name >= h->n_strings || m->rules[i].what >= h->n_strings || m->rules[i].check >= CHECK_END)
			return false;
	for (uint32_t i = 0; i < h->n_patterns; i++) {
		const struct image_pattern *p = &m->patterns[i];
		if (p->rule >= h->n_rules || p->literal >= h->n_strings || p->fixed > h->n_strings - p->literal || p->reach > IMAGE_REACH)
			return false;
		if (p->atom > h->n_atoms || (uint32_t)p->before + p->after > h->n_atoms - p->atom)
			return false;
	}
	for (uint32_t i = 0; i < h->n_atoms; i++)
		if (m->atoms[i].set >= h->n_sets || m->atoms[i].min > m->atoms[i].max)
			return false;
	return true;
}

bool image_open(struct slice bytes, struct image *out)
{
	struct image m = {0};
	if (bytes.n < sizeof(*m.head) || (uintptr_t)bytes.p % 8 != 0)
		return false;
	m.head = (const void *)bytes.p;
	const struct image_head *h = m.head;
	const uint8_t *database = NULL;
	if (h->magic != IMAGE_MAGIC || h->size != bytes.n)
		return false;
	if (!part(bytes, h->rules, h->n_rules, sizeof(*m.rules), &m.rules) ||
	        !part(bytes, h->patterns, h->n_patterns, sizeof(*m.patterns), &m.patterns) ||
	        !part(bytes, h->atoms, h->n_atoms, sizeof(*m.atoms), &m.atoms) ||
	        !part(bytes, h->sets, h->n_sets, sizeof(*m.sets), &m.sets) ||
	        !part(bytes, h->literals, h->n_literals, sizeof(*m.literals), &m.literals) ||
	        !part(bytes, h->uses, h->n_uses, sizeof(*m.uses), &m.uses) || !part(bytes, h->strings, h->n_strings, 1, &m.strings) ||
	        !part(bytes, h->database, h->n_database, 1, &database))
		return false;
	m.database = slice_of(database, h->n_database);
	if (h->n_strings == 0 || m.strings[h->n_strings - 1] != 0 || h->n_runs > h->n_patterns || !patterns_fit(&m))
		return false;
	for (uint32_t i = 0; i < h->n_literals; i++)
		if (m.literals[i].use > h->n_uses || m.literals[i].n_uses > h->n_uses - m.literals[i].use ||
		        m.literals[i].length > h->longest)
			return false;
	for (uint32_t i = 0; i < h->n_uses; i++)
		if (m.uses[i].form > FORM_DEFLATE || (m.uses[i].form <= FORM_NEAR && m.uses[i].index >= h->n_patterns))
			return false;
	*out = m;
	return true;
}
