/* provenance_role: the process that judges evidence of an origin. It is this program again, without authority: it gets one descriptor with
 * all the documents in it over a socket, and answers once. */
#ifndef POSTERN_INSPECT_PROVENANCE_ROLE_H
#define POSTERN_INSPECT_PROVENANCE_ROLE_H

#include "base/err.h"
#include "inspect/provenance.h"

/* The slices of struct provenance_ask, one behind the other in the file. */
#define PROVENANCE_PARTS 11u
struct provenance_request {
	uint64_t size[PROVENANCE_PARTS];
	uint32_t given; /* bits: the part is there, even if it is empty */
	uint32_t want_build;
	int64_t now;
	struct provenance_artefact artefact;
};

struct provenance_reply {
	int32_t error;     /* 0, or as provenance_judge() */
	uint32_t confined; /* it could be; else nothing was judged, and error says why not */
	char why[256];
	struct provenance_answer answer;
};

/* Becomes that process, on this socket. Returns an exit code. */
int provenance_role(int socket);
/* Has it judged by such a process, which this starts and ends. exe: this program's file. 0; -EINVAL as provenance_judge() with a sentence;
 * others: nothing is known. */
[[nodiscard]] int provenance_elsewhere(
        int exe, void become(int exe, int socket), const struct provenance_ask *ask, struct provenance_answer *out, struct err *err);

#endif
