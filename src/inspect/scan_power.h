/* scan_power: what a script of PowerShell does that an honest one has no business with: it runs what it fetched or decoded, or hides that
 * it runs something. Values are followed through variables and functions of the script; a word alone decides nothing. Pure. */
#ifndef POSTERN_INSPECT_SCAN_POWER_H
#define POSTERN_INSPECT_SCAN_POWER_H

#include "base/slice.h"

#define POWER_DOES_FETCHED     1u   /* runs what it fetched as code */
#define POWER_DOES_FETCHED_ODD 2u   /* the same, from a bare address or without encryption */
#define POWER_DOES_INSTALLER   4u   /* the same, from an installer that is well known */
#define POWER_DOES_DECODED     8u   /* runs what it decoded as code */
#define POWER_DOES_HIDES       16u  /* puts the name of what runs code together from pieces */
#define POWER_DOES_ENCODED     32u  /* starts PowerShell with a command that is encoded */
#define POWER_DOES_STARTS      64u  /* starts a file that it fetched or decoded, unchecked and unseen */
#define POWER_DOES_REVERSE     128u /* runs what comes from a socket */
#define POWER_DOES_MORE        256u /* is longer than is followed */

struct power_said {
	/* One of these bits, and where. May be NULL. */
	void (*said)(void *arg, unsigned does, size_t at, size_t n);
	void *arg;
};

/* All that it does, as bits. */
unsigned scan_power(struct slice script, const struct power_said *to);

#endif
