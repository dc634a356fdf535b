/* render: what the writers of src/policy share. Not for use outside. */
#ifndef POSTERN_POLICY_RENDER_H
#define POSTERN_POLICY_RENDER_H

#include "policy/compiled.h"

/* A JSON string with its quotes, appended. */
void json_text_add(struct buf *out, const char *text);
/* Sets what the digest of a compiled policy will be of. 0, -ENOMEM, -ENOBUFS, -EINVAL. */
[[nodiscard]] int policy_canonical(struct policy *p);

#endif
