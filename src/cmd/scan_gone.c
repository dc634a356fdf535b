/* Files of tests that a change deletes, while the code that they test stays and is changed: a note with the code. What was moved is none,
 * and git only knows a file that is moved and changed little; so tests that came elsewhere, in files of the same language, count against
 * it. */
#include <errno.h>
#include <sys/stat.h>

#include "cmd/scan.h"

#define GONE_MAX  200u /* of more it is not one test that is taken away */
#define CODE_MAX  20000u
#define PAIRS_MAX 200u
#define PIECE     4096u
#define LESS      5u /* bytes of tests at most for each of code */

static uint64_t size_of(int fd)
{
	struct stat st;
	return fd >= 0 && fstat(fd, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* Was it only moved? What cannot be read is none of which anything is said. */
static bool is_same(int a, int b)
{
	uint8_t x[PIECE], y[PIECE];
	off_t at = 0;
	for (;;) {
		ssize_t n = pread(a, x, sizeof(x), at), m = pread(b, y, sizeof(y), at);
		if (n < 0 || m < 0 || (n == 0 && m == 0))
			return true;
		if (n != m || memcmp(x, y, (size_t)n) != 0)
			return false;
		at += n;
	}
}

void scan_gone_met(struct scan_gone *g, struct arena *arena, const char *path, int fd, int before)
{
	unsigned family = scan_test_family(path);
	uint64_t is = size_of(fd), was = size_of(before);
	if (fd < 0)
		return;
	if (family) {
		g->grown[family % SCAN_TEST_FAMILIES] += is > was ? is - was : 0;
		return;
	}
	/* Code that is new, or of which a part was taken out, goes with its tests. */
	if (before < 0 || is * 10 < was * 9 || g->n_code == CODE_MAX || (is == was && is_same(fd, before)))
		return;
	if (!g->code && !(g->code = arena_array(arena, CODE_MAX, sizeof(*g->code))))
		return;
	const char *kept = arena_str(arena, slice_str(path));
	if (kept)
		g->code[g->n_code++] = (struct scan_gone_code){.path = kept, .less = was > is ? was - is : 0};
}

/* Puts a note at the end of those of a file. */
static int note(struct arena *arena, struct scan_file *f, const char *test)
{
	struct scan_finding *all = arena_array(arena, f->kept + 1u, sizeof(*all));
	if (!all)
		return -ENOMEM;
	if (f->kept)
		memcpy(all, f->finding, f->kept * sizeof(*all));
	all[f->kept].rule = SCAN_RULE_CHANGE_TEST_GONE;
	all[f->kept].line = all[f->kept].column = 1;
	scan_evidence(&all[f->kept], slice_str(test));
	f->finding = all;
	f->kept++;
	f->kept_notes++;
	f->sum.notes++;
	return 0;
}

static struct scan_file *find(struct scan_file *file, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(file[i].path, path) == 0)
			return &file[i];
	return NULL;
}

int scan_gone_tell(struct scan_gone *g, struct scan_git *git, struct arena *arena, struct scan_file *file, size_t n)
{
	uint64_t gone[SCAN_TEST_FAMILIES] = {0};
	struct {
		size_t gone; /* which of git's */
		uint64_t size;
		const struct scan_gone_code *code;
	} pair[PAIRS_MAX];
	size_t pairs = 0, tests = 0, next = 0;
	int r = 0;
	for (size_t i = 0; i < git->n_gone; i++)
		tests += scan_test_family(git->gone[i].path) > 0;
	for (size_t i = 0; i < git->n_gone && tests <= GONE_MAX; i++) {
		const char *test = git->gone[i].path;
		for (size_t k = 0; k < g->n_code && pairs < PAIRS_MAX && scan_test_family(test); k++)
			if (scan_test_is_for(test, g->code[k].path)) {
				pair[pairs].gone = i;
				pair[pairs++].code = &g->code[k];
				break;
			}
	}
	if (!pairs)
		return 0;
	for (size_t i = 0; i < git->n_gone; i++) {
		unsigned family = scan_test_family(git->gone[i].path);
		_cleanup_fd_ int fd = family ? scan_git_object(git, git->gone[i].id) : -1;
		uint64_t size = size_of(fd);
		gone[family % SCAN_TEST_FAMILIES] += size;
		if (next < pairs && pair[next].gone == i)
			pair[next++].size = size;
	}
	for (size_t i = 0; i < pairs && r == 0; i++) {
		const char *test = git->gone[pair[i].gone].path;
		unsigned family = scan_test_family(test) % SCAN_TEST_FAMILIES;
		struct scan_file *f = find(file, n, pair[i].code->path);
		/* What was taken out of the code is less than what tested it. */
		if (f && g->grown[family] * 3 < gone[family] && pair[i].code->less * LESS < pair[i].size)
			r = note(arena, f, test);
	}
	return r;
}
