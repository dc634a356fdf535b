/* What a policy about tools means for hosts and settings. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "guard/outside.h"
#include "identify/catalogue.h"
#include "policy/policy.h"
#include "sys/path.h"
#include "sys/share.h"

/* Some tool, of some version, of some account: a rule that is only about some of them does not fit all of these. */
static const char *const versions[] = {"0.0.0", "999999.0.0"};

struct verdict {
	enum policy_tool_verdict verdict;
	char rule[512];
	bool named; /* a rule speaks of it */
};

static struct verdict judge(const struct policy *p, const struct catalogue_tool *t)
{
	const struct slice group = SLICE("(nobody's)");
	struct verdict v = {.verdict = POLICY_TOOL_BAN};
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		const struct policy_tool asked = {.tool = slice_str(t->id),
		        .package = t->packages ? slice_str(t->packages[0]) : SLICE_NONE,
		        .version = slice_str(versions[i]),
		        .publisher = slice_str(t->publisher),
		        .digest = SLICE("0000000000000000000000000000000000000000000000000000000000000000"),
		        .account = SLICE("(nobody)"),
		        .group = &group,
		        .n_groups = 1};
		struct policy_tool_decision d;
		policy_tool(p, &asked, &d);
		/* The mildest counts: what is banned for some only is judged when they run it. */
		if (i == 0 || d.verdict < v.verdict)
			v.verdict = d.verdict;
		v.named |= d.decision.place && !d.decision.unknown;
		(void)snprintf(v.rule, sizeof(v.rule), "%s", d.decision.rule[0] ? d.decision.rule : d.decision.why);
	}
	for (char *c = v.rule; *c; c++)
		if (*c == '\t' || *c == '\n')
			*c = ' ';
	return v;
}

/* Is this host in the list, one a line? */
static bool listed(struct slice list, struct slice host)
{
	struct slice line;
	while (slice_split(&list, '\n', &line)) {
		line = slice_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		if (slice_starts(line, SLICE("*.")) ? slice_ends(host, slice_from(line, 1)) : slice_eq(host, line))
			return true;
	}
	return false;
}

static int read_list(struct arena *arena, struct buf *out, struct err *err)
{
	const char *share[3];
	size_t n = share_folders(arena, share);
	for (size_t i = 0; i < n; i++) {
		const char *path = arena_fmt(arena, "%s/egress/everybodys.txt", share[i]);
		int r = path ? path_read(AT_FDCWD, path, out) : -ENOMEM;
		if (r != -ENOENT)
			return r < 0 ? err_sys(err, r, "%s", path) : 0;
	}
	return err_set(err, -ENOENT, "share/egress/everybodys.txt is not installed");
}

int outside_plan(const struct policy *p, struct buf *out, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)16 << 20);
	_cleanup_buf_ struct buf everybodys = BUF(1u << 20);
	struct catalogue c;
	int r = catalogue_open(NULL, &arena, &c, err);
	if (r == 0)
		r = read_list(&arena, &everybodys, err);
	struct verdict *v = r == 0 ? arena_array(&arena, c.n_tools + 1, sizeof(*v)) : NULL;
	if (!v)
		return r < 0 ? r : err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < c.n_tools; i++)
		v[i] = judge(p, &c.tools[i]);
	for (size_t i = 0; i < c.n_tools; i++) {
		const struct catalogue_tool *t = &c.tools[i];
		if (v[i].verdict != POLICY_TOOL_BAN && v[i].named)
			buf_fmt(out, "tool\t%s\n", t->id);
		for (const char *const *h = t->hosts; v[i].verdict != POLICY_TOOL_PERMIT && h && *h; h++) {
			bool shared = listed(buf_slice(&everybodys), slice_str(*h));
			/* What is only not forbidden does not keep its own publisher's host open. */
			for (size_t k = 0; k < c.n_tools && !shared; k++)
				shared = v[k].verdict == POLICY_TOOL_PERMIT && catalogue_host(&c.tools[k], slice_str(*h)) &&
				         (v[k].named || strcmp(c.tools[k].publisher, t->publisher) != 0);
			if (!shared)
				buf_fmt(out, "host\t%s\t%s\t%s\n", *h, t->id, v[i].rule);
		}
	}
	return buf_error(out) ? err_set(err, buf_error(out), "there are too many hosts") : 0;
}
