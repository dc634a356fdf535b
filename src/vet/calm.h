/* calm: what is done about the noise of trials. Their randomness follows from the seed of the run and the number of a stream, and their
 * calendar is moved where that is wanted (confine/noise.h).
 *
 * Which stream a trial gets is part of the plan. Each baseline of a base has one of its own, so that what follows from randomness is seen
 * to vary, and is not taken for something constant that a level changed. A trial of one level has that of a baseline of its base: the two
 * differ by the level and not by what was drawn, until the level makes the tool draw otherwise. The runs of one level have different ones.
 * A made-up device (a row of several levels) has its own whenever it is run. All other trials have one of their own: what depends on a draw
 * (a rollout to a fifth of all installations) is then met as often as in life. */
#ifndef POSTERN_VET_CALM_H
#define POSTERN_VET_CALM_H

#include <stdint.h>

#include "base/err.h"
#include "confine/trial.h"
#include "vet/model.h"

struct plan;

/* Streams from here on are those of made-up devices, by their number. */
#define CALM_DEVICES_FROM 1000000u

/* All zero: randomness by streams, the real calendar. */
struct vet_calm {
	bool free;       /* every trial draws from the kernel */
	int64_t ahead_s; /* the calendar of all trials */
	uint32_t speed;  /* in thousandths; 0: as fast as the real one */
};

/* Gives the trials of a plan their streams; those that were added to it later keep 0. */
void calm_plan(struct plan *plan);
/* For the trial of that number (from 1) in a run: ahead_s is its own, beside that of all. *stream: its stream, 0 if its randomness is free.
 */
struct noise_spec calm_spec(const struct vet_calm *c, uint64_t seed, unsigned number, int64_t ahead_s, uint32_t *stream);
/* A trial has ended. False: it was to have another calendar and had not, and so shows nothing of its treatment. */
bool calm_add(struct vet_noise *n, const struct noise_spec *spec, const struct trial_result *r, bool paired);
/* All have: puts it into words. 0 or -ENOMEM. */
[[nodiscard]] int calm_words(struct vet_noise *n, const struct vet_calm *c, struct arena *arena);

/* "2027-03-01", "2027-03-01T12:00:00Z" or "+60" (days), with "x10" behind it for a calendar that is ten times as fast. 0 or -EINVAL with
 * err. */
[[nodiscard]] int calm_parse_clock(const char *text, int64_t now, struct vet_calm *out, struct err *err);

#endif
