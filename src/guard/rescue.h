/* rescue: two threads beside the one that answers, for what must not stop it.
 *
 * One looks whether it comes back: the kernel asks about what it opens on behalf of the daemon, too, and whoever waits for such an opening
 * cannot answer. Nothing that is known does that (see guard/mounts_overlay.c); this is for the rest.
 *
 * The other reads the questions about file systems that somebody else serves, and closes their files: the kernel opens a file to hand it
 * over, and says so when it is closed, and a server may never answer to either. Then only who asks about such file systems waits.
 *
 * They allow what this process itself opens, and hand everything else on to the loop. */
#ifndef POSTERN_GUARD_RESCUE_H
#define POSTERN_GUARD_RESCUE_H

#include "guard/fan.h"
#include "sys/loop.h"

struct rescue;
/* event(arg, which, e): from the loop, for each that was handed on; which: 0, of `local`, or 1, of `served`, which nobody else reads. */
[[nodiscard]] int rescue_new(struct loop *loop, int local, int served, void (*event)(void *arg, unsigned which, const struct fan_event *e),
        void *arg, struct rescue **out);
/* Closes, soon, a file that may lie where somebody else serves it. */
void rescue_close(struct rescue *r, int fd);
/* The loop lives: to be called at least every 50 ms, and at each event. */
void rescue_beat(struct rescue *r);
/* How often it was needed. */
unsigned rescue_count(const struct rescue *r);

#endif
