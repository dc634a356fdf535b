/* sift: files are recognised in processes of their own, which may do nothing but read what they are handed (SIFT_FILE), or also open files
 * for reading (SIFT_PLACE, for the metadata of the package that a file lies in); no network, no writing, no executing, no signals. One job
 * at a time each; one that a file makes end is begun again, and the file tried once more, then given up. */
#ifndef POSTERN_GUARD_SIFT_H
#define POSTERN_GUARD_SIFT_H

#include "guard/known.h"
#include "sys/loop.h"

enum sift_what { SIFT_FILE, SIFT_PLACE, SIFT_WHATS };

#define SIFT_PATH_MAX 4096u

struct sift_answer {
	int32_t error; /* negative errno: it could not be found out */
	uint32_t runtime;
	uint32_t is_tool, content, program, found, of;
	char tool[64], title[96], publisher[96], package[128], version[64], digest[65];
	char trouble[256]; /* of one that could not start */
};

struct sift_job {
	struct sift_job *next;
	enum sift_what what;
	int fd;            /* borrowed until done() */
	int root;          /* PLACE: the root folder that `path` is seen from; borrowed; -1 otherwise */
	const char *path;  /* PLACE: of the file; borrowed */
	uint64_t size;     /* of the file: large ones never take the last process */
	bool digest, idle; /* the SHA-256 of tools too; nobody waits for it */
	void (*done)(struct sift_job *j, const struct sift_answer *a); /* from the loop */
	unsigned tries;
	bool dropped; /* nobody wants to know any more: done() is called all the same */
};

struct sift_options {
	const char *prints; /* folder, or NULL: see identify_open() */
	unsigned files;     /* processes that do SIFT_FILE, 2 to SIFT_FILES_MAX */
	unsigned hang_ms;   /* a process that is at one job for longer is ended */
};
#define SIFT_FILES_MAX 8u
#define SIFT_PROCESSES (SIFT_FILES_MAX + 1u)

struct sift;
/* Starts the processes; they are ready later, and what is sent before waits. */
[[nodiscard]] int sift_new(struct loop *loop, const struct sift_options *o, struct sift **out, struct err *err);
void sift_free(struct sift *s);
void sift_send(struct sift *s, struct sift_job *j);
/* To be called now and then: ends those that hang, starts those that are missing. */
void sift_tick(struct sift *s);
/* How many are ready; and how many there are to be. */
unsigned sift_ready(const struct sift *s);
unsigned sift_count(const struct sift *s);
/* Ends the processes, and calls nobody: at the end of the program. */
void sift_end(struct sift *s);
/* A number of a process that is one of ours? */
bool sift_is_ours(const struct sift *s, pid_t pid);
/* Why one could not start; "" if none failed. */
const char *sift_trouble(const struct sift *s);

/* The other end: becomes such a process, on descriptor 3. Returns an exit code. */
int sift_role(void);

#endif
