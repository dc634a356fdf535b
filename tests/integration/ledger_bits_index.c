/* Turns over bits of a ledger's index, one at a time, and looks at what is found through it: ledger_bits_index FOLDER EVERY SEED PART
 * PARTS. EVERY 0: all bits; else one bit by chance in every so many bytes. The index is a hint: it may be refused, made anew, or find less,
 * if index_check() says so; what it finds must be what is in the log. Ends with 0 if that holds. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "ledger/config.h"
#include "ledger/entries.h"
#include "ledger/index.h"
#include "ledger/checkpoint.h"
#include "sys/path.h"

#define QUERIES 3
#define MOST    64

struct found {
	uint64_t index[QUERIES][MOST];
	unsigned n[QUERIES];
};

static int dir;
static const char *folder;
static struct entries *entries;
static struct filter filters[QUERIES];
static struct buf image = {.max = (size_t)64 << 20};

struct asking {
	struct found *f;
	unsigned query;
};

/* As log show does with what the index finds. */
static int on_entry(void *arg, uint64_t index)
{
	struct asking *a = arg;
	struct arena arena = ARENA((size_t)8 << 20);
	struct slice json;
	int r = entries_get(entries, index, &json, NULL);
	r = r < 0 ? r : filter_match(&filters[a->query], json, &arena, NULL);
	arena_free(&arena);
	if (r < 0)
		return r;
	if (r == 1 && a->f->n[a->query] < MOST)
		a->f->index[a->query][a->f->n[a->query]++] = index;
	return a->f->n[a->query] < MOST ? 1 : 0;
}

enum outcome { SAME, ANEW, REFUSED, LESS, WRONG, OUTCOMES };

/* All that the index finds; ANEW if it was made again, REFUSED with nothing. *whole: what index_check() says, if it is asked. */
static enum outcome ask(const struct index_options *how, struct found *f, int *whole)
{
	struct index *x = NULL;
	char note[256];
	struct err err = {0};
	*f = (struct found){0};
	int r = index_open(folder, dir, how, &x, note, &err);
	for (unsigned q = 0; q < QUERIES && r == 0; q++) {
		struct asking a = {f, q};
		r = index_query(x, &filters[q], 0, false, on_entry, &a, &err);
	}
	if (whole)
		*whole = r == 0 ? index_check(x, &err) : -1;
	index_close(x);
	return r < 0 ? REFUSED : note[0] ? ANEW : SAME;
}

static bool among(const struct found *f, unsigned query, uint64_t index)
{
	for (unsigned i = 0; i < f->n[query]; i++)
		if (f->index[query][i] == index)
			return true;
	return false;
}

static int put_index(void)
{
	static const char *const beside[] = {"index.sqlite-wal", "index.sqlite-shm", "index.sqlite-journal"};
	for (size_t i = 0; i < ARRAY_LEN(beside); i++)
		(void)unlinkat(dir, beside[i], 0);
	int fd = openat(dir, "index.sqlite", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool good = fd >= 0 && write(fd, image.p, image.n) == (ssize_t)image.n;
	fd_closep(&fd);
	return good ? 0 : -EIO;
}

static enum outcome judge(const struct index_options *how, const struct found *right)
{
	struct found got;
	int whole;
	bool less = false;
	enum outcome o = ask(how, &got, NULL);
	if (o == REFUSED)
		return o;
	for (unsigned q = 0; q < QUERIES; q++) {
		for (unsigned i = 0; i < got.n[q]; i++)
			if (!among(right, q, got.index[q][i]) || (i && got.index[q][i] == got.index[q][i - 1]))
				return WRONG;
		less = less || got.n[q] < right->n[q];
	}
	if (!less)
		return o;
	/* Made anew and yet not whole, or not known to be damaged: nobody could find out. */
	if (o == ANEW)
		return WRONG;
	return put_index() == 0 && (ask(how, &got, &whole), whole != 1) ? LESS : WRONG;
}

int main(int argc, char **argv)
{
	static const char *const words[OUTCOMES] = {"the same", "made anew", "refused", "found less, as rebuild --check says", "wrong"};
	struct ledger_config config;
	struct ledger_checkpoint c;
	struct err err = {0};
	struct found right;
	unsigned long count[OUTCOMES] = {0}, all = 0, at = 0;
	if (argc != 6 || ledger_open(argv[1], &dir, &config, &err) < 0) {
		(void)fprintf(stderr, "ledger_bits_index: %s\n", err.text);
		return 2;
	}
	folder = argv[1];
	unsigned long every = strtoul(argv[2], NULL, 10), part = strtoul(argv[4], NULL, 10), parts = strtoul(argv[5], NULL, 10);
	srandom((unsigned)strtoul(argv[3], NULL, 10));
	struct note_vkey key = ledger_vkey(&config);
	if (ledger_checkpoint_read(dir, "checkpoint", &key, &c, &err) < 0 || entries_new(dir, c.size, &entries) < 0 || parts == 0)
		return 2;
	filters[0] = (struct filter){.since = INT64_MIN, .words = SLICE("entry 777")};
	filters[1] = (struct filter){.since = INT64_MIN, .tool = SLICE("tool-7")};
	filters[2] = (struct filter){.since = 1764000000990, .words = SLICE("entry")};
	struct index_options how = {.size = c.size, .key = &key};
	if (ask(&how, &right, NULL) == REFUSED || right.n[0] != 1 || right.n[1] == 0 || right.n[2] == 0 ||
	        path_read(dir, "index.sqlite", &image) < 0) {
		(void)fprintf(
		        stderr, "ledger_bits_index: the index is not good to begin with: %u %u %u\n", right.n[0], right.n[1], right.n[2]);
		return 2;
	}
	unsigned long step = every ? every * 8 : 1;
	for (unsigned long bit = 0; bit < image.n * 8; bit += step) {
		unsigned long here = bit + (every ? (unsigned long)random() % step : 0);
		if (at++ % parts != part || here >= image.n * 8)
			continue;
		image.p[here / 8] ^= (uint8_t)(1 << here % 8);
		if (put_index() < 0)
			return 2;
		enum outcome o = judge(&how, &right);
		if (o == WRONG)
			(void)printf("wrong: bit %lu\n", here);
		count[o]++;
		all++;
		image.p[here / 8] ^= (uint8_t)(1 << here % 8);
	}
	for (int i = 0; i < OUTCOMES; i++)
		(void)printf("%s: %lu\n", words[i], count[i]);
	(void)printf("%lu bits of the index, %lu wrong\n", all, count[WRONG]);
	buf_free(&image);
	buf_free(&c.note);
	entries_free(entries);
	return count[WRONG] ? 1 : 0;
}
