/* enforce: the processes of "postern enforce" that are this program again, by role. */
#ifndef POSTERN_CMD_ENFORCE_H
#define POSTERN_CMD_ENFORCE_H

int enforce_role_guardian(void);
int enforce_role_sift(void);
int enforce_role_outside(void);
int enforce_role_notice(void);

#endif
