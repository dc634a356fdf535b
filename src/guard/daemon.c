/* The daemon: one loop that answers. What it needs is begun in the order of a table, each part when the one before it is there. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/guard_part.h"
#include "guard/manager.h"
#include "guard/outside.h"
#include "sys/fd.h"

#define TICK_MS   50u
#define POLICY_MS 1000
#define RECORD_MS (15 * 60 * 1000)
#define HANG_MS   20000u
#define THREADS   4u
#define NICE      (-15)
#define END_MS    5000

struct daemon {
	struct guard g;
	struct guard_start start;
	int signals, partner_fd;
	struct source *signals_source, *partner_source, *tick;
	unsigned stage;
	int error; /* with which the loop was stopped */
	struct err err;
	/* the policy */
	uint64_t policy; /* what was read, as rules_mark() has it */
	int64_t read_at;
	bool reading, again;
	int64_t looked;
	int64_t alive;  /* the manager was told */
	int64_t end_at; /* what is to be put on record may take until then; 0: it was not told to end */
	unsigned watchdog_ms;
	char memfd_before; /* what was set; 0: nothing was changed */
	unsigned rescued;
	struct outside *outside; /* NULL: neither hosts nor settings are wished for */
	struct buf plan;         /* for it, of the policy in force */
	char said[640];          /* why the policy could not be read, said once */
};

/* ---- the policy */

struct reading {
	struct errand errand;
	struct daemon *d;
	struct rules *rules;
	uint64_t before, now;
	bool always, looked;
	int error;
	struct err err, plan_err;
	bool plans;
	struct buf plan; /* what the policy means beside executions */
	int plan_error;
};

static void reading_work(struct errand *e)
{
	struct reading *r = (struct reading *)(void *)e;
	const char *file = r->d->g.config.policy;
	r->now = rules_mark(file);
	r->looked = r->always || r->now != r->before;
	if (r->looked)
		r->error = rules_load(file, &r->rules, &r->err);
	if (r->rules && r->plans)
		r->plan_error = outside_plan(r->rules->policy, &r->plan, &r->plan_err);
}

static void read_policy(struct daemon *d, bool always);

static void take_rules(struct daemon *d, struct rules *new)
{
	struct guard *g = &d->g;
	bool first = !g->rules, other = !first && strcmp(g->rules->digest, new->digest) != 0;
	rules_unref(g->rules);
	g->rules = new;
	d->said[0] = 0;
	if (other) {
		char text[256];
		(void)snprintf(text, sizeof(text), "another policy is in force: %s", new->digest);
		/* What was permitted by the old one need not be by this one. */
		memset(g->permit, 0, sizeof(g->permit));
		verdict_note(g, 8, text);
	}
	verdict_ruled(g);
}

static void apply_plan(struct daemon *d)
{
	int r = d->outside && d->plan.n ? outside_apply(d->outside, buf_slice(&d->plan)) : 0;
	if (r < 0)
		verdict_note(&d->g, 99,
		        "hosts and managed settings stay as the policy before wanted them: the process for them does not listen");
}

static void take_plan(struct daemon *d, struct reading *r)
{
	if (r->plan_error < 0) {
		verdict_note(&d->g, 99, r->plan_err.text);
		return;
	}
	buf_free(&d->plan);
	d->plan = r->plan;
	r->plan = BUF(0);
	/* It is never empty, so that an empty one is one too. */
	buf_str_add(&d->plan, "#\n");
	apply_plan(d);
}

static void reading_done(struct errand *e)
{
	struct reading *r = (struct reading *)(void *)e;
	struct daemon *d = r->d;
	d->reading = false;
	d->policy = r->now;
	if (r->looked && r->rules) {
		take_rules(d, TAKE_PTR(r->rules));
		if (r->plans)
			take_plan(d, r);
	} else if (r->looked && strcmp(d->said, r->err.text) != 0) {
		char text[1024];
		(void)snprintf(d->said, sizeof(d->said), "%s", r->err.text);
		(void)snprintf(text, sizeof(text), "%s: %s", d->g.rules ? "the policy in force stays as it was" : "there is no policy yet",
		        r->err.text);
		verdict_note(&d->g, 99, text);
	}
	buf_free(&r->plan);
	free(r);
	if (d->again) {
		d->again = false;
		read_policy(d, true);
	}
}

static void read_policy(struct daemon *d, bool always)
{
	d->again = d->again || (d->reading && always);
	struct reading *r = d->reading ? NULL : calloc(1, sizeof(*r));
	if (!r)
		return;
	*r = (struct reading){.errand = {.work = reading_work, .done = reading_done},
	        .d = d,
	        .before = d->policy,
	        .always = always,
	        .plans = d->g.config.hosts || d->g.config.managed != OUTSIDE_MANAGED_OFF,
	        .plan = BUF(4u << 20)};
	d->reading = true;
	errand_send(d->g.errands, &r->errand);
}

/* Must the policy be read although no file is another? When something in it begins or ends, and now and then, so that the time that it goes
 * by is recorded. */
static bool is_due(struct daemon *d, int64_t now)
{
	const struct rules *r = d->g.rules;
	bool over = r && r->until && bundle_clock_now(&r->clock) >= r->until;
	if (over)
		memset(d->g.permit, 0, sizeof(d->g.permit));
	if (!over && now - d->read_at < RECORD_MS)
		return false;
	d->read_at = now;
	return true;
}

/* ---- stages */

static void on_handed(void *arg, unsigned which, const struct fan_event *e)
{
	struct daemon *d = arg;
	rescue_beat(d->g.rescue);
	ask_event(&d->g, which, e);
}

static void on_event(void *arg, const struct fan_event *e)
{
	on_handed(arg, GUARD_FAN_LOCAL, e);
}

static void stop(struct daemon *d, int error)
{
	d->error = error;
	loop_stop(d->g.loop);
}

static void on_fan(void *arg, uint32_t events)
{
	struct daemon *d = arg;
	(void)events;
	int r = fan_read(d->g.fan[GUARD_FAN_LOCAL], on_event, d);
	if (r < 0)
		stop(d, err_sys(&d->err, r, "cannot read what the kernel asks"));
}

static void on_marked(void *arg, const char *line)
{
	const struct daemon *d = arg;
	d->g.config.say(line);
}

/* Each: 1: it is there, 0: not yet, negative: it cannot be. */
static int stage_recognisers(struct daemon *d)
{
	struct guard *g = &d->g;
	if (sift_ready(g->sift) == sift_count(g->sift))
		return 1;
	if (sift_trouble(g->sift)[0] && sift_ready(g->sift) == 0)
		return err_set(&d->err, -EIO, "tools cannot be recognised: %s", sift_trouble(g->sift));
	return 0;
}

static int stage_policy(struct daemon *d)
{
	if (d->g.rules)
		return 1;
	if (d->said[0] && !d->g.shared->ready)
		return err_set(&d->err, -EINVAL, "%s", d->said);
	if (!d->reading && ask_now() - d->looked >= POLICY_MS) {
		d->looked = ask_now();
		read_policy(d, true);
	}
	return 0;
}

static int stage_mounts(struct daemon *d)
{
	struct guard *g = &d->g;
	const struct mounts_options o = {.local = g->fan[GUARD_FAN_LOCAL],
	        .unknown = g->fan[GUARD_FAN_UNKNOWN],
	        .filesystem = g->config.filesystem,
	        .n_filesystems = g->config.n_filesystems,
	        .skip_unknown = g->config.unknown == GUARD_UNKNOWN_ALLOW,
	        .marked = on_marked,
	        .arg = d};
	int r = mounts_new(g->loop, g->errands, &o, &g->mounts, &d->err);
	return r < 0 ? r : 1;
}

static int stage_late(struct daemon *d)
{
	int r = late_new(&d->g, &d->g.late, &d->err);
	return r < 0 ? r : 1;
}

static int stage_memfd(struct daemon *d)
{
	if (!d->g.config.memfd_noexec)
		return 1;
	_cleanup_fd_ int fd = open("/proc/sys/vm/memfd_noexec", O_RDWR | O_CLOEXEC);
	if (fd < 0 || (!d->memfd_before && read(fd, &d->memfd_before, 1) != 1) || pwrite(fd, "2", 1, 0) != 1)
		return err_sys(&d->err, -errno, "vm.memfd_noexec cannot be set; leave --memfd-noexec away");
	return 1;
}

static void on_outside(void *arg, const char *text)
{
	struct daemon *d = arg;
	verdict_note(&d->g, 99, text);
}

static int stage_outside(struct daemon *d)
{
	const struct guard_config *c = &d->g.config;
	/* To monitor is to refuse nothing, and to change nothing. */
	const struct outside_options o = {.hosts = c->hosts && !c->monitor,
	        .cgroup = c->cgroup,
	        .outlive = !c->fail_open,
	        .managed = c->monitor && c->managed == OUTSIDE_MANAGED_WRITE ? OUTSIDE_MANAGED_CHECK : (enum outside_managed)c->managed,
	        .say = on_outside,
	        .arg = d};
	if (!o.hosts && o.managed == OUTSIDE_MANAGED_OFF)
		return 1;
	int r = outside_start(d->g.loop, &o, &d->outside, &d->err);
	if (r < 0)
		return r;
	apply_plan(d);
	return 1;
}

static int stage_ready(struct daemon *d)
{
	struct guard *g = &d->g;
	char text[512];
	struct guard_shared *s = g->shared;
	(void)snprintf(text, sizeof(text), "%s begins%s: policy %.12s, %s, %s", g->config.monitor ? "monitoring" : "enforcement",
	        s->ready ? " again" : "", g->rules->digest, mounts_how(g->mounts),
	        g->config.fail_open ? "what cannot be decided may go on" : "what cannot be decided is refused");
	if (s->ready && s->answered > s->recorded)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
		        "; of %llu verdicts of the daemon before, %llu are not on record", (unsigned long long)s->answered,
		        (unsigned long long)(s->answered - s->recorded));
	s->answered = s->recorded = 0;
	verdict_note(g, s->ready ? 5 : 3, text);
	s->ready = 1;
	manager_tell(g->config.monitor ? "READY=1\nSTATUS=monitoring" : "READY=1\nSTATUS=enforcing");
	return 1;
}

static const struct {
	const char *name;
	int (*begin)(struct daemon *d);
} stages[] = {
        {"the processes that recognise tools", stage_recognisers},
        {"the policy", stage_policy},
        {"what is mounted", stage_mounts},
        {"late executions", stage_late},
        {"files in memory", stage_memfd},
        {"hosts and settings", stage_outside},
        {"readiness", stage_ready},
};

/* The ledger's writer opens files, about which the kernel asks: so it is answered until that has come to its end. */
static void begin_end(struct daemon *d)
{
	struct guard *g = &d->g;
	d->end_at = ask_now() + END_MS;
	manager_tell("STOPPING=1");
	if (d->memfd_before) {
		_cleanup_fd_ int fd = open("/proc/sys/vm/memfd_noexec", O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, &d->memfd_before, 1) != 1)
			g->config.say("vm.memfd_noexec could not be set back");
	}
	verdict_tick(g, true);
	if (g->shared->ready)
		verdict_note(g, 4, "enforcement ends: nothing is asked from now on, and everything may run");
}

static bool has_ended(struct daemon *d)
{
	uint64_t lost = 0;
	size_t waiting = 0;
	if (d->g.evidence)
		evidence_counts(d->g.evidence, &lost, &waiting);
	return d->end_at && (waiting == 0 || ask_now() >= d->end_at);
}

static void on_tick(void *arg, uint32_t events)
{
	struct daemon *d = arg;
	struct guard *g = &d->g;
	(void)events;
	d->tick = NULL;
	rescue_beat(d->g.rescue);
	if (rescue_count(d->g.rescue) != d->rescued) {
		d->rescued = rescue_count(d->g.rescue);
		verdict_note(g, 99, "the daemon waited for its own answer, and was helped");
	}
	sift_tick(g->sift);
	while (d->stage < ARRAY_LEN(stages)) {
		int r = stages[d->stage].begin(d);
		if (r < 0) {
			stop(d, r);
			return;
		}
		if (r == 0)
			break;
		d->stage++;
	}
	ask_tick(g);
	verdict_tick(g, false);
	int64_t now = ask_now();
	if (d->stage == ARRAY_LEN(stages) && now - d->looked >= POLICY_MS) {
		d->looked = now;
		read_policy(d, is_due(d, now));
	}
	if (has_ended(d)) {
		stop(d, 0);
		return;
	}
	if (d->watchdog_ms && now - d->alive >= (int64_t)d->watchdog_ms) {
		d->alive = now;
		manager_tell("WATCHDOG=1");
	}
	int r = loop_after(g->loop, TICK_MS, on_tick, d, &d->tick);
	if (r < 0)
		stop(d, err_sys(&d->err, r, "there is no timer"));
}

/* ---- the guardian, signals */

static void on_partner(void *arg, uint32_t events);

static int watch_partner(struct daemon *d)
{
	return d->partner_fd < 0 ? 0 : loop_add(d->g.loop, d->partner_fd, EPOLLIN, on_partner, d, &d->partner_source);
}

static void on_partner(void *arg, uint32_t events)
{
	struct daemon *d = arg;
	(void)events;
	loop_remove(d->partner_source);
	d->partner_source = NULL;
	fd_closep(&d->partner_fd);
	d->g.partner = 0;
	verdict_note(&d->g, 99, "the guardian has ended: another is started");
	int r = guard_second(&d->start, &d->g.partner, &d->partner_fd);
	r = r < 0 ? r : watch_partner(d);
	if (r < 0)
		verdict_note(&d->g, 99, "no other guardian can be started: if this daemon ends, all may go on");
}

static void on_signal(void *arg, uint32_t events)
{
	struct daemon *d = arg;
	struct signalfd_siginfo s;
	(void)events;
	while (read(d->signals, &s, sizeof(s)) == (ssize_t)sizeof(s)) {
		if (s.ssi_signo == SIGHUP)
			read_policy(d, true);
		else if (!d->end_at)
			begin_end(d);
	}
}

static int begin(struct daemon *d)
{
	struct guard *g = &d->g;
	sigset_t set;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	/* A lease that is asked for and given back at once may be told of all the same. */
	(void)signal(SIGIO, SIG_IGN);
	(void)signal(SIGPIPE, SIG_IGN);
	fd_raise_limit();
	/* Whoever waits for the answer must not keep from the processor who gives it. */
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	(void)sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &(struct sched_param){.sched_priority = 1});
	(void)gethostname(g->host, sizeof(g->host) - 1);
	g->self = getpid();
	const struct evidence_options eo = {
	        .ledger = g->config.ledger, .host = g->host[0] ? g->host : "localhost", .done = verdict_recorded, .arg = g};
	const struct sift_options so = {.prints = g->config.prints, .files = 2, .hang_ms = HANG_MS};
	int r = loop_new(&g->loop);
	r = r < 0 ? r : known_new(&g->known);
	if (r < 0)
		return err_set(&d->err, r, "no memory");
	r = errands_new(g->loop, THREADS, &g->errands);
	if (r < 0)
		return err_sys(&d->err, r, "cannot start threads");
	r = judge_new(&g->judge, &d->err);
	r = r < 0 ? r : g->config.ledger ? evidence_new(g->loop, &eo, &g->evidence, &d->err) : 0;
	r = r < 0 ? r : sift_new(g->loop, &so, &g->sift, &d->err);
	if (r < 0)
		return r;
	/* Those that nobody can answer any more: whoever read them has ended. */
	unsigned swept = 0;
	for (unsigned i = 0; i < GUARD_FANS && g->shared->ready; i++)
		swept += fan_sweep(g->fan[i], g->config.fail_open || g->config.monitor);
	if (swept) {
		char text[256];
		(void)snprintf(text, sizeof(text), "%u questions that the daemon before had not answered were %s", swept,
		        g->config.fail_open || g->config.monitor ? "let pass" : "refused");
		verdict_note(g, 99, text);
	}
	d->read_at = ask_now();
	d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	r = d->signals < 0 ? -errno : loop_add(g->loop, d->signals, EPOLLIN, on_signal, d, &d->signals_source);
	r = r < 0 ? r : loop_add(g->loop, g->fan[GUARD_FAN_LOCAL], EPOLLIN, on_fan, d, &g->fan_source);
	r = r < 0 ? r : rescue_new(g->loop, g->fan[GUARD_FAN_LOCAL], g->fan[GUARD_FAN_UNKNOWN], on_handed, d, &g->rescue);
	r = r < 0 ? r : watch_partner(d);
	r = r < 0 ? r : loop_after(g->loop, 1, on_tick, d, &d->tick);
	return r < 0 ? err_sys(&d->err, r, "cannot wait for what the kernel asks") : 0;
}

static void let_pass(void *arg, const struct fan_event *e)
{
	const struct guard *g = arg;
	(void)fan_answer(g->fan[GUARD_FAN_LOCAL], e->fd, true);
	(void)close(e->fd);
}

/* It was told to end. Were a thread held up by who serves a file, the questions would stay open as long as it is. */
static void ask_no_more(struct guard *g)
{
	for (unsigned i = 0; i < GUARD_FANS; i++)
		(void)fan_end(g->fan[i]);
	while (fan_read(g->fan[GUARD_FAN_LOCAL], let_pass, g) > 0)
		;
}

static void end(struct daemon *d)
{
	struct guard *g = &d->g;
	g->ending = true;
	ask_end(g);
	if (d->end_at)
		ask_no_more(g);
	/* That it was told to end opens what was closed; that it failed does not. */
	outside_stop(d->outside, d->end_at != 0);
	buf_free(&d->plan);
	late_free(g->late);
	mounts_free(g->mounts);
	size_t left = evidence_close(g->evidence, 0);
	if (left)
		g->config.say("entries for the ledger were lost: it could not be written");
	sift_end(g->sift);
	/* Threads may still be at work for somebody: they end with the process. */
}

int guard_daemon(const struct guard_start *s, struct err *err)
{
	struct daemon *d = calloc(1, sizeof(*d));
	if (!d)
		return err_set(err, -ENOMEM, "no memory");
	*d = (struct daemon){.start = *s, .signals = -1, .partner_fd = s->partner_fd, .watchdog_ms = manager_watchdog()};
	d->g.config = *s->config;
	memcpy(d->g.fan, s->fan, sizeof(d->g.fan));
	d->g.partner = s->partner;
	d->g.shared = s->shared;
	s->shared->restarts++;
	int r = begin(d);
	if (r == 0)
		r = loop_run(d->g.loop);
	if (r == 0)
		r = d->error;
	if (r < 0 && err)
		*err = d->err;
	end(d);
	return r;
}
