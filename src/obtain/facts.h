/* facts: what can be read from an artefact without running it. Everything in it is hostile: strings are as they stand in the package, at
 * most FACTS_TEXT bytes of each, and are escaped by whoever shows them. */
#ifndef POSTERN_OBTAIN_FACTS_H
#define POSTERN_OBTAIN_FACTS_H

#include "obtain/obtain.h"

#define FACTS_TEXT 400
#define FACTS_LIST 64 /* of one list; how many there are in all is counted beside it */

struct facts_script {
	const char *package, *name, *command; /* "postinstall", "node install.cjs" */
};

/* What the registry says of the version, and of the one before it. */
struct facts_registry {
	bool bare;       /* its document says nothing of publishers, signatures and attestations, as that of a mirror may not */
	bool asked;      /* false: nobody asked, or it gave no answer; `why` says which */
	const char *why; /* NULL if it was asked */
	const char *publisher, *published; /* account and time of the publication; NULL: it does not say */
	const char *attestation;           /* type of the provenance that it lists ("https://slsa.dev/provenance/v1"), or NULL */
	unsigned signatures;               /* of the registry over the version */
	const char *signature_key;         /* id of the key of the first of them */
	const char *before;                /* the next lower version that is no pre-release (unless this one is); NULL: there is none */
	const char *before_publisher, *before_attestation;
	const char *repository; /* where its source is said to be */
};

struct facts {
	enum subject_kind kind;
	const char *integrity;      /* "sha512-…" that was verified before a byte was unpacked; NULL: nothing was there to verify with */
	bool integrity_of_registry; /* it is the registry's; else of the file that was named, about itself */
	char sha256[65], entry_sha256[65]; /* of the archive; of the program that runs, "" if it could not be read */
	char native_sha256[65];            /* of the archive of the native package, "" if there is none */
	const char *native_name, *native_version;
	const char *entry;        /* below the root */
	const char *const *names; /* of the packages, "name@version", the main one first */
	size_t n_names;
	size_t packages; /* that were fetched and unpacked, with the main one */
	const struct facts_script *scripts;
	size_t n_scripts, all_scripts;
	const char *licence; /* of package.json; NULL: none */
	bool licence_file;
	const char *const *sboms; /* files that by their name are a bill of materials */
	size_t n_sboms, all_sboms;
	const char *const *bundled; /* packages that lie inside of others, and were not fetched for themselves */
	size_t n_bundled, all_bundled;
	size_t declared;            /* dependencies that the main package.json names */
	const char *const *natives; /* files that are native code */
	size_t n_natives, all_natives;
	size_t files;
	uint64_t bytes;
	bool cut; /* there is more than was looked at */
	struct facts_registry registry;
};

/* Reads the unpacked packages of an artefact. Memory from the arena. -ENOMEM, or what the folder gives. */
[[nodiscard]] int facts_read(const struct artefact *a, struct arena *arena, struct facts *out, struct err *err);
/* Asks the registry about the version. A registry that does not answer is no error: out->registry says so. -ENOMEM. */
[[nodiscard]] int facts_ask(
        const struct artefact *a, const struct obtain_options *o, struct arena *arena, struct facts *out, struct err *err);

/* The same from a package document (what facts_ask() fetches). Pure. False: it is no document, or does not know the version. */
bool facts_registry_read(struct slice document, const char *version, struct arena *arena, struct facts_registry *out);

#endif
