/* Runs a command in a trial, with a world that only says that it is ready: machine_driver [NAME=VALUE…] -- COMMAND... cpus=N and
 * kernel=RELEASE are the synthetic host's, folder=PATH is shown as /opt/artefact, seconds=N is the limit. Its output is the command's, and
 * on descriptor 3, where one is open, "exit N", "signal N", "timeout" or "failed", the seconds it took, and what confinement was reached.
 * With "nested" the trial runs under another listener for system calls, as in a container that has one. "machine_driver under COMMAND..."
 * only runs a command so. */
#include "confine/trial.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "sys/loop.h"
#include "wire/trace.h"

static int quiet_world(void)
{
	_cleanup_buf_ struct buf b = BUF(64);
	size_t mark;
	char bytes[4096];
	trace_begin(&b, TRACE_READY, &mark);
	trace_end(&b, mark);
	(void)!write(3, b.p, b.n);
	while (read(3, bytes, sizeof(bytes)) > 0)
		;
	return 0;
}

struct run {
	struct loop *loop;
	struct trial_result r;
};

static void on_done(void *arg, struct trial_result *r)
{
	struct run *x = arg;
	x->r = *r;
	loop_stop(x->loop);
}

/* Lets everything pass: that it is there is enough. Stays open in what is run. */
static int nest(void)
{
	struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {.len = ARRAY_LEN(all), .filter = all};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	return fd < 0 ? -1 : fcntl(fd, F_SETFD, 0);
}

static const char *const ends[] = {[TRIAL_EXITED] = "exit",
        [TRIAL_SIGNAL] = "signal",
        [TRIAL_TIMEOUT] = "timeout",
        [TRIAL_FAILED] = "failed",
        [TRIAL_STOPPED] = "stopped"};

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--role=world") == 0)
		return quiet_world();
	if (argc > 2 && strcmp(argv[1], "under") == 0)
		return nest() == 0 ? execv(argv[2], argv + 2) : 2;
	_cleanup_arena_ struct arena arena = ARENA((size_t)16 << 20);
	struct host_spec host;
	struct trial_mount mount = {NULL, "/opt/artefact"};
	struct trial_spec spec = {.host = &host, .mounts = &mount, .noise.speed = NOISE_SPEED_REAL};
	struct run x = {0};
	struct trial *trial;
	struct err err = {0};
	bool nested = false;
	char *command[64] = {0};
	int at = 1;
	if (host_base(&host, &arena) < 0 || host_project_files(&host) < 0 || host_env_set(&host, "HOME", host.home) < 0 ||
	        host_env_set(&host, "PATH", "/usr/local/bin:/usr/bin:/bin") < 0)
		return 2;
	for (; at < argc && strcmp(argv[at], "--") != 0; at++) {
		/* A trial hides the command line. */
		char *value = strchr(argv[at], '=') ? arena_str(&arena, slice_str(strchr(argv[at], '=') + 1)) : NULL;
		if (strncmp(argv[at], "cpus=", 5) == 0)
			host.cpus = (unsigned)strtoul(value, NULL, 10);
		else if (strncmp(argv[at], "kernel=", 7) == 0)
			host.kernel_release = value;
		else if (strncmp(argv[at], "folder=", 7) == 0)
			mount.source = value;
		else if (strncmp(argv[at], "seconds=", 8) == 0)
			spec.limits.seconds = (unsigned)strtoul(value, NULL, 10);
		else if (strncmp(argv[at], "stream=", 7) == 0)
			spec.noise.fixed = true, spec.noise.stream = (uint32_t)strtoul(value, NULL, 10);
		else if (strncmp(argv[at], "start=", 6) == 0)
			spec.noise.clock = true, spec.noise.start_unix = strtoll(value, NULL, 10);
		else if (strncmp(argv[at], "speed=", 6) == 0)
			spec.noise.speed = (uint32_t)strtoul(value, NULL, 10);
		else if (strcmp(argv[at], "nested") == 0)
			nested = true;
		else
			return 2;
	}
	for (size_t i = 0; ++at < argc && i + 1 < ARRAY_LEN(command); i++)
		command[i] = arena_str(&arena, slice_str(argv[at]));
	spec.argv = command;
	spec.n_mounts = mount.source != NULL;
	if (!command[0] || (nested && nest() < 0) || loop_new(&x.loop) < 0)
		return 2;
	if (trial_probe(&err) < 0 || trial_start(x.loop, &spec, on_done, &x, &trial, &err) < 0 || loop_run(x.loop) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	loop_free(x.loop);
	(void)fwrite(x.r.out.p, 1, x.r.out.n, stdout);
	(void)fwrite(x.r.errout.p, 1, x.r.errout.n, stderr);
	(void)dprintf(3, "%s %d\n%.3f\n%s\n%s\n", ends[x.r.end], x.r.code, x.r.wall_s, x.r.reached, x.r.err.text);
	trial_result_free(&x.r);
	return 0;
}
