/* /etc/postern/bundle.yaml: what the administrator of a machine says about bundles. */
#include "policy/bundle_part.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "policy/reader.h"
#include "sys/path.h"

#define CONFIG_MAX ((size_t)64 << 10)

static const char *const expiry_words[] = {"warn", "closed", NULL};

static const char *absolute(struct reader *r, const struct tree *v, const char *what)
{
	const char *s = read_plain(r, v, what);
	if (s && s[0] != '/')
		read_bad(r, v, "\"%s\" should be a whole path, but is \"%.80s\"", what, s);
	return s;
}

static void url(struct reader *r, const struct tree *v, void *object)
{
	struct bundle_config *c = object;
	const char *s = read_plain(r, v, "url");
	if (s && strncmp(s, "https://", 8) != 0)
		read_bad(r, v, "\"url\" should begin with https://, but is \"%.80s\"", s);
	c->url = s;
}

static void ca(struct reader *r, const struct tree *v, void *object)
{
	((struct bundle_config *)object)->ca = absolute(r, v, "ca");
}

static void folder(struct reader *r, const struct tree *v, void *object)
{
	((struct bundle_config *)object)->folder = absolute(r, v, "folder");
}

static void timeout(struct reader *r, const struct tree *v, void *object)
{
	uint64_t n;
	if (!read_seconds(r, v, "timeout", &n))
		return;
	if (n == 0 || n > 3600)
		read_bad(r, v, "\"timeout\" is from 1s to 1h");
	else
		((struct bundle_config *)object)->timeout = (unsigned)n;
}

static void on_expiry(struct reader *r, const struct tree *v, void *object)
{
	unsigned i;
	if (read_choice(r, v, "on_expiry", expiry_words, &i))
		((struct bundle_config *)object)->closed = i == 1;
}

static const struct read_key keys[] = {
        {"url", url, false}, {"ca", ca, false}, {"folder", folder, false}, {"timeout", timeout, false}, {"on_expiry", on_expiry, false}};

int bundle_config_read(const char *path, struct arena *arena, struct bundle_config *out, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(CONFIG_MAX);
	struct bundle_config c = *out;
	struct policy_problems problems = {0};
	struct policy_doc doc = {.layer = POLICY_ORGANISATION, .file = path ? path : BUNDLE_CONFIG_FILE};
	struct reader r = {.arena = arena, .problems = &problems, .doc = &doc};
	struct tree *root;
	struct stat st;
	if (stat(doc.file, &st) < 0)
		return !path && (errno == ENOENT || errno == ENOTDIR) ? 0 : err_sys(err, -errno, "cannot read %s", doc.file);
	int e = policy_owner(doc.file, &st, c.given, err);
	if (e == 0 && (e = path_read(AT_FDCWD, doc.file, &text)) < 0)
		e = err_sys(err, e, "cannot read %s", doc.file);
	if (e < 0)
		return e;
	e = tree_yaml(buf_slice(&text), doc.file, arena, &root, &problems);
	if (e == 0)
		read_map(&r, root, "the settings of bundles", keys, ARRAY_LEN(keys), &c);
	if (r.no_memory || e == -ENOMEM)
		e = err_set(err, -ENOMEM, "out of memory");
	else if (problems.errors)
		e = policy_problems_err(&problems, err);
	policy_problems_free(&problems);
	if (e == 0)
		*out = c;
	return e;
}
