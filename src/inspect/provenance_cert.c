/* Certificates: that they chained to the trusted root when the signature was made, that a certificate log has them, and whose they are. */
#include <errno.h>

#include "inspect/provenance_part.h"

#define GITHUB        "https://github.com/"
#define GITLAB        "https://gitlab.com/"
#define GITHUB_ISSUER "https://token.actions.githubusercontent.com"
#define GITLAB_ISSUER "https://gitlab.com"
#define CLAIM_MAX     4096

/* Early signers put the root into the bundle. One that is trusted anyhow does no harm; any other has no business there. */
static bool brings_root(const struct judge *j)
{
	const struct sigstore_root *root = j->t->root;
	bool strange = false;
	for (size_t i = 0; i < j->bundle.n_certs && !strange; i++) {
		bool known = !signcert_is_root(j->cert, i);
		for (size_t k = 0; k < root->n_cas && !known; k++)
			known = slice_eq(root->ca[k].cert[root->ca[k].n - 1], j->bundle.cert[i]);
		strange = !known;
	}
	return strange;
}

bool provenance_cert_open(struct judge *j)
{
	int r = signcert_new(j->bundle.cert, j->bundle.n_certs, &j->cert);
	if (r < 0)
		return provenance_failed(j, r, PROVENANCE_REASON_CERT);
	if (brings_root(j))
		return provenance_refuse(j, PROVENANCE_REASON_CERT, "it brings a root that is not in the trusted root");
	if (!signcert_may_sign(j->cert))
		return provenance_refuse_plain(j, PROVENANCE_REASON_CERT_USE);
	r = signcert_key(j->cert, &j->signer);
	return r == 0 || provenance_failed(j, r, r == -ENOTSUP ? PROVENANCE_REASON_SIGNATURE_KIND : PROVENANCE_REASON_CERT);
}

static bool chain_at(struct judge *j, int64_t at)
{
	const struct sigstore_root *root = j->t->root;
	enum provenance_reason_name why = PROVENANCE_REASON_CERT_CHAIN;
	for (size_t i = 0; i < root->n_cas; i++) {
		const struct sigstore_authority *a = &root->ca[i];
		int r = signcert_chain(j->cert, a->cert, a->n, at);
		if (r == 0 && at >= a->from && at <= a->to)
			return true;
		if (r == 0)
			why = PROVENANCE_REASON_CERT_AUTHORITY;
		else if (r == -ETIME && why == PROVENANCE_REASON_CERT_CHAIN)
			why = PROVENANCE_REASON_CERT_TIME;
		j->t->memory |= r == -ENOMEM;
	}
	return provenance_refuse_plain(j, why);
}

/* One promise by a log that is trusted is enough; one by such a log that is bad is not passed over. */
static bool promised(struct judge *j)
{
	const struct sigstore_root *root = j->t->root;
	struct signcert_promise p[SIGNCERT_PROMISES];
	size_t n = 0, good = 0;
	int r = signcert_promises(j->cert, p, &n);
	if (r < 0)
		return provenance_refuse_plain(j, r == -ENOENT ? PROVENANCE_REASON_SCT_MISSING : PROVENANCE_REASON_SCT_BAD);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < root->n_cts; k++) {
			const struct sigstore_log *log = &root->ct[k];
			_cleanup_pubkey_ struct pubkey *key = NULL;
			if (!slice_eq(log->id, slice_of(p[i].log, sizeof(p[i].log))))
				continue;
			if (p[i].time < log->from || p[i].time > log->to)
				return provenance_refuse_plain(j, PROVENANCE_REASON_SCT_TIME);
			r = pubkey_new(log->key, log->pkcs1, &key);
			r = r < 0 ? r : signcert_promise_verify(j->cert, &p[i], key);
			if (r < 0)
				return provenance_failed(j, r, PROVENANCE_REASON_SCT_BAD);
			good++;
		}
	return good || provenance_refuse_plain(j, PROVENANCE_REASON_SCT_UNKNOWN);
}

bool provenance_cert_holds(struct judge *j)
{
	int64_t from = 0, to = 0;
	if (signcert_times(j->cert, &from, &to) < 0)
		return provenance_refuse_plain(j, PROVENANCE_REASON_CERT);
	for (size_t i = 0; i < j->n_times; i++) {
		if (j->time[i] < from || j->time[i] > to)
			return provenance_refuse(j, PROVENANCE_REASON_CERT_TIME,
			        "it was signed at %lld, and the certificate is of %lld to %lld", (long long)j->time[i], (long long)from,
			        (long long)to);
		if (!chain_at(j, j->time[i]))
			return false;
	}
	return promised(j);
}

/* What a certificate says of who it is for. */
struct claims {
	struct buf name, issuer, repository, workflow, run;
};

/* One that is not there is empty; one that cannot be read, or is there twice, is refused. */
static bool claim(struct judge *j, enum signcert_claim which, struct buf *out)
{
	buf_reset(out);
	int r = signcert_claim(j->cert, which, out);
	j->t->memory |= r == -ENOMEM;
	return r == 0 || r == -ENOENT || provenance_refuse(j, PROVENANCE_REASON_CERT, "it says %d twice, or not as text", (int)which);
}

/* The issuer's two extensions are older and newer ways to say the same. */
static bool read_issuer(struct judge *j, struct claims *c)
{
	_cleanup_buf_ struct buf old = BUF(CLAIM_MAX);
	if (!claim(j, SIGNCERT_ISSUER, &c->issuer) || !claim(j, SIGNCERT_ISSUER_OLD, &old))
		return false;
	if (!c->issuer.n)
		buf_add(&c->issuer, buf_slice(&old));
	else if (old.n && !slice_eq(buf_slice(&old), buf_slice(&c->issuer)))
		return provenance_refuse(j, PROVENANCE_REASON_ISSUER, "the certificate names two issuers");
	return true;
}

static bool read_repository(struct judge *j, struct claims *c)
{
	_cleanup_buf_ struct buf old = BUF(CLAIM_MAX);
	if (!claim(j, SIGNCERT_REPOSITORY, &c->repository) || !claim(j, SIGNCERT_REPOSITORY_OLD, &old))
		return false;
	if (!c->repository.n && old.n && slice_is(buf_slice(&c->issuer), GITHUB_ISSUER)) {
		buf_str_add(&c->repository, GITHUB);
		buf_add(&c->repository, buf_slice(&old));
	}
	return true;
}

static bool read_claims(struct judge *j, struct claims *c)
{
	if (signcert_name(j->cert, &c->name) < 0)
		return provenance_refuse(j, PROVENANCE_REASON_IDENTITY, "the certificate names nobody, or several");
	if (!read_issuer(j, c) || !read_repository(j, c) || !claim(j, SIGNCERT_BUILD_CONFIG, &c->workflow) ||
	        !claim(j, SIGNCERT_RUN, &c->run))
		return false;
	/* Certificates from before 2023 name the workflow in the subject's name only. */
	if (!c->workflow.n && c->repository.n)
		buf_add(&c->workflow, buf_slice(&c->name));
	PROVENANCE_SET(j->out->identity, buf_slice(&c->name));
	PROVENANCE_SET(j->out->issuer, buf_slice(&c->issuer));
	PROVENANCE_SET(j->out->repository, buf_slice(&c->repository));
	PROVENANCE_SET(j->out->workflow, buf_slice(&c->workflow));
	if (c->run.n)
		PROVENANCE_SET(j->out->run, buf_slice(&c->run));
	return true;
}

/* "owner/name" is one at GitHub; a stroke or ".git" at the end is nothing. */
static bool same_repository(struct slice pin, struct slice is)
{
	struct slice github = SLICE(GITHUB);
	while (pin.n && pin.p[pin.n - 1] == '/')
		pin.n--;
	if (slice_ends(pin, SLICE(".git")))
		pin.n -= 4;
	if (slice_find(pin, SLICE("://"), 0) == SLICE_NPOS)
		return slice_starts(is, github) && slice_eq_nocase(slice_from(is, github.n), pin);
	/* GitHub's names know no case; elsewhere they may. */
	return slice_starts(is, github) ? slice_eq_nocase(is, pin) : slice_eq(is, pin);
}

/* The path of a workflow's URI "REPOSITORY/PATH@REF"; empty: it is of another repository. */
static struct slice path_of(struct slice uri, struct slice repository)
{
	struct slice rest = slice_from(uri, repository.n);
	if (!repository.n || !slice_starts(uri, repository) || !slice_starts(rest, SLICE("/")))
		return SLICE_NONE;
	/* GitLab writes two. */
	while (rest.n && rest.p[0] == '/')
		rest = slice_from(rest, 1);
	size_t at = slice_chr(rest, '@', 0);
	return at == SLICE_NPOS ? SLICE_NONE : slice_sub(rest, 0, at);
}

/* The pin is the path, or its last part; behind an "@" the ref, which is all of what follows. */
static bool same_workflow(struct slice pin, struct slice path, struct slice uri)
{
	size_t at = slice_chr(pin, '@', 0), ref = slice_chr(uri, '@', 0);
	if (at != SLICE_NPOS && (ref == SLICE_NPOS || !slice_eq(slice_from(pin, at), slice_from(uri, ref))))
		return false;
	pin = at == SLICE_NPOS ? pin : slice_sub(pin, 0, at);
	return path.n && (slice_eq(pin, path) || (slice_chr(pin, '/', 0) == SLICE_NPOS && slice_eq(pin, slice_base(path))));
}

static struct slice issuer_for(const struct provenance_pin *p)
{
	if (p->issuer.n || !p->repository.n)
		return p->issuer;
	bool url = slice_find(p->repository, SLICE("://"), 0) != SLICE_NPOS;
	if (!url || slice_starts(p->repository, SLICE(GITHUB)))
		return SLICE(GITHUB_ISSUER);
	return slice_starts(p->repository, SLICE(GITLAB)) ? SLICE(GITLAB_ISSUER) : SLICE_NONE;
}

bool provenance_pin_enough(const struct provenance_pin *p)
{
	if (p->key.n)
		return !p->identity.n && !p->issuer.n && !p->repository.n && !p->workflow.n;
	return (p->identity.n || p->repository.n) && issuer_for(p).n && (!p->workflow.n || p->repository.n);
}

/* Where a repository is pinned, what the statement says of the build must be the same as what the issuer vouches for. Who pins an identity
 * only believes that identity, whatever it states. */
static bool statement_fits(struct judge *j, struct slice repository, struct slice path)
{
	const struct slsa_statement *s = &j->statement;
	if (!j->pin->repository.n || !slice_starts(s->predicate_type, SLICE(SLSA_PROVENANCE)))
		return true;
	if (!same_repository(s->repository, repository))
		return provenance_refuse(
		        j, PROVENANCE_REASON_STATEMENT_SOURCE, "it names the repository %.*s", SLICE_FMT(slice_sub(s->repository, 0, 400)));
	if (path.n && !slice_eq(s->workflow, path))
		return provenance_refuse(
		        j, PROVENANCE_REASON_STATEMENT_SOURCE, "it names the workflow %.*s", SLICE_FMT(slice_sub(s->workflow, 0, 400)));
	return true;
}

static bool compare(struct judge *j, const struct claims *c)
{
	const struct provenance_pin *p = j->pin;
	struct slice issuer = issuer_for(p), repository = buf_slice(&c->repository), path = path_of(buf_slice(&c->workflow), repository);
	if (issuer.n && !slice_eq(issuer, buf_slice(&c->issuer)))
		return provenance_refuse(j, PROVENANCE_REASON_ISSUER, "it is %.*s", SLICE_FMT(slice_sub(buf_slice(&c->issuer), 0, 400)));
	if (p->identity.n && !slice_eq(p->identity, buf_slice(&c->name)))
		return provenance_refuse(j, PROVENANCE_REASON_IDENTITY, "it is %.*s", SLICE_FMT(slice_sub(buf_slice(&c->name), 0, 400)));
	if (p->repository.n && !same_repository(p->repository, repository))
		return provenance_refuse(j, PROVENANCE_REASON_REPOSITORY, "it is %.*s", SLICE_FMT(slice_sub(repository, 0, 400)));
	if (p->workflow.n && !same_workflow(p->workflow, path, buf_slice(&c->workflow)))
		return provenance_refuse(
		        j, PROVENANCE_REASON_WORKFLOW, "it is %.*s", SLICE_FMT(slice_sub(buf_slice(&c->workflow), 0, 400)));
	return statement_fits(j, repository, path);
}

bool provenance_pinned(struct judge *j)
{
	struct claims c = {BUF(CLAIM_MAX), BUF(CLAIM_MAX), BUF(CLAIM_MAX), BUF(CLAIM_MAX), BUF(CLAIM_MAX)};
	bool ok = read_claims(j, &c) && compare(j, &c);
	buf_free(&c.name);
	buf_free(&c.issuer);
	buf_free(&c.repository);
	buf_free(&c.workflow);
	buf_free(&c.run);
	return ok;
}
