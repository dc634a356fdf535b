/* tar archives, in which the oldest torch.save() and others put pickles. */
#include <errno.h>
#include <stdio.h>

#include "inspect/scan_part.h"
#include "parse/tar.h"

#define NAME_SHOWN 400

/* A description of the next member (x, X) or of all (g): "24 path=…" lines. */
static void description(struct scan *s, const struct scan_input *in, const struct tar_member *m)
{
	struct slice rest = m->data, line;
	while (slice_split(&rest, '\n', &line)) {
		struct slice v = slice_from(line, slice_chr(line, ' ', 0) == SLICE_NPOS ? line.n : slice_chr(line, ' ', 0) + 1);
		if (slice_starts(v, SLICE("size=")) || slice_starts(v, SLICE("GNU.sparse.")))
			scan_found(s, in, SCAN_RULE_ZIP_UNREAD, m->at, m->data.n, "a member whose size is described elsewhere");
		else if (slice_starts(v, SLICE("path=")) && scan_leads_out(slice_from(v, 5)))
			scan_found(s, in, SCAN_RULE_ZIP_PATH, m->at, m->data.n, "%.*s", SLICE_FMT(slice_sub(v, 0, NAME_SHOWN)));
	}
}

bool scan_tar_claims(struct scan *s, const struct scan_input *in)
{
	(void)s;
	return tar_is(in->bytes);
}

void scan_tar_look(struct scan *s, const struct scan_input *in)
{
	struct tar *t = malloc(sizeof(*t));
	struct tar_member m;
	int r = -ENOMEM;
	if (t)
		*t = tar_open(in->bytes);
	while (t && (r = tar_next(t, &m)) > 0 && scan_steps(s, in, 1)) {
		char label[NAME_SHOWN + 1];
		(void)snprintf(label, sizeof(label), "%.*s", SLICE_FMT(slice_sub(m.name, 0, NAME_SHOWN)));
		if (scan_leads_out(m.name))
			scan_found(s, in, SCAN_RULE_ZIP_PATH, m.at, 0, "%s", label);
		/* It is the next member's, which readers know by it. */
		if (m.type == 'L')
			scan_found(s, in, SCAN_RULE_ZIP_UNREAD, m.at, m.data.n, "a name of %llu bytes", (unsigned long long)m.size);
		if (m.type == 'S')
			scan_found(s, in, SCAN_RULE_ZIP_UNREAD, m.at, m.data.n, "%s: a file with holes", label);
		/* Readers take a type that they do not know for a file. Links, folders and long names are none. */
		if (m.type == 'x' || m.type == 'X' || m.type == 'g')
			description(s, in, &m);
		else if (!(m.type >= '1' && m.type <= '6') && m.type != 'K' && m.type != 'L')
			(void)scan_into(s, in, label, m.data, m.size, false);
	}
	if (r < 0)
		scan_found(s, in, SCAN_RULE_ZIP_UNREAD, t ? t->at : 0, in->size - (t ? t->at : 0), "%s", "what follows is no header");
	else if (t && !scan_zeros(slice_from(in->bytes, t->at)))
		scan_found(s, in, SCAN_RULE_TRAILING, t->at, in->size - t->at, "%llu bytes behind the archive",
		        (unsigned long long)(in->size - t->at));
	free(t);
}
