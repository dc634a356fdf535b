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
