#include "vet/calm.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "vet/plan.h"

#define DAY_S     86400
#define YEARS_MAX 60
/* Streams of trials that share theirs with none. */
#define OWN_FROM 100000u

static bool of_level(const struct plan_trial *t)
{
	return !t->baseline && t->level != 0;
}

void calm_plan(struct plan *plan)
{
	unsigned baselines[BASE_COUNT] = {0}, turn[BASE_COUNT] = {0};
	for (size_t i = 0; i < plan->n; i++) {
		struct plan_trial *t = &plan->trials[i];
		if (t->baseline)
			t->stream = 1 + t->treatment.base + BASE_COUNT * baselines[t->treatment.base]++;
	}
	for (size_t i = 0; i < plan->n; i++) {
		struct plan_trial *t = &plan->trials[i];
		enum vet_base b = t->treatment.base;
		unsigned before = 0, first = 0;
		if (!of_level(t) || t->stream || baselines[b] == 0)
			continue;
		for (size_t k = 0; k < i; k++)
			if (of_level(&plan->trials[k]) && plan->trials[k].factor == t->factor && plan->trials[k].level == t->level &&
			        plan->trials[k].treatment.base == b && before++ == 0)
				first = (plan->trials[k].stream - 1) / BASE_COUNT;
		/* More runs than baselines: the others have their own. */
		if (before >= baselines[b])
			continue;
		t->stream = 1 + b + BASE_COUNT * ((before ? first + before : turn[b]++) % baselines[b]);
	}
}

struct noise_spec calm_spec(const struct vet_calm *c, uint64_t seed, unsigned number, int64_t ahead_s, uint32_t *stream)
{
	uint32_t speed = c->speed ? c->speed : NOISE_SPEED_REAL;
	struct noise_spec s = {.fixed = !c->free, .seed = seed, .speed = speed};
	*stream = c->free ? 0 : *stream ? *stream : OWN_FROM + number;
	s.stream = *stream;
	ahead_s += c->ahead_s;
	s.clock = ahead_s != 0 || speed != NOISE_SPEED_REAL;
	if (s.clock)
		s.start_unix = time(NULL) + ahead_s;
	return s;
}

bool calm_add(struct vet_noise *n, const struct noise_spec *spec, const struct trial_result *r, bool paired)
{
	n->draws += r->draws;
	*(r->fixed ? &n->fixed : &n->free) += 1;
	if (r->fixed)
		n->paired += paired;
	if (spec->clock)
		*(r->calendar ? &n->moved : &n->unmoved) += 1;
	return !spec->clock || r->calendar;
}

int calm_words(struct vet_noise *n, const struct vet_calm *c, struct arena *arena)
{
	n->chosen = !c->free;
	n->ahead_s = c->ahead_s;
	n->speed = c->speed ? c->speed : NOISE_SPEED_REAL;
	if (c->free)
		n->randomness = "the kernel's: another in every trial";
	else if (n->fixed == 0)
		n->randomness = "the kernel's: the calls for it could not be answered here";
	else
		n->randomness = arena_fmt(arena,
		        "chosen in %u of %u trials, of %u streams; %u trials share that of a baseline; not what the "
		        "processor itself draws (RDRAND), nor what follows from races and exact times",
		        n->fixed, n->fixed + n->free, n->streams, n->paired);
	char speed[48] = "";
	if (n->speed != NOISE_SPEED_REAL)
		(void)snprintf(speed, sizeof(speed), ", at %u.%03u times the speed", n->speed / 1000, n->speed % 1000);
	if (n->moved == 0 && n->unmoved == 0)
		n->calendar = "the real one in all trials";
	else if (n->moved == 0)
		n->calendar =
		        arena_fmt(arena, "another was to be shown in %u trials, and could not be here: they were left out", n->unmoved);
	else
		n->calendar = arena_fmt(arena,
		        "chosen in %u trials%s (%lld days ahead in all)%s; not POSIX timers, and not what /proc says of times", n->moved,
		        speed, (long long)(n->ahead_s / DAY_S), n->unmoved ? "; could not be in others, which were left out" : "");
	return n->randomness && n->calendar ? 0 : -ENOMEM;
}

static bool parse_speed(struct slice s, uint32_t *out)
{
	uint64_t whole, part = 0;
	size_t dot = slice_chr(s, '.', 0);
	struct slice rest = dot == SLICE_NPOS ? SLICE_NONE : slice_from(s, dot + 1);
	if (!slice_u64(slice_sub(s, 0, dot), NOISE_SPEED_MAX / 1000, &whole) || rest.n > 3 || (dot != SLICE_NPOS && rest.n == 0))
		return false;
	if (rest.n && !slice_u64(rest, 999, &part))
		return false;
	for (size_t i = rest.n; i < 3; i++)
		part *= 10;
	*out = (uint32_t)(whole * 1000 + part);
	return *out > 0;
}

static bool parse_moment(const char *text, int64_t now, int64_t *ahead)
{
	static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%MZ"};
	uint64_t days;
	if (text[0] == '+') {
		*ahead = 0;
		if (!slice_u64(slice_str(text + 1), YEARS_MAX * 366, &days))
			return false;
		*ahead = (int64_t)days * DAY_S;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct tm tm = {0};
		const char *end = strptime(text, forms[i], &tm);
		if (!end || *end)
			continue;
		*ahead = (int64_t)timegm(&tm) - now;
		return tm.tm_year + 1900 >= 1990 && *ahead < (int64_t)YEARS_MAX * 366 * DAY_S;
	}
	return false;
}

int calm_parse_clock(const char *text, int64_t now, struct vet_calm *out, struct err *err)
{
	char moment[40];
	struct slice s = slice_str(text);
	size_t x = slice_chr(s, 'x', 0);
	struct vet_calm c = *out;
	(void)snprintf(moment, sizeof(moment), "%.*s", SLICE_FMT(slice_sub(s, 0, x)));
	if (strlen(moment) + 1 == sizeof(moment) || !parse_moment(moment, now, &c.ahead_s) ||
	        (x != SLICE_NPOS && !parse_speed(slice_from(s, x + 1), &c.speed)))
		return err_set(err, -EINVAL,
		        "a calendar is a date, or a number of days from now, and perhaps a speed: 2027-03-01, 2027-03-01T12:00:00Z, "
		        "+60, +0x10, 2027-03-01x0.5; not %.60s",
		        text);
	*out = c;
	return 0;
}
