/* lib: shared libraries that only few commands need, loaded when they are used. */
#ifndef POSTERN_SYS_LIB_H
#define POSTERN_SYS_LIB_H

#include <stddef.h>

#include "base/err.h"

struct lib_symbol {
	const char *name; /* NULL: the end */
	size_t offset;    /* of a pointer to a function, in the table that is filled */
};

/* Loads a library by its soname, and fills a struct with pointers to its functions. It stays loaded. -ENOENT: there is no such library;
 * -ENOSYS: it lacks a function, and the table is filled in part; each with a sentence that names Debian's package. */
[[nodiscard]] int lib_load(const char *soname, const char *package, const struct lib_symbol *symbols, void *table, struct err *err);

/* A table of functions and its symbols, from a list of names: LIB_TABLE(api, LIST) with #define LIST(X) X(PQexec) X(PQclear). The types
 * are those of the library's header. */
#define LIB_MEMBER_(function) __typeof__(&(function)) function;
#define LIB_SYMBOL_(function) {#function, offsetof(struct lib_table_, function)},
#define LIB_TABLE(name, LIST)      \
	static struct lib_table_ { \
		LIST(LIB_MEMBER_)  \
	} name;                    \
	static const struct lib_symbol name##_symbols[] = {LIST(LIB_SYMBOL_){NULL, 0}}

#endif
