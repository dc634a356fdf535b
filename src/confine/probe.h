/* probe: what this machine's kernel and settings allow of confinement, by trying. */
#ifndef POSTERN_CONFINE_PROBE_H
#define POSTERN_CONFINE_PROBE_H

#include "base/err.h"

/* All namespaces that a confined run needs. 0, or a negative errno and one sentence that names the setting to change; `what` begins it
 * ("trials need", …). */
[[nodiscard]] int probe_namespaces(const char *what, struct err *err);

#endif
