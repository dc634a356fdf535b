/* hdf5: texts in the attributes of HDF5 files, and what they take from other files (HDF5 File Format Specification 3.0): superblocks 0 to
 * 3, groups of both kinds, object headers 1 and 2. Numbers are passed over. What is not followed (dense storage in fractal heaps) is
 * told, so that nobody takes it for empty. Pure. */
#ifndef POSTERN_PARSE_HDF5_H
#define POSTERN_PARSE_HDF5_H

#include "base/buf.h"

enum hdf5_what {
	HDF5_TEXT,     /* an attribute `name` has `text`; of an array each element */
	HDF5_EXTERNAL, /* numbers, or a link, in another file: `text` is its name, if it can be read */
	HDF5_UNREAD,   /* `reason`: a part that is not followed */
};
struct hdf5_event {
	enum hdf5_what what;
	struct slice name, text; /* borrowed */
	size_t at;
	const char *reason; /* static */
};

struct hdf5_result {
	size_t objects, attributes;
	const char *reason; /* static: it cannot be read at all; NULL: what could not be read was told */
};

bool hdf5_is(struct slice in);
/* At most `objects` groups and datasets. `memory`: bytes, to know which were seen. fn may be NULL. */
void hdf5_read(struct slice in, size_t objects, size_t memory, void (*fn)(void *arg, const struct hdf5_event *e), void *arg,
        struct hdf5_result *out);

#endif
