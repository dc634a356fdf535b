/* Prints from their folder to a database of the matcher's, which is kept. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

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
	_cleanup_free_ const char **text = calloc(n, sizeof(*text));
	_cleanup_free_ unsigned *flags = calloc(n, sizeof(*flags)), *ids = calloc(n, sizeof(*ids));
	_cleanup_free_ size_t *lengths = calloc(n, sizeof(*lengths));
	hs_compile_error_t *wrong = NULL;
	if (!text || !flags || !ids || !lengths)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		text[i] = (const char *)id->literal[i].text.p;
		lengths[i] = id->literal[i].text.n;
		ids[i] = (unsigned)i;
		flags[i] = id->literal[i].least ? 0 : HS_FLAG_SINGLEMATCH;
	}
	hs_error_t e = hs_compile_lit_multi(text, flags, ids, lengths, (unsigned)n, HS_MODE_BLOCK, NULL, &id->db, &wrong);
	if (e == HS_SUCCESS)
		return 0;
	int r = err_set(
	        err, e == HS_NOMEM ? -ENOMEM : -EINVAL, "the prints cannot be compiled: %s", wrong ? wrong->message : "no reason given");
	(void)hs_free_compile_error(wrong);
	return r;
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

int identify_of_texts(const char *const *names, const struct slice *texts, size_t n, int kept, struct identify **out, struct err *err)
{
	if (n == 0 || n > IDENTIFY_TOOLS_MAX)
		return err_set(err, n ? -EINVAL : -ENOENT, "%zu files of prints; there should be 1 to %d", n, IDENTIFY_TOOLS_MAX);
	struct identify *id = calloc(1, sizeof(*id));
	if (!id)
		return err_set(err, -ENOMEM, "out of memory for the prints");
	id->arena = ARENA(ARENA_MAX);
	int r = digest_texts(texts, n, id->digest);
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = prints_parse(texts[i], names[i], &id->arena, &id->tool[i], err);
		for (size_t k = 0; r == 0 && k < i; k++)
			if (strcmp(id->tool[k].tool, id->tool[i].tool) == 0)
				r = err_set(err, -EINVAL, "%s:1:1: the tool %s is in %s too", names[i], id->tool[i].tool, names[k]);
		id->n_tools++;
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

/* 1: read; 0: there is no such folder, or none in it. */
static int open_folder(const char *folder, struct identify **out, struct err *err)
{
	struct dirent **list = NULL;
	const char *names[IDENTIFY_TOOLS_MAX];
	struct slice texts[IDENTIFY_TOOLS_MAX];
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX);
	int n = scandir(folder, &list, yaml_only, alphasort), r = 0;
	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_sys(err, -errno, "the folder of prints %s", folder);
	if (n > IDENTIFY_TOOLS_MAX)
		r = err_set(err, -EINVAL, "%s has more than %d files of prints", folder, IDENTIFY_TOOLS_MAX);
	for (int i = 0; i < n; i++) {
		_cleanup_buf_ struct buf text = BUF(PRINTS_BYTES_MAX);
		if (r == 0) {
			names[i] = arena_fmt(&arena, "%s/%s", folder, list[i]->d_name);
			r = names[i] ? path_read(AT_FDCWD, names[i], &text) : -ENOMEM;
			r = r < 0 ? err_sys(err, r, "the prints %s", names[i] ? names[i] : folder) : 0;
			texts[i] = arena_copy(&arena, buf_slice(&text));
		}
		free(list[i]);
	}
	free(list);
	if (r < 0 || n == 0)
		return r;
	_cleanup_fd_ int kept = kept_folder();
	r = identify_of_texts(names, texts, (size_t)n, kept, out, err);
	return r < 0 ? r : 1;
}

int identify_open(const char *folder, struct identify **out, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA(65536);
	const char *share[3];
	size_t n = folder ? 0 : share_folders(&arena, share);
	int r = folder ? open_folder(folder, out, err) : 0;
	for (size_t i = 0; i < n && r == 0; i++) {
		const char *path = arena_fmt(&arena, "%s/prints", share[i]);
		r = path ? open_folder(path, out, err) : -ENOMEM;
	}
	if (r != 0)
		return r < 0 ? r : 0;
	return folder ? err_set(err, -ENOENT, "there are no prints of tools (*.yaml) in %s", folder)
	              : err_set(err, -ENOENT, "there are no prints of tools: set POSTERN_SHARE to the folder that holds prints/*.yaml");
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

const char *identify_package_tool(const struct identify *id, struct slice package)
{
	for (unsigned i = 0; i < id->n_tools; i++)
		for (size_t k = 0; id->tool[i].packages[k]; k++)
			if (slice_is(package, id->tool[i].packages[k]))
				return id->tool[i].tool;
	return NULL;
}
