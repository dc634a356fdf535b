/* entry: which file of an unpacked set is the program. */
#ifndef POSTERN_OBTAIN_ENTRY_H
#define POSTERN_OBTAIN_ENTRY_H

#include "obtain/obtain.h"
#include "obtain/resolve.h"

/* Reads the package.json files below `root` (a folder's descriptor). Sets entry, entry_native, native_name, native_version,
 * install_scripts of *out; *native is the package of native_name, or NULL. Programs named by "bin" get mode 0755, as npm gives them.
 * -ENOENT: the main package has no program; -EBADMSG: its package.json is malformed. */
[[nodiscard]] int entry_choose(int root, const struct set *s, struct artefact *out, const struct package **native, struct err *err);

#endif
