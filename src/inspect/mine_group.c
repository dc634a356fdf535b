/* Constants that stand near each other, and what they hold together. Pure but for memory. */
#include "inspect/mine_part.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "parse/elfstrings.h"

#define GROUP_MAX   4096
#define GROUP_BYTES ((size_t)2 << 20)
#define GAP_MAX     48 /* bytes from one literal to the next of a list: `"||x==="`, headers in byte code */
#define VALUES_MAX  65536
#define LISTS_MAX   20000
#define DOUBTFUL    2.4 /* bits a character: what looks less like words than this is looked at undecoded, too */
#define RAW_MIN     4
/* A table of all time zones or countries says nothing of who is looked for; it is still told. */
#define OPEN_LIST_MIN 2
/* Of one text: so many members, and bytes. */
#define JOINED_MIN 5
#define JOINED_MAX 8192
/* A member that is one of so many before it is no other one. */
#define AGAIN_LOOKED 16

struct item {
	size_t at, end;
	struct slice text;
	enum mine_class class;
	uint8_t raw; /* enum mine_raw */
	bool escapes, numbers, literal;
};

struct seen {
	uint64_t hash;
	bool used;
};

struct mine_miner {
	struct buf *out;
	struct mine_work *work;
	struct item *items;
	struct slice *texts;
	uint8_t *raw;
	uint8_t *text, *scratch, *narrow;
	size_t n, n_text;
	uint32_t file;
	size_t from; /* groups that begin before are another's */
	struct slice bytes;
	struct seen *seen;
	uint64_t constants, texts_found, too_long, lists, values;
	bool cut, hidden;
};

struct mine_miner *mine_miner_new(struct buf *out, bool hidden)
{
	struct mine_miner *m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->out = out;
	m->work = mine_work_new();
	m->items = malloc(GROUP_MAX * sizeof(*m->items));
	m->texts = malloc(GROUP_MAX * sizeof(*m->texts));
	m->raw = malloc(GROUP_MAX * sizeof(*m->raw));
	m->text = malloc(GROUP_BYTES);
	m->scratch = malloc(CONSTANT_MAX);
	m->narrow = malloc(CONSTANT_WIDE_MAX);
	m->seen = hidden ? NULL : calloc(2 * VALUES_MAX, sizeof(*m->seen));
	m->hidden = hidden;
	if (!m->work || !m->items || !m->texts || !m->raw || !m->text || !m->scratch || !m->narrow || (!m->seen && !hidden)) {
		mine_miner_free(m);
		return NULL;
	}
	return m;
}

void mine_miner_free(struct mine_miner *m)
{
	if (!m)
		return;
	mine_work_free(m->work);
	free(m->items);
	free(m->texts);
	free(m->raw);
	free(m->text);
	free(m->scratch);
	free(m->narrow);
	free(m->seen);
	free(m);
}

/* -- records -- */

static void put_text(struct buf *out, struct slice s)
{
	s = slice_sub(s, 0, MINE_MEMBER_MAX);
	buf_be(out, s.n, 2);
	buf_add(out, s);
}

/* texts: each may hold several members. */
static void put_list(struct mine_miner *m, enum mine_class class, bool hidden, bool literal, size_t at, size_t end, struct slice encoding,
        double bits, const struct slice *texts, size_t n)
{
	static _Thread_local struct slice members[MINE_MEMBERS_MAX];
	size_t got = 0, all = 0;
	if (m->lists == LISTS_MAX) {
		m->cut = true;
		return;
	}
	m->lists++;
	for (size_t i = 0; i < n; i++) {
		size_t total = 1;
		if (hidden)
			got += mine_split(texts[i], members + got, MINE_MEMBERS_MAX - got, &total);
		else if (got < MINE_MEMBERS_MAX)
			members[got++] = texts[i];
		all += total;
	}
	buf_u8(m->out, RECORD_LIST);
	buf_u8(m->out, (uint8_t) class);
	buf_u8(m->out, (uint8_t)(hidden | literal << 1));
	buf_be(m->out, m->file, 4);
	buf_be(m->out, at, 8);
	buf_be(m->out, end - at, 8);
	buf_be(m->out, bits > 1e6 ? 1000000 : (uint64_t)bits, 4);
	buf_be(m->out, all, 4);
	put_text(m->out, encoding);
	buf_be(m->out, got, 2);
	for (size_t i = 0; i < got; i++)
		put_text(m->out, members[i]);
}

/* Once each. */
static void put_value(struct mine_miner *m, enum mine_class class, size_t at, struct slice text)
{
	uint64_t h = slice_hash(text) * 31 + class;
	size_t i = h & (2 * VALUES_MAX - 1);
	for (; m->seen[i].used; i = (i + 1) & (2 * VALUES_MAX - 1))
		if (m->seen[i].hash == h)
			return;
	if (m->values == VALUES_MAX) {
		m->cut = true;
		return;
	}
	m->values++;
	m->seen[i] = (struct seen){h, true};
	buf_u8(m->out, RECORD_VALUE);
	buf_u8(m->out, (uint8_t) class);
	buf_be(m->out, m->file, 4);
	buf_be(m->out, at, 8);
	put_text(m->out, text);
}

void mine_miner_end(struct mine_miner *m)
{
	buf_u8(m->out, RECORD_COUNTS);
	buf_be(m->out, m->constants, 8);
	buf_be(m->out, m->texts_found, 8);
	buf_be(m->out, m->too_long, 8);
	buf_u8(m->out, m->cut);
}

/* -- groups -- */

/* A text that is nothing but host names, zones or locales, one after the other. */
static void open_joined(struct mine_miner *m, const struct item *it)
{
	size_t total, n = it->text.n <= JOINED_MAX ? mine_split(it->text, m->texts, 2, &total) : 0;
	enum mine_class c = n == 2 ? mine_class_of(m->texts[0]) : MINE_NONE;
	if ((c != MINE_HOST && c != MINE_ZONE && c != MINE_LOCALE) || total < JOINED_MIN || total > MINE_MEMBERS_MAX)
		return;
	n = mine_split(it->text, m->texts, MINE_MEMBERS_MAX, &total);
	size_t others = 0;
	for (size_t i = 0; i < n; i++)
		others += mine_class_of(m->texts[i]) != c;
	if (4 * others <= n)
		put_list(m, c, false, it->literal, it->at, it->end, SLICE("plain"), 0, m->texts, n);
}

/* Lists of one class that stand there openly: neighbours, with at most one stranger between two of them. */
static void open_lists(struct mine_miner *m)
{
	for (size_t i = 0; i < m->n;) {
		enum mine_class c = m->items[i].class;
		size_t n = 0, last = i, k = i;
		if (c == MINE_NONE) {
			open_joined(m, &m->items[i]);
			i++;
			continue;
		}
		for (; k < m->n && (m->items[k].class == c || (k == last + 1 && m->items[k].class == MINE_NONE)); k++) {
			if (m->items[k].class != c)
				continue;
			last = k;
			bool again = false;
			for (size_t j = n > AGAIN_LOOKED ? n - AGAIN_LOOKED : 0; j < n && !again; j++)
				again = slice_eq(m->texts[j], m->items[k].text);
			if (!again)
				m->texts[n++] = m->items[k].text;
		}
		if (n >= OPEN_LIST_MIN)
			put_list(m, c, false, m->items[i].literal, m->items[i].at, m->items[last].end, SLICE("plain"), 0, m->texts, n);
		i = last + 1;
	}
}

/* What runs of texts were decoded to: a text that is a list itself is one, neighbours that are one member each are one together. */
static void put_found(struct mine_miner *m, size_t at, const struct mine_found *f)
{
	_cleanup_buf_ struct buf name = BUF(MINE_MEMBER_MAX);
	const struct item *items = m->items + at;
	mine_chain_name(&name, &f->chain, items->escapes, items->numbers);
	for (size_t i = 0, k; i < f->n; i = k) {
		struct slice two[2];
		size_t total;
		struct mine_verdict v = f->verdict;
		bool single = mine_split(mine_work_text(m->work, i), two, 2, &total) < 2;
		for (k = i + 1; single && k < f->n && mine_split(mine_work_text(m->work, k), two, 2, &total) < 2;)
			k++;
		/* By itself it may be little; it is of the run's kind then. */
		if (k - i < f->n && (!mine_judge(mine_work_texts(m->work) + i, k - i, 1, false, &v) || v.text)) {
			v.class = f->verdict.class;
			v.bits = f->verdict.bits;
		}
		put_list(m, v.class, true, items->literal, items[i].at, items[k - 1].end, buf_slice(&name), v.bits,
		        mine_work_texts(m->work) + i, k - i);
	}
}

static void hidden_lists(struct mine_miner *m)
{
	for (size_t i = 0; i < m->n; i++) {
		m->texts[i] = m->items[i].text;
		m->raw[i] = m->items[i].raw;
	}
	for (size_t i = 0; i < m->n;) {
		struct mine_found f;
		bool readable;
		if (!mine_decode(m->work, m->texts + i, m->raw + i, m->n - i, &f, &readable)) {
			m->texts_found += readable;
			i++;
			continue;
		}
		put_found(m, i, &f);
		/* They are what they hold, and nothing else. */
		for (size_t k = 0; k < f.n; k++)
			m->items[i + k].class = MINE_NONE;
		i += f.n;
	}
}

static void flush(struct mine_miner *m)
{
	if (m->n && m->items[0].at >= m->from) {
		hidden_lists(m);
		for (size_t i = 0; i < m->n && !m->hidden; i++)
			if (m->items[i].class != MINE_NONE)
				put_value(m, m->items[i].class, m->items[i].at, m->items[i].text);
		if (!m->hidden)
			open_lists(m);
	}
	m->n = 0;
	m->n_text = 0;
}

/* Coordinates, drawings, checksums: under a key, ten digits are ten letters. */
static bool figures(struct slice s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] && strchr(" ,.-+", s.p[i]));
	return n * 10 >= s.n * 8;
}

static bool host_backwards(struct slice s)
{
	uint8_t back[64];
	size_t n;
	return s.n <= sizeof(back) && memchr(s.p, '.', s.n) && mine_step(STEP_REVERSE, 0, s, back, &n) &&
	       mine_class_of(slice_of(back, n)) == MINE_HOST;
}

static void add(struct mine_miner *m, const struct constant *c)
{
	struct slice text = c->text;
	m->constants++;
	if (text.n < 2 || text.n > GROUP_BYTES)
		return;
	if (m->n && (c->at > m->items[m->n - 1].end + GAP_MAX || m->n == GROUP_MAX || text.n > GROUP_BYTES - m->n_text))
		flush(m);
	struct item *item = &m->items[m->n];
	*item = (struct item){.at = c->at, .end = c->end, .numbers = c->kind == CONSTANT_NUMBERS, .literal = c->kind != CONSTANT_RUN};
	memcpy(m->text + m->n_text, text.p, text.n);
	item->text = slice_of(m->text + m->n_text, text.n);
	item->escapes = c->coded && !item->numbers;
	if (c->coded)
		item->raw = RAW_CODED;
	else
		item->class = c->kind == CONSTANT_NAME ? MINE_VARIABLE : mine_class_of(text);
	/* Text is itself, unless it looks like none. Letters and lines between them are a variable's name, and rotated they still are: how
	 * much they look like words is seen when all of them are together. */
	bool variable = item->class == MINE_VARIABLE && (c->kind == CONSTANT_QUOTED || c->kind == CONSTANT_TABLE);
	bool odd = item->class == MINE_NONE && text.n <= 65536 && !figures(text) &&
	           (mine_score(text) < DOUBTFUL * (double)text.n || host_backwards(text));
	if (!c->coded && text.n >= RAW_MIN && (variable || odd))
		item->raw = c->kind == CONSTANT_RUN ? RAW_RUN : RAW_ODD;
	m->n_text += text.n;
	m->n++;
}

/* -- bytes of an executable under a key -- */

/* The difference of two neighbours is the same under every key of XOR, or of addition. So endings of host names and heads of zone names are
 * looked for by their differences, in one pass, whatever the key is. */
static const char *const cribs[] = {
        ".com", ".net", ".org", ".cn", ".ru", ".edu", ".gov", ".io", "Asia/", "Europe/", "America/", "Africa/", "https://"};

#define CRIB_MAX   8
#define TEXT_LEAST 14

struct crib {
	uint8_t d[CRIB_MAX];
	size_t n;
};

static uint8_t first_two[2][65536 / 8];
static struct crib by_xor[ARRAY_LEN(cribs)], by_add[ARRAY_LEN(cribs)];

static void make_cribs(void)
{
	for (size_t i = 0; i < ARRAY_LEN(cribs); i++) {
		const uint8_t *t = (const uint8_t *)cribs[i];
		size_t n = strlen(cribs[i]) - 1;
		for (size_t k = 0; k < n; k++) {
			by_xor[i].d[k] = t[k] ^ t[k + 1];
			by_add[i].d[k] = (uint8_t)(t[k + 1] - t[k]);
		}
		by_xor[i].n = by_add[i].n = n;
		first_two[0][(by_xor[i].d[0] << 8 | by_xor[i].d[1]) / 8] |= (uint8_t)(1 << (by_xor[i].d[1] & 7));
		first_two[1][(by_add[i].d[0] << 8 | by_add[i].d[1]) / 8] |= (uint8_t)(1 << (by_add[i].d[1] & 7));
	}
}

static uint8_t under(enum mine_step step, uint8_t c, uint8_t key)
{
	return step == STEP_XOR ? c ^ key : (uint8_t)(c - key);
}

/* Four equal bytes: under many a key zeros are letters, too. */
static bool padding(struct slice s, size_t at)
{
	return at + 4 <= s.n && s.p[at] == s.p[at + 1] && s.p[at] == s.p[at + 2] && s.p[at] == s.p[at + 3];
}

/* The text around `at` under that key, as far as it is letters; judged. Where to go on: behind it, also if it is nothing, so that no byte
 * is looked at often; 0: right here. */
static size_t keyed_text(struct mine_miner *m, enum mine_step step, size_t at, uint8_t key, size_t least)
{
	struct slice s = m->bytes;
	size_t begin = at, end = at, n;
	while (begin > least && at - begin < 65536 && mine_letters[under(step, s.p[begin - 1], key)] &&
	        !(begin >= 4 && padding(s, begin - 4)))
		begin--;
	while (end < s.n && end - at < 65536 && mine_letters[under(step, s.p[end], key)] && !padding(s, end))
		end++;
	if (end - begin < TEXT_LEAST)
		return 0;
	struct slice text = slice_of(m->scratch, end - begin);
	struct mine_verdict v;
	if (!mine_step(step, key, slice_sub(s, begin, end - begin), m->scratch, &n) || !mine_judge(&text, 1, 1e9, true, &v) || v.text)
		return end - begin > 256 ? end : 0;
	_cleanup_buf_ struct buf name = BUF(MINE_MEMBER_MAX);
	mine_chain_name(&name, &(struct mine_chain){{step}, {key}, 1}, false, false);
	put_list(m, v.class, true, false, begin, end, buf_slice(&name), v.bits, &text, 1);
	return end;
}

static void keyed_bytes(struct mine_miner *m, size_t from, size_t stop)
{
	/* Not at the start of the program, which most often mines nothing. */
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	(void)pthread_once(&once, make_cribs);
	struct slice s = m->bytes;
	size_t done[2] = {from, from};
	for (size_t i = from; i < stop && i + CRIB_MAX + 1 < s.n; i++) {
		uint8_t a = s.p[i], b = s.p[i + 1], c = s.p[i + 2];
		for (int way = 0; way < 2; way++) {
			uint8_t d = way ? (uint8_t)(b - a) : a ^ b, e = way ? (uint8_t)(c - b) : b ^ c;
			if (!(first_two[way][(d << 8 | e) / 8] >> (e & 7) & 1) || i < done[way])
				continue;
			for (size_t k = 0; k < ARRAY_LEN(cribs); k++) {
				const struct crib *crib = way ? &by_add[k] : &by_xor[k];
				size_t n = 0;
				while (n < crib->n &&
				        crib->d[n] == (way ? (uint8_t)(s.p[i + n + 1] - s.p[i + n]) : s.p[i + n] ^ s.p[i + n + 1]))
					n++;
				uint8_t key = way ? (uint8_t)(a - (uint8_t)cribs[k][0]) : a ^ (uint8_t)cribs[k][0];
				if (n < crib->n || key == 0)
					continue;
				size_t end = keyed_text(m, way ? STEP_ADD : STEP_XOR, i, key, done[way]);
				if (end > done[way])
					done[way] = end;
			}
		}
	}
}

/* Where one text ends in a binary and the next begins is often nowhere but in its tables. A table is a list, with whatever stands between
 * its pointers. */
static void string_tables(struct mine_miner *m, size_t from, size_t stop)
{
	struct elf_strings all;
	struct elf_string s;
	if (!elf_strings_begin(m->bytes, from, stop, &all))
		return;
	while (elf_strings_next(&all, &s)) {
		/* Those that are made when it is loaded are in no order that is certain. */
		if (m->n && s.at < m->items[m->n - 1].at)
			flush(m);
		add(m, &(struct constant){.kind = CONSTANT_TABLE, .at = s.at, .end = s.end, .text = s.text});
	}
	flush(m);
}

void mine_bytes(struct mine_miner *m, uint32_t file, struct slice bytes, size_t from, size_t stop)
{
	/* A group that begins before is told by who reads there; it takes so much to see where it does. */
	size_t before = from > 65536 ? from - 65536 : 0, end = bytes.n - from > stop - from + GROUP_BYTES ? stop + GROUP_BYTES : bytes.n;
	if (stop > bytes.n)
		stop = bytes.n;
	bool text = constants_text(slice_sub(bytes, 0, 8192));
	struct constants all = constants_of(bytes, before, end, text, m->scratch, m->narrow);
	struct constant c;
	m->file = file;
	m->from = from;
	m->bytes = bytes;
	while (constants_next(&all, &c)) {
		add(m, &c);
		/* What is past the end belongs to the group that is open; the next group is another's. */
		if (m->n && m->items[0].at >= stop)
			break;
	}
	if (m->n && m->items[0].at >= stop)
		m->n = m->n_text = 0;
	flush(m);
	m->too_long += all.too_long;
	if (!text) {
		string_tables(m, from, stop);
		keyed_bytes(m, from, stop);
	}
}
