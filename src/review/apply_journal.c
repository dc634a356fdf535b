/* The journal of an apply: lines of words, so that a person can read it too.
 *
 *	postern-apply 1 STAGING          apply.begin has this line alone
 *	put SLOT EXCHANGE OLD-INO NEW-INO SIZE MTIME PATH
 *	remove SLOT 0 OLD-INO 0 SIZE MTIME PATH
 *	mode 0 0 INO 0 OLD NEW PATH      modes in decimal
 *	end COUNT
 *
 * PATH is percent-encoded. What has no "end" was never finished, and counts as not written. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/encode.h"
#include "review/apply_part.h"
#include "review/tree.h"
#include "sys/path.h"

#define JOURNAL_MAX ((size_t)1 << 30)

static const char *const op_words[] = {"put", "remove", "mode"};

int (*apply_step)(const char *operation);

int part_step(const char *operation)
{
	return apply_step ? apply_step(operation) : 0;
}

struct op *part_op(struct apply *a)
{
	if (a->n == a->room) {
		size_t room = a->room ? a->room * 2 : 64;
		struct op *more = reallocarray(a->op, room, sizeof(*more));
		if (!more)
			return NULL;
		a->op = more;
		a->room = room;
	}
	struct op *op = &a->op[a->n];
	*op = (struct op){.slot = (unsigned)a->n};
	a->n++;
	return op;
}

int part_begin(struct apply *a)
{
	char line[96];
	int n = snprintf(line, sizeof(line), "postern-apply 1 %s\n", a->staging_name), r = part_step("begin");
	return r < 0 ? r : review_run_write(a->run, "apply.begin", slice_of(line, (size_t)n));
}

int part_journal_write(struct apply *a)
{
	_cleanup_buf_ struct buf b = BUF(JOURNAL_MAX);
	buf_fmt(&b, "postern-apply 1 %s\n", a->staging_name);
	for (size_t i = 0; i < a->n; i++) {
		const struct op *op = &a->op[i];
		buf_fmt(&b, "%s %u %d %llu %llu ", op_words[op->kind], op->slot, op->exchange, (unsigned long long)op->old_ino,
		        (unsigned long long)op->new_ino);
		if (op->kind == OP_MODE)
			buf_fmt(&b, "%u %u ", op->old_mode, op->new_mode);
		else
			buf_fmt(&b, "%llu %lld ", (unsigned long long)op->old_size, (long long)op->old_mtime);
		encode_percent(&b, slice_str(op->path));
		buf_u8(&b, '\n');
	}
	buf_fmt(&b, "end %zu\n", a->n);
	int r = buf_error(&b);
	r = r < 0 ? r : part_step("journal");
	return r < 0 ? r : review_run_write(a->run, "apply.journal", buf_slice(&b));
}

/* ".postern-apply-" and 16 hex digits: nothing else is ever removed in a project. */
static bool is_staging(struct slice s)
{
	struct slice front = SLICE(".postern-apply-");
	if (s.n != front.n + 16 || !slice_starts(s, front))
		return false;
	for (size_t i = front.n; i < s.n; i++)
		if (hex_value(s.p[i]) < 0)
			return false;
	return true;
}

static bool word(struct slice *line, uint64_t *out)
{
	struct slice w;
	return slice_split(line, ' ', &w) && slice_u64(w, UINT64_MAX, out);
}

static bool read_head(struct apply *a, struct slice line)
{
	struct slice front = SLICE("postern-apply 1 ");
	if (!slice_starts(line, front) || !is_staging(slice_from(line, front.n)))
		return false;
	(void)snprintf(a->staging_name, sizeof(a->staging_name), "%.*s", SLICE_FMT(slice_from(line, front.n)));
	return true;
}

static bool read_op(struct apply *a, struct slice line)
{
	struct slice kind;
	uint64_t slot, exchange, old_ino, new_ino, x, y;
	if (!slice_split(&line, ' ', &kind) || !word(&line, &slot) || !word(&line, &exchange) || !word(&line, &old_ino) ||
	        !word(&line, &new_ino) || !word(&line, &x) || !word(&line, &y) || slot > UINT32_MAX)
		return false;
	size_t k = 0;
	while (k < ARRAY_LEN(op_words) && !slice_is(kind, op_words[k]))
		k++;
	_cleanup_buf_ struct buf path = BUF(4097);
	if (k == ARRAY_LEN(op_words) || !decode_percent(&path, line) || path.n == 0 || memchr(path.p, 0, path.n))
		return false;
	struct op *op = part_op(a);
	if (!op || !(op->path = arena_str(&a->arena, buf_slice(&path))))
		return false;
	op->kind = (enum op_kind)k;
	op->slot = (unsigned)slot;
	op->exchange = exchange == 1;
	op->old_ino = old_ino;
	op->new_ino = new_ino;
	if (op->kind == OP_MODE) {
		op->old_mode = (uint32_t)x & 07777;
		op->new_mode = (uint32_t)y & 07777;
	} else {
		op->old_size = x;
		op->old_mtime = (int64_t)y;
	}
	return true;
}

int part_journal_read(struct apply *a)
{
	_cleanup_buf_ struct buf text = BUF(JOURNAL_MAX);
	struct slice line, front = SLICE("end ");
	uint64_t n;
	int r = path_read(a->run->folder, "apply.journal", &text);
	bool whole = r == 0;
	if (r == -ENOENT)
		r = path_read(a->run->folder, "apply.done", &text);
	if (r == -ENOENT)
		r = path_read(a->run->folder, "apply.begin", &text);
	else if (r == 0)
		whole = true;
	if (r < 0)
		return r;
	struct slice rest = buf_slice(&text);
	if (!slice_split(&rest, '\n', &line) || !read_head(a, line))
		return -EBADMSG;
	while (whole && slice_split(&rest, '\n', &line)) {
		if (slice_starts(line, front))
			return slice_u64(slice_from(line, front.n), SIZE_MAX, &n) && n == a->n ? 0 : -EBADMSG;
		if (!read_op(a, line))
			return -EBADMSG;
	}
	return whole ? -EBADMSG : 0;
}

int part_forget(struct apply *a)
{
	int r = part_step("unjournal");
	if (r == 0 && unlinkat(a->run->folder, "apply.journal", 0) < 0 && errno != ENOENT)
		r = -errno;
	if (r == 0 && fsync(a->run->folder) < 0)
		r = -errno;
	r = r < 0 ? r : part_step("remove staging");
	r = r < 0 ? r : tree_remove(a->lower, a->staging_name);
	r = r < 0 ? r : part_step("unbegin");
	if (r == 0 && unlinkat(a->run->folder, "apply.begin", 0) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}
