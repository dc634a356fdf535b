/* ws: WebSocket frames, RFC 6455. Pure. */
#ifndef POSTERN_PARSE_WS_H
#define POSTERN_PARSE_WS_H

#include "base/buf.h"

enum ws_status { WS_OK, WS_MORE, WS_BAD };
enum { WS_CONTINUE = 0, WS_TEXT = 1, WS_BINARY = 2, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

struct ws_frame {
	bool fin;
	bool masked;
	unsigned opcode;
	uint8_t mask[4];
	struct slice payload; /* as sent, still masked; borrowed */
	size_t size;          /* of the whole frame */
};

/* The frame at the front of `in`. from_client: it must be masked, else it must not be. BAD: reserved bits or opcodes, a control frame
 * that is fragmented or longer than 125, a length that is not the shortest form or passes max; *reason is static. */
enum ws_status ws_parse(struct slice in, bool from_client, size_t max, struct ws_frame *out, const char **reason);
/* Appends the payload without its mask. */
void ws_payload(struct buf *out, const struct ws_frame *f);
/* Appends an unmasked frame, whole. */
void ws_write(struct buf *out, unsigned opcode, struct slice payload);

#endif
