/* Findings as events of OCSF 1.8: what is installed as Software Inventory Info (5020); everything else, and what is a risk, as a detection
 * finding (2004). */
#include <errno.h>
#include <stdio.h>

#include "base/encode.h"
#include "ledger/entry.h"
#include "report/inventory.h"

#define FACTS_BYTES 24000 /* an entry has at most 65,535 bytes, and canonical JSON may escape more than we do */

/* Text that is no UTF-8 would make no event, nor would one that ends within a character. */
static struct slice clean(struct buf *to, const char *s)
{
	buf_reset(to);
	encode_shown(to, slice_str(s));
	struct slice all = buf_slice(to), part = slice_sub(all, 0, 400);
	while (part.n && part.n < all.n && (all.p[part.n] & 0xc0) == 0x80)
		part.n--;
	return part;
}

static void about_it(struct buf *b, const struct inventory_finding *f)
{
	buf_str_add(b, "{\"postern\":{\"inventory\":{");
	entry_put_text(b, "kind", slice_str(inventory_kind_names[f->kind]));
	entry_put_text(b, "by", slice_str(inventory_by_names[f->by]));
	entry_put_text(b, "confidence", slice_str(inventory_sure_names[f->sure]));
	entry_put_text(b, "scope", slice_str(inventory_scope_names[f->scope]));
	const struct {
		const char *name, *value;
	} rows[] = {{"tool", f->tool}, {"publisher", f->publisher}, {"name", f->name}, {"package", f->package}, {"path", f->path},
	        {"owner", f->owner}, {"container", f->container}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].value[0])
			entry_put_text(b, rows[i].name, slice_str(rows[i].value));
	buf_str_add(b, ",\"risks\":[");
	for (const struct inventory_risk *r = f->risks; r && b->n < FACTS_BYTES; r = r->next) {
		buf_str_add(b, r == f->risks ? "{" : ",{");
		entry_put_text(b, "risk", slice_str(catalogue_risks[r->id].name));
		entry_put_text(b, "detail", slice_str(r->detail));
		buf_u8(b, '}');
	}
	buf_str_add(b, "],\"facts\":[");
	for (const struct inventory_fact *x = f->facts; x && b->n < FACTS_BYTES; x = x->next) {
		buf_str_add(b, x == f->facts ? "{" : ",{");
		entry_put_text(b, "name", slice_str(x->name));
		entry_put_text(b, "value", slice_str(x->value));
		buf_u8(b, '}');
	}
	buf_str_add(b, "]}}}");
}

int inventory_event(struct buf *out, const struct inventory_finding *f, const struct inventory_about *about, struct err *err)
{
	static const enum entry_severity severities[] = {ENTRY_LOW, ENTRY_MEDIUM, ENTRY_HIGH};
	_cleanup_buf_ struct buf about_buf = BUF(1 << 17), message = BUF(1 << 16), shown = BUF(1 << 18), name = BUF(4096),
	                         version = BUF(4096), person = BUF(4096), host = BUF(4096);
	char uid[33];
	int worst = inventory_worst(f);
	bool software = (f->kind == INVENTORY_PROGRAM || f->kind == INVENTORY_EXTENSION || f->kind == INVENTORY_MODEL) && worst < 0;
	inventory_uid(f, uid);
	about_it(&about_buf, f);
	inventory_sentence(&message, f);
	for (const struct inventory_risk *r = f->risks; r && message.n < 600; r = r->next)
		buf_fmt(&message, "; %s", catalogue_risks[r->id].text);
	encode_shown(&shown, slice_sub(buf_slice(&message), 0, 1000));
	struct entry e = {
	        .class_uid = software ? ENTRY_SOFTWARE_INVENTORY : ENTRY_DETECTION_FINDING,
	        .activity_id = software ? 2 : 1,
	        .time = about->time,
	        .severity = worst < 0 ? ENTRY_INFORMATIONAL : severities[worst],
	        .host = clean(&host, about->host[0] ? about->host : "localhost"),
	        .person = clean(&person, f->person),
	        .tool_name = clean(&name, inventory_title(f)),
	        .tool_version = clean(&version, f->version),
	        .message = buf_slice(&shown),
	        .finding_uid = software ? SLICE_NONE : slice_str(uid),
	        .finding_title = software ? SLICE_NONE : slice_str(inventory_kind_names[f->kind]),
	        .unmapped = buf_slice(&about_buf),
	};
	if (buf_error(&about_buf) || buf_error(&shown))
		return err_set(err, -ENOMEM, "no memory for the events");
	return entry_write(&e, out, err);
}

int inventory_ocsf(struct buf *out, const struct inventory *inv, const struct inventory_about *about, struct err *err)
{
	for (size_t i = 0; i < inv->n; i++) {
		int r = inventory_event(out, inv->finding[i], about, err);
		if (r < 0)
			return r;
		buf_u8(out, '\n');
	}
	return buf_error(out) ? err_set(err, -ENOMEM, "no memory for the events") : 0;
}
