#include <brotli/decode.h>
#include <errno.h>
#include <zlib.h>
#include <zstd.h>

#include "wire/conn.h"

#define CODINGS_MAX     3
#define ZSTD_WINDOW_LOG 24 /* 16 MiB: what a client may make us hold */

/* Room for the next piece of output, or 0 when the maximum is reached. */
static size_t room(struct buf *out)
{
	size_t n = out->max - out->n;
	if (n > 65536)
		n = 65536;
	return n && buf_room(out, n) ? n : 0;
}

static int inflate_with(int window, struct slice in, struct buf *out, uint64_t *lost)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.n};
	if (inflateInit2(&z, window) != Z_OK)
		return -ENOMEM;
	int r = Z_OK, result = 0;
	while (r == Z_OK) {
		size_t n = room(out);
		if (!n) {
			*lost += z.avail_in + 1u;
			result = -ENOBUFS;
			break;
		}
		z.next_out = out->p + out->n;
		z.avail_out = (uInt)n;
		r = inflate(&z, Z_NO_FLUSH);
		out->n += n - z.avail_out;
		/* gzip allows members one after the other. */
		if (r == Z_STREAM_END && z.avail_in && window > 15)
			r = inflateReset(&z);
	}
	(void)inflateEnd(&z);
	return result ? result : r == Z_STREAM_END ? 0 : -EBADMSG;
}

static int decode_gzip(struct slice in, struct buf *out, uint64_t *lost)
{
	return inflate_with(15 + 16, in, out, lost);
}

/* "deflate" is zlib's format; some clients send it bare. */
static int decode_deflate(struct slice in, struct buf *out, uint64_t *lost)
{
	size_t before = out->n;
	int r = inflate_with(15, in, out, lost);
	if (r != -EBADMSG)
		return r;
	out->n = before;
	return inflate_with(-15, in, out, lost);
}

static int decode_br(struct slice in, struct buf *out, uint64_t *lost)
{
	BrotliDecoderState *s = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	if (!s)
		return -ENOMEM;
	size_t left = in.n;
	const uint8_t *p = in.p;
	BrotliDecoderResult r = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
	while (r == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
		size_t n = room(out);
		if (!n)
			break;
		size_t avail = n;
		uint8_t *to = out->p + out->n;
		r = BrotliDecoderDecompressStream(s, &left, &p, &avail, &to, NULL);
		out->n += n - avail;
	}
	BrotliDecoderDestroyInstance(s);
	if (r == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
		*lost += left + 1;
		return -ENOBUFS;
	}
	return r == BROTLI_DECODER_RESULT_SUCCESS && left == 0 ? 0 : -EBADMSG;
}

static int decode_zstd(struct slice in, struct buf *out, uint64_t *lost)
{
	ZSTD_DCtx *d = ZSTD_createDCtx();
	if (!d)
		return -ENOMEM;
	(void)ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG);
	ZSTD_inBuffer from = {in.p, in.n, 0};
	size_t r = 1;
	int result = 0;
	for (;;) {
		size_t n = room(out);
		if (!n) {
			*lost += in.n - from.pos + 1;
			result = -ENOBUFS;
			break;
		}
		ZSTD_outBuffer to = {out->p + out->n, n, 0};
		size_t before = from.pos;
		r = ZSTD_decompressStream(d, &to, &from);
		out->n += to.pos;
		if (ZSTD_isError(r) || (r == 0 && from.pos == in.n))
			break;
		if (to.pos == 0 && from.pos == before) { /* wants more input than there is */
			result = -EBADMSG;
			break;
		}
	}
	(void)ZSTD_freeDCtx(d);
	return result ? result : ZSTD_isError(r) ? -EBADMSG : 0;
}

static const struct {
	const char *name;
	int (*decode)(struct slice in, struct buf *out, uint64_t *lost);
} codings[] = {
        {"gzip", decode_gzip},
        {"x-gzip", decode_gzip},
        {"deflate", decode_deflate},
        {"br", decode_br},
        {"zstd", decode_zstd},
};

static int decode_one(struct slice coding, struct slice in, struct buf *out, uint64_t *lost, const char **reason)
{
	for (size_t i = 0; i < ARRAY_LEN(codings); i++) {
		if (!slice_eq_nocase(coding, slice_str(codings[i].name)))
			continue;
		int r = codings[i].decode(in, out, lost);
		if (out->p)
			out->p[out->n] = 0;
		if (r < 0)
			*reason = r == -ENOBUFS ? "the decoded body is too long" : "the content coding is damaged";
		return r;
	}
	*reason = "the content coding is not known";
	return -ENOTSUP;
}

int decode_content(struct slice coding, struct slice in, struct buf *out, uint64_t *lost, const char **reason)
{
	struct slice list[CODINGS_MAX], part;
	size_t n = 0;
	while (slice_split(&coding, ',', &part)) {
		part = slice_trim(part);
		if (part.n == 0 || slice_eq_nocase(part, SLICE("identity")))
			continue;
		*reason = "too many content codings";
		if (n == CODINGS_MAX)
			return -ENOTSUP;
		list[n++] = part;
	}
	*reason = NULL;
	_cleanup_buf_ struct buf between = BUF(out->max);
	while (n-- > 0) {
		int r = decode_one(list[n], in, out, lost, reason);
		if (r < 0)
			return r;
		if (n == 0)
			break;
		struct buf swap = between;
		between = *out;
		*out = swap;
		buf_reset(out);
		in = buf_slice(&between);
	}
	return 0;
}
