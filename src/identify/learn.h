/* learn: prints from a few versions of a tool. What is taken are pieces of texts (of prompts, messages, names of variables, flags and
 * events), because these survive whatever a build does to code; such as stand in every version, or in two of three, and nowhere in what
 * they are learned against. docs/benchmarks.md says how well that holds. For people who make prints, not for the day's work: it
 * reads whole files into memory, and takes seconds to minutes. */
#ifndef POSTERN_IDENTIFY_LEARN_H
#define POSTERN_IDENTIFY_LEARN_H

#include "identify/prints.h"

#define LEARN_VERSIONS_MAX 8
#define LEARN_FILE_MAX     ((uint64_t)1 << 30)

/* One artefact: a folder with a package in it, or a file. Several may be of one version. */
struct learn_source {
	int fd;
	const char *version;
	const char *integrity; /* as it will stand in the prints, but for a loader */
	/* A part of another one that is met alone, a loader of what is packed away: enough constants are taken from it for it to be the
	 * tool. */
	bool loader;
};

struct learn_options {
	const char *tool, *title, *publisher;
	const char *const *packages; /* NULL-terminated */
	/* Words that the tool's own texts use: its name, its maker's, … in lower case, NULL-terminated. Pieces near which they stand are
	 * taken first, as a program is mostly other people's libraries. NULL: the words of its packages' names. */
	const char *const *words;
	const int *against; /* folders (descriptors) in which nothing of it may stand */
	size_t n_against;
	size_t want; /* constants; 0: 160 */
	void (*progress)(void *arg, const char *what);
	void *arg;
};

/* -EINVAL: too little is common to the versions, or there are too many; -ENOMEM; of reading. */
[[nodiscard]] int learn(const struct learn_source *sources, size_t n, const struct learn_options *o, struct arena *arena,
        struct prints *out, struct err *err);

#endif
