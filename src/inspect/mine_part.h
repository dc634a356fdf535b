/* What the files of mining share. The flow: literals (parse/constants.h) that stand near each other are a group (mine_group.c); of a group,
 * runs that are of one class openly (mine_judge.c) or under one decoding (mine_decode.c) are lists, which are written down as records;
 * records of all processes become the result (mine.c). All but mine.c is pure. */
#ifndef POSTERN_INSPECT_MINE_PART_H
#define POSTERN_INSPECT_MINE_PART_H

#include "inspect/mine.h"
#include "parse/constants.h"

/* -- mine_judge.c -- */

/* How much more likely a text is as names and words than as random bytes, in bits: the sum over its characters. */
double mine_score(struct slice text);
/* Members of a text that is a list: separators, quotes and brackets are left out. At most max; *total counts all. */
size_t mine_split(struct slice text, struct slice *out, size_t max, size_t *total);

struct mine_verdict {
	enum mine_class class;
	bool text; /* no list, but readable */
	double bits;
	size_t total;
};
/* Are these decoded texts (each may be a list itself) something that somebody would hide? choices: how many decodings were tried to get
 * here. strict: the bytes may have been anything, machine code too, so that only what has a form of its own counts. */
bool mine_judge(const struct slice *texts, size_t n, double choices, bool strict, struct mine_verdict *out);
/* Characters of which names, words and lists of them consist. */
extern const uint8_t mine_letters[256];

/* -- mine_decode.c -- */

enum mine_step { STEP_NONE, STEP_BASE64, STEP_HEX, STEP_XOR, STEP_ADD, STEP_CAESAR, STEP_ROTATE, STEP_REVERSE };

struct mine_chain {
	enum mine_step step[3];
	uint8_t key[3];
	unsigned n;
};
/* "base64, then XOR 0x5b", appended. `escaped` and `numbers` say what stood in the file. */
void mine_chain_name(struct buf *out, const struct mine_chain *c, bool escaped, bool numbers);
/* What one step makes of bytes, into out (in.n bytes are enough). False if they are not of that kind. */
bool mine_step(enum mine_step step, uint8_t key, struct slice in, uint8_t *out, size_t *n);

/* A run texts[0..n) of which all are decoded in the same way, and make sense. */
struct mine_found {
	struct mine_chain chain;
	struct mine_verdict verdict;
	size_t n;
};
/* Memory of a search, made once: mine_work_new() gives NULL if there is none. */
struct mine_work;
struct mine_work *mine_work_new(void);
void mine_work_free(struct mine_work *w);
/* What a text may be undecoded. */
enum mine_raw {
	RAW_NO,   /* itself */
	RAW_ODD,  /* a literal that is not like words */
	RAW_RUN,  /* the same, of a binary: mostly machine code */
	RAW_CODED /* written as numbers or escapes: it may be hidden by that alone */
};
/* Is there a run of hidden things that begins with texts[0]? Decoded texts are in the work's memory until the next call: mine_work_text().
 * *readable: something readable came out that is no list. */
bool mine_decode(struct mine_work *w, const struct slice *texts, const uint8_t *raw, size_t n, struct mine_found *out, bool *readable);
struct slice mine_work_text(const struct mine_work *w, size_t i);
const struct slice *mine_work_texts(const struct mine_work *w);

/* -- mine_group.c -- */

/* Records, as a process writes them and mine.c reads them back. */
enum mine_record { RECORD_LIST = 1, RECORD_VALUE, RECORD_COUNTS };

struct mine_miner;
/* out: records are appended. `hidden`: of lists that had to be decoded only, which takes less memory and time. NULL: no memory. */
struct mine_miner *mine_miner_new(struct buf *out, bool hidden);
void mine_miner_free(struct mine_miner *m);
/* All that begins in bytes[from, stop) of that file. */
void mine_bytes(struct mine_miner *m, uint32_t file, struct slice bytes, size_t from, size_t stop);
/* The counts; last. */
void mine_miner_end(struct mine_miner *m);

/* -- mine_gather.c: hostile input to the process that asked -- */

struct mine_gather {
	struct mine_list *lists;
	struct mine_value *values;
	size_t n_lists, n_values, room_lists, room_values;
	uint64_t constants, texts, too_long;
	bool cut;
};
void mine_gather_free(struct mine_gather *g);
/* Adds the records of one process, as far as they are whole; strings go to the arena. files: names by number. -EBADMSG if they are none. */
[[nodiscard]] int mine_gather_add(
        struct mine_gather *g, struct slice records, const char *const *files, size_t n_files, struct arena *arena);
/* Sorts, folds copies, and fills lists, values and counts of the result. */
[[nodiscard]] int mine_gather_end(struct mine_gather *g, struct arena *arena, struct mine_result *out);

#endif
