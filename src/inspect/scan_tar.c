/* tar archives, in which the oldest torch.save() and others put pickles. */
#include <errno.h>
#include <stdio.h>

#include "inspect/scan_part.h"
#include "parse/tar.h"

#define NAME_SHOWN 400

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
		(void)snprintf(label, sizeof(label), "%.*s", (int)(m.name.n < NAME_SHOWN ? m.name.n : NAME_SHOWN),
		        m.name.n ? (const char *)m.name.p : "");
		/* Descriptions of the next member (x, g, K) are no files. */
		if (scan_leads_out(m.name))
			scan_found(s, in, SCAN_RULE_ZIP_PATH, m.at, 0, "%s", label);
		if (m.type == '0' || m.type == '7')
			(void)scan_into(s, in, label, m.data, m.size, false);
	}
	if (r < 0)
		scan_found(s, in, SCAN_RULE_ZIP_UNREAD, t ? t->at : 0, in->size - (t ? t->at : 0), "%s", "what follows is no header");
	else if (t && !scan_zeros(slice_from(in->bytes, t->at)))
		scan_found(s, in, SCAN_RULE_TRAILING, t->at, in->size - t->at, "%llu bytes behind the archive",
		        (unsigned long long)(in->size - t->at));
	free(t);
}
