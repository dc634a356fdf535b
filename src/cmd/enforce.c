/* postern enforce: holds this host to a policy about AI tools. */
#include "cmd/enforce.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "guard/guard.h"
#include "guard/notice.h"
#include "guard/outside.h"
#include "guard/rules.h"
#include "guard/sift.h"
#include "identify/identify.h"
#include "ledger/client.h"
#include "ledger/home.h"
#include "sys/fd.h"

#define RUN_FOLDER "/run/postern"
/* Of one that was told to end, a process may still be on its way out when the next is started: a restart must not fail for that. */
#define LOCK_MS 2000u

struct enforce_opts {
	const char *policy, *ledger, *prints, *run, *cgroup;
	struct opt_list filesystem;
	bool monitor, memfd_noexec, hosts;
	unsigned failure, unknown, managed;
	uint64_t deadline;
};

enum { FAILURE_DENY, FAILURE_ALLOW };
static const char *const failures[] = {"deny", "allow", NULL};
static const char *const unknowns[] = {"deny", "scan", "allow", NULL}; /* as enum guard_unknown */

static const char *const manageds[] = {"off", "check", "write", NULL}; /* as enum outside_managed */

static const struct opt enforce_table[] = {
        OPT_STRING(struct enforce_opts, policy, "policy", 'p', "FILE",
                "what may run by the section tools of this policy; by default that of the bundle in force, "
                "else /etc/postern/policy.yaml"),
        OPT_FLAG(struct enforce_opts, monitor, "monitor", 'm', "decide and put on record, but refuse nothing"),
        OPT_CHOICE(
                struct enforce_opts, failure, "on-failure", 0, "WHAT", failures, "deny or allow what cannot be decided; by default deny"),
        OPT_U64(struct enforce_opts, deadline, "deadline", 0, "MS", 50, 60000,
                "what is not decided after so many milliseconds cannot be; by default 5000"),
        OPT_LIST(struct enforce_opts, filesystem, "filesystem", 0, "PATH", NULL,
                "only the file systems that these paths lie on, and those that are mounted below; by default all"),
        OPT_CHOICE(struct enforce_opts, unknown, "other-filesystems", 0, "WHAT", unknowns,
                "deny, scan or allow what is executed on file systems that are no local ones (FUSE, NFS, 9p); by default deny"),
        OPT_FLAG(struct enforce_opts, memfd_noexec, "memfd-noexec", 0, "forbid everybody to execute files in memory (vm.memfd_noexec)"),
        OPT_FLAG(struct enforce_opts, hosts, "close-hosts", 0, "close the hosts of banned tools to everything outside of a gate"),
        OPT_STRING(struct enforce_opts, cgroup, "cgroup", 0, "DIR",
                "close hosts to what is in this cgroup and below alone; by default to all"),
        OPT_CHOICE(struct enforce_opts, managed, "managed", 0, "WHAT", manageds,
                "check or write what vendors call managed settings, of permitted tools; by default off"),
        OPT_STRING(struct enforce_opts, ledger, "ledger", 0, "DIR",
                "put verdicts into this ledger, see postern-log(1); by default that of the policy, or one in the data folder; none leaves "
                "it out"),
        OPT_STRING(struct enforce_opts, prints, "prints", 0, "DIR", "what tools are recognised by; by default what is shipped"),
        OPT_STRING(struct enforce_opts, run, "run", 0, "DIR", "a folder for the lock; by default " RUN_FOLDER),
        OPT_END,
};
static const struct enforce_opts enforce_defaults = {.deadline = 5000};

static const char *const enforce_examples[] = {
        "postern enforce --monitor  # first see what would be refused",
        "postern enforce",
        "postern enforce --policy policy.yaml --filesystem /srv/build --ledger none  # one file system, for a try",
        "postern enforce --policy /etc/postern/policy.yaml --close-hosts --managed write",
        "postern enforce --policy policy.yaml --on-failure allow --other-filesystems scan",
        NULL,
};

static void say(const char *text)
{
	cmd_tell("enforce", text);
}

static int fail(const struct err *err)
{
	cmd_tell("enforce", err->text);
	return EXIT_USAGE;
}

/* One on a host; several only where each has a folder of its own. */
static int take_lock(const char *folder, struct err *err)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof(path), "%s/enforce.lock", folder) >= (int)sizeof(path))
		return err_set(err, -ENAMETOOLONG, "the name %.100s… is too long", folder);
	if (mkdir(folder, 0755) < 0 && errno != EEXIST)
		return err_sys(err, -errno, "cannot make %s", folder);
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_sys(err, -errno, "cannot open %s", path);
	if (fd_lock(fd, LOCK_MS) < 0) {
		(void)close(fd);
		return err_set(err, -EBUSY, "enforcement runs already (%s)", path);
	}
	return fd;
}

/* That it can be written is tried before anything is enforced. */
static int try_ledger(const char *folder, struct arena *arena, struct err *err)
{
	char host[256] = "";
	struct ledger_client *c = NULL;
	(void)gethostname(host, sizeof(host) - 1);
	int r = ledger_home_open(folder, host[0] ? host : "localhost", arena, &c, err);
	if (r == 0)
		ledger_client_free(c);
	return r;
}

/* Absolute, and without links: later they are looked for in other namespaces. */
static int real_paths(const struct enforce_opts *o, struct arena *arena, struct guard_config *c, struct err *err)
{
	for (size_t i = 0; i < o->filesystem.n; i++) {
		char path[PATH_MAX];
		if (!realpath(o->filesystem.item[i], path))
			return err_sys(err, -errno, "there is no %s", o->filesystem.item[i]);
		if (c->n_filesystems == GUARD_FILESYSTEMS_MAX)
			return err_set(err, -E2BIG, "at most %u paths after --filesystem", GUARD_FILESYSTEMS_MAX);
		c->filesystem[c->n_filesystems] = arena_str(arena, slice_str(path));
		if (!c->filesystem[c->n_filesystems++])
			return err_set(err, -ENOMEM, "no memory");
	}
	return 0;
}

static const char *absolute(const char *path, struct arena *arena)
{
	char real[PATH_MAX];
	return path && realpath(path, real) ? arena_str(arena, slice_str(real)) : path;
}

/* The folder, or NULL for none. */
static const char *ledger_folder(const struct enforce_opts *o, const struct rules *rules, struct arena *arena)
{
	if (o->ledger && strcmp(o->ledger, "none") == 0)
		return NULL;
	const char *named = o->ledger ? o->ledger : rules->ledger;
	return named ? arena_str(arena, slice_str(named)) : ledger_home(arena);
}

static int enforce_run(void *options, const struct opt_args *args)
{
	const struct enforce_opts *o = options;
	_cleanup_arena_ struct arena arena = ARENA(1 << 20);
	struct err err = {0};
	struct rules *rules = NULL;
	if (args->n || args->n_rest)
		return cmd_usage("enforce", "it takes no operands");
	struct guard_config c = {.policy = absolute(o->policy, &arena),
	        /* The processes that recognise have no environment to find them by. */
	        .prints = o->prints ? absolute(o->prints, &arena) : identify_folders(&arena),
	        .monitor = o->monitor,
	        .fail_open = o->failure == FAILURE_ALLOW,
	        .memfd_noexec = o->memfd_noexec,
	        .hosts = o->hosts,
	        .cgroup = absolute(o->cgroup, &arena),
	        .managed = o->managed,
	        .unknown = (enum guard_unknown)o->unknown,
	        .deadline_ms = (unsigned)o->deadline,
	        .lock = -1,
	        .say = say};
	/* The rest is for when the kernel asks already: then it is too late to tell anybody. */
	int r = rules_load(c.policy, &rules, &err);
	if (r < 0)
		return fail(&err);
	c.ledger = ledger_folder(o, rules, &arena);
	bool required = rules->ledger_required;
	rules_unref(rules);
	if (!c.ledger && required) {
		err_set(&err, -EINVAL, "the policy wants verdicts on record: --ledger none cannot be");
		return fail(&err);
	}
	r = c.ledger ? try_ledger(c.ledger, &arena, &err) : 0;
	if (r == 0 && c.ledger)
		c.ledger = absolute(c.ledger, &arena);
	r = r < 0 ? r : real_paths(o, &arena, &c, &err);
	r = r < 0 ? r : take_lock(o->run ? o->run : RUN_FOLDER, &err);
	if (r < 0)
		return fail(&err);
	c.lock = r;
	r = guard_run(&c, &err);
	return r < 0 ? fail(&err) : EXIT_OK;
}

const struct command cmd_enforce = {
        .name = "enforce",
        .summary = "hold this host to what a policy says of AI tools",
        .examples = enforce_examples,
        .options = enforce_table,
        .options_size = sizeof(struct enforce_opts),
        .defaults = &enforce_defaults,
        .run = enforce_run,
};

int enforce_role_guardian(void)
{
	return guard_role(say);
}

int enforce_role_sift(void)
{
	return sift_role();
}

int enforce_role_outside(void)
{
	return outside_role();
}

int enforce_role_notice(void)
{
	return notice_role(3);
}
