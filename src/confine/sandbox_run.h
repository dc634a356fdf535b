/* sandbox_run: what happens inside the processes of a sandbox. sandbox.c forks the runner, which makes the namespaces, the network and the
 * gate, covers secrets for as long as the command runs, and starts the first process of the command's PID namespace. */
#ifndef POSTERN_CONFINE_SANDBOX_RUN_H
#define POSTERN_CONFINE_SANDBOX_RUN_H

#include "confine/sandbox.h"

enum sandbox_note_kind {
	NOTE_READY,    /* level */
	NOTE_FAILED,   /* err */
	NOTE_LISTENER, /* with a descriptor: of exec control */
	NOTE_ENDED,    /* status, usage */
	NOTE_OVER,     /* nothing of the command is left; the runner waits for the gate, and gives its namespaces back */
	NOTE_APPEARED, /* path, what */
	NOTE_GATE,     /* the gate begins */
};

/* One message of a SOCK_SEQPACKET socket, from whichever of the processes knows. */
struct sandbox_note {
	uint32_t kind; /* enum sandbox_note_kind */
	int32_t status;
	uint32_t left_running;
	bool sweep; /* NOTE_READY: the runner has something to do after the end, and NOTE_OVER is to be waited for */
	double cpu_s;
	uint64_t max_rss_kb;
	struct sandbox_level level;
	struct err err;
	char what[16];
	char path[1024];
};

/* The other way, one to a message. */
struct sandbox_order {
	int32_t sig; /* 0: comes with a descriptor, of the files that are given later: a u64be of its size and the bytes, each */
};

struct sandbox_fds {
	int talk;    /* struct sandbox_note out, struct sandbox_order in; end of file: stop */
	int start;   /* one byte: the command may start; end of file: it may not */
	int life;    /* end of file when the supervisor has gone */
	int control; /* the gate's, or -1 */
	int exe;     /* this program */
};

/* Runs in the forked child, never returns. exec: executions are to be asked for. */
_Noreturn void sandbox_run(const struct sandbox_spec *spec, bool exec, const struct sandbox_fds *fds);

/* The words of struct sandbox_level. */
void sandbox_level_words(struct sandbox_level *l);

#endif
