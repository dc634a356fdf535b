/* provenance: does evidence show who made this file, and where? Sigstore bundles, and npm's registry signatures and attestations, judged
 * against a trusted root, keys and a pin that the caller brings. Offline: nothing is asked for. Evidence is hostile, so callers run it in a
 * process without authority (cmd/provenance.c); it makes no system call.
 *
 * Follows sigstore/architecture-docs (client-spec), RFC 6962, RFC 3161, C2SP signed-note and tlog-checkpoint, in-toto Statement and SLSA.
 */
#ifndef POSTERN_INSPECT_PROVENANCE_H
#define POSTERN_INSPECT_PROVENANCE_H

#include "base/slice.h"

/* In order of what counts when there are several. */
enum provenance_verdict {
	PROVENANCE_VERIFIED,
	PROVENANCE_NONE, /* no evidence: neither verified nor failed */
	PROVENANCE_REFUSED,
};
#define PROVENANCE_VERDICTS 3u
/* "verified", "no evidence", "refused". */
const char *provenance_verdict_word(enum provenance_verdict v);

enum provenance_reason_name {
#define PROVENANCE_REASON(name, ...) PROVENANCE_REASON_##name,
#include "inspect/provenance_reason_table.h"
#undef PROVENANCE_REASON
	PROVENANCE_REASONS
};
struct provenance_reason {
	const char *word; /* "set-bad" */
	enum provenance_verdict verdict;
	const char *text;
};
extern const struct provenance_reason provenance_reasons[PROVENANCE_REASONS];

enum provenance_kind {
	PROVENANCE_BUNDLE,    /* a bundle of Sigstore */
	PROVENANCE_INTEGRITY, /* the SHA-512 in a registry's document */
	PROVENANCE_REGISTRY,  /* the registry's signature of it */
	PROVENANCE_PUBLISH,   /* the registry's attestation that it was published */
	PROVENANCE_BUILD,     /* an attestation of the build */
};
#define PROVENANCE_KINDS 5u
/* "bundle", "integrity", "registry signature", "publish attestation", "build provenance". */
const char *provenance_kind_word(enum provenance_kind k);

#define PROVENANCE_TEXT 1024u

/* One piece of evidence. Texts end, and can be anything else. What the evidence says stands there only as far as it was reached; it is to
 * be believed only of what is verified. */
struct provenance_check {
	uint32_t kind, reason;
	int64_t time;                 /* the earliest trusted time of the signature; 0: none */
	uint64_t log_index;           /* of the entry in the log */
	char detail[PROVENANCE_TEXT]; /* what was found, and what was expected; "": nothing more to say */
	char identity[PROVENANCE_TEXT], issuer[PROVENANCE_TEXT], repository[PROVENANCE_TEXT], workflow[PROVENANCE_TEXT],
	        run[PROVENANCE_TEXT];
	char log[256], package[512], predicate[256];
};

#define PROVENANCE_CHECKS 12u
struct provenance_answer {
	uint32_t n;
	struct provenance_check check[PROVENANCE_CHECKS];
};
/* The worst of all; NONE if there is nothing. */
enum provenance_verdict provenance_answer_verdict(const struct provenance_answer *a);

/* The file: its digests. */
struct provenance_artefact {
	bool only_sha256; /* the other two are not known */
	uint8_t sha256[32], sha384[48], sha512[64];
};

/* Who may have signed. Either a key, or an identity, or a repository. Empty: not pinned. */
struct provenance_pin {
	struct slice identity, issuer; /* as the certificate has them, byte for byte */
	struct slice repository;       /* a URL, or "owner/name" at GitHub */
	struct slice workflow;         /* its path in the repository, or the last part of it; "@" and a ref behind it */
	struct slice key;              /* PEM */
};
/* Is it enough to know somebody by? An identity needs an issuer; a repository outside of github.com and gitlab.com too. */
bool provenance_pin_enough(const struct provenance_pin *p);

struct provenance_ask {
	struct slice root;         /* trusted_root.json */
	struct slice bundle;       /* p NULL: none was given, and so below */
	struct slice document;     /* npm: of one version */
	struct slice keys;         /* npm: of the registry */
	struct slice attestations; /* npm */
	struct slice package;      /* "name@version" that it must be; empty: any */
	bool want_build;           /* without an attestation of the build there is no evidence */
	struct provenance_pin pin;
	struct provenance_artefact artefact;
	int64_t now; /* seconds since 1970, to know which keys have expired */
};
/* Judges all that is there. 0; -EINVAL: what the caller trusts (root, keys, the pinned key) cannot be read, *why (static) says why;
 * -ENOMEM. */
[[nodiscard]] int provenance_judge(const struct provenance_ask *ask, struct provenance_answer *out, const char **why);

#endif
