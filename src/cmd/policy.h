/* policy: what the files of "postern policy" share. */
#ifndef POSTERN_CMD_POLICY_H
#define POSTERN_CMD_POLICY_H

#include "cmd/cmd.h"
#include "ledger/signer.h"
#include "policy/policy.h"

extern const struct command cmd_policy_check, cmd_policy_explain, cmd_policy_diff, cmd_policy_sign, cmd_policy_verify, cmd_policy_init,
        cmd_policy_import, cmd_policy_bundle, cmd_policy_except, cmd_policy_exceptions;
extern const struct command cmd_policy_bundle_make, cmd_policy_bundle_sign, cmd_policy_bundle_trust, cmd_policy_bundle_verify,
        cmd_policy_bundle_show, cmd_policy_bundle_install, cmd_policy_bundle_fetch, cmd_policy_bundle_forget;

/* For --format: text, json */
extern const char *const policy_formats[];
enum { POLICY_TEXT, POLICY_JSON };
/* For --layer */
extern const char *const policy_layers[];
enum { LAYER_GUESS, LAYER_ORGANISATION, LAYER_PROJECT, LAYER_PERSON };

/* The sentence to stderr; EXIT_USAGE. */
int policy_fail(const struct command *c, const struct err *err);
/* Reads and parses one file; of LAYER_GUESS the layer is told by its name. Its digest is set. 0, -EINVAL (problems), else *err. */
[[nodiscard]] int policy_open(const char *path, unsigned layer, struct arena *arena, struct policy_doc **out, struct buf *text,
        struct policy_problems *problems, struct err *err);
/* Compiles one document alone, for this person and folder. */
[[nodiscard]] int policy_alone(const struct policy_doc *doc, struct policy **out, struct policy_problems *problems);
/* The problems as FILE:LINE:COLUMN: text, a line each, appended. */
void policy_problems_text(const struct policy_problems *p, struct buf *out);
/* Adds a warning for each kind of secret that the policy names and that is none. */
void policy_check_kinds(const struct policy *p, struct policy_problems *problems);
/* A file in place of what is there, for good. */
[[nodiscard]] int policy_keep(const char *path, struct slice text, bool fresh, struct err *err);

/* Who signs, as --key, --signer and --name say: EXIT_OK, or EXIT_USAGE after a message. */
int policy_signer_usage(const char *command, const char *key, const char *agent, const char *name);
/* The arena keeps the signer's name. ledger_signer_close() is needed also after a failure, if *out was zero. */
[[nodiscard]] int policy_signer(
        const char *key, const char *agent, const char *name, struct arena *arena, struct ledger_signer *out, struct err *err);
/* A time to come: "2026-12-31" (to the end of that day, UTC), "2026-12-31T12:00:00Z", "12h", "90d" (from `now` on). False: it is none. */
bool policy_until(const char *text, int64_t now, int64_t *out);
/* What is done to policies, as an entry of class Application Lifecycle into a ledger: `ledger` NULL: the usual one; "none": none. members:
 * of "unmapped", a JSON object. A failure is an error only if a ledger was named, else it is told. */
[[nodiscard]] int policy_record(
        const struct command *c, const char *ledger, unsigned activity, const char *message, struct slice unmapped, struct err *err);
/* "in 12 days", "5 hours ago", appended. */
void policy_left(struct buf *out, int64_t t, int64_t now);
/* Looks into the unpacked folder of a bundle before it is put in force: profiles must be good. For bundle_config.check. */
[[nodiscard]] int policy_bundle_check(void *arg, int dir, const char *path, struct err *err);

#endif
