#include "guard/judge.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

#define ANCESTORS_MAX 64u
#define RUNNING_MAX   2048u
#define GROUPS_MAX    (WHO_GROUPS_MAX)
#define NAME_BYTES    64u

struct running {
	pid_t pid;
	uint64_t started;
	char tool[64];
};

struct judge {
	struct stat ours; /* the file of this program */
	char net[64], user[64];
	pthread_mutex_t lock;
	struct running running[RUNNING_MAX]; /* with the lock held */
	size_t next;
};

int judge_new(struct judge **out, struct err *err)
{
	struct judge *j = calloc(1, sizeof(*j));
	if (!j)
		return err_set(err, -ENOMEM, "no memory");
	if (stat("/proc/self/exe", &j->ours) < 0) {
		free(j);
		return err_sys(err, -errno, "cannot find this program's own file");
	}
	who_link(getpid(), "ns/net", j->net, sizeof(j->net));
	who_link(getpid(), "ns/user", j->user, sizeof(j->user));
	(void)pthread_mutex_init(&j->lock, NULL);
	*out = j;
	return 0;
}

void judge_free(struct judge *j)
{
	if (!j)
		return;
	(void)pthread_mutex_destroy(&j->lock);
	free(j);
}

/* ---- lineage */

void judge_runs(struct judge *j, const struct who *who, const char *tool)
{
	(void)pthread_mutex_lock(&j->lock);
	struct running *at = NULL;
	for (size_t i = 0; i < RUNNING_MAX && !at; i++)
		if (j->running[i].pid == who->pid)
			at = &j->running[i];
	/* Not one that still runs, if there is another: the table is as long as many machines have processes. */
	for (size_t tried = 0; !at && tried < RUNNING_MAX; tried++) {
		struct running *r = &j->running[j->next++ % RUNNING_MAX];
		pid_t parent;
		uint64_t started;
		if (!r->pid || who_parent(r->pid, &parent, &started) < 0 || started != r->started)
			at = r;
	}
	if (!at)
		at = &j->running[j->next++ % RUNNING_MAX];
	*at = (struct running){.pid = who->pid, .started = who->started};
	(void)snprintf(at->tool, sizeof(at->tool), "%s", tool);
	(void)pthread_mutex_unlock(&j->lock);
}

static bool runs(struct judge *j, pid_t pid, uint64_t started, char tool[64])
{
	bool is = false;
	(void)pthread_mutex_lock(&j->lock);
	for (size_t i = 0; i < RUNNING_MAX && !is; i++)
		if (j->running[i].pid == pid && j->running[i].started == started) {
			memcpy(tool, j->running[i].tool, sizeof(j->running[i].tool));
			is = true;
		}
	(void)pthread_mutex_unlock(&j->lock);
	return is;
}

static void find_lineage(struct judge *j, struct judgement *out)
{
	pid_t pid = out->who.parent;
	for (unsigned depth = 0; depth < ANCESTORS_MAX && pid > 1 && out->n_lineage < JUDGE_LINEAGE_MAX; depth++) {
		pid_t parent;
		uint64_t started;
		if (who_parent(pid, &parent, &started) < 0)
			return;
		out->n_lineage += runs(j, pid, started, out->lineage[out->n_lineage]);
		pid = parent;
	}
}

/* ---- the gate */

/*
 * Everything that this process can execute in its memory is the file of this program, or a library that only root can change: no library
 * was put before its own (LD_PRELOAD), and nothing was written into executable memory of its own.
 */
static bool unaltered(struct judge *j, pid_t pid)
{
	char path[64], line[1024];
	bool good = true, any = false;
	(void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	while (good && fgets(line, sizeof(line), f)) {
		char rights[5];
		unsigned long from, to, ino;
		unsigned major, minor;
		int name = 0;
		if (sscanf(line, "%lx-%lx %4s %*x %x:%x %lu %n", &from, &to, rights, &major, &minor, &ino, &name) < 6) {
			good = false;
			break;
		}
		if (rights[2] != 'x' || strncmp(line + name, "[vdso]", 6) == 0 || strncmp(line + name, "[vsyscall]", 10) == 0)
			continue;
		struct stat st;
		(void)snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", (int)pid, from, to);
		good = rights[1] != 'w' && ino != 0 && stat(path, &st) == 0 &&
		       (known_roots(&st) || (st.st_dev == j->ours.st_dev && st.st_ino == j->ours.st_ino));
		any = true;
	}
	(void)fclose(f);
	return good && any;
}

static bool traced(pid_t pid)
{
	char path[64], line[256];
	unsigned tracer = 1;
	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "TracerPid: %u", &tracer) == 1)
			break;
	if (f)
		(void)fclose(f);
	return tracer != 0;
}

/*
 * Inside a gate is who (1) the kernel holds in a PID, a network and a user namespace other than ours, without new privileges and under a
 * filter of system calls, none of which can be undone; and (2) descends from a process that runs this very file, in our own network and
 * user namespace, unaltered and not traced: the supervisor, which built that fence and stands between it and the network. What (2) cannot
 * exclude is said in postern-enforce(1).
 */
bool judge_is_gated(struct judge *j, const struct who *who)
{
	char net[64], user[64];
	who_link(who->pid, "ns/net", net, sizeof(net));
	who_link(who->pid, "ns/user", user, sizeof(user));
	if (!who->fenced || who->depth == 0 || !net[0] || !user[0] || strcmp(net, j->net) == 0 || strcmp(user, j->user) == 0)
		return false;
	pid_t pid = who->parent;
	for (unsigned depth = 0; depth < ANCESTORS_MAX && pid > 1; depth++) {
		struct who_program p;
		pid_t parent;
		uint64_t started;
		if (who_parent(pid, &parent, &started) < 0)
			return false;
		who_link(pid, "ns/net", net, sizeof(net));
		who_link(pid, "ns/user", user, sizeof(user));
		if (strcmp(net, j->net) == 0 && strcmp(user, j->user) == 0)
			/* The first that is outside must be it. */
			return who_program(pid, &p) == 0 && p.dev == j->ours.st_dev && p.ino == j->ours.st_ino && !traced(pid) &&
			       unaltered(j, pid);
		pid = parent;
	}
	return false;
}

/* ---- who */

static void account_name(uid_t uid, char out[64])
{
	struct passwd p, *found = NULL;
	char text[4096];
	if (getpwuid_r(uid, &p, text, sizeof(text), &found) == 0 && found)
		(void)snprintf(out, 64, "%s", p.pw_name);
	else
		(void)snprintf(out, 64, "%u", (unsigned)uid);
}

static size_t group_names(const struct who *who, char name[][NAME_BYTES], struct slice *out)
{
	size_t n = 0;
	for (size_t i = 0; i < who->n_groups; i++) {
		struct group g, *found = NULL;
		char text[8192];
		if (getgrgid_r(who->group[i], &g, text, sizeof(text), &found) == 0 && found)
			(void)snprintf(name[n], NAME_BYTES, "%s", g.gr_name);
		else
			(void)snprintf(name[n], NAME_BYTES, "%u", (unsigned)who->group[i]);
		out[n] = slice_str(name[n]);
		n++;
	}
	return n;
}

void judge(struct judge *j, const struct rules *rules, const struct known_tool *tool, pid_t pid, struct judgement *out)
{
	char name[GROUPS_MAX][NAME_BYTES];
	struct slice group[GROUPS_MAX], lineage[JUDGE_LINEAGE_MAX];
	struct policy_tool_decision d;
	memset(out, 0, sizeof(*out));
	bool there = who_read(pid, &out->who) == 0;
	if (there) {
		account_name(out->who.uid, out->account);
		who_link(pid, "exe", out->program, sizeof(out->program));
		who_command(pid, out->command, sizeof(out->command));
		find_lineage(j, out);
		out->gate = judge_is_gated(j, &out->who);
	}
	for (size_t i = 0; i < out->n_lineage; i++)
		lineage[i] = slice_str(out->lineage[i]);
	const struct policy_tool t = {
	        .tool = slice_str(tool->tool),
	        .package = slice_str(tool->package),
	        .version = slice_str(tool->version),
	        .publisher = slice_str(tool->publisher),
	        .digest = slice_str(tool->digest),
	        .account = slice_str(out->account),
	        .group = group,
	        .n_groups = there ? group_names(&out->who, name, group) : 0,
	        .lineage = lineage,
	        .n_lineage = out->n_lineage,
	};
	policy_tool(rules->policy, &t, &d);
	out->verdict = d.verdict;
	out->allow = d.verdict == POLICY_TOOL_PERMIT || (d.verdict == POLICY_TOOL_GATE && out->gate);
	if (d.decision.place)
		(void)snprintf(out->where, sizeof(out->where), "%s:%u", d.decision.place->file ? d.decision.place->file : "",
		        d.decision.place->line);
	(void)snprintf(out->rule, sizeof(out->rule), "%s", d.decision.rule);
	(void)snprintf(out->why, sizeof(out->why), "%s", d.decision.why);
}
