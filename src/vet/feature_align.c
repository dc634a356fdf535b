/* Which slot of earlier observations an array element, a line or a request belongs to: by name and content, never by index. */
#include <errno.h>

#include "vet/feature_set.h"

#define PAIRS_MAX  ((size_t)1 << 16)
#define SHORT_TEXT 240

static uint32_t mix32(uint64_t v)
{
	v *= 0xd6e8feb86659fd93u;
	return (uint32_t)(v >> 32);
}

static void sketch_put(struct sketch *s, uint32_t h)
{
	if (s->n == SKETCH_MAX && h >= s->h[SKETCH_MAX - 1])
		return;
	uint32_t at = s->n;
	while (at && s->h[at - 1] > h)
		at--;
	if (at && s->h[at - 1] == h)
		return;
	if (s->n < SKETCH_MAX)
		s->n++;
	for (uint32_t i = s->n - 1; i > at; i--)
		s->h[i] = s->h[i - 1];
	s->h[at] = h;
}

/* Letters in lower case, digits all alike: ids and dates do not tell texts apart. */
static uint8_t folded(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(c + 32);
	return c >= '0' && c <= '9' ? '0' : c;
}

static bool word_char(uint8_t c)
{
	c = folded(c);
	return (c >= 'a' && c <= 'z') || c == '0' || c >= 0x80;
}

/* False if there is nothing in it to know it by. Words that look random say nothing. */
static bool sketch_text(struct slice t, bool groups, struct sketch *s)
{
	bool any = false, random = false;
	for (size_t i = 0; i < t.n;) {
		uint64_t h = 7;
		size_t n = 0, digits = 0;
		for (; i < t.n && word_char(t.p[i]); i++, n++) {
			uint8_t c = folded(t.p[i]);
			digits += c == '0';
			h = (h ^ c) * 0x100000001b3u;
		}
		if (n && digits && n >= 6) {
			random = true;
		} else if (n) {
			any |= digits < n;
			sketch_put(s, mix32(h));
		}
		while (i < t.n && !word_char(t.p[i]))
			i++;
	}
	/* In a short text a word more or less weighs too much: groups of three letters as well. */
	for (size_t i = 0; groups && !random && t.n < SHORT_TEXT && i + 3 <= t.n; i++)
		sketch_put(s, mix32((uint64_t)folded(t.p[i]) << 16 | (uint64_t)folded(t.p[i + 1]) << 8 | folded(t.p[i + 2])));
	return any;
}

static void sketch_below(const struct item *it, unsigned depth, struct sketch *out)
{
	if (it->aside)
		return;
	if (it->kind == ITEM_LEAF || it->kind == ITEM_TEXT) {
		if (!sketch_text(it->value, depth < 2, out) && it->key.n)
			sketch_put(out, mix32(slice_hash(it->key)));
		return;
	}
	for (const struct item *c = it->child; c; c = c->next)
		sketch_below(c, depth + 1, out);
}

void sketch_item(const struct item *it, struct sketch *out)
{
	sketch_below(it, 0, out);
}

double sketch_alike(const struct sketch *a, const struct sketch *b)
{
	uint32_t i = 0, k = 0, both = 0, all = 0;
	while (all < SKETCH_MAX && (i < a->n || k < b->n)) {
		bool left = i < a->n && (k == b->n || a->h[i] <= b->h[k]);
		bool right = k < b->n && (i == a->n || b->h[k] <= a->h[i]);
		both += left && right;
		i += left;
		k += right;
		all++;
	}
	return all ? (double)both / all : 0;
}

static uint64_t shape_of(const struct item *it, struct buf *b)
{
	if (it->kind == ITEM_LEAF || it->kind == ITEM_TEXT) {
		buf_reset(b);
		shape_add(it->value, false, b);
		return slice_hash(buf_slice(b));
	}
	uint64_t h = it->kind;
	for (const struct item *c = it->child; c; c = c->next)
		if (!c->aside)
			h = (h ^ shape_of(c, b) ^ (it->kind == ITEM_MAP ? slice_hash(c->key) : 0)) * 0xd6e8feb86659fd93u;
	return h ^ h >> 32;
}

uint64_t item_shape(const struct item *it)
{
	_cleanup_buf_ struct buf b = BUF((size_t)64 << 20);
	return shape_of(it, &b) | 1;
}

uint32_t item_size(const struct item *it)
{
	if (it->aside)
		return 0;
	if (it->kind == ITEM_LEAF || it->kind == ITEM_TEXT)
		return it->value.n < UINT32_MAX / 2 ? (uint32_t)it->value.n : UINT32_MAX / 2;
	uint32_t n = 0;
	for (const struct item *c = it->child; c; c = c->next) {
		uint32_t more = item_size(c);
		n = more > UINT32_MAX / 2 - n ? UINT32_MAX / 2 : n + more;
	}
	return n;
}

uint64_t item_prefix(const struct item *it)
{
	if (it->kind != ITEM_LEAF)
		return 0;
	size_t at = slice_chr(slice_sub(it->value, 0, 60), ':', 0);
	return at == SLICE_NPOS || at < 2 ? 0 : slice_hash(slice_sub(it->value, 0, at)) | 1;
}

#define LEAD_WORDS 2
#define LEAD_LEAST 8 /* bytes */

uint64_t item_lead(const struct item *it)
{
	size_t at = 0, words = 0;
	if (it->kind != ITEM_LEAF || it->value.n > SHORT_TEXT)
		return 0;
	for (; words < LEAD_WORDS && at < it->value.n; words++, at++) {
		size_t from = at;
		while (at < it->value.n && folded(it->value.p[at]) >= 'a' && folded(it->value.p[at]) <= 'z')
			at++;
		if (at == from || at == it->value.n || it->value.p[at] != ' ')
			return 0;
	}
	return words < LEAD_WORDS || at < LEAD_LEAST ? 0 : slice_hash(slice_sub(it->value, 0, at)) | 1;
}

struct aligning {
	struct adding *a;
	struct item **items;
	uint32_t *slots; /* nodes that are free or were at the start */
	uint32_t *to;
	size_t n, m;
	uint32_t *head, *chain; /* index of slots by a hash, in their order */
	size_t cap;
	uint64_t (*of_item)(const struct item *it);
	uint64_t (*of_node)(const struct node *n);
};

static uint64_t item_before(const struct item *it)
{
	return it->before;
}
static uint64_t item_after(const struct item *it)
{
	return it->after;
}
static uint64_t node_before(const struct node *n)
{
	return n->before;
}
static uint64_t node_after(const struct node *n)
{
	return n->after;
}
static uint64_t node_last_before(const struct node *n)
{
	return n->last_before;
}
static uint64_t node_last_after(const struct node *n)
{
	return n->last_after;
}
static uint64_t item_raw(const struct item *it)
{
	return it->raw_hash;
}
static uint64_t node_raw(const struct node *n)
{
	return n->raw_hash;
}
static uint64_t item_replaced(const struct item *it)
{
	return it->hash;
}
static uint64_t node_replaced(const struct node *n)
{
	return n->hash;
}
static uint64_t node_last(const struct node *n)
{
	return n->last_hash;
}
static uint64_t node_shape(const struct node *n)
{
	return n->shape;
}
static uint64_t node_prefix(const struct node *n)
{
	return n->prefix;
}
static uint64_t item_name(const struct item *it)
{
	return it->identity;
}
static uint64_t item_any(const struct item *it)
{
	return it->always;
}
static uint64_t item_every(const struct item *it)
{
	(void)it;
	return 1;
}
static uint64_t node_any(const struct node *n)
{
	(void)n;
	return 1;
}

static struct node *slot_at(const struct aligning *g, size_t i)
{
	return &g->a->set->nodes[g->slots[i]];
}

static bool is_free(const struct aligning *g, size_t i)
{
	return slot_at(g, i)->seen != g->a->observation + 1;
}

static void take(struct aligning *g, size_t item, size_t slot)
{
	g->to[item] = g->slots[slot];
	slot_at(g, slot)->seen = g->a->observation + 1;
}

/* Each item without a slot takes the first free one with the same key, kind and hash. */
static void match_equal(struct aligning *g)
{
	memset(g->head, 0xff, g->cap * sizeof(*g->head));
	for (size_t i = g->m; i-- > 0;) {
		const struct node *s = slot_at(g, i);
		uint64_t h = g->of_node(s);
		if (h == 0 || !is_free(g, i))
			continue;
		uint32_t *head = &g->head[(h ^ s->label) & (g->cap - 1)];
		g->chain[i] = *head;
		*head = (uint32_t)i;
	}
	for (size_t i = 0; i < g->n; i++) {
		uint64_t h = g->to[i] == FEATURE_NONE ? g->of_item(g->items[i]) : 0, label = slice_hash(g->items[i]->key);
		if (h == 0)
			continue;
		uint32_t *link = &g->head[(h ^ label) & (g->cap - 1)];
		while (*link != UINT32_MAX) {
			const struct node *s = slot_at(g, *link);
			if (g->of_node(s) == h && s->label == label && kind_fits(s->kind, g->items[i]->kind))
				break;
			link = &g->chain[*link];
		}
		if (*link == UINT32_MAX)
			continue;
		take(g, i, *link);
		*link = g->chain[*link];
	}
}

struct pair {
	double alike;
	uint32_t item, slot, size, apart; /* size: difference in bytes; apart: in position */
};

static int by_likeness(const void *x, const void *y)
{
	const struct pair *a = x, *b = y;
	if (a->alike != b->alike)
		return a->alike > b->alike ? -1 : 1;
	/* The turns of a conversation repeat each other: the length tells them apart. */
	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	if (a->apart != b->apart)
		return a->apart < b->apart ? -1 : 1;
	return a->item < b->item ? -1 : a->item > b->item;
}

static int match_alike(struct aligning *g, double threshold)
{
	size_t left = 0, space = 0, n = 0;
	for (size_t i = 0; i < g->n; i++)
		left += g->to[i] == FEATURE_NONE;
	for (size_t i = 0; i < g->m; i++)
		space += is_free(g, i);
	if (left == 0 || space == 0)
		return 0;
	if (left > PAIRS_MAX / space)
		left = PAIRS_MAX / space; /* the rest find no slot: a list so long and so changed is beyond comparing */
	_cleanup_free_ struct pair *pairs = malloc((left * space + 1) * sizeof(*pairs));
	if (!pairs)
		return -ENOMEM;
	for (size_t i = 0; i < g->n && left; i++) {
		if (g->to[i] != FEATURE_NONE)
			continue;
		left--;
		struct sketch s = {0};
		sketch_item(g->items[i], &s);
		uint64_t label = slice_hash(g->items[i]->key);
		uint32_t size = item_size(g->items[i]);
		for (size_t k = 0; k < g->m; k++) {
			const struct node *node = slot_at(g, k);
			if (!is_free(g, k) || node->label != label || !node->sketch || !kind_fits(node->kind, g->items[i]->kind))
				continue;
			double alike = sketch_alike(&s, node->sketch);
			if (alike >= threshold)
				pairs[n++] = (struct pair){alike, (uint32_t)i, (uint32_t)k,
				        size > node->size ? size - node->size : node->size - size, (uint32_t)(i > k ? i - k : k - i)};
		}
	}
	if (n)
		qsort(pairs, n, sizeof(*pairs), by_likeness);
	for (size_t i = 0; i < n; i++)
		if (g->to[pairs[i].item] == FEATURE_NONE && is_free(g, pairs[i].slot))
			take(g, pairs[i].item, pairs[i].slot);
	return 0;
}

/* Likeness of each item that has no slot yet (a row) with each free slot (a column); 0 where they do not fit or are below the threshold. */
static void liken(const struct aligning *g, double threshold, double *alike)
{
	for (size_t i = 0; i < g->n; i++) {
		struct sketch s = {0};
		uint64_t label = slice_hash(g->items[i]->key);
		if (g->to[i] == FEATURE_NONE)
			sketch_item(g->items[i], &s);
		for (size_t k = 0; k < g->m; k++) {
			const struct node *node = slot_at(g, k);
			bool fits = g->to[i] == FEATURE_NONE && is_free(g, k) && node->label == label && node->sketch &&
			            kind_fits(node->kind, g->items[i]->kind);
			double a = fits ? sketch_alike(&s, node->sketch) : 0;
			alike[i * g->m + k] = a >= threshold ? a : 0;
		}
	}
}

/* Requests come in an order. The turns of a conversation are all alike, and a text that stands in all of them shifts every length, so
 * that only the order tells them apart: the matching that keeps it and whose likenesses have the greatest sum. What breaks the order
 * (requests side by side) is left to match_alike(). */
static int match_in_order(struct aligning *g, double threshold)
{
	size_t n = g->n, m = g->m;
	if (n == 0 || m == 0 || n > PAIRS_MAX / (m + 1) - 1)
		return 0;
	_cleanup_free_ double *alike = malloc(n * m * sizeof(double));
	_cleanup_free_ double *best = calloc((n + 1) * (m + 1), sizeof(double)); /* of the items from i and the slots from k on */
	if (!alike || !best)
		return -ENOMEM;
	liken(g, threshold, alike);
	for (size_t i = n; i-- > 0;)
		for (size_t k = m; k-- > 0;) {
			double a = alike[i * m + k], with = a > 0 ? a + best[(i + 1) * (m + 1) + k + 1] : 0;
			double without = best[(i + 1) * (m + 1) + k] > best[i * (m + 1) + k + 1] ? best[(i + 1) * (m + 1) + k]
			                                                                         : best[i * (m + 1) + k + 1];
			best[i * (m + 1) + k] = with > without ? with : without;
		}
	for (size_t i = 0, k = 0; i < n && k < m;) {
		double a = alike[i * m + k], here = best[i * (m + 1) + k];
		/* Of equally good ones the first. */
		if (a > 0 && a + best[(i + 1) * (m + 1) + k + 1] >= here - 1e-9)
			take(g, i++, k++);
		else if (best[i * (m + 1) + k + 1] >= best[(i + 1) * (m + 1) + k])
			k++;
		else
			i++;
	}
	return 0;
}

/* A list with one item and one slot left, of the same key: the item has changed altogether. Only for plain values and requests: of
 * other things a new one and a missing one are two. */
static void match_leftover(struct aligning *g, bool requests)
{
	size_t item = SIZE_MAX, slot = SIZE_MAX;
	for (size_t i = 0; i < g->n; i++) {
		if (g->to[i] != FEATURE_NONE)
			continue;
		if (item != SIZE_MAX || (g->items[i]->kind != ITEM_LEAF && !requests))
			return;
		item = i;
	}
	for (size_t i = 0; i < g->m; i++) {
		if (!is_free(g, i))
			continue;
		if (slot != SIZE_MAX)
			return;
		slot = i;
	}
	if (item != SIZE_MAX && slot != SIZE_MAX && slot_at(g, slot)->kind == g->items[item]->kind &&
	        slot_at(g, slot)->label == slice_hash(g->items[item]->key))
		take(g, item, slot);
}

/* A line that says the same of something else ("Answer in French.", "Answer in Japanese.") may have little in common with what it was but
 * how it begins. Where one item and one slot are left that begin so, it is that line. */
static void match_leading(struct aligning *g)
{
	for (size_t i = 0; i < g->n; i++) {
		uint64_t lead = g->to[i] == FEATURE_NONE ? item_lead(g->items[i]) : 0, label = slice_hash(g->items[i]->key);
		size_t items = 0, slots = 0, slot = 0;
		if (lead == 0)
			continue;
		for (size_t k = 0; k < g->n; k++)
			items += g->to[k] == FEATURE_NONE && item_lead(g->items[k]) == lead;
		for (size_t k = 0; k < g->m; k++) {
			const struct node *s = slot_at(g, k);
			if (!is_free(g, k) || s->lead != lead || s->label != label || s->kind != ITEM_LEAF)
				continue;
			slots++;
			slot = k;
		}
		if (items == 1 && slots == 1)
			take(g, i, slot);
	}
}

/* A list that is just what it was the last time: each member goes where it went. */
static bool align_as_before(struct aligning *g, const struct node *at, const struct item *list)
{
	size_t found = 0;
	if (at->aligned == 0 || at->aligned_hash != list->hash)
		return false;
	for (size_t i = 0; i < g->m; i++) {
		const struct node *s = slot_at(g, i);
		if (s->seen != at->aligned || !is_free(g, i) || s->index >= g->n || g->to[s->index] != FEATURE_NONE ||
		        s->last_hash != g->items[s->index]->hash)
			continue;
		g->to[s->index] = g->slots[i];
		found++;
	}
	for (size_t i = 0; i < g->n; i++) {
		if (found < g->n)
			g->to[i] = FEATURE_NONE;
		else
			g->a->set->nodes[g->to[i]].seen = g->a->observation + 1;
	}
	return found == g->n;
}

/* A message that is sent once more now and then is the second one only where there is a first: which of the two was like it the last time
 * says nothing. */
static void copies_first(struct aligning *g)
{
	for (size_t i = 0; i < g->n; i++) {
		uint32_t copy = g->to[i] == FEATURE_NONE ? 0 : g->a->set->nodes[g->to[i]].copy_of;
		if (copy == 0 || g->a->set->nodes[copy - 1].seen == g->a->observation + 1)
			continue;
		g->a->set->nodes[g->to[i]].seen = 0;
		g->a->set->nodes[copy - 1].seen = g->a->observation + 1;
		g->to[i] = copy - 1;
	}
}

void align_note_copies(struct adding *a, const struct item *list)
{
	for (const struct item *x = list->child; x; x = x->next)
		for (const struct item *y = x->next; y; y = y->next) {
			if (x->node == FEATURE_NONE || y->node == FEATURE_NONE || x->node == y->node || a->set->nodes[y->node].copy_of ||
			        a->set->nodes[x->node].copy_of == y->node + 1 || !slice_eq(x->key, y->key) ||
			        item_size(x) != item_size(y) || item_shape(x) != item_shape(y))
				continue;
			a->set->nodes[y->node].copy_of = x->node + 1;
		}
}

int align_list(struct adding *a, uint32_t node, struct item *list, uint32_t *to)
{
	struct aligning g = {.a = a, .to = to, .n = list->n, .cap = 16};
	for (uint32_t i = a->set->nodes[node].child; i != FEATURE_NONE; i = a->set->nodes[i].next)
		g.m++;
	while (g.cap < 2 * g.m)
		g.cap *= 2;
	_cleanup_free_ struct item **items = malloc((g.n + 1) * sizeof(struct item *));
	_cleanup_free_ uint32_t *slots = malloc((g.m + 1) * sizeof(*slots));
	_cleanup_free_ uint32_t *chain = malloc((g.m + 1) * sizeof(*chain));
	_cleanup_free_ uint32_t *head = malloc(g.cap * sizeof(*head));
	if (!items || !slots || !chain || !head)
		return -ENOMEM;
	g.items = items;
	g.slots = slots;
	g.chain = chain;
	g.head = head;
	size_t n = 0;
	for (struct item *c = list->child; c; c = c->next) {
		to[n] = FEATURE_NONE;
		items[n] = c;
		c->before = ((n ? items[n - 1]->hash : 1) * 0x9e3779b97f4a7c15u ^ c->hash) | 1;
		c->after = ((c->next ? c->next->hash : 1) * 0xd6e8feb86659fd93u ^ c->hash) | 1;
		n++;
	}
	n = 0;
	for (uint32_t i = a->set->nodes[node].child; i != FEATURE_NONE; i = a->set->nodes[i].next)
		if (!a->set->nodes[i].fact)
			slots[n++] = i;
	g.m = n;
	bool same = align_as_before(&g, &a->set->nodes[node], list);
	a->set->nodes[node].aligned = a->observation + 1;
	a->set->nodes[node].aligned_hash = list->hash;
	if (same)
		return 0;
	static const struct {
		uint64_t (*item)(const struct item *it);
		uint64_t (*node)(const struct node *n);
	} exact[] = {/* Of equal members, such as empty lines, the neighbours tell which is which. */
	        {item_before, node_last_before}, {item_after, node_last_after}, {item_before, node_before}, {item_after, node_after},
	        {item_replaced, node_last}, {item_raw, node_raw}, {item_replaced, node_replaced}, {item_name, node_any},
	        {item_shape, node_shape}};
	for (size_t i = 0; i < ARRAY_LEN(exact); i++) {
		g.of_item = exact[i].item;
		g.of_node = exact[i].node;
		match_equal(&g);
	}
	double threshold = list->alike > 0 ? list->alike : 0.4;
	int r = list->join == 'm' ? match_in_order(&g, threshold) : 0;
	r = r ?: match_alike(&g, threshold);
	if (r < 0)
		return r;
	g.of_item = item_prefix;
	g.of_node = node_prefix;
	match_equal(&g);
	if (list->join == 'l')
		match_leading(&g);
	if (list->absorbs)
		match_leftover(&g, list->join == 'm');
	/* A list whose members never come again would grow without end: then its slots are used again. */
	g.of_item = g.m > 4 * g.n + 64 ? item_every : item_any;
	g.of_node = node_any;
	match_equal(&g);
	if (list->join == 'm')
		copies_first(&g);
	return 0;
}
