/* ZIP archives: PyTorch's, NumPy's and Keras' among them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "inspect/scan_part.h"
#include "parse/tar.h"
#include "parse/zip.h"

#define TABLE_MAX  ((size_t)64 << 20)
#define NAME_SHOWN 400
#define END_SIZE   ((size_t)22) /* of the record at its end, without a comment */

struct archive {
	bool torch;          /* has a data.pkl, as torch.save() writes */
	struct slice prefix; /* of its members, "archive/" */
};

/* Does it lie in one member of a tar, from its front to the last end of a ZIP that there is? Then who takes the tar for a ZIP sees just
 * what the member has, which is looked into as such; many a tar ends with a member that is one. */
static bool in_a_member(struct scan *s, const struct scan_input *in, const struct zip *z)
{
	struct slice all = in->bytes;
	struct tar_member m;
	size_t end = SLICE_NPOS;
	bool found = false;
	if (z->odd & ZIP_NO_DIRECTORY || !tar_is(all))
		return false;
	for (size_t at = z->directory_end; (at = slice_find(all, SLICE("PK\5\6"), at)) != SLICE_NPOS; at++)
		end = at + END_SIZE;
	struct tar *t = end <= all.n ? malloc(sizeof(*t)) : NULL;
	if (t)
		*t = tar_open(all);
	while (t && !found && tar_next(t, &m) > 0 && m.at <= z->base && scan_steps(s, in, 1)) {
		size_t at = (size_t)(m.data.p - all.p);
		found = (m.type == '0' || m.type == 0) && at <= z->base && end <= at + m.data.n;
	}
	free(t);
	return found;
}

bool scan_zip_claims(struct scan *s, const struct scan_input *in)
{
	/* Most texts that are asked about are short: before anything is made ready. */
	if (in->bytes.n < END_SIZE)
		return false;
	struct zip z;
	/* Of a ZIP of which only the front is here no end is found: then by its local headers. */
	if (!zip_open(in->bytes, TABLE_MAX, &z))
		return false;
	bool own = !in_a_member(s, in, &z);
	zip_close(&z);
	return own;
}

/* Members of an archive of torch.save() whose content is only compared or read as text or a number. */
static bool inert(const struct archive *a, const struct zip_member *m, struct slice content)
{
	static const char *const names[] = {"version", "byteorder", ".format_version", ".storage_alignment", ".data/serialization_id"};
	if (!a->torch || content.n > 64 || !slice_starts(m->name, a->prefix) || !scan_is_text(content))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_is(slice_from(m->name, a->prefix.n), names[i]))
			return true;
	return false;
}

/* Its numbers: "archive/data/17". */
static bool is_tensor(const struct archive *a, const struct zip_member *m)
{
	uint64_t n;
	struct slice rest = slice_from(m->name, a->prefix.n);
	return a->torch && slice_starts(m->name, a->prefix) && slice_starts(rest, SLICE("data/")) &&
	       slice_u64(slice_from(rest, 5), UINT32_MAX, &n);
}

static void note_odd(struct scan *s, const struct scan_input *in, const struct zip_member *m, bool encrypted)
{
	const struct {
		unsigned bits;
		enum scan_rule_name rule;
	} rows[] = {
	        {ZIP_NAMES | ZIP_FLAGS | ZIP_METHODS | ZIP_SIZES | ZIP_OVERLAPS | ZIP_TWICE | ZIP_PATCHED |
	                        (encrypted ? 0u : (unsigned)ZIP_ENCRYPTED),
	                SCAN_RULE_ZIP_DIFFERS},
	        {ZIP_HIDDEN, SCAN_RULE_ZIP_HIDDEN},
	        {ZIP_PATH, SCAN_RULE_ZIP_PATH},
	        {ZIP_LOST | ZIP_CUT, SCAN_RULE_ZIP_UNREAD},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (unsigned bit = 1; bit < 1u << ZIP_ODDS; bit <<= 1) {
			if (!(m->odd & rows[i].bits & bit))
				continue;
			char other[NAME_SHOWN + 32] = "";
			if (bit == ZIP_NAMES)
				(void)snprintf(other, sizeof(other), ": %.*s", SLICE_FMT(slice_sub(m->local_name, 0, NAME_SHOWN)));
			scan_found(s, in, rows[i].rule, m->header_at, m->data.n, "%.*s: %s%s", SLICE_FMT(slice_sub(m->name, 0, NAME_SHOWN)),
			        zip_odd_text(bit), other);
		}
}

static void member(struct scan *s, const struct scan_input *in, const struct archive *a, const struct zip_member *m)
{
	char label[NAME_SHOWN + 1];
	struct slice content;
	(void)snprintf(label, sizeof(label), "%.*s", SLICE_FMT(slice_sub(m->name, 0, NAME_SHOWN)));
	bool folder = slice_ends(m->name, SLICE("/")) && m->data.n == 0;
	bool tensor = is_tensor(a, m) && !(m->odd & (ZIP_LOST | ZIP_CUT)) && m->method == 0;
	/* Stored numbers cost nothing: only how they begin is looked at. */
	if (tensor && !scan_deep(s) && !(m->odd & ZIP_ENCRYPTED)) {
		note_odd(s, in, m, false);
		(void)scan_into(s, in, label, m->data, m->data.n, true);
		return;
	}
	_cleanup_buf_ struct buf out = BUF(m->method == 0 ? SIZE_MAX / 4 : scan_room(s, SIZE_MAX / 4));
	enum zip_content r = zip_content(m, &out, &content);
	scan_unpacked(s, out.n);
	bool encrypted = m->odd & ZIP_ENCRYPTED && r != ZIP_WHOLE;
	note_odd(s, in, m, encrypted);
	if (r == ZIP_LARGE)
		scan_found(s, in, SCAN_RULE_LIMIT, m->header_at, m->data.n, "%s: it unpacks to more than %zu bytes", label, content.n);
	else if (r == ZIP_UNREAD || (r == ZIP_BROKEN && !encrypted))
		scan_found(s, in, SCAN_RULE_ZIP_UNREAD, m->header_at, m->data.n, "%s: %s", label,
		        r == ZIP_UNREAD ? "packed in a way that is not read here" : "damaged");
	else if (r == ZIP_BAD_CRC && !encrypted && !(m->odd & ZIP_HIDDEN))
		scan_found(s, in, SCAN_RULE_ZIP_CRC, m->header_at, m->data.n, "%s: %08x instead of the content's", label, m->crc);
	/* Encrypted, as both headers say: but many loaders do not look at that flag, so if the content makes sense it is what they see. */
	if (encrypted)
		scan_found(s, in, SCAN_RULE_ZIP_ENCRYPTED, m->header_at, m->data.n, "%s", label);
	if (folder || (m->odd & ZIP_LOST) || inert(a, m, content))
		return;
	uint64_t size = r == ZIP_LARGE || r == ZIP_BROKEN ? (uint64_t)content.n + 1 : content.n;
	(void)scan_into(s, in, label, content, size, encrypted || tensor);
	if (tensor && scan_deep(s))
		scan_search(s, in, (size_t)(content.p - in->bytes.p), (size_t)(content.p - in->bytes.p) + content.n);
}

void scan_zip_look(struct scan *s, const struct scan_input *in)
{
	struct zip z, first;
	struct zip_member m;
	struct archive a = {0};
	if (!zip_open(in->bytes, TABLE_MAX, &z) || !zip_open(in->bytes, TABLE_MAX, &first))
		return;
	/* What kind of archive it is must be known before its members are read. */
	while (zip_next(&first, &m) > 0 && scan_steps(s, in, 1))
		if (!a.torch && slice_is(slice_base(m.name), "data.pkl")) {
			a.torch = true;
			a.prefix = slice_sub(m.name, 0, m.name.n - slice_base(m.name).n);
		}
	zip_close(&first);
	int r;
	while ((r = zip_next(&z, &m)) > 0 && scan_steps(s, in, 1))
		member(s, in, &a, &m);
	if (r < 0)
		scan_found(s, in, SCAN_RULE_LIMIT, 0, in->size, "%s", "more members than are followed");
	if (z.odd & ZIP_NO_DIRECTORY)
		scan_found(s, in, SCAN_RULE_ZIP_UNREAD, 0, in->size, "%s", zip_odd_text(ZIP_NO_DIRECTORY));
	for (unsigned bit = ZIP_FRONT; bit <= ZIP_ENDS; bit <<= 1)
		if (z.odd & bit)
			scan_found(s, in, SCAN_RULE_ZIP_DIFFERS, 0, bit == ZIP_FRONT ? z.base : 0, "%s", zip_odd_text(bit));
	if (z.odd & ZIP_OVERLAPS)
		scan_found(s, in, SCAN_RULE_ZIP_DIFFERS, 0, 0, "%s", "members share bytes");
	zip_close(&z);
}
