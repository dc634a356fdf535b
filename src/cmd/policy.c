/* postern policy: the family, and what its parts share. */
#include "cmd/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "crypto/digest.h"
#include "sys/fd.h"
#include "sys/path.h"

const char *const policy_formats[] = {"text", "json", NULL};
const char *const policy_layers[] = {"guess", "organisation", "project", "person", NULL};

int policy_fail(const struct command *c, const struct err *err)
{
	(void)fprintf(stderr, "postern %s: %s\n", c->name, err->text);
	return EXIT_USAGE;
}

static enum policy_layer layer_of(const char *path, unsigned layer)
{
	const char *slash = strrchr(path, '/');
	if (layer != LAYER_GUESS)
		return (enum policy_layer)layer;
	if (strcmp(slash ? slash + 1 : path, POLICY_PROJECT_FILE) == 0)
		return POLICY_PROJECT;
	return strcmp(path, POLICY_ORGANISATION_FILE) == 0 ? POLICY_ORGANISATION : POLICY_PERSON;
}

int policy_open(const char *path, unsigned layer, struct arena *arena, struct policy_doc **out, struct buf *text,
        struct policy_problems *problems, struct err *err)
{
	int r = path_read(AT_FDCWD, path, text);
	if (r == -EFBIG)
		return err_set(err, -EFBIG, "%s is larger than %u KiB; a policy is a few", path, POLICY_BYTES_MAX / 1024);
	if (r < 0)
		return err_sys(err, r, "cannot read %s", path);
	r = policy_parse(buf_slice(text), path, layer_of(path, layer), arena, out, problems);
	if (r == 0)
		digest_sha256_hex(buf_slice(text), policy_doc_info(*out)->sha256);
	return r == -ENOMEM ? err_set(err, r, "out of memory") : r;
}

int policy_alone(const struct policy_doc *doc, struct policy **out, struct policy_problems *problems)
{
	char here[PATH_MAX];
	const char *home = getenv("HOME");
	const struct policy_doc *docs[POLICY_LAYERS] = {0};
	struct policy_vars vars = {.home = home && home[0] == '/' ? home : "/nonexistent", .project = getcwd(here, sizeof(here))};
	docs[policy_doc_layer(doc)] = doc;
	return policy_compile(docs, &vars, out, problems);
}

void policy_problems_text(const struct policy_problems *p, struct buf *out)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct policy_problem *e = &p->list[i];
		if (e->line)
			buf_fmt(out, "%s:%u:%u: %s%s\n", e->file, e->line, e->column, e->warning ? "warning: " : "", e->text);
		else
			buf_fmt(out, "%s: %s%s\n", e->file, e->warning ? "warning: " : "", e->text);
	}
}

int policy_keep(const char *path, struct slice text, bool fresh, struct err *err)
{
	char name[PATH_MAX];
	if (snprintf(name, sizeof(name), "%s.new-%d", path, (int)getpid()) >= (int)sizeof(name))
		return err_set(err, -ENAMETOOLONG, "the name %s is too long", path);
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
	_cleanup_fd_ int fd = open(fresh ? path : name, flags, 0644);
	if (fd < 0 && fresh && errno == EEXIST)
		return err_set(err, -EEXIST, "%s is there already, and is left alone", path);
	if (fd < 0)
		return err_sys(err, -errno, "cannot write %s", path);
	int r = fd_write_all(fd, text);
	if (r == 0 && (fsync(fd) < 0 || (!fresh && rename(name, path) < 0)))
		r = -errno;
	if (r < 0)
		(void)unlink(fresh ? path : name);
	return r < 0 ? err_sys(err, r, "cannot write %s", path) : 0;
}

static const struct command *const parts[] = {
        &cmd_policy_check,
        &cmd_policy_explain,
        &cmd_policy_diff,
        &cmd_policy_init,
        &cmd_policy_import,
        &cmd_policy_sign,
        &cmd_policy_verify,
        &cmd_policy_bundle,
        &cmd_policy_except,
        &cmd_policy_exceptions,
        NULL,
};

static const char *const examples[] = {
        "postern policy init claude-code > policy.yaml",
        "postern policy check policy.yaml",
        "postern policy explain --host api.anthropic.com --method POST --path /v1/messages",
        NULL,
};

const struct command cmd_policy = {
        .name = "policy",
        .summary = "write, check, explain and sign what tools may do",
        .operands = "COMMAND",
        .examples = examples,
        .parts = parts,
};
