/* http1: HTTP/1.x heads of requests and replies, and the chunked coding, RFC 9112. Pure, and lossless: every part is a span of the input,
 * so that case, order and spacing survive. Stricter than a lenient server: a line ends with CR LF only, no folding. */
#ifndef POSTERN_PARSE_HTTP1_H
#define POSTERN_PARSE_HTTP1_H

#include "base/buf.h"

#define HTTP1_FIELDS_MAX 128
#define HTTP1_HEAD_MAX   ((size_t)256 * 1024)

enum http1_status { HTTP1_OK, HTTP1_MORE, HTTP1_BAD };
enum http1_framing { HTTP1_NONE, HTTP1_LENGTH, HTTP1_CHUNKED };

struct http1_field {
	struct slice name, value; /* value without blanks at its ends */
};

struct http1_head {
	struct slice method, target, proto;
	struct slice field_bytes; /* exact bytes after the request line, with the empty line */
	struct http1_field field[HTTP1_FIELDS_MAX];
	size_t n_fields;
	size_t size; /* bytes of the head, with the empty line */
	enum http1_framing framing;
	uint64_t length;      /* with HTTP1_LENGTH */
	bool keep_alive;      /* by version and Connection */
	bool expect_continue; /* Expect: 100-continue */
	bool websocket;       /* asks for an upgrade to it */
};

/* Could these first bytes be a request line? OK: yes; MORE: not decidable yet; BAD: no. Only methods of capital letters and '-'. */
enum http1_status http1_looks(struct slice in);
/* Parses the head at the front of `in`. On BAD *reason is a static sentence and *at the offset; *out is only written on OK. */
enum http1_status http1_parse(struct slice in, struct http1_head *out, const char **reason, size_t *at);
/* The value of the first field of that name (any case); p is NULL if there is none. */
struct slice http1_field(const struct http1_head *h, const char *name);

/* The head of a reply. The fields are parsed with the same rules as those of a request. */
struct http1_reply {
	struct slice proto, reason; /* the reason phrase may be empty */
	int status;                 /* 100..999 */
	struct slice field_bytes;
	struct http1_field field[HTTP1_FIELDS_MAX];
	size_t n_fields;
	size_t size;
	enum http1_framing framing;
	uint64_t length;
	bool until_close; /* the body ends with the connection */
	bool keep_alive;
};

/* The same for the head of a reply to a request: method says whether it was a HEAD (RFC 9112, 6.3). A reply of status 1xx, 204 or 304 has
 * no body. */
enum http1_status http1_parse_reply(struct slice in, struct slice method, struct http1_reply *out, const char **reason, size_t *at);

/* The chunked coding, in pieces. Start with a zeroed struct. */
struct http1_chunked {
	uint8_t state;
	uint64_t left;
	size_t line; /* bytes of the current line, bounded */
	bool digit;
	bool blank;
	struct buf *lines; /* if not NULL: gets the lines with the sizes, and the trailer, as sent, until it is full (its error is taken
	                    * back) */
	struct buf
	        *trailer; /* if not NULL: gets the lines of the trailer but for the empty one at its end; what does not fit is HTTP1_BAD */
};
/* Consumes from `in` (*used bytes), appends content to out. Content that does not fit into out is counted in *lost (an error of
 * out is taken back). OK: the last chunk and the trailer were read; MORE: all input was used; BAD: *reason is set. */
enum http1_status http1_chunked(
        struct http1_chunked *c, struct slice in, size_t *used, struct buf *out, uint64_t *lost, const char **reason);
/* The lines of a trailer section, each with its end, by the rules that fields of a head have. OK: *n fields, borrowed; BAD: *reason is set.
 */
enum http1_status http1_trailer(struct slice lines, struct http1_field field[HTTP1_FIELDS_MAX], size_t *n, const char **reason);

#endif
