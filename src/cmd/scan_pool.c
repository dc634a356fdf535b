#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>

#include "cmd/scan.h"
#include "sys/fd.h"

#define FINDINGS_MAX 20000u /* that may wait for a file before theirs; then no other is begun */
#define START_MS     10     /* after so long there is more than one process */
#define POLL_MS      500    /* so often deadlines are looked at, and what is under way is told */

static struct scan_job *job_at(struct scan_pool *p, size_t i)
{
	return &p->job[i % p->window];
}

static bool is_stopped(const struct scan_pool *p)
{
	return p->stop && *p->stop;
}

/* Findings of a file. */

static void add_finding(struct scan_pool *p, struct scan_job *j, const struct scan_finding *f)
{
	enum scan_verdict v = scan_rules[f->rule].verdict;
	j->sum.verdict = v > j->sum.verdict ? v : j->sum.verdict;
	if (!scan_is_note(f))
		scan_rule_add(&j->sum.rules, f->rule);
	j->sum.found += !scan_is_note(f);
	j->sum.notes += scan_is_note(f);
	if (j->n_found == j->room) {
		size_t more = j->room ? 2 * j->room : 4;
		struct scan_finding *larger = realloc(j->found, more * sizeof(*larger));
		/* Not told, but counted. */
		if (!larger)
			return;
		j->found = larger;
		j->room = more;
	}
	j->found[j->n_found++] = *f;
	p->findings++;
}

static void add_fact(struct scan_job *j, const struct posture_fact *f)
{
	if (j->n_facts == j->facts_room) {
		size_t more = j->facts_room ? 2 * j->facts_room : 16;
		struct posture_fact *larger = realloc(j->fact, more * sizeof(*larger));
		if (!larger) {
			j->sum.facts_cut = 1;
			return;
		}
		j->fact = larger;
		j->facts_room = more;
	}
	j->fact[j->n_facts++] = *f;
}

static void add_gap(struct scan_pool *p, struct scan_job *j, enum scan_rule_name rule, const char *why)
{
	struct scan_finding f = {.rule = rule, .n = j->sum.size};
	(void)snprintf(f.evidence, sizeof(f.evidence), "%s", why);
	add_finding(p, j, &f);
	j->sum.uncovered = j->sum.size;
}

/* More than there may be are left out, whoever says them. */
static void add_edge(struct scan_job *j, const struct scan_edge *e)
{
	if (!j->edge)
		j->edge = calloc(SCAN_EDGES_MAX, sizeof(*j->edge));
	if (j->edge && j->n_edges < SCAN_EDGES_MAX)
		j->edge[j->n_edges++] = *e;
}

/* What was told counts, whatever the summary says. */
static void take_summary(struct scan_job *j, const struct scan_summary *said)
{
	struct scan_summary told = j->sum;
	j->sum = *said;
	j->sum.verdict = told.verdict > said->verdict ? told.verdict : said->verdict;
	j->sum.facts_cut |= told.facts_cut;
	j->sum.found = told.found > said->found ? told.found : said->found;
	j->sum.notes = told.notes;
	for (size_t i = 0; i < sizeof(told.rules.bits); i++)
		j->sum.rules.bits[i] |= told.rules.bits[i];
}

static bool look_at(const struct scan_job *j, int64_t at[3])
{
	struct stat st;
	if (fstat(j->fd, &st) < 0)
		return false;
	at[0] = st.st_size;
	at[1] = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
	at[2] = (int64_t)st.st_ctim.tv_sec * 1000000000 + st.st_ctim.tv_nsec;
	return true;
}

bool scan_job_unchanged(const struct scan_job *j)
{
	int64_t now[3];
	return look_at(j, now) && memcmp(now, j->at, sizeof(now)) == 0;
}

/* Files of the kernel's (in /proc, say) have bytes, but no size, and cannot be mapped: they would look empty. */
static bool has_no_size(const struct scan_job *j, const struct stat *st)
{
	char one;
	return S_ISREG(st->st_mode) && st->st_size == 0 && pread(j->fd, &one, 1, 0) != 0;
}

static void job_done(struct scan_pool *p, struct scan_job *j)
{
	if (j->fd >= 0 && !scan_job_unchanged(j))
		add_gap(p, j, SCAN_RULE_CHANGED, "it was changed while it was read");
	j->state = SCAN_JOB_DONE;
}

static void job_free(struct scan_pool *p, struct scan_job *j)
{
	p->findings -= j->n_found;
	free(j->path);
	free(j->found);
	free(j->edge);
	free(j->fact);
	fd_closep(&j->fd);
	fd_closep(&j->before);
	fd_closep(&j->manifest);
	*j = (struct scan_job){.fd = -1, .before = -1, .manifest = -1};
}

/* Processes. */

static void lose(struct scan_pool *p, size_t k, int why)
{
	struct scan_job *j = p->on[k] == SIZE_MAX ? NULL : job_at(p, p->on[k]);
	char text[64];
	int signal = scan_peer_end(&p->peer[k]);
	p->on[k] = SIZE_MAX;
	if (why == -ETIMEDOUT)
		(void)snprintf(text, sizeof(text), "it took longer than %u s", p->seconds);
	else if (why == -EBADMSG)
		(void)snprintf(text, sizeof(text), "it said what makes no sense");
	else
		(void)snprintf(text, sizeof(text), "signal %d", signal);
	if (j) {
		add_gap(p, j, SCAN_RULE_PROCESS, text);
		job_done(p, j);
	}
}

static int ask(struct scan_pool *p, size_t k, const struct scan_job *j)
{
	int r = 0;
	struct scan_options o = p->o;
	o.named = j->named;
	if (p->rules > 0 && !p->peer[k].has_rules)
		r = scan_peer_ask(&p->peer[k], p->rules, SCAN_ASK_RULES, "", &p->o, p->seconds);
	p->peer[k].has_rules = r == 0;
	if (r == 0 && j->before >= 0)
		r = scan_peer_ask(&p->peer[k], j->before, SCAN_ASK_BEFORE, j->path, &p->o, p->seconds);
	if (r == 0 && j->manifest >= 0)
		r = scan_peer_ask(&p->peer[k], j->manifest, SCAN_ASK_MANIFEST, j->path, &p->o, p->seconds);
	return r < 0 ? r : scan_peer_ask(&p->peer[k], j->fd, j->change ? SCAN_ASK_CHANGED : SCAN_ASK_FILE, j->path, &o, p->seconds);
}

/* It holds an archive that takes libraries. Most files have none, and to load them takes longer than those: another process with them
 * takes its place, and the file once more. What was said of it so far does not count. */
static int begin_again(struct scan_pool *p, size_t k, struct scan_job *j, struct err *err)
{
	(void)scan_peer_end(&p->peer[k]);
	p->findings -= j->n_found;
	j->n_found = 0;
	j->n_edges = 0;
	j->n_facts = 0;
	j->sum = (struct scan_summary){.size = j->sum.size};
	return scan_peer_start(&p->peer[k], p->exe, p->rules > 0, true, p->yara, err);
}

/* Rules are compiled before it is ready. */
static int yara_failed(struct scan_pool *p, int said, const struct scan_answer *a, struct err *err)
{
	if (said == -EINVAL && a->kind == SCAN_ANSWER_READY && a->ready.wrong.text[0]) {
		p->wrong = a->ready.wrong;
		return err_set(err, said, "%s", p->wrong.text);
	}
	if (said == -ETIMEDOUT)
		return err_set(err, said, "the rules of YARA take too long to compile: give fewer at once");
	if (said == -ENOMEM || said == -EPIPE)
		return err_set(err, said, "the rules of YARA need more memory than there is for them: give fewer at once");
	return err_sys(err, said, "the process that scans cannot be confined, or libyara does not start there; so nothing is scanned");
}

/* One message. 1: there may be more; 0: not now, or it has no file any more. */
static int listen_to(struct scan_pool *p, size_t k, struct err *err)
{
	struct scan_peer *peer = &p->peer[k];
	struct scan_job *j = p->on[k] == SIZE_MAX ? NULL : job_at(p, p->on[k]);
	struct scan_answer a = {0};
	int said = scan_peer_take(peer, &a);
	if (said == SCAN_PEER_NOTHING)
		return 0;
	if (said == SCAN_PEER_READY) {
		p->yara_rules = a.ready.yara_rules;
		int r = j ? ask(p, k, j) : 0;
		if (r < 0)
			lose(p, k, r);
		return 0;
	}
	if (said < 0 && !peer->ready && p->yara > 0)
		return yara_failed(p, said, &a, err);
	if (said < 0 && !peer->ready)
		return err_sys(err, said, "the process that scans cannot be confined, so nothing is scanned");
	uint64_t most = (uint64_t)p->o.limits.findings * SCAN_VERDICTS;
	if (said < 0 || !j || (said == SCAN_PEER_FINDING && j->n_found >= most) || (said == SCAN_PEER_FACT && j->n_facts > POSTURE_FACTS)) {
		lose(p, k, said < 0 ? said : -EBADMSG);
		return 0;
	}
	if (said == SCAN_PEER_FINDING) {
		add_finding(p, j, &a.finding);
		return 1;
	}
	if (said == SCAN_PEER_EDGE) {
		add_edge(j, &a.edge);
		return 1;
	}
	if (said == SCAN_PEER_FACT) {
		add_fact(j, &a.fact);
		return 1;
	}
	if (a.error == 0 && a.summary.apart && !peer->archives)
		return begin_again(p, k, j, err);
	if (a.error == 0)
		take_summary(j, &a.summary);
	else
		add_gap(p, j, SCAN_RULE_CHANGED, strerror(-a.error));
	p->on[k] = SIZE_MAX;
	job_done(p, j);
	return 0;
}

/* Does it take long enough for another process to be worth its start? */
static bool is_long(const struct scan_pool *p)
{
	return p->begun_ms == 0 || scan_now_ms() - p->begun_ms >= START_MS;
}

/* Files to processes that wait for one; another process if there is none. */
static int give_out(struct scan_pool *p, struct err *err)
{
	for (; p->next < p->tail; p->next++) {
		struct scan_job *j = job_at(p, p->next);
		size_t k = 0, none = SIZE_MAX, starting = 0;
		if (j->state == SCAN_JOB_DONE)
			continue;
		if (p->next != p->head && p->findings > FINDINGS_MAX)
			return 0;
		for (; k < p->jobs && !(p->peer[k].ready && p->on[k] == SIZE_MAX); k++) {
			none = p->peer[k].pid || none != SIZE_MAX ? none : k;
			starting += p->peer[k].pid && !p->peer[k].ready;
		}
		if (k == p->jobs)
			return none == SIZE_MAX || starting || !is_long(p)
			               ? 0
			               : scan_peer_start(&p->peer[none], p->exe, p->rules > 0, false, p->yara, err);
		if (!p->begun_ms)
			p->begun_ms = scan_now_ms();
		p->on[k] = p->next;
		j->state = SCAN_JOB_RUNS;
		int r = look_at(j, j->at) ? ask(p, k, j) : -errno;
		if (r < 0)
			lose(p, k, r);
	}
	return 0;
}

static int wait_for_any(struct scan_pool *p, bool wait, struct err *err)
{
	struct pollfd f[SCAN_JOBS_MAX];
	int r = 0;
	for (size_t k = 0; k < p->jobs; k++) {
		bool busy = p->peer[k].pid && (!p->peer[k].ready || p->on[k] != SIZE_MAX);
		f[k] = (struct pollfd){.fd = busy ? p->peer[k].socket : -1, .events = POLLIN};
	}
	int n = poll(f, p->jobs, !wait ? 0 : p->next < p->tail && !is_long(p) ? START_MS : POLL_MS);
	if (n < 0)
		return errno == EINTR ? 0 : err_sys(err, -errno, "cannot wait for the processes that scan");
	/* Also those that say nothing: for one of them it may have been too long. */
	for (size_t k = 0; k < p->jobs && r >= 0; k++)
		while (f[k].fd >= 0 && (r = listen_to(p, k, err)) > 0)
			;
	return r;
}

static int hand_over(struct scan_pool *p)
{
	int r = 0;
	for (; r >= 0 && p->head < p->tail && job_at(p, p->head)->state == SCAN_JOB_DONE; p->head++) {
		struct scan_job *j = job_at(p, p->head);
		r = p->done(p->arg, j);
		job_free(p, j);
	}
	p->next = p->next < p->head ? p->head : p->next;
	return r;
}

static int step(struct scan_pool *p, bool wait, struct err *err)
{
	int r = give_out(p, err);
	if (r == 0)
		r = wait_for_any(p, wait, err);
	if (r == 0)
		r = hand_over(p);
	if (r == 0 && p->tick && p->head < p->tail)
		p->tick(p->arg, job_at(p, p->head)->path);
	return r;
}

int scan_pool_open(struct scan_pool *p, struct err *err)
{
	int r = 0;
	p->window = (size_t)p->jobs * SCAN_JOBS_WINDOW;
	p->head = p->next = p->tail = p->findings = 0;
	p->begun_ms = 0;
	for (size_t k = 0; k < SCAN_JOBS_MAX; k++) {
		p->peer[k] = (struct scan_peer){.socket = -1};
		p->on[k] = SIZE_MAX;
	}
	fd_raise_limit();
	p->exe = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	p->job = calloc(p->window, sizeof(*p->job));
	if (p->exe < 0)
		r = err_sys(err, -errno, "cannot find this program");
	else if (!p->job)
		r = err_set(err, -ENOMEM, "no memory");
	for (size_t i = 0; r == 0 && i < p->window; i++)
		p->job[i].fd = p->job[i].before = p->job[i].manifest = -1;
	if (r == 0)
		r = scan_peer_start(&p->peer[0], p->exe, p->rules > 0, false, p->yara, err);
	while (r == 0 && !p->peer[0].ready && !is_stopped(p))
		r = wait_for_any(p, true, err);
	if (r < 0)
		scan_pool_close(p);
	return r;
}

static int add(struct scan_pool *p, const char *path, int fd, bool change, int before, int manifest, int error, struct err *err)
{
	int r = 0;
	while (r == 0 && p->tail - p->head == p->window && !is_stopped(p))
		r = step(p, true, err);
	if (r < 0 || is_stopped(p))
		return r < 0 ? r : -EINTR;
	struct scan_job *j = job_at(p, p->tail);
	struct stat st = {0};
	*j = (struct scan_job){.path = strdup(path),
	        .fd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0),
	        .change = change,
	        .before = before < 0 ? -1 : fcntl(before, F_DUPFD_CLOEXEC, 0),
	        .manifest = manifest < 0 ? -1 : fcntl(manifest, F_DUPFD_CLOEXEC, 0),
	        .error = error,
	        .profile = p->o.profile,
	        .named = p->o.named};
	if (!j->path) {
		fd_closep(&j->fd);
		fd_closep(&j->before);
		fd_closep(&j->manifest);
		return err_set(err, -ENOMEM, "no memory");
	}
	if (fd >= 0 && (j->fd < 0 || fstat(j->fd, &st) < 0))
		j->error = -errno;
	else if (fd >= 0 && has_no_size(j, &st))
		j->error = -ENODATA;
	j->sum.size = (uint64_t)st.st_size;
	p->tail++;
	free(p->last);
	p->last = strdup(path);
	if (j->fd < 0 || j->error < 0) {
		add_gap(p, j, SCAN_RULE_CHANGED,
		        j->error == -ELOOP       ? "a link that leads out of what is scanned"
		        : j->error == -ETIMEDOUT ? "it did not come in time"
		        : j->error == -ENODATA   ? "it has bytes, but no size"
		                                 : strerror(-j->error));
		fd_closep(&j->fd);
		j->state = SCAN_JOB_DONE;
	}
	return step(p, false, err);
}

int scan_pool_add(struct scan_pool *p, const char *path, int fd, int error, struct err *err)
{
	return add(p, path, fd, false, -1, -1, error, err);
}

int scan_pool_add_changed(struct scan_pool *p, const char *path, int fd, int before, int manifest, int error, struct err *err)
{
	return add(p, path, fd, true, before, manifest, error, err);
}

int scan_pool_finish(struct scan_pool *p, struct err *err)
{
	int r = 0;
	while (r == 0 && p->head < p->tail && !is_stopped(p))
		r = step(p, true, err);
	/* When it is stopped: what is known is told, also of files behind one that was not done, and that these were not. */
	for (; p->head < p->tail; p->head++) {
		struct scan_job *j = job_at(p, p->head);
		if (j->state != SCAN_JOB_DONE && is_stopped(p)) {
			add_gap(p, j, SCAN_RULE_STOPPED, j->state == SCAN_JOB_RUNS ? "it was being read" : "it waited");
			j->state = SCAN_JOB_DONE;
			p->left++;
		}
		if (j->state == SCAN_JOB_DONE && r == 0)
			r = p->done(p->arg, j);
		job_free(p, j);
	}
	return r;
}

void scan_pool_close(struct scan_pool *p)
{
	for (size_t k = 0; k < SCAN_JOBS_MAX; k++)
		(void)scan_peer_end(&p->peer[k]);
	for (; p->job && p->head < p->tail; p->head++)
		job_free(p, job_at(p, p->head));
	free(p->job);
	p->job = NULL;
	free(p->last);
	p->last = NULL;
	fd_closep(&p->exe);
}
