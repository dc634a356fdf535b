/* sift_part: what the two ends of guard/sift.h say to each other, over a socket of whole messages. */
#ifndef POSTERN_GUARD_SIFT_PART_H
#define POSTERN_GUARD_SIFT_PART_H

#include "guard/sift.h"

struct sift_begin { /* the first message to it; it answers with a sift_answer, whose `trouble` is a sentence if there is an error */
	uint32_t what;
	char prints[SIFT_PATH_MAX]; /* "": none */
};

struct sift_ask {
	uint32_t digest, n;       /* bytes of path */
	char path[SIFT_PATH_MAX]; /* PLACE */
};

/* One message with up to two descriptors. */
[[nodiscard]] int sift_pass(int socket, const void *data, size_t n, const int *fd, size_t n_fd, int flags);
/* Bytes, 0 at the end, or a negative errno; descriptors that did not come are -1. */
[[nodiscard]] ssize_t sift_take(int socket, void *data, size_t n, int fd[2], int flags);
/* Of the process that serves: no way back. */
[[nodiscard]] int sift_seal(enum sift_what what, struct err *err);

#endif
