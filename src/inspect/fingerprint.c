#include "inspect/fingerprint_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/encode.h"

#define MAGIC     0x3176696d5044504cull
#define BASE      0x9e3779b97f4a7c15ull /* of the rolling hash */
#define NEAR      250                   /* characters of normal form between fingerprints of one run */
#define DEPTH_MAX 32
#define FILE_MAX  ((size_t)4 << 20)

struct header {
	uint64_t magic, n;
	uint32_t n_files, bits, n_names, pad;
};

/* ---- normal form */

enum { TEXT, BACKSLASH, UNICODE, BLANK };

/* There is always room for the eight characters that one byte can release. */
static inline void put(struct fingerprint_scan *f, uint8_t c, uint64_t at)
{
	f->c[f->n] = c;
	f->at[f->n++] = at;
}

static void release(struct fingerprint_scan *f, bool drop)
{
	struct fingerprint_norm *n = &f->norm;
	for (unsigned i = 0; i < n->n && !drop; i++)
		put(f, n->held[i], n->held_at[i]);
	if (n->n)
		n->line = false;
	n->n = 0;
}

static bool alnum(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c >= 0x80;
}

/* What a character is inside of a line: itself in lower case, 0: left out, 1: has a meaning. */
static uint8_t forms[256];

__attribute__((constructor)) static void make_forms(void)
{
	for (unsigned c = 0; c < 256; c++)
		forms[c] = c == '\\' || c == '\n' || c == '"' ? 1
		           : !alnum((uint8_t)c)               ? 0
		           : c >= 'A' && c <= 'Z'             ? (uint8_t)(c | 32)
		                                              : (uint8_t)c;
}

/* A character that is what it is. */
static void plain(struct fingerprint_scan *f, uint8_t c, uint64_t at)
{
	struct fingerprint_norm *n = &f->norm;
	if (n->n) {
		/* Digits at the front of a line were held back: a number of the line, or not? */
		if (c >= '0' && c <= '9' && n->n < 7 && n->state != BLANK) {
			n->held_at[n->n] = at;
			n->held[n->n++] = c;
			return;
		}
		if (c == ' ') {
			n->state = BLANK;
			return;
		}
		n->state = TEXT;
		bool number = c == '\t' || c == ':' || c == '|' || c == 0xe2;
		release(f, number);
		if (number) {
			n->line = false;
			n->arrow = c == 0xe2 ? 2 : 0;
			return;
		}
	}
	if (n->arrow) {
		n->arrow--;
		return;
	}
	if (c == '\n' || c == '"') {
		n->line = true;
		return;
	}
	if (!alnum(c))
		return;
	if (n->line && c >= '0' && c <= '9') {
		n->held_at[0] = at;
		n->held[0] = c;
		n->n = 1;
		return;
	}
	n->line = false;
	put(f, c >= 'A' && c <= 'Z' ? c | 32 : c, at);
}

/* \uXXXX */
static void code_point(struct fingerprint_scan *f, uint32_t c, uint64_t at)
{
	struct fingerprint_norm *n = &f->norm;
	n->state = TEXT;
	if (c >= 0xd800 && c < 0xdc00) {
		n->high = c;
		return;
	}
	if (c >= 0xdc00 && c < 0xe000 && n->high)
		c = 0x10000 + ((n->high - 0xd800) << 10) + (c - 0xdc00);
	n->high = 0;
	if (c < 0x80) {
		plain(f, (uint8_t)c, at);
		return;
	}
	uint8_t out[4];
	unsigned k = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (unsigned i = k; i-- > 1; c >>= 6)
		out[i] = (uint8_t)(0x80 | (c & 0x3f));
	out[0] = (uint8_t)((k == 2 ? 0xc0 : k == 3 ? 0xe0 : 0xf0) | c);
	for (unsigned i = 0; i < k; i++)
		plain(f, out[i], at);
}

static void normal(struct fingerprint_scan *f, uint8_t c, uint64_t at)
{
	struct fingerprint_norm *n = &f->norm;
	if (n->state == BACKSLASH) {
		switch (c) {
		case '\\':
			return;
		case 'n':
		case 'r':
			n->state = TEXT;
			plain(f, '\n', at);
			return;
		case 't':
			n->state = TEXT;
			plain(f, '\t', at);
			return;
		case 'u':
			n->state = UNICODE;
			n->left = 4;
			n->code = 0;
			return;
		default:
			n->state = TEXT;
			break;
		}
	} else if (n->state == UNICODE) {
		int v = hex_value(c);
		if (v >= 0) {
			n->code = n->code << 4 | (uint32_t)v;
			if (--n->left == 0)
				code_point(f, n->code, at);
			return;
		}
		n->state = TEXT;
	}
	if (c == '\\') {
		n->state = BACKSLASH;
		return;
	}
	plain(f, c, at);
}

static uint64_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ull;
	return h ^ h >> 32;
}

/* Of FINGERPRINT_W hashes the least is below this in 97 of 100 cases: what is above is neither kept nor looked up. The two upper bits,
 * which are 0 then, make room for others. */
#define LIMIT   (UINT64_MAX >> 2)
#define KEPT(h) ((h) << 2)

static uint64_t power(void)
{
	uint64_t p = 1;
	for (int i = 0; i < FINGERPRINT_K; i++)
		p *= BASE;
	return p;
}

/* The buffer was hashed: only what the next characters have to be seen with is kept. */
static void forget(struct fingerprint_scan *f)
{
	memmove(f->c, f->c + f->n - FINGERPRINT_K, FINGERPRINT_K);
	memmove(f->at, f->at + f->n - FINGERPRINT_K, FINGERPRINT_K * sizeof(*f->at));
	f->n = FINGERPRINT_K;
}

/* ---- making an index */

struct print {
	uint64_t hash;
	uint32_t file;
};

struct list {
	struct print *p;
	size_t n, cap;
};

struct fingerprint_index {
	struct list files, common;
	char **labels;
	size_t n_labels, cap_labels;
};

int fingerprint_index_new(struct fingerprint_index **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void fingerprint_index_free(struct fingerprint_index *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->n_labels; i++)
		free(x->labels[i]);
	free(x->labels);
	free(x->files.p);
	free(x->common.p);
	free(x);
}

static int list_add(struct list *l, uint64_t hash, uint32_t file)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 1024;
		struct print *p = reallocarray(l->p, cap, sizeof(*p));
		if (!p)
			return -ENOMEM;
		l->p = p;
		l->cap = cap;
	}
	l->p[l->n++] = (struct print){hash, file};
	return 0;
}

/* Winnowing: of each W hashes in a row the least, of equals the last. */
struct winnow {
	struct list *list;
	uint64_t window[FINGERPRINT_W], n, last;
	uint32_t file;
	int error;
};

/* Tables of numbers, rulers and the like are the same everywhere: half of it should be letters, of eight different kinds or more. */
static bool telling(const uint8_t *c)
{
	uint32_t kinds = 0;
	unsigned letters = 0;
	for (size_t i = 0; i < FINGERPRINT_K; i++) {
		bool letter = c[i] > '9';
		letters += letter;
		kinds |= letter ? 1u << (c[i] & 31) : 0;
	}
	return letters >= FINGERPRINT_K / 2 && __builtin_popcount(kinds) >= 8;
}

static void pick(struct winnow *w, uint64_t h, bool told)
{
	w->window[w->n++ % FINGERPRINT_W] = told ? h : UINT64_MAX;
	if (w->n < FINGERPRINT_W)
		return;
	uint64_t best = w->n - FINGERPRINT_W;
	for (uint64_t j = best + 1; j < w->n; j++)
		if (w->window[j % FINGERPRINT_W] <= w->window[best % FINGERPRINT_W])
			best = j;
	h = w->window[best % FINGERPRINT_W];
	if (best == w->last || h > LIMIT || w->error)
		return;
	w->last = best;
	w->error = list_add(w->list, KEPT(h), w->file);
}

static int winnow(struct list *l, struct slice s, uint32_t file, size_t *added)
{
	struct fingerprint_scan f = FINGERPRINT_SCAN;
	struct winnow w = {.list = l, .last = UINT64_MAX, .file = file};
	const uint64_t out = power();
	size_t before = l->n;
	for (size_t i = 0; i <= s.n; i++) {
		if (i < s.n)
			normal(&f, s.p[i], i);
		else
			release(&f, false);
		if (i < s.n && f.n + 16 < sizeof(f.c))
			continue;
		for (size_t j = FINGERPRINT_K; j < f.n; j++) {
			f.hash = f.hash * BASE + f.c[j] - f.c[j - FINGERPRINT_K] * out;
			if (++f.seen >= FINGERPRINT_K)
				pick(&w, mix(f.hash), telling(f.c + j + 1 - FINGERPRINT_K));
		}
		forget(&f);
	}
	if (added)
		*added = l->n - before;
	return w.error;
}

static bool binary(struct slice s)
{
	return s.n && memchr(s.p, 0, s.n < 8192 ? s.n : 8192);
}

int fingerprint_add(struct fingerprint_index *x, struct slice label, struct slice text, size_t *added)
{
	if (added)
		*added = 0;
	if (binary(text))
		return 0;
	if (x->n_labels == FINGERPRINT_FILES_MAX)
		return -E2BIG;
	if (x->n_labels == x->cap_labels) {
		size_t cap = x->cap_labels ? x->cap_labels * 2 : 64;
		char **p = reallocarray(x->labels, cap, sizeof(*p));
		if (!p)
			return -ENOMEM;
		x->labels = p;
		x->cap_labels = cap;
	}
	char *copy = strndup(label.n ? (const char *)label.p : "", label.n < 255 ? label.n : 255);
	if (!copy)
		return -ENOMEM;
	x->labels[x->n_labels++] = copy;
	return winnow(&x->files, text, (uint32_t)x->n_labels - 1, added);
}

int fingerprint_common(struct fingerprint_index *x, struct slice text)
{
	return binary(text) ? 0 : winnow(&x->common, text, 0, NULL);
}

static int add_file(struct fingerprint_index *x, int fd, const char *label, bool common, size_t *files)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || (size_t)st.st_size > FILE_MAX)
		return 0;
	size_t size = (size_t)st.st_size, n = 0;
	_cleanup_free_ uint8_t *p = malloc(size);
	if (!p)
		return -ENOMEM;
	while (n < size) {
		ssize_t k = read(fd, p + n, size - n);
		if (k <= 0)
			break;
		n += (size_t)k;
	}
	if (files)
		++*files;
	return common ? fingerprint_common(x, slice_of(p, n)) : fingerprint_add(x, slice_str(label), slice_of(p, n), NULL);
}

static int add_folder(struct fingerprint_index *x, int dirfd, const char *path, const char *label, bool common, size_t *files,
        unsigned depth, struct err *err)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (depth ? O_NOFOLLOW : 0)), e = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		e = -errno;
		if (fd >= 0)
			(void)close(fd);
		return depth ? 0 : err_sys(err, e, "The folder %s cannot be read", path);
	}
	for (struct dirent *entry; e == 0 && (entry = readdir(d));) {
		char name[1024];
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || strcmp(entry->d_name, ".git") == 0)
			continue;
		if (snprintf(name, sizeof(name), "%s%s%s", label, *label ? "/" : "", entry->d_name) >= (int)sizeof(name))
			continue;
		if (entry->d_type == DT_DIR && depth < DEPTH_MAX) {
			e = add_folder(x, fd, entry->d_name, name, common, files, depth + 1, err);
			continue;
		}
		_cleanup_fd_ int file = openat(fd, entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (file >= 0)
			e = add_file(x, file, name, common, files);
	}
	(void)closedir(d);
	return e;
}

int fingerprint_folder(struct fingerprint_index *x, int dirfd, const char *path, bool common, size_t *files, struct err *err)
{
	if (files)
		*files = 0;
	return add_folder(x, dirfd, path, "", common, files, 0, err);
}

static int by_hash(const void *a, const void *b)
{
	const struct print *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->file < y->file ? -1 : x->file > y->file;
}

static uint32_t rest_of(uint64_t hash, unsigned bits)
{
	return (uint32_t)(hash << bits >> 32);
}

static size_t bucket_of(uint64_t hash, unsigned bits)
{
	return (size_t)(hash >> (64 - bits));
}

int fingerprint_write(struct fingerprint_index *x, struct buf *out)
{
	struct list *l = &x->files, *c = &x->common;
	size_t n = 0, k = 0, start = out->n;
	if (l->n)
		qsort(l->p, l->n, sizeof(*l->p), by_hash);
	if (c->n)
		qsort(c->p, c->n, sizeof(*c->p), by_hash);
	for (size_t i = 0; i < l->n; i++) {
		while (k < c->n && c->p[k].hash < l->p[i].hash)
			k++;
		if ((k < c->n && c->p[k].hash == l->p[i].hash) || (n && l->p[n - 1].hash == l->p[i].hash))
			continue;
		l->p[n++] = l->p[i];
	}
	l->n = n;
	struct header h = {.magic = MAGIC, .n = n, .n_files = (uint32_t)x->n_labels, .bits = 1};
	while (h.bits < 28 && (size_t)8 << h.bits < n)
		h.bits++;
	for (size_t i = 0; i < x->n_labels; i++)
		h.n_names += (uint32_t)strlen(x->labels[i]) + 1;
	buf_add(out, slice_of(&h, sizeof(h)));
	uint32_t at = 0;
	for (size_t b = 0; b <= (size_t)1 << h.bits; b++) {
		while (at < n && bucket_of(l->p[at].hash, h.bits) < b)
			at++;
		buf_add(out, slice_of(&at, sizeof(at)));
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t rest = rest_of(l->p[i].hash, h.bits);
		buf_add(out, slice_of(&rest, sizeof(rest)));
	}
	uint32_t offset = 0;
	for (size_t i = 0; i <= x->n_labels; i++) {
		buf_add(out, slice_of(&offset, sizeof(offset)));
		offset += i < x->n_labels ? (uint32_t)strlen(x->labels[i]) + 1 : 0;
	}
	for (size_t i = 0; i < x->n_labels; i++)
		buf_add(out, slice_of(x->labels[i], strlen(x->labels[i]) + 1));
	for (size_t i = 0; i < n; i++) {
		uint8_t file[3] = {(uint8_t)l->p[i].file, (uint8_t)(l->p[i].file >> 8), (uint8_t)(l->p[i].file >> 16)};
		buf_add(out, slice_of(file, 3));
	}
	int e = buf_error(out);
	if (e < 0)
		out->n = start;
	return e;
}

/* ---- using one */

int fingerprint_open(struct slice index, struct fingerprint_set *out)
{
	struct fingerprint_set s = {0};
	struct header h;
	if (index.n < sizeof(h) || (uintptr_t)index.p % 4 != 0)
		return -EINVAL;
	memcpy(&h, index.p, sizeof(h));
	if (h.magic != MAGIC || h.bits < 1 || h.bits > 28 || h.n > UINT32_MAX || h.n_files > FINGERPRINT_FILES_MAX)
		return -EINVAL;
	size_t buckets = ((size_t)1 << h.bits) + 1;
	if (index.n != sizeof(h) + buckets * 4 + (size_t)h.n * 7 + (h.n_files + (size_t)1) * 4 + h.n_names)
		return -EINVAL;
	s.directory = (const void *)(index.p + sizeof(h));
	s.rest = s.directory + buckets;
	s.labels = s.rest + h.n;
	s.names = (const char *)(s.labels + h.n_files + 1);
	s.files = (const uint8_t *)s.names + h.n_names;
	s.n = (size_t)h.n;
	s.n_files = h.n_files;
	s.bits = h.bits;
	if (h.n_names && s.names[h.n_names - 1] != 0)
		return -EINVAL;
	for (size_t i = 0; i < buckets; i++)
		if (s.directory[i] > s.n || (i && s.directory[i] < s.directory[i - 1]))
			return -EINVAL;
	for (size_t i = 0; i < s.n_files; i++)
		if (s.labels[i] >= h.n_names)
			return -EINVAL;
	for (size_t i = 0; i < s.n; i++)
		if ((s.files[3 * i] | (uint32_t)s.files[3 * i + 1] << 8 | (uint32_t)s.files[3 * i + 2] << 16) >= s.n_files)
			return -EINVAL;
	s.filter_bits = 12;
	while (s.filter_bits < 32 && (size_t)1 << s.filter_bits < s.n * 8)
		s.filter_bits++;
	s.filter = calloc(((size_t)1 << s.filter_bits) / 64, 8);
	if (!s.filter)
		return -ENOMEM;
	for (size_t b = 0; b + 1 < buckets; b++)
		for (size_t i = s.directory[b]; i < s.directory[b + 1]; i++) {
			/* The bits of the hash that are known, from the top: enough for the filter. */
			uint64_t hash = (uint64_t)b << (64 - s.bits) | (uint64_t)s.rest[i] << (32 - s.bits);
			size_t bit = (size_t)(hash >> (64 - s.filter_bits));
			s.filter[bit >> 6] |= 1ull << (bit & 63);
		}
	*out = s;
	return 0;
}

void fingerprint_close(struct fingerprint_set *s)
{
	free(s->filter);
	*s = (struct fingerprint_set){0};
}

static bool look_up(const struct fingerprint_set *s, uint64_t hash, uint32_t *file)
{
	uint32_t rest = rest_of(hash, s->bits);
	size_t b = bucket_of(hash, s->bits);
	for (size_t i = s->directory[b]; i < s->directory[b + 1]; i++)
		if (s->rest[i] == rest) {
			*file = s->files[3 * i] | (uint32_t)s->files[3 * i + 1] << 8 | (uint32_t)s->files[3 * i + 2] << 16;
			return true;
		}
	return false;
}

struct teller {
	const struct fingerprint_set *sets;
	void (*told)(void *, const struct fingerprint_hit *);
	void *arg;
};

static void finish(struct fingerprint_run *r, const struct teller *t)
{
	if (r->shared >= FINGERPRINT_NEED) {
		const struct fingerprint_set *s = &t->sets[r->set];
		struct fingerprint_hit hit = {s->names + s->labels[r->file], r->shared, r->from, r->to};
		t->told(t->arg, &hit);
	}
	*r = (struct fingerprint_run){0};
}

static void count(struct fingerprint_scan *f, const struct teller *t, uint32_t set, uint32_t file, uint64_t hash, size_t j)
{
	struct fingerprint_run *r = &f->runs[0];
	for (size_t i = 0; i < FINGERPRINT_NEAR; i++) {
		struct fingerprint_run *q = &f->runs[i];
		if (q->shared && q->set == set && q->file == file && f->seen - q->last <= NEAR) {
			q->shared += q->hash != hash;
			q->hash = hash;
			q->last = f->seen;
			q->to = f->at[j] + 1;
			return;
		}
		if (r->shared && (!q->shared || q->last < r->last))
			r = q;
	}
	finish(r, t);
	*r = (struct fingerprint_run){.set = set,
	        .file = file,
	        .shared = 1,
	        .from = f->at[j + 1 - FINGERPRINT_K],
	        .to = f->at[j] + 1,
	        .last = f->seen,
	        .hash = hash};
}

static void look(struct fingerprint_scan *f, const struct teller *t, size_t n_sets, uint64_t hash, size_t j)
{
	for (size_t i = 0; i < n_sets; i++) {
		const struct fingerprint_set *s = &t->sets[i];
		size_t bit = (size_t)(hash >> (64 - s->filter_bits));
		uint32_t file;
		if (s->filter[bit >> 6] >> (bit & 63) & 1 && look_up(s, hash, &file))
			count(f, t, (uint32_t)i, file, hash, j);
	}
}

/* Hashes what is in the buffer. Nearly nothing is in the filter, so that its one branch is foreseen by the processor. */
static void hash_all(struct fingerprint_scan *f, const struct teller *t, size_t n_sets)
{
	const uint64_t out = power(), *filter = t->sets[0].filter;
	const unsigned shift = 64 - t->sets[0].filter_bits;
	const uint64_t seen = f->seen;
	uint64_t hash = f->hash;
	for (size_t j = FINGERPRINT_K; j < f->n; j++) {
		hash = hash * BASE + (f->c[j] - f->c[j - FINGERPRINT_K] * out);
		uint64_t h = mix(hash), bit = KEPT(h) >> shift;
		if ((filter[bit >> 6] >> (bit & 63) & 1 & (uint64_t)(h <= LIMIT)) | (uint64_t)(n_sets > 1)) {
			f->seen = seen + j + 1 - FINGERPRINT_K;
			if (f->seen >= FINGERPRINT_K && h <= LIMIT)
				look(f, t, n_sets, KEPT(h), j);
		}
	}
	f->seen = seen + f->n - FINGERPRINT_K;
	f->hash = hash;
	forget(f);
}

/* From `i` on, as long as characters have no other meaning and there is room. */
static size_t inside(struct fingerprint_scan *f, struct slice s, size_t i, uint64_t at)
{
	size_t n = f->n, end = i + sizeof(f->c) - 16 - n;
	uint8_t c;
	for (end = end < s.n ? end : s.n; i < end && (c = forms[s.p[i]]) != 1; i++) {
		f->c[n] = c;
		f->at[n] = at + i;
		n += c != 0;
	}
	f->n = n;
	return i;
}

void fingerprint_feed(struct fingerprint_scan *f, const struct fingerprint_set *sets, size_t n_sets, struct slice s, uint64_t at, bool last,
        void (*told)(void *arg, const struct fingerprint_hit *hit), void *arg)
{
	const struct teller t = {sets, told, arg};
	if (n_sets == 0)
		return;
	for (size_t i = 0; i < s.n;) {
		if (f->n + 16 >= sizeof(f->c))
			hash_all(f, &t, n_sets);
		if (f->norm.state != TEXT || f->norm.n || f->norm.arrow) {
			normal(f, s.p[i], at + i);
			i++;
			continue;
		}
		/* Blanks at the front of a line; else what is inside of one. */
		if (f->norm.line)
			while (i < s.n && forms[s.p[i]] == 0)
				i++;
		else
			i = inside(f, s, i, at);
		if (i < s.n && f->n + 16 < sizeof(f->c)) {
			normal(f, s.p[i], at + i);
			i++;
		}
	}
	if (!last)
		return;
	release(f, false);
	hash_all(f, &t, n_sets);
	for (size_t i = 0; i < FINGERPRINT_NEAR; i++)
		if (f->runs[i].shared)
			finish(&f->runs[i], &t);
}
