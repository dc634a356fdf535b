/* cosign: asks witnesses to cosign the latest checkpoint of a ledger, and keeps what they said if a quorum is reached (ledger/quorum.h). */
#ifndef POSTERN_LEDGER_COSIGN_H
#define POSTERN_LEDGER_COSIGN_H

#include "ledger/quorum.h"

#define COSIGN_ASKED (TLOG_POLICY_MEMBERS)

enum cosign_answer {
	COSIGN_SIGNED,   /* a good cosignature */
	COSIGN_SILENT,   /* no answer */
	COSIGN_REFUSED,  /* it does not know the log, or the like */
	COSIGN_INVALID,  /* an answer that is none: no cosignature by its key, or a bad one */
	COSIGN_ROLLBACK, /* it has cosigned a longer log */
	COSIGN_FORK,     /* what it has cosigned is no beginning of this log */
	COSIGN_ANSWERS,
};
/* "signed", "silent", … */
const char *cosign_word(enum cosign_answer a);

struct cosign_one {
	char url[512]; /* prefix, as it was given */
	int member;    /* of the policy; -1 if only an address was given and no known key has signed */
	enum cosign_answer answer;
	char text[256]; /* a sentence */
};
struct cosign_result {
	uint64_t size;
	bool met;     /* the quorum is reached, and the cosigned checkpoint is kept */
	bool changed; /* it is another than before */
	struct cosign_one one[COSIGN_ASKED];
	size_t n;
	struct quorum_seen seen; /* all that count, also those that had signed the same checkpoint before */
};
struct cosign_options {
	const char *const *url; /* ask these, and not those that the policy names */
	size_t n_urls;
	unsigned timeout_ms; /* for each answer; 0: 10 s */
};
/* dir: of the ledger. key: of the log. 0 if all were asked, whatever they said. -EAGAIN: another one does this for the folder just now.
 * -EBADMSG: what is in the folder contradicts itself or what was cosigned before, and nobody was asked; -EINVAL: there is nobody to ask. */
[[nodiscard]] int ledger_cosign(int dir, const struct note_vkey *key, const struct quorum *q, const struct cosign_options *o,
        struct cosign_result *out, struct err *err);

#endif
