/* The questionnaire: what trials of conduct saw (vet/conduct.h), whose facts carry the number of their question. */
#include <errno.h>

#include "base/buf.h"
#include "vet/question_part.h"

#define FACTS_TOLD 8 /* of one answer; the rest is in the report's own section */

/* "Title, about: text." */
static void tell(struct buf *b, const struct vet_conduct *c)
{
	size_t at = b->n + (b->n > 0);
	buf_fmt(b, "%s%s", b->n ? " " : "", c->title);
	if (b->n > at && b->p[at] >= 'a' && b->p[at] <= 'z')
		b->p[at] = (uint8_t)(b->p[at] - 'a' + 'A');
	if (c->about)
		buf_fmt(b, ", %.160s", c->about);
	buf_fmt(b, ": %.400s", c->text);
	if (b->n && b->p[b->n - 1] != '.')
		buf_u8(b, '.');
}

/* What could not be looked for, and why; the same reason once. */
static void tell_cannot(struct asking *a, struct buf *b)
{
	const struct vet_conduct *all = a->r->conduct;
	for (size_t i = 0; i < a->r->n_conduct; i++) {
		bool told = all[i].question != a->out->number || all[i].state != NOT_OBSERVABLE;
		for (size_t k = 0; k < i && !told; k++)
			told = all[k].question == a->out->number && all[k].state == NOT_OBSERVABLE && strcmp(all[k].text, all[i].text) == 0;
		if (told)
			continue;
		buf_fmt(b, "%s%.300s (", b->n ? " " : "", all[i].text);
		size_t n = 0;
		for (size_t k = i; k < a->r->n_conduct; k++)
			if (all[k].question == a->out->number && all[k].state == NOT_OBSERVABLE && strcmp(all[k].text, all[i].text) == 0)
				buf_fmt(b, "%s%s%s%.100s", n++ ? "; " : "", all[k].title, all[k].about ? ", " : "",
				        all[k].about ? all[k].about : "");
		buf_str_add(b, ")");
	}
}

void answer_add_conduct(struct asking *a)
{
	const char *before = a->out->state == ANSWER_EVIDENCE ? a->out->text : NULL;
	bool concern = a->out->concern;
	size_t cited = a->n_cited;
	struct vet_answer old = *a->out;
	if (!answer_conduct(a) || !before)
		return;
	if (a->out->state != ANSWER_EVIDENCE) {
		/* What could not be looked for takes nothing away. */
		*a->out = old;
		a->n_cited = cited;
		return;
	}
	a->out->concern |= concern;
	a->out->text = arena_fmt(a->arena, "%s %s", before, a->out->text);
	if (!a->out->text)
		a->error = -ENOMEM;
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
		else if (c->state == OBSERVED)
			tell(&seen, c);
		for (const char *const *t = c->evidence; t && *t; t++)
			answer_cite(a, "trial %s", *t);
		for (const char *const *e = c->examples; e && *e && c->state == OBSERVED; e++)
			answer_cite(a, "%.300s", *e);
	}
	if (any == 0)
		return false;
	tell_cannot(a, &cannot);
	if (seen.n == 0 && not_seen.n == 0) {
		answer_not(a, "%s", buf_str(&cannot));
		return true;
	}
	if (more)
		buf_fmt(&seen, " And %zu more.", more);
	answer_say(a, concern, "%s%s%s%s%s%s", buf_str(&seen), seen.n && not_seen.n ? " " : "",
	        not_seen.n ? "Looked for and not seen: " : "", buf_str(&not_seen), not_seen.n ? "." : "",
	        cannot.n ? " Some could not be looked for." : "");
	return true;
}
