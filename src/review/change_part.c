#include "review/change_part.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/xattr.h>

#include "crypto/digest.h"

#define HANDLE_BYTES 128
/* Files up to this size are compared by content, and this much altogether. */
#define HASH_FILE_MAX  ((uint64_t)8 << 20)
#define HASH_TOTAL_MAX ((uint64_t)256 << 20)

void part_origins_free(struct part_origins *o)
{
	free(o->removed);
	free(o->added);
	arena_free(&o->arena);
}

static int remember(
        struct part_origins *o, struct part_origin **list, size_t *n, size_t *room, size_t index, struct slice handle, bool doubtful)
{
	if (*n == *room) {
		size_t more = *room ? *room * 2 : 64;
		struct part_origin *p = reallocarray(*list, more, sizeof(*p));
		if (!p)
			return -ENOMEM;
		*list = p;
		*room = more;
	}
	struct slice copy = arena_copy(&o->arena, handle);
	if (!copy.p)
		return -ENOMEM;
	(*list)[(*n)++] = (struct part_origin){index, copy, doubtful};
	return 0;
}

/* The length of "type, bytes" in out, 0 if there is none. */
static size_t handle_of(int dir, const char *name, uint8_t out[HANDLE_BYTES + 1])
{
	union {
		struct file_handle h;
		uint8_t room[sizeof(struct file_handle) + HANDLE_BYTES];
	} u = {.h.handle_bytes = HANDLE_BYTES};
	int mount;
	if (name_to_handle_at(dir, name, &u.h, &mount, *name ? 0 : AT_EMPTY_PATH) < 0 || u.h.handle_bytes > HANDLE_BYTES)
		return 0;
	out[0] = (uint8_t)u.h.handle_type;
	memcpy(out + 1, u.h.f_handle, u.h.handle_bytes);
	return u.h.handle_bytes + 1;
}

/* struct ovl_fb of the kernel: version, magic, length, flags, type, uuid, handle. */
static size_t origin_of(int fd, uint8_t out[HANDLE_BYTES + 1])
{
	uint8_t v[256];
	ssize_t n = fgetxattr(fd, "user.overlay.origin", v, sizeof(v));
	if (n < 0)
		n = fgetxattr(fd, "trusted.overlay.origin", v, sizeof(v));
	if (n <= 21 || n - 21 > HANDLE_BYTES || v[0] != 0 || v[1] != 0xfb || v[2] != n)
		return 0;
	out[0] = v[4];
	memcpy(out + 1, v + 21, (size_t)n - 21);
	return (size_t)n - 20;
}

int part_origin_removed(struct part_origins *o, size_t index, int dir, const char *name)
{
	uint8_t h[HANDLE_BYTES + 1];
	size_t n = handle_of(dir, name, h);
	return n ? remember(o, &o->removed, &o->n_removed, &o->room_removed, index, slice_of(h, n), false) : 0;
}

int part_origin_added(struct part_origins *o, size_t index, int fd, bool doubtful)
{
	uint8_t h[HANDLE_BYTES + 1];
	size_t n = origin_of(fd, h);
	return n ? remember(o, &o->added, &o->n_added, &o->room_added, index, slice_of(h, n), doubtful) : 0;
}

bool part_origin_other(int lower_fd, int upper_fd)
{
	uint8_t a[HANDLE_BYTES + 1], b[HANDLE_BYTES + 1];
	size_t n = handle_of(lower_fd, "", a), m = origin_of(upper_fd, b);
	/* The kernel pads what it keeps. */
	return n && m && (a[0] != b[0] || memcmp(a, b, n < m ? n : m) != 0);
}

static int by_inode(const void *a, const void *b)
{
	const struct change *x = *(struct change *const *)a, *y = *(struct change *const *)b;
	if (x->after.dev != y->after.dev)
		return x->after.dev < y->after.dev ? -1 : 1;
	if (x->after.ino != y->after.ino)
		return x->after.ino < y->after.ino ? -1 : 1;
	return x < y ? -1 : x > y;
}

int part_links(struct change_set *set)
{
	size_t n = 0;
	for (size_t i = 0; i < set->n; i++)
		n += set->change[i].after.type == OBJECT_FILE && set->change[i].after.nlink > 1;
	if (n < 2)
		return 0;
	_cleanup_free_ struct change **list = calloc(n, sizeof(struct change *));
	if (!list)
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; i < set->n; i++)
		if (set->change[i].after.type == OBJECT_FILE && set->change[i].after.nlink > 1)
			list[n++] = &set->change[i];
	qsort(list, n, sizeof(struct change *), by_inode);
	for (size_t i = 1, first = 0; i < n; i++) {
		if (list[i]->after.ino != list[first]->after.ino || list[i]->after.dev != list[first]->after.dev)
			first = i;
		else
			list[i]->first_name = (uint32_t)(list[first] - set->change) + 1;
	}
	return 0;
}

static int by_handle(const void *a, const void *b)
{
	const struct part_origin *x = a, *y = b;
	int c = slice_cmp(x->handle, y->handle);
	return c ? c : x->index < y->index ? -1 : x->index > y->index;
}

static void pair_up(struct change_set *set, size_t removed, size_t added)
{
	set->change[removed].pair = (uint32_t)added + 1;
	set->change[added].pair = (uint32_t)removed + 1;
}

static void pair_origins(struct change_set *set, const struct part_origins *o)
{
	if (o->n_removed)
		qsort(o->removed, o->n_removed, sizeof(*o->removed), by_handle);
	for (size_t i = 0; i < o->n_added; i++) {
		struct change *c = &set->change[o->added[i].index];
		size_t low = 0, high = o->n_removed;
		while (low < high) {
			size_t mid = (low + high) / 2;
			if (slice_cmp(o->removed[mid].handle, o->added[i].handle) < 0)
				low = mid + 1;
			else
				high = mid;
		}
		bool known = false;
		for (; low < o->n_removed && slice_eq(o->removed[low].handle, o->added[i].handle); low++) {
			known = true;
			if (!set->change[o->removed[low].index].pair && !c->pair)
				pair_up(set, o->removed[low].index, o->added[i].index);
		}
		/* Copied up from a file that the tool has not removed, and that is not there any more. */
		if (!known && o->added[i].doubtful && c->trouble == TROUBLE_NONE)
			c->trouble = TROUBLE_CONFLICT_REMOVED;
	}
}

struct candidate {
	struct change *c;
	const char *name; /* without its folders */
	uint8_t digest[32];
	bool known;
};

static int by_size(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	uint64_t p = x->c->kind == CHANGE_REMOVED ? x->c->before.size : x->c->after.size;
	uint64_t q = y->c->kind == CHANGE_REMOVED ? y->c->before.size : y->c->after.size;
	return p < q ? -1 : p > q ? 1 : x->c < y->c ? -1 : x->c > y->c;
}

static int by_digest(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int c = (int)y->known - (int)x->known;
	c = c ? c : memcmp(x->digest, y->digest, 32);
	c = c ? c : strcmp(x->name, y->name);
	return c ? c : x->c < y->c ? -1 : x->c > y->c;
}

static void hash(const struct change_source *s, struct candidate *x, uint64_t *left)
{
	bool removed = x->c->kind == CHANGE_REMOVED, cut;
	uint64_t size = removed ? x->c->before.size : x->c->after.size;
	if (size > *left || size > HASH_FILE_MAX)
		return;
	_cleanup_buf_ struct buf b = BUF((size_t)HASH_FILE_MAX + 1);
	*left -= size;
	if (change_read(removed ? s->lower : s->upper, x->c->path, (size_t)size, &b, &cut) < 0 || cut || b.n != size)
		return;
	x->known = digest_of(DIGEST_SHA256, buf_slice(&b), x->digest) == 0;
}

/* Of one size and digest: first those of the same name, then in order. */
static void pair_group(struct change_set *set, struct candidate *x, size_t n)
{
	for (int same_name = 1; same_name >= 0; same_name--)
		for (size_t i = 0, next = 0; i < n; i++) {
			if (x[i].c->kind != CHANGE_REMOVED || x[i].c->pair)
				continue;
			/* Without regard to names the next one that is free will do, so that a group of thousands takes no squares. */
			for (size_t k = same_name ? (i > 8 ? i - 8 : 0) : next; k < n && (!same_name || k < i + 8); k++) {
				if (x[k].c->kind != CHANGE_ADDED || x[k].c->pair || (same_name && strcmp(x[i].name, x[k].name) != 0))
					continue;
				pair_up(set, (size_t)(x[i].c - set->change), (size_t)(x[k].c - set->change));
				next = k + 1;
				break;
			}
		}
}

int part_renames(const struct change_source *s, struct change_set *set, const struct part_origins *o)
{
	size_t n = 0, removed = 0;
	uint64_t left = HASH_TOTAL_MAX;
	pair_origins(set, o);
	_cleanup_free_ struct candidate *x = NULL;
	for (int fill = 0; fill < 2; fill++) {
		n = 0;
		for (size_t i = 0; i < set->n; i++) {
			struct change *c = &set->change[i];
			const struct object *f = c->kind == CHANGE_REMOVED ? &c->before : &c->after;
			if (c->kind == CHANGE_CHANGED || c->pair || f->type != OBJECT_FILE || f->size == 0 || c->trouble)
				continue;
			if (fill) {
				const char *slash = strrchr(c->path, '/');
				x[n] = (struct candidate){.c = c, .name = slash ? slash + 1 : c->path};
			}
			removed += !fill && c->kind == CHANGE_REMOVED;
			n++;
		}
		if (removed == 0 || removed == n)
			return 0;
		if (!fill && !(x = calloc(n, sizeof(*x))))
			return -ENOMEM;
	}
	qsort(x, n, sizeof(*x), by_size);
	for (size_t from = 0, to; from < n; from = to) {
		bool is_removed = false, is_added = false;
		uint64_t size = x[from].c->kind == CHANGE_REMOVED ? x[from].c->before.size : x[from].c->after.size;
		for (to = from; to < n && (x[to].c->kind == CHANGE_REMOVED ? x[to].c->before.size : x[to].c->after.size) == size; to++) {
			is_removed |= x[to].c->kind == CHANGE_REMOVED;
			is_added |= x[to].c->kind == CHANGE_ADDED;
		}
		if (!is_removed || !is_added)
			continue;
		for (size_t i = from; i < to; i++)
			hash(s, &x[i], &left);
		qsort(x + from, to - from, sizeof(*x), by_digest);
		for (size_t i = from, k; i < to && x[i].known; i = k) {
			for (k = i; k < to && x[k].known && memcmp(x[k].digest, x[i].digest, 32) == 0; k++)
				;
			pair_group(set, x + i, k - i);
		}
	}
	return 0;
}
