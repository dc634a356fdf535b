/* after: what a trial says when it has ended, as further records of its trace: so it is kept, compared and analysed as what was sent is. */
#ifndef POSTERN_VET_AFTER_H
#define POSTERN_VET_AFTER_H

#include "confine/trial.h"

/* Appends a TRACE_FILE for each file that was left, in the order of their names, and a TRACE_END. What does not fit is left out. */
void after_trial(struct trial_result *r);

#endif
