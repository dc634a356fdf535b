/* feature_set: what the files of vet/feature share. A trace becomes a tree of items (feature_http.c, feature_body.c), literals of
 * factors being replaced on the way (feature_literal.c); the tree is then laid over the tree of slots that earlier traces left
 * (feature_slot.c, feature_align.c), and each item's value is noted at its slot. Private to vet/feature*.c and its tests. */
#ifndef POSTERN_VET_FEATURE_SET_H
#define POSTERN_VET_FEATURE_SET_H

#include "crypto/digest.h"
#include "vet/feature.h"
#include "wire/trace.h"

#define FEATURE_NONE UINT32_MAX
#define SKETCH_MAX   48

/* The smallest hashes of the words and letter groups of a text, ascending: two of them estimate how alike two texts are. */
struct sketch {
	uint32_t n;
	uint32_t h[SKETCH_MAX];
};

struct item_echo {
	struct item_echo *next;
	unsigned factor;
	const char *transform;
	bool digest, weak;
};

enum item_kind {
	ITEM_LEAF, /* a value */
	ITEM_MAP,  /* children are found again by their key; their order is a feature */
	ITEM_LIST, /* children are found again by their key and content */
	ITEM_TEXT, /* lines; value is the whole */
};

struct item {
	enum item_kind kind;
	char join; /* between the address and a child's key: '.', ' ', '[' or 0 */
	bool structural, derived;
	bool aside;     /* says nothing about what its parent is: headers of a message */
	bool identity;  /* in a list: the key names the item, whatever its content */
	bool always;    /* in a list: may take any free slot of its key, in order, when nothing is alike */
	bool unordered; /* map: order of the children is not a feature */
	double alike;   /* list: how alike an item must be to a slot, 0: 0.4 */
	bool absorbs;   /* list: a leftover item may take the only leftover slot of its key */
	enum feature_measure measure;
	struct slice key;
	struct slice value;    /* LEAF, TEXT: with placeholders */
	struct slice raw;      /* LEAF, TEXT: before literals were replaced */
	struct slice fill;     /* LEAF: if p is set, the value of observations in which it is absent but its parent is there */
	struct slice spelling; /* in a map: how the key was written, if that may vary (header names) */
	struct item_echo *echoes;
	struct item *child, *last, *next;
	struct item *under; /* the item whose feature its presence hangs on, if that is not its parent's */
	size_t n;
	uint64_t raw_hash, hash; /* of the content before and after replacement */
	uint64_t before, after;  /* in a list: the content together with that of the neighbour */
	uint32_t node, feature;  /* once placed */
};

/* One slot. Children form a list in the order in which they appear in messages. */
struct node {
	uint32_t parent, child, next; /* FEATURE_NONE ends */
	uint32_t feature;
	uint32_t seen;    /* observation that took it last, plus one */
	uint32_t pos;     /* scratch: position among its siblings */
	uint32_t order;   /* scratch: the same, or that of one that says the same */
	uint32_t born;    /* counts the slots of one key under one parent, from 1 */
	uint32_t index;   /* of the list member that took it last */
	uint32_t copy_of; /* messages: the slot, plus one, of an earlier one of the same observation that was the same but for ids; or 0 */
	uint32_t aligned; /* list: observation, plus one, … */
	uint64_t aligned_hash; /* … and content of when its members were placed last */
	uint64_t before, after, last_before, last_after;
	uint32_t taken; /* maps: how many members of this name the observation had so far */
	uint8_t kind;   /* enum item_kind */
	char join;
	bool fact; /* about its parent, no part of it */
	struct slice key, spelling;
	const char *endpoint, *host, *address;
	uint64_t raw_hash, hash, last_hash, shape, prefix, lead, label;
	struct sketch *sketch; /* of list members */
	uint32_t size;         /* of the first content */
	uint32_t present;      /* value of the feature that says it is there */
};

struct feature_entry {
	struct feature pub;
	uint32_t fill; /* value or 0 */
};

struct observation {
	uint32_t *values; /* by feature; 0: absent; else index into the values plus one */
	size_t n, cap;
};

struct value {
	struct slice bytes;
	uint64_t hash;
};

struct table {
	uint64_t *key; /* 0: free */
	uint32_t *to;
	size_t cap, n;
};

/* Digests of literals: nearly all are the same in every trial. `sums` is an array of n times DIGEST_END digests. */
struct digest_memo {
	struct table by_input;
	uint8_t (*sums)[DIGEST_MAX];
	size_t n, cap;
};

struct feature_set {
	struct arena arena;
	struct node *nodes;
	size_t n_nodes, cap_nodes;
	struct feature_entry *features;
	size_t n_features, cap_features;
	struct value *values;
	size_t n_values, cap_values;
	struct observation *observations;
	size_t n_observations, cap_observations;
	struct feature_echo *echoes;
	size_t n_echoes, cap_echoes;
	size_t lost;           /* items for which there was no slot left */
	struct table by_value; /* hash of the bytes: value */
	struct table by_key;   /* hash of parent, kind, key, ordinal: node */
	struct table by_raw;   /* hash of feature and bytes before replacement: value */
	struct digest_memo digests;
};

struct tally;

/* What one feature_set_add() works with. */
struct adding {
	struct feature_set *set;
	struct arena arena; /* until the end of the call */
	struct matcher *matcher;
	struct slice gateway;
	unsigned observation;
	size_t items;
	/* What is counted, by name, and when what came last (feature_measure.c). */
	struct tally *tallies;
	size_t n_tallies, files;
	uint64_t first_us, last_us;
	bool choice; /* facts being placed are choices */
	bool heard;  /* there was a message */
	bool mixed;  /* the JSON document being read writes characters past ASCII now as they are, now as escapes */
	int error;
};

/* feature_literal.c */
struct matcher;
void digest_memo_free(struct digest_memo *m);
[[nodiscard]] int matcher_new(
        const struct feature_literal *literals, size_t n, struct arena *keep, struct digest_memo *memo, struct matcher **out);
void matcher_free(struct matcher *m);
/* The bytes with placeholders, borrowed from `in` if there was nothing to replace. Without `weak` only literals that are long and
 * rare enough to mean something anywhere. echoes may be NULL. p is NULL if memory is out. */
struct slice matcher_replace(const struct matcher *m, struct slice in, bool weak, struct arena *arena, struct item_echo **echoes);

/* feature_item.c: building. Everything returns NULL (and sets a->error) when memory or a cap is out; NULL parents are passed on. */
struct item *item_new(struct adding *a, struct item *parent, enum item_kind kind, struct slice key);
/* A leaf with literals replaced. */
struct item *item_leaf(struct adding *a, struct item *parent, struct slice key, struct slice value);
/* A leaf of our own words: nothing is replaced. */
struct item *item_fact(struct adding *a, struct item *parent, const char *key, struct slice value);
/* A string that may hold more than it shows: JSON, base64 of JSON, several lines. */
struct item *item_string(struct adding *a, struct item *parent, struct slice key, struct slice value, unsigned depth);
/* Bytes of a body: JSON, JSON lines, server-sent events, text or binary. */
struct item *item_body(struct adding *a, struct item *parent, struct slice key, struct slice value);
/* Sets the hashes of an item and everything below. */
void item_hash(struct item *it);
/* The words of an item, appended, at most max bytes. */
void item_words(const struct item *it, struct buf *out, size_t max);
struct slice item_key_of(struct adding *a, struct slice key);
struct slice adding_fmt(struct adding *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* feature_measure.c: quantities. A leaf beside others that are compared: it says nothing about what its parent is. */
struct item *item_measure(struct adding *a, struct item *parent, struct slice key, enum feature_measure measure, uint64_t value);
/* How long it took until this message came: since the one before, of whatever kind, and since the first. m may be NULL. */
void measure_wait(struct adding *a, struct item *m, const struct trace_record *r);
/* Counts n more of `whose` `what`; they become leaves with measure_tallies(). */
void measure_count(struct adding *a, struct slice whose, const char *what, uint64_t n);
void measure_tallies(struct adding *a, struct item *map);

/* feature_http.c: the tree of a trial from its records; `root` is a map of endpoints. */
struct item *trial_items(struct adding *a, struct slice trace);

/* feature_git.c: is it a file of git's own that says nothing beyond what is in it: a loose object whose name is its digest, an index, or
 * the name of an object of which there is a file in the trace? Then *shown is the path that it is known by (borrowed), *what "blob",
 * "tree", "commit", "index" or "reference", and what is in it is added to `out` as text. Its digests of other objects, and the times of an
 * index, are left out. False: `out` and *shown mean nothing. */
bool git_file(struct slice path, struct slice file, struct slice trace, struct slice *shown, const char **what, struct buf *out);

/* feature_align.c */
void sketch_item(const struct item *it, struct sketch *out);
double sketch_alike(const struct sketch *a, const struct sketch *b);
/* Does it begin with a UUID (RFC 9562) as text, not as part of a longer word? */
bool shape_is_uuid(struct slice s);
/* As feature_shape(); without `lengths` symbols have no length. */
void shape_add(struct slice value, bool lengths, struct buf *out);
uint64_t item_shape(const struct item *it);
/* Bytes of the values in an item. */
uint32_t item_size(const struct item *it);
/* Hash of what stands before the first colon of a short leaf; 0 if there is no such thing. */
uint64_t item_prefix(const struct item *it);
/* Hash of the first two words of a short leaf, if they are letters and more follows; 0 if it does not begin so. */
uint64_t item_lead(const struct item *it);
/* Leaves and texts may stand for each other. */
static inline bool kind_fits(unsigned a, unsigned b)
{
	return a == b || ((a == ITEM_LEAF || a == ITEM_TEXT) && (b == ITEM_LEAF || b == ITEM_TEXT));
}
/* For each child of `list` the slot under `node` that it belongs to, or FEATURE_NONE, in to[]. */
[[nodiscard]] int align_list(struct adding *a, uint32_t node, struct item *list, uint32_t *to);
/* When all members of a list of messages have their slots: which are the same as an earlier one, but for ids. */
void align_note_copies(struct adding *a, const struct item *list);

/* feature_slot.c */
[[nodiscard]] int place_root(struct adding *a, struct item *root);
bool table_get(const struct table *t, uint64_t key, uint32_t *to);
[[nodiscard]] int table_put(struct table *t, uint64_t key, uint32_t to);
void table_free(struct table *t);

#endif
