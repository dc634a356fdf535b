/* lib_yara: libyara, loaded when there are rules of YARA to match, and not at every start. Its functions are called by their names, after
 * lib_yara_load(). */
#ifndef POSTERN_SYS_LIB_YARA_H
#define POSTERN_SYS_LIB_YARA_H

#include <yara.h>

#include "sys/lib.h"

#define LIB_YARA(X)                           \
	X(yr_compiler_add_string)             \
	X(yr_compiler_create)                 \
	X(yr_compiler_define_string_variable) \
	X(yr_compiler_destroy)                \
	X(yr_compiler_get_rules)              \
	X(yr_compiler_set_callback)           \
	X(yr_compiler_set_include_callback)   \
	X(yr_initialize)                      \
	X(yr_rules_destroy)                   \
	X(yr_scanner_create)                  \
	X(yr_scanner_define_string_variable)  \
	X(yr_scanner_destroy)                 \
	X(yr_scanner_last_error_rule)         \
	X(yr_scanner_scan_mem)                \
	X(yr_scanner_set_callback)            \
	X(yr_scanner_set_flags)               \
	X(yr_scanner_set_timeout)             \
	X(yr_set_configuration)

struct lib_yara {
	LIB_YARA(LIB_MEMBER_)
};
extern struct lib_yara lib_yara;

/* Loads and initialises it, once. Must be done while there are files. 0, -ENOENT, -ENOSYS, -ENOMEM. */
[[nodiscard]] int lib_yara_load(struct err *err);

#ifndef LIB_YARA_ITSELF
#define yr_compiler_add_string             lib_yara.yr_compiler_add_string
#define yr_compiler_create                 lib_yara.yr_compiler_create
#define yr_compiler_define_string_variable lib_yara.yr_compiler_define_string_variable
#define yr_compiler_destroy                lib_yara.yr_compiler_destroy
#define yr_compiler_get_rules              lib_yara.yr_compiler_get_rules
#define yr_compiler_set_callback           lib_yara.yr_compiler_set_callback
#define yr_compiler_set_include_callback   lib_yara.yr_compiler_set_include_callback
#define yr_rules_destroy                   lib_yara.yr_rules_destroy
#define yr_scanner_create                  lib_yara.yr_scanner_create
#define yr_scanner_define_string_variable  lib_yara.yr_scanner_define_string_variable
#define yr_scanner_destroy                 lib_yara.yr_scanner_destroy
#define yr_scanner_last_error_rule         lib_yara.yr_scanner_last_error_rule
#define yr_scanner_scan_mem                lib_yara.yr_scanner_scan_mem
#define yr_scanner_set_callback            lib_yara.yr_scanner_set_callback
#define yr_scanner_set_flags               lib_yara.yr_scanner_set_flags
#define yr_scanner_set_timeout             lib_yara.yr_scanner_set_timeout
#endif

#endif
