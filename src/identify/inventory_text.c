/* Instructions and skills: texts that agents read as orders. */
#include <errno.h>

#include "base/utf8.h"
#include "identify/inventory_part.h"

#define TEXT_BYTES ((size_t)128 << 10)

/* Characters that show nothing and say something to a model: zero widths, directions, tags. Joiners are part of scripts and emoji. */
static size_t hidden_characters(struct slice s)
{
	size_t n = 0;
	uint32_t c = 0;
	for (size_t i = 0, len; i < s.n; i += len ? len : 1) {
		len = utf8_next(s, i, &c);
		n += len && (c == 0x200b || c == 0x2060 || c == 0x180e || (c == 0xfeff && i) || (c >= 0x202a && c <= 0x202e) ||
		                    (c >= 0x2066 && c <= 0x2069) || (c >= 0xe0000 && c <= 0xe007f) || (c >= 0xe0100 && c <= 0xe01ef));
	}
	return n;
}

/* A line "name: value" between the lines "---" at the top. */
static struct slice front_matter(struct slice text, const char *name)
{
	struct slice line;
	if (!slice_starts(text, SLICE("---")) || !slice_split(&text, '\n', &line))
		return SLICE_NONE;
	for (size_t n = 0; n < 60 && slice_split(&text, '\n', &line); n++) {
		if (slice_starts(line, SLICE("---")))
			return SLICE_NONE;
		size_t colon = slice_chr(line, ':', 0);
		if (colon != SLICE_NPOS && slice_is(slice_sub(line, 0, colon), name)) {
			struct slice v = slice_trim(slice_from(line, colon + 1));
			if (v.n > 1 && (v.p[0] == '"' || v.p[0] == '\'') && v.p[v.n - 1] == v.p[0])
				v = slice_sub(v, 1, v.n - 2);
			return v;
		}
	}
	return SLICE_NONE;
}

void look_instructions(struct job *j, int fd, struct spot *s, const struct place *p)
{
	bool skill = p->use == PLACE_SKILL;
	const struct node *base = places_base(p, s->dir);
	_cleanup_fd_ int f = look_open(fd, s);
	if (f < 0) {
		if (f != -ENOENT && f != -EINVAL && f != -ELOOP)
			walk_unread(j, s->dir, s->name, f);
		return;
	}
	struct inventory_finding *x = find_new(j, skill ? INVENTORY_SKILL : INVENTORY_INSTRUCTIONS, s);
	if (!x)
		return;
	if (p->tool->kind != CATALOGUE_SHARED)
		find_tool(x, p->tool);
	x->scope = p->of_root                        ? INVENTORY_OF_SYSTEM
	           : s->dir->flags & NODE_DEPENDENCY ? INVENTORY_OF_DEPENDENCY
	           : base && base->flags & NODE_HOME ? INVENTORY_OF_PERSON
	                                             : INVENTORY_OF_PROJECT;
	x->name = find_text(j, slice_str(skill ? s->dir->name : s->name), 120);
	j->counts.looked++;
	if (!look_read(j, f, TEXT_BYTES, true))
		return;
	struct slice text = buf_slice(&j->text), name = front_matter(text, "name");
	size_t hidden = hidden_characters(text);
	if (skill && name.n)
		x->name = find_text(j, name, 120);
	const struct slice facts[] = {front_matter(text, "description"), front_matter(text, "allowed-tools")};
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		if (!shown_secret(facts[i]))
			find_fact(j, x, i ? "allowed tools" : "description", slice_sub(facts[i], 0, 200));
	x->sure = skill || p->n > 1 ? INVENTORY_LIKELY : INVENTORY_WEAK;
	if (hidden)
		find_risk(j, x, RISK_HIDDEN_TEXT, slice_str(find_fmt(j, "%zu of them", hidden)));
	find_permissions(j, x, s);
}
