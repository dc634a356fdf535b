#include "guard/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "policy/policy.h"

static struct policy_load where(const char *file)
{
	return (struct policy_load){.organisation = file && file[0] ? file : NULL,
	        .person = "",
	        .no_project = true,
	        .vars = {.home = "/root"},
	        /* One that closes the machine does so by what it decides: else the daemon would keep the one before it. */
	        .expired_too = true};
}

/* The time is recorded where something ends by it, so that a clock that is turned back prolongs nothing. */
static void start_clock(struct bundle_clock *clock, bool make)
{
	_cleanup_arena_ struct arena arena = ARENA(1 << 16);
	struct bundle_config c = {0};
	if (bundle_config_read(NULL, &arena, &c, NULL) < 0)
		c = (struct bundle_config){0};
	bundle_clock_start(clock, bundle_time(&c, make, NULL));
}

int rules_load(const char *file, struct rules **out, struct err *err)
{
	struct policy_problems problems = {0};
	struct policy *p = NULL;
	const struct policy_load from = where(file);
	int r = policy_load(&from, &p, &problems, err);
	if (r == -EINVAL && problems.errors)
		r = policy_problems_err(&problems, err);
	policy_problems_free(&problems);
	if (r < 0)
		return r;
	struct rules *n = calloc(1, sizeof(*n));
	if (!n) {
		policy_free(p);
		return err_set(err, -ENOMEM, "no memory for the policy");
	}
	const struct policy_settings *s = policy_settings(p);
	if (!s->layer[POLICY_ORGANISATION].is_there) {
		policy_free(p);
		free(n);
		return err_set(
		        err, -ENOENT, "there is neither a bundle in force nor %s: name a policy with --policy", POLICY_ORGANISATION_FILE);
	}
	*n = (struct rules){.refs = 1,
	        .policy = p,
	        .ledger_required = s->ledger_required.value && s->ledger_required.place.layer != POLICY_BUILT_IN,
	        .ledger = s->ledger,
	        .version = s->layer[POLICY_ORGANISATION].version};
	(void)snprintf(n->digest, sizeof(n->digest), "%s", policy_digest(p));
	start_clock(&n->clock, s->n_exceptions > 0 || s->n_vetted > 0);
	n->until = policy_tool_until(p, bundle_clock_now(&n->clock));
	*out = n;
	return 0;
}

uint64_t rules_mark(const char *file)
{
	_cleanup_arena_ struct arena arena = ARENA(1 << 16);
	const char *files[POLICY_FILES_MAX] = {0};
	const struct policy_load from = where(file);
	struct {
		uint64_t dev, ino, size, mtime, mtime_ns, ctime, ctime_ns;
	} seen[POLICY_FILES_MAX];
	memset(seen, 0, sizeof(seen));
	if (policy_files(&from, &arena, files) < 0)
		return 0;
	for (size_t i = 0; files[i]; i++) {
		struct stat st;
		if (stat(files[i], &st) < 0)
			continue;
		seen[i].dev = st.st_dev;
		seen[i].ino = st.st_ino;
		seen[i].size = (uint64_t)st.st_size;
		seen[i].mtime = (uint64_t)st.st_mtim.tv_sec;
		seen[i].mtime_ns = (uint64_t)st.st_mtim.tv_nsec;
		seen[i].ctime = (uint64_t)st.st_ctim.tv_sec;
		seen[i].ctime_ns = (uint64_t)st.st_ctim.tv_nsec;
	}
	return slice_hash(slice_of(seen, sizeof(seen)));
}

struct rules *rules_ref(struct rules *r)
{
	(void)__atomic_add_fetch(&r->refs, 1, __ATOMIC_RELAXED);
	return r;
}

void rules_unref(struct rules *r)
{
	if (!r || __atomic_sub_fetch(&r->refs, 1, __ATOMIC_ACQ_REL) != 0)
		return;
	policy_free(r->policy);
	free(r);
}
