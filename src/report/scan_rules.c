/* The rules of a scan, as a list. */
#include "report/scan.h"
#include "report/write.h"

void scan_rules_json(struct buf *out)
{
	buf_str_add(out, "[");
	for (uint32_t i = 0; i < SCAN_RULES; i++) {
		const struct scan_rule *r = &scan_rules[i];
		const char *const member[][2] = {{"verdict", scan_verdict_word(r->verdict)},
		        {"confidence", scan_confidence_word(r->confidence)}, {"title", r->title}, {"why", r->why}, {"todo", r->todo}};
		buf_str_add(out, i ? ",\n  {\"rule\": " : "\n  {\"rule\": ");
		write_json(out, r->id);
		for (size_t k = 0; k < ARRAY_LEN(member); k++) {
			buf_fmt(out, ", \"%s\": ", member[k][0]);
			write_json(out, member[k][1]);
		}
		buf_u8(out, '}');
	}
	buf_str_add(out, "\n]\n");
}

void scan_rules_text(struct buf *out, size_t width)
{
	for (uint32_t i = 0; i < SCAN_RULES; i++) {
		const struct scan_rule *r = &scan_rules[i];
		buf_fmt(out, "%s  %s, %s confidence: %s\n    ", r->id, scan_verdict_word(r->verdict), scan_confidence_word(r->confidence),
		        r->title);
		write_wrapped(out, 4, width, slice_str(r->why), false);
	}
}
