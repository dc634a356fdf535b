/* Compressed streams, as joblib and many others wrap what they store: gzip, zlib, xz, bzip2, zstd and others. */
#include "inspect/scan_part.h"
#include "inspect/scan_unpack.h"

#define PROBE ((size_t)64 * 1024)

/* Damaged bytes prove nothing, but a name may say what they were: of a pickle that is cut off a loader runs the front all the same. */
static bool called_packed(const struct scan_input *in)
{
	static const char *const suffixes[] = {".z", ".zz", ".zlib", ".lzma", ".joblib", ".pkl", ".pickle", ".pt", ".pth", ".bin", ".ckpt"};
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (scan_has_suffix(in->name, suffixes[i]))
			return true;
	return false;
}

bool scan_packed_claims(struct scan *s, const struct scan_input *in)
{
	enum scan_packing p = scan_packing_of(in->bytes);
	size_t used;
	if (p != SCAN_PACKED_ZLIB && p != SCAN_PACKED_LZMA)
		return p != SCAN_PACKED_NOT;
	/* A few bytes are no proof: some of it must unpack. */
	if (scan_room(s, PROBE) == 0)
		return false;
	_cleanup_buf_ struct buf out = BUF(PROBE);
	enum zip_content r = scan_unpack(p, in->bytes, &out, &used);
	if (p == SCAN_PACKED_LZMA && r == ZIP_UNREAD)
		scan_needs_unpack(s);
	return out.n > 0 && (r != ZIP_BROKEN || called_packed(in));
}

/* Zeros that xz may have behind a stream, four at a time. */
static size_t padding(enum scan_packing p, struct slice rest)
{
	size_t n = 0;
	while (p == SCAN_PACKED_XZ && n + 4 <= rest.n && scan_zeros(slice_sub(rest, n, 4)))
		n += 4;
	return n;
}

void scan_packed_look(struct scan *s, const struct scan_input *in)
{
	enum scan_packing p = scan_packing_of(in->bytes);
	size_t at = 0;
	/* Streams of one kind stand one behind the other and are one file. */
	bool several = p != SCAN_PACKED_ZLIB && p != SCAN_PACKED_LZMA;
	_cleanup_buf_ struct buf out = BUF(scan_room(s, SIZE_MAX / 4));
	enum zip_content r = ZIP_BROKEN;
	if (scan_packing_is_apart(p) && !scan_can_unpack(s, in))
		return;
	while (scan_steps(s, in, 1)) {
		size_t used = 0;
		r = scan_unpack(p, slice_from(in->bytes, at), &out, &used);
		if (r != ZIP_WHOLE || used == 0)
			break;
		at += used;
		at += padding(p, slice_from(in->bytes, at));
		if (!several || scan_packing_of(slice_from(in->bytes, at)) != p)
			break;
	}
	at += p == SCAN_PACKED_ZSTD ? scan_packing_skips(slice_from(in->bytes, at)) : 0;
	scan_unpacked(s, out.n);
	if (out.n)
		(void)scan_into(s, in, scan_packing_name(p), buf_slice(&out), r == ZIP_WHOLE ? out.n : (uint64_t)out.n + 1, in->quiet);
	if (r == ZIP_LARGE)
		scan_found(s, in, SCAN_RULE_LIMIT, 0, in->size, "it unpacks to more than %llu bytes", (unsigned long long)out.n);
	else if (r != ZIP_WHOLE && !in->quiet)
		scan_found(s, in, SCAN_RULE_ZIP_UNREAD, at, in->bytes.n - at, "%s after %llu bytes",
		        r == ZIP_BROKEN ? "damaged" : "more memory is wanted than there may be, or another way of packing is used",
		        (unsigned long long)out.n);
	else if (at < in->bytes.n && !scan_zeros(slice_from(in->bytes, at)) && !in->quiet)
		scan_found(s, in, SCAN_RULE_TRAILING, at, in->bytes.n - at, "%zu bytes", in->bytes.n - at);
}
