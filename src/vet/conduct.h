/* conduct: what else a tool does while it is tried: files, programs, listeners, processes, canaries, what it does before anybody agrees,
 * and what the world can make it do. Facts as data (struct vet_conduct); no statistics: each is something that was seen in a named trial,
 * or was looked for and not seen, or could not be looked for.
 *
 * A fact's id is the number of its question of due diligence (1 to 40; 0: none of them), a dot and a word. Ids do not change; one id may
 * have several facts, told apart by `about`. The table conduct_kinds says which ids there are:
 *
 *   0.programs            programs run: path, arguments, digest
 *   2.before-consent      what leaves at a first start in a fresh home, with nothing typed and nothing agreed to
 *   4.canary-raw          planted secrets (files, variables) in messages as they are
 *   4.canary-encoded      … under an encoding: base64, hex, percent, escapes, gzip, reversed, split
 *   4.canary-hashed       … as a digest
 *   5.sensitive-files     credentials, keys, browser profiles, histories of the person opened, and no model asked for them
 *   5.other-projects      files of another project opened
 *   5.files-outside       other files outside the project and the tool's own folders opened
 *   6.ignored-files       files of the project that its ignore files name opened
 *   7.environment         variables sent; about: the variable
 *   8.bytes               bytes sent for one task
 *   9.transcripts         files left on the disk that hold the prompt: place, mode
 *   10.opt-out            about: the opt-out. Observed: it was still sending what the opt-out should end
 *   10.telemetry-blocked  what happens when the hosts of telemetry do not answer
 *   19.tls                requests sent over TLS to a server whose authority nobody trusts
 *   21.listeners          listening sockets; about: the address; whether it asks who one is
 *   22.credential-files   files that hold the key or a canary, and their modes
 *   24.before-trust       commands that the repository's own configuration got run; about: the file; before trust, or without asking
 *   25.injection-reached  a text of the project with instructions reached the model; about: the file
 *   25.injection-run      the command that a model asked for because of them was run without asking
 *   25.injection-sent     … and what it sent left the machine
 *   26.writes-outside     files written outside the project
 *   34.updates            requests for updates with updates switched off
 *   35.flags-fetched      remote flags and settings fetched
 *   35.flags-flipped      what changes when the world turns their values
 *   36.minimum-version    what happens when the world says that the version is too old
 *   37.policy-away        what happens when the server of settings and policy is away
 *   39.unasked            commands and writes that a model asked for, done without the person's permission
 *   40.left-running       processes that were there after the tool's end */
#ifndef POSTERN_VET_CONDUCT_H
#define POSTERN_VET_CONDUCT_H

#include "confine/trial.h"
#include "vet/run.h"

struct conduct_kind {
	const char *id;
	unsigned question; /* 1 to 40; 0: none */
	const char *title; /* what was looked for, a few words */
};
extern const struct conduct_kind conduct_kinds[];
extern const size_t n_conduct_kinds;
/* NULL if there is none of that id. */
const struct conduct_kind *conduct_kind(const char *id);

struct conduct;
/* For a vetting of this subject. Everything is owned by the arena but what conduct_free() frees; the arguments stay. 0, -ENOMEM. */
[[nodiscard]] int conduct_new(const struct vet_subject *s, const struct profile *p, struct arena *arena, struct conduct **out);
void conduct_free(struct conduct *c);
/* What an ordinary trial is to look at. */
struct trial_observe conduct_observe(void);
/* Takes what was seen in an ordinary trial, whose host it was. */
void conduct_ordinary(struct conduct *c, const char *id, const struct host_spec *h, const struct trial_result *r);

/* Runs the trials of conduct: few and each for one question, beside the plan; with `few` only those that take little time. jobs at once.
 * The authority is the vetting's. progress may be NULL. 0, or negative errno with err when no trial can be run; a trial that fails is no
 * error. stop_fd: as in struct vet_options. */
struct conduct_how {
	bool few;
	unsigned jobs;
	struct slice ca_cert, ca_key;
	void (*progress)(void *arg, const struct vet_progress *p);
	void *arg;
	int stop_fd;
	int keep_folder;
};
[[nodiscard]] int conduct_run(struct conduct *c, const struct conduct_how *how, struct err *err);
/* Fills r->conduct and r->conduct_trials, in r's arena. 0, -ENOMEM. */
[[nodiscard]] int conduct_facts(struct conduct *c, struct vet_result *r);

#endif
