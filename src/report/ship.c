#include "report/ship.h"

#include <errno.h>
#include <stdio.h>

#include "report/export_part.h"

#define REPLY_MEMORY ((size_t)64 << 20)

const char *const ship_names[] = {"elastic", "splunk", "otlp", NULL};

const char *ship_media_type(enum ship_sink sink)
{
	return sink == SHIP_ELASTIC ? "application/x-ndjson" : "application/json";
}

const char *ship_scheme(enum ship_sink sink)
{
	static const char *const schemes[SHIP_SINKS] = {"ApiKey", "Splunk", "Bearer"};
	return schemes[sink];
}

void ship_begin(enum ship_sink sink, struct buf *out)
{
	if (sink == SHIP_OTLP)
		buf_fmt(out,
		        "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":"
		        "\"postern\"}}]},"
		        "\"scopeLogs\":[{\"scope\":{\"name\":\"postern\",\"version\":\"%s\"},\"logRecords\":[",
		        POSTERN_VERSION);
}

void ship_end(enum ship_sink sink, struct buf *out)
{
	if (sink == SHIP_OTLP)
		buf_str_add(out, "]}]}]}");
}

static void put_elastic(struct slice origin, const struct export_item *e, struct buf *out)
{
	char number[32];
	_cleanup_buf_ struct buf id = BUF(1024);
	(void)snprintf(number, sizeof(number), "/%llu", (unsigned long long)e->index);
	buf_add(&id, origin);
	buf_str_add(&id, number);
	buf_str_add(out, "{\"create\":{\"_id\":");
	export_string(out, buf_slice(&id));
	buf_str_add(out, "}}\n{\"@timestamp\":");
	/* Data streams want one in every document. */
	export_string(out, slice_str(export_time(e).text[0] ? export_time(e).text : "1970-01-01T00:00:00.000Z"));
	buf_str_add(out, ",\"ledger\":{\"index\":");
	buf_fmt(out, "%llu,\"origin\":", (unsigned long long)e->index);
	export_string(out, origin);
	buf_str_add(out, "},\"ocsf\":");
	/* A document's member has one type. */
	if (e->doc && e->doc->type == JSON_OBJECT)
		buf_add(out, e->json);
	else
		buf_str_add(out, "{}");
	buf_str_add(out, ",\"event\":{\"original\":");
	export_string(out, e->json);
	buf_str_add(out, "}}\n");
}

static void put_splunk(struct slice origin, const struct export_item *e, struct buf *out)
{
	buf_u8(out, '{');
	if (export_time(e).text[0])
		buf_fmt(out, "\"time\":%lld.%03d,", (long long)(e->f.time / 1000), (int)(e->f.time % 1000));
	if (e->f.host.n) {
		buf_str_add(out, "\"host\":");
		export_string(out, e->f.host);
		buf_u8(out, ',');
	}
	buf_fmt(out, "\"source\":\"postern\",\"sourcetype\":\"ocsf\",\"fields\":{\"ledger_index\":%llu,\"ledger_origin\":",
	        (unsigned long long)e->index);
	export_string(out, origin);
	buf_str_add(out, "},\"event\":");
	buf_add(out, e->json);
	buf_str_add(out, "}\n");
}

static void put_otlp(struct slice origin, const struct export_item *e, size_t number, struct buf *out)
{
	/* SeverityNumber, by OCSF's severity_id. */
	static const unsigned severities[] = {0, 9, 10, 13, 17, 18, 21};
	struct slice severity = export_text(e, "severity");
	buf_str_add(out, number ? ",{" : "{");
	if (export_time(e).text[0])
		buf_fmt(out, "\"timeUnixNano\":\"%lld000000\",", (long long)e->f.time);
	buf_fmt(out, "\"severityNumber\":%u,", e->f.severity_id < ARRAY_LEN(severities) ? severities[e->f.severity_id] : 0);
	if (severity.n) {
		buf_str_add(out, "\"severityText\":");
		export_string(out, severity);
		buf_u8(out, ',');
	}
	buf_str_add(out, "\"body\":{\"stringValue\":");
	export_string(out, e->json);
	buf_fmt(out,
	        "},\"attributes\":[{\"key\":\"ledger.index\",\"value\":{\"intValue\":\"%llu\"}},{\"key\":\"ledger.origin\",\"value\":{"
	        "\"stringValue\":",
	        (unsigned long long)e->index);
	export_string(out, origin);
	buf_str_add(out, "}}]}");
}

int ship_entry(
        enum ship_sink sink, struct slice origin, uint64_t index, size_t number, struct slice json, struct arena *arena, struct buf *out)
{
	struct export_item e = {.index = index, .json = json, .arena = arena};
	struct json *doc = NULL;
	int r = entry_read(json, arena, &e.f);
	if (r == -ENOMEM)
		return r;
	if (r == 0 && json_parse(json, NULL, arena, &doc, NULL) == JSON_OK)
		e.doc = doc;
	if (sink == SHIP_ELASTIC)
		put_elastic(origin, &e, out);
	else if (sink == SHIP_SPLUNK)
		put_splunk(origin, &e, out);
	else
		put_otlp(origin, &e, number, out);
	return 0;
}

/* Replies. */

static uint64_t number_of(const struct json *v)
{
	uint64_t n = UINT64_MAX;
	return v && (v->type == JSON_NUMBER || v->type == JSON_STRING) &&
	                       slice_u64(v->type == JSON_STRING ? slice_sub(v->raw, 1, v->raw.n - 2) : v->raw, INT64_MAX, &n)
	               ? n
	               : UINT64_MAX;
}

/* Each entry has an answer of its own: 201 if it was taken, 409 if it is there already. */
static enum ship_verdict judge_elastic(const struct json *doc, size_t n, char why[160])
{
	const struct json *items = json_get(doc, "items");
	enum ship_verdict v = SHIP_TAKEN;
	size_t at = 0;
	if (!items || items->type != JSON_ARRAY || items->n != n) {
		(void)snprintf(why, 160, "the reply has not an answer for each entry");
		return SHIP_LATER;
	}
	for (const struct json *i = items->child; i; i = i->next, at++) {
		uint64_t status = number_of(json_get(json_get(i, "create"), "status"));
		if ((status >= 200 && status < 300) || status == 409)
			continue;
		(void)snprintf(why, 160, "entry %zu of the request was answered with %llu", at, (unsigned long long)status);
		if (status != 429 && status < 500)
			return SHIP_REFUSED;
		v = SHIP_LATER;
	}
	return v;
}

static enum ship_verdict judge_otlp(const struct json *doc, char why[160])
{
	const struct json *rejected = json_get(json_get(doc, "partialSuccess"), "rejectedLogRecords");
	if (!rejected || number_of(rejected) == 0)
		return SHIP_TAKEN;
	if (number_of(rejected) == UINT64_MAX) {
		(void)snprintf(why, 160, "the reply does not say how many entries were rejected");
		return SHIP_LATER;
	}
	(void)snprintf(why, 160, "%llu entries were rejected for good", (unsigned long long)number_of(rejected));
	return SHIP_REFUSED;
}

static enum ship_verdict judge_splunk(const struct json *doc, char why[160])
{
	if (number_of(json_get(doc, "code")) == 0)
		return SHIP_TAKEN;
	(void)snprintf(why, 160, "the reply does not say that it was taken");
	return SHIP_LATER;
}

enum ship_verdict ship_judge(enum ship_sink sink, long status, struct slice reply, size_t n, char why[160])
{
	_cleanup_arena_ struct arena arena = ARENA(REPLY_MEMORY);
	struct json *doc = NULL;
	if (status < 200 || status > 299) {
		(void)snprintf(why, 160, "the answer was %ld", status);
		if (status == 413)
			return n > 1 ? SHIP_SMALLER : SHIP_REFUSED;
		return status == 408 || status == 425 || status == 429 || status >= 500 ? SHIP_LATER : SHIP_REFUSED;
	}
	/* OTLP leaves open whether there is a body. */
	if (sink == SHIP_OTLP && slice_trim(reply).n == 0)
		return SHIP_TAKEN;
	if (json_parse(reply, NULL, &arena, &doc, NULL) != JSON_OK || doc->type != JSON_OBJECT) {
		(void)snprintf(why, 160, "the reply is not what such a service says");
		return SHIP_LATER;
	}
	if (sink == SHIP_ELASTIC)
		return judge_elastic(doc, n, why);
	return sink == SHIP_OTLP ? judge_otlp(doc, why) : judge_splunk(doc, why);
}
