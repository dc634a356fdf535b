/* Keys and tokens, for scan_change: what inspect/dlp.h knows by format and structure, as they stand in the text. */
#include "inspect/dlp.h"
#include "inspect/scan_change.h"

#define SURE 90u /* of a hundred: structure proves it */

void change_secrets(struct change_facts *f)
{
	if (!f->secrets)
		return;
	dlp_scan_reset(f->secrets);
	if (dlp_scan_whole(f->secrets, f->text) < 0) {
		f->cut = true;
		return;
	}
	for (size_t i = 0; i < dlp_scan_count(f->secrets); i++) {
		const struct dlp_hit *h = dlp_scan_hit(f->secrets, i);
		/* What has to be decoded first is by chance more often than not. */
		if (h->class != DLP_SECRET || h->confidence < SURE || h->chain[0] != DLP_PLAIN)
			continue;
		struct slice value = slice_sub(f->text, (size_t)h->offset, (size_t)h->n);
		change_add(f, f->test ? SCAN_RULE_CHANGE_TEST_SECRET : SCAN_RULE_CHANGE_SECRET, CHANGE_EACH, value, (size_t)h->offset,
		        value.n, "%s: %s", h->what, h->sample);
	}
}
