/* scan_unpack: one packed stream, unpacked by what programs that load such files use themselves, so that what a damaged one gives
 * before the damage is had as well. Memory only in the caller's buffer, and what the library takes, which the process is bounded in. */
#ifndef POSTERN_INSPECT_SCAN_UNPACK_H
#define POSTERN_INSPECT_SCAN_UNPACK_H

#include "parse/zip.h"

enum scan_packing {
	SCAN_PACKED_NOT,
	SCAN_PACKED_GZIP,
	SCAN_PACKED_ZLIB,
	SCAN_PACKED_XZ,
	SCAN_PACKED_LZMA, /* xz --format=lzma: no mark, no checksum */
	SCAN_PACKED_BZIP2,
	SCAN_PACKED_ZSTD,
	SCAN_PACKED_LZ4,
	SCAN_PACKED_LZIP,
	SCAN_PACKED_COMPRESS,
};
#define SCAN_PACKINGS 10u

/* By its first bytes. ZLIB and LZMA have no mark: those are guesses, which unpacking must confirm. */
enum scan_packing scan_packing_of(struct slice in);
/* Bytes at the front that zstd and LZ4 pass over, as their formats have it: a table to seek by, a note. */
size_t scan_packing_skips(struct slice in);
/* "xz"; "" for none. */
const char *scan_packing_name(enum scan_packing p);
/* Does it take libraries that are loaded apart (sys/lib_unpack.h)? */
bool scan_packing_is_apart(enum scan_packing p);
/* Unpacks one stream from the front of `in` into what is left of the buffer. *used: bytes of `in` up to its end, or up to where it was
 * given up. LZ4, LZIP and COMPRESS take all streams there are. ZIP_WHOLE; ZIP_BROKEN: it is damaged or cut, what came before is in the
 * buffer; ZIP_LARGE; ZIP_UNREAD: its library is not loaded, or wants more memory than there is. */
enum zip_content scan_unpack(enum scan_packing p, struct slice in, struct buf *out, size_t *used);
/* The content of the member that libarchive stands at, into what is left of the buffer. ZIP_WHOLE; ZIP_BAD_CRC: all of it, and its checksum
 * is another; ZIP_BROKEN: its front; ZIP_LARGE: the buffer is full. The libraries must be loaded. */
struct archive;
enum zip_content scan_unpack_member(struct archive *a, struct buf *out);

#endif
