#include "world/mood.h"

#include "wire/purpose.h"
#include "world/dialect.h"
#include "world/peek.h"

#define NEWER "999.0.0"
#define GONE                                                                                                                              \
	"{\"type\":\"error\",\"error\":{\"type\":\"upgrade_required\",\"message\":\"This version is no longer supported. Please upgrade " \
	"to " NEWER ".\"},\"minimum_version\":\"" NEWER "\",\"minVersion\":\"" NEWER "\",\"min_version\":\"" NEWER "\"}"
#define MINIMUM "{\"minVersion\":\"" NEWER "\",\"min_version\":\"" NEWER "\",\"minimumVersion\":\"" NEWER "\",\"version\":\"" NEWER "\"}"

static bool fixed_name(struct slice name)
{
	static const char *const names[] = {"status", "code", "time", "page", "count"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_is(name, names[i]))
			return true;
	return false;
}

static bool digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

void mood_flip(struct slice json, struct buf *out)
{
	struct slice last = SLICE_NONE; /* the text of the last string: the member's name, if a value follows */
	for (size_t i = 0; i < json.n;) {
		uint8_t c = json.p[i];
		struct slice rest = slice_from(json, i);
		if (c == '"') {
			size_t end = i + 1;
			while (end < json.n && json.p[end] != '"')
				end += json.p[end] == '\\' ? 2 : 1;
			end = end < json.n ? end + 1 : json.n;
			last = slice_sub(json, i + 1, end - i > 1 ? end - i - 2 : 0);
			buf_add(out, slice_sub(json, i, end - i));
			i = end;
		} else if (slice_starts(rest, SLICE("true"))) {
			buf_str_add(out, "false");
			i += 4;
		} else if (slice_starts(rest, SLICE("false"))) {
			buf_str_add(out, "true");
			i += 5;
		} else if (digit(c)) {
			size_t end = i;
			while (end < json.n && (digit(json.p[end]) || memchr(".eE+-", json.p[end], 5)))
				end++;
			/* Another value of about the same size, without a zero in front. */
			buf_u8(out, fixed_name(last) ? c : c == '9' ? '1' : (uint8_t)(c + 1));
			buf_add(out, slice_sub(json, i + 1, end - i - 1));
			i = end;
		} else {
			buf_u8(out, c);
			i++;
		}
	}
}

static void replace_body(struct exchange_reply *out, int status, const char *body)
{
	out->status = status;
	buf_reset(&out->headers);
	buf_str_add(&out->headers, "content-type: " TYPE_JSON "\r\n");
	buf_reset(&out->body);
	buf_str_add(&out->body, body);
}

/* Services for flags whose answers name each. */
static const char *const flag_services[] = {
        "growthbook.features", "growthbook.eval", "statsig.initialize", "posthog.flags", "posthog.decide"};

static bool names_flags(const char *answer)
{
	for (size_t i = 0; answer && i < ARRAY_LEN(flag_services); i++)
		if (strcmp(answer, flag_services[i]) == 0)
			return true;
	return false;
}

static bool is_version(const char *flag)
{
	return strstr(flag, "version") || strstr(flag, "upgrade") || strstr(flag, "minimum");
}

/* All flags that are known by name, on; or those about versions, with a newer one. */
static void give_flags(const char *const *flags, bool versions, struct exchange_reply *out)
{
	static const struct {
		const char *answer, *before, *value, *after;
	} forms[] = {
	        {"growthbook.features", "{\"status\":200,\"features\":{", "{\"defaultValue\":%s}",
	                "},\"dateUpdated\":\"2026-01-01T00:00:00Z\"}"},
	        {"growthbook.eval", "{\"features\":{", "{\"defaultValue\":%s,\"value\":%s}", "},\"experiments\":[]}"},
	        {"statsig.initialize", "{\"feature_gates\":{", "{\"value\":%s,\"rule_id\":\"all\",\"secondary_exposures\":[]}",
	                "},\"dynamic_configs\":{},\"layer_configs\":{},\"sdkParams\":{},\"has_updates\":true,\"hash_used\":\"none\","
	                "\"time\":"
	                "1767225600000}"},
	        {"posthog.flags", "{\"flags\":{},\"featureFlags\":{", "%s", "},\"errorsWhileComputingFlags\":false}"},
	        {"posthog.decide", "{\"featureFlags\":{", "%s", "},\"config\":{},\"supportedCompression\":[\"gzip\"]}"},
	};
	for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
		bool first = true;
		if (strcmp(forms[f].answer, out->answer) != 0)
			continue;
		replace_body(out, 200, forms[f].before);
		for (; flags && *flags; flags++) {
			if (versions && !is_version(*flags))
				continue;
			buf_str_add(&out->body, first ? "" : ",");
			peek_quote(&out->body, slice_str(*flags));
			buf_u8(&out->body, ':');
			for (const char *p = forms[f].value; *p; p++)
				if (p[0] == '%' && p[1] == 's') {
					buf_str_add(&out->body, versions ? MINIMUM : "true");
					p++;
				} else {
					buf_u8(&out->body, (uint8_t)*p);
				}
			first = false;
		}
		buf_str_add(&out->body, forms[f].after);
	}
}

/* "1.0.0" is what the ordinary world has of everything. */
static void newer_version(struct exchange_reply *out)
{
	_cleanup_buf_ struct buf body = BUF(out->body.max);
	struct slice old = SLICE("1.0.0"), rest = buf_slice(&out->body);
	for (size_t at; (at = slice_find(rest, old, 0)) != SLICE_NPOS; rest = slice_from(rest, at + old.n)) {
		buf_add(&body, slice_sub(rest, 0, at));
		buf_str_add(&body, NEWER);
	}
	buf_add(&body, rest);
	if (buf_error(&body))
		return;
	buf_reset(&out->body);
	buf_add(&out->body, buf_slice(&body));
}

void mood_reply(uint32_t moods, const char *const *flags, struct exchange_reply *out)
{
	enum purpose p = purpose_of(slice_str(out->answer));
	if (((moods & WORLD_NO_TELEMETRY) && p == PURPOSE_TELEMETRY) || ((moods & WORLD_NO_POLICY) && p == PURPOSE_POLICY)) {
		replace_body(out, 503, "{\"error\":\"service unavailable\"}");
		return;
	}
	if (moods & WORLD_OLD) {
		if (p == PURPOSE_UPDATES)
			newer_version(out);
		else if (p == PURPOSE_FLAGS && names_flags(out->answer))
			give_flags(flags, true, out);
		else if (p == PURPOSE_FLAGS || p == PURPOSE_POLICY)
			replace_body(out, 410, GONE);
	}
	if ((moods & WORLD_FLIP) && p != PURPOSE_MODEL && p != PURPOSE_UPDATES) {
		if (names_flags(out->answer)) {
			give_flags(flags, false, out);
			return;
		}
		_cleanup_buf_ struct buf body = BUF(out->body.max);
		mood_flip(buf_slice(&out->body), &body);
		if (buf_error(&body) || out->status != 200)
			return;
		buf_reset(&out->body);
		buf_add(&out->body, buf_slice(&body));
	}
}
