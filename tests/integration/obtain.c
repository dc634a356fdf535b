/* Obtains what its argument names, and prints what came of it, a field a line. */
#include <stdio.h>

#include "obtain/obtain.h"

int main(int argc, char **argv)
{
	_cleanup_arena_ struct arena arena = ARENA(64u << 20);
	struct artefact a;
	struct err err = {0};
	struct obtain_options o = {.cache = argc > 2 ? argv[2] : NULL};
	int r = argc > 1 ? obtain(argv[1], &o, &arena, &a, &err) : -1;
	if (r < 0) {
		printf("error %d %s\n", r, err.text);
		return 1;
	}
	printf("name %s\nversion %s\nsha256 %s\nintegrity %s\nfolder %s\nroot %s\nentry %s\nentry_native %d\ninstall_scripts %d\n", a.name,
	        a.version, a.sha256, a.integrity, a.folder, a.root, a.entry, a.entry_native, a.install_scripts);
	if (a.native_name)
		printf("native_name %s\nnative_version %s\nnative_sha256 %s\n", a.native_name, a.native_version, a.native_sha256);
	for (size_t i = 0; a.packages[i]; i++)
		printf("package %s\n", a.packages[i]);
	return 0;
}
