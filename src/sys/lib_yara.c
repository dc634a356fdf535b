#define LIB_YARA_ITSELF
#include "sys/lib_yara.h"

#include <errno.h>
#include <stdbool.h>

#define SYMBOL(function) {#function, offsetof(struct lib_yara, function)},
#define MATCH_DATA       ((uint32_t)64) /* bytes of a match that are kept, to be shown: there may be a million matches */

struct lib_yara lib_yara;

int lib_yara_load(struct err *err)
{
	static const struct lib_symbol symbols[] = {LIB_YARA(SYMBOL){NULL, 0}};
	static bool ready;
	uint32_t data = MATCH_DATA;
	if (ready)
		return 0;
	int r = lib_load("libyara.so.9", "libyara9", symbols, &lib_yara, err);
	if (r == 0 && (lib_yara.yr_initialize() != ERROR_SUCCESS ||
	                      lib_yara.yr_set_configuration(YR_CONFIG_MAX_MATCH_DATA, &data) != ERROR_SUCCESS))
		r = err_set(err, -ENOMEM, "libyara does not start");
	ready = r == 0;
	return r;
}
