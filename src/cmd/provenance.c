/* postern provenance: who made this file, and where, by evidence that is at hand? */
#include "cmd/provenance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/encode.h"
#include "cmd/cmd.h"
#include "cmd/on_record.h"
#include "confine/process.h"
#include "crypto/digest.h"
#include "inspect/provenance_role.h"
#include "parse/sigstore.h"
#include "policy/policy.h"
#include "report/provenance.h"
#include "sys/path.h"

#define SHA256_PREFIX "sha256:"
#define KEY_MAX       ((size_t)64 << 10)

struct provenance_opts {
	unsigned format;
	const char *bundle, *trusted_root, *identity, *issuer, *repository, *workflow, *key;
	const char *policy, *organisation, *ledger;
	const char *package, *npm_document, *npm_keys, *npm_attestations;
};

enum { FORMAT_TEXT, FORMAT_JSON };
static const char *const formats[] = {"text", "json", NULL};

static const struct opt provenance_table[] = {
        OPT_CHOICE(struct provenance_opts, format, "format", 'f', "FORMAT", formats, "what is printed; by default text"),
        OPT_STRING(struct provenance_opts, bundle, "bundle", 'b', "FILE",
                "the Sigstore bundle; by default FILE.sigstore.json beside the file, if there is one"),
        OPT_STRING(struct provenance_opts, trusted_root, "trusted-root", 'r', "FILE",
                "the trusted_root.json that bundles and attestations are judged against"),
        OPT_STRING(struct provenance_opts, identity, "identity", 0, "NAME",
                "who must have signed, as the certificate has it, such as an address or the URI of a workflow"),
        OPT_STRING(struct provenance_opts, issuer, "issuer", 0, "URL", "who must vouch for that identity"),
        OPT_STRING(struct provenance_opts, repository, "repository", 0, "URL",
                "the repository that it must have been built from; OWNER/NAME is one at GitHub"),
        OPT_STRING(struct provenance_opts, workflow, "workflow", 0, "PATH", "with --repository, the workflow that must have built it"),
        OPT_STRING(struct provenance_opts, key, "key", 'k', "FILE", "the public key (PEM) that must have signed, instead of an identity"),
        OPT_STRING(struct provenance_opts, policy, "policy", 'p', "FILE",
                "the policy whose origins say who must have built it, if nothing above does; by default those that are in force"),
        OPT_STRING(struct provenance_opts, organisation, "organisation", 0, "FILE", "the policy of the organisation, from elsewhere"),
        OPT_STRING(struct provenance_opts, package, "package", 0, "NAME@VERSION", "the npm package that it must be"),
        OPT_STRING(struct provenance_opts, npm_document, "npm-document", 0, "FILE",
                "the document of the version, for its integrity, and with --npm-keys for its signatures"),
        OPT_STRING(struct provenance_opts, npm_keys, "npm-keys", 0, "FILE", "the keys of the registry"),
        OPT_STRING(struct provenance_opts, npm_attestations, "npm-attestations", 0, "FILE", "the attestations of the version"),
        OPT_STRING(struct provenance_opts, ledger, "ledger", 0, "DIR",
                "put the verdict into this ledger, see postern-log(1); by default into one in the data folder, if it is there; none leaves "
                "it out"),
        OPT_END,
};

static const char *const provenance_examples[] = {
        "postern provenance --trusted-root root.json --identity a@example.com --issuer https://accounts.example.com tool.tar.gz",
        "postern provenance -r root.json -b tool.sigstore.json --repository owner/tool --workflow release.yml tool.tar.gz",
        "postern provenance -r root.json --npm-attestations att.json --repository owner/tool tool-1.0.0.tgz",
        "postern provenance -r root.json -b tool.sigstore.json --key vendor.pem sha256:$(sha256sum <tool | cut -c1-64)",
        NULL,
};

/* What was read from files lives as long as this. */
struct given {
	struct policy *policy;
	struct buf root, bundle, document, keys, attestations, key;
	struct provenance_ask ask;
};

static int read_file(const char *path, struct buf *text, struct slice *out, struct err *err)
{
	if (!path)
		return 0;
	int r = path_read(AT_FDCWD, path, text);
	if (r < 0)
		return err_sys(err, r, "cannot read %s", path);
	*out = text->p ? buf_slice(text) : SLICE("");
	return 0;
}

/* The bundle that lies beside the file, by the name that signers give it. */
static int read_beside(const char *file, struct buf *text, struct slice *out, struct err *err)
{
	_cleanup_buf_ struct buf path = BUF(4096);
	buf_fmt(&path, "%s.sigstore.json", file);
	if (buf_error(&path) || access(buf_str(&path), F_OK) < 0)
		return 0;
	return read_file(buf_str(&path), text, out, err);
}

static int read_all(const struct provenance_opts *o, const char *file, struct given *g, struct err *err)
{
	struct provenance_ask *a = &g->ask;
	int r = read_file(o->trusted_root, &g->root, &a->root, err);
	if (r == 0)
		r = read_file(o->bundle, &g->bundle, &a->bundle, err);
	if (r == 0 && !o->bundle && !o->npm_document && !o->npm_attestations)
		r = read_beside(file, &g->bundle, &a->bundle, err);
	if (r == 0)
		r = read_file(o->npm_document, &g->document, &a->document, err);
	if (r == 0)
		r = read_file(o->npm_keys, &g->keys, &a->keys, err);
	if (r == 0)
		r = read_file(o->npm_attestations, &g->attestations, &a->attestations, err);
	if (r == 0)
		r = read_file(o->key, &g->key, &a->pin.key, err);
	a->package = slice_str(o->package);
	a->pin.identity = slice_str(o->identity);
	a->pin.issuer = slice_str(o->issuer);
	a->pin.repository = slice_str(o->repository);
	a->pin.workflow = slice_str(o->workflow);
	return r;
}

static int hash_file(const char *path, struct provenance_artefact *out, struct err *err)
{
	static const enum digest kinds[] = {DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512};
	uint8_t *const to[] = {out->sha256, out->sha384, out->sha512};
	struct digest_stream *d[ARRAY_LEN(kinds)] = {NULL};
	uint8_t bytes[65536], sum[DIGEST_MAX];
	ssize_t n = 0;
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int r = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;
	/* A pipe without a writer has an end, too, and so a digest. */
	if (r == 0 && !S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "%s is no regular file", path);
	for (size_t i = 0; i < ARRAY_LEN(kinds) && r == 0; i++)
		r = digest_stream_new(kinds[i], &d[i]);
	while (r == 0 && (n = read(fd, bytes, sizeof(bytes))) > 0)
		for (size_t i = 0; i < ARRAY_LEN(kinds) && r == 0; i++)
			r = digest_stream_add(d[i], slice_of(bytes, (size_t)n));
	if (r == 0 && n < 0)
		r = -errno;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (r < 0) {
			digest_stream_free(d[i]);
			continue;
		}
		r = digest_stream_end(d[i], sum);
		if (r == 0)
			memcpy(to[i], sum, digest_size(kinds[i]));
	}
	return r < 0 ? err_sys(err, r, "%s", path) : 0;
}

/* A file of that name comes first. */
static bool is_digest(const char *operand, struct provenance_artefact *out)
{
	struct slice s = slice_str(operand);
	_cleanup_buf_ struct buf b = BUF(64);
	if (!slice_starts(s, SLICE(SHA256_PREFIX)) || access(operand, F_OK) == 0)
		return false;
	s = slice_from(s, sizeof(SHA256_PREFIX) - 1);
	if (s.n != 2 * sizeof(out->sha256) || !decode_hex(&b, s))
		return false;
	memcpy(out->sha256, b.p, sizeof(out->sha256));
	out->only_sha256 = true;
	return true;
}

/* The pin that a policy has for this package or file. Whoever reads the command sees who is to be believed: a policy that says so, and
 * options that say something else, are a mistake. */
static int read_policy(const struct provenance_opts *o, const char *file, struct given *g, struct err *err)
{
	const struct policy_load from = {.organisation = o->organisation, .person = o->policy, .no_project = true, .state = ""};
	struct policy_problems problems = {0};
	struct provenance_pin *pin = &g->ask.pin;
	_cleanup_buf_ struct buf package = BUF(4096);
	int r = policy_load(&from, &g->policy, &problems, err);
	policy_problems_free(&problems);
	if (r < 0)
		return r;
	if (o->package) {
		struct slice name = slice_str(o->package);
		size_t at = name.n ? slice_chr(name, '@', 1) : SLICE_NPOS;
		buf_fmt(&package, "npm:%.*s", SLICE_FMT(at == SLICE_NPOS ? name : slice_sub(name, 0, at)));
	}
	const char *slash = strrchr(file, '/');
	const struct policy_origin *origin =
	        buf_error(&package) ? NULL : policy_origin(g->policy, o->package ? buf_str(&package) : NULL, slash ? slash + 1 : file);
	if (!origin)
		return 0;
	if (o->identity || o->issuer || o->repository || o->workflow || o->key)
		return err_set(err, -EINVAL, "%s:%u says who must have built it (%s): leave out what says it again", origin->place.file,
		        origin->place.line, origin->text);
	*pin = (struct provenance_pin){.identity = slice_str(origin->identity),
	        .issuer = slice_str(origin->issuer),
	        .repository = slice_str(origin->repository),
	        .workflow = slice_str(origin->workflow)};
	return 0;
}

/* What must be said for the evidence to mean something. NULL: all is there. */
static const char *missing(const struct provenance_opts *o, const struct provenance_ask *a)
{
	const struct provenance_pin *p = &a->pin;
	bool pinned = p->identity.n || p->issuer.n || p->repository.n || p->workflow.n || p->key.n, judged = a->bundle.p || pinned;
	if (o->key && (o->identity || o->issuer || o->repository || o->workflow))
		return "a key is pinned, or an identity or a repository, not both";
	if (judged && !provenance_pin_enough(p))
		return "say who may have signed: --identity and --issuer, or --repository (with --issuer, unless it is at GitHub or "
		       "GitLab), or --key, or \"origins\" in a policy";
	if (a->package.n && slice_chr(a->package, '@', 1) == SLICE_NPOS)
		return "--package is a name, an @ and a version";
	if (a->attestations.p && !pinned && !a->keys.p)
		return "say who may have built it (--repository, or --identity and --issuer), or name the registry's keys (--npm-keys)";
	if ((a->bundle.p || a->attestations.p) && !a->root.p)
		return "name the trusted root that the evidence is judged against (--trusted-root)";
	if (a->artefact.only_sha256 && (a->document.p || a->attestations.p))
		return "npm's evidence is of a SHA-512: name the package itself";
	return NULL;
}

static void become(int exe, int socket)
{
	process_become_role("provenance", exe, socket, -1, false);
}

int provenance_role_main(void)
{
	return provenance_role(3);
}

static int write_body(void *arg, struct blob_writer *to, struct err *err)
{
	return blob_writer_add(to, buf_slice(arg), err);
}

static int put_entry(struct on_record *r, const struct provenance_shown *s, const struct given *g, struct err *err)
{
	static const enum entry_severity severity[PROVENANCE_VERDICTS] = {ENTRY_INFORMATIONAL, ENTRY_MEDIUM, ENTRY_HIGH};
	_cleanup_buf_ struct buf body = BUF((size_t)1 << 22), about = BUF(1 << 15), message = BUF(4096), sha256 = BUF(65);
	struct blob_ref ref = {.media_type = SLICE("application/json")};
	enum provenance_verdict v = provenance_answer_verdict(s->answer);
	struct entry e = r->common;
	provenance_put_json(&body, s, POSTERN_VERSION);
	encode_hex(&sha256, slice_of(s->artefact->sha256, sizeof(s->artefact->sha256)));
	int code = buf_error(&body) ? err_sys(err, buf_error(&body), "cannot write the report") : 0;
	code = code < 0 ? code : on_record_body(r, write_body, &body, &ref, err);
	if (code < 0)
		return code;
	buf_fmt(&message, "provenance %s: ", provenance_verdict_word(v));
	encode_shown(&message, slice_sub(slice_str(s->path), 0, ENTRY_TEXT_MAX));
	buf_str_add(&about, "{\"postern\":{\"provenance\":{");
	entry_put_text(&about, "path", slice_str(s->path));
	entry_put_text(&about, "sha256", buf_slice(&sha256));
	entry_put_text(&about, "verdict", slice_str(provenance_verdict_word(v)));
	entry_put_text(&about, "package", g->ask.package);
	entry_put_text(&about, "repository", s->pin->repository);
	entry_put_text(&about, "workflow", s->pin->workflow);
	entry_put_text(&about, "identity", s->pin->identity);
	entry_put_text(&about, "issuer", s->pin->issuer);
	buf_str_add(&about, ",\"checks\":[");
	for (uint32_t i = 0; i < s->answer->n; i++) {
		const struct provenance_check *c = &s->answer->check[i];
		buf_fmt(&about, "%s\"%s: %s\"", i ? "," : "", provenance_kind_word((enum provenance_kind)c->kind),
		        provenance_reasons[c->reason].word);
	}
	buf_str_add(&about, "]}},\"blobs\":[");
	blob_ref_write(&ref, &about);
	buf_str_add(&about, "]}");
	e.class_uid = ENTRY_POSTURE_FINDING;
	e.activity_id = 1;
	e.severity = severity[v];
	e.policy_sha256 = slice_str(policy_digest(g->policy));
	e.finding_uid = slice_str(ref.id);
	e.finding_title = SLICE("provenance of a file");
	e.message = buf_slice(&message);
	e.unmapped = buf_slice(&about);
	return on_record_put(r, &e, err);
}

static int record(const struct provenance_opts *o, const struct provenance_shown *s, const struct given *g)
{
	_cleanup_arena_ struct arena arena = ARENA(1 << 16);
	const char *path = on_record_where(o->ledger, &arena);
	struct on_record r;
	struct err err = {0};
	if (!path)
		return EXIT_OK;
	int code = on_record_open(&r, path, &err);
	code = code < 0 ? code : put_entry(&r, s, g, &err);
	code = code < 0 ? code : on_record_end(&r, &err);
	on_record_close(&r);
	return code < 0 ? on_record_failed("provenance", path, o->ledger != NULL, &err) : EXIT_OK;
}

static int print(const struct provenance_opts *o, const char *path, const struct given *g, const struct provenance_answer *answer)
{
	static const int codes[PROVENANCE_VERDICTS] = {EXIT_OK, EXIT_INCONCLUSIVE, EXIT_FOUND};
	_cleanup_buf_ struct buf out = BUF((size_t)1 << 22);
	const struct provenance_shown s = {.path = path, .artefact = &g->ask.artefact, .pin = &g->ask.pin, .answer = answer};
	if (o->format == FORMAT_JSON)
		provenance_put_json(&out, &s, POSTERN_VERSION);
	else
		provenance_put_text(&out, &s, cmd_columns(), isatty(STDOUT_FILENO) && !getenv("NO_COLOR"));
	int code = cmd_print(&out), recorded = record(o, &s, g);
	code = code == EXIT_OK ? recorded : code;
	return code == EXIT_OK ? codes[provenance_answer_verdict(answer)] : code;
}

static int judge(const struct provenance_opts *o, const char *path, struct given *g, struct err *err)
{
	static struct provenance_answer answer;
	_cleanup_fd_ int exe = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	if (exe < 0)
		return err_sys(err, -errno, "cannot find this program");
	g->ask.now = (int64_t)time(NULL);
	int r = provenance_elsewhere(exe, become, &g->ask, &answer, err);
	return r < 0 ? r : print(o, path, g, &answer);
}

static int run(void *options, const struct opt_args *args)
{
	const struct provenance_opts *o = options;
	struct err err = {0};
	struct given g = {.root = BUF(SIGSTORE_MAX),
	        .bundle = BUF(SIGSTORE_MAX),
	        .document = BUF(SIGSTORE_MAX),
	        .keys = BUF(SIGSTORE_MAX),
	        .attestations = BUF(SIGSTORE_MAX),
	        .key = BUF(KEY_MAX)};
	if (args->n != 1)
		return cmd_usage("provenance", "name one file, or sha256: and a digest");
	const char *path = args->arg[0], *why = NULL;
	int r = read_all(o, path, &g, &err);
	if (r == 0)
		r = read_policy(o, path, &g, &err);
	if (r == 0 && !is_digest(path, &g.ask.artefact))
		r = hash_file(path, &g.ask.artefact, &err);
	g.ask.want_build = !g.ask.bundle.p && (g.ask.pin.repository.n || g.ask.pin.identity.n || g.ask.pin.key.n);
	if (r == 0 && !(why = missing(o, &g.ask)))
		r = judge(o, path, &g, &err);
	buf_free(&g.root);
	buf_free(&g.bundle);
	buf_free(&g.document);
	buf_free(&g.keys);
	buf_free(&g.attestations);
	buf_free(&g.key);
	policy_free(g.policy);
	if (why)
		return cmd_usage("provenance", "%s", why);
	if (r < 0)
		cmd_tell("provenance", err.text);
	return r < 0 ? EXIT_USAGE : r;
}

const struct command cmd_provenance = {
        .name = "provenance",
        .summary = "verify who made a file, and where",
        .operands = "FILE",
        .examples = provenance_examples,
        .options = provenance_table,
        .options_size = sizeof(struct provenance_opts),
        .run = run,
};
