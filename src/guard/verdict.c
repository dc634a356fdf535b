/* What is done about a tool: decided by an errand, put on record, answered when that is on disk, told to the person. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/guard_part.h"
#include "guard/notice.h"
#include "guard/tell.h"
#include "ledger/entry.h"

#define REPEAT_MS   10000
#define REPEAT_FULL 5u

struct verdict {
	struct errand errand;
	struct ask *ask;
	struct rules *rules;
	struct judgement j;
	bool allow, would; /* would: it is allowed only because nothing is refused (--monitor) */
	const char *trouble;
};

static const char *const why_words[] = {
        [ASK_EXEC] = "executed",
        [ASK_CODE] = "opened by a program that runs code from files",
        [ASK_LOADED] = "opened by a loader",
        [ASK_READ] = "opened, and it is a program",
        [ASK_LATE] = "runs already",
        [ASK_IDLE] = "",
};

/* ---- entries */

static int64_t wall_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int put_entry(struct guard *g, const struct entry *e, uint64_t ticket)
{
	_cleanup_buf_ struct buf text = BUF(1 << 17);
	struct err err = {0};
	if (!g->evidence)
		return -ENOENT;
	int r = entry_write(e, &text, &err);
	if (r == 0)
		r = evidence_add(g->evidence, buf_slice(&text), ticket);
	if (r < 0 && err.text[0])
		g->config.say(err.text);
	return r;
}

static void put_id(struct guard *g, struct buf *b)
{
	char id[64];
	(void)snprintf(id, sizeof(id), "%llx-%llu", (unsigned long long)g->shared->boot, (unsigned long long)++g->shared->entries);
	entry_put_text(b, "id", slice_str(id));
}

void verdict_note(struct guard *g, unsigned activity, const char *message)
{
	_cleanup_buf_ struct buf unmapped = BUF(4096);
	g->config.say(message);
	if (!g->evidence)
		return;
	buf_str_add(&unmapped, "{\"postern\":{\"enforce\":{");
	put_id(g, &unmapped);
	buf_str_add(&unmapped, "}}}");
	const struct entry e = {.class_uid = ENTRY_APPLICATION_LIFECYCLE,
	        .activity_id = activity,
	        .time = wall_ms(),
	        .severity = activity == 99 ? ENTRY_MEDIUM : ENTRY_INFORMATIONAL,
	        .host = slice_str(g->host),
	        .tool_name = SLICE("postern enforce"),
	        .tool_version = SLICE(POSTERN_VERSION),
	        .policy_sha256 = slice_str(g->rules ? g->rules->digest : ""),
	        .message = slice_str(message),
	        .unmapped = buf_slice(&unmapped)};
	(void)put_entry(g, &e, 0);
}

static void put_process(struct buf *b, struct ask *a, const struct judgement *j)
{
	const char *path = ask_path(a), *name = strrchr(path, '/');
	buf_str_add(b, "{\"process\":{");
	entry_put_text(b, "name", slice_str(j->who.name[0] ? j->who.name : "?"));
	buf_fmt(b, ",\"pid\":%d", (int)a->pid);
	if (j->command[0])
		entry_put_text(b, "cmd_line", slice_str(j->command));
	buf_str_add(b, ",\"file\":{");
	entry_put_text(b, "path", slice_str(path[0] ? path : "?"));
	entry_put_text(b, "name", slice_str(name ? name + 1 : path[0] ? path : "?"));
	buf_str_add(b, ",\"type_id\":1");
	if (a->file.tool && a->file.tool->digest[0])
		buf_fmt(b, ",\"hashes\":[{\"algorithm_id\":3,\"value\":\"%s\"}]", a->file.tool->digest);
	buf_fmt(b, "},\"parent_process\":{\"pid\":%d}}}", (int)j->who.parent);
}

static void put_enforce(struct buf *b, struct guard *g, const struct verdict *v)
{
	const struct known_tool *t = v->ask->file.tool;
	buf_str_add(b, "{\"postern\":{\"enforce\":{");
	put_id(g, b);
	entry_put_text(b, "how", slice_str(why_words[v->ask->why]));
	if (t) {
		entry_put_text(b, "tool", slice_str(t->tool));
		entry_put_text(b, "package", slice_str(t->package));
		entry_put_text(b, "publisher", slice_str(t->publisher));
		entry_put_text(b, "recognised_by", slice_str(t->content ? "content" : "metadata"));
		buf_fmt(b, ",\"found\":%u,\"of\":%u", t->found, t->of);
	}
	if (v->j.where[0])
		entry_put_text(b, "where", slice_str(v->j.where));
	if (v->j.rule[0])
		entry_put_text(b, "rule", slice_str(v->j.rule));
	entry_put_text(b, "reason", slice_str(v->trouble ? v->trouble : v->j.why));
	if (v->j.program[0])
		entry_put_text(b, "program", slice_str(v->j.program));
	for (size_t i = 0; i < v->j.n_lineage; i++) {
		buf_str_add(b, i ? "," : ",\"lineage\":[");
		buf_fmt(b, "\"%s\"", v->j.lineage[i]);
	}
	if (v->j.n_lineage)
		buf_u8(b, ']');
	if (v->j.who.login != UINT32_MAX)
		buf_fmt(b, ",\"login_uid\":%u", v->j.who.login);
	buf_fmt(b, ",\"uid\":%u,\"gate\":%s,\"late\":%s,\"monitor\":%s,\"would_deny\":%s}}}", (unsigned)v->j.who.uid,
	        v->j.gate ? "true" : "false", v->ask->why == ASK_LATE ? "true" : "false", g->config.monitor ? "true" : "false",
	        v->would ? "true" : "false");
}

static void message_of(const struct verdict *v, struct buf *out)
{
	const struct known_tool *t = v->ask->file.tool;
	const char *word = v->would ? "would be denied" : v->allow ? "allowed" : v->ask->why == ASK_LATE ? "ended" : "denied";
	if (t)
		buf_fmt(out, "%s: %s%s%s for %s, %s: %s", word, t->title[0] ? t->title : t->tool, t->version[0] ? " " : "", t->version,
		        v->j.account[0] ? v->j.account : "?", why_words[v->ask->why], v->j.why);
	else
		buf_fmt(out, "%s: a file, %s: %s", word, why_words[v->ask->why], v->trouble ? v->trouble : "");
	buf_str_add(out, ": ");
	buf_add(out, slice_sub(slice_str(ask_path(v->ask)), 0, 300));
}

static int record(struct verdict *v)
{
	struct ask *a = v->ask;
	struct guard *g = a->g;
	_cleanup_buf_ struct buf members = BUF(16384), unmapped = BUF(32768), message = BUF(4096);
	const struct known_tool *t = a->file.tool;
	put_process(&members, a, &v->j);
	put_enforce(&unmapped, g, v);
	message_of(v, &message);
	if (!v->allow || v->would)
		g->config.say(buf_str(&message));
	const struct entry e = {.class_uid = ENTRY_PROCESS_ACTIVITY,
	        .activity_id = a->why == ASK_EXEC || a->why == ASK_LATE ? 1 : 3,
	        .time = wall_ms(),
	        .severity = v->allow && !v->would ? ENTRY_INFORMATIONAL : ENTRY_MEDIUM,
	        .host = slice_str(g->host),
	        .person = slice_str(v->j.account),
	        .tool_name = slice_str(!t            ? "postern enforce"
	                               : t->title[0] ? t->title
	                                             : t->tool),
	        .tool_version = slice_str(!t ? POSTERN_VERSION : t->version),
	        .tool_sha256 = slice_str(t ? t->digest : ""),
	        .policy_sha256 = slice_str(v->rules ? v->rules->digest : ""),
	        .confinement = v->j.gate ? SLICE("gate") : SLICE("none"),
	        .verdict = v->allow ? ENTRY_ALLOW : ENTRY_DENY,
	        .message = buf_slice(&message),
	        .members = buf_slice(&members),
	        .unmapped = buf_slice(&unmapped)};
	return put_entry(g, &e, (uint64_t)(uintptr_t)a);
}

/* ---- the same again */

/* True: it was said a few times lately, and is only counted. */
static bool repeated(struct verdict *v)
{
	_cleanup_buf_ struct buf what = BUF(1024);
	const struct known_tool *t = v->ask->file.tool;
	struct guard *g = v->ask->g;
	buf_fmt(&what, "%s %s%s%s for %s, %s",
	        v->would   ? "would be denied"
	        : v->allow ? "allowed"
	                   : "denied",
	        t ? t->tool : "a file", t && t->version[0] ? " " : "", t ? t->version : "", v->j.account,
	        v->trouble ? v->trouble : why_words[v->ask->why]);
	uint64_t hash = slice_hash(buf_slice(&what));
	struct repeat *r = &g->repeat[hash % REPEATS];
	if (r->hash != hash || ask_now() - r->since > REPEAT_MS) {
		if (r->left_out)
			verdict_tick(g, true);
		*r = (struct repeat){.hash = hash, .since = ask_now()};
		(void)snprintf(r->what, sizeof(r->what), "%s", buf_str(&what));
	}
	if (++r->n <= REPEAT_FULL)
		return false;
	r->left_out++;
	return true;
}

void verdict_tick(struct guard *g, bool all)
{
	for (size_t i = 0; i < REPEATS; i++) {
		struct repeat *r = &g->repeat[i];
		if (!r->left_out || (!all && ask_now() - r->since <= REPEAT_MS))
			continue;
		char text[512];
		(void)snprintf(text, sizeof(text), "%u times more within %d s: %s", r->left_out, REPEAT_MS / 1000, r->what);
		g->shared->recorded += r->left_out;
		*r = (struct repeat){0};
		verdict_note(g, 99, text);
	}
}

/* ---- the end */

struct telling {
	struct errand errand;
	struct who who;
	char summary[NOTICE_SUMMARY], body[NOTICE_BODY];
};

static void telling_work(struct errand *e)
{
	struct telling *t = (struct telling *)(void *)e;
	char text[NOTICE_SUMMARY + NOTICE_BODY + 16];
	(void)snprintf(text, sizeof(text), "postern: %s: %s", t->summary, t->body);
	(void)tell_terminal(&t->who, text);
	(void)notice_show(&t->who, t->summary, t->body);
}

static void telling_done(struct errand *e)
{
	free(e);
}

static void tell(const struct verdict *v)
{
	const struct known_tool *t = v->ask->file.tool;
	struct telling *n = v->j.who.tty || notice_possible(&v->j.who) ? calloc(1, sizeof(*n)) : NULL;
	if (!n)
		return;
	n->errand = (struct errand){.work = telling_work, .done = telling_done};
	n->who = v->j.who;
	_cleanup_buf_ struct buf b = BUF(sizeof(n->body) * 2), summary = BUF(4096);
	buf_fmt(&summary, "%s%s%s was stopped", t ? t->title[0] ? t->title : t->tool : "this file", t && t->version[0] ? " " : "",
	        t ? t->version : "");
	buf_fmt(&b, "%s.\n", t ? v->j.why : v->trouble);
	if (v->j.rule[0])
		buf_fmt(&b, "  rule:  %.300s\n", v->j.rule);
	if (v->j.where[0])
		buf_fmt(&b, "  where: %s\n", v->j.where);
	if (t && v->j.verdict == POLICY_TOOL_GATE)
		buf_str_add(&b, "  It may run inside a gate: put \"postern run --\" before the command.\n");
	else
		buf_str_add(&b, "  Whoever answers for this policy can change it, or permit an exception with an end date.\n");
	(void)snprintf(n->summary, sizeof(n->summary), "%s", buf_str(&summary));
	(void)snprintf(n->body, sizeof(n->body), "%s", buf_str(&b));
	errand_send(v->ask->g->errands, &n->errand);
}

/* Not another that has its number by now. */
static void end_process(const struct ask *a)
{
	pid_t parent;
	uint64_t started;
	int fd = (int)syscall(SYS_pidfd_open, a->pid, 0);
	if (fd < 0)
		return;
	if (who_parent(a->pid, &parent, &started) == 0 && started == a->started)
		(void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	(void)close(fd);
}

static void permit_put(struct guard *g, const struct ask *a, const struct who *who)
{
	struct permit *p = &g->permit[g->next_permit++ % PERMITS];
	*p = (struct permit){.pid = who->pid, .started = who->started};
	memcpy(p->tool, a->file.tool->tool, sizeof(p->tool));
	memcpy(p->version, a->file.tool->version, sizeof(p->version));
}

static bool is_permitted(const struct guard *g, const struct ask *a)
{
	pid_t parent;
	uint64_t started = 0;
	for (size_t i = 0; i < PERMITS; i++) {
		const struct permit *p = &g->permit[i];
		if (p->pid == a->pid && strcmp(p->tool, a->file.tool->tool) == 0 && strcmp(p->version, a->file.tool->version) == 0)
			return (started || who_parent(a->pid, &parent, &started) == 0) && started == p->started;
	}
	return false;
}

static void finish(struct verdict *v)
{
	struct ask *a = v->ask;
	/* Decided too late: it was let pass meanwhile, and runs if it still is the program of that process. */
	if (a->answered && !v->allow && a->keyed && a->why == ASK_EXEC) {
		struct who_program p;
		bool runs = who_program(a->pid, &p) == 0 && p.ino == a->key.ino && p.dev == a->key.dev;
		a->started = runs ? v->j.who.started : 0;
	}
	if (a->answered && !v->allow && a->started)
		end_process(a);
	if (a->file.tool && v->allow && !v->would && v->j.who.started)
		permit_put(a->g, a, &v->j.who);
	a->g->shared->answered++;
	ask_answer(a, v->allow);
	if (!v->allow)
		tell(v);
	a->verdict = NULL;
	rules_unref(v->rules);
	free(v);
	ask_done(a);
}

/* On record, if it can be; then, or when it is on disk, the end. */
static void settle(struct verdict *v)
{
	struct guard *g = v->ask->g;
	v->would = !v->allow && g->config.monitor;
	v->allow = v->allow || g->config.monitor;
	if (repeated(v)) {
		finish(v);
		return;
	}
	int r = record(v);
	if (r == 0)
		return; /* verdict_recorded() follows */
	if (r != -ENOENT && v->rules && v->rules->ledger_required && v->allow && !g->config.monitor) {
		v->allow = false;
		v->trouble = "the policy wants every verdict on record, and it cannot be put there";
	}
	finish(v);
}

void verdict_recorded(void *guard, uint64_t ticket, int error)
{
	struct guard *g = guard;
	struct ask *a = (struct ask *)(uintptr_t)ticket;
	struct verdict *v = a->verdict;
	if (error == 0)
		g->shared->recorded++;
	if (error < 0 && v->rules && v->rules->ledger_required && v->allow && !g->config.monitor) {
		v->allow = false;
		v->trouble = "the policy wants every verdict on record, and it cannot be put there now";
	}
	finish(v);
}

/* ---- the beginning */

static void judge_work(struct errand *e)
{
	struct verdict *v = (struct verdict *)(void *)e;
	struct ask *a = v->ask;
	judge(a->g->judge, v->rules, a->file.tool, a->pid, &v->j);
	if ((v->j.allow || a->g->config.monitor) && v->j.who.started && a->why != ASK_READ)
		judge_runs(a->g->judge, &v->j.who, a->file.tool->tool);
}

static void judge_done(struct errand *e)
{
	struct verdict *v = (struct verdict *)(void *)e;
	struct ask *a = v->ask;
	v->allow = v->j.allow;
	/* Root may read what nobody may run: to install, to remove, to look into it. Reading is not recorded. */
	if (a->why == ASK_READ && (v->allow || v->j.who.euid == 0 || a->g->ending)) {
		ask_answer(a, true);
		a->verdict = NULL;
		rules_unref(v->rules);
		free(v);
		ask_done(a);
		return;
	}
	settle(v);
}

void verdict_begin(struct ask *a)
{
	struct guard *g = a->g;
	if (a->why != ASK_LATE && is_permitted(g, a)) {
		ask_answer(a, true);
		ask_done(a);
		return;
	}
	a->unruled = !g->rules;
	if (a->unruled)
		return;
	struct verdict *v = calloc(1, sizeof(*v));
	if (!v) {
		ask_answer(a, g->config.fail_open || g->config.monitor);
		ask_done(a);
		return;
	}
	*v = (struct verdict){.errand = {.work = judge_work, .done = judge_done}, .ask = a, .rules = rules_ref(g->rules)};
	a->verdict = v;
	errand_send(g->errands, &v->errand);
}

void verdict_ruled(struct guard *g)
{
	for (struct ask *a = g->first, *next; a; a = next) {
		next = a->next;
		if (a->unruled)
			verdict_begin(a);
	}
}

void verdict_failed(struct ask *a, const char *reason)
{
	struct guard *g = a->g;
	bool by_place = a->fan == GUARD_FAN_UNKNOWN && g->config.unknown != GUARD_UNKNOWN_SCAN;
	bool allow = by_place ? g->config.unknown == GUARD_UNKNOWN_ALLOW : g->config.fail_open;
	/* It runs although nobody was asked, and never should have. */
	bool runs = a->why == ASK_LATE && a->fan == GUARD_FAN_UNKNOWN;
	/* Nobody waits; or all would wait for it: without process 1 nothing goes on. */
	if ((a->answered && !runs) || a->pid == 1 || g->ending) {
		ask_answer(a, a->answered || a->pid == 1 || allow || g->config.monitor);
		ask_done(a);
		return;
	}
	struct verdict *v = calloc(1, sizeof(*v));
	if (!v) {
		ask_answer(a, allow || g->config.monitor);
		ask_done(a);
		return;
	}
	*v = (struct verdict){.ask = a, .rules = g->rules ? rules_ref(g->rules) : NULL, .allow = allow, .trouble = reason};
	a->verdict = v;
	if (who_read(a->pid, &v->j.who) == 0)
		(void)snprintf(v->j.account, sizeof(v->j.account), "%u", (unsigned)v->j.who.uid);
	settle(v);
}
