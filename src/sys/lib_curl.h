/* lib_curl: libcurl, loaded when something is to be fetched or posted: with what it needs itself it is half of what the program would
 * otherwise load at every start. Whoever includes this calls its functions by their names, after lib_curl_load(). */
#ifndef POSTERN_SYS_LIB_CURL_H
#define POSTERN_SYS_LIB_CURL_H

#define CURL_DISABLE_TYPECHECK
#include <curl/curl.h>

#include "sys/lib.h"

#undef curl_easy_setopt
#undef curl_easy_getinfo
#define LIB_CURL(X)            \
	X(curl_easy_cleanup)   \
	X(curl_easy_getinfo)   \
	X(curl_easy_init)      \
	X(curl_easy_perform)   \
	X(curl_easy_setopt)    \
	X(curl_easy_strerror)  \
	X(curl_global_init)    \
	X(curl_slist_append)   \
	X(curl_slist_free_all) \
	X(curl_url)            \
	X(curl_url_cleanup)    \
	X(curl_url_set)        \
	X(curl_version_info)

struct lib_curl {
	LIB_CURL(LIB_MEMBER_)
};
extern struct lib_curl lib_curl;

/* Loads and initialises it, once. 0, -ENOENT, -ENOSYS, -ENOMEM. */
[[nodiscard]] int lib_curl_load(struct err *err);

#ifndef LIB_CURL_ITSELF
#define curl_easy_cleanup   lib_curl.curl_easy_cleanup
#define curl_easy_getinfo   lib_curl.curl_easy_getinfo
#define curl_easy_init      lib_curl.curl_easy_init
#define curl_easy_perform   lib_curl.curl_easy_perform
#define curl_easy_setopt    lib_curl.curl_easy_setopt
#define curl_easy_strerror  lib_curl.curl_easy_strerror
#define curl_global_init    lib_curl.curl_global_init
#define curl_slist_append   lib_curl.curl_slist_append
#define curl_slist_free_all lib_curl.curl_slist_free_all
#define curl_url            lib_curl.curl_url
#define curl_url_cleanup    lib_curl.curl_url_cleanup
#define curl_url_set        lib_curl.curl_url_set
#define curl_version_info   lib_curl.curl_version_info
#endif

#endif
