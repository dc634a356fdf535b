/* zip: reads ZIP archives (APPNOTE.TXT 6.3.10) as several loaders do at once: by the central directory, and by the local headers, which
 * some go by and which may say something else. What they disagree about is told; a member's content is what a lenient loader would
 * give. Pure; memory only in the caller's buffers. */
#ifndef POSTERN_PARSE_ZIP_H
#define POSTERN_PARSE_ZIP_H

#include "base/buf.h"

/* What does not fit; of one member, but for the last four. OVERLAPS may be of the archive too, after the last member. zip_odd_text() has
 * a sentence for each. */
enum zip_odd {
	ZIP_NAMES = 1u << 0,         /* central and local header name different files */
	ZIP_FLAGS = 1u << 1,         /* …, or have other flags that say how to read it */
	ZIP_METHODS = 1u << 2,       /* …, or another method */
	ZIP_SIZES = 1u << 3,         /* …, or other sizes or another CRC */
	ZIP_ENCRYPTED = 1u << 4,     /* flag 0x1 or 0x40 in one of them: encrypted, or said to be */
	ZIP_PATCHED = 1u << 5,       /* flag 0x20: patch data, or said to be */
	ZIP_OVERLAPS = 1u << 6,      /* it shares bytes with another */
	ZIP_HIDDEN = 1u << 7,        /* the central directory does not have it */
	ZIP_LOST = 1u << 8,          /* its local header is not where it should be */
	ZIP_TWICE = 1u << 9,         /* another has the same name */
	ZIP_CUT = 1u << 10,          /* its data end behind the end of the file */
	ZIP_METHOD = 1u << 11,       /* packed in a way that is not read here */
	ZIP_PATH = 1u << 12,         /* its name leads out of the folder, or cannot be shown */
	ZIP_NO_DIRECTORY = 1u << 13, /* of the archive: there is no central directory; members were found by their local headers */
	ZIP_FRONT = 1u << 14,        /* of the archive: something stands before it */
	ZIP_COUNTS = 1u << 15,       /* of the archive: the directory has another number of members than it says */
	ZIP_ENDS = 1u << 16,         /* of the archive: its end can be read in several ways */
};
#define ZIP_ODDS 17u

struct zip_member {
	struct slice name;                /* as the central directory has it; of a hidden member as its local header */
	struct slice local_name;          /* empty if LOST */
	struct slice data;                /* packed; borrowed; may be cut */
	uint64_t header_at, packed, size; /* size: unpacked, as the central directory says */
	uint32_t crc, local_crc;
	uint16_t method, flags, local_flags;
	unsigned odd;
};

struct zip {
	struct slice in;
	uint64_t base; /* bytes before the archive, that its offsets do not count */
	size_t directory, directory_end;
	uint64_t count; /* of members that it says it has */
	unsigned odd;   /* of the archive */
	/* for zip_next() */
	size_t at;
	uint64_t seen;
	size_t gap;       /* next place to look for hidden members */
	struct buf spans; /* of members, to find what overlaps and what is hidden */
	struct buf names; /* hashes */
	bool sorted;
};

/* False: it is no ZIP archive, neither by its end nor by its beginning. `memory`: bytes at most for each of the two tables. */
[[nodiscard]] bool zip_open(struct slice in, size_t memory, struct zip *out);
void zip_close(struct zip *z);
/* The next member: 1; 0 after the last, also of those that the directory does not have; -ENOBUFS: too many members. */
[[nodiscard]] int zip_next(struct zip *z, struct zip_member *out);

enum zip_content {
	ZIP_WHOLE,   /* all of it, and its CRC fits */
	ZIP_BAD_CRC, /* all of it; a loader that checks refuses it, others take it */
	ZIP_BROKEN,  /* the packed data are damaged: what came before that */
	ZIP_LARGE,   /* more than the buffer takes: its front */
	ZIP_UNREAD,  /* not read: another method */
};
/* The content: borrowed (stored), or unpacked into `out`, whose maximum is the limit. `out` is reset first. */
enum zip_content zip_content(const struct zip_member *m, struct buf *out, struct slice *content);

/* The sentence of one bit; "" for none. */
const char *zip_odd_text(unsigned bit);

enum inflate_form { INFLATE_RAW, INFLATE_ZLIB, INFLATE_GZIP };
/* Unpacks from the front of `in` until the buffer is full or it ends. *used: bytes of `in`. ZIP_WHOLE, ZIP_BROKEN or ZIP_LARGE. */
enum zip_content zip_inflate(struct slice in, enum inflate_form form, struct buf *out, size_t *used);

#endif
