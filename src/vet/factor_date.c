/* The factor date: how far the calendar of the trial is ahead, in days. */
#include "vet/factor_part.h"

#include <errno.h>

#define DAY_S    86400
#define DAYS_MAX 36500

int date_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	uint64_t days;
	if (!slice_u64(slice_str(value), DAYS_MAX, &days))
		return -EINVAL;
	h->ahead_s = (int64_t)days * DAY_S;
	return 0;
}
