/* question_part: what the files of the questionnaire share. Each question has one function; the table in question.c names it. */
#ifndef POSTERN_VET_QUESTION_PART_H
#define POSTERN_VET_QUESTION_PART_H

#include "base/buf.h"
#include "obtain/facts.h"
#include "vet/question.h"

#define CITED_MAX 12 /* pieces of evidence of one answer; the rest is counted */

struct asking {
	const struct vet_result *r;
	struct arena *arena;
	struct vet_answer *out;
	const char **cited;
	size_t n_cited, more;
	int error;
};

/* Answered with evidence. concern: a reviewer should look at it before the others. */
void answer_say(struct asking *a, bool concern, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Not observed, because of this. */
void answer_not(struct asking *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Not observable from outside: who can say instead. */
void answer_never(struct asking *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A piece of evidence, each once. */
void answer_cite(struct asking *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Did the tool work in any trial? If not, this question is answered with that. */
bool answer_can(struct asking *a);
/* Trials in which the tool worked. */
unsigned answer_trials(const struct asking *a);

/* The row of a factor, or NULL if it was not varied. */
const struct vet_factor_row *answer_factor(const struct asking *a, const char *name);
/* Findings of one of these factors (NULL-terminated) and of a class from `least` to `most`; their trials are cited, and "title (class, N
 * places)" of each factor is appended to `to`. How many there are. */
size_t answer_findings(struct asking *a, const char *const *factors, enum leak_class least, enum leak_class most, struct buf *to);
/* Names of those of the factors that were varied, with commas. Returns how many. */
size_t answer_varied(const struct asking *a, const char *const *factors, struct buf *to);

/* Answers from what trials of conduct saw, if there is anything of this question; else false, and nothing is said. */
bool answer_conduct(struct asking *a);
/* The same behind an answer that was given already. */
void answer_add_conduct(struct asking *a);

/* Data handling */
void answer_hosts(struct asking *a);
void answer_before_consent(struct asking *a);
void answer_identity_fields(struct asking *a);
void answer_canaries(struct asking *a);
void answer_reads_outside(struct asking *a);
void answer_ignore_files(struct asking *a);
void answer_variables_sent(struct asking *a);
void answer_bytes(struct asking *a);
void answer_transcripts(struct asking *a);
void answer_opt_outs(struct asking *a);
/* Transparency */
void answer_endpoints_documented(struct asking *a);
void answer_fields_documented(struct asking *a);
void answer_factors(struct asking *a);
void answer_obfuscated(struct asking *a);
void answer_code_points(struct asking *a);
void answer_variables_read(struct asking *a);
void answer_model(struct asking *a);
void answer_changelog(struct asking *a);
/* Unintended vulnerabilities */
void answer_tls(struct asking *a);
void answer_proxy(struct asking *a);
void answer_listeners(struct asking *a);
void answer_credential_modes(struct asking *a);
void answer_bundled_flaws(struct asking *a);
void answer_before_trust(struct asking *a);
void answer_injection(struct asking *a);
void answer_writes_outside(struct asking *a);
/* Provenance */
void answer_integrity(struct asking *a);
void answer_attestation(struct asking *a);
void answer_install_scripts(struct asking *a);
void answer_bill_of_materials(struct asking *a);
void answer_rebuild(struct asking *a);
void answer_publisher(struct asking *a);
void answer_new_capabilities(struct asking *a);
/* Control */
void answer_updates(struct asking *a);
void answer_flags(struct asking *a);
void answer_kill_switch(struct asking *a);
void answer_fails_closed(struct asking *a);
void answer_managed_settings(struct asking *a);
void answer_gated(struct asking *a);
void answer_left_running(struct asking *a);
/* Nobody can see them from outside. */
void answer_of_vendor(struct asking *a);

#endif
