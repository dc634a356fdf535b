/* What a file's content says, whatever it is called: programs by their prints, models by their first bytes. Which files are worth it is
 * told by their size and the bytes at their beginning; what was found out is remembered for as long as the file stays as it is. */
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>

#include "identify/inventory_part.h"
#include "parse/jscan.h"
#include "parse/weights.h"

#define HEAD_BYTES     4096
#define WEIGHTS_BYTES  ((size_t)64 << 10)
#define MANIFEST_BYTES ((size_t)256 << 10)
/* Below these nothing is looked into: no program that is known is so small, but its launchers are. */
#define CODE_BYTES    ((off_t)128 << 10)
#define PROGRAM_BYTES ((off_t)24 << 10)
#define VERDICTS_MAX  100000u
/* Nothing that is known is larger, and reading costs time; holes cost whoever makes them nothing. */
#define CONTENT_MAX ((off_t)4 << 30)
#define SPARSE_MIN  ((off_t)16 << 20)

bool content_candidate(const struct stat *st)
{
	return S_ISREG(st->st_mode) && (st->st_size >= CODE_BYTES || (st->st_size >= PROGRAM_BYTES && st->st_mode & 0111));
}

/* ---- what the first bytes tell */

enum sort { SORT_OTHER, SORT_CODE, SORT_PROGRAM, SORT_ARCHIVE, SORT_IMAGE };

/* An executable; not a library, of which there are many, and which nobody starts. */
static bool is_program(struct slice head, mode_t mode)
{
	Elf64_Ehdr e;
	if (head.n < sizeof(e) || head.p[EI_CLASS] != ELFCLASS64)
		return (mode & 0111) != 0;
	memcpy(&e, head.p, sizeof(e));
	if (e.e_type == ET_EXEC || (e.e_type == ET_DYN && mode & 0111))
		return true;
	for (size_t i = 0; e.e_type == ET_DYN && i < e.e_phnum && i < 64; i++) {
		Elf64_Phdr p;
		if (e.e_phoff > head.n || head.n - e.e_phoff < (i + 1) * sizeof(p))
			return false;
		memcpy(&p, head.p + e.e_phoff + i * sizeof(p), sizeof(p));
		if (p.p_type == PT_INTERP)
			return true;
	}
	return false;
}

/* Text of a program, by words that programs have. What begins as JSON or markup is none. */
static bool is_code(struct slice head)
{
	static const struct slice words[] = {SLICE_INIT("function"), SLICE_INIT("=>"), SLICE_INIT("require("), SLICE_INIT("import "),
	        SLICE_INIT("import{"), SLICE_INIT("var "), SLICE_INIT("const "), SLICE_INIT("let "), SLICE_INIT("export "),
	        SLICE_INIT("def "), SLICE_INIT("use strict")};
	size_t at = 0, odd = 0, hits = 0;
	if (slice_starts(head, SLICE("\xef\xbb\xbf")))
		at = 3;
	while (at < head.n && isspace(head.p[at]))
		at++;
	if (at >= head.n || head.p[at] == '{' || head.p[at] == '[' || head.p[at] == '<')
		return false;
	for (size_t i = at; i < head.n; i++) {
		if (head.p[i] == 0)
			return false;
		odd += head.p[i] < 0x20 && !isspace(head.p[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		hits += slice_find(head, words[i], at) != SLICE_NPOS;
	return odd < 8 && hits >= 2;
}

/* The name of the first member of a tar file, if it is one of those that images of containers begin with. */
static bool is_image_tar(struct slice head)
{
	static const struct slice names[] = {SLICE_INIT("blobs/"), SLICE_INIT("oci-layout"), SLICE_INIT("index.json"),
	        SLICE_INIT("manifest.json"), SLICE_INIT("repositories")};
	if (head.n < 512 || !slice_eq(slice_sub(head, 257, 5), SLICE("ustar")))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_starts(head, names[i]))
			return true;
	/* Docker's old way: folders named by digests. */
	size_t hex = 0;
	while (hex < 64 && isxdigit(head.p[hex]))
		hex++;
	return hex == 64;
}

static enum sort sort_of(const struct job *j, const struct spot *s, struct slice head)
{
	static const struct slice packed[] = {SLICE_INIT("PK\003\004"), SLICE_INIT("\x1f\x8b"), SLICE_INIT("\x28\xb5\x2f\xfd"),
	        SLICE_INIT("\xfd"
	                   "7zXZ"),
	        SLICE_INIT("BZh")};
	bool archive = slice_eq(slice_sub(head, 257, 5), SLICE("ustar"));
	bool blob = strcmp(s->dir->name, "sha256") == 0 && s->dir->parent && strcmp(s->dir->parent->name, "blobs") == 0;
	if (slice_starts(head, SLICE("\177ELF")))
		return is_program(head, s->st.st_mode) ? SORT_PROGRAM : SORT_OTHER;
	if (slice_starts(head, SLICE("#!")))
		return SORT_CODE;
	for (size_t i = 0; i < ARRAY_LEN(packed); i++)
		archive = archive || slice_starts(head, packed[i]);
	if (archive)
		return is_image_tar(head) || blob ? SORT_IMAGE : j->t->o->archives ? SORT_ARCHIVE : SORT_OTHER;
	return is_code(head) ? SORT_CODE : SORT_OTHER;
}

/* ---- verdicts */

static unsigned remember(struct taking *t, const struct verdict *v)
{
	unsigned index = 0;
	pthread_mutex_lock(&t->lock);
	if (t->verdicts == t->verdict_room && t->verdicts < VERDICTS_MAX) {
		size_t room = t->verdict_room ? 2 * t->verdict_room : 64;
		struct verdict *more = reallocarray(t->verdict, room, sizeof(*more));
		if (more) {
			t->verdict = more;
			t->verdict_room = room;
		}
	}
	if (t->verdicts < t->verdict_room) {
		t->verdict[t->verdicts] = *v;
		index = 2 + (unsigned)t->verdicts++;
	}
	pthread_mutex_unlock(&t->lock);
	return index;
}

static void put(char *to, size_t room, const char *s)
{
	size_t n = strnlen(s, room - 1);
	memcpy(to, s, n);
	to[n] = 0;
}

void verdict_of(const struct identify_match *m, struct verdict *v)
{
	*v = (struct verdict){.by = m->by == IDENTIFY_BY_CONSTANTS ? INVENTORY_BY_CONTENT : INVENTORY_BY_METADATA,
	        .any = true,
	        .found = m->found,
	        .of = m->of};
	put(v->tool, sizeof(v->tool), m->tool);
	put(v->title, sizeof(v->title), m->title);
	put(v->publisher, sizeof(v->publisher), m->publisher);
	put(v->version, sizeof(v->version), m->version);
	put(v->package, sizeof(v->package), m->package);
	put(v->form, sizeof(v->form), identify_form_name(m->form));
}

bool content_of(struct job *j, int fd, unsigned flags, struct verdict *v)
{
	struct identify_match m = {0};
	if (!j->t->o->id || identify_file(j->t->o->id, fd, flags, &m, NULL) < 0 || m.by == IDENTIFY_BY_NOTHING)
		return false;
	verdict_of(&m, v);
	return true;
}

static void put_slice(char *to, size_t room, struct slice s)
{
	s = slice_sub(s, 0, room - 1);
	for (size_t i = 0; i < s.n && s.p[i]; i++)
		*to++ = (char)s.p[i];
	*to = 0;
}

/* What it is, from its bytes. False: they could not be read. */
static bool judge(struct job *j, int fd, struct spot *s, struct verdict *v)
{
	struct weights w;
	_cleanup_fd_ int f = look_open(fd, s);
	*v = (struct verdict){.any = false};
	if (f < 0 || !look_read(j, f, HEAD_BYTES, true))
		return false;
	j->counts.looked++;
	struct slice head = buf_slice(&j->text);
	if (weights_look(head, (uint64_t)s->st.st_size, &w)) {
		if (!look_read(j, f, WEIGHTS_BYTES, true) || !weights_look(buf_slice(&j->text), (uint64_t)s->st.st_size, &w))
			return false;
		v->model = true;
		put_slice(v->title, sizeof(v->title), w.name);
		put_slice(v->package, sizeof(v->package), w.kind);
		put(v->version, sizeof(v->version), w.format);
		v->of = w.version;
		return true;
	}
	enum sort sort = sort_of(j, s, head);
	if (sort != SORT_OTHER &&
	        (s->st.st_size > CONTENT_MAX || (s->st.st_size > SPARSE_MIN && s->st.st_blocks * 512 < s->st.st_size / 4))) {
		j->counts.too_large++;
		walk_unread(j, s->dir, s->name, EFBIG);
		return true;
	}
	bool archive = sort == SORT_ARCHIVE || sort == SORT_IMAGE;
	if (sort != SORT_OTHER && content_of(j, f, archive ? IDENTIFY_INSIDE : IDENTIFY_UNPACK, v))
		v->archive = archive;
	return true;
}

/* ---- findings */

static bool contains_nocase(struct slice s, const char *word)
{
	size_t n = strlen(word);
	for (size_t i = 0; n >= 2 && i + n <= s.n; i++)
		if (slice_eq_nocase(slice_sub(s, i, n), slice_of(word, n)))
			return true;
	return false;
}

/* Does the path of a file tell that it is this tool? By a command, the id, or the name of a package anywhere in it. */
static bool place_tells(const struct catalogue_tool *t, const char *path)
{
	struct slice s = slice_str(path);
	bool tells = contains_nocase(s, t->id);
	for (size_t i = 0; t->commands[i] && !tells; i++)
		tells = contains_nocase(s, t->commands[i]);
	for (size_t i = 0; t->packages[i] && !tells; i++) {
		const char *name = strchr(t->packages[i], ':') + 1, *slash = strrchr(name, '/');
		tells = contains_nocase(s, slash ? slash + 1 : name);
	}
	return tells;
}

static void found_program(struct job *j, const struct spot *s, const struct verdict *v)
{
	const struct catalogue_tool *t = catalogue_tool(j->t->o->catalogue, slice_str(v->tool));
	struct inventory_finding *f = find_new(j, INVENTORY_PROGRAM, s);
	if (!f)
		return;
	find_verdict(j, f, v);
	f->by = v->by;
	f->sure = v->by == INVENTORY_BY_CONTENT ? INVENTORY_CERTAIN : INVENTORY_LIKELY;
	f->version = find_text(j, slice_str(v->version), 80);
	f->package = find_text(j, slice_str(v->package), 200);
	f->name = find_text(j, slice_str(s->name), 120);
	if (f->scope == INVENTORY_OF_DEPENDENCY)
		f->scope = INVENTORY_OF_PROJECT;
	find_fact(j, f, "form", slice_str(v->form));
	if (v->of)
		find_fact(j, f, "constants", slice_str(find_fmt(j, "%u of %u", v->found, v->of)));
	if (v->archive)
		find_fact(j, f, "inside of", SLICE("an archive or image"));
	else if (t && v->by == INVENTORY_BY_CONTENT && !place_tells(t, f->path))
		find_risk(j, f, RISK_DISGUISED, SLICE(""));
	find_permissions(j, f, s);
}

static void found_model(struct job *j, const struct spot *s, const struct verdict *v)
{
	struct inventory_finding *f = find_new(j, INVENTORY_MODEL, s);
	if (!f)
		return;
	f->by = INVENTORY_BY_CONTENT;
	f->sure = INVENTORY_CERTAIN;
	f->name = find_text(j, slice_str(v->title[0] ? v->title : s->name), 120);
	find_fact(j, f, "format", slice_str(v->of ? find_fmt(j, "%s %u", v->version, v->of) : v->version));
	find_fact(j, f, "architecture", slice_str(v->package));
	find_permissions(j, f, s);
}

bool verdict_known(struct job *j, unsigned *verdict, struct verdict *v)
{
	struct taking *t = j->t;
	if (*verdict >= 2 && *verdict - 2 < t->old.verdicts) {
		*v = t->old.verdict[*verdict - 2];
		*verdict = remember(t, v);
		return true;
	}
	return *verdict == 1;
}

unsigned verdict_keep(struct job *j, const struct verdict *v)
{
	return v->any || v->model ? remember(j->t, v) : 1;
}

/* A file with several names is looked into once. */
static unsigned *linked(struct taking *t, const struct stat *st)
{
	struct linked *l = &t->linked[(st->st_ino * 0x9e3779b97f4a7c15u ^ st->st_dev) % LINKED];
	bool same = l->dev == st->st_dev && l->ino == st->st_ino && l->ctime.tv_sec == st->st_ctim.tv_sec &&
	            l->ctime.tv_nsec == st->st_ctim.tv_nsec;
	if (!same)
		*l = (struct linked){.dev = st->st_dev, .ino = st->st_ino, .ctime = st->st_ctim};
	return &l->verdict;
}

void look_content(struct job *j, int fd, struct spot *s, unsigned *verdict)
{
	struct taking *t = j->t;
	struct verdict v = {.any = false};
	bool many = s->st.st_nlink > 1;
	const struct stat st = s->st;
	if (many && *verdict == 0) {
		pthread_mutex_lock(&t->lock);
		*verdict = *linked(t, &st);
		if (*verdict >= 2)
			v = t->verdict[*verdict - 2];
		pthread_mutex_unlock(&t->lock);
	} else if (!verdict_known(j, verdict, &v)) {
		*verdict = 0;
	}
	/* What could not be read is looked at again the next time. */
	if (*verdict == 0) {
		*verdict = judge(j, fd, s, &v) ? verdict_keep(j, &v) : 0;
		pthread_mutex_lock(&t->lock);
		if (many)
			*linked(t, &st) = *verdict;
		pthread_mutex_unlock(&t->lock);
	}
	if (v.any)
		found_program(j, s, &v);
	else if (v.model)
		found_model(j, s, &v);
	else if (s->st.st_mode & 0111)
		look_command(j, fd, s);
}

/* Models of Ollama have their names in files of their own: models/manifests/HOST/NAMESPACE/NAME/TAG. */
void look_manifest(struct job *j, int fd, struct spot *s)
{
	_cleanup_arena_ struct arena a = ARENA(MANIFEST_BYTES);
	_cleanup_fd_ int f = look_open(fd, s);
	struct slice root, layers, v;
	if (f < 0 || !look_read(j, f, MANIFEST_BYTES, false) || !jscan_root(buf_slice(&j->text), &root) ||
	        !jscan_get(root, SLICE("layers"), &layers))
		return;
	for (struct jscan_iter i = jscan_iter(layers); jscan_next(&i);) {
		if (!jscan_get(i.value, SLICE("mediaType"), &v) || !jscan_eq(v, SLICE("application/vnd.ollama.image.model")))
			continue;
		struct inventory_finding *x = find_new(j, INVENTORY_MODEL, s);
		const struct catalogue_tool *t = catalogue_tool(j->t->o->catalogue, SLICE("ollama"));
		const char *digest = jscan_get(i.value, SLICE("digest"), &v) ? jscan_str(v, &a) : NULL;
		uint64_t size = 0;
		if (!x)
			return;
		if (t)
			find_tool(x, t);
		x->by = INVENTORY_BY_METADATA;
		x->sure = INVENTORY_LIKELY;
		x->name = find_fmt(j, "%.100s:%.60s", s->dir->name, s->name);
		if (jscan_get(i.value, SLICE("size"), &v) && slice_u64(v, INT64_MAX, &size))
			x->size = size;
		find_fact(j, x, "blob", slice_str(digest));
		return;
	}
}
