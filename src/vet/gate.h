/* gate: a trial in which the tool runs behind the real gate: what is started on the synthetic host is postern run --neutral, with the tool
 * as its command. The host is as without it, its factors too; the world is what the gate's own requests meet. */
#ifndef POSTERN_VET_GATE_H
#define POSTERN_VET_GATE_H

#include "vet/plan.h"
#include "vet/setup.h"

#define GATE_ROOT   "/opt/postern"
#define GATE_BIN    GATE_ROOT "/bin"
#define GATE_SHARE  GATE_ROOT "/share"
#define GATE_POLICY "/etc/postern/trial.yaml"

/* Of this machine: the folder of the program that is running, its name in it, and its data. */
struct vet_gate_program {
	const char *folder, *name, *share;
};
[[nodiscard]] int gate_program(struct arena *arena, struct vet_gate_program *out, struct err *err);

/* The subject with the program beside its mounts. */
[[nodiscard]] int gate_subject(
        const struct vet_subject *s, const struct vet_gate_program *program, struct arena *arena, struct vet_subject *out);

/* Turns a trial that is set up into one behind the gate: the same host, another command. What a person would tell postern run is told:
 * the files and variables that the tool works with (those of the profile), where it lies itself, and where its model is. */
[[nodiscard]] int gate_wrap(const struct vet_gate_program *program, const struct vet_subject *s, const struct profile *p,
        struct arena *arena, struct setup *setup, struct err *err);

/* Is this what the gate shows everybody? Then it is nobody's, even where a level has the same. */
bool gate_shows(const char *value);
/* Where the project is, there. */
const char *gate_project(void);

/* Only what was found is tried again: a list for plan_build(). NULL: nothing was found, or out of memory. */
const char *gate_factors(const struct vet_result *plain, struct arena *arena);
/* More trials, so that each level of each finding is run `times` times in the bases in which it was found. */
[[nodiscard]] int gate_plan(const struct vet_result *plain, unsigned times, bool has_gateway, struct arena *arena, struct plan *plan);

/* What became of each finding: fills plain->gate from the result behind the gate. 0 or -ENOMEM. */
[[nodiscard]] int gate_compare(struct vet_result *plain, const struct vet_result *behind);

#endif
