#define LIB_CURL_ITSELF
#include "sys/lib_curl.h"

#include <errno.h>
#include <stdbool.h>

#define SYMBOL(function) {#function, offsetof(struct lib_curl, function)},

struct lib_curl lib_curl;

int lib_curl_load(struct err *err)
{
	static const struct lib_symbol symbols[] = {LIB_CURL(SYMBOL){NULL, 0}};
	static bool ready;
	if (ready)
		return 0;
	int r = lib_load("libcurl.so.4", "libcurl4", symbols, &lib_curl, err);
	if (r == 0 && lib_curl.curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		r = err_set(err, -ENOMEM, "libcurl does not start");
	ready = r == 0;
	return r;
}
