/* policy: what the files of "postern policy" share. */
#ifndef POSTERN_CMD_POLICY_H
#define POSTERN_CMD_POLICY_H

#include "cmd/cmd.h"
#include "policy/policy.h"

extern const struct command cmd_policy_check, cmd_policy_explain, cmd_policy_diff, cmd_policy_sign, cmd_policy_verify, cmd_policy_init,
        cmd_policy_import;

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

#endif
