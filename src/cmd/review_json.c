/* postern review --format json: share/schema/review.schema.json describes it. */
#include "base/encode.h"
#include "cmd/review.h"
#include "report/write.h"
#include "review/record.h"

#define PIECE ((size_t)1 << 20) /* written when this much has come together */

static const char *trouble_word(enum change_trouble t)
{
	static const char *const words[] = {"", "conflict-changed", "conflict-added", "conflict-removed", "special", "deep", "unreadable"};
	return words[t];
}

static void put_path(struct buf *out, const char *name, const char *path)
{
	buf_fmt(out, "\"%s\": ", name);
	write_json(out, path);
	if (!review_is_utf8(path)) {
		buf_fmt(out, ", \"%s_base64\": \"", name);
		encode_base64(out, slice_str(path), false, true);
		buf_u8(out, '"');
	}
}

static void put_object(struct buf *out, const char *name, const struct object *o)
{
	static const char *const types[] = {"none", "file", "folder", "link", "pipe", "socket", "character-device", "block-device"};
	if (o->type == OBJECT_NONE) {
		buf_fmt(out, ", \"%s\": null", name);
		return;
	}
	buf_fmt(out, ", \"%s\": {\"type\": \"%s\", \"mode\": \"%04o\", \"size\": %llu", name, types[o->type], o->mode,
	        (unsigned long long)o->size);
	if (o->link) {
		buf_str_add(out, ", ");
		put_path(out, "link", o->link);
	}
	buf_u8(out, '}');
}

static void put_what(struct buf *out, unsigned what)
{
	static const char *const words[] = {"content", "mode", "owner", "xattr", "type"};
	bool any = false;
	buf_str_add(out, ", \"what\": [");
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (what & (1u << i)) {
			buf_fmt(out, "%s\"%s\"", any ? ", " : "", words[i]);
			any = true;
		}
	buf_u8(out, ']');
}

static void put_change(struct buf *out, const struct change_set *set, const struct change *c)
{
	static const char *const levels[] = {[FLAG_LOOK] = "look", [FLAG_RUNS] = "runs", [FLAG_FOUND] = "found"};
	buf_str_add(out, "\n    {");
	put_path(out, "path", c->path);
	buf_fmt(out, ", \"kind\": \"%s\"", change_kind_word(c));
	if (c->pair) {
		buf_str_add(out, ", ");
		put_path(out, c->kind == CHANGE_ADDED ? "from" : "to", set->change[c->pair - 1].path);
	}
	put_what(out, c->what);
	put_object(out, "before", &c->before);
	put_object(out, "after", &c->after);
	buf_fmt(out, ", \"binary\": %s, \"trouble\": ", c->binary ? "true" : "false");
	write_json(out, c->trouble ? trouble_word(c->trouble) : NULL);
	buf_str_add(out, ", \"scan\": ");
	write_json(out, c->scanned);
	buf_str_add(out, ", \"flags\": [");
	for (const struct flag *f = c->flags; f; f = f->next) {
		buf_fmt(out, "%s\n      {\"rule\": \"%s\", \"kind\": \"%s\", \"level\": \"%s\", \"why\": ", f == c->flags ? "" : ",",
		        f->rule->name, flag_kind_word(f->rule->kind), levels[f->rule->level]);
		write_json(out, f->rule->why);
		buf_str_add(out, ", \"when\": ");
		write_json(out, f->rule->when);
		buf_str_add(out, ", \"detail\": ");
		write_json(out, f->detail);
		buf_u8(out, '}');
	}
	buf_str_add(out, "]}");
}

int review_json(const struct review_run *run, const struct change_set *set)
{
	_cleanup_buf_ struct buf out = BUF((size_t)64 << 20);
	struct review_counts n = review_count(set);
	buf_str_add(&out, "{\n  \"postern\": ");
	write_json(&out, POSTERN_VERSION);
	buf_fmt(&out, ",\n  \"run\": {\"id\": \"%s\", \"state\": \"%s\", \"form\": \"%s\", ", run->id, review_state_word(run->state),
	        run->copy ? "copy" : "overlay");
	put_path(&out, "project", run->project);
	buf_str_add(&out, ", \"command\": ");
	write_json(&out, run->command);
	buf_fmt(&out, ", \"started_ms\": %lld, \"ended_ms\": %lld, \"status\": %d},\n", (long long)(run->started / 1000000),
	        (long long)(run->ended / 1000000), run->status);
	buf_fmt(&out,
	        "  \"counts\": {\"added\": %zu, \"changed\": %zu, \"removed\": %zu, \"renamed\": %zu, \"flagged\": %zu, \"conflicts\": "
	        "%zu, "
	        "\"bytes\": %llu},\n  \"changes\": [",
	        n.added, n.changed, n.removed, n.renamed, n.flagged, n.conflicts, (unsigned long long)set->bytes);
	for (size_t i = 0; i < set->n; i++) {
		if (i)
			buf_u8(&out, ',');
		put_change(&out, set, &set->change[i]);
		if (out.n > PIECE) {
			int code = cmd_print(&out);
			if (code != EXIT_OK)
				return code;
			buf_reset(&out);
		}
	}
	buf_str_add(&out, set->n ? "\n  ]\n}\n" : "]\n}\n");
	return cmd_print(&out);
}
