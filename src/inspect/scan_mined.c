/* Lists that a program hides: names of hosts, companies, time zones, variables and the like that must be decoded before anybody can read
 * them (mine.h). Nothing honest needs that; what looks for who or where its user is does. */
#include <string.h>

#include "inspect/mine_part.h"
#include "inspect/scan_code.h"

#define RECORDS_MAX ((size_t)16 << 20)
#define ARENA_MAX   ((size_t)32 << 20)
#define LEAST       64u /* bytes of a program that can hide a list */
#define MEMBERS     3u
#define SHOWN       8u  /* members */
#define WAYS        16u /* in which lists of one file are hidden */

/* Turned around alone, names with dots are names with dots: "vm.maxslp". */
static bool well_known(const char *host)
{
	static const char *const ends[] = {".com", ".net", ".org", ".cn", ".io", ".dev", ".ai", ".app"};
	struct slice h = slice_str(host);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (slice_ends(h, slice_str(ends[i])))
			return true;
	return false;
}

/* One or two are found by chance, and host names in capitals are names of instructions under some rotation. */
static bool is_list(const struct mine_list *l)
{
	size_t small = 0, known = 0;
	bool turned = strcmp(l->encoding, "reversed") == 0;
	for (size_t i = 0; i < l->n; i++)
		for (const char *c = l->members[i]; *c; c++)
			if (*c >= 'a' && *c <= 'z') {
				small++;
				break;
			}
	for (size_t i = 0; i < l->n; i++)
		known += well_known(l->members[i]);
	bool hosts = 2 * small > l->n && (!turned || 2 * known > l->n);
	return l->hidden && l->class != MINE_WORD && l->total >= MEMBERS && (l->class != MINE_HOST || hosts);
}

/* Words of no class are hidden by tests and by tools that make programs smaller; those that stand beside a list, hidden in the same way,
 * are more of it. */
struct ways {
	const char *encoding[WAYS];
	size_t n;
};

static bool is_way(const struct ways *w, const char *encoding)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->encoding[i], encoding) == 0)
			return true;
	return false;
}

static void find_ways(const struct mine_result *r, struct ways *w)
{
	for (size_t i = 0; i < r->n_lists && w->n < WAYS; i++)
		if (is_list(&r->lists[i]) && !is_way(w, r->lists[i].encoding))
			w->encoding[w->n++] = r->lists[i].encoding;
}

static void tell(struct scan *s, const struct scan_input *in, const struct mine_list *l)
{
	_cleanup_buf_ struct buf names = BUF(4096);
	for (size_t i = 0; i < l->n && i < SHOWN; i++)
		buf_fmt(&names, "%s%.60s", i ? ", " : "", l->members[i]);
	scan_found_text(s, in, SCAN_RULE_CODE_HIDDEN_LIST, in->bytes, l->at, l->n_bytes, "%zu %s, %s: %s%s", l->total,
	        mine_class_title(l->class), l->encoding, buf_error(&names) ? "" : buf_str(&names), l->total > SHOWN ? ", …" : "");
}

void scan_mined_look(struct scan *s, const struct scan_input *in)
{
	static const char *const file = "";
	_cleanup_buf_ struct buf records = BUF(RECORDS_MAX);
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX);
	struct mine_gather g = {0};
	struct mine_result r = {0};
	if (in->bytes.n < LEAST)
		return;
	struct mine_miner *m = mine_miner_new(&records, true);
	if (m) {
		mine_bytes(m, 0, in->bytes, 0, in->bytes.n);
		mine_miner_end(m);
	}
	mine_miner_free(m);
	if (!m || buf_error(&records) || mine_gather_add(&g, buf_slice(&records), &file, 1, &arena) < 0 ||
	        mine_gather_end(&g, &arena, &r) < 0) {
		scan_found(s, in, SCAN_RULE_CODE_LIMIT, 0, in->size, "%s", "more hidden lists than are kept");
	} else {
		struct ways ways = {.n = 0};
		find_ways(&r, &ways);
		for (size_t i = 0; i < r.n_lists; i++) {
			const struct mine_list *l = &r.lists[i];
			if (is_list(l) || (l->hidden && l->class == MINE_WORD && is_way(&ways, l->encoding)))
				tell(s, in, l);
		}
	}
	mine_gather_free(&g);
}
