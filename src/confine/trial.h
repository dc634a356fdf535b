/* trial: one run of a tool in a sealed world. Namespaces (user, mount, PID, network, UTS, IPC, cgroup), a synthetic host
 * (confine/host.h), no route but the world's, limits on time, processes, memory and disk. Asynchronous: many trials run on one loop.
 * Nothing is left behind, however the trial ends. */
#ifndef POSTERN_CONFINE_TRIAL_H
#define POSTERN_CONFINE_TRIAL_H

#include "base/buf.h"
#include "base/err.h"
#include "confine/host.h"
#include "confine/noise.h"

struct loop;

/* A folder of the real machine shown read-only inside. */
struct trial_mount {
	const char *source; /* absolute path outside */
	const char *target; /* absolute path inside */
};

struct trial_limits {
	unsigned seconds;      /* wall clock for the tool; 0: 30 */
	unsigned processes;    /* 0: 512 */
	uint64_t disk_bytes;   /* of everything writable together; 0: 512 MiB */
	uint64_t output_bytes; /* kept of stdout and of stderr each, from the end; 0: 64 KiB */
	uint64_t trace_bytes;  /* 0: 64 MiB */
};

/* What is looked at beside the traffic: confine/observe.h. Not with `nest`. */
struct trial_observe {
	bool on;
	bool connect;       /* each listening socket gets a plain HTTP request, so that it is known whether it asks who one is */
	unsigned linger_ms; /* after the tool's end: time for its other processes to end */
	/* What is looked for in files that the tool left: at most 64, which stay until the trial is done. */
	const struct slice *needles;
	size_t n_needles;
};

struct trial_spec {
	const struct host_spec *host;
	char *const *argv;       /* NULL-terminated; argv[0] is looked up in the host's PATH inside */
	struct slice stdin_data; /* then end of file; none: /dev/null */
	bool terminal;           /* give it a pseudo-terminal as stdin, stdout and stderr */
	/* The command confines what it runs by itself, as postern run does: it may make namespaces and mounts of its own, below those of
	 * the trial, and put its own answers in the place of those about the machine. Nothing else is different: who breaks out of it is in
	 * the trial. */
	bool nest;
	const struct trial_mount *mounts; /* artefact, runtimes */
	size_t n_mounts;
	struct slice world; /* configuration for the world process, from world_config_encode() */
	struct trial_limits limits;
	struct noise_spec noise; /* randomness and calendar; not with nest */
	struct trial_observe observe;
};

enum trial_end {
	TRIAL_EXITED,  /* code */
	TRIAL_SIGNAL,  /* code is the signal */
	TRIAL_TIMEOUT, /* killed at the limit */
	TRIAL_FAILED,  /* the world could not be built; err says why. Never the tool's fault */
	TRIAL_STOPPED, /* trial_stop() was called */
};

struct trial_result {
	enum trial_end end;
	int code;
	struct err err;
	struct buf out, errout; /* last output_bytes of each; with a terminal all is in out */
	struct buf trace;       /* records of wire/trace.h */
	struct buf seen;        /* records of confine/seen.h; empty unless it was asked for */
	struct buf files;       /* what the tool has left in its home and project, see confine/written.h */
	bool files_cut;         /* not all of it */
	double wall_s;          /* of the tool, from exec to exit */
	double tool_cpu_s;      /* of all processes of the tool */
	double own_cpu_s;       /* of the world and the trial's own helper processes */
	uint64_t own_rss_kb;    /* largest resident size of one of those */
	int64_t started_unix;   /* calendar at exec, seconds: the tool's */
	unsigned left_running;  /* processes that were still there when the tool had exited */
	bool calls;             /* system calls told of the synthetic host (confine/calls.h); otherwise of the real kernel and its CPUs */
	bool clock;             /* the synthetic host's time since its start; otherwise the real machine's */
	bool fixed;             /* all randomness that the tool drew with calls and devices was that of trial_spec.noise */
	bool calendar;          /* the calendar of every program was that of trial_spec.noise */
	unsigned draws;         /* of randomness, with calls and from devices, answered by us */
	char reached[320];      /* what confinement was really achieved, as words for a person */
};

struct trial;
/* Starts one. done() is called once from the loop with the result (owned by the callee: trial_result_free()), after which the
 * handle is gone. 0 or negative errno with err; then done() is not called. */
[[nodiscard]] int trial_start(struct loop *loop, const struct trial_spec *spec, void (*done)(void *arg, struct trial_result *r), void *arg,
        struct trial **out, struct err *err);
/* Kills it; done() follows from the loop with TRIAL_STOPPED. */
void trial_stop(struct trial *t);
void trial_result_free(struct trial_result *r);
/* Can this machine run trials? 0, or a negative errno and one clear sentence that names the setting to change. */
[[nodiscard]] int trial_probe(struct err *err);

#endif
