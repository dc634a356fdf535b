/* From feature values to findings, on made-up feature sets: the functions of vet/feature.h are played here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "identify/profile.h"
#include "long_digits.h"
#include "vet/analysis.h"
#include "vet/calm.h"
#include "vet/explain.h"
#include "vet/plan.h"

/* -- a feature set -- */

#define FEATURES 400
#define TRIALS   200

struct feature_set {
	struct feature f[FEATURES];
	size_t n;
	struct slice v[FEATURES][TRIALS];
	struct feature_echo echoes[TRIALS * 8];
	size_t n_echoes;
};

size_t feature_count(const struct feature_set *s)
{
	return s->n;
}

const struct feature *feature_at(const struct feature_set *s, uint32_t i)
{
	return &s->f[i];
}

struct slice feature_value(const struct feature_set *s, uint32_t i, unsigned observation)
{
	return s->v[i][observation];
}

const struct feature_echo *feature_echoes(const struct feature_set *s, size_t *n)
{
	*n = s->n_echoes;
	return s->echoes;
}

void feature_shape(struct slice value, struct buf *out)
{
	for (size_t i = 0; i < value.n; i++)
		buf_u8(out, value.p[i] >= '0' && value.p[i] <= '9' ? '9' : value.p[i] >= 0x80 ? value.p[i] : 'a');
}

/* -- an experiment -- */

struct bench {
	struct feature_set s;
	struct analysis_trial t[TRIALS];
	struct host_spec hosts[TRIALS];
	size_t n;
	struct arena arena;
	uint64_t state;
	uint32_t stream; /* of the next trial of a plan */
	struct vet_result result;
	/* What feature i says in trial o. */
	struct slice (*tool)(struct bench *b, uint32_t i, size_t o);
	double rate[FEATURES];
};

static struct bench bench;

static uint64_t dice(struct bench *b)
{
	uint64_t z = b->state += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static double chance(struct bench *b)
{
	return (double)(dice(b) >> 11) / 9007199254740992.0;
}

static bool level_is(struct bench *b, size_t o, const char *factor, unsigned level)
{
	return b->t[o].treatment.level[factor_find(factor)] == level;
}

static void bench_start(uint64_t seed, size_t features, struct slice (*tool)(struct bench *b, uint32_t i, size_t o))
{
	bench.s.n = features;
	bench.s.n_echoes = 0;
	bench.n = 0;
	bench.arena = ARENA(64 << 20);
	bench.result = (struct vet_result){.arena = ARENA(16 << 20)};
	bench.state = seed;
	bench.stream = 0;
	bench.tool = tool;
	for (size_t i = 0; i < features; i++)
		bench.s.f[i] = (struct feature){.endpoint = "POST https://api.example.com/v1/messages",
		        .address = arena_fmt(&bench.arena, "body.field%zu", i),
		        .host = "api.example.com",
		        .parent = UINT32_MAX};
}

static void bench_stop(void)
{
	arena_free(&bench.arena);
	arena_free(&bench.result.arena);
}

static void run(const struct treatment *t, bool baseline, unsigned factor, unsigned level, bool confirming)
{
	size_t o = bench.n++;
	assert_true(o < TRIALS);
	const char *gateway = NULL;
	assert_int_equal(treatment_host(t, &bench.arena, &bench.hosts[o], &gateway), 0);
	bench.t[o] = (struct analysis_trial){.id = arena_fmt(&bench.arena, "t%03zu", o),
	        .treatment = *t,
	        .baseline = baseline,
	        .factor = factor,
	        .level = level,
	        .confirming = confirming,
	        .usable = true,
	        .stream = confirming ? 0 : bench.stream,
	        .started_unix = 1795464000 + (int64_t)o, /* 2026-11-23 20:00 UTC */
	        .host = &bench.hosts[o],
	        .gateway = gateway};
	for (uint32_t i = 0; i < bench.s.n; i++)
		bench.s.v[i][o] = bench.tool(&bench, i, o);
}

/* As the command does it: plan, screen, three fresh runs of each candidate and two of its baseline within a budget, decide. */
static size_t experiment(size_t budget)
{
	struct plan plan;
	struct analysis_candidate *found;
	size_t n;
	assert_int_equal(plan_build(PLAN_QUICK, bench.state, NULL, true, &bench.arena, &plan, NULL), 0);
	for (size_t i = 0; i < plan.n; i++)
		run(&plan.trials[i].treatment, plan.trials[i].baseline, plan.trials[i].factor, plan.trials[i].level, false);
	assert_int_equal(analysis_screen(&bench.s, bench.t, bench.n, NULL, &bench.arena, &found, &n), 0);
	bool base_done[BASE_COUNT] = {false};
	for (size_t i = 0; i < n; i++) {
		size_t want = 3 + (base_done[found[i].base] ? 0 : 2);
		if (want > budget || found[i].worst < CLASS_HASHED)
			continue;
		budget -= want;
		struct treatment t = plan_treatment(found[i].base, found[i].factor, found[i].level),
		                 t0 = plan_treatment(found[i].base, 0, 0);
		for (int k = 0; k < 3; k++)
			run(&t, false, found[i].factor, found[i].level, true);
		for (int k = 0; k < 2 && !base_done[found[i].base]; k++)
			run(&t0, true, 0, 0, true);
		base_done[found[i].base] = true;
	}
	assert_int_equal(analysis_decide(&bench.s, bench.t, bench.n, NULL, &bench.result), 0);
	return n;
}

/* As the command does it: two rounds of trials that set what is suspected together, at most `max` of them; then decides. */
static void confirm_together(size_t max)
{
	max += bench.n;
	for (int round = 0; round < 2; round++) {
		struct analysis_candidate *found;
		struct treatment *t;
		size_t n, n_trials;
		assert_int_equal(analysis_screen(&bench.s, bench.t, bench.n, NULL, &bench.arena, &found, &n), 0);
		assert_int_equal(analysis_confirm(found, n, round == 0, max - bench.n, &bench.arena, &t, &n_trials), 0);
		for (size_t i = 0; i < n_trials; i++) {
			unsigned varied = 0, factor = 0;
			for (unsigned f = 0; f < factor_count; f++)
				if (t[i].level[f]) {
					varied++;
					factor = f;
				}
			factor = varied == 1 ? factor : 0;
			run(&t[i], false, factor, varied == 1 ? t[i].level[factor] : 0, true);
			bench.t[bench.n - 1].combined = varied != 1;
		}
	}
	assert_true(bench.n <= max);
	assert_int_equal(analysis_decide(&bench.s, bench.t, bench.n, NULL, &bench.result), 0);
}

static void experiment_together(void)
{
	struct plan plan;
	assert_int_equal(plan_build(PLAN_QUICK, bench.state, NULL, true, &bench.arena, &plan, NULL), 0);
	calm_plan(&plan);
	for (size_t i = 0; i < plan.n; i++) {
		bench.stream = plan.trials[i].stream;
		run(&plan.trials[i].treatment, plan.trials[i].baseline, plan.trials[i].factor, plan.trials[i].level, false);
	}
	confirm_together(PLAN_QUICK_MAX - bench.n);
}

static unsigned findings(enum leak_class class, const char *factor)
{
	unsigned n = 0;
	for (size_t i = 0; i < bench.result.n_findings; i++)
		n += bench.result.findings[i].class == class && (!factor || strcmp(bench.result.findings[i].factor, factor) == 0);
	return n;
}

static bool told(enum leak_class class, const char *factor, unsigned level)
{
	bool is = false;
	for (size_t i = 0; i < bench.result.n_findings; i++)
		for (const char *const *l = bench.result.findings[i].levels; *l; l++)
			is |= bench.result.findings[i].class == class && strcmp(bench.result.findings[i].factor, factor) == 0 &&
			      strcmp(*l, factor_level_at((unsigned)factor_find(factor), level)->name) == 0;
	return is;
}

/* -- simulations -- */

static struct slice noise(struct bench *b, uint32_t i, size_t o)
{
	(void)o;
	return chance(b) < b->rate[i] ? SLICE("batch of seven") : SLICE("batch of eight");
}

static void noise_gives_no_covert_finding(void **state)
{
	(void)state;
	unsigned screened = 0;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		bench_start(seed, 300, noise);
		for (size_t i = 0; i < 300; i++)
			bench.rate[i] = 0.1 + 0.2 * chance(&bench);
		/* Half of the runs with much more budget than --quick has. */
		screened += experiment(seed % 2 ? 12 : 60) > 0;
		if (findings(CLASS_COVERT, NULL) || findings(CLASS_HASHED, NULL))
			fail_msg("seed %u: %s", (unsigned)seed, bench.result.findings[0].explanation);
		bench_stop();
	}
	assert_true(screened > 100); /* else the screening never nominates, and the test shows nothing */
}

/* Two planted channels among 60 features that flip and 200 that stay. */
static struct slice planted(struct bench *b, uint32_t i, size_t o)
{
	if (i == 0)
		return level_is(b, o, "gateway", 3) ? SLICE("Today\xca\xbcs date is 2026-11-23.") : SLICE("Today's date is 2026-11-23.");
	if (i == 1)
		return level_is(b, o, "timezone", 1) && b->t[o].treatment.base == BASE_GATEWAY ? SLICE("date 2026/11/23")
		                                                                               : SLICE("date 2026-11-23");
	if (i == 2) /* ids: another one each time, but of another alphabet for one user */
		return slice_str(
		        arena_fmt(&b->arena, level_is(b, o, "user", 1) ? "%08u\xc2\xa0" : "%08ux", (unsigned)(dice(b) % 100000000)));
	return i < 63 ? noise(b, i, o) : SLICE("always the same");
}

static const struct vet_finding *finding(enum leak_class class, const char *factor)
{
	for (size_t i = 0; i < bench.result.n_findings; i++)
		if (bench.result.findings[i].class == class && strcmp(bench.result.findings[i].factor, factor) == 0)
			return &bench.result.findings[i];
	fail_msg("no %s finding for %s", leak_class_name(class), factor);
	return NULL;
}

static void planted_dependences_are_found(void **state)
{
	(void)state;
	unsigned missed = 0;
	for (uint64_t seed = 1; seed <= 40; seed++) {
		bench_start(seed, 263, planted);
		for (size_t i = 0; i < 263; i++)
			bench.rate[i] = 0.1 + 0.2 * chance(&bench);
		experiment(30);
		missed += findings(CLASS_COVERT, "gateway") != 1;
		missed += findings(CLASS_COVERT, "timezone") != 1;
		missed += findings(CLASS_COVERT, "user") != 1;
		if (seed == 1) {
			const struct vet_finding *f = finding(CLASS_COVERT, "gateway");
			assert_string_equal(f->before, "Today's date is 2026-11-23.");
			assert_int_equal(f->before_at, 5);
			assert_int_equal(f->before_n, 1);
			assert_int_equal(f->after_at, 5);
			assert_int_equal(f->after_n, 2);
			assert_int_equal(f->n_codepoints, 2);
			assert_string_equal(f->codepoints[0].name, "APOSTROPHE");
			assert_string_equal(f->codepoints[1].name, "MODIFIER LETTER APOSTROPHE");
			assert_true(f->codepoints[1].in_after && !f->codepoints[0].in_after);
			assert_string_equal(f->levels[0], factor_table[factor_find("gateway")].levels[3].name);
			assert_null(f->levels[1]);
			assert_string_equal(f->base, "gateway");
			assert_true(f->p_value < 0.001);
			assert_string_equal(f->address, "body.field0");
			f = finding(CLASS_COVERT, "timezone");
			assert_string_equal(f->codepoints[0].name, "HYPHEN-MINUS");
			assert_string_equal(f->codepoints[1].name, "SOLIDUS");
			assert_int_equal(bench.result.n_endpoints, 1);
			assert_int_equal(bench.result.n_cells, 3);
		}
		bench_stop();
	}
	/* With 60 features that flip, a budget of 30 does not reach each level in every run. */
	if (missed > 6)
		fail_msg("%u of 120 missed", missed);
}

/* Without noise, the quick budget must do. */
static struct slice quiet(struct bench *b, uint32_t i, size_t o)
{
	if (i == 0) {
		bool gateway = level_is(b, o, "gateway", 2), zone = level_is(b, o, "timezone", 1);
		return gateway && !zone ? SLICE("It's 1-2") : zone ? SLICE("It's 1/2") : SLICE("It's 1-2");
	}
	if (i == 1)
		return level_is(b, o, "gateway", 2) ? SLICE("as you like") : SLICE("as you  like");
	if (i == 2)
		return level_is(b, o, "git", 1) ? SLICE("Is a git repository: No") : SLICE("Is a git repository: Yes");
	if (i == 3)
		return level_is(b, o, "ci", 1) ? SLICE("true") : SLICE("false");
	return SLICE("always the same");
}

static void quick_budget_is_enough(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		bench_start(seed, 50, quiet);
		bench.s.f[3].address = "body.metadata.is_ci";
		experiment(PLAN_QUICK_KEPT);
		assert_int_equal(findings(CLASS_COVERT, "timezone"), 1);
		assert_int_equal(findings(CLASS_COVERT, "gateway"), 1);
		assert_int_equal(findings(CLASS_UNDECLARED, "git"), 1);
		assert_int_equal(findings(CLASS_UNDECLARED, "ci"), 1);
		assert_int_equal(bench.result.n_findings, 4);
		bench_stop();
	}
}

/* Two factors that change one text in two places; a part of a message that goes to the gateway only, and is left out under a level; a
 * sentence that goes together with the name of a folder, and one that goes alone. */
static struct slice together(struct bench *b, uint32_t i, size_t o)
{
	bool gateway = b->t[o].treatment.base == BASE_GATEWAY, lab = gateway && level_is(b, o, "gateway", 2),
	     zone = gateway && level_is(b, o, "timezone", 1), plain = level_is(b, o, "git", 1);
	if (i == 0)
		return slice_str(
		        arena_fmt(&b->arena, "Today%ss date is 2026%s11%s23.", lab ? "\xca\xbc" : "'", zone ? "/" : "-", zone ? "/" : "-"));
	/* so that there are trials to confirm with the official hosts too */
	if (i == 5)
		return level_is(b, o, "timezone", 2) ? SLICE("a, b") : SLICE("a,b");
	if (!gateway && i < 4)
		return SLICE_NONE;
	if (i == 1)
		return level_is(b, o, "gateway", 3) ? SLICE_NONE : SLICE("please");
	if (i == 2)
		return plain ? SLICE_NONE : SLICE("+-- .git/...");
	if (i == 3)
		return plain ? SLICE("All files.") : SLICE("All files. Folders that end in dots hold more than is shown here.");
	if (i == 4)
		return level_is(b, o, "gateway", 4) ? SLICE("All files.")
		                                    : SLICE("All files. Folders that end in dots hold more than is shown here.");
	/* a block of plain lines, that comes with a name or with a thing to work with */
	if (i >= 6 && i < 14)
		return level_is(b, o, i < 10 ? "hostname" : "shell", 1)
		               ? slice_str(
		                         arena_fmt(&b->arena, "Line %u says to be careful, to be brief, and to ask whenever in doubt.", i))
		               : SLICE_NONE;
	return SLICE("always the same");
}

static void combined_rounds_tell_apart(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 4; seed++) {
		bench_start(seed, 50, together);
		for (uint32_t i = 2; i < 5; i++)
			bench.s.f[i].parent = 40;
		for (uint32_t i = 6; i < 14; i++)
			bench.s.f[i].parent = i < 10 ? 41 : 42;
		experiment_together();
		assert_int_equal(findings(CLASS_COVERT, "timezone"), 2);
		/* the apostrophe, the word that is left out, the sentence that goes alone */
		assert_int_equal(findings(CLASS_COVERT, "gateway"), 3);
		assert_int_equal(findings(CLASS_COVERT, "git"), 0);
		assert_int_equal(findings(CLASS_COVERT, "hostname"), 1);
		assert_int_equal(findings(CLASS_COVERT, "shell"), 0);
		assert_int_equal(findings(CLASS_UNDECLARED, "shell"), 1);
		bench_stop();
	}
}

static const char *const next_days[] = {"Asia/Shanghai", "Asia/Kolkata", "Asia/Tokyo", NULL};

/* The line of a prompt with the date of the place, which is the next day in some at 20:00 UTC; its apostrophe tells of two lists of names,
 * and a zone writes it with slashes. */
static struct slice evening(struct bench *b, uint32_t i, size_t o)
{
	unsigned gateway = b->t[o].treatment.level[factor_find("gateway")];
	bool there = b->t[o].treatment.base == BASE_GATEWAY, next = false;
	if (i >= 4)
		return chance(b) < b->rate[i] ? SLICE("batch of seven") : SLICE("batch of eight");
	for (const char *const *z = next_days; *z; z++)
		next |= strcmp(b->hosts[o].timezone, *z) == 0;
	char mark = there && level_is(b, o, "timezone", 1) ? '/' : '-';
	const char *quote = there && gateway >= 7 && gateway <= 10    ? "\xe2\x80\x99"
	                    : there && gateway >= 11 && gateway <= 13 ? "\xca\xbc"
	                                                              : "'";
	return slice_str(arena_fmt(&b->arena, "Today%ss date is 2026%c11%c%d.", quote, mark, mark, next ? 24 : 23));
}

/* Of seven names of two lists each is tried once, and there are few fresh trials: what the names of a list show alike proves it, and what
 * follows from the zone is no sign against it and takes none of them. */
static void lists_are_proven_together(void **state)
{
	(void)state;
	unsigned missed = 0;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		bench_start(seed, 60, evening);
		for (size_t i = 4; i < 60; i++) {
			bench.rate[i] = 0.05 + 0.1 * chance(&bench);
			bench.s.f[i].endpoint = "POST https://telemetry.example.com/batch";
		}
		struct plan plan;
		assert_int_equal(plan_build(PLAN_QUICK, seed, NULL, true, &bench.arena, &plan, NULL), 0);
		for (size_t i = 0; i < plan.n; i++)
			if (plan.trials[i].level < 7 || strcmp(factor_table[plan.trials[i].factor].name, "gateway") != 0)
				run(&plan.trials[i].treatment, plan.trials[i].baseline, plan.trials[i].factor, plan.trials[i].level, false);
		for (unsigned level = 7; level <= 13; level++) {
			struct treatment t = plan_treatment(BASE_GATEWAY, (unsigned)factor_find("gateway"), level);
			run(&t, false, (unsigned)factor_find("gateway"), level, false);
		}
		confirm_together(20);
		for (unsigned level = 7; level <= 13; level++)
			missed += !told(CLASS_COVERT, "gateway", level);
		missed += findings(CLASS_COVERT, "gateway") != 2;
		missed += !told(CLASS_COVERT, "timezone", 1);
		missed += findings(CLASS_COVERT, NULL) != 3;
		assert_null(bench.result.undecided);
		bench_stop();
	}
	if (missed)
		fail_msg("%u of 200 missed", missed);
}

/* Seen once where all is quiet, and not tried again. */
static void what_is_not_decided_is_said(void **state)
{
	(void)state;
	bench_start(1, 50, quiet);
	bench.s.f[3].address = "body.metadata.is_ci";
	experiment(0);
	assert_int_equal(findings(CLASS_COVERT, NULL), 0);
	assert_non_null(strstr(bench.result.undecided, "gateway host name"));
	assert_non_null(strstr(bench.result.undecided, "time zone"));
	assert_null(strstr(bench.result.undecided, "CI"));
	bench_stop();
	bench_start(1, 50, quiet);
	bench.s.f[3].address = "body.metadata.is_ci";
	experiment(PLAN_QUICK_KEPT);
	assert_int_equal(findings(CLASS_COVERT, NULL), 2);
	assert_null(bench.result.undecided);
	bench_stop();
}

/* A checksum of all that is sent, which is the same where the same was drawn and said, and is drawn anew in every fresh trial. */
static struct slice checksum(struct bench *b, uint32_t i, size_t o)
{
	uint32_t stream = b->t[o].confirming ? (uint32_t)(1000 + o) : b->t[o].stream;
	bool says = level_is(b, o, "timezone", 1) || level_is(b, o, "timezone", 3) || level_is(b, o, "git", 1) || level_is(b, o, "user", 1);
	static struct bench mix;
	mix.state = (uint64_t)(b->rate[0] * 1e9) << 32 ^ (uint64_t)stream << 8 ^ (uint64_t)says << 7 ^ i;
	return slice_str(arena_fmt(&b->arena, "client=1.2.3; kind=cli; sum=%05x;", (unsigned)(dice(&mix) >> 44)));
}

static void copies_are_no_witnesses(void **state)
{
	(void)state;
	unsigned wrong = 0;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		bench_start(seed, 8, checksum);
		bench.rate[0] = chance(&bench);
		experiment_together();
		wrong += findings(CLASS_COVERT, NULL) > 0;
		wrong += bench.result.undecided != NULL;
		bench_stop();
	}
	print_message("%u of 100 wrong\n", wrong);
	assert_true(wrong <= 1);
}

/* By their names all are digests. Of the person's keys; of the message, of which nothing else changes with them; and one that follows from
 * what changes. */
/* A digest that stays beside an id that is drawn, as vendors tell one installation and its sessions. */
static unsigned account_from, account_to; /* levels of the locale under which another digest stands there; from 0: always a new one */

static struct slice account(struct bench *b, uint32_t i, size_t o)
{
	static unsigned drawn;
	unsigned long long digest = 71829034511ull, session = dice(b) % 1000000000;
	for (unsigned l = account_from; l <= account_to; l++)
		digest += l ? 90210 * level_is(b, o, "locale", l) : ++drawn;
	return i ? SLICE("always the same") : slice_str(arena_fmt(&b->arena, "user_%020llu_session_%020llu", digest, session));
}

static void digest_beside_an_id(void **state)
{
	(void)state;
	static const struct {
		unsigned from, to, covert;
	} all[] = {{1, 1, 1}, {100, 100, 0}, {0, 0, 0}};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		account_from = all[i].from;
		account_to = all[i].to;
		bench_start(5 + i, 20, account);
		experiment_together();
		assert_int_equal(findings(CLASS_COVERT, NULL), all[i].covert);
		assert_int_equal(findings(CLASS_COVERT, "locale"), all[i].covert);
		assert_int_equal(told(CLASS_COVERT, "locale", 1), all[i].covert == 1);
		bench_stop();
	}
}

/* A token that another machine-id makes another one: a digest of it with a key that nobody knows, or one of two. */
static bool keyed_in_two;

static struct slice keyed(struct bench *b, uint32_t i, size_t o)
{
	const struct treatment *t = &b->t[o].treatment;
	uint64_t device = t->identity ? t->identity : level_is(b, o, "machine_id", 1);
	static struct bench mix;
	mix.state = (keyed_in_two ? device & 1 : device) * 77 + 5;
	unsigned long long x = dice(&mix), y = dice(&mix);
	return i ? SLICE("always the same") : slice_str(arena_fmt(&b->arena, "%020llu%020llu", x, y));
}

static void other_devices_tell_a_digest_from_a_mark(void **state)
{
	(void)state;
	for (int two = 0; two < 2; two++) {
		struct treatment *t;
		size_t n, more;
		keyed_in_two = two;
		bench_start(3, 20, keyed);
		experiment_together();
		assert_int_equal(findings(CLASS_COVERT, "machine_id"), 1);
		assert_int_equal(analysis_devices(&bench.s, bench.t, bench.n, NULL, &bench.arena, &t, &n), 0);
		assert_int_equal(n, 6);
		for (size_t i = 0; i < n; i++) {
			run(&t[i], false, 0, 0, false);
			bench.t[bench.n - 1].combined = true;
			bench.t[bench.n - 1].row = ROW_ANEW;
		}
		assert_int_equal(analysis_devices(&bench.s, bench.t, bench.n, NULL, &bench.arena, &t, &more), 0);
		assert_int_equal(more, 0);
		assert_int_equal(analysis_decide(&bench.s, bench.t, bench.n, NULL, &bench.result), 0);
		assert_int_equal(findings(CLASS_COVERT, NULL), two);
		assert_int_equal(findings(CLASS_HASHED, "machine_id"), !two);
		bench_stop();
	}
}

static struct slice named_digests(struct bench *b, uint32_t i, size_t o)
{
	bool keys = b->t[o].treatment.level[factor_find("credentials")] != 0, shell = level_is(b, o, "shell", 1);
	switch (i) {
	case 0:
		return keys ? SLICE("5f0c8d1a99e2b374") : SLICE("c41be0672dd8a95f");
	case 1:
		return keys ? SLICE("a3c457fb7932") : SLICE("f7da33744ee0");
	case 2:
		return shell ? SLICE("0a93e27d55b1") : SLICE("bb21f08c34d6");
	case 3:
		return shell ? SLICE("zsh") : SLICE("bash");
	default:
		return SLICE("always the same");
	}
}

static void a_tag_follows_from_its_message(void **state)
{
	(void)state;
	bench_start(1, 30, named_digests);
	bench.s.f[0].address = "body.metadata.machine_hash";
	bench.s.f[1].address = "header x-prompt-etag";
	bench.s.f[2].address = "header x-body-checksum";
	bench.s.f[3].address = "body.metadata.shell";
	experiment_together();
	assert_true(findings(CLASS_COVERT, "credentials") >= 1);
	assert_int_equal(findings(CLASS_COVERT, NULL), findings(CLASS_COVERT, "credentials"));
	for (size_t i = 0; i < bench.result.n_findings; i++)
		if (bench.result.findings[i].class == CLASS_COVERT)
			assert_string_equal(bench.result.findings[i].address, "header x-prompt-etag");
	assert_true(findings(CLASS_HASHED, "credentials") >= 1);
	bench_stop();
}

/* Which of two values it is says what shell it is, in plain words. */
static struct slice plain_choice(struct bench *b, uint32_t i, size_t o)
{
	return i ? SLICE("always the same") : level_is(b, o, "shell", 1) ? SLICE("zsh") : SLICE("bash");
}

static void what_is_explained_is_no_bit(void **state)
{
	(void)state;
	unsigned shell = (unsigned)factor_find("shell");
	bench_start(1, 30, plain_choice);
	bench.s.f[0].address = "body.metadata.shell";
	experiment_together();
	assert_true(told(CLASS_UNDECLARED, "shell", 1) || told(CLASS_DISCLOSED, "shell", 1));
	/* In many trials it is there, alone and beside others; then in turns with baselines. */
	for (unsigned i = 0; i < 64; i++) {
		struct treatment t = plan_treatment(i % 2 ? BASE_GATEWAY : BASE_OFFICIAL, shell, dice(&bench) % 2);
		bool others = i >= 32, plain = !t.level[shell];
		if (others)
			t.level[factor_find("user")] = 1;
		run(&t, plain && !others, plain ? 0 : shell, t.level[shell], true);
		bench.t[bench.n - 1].combined = bench.t[bench.n - 1].spread = others;
	}
	for (unsigned i = 0; i < 24; i++) {
		struct treatment t = plan_treatment(BASE_OFFICIAL, shell, i % 2);
		run(&t, i % 2 == 0, shell, i % 2, true);
		bench.t[bench.n - 1].probe = true;
	}
	assert_int_equal(analysis_decide(&bench.s, bench.t, bench.n, NULL, &bench.result), 0);
	assert_int_equal(findings(CLASS_COVERT, NULL), 0);
	bench_stop();
}

/* A mark that is set in seven of ten sessions of a level. */
static struct slice at_times(struct bench *b, uint32_t i, size_t o)
{
	if (i == 0 && level_is(b, o, "gateway", 1) && chance(b) < 0.7)
		return SLICE("as  you like");
	return i == 0 ? SLICE("as you like") : SLICE("always the same");
}

/* One that any of four factors brings about. */
static struct slice any_of_four(struct bench *b, uint32_t i, size_t o)
{
	static const char *const factors[] = {"user", "hostname", "locale", "ip"};
	for (size_t f = 0; f < ARRAY_LEN(factors); f++)
		if (i == 0 && level_is(b, o, factors[f], 1))
			return SLICE("so be  it");
	return i == 0 ? SLICE("so be it") : SLICE("always the same");
}

static void channels_of_other_kinds(void **state)
{
	(void)state;
	static const struct {
		struct slice (*tool)(struct bench *b, uint32_t i, size_t o);
		unsigned least; /* of 20: the single run of a level in the plan shows the first in seven of ten */
	} rows[] = {{at_times, 10}, {any_of_four, 20}};
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		unsigned found = 0;
		for (uint64_t seed = 1; seed <= 20; seed++) {
			bench_start(seed, 30, rows[k].tool);
			experiment_together();
			found += findings(CLASS_COVERT, NULL) > 0;
			for (size_t i = 0; i < bench.result.n_findings; i++)
				assert_string_equal(bench.result.findings[i].address, "body.field0");
			bench_stop();
		}
		if (found < rows[k].least)
			fail_msg("row %zu: found %u times of 20", k, found);
	}
}

/* The same edit at many addresses and under several levels is one finding; children of a part that went are told with it. */
static struct slice repeated(struct bench *b, uint32_t i, size_t o)
{
	bool on = level_is(b, o, "gateway", 1) || level_is(b, o, "gateway", 4);
	if (i < 5)
		return on ? SLICE("a\xe2\x80\x8b"
		                  "b")
		          : SLICE("ab");
	if (i < 9)
		return level_is(b, o, "company", 1) ? SLICE_NONE : SLICE("here");
	if (i == 9) /* the address follows from the text */
		return level_is(b, o, "locale", 1) ? SLICE_NONE : SLICE("one, two and three");
	if (i == 10)
		return level_is(b, o, "locale", 1) ? SLICE("one, two, and three") : SLICE_NONE;
	return SLICE("always the same");
}

static void like_findings_fold(void **state)
{
	(void)state;
	bench_start(3, 20, repeated);
	for (uint32_t i = 6; i < 9; i++)
		bench.s.f[i].parent = i - 1;
	experiment(40);
	assert_int_equal(findings(CLASS_COVERT, NULL), 3);
	const struct vet_finding *f = finding(CLASS_COVERT, "gateway");
	assert_int_equal(f->occurrences, 4);
	assert_non_null(f->levels[1]);
	assert_null(f->levels[2]);
	assert_string_equal(f->codepoints[0].name, "ZERO WIDTH SPACE");
	assert_int_equal(finding(CLASS_COVERT, "company")->occurrences, 0);
	f = finding(CLASS_COVERT, "locale");
	assert_int_equal(f->n_codepoints, 1);
	assert_string_equal(f->codepoints[0].name, "COMMA");
	bench_stop();
}

/* One file more, and a list in columns is another part altogether. */
static struct slice columns(struct bench *b, uint32_t i, size_t o)
{
	bool more = level_is(b, o, "ai_tools", 1);
	if (i == 0)
		return more ? SLICE_NONE : SLICE(".   ..  .git  .gitignore  Makefile  README.md  package.json  src");
	if (i == 1)
		return more ? SLICE("..    .git          .gitignore    AGENTS.md     Makefile      README.md     package.json  src   .")
		            : SLICE_NONE;
	return SLICE("always the same");
}

static void lists_in_columns_are_one_part(void **state)
{
	(void)state;
	bench_start(3, 20, columns);
	experiment(40);
	assert_int_equal(findings(CLASS_COVERT, NULL), 0);
	assert_int_equal(findings(CLASS_UNDECLARED, "ai_tools"), 1);
	bench_stop();
}

static const char *new_order;

/* Lines that come have no order without the level; those that are there all the time have. */
static struct slice came_with_order(struct bench *b, uint32_t i, size_t o)
{
	bool more = level_is(b, o, "locale", 1);
	switch (i) {
	case 0:
		return SLICE("a text");
	case 1:
		return more ? slice_str(new_order) : SLICE("as first seen");
	case 2:
		return more ? SLICE("said in {locale}") : SLICE_NONE;
	case 3:
		return SLICE("an old one");
	default:
		return SLICE("always the same");
	}
}

static void parts_that_come_have_no_order(void **state)
{
	(void)state;
	static const char *const orders[] = {"line \"said in {locale}\" before line \"an old one\"",
	        "line \"an old one\" before line \"another\"; line \"said in {locale}\" before line \"an old one\"",
	        "line \"said in {locale}\" before line \"an old one\"; and 3 more"};
	for (size_t k = 0; k < ARRAY_LEN(orders); k++) {
		new_order = orders[k];
		bench_start(3, 20, came_with_order);
		bench.s.f[0].address = "body.text";
		bench.s.f[1].address = "body.text (order)";
		bench.s.f[2].address = "body.text line \"said in {locale}\"";
		bench.s.f[3].address = "body.text line \"an old one\"";
		for (uint32_t i = 1; i < 4; i++)
			bench.s.f[i].parent = 0;
		experiment(40);
		assert_int_equal(findings(CLASS_COVERT, "locale"), k > 0);
		bench_stop();
	}
}

/* A list of files that the tool keeps: with one more in it, it is read in another order. */
static struct slice kept_list(struct bench *b, uint32_t i, size_t o)
{
	bool more = level_is(b, o, "credentials", 1);
	switch (i) {
	case 0:
		return SLICE("one text");
	case 1:
		return more ? SLICE("line \"b\" before line \"a\"") : SLICE("as first seen");
	case 2:
		return more ? SLICE("a key: {credentials}") : SLICE_NONE;
	default:
		return SLICE("always the same");
	}
}

static void lists_in_files_have_an_order(void **state)
{
	(void)state;
	for (int sent = 0; sent < 2; sent++) {
		bench_start(3, 20, kept_list);
		bench.s.f[1].address = "content (order)";
		for (uint32_t i = 0; i < 3; i++) {
			bench.s.f[i].endpoint = sent ? "POST https://api.example.com/v1/keep" : "FILE {home}/.fern/list";
			bench.s.f[i].parent = i ? 0 : UINT32_MAX;
		}
		experiment(40);
		assert_int_equal(findings(CLASS_COVERT, NULL), sent);
		bench_stop();
	}
}

/* -- echoes -- */

static struct slice echoing(struct bench *b, uint32_t i, size_t o)
{
	unsigned hostname = (unsigned)factor_find("hostname"), terminal = (unsigned)factor_find("terminal");
	if (i == 0) {
		b->s.echoes[b->s.n_echoes++] = (struct feature_echo){(unsigned)o, hostname, 0, "as it is", false, false};
		return SLICE("on {hostname} now");
	}
	if (i == 1 && level_is(b, o, "terminal", 1)) { /* a constant list that has the level's name in it */
		b->s.echoes[b->s.n_echoes++] = (struct feature_echo){(unsigned)o, terminal, 1, "as it is", false, false};
		return SLICE("emacs, vim, {terminal}");
	}
	if (i == 1)
		return SLICE("emacs, vim, vscode");
	if (i == 2) {
		b->s.echoes[b->s.n_echoes++] =
		        (struct feature_echo){(unsigned)o, (unsigned)factor_find("machine_id"), 2, "sha256 hex", true, false};
		return level_is(b, o, "machine_id", 1) ? SLICE("7f83b1657ff1fc53") : SLICE("b92dc18148a1d65d");
	}
	return SLICE("always the same");
}

static void echoes_are_findings(void **state)
{
	(void)state;
	bench_start(5, 10, echoing);
	experiment(PLAN_QUICK_KEPT);
	assert_int_equal(bench.result.n_findings, 2);
	const struct vet_finding *f = finding(CLASS_UNDECLARED, "hostname");
	assert_string_equal(f->after, "on {hostname} now");
	assert_int_equal(f->after_at, 3);
	assert_string_equal(f->levels[0], "wks-7f3kq");
	assert_string_equal(f->base, "official,gateway");
	(void)finding(CLASS_HASHED, "machine_id");
	/* With a declaration it is disclosed. */
	struct profile_field field = {"hostname", "*.example.com", "https://example.com/privacy"};
	struct profile profile = {.fields = &field, .n_fields = 1};
	struct vet_result r = {.arena = ARENA(16 << 20)};
	assert_int_equal(analysis_decide(&bench.s, bench.t, bench.n, &profile, &r), 0);
	unsigned disclosed = 0;
	for (size_t i = 0; i < r.n_findings; i++)
		if (r.findings[i].class == CLASS_DISCLOSED) {
			disclosed++;
			assert_string_equal(r.findings[i].declared, "https://example.com/privacy");
		}
	assert_int_equal(disclosed, 1);
	arena_free(&r.arena);
	bench_stop();
}

/* -- the table of explanations -- */

static const struct {
	const char *factor;
	unsigned level;
	const char *address, *before, *after;
	enum leak_class class;
} cases[] = {
        /* time zone: the date in that zone is honest (it is 20:00 UTC, so the next day in Shanghai), its format is not */
        {"timezone", 1, "body.text", "Today's date is 2026-11-23.", "Today's date is 2026-11-24.", CLASS_UNDECLARED},
        {"timezone", 1, "body.text", "Today's date is 2026-11-23.", "Today's date is 2026/11/24.", CLASS_COVERT},
        /* 75 days later */
        {"date", 1, "body.text", "Today's date is 2026-11-23.", "Today's date is 2027-02-06.", CLASS_UNDECLARED},
        {"date", 1, "body.text", "Today's date is 2026-11-23.", "Today's date is 2027/02/06.", CLASS_COVERT},
        {"date", 1, "body.text", "This month is November 2026.", "This month is February 2027.", CLASS_UNDECLARED},
        {"date", 1, "body.text", "As of 2026-11.", "As of 2027-02.", CLASS_UNDECLARED},
        {"date", 1, "body.text", "It is November, and 2026.", "It is February, and 2027.", CLASS_UNDECLARED},
        {"date", 1, "body.text", "This month is November 2026.", "This month is February 2026.", CLASS_UNDECLARED},
        {"date", 1, "body.text", "This month is November 2026.", "This month is Feb. 2027.", CLASS_COVERT},
        {"date", 1, "content", NULL, "2027-02-06T20:00:00.694Z [ERROR] Starting it again", CLASS_UNDECLARED},
        {"date", 1, "content", NULL, "2027-02-07T20:00:00.694Z [ERROR] Starting it again", CLASS_COVERT},
        {"date", 1, "content", NULL, "2027-02-06T20:00:00.694Z [ERROR] Starting\xe2\x80\x8b it again", CLASS_COVERT},
        {"date", 1, "content", NULL, "Starting it again", CLASS_COVERT},
        {"timezone", 1, "body.text", "Today's date is 2026-11-23.", "Today's date is 2026/11/23.", CLASS_COVERT},
        {"timezone", 1, "body.text", "Today's date is 2026-11-23.", "Today's date is 2026-11-29.", CLASS_COVERT},
        {"timezone", 1, "body.text", "Today's date is 2026-11-23.", "Today\xe2\x80\x99s date is 2026-11-24.", CLASS_COVERT},
        {"timezone", 1, "body.text", "Monday, November 23, 2026", "Tuesday, November 24, 2026", CLASS_UNDECLARED},
        {"timezone", 1, "body.text", "at 20:00", "at 04:00", CLASS_UNDECLARED},
        {"timezone", 1, "body.text", "offset +00:00.", "offset +08:00.", CLASS_UNDECLARED},
        {"timezone", 1, "body.x", "0", "-480", CLASS_UNDECLARED},
        {"timezone", 1, "body.x", "0", "7", CLASS_COVERT},
        {"timezone", 1, "body.text", "2026-11-23T20:00:00Z", "2026-11-24T04:00:00+08:00", CLASS_UNDECLARED},
        {"timezone", 1, "body.text", "(UTC)", "(CST)", CLASS_UNDECLARED},
        {"timezone", 1, "body.text", "Zone: UTC", "Zone: {timezone}", CLASS_UNDECLARED},
        {"timezone", 1, "body.text", "It's UTC", "It\xca\xbcs {timezone}", CLASS_COVERT},
        {"timezone", 1, "header accept", "a, b", "b, a", CLASS_COVERT},
        /* locale, counts, flags, blocks */
        {"locale", 1, "body.instructions", "Answer in American English ({locale}).", "Answer in Chinese (China) ({locale}).",
                CLASS_UNDECLARED},
        {"locale", 9, "body.instructions", "Answer in American English ({locale}).", "Answer in Brazilian Portuguese ({locale}).",
                CLASS_UNDECLARED},
        {"locale", 1, "body.instructions", "Answer in American English ({locale}).", "Answer in Basic Chinese ({locale}).", CLASS_COVERT},
        {"locale", 1, "body.text", "language en", "language zh", CLASS_UNDECLARED},
        {"locale", 1, "body.keyboard_layout", "us", "us,cn", CLASS_UNDECLARED},
        {"git", 1, "body.messages[user#2].content line \"exit 128\"", "", "exit 128", CLASS_UNDECLARED},
        {"git", 1, "body.messages[user#2].content line \"exit 129\"", "", "exit 129", CLASS_COVERT},
        {"git", 1, "body.x", "12", "12 128", CLASS_COVERT},
        {"git_remote", 1, "body.messages[user#2].content line \"## main\"", "", "## main", CLASS_UNDECLARED},
        {"git_remote", 1, "body.messages[user#2].content line \"## mains\"", "", "## mains", CLASS_COVERT},
        {"locale", 1, "body.x", "", "exit 128", CLASS_COVERT},
        {"cpus", 1, "body.parallel_tool_calls", "true", "false", CLASS_UNDECLARED},
        {"locale", 1, "body.x", "1,000", "1.000", CLASS_COVERT},
        {"locale", 1, "body.text", "Answer in **English** always.", "Answer in **Chinese** always.", CLASS_UNDECLARED},
        {"locale", 1, "body.text", "Answer in **English** always.", "Answer in **Russian** always.", CLASS_COVERT},
        {"locale", 1, "body.text", "Answer in **English** always.", "Answer in  **English** always.", CLASS_COVERT},
        {"cpus", 1, "body.n", "2", "8", CLASS_UNDECLARED},
        {"cpus", 1, "body.n", "2", "9", CLASS_COVERT},
        {"ci", 1, "body.metadata.is_ci", "false", "true", CLASS_UNDECLARED},
        {"ci", 1, "body.metadata.isCI", "false", "true", CLASS_UNDECLARED},
        {"ci", 1, "body.metadata.isCute", "false", "true", CLASS_COVERT},
        {"ci", 1, "body.decision", "false", "true", CLASS_COVERT},
        {"terminal", 1, "body.env.terminal", "xterm", "vscode", CLASS_UNDECLARED},
        /* a listing of files in columns: one name more moves the blanks; the blanks alone say something else */
        {"ai_tools", 1, "body.text", "Output: .  ..  .git  README.md  package.json  other.txt",
                "..  .git        AGENTS.md  README.md  package.json  other.txt", CLASS_UNDECLARED},
        {"company", 1, "body.text", ".git  README.md  package.json  other.txt", ".git  README.md   package.json  other.txt", CLASS_COVERT},
        {"ai_tools", 1, "body.text", ".git  README.md  package.json", ".git  README.md  package.json  spy.txt", CLASS_COVERT},
        /* which folder is the root of the project */
        {"git", 1, "body.text", "Root folder: {project}", "Root folder: /", CLASS_UNDECLARED},
        {"git", 1, "body.text", "Root folder: {project}/src", "Root folder: {project}", CLASS_UNDECLARED},
        {"git", 1, "body.text", "Root folder: {project}", "Root folder: /opt", CLASS_COVERT},
        {"git", 1, "body.text", "Root folder: {project}", "Root folder: {project}/", CLASS_COVERT},
        /* from a project of three folders, and from one of two */
        {"project", 3, "body.text", "From ../../..{home}/.x/y.md now", "From ../..{home}/.x/y.md now", CLASS_UNDECLARED},
        {"project", 3, "body.text", "From ../../../etc/y.md now", "From ../../etc/y.md now", CLASS_UNDECLARED},
        {"project", 3, "body.text", "From ../../..{home}/.x/y.md now", "From ../../../..{home}/.x/y.md now", CLASS_COVERT},
        {"project", 3, "body.text", "From ../../..{home}/.x/y.md now", "From ../..{home}/.x//y.md now", CLASS_COVERT},
        {"project", 1, "body.text", "From ../../..{home}/.x/y.md now", "From ../..{home}/.x/y.md now", CLASS_COVERT},
        {"git", 1, "body.text", "Is a git repository: Yes", "Is a git repository: No", CLASS_UNDECLARED},
        {"git", 1, "body.text", "Is a git repository: Yes", "Is a git  repository: Yes", CLASS_COVERT},
        {"git", 1, "body.text", "Is a git repository: Yes", "Is a git repository: yes", CLASS_COVERT},
        {"git", 1, "body.text", "Is a git repository: Yes", "Is a git repository\xef\xbc\x9a Yes", CLASS_COVERT},
        {"git", 1, "body.text", NULL, "gitStatus: this is the status at the start\nCurrent branch: main", CLASS_UNDECLARED},
        {"git", 1, "body.text", "Rules.\nBe kind.", "Rules.\ngitStatus: clean on branch main\nBe kind.", CLASS_UNDECLARED},
        {"git", 1, "body.text", "Rules.\nBe kind.", "Rules.\ngitStatus: clean\xe2\x80\x8b on branch main\nBe kind.", CLASS_COVERT},
        {"ci", 1, "header user-agent", "x/1 (external, cli)", "x/1 (external, github-action)", CLASS_UNDECLARED},
        {"ci", 1, "header user-agent", "x/1 (external, cli)", "x/1 (external; cli)", CLASS_COVERT},
        {"user", 1, "header user-agent", "x/1.3", "x/1.3+1", CLASS_COVERT},
        {"user", 1, "body.userAgent", "x/1.3", "x/1.3 b", CLASS_COVERT},
        {"user", 1, "body.meta.user", "someone", "nobody", CLASS_UNDECLARED},
        {"user", 1, "body.messages[user].x", NULL, "hello", CLASS_COVERT},
        {"user", 1, "body.user_name", NULL, "hello", CLASS_UNDECLARED},
        {"company", 1, "body.text", "Be kind.", "Be brief.", CLASS_COVERT},
        {"company", 1, "body.output", "Original token count: 32", "Original token count: 33", CLASS_UNDECLARED},
        {"company", 1, "body.output", "Original token count: 32", "Original token mount: 32", CLASS_COVERT},
        {"company", 1, "body.output", "Chapter: 32", "Chapter: 33", CLASS_COVERT},
        {"ai_tools", 1, "body.kind", "session_context", "instructions", CLASS_UNDECLARED},
        {"ai_tools", 1, "body.text", "Mind the words.", "Mind the rules.", CLASS_COVERT},
        {"credentials", 1, "body.meta.has_env_file", "false", "true", CLASS_UNDECLARED},
        {"credentials", 1, "body.text", NULL, "{credentials}", CLASS_UNDECLARED},
        {"hostname", 1, "body.x", "aGk", "aGl", CLASS_COVERT},
        /* a message tells many things whenever it is sent: that it tells the value is no reason to send it, if there is one anyhow */
        {"os", 1, "request 2", "session_end {os}", NULL, CLASS_COVERT},
        {"os", 1, "request 2", NULL, "session_end {os}", CLASS_COVERT},
        {"os", 1, "request 2.body.distro", "{os}", NULL, CLASS_UNDECLARED},
        {"credentials", 1, "request 2", NULL, "session_end {credentials}", CLASS_UNDECLARED},
        {"date", 1, "request 2", NULL, "session_end 2027-02-06", CLASS_COVERT},
        {"date", 1, "request 2.body.day", NULL, "session_end 2027-02-06", CLASS_UNDECLARED},
        /* nor does CI=true speak of every "true" */
        {"ci", 6, "request 2", NULL, "session_end true", CLASS_COVERT},
        {"ci", 1, "request 2", NULL, "session_end in github", CLASS_UNDECLARED},
};

static void explanations(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena arena = ARENA(1 << 20);
		static struct host_spec h0, h1;
		const char *g0, *g1;
		unsigned f = (unsigned)factor_find(cases[i].factor);
		struct treatment t0 = plan_treatment(BASE_GATEWAY, 0, 0), t1 = plan_treatment(BASE_GATEWAY, f, cases[i].level);
		assert_int_equal(treatment_host(&t0, &arena, &h0, &g0), 0);
		assert_int_equal(treatment_host(&t1, &arena, &h1, &g1), 0);
		struct analysis_trial a = {
		        .treatment = t0, .baseline = true, .usable = true, .started_unix = 1795464000, .host = &h0, .gateway = g0};
		struct analysis_trial b = {.treatment = t1,
		        .factor = f,
		        .level = 1,
		        .usable = true,
		        .started_unix = 1795464000 + (strcmp(factor_table[f].name, "date") == 0 ? 75 * 86400 : 0),
		        .host = &h1,
		        .gateway = g1};
		struct feature feature = {.endpoint = "POST https://api.example.com/x",
		        .address = cases[i].address,
		        .host = "api.example.com",
		        .parent = UINT32_MAX};
		struct explain_case c = {.factor = f,
		        .feature = &feature,
		        .before = slice_str(cases[i].before),
		        .after = slice_str(cases[i].after),
		        .before_trial = &a,
		        .after_trial = &b,
		        .arena = &arena};
		struct explanation e;
		assert_int_equal(explain_difference(&c, &e), 0);
		if (e.class != cases[i].class)
			fail_msg("case %zu, %s: '%s' -> '%s' is %s (%s), not %s", i, cases[i].factor, cases[i].before, cases[i].after,
			        leak_class_name(e.class), e.rule, leak_class_name(cases[i].class));
		arena_free(&arena);
	}
}

/* Times as Date.prototype.toString() writes them, whose form alone is compared: what follows from zone and locale, and what does not. */
static void zones_have_names(void **state)
{
	(void)state;
	static const struct {
		const char *after;
		enum leak_class class;
	} rows[] = {{"It is Sun Nov 22 2026 16:00:20 GMT-0800 (Pacific Standard Time).", CLASS_UNDECLARED},
	        {"It is Sun Nov 22 2026 16:00:20 GMT-0800 (Pacific  Standard-Time).", CLASS_COVERT},
	        {"It is Sun Nov 22 2026 16:00:20 GMT-0800 [Pacific Standard Time].", CLASS_COVERT},
	        {"It is Sun Nov 22 2026 16:00:20 GMT-0800 (Pacific Standard Time) .", CLASS_COVERT}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena arena = ARENA(1 << 20);
		static struct host_spec h0, h1;
		const char *g0, *g1;
		unsigned f = (unsigned)factor_find("timezone"), l = 0;
		while (strcmp(factor_table[f].levels[l].value, "America/Los_Angeles") != 0)
			assert_true(++l < factor_table[f].n_levels);
		struct treatment t0 = plan_treatment(BASE_GATEWAY, 0, 0), t1 = plan_treatment(BASE_GATEWAY, f, l);
		assert_int_equal(treatment_host(&t0, &arena, &h0, &g0), 0);
		assert_int_equal(treatment_host(&t1, &arena, &h1, &g1), 0);
		/* 2026-11-23 00:00:00 UTC */
		struct analysis_trial a = {
		        .treatment = t0, .baseline = true, .usable = true, .started_unix = 1795392000, .host = &h0, .gateway = g0};
		struct analysis_trial b = {
		        .treatment = t1, .factor = f, .level = l, .usable = true, .started_unix = 1795392000, .host = &h1, .gateway = g1};
		struct feature feature = {.endpoint = "POST https://api.example.com/x",
		        .address = "body.instructions",
		        .host = "api.example.com",
		        .parent = UINT32_MAX};
		_cleanup_buf_ struct buf x = BUF(4096), y = BUF(4096);
		struct slice before = SLICE("It is Mon Nov 23 2026 00:00:10 GMT+0000 (Coordinated Universal Time)."),
		             after = slice_str(rows[i].after);
		feature_shape(before, &x);
		feature_shape(after, &y);
		struct explain_case c = {.factor = f,
		        .feature = &feature,
		        .before = buf_slice(&x),
		        .after = buf_slice(&y),
		        .raw_before = before,
		        .raw_after = after,
		        .shapes = true,
		        .before_trial = &a,
		        .after_trial = &b,
		        .arena = &arena};
		struct explanation e;
		assert_int_equal(explain_difference(&c, &e), 0);
		if (e.class != rows[i].class)
			fail_msg("row %zu is %s (%s), not %s", i, leak_class_name(e.class), e.rule, leak_class_name(rows[i].class));
		arena_free(&arena);
	}
}

static void hunks(void **state)
{
	(void)state;
	struct hunk h[8];
	assert_int_equal(hunks_of(SLICE("2026-11-23"), SLICE("2026/11/23"), h, 8), 2);
	assert_int_equal(h[0].a_at, 4);
	assert_int_equal(h[1].b_at, 7);
	assert_int_equal(hunks_of(SLICE("same"), SLICE("same"), h, 8), 0);
	assert_int_equal(hunks_of(SLICE("on {a} at"), SLICE("on {ab} at"), h, 8), 1);
	assert_int_equal(h[0].a_at, 3);
	assert_int_equal(h[0].a_n, 3);
	assert_int_equal(h[0].b_n, 4);
	assert_int_equal(hunks_of(SLICE("a b c d e f"), SLICE("1 b 2 d 3 f"), h, 2), 2);
	assert_int_equal(h[1].b_at + h[1].b_n, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(hunks),
	        cmocka_unit_test(explanations),
	        cmocka_unit_test(zones_have_names),
	        cmocka_unit_test(digest_beside_an_id),
	        cmocka_unit_test(other_devices_tell_a_digest_from_a_mark),
	        cmocka_unit_test(noise_gives_no_covert_finding),
	        cmocka_unit_test(planted_dependences_are_found),
	        cmocka_unit_test(quick_budget_is_enough),
	        cmocka_unit_test(combined_rounds_tell_apart),
	        cmocka_unit_test(lists_are_proven_together),
	        cmocka_unit_test(what_is_not_decided_is_said),
	        cmocka_unit_test(copies_are_no_witnesses),
	        cmocka_unit_test(a_tag_follows_from_its_message),
	        cmocka_unit_test(what_is_explained_is_no_bit),
	        cmocka_unit_test(channels_of_other_kinds),
	        cmocka_unit_test(like_findings_fold),
	        cmocka_unit_test(lists_in_columns_are_one_part),
	        cmocka_unit_test(parts_that_come_have_no_order),
	        cmocka_unit_test(lists_in_files_have_an_order),
	        cmocka_unit_test(echoes_are_findings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
