#include "vet/oddity.h"

#include <errno.h>
#include <stdio.h>

#include "parse/jscan.h"
#include "wire/trace.h"

#define ODD_MAX  64
#define WHAT_MAX 96
#define HOST_MAX 128

/* In the order in which one explains best why a tool did not work. `words` takes a host, then a detail. */
enum kind {
	ODD_LOST,
	ODD_REFUSED,
	ODD_TLS,
	ODD_HTTP,
	ODD_JSON,
	ODD_DNS,
	ODD_RAW,
	ODD_UNUSED,
	ODD_SILENT,
	ODD_UDP,
	ODD_PACKET,
	ODD_WORLD,
	ODD_LIMIT,
	ODD_SIGNAL,
	ODD_LEFT,
	ODD_END
};

static const struct {
	const char *words;
	bool host;
} table[ODD_END] = {
        [ODD_LOST] = {"it sent more than is kept", true},
        [ODD_REFUSED] = {"it refused the trial's certificate authority in its connection", true},
        [ODD_TLS] = {"it sent malformed TLS", true},
        [ODD_HTTP] = {"it sent malformed HTTP", true},
        [ODD_JSON] = {"it sent malformed JSON", true},
        [ODD_DNS] = {"it sent malformed DNS", false},
        [ODD_RAW] = {"it sent a protocol that is not known here", true},
        [ODD_UNUSED] = {"it went away after a TLS handshake without a request, as clients do that refuse a certificate", false},
        [ODD_SILENT] = {"it opened connections and left them idle", true},
        [ODD_UDP] = {"it sent UDP datagrams, which get no answer,", true},
        [ODD_PACKET] = {"it sent packets that are neither TCP nor UDP", true},
        [ODD_WORLD] = {"it went beyond a limit of the simulated Internet", false},
        [ODD_LIMIT] = {"it was stopped at the time limit", false},
        [ODD_SIGNAL] = {"it was ended by a signal", false},
        [ODD_LEFT] = {"it left processes running, which were ended", false},
};

struct oddity {
	enum kind kind;
	char host[HOST_MAX], what[WHAT_MAX];
	unsigned trials, last_trial;
};

struct oddities {
	struct oddity e[ODD_MAX];
	size_t n;
	unsigned trial;
	char hint[WHAT_MAX + HOST_MAX + 128];
};

int oddities_new(struct oddities **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void oddities_free(struct oddities *o)
{
	free(o);
}

/* Bytes that came from the tool, as printable ASCII. */
static void plain(char *out, size_t size, struct slice s)
{
	size_t n = 0;
	for (; n < s.n && n + 1 < size; n++)
		out[n] = s.p[n] >= 0x20 && s.p[n] < 0x7f ? (char)s.p[n] : '?';
	out[n] = 0;
}

static void add(struct oddities *o, enum kind kind, struct slice host, struct slice what)
{
	struct oddity fresh = {.kind = kind, .trials = 1, .last_trial = o->trial};
	plain(fresh.host, sizeof(fresh.host), table[kind].host ? host : SLICE_NONE);
	plain(fresh.what, sizeof(fresh.what), what);
	size_t i = 0;
	while (i < o->n && !(o->e[i].kind == kind && strcmp(o->e[i].host, fresh.host) == 0 && strcmp(o->e[i].what, fresh.what) == 0))
		i++;
	if (i == o->n) {
		if (o->n < ODD_MAX)
			o->e[o->n++] = fresh;
		return;
	}
	o->e[i].trials += o->e[i].last_trial != o->trial;
	o->e[i].last_trial = o->trial;
}

static struct slice lower_header(struct slice headers, const char *name)
{
	struct slice rest = headers, line, part;
	while (slice_split(&rest, '\n', &line)) {
		part = line;
		struct slice key;
		if (slice_split(&part, ':', &key) && slice_eq_nocase(key, slice_str(name)))
			return slice_trim(part);
	}
	return SLICE_NONE;
}

static bool is_json(struct slice body)
{
	struct slice value, rest = body, line;
	if (jscan_root(body, &value))
		return true;
	/* Or a document a line, as telemetry often is. */
	while (slice_split(&rest, '\n', &line))
		if (slice_trim(line).n && !jscan_root(line, &value))
			return false;
	return true;
}

static void look_http(struct oddities *o, const struct trace_record *r, struct slice host)
{
	struct slice type = lower_header(r->field[TAG_HEADERS], "content-type"), body = r->field[TAG_BODY];
	if (r->field[TAG_REASON].n)
		add(o, ODD_HTTP, host, r->field[TAG_REASON]);
	if (trace_u64(r, TAG_LOST, 0))
		add(o, ODD_LOST, host, SLICE("a body was cut at its limit"));
	else if (!r->field[TAG_REASON].n && body.n && type.n >= 16 && slice_eq_nocase(slice_sub(type, 0, 16), SLICE("application/json")) &&
	         !is_json(body))
		add(o, ODD_JSON, host, SLICE_NONE);
}

static void look_tls(struct oddities *o, const struct trace_record *r)
{
	struct slice why = r->field[TAG_REASON];
	if (why.n)
		add(o, trace_tls_refused(r) ? ODD_REFUSED : ODD_TLS, r->field[TAG_SNI], why);
}

/* Other notes of the world are about what it did, these about what it did not see. */
static bool is_loss(struct slice note)
{
	static const char *const harmless[] = {"many ports", "no timer"};
	for (size_t i = 0; i < ARRAY_LEN(harmless); i++)
		if (slice_starts(note, slice_str(harmless[i])))
			return false;
	return true;
}

static void look(struct oddities *o, const struct trace_record *r, const char *gateway)
{
	struct slice host = r->field[TAG_HOST].n ? r->field[TAG_HOST] : r->field[TAG_ADDR], why = r->field[TAG_REASON];
	if (gateway && slice_is(host, gateway))
		host = SLICE("{gateway}");
	switch (r->kind) {
	case TRACE_HTTP:
		look_http(o, r, host);
		break;
	case TRACE_TLS:
		look_tls(o, r);
		break;
	case TRACE_RAW:
		if (why.n && slice_find(why, SLICE("ClientHello"), 0) != SLICE_NPOS)
			add(o, ODD_TLS, host, why);
		else if (why.n && !slice_is(why, "unknown protocol"))
			add(o, ODD_HTTP, host, why);
		else
			add(o, ODD_RAW, host, SLICE_NONE);
		break;
	case TRACE_UDP:
		if (why.n)
			add(o, ODD_DNS, host, why);
		else
			add(o, ODD_UDP, host, slice_is(r->field[TAG_PORT], "443") ? SLICE("port 443, QUIC") : SLICE_NONE);
		break;
	case TRACE_PACKET:
		add(o, ODD_PACKET, host, SLICE_NONE);
		break;
	case TRACE_NOTE:
		add(o, is_loss(why) ? ODD_LOST : ODD_WORLD, SLICE_NONE, why);
		break;
	case TRACE_CLOSE:
		if (slice_ends(why, SLICE("after the handshake without a request")))
			add(o, ODD_UNUSED, SLICE_NONE, SLICE_NONE);
		else if (slice_is(why, "time-out"))
			add(o, ODD_SILENT, host, SLICE_NONE);
		break;
	case TRACE_READY:
	case TRACE_FILE:
	case TRACE_END:
	case TRACE_DNS:
	case TRACE_CONN:
	case TRACE_WS:
	case TRACE_KIND_END:
		break;
	}
}

void oddities_add(struct oddities *o, const struct trial_result *r, const char *gateway)
{
	struct slice trace = buf_slice(&r->trace);
	struct trace_record record;
	char number[32];
	o->trial++;
	while (trace_next(&trace, &record) == TRACE_OK)
		look(o, &record, gateway);
	if (r->err.code && r->end != TRIAL_FAILED)
		add(o, ODD_LOST, SLICE_NONE, slice_str(r->err.text));
	if (r->end == TRIAL_TIMEOUT)
		add(o, ODD_LIMIT, SLICE_NONE, SLICE_NONE);
	if (r->end == TRIAL_SIGNAL) {
		(void)snprintf(number, sizeof(number), "%d", r->code);
		add(o, ODD_SIGNAL, SLICE_NONE, slice_str(number));
	}
	if (r->left_running)
		add(o, ODD_LEFT, SLICE_NONE, SLICE_NONE);
}

static void sentence(char *out, size_t size, const struct oddity *e)
{
	(void)snprintf(out, size, "%s%s%s%s%s%s", table[e->kind].words, e->host[0] ? " to " : "", e->host, e->what[0] ? " (" : "", e->what,
	        e->what[0] ? ")" : "");
}

const char *oddities_hint(struct oddities *o)
{
	const struct oddity *best = NULL;
	for (size_t i = 0; i < o->n; i++)
		/* How it ended is said anyway. */
		if (o->e[i].last_trial == o->trial && o->e[i].kind < ODD_LIMIT && (!best || o->e[i].kind < best->kind))
			best = &o->e[i];
	o->hint[0] = 0;
	if (best)
		sentence(o->hint, sizeof(o->hint), best);
	return o->hint;
}

size_t oddities_notes(const struct oddities *o, struct arena *arena, const char **out, size_t max)
{
	size_t n = 0;
	for (enum kind k = 0; k < ODD_END; k++)
		for (size_t i = 0; i < o->n && n < max; i++) {
			char text[WHAT_MAX + HOST_MAX + 128];
			/* Refusals are told with the hosts; a connection made in advance is nothing to tell. */
			if (o->e[i].kind != k || k == ODD_REFUSED || k == ODD_UNUSED)
				continue;
			sentence(text, sizeof(text), &o->e[i]);
			const char *note = arena_fmt(arena, "In %u of %u trials %s.", o->e[i].trials, o->trial, text);
			if (note)
				out[n++] = note;
		}
	return n;
}

const char *oddities_lost(const struct oddities *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->e[i].kind == ODD_LOST)
			return o->e[i].what;
	return NULL;
}
