/* host: the description of the synthetic machine that a tool sees in a trial: names, files, addresses, clock zone. Plain data;
 * confine builds it with namespaces and mounts, vet's factors change it. All strings are owned by the arena given to host_base(). */
#ifndef POSTERN_CONFINE_HOST_H
#define POSTERN_CONFINE_HOST_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"

/* One file, folder or link to make. Paths are absolute inside the world. The owner is the person (host_spec.uid). */
struct host_file {
	const char *path;
	struct slice data; /* contents */
	const char *link;  /* if set: a symbolic link to this target, data is ignored */
	mode_t mode;       /* permission bits, 0 means 0644 (folders 0755) */
	bool folder;
	bool untracked; /* below the project, but not in its repository */
	bool lent;      /* data is not copied: it outlives the host */
};

#define HOST_ENV_MAX   96
#define HOST_FILES_MAX 256

struct host_spec {
	struct arena *arena;
	/* names */
	const char *hostname;   /* short name, uname -n */
	const char *dns_search; /* search domain in resolv.conf, NULL for none */
	const char *machine_id; /* 32 hex digits */
	/* the person */
	const char *user, *full_name, *home, *shell;
	uid_t uid;
	gid_t gid;
	/* place and language */
	const char *timezone; /* IANA name: /etc/localtime, /etc/timezone and TZ */
	const char *locale;   /* LANG and LC_ALL, e.g. en_US.UTF-8 */
	/* the machine */
	const char *os_id, *os_name, *os_version; /* for /etc/os-release: "debian", "Debian GNU/Linux", "12" */
	const char *kernel_release;               /* uname -r as it should read; NULL: the real one */
	unsigned cpus;                            /* CPUs seen in affinity, /proc/cpuinfo and /sys; 0: the real number */
	const char *mac;                          /* of eth0, "02:…" */
	const char *ipv4;                         /* of eth0, dotted; the prefix is /24, gateway and DNS server are .1 */
	/* the calendar: so many seconds ahead of the real one */
	int64_t ahead_s;
	/* the project: a git repository with some commits */
	const char *project;    /* absolute path, the working folder of the tool */
	const char *git_remote; /* URL of origin; NULL: no remote */
	const char *git_user, *git_email;
	bool no_git;            /* the project is a plain folder */
	const char *git_config; /* appended to its configuration; NULL: nothing */
	/* what else is there: the environment in full (nothing is inherited), and files beyond the ones made from the above */
	const char *env[HOST_ENV_MAX]; /* "NAME=value"; set with host_env_set() */
	size_t n_env;
	struct host_file files[HOST_FILES_MAX];
	size_t n_files;
};

/* The standard machine: an ordinary developer's Debian in UTC. Returns 0 or -ENOMEM. *h is overwritten; strings are constants or
 * owned by `arena`, which must outlive *h. */
[[nodiscard]] int host_base(struct host_spec *h, struct arena *arena);
/* Sets or replaces one variable; value NULL removes it. -ENOMEM, -ENOSPC (HOST_ENV_MAX). Strings are copied into the arena. */
[[nodiscard]] int host_env_set(struct host_spec *h, const char *name, const char *value);
/* The value of a variable or NULL. */
const char *host_env_get(const struct host_spec *h, const char *name);
/* Adds a file, or replaces the one of the same path. Strings and data are copied into the arena. -EINVAL if the path is not absolute or has
 * "..". */
[[nodiscard]] int host_file_set(struct host_spec *h, const struct host_file *f);

/* Adds the ordinary files of the project (README.md, a Makefile, …) below host->project, without replacing any that is there: to be
 * called after the factors, which may have moved the project. 0, -ENOMEM, -ENOSPC. */
[[nodiscard]] int host_project_files(struct host_spec *h);

#endif
