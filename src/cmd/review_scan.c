/* postern review: the contents of a change set go through the engine of "postern scan". What it finds, and did not find in the file before,
 * is a flag, so that it is shown first, is not applied unless it is accepted, and is on record. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/review.h"
#include "cmd/scan.h"

#define SECONDS     60u /* for one file */
#define LINES_SHOWN 5u  /* of one rule in one file */
#define OLD_MAX     4096u

struct scanning {
	struct change_set *set;
	struct scan_pool pool;
	/* Files in the order they were given to the pool, which hands them back in it: 1 + the index of the change, negative for the file
	 * as it was. A ring, with a place for the one that waits to be taken. */
	long *given;
	size_t head, tail;
	/* What was found in the file as it was, for the next. */
	struct scan_finding *old;
	size_t n_old;
	struct err *err;
};

/* As flags: a table of them, made from that of the rules. */
static const struct flag_rule *rule_of(uint32_t rule)
{
	static struct flag_rule rules[SCAN_RULES];
	const struct scan_rule *r = &scan_rules[rule];
	rules[rule] = (struct flag_rule){.name = r->id, .kind = FLAG_CONTENT, .level = FLAG_FOUND, .why = r->title, .when = r->why};
	return &rules[rule];
}

static bool is_old(const struct scanning *s, const struct scan_finding *f)
{
	for (size_t i = 0; i < s->n_old; i++)
		if (s->old[i].rule == f->rule && strcmp(s->old[i].member, f->member) == 0 && strcmp(s->old[i].evidence, f->evidence) == 0)
			return true;
	return false;
}

static void put_where(struct buf *out, const struct scan_finding *f)
{
	if (f->member[0])
		buf_fmt(out, "in %s, ", f->member);
	if (f->line)
		buf_fmt(out, "line %u, column %u", f->line, f->column);
	else
		buf_fmt(out, "byte %llu", (unsigned long long)f->at);
	if (f->evidence[0])
		buf_fmt(out, ": %s", f->evidence);
}

/* A flag for a rule, with the places. */
static int put_flag(struct scanning *s, struct change *c, const struct scan_job *j, uint32_t rule)
{
	_cleanup_buf_ struct buf detail = BUF(LINES_SHOWN * 2048);
	size_t n = 0;
	for (size_t i = 0; i < j->n_found; i++)
		if (j->found[i].rule == rule && !is_old(s, &j->found[i]) && n++ < LINES_SHOWN) {
			buf_str_add(&detail, n > 1 ? "\n" : "");
			put_where(&detail, &j->found[i]);
		}
	if (n == 0)
		return 0;
	if (n > LINES_SHOWN)
		buf_fmt(&detail, "\nand %zu more", n - LINES_SHOWN);
	struct flag *f = arena_alloc(&s->set->arena, sizeof(*f));
	const char *text = arena_str(&s->set->arena, buf_slice(&detail));
	if (!f || !text)
		return -ENOMEM;
	*f = (struct flag){.rule = rule_of(rule), .detail = text, .next = c->flags};
	c->flags = f;
	return 0;
}

static int keep_old(struct scanning *s, const struct scan_job *j)
{
	s->n_old = j->n_found < OLD_MAX ? j->n_found : OLD_MAX;
	if (s->n_old)
		memcpy(s->old, j->found, s->n_old * sizeof(*s->old));
	return 0;
}

static int on_done(void *arg, struct scan_job *j)
{
	struct scanning *s = arg;
	long at = s->given[s->head++ % (s->pool.window + 1)];
	if (at < 0)
		return keep_old(s, j);
	struct change *c = &s->set->change[at - 1];
	int r = 0;
	c->scanned = scan_verdict_word((enum scan_verdict)j->sum.verdict);
	/* The worst ends up in front. */
	for (enum scan_verdict v = SCAN_SUSPICIOUS; v <= SCAN_BAD && r == 0; v++)
		for (uint32_t rule = 0; rule < SCAN_RULES && r == 0; rule++)
			if (scan_rules[rule].verdict == v && scan_rule_in(&j->sum.rules, rule))
				r = put_flag(s, c, j, rule);
	s->n_old = 0;
	return r;
}

static int give(struct scanning *s, int root, const char *path, const char *as, long which)
{
	_cleanup_fd_ int fd = change_open(root, path);
	/* What cannot be read says so itself (change.trouble); the pool makes a finding of it that is unscanned. */
	s->given[s->tail++ % (s->pool.window + 1)] = which;
	return scan_pool_add(&s->pool, as, fd, fd < 0 ? fd : 0, s->err);
}

/* The bytes of a file are new here, also where only its name is. What git stores is compressed; whatever comes of it is another file. */
static bool is_content(const struct change *c)
{
	return c->kind != CHANGE_REMOVED && c->after.type == OBJECT_FILE && !c->first_name &&
	       (c->kind == CHANGE_ADDED || c->what & (CHANGE_CONTENT | CHANGE_TYPE)) && !flag_match("**/.git/objects/**", c->path) &&
	       !change_below(c->path, ".git/objects");
}

static int give_change(struct scanning *s, const struct change_source *from, size_t i)
{
	const struct change *c = &s->set->change[i];
	const struct change *was = c->pair ? &s->set->change[c->pair - 1] : c;
	int r = 0;
	if (!is_content(c))
		return 0;
	if (was->before.type == OBJECT_FILE)
		r = give(s, from->lower, was->path, c->path, -(long)(i + 1));
	return r < 0 ? r : give(s, from->upper, c->path, c->path, (long)(i + 1));
}

int review_scan(const struct change_source *from, struct change_set *set, struct err *err)
{
	struct scanning s = {.set = set, .err = err};
	bool any = false;
	for (size_t i = 0; i < set->n && !any; i++)
		any = is_content(&set->change[i]);
	if (!any)
		return 0;
	s.pool = (struct scan_pool){.o = {.subjects = SCAN_ALL, .limits = scan_limits_default()},
	        .jobs = scan_processors(),
	        .seconds = SECONDS,
	        .done = on_done,
	        .arg = &s};
	int r = scan_pool_open(&s.pool, err);
	if (r < 0)
		return r;
	s.given = calloc(s.pool.window + 1, sizeof(*s.given));
	s.old = calloc(OLD_MAX, sizeof(*s.old));
	r = s.given && s.old ? 0 : err_set(err, -ENOMEM, "no memory");
	for (size_t i = 0; i < set->n && r == 0; i++)
		r = give_change(&s, from, i);
	r = r < 0 ? r : scan_pool_finish(&s.pool, err);
	scan_pool_close(&s.pool);
	free(s.given);
	free(s.old);
	return r < 0 && !err->code ? err_sys(err, r, "cannot scan what changed") : r;
}
