/* The files of the layers. */
#include "policy/bundle.h"
#include "policy/compiled.h"
#include "policy/admit.h"
#include "policy/except.h"
#include "policy/sign.h"
#include "policy/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "crypto/digest.h"
#include "sys/path.h"

#define DOCS_MAX (128u << 20)

struct loader {
	const struct policy_load *from;
	struct arena docs;
	struct policy_doc *doc[POLICY_LAYERS];
	struct policy_problems *problems;
	struct err *err;
	time_t now;
	/* What came with the organisation's policy, beside its text. */
	struct policy_exceptions exceptions;
	struct policy_admitted admitted;
	int64_t closes; /* as in struct policy_settings */
};

static int read_fd(int fd, const char *path, struct buf *out, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_sys(err, -errno, "cannot read the policy %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "the policy %s is no regular file", path);
	for (;;) {
		size_t want = out->max - out->n;
		uint8_t *room = buf_room(out, want < 65536 ? want : 65536);
		if (want == 0 || !room)
			return err_set(err, -EINVAL, "%s:1:1: larger than %u KiB; a policy is a few", path, POLICY_BYTES_MAX / 1024);
		ssize_t n = read(fd, room, want < 65536 ? want : 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, -errno, "cannot read the policy %s", path);
		if (n == 0)
			return 0;
		out->n += (size_t)n;
	}
}

/* 1: read, 0: it is not there. */
static int read_file(const char *path, struct buf *out, struct stat *st, struct err *err)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0 || fstat(fd, st) < 0)
		return err_sys(err, -errno, "cannot read the policy %s", path);
	int r = read_fd(fd, path, out, err);
	return r < 0 ? r : 1;
}

static int parse(struct loader *l, struct slice text, const char *path, enum policy_layer layer)
{
	int r = policy_parse(text, path, layer, &l->docs, &l->doc[layer], l->problems);
	if (r == -EINVAL)
		return policy_problems_err(l->problems, l->err);
	if (r < 0)
		return err_set(l->err, r, "out of memory");
	struct policy_info *info = &l->doc[layer]->info;
	digest_sha256_hex(text, info->sha256);
	if (info->expires && l->now >= info->expires)
		return err_set(l->err, -ESTALE, "the policy %s has expired; get a newer one%s", path,
		        layer == POLICY_ORGANISATION ? " from your organisation" : ", or change \"expires\"");
	return 0;
}

int policy_owner(const char *path, const struct stat *st, bool given, struct err *err)
{
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return err_set(err, -EACCES, "%s may be written by others (mode %03o); chmod go-w it", path, (unsigned)st->st_mode & 0777);
	if (st->st_uid != 0 && !(given && st->st_uid == geteuid()))
		return err_set(err, -EACCES, "%s belongs to user %u and not to root", path, (unsigned)st->st_uid);
	return 0;
}

const char *policy_beside(const char *policy, const char *name, struct arena *arena)
{
	const char *slash = strrchr(policy, '/');
	return arena_fmt(arena, "%.*s%s", slash ? (int)(slash - policy + 1) : 0, policy, name);
}

/* A folder of exceptions. What is wrong with it costs the exceptions, and not the policy. */
static int exceptions(struct loader *l, int at, const char *path, const char *name, bool given)
{
	struct stat st;
	struct err err = {0};
	_cleanup_fd_ int dir = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return 0;
	int r = fstat(dir, &st) < 0 ? -errno : policy_owner(path, &st, given, &err);
	r = r < 0 ? r : except_folder(l->doc[POLICY_ORGANISATION], dir, path, &l->docs, &l->exceptions);
	if (r == -ENOMEM)
		return err_set(l->err, r, "out of memory");
	if (r < 0)
		policy_problem(l->problems, true, path, 0, 0, "the exceptions in this folder do not count: %s",
		        err.text[0]   ? err.text
		        : r == -E2BIG ? "there are too many"
		                      : strerror(-r));
	return 0;
}

/* The policy of the bundle in force. 1: it was taken; 0: no bundle is in force here. */
static int held(struct loader *l, const struct bundle_config *c, struct bundle_held *h)
{
	_cleanup_buf_ struct buf text = BUF(POLICY_BYTES_MAX + 1);
	char until[21];
	const char *path = arena_fmt(&l->docs, "%s/%s", h->path, BUNDLE_POLICY);
	const char *folder = arena_fmt(&l->docs, "%s/%s", h->path, BUNDLE_EXCEPTIONS);
	if (!path || !folder)
		return err_set(l->err, -ENOMEM, "out of memory");
	statement_time_write(h->head.expires, until);
	if (h->expired && c->closed && !l->from->expired_too)
		return err_set(l->err, -ESTALE,
		        "the bundle of %.*s expired at %s, and no AI tool may run here until there is a newer one (on_expiry: closed)",
		        SLICE_FMT(h->head.organisation), until);
	if (h->expired)
		policy_problem(l->problems, true, path, 0, 0,
		        "version %llu of the bundle of %.*s expired at %s, and %s until there is a newer one",
		        (unsigned long long)h->head.version, SLICE_FMT(h->head.organisation), until,
		        c->closed ? "no AI tool may run" : "stays in force");
	if (h->clock_back)
		policy_problem(l->problems, true, path, 0, 0,
		        "the clock of this machine is more than a day behind a time that was seen before, which counts; if that was wrong: "
		        "postern policy bundle forget-time");
	if (c->closed)
		l->closes = h->expired ? -1 : h->head.expires;
	int r = bundle_held_read(h, BUNDLE_POLICY, &text, l->err);
	r = r < 0 ? r : parse(l, buf_slice(&text), path, POLICY_ORGANISATION);
	if (r < 0)
		return r;
	l->doc[POLICY_ORGANISATION]->info.signature = true;
	r = exceptions(l, h->dir, folder, BUNDLE_EXCEPTIONS, c->given);
	return r < 0 ? r : 1;
}

static int bundle(struct loader *l)
{
	_cleanup_arena_ struct arena a = ARENA(1u << 20);
	struct bundle_config usual = {0};
	const struct bundle_config *c = l->from->bundle;
	struct bundle_held h;
	char before[65] = "";
	int r = c ? 0 : bundle_config_read(NULL, &a, &usual, l->err);
	c = c ? c : &usual;
	while (r == 0) {
		r = bundle_current(c, &h, l->err);
		if (r < 0)
			return r == -ENOENT ? 0 : r;
		/* One that was replaced while it was read may be gone; the next is there. */
		bool again = strcmp(before, h.sha256) != 0;
		(void)memcpy(before, h.sha256, sizeof(before));
		r = held(l, c, &h);
		bundle_held_free(&h);
		if (r == -EBADMSG && again)
			r = 0;
	}
	return r;
}

/* The folder of statements beside the organisation's policy. What is wrong with it costs the statements, and not the policy. */
static int statements(struct loader *l, const char *policy, bool given)
{
	const char *path = policy_beside(policy, POLICY_VETTED, &l->docs);
	const struct policy_doc *d = l->doc[POLICY_ORGANISATION];
	struct stat st;
	struct err err = {0};
	if (!path)
		return err_set(l->err, -ENOMEM, "out of memory");
	_cleanup_fd_ int dir = d && d->n_vetted_keys ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (dir < 0)
		return 0;
	int r = fstat(dir, &st) < 0 ? -errno : policy_owner(path, &st, given, &err);
	r = r < 0 ? r : admit_folder(d, dir, path, &l->docs, &l->admitted, l->problems);
	if (r == -ENOMEM)
		return err_set(l->err, r, "out of memory");
	if (r < 0) {
		l->admitted.n = 0;
		policy_problem(l->problems, true, path, 0, 0, "the statements in this folder admit nothing: %s",
		        err.text[0]   ? err.text
		        : r == -E2BIG ? "there are too many"
		                      : strerror(-r));
	}
	return 0;
}

/* In the folder of the organisation's policy. */
static int local_exceptions(struct loader *l, const char *policy, bool given)
{
	const char *path = policy_beside(policy, POLICY_EXCEPTIONS, &l->docs);
	int r = path ? exceptions(l, AT_FDCWD, path, path, given) : err_set(l->err, -ENOMEM, "out of memory");
	return r < 0 ? r : statements(l, policy, given);
}

static int organisation(struct loader *l)
{
	const char *given = l->from->organisation, *path = given ? given : POLICY_ORGANISATION_FILE;
	_cleanup_buf_ struct buf text = BUF(POLICY_BYTES_MAX + 1), keys_text = BUF(64u << 10), note = BUF(NOTE_MAX), state = BUF(PATH_MAX);
	struct policy_keys keys;
	struct stat st;
	char told[400];
	if (!path[0])
		return 0;
	int r = given ? 0 : bundle(l);
	if (r != 0)
		return r < 0 ? r : local_exceptions(l, path, false);
	r = read_file(path, &text, &st, l->err);
	if (r == 0 && given)
		return err_set(l->err, -ENOENT, "there is no policy %s", path);
	if (r <= 0)
		return r;
	const char *keys_path = policy_beside(path, "policy.keys", &l->docs);
	const char *note_path = arena_fmt(&l->docs, "%s%s", path, POLICY_SIGNATURE_SUFFIX);
	if (!keys_path || !note_path)
		return err_set(l->err, -ENOMEM, "out of memory");
	if ((r = policy_owner(path, &st, given != NULL, l->err)) < 0 || (r = parse(l, buf_slice(&text), path, POLICY_ORGANISATION)) < 0)
		return r;
	struct policy_info *info = &l->doc[POLICY_ORGANISATION]->info;
	r = read_file(keys_path, &keys_text, &st, l->err);
	if (r < 0)
		return r;
	if (r == 1) {
		if ((r = policy_owner(keys_path, &st, given != NULL, l->err)) < 0 ||
		        (r = policy_keys_parse(buf_slice(&keys_text), keys_path, &keys, l->err)) < 0)
			return r;
		r = read_file(note_path, &note, &st, l->err);
		if (r == 0)
			return err_set(l->err, -EKEYREJECTED, "%s is not signed: there is no %s, and %s demands %u signatures", path,
			        note_path, keys_path, keys.threshold);
		if (r < 0 || (r = policy_verify(info, buf_slice(&note), &keys, NULL, l->err)) < 0)
			return r;
		info->signature = true;
	}
	if (!l->from->state)
		policy_state_path(&state);
	r = policy_state_check(l->from->state ? l->from->state : buf_str(&state), info, told, sizeof(told), l->err);
	if (r == 0 && told[0])
		policy_problem(l->problems, true, path, 0, 0, "%s", told);
	return r < 0 ? r : local_exceptions(l, path, given != NULL);
}

/* Links are not followed: what is behind one is none of the project. */
static int project(struct loader *l)
{
	_cleanup_buf_ struct buf text = BUF(POLICY_BYTES_MAX + 1);
	const char *folder = l->from->vars.project;
	if (!folder || l->from->no_project)
		return 0;
	_cleanup_fd_ int dir = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *path = arena_fmt(&l->docs, "%s/%s", folder, POLICY_PROJECT_FILE);
	if (!path)
		return err_set(l->err, -ENOMEM, "out of memory");
	if (dir < 0)
		return err_sys(l->err, -errno, "cannot open the project %s", folder);
	_cleanup_fd_ int fd = path_open(dir, POLICY_PROJECT_FILE, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd == -ENOENT)
		return 0;
	if (fd == -ELOOP)
		return err_set(l->err, -ELOOP, "the policy %s is a link; put a file there, or remove it", path);
	if (fd < 0)
		return err_sys(l->err, fd, "cannot read the policy %s", path);
	int r = read_fd(fd, path, &text, l->err);
	return r < 0 ? r : parse(l, buf_slice(&text), path, POLICY_PROJECT);
}

static const char *person_file(const char *given, const char *home, struct arena *arena)
{
	const char *config = getenv("XDG_CONFIG_HOME");
	if (given)
		return given;
	return config && config[0] == '/' ? arena_fmt(arena, "%s/postern/policy.yaml", config)
	                                  : arena_fmt(arena, "%s/.config/postern/policy.yaml", home);
}

int policy_files(const struct policy_load *from, struct arena *arena, const char *out[POLICY_FILES_MAX])
{
	const char *organisation = from->organisation ? from->organisation : POLICY_ORGANISATION_FILE;
	const char *home = from->vars.home ? from->vars.home : getenv("HOME");
	const char *person = home ? person_file(from->person, home, arena) : "";
	size_t n = 0;
	if (organisation[0]) {
		out[n++] = organisation;
		out[n++] = arena_fmt(arena, "%s%s", organisation, POLICY_SIGNATURE_SUFFIX);
		out[n++] = policy_beside(organisation, "policy.keys", arena);
		out[n++] = policy_beside(organisation, POLICY_EXCEPTIONS, arena);
		out[n++] = policy_beside(organisation, POLICY_VETTED, arena);
	}
	/* Its link is followed, so that another bundle is another file. */
	if (!from->organisation)
		out[n++] = arena_fmt(
		        arena, "%s/current/" BUNDLE_POLICY, from->bundle && from->bundle->store ? from->bundle->store : BUNDLE_STORE);
	if (!person || person[0])
		out[n++] = person;
	out[n] = NULL;
	for (size_t i = 0; i < n; i++)
		if (!out[i])
			return -ENOMEM;
	return 0;
}

static int person(struct loader *l, const char *home)
{
	const char *given = l->from->person, *path = person_file(given, home, &l->docs);
	_cleanup_buf_ struct buf text = BUF(POLICY_BYTES_MAX + 1);
	struct stat st;
	if (!path)
		return err_set(l->err, -ENOMEM, "out of memory");
	if (!path[0])
		return 0;
	int r = read_file(path, &text, &st, l->err);
	if (r == 0 && given)
		return err_set(l->err, -ENOENT, "there is no policy %s", path);
	if (r == 1 && (st.st_mode & S_IWOTH))
		return err_set(
		        l->err, -EACCES, "%s may be written by everybody (mode %03o); chmod o-w it", path, (unsigned)st.st_mode & 0777);
	return r <= 0 ? r : parse(l, buf_slice(&text), path, POLICY_PERSON);
}

int policy_load(const struct policy_load *from, struct policy **out, struct policy_problems *problems, struct err *err)
{
	struct loader l = {.from = from, .docs = ARENA(DOCS_MAX), .problems = problems, .err = err, .now = time(NULL)};
	struct policy_vars vars = from->vars;
	struct policy *p = NULL;
	if (!vars.home)
		vars.home = getenv("HOME");
	if (!vars.home || vars.home[0] != '/')
		return err_set(err, -EINVAL, "HOME is not set to a folder, so nobody knows what \"~\" is in a policy");
	if (vars.project && vars.project[0] != '/')
		return err_set(err, -EINVAL, "the project should be a whole path");
	const struct policy *before = from->before;
	int r = organisation(&l);
	if (r == 0 && before && before->doc[POLICY_ORGANISATION] && !l.doc[POLICY_ORGANISATION])
		r = err_set(err, -ENOENT, "the policy of the organisation is not there any more");
	r = r < 0 || before ? r : project(&l);
	r = r < 0 ? r : person(&l, vars.home);
	if (r == 0) {
		const struct policy_doc *doc[POLICY_LAYERS] = {
		        [POLICY_ORGANISATION] = l.doc[POLICY_ORGANISATION],
		        [POLICY_PROJECT] = before ? before->doc[POLICY_PROJECT] : l.doc[POLICY_PROJECT],
		        [POLICY_PERSON] = l.doc[POLICY_PERSON],
		        [POLICY_COMMAND] = from->command,
		};
		r = policy_compile(doc, &vars, &p, problems);
		if (r == 0) {
			p->s.closes = l.closes;
			r = admit_set(p, &l.admitted);
			r = r < 0 ? r : except_set(p, &l.exceptions);
			if (r < 0)
				policy_free(p);
		}
		if (r == -EINVAL)
			r = policy_problems_err(problems, err);
		else if (r < 0)
			r = err_set(err, r, "out of memory");
	}
	if (r < 0) {
		arena_free(&l.docs);
		return r;
	}
	p->docs = l.docs;
	*out = p;
	return 0;
}
