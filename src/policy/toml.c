#include "policy/import_part.h"

#include <errno.h>

#include "base/buf.h"
#include "parse/conf.h"

#define KEYS_MAX 10000

struct flat {
	struct arena *a;
	struct toml **last;
	size_t left;
};

/* The texts of a list; what is none is left out. */
static int put_list(struct flat *f, const struct conf *c, struct toml *t)
{
	size_t n = 0;
	const char **items = arena_array(f->a, c->n + 1, sizeof(*items));
	if (!items)
		return -ENOMEM;
	for (const struct conf *x = c->child; x; x = x->next) {
		if (x->type == CONF_TEXT && !(x->text.n && memchr(x->text.p, 0, x->text.n)))
			items[n++] = (const char *)x->text.p;
		else
			t->mixed = true;
	}
	t->type = TOML_LIST;
	t->list = items;
	return 0;
}

/* A value, or everything in a map, with the keys that lead there; of lists of maps as if each were alone. */
static int flatten(struct flat *f, const struct conf *c, const char *path)
{
	bool tables = c->type == CONF_LIST && c->child && c->child->type == CONF_MAP;
	for (const struct conf *x = c->type == CONF_MAP || tables ? c->child : NULL; x; x = x->next) {
		const char *below = path;
		if (x->key.p)
			below = path[0] ? arena_fmt(f->a, "%s.%.*s", path, SLICE_FMT(x->key)) : arena_str(f->a, x->key);
		int r = !below ? -ENOMEM : x->type == CONF_NULL ? 0 : flatten(f, x, below);
		if (r < 0)
			return r;
	}
	if (c->type == CONF_MAP || tables || f->left == 0)
		return 0;
	struct toml *t = arena_alloc(f->a, sizeof(*t));
	if (!t)
		return -ENOMEM;
	*t = (struct toml){
	        .path = path, .type = c->type == CONF_TEXT ? TOML_TEXT : TOML_BARE, .text = (const char *)c->text.p, .line = c->line};
	int r = c->type == CONF_LIST ? put_list(f, c, t) : 0;
	*f->last = t;
	f->last = &t->next;
	f->left--;
	return r;
}

int toml_read(struct slice in, struct arena *arena, struct toml **out, unsigned *line, const char **why)
{
	struct conf *root;
	struct conf_error e;
	struct toml *first = NULL;
	int r = conf_read(CONF_TOML, in, (size_t)4 * KEYS_MAX, arena, &root, &e);
	if (r == -EBADMSG) {
		*line = e.line;
		*why = e.reason;
	}
	if (r < 0)
		return r;
	struct flat f = {.a = arena, .last = &first, .left = KEYS_MAX};
	r = flatten(&f, root, "");
	if (r == 0)
		*out = first;
	return r;
}
