#include "parse/zip.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

#include "base/flag.h"

#define END_BYTES     22u
#define COMMENT_MAX   65535u
#define CENTRAL_BYTES 46u
#define LOCAL_BYTES   30u
#define LOCATOR_BYTES 20u
#define END64_BYTES   56u
#define STORED        0u
#define DEFLATED      8u
#define F_ENCRYPTED   0x1u
#define F_DESCRIPTOR  0x8u
#define F_PATCHED     0x20u
#define F_STRONG      0x40u
/* Those that say how the content is to be read. 0x800 (the name is UTF-8) and 0x6 (how hard it was packed) do not. */
#define F_MATTER (F_ENCRYPTED | F_PATCHED | F_STRONG)
#define STEP     ((size_t)256 * 1024)

struct span {
	uint64_t from, to;
};

static uint64_t le(struct slice in, size_t at, size_t n)
{
	return at > in.n || in.n - at < n ? 0 : slice_le(slice_sub(in, at, n));
}

static bool has(struct slice in, size_t at, const char *four)
{
	return at <= in.n && in.n - at >= 4 && memcmp(in.p + at, four, 4) == 0;
}

/* The record at the end: the last whose comment fits. Some loaders take the last of all: *several if that is another, or none fits. */
static size_t find_end(struct slice in, bool *several)
{
	size_t last = SLICE_NPOS;
	for (size_t back = END_BYTES; back <= in.n && back <= END_BYTES + COMMENT_MAX; back++) {
		size_t at = in.n - back;
		if (!has(in, at, "PK\5\6"))
			continue;
		if (le(in, at + 20, 2) == back - END_BYTES)
			return at;
		*several = true;
		if (last == SLICE_NPOS)
			last = at;
	}
	return last;
}

static bool by_end(struct zip *z, size_t end)
{
	uint64_t n = le(z->in, end + 10, 2), size = le(z->in, end + 12, 4), at = le(z->in, end + 16, 4);
	size_t before = end;
	if (end >= LOCATOR_BYTES && has(z->in, end - LOCATOR_BYTES, "PK\6\7")) {
		uint64_t end64 = le(z->in, end - LOCATOR_BYTES + 8, 8);
		/* Its offset does not count what stands before the archive: it ends where the locator begins, mostly. */
		if (end64 > z->in.n || !has(z->in, (size_t)end64, "PK\6\6"))
			end64 = end >= LOCATOR_BYTES + END64_BYTES ? end - LOCATOR_BYTES - END64_BYTES : 0;
		if (has(z->in, (size_t)end64, "PK\6\6")) {
			before = (size_t)end64;
			/* Loaders take all three from here, whatever the record at the end says. */
			uint64_t n64 = le(z->in, before + 32, 8), size64 = le(z->in, before + 40, 8), at64 = le(z->in, before + 48, 8);
			bool same = (n == 0xffff || n == n64) && (size == UINT32_MAX || size == size64) && (at == UINT32_MAX || at == at64);
			z->odd |= same && end - before == LOCATOR_BYTES + END64_BYTES ? 0 : ZIP_ENDS;
			n = n64;
			size = size64;
			at = at64;
		}
	}
	if (size > before || at > before - size)
		return false;
	z->directory = before - (size_t)size;
	z->directory_end = before;
	z->base = z->directory - at;
	z->count = n;
	return n == 0 || has(z->in, z->directory, "PK\1\2");
}

bool zip_open(struct slice in, size_t memory, struct zip *out)
{
	struct zip z = {.in = in, .spans = BUF(memory), .names = BUF(memory)};
	bool several = false;
	size_t end = find_end(in, &several);
	bool begins = has(in, 0, "PK\3\4");
	if (end != SLICE_NPOS && by_end(&z, end)) {
		z.at = z.directory;
		z.odd |= several ? ZIP_ENDS : 0;
		z.odd |= z.base || (z.count && !begins) ? ZIP_FRONT : 0;
	} else if (begins) {
		z.odd |= ZIP_NO_DIRECTORY;
		z.directory = z.directory_end = z.at = in.n;
		z.count = 0;
	} else {
		return false;
	}
	*out = z;
	return true;
}

void zip_close(struct zip *z)
{
	buf_free(&z->spans);
	buf_free(&z->names);
}

/* Numbers that do not fit 32 bits stand in an extra field (ZIP64), in this order, those that are needed. */
static void wide(struct slice extra, uint64_t *size, uint64_t *packed, uint64_t *at)
{
	for (size_t i = 0; extra.n - i >= 4;) {
		size_t n = (size_t)le(extra, i + 2, 2), from = i + 4;
		if (n > extra.n - from)
			return;
		if (le(extra, i, 2) == 1) {
			uint64_t *const list[] = {size, packed, at};
			struct slice v = slice_sub(extra, from, n);
			size_t k = 0;
			for (size_t j = 0; j < 3; j++)
				if (list[j] && *list[j] == UINT32_MAX && v.n - k >= 8) {
					*list[j] = le(v, k, 8);
					k += 8;
				}
			return;
		}
		i = from + n;
	}
}

static bool strange_path(struct slice name)
{
	struct slice rest = name, part;
	if (!name.n || name.p[0] == '/' || name.p[0] == '\\' || (name.n > 1 && name.p[1] == ':'))
		return true;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] < 0x20 || name.p[i] == 0x7f || name.p[i] == '\\')
			return true;
	while (slice_split(&rest, '/', &part))
		if (slice_is(part, ".."))
			return true;
	return false;
}

/* A local header at `at`; what it says goes to m, and with `central` it is compared. */
static bool local(const struct zip *z, size_t at, bool central, struct zip_member *m)
{
	struct slice in = z->in;
	if (!has(in, at, "PK\3\4") || in.n - at < LOCAL_BYTES)
		return false;
	uint64_t packed = le(in, at + 18, 4), size = le(in, at + 22, 4);
	size_t name = (size_t)le(in, at + 26, 2), extra = (size_t)le(in, at + 28, 2);
	uint16_t method = (uint16_t)le(in, at + 8, 2);
	if (in.n - at - LOCAL_BYTES < name + extra)
		return false;
	m->local_flags = (uint16_t)le(in, at + 6, 2);
	m->local_crc = (uint32_t)le(in, at + 14, 4);
	m->local_name = slice_sub(in, at + LOCAL_BYTES, name);
	wide(slice_sub(in, at + LOCAL_BYTES + name, extra), &size, &packed, NULL);
	size_t data = at + LOCAL_BYTES + name + extra;
	if (!central) {
		m->name = m->local_name;
		m->flags = m->local_flags;
		m->method = method;
		m->crc = m->local_crc;
		m->packed = packed;
		m->size = size;
	} else {
		m->odd |= slice_eq(m->name, m->local_name) ? 0 : ZIP_NAMES;
		m->odd |= (m->flags ^ m->local_flags) & F_MATTER ? ZIP_FLAGS : 0;
		m->odd |= m->method != method ? ZIP_METHODS : 0;
		/* With a descriptor behind the data the local header may have zeros. */
		bool later = m->local_flags & F_DESCRIPTOR;
		m->odd |= (!later || size || packed || m->local_crc) && (size != m->size || packed != m->packed || m->local_crc != m->crc)
		                  ? ZIP_SIZES
		                  : 0;
	}
	m->odd |= m->packed > in.n - data ? ZIP_CUT : 0;
	m->data = slice_sub(in, data, m->packed > SIZE_MAX ? SIZE_MAX : (size_t)m->packed);
	return true;
}

static void note_flags(struct zip_member *m)
{
	unsigned both = m->flags | m->local_flags;
	m->odd |= both & (F_ENCRYPTED | F_STRONG) ? ZIP_ENCRYPTED : 0;
	m->odd |= both & F_PATCHED ? ZIP_PATCHED : 0;
	m->odd |= m->method != STORED && m->method != DEFLATED ? ZIP_METHOD : 0;
	m->odd |= strange_path(m->name) ? ZIP_PATH : 0;
}

static int by_from(const void *a, const void *b)
{
	const struct span *x = a, *y = b;
	return x->from != y->from ? (x->from > y->from) - (x->from < y->from) : (x->to > y->to) - (x->to < y->to);
}

/* Linear while a directory is in the order of its data, as they are. */
static int note_span(struct zip *z, struct zip_member *m)
{
	uint64_t to = m->data.p ? (uint64_t)(m->data.p - z->in.p) + m->data.n : m->header_at + LOCAL_BYTES;
	const struct span s = {m->header_at, to};
	const struct span *all = (const struct span *)(const void *)z->spans.p;
	size_t n = z->spans.n / sizeof(s);
	if (n && all[n - 1].to > s.from && all[n - 1].from < s.to)
		m->odd |= ZIP_OVERLAPS;
	buf_add(&z->spans, slice_of(&s, sizeof(s)));
	return buf_error(&z->spans) ? -ENOBUFS : 0;
}

/* Whether a name came before: a table of hashes that never holds more than half of its places. */
static int note_name(struct zip *z, struct zip_member *m)
{
	uint64_t h = slice_hash(m->name) | 1;
	size_t places = z->names.n / sizeof(h);
	if ((z->seen + 1) * 2 > places) {
		size_t more = places ? places * 2 : 64;
		struct buf larger = BUF(z->names.max);
		uint8_t *to = buf_room(&larger, more * sizeof(h));
		if (!to) {
			buf_free(&larger);
			return -ENOBUFS;
		}
		memset(to, 0, more * sizeof(h));
		larger.n = more * sizeof(h);
		uint64_t *table = (uint64_t *)(void *)larger.p;
		const uint64_t *old = (const uint64_t *)(const void *)z->names.p;
		for (size_t i = 0; i < places; i++)
			if (old[i]) {
				size_t at = (size_t)(old[i] >> 1) & (more - 1);
				while (table[at])
					at = (at + 1) & (more - 1);
				table[at] = old[i];
			}
		buf_free(&z->names);
		z->names = larger;
		places = more;
	}
	uint64_t *table = (uint64_t *)(void *)z->names.p;
	size_t at = (size_t)(h >> 1) & (places - 1);
	for (; table[at]; at = (at + 1) & (places - 1))
		if (table[at] == h) {
			m->odd |= ZIP_TWICE;
			return 0;
		}
	table[at] = h;
	return 0;
}

static int central(struct zip *z, struct zip_member *out)
{
	struct zip_member m = {0};
	size_t at = z->at;
	if (at >= z->directory_end || !has(z->in, at, "PK\1\2") || z->directory_end - at < CENTRAL_BYTES)
		return 0;
	size_t name = (size_t)le(z->in, at + 28, 2), extra = (size_t)le(z->in, at + 30, 2), comment = (size_t)le(z->in, at + 32, 2);
	if (z->directory_end - at - CENTRAL_BYTES < name + extra + comment)
		return 0;
	m.flags = (uint16_t)le(z->in, at + 8, 2);
	m.method = (uint16_t)le(z->in, at + 10, 2);
	m.crc = (uint32_t)le(z->in, at + 16, 4);
	m.packed = le(z->in, at + 20, 4);
	m.size = le(z->in, at + 24, 4);
	m.header_at = le(z->in, at + 42, 4);
	m.name = slice_sub(z->in, at + CENTRAL_BYTES, name);
	wide(slice_sub(z->in, at + CENTRAL_BYTES + name, extra), &m.size, &m.packed, &m.header_at);
	z->at = at + CENTRAL_BYTES + name + extra + comment;
	m.header_at = m.header_at > UINT64_MAX - z->base ? UINT64_MAX : m.header_at + z->base;
	if (m.header_at > z->in.n || !local(z, (size_t)m.header_at, true, &m)) {
		m.odd |= ZIP_LOST;
		m.header_at = m.header_at > z->in.n ? z->in.n : m.header_at;
	}
	note_flags(&m);
	int r = note_name(z, &m);
	r = r < 0 ? r : note_span(z, &m);
	if (r < 0)
		return r;
	z->seen++;
	*out = m;
	return 1;
}

/* Local headers between what the directory names: a loader that reads from the front meets them. */
static int hidden(struct zip *z, struct zip_member *out)
{
	struct span *all = (struct span *)(void *)z->spans.p;
	size_t n = z->spans.n / sizeof(*all);
	if (!z->sorted) {
		if (n)
			qsort(all, n, sizeof(*all), by_from);
		z->sorted = true;
		z->at = 0;
		for (size_t i = 1; i < n; i++)
			z->odd |= all[i - 1].to > all[i].from ? ZIP_OVERLAPS : 0;
		if (z->seen != z->count && !(z->odd & ZIP_NO_DIRECTORY))
			z->odd |= ZIP_COUNTS;
	}
	size_t end = z->odd & ZIP_NO_DIRECTORY ? z->in.n : z->directory;
	while (z->gap < end) {
		/* z->at counts spans that begin before the gap. */
		while (z->at < n && all[z->at].from <= z->gap) {
			if (all[z->at].to > z->gap)
				z->gap = (size_t)all[z->at].to;
			z->at++;
		}
		size_t to = z->at < n && all[z->at].from < end ? (size_t)all[z->at].from : end;
		if (z->gap >= to) {
			if (z->at >= n)
				return 0;
			continue;
		}
		size_t at = slice_find(slice_sub(z->in, 0, to), SLICE("PK\3\4"), z->gap);
		struct zip_member m = {.odd = ZIP_HIDDEN};
		if (at == SLICE_NPOS) {
			z->gap = to;
			continue;
		}
		z->gap = at + 4;
		if (!local(z, at, false, &m))
			continue;
		m.header_at = at;
		/* Its size may stand behind it: then up to the next header, or the end of the gap. */
		if (m.local_flags & F_DESCRIPTOR && m.packed == 0) {
			size_t from = (size_t)(m.data.p - z->in.p);
			m.data = slice_sub(z->in, from, to > from ? to - from : 0);
			m.packed = m.data.n;
		} else if (m.data.n) {
			z->gap = (size_t)(m.data.p - z->in.p) + m.data.n;
		}
		note_flags(&m);
		*out = m;
		return 1;
	}
	return 0;
}

int zip_next(struct zip *z, struct zip_member *out)
{
	if (!z->sorted && !(z->odd & ZIP_NO_DIRECTORY)) {
		int r = central(z, out);
		if (r != 0)
			return r;
	}
	return hidden(z, out);
}

enum zip_content zip_inflate(struct slice in, enum inflate_form form, struct buf *out, size_t *used)
{
	static const int bits[] = {[INFLATE_RAW] = -MAX_WBITS, [INFLATE_ZLIB] = MAX_WBITS, [INFLATE_GZIP] = MAX_WBITS + 16};
	z_stream s = {0};
	enum zip_content r = ZIP_BROKEN;
	size_t at = 0;
	if (inflateInit2(&s, bits[form]) != Z_OK)
		return ZIP_BROKEN;
	for (;;) {
		if (s.avail_in == 0 && at < in.n) {
			s.next_in = (uint8_t *)(uintptr_t)in.p + at;
			s.avail_in = in.n - at > UINT_MAX ? UINT_MAX : (unsigned)(in.n - at);
			at += s.avail_in;
		}
		size_t room = out->max - out->n;
		room = room > STEP ? STEP : room;
		uint8_t *to = room ? buf_room(out, room) : NULL;
		if (!to) {
			r = ZIP_LARGE;
			break;
		}
		s.next_out = to;
		s.avail_out = (unsigned)room;
		int code = inflate(&s, Z_NO_FLUSH);
		size_t got = room - s.avail_out;
		out->n += got;
		if (code == Z_STREAM_END) {
			r = ZIP_WHOLE;
			break;
		}
		if (code != Z_OK || (got == 0 && s.avail_in == 0 && at >= in.n))
			break;
	}
	*used = at - s.avail_in;
	(void)inflateEnd(&s);
	return r;
}

static bool crc_fits(const struct zip_member *m, struct slice content)
{
	uLong crc = crc32(0, NULL, 0);
	for (size_t i = 0; i < content.n;) {
		unsigned n = content.n - i > UINT_MAX ? UINT_MAX : (unsigned)(content.n - i);
		crc = crc32(crc, content.p + i, n);
		i += n;
	}
	return crc == m->crc;
}

enum zip_content zip_content(const struct zip_member *m, struct buf *out, struct slice *content)
{
	buf_reset(out);
	*content = m->data;
	if (m->method == STORED) {
		if (m->data.n > out->max)
			return ZIP_LARGE;
		return m->odd & ZIP_CUT ? ZIP_BROKEN : crc_fits(m, m->data) ? ZIP_WHOLE : ZIP_BAD_CRC;
	}
	*content = SLICE_NONE;
	if (m->method != DEFLATED)
		return ZIP_UNREAD;
	size_t used;
	enum zip_content r = zip_inflate(m->data, INFLATE_RAW, out, &used);
	*content = buf_slice(out);
	if (r != ZIP_WHOLE)
		return r;
	return crc_fits(m, *content) ? ZIP_WHOLE : ZIP_BAD_CRC;
}

const char *zip_odd_text(unsigned bit)
{
	static const char *const text[ZIP_ODDS] = {
	        "its two headers name different files",
	        "its two headers disagree about encryption or patching",
	        "its two headers disagree about how it is packed",
	        "its two headers disagree about its size or checksum",
	        "it is encrypted, or says so",
	        "it is a patch, or says so",
	        "it shares bytes with another member",
	        "the directory of the archive does not have it",
	        "its header is not where the directory says",
	        "two members have this name",
	        "it ends behind the end of the file",
	        "it is packed in a way that is not read here",
	        "its name leads elsewhere, or cannot be shown",
	        "the archive has no directory",
	        "something stands before the archive",
	        "the directory has another number of members than it says",
	        "its end can be read in several ways",
	};
	return flag_text(text, ZIP_ODDS, bit);
}
