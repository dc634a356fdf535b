#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>

#include "confine/landlock.h"
#include "confine/probe.h"
#include "confine/sandbox_run.h"
#include "confine/trial.h"

/* Settings that forbid unprivileged user namespaces, and the value that allows them. */
static const struct {
	const char *path, *name;
	long good;
	bool at_least;
} settings[] = {
        {"/proc/sys/kernel/unprivileged_userns_clone", "kernel.unprivileged_userns_clone", 1, true},
        {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "kernel.apparmor_restrict_unprivileged_userns", 0, false},
        {"/proc/sys/user/max_user_namespaces", "user.max_user_namespaces", 1, true},
        {"/proc/sys/user/max_mnt_namespaces", "user.max_mnt_namespaces", 1, true},
        {"/proc/sys/user/max_pid_namespaces", "user.max_pid_namespaces", 1, true},
        {"/proc/sys/user/max_net_namespaces", "user.max_net_namespaces", 1, true},
        {"/proc/sys/user/max_uts_namespaces", "user.max_uts_namespaces", 1, true},
        {"/proc/sys/user/max_ipc_namespaces", "user.max_ipc_namespaces", 1, true},
        {"/proc/sys/user/max_cgroup_namespaces", "user.max_cgroup_namespaces", 1, true},
};

static int try_namespaces(void)
{
	int status;
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP) < 0
		                ? errno
		                : 0);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ECHILD;
}

/* Whether the root was changed with chroot, to a folder that is no mount: then no mount has its point at "/". */
static bool root_is_changed(void)
{
	_cleanup_free_ char *line = NULL;
	size_t n = 0;
	bool mounted = false;
	FILE *f = fopen("/proc/self/mountinfo", "re");
	if (!f)
		return false;
	while (!mounted && getline(&line, &n, f) >= 0) {
		char at[3];
		mounted = sscanf(line, "%*u %*u %*s %*s %2s", at) == 1 && strcmp(at, "/") == 0;
	}
	(void)fclose(f);
	return !mounted;
}

int probe_namespaces(const char *what, struct err *err)
{
	int r = try_namespaces();
	if (r == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		char text[32] = "";
		_cleanup_fd_ int fd = open(settings[i].path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
			continue;
		long value = strtol(text, NULL, 10);
		if (settings[i].at_least ? value < settings[i].good : value > settings[i].good)
			return err_set(err, r,
			        "%s user namespaces, and %s = %ld forbids them on this machine: set it with `sysctl -w %s=%ld`, "
			        "or run as root",
			        what, settings[i].name, value, settings[i].name,
			        settings[i].at_least && settings[i].good == 1 && strncmp(settings[i].name, "user.", 5) == 0
			                ? 15000
			                : settings[i].good);
	}
	if (r == -EPERM && root_is_changed())
		return err_sys(err, r,
		        "%s user namespaces, which Linux refuses in a root that was changed with chroot: make the folder a mount "
		        "and "
		        "enter it with pivot_root, or run outside of it",
		        what);
	return err_sys(err, r,
	        "%s user, mount, PID, network, UTS, IPC and cgroup namespaces, which this machine refuses (inside a container, "
	        "allow them there, or run on the host)",
	        what);
}

int trial_probe(struct err *err)
{
	return probe_namespaces("trials need", err);
}

int sandbox_probe(struct sandbox_level *level, struct err *err)
{
	struct sandbox_level l = {.no_caps = true, .no_new_privs = true, .seccomp = true, .landlock = landlock_abi()};
	int r = probe_namespaces("a confined command needs", err);
	l.user_ns = l.mount_ns = l.pid_ns = l.net_ns = l.ipc_ns = l.uts_ns = l.cgroup_ns = r == 0;
	/* Of one command, and not of the machine: taken to be so. */
	l.secrets = l.watched = l.process_limit = r == 0;
	sandbox_level_words(&l);
	*level = l;
	if (r == 0 && l.landlock == 0)
		r = err_set(err, -EOPNOTSUPP,
		        "a confined command needs Landlock, which is not among the modules (lsm=) that this kernel was started with");
	return r;
}
