#include "inspect/scan_unpack.h"

#include <limits.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "sys/lib_unpack.h"

#define STEP            ((size_t)256 * 1024)
#define LZMA_MEMORY     ((uint64_t)160 << 20) /* a dictionary of 128 MiB, which is twice what the highest setting of xz has */
#define ZSTD_WINDOW_LOG 27
#define SKIPS           64u

/* zstd, and LZ4 as well, pass over stretches that begin so: 16 marks, then the length. */
static size_t skippable(struct slice in)
{
	if (in.n < 8 || (in.p[0] & 0xf0) != 0x50 || in.p[1] != 0x2a || in.p[2] != 0x4d || in.p[3] != 0x18)
		return 0;
	uint64_t n = 8 + slice_le(slice_sub(in, 4, 4));
	return n < in.n ? (size_t)n : in.n;
}

static bool zlib_head(struct slice b)
{
	return b.n > 6 && (b.p[0] & 0x0f) == 8 && b.p[0] >> 4 <= 7 && (b.p[0] << 8 | b.p[1]) % 31 == 0 && !(b.p[1] & 0x20);
}

/* Properties as all programs write them, a dictionary of a round size, and a size that is not known or is one. */
static bool lzma_head(struct slice b)
{
	if (b.n < 14 || b.p[0] != 0x5d || b.p[13] != 0)
		return false;
	uint64_t dictionary = slice_le(slice_sub(b, 1, 4)), size = slice_le(slice_sub(b, 5, 8));
	return dictionary >= 4096 && (dictionary & 0xfff) == 0 && (size == UINT64_MAX || size < (uint64_t)1 << 38);
}

size_t scan_packing_skips(struct slice in)
{
	size_t at = 0;
	for (size_t n = 0, i = 0; i < SKIPS && (n = skippable(slice_from(in, at))) > 0; i++)
		at += n;
	return at;
}

enum scan_packing scan_packing_of(struct slice in)
{
	static const struct {
		struct slice mark;
		enum scan_packing packing;
	} rows[] = {
	        {SLICE_INIT("\xfd"
	                    "7zXZ\0"),
	                SCAN_PACKED_XZ},
	        {SLICE_INIT("\x28\xb5\x2f\xfd"), SCAN_PACKED_ZSTD},
	        {SLICE_INIT("\x04\x22\x4d\x18"), SCAN_PACKED_LZ4},
	        {SLICE_INIT("\x02\x21\x4c\x18"), SCAN_PACKED_LZ4}, /* of old, as the kernel has it */
	        {SLICE_INIT("LZIP\1"), SCAN_PACKED_LZIP},
	};
	in = slice_from(in, scan_packing_skips(in));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_starts(in, rows[i].mark))
			return rows[i].packing;
	if (in.n > 18 && in.p[0] == 0x1f && in.p[1] == 0x8b && in.p[2] == 8)
		return SCAN_PACKED_GZIP;
	if (in.n > 13 && slice_starts(in, SLICE("BZh")) && in.p[3] >= '1' && in.p[3] <= '9' &&
	        (slice_starts(slice_from(in, 4), SLICE("1AY&SY")) || slice_starts(slice_from(in, 4), SLICE("\x17\x72\x45\x38\x50\x90"))))
		return SCAN_PACKED_BZIP2;
	if (in.n > 5 && in.p[0] == 0x1f && in.p[1] == 0x9d && !(in.p[2] & 0x60))
		return SCAN_PACKED_COMPRESS;
	return zlib_head(in) ? SCAN_PACKED_ZLIB : lzma_head(in) ? SCAN_PACKED_LZMA : SCAN_PACKED_NOT;
}

const char *scan_packing_name(enum scan_packing p)
{
	static const char *const names[SCAN_PACKINGS] = {"", "gzip", "zlib", "xz", "lzma", "bzip2", "zstd", "lz4", "lzip", "compress"};
	return p < SCAN_PACKINGS ? names[p] : "";
}

bool scan_packing_is_apart(enum scan_packing p)
{
	return p > SCAN_PACKED_ZLIB && p != SCAN_PACKED_ZSTD;
}

/* Where the next piece goes, at most STEP bytes; NULL: the buffer is full. */
static uint8_t *room(struct buf *out, size_t *n)
{
	*n = out->max - out->n < STEP ? out->max - out->n : STEP;
	return *n ? buf_room(out, *n) : NULL;
}

static enum zip_content lzma(enum scan_packing p, struct slice in, struct buf *out, size_t *used)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret code = p == SCAN_PACKED_XZ ? lzma_stream_decoder(&s, LZMA_MEMORY, 0) : lzma_alone_decoder(&s, LZMA_MEMORY);
	enum zip_content r = ZIP_WHOLE;
	s.next_in = in.p;
	s.avail_in = in.n;
	while (code == LZMA_OK) {
		size_t n;
		uint8_t *to = room(out, &n);
		if (!to) {
			r = ZIP_LARGE;
			break;
		}
		s.next_out = to;
		s.avail_out = n;
		/* What is not there is cut: LZMA_BUF_ERROR when nothing moves any more. */
		code = lzma_code(&s, LZMA_RUN);
		out->n += n - s.avail_out;
	}
	if (r == ZIP_WHOLE && code != LZMA_STREAM_END)
		r = code == LZMA_MEMLIMIT_ERROR || code == LZMA_MEM_ERROR || code == LZMA_OPTIONS_ERROR ? ZIP_UNREAD : ZIP_BROKEN;
	*used = in.n - s.avail_in;
	lzma_end(&s);
	return r;
}

static enum zip_content bzip2(struct slice in, struct buf *out, size_t *used)
{
	bz_stream s = {0};
	enum zip_content r = ZIP_BROKEN;
	size_t at = 0;
	if (BZ2_bzDecompressInit(&s, 0, 0) != BZ_OK)
		return ZIP_UNREAD;
	for (;;) {
		size_t n;
		uint8_t *to = room(out, &n);
		if (!to) {
			r = ZIP_LARGE;
			break;
		}
		if (s.avail_in == 0 && at < in.n) {
			s.next_in = (char *)(uintptr_t)(in.p + at);
			s.avail_in = in.n - at > UINT_MAX ? UINT_MAX : (unsigned)(in.n - at);
			at += s.avail_in;
		}
		s.next_out = (char *)to;
		s.avail_out = (unsigned)n;
		int code = BZ2_bzDecompress(&s);
		size_t got = n - s.avail_out;
		out->n += got;
		if (code == BZ_STREAM_END) {
			r = ZIP_WHOLE;
			break;
		}
		if (code == BZ_MEM_ERROR)
			r = ZIP_UNREAD;
		if (code != BZ_OK || (got == 0 && s.avail_in == 0 && at >= in.n))
			break;
	}
	*used = at - s.avail_in;
	(void)BZ2_bzDecompressEnd(&s);
	return r;
}

static enum zip_content zstd(struct slice in, struct buf *out, size_t *used)
{
	ZSTD_DCtx *d = ZSTD_createDCtx();
	enum zip_content r = ZIP_BROKEN;
	if (!d)
		return ZIP_UNREAD;
	(void)ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	ZSTD_inBuffer from = {in.p, in.n, 0};
	for (;;) {
		size_t n, before = from.pos;
		uint8_t *at = room(out, &n);
		if (!at) {
			r = ZIP_LARGE;
			break;
		}
		ZSTD_outBuffer to = {at, n, 0};
		size_t code = ZSTD_decompressStream(d, &to, &from);
		out->n += to.pos;
		if (ZSTD_isError(code)) {
			ZSTD_ErrorCode why = ZSTD_getErrorCode(code);
			if (why == ZSTD_error_frameParameter_windowTooLarge || why == ZSTD_error_memory_allocation ||
			        why == ZSTD_error_dictionary_wrong)
				r = ZIP_UNREAD;
			break;
		}
		if (code == 0) {
			r = ZIP_WHOLE;
			break;
		}
		if (to.pos == 0 && from.pos == before)
			break;
	}
	*used = from.pos;
	(void)ZSTD_freeDCtx(d);
	return r;
}

enum zip_content scan_unpack_member(struct archive *a, struct buf *out)
{
	for (enum zip_content got = ZIP_WHOLE;;) {
		const void *p = NULL;
		size_t n = 0;
		la_int64_t offset;
		int r = archive_read_data_block(a, &p, &n, &offset);
		if (r == ARCHIVE_EOF)
			return got;
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			return ZIP_BROKEN;
		/* The last piece comes with a warning if the checksum is another. */
		got = r == ARCHIVE_WARN ? ZIP_BAD_CRC : got;
		buf_add(out, slice_sub(slice_of(p, n), 0, out->max - out->n));
		if (buf_error(out) || out->n == out->max)
			return ZIP_LARGE;
	}
}

/* What libarchive reads as a file of one member. It says nothing of where a stream ends. */
static enum zip_content raw(enum scan_packing packing, struct slice in, struct buf *out, size_t *used)
{
	struct archive *a = archive_read_new();
	struct archive_entry *e;
	enum zip_content r = ZIP_UNREAD;
	*used = in.n;
	if (!a || archive_read_support_format_raw(a) != ARCHIVE_OK)
		goto out;
	int filter = packing == SCAN_PACKED_LZ4    ? archive_read_support_filter_lz4(a)
	             : packing == SCAN_PACKED_LZIP ? archive_read_support_filter_lzip(a)
	                                           : archive_read_support_filter_compress(a);
	if (filter != ARCHIVE_OK)
		goto out;
	r = ZIP_BROKEN;
	if (archive_read_open_memory(a, in.p, in.n) != ARCHIVE_OK || archive_read_next_header(a, &e) != ARCHIVE_OK)
		goto out;
	r = scan_unpack_member(a, out);
	/* Such streams have no checksum of a member: what is warned of is damage. */
	r = r == ZIP_BAD_CRC ? ZIP_BROKEN : r;
out:
	(void)archive_read_free(a);
	return r;
}

enum zip_content scan_unpack(enum scan_packing p, struct slice in, struct buf *out, size_t *used)
{
	*used = 0;
	if (scan_packing_is_apart(p) && !lib_unpack_loaded())
		return ZIP_UNREAD;
	switch (p) {
	case SCAN_PACKED_GZIP:
	case SCAN_PACKED_ZLIB:
		return zip_inflate(in, p == SCAN_PACKED_GZIP ? INFLATE_GZIP : INFLATE_ZLIB, out, used);
	case SCAN_PACKED_XZ:
	case SCAN_PACKED_LZMA:
		return lzma(p, in, out, used);
	case SCAN_PACKED_BZIP2:
		return bzip2(in, out, used);
	case SCAN_PACKED_ZSTD:
		return zstd(in, out, used);
	case SCAN_PACKED_LZ4:
	case SCAN_PACKED_LZIP:
	case SCAN_PACKED_COMPRESS:
		return raw(p, in, out, used);
	case SCAN_PACKED_NOT:
		break;
	}
	return ZIP_UNREAD;
}
