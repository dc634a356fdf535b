/* Where messages come and go by themselves, that one more came says nothing: what tells it from the others is a word that they never say.
 */
#include "vet/analysis_part.h"

#include <errno.h>

/* Where a new word is looked for: bytes of a value, words of a message, letters of the word. */
#define VALUE_MAX 4096
#define WORDS_MAX 64
#define WORD_MIN  3

struct said_at {
	const char *endpoint;
	/* Values that no others hang on: what is kept of a part that has parts is what it was like where it was met first. */
	uint32_t *leaf;
	size_t n_leaves;
	uint64_t *word; /* hashes, in order, each once */
	size_t n_words, room;
};

static void said_at_free(struct said_at *s)
{
	free(s->leaf);
	free(s->word);
}

void an_said_free(struct said *said)
{
	for (size_t i = 0; i < said->n; i++)
		said_at_free(&said->at[i]);
	free(said->at);
}

static int find_leaves(const struct ctx *c, const char *endpoint, struct said_at *out)
{
	size_t n = feature_count(c->s);
	_cleanup_free_ bool *holds = calloc(n + 1, sizeof(*holds));
	out->endpoint = endpoint;
	out->leaf = calloc(n + 1, sizeof(*out->leaf));
	if (!holds || !out->leaf)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		if (feature_at(c->s, i)->parent < n)
			holds[feature_at(c->s, i)->parent] = true;
	for (uint32_t i = 0; i < n; i++) {
		const struct feature *f = feature_at(c->s, i);
		if (!holds[i] && !f->structural && !f->derived && !f->measure && strcmp(an_text_of(f->endpoint), endpoint) == 0)
			out->leaf[out->n_leaves++] = i;
	}
	return 0;
}

/* -- words -- */

static bool is_letter(uint8_t b)
{
	return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || b == '_';
}

/* The next word from *at on, which is moved behind it; empty at the end. */
static struct slice next_word(struct slice text, size_t *at)
{
	size_t from = *at, to;
	while (from < text.n && !is_letter(text.p[from]))
		from++;
	for (to = from; to < text.n && is_letter(text.p[to]); to++)
		;
	*at = to;
	return slice_sub(text, from, to - from);
}

static int add_words(struct said_at *s, struct slice text)
{
	struct slice word;
	for (size_t at = 0; (word = next_word(text, &at)).n;) {
		if (s->n_words == s->room) {
			size_t room = s->room ? 2 * s->room : 1024;
			uint64_t *more = reallocarray(s->word, room, sizeof(*more));
			if (!more)
				return -ENOMEM;
			s->word = more;
			s->room = room;
		}
		s->word[s->n_words++] = slice_hash(word);
	}
	return 0;
}

static int hash_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void each_once(struct said_at *s)
{
	size_t n = 0;
	if (s->n_words)
		qsort(s->word, s->n_words, sizeof(*s->word), hash_order);
	for (size_t i = 0; i < s->n_words; i++)
		if (n == 0 || s->word[n - 1] != s->word[i])
			s->word[n++] = s->word[i];
	s->n_words = n;
}

static bool is_known(const struct said_at *s, struct slice word)
{
	uint64_t hash = slice_hash(word);
	return s->n_words && bsearch(&hash, s->word, s->n_words, sizeof(hash), hash_order);
}

static int find_words(const struct ctx *c, struct said_at *s)
{
	for (size_t i = 0; i < s->n_leaves; i++) {
		struct slice last = SLICE_NONE;
		for (size_t o = 0; o < c->n; o++) {
			struct slice v = feature_value(c->s, s->leaf[i], (unsigned)o);
			/* Equal values are kept once. */
			if (!c->all[o].usable || c->all[o].row != ROW_NONE || !v.p || (v.p == last.p && v.n == last.n))
				continue;
			last = v;
			if (add_words(s, v))
				return -ENOMEM;
		}
	}
	each_once(s);
	return 0;
}

static int said_there(const struct ctx *c, struct said *said, const char *endpoint, const struct said_at **out)
{
	for (size_t i = 0; i < said->n; i++)
		if (strcmp(said->at[i].endpoint, endpoint) == 0) {
			*out = &said->at[i];
			return 0;
		}
	struct said_at *more = reallocarray(said->at, said->n + 1, sizeof(*more)), *s;
	if (!more)
		return -ENOMEM;
	said->at = more;
	s = &more[said->n++];
	*s = (struct said_at){0};
	if (find_leaves(c, endpoint, s) || find_words(c, s))
		return -ENOMEM;
	*out = s;
	return 0;
}

/* Ids and values of the factors are no words. */
static struct slice first_new_word(const struct said_at *s, struct slice value, struct buf *shape, unsigned *tried)
{
	struct slice word;
	buf_reset(shape);
	feature_shape(value, shape);
	struct slice text = buf_slice(shape);
	for (size_t at = 0; *tried < WORDS_MAX && (word = next_word(text, &at)).n;) {
		size_t from = (size_t)(word.p - text.p);
		if (word.n < WORD_MIN || (from && (text.p[from - 1] == '{' || text.p[from - 1] == '<')))
			continue;
		++*tried;
		if (!is_known(s, word))
			return word;
	}
	return SLICE_NONE;
}

/* Is the value one of the message's? Behind its own name: those of the first have none in front. */
static bool belongs(const struct feature *message, const char *address, const char **name)
{
	size_t n = message->address[0] == '(' ? 0 : strlen(message->address);
	*name = address + n + (n > 0);
	return n == 0 || (strncmp(address, message->address, n) == 0 && address[n] == '.');
}

int an_new_word(const struct ctx *c, struct said *said, struct entry *e)
{
	const struct feature *f = feature_at(c->s, e->feature);
	_cleanup_buf_ struct buf shape = BUF(1 << 20), text = BUF(1 << 16);
	const struct said_at *s;
	struct slice word = SLICE_NONE;
	unsigned tried = 0;
	if (e->before.p || !e->after.p)
		return 0;
	if (said_there(c, said, an_text_of(f->endpoint), &s))
		return -ENOMEM;
	for (size_t i = 0; i < s->n_leaves; i++) {
		const char *name = "";
		bool here = feature_is_message(f) ? belongs(f, an_text_of(feature_at(c->s, s->leaf[i])->address), &name)
		                                  : s->leaf[i] == e->feature;
		struct slice v = here ? feature_value(c->s, s->leaf[i], (unsigned)e->trial) : SLICE_NONE;
		if (!v.p || v.n > VALUE_MAX)
			continue;
		if (strncmp(name, "body", 4) == 0) {
			if (text.n)
				buf_u8(&text, ' ');
			buf_add(&text, v);
		}
		if (!word.n && (word = first_new_word(s, v, &shape, &tried)).n && !(word = arena_copy(c->arena, word)).p)
			return -ENOMEM;
	}
	e->word = word;
	if (word.n && text.n && !buf_error(&text) && !(e->after = arena_copy(c->arena, buf_slice(&text))).p)
		return -ENOMEM;
	return 0;
}

static bool has_word(struct slice text, struct slice word)
{
	for (size_t at = 0; (at = slice_find(text, word, at)) != SLICE_NPOS; at++)
		if ((at == 0 || !is_letter(text.p[at - 1])) && (at + word.n == text.n || !is_letter(text.p[at + word.n])))
			return true;
	return false;
}

int an_word_states(const struct ctx *c, const struct signature *s, uint8_t *out)
{
	_cleanup_(said_at_free) struct said_at there = {0};
	if (find_leaves(c, an_text_of(feature_at(c->s, s->feature)->endpoint), &there))
		return -ENOMEM;
	for (size_t k = 0; k < c->n; k++)
		out[k] = an_in_base(&c->all[k], s->base) ? STATE_BEFORE : STATE_OTHER;
	for (size_t i = 0; i < there.n_leaves; i++) {
		struct slice last = SLICE_NONE;
		bool says = false;
		for (size_t k = 0; k < c->n; k++) {
			struct slice v = feature_value(c->s, there.leaf[i], (unsigned)k);
			if (out[k] != STATE_BEFORE || !v.p)
				continue;
			/* Equal values are kept once, so that most trials ask what the one before them did. */
			if (v.p != last.p || v.n != last.n)
				says = has_word(v, s->word);
			last = v;
			if (says)
				out[k] = STATE_AFTER;
		}
	}
	return 0;
}
