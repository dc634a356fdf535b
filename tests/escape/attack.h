/* attack: a program that tries to get out of where it runs. Each case is an attack, which must be held, and a benign twin, which must work.
 * Whatever would succeed is bounded and harmless. tests/integration/gate_escape.sh makes the surroundings and runs it, once without a
 * sandbox (so that it is known which attacks this machine allows at all) and then inside. */
#ifndef ATTACK_H
#define ATTACK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum verdict {
	HELD,
	ESCAPED,
	LOOK,      /* done as far as one can see from inside: attack_look() has said where to look outside */
	NOT_TRIED, /* with a reason */
	WORKS,
	BROKEN,
};

struct attack_case {
	const char *id, *feature, *what;
	enum verdict (*attack)(const void *arg);
	const void *arg;
	enum verdict (*benign)(void);
};
struct attack_family {
	const char *name;
	const struct attack_case *cases;
	size_t n;
};
extern const struct attack_family exec_family, files_family, secrets_family, deferred_family, processes_family, ipc_family;
/* Made from tables. */
const struct attack_family *kernel_family(void);
const struct attack_family *sockets_family(void);

extern bool attack_bare; /* no sandbox around us: change nothing of the machine */

/* A note to the verdict. Returns v. */
enum verdict attack_note(enum verdict v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* LOOK: it is an escape if the file `path` outside holds `mark`. */
enum verdict attack_look(const char *path, const char *mark);
/* HELD if r < 0 (with errno), else ESCAPED. */
enum verdict attack_result(long r);
/* Value of a variable that the runner sets; "" if it did not. */
const char *attack_env(const char *name);
/* Text of at most 4095 bytes with names of variables replaced: "${PROJECT}/x". In a static buffer of which there are eight, in turns. */
const char *attack_path(const char *text);
/* Reads a file; false if that is not possible. */
bool attack_read(const char *path, char *to, size_t n);
bool attack_write(const char *path, int flags, const char *text);
/* Runs a program (PATH is searched), its exit code as a shell has it, its output in `out` if it is not NULL. */
int attack_run(char *const *argv, char *out, size_t n);

/* Benign twins that several share. */
#define BENIGN(name) enum verdict benign_##name(void)
BENIGN(epoll);
BENIGN(socketpair);
BENIGN(child);
BENIGN(mmap);
BENIGN(file);
BENIGN(thread);
BENIGN(random);
BENIGN(time);
BENIGN(signal);
BENIGN(shm);
BENIGN(sysv);
BENIGN(memfd);
BENIGN(pipe);
BENIGN(tcp);
BENIGN(udp);
BENIGN(exec);
BENIGN(list);
BENIGN(tmp);
BENIGN(inotify);
BENIGN(timers);
BENIGN(unix_path);
BENIGN(unix_abstract);
BENIGN(limits);
BENIGN(names);
BENIGN(affinity);
BENIGN(pty);
BENIGN(lock);
BENIGN(rename);
BENIGN(symlink);
BENIGN(hardlink);
BENIGN(fifo);
BENIGN(mode);
BENIGN(copy);
BENIGN(own_proc);
BENIGN(devices);
BENIGN(system);
BENIGN(named);
BENIGN(home);
BENIGN(script);
BENIGN(many);
BENIGN(permitted);

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif
