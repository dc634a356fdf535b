/* From rows of covering arrays to what it takes, on a made-up tool: the functions of vet/feature.h are played here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "base/random.h"
#include "vet/calm.h"
#include "long_digits.h"
#include "vet/combine.h"
#include "vet/plan.h"

#define FEATURES 240
#define TRIALS   700

struct feature_set {
	struct feature f[FEATURES];
	size_t n;
	struct slice v[FEATURES][TRIALS];
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
	(void)s;
	*n = 0;
	return NULL;
}

/* Digits in a row of eight and more are an id, and two are a part of a time. */
void feature_shape(struct slice value, struct buf *out)
{
	for (size_t i = 0; i < value.n;) {
		size_t n = 0;
		while (i + n < value.n && value.p[i + n] >= '0' && value.p[i + n] <= '9')
			n++;
		if (n >= 8)
			buf_str_add(out, "<id>");
		else if (n == 2)
			buf_str_add(out, "<2>");
		else
			buf_add(out, slice_sub(value, i, n ? n : 1));
		i += n ? n : 1;
	}
}

/* -- a tool, and the trials that are run with it -- */

struct tool {
	/* What it says in place i: NULL is nothing. */
	const char *(*say)(uint32_t i, const struct treatment *t, uint64_t *random, char *scratch);
	size_t features;
	const char *(*endpoint)(uint32_t i);
	const char *(*address)(uint32_t i); /* NULL: body.field0 and so on */
	uint32_t (*parent)(uint32_t i);     /* of these */
	bool lines;                         /* places are lines of the same text: the last one */
	bool quick;                         /* the quick effort, and nothing is confirmed */
	bool draws;                         /* what it draws can be chosen */
	bool slow;                          /* the first trials are run in one minute, and later ones in later ones */
	enum feature_measure measure;
};

static struct {
	struct feature_set s;
	struct analysis_trial t[TRIALS];
	struct host_spec hosts[TRIALS];
	size_t n;
	struct arena arena;
	uint64_t random;
	uint32_t stream;  /* of the trial that is run: of the same one two draw the same; 0: it is its own */
	bool other_draws; /* of a device that is run with nothing else, to prove it: it draws anew then */
	const struct tool *tool;
	struct vet_result result;
	struct combine_account account;
} lab;

/* 2026-11-23 20:00 UTC, and on. */
static int64_t moment(const struct host_spec *h, size_t o)
{
	return 1795464000 + h->ahead_s + (lab.tool->slow ? 60 * (int64_t)(o / 75) : 0);
}

static void run(const struct plan_trial *p, bool confirming, enum analysis_row row)
{
	size_t o = lab.n++;
	const char *gateway = NULL;
	assert_true(o < TRIALS);
	assert_int_equal(treatment_host(&p->treatment, &lab.arena, &lab.hosts[o], &gateway), 0);
	lab.t[o] = (struct analysis_trial){.id = arena_fmt(&lab.arena, "t%03zu", o),
	        .treatment = p->treatment,
	        .baseline = p->baseline,
	        .factor = p->factor,
	        .level = p->level,
	        .confirming = confirming,
	        .combined = confirming || row != ROW_NONE,
	        .row = row,
	        .usable = true,
	        .started_unix = moment(&lab.hosts[o], o),
	        .host = &lab.hosts[o],
	        .gateway = gateway};
	lab.other_draws = row == ROW_ANEW;
	lab.stream = p->stream ? p->stream : p->treatment.identity && row != ROW_ANEW ? CALM_DEVICES_FROM + p->treatment.identity : 0;
	lab.t[o].stream = lab.tool->draws ? lab.stream : 0;
	for (uint32_t i = 0; i < lab.tool->features; i++) {
		char scratch[200];
		const char *s = lab.tool->say(i, &p->treatment, &lab.random, scratch);
		lab.s.v[i][o] = s ? slice_str(arena_str(&lab.arena, slice_str(s))) : SLICE_NONE;
	}
}

/* A whole vetting with the normal effort. */
static void vet(const struct tool *tool, uint64_t seed, unsigned strength)
{
	struct plan p;
	struct combine *x;
	static const struct combine_limits limits = {.trials = 96, .on = 4, .off = 2};
	lab.arena = ARENA((size_t)256 << 20);
	lab.result = (struct vet_result){.arena = ARENA((size_t)256 << 20)};
	lab.n = 0;
	lab.random = seed;
	lab.tool = tool;
	lab.s.n = tool->features;
	for (uint32_t i = 0; i < tool->features; i++)
		lab.s.f[i] = (struct feature){.endpoint = tool->endpoint(i),
		        .address = tool->address ? tool->address(i) : arena_fmt(&lab.arena, "body.field%u", i),
		        .host = "api.example.com",
		        .measure = tool->measure,
		        .parent = tool->address                           ? tool->parent(i)
		                  : tool->lines && i + 1 < tool->features ? (uint32_t)tool->features - 1
		                                                          : UINT32_MAX};
	assert_int_equal(plan_build(tool->quick ? PLAN_QUICK : PLAN_NORMAL, seed, NULL, true, &lab.arena, &p, NULL), 0);
	calm_plan(&p);
	assert_int_equal(plan_rows(&p, strength, 0, 0, seed, &lab.arena), 0);
	for (size_t i = 0; i < p.n; i++)
		run(&p.trials[i], false, p.trials[i].row ? ROW_ARRAY : ROW_NONE);
	for (int round = 0; round < (tool->quick ? 0 : 2); round++) {
		struct analysis_candidate *c;
		struct treatment *t;
		size_t n, n_t;
		assert_int_equal(analysis_screen(&lab.s, lab.t, lab.n, NULL, &lab.arena, &c, &n), 0);
		assert_int_equal(analysis_confirm(c, n, round == 0, 24, &lab.arena, &t, &n_t), 0);
		for (size_t i = 0; i < n_t && n; i++)
			run(&(struct plan_trial){.treatment = t[i]}, true, ROW_NONE);
	}
	assert_int_equal(combine_new(&limits, &lab.arena, &x), 0);
	for (;;) {
		struct combine_trial *t;
		size_t n;
		assert_int_equal(combine_next(x, &lab.s, lab.t, lab.n, NULL, &t, &n), 0);
		if (n == 0)
			break;
		for (size_t i = 0; i < n; i++)
			run(&(struct plan_trial){.treatment = t[i].treatment}, false, t[i].row);
	}
	lab.account = combine_account(x);
	assert_true(lab.account.trials <= limits.trials);
	assert_int_equal(analysis_decide_all(&lab.s, lab.t, lab.n, NULL, x, &lab.result), 0);
	combine_free(x);
}

static void over(void)
{
	arena_free(&lab.arena);
	arena_free(&lab.result.arena);
}

static bool at(const struct treatment *t, const char *factor, unsigned level)
{
	return t->level[factor_find(factor)] == level;
}

/* The finding that takes exactly these conditions: "timezone=Asia/Shanghai locale=zh_CN". */
static const struct vet_finding *finding(const char *wanted)
{
	for (size_t i = 0; i < lab.result.n_findings; i++) {
		const struct vet_finding *f = &lab.result.findings[i];
		char text[400] = "";
		size_t n = 0;
		for (size_t k = 0; k < f->n_conditions; k++)
			n += (size_t)snprintf(
			        text + n, sizeof(text) - n, "%s%s=%s", k ? " " : "", f->conditions[k].factor, f->conditions[k].levels[0]);
		if (strcmp(text, wanted) == 0)
			return f;
	}
	return NULL;
}

static unsigned covert(void)
{
	unsigned n = 0;
	for (size_t i = 0; i < lab.result.n_findings; i++)
		n += lab.result.findings[i].class == CLASS_COVERT;
	return n;
}

static const char *one_endpoint(uint32_t i)
{
	(void)i;
	return "POST https://api.example.com/v1/messages";
}

/* Place 0: two levels together. 1: one alone, and another in another place of the same text. 2: a third value, only together. 3: a sum.
 * 4: an id that follows two factors. */
static const char *say_pairs(uint32_t i, const struct treatment *t, uint64_t *random, char *scratch)
{
	bool zone = at(t, "timezone", 1), locale = at(t, "locale", 1), shell = at(t, "shell", 1), ci = at(t, "ci", 1);
	(void)random;
	switch (i) {
	case 0:
		return zone && locale ? "Keep changes modest and read first" : "Keep changes small and read first";
	case 1:
		(void)snprintf(scratch, 200, "a%cb and c%cd", shell ? '/' : '-', ci ? '~' : '.');
		return scratch;
	case 2:
		return shell && t->base == BASE_GATEWAY && at(t, "gateway", 3) ? "terse" : shell ? "brief" : "plain";
	case 3:
		(void)snprintf(scratch, 200, "%d", 10 + 3 * zone + 5 * ci);
		return scratch;
	default:
		(void)snprintf(scratch, 200, "%d", 52000000 + 1111 * zone + 777770 * locale);
		return scratch;
	}
}

static void two_at_once(void **state)
{
	(void)state;
	static const struct tool tool = {.say = say_pairs, .features = 5, .endpoint = one_endpoint};
	for (uint64_t seed = 1; seed < 6; seed++) {
		vet(&tool, seed, 2);
		const struct vet_finding *f = finding("timezone=Asia/Shanghai locale=zh_CN"),
		                         *g = finding("gateway=llm-proxy.intra.severmash-bank.ru shell=zsh");
		assert_non_null(f);
		assert_non_null(g);
		assert_int_equal(f->class, CLASS_COVERT);
		assert_string_equal(f->base, "official,gateway");
		assert_string_equal(g->base, "gateway");
		assert_string_equal(g->after, "terse");
		assert_int_equal(f->with_hits, f->with);
		assert_int_equal(f->without_hits, 0);
		assert_true(f->with >= 4 && f->without > 20);
		assert_true(f->p_value < 1e-3 && f->q_value <= 0.01 && f->q_value >= f->p_value);
		assert_true(f->bits > 0.99 && f->bits_low > 0.2 && f->bits_most > 0.99);
		/* What is put together from what each does alone is nothing new. */
		for (size_t i = 0; i < lab.result.n_findings; i++)
			assert_true(
			        lab.result.findings[i].n_conditions == 1 || &lab.result.findings[i] == f || &lab.result.findings[i] == g);
		assert_non_null(finding("shell=zsh"));
		assert_non_null(finding("ci=github-actions"));
		print_message("%zu trials, %u to locate\n", lab.n, lab.account.trials);
		assert_true(lab.n < 250);
		over();
	}
}

/* Three levels together: strength 3 meets them for sure. */
static const char *say_triple(uint32_t i, const struct treatment *t, uint64_t *random, char *scratch)
{
	(void)i;
	(void)random;
	(void)scratch;
	return at(t, "timezone", 2) && at(t, "os", 1) && at(t, "user", 1) ? "a\xe2\x80\x89z" : "a z";
}

static void three_at_once(void **state)
{
	(void)state;
	static const struct tool tool = {.say = say_triple, .features = 1, .endpoint = one_endpoint};
	vet(&tool, 3, 3);
	const struct vet_finding *f = finding("timezone=America/New_York user=zhangwei88k os=WSL2 Ubuntu");
	assert_non_null(f);
	assert_int_equal(f->class, CLASS_COVERT);
	over();
}

/* Active on one device of five, and with another shell. */
static const char *say_rollout(uint32_t i, const struct treatment *t, uint64_t *random, char *scratch)
{
	(void)i;
	(void)random;
	(void)scratch;
	return t->identity % 5 == 3 && at(t, "shell", 1) ? "a,  b" : "a, b";
}

static void on_some_devices(void **state)
{
	(void)state;
	static const struct tool tool = {.say = say_rollout, .features = 1, .endpoint = one_endpoint};
	for (uint64_t seed = 1; seed < 4; seed++) {
		vet(&tool, seed, 2);
		assert_int_equal(covert(), 1);
		const struct vet_finding *f = &lab.result.findings[0];
		assert_int_equal(f->n_conditions, 2);
		assert_string_equal(f->factor, "shell");
		assert_string_equal(f->conditions[1].factor, "device");
		assert_int_equal(f->without_hits, 0);
		assert_non_null(strstr(f->explanation, "some devices only"));
		over();
	}
}

/* Active in a fifth of starts, and with either of two levels; and each level of a factor with many comes in few rows. */
static uint64_t rollout_salt;
static const char *rollout_factor;
static unsigned rollout_level[2];

static const char *say_fifth(uint32_t i, const struct treatment *t, uint64_t *random, char *scratch)
{
	uint64_t own = t->identity ^ rollout_salt << 32;
	(void)i;
	(void)scratch;
	bool active = random_below(t->identity ? &own : random, 5) == 0;
	return active && (at(t, rollout_factor, rollout_level[0]) || at(t, rollout_factor, rollout_level[1])) ? "a,  b" : "a, b";
}

static unsigned fifths_found(const char *factor, unsigned level, unsigned other)
{
	static const struct tool tool = {.say = say_fifth, .features = 1, .endpoint = one_endpoint};
	unsigned found = 0, trials = 0;
	rollout_factor = factor;
	rollout_level[0] = level;
	rollout_level[1] = other;
	for (uint64_t seed = 1; seed < 21; seed++) {
		rollout_salt = seed;
		vet(&tool, seed, 2);
		found += covert() > 0;
		trials += (unsigned)lab.n;
		over();
	}
	print_message("%s: found in %u of 20, %u trials\n", factor, found, trials / 20);
	return found;
}

static void in_a_fifth_of_starts(void **state)
{
	(void)state;
	/* Either level does it: what the other does is no sign against one. */
	assert_true(fifths_found("ai_tools", 1, 3) >= 16);
	assert_true(fifths_found("terminal", 3, 3) >= 13);
	/* Of many levels each comes in few rows. */
	assert_true(fifths_found("locale", 9, 9) >= 7);
}

/* A request in which all is quiet, and a batch of telemetry in which much flips by itself, some of it together. */
static const char *say_noise(uint32_t i, const struct treatment *t, uint64_t *random, char *scratch)
{
	static bool together;
	(void)t;
	if (i == 40)
		together = random_unit(random) < 0.1;
	if (i < 40)
		return "quiet";
	if (i % 3 == 0)
		return together ? "retry=1" : "retry=0";
	if (i % 3 == 1)
		return random_unit(random) < 0.04 ? NULL : "sent";
	(void)snprintf(scratch, 200, "took %d", random_unit(random) < 0.07 ? 2 : 1);
	return scratch;
}

static const char *two_endpoints(uint32_t i)
{
	return i < 40 ? "POST https://api.example.com/v1/messages" : "POST https://telemetry.example.com/batch";
}

static void noise_is_no_finding(void **state)
{
	(void)state;
	static const struct tool tool = {.say = say_noise, .features = 200, .endpoint = two_endpoints};
	for (uint64_t seed = 1; seed < 13; seed++) {
		vet(&tool, seed, 2);
		assert_int_equal(lab.result.n_findings, 0);
		over();
	}
}

static const char *say_pair_in_noise(uint32_t i, const struct treatment *t, uint64_t *random, char *scratch)
{
	const char *noise = say_noise(i, t, random, scratch);
	return i == 7 && at(t, "git_remote", 1) && at(t, "terminal", 1) ? "qu\xc4\xb1"
	                                                                  "et"
	                                                                : noise;
}

static void a_pair_is_found_in_noise(void **state)
{
	(void)state;
	static const struct tool tool = {.say = say_pair_in_noise, .features = 200, .endpoint = two_endpoints};
	for (uint64_t seed = 1; seed < 5; seed++) {
		vet(&tool, seed, 2);
		assert_non_null(finding("git_remote=git.beichuan-yun.cn terminal=vscode"));
		assert_int_equal(lab.result.n_findings, 1);
		over();
	}
}

/* At 20:00 UTC it is the next day in some zones. */
static struct tm local_day(const struct treatment *t)
{
	struct tm tm;
	_cleanup_free_ char *old = getenv("TZ") ? strdup(getenv("TZ")) : NULL;
	struct host_spec h;
	struct arena arena = ARENA(1 << 20);
	const char *gateway = NULL;
	assert_int_equal(treatment_host(t, &arena, &h, &gateway), 0);
	time_t now = moment(&h, lab.n - 1);
	(void)setenv("TZ", h.timezone, 1);
	tzset();
	(void)localtime_r(&now, &tm);
	if (old)
		(void)setenv("TZ", old, 1);
	else
		(void)unsetenv("TZ");
	tzset();
	arena_free(&arena);
	return tm;
}

/* Place 0: the local date, which is nobody's secret. 1: the same, but two zones write it with other separators. */
static const char *say_dates(uint32_t i, const struct treatment *t, uint64_t *random, char *scratch)
{
	(void)random;
	struct tm tm = local_day(t);
	char date[40];
	(void)strftime(date, sizeof(date), i && at(t, "timezone", 1) ? "%Y/%m/%d" : "%Y-%m-%d", &tm);
	(void)snprintf(scratch, 200, "Today's date is %s.", date);
	return scratch;
}

/* A line with the day of the week, which on another day is another line: one place for each day. */
static const char *say_days(uint32_t i, const struct treatment *t, uint64_t *random, char *scratch)
{
	(void)random;
	struct tm tm = local_day(t);
	if (i == 7)
		return "text";
	return (int)i == tm.tm_wday && strftime(scratch, 200, "Today is %A, %e %B %Y.", &tm) ? scratch : NULL;
}

/* Of the factor git_remote one that is set in rows alone. */
static unsigned slow_level;

static void find_slow_level(void)
{
	unsigned f = (unsigned)factor_find("git_remote");
	for (slow_level = 1; factor_level_at(f, slow_level)->quick;)
		slow_level++;
}

/* The time of the day; under a level that only rows have, with a point in it. */
static const char *say_minutes(uint32_t i, const struct treatment *t, uint64_t *random, char *scratch)
{
	(void)i;
	(void)random;
	struct tm tm = local_day(t);
	(void)strftime(scratch, 200, at(t, "git_remote", slow_level) ? "Started at %H.%M." : "Started at %H:%M.", &tm);
	return scratch;
}

static void the_minute_moves_on(void **state)
{
	(void)state;
	static const struct tool tool = {.say = say_minutes, .features = 1, .endpoint = one_endpoint, .slow = true};
	unsigned found = 0;
	find_slow_level();
	for (uint64_t seed = 1; seed < 6; seed++) {
		vet(&tool, seed, 2);
		for (size_t i = 0; i < lab.result.n_findings; i++)
			if (lab.result.findings[i].class == CLASS_COVERT) {
				assert_string_equal(lab.result.findings[i].factor, "git_remote");
				assert_int_equal(lab.result.findings[i].n_conditions, 1);
				found++;
			}
		over();
	}
	assert_true(found >= 4);
}

static void dates_are_no_secret(void **state)
{
	(void)state;
	static const struct tool tool = {.say = say_dates, .features = 2, .endpoint = one_endpoint};
	for (uint64_t seed = 1; seed < 4; seed++) {
		vet(&tool, seed, 2);
		for (size_t i = 0; i < lab.result.n_findings; i++)
			if (lab.result.findings[i].class == CLASS_COVERT) {
				assert_string_equal(lab.result.findings[i].factor, "timezone");
				assert_string_equal(lab.result.findings[i].address, "body.field1");
				assert_true(lab.result.findings[i].n_conditions <= 2);
			}
		assert_int_equal(covert(), 1);
		over();
	}
}

/* In a fifth of starts, and with either of two levels, the day before the year; half of the rows have another day. */
static const char *say_ways(uint32_t i, const struct treatment *t, uint64_t *random, char *scratch)
{
	(void)i;
	uint64_t own = t->identity ^ rollout_salt << 32;
	bool active = random_below(t->identity ? &own : random, 5) == 0;
	struct tm tm = local_day(t);
	(void)strftime(
	        scratch, 200, active && (at(t, "ai_tools", 1) || at(t, "ai_tools", 3)) ? "Today is %d-%m-%Y." : "Today is %Y-%m-%d.", &tm);
	return scratch;
}

static void how_a_day_is_written_comes_on_any_day(void **state)
{
	(void)state;
	static const struct tool tool = {.say = say_ways, .features = 1, .endpoint = one_endpoint};
	unsigned found = 0;
	for (uint64_t seed = 1; seed < 11; seed++) {
		rollout_salt = seed;
		vet(&tool, seed, 2);
		for (size_t i = 0; i < lab.result.n_findings; i++)
			if (lab.result.findings[i].class == CLASS_COVERT) {
				assert_string_equal(lab.result.findings[i].address, "body.field0");
				assert_string_equal(lab.result.findings[i].factor, "ai_tools");
			}
		found += covert() > 0;
		over();
	}
	print_message("found in %u of 10\n", found);
	assert_true(found >= 8);
}

static void days_are_no_secret(void **state)
{
	(void)state;
	static const struct tool tool = {.say = say_days, .features = 8, .endpoint = one_endpoint, .lines = true, .quick = true};
	for (uint64_t seed = 1; seed < 13; seed++) {
		vet(&tool, seed, 2);
		assert_int_equal(covert(), 0);
		over();
	}
}

/* Lines that go where there is no repository: what place 4 says has a place in between. */
static const char *say_block(uint32_t i, const struct treatment *t, uint64_t *random, char *scratch)
{
	static const char *const lines[] = {"- Gather the facts first: what was done, and what was not.",
	        "- Always propose a draft message for the next step, and wait for the answer to it.",
	        "- Prefer messages that are clear, and short, and more of why than of what has been done.",
	        "- If a step fails, never attempt to work around it without being asked to do so."};
	(void)random;
	(void)scratch;
	if (i < ARRAY_LEN(lines))
		return at(t, "git", 1) && t->base == BASE_OFFICIAL ? NULL : lines[i];
	return i == ARRAY_LEN(lines) ? "Keep changes small and read first" : "text";
}

static void a_block_found_in_rows_is_no_secret(void **state)
{
	(void)state;
	static const struct tool tool = {.say = say_block, .features = 6, .endpoint = one_endpoint, .lines = true, .quick = true};
	for (uint64_t seed = 1; seed < 13; seed++) {
		vet(&tool, seed, 2);
		assert_int_equal(covert(), 0);
		assert_int_equal(lab.result.n_findings, 1);
		assert_string_equal(lab.result.findings[0].factor, "git");
		assert_int_equal(lab.result.findings[0].class, CLASS_UNDECLARED);
		over();
	}
}

/* Waits a third of a second longer under a level that is set in rows alone. */
static const char *say_wait(uint32_t i, const struct treatment *t, uint64_t *random, char *scratch)
{
	(void)i;
	uint64_t wait = 60000 + random_below(random, 30000) + (at(t, "cpus", 1) ? 40000 : 0);
	(void)snprintf(scratch, 200, "%llu", (unsigned long long)(wait + (at(t, "git_remote", slow_level) ? 350000 : 0)));
	return scratch;
}

static void what_rows_delay_is_tried_alone(void **state)
{
	(void)state;
	static const struct tool tool = {.say = say_wait, .features = 1, .endpoint = one_endpoint, .measure = MEASURE_TIME};
	unsigned f = (unsigned)factor_find("git_remote");
	find_slow_level();
	for (uint64_t seed = 1; seed < 6; seed++) {
		struct analysis_suspect *s;
		size_t n;
		bool found = false;
		vet(&tool, seed, 2);
		assert_int_equal(analysis_volatile_screen(&lab.s, lab.t, lab.n, NULL, 10, &lab.arena, &s, &n), 0);
		for (size_t i = 0; i < n; i++)
			found |= s[i].factor == f && s[i].level == slow_level && s[i].runs == 0 && s[i].wants >= 4;
		assert_true(found);
		assert_true(n <= 6);
		over();
	}
}

/* A wait and a number that follow levels of rows, and a size that follows one that was tried alone. */
static const char *say_quantities(uint32_t i, const struct treatment *t, uint64_t *random, char *scratch)
{
	uint64_t slow = at(t, "git_remote", slow_level), other = at(t, "user", 1);
	uint64_t v[] = {60000 + random_below(random, 30000) + 350000 * slow, 3 + 20 * slow, 1000 + random_below(random, 5) + 200 * other};
	(void)snprintf(scratch, 200, "%llu", (unsigned long long)v[i]);
	return scratch;
}

static void what_was_tried_alone_comes_first(void **state)
{
	(void)state;
	static const struct tool tool = {.say = say_quantities, .features = 3, .endpoint = one_endpoint};
	static const enum feature_measure measures[] = {MEASURE_TIME, MEASURE_COUNT, MEASURE_SIZE};
	unsigned user = (unsigned)factor_find("user");
	for (uint64_t seed = 1; seed < 4; seed++) {
		struct analysis_suspect *s;
		size_t n;
		vet(&tool, seed, 2);
		for (size_t i = 0; i < ARRAY_LEN(measures); i++)
			lab.s.f[i].measure = measures[i];
		assert_int_equal(analysis_volatile_screen(&lab.s, lab.t, lab.n, NULL, 4, &lab.arena, &s, &n), 0);
		assert_true(n >= 2);
		assert_int_equal(s[0].factor, user);
		assert_int_equal(s[1].factor, user);
		over();
	}
}

/* Now and then it says something else. A device draws the same whenever it is run again, and the shell makes it draw otherwise. */
static const char *say_by_chance(uint32_t i, const struct treatment *t, uint64_t *random, char *scratch)
{
	uint64_t own = t->identity * 2 + at(t, "shell", 1) + 1000 * i;
	(void)scratch;
	return random_below(t->identity && !lab.other_draws ? &own : random, 12) ? "once" : "twice";
}

/* Other devices tell, and of them there are not many: it may be wrong in one of twenty runs, each with twelve such places. */
static void draws_are_no_finding(void **state)
{
	(void)state;
	static const struct tool tool = {.say = say_by_chance, .features = 12, .endpoint = one_endpoint};
	unsigned wrong = 0;
	for (uint64_t seed = 1; seed < 21; seed++) {
		vet(&tool, seed, 2);
		wrong += covert() > 0;
		over();
	}
	print_message("wrong in %u of 20 runs\n", wrong);
	assert_true(wrong <= 1);
}

/* One start in ten, or fewer, sends one more message, and a card of a certain maker one in five: which of them is the second and which the
 * third is as it comes. */
static bool flushes;
static unsigned one_start_in;

static const char *say_messages(uint32_t i, const struct treatment *t, uint64_t *random, char *scratch)
{
	uint64_t own = t->identity && !lab.other_draws ? 100000 + t->identity : 1000 + lab.n;
	bool sampled = random_below(&own, one_start_in) == 0, flush = random_below(&own, 5) == 0 && flushes && at(t, "mac", 2);
	const char *second = sampled ? "profile" : flush ? "flush" : NULL, *third = sampled && flush ? "flush" : NULL;
	(void)random;
	(void)scratch;
	/* Of a message it is only kept that there is one. */
	return i == 0 ? second ? "app profile" : NULL : i == 1 ? second : i == 2 ? third ? "app flush" : NULL : third;
}

static const char *message_address(uint32_t i)
{
	static const char *const all[] = {"request 2", "request 2.body.event.name", "request 3", "request 3.body.event.name"};
	return all[i];
}

static uint32_t message_parent(uint32_t i)
{
	return i % 2 ? i - 1 : UINT32_MAX;
}

static void a_word_tells_messages_apart(void **state)
{
	(void)state;
	static const struct tool tool = {
	        .say = say_messages, .features = 4, .endpoint = one_endpoint, .address = message_address, .parent = message_parent};
	unsigned found = 0, wrong = 0;
	for (uint64_t seed = 1; seed < 21; seed++) {
		flushes = seed % 2;
		/* So seldom that hardly a baseline has it. */
		one_start_in = seed > 10 ? 25 : 10;
		vet(&tool, seed, 2);
		for (size_t i = 0; i < lab.result.n_findings; i++) {
			const struct vet_finding *f = &lab.result.findings[i];
			bool right = flushes && f->class == CLASS_COVERT && strcmp(f->factor, "mac") == 0 && f->levels[0] &&
			             !f->levels[1] && strcmp(f->levels[0], factor_level_at((unsigned)factor_find("mac"), 2)->name) == 0 &&
			             strcmp(f->after, "flush") == 0;
			found += right;
			wrong += f->class == CLASS_COVERT && !right;
		}
		over();
	}
	print_message("found in %u of 10, wrong in %u of 20\n", found, wrong);
	assert_true(found >= 7);
	assert_true(wrong <= 1);
}

/* Two levels at once make it wait, and send one more; each of two others makes it wait by itself. One trial of `stray` is slow, without a
 * reason. */
static unsigned stray;
static bool quantities_say;

static const char *say_two_quantities(uint32_t i, const struct treatment *t, uint64_t *random, char *scratch)
{
	bool both = quantities_say && at(t, "timezone", 1) && at(t, "locale", 1);
	uint64_t wait = 60000 + random_below(random, 30000) + (at(t, "shell", 1) ? 200000 : 0) + (at(t, "os", 1) ? 150000 : 0);
	if (stray && random_below(random, stray) == 0)
		wait += 250000 + random_below(random, 400000);
	uint64_t v[] = {wait + (both ? 320000u : 0u), 4u + both + (at(t, "ci", 1) ? 2u : 0u), wait};
	(void)snprintf(scratch, 200, "%llu", (unsigned long long)v[i % 3]);
	return scratch;
}

static uint32_t nobody(uint32_t i)
{
	(void)i;
	return UINT32_MAX;
}

static const char *quantity_address(uint32_t i)
{
	static char name[32];
	(void)snprintf(name, sizeof(name), "quantity%u", i);
	return arena_str(&lab.arena, slice_str(name));
}

static void quantities_of_two_levels(void **state)
{
	(void)state;
	struct tool tool = {.say = say_two_quantities,
	        .features = 1,
	        .endpoint = one_endpoint,
	        .address = quantity_address,
	        .parent = nobody,
	        .measure = MEASURE_TIME};
	unsigned found = 0, wrong = 0;
	quantities_say = true;
	stray = 40;
	for (uint64_t seed = 1; seed < 11; seed++) {
		vet(&tool, seed, 2);
		const struct vet_finding *f = finding("timezone=Asia/Shanghai locale=zh_CN");
		found += f && f->class == CLASS_COVERT && strstr(f->explanation, "one by one");
		wrong += covert() - (f && f->class == CLASS_COVERT);
		over();
	}
	print_message("times: found %u of 10, %u wrong\n", found, wrong);
	assert_true(found >= 8);
	assert_int_equal(wrong, 0);
	/* Nothing to find, and more of what is slow by chance. */
	tool.features = 6;
	quantities_say = false;
	stray = 12;
	for (uint64_t seed = 1; seed < 11; seed++) {
		vet(&tool, seed, 2);
		wrong += covert();
		over();
	}
	print_message("%u wrong in 10 runs with nothing to find\n", wrong);
	assert_int_equal(wrong, 0);
}

static void counts_of_two_levels(void **state)
{
	(void)state;
	static const struct tool tool = {.say = say_two_quantities, .features = 2, .endpoint = one_endpoint, .measure = MEASURE_COUNT};
	quantities_say = true;
	stray = 0;
	for (uint64_t seed = 1; seed < 6; seed++) {
		vet(&tool, seed, 2);
		const struct vet_finding *f = finding("timezone=Asia/Shanghai locale=zh_CN");
		assert_non_null(f);
		assert_int_equal(f->class, CLASS_COVERT);
		assert_int_equal(covert(), 1);
		over();
	}
}

/* An id that is drawn. Under two levels its first digit is one of the upper half; another id is drawn again under a third. */
static bool ids_say;

static const char *say_ids(uint32_t i, const struct treatment *t, uint64_t *random, char *scratch)
{
	uint64_t own = lab.stream * 1000003ull + i + (i == 1 && at(t, "os", 1) ? 77u : 0u), *dice = lab.stream ? &own : random;
	static const char hex[] = "0123456789abcdef";
	for (unsigned k = 0; k < 32; k++)
		scratch[k] = hex[random_below(dice, 16)];
	scratch[32] = 0;
	if (i == 0 && ids_say && at(t, "timezone", 1) && at(t, "locale", 1))
		scratch[0] = hex[8 + random_below(dice, 8)];
	return scratch;
}

static void ids_of_two_levels(void **state)
{
	(void)state;
	static const struct tool tool = {.say = say_ids, .features = 2, .endpoint = one_endpoint, .draws = true};
	unsigned found = 0;
	for (uint64_t seed = 1; seed < 11; seed++) {
		ids_say = true;
		vet(&tool, seed, 2);
		const struct vet_finding *f = finding("timezone=Asia/Shanghai locale=zh_CN");
		found += f && f->class == CLASS_COVERT && strstr(f->explanation, "drawn at random");
		assert_int_equal(covert(), f != NULL);
		over();
		ids_say = false;
		vet(&tool, seed, 2);
		assert_int_equal(covert(), 0);
		over();
	}
	print_message("found %u of 10\n", found);
	assert_true(found >= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(two_at_once),
	        cmocka_unit_test(the_minute_moves_on),
	        cmocka_unit_test(dates_are_no_secret),
	        cmocka_unit_test(how_a_day_is_written_comes_on_any_day),
	        cmocka_unit_test(days_are_no_secret),
	        cmocka_unit_test(a_block_found_in_rows_is_no_secret),
	        cmocka_unit_test(three_at_once),
	        cmocka_unit_test(on_some_devices),
	        cmocka_unit_test(in_a_fifth_of_starts),
	        cmocka_unit_test(draws_are_no_finding),
	        cmocka_unit_test(a_word_tells_messages_apart),
	        cmocka_unit_test(what_rows_delay_is_tried_alone),
	        cmocka_unit_test(what_was_tried_alone_comes_first),
	        cmocka_unit_test(quantities_of_two_levels),
	        cmocka_unit_test(counts_of_two_levels),
	        cmocka_unit_test(ids_of_two_levels),
	        cmocka_unit_test(noise_is_no_finding),
	        cmocka_unit_test(a_pair_is_found_in_noise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
