#define MATCHER_ITSELF
#include "sys/matcher.h"

#include <stdbool.h>

#define SYMBOL(function) {#function, offsetof(struct lib_matcher, function)},

struct lib_matcher lib_matcher;

int matcher_load(struct err *err)
{
	static const struct lib_symbol symbols[] = {MATCHER(SYMBOL){NULL, 0}};
	static bool ready;
	int r = ready ? 0 : lib_load("libhs.so.5", "libvectorscan5", symbols, &lib_matcher, err);
	ready = r == 0;
	return r;
}
