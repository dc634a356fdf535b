/* run: the whole of a vetting: plan, trials, features, confirmation, result. */
#ifndef POSTERN_VET_RUN_H
#define POSTERN_VET_RUN_H

#include "base/err.h"
#include "confine/trial.h"
#include "identify/profile.h"
#include "vet/calm.h"
#include "vet/model.h"
#include "vet/plan.h"

struct loop;

/* What is run, and how it is shown inside. */
struct vet_subject {
	const char *name, *version, *sha256;
	const char *package;              /* {package} of profiles: the folder of the artefact inside; may be NULL */
	const char *const *command;       /* NULL-terminated, paths as inside; the profile's arguments follow */
	const struct trial_mount *mounts; /* of the artefact and its runtime */
	size_t n_mounts;
	const char *path_prefix;      /* put in front of PATH, e.g. "/opt/runtime/bin"; may be NULL */
	const char *const *constants; /* paths outside, of which constants are read; NULL-terminated, may be NULL */
	bool install_scripts;
	const char *const *notes;  /* further facts for the report, NULL-terminated; may be NULL */
	const struct facts *facts; /* what was read from the artefact (obtain/facts.h), as long as the result is needed; may be NULL */
};

struct vet_progress {
	unsigned done, total; /* trials */
	const char *varied;   /* what the trial just started varies, e.g. "time zone = Asia/Tokyo" */
	double left_s;        /* estimate; < 0: not yet known */
};

/* The trials of conduct, vet/conduct.h. */
enum vet_conduct_wanted { CONDUCT_AS_EFFORT /* few with PLAN_QUICK, else all */, CONDUCT_ALL, CONDUCT_FEW, CONDUCT_NONE };

struct vet_options {
	enum plan_effort effort;
	unsigned jobs; /* 0: as many as there are CPUs, at most 8 */
	uint64_t seed;
	const char *factors;     /* comma separated, NULL: all */
	enum leak_class fail_on; /* the verdict is "findings" if there is one of this class or worse */
	unsigned strength;       /* combinations of so many levels; 1: one factor at a time; 0: what the effort says */
	double rollout;          /* enough devices to see what is active on this share of them, 95 %; 0: as many as there are rows */
	unsigned confirm;        /* at most so many fresh trials to confirm; 0: what the effort says */
	/* Behind the gate: only what this result found is tried again, with postern run --neutral around the tool. NULL: without it. */
	const struct vet_result *behind;
	struct vet_calm calm; /* randomness and calendar of the trials */
	enum vet_conduct_wanted conduct;
	int keep_folder;                                           /* descriptor of a folder for the traces, or -1 */
	void (*progress)(void *arg, const struct vet_progress *p); /* may be NULL */
	void *arg;
	int stop_fd; /* readable: stop with what is known so far; or -1 */
};

/* Runs it all. *result is filled also when the run was stopped (partial) or came to nothing (inconclusive); free with
 * vet_result_free(). Negative errno with err only if no verdict can be given at all: no memory, a bad list of factors, no namespaces. */
[[nodiscard]] int vet_run(
        const struct vet_subject *s, const struct profile *p, const struct vet_options *o, struct vet_result *result, struct err *err);
void vet_result_free(struct vet_result *r);

#endif
