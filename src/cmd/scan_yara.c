/* Files of rules of YARA, for those who scan. They are read here and compiled there. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "cmd/scan.h"
#include "sys/fd.h"

#define IMAGE_MAX (SCAN_YARA_MAX + ((size_t)1 << 20))
#define SPACE_MAX 64u

struct gather {
	struct scan_yara_files *files;
	struct buf image;
	struct err *err;
	bool folder; /* only what is called so counts */
};

int scan_memory_file(struct slice bytes)
{
	char self[64];
	_cleanup_fd_ int to = memfd_create("postern-rules", MFD_CLOEXEC);
	int r = to < 0 ? -errno : fd_write_all(to, bytes);
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", to);
	int fd = r < 0 ? -1 : open(self, O_RDONLY | O_CLOEXEC);
	return r < 0 ? r : fd < 0 ? -errno : fd;
}

static bool is_rules(const char *path)
{
	const char *dot = strrchr(path, '.');
	return dot && (strcmp(dot, ".yar") == 0 || strcmp(dot, ".yara") == 0 || strcmp(dot, ".rule") == 0);
}

/* "back-doors" of "rules/back-doors.yar"; of a second one "back-doors#7", as names of rules are their own in each file. */
static void name_space(const struct scan_yara_files *f, const char *path, char out[SPACE_MAX])
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
	int n = dot && dot > name && is_rules(name) ? (int)(dot - name) : (int)strlen(name);
	n = n < 40 ? n : 40;
	(void)snprintf(out, SPACE_MAX, "%.*s", n, name);
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->space[i], out) == 0) {
			(void)snprintf(out, SPACE_MAX, "%.*s#%zu", n, name, f->n + 1);
			return;
		}
}

/* Appends the text of a file. */
static int read_text(struct gather *g, const char *path, int fd, struct buf *text)
{
	struct stat st;
	ssize_t n = 1;
	if (fstat(fd, &st) < 0)
		return err_sys(g->err, -errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(g->err, -EINVAL, "%s is no file of rules", path);
	while (n > 0) {
		uint8_t *room = buf_room(text, (size_t)1 << 16);
		if (!room)
			return err_set(g->err, buf_error(text), "%s: rules of YARA are more than %zu MB: give fewer at once", path,
			        SCAN_YARA_MAX >> 20);
		n = read(fd, room, (size_t)1 << 16);
		if (n < 0)
			return err_sys(g->err, -errno, "%s", path);
		text->n += (size_t)n;
	}
	return 0;
}

static int on_rules(void *arg, const char *path, int fd, int error)
{
	struct gather *g = arg;
	struct scan_yara_files *f = g->files;
	_cleanup_buf_ struct buf text = BUF(SCAN_YARA_MAX);
	char space[SPACE_MAX];
	if (g->folder && !is_rules(path))
		return 0;
	if (fd < 0)
		return err_sys(g->err, error, "%s", path);
	if (f->n == SCAN_YARA_FILES)
		return err_set(g->err, -E2BIG, "more than %u files of rules of YARA: give fewer at once", SCAN_YARA_FILES);
	int r = read_text(g, path, fd, &text);
	if (r < 0)
		return r;
	name_space(f, path, space);
	scan_yara_put(&g->image, space, buf_slice(&text));
	f->path[f->n] = arena_str(&f->arena, slice_str(path));
	f->space[f->n] = arena_str(&f->arena, slice_str(space));
	if (!f->path[f->n] || !f->space[f->n] || buf_error(&g->image))
		return err_set(g->err, -ENOMEM, "rules of YARA are more than %zu MB, or there is no memory for them", SCAN_YARA_MAX >> 20);
	f->n++;
	return 0;
}

static int read_one(struct gather *g, const char *path, struct err *err)
{
	struct stat st;
	struct scan_walk w = {.file = on_rules, .arg = g};
	size_t before = g->files->n;
	g->folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	int r = scan_walk(&w, path, err);
	if (r == 0 && g->files->n == before)
		r = err_set(err, -ENOENT, "%s: no rules of YARA are in it (.yar, .yara)", path);
	return r;
}

int scan_yara_read(struct scan_yara_files *f, const char *const *policy, const struct opt_list *named, struct err *err)
{
	*f = (struct scan_yara_files){0};
	if (!policy[0] && named->n == 0)
		return 0;
	struct gather g = {.files = f, .image = BUF(IMAGE_MAX), .err = err};
	*f = (struct scan_yara_files){.arena = ARENA((size_t)64 << 20)};
	f->path = calloc(SCAN_YARA_FILES, sizeof(*f->path));
	f->space = calloc(SCAN_YARA_FILES, sizeof(*f->space));
	/* Those who scan cannot say what they lack. */
	int r = f->path && f->space ? scan_yara_load(err) : err_set(err, -ENOMEM, "no memory");
	/* Who did not name them has to know who did. */
	for (; *policy && r == 0; policy++)
		if ((r = read_one(&g, *policy, err)) < 0)
			(void)err_wrap(err, r, "the policy asks for rules of YARA (postern policy explain)");
	for (size_t i = 0; i < named->n && r == 0; i++)
		r = read_one(&g, named->item[i], err);
	int fd = r < 0 ? r : scan_memory_file(buf_slice(&g.image));
	if (r == 0 && fd < 0)
		err_sys(err, fd, "cannot keep the rules of YARA");
	buf_free(&g.image);
	return fd;
}

/* "rules/a.yar:12: …" */
void scan_yara_explain(const struct scan_yara_files *f, const struct scan_yara_wrong *w, struct err *err)
{
	if (!w->text[0])
		return;
	const char *path = w->file < f->n ? f->path[w->file] : "rules of YARA";
	if (w->line)
		err_set(err, -EINVAL, "%.250s:%u: %s", path, w->line, w->text);
	else
		err_set(err, -EINVAL, "%.250s: %s", path, w->text);
}

void scan_yara_files_free(struct scan_yara_files *f)
{
	arena_free(&f->arena);
	free(f->path);
	free(f->space);
	*f = (struct scan_yara_files){0};
}
