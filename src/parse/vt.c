#include "parse/vt_part.h"

#include "base/utf8.h"

enum { ESC = 0x1b, CAN = 0x18, SUB = 0x1a, BEL = 0x07, DEL = 0x7f };

void vt_init(struct vt *v, bool ascii)
{
	*v = (struct vt){.ascii = ascii, .left = {.set = {'B', 'B'}}, .questions = 1u << 20, .bells = 1u << 20};
	size_t n;
	const struct vt_rule *r = vt_rules(&n);
	while (n-- > 0)
		v->first[r[n].kind] = (uint16_t)n;
}

static void unknown(struct vt *v, struct buf *out)
{
	v->removed++;
	buf_add(out, v->ascii ? SLICE("?") : SLICE("\xef\xbf\xbd"));
}

/* A well-formed character of more than one byte. */
static void character(struct vt *v, uint32_t c, struct slice bytes, struct buf *out)
{
	/* All that is not text lies in these few ranges. */
	if (c <= 0x9f)
		unknown(v, out);
	else if ((c - 0x2000 <= 0x6f || c - 0xe0000 <= 0x7f) && vt_rule(v, VT_KIND_CHARACTER, c))
		v->removed++;
	else if (v->ascii)
		buf_u8(out, '?');
	else
		buf_add(out, bytes);
}

static void control_byte(struct vt *v, uint8_t b, struct buf *out)
{
	const struct vt_rule *r = vt_rule(v, VT_KIND_BYTE, b);
	enum vt_verdict verdict = r ? r->verdict : VT_DROP;
	if (verdict == VT_BELL && v->bells) {
		v->bells--;
		verdict = VT_PASS;
	} else if (verdict == VT_SHIFT) {
		v->left.shifted = b == 0x0e;
		verdict = VT_PASS;
	}
	if (verdict == VT_PASS)
		buf_u8(out, b);
	else
		v->removed++;
}

/* How many bytes a character has that begins with b; 0: none begins so. */
static unsigned utf8_length(uint8_t b)
{
	return b < 0xc2 ? 0 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : b < 0xf5 ? 4 : 0;
}

/* Whether b may be the second byte after `lead`; the third and fourth are free from 80 to bf. */
static bool utf8_second(uint8_t lead, uint8_t b)
{
	uint8_t least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80, most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	return b >= least && b <= most;
}

/* A byte from 0x80 on, or one that comes after the beginning of a character. False: b must be looked at again. */
static bool text_byte(struct vt *v, uint8_t b, struct buf *out)
{
	if (!v->utf8_n) {
		if (utf8_length(b))
			v->utf8[v->utf8_n++] = b;
		else
			unknown(v, out);
		return true;
	}
	if (v->utf8_n == 1 ? !utf8_second(v->utf8[0], b) : (b & 0xc0) != 0x80) {
		/* One mark for the longest beginning of a character that it could have been. */
		unknown(v, out);
		v->utf8_n = 0;
		return false;
	}
	v->utf8[v->utf8_n++] = b;
	if (v->utf8_n == utf8_length(v->utf8[0])) {
		struct slice bytes = slice_of(v->utf8, v->utf8_n);
		uint32_t c = 0xfffd;
		(void)utf8_next(bytes, 0, &c);
		v->utf8_n = 0;
		character(v, c, bytes, out);
	}
	return true;
}

static void begin(struct vt *v, enum vt_state state, uint8_t introducer)
{
	v->state = state;
	v->introducer = introducer;
	v->n = 0;
	v->over = false;
}

static void collect(struct vt *v, uint8_t b)
{
	if (v->n < sizeof(v->seq))
		v->seq[v->n++] = b;
	else
		v->over = true;
}

static void give_up(struct vt *v)
{
	v->removed++;
	v->state = VT_GROUND;
}

/* ESC, and what may stand before its last byte. */
static bool in_escape(struct vt *v, uint8_t b, struct buf *out)
{
	if (b <= 0x2f) {
		collect(v, b);
		return true;
	}
	if (!v->n && b == '[') {
		begin(v, VT_CONTROL, b);
	} else if (!v->n && (b == ']' || b == 'P' || b == 'X' || b == '^' || b == '_' || b == 'k')) {
		begin(v, VT_STRING, b);
	} else {
		v->state = VT_GROUND;
		vt_escape(v, b, out);
	}
	return true;
}

static bool in_control(struct vt *v, uint8_t b, struct buf *out)
{
	if (b < 0x40) {
		collect(v, b);
		return true;
	}
	v->state = VT_GROUND;
	vt_control(v, b, out);
	return true;
}

static bool is_hex(uint8_t b)
{
	return (b >= '0' && b <= '9') || (b >= 'a' && b <= 'f') || (b >= 'A' && b <= 'F');
}

static bool in_string(struct vt *v, uint8_t b, struct buf *out)
{
	if (b == BEL && (v->introducer == ']' || v->introducer == 'k')) {
		v->state = VT_GROUND;
		vt_string(v, out);
		return true;
	}
	/* The Linux console's palette has no end: R alone, or P and seven digits. */
	if (v->introducer == ']' && v->n && v->seq[0] == 'P' && v->n < 8 && !is_hex(b)) {
		give_up(v);
		return false;
	}
	collect(v, b);
	if (v->introducer == ']' && ((v->n == 1 && b == 'R') || (v->n == 8 && v->seq[0] == 'P')))
		give_up(v);
	return true;
}

/* One byte; false: it ended something that it does not belong to, and must be looked at again. */
static bool step(struct vt *v, uint8_t b, struct buf *out)
{
	if (v->utf8_n || (v->state == VT_GROUND && b >= 0x80))
		return text_byte(v, b, out);
	if (v->state == VT_STRING_ESCAPE) {
		if (b == '\\') {
			v->state = VT_GROUND;
			vt_string(v, out);
			return true;
		}
		/* Whatever else follows ESC begins anew, and the string was none. */
		v->removed++;
		begin(v, VT_ESCAPE, 0);
		return false;
	}
	if (b == ESC) {
		if (v->state == VT_STRING) {
			v->state = VT_STRING_ESCAPE;
		} else {
			v->removed += v->state != VT_GROUND;
			begin(v, VT_ESCAPE, 0);
		}
		return true;
	}
	if (v->state == VT_GROUND) {
		if (b < 0x20 || b == DEL)
			control_byte(v, b, out);
		else
			buf_u8(out, b);
		return true;
	}
	if (b == CAN || b == SUB) {
		give_up(v);
		return true;
	}
	if (v->state == VT_STRING)
		return in_string(v, b, out);
	/* Terminals obey control bytes in the middle of a sequence, and so it is then. */
	if (b < 0x20) {
		control_byte(v, b, out);
		return true;
	}
	if (b == DEL)
		return true;
	if (b >= 0x80) {
		give_up(v);
		return false;
	}
	return v->state == VT_ESCAPE ? in_escape(v, b, out) : in_control(v, b, out);
}

/* Where, from `at` on, the bytes end that pass as they are and mean nothing more: printable ASCII and line ends. */
static size_t plain(struct slice in, size_t at)
{
	const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
	for (;;) {
		while (at + 8 <= in.n) {
			uint64_t x, y;
			memcpy(&x, in.p + at, 8);
			y = x ^ (ones * DEL);
			if ((x | ((x - ones * 0x20) & ~x) | ((y - ones) & ~y)) & tops)
				break;
			at += 8;
		}
		for (; at < in.n; at++) {
			uint8_t b = in.p[at];
			if ((b < 0x20 && b != '\n' && b != '\r') || b >= DEL)
				return at;
			if (b < 0x20)
				break;
		}
		if (at == in.n)
			return at;
		at++;
	}
}

void vt_feed(struct vt *v, struct slice in, struct buf *out)
{
	size_t at = 0;
	while (at < in.n) {
		if (v->state == VT_GROUND && !v->utf8_n) {
			size_t to = plain(in, at);
			if (to > at) {
				buf_add(out, slice_sub(in, at, to - at));
				at = to;
				continue;
			}
			uint32_t c;
			size_t n = in.p[at] >= 0x80 ? utf8_next(in, at, &c) : 0;
			if (n) {
				character(v, c, slice_sub(in, at, n), out);
				at += n;
				continue;
			}
		}
		if (step(v, in.p[at], out))
			at++;
	}
}

void vt_end(struct vt *v, struct buf *out)
{
	if (v->utf8_n)
		unknown(v, out);
	v->removed += v->state != VT_GROUND;
	v->utf8_n = 0;
	v->state = VT_GROUND;
	vt_leave(v, out);
	for (unsigned i = 0; i < v->left.titles; i++)
		buf_str_add(out, "\033[23;0t");
	v->left = (struct vt_left){.set = {'B', 'B'}};
}
