#include "parse/bundle.h"

#include <errno.h>

static const struct slice dash = SLICE_INIT("\xe2\x80\x94 ");

bool bundle_name_valid(struct slice name)
{
	size_t depth = 0;
	struct slice rest = name, part;
	if (name.n == 0 || name.n > BUNDLE_NAME_MAX || name.p[name.n - 1] == '/')
		return false;
	while (slice_split(&rest, '/', &part)) {
		if (part.n == 0 || part.n > 100 || part.p[0] == '.' || part.p[0] == '-' || ++depth > BUNDLE_DEPTH_MAX)
			return false;
		for (size_t i = 0; i < part.n; i++) {
			uint8_t c = part.p[i];
			bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
			            c == '-';
			if (!good)
				return false;
		}
	}
	return true;
}

void bundle_mark(struct buf *out, struct slice name)
{
	buf_fmt(out, "\n==> %.*s <==\n", SLICE_FMT(name));
}

/* "file SHA256 SIZE NAME" */
static void take_file(struct statement *s, struct bundle *b)
{
	struct slice rest = statement_text(s, "file"), sha256, size;
	struct bundle_file f = {0};
	if (s->why)
		return;
	if (b->n == BUNDLE_FILES) {
		statement_bad(s, "there are too many files");
		return;
	}
	if (!slice_split(&rest, ' ', &sha256) || !statement_digest_valid(sha256) || !slice_split(&rest, ' ', &size) ||
	        !slice_u64(size, BUNDLE_FILE_MAX, &f.size) || (size.n > 1 && size.p[0] == '0') || !bundle_name_valid(rest)) {
		statement_bad(s, "should be \"file SHA256 BYTES NAME\", with a name that a file can have");
		return;
	}
	f.sha256 = sha256;
	f.name = rest;
	/* In order, so that none is there twice, and none is a file and a folder: between "a" and "a/b" there may be "a-b", so all that
	 * came before is looked at. */
	if (b->n && slice_cmp(b->file[b->n - 1].name, f.name) >= 0)
		statement_bad(s, "the files should stand in the order of their names, and each once");
	for (size_t i = 0; i < b->n && !s->why; i++) {
		struct slice before = b->file[i].name;
		if (f.name.n > before.n && f.name.p[before.n] == '/' && slice_starts(f.name, before))
			statement_bad(s, "a file is a folder too");
	}
	b->file[b->n++] = f;
}

/* The text ends at the first empty line, as it has none itself. */
static bool split(struct slice in, struct bundle *b)
{
	size_t end = slice_find(in, SLICE("\n\n"), 0);
	if (end == SLICE_NPOS || end > NOTE_MAX)
		return false;
	b->text = slice_sub(in, 0, end + 1);
	size_t at = end + 2;
	while (slice_starts(slice_from(in, at), dash)) {
		size_t stop = slice_chr(in, '\n', at);
		if (stop == SLICE_NPOS || stop > NOTE_MAX)
			return false;
		at = stop + 1;
		b->has_signatures = true;
	}
	b->note = slice_sub(in, 0, at);
	b->body = slice_from(in, at);
	return true;
}

int bundle_head(struct slice in, struct bundle *out, struct bundle_fault *fault)
{
	struct bundle b = {.file = out->file};
	struct statement s;
	if (in.n == 0 || !split(in, &b)) {
		*fault = (struct bundle_fault){.key = "bundle",
		        .why = in.n == 0                                        ? "it is empty"
		               : slice_starts(in, SLICE("postern.bundle/v1\n")) ? "it ends too early"
		                                                                : "it does not begin as one"};
		return -EBADMSG;
	}
	statement_begin(&s, b.text, "postern.bundle/v1");
	b.organisation = statement_organisation(&s);
	b.trust = statement_number(&s, "trust", BUNDLE_VERSION_MAX);
	b.version = statement_number(&s, "version", BUNDLE_VERSION_MAX);
	b.from = statement_time(&s, "from", false);
	b.expires = statement_time(&s, "expires", false);
	if (!s.why && b.expires <= b.from)
		statement_bad(&s, "it expires before it begins");
	while (statement_is(&s, "file"))
		take_file(&s, &b);
	if (!s.why && b.n == 0)
		(void)statement_text(&s, "file");
	if (statement_end(&s) < 0) {
		*fault = (struct bundle_fault){.line = s.line, .key = s.key, .why = s.why};
		return -EBADMSG;
	}
	*out = b;
	return 0;
}

int bundle_parse(struct slice in, struct bundle *out, struct bundle_fault *fault)
{
	struct bundle b = {.file = out->file};
	int r = bundle_head(in, &b, fault);
	if (r < 0)
		return r;
	struct slice rest = b.body;
	for (size_t i = 0; i < b.n; i++) {
		_cleanup_buf_ struct buf mark = BUF(BUNDLE_NAME_MAX + 16);
		struct bundle_file *f = &b.file[i];
		bundle_mark(&mark, f->name);
		bool there = slice_starts(rest, buf_slice(&mark));
		rest = slice_from(rest, mark.n);
		if (!there || rest.n < f->size) {
			*fault = (struct bundle_fault){
			        .key = "content", .why = there ? "it ends too early" : "a file does not stand where the list says"};
			return -EBADMSG;
		}
		f->content = slice_sub(rest, 0, f->size);
		rest = slice_from(rest, f->size);
	}
	if (rest.n) {
		*fault = (struct bundle_fault){.key = "content", .why = "there is more than the list says"};
		return -EBADMSG;
	}
	*out = b;
	return 0;
}

const struct bundle_file *bundle_find(const struct bundle *b, struct slice name)
{
	for (size_t i = 0; i < b->n; i++)
		if (slice_eq(b->file[i].name, name))
			return &b->file[i];
	return NULL;
}

void bundle_split_note(struct slice in, struct slice *text, bool *has_signatures)
{
	size_t end = slice_find(in, SLICE("\n\n"), 0);
	*text = end == SLICE_NPOS ? in : slice_sub(in, 0, end + 1);
	*has_signatures = end != SLICE_NPOS && end + 2 < in.n;
}

int trust_parse(struct slice text, struct trust *out, struct bundle_fault *fault)
{
	struct trust t = {0};
	struct statement s;
	const char *why;
	statement_begin(&s, text, "postern.trust/v1");
	t.organisation = statement_organisation(&s);
	t.version = statement_number(&s, "version", BUNDLE_VERSION_MAX);
	t.threshold = (unsigned)statement_number(&s, "threshold", TRUST_KEYS_MAX);
	t.expires = statement_time(&s, "expires", true);
	while (statement_is(&s, "key")) {
		struct slice key = statement_text(&s, "key");
		struct note_vkey *k = &t.key[t.n];
		if (t.n == TRUST_KEYS_MAX) {
			statement_bad(&s, "there are too many keys");
			break;
		}
		if (note_vkey_parse(key, k, &why) < 0 || k->type != 1) {
			statement_bad(&s, "no verifier key of type Ed25519, as \"postern log keygen --type log\" prints it");
			break;
		}
		/* The same key twice would count twice, whatever it is called. */
		for (size_t i = 0; i < t.n; i++)
			if (memcmp(t.key[i].public, k->public, sizeof(k->public)) == 0 || slice_eq(t.key[i].name, k->name))
				statement_bad(&s, "this key, or its name, is there twice");
		t.n++;
	}
	if (!s.why && t.n < t.threshold) {
		s.line++;
		s.key = "key";
		statement_bad(&s, "there are fewer keys than the threshold demands");
	}
	if (statement_end(&s) < 0) {
		*fault = (struct bundle_fault){.line = s.line, .key = s.key, .why = s.why};
		return -EBADMSG;
	}
	*out = t;
	return 0;
}
