#include "base/encode.h"

#include "base/utf8.h"

static const char hex_digits[] = "0123456789abcdef";

void encode_hex(struct buf *out, struct slice in)
{
	uint8_t *to = in.n > SIZE_MAX / 2 ? NULL : buf_room(out, in.n * 2);
	if (!to)
		return;
	for (size_t i = 0; i < in.n; i++) {
		*to++ = (uint8_t)hex_digits[in.p[i] >> 4];
		*to++ = (uint8_t)hex_digits[in.p[i] & 15];
	}
	out->n += in.n * 2;
	out->p[out->n] = 0;
}

void encode_base64(struct buf *out, struct slice in, bool url_safe, bool pad)
{
	static const char common[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	for (size_t i = 0; i < in.n; i += 3) {
		size_t have = in.n - i < 3 ? in.n - i : 3;
		uint32_t v = 0;
		for (size_t k = 0; k < 3; k++)
			v = v << 8 | (k < have ? in.p[i + k] : 0u);
		for (size_t k = 0; k < 4; k++) {
			uint32_t d = v >> (18 - 6 * k) & 63;
			if (k > have) {
				if (pad)
					buf_u8(out, '=');
			} else if (d < 62) {
				buf_u8(out, (uint8_t)common[d]);
			} else {
				buf_u8(out, (uint8_t)(d == 62 ? (url_safe ? '-' : '+') : (url_safe ? '_' : '/')));
			}
		}
	}
}

void encode_percent(struct buf *out, struct slice in)
{
	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];
		if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
		        c == '~')
			buf_u8(out, c);
		else
			buf_fmt(out, "%%%02X", c);
	}
}

bool decode_hex(struct buf *out, struct slice in)
{
	if (in.n % 2)
		return false;
	for (size_t i = 0; i < in.n; i += 2) {
		int hi = hex_value(in.p[i]), lo = hex_value(in.p[i + 1]);
		if (hi < 0 || lo < 0)
			return false;
		buf_u8(out, (uint8_t)(hi << 4 | lo));
	}
	return true;
}

static int base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	if (c == '/' || c == '_')
		return 63;
	return -1;
}

bool decode_base64(struct buf *out, struct slice in)
{
	size_t n = in.n;
	while (n && in.n - n < 2 && in.p[n - 1] == '=')
		n--;
	if (n % 4 == 1 || (n != in.n && in.n % 4))
		return false;
	uint32_t v = 0;
	unsigned bits = 0;
	for (size_t i = 0; i < n; i++) {
		int d = base64_value(in.p[i]);
		if (d < 0)
			return false;
		v = v << 6 | (uint32_t)d;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_u8(out, (uint8_t)(v >> bits));
			v &= (1u << bits) - 1;
		}
	}
	return v == 0;
}

bool decode_base64_strict(struct slice in, uint8_t *out, size_t max, size_t *n)
{
	if (in.n % 4 || in.n / 4 > SIZE_MAX / 3)
		return false;
	size_t pad = in.n == 0 ? 0 : (size_t)(in.p[in.n - 1] == '=') + (in.p[in.n - 1] == '=' && in.p[in.n - 2] == '=');
	size_t size = in.n / 4 * 3 - pad, at = 0;
	if (size > max)
		return false;
	for (size_t i = 0; i < in.n; i += 4) {
		size_t have = i + 4 == in.n ? 4 - pad : 4;
		uint32_t v = 0;
		for (size_t k = 0; k < 4; k++) {
			int d = k >= have ? 0 : in.p[i + k] == '-' || in.p[i + k] == '_' ? -1 : base64_value(in.p[i + k]);
			if (d < 0)
				return false;
			v = v << 6 | (uint32_t)d;
		}
		/* What the padding stands for must be zero. */
		if (v & ((1u << 8 * (4 - have)) - 1))
			return false;
		for (size_t k = 0; k + 1 < have; k++, at++)
			if (out)
				out[at] = (uint8_t)(v >> (16 - 8 * k));
	}
	*n = size;
	return true;
}

bool decode_percent(struct buf *out, struct slice in)
{
	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] != '%') {
			buf_u8(out, in.p[i]);
			continue;
		}
		int hi = i + 1 < in.n ? hex_value(in.p[i + 1]) : -1, lo = i + 2 < in.n ? hex_value(in.p[i + 2]) : -1;
		if (hi < 0 || lo < 0)
			return false;
		buf_u8(out, (uint8_t)(hi << 4 | lo));
		i += 2;
	}
	return true;
}

void encode_json(struct buf *out, struct slice text)
{
	size_t from = 0; /* of what stands for itself */
	buf_u8(out, '"');
	for (size_t i = 0; i < text.n;) {
		uint32_t c = text.p[i];
		size_t n = c < 0x80 ? 1 : utf8_next(text, i, &c);
		if (n && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) {
			i += n;
			continue;
		}
		buf_add(out, slice_sub(text, from, i - from));
		if (n == 0)
			buf_str_add(out, "\xef\xbf\xbd");
		else
			buf_fmt(out, "\\u%04x", (unsigned)c);
		i += n ? n : 1;
		from = i;
	}
	buf_add(out, slice_from(text, from));
	buf_u8(out, '"');
}

void encode_shown(struct buf *out, struct slice in)
{
	for (size_t at = 0, n; at < in.n; at += n) {
		uint32_t c = 0;
		n = utf8_next(in, at, &c);
		bool plain = n && c >= 0x20 && !(c >= 0x7f && c < 0xa0);
		n = n ? n : 1;
		if (plain)
			buf_add(out, slice_sub(in, at, n));
		for (size_t i = 0; i < n && !plain; i++)
			buf_fmt(out, "\\x%02x", in.p[at + i]);
	}
}

void encode_json_string(struct buf *out, struct slice text)
{
	size_t from = 0; /* of what stands for itself */
	buf_u8(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] >= 0x20 && text.p[i] != '"' && text.p[i] != '\\')
			continue;
		buf_add(out, slice_sub(text, from, i - from));
		buf_fmt(out, "\\u%04x", text.p[i]);
		from = i + 1;
	}
	buf_add(out, slice_from(text, from));
	buf_u8(out, '"');
}
