/* Two versions of a package side by side, and what of that is odd. Singly almost every change is what versions are made for; what is told
 * is what attacks on packages had together, and honest versions had not. */
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/encode.h"
#include "base/utf8.h"
#include "inspect/posture.h"
#include "inspect/scan.h"

#define STORY_MAX ((size_t)16 << 10)
#define NAMED     5u /* of a kind */

#define BIT(kind) (1u << (kind))

static int by_name(const struct posture_use *a, const struct posture_use *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* How many from `at` on have the same kind and name. */
static size_t group(const struct posture *p, size_t at)
{
	size_t end = at;
	while (end < p->n && by_name(&p->use[end], &p->use[at]) == 0)
		end++;
	return end - at;
}

static bool same(const struct posture_use *a, const struct posture_use *b)
{
	return strcmp(a->text, b->text) == 0 && a->reach == b->reach && (a->kind != POSTURE_DEPENDENCY || a->count == b->count);
}

static const struct posture_use *partner(const struct posture_use *of, const struct posture_use *in, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (same(of, &in[i]))
			return &in[i];
	return NULL;
}

struct deltas {
	struct posture_delta *d;
	size_t n;
};

/* All of one kind and name: what has no partner is paired in order, what is left over came or went. */
static void pair(struct deltas *l, const struct posture_use *old, size_t n_old, const struct posture_use *now, size_t n_now)
{
	size_t i = 0;
	for (size_t k = 0; k < n_now; k++) {
		if (partner(&now[k], old, n_old))
			continue;
		while (i < n_old && partner(&old[i], now, n_now))
			i++;
		const struct posture_use *was = i < n_old ? &old[i++] : NULL;
		l->d[l->n++] = (struct posture_delta){was ? POSTURE_CHANGED : POSTURE_GAINED, now[k].kind, was, &now[k]};
	}
	for (; i < n_old; i++)
		if (!partner(&old[i], now, n_now))
			l->d[l->n++] = (struct posture_delta){POSTURE_LOST, old[i].kind, &old[i], NULL};
}

static uint32_t kinds(const struct posture *p)
{
	uint32_t bits = 0;
	for (size_t i = 0; i < p->n; i++)
		bits |= p->use[i].kind < POSTURE_USES ? BIT(p->use[i].kind) : 0;
	return bits;
}

int posture_compare(const struct posture *old, const struct posture *now, struct arena *arena, struct posture_change *out)
{
	struct deltas l = {.d = arena_array(arena, old->n + now->n, sizeof(*l.d))};
	size_t i = 0, k = 0;
	if (!l.d)
		return -ENOMEM;
	while (i < old->n || k < now->n) {
		int c = i == old->n ? 1 : k == now->n ? -1 : by_name(&old->use[i], &now->use[k]);
		size_t n_old = c <= 0 ? group(old, i) : 0, n_now = c >= 0 ? group(now, k) : 0;
		pair(&l, &old->use[i], n_old, &now->use[k], n_now);
		i += n_old;
		k += n_now;
	}
	uint32_t before = kinds(old), after = kinds(now);
	*out = (struct posture_change){.old = old,
	        .now = now,
	        .delta = l.d,
	        .n = l.n,
	        .gained = after & ~before,
	        .lost = before & ~after,
	        .licence = strcmp(old->licence, now->licence) != 0,
	        .repository = strcmp(old->repository, now->repository) != 0};
	return 0;
}

/* ── what is odd ── */

struct judge {
	const struct posture_change *c;
	void (*found)(void *arg, const struct scan_finding *f);
	void *arg;
	bool installs; /* that was told: what it does besides is its story */
	struct buf story;
};

static void tell(struct judge *j, enum scan_rule_name rule, const struct posture_use *at)
{
	struct scan_finding f = {.rule = rule, .line = at->line, .column = at->line ? 1 : 0};
	_cleanup_buf_ struct buf shown = BUF(STORY_MAX * 5);
	encode_shown(&shown, buf_slice(&j->story));
	utf8_copy(f.evidence, sizeof(f.evidence), buf_slice(&shown));
	utf8_copy(f.member, sizeof(f.member), slice_str(at->file));
	j->found(j->arg, &f);
	buf_reset(&j->story);
}

/* "reaches the network, starts programs" */
static void put_kinds(struct buf *b, uint32_t bits)
{
	const char *before = "";
	for (uint32_t k = 0; k < POSTURE_USES; k++)
		if (bits & BIT(k)) {
			buf_fmt(b, "%s%s", before, posture_use_titles[k]);
			before = ", ";
		}
}

/* The names of a kind that are new, of one file if it is not NULL. How many. */
static size_t put_gained(struct judge *j, uint32_t kind, const char *file, const char *lead)
{
	size_t n = 0;
	for (size_t i = 0; i < j->c->n; i++) {
		const struct posture_delta *d = &j->c->delta[i];
		if (d->kind != kind || d->step != POSTURE_GAINED || (file && strcmp(d->now->file, file) != 0))
			continue;
		if (n++ < NAMED)
			buf_fmt(&j->story, "%s%s", n == 1 ? lead : ", ", d->now->name);
	}
	if (n > NAMED)
		buf_fmt(&j->story, " and %zu more", n - NAMED);
	return n;
}

/* Builds what is native from the sources that are there, or takes what was built: what most install scripts are for. */
static bool only_builds(const char *command)
{
	static const char *const known[] = {"node-gyp rebuild", "node-gyp-build", "node-gyp-build-optional-packages",
	        "prebuild-install || node-gyp rebuild", "node-pre-gyp install --fallback-to-build", "cmake-js compile", "prebuild-install",
	        "node-gyp-build-test"};
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(command, known[i]) == 0)
			return true;
	return false;
}

/* Are they run by whoever only installs the package? Others are for those who work on it, or when an editor starts. */
static bool on_installation(const char *event)
{
	static const char *const events[] = {"preinstall", "install", "postinstall"};
	for (size_t i = 0; i < ARRAY_LEN(events); i++)
		if (strcmp(event, events[i]) == 0)
			return true;
	return slice_ends(slice_str(event), SLICE(".pth"));
}

static void judge_install(struct judge *j, const struct posture_delta *d)
{
	const uint32_t acts = BIT(POSTURE_NETWORK) | BIT(POSTURE_PROCESS) | BIT(POSTURE_DYNAMIC) | BIT(POSTURE_PACKED) | BIT(POSTURE_HOSTS);
	if (d->step == POSTURE_LOST || !on_installation(d->now->name) || only_builds(d->now->text))
		return;
	uint32_t news = d->now->reach & ~(d->old ? d->old->reach : 0);
	bool other = d->step == POSTURE_CHANGED && strcmp(d->old->text, d->now->text) != 0;
	/* Another command that does what the old one did is a new version of it. */
	if (d->step == POSTURE_CHANGED && !(news & acts))
		return;
	buf_fmt(&j->story, "%s: %.*s", d->now->name, 160, d->now->text);
	if (other)
		buf_fmt(&j->story, " (before: %.*s)", 80, d->old->text);
	if (news) {
		buf_str_add(&j->story, d->step == POSTURE_GAINED ? "; what it runs " : "; what it runs now also ");
		put_kinds(&j->story, news);
	}
	(void)put_gained(j, POSTURE_HOSTS, NULL, "; hosts that are new: ");
	j->installs = true;
	tell(j, d->step == POSTURE_GAINED ? SCAN_RULE_PACKAGE_INSTALL : SCAN_RULE_PACKAGE_INSTALL_MORE, d->now);
}

/* The first that is new of a kind. */
static const struct posture_use *first_gained(const struct posture_change *c, uint32_t kind)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->delta[i].kind == kind && c->delta[i].step == POSTURE_GAINED)
			return c->delta[i].now;
	return NULL;
}

/* What never reached out does, to a host that it names, and takes something along or starts what comes. */
static void judge_reach(struct judge *j)
{
	const uint32_t takes = BIT(POSTURE_PROCESS) | BIT(POSTURE_DYNAMIC) | BIT(POSTURE_VARIABLES) | BIT(POSTURE_PACKED);
	const struct posture_use *network = first_gained(j->c, POSTURE_NETWORK);
	uint32_t also = j->c->gained & takes;
	if (!(j->c->gained & BIT(POSTURE_NETWORK)) || !network || !also)
		return;
	buf_fmt(&j->story, "it reaches the network (%s), and ", network->name);
	put_kinds(&j->story, also);
	if (put_gained(j, POSTURE_HOSTS, NULL, "; hosts that are new: ") == 0) {
		buf_reset(&j->story);
		return;
	}
	tell(j, SCAN_RULE_PACKAGE_REACHES, network);
}

static void judge_one(struct judge *j, const struct posture_delta *d)
{
	if (d->kind == POSTURE_INSTALL)
		judge_install(j, d);
	else if (d->kind == POSTURE_PACKED && d->step == POSTURE_GAINED && strcmp(d->now->name, "unreadable names") == 0) {
		buf_fmt(&j->story, "%s: %s", d->now->name, d->now->text);
		tell(j, SCAN_RULE_PACKAGE_UNREADABLE, d->now);
	} else if (d->kind == POSTURE_DEPENDENCY && d->step != POSTURE_LOST && posture_elsewhere(d->now->text) &&
	           !(d->old && posture_elsewhere(d->old->text))) {
		buf_fmt(&j->story, "%s: %s", d->now->name, d->now->text);
		tell(j, SCAN_RULE_PACKAGE_ELSEWHERE, d->now);
	}
}

void posture_judge(const struct posture_change *c, void (*found)(void *arg, const struct scan_finding *f), void *arg)
{
	struct judge j = {.c = c, .found = found, .arg = arg, .story = BUF(STORY_MAX)};
	for (size_t i = 0; i < c->n; i++)
		judge_one(&j, &c->delta[i]);
	if (!j.installs)
		judge_reach(&j);
	buf_free(&j.story);
}
