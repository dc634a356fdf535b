/* session_env: what a contained tool finds around it: its environment, limits, and what of the policy the gate's process gets. */
#ifndef POSTERN_GATE_SESSION_ENV_H
#define POSTERN_GATE_SESSION_ENV_H

#include "confine/sandbox.h"
#include "gate/session.h"
#include "policy/policy.h"

#define SESSION_CA_FILE     "/run/postern/authority.pem"   /* of this run alone */
#define SESSION_CANARY      "LEGACY_SERVICE_TOKEN"         /* a variable */
#define SESSION_CANARY_FILE ".config/legacy-service/token" /* in the home */
#define SESSION_CA_BUNDLE   "/run/postern/ca-bundle.pem"   /* the system's, and that */

/* NULL-terminated, owned by the arena: ordinary variables of the caller's, those that are to be kept, the ones by which programs find the
 * authority, placeholders for credentials, and SESSION_CANARY if canary is not NULL. No other: what a shell has exported may be a secret.
 */
char *const *session_env(struct arena *arena, const struct session_spec *spec, const struct supervisor_credential *credential, size_t n,
        const char *canary, struct err *err);
/* Of these lists: variables by which programs find the authority, with their values; does NAME=VALUE fit a name or a beginning ("LC_*"); is
 * it one that the caller named, or one that goes in anyway? */
extern const char *const session_env_authority[][2];
extern const size_t session_env_authority_n;
bool session_env_fits(const char *variable, const char *name);
bool session_env_named(const char *variable, const struct session_spec *spec);
bool session_env_ordinary(const char *variable);
/* The file that a word leads to by the caller's PATH, links resolved. NULL: none. */
const char *session_program(struct arena *arena, const char *word);
/* SHA-256 of a file, hex; "" if it cannot be read. */
void session_digest(const char *path, char out[65]);
struct sandbox_limits session_limits(const struct policy_settings *set);
/* The keys of the policy's credentials, read with the person's rights, and a placeholder for each. An array of *n, owned by the arena. */
[[nodiscard]] int session_credentials(
        struct arena *arena, const struct policy_settings *set, struct supervisor_credential **out, size_t *n, struct err *err);

#endif
