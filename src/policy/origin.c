/* origins: who must have built a package or a file, for those who verify evidence of it. */
#include "base/buf.h"
#include "policy/compiled.h"
#include "policy/match.h"
#include "policy/reader.h"

#define FIELD(name, key, what)                                                 \
	static void name(struct reader *r, const struct tree *v, void *object) \
	{                                                                      \
		struct policy_origin *o = object;                              \
		o->key = read_plain(r, v, what);                               \
	}
FIELD(origin_package, package, "package")
FIELD(origin_file, file, "file")
FIELD(origin_repository, repository, "repository")
FIELD(origin_workflow, workflow, "workflow")
FIELD(origin_identity, identity, "identity")
FIELD(origin_issuer, issuer, "issuer")
FIELD(origin_reason, reason, "reason")
static const struct read_key origin_keys[] = {
        {"package", origin_package, false},
        {"file", origin_file, false},
        {"repository", origin_repository, false},
        {"workflow", origin_workflow, false},
        {"identity", origin_identity, false},
        {"issuer", origin_issuer, false},
        {"reason", origin_reason, false},
};

static void origin_init(struct reader *r, const struct tree *v, void *element)
{
	struct policy_origin *o = element;
	o->place = read_place(r, v);
}

static void origin_done(struct reader *r, const struct tree *v, void *element)
{
	struct policy_origin *o = element;
	if (!o->package == !o->file)
		read_bad(r, v, "an origin is that of a \"package\" or of a \"file\", one of them");
	if (!o->repository && !(o->identity && o->issuer))
		read_bad(r, v, "an origin names a \"repository\", or an \"identity\" with its \"issuer\"");
	if (o->workflow && !o->repository)
		read_bad(r, v, "a \"workflow\" is one of a \"repository\"");
	if (o->file && strchr(o->file, '/'))
		read_bad(r, v, "\"file\" is the name of a file, without its folder");
	o->text = policy_origin_text(o, r->arena);
	r->no_memory |= !o->text;
}

void read_origins(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	if (d->layer == POLICY_PROJECT)
		read_bad(r, v, "a project cannot say who is to be believed");
	d->origin = read_list(
	        r, v, "an origin", origin_keys, ARRAY_LEN(origin_keys), sizeof(*d->origin), origin_init, origin_done, &d->n_origins);
}

const char *policy_origin_text(const struct policy_origin *o, struct arena *a)
{
	_cleanup_buf_ struct buf out = BUF((size_t)8 * POLICY_TEXT_MAX);
	const char *const what[] = {"package ", o->package, "file ", o->file, " from repository ", o->repository, " workflow ", o->workflow,
	        " by ", o->identity, " of ", o->issuer};
	for (size_t i = 0; i < ARRAY_LEN(what); i += 2)
		if (what[i + 1])
			buf_fmt(&out, "%s%s", what[i], what[i + 1]);
	return buf_error(&out) ? NULL : arena_str(a, buf_slice(&out));
}

const struct policy_origin *policy_origin(const struct policy *p, const char *package, const char *file)
{
	for (size_t l = 0; l < POLICY_LAYERS; l++) {
		const struct policy_doc *d = p->doc[l];
		for (size_t i = 0; d && i < d->n_origins; i++) {
			const struct policy_origin *o = &d->origin[i];
			if (o->package ? package && match_glob(slice_str(o->package), slice_str(package))
			               : file && match_glob(slice_str(o->file), slice_str(file)))
				return o;
		}
	}
	return NULL;
}
