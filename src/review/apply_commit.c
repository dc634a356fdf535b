#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "review/apply_part.h"
#include "review/tree.h"
#include "sys/path.h"

/* Up to this many folders are synced one by one; past it the whole file system once. */
#define SYNC_EACH 64

int part_parent(int root, const char *path, const char **base)
{
	const char *slash = strrchr(path, '/');
	char parent[4097];
	*base = slash ? slash + 1 : path;
	if (!slash)
		return path_open(root, ".", O_RDONLY | O_DIRECTORY, 0);
	if ((size_t)(slash - path) >= sizeof(parent))
		return -ENAMETOOLONG;
	memcpy(parent, path, (size_t)(slash - path));
	parent[slash - path] = 0;
	/* To read if possible, so that it can be synced. */
	int fd = path_open(root, parent, O_RDONLY | O_DIRECTORY, 0);
	return fd == -EACCES ? path_open(root, parent, O_PATH | O_DIRECTORY, 0) : fd;
}

static void slot_name(const struct op *op, char out[16])
{
	(void)snprintf(out, 16, "%u", op->slot);
}

static int64_t mtime_of(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* Is this what was there before? A rename changes ctime, so that is not asked. */
static bool is_old(const struct op *op, const struct stat *st)
{
	if (st->st_ino != op->old_ino)
		return false;
	return op->old_mtime == 0 || ((uint64_t)st->st_size == op->old_size && mtime_of(st) == op->old_mtime);
}

static uint64_t ino_at(int dir, const char *name)
{
	struct stat st;
	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? 0 : st.st_ino;
}

static int set_mode(int parent, const char *base, uint64_t ino, uint32_t mode)
{
	struct stat st;
	char proc[40];
	_cleanup_fd_ int fd = openat(parent, base, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_ino != ino || S_ISLNK(st.st_mode))
		return -ESTALE;
	int r = part_step("mode");
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return r < 0 ? r : chmod(proc, mode) < 0 ? -errno : 0;
}

static int do_put(struct apply *a, const struct op *op, int parent, const char *base)
{
	char slot[16];
	struct stat st;
	slot_name(op, slot);
	int r = part_step("put");
	if (r < 0)
		return r;
	if (!op->exchange)
		return renameat2(a->staging, slot, parent, base, RENAME_NOREPLACE) < 0 ? -errno : 0;
	if (renameat2(a->staging, slot, parent, base, RENAME_EXCHANGE) < 0)
		return -errno;
	if (fstatat(a->staging, slot, &st, AT_SYMLINK_NOFOLLOW) == 0 && is_old(op, &st))
		return 0;
	/* Somebody else was between the look and the exchange: theirs goes back. */
	return renameat2(a->staging, slot, parent, base, RENAME_EXCHANGE) < 0 ? -EINPROGRESS : -ESTALE;
}

static int do_remove(struct apply *a, const struct op *op, int parent, const char *base)
{
	char slot[16];
	struct stat st;
	slot_name(op, slot);
	int r = part_step("remove");
	if (r < 0)
		return r;
	if (renameat2(parent, base, a->staging, slot, RENAME_NOREPLACE) < 0)
		return -errno;
	if (fstatat(a->staging, slot, &st, AT_SYMLINK_NOFOLLOW) == 0 && is_old(op, &st))
		return 0;
	return renameat2(a->staging, slot, parent, base, RENAME_NOREPLACE) < 0 ? -EINPROGRESS : -ESTALE;
}

/* Is it done already? Told by inodes, so the answer does not depend on what was written before an interruption. */
static bool is_done(const struct apply *a, const struct op *op, int parent, const char *base)
{
	char slot[16];
	slot_name(op, slot);
	switch (op->kind) {
	case OP_PUT:
		return ino_at(parent, base) == op->new_ino;
	case OP_REMOVE:
		return ino_at(a->staging, slot) == op->old_ino;
	case OP_MODE:
	default:
		return false; /* once more does no harm */
	}
}

static int do_op(struct apply *a, const struct op *op)
{
	const char *base;
	_cleanup_fd_ int parent = part_parent(a->lower, op->path, &base);
	if (parent < 0)
		return parent;
	if (is_done(a, op, parent, base))
		return 0;
	switch (op->kind) {
	case OP_PUT:
		return do_put(a, op, parent, base);
	case OP_REMOVE:
		return do_remove(a, op, parent, base);
	case OP_MODE:
	default:
		return set_mode(parent, base, op->old_ino, op->new_mode);
	}
}

static int undo_op(struct apply *a, const struct op *op)
{
	const char *base;
	char slot[16];
	_cleanup_fd_ int parent = part_parent(a->lower, op->path, &base);
	slot_name(op, slot);
	if (op->kind == OP_MODE) {
		int r = parent < 0 ? parent : set_mode(parent, base, op->old_ino, op->old_mode);
		/* What is not there any more, or not the same, needs no mode back. */
		return r == -ENOENT || r == -ESTALE || r == -ENOTDIR ? 0 : r;
	}
	if (parent < 0)
		return parent == -ENOENT || parent == -ENOTDIR ? 0 : parent;
	if (!is_done(a, op, parent, base)) {
		/* Done, and then changed by somebody: what was there before lies in the staging folder, and must not be lost. */
		bool holds_old = op->old_ino && ino_at(a->staging, slot) == op->old_ino;
		return holds_old ? -ESTALE : 0;
	}
	int r = part_step("undo");
	if (r < 0)
		return r;
	if (op->kind == OP_REMOVE)
		r = renameat2(a->staging, slot, parent, base, RENAME_NOREPLACE);
	else
		r = op->exchange ? renameat2(a->staging, slot, parent, base, RENAME_EXCHANGE)
		                 : renameat2(parent, base, a->staging, slot, RENAME_NOREPLACE);
	return r < 0 ? -errno : 0;
}

static int sync_all(struct apply *a)
{
	int r = part_step("sync");
	if (r < 0)
		return r;
	if (a->n > SYNC_EACH)
		return syncfs(a->lower) < 0 ? -errno : 0;
	for (size_t i = 0; i < a->n; i++) {
		const char *base;
		_cleanup_fd_ int parent = part_parent(a->lower, a->op[i].path, &base);
		if (parent >= 0 && fsync(parent) < 0 && errno != EBADF && errno != EINVAL)
			return -errno;
	}
	return fsync(a->staging) < 0 ? -errno : 0;
}

static int undo_all(struct apply *a, size_t done)
{
	for (size_t i = done; i-- > 0;) {
		int r = undo_op(a, &a->op[i]);
		if (r == -ESTALE || r == -EEXIST)
			return err_set(a->err, -EINPROGRESS,
			        "\"%.200s\" was changed by another in between; what was there before is in %s/%u. Finish instead, or put "
			        "it "
			        "right there and undo again",
			        a->op[i].path, a->staging_name, a->op[i].slot);
		if (r < 0) {
			err_sys(a->err, r, "cannot put \"%.200s\" back as it was", a->op[i].path);
			return -EINPROGRESS;
		}
	}
	int r = sync_all(a);
	r = r < 0 ? r : part_forget(a);
	if (r < 0) {
		err_sys(a->err, r, "all is as it was, but the journal of the apply cannot be removed");
		return -EINPROGRESS;
	}
	return 0;
}

static int finish(struct apply *a)
{
	int r = sync_all(a);
	r = r < 0 ? r : part_step("done");
	if (r == 0 && renameat(a->run->folder, "apply.journal", a->run->folder, "apply.done") < 0)
		r = -errno;
	if (r == 0 && fsync(a->run->folder) < 0)
		r = -errno;
	if (r < 0) {
		err_sys(a->err, r, "all is applied, but that cannot be noted in %s", a->run->path);
		return -EINPROGRESS;
	}
	return 0;
}

/* After "done": only what is of no use any more is removed. */
static int clean_up(struct apply *a)
{
	int r = part_step("remove staging");
	r = r < 0 ? r : tree_remove(a->lower, a->staging_name);
	r = r < 0 ? r : part_step("unbegin");
	if (r == 0 && unlinkat(a->run->folder, "apply.begin", 0) < 0 && errno != ENOENT)
		r = -errno;
	r = r < 0 ? r : part_step("undone");
	if (r == 0 && unlinkat(a->run->folder, "apply.done", 0) < 0 && errno != ENOENT)
		r = -errno;
	if (r < 0) {
		err_sys(a->err, r, "all is applied, but %s in the project cannot be removed", a->staging_name);
		return -EINPROGRESS;
	}
	return 0;
}

static int describe(struct apply *a, const struct op *op, int r)
{
	if (r == -ESTALE || r == -EEXIST)
		return err_set(
		        a->err, -EEXIST, "conflict: \"%.300s\" was changed by another in this moment; nothing was applied", op->path);
	if (r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EXDEV)
		return err_sys(a->err, r, "the folder of \"%.300s\" is not what it was; nothing was applied", op->path);
	if (r == -EINVAL)
		return err_set(
		        a->err, -ENOTSUP, "the file system of the project cannot exchange two names in one step; nothing was applied");
	return err_sys(a->err, r, "cannot apply \"%.300s\"; nothing was applied", op->path);
}

int part_commit(struct apply *a)
{
	int r = 0;
	size_t i = 0;
	for (; i < a->n && r == 0; i++)
		r = do_op(a, &a->op[i]);
	if (r < 0) {
		struct err why = {0};
		const struct op *op = &a->op[i - 1];
		struct err *err = a->err;
		a->err = &why;
		int first = r == -EINPROGRESS ? err_set(&why, -EINPROGRESS, "\"%.300s\" cannot be put back as it was", op->path)
		                              : describe(a, op, r);
		struct err back = {0};
		a->err = &back;
		int undone = r == -EINPROGRESS ? r : undo_all(a, i);
		a->err = err;
		if (undone < 0)
			return err_set(err, -EINPROGRESS, "%s; %s", why.text, back.text);
		return err_set(err, first, "%s", why.text);
	}
	r = finish(a);
	return r < 0 ? r : clean_up(a);
}

bool apply_pending(const struct review_run *run)
{
	static const char *const names[] = {"apply.begin", "apply.journal", "apply.done"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (faccessat(run->folder, names[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	return false;
}

bool apply_half_done(const struct review_run *run)
{
	return faccessat(run->folder, "apply.journal", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static int recover(struct apply *a, bool want_finish, bool *finished)
{
	int r = part_journal_read(a);
	if (r < 0)
		return err_sys(a->err, r, "the journal in %s cannot be read", a->run->path);
	bool done = faccessat(a->run->folder, "apply.done", F_OK, 0) == 0,
	     journal = faccessat(a->run->folder, "apply.journal", F_OK, 0) == 0;
	*finished = done && !journal;
	if (*finished)
		return clean_up(a);
	if (!journal) {
		r = part_forget(a);
		return r < 0 ? err_sys(a->err, r, "cannot remove %s in the project", a->staging_name) : 0;
	}
	a->staging = path_open(a->lower, a->staging_name, O_RDONLY | O_DIRECTORY, 0);
	if (a->staging < 0)
		return err_sys(a->err, a->staging, "cannot open %s in the project, which the journal in %s speaks of", a->staging_name,
		        a->run->path);
	if (!want_finish)
		return undo_all(a, a->n);
	for (size_t i = 0; i < a->n; i++) {
		r = do_op(a, &a->op[i]);
		if (r < 0)
			return err_sys(a->err, r == -EINVAL ? -ENOTSUP : r, "cannot finish: \"%.300s\" was changed by another in between",
			        a->op[i].path);
	}
	*finished = true;
	r = finish(a);
	return r < 0 ? r : clean_up(a);
}

int apply_recover(struct review_run *run, bool want_finish, bool *finished, struct err *err)
{
	struct apply a = {.run = run, .lower = -1, .upper = -1, .staging = -1, .arena = ARENA((size_t)1 << 30), .err = err};
	struct stat st;
	*finished = false;
	a.lower = open(run->project, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = 0;
	if (a.lower < 0 || fstat(a.lower, &st) < 0)
		r = err_sys(err, -errno, "cannot open the project %.400s", run->project);
	else if (st.st_dev != run->dev || st.st_ino != run->ino)
		r = err_set(err, -ESTALE, "%.400s is another folder than the one that the run had", run->project);
	else
		r = recover(&a, want_finish, finished);
	if (a.lower >= 0)
		close(a.lower);
	if (a.staging >= 0)
		close(a.staging);
	free(a.op);
	arena_free(&a.arena);
	return r;
}
