/* From bytes to what they may hide. The outer steps undo a form in which bytes are written (base64, hex, either of them backwards or
 * rotated, one over the other, or under a XOR); the inner ones undo what was done to the text. Of keys of one byte only those are tried
 * that turn all bytes into characters of names and lists; that takes a look at which bytes occur, and most constants leave none. Pure. */
#include "inspect/mine_part.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/encode.h"

#define TEXTS_MAX  4096 /* of one run */
#define ENOUGH     10   /* decoded bytes, of a whole run */
#define OUTER_MIN  6
#define HEX_MIN    4 /* bytes: a locale has five */
#define NESTED_MIN 16
#define RAW_MAX    65536
#define WORK_MAX   ((size_t)2 << 20)
#define SAMPLE     192 /* bytes by which a key is judged before the whole is */
#define GAIN_MIN   1.0
/* Names of hosts that stand there backwards. */
#define REVERSED_MIN 4
#define SAMPLE_BITS  2.2 /* a character */

struct mine_work {
	uint8_t *outer, *text, *step; /* WORK_MAX each: after the outer steps, after the inner one, between */
	struct slice decoded[TEXTS_MAX], final[TEXTS_MAX];
	size_t n_outer, n_text;
	double choices; /* how many keys are tried for each text */
	bool strict;
};

static void make_keys(void);

struct mine_work *mine_work_new(void)
{
	/* Not at the start of the program, which most often mines nothing. */
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct mine_work *w = pthread_once(&once, make_keys) == 0 ? calloc(1, sizeof(*w)) : NULL;
	uint8_t *memory = w ? malloc(3 * WORK_MAX) : NULL;
	if (!memory) {
		free(w);
		return NULL;
	}
	w->outer = memory;
	w->text = memory + WORK_MAX;
	w->step = memory + 2 * WORK_MAX;
	return w;
}

void mine_work_free(struct mine_work *w)
{
	if (w)
		free(w->outer);
	free(w);
}

struct slice mine_work_text(const struct mine_work *w, size_t i)
{
	return w->final[i];
}

const struct slice *mine_work_texts(const struct mine_work *w)
{
	return w->final;
}

void mine_chain_name(struct buf *out, const struct mine_chain *c, bool escaped, bool numbers)
{
	static const char *const names[] = {[STEP_NONE] = "plain",
	        [STEP_BASE64] = "base64",
	        [STEP_HEX] = "hex",
	        [STEP_XOR] = "XOR",
	        [STEP_ADD] = "bytes shifted by",
	        [STEP_CAESAR] = "ROT",
	        [STEP_ROTATE] = "bits rotated by",
	        [STEP_REVERSE] = "reversed"};
	size_t begin = out->n;
	if (numbers)
		buf_str_add(out, "numbers");
	else if (escaped)
		buf_str_add(out, "escapes");
	for (unsigned i = 0; i < c->n; i++) {
		enum mine_step s = c->step[i];
		buf_str_add(out, out->n > begin ? ", then " : "");
		if (s == STEP_XOR)
			buf_fmt(out, "XOR 0x%02x", c->key[i]);
		else if (s == STEP_CAESAR)
			buf_fmt(out, "ROT%u", c->key[i]);
		else if (s == STEP_ADD || s == STEP_ROTATE)
			buf_fmt(out, "%s %u", names[s], c->key[i]);
		else
			buf_str_add(out, names[s]);
	}
	if (out->n == begin)
		buf_str_add(out, "plain");
}

/* -- steps -- */

static uint8_t six[256], hexes[256];

__attribute__((constructor)) static void make_tables(void)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	memset(six, 255, sizeof(six));
	for (uint8_t i = 0; i < 64; i++)
		six[(uint8_t)alphabet[i]] = i;
	six['-'] = 62;
	six['_'] = 63;
	for (unsigned c = 0; c < 256; c++)
		hexes[c] = hex_value((uint8_t)c) < 0 ? 255 : (uint8_t)hex_value((uint8_t)c);
}

/* Both alphabets, padding or none; line breaks are passed over. Bits that are left need not be zero. */
static bool base64(struct slice in, uint8_t *out, size_t *n)
{
	uint32_t v = 0;
	unsigned bits = 0;
	size_t k = 0, digits = 0, end = in.n;
	while (end && (in.p[end - 1] == '=' || in.p[end - 1] == '\n') && in.n - end < 4)
		end--;
	for (size_t i = 0; i < end; i++) {
		uint8_t d = six[in.p[i]];
		if (d == 255) {
			if (in.p[i] == '\n' || in.p[i] == '\r')
				continue;
			return false;
		}
		v = v << 6 | d;
		digits++;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			out[k++] = (uint8_t)(v >> bits);
		}
	}
	*n = k;
	return digits >= OUTER_MIN && digits % 4 != 1;
}

static bool hex(struct slice in, uint8_t *out, size_t *n)
{
	if (in.n % 2 || in.n < 2 * HEX_MIN)
		return false;
	for (size_t i = 0; i < in.n; i += 2) {
		uint8_t a = hexes[in.p[i]], b = hexes[in.p[i + 1]];
		if (a == 255 || b == 255)
			return false;
		out[i / 2] = (uint8_t)(a << 4 | b);
	}
	*n = in.n / 2;
	return true;
}

static uint8_t caesar(uint8_t c, uint8_t k)
{
	uint8_t low = c | 32;
	if (low < 'a' || low > 'z')
		return c;
	return (uint8_t)((c & 0xe0) + 1 + (low - 'a' + 26 - k) % 26);
}

bool mine_step(enum mine_step step, uint8_t key, struct slice in, uint8_t *out, size_t *n)
{
	*n = in.n;
	switch (step) {
	case STEP_NONE:
		memmove(out, in.p, in.n);
		return true;
	case STEP_BASE64:
		return base64(in, out, n);
	case STEP_HEX:
		return hex(in, out, n);
	case STEP_XOR:
		for (size_t i = 0; i < in.n; i++)
			out[i] = in.p[i] ^ key;
		return true;
	case STEP_ADD:
		for (size_t i = 0; i < in.n; i++)
			out[i] = (uint8_t)(in.p[i] - key);
		return true;
	case STEP_CAESAR:
		for (size_t i = 0; i < in.n; i++)
			out[i] = caesar(in.p[i], key);
		return true;
	case STEP_ROTATE:
		for (size_t i = 0; i < in.n; i++)
			out[i] = (uint8_t)(in.p[i] << key | in.p[i] >> (8 - key));
		return true;
	case STEP_REVERSE:
		for (size_t i = 0; i < in.n; i++)
			out[i] = in.p[in.n - 1 - i];
		return true;
	}
	return false;
}

/* -- keys -- */

struct keys {
	uint64_t bit[4];
};

static bool has(const struct keys *k, unsigned i)
{
	return k->bit[i / 64] >> (i % 64) & 1;
}

/* For each byte: the keys under which it is a letter. */
static struct keys letter_keys[STEP_REVERSE + 1][256];

static void make_keys(void)
{
	static const unsigned counts[STEP_REVERSE + 1] = {
	        [STEP_NONE] = 1, [STEP_XOR] = 256, [STEP_ADD] = 256, [STEP_CAESAR] = 26, [STEP_ROTATE] = 8, [STEP_REVERSE] = 1};
	for (unsigned step = 0; step <= STEP_REVERSE; step++)
		for (unsigned c = 0; c < 256; c++)
			/* Key 0 changes nothing. */
			for (unsigned key = counts[step] > 1; key < counts[step]; key++) {
				uint8_t in = (uint8_t)c, out = in;
				size_t n;
				if (step == STEP_XOR || step == STEP_ADD || step == STEP_ROTATE)
					(void)mine_step((enum mine_step)step, (uint8_t)key, slice_of(&in, 1), &out, &n);
				if (mine_letters[out])
					letter_keys[step][c].bit[key / 64] |= (uint64_t)1 << (key % 64);
			}
}

/* Under which keys all bytes are letters as names and lists have them. False: under none. */
static bool keys_of(enum mine_step step, struct slice s, struct keys *out)
{
	struct keys k = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
	for (size_t i = 0; i < s.n; i++) {
		const struct keys *c = &letter_keys[step][s.p[i]];
		uint64_t any = 0;
		for (int j = 0; j < 4; j++)
			any |= k.bit[j] &= c->bit[j];
		if (!any)
			return false;
	}
	*out = k;
	return true;
}

static bool keys_and(struct keys *a, const struct keys *b)
{
	uint64_t any = 0;
	struct keys r;
	for (int i = 0; i < 4; i++)
		any |= r.bit[i] = a->bit[i] & b->bit[i];
	if (any)
		*a = r;
	return any != 0;
}

/* -- the search -- */

struct outer {
	enum mine_step step[2];
	uint8_t key[2];
	size_t least; /* bytes of the first text */
};

static const struct outer outers[] = {
        {{STEP_BASE64}, {0}, OUTER_MIN},
        {{STEP_HEX}, {0}, 2 * HEX_MIN},
        {{STEP_NONE}, {0}, 4},
        {{STEP_BASE64, STEP_BASE64}, {0}, NESTED_MIN},
        {{STEP_BASE64, STEP_HEX}, {0}, NESTED_MIN},
        {{STEP_HEX, STEP_BASE64}, {0}, NESTED_MIN},
        {{STEP_REVERSE, STEP_BASE64}, {0}, NESTED_MIN},
        {{STEP_REVERSE, STEP_HEX}, {0}, NESTED_MIN},
        {{STEP_CAESAR, STEP_BASE64}, {13, 0}, NESTED_MIN},
};

static const enum mine_step inners[] = {STEP_NONE, STEP_XOR, STEP_ADD, STEP_ROTATE, STEP_CAESAR, STEP_REVERSE};

/* One text through both outer steps, to w->outer. */
static bool undo(struct mine_work *w, const struct outer *o, struct slice in, struct slice *out)
{
	size_t n;
	uint8_t *to = w->outer + w->n_outer;
	if (in.n > WORK_MAX - w->n_outer)
		return false;
	if (o->step[1] == STEP_NONE) {
		if (!mine_step(o->step[0], o->key[0], in, to, &n))
			return false;
	} else {
		if (in.n > WORK_MAX || !mine_step(o->step[0], o->key[0], in, w->step, &n) ||
		        !mine_step(o->step[1], o->key[1], slice_of(w->step, n), to, &n))
			return false;
	}
	*out = slice_of(to, n);
	w->n_outer += n;
	return n > 0;
}

static bool sample_good(const struct slice *d, size_t n, enum mine_step step, uint8_t key)
{
	uint8_t sample[SAMPLE];
	size_t k = 0, got;
	for (size_t i = 0; i < n && k < SAMPLE; i++) {
		if (k && k < SAMPLE)
			sample[k++] = ',';
		struct slice part = slice_sub(d[i], 0, SAMPLE - k);
		if (part.n && mine_step(step, key, part, sample + k, &got))
			k += got;
	}
	/* Names of locales are often not like words: mine_judge() knows them. */
	bool locale = k >= 5 && (sample[2] == '_' || sample[2] == '-');
	return locale || mine_score(slice_of(sample, k)) >= SAMPLE_BITS * (double)k;
}

/* Bits a character that the last step has brought. */
static double gain(const struct mine_work *w, size_t n)
{
	double sum = 0;
	size_t chars = 0;
	for (size_t i = 0; i < n; i++) {
		sum += mine_score(w->final[i]) - mine_score(w->decoded[i]);
		chars += w->final[i].n;
	}
	return chars ? sum / (double)chars : 0;
}

/* Names of hosts are as much like words when they are written backwards: that they are such names then, and none before, says it. */
static bool backwards(const struct mine_work *w, size_t n, enum mine_step step)
{
	size_t hosts = 0;
	for (size_t i = 0; i < n && step == STEP_REVERSE; i++) {
		if (mine_class_of(w->decoded[i]) != MINE_NONE)
			return false;
		hosts += mine_class_of(w->final[i]) == MINE_HOST;
	}
	return hosts >= REVERSED_MIN && 4 * hosts >= 3 * n;
}

static bool finish(struct mine_work *w, size_t n, const struct outer *o, enum mine_step step, uint8_t key, struct mine_found *out)
{
	w->n_text = 0;
	for (size_t i = 0; i < n; i++) {
		size_t got;
		uint8_t *to = w->text + w->n_text;
		if (!mine_step(step, key, w->decoded[i], to, &got))
			return false;
		w->final[i] = slice_of(to, got);
		w->n_text += got;
	}
	if (!mine_judge(w->final, n, w->choices, w->strict, &out->verdict))
		return false;
	/* What stands there openly is believed before what a key makes of it. */
	if (o->step[0] == STEP_NONE && step != STEP_NONE && !backwards(w, n, step) && gain(w, n) < GAIN_MIN)
		return false;
	out->n = n;
	out->chain = (struct mine_chain){0};
	for (int i = 0; i < 2; i++)
		if (o->step[i]) {
			out->chain.step[out->chain.n] = o->step[i];
			out->chain.key[out->chain.n++] = o->key[i];
		}
	if (step) {
		out->chain.step[out->chain.n] = step;
		out->chain.key[out->chain.n++] = key;
	}
	return true;
}

/* All keys of one inner step that are left for the first n texts. The best that makes sense. */
static bool best_key(
        struct mine_work *w, size_t n, const struct outer *o, enum mine_step step, const struct keys *keys, struct mine_found *out)
{
	struct mine_found found, best = {0};
	int best_at = -1;
	for (unsigned k = 0; k < 256; k++) {
		if (!has(keys, k) || !sample_good(w->decoded, n, step, (uint8_t)k) || !finish(w, n, o, step, (uint8_t)k, &found))
			continue;
		bool better = best_at < 0 || (best.verdict.text && !found.verdict.text) ||
		              (best.verdict.text == found.verdict.text && found.verdict.bits > best.verdict.bits);
		if (better) {
			best = found;
			best_at = (int)k;
		}
	}
	if (best_at < 0)
		return false;
	/* Again, for its texts. */
	return finish(w, n, o, step, (uint8_t)best_at, out);
}

/* A run under one outer and one inner form. */
static bool try_run(
        struct mine_work *w, const struct slice *texts, size_t n, const struct outer *o, enum mine_step step, struct mine_found *out)
{
	static const double choices[] = {
	        [STEP_NONE] = 16, [STEP_XOR] = 4096, [STEP_ADD] = 4096, [STEP_ROTATE] = 128, [STEP_CAESAR] = 512, [STEP_REVERSE] = 512};
	struct keys keys, more;
	size_t run = 1, bytes = w->decoded[0].n;
	if (!keys_of(step, w->decoded[0], &keys))
		return false;
	w->n_outer = (size_t)(w->decoded[0].p - w->outer) + w->decoded[0].n;
	while (run < n && run < TEXTS_MAX && undo(w, o, texts[run], &w->decoded[run]) && keys_of(step, w->decoded[run], &more) &&
	        keys_and(&keys, &more))
		bytes += w->decoded[run++].n;
	if (bytes < ENOUGH)
		return false;
	w->choices = choices[step];
	if (best_key(w, run, o, step, &keys, out))
		return true;
	/* What follows may only happen to fit. */
	if (run == 1 || w->decoded[0].n < NESTED_MIN)
		return false;
	return keys_of(step, w->decoded[0], &keys) && best_key(w, 1, o, step, &keys, out);
}

/* Keys under which the bytes are base64, or hex, and what that holds. */
static bool try_masked(struct mine_work *w, struct slice text, struct mine_found *out)
{
	for (int step = STEP_XOR; step <= STEP_ADD; step++) {
		uint64_t there[4] = {0};
		uint8_t distinct[80];
		size_t n = 0, i = 0;
		for (; i < text.n; i++) {
			uint8_t c = text.p[i];
			if (there[c / 64] >> (c % 64) & 1)
				continue;
			there[c / 64] |= (uint64_t)1 << (c % 64);
			if (n == sizeof(distinct))
				break;
			distinct[n++] = c;
		}
		for (unsigned key = 1; i == text.n && key < 256; key++) {
			bool good = true;
			for (size_t d = 0; d < n && good; d++) {
				uint8_t c = step == STEP_XOR ? (uint8_t)(distinct[d] ^ key) : (uint8_t)(distinct[d] - key);
				good = six[c] != 255 || c == '=';
			}
			if (!good)
				continue;
			for (int inner = STEP_BASE64; inner <= STEP_HEX; inner++) {
				struct outer o = {{(enum mine_step)step, (enum mine_step)inner}, {(uint8_t)key, 0}, 0};
				struct keys plain;
				w->n_outer = 0;
				w->choices = 8192;
				if (undo(w, &o, text, &w->decoded[0]) && w->decoded[0].n >= ENOUGH &&
				        keys_of(STEP_NONE, w->decoded[0], &plain) && best_key(w, 1, &o, STEP_NONE, &plain, out))
					return true;
			}
		}
	}
	return false;
}

bool mine_decode(struct mine_work *w, const struct slice *texts, const uint8_t *raw, size_t n, struct mine_found *out, bool *readable)
{
	struct mine_found found;
	*readable = false;
	for (size_t i = 0; i < ARRAY_LEN(outers); i++) {
		const struct outer *o = &outers[i];
		size_t run = n;
		if (texts[0].n < o->least)
			continue;
		if (o->step[0] == STEP_NONE) {
			if (!raw[0] || texts[0].n > RAW_MAX)
				continue;
			for (run = 1; run < n && raw[run] == raw[0];)
				run++;
		}
		w->strict = o->step[0] == STEP_NONE && raw[0] == RAW_RUN;
		w->n_outer = 0;
		if (!undo(w, o, texts[0], &w->decoded[0]))
			continue;
		for (size_t k = o->step[0] == STEP_NONE && raw[0] != RAW_CODED; k < ARRAY_LEN(inners); k++) {
			if (!try_run(w, texts, run, o, inners[k], &found))
				continue;
			if (!found.verdict.text) {
				*out = found;
				return true;
			}
			*readable = true;
		}
	}
	w->strict = raw[0] == RAW_RUN;
	if (raw[0] && texts[0].n >= NESTED_MIN && texts[0].n <= RAW_MAX && try_masked(w, texts[0], &found)) {
		if (!found.verdict.text) {
			*out = found;
			return true;
		}
		*readable = true;
	}
	return false;
}
