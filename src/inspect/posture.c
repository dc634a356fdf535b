#include "inspect/posture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "inspect/scan.h"

#define MAKER_MAX ((size_t)192 << 20)
#define FACTS_MAX 200000u /* of one package, all its files together */
#define DEEP      " > "   /* between an archive and what is in it */

const char *const posture_use_names[POSTURE_USES + 1] = {
        "network", "process", "dynamic", "native", "writes", "variables", "install", "hosts", "packed", NULL};
const char *const posture_use_titles[POSTURE_USES] = {"reaches the network", "starts programs", "runs code made at run time",
        "has native code", "writes files", "reads variables", "is run on installation or unasked", "names hosts",
        "has packed text or code"};

const char *posture_form_word(enum posture_form f)
{
	static const char *const words[POSTURE_FORMS] = {"", "npm", "wheel", "sdist", "vsix", "executable"};
	return f < POSTURE_FORMS ? words[f] : "";
}

const char *posture_scope_word(enum posture_scope s)
{
	static const char *const words[POSTURE_SCOPES] = {"required", "optional", "peer"};
	return s < POSTURE_SCOPES ? words[s] : words[0];
}

bool posture_fact_check(struct posture_fact *f)
{
	if (f->kind >= POSTURE_KINDS)
		return false;
	scan_tidy(f->file, sizeof(f->file));
	scan_tidy(f->name, sizeof(f->name));
	scan_tidy(f->text, sizeof(f->text));
	return true;
}

/* A fact as it is kept: of all files of the package. */
struct item {
	uint32_t kind, line, order;
	uint64_t count;
	const char *file, *name, *text;
};

struct posture_maker {
	struct arena arena;
	char *path;
	bool folder, published, cut;
	struct item *item;
	size_t n, room;
	uint64_t files, bytes;
};

struct posture_maker *posture_begin(const char *path, bool folder)
{
	struct posture_maker *m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->arena = ARENA(MAKER_MAX);
	m->folder = folder;
	m->published = !folder;
	m->path = strdup(path);
	if (!m->path) {
		free(m);
		return NULL;
	}
	return m;
}

void posture_free(struct posture_maker *m)
{
	if (!m)
		return;
	arena_free(&m->arena);
	free(m->path);
	free(m->item);
	free(m);
}

void posture_published(struct posture_maker *m)
{
	m->published = true;
}

void posture_cut(struct posture_maker *m)
{
	m->cut = true;
}

int posture_add(struct posture_maker *m, const char *below, const struct posture_fact *f)
{
	if (f->kind == POSTURE_TOTAL) {
		m->files += f->count;
		m->bytes += f->size;
		return 0;
	}
	if (m->n == FACTS_MAX) {
		m->cut = true;
		return 0;
	}
	if (m->n == m->room) {
		size_t more = m->room ? 2 * m->room : 256;
		struct item *larger = realloc(m->item, more * sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		m->item = larger;
		m->room = more;
	}
	struct item i = {.kind = f->kind, .line = f->line, .order = (uint32_t)m->n, .count = f->count};
	i.file =
	        !f->file[0] ? arena_str(&m->arena, slice_str(below)) : arena_fmt(&m->arena, "%s%s%s", below, below[0] ? DEEP : "", f->file);
	i.name = arena_str(&m->arena, slice_str(f->name));
	i.text = arena_str(&m->arena, slice_str(f->text));
	if (!i.file || !i.name || !i.text)
		return -ENOMEM;
	m->item[m->n++] = i;
	return 0;
}

/* ── which package it is ── */

static unsigned slashes(const char *path)
{
	unsigned n = 0;
	for (; *path; path++)
		n += *path == '/';
	return n;
}

/* The folder that a file is in, with "/" at its end; "" at the top. */
static struct slice folder_of(const char *path)
{
	struct slice s = slice_str(path);
	return slice_sub(s, 0, s.n - slice_base(s).n);
}

static bool is_at(const char *path, const char *name)
{
	return slice_is(slice_base(slice_str(path)), name);
}

/* How well a manifest would do as that of the whole; 0: not at all. */
static unsigned fitness(const struct posture_maker *m, const struct item *i)
{
	unsigned deep = slashes(i->file);
	if (i->kind != POSTURE_MANIFEST || strstr(i->file, DEEP))
		return 0;
	if (!i->file[0]) /* the file itself */
		return strcmp(i->name, posture_form_word(POSTURE_EXECUTABLE)) == 0 ? 3 : 0;
	if (is_at(i->file, "extension.vsixmanifest"))
		return deep == 0 ? 9 : 0;
	if (is_at(i->file, "package.json")) {
		if (deep == 0)
			return 8;
		/* npm takes away the first folder of an archive, whatever its name. */
		return !m->folder && deep == 1 ? slice_is(folder_of(i->file), "package/") ? 7 : 6 : 0;
	}
	if (is_at(i->file, "METADATA"))
		return deep == 1 && slice_ends(folder_of(i->file), SLICE(".dist-info/")) ? 5 : 0;
	return is_at(i->file, "PKG-INFO") && deep == (m->folder ? 0 : 1) ? 4 : 0;
}

static const struct item *root_of(const struct posture_maker *m)
{
	const struct item *best = NULL;
	for (size_t k = 0; k < m->n; k++)
		if (fitness(m, &m->item[k]) > (best ? fitness(m, best) : 0))
			best = &m->item[k];
	return best;
}

static enum posture_form form_of(const struct item *root)
{
	for (unsigned f = 1; f < POSTURE_FORMS; f++)
		if (strcmp(root->name, posture_form_word((enum posture_form)f)) == 0)
			return (enum posture_form)f;
	return POSTURE_NONE;
}

struct put {
	struct posture_maker *m;
	struct arena *arena;
	struct posture *out;
	struct slice top;     /* the folder that is taken away from all paths */
	const char *manifest; /* of the whole */
};

/* Without the folder that all of an archive is in. */
static const char *below_top(const struct put *p, const char *file)
{
	return p->top.n && slice_starts(slice_str(file), p->top) ? file + p->top.n : file;
}

/* Is it the manifest of a package that node finds below this one? "…node_modules/a/package.json", "…node_modules/@a/b/package.json" */
static bool is_inside(const char *file)
{
	struct slice folder = folder_of(file), name;
	if (strstr(file, DEEP) || !folder.n)
		return false;
	name = slice_base(slice_sub(folder, 0, folder.n - 1));
	struct slice above = slice_sub(folder, 0, folder.n - 1 - name.n);
	if (above.n > 1 && slice_base(slice_sub(above, 0, above.n - 1)).n && slice_base(slice_sub(above, 0, above.n - 1)).p[0] == '@')
		above = slice_sub(above, 0, above.n - 1 - slice_base(slice_sub(above, 0, above.n - 1)).n);
	return slice_is(above, "node_modules/") || slice_ends(above, SLICE("/node_modules/"));
}

static bool is_dist_info(const char *file)
{
	return is_at(file, "METADATA") && slice_ends(folder_of(file), SLICE(".dist-info/")) && !strstr(file, DEEP);
}

/* What a manifest says that is not that of the whole counts for nothing, but for packages inside. */
static bool counts(const struct put *p, const struct item *i)
{
	if (i->kind < POSTURE_USES && i->kind != POSTURE_INSTALL)
		return true;
	/* Of what comes from a registry nobody runs that; of a folder or a repository npm does. */
	if (i->kind == POSTURE_FILE || (p->m->published && strstr(i->name, "prepare")))
		return false;
	if (strcmp(i->file, p->manifest) == 0)
		return true;
	if (i->kind != POSTURE_INSTALL)
		return false;
	/* Of an extension the manifest beside it; a script, a recipe or a start file that stands at the top. */
	if (p->out->form == POSTURE_VSIX && strcmp(i->file, "extension/package.json") == 0)
		return true;
	const char *below = below_top(p, i->file);
	return (!strchr(below, '/') && !is_at(below, "package.json")) || is_inside(below);
}

static int by_key(const void *a, const void *b)
{
	const struct item *x = a, *y = b;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	int c = strcmp(x->name, y->name);
	c = c ? c : strcmp(x->text, y->text);
	return c ? c : x->order < y->order ? -1 : 1;
}

/* What the manifest says whose first fact is there: all of it stands together. */
static const char *says(const struct put *p, uint32_t kind, size_t from)
{
	const struct item *first = &p->m->item[from];
	for (const struct item *i = first; from < p->m->n && i < p->m->item + p->m->n && strcmp(i->file, first->file) == 0; i++)
		if (i->kind == kind) {
			char *s = arena_str(p->arena, slice_str(i->name));
			return s ? s : "";
		}
	return "";
}

static size_t manifest_at(const struct posture_maker *m, const char *file)
{
	size_t i = 0;
	while (i < m->n && !(m->item[i].kind == POSTURE_MANIFEST && strcmp(m->item[i].file, file) == 0))
		i++;
	return i;
}

/* ── what a command reaches ── */

static uint32_t uses_of(const struct put *p, struct slice file)
{
	static const char *const endings[] = {"", ".js", ".cjs", ".mjs", "/index.js"};
	uint32_t bits = 0;
	for (size_t k = 0; k < p->m->n; k++) {
		const struct item *i = &p->m->item[k];
		struct slice f = slice_str(below_top(p, i->file));
		if (i->kind != POSTURE_FILE || !slice_starts(f, file))
			continue;
		for (size_t e = 0; e < ARRAY_LEN(endings); e++)
			if (slice_is(slice_from(f, file.n), endings[e]))
				bits |= (uint32_t)i->count;
	}
	return bits;
}

/* Each word of the command that names a file of the package. */
static uint32_t reach(const struct put *p, const struct item *i)
{
	static const char between[] = " \t\"'();&|<>=";
	struct slice at = folder_of(below_top(p, i->file));
	uint32_t bits = 0;
	for (const char *word = i->text; *word;) {
		size_t n = strcspn(word, between);
		struct slice w = slice_of(word, n);
		char path[POSTURE_FILE_MAX + POSTURE_TEXT_MAX];
		if (slice_starts(w, SLICE("./")))
			w = slice_from(w, 2);
		if (w.n && snprintf(path, sizeof(path), "%.*s%.*s", SLICE_FMT(at), SLICE_FMT(w)) < (int)sizeof(path))
			bits |= uses_of(p, slice_str(path));
		word += n;
		word += strspn(word, between);
	}
	return bits;
}

/* ── together ── */

static int put_uses(struct put *p, const struct item *sorted, size_t n)
{
	struct posture_use *use = arena_array(p->arena, n, sizeof(*use));
	size_t k = 0;
	if (!use)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct item *x = &sorted[i];
		if (!counts(p, x) || x->kind == POSTURE_MANIFEST || x->kind == POSTURE_NAME || x->kind == POSTURE_VERSION ||
		        x->kind == POSTURE_LICENCE || x->kind == POSTURE_REPOSITORY)
			continue;
		struct posture_use *last = k ? &use[k - 1] : NULL;
		if (last && last->kind == x->kind && strcmp(last->name, x->name) == 0 && strcmp(last->text, x->text) == 0) {
			if (x->kind < POSTURE_USES)
				last->count += x->count;
			continue;
		}
		use[k] = (struct posture_use){.kind = x->kind,
		        .line = x->line,
		        .count = x->count,
		        .name = arena_str(p->arena, slice_str(x->name)),
		        .text = arena_str(p->arena, slice_str(x->text)),
		        .file = arena_str(p->arena, slice_str(below_top(p, x->file))),
		        .reach = x->kind == POSTURE_INSTALL ? reach(p, x) : 0};
		if (!use[k].name || !use[k].text || !use[k].file)
			return -ENOMEM;
		k++;
	}
	p->out->use = use;
	p->out->n = k;
	return 0;
}

static int put_parts(struct put *p)
{
	size_t n = 0, k = 0;
	for (size_t i = 0; i < p->m->n; i++)
		n += p->m->item[i].kind == POSTURE_MANIFEST;
	struct posture_part *part = arena_array(p->arena, n, sizeof(*part));
	if (!part)
		return -ENOMEM;
	for (size_t i = 0; i < p->m->n; i++) {
		const struct item *x = &p->m->item[i];
		const char *below = below_top(p, x->file);
		if (x->kind != POSTURE_MANIFEST || strcmp(x->file, p->manifest) == 0 || !(is_inside(below) || is_dist_info(below)))
			continue;
		struct slice folder = folder_of(below);
		part[k] = (struct posture_part){.folder = arena_str(p->arena, slice_sub(folder, 0, folder.n ? folder.n - 1 : 0)),
		        .name = says(p, POSTURE_NAME, i),
		        .version = says(p, POSTURE_VERSION, i),
		        .licence = says(p, POSTURE_LICENCE, i),
		        .form = form_of(x)};
		if (!part[k].folder)
			return -ENOMEM;
		/* Those without a name are markers of how code is to be read. */
		k += part[k].name[0] != 0;
	}
	p->out->part = part;
	p->out->parts = k;
	return 0;
}

int posture_end(struct posture_maker *m, struct arena *arena, struct posture *out)
{
	const struct item *root = root_of(m);
	struct item *sorted = root ? malloc(m->n * sizeof(*sorted)) : NULL;
	int r = !root ? 0 : sorted ? 1 : -ENOMEM;
	if (r > 0) {
		struct posture p = {.path = arena_str(arena, slice_str(m->path)),
		        .form = form_of(root),
		        .files = m->files,
		        .bytes = m->bytes,
		        .cut = m->cut};
		struct put put = {.m = m, .arena = arena, .out = &p, .manifest = root->file};
		/* An extension says what it is beside what its gallery says of it. */
		if (p.form == POSTURE_VSIX)
			put.manifest = "extension/package.json";
		if (!m->folder && p.form != POSTURE_WHEEL && p.form != POSTURE_VSIX)
			put.top = folder_of(root->file);
		size_t at = manifest_at(m, put.manifest);
		p.name = says(&put, POSTURE_NAME, at);
		p.version = says(&put, POSTURE_VERSION, at);
		p.licence = says(&put, POSTURE_LICENCE, at);
		p.repository = says(&put, POSTURE_REPOSITORY, at);
		/* It says none of itself. */
		if (p.form == POSTURE_EXECUTABLE)
			p.name = arena_str(arena, slice_base(slice_str(m->path)));
		memcpy(sorted, m->item, m->n * sizeof(*sorted));
		qsort(sorted, m->n, sizeof(*sorted), by_key);
		if (!p.path || !p.name || put_uses(&put, sorted, m->n) < 0 || put_parts(&put) < 0)
			r = -ENOMEM;
		else
			*out = p;
	}
	free(sorted);
	posture_free(m);
	return r;
}

const struct posture_use *posture_of(const struct posture *p, enum posture_kind kind, size_t *n)
{
	size_t i = 0, end;
	while (i < p->n && p->use[i].kind < (uint32_t)kind)
		i++;
	for (end = i; end < p->n && p->use[end].kind == (uint32_t)kind; end++)
		;
	*n = end - i;
	return &p->use[i];
}

bool posture_elsewhere(const char *spec)
{
	struct slice s = slice_str(spec);
	static const char *const local[] = {"npm:", "workspace:", "catalog:"};
	for (size_t i = 0; i < ARRAY_LEN(local); i++)
		if (slice_starts(s, slice_str(local[i])))
			return false;
	/* "https://…", "git+ssh://…", "github:a/b", "a/b", "file:…", "@ https://…" */
	return slice_find(s, SLICE("://"), 0) != SLICE_NPOS || slice_chr(s, '/', 0) != SLICE_NPOS || slice_chr(s, ':', 0) != SLICE_NPOS;
}
