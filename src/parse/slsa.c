#include "parse/slsa.h"

#include "base/encode.h"
#include "parse/sigstore_part.h"

static struct slice hex(struct sigread *r, const struct json *v, const char *name, size_t size)
{
	struct slice text = sigread_text(r, v, name);
	_cleanup_buf_ struct buf b = BUF(128);
	if (text.n == 0)
		return SLICE_NONE;
	if (text.n != 2 * size || !decode_hex(&b, text)) {
		sigread_bad(r, "the digest of a subject is not in hex, or has the wrong length");
		return SLICE_NONE;
	}
	struct slice s = arena_copy(r->arena, buf_slice(&b));
	r->memory |= !s.p;
	return s;
}

static void read_subjects(struct sigread *r, const struct json *doc, struct slsa_statement *s)
{
	const struct json *first = sigread_list(r, doc, "subject", SLSA_SUBJECTS), *list = sigread_get(r, doc, "subject");
	if (!first) {
		sigread_bad(r, "the statement has no subject");
		return;
	}
	s->subject = arena_array(r->arena, list->n, sizeof(*s->subject));
	r->memory |= !s->subject;
	for (const struct json *v = first; v && s->subject && !r->why; v = v->next) {
		const struct json *digest = sigread_get(r, v, "digest");
		s->subject[s->n++] = (struct slsa_subject){
		        .name = sigread_text(r, v, "name"), .sha256 = hex(r, digest, "sha256", 32), .sha512 = hex(r, digest, "sha512", 64)};
	}
}

/* "git+https://host/owner/name@ref" */
static void read_uri(struct slice uri, struct slsa_statement *s)
{
	if (slice_starts(uri, SLICE("git+")))
		uri = slice_from(uri, 4);
	size_t path = slice_find(uri, SLICE("://"), 0), at = path == SLICE_NPOS ? path : slice_chr(uri, '/', path + 3);
	at = at == SLICE_NPOS ? at : slice_chr(uri, '@', at);
	s->repository = at == SLICE_NPOS ? uri : slice_sub(uri, 0, at);
	s->ref = at == SLICE_NPOS ? SLICE_NONE : slice_from(uri, at + 1);
}

static void read_provenance(struct sigread *r, const struct json *p, struct slsa_statement *s)
{
	const struct json *build = sigread_get(r, p, "buildDefinition"), *details = sigread_get(r, p, "runDetails");
	const struct json *workflow = sigread_get(r, sigread_get(r, build, "externalParameters"), "workflow");
	if (build) {
		s->repository = sigread_text(r, workflow, "repository");
		s->workflow = sigread_text(r, workflow, "path");
		s->ref = sigread_text(r, workflow, "ref");
		s->builder = sigread_text(r, sigread_get(r, details, "builder"), "id");
		s->run = sigread_text(r, sigread_get(r, details, "metadata"), "invocationId");
		return;
	}
	const struct json *source = sigread_get(r, sigread_get(r, p, "invocation"), "configSource");
	read_uri(sigread_text(r, source, "uri"), s);
	s->workflow = sigread_text(r, source, "entryPoint");
	s->builder = sigread_text(r, sigread_get(r, p, "builder"), "id");
}

int slsa_parse(struct slice in, struct arena *arena, struct slsa_statement *out, const char **why)
{
	struct sigread r;
	const struct json *doc;
	struct slsa_statement s = {0};
	if (sigread_open(&r, in, arena, &doc) == 0) {
		struct slice type = sigread_text(&r, doc, "_type");
		const struct json *predicate = sigread_get(&r, doc, "predicate");
		if (!slice_is(type, "https://in-toto.io/Statement/v1") && !slice_is(type, "https://in-toto.io/Statement/v0.1"))
			sigread_bad(&r, "it is no in-toto statement of v0.1 or v1");
		s.predicate_type = sigread_text(&r, doc, "predicateType");
		read_subjects(&r, doc, &s);
		if (slice_starts(s.predicate_type, SLICE(SLSA_PROVENANCE)))
			read_provenance(&r, predicate, &s);
		if (slice_is(s.predicate_type, SLSA_PUBLISH)) {
			s.package = sigread_text(&r, predicate, "name");
			s.version = sigread_text(&r, predicate, "version");
			s.registry = sigread_text(&r, predicate, "registry");
		}
	}
	int e = sigread_end(&r, why);
	if (e == 0)
		*out = s;
	return e;
}
