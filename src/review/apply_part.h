/* apply_part: the operations of an apply, which its journal is made of. */
#ifndef POSTERN_REVIEW_APPLY_PART_H
#define POSTERN_REVIEW_APPLY_PART_H

#include "review/apply.h"

enum op_kind {
	OP_PUT,    /* what is staged takes the place; `exchange`: of what is there */
	OP_REMOVE, /* what is there goes to the staging folder */
	OP_MODE,   /* permissions, of the same inode */
};

struct op {
	enum op_kind kind;
	bool exchange;
	const char *path;  /* in the project */
	unsigned slot;     /* name in the staging folder */
	uint64_t old_ino;  /* of what is there before; 0: nothing */
	uint64_t new_ino;  /* of what was staged */
	uint64_t old_size; /* of a file */
	int64_t old_mtime; /* of a file; 0: not looked at */
	uint32_t old_mode, new_mode;
};

struct apply {
	struct review_run *run;
	int lower, upper;
	char staging_name[48];
	int staging;
	struct op *op;
	size_t n, room;
	struct arena arena;
	const struct apply_options *o;
	struct err *err;
};

/* apply_step(), or 0. */
int part_step(const char *operation);
[[nodiscard]] struct op *part_op(struct apply *a);
/* Opens the folder that `path` lies in; *base is its last name, within `path`. */
[[nodiscard]] int part_parent(int root, const char *path, const char **base);
/* The journal of a->op is written; does them in order. On failure all are undone; -EINPROGRESS if that failed too. */
[[nodiscard]] int part_commit(struct apply *a);
/* Marks the start (what the staging folder is called), writes the journal, reads it. -ENOENT: there is none. */
[[nodiscard]] int part_begin(struct apply *a);
[[nodiscard]] int part_journal_write(struct apply *a);
[[nodiscard]] int part_journal_read(struct apply *a);
/* Removes the staging folder and the mark, when nothing was done or all was undone. */
[[nodiscard]] int part_forget(struct apply *a);

#endif
