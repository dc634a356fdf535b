#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "cmd/cmd.h"
#include "cmd/review.h"
#include "gate/session.h"
#include "gate/session_env.h"
#include "ledger/home.h"
#include "policy/policy.h"
#include "review/run.h"
#include "sys/fd.h"

#define PATHS_MAX 256u
#define SHOWN_MAX 200u /* denials that are told one by one */

struct run_opts {
	const char *policy, *ledger, *trust, *project, *proxy;
	struct opt_list allow, opaque, ro, rw, hide, env, connect_to, upstream;
	const char *learn;
	bool neutral, ask, review, direct, best_effort, no_network, no_project, verbose, quiet;
	uint64_t timeout;
};

static const struct opt run_table[] = {
        OPT_STRING(struct run_opts, policy, "policy", 'p', "FILE", "your policy, in place of the one in the configuration folder"),
        OPT_LIST(struct run_opts, allow, "allow", 'a', "HOST", NULL, "hosts that the tool may talk to, each with or without a port"),
        OPT_LIST(struct run_opts, ro, "ro", 0, "PATH", NULL, "files and folders in the home that it may read"),
        OPT_LIST(struct run_opts, rw, "rw", 0, "PATH", NULL, "files and folders that it may change"),
        OPT_LIST(struct run_opts, hide, "hide", 0, "PATH", NULL, "files and folders that it shall not see"),
        OPT_LIST(struct run_opts, env, "env", 'e', "NAME", NULL,
                "variables of yours that it gets beside the ordinary ones; NAME* for all that begin so"),
        OPT_FLAG(struct run_opts, neutral, "neutral", 0,
                "tell it nothing of you (neutral names, paths, time and machine, official model hosts, requests in one form)"),
        OPT_LIST(struct run_opts, upstream, "upstream", 0, "HOST=URL", NULL,
                "what the tool sends to HOST, or to HOST/PATH, goes to URL, the gateway of your company"),
        OPT_STRING(struct run_opts, project, "project", 0, "DIR", "the folder that it works on; without it the current one"),
        OPT_STRING(struct run_opts, proxy, "proxy", 0, "URL",
                "the proxy by which the network is reached, or none; without it that of HTTPS_PROXY"),
        OPT_STRING(struct run_opts, ledger, "ledger", 0, "DIR", "put what happens on record there, or none; without it in the data folder"),
        OPT_LIST(struct run_opts, connect_to, "connect-to", 0, "RULE", NULL,
                "connections for the first HOST and PORT of the rule go to the second, as with curl"),
        OPT_STRING(struct run_opts, trust, "trust", 0, "FILE", "certificates that servers may be checked with beside those of the system"),
        OPT_FLAG(struct run_opts, ask, "ask", 0, "ask at the terminal about hosts that no rule speaks of; no answer is no"),
        OPT_FLAG(struct run_opts, review, "review", 0, "give it a copy of the project; postern review brings back what it wrote"),
        OPT_FLAG(struct run_opts, direct, "direct", 0, "let it change the project itself, though a policy of yours says otherwise"),
        OPT_STRING(struct run_opts, learn, "learn", 0, "FILE", "write the smallest policy that permits what this run did, to be edited"),
        OPT_U64(struct run_opts, timeout, "timeout", 't', "SECONDS", 1, 31536000, "end the run after that time"),
        OPT_FLAG(struct run_opts, no_network, "no-network", 0, "no network at all"),
        OPT_FLAG(struct run_opts, no_project, "no-project-policy", 0, "leave the .postern.yaml of the project alone"),
        OPT_FLAG(struct run_opts, best_effort, "best-effort", 0,
                "go on where this machine cannot confine as it should, and say what is weaker"),
        OPT_FLAG(struct run_opts, verbose, "verbose", 'v', "tell of each request, and of the confinement"),
        OPT_FLAG(struct run_opts, quiet, "quiet", 'q', "tell nothing but errors"),
        OPT_END,
};

static const char *const run_examples[] = {
        "postern run --allow api.anthropic.com --rw ~/.claude -- claude",
        "postern run --allow registry.example.com -- npm ci",
        "postern run --no-network -- make",
        "postern run --neutral --allow llm.corp.example --env ANTHROPIC_API_KEY -- claude",
        NULL,
};

#define FACTS_MAX 20000u

struct run {
	const struct run_opts *o;
	struct arena *arena;
	struct policy_load from;
	struct policy_fact *fact; /* --learn */
	size_t n_facts;
	unsigned denials, hinted;
};

static void say(const struct run *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(const struct run *r, const char *format, ...)
{
	va_list ap;
	if (r->o->quiet)
		return;
	_cleanup_buf_ struct buf b = BUF(16384);
	buf_str_add(&b, "postern: ");
	va_start(ap, format);
	buf_vfmt(&b, format, ap);
	va_end(ap);
	/* A terminal in raw mode wants both. */
	buf_str_add(&b, isatty(2) ? "\r\n" : "\n");
	(void)!write(2, b.p, b.n);
}

static void on_note(void *arg, const char *text)
{
	say(arg, "%s", text);
}

static void on_level(void *arg, const struct sandbox_level *l)
{
	const struct run *r = arg;
	if (r->o->verbose)
		say(r, "confinement: %s", l->words);
}

static void learn(struct run *r, const struct policy_fact *f)
{
	if (!r->fact || r->n_facts == FACTS_MAX)
		return;
	struct policy_fact copy = *f;
	copy.host = arena_copy(r->arena, f->host);
	copy.method = arena_copy(r->arena, f->method);
	copy.target = arena_copy(r->arena, f->target);
	copy.path = arena_copy(r->arena, f->path);
	r->fact[r->n_facts++] = copy;
}

static void on_executed(void *arg, const char *path, bool library, bool allowed)
{
	struct run *r = arg;
	if (allowed)
		learn(r, &(struct policy_fact){.kind = POLICY_FACT_EXEC, .path = slice_str(path)});
	else
		say(r, "denied: to %s %s", library ? "load" : "run", path);
}

static void on_decided(void *arg, const struct supervisor_event *e)
{
	struct run *r = arg;
	if (e->allowed && !e->message)
		learn(r, &(struct policy_fact){.kind = e->method.n ? POLICY_FACT_REQUEST : POLICY_FACT_CONNECT,
		                 .host = slice_str(e->host),
		                 .port = e->port,
		                 .method = e->method,
		                 .target = e->target,
		                 .websocket = strcmp(e->what, "websocket") == 0,
		                 .bytes = e->bytes});
	_cleanup_buf_ struct buf target = BUF(1024);
	if (e->over || (e->allowed && !r->o->verbose))
		return;
	if (!e->allowed && ++r->denials > SHOWN_MAX) {
		if (r->denials == SHOWN_MAX + 1)
			say(r, "further denials are not shown; postern log show has them");
		return;
	}
	struct slice path = slice_sub(e->target, 0, slice_chr(e->target, '?', 0));
	encode_json(&target, slice_sub(path, 0, 120));
	struct slice shown = slice_sub(buf_slice(&target), 1, target.n - 2);
	say(r, "%s %s%.*s %s:%u%.*s%s%s", e->allowed ? "allowed" : "denied", e->method.n ? "" : e->what,
	        SLICE_FMT(slice_sub(e->method, 0, 16)), e->host, e->port, SLICE_FMT(shown), e->allowed ? "" : ": ",
	        e->allowed ? "" : e->reason);
	if (e->unknown && !r->hinted++)
		say(r, "a rule of the policy or --allow %s lets it through", e->host);
}

/* Absolute, links left for the sandbox; "~" of a list's later members is not the shell's any more. */
static const char *whole_path(struct arena *arena, const char *path, const char *home, const char *cwd)
{
	if (path[0] == '~' && (path[1] == '/' || !path[1]))
		return arena_fmt(arena, "%s%s", home, path + 1);
	return path[0] == '/' ? path : arena_fmt(arena, "%s/%s", cwd, path);
}

static int add_paths(struct arena *arena, const struct opt_list *list, enum sandbox_mode mode, const char *home, const char *cwd,
        struct sandbox_path *path, size_t *n)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *p = whole_path(arena, list->item[i], home, cwd);
		if (!p || *n == PATHS_MAX)
			return -ENOMEM;
		path[(*n)++] = (struct sandbox_path){.path = p, .mode = mode};
	}
	return 0;
}

/* The command's own files, if they lie in the home: the folder that it is found in, and the package behind the link. */
static void add_program(struct arena *arena, const char *word, const char *home, struct sandbox_path *path, size_t *n)
{
	static const char modules[] = "/node_modules/";
	const char *real = session_program(arena, word);
	size_t h = strlen(home);
	if (!real || strncmp(real, home, h) != 0 || real[h] != '/' || *n + 2 > PATHS_MAX)
		return;
	const char *at = strstr(real, modules), *end = strrchr(real, '/');
	if (at) {
		/* node_modules/NAME or node_modules/@SCOPE/NAME */
		at += sizeof(modules) - 1;
		end = strchr(at, '/');
		if (*at == '@' && end)
			end = strchr(end + 1, '/');
		if (!end)
			return;
	}
	char *folder = arena_str(arena, slice_of(real, (size_t)(end - real)));
	if (!folder || strcmp(folder, home) == 0)
		folder = arena_str(arena, slice_str(real));
	if (folder)
		path[(*n)++] = (struct sandbox_path){.path = folder, .mode = SANDBOX_READ, .with_secrets = true};
	const char *search = strchr(word, '/') ? NULL : getenv("PATH");
	struct slice rest = slice_str(search), one;
	while (search && slice_split(&rest, ':', &one)) {
		char *candidate = arena_fmt(arena, "%.*s/%s", SLICE_FMT(one), word);
		if (!candidate || access(candidate, X_OK) != 0)
			continue;
		char *place = arena_str(arena, one);
		if (place && strncmp(place, home, h) == 0 && place[h] == '/')
			path[(*n)++] = (struct sandbox_path){.path = place, .mode = SANDBOX_READ, .optional = true, .with_secrets = true};
		break;
	}
}

static bool no_ledger(const struct run_opts *o)
{
	return o->ledger && strcmp(o->ledger, "none") == 0;
}

/* Where the record goes: what the organisation says, then the command line, then the person's policy, then the usual place. *out NULL:
 * nowhere. */
static int choose_ledger(const struct run *r, const struct policy *policy, struct arena *arena, const char **out, struct err *err)
{
	const struct policy_settings *set = policy_settings(policy);
	*out = NULL;
	if (no_ledger(r->o)) {
		const struct policy_place *p = &set->ledger_required.place;
		if (!set->ledger_required.value)
			return 0;
		return err_set(err, -EPERM, "%s:%u (%s): the record is required, and --ledger none is not permitted", p->file, p->line,
		        policy_layer_name(p->layer));
	}
	*out = set->ledger ? set->ledger : ledger_home(arena);
	if (!*out)
		return err_set(err, -ENOENT, "there is no folder for the ledger: name one with --ledger");
	return 0;
}

/* As the person's other programs have it. Connections to hosts that a rule calls private are never made by a proxy. */
static int choose_proxy(const struct run_opts *o, struct tunnel *out, struct err *err)
{
	static const char *const names[] = {"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"};
	const char *except = getenv("NO_PROXY") ? getenv("NO_PROXY") : getenv("no_proxy"), *url = o->proxy;
	*out = (struct tunnel){0};
	for (size_t i = 0; !url && i < ARRAY_LEN(names); i++)
		url = getenv(names[i]) && *getenv(names[i]) ? getenv(names[i]) : NULL;
	if (!url || strcmp(url, "none") == 0)
		return 0;
	int r = tunnel_parse(out, url, except, err);
	if (r == 0 || o->proxy)
		return r;
	/* Of another kind, for other programs: it may not be needed here. */
	(void)fprintf(stderr, "postern run: the proxy of the environment is not used: %s\n", err->text);
	return 0;
}

static int load_policy(const struct run_opts *o, const char *home, const char *project, const char *cwd, struct arena *arena,
        struct policy_load *from, struct policy **out, struct err *err)
{
	struct policy_doc *d = NULL;
	struct policy_problems problems = {0};
	int r = policy_command_new(arena, &d);
	for (size_t i = 0; r == 0 && i < o->allow.n; i++)
		r = policy_command_host(d, o->allow.item[i], POLICY_ALLOW, err);
	const struct {
		const struct opt_list *list;
		enum policy_access access;
	} paths[] = {{&o->ro, POLICY_READ}, {&o->rw, POLICY_WRITE}, {&o->hide, POLICY_NONE}};
	for (size_t k = 0; k < ARRAY_LEN(paths); k++)
		for (size_t i = 0; r == 0 && i < paths[k].list->n; i++) {
			const char *p = whole_path(arena, paths[k].list->item[i], home, cwd);
			r = p ? policy_command_path(d, p, paths[k].access, err) : -ENOMEM;
		}
	if (r == 0 && o->timeout)
		policy_command_limit(d, POLICY_LIMIT_SECONDS, o->timeout);
	if (r == 0 && o->neutral)
		policy_command_neutral(d, POLICY_NEUTRAL_ALL);
	if (r == 0 && o->ask)
		policy_command_on_unknown(d, POLICY_ASK);
	if (r == 0 && (o->review || o->direct))
		policy_command_review(d, o->review ? POLICY_REVIEW_COPY : POLICY_REVIEW_DIRECT);
	if (r == 0 && o->ledger) {
		const char *folder = no_ledger(o) ? NULL : whole_path(arena, o->ledger, home, cwd);
		r = folder || no_ledger(o) ? 0 : -ENOMEM;
		policy_command_ledger(d, folder);
	}
	*from = (struct policy_load){
	        .person = o->policy, .no_project = o->no_project, .command = d, .vars = {.home = home, .project = project}};
	r = r < 0 ? r : policy_load(from, out, &problems, err);
	if (r == -EINVAL && problems.errors)
		r = policy_problems_err(&problems, err);
	for (size_t i = 0; r == 0 && i < problems.n; i++)
		if (problems.list[i].warning)
			(void)fprintf(
			        stderr, "postern run: %s:%u: %s\n", problems.list[i].file, problems.list[i].line, problems.list[i].text);
	policy_problems_free(&problems);
	return r;
}

/* Once more, while the tool runs. */
static int on_reload(void *arg, struct policy **out, struct err *err)
{
	const struct run *r = arg;
	struct policy_problems problems = {0};
	int e = policy_load(&r->from, out, &problems, err);
	if (e == -EINVAL && problems.errors)
		e = policy_problems_err(&problems, err);
	policy_problems_free(&problems);
	return e;
}

/* Does the tool get a copy? Without a word from anybody it works on the project itself, as its own commands do. */
static bool wants_copy(const struct policy *policy)
{
	const struct policy_value *v = &policy_settings(policy)->review;
	return v->place.layer != POLICY_BUILT_IN && v->value == POLICY_REVIEW_COPY;
}

/* The folder that what it writes goes to. */
static int begin_copy(const struct policy *policy, char *const *command, const char *project, struct arena *arena, struct review_run *out,
        const char *path[2], struct err *err)
{
	const char *slash = strrchr(command[0], '/');
	const struct review_run_new n = {
	        .project = project, .command = command, .tool = slash ? slash + 1 : command[0], .policy_sha256 = policy_digest(policy)};
	int r = review_run_create(&n, out, err);
	if (r < 0)
		return r;
	path[0] = arena_fmt(arena, "%s/upper", out->path);
	path[1] = arena_fmt(arena, "%s/work", out->path);
	return path[0] && path[1] ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static int run_fail(const struct err *err)
{
	(void)fprintf(stderr, "postern run: %s\n", err->text);
	return 125;
}

static int write_learned(const struct run *r, const char *home, const char *project, struct err *err)
{
	_cleanup_buf_ struct buf out = BUF((size_t)4 << 20);
	const struct policy_vars vars = {.home = home, .project = project};
	int e = policy_write(r->fact, r->n_facts, &vars, "learned", &out);
	if (e < 0)
		return err_sys(err, e, "what was learned cannot be written down");
	_cleanup_fd_ int fd = open(r->o->learn, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	e = fd < 0 ? -errno : fd_write_all(fd, buf_slice(&out));
	return e < 0 ? err_sys(err, e, "cannot write %s", r->o->learn) : 0;
}

/* How much waits in the copy; what cannot be counted now waits all the same. */
static void tell_written(const struct run *r, struct review_run *copy)
{
	_cleanup_buf_ struct buf line = BUF(4096);
	struct err err = {0};
	if (review_after_run(&line, copy, &err) < 0)
		say(r, "what it wrote waits: postern review %s (%s)", copy->id, err.text);
	else
		say(r, "%.*s", SLICE_FMT(slice_trim(buf_slice(&line))));
}

static void sum_up(const struct run *r, const struct session_result *s, const char *ledger)
{
	if (s->why[0])
		(void)fprintf(stderr, "postern run: the run was ended: %s\n", s->why);
	if (r->o->quiet || (!r->o->verbose && !s->counts.denied))
		return;
	say(r, "%llu request%s allowed, %llu denied; %llu bytes sent, %llu received", (unsigned long long)s->counts.allowed,
	        s->counts.allowed == 1 ? "" : "s", (unsigned long long)s->counts.denied, (unsigned long long)s->counts.sent,
	        (unsigned long long)s->counts.received);
	if (s->counts.entries)
		say(r, "on record: entries %llu to %llu of %s", (unsigned long long)s->counts.first_entry,
		        (unsigned long long)(s->counts.first_entry + s->counts.entries - 1), ledger);
}

static int run(void *options, const struct opt_args *args)
{
	struct run_opts *o = options;
	struct run r = {.o = o};
	struct err err = {0};
	_cleanup_arena_ struct arena arena = ARENA((size_t)32 << 20);
	struct sandbox_path path[PATHS_MAX];
	size_t n_paths = 0;
	char cwd[4096], project[4096];
	const char *home = getenv("HOME");
	const struct passwd *person = getpwuid(geteuid());
	const char *keep[OPT_LIST_MAX + 1] = {NULL}, *redirect[OPT_LIST_MAX + 1] = {NULL}, *upstream[OPT_LIST_MAX + 1] = {NULL};
	if (args->n)
		return cmd_usage("run", "the command goes after --, as in: postern run --allow api.example.com -- %.100s", args->arg[0]);
	if (!args->rest || args->n_rest == 0)
		return cmd_usage("run", "a command is missing: postern run [OPTIONS] -- COMMAND");
	if (o->review && o->direct)
		return cmd_usage("run", "--review and --direct exclude each other");
	if (!home || home[0] != '/')
		home = person ? person->pw_dir : "/";
	if (!getcwd(cwd, sizeof(cwd)) || !realpath(o->project ? o->project : cwd, project)) {
		(void)err_sys(&err, -errno, "cannot use the folder %s", o->project ? o->project : ".");
		return run_fail(&err);
	}
	if (strcmp(project, home) == 0 || strcmp(project, "/") == 0)
		return cmd_usage("run",
		        "%s is the whole of what is to be protected: go to the folder of a project, or name one with --project", project);
	struct policy *policy = NULL;
	if (load_policy(o, home, project, cwd, &arena, &r.from, &policy, &err) < 0)
		return run_fail(&err);
	if (add_paths(&arena, &o->ro, SANDBOX_READ, home, cwd, path, &n_paths) < 0 ||
	        add_paths(&arena, &o->rw, SANDBOX_WRITE, home, cwd, path, &n_paths) < 0 ||
	        add_paths(&arena, &o->hide, SANDBOX_HIDE, home, cwd, path, &n_paths) < 0) {
		policy_free(policy);
		return cmd_usage("run", "there are more than %u paths", PATHS_MAX);
	}
	add_program(&arena, args->rest[0], home, path, &n_paths);
	for (size_t i = 0; i < o->env.n; i++)
		keep[i] = o->env.item[i];
	for (size_t i = 0; i < o->connect_to.n; i++)
		redirect[i] = o->connect_to.item[i];
	for (size_t i = 0; i < o->upstream.n; i++)
		upstream[i] = o->upstream.item[i];
	const char *ledger;
	if (choose_ledger(&r, policy, &arena, &ledger, &err) < 0) {
		policy_free(policy);
		return cmd_usage("run", "%s", err.text);
	}
	sigset_t set;
	(void)sigemptyset(&set);
	static const int passed[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
	for (size_t i = 0; i < ARRAY_LEN(passed); i++)
		(void)sigaddset(&set, passed[i]);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	/* Before there are other threads, which would take it from the one that waits for it (confine/sandbox_trace.h). */
	sigset_t children;
	(void)sigemptyset(&children);
	(void)sigaddset(&children, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &children, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	_cleanup_fd_ int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	const char *file[POLICY_FILES_MAX];
	r.from.before = policy;
	if (policy_files(&r.from, &arena, file) < 0) {
		policy_free(policy);
		return cmd_usage("run", "there is not enough memory");
	}
	struct tunnel tunnel;
	if (choose_proxy(o, &tunnel, &err) < 0) {
		policy_free(policy);
		return cmd_usage("run", "%s", err.text);
	}
	struct session_spec spec = {
	        .policy = policy,
	        .argv = args->rest,
	        .cwd = strncmp(cwd, project, strlen(project)) == 0 ? cwd : project,
	        .home = home,
	        .project = project,
	        .user = person ? person->pw_name : arena_fmt(&arena, "uid %u", geteuid()),
	        .paths = path,
	        .n_paths = n_paths,
	        .keep_env = keep,
	        .redirects = redirect,
	        .upstreams = upstream,
	        .trust = o->trust,
	        .tunnel = tunnel.host[0] ? &tunnel : NULL,
	        .ledger = ledger,
	        .files = file,
	        .reload = on_reload,
	        .ledger_optional = !policy_settings(policy)->ledger_required.value,
	        .std = {0, 1, 2},
	        .questions = true,
	        .signals = signals,
	        .best_effort = o->best_effort,
	        .no_network = o->no_network,
	        .decided = on_decided,
	        .note = on_note,
	        .level = on_level,
	        .executed = on_executed,
	        /* What is learned must do for the next run. */
	        .libraries = o->learn != NULL,
	        .arg = &r,
	};
	struct session_result result = {0};
	r.arena = &arena;
	if (o->learn && !(r.fact = arena_array(&arena, FACTS_MAX, sizeof(*r.fact))))
		return cmd_usage("run", "there is not enough memory");
	struct review_run copy = {.folder = -1, .lock = -1};
	const char *where[2] = {NULL, NULL};
	int e = wants_copy(policy) ? begin_copy(policy, args->rest, project, &arena, &copy, where, &err) : 0;
	spec.upper = where[0];
	spec.work = where[1];
	e = e < 0 ? e : session_run(&spec, &result, &err);
	if (where[0]) {
		struct err late = {0};
		/* As wait(2) would have it. */
		int status = result.code > 128 ? result.code - 128 : result.code << 8;
		int w = review_run_end(&copy, status, e < 0 ? &late : &err);
		e = e < 0 ? e : w;
		if (e == 0)
			tell_written(&r, &copy);
		review_run_free(&copy);
	}
	if (e == 0 && o->learn)
		e = write_learned(&r, home, project, &err);
	policy_free(policy);
	if (e < 0)
		return run_fail(&err);
	sum_up(&r, &result, ledger ? ledger : "");
	return result.code;
}

const struct command cmd_run = {
        .name = "run",
        .summary = "run a tool so that it can do its work and nothing else",
        .operands = "-- COMMAND [ARGUMENT...]",
        .examples = run_examples,
        .options = run_table,
        .options_size = sizeof(struct run_opts),
        .run = run,
};
