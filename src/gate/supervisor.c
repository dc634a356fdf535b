#include "gate/supervisor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "crypto/digest.h"
#include "gate/connect.h"
#include "gate/keep.h"
#include "gate/link.h"
#include "gate/quota.h"
#include "gate/record.h"
#include "inspect/dlp.h"
#include "ledger/blob.h"
#include "ledger/client.h"
#include "policy/policy.h"
#include "sys/loop.h"

#define SLOTS     4096u
#define LINK_WAIT ((size_t)8 << 20)

enum asked_state { ASKED_PERSON, ASKED_LEDGER, ASKED_ALLOWED, ASKED_DENIED };

/* What the gate has asked about, until it says that it is over. */
struct asked {
	struct asked *next;
	uint64_t id;
	enum asked_state state;
	bool allow, local, unknown, counted;
	char what[16], host[256];
	uint16_t port;
	char method[16];
	char *target;
	uint64_t bytes, most; /* most: of what follows the head of a call that streams */
	int body;             /* for the record, first the request's, then the reply's; -1: none */
	char sha256[65];
	char *rule, *set, *swap, *said;
	bool steers;          /* a field of it may make it one of another method or path */
	char *ai;             /* facts about model traffic */
	char *found, *redact; /* JSON of what was found in it; numbers of hits */
	char *why;            /* of what was found: the reason in full */
	const char *reason;
};

struct then {
	struct then *next;
	uint64_t ticket;
	void (*fn)(void *arg, int error);
	void *arg;
};

struct supervisor {
	struct loop *loop;
	struct supervisor_options o;
	int link;
	struct source *source;
	bool wants_out, broken;
	struct buf in;
	struct link_queue out;
	struct record *record;
	struct connector *connector;
	struct asked *slot[SLOTS];
	unsigned n_asked;
	struct then *then;
	uint64_t last_ticket;
	struct supervisor_counts counts;
	struct quota quota;
	enum policy_bodies bodies;
	bool looks_into; /* messages of WebSockets are asked about, one by one */
};

/* Tickets of the ledger: an even one is twice the id of what was asked, an odd one is of supervisor_record(). */
static uint64_t ticket_of(const struct asked *a)
{
	return a->id * 2;
}

static void broken(struct supervisor *s, const char *why)
{
	if (s->broken)
		return;
	s->broken = true;
	if (s->o.failed)
		s->o.failed(s->o.arg, why);
}

static bool is_message(const struct asked *a)
{
	return strcmp(a->what, "message") == 0 || strcmp(a->what, "stream message") == 0;
}

static uint64_t now_s(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec;
}

static struct asked *find(struct supervisor *s, uint64_t id)
{
	struct asked *a = s->slot[id % SLOTS];
	while (a && a->id != id)
		a = a->next;
	return a;
}

static void forget(struct supervisor *s, struct asked *a)
{
	for (struct asked **p = &s->slot[a->id % SLOTS]; *p; p = &(*p)->next)
		if (*p == a) {
			*p = a->next;
			break;
		}
	s->n_asked--;
	if (a->counted)
		quota_end(&s->quota, is_message(a), 0);
	fd_closep(&a->body);
	free(a->target);
	free(a->rule);
	free(a->said);
	free(a->ai);
	free(a->found);
	free(a->redact);
	free(a->why);
	free(a->set);
	if (a->swap)
		explicit_bzero(a->swap, strlen(a->swap));
	free(a->swap);
	free(a);
}

/* Whether the gate has room again is asked only while something waits for it. */
static void watch(struct supervisor *s)
{
	bool wants = link_queue_waits(&s->out);
	if (wants != s->wants_out && s->source && loop_change(s->source, EPOLLIN | (wants ? EPOLLOUT : 0u)) == 0)
		s->wants_out = wants;
}

/* fd, if any, is given away. */
static void send_message(struct supervisor *s, const struct buf *m, int fd)
{
	if (link_queue_send(&s->out, m, fd) < 0)
		broken(s, "the gate does not take its answers");
	watch(s);
}

static void flush(struct supervisor *s)
{
	if (link_queue_flush(&s->out) < 0)
		broken(s, "the gate has gone");
	watch(s);
}

/* ── entries ── */

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void member(struct buf *b, const char *name, struct slice text)
{
	if (text.n)
		entry_put_text(b, name, text);
}

/* The path without its query, which may hold what must not be in a log. */
static struct slice path_of(const char *target)
{
	struct slice t = slice_str(target);
	return slice_sub(t, 0, slice_chr(t, '?', 0));
}

static unsigned http_activity(const char *method)
{
	static const char *const names[] = {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT", "TRACE", "PATCH"};
	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(method, names[i]) == 0)
			return i + 1;
	return 99;
}

/* Facts of gate/dialogue.h as a member "ai": counts and names by their word, calls and results as lists. */
static void put_ai(struct slice facts, bool digests, struct buf *out)
{
	_cleanup_buf_ struct buf words = BUF(4096), calls = BUF(12288), results = BUF(12288);
	struct slice line, word, one, bytes, digest;
	while (slice_split(&facts, '\n', &line)) {
		if (!slice_split(&line, '\t', &word) || !slice_split(&line, '\t', &one))
			continue;
		bool call = slice_is(word, "call");
		if (call || slice_is(word, "result")) {
			struct buf *list = call ? &calls : &results;
			bytes = one;
			if ((call && !slice_split(&line, '\t', &bytes)) || !slice_split(&line, '\t', &digest) || list->n > 8192)
				continue;
			buf_str_add(list, list->n ? ",{" : "{");
			if (call)
				member(list, "name", one);
			if (digests)
				member(list, "sha256", digest);
			member(list, "bytes", bytes);
			buf_u8(list, '}');
		} else if (slice_is(word, "tokens")) {
			member(&words, "tokens_in", one);
			if (slice_split(&line, '\t', &one))
				member(&words, "tokens_out", one);
		} else if (slice_is(word, "dialect") || slice_is(word, "model") || slice_is(word, "messages") || slice_is(word, "tools") ||
		           slice_is(word, "text")) {
			char name[16];
			(void)snprintf(name, sizeof(name), "%.*s", SLICE_FMT(word));
			member(&words, name, one);
		}
	}
	if (!words.n && !calls.n && !results.n)
		return;
	buf_fmt(out, ",\"ai\":{%s", buf_str(&words));
	if (calls.n)
		buf_fmt(out, "%s\"calls\":[%s]", words.n ? "," : "", buf_str(&calls));
	if (results.n)
		buf_fmt(out, "%s\"results\":[%s]", words.n || calls.n ? "," : "", buf_str(&results));
	buf_u8(out, '}');
}

/* The name of the body, which is known when it is on disk. */
static void put_body(const struct asked *a, struct buf *out)
{
	struct stat st;
	if (a->body < 0 || fstat(a->body, &st) < 0)
		return;
	const struct blob_ref ref = {
	        .id = RECORD_NO_ID, .size = (uint64_t)st.st_size, .media_type = a->ai ? SLICE("application/json") : SLICE_NONE};
	buf_str_add(out, "\"blobs\":[");
	blob_ref_write(&ref, out);
	buf_str_add(out, "],");
}

/* Of a path that does not fit whole what tells it from all others that begin like it. */
static void put_long_path(struct slice path, struct buf *out)
{
	char digest[65];
	if (path.n <= ENTRY_TEXT_MAX)
		return;
	digest_sha256_hex(path, digest);
	buf_fmt(out, ",\"path_bytes\":%zu,\"path_sha256\":\"%s\"", path.n, digest);
}

/* end: how it ended; NULL: the decision. */
static int entry_of(struct supervisor *s, const struct asked *a, const struct link_message *end, struct buf *out, struct err *err)
{
	/* Room for all that was found and all that a tool was given back; entry_write() holds the whole to its own limit. */
	_cleanup_buf_ struct buf members = BUF(8192), unmapped = BUF(1 << 16), message = BUF(4096);
	struct entry e = s->o.common;
	bool http = a->method[0] != 0;
	/* Where bodies can be erased, no digest may tell of them afterwards. */
	bool digests = s->bodies == POLICY_BODIES_DIGEST;
	e.time = now_ms();
	e.class_uid = http ? ENTRY_HTTP_ACTIVITY : ENTRY_NETWORK_ACTIVITY;
	e.activity_id = http ? http_activity(a->method) : end ? 2 : a->allow ? 1 : 5;
	e.verdict = end ? ENTRY_NO_VERDICT : !a->allow ? ENTRY_DENY : a->redact ? ENTRY_REWRITE : ENTRY_ALLOW;
	e.severity = end ? ENTRY_INFORMATIONAL : a->why ? ENTRY_HIGH : a->allow ? ENTRY_INFORMATIONAL : ENTRY_MEDIUM;
	buf_str_add(&members, "{\"dst_endpoint\":{");
	member(&members, "hostname", slice_str(a->host));
	buf_fmt(&members, ",\"port\":%u}", a->port);
	if (http) {
		buf_str_add(&members, ",\"http_request\":{");
		member(&members, "http_method", slice_str(a->method));
		buf_fmt(&members, ",\"length\":%llu,\"url\":{", (unsigned long long)a->bytes);
		member(&members, "hostname", slice_str(a->host));
		member(&members, "path", path_of(a->target));
		buf_fmt(&members, ",\"port\":%u}}", a->port);
	}
	buf_u8(&unmapped, '{');
	put_body(a, &unmapped);
	buf_fmt(&unmapped, "\"postern\":{\"gate\":{\"id\":%llu", (unsigned long long)a->id);
	member(&unmapped, "run", slice_str(s->o.run));
	member(&unmapped, "what", slice_str(a->what));
	if (http)
		put_long_path(path_of(a->target), &unmapped);
	if (!end) {
		member(&unmapped, "rule", slice_str(a->rule));
		member(&unmapped, "reason", slice_str(a->reason));
		if (digests)
			member(&unmapped, "body_sha256", slice_str(a->sha256));
		if (s->bodies == POLICY_BODIES_KEEP && a->bytes && http && a->body < 0)
			member(&unmapped, "body", SLICE("not kept: it holds what cannot be taken out of it, or there was no memory"));
		put_ai(slice_str(a->ai), digests, &unmapped);
		if (a->found)
			buf_fmt(&unmapped, ",\"found\":%s", a->found);
		buf_fmt(&message, "%s ", a->allow ? "allowed" : "denied");
		/* What is no UTF-8, be it that it was cut, cannot be in an entry, and would keep it off the record. */
		encode_shown(&message, slice_str(http && !is_message(a) ? a->method : a->what));
		buf_u8(&message, ' ');
		encode_shown(&message, slice_str(a->host));
		encode_shown(&message, slice_sub(http ? path_of(a->target) : SLICE_NONE, 0, 300));
		buf_fmt(&message, ", %llu bytes: ", (unsigned long long)a->bytes);
		encode_shown(&message, slice_sub(slice_str(a->why ? a->why : a->rule && a->rule[0] ? a->rule : a->reason), 0, 300));
	} else {
		uint64_t sent = link_u64(end, LINK_SENT, 0), received = link_u64(end, LINK_RECEIVED, 0);
		uint64_t status = link_u64(end, LINK_STATUS, 0), ms = link_u64(end, LINK_MS, 0);
		buf_fmt(&unmapped, ",\"sent\":%llu,\"received\":%llu,\"ms\":%llu", (unsigned long long)sent, (unsigned long long)received,
		        (unsigned long long)ms);
		member(&unmapped, "reason", end->field[LINK_REASON]);
		/* What left in place of what the decision is about. */
		if (end->field[LINK_SIZE].n)
			buf_fmt(&unmapped, ",\"rewritten_bytes\":%llu", (unsigned long long)link_u64(end, LINK_SIZE, 0));
		if (digests)
			member(&unmapped, "rewritten_sha256", slice_sub(end->field[LINK_SHA256], 0, 64));
		put_ai(end->field[LINK_AI], digests, &unmapped);
		if (http)
			buf_fmt(&members, ",\"http_response\":{\"code\":%llu,\"length\":%llu}", (unsigned long long)status,
			        (unsigned long long)received);
		buf_fmt(&message, "%s %s: %llu, %llu bytes sent, %llu received, %llu ms", http ? "answered by" : "closed", a->host,
		        (unsigned long long)status, (unsigned long long)sent, (unsigned long long)received, (unsigned long long)ms);
	}
	buf_str_add(&unmapped, "}}}");
	buf_str_add(&members, "}");
	e.members = buf_slice(&members);
	e.unmapped = buf_slice(&unmapped);
	e.message = buf_slice(&message);
	return entry_write(&e, out, err);
}

int supervisor_record(struct supervisor *s, const struct entry *e, void (*then)(void *arg, int error), void *arg, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(1 << 17);
	struct entry with_time = *e;
	if (with_time.time == 0)
		with_time.time = now_ms();
	int r = entry_write(&with_time, &text, err);
	if (r < 0)
		return r;
	if (!s->record) {
		if (then)
			then(arg, 0);
		return 0;
	}
	struct then *t = then ? malloc(sizeof(*t)) : NULL;
	if (then && !t)
		return err_set(err, -ENOMEM, "out of memory");
	uint64_t ticket = then ? ++s->last_ticket * 2 - 1 : 0;
	r = record_add(s->record, buf_slice(&text), ticket, -1);
	if (r < 0) {
		const char *why = record_trouble(s->record);
		free(t);
		return why ? err_set(err, r, "%s", why) : err_sys(err, r, "the ledger cannot take an entry");
	}
	if (t) {
		*t = (struct then){.next = s->then, .ticket = ticket, .fn = then, .arg = arg};
		s->then = t;
	}
	return 0;
}

/* ── decisions ── */

static void answer(struct supervisor *s, struct asked *a)
{
	_cleanup_buf_ struct buf m = BUF(LINK_MAX);
	a->state = a->allow ? ASKED_ALLOWED : ASKED_DENIED;
	link_begin(&m, LINK_VERDICT);
	link_put_u64(&m, LINK_ID, a->id);
	link_put(&m, LINK_RESULT, slice_str(a->allow ? "allow" : "deny"));
	link_put(&m, LINK_RULE, slice_str(a->rule));
	link_put(&m, LINK_REASON, slice_str(a->reason));
	if (a->set)
		link_put(&m, LINK_SET, slice_str(a->set));
	if (a->redact && a->allow)
		link_put(&m, LINK_REDACT, slice_str(a->redact));
	if (a->swap && a->allow)
		link_put(&m, LINK_SWAP, slice_str(a->swap));
	/* Of bytes that nobody asks about one by one, and of a whole call of which each message is asked about. */
	if (a->allow && strcmp(a->what, "stream") == 0)
		link_put_u64(&m, LINK_SIZE, a->most);
	else if (a->allow && quota_left(&s->quota) != UINT64_MAX)
		link_put_u64(&m, LINK_SIZE, quota_left(&s->quota));
	send_message(s, &m, -1);
}

static char *text_of(struct slice s)
{
	char *p = malloc(s.n + 1);
	if (p) {
		if (s.n)
			memcpy(p, s.p, s.n);
		p[s.n] = 0;
		/* A NUL of the tool's would end it early and hide the rest. */
		for (size_t i = 0; i < s.n; i++)
			p[i] = p[i] ? p[i] : '?';
	}
	return p;
}

/* What is allowed counts, and what would be too much is not. */
static void count(struct supervisor *s, struct asked *a)
{
	const char *limit = quota_refuses(&s->quota, a->bytes, is_message(a), now_s(), &a->reason);
	s->looks_into |= strcmp(a->what, "message") == 0;
	if (!limit) {
		quota_begin(&s->quota, a->bytes, is_message(a), now_s());
		a->counted = true;
		return;
	}
	_cleanup_buf_ struct buf rule = BUF(100);
	buf_fmt(&rule, "limits: %s", limit);
	free(a->rule);
	a->rule = text_of(buf_slice(&rule));
	a->allow = a->unknown = false;
}

static void tell(struct supervisor *s, const struct asked *a, bool over)
{
	const struct supervisor_event e = {.what = a->what,
	        .host = a->host,
	        .port = a->port,
	        .method = slice_str(a->method),
	        .target = slice_str(a->target),
	        .bytes = a->bytes,
	        .allowed = a->allow,
	        .unknown = !a->allow && a->unknown,
	        .message = is_message(a),
	        .over = over,
	        .rule = a->rule,
	        .reason = a->reason};
	if (s->o.decided)
		s->o.decided(s->o.arg, &e);
}

/* The decision stands: on record, and then to the gate. */
static void settle(struct supervisor *s, struct asked *a)
{
	_cleanup_buf_ struct buf text = BUF(1 << 17);
	struct err err = {0};
	if (a->allow)
		count(s, a);
	tell(s, a, false);
	*(a->allow ? &s->counts.allowed : &s->counts.denied) += 1;
	a->state = ASKED_LEDGER;
	if (!s->record) {
		answer(s, a);
		return;
	}
	int r = entry_of(s, a, NULL, &text, &err);
	r = r < 0 ? r : record_add(s->record, buf_slice(&text), ticket_of(a), TAKE_FD(a->body));
	if (r < 0) {
		a->allow = false;
		a->reason = "it cannot be put on record, and nothing passes that is not";
		answer(s, a);
	}
}

static void on_recorded(void *arg, uint64_t ticket, int error)
{
	struct supervisor *s = arg;
	if (ticket % 2 == 0) {
		struct asked *a = find(s, ticket / 2);
		if (a && a->state == ASKED_LEDGER) {
			if (error < 0) {
				a->allow = false;
				a->reason = "it cannot be put on record, and nothing passes that is not";
			}
			answer(s, a);
		}
	} else {
		for (struct then **p = &s->then; *p; p = &(*p)->next) {
			struct then *t = *p;
			if (t->ticket != ticket)
				continue;
			*p = t->next;
			t->fn(t->arg, error);
			free(t);
			break;
		}
	}
	if (error < 0)
		broken(s, record_trouble(s->record));
}

void supervisor_answer(struct supervisor *s, uint64_t id, bool allow, const char *how)
{
	struct asked *a = find(s, id);
	if (!a || a->state != ASKED_PERSON)
		return;
	a->allow = allow;
	a->reason = how;
	a->unknown = false;
	free(a->rule);
	a->rule = text_of(slice_str(how));
	if (!a->rule)
		a->allow = false;
	settle(s, a);
}

/* What the policy says of a key now. */
static const struct policy_credential *credential_now(const struct supervisor *s, const char *name)
{
	const struct policy_settings *set = policy_settings(s->o.policy);
	for (size_t i = 0; i < set->n_credentials; i++)
		if (strcmp(set->credential[i].name, name) == 0)
			return &set->credential[i];
	return NULL;
}

/* The keys that this request may carry. */
static void credentials(struct supervisor *s, struct asked *a, const struct policy_request *r)
{
	_cleanup_buf_ struct buf b = BUF(LINK_MAX / 2);
	for (size_t i = 0; i < s->o.n_credentials; i++) {
		const struct supervisor_credential *c = &s->o.credential[i];
		const struct policy_credential *now = credential_now(s, c->c->name);
		if (!now)
			continue;
		struct policy_decision d = policy_credential(s->o.policy, now, r, slice_str(now->header));
		if (d.verdict == POLICY_ALLOW || d.verdict == POLICY_LOG)
			buf_fmt(&b, "%s\t%s\t%s\n", now->header, c->placeholder, c->key);
	}
	a->swap = b.n && !buf_error(&b) ? text_of(buf_slice(&b)) : NULL;
	if (b.p)
		explicit_bzero(b.p, b.cap);
}

/* What the policy says of a, which is filled but for that. Returns the verdict. *seen: a TLS stream that is to be intercepted. */
static enum policy_verdict judge(struct supervisor *s, struct asked *a, bool tls, bool *seen)
{
	struct policy_network n;
	const struct policy_request r = {
	        .host = slice_str(a->host),
	        .port = a->port,
	        .tls = tls,
	        .websocket = strcmp(a->what, "websocket") == 0 || strcmp(a->what, "message") == 0,
	        .method = slice_str(a->method),
	        .target = slice_str(a->target),
	        .bytes = a->bytes,
	        .steers = a->steers,
	};
	char host[256];
	if (!policy_host(slice_str(a->host), host) || strcmp(host, a->host) != 0) {
		a->reason = "this is no name of a host";
		return POLICY_DENY;
	}
	policy_network(s->o.policy, &r, &n);
	if (!a->method[0] && strcmp(a->what, "tls") == 0 && (!n.opaque || n.decision.verdict == POLICY_DENY)) {
		*seen = true;
		return POLICY_DENY;
	}
	a->local = n.private;
	a->unknown = n.decision.unknown;
	a->reason = n.decision.why;
	_cleanup_buf_ struct buf rule = BUF(2048), set = BUF(LINK_MAX / 2);
	policy_decision_write(&rule, &n.decision);
	free(a->rule);
	a->rule = text_of(buf_slice(&rule));
	for (size_t i = 0; i < n.n_headers; i++)
		buf_fmt(&set, "%s: %s\n", n.header[i]->name, n.header[i]->value);
	a->set = set.n ? text_of(buf_slice(&set)) : NULL;
	if (!a->rule || (set.n && !a->set))
		return POLICY_DENY;
	if (n.decision.verdict == POLICY_DENY)
		return POLICY_DENY;
	if (!a->method[0] && !n.opaque) {
		a->reason = "bytes that cannot be looked into pass only where a rule says opaque";
		return POLICY_DENY;
	}
	if (r.websocket && !n.websocket) {
		a->reason = "the rule does not permit WebSocket";
		return POLICY_DENY;
	}
	/* Of a call whose messages follow the gate counts them. */
	a->most = n.max_bytes < s->quota.most_request ? n.max_bytes : s->quota.most_request;
	if (a->bytes > n.max_bytes) {
		a->reason = "the request is larger than the rule permits";
		return POLICY_DENY;
	}
	if (a->method[0])
		credentials(s, a, &r);
	return n.decision.verdict;
}

/* Does a file of that name, as an index of fingerprints has it, bear a label? */
static const struct policy_label *label_of(const struct policy_settings *set, struct slice name)
{
	for (size_t i = 0; i < set->n_labels; i++) {
		const struct policy_label *l = &set->label[i];
		for (const char *const *p = l->paths; *p; p++) {
			struct slice path = slice_str(*p);
			size_t slash = path.n;
			while (slash && path.p[slash - 1] != '/')
				slash--;
			_cleanup_buf_ struct buf whole = BUF(8192);
			buf_add(&whole, slice_sub(path, 0, slash));
			buf_add(&whole, name);
			if (policy_label_path(l, buf_slice(&whole)) || policy_label_path(l, name) || slice_ends(path, name))
				return l;
		}
	}
	return NULL;
}

static enum policy_dlp_verdict judge_hit(const struct policy_settings *set, const struct asked *a, const struct link_hit *h)
{
	const struct policy_dlp *d = &set->dlp;
	enum policy_dlp_verdict v;
	switch (h->class) {
	case DLP_CANARY:
		v = d->class[POLICY_DLP_CANARIES].verdict;
		break;
	case DLP_FINGERPRINT: {
		const struct policy_label *l = label_of(set, h->what);
		if (l)
			v = policy_label_host(l, slice_str(a->host)) ? POLICY_DLP_LOG : l->verdict;
		else
			v = d->class[POLICY_DLP_FINGERPRINTS].verdict;
		break;
	}
	case LINK_PATTERN:
		v = POLICY_DLP_BLOCK;
		for (size_t i = 0; i < d->n_patterns; i++)
			if (slice_starts(slice_str(d->pattern[i].name), h->rule))
				v = d->pattern[i].verdict;
		break;
	case DLP_GENERIC:
		v = d->class[POLICY_DLP_ENTROPY].verdict;
		break;
	default:
		v = d->class[POLICY_DLP_SECRETS].verdict;
	}
	for (size_t i = 0; i < d->n_kinds; i++)
		if (slice_is(h->rule, d->kind[i].name))
			v = d->kind[i].verdict;
	/* What cannot be replaced must not leave. */
	return v == POLICY_DLP_REDACT && (h->cut || h->place) ? POLICY_DLP_BLOCK : v;
}

/* What was found in it. Returns the strictest verdict. */
static enum policy_dlp_verdict judge_hits(struct supervisor *s, struct asked *a, struct slice lines)
{
	const struct policy_settings *set = policy_settings(s->o.policy);
	_cleanup_buf_ struct buf found = BUF(24576), redact = BUF(4096), why = BUF(2048);
	enum policy_dlp_verdict worst = POLICY_DLP_OFF;
	struct link_hit h;
	for (unsigned i = 0; link_hit_next(&lines, &h); i++) {
		enum policy_dlp_verdict v = judge_hit(set, a, &h);
		if (v == POLICY_DLP_OFF)
			continue;
		if (v == POLICY_DLP_REDACT)
			buf_fmt(&redact, "%s%u", redact.n ? "," : "", i);
		if (found.n < 16384) {
			buf_str_add(&found, found.n ? ",{" : "[{");
			member(&found, "rule", h.rule);
			member(&found, "what", h.what);
			member(&found, "read_as", h.chain);
			member(&found, "sample", h.sample);
			member(&found, "verdict", slice_str(policy_dlp_verdict_name(v)));
			buf_fmt(&found, ",\"confidence\":%u}", h.confidence);
		}
		if (v > worst || !why.n) {
			buf_reset(&why);
			buf_fmt(&why, "it holds: %.*s", SLICE_FMT(h.what));
			if (h.chain.n)
				buf_fmt(&why, " (as %.*s)", SLICE_FMT(h.chain));
			buf_fmt(&why, ", %.*s", SLICE_FMT(h.sample));
		}
		worst = v > worst ? v : worst;
	}
	if (found.n) {
		buf_u8(&found, ']');
		a->found = text_of(buf_slice(&found));
		a->why = text_of(buf_slice(&why));
		a->redact = redact.n ? text_of(buf_slice(&redact)) : NULL;
		/* Without memory nothing that was found may pass. */
		if (!a->found || !a->why || (redact.n && !a->redact) || buf_error(&redact))
			return POLICY_DLP_BLOCK;
	}
	return worst;
}

static void question(struct supervisor *s, struct asked *a)
{
	_cleanup_buf_ struct buf q = BUF(4096);
	a->state = ASKED_PERSON;
	if (!s->o.ask) {
		a->allow = false;
		a->reason = "it is to be asked about, and there is nobody to ask";
		settle(s, a);
		return;
	}
	buf_fmt(&q, "%s%s%s:%u%.200s", a->method[0] ? a->method : a->what, " to ", a->host, a->port, a->target ? a->target : "");
	if (a->why)
		buf_fmt(&q, "; %.400s", a->why);
	if (a->bytes)
		buf_fmt(&q, ", %llu bytes", (unsigned long long)a->bytes);
	_cleanup_buf_ struct buf key = BUF(300);
	buf_fmt(&key, "%s:%u", a->host, a->port);
	s->o.ask(s->o.arg, a->id, buf_str(&key), buf_str(&q));
}

/* What the gate says of a flow, kept until that is over. NULL: broken. */
static struct asked *take(struct supervisor *s, const struct link_message *m)
{
	struct asked *a = calloc(1, sizeof(*a));
	uint64_t id = link_u64(m, LINK_ID, 0), port = link_u64(m, LINK_PORT, 0);
	if (!a || id == 0 || id > UINT64_MAX / 4 || port > 65535 || find(s, id) || s->n_asked >= 16384) {
		free(a);
		broken(s, "the gate asks what cannot be answered");
		return NULL;
	}
	a->id = id;
	a->body = -1;
	a->port = (uint16_t)port;
	a->bytes = link_u64(m, LINK_SIZE, 0);
	(void)snprintf(a->what, sizeof(a->what), "%.*s", SLICE_FMT(m->field[LINK_WHAT]));
	(void)snprintf(a->host, sizeof(a->host), "%.*s", SLICE_FMT(m->field[LINK_HOST]));
	(void)snprintf(a->sha256, sizeof(a->sha256), "%.*s", SLICE_FMT(m->field[LINK_SHA256]));
	(void)snprintf(a->method, sizeof(a->method), "%.*s", SLICE_FMT(m->field[LINK_METHOD]));
	a->target = text_of(m->field[LINK_TARGET]);
	a->rule = text_of(m->field[LINK_RULE]);
	a->steers = m->field[LINK_STEERS].n > 0;
	a->ai = m->field[LINK_AI].p ? text_of(m->field[LINK_AI]) : NULL;
	a->next = s->slot[id % SLOTS];
	s->slot[id % SLOTS] = a;
	s->n_asked++;
	if (a->target && a->rule)
		return a;
	broken(s, "out of memory");
	return NULL;
}

/* fd: of the body, or -1; given away. */
static void take_body(struct supervisor *s, struct asked *a, int fd)
{
	fd_closep(&a->body);
	a->body = fd;
	if (fd >= 0 && (s->bodies != POLICY_BODIES_KEEP || !keep_seal(fd)))
		broken(s, "the gate hands over what is no body");
}

static void on_ask(struct supervisor *s, const struct link_message *m, int fd)
{
	struct asked *a = take(s, m);
	if (!a) {
		fd_closep(&fd);
		return;
	}
	take_body(s, a, fd);
	if (m->field[LINK_METHOD].n >= sizeof(a->method)) {
		a->reason = "the request cannot be understood";
		settle(s, a);
		return;
	}
	bool tls = slice_is(m->field[LINK_SCHEME], "https") || strcmp(a->what, "tls") == 0, seen = false;
	enum policy_verdict v = judge(s, a, tls, &seen);
	if (seen) {
		/* The requests in it are asked about one by one; a denied one gets words there that TLS has not. */
		_cleanup_buf_ struct buf reply = BUF(LINK_MAX);
		link_begin(&reply, LINK_VERDICT);
		link_put_u64(&reply, LINK_ID, a->id);
		link_put(&reply, LINK_RESULT, SLICE("intercept"));
		a->state = ASKED_DENIED;
		send_message(s, &reply, -1);
		return;
	}
	enum policy_dlp_verdict said = v == POLICY_DENY ? POLICY_DLP_OFF : judge_hits(s, a, m->field[LINK_HITS]);
	if (said == POLICY_DLP_BLOCK) {
		v = POLICY_DENY;
		a->reason = a->why ? a->why : "out of memory";
		free(a->rule);
		a->rule = text_of(SLICE("what must not leave"));
		a->unknown = false;
	}
	if (v == POLICY_ASK || (said == POLICY_DLP_ASK && v != POLICY_DENY)) {
		question(s, a);
		return;
	}
	a->allow = v != POLICY_DENY;
	settle(s, a);
}

/* The gate has said no already; the answer that settle() sends is for nobody. */
static void on_refused(struct supervisor *s, const struct link_message *m)
{
	struct asked *a = take(s, m);
	if (!a)
		return;
	a->said = text_of(m->field[LINK_REASON]);
	a->reason = a->said ? a->said : "";
	settle(s, a);
}

static void connected(struct supervisor *s, uint64_t id, int fd, const char *why)
{
	_cleanup_buf_ struct buf m = BUF(LINK_MAX);
	link_begin(&m, LINK_CONNECTED);
	link_put_u64(&m, LINK_ID, id);
	if (fd < 0)
		link_put(&m, LINK_REASON, slice_sub(slice_str(why), 0, 1000));
	send_message(s, &m, fd);
}

static void on_connected(void *arg, uint64_t id, int fd, const char *where, const char *why)
{
	(void)where;
	connected(arg, id, fd, why);
}

/* A socket only to where something was allowed, and only while it is under way. */
static void on_connect(struct supervisor *s, const struct link_message *m)
{
	uint64_t id = link_u64(m, LINK_ID, 0);
	struct asked *a = find(s, id);
	if (!a || a->state != ASKED_ALLOWED || !slice_is(m->field[LINK_HOST], a->host) || link_u64(m, LINK_PORT, 0) != a->port) {
		connected(s, id, -1, "this was not allowed");
		return;
	}
	int r = connector_go(s->connector, id, a->host, a->port, a->local);
	if (r < 0)
		connected(s, id, -1, r == -ENOBUFS ? "too many connections are being made at once" : strerror(-r));
}

/* Each tool that a model asks to be called is an event of its own: what an agent does begins with it. */
static void record_calls(struct supervisor *s, const struct asked *a, struct slice facts)
{
	struct slice line, word, name, bytes, digest;
	while (slice_split(&facts, '\n', &line)) {
		if (!slice_split(&line, '\t', &word) || !slice_is(word, "call") || !slice_split(&line, '\t', &name) ||
		        !slice_split(&line, '\t', &bytes) || !slice_split(&line, '\t', &digest))
			continue;
		_cleanup_buf_ struct buf members = BUF(4096), about = BUF(4096), message = BUF(1024);
		struct entry e = s->o.common;
		e.time = now_ms();
		e.class_uid = ENTRY_API_ACTIVITY;
		e.activity_id = 1;
		buf_fmt(&message, "the model at %s asks for the tool ", a->host);
		encode_shown(&message, slice_sub(name, 0, 120));
		buf_str_add(&members, "{\"api\":{");
		member(&members, "operation", name);
		buf_str_add(&members, "},\"src_endpoint\":{");
		member(&members, "hostname", slice_str(a->host));
		buf_fmt(&members, ",\"port\":%u}}", a->port);
		buf_fmt(&about, "{\"postern\":{\"gate\":{\"id\":%llu", (unsigned long long)a->id);
		member(&about, "run", slice_str(s->o.run));
		member(&about, "what", SLICE("tool call"));
		if (s->bodies == POLICY_BODIES_DIGEST)
			member(&about, "arguments_sha256", digest);
		member(&about, "arguments_bytes", bytes);
		buf_str_add(&about, "}}}");
		e.members = buf_slice(&members);
		e.unmapped = buf_slice(&about);
		e.message = buf_slice(&message);
		if (supervisor_record(s, &e, NULL, NULL, NULL) < 0)
			return; /* who cannot be written to is noticed at the next decision */
	}
}

static void on_event(struct supervisor *s, const struct link_message *m, int fd)
{
	struct asked *a = find(s, link_u64(m, LINK_ID, 0));
	if (!a) {
		fd_closep(&fd);
		return;
	}
	take_body(s, a, fd);
	bool message = is_message(a); /* its bytes are its connection's */
	if (!message) {
		s->counts.sent += link_u64(m, LINK_SENT, 0);
		s->counts.received += link_u64(m, LINK_RECEIVED, 0);
	}
	/* Bytes that came after the answer. */
	bool unseen = !a->method[0] || (strcmp(a->what, "websocket") == 0 && !s->looks_into);
	if (a->counted && unseen) {
		uint64_t sent = link_u64(m, LINK_SENT, 0);
		quota_end(&s->quota, message, sent > a->bytes ? sent - a->bytes : 0);
		a->counted = false;
	}
	if (a->state == ASKED_ALLOWED && strcmp(a->what, "stream") == 0) {
		a->bytes = link_u64(m, LINK_SENT, 0);
		tell(s, a, true);
	}
	if (s->record && m->field[LINK_AI].p)
		record_calls(s, a, m->field[LINK_AI]);
	if (s->record && a->state == ASKED_ALLOWED && !message) {
		_cleanup_buf_ struct buf text = BUF(1 << 17);
		int r = entry_of(s, a, m, &text, NULL);
		r = r < 0 ? r : record_add(s->record, buf_slice(&text), 0, TAKE_FD(a->body));
		if (r < 0 && r != -ENOBUFS)
			broken(s, record_trouble(s->record) ? record_trouble(s->record) : "the ledger cannot take an entry");
	}
	connector_forget(s->connector, a->id);
	forget(s, a);
}

static void on_link(void *arg, uint32_t events)
{
	struct supervisor *s = arg;
	if (events & EPOLLOUT)
		flush(s);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	for (int i = 0; i < 64 && !s->broken; i++) {
		struct link_message m;
		int fd, r = link_receive(s->link, &s->in, &fd);
		if (r == -EAGAIN)
			return;
		if (r == 0)
			r = link_parse(buf_slice(&s->in), &m);
		if (r < 0 || (fd >= 0 && m.kind != LINK_ASK && m.kind != LINK_EVENT)) {
			fd_closep(&fd);
			loop_remove(s->source);
			s->source = NULL;
			broken(s, r == -EPIPE ? "the gate has gone" : "the gate says what is no message");
			return;
		}
		if (m.kind == LINK_ASK)
			on_ask(s, &m, fd);
		else if (m.kind == LINK_CONNECT)
			on_connect(s, &m);
		else if (m.kind == LINK_EVENT)
			on_event(s, &m, fd);
		else if (m.kind == LINK_REFUSED)
			on_refused(s, &m);
	}
}

/* ── life ── */

int supervisor_new(struct loop *loop, int link, const struct supervisor_options *o, struct supervisor **out, struct err *err)
{
	struct supervisor *s = calloc(1, sizeof(*s));
	if (!s) {
		int folder = o->ledger_folder;
		fd_closep(&folder);
		(void)close(link);
		ledger_client_free(o->ledger);
		return err_set(err, -ENOMEM, "out of memory");
	}
	*s = (struct supervisor){.loop = loop, .o = *o, .link = link};
	quota_init(&s->quota, policy_settings(o->policy));
	s->bodies = (enum policy_bodies)policy_settings(o->policy)->ledger_bodies.value;
	s->in = BUF(LINK_MAX);
	link_queue_init(&s->out, link, LINK_WAIT);
	int r = 0;
	if (o->ledger)
		r = record_new(loop, o->ledger, o->ledger_folder, on_recorded, s, &s->record, err);
	if (r == 0 && (r = connector_new(loop, on_connected, s, &s->connector)) < 0)
		r = err_sys(err, r, "connections cannot be made");
	if (r == 0 && (r = loop_add(loop, link, EPOLLIN, on_link, s, &s->source)) < 0)
		r = err_sys(err, r, "the gate's link cannot be watched");
	if (r < 0) {
		(void)supervisor_close(s, NULL, NULL);
		return r;
	}
	*out = s;
	return 0;
}

void supervisor_common(struct supervisor *s, const struct entry *common)
{
	s->o.common = *common;
}

void supervisor_policy(struct supervisor *s, const struct policy *p)
{
	s->o.policy = p;
	quota_limits(&s->quota, policy_settings(p));
}

struct connector *supervisor_connector(struct supervisor *s)
{
	return s->connector;
}

int supervisor_close(struct supervisor *s, struct supervisor_counts *counts, struct err *err)
{
	int r = s->record ? record_close(s->record, NULL, &s->counts.first_entry, &s->counts.entries, err) : 0;
	connector_free(s->connector);
	loop_remove(s->source);
	link_queue_free(&s->out);
	(void)close(s->link);
	for (unsigned i = 0; i < SLOTS; i++)
		while (s->slot[i])
			forget(s, s->slot[i]);
	while (s->then) {
		struct then *t = s->then;
		s->then = t->next;
		free(t);
	}
	if (counts)
		*counts = s->counts;
	buf_free(&s->in);
	free(s);
	return r;
}
