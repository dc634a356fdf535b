/* The process that closes hosts and keeps managed settings. */
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/egress.h"
#include "guard/judge.h"
#include "guard/managed.h"
#include "guard/outside.h"
#include "guard/outside_part.h"
#include "guard/tell.h"
#include "sys/fd.h"
#include "sys/loop.h"
#include "sys/path.h"

#define PLAN_MAX      ((size_t)4 << 20)
#define TOOLS_MAX     1024
#define GATES_MAX     1024
#define GATES_MS      300
#define BPF_FS_NUMBER 0xcafe4a11u

struct role {
	struct loop *loop;
	struct outside_order o;
	struct egress *egress;
	struct managed *managed;
	int root;
	bool failed; /* closing hosts did not work: said once */
	struct judge *judge;
	struct source *looks;
	pid_t gate[GATES_MAX];
	size_t n_gates;
	bool unexcepted; /* the backend cannot except a process: said once */
};

__attribute__((format(printf, 1, 2))) static void say(const char *fmt, ...)
{
	char text[OUTSIDE_TEXT];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* Control characters of a host's name or a process's are nobody's to write into a journal. */
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	size_t len = n < 0 ? 0 : (size_t)n >= sizeof(text) ? sizeof(text) - 1 : (size_t)n;
	if (len)
		(void)send(3, text, len, MSG_NOSIGNAL);
}

/* ---- gates: this program's own processes, which stand between a tool and the network */

static void except(struct role *r, pid_t pid)
{
	for (size_t i = 0; i < r->n_gates; i++)
		if (r->gate[i] == pid)
			return;
	if (r->n_gates == GATES_MAX || !r->judge || !judge_is_ours(r->judge, pid))
		return;
	int e = egress_except_process(r->egress, pid, true);
	if (e == 0)
		r->gate[r->n_gates++] = pid;
	else if (e == -EOPNOTSUPP && !r->unexcepted)
		say("gates cannot be told from others here: hosts that are closed are closed to them too");
	r->unexcepted |= e == -EOPNOTSUPP;
}

static void look_for_gates(struct role *r)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	while (d && path_next(d, &e) == 1) {
		uint64_t pid;
		if (slice_u64(slice_str(e->d_name), INT32_MAX, &pid))
			except(r, (pid_t)pid);
	}
	if (d)
		(void)closedir(d);
	for (size_t i = r->n_gates; i > 0; i--) {
		struct who who;
		if (who_read(r->gate[i - 1], &who) == 0 && judge_is_ours(r->judge, r->gate[i - 1]))
			continue;
		(void)egress_except_process(r->egress, r->gate[i - 1], false);
		r->gate[i - 1] = r->gate[--r->n_gates];
	}
}

static void on_look(void *arg, uint32_t events)
{
	struct role *r = arg;
	(void)events;
	look_for_gates(r);
	(void)loop_after(r->loop, GATES_MS, on_look, r, &r->looks);
}

/* Who waits for it: is it one of our own, or what one of them holds in a network of its own? */
static bool is_gate(void *arg, pid_t pid)
{
	struct role *r = arg;
	struct who who;
	if (!r->judge)
		return false;
	if (judge_is_ours(r->judge, pid)) {
		except(r, pid);
		return true;
	}
	return who_read(pid, &who) == 0 && judge_is_gated(r->judge, &who) && egress_except_network(r->egress, pid) == 0;
}

static void on_refused(void *arg, const struct egress_event *e)
{
	char who[64] = "an unknown process", name[300] = "";
	if (e->process)
		except(arg, e->process); /* its next try goes through, if it is one */
	if (e->process)
		(void)snprintf(who, sizeof(who), "%s (process %d, user %u)", e->command, (int)e->process, (unsigned)e->user);
	if (e->name[0])
		(void)snprintf(name, sizeof(name), "%s at ", e->name);
	say("refused %s a connection to %s%s, port %u, %s: %s, which is closed by %s%s%s (%s%s)", who, name, e->address, e->port,
	        e->protocol == IPPROTO_TCP   ? "TCP"
	        : e->protocol == IPPROTO_UDP ? "UDP"
	                                     : "another protocol",
	        e->pattern ? e->pattern : "a host that cannot be told", e->rule ? "\"" : "", e->rule ? e->rule : "a rule that is gone",
	        e->rule ? "\"" : "", egress_why_name(e->why), e->count > 1 ? ", several times" : "");
	struct who whose;
	if (e->count == 1 && e->process && who_read(e->process, &whose) == 0) {
		char text[1024];
		(void)snprintf(text, sizeof(text), "\nPostern: the host %s is closed on this system: %s.\n",
		        e->name[0] ? e->name : e->address, e->rule ? e->rule : "by policy");
		(void)tell_terminal(&whose, text);
	}
}

static void on_managed(void *arg, const struct managed_event *e)
{
	(void)arg;
	say("managed settings %s: %s%s%s%s%s (SHA-256 %.16s, before %.16s)", e->path, managed_what_name(e->what), e->detail[0] ? ": " : "",
	        e->detail, e->aside ? "; the earlier one is kept as " : "", e->aside ? e->aside : "", e->after[0] ? e->after : "-",
	        e->before[0] ? e->before : "-");
}

/* ---- a plan */

struct plan {
	struct arena arena;
	struct egress_host *host;
	size_t n_hosts;
	const char *tool[TOOLS_MAX + 1];
	size_t n_tools;
};

static bool read_line(struct plan *p, struct slice line)
{
	struct slice word;
	const char *text[4] = {NULL};
	size_t n = 0;
	while (n < 4 && slice_split(&line, '\t', &word))
		if (!(text[n++] = arena_str(&p->arena, word)))
			return false;
	if (n == 2 && strcmp(text[0], "tool") == 0 && p->n_tools < TOOLS_MAX)
		p->tool[p->n_tools++] = text[1];
	else if (n == 4 && strcmp(text[0], "host") == 0 && p->n_hosts < EGRESS_HOSTS_MAX)
		p->host[p->n_hosts++] = (struct egress_host){.pattern = text[1], .tool = text[2], .rule = text[3]};
	return true;
}

static int read_plan(int fd, struct plan *p)
{
	_cleanup_buf_ struct buf text = BUF(PLAN_MAX);
	/* Who wrote or read it before stands at its end, and is where we are. */
	int r = lseek(fd, 0, SEEK_SET) < 0 ? -errno : path_read_fd(fd, &text);
	if (r < 0)
		return r;
	struct slice rest = buf_slice(&text), line;
	p->host = arena_array(&p->arena, EGRESS_HOSTS_MAX, sizeof(*p->host));
	if (!p->host)
		return -ENOMEM;
	while (slice_split(&rest, '\n', &line))
		if (!read_line(p, line))
			return -ENOMEM;
	return 0;
}

/* Where pins can be: on the BPF file system, if there is one. */
static const char *pins(void)
{
	struct statfs fs;
	return statfs("/sys/fs/bpf", &fs) == 0 && (unsigned long)fs.f_type == BPF_FS_NUMBER ? OUTSIDE_PINS : NULL;
}

static void close_hosts(struct role *r, const struct plan *p)
{
	struct err err = {0};
	int e = 0;
	if (r->egress) {
		e = egress_update(r->egress, p->host, p->n_hosts, &err);
	} else if (p->n_hosts) {
		const char *at = r->o.cgroup[0] ? NULL : pins();
		const struct egress_config c = {.cgroup = r->o.cgroup[0] ? r->o.cgroup : NULL,
		        .pins = at,
		        .outlive = r->o.outlive && at,
		        .ask = true,
		        .tell = on_refused,
		        .gate = is_gate,
		        .arg = r};
		e = egress_start(r->loop, &c, p->host, p->n_hosts, &r->egress, &err);
		if (e == 0)
			on_look(r, 0);
		if (e == 0)
			say("%zu hosts of banned tools are closed by %s%s", p->n_hosts, egress_describe(r->egress),
			        r->o.outlive && !c.outlive ? "; there is no BPF file system at /sys/fs/bpf, so they open when it ends"
			                                   : "");
	}
	if (e < 0 && !r->failed)
		say("hosts of banned tools are not closed as they should be: %s", err.text);
	r->failed = e < 0;
}

static void keep_settings(struct role *r, const struct plan *p)
{
	struct err err = {0};
	int e;
	if (r->managed) {
		e = managed_update(r->managed, p->tool);
	} else {
		const struct managed_config c = {
		        .root = r->root, .write = r->o.managed == OUTSIDE_MANAGED_WRITE, .tools = p->tool, .tell = on_managed, .arg = r};
		e = managed_start(r->loop, &c, &r->managed, &err);
	}
	if (e < 0)
		say("managed settings are not kept: %s", err.text[0] ? err.text : strerror(-e));
}

static void on_order(void *arg, uint32_t events)
{
	struct role *r = arg;
	struct outside_order o = {.what = 0};
	_cleanup_fd_ int fd = -1;
	(void)events;
	ssize_t n = fd_take(3, &o, sizeof(o), 0, &fd);
	o.cgroup[sizeof(o.cgroup) - 1] = 0;
	if (n != (ssize_t)sizeof(o) || o.what == OUTSIDE_END) {
		/* The daemon is gone without a word: what outlives it stays. */
		r->o.open = n == (ssize_t)sizeof(o) && o.open;
		loop_stop(r->loop);
		return;
	}
	if (o.what == OUTSIDE_BEGIN) {
		r->o = o;
	} else if (o.what == OUTSIDE_PLAN && fd >= 0) {
		struct plan *p = calloc(1, sizeof(*p));
		if (!p)
			return;
		p->arena = ARENA((size_t)32 << 20);
		int e = read_plan(fd, p);
		if (e < 0)
			say("what the policy means for hosts cannot be read: %s", strerror(-e));
		if (e == 0 && r->o.hosts)
			close_hosts(r, p);
		if (e == 0 && r->o.managed != OUTSIDE_MANAGED_OFF)
			keep_settings(r, p);
		arena_free(&p->arena);
		free(p);
	}
}

int outside_role(void)
{
	struct role r = {.root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)};
	struct source *source = NULL;
	(void)signal(SIGPIPE, SIG_IGN);
	/* Nobody waits for this one: the daemon's rank is not for it. */
	const struct sched_param ordinary = {.sched_priority = 0};
	(void)sched_setscheduler(0, SCHED_OTHER, &ordinary);
	(void)setpriority(PRIO_PROCESS, 0, 0);
	(void)fcntl(3, F_SETFD, FD_CLOEXEC);
	struct err err = {0};
	int e = r.root < 0 ? -errno : loop_new(&r.loop);
	if (e == 0)
		e = judge_new(&r.judge, &err);
	if (e == 0)
		e = loop_add(r.loop, 3, EPOLLIN, on_order, &r, &source);
	if (e == 0)
		e = loop_run(r.loop);
	loop_remove(source);
	loop_remove(r.looks);
	managed_stop(r.managed);
	egress_stop(r.egress, r.o.open);
	loop_free(r.loop);
	return e < 0 ? 1 : 0;
}
