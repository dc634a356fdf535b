/* The inventory as a whole: accounts, the walk, what runs, and then what only all findings together tell. */
#include "identify/inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

#include "identify/inventory_part.h"
#include "sys/fd.h"
#include "sys/path.h"

#define JOBS_MAX     16u
#define JOB_MEMORY   ((size_t)96 << 20)
#define READ_MAX     ((size_t)8 << 20)
#define ACCOUNTS_MAX 4096

const char *const inventory_kind_names[] = {"program", "extension", "process", "mcp-server", "hook", "key", "managed-settings", "settings",
        "skill", "instructions", "model", "model-server", "container", NULL};
const char *const inventory_by_names[] = {"place", "metadata", "content", NULL};
const char *const inventory_sure_names[] = {"weak", "likely", "certain", NULL};
const char *const inventory_scope_names[] = {"system", "person", "project", "dependency", NULL};

/* ---- accounts */

static void add_account(struct taking *t, struct slice line)
{
	struct slice part, field[7];
	size_t n = 0;
	uint64_t uid;
	while (n < 7 && slice_split(&line, ':', &part))
		field[n++] = part;
	if (n < 6 || !slice_u64(field[2], UINT32_MAX, &uid) || !field[0].n || field[0].n > 64)
		return;
	struct account *a = arena_alloc(&t->arena, sizeof(*a));
	if (!a)
		return;
	a->uid = (uid_t)uid;
	a->name = arena_str(&t->arena, field[0]);
	a->home = arena_str(&t->arena, field[5]);
	if (!a->name || !a->home)
		return;
	/* The accounts of daemons have homes that are none: "/", "/nonexistent", "/usr/sbin". */
	a->last = slice_str(a->home);
	while (a->last.n && a->last.p[a->last.n - 1] == '/')
		a->last.n--;
	a->last = slice_base(a->last);
	if (uid && uid < 1000 && !slice_starts(slice_str(a->home), SLICE("/home/")))
		a->last = SLICE_NONE;
	a->next = t->accounts;
	t->accounts = a;
}

/* The accounts of the system that is looked at; or else, for names alone, of this host. */
static bool read_passwd(struct taking *t, const char *system)
{
	_cleanup_buf_ struct buf text = BUF((size_t)4 << 20);
	struct slice rest, line;
	_cleanup_fd_ int root = open(system, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_fd_ int fd = root < 0 ? -1 : path_open(root, "etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0 || path_read_fd(fd, &text) < 0)
		return false;
	rest = buf_slice(&text);
	for (size_t n = 0; n < ACCOUNTS_MAX && slice_split(&rest, '\n', &line); n++)
		add_account(t, line);
	return true;
}

static void read_accounts(struct taking *t)
{
	t->own_accounts = read_passwd(t, t->o->system);
	if (!t->own_accounts)
		(void)read_passwd(t, "/");
}

/* ---- what all findings together tell: a disk that was made to be found much on must not cost more than so many comparisons */

#define WORK_MAX 30000000u

static int compare(const void *a, const void *b)
{
	const struct inventory_finding *x = *(struct inventory_finding *const *)a, *y = *(struct inventory_finding *const *)b;
	int c = strcmp(x->person, y->person);
	/* What belongs to no known tool comes last. */
	c = c ? c : (x->tool[0] == 0) - (y->tool[0] == 0);
	c = c ? c : strcmp(x->tool, y->tool);
	c = c ? c : (int)x->kind - (int)y->kind;
	c = c ? c : strcmp(x->path, y->path);
	c = c ? c : strcmp(x->name, y->name);
	return c ? c : (x->pid > y->pid) - (x->pid < y->pid);
}

const char *inventory_fact(const struct inventory_finding *f, const char *name)
{
	for (const struct inventory_fact *x = f->facts; x; x = x->next)
		if (strcmp(x->name, name) == 0)
			return x->value;
	return NULL;
}

static bool is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);
	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == 0);
}

/* A folder, what is in it, then what only begins with its name. */
static int by_path(const void *a, const void *b)
{
	const char *x = (*(struct inventory_finding *const *)a)->path, *y = (*(struct inventory_finding *const *)b)->path;
	while (*x && *x == *y) {
		x++;
		y++;
	}
	int c = *x == '/' ? 1 : *x ? (unsigned char)*x + 1 : 0, d = *y == '/' ? 1 : *y ? (unsigned char)*y + 1 : 0;
	return c - d;
}

/* The folder that a link's text leads to, without its "." and ".."; false if that cannot be told. */
static bool resolve(const char *link, const char *to, char out[4096])
{
	struct slice rest, part;
	size_t n = 0;
	char whole[8200];
	const char *slash = strrchr(link, '/');
	int len = snprintf(whole, sizeof(whole), "%.*s/%s", to[0] == '/' ? 0 : (int)(slash ? slash - link : 0), link, to);
	if (len < 0 || len >= (int)sizeof(whole))
		return false;
	rest = slice_of(whole, (size_t)len);
	out[0] = 0;
	while (slice_split(&rest, '/', &part)) {
		if (!part.n || slice_is(part, "."))
			continue;
		if (slice_is(part, "..")) {
			while (n && out[n - 1] != '/')
				n--;
			n -= n > 0;
		} else {
			if (n + part.n + 2 > 4096)
				return false;
			out[n++] = '/';
			memcpy(out + n, part.p, part.n);
			n += part.n;
		}
		out[n] = 0;
	}
	return n > 0;
}

/* Programs inside of a package that was found itself are that package; links are a fact of what they lead to. */
static void merge_programs(struct job *j, struct inventory_finding **list, size_t n)
{
	size_t m = 0, work = 0;
	_cleanup_free_ struct inventory_finding **programs = calloc(n + 1, sizeof(*programs));
	if (!programs)
		return;
	for (size_t i = 0; i < n; i++)
		if (list[i]->kind == INVENTORY_PROGRAM || list[i]->kind == INVENTORY_EXTENSION)
			programs[m++] = list[i];
	qsort(programs, m, sizeof(*programs), by_path);
	/* Sorted by path, what is in a folder comes after it: the nearest package above is on a stack. */
	struct inventory_finding *open[64];
	size_t depth = 0;
	for (size_t i = 0; i < m; i++) {
		struct inventory_finding *f = programs[i];
		while (depth && !is_below(f->path, open[depth - 1]->path))
			depth--;
		for (size_t k = depth; k > 0; k--) {
			struct inventory_finding *above = open[k - 1];
			bool same = above->tool[0] && strcmp(above->tool, f->tool) == 0;
			if (!same || inventory_fact(f, "leads to") ||
			        (f->package[0] && f->by == INVENTORY_BY_METADATA && strcmp(f->package, above->package) != 0))
				continue;
			if (f->by > above->by) {
				above->by = f->by;
				above->sure = f->sure;
			}
			if (!above->version[0])
				above->version = f->version;
			find_fact(j, above, "recognised in", slice_from(slice_str(f->path), strlen(above->path) + 1));
			f->path = "";
			break;
		}
		if (f->path[0] && f->package[0] && depth < ARRAY_LEN(open))
			open[depth++] = f;
	}
	for (size_t i = 0; i < m; i++) {
		char to[4096];
		const char *link = programs[i]->path[0] ? inventory_fact(programs[i], "leads to") : NULL;
		if (!link || !resolve(programs[i]->path, link, to))
			continue;
		for (size_t k = 0; k < m && ++work < WORK_MAX; k++) {
			if (k == i || !programs[k]->path[0] || inventory_fact(programs[k], "leads to") || !is_below(to, programs[k]->path))
				continue;
			/* A link that calls a tool by another's name is not explained by it. */
			if (strcmp(programs[k]->tool, programs[i]->tool) == 0) {
				find_fact(j, programs[k], "command", slice_str(programs[i]->path));
				programs[i]->path = "";
			}
			break;
		}
	}
}

/* The blob that a model's manifest names is the model. */
static void merge_models(struct job *j, struct inventory_finding **list, size_t n)
{
	size_t work = 0;
	for (size_t i = 0; i < n; i++) {
		const char *digest = list[i]->kind == INVENTORY_MODEL ? inventory_fact(list[i], "blob") : NULL;
		if (!digest || strncmp(digest, "sha256:", 7) != 0)
			continue;
		for (size_t k = 0; k < n && ++work < WORK_MAX; k++) {
			struct slice path = slice_str(list[k]->path), hex = slice_str(digest + 7);
			if (k == i || list[k]->kind != INVENTORY_MODEL || inventory_fact(list[k], "blob") || !slice_ends(path, hex) ||
			        !slice_ends(slice_sub(path, 0, path.n - hex.n), SLICE("/sha256-")))
				continue;
			find_fact(j, list[k], "known as", slice_str(list[i]->name));
			list[k]->tool = list[i]->tool;
			list[k]->title = list[i]->title;
			list[k]->publisher = list[i]->publisher;
			list[k]->tool_kind = list[i]->tool_kind;
			list[i]->path = "";
			break;
		}
	}
}

/* What a person's settings say otherwise than the managed ones of the same tool. */
static void contradictions(struct job *j, struct inventory_finding **list, size_t n)
{
	size_t work = 0;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; list[i]->kind == INVENTORY_MANAGED && k < n && ++work < WORK_MAX; k++) {
			if (list[k]->kind != INVENTORY_SETTINGS || strcmp(list[k]->tool, list[i]->tool) != 0 ||
			        strcmp(list[k]->container, list[i]->container) != 0)
				continue;
			for (const struct inventory_leaf *a = list[i]->leaves; a; a = a->next)
				for (const struct inventory_leaf *b = list[k]->leaves; b && ++work < WORK_MAX; b = b->next)
					if (strcmp(a->path, b->path) == 0 && a->value != b->value) {
						find_risk(j, list[k], RISK_CONTRADICTED, slice_str(a->path));
						find_fact(j, list[i], "contradicted by", slice_str(list[k]->path));
					}
		}
}

/* Folders that a tool makes tell nothing where the tool itself, or its settings in it, were found; containers only matter if something is
 * in them. */
static void drop_folders(struct inventory_finding **list, size_t n)
{
	_cleanup_free_ struct inventory_finding **sorted = calloc(n + 1, sizeof(*sorted));
	if (!sorted)
		return;
	memcpy(sorted, list, n * sizeof(*list));
	qsort(sorted, n, sizeof(*sorted), by_path);
	for (size_t i = 0; i < n; i++) {
		struct inventory_finding *f = sorted[i];
		if (f->kind == INVENTORY_CONTAINER) {
			bool any = false;
			for (size_t k = i + 1; k < n && k < i + 1000 && !any && is_below(sorted[k]->path, f->path); k++)
				any = sorted[k]->kind != INVENTORY_CONTAINER;
			f->path = any ? f->path : "";
			continue;
		}
		if (f->kind != INVENTORY_SETTINGS || f->by != INVENTORY_BY_PLACE || f->risks || !f->path[0])
			continue;
		for (size_t k = i + 1; k < n && k < i + 1000 && is_below(sorted[k]->path, f->path); k++)
			if (strcmp(sorted[k]->tool, f->tool) == 0 && strcmp(sorted[k]->path, f->path) != 0) {
				f->path = "";
				break;
			}
	}
}

static int gather(struct taking *t, struct inventory *out, struct err *err)
{
	size_t n = 0, m = 0;
	for (unsigned i = 0; i < t->jobs; i++)
		n += t->job[i].n;
	out->finding = calloc(n + 1, sizeof(*out->finding));
	if (!out->finding)
		return err_set(err, -ENOMEM, "no memory for the findings");
	for (unsigned i = 0; i < t->jobs; i++)
		for (struct inventory_finding *f = t->job[i].first; f && m < n; f = f->next)
			out->finding[m++] = f;
	qsort(out->finding, m, sizeof(*out->finding), compare);
	struct job *j = &t->job[0];
	merge_programs(j, out->finding, m);
	merge_models(j, out->finding, m);
	contradictions(j, out->finding, m);
	drop_folders(out->finding, m);
	/* What was merged has no path any more, nor has what a process of another account runs. */
	for (size_t i = 0; i < m; i++)
		if (out->finding[i]->path[0] || out->finding[i]->pid || out->finding[i]->kind == INVENTORY_MODEL_SERVER)
			out->finding[out->n++] = out->finding[i];
	return 0;
}

/* ---- */

static unsigned jobs_here(void)
{
	cpu_set_t set;
	unsigned n = sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
	/* A cold disk answers several at once. */
	n *= 2;
	return n < 2 ? 2 : n > 8 ? 8 : n;
}

static void add_counts(struct inventory_counts *to, const struct inventory_counts *from)
{
	uint64_t *a = (uint64_t *)to;
	const uint64_t *b = (const uint64_t *)from;
	for (size_t i = 0; i < sizeof(*to) / sizeof(*a); i++)
		a[i] += b[i];
}

static double now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int take(struct taking *t, struct inventory *out, struct err *err)
{
	read_accounts(t);
	int r = places_compile(&t->places, t->o->catalogue, &t->arena);
	if (r < 0)
		return err_sys(err, r, "no memory for the catalogue");
	out->incremental = old_open(&t->old, t->o);
	r = walk_run(t, err);
	if (r == 0 && t->o->processes)
		processes_take(&t->job[0]);
	for (unsigned i = 0; i < t->jobs; i++) {
		add_counts(&out->counts, &t->job[i].counts);
		out->full |= t->job[i].full;
	}
	out->stopped = taking_stopped(t);
	r = r < 0 ? r : gather(t, out, err);
	if (r == 0 && t->o->cache && !out->stopped)
		r = inventory_cache_write(t, err);
	return r;
}

int inventory_take(const struct inventory_options *o, struct inventory *out, struct err *err)
{
	_cleanup_free_ struct taking *t = calloc(1, sizeof(*t));
	double begin = now();
	*out = (struct inventory){.n = 0};
	fd_raise_limit();
	unsigned jobs = o->jobs ? o->jobs : jobs_here();
	jobs = jobs > JOBS_MAX ? JOBS_MAX : jobs;
	_cleanup_free_ struct job *job = calloc(jobs, sizeof(*job));
	out->arenas = calloc(jobs + 1, sizeof(*out->arenas));
	if (!t || !job || !out->arenas)
		return err_set(err, -ENOMEM, "no memory for the inventory");
	t->o = o;
	t->out = out;
	t->arena = ARENA((size_t)16 << 20);
	t->job = job;
	t->jobs = jobs;
	struct timespec wall;
	(void)clock_gettime(CLOCK_REALTIME, &wall);
	t->recent = ((int64_t)wall.tv_sec - 2) * 1000000000 + wall.tv_nsec;
	(void)pthread_mutex_init(&t->lock, NULL);
	(void)pthread_cond_init(&t->more, NULL);
	for (unsigned i = 0; i < jobs; i++)
		job[i] = (struct job){.t = t, .arena = ARENA(JOB_MEMORY), .text = BUF(READ_MAX + 1), .entries = BUF((size_t)1 << 20)};
	int r = take(t, out, err);
	for (unsigned i = 0; i < jobs; i++) {
		out->arenas[out->n_arenas++] = job[i].arena;
		buf_free(&job[i].text);
		buf_free(&job[i].entries);
	}
	/* Names of accounts are in findings too. */
	out->arenas[out->n_arenas++] = t->arena;
	walk_free(t);
	old_close(&t->old);
	(void)pthread_mutex_destroy(&t->lock);
	(void)pthread_cond_destroy(&t->more);
	out->seconds = now() - begin;
	return r;
}

void inventory_free(struct inventory *inv)
{
	for (size_t i = 0; i < inv->n_arenas; i++)
		arena_free(&inv->arenas[i]);
	free(inv->arenas);
	free(inv->finding);
	*inv = (struct inventory){.n = 0};
}
