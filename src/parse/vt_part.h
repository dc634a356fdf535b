/* vt_part: what the files of vt share. Not for use outside of them. */
#ifndef POSTERN_PARSE_VT_PART_H
#define POSTERN_PARSE_VT_PART_H

#include "parse/vt.h"

/* The row of a thing, or NULL. */
const struct vt_rule *vt_rule(const struct vt *v, enum vt_kind kind, uint32_t key);

/* A whole sequence, collected in v->seq: what may be seen of it goes to out. final: the byte that ended ESC … or CSI …. */
void vt_escape(struct vt *v, uint8_t final, struct buf *out);
void vt_control(struct vt *v, uint8_t final, struct buf *out);
void vt_string(struct vt *v, struct buf *out);

/* Marks a private mode that has been set to `how` ('h' or 'l'). */
void vt_left_mode(struct vt *v, const struct vt_rule *rule, uint8_t how);

#endif
