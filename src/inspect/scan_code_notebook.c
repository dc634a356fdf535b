/* Notebooks of Jupyter: what their cells are is put together to one program, and looked into as such; commands behind "!" to one script.
 * What was printed is none of it. */
#include "inspect/scan_code.h"

#include <errno.h>

#include "base/buf.h"
#include "parse/conf.h"

#define NOTEBOOK_MAX ((size_t)64 << 20)
#define NODES        400000u
#define ARENA_MAX    ((size_t)256 << 20)

struct cells {
	struct buf program, script;
	bool shell; /* the cell that is read now is a script */
};

static void line(struct cells *c, struct slice text, bool first)
{
	struct slice t = slice_trim(text);
	if (first)
		c->shell = slice_starts(t, SLICE("%%bash")) || slice_starts(t, SLICE("%%sh")) || slice_starts(t, SLICE("%%script"));
	bool magic = t.n && (t.p[0] == '!' || t.p[0] == '%');
	if (c->shell && !magic) {
		buf_add(&c->script, text);
		buf_u8(&c->script, '\n');
	} else if (t.n && t.p[0] == '!') {
		buf_add(&c->script, slice_from(t, 1));
		buf_u8(&c->script, '\n');
	} else if (!magic)
		buf_add(&c->program, text);
	/* Lines of the program stay as many as they are. */
	buf_u8(&c->program, '\n');
}

/* A text of several lines, or a list of such. */
static void source(struct cells *c, const struct conf *v)
{
	bool first = true, list = v && v->type == CONF_LIST;
	for (const struct conf *l = list ? v->child : v; l; l = list ? l->next : NULL) {
		struct slice rest = conf_is_text(l) ? l->text : SLICE_NONE, one;
		/* What ends a text ends no further line. */
		rest = slice_ends(rest, SLICE("\n")) ? slice_sub(rest, 0, rest.n - 1) : rest;
		while (slice_split(&rest, '\n', &one)) {
			line(c, one, first);
			first = false;
		}
	}
	c->shell = false;
	buf_u8(&c->program, '\n');
}

static int cell(void *arg, const struct conf *v, struct slice key)
{
	const struct conf *type = conf_get(v, SLICE("cell_type"));
	(void)key;
	if (conf_is_text(type) && slice_is(type->text, "code")) {
		/* Before the fourth format it was called otherwise. */
		const struct conf *text = conf_get(v, SLICE("source"));
		source(arg, text ? text : conf_get(v, SLICE("input")));
	}
	return 0;
}

bool code_notebook(struct scan *s, const struct scan_input *in)
{
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX);
	struct conf *root;
	struct conf_error e = {0};
	int r = in->bytes.n > NOTEBOOK_MAX ? -EFBIG : conf_read(CONF_JSON, in->bytes, NODES, &arena, &root, &e);
	if (r == -EFBIG || r == -ENOMEM || e.limit)
		scan_found(s, in, SCAN_RULE_CODE_LIMIT, 0, in->size, "%s", "a notebook that is larger or nested deeper than is read");
	if (r < 0)
		return r == -EFBIG || r == -ENOMEM || e.limit;
	const struct conf *language = conf_at(root, "metadata/language_info/name");
	/* The text of a cell is never longer than the file. */
	struct cells c = {.program = BUF(2 * NOTEBOOK_MAX), .script = BUF(2 * NOTEBOOK_MAX)};
	(void)conf_every(root, "cells/*", cell, &c);
	(void)conf_every(root, "worksheets/*/cells/*", cell, &c);
	bool python = !conf_is_text(language) || slice_is(language->text, "python");
	if (python && slice_trim(buf_slice(&c.program)).n)
		(void)scan_into(s, in, "cells.py", buf_slice(&c.program), c.program.n, false);
	if (c.script.n)
		(void)scan_into(s, in, "cells.sh", buf_slice(&c.script), c.script.n, false);
	if (buf_error(&c.program) || buf_error(&c.script))
		scan_found(s, in, SCAN_RULE_CODE_LIMIT, 0, in->size, "%s", "more cells than are put together");
	buf_free(&c.program);
	buf_free(&c.script);
	return true;
}
