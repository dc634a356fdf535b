/* locate: the smallest set of conditions that brings something about, found by trying subsets of a treatment that shows it (delta
 * debugging, Zeller and Hildebrandt 2002; here by binary search for one necessary element after the other, as in Junker's QuickXplain, AAAI
 * 2004: about d log2(k) trials for d of k conditions). Pure: what was tried already answers what it can, and only the rest is asked for. */
#ifndef POSTERN_VET_LOCATE_H
#define POSTERN_VET_LOCATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOCATE_MAX 64 /* conditions */

/* One trial: which of the conditions held in it, and whether it showed. */
struct locate_known {
	uint64_t set;
	bool shows;
	/* Other conditions held too, which could be why it shows, and hardly why it does not: then it is believed only where nothing else
	 * is known. */
	bool foreign;
};

enum locate_state {
	LOCATE_TRY,   /* *set is to be tried next */
	LOCATE_FOUND, /* *set shows, and without any one of it nothing does */
	LOCATE_LOST,  /* it shows without any condition, or comes and goes */
};

/* order: numbers of conditions (below 64), those that are most suspected first; all n together show. `strict`: foreign trials are not
 * believed at all. That more conditions never hide what fewer show is taken for granted; whoever asks checks what was found. */
enum locate_state locate_next(const struct locate_known *known, size_t n_known, const uint8_t *order, size_t n, bool strict, uint64_t *set);

#endif
