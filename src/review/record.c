#include "review/record.h"

#include "base/encode.h"
#include "base/utf8.h"
#include "review/flag.h"

#define CHANGE_ROOM 12000 /* a path of 4 KiB, escaped, and what is around it */

const char *change_kind_word(const struct change *c)
{
	static const char *const words[] = {"added", "changed", "removed"};
	return c->pair && c->kind == CHANGE_ADDED ? "renamed" : words[c->kind];
}

bool review_is_utf8(const char *text)
{
	struct slice s = slice_str(text);
	uint32_t c;
	for (size_t at = 0, n; at < s.n; at += n)
		if ((n = utf8_next(s, at, &c)) == 0)
			return false;
	return true;
}

void review_json_text(struct buf *out, const char *text)
{
	struct slice s = slice_str(text);
	buf_u8(out, '"');
	for (size_t at = 0; at < s.n;) {
		uint32_t c = 0;
		size_t n = utf8_next(s, at, &c);
		if (n == 0)
			buf_str_add(out, "\xef\xbf\xbd");
		else if (c == '"' || c == '\\')
			buf_fmt(out, "\\%c", (char)c);
		else if (c < 0x20 || c == 0x7f)
			buf_fmt(out, "\\u%04x", (unsigned)c);
		else
			buf_add(out, slice_sub(s, at, n));
		at += n ? n : 1;
	}
	buf_u8(out, '"');
}

static void put_digest(struct buf *out, const char *name, const uint8_t *sha)
{
	if (!sha)
		return;
	buf_fmt(out, ",\"%s\":\"", name);
	encode_hex(out, slice_of(sha, 32));
	buf_u8(out, '"');
}

static void put_change(struct buf *out, const struct change *c)
{
	buf_str_add(out, "{\"path\":");
	review_json_text(out, c->path);
	if (!review_is_utf8(c->path)) {
		buf_str_add(out, ",\"path_hex\":\"");
		encode_hex(out, slice_str(c->path));
		buf_u8(out, '"');
	}
	buf_fmt(out, ",\"kind\":\"%s\"", change_kind_word(c));
	put_digest(out, "sha256", c->sha256);
	put_digest(out, "sha256_before", c->sha256_before);
	if (c->after.type != OBJECT_NONE)
		buf_fmt(out, ",\"mode\":\"%04o\"", c->after.mode);
	for (const struct flag *f = c->flags; f; f = f->next)
		buf_fmt(out, "%s\"%s\"", f == c->flags ? ",\"flags\":[" : ",", f->rule->name);
	buf_str_add(out, c->flags ? "]}" : "}");
}

int review_record(const struct review_run *run, const struct change_set *set, const char *act, unsigned part, size_t *from, size_t max,
        struct buf *out)
{
	size_t begin = out->n, i = *from;
	bool any = false;
	buf_str_add(out, "{\"postern\":{\"review\":{\"run\":");
	review_json_text(out, run->id);
	buf_str_add(out, ",\"project\":");
	review_json_text(out, run->project);
	buf_fmt(out, ",\"act\":\"%s\",\"part\":%u,\"changes\":[", act, part);
	for (; set && i < set->n && out->n - begin + CHANGE_ROOM < max; i++) {
		if (!set->change[i].picked)
			continue;
		if (any)
			buf_u8(out, ',');
		any = true;
		put_change(out, &set->change[i]);
	}
	buf_str_add(out, "]}}}");
	if (buf_error(out) < 0)
		return buf_error(out);
	*from = i;
	return 0;
}
