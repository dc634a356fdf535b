#include "vet/locate.h"

#define REPEATS 3 /* of a subset that showed as often as not */

enum answer { ANSWER_NO, ANSWER_YES, ANSWER_OPEN, ANSWER_TORN };

struct search {
	const struct locate_known *k;
	size_t n;
	bool strict;
};

/* What is known of a subset: what shows with less shows, what does not show with more does not. */
static enum answer ask(const struct search *s, uint64_t set)
{
	unsigned yes = 0, no = 0, far_no = 0;
	for (size_t i = 0; i < s->n; i++) {
		const struct locate_known *k = &s->k[i];
		if (k->shows)
			yes += !k->foreign && (k->set & ~set) == 0;
		else if ((set & ~k->set) == 0)
			*(k->foreign ? &far_no : &no) += 1;
	}
	if (yes != no)
		return yes > no ? ANSWER_YES : ANSWER_NO;
	if (yes >= REPEATS)
		return ANSWER_TORN;
	return yes == 0 && far_no && !s->strict ? ANSWER_NO : ANSWER_OPEN;
}

static uint64_t prefix(const uint8_t *order, size_t n)
{
	uint64_t set = 0;
	for (size_t i = 0; i < n; i++)
		set |= UINT64_C(1) << order[i];
	return set;
}

enum locate_state locate_next(const struct locate_known *known, size_t n_known, const uint8_t *order, size_t n, bool strict, uint64_t *set)
{
	const struct search s = {known, n_known, strict};
	uint64_t needed = 0;
	/* Each turn of the loop finds one element that is needed with those before. */
	for (size_t turn = 0;; turn++) {
		enum answer a = ask(&s, needed);
		/* Nothing at all is what the baselines are. */
		if (a == ANSWER_YES || a == ANSWER_TORN || (a == ANSWER_OPEN && n == 0)) {
			*set = needed;
			return a == ANSWER_YES && needed ? LOCATE_FOUND : LOCATE_LOST;
		}
		if (a == ANSWER_OPEN && turn) {
			*set = needed;
			return LOCATE_TRY;
		}
		/* The shortest beginning of the order that shows together with what is needed: by doubling, then by halving. */
		size_t low = 0, high = n;
		if (n == 0)
			return LOCATE_LOST;
		for (size_t step = 1; high - low > 1;) {
			size_t mid = low + step < high && step ? low + step : (low + high) / 2;
			uint64_t next = needed | prefix(order, mid);
			a = ask(&s, next);
			if (a == ANSWER_OPEN) {
				*set = next;
				return LOCATE_TRY;
			}
			if (a == ANSWER_TORN)
				return LOCATE_LOST;
			if (a == ANSWER_YES) {
				high = mid;
				step = 0;
			} else {
				low = mid;
				step *= 2;
			}
		}
		needed |= UINT64_C(1) << order[high - 1];
		n = high - 1;
	}
}
