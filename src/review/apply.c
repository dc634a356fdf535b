#include "review/apply.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "review/apply_part.h"
#include "review/tree.h"
#include "sys/fd.h"
#include "sys/path.h"

/* Up to this many files are synced one by one; past it the file system once. */
#define SYNC_EACH  64
#define CLONE_FROM ((uint64_t)1 << 20)

/* Bits that make a program run as another. */
#define SET_ID 06000u

static bool is_folder(const struct object *o)
{
	return o->type == OBJECT_FOLDER;
}

/* Does it hold what is below it on the new side: an added folder, or one in the place of something else? */
static bool holds_new(const struct change *c)
{
	return is_folder(&c->after) && !is_folder(&c->before);
}

/* The same for the old side: below it all must go. */
static bool holds_old(const struct change *c)
{
	return is_folder(&c->before) && !is_folder(&c->after);
}

/* ---- what is to be applied */

static void pick_parents(struct change_set *set)
{
	size_t stack[512], n = 0;
	for (size_t i = 0; i < set->n; i++) {
		struct change *c = &set->change[i];
		while (n && !change_below(c->path, set->change[stack[n - 1]].path))
			n--;
		for (size_t k = 0; c->picked && c->kind != CHANGE_REMOVED && k < n; k++)
			if (holds_new(&set->change[stack[k]]))
				set->change[stack[k]].picked = true;
		if ((holds_new(c) || holds_old(c)) && n < ARRAY_LEN(stack))
			stack[n++] = i;
	}
}

static size_t end_of(const struct change_set *set, size_t i)
{
	size_t k = i + 1;
	while (k < set->n && change_below(set->change[k].path, set->change[i].path))
		k++;
	return k;
}

/* A folder goes only with everything in it. */
static int check_removed(struct apply *a, struct change_set *set)
{
	for (size_t i = set->n; i-- > 0;) {
		struct change *c = &set->change[i];
		if (!c->picked || !holds_old(c))
			continue;
		bool all = true;
		size_t end = end_of(set, i);
		for (size_t k = i + 1; k < end; k++)
			all &= set->change[k].picked || set->change[k].kind != CHANGE_REMOVED;
		if (all)
			continue;
		if (c->kind != CHANGE_REMOVED)
			return err_set(a->err, -EINVAL, "\"%.300s\" takes the place of a folder of which a part is to stay", c->path);
		c->picked = false;
	}
	return 0;
}

static int check_picks(struct apply *a, struct change_set *set, struct apply_result *out)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->change[i].picked && set->change[i].pair)
			set->change[set->change[i].pair - 1].picked = true;
	pick_parents(set);
	for (size_t i = 0; i < set->n; i++) {
		struct change *c = &set->change[i];
		if (c->picked && c->trouble > TROUBLE_CONFLICT_REMOVED) {
			c->picked = false;
			out->left_out++;
		}
		/* Whose a file is, and a folder's attributes, are not brought over. */
		bool folders = is_folder(&c->after) && is_folder(&c->before);
		if (c->picked && (c->what == CHANGE_OWNER || (folders && !(c->what & CHANGE_MODE)))) {
			c->picked = false;
			out->left_out++;
		}
		if (c->picked && change_is_conflict(c->trouble) && !a->o->force)
			return err_set(a->err, -EEXIST, "\"%.300s\": %s; nothing was applied", c->path, change_trouble_word(c->trouble));
	}
	return check_removed(a, set);
}

/* ---- is the project still as it was looked at? */

struct owner {
	uint32_t uid, gid;
};

static bool same_object(const struct object *seen, const struct object *now)
{
	if (seen->type != now->type)
		return false;
	if (seen->type == OBJECT_NONE)
		return true;
	return seen->ino == now->ino &&
	       (is_folder(seen) || (seen->size == now->size && seen->mtime == now->mtime && seen->ctime == now->ctime));
}

static int moved_on(struct apply *a, const char *path)
{
	return err_set(a->err, -EEXIST, "conflict: \"%.300s\" was changed in this moment; nothing was applied", path);
}

/* *owner is that of the folder. */
static int look(struct apply *a, const struct change *c, struct object *now, struct owner *owner)
{
	const char *base;
	struct stat st, staging;
	_cleanup_fd_ int parent = part_parent(a->lower, c->path, &base);
	int r = parent < 0 ? parent : object_at(parent, base, NULL, now);
	if (r == 0 && (fstat(parent, &st) < 0 || fstat(a->staging, &staging) < 0))
		r = -errno;
	if (r < 0)
		return err_sys(a->err, r, "the folder of \"%.300s\" is not what it was; nothing was applied", c->path);
	if (st.st_dev != staging.st_dev)
		return err_set(a->err, -EXDEV,
		        "\"%.300s\" lies on another file system than the project, so it cannot be applied with the rest; nothing was "
		        "applied",
		        c->path);
	*owner = (struct owner){st.st_uid, st.st_gid};
	if (!a->o->force && !same_object(&c->before, now))
		return moved_on(a, c->path);
	return 0;
}

/* Everything below a folder that goes was seen when it was looked at (*count of it); with force it may have changed since, but nothing may
 * be new. */
static int check_below(struct apply *a, const struct change_set *set, size_t i, uint64_t *count)
{
	struct change_set now;
	int r = part_below(a->lower, set->change[i].path, &now, a->err);
	*count = now.n;
	size_t n = strlen(set->change[i].path) + 1;
	for (size_t k = 0, at = i; k < now.n && r == 0; k++) {
		do
			at++;
		while (at < set->n && change_below(set->change[at].path, set->change[i].path) &&
		        change_path_cmp(set->change[at].path + n, now.change[k].path) < 0);
		if (at >= set->n || strncmp(set->change[at].path, set->change[i].path, n - 1) != 0 ||
		        strcmp(set->change[at].path + n, now.change[k].path) != 0 ||
		        (!a->o->force && !same_object(&set->change[at].before, &now.change[k].before)))
			r = moved_on(a, now.change[k].path);
	}
	change_set_free(&now);
	return r;
}

/* ---- staging */

/* As root what is new belongs to whoever has the folder; what was there keeps its owner. Without root it is ours, if need be in another
 * group. */
static void give(int to, const char *name, const struct change *c, struct owner parent)
{
	struct owner o = c->before.type != OBJECT_NONE ? (struct owner){c->before.uid, c->before.gid} : parent;
	uid_t uid = geteuid() == 0 ? o.uid : (uid_t)-1;
	if (fchownat(to, name, uid, o.gid, AT_SYMLINK_NOFOLLOW) < 0)
		return; /* a group that is not ours: the file gets the group that new files get */
}

static uint32_t mode_of(const struct apply *a, const struct change *c)
{
	uint32_t keep = a->o->keep_setuid || is_folder(&c->after) ? 07777u : 07777u & ~SET_ID;
	return c->after.mode & keep;
}

/* A file of holes takes no room where it was made, and takes none here. */
static bool all_zeros(const uint8_t *p, size_t n)
{
	return n && p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

static int stage_part(int out, const uint8_t *p, size_t n)
{
	if (all_zeros(p, n))
		return lseek(out, (off_t)n, SEEK_CUR) < 0 ? -errno : 0;
	return fd_write_all(out, slice_of(p, n));
}

static int stage_file(struct apply *a, struct change *c, int to, const char *name, struct owner parent, bool sync)
{
	struct stat st;
	struct digest_stream *digest = NULL;
	uint8_t part[65536];
	_cleanup_fd_ int from = change_open(a->upper, c->path), out = -1;
	if (from < 0)
		return from;
	out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0 || fstat(from, &st) < 0)
		return -errno;
	if (st.st_ino != c->after.ino || (uint64_t)st.st_size != c->after.size)
		return -ESTALE;
	uint8_t *sha = arena_alloc(&a->arena, 32);
	int r = sha ? digest_stream_new(DIGEST_SHA256, &digest) : -ENOMEM;
	if (r < 0)
		return r;
	bool cloned = c->after.size >= CLONE_FROM && ioctl(out, FICLONE, from) == 0;
	for (ssize_t n; r == 0 && (n = read(from, part, sizeof(part))) != 0;) {
		if (n < 0) {
			r = errno == EINTR ? 0 : -errno;
			continue;
		}
		r = digest_stream_add(digest, slice_of(part, (size_t)n));
		if (r == 0 && !cloned)
			r = stage_part(out, part, (size_t)n);
	}
	if (r == 0 && !cloned && ftruncate(out, st.st_size) < 0)
		r = -errno;
	if (r < 0) {
		digest_stream_free(digest);
		return r;
	}
	r = digest_stream_end(digest, sha);
	if (r < 0)
		return r;
	c->sha256 = sha;
	tree_copy_xattrs(from, out);
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, st.st_mtim};
	(void)futimens(out, times);
	/* The owner first: changing it takes bits away. */
	give(to, name, c, parent);
	if (fchmod(out, mode_of(a, c)) < 0)
		return -errno;
	return sync && fsync(out) < 0 ? -errno : 0;
}

static int mode_at(int to, const char *name, uint32_t mode)
{
	_cleanup_fd_ int fd = openat(to, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	char proc[40];
	if (fd < 0)
		return -errno;
	(void)snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return chmod(proc, mode) < 0 ? -errno : 0;
}

static int stage_one(struct apply *a, struct change *c, int to, const char *name, struct owner parent, bool sync)
{
	int r = a->o->stop && *a->o->stop ? -ECANCELED : part_step("stage");
	if (r < 0)
		return r;
	if (c->after.type == OBJECT_FILE)
		return stage_file(a, c, to, name, parent, sync);
	if (c->after.type == OBJECT_LINK)
		r = symlinkat(c->after.link, to, name) < 0 ? -errno : 0;
	else
		r = mkdirat(to, name, 0700) < 0 ? -errno : 0;
	if (r < 0)
		return r;
	give(to, name, c, parent);
	return 0;
}

/* The tree under set->change[i], which is a folder, into the staging folder's `slot`; then modes, from the leaves up. */
static int stage_below(struct apply *a, struct change_set *set, size_t i, const char *slot, struct owner owner, bool sync)
{
	size_t n = strlen(set->change[i].path), end = end_of(set, i);
	char path[4200];
	int r = 0;
	for (size_t k = i + 1; k < end && r == 0; k++) {
		struct change *c = &set->change[k];
		const char *base;
		if (!c->picked || c->kind == CHANGE_REMOVED)
			continue;
		(void)snprintf(path, sizeof(path), "%s%s", slot, c->path + n);
		_cleanup_fd_ int parent = part_parent(a->staging, path, &base);
		r = parent < 0 ? parent : stage_one(a, c, parent, base, owner, sync);
		if (r < 0)
			return r == -ECANCELED ? r : err_sys(a->err, r, "cannot stage \"%.300s\"; nothing was applied", c->path);
	}
	for (size_t k = end; k-- > i + 1 && r == 0;) {
		struct change *c = &set->change[k];
		const char *base;
		if (!c->picked || !is_folder(&c->after))
			continue;
		(void)snprintf(path, sizeof(path), "%s%s", slot, c->path + n);
		_cleanup_fd_ int parent = part_parent(a->staging, path, &base);
		r = parent < 0 ? parent : mode_at(parent, base, mode_of(a, c));
	}
	return r;
}

/* Of the project's own; NULL if it cannot be had: it is for the record. */
static const uint8_t *digest_before(struct apply *a, const char *path)
{
	_cleanup_fd_ int fd = change_open(a->lower, path);
	struct digest_stream *digest = NULL;
	uint8_t part[65536], *sha = fd < 0 ? NULL : arena_alloc(&a->arena, 32);
	ssize_t n = 0;
	if (!sha || digest_stream_new(DIGEST_SHA256, &digest) < 0)
		return NULL;
	while ((n = read(fd, part, sizeof(part))) > 0 && digest_stream_add(digest, slice_of(part, (size_t)n)) == 0)
		;
	return digest_stream_end(digest, sha) == 0 && n == 0 ? sha : NULL;
}

static int stage_put(struct apply *a, struct change_set *set, size_t i, bool sync)
{
	struct change *c = &set->change[i];
	struct object now;
	struct owner owner;
	struct stat st;
	char slot[16];
	uint64_t below = 0;
	int r = look(a, c, &now, &owner);
	if (r == 0 && now.type == OBJECT_FOLDER)
		r = check_below(a, set, i, &below);
	if (r < 0)
		return r;
	if (now.type == OBJECT_FILE)
		c->sha256_before = digest_before(a, c->path);
	struct op *op = part_op(a);
	if (!op)
		return -ENOMEM;
	(void)snprintf(slot, sizeof(slot), "%u", op->slot);
	r = stage_one(a, c, a->staging, slot, owner, sync);
	if (r == 0 && is_folder(&c->after))
		r = stage_below(a, set, i, slot, owner, sync);
	if (r < 0)
		return r == -ECANCELED || (a->err && a->err->code == r)
		               ? r
		               : err_sys(a->err, r, "cannot stage \"%.300s\"; nothing was applied", c->path);
	uint32_t mode = mode_of(a, c);
	if (fstatat(a->staging, slot, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	*op = (struct op){.kind = OP_PUT,
	        .exchange = now.type != OBJECT_NONE,
	        .path = c->path,
	        .slot = op->slot,
	        .old_ino = now.ino,
	        .new_ino = st.st_ino};
	op->old_size = below;
	if (now.type != OBJECT_NONE && now.type != OBJECT_FOLDER) {
		op->old_size = now.size;
		op->old_mtime = now.mtime;
	}
	if (!is_folder(&c->after))
		return 0;
	/* A folder that its owner cannot write cannot be moved, so its mode comes when it is in its place. */
	if ((mode & 0700) == 0700)
		return mode_at(a->staging, slot, mode);
	struct op *last = part_op(a);
	if (!last)
		return -ENOMEM;
	*last = (struct op){.kind = OP_MODE, .path = c->path, .slot = last->slot, .old_ino = st.st_ino, .old_mode = 0700, .new_mode = mode};
	return 0;
}

static int plan_remove(struct apply *a, struct change_set *set, size_t i)
{
	struct change *c = &set->change[i];
	struct object now;
	struct owner owner;
	uint64_t below = 0;
	int r = look(a, c, &now, &owner);
	if (r == 0 && now.type == OBJECT_FOLDER)
		r = check_below(a, set, i, &below);
	/* With force it may have gone already. */
	if (r < 0 || now.type == OBJECT_NONE)
		return r;
	struct op *op = part_op(a);
	if (!op)
		return -ENOMEM;
	*op = (struct op){.kind = OP_REMOVE, .path = c->path, .slot = op->slot, .old_ino = now.ino, .old_size = below};
	if (now.type != OBJECT_FOLDER) {
		op->old_size = now.size;
		op->old_mtime = now.mtime;
	}
	return 0;
}

static int plan_mode(struct apply *a, struct change *c)
{
	struct object now;
	struct owner owner;
	int r = look(a, c, &now, &owner);
	if (r < 0)
		return r;
	struct op *op = part_op(a);
	if (!op)
		return -ENOMEM;
	*op = (struct op){
	        .kind = OP_MODE, .path = c->path, .slot = op->slot, .old_ino = now.ino, .old_mode = now.mode, .new_mode = mode_of(a, c)};
	return 0;
}

static bool only_mode(const struct change *c)
{
	return c->kind == CHANGE_CHANGED && (c->what & CHANGE_MODE) && !(c->what & (CHANGE_CONTENT | CHANGE_TYPE | CHANGE_XATTR));
}

/* Modes of folders come last: a folder that is read-only from then on must have got what comes into it. */
static int plan(struct apply *a, struct change_set *set, struct apply_result *out)
{
	size_t picked = 0, skip_to = 0;
	int r = 0;
	bool folders = false;
	for (size_t i = 0; i < set->n; i++) {
		picked += set->change[i].picked;
		folders |= set->change[i].picked && holds_new(&set->change[i]);
	}
	bool each = picked <= SYNC_EACH && !folders;
	for (size_t i = 0; i < set->n && r == 0; i++) {
		struct change *c = &set->change[i];
		if (!c->picked)
			continue;
		out->applied++;
		if (i < skip_to || (only_mode(c) && !is_folder(&c->after) && ((r = plan_mode(a, c)), true)) ||
		        (is_folder(&c->before) && is_folder(&c->after)))
			continue;
		if (c->kind == CHANGE_REMOVED)
			r = plan_remove(a, set, i);
		else
			r = stage_put(a, set, i, each);
		/* What lies in a folder that comes or goes as a whole comes or goes with it. */
		if (holds_new(c) || holds_old(c))
			skip_to = end_of(set, i);
	}
	for (size_t i = 0; i < set->n && r == 0; i++)
		if (set->change[i].picked && is_folder(&set->change[i].before) && is_folder(&set->change[i].after))
			r = plan_mode(a, &set->change[i]);
	if (r == 0 && !each) {
		r = part_step("sync staging");
		r = r == 0 && syncfs(a->staging) < 0 ? -errno : r;
	} else if (r == 0 && (fsync(a->staging) < 0 || fsync(a->lower) < 0)) {
		r = -errno;
	}
	return r;
}

/* ---- */

static int begin(struct apply *a)
{
	uint8_t some[8];
	_cleanup_buf_ struct buf hex = BUF(32);
	if (getrandom(some, sizeof(some), 0) != sizeof(some))
		return err_set(a->err, -EIO, "no random numbers");
	encode_hex(&hex, slice_of(some, sizeof(some)));
	(void)snprintf(a->staging_name, sizeof(a->staging_name), ".postern-apply-%s", buf_str(&hex));
	int r = part_begin(a);
	if (r < 0)
		return err_sys(a->err, r, "cannot write to %s", a->run->path);
	r = part_step("make staging");
	if (r == 0 && mkdirat(a->lower, a->staging_name, 0700) < 0)
		r = -errno;
	if (r == 0 && (a->staging = path_open(a->lower, a->staging_name, O_RDONLY | O_DIRECTORY, 0)) < 0)
		r = a->staging;
	return r < 0 ? err_sys(a->err, r, "cannot write to the project") : 0;
}

/* Everything up to the journal can be thrown away. */
static int prepare(struct apply *a, struct change_set *set, struct apply_result *out)
{
	int r = check_picks(a, set, out);
	if (r < 0)
		return r;
	r = begin(a);
	if (r == 0) {
		r = plan(a, set, out);
		if (r == 0 && a->o->before)
			r = a->o->before(a->o->arg, set, a->err);
		if (r == 0 && a->o->stop && *a->o->stop)
			r = -ECANCELED;
		if (r == 0 && (r = part_journal_write(a)) < 0)
			err_sys(a->err, r, "cannot write to %s", a->run->path);
	}
	if (r == -ECANCELED)
		err_set(a->err, r, "stopped; nothing was applied");
	else if (r < 0 && a->err && !a->err->code)
		err_sys(a->err, r, "cannot prepare what is to be applied");
	if (r < 0 && part_forget(a) < 0 && a->err)
		a->err->code = r;
	return r;
}

static const uint8_t *keep(struct change_set *set, const uint8_t *sha)
{
	return sha ? arena_copy(&set->arena, slice_of(sha, 32)).p : NULL;
}

int review_apply(struct review_run *run, const struct change_source *source, struct change_set *set, const struct apply_options *o,
        struct apply_result *out, struct err *err)
{
	struct apply_result result = {0};
	struct err own = {0};
	struct apply a = {.run = run, .lower = source->lower, .upper = source->upper, .staging = -1, .o = o, .err = &own};
	if (apply_pending(run))
		return err_set(err, -EBUSY,
		        "an apply of this run was interrupted: \"postern review %s --finish\" goes on with it, \"postern review %s "
		        "--undo\" takes "
		        "it back",
		        run->id, run->id);
	a.arena = ARENA((size_t)256 << 20);
	int r = prepare(&a, set, &result);
	if (r == 0)
		r = part_commit(&a);
	if (a.staging >= 0)
		close(a.staging);
	free(a.op);
	/* Digests live as long as the set does. */
	for (size_t i = 0; i < set->n; i++) {
		set->change[i].sha256 = keep(set, set->change[i].sha256);
		set->change[i].sha256_before = keep(set, set->change[i].sha256_before);
	}
	arena_free(&a.arena);
	if (r < 0)
		return err ? err_set(err, r, "%s", own.text) : r;
	*out = result;
	return 0;
}
