#include "gate/session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "crypto/cert.h"
#include "crypto/digest.h"
#include "gate/canon.h"
#include "gate/connect.h"
#include "gate/execution.h"
#include "gate/flagged.h"
#include "gate/link.h"
#include "gate/question.h"
#include "gate/reload.h"
#include "gate/session_env.h"
#include "gate/session_neutral.h"
#include "gate/session_search.h"
#include "gate/terminal.h"
#include "inspect/dlp.h"
#include "inspect/secret_cache.h"
#include "ledger/client.h"
#include "ledger/home.h"
#include "policy/policy.h"
#include "sys/fd.h"
#include "sys/loop.h"
#include "sys/path.h"
#include "sys/pty.h"
#include "wire/trace.h"

#define TRACE_WAIT    ((size_t)64 << 20)
#define PEM_MAX       ((size_t)4 << 20)
#define POLICIES_MAX  64u /* of one run, one after the other */
#define PATHS_MAX     1024u
#define SYSTEM_BUNDLE "/etc/ssl/certs/ca-certificates.crt"

struct session {
	const struct session_spec *spec;
	struct arena arena;
	struct loop *loop;
	struct supervisor *supervisor;
	struct executions *executions;
	struct flagged *flagged; /* where the tool works on the project itself */
	struct sandbox *sandbox;
	struct terminal *terminal;
	struct question *question;
	int control, tty;
	struct source *control_source, *signal_source;
	struct buf trace;
	/* The ledger while it is being opened: a writer may have to be started for it, which takes longer than all else. */
	struct {
		int error;
		struct err err;
		struct ledger_client *client;
	} opening;
	/* What the gate is told when it begins: found good before the tool starts, put together only then. */
	struct {
		struct buf cert, key, trust, values, routes, index, patterns;
		struct secret_later rules;
		int link; /* its end */
	} later;
	struct buf config; /* of the gate, until it has taken all */
	size_t config_sent;
	bool gone, over;
	bool begun, started; /* the beginning was given to the ledger; is on disk */
	uint64_t held;       /* the first execution, allowed but not answered: the beginning is not on disk yet */
	bool holds;
	struct reload *reload;
	const struct policy *policy; /* that holds now */
	struct policy *loaded[POLICIES_MAX];
	size_t n_loaded;
	const char *canary[2], *canary_file; /* of this run; NULL: none */
	struct neutral neutral;
	char run[33], host[256], tool_sha256[65], confinement[768];
	const char *tool;
	struct supervisor_credential *credential;
	size_t n_credentials;
	struct session_result result;
	struct err err;
};

static void note(struct session *s, const char *text)
{
	if (s->spec->note)
		s->spec->note(s->spec->arg, text);
}

/* We end the run. */
static void give_up(struct session *s, const char *why)
{
	if (s->gone)
		return;
	if (!s->result.why[0])
		(void)snprintf(s->result.why, sizeof(s->result.why), "%s", why ? why : "the ledger cannot be written");
	if (s->sandbox)
		sandbox_stop(s->sandbox);
}

/* ── entries of the run itself ── */

static struct entry common(const struct session *s)
{
	return (struct entry){
	        .severity = ENTRY_INFORMATIONAL,
	        .host = slice_str(s->host),
	        .person = slice_str(s->spec->user),
	        .tool_name = slice_str(s->tool),
	        .tool_sha256 = slice_str(s->tool_sha256),
	        .policy_sha256 = slice_str(policy_digest(s->policy)),
	        .confinement = slice_str(s->confinement),
	};
}

/* The run's beginning (activity 3 of an application's life) and end (4). */
static int record_life(struct session *s, unsigned activity, const char *message, void (*then)(void *arg, int error), struct err *err)
{
	_cleanup_buf_ struct buf about = BUF(16384);
	struct entry e = common(s);
	e.class_uid = ENTRY_APPLICATION_LIFECYCLE;
	e.activity_id = activity;
	e.message = slice_str(message);
	buf_str_add(&about, "{\"postern\":{\"run\":{");
	entry_put_text(&about, "id", slice_str(s->run));
	entry_put_text(&about, "project", slice_str(s->spec->project ? s->spec->project : ""));
	if (activity == 3) {
		/* Arguments can be secrets: their number and digest are enough to compare. */
		_cleanup_buf_ struct buf all = BUF((size_t)4 << 20);
		char digest[65];
		size_t n = 0;
		for (; s->spec->argv[n]; n++) {
			buf_str_add(&all, s->spec->argv[n]);
			buf_u8(&all, 0);
		}
		digest_sha256_hex(buf_slice(&all), digest);
		entry_put_text(&about, "arguments_sha256", slice_str(digest));
		buf_fmt(&about, ",\"arguments\":%zu", n);
	} else {
		const struct session_result *r = &s->result;
		buf_fmt(&about, ",\"code\":%d,\"seconds\":%.3f", r->code, r->wall_s);
		if (r->why[0])
			entry_put_text(&about, "ended_because", slice_str(r->why));
	}
	buf_str_add(&about, "}}}");
	e.unmapped = buf_slice(&about);
	return supervisor_record(s->supervisor, &e, then, s, err);
}

static void on_start_recorded(void *arg, int error)
{
	struct session *s = arg;
	if (error < 0) {
		s->begun = false;
		give_up(s, NULL);
		return;
	}
	s->started = true;
	if (s->holds && s->sandbox)
		sandbox_exec_answer(s->sandbox, s->held, true);
	s->holds = false;
}

/* ── what the sandbox tells ── */

static void on_ready(void *arg, const struct sandbox_level *level)
{
	struct session *s = arg;
	_cleanup_buf_ struct buf message = BUF(1024);
	if (s->gone)
		return;
	s->result.level = *level;
	(void)snprintf(s->confinement, sizeof(s->confinement), "%s", level->words);
	struct entry e = common(s);
	supervisor_common(s->supervisor, &e);
	if (s->spec->level)
		s->spec->level(s->spec->arg, level);
	/* The beginning goes on record, and then the tool may start. The gate may not serve yet: nothing passes but through it. */
	buf_fmt(&message, "run of %.200s begins", s->tool);
	s->begun = true;
	if (record_life(s, 3, buf_str(&message), on_start_recorded, &s->err) < 0) {
		s->begun = false;
		give_up(s, s->err.text);
		return;
	}
	/* The process that will be the tool is still ours, and its first step is to ask whether it may run the tool: the disk works while
	 * it gets there, and the answer waits for both. */
	sandbox_go(s->sandbox);
}

static void on_exec(void *arg, const struct sandbox_exec *x)
{
	const struct session *s = arg;
	executions_ask(s->executions, x);
}

static void on_exec_decided(void *arg, uint64_t id, const char *path, enum execution_kind kind, bool allow)
{
	struct session *s = arg;
	if (s->spec->executed && kind != EXECUTION_SYSTEM)
		s->spec->executed(s->spec->arg, path, kind == EXECUTION_LIBRARY, allow);
	if (allow && !s->started) {
		/* It is the only one: who asks is the only process, and waits. */
		s->holds = true;
		s->held = id;
		return;
	}
	sandbox_exec_answer(s->sandbox, id, allow);
}

/* Rules and the record speak of files as the person has them. */
static const char *on_path(void *arg, const char *inside, char out[EXECUTION_PATH_MAX])
{
	const struct session *s = arg;
	return neutral_outside(&s->neutral, inside, out, EXECUTION_PATH_MAX);
}

static void note_of(void *arg, const char *text)
{
	note(arg, text);
}

static struct entry common_of(void *arg)
{
	return common(arg);
}

static void on_appeared(void *arg, const char *path, const char *what)
{
	struct session *s = arg;
	_cleanup_buf_ struct buf text = BUF(8192);
	if (strcmp(what, "written") == 0) {
		const char *inside = neutral_inside(&s->neutral, s->spec->project);
		size_t n = inside ? strlen(inside) : 0;
		if (s->flagged && n && strncmp(path, inside, n) == 0 && path[n] == '/')
			flagged_written(s->flagged, path + n + 1);
		return;
	}
	buf_fmt(&text, "%s: ", what);
	encode_json(&text, slice_str(path));
	note(s, buf_str(&text));
}

static void close_control(struct session *s)
{
	loop_remove(s->control_source);
	s->control_source = NULL;
	if (s->control >= 0)
		(void)close(s->control);
	s->control = -1;
}

/* What we ended has no code of its own, and has not done what it was to do. */
static int code_of(const struct sandbox_result *r)
{
	return r->end == SANDBOX_STOPPED ? SESSION_BROKEN : r->code;
}

static void on_ended(void *arg, const struct sandbox_result *r)
{
	struct session *s = arg;
	_cleanup_buf_ struct buf message = BUF(1024);
	s->gone = true; /* what falls silent now may */
	s->result.end = r->end;
	s->result.code = code_of(r);
	s->result.wall_s = r->wall_s;
	s->result.cpu_s = r->cpu_s;
	if (r->end == SANDBOX_TIMEOUT && !s->result.why[0])
		(void)snprintf(s->result.why, sizeof(s->result.why), "the policy's limit of %s is reached",
		        r->cpu ? "processor time (cpu_seconds)" : "time (seconds)");
	buf_fmt(&message, "run of %.200s ended: %d", s->tool, s->result.code);
	if (s->begun && record_life(s, 4, buf_str(&message), NULL, &s->err) < 0 && !s->result.why[0])
		(void)snprintf(s->result.why, sizeof(s->result.why), "%.290s", s->err.text);
	close_control(s);
}

static void on_done(void *arg, const struct sandbox_result *r)
{
	struct session *s = arg;
	s->over = true;
	s->result.end = r->end;
	s->result.code = code_of(r);
	if (r->end == SANDBOX_FAILED)
		s->err = r->err;
	s->sandbox = NULL;
	loop_stop(s->loop);
}

/* ── what the gate tells beside its link ── */

static void on_record(struct session *s, const struct trace_record *t)
{
	_cleanup_buf_ struct buf text = BUF(2048);
	switch (t->kind) {
	case TRACE_NOTE:
		buf_fmt(&text, "the gate: %.*s", SLICE_FMT(slice_sub(t->field[TAG_REASON], 0, 300)));
		note(s, buf_str(&text));
		break;
	case TRACE_TLS:
		if (!t->field[TAG_REASON].p || !trace_tls_refused(t))
			break;
		encode_json(&text, slice_sub(t->field[TAG_SNI], 0, 253));
		buf_str_add(&text, ": the tool does not trust this run's authority; a rule with opaque lets the connection through unseen");
		note(s, buf_str(&text));
		break;
	case TRACE_READY:
	case TRACE_DNS:
	case TRACE_CONN:
	case TRACE_HTTP:
	case TRACE_WS:
	case TRACE_RAW:
	case TRACE_UDP:
	case TRACE_PACKET:
	case TRACE_CLOSE:
	case TRACE_FILE:
	case TRACE_END:
	case TRACE_KIND_END:
	default:
		break;
	}
}

/* The authority's key and what must not leave are in it. */
static void forget(struct buf *b)
{
	if (b->p)
		explicit_bzero(b->p, b->cap);
	buf_free(b);
}

static void forget_later(struct session *s)
{
	forget(&s->later.key);
	forget(&s->later.values);
	struct buf *plain[] = {&s->later.cert, &s->later.trust, &s->later.routes, &s->later.index, &s->later.patterns};
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		buf_free(plain[i]);
	secret_later_free(&s->later.rules);
	fd_closep(&s->later.link);
}

/* As much as its socket takes: it may still be on its way, and nobody waits for it. */
static void send_config(struct session *s)
{
	while (s->config_sent < s->config.n) {
		ssize_t n = send(s->control, s->config.p + s->config_sent, s->config.n - s->config_sent, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		/* What else goes wrong is seen when it is read from. */
		if (n < 0)
			break;
		s->config_sent += (size_t)n;
	}
	bool all = s->config_sent == s->config.n;
	if (all)
		forget(&s->config);
	if (loop_change(s->control_source, EPOLLIN | (all ? 0u : EPOLLOUT)) < 0)
		give_up(s, "the gate cannot be watched");
}

static void on_control(void *arg, uint32_t events)
{
	struct session *s = arg;
	if (events & EPOLLOUT)
		send_config(s);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	uint8_t *to = buf_room(&s->trace, 65536);
	ssize_t n = to ? recv(s->control, to, 65536, MSG_DONTWAIT) : -1;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		close_control(s);
		give_up(s, "the gate has gone");
		return;
	}
	s->trace.n += (size_t)n;
	struct slice rest = buf_slice(&s->trace);
	struct trace_record t;
	enum trace_status status;
	while ((status = trace_next(&rest, &t)) == TRACE_OK)
		on_record(s, &t);
	buf_drop(&s->trace, s->trace.n - rest.n);
	if (status == TRACE_BAD || buf_error(&s->trace)) {
		close_control(s);
		give_up(s, "the gate says what is no record");
	}
}

static void on_signal(void *arg, uint32_t events)
{
	struct session *s = arg;
	struct signalfd_siginfo info;
	(void)events;
	while (read(s->spec->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (s->sandbox)
			sandbox_signal(s->sandbox, (int)info.ssi_signo);
}

/* ── putting it together ── */

/* *system: which of it are the system's. */
static int read_trust(struct session *s, struct slice *system, struct err *err)
{
	struct buf *all = &s->later.trust;
	static const char *const places[] = {SYSTEM_BUNDLE, "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};
	int r = -ENOENT;
	for (size_t i = 0; i < ARRAY_LEN(places) && r < 0; i++)
		r = path_read(AT_FDCWD, places[i], all);
	size_t n = all->n;
	if (s->spec->trust && (r = path_read(AT_FDCWD, s->spec->trust, all)) < 0)
		return err_sys(err, r, "cannot read the certificates in %s", s->spec->trust);
	if (!all->n)
		return err_set(err, -ENOENT,
		        "there are no certificates to check servers with: install ca-certificates, or name a file with --trust");
	*system = slice_sub(buf_slice(all), 0, n);
	return 0;
}

/* The policy's paths and those of the caller, as the sandbox wants them. */
static int gather_paths(struct session *s, struct sandbox_path *path, size_t *n, struct err *err)
{
	const struct policy_settings *set = policy_settings(s->spec->policy);
	*n = 0;
	if (s->spec->project) {
		struct policy_file f;
		policy_file(s->spec->policy, slice_str(s->spec->project), POLICY_WRITE, &f);
		path[(*n)++] = (struct sandbox_path){.path = s->spec->project,
		        .mode = f.access < POLICY_COPY ? SANDBOX_READ
		                : s->spec->upper       ? SANDBOX_COPY
		                                       : SANDBOX_WRITE,
		        .upper = s->spec->upper,
		        .work = s->spec->work};
	}
	for (size_t i = 0; i < set->n_mounts; i++) {
		const struct policy_mount *m = &set->mount[i];
		static const enum sandbox_mode mode[] = {[POLICY_NONE] = SANDBOX_HIDE,
		        [POLICY_READ] = SANDBOX_READ,
		        [POLICY_COPY] = SANDBOX_READ,
		        [POLICY_WRITE] = SANDBOX_WRITE};
		if (m->anywhere) {
			if (m->place && m->place->layer != POLICY_BUILT_IN)
				return err_set(err, -EOPNOTSUPP, "%s:%u: a pattern of names cannot be enforced yet: name the files",
				        m->place->file, m->place->line);
			continue;
		}
		if (s->spec->project && strcmp(m->path, s->spec->project) == 0)
			continue;
		if (*n == PATHS_MAX)
			return err_set(err, -E2BIG, "the policy names more than %u paths", PATHS_MAX);
		path[(*n)++] = (struct sandbox_path){.path = m->path, .mode = mode[m->access], .optional = m->optional};
	}
	for (size_t i = 0; i < s->spec->n_paths; i++) {
		if (*n == PATHS_MAX)
			return err_set(err, -E2BIG, "there are more than %u paths", PATHS_MAX);
		path[(*n)++] = s->spec->paths[i];
	}
	return neutral_hide(&s->neutral, path, n, PATHS_MAX, err);
}

static void on_failed(void *arg, const char *why)
{
	give_up(arg, why);
}

static void on_decided(void *arg, const struct supervisor_event *e)
{
	const struct session *s = arg;
	if (s->spec->decided)
		s->spec->decided(s->spec->arg, e);
}

static void on_ask(void *arg, uint64_t id, const char *key, const char *text)
{
	const struct session *s = arg;
	question_ask(s->question, id, key, text);
}

/* Questions of the gate and about executions have numbers of their own. */
#define ABOUT_EXECUTION (UINT64_C(1) << 63)

static void on_ask_execution(void *arg, uint64_t id, const char *key, const char *text)
{
	on_ask(arg, id | ABOUT_EXECUTION, key, text);
}

static void on_answer(void *arg, uint64_t id, bool allow, const char *how)
{
	const struct session *s = arg;
	if (id & ABOUT_EXECUTION)
		execution_answer(s->executions, id & ~ABOUT_EXECUTION, allow, how);
	else
		supervisor_answer(s->supervisor, id, allow, how);
}

/* Without a terminal there is nobody to ask. */
static int open_questions(struct session *s, struct err *err)
{
	const struct policy_value *limit = &policy_settings(s->spec->policy)->limit[POLICY_LIMIT_QUESTIONS_PER_MINUTE];
	if (!s->spec->questions)
		return 0;
	s->tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (s->tty < 0)
		return 0;
	const struct question_options o = {
	        .terminal = s->tty,
	        .pty = terminal_pty(s->terminal),
	        .a_minute = limit->value < 1000 ? (unsigned)limit->value : 0,
	        .answer = on_answer,
	        .arg = s,
	};
	return question_new(s->loop, &o, &s->question, err);
}

static bool keeps_bodies(const struct session *s)
{
	return s->spec->ledger && policy_settings(s->spec->policy)->ledger_bodies.value == POLICY_BODIES_KEEP;
}

/* Not by a thread: with two of them each change of this process's memory would stop another processor. */
static void begin_ledger(struct session *s)
{
	if (s->spec->ledger)
		s->opening.error = ledger_home_begin(s->spec->ledger, s->host, &s->arena, &s->opening.client, &s->opening.err);
}

static int end_ledger(struct session *s, struct ledger_client **out, struct err *err)
{
	if (s->opening.client)
		return ledger_client_ready(TAKE_PTR(s->opening.client), out, err);
	if (s->opening.error < 0)
		*err = s->opening.err;
	return s->opening.error;
}

/* Of a copy the review tells, when it is to be applied. */
static bool flags_live(const struct session *s)
{
	return s->spec->project && !s->spec->upper && s->spec->note;
}

static int make_supervisor(struct session *s, int link, struct err *err)
{
	struct ledger_client *ledger = NULL;
	int r = end_ledger(s, &ledger, err);
	if (r < 0 && s->spec->ledger_optional) {
		char text[400];
		(void)snprintf(text, sizeof(text), "nothing of this run is on record: %.360s", err->text);
		note(s, text);
		*err = (struct err){0};
	} else if (r < 0) {
		(void)close(link);
		return err_wrap(err, r, "without the ledger nothing may run (--ledger none leaves it out, where the policy lets it)");
	}
	/* With the client the folder is there. */
	int folder = ledger && keeps_bodies(s) ? open(s->spec->ledger, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (ledger && keeps_bodies(s) && folder < 0) {
		(void)close(link);
		ledger_client_free(ledger);
		return err_sys(err, -errno, "cannot open the ledger");
	}
	const struct supervisor_options o = {
	        .policy = s->spec->policy,
	        .ledger = ledger,
	        .ledger_folder = folder,
	        .common = common(s),
	        .run = s->run,
	        .credential = s->credential,
	        .n_credentials = s->n_credentials,
	        .ask = s->question ? on_ask : NULL,
	        .decided = on_decided,
	        .failed = on_failed,
	        .arg = s,
	};
	r = supervisor_new(s->loop, link, &o, &s->supervisor, err);
	const struct execution_options x = {.policy = s->spec->policy,
	        .supervisor = s->supervisor,
	        .run = s->run,
	        .common = common_of,
	        .ask = s->question ? on_ask_execution : NULL,
	        .path = on_path,
	        .decided = on_exec_decided,
	        .failed = on_failed,
	        .arg = s};
	r = r < 0 ? r : executions_new(&x, &s->executions, err);
	const struct flagged_options f = {
	        .project = s->spec->project, .supervisor = s->supervisor, .run = s->run, .common = common_of, .note = note_of, .arg = s};
	if (r == 0 && flags_live(s))
		r = flagged_new(&f, &s->flagged, err);
	if (r == 0 && s->spec->tunnel)
		connector_tunnel(supervisor_connector(s->supervisor), s->spec->tunnel);
	for (size_t i = 0; r == 0 && s->spec->redirects && s->spec->redirects[i]; i++)
		r = connector_redirect(supervisor_connector(s->supervisor), s->spec->redirects[i], err);
	return r;
}

/* What is run, by content. */
static void name_tool(struct session *s)
{
	const char *program = session_program(&s->arena, s->spec->argv[0]);
	const char *slash = strrchr(s->spec->argv[0], '/');
	s->tool = slash ? slash + 1 : s->spec->argv[0];
	if (program)
		session_digest(program, s->tool_sha256);
}

/* Values that stand where a tool that takes all it finds would find them, and that nothing needs: if one of them is on its way out, the
 * tool sends its environment or files of the home. They look like what a developer has, but are made for this run alone. */
static int plant_canaries(struct session *s, struct err *err)
{
	const struct policy_dlp *d = &policy_settings(s->spec->policy)->dlp;
	if (!d->plant || d->class[POLICY_DLP_CANARIES].verdict == POLICY_DLP_OFF)
		return 0;
	for (unsigned i = 0; i < 2; i++) {
		uint8_t raw[20];
		_cleanup_buf_ struct buf hex = BUF(64);
		if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
			return err_set(err, -EIO, "there are no random numbers");
		encode_hex(&hex, slice_of(raw, sizeof(raw)));
		if (!(s->canary[i] = arena_str(&s->arena, buf_slice(&hex))))
			return err_set(err, -ENOMEM, "out of memory");
		gate_value_put(
		        &s->later.values, DLP_CANARY, i ? SLICE("a file of the home") : SLICE("the environment"), slice_str(s->canary[i]));
	}
	const char *home = neutral_inside(&s->neutral, s->spec->home);
	s->canary_file = home ? arena_fmt(&s->arena, "%s/" SESSION_CANARY_FILE, home) : NULL;
	return s->canary_file ? 0 : err_set(err, -ENOMEM, "out of memory");
}

/* The words of the command as they are inside. NULL: out of memory. */
static char *const *inside_words(struct session *s)
{
	size_t n = 0;
	while (s->spec->argv[n])
		n++;
	const char **out = arena_array(&s->arena, n + 1, sizeof(*out));
	for (size_t i = 0; out && i < n; i++)
		if (!(out[i] = neutral_text(&s->neutral, s->spec->argv[i])))
			return NULL;
	return (char *const *)(uintptr_t)out;
}

/* All that can be wrong with it shows now, and what the tool may change is read before there is a tool. */
static int prepare_gate(struct session *s, struct err *err)
{
	int r = session_search(&s->arena, policy_settings(s->spec->policy), s->credential, s->n_credentials, &s->later.rules,
	        &s->later.values, &s->later.index, &s->later.patterns, err);
	if (r < 0)
		return r;
	r = loop_add(s->loop, s->control, EPOLLIN, on_control, s, &s->control_source);
	return r < 0 ? err_sys(err, r, "the gate cannot be watched") : 0;
}

static int configure_gate(struct session *s, struct err *err)
{
	_cleanup_buf_ struct buf rules = BUF((size_t)64 << 20);
	uint8_t canon[CANON_KEY_BYTES];
	int r = secret_later_image(&s->later.rules, &rules, err);
	if (r < 0)
		return r;
	if (getrandom(canon, sizeof(canon), 0) != (ssize_t)sizeof(canon))
		return err_set(err, -EIO, "there are no random numbers");
	const struct gate_config config = {.ca_cert_pem = buf_slice(&s->later.cert),
	        .ca_key_pem = buf_slice(&s->later.key),
	        .trust_pem = buf_slice(&s->later.trust),
	        .rules = buf_slice(&rules),
	        .values = buf_slice(&s->later.values),
	        .index = buf_slice(&s->later.index),
	        .keep = keeps_bodies(s),
	        .patterns = buf_slice(&s->later.patterns),
	        .canon = s->neutral.what & POLICY_NEUTRAL_REQUESTS ? slice_of(canon, sizeof(canon)) : SLICE_NONE,
	        .routes = buf_slice(&s->later.routes)};
	r = gate_config_send(s->control, &config, s->later.link, &s->config);
	/* If the sandbox has ended, it says why. */
	if (r < 0 && r != -EPIPE && r != -ECONNRESET)
		return err_sys(err, r, "the gate does not take its configuration");
	send_config(s);
	return 0;
}

static void on_gate(void *arg)
{
	struct session *s = arg;
	struct err err = {0};
	if (s->gone || s->control < 0)
		return;
	if (configure_gate(s, &err) < 0)
		give_up(s, err.text);
	forget_later(s);
}

/* What the command finds in its tree that is made while the tree is: the authority's certificate, alone and among those of the system. */
enum { FILE_CA, FILE_BUNDLE, FILES_LATER };

static int start_sandbox(struct session *s, int control, struct err *err)
{
	struct sandbox_path *path = arena_array(&s->arena, PATHS_MAX, sizeof(*path));
	size_t n_paths = 0;
	int r = path ? gather_paths(s, path, &n_paths, err) : err_set(err, -ENOMEM, "out of memory");
	bool hidden = s->neutral.what & POLICY_NEUTRAL_PROXY, own_etc = s->neutral.what & NEUTRAL_IDENTITY;
	char *const *words = inside_words(s);
	if (r == 0 && !words)
		r = err_set(err, -ENOMEM, "out of memory");
	char *const *env = NULL;
	if (r == 0)
		env = s->neutral.what ? neutral_env(&s->neutral, s->credential, s->n_credentials, s->canary[0], err)
		                      : session_env(&s->arena, s->spec, s->credential, s->n_credentials, s->canary[0], err);
	if (r < 0 || !env) {
		(void)close(control);
		return r < 0 ? r : err->code;
	}
	struct sandbox_file files[FILES_LATER + 2 + NEUTRAL_FILES] = {
	        [FILE_CA] = {.path = SESSION_CA_FILE, .later = true}, [FILE_BUNDLE] = {.path = SESSION_CA_BUNDLE, .later = true}};
	size_t n_files = FILES_LATER;
	if (hidden && own_etc) {
		/* Where any system has them. */
		files[FILE_CA].path = NEUTRAL_CA_FILE;
		files[FILE_BUNDLE].path = NEUTRAL_CA_OTHER;
	} else if (own_etc || access(SYSTEM_BUNDLE, F_OK) == 0) {
		files[n_files++] = (struct sandbox_file){.path = SYSTEM_BUNDLE, .same_as = FILE_BUNDLE + 1};
	}
	if (s->canary_file)
		files[n_files++] = (struct sandbox_file){.path = s->canary_file, .data = slice_str(s->canary[1]), .mode = 0600};
	if (!neutral_files(&s->neutral, files, &n_files)) {
		(void)close(control);
		return err_set(err, -ENOMEM, "out of memory");
	}
	struct pty *pty = terminal_pty(s->terminal);
	const struct sandbox_spec spec = {
	        .argv = words,
	        .env = env,
	        .cwd = neutral_inside(&s->neutral, s->spec->cwd),
	        .home = s->spec->home,
	        .hostname = s->neutral.what & POLICY_NEUTRAL_HOST ? NEUTRAL_HOST : NULL,
	        .paths = path,
	        .n_paths = n_paths,
	        .moves = s->neutral.moves,
	        .tell_of = flags_live(s) ? s->spec->project : NULL,
	        .tell = flagged_wanted,
	        .n_moves = s->neutral.n_moves,
	        .ids = {.set = s->neutral.what & POLICY_NEUTRAL_USER, .uid = NEUTRAL_UID, .gid = NEUTRAL_UID},
	        .machine = neutral_machine(&s->neutral),
	        .own_etc = own_etc,
	        .files = files,
	        .n_files = n_files,
	        .in = pty_descriptor(pty, s->spec->std, 0),
	        .out = pty_descriptor(pty, s->spec->std, 1),
	        .errout = pty_descriptor(pty, s->spec->std, 2),
	        .terminal = pty && pty_descriptor(pty, s->spec->std, 0) == pty_slave(pty),
	        .network = s->spec->no_network ? SANDBOX_NET_NONE : SANDBOX_NET_GATE,
	        .control = control,
	        .limits = session_limits(policy_settings(s->spec->policy)),
	        .best_effort = s->spec->best_effort,
	        /* Each costs a question; where nothing would be refused there is none. */
	        .libraries = s->spec->libraries || policy_exec_judges_libraries(s->spec->policy),
	};
	static const struct sandbox_calls calls = {
	        .ready = on_ready, .exec = on_exec, .appeared = on_appeared, .gate = on_gate, .ended = on_ended, .done = on_done};
	r = sandbox_start(s->loop, &spec, &calls, s, &s->sandbox, err);
	if (s->spec->no_network)
		(void)close(control);
	return r;
}

/* This run's own authority. */
static int make_authority(struct session *s, struct err *err)
{
	struct buf *cert = &s->later.cert;
	struct slice system;
	bool hidden = s->neutral.what & POLICY_NEUTRAL_PROXY;
	int r = cert_ca_new(hidden ? NULL : "Postern session authority", time(NULL), cert, &s->later.key);
	if (r < 0)
		return err_sys(err, r, "cannot make an authority for this run");
	r = read_trust(s, &system, err);
	if (r < 0)
		return r;
	/* A company's own authority among the system's would tell of it; and all that answers inside is signed by that of the run. */
	const struct sandbox_data later[] = {
	        [FILE_CA] = {.first = buf_slice(cert)}, [FILE_BUNDLE] = {.first = hidden ? SLICE_NONE : system, .rest = buf_slice(cert)}};
	return sandbox_give(s->sandbox, later, FILES_LATER, err);
}

/* The sandbox comes first: its processes work while the rest is made. */
static int start(struct session *s, struct err *err)
{
	int control[2] = {-1, -1}, link[2] = {-1, -1};
	int r = neutral_new(&s->arena, s->spec, &s->neutral, err);
	r = r < 0 ? r : neutral_upstreams(&s->neutral, s->spec->note, s->spec->arg, &s->later.routes, err);
	r = r < 0 ? r : session_credentials(&s->arena, policy_settings(s->spec->policy), &s->credential, &s->n_credentials, err);
	if (r == 0 && !s->spec->no_network)
		r = plant_canaries(s, err);
	if (r == 0 && (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0 ||
	                      socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, link) < 0))
		r = err_sys(err, -errno, "cannot make the gate's sockets");
	s->control = control[0];
	if (r == 0)
		r = start_sandbox(s, TAKE_FD(control[1]), err);
	if (r == 0)
		begin_ledger(s);
	r = r < 0 ? r : make_authority(s, err);
	name_tool(s);
	if (r == 0)
		r = make_supervisor(s, TAKE_FD(link[0]), err);
	/* Without a gate, or before there is one, its end stays with us, so that the supervisor does not miss it. */
	s->later.link = TAKE_FD(link[1]);
	if (r == 0 && !s->spec->no_network)
		r = prepare_gate(s, err);
	ledger_client_free(TAKE_PTR(s->opening.client));
	fd_closep(&link[0]);
	fd_closep(&control[1]);
	return r;
}

static void make_run_id(struct session *s)
{
	uint8_t raw[16];
	_cleanup_buf_ struct buf hex = BUF(40);
	if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
		memset(raw, 0, sizeof(raw));
	encode_hex(&hex, slice_of(raw, sizeof(raw)));
	(void)snprintf(s->run, sizeof(s->run), "%s", buf_str(&hex));
}

/* The policy's files have changed. */
static void on_policy(void *arg)
{
	struct session *s = arg;
	_cleanup_buf_ struct buf text = BUF(1024), about = BUF(1024);
	struct policy *p = NULL;
	struct err err = {0};
	int r = s->n_loaded < POLICIES_MAX ? s->spec->reload(s->spec->arg, &p, &err)
	                                   : err_set(&err, -E2BIG, "it has changed too often in this run");
	if (r < 0) {
		buf_fmt(&text, "the policy has changed and cannot be used, so that the old one holds on: %s", err.text);
		note(s, buf_str(&text));
		return;
	}
	if (strcmp(policy_digest(p), policy_digest(s->policy)) == 0) {
		policy_free(p);
		return;
	}
	buf_str_add(&about, "{\"postern\":{\"run\":{");
	entry_put_text(&about, "id", slice_str(s->run));
	entry_put_text(&about, "policy_before", slice_str(policy_digest(s->policy)));
	buf_str_add(&about, "}}}");
	s->loaded[s->n_loaded++] = p;
	s->policy = p;
	struct entry e = common(s);
	e.class_uid = ENTRY_APPLICATION_LIFECYCLE;
	e.activity_id = 8;
	e.message = SLICE("another policy holds from here on");
	e.unmapped = buf_slice(&about);
	/* In the ledger it comes before whatever it decides. */
	if (supervisor_record(s->supervisor, &e, NULL, NULL, &err) < 0) {
		give_up(s, err.text);
		return;
	}
	struct entry plain = common(s);
	supervisor_common(s->supervisor, &plain);
	supervisor_policy(s->supervisor, p);
	executions_policy(s->executions, p);
	note(s, "the policy has changed, and holds from here on; what it says of files, of limits of the sandbox, and new patterns and "
	        "keys "
	        "hold from the next run on");
}

int session_run(const struct session_spec *spec, struct session_result *result, struct err *err)
{
	struct session *s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(err, -ENOMEM, "out of memory");
	s->spec = spec;
	s->policy = spec->policy;
	s->arena = ARENA((size_t)16 << 20);
	s->trace = BUF(TRACE_WAIT);
	s->config = BUF(GATE_CONFIG_MAX);
	s->later.cert = s->later.key = BUF(65536);
	s->later.trust = BUF(PEM_MAX);
	s->later.values = BUF((size_t)8 << 20);
	s->later.routes = BUF(1 << 16);
	s->later.index = BUF((size_t)128 << 20);
	s->later.patterns = BUF(1 << 20);
	s->control = s->tty = s->later.link = -1;
	(void)gethostname(s->host, sizeof(s->host) - 1);
	make_run_id(s);
	int r = loop_new(&s->loop);
	r = r < 0 ? err_sys(err, r, "cannot make the event loop") : 0;
	r = r < 0 ? r : terminal_open(s->loop, spec->std, &s->terminal, err);
	r = r < 0 ? r : open_questions(s, err);
	r = r < 0 ? r : start(s, err);
	/* A connection for each of the tool's is made here, and handed on. What runs inside has started, with the limit that it should
	 * have. */
	fd_raise_limit();
	if (r == 0 && s->terminal)
		r = pty_start(terminal_pty(s->terminal), err);
	if (r == 0 && spec->files)
		r = reload_new(s->loop, spec->files, on_policy, s, &s->reload, err);
	if (r == 0 && spec->signals >= 0)
		r = loop_add(s->loop, spec->signals, EPOLLIN, on_signal, s, &s->signal_source);
	if (s->sandbox) {
		if (r < 0) {
			s->gone = true;
			sandbox_stop(s->sandbox);
		}
		int l = loop_run(s->loop);
		r = r < 0 ? r : l;
	}
	if (r == 0 && s->result.end == SANDBOX_FAILED) {
		r = s->err.code ? s->err.code : -EIO;
		*err = s->err;
	}
	loop_remove(s->signal_source);
	reload_free(s->reload);
	close_control(s);
	question_free(s->question);
	terminal_close(s->terminal);
	if (s->tty >= 0)
		(void)close(s->tty);
	fd_closep(&s->later.link);
	if (s->supervisor) {
		struct err late = {0};
		int c = supervisor_close(s->supervisor, &s->result.counts, &late);
		if (c < 0 && r == 0) {
			r = c;
			*err = late;
		}
	}
	executions_free(s->executions);
	flagged_free(s->flagged);
	while (s->n_loaded)
		policy_free(s->loaded[--s->n_loaded]);
	loop_free(s->loop);
	*result = s->result;
	arena_free(&s->arena);
	buf_free(&s->trace);
	forget(&s->config);
	forget_later(s);
	free(s);
	return r;
}
