#include "cmd/vet_ledger.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <time.h>

#include "base/encode.h"
#include "cmd/log.h"
#include "crypto/digest.h"
#include "ledger/client.h"
#include "ledger/entry.h"
#include "ledger/home.h"

/* Bytes of one text: an entry has a limit, and the whole is in the report. */

struct writing {
	const struct vet_result *r;
	struct ledger_client *client;
	struct entry common;
	char vetting[65]; /* names this vetting in all its entries: the digest of its report */
	struct arena *arena;
	struct slice *pending; /* entries that are not sent yet */
	size_t n, room, bytes;
	uint64_t first, last;
	bool any;
	struct err *err;
};

static int send_pending(struct writing *w)
{
	uint64_t at;
	if (w->n == 0)
		return 0;
	int r = ledger_client_append(w->client, w->pending, w->n, &at, w->err);
	if (r < 0)
		return r;
	w->first = w->any ? w->first : at;
	w->last = at + w->n - 1;
	w->any = true;
	w->n = w->bytes = 0;
	return 0;
}

static int put(struct writing *w, const struct entry *e)
{
	_cleanup_buf_ struct buf text = BUF(1 << 17);
	int r = entry_write(e, &text, w->err);
	if (r == 0 && (w->n == w->room || w->bytes + text.n + 2 > ledger_client_room()))
		r = send_pending(w);
	if (r < 0)
		return r;
	w->pending[w->n] = arena_copy(w->arena, buf_slice(&text));
	if (!w->pending[w->n].p)
		return err_set(w->err, -ENOMEM, "no memory for the entries of the ledger");
	w->bytes += w->pending[w->n++].n + 2;
	return 0;
}

static int put_trial(struct writing *w, const struct vet_trial_row *t)
{
	_cleanup_buf_ struct buf about = BUF(8192), message = BUF(4096), process = BUF(4096);
	struct entry e = w->common;
	buf_fmt(&message, "trial %s of a vetting: %s, %s, %s", t->id, t->base, t->varied, t->end);
	buf_str_add(&process, "{\"process\":{");
	entry_put_text(&process, "name", slice_str(w->r->subject_entry ? w->r->subject_entry : w->r->subject_name));
	buf_str_add(&process, "}}");
	buf_str_add(&about, "{\"postern\":{\"vet\":{");
	entry_put_text(&about, "vetting", slice_str(w->vetting));
	entry_put_text(&about, "trial", slice_str(t->id));
	entry_put_text(&about, "base", slice_str(t->base));
	entry_put_text(&about, "varied", slice_str(t->varied));
	entry_put_text(&about, "end", slice_str(t->end));
	buf_fmt(&about, ",\"messages\":%u,\"seconds\":%.3f}}}", t->messages, t->wall_s);
	e.class_uid = ENTRY_PROCESS_ACTIVITY;
	e.activity_id = 1;
	e.message = buf_slice(&message);
	e.members = buf_slice(&process);
	e.unmapped = buf_slice(&about);
	return put(w, &e);
}

static int put_finding(struct writing *w, const struct vet_finding *f)
{
	_cleanup_buf_ struct buf about = BUF(16384), message = BUF(8192), uid = BUF(1024);
	struct entry e = w->common;
	buf_fmt(&message, "covert: what goes to %.200s depends on %s. %.1000s", f->endpoint, f->factor, f->explanation);
	buf_fmt(&uid, "%s/%s/%.200s", w->vetting, f->factor, f->address);
	buf_str_add(&about, "{\"postern\":{\"vet\":{");
	entry_put_text(&about, "vetting", slice_str(w->vetting));
	entry_put_text(&about, "class", slice_str(leak_class_name(f->class)));
	entry_put_text(&about, "factor", slice_str(f->factor));
	entry_put_text(&about, "endpoint", slice_str(f->endpoint));
	entry_put_text(&about, "address", slice_str(f->address));
	entry_put_text(&about, "before", slice_str(f->before));
	entry_put_text(&about, "after", slice_str(f->after));
	buf_str_add(&about, "}}}");
	e.class_uid = ENTRY_DETECTION_FINDING;
	e.activity_id = 1;
	e.severity = ENTRY_HIGH;
	e.finding_uid = buf_slice(&uid);
	e.finding_title = SLICE("covert channel");
	e.message = buf_slice(&message);
	e.unmapped = buf_slice(&about);
	return put(w, &e);
}

static int put_verdict(struct writing *w)
{
	const struct vet_result *r = w->r;
	_cleanup_buf_ struct buf about = BUF(8192), message = BUF(4096);
	struct entry e = w->common;
	unsigned n[CLASS_END] = {0};
	for (size_t i = 0; i < r->n_findings; i++)
		n[r->findings[i].class]++;
	buf_fmt(&message, "vetted: %s, %u covert, %u hashed, %u undeclared, %u disclosed, %u trials%s%.400s", verdict_name(r->verdict),
	        n[CLASS_COVERT], n[CLASS_HASHED], n[CLASS_UNDECLARED], n[CLASS_DISCLOSED], r->trials, r->reason ? "; " : "",
	        r->reason ? r->reason : "");
	buf_str_add(&about, "{\"postern\":{\"vet\":{");
	entry_put_text(&about, "vetting", slice_str(w->vetting));
	entry_put_text(&about, "verdict", slice_str(verdict_name(r->verdict)));
	entry_put_text(&about, "report_sha256", slice_str(w->vetting));
	entry_put_text(&about, "profile", slice_str(r->profile));
	entry_put_text(&about, "effort", slice_str(r->effort));
	char seed[24];
	(void)snprintf(seed, sizeof(seed), "%llu", (unsigned long long)r->seed); /* more than a JSON number holds */
	entry_put_text(&about, "seed", slice_str(seed));
	buf_fmt(&about, ",\"trials\":%u,\"failed\":%u,\"seconds\":%.3f}}}", r->trials, r->trials_failed, r->seconds);
	e.class_uid = ENTRY_POSTURE_FINDING;
	e.activity_id = 1;
	e.severity = r->verdict == VERDICT_CLEAN ? ENTRY_INFORMATIONAL : r->verdict == VERDICT_FINDINGS ? ENTRY_HIGH : ENTRY_MEDIUM;
	e.finding_uid = slice_str(w->vetting);
	e.finding_title = SLICE("vetting of an AI coding tool");
	e.message = buf_slice(&message);
	e.unmapped = buf_slice(&about);
	return put(w, &e);
}

int vet_ledger_write(
        const char *path, const struct vet_result *r, struct slice report_json, uint64_t *first, uint64_t *last, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)256 << 20);
	_cleanup_buf_ struct buf checkpoint = BUF(1 << 20);
	struct writing w = {.r = r, .err = err, .arena = &arena, .room = 1024};
	if (!(w.pending = arena_array(&arena, w.room, sizeof(*w.pending))))
		return err_set(err, -ENOMEM, "no memory for the entries of the ledger");
	char host[256] = "";
	const struct passwd *person = getpwuid(geteuid());
	struct timespec now;
	(void)gethostname(host, sizeof(host) - 1);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	digest_sha256_hex(report_json, w.vetting);
	w.common = (struct entry){
	        .time = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
	        .severity = ENTRY_INFORMATIONAL,
	        .host = slice_str(host),
	        .person = slice_str(person ? person->pw_name : ""),
	        .tool_name = slice_str(r->subject_name),
	        .tool_version = slice_str(r->subject_version),
	        .tool_sha256 = slice_str(r->subject_sha256),
	        .confinement = slice_str(r->confinement),
	};
	int e = ledger_home_open(path, host[0] ? host : "localhost", &arena, &w.client, err);
	if (e < 0)
		return e;
	for (size_t i = 0; i < r->n_rows && e == 0; i++)
		e = put_trial(&w, &r->rows[i]);
	for (size_t i = 0; i < r->n_findings && e == 0; i++)
		e = r->findings[i].class == CLASS_COVERT ? put_finding(&w, &r->findings[i]) : 0;
	e = e < 0 ? e : put_verdict(&w);
	e = e < 0 ? e : send_pending(&w);
	/* Readers go by the checkpoint: they must find this at once. */
	e = e < 0 ? e : ledger_client_checkpoint(w.client, &checkpoint, err);
	ledger_client_free(w.client);
	if (e < 0)
		return e;
	*first = w.first;
	*last = w.last;
	return 0;
}
