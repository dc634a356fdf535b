/* Compressed streams: gzip and zlib, as joblib and many others wrap what they store. */
#include "inspect/scan_part.h"
#include "parse/zip.h"

#define PROBE ((size_t)64 * 1024)

static bool zlib_head(struct slice b)
{
	return b.n > 6 && (b.p[0] & 0x0f) == 8 && b.p[0] >> 4 <= 7 && (b.p[0] << 8 | b.p[1]) % 31 == 0 && !(b.p[1] & 0x20);
}

static bool gzip_head(struct slice b)
{
	return b.n > 18 && b.p[0] == 0x1f && b.p[1] == 0x8b && b.p[2] == 8;
}

bool scan_packed_claims(struct scan *s, const struct scan_input *in)
{
	size_t used;
	if (gzip_head(in->bytes))
		return true;
	/* Two bytes are no proof: some of it must unpack. */
	if (!zlib_head(in->bytes) || scan_room(s, PROBE) == 0)
		return false;
	_cleanup_buf_ struct buf out = BUF(PROBE);
	return zip_inflate(in->bytes, INFLATE_ZLIB, &out, &used) != ZIP_BROKEN && out.n > 0;
}

void scan_packed_look(struct scan *s, const struct scan_input *in)
{
	bool gzip = gzip_head(in->bytes);
	size_t at = 0;
	/* gzip members stand one behind the other and are one stream. */
	_cleanup_buf_ struct buf out = BUF(scan_room(s, SIZE_MAX / 4));
	enum zip_content r = ZIP_BROKEN;
	for (;;) {
		size_t used = 0, before = out.n;
		r = zip_inflate(slice_from(in->bytes, at), gzip ? INFLATE_GZIP : INFLATE_ZLIB, &out, &used);
		if (r == ZIP_BROKEN && at > 0)
			out.n = before;
		if (r != ZIP_WHOLE)
			break;
		at += used;
		if (!gzip || !gzip_head(slice_from(in->bytes, at)))
			break;
	}
	scan_unpacked(s, out.n);
	if (out.n)
		(void)scan_into(s, in, gzip ? "gzip" : "zlib", buf_slice(&out), r == ZIP_LARGE ? (uint64_t)out.n + 1 : out.n, in->quiet);
	if (r == ZIP_LARGE)
		scan_found(s, in, SCAN_RULE_LIMIT, 0, in->size, "it unpacks to more than %llu bytes", (unsigned long long)out.n);
	else if (r == ZIP_BROKEN && !in->quiet)
		scan_found(s, in, SCAN_RULE_ZIP_UNREAD, at, in->bytes.n - at, "damaged after %llu bytes", (unsigned long long)out.n);
	else if (at < in->bytes.n && !scan_zeros(slice_from(in->bytes, at)) && !in->quiet)
		scan_found(s, in, SCAN_RULE_TRAILING, at, in->bytes.n - at, "%zu bytes", in->bytes.n - at);
}
