/* sigstore: the documents of Sigstore, as text: bundles (v0.1 to v0.3), the bodies of entries of a Rekor log, trusted roots, and what npm
 * says of a package's origin (attestations, keys, the document of a version). Follows sigstore/protobuf-specs (sigstore_bundle.proto,
 * sigstore_trustroot.proto) in the JSON form of protobuf, Rekor's types hashedrekord, dsse and intoto, and npm's registry signatures.
 * Pure: nothing is verified here (inspect/provenance.h does).
 *
 * Stricter than most readers: a member that is there twice is a mistake, so that two readers cannot see two things in one document. */
#ifndef POSTERN_PARSE_SIGSTORE_H
#define POSTERN_PARSE_SIGSTORE_H

#include "parse/dsse.h"

#define SIGSTORE_MAX        ((size_t)16 << 20) /* bytes of a document */
#define SIGSTORE_CERTS      10                 /* of one chain */
#define SIGSTORE_ENTRIES    8
#define SIGSTORE_TIMESTAMPS 8
#define SIGSTORE_HASHES     64
#define SIGSTORE_KEYS       64 /* logs or authorities of a root, keys of a registry */
#define SIGSTORE_TIME_END   INT64_MAX

enum sigstore_hash { SIGSTORE_NO_HASH, SIGSTORE_SHA256, SIGSTORE_SHA384, SIGSTORE_SHA512 };

/* All slices are in the input or in the arena, and decoded. */
struct sigstore_entry {
	uint64_t index; /* in the log as a whole */
	struct slice log_id, kind, version;
	int64_t time;         /* seconds since 1970; 0: there is none */
	struct slice promise; /* the signed entry timestamp; empty: there is none */
	bool proof;           /* what follows is there */
	uint64_t proof_index, proof_size;
	struct slice proof_root; /* 32 bytes */
	uint8_t hash[SIGSTORE_HASHES][32];
	size_t n_hashes;
	struct slice checkpoint; /* a signed note; empty: there is none */
	struct slice body;       /* JSON, as the log has it */
};

struct sigstore_bundle {
	unsigned version; /* 1, 2, 3: v0.1 … */
	struct slice cert[SIGSTORE_CERTS];
	size_t n_certs; /* DER, the signer's first; 0: it is signed by a key */
	bool chain;     /* they were given as a chain, as v0.3 does no longer */
	struct slice key_hint;
	struct sigstore_entry entry[SIGSTORE_ENTRIES];
	size_t n_entries;
	struct slice timestamp[SIGSTORE_TIMESTAMPS]; /* responses of RFC 3161, DER */
	size_t n_timestamps;
	bool is_envelope;
	struct dsse envelope;   /* one signature */
	struct slice signature; /* of the message, or of the envelope */
	/* Of a message only: what the bundle says its digest is. */
	enum sigstore_hash hash;
	struct slice digest;
};
/* 0, -ENOMEM, or -EBADMSG with a constant reason. */
[[nodiscard]] int sigstore_bundle_parse(struct slice in, struct arena *arena, struct sigstore_bundle *out, const char **why);

/* What a log says it has taken in. */
enum sigstore_body_kind { SIGSTORE_HASHEDREKORD_1, SIGSTORE_HASHEDREKORD_2, SIGSTORE_DSSE_1, SIGSTORE_DSSE_2, SIGSTORE_INTOTO_2 };
struct sigstore_body {
	enum sigstore_body_kind kind;
	enum sigstore_hash hash;
	struct slice digest; /* of the artefact (hashedrekord), or of the payload (the others) */
	struct slice signature;
	bool is_key; /* the verifier is a key (SubjectPublicKeyInfo), else a certificate; DER */
	struct slice verifier;
};
/* Of an entry of that kind and version; one signature. 0, -ENOMEM, -ENOTSUP (kind and version are not known here), -EBADMSG. */
[[nodiscard]] int sigstore_body_parse(const struct sigstore_entry *e, struct arena *arena, struct sigstore_body *out, const char **why);
/* Does this kind belong to a log of the second generation (rekor-tiles)? */
bool sigstore_body_is_v2(enum sigstore_body_kind kind);

struct sigstore_log {
	struct slice id, host; /* of the URL: "rekor.example.com", with port and path if there are any */
	struct slice key;      /* DER */
	bool pkcs1;            /* an RSAPublicKey, not a SubjectPublicKeyInfo */
	int64_t from, to;      /* both included */
};
struct sigstore_authority {
	struct slice cert[SIGSTORE_CERTS]; /* DER, the root last */
	size_t n;
	int64_t from, to;
};
struct sigstore_root {
	struct sigstore_log log[SIGSTORE_KEYS], ct[SIGSTORE_KEYS];
	struct sigstore_authority ca[SIGSTORE_KEYS], tsa[SIGSTORE_KEYS];
	size_t n_logs, n_cts, n_cas, n_tsas;
};
/* trusted_root.json. As above. */
[[nodiscard]] int sigstore_root_parse(struct slice in, struct arena *arena, struct sigstore_root *out, const char **why);

/* The DER in the first block of that label ("CERTIFICATE") of PEM (RFC 7468). False: there is none, or memory is out. */
bool sigstore_pem(struct slice in, const char *label, struct arena *arena, struct slice *der);

#endif
