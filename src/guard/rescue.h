/* rescue: a second thread that answers, for when the first does not come back: the kernel asks about what it opens on behalf of the daemon,
 * too, and whoever waits for such an opening cannot answer. Nothing that is known does that (see guard/mounts_overlay.c); this is for the
 * rest. It allows what this process itself opens, and hands everything else on to the loop. */
#ifndef POSTERN_GUARD_RESCUE_H
#define POSTERN_GUARD_RESCUE_H

#include "guard/fan.h"
#include "sys/loop.h"

struct rescue;
/* event(arg, which, e): from the loop, for each that was handed on. fan: n of them, at most 2. */
[[nodiscard]] int rescue_new(struct loop *loop, const int *fan, unsigned n,
        void (*event)(void *arg, unsigned which, const struct fan_event *e), void *arg, struct rescue **out);
/* The loop lives: to be called at least every 50 ms, and at each event. */
void rescue_beat(struct rescue *r);
/* How often it was needed. */
unsigned rescue_count(const struct rescue *r);

#endif
