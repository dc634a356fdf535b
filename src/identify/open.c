/* Prints from their folder to a database of the matcher's, which is kept. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "crypto/digest.h"
#include "crypto/kept.h"
#include "identify/identify_part.h"
#include "sys/path.h"
#include "sys/share.h"

#define FORMAT       1 /* of what is kept */
#define DATABASE_MAX ((size_t)64 << 20)
#define ARENA_MAX    ((size_t)64 << 20)

/* Numbers all literals. The texts end with a NUL, so that they can be shown. */
static int number_literals(struct identify *id)
{
	size_t n = 0;
	for (unsigned i = 0; i < id->n_tools; i++)
		n += id->tool[i].n_constants + id->tool[i].n_contexts;
	id->literal = arena_array(&id->arena, n + 1, sizeof(*id->literal));
	if (!id->literal)
		return -ENOMEM;
	for (unsigned i = 0; i < id->n_tools; i++) {
		const struct prints *p = &id->tool[i];
		for (size_t k = 0; k < p->n_constants; k++)
			id->literal[id->n_literals++] = (struct literal){.tool = (uint16_t)i, .text = p->constant[k]};
		for (size_t k = 0; k < p->n_contexts; k++)
			id->literal[id->n_literals++] =
			        (struct literal){.tool = (uint16_t)i, .least = p->context[k].least, .text = p->context[k].text};
	}
	return 0;
}

static int compile(struct identify *id, struct err *err)
{
	size_t n = id->n_literals;
	_cleanup_free_ struct slice *texts = calloc(n, sizeof(*texts));
	_cleanup_free_ unsigned *flags = calloc(n, sizeof(*flags));
	if (!texts || !flags)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		texts[i] = id->literal[i].text;
		flags[i] = id->literal[i].least ? 0 : HS_FLAG_SINGLEMATCH;
	}
	int r = matcher_literals(texts, flags, n, &id->db, err);
	return r < 0 ? err_wrap(err, r, "the prints") : 0;
}

/* From what is kept, else compiled and then kept. */
static int make_database(struct identify *id, const struct slice *texts, size_t n, int kept, struct err *err)
{
	char name[KEPT_NAME];
	_cleanup_buf_ struct buf made = BUF(DATABASE_MAX);
	int r = matcher_load(err);
	if (r < 0)
		return r;
	bool named = kept >= 0 && kept_name("prints", FORMAT, texts, n, name) == 0;
	if (named && kept_take(kept, name, DATABASE_MAX, &made))
		if (hs_deserialize_database((const char *)made.p, made.n, &id->db) != HS_SUCCESS)
			id->db = NULL;
	if (!id->db) {
		char *bytes = NULL;
		size_t size = 0;
		r = compile(id, err);
		if (r < 0)
			return r;
		if (named && hs_serialize_database(id->db, &bytes, &size) == HS_SUCCESS)
			kept_leave(kept, name, slice_of(bytes, size));
		free(bytes);
	}
	return hs_alloc_scratch(id->db, &id->scratch) == HS_SUCCESS ? 0 : err_set(err, -ENOMEM, "out of memory for the prints");
}

static int digest_texts(const struct slice *texts, size_t n, char out[65])
{
	struct digest_stream *d = NULL;
	uint8_t sum[DIGEST_MAX];
	int r = digest_stream_new(DIGEST_SHA256, &d);
	for (size_t i = 0; r == 0 && i < n; i++) {
		uint64_t size = texts[i].n;
		r = digest_stream_add(d, slice_of(&size, sizeof(size)));
		r = r < 0 ? r : digest_stream_add(d, texts[i]);
	}
	if (r < 0) {
		digest_stream_free(d);
		return r;
	}
	r = digest_stream_end(d, sum);
	for (size_t i = 0; r == 0 && i < 32; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", sum[i]);
	return r;
}

static bool same_folder(const char *a, const char *b)
{
	const char *x = strrchr(a, '/'), *y = strrchr(b, '/');
	return slice_eq(slice_of(a, x ? (size_t)(x - a) : 0), slice_of(b, y ? (size_t)(y - b) : 0));
}

int identify_of_texts(const char *const *names, const struct slice *texts, size_t n, int kept, struct identify **out, struct err *err)
{
	if (n == 0 || n > IDENTIFY_TOOLS_MAX)
		return err_set(err, n ? -EINVAL : -ENOENT, "%zu files of prints; there should be 1 to %d", n, IDENTIFY_TOOLS_MAX);
	struct identify *id = calloc(1, sizeof(*id));
	if (!id)
		return err_set(err, -ENOMEM, "out of memory for the prints");
	id->arena = ARENA(ARENA_MAX);
	int r = digest_texts(texts, n, id->digest);
	const char *from[IDENTIFY_TOOLS_MAX]; /* by tool */
	for (size_t i = 0; r == 0 && i < n; i++) {
		struct prints *p = &id->tool[id->n_tools];
		r = prints_parse(texts[i], names[i], &id->arena, p, err);
		unsigned k = 0;
		while (r == 0 && k < id->n_tools && strcmp(id->tool[k].tool, p->tool) != 0)
			k++;
		if (r == 0 && k == id->n_tools)
			from[id->n_tools++] = names[i];
		else if (r == 0 && same_folder(from[k], names[i]))
			r = err_set(err, -EINVAL, "%s:1:1: the tool %s is in %s too", names[i], p->tool, from[k]);
	}
	r = r < 0 ? r : number_literals(id);
	if (r == 0 && id->n_literals)
		r = make_database(id, texts, n, kept, err);
	if (r < 0) {
		identify_close(id);
		return r == -ENOMEM ? err_set(err, r, "out of memory for the prints") : r;
	}
	*out = id;
	return 0;
}

static int yaml_only(const struct dirent *e)
{
	return e->d_name[0] != '.' && slice_ends(slice_str(e->d_name), SLICE(".yaml"));
}

/* Files of prints, each once by its name. */
struct gathered {
	struct arena arena;
	size_t n;
	const char *file[IDENTIFY_TOOLS_MAX]; /* without its folder */
	const char *path[IDENTIFY_TOOLS_MAX];
	struct slice text[IDENTIFY_TOOLS_MAX];
};

static int gather_file(struct gathered *g, const char *folder, const char *file, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(PRINTS_BYTES_MAX);
	for (size_t i = 0; i < g->n; i++)
		if (strcmp(g->file[i], file) == 0)
			return 0;
	if (g->n == IDENTIFY_TOOLS_MAX)
		return err_set(err, -EINVAL, "with %s there are more than %d files of prints", folder, IDENTIFY_TOOLS_MAX);
	const char *path = arena_fmt(&g->arena, "%s/%s", folder, file);
	int r = path ? path_read(AT_FDCWD, path, &text) : -ENOMEM;
	if (r < 0)
		return err_sys(err, r, "the prints %s", path ? path : folder);
	struct slice copy = arena_copy(&g->arena, buf_slice(&text));
	if (!copy.p)
		return err_set(err, -ENOMEM, "out of memory for the prints");
	g->path[g->n] = path;
	g->file[g->n] = path + strlen(folder) + 1;
	g->text[g->n++] = copy;
	return 0;
}

/* A folder that is not there has none. */
static int gather(struct gathered *g, const char *folder, struct err *err)
{
	struct dirent **list = NULL;
	int n = scandir(folder, &list, yaml_only, alphasort), r = 0;
	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_sys(err, -errno, "the folder of prints %s", folder);
	for (int i = 0; i < n; i++) {
		if (r == 0)
			r = gather_file(g, folder, list[i]->d_name, err);
		free(list[i]);
	}
	free(list);
	return r;
}

/* From the folders of a list, with ':' between them. */
static int gather_list(struct gathered *g, const char *folders, struct err *err)
{
	int r = 0;
	while (r == 0 && *folders) {
		size_t n = strcspn(folders, ":");
		const char *one = arena_str(&g->arena, slice_of(folders, n));
		r = !one ? -ENOMEM : n ? gather(g, one, err) : 0;
		folders += n + (folders[n] == ':');
	}
	return r;
}

const char *identify_folders(struct arena *arena)
{
	const char *share[SHARE_DATA_MAX], *all = NULL;
	size_t n = share_data(arena, share);
	for (size_t i = 0; i < n; i++) {
		char real[PATH_MAX];
		struct stat st;
		bool bundle = strcmp(share[i], SHARE_BUNDLE) == 0;
		const char *path = arena_fmt(arena, "%s/prints", share[i]);
		if (!path || stat(path, &st) < 0 || !S_ISDIR(st.st_mode) || (!bundle && !realpath(path, real)))
			continue;
		path = bundle ? path : real;
		all = all ? arena_fmt(arena, "%s:%s", all, path) : arena_str(arena, slice_str(path));
		/* Only those of a bundle are laid over others: what was installed twice is not mixed. */
		if (!bundle)
			break;
	}
	return all;
}

int identify_open(const char *folders, struct identify **out, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA(65536);
	const char *from = folders ? folders : identify_folders(&arena);
	struct gathered *g = calloc(1, sizeof(*g));
	if (!g)
		return err_set(err, -ENOMEM, "out of memory for the prints");
	g->arena = ARENA(ARENA_MAX);
	int r = from ? gather_list(g, from, err) : 0;
	if (r == 0 && g->n == 0)
		r = folders ? err_set(err, -ENOENT, "there are no prints of tools (*.yaml) in %s", folders)
		            : err_set(err, -ENOENT,
		                      "there are no prints of tools: set POSTERN_SHARE to the folder that holds prints/*.yaml");
	if (r == 0) {
		_cleanup_fd_ int kept = kept_folder();
		r = identify_of_texts(g->path, g->text, g->n, kept, out, err);
	}
	arena_free(&g->arena);
	free(g);
	return r;
}

void identify_close(struct identify *id)
{
	if (!id)
		return;
	if (id->scratch)
		(void)hs_free_scratch(id->scratch);
	if (id->db)
		(void)hs_free_database(id->db);
	arena_free(&id->arena);
	free(id);
}

const char *identify_digest(const struct identify *id)
{
	return id->digest;
}

int identify_package(const struct identify *id, struct slice package)
{
	for (unsigned i = 0; i < id->n_tools; i++)
		for (size_t k = 0; id->tool[i].packages[k]; k++)
			if (slice_is(package, id->tool[i].packages[k]))
				return (int)i;
	return -1;
}

const char *identify_package_tool(const struct identify *id, struct slice package)
{
	int i = identify_package(id, package);
	return i < 0 ? NULL : id->tool[i].tool;
}

bool identify_tool_names(const struct identify *id, const char *tool, const char **title, const char **publisher)
{
	for (unsigned i = 0; i < id->n_tools; i++)
		if (strcmp(id->tool[i].tool, tool) == 0) {
			*title = id->tool[i].title;
			*publisher = id->tool[i].publisher;
			return true;
		}
	return false;
}
