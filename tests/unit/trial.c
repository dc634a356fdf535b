/* Trials with a world that only says that it is ready: what is tested is the sealing, the synthetic host and the limits. */
#include "confine/trial.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

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
	struct trial *trial;
	bool done;
};

static void on_done(void *arg, struct trial_result *r)
{
	struct run *x = arg;
	x->r = *r;
	x->done = true;
	loop_stop(x->loop);
}

static void stop_it(void *arg, uint32_t events)
{
	(void)events;
	trial_stop(((struct run *)arg)->trial);
}

static struct arena arena = ARENA((size_t)16 << 20);
static struct host_spec host;

static void reset_host(void)
{
	assert_int_equal(host_base(&host, &arena), 0);
	assert_int_equal(host_project_files(&host), 0);
	assert_int_equal(host_env_set(&host, "HOME", host.home), 0);
	assert_int_equal(host_env_set(&host, "PATH", "/usr/bin:/bin"), 0);
}

static struct run run_with(const char *script, struct trial_limits limits, bool terminal, unsigned stop_after_ms)
{
	char *argv[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c", (char *)(uintptr_t)script, NULL};
	static const struct trial_mount mounts[] = {{"/usr/share/zoneinfo", "/opt/artefact"}};
	struct trial_spec spec = {.host = &host, .argv = argv, .mounts = mounts, .n_mounts = 1, .limits = limits, .terminal = terminal};
	struct run x = {0};
	struct err err = {0};
	struct source *timer;
	assert_int_equal(loop_new(&x.loop), 0);
	if (trial_start(x.loop, &spec, on_done, &x, &x.trial, &err) < 0)
		fail_msg("%s", err.text);
	if (stop_after_ms)
		assert_int_equal(loop_after(x.loop, stop_after_ms, stop_it, &x, &timer), 0);
	assert_int_equal(loop_run(x.loop), 0);
	loop_free(x.loop);
	if (x.r.end == TRIAL_FAILED)
		fail_msg("the trial failed: %s", x.r.err.text);
	return x;
}

static struct run run(const char *script)
{
	return run_with(script, (struct trial_limits){.seconds = 20}, false, 0);
}

static void expect(const char *script, const char *output)
{
	struct run x = run(script);
	if (strcmp(buf_str(&x.r.out), output) != 0)
		fail_msg("`%s` gave \"%s\" (stderr \"%s\"), not \"%s\"", script, buf_str(&x.r.out), buf_str(&x.r.errout), output);
	trial_result_free(&x.r);
}

static void test_host(void **state)
{
	(void)state;
	reset_host();
	host.hostname = "wks-1";
	host.timezone = "Asia/Tokyo";
	host.cpus = 1;
	host.kernel_release = "9.8.7-test";
	host.git_remote = "https://git.example.org/a/b.git";
	expect("uname -n; id -un; id -u; pwd; echo $HOME; cat /etc/timezone; date +%Z; nproc; uname -r; cat /proc/sys/kernel/osrelease; "
	       "cat "
	       "/sys/class/net/eth0/address",
	        "wks-1\ndeveloper\n1000\n/home/developer/inventory\n/home/developer\nAsia/"
	        "Tokyo\nJST\n1\n9.8.7-test\n9.8.7-test\n3c:52:82:4e:17:a9\n");
	host.cpus = 8;
	expect("nproc; getconf _NPROCESSORS_ONLN; grep -c ^cpu /proc/stat", "8\n8\n9\n");
	expect("git status --porcelain; git log --format=%s%an; git remote get-url origin",
	        "Add the rest of the treeDeveloper\nStartDeveloper\nhttps://git.example.org/a/b.git\n");
	expect("touch x && echo a > $HOME/y && cat $HOME/y && test -r /opt/artefact/UTC && ! touch /opt/artefact/z 2>&-", "a\n");
}

static void test_sealed(void **state)
{
	(void)state;
	reset_host();
	expect("env | sort | grep -v -e ^PWD -e ^_ -e ^SHLVL -e ^OLDPWD", "HOME=/home/developer\nPATH=/usr/bin:/bin\n");
	expect("ls /home /root /tmp 2>&-; ls /proc/self/fd | wc -l", "/home:\ndeveloper\n\n/root:\n\n/tmp:\n4\n");
	expect("ls -d /proc/[0-9]* | wc -l | awk '{print ($1 < 8)}'", "1\n");
	expect("touch /usr/x 2>&- || touch /etc/x 2>&- || echo refused", "refused\n");
	expect("unshare -Ur true 2>&- || mount -t tmpfs x /mnt 2>&- || echo refused", "refused\n");
	expect("grep -c . /proc/net/route; grep -E '^Cap(Eff|Prm|Bnd)' /proc/self/status | cut -f2 | sort -u; grep NoNewPrivs "
	       "/proc/self/status | cut -f2",
	        "3\n0000000000000000\n1\n");
	expect("echo 1 > /proc/sys/kernel/sysrq 2>&- || cat /etc/shadow 2>&- || echo refused", "refused\n");
	expect("ls /run/user/.covers 2>&-; ls /.covers 2>&-; echo none", "none\n");
}

static void test_ends(void **state)
{
	(void)state;
	reset_host();
	struct run x = run("exit 7");
	assert_int_equal(x.r.end, TRIAL_EXITED);
	assert_int_equal(x.r.code, 7);
	trial_result_free(&x.r);
	x = run("kill -SEGV $$");
	assert_int_equal(x.r.end, TRIAL_SIGNAL);
	assert_int_equal(x.r.code, SIGSEGV);
	trial_result_free(&x.r);
	x = run_with("trap '' TERM INT; sleep 60", (struct trial_limits){.seconds = 1}, false, 0);
	assert_int_equal(x.r.end, TRIAL_TIMEOUT);
	assert_true(x.r.wall_s > 0.9 && x.r.wall_s < 3);
	trial_result_free(&x.r);
	x = run_with("sleep 60", (struct trial_limits){.seconds = 30}, false, 700);
	assert_int_equal(x.r.end, TRIAL_STOPPED);
	trial_result_free(&x.r);
	x = run("setsid sleep 50 & sleep 0.2; exit 0");
	assert_int_equal(x.r.end, TRIAL_EXITED);
	assert_int_equal(x.r.left_running, 1);
	trial_result_free(&x.r);
}

static void test_limits(void **state)
{
	(void)state;
	reset_host();
	struct run x = run_with("dd if=/dev/zero of=/tmp/a bs=1M count=60 2>&1 | tail -1; i=0; while [ $i -lt 300 ]; do sleep 9 & "
	                        "i=$((i+1)); done; echo all of them",
	        (struct trial_limits){.seconds = 15, .disk_bytes = 16 << 20, .processes = 64}, false, 0);
	/* dd has said how much it wrote, how fast. */
	assert_non_null(strstr(buf_str(&x.r.out), "copied"));
	assert_null(strstr(buf_str(&x.r.out), "all of them"));
	assert_true(x.r.wall_s < 14);
	trial_result_free(&x.r);
	/* A fork bomb ends with the limit on time, and leaves nothing. */
	x = run_with("bomb() { bomb | bomb & }; bomb; sleep 30", (struct trial_limits){.seconds = 2, .processes = 128}, false, 0);
	assert_int_equal(x.r.end, TRIAL_TIMEOUT);
	trial_result_free(&x.r);
	/* Endless output: the last part is kept. */
	x = run_with("yes | head -c 3000000; echo end", (struct trial_limits){.seconds = 10, .output_bytes = 1000}, false, 0);
	assert_int_equal(x.r.end, TRIAL_EXITED);
	assert_true(x.r.out.n <= 1000);
	assert_non_null(strstr(buf_str(&x.r.out), "y\nend\n"));
	trial_result_free(&x.r);
}

static void test_terminal(void **state)
{
	(void)state;
	reset_host();
	struct run x = run_with("test -t 0 && test -t 1 && tty && stty size", (struct trial_limits){.seconds = 10}, true, 0);
	assert_non_null(strstr(buf_str(&x.r.out), "/dev/pts/0\r\n40 120\r\n"));
	trial_result_free(&x.r);
	/* It answers, as terminals do; and nobody has to listen. */
	x = run_with("stty raw -echo; printf '\\033[6n'; dd bs=1 count=6 2>/dev/null | od -An -c", (struct trial_limits){.seconds = 10},
	        true, 0);
	assert_non_null(strstr(buf_str(&x.r.out), "033   [   1   ;   1   R"));
	trial_result_free(&x.r);
	x = run_with("stty raw -echo; for i in $(seq 20000); do printf '\\033[6n'; done; echo end", (struct trial_limits){.seconds = 20},
	        true, 0);
	assert_int_equal(x.r.end, TRIAL_EXITED);
	trial_result_free(&x.r);
}

static void test_missing_program(void **state)
{
	(void)state;
	reset_host();
	char *argv[] = {(char *)(uintptr_t) "no-such-program", NULL};
	struct trial_spec spec = {.host = &host, .argv = argv};
	struct run x = {0};
	struct err err = {0};
	assert_int_equal(loop_new(&x.loop), 0);
	assert_int_equal(trial_start(x.loop, &spec, on_done, &x, &x.trial, &err), 0);
	assert_int_equal(loop_run(x.loop), 0);
	loop_free(x.loop);
	assert_int_equal(x.r.end, TRIAL_EXITED);
	assert_int_equal(x.r.code, 127);
	assert_non_null(strstr(buf_str(&x.r.errout), "no-such-program"));
	trial_result_free(&x.r);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--role=world") == 0)
		return quiet_world();
	struct err err = {0};
	if (trial_probe(&err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		return 77;
	}
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_host),
	        cmocka_unit_test(test_sealed),
	        cmocka_unit_test(test_ends),
	        cmocka_unit_test(test_limits),
	        cmocka_unit_test(test_terminal),
	        cmocka_unit_test(test_missing_program),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(&arena);
	return r;
}
