/* Which bundle is in force, and whether another one may follow it. */
#include "policy/bundle_part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "parse/exception.h"
#include "policy/policy.h"
#include "sys/path.h"

#define DAY         86400
#define RECORD_STEP 900
#define PARSE_MAX   (128u << 20)

/* ---- Time ---- */

static int64_t boot_time(void)
{
	struct timespec t = {0};
	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec;
}

void bundle_clock_start(struct bundle_clock *c, int64_t known)
{
	int64_t now = time(NULL);
	*c = (struct bundle_clock){.base = known > now ? known : now, .since = boot_time()};
}

int64_t bundle_clock_now(const struct bundle_clock *c)
{
	int64_t now = time(NULL), least = c->base + (boot_time() - c->since);
	return now > least ? now : least;
}

/* `held_from`: when what is in force was made, which is in the past. */
static int64_t latest(const struct bundle_state *s, int64_t held_from, bool *back)
{
	int64_t now = time(NULL), known = s->clock > held_from ? s->clock : held_from;
	if (back)
		*back = known > now + DAY;
	return known > now ? known : now;
}

int64_t bundle_time(const struct bundle_config *c, bool make, bool *back)
{
	struct bundle_state s = {0};
	struct bundle_held h;
	int64_t from = 0;
	_cleanup_fd_ int store = bundle_store_open(c, make, NULL);
	if (store >= 0 && bundle_state_read(store, &s, NULL) < 0)
		s = (struct bundle_state){0};
	if (store >= 0 && bundle_current(c, &h, NULL) == 0) {
		from = h.head.from;
		bundle_held_free(&h);
	}
	int64_t now = latest(&s, from, back);
	/* Who may not write does not record; nor is it worth waiting for who installs. */
	if (store >= 0 && now >= s.clock + RECORD_STEP && faccessat(store, ".", W_OK, AT_EACCESS) == 0) {
		_cleanup_fd_ int lock = bundle_store_lock(store, false, NULL);
		if (lock >= 0 && bundle_state_read(store, &s, NULL) == 0 && now > s.clock) {
			s.clock = now;
			(void)!bundle_state_write(store, &s, NULL);
		}
	}
	return now;
}

int bundle_time_forget(const struct bundle_config *c, struct err *err)
{
	struct bundle_state s;
	_cleanup_fd_ int store = bundle_store_open(c, false, err);
	if (store < 0)
		return store;
	_cleanup_fd_ int lock = bundle_store_lock(store, true, err);
	int r = lock < 0 ? lock : bundle_state_read(store, &s, err);
	if (r < 0)
		return r;
	s.clock = time(NULL);
	return bundle_state_write(store, &s, err);
}

/* ---- In force ---- */

void bundle_held_free(struct bundle_held *h)
{
	if (h->dir >= 0)
		close(h->dir);
	buf_free(&h->note);
	free(h->file);
	*h = (struct bundle_held){.dir = -1};
}

/* The folder in force; its trust is read into *text. */
static int open_held(
        const struct bundle_config *c, int store, struct bundle_held *h, struct buf *text, struct trust *trust, struct err *err)
{
	struct bundle_fault fault;
	struct stat st;
	(void)snprintf(h->path, sizeof(h->path), "%s/%s", bundle_store(c), STORE_CURRENT);
	h->dir = openat(store, STORE_CURRENT, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->dir < 0 || fstat(h->dir, &st) < 0)
		return err_sys(err, errno == ENOENT ? -EBADMSG : -errno, "the bundle in force cannot be opened: %s", h->path);
	int r = policy_owner(h->path, &st, c->given, err);
	if (r < 0)
		return r;
	r = path_read(h->dir, STORE_NOTE, &h->note);
	if (r < 0 || (r = path_read(h->dir, STORE_TRUST, text)) < 0)
		return err_sys(err, r == -ENOENT ? -EBADMSG : r, "the bundle in force is damaged: %s", h->path);
	if (bundle_head(buf_slice(&h->note), &h->head, &fault) < 0) {
		(void)trust_fault(&fault, h->path, err);
		return err_wrap(err, -EBADMSG, "the bundle in force is damaged");
	}
	_cleanup_buf_ struct buf who = BUF(sizeof(h->signers));
	r = trust_read(buf_slice(text), h->path, trust, err);
	r = r < 0 ? r : trust_verify(trust, h->head.note, h->path, &who, err);
	if (r < 0)
		return err_wrap(err, r, "the bundle in force is damaged");
	(void)slice_copy(buf_slice(&who), h->signers, sizeof(h->signers));
	digest_sha256_hex(h->head.text, h->sha256);
	return 0;
}

static int current(const struct bundle_config *c, int store, struct bundle_held *h, struct buf *text, struct trust *trust, struct err *err)
{
	struct bundle_state s = {0};
	struct stat st;
	int r = bundle_state_read(store, &s, err);
	bool link = fstatat(store, STORE_CURRENT, &st, AT_SYMLINK_NOFOLLOW) == 0;
	/* Recorded and not in force: it stopped between the two at the first bundle ever, or somebody removed the link. The former leaves
	 * the folder of it; but the difference does not matter: what was recorded is to be had again before anything else holds. */
	if (r == 0 && !link && s.version)
		return err_set(err, -EBADMSG,
		        "version %llu of the bundle of %s was put into %s and is not there any more; install it again",
		        (unsigned long long)s.version, s.organisation, bundle_store(c));
	if (!link)
		return err_set(err, -ENOENT, "no bundle is in force here");
	*h = (struct bundle_held){.dir = -1, .note = BUF(NOTE_MAX)};
	h->file = calloc(BUNDLE_FILES, sizeof(*h->file));
	h->head.file = h->file;
	r = h->file ? open_held(c, store, h, text, trust, err) : err_set(err, -ENOMEM, "out of memory");
	if (r < 0) {
		bundle_held_free(h);
		return r;
	}
	h->now = latest(&s, h->head.from, &h->clock_back);
	h->expired = h->now >= h->head.expires;
	return 0;
}

int bundle_current(const struct bundle_config *c, struct bundle_held *out, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(TRUST_MAX);
	struct trust trust;
	_cleanup_fd_ int store = bundle_store_open(c, false, err);
	*out = (struct bundle_held){.dir = -1};
	return store < 0 ? store : current(c, store, out, &text, &trust, err);
}

int bundle_held_read(const struct bundle_held *h, const char *name, struct buf *out, struct err *err)
{
	char digest[65];
	_cleanup_buf_ struct buf text = BUF(BUNDLE_FILE_MAX);
	const struct bundle_file *f = bundle_find(&h->head, slice_str(name));
	if (!f)
		return err_set(err, -ENOENT, "the bundle in force has no %s", name);
	int r = path_read(h->dir, name, &text);
	if (r < 0)
		return err_sys(err, r == -ENOENT ? -EBADMSG : r, "cannot read %s of the bundle in force", name);
	digest_sha256_hex(buf_slice(&text), digest);
	if (!slice_is(f->sha256, digest))
		return err_set(err, -EBADMSG, "%s/%s is not what was signed; install the bundle again", h->path, name);
	buf_add(out, buf_slice(&text));
	return buf_error(out) ? err_sys(err, buf_error(out), "%s of the bundle in force is too large", name) : 0;
}

/* ---- Another one ---- */

void bundle_taken_free(struct bundle_taken *t)
{
	free(t->file);
	buf_free(&t->trust_text);
	*t = (struct bundle_taken){0};
}

static int read_anchor(const struct bundle_config *c, struct buf *text, struct trust *out, struct err *err)
{
	const char *path = c->trust ? c->trust : TRUST_FILE;
	struct stat st;
	if (stat(path, &st) < 0)
		return err_sys(err, -errno, "whose bundles count is not known: cannot read the trust %s", path);
	int r = policy_owner(path, &st, c->given, err);
	if (r == 0 && (r = path_read(AT_FDCWD, path, text)) < 0)
		return err_sys(err, r, "cannot read the trust %s", path);
	return r < 0 ? r : trust_read(buf_slice(text), path, out, err);
}

/* From the trust that holds here to the one that the bundle says it is signed by, through those that it carries. */
static int follow(struct trust *trust, struct buf *text, const struct bundle *b, struct err *err)
{
	if (b->trust < trust->version)
		return err_set(err, -ESTALE,
		        "it is signed by version %llu of the trust, and version %llu holds here: an older one is not taken",
		        (unsigned long long)b->trust, (unsigned long long)trust->version);
	while (trust->version < b->trust) {
		char name[40];
		struct trust next;
		(void)snprintf(name, sizeof(name), BUNDLE_TRUSTS "/%llu", (unsigned long long)trust->version + 1);
		const struct bundle_file *f = bundle_find(b, slice_str(name));
		if (!f)
			return err_set(err, -EKEYREJECTED,
			        "it is signed by version %llu of the trust, version %llu holds here, and it does not carry %s",
			        (unsigned long long)b->trust, (unsigned long long)trust->version, name);
		int r = trust_follow(trust, f->content, name, &next, err);
		if (r < 0)
			return r;
		*trust = next;
		buf_reset(text);
		/* The content outlives it. */
		buf_add(text, f->content);
		if (buf_error(text))
			return err_set(err, buf_error(text), "out of memory");
	}
	return 0;
}

/* Is it one that may follow what was seen? */
static int rank(const struct bundle *b, const char *sha256, const struct bundle_state *s, struct err *err)
{
	unsigned long long v = b->version, seen = s->version;
	if (!slice_is(b->organisation, s->organisation) || b->trust > s->trust)
		return 0;
	if (b->trust < s->trust || v < seen)
		return err_set(
		        err, -ESTALE, "it is version %llu, and version %llu was seen here before: an older one is not taken", v, seen);
	if (v == seen && strcmp(sha256, s->sha256) != 0)
		return err_set(err, -EXDEV,
		        "it is another bundle than the one that was seen here before, and both say that they are version %llu: whoever "
		        "signs "
		        "has signed two (a change needs a larger number)",
		        v);
	if (v - seen > BUNDLE_JUMP_MAX)
		return err_set(err, -ERANGE,
		        "its version %llu leaps ahead of version %llu by more than %llu: that could use up all numbers, so that none could "
		        "follow; "
		        "after a new version of the trust numbers may begin anew",
		        v, seen, BUNDLE_JUMP_MAX);
	return 0;
}

static int check_time(const struct bundle *b, const struct trust *trust, int64_t now, struct err *err)
{
	char at[21], here[21];
	statement_time_write(now, here);
	if (trust->expires && now >= trust->expires) {
		statement_time_write(trust->expires, at);
		return err_set(err, -ESTALE, "the trust that it is signed by has expired (%s; it is %s)", at, here);
	}
	statement_time_write(b->from, at);
	if (now + BUNDLE_SKEW < b->from)
		return err_set(err, -EAGAIN, "it holds from %s on, and the clock of this machine says %s", at, here);
	statement_time_write(b->expires, at);
	if (now >= b->expires)
		return err_set(err, -ESTALE, "it has expired (%s; it is %s)", at, here);
	return 0;
}

static int check_policy(const struct bundle *b, struct err *err)
{
	const struct bundle_file *f = bundle_find(b, SLICE(BUNDLE_POLICY));
	struct policy_problems problems = {0};
	_cleanup_arena_ struct arena a = ARENA(PARSE_MAX);
	struct policy_doc *doc;
	if (!f)
		return err_set(err, -EINVAL, "it has no " BUNDLE_POLICY);
	int r = f->size > POLICY_BYTES_MAX ? err_set(err, -EINVAL, BUNDLE_POLICY " is larger than %u KiB", POLICY_BYTES_MAX / 1024)
	                                   : policy_parse(f->content, BUNDLE_POLICY, POLICY_ORGANISATION, &a, &doc, &problems);
	if (r == -EINVAL && problems.n)
		r = policy_problems_err(&problems, err);
	else if (r == 0 && !slice_is(b->organisation, policy_doc_info(doc)->organisation))
		r = err_set(err, -EINVAL, BUNDLE_POLICY " is of %s, and the bundle of %.*s", policy_doc_info(doc)->organisation,
		        SLICE_FMT(b->organisation));
	else if (r == 0 && policy_doc_info(doc)->expires)
		r = err_set(err, -EINVAL, "a policy in a bundle has no \"expires\": the bundle has");
	else if (r == -ENOMEM)
		r = err_set(err, r, "out of memory");
	policy_problems_free(&problems);
	return r;
}

static int check_files(const struct bundle *b, struct err *err)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct bundle_file *f = &b->file[i];
		struct bundle_fault fault;
		struct exception e;
		struct slice text;
		char digest[65], name[BUNDLE_NAME_MAX + 1];
		bool has;
		(void)slice_copy(f->name, name, sizeof(name));
		digest_sha256_hex(f->content, digest);
		if (!slice_is(f->sha256, digest))
			return err_set(err, -EBADMSG, "%s is not what was signed", name);
		bundle_split_note(f->content, &text, &has);
		if (slice_starts(f->name, SLICE(BUNDLE_EXCEPTIONS "/")) && exception_parse(text, &e, &fault) < 0)
			return trust_fault(&fault, name, err);
	}
	return check_policy(b, err);
}

static int take(const struct bundle_config *c, int store, struct slice bytes, struct bundle_taken *t, struct err *err)
{
	_cleanup_buf_ struct buf held_text = BUF(TRUST_MAX), who = BUF(sizeof(t->signers));
	struct bundle_held h = {.dir = -1};
	struct bundle_state s = {0};
	struct bundle_fault fault;
	struct trust held_trust;
	struct err why = {0};
	int r = bundle_parse(bytes, &t->bundle, &fault);
	if (r < 0) {
		(void)trust_fault(&fault, "no bundle", err);
		return -EINVAL;
	}
	r = read_anchor(c, &t->trust_text, &t->trust, err);
	if (r < 0)
		return r;
	if (!slice_eq(t->bundle.organisation, t->trust.organisation))
		return err_set(err, -EKEYREJECTED, "it is a bundle of %.*s, and this machine takes those of %.*s",
		        SLICE_FMT(t->bundle.organisation), SLICE_FMT(t->trust.organisation));
	digest_sha256_hex(t->bundle.text, t->sha256);
	/* What is in force may be damaged: then a good one may follow, as long as it is none that is older than what was recorded. */
	bool held = store >= 0 && current(c, store, &h, &held_text, &held_trust, &why) == 0;
	r = store < 0 ? 0 : bundle_state_read(store, &s, err);
	if (r == 0 && held && slice_eq(h.head.organisation, t->trust.organisation)) {
		if (held_trust.version > t->trust.version) {
			buf_reset(&t->trust_text);
			buf_add(&t->trust_text, buf_slice(&held_text));
			r = trust_read(buf_slice(&t->trust_text), "the trust in force", &t->trust, err);
		}
		/* Without its record it is still known. */
		if (!slice_is(h.head.organisation, s.organisation) || s.trust < h.head.trust ||
		        (s.trust == h.head.trust && s.version < h.head.version)) {
			s.trust = h.head.trust;
			s.version = h.head.version;
			(void)slice_copy(h.head.organisation, s.organisation, sizeof(s.organisation));
			(void)slice_copy(slice_str(h.sha256), s.sha256, sizeof(s.sha256));
		}
	}
	t->now = latest(&s, held ? h.head.from : 0, NULL);
	t->same = held && strcmp(h.sha256, t->sha256) == 0;
	bundle_held_free(&h);
	r = r < 0 ? r : follow(&t->trust, &t->trust_text, &t->bundle, err);
	r = r < 0 ? r : trust_verify(&t->trust, t->bundle.note, "it", &who, err);
	r = r < 0 ? r : rank(&t->bundle, t->sha256, &s, err);
	if (r == 0 && !t->same)
		r = check_time(&t->bundle, &t->trust, t->now, err);
	(void)slice_copy(buf_slice(&who), t->signers, sizeof(t->signers));
	return r < 0 ? r : check_files(&t->bundle, err);
}

int bundle_take(const struct bundle_config *c, struct slice bytes, struct bundle_taken *out, struct err *err)
{
	struct bundle_taken t = {.trust_text = BUF(TRUST_MAX)};
	t.file = calloc(BUNDLE_FILES, sizeof(*t.file));
	t.bundle.file = t.file;
	_cleanup_fd_ int store = bundle_store_open(c, false, err);
	int r = store < 0 && store != -ENOENT ? store : 0;
	if (r == 0 && !t.file)
		r = err_set(err, -ENOMEM, "out of memory");
	if (r == 0 && bytes.n > BUNDLE_MAX)
		r = err_set(err, -EINVAL, "it is larger than %zu MiB", BUNDLE_MAX >> 20);
	r = r < 0 ? r : take(c, store, bytes, &t, err);
	if (r < 0)
		bundle_taken_free(&t);
	else
		*out = t;
	return r;
}

int bundle_install(const struct bundle_config *c, struct slice bytes, bool *changed, struct err *err)
{
	struct bundle_taken t;
	/* What is no bundle makes no store. */
	int r = bundle_take(c, bytes, &t, err);
	if (r < 0)
		return r;
	bundle_taken_free(&t);
	_cleanup_fd_ int store = bundle_store_open(c, true, err);
	if (store < 0)
		return store;
	_cleanup_fd_ int lock = bundle_store_lock(store, true, err);
	if (lock < 0)
		return lock;
	/* Again: another process may have installed one. */
	r = bundle_take(c, bytes, &t, err);
	if (r < 0)
		return r;
	if (t.same)
		bundle_store_prune(store);
	else
		r = bundle_store_put(store, c, &t, err);
	*changed = r == 0 && !t.same;
	bundle_taken_free(&t);
	return r;
}
