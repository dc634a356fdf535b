#include "cmd/vet_mine.h"

#include <errno.h>
#include <inttypes.h>

#include "cmd/cmd.h"
#include "report/hidden.h"
#include "report/write.h"
#include "vet/mined.h"

#define OUTPUT_MAX ((size_t)64 << 20)
#define ARENA_MAX  ((size_t)512 << 20)

static void text(struct buf *b, const struct vet_subject *s, const struct vet_constants *c, unsigned columns)
{
	write_visible(b, slice_str(s->name));
	buf_fmt(b, "%s", s->version[0] ? " " : "");
	write_visible(b, slice_str(s->version));
	buf_fmt(b, ": %" PRIu64 " constants in %" PRIu64 " files, ", c->constants, c->files);
	write_bytes(b, c->bytes);
	buf_fmt(b, "; %zu hidden list%s\n", c->n_hidden, write_s(c->n_hidden));
	for (size_t i = 0; i < c->n_counts; i++)
		buf_fmt(b, "%s%" PRIu64 " %s", i ? ", " : "  ", c->counts[i].n, c->counts[i].title);
	buf_str_add(b, "\n");
	for (int hidden = 1; hidden >= 0; hidden--) {
		struct vet_constants part = *c;
		part.n_lists = 0;
		part.lists = c->lists + (hidden ? 0 : c->n_hidden);
		part.n_lists = hidden ? c->n_hidden : c->n_lists - c->n_hidden;
		part.note = NULL;
		if (part.n_lists)
			buf_fmt(b, "\n  %s\n", hidden ? "HIDDEN" : "IN SOURCE TEXT, OPENLY");
		hidden_text(b, &part, columns, true);
	}
	if (c->note)
		buf_fmt(b, "\n  %s\n", c->note);
}

int vet_mine(const struct vet_subject *s, bool json, unsigned columns, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX);
	_cleanup_buf_ struct buf out = BUF(OUTPUT_MAX);
	struct vet_constants c = {0};
	int r = mined_read(s->constants, &arena, &c);
	if (r < 0)
		return err_sys(err, r, "cannot read the constants");
	if (c.files == 0 && c.note)
		return err_set(err, -EIO, "%s", c.note);
	if (json) {
		hidden_json(&out, &c, 0);
		buf_u8(&out, '\n');
	} else {
		text(&out, s, &c, columns);
	}
	if (buf_error(&out))
		return err_sys(err, buf_error(&out), "cannot show the constants");
	if (cmd_print(&out) != EXIT_OK)
		return err_set(err, -EIO, "the constants could not be printed");
	return c.n_hidden ? EXIT_FOUND : EXIT_OK;
}
