#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>

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

int trial_probe(struct err *err)
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
			        "trials need user namespaces, and %s = %ld forbids them on this machine: set it with `sysctl -w %s=%ld`, "
			        "or run as root",
			        settings[i].name, value, settings[i].name,
			        settings[i].at_least && settings[i].good == 1 && strncmp(settings[i].name, "user.", 5) == 0
			                ? 15000
			                : settings[i].good);
	}
	return err_sys(err, r,
	        "trials need user, mount, PID, network, UTS, IPC and cgroup namespaces, which this machine refuses (inside a container, "
	        "allow them there, or run on the host)");
}
