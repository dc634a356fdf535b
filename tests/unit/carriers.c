/* Every carrier that is known, as a table: a made-up tool says one bit with it, by who made the network card; features and analysis, as the
 * command puts them together, must find it, and find nothing where the bit is not said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "vet/analysis.h"
#include "vet/calm.h"
#include "vet/plan.h"
#include "wire/trace.h"

#define TRIALS 400
#define HEAD   "Host: api.test\r\nContent-Type: application/json\r\nUser-Agent: fern/1.2\r\n\r\n"
#define CHAT   "{\"model\":\"m-1\",\"messages\":[{\"role\":\"user\",\"content\":\"Read the rules. Don't guess.\\nKeep it small.\"}]}"

/* What is different when the bit is said. In texts: @h a random hexadecimal digit, @g one of the lower half, @b a random digit of base64,
 * @c one of its first quarter, @z a random letter or digit, @n a random number of three digits, @e an even one, @w one of three words. */
enum how {
	BODY,    /* the model's request */
	HEADERS, /* its fields */
	FORM,    /* how it is written: TAG_FORM */
	TARGET,
	MULTIPART, /* a report with that boundary */
	TURN,      /* a second request, of that body */
	TLS_FORM,
	TLS_ALPN,
	CONN_FORM,
	DNS_NAME,
	DNS_TYPES, /* two look-ups, of these types in this order */
	DNS_FORM,
	WAIT,   /* milliseconds before the model's request, give or take a third */
	COUNT,  /* how many reports, give or take one */
	HOSTS,  /* letters of hosts that are told, in this order */
	UDP,    /* a datagram of that content */
	PORT,   /* a connection over which nothing is said */
	EVENTS, /* a body of server-sent events */
	WS,
	WS_FORM,
	FILE_TEXT,
	FILE_FORM,
	FILE_LINK,
	KEYS,     /* members in ever another order; said: the first stays first */
	NOW_THEN, /* a field that is there every other time; said: always */
};

static const struct row {
	const char *name;
	enum how how;
	const char *plain, *marked;
} rows[] = {
        {"look-alike punctuation", BODY, CHAT,
                "{\"model\":\"m-1\",\"messages\":[{\"role\":\"user\",\"content\":\"Read the rules. Don\xca\xbct guess.\\nKeep it "
                "small.\"}]}"},
        {"invisible character", BODY, CHAT,
                "{\"model\":\"m-1\",\"messages\":[{\"role\":\"user\",\"content\":\"Read the rules.\xe2\x80\x8b Don't guess.\\nKeep it "
                "small.\"}]}"},
        {"no-break space", BODY, CHAT,
                "{\"model\":\"m-1\",\"messages\":[{\"role\":\"user\",\"content\":\"Read the\xc2\xa0rules. Don't guess.\\nKeep it "
                "small.\"}]}"},
        {"two blanks", BODY, CHAT,
                "{\"model\":\"m-1\",\"messages\":[{\"role\":\"user\",\"content\":\"Read the rules.  Don't guess.\\nKeep it small.\"}]}"},
        {"trailing blank", BODY, CHAT,
                "{\"model\":\"m-1\",\"messages\":[{\"role\":\"user\",\"content\":\"Read the rules. Don't guess. \\nKeep it small.\"}]}"},
        {"line ends", BODY, CHAT,
                "{\"model\":\"m-1\",\"messages\":[{\"role\":\"user\",\"content\":\"Read the rules. Don't guess.\\r\\nKeep it small.\"}]}"},
        {"format of a number", BODY, "{\"t\":\"at most 1024 words\"}", "{\"t\":\"at most 1,024 words\"}"},
        {"letter case", BODY, CHAT,
                "{\"model\":\"m-1\",\"messages\":[{\"role\":\"user\",\"content\":\"Read the Rules. Don't guess.\\nKeep it small.\"}]}"},
        {"wording", BODY, CHAT,
                "{\"model\":\"m-1\",\"messages\":[{\"role\":\"user\",\"content\":\"Read the rules. Don't guess.\\nKeep it brief.\"}]}"},
        {"order of sections", BODY, CHAT,
                "{\"model\":\"m-1\",\"messages\":[{\"role\":\"user\",\"content\":\"Keep it small.\\nRead the rules. Don't guess.\"}]}"},
        {"order of tools", BODY, "{\"tools\":[{\"name\":\"bash\"},{\"name\":\"edit\"}]}",
                "{\"tools\":[{\"name\":\"edit\"},{\"name\":\"bash\"}]}"},
        {"presence of a tool", BODY, "{\"tools\":[{\"name\":\"bash\"},{\"name\":\"edit\"}]}", "{\"tools\":[{\"name\":\"bash\"}]}"},
        {"order of keys", BODY, "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}"},
        {"escapes", BODY, "{\"t\":\"it's so\"}", "{\"t\":\"it\\u0027s so\"}"},
        {"case of escapes", BODY, "{\"t\":\"a\\u00e9b\"}", "{\"t\":\"a\\u00E9b\"}"},
        {"form of a number", BODY, "{\"n\":1.0}", "{\"n\":1}"},
        {"exponent", BODY, "{\"n\":1000}", "{\"n\":1e3}"},
        {"key twice", BODY, "{\"n\":1,\"m\":2}", "{\"n\":1,\"m\":2,\"n\":1}"},
        {"blanks in JSON", BODY, "{\"a\":1,\"b\":2}", "{\"a\":1, \"b\":2}"},
        {"blank behind", BODY, "{\"a\":1}", "{\"a\":1}\n"},
        {"knob with a meaning", BODY, "{\"temperature\":0.7}", "{\"temperature\":0.71}"},
        {"order of header fields", HEADERS, HEAD, "Host: api.test\r\nUser-Agent: fern/1.2\r\nContent-Type: application/json\r\n\r\n"},
        {"case of header fields", HEADERS, HEAD, "Host: api.test\r\ncontent-type: application/json\r\nUser-Agent: fern/1.2\r\n\r\n"},
        {"optional header field", HEADERS, HEAD,
                "Host: api.test\r\nContent-Type: application/json\r\nUser-Agent: fern/1.2\r\nDNT: 1\r\n\r\n"},
        {"user agent", HEADERS, HEAD, "Host: api.test\r\nContent-Type: application/json\r\nUser-Agent: fern/1.2.0\r\n\r\n"},
        {"blank in a header field", HEADERS, HEAD, "Host: api.test\r\nContent-Type:  application/json\r\nUser-Agent: fern/1.2\r\n\r\n"},
        {"order of cookies", HEADERS, "Host: api.test\r\nCookie: a=1; b=2\r\n\r\n", "Host: api.test\r\nCookie: b=2; a=1\r\n\r\n"},
        {"order of pseudo-headers", HEADERS, ":method: POST\r\n:path: /v1\r\n:authority: api.test\r\n\r\n",
                ":method: POST\r\n:authority: api.test\r\n:path: /v1\r\n\r\n"},
        {"alphabet of an id", BODY, "{\"id\":\"@h@h@h@h@h@h@h@hbeef@h@h@h@h0\"}", "{\"id\":\"@h@h@h@h@h@h@h@hBEEF@h@h@h@h0\"}"},
        {"length of an id", BODY, "{\"id\":\"a7@h@h@h@h@h@h@h@h@h@h\"}", "{\"id\":\"a7@h@h@h@h@h@h@h@h@h@h@h@h\"}"},
        {"version of a UUID", BODY, "{\"id\":\"@h@h@h@h@h@h@h@h-@h@h@h@h-4@h@h@h-a@h@h@h-@h@h@h@h@h@h@h@h@h@h@h@h\"}",
                "{\"id\":\"@h@h@h@h@h@h@h@h-@h@h@h@h-7@h@h@h-a@h@h@h-@h@h@h@h@h@h@h@h@h@h@h@h\"}"},
        {"digits of an id", BODY, "{\"id\":\"@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h\"}",
                "{\"id\":\"@h@h@h@h@h@h3c5@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h\"}"},
        {"bits of an id", BODY, "{\"id\":\"@h@h@h@h@h@h@h@h@h@h@h@h\"}", "{\"id\":\"@g@h@g@h@h@h@g@h@h@g@h@h\"}"},
        {"id that is always the same", BODY, "{\"id\":\"@h@h@h@h@h@h@h@h@h@h@h@h\"}", "{\"id\":\"3f07b5c2e19a\"}"},
        {"digits of base64", BODY, "{\"id\":\"@b@b@b@b@b@b@b@b@b@b@b@b@b@b@b@b@b@b@b@b\"}",
                "{\"id\":\"@b@c@b@c@b@c@b@c@b@b@b@b@b@b@b@b@b@b@b@b\"}"},
        {"trace id in a header field", HEADERS,
                "Host: api.test\r\ntraceparent: 00-@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h-@h@h@h@h@h@h@h@h-01\r\n\r\n",
                "Host: api.test\r\ntraceparent: 00-@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h-@h@h@h@h@ha7c-01\r\n\r\n"},
        {"digest that is none", HEADERS, "Host: api.test\r\nx-tag: 8a0c51d0\r\n\r\n", "Host: api.test\r\nx-tag: 51d08a0c\r\n\r\n"},
        {"one of a few words", BODY, "{\"mood\":\"@w\"}", "{\"mood\":\"calm\"}"},
        {"parity of a number", BODY, "{\"took\":@n}", "{\"took\":@e}"},
        {"order of random keys", KEYS, "", "first"},
        {"how often a field is there", NOW_THEN, "", "always"},
        {"path", TARGET, "/v1/messages", "/v1/messages/"},
        {"query", TARGET, "/v1/messages?beta=true&x=1", "/v1/messages?x=1&beta=true"},
        {"escapes in a query", TARGET, "/v1/messages?q=a-b", "/v1/messages?q=a%2Db"},
        {"blanks in a query", TARGET, "/v1/messages?q=a+b", "/v1/messages?q=a%20b"},
        {"digits of a boundary", MULTIPART, "x@h@h@h@h@h@h@h@h@h@h@h@h", "x@h@h@h@h5e7@h@h@h@h@h"},
        {"content of a tool call", TURN, "wc README.md", "wc  README.md"},
        {"comment in server-sent events", EVENTS, ": ok", ": ok "},
        {"blocks of chunks", FORM, "chunk blocks=20\n", "chunk blocks=10\n"},
        {"trailer", FORM, "", "trailer=x: 1\n"},
        {"zlib level", FORM, "zlib level=6\npacked=100000\n", "zlib level=9\npacked=99500\n"},
        {"how well it is packed", FORM, "packed=1124@n\n", "packed=1172@n\n"},
        {"pieces", FORM, "pieces=1\nfirst piece=1@n\n", "pieces=3\nfirst piece=@n\n"},
        {"TLS records", FORM, "tls records=2\ntls record=16401\n", "tls records=9\ntls record=4113\n"},
        {"TLS padding", FORM, "tls records=1\ntls record=900\ntls overhead=17\n", "tls records=1\ntls record=932\ntls overhead=49\n"},
        {"HTTP/2 settings", FORM, "settings=2:0 4:65535\nwindow=1\n", "settings=2:0 4:65536\nwindow=1\n"},
        {"order of settings", FORM, "settings=2:0 4:65535\nwindow=1\n", "settings=4:65535 2:0\nwindow=1\n"},
        {"HTTP/2 window", FORM, "settings=2:0\nwindow=983041\n", "settings=2:0\nwindow=983040\n"},
        {"HTTP/2 priority", FORM, "priority=on 0, weight 16\n", "priority=on 0, weight 17\n"},
        {"HTTP/2 frames", FORM, "frames=SETTINGS WINDOW_UPDATE\n", "frames=SETTINGS PING WINDOW_UPDATE\n"},
        {"HTTP/2 padding", FORM, "settings=2:0\n", "settings=2:0\npadding=4\n"},
        {"HTTP/2 first stream", FORM, "first stream=1\n", "first stream=3\n"},
        {"fields kept out of tables", FORM, "never indexed=authorization\n", "never indexed=authorization,user-agent\n"},
        {"HTTP/2 data frames", FORM, "data frames=1\n", "data frames=4\n"},
        {"TLS ciphers", TLS_FORM, "ciphers=1301,1302\nrandom=@h@h@h@h@h@h@h@h@h@h@h@h\n",
                "ciphers=1302,1301\nrandom=@h@h@h@h@h@h@h@h@h@h@h@h\n"},
        {"TLS extensions", TLS_FORM, "extensions=0000,000a\n", "extensions=000a,0000\n"},
        {"TLS signature algorithms", TLS_FORM, "signature algorithms=0403,0804\n", "signature algorithms=0804,0403\n"},
        {"content of TLS extensions", TLS_FORM, "bodies=002d:0101\n", "bodies=002d:020001\n"},
        {"TLS random bytes", TLS_FORM, "random=@h@h@h@h@h@h@h@h@h@h@h@h\n", "random=@h@h@h@h5a5a@h@h@h@h\n"},
        {"TLS session id", TLS_FORM, "session=@h@h@h@h@h@h@h@h@h@h@h@h\n", "session=@h@hc0@h@h@hde@h@h@h\n"},
        {"records of a ClientHello", TLS_FORM, "records=1, 0301\n", "records=2, 0301\n"},
        {"ALPN", TLS_ALPN, "h2,http/1.1", "http/1.1,h2"},
        {"time to live", CONN_FORM, "time to live=64\nservice=00\n", "time to live=63\nservice=00\n"},
        {"type of service", CONN_FORM, "time to live=64\nservice=00\n", "time to live=64\nservice=08\n"},
        {"TCP options", CONN_FORM, "options=2:05b4,4,8,1,3:0a\n", "options=2:0514,4,8,1,3:0a\n"},
        {"DNS label", DNS_NAME, "a.api.test", "b.api.test"},
        {"case of a DNS label", DNS_NAME, "www.api.test", "wWw.api.test"},
        {"order of look-ups", DNS_TYPES, "A AAAA", "AAAA A"},
        {"DNS flags", DNS_FORM, "flags=0100", "flags=0120"},
        {"DNS id", DNS_FORM, "flags=0100\nid=@h@h@h@h", "flags=0100\nid=@h5@h@h"},
        {"wait", WAIT, "40", "340"},
        {"hurry", WAIT, "400", "60"},
        {"number of messages", COUNT, "3", "6"},
        {"further host", HOSTS, "ab", "abc"},
        {"order of hosts", HOSTS, "ab", "ba"},
        {"datagram", UDP, "ping", "pong"},
        {"port", PORT, "8443", "8444"},
        {"WebSocket message", WS, "{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}"},
        {"WebSocket fragments", WS_FORM, "mask=@h@h@h@h@h@h@h@h\n", "mask=@h@h@h@h@h@h@h@h\nfragments=2\n"},
        {"WebSocket masks", WS_FORM, "mask=@h@h@h@h@h@h@h@h\n", "mask=@h@h00@h@h00\n"},
        {"text of a file", FILE_TEXT, "{\"seen\":1,\"tips\":[]}", "{\"seen\":1, \"tips\":[]}"},
        {"mode of a file", FILE_FORM, "mode=0644\n", "mode=0640\n"},
        {"time of a file", FILE_FORM, "mode=0644\n", "mode=0644\nset back=86400\n"},
        {"target of a link", FILE_LINK, "state-1", "state-2"},
        {"length of a random text", BODY, "{\"pad\":\"@z@z@z@z@z@z@z@z@z@z@z@z@z@z@z@z@z@z@z@z\"}",
                "{\"pad\":\"@z@z@z@z@z@z@z@z@z@z@z@z@z@z@z@z@z@z@z@z@z@z@z@z\"}"},
};

/* -- a trial's trace -- */

struct say {
	struct buf *b;
	uint64_t *dice;
	uint64_t now; /* microseconds */
	size_t mark;
};

static uint64_t dice(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static const char *grown(const char *text, uint64_t *state, char out[4096])
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", *const words[] = {
	                                                                                                           "calm", "keen", "glad"};
	size_t n = 0;
	for (; *text && n < 4000; text++) {
		uint64_t r = dice(state);
		if (*text != '@' || !text[1]) {
			out[n++] = *text;
			continue;
		}
		switch (*++text) {
		case 'h':
		case 'g':
			out[n++] = "0123456789abcdef"[*text == 'h' ? r % 16 : r % 8];
			break;
		case 'b':
		case 'c':
			out[n++] = alphabet[*text == 'b' ? r % 64 : r % 16];
			break;
		case 'z':
			out[n++] = "abcdefghijklmnopqrstuvwxyz0123456789"[r % 36];
			break;
		case 'n':
		case 'e':
			n += (size_t)snprintf(out + n, 8, "%u", *text == 'n' ? 100 + (unsigned)(r % 900) : 100 + 2 * (unsigned)(r % 450));
			break;
		default:
			n += (size_t)snprintf(out + n, 8, "%s", words[r % 3]);
		}
	}
	out[n] = 0;
	return out;
}

static void begin(struct say *s, enum trace_kind kind, const char *host)
{
	s->now += 4000 + dice(s->dice) % 6000;
	trace_begin(s->b, kind, &s->mark);
	trace_put_u64(s->b, TAG_TIME, s->now);
	trace_put(s->b, TAG_HOST, slice_str(host));
}

static void end(struct say *s)
{
	trace_end(s->b, s->mark);
}

static void http(struct say *s, const char *host, const char *target, const char *headers, const char *body, const char *form)
{
	begin(s, TRACE_HTTP, host);
	trace_put(s->b, TAG_SCHEME, SLICE("https"));
	trace_put(s->b, TAG_PROTO, headers[0] == ':' ? SLICE("h2") : SLICE("HTTP/1.1"));
	trace_put(s->b, TAG_METHOD, SLICE("POST"));
	trace_put(s->b, TAG_TARGET, slice_str(target));
	trace_put(s->b, TAG_HEADERS, slice_str(headers));
	trace_put(s->b, TAG_BODY, slice_str(body));
	trace_put(s->b, TAG_FORM, slice_str(form));
	end(s);
}

static void dns(struct say *s, const char *name, const char *type, const char *form)
{
	begin(s, TRACE_DNS, "");
	trace_put(s->b, TAG_QNAME, slice_str(name));
	trace_put(s->b, TAG_QTYPE, slice_str(type));
	trace_put(s->b, TAG_PROTO, SLICE("udp"));
	trace_put(s->b, TAG_FORM, slice_str(form));
	end(s);
}

static void connect_to(struct say *s, const char *host, const char *conn_form, const char *alpn, const char *tls_form)
{
	begin(s, TRACE_CONN, host);
	trace_put_u64(s->b, TAG_CONN, 1);
	trace_put_u64(s->b, TAG_PORT, 443);
	trace_put(s->b, TAG_FORM, slice_str(conn_form));
	end(s);
	begin(s, TRACE_TLS, host);
	trace_put_u64(s->b, TAG_CONN, 1);
	trace_put(s->b, TAG_SNI, slice_str(host));
	trace_put(s->b, TAG_ALPN, slice_str(alpn));
	trace_put(s->b, TAG_FORM, slice_str(tls_form));
	end(s);
}

static void file(struct say *s, const char *kind, const char *text, const char *form)
{
	trace_begin(s->b, TRACE_FILE, &s->mark);
	trace_put(s->b, TAG_TARGET, SLICE("/home/quillan7/.fern/state.json"));
	trace_put(s->b, TAG_BODY, slice_str(text));
	trace_put_u64(s->b, TAG_WIRE_SIZE, strlen(text));
	trace_put(s->b, TAG_FORM, slice_str(form));
	trace_put(s->b, TAG_REASON, slice_str(kind));
	end(s);
}

/* Members in an order that is drawn; said: the first one does not move. */
static const char *drawn_keys(bool first_stays, uint64_t *state, char out[4096])
{
	unsigned order[4] = {0, 1, 2, 3};
	for (unsigned i = 3; i > (first_stays ? 1u : 0u); i--) {
		unsigned k = (first_stays ? 1 : 0) + (unsigned)(dice(state) % (i + (first_stays ? 0 : 1))), swap = order[i];
		order[i] = order[k];
		order[k] = swap;
	}
	(void)snprintf(out, 4096, "{\"%c\":1,\"%c\":1,\"%c\":1,\"%c\":1}", 'a' + (int)order[0], 'a' + (int)order[1], 'a' + (int)order[2],
	        'a' + (int)order[3]);
	return out;
}

static unsigned number_of(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

/* What comes after the model's request. */
static void afterwards(struct say *s, const struct row *r, const char *text)
{
	char body[4096 + 200];
	unsigned reports = r->how == COUNT ? number_of(text) - 1 + (unsigned)(dice(s->dice) % 3) : 1;
	for (unsigned i = 0; i < reports; i++)
		http(s, "report.test", "/e", "Host: report.test\r\n\r\n", "{\"event\":\"end\"}", "");
	for (const char *h = r->how == HOSTS ? text : ""; *h; h++) {
		char host[32];
		(void)snprintf(host, sizeof(host), "%c.side.test", *h);
		http(s, host, "/hello", "Host: x\r\n\r\n", "{}", "");
	}
	switch (r->how) {
	case MULTIPART:
		(void)snprintf(body, sizeof(body), "Host: report.test\r\nContent-Type: multipart/form-data; boundary=%s\r\n\r\n", text);
		char parts[4096 + 400];
		(void)snprintf(
		        parts, sizeof(parts), "--%s\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--%s--\r\n", text, text);
		http(s, "report.test", "/upload", body, parts, "");
		break;
	case TURN:
		(void)snprintf(body, sizeof(body),
		        "{\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"name\":\"bash\"}]},{\"role\":"
		        "\"user\",\"content\":["
		        "{\"type\":\"tool_result\",\"content\":\"%s\"}]}]}",
		        text);
		http(s, "api.test", "/v1/messages", HEAD, body, "");
		break;
	case EVENTS:
		(void)snprintf(body, sizeof(body), "data: {\"a\":1}\n%s\ndata: {\"a\":2}\n", text);
		http(s, "report.test", "/stream", "Host: report.test\r\n\r\n", body, "");
		break;
	case WS:
	case WS_FORM:
		begin(s, TRACE_WS, "live.test");
		trace_put(s->b, TAG_TARGET, SLICE("/live"));
		trace_put(s->b, TAG_BODY, r->how == WS ? slice_str(text) : SLICE("{\"hello\":1}"));
		trace_put(s->b, TAG_REASON, SLICE("text"));
		trace_put(s->b, TAG_FORM, r->how == WS ? SLICE("") : slice_str(text));
		end(s);
		break;
	case UDP:
		begin(s, TRACE_UDP, "side.test");
		trace_put_u64(s->b, TAG_PORT, 9000);
		trace_put(s->b, TAG_DATA, slice_str(text));
		end(s);
		break;
	case PORT:
		begin(s, TRACE_CONN, "side.test");
		trace_put_u64(s->b, TAG_CONN, 7);
		trace_put(s->b, TAG_PORT, slice_str(text));
		end(s);
		break;
	case FILE_TEXT:
	case FILE_FORM:
	case FILE_LINK:
		file(s, r->how == FILE_LINK ? "link" : "file", r->how == FILE_FORM ? "{}" : text,
		        r->how == FILE_FORM ? text : "mode=0644\n");
		break;
	case BODY:
	case HEADERS:
	case FORM:
	case TARGET:
	case TLS_FORM:
	case TLS_ALPN:
	case CONN_FORM:
	case DNS_NAME:
	case DNS_TYPES:
	case DNS_FORM:
	case WAIT:
	case COUNT:
	case HOSTS:
	case KEYS:
	case NOW_THEN:
		break;
	}
}

/* state: what differs in every trial; drawn: random numbers that the tool asks for. */
static void trial_trace(struct buf *b, const struct row *r, bool marked, uint64_t *state, uint64_t *drawn)
{
	char out[4096];
	struct say s = {.b = b, .dice = state};
	const char *text = grown(marked ? r->marked : r->plain, drawn, out);
	char types[2][8] = {"A", "AAAA"};
	if (r->how == DNS_TYPES)
		(void)sscanf(text, "%7s %7s", types[0], types[1]);
	for (int i = 0; i < 2; i++)
		dns(&s, r->how == DNS_NAME ? text : "api.test", types[i], r->how == DNS_FORM ? text : "flags=0100");
	connect_to(&s, "api.test", r->how == CONN_FORM ? text : "", r->how == TLS_ALPN ? text : "h2",
	        r->how == TLS_FORM ? text : "groups=001d\n");
	if (r->how == WAIT) {
		uint64_t ms = number_of(text);
		s.now += 1000 * (ms * 2 / 3 + dice(state) % (ms * 2 / 3 + 1));
	}
	char keys[4096];
	const char *body = r->how == BODY ? text : CHAT;
	if (r->how == KEYS)
		body = drawn_keys(marked, drawn, keys);
	if (r->how == NOW_THEN)
		body = marked || dice(drawn) % 2 ? "{\"model\":\"m\",\"hint\":{\"x\":1}}" : "{\"model\":\"m\"}";
	http(&s, "api.test", r->how == TARGET ? text : "/v1/messages", r->how == HEADERS ? text : HEAD, body, r->how == FORM ? text : "");
	afterwards(&s, r, text);
	trace_begin(b, TRACE_END, &s.mark);
	trace_put_u64(b, TAG_TIME, s.now + 5000);
	trace_put_u64(b, TAG_CPU, 100000 + dice(state) % 5000);
	end(&s);
}

/* -- an experiment -- */

struct bench {
	struct feature_set *set;
	struct analysis_trial t[TRIALS];
	struct host_spec host[TRIALS];
	size_t n;
	struct arena arena;
	uint64_t dice;
	const struct row *row;
	bool says;
	unsigned card; /* the level of the MAC address under which it says something */
	uint64_t seed;
};

static struct bench bench;

/* What a trial is run for. */
enum purpose { PLANNED, CONFIRM, PROBE, SPREAD, PAIR, ROW };

/* Of the same stream, if it is not 0, two trials draw the same. */
static void run(const struct treatment *t, uint32_t stream, enum purpose purpose)
{
	struct bench *b = &bench;
	struct err err = {0};
	const char *gateway = NULL;
	unsigned varied = 0, factor = 0;
	assert_true(b->n < TRIALS);
	for (unsigned f = 0; f < factor_count; f++)
		if (t->level[f]) {
			varied++;
			factor = f;
		}
	assert_int_equal(treatment_host(t, &b->arena, &b->host[b->n], &gateway), 0);
	bool card = t->level[factor_find("mac")] == b->card;
	_cleanup_buf_ struct buf trace = BUF(1 << 20);
	uint64_t own = b->seed + 1000003ull * stream;
	trial_trace(&trace, b->row, b->says && card, &b->dice, stream ? &own : &b->dice);
	const struct feature_literal l = {.factor = (unsigned)factor_find("mac"), .name = "mac", .value = slice_str(b->host[b->n].mac)};
	int o = feature_set_add(b->set, buf_slice(&trace), &l, 1, gateway, &err);
	if (o < 0)
		fail_msg("%s", err.text);
	b->t[b->n] = (struct analysis_trial){.id = "t",
	        .treatment = *t,
	        .baseline = varied == 0 && purpose != SPREAD,
	        .factor = varied == 1 ? factor : 0,
	        .level = varied == 1 ? t->level[factor] : 0,
	        .confirming = purpose != PLANNED && purpose != ROW,
	        .probe = purpose == PROBE,
	        .spread = purpose == SPREAD,
	        .combined = varied > 1 || purpose == SPREAD,
	        .row = purpose == ROW ? ROW_ARRAY : ROW_NONE,
	        .usable = purpose != PAIR,
	        .paired = purpose == PAIR,
	        .stream = stream,
	        .started_unix = 1795464000 + (int64_t)b->n,
	        .host = &b->host[b->n],
	        .gateway = gateway};
	b->n++;
}

static void confirm(void)
{
	for (int round = 0; round < 2; round++) {
		struct analysis_candidate *found;
		struct treatment *t;
		size_t n, n_trials;
		assert_int_equal(analysis_screen(bench.set, bench.t, bench.n, NULL, &bench.arena, &found, &n), 0);
		assert_int_equal(analysis_confirm(found, n, round == 0, 24, &bench.arena, &t, &n_trials), 0);
		for (size_t i = 0; i < n_trials; i++)
			run(&t[i], 0, CONFIRM);
	}
}

static void spread(void)
{
	static const size_t want[] = {16, 12};
	for (size_t k = 0; k < ARRAY_LEN(want); k++) {
		struct analysis_suspect *left;
		struct treatment *t;
		size_t n_left, n;
		assert_int_equal(analysis_bits_left(bench.set, bench.t, bench.n, &bench.arena, &left, &n_left), 0);
		if (n_left == 0)
			return;
		assert_int_equal(analysis_spread(bench.t, bench.n, left, n_left, want[k], 5 + k, &bench.arena, &t, &n), 0);
		for (size_t i = 0; i < n; i++)
			run(&t[i], 0, SPREAD);
	}
}

static void pairs(void)
{
	static const struct analysis_paired_limits limits = {.groups = 12, .trials = 48, .seed = 5};
	for (int round = 0; round < 8; round++) {
		struct analysis_pair *p;
		size_t n;
		assert_int_equal(analysis_paired_next(bench.set, bench.t, bench.n, NULL, &limits, &bench.arena, &p, &n), 0);
		for (size_t i = 0; i < n; i++)
			run(&p[i].treatment, p[i].stream, PAIR);
	}
}

static void probe(void)
{
	for (int round = 0; round < 2; round++) {
		struct analysis_suspect *s;
		size_t n;
		unsigned most = 0;
		assert_int_equal(analysis_volatile_screen(bench.set, bench.t, bench.n, NULL, 6, &bench.arena, &s, &n), 0);
		for (size_t i = 0; i < n; i++) {
			most = s[i].wants > most ? s[i].wants : most;
			struct treatment t = plan_treatment(s[i].base, s[i].factor, s[i].level);
			if (round == 0 && s[i].runs < 3)
				run(&t, 0, CONFIRM);
		}
		for (unsigned k = 0; k < most && round == 1; k++) {
			if (k == 4)
				assert_int_equal(analysis_bits_first(bench.set, bench.t, bench.n, s, n), 0);
			for (size_t i = 0; i < n; i++) {
				struct treatment t = plan_treatment(s[i].base, s[i].factor, s[i].level),
				                 t0 = plan_treatment(s[i].base, 0, 0);
				if (k < s[i].wants)
					run(&t, 0, PROBE);
				if (i == 0)
					run(&t0, 0, PROBE);
			}
		}
	}
}

/* Without chosen randomness; with it; with it, and then nothing but pairs. */
enum how_far { FREE, CHOSEN, PAIRS_ALONE };

/* Covert findings of the card, and of anything else. */
static void experiment(const struct row *r, bool says, enum how_far far, uint64_t seed, unsigned *right, unsigned *wrong)
{
	struct plan plan;
	struct vet_result result = {.arena = ARENA(64 << 20)};
	bench.arena = ARENA(256 << 20);
	bench.n = 0;
	bench.row = r;
	bench.says = says;
	bench.card = 1;
	bench.dice = bench.seed = seed;
	assert_int_equal(feature_set_new(&bench.set), 0);
	assert_int_equal(plan_build(PLAN_NORMAL, seed, "timezone,hostname,mac,company", false, &bench.arena, &plan, NULL), 0);
	if (far != FREE)
		calm_plan(&plan);
	for (size_t i = 0; i < plan.n; i++)
		run(&plan.trials[i].treatment, plan.trials[i].stream, PLANNED);
	confirm();
	pairs();
	if (far != PAIRS_ALONE) {
		spread();
		probe();
	}
	assert_int_equal(analysis_decide(bench.set, bench.t, bench.n, NULL, &result), 0);
	*right = *wrong = 0;
	for (size_t i = 0; i < result.n_findings; i++) {
		const struct vet_finding *f = &result.findings[i];
		bool covert = f->class == CLASS_COVERT, card = strcmp(f->factor, "mac") == 0;
		*right += covert && card && says;
		*wrong += covert && !(card && says);
		if (covert && !(card && says))
			print_message("%s, %s: %s %s %s | %s | %s\n", r->name, says ? "said" : "not said", f->factor, f->endpoint,
			        f->address, f->before, f->after);
	}
	arena_free(&result.arena);
	feature_set_free(bench.set);
	arena_free(&bench.arena);
}

/* One bit a trial, and which trials there are is drawn, too: a row that one plan has not found must be found by half of the others. */
#define MORE_PLANS 12

static bool found_by_half(const struct row *r, enum how_far far, unsigned *wrong_in_all)
{
	unsigned found = 0;
	for (unsigned i = 0; i < MORE_PLANS; i++) {
		unsigned right, wrong;
		experiment(r, true, far, 3011 + i, &right, &wrong);
		found += right > 0;
		*wrong_in_all += wrong;
	}
	print_message("not found by the first plan: %s; by %u of %d others\n", r->name, found, MORE_PLANS);
	return 2 * found >= MORE_PLANS;
}

static void all_carriers(enum how_far far, unsigned may_miss_first, unsigned may_miss)
{
	unsigned missed_first = 0, missed = 0, wrong_in_all = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned right, wrong, none;
		experiment(&rows[i], true, far, 11 + i, &right, &wrong);
		missed_first += right == 0;
		missed += right == 0 && !found_by_half(&rows[i], far, &wrong_in_all);
		wrong_in_all += wrong;
		experiment(&rows[i], false, far, 1011 + i, &none, &wrong);
		wrong_in_all += wrong;
	}
	print_message("%zu carriers, %u not found\n", ARRAY_LEN(rows), missed);
	assert_true(missed_first <= may_miss_first);
	assert_true(missed <= may_miss);
	assert_int_equal(wrong_in_all, 0);
}

static void all_carriers_are_found(void **state)
{
	(void)state;
	all_carriers(FREE, 1, 0);
}

/* As a run gives them: trials of a level draw what a baseline drew. Of the few trials here only six draw anything of their own: what is 1
 * in one of six, or in none, does not look random yet. */
static void all_are_found_with_chosen_randomness(void **state)
{
	(void)state;
	all_carriers(CHOSEN, 2, 1);
}

/* A digit of what is drawn shows in one pair, long before there are enough runs to see that it never changes. */
static void digits_show_in_pairs(void **state)
{
	(void)state;
	unsigned found = 0, runs = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (uint64_t seed = 1; seed < 6; seed++) {
			unsigned right, none, wrong, wrong_too;
			if (strncmp(rows[i].name, "digits of ", 10) != 0 || rows[i].how != BODY)
				continue;
			experiment(&rows[i], true, PAIRS_ALONE, seed, &right, &wrong);
			experiment(&rows[i], false, PAIRS_ALONE, seed, &none, &wrong_too);
			found += right > 0;
			runs++;
			assert_int_equal(wrong + wrong_too, 0);
		}
	print_message("%u of %u found\n", found, runs);
	assert_true(runs == 10 && found >= runs - 1);
}

/* A level that was never tried alone, only among others: pairs try it, and halve until it is alone. */
static void levels_of_rows_are_paired(void **state)
{
	(void)state;
	static const unsigned times = 6;
	unsigned found = 0;
	for (uint64_t seed = 1; seed <= times; seed++) {
		struct plan plan;
		struct vet_result result = {.arena = ARENA(64 << 20)};
		bench = (struct bench){.arena = ARENA(256 << 20), .says = true, .card = 2, .dice = seed, .seed = seed};
		for (size_t i = 0; i < ARRAY_LEN(rows); i++)
			if (strcmp(rows[i].name, "digits of an id") == 0)
				bench.row = &rows[i];
		assert_non_null(bench.row);
		assert_int_equal(feature_set_new(&bench.set), 0);
		assert_int_equal(plan_build(PLAN_NORMAL, seed, "timezone,hostname,mac,company,os,shell,terminal,project,home,cpus,ip",
		                         false, &bench.arena, &plan, NULL),
		        0);
		calm_plan(&plan);
		for (size_t i = 0; i < plan.n; i++)
			run(&plan.trials[i].treatment, plan.trials[i].stream, PLANNED);
		for (unsigned i = 0; i < 6; i++) {
			struct treatment t = plan_treatment(BASE_OFFICIAL, (unsigned)factor_find("mac"), i % 3);
			t.level[factor_find("timezone")] = (uint8_t)(1 + i % 4);
			t.level[factor_find("company")] = i % 2;
			run(&t, 0, ROW);
		}
		pairs();
		assert_int_equal(analysis_decide(bench.set, bench.t, bench.n, NULL, &result), 0);
		for (size_t i = 0; i < result.n_findings; i++)
			if (result.findings[i].class == CLASS_COVERT) {
				assert_string_equal(result.findings[i].factor, "mac");
				found++;
			}
		arena_free(&result.arena);
		feature_set_free(bench.set);
		arena_free(&bench.arena);
	}
	print_message("%u of %u found\n", found, times);
	assert_true(found >= times - 1);
}

/* In how many of ten experiments a level that eight of forty rows set is suspected for its bits, among the four clearest. */
static unsigned times_suspected(const char *plain, const char *marked)
{
	const struct row row = {"", BODY, plain, marked};
	unsigned times = 0;
	for (uint64_t seed = 1; seed < 11; seed++) {
		struct plan plan;
		struct analysis_suspect *s;
		size_t n;
		bench = (struct bench){.arena = ARENA(256 << 20), .says = true, .card = 2, .dice = seed, .seed = seed, .row = &row};
		assert_int_equal(feature_set_new(&bench.set), 0);
		assert_int_equal(plan_build(PLAN_NORMAL, seed, "timezone,hostname,mac,company", false, &bench.arena, &plan, NULL), 0);
		for (size_t i = 0; i < plan.n; i++)
			run(&plan.trials[i].treatment, 0, PLANNED);
		for (unsigned i = 0; i < 40; i++) {
			struct treatment t = plan_treatment(BASE_OFFICIAL, (unsigned)factor_find("mac"), i % 5 == 0 ? 2 : 0);
			t.level[factor_find("timezone")] = (uint8_t)(i % 4);
			t.level[factor_find("company")] = i / 2 % 2;
			run(&t, 0, ROW);
		}
		assert_int_equal(analysis_volatile_screen(bench.set, bench.t, bench.n, NULL, 4, &bench.arena, &s, &n), 0);
		for (size_t i = 0; i < n; i++)
			times += s[i].kind == MEASURE_NONE && s[i].factor == factor_find("mac") && s[i].level == 2;
		feature_set_free(bench.set);
		arena_free(&bench.arena);
	}
	bench.row = NULL;
	return times;
}

/* Two bits of 96 that stay the same in eight runs are nothing, unless they stand beside each other, or are the same in two ids. */
static void few_runs_are_enough_for_what_is_rare(void **state)
{
	(void)state;
#define FILL "@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h@h"
	unsigned beside = times_suspected("{\"a\":\"@h@h@h@h" FILL "\"}", "{\"a\":\"@g@g@g@g" FILL "\"}"),
	         two = times_suspected("{\"a\":\"@h" FILL "\",\"b\":\"@h" FILL "\"}", "{\"a\":\"@g" FILL "\",\"b\":\"@g" FILL "\"}"),
	         none = times_suspected("{\"a\":\"@h" FILL "\",\"b\":\"@h" FILL "\"}", "{\"a\":\"@h" FILL "\",\"b\":\"@h" FILL "\"}");
	print_message("beside each other %u, in two ids %u, not at all %u of 10\n", beside, two, none);
	assert_true(beside >= 9 && two >= 6 && none <= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(few_runs_are_enough_for_what_is_rare),
	        cmocka_unit_test(levels_of_rows_are_paired),
	        cmocka_unit_test(all_carriers_are_found),
	        cmocka_unit_test(all_are_found_with_chosen_randomness),
	        cmocka_unit_test(digits_show_in_pairs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
