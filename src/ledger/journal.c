#include "ledger/journal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/cursor.h"
#include "crypto/digest.h"
#include "ledger/file.h"
#include "parse/tlog.h"
#include "sys/path.h"

#define SEGMENTS    64 /* in use at once */
#define SPARES      12
#define IOV_JOURNAL 64
#define AHEAD       1 /* segments that are ready before they are needed */
#define MANY        8 /* in use: new ones get twice as large */

/* Bytes of the first segment, which holds the largest record, and of the largest. */
static uint64_t segment_least = (uint64_t)2 << 20, segment_most = (uint64_t)32 << 20;

void journal_sizes(uint64_t least, uint64_t most)
{
	segment_least = least;
	segment_most = most;
}

static const uint8_t magic[8] = "PLJREC01";

static size_t round_up(size_t n)
{
	return (n + JOURNAL_BLOCK - 1) / JOURNAL_BLOCK * JOURNAL_BLOCK;
}

size_t journal_size(uint32_t count, size_t bytes)
{
	return round_up(JOURNAL_HEADER + (size_t)count * MERKLE_HASH + bytes);
}

/* Digest of the fixed part and the hashes. */
static void seal(const uint8_t head[32], struct slice hashes, uint8_t out[32])
{
	struct digest_stream *s = NULL;
	/* If memory is out for a moment, the record gets a digest that does not fit, or does not fit: never one that wrongly does. */
	memset(out, 0, 32);
	if (digest_stream_new(DIGEST_SHA256, &s) < 0)
		return;
	bool good = digest_stream_add(s, slice_of(head, 32)) == 0 && digest_stream_add(s, hashes) == 0;
	if (digest_stream_end(s, out) < 0 || !good)
		memset(out, 0, 32);
}

static void put_be(uint8_t *p, uint64_t v, size_t n)
{
	while (n--) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

void journal_header(const struct journal_record *r, uint8_t out[JOURNAL_HEADER])
{
	memset(out, 0, JOURNAL_HEADER);
	memcpy(out, magic, sizeof(magic));
	put_be(out + 8, r->first, 8);
	put_be(out + 16, r->count, 4);
	put_be(out + 20, r->entries.n, 4);
	seal(out, r->hashes, out + 32);
}

/* What a header says, if it can be one at all. */
static bool parse_head(struct slice in, struct journal_record *r)
{
	struct cursor c = cursor_of(in);
	struct slice m = cursor_take(&c, sizeof(magic));
	r->first = cursor_be64(&c);
	r->count = cursor_be32(&c);
	r->entries.n = cursor_be32(&c);
	uint64_t zero = cursor_be64(&c);
	return cursor_ok(&c) && memcmp(m.p, magic, sizeof(magic)) == 0 && zero == 0 && r->count > 0 && r->count <= JOURNAL_ENTRIES &&
	       r->entries.n <= JOURNAL_BYTES && r->first <= TLOG_SIZE_MAX - r->count;
}

int journal_parse(struct slice in, struct journal_record *out)
{
	struct journal_record r = {0};
	uint8_t digest[32];
	struct cursor c = cursor_of(in);
	if (!parse_head(in, &r))
		return 0;
	(void)cursor_take(&c, 32);
	struct slice want = cursor_take(&c, 32);
	r.hashes = cursor_take(&c, (size_t)r.count * MERKLE_HASH);
	r.entries = cursor_take(&c, r.entries.n);
	if (!cursor_ok(&c))
		return 0;
	seal(in.p, r.hashes, digest);
	if (memcmp(digest, want.p, sizeof(digest)) != 0)
		return 0;
	*out = r;
	return 1;
}

uint32_t journal_check(const struct journal_record *r)
{
	struct slice rest = r->entries, entry;
	for (uint32_t i = 0; i < r->count; i++) {
		struct merkle_hash h;
		if (tlog_bundle_next(&rest, &entry) != 1)
			return i;
		merkle_leaf(entry, &h);
		if (memcmp(&h, r->hashes.p + (size_t)i * MERKLE_HASH, sizeof(h)) != 0)
			return i;
	}
	return rest.n ? r->count - 1 : r->count;
}

static int read_some(int fd, uint64_t offset, struct buf *space, size_t n)
{
	uint8_t *p = buf_room(space, n);
	if (!p)
		return buf_error(space);
	while (n) {
		ssize_t got = pread(fd, p, n, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : 0;
		p += got;
		n -= (size_t)got;
		offset += (uint64_t)got;
		space->n += (size_t)got;
	}
	return 0;
}

int journal_read(int fd, uint64_t offset, struct buf *space, struct journal_record *out)
{
	struct journal_record r = {0};
	buf_reset(space);
	int e = read_some(fd, offset, space, JOURNAL_BLOCK);
	if (e < 0)
		return e;
	if (!parse_head(buf_slice(space), &r))
		return 0;
	size_t all = JOURNAL_HEADER + (size_t)r.count * MERKLE_HASH + r.entries.n;
	if (all > space->n)
		e = read_some(fd, offset + space->n, space, all - space->n);
	return e < 0 ? e : journal_parse(buf_slice(space), out);
}

int journal_beyond(int fd, uint64_t offset, uint64_t from, struct buf *space)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return -errno;
	for (; offset < (uint64_t)st.st_size; offset += JOURNAL_BLOCK) {
		struct journal_record r;
		int e = journal_read(fd, offset, space, &r);
		if (e < 0)
			return e;
		if (e == 1 && r.first >= from && journal_check(&r) == r.count)
			return 1;
	}
	return 0;
}

/* "journal/00000012"; false for names of another form. */
static bool segment_name(const char *name, bool *spare)
{
	size_t n = strlen(name);
	*spare = strncmp(name, "spare.", 6) == 0;
	if (*spare)
		return true;
	return n == 8 && strspn(name, "0123456789") == n;
}

static int by_first(const void *a, const void *b)
{
	const struct journal_found *x = a, *y = b;
	return x->first != y->first ? (x->first > y->first) - (x->first < y->first) : strcmp(x->name, y->name);
}

void journal_found_free(struct journal_found *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		fd_closep(&f[i].fd);
	free(f);
}

static int open_folder(int dir, DIR **out)
{
	int fd = openat(dir, "journal", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		int r = -errno;
		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	*out = d;
	return 0;
}

static void closedirp(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

int journal_find(int dir, struct journal_found **out, size_t *n_out, struct err *err)
{
	_cleanup_(closedirp) DIR *d = NULL;
	_cleanup_buf_ struct buf space = BUF(JOURNAL_RECORD);
	struct journal_found *f = NULL;
	size_t n = 0;
	int r = open_folder(dir, &d), more = 0;
	if (r == -ENOENT) {
		*out = NULL;
		*n_out = 0;
		return 0;
	}
	for (struct dirent *e; r == 0 && (more = path_next(d, &e)) == 1;) {
		bool spare;
		struct journal_record rec;
		if (!segment_name(e->d_name, &spare) || spare)
			continue;
		struct journal_found *larger = reallocarray(f, n + 1, sizeof(*f));
		if (!larger) {
			r = -ENOMEM;
			break;
		}
		f = larger;
		f[n] = (struct journal_found){.first = UINT64_MAX, .fd = openat(dirfd(d), e->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
		(void)snprintf(f[n].name, sizeof(f[n].name), "%.16s", e->d_name);
		if (f[n++].fd < 0) {
			r = -errno;
			break;
		}
		r = journal_read(f[n - 1].fd, 0, &space, &rec);
		if (r == 1)
			f[n - 1].first = rec.first;
		r = r > 0 ? 0 : r;
	}
	/* A segment that is not listed would be one whose entries are lost. */
	r = r < 0 ? r : more;
	if (r < 0) {
		journal_found_free(f, n);
		return err_sys(err, r, "cannot read the journal");
	}
	if (n)
		qsort(f, n, sizeof(*f), by_first);
	*out = f;
	*n_out = n;
	return 0;
}

int journal_clear(int dir)
{
	_cleanup_(closedirp) DIR *d = NULL;
	int r = open_folder(dir, &d), more = 0;
	for (struct dirent *e; r == 0 && (more = path_next(d, &e)) == 1;) {
		char path[300];
		bool spare;
		if (!segment_name(e->d_name, &spare))
			continue;
		(void)snprintf(path, sizeof(path), "journal/%s", e->d_name);
		r = file_remove(dir, path);
	}
	r = r < 0 ? r : more;
	return r < 0 ? r : file_sync_folder(dir, "journal");
}

struct segment {
	uint64_t number, size;
	uint64_t end; /* index after its last entry, as far as it is known */
	int fd;
};

struct journal {
	int dir;
	/* In use, in order: [0] is the oldest; `writing` is the one that is appended to; those behind it are ready. */
	pthread_mutex_t lock;
	pthread_cond_t made;
	bool making;
	struct segment seg[SEGMENTS];
	size_t n, writing;
	struct segment spare[SPARES];
	size_t n_spare;
	uint64_t number, size; /* of the segment made last */
	uint64_t used;         /* bytes of the segment that is written to */
	/* Of the thread that appends. */
	uint64_t offset, next;
	/* Of the thread that follows. */
	uint64_t at_segment, at_offset, at_next;
};

static void name_segment(char out[40], uint64_t number)
{
	(void)snprintf(out, 40, "journal/%08llu", (unsigned long long)(number % 100000000));
}

static void name_spare(char out[40], uint64_t number)
{
	(void)snprintf(out, 40, "journal/spare.%08llu", (unsigned long long)(number % 100000000));
}

/* A fresh one: zeros, synced under a spare name, then renamed. */
static int make_segment(struct journal *j, uint64_t number, uint64_t size, struct segment *out)
{
	char spare[40], name[40];
	struct segment s = {.number = number, .size = size, .fd = -1};
	name_spare(spare, number);
	name_segment(name, number);
	s.fd = file_open(j->dir, spare, O_RDWR | O_CREAT | O_TRUNC, 0600);
	int r = s.fd < 0 ? s.fd : file_zero(s.fd, size);
	r = r < 0 ? r : file_sync(s.fd);
	r = r < 0 ? r : file_rename(j->dir, spare, name);
	r = r < 0 ? r : file_sync_folder(j->dir, "journal");
	if (r < 0) {
		file_close(&s.fd);
		(void)file_remove(j->dir, spare);
		return r;
	}
	*out = s;
	return 0;
}

/* One that was used. Its old records stay until others stand in their place: their indices are below all that are still wanted. */
static int reuse_segment(struct journal *j, struct segment *s, uint64_t number)
{
	char spare[40], name[40];
	name_spare(spare, s->number);
	name_segment(name, number);
	int r = file_rename(j->dir, spare, name);
	r = r < 0 ? r : file_sync_folder(j->dir, "journal");
	s->number = number;
	s->end = 0;
	return r;
}

/* Makes one more ready. Called with the lock held, which is given up while the disk works. One thread at a time. */
static int add_segment(struct journal *j)
{
	struct segment s = {.fd = -1};
	if (j->n == SEGMENTS)
		return -ENOBUFS;
	uint64_t number = ++j->number;
	bool old = j->n_spare > 0;
	if (old) {
		s = j->spare[--j->n_spare];
	} else {
		/* Larger ones only where many are needed at once: zeros take the disk's time, too. */
		j->size = !j->size ? segment_least : j->n >= MANY ? j->size * 2 : j->size;
		if (j->size > segment_most)
			j->size = segment_most;
	}
	uint64_t size = j->size;
	j->making = true;
	(void)pthread_mutex_unlock(&j->lock);
	int r = old ? reuse_segment(j, &s, number) : make_segment(j, number, size, &s);
	(void)pthread_mutex_lock(&j->lock);
	j->making = false;
	(void)pthread_cond_broadcast(&j->made);
	if (r < 0)
		file_close(&s.fd);
	else
		j->seg[j->n++] = s;
	return r;
}

int journal_new(int dir, uint64_t first, struct journal **out)
{
	struct journal *j = calloc(1, sizeof(*j));
	if (!j)
		return -ENOMEM;
	j->dir = dir;
	j->next = j->at_next = first;
	(void)pthread_mutex_init(&j->lock, NULL);
	(void)pthread_cond_init(&j->made, NULL);
	(void)pthread_mutex_lock(&j->lock);
	int r = add_segment(j);
	(void)pthread_mutex_unlock(&j->lock);
	if (r < 0) {
		journal_free(j);
		return r;
	}
	j->at_segment = j->seg[0].number;
	*out = j;
	return 0;
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	for (size_t i = 0; i < j->n; i++)
		file_close(&j->seg[i].fd);
	for (size_t i = 0; i < j->n_spare; i++)
		file_close(&j->spare[i].fd);
	(void)pthread_cond_destroy(&j->made);
	(void)pthread_mutex_destroy(&j->lock);
	free(j);
}

/* Goes on to the next segment, and waits for it or makes it if it is not there. */
static int turn(struct journal *j)
{
	int r = 0;
	(void)pthread_mutex_lock(&j->lock);
	while (r == 0 && j->writing + 1 == j->n) {
		if (j->making)
			(void)pthread_cond_wait(&j->made, &j->lock);
		else
			r = add_segment(j);
	}
	if (r == 0) {
		j->seg[j->writing++].end = j->next;
		j->offset = j->used = 0;
	}
	(void)pthread_mutex_unlock(&j->lock);
	return r;
}

int journal_append(struct journal *j, const struct journal_record *r, struct iovec *iov, int n_iov)
{
	static const uint8_t zeros[JOURNAL_BLOCK];
	uint8_t head[JOURNAL_HEADER];
	struct iovec all[IOV_JOURNAL + 3];
	size_t size = journal_size(r->count, r->entries.n), plain = JOURNAL_HEADER + r->hashes.n + r->entries.n;
	int n = 0;
	if (r->first != j->next || n_iov > IOV_JOURNAL || r->count == 0 || r->count > JOURNAL_ENTRIES || r->entries.n > JOURNAL_BYTES)
		return -EINVAL;
	/* writing and seg[writing] change in this thread only, but their place in memory may with journal_release(). */
	(void)pthread_mutex_lock(&j->lock);
	struct segment s = j->seg[j->writing];
	(void)pthread_mutex_unlock(&j->lock);
	if (j->offset + size > s.size) {
		int e = size > segment_least ? -EINVAL : turn(j);
		if (e < 0)
			return e;
		(void)pthread_mutex_lock(&j->lock);
		s = j->seg[j->writing];
		(void)pthread_mutex_unlock(&j->lock);
	}
	journal_header(r, head);
	all[n++] = (struct iovec){head, sizeof(head)};
	all[n++] = (struct iovec){(void *)(uintptr_t)r->hashes.p, r->hashes.n};
	for (int i = 0; i < n_iov; i++)
		all[n++] = iov[i];
	if (size > plain)
		all[n++] = (struct iovec){(void *)(uintptr_t)zeros, size - plain};
	int e = file_write(s.fd, j->offset, all, n);
	e = e < 0 ? e : file_sync_data(s.fd);
	if (e < 0)
		return e;
	j->offset += size;
	j->next += r->count;
	(void)pthread_mutex_lock(&j->lock);
	j->used = j->offset;
	(void)pthread_mutex_unlock(&j->lock);
	return 0;
}

int journal_follow(struct journal *j, struct buf *space, struct journal_record *out)
{
	for (;;) {
		struct segment s = {.fd = -1};
		bool last = true;
		(void)pthread_mutex_lock(&j->lock);
		for (size_t i = 0; i < j->n; i++) {
			if (j->seg[i].number == j->at_segment) {
				s = j->seg[i];
				last = i >= j->writing;
			}
		}
		(void)pthread_mutex_unlock(&j->lock);
		int r = s.fd < 0 ? -EBADF : 0;
		if (r == 0 && j->at_offset + JOURNAL_BLOCK <= s.size)
			r = journal_read(s.fd, j->at_offset, space, out);
		if (r < 0)
			return r;
		if (r == 1 && out->first == j->at_next) {
			j->at_offset += journal_size(out->count, out->entries.n);
			j->at_next += out->count;
			return 0;
		}
		if (last)
			return -EBADMSG;
		j->at_segment = s.number + 1;
		j->at_offset = 0;
	}
}

/* With the lock held. A log that is hardly written to shall not take room for more. */
static bool wants(const struct journal *j)
{
	return !j->making && j->n - j->writing <= AHEAD && j->n < SEGMENTS && j->used > j->seg[j->writing].size / 8;
}

bool journal_wants(struct journal *j)
{
	(void)pthread_mutex_lock(&j->lock);
	bool r = wants(j);
	(void)pthread_mutex_unlock(&j->lock);
	return r;
}

int journal_prepare(struct journal *j)
{
	int r = 0;
	(void)pthread_mutex_lock(&j->lock);
	while (r == 0 && wants(j))
		r = add_segment(j);
	(void)pthread_mutex_unlock(&j->lock);
	return r;
}

int journal_release(struct journal *j, uint64_t size)
{
	int r = 0;
	bool any = false;
	(void)pthread_mutex_lock(&j->lock);
	while (r == 0 && j->writing > 0 && j->seg[0].end <= size && j->seg[0].number != j->at_segment) {
		struct segment s = j->seg[0];
		char name[40], spare[40];
		memmove(&j->seg[0], &j->seg[1], (j->n - 1) * sizeof(j->seg[0]));
		j->n--;
		j->writing--;
		bool keep = j->n_spare < SPARES;
		(void)pthread_mutex_unlock(&j->lock);
		name_segment(name, s.number);
		name_spare(spare, s.number);
		r = keep ? file_rename(j->dir, name, spare) : file_remove(j->dir, name);
		any = true;
		if (r < 0 || !keep)
			file_close(&s.fd);
		(void)pthread_mutex_lock(&j->lock);
		if (r == 0 && keep)
			j->spare[j->n_spare++] = s;
	}
	(void)pthread_mutex_unlock(&j->lock);
	return r < 0 || !any ? r : file_sync_folder(j->dir, "journal");
}

uint64_t journal_bytes(struct journal *j)
{
	uint64_t n = 0;
	(void)pthread_mutex_lock(&j->lock);
	for (size_t i = 0; i <= j->writing && i < j->n; i++)
		n += j->seg[i].size;
	(void)pthread_mutex_unlock(&j->lock);
	return n;
}
