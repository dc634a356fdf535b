#include "report/picture.h"

#include "report/write.h"

#define ROWS    48
#define COLUMNS 24
#define CELL    22  /* units of the picture; 1 unit is 1 CSS pixel at full size */
#define LEFT    200 /* of the first column */
#define TOP     26  /* of the first row */
#define NAME    29  /* columns of text of a factor's name */

/* What of the result is drawn, in the order in which it is drawn. */
struct plan {
	unsigned row[ROWS], column[COLUMNS]; /* indices of factors, endpoints */
	enum leak_class row_worst[ROWS], column_worst[COLUMNS];
	size_t rows, columns;
};

static enum leak_class worst(const struct vet_result *r, bool of_factor, size_t index)
{
	enum leak_class w = CLASS_NONE;
	for (size_t i = 0; i < r->n_cells; i++)
		if ((of_factor ? r->cells[i].factor : r->cells[i].endpoint) == index && r->cells[i].class > w &&
		        r->cells[i].class < CLASS_END)
			w = r->cells[i].class;
	return w;
}

/* Worst first, and in the order of the model among equals. */
static size_t order(const struct vet_result *r, bool of_factor, size_t n, size_t max, unsigned *out, enum leak_class *out_worst)
{
	size_t k = 0;
	for (int c = CLASS_COVERT; c > CLASS_NONE; c--)
		for (size_t i = 0; i < n && k < max; i++)
			if (worst(r, of_factor, i) == (enum leak_class)c) {
				out[k] = (unsigned)i;
				out_worst[k++] = (enum leak_class)c;
			}
	return k;
}

static void mark(struct buf *b, enum leak_class c, unsigned x, unsigned y)
{
	switch (c) {
	case CLASS_COVERT:
		buf_fmt(b, "<rect class=\"m covert\" x=\"%u\" y=\"%u\" width=\"16\" height=\"16\" rx=\"3\"/>", x - 8, y - 8);
		break;
	case CLASS_HASHED:
		buf_fmt(b, "<path class=\"m hashed\" d=\"M%u %ul8 8l-8 8l-8-8z\"/>", x, y - 8);
		break;
	case CLASS_UNDECLARED:
		buf_fmt(b, "<circle class=\"m undeclared\" cx=\"%u\" cy=\"%u\" r=\"6\"/>", x, y);
		break;
	case CLASS_DISCLOSED:
		buf_fmt(b, "<circle class=\"m disclosed\" cx=\"%u\" cy=\"%u\" r=\"3.5\"/>", x, y);
		break;
	case CLASS_NONE:
	case CLASS_END:
		break;
	}
}

void picture_mark(struct buf *b, enum leak_class c)
{
	buf_str_add(b, "<svg class=key viewBox=\"0 0 20 20\" width=\"16\" height=\"16\" aria-hidden=\"true\">");
	mark(b, c, 10, 10);
	buf_str_add(b, "</svg>");
}

/* The finding that a cell stands for: same factor, class and endpoint. r->n_findings if there is none (then it is folded in another). */
static size_t finding_of(const struct vet_result *r, const struct vet_cell *c)
{
	struct slice factor = slice_str(r->factors[c->factor].name), endpoint = slice_str(r->endpoints[c->endpoint]);
	for (size_t i = 0; i < r->n_findings; i++)
		if (r->findings[i].class == c->class && slice_eq(slice_str(r->findings[i].factor), factor) &&
		        slice_eq(slice_str(r->findings[i].endpoint), endpoint))
			return i;
	return r->n_findings;
}

static void grid(struct buf *b, const struct vet_result *r, const struct plan *p)
{
	unsigned right = LEFT + (unsigned)p->columns * CELL, bottom = TOP + (unsigned)p->rows * CELL;
	for (unsigned i = 0; i < p->columns; i++) {
		unsigned x = LEFT + i * CELL + CELL / 2;
		buf_fmt(b, "<line class=\"g\" x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\"/>", x, TOP, x, bottom);
		buf_fmt(b, "<text class=\"n %s\" x=\"%u\" y=\"%u\" text-anchor=\"middle\">%u</text>", leak_class_name(p->column_worst[i]),
		        x, TOP - 8, i + 1);
	}
	for (unsigned i = 0; i < p->rows; i++) {
		unsigned y = TOP + i * CELL + CELL / 2;
		const struct vet_factor_row *f = &r->factors[p->row[i]];
		struct slice title = slice_str(f->title ? f->title : f->name), fit = write_fit(title, NAME, false);
		buf_fmt(b, "<line class=\"g\" x1=\"%u\" y1=\"%u\" x2=\"%u\" y2=\"%u\"/>", LEFT, y, right, y);
		/* A long name is pressed into the room there is, whatever its letters are. */
		buf_fmt(b, "<text class=\"t %s\" x=\"%u\" y=\"%u\" text-anchor=\"end\"%s>", leak_class_name(p->row_worst[i]), LEFT - 8,
		        y + 4, write_columns(fit) > NAME - 4 ? " textLength=\"188\" lengthAdjust=\"spacingAndGlyphs\"" : "");
		write_html_plain(b, fit);
		buf_str_add(b, fit.n < title.n ? "…</text>" : "</text>");
	}
}

/* The dependences, harmless ones first so that the bad ones lie on top. */
static void cells(struct buf *b, const struct vet_result *r, const struct plan *p)
{
	for (int class = CLASS_DISCLOSED; class <= CLASS_COVERT; class ++)
		for (size_t i = 0; i < r->n_cells; i++) {
			const struct vet_cell *c = &r->cells[i];
			unsigned row = 0, column = 0;
			while (row < p->rows && p->row[row] != c->factor)
				row++;
			while (column < p->columns && p->column[column] != c->endpoint)
				column++;
			if ((int)c->class != class || row == p->rows || column == p->columns)
				continue;
			unsigned x = LEFT + column * CELL + CELL / 2, y = TOP + row * CELL + CELL / 2;
			if (class >= CLASS_HASHED)
				buf_fmt(b, "<path class=\"w %s\" d=\"M%u %uH%uV%u\"/>", leak_class_name(c->class), LEFT, y, x, TOP - 4);
			size_t f = finding_of(r, c);
			if (f < r->n_findings)
				buf_fmt(b, "<a href=\"#f%zu\">", f);
			buf_str_add(b, "<g><title>");
			write_html_plain(b, slice_str(r->factors[c->factor].title));
			buf_str_add(b, " → ");
			write_html_plain(b, slice_sub(slice_str(r->endpoints[c->endpoint]), 0, 300));
			buf_fmt(b, ": %s</title>", leak_class_name(c->class));
			mark(b, c->class, x, y);
			buf_fmt(b, "</g>%s", f < r->n_findings ? "</a>" : "");
		}
}

static void legend(struct buf *b)
{
	buf_str_add(b, "<p class=legend>");
	for (int c = CLASS_COVERT; c > CLASS_NONE; c--) {
		buf_str_add(b, "<span>");
		picture_mark(b, (enum leak_class)c);
		buf_fmt(b, " %s</span> ", leak_class_name((enum leak_class)c));
	}
	buf_str_add(b, "</p>");
}

/* What has no mark needs no row and no column. */
static void rest(struct buf *b, const struct vet_result *r, const struct plan *p)
{
	size_t n = 0, endpoints = 0, drawn = 0;
	for (size_t i = 0; i < r->n_factors; i++)
		if (worst(r, true, i) == CLASS_NONE && n++ < ROWS) {
			const struct vet_factor_row *f = &r->factors[i];
			buf_str_add(b, n == 1 ? "<p class=more>No dependence was found on: " : ", ");
			write_html(b, write_fit(slice_str(f->title ? f->title : f->name), 60, false));
		}
	if (n > ROWS)
		buf_fmt(b, " and %zu more", n - ROWS);
	buf_str_add(b, n ? ".</p>" : "");
	for (size_t i = 0; i < r->n_endpoints; i++)
		endpoints += worst(r, false, i) == CLASS_NONE;
	if (endpoints)
		buf_fmt(b, "<p class=more>%zu more endpoint%s received nothing that depends on what was varied.</p>", endpoints,
		        write_s(endpoints));
	drawn = r->n_factors - n;
	if (p->rows < drawn || p->columns + endpoints < r->n_endpoints)
		buf_fmt(b, "<p class=more>Not drawn: %zu factors and %zu endpoints; report.json has them all.</p>", drawn - p->rows,
		        r->n_endpoints - endpoints - p->columns);
}

void picture_html(struct buf *b, const struct vet_result *r)
{
	struct plan p = {0};
	p.rows = order(r, true, r->n_factors, ROWS, p.row, p.row_worst);
	p.columns = order(r, false, r->n_endpoints, COLUMNS, p.column, p.column_worst);
	unsigned width = LEFT + (unsigned)p.columns * CELL + 4, height = TOP + (unsigned)p.rows * CELL + 4;
	buf_str_add(b, "<figure class=picture>");
	if (p.rows && p.columns) {
		buf_fmt(b,
		        "<div class=drawing><svg class=matrix role=img aria-labelledby=pt viewBox=\"0 0 %u %u\" width=\"%u\" height=\"%u\">"
		        "<title id=pt>Factors of the environment (rows) and endpoints (columns); a mark is a dependence.</title>",
		        width, height, width, height);
		grid(b, r, &p);
		cells(b, r, &p);
		buf_str_add(b, "</svg>");
		legend(b);
		buf_str_add(b, "</div>");
	}
	buf_str_add(b, "<figcaption>");
	if (p.columns)
		buf_str_add(b, "<h3>Endpoints</h3><ol>");
	for (size_t i = 0; i < p.columns; i++) {
		struct slice name = slice_str(r->endpoints[p.column[i]]), shown = write_fit(name, 160, false);
		buf_fmt(b, "<li class=%s><bdi>", leak_class_name(p.column_worst[i]));
		write_html(b, shown);
		buf_fmt(b, "</bdi>%s</li>", shown.n < name.n ? "…" : "");
	}
	buf_str_add(b, p.columns ? "</ol>" : "");
	rest(b, r, &p);
	buf_str_add(b, "</figcaption></figure>");
}
