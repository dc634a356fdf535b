/* guard_part: what the files of the daemon share. All of it belongs to the thread of the loop, but for what errands hold. */
#ifndef POSTERN_GUARD_GUARD_PART_H
#define POSTERN_GUARD_GUARD_PART_H

#include <sys/stat.h>

#include "guard/errand.h"
#include "guard/evidence.h"
#include "guard/fan.h"
#include "guard/guard.h"
#include "guard/judge.h"
#include "guard/known.h"
#include "guard/mounts.h"
#include "guard/rescue.h"
#include "guard/rules.h"
#include "guard/sift.h"
#include "guard/who.h"

/* Questions that the kernel asks: about file systems that are local, and about all others. */
enum { GUARD_FAN_LOCAL, GUARD_FAN_UNKNOWN, GUARD_FANS };

/* What outlives a daemon, in memory that its guardian holds. */
struct guard_shared {
	uint64_t answered, recorded; /* verdicts about tools that were told to the kernel; of those, which are in the ledger */
	uint64_t restarts;
	uint64_t boot; /* number of this enforcement: in entries, beside a count, it names them for good */
	uint64_t entries;
	uint32_t ready; /* it was, once */
};

enum ask_why {
	ASK_EXEC,   /* it is executed */
	ASK_CODE,   /* opened by a program that runs code from files */
	ASK_LOADED, /* opened by a loader that was started by name */
	ASK_READ,   /* a program's file, opened by any other */
	ASK_LATE,   /* it runs already */
	ASK_IDLE,   /* nobody waits: so that the kernel need not ask again */
};

/* Something that is to be decided. */
struct ask {
	struct ask *next, *previous; /* of all, oldest first */
	struct ask *chain;           /* of those that are looked up and have this hash */
	struct ask *waiting;         /* others that wait for the same file, or for what is found out about the same program */
	struct ask *next_asking;     /* of those that find that out */
	struct guard *g;
	unsigned fan;
	enum ask_why why;
	int fd, root, program; /* of the file, of the root folder that its path is seen from, of the asking program's file; or -1 */
	pid_t pid;
	uint64_t started; /* LATE: of that process */
	int64_t since;    /* ms */
	bool answered, roots, keyed, stable, leading, later;
	unsigned outstanding; /* answers about it */
	int error;            /* of one of them */
	uint64_t root_ino;    /* names the root folder */
	unsigned tries;
	bool unruled; /* it waits for a policy to be read */
	struct known_key key;
	struct who_program opener;
	struct known_file file; /* what was found; its tool is held */
	struct sift_job job, place_job;
	char *path; /* NULL: not looked up yet */
	struct verdict *verdict;
};

/* Runs of programs whose kind is known. */
#define PROGRAMS 4096u
struct program {
	struct who_program file;
	enum known_runtime runtime;
};

#define FOLDERS 512u
struct folder {
	uint64_t root;
	int64_t until;
	char path[240];
};

#define ASK_HASH 256u
#define PERMITS  512u

struct permit { /* a process that may go on with a tool */
	pid_t pid;
	uint64_t started;
	char tool[64], version[64];
};

/* What was let pass and a person can write to: it is looked at once more when it is being run, since between the answer and that somebody
 * may have written. */
#define AFTERS 8192u
struct after {
	int fd;
	pid_t pid;
	bool exec;
	int64_t at; /* ms since the machine's start */
	struct known_key key;
};

#define REPEATS 256u
struct repeat { /* the same verdict, again and again */
	uint64_t hash;
	int64_t since;
	unsigned n, left_out;
	char what[256];
};

struct guard {
	struct guard_config config;
	struct loop *loop;
	int fan[GUARD_FANS];
	struct source *fan_source;
	pid_t self, partner;
	struct rescue *rescue;
	struct sift *sift;
	struct known *known;
	struct errands *errands;
	struct judge *judge;
	struct evidence *evidence; /* NULL: nothing is put on record */
	struct rules *rules;
	struct mounts *mounts;
	struct late *late;
	struct guard_shared *shared;
	struct ask *first, *last, *hash[ASK_HASH];
	struct ask *asking; /* about the program that opens it */
	size_t n_asks, n_idle;
	struct program program[PROGRAMS];
	struct permit permit[PERMITS];
	struct folder folder[FOLDERS];
	struct repeat repeat[REPEATS];
	size_t next_permit;
	struct after after[AFTERS];
	size_t first_after, n_afters;
	char host[256];
	bool ending;
};

/* ask.c */
/* What the kernel asks. */
void ask_event(struct guard *g, unsigned fan, const struct fan_event *e);
/* A process that runs already, and the file that it runs, whose descriptor is taken over. served: of a file system that is no local one,
 * and not to be read. */
void ask_late(struct guard *g, pid_t pid, uint64_t started, int fd, bool served);
/* Answers what is older than the deadline; looks again at what was let pass. */
void ask_tick(struct guard *g);
/* Answers all that waits, as if it could not be decided. */
void ask_end(struct guard *g);
int64_t ask_now(void);
/* What the program of a process does with files; -1: not known yet. */
int ask_program(struct guard *g, const struct who_program *p);

/* verdict.c */
/* The ask is about a tool: decides, records, answers, tells. Calls ask_done() at its end. */
void verdict_begin(struct ask *a);
/* It could not be decided, for this reason. */
void verdict_failed(struct ask *a, const char *reason);
/* An entry of the ledger is on disk, or will be later. */
void verdict_recorded(void *guard, uint64_t ticket, int error);
/* A policy has been read: those go on that waited for one. */
void verdict_ruled(struct guard *g);
/* Puts something about the enforcement itself on record, and says it. activity: of the class, 3: it begins, 4: it ends, 8: another policy,
 * 99: something else. */
void verdict_note(struct guard *g, unsigned activity, const char *message);
/* Says how often verdicts came again that were left out. */
void verdict_tick(struct guard *g, bool all);

/* ask.c, for verdict.c */
void ask_answer(struct ask *a, bool allow);
void ask_done(struct ask *a);
/* The path of the file, as it may be shown; "" if it has none. */
const char *ask_path(struct ask *a);

/* late.c: executions that no question was asked about, told of afterwards. */
[[nodiscard]] int late_new(struct guard *g, struct late **out, struct err *err);
void late_free(struct late *l);
/* What the program of a process does with files, if that is known already and the process has executed no other since; else -1. And says
 * so. l may be NULL. */
int late_kind(struct late *l, pid_t pid);
void late_learn(struct late *l, pid_t pid, enum known_runtime runtime);

/* daemon.c. Returns when it was told to end. partner: the guardian, and a pidfd of it, which is taken over; -1: there is none. Whatever it
 * opens it opens by an errand: the kernel may ask about it, and what is asked here is answered here. */
struct guard_start {
	const struct guard_config *config;
	int fan[GUARD_FANS];
	int shared_fd, lock_fd; /* handed on to another guardian */
	struct guard_shared *shared;
	pid_t partner;
	int partner_fd;
};
[[nodiscard]] int guard_daemon(const struct guard_start *s, struct err *err);
/* guardian.c: starts another one for this daemon; its number, and a pidfd. */
[[nodiscard]] int guard_second(const struct guard_start *s, pid_t *pid, int *pidfd);

#endif
