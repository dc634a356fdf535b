#include "vet/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#include "base/random.h"
#include "crypto/cert.h"
#include "sys/fd.h"
#include "sys/loop.h"
#include "vet/after.h"
#include "vet/analysis.h"
#include "vet/combine.h"
#include "vet/conduct.h"
#include "vet/coverage.h"
#include "vet/feature.h"
#include "vet/fields.h"
#include "vet/gate.h"
#include "vet/hosts.h"
#include "vet/mined.h"
#include "vet/oddity.h"
#include "vet/setup.h"
#include "vet/stat.h"
#include "wire/world_config.h"

#define TRIALS_MAX   4096
#define LITERALS_MAX 512
#define ARENA_BYTES  ((size_t)512 << 20)
/* Fresh trials to confirm what is suspected; with --quick, what the plan has left of its limit. */
#define CONFIRM_TRIALS 24
/* Of a base's baselines, at least so many must have worked, or nothing can be said of that base. */
#define BASELINES_MIN 2
#define OUTPUT_SHOWN  300
#define HOPELESS      3 /* failures in each base */
#define NOTES_MAX     40
/* What the gate needs to start and to end, on a busy machine. */
#define GATE_SECONDS 10
/* Levels under which quantities seem to lie apart: tried once more each, then those that still do so often that it can be decided. */
#define PROBE_SUSPECTS   (PLAN_QUICK_PROBES / 5)
#define PROBE_DECIDED    (PLAN_QUICK_PROBES / 10)
#define PROBE_QUICK_RUNS 6
/* Of suspected bits so many fresh runs come first, and the rest if these bear it out. */
#define PROBE_FIRST 4
/* Sixteen levels are halved four times, and then repeated. */
#define PAIRED_ROUNDS 14
/* Trials of a level that is to be closed. */
#define GATE_TIMES 3

struct one {
	struct run *run;
	unsigned number; /* from 1 */
	struct plan_trial plan;
	bool confirming, probe, spread, paired;
	enum analysis_row row;
	struct setup setup;
	struct trial *trial; /* while it runs */
	bool used;           /* it has an observation */
	struct noise_spec noise;
	uint32_t stream; /* that its randomness follows from, or 0 */
};

struct run {
	const struct vet_subject *subject;
	struct vet_subject with_gate;
	struct vet_gate_program program;
	const struct profile *profile;
	const struct vet_options *options;
	struct vet_result *result;
	struct arena *arena; /* the result's */
	struct loop *loop;
	struct feature_set *features;
	struct hosts *hosts;
	struct oddities *oddities;
	struct conduct *conduct; /* NULL: not wanted */
	const char *no_conduct;
	struct buf ca_cert, ca_key;
	struct buf trusted; /* what a trial trusts: ca_cert, and the public ones */
	struct one *all;    /* TRIALS_MAX */
	unsigned n_all, next, running, done, jobs;
	struct mined_levels *mined;          /* NULL: no levels from the artefact's constants */
	unsigned n_mined;                    /* trials of these */
	struct analysis_trial *observations; /* by observation */
	struct vet_trial_row *rows;          /* by trial */
	unsigned n_observations;
	unsigned failed_in_base[BASE_COUNT], worked_in_base[BASE_COUNT];
	bool real_calls, real_clock; /* seen by a tool in at least one trial: the real machine's */
	bool stopping;
	struct combine *combine;
	struct err err;    /* fatal */
	char failure[800]; /* how the first trial that did not work ended */
	double started;
	struct source *stop_source;
};

static double now_s(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Of a trial that confirms, factor and level stay zero, and level zero is nobody's own. */
static bool combined(const struct plan_trial *t)
{
	return !t->baseline && t->level == 0 && !t->row;
}

static const char *varied(struct run *run, const struct plan_trial *t)
{
	char words[1024];
	if (t->baseline)
		return "baseline";
	if (t->row) {
		plan_treatment_words(&t->treatment, words, sizeof(words));
		const char *row = arena_str(run->arena, slice_str(words));
		return row ? row : "";
	}
	if (combined(t))
		return "several, to confirm";
	const struct factor_level *l = factor_level_at(t->factor, t->level);
	unsigned list = mined_list_of(run->mined, t->factor, t->level);
	const char *text = list ? arena_fmt(run->arena, "%s = %s (list %u)", factor_table[t->factor].title, l ? l->name : "?", list)
	                        : arena_fmt(run->arena, "%s = %s", factor_table[t->factor].title, l ? l->name : "?");
	return text ? text : "";
}

static void tell(struct run *run, const char *what)
{
	if (!run->options->progress)
		return;
	double spent = now_s() - run->started;
	struct vet_progress p = {.done = run->done, .total = run->n_all, .varied = what, .left_s = -1};
	if (run->done >= run->jobs)
		p.left_s = spent / run->done * (run->n_all - run->done);
	run->options->progress(run->options->arg, &p);
}

static void stop_all(struct run *run)
{
	run->stopping = true;
	for (unsigned i = 0; i < run->n_all; i++)
		if (run->all[i].trial)
			trial_stop(run->all[i].trial);
	if (run->running == 0)
		loop_stop(run->loop);
}

static void fatal(struct run *run, int code, const struct err *err, const char *what)
{
	if (!run->err.code)
		(void)err_set(&run->err, code, "%s%s%s", what, err ? ": " : "", err ? err->text : "");
	stop_all(run);
}

static const char *end_words(struct run *run, const struct trial_result *r)
{
	const char *text = NULL;
	switch (r->end) {
	case TRIAL_EXITED:
		text = arena_fmt(run->arena, "exit %d", r->code);
		break;
	case TRIAL_SIGNAL:
		text = arena_fmt(run->arena, "signal %d", r->code);
		break;
	case TRIAL_TIMEOUT:
		text = "stopped at the time limit";
		break;
	case TRIAL_FAILED:
		text = arena_fmt(run->arena, "no trial: %s", r->err.text);
		break;
	case TRIAL_STOPPED:
		text = "interrupted";
		break;
	}
	return text ? text : "";
}

/* The last words of the tool, as one printable line. */
static void last_words(const struct trial_result *r, char *out, size_t size)
{
	struct slice s = slice_trim(buf_slice(r->errout.n ? &r->errout : &r->out));
	if (s.n > OUTPUT_SHOWN)
		s = slice_from(s, s.n - OUTPUT_SHOWN);
	size_t n = 0;
	for (size_t i = 0; i < s.n && n + 1 < size; i++)
		out[n++] = s.p[i] >= 0x20 && s.p[i] < 0x7f ? (char)s.p[i] : ' ';
	out[n] = 0;
}

/* A trace, and a line of trials.tsv that says of which trial it is: number, base, whether it confirms, start, whether the tool
 * worked, the levels that differ from the base. What is kept can be analysed again. */
static void keep(struct run *run, const struct one *one, const struct trial_result *result, bool worked)
{
	char name[32];
	if (run->options->keep_folder < 0)
		return;
	_cleanup_buf_ struct buf levels = BUF(4096);
	for (unsigned f = 0; f < factor_count; f++)
		if (one->plan.treatment.level[f])
			buf_fmt(&levels, "%s=%u,", factor_table[f].name, one->plan.treatment.level[f]);
	if (one->plan.treatment.identity)
		buf_fmt(&levels, "device=%u,", one->plan.treatment.identity);
	buf_str_add(&levels, "-");
	_cleanup_fd_ int list =
	        openat(run->options->keep_folder, "trials.tsv", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (list >= 0)
		(void)dprintf(list, "%u\t%u\t%d\t%lld\t%d\t%s\n", one->number, one->plan.treatment.base,
		        one->row      ? 10 + (int)one->row
		        : one->spread ? 3
		        : one->paired ? 4
		                      : one->confirming + one->probe,
		        (long long)result->started_unix, worked, buf_str(&levels));
	(void)snprintf(name, sizeof(name), "t%03u.trace", one->number);
	_cleanup_fd_ int fd = openat(run->options->keep_folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		(void)fd_write_all(fd, buf_slice(&result->trace));
}

static int observe(struct run *run, struct one *one, struct trial_result *r)
{
	struct feature_literal *literals = calloc(LITERALS_MAX, sizeof(*literals));
	struct err err = {0};
	size_t n = 0;
	if (!literals)
		return -ENOMEM;
	for (unsigned f = 0; f < factor_count; f++) {
		const char *forms[FACTOR_FORMS_MAX];
		if (!factor_table[f].literals)
			continue;
		size_t got = factor_table[f].literals(&one->setup.host, one->setup.gateway, forms, ARRAY_LEN(forms));
		for (size_t i = 0; i < got && n < LITERALS_MAX; i++)
			if (!run->options->behind || !gate_shows(forms[i]))
				literals[n++] =
				        (struct feature_literal){.factor = f, .name = factor_table[f].name, .value = slice_str(forms[i])};
	}
	int o = feature_set_add(run->features, buf_slice(&r->trace), literals, n, one->setup.gateway, &err);
	free(literals);
	if (o < 0)
		return o;
	const char *id = arena_fmt(run->arena, "t%03u", one->number);
	run->observations[o] = (struct analysis_trial){
	        .id = id ? id : "",
	        .treatment = one->plan.treatment,
	        .baseline = one->plan.baseline,
	        .factor = one->plan.factor,
	        .level = one->plan.level,
	        .confirming = one->confirming,
	        .probe = one->probe,
	        .spread = one->spread,
	        .combined = combined(&one->plan) || one->plan.row,
	        .row = one->row,
	        .usable = !one->paired,
	        .paired = one->paired,
	        .started_unix = r->started_unix,
	        .host = &one->setup.host,
	        .gateway = one->setup.gateway,
	        .stream = one->stream,
	};
	run->n_observations = (unsigned)o + 1;
	one->used = true;
	return 0;
}

static void start_some(struct run *run);

/* A made-up device draws the same whenever it is run again, so that what is active in a share of starts can be traced to what else it
 * takes. */
static uint32_t stream_of_device(const struct one *one)
{
	uint32_t identity = one->plan.treatment.identity;
	return identity && one->row != ROW_ANEW ? CALM_DEVICES_FROM + identity : 0;
}

/* A tool that fails in all of the first trials of each base will in the others: nobody should wait for them. */
static bool hopeless(const struct run *run)
{
	if (run->worked_in_base[BASE_OFFICIAL] || run->worked_in_base[BASE_GATEWAY])
		return false;
	return run->failed_in_base[BASE_OFFICIAL] >= HOPELESS && (!run->profile->base_url || run->failed_in_base[BASE_GATEWAY] >= HOPELESS);
}

static const char no_trial[] = "no trial was finished";

/* Of all trials the weakest. */
static void note_confinement(struct run *run, const struct trial_result *r)
{
	bool weaker = (!r->calls && !run->real_calls) || (!r->clock && !run->real_clock);
	const char *text = weaker || run->result->confinement == no_trial ? arena_str(run->arena, slice_str(r->reached)) : NULL;
	if (text)
		run->result->confinement = text;
	/* Behind the gate it is the gate that answers. */
	run->real_calls |= !r->calls && !run->options->behind;
	run->real_clock |= !r->clock;
}

/* What stands in the artefact may be what no trial can be built with, and is not to end the others. */
static bool has_mined_level(const struct treatment *t)
{
	for (unsigned f = 0; f < factor_count; f++)
		if (t->level[f] >= factor_table[f].n_levels)
			return true;
	return false;
}

static void on_done(void *arg, struct trial_result *r)
{
	struct one *one = arg;
	struct run *run = one->run;
	struct vet_trial_row *row = &run->rows[one->number - 1];
	unsigned models = 0, messages = 0;
	one->trial = NULL;
	run->running--;
	run->done++;
	const char *id = arena_fmt(run->arena, "t%03u", one->number);
	*row = (struct vet_trial_row){
	        .id = id ? id : "",
	        .base = vet_base_name(one->plan.treatment.base),
	        .varied = varied(run, &one->plan),
	        .end = end_words(run, r),
	        .wall_s = r->wall_s,
	        .tool_cpu_s = r->tool_cpu_s,
	        .own_cpu_s = r->own_cpu_s,
	};
	run->result->tool_cpu_s += r->tool_cpu_s;
	run->result->own_cpu_s += r->own_cpu_s;
	if (r->own_rss_kb > run->result->own_rss_kb)
		run->result->own_rss_kb = r->own_rss_kb;
	if (r->end == TRIAL_FAILED && has_mined_level(&one->plan.treatment))
		run->result->trials_failed++;
	else if (r->end == TRIAL_FAILED)
		fatal(run, r->err.code ? r->err.code : -EIO, &r->err, "a trial could not be run");
	if (r->end != TRIAL_FAILED && r->end != TRIAL_STOPPED) {
		note_confinement(run, r);
		bool shown = calm_add(&run->result->noise, &one->noise, r, one->plan.stream && !one->plan.baseline);
		one->stream = r->fixed ? one->stream : 0;
		/* A trial of one level shares a baseline's, and a device that is run again its own. */
		run->result->noise.streams +=
		        one->stream && (one->plan.baseline || !one->plan.stream) && one->row <= ROW_ARRAY && !one->paired;
		after_trial(r);
		int e = hosts_add(run->hosts, buf_slice(&r->trace), one->setup.gateway, &models, &messages);
		unsigned wanted = run->profile->min_model_requests ? run->profile->min_model_requests : 1;
		bool worked = e == 0 && models >= wanted;
		row->messages = messages;
		oddities_add(run->oddities, r, one->setup.gateway);
		if (run->conduct)
			conduct_ordinary(run->conduct, row->id, &one->setup.host, r);
		keep(run, one, r, worked);
		if (worked && shown)
			e = observe(run, one, r);
		if (worked && e == 0) {
			run->worked_in_base[one->plan.treatment.base]++;
		} else {
			run->failed_in_base[one->plan.treatment.base]++;
			run->result->trials_failed++;
			if (!run->failure[0]) {
				char words[OUTPUT_SHOWN + 1];
				const char *hint = oddities_hint(run->oddities);
				last_words(r, words, sizeof(words));
				if (messages == 0)
					hint = "it sent nothing";
				(void)snprintf(run->failure, sizeof(run->failure), "%s ended (%s) after %u model requests%s%s%s%s%s",
				        id ? id : "a trial", row->end, models, hint[0] ? "; " : "", hint,
				        words[0] ? "; its last words: \"" : "", words, words[0] ? "\"" : "");
			}
			if (e == -ENOMEM)
				fatal(run, e, NULL, "no memory");
		}
	}
	trial_result_free(r);
	if (hopeless(run))
		run->n_all = run->next;
	tell(run, row->varied);
	if (run->running == 0 && (run->stopping || run->next == run->n_all))
		loop_stop(run->loop);
	else
		start_some(run);
}

static int start_one(struct run *run, struct one *one)
{
	struct err err = {0};
	struct world_config c = {
	        .ca_cert_pem = buf_slice(&run->ca_cert),
	        .ca_key_pem = buf_slice(&run->ca_key),
	        .seed = SLICE("postern"),
	        .model_hosts = run->profile->model_hosts,
	        .dialect = run->profile->dialect,
	        .trace_max = (uint64_t)64 << 20,
	};
	bool behind = run->options->behind != NULL;
	int r = setup_trial(
	        run->subject, run->profile, &one->plan.treatment, buf_slice(&run->trusted), behind, run->arena, &one->setup, &err);
	if (r == 0 && behind)
		r = gate_wrap(&run->program, run->subject, run->profile, run->arena, &one->setup, &err);
	if (r < 0)
		return fatal(run, r, &err, "a trial could not be set up"), r;
	c.gateway_host = one->setup.gateway;
	c.client_ipv4 = one->setup.host.ipv4;
	/* What the model asks for is there where the tool sees it. */
	c.project = behind ? gate_project() : one->setup.host.project;
	c.dns_search = one->setup.host.dns_search;
	one->stream = one->plan.stream ? one->plan.stream : stream_of_device(one);
	one->noise = calm_spec(behind ? &(struct vet_calm){.free = true} : &run->options->calm, run->options->seed, one->number,
	        one->setup.host.ahead_s, &one->stream);
	c.ahead_s = one->noise.clock ? one->noise.start_unix - time(NULL) : 0;
	_cleanup_buf_ struct buf config = BUF((size_t)1 << 20);
	world_config_encode(&config, &c);
	struct trial_spec spec = {
	        .host = &one->setup.host,
	        .argv = one->setup.argv,
	        .terminal = run->profile->terminal,
	        .mounts = run->subject->mounts,
	        .n_mounts = run->subject->n_mounts,
	        .world = buf_slice(&config),
	        .nest = behind,
	        .noise = one->noise,
	        .observe = run->conduct ? conduct_observe() : (struct trial_observe){0},
	        .limits = {.seconds = behind && run->profile->seconds ? run->profile->seconds + GATE_SECONDS : run->profile->seconds},
	};
	r = buf_error(&config) ? buf_error(&config) : trial_start(run->loop, &spec, on_done, one, &one->trial, &err);
	if (r < 0)
		return fatal(run, r, &err, "a trial could not be started"), r;
	run->running++;
	return 0;
}

static void start_some(struct run *run)
{
	while (!run->stopping && run->running < run->jobs && run->next < run->n_all) {
		struct one *one = &run->all[run->next++];
		if (start_one(run, one) < 0)
			return;
	}
}

static int add_trial(struct run *run, const struct plan_trial *t, bool confirming)
{
	if (run->n_all == TRIALS_MAX)
		return -ENOSPC;
	run->all[run->n_all] = (struct one){.run = run, .number = run->n_all + 1, .plan = *t, .confirming = confirming};
	run->all[run->n_all].row = t->row ? ROW_ARRAY : ROW_NONE;
	run->n_all++;
	return 0;
}

static int add_row(struct run *run, const struct treatment *t, enum analysis_row row)
{
	struct plan_trial p = {.treatment = *t, .row = t->identity ? t->identity : PLAN_NO_DEVICE};
	int r = add_trial(run, &p, false);
	if (r == 0)
		run->all[run->n_all - 1].row = row;
	return r;
}

static int run_queue(struct run *run)
{
	if (run->next == run->n_all || run->stopping)
		return 0;
	tell(run, varied(run, &run->all[run->next].plan));
	start_some(run);
	return run->running ? loop_run(run->loop) : 0;
}

/* What --quick has left, beside what the artefact's own lists ask for. */
static size_t quick_left(const struct run *run)
{
	unsigned spent = run->n_all - run->n_mined;
	return spent < PLAN_QUICK_MAX ? PLAN_QUICK_MAX - spent : 0;
}

/* Members of the artefact's own lists, as long as what they show asks for more. */
static int try_mined(struct run *run)
{
	while (run->mined && !run->stopping && !hopeless(run)) {
		struct plan_trial *t = NULL;
		bool *again = NULL;
		size_t n = 0;
		int r = mined_next(run->mined, run->features, run->observations, run->n_observations, &t, &again, &n);
		if (r < 0 || n == 0)
			return r;
		for (size_t i = 0; i < n && r == 0; i++)
			r = add_trial(run, &t[i], again[i]);
		run->n_mined += (unsigned)n;
		r = r < 0 ? r : run_queue(run);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Levels that the artefact's own constants give. */
static int mine(struct run *run)
{
	const struct vet_options *o = run->options;
	if (o->behind)
		return 0; /* those of the vetting without the gate are still there */
	factor_level_reset();
	int r = mined_read(run->subject->constants, run->arena, &run->result->constants);
	if (r == 0 && run->result->constants.n_lists)
		r = mined_new(&run->result->constants, o->effort, o->factors, run->profile->base_url != NULL, run->arena, &run->mined);
	return r;
}

static int add_fresh(struct run *run, const struct treatment *t)
{
	struct plan_trial p = plan_fresh(t);
	return add_trial(run, &p, true);
}

/* Fresh trials for what screening suspects, in two rounds. */
static int confirm(struct run *run)
{
	for (int round = 0; round < 2 && !run->stopping; round++) {
		struct analysis_candidate *c = NULL;
		struct treatment *t = NULL;
		size_t n = 0, n_trials = 0;
		int r = analysis_screen(run->features, run->observations, run->n_observations, run->profile, run->arena, &c, &n);
		if (r < 0 || n == 0)
			return r;
		size_t max = run->options->confirm                   ? run->options->confirm
		             : run->options->effort == PLAN_THOROUGH ? 2 * CONFIRM_TRIALS
		                                                     : CONFIRM_TRIALS;
		/* Behind the gate nothing may stay suspected, or it would count as closed. */
		if (run->options->effort == PLAN_QUICK && !run->options->behind)
			max = quick_left(run);
		r = analysis_confirm(c, n, round == 0, max, run->arena, &t, &n_trials);
		for (size_t i = 0; i < n_trials && r == 0; i++)
			r = add_fresh(run, &t[i]);
		r = r < 0 ? r : run_queue(run);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Other made-up devices, where a token may be a keyed digest of what identifies one. */
static int devices(struct run *run)
{
	struct treatment *t = NULL;
	size_t n = 0;
	int r = analysis_devices(run->features, run->observations, run->n_observations, run->profile, run->arena, &t, &n);
	for (size_t i = 0; i < n && r == 0; i++)
		r = add_row(run, &t[i], ROW_ANEW);
	return r < 0 || n == 0 ? r : run_queue(run);
}

/* A tool that does not work has no conduct to speak of. What was found of its traffic stands, whatever becomes of these trials. */
static void run_conduct(struct run *run)
{
	struct err err = {0};
	if (!run->conduct || run->stopping || run->n_observations == 0)
		return;
	struct conduct_how how = {
	        .few = run->options->conduct == CONDUCT_FEW ||
	               (run->options->conduct == CONDUCT_AS_EFFORT && run->options->effort == PLAN_QUICK),
	        .jobs = run->jobs,
	        .ca_cert = buf_slice(&run->ca_cert),
	        .ca_key = buf_slice(&run->ca_key),
	        .progress = run->options->progress,
	        .arg = run->options->arg,
	        .stop_fd = run->options->stop_fd,
	        .keep_folder = run->options->keep_folder,
	};
	if (conduct_run(run->conduct, &how, &err) < 0)
		run->no_conduct = arena_fmt(run->arena, "Not all trials of conduct could be run: %s.", err.text);
}

static int add_probe(struct run *run, enum vet_base base, unsigned factor, unsigned level, bool probe)
{
	int r = add_trial(run, &(struct plan_trial){plan_treatment(base, factor, level), level == 0, factor, level, 0, 0}, true);
	if (r == 0)
		run->all[run->n_all - 1].probe = probe;
	return r;
}

/* Bits of ids need many runs of each level: so many are set at once, and after each round only those are left under which some bit has not
 * changed yet. None with --quick, where there is no time for it. */
static int spread(struct run *run)
{
	static const size_t rounds[][3] = {[PLAN_QUICK] = {0}, [PLAN_NORMAL] = {16}, [PLAN_THOROUGH] = {32, 24}};
	const size_t *want = rounds[run->options->effort];
	for (size_t k = 0; k < ARRAY_LEN(rounds[0]) && want[k] && !run->stopping; k++) {
		struct treatment *t = NULL;
		struct analysis_suspect *left = NULL;
		size_t n = 0, n_left = 0;
		int r = analysis_bits_left(run->features, run->observations, run->n_observations, run->arena, &left, &n_left);
		if (r < 0 || n_left == 0)
			return r;
		r = analysis_spread(
		        run->observations, run->n_observations, left, n_left, want[k], run->options->seed + k, run->arena, &t, &n);
		for (size_t i = 0; i < n && r == 0; i++) {
			r = add_trial(run, &(struct plan_trial){.treatment = t[i]}, true);
			if (r == 0)
				run->all[run->n_all - 1].spread = true;
		}
		r = r < 0 ? r : run_queue(run);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What counts up from trial to trial (the kernel's choice of a port does) has a bit that is 1 in every other trial. */
static void shuffle_from(struct run *run, unsigned from, uint64_t *dice)
{
	for (unsigned i = run->n_all; i > from + 1; i--) {
		struct one *a = &run->all[i - 1], *b = &run->all[from + (unsigned)random_below(dice, i - from)], swap = *a;
		unsigned numbers[2] = {a->number, b->number};
		*a = *b;
		*b = swap;
		a->number = numbers[0];
		b->number = numbers[1];
	}
}

/* Fresh trials for what no two trials agree in. First each suspect once more, if it was not tried often already: what is busy machine is
 * far away once. Then what is left, in turns with baselines, so that whatever drifts falls on both. */
static int probe(struct run *run)
{
	uint64_t dice = run->options->seed ^ 0x70726f6265;
	for (int round = 0; round < 2 && !run->stopping; round++) {
		struct analysis_suspect *s = NULL;
		size_t n = 0;
		unsigned most = 0;
		int r = analysis_volatile_screen(run->features, run->observations, run->n_observations, run->profile,
		        (size_t)(round == 0 ? PROBE_SUSPECTS : PROBE_DECIDED) << run->options->effort, run->arena, &s, &n);
		for (size_t i = 0; i < n && r == 0; i++) {
			/* A bit wants more runs than --quick has. */
			if (run->options->effort == PLAN_QUICK && s[i].wants > PROBE_QUICK_RUNS)
				s[i].wants = 0;
			most = s[i].wants > most ? s[i].wants : most;
			if (round == 0 && s[i].runs < 3 && s[i].wants)
				r = add_probe(run, s[i].base, s[i].factor, s[i].level, false);
		}
		for (unsigned k = 0; k < most && r == 0 && round == 1; k++) {
			/* A bit that is not decided shows otherwise soon. */
			if (k == PROBE_FIRST) {
				r = run_queue(run);
				r = r ? r : analysis_bits_first(run->features, run->observations, run->n_observations, s, n);
			}
			unsigned from = run->n_all;
			for (size_t i = 0; i < n && r == 0; i++) {
				if (k < s[i].wants)
					r = add_probe(run, s[i].base, s[i].factor, s[i].level, true);
				bool first = k < s[i].wants;
				for (size_t j = 0; j < i; j++)
					first &= s[j].base != s[i].base || k >= s[j].wants;
				if (first && r == 0)
					r = add_probe(run, s[i].base, 0, 0, true);
			}
			shuffle_from(run, from, &dice);
		}
		r = r < 0 ? r : run_queue(run);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Trials that draw what a baseline drew: groups of levels, and what they show halved down to one. */
static int pair(struct run *run)
{
	static const struct analysis_paired_limits all[] = {[PLAN_QUICK] = {.groups = 8, .trials = 24},
	        [PLAN_NORMAL] = {.groups = 12, .trials = 48},
	        [PLAN_THOROUGH] = {.groups = 48, .trials = 96}};
	struct analysis_paired_limits limits = all[run->options->effort];
	limits.seed = run->options->seed;
	for (int round = 0; round < PAIRED_ROUNDS && !run->stopping; round++) {
		struct analysis_pair *p = NULL;
		size_t n = 0;
		int r = analysis_paired_next(
		        run->features, run->observations, run->n_observations, run->profile, &limits, run->arena, &p, &n);
		if (r < 0 || n == 0)
			return r;
		for (size_t i = 0; i < n && r == 0; i++) {
			struct plan_trial t = {.treatment = p[i].treatment, .stream = p[i].stream};
			unsigned levels = 0, last = 0;
			for (unsigned f = 0; f < factor_count; f++)
				if (t.treatment.level[f]) {
					levels++;
					last = f;
				}
			t.baseline = levels == 0;
			t.factor = levels == 1 ? last : 0;
			t.level = levels == 1 ? t.treatment.level[last] : 0;
			r = add_trial(run, &t, true);
			if (r == 0)
				run->all[run->n_all - 1].paired = true;
		}
		r = r < 0 ? r : run_queue(run);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Rows of several factors, when it is known what each does alone. With --quick, as many as its limit leaves. */
static int rows(struct run *run, struct plan *plan)
{
	const struct vet_options *o = run->options;
	unsigned strength = coverage_strength(o), devices = o->rollout > 0 ? stat_trials_to_see(o->rollout, ROLLOUT_LEVEL) : 0;
	size_t from = plan->n, max = 0;
	if (o->effort == PLAN_QUICK) {
		max = quick_left(run);
		max = max > devices ? max : devices;
	}
	if (strength < 2 || (o->effort == PLAN_QUICK && max == 0))
		return 0;
	int r = plan_rows(plan, strength, devices, max, o->seed, run->arena);
	for (size_t i = from; i < plan->n && r == 0; i++)
		r = add_trial(run, &plan->trials[i], false);
	return r < 0 ? r : run_queue(run);
}

/* What shows only when several factors have certain levels together. */
static int combinations(struct run *run, struct plan *plan)
{
	static const struct combine_limits limits[] = {[PLAN_QUICK] = {.trials = 32, .on = 4, .off = 1},
	        [PLAN_NORMAL] = {.trials = 96, .on = 4, .off = 2},
	        [PLAN_THOROUGH] = {.trials = 128, .on = 5, .off = 3}};
	bool any = false;
	uint64_t dice = run->options->seed ^ 0x726f756e64;
	int r = run->options->behind ? 0 : rows(run, plan);
	for (size_t i = 0; i < plan->n && !any; i++)
		any = plan->trials[i].row;
	if (r < 0 || run->stopping || !any)
		return r;
	r = combine_new(&limits[run->options->effort], run->arena, &run->combine);
	while (r == 0 && !run->stopping) {
		struct combine_trial *t = NULL;
		size_t n = 0;
		r = combine_next(run->combine, run->features, run->observations, run->n_observations, run->profile, &t, &n);
		if (r < 0 || n == 0)
			break;
		const unsigned from = run->n_all;
		for (size_t i = 0; i < n && r == 0; i++)
			r = add_row(run, &t[i].treatment, t[i].row);
		/* What drifts, or makes the machine busy for a while, is to fall on runs with and without alike. */
		shuffle_from(run, from, &dice);
		r = r < 0 ? r : run_queue(run);
	}
	return r;
}

static void on_stop(void *arg, uint32_t events)
{
	struct run *run = arg;
	(void)events;
	loop_remove(run->stop_source);
	run->stop_source = NULL;
	stop_all(run);
}

static const char *rfc3339(struct arena *a)
{
	time_t t = time(NULL);
	struct tm tm;
	char text[40];
	if (!gmtime_r(&t, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return "";
	return arena_str(a, slice_str(text));
}

/* How small a channel in quantities may be and not be noticed; NULL: no memory. */
static const char *limits_sentence(struct run *run)
{
	struct analysis_limits l;
	if (analysis_volatile_limits(run->features, run->observations, run->n_observations, &l) < 0)
		return NULL;
	if (l.quantities == 0)
		return "Times, sizes and counts were not compared: too few trials worked.";
	const char *bits =
	        l.bits == 0 ? "Nothing that looks random was sent."
	        : run->options->effort == PLAN_QUICK
	                ? "Of ids that look random the form was compared, and only what is the same in many bits: single bits "
	                  "want more runs than --quick has."
	                : arena_fmt(run->arena,
	                          "Of ids that look random %u bits were compared, with %u to %u runs of each level: some 20 runs "
	                          "find a bit that is always the same, 6 a digit; a bit that is only mostly so was not looked for.",
	                          l.bits, l.runs_least, l.runs_most);
	return bits ? arena_fmt(run->arena,
	                      "Times, sizes and counts were compared by rank, %u of them: a delay of less than some %.0f ms before a "
	                      "message "
	                      "would not have been noticed, nor one that comes with a reason (a proxy, work that takes processor time). %s",
	                      l.quantities, l.wait_ms, bits)
	            : NULL;
}

static int put_lists(struct run *run, const struct plan *plan)
{
	struct vet_result *r = run->result;
	size_t n = 0, cap = 0;
	const char *const *plan_says = NULL;
	int e = plan_not_covered(plan, run->arena, &plan_says, &n);
	if (e < 0)
		return e;
	cap = n + 18 + r->coverage.n_open;
	const char **list = arena_array(run->arena, cap, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < r->coverage.n_open; i++)
		list[r->n_not_covered++] = r->coverage.open[i];
	for (size_t i = 0; i < n; i++)
		list[r->n_not_covered++] = plan_says[i];
	static const char *const always[] = {
	        "Behaviour that needs a second start, a real account or an interactive session is not exercised.",
	        "A tool can find out that it is in a trial, and behave: names that nobody has get an address, any key is taken, the model "
	        "is a script, and servers cannot prove that they are the vendor's.",
	        "What the vendor does with what it receives (retention, training, access) cannot be observed from here.",
	};
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		list[r->n_not_covered++] = always[i];
	const char *limits = limits_sentence(run);
	if (limits)
		list[r->n_not_covered++] = limits;
	const char *constants = NULL;
	if (mined_not_covered(&r->constants, run->arena, &constants) < 0)
		return -ENOMEM;
	if (constants)
		list[r->n_not_covered++] = constants;
	if (!run->profile->base_url)
		list[r->n_not_covered++] = "The profile knows no way to point this tool at a gateway: only the official hosts were tried.";
	if (run->real_calls)
		list[r->n_not_covered++] =
		        "This kernel let nobody answer for it: uname(2), sysinfo(2) and sched_getaffinity(2) told of the real "
		        "machine, so that what depends on the kernel's release or on more CPUs was seen only where a tool "
		        "reads files.";
	if (run->no_conduct)
		list[r->n_not_covered++] = run->no_conduct;
	if (run->real_clock)
		list[r->n_not_covered++] = "This kernel has no time namespaces: the tool saw for how long the real machine is up.";
	if (r->noise.unmoved)
		list[r->n_not_covered++] = "The calendar of trials could not be moved here: dependences on the date were not looked for.";
	r->not_covered = list;
	const char **notes = arena_array(run->arena, NOTES_MAX, sizeof(*notes));
	if (!notes)
		return -ENOMEM;
	for (size_t i = 0; i < r->n_notes; i++)
		notes[i] = r->notes[i];
	r->notes = notes;
	if (run->subject->install_scripts)
		notes[r->n_notes++] = "The package declares install scripts. They were not run.";
	for (const char *const *s = run->subject->notes; s && *s && r->n_notes < 20; s++)
		notes[r->n_notes++] = *s;
	for (size_t i = 0; i < r->n_hosts && r->n_notes < 22; i++)
		if (r->hosts[i].refused) {
			const char *note = arena_fmt(run->arena,
			        "%s: the tool refused the trial's certificate authority; its name, fingerprint and sizes were seen, not "
			        "its contents.",
			        r->hosts[i].name);
			if (note)
				notes[r->n_notes++] = note;
		}
	const char *undecided =
	        r->undecided && r->n_notes < 30
	                ? arena_fmt(
	                          run->arena, "Suspected of a covert dependence and not repeated often enough to decide: %s.", r->undecided)
	                : NULL;
	if (undecided)
		notes[r->n_notes++] = undecided;
	r->n_notes += oddities_notes(run->oddities, run->arena, notes + r->n_notes, NOTES_MAX - r->n_notes);
	return 0;
}

static void decide_verdict(struct run *run, const struct plan *plan)
{
	struct vet_result *r = run->result;
	bool gateway_missing = plan->has_gateway && run->worked_in_base[BASE_GATEWAY] < BASELINES_MIN;
	bool official_missing = run->worked_in_base[BASE_OFFICIAL] < BASELINES_MIN;
	r->partial = run->stopping;
	r->verdict = VERDICT_CLEAN;
	for (size_t i = 0; i < r->n_findings; i++)
		if (r->findings[i].class >= run->options->fail_on)
			r->verdict = VERDICT_FINDINGS;
	const char *stopped = "";
	if (r->partial) {
		r->reason = arena_fmt(run->arena, "interrupted after %u of %u trials", run->n_observations + r->trials_failed, run->n_all);
		stopped = arena_fmt(run->arena, "%s; ", r->reason ? r->reason : "interrupted");
		stopped = stopped ? stopped : "";
	}
	if (r->verdict == VERDICT_FINDINGS)
		return;
	/* Nothing found is worth something only where the tool did its work. */
	if (official_missing && (gateway_missing || !plan->has_gateway)) {
		r->verdict = VERDICT_INCONCLUSIVE;
		if (!r->partial || run->failure[0])
			r->reason = arena_fmt(run->arena, "%s%s%sthe tool did not work in the trials: %s", stopped,
			        run->profile->needs_account ? run->profile->needs_account : "", run->profile->needs_account ? "; " : "",
			        run->failure[0] ? run->failure : "no trial was finished");
	} else if (official_missing || gateway_missing) {
		r->verdict = VERDICT_INCONCLUSIVE;
		if (!r->partial || run->failure[0])
			r->reason = arena_fmt(run->arena, "%sthe tool worked only with %s: %s", stopped,
			        official_missing ? "a gateway" : "the official hosts",
			        run->failure[0] ? run->failure : "too few trials were finished");
	} else if (r->partial) {
		r->verdict = VERDICT_INCONCLUSIVE;
	} else if (oddities_lost(run->oddities)) {
		r->verdict = VERDICT_INCONCLUSIVE;
		r->reason =
		        arena_fmt(run->arena, "not all that the tool sent could be kept and compared: %s", oddities_lost(run->oddities));
	} else if (r->undecided) {
		r->verdict = VERDICT_INCONCLUSIVE;
		r->reason = arena_fmt(run->arena,
		        "something covert was suspected (%s) and not repeated often enough to decide: run again with more effort",
		        r->undecided);
	}
}

/* A finding whose level came from the artefact says so. */
static int say_origin(struct run *run, struct vet_finding *f)
{
	unsigned factor = (unsigned)factor_find(f->factor ? f->factor : ""), list = 0;
	const char *origin = NULL;
	for (unsigned l = 1; factor < factor_count && !list && l < factor_level_count(factor); l++)
		for (const char *const *name = f->levels; name && *name && !list; name++)
			if (strcmp(factor_level_at(factor, l)->name, *name) == 0)
				list = mined_list_of(run->mined, factor, l);
	if (!list)
		return 0;
	int r = mined_origin(&run->result->constants, list, run->arena, &origin);
	if (r < 0)
		return r;
	f->explanation = arena_fmt(run->arena, "%s From the artefact's own %s.", f->explanation ? f->explanation : "", origin);
	return f->explanation ? 0 : -ENOMEM;
}

static int finish(struct run *run, const struct plan *plan)
{
	struct vet_result *r = run->result;
	r->rows = run->rows;
	/* Rows of trials that never started are empty: they come last. */
	r->n_rows = 0;
	for (unsigned i = 0; i < run->n_all; i++)
		if (run->rows[i].id)
			run->rows[r->n_rows++] = run->rows[i];
	r->trials = (unsigned)r->n_rows;
	int e = hosts_table(run->hosts, run->profile, run->arena, &r->hosts, &r->n_hosts);
	e = e < 0 ? e
	    : run->n_observations
	            ? analysis_decide_all(run->features, run->observations, run->n_observations, run->profile, run->combine, r)
	            : 0;
	e = e < 0 ? e : coverage_fill(plan, run->options, run->observations, run->n_observations, run->combine, run->arena, &r->coverage);
	e = e < 0 ? e : calm_words(&r->noise, &run->options->calm, run->arena);
	e = e < 0 || !run->conduct ? e : conduct_facts(run->conduct, r);
	e = e < 0 ? e : run->n_observations ? fields_collect(run->features, run->observations, run->n_observations, r) : 0;
	e = e < 0 || !run->mined ? e : mined_end(run->mined, run->features, run->observations, run->n_observations);
	for (size_t i = 0; e == 0 && run->mined && i < r->n_findings; i++)
		e = say_origin(run, &r->findings[i]);
	e = e < 0 ? e : put_lists(run, plan);
	r->seconds = now_s() - run->started;
	struct rusage own;
	(void)getrusage(RUSAGE_SELF, &own);
	r->own_cpu_s +=
	        (double)own.ru_utime.tv_sec + (double)own.ru_stime.tv_sec + (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6;
	/* Together: this process and the world of each trial that runs at once. */
	r->own_rss_kb = r->own_rss_kb * run->jobs + (uint64_t)own.ru_maxrss;
	if (e == 0)
		decide_verdict(run, plan);
	return e;
}

static int prepare(struct run *run, struct plan *plan, struct err *err)
{
	const struct vet_options *o = run->options;
	struct vet_result *r = run->result;
	cpu_set_t set;
	run->jobs = o->jobs ? o->jobs : sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
	if (!o->jobs && run->jobs > 8)
		run->jobs = 8;
	*r = (struct vet_result){
	        .arena = ARENA(ARENA_BYTES),
	        .postern = POSTERN_VERSION,
	        .subject_name = run->subject->name,
	        .subject_version = run->subject->version,
	        .subject_sha256 = run->subject->sha256,
	        .subject_title = run->profile->title,
	        .subject_entry = run->subject->command[0],
	        .profile = run->profile->name,
	        .facts = run->subject->facts,
	        .seed = o->seed,
	        .effort = plan_effort_name(o->effort),
	        .confinement = no_trial,
	};
	run->arena = &r->arena;
	r->started = rfc3339(run->arena);
	int e = trial_probe(err);
	if (e == 0 && mine(run) < 0)
		e = err_set(err, -ENOMEM, "no memory for the artefact's constants");
	bool has_gateway = run->profile->base_url != NULL;
	const char *factors = o->behind ? gate_factors(o->behind, run->arena) : o->factors;
	e = e < 0 ? e : plan_build(o->effort, o->seed, factors, has_gateway, run->arena, plan, err);
	if (e == 0 && o->behind) {
		e = gate_program(run->arena, &run->program, err);
		if (e == 0 && (gate_subject(run->subject, &run->program, run->arena, &run->with_gate) < 0 ||
		                      gate_plan(o->behind, GATE_TIMES, has_gateway, run->arena, plan) < 0))
			e = err_set(err, -ENOMEM, "no memory for the plan");
		run->subject = &run->with_gate;
	}
	if (e < 0)
		return e;
	calm_plan(plan);
	run->all = calloc(TRIALS_MAX, sizeof(*run->all));
	run->observations = arena_array(run->arena, TRIALS_MAX, sizeof(*run->observations));
	run->rows = arena_array(run->arena, TRIALS_MAX, sizeof(*run->rows));
	e = !run->all || !run->observations || !run->rows ? -ENOMEM
	                                                  : cert_ca_new(NULL, time(NULL) + o->calm.ahead_s, &run->ca_cert, &run->ca_key);
	buf_add(&run->trusted, buf_slice(&run->ca_cert));
	setup_public_authorities(&run->trusted);
	e = e < 0 ? e : loop_new(&run->loop);
	e = e < 0 ? e : feature_set_new(&run->features);
	e = e < 0 ? e : hosts_new(&run->hosts);
	e = e < 0 ? e : oddities_new(&run->oddities);
	if (e == 0 && !o->behind && o->conduct != CONDUCT_NONE)
		e = conduct_new(run->subject, run->profile, run->arena, &run->conduct);
	if (e == 0 && o->stop_fd >= 0)
		e = loop_add(run->loop, o->stop_fd, EPOLLIN, on_stop, run, &run->stop_source);
	for (size_t i = 0; i < plan->n && e == 0; i++)
		e = add_trial(run, &plan->trials[i], false);
	return e < 0 ? err_sys(err, e, "cannot prepare the trials") : 0;
}

int vet_run(const struct vet_subject *s, const struct profile *p, const struct vet_options *o, struct vet_result *result, struct err *err)
{
	struct plan plan = {0};
	struct run run = {.subject = s,
	        .profile = p,
	        .options = o,
	        .result = result,
	        .started = now_s(),
	        .ca_cert = BUF(65536),
	        .ca_key = BUF(65536),
	        .trusted = BUF((size_t)1 << 20)};
	int r = prepare(&run, &plan, err);
	if (r == 0) {
		r = run_queue(&run);
		r = r < 0 || run.stopping ? r : try_mined(&run);
		r = r < 0 || run.stopping ? r : confirm(&run);
		r = r < 0 || run.stopping ? r : combinations(&run, &plan);
		r = r < 0 || run.stopping ? r : devices(&run);
		r = r < 0 || run.stopping || o->behind ? r : pair(&run);
		r = r < 0 || run.stopping || o->behind ? r : spread(&run);
		r = r < 0 || run.stopping || o->behind ? r : probe(&run);
		r = r < 0 ? err_sys(err, r, "cannot go on with the trials") : 0;
	}
	if (r == 0 && !run.err.code)
		run_conduct(&run);
	if (r == 0 && run.err.code) {
		if (err)
			*err = run.err;
		r = run.err.code;
	}
	if (r == 0) {
		r = finish(&run, &plan);
		if (r < 0)
			(void)err_sys(err, r, "cannot finish the result");
	}
	loop_remove(run.stop_source);
	loop_free(run.loop);
	feature_set_free(run.features);
	hosts_free(run.hosts);
	oddities_free(run.oddities);
	conduct_free(run.conduct);
	combine_free(run.combine);
	buf_free(&run.ca_cert);
	buf_free(&run.ca_key);
	buf_free(&run.trusted);
	free(run.all);
	if (r < 0)
		vet_result_free(result);
	return r;
}

void vet_result_free(struct vet_result *r)
{
	arena_free(&r->arena);
}
