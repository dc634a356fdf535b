#include "ledger/quorum.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "ledger/config.h"
#include "ledger/verify_part.h"
#include "sys/path.h"

#define POLICY_MAX    ((size_t)1 << 20)
#define POLICY_MEMORY ((size_t)4 << 20)

static int read_keys(struct quorum *q, const char *shown, struct err *err)
{
	const char *why = NULL;
	q->log = arena_array(&q->arena, q->policy.n_logs + 1, sizeof(*q->log));
	q->witness = arena_array(&q->arena, q->policy.n_members + 1, sizeof(*q->witness));
	if (!q->log || !q->witness)
		return err_sys(err, -ENOMEM, "cannot read the policy %s", shown);
	for (size_t i = 0; i < q->policy.n_logs; i++)
		if (tlog_vkey_read(q->policy.log[i].vkey, &q->log[i], &why) < 0)
			return err_set(err, -EBADMSG, "the policy %s: the key of log number %zu: %s", shown, i + 1, why);
	for (size_t i = 0; i < q->policy.n_members; i++) {
		const struct tlog_policy_member *m = &q->policy.member[i];
		if (m->kind == TLOG_POLICY_WITNESS && tlog_vkey_read(m->vkey, &q->witness[i], &why) < 0)
			return err_set(err, -EBADMSG, "the policy %s: the key of witness \"%.*s\": %s", shown, SLICE_FMT(m->name), why);
	}
	return 0;
}

int quorum_read(const char *path, struct quorum *out, struct err *err)
{
	struct ledger_name shown = ledger_name(path);
	const char *why = NULL;
	unsigned line = 0;
	*out = (struct quorum){.text = BUF(POLICY_MAX), .arena = ARENA(POLICY_MEMORY)};
	int r = path_read(AT_FDCWD, path, &out->text);
	if (r < 0)
		return err_sys(err, r, "cannot read the policy %s", shown.text);
	r = tlog_policy_parse(slice_str(buf_str(&out->text)), &out->arena, &out->policy, &why, &line);
	if (r < 0)
		return err_set(err, r, "the policy %s, line %u: %s", shown.text, line, why);
	return read_keys(out, shown.text, err);
}

void quorum_free(struct quorum *q)
{
	buf_free(&q->text);
	arena_free(&q->arena);
}

const struct note_vkey *quorum_log(const struct quorum *q, struct slice origin, const struct note_vkey *like)
{
	const struct note_vkey *found = NULL;
	for (size_t i = 0; i < q->policy.n_logs; i++) {
		if (!slice_eq(q->log[i].name, origin))
			continue;
		if (!found || (like && memcmp(like->public, q->log[i].public, sizeof(like->public)) == 0))
			found = &q->log[i];
	}
	return found;
}

int quorum_look(const struct quorum *q, const struct note *n, struct quorum_seen *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < q->policy.n_members; i++) {
		if (q->policy.member[i].kind != TLOG_POLICY_WITNESS)
			continue;
		int r = tlog_note_verify(n, &q->witness[i], &out->time[i]);
		if (r == -ENOMEM)
			return r;
		out->have[i] = r == 0;
		out->bad[i] = r < 0 && r != -ENOKEY;
	}
	return 0;
}

/* The names of those who have signed, as one phrase. */
static void names(const struct quorum *q, const struct quorum_seen *seen, struct buf *out)
{
	bool first = true;
	for (size_t i = 0; i < q->policy.n_members; i++) {
		if (!seen->have[i])
			continue;
		buf_fmt(out, "%s%.*s", first ? "" : ", ", SLICE_FMT(q->policy.member[i].name));
		first = false;
	}
	if (first)
		buf_str_add(out, "nobody");
}

/* The cosigned checkpoint against a log that is good in itself. */
static int compare(int dir, const struct ledger_checkpoint *c, const char *who, struct verify_result *v, struct err *err)
{
	struct tiles_reader *reader = NULL;
	struct merkle_hash root;
	if (c->size > v->size) {
		verify_say(v, VERIFY_ROLLBACK, v->size, c->size - 1,
		        "the log was longer: %llu entries were cosigned by %.200s, this log has %llu; entries from %llu on were taken back",
		        U(c->size), who, U(v->size), U(v->size));
		return 0;
	}
	int r = tiles_reader_new(dir, v->size, &reader);
	r = r < 0 ? r : tiles_root(reader, c->size, &root);
	tiles_reader_free(reader);
	if (r < 0)
		return err_sys(err, r, "cannot read the tiles");
	if (memcmp(&root, &c->root, sizeof(root)) != 0)
		verify_say(v, VERIFY_FORK, UINT64_MAX, UINT64_MAX,
		        "two histories were signed: at %llu entries this log has another root than the checkpoint that was cosigned by "
		        "%.200s",
		        U(c->size), who);
	return 0;
}

/* -EBADMSG: it is no checkpoint of the log; told in *v. */
static int judge(int dir, const struct quorum *q, const struct ledger_checkpoint *c, struct note *n, struct verify_result *v, char *text,
        size_t room, struct err *err)
{
	_cleanup_free_ struct quorum_seen *seen = malloc(sizeof(*seen));
	_cleanup_buf_ struct buf who = BUF(NOTE_MAX);
	const char *why;
	size_t at;
	int r = seen ? note_parse(buf_slice(&c->note), n, &why, &at) : -ENOMEM;
	r = r < 0 ? r : quorum_look(q, n, seen);
	if (r < 0)
		return err_sys(err, r, "cannot read the cosigned checkpoint");
	names(q, seen, &who);
	/* That it contradicts the log counts also when fewer than the quorum have signed: the log's own signature is on both. */
	r = compare(dir, c, buf_str(&who), v, err);
	if (r < 0)
		return r;
	if (!tlog_policy_met(&q->policy, seen->have))
		verify_say(v, VERIFY_QUORUM, UINT64_MAX, UINT64_MAX,
		        "the witnesses who cosigned the checkpoint of %llu entries are no quorum: %.200s", U(c->size), buf_str(&who));
	(void)snprintf(text, room, "%llu of %llu entries were cosigned by %.400s", U(c->size), U(v->size), buf_str(&who));
	return 0;
}

int quorum_verify(
        int dir, const struct quorum *q, const struct note_vkey *log, struct verify_result *v, char *text, size_t n, struct err *err)
{
	struct ledger_checkpoint c = {0};
	struct err why = {0};
	struct note note = {.signature = calloc(NOTE_SIGNATURES, sizeof(struct note_signature))};
	enum verify_fault before = v->fault;
	if (!note.signature)
		return err_sys(err, -ENOMEM, "cannot read the cosigned checkpoint");
	int r = ledger_checkpoint_read(dir, QUORUM_FILE, log, &c, &why);
	if (r == 0) {
		r = judge(dir, q, &c, &note, v, text, n, err);
		buf_free(&c.note);
	} else if (r == -ENOENT || r == -EBADMSG || r == -EKEYREJECTED || r == -ENOKEY || r == -EINVAL) {
		bool none = r == -ENOENT;
		r = 0;
		if (none && q->policy.quorum < 0)
			(void)snprintf(text, n, "no entry was cosigned, and the policy asks for none");
		else if (none)
			verify_say(v, VERIFY_QUORUM, UINT64_MAX, UINT64_MAX,
			        "no checkpoint was cosigned: there is no file " QUORUM_FILE "; \"postern log cosign\" makes one");
		else
			verify_say(v, VERIFY_QUORUM, UINT64_MAX, UINT64_MAX, "%s", why.text);
	} else {
		r = err_set(err, r, "%s", why.text);
	}
	free(note.signature);
	if (before == VERIFY_GOOD && v->fault != VERIFY_GOOD)
		text[0] = 0;
	return r;
}

/* The note in a proof. */
static int open_proof(struct slice proof, struct arena *arena, struct note *n, struct err *err)
{
	struct tlog_proof p;
	const char *why = "out of memory";
	size_t at;
	n->signature = arena_array(arena, NOTE_SIGNATURES, sizeof(*n->signature));
	if (!n->signature || tlog_proof_parse(proof, arena, &p, &why) < 0 || note_parse(p.checkpoint, n, &why, &at) < 0)
		return err_set(err, -EINVAL, "this is no c2sp.org/tlog-proof@v1: %s", why);
	return 0;
}

int quorum_proof_key(const struct quorum *q, struct slice proof, struct note_vkey *key, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)1 << 20);
	struct note n;
	struct tlog_checkpoint c;
	const char *why = NULL;
	int r = open_proof(proof, &arena, &n, err);
	if (r < 0)
		return r;
	if (tlog_checkpoint_parse(n.text, &c, &why) < 0)
		return err_set(err, -EINVAL, "the proof's checkpoint: %s", why);
	bool named = false;
	for (size_t i = 0; i < q->policy.n_logs; i++) {
		if (!slice_eq(q->log[i].name, c.origin))
			continue;
		/* Of several keys the one that has signed. */
		if (!named || tlog_note_verify(&n, &q->log[i], NULL) == 0)
			*key = q->log[i];
		named = true;
	}
	return named ? 0 : err_set(err, -ENOKEY, "the policy does not name the log \"%.*s\"", SLICE_FMT(c.origin));
}

int quorum_proof(const struct quorum *q, struct slice proof, char *text, size_t room, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)1 << 20);
	_cleanup_buf_ struct buf who = BUF(NOTE_MAX);
	struct note n;
	int r = open_proof(proof, &arena, &n, err);
	struct quorum_seen *seen = r < 0 ? NULL : arena_alloc(&arena, sizeof(*seen));
	if (r < 0)
		return r;
	r = seen ? quorum_look(q, &n, seen) : -ENOMEM;
	if (r < 0)
		return err_sys(err, r, "cannot check the cosignatures");
	names(q, seen, &who);
	if (!tlog_policy_met(&q->policy, seen->have))
		return err_set(err, -EBADMSG, "the witnesses who cosigned the proof's checkpoint are no quorum: %.400s", buf_str(&who));
	(void)snprintf(text, room, "%s", buf_str(&who));
	return 0;
}
