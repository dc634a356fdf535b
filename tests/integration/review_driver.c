/* Runs a command on a copy of a project as a contained run does: a real overlay in a user namespace, or a whole copy. For
 * tests/integration/review.sh: review_driver overlay|copy PROJECT COMMAND...; prints the run's id, and with AFTER in the
 * environment what a run says at its end. With XDG_STATE_HOME set. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "cmd/review.h"
#include "cmd/scan.h"

static void die(const char *what)
{
	(void)fprintf(stderr, "review_driver: %s: %s\n", what, strerror(errno));
	exit(99);
}

static void put(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(file);
	close(fd);
}

static void enter_overlay(const struct review_run *run)
{
	char text[64], options[12000];
	unsigned uid = geteuid(), gid = getegid();
	if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		die("unshare");
	put("/proc/self/setgroups", "deny");
	(void)snprintf(text, sizeof(text), "%u %u 1", uid, uid);
	put("/proc/self/uid_map", text);
	(void)snprintf(text, sizeof(text), "%u %u 1", gid, gid);
	put("/proc/self/gid_map", text);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		die("private");
	(void)snprintf(
	        options, sizeof(options), "userxattr,lowerdir=%s,upperdir=%s/upper,workdir=%s/work", run->project, run->path, run->path);
	if (mount("overlay", run->project, "overlay", 0, options) < 0)
		die("overlay");
	if (chdir(run->project) < 0)
		die("chdir");
}

int main(int argc, char **argv)
{
	struct err err = {0};
	struct review_run run;
	uint64_t skipped = 0;
	if (argc == 2 && strcmp(argv[1], "--role=scan") == 0)
		return scan_role_main();
	if (argc < 4)
		return 98;
	bool copy = strcmp(argv[1], "copy") == 0;
	const struct review_run_new n = {.project = argv[2], .command = argv + 3};
	if (review_run_create(&n, &run, &err) < 0 || (copy && review_run_copy(&run, &skipped, &err) < 0)) {
		(void)fprintf(stderr, "review_driver: %s\n", err.text);
		return 99;
	}
	pid_t child = fork();
	if (child == 0) {
		if (copy) {
			char upper[5000];
			(void)snprintf(upper, sizeof(upper), "%s/upper", run.path);
			if (chdir(upper) < 0)
				die("chdir");
		} else {
			enter_overlay(&run);
		}
		(void)execvp(argv[3], argv + 3);
		die(argv[3]);
	}
	int status = -1;
	if (child < 0 || waitpid(child, &status, 0) < 0)
		die("wait");
	if (WIFEXITED(status) && WEXITSTATUS(status) == 99) {
		/* No overlay here: no run either. */
		(void)review_run_remove(&run, &err);
		return 99;
	}
	if (review_run_end(&run, status, &err) < 0)
		(void)fprintf(stderr, "review_driver: %s\n", err.text);
	_cleanup_buf_ struct buf line = BUF(4096);
	if (getenv("AFTER") && review_after_run(&line, &run, &err) < 0)
		(void)fprintf(stderr, "review_driver: %s\n", err.text);
	(void)fputs(buf_str(&line), stdout);
	(void)puts(run.id);
	review_run_free(&run);
	return 0;
}
