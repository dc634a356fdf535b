#include "sys/lib.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

int lib_load(const char *soname, const char *package, const struct lib_symbol *symbols, void *table, struct err *err)
{
	void *lib = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
	if (!lib)
		return err_set(err, -ENOENT, "this needs the library %s: apt-get install %s", soname, package);
	for (; symbols->name; symbols++) {
		void *function = dlsym(lib, symbols->name);
		if (!function)
			return err_set(err, -ENOSYS, "the library %s has no %s: another version of the package %s is wanted", soname,
			        symbols->name, package);
		/* POSIX wants a pointer from dlsym() to be good for a function; C has no cast for it. */
		memcpy((uint8_t *)table + symbols->offset, &function, sizeof(function));
	}
	return 0;
}
