/* Packages among what is scanned: whose facts belong together, and two versions of one side by side. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cmd/scan.h"
#include "crypto/digest.h"
#include "obtain/obtain.h"
#include "sys/fd.h"
#include "sys/path.h"

#define ARENA_MAX    ((size_t)1 << 30)
#define PACKAGES_MAX 2000u
#define NAMES_MAX    100000u /* entries of a folder that are looked at */

bool scan_package_is_named(const char *path)
{
	return strncmp(path, "npm:", 4) == 0;
}

static bool exists(int dir, const char *name)
{
	struct stat st;
	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

/* One folder of Python's metadata; where there are several it is no package, but where packages are installed. */
static bool has_dist_info(int fd)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	unsigned n = 0, seen = 0;
	if (!d)
		(void)close(fd);
	while (d && seen++ < NAMES_MAX && path_next(d, &e) > 0)
		n += slice_ends(slice_str(e->d_name), SLICE(".dist-info"));
	if (d)
		(void)closedir(d);
	return n == 1;
}

bool scan_package_is_folder(const char *path)
{
	static const char *const manifests[] = {"package.json", "PKG-INFO", "extension.vsixmanifest"};
	_cleanup_fd_ int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	if (dir < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(manifests); i++)
		if (exists(dir, manifests[i]))
			return true;
	int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return again >= 0 && has_dist_info(again);
}

bool scan_package_is(const char *path)
{
	struct stat st;
	uint8_t head[4] = {0};
	if (scan_package_is_named(path) || scan_package_is_folder(path))
		return true;
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || pread(fd, head, sizeof(head), 0) != (ssize_t)sizeof(head))
		return false;
	return (head[0] == 0x1f && head[1] == 0x8b) || memcmp(head, "PK\3\4", 4) == 0 || memcmp(head, "\177ELF", 4) == 0;
}

int scan_package_fetch(const char *subject, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA(ARENA_MAX);
	return obtain_archive(subject, NULL, &arena, err);
}

/* ── whose facts ── */

static int add_posture(struct scan_packages *p, const struct posture *one)
{
	if (p->n == p->room) {
		size_t more = p->room ? 2 * p->room : 16;
		struct posture *larger = realloc(p->posture, more * sizeof(*larger));
		if (!larger)
			return -ENOMEM;
		p->posture = larger;
		p->room = more;
	}
	p->posture[p->n++] = *one;
	return 0;
}

static int score(struct scan_packages *p, const struct posture_known *known, struct posture *one)
{
	struct posture_score *s = arena_alloc(&p->arena, sizeof(*s));
	int r = s ? posture_score(one, known, &p->arena, s) : -ENOMEM;
	one->score = s;
	return r;
}

/* The worst of a file, in words; NULL without memory. */
static const char *worst_of(struct scan_packages *p, const struct scan_job *j, const char *below)
{
	for (size_t i = 0; i < j->n_found; i++) {
		const struct scan_finding *f = &j->found[i];
		if (scan_rules[f->rule].verdict == j->sum.verdict)
			return arena_fmt(&p->arena, "%s%s%s: %s", below, below[0] && f->member[0] ? " > " : "", f->member,
			        scan_rules[f->rule].title);
	}
	return arena_str(&p->arena, slice_str(below));
}

/* What was found in a file counts in the score of its package. */
static int know(struct scan_packages *p, struct posture_known *k, const struct scan_job *j, const char *below)
{
	bool bad = j->sum.verdict == SCAN_BAD;
	const char **first = bad ? &k->first_bad : &k->first_suspicious;
	if (j->sum.verdict < SCAN_SUSPICIOUS)
		return 0;
	(*(bad ? &k->bad : &k->suspicious))++;
	if (!*first && !(*first = worst_of(p, j, below)))
		return -ENOMEM;
	return 0;
}

static int end(struct scan_packages *p, struct posture_maker *m, const struct posture_known *known, const struct posture *digests)
{
	struct posture one;
	int r = posture_end(m, &p->arena, &one);
	/* Of an executable most of what a score asks cannot be known: a sum of the rest would be taken for all. */
	if (r > 0 && one.form != POSTURE_EXECUTABLE && score(p, known, &one) < 0)
		r = -ENOMEM;
	if (r > 0 && digests) {
		one.sha256 = digests->sha256;
		one.sha512 = digests->sha512;
	}
	return r > 0 ? add_posture(p, &one) : r;
}

int scan_packages_folder(struct scan_packages *p, const char *path)
{
	p->folder = posture_begin(path, true);
	p->folder_n = strlen(path);
	p->known = (struct posture_known){.bad = 0};
	return p->folder ? 0 : -ENOMEM;
}

int scan_packages_folder_end(struct scan_packages *p)
{
	struct posture_maker *m = p->folder;
	p->folder = NULL;
	return m ? end(p, m, &p->known, NULL) : 0;
}

static int add_facts(struct posture_maker *m, const char *below, const struct scan_job *j)
{
	int r = 0;
	for (size_t i = 0; i < j->n_facts && r == 0; i++)
		r = posture_add(m, below, &j->fact[i]);
	if (j->sum.facts_cut)
		posture_cut(m);
	return r;
}

int scan_packages_take(struct scan_packages *p, const struct scan_job *j)
{
	if (p->folder && j->profile) {
		const char *below = strlen(j->path) > p->folder_n ? j->path + p->folder_n : "";
		below += strspn(below, "/");
		int r = know(p, &p->known, j, below);
		return r < 0 ? r : add_facts(p->folder, below, j);
	}
	if (j->n_facts == 0)
		return 0;
	if (p->n >= PACKAGES_MAX) {
		p->left_out++;
		return 0;
	}
	struct posture_maker *m = posture_begin(j->path, false);
	int r = m ? add_facts(m, "", j) : -ENOMEM;
	if (r < 0) {
		posture_free(m);
		return r;
	}
	struct posture digests = {.path = NULL};
	struct posture_known known = {.bad = 0};
	if (know(p, &known, j, "") < 0) {
		posture_free(m);
		return -ENOMEM;
	}
	if (p->digests && j->fd >= 0) {
		digests.sha256 = scan_digest(&p->arena, j->fd, DIGEST_SHA256);
		digests.sha512 = scan_digest(&p->arena, j->fd, DIGEST_SHA512);
		/* What was scanned is what a digest must be of. */
		if (!scan_job_unchanged(j))
			digests = (struct posture){.path = NULL};
	}
	return end(p, m, &known, &digests);
}

void scan_packages_free(struct scan_packages *p)
{
	posture_free(p->folder);
	arena_free(&p->arena);
	free(p->posture);
	free(p->before);
	*p = (struct scan_packages){.folder = NULL};
}

/* ── what was there before ── */

/* A finding without its version: where it is below the package, and what it says. */
static uint64_t key_of(const struct scan_packages *p, const struct scan_job *j, const struct scan_finding *f)
{
	struct slice member = slice_str(f->member), place = SLICE_NONE;
	if (j->profile)
		place = slice_from(slice_str(j->path), p->folder_n);
	else if (slice_starts(member, SLICE("gzip > ")))
		/* The first folder of an archive may have any name. */
		member = slice_from(member, slice_chr(member, '/', 7) == SLICE_NPOS ? 7 : slice_chr(member, '/', 7));
	return ((slice_hash(place) * 31 + slice_hash(member)) * 31 + slice_hash(slice_str(f->evidence))) * 31 + f->rule;
}

int scan_packages_before(struct scan_packages *p, const struct scan_job *j)
{
	for (size_t i = 0; i < SCAN_RULES; i++)
		if (scan_rule_in(&j->sum.rules, (uint32_t)i))
			scan_rule_add(&p->rules, (uint32_t)i);
	for (size_t i = 0; i < j->n_found; i++) {
		if (p->n_before == p->before_room) {
			size_t more = p->before_room ? 2 * p->before_room : 256;
			uint64_t *larger = realloc(p->before, more * sizeof(*larger));
			if (!larger)
				return -ENOMEM;
			p->before = larger;
			p->before_room = more;
		}
		p->before[p->n_before++] = key_of(p, j, &j->found[i]);
	}
	return 0;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

void scan_packages_before_end(struct scan_packages *p)
{
	if (p->n_before)
		qsort(p->before, p->n_before, sizeof(*p->before), by_value);
}

static bool was_there(const struct scan_packages *p, uint64_t key)
{
	return p->n_before && bsearch(&key, p->before, p->n_before, sizeof(key), by_value);
}

void scan_packages_only_new(const struct scan_packages *p, struct scan_job *j)
{
	struct scan_summary sum = j->sum;
	size_t kept = 0;
	/* Of findings that were not told it is not known whether they are new: they are if the old version had none of their rule. */
	bool all = sum.dropped == 0 && sum.found == j->n_found;
	sum.verdict = all ? SCAN_CLEAN : SCAN_UNSCANNED;
	sum.uncovered = all ? 0 : sum.uncovered;
	memset(&sum.rules, 0, sizeof(sum.rules));
	for (uint32_t i = 0; i < SCAN_RULES && !all; i++)
		if (scan_rule_in(&j->sum.rules, i) && !scan_rule_in(&p->rules, i)) {
			scan_rule_add(&sum.rules, i);
			sum.verdict = scan_rules[i].verdict > sum.verdict ? scan_rules[i].verdict : sum.verdict;
		}
	for (size_t i = 0; i < j->n_found; i++) {
		const struct scan_finding f = j->found[i];
		enum scan_verdict v = scan_rules[f.rule].verdict;
		if (was_there(p, key_of(p, j, &f)))
			continue;
		sum.verdict = v > sum.verdict ? v : sum.verdict;
		sum.uncovered += all && v == SCAN_UNSCANNED ? f.n : 0;
		scan_rule_add(&sum.rules, f.rule);
		j->found[kept++] = f;
	}
	sum.found = (uint32_t)kept;
	j->n_found = kept;
	j->sum = sum;
}

/* ── two versions ── */

struct keeper {
	struct arena *arena;
	struct scan_file *file;
	int error;
};

static void keep(void *arg, const struct scan_finding *f)
{
	struct keeper *k = arg;
	struct scan_finding *all = arena_array(k->arena, k->file->kept + 1u, sizeof(*all));
	enum scan_verdict v = scan_rules[f->rule].verdict;
	if (!all) {
		k->error = -ENOMEM;
		return;
	}
	if (k->file->kept)
		memcpy(all, k->file->finding, k->file->kept * sizeof(*all));
	all[k->file->kept++] = *f;
	k->file->finding = all;
	k->file->sum.found++;
	k->file->sum.verdict = v > k->file->sum.verdict ? v : k->file->sum.verdict;
	scan_rule_add(&k->file->sum.rules, f->rule);
}

int scan_packages_compare(struct scan_packages *p, size_t n_old, struct scan_file *file, struct err *err)
{
	const char *none = n_old == 0 ? "the first" : n_old == p->n ? "the second" : NULL;
	if (none)
		return err_set(err, -EINVAL,
		        "%s of what is to be compared is no package: no package.json, METADATA or PKG-INFO was reached in it", none);
	if (posture_compare(&p->posture[0], &p->posture[n_old], &p->arena, &p->change) < 0)
		return err_set(err, -ENOMEM, "no memory");
	p->compared = true;
	struct keeper k = {.arena = &p->arena, .file = file};
	posture_judge(&p->change, keep, &k);
	return k.error < 0 ? err_set(err, k.error, "no memory") : 0;
}
