/* purpose: what an endpoint is for, told by the name of the answer that the world gave (TAG_ANSWER of a trace). It stands on this floor
 * because the world and the vetting side, neighbours above, both go by it. */
#ifndef POSTERN_WIRE_PURPOSE_H
#define POSTERN_WIRE_PURPOSE_H

#include "base/slice.h"

enum purpose {
	PURPOSE_MODEL,
	PURPOSE_TELEMETRY,
	PURPOSE_FLAGS,   /* feature flags and what a server says at the start */
	PURPOSE_POLICY,  /* settings and limits that an organisation sets */
	PURPOSE_UPDATES, /* versions, packages, releases */
	PURPOSE_OTHER,
	PURPOSE_END
};

/* PURPOSE_OTHER for a name that is not known, or empty. */
enum purpose purpose_of(struct slice answer);
/* "model", "telemetry", "flags", … */
const char *purpose_name(enum purpose p);

#endif
