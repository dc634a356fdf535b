/* import: settings of other programs as a policy. What is carried over is tried with the parser itself, line by line; what cannot be is
 * listed at the end of the policy, with the reason. */
#ifndef POSTERN_POLICY_IMPORT_H
#define POSTERN_POLICY_IMPORT_H

#include "policy/policy.h"

enum policy_import_kind { POLICY_IMPORT_GUESS, POLICY_IMPORT_CLAUDE, POLICY_IMPORT_CODEX, POLICY_IMPORT_SRT };
/* "guess" "claude-code" "codex" "sandbox-runtime" */
extern const char *const policy_import_kinds[];

struct policy_import {
	size_t carried, left_out; /* settings */
};
/* The settings (JSON of Claude Code or of sandbox-runtime, TOML of Codex) as YAML, appended. name is used in messages. -EINVAL with a
 * sentence: the text is neither, or the kind cannot be told; -ENOMEM, -ENOBUFS. */
[[nodiscard]] int policy_import(
        struct slice text, const char *name, enum policy_import_kind kind, struct buf *out, struct policy_import *result, struct err *err);

#endif
