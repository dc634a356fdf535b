/* observe_part: what the files of the trial's eyes share. Private to confine/observe*.c. */
#ifndef POSTERN_CONFINE_OBSERVE_PART_H
#define POSTERN_CONFINE_OBSERVE_PART_H

#include <sys/types.h>

#include "confine/observe.h"
#include "confine/seen.h"

/* One entry of a folder, as getdents64(2) gives it. */
struct observe_entry {
	uint64_t inode, offset;
	unsigned short size;
	unsigned char type;
	char name[];
};
/* Reads a folder without allocating: fn for each entry but . and .., until it returns false. */
void observe_folder(int fd, bool (*fn)(void *arg, const struct observe_entry *e), void *arg);
double observe_now(void);
/* A record on its way to the vetting side; fd: -1 or a program. Cuts what is too long. False: nobody listens any more. */
bool observe_send(int socket, struct seen_record *r, struct slice path, struct slice text, int fd);

/* observe_tree.c: everything of the tree's file system that changed since `start`, but below /proc, /sys and /dev. */
void observe_tree(int socket, const struct trial_observe *spec, struct timespec start);

/* observe_net.c */
void observe_net_begin(bool connect);
size_t observe_net_polls(struct pollfd *p, size_t max, int *timeout_ms);
void observe_net_polled(const struct pollfd *p, size_t n);
void observe_net_end(int socket);

#endif
