/* session: one contained run of a tool: the policy, the confinement, the gate's process, the supervisor and the ledger, put together. */
#ifndef POSTERN_GATE_SESSION_H
#define POSTERN_GATE_SESSION_H

#include "confine/sandbox.h"
#include "gate/supervisor.h"
#include "gate/tunnel.h"

struct session_spec {
	const struct policy *policy;
	char *const *argv;                /* NULL-terminated */
	const char *cwd, *home, *project; /* absolute; the project may be NULL */
	const char *user;
	const char *upper, *work;         /* if set: the tool gets a copy of the project, and what it writes goes there (SANDBOX_COPY) */
	const struct sandbox_path *paths; /* beside what the policy names */
	size_t n_paths;
	const char *const *keep_env;  /* names of variables that go in beside the ordinary ones, NULL-terminated; or NULL */
	const char *const *redirects; /* connector_redirect(), NULL-terminated; or NULL */
	const char *const *upstreams; /* "HOST[/PATH]=URL" each: that host is reached there; NULL-terminated; or NULL */
	const char *trust;            /* a file of certificates that servers may be checked with beside the system's; or NULL */
	const struct tunnel *tunnel;  /* the proxy by which connections go; NULL: none */
	const char *ledger;           /* folder; NULL: nothing is put on record */
	bool ledger_optional;         /* if it cannot be opened, the run goes on without, and says so */
	int std[3];                   /* descriptors 0 to 2; a terminal among them is replaced by one of the tool's own */
	bool questions;               /* ask at the terminal, if there is one, where the policy says so; otherwise that is a no */
	int signals;                  /* a signalfd, non-blocking: what comes goes to the tool; -1: none */
	bool best_effort;
	bool no_network;

	/* Files of the policy, NULL-terminated: when they change, reload() makes another one (which is freed at the end); negative errno
	 * with a sentence: the old one holds on. files NULL: none is watched. */
	const char *const *files;
	int (*reload)(void *arg, struct policy **out, struct err *err);

	void (*decided)(void *arg, const struct supervisor_event *e);
	void (*note)(void *arg, const char *text);               /* a fact for the person, one line, safe to print */
	void (*level)(void *arg, const struct sandbox_level *l); /* the confinement that was achieved, before the tool starts */
	/* Or NULL. library: what a program loads, and not one of the system's. */
	void (*executed)(void *arg, const char *path, bool library, bool allowed);
	bool libraries; /* executed() is told of libraries even if the policy permits all */
	void *arg;
};

#define SESSION_BROKEN 125

struct session_result {
	enum sandbox_end end;
	int code; /* for a shell; SESSION_BROKEN if we ended it for another reason than a limit of the policy */
	double wall_s, cpu_s;
	struct supervisor_counts counts;
	struct sandbox_level level;
	char why[300]; /* if the run was ended by us: why */
};

/* Runs it to its end. 0: *result says how it went. Negative errno with err: it was not started, or the ledger could not be written (then
 * the run was ended, and what was acknowledged is there). */
[[nodiscard]] int session_run(const struct session_spec *spec, struct session_result *result, struct err *err);

#endif
