/* provenance_part: what the parts of provenance share. A step returns false when it has refused, with the reason in the check. */
#ifndef POSTERN_INSPECT_PROVENANCE_PART_H
#define POSTERN_INSPECT_PROVENANCE_PART_H

#include "crypto/signcert.h"
#include "inspect/provenance.h"
#include "parse/npmsign.h"
#include "parse/sigstore.h"
#include "parse/slsa.h"

#define PROVENANCE_TIMES (SIGSTORE_ENTRIES + SIGSTORE_TIMESTAMPS)

/* What is the same for all pieces of evidence. */
struct trust {
	const struct provenance_ask *ask;
	struct arena *arena;
	struct sigstore_root *root; /* NULL: none was given */
	struct pubkey *key;         /* pinned; NULL: none */
	struct npmsign_keys *keys;  /* NULL: none */
	bool memory;                /* is out: nothing is known */
};

/* One bundle. */
struct judge {
	struct trust *t;
	struct provenance_check *out;
	const struct provenance_pin *pin; /* NULL: who signed is not pinned here, but by `key` */
	const struct pubkey *key;         /* that must have signed; NULL: a certificate must */
	struct sigstore_bundle bundle;
	struct slsa_statement statement; /* of an envelope */
	struct signcert *cert;
	struct pubkey *signer; /* the certificate's */
	int64_t time[PROVENANCE_TIMES];
	size_t n_times;
};

bool provenance_refuse(struct judge *j, enum provenance_reason_name reason, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Without more to say. */
bool provenance_refuse_plain(struct judge *j, enum provenance_reason_name reason);
/* A negative errno of crypto: memory counts for all, the rest is that reason. */
bool provenance_failed(struct judge *j, int error, enum provenance_reason_name reason);
/* Puts a text into a field of a check; what does not fit is cut. */
void provenance_text(char *out, size_t size, struct slice text);
#define PROVENANCE_SET(field, text) provenance_text((field), sizeof(field), (text))
/* The digest of the file, of that kind; empty if it is not known. */
struct slice provenance_digest(const struct provenance_artefact *a, enum sigstore_hash hash);
bool provenance_add_time(struct judge *j, int64_t time);

/* provenance_log.c: every entry of a log, and that it is about this bundle. */
bool provenance_entries(struct judge *j);
/* provenance_cert.c: opens the certificate; then its chain at every trusted time, its promises, and who it is of. */
bool provenance_cert_open(struct judge *j);
bool provenance_cert_holds(struct judge *j);
bool provenance_pinned(struct judge *j);
/* provenance.c: judges one bundle. `publish`: it is by the key of a registry. */
void provenance_bundle(struct judge *j, struct slice text);
void provenance_judge_free(struct judge *j);
/* provenance_npm.c */
void provenance_npm(struct trust *t, struct provenance_answer *out);
/* Is one of the subjects the file, and does every digest that it has fit? */
const struct slsa_subject *provenance_subject(const struct slsa_statement *s, const struct provenance_artefact *a);

#endif
