#include "ledger/blob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "base/encode.h"
#include "crypto/aead.h"
#include "crypto/digest.h"
#include "ledger/file.h"
#include "parse/json.h"

#define MAGIC      "postern blob 1\n"
#define MAGIC_SIZE (sizeof(MAGIC) - 1)
#define HEADER     (MAGIC_SIZE + 32)
#define SEALED     (AEAD_CHUNK + AEAD_TAG)
#define STALE      86400 /* seconds after which a file in blobs/new is one that a crash has left */

struct blob_path {
	char text[80];
};

static struct blob_path path_of(const char *folder, const char *id)
{
	struct blob_path p;
	(void)snprintf(p.text, sizeof(p.text), "%s/%.2s/%s", folder, id, id + 2);
	return p;
}

static struct blob_path parent_of(const char *folder, const char *id)
{
	struct blob_path p;
	(void)snprintf(p.text, sizeof(p.text), "%s/%.2s", folder, id);
	return p;
}

bool blob_id_good(struct slice id)
{
	for (size_t i = 0; i < id.n; i++)
		if (!((id.p[i] >= '0' && id.p[i] <= '9') || (id.p[i] >= 'a' && id.p[i] <= 'f')))
			return false;
	return id.n == BLOB_ID;
}

/* The first bytes of the file of a blob with that key. */
static int header_of(const uint8_t key[AEAD_KEY], uint8_t header[HEADER])
{
	memcpy(header, MAGIC, MAGIC_SIZE);
	return digest_hmac(DIGEST_SHA256, slice_of(key, AEAD_KEY), SLICE("postern blob key"), header + MAGIC_SIZE);
}

/* References. */

void blob_ref_write(const struct blob_ref *ref, struct buf *out)
{
	buf_fmt(out, "{\"id\":\"%s\",", ref->id);
	if (ref->media_type.n)
		buf_fmt(out, "\"media_type\":\"%.*s\",", SLICE_FMT(ref->media_type));
	buf_fmt(out, "\"size\":%llu}", (unsigned long long)ref->size);
}

static bool read_ref(const struct json *v, struct arena *arena, struct blob_ref *out)
{
	const struct json *id = json_get(v, "id"), *size = json_get(v, "size"), *type = json_get(v, "media_type");
	if (!id || id->type != JSON_STRING || !size || size->type != JSON_NUMBER || !slice_u64(size->raw, INT64_MAX, &out->size))
		return false;
	struct slice text = slice_sub(id->raw, 1, id->raw.n - 2);
	if (!blob_id_good(text) || (type && type->type != JSON_STRING))
		return false;
	memcpy(out->id, text.p, BLOB_ID);
	out->id[BLOB_ID] = 0;
	out->media_type = type ? json_text(type, arena) : SLICE_NONE;
	return true;
}

int blob_refs_read(struct slice entry, struct arena *arena, struct blob_ref **out, size_t *n)
{
	struct json *doc = NULL;
	if (json_parse(entry, NULL, arena, &doc, NULL) != JSON_OK)
		return -EBADMSG;
	const struct json *list = json_get(json_get(doc, "unmapped"), "blobs");
	if (list && list->type != JSON_ARRAY)
		return -EBADMSG;
	size_t count = list ? list->n : 0;
	struct blob_ref *ref = arena_array(arena, count + 1, sizeof(*ref));
	if (!ref)
		return -ENOMEM;
	size_t i = 0;
	for (const struct json *v = list ? list->child : NULL; v; v = v->next)
		if (!read_ref(v, arena, &ref[i++]))
			return -EBADMSG;
	*out = ref;
	*n = count;
	return 0;
}

/* Writing. */

struct blob_writer {
	int dir, fd;
	char fresh[40], fresh_key[40];
	uint8_t key[AEAD_KEY], header[HEADER];
	struct digest_stream *digest;
	uint64_t at, chunk, size;
	size_t held; /* of plain: a full chunk is sealed when it is known whether it is the last */
	uint8_t plain[AEAD_CHUNK], sealed[SEALED];
};

/* Makes it, with its name on disk. */
static int folder(int dir, const char *path, const char *parent, mode_t mode)
{
	int r = file_folder(dir, path, mode);
	return r < 0 ? r : file_sync_folder(dir, parent);
}

/* What a crash left behind of bodies that nobody was told of. */
static void sweep(int dir)
{
	int fd = openat(dir, "blobs/new", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d && fd >= 0)
		(void)close(fd);
	for (struct dirent *e; d && (e = readdir(d));) {
		struct stat st;
		char path[300];
		if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) || st.st_mtime + STALE > time(NULL))
			continue;
		(void)snprintf(path, sizeof(path), "blobs/new/%s", e->d_name);
		(void)!file_remove(dir, path);
	}
	if (d)
		(void)closedir(d);
}

static int put(struct blob_writer *w, struct slice data)
{
	int r = digest_stream_add(w->digest, data);
	r = r < 0 ? r : file_write_slice(w->fd, w->at, data);
	w->at += data.n;
	return r;
}

static int put_chunk(struct blob_writer *w, bool last)
{
	int r = aead_chunk_seal(w->key, w->chunk++, last, slice_of(w->header, HEADER), slice_of(w->plain, w->held), w->sealed);
	r = r < 0 ? r : put(w, slice_of(w->sealed, w->held + AEAD_TAG));
	w->held = 0;
	return r;
}

static int start(struct blob_writer *w)
{
	unsigned long long name;
	if (getrandom(&name, sizeof(name), 0) != (ssize_t)sizeof(name))
		return -EIO;
	(void)snprintf(w->fresh, sizeof(w->fresh), "blobs/new/%016llx", name);
	(void)snprintf(w->fresh_key, sizeof(w->fresh_key), "keys/new-%016llx", name);
	int r = folder(w->dir, "blobs", ".", 0700);
	r = r < 0 ? r : folder(w->dir, "keys", ".", 0700);
	r = r < 0 ? r : folder(w->dir, "blobs/new", "blobs", 0700);
	r = r < 0 ? r : aead_new(w->key);
	r = r < 0 ? r : header_of(w->key, w->header);
	r = r < 0 ? r : digest_stream_new(DIGEST_SHA256, &w->digest);
	if (r < 0)
		return r;
	sweep(w->dir);
	r = w->fd = file_open(w->dir, w->fresh, O_WRONLY | O_CREAT | O_EXCL, 0600);
	return r < 0 ? r : put(w, slice_of(w->header, HEADER));
}

int blob_writer_new(int dir, struct blob_writer **out, struct err *err)
{
	struct blob_writer *w = calloc(1, sizeof(*w));
	if (!w)
		return err_sys(err, -ENOMEM, "cannot keep a body");
	w->dir = dir;
	w->fd = -1;
	int r = start(w);
	if (r < 0) {
		blob_writer_free(w);
		return err_sys(err, r, "cannot keep a body in the ledger");
	}
	*out = w;
	return 0;
}

int blob_writer_add(struct blob_writer *w, struct slice data, struct err *err)
{
	while (data.n) {
		int r = w->held == AEAD_CHUNK ? put_chunk(w, false) : 0;
		if (r < 0)
			return err_sys(err, r, "cannot keep a body in the ledger");
		size_t n = AEAD_CHUNK - w->held < data.n ? AEAD_CHUNK - w->held : data.n;
		memcpy(w->plain + w->held, data.p, n);
		w->held += n;
		w->size += n;
		data = slice_from(data, n);
	}
	return 0;
}

/* The key first: a ciphertext that is there can be read. */
static int settle(struct blob_writer *w, const char *id)
{
	struct blob_path key = path_of("keys", id), keys = parent_of("keys", id), blob = path_of("blobs", id),
	                 blobs = parent_of("blobs", id);
	int r = folder(w->dir, keys.text, "keys", 0700);
	r = r < 0 ? r : folder(w->dir, blobs.text, "blobs", 0700);
	r = r < 0 ? r : file_replace(w->dir, w->fresh_key, key.text, keys.text, 0600, slice_of(w->key, AEAD_KEY));
	r = r < 0 ? r : file_rename(w->dir, w->fresh, blob.text);
	return r < 0 ? r : file_sync_folder(w->dir, blobs.text);
}

int blob_writer_end(struct blob_writer *w, struct blob_ref *ref, struct err *err)
{
	uint8_t digest[DIGEST_MAX];
	char id[BLOB_ID + 1];
	int r = put_chunk(w, true);
	r = r < 0 ? r : file_sync(w->fd);
	r = r < 0 ? r : digest_stream_end(TAKE_PTR(w->digest), digest);
	for (size_t i = 0; i < 32 && r == 0; i++)
		(void)snprintf(id + 2 * i, 3, "%02x", digest[i]);
	r = r < 0 ? r : settle(w, id);
	if (r < 0)
		return err_sys(err, r, "cannot keep a body in the ledger");
	w->fresh[0] = 0;
	memcpy(ref->id, id, sizeof(id));
	ref->size = w->size;
	return 0;
}

void blob_writer_free(struct blob_writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0) {
		file_close(&w->fd);
		if (w->fresh[0]) {
			(void)!file_remove(w->dir, w->fresh);
			(void)!file_remove(w->dir, w->fresh_key);
		}
	}
	if (w->digest)
		digest_stream_free(w->digest);
	explicit_bzero(w, sizeof(*w));
	free(w);
}

/* Reading. */

struct reading {
	int fd;
	uint64_t size;
	uint8_t key[AEAD_KEY], header[HEADER];
	uint8_t plain[AEAD_CHUNK], sealed[SEALED];
};

/* All n bytes at an offset: 0; -EBADMSG if there are fewer. */
static int read_at(int fd, uint64_t at, uint8_t *out, size_t n)
{
	while (n) {
		ssize_t got = pread(fd, out, n, (off_t)at);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EBADMSG;
		out += got;
		at += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

static int read_key(int dir, const char *id, uint8_t key[AEAD_KEY])
{
	struct blob_path path = path_of("keys", id);
	_cleanup_fd_ int fd = openat(dir, path.text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? -ENOKEY : -errno;
	int r = read_at(fd, 0, key, AEAD_KEY);
	return r == -EBADMSG ? -ENOKEY : r;
}

/* Is the file the one with that name? */
static int check_name(struct reading *r, const char *id)
{
	uint8_t digest[DIGEST_MAX];
	char hex[BLOB_ID + 1];
	struct digest_stream *s = NULL;
	int e = digest_stream_new(DIGEST_SHA256, &s);
	for (uint64_t at = 0; at < r->size && e == 0; at += SEALED) {
		size_t n = r->size - at < SEALED ? (size_t)(r->size - at) : SEALED;
		e = read_at(r->fd, at, r->sealed, n);
		e = e < 0 ? e : digest_stream_add(s, slice_of(r->sealed, n));
	}
	if (e < 0) {
		if (s)
			digest_stream_free(s);
		return e;
	}
	e = digest_stream_end(s, digest);
	for (size_t i = 0; i < 32 && e == 0; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return e < 0 ? e : strcmp(hex, id) == 0 ? 0 : -EBADMSG;
}

static int read_chunks(struct reading *r, blob_fn *fn, void *arg)
{
	uint64_t at = HEADER, number = 0;
	int e = 0;
	do {
		size_t n = r->size - at < SEALED ? (size_t)(r->size - at) : SEALED;
		bool last = at + n == r->size;
		e = n < AEAD_TAG ? -EBADMSG : read_at(r->fd, at, r->sealed, n);
		e = e < 0 ? e : aead_chunk_open(r->key, number++, last, slice_of(r->header, HEADER), slice_of(r->sealed, n), r->plain);
		if (e == 0 && n > AEAD_TAG)
			e = fn(arg, slice_of(r->plain, n - AEAD_TAG));
		at += n;
	} while (e == 0 && at < r->size);
	return e;
}

static int read_blob(struct reading *r, int dir, const char *id, blob_fn *fn, void *arg, struct err *err)
{
	struct blob_path path = path_of("blobs", id);
	uint8_t found[HEADER];
	struct stat st;
	r->fd = openat(dir, path.text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (r->fd < 0 && errno == ENOENT)
		return err_set(err, -ENOENT, "there is no body %.16s… here; if it was erased, an entry with its name says so", id);
	if (r->fd < 0 || fstat(r->fd, &st) < 0)
		return err_sys(err, -errno, "the body %.16s… cannot be read", id);
	r->size = (uint64_t)st.st_size;
	int e = r->size < HEADER + AEAD_TAG ? -EBADMSG : check_name(r, id);
	e = e < 0 ? e : read_at(r->fd, 0, found, HEADER);
	if (e == -EBADMSG)
		return err_set(err, e, "the file of the body %.16s… is damaged, or is another than the one that was named", id);
	if (e < 0)
		return err_sys(err, e, "the body %.16s… cannot be read", id);
	e = read_key(dir, id, r->key);
	e = e < 0 ? e : header_of(r->key, r->header);
	/* A key that was overwritten is no key any more. */
	if (e == -ENOKEY || (e == 0 && memcmp(found, r->header, HEADER) != 0))
		return err_set(err, -ENOKEY, "the key of the body %.16s… is gone: nobody can read it any more", id);
	if (e < 0)
		return err_sys(err, e, "the key of the body %.16s… cannot be read", id);
	e = read_chunks(r, fn, arg);
	if (e == -EBADMSG)
		return err_set(err, e, "the body %.16s… does not fit its key", id);
	return e;
}

int blob_read(int dir, const char *id, blob_fn *fn, void *arg, struct err *err)
{
	if (!blob_id_good(slice_str(id)))
		return err_set(err, -EINVAL, "the name of a body has 64 digits of lower-case hex");
	struct reading *r = calloc(1, sizeof(*r));
	if (!r)
		return err_sys(err, -ENOMEM, "a body cannot be read");
	r->fd = -1;
	int e = read_blob(r, dir, id, fn, arg, err);
	if (r->fd >= 0)
		(void)close(r->fd);
	explicit_bzero(r, sizeof(*r));
	free(r);
	return e;
}

/* Erasing. */

int blob_there(int dir, const char *id)
{
	static const char *const places[] = {"keys", "blobs"};
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		struct stat st;
		struct blob_path path = path_of(places[i], id);
		if (fstatat(dir, path.text, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return 1;
		if (errno != ENOENT)
			return -errno;
	}
	return 0;
}

/* Removes it, and has that on disk, also if it was another process that removed it just now. */
static int remove_durably(int dir, const char *path, const char *parent)
{
	int r = file_remove(dir, path);
	r = r < 0 ? r : file_sync_folder(dir, parent);
	return r == -ENOENT ? 0 : r;
}

int blob_erase(int dir, const char *id)
{
	static const uint8_t zeros[AEAD_KEY];
	struct blob_path key = path_of("keys", id), keys = parent_of("keys", id), blob = path_of("blobs", id),
	                 blobs = parent_of("blobs", id);
	int fd = file_open(dir, key.text, O_WRONLY, 0), r = 0;
	if (fd < 0 && fd != -ENOENT)
		return fd;
	if (fd >= 0) {
		r = file_write_slice(fd, 0, slice_of(zeros, sizeof(zeros)));
		r = r < 0 ? r : file_sync_data(fd);
		file_close(&fd);
	}
	r = r < 0 ? r : remove_durably(dir, key.text, keys.text);
	return r < 0 ? r : remove_durably(dir, blob.text, blobs.text);
}
