#include "ledger/erase.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/random.h>

#include "base/encode.h"
#include "ledger/checkpoint.h"
#include "ledger/config.h"
#include "ledger/entries.h"
#include "ledger/entry.h"
#include "ledger/file.h"
#include "parse/jcs.h"
#include "parse/json.h"
#include "sys/path.h"

#define PENDING     "keys/erasing"
#define FRESH       "keys/new-erasing"
#define TEXT_MOST   ((size_t)64 << 20) /* of the events of an erasure */
#define ENTRY_MEM   ((size_t)16 << 20)
#define REASON_MOST 4096

struct erase {
	const char *path;
	int dir, lock;
	struct ledger_config config;
	struct ledger_client *client;
	struct erase_result *result;
	struct err *err;
	struct buf text;     /* of keys/erasing */
	uint64_t from;       /* size of the log before */
	struct slice *event; /* lines of text */
	bool *said;          /* that one is in the log */
	size_t n;
};

/* What is to be done, as keys/erasing holds it: "postern erasing 1 SIZE\n", then a line an event. */

static int parse_pending(struct erase *e)
{
	struct slice rest = buf_slice(&e->text), line, head = SLICE("postern erasing 1 ");
	e->n = 0;
	if (!slice_split(&rest, '\n', &line) || !slice_starts(line, head) || !slice_u64(slice_from(line, head.n), INT64_MAX, &e->from))
		return err_set(e->err, -EBADMSG, "the file %s, which says what is being erased, is damaged", PENDING);
	while (slice_split(&rest, '\n', &line)) {
		if (line.n && e->n == ERASE_MOST)
			return err_set(e->err, -EBADMSG, "the file %s is too long", PENDING);
		if (line.n)
			e->event[e->n++] = line;
	}
	return 0;
}

static int body_of(struct slice event, char id[BLOB_ID + 1])
{
	_cleanup_arena_ struct arena arena = ARENA(ENTRY_MEM);
	struct json *doc = NULL;
	if (json_parse(event, NULL, &arena, &doc, NULL) != JSON_OK)
		return -EBADMSG;
	const struct json *uid = json_get(json_get(doc, "file"), "uid");
	struct slice text = uid && uid->type == JSON_STRING ? json_text(uid, &arena) : SLICE_NONE;
	if (!blob_id_good(text))
		return -EBADMSG;
	memcpy(id, text.p, BLOB_ID);
	id[BLOB_ID] = 0;
	return 0;
}

static int destroy(struct erase *e)
{
	char id[BLOB_ID + 1];
	for (size_t i = 0; i < e->n; i++) {
		int r = body_of(e->event[i], id);
		if (r < 0)
			return err_set(e->err, r, "the file %s, which says what is being erased, is damaged", PENDING);
		r = blob_erase(e->dir, id);
		if (r < 0)
			return err_sys(e->err, r, "the body %.16s… cannot be erased; try again with postern log erase", id);
	}
	return 0;
}

/* The size of the log with all that was acknowledged. */
static int size_now(struct erase *e, uint64_t *size)
{
	struct ledger_checkpoint c;
	struct note_vkey key = ledger_vkey(&e->config);
	_cleanup_buf_ struct buf note = BUF(NOTE_MAX);
	int r = ledger_client_checkpoint(e->client, &note, e->err);
	r = r < 0 ? r : ledger_checkpoint_parse(buf_slice(&note), "the checkpoint", &key, &c, e->err);
	if (r < 0)
		return r;
	*size = c.size;
	buf_free(&c.note);
	return 0;
}

/* Which events did an erasure that was interrupted put into the log? */
static int find_said(struct erase *e)
{
	struct entries *all = NULL;
	uint64_t size = 0;
	int r = size_now(e, &size);
	r = r < 0 ? r : entries_new(e->dir, size, &all);
	for (uint64_t i = e->from; i < size && r == 0; i++) {
		struct slice entry;
		r = entries_get(all, i, &entry, e->err);
		for (size_t j = 0; r == 0 && j < e->n; j++)
			e->said[j] = e->said[j] || slice_eq(entry, e->event[j]);
	}
	entries_free(all);
	return r;
}

static int say(struct erase *e)
{
	_cleanup_free_ struct slice *list = calloc(e->n + 1, sizeof(*list));
	size_t n = 0, bytes = 0;
	uint64_t first;
	int r = list ? 0 : err_sys(e->err, -ENOMEM, "cannot say what was erased");
	for (size_t i = 0; i <= e->n && r == 0; i++) {
		if (n && (i == e->n || bytes + e->event[i].n + 2 > ledger_client_room())) {
			r = ledger_client_append(e->client, list, n, &first, e->err);
			n = bytes = 0;
		}
		if (i == e->n || e->said[i])
			continue;
		list[n++] = e->event[i];
		bytes += e->event[i].n + 2;
	}
	return r;
}

/* Steps 3 to 5. */
static int finish(struct erase *e, bool resumed)
{
	int r = parse_pending(e);
	r = r < 0 ? r : destroy(e);
	if (r < 0)
		return r;
	memset(e->said, 0, ERASE_MOST * sizeof(*e->said));
	r = resumed ? find_said(e) : 0;
	r = r < 0 ? r : say(e);
	if (r < 0)
		return err_wrap(
		        e->err, r, "the bodies are erased, but the log does not say so yet (postern log erase, without an entry, resumes)");
	r = file_remove(e->dir, PENDING);
	r = r < 0 ? r : file_sync_folder(e->dir, "keys");
	if (r < 0)
		return err_sys(e->err, r, "the file %s cannot be removed", PENDING);
	e->result->erased += e->n;
	e->result->resumed = e->result->resumed || resumed;
	return 0;
}

static int resume(struct erase *e)
{
	buf_reset(&e->text);
	int r = path_read(e->dir, PENDING, &e->text);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? err_sys(e->err, r, "the file %s cannot be read", PENDING) : finish(e, true);
}

/* A new erasure. */

struct plan {
	const struct erase_order *order;
	char uid[33];
	struct buf text, seen; /* seen: names of bodies, one after another */
	size_t n;
};

static int plan_body(struct plan *p, uint64_t entry, const struct blob_ref *ref, struct err *err)
{
	char members[400], message[160];
	_cleanup_buf_ struct buf unmapped = BUF(8 * REASON_MOST);
	(void)snprintf(members, sizeof(members),
	        "{\"file\":{\"name\":\"%s\",\"size\":%llu,\"type\":\"Regular File\",\"type_id\":1,\"uid\":\"%s\"}}", ref->id,
	        (unsigned long long)ref->size, ref->id);
	(void)snprintf(message, sizeof(message), "the body %.16s… of entry %llu was erased", ref->id, (unsigned long long)entry);
	buf_fmt(&unmapped, "{\"erasure\":{\"entry\":%llu,", (unsigned long long)entry);
	if (p->order->reason.n) {
		buf_str_add(&unmapped, "\"reason\":");
		encode_json_string(&unmapped, p->order->reason);
		buf_u8(&unmapped, ',');
	}
	buf_fmt(&unmapped, "\"uid\":\"%s\"}}", p->uid);
	struct entry event = {
	        .class_uid = ENTRY_FILE_ACTIVITY,
	        .activity_id = 4,
	        .time = p->order->time,
	        .severity = ENTRY_INFORMATIONAL,
	        .host = p->order->host,
	        .person = p->order->person,
	        .message = slice_str(message),
	        .members = slice_str(members),
	        .unmapped = buf_slice(&unmapped),
	};
	int r = entry_write(&event, &p->text, err);
	buf_u8(&p->text, '\n');
	buf_add(&p->seen, slice_of(ref->id, BLOB_ID));
	p->n++;
	return r;
}

static bool planned(const struct plan *p, const char *id)
{
	for (size_t at = 0; at < p->seen.n; at += BLOB_ID)
		if (memcmp(p->seen.p + at, id, BLOB_ID) == 0)
			return true;
	return false;
}

static int plan_entry(struct erase *e, struct plan *p, struct entries *all, uint64_t entry)
{
	_cleanup_arena_ struct arena arena = ARENA(ENTRY_MEM);
	struct blob_ref *ref = NULL;
	struct slice json;
	size_t n = 0;
	int r = entries_get(all, entry, &json, e->err);
	if (r < 0)
		return r;
	r = blob_refs_read(json, &arena, &ref, &n);
	if (r == -ENOMEM)
		return err_sys(e->err, r, "entry %llu cannot be read", (unsigned long long)entry);
	if (r < 0 || n == 0)
		return err_set(
		        e->err, -EINVAL, "entry %llu names no body that could be erased; nothing was done", (unsigned long long)entry);
	e->result->named += n;
	for (size_t i = 0; i < n; i++) {
		int there = planned(p, ref[i].id) ? 0 : blob_there(e->dir, ref[i].id);
		if (there < 0)
			return err_sys(e->err, there, "the body %.16s… cannot be looked for", ref[i].id);
		if (there && p->n == ERASE_MOST)
			return err_set(e->err, -EINVAL, "these are more than %d bodies; erase them in parts", ERASE_MOST);
		r = there ? plan_body(p, entry, &ref[i], e->err) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static int plan(struct erase *e, struct plan *p)
{
	struct entries *all = NULL;
	uint64_t size = 0, random[2];
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_sys(e->err, -EIO, "there is no random number");
	(void)snprintf(p->uid, sizeof(p->uid), "%016llx%016llx", (unsigned long long)random[0], (unsigned long long)random[1]);
	int r = size_now(e, &size);
	r = r < 0 ? r : entries_new(e->dir, size, &all);
	buf_fmt(&p->text, "postern erasing 1 %llu\n", (unsigned long long)size);
	for (size_t i = 0; i < p->order->n && r == 0; i++)
		r = plan_entry(e, p, all, p->order->entry[i]);
	entries_free(all);
	if (r == 0 && (buf_error(&p->text) || buf_error(&p->seen)))
		r = err_sys(e->err, -ENOMEM, "too much to erase at once");
	return r;
}

static int carry_out(struct erase *e, const struct erase_order *order)
{
	struct plan p = {.order = order, .text = BUF(TEXT_MOST), .seen = BUF(ERASE_MOST * BLOB_ID)};
	int r = plan(e, &p);
	if (r == 0 && p.n) {
		r = file_replace(e->dir, FRESH, PENDING, "keys", 0600, buf_slice(&p.text));
		if (r < 0)
			(void)err_sys(e->err, r, "the file %s cannot be written", PENDING);
		buf_reset(&e->text);
		buf_add(&e->text, buf_slice(&p.text));
		r = r < 0 ? r : buf_error(&e->text);
		r = r < 0 ? r : finish(e, false);
	}
	buf_free(&p.text);
	buf_free(&p.seen);
	return r;
}

static int take_lock(struct erase *e)
{
	int r = file_folder(e->dir, "keys", 0700);
	r = r < 0 ? r : file_sync_folder(e->dir, ".");
	r = r < 0 ? r : file_open(e->dir, "keys/lock", O_RDWR | O_CREAT, 0600);
	if (r < 0)
		return err_sys(e->err, r, "nothing can be erased in %s", ledger_name(e->path).text);
	e->lock = r;
	if (flock(e->lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? err_set(e->err, -EBUSY, "another process is erasing bodies of %s", ledger_name(e->path).text)
		                            : err_sys(e->err, -errno, "the lock of %s cannot be taken", ledger_name(e->path).text);
	return 0;
}

int erase_run(const char *path, const struct erase_order *order, const struct ledger_client_options *how, struct erase_result *out,
        struct err *err)
{
	struct erase e = {.path = path, .dir = -1, .lock = -1, .result = out, .err = err, .text = BUF(TEXT_MOST)};
	*out = (struct erase_result){0};
	if (order->reason.n > REASON_MOST)
		return err_set(err, -EINVAL, "the reason is longer than %d bytes", REASON_MOST);
	e.event = calloc(ERASE_MOST, sizeof(*e.event));
	e.said = calloc(ERASE_MOST, sizeof(*e.said));
	int r = e.event && e.said ? ledger_open(path, &e.dir, &e.config, err) : err_sys(err, -ENOMEM, "cannot start");
	r = r < 0 ? r : take_lock(&e);
	r = r < 0 ? r : ledger_client_open(path, how, &e.client, err);
	r = r < 0 ? r : resume(&e);
	r = r < 0 || !order->n ? r : carry_out(&e, order);
	ledger_client_free(e.client);
	file_close(&e.lock);
	fd_closep(&e.dir);
	buf_free(&e.text);
	free(e.event);
	free(e.said);
	return r;
}
