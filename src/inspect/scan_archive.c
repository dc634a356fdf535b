/* Archives that libarchive reads: 7z, RAR, CAB, cpio, packages of Debian. Models were hidden in 7z because scanners do not look there.
 * What libarchive says and where the format's own header says that the archive ends must fit. */
#include <stdio.h>

#include "base/encode.h"
#include "inspect/scan_part.h"
#include "inspect/scan_unpack.h"
#include "sys/lib_unpack.h"

#define NAME_SHOWN  400
#define MEMBERS_MAX 100000u

enum form { NOT, SEVENZIP, RAR4, RAR5, CAB, CPIO, DEB };

/* A header of cpio is numbers only, hexadecimal or octal: a text may begin with its mark, but does not go on so. */
static bool cpio_head(struct slice in)
{
	size_t n = in.p[5] == '7' ? 76 : 110;
	if (in.n < n)
		return false;
	for (size_t i = 6; i < n; i++)
		if (hex_value(in.p[i]) < 0)
			return false;
	return true;
}

static enum form form_of(struct slice in)
{
	static const struct {
		struct slice mark;
		enum form form;
	} rows[] = {
	        {SLICE_INIT("7z\xbc\xaf\x27\x1c"), SEVENZIP},
	        {SLICE_INIT("Rar!\x1a\x07\0"), RAR4},
	        {SLICE_INIT("Rar!\x1a\x07\1\0"), RAR5},
	        {SLICE_INIT("MSCF\0\0\0\0"), CAB},
	        {SLICE_INIT("070701"), CPIO},
	        {SLICE_INIT("070702"), CPIO},
	        {SLICE_INIT("070707"), CPIO},
	        {SLICE_INIT("!<arch>\ndebian-binary"), DEB},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (in.n >= 32 && slice_starts(in, rows[i].mark))
			return rows[i].form != CPIO || cpio_head(in) ? rows[i].form : NOT;
	return NOT;
}

static const char *form_name(enum form f)
{
	static const char *const names[] = {"", "7z", "RAR", "RAR", "CAB", "cpio", "deb"};
	return names[f];
}

/* Where it ends, as its header says; 0: it does not. */
static uint64_t end_of(enum form f, struct slice in)
{
	uint64_t end;
	if (f == CAB)
		return slice_le(slice_sub(in, 8, 4));
	if (f != SEVENZIP)
		return 0;
	if (__builtin_add_overflow(slice_le(slice_sub(in, 12, 8)), slice_le(slice_sub(in, 20, 8)), &end) || end > UINT64_MAX - 32)
		return UINT64_MAX;
	return end + 32;
}

bool scan_archive_claims(struct scan *s, const struct scan_input *in)
{
	(void)s;
	return form_of(in->bytes) != NOT;
}

static struct archive *open_as(enum form f, struct slice in)
{
	struct archive *a = archive_read_new();
	if (!a)
		return NULL;
	int r = f == SEVENZIP ? archive_read_support_format_7zip(a)
	        : f == RAR4   ? archive_read_support_format_rar(a)
	        : f == RAR5   ? archive_read_support_format_rar5(a)
	        : f == CAB    ? archive_read_support_format_cab(a)
	        : f == CPIO   ? archive_read_support_format_cpio(a)
	                      : archive_read_support_format_ar(a);
	if (r == ARCHIVE_OK && archive_read_open_memory(a, in.p, in.n) == ARCHIVE_OK)
		return a;
	(void)archive_read_free(a);
	return NULL;
}

/* False: what follows it cannot be had. */
static bool member(struct scan *s, const struct scan_input *in, struct archive *a, struct archive_entry *e)
{
	char label[NAME_SHOWN + 1];
	const char *name = archive_entry_pathname(e);
	bool encrypted = archive_entry_is_encrypted(e) > 0;
	(void)snprintf(label, sizeof(label), "%s", name ? name : "?");
	if (name && scan_leads_out(slice_str(name)))
		scan_found(s, in, SCAN_RULE_ZIP_PATH, 0, 0, "%s", label);
	if (archive_entry_filetype(e) != AE_IFREG)
		return true;
	_cleanup_buf_ struct buf out = BUF(scan_room(s, SIZE_MAX / 4));
	enum zip_content got = scan_unpack_member(a, &out);
	scan_unpacked(s, out.n);
	bool all = got == ZIP_WHOLE || got == ZIP_BAD_CRC;
	if (out.n)
		(void)scan_into(s, in, label, buf_slice(&out), all ? out.n : (uint64_t)out.n + 1, encrypted && !all);
	if (got == ZIP_BAD_CRC)
		scan_found(s, in, SCAN_RULE_ZIP_CRC, 0, 0, "%s", label);
	if (got == ZIP_LARGE)
		scan_found(s, in, SCAN_RULE_LIMIT, 0, in->size, "%s: it unpacks to more than %zu bytes", label, out.n);
	else if (got == ZIP_BROKEN && encrypted)
		scan_found(s, in, SCAN_RULE_ZIP_ENCRYPTED, 0, in->size, "%s", label);
	else if (got == ZIP_BROKEN)
		scan_found(s, in, SCAN_RULE_ZIP_UNREAD, 0, in->size,
		        "%s: damaged after %zu bytes, or packed in a way that is not read here", label, out.n);
	/* To get behind it all of it would be unpacked, however much that is. */
	return got != ZIP_LARGE;
}

static void members(struct scan *s, const struct scan_input *in, enum form f, struct archive *a)
{
	struct archive_entry *e;
	unsigned n = 0;
	int r = ARCHIVE_OK;
	bool goes_on = true;
	while (goes_on && n < MEMBERS_MAX && scan_steps(s, in, 1)) {
		r = archive_read_next_header(a, &e);
		if (r != ARCHIVE_OK && r != ARCHIVE_WARN)
			break;
		n++;
		goes_on = member(s, in, a, e);
	}
	if (!goes_on || n >= MEMBERS_MAX)
		scan_found(s, in, SCAN_RULE_LIMIT, 0, in->size, "what follows member %u", n);
	else if (r != ARCHIVE_EOF && archive_read_has_encrypted_entries(a) > 0)
		scan_found(s, in, SCAN_RULE_ZIP_ENCRYPTED, 0, in->size, "%s", "its directory");
	else if (r != ARCHIVE_EOF)
		scan_found(s, in, SCAN_RULE_ZIP_UNREAD, 0, in->size, "%s: damaged behind member %u, or of a kind that is not read here",
		        form_name(f), n);
	else if (n == 0)
		scan_found(s, in, SCAN_RULE_ZIP_UNREAD, 0, in->size, "%s: no member was found in it", form_name(f));
}

void scan_archive_look(struct scan *s, const struct scan_input *in)
{
	enum form f = form_of(in->bytes);
	if (!scan_can_unpack(s, in))
		return;
	/* Names are UTF-8 there. */
	locale_t before = lib_unpack_locale() != (locale_t)0 ? uselocale(lib_unpack_locale()) : (locale_t)0;
	struct archive *a = open_as(f, in->bytes);
	if (a)
		members(s, in, f, a);
	else
		scan_found(s, in, SCAN_RULE_ZIP_UNREAD, 0, in->size, "%s", form_name(f));
	(void)archive_read_free(a);
	if (before != (locale_t)0)
		(void)uselocale(before);
	uint64_t end = end_of(f, in->bytes);
	if (end > in->bytes.n)
		scan_found(s, in, SCAN_RULE_ZIP_UNREAD, in->bytes.n, 0, "its header says that it has %llu bytes", (unsigned long long)end);
	else if (end > 0 && !scan_zeros(slice_from(in->bytes, (size_t)end))) {
		scan_found(s, in, SCAN_RULE_TRAILING, end, in->bytes.n - end, "%llu bytes behind the archive",
		        (unsigned long long)(in->bytes.n - end));
		scan_search(s, in, (size_t)end, in->bytes.n);
	}
}
