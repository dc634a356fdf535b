/* loop: one level-triggered epoll loop. Every source is a descriptor; timers and signals are descriptors too.
 * Callbacks may add and remove any source, their own included. */
#ifndef POSTERN_SYS_LOOP_H
#define POSTERN_SYS_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/err.h"

struct loop;
struct source;

typedef void (*source_fn)(void *arg, uint32_t events);

[[nodiscard]] int loop_new(struct loop **out);
void loop_free(struct loop *l);
/* Watches fd for EPOLLIN/EPOLLOUT/…; the descriptor stays the caller's. */
[[nodiscard]] int loop_add(struct loop *l, int fd, uint32_t events, source_fn fn, void *arg, struct source **out);
[[nodiscard]] int loop_change(struct source *s, uint32_t events);
/* One shot after `ms`; events passed to fn is 0. Frees itself after firing. */
[[nodiscard]] int loop_after(struct loop *l, uint64_t ms, source_fn fn, void *arg, struct source **out);
/* Watches a child through a pidfd that stays the caller's: same as loop_add(EPOLLIN). Removes the source; NULL is allowed. */
void loop_remove(struct source *s);
/* fn(arg, 0) after each batch of events, before the loop waits again: for work that must not be done under the feet of a callback. One at
 * most; NULL: none. */
void loop_after_batch(struct loop *l, source_fn fn, void *arg);
/* Runs until loop_stop(). 0 or negative errno. */
[[nodiscard]] int loop_run(struct loop *l);
void loop_stop(struct loop *l);

#endif
