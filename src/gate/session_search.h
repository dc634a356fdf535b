/* session_search: what the gate's process is to look for, made with the person's rights before it starts: rules of secrets, values that
 * must not leave, fingerprints of confidential files. */
#ifndef POSTERN_GATE_SESSION_SEARCH_H
#define POSTERN_GATE_SESSION_SEARCH_H

#include "gate/supervisor.h"
#include "inspect/secret_cache.h"
#include "policy/policy.h"

/* Appends to the three buffers, as gate_config wants them. The rules are those of share/rules/secrets.yaml; compiled, they
 * are kept in the cache folder, and read from it when they are wanted; all zeroes, if nothing is to be looked for. Keys of credentials are
 * values: they leave by the gate's hand alone. */
[[nodiscard]] int session_search(struct arena *arena, const struct policy_settings *set, const struct supervisor_credential *credential,
        size_t n, struct secret_later *rules, struct buf *values, struct buf *index, struct buf *patterns, struct err *err);

#endif
