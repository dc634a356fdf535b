/* HDF5: what Keras of old saves, and weights. The configuration is a text in an attribute. */
#include "inspect/scan_part.h"
#include "parse/hdf5.h"

#define OBJECTS_MAX 1000000u
#define MEMORY_MAX  ((size_t)32 << 20)
#define PAYLOAD_MIN 64u

struct attributes {
	struct scan *s;
	const struct scan_input *in;
	bool unread;
};

bool scan_hdf5_claims(struct scan *s, const struct scan_input *in)
{
	(void)s;
	return hdf5_is(in->bytes);
}

bool scan_leads_out(struct slice path)
{
	struct slice rest = path, part;
	if (path.n && (path.p[0] == '/' || path.p[0] == '\\' || (path.n > 1 && path.p[1] == ':')))
		return true;
	if (slice_find(path, SLICE("\\.."), 0) != SLICE_NPOS || slice_find(path, SLICE("..\\"), 0) != SLICE_NPOS)
		return true;
	while (slice_split(&rest, '/', &part))
		if (slice_is(part, ".."))
			return true;
	return false;
}

static void on_event(void *arg, const struct hdf5_event *e)
{
	struct attributes *a = arg;
	switch (e->what) {
	case HDF5_TEXT: {
		struct slice text = slice_trim(e->text);
		if (!scan_steps(a->s, a->in, 1))
			break;
		if (text.n && (text.p[0] == '{' || text.p[0] == '['))
			scan_keras(a->s, a->in, text, e->at);
		else if (text.n >= PAYLOAD_MIN)
			scan_payload(a->s, a->in, text, e->at);
		break;
	}
	case HDF5_EXTERNAL:
		scan_found(a->s, a->in, scan_leads_out(e->text) ? SCAN_RULE_EXTERNAL_PATH : SCAN_RULE_EXTERNAL_DATA, e->at, 0, "%.*s",
		        SLICE_FMT(slice_sub(e->text, 0, 200)));
		break;
	case HDF5_UNREAD:
		a->unread = true;
		scan_found(a->s, a->in, SCAN_RULE_HDF5_UNREAD, e->at, 0, "%s", e->reason);
		break;
	}
}

/* Where the structure is not followed: a class that is code can still be seen by its name. */
static void by_name(struct scan *s, const struct scan_input *in)
{
	static const struct slice names[] = {SLICE_INIT("\"class_name\": \"Lambda\""), SLICE_INIT("\"class_name\":\"Lambda\""),
	        SLICE_INIT("\"class_name\": \"__lambda__\"")};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t at = slice_find(in->bytes, names[i], 0);
		if (at != SLICE_NPOS)
			scan_found(s, in, SCAN_RULE_KERAS_LAMBDA, at, names[i].n, "%.*s", (int)names[i].n, (const char *)names[i].p);
	}
}

void scan_hdf5_look(struct scan *s, const struct scan_input *in)
{
	struct attributes a = {.s = s, .in = in};
	struct hdf5_result r;
	hdf5_read(in->bytes, OBJECTS_MAX, MEMORY_MAX, on_event, &a, &r);
	if (r.reason || in->size > in->bytes.n)
		scan_found(s, in, SCAN_RULE_HDF5_UNREAD, 0, in->size, "%s", r.reason ? r.reason : "only its front is here");
	if (r.reason || a.unread || in->size > in->bytes.n)
		by_name(s, in);
	if (scan_deep(s))
		scan_search(s, in, 0, in->bytes.n);
}
