/* after: what a trial says when it has ended, as further records of its trace: so it is kept, compared and analysed as what was sent is. */
#ifndef POSTERN_VET_AFTER_H
#define POSTERN_VET_AFTER_H

#include "confine/trial.h"

/* Appends a TRACE_END. What does not fit is left out whole. */
void after_trial(struct trial_result *r);

#endif
