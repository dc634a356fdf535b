/* forms: how a client writes, apart from what it says, for TAG_FORM: how it cuts what it sends, how hard it packs, what its first packet
 * looks like. Not for use outside of src/wire. */
#ifndef POSTERN_WIRE_FORMS_H
#define POSTERN_WIRE_FORMS_H

#include "base/buf.h"

/* How the bytes of one message came: pieces as they were read from the socket, TLS records of content. Zero it to begin with. */
struct pieces {
	unsigned reads;
	size_t first; /* bytes of the first read */
	unsigned records;
	size_t largest; /* record */
	uint64_t records_bytes;
	uint64_t plain;  /* bytes that were in the records */
	uint8_t head[5]; /* of a record that is not whole yet */
	unsigned have;   /* of its head */
	size_t left;     /* of its body */
	bool skip;       /* the next record of content is the end of a TLS 1.3 handshake */
};
/* Bytes of the socket; tls: they are a TLS stream. */
void pieces_wire(struct pieces *p, struct slice wire, bool tls);
void pieces_plain(struct pieces *p, size_t n);
/* Lines "pieces" and "first piece", or of TLS "tls records", "tls record" (the largest) and "tls overhead" (of each record, in bytes, if it
 * is the same in all); then the next message begins. */
void pieces_form(struct pieces *p, struct buf *form);

/* Of a body with a content coding: "zlib level", if that library makes the very same bytes of it, and "packed": the size as it was sent, in
 * 1/100000 of what zlib's level 6 makes of it. Returns the level, or -1. */
int coding_form(struct slice coding, struct slice body, struct slice plain, struct buf *form);

/* Of the IP and TCP headers of a first packet: "time to live", "service", "window", "options", "source port". */
void syn_form(struct slice headers, struct buf *form);
/* The same of a socket that was accepted on a listener with TCP_SAVE_SYN. */
void socket_form(int fd, struct buf *form);

#endif
