#include "cmd/vet_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "cmd/scan_policy.h"
#include "obtain/facts.h"
#include "sys/fd.h"
#include "sys/path.h"
#include "vet/content.h"

#define ARENA_MAX    ((size_t)1 << 30)
#define FILES_MAX    50000u
#define KEPT_MAX     4000u /* findings of all files together */
#define FILE_SECONDS 60u
#define NICE         19 /* what is measured in the trials is not to wait for this */
#define PACKAGES_MAX 2000u
#define PLACE_MAX    ((size_t)1 << 16)

struct vet_scan {
	const struct vet_subject *subject;
	pthread_t thread;
	bool runs;
	volatile sig_atomic_t stop;
	/* From here on the thread's, until it has ended. */
	int64_t begun_ms, deadline_ms, ended_ms;
	struct arena arena;
	struct scan_pool pool;
	struct scan_packages packages;
	struct scan_file *file;
	size_t n, room, kept, given;
	bool late, many;
	const char *root; /* what is taken away from paths, with what is behind it */
	struct err err;
	struct scan_policy policy;
	bool has_policy;
	struct err no_policy; /* why not */
	/* And what becomes of it. */
	struct scan_result result;
	char note[400];
};

static const char *below(const struct vet_scan *v, const char *path)
{
	size_t n = strlen(v->root);
	if (strncmp(path, v->root, n) == 0 && path[n] == '/')
		return path + n + 1;
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static void look_at_clock(struct vet_scan *v)
{
	if (!v->stop && scan_now_ms() > v->deadline_ms) {
		v->late = true;
		v->stop = 1;
	}
}

static void on_tick(void *arg, const char *path)
{
	(void)path;
	look_at_clock(arg);
}

static int keep_file(struct vet_scan *v, const struct scan_job *j)
{
	if (v->n == v->room) {
		size_t more = v->room ? 2 * v->room : 256;
		struct scan_file *larger = realloc(v->file, more * sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		v->file = larger;
		v->room = more;
	}
	size_t kept = j->n_found < KEPT_MAX - v->kept ? j->n_found : KEPT_MAX - v->kept;
	struct scan_finding *to = arena_array(&v->arena, kept, sizeof(*to));
	struct scan_file f = {.sum = j->sum, .path = arena_str(&v->arena, slice_str(below(v, j->path))), .finding = to};
	if (!f.path || !to)
		return -ENOMEM;
	if (kept)
		memcpy(to, j->found, kept * sizeof(*to));
	for (size_t i = 0; i < kept; i++)
		f.kept_notes += scan_is_note(&to[i]);
	f.kept = (uint32_t)kept;
	v->kept += kept;
	v->file[v->n++] = f;
	return 0;
}

static int on_done(void *arg, struct scan_job *j)
{
	struct vet_scan *v = arg;
	int r = scan_packages_take(&v->packages, j);
	return r < 0 ? r : keep_file(v, j);
}

static int on_file(void *arg, const char *path, int fd, int error)
{
	struct vet_scan *v = arg;
	look_at_clock(v);
	if (v->given == FILES_MAX) {
		v->many = true;
		v->stop = 1;
		return -EINTR;
	}
	v->given++;
	return scan_pool_add(&v->pool, path, fd, error, &v->err);
}

static int scan_folder(struct vet_scan *v, const char *path)
{
	struct scan_walk w = {.file = on_file, .arg = v};
	bool package = scan_package_is_folder(path);
	if (package) {
		int r = scan_packages_folder(&v->packages, path);
		if (r < 0)
			return r;
		posture_published(v->packages.folder);
		v->pool.o.profile = true;
	}
	int r = scan_walk(&w, path, &v->err);
	int e = scan_pool_finish(&v->pool, &v->err);
	v->pool.o.profile = false;
	int f = package ? scan_packages_folder_end(&v->packages) : 0;
	return r < 0 ? r : e < 0 ? e : f;
}

/* ── packages side by side ── */

struct list {
	const char *path[PACKAGES_MAX];
	size_t n;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Folders in this one; those that "@" begins hold packages themselves. */
static void list_packages(struct vet_scan *v, const char *folder, bool scope, struct list *l)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	if (!d && fd >= 0)
		(void)close(fd);
	while (d && l->n < PACKAGES_MAX && path_next(d, &e) > 0) {
		struct stat st;
		if (e->d_name[0] == '.' || fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISDIR(st.st_mode))
			continue;
		const char *path = arena_fmt(&v->arena, "%s/%s", folder, e->d_name);
		if (!path)
			break;
		if (!scope && e->d_name[0] == '@')
			list_packages(v, path, true, l);
		else if (l->n < PACKAGES_MAX)
			l->path[l->n++] = path;
	}
	if (d)
		(void)closedir(d);
}

/* What was unpacked from a registry: each package for itself, the one that was named first. */
static int scan_modules(struct vet_scan *v, const char *modules)
{
	struct list *l = calloc(1, sizeof(*l));
	const char *first = arena_fmt(&v->arena, "%s/%s", modules, v->subject->name);
	if (!l || !first) {
		free(l);
		return -ENOMEM;
	}
	list_packages(v, modules, false, l);
	qsort(l->path, l->n, sizeof(*l->path), by_text);
	v->many |= l->n == PACKAGES_MAX;
	int r = 0;
	for (int own = 1; own >= 0; own--)
		for (size_t i = 0; i < l->n && r == 0 && !v->stop; i++)
			if ((strcmp(l->path[i], first) == 0) == own)
				r = scan_folder(v, l->path[i]);
	free(l);
	return r;
}

static int scan_path(struct vet_scan *v, const char *path)
{
	struct stat st;
	const char *modules = arena_fmt(&v->arena, "%s/node_modules", path);
	v->root = path;
	if (!modules)
		return -ENOMEM;
	if (!scan_package_is_folder(path) && lstat(modules, &st) == 0 && S_ISDIR(st.st_mode))
		return scan_modules(v, modules);
	return scan_folder(v, path);
}

static void *in_thread(void *arg)
{
	struct vet_scan *v = arg;
	/* Of this thread alone, and of the processes that it starts. */
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	_cleanup_(scan_yara_files_free) struct scan_yara_files files = {0};
	/* Without a policy that can be read all of it counts. */
	v->has_policy = scan_policy_load(&v->policy, NULL, NULL, &v->no_policy) == 0;
	static const struct opt_list none = {0};
	int yara = v->has_policy ? scan_yara_read(&files, policy_settings(v->policy.policy)->scan_yara, &none, &v->err) : 0;
	_cleanup_fd_ int fd = yara > 0 ? yara : -1;
	v->pool.yara = fd;
	int r = yara < 0 ? yara : scan_pool_open(&v->pool, &v->err);
	if (r < 0)
		scan_yara_explain(&files, &v->pool.wrong, &v->err);
	for (const char *const *path = v->subject->constants; r == 0 && *path && !v->stop; path++)
		r = scan_path(v, *path);
	scan_pool_close(&v->pool);
	if (r < 0 && !v->stop && !v->err.code)
		(void)err_sys(&v->err, r, "cannot read the artefact's files");
	v->ended_ms = scan_now_ms();
	return NULL;
}

struct vet_scan *vet_scan_begin(const struct vet_subject *s, unsigned seconds)
{
	struct vet_scan *v = s->constants ? calloc(1, sizeof(*v)) : NULL;
	if (!v)
		return NULL;
	v->subject = s;
	v->arena = ARENA(ARENA_MAX);
	v->packages = (struct scan_packages){.arena = ARENA(ARENA_MAX)};
	v->begun_ms = scan_now_ms();
	v->deadline_ms = v->begun_ms + (int64_t)seconds * 1000;
	/* Half of the processors: the trials are what is waited for. */
	unsigned jobs = scan_processors() / 2;
	v->pool = (struct scan_pool){.o = {.subjects = SCAN_ALL & ~SCAN_CHANGES, .limits = scan_limits_default()},
	        .jobs = jobs ? jobs : 1,
	        .seconds = FILE_SECONDS,
	        .done = on_done,
	        .tick = on_tick,
	        .arg = v,
	        .stop = &v->stop};
	v->runs = pthread_create(&v->thread, NULL, in_thread, v) == 0;
	if (v->runs)
		return v;
	vet_scan_free(v);
	return NULL;
}

static void wait_for(struct vet_scan *v, unsigned grace)
{
	struct timespec until;
	if (!v->runs)
		return;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += grace;
	if (pthread_clockjoin_np(v->thread, NULL, CLOCK_MONOTONIC, &until) != 0) {
		v->late = true;
		v->stop = 1;
		(void)pthread_join(v->thread, NULL);
	}
	v->runs = false;
}

/* What an organisation or a person lets pass, passes here too. */
static void let_pass(struct vet_scan *v)
{
	if (!v->has_policy)
		return;
	v->result.yara = v->pool.yara > 0;
	v->result.yara_rules = v->pool.yara_rules;
	scan_policy_blocks(&v->policy, &v->result);
	for (size_t i = 0; i < v->n && scan_policy_excepts(&v->policy); i++) {
		struct scan_file *f = &v->file[i];
		_cleanup_buf_ struct buf path = BUF(PLACE_MAX);
		if (!f->sum.found)
			continue;
		buf_fmt(&path, "%s/%s", v->root, f->path);
		_cleanup_fd_ int fd = buf_error(&path) ? -1 : open(buf_str(&path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		f->sha256 = fd < 0 ? NULL : scan_digest(&v->arena, fd, DIGEST_SHA256);
		scan_policy_apply(&v->policy, f->path, f);
	}
	v->result.refused = v->policy.refused;
	v->result.n_refused = v->policy.n_refused;
}

/* What the registry said, and what the trials saw, of the package that was vetted. */
static int score_again(struct vet_scan *v, const struct vet_result *r)
{
	for (size_t i = 0; i < v->packages.n; i++) {
		struct posture *p = &v->packages.posture[i];
		struct posture_score *s = arena_alloc(&v->arena, sizeof(*s));
		const struct facts_registry *g = r->facts ? &r->facts->registry : NULL;
		if (!s || !p->score)
			return -ENOMEM;
		/* Where it lies on this machine is nobody's business. */
		p->path = below(v, p->path);
		struct posture_known known = p->score->known;
		if (strcmp(p->name, v->subject->name) != 0)
			continue;
		if (g && g->asked && !g->bare) {
			known.asked = true;
			known.attested = g->attestation != NULL;
			known.is_signed = g->signatures > 0;
		}
		known.watched = r->verdict != VERDICT_INCONCLUSIVE;
		for (size_t k = 0; k < r->n_hosts && known.watched; k++)
			if (!r->hosts[k].declared && known.undeclared++ == 0)
				known.first_undeclared = r->hosts[k].name;
		if (posture_score(p, &known, &v->arena, s) < 0)
			return -ENOMEM;
		p->score = s;
	}
	return 0;
}

static const char *note(struct vet_scan *v)
{
	double seconds = (double)(v->ended_ms - v->begun_ms) / 1e3;
	const char *packages = v->packages.folder || v->many ? " What is told of its packages may lack what is there." : "";
	if (v->err.code && !v->stop)
		(void)snprintf(v->note, sizeof(v->note), "Not all files of the artefact were scanned: %.250s.", v->err.text);
	else if (v->many)
		(void)snprintf(v->note, sizeof(v->note), "The artefact has more than %u files or %u packages: the rest was not scanned.%s",
		        FILES_MAX, PACKAGES_MAX, packages);
	else if (v->stop)
		(void)snprintf(v->note, sizeof(v->note),
		        "The scan of the artefact's files was ended after %.0f s and %zu files: the rest was not scanned (postern scan "
		        "does "
		        "it).",
		        seconds, v->n);
	else if (!v->has_policy)
		(void)snprintf(v->note, sizeof(v->note),
		        "The policy cannot be read, so that nothing of the scan is let pass, and no rules of YARA of it are matched: "
		        "%.200s.",
		        v->no_policy.text);
	else
		return NULL;
	return v->note;
}

int vet_scan_end(struct vet_scan *v, unsigned grace, struct vet_result *r)
{
	if (!v) {
		r->content = (struct vet_content){.note = "The artefact's files were not scanned."};
		return content_judge(r);
	}
	wait_for(v, grace);
	v->result = (struct scan_result){.file = v->file,
	        .n = v->n,
	        .version = POSTERN_VERSION,
	        .root = "",
	        .folder = "",
	        .stopped = v->stop,
	        .subjects = v->pool.o.subjects,
	        .package = v->packages.posture,
	        .packages = v->packages.n};
	if (score_again(v, r) < 0)
		return -ENOMEM;
	let_pass(v);
	r->content = (struct vet_content){.note = note(v), .seconds = (double)(v->ended_ms - v->begun_ms) / 1e3};
	r->content.scan = v->n ? &v->result : NULL;
	return content_judge(r);
}

void vet_scan_free(struct vet_scan *v)
{
	if (!v)
		return;
	v->stop = 1;
	if (v->runs)
		(void)pthread_join(v->thread, NULL);
	scan_packages_free(&v->packages);
	scan_policy_free(&v->policy);
	arena_free(&v->arena);
	free(v->file);
	free(v);
}
