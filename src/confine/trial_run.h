/* trial_run: what happens inside the processes of a trial. trial.c forks the runner; the runner builds the world's network namespace and
 * the file tree, starts the world and the first process of the tool's namespaces, and waits for both. */
#ifndef POSTERN_CONFINE_TRIAL_RUN_H
#define POSTERN_CONFINE_TRIAL_RUN_H

#include "confine/trial.h"

/* Sent once over the status pipe by whoever knows first: the runner (failed) or the tool's first process (ended). Fixed size, below
 * PIPE_BUF, so that it arrives whole. */
struct trial_status {
	int32_t end; /* enum trial_end */
	int32_t code;
	uint32_t left_running;
	uint32_t draws;
	bool calls, clock, fixed, calendar; /* struct trial_result */
	bool files_cut;
	double wall_s, tool_cpu_s, own_cpu_s;
	int64_t started_unix;
	struct err err;
};

/* Sent by the runner at its very end. */
struct trial_usage {
	double own_cpu_s;
	uint64_t own_rss_kb;
};

struct trial_fds {
	int control; /* the world's socket */
	int out, errout;
	int status; /* write end: struct trial_status, then struct trial_usage */
	int stop;   /* read end: one byte means that the world answers and the tool may start; end of file means stop */
	int exe;    /* this program, for the world's role */
	int input;  /* the tool's stdin */
	int seen;   /* messages of confine/seen.h */
	int files;  /* a memory file, for written_collect() */
};

/* Runs in the forked child, never returns. */
_Noreturn void trial_run(const struct trial_spec *spec, const struct trial_fds *fds);

#endif
