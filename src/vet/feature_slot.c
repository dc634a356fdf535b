/* Slots: the tree that all observations share, and the values noted at it. */
#include <errno.h>
#include <stdio.h>

#include "crypto/digest.h"
#include "vet/feature_set.h"

#define NODES_MAX   400000
#define VALUE_MAX   ((size_t)32 * 1024)
#define ADDRESS_MAX 600
#define LABEL_MAX   44
#define PRESENT_MAX 400
#define ECHOES_MAX  500000
#define INVERSIONS  4

/* Makes room for one more of `size` bytes; arrays double. */
static int grow(void **array, size_t *cap, size_t n, size_t size)
{
	if (n < *cap)
		return 0;
	size_t more = *cap ? *cap * 2 : 64;
	void *p = realloc(*array, more * size);
	if (!p)
		return -ENOMEM;
	*array = p;
	*cap = more;
	return 0;
}

bool table_get(const struct table *t, uint64_t key, uint32_t *to)
{
	key |= key == 0;
	for (size_t i = key; t->cap; i++) {
		uint64_t k = t->key[i & (t->cap - 1)];
		if (k == key) {
			*to = t->to[i & (t->cap - 1)];
			return true;
		}
		if (k == 0)
			return false;
	}
	return false;
}

static void table_insert(struct table *t, uint64_t key, uint32_t to)
{
	size_t i = key & (t->cap - 1);
	while (t->key[i] && t->key[i] != key)
		i = (i + 1) & (t->cap - 1);
	t->n += t->key[i] == 0;
	t->key[i] = key;
	t->to[i] = to;
}

int table_put(struct table *t, uint64_t key, uint32_t to)
{
	key |= key == 0;
	if (t->n * 2 >= t->cap) {
		struct table bigger = {.cap = t->cap ? t->cap * 2 : 1024};
		bigger.key = calloc(bigger.cap, sizeof(*bigger.key));
		bigger.to = calloc(bigger.cap, sizeof(*bigger.to));
		if (!bigger.key || !bigger.to) {
			table_free(&bigger);
			return -ENOMEM;
		}
		for (size_t i = 0; i < t->cap; i++)
			if (t->key[i])
				table_insert(&bigger, t->key[i], t->to[i]);
		table_free(t);
		*t = bigger;
	}
	table_insert(t, key, to);
	return 0;
}

void table_free(struct table *t)
{
	free(t->key);
	free(t->to);
	*t = (struct table){0};
}

static uint64_t combine(uint64_t a, uint64_t b)
{
	a = (a ^ b) * 0xd6e8feb86659fd93u;
	return a ^ (a >> 31);
}

/* The number of a value plus one; 0 if memory is out. Long values keep their beginning and their digest. */
static uint32_t value_of(struct feature_set *s, struct slice bytes)
{
	_cleanup_buf_ struct buf cut = BUF(2 * VALUE_MAX);
	if (bytes.n > VALUE_MAX) {
		char hex[65];
		digest_sha256_hex(bytes, hex);
		buf_add(&cut, slice_sub(bytes, 0, VALUE_MAX / 2));
		buf_fmt(&cut, "… (%zu bytes, sha256 %s)", bytes.n, hex);
		bytes = buf_slice(&cut);
	}
	uint64_t hash = slice_hash(bytes);
	uint32_t i;
	if (table_get(&s->by_value, hash, &i) && slice_eq(s->values[i - 1].bytes, bytes))
		return i;
	if (s->n_values >= UINT32_MAX - 1 || grow((void **)&s->values, &s->cap_values, s->n_values, sizeof(*s->values)) < 0)
		return 0;
	struct slice copy = arena_copy(&s->arena, bytes);
	if (!copy.p)
		return 0;
	s->values[s->n_values++] = (struct value){copy, hash};
	i = (uint32_t)s->n_values;
	return table_put(&s->by_value, hash, i) < 0 ? 0 : i;
}

static int note_value(struct adding *a, uint32_t feature, uint32_t value)
{
	struct observation *o = &a->set->observations[a->observation];
	if (value == 0)
		return -ENOMEM;
	while (o->cap <= feature)
		if (grow((void **)&o->values, &o->cap, o->cap, sizeof(*o->values)) < 0)
			return -ENOMEM;
	while (o->n <= feature)
		o->values[o->n++] = 0;
	o->values[feature] = value;
	return 0;
}

static int note_echoes(struct adding *a, uint32_t feature, const struct item *it)
{
	struct feature_set *s = a->set;
	for (const struct item_echo *e = it->echoes; e && s->n_echoes < ECHOES_MAX; e = e->next) {
		if (grow((void **)&s->echoes, &s->cap_echoes, s->n_echoes, sizeof(*s->echoes)) < 0)
			return -ENOMEM;
		s->echoes[s->n_echoes++] = (struct feature_echo){.observation = a->observation,
		        .factor = e->factor,
		        .feature = feature,
		        .transform = e->transform,
		        .digest = e->digest,
		        .weak = e->weak};
	}
	return 0;
}

/* ASCII that is fit to print, cut to a few words. */
static void label_add(struct buf *b, struct slice s, size_t max)
{
	s = slice_trim(s);
	size_t end = b->n + max;
	for (size_t i = 0; i < s.n && b->n < end; i++) {
		uint8_t c = s.p[i];
		if (c >= 0x80 && c < 0xc0)
			continue;
		if (b->n + 12 > end && c == ' ')
			break;
		buf_u8(b, c >= 0x80 ? '?' : c < 0x20 || c == 0x7f ? ' ' : c == '"' ? '\'' : c);
	}
}

/* What a slot is called, after its parent's address. */
static void address_tail(struct buf *b, const struct node *parent, const struct item *it)
{
	switch (parent->join) {
	case '[':
		buf_u8(b, '[');
		label_add(b, it->key, 120);
		if (it->kind == ITEM_LEAF || it->kind == ITEM_TEXT) {
			buf_str_add(b, " \"");
			label_add(b, it->value, LABEL_MAX);
			buf_u8(b, '"');
		}
		buf_u8(b, ']');
		break;
	case 'l':
		buf_str_add(b, " line \"");
		label_add(b, it->value, LABEL_MAX);
		buf_u8(b, '"');
		break;
	case 'm':
		buf_str_add(b, "request");
		break;
	default:
		if (parent->address[0])
			buf_u8(b, (uint8_t)parent->join);
		label_add(b, it->key, 200);
		break;
	}
}

static const char *address_of(struct adding *a, const struct node *parent, const struct item *it, uint32_t parent_at, uint32_t *born)
{
	_cleanup_buf_ struct buf tail = BUF(4096), b = BUF(8192);
	address_tail(&tail, parent, it);
	/* The how-manieth of this name under this parent. */
	uint64_t key = combine(combine(0x5157, parent_at), slice_hash(buf_slice(&tail)));
	uint32_t n = 0;
	(void)table_get(&a->set->by_key, key, &n);
	*born = n + 1;
	if (table_put(&a->set->by_key, key, n + 1) < 0)
		return NULL;
	if (parent->join == 'm' && n == 0)
		return "";
	buf_str_add(&b, parent->address);
	bool bracket = tail.n && tail.p[tail.n - 1] == ']' && n;
	buf_add(&b, slice_sub(buf_slice(&tail), 0, tail.n - bracket));
	if (n)
		buf_fmt(&b, parent->join == 'm' ? " %u" : "#%u", n + 1);
	if (bracket)
		buf_u8(&b, ']');
	if (b.n > ADDRESS_MAX) {
		uint64_t h = slice_hash(buf_slice(&b));
		b.n = ADDRESS_MAX - 20;
		buf_fmt(&b, "…%08x", (unsigned)h);
	}
	return buf_error(&b) ? NULL : arena_str(&a->set->arena, buf_slice(&b));
}

/* A new slot under `parent_at`, behind the sibling `behind` (FEATURE_NONE: first). */
static uint32_t node_new(struct adding *a, uint32_t parent_at, uint32_t behind, const struct item *it)
{
	struct feature_set *s = a->set;
	if (s->n_nodes >= NODES_MAX || grow((void **)&s->nodes, &s->cap_nodes, s->n_nodes, sizeof(*s->nodes)) < 0)
		return FEATURE_NONE;
	struct node *parent = &s->nodes[parent_at];
	struct node n = {.parent = parent_at,
	        .child = FEATURE_NONE,
	        .next = FEATURE_NONE,
	        .feature = FEATURE_NONE,
	        .kind = (uint8_t)it->kind,
	        .join = it->join,
	        .fact = it->structural,
	        .endpoint = parent->endpoint,
	        .host = parent->host};
	n.key = arena_copy(&s->arena, it->key);
	n.label = slice_hash(it->key);
	n.spelling = it->spelling.p ? arena_copy(&s->arena, it->spelling) : SLICE_NONE;
	if (parent_at == 0) { /* an endpoint */
		n.endpoint = (const char *)n.key.p;
		n.host = n.spelling.p ? (const char *)n.spelling.p : "";
		n.address = "";
	} else {
		n.address = address_of(a, parent, it, parent_at, &n.born);
	}
	if (!n.key.p || !n.address || !n.host)
		return FEATURE_NONE;
	n.raw_hash = it->raw_hash;
	n.hash = n.last_hash = it->hash;
	n.before = n.last_before = it->before;
	n.after = n.last_after = it->after;
	if (parent->kind == ITEM_LIST || parent->kind == ITEM_TEXT) {
		struct sketch sketch = {0};
		sketch_item(it, &sketch);
		size_t size = offsetof(struct sketch, h) + sketch.n * sizeof(sketch.h[0]);
		n.sketch = arena_alloc(&s->arena, size);
		if (!n.sketch)
			return FEATURE_NONE;
		memcpy(n.sketch, &sketch, size);
		n.shape = item_shape(it);
		n.prefix = item_prefix(it);
		n.lead = item_lead(it);
		n.size = item_size(it);
	}
	uint32_t at = (uint32_t)s->n_nodes++;
	if (behind == FEATURE_NONE) {
		n.next = parent->child;
		parent->child = at;
	} else {
		n.next = s->nodes[behind].next;
		s->nodes[behind].next = at;
	}
	s->nodes[at] = n;
	return at;
}

/* The slot of a member of a map. */
static uint32_t member_node(struct adding *a, uint32_t parent_at, uint32_t behind, const struct item *it)
{
	struct feature_set *s = a->set;
	unsigned class = it->kind == ITEM_TEXT ? ITEM_LEAF : it->kind;
	uint64_t key = combine(combine(combine(0xa11, parent_at), class), slice_hash(it->key));
	uint32_t first = FEATURE_NONE, at;
	if (table_get(&s->by_key, key, &first) && s->nodes[first].seen == a->observation + 1) {
		/* a duplicate: the second, third … has its own slot */
		uint32_t ordinal = ++s->nodes[first].taken;
		key = combine(key, ordinal);
	}
	if (!table_get(&s->by_key, key, &at)) {
		at = node_new(a, parent_at, behind, it);
		if (at == FEATURE_NONE || table_put(&s->by_key, key, at) < 0)
			return FEATURE_NONE;
	}
	if (s->nodes[at].seen != a->observation + 1)
		s->nodes[at].taken = 1;
	s->nodes[at].seen = a->observation + 1;
	return at;
}

static int feature_new(struct adding *a, uint32_t at, uint32_t under, const struct item *it)
{
	struct feature_set *s = a->set;
	if (grow((void **)&s->features, &s->cap_features, s->n_features, sizeof(*s->features)) < 0)
		return -ENOMEM;
	struct node *n = &s->nodes[at];
	struct feature_entry *f = &s->features[s->n_features];
	*f = (struct feature_entry){.pub = {.endpoint = n->endpoint,
	                                    .address = n->address[0] ? n->address
	                                               : n->parent   ? "(request)"
	                                                             : "(present)",
	                                    .host = n->host,
	                                    .derived = it->derived,
	                                    .structural = it->structural,
	                                    .measure = it->measure,
	                                    .parent = under}};
	if (it->fill.p && !(f->fill = value_of(s, it->fill)))
		return -ENOMEM;
	n->feature = (uint32_t)s->n_features++;
	return 0;
}

static int place(struct adding *a, uint32_t at, uint32_t under, struct item *it);

static int place_leaf(struct adding *a, uint32_t at, struct item *it)
{
	struct feature_set *s = a->set;
	uint32_t f = s->nodes[at].feature, value;
	/* The same bytes are the same value, whichever literals happen to be in them: "4 spaces" does not change with the number of CPUs.
	 */
	uint64_t key = combine(combine(0x4a3, f), slice_hash(it->raw));
	if (!table_get(&s->by_raw, key, &value)) {
		value = value_of(s, it->value);
		if (value == 0 || table_put(&s->by_raw, key, value) < 0)
			return -ENOMEM;
	}
	/* Derived once is not enough: it has to be in every trial. */
	s->features[f].pub.derived &= it->derived;
	int r = note_value(a, f, value);
	r = r ?: note_echoes(a, f, it);
	for (const struct item *c = it->child; r == 0 && c; c = c->next) /* a text at the slot of a leaf */
		r = note_echoes(a, f, c);
	return r;
}

static void tail_of(const struct feature_set *s, uint32_t at, struct buf *b)
{
	const struct node *n = &s->nodes[at];
	buf_add(b, feature_name_below(n->address, s->nodes[n->parent].address));
}

/* Past its maximum the set takes no new slots: what would have needed one is counted, and told of. */
static bool set_full(struct adding *a)
{
	if (a->set->n_nodes < NODES_MAX)
		return false;
	a->set->lost++;
	return true;
}

/* A feature of our own beside the children of `at`. */
static int place_fact(struct adding *a, uint32_t at, const char *what, const struct item *of, struct slice value, struct slice fill)
{
	struct slice key = of ? adding_fmt(a, "%.*s %s", SLICE_FMT(of->key), what) : slice_str(what);
	struct item *it = item_fact(a, NULL, (const char *)key.p, arena_copy(&a->arena, value));
	if (!it)
		return a->error;
	it->fill = fill;
	it->measure = a->choice ? MEASURE_CHOICE : MEASURE_NONE;
	char join = a->set->nodes[at].join;
	a->set->nodes[at].join = ' ';
	uint32_t node = member_node(a, at, FEATURE_NONE, it);
	a->set->nodes[at].join = join;
	if (node == FEATURE_NONE)
		return set_full(a) ? 0 : -ENOMEM;
	return place(a, node, a->set->nodes[at].feature, it);
}

#define TWINS_MAX 4096 /* lines of a text, between which equal ones are looked for */

/* Lines that say the same stand for each other (blank ones, the end of a block): each gets the first slot of its like behind the line
 * before it, so that only what fits nowhere is out of order. */
static void order_twins(struct feature_set *s, uint32_t at, const struct item *it, uint32_t slots)
{
	uint32_t behind = 0;
	if (it->kind != ITEM_TEXT || slots > TWINS_MAX || it->n > TWINS_MAX)
		return;
	for (const struct item *c = it->child; c; c = c->next) {
		if (c->structural || c->node == FEATURE_NONE)
			continue;
		struct node *own = &s->nodes[c->node];
		for (uint32_t i = s->nodes[at].child; i != FEATURE_NONE; i = s->nodes[i].next) {
			const struct node *n = &s->nodes[i];
			if (n->pos >= behind && (n == own || n->hash == c->hash || n->last_hash == c->hash)) {
				own->order = n->pos;
				break;
			}
		}
		behind = own->order + 1;
	}
}

/* Is c, which came behind `last`, in front of it? */
static bool out_of_order(const struct feature_set *s, uint32_t last, const struct item *c)
{
	return last != FEATURE_NONE && s->nodes[c->node].order < s->nodes[last].order;
}

/* Slots are kept in the order in which they appear, new ones beside the neighbours they came with; so an order is either that of
 * before or not, whatever is missing or new. */
static int place_order(struct adding *a, uint32_t at, const struct item *it)
{
	struct feature_set *s = a->set;
	uint32_t pos = 0, last = FEATURE_NONE, found = 0;
	bool any = false;
	for (uint32_t i = s->nodes[at].child; i != FEATURE_NONE; i = s->nodes[i].next, pos++)
		s->nodes[i].pos = s->nodes[i].order = pos;
	for (const struct item *c = it->child; c && !any; c = c->next) {
		if (c->structural || c->node == FEATURE_NONE)
			continue;
		any = out_of_order(s, last, c);
		last = c->node;
	}
	if (any)
		order_twins(s, at, it, pos);
	last = FEATURE_NONE;
	_cleanup_buf_ struct buf b = BUF(8192);
	for (const struct item *c = any ? it->child : NULL; c; c = c->next) {
		if (c->structural || c->node == FEATURE_NONE)
			continue;
		if (out_of_order(s, last, c) && found++ < INVERSIONS) {
			if (b.n)
				buf_str_add(&b, "; ");
			tail_of(s, last, &b);
			buf_str_add(&b, FEATURE_ORDER_BETWEEN);
			tail_of(s, c->node, &b);
		}
		last = c->node;
	}
	if (found > INVERSIONS)
		buf_fmt(&b, "; and %u more", found - INVERSIONS);
	if (!found)
		return 0;
	/* Where the order is ever another one, a place may be kept for somebody. */
	const struct item *first = it->child;
	while (first && (first->structural || first->node == FEATURE_NONE))
		first = first->next;
	int r = place_fact(a, at, FEATURE_ORDER, NULL, buf_slice(&b), SLICE(FEATURE_ORDER_SAME));
	buf_reset(&b);
	if (first)
		tail_of(s, first->node, &b);
	if (r == 0 && first && it->kind == ITEM_MAP && b.n < 200) {
		a->choice = true;
		r = place_fact(a, at, "(first)", NULL, buf_slice(&b), SLICE("as first seen"));
		a->choice = false;
	}
	return r;
}

static int place_children(struct adding *a, uint32_t at, struct item *it)
{
	_cleanup_free_ uint32_t *to = NULL;
	int r = 0;
	if (it->kind != ITEM_MAP) {
		to = malloc((it->n + 1) * sizeof(*to));
		r = to ? align_list(a, at, it, to) : -ENOMEM;
	}
	uint32_t behind = FEATURE_NONE;
	size_t i = 0;
	for (struct item *c = it->child; r == 0 && c; c = c->next, i++) {
		uint32_t child = to ? to[i] : member_node(a, at, behind, c);
		if (child == FEATURE_NONE && to) {
			child = node_new(a, at, behind, c);
			if (child != FEATURE_NONE)
				a->set->nodes[child].seen = a->observation + 1;
		}
		c->node = child;
		if (child == FEATURE_NONE && set_full(a))
			continue;
		if (child == FEATURE_NONE)
			return -ENOMEM;
		a->set->nodes[child].index = (uint32_t)i;
		if (!c->structural)
			behind = child;
		uint32_t under = c->under ? c->under->feature : at ? a->set->nodes[at].feature : FEATURE_NONE;
		r = place(a, child, under, c);
		struct slice spelling = a->set->nodes[child].spelling;
		if (r == 0 && at && c->spelling.p && spelling.p && !slice_eq(spelling, c->spelling))
			r = place_fact(a, at, "(spelling)", c, c->spelling, spelling);
	}
	if (r == 0 && it->join == 'm')
		align_note_copies(a, it);
	return r ?: it->unordered || at == 0 ? r : place_order(a, at, it);
}

/* it->node is not used: the slot is `at`. */
static int place(struct adding *a, uint32_t at, uint32_t under, struct item *it)
{
	struct feature_set *s = a->set;
	if (s->nodes[at].feature == FEATURE_NONE) {
		int r = feature_new(a, at, under, it);
		if (r < 0)
			return r;
	}
	it->node = at;
	it->feature = s->nodes[at].feature;
	s->nodes[at].last_hash = it->hash;
	s->nodes[at].last_before = it->before;
	s->nodes[at].last_after = it->after;
	if (s->nodes[at].kind == ITEM_LEAF)
		return place_leaf(a, at, it);
	if (it->kind == ITEM_LEAF) { /* one line where there were several */
		struct item *line = arena_alloc(&a->arena, sizeof(*line));
		if (!line)
			return -ENOMEM;
		*line = *it;
		line->next = NULL;
		line->key = SLICE("");
		line->spelling = SLICE_NONE;
		it->kind = ITEM_TEXT;
		it->child = it->last = line;
		it->n = 1;
	}
	/* The value of "it is there" stays what was seen first: what changes inside is told by the features inside. */
	if (s->nodes[at].present == 0) {
		_cleanup_buf_ struct buf words = BUF(PRESENT_MAX);
		item_words(it, &words, PRESENT_MAX);
		s->nodes[at].present = value_of(s, words.n ? buf_slice(&words) : SLICE("(empty)"));
	}
	int r = note_value(a, s->nodes[at].feature, s->nodes[at].present);
	r = r ?: note_echoes(a, s->nodes[at].feature, it);
	return r ?: place_children(a, at, it);
}

int place_root(struct adding *a, struct item *root)
{
	return place_children(a, 0, root);
}
