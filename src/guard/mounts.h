/* mounts: which file systems are asked about. All that are mounted are marked at the start, and what is mounted later as it appears, in
 * whatever mount namespace: told by the kernel of our own namespace (FAN_REPORT_MNT, else /proc/self/mountinfo), and by looking for others.
 * A file system is marked as such, so that no bind mount, namespace or container shows another way in. */
#ifndef POSTERN_GUARD_MOUNTS_H
#define POSTERN_GUARD_MOUNTS_H

#include "base/err.h"
#include "sys/loop.h"

struct errands;
struct mounts;
struct mounts_options {
	int local, unknown;            /* the questions: of local file systems, of others */
	const char *const *filesystem; /* only these and what is below; none: all */
	size_t n_filesystems;
	bool skip_unknown;                           /* those are not asked about */
	void (*marked)(void *arg, const char *line); /* from the loop: one is asked about from now on, or cannot be */
	void *arg;
};

/* Marks what is there; it opens nothing but folders as O_PATH. 0; -ENODEV: nothing could be marked; with a sentence. */
[[nodiscard]] int mounts_new(
        struct loop *loop, struct errands *errands, const struct mounts_options *o, struct mounts **out, struct err *err);
void mounts_free(struct mounts *m);
/* Looks again, by an errand: at our own mount namespace, and at those of other processes. */
void mounts_look(struct mounts *m);
/* Something was mounted: a number of a device may be another's from now on. Looks again. */
void mounts_changed(struct mounts *m);
/* Is this device, for sure, one of those that are asked about? For any thread. */
bool mounts_has(struct mounts *m, uint64_t dev);
/* Is it, among what this process sees, a file system that is no local one? False also where it is not found. For any thread. */
bool mounts_served(pid_t pid, uint64_t dev);
/* Does this process see what is enforced on? For any thread. */
bool mounts_concern(struct mounts *m, pid_t pid);
/* Of an overlay, are its layers asked about when a file in it is opened? Tried, once, with one of its own, in a process of its own. */
bool mounts_overlay_layers(void);
/* How new mounts are noticed: a constant. */
const char *mounts_how(const struct mounts *m);

#endif
