/* arena: many small allocations that are freed together, with a mandatory maximum. Memory is zeroed and aligned for any type. */
#ifndef POSTERN_BASE_ARENA_H
#define POSTERN_BASE_ARENA_H

#include "base/cleanup.h"
#include "base/slice.h"

struct arena_chunk;
struct arena {
	struct arena_chunk *head;
	size_t used; /* bytes handed out */
	size_t max;  /* bytes; past it allocations give NULL */
};

#define ARENA(maximum) ((struct arena){.max = (maximum)})

/* NULL if the maximum would be passed or memory is out. */
void *arena_alloc(struct arena *a, size_t n);
/* count * size, checked for overflow. */
void *arena_array(struct arena *a, size_t count, size_t size);
/* The same, not zeroed: of what is made for the worst case and used in part, the rest costs neither time nor memory. Write before you read.
 */
void *arena_array_raw(struct arena *a, size_t count, size_t size);
/* A copy, followed by a NUL that the slice does not count; p is NULL on failure. */
struct slice arena_copy(struct arena *a, struct slice s);
/* NUL-terminated copy; NULL on failure. */
char *arena_str(struct arena *a, struct slice s);
char *arena_fmt(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *a);

#define _cleanup_arena_ _cleanup_(arena_free)

#endif
