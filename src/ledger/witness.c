#include "ledger/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "ledger/config.h"
#include "ledger/file.h"
#include "sys/path.h"

#define NAME (2 * 32 + 1)

/* One origin. */
struct witnessed {
	char name[NAME]; /* of its file: SHA-256 of the origin in hex */
	struct slice origin;
	uint64_t size, time;
	struct merkle_hash root;
	struct buf note; /* cosigned; empty: none yet */
};

struct witness {
	const struct tlog_signer *signer;
	struct note_vkey own; /* for cosignatures */
	const struct note_vkey *key;
	size_t n_keys;
	struct witnessed log[WITNESS_LOGS];
	size_t n_logs;
	int dir;
	void (*tell)(void *arg, const char *text);
	void *arg;
	struct note_signature signature[NOTE_SIGNATURES];
};

void witness_tell(struct witness *w, void (*fn)(void *arg, const char *text), void *arg)
{
	w->tell = fn;
	w->arg = arg;
}

static void tell(const struct witness *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void tell(const struct witness *w, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (w->tell)
		w->tell(w->arg, text);
}

static void name_of(struct slice origin, char out[NAME])
{
	uint8_t d[DIGEST_MAX];
	_cleanup_buf_ struct buf hex = BUF(NAME);
	/* SHA-256 is always there. */
	if (digest_of(DIGEST_SHA256, origin, d) < 0)
		abort();
	encode_hex(&hex, slice_of(d, 32));
	(void)snprintf(out, NAME, "%s", buf_str(&hex));
}

static struct witnessed *find(struct witness *w, struct slice origin)
{
	for (size_t i = 0; i < w->n_logs; i++)
		if (slice_eq(w->log[i].origin, origin))
			return &w->log[i];
	return NULL;
}

/* 0 if at least one key of the log has signed and none has a bad signature; else -EACCES, or -ENOMEM. */
static int signed_by_log(const struct witness *w, const struct note *n, struct slice origin)
{
	int found = -EACCES;
	for (size_t i = 0; i < w->n_keys; i++) {
		if (!slice_eq(w->key[i].name, origin))
			continue;
		int r = tlog_note_verify(n, &w->key[i], NULL);
		if (r == 0)
			found = 0;
		else if (r != -ENOKEY)
			return r == -ENOMEM ? r : -EACCES;
	}
	return found;
}

static int load(struct witness *w, struct witnessed *l, struct err *err)
{
	struct note n = {.signature = w->signature};
	struct tlog_checkpoint c;
	const char *why;
	size_t at;
	l->note = BUF(NOTE_MAX);
	int r = path_read(w->dir, l->name, &l->note);
	if (r == -ENOENT) {
		merkle_empty(&l->root);
		return 0;
	}
	if (r < 0)
		return err_sys(err, r, "cannot read what was cosigned of %.*s", SLICE_FMT(l->origin));
	if (note_parse(buf_slice(&l->note), &n, &why, &at) < 0 || tlog_checkpoint_parse(n.text, &c, &why) < 0 ||
	        !slice_eq(c.origin, l->origin) || signed_by_log(w, &n, l->origin) < 0 || tlog_note_verify(&n, &w->own, &l->time) < 0)
		return err_set(err, -EBADMSG,
		        "what was cosigned of %.*s (file %s) is damaged, or was cosigned with another key; put back the right one, or "
		        "begin a new witness with a new key",
		        SLICE_FMT(l->origin), l->name);
	l->size = c.size;
	memcpy(l->root.b, c.root, sizeof(l->root.b));
	return 0;
}

static int open_folder(struct witness *w, const char *path, struct err *err)
{
	struct ledger_name shown = ledger_name(path);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, -errno, "cannot make the folder %s", shown.text);
	w->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->dir < 0)
		return err_sys(err, -errno, "cannot open the folder %s", shown.text);
	if (flock(w->dir, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? err_set(err, -EBUSY, "another witness works with the folder %s", shown.text)
		                            : err_sys(err, -errno, "cannot lock the folder %s", shown.text);
	return 0;
}

int witness_open(
        const char *path, const struct tlog_signer *signer, const struct note_vkey *log, size_t n, struct witness **out, struct err *err)
{
	struct witness *w = calloc(1, sizeof(*w));
	if (!w || n > WITNESS_LOGS) {
		free(w);
		return err_sys(err, n > WITNESS_LOGS ? -E2BIG : -ENOMEM, "cannot start");
	}
	w->signer = signer;
	w->key = log;
	w->n_keys = n;
	w->dir = -1;
	w->own = (struct note_vkey){.name = signer->name, .type = TLOG_COSIGNATURE};
	memcpy(w->own.public, signer->public, sizeof(w->own.public));
	w->own.key_id = tlog_key_id(signer->name, TLOG_COSIGNATURE, signer->public);
	int r = open_folder(w, path, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (find(w, log[i].name))
			continue;
		struct witnessed *l = &w->log[w->n_logs++];
		l->origin = log[i].name;
		name_of(l->origin, l->name);
		r = load(w, l, err);
	}
	if (r < 0)
		witness_free(w);
	else
		*out = w;
	return r;
}

void witness_free(struct witness *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n_logs; i++)
		buf_free(&w->log[i].note);
	fd_closep(&w->dir);
	free(w);
}

/* The checkpoint with the log's signatures that were checked and our cosignature: what is kept. line: the cosignature alone. */
static int cosign(struct witness *w, const struct note *n, struct witnessed *l, uint64_t *time, struct buf *line, struct buf *note)
{
	struct timespec now = {0};
	(void)clock_gettime(CLOCK_REALTIME, &now);
	/* Never back, and never 0, whatever the clock does. */
	*time = now.tv_sec > 0 ? (uint64_t)now.tv_sec : 1;
	if (*time < l->time)
		*time = l->time;
	int r = tlog_cosign(w->signer, n->text, *time, line);
	if (r < 0)
		return r;
	buf_add(note, n->text);
	buf_u8(note, '\n');
	for (size_t i = 0; i < n->n; i++)
		for (size_t k = 0; k < w->n_keys; k++)
			if (w->key[k].key_id == n->signature[i].key_id && slice_eq(w->key[k].name, n->signature[i].name)) {
				note_signature_add(note, n->signature[i].name, n->signature[i].key_id,
				        slice_of(n->signature[i].bytes, n->signature[i].n));
				break;
			}
	buf_add(note, buf_slice(line));
	return buf_error(note) ? buf_error(note) : buf_error(line);
}

/* On disk first, then in memory, then out. If the disk fails, whatever of it is there, memory stays at the state whose cosignature went
 * out last. */
static void accept(struct witness *w, const struct note *n, const struct tlog_checkpoint *c, struct witnessed *l, struct http_reply *r)
{
	_cleanup_buf_ struct buf line = BUF(NOTE_SIGNATURE_MAX), note = BUF(NOTE_MAX);
	uint64_t time;
	char fresh[NAME + 4];
	(void)snprintf(fresh, sizeof(fresh), "%s.new", l->name);
	int e = cosign(w, n, l, &time, &line, &note);
	e = e < 0 ? e : file_replace(w->dir, fresh, l->name, ".", 0600, buf_slice(&note));
	if (e < 0) {
		tell(w, "a checkpoint of %.*s cannot be stored: %s", SLICE_FMT(l->origin), strerror(-e));
		return http_say(r, 500, "the state cannot be stored; nothing was signed");
	}
	l->size = c->size;
	l->time = time;
	memcpy(l->root.b, c->root, sizeof(l->root.b));
	buf_free(&l->note);
	l->note = note;
	note = BUF(0);
	r->status = 200;
	r->type = "text/plain; charset=utf-8";
	buf_add(&r->body, buf_slice(&line));
}

void witness_add(struct witness *w, struct slice body, struct http_reply *r)
{
	struct tlog_add_checkpoint a;
	struct tlog_checkpoint c;
	struct note n = {.signature = w->signature};
	struct merkle_hash root;
	const char *why;
	size_t at;
	if (tlog_add_checkpoint_parse(body, &a, &why) < 0 || note_parse(a.checkpoint, &n, &why, &at) < 0 ||
	        tlog_checkpoint_parse(n.text, &c, &why) < 0)
		return http_say(r, 400, why);
	struct witnessed *l = find(w, c.origin);
	if (!l)
		return http_say(r, 404, "this witness does not know the log");
	int e = signed_by_log(w, &n, c.origin);
	if (e == -ENOMEM)
		return http_say(r, 500, "out of memory");
	if (e < 0)
		return http_say(r, 403, "the log has not signed this checkpoint");
	if (a.old > c.size)
		return http_say(r, 400, "the old size is larger than that of the checkpoint");
	if (a.old != l->size) {
		r->status = 409;
		r->type = "text/x.tlog.size";
		buf_fmt(&r->body, "%" PRIu64 "\n", l->size);
		return;
	}
	memcpy(root.b, c.root, sizeof(root.b));
	if (merkle_check_consistency(l->size, c.size, (const struct merkle_hash *)a.hash, a.n, &l->root, &root) < 0) {
		tell(w, "%.*s signed a checkpoint of %" PRIu64 " entries that is not shown to extend the one of %" PRIu64,
		        SLICE_FMT(l->origin), c.size, l->size);
		return http_say(r, 422, "the checkpoint is not shown to extend the one that was cosigned last");
	}
	accept(w, &n, &c, l, r);
}

/* "/<hash>/checkpoint" */
static struct witnessed *asked_for(struct witness *w, struct slice target)
{
	struct slice name = slice_sub(target, 1, NAME - 1);
	if (target.n == 0 || target.p[0] != '/' || !slice_is(slice_from(target, NAME), "/checkpoint"))
		return NULL;
	for (size_t i = 0; i < w->n_logs; i++)
		if (w->log[i].note.n && slice_is(name, w->log[i].name))
			return &w->log[i];
	return NULL;
}

void witness_handle(void *arg, const struct http_request *q, struct http_reply *r)
{
	struct witness *w = arg;
	bool add = slice_is(q->target, "/add-checkpoint"), get = slice_is(q->method, "GET") || slice_is(q->method, "HEAD");
	if (add && slice_is(q->method, "POST"))
		return witness_add(w, q->body, r);
	if (add || !get) {
		http_say(r, 405, "that cannot be done here");
		r->allow = add ? "POST" : "GET, HEAD";
		return;
	}
	const struct witnessed *l = asked_for(w, q->target);
	if (!l)
		return http_say(r, 404, "there is nothing of that name");
	r->status = 200;
	r->type = "text/plain; charset=utf-8";
	r->cache = "public, max-age=2";
	buf_add(&r->body, buf_slice(&l->note));
}
