#include "ledger/cosign.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>

#include "base/cleanup.h"
#include "ledger/file.h"
#include "ledger/post.h"
#include "ledger/tiles.h"
#include "sys/path.h"

#define ANSWER_MAX ((size_t)64 << 10)

static const char *const words[COSIGN_ANSWERS] = {"signed", "silent", "refused", "invalid", "rollback", "fork"};

const char *cosign_word(enum cosign_answer a)
{
	return words[a];
}

struct cosign {
	int dir;
	const struct quorum *q;
	const struct note_vkey *key;
	struct cosign_result *out;
	struct poster *poster;
	struct tiles_reader *tiles;
	struct ledger_checkpoint now, before; /* before: what was cosigned last; an empty note: nothing yet */
	struct quorum_seen before_seen;
	struct buf signatures; /* lines by members of the policy over `now` */
	struct note note;
};

static int say(struct cosign_one *one, enum cosign_answer answer, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int say(struct cosign_one *one, enum cosign_answer answer, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(one->text, sizeof(one->text), fmt, ap);
	va_end(ap);
	one->answer = answer;
	return 0;
}

/* Takes the good cosignatures of a note over `now` that are not there yet. Returns the first member that has signed; -1: none. *bad: of a
 * member, -1 if there is none. */
static int keep(struct cosign *s, int *bad)
{
	_cleanup_free_ struct quorum_seen *seen = malloc(sizeof(*seen));
	int first = -1;
	*bad = -1;
	if (!seen || quorum_look(s->q, &s->note, seen) < 0)
		return -1;
	for (size_t m = 0; m < s->q->policy.n_members; m++) {
		if (seen->bad[m])
			*bad = (int)m;
		if (!seen->have[m])
			continue;
		first = first < 0 ? (int)m : first;
		if (s->out->seen.have[m])
			continue;
		for (size_t i = 0; i < s->note.n; i++) {
			const struct note_signature *g = &s->note.signature[i];
			if (g->key_id == s->q->witness[m].key_id && slice_eq(g->name, s->q->witness[m].name)) {
				note_signature_add(&s->signatures, g->name, g->key_id, slice_of(g->bytes, g->n));
				break;
			}
		}
		s->out->seen.have[m] = true;
		s->out->seen.time[m] = seen->time[m];
	}
	return first;
}

/* A body of 200: signature lines. */
static int take_signatures(struct cosign *s, struct cosign_one *one, struct slice body)
{
	_cleanup_buf_ struct buf note = BUF(NOTE_MAX);
	const char *why;
	size_t at;
	int bad;
	/* Not with the signatures that the checkpoint has: they are none of the witness's business. */
	struct note n = {.signature = s->note.signature};
	if (note_parse(buf_slice(&s->now.note), &n, &why, &at) < 0)
		return say(one, COSIGN_INVALID, "the checkpoint cannot be read");
	buf_add(&note, n.text);
	buf_u8(&note, '\n');
	buf_add(&note, body);
	if (buf_error(&note) || note_parse(buf_slice(&note), &s->note, &why, &at) < 0 ||
	        !slice_eq(s->note.text, slice_sub(buf_slice(&note), 0, n.text.n)))
		return say(one, COSIGN_INVALID, "its answer has no signature lines");
	int first = keep(s, &bad);
	if (bad >= 0 && (one->member < 0 || one->member == bad))
		return say(one, COSIGN_INVALID, "its cosignature is not one of this checkpoint");
	if (one->member < 0)
		one->member = first;
	if (one->member < 0 || !s->out->seen.have[one->member])
		return say(one, COSIGN_INVALID, "its answer has no cosignature by a key of the policy");
	return say(one, COSIGN_SIGNED, "cosigned %" PRIu64 " entries", s->now.size);
}

/* One request, from the size that the witness is believed to have. *size: the one it says it has, with 409. */
static int ask(struct cosign *s, struct cosign_one *one, uint64_t from, uint64_t *size, struct posted *a, struct err *err)
{
	_cleanup_buf_ struct buf body = BUF(NOTE_MAX + 8192);
	struct merkle_hash proof[MERKLE_PROOF_MAX];
	char url[sizeof(one->url) + 32];
	size_t n = strlen(one->url), k = 0;
	int r = merkle_consistency(from, s->now.size, tiles_node, s->tiles, proof, &k);
	if (r < 0 || k > TLOG_PROOF_MAX)
		return err_sys(err, r < 0 ? r : -E2BIG, "cannot make a proof from %" PRIu64 " entries on", from);
	tlog_add_checkpoint_write(&body, from, (const uint8_t(*)[MERKLE_HASH])proof, k, buf_slice(&s->now.note));
	if (buf_error(&body))
		return err_sys(err, buf_error(&body), "cannot make a request");
	(void)snprintf(url, sizeof(url), "%s%sadd-checkpoint", one->url, n && one->url[n - 1] == '/' ? "" : "/");
	struct err why = {0};
	r = post(s->poster, url, buf_slice(&body), a, &why);
	if (r < 0) {
		a->status = 0;
		return say(one, COSIGN_SILENT, "%.200s", why.text);
	}
	if (a->status != 409)
		return 0;
	struct slice number = buf_slice(&a->body);
	if (strcmp(a->type, "text/x.tlog.size") != 0 || number.n < 2 || number.p[number.n - 1] != '\n' ||
	        !slice_u64(slice_sub(number, 0, number.n - 1), TLOG_SIZE_MAX, size)) {
		a->status = 0;
		return say(one, COSIGN_INVALID, "it says that it has another size, but not which");
	}
	return 0;
}

static int ask_one(struct cosign *s, struct cosign_one *one, struct err *err)
{
	struct posted a = {.body = BUF(ANSWER_MAX)};
	bool known = s->before.note.n && one->member >= 0 && s->before_seen.have[one->member];
	uint64_t from = known ? s->before.size : 0, size = 0;
	int r = ask(s, one, from, &size, &a, err);
	if (r == 0 && a.status == 409 && size <= s->now.size && size != from)
		r = ask(s, one, size, &size, &a, err);
	if (r < 0 || a.status == 0)
		;
	else if (a.status == 200)
		r = take_signatures(s, one, buf_slice(&a.body));
	else if (a.status == 409 && size > s->now.size)
		r = say(one, COSIGN_ROLLBACK, "it has cosigned %" PRIu64 " entries, and the log has only %" PRIu64, size, s->now.size);
	else if (a.status == 409)
		r = say(one, COSIGN_REFUSED, "its size changes while it is asked (%" PRIu64 ")", size);
	else if (a.status == 422)
		r = say(one, COSIGN_FORK, "what it has cosigned is no beginning of this log");
	else if (a.status == 404)
		r = say(one, COSIGN_REFUSED, "it does not know this log (404)");
	else if (a.status == 403)
		r = say(one, COSIGN_REFUSED, "it does not know the key of this log (403)");
	else
		r = say(one, COSIGN_REFUSED, "status %ld", a.status);
	buf_free(&a.body);
	return r;
}

/* What was cosigned before must be a beginning of what is to be cosigned now. */
static int look_back(struct cosign *s, struct err *err)
{
	struct merkle_hash root;
	const char *why;
	size_t at;
	int r = ledger_checkpoint_read(s->dir, QUORUM_FILE, s->key, &s->before, err);
	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return r;
	if (s->before.size > s->now.size)
		return err_set(err, -EBADMSG, "%" PRIu64 " entries were cosigned, and the log has only %" PRIu64 " now: it was rolled back",
		        s->before.size, s->now.size);
	r = tiles_root(s->tiles, s->before.size, &root);
	if (r < 0)
		return err_sys(err, r, "cannot read the tiles");
	if (memcmp(&root, &s->before.root, sizeof(root)) != 0)
		return err_set(err, -EBADMSG,
		        "at %" PRIu64 " entries the log has another root than the one that was cosigned: it is a fork", s->before.size);
	if (note_parse(buf_slice(&s->before.note), &s->note, &why, &at) < 0)
		return err_set(err, -EBADMSG, "%s: %s", QUORUM_FILE, why);
	r = quorum_look(s->q, &s->note, &s->before_seen);
	return r < 0 ? err_sys(err, r, "%s", QUORUM_FILE) : 0;
}

/* Who signed the same checkpoint before, and not anew, counts as well. */
static void keep_before(struct cosign *s)
{
	const char *why;
	size_t at;
	int bad;
	if (s->before.note.n && s->before.size == s->now.size && note_parse(buf_slice(&s->before.note), &s->note, &why, &at) == 0)
		(void)keep(s, &bad);
}

static int whom_to_ask(struct cosign *s, const struct cosign_options *o, struct err *err)
{
	struct cosign_result *out = s->out;
	for (size_t i = 0; i < o->n_urls; i++) {
		if (out->n == COSIGN_ASKED || strlen(o->url[i]) >= sizeof(out->one[0].url))
			return err_set(err, -EINVAL, "too many witnesses, or an address that is too long");
		struct cosign_one *one = &out->one[out->n++];
		(void)snprintf(one->url, sizeof(one->url), "%s", o->url[i]);
		one->member = -1;
		/* An address that the policy knows stands for its key. */
		for (size_t m = 0; m < s->q->policy.n_members; m++)
			if (slice_is(s->q->policy.member[m].url, o->url[i]))
				one->member = (int)m;
	}
	for (size_t m = 0; o->n_urls == 0 && m < s->q->policy.n_members; m++) {
		struct slice url = s->q->policy.member[m].url;
		if (s->q->policy.member[m].kind != TLOG_POLICY_WITNESS || url.n == 0)
			continue;
		if (url.n >= sizeof(out->one[0].url))
			return err_set(err, -EINVAL, "an address in the policy is too long");
		struct cosign_one *one = &out->one[out->n++];
		(void)snprintf(one->url, sizeof(one->url), "%.*s", SLICE_FMT(url));
		one->member = (int)m;
	}
	if (out->n == 0)
		return err_set(err, -EINVAL, "there is no witness to ask: the policy gives no addresses, and --witness was not given");
	return 0;
}

static int store(struct cosign *s, struct err *err)
{
	_cleanup_buf_ struct buf note = BUF(NOTE_MAX);
	buf_add(&note, buf_slice(&s->now.note));
	buf_add(&note, buf_slice(&s->signatures));
	s->out->changed = !slice_eq(buf_slice(&note), buf_slice(&s->before.note));
	if (!s->out->changed)
		return 0;
	int r = buf_error(&note);
	/* Not in tmp/, which a writer empties when it starts. */
	r = r < 0 ? r : file_replace(s->dir, QUORUM_FILE ".new", QUORUM_FILE, ".", 0666, buf_slice(&note));
	return r < 0 ? err_sys(err, r, "cannot write %s", QUORUM_FILE) : 0;
}

static int run(struct cosign *s, const struct cosign_options *o, struct err *err)
{
	struct merkle_hash root;
	int r = whom_to_ask(s, o, err);
	r = r < 0 ? r : ledger_checkpoint_read(s->dir, "checkpoint", s->key, &s->now, err);
	if (r < 0)
		return r;
	s->out->size = s->now.size;
	r = tiles_reader_new(s->dir, s->now.size, &s->tiles);
	r = r < 0 ? r : tiles_root(s->tiles, s->now.size, &root);
	if (r < 0 && r != -EBADMSG && r != -ENOENT)
		return err_sys(err, r, "cannot read the tiles");
	if (r < 0 || memcmp(&root, &s->now.root, sizeof(root)) != 0)
		return err_set(err, -EBADMSG, "the tiles do not lead to the signed root; \"postern log verify\" says where");
	r = look_back(s, err);
	const struct post_options how = {.media_type = "text/plain; charset=utf-8", .timeout_ms = o->timeout_ms ? o->timeout_ms : 10000};
	r = r < 0 ? r : poster_new(&how, &s->poster, err);
	for (size_t i = 0; r == 0 && i < s->out->n; i++)
		r = ask_one(s, &s->out->one[i], err);
	if (r < 0)
		return r;
	keep_before(s);
	s->out->met = tlog_policy_met(&s->q->policy, s->out->seen.have);
	return s->out->met ? store(s, err) : 0;
}

int ledger_cosign(int dir, const struct note_vkey *key, const struct quorum *q, const struct cosign_options *o, struct cosign_result *out,
        struct err *err)
{
	memset(out, 0, sizeof(*out));
	_cleanup_fd_ int lock = path_open(dir, ".", O_RDONLY | O_DIRECTORY, 0);
	if (lock < 0)
		return err_sys(err, lock, "cannot lock the folder");
	if (flock(lock, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK ? err_set(err, -EAGAIN, "another process asks witnesses for this ledger just now")
		                            : err_sys(err, -errno, "cannot lock the folder");
	struct cosign *s = calloc(1, sizeof(*s));
	if (!s)
		return err_sys(err, -ENOMEM, "cannot ask the witnesses");
	*s = (struct cosign){.dir = dir, .q = q, .key = key, .out = out, .signatures = BUF(NOTE_MAX)};
	s->note.signature = calloc(NOTE_SIGNATURES, sizeof(*s->note.signature));
	int r = s->note.signature ? run(s, o, err) : err_sys(err, -ENOMEM, "cannot ask the witnesses");
	poster_free(s->poster);
	tiles_reader_free(s->tiles);
	buf_free(&s->now.note);
	buf_free(&s->before.note);
	buf_free(&s->signatures);
	free(s->note.signature);
	free(s);
	return r;
}
