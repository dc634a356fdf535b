#include "gate/execution.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/encode.h"
#include "crypto/digest.h"
#include "gate/supervisor.h"
#include "policy/policy.h"

#define ARGUMENTS_MAX 64
#define WAITING_MAX   512u

/* One that is not decided, or not on record yet. */
struct waiting {
	struct waiting *next;
	struct executions *x;
	uint64_t id;     /* the kernel's: any 64 bits */
	uint64_t number; /* of the question: ours, from 1 on */
	bool allow, library;
	char *path, *entry_members, *entry_unmapped; /* of the entry, but for the answer */
};

struct executions {
	struct execution_options o;
	struct waiting *waiting;
	unsigned n;
	uint64_t last;
};

int executions_new(const struct execution_options *o, struct executions **out, struct err *err)
{
	struct executions *x = calloc(1, sizeof(*x));
	if (!x)
		return err_set(err, -ENOMEM, "out of memory");
	x->o = *o;
	*out = x;
	return 0;
}

void executions_policy(struct executions *x, const struct policy *p)
{
	x->o.policy = p;
}

static void waiting_free(struct waiting *w)
{
	free(w->path);
	free(w->entry_members);
	free(w->entry_unmapped);
	free(w);
}

void executions_free(struct executions *x)
{
	while (x && x->waiting) {
		struct waiting *w = x->waiting;
		x->waiting = w->next;
		waiting_free(w);
	}
	free(x);
}

static void done(struct waiting *w, bool allow)
{
	struct executions *x = w->x;
	for (struct waiting **p = &x->waiting; *p; p = &(*p)->next)
		if (*p == w) {
			*p = w->next;
			x->n--;
			break;
		}
	x->o.decided(x->o.arg, w->id, w->path, w->library ? EXECUTION_LIBRARY : EXECUTION_PROGRAM, allow);
	waiting_free(w);
}

static void on_recorded(void *arg, int error)
{
	struct waiting *w = arg;
	done(w, error == 0 && w->allow);
}

/* Puts it on record, and carries it out: durable: not before it is on disk. */
static void settle(struct waiting *w, const char *reason, const char *rule, bool durable)
{
	struct executions *x = w->x;
	_cleanup_buf_ struct buf message = BUF(2048), unmapped = BUF(8192);
	struct err err = {0};
	struct entry e = x->o.common(x->o.arg);
	e.class_uid = w->library ? ENTRY_MODULE_ACTIVITY : ENTRY_PROCESS_ACTIVITY;
	e.activity_id = 1;
	e.verdict = w->allow ? ENTRY_ALLOW : ENTRY_DENY;
	e.severity = w->allow ? ENTRY_INFORMATIONAL : ENTRY_MEDIUM;
	buf_fmt(&message, "%s to %s ", w->allow ? "allowed" : "denied", w->library ? "load" : "run");
	buf_add(&message, slice_sub(slice_str(w->path), 0, 600));
	buf_str_add(&unmapped, w->entry_unmapped);
	entry_put_text(&unmapped, "reason", slice_str(reason));
	if (rule && rule[0])
		entry_put_text(&unmapped, "rule", slice_str(rule));
	buf_str_add(&unmapped, "}}}");
	e.members = slice_str(w->entry_members);
	e.unmapped = buf_slice(&unmapped);
	e.message = buf_slice(&message);
	durable = durable && w->allow;
	int r = supervisor_record(x->o.supervisor, &e, durable ? on_recorded : NULL, w, &err);
	if (r == 0 && durable)
		return;
	/* A full queue is no reason to let something pass that is not on record. */
	if (r < 0 && r != -ENOBUFS)
		x->o.failed(x->o.arg, err.text);
	done(w, r == 0 && w->allow);
}

/* What is run or loaded, as the member "file". */
static void put_file(struct buf *members, const struct policy_exec *p)
{
	buf_str_add(members, "\"file\":{");
	entry_put_text(members, "path", p->path);
	entry_put_text(members, "name", p->name);
	buf_fmt(members, ",\"type_id\":1,\"hashes\":[{\"algorithm_id\":3,\"value\":\"%.*s\"}]}", SLICE_FMT(p->digest));
}

static void describe_program(struct buf *members, const struct sandbox_exec *e, const struct policy_exec *p)
{
	buf_str_add(members, "{\"process\":{");
	entry_put_text(members, "name", p->name);
	buf_fmt(members, ",\"pid\":%d,", (int)e->pid);
	put_file(members, p);
	buf_fmt(members, ",\"parent_process\":{\"pid\":%d", (int)e->parent);
	if (p->parent.n) {
		buf_str_add(members, ",\"file\":{");
		entry_put_text(members, "path", p->parent);
		entry_put_text(members, "name", slice_str(strrchr((const char *)p->parent.p, '/') + 1));
		buf_str_add(members, ",\"type_id\":1}");
	}
	buf_str_add(members, "}}}");
}

static void describe_library(struct buf *members, const struct policy_exec *p)
{
	/* load_type_id 1: standard, from a file. */
	buf_str_add(members, "{\"module\":{\"load_type_id\":1,");
	put_file(members, p);
	buf_str_add(members, "}}");
}

/* What is known of it: the beginning of the entry. */
static struct waiting *describe(struct executions *x, const struct sandbox_exec *e, const struct policy_exec *p, enum policy_bodies bodies)
{
	_cleanup_buf_ struct buf members = BUF(8192), unmapped = BUF(4096), arguments = BUF(65536);
	struct waiting *w = x->n < WAITING_MAX ? calloc(1, sizeof(*w)) : NULL;
	if (!w)
		return NULL;
	if (e->flags & SANDBOX_EXEC_LIBRARY)
		describe_library(&members, p);
	else
		describe_program(&members, e, p);
	buf_str_add(&unmapped, "{\"postern\":{\"run\":{");
	entry_put_text(&unmapped, "id", slice_str(x->o.run));
	if (e->flags & SANDBOX_EXEC_LIBRARY) {
		buf_fmt(&unmapped, ",\"pid\":%d", (int)e->pid);
		entry_put_text(&unmapped, "program", p->parent);
	} else {
		entry_put_text(&unmapped, "via", slice_str(e->via ? e->via : ""));
	}
	buf_fmt(&unmapped, ",\"arguments\":%zu,\"flags\":%u", p->argc, e->flags);
	/* Arguments can be secrets: their digest is enough to compare. */
	if (bodies != POLICY_BODIES_NONE) {
		char digest[65];
		for (size_t i = 0; i < p->argc; i++) {
			buf_add(&arguments, p->argv[i]);
			buf_u8(&arguments, 0);
		}
		digest_sha256_hex(buf_slice(&arguments), digest);
		entry_put_text(&unmapped, "arguments_sha256", slice_str(digest));
	}
	*w = (struct waiting){.next = x->waiting,
	        .x = x,
	        .id = e->id,
	        .library = e->flags & SANDBOX_EXEC_LIBRARY,
	        .number = ++x->last,
	        .path = strdup(e->path),
	        .entry_members = strdup(buf_str(&members)),
	        .entry_unmapped = strdup(buf_str(&unmapped))};
	if (!w->path || !w->entry_members || !w->entry_unmapped || buf_error(&members) || buf_error(&unmapped)) {
		waiting_free(w);
		return NULL;
	}
	x->waiting = w;
	x->n++;
	return w;
}

static void question(const struct executions *x, struct waiting *w, const struct policy_exec *p)
{
	_cleanup_buf_ struct buf text = BUF(4096), key = BUF(8192);
	buf_fmt(&text, "%s %.*s", w->library ? "load" : "run", SLICE_FMT(slice_sub(p->path, 0, 300)));
	for (size_t i = 1; i < p->argc && text.n < 700; i++)
		buf_fmt(&text, " %.*s", SLICE_FMT(slice_sub(p->argv[i], 0, 200)));
	/* An answer for the whole run holds for that content, whatever it is called and given. */
	buf_fmt(&key, "%s %.*s", w->library ? "load" : "run", SLICE_FMT(p->digest));
	x->o.ask(x->o.arg, w->number, buf_str(&key), buf_str(&text));
}

void executions_ask(struct executions *x, const struct sandbox_exec *inside)
{
	char place[EXECUTION_PATH_MAX], above[EXECUTION_PATH_MAX];
	struct sandbox_exec there = *inside;
	const struct sandbox_exec *e = &there;
	bool library = inside->flags & SANDBOX_EXEC_LIBRARY;
	enum execution_kind kind = library ? EXECUTION_LIBRARY : EXECUTION_PROGRAM;
	there.path = x->o.path(x->o.arg, inside->path, place);
	if (!there.path) {
		x->o.decided(x->o.arg, inside->id, inside->path, kind, false);
		return;
	}
	struct slice argv[ARGUMENTS_MAX];
	size_t argc = 0;
	_cleanup_buf_ struct buf digest = BUF(80), rule = BUF(2048);
	encode_hex(&digest, slice_of(e->sha256, 32));
	for (; argc < ARRAY_LEN(argv) && e->argv && e->argv[argc]; argc++)
		argv[argc] = slice_str(e->argv[argc]);
	const char *slash = strrchr(e->path, '/');
	char link[64], parent[4096] = "";
	(void)snprintf(link, sizeof(link), "/proc/%d/exe", (int)(library ? e->pid : e->parent));
	ssize_t n = readlink(link, parent, sizeof(parent) - 1);
	parent[n > 0 && parent[0] == '/' ? n : 0] = 0;
	const char *by = parent[0] ? x->o.path(x->o.arg, parent, above) : "";
	const struct policy_exec ask = {.name = slice_str(slash ? slash + 1 : e->path),
	        .path = slice_str(e->path),
	        .digest = buf_slice(&digest),
	        .argv = argv,
	        .argc = argc,
	        .parent = slice_str(by ? by : ""),
	        .system_library = e->flags & SANDBOX_EXEC_SYSTEM};
	struct policy_decision d = policy_exec(x->o.policy, &ask);
	/* What the C library of every program is does not belong on record each time. */
	if (ask.system_library && d.verdict == POLICY_ALLOW) {
		x->o.decided(x->o.arg, e->id, e->path, EXECUTION_SYSTEM, true);
		return;
	}
	struct waiting *w = describe(x, e, &ask, (enum policy_bodies)policy_settings(x->o.policy)->ledger_bodies.value);
	if (!w) {
		x->o.decided(x->o.arg, e->id, e->path, kind, false);
		return;
	}
	if (d.verdict == POLICY_ASK && x->o.ask) {
		question(x, w, &ask);
		return;
	}
	w->allow = d.verdict == POLICY_ALLOW || d.verdict == POLICY_LOG;
	if (d.place)
		policy_decision_write(&rule, &d);
	settle(w, d.verdict == POLICY_ASK ? "it is to be asked about, and there is nobody to ask" : d.why, buf_str(&rule), d.place != NULL);
}

void execution_answer(struct executions *x, uint64_t number, bool allow, const char *how)
{
	for (struct waiting *w = x->waiting; w; w = w->next)
		if (w->number == number) {
			w->allow = allow;
			settle(w, how, NULL, true);
			return;
		}
}
