/* matcher: vectorscan (or Hyperscan), loaded when something is searched or compiled, and not at every start of the program. Its functions
 * are called by their names, after matcher_load(). */
#ifndef POSTERN_SYS_MATCHER_H
#define POSTERN_SYS_MATCHER_H

#include <hs/hs.h>

#include "base/slice.h"
#include "sys/lib.h"

#define MATCHER(X)                 \
	X(hs_alloc_scratch)        \
	X(hs_clone_scratch)        \
	X(hs_compile_lit_multi)    \
	X(hs_deserialize_database) \
	X(hs_free_compile_error)   \
	X(hs_free_database)        \
	X(hs_free_scratch)         \
	X(hs_populate_platform)    \
	X(hs_scan)                 \
	X(hs_serialize_database)   \
	X(hs_version)

struct lib_matcher {
	MATCHER(LIB_MEMBER_)
};
extern struct lib_matcher lib_matcher;

/* Once. Must be done while there are files. 0, -ENOENT, -ENOSYS. */
[[nodiscard]] int matcher_load(struct err *err);
/* A database of literals, for blocks; each is told of by its place here, with its own HS_FLAG_…. 0, -EINVAL, -ENOMEM. */
[[nodiscard]] int matcher_literals(const struct slice *texts, const unsigned *flags, size_t n, hs_database_t **out, struct err *err);

#ifndef MATCHER_ITSELF
#define hs_alloc_scratch        lib_matcher.hs_alloc_scratch
#define hs_clone_scratch        lib_matcher.hs_clone_scratch
#define hs_compile_lit_multi    lib_matcher.hs_compile_lit_multi
#define hs_deserialize_database lib_matcher.hs_deserialize_database
#define hs_free_compile_error   lib_matcher.hs_free_compile_error
#define hs_free_database        lib_matcher.hs_free_database
#define hs_free_scratch         lib_matcher.hs_free_scratch
#define hs_populate_platform    lib_matcher.hs_populate_platform
#define hs_scan                 lib_matcher.hs_scan
#define hs_serialize_database   lib_matcher.hs_serialize_database
#define hs_version              lib_matcher.hs_version
#endif

#endif
