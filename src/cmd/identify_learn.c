/* postern identify --learn: from packages to a file of prints. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/encode.h"
#include "cmd/identify.h"
#include "identify/identify.h"
#include "identify/learn.h"
#include "obtain/cache.h"
#include "obtain/unpack.h"
#include "parse/json.h"
#include "sys/fd.h"
#include "sys/path.h"

#define REMARK                                                                                                                    \
	"Prints of a tool, see postern-prints(5). Made by \"postern identify --learn\"; learn them anew rather than edit them.\n" \
	"The constants are in base64, so that this file does not hold what it is about, and is not taken for the tool itself."

struct learning {
	struct arena arena;
	struct learn_source source[64];
	size_t n;
	int against[OPT_LIST_MAX];
	size_t n_against;
	int scratch; /* a folder for what is unpacked */
	char scratch_path[64];
};

static void progress(void *arg, const char *what)
{
	(void)arg;
	if (isatty(STDERR_FILENO))
		(void)fprintf(stderr, "postern identify: %s\n", what);
}

/* The version in a package.json, or NULL. */
static const char *package_version(struct learning *l, int dir)
{
	_cleanup_buf_ struct buf text = BUF((size_t)1 << 20);
	struct json *doc = NULL;
	if (path_read(dir, "package.json", &text) < 0 || json_parse(buf_slice(&text), NULL, &l->arena, &doc, NULL) != JSON_OK)
		return NULL;
	const struct json *v = json_get(doc, "version");
	if (!v || v->type != JSON_STRING)
		return NULL;
	return arena_str(&l->arena, json_text(v, &l->arena));
}

/* An archive into a folder of its own below the scratch folder: its descriptor, or negative errno. */
static int unpacked(struct learning *l, int archive, const char *path, struct err *err)
{
	struct unpack_result result;
	char name[32];
	if (l->scratch < 0) {
		(void)snprintf(l->scratch_path, sizeof(l->scratch_path), "/tmp/postern-learn.XXXXXX");
		if (!mkdtemp(l->scratch_path))
			return err_sys(err, -errno, "a folder for what is unpacked");
		l->scratch = open(l->scratch_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (l->scratch < 0)
			return err_sys(err, -errno, "a folder for what is unpacked");
	}
	(void)snprintf(name, sizeof(name), "%zu", l->n);
	if (mkdirat(l->scratch, name, 0700) < 0)
		return err_sys(err, -errno, "a folder for what is unpacked");
	_cleanup_fd_ int dir = openat(l->scratch, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_sys(err, -errno, "a folder for what is unpacked");
	int r = unpack(archive, dir, NULL, path, &result, err);
	return r < 0 ? r : TAKE_FD(dir);
}

static int integrity_of(struct learning *l, int fd, bool folder, const char **out)
{
	_cleanup_buf_ struct buf b = BUF(256);
	struct digests d;
	char hex[65];
	int r = folder ? cache_digest_tree(fd, hex) : cache_digest(fd, false, &d);
	if (r < 0)
		return r;
	buf_str_add(&b, folder ? "tree-sha256-" : "sha512-");
	if (folder)
		buf_str_add(&b, hex);
	else
		encode_base64(&b, slice_of(d.sha512, sizeof(d.sha512)), false, true);
	*out = arena_str(&l->arena, buf_slice(&b));
	return *out ? 0 : -ENOMEM;
}

/* PATH, or VERSION=PATH. */
static int add_source(struct learning *l, const char *operand, struct err *err)
{
	struct learn_source *s = &l->source[l->n];
	struct stat st;
	const char *equals = strchr(operand, '='), *slash = strchr(operand, '/'), *path = operand;
	*s = (struct learn_source){.fd = -1};
	if (equals && (!slash || equals < slash)) {
		s->version = arena_str(&l->arena, slice_sub(slice_str(operand), 0, (size_t)(equals - operand)));
		path = equals + 1;
	}
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, -errno, "%s", path);
	bool folder = S_ISDIR(st.st_mode), archive = slice_ends(slice_str(path), SLICE(".tgz"));
	int r = integrity_of(l, fd, folder, &s->integrity);
	if (r < 0)
		return err_sys(err, r, "%s", path);
	s->fd = archive ? unpacked(l, fd, path, err) : TAKE_FD(fd);
	if (s->fd < 0)
		return s->fd;
	l->n++;
	if (!s->version && (folder || archive))
		s->version = package_version(l, s->fd);
	return s->version && s->version[0] ? 0 : err_set(err, -EINVAL, "%s does not say its version: write VERSION=%s", path, path);
}

static int gather(struct learning *l, const struct identify_opts *o, const struct opt_args *args, struct err *err)
{
	int r = 0;
	if (args->n + o->loader.n > ARRAY_LEN(l->source))
		return err_set(err, -EINVAL, "these are more than %zu artefacts", ARRAY_LEN(l->source));
	for (size_t i = 0; r == 0 && i < args->n + o->loader.n; i++) {
		r = add_source(l, i < args->n ? args->arg[i] : o->loader.item[i - args->n], err);
		if (r == 0)
			l->source[l->n - 1].loader = i >= args->n;
	}
	for (size_t i = 0; r == 0 && i < o->against.n; i++) {
		int fd = open(o->against.item[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return err_sys(err, -errno, "%s", o->against.item[i]);
		l->against[l->n_against++] = fd;
	}
	return r;
}

static int write_out(const char *path, const struct buf *text, struct err *err)
{
	if (!path)
		return 0;
	_cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0644);
	int r = fd < 0 ? -errno : fd_write_all(fd, buf_slice(text));
	return r < 0 ? err_sys(err, r, "%s", path) : 0;
}

static void finish(struct learning *l)
{
	for (size_t i = 0; i < l->n; i++)
		close(l->source[i].fd);
	for (size_t i = 0; i < l->n_against; i++)
		close(l->against[i]);
	if (l->scratch_path[0])
		(void)path_remove(AT_FDCWD, l->scratch_path);
	if (l->scratch >= 0)
		close(l->scratch);
	arena_free(&l->arena);
	free(l);
}

int identify_learn(const struct identify_opts *o, const struct opt_args *args)
{
	if (!o->tool || !o->title || !o->publisher || o->package.n == 0)
		return cmd_usage("identify", "--learn needs --tool, --title, --publisher and --package");
	struct learning *l = calloc(1, sizeof(*l));
	struct err err = {0};
	struct prints p, again;
	_cleanup_buf_ struct buf text = BUF(PRINTS_BYTES_MAX);
	const char *packages[OPT_LIST_MAX + 1] = {NULL}, *words[OPT_LIST_MAX + 1] = {NULL};
	if (!l)
		return EXIT_INCONCLUSIVE;
	l->scratch = -1;
	l->arena = ARENA((size_t)256 << 20);
	for (size_t i = 0; i < o->package.n; i++)
		packages[i] = o->package.item[i];
	for (size_t i = 0; i < o->word.n; i++)
		words[i] = o->word.item[i];
	int r = gather(l, o, args, &err);
	const struct learn_options options = {.tool = o->tool,
	        .title = o->title,
	        .publisher = o->publisher,
	        .packages = packages,
	        .words = o->word.n ? words : NULL,
	        .against = l->against,
	        .n_against = l->n_against,
	        .want = (size_t)o->constants,
	        .progress = progress};
	r = r < 0 ? r : learn(l->source, l->n, &options, &l->arena, &p, &err);
	if (r == 0) {
		prints_write(&text, &p, REMARK);
		/* What was given on the command line may be no good in such a file. */
		r = buf_error(&text) ? err_set(&err, -EFBIG, "the prints are too large")
		                     : prints_parse(buf_slice(&text), "the prints", &l->arena, &again, &err);
	}
	r = r < 0 ? r : write_out(o->output, &text, &err);
	if (r == 0)
		(void)fprintf(stderr, "postern identify: %s: %zu constants, %u are needed, %zu contexts of the version\n", p.tool,
		        p.n_constants, p.need, p.n_contexts);
	finish(l);
	if (r < 0) {
		cmd_tell("identify", err.text[0] ? err.text : "out of memory");
		return EXIT_USAGE;
	}
	return o->output ? EXIT_OK : cmd_print(&text);
}
