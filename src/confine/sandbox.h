/* sandbox: a command on the real system, confined. Namespaces (user, mount, PID, network, UTS, IPC, cgroup), the whole system read-only,
 * the person's home empty but for what is named, secrets covered, Landlock, an allow-list of system calls, no capabilities, limits. Inside
 * the command is the same person with the same numbers, so that what it writes belongs to the person. Asynchronous: everything happens from
 * one loop. All processes end with the handle's owner, however that ends.
 *
 *   sandbox_start(…, network GATE)  → runner → postern --role=gate, with `control`
 *                                          └→ process 1 of the PID namespace → the command, once sandbox_go() was called
 *
 * What is weaker than it should be is an error, unless best_effort is set; then struct sandbox_level and its words say so. */
#ifndef POSTERN_CONFINE_SANDBOX_H
#define POSTERN_CONFINE_SANDBOX_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct loop;
struct host_spec;
struct sandbox;

/* A folder or file of the person's, shown inside under its own path. Everything outside the home that is not named is shown read-only;
 * everything in it that is not named is not there. A path below another one wins over that. */
enum sandbox_mode {
	SANDBOX_READ,
	SANDBOX_WRITE,
	SANDBOX_COPY, /* copy on write: changes go to `upper` (overlayfs, user.overlay.* attributes), the real folder stays as it is */
	SANDBOX_HIDE, /* an empty folder or file that nobody may open */
};

struct sandbox_path {
	const char *path; /* absolute; links in it are followed outside, before the start */
	enum sandbox_mode mode;
	const char *upper, *work; /* SANDBOX_COPY: side by side, the caller's, empty or of an earlier run; no , : \\ in their last names */
	bool optional;            /* no error if it is not there */
	bool with_secrets;        /* what confine/secrets.h knows is not covered in it */
	bool with_git;            /* git's hooks and configuration may be written in it */
};

/* A file that is made, shown read-only at a path: over a real one, or where the tree is private (home, /tmp, /run, /var/tmp, and /etc if
 * it is made). */
struct sandbox_file {
	const char *path;
	struct slice data;
	mode_t mode;      /* 0: 0444 */
	bool later;       /* data comes with sandbox_give() */
	size_t same_as;   /* not 0: it is the same file as the one of this number, counted from 1, which comes before; only path counts */
	const char *link; /* if set: a symbolic link to this target, data is ignored; only where the tree is private */
};

/* What lies at or below `from` on the real machine is shown at or below `to`. */
struct sandbox_move {
	const char *from; /* absolute, without links */
	const char *to;   /* absolute; the place must be in a private folder (/home, /tmp, …) */
};
#define SANDBOX_MOVES_MAX 4

/* Who the command is told it is. The files that it writes belong to the person all the same. */
struct sandbox_ids {
	bool set;
	uid_t uid;
	gid_t gid;
};

/* 0 means: no limit, unless something else is said. */
struct sandbox_limits {
	unsigned seconds;      /* wall clock */
	unsigned cpu_seconds;  /* processor time of all together, looked at once a second; and of each process, by the kernel */
	unsigned processes;    /* and threads; 0: 4096 */
	uint64_t memory_bytes; /* of all together, where there is a control group to write to; otherwise what each process may write to */
	unsigned files;        /* descriptors a process; 0: as the caller has */
	uint64_t disk_bytes;   /* of everything private together (home, /tmp, /run, …); 0: half of the memory */
	uint64_t file_bytes;   /* size of one file */
};

#define SANDBOX_IPV4 "10.0.2.15"

enum sandbox_network {
	SANDBOX_NET_NONE, /* loopback of its own only; without user namespaces: no sockets of any family */
	SANDBOX_NET_GATE, /* as in a trial: one interface, whose other end is the gate process's */
};

/* What is about to be run. Strings are valid during the callback. Bytes of the command's choosing: escape them when they are printed. */
enum sandbox_exec_flag {
	SANDBOX_EXEC_FIRST = 1,  /* the command itself */
	SANDBOX_EXEC_MEMFD = 2,  /* no file of any folder: memfd, deleted, or by descriptor only */
	SANDBOX_EXEC_LOADER = 4, /* the dynamic loader as a command: `path` is what it was asked to load, `via` the loader */
	SANDBOX_EXEC_SCRIPT = 8, /* begins with #!: `via` is the interpreter */
	SANDBOX_EXEC_CUT = 16,   /* not all arguments are here */
	/* No program but code that one maps from a file: a library that it loads. It has no arguments, and nobody named it. */
	SANDBOX_EXEC_LIBRARY = 32,
	SANDBOX_EXEC_SYSTEM = 64, /* of a library: it lies among the system's, where the command cannot write */
};
struct sandbox_exec {
	uint64_t id;
	pid_t pid, parent;  /* as the caller sees them */
	const char *path;   /* the file really opened, links resolved */
	const char *asked;  /* as the command named it */
	uint8_t sha256[32]; /* of its content */
	const char *via;    /* "" or the interpreter's path */
	uint8_t via_sha256[32];
	const char *const *argv; /* NULL-terminated, at most 64 arguments and 8 KiB together */
	unsigned flags;
};

struct sandbox_level {
	bool user_ns, mount_ns, pid_ns, net_ns, ipc_ns, uts_ns, cgroup_ns;
	bool secrets; /* covered in the project too */
	bool watched; /* those that appear later are covered when they do */
	bool no_caps, no_new_privs;
	int landlock;       /* ABI in force, 0: none */
	bool seccomp;       /* the allow-list */
	bool exec;          /* exec control, by content */
	bool process_limit; /* of this run's processes alone */
	bool cgroup;        /* limits by control group */
	unsigned covered;   /* secrets that were there */
	unsigned unwatched; /* folders in which one that appears later would not be seen */
	char words[768];    /* all of it for a person, what is weaker first */
};

enum sandbox_end {
	SANDBOX_EXITED,  /* code is that of a shell: 0–255, 128 + signal when a signal ended it */
	SANDBOX_TIMEOUT, /* killed at a limit of time; code 124 */
	SANDBOX_STOPPED, /* sandbox_stop() */
	SANDBOX_FAILED,  /* it was never started, or its gate or runner was lost; err says why */
};

struct sandbox_result {
	enum sandbox_end end;
	int code;   /* exit code as a shell would give it */
	int signal; /* that ended it, or 0 */
	bool cpu;   /* of a TIMEOUT: it was that of processor time */
	struct err err;
	double wall_s, cpu_s; /* of the command and all that it started */
	uint64_t max_rss_kb;  /* of its largest process */
	unsigned left_running;
	struct sandbox_level level;
};

/* Milliseconds after which the gate begins even though nothing was sent, so that a longer command finds it ready. */
#define SANDBOX_GATE_MS 200

/* All optional but done(). Called from the loop, never from within sandbox_start(). */
struct sandbox_calls {
	/* The tree stands and the command may start: level is known. Followed by sandbox_go() from the caller, at once or later; with
	 * exec() nothing of the command runs before that was answered for the first time, so that whatever must be on record before can
	 * still be under way then. NULL: it starts at once. */
	void (*ready)(void *arg, const struct sandbox_level *level);
	/* Something is about to be executed. Answer with sandbox_exec_answer(), at once or later; meanwhile that process waits. NULL: no
	 * exec control. */
	void (*exec)(void *arg, const struct sandbox_exec *e);
	/* A secret or a protected name appeared and was covered, or removed: `what` is a word: "covered", "removed", "repository" (a new
	 * one, left as it is), "written" (see sandbox_spec.tell), "swapped" (another program than the one that was allowed was about to
	 * run, and was killed). */
	void (*appeared)(void *arg, const char *path, const char *what);
	/* The gate begins, and reads from its control socket what it is to do: at the first frame that the command sends, or when it has
	 * run for a while (SANDBOX_GATE_MS). A command that ends before has none. NULL: nothing is told. */
	void (*gate)(void *arg);
	/* The command has ended, result is known. */
	void (*ended)(void *arg, const struct sandbox_result *r);
	/* Nothing of the command is left, and the handle is gone. The gate lives on until its control socket is shut down, 5 s at most, and
	 * ends when the caller does: read the socket to its end for what it still has to say. The gate should shut it down itself when it
	 * has said all: the kernel takes tens of milliseconds over its exit. */
	void (*done)(void *arg, const struct sandbox_result *r);
};

struct sandbox_spec {
	char *const *argv;    /* NULL-terminated; argv[0] is looked up in PATH of env, inside */
	char *const *env;     /* complete, NULL-terminated */
	const char *cwd;      /* absolute, visible inside */
	const char *home;     /* absolute */
	const char *hostname; /* NULL: the real one; else there is no NIS domain either */
	const struct sandbox_path *paths;
	size_t n_paths;
	/* The home and `paths` are given as they are outside and shown where these lead, the longest `from` first; cwd, env, argv and
	 * `files` speak of the inside. */
	const struct sandbox_move *moves;
	size_t n_moves;
	struct sandbox_ids ids;
	/* The machine that /proc, /sys, /usr/lib/os-release and (with exec control) system calls tell of; NULL: the real one. Of it only
	 * what confine/machine.h uses, and the operating system's name. */
	const struct host_spec *machine;
	bool own_etc; /* /etc is made: `files`, and of the real one what programs need to start and what names nobody */
	const struct sandbox_file *files;
	size_t n_files;
	int in, out, errout; /* duplicated for the command; stay the caller's */
	bool terminal;       /* `in` is the slave of a pseudo-terminal: it becomes the controlling terminal of a new session */
	enum sandbox_network network;
	int control;      /* SANDBOX_NET_GATE: descriptor 3 of the gate's role. Taken over (closed) by sandbox_start(), also on failure */
	const char *ipv4; /* of the command's interface, /24; gateway and name server are .1. NULL: SANDBOX_IPV4 */
	const char *mac;  /* NULL: a fixed one */
	const char *dns_search; /* for resolv.conf, or NULL */
	/* Files below `tell_of` (the path of one of `paths`, written to) that appeared() is to be told of as "written": those for whose
	 * path below it tell() is true. It is called in another process. NULL: none. */
	const char *tell_of;
	bool (*tell)(const char *path);
	struct sandbox_limits limits;
	bool libraries;   /* exec() is asked about code that is mapped from files, too */
	bool debuggers;   /* ptrace(2) among the command's own processes, otherwise refused */
	bool best_effort; /* go on without what this machine cannot do */
};

/* Starts it. `spec` and all it points to need only live until the return. 0 or negative errno with err: then nothing is called. What goes
 * wrong later (a path that is not there, a machine without user namespaces) comes as SANDBOX_FAILED to ended() and done(), never after the
 * command has begun. Without user namespaces best_effort means Landlock and system calls only, and SANDBOX_NET_GATE fails, as does all that
 * shows another identity (hostname, moves, ids, machine, own_etc). */
[[nodiscard]] int sandbox_start(struct loop *loop, const struct sandbox_spec *spec, const struct sandbox_calls *calls, void *arg,
        struct sandbox **out, struct err *err);
struct sandbox_data {
	struct slice first, rest; /* one after the other */
};
/* What the files that were to be given later hold, in their order: soon after the start, and once, for the tree waits for it. 0 or negative
 * errno with err. */
[[nodiscard]] int sandbox_give(struct sandbox *s, const struct sandbox_data *data, size_t n, struct err *err);
/* Lets the command begin: after ready(). The gate may still be on its way: what the command sends waits for it. */
void sandbox_go(struct sandbox *s);
/* To the foreground: SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1/2, SIGWINCH go to the foreground process group of its terminal (without one:
 * the command's group); SIGTSTP stops all of its processes and SIGCONT lets them go on. */
void sandbox_signal(struct sandbox *s, int sig);
/* Allow or refuse (EACCES) what exec() told of. An id that is gone is no error. */
void sandbox_exec_answer(struct sandbox *s, uint64_t id, bool allow);
/* Kills all; ended() and done() follow from the loop. */
void sandbox_stop(struct sandbox *s);

/* What this machine can do, tried and not guessed. 0 if nothing is missing that confinement needs; otherwise a negative errno and one
 * sentence that names the setting to change. *level is filled in both cases. */
[[nodiscard]] int sandbox_probe(struct sandbox_level *level, struct err *err);

#endif
