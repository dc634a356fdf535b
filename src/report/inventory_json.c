/* postern inventory --format json: share/schema/inventory.schema.json describes it. */
#include "base/encode.h"
#include "base/utf8.h"
#include "report/inventory.h"
#include "report/write.h"

static bool is_utf8(const char *s)
{
	struct slice all = slice_str(s);
	uint32_t c = 0;
	for (size_t i = 0, n; i < all.n; i += n)
		if ((n = utf8_next(all, i, &c)) == 0)
			return false;
	return true;
}

static void put_path(struct buf *out, const char *name, const char *path)
{
	buf_fmt(out, "\"%s\": ", name);
	write_json(out, path);
	if (!is_utf8(path)) {
		buf_fmt(out, ", \"%s_base64\": \"", name);
		encode_base64(out, slice_str(path), false, true);
		buf_u8(out, '"');
	}
}

static void member(struct buf *out, const char *name, const char *value)
{
	if (!value[0])
		return;
	buf_fmt(out, ", \"%s\": ", name);
	write_json(out, value);
}

static void put_finding(struct buf *out, const struct inventory_finding *f)
{
	char uid[33];
	inventory_uid(f, uid);
	buf_fmt(out, "\n    {\"id\": \"%s\", \"kind\": \"%s\", \"tool\": ", uid, inventory_kind_names[f->kind]);
	write_json(out, f->tool[0] ? f->tool : NULL);
	member(out, "title", f->title);
	member(out, "publisher", f->publisher);
	member(out, "tool_kind", f->tool_kind);
	member(out, "name", f->name);
	member(out, "version", f->version);
	member(out, "package", f->package);
	buf_fmt(out, ", \"by\": \"%s\", \"confidence\": \"%s\", \"scope\": \"%s\", ", inventory_by_names[f->by],
	        inventory_sure_names[f->sure], inventory_scope_names[f->scope]);
	put_path(out, "path", f->path);
	member(out, "person", f->person);
	member(out, "owner", f->owner);
	if (f->container[0]) {
		buf_str_add(out, ", ");
		put_path(out, "container", f->container);
	}
	if (f->pid)
		buf_fmt(out, ", \"pid\": %d", (int)f->pid);
	if (f->mode || f->modified)
		buf_fmt(out, ", \"mode\": \"%04o\", \"modified\": %lld", f->mode, (long long)f->modified);
	if (f->size)
		buf_fmt(out, ", \"size\": %llu", (unsigned long long)f->size);
	buf_str_add(out, ", \"risks\": [");
	for (const struct inventory_risk *r = f->risks; r; r = r->next) {
		const struct catalogue_risk_row *row = &catalogue_risks[r->id];
		buf_fmt(out, "%s{\"risk\": \"%s\", \"severity\": \"%s\", \"text\": \"%s\"", r == f->risks ? "" : ", ", row->name,
		        catalogue_severity_name(row->severity), row->text);
		member(out, "detail", r->detail);
		buf_u8(out, '}');
	}
	buf_str_add(out, "], \"facts\": [");
	for (const struct inventory_fact *x = f->facts; x; x = x->next) {
		buf_fmt(out, "%s{\"name\": \"%s\", \"value\": ", x == f->facts ? "" : ", ", x->name);
		write_json(out, x->value);
		buf_u8(out, '}');
	}
	buf_str_add(out, "]}");
}

void inventory_json(struct buf *out, const struct inventory *inv, const struct inventory_about *about)
{
	struct inventory_sums s = inventory_sums(inv);
	const struct inventory_counts *c = &inv->counts;
	buf_str_add(out, "{\n  \"postern\": ");
	write_json(out, POSTERN_VERSION);
	buf_str_add(out, ",\n  \"host\": ");
	write_json(out, about->host);
	buf_fmt(out, ", \"time_ms\": %lld, \"roots\": ", (long long)about->time);
	write_json(out, about->roots);
	buf_fmt(out,
	        ",\n  \"complete\": %s, \"by_content\": %s, \"processes_seen\": %s, \"incremental\": %s, \"seconds\": %.3f,\n  \"counts\": "
	        "{",
	        inv->stopped || inv->full || c->unreadable || c->too_deep || c->too_many ? "false" : "true",
	        about->by_content ? "true" : "false", about->processes ? "true" : "false", inv->incremental ? "true" : "false",
	        inv->seconds);
	const struct {
		const char *name;
		uint64_t n;
	} rows[] = {{"folders", c->folders}, {"files", c->files}, {"unchanged_folders", c->unchanged}, {"looked_into", c->looked},
	        {"unreadable", c->unreadable}, {"other_file_systems", c->other_systems}, {"too_deep", c->too_deep},
	        {"too_many", c->too_many}, {"too_large", c->too_large}, {"containers", c->containers}, {"processes", c->processes},
	        {"foreign_processes", c->foreign}, {"tools", s.tools}, {"risks_high", s.severity[SEVERITY_HIGH]},
	        {"risks_medium", s.severity[SEVERITY_MEDIUM]}, {"risks_low", s.severity[SEVERITY_LOW]}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		buf_fmt(out, "%s\"%s\": %llu", i ? ", " : "", rows[i].name, (unsigned long long)rows[i].n);
	buf_str_add(out, "},\n  \"unread\": [");
	for (size_t i = 0; i < inv->n_unread; i++) {
		buf_str_add(out, i ? ", {" : "{");
		put_path(out, "path", inv->unread[i]);
		member(out, "why", inv->why[i]);
		buf_u8(out, '}');
	}
	buf_str_add(out, "],\n  \"findings\": [");
	for (size_t i = 0; i < inv->n; i++) {
		if (i)
			buf_u8(out, ',');
		put_finding(out, inv->finding[i]);
	}
	buf_str_add(out, inv->n ? "\n  ]\n}\n" : "]\n}\n");
}
