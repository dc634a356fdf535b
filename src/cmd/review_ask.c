/* postern review --interactive: one after the other, flagged ones first. */
#include <stdio.h>
#include <stdlib.h>

#include "cmd/review.h"

static void print(struct buf *b)
{
	(void)fwrite(b->p, 1, b->n, stdout);
	(void)fflush(stdout);
	buf_reset(b);
}

static void pick(struct change_set *set, const struct review_unit *u)
{
	for (size_t i = u->first; i < u->end; i++)
		if (review_in_unit(set, u, i))
			set->change[i].picked = true;
}

static void pick_rest(struct change_set *set, const struct review_units *u, size_t from)
{
	for (size_t i = from; i < u->n; i++)
		if (i >= u->runs + u->look)
			pick(set, &u->unit[i]);
}

/* The first letter of an answer; 0 at the end of the input. */
static int answer(void)
{
	char line[64];
	(void)fputs("apply? [y]es, [n]o, [d]iff, [a]ll that is not flagged, [q]uit and apply nothing: ", stdout);
	(void)fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return 0;
	/* What does not fit is no answer. */
	if (!strchr(line, '\n'))
		for (int c = getchar(); c != EOF && c != '\n';)
			c = getchar();
	return line[0] == '\n' ? ' ' : line[1] == '\n' ? line[0] : '?';
}

bool review_ask(const struct change_source *s, struct change_set *set, size_t diff_limit)
{
	_cleanup_buf_ struct buf out = BUF((size_t)64 << 20);
	struct review_units u;
	bool go = true;
	if (review_units(set, &u) < 0)
		return false;
	for (size_t i = 0; i < u.n && go;) {
		const struct change *c = &set->change[u.unit[i].first];
		buf_fmt(&out, "\n%zu of %zu%s\n", i + 1, u.n, c->flags ? ", flagged" : "");
		review_show_unit(&out, s, set, &u.unit[i], true);
		print(&out);
		switch (answer()) {
		case 'y':
			pick(set, &u.unit[i++]);
			break;
		case 'n':
			i++;
			break;
		case 'd':
			for (size_t k = u.unit[i].first; k < u.unit[i].end; k++)
				if (review_in_unit(set, &u.unit[i], k))
					review_diff(&out, s, &set->change[k], diff_limit);
			print(&out);
			break;
		case 'a':
			/* What is flagged is asked about, whatever was said before. */
			if (i < u.runs + u.look) {
				(void)puts("This one is flagged: y or n.");
				break;
			}
			pick_rest(set, &u, i);
			i = u.n;
			break;
		case 'q':
		case 0:
			go = false;
			break;
		default:
			(void)puts("y, n, d, a or q.");
			break;
		}
	}
	free(u.unit);
	return go;
}
