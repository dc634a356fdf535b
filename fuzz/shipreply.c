/* Replies of services that collect events: a byte that picks the service, one for the status, one for how many entries were sent. */
#include <stdlib.h>

#include "report/ship.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const long statuses[] = {200, 201, 204, 207, 301, 400, 401, 408, 413, 425, 429, 500, 503, 0, -1, 99999999};
	if (size < 3)
		return 0;
	char why[160];
	memset(why, 0xff, sizeof(why));
	why[0] = 0;
	size_t n = 1 + data[2];
	enum ship_verdict v =
	        ship_judge(data[0] % SHIP_SINKS, statuses[data[1] % ARRAY_LEN(statuses)], slice_of(data + 3, size - 3), n, why);
	if (v > SHIP_REFUSED || (v == SHIP_SMALLER && n < 2) || !memchr(why, 0, sizeof(why)))
		abort();
	/* Whatever is not taken has a reason; what is taken was a good answer. */
	if ((v != SHIP_TAKEN) != (why[0] != 0) || (v == SHIP_TAKEN && data[1] % ARRAY_LEN(statuses) > 3))
		abort();
	return 0;
}
