/* session_neutral: the identity that a contained tool sees when it is not to learn whose it is: names, paths, files, environment, and the
 * model hosts under their official names. Everything is the same for everybody; which parts are made so, the policy says. */
#ifndef POSTERN_GATE_SESSION_NEUTRAL_H
#define POSTERN_GATE_SESSION_NEUTRAL_H

#include "confine/host.h"
#include "confine/sandbox.h"
#include "gate/session.h"
#include "gate/session_env.h"
#include "policy/neutral.h"
#include "policy/policy.h"

#define NEUTRAL_CA_FILE  "/etc/ssl/certs/ca-certificates.crt"
#define NEUTRAL_CA_OTHER "/etc/ssl/cert.pem"
#define NEUTRAL_FILES    16u
#define NEUTRAL_IDENTITY (POLICY_NEUTRAL_ALL & ~(POLICY_NEUTRAL_REQUESTS | POLICY_NEUTRAL_PROXY))

struct neutral {
	struct arena *arena;
	uint64_t what; /* POLICY_NEUTRAL_…; 0: everything is as it is, and all below leaves things alone */
	const struct session_spec *spec;
	struct sandbox_move moves[2]; /* home, project */
	size_t n_moves;
};

/* 0; -EINVAL: the folders lie so that they cannot be shown elsewhere; -ENOMEM. The spec must outlive it. */
[[nodiscard]] int neutral_new(struct arena *arena, const struct session_spec *spec, struct neutral *out, struct err *err);

/* A real path as it is inside; the path itself if it was not moved. NULL: out of memory. */
const char *neutral_inside(const struct neutral *n, const char *path);
/* And back, in `out` if it was moved: once for each execution, so nothing may be kept. NULL: there is no room. */
const char *neutral_outside(const struct neutral *n, const char *path, char *out, size_t size);
/* Paths in a word of the command line or a value of a variable: at its beginning, and behind '=' and ':'. */
const char *neutral_text(const struct neutral *n, const char *text);

/* Appends what else is hidden: the places that the home and the project were moved from, and folders of the system that name the person or
 * the machine. path has room for `max`. */
[[nodiscard]] int neutral_hide(const struct neutral *n, struct sandbox_path *path, size_t *n_paths, size_t max, struct err *err);
/* Appends files of /etc and others; `files` has room for NEUTRAL_FILES more. False: out of memory. */
bool neutral_files(const struct neutral *n, struct sandbox_file *files, size_t *n_files);
/* The machine that everybody has; NULL: the real one is told of (or memory is out, which the rest then says). */
const struct host_spec *neutral_machine(const struct neutral *n);
/* The environment in place of that of session_env(), whose arguments these are. */
char *const *neutral_env(
        const struct neutral *n, const struct supervisor_credential *credential, size_t n_credentials, const char *canary, struct err *err);

/* Model hosts that lead elsewhere, as struct gate_config wants them: those of spec->upstreams ("HOST[/PATH]=URL" each), and those of
 * variables of the caller's that vendors' programs read, like ANTHROPIC_BASE_URL. note() is told of each. -EINVAL with a sentence. */
[[nodiscard]] int neutral_upstreams(
        const struct neutral *n, void (*note)(void *arg, const char *text), void *arg, struct buf *out, struct err *err);

#endif
