/* setup: from a treatment and a profile to what a trial needs: the synthetic host with the tool's files and variables, the command line. */
#ifndef POSTERN_VET_SETUP_H
#define POSTERN_VET_SETUP_H

#include "base/buf.h"
#include "vet/run.h"

/* Where the authority's certificate is, inside. */
#define SETUP_CA_PATH "/etc/ssl/certs/ca-certificates.crt"

struct setup {
	struct host_spec host;
	const char *gateway; /* host name or NULL */
	char **argv;         /* NULL-terminated */
};

/* Appends the authorities that ordinary machines trust, as PEM, from the folder of the system's package of them, which a trial shows
 * anyway. A machine that trusts one authority alone is none that people work on. What cannot be read is left out. */
void setup_public_authorities(struct buf *out);
/* ca_pem: the trial's authority, and behind it those of setup_public_authorities(); borrowed as long as the result is used.
 * behind_gate: the tool itself is told nothing of a gateway; what runs it is. All memory from the arena. 0, -ENOMEM, -ENOSPC (too many
 * variables or files), -EINVAL (a path of the profile). */
[[nodiscard]] int setup_trial(const struct vet_subject *s, const struct profile *p, const struct treatment *t, struct slice ca_pem,
        bool behind_gate, struct arena *arena, struct setup *out, struct err *err);

/* {key} of profiles. */
const char *setup_key(void);

#endif
