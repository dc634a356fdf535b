#include "vet/hosts.h"

#include <errno.h>
#include <stdio.h>

#include "parse/jscan.h"
#include "vet/factor.h"
#include "wire/trace.h"

#define HOSTS_MAX 512
#define CONNS_MAX 8192

struct entry {
	char name[256];
	char ja4[64];
	uint64_t bytes;
	unsigned connections, trials, last_trial;
	bool refused, accepted;
};

struct hosts {
	struct entry e[HOSTS_MAX];
	size_t n;
	unsigned trial;
	/* of the current trial: host of each connection */
	uint16_t conn[CONNS_MAX];
};

#define NO_HOST UINT16_MAX

int hosts_new(struct hosts **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void hosts_free(struct hosts *h)
{
	free(h);
}

static uint16_t find(struct hosts *h, struct slice name, const char *gateway)
{
	if (gateway && slice_is(name, gateway))
		name = SLICE("{gateway}");
	if (name.n == 0)
		return NO_HOST;
	name = slice_sub(name, 0, sizeof(h->e[0].name) - 1);
	size_t i = 0;
	while (i < h->n && !slice_is(name, h->e[i].name))
		i++;
	if (i == h->n) {
		if (h->n == HOSTS_MAX)
			return NO_HOST;
		h->e[h->n] = (struct entry){0};
		/* Names come from the tool: what is not printable ASCII is not shown as it is. */
		for (size_t k = 0; k < name.n; k++)
			h->e[h->n].name[k] = name.p[k] > 0x20 && name.p[k] < 0x7f ? (char)name.p[k] : '?';
		h->n++;
	}
	if (h->e[i].last_trial != h->trial) {
		h->e[i].last_trial = h->trial;
		h->e[i].trials++;
	}
	return (uint16_t)i;
}

static const char *const model_answers[] = {
        "anthropic.messages", "openai.chat", "openai.responses", "gemini.stream", "gemini.generate", "ollama.chat"};

static struct slice path_of(struct slice target)
{
	size_t q = slice_chr(target, '?', 0);
	return q == SLICE_NPOS ? target : slice_sub(target, 0, q);
}

bool hosts_is_model(const struct trace_record *r)
{
	struct slice value;
	if (r->kind == TRACE_WS)
		return slice_is(r->field[TAG_REASON], "text") && slice_ends(path_of(r->field[TAG_TARGET]), SLICE("/responses"));
	/* The world answers what only looks like a model request, too. */
	if (r->kind != TRACE_HTTP || !jscan_root(r->field[TAG_BODY], &value))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(model_answers); i++)
		if (slice_is(r->field[TAG_ANSWER], model_answers[i]))
			return true;
	return false;
}

/* Through a proxy the name of who is meant comes later than the connection. */
static void rename_conn(struct hosts *h, uint16_t *conn, struct slice name, const char *gateway)
{
	uint16_t to = name.n ? find(h, name, gateway) : NO_HOST;
	if (to == NO_HOST || to == *conn)
		return;
	*conn = to;
	h->e[to].connections++;
}

/* A client may refuse our authority without an alert: it ends the handshake and then goes away (Node.js does). So only a request over TLS
 * says that it was accepted. */
static void count_tls(struct hosts *h, const struct trace_record *r, uint16_t *conn, const char *gateway)
{
	rename_conn(h, conn, r->field[TAG_SNI], gateway);
	if (*conn == NO_HOST)
		return;
	struct entry *e = &h->e[*conn];
	e->refused |= trace_tls_refused(r);
	(void)snprintf(e->ja4, sizeof(e->ja4), "%.*s", SLICE_FMT(r->field[TAG_JA4]));
}

/* A connection's host as the trace learns it: the address's name first, then the SNI, then the request's. */
static void count(struct hosts *h, const struct trace_record *r, const char *gateway, unsigned *messages)
{
	uint64_t c = trace_u64(r, TAG_CONN, CONNS_MAX);
	uint16_t none = NO_HOST, *conn = c < CONNS_MAX ? &h->conn[c] : &none;
	switch (r->kind) {
	case TRACE_CONN:
		*conn = find(h, r->field[TAG_HOST].n ? r->field[TAG_HOST] : r->field[TAG_ADDR], gateway);
		if (*conn != NO_HOST)
			h->e[*conn].connections++;
		break;
	case TRACE_TLS:
		count_tls(h, r, conn, gateway);
		break;
	case TRACE_CLOSE:
		if (*conn != NO_HOST) {
			h->e[*conn].bytes += trace_u64(r, TAG_WIRE_SIZE, 0);
			h->e[*conn].refused |= slice_ends(r->field[TAG_REASON], SLICE("after the handshake without a request"));
		}
		break;
	case TRACE_UDP: {
		uint16_t u = find(h, r->field[TAG_HOST].n ? r->field[TAG_HOST] : r->field[TAG_ADDR], gateway);
		if (u != NO_HOST) {
			h->e[u].connections++;
			h->e[u].bytes += trace_u64(r, TAG_WIRE_SIZE, 0);
		}
		++*messages;
		break;
	}
	case TRACE_HTTP:
		if (slice_is(r->field[TAG_VIA], "absolute"))
			rename_conn(h, conn, r->field[TAG_HOST], gateway);
		if (*conn != NO_HOST && slice_is(r->field[TAG_SCHEME], "https"))
			h->e[*conn].accepted = true;
		++*messages;
		break;
	case TRACE_DNS:
	case TRACE_WS:
	case TRACE_RAW:
		++*messages;
		break;
	case TRACE_READY:
	case TRACE_PACKET:
	case TRACE_FILE:
	case TRACE_END:
	case TRACE_NOTE:
	case TRACE_KIND_END:
		break;
	}
}

int hosts_add(struct hosts *h, struct slice trace, const char *gateway, unsigned *model_requests, unsigned *messages)
{
	struct trace_record r;
	enum trace_status s;
	h->trial++;
	*model_requests = *messages = 0;
	for (size_t i = 0; i < CONNS_MAX; i++)
		h->conn[i] = NO_HOST;
	while ((s = trace_next(&trace, &r)) == TRACE_OK) {
		count(h, &r, gateway, messages);
		*model_requests += hosts_is_model(&r);
	}
	/* A trace may end inside a record, when it was cut at its limit or the world was killed. */
	return s == TRACE_BAD ? -EBADMSG : 0;
}

/* The proxy that a trial set is ours, as its gateway is. */
static bool is_proxy(const char *name)
{
	unsigned proxy = (unsigned)factor_find("proxy");
	for (unsigned i = 0; proxy < factor_count && i < factor_level_count(proxy); i++) {
		struct slice v = slice_str(factor_level_at(proxy, i)->value);
		size_t from = slice_find(v, SLICE("://"), 0);
		if (from == SLICE_NPOS)
			continue;
		v = slice_from(v, from + 3);
		size_t at = slice_find(v, SLICE("@"), 0);
		v = at == SLICE_NPOS ? v : slice_from(v, at + 1);
		if (slice_is(slice_sub(v, 0, slice_chr(v, ':', 0)), name))
			return true;
	}
	return false;
}

static bool matches(const char *pattern, const char *name)
{
	if (pattern[0] == '*' && pattern[1] == '.') {
		size_t n = strlen(name), m = strlen(pattern + 1);
		return n > m && strcmp(name + n - m, pattern + 1) == 0;
	}
	return strcmp(pattern, name) == 0;
}

static int by_bytes(const void *a, const void *b)
{
	const struct vet_host *x = a, *y = b;
	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return strcmp(x->name, y->name);
}

int hosts_table(const struct hosts *h, const struct profile *p, struct arena *arena, struct vet_host **out, size_t *n)
{
	struct vet_host *t = arena_array(arena, h->n ? h->n : 1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < h->n; i++) {
		const struct entry *e = &h->e[i];
		t[i] = (struct vet_host){
		        .name = arena_str(arena, slice_str(e->name)),
		        .connections = e->connections,
		        .bytes = e->bytes,
		        .trials = e->trials,
		        .refused = e->refused && !e->accepted,
		        .ja4 = e->ja4[0] ? arena_str(arena, slice_str(e->ja4)) : NULL,
		};
		if (!t[i].name || (e->ja4[0] && !t[i].ja4))
			return -ENOMEM;
		for (size_t k = 0; k < p->n_declares && !t[i].declared; k++)
			if (matches(p->declares[k].host, e->name)) {
				t[i].declared = true;
				t[i].purpose = p->declares[k].purpose;
			}
		if (!t[i].declared && is_proxy(e->name)) {
			t[i].declared = true;
			t[i].purpose = "the trial's proxy";
		}
	}
	qsort(t, h->n, sizeof(*t), by_bytes);
	*out = t;
	*n = h->n;
	return 0;
}
