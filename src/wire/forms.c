#include "wire/forms.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <zlib.h>

#include "base/cursor.h"

/* -- pieces -- */

enum { RECORD_CONTENT = 0x17 };

static void record_done(struct pieces *p, size_t n)
{
	if (p->head[0] != RECORD_CONTENT)
		return;
	if (p->skip) {
		p->skip = false;
		return;
	}
	p->records++;
	p->records_bytes += n;
	p->largest = n > p->largest ? n : p->largest;
}

void pieces_wire(struct pieces *p, struct slice wire, bool tls)
{
	if (p->reads++ == 0)
		p->first = wire.n;
	for (size_t at = 0; tls && at < wire.n;) {
		if (p->left) {
			size_t n = wire.n - at < p->left ? wire.n - at : p->left;
			p->left -= n;
			at += n;
			continue;
		}
		p->head[p->have++] = wire.p[at++];
		if (p->have < sizeof(p->head))
			continue;
		p->have = 0;
		p->left = (size_t)p->head[3] << 8 | p->head[4];
		record_done(p, p->left);
	}
}

void pieces_plain(struct pieces *p, size_t n)
{
	p->plain += n;
}

void pieces_form(struct pieces *p, struct buf *form)
{
	/* A long body comes in as many reads as the moment gives; of TLS the records are the sender's own. */
	if (p->reads && !p->records)
		buf_fmt(form, "pieces=%u\nfirst piece=%zu\n", p->reads, p->first);
	if (p->records)
		buf_fmt(form, "tls records=%u\ntls record=%zu\n", p->records, p->largest);
	/* Padding hides sizes, and can say something itself. */
	uint64_t more = p->records_bytes - (p->plain < p->records_bytes ? p->plain : p->records_bytes);
	if (p->records && more % p->records == 0)
		buf_fmt(form, "tls overhead=%llu\n", (unsigned long long)(more / p->records));
	*p = (struct pieces){
	        .have = p->have, .left = p->left, .skip = p->skip, .head = {p->head[0], p->head[1], p->head[2], p->head[3], p->head[4]}};
}

/* -- content codings -- */

#define PACKED_MAX ((size_t)4 << 20) /* of the plain body: what is longer is not packed again */

/* Where the compressed data of a gzip stream begin (RFC 1952, 2.3). */
static struct slice deflate_of(struct slice body, bool gzip)
{
	struct cursor c = cursor_of(body);
	if (!gzip) {
		/* zlib's format has two bytes in front, if they add up (RFC 1950, 2.2); some clients send it bare. */
		bool zlib = body.n > 2 && (body.p[0] & 15) == 8 && ((unsigned)body.p[0] << 8 | body.p[1]) % 31 == 0;
		return zlib ? slice_sub(body, 2, body.n - (body.n > 6 ? 6 : 2)) : body;
	}
	(void)cursor_take(&c, 3);
	uint8_t flags = cursor_u8(&c);
	(void)cursor_take(&c, 6);
	if (flags & 4) {
		size_t n = cursor_u8(&c);
		(void)cursor_take(&c, n | (size_t)cursor_u8(&c) << 8);
	}
	for (unsigned bit = 8; bit <= 16; bit <<= 1)
		while (flags & bit && cursor_ok(&c) && cursor_u8(&c))
			;
	if (flags & 2)
		(void)cursor_take(&c, 2);
	if (!cursor_ok(&c) || cursor_left(&c) < 8)
		return SLICE_NONE;
	return slice_sub(body, c.at, cursor_left(&c) - 8);
}

/* Does zlib at this level make exactly these bytes? *size is how many it makes, if it was not stopped by the first difference. */
static bool packs_to(struct slice plain, int level, int memory, const struct slice *wanted, size_t *size)
{
	uint8_t out[16384];
	z_stream z = {.next_in = (Bytef *)(uintptr_t)plain.p, .avail_in = (uInt)plain.n};
	size_t n = 0;
	bool same = true;
	int r = Z_OK;
	if (deflateInit2(&z, level, Z_DEFLATED, -15, memory, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	while (r == Z_OK && (same || !wanted)) {
		z.next_out = out;
		z.avail_out = sizeof(out);
		r = deflate(&z, Z_FINISH);
		size_t got = sizeof(out) - z.avail_out;
		if (wanted)
			same = n + got <= wanted->n && memcmp(wanted->p + n, out, got) == 0;
		n += got;
	}
	(void)deflateEnd(&z);
	if (size)
		*size = n;
	return same && r == Z_STREAM_END && (!wanted || n == wanted->n);
}

int coding_form(struct slice coding, struct slice body, struct slice plain, struct buf *form)
{
	/* The defaults first; of a short body many levels make the same bytes, and then the first of them says no more than the others. */
	static const int levels[] = {6, 9, 1, 5, 4, 3, 8, 7, 2};
	bool gzip = slice_eq_nocase(coding, SLICE("gzip")) || slice_eq_nocase(coding, SLICE("x-gzip"));
	bool zlib = gzip || slice_eq_nocase(coding, SLICE("deflate"));
	size_t usual = 0;
	if (plain.n == 0 || plain.n > PACKED_MAX || !packs_to(plain, 6, 8, NULL, &usual) || usual == 0)
		return -1;
	buf_fmt(form, "packed=%llu\n", (unsigned long long)body.n * 100000 / usual);
	struct slice data = zlib ? deflate_of(body, gzip) : SLICE_NONE;
	for (size_t i = 0; data.p && i < ARRAY_LEN(levels); i++)
		for (int memory = 8; memory <= 9; memory++)
			if (packs_to(plain, levels[i], memory, &data, NULL)) {
				buf_fmt(form, "zlib level=%d\n", levels[i]);
				return levels[i];
			}
	return -1;
}

/* -- the first packet -- */

static void options_form(struct slice options, struct buf *form)
{
	struct cursor c = cursor_of(options);
	buf_str_add(form, "options=");
	while (cursor_left(&c)) {
		uint8_t kind = cursor_u8(&c);
		buf_fmt(form, "%u", kind);
		if (kind == 0)
			break;
		if (kind != 1) {
			size_t n = cursor_u8(&c);
			struct slice value = cursor_take(&c, n >= 2 ? n - 2 : 0);
			if (!cursor_ok(&c) || n < 2)
				break;
			/* The largest segment and the scale of the window; a time stamp and what is random say nothing here. */
			for (size_t i = 0; (kind == 2 || kind == 3) && i < value.n; i++)
				buf_fmt(form, "%s%02x", i ? "" : ":", value.p[i]);
		}
		buf_str_add(form, cursor_left(&c) ? "," : "");
	}
	buf_u8(form, '\n');
}

void syn_form(struct slice headers, struct buf *form)
{
	struct cursor c = cursor_of(headers);
	uint8_t first = headers.n ? headers.p[0] : 0;
	unsigned life, service;
	if (first >> 4 == 4) {
		struct slice ip = cursor_take(&c, (size_t)(first & 15) * 4);
		if (ip.n < 20)
			return;
		life = ip.p[8];
		service = ip.p[1];
	} else {
		struct slice ip = cursor_take(&c, 40);
		if (ip.n < 40)
			return;
		life = ip.p[7];
		service = ((unsigned)ip.p[0] << 4 | ip.p[1] >> 4) & 0xff;
	}
	uint16_t port = cursor_be16(&c);
	(void)cursor_take(&c, 10);
	size_t size = (size_t)(cursor_u8(&c) >> 4) * 4;
	(void)cursor_u8(&c);
	uint16_t window = cursor_be16(&c);
	(void)cursor_take(&c, 4);
	struct slice options = cursor_take(&c, size > 20 ? size - 20 : 0);
	if (!cursor_ok(&c))
		return;
	buf_fmt(form, "time to live=%u\nservice=%02x\nwindow=%u\n", life, service, window);
	options_form(options, form);
	buf_fmt(form, "source port=%04x\n", port);
}

void socket_form(int fd, struct buf *form)
{
	uint8_t headers[256];
	socklen_t n = sizeof(headers);
	if (getsockopt(fd, IPPROTO_TCP, TCP_SAVED_SYN, headers, &n) == 0)
		syn_form(slice_of(headers, n), form);
}
