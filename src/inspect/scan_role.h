/* scan_role: the process that scans. It is this program again, without authority: it gets descriptors of files over one socket, maps them,
 * and says what it found (inspect/scan.h). Whoever started it takes nothing it says on trust. */
#ifndef POSTERN_INSPECT_SCAN_ROLE_H
#define POSTERN_INSPECT_SCAN_ROLE_H

#include "inspect/scan_yara.h"

#define SCAN_NAME_BYTES 256u

/* One message with the descriptor of a regular file. */
struct scan_ask {
	struct scan_options o;
	/* BEFORE: what was in the file that is asked for next; MANIFEST: what the manifest beside it has. RULES: an image of
	 * inspect/secret_table.h, once. Nothing is answered to these. YARA: an image of inspect/scan_yara.h, before all others; it is
	 * answered with READY. */
	enum scan_ask_kind { SCAN_ASK_FILE, SCAN_ASK_CHANGED, SCAN_ASK_BEFORE, SCAN_ASK_MANIFEST, SCAN_ASK_RULES, SCAN_ASK_YARA } kind;
	char name[SCAN_NAME_BYTES]; /* its path, or the end of that */
};

enum scan_answer_kind { SCAN_ANSWER_READY, SCAN_ANSWER_FINDING, SCAN_ANSWER_EDGE, SCAN_ANSWER_FACT, SCAN_ANSWER_SUMMARY };
/* The first message it sends is READY, or an error why it cannot be confined. Then findings, what it has run, facts of a package, and one
 * summary for each file. */
struct scan_answer {
	uint32_t kind;
	int32_t error; /* negative errno: READY: it ends; SUMMARY: the file could not be read */
	union {
		struct scan_finding finding;
		struct scan_edge edge;
		struct posture_fact fact;
		struct scan_summary summary;
		struct scan_ready {
			uint32_t yara_rules;          /* that were compiled */
			struct scan_yara_wrong wrong; /* with an error, if it is one of those rules; else its text is "" */
		} ready;
	};
};
/* Is it one that an honest process sends? Texts are ended, and what cannot be shown in them is replaced. */
bool scan_answer_check(struct scan_answer *a, size_t n);

/* Becomes that process, on this socket. What it will be given, and what it loads, bits. Returns an exit code. */
#define SCAN_ROLE_SECRETS  1u /* rules of secrets */
#define SCAN_ROLE_YARA     2u /* rules of YARA */
#define SCAN_ROLE_ARCHIVES 4u /* the libraries of sys/lib_unpack.h; if there are none, each archive that takes them is unscanned */
int scan_role(int socket, unsigned bits);

#endif
