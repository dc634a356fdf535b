/* The places of the catalogue, compiled so that a name costs one look into a table. */
#include <errno.h>

#include "identify/inventory_part.h"

static unsigned slot_of(struct slice name)
{
	return (unsigned)(slice_hash(name) % PLACE_SLOTS);
}

static bool put(
        struct places *p, size_t room, const char *at, enum place_use use, const struct catalogue_tool *t, const struct catalogue_file *f)
{
	struct place *x = &p->list[p->n];
	struct slice rest = slice_str(at), part;
	if (p->n == room)
		return false;
	*x = (struct place){.use = use, .tool = t, .file = f};
	x->of_home = slice_starts(rest, SLICE("~/"));
	x->of_root = slice_starts(rest, SLICE("/"));
	rest = slice_from(rest, x->of_home ? 2 : x->of_root);
	while (slice_split(&rest, '/', &part) && x->n < PLACE_PARTS)
		x->part[x->n++] = part;
	if (rest.p || x->n == 0)
		return true; /* too deep a place to be one */
	struct slice last = x->part[x->n - 1];
	int *head = slice_chr(last, '*', 0) == SLICE_NPOS ? &p->slot[slot_of(last)] : &p->globs;
	x->next = *head;
	*head = (int)p->n++;
	return true;
}

int places_compile(struct places *p, const struct catalogue *c, struct arena *arena)
{
	size_t room = 0;
	for (size_t i = 0; i < PLACE_SLOTS; i++)
		p->slot[i] = -1;
	p->globs = -1;
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < c->n_tools; i++) {
			const struct catalogue_tool *t = &c->tools[i];
			const struct {
				const char *const *list;
				enum place_use use;
			} lists[] = {{t->folders, PLACE_FOLDER}, {t->instructions, PLACE_INSTRUCTIONS}, {t->skills, PLACE_SKILL},
			        {t->commands, PLACE_COMMAND}};
			for (size_t k = 0; k < ARRAY_LEN(lists); k++)
				for (const char *const *s = lists[k].list; *s; s++)
					if (pass ? !put(p, room, *s, lists[k].use, t, NULL) : !++room)
						return -ENOMEM;
			for (size_t k = 0; k < t->n_files; k++)
				if (pass ? !put(p, room, t->files[k].at, PLACE_FILE, t, &t->files[k]) : !++room)
					return -ENOMEM;
		}
		if (pass == 0 && !(p->list = arena_array(arena, room + 1, sizeof(*p->list))))
			return -ENOMEM;
	}
	return 0;
}

/* A part with at most one star. */
static bool part_fits(struct slice pattern, struct slice name)
{
	size_t star = slice_chr(pattern, '*', 0);
	if (star == SLICE_NPOS)
		return slice_eq(pattern, name);
	return name.n >= pattern.n - 1 && slice_starts(name, slice_sub(pattern, 0, star)) &&
	       slice_ends(name, slice_from(pattern, star + 1));
}

const struct node *places_base(const struct place *p, const struct node *dir)
{
	for (size_t i = 1; dir && i < p->n; i++)
		dir = dir->parent;
	return dir;
}

static bool fits(const struct place *p, const struct node *dir, struct slice name)
{
	size_t i = p->n - 1;
	if (!part_fits(p->part[i], name))
		return false;
	const struct node *d = dir;
	for (; i-- > 0; d = d->parent)
		if (!d || !d->parent || !part_fits(p->part[i], slice_str(d->name)))
			return false;
	if (!d)
		return false;
	if (p->use == PLACE_COMMAND)
		return true;
	if (p->of_root)
		return (d->flags & NODE_SYSTEM) != 0;
	/* A copy of a home counts too, unless the name alone says too little. */
	return !p->of_home || d->flags & NODE_HOME || (p->n > 1 && p->part[0].p[0] == '.');
}

int places_match(const struct places *p, const struct node *dir, struct slice name, bool folder, int from)
{
	bool in_globs = from >= 0 && slice_chr(p->list[from].part[p->list[from].n - 1], '*', 0) != SLICE_NPOS;
	int i = from < 0 ? p->slot[slot_of(name)] : p->list[from].next;
	for (;;) {
		for (; i >= 0; i = p->list[i].next)
			if ((p->list[i].use == PLACE_FOLDER) == folder && fits(&p->list[i], dir, name))
				return i;
		if (in_globs)
			return -1;
		in_globs = true;
		i = p->globs;
	}
}
