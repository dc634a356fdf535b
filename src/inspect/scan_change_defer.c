/* What runs later and by itself, for scan_change: hooks of git, what shells, interpreters and builds start with, workflows of code hosts;
 * and files that nobody can read, as programs are. */
#include "inspect/scan_change.h"
#include "inspect/scan_part.h"
#include "inspect/scan_shell.h"
#include "parse/conf.h"
#include "parse/source.h"

#define WORKFLOW_ARENA ((size_t)32 << 20)
#define NODES          200000u
#define SHOWN          160u

/* ── files that are run by their names ── */

static bool has_part(const char *path, const char *part)
{
	return slice_find(slice_str(path), slice_str(part), 0) != SLICE_NPOS || slice_starts(slice_str(path), slice_str(part + 1));
}

static bool is_git_hook(const char *path)
{
	static const char *const names[] = {"applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit",
	        "prepare-commit-msg", "commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "post-rewrite",
	        "post-index-change", "fsmonitor-watchman", NULL};
	return scan_one_of(slice_base(slice_str(path)), names) &&
	       (has_part(path, "/.husky/") || has_part(path, "/.githooks/") || has_part(path, "/.git-hooks/") ||
	               has_part(path, "/githooks/") || has_part(path, "/hooks/"));
}

enum change_defers change_defers(const char *path)
{
	struct slice name = slice_base(slice_str(path));
	if (is_git_hook(path) || slice_is(name, ".envrc"))
		return CHANGE_RUN_UNASKED;
	if (slice_is(name, "sitecustomize.py") || slice_is(name, "usercustomize.py") || slice_ends(name, SLICE(".pth")))
		return CHANGE_RUN_STARTUP;
	return slice_is(name, "setup.py") || slice_is(name, "build.rs") ? CHANGE_RUN_BUILD : CHANGE_RUN_NEVER;
}

/* A line of a .pth file that begins so is run by every Python that starts. */
static bool pth_runs(struct slice t, size_t *at)
{
	struct slice rest = t, line;
	while (slice_split(&rest, '\n', &line))
		if (slice_starts(line, SLICE("import ")) || slice_starts(line, SLICE("import\t"))) {
			*at = (size_t)(line.p - t.p);
			return true;
		}
	return false;
}

static void by_name(struct change_facts *f)
{
	struct slice name = slice_base(slice_str(f->path));
	enum change_defers defers = change_defers(f->path);
	size_t at = 0;
	if (defers == CHANGE_RUN_UNASKED) {
		change_add(f, SCAN_RULE_CHANGE_ADDS_HOOK, CHANGE_FIRST, SLICE("hook"), 0, 0, "%s",
		        slice_is(name, ".envrc") ? "direnv runs it when somebody enters the folder, once it is allowed"
		                                 : "git runs it, where the hooks of this folder are set up");
		/* Its name does not say the language. */
		if (!source_language((const char *)name.p, f->text))
			change_shell(f);
	} else if (defers == CHANGE_RUN_STARTUP && !(slice_ends(name, SLICE(".pth")) && !pth_runs(f->text, &at))) {
		change_add(f, f->test ? SCAN_RULE_CHANGE_ADDS_HOOK : SCAN_RULE_CHANGE_STARTUP, CHANGE_FIRST, SLICE("startup"), at, 0, NULL);
	}
}

/* ── workflows ── */

struct workflow {
	struct change_facts *f;
	bool foreign; /* runs with the project's rights for who has none */
};

static size_t place(const struct change_facts *f, const struct conf *v)
{
	size_t at = 0;
	for (unsigned line = 1; line < v->line && at < f->text.n; line++) {
		size_t end = slice_chr(f->text, '\n', at);
		at = end == SLICE_NPOS ? f->text.n : end + 1;
	}
	return at < f->text.n ? at : 0;
}

static bool is_foreign_event(struct slice s)
{
	return slice_is(s, "pull_request_target") || slice_is(s, "workflow_run") || slice_is(s, "issue_comment");
}

static bool has_foreign_event(const struct conf *on)
{
	if (!on)
		return false;
	if (conf_is_text(on))
		return is_foreign_event(on->text);
	for (const struct conf *c = on->child; c; c = c->next)
		if (is_foreign_event(c->key.p ? c->key : c->text))
			return true;
	return false;
}

/* Texts that anybody who may open an issue or a pull request chooses. */
static bool chosen_by_anybody(struct slice expression)
{
	static const char *const names[] = {"github.event.issue.title", "github.event.issue.body", "github.event.pull_request.title",
	        "github.event.pull_request.body", "github.event.comment.body", "github.event.review.body",
	        "github.event.review_comment.body", "github.event.discussion.title", "github.event.discussion.body",
	        "github.event.head_commit.message", "github.event.pull_request.head.ref", "github.event.pull_request.head.label",
	        "github.head_ref"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_is(expression, names[i]))
			return true;
	return false;
}

/* "${{ … }}" in a script is put there as it is, before the shell reads it. */
static void script(struct workflow *w, const struct conf *v)
{
	const unsigned harm = SHELL_DOES_REVERSE | SHELL_DOES_SENDS | SHELL_DOES_HIDDEN | SHELL_DOES_DISGUISED;
	struct slice t = v->text;
	for (size_t at = slice_find(t, SLICE("${{"), 0); at != SLICE_NPOS; at = slice_find(t, SLICE("${{"), at + 3)) {
		size_t end = slice_find(t, SLICE("}}"), at);
		struct slice inner = slice_trim(slice_sub(t, at + 3, (end == SLICE_NPOS ? t.n : end) - at - 3));
		if (chosen_by_anybody(inner))
			change_add(w->f, SCAN_RULE_CHANGE_WORKFLOW_TEXT, CHANGE_EACH, inner, place(w->f, v), 0, "run: ${{ %.*s }}",
			        SLICE_FMT(slice_sub(inner, 0, SHOWN)));
	}
	if (scan_shell(t) & harm)
		change_add(w->f, SCAN_RULE_CODE_COMMAND, CHANGE_EACH, t, place(w->f, v), 0, "run: %.*s", SLICE_FMT(slice_sub(t, 0, SHOWN)));
}

/* All secrets at once: no step needs them. */
static void all_secrets(struct workflow *w, const struct conf *v)
{
	if (conf_is_text(v) && (slice_find(v->text, SLICE("toJSON(secrets)"), 0) != SLICE_NPOS ||
	                               slice_find(v->text, SLICE("toJson(secrets)"), 0) != SLICE_NPOS))
		change_add(w->f, SCAN_RULE_CHANGE_WORKFLOW_SECRETS, CHANGE_MORE, SLICE("secrets"), place(w->f, v), 0, "%.*s",
		        SLICE_FMT(slice_sub(v->text, 0, SHOWN)));
}

static void uses(struct workflow *w, const struct conf *v, const struct conf *with)
{
	static const char *const heads[] = {
	        "github.event.pull_request.head", "github.head_ref", "refs/pull/", "github.event.workflow_run.head"};
	struct slice name = v->text;
	size_t version = slice_chr(name, '@', 0);
	name = slice_sub(name, 0, version == SLICE_NPOS ? name.n : version);
	const struct conf *ref = conf_get(with, SLICE("ref"));
	bool checkout = slice_is(name, "actions/checkout");
	for (size_t i = 0; checkout && w->foreign && conf_is_text(ref) && i < ARRAY_LEN(heads); i++)
		if (slice_find(ref->text, slice_str(heads[i]), 0) != SLICE_NPOS) {
			change_add(w->f, SCAN_RULE_CHANGE_WORKFLOW_HEAD, CHANGE_MORE, SLICE("head"), place(w->f, ref), 0,
			        "checkout of %.*s", SLICE_FMT(slice_sub(ref->text, 0, SHOWN)));
			break;
		}
	if (!slice_starts(name, SLICE("actions/")) && !slice_starts(name, SLICE("github/")) && !slice_starts(name, SLICE(".")) && name.n)
		change_add(w->f, SCAN_RULE_CHANGE_DEPENDENCY, CHANGE_EACH, name, place(w->f, v), 0, "action: %.*s",
		        SLICE_FMT(slice_sub(v->text, 0, SHOWN)));
}

/* "if: false" */
static void never(struct workflow *w, const struct conf *v)
{
	const struct conf *when = conf_get(v, SLICE("if"));
	struct slice t = when && (when->type == CONF_TEXT || when->type == CONF_BOOL) ? slice_trim(when->text) : SLICE_NONE;
	if (slice_is(t, "false") || slice_is(t, "${{ false }}"))
		change_add(w->f, SCAN_RULE_CHANGE_TEST_OFF, CHANGE_MORE, SLICE_NONE, place(w->f, when), 0, "%s", "if: false");
}

static int step(void *arg, const struct conf *v, struct slice key)
{
	struct workflow *w = arg;
	(void)key;
	never(w, v);
	const struct conf *run = conf_get(v, SLICE("run")), *with = conf_get(v, SLICE("with")), *env = conf_get(v, SLICE("env")),
	                  *action = conf_get(v, SLICE("uses"));
	if (conf_is_text(run)) {
		script(w, run);
		all_secrets(w, run);
	}
	if (conf_is_text(action))
		uses(w, action, with);
	for (const struct conf *c = with ? with->child : NULL; c; c = c->next) {
		all_secrets(w, c);
		if (conf_is_text(c) && slice_is(c->key, "script"))
			script(w, c);
	}
	for (const struct conf *c = env ? env->child : NULL; c; c = c->next)
		all_secrets(w, c);
	return 0;
}

static int job(void *arg, const struct conf *v, struct slice key)
{
	struct workflow *w = arg;
	const struct conf *env = conf_get(v, SLICE("env")), *steps = conf_get(v, SLICE("steps"));
	(void)key;
	never(w, v);
	for (const struct conf *c = env ? env->child : NULL; c; c = c->next)
		all_secrets(w, c);
	return conf_every(steps, "*", step, w);
}

static void workflow(struct change_facts *f)
{
	_cleanup_arena_ struct arena arena = ARENA(WORKFLOW_ARENA);
	struct conf *root;
	if (!has_part(f->path, "/.github/workflows/") || conf_read(CONF_YAML, f->text, NODES, &arena, &root, NULL) < 0)
		return;
	struct workflow w = {.f = f, .foreign = has_foreign_event(conf_get(root, SLICE("on")))};
	f->looked = true;
	(void)conf_every(root, "jobs/*", job, &w);
}

void change_deferred(struct change_facts *f)
{
	by_name(f);
	workflow(f);
}

/* ── what nobody can read ── */

static const char *program(struct slice t)
{
	static const struct {
		struct slice mark;
		const char *what;
	} rows[] = {
	        {SLICE_INIT("\177ELF"), "ELF"},
	        {SLICE_INIT("\0asm"), "WebAssembly"},
	        {SLICE_INIT("\xce\xfa\xed\xfe"), "Mach-O"},
	        {SLICE_INIT("\xcf\xfa\xed\xfe"), "Mach-O"},
	        {SLICE_INIT("\xca\xfe\xba\xbe"), "Java or Mach-O"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_starts(t, rows[i].mark))
			return rows[i].what;
	/* The place of the other header is in the first. */
	if (slice_starts(t, SLICE("MZ")) && t.n > 64) {
		uint64_t at = slice_le(slice_sub(t, 60, 4));
		if (at < t.n && slice_starts(slice_from(t, (size_t)at), SLICE("PE\0\0")))
			return "PE";
	}
	return NULL;
}

static bool is_media(struct slice t)
{
	static const struct slice marks[] = {SLICE_INIT("\x89PNG"), SLICE_INIT("\xff\xd8\xff"), SLICE_INIT("GIF8"), SLICE_INIT("RIFF"),
	        SLICE_INIT("wOFF"), SLICE_INIT("wOF2"), SLICE_INIT("\0\1\0\0"), SLICE_INIT("OTTO"), SLICE_INIT("%PDF"),
	        SLICE_INIT("\0\0\1\0"), SLICE_INIT("ID3"), SLICE_INIT("OggS"), SLICE_INIT("fLaC"), SLICE_INIT("BM"),
	        SLICE_INIT("\x1a\x45\xdf\xa3"), SLICE_INIT("8BPS"), SLICE_INIT("\xff\xfb"), SLICE_INIT("II*\0"), SLICE_INIT("MM\0*")};
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (slice_starts(t, marks[i]))
			return true;
	return slice_starts(slice_from(t, 4), SLICE("ftyp"));
}

void change_binary(struct change_facts *f)
{
	const char *what = program(f->text);
	if (what)
		change_add(f, f->test ? SCAN_RULE_CHANGE_ADDS_BINARY : SCAN_RULE_CHANGE_PROGRAM, CHANGE_FIRST, SLICE("program"), 0, 0, "%s",
		        what);
	else if (!is_media(f->text) && f->text.n)
		change_add(f, SCAN_RULE_CHANGE_ADDS_BINARY, CHANGE_FIRST, SLICE("binary"), 0, 0, "%zu bytes", f->text.n);
}
