/* trace: everything observed in a trial, as a sequence of records of tagged fields.
 *
 * The world process writes it, the vetting process reads it. Because the world parses hostile bytes, its trace counts as hostile
 * too: trace_next() checks every length. Encoding of a record: u32be total length of what follows, u8 kind, then for each field
 * u8 tag, u32be length, bytes. A tag occurs at most once in a record. Numbers are decimal ASCII. */
#ifndef POSTERN_WIRE_TRACE_H
#define POSTERN_WIRE_TRACE_H

#include "base/buf.h"
#include "base/cursor.h"

enum trace_kind {
	TRACE_READY = 1, /* the world answers now; no fields */
	TRACE_DNS,       /* TIME QNAME QTYPE PROTO(udp|tcp) ADDR(answered, if any) FORM */
	TRACE_CONN,      /* TIME CONN ADDR PORT HOST(name that DNS gave for ADDR, if any): a TCP connection was accepted */
	TRACE_TLS,       /* TIME CONN SNI ALPN(offered, comma separated) JA4 PROTO(agreed: version) REASON(if the handshake failed) FORM */
	TRACE_HTTP,      /* TIME CONN HOST PORT SCHEME PROTO METHOD TARGET HEADERS BODY ENCODING WIRE_SIZE VIA ANSWER STATUS FORM */
	TRACE_WS,        /* TIME CONN HOST TARGET BODY(one message) REASON(text|binary|close) */
	TRACE_RAW,    /* TIME CONN HOST PORT DATA(first bytes, capped) WIRE_SIZE REASON: bytes that are no protocol we speak, or broken */
	TRACE_UDP,    /* TIME ADDR PORT HOST DATA(capped) WIRE_SIZE */
	TRACE_PACKET, /* TIME PROTO(number of the IP protocol) ADDR WIRE_SIZE: neither TCP nor UDP */
	TRACE_CLOSE,  /* TIME CONN WIRE_SIZE(bytes from the client) REASON */
	TRACE_NOTE,   /* TIME REASON: a fact about the world itself that a reader must know (a cap was hit, …) */
	TRACE_FILE,   /* TARGET(path) BODY(content, capped) WIRE_SIZE LOST FORM("mode=0644") REASON(file|link): written by the tool in the
	               * home or   the project, as it was when the trial ended. From the trial, not from the world */
	TRACE_END,    /* TIME(wall clock of the tool) CPU: the tool has ended. The same */
	TRACE_KIND_END,
};

enum trace_tag {
	TAG_TIME = 1, /* microseconds since the world was ready */
	TAG_CONN,     /* number of the connection, from 1 */
	TAG_ADDR,     /* numeric destination address */
	TAG_PORT,     /* destination port */
	TAG_HOST, /* destination name, lower case: the SNI, else Host or :authority without port, else the name DNS gave for ADDR, else ADDR
	           */
	TAG_SCHEME, /* http or https */
	TAG_PROTO,
	TAG_METHOD,
	TAG_TARGET,    /* exactly as sent */
	TAG_HEADERS,   /* HTTP/1: the exact bytes after the request line, with the empty line. HTTP/2: "name: value\r\n" in the
	                * order of the fields, pseudo-headers with their colon, then an empty line */
	TAG_BODY,      /* content after removal of transfer and content coding */
	TAG_ENCODING,  /* content coding that was removed, e.g. gzip */
	TAG_WIRE_SIZE, /* bytes of the body as sent, or of the connection */
	TAG_SNI,
	TAG_ALPN,
	TAG_JA4,
	TAG_QNAME, /* as sent: case kept, labels joined with dots, other bytes as \DDD */
	TAG_QTYPE,
	TAG_DATA,
	TAG_REASON,
	TAG_VIA,    /* "connect" or "absolute": the request came through an HTTP proxy that the tool was told of; "socks5" */
	TAG_ANSWER, /* which of the world's answers was given, e.g. anthropic.messages */
	TAG_STATUS, /* status code of our answer */
	TAG_LOST,   /* bytes of BODY or DATA that a cap cut off */
	TAG_FORM, /* how it is written, apart from what it says: lines of "name=value". TLS: see clienthello.h. DNS: "flags" (hex), "class"
	           * and "EDNS" where they are not the usual ones. HTTP: of a chunked body "chunk blocks", "chunk sizes", "chunk
	           * extensions", "trailer"; of a gzip body "gzip header"; of HTTP/2 "settings" and "window" of the connection until then */
	TAG_CPU,  /* microseconds of processor time, of all processes */
	TRACE_TAG_END,
};

struct trace_record {
	enum trace_kind kind;
	struct slice field[TRACE_TAG_END]; /* .p NULL: absent */
};

/* Writing: begin, put fields, end. *mark is where the record began. Errors stick to the buffer. */
void trace_begin(struct buf *b, enum trace_kind kind, size_t *mark);
void trace_put(struct buf *b, enum trace_tag tag, struct slice value);
void trace_put_u64(struct buf *b, enum trace_tag tag, uint64_t value);
void trace_end(struct buf *b, size_t mark);

enum trace_status { TRACE_OK, TRACE_MORE, TRACE_BAD };
/* The next record at the front of *rest, which is advanced past it on TRACE_OK. Fields are borrowed from *rest. TRACE_MORE: the
 * bytes end inside a record (or there are none). TRACE_BAD: unknown kind or tag, repeated tag, or lengths that do not add up. */
enum trace_status trace_next(struct slice *rest, struct trace_record *out);
/* A numeric field, or `otherwise` if it is absent or not a number. */
uint64_t trace_u64(const struct trace_record *r, enum trace_tag tag, uint64_t otherwise);
const char *trace_kind_name(enum trace_kind kind);
/* Of a TRACE_TLS: the client ended the handshake of its own will, with an alert or by going away after our certificate. Other failures are
 * bytes that are no TLS. */
bool trace_tls_refused(const struct trace_record *r);

#endif
