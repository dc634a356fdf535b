#include "gate/search.h"

#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "gate/events.h"
#include "inspect/dlp.h"
#include "inspect/redact.h"

#define HOSTS_MAX        64u /* with a history of their own; what comes after them shares one */
#define VAULT_MAX        ((size_t)4 << 20)
#define HISTORY_MESSAGES (3 * 64u) /* body, head and keys of a request are three */

struct place {
	char host[256];
	struct dlp_history *history;
	unsigned pins;
};

#define PATTERNS_MAX 256u

struct pattern {
	char name[64];
	regex_t re;
};

/* The C library's matcher holds a lock of the pattern while it matches: each thread has its own. */
struct lane {
	struct dlp_work *work;
	struct pattern pattern[PATTERNS_MAX];
	size_t n_patterns;
};

struct search {
	struct lane lane[SEARCH_LANES];
	struct dlp_engine *engine;
	struct redact_vault *vault;
	uint8_t *index; /* of fingerprints: in the configuration it lies where the fields before it end, and it is numbers */
	struct place place[HOSTS_MAX];
};

struct search_back {
	struct redact_restore restore;
	struct events *events;
};

static int make_engine(struct search *s, const struct gate_config *c, struct err *err)
{
	struct dlp_value *value = calloc(DLP_VALUES_MAX, sizeof(*value));
	struct slice rest = c->values, label, text;
	unsigned class;
	size_t n = 0;
	s->index = c->index.n ? malloc(c->index.n) : NULL;
	if (!value || (c->index.n && !s->index)) {
		free(value);
		return err_set(err, -ENOMEM, "out of memory");
	}
	if (c->index.n)
		memcpy(s->index, c->index.p, c->index.n);
	const struct slice index = slice_of(s->index, c->index.n);
	while (n < DLP_VALUES_MAX && gate_value_next(&rest, &class, &label, &text))
		if (class < DLP_CLASS_END)
			value[n++] = (struct dlp_value){.class = (enum dlp_class) class, .label = label, .value = text};
	const struct dlp_parts parts = {.rules = c->rules, .values = value, .n_values = n, .indexes = &index, .n_indexes = index.n ? 1 : 0};
	int r = dlp_engine_new(&parts, &s->engine, err);
	free(value);
	return r;
}

static int make_patterns(struct lane *s, struct slice patterns, struct err *err)
{
	struct slice line, name;
	while (slice_split(&patterns, '\n', &line)) {
		char text[8192];
		if (!line.n || !slice_split(&line, '\t', &name))
			continue;
		if (s->n_patterns == PATTERNS_MAX || line.n >= sizeof(text))
			return err_set(err, -EINVAL, "there are more than %u patterns, or longer ones than can be used", PATTERNS_MAX);
		memcpy(text, line.p, line.n);
		text[line.n] = 0;
		struct pattern *p = &s->pattern[s->n_patterns];
		(void)snprintf(p->name, sizeof(p->name), "%.*s", SLICE_FMT(slice_sub(name, 0, 60)));
		if (regcomp(&p->re, text, REG_EXTENDED) != 0)
			return err_set(err, -EINVAL, "the pattern %s cannot be used", p->name);
		s->n_patterns++;
	}
	return 0;
}

/* The policy's own patterns. Only that there is one is known, so that nothing can be replaced. */
static void match_patterns(const struct lane *s, struct slice message, bool place, struct buf *hits)
{
	for (size_t i = 0; i < s->n_patterns; i++) {
		regmatch_t m = {.rm_so = 0, .rm_eo = (regoff_t)message.n};
		if (!message.n || regexec(&s->pattern[i].re, (const char *)message.p, 1, &m, REG_STARTEND) != 0)
			continue;
		char sample[32];
		(void)snprintf(sample, sizeof(sample), "(%d bytes)", (int)(m.rm_eo - m.rm_so));
		link_hit_write(hits, &(struct link_hit){.class = LINK_PATTERN,
		                             .confidence = 90,
		                             .cut = true,
		                             .place = place,
		                             .rule = slice_str(s->pattern[i].name),
		                             .what = slice_str(s->pattern[i].name),
		                             .sample = slice_str(sample)});
	}
}

int search_new(const struct gate_config *c, struct search **out, struct err *err)
{
	*out = NULL;
	if (!c->rules.n && !c->values.n && !c->index.n && !c->patterns.n)
		return 0;
	struct search *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, -ENOMEM, "out of memory");
	int r = make_engine(s, c, err);
	for (int i = 0; i < SEARCH_LANES; i++) {
		r = r < 0 ? r : make_patterns(&s->lane[i], c->patterns, err);
		if (r == 0 && (r = dlp_work_new(s->engine, &s->lane[i].work)) < 0)
			r = err_set(err, r, "out of memory");
	}
	if (r == 0 && (r = redact_vault_new(VAULT_MAX, NULL, &s->vault)) < 0)
		r = err_set(err, r, "out of memory");
	if (r < 0) {
		search_free(s);
		return r;
	}
	*out = s;
	return 0;
}

void search_free(struct search *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < HOSTS_MAX; i++)
		dlp_history_free(s->place[i].history);
	for (int k = 0; k < SEARCH_LANES; k++) {
		for (size_t i = 0; i < s->lane[k].n_patterns; i++)
			regfree(&s->lane[k].pattern[i].re);
		dlp_work_free(s->lane[k].work);
	}
	redact_vault_free(s->vault);
	dlp_engine_free(s->engine);
	free(s->index);
	free(s);
}

/* The last two labels of a name, or three where the two are a registry's (co.uk, com.au). What joins too much only finds more, so what a
 * registry calls otherwise is no mistake. Of an address all of it. */
static const char *site_of(const char *host)
{
	static const char *const shared[] = {"co", "com", "org", "net", "ac", "gov", "edu", "or", "ne"};
	const char *label[4] = {host, host, host, host}; /* where the last ones begin */
	const char *end = host + strlen(host);
	unsigned n = 0;
	if (strspn(host, "0123456789.") == (size_t)(end - host) || strchr(host, ':'))
		return host;
	for (const char *p = end; p > host && n < 3; p--)
		if (p[-1] == '.')
			label[n++] = p;
	if (n < 2)
		return host;
	bool registry = false;
	struct slice second = slice_of(label[1], (size_t)(label[0] - 1 - label[1]));
	for (size_t i = 0; end - label[0] == 2 && i < ARRAY_LEN(shared); i++)
		registry |= slice_is(second, shared[i]);
	return !registry ? label[1] : n < 3 ? host : label[2];
}

/* Two hosts of one owner are two ways into one hand. */
static bool together(const char *a, const char *b)
{
	return strcmp(site_of(a), site_of(b)) == 0;
}

/* Nothing gives way to what comes later: a tool would name many hosts to have forgotten what went to one. */
static struct place *place_of(const struct search *s, const char *host)
{
	const struct place *same = NULL;
	for (size_t i = 0; i < HOSTS_MAX; i++) {
		const struct place *p = &s->place[i];
		if (!p->history || strcmp(p->host, host) == 0)
			return (struct place *)(uintptr_t)p;
		if (!same && together(p->host, host))
			same = p;
	}
	return (struct place *)(uintptr_t)(same ? same : &s->place[slice_hash(slice_str(site_of(host))) % HOSTS_MAX]);
}

struct dlp_history *search_history(struct search *s, const char *host)
{
	struct place *p = place_of(s, host);
	if (p->history || dlp_history_new(s->engine, HISTORY_MESSAGES, &p->history) < 0)
		return p->history;
	(void)snprintf(p->host, sizeof(p->host), "%s", host);
	for (struct place *q = s->place; q < p; q++)
		if (together(q->host, host)) {
			dlp_history_share(p->history, q->history);
			break;
		}
	return p->history;
}

void search_pin(struct search *s, const char *host)
{
	place_of(s, host)->pins++;
}

void search_unpin(struct search *s, const char *host)
{
	struct place *p = place_of(s, host);
	if (p->pins)
		p->pins--;
}

bool search_pinned(const struct search *s, const char *host)
{
	return place_of(s, host)->pins > 0;
}

static void chain_text(const struct dlp_hit *h, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(h->chain) && h->chain[i] != DLP_PLAIN; i++)
		buf_fmt(out, "%s%s", i ? ", then " : "", dlp_decoding_name(h->chain[i]));
}

int search_message(struct search *s, enum search_lane lane, struct dlp_history *history, struct slice message, enum search_part part,
        struct buf *hits, struct dlp_scan **scan)
{
	bool place = part != SEARCH_BODY;
	*scan = NULL;
	int r = dlp_scan_new(s->engine, s->lane[lane].work, history, scan);
	r = r < 0 ? r : dlp_scan_whole(*scan, message);
	if (r < 0) {
		search_done(*scan);
		*scan = NULL;
		return r;
	}
	for (size_t i = 0; i < dlp_scan_count(*scan); i++) {
		const struct dlp_hit *h = dlp_scan_hit(*scan, i);
		if (part == SEARCH_KEYS && (h->class == DLP_SECRET || h->class == DLP_GENERIC))
			continue;
		_cleanup_buf_ struct buf chain = BUF(256);
		chain_text(h, &chain);
		link_hit_write(hits, &(struct link_hit){.class = h->class,
		                             .confidence = h->confidence,
		                             .cut = h->cut || part == SEARCH_WIDE,
		                             .place = place,
		                             .rule = slice_str(h->rule),
		                             .what = slice_str(h->what),
		                             .chain = buf_slice(&chain),
		                             .sample = slice_str(h->sample)});
	}
	/* What could not be looked through to its end is a hit, too. */
	if (dlp_scan_more(*scan) && part != SEARCH_KEYS)
		link_hit_write(hits, &(struct link_hit){.class = DLP_SECRET,
		                             .confidence = 50,
		                             .cut = true,
		                             .place = place,
		                             .rule = SLICE("too-much"),
		                             .what = SLICE("more finds or encodings than can be looked through"),
		                             .sample = SLICE("-")});
	if (part != SEARCH_KEYS)
		match_patterns(&s->lane[lane], message, place, hits);
	return buf_error(hits);
}

void search_done(struct dlp_scan *scan)
{
	dlp_scan_free(scan);
}

struct chosen {
	const struct dlp_scan *scan;
	struct slice numbers;
};

static bool listed(struct slice numbers, size_t i)
{
	struct slice one;
	uint64_t n;
	while (slice_split(&numbers, ',', &one))
		if (slice_u64(one, SIZE_MAX, &n) && n == i)
			return true;
	return false;
}

static bool keep(const struct dlp_hit *h, void *arg)
{
	const struct chosen *c = arg;
	for (size_t i = 0; i < dlp_scan_count(c->scan); i++)
		if (dlp_scan_hit(c->scan, i) == h)
			return !listed(c->numbers, i);
	return false;
}

int search_replace(struct search *s, const struct dlp_scan *scan, struct slice numbers, struct slice message, struct buf *out)
{
	struct chosen c = {.scan = scan, .numbers = numbers};
	return redact_apply(s->vault, scan, message, keep, &c, out);
}

bool search_clean(struct search *s, const struct dlp_scan *scan, struct slice hits, struct slice message, struct buf *out)
{
	struct link_hit h;
	while (link_hit_next(&hits, &h))
		if (h.class == LINK_PATTERN || h.cut)
			return false;
	return redact_apply(s->vault, scan, message, NULL, NULL, out) == 0;
}

struct search_back *search_back_new(struct search *s)
{
	if (!s || redact_vault_count(s->vault) == 0)
		return NULL;
	struct search_back *b = calloc(1, sizeof(*b));
	if (b)
		b->restore = (struct redact_restore){.vault = s->vault, .form = REDACT_AS_IS};
	return b;
}

int search_back_json(struct search_back *b, bool events)
{
	b->restore.form = REDACT_JSON;
	return events ? events_new(b->restore.vault, &b->events) : 0;
}

int search_back_feed(struct search_back *b, struct slice in, bool last, struct buf *out)
{
	return b->events ? events_feed(b->events, in, last, out) : redact_restore(&b->restore, in, last, out);
}

void search_back_free(struct search_back *b)
{
	if (b)
		events_free(b->events);
	free(b);
}
