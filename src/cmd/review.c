/* postern review: what a contained tool wrote, and what of it comes into the project. */
#include "cmd/review.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "ledger/home.h"
#include "report/write.h"
#include "review/apply.h"
#include "sys/fd.h"

struct review_opts {
	bool list, diff, accept_flagged, force, keep_setuid, interactive, discard, finish, undo;
	const char *apply, *ledger;
	struct opt_list except;
	unsigned format;
	uint64_t limit;
};

enum { FORMAT_TEXT, FORMAT_JSON };
static const char *const formats[] = {"text", "json", NULL};

static const struct opt review_table[] = {
        OPT_FLAG(struct review_opts, list, "list", 'l', "list the runs of all projects instead"),
        OPT_FLAG(struct review_opts, diff, "diff", 'd', "show the changes of texts line by line, of the paths after -- if there are any"),
        OPT_CHOICE(struct review_opts, format, "format", 'f', "FORMAT", formats, "what is printed; by default text"),
        OPT_U64(struct review_opts, limit, "limit", 0, "N", 1, 1000000000,
                "show at most N changes of each part, or lines of each diff; by default 200"),
        OPT_STRING(struct review_opts, apply, "apply", 'a', "WHAT", "apply all, or this path or pattern and those after --"),
        OPT_LIST(struct review_opts, except, "except", 'x', "PATTERN", NULL, "leave out these paths or patterns, and what is below them"),
        OPT_FLAG(struct review_opts, accept_flagged, "accept-flagged", 0, "apply flagged changes too, without naming each"),
        OPT_FLAG(struct review_opts, interactive, "interactive", 'i', "ask about one change after the other, then apply what was chosen"),
        OPT_FLAG(struct review_opts, force, "force", 0, "apply in spite of conflicts, over what is in the project now"),
        OPT_FLAG(struct review_opts, keep_setuid, "keep-setuid", 0, "keep set-user-id and set-group-id bits"),
        OPT_FLAG(struct review_opts, discard, "discard", 0, "throw away what the tool wrote"),
        OPT_FLAG(struct review_opts, finish, "finish", 0, "finish an apply that was interrupted"),
        OPT_FLAG(struct review_opts, undo, "undo", 0, "take back an apply that was interrupted"),
        OPT_STRING(struct review_opts, ledger, "ledger", 0, "DIR",
                "put what is applied into this ledger, see postern-log(1); by default one in the data folder; none leaves it out"),
        OPT_END,
};
static const struct review_opts review_defaults = {.limit = 200};

static const char *const review_examples[] = {
        "postern review  # what the newest run in this folder wrote, flagged changes first",
        "postern review --diff -- src  # line by line, of one folder",
        "postern review --apply all  # all of it; refused if something is flagged",
        "postern review --apply all --except .git/hooks --accept-flagged",
        "postern review --apply Makefile -- src docs  # some of it, flagged ones by name",
        "postern review --interactive",
        "postern review --list",
        NULL,
};

static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
	(void)signal;
	stopped = 1;
}

static int fail(const struct err *err, int code)
{
	_cleanup_buf_ struct buf b = BUF(4096);
	write_visible(&b, slice_str(err->text));
	(void)fprintf(stderr, "postern review: %s\n", buf_str(&b));
	return code;
}

/* ---- the list of runs */

static int list_runs(const struct review_opts *o)
{
	struct err err = {0};
	struct review_run *runs = NULL;
	size_t n = 0;
	int r = review_run_list(&runs, &n, &err);
	_cleanup_buf_ struct buf out = BUF((size_t)64 << 20);
	if (o->format == FORMAT_JSON)
		buf_str_add(&out, "[");
	else if (r == 0 && n == 0)
		buf_str_add(&out, "There are no runs.\n");
	for (size_t i = 0; i < n; i++) {
		const struct review_run *x = &runs[i];
		if (o->format == FORMAT_JSON) {
			buf_fmt(&out, "%s\n  {\"id\": \"%s\", \"state\": \"%s\", \"project\": ", i ? "," : "", x->id,
			        review_state_word(x->state));
			write_json(&out, x->project);
			buf_str_add(&out, ", \"command\": ");
			write_json(&out, x->command);
			buf_fmt(&out, ", \"started_ms\": %lld, \"status\": %d}", (long long)(x->started / 1000000), x->status);
		} else {
			buf_fmt(&out, "%-21s %-14s ", x->id, review_state_word(x->state));
			write_visible(&out, slice_str(x->project));
			buf_str_add(&out, "  ");
			write_visible(&out, slice_sub(slice_str(x->command), 0, 80));
			buf_u8(&out, '\n');
		}
		review_run_free(&runs[i]);
	}
	if (o->format == FORMAT_JSON)
		buf_str_add(&out, n ? "\n]\n" : "]\n");
	free(runs);
	return r < 0 ? fail(&err, EXIT_USAGE) : cmd_print(&out);
}

/* ---- choosing */

/* A path itself, or a pattern. Without a folder in it a pattern is looked for in all folders. */
static bool named(const char *word, const char *path)
{
	if (strncmp(word, "./", 2) == 0)
		word += 2;
	if (strcmp(word, path) == 0)
		return true;
	if (!strchr(word, '*'))
		return false;
	if (strchr(word, '/'))
		return flag_match(word, path);
	const char *slash = strrchr(path, '/');
	return flag_match(word, slash ? slash + 1 : path);
}

/* The path, or something that it lies in. */
static bool covers(const char *word, const char *path)
{
	char above[4097];
	size_t n = strlen(word);
	while (n > 1 && word[n - 1] == '/')
		n--;
	char clean[4097];
	if (n >= sizeof(clean) || strlen(path) >= sizeof(above))
		return false;
	(void)snprintf(clean, sizeof(clean), "%.*s", (int)n, word);
	if (strcmp(clean, ".") == 0)
		return true;
	(void)snprintf(above, sizeof(above), "%s", path);
	for (;;) {
		if (named(clean, above))
			return true;
		char *slash = strrchr(above, '/');
		if (!slash)
			return false;
		*slash = 0;
	}
}

struct choice {
	const char *const *word;
	size_t n;
	bool all;
};

static bool chosen(const struct choice *c, const char *path, bool exactly)
{
	for (size_t i = 0; i < c->n; i++)
		if (exactly ? named(c->word[i], path) : covers(c->word[i], path))
			return true;
	return false;
}

/* Is each of its flags accepted? Of installed packages the folder is what is named. */
static bool accepted(const struct choice *c, const struct change *x)
{
	for (const struct flag *f = x->flags; f; f = f->next)
		if (!chosen(c, x->path, !flag_is_packages(f->rule)))
			return false;
	return true;
}

static bool excepted(const struct review_opts *o, const char *path)
{
	for (size_t i = 0; i < o->except.n; i++)
		if (covers(o->except.item[i], path))
			return true;
	return false;
}

/* Sets `picked`. The number, or after a message -EXIT_FOUND: a flagged change that was not named; -EXIT_USAGE: a word that fits nothing. */
static long choose(const struct review_opts *o, const struct choice *c, struct change_set *set)
{
	long n = 0;
	size_t refused = 0;
	_cleanup_buf_ struct buf why = BUF(16384);
	for (size_t i = 0; i < set->n; i++) {
		struct change *x = &set->change[i];
		x->picked = (c->all || chosen(c, x->path, false)) && !excepted(o, x->path);
		n += x->picked;
		if (!x->picked || !x->flags || o->accept_flagged || accepted(c, x))
			continue;
		if (refused++ < 10) {
			buf_str_add(&why, "  ");
			write_visible(&why, slice_str(x->path));
			buf_fmt(&why, ": %s\n", x->flags->rule->why);
		}
	}
	for (size_t w = 0; w < c->n; w++) {
		bool fits = false;
		for (size_t i = 0; i < set->n && !fits; i++)
			fits = covers(c->word[w], set->change[i].path);
		if (!fits) {
			struct err err = {0};
			err_set(&err, -ENOENT, "nothing that changed is called \"%.200s\"", c->word[w]);
			return -fail(&err, EXIT_USAGE);
		}
	}
	if (refused) {
		(void)fprintf(stderr, "postern review: nothing was applied: %zu of these changes are flagged\n%s", refused, buf_str(&why));
		if (refused > 10)
			(void)fprintf(stderr, "  and %zu more\n", refused - 10);
		(void)fprintf(stderr, "Name each, leave them out with --except, or accept them with --accept-flagged.\n");
		return -EXIT_FOUND;
	}
	return n;
}

/* ---- doing */

struct doing {
	const struct review_opts *o;
	struct review_run *run;
	const char *ledger; /* NULL: none */
};

static int before_apply(void *arg, const struct change_set *set, struct err *err)
{
	const struct doing *d = arg;
	if (!d->ledger)
		return 0;
	char message[128];
	size_t n = 0;
	for (size_t i = 0; i < set->n; i++)
		n += set->change[i].picked;
	(void)snprintf(message, sizeof(message), "%zu changes of run %s are to be applied to its project", n, d->run->id);
	return review_ledger_write(d->ledger, d->run, set, "apply", message, err);
}

static void note_outcome(const struct doing *d, const char *act, const char *message)
{
	struct err err = {0};
	if (d->ledger && review_ledger_write(d->ledger, d->run, NULL, act, message, &err) < 0)
		(void)fprintf(stderr, "postern review: the outcome is not in the ledger: %s\n", err.text);
}

static int apply(struct doing *d, const struct change_source *s, struct change_set *set)
{
	struct err err = {0};
	struct apply_result result = {0};
	const struct apply_options o = {
	        .force = d->o->force, .keep_setuid = d->o->keep_setuid, .before = before_apply, .arg = d, .stop = &stopped};
	const struct sigaction catch = {.sa_handler = on_signal}, usual = {.sa_handler = SIG_DFL};
	const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		(void)sigaction(signals[i], &catch, NULL);
	int r = review_apply(d->run, s, set, &o, &result, &err);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		(void)sigaction(signals[i], &usual, NULL);
	if (r < 0) {
		note_outcome(d, "failed", "the changes were not applied");
		if (r == -EINPROGRESS || r == -EBUSY)
			return fail(&err, EXIT_INCONCLUSIVE);
		return fail(&err, r == -EEXIST ? EXIT_FOUND : EXIT_USAGE);
	}
	note_outcome(d, "applied", "the changes were applied");
	size_t left = set->n - result.applied;
	r = left ? 0 : review_run_drop(d->run, REVIEW_APPLIED, &err);
	if (left) {
		d->run->state = REVIEW_PARTIAL;
		r = review_run_save(d->run, &err);
	}
	if (r < 0)
		(void)fail(&err, EXIT_OK);
	_cleanup_buf_ struct buf out = BUF(8192);
	buf_fmt(&out, "applied %zu change%s to ", result.applied, write_s(result.applied));
	write_visible(&out, slice_str(d->run->project));
	if (left)
		buf_fmt(&out, "; %zu wait%s", left, left == 1 ? "s" : "");
	if (result.left_out)
		buf_fmt(&out, ", of which %zu cannot be applied", result.left_out);
	buf_u8(&out, '\n');
	return cmd_print(&out);
}

static int discard(struct doing *d)
{
	struct err err = {0};
	int r = review_run_drop(d->run, REVIEW_DISCARDED, &err);
	if (r < 0)
		return fail(&err, EXIT_USAGE);
	note_outcome(d, "discarded", "what the run wrote was thrown away");
	(void)printf("discarded what run %s wrote\n", d->run->id);
	return EXIT_OK;
}

static int recover(struct doing *d)
{
	struct err err = {0};
	bool finished;
	if (!apply_pending(d->run)) {
		err_set(&err, -ENOENT, "no apply of run %s was interrupted", d->run->id);
		return fail(&err, EXIT_USAGE);
	}
	bool half = apply_half_done(d->run);
	int r = apply_recover(d->run, d->o->finish, &finished, &err);
	if (r < 0)
		return fail(&err, EXIT_INCONCLUSIVE);
	if (!half && !d->o->finish && !d->o->undo)
		(void)fprintf(stderr, "postern review: cleaned up after an apply that was interrupted %s\n",
		        finished ? "when all was applied" : "before it changed anything");
	if (finished)
		d->run->state = REVIEW_PARTIAL;
	if (finished && review_run_save(d->run, &err) < 0)
		(void)fail(&err, EXIT_OK);
	note_outcome(
	        d, finished ? "applied" : "failed", finished ? "an interrupted apply was finished" : "an interrupted apply was taken back");
	if (d->o->finish || d->o->undo)
		(void)printf(
		        "%s\n", finished ? "finished: all that was to be applied is applied" : "undone: the project is as it was before");
	return EXIT_OK;
}

/* ---- showing */

static int show(const struct review_opts *o, const struct review_run *run, const struct change_source *s, struct change_set *set,
        const struct choice *paths, bool alive)
{
	struct review_counts n = review_count(set);
	int code = n.flagged ? EXIT_FOUND : EXIT_OK, r;
	if (o->format == FORMAT_JSON) {
		r = review_json(run, set);
		return r == EXIT_OK ? code : r;
	}
	_cleanup_buf_ struct buf out = BUF((size_t)256 << 20);
	if (!o->diff) {
		review_head(&out, run, alive);
		review_text(&out, run, s, set, o->limit);
		if (set->n)
			buf_fmt(&out,
			        "\n\"postern review %s --diff\" shows lines, --apply brings them into the project, --discard throws them "
			        "away.\n",
			        run->id);
	}
	for (size_t i = 0; o->diff && i < set->n; i++) {
		if ((paths->n && !chosen(paths, set->change[i].path, false)) || excepted(o, set->change[i].path))
			continue;
		review_diff(&out, s, &set->change[i], o->limit);
		if (out.n > (size_t)1 << 20) {
			r = cmd_print(&out);
			if (r != EXIT_OK)
				return r;
			buf_reset(&out);
		}
	}
	r = cmd_print(&out);
	return r == EXIT_OK ? code : r;
}

static int work(struct doing *d, const struct choice *c, bool alive)
{
	struct err err = {0};
	struct change_source s = {.lower = -1, .upper = -1};
	struct change_set set = {0};
	const struct review_opts *o = d->o;
	int code = EXIT_OK, r = review_run_source(d->run, &s, &err);
	if (r == 0)
		r = change_set_read(&s, &set, &err);
	if (r == 0)
		r = review_flag_set(&s, &set, &err);
	r = r < 0 ? r : review_scan(&s, &set, &err);
	if (r < 0) {
		code = fail(&err, EXIT_USAGE);
	} else if (o->interactive) {
		code = review_ask(&s, &set, o->limit) ? apply(d, &s, &set) : EXIT_OK;
	} else if (o->apply) {
		long n = choose(o, c, &set);
		code = n < 0 ? (int)-n : n == 0 && set.n ? EXIT_OK : apply(d, &s, &set);
		if (n == 0 && set.n)
			(void)puts("nothing is left to apply");
	} else {
		code = show(o, d->run, &s, &set, c, alive);
	}
	change_set_free(&set);
	review_run_source_close(&s);
	return code;
}

int review_after_run(struct buf *out, struct review_run *run, struct err *err)
{
	struct change_source s = {.lower = -1, .upper = -1};
	struct change_set set = {0};
	/* A walk holds two descriptors for each level of folders. */
	fd_raise_limit();
	int r = review_run_source(run, &s, err);
	r = r < 0 ? r : change_set_read(&s, &set, err);
	r = r < 0 ? r : review_flag_set(&s, &set, err);
	r = r < 0 ? r : review_scan(&s, &set, err);
	if (r == 0 && set.n == 0) {
		buf_str_add(out, "It changed nothing in the project.\n");
		r = review_run_remove(run, err);
	} else if (r == 0) {
		struct review_counts n = review_count(&set);
		buf_fmt(out, "%zu change%s wait%s", set.n, write_s(set.n), set.n == 1 ? "s" : "");
		if (n.flagged)
			buf_fmt(out, ", %zu flagged (%zu run%s by %s)", n.flagged, n.runs, n.runs == 1 ? "s" : "",
			        n.runs == 1 ? "itself" : "themselves");
		if (n.found)
			buf_fmt(out, ", in %zu a scan found something", n.found);
		buf_fmt(out, ": postern review %s\n", run->id);
	}
	change_set_free(&set);
	review_run_source_close(&s);
	return r;
}

static int with_run(struct doing *d, const struct choice *c)
{
	struct err err = {0};
	const struct review_opts *o = d->o;
	bool changes = o->apply || o->interactive || o->discard || o->finish || o->undo;
	int r = review_run_lock(d->run, &err);
	bool alive = r == -EBUSY;
	if (r < 0 && (changes || !alive))
		return fail(&err, alive ? EXIT_INCONCLUSIVE : EXIT_USAGE);
	if (o->finish || o->undo)
		return recover(d);
	if (!alive && apply_pending(d->run) && !apply_half_done(d->run)) {
		int code = recover(d);
		if (code != EXIT_OK)
			return code;
	}
	if (!alive && apply_pending(d->run)) {
		err_set(&err, -EBUSY,
		        "an apply of run %s was interrupted: \"postern review %s --finish\" goes on with it, \"postern review %s --undo\" "
		        "takes it "
		        "back",
		        d->run->id, d->run->id, d->run->id);
		return fail(&err, EXIT_INCONCLUSIVE);
	}
	if (d->run->state == REVIEW_APPLIED || d->run->state == REVIEW_DISCARDED) {
		if (changes) {
			err_set(&err, -ENOENT, "what run %s wrote is %s already", d->run->id, review_state_word(d->run->state));
			return fail(&err, EXIT_USAGE);
		}
		_cleanup_buf_ struct buf out = BUF(65536);
		if (o->format == FORMAT_JSON)
			return review_json(d->run, &(struct change_set){0});
		review_head(&out, d->run, false);
		return cmd_print(&out);
	}
	if (o->discard)
		return discard(d);
	if (o->interactive && !isatty(STDIN_FILENO))
		return cmd_usage("review", "--interactive needs a terminal");
	return work(d, c, alive);
}

static int review_main(void *options, const struct opt_args *args)
{
	const struct review_opts *o = options;
	struct err err = {0};
	int acts = (o->apply != NULL) + o->interactive + o->discard + o->finish + o->undo + o->diff + o->list;
	if (acts > 1)
		return cmd_usage("review", "one of --list, --diff, --apply, --interactive, --discard, --finish and --undo at a time");
	if (args->n > 1)
		return cmd_usage("review", "one run at a time; paths stand after --");
	if (o->list)
		return args->n || args->rest ? cmd_usage("review", "--list lists all runs") : list_runs(o);
	if (args->rest && !o->diff && !o->apply)
		return cmd_usage("review", "paths after -- go with --diff or --apply");
	if (args->rest && o->apply && strcmp(o->apply, "all") == 0)
		return cmd_usage("review", "--apply all is everything; --except leaves paths out");
	_cleanup_free_ const char **words = calloc(args->n_rest + 2, sizeof(*words));
	_cleanup_arena_ struct arena arena = ARENA(65536);
	if (!words)
		return EXIT_USAGE;
	struct choice c = {.word = words, .all = o->apply && strcmp(o->apply, "all") == 0};
	if (o->apply && !c.all)
		words[c.n++] = o->apply;
	for (size_t i = 0; i < args->n_rest; i++)
		words[c.n++] = args->rest[i];
	/* A walk holds two descriptors for each level of folders. */
	fd_raise_limit();
	struct review_run run = REVIEW_RUN_NONE;
	if (review_run_open(args->n ? args->arg[0] : NULL, ".", &run, &err) < 0)
		return fail(&err, EXIT_USAGE);
	struct doing d = {.o = o, .run = &run, .ledger = o->ledger ? o->ledger : ledger_home(&arena)};
	if (d.ledger && strcmp(d.ledger, "none") == 0)
		d.ledger = NULL;
	int code = with_run(&d, &c);
	review_run_free(&run);
	return code;
}

const struct command cmd_review = {
        .name = "review",
        .summary = "see what a contained tool wrote, and apply what you want of it",
        .operands = "[RUN] [-- PATH...]",
        .examples = review_examples,
        .options = review_table,
        .options_size = sizeof(struct review_opts),
        .defaults = &review_defaults,
        .run = review_main,
};
