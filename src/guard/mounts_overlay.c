/*
 * An overlay opens the files of its layers on behalf of whoever opens a file in it. On some kernels the layers' file systems are asked
 * about then, on others not. If they are, the overlay itself must not be: to hand over its file the kernel opens that of the layer, on
 * behalf of the daemon, which would have to answer while it waits.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/fan.h"
#include "guard/mounts.h"

#define WAIT_MS 500
#define PLACE   "/run" /* any folder: what is mounted over it is seen by nobody else */

static bool make_overlay(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	        mount("postern", PLACE, "tmpfs", MS_NOSUID | MS_NODEV, "size=64k,mode=700") < 0)
		return false;
	if (mkdir(PLACE "/l", 0700) < 0 || mkdir(PLACE "/u", 0700) < 0 || mkdir(PLACE "/w", 0700) < 0 || mkdir(PLACE "/m", 0700) < 0)
		return false;
	int fd = open(PLACE "/l/f", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return fd >= 0 && write(fd, "x", 1) == 1 && close(fd) == 0 &&
	       mount("postern", PLACE "/m", "overlay", 0, "lowerdir=" PLACE "/l,upperdir=" PLACE "/u,workdir=" PLACE "/w") == 0;
}

_Noreturn static void try_it(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	int fan = fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY | O_CLOEXEC);
	if (fan < 0 || !make_overlay() || fanotify_mark(fan, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN_PERM, AT_FDCWD, PLACE "/l") < 0)
		_exit(2);
	pid_t pid = fork();
	if (pid == 0) {
		(void)close(fan);
		_exit(open(PLACE "/m/f", O_RDONLY | O_CLOEXEC) < 0);
	}
	struct pollfd p = {.fd = fan, .events = POLLIN};
	bool asked = false;
	struct fanotify_event_metadata m;
	while (!asked && poll(&p, 1, WAIT_MS) > 0) {
		if (read(fan, &m, sizeof(m)) != (ssize_t)sizeof(m))
			break;
		asked = true;
		(void)fan_answer(fan, m.fd, true);
	}
	(void)kill(pid, SIGKILL);
	_exit(asked ? 0 : 1);
}

bool mounts_overlay_layers(void)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		try_it();
	/* Where it cannot be tried, none is known that has an overlay. */
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
