/* lib_unpack: libarchive, liblzma and libbz2, loaded by whoever unpacks hostile bytes in formats that nothing here reads itself. Whoever
 * includes this calls their functions by their names, after lib_unpack_load(). */
#ifndef POSTERN_SYS_LIB_UNPACK_H
#define POSTERN_SYS_LIB_UNPACK_H

#include <archive.h>
#include <archive_entry.h>
#include <bzlib.h>
#include <locale.h>
#include <lzma.h>
#include <stdbool.h>

#include "sys/lib.h"

#define LIB_ARCHIVE(X)                          \
	X(archive_entry_filetype)               \
	X(archive_entry_is_encrypted)           \
	X(archive_entry_pathname)               \
	X(archive_read_data_block)              \
	X(archive_read_free)                    \
	X(archive_read_has_encrypted_entries)   \
	X(archive_read_new)                     \
	X(archive_read_next_header)             \
	X(archive_read_open_memory)             \
	X(archive_read_support_filter_compress) \
	X(archive_read_support_filter_lz4)      \
	X(archive_read_support_filter_lzip)     \
	X(archive_read_support_format_7zip)     \
	X(archive_read_support_format_ar)       \
	X(archive_read_support_format_cab)      \
	X(archive_read_support_format_cpio)     \
	X(archive_read_support_format_rar)      \
	X(archive_read_support_format_rar5)     \
	X(archive_read_support_format_raw)
#define LIB_LZMA(X)           \
	X(lzma_alone_decoder) \
	X(lzma_code)          \
	X(lzma_end)           \
	X(lzma_stream_decoder)
#define LIB_BZIP2(X)           \
	X(BZ2_bzDecompress)    \
	X(BZ2_bzDecompressEnd) \
	X(BZ2_bzDecompressInit)

struct lib_archive {
	LIB_ARCHIVE(LIB_MEMBER_)
};
struct lib_lzma {
	LIB_LZMA(LIB_MEMBER_)
};
struct lib_bzip2 {
	LIB_BZIP2(LIB_MEMBER_)
};
extern struct lib_archive lib_archive;
extern struct lib_lzma lib_lzma;
extern struct lib_bzip2 lib_bzip2;

/* All three, once; with a locale in which names of members are UTF-8. Must be done while there are files. 0, -ENOENT, -ENOSYS. */
[[nodiscard]] int lib_unpack_load(struct err *err);
/* Was that done? */
bool lib_unpack_loaded(void);
/* (locale_t)0: there is none. */
locale_t lib_unpack_locale(void);

#ifndef LIB_UNPACK_ITSELF
#define archive_entry_filetype               lib_archive.archive_entry_filetype
#define archive_entry_is_encrypted           lib_archive.archive_entry_is_encrypted
#define archive_entry_pathname               lib_archive.archive_entry_pathname
#define archive_read_data_block              lib_archive.archive_read_data_block
#define archive_read_free                    lib_archive.archive_read_free
#define archive_read_has_encrypted_entries   lib_archive.archive_read_has_encrypted_entries
#define archive_read_new                     lib_archive.archive_read_new
#define archive_read_next_header             lib_archive.archive_read_next_header
#define archive_read_open_memory             lib_archive.archive_read_open_memory
#define archive_read_support_filter_compress lib_archive.archive_read_support_filter_compress
#define archive_read_support_filter_lz4      lib_archive.archive_read_support_filter_lz4
#define archive_read_support_filter_lzip     lib_archive.archive_read_support_filter_lzip
#define archive_read_support_format_7zip     lib_archive.archive_read_support_format_7zip
#define archive_read_support_format_ar       lib_archive.archive_read_support_format_ar
#define archive_read_support_format_cab      lib_archive.archive_read_support_format_cab
#define archive_read_support_format_cpio     lib_archive.archive_read_support_format_cpio
#define archive_read_support_format_rar      lib_archive.archive_read_support_format_rar
#define archive_read_support_format_rar5     lib_archive.archive_read_support_format_rar5
#define archive_read_support_format_raw      lib_archive.archive_read_support_format_raw
#define lzma_alone_decoder                   lib_lzma.lzma_alone_decoder
#define lzma_code                            lib_lzma.lzma_code
#define lzma_end                             lib_lzma.lzma_end
#define lzma_stream_decoder                  lib_lzma.lzma_stream_decoder
#define BZ2_bzDecompress                     lib_bzip2.BZ2_bzDecompress
#define BZ2_bzDecompressEnd                  lib_bzip2.BZ2_bzDecompressEnd
#define BZ2_bzDecompressInit                 lib_bzip2.BZ2_bzDecompressInit
#endif

#endif
