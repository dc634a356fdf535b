#include "policy/admit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/dsse.h"
#include "parse/vetted.h"
#include "policy/compiled.h"
#include "policy/tree.h"
#include "sys/path.h"

#define DAY 86400

static const char *signed_by(const struct policy_doc *d, const struct dsse *envelope)
{
	for (size_t i = 0; i < d->n_vetted_keys; i++)
		if (dsse_verify(envelope, &d->vetted_key[i]) == 0)
			return d->vetted_vkey[i];
	return NULL;
}

static const char *why_not(const struct policy_doc *d, const struct vetted *v, struct arena *arena)
{
	enum vetted_class worst = vetted_worst(v);
	if (v->partial)
		return "the vetting was stopped before its plan was done";
	if (v->verdict != VETTED_CLEAN)
		return v->verdict == VETTED_FINDINGS ? "its verdict is that there are findings" : "its verdict is that nothing can be said";
	/* vetted_worst: 0 nothing at all, 1 disclosed, 2 undeclared, 3 hashed. */
	if (worst != VETTED_CLASSES && (unsigned)worst + 1 > d->vetted_worst)
		return arena_fmt(arena, "it has %s findings, and the policy takes none worse than %s (worst)", vetted_class_name(worst),
		        policy_vetted_words[d->vetted_worst]);
	return NULL;
}

static int grow(struct policy_admitted *to, size_t n, struct arena *arena)
{
	if (to->n + n > ADMIT_MAX)
		return -E2BIG;
	if (to->n + n <= to->room)
		return 0;
	struct policy_vetted *list = arena_array(arena, ADMIT_MAX, sizeof(*list));
	if (!list)
		return -ENOMEM;
	if (to->n)
		memcpy(list, to->list, to->n * sizeof(*list));
	to->list = list;
	to->room = ADMIT_MAX;
	return 0;
}

int admit_add(const struct policy_doc *organisation, struct slice envelope, const char *file, struct arena *arena,
        struct policy_admitted *to, const char **why)
{
	_cleanup_arena_ struct arena scratch = ARENA(64u << 20);
	struct dsse d;
	struct vetted v;
	const char *bad = NULL, *by = NULL;
	*why = NULL;
	int r = dsse_parse(envelope, &scratch, &d, &bad);
	/* Nothing of what it says is looked at before it is known who says it. */
	if (r == 0 && !(by = signed_by(organisation, &d)))
		*why = "it is signed by no key that the policy of the organisation names (tools.vetted.keys)";
	if (r == 0 && !*why && !slice_is(d.type, DSSE_IN_TOTO))
		*why = "it is no in-toto statement";
	r = r < 0 || *why ? r : vetted_parse(d.payload, &scratch, &v, &bad);
	if (r < 0 && r != -ENOMEM)
		*why = arena_fmt(arena, "it cannot be read: %s", bad ? bad : "");
	if (r == -ENOMEM)
		return r;
	if (!*why)
		*why = why_not(organisation, &v, arena);
	if (*why)
		return 0;
	r = grow(to, v.n, arena);
	const char *name = arena_str(arena, slice_str(file));
	if (r < 0 || !name)
		return r < 0 ? r : -ENOMEM;
	for (size_t i = 0; i < v.n; i++) {
		struct policy_vetted *x = &to->list[to->n++];
		*x = (struct policy_vetted){.file = name, .by = by, .until = v.time + (int64_t)organisation->vetted_days * DAY};
		memcpy(x->sha256, v.subject[i].sha256, sizeof(x->sha256));
	}
	return 0;
}

static int statements_only(const struct dirent *e)
{
	return e->d_name[0] != '.' && slice_ends(slice_str(e->d_name), SLICE(ADMIT_SUFFIX));
}

int admit_folder(const struct policy_doc *organisation, int dir, const char *path, struct arena *arena, struct policy_admitted *to,
        struct policy_problems *problems)
{
	struct dirent **list = NULL;
	int n = scandirat(dir, ".", &list, statements_only, alphasort), r = n < 0 ? -errno : 0;
	for (int i = 0; i < n; i++) {
		_cleanup_buf_ struct buf text = BUF(ADMIT_BYTES), file = BUF(PATH_MAX);
		_cleanup_fd_ int fd = r < 0 ? -1 : openat(dir, list[i]->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
		const char *why = NULL;
		buf_fmt(&file, "%s/%s", path, list[i]->d_name);
		int e = r < 0 ? r : fd < 0 ? -errno : path_read_fd(fd, &text);
		if (r == 0 && e < 0)
			why = "it cannot be read, or is too large";
		else if (r == 0)
			r = admit_add(organisation, buf_slice(&text), buf_str(&file), arena, to, &why);
		if (r == 0 && why)
			policy_problem(problems, true, buf_str(&file), 0, 0, "this statement admits nothing: %s", why);
		free(list[i]);
	}
	free(list);
	return r;
}

static int by_digest(const void *a, const void *b)
{
	const struct policy_vetted *x = a, *y = b;
	int r = strcmp(x->sha256, y->sha256);
	/* Of one digest the one that counts longest. */
	return r ? r : x->until < y->until ? 1 : x->until > y->until ? -1 : strcmp(x->file, y->file);
}

int admit_set(struct policy *p, const struct policy_admitted *from)
{
	if (!from->n)
		return 0;
	struct policy_vetted *list = arena_array(&p->arena, from->n, sizeof(*list));
	if (!list)
		return -ENOMEM;
	memcpy(list, from->list, from->n * sizeof(*list));
	qsort(list, from->n, sizeof(*list), by_digest);
	size_t n = 0;
	for (size_t i = 0; i < from->n; i++)
		if (n == 0 || strcmp(list[n - 1].sha256, list[i].sha256) != 0)
			list[n++] = list[i];
	p->s.vetted = list;
	p->s.n_vetted = n;
	return 0;
}

const struct policy_vetted *admit_find(const struct policy *p, const struct policy_tool *t)
{
	size_t low = 0, high = p->s.n_vetted;
	while (low < high && t->digest.n == 64) {
		size_t mid = low + (high - low) / 2;
		int order = memcmp(t->digest.p, p->s.vetted[mid].sha256, 64);
		if (order == 0)
			return t->now && t->now < p->s.vetted[mid].until ? &p->s.vetted[mid] : NULL;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}
