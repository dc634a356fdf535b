/* The questionnaire: what trials of conduct saw (vet/conduct.h), whose facts carry the number of their question. */
#include "base/buf.h"
#include "vet/question_part.h"

#define FACTS_TOLD 8 /* of one answer; the rest is in the report's own section */

static void tell(struct buf *b, const struct vet_conduct *c)
{
	buf_fmt(b, "%s%s", b->n ? " " : "", c->title);
	if (c->about)
		buf_fmt(b, ", %.160s", c->about);
	buf_fmt(b, ": %.400s", c->text);
	if (b->n && b->p[b->n - 1] != '.')
		buf_u8(b, '.');
}

bool answer_conduct(struct asking *a)
{
	_cleanup_buf_ struct buf seen = BUF(7000), not_seen = BUF(3000), cannot = BUF(3000);
	size_t told = 0, more = 0, any = 0;
	bool concern = false;
	for (size_t i = 0; i < a->r->n_conduct; i++) {
		const struct vet_conduct *c = &a->r->conduct[i];
		if (c->question != a->out->number)
			continue;
		any++;
		concern |= c->concern;
		if (c->state == OBSERVED && told++ >= FACTS_TOLD) {
			more++;
			continue;
		}
		if (c->state == NOT_OBSERVED)
			buf_fmt(&not_seen, "%s%s%s%.80s", not_seen.n ? "; " : "", c->title, c->about ? ", " : "", c->about ? c->about : "");
		else
			tell(c->state == OBSERVED ? &seen : &cannot, c);
		for (const char *const *t = c->evidence; t && *t; t++)
			answer_cite(a, "trial %s", *t);
		for (const char *const *e = c->examples; e && *e && c->state == OBSERVED; e++)
			answer_cite(a, "%.300s", *e);
	}
	if (any == 0)
		return false;
	if (seen.n == 0 && not_seen.n == 0) {
		a->n_cited = 0;
		answer_not(a, "it could not be looked for. %s", buf_str(&cannot));
		return true;
	}
	if (more)
		buf_fmt(&seen, " And %zu more.", more);
	answer_say(a, concern, "%s%s%s%s%s%s", buf_str(&seen), seen.n && not_seen.n ? " " : "",
	        not_seen.n ? "Looked for and not seen: " : "", buf_str(&not_seen), not_seen.n ? "." : "",
	        cannot.n ? " Some could not be looked for." : "");
	return true;
}
