/* The eyes of a trial: what a tool does in it is seen, and what it does not do is not; a flood of it ends neither the trial nor us. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "confine/seen.h"
#include "confine/trial.h"
#include "crypto/digest.h"
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
};

static void on_done(void *arg, struct trial_result *r)
{
	struct run *x = arg;
	x->r = *r;
	loop_stop(x->loop);
}

static struct arena arena = ARENA((size_t)16 << 20);
static struct host_spec host;
static const struct slice needles[] = {{(const uint8_t *)"sesame-4711", 11}, {(const uint8_t *)"never", 5}};

static void add(const char *path, const char *text)
{
	struct host_file f = {.path = path, .data = slice_str(text), .mode = 0600};
	assert_int_equal(host_file_set(&host, &f), 0);
}

static struct run run_with(const char *program, const char *script, struct trial_observe how, unsigned seconds)
{
	char *argv[] = {(char *)(uintptr_t)program, (char *)(uintptr_t) "-c", (char *)(uintptr_t)script, NULL};
	struct trial_spec spec = {.host = &host, .argv = argv, .limits = {.seconds = seconds}, .observe = how};
	struct run x = {0};
	struct err err = {0};
	assert_int_equal(host_base(&host, &arena), 0);
	assert_int_equal(host_project_files(&host), 0);
	assert_int_equal(host_env_set(&host, "HOME", host.home), 0);
	assert_int_equal(host_env_set(&host, "PATH", "/usr/bin:/bin"), 0);
	add("/home/developer/.ssh/id_ed25519", "not a key\n");
	add("/home/developer/.aws/credentials", "nothing\n");
	add("/home/developer/code/other/notes.txt", "nothing\n");
	assert_int_equal(loop_new(&x.loop), 0);
	if (trial_start(x.loop, &spec, on_done, &x, &x.trial, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(loop_run(x.loop), 0);
	loop_free(x.loop);
	if (x.r.end == TRIAL_FAILED)
		fail_msg("the trial failed: %s", x.r.err.text);
	return x;
}

static struct run run(const char *script)
{
	struct trial_observe how = {.on = true, .connect = true, .needles = needles, .n_needles = ARRAY_LEN(needles)};
	return run_with("sh", script, how, 60);
}

/* The first record of a kind whose path is this one, or begins so with a star at its end. */
static bool find(const struct run *x, enum seen_kind kind, const char *path, struct seen *out)
{
	struct slice rest = buf_slice(&x->r.seen), wanted = slice_str(path);
	bool begins = wanted.n && wanted.p[wanted.n - 1] == '*';
	wanted.n -= begins;
	while (seen_next(&rest, out))
		if (out->r.kind == kind && (begins ? slice_starts(out->path, wanted) : slice_eq(out->path, wanted)))
			return true;
	return false;
}

static bool seen(const struct run *x, enum seen_kind kind, const char *path)
{
	struct seen s;
	return find(x, kind, path, &s);
}

static void test_files(void **state)
{
	(void)state;
	struct seen s;
	struct run x =
	        run("cat $HOME/.ssh/id_ed25519 /etc/machine-id /proc/cpuinfo >/dev/null; cat < README.md >/dev/null; "
	            "ls $HOME/work/other >/dev/null; test -e $HOME/.aws/credentials; umask 77; echo ' open sesame-4711 ' >$HOME/.token; "
	            "mkdir -p $HOME/.cache/t; echo x >$HOME/.cache/t/a; echo y >made.txt; chmod 644 $HOME/.cache/t/a; "
	            "echo z >/tmp/gone; rm /tmp/gone; mkfifo /tmp/pipe");
	assert_true(find(&x, SEEN_OPEN, "/home/developer/.ssh/id_ed25519", &s));
	assert_int_equal(s.r.count, 1);
	assert_int_equal(s.r.flags, SEEN_OPENED);
	assert_true(seen(&x, SEEN_OPEN, "/etc/machine-id"));
	assert_true(seen(&x, SEEN_OPEN, "/proc/cpuinfo"));
	assert_true(seen(&x, SEEN_OPEN, "/home/developer/inventory/README.md"));
	/* Looked at, not opened. */
	assert_false(seen(&x, SEEN_OPEN, "/home/developer/.aws/credentials"));
	assert_false(seen(&x, SEEN_OPEN, "/home/developer/code/other/notes.txt"));
	assert_true(find(&x, SEEN_FILE, "/home/developer/.token", &s));
	assert_int_equal(s.r.mode, S_IFREG | 0600);
	assert_int_equal(s.r.found, 1);
	assert_int_equal(s.r.size, 19);
	assert_true(find(&x, SEEN_FILE, "/home/developer/.cache/t/a", &s));
	assert_int_equal(s.r.mode, S_IFREG | 0644);
	assert_int_equal(s.r.found, 0);
	assert_true(seen(&x, SEEN_FILE, "/home/developer/inventory/made.txt"));
	assert_true(find(&x, SEEN_FILE, "/tmp/pipe", &s));
	assert_true(S_ISFIFO(s.r.mode));
	/* What was there before and is not changed. */
	assert_false(seen(&x, SEEN_FILE, "/home/developer/.ssh/id_ed25519"));
	assert_false(seen(&x, SEEN_FILE, "/home/developer/inventory/README.md"));
	assert_true(find(&x, SEEN_OPEN, "/tmp/gone", &s));
	assert_int_equal(s.r.flags, SEEN_OPENED | SEEN_MADE | SEEN_REMOVED);
	assert_false(seen(&x, SEEN_LOST, "*"));
	assert_false(seen(&x, SEEN_LIMITED, "*"));
	trial_result_free(&x.r);
}

static void test_times_set_back(void **state)
{
	(void)state;
	struct run x = run("echo x >$HOME/.sly; touch -d 2001-01-01 $HOME/.sly; echo y >>$HOME/.aws/credentials; "
	                   "touch -d 2001-01-01 $HOME/.aws/credentials");
	assert_true(seen(&x, SEEN_FILE, "/home/developer/.sly"));
	assert_true(seen(&x, SEEN_FILE, "/home/developer/.aws/credentials"));
	trial_result_free(&x.r);
}

static void test_programs(void **state)
{
	(void)state;
	struct seen s;
	uint8_t whole[DIGEST_MAX];
	_cleanup_buf_ struct buf file = BUF((size_t)16 << 20);
	struct run x = run("/usr/bin/env ls -d / >/dev/null; for i in 1 2 3; do /usr/bin/true a 'b c'; done; "
	                   "cp /usr/bin/true $HOME/dropped; echo more >>$HOME/dropped; $HOME/dropped; rm $HOME/dropped; "
	                   "printf '#!/bin/sh\\nexit 0\\n' >script; chmod +x script; ./script 1");
	assert_true(find(&x, SEEN_EXEC, "/usr/bin/true", &s));
	assert_int_equal(s.r.count, 3);
	assert_true(slice_eq(s.text, slice_of("/usr/bin/true\0a\0b c", 20)));
	assert_true(s.r.digest);
	_cleanup_fd_ int fd = open("/usr/bin/true", O_RDONLY | O_CLOEXEC);
	ssize_t n;
	while ((n = read(fd, buf_room(&file, 65536), 65536)) > 0)
		file.n += (size_t)n;
	assert_int_equal(digest_of(DIGEST_SHA256, buf_slice(&file), whole), 0);
	assert_memory_equal(s.r.sha256, whole, 32);
	assert_true(seen(&x, SEEN_EXEC, "/usr/bin/ls"));
	/* Removed by now, and its digest is known all the same. */
	assert_true(find(&x, SEEN_EXEC, "/home/developer/dropped*", &s));
	buf_str_add(&file, "more\n");
	assert_int_equal(digest_of(DIGEST_SHA256, buf_slice(&file), whole), 0);
	assert_true(s.r.digest);
	assert_memory_equal(s.r.sha256, whole, 32);
	assert_true(seen(&x, SEEN_EXEC, "/home/developer/inventory/script"));
	trial_result_free(&x.r);
	/* Names that mean another file to each who asks. */
	x = run_with("/usr/bin/python3",
	        "import os\nos.symlink('/proc/self/exe', '/tmp/me')\n"
	        "for p in ('/proc/self/exe', '/tmp/me'):\n"
	        " if os.fork() == 0: os.execv(p, ['x', '-c', 'pass'])\n"
	        " os.wait()\n"
	        "f = os.open('/usr/bin/true', os.O_RDONLY)\n"
	        "os.set_inheritable(f, True)\n"
	        "os.execv('/dev/fd/%d' % f, ['y'])\n",
	        (struct trial_observe){.on = true}, 20);
	assert_int_equal(x.r.code, 0);
	struct slice rest = buf_slice(&x.r.seen);
	unsigned python = 0;
	while (seen_next(&rest, &s)) {
		if (s.r.kind != SEEN_EXEC)
			continue;
		python += slice_starts(s.path, SLICE("/usr/bin/python3")) && slice_is(slice_sub(s.text, 0, 1), "x");
		assert_true(slice_starts(s.path, SLICE("/usr/bin/")) || slice_is(s.path, "/tmp/me"));
	}
	assert_int_equal(python, 1);
	assert_true(seen(&x, SEEN_EXEC, "/usr/bin/true"));
	trial_result_free(&x.r);
}

/* A server of the tool's, in Python: how it answers, and for how long it stays. */
static struct run serve(const char *body)
{
	struct trial_observe how = {.on = true, .connect = true};
	char *text = NULL;
	assert_true(asprintf(&text,
	                    "import socket,time,threading\n"
	                    "def serve(s, what):\n"
	                    " while True:\n"
	                    "  c,_=s.accept()\n"
	                    "  c.recv(4096)\n"
	                    "  what(c)\n"
	                    "def listen(at, what, family=socket.AF_INET):\n"
	                    " s=socket.socket(family); s.bind(at); s.listen(5)\n"
	                    " threading.Thread(target=serve,args=(s,what),daemon=True).start()\n"
	                    " return s\n"
	                    "%s\n",
	                    body) > 0);
	struct run x = run_with("/usr/bin/python3", text, how, 20);
	free(text);
	if (x.r.code != 0)
		fail_msg("%s", buf_str(&x.r.errout));
	return x;
}

static void test_listeners(void **state)
{
	(void)state;
	struct seen s;
	struct run x = serve(
	        "listen(('127.0.0.1',4801), lambda c: (c.sendall(b'HTTP/1.1 401 No\\r\\ncontent-length: 0\\r\\n\\r\\n'), c.close()))\n"
	        "listen(('0.0.0.0',4802), lambda c: (c.sendall(b'HTTP/1.1 200 OK\\r\\n\\r\\nsecret'), c.close()))\n"
	        "listen(('::1',4803), lambda c: None, socket.AF_INET6)\n"
	        "listen(('127.0.0.1',4804), lambda c: c.close())\n"
	        "listen('/tmp/sock', lambda c: None, socket.AF_UNIX)\n"
	        "listen('\\0hidden', lambda c: None, socket.AF_UNIX)\n"
	        "s=socket.socket(); s.bind(('127.0.0.1',4806)); s.listen(1); s.close()\n"
	        "s=socket.socket(); s.listen(1); print(s.getsockname()[1])\n"
	        "time.sleep(2)");
	assert_true(find(&x, SEEN_LISTEN, "127.0.0.1:4801", &s));
	assert_int_equal(s.r.answer, SEEN_ANSWERED);
	assert_true(slice_starts(s.text, SLICE("HTTP/1.1 401 No")));
	assert_true(find(&x, SEEN_LISTEN, "0.0.0.0:4802", &s));
	assert_int_equal(s.r.answer, SEEN_ANSWERED);
	assert_true(slice_ends(s.text, SLICE("secret")));
	assert_true(find(&x, SEEN_LISTEN, "[::1]:4803", &s));
	assert_int_equal(s.r.answer, SEEN_SILENT);
	assert_true(find(&x, SEEN_LISTEN, "127.0.0.1:4804", &s));
	assert_int_equal(s.r.answer, SEEN_CLOSED);
	assert_true(seen(&x, SEEN_LISTEN, "unix:/tmp/sock"));
	assert_true(seen(&x, SEEN_LISTEN, "unix:@hidden"));
	assert_true(find(&x, SEEN_LISTEN, "127.0.0.1:4806", &s));
	assert_int_equal(s.r.answer, SEEN_REFUSED);
	/* Bound by listen() itself: it is the port that the tool has. */
	char address[64];
	(void)snprintf(address, sizeof(address), "0.0.0.0:%.*s", SLICE_FMT(slice_trim(buf_slice(&x.r.out))));
	assert_true(seen(&x, SEEN_LISTEN, address));
	trial_result_free(&x.r);
}

static void test_left(void **state)
{
	(void)state;
	struct seen s;
	struct run x =
	        run_with("sh", "sleep 300 & sleep 301 >/dev/null 2>&1 & exit 0", (struct trial_observe){.on = true, .linger_ms = 300}, 20);
	assert_int_equal(x.r.left_running, 2);
	assert_true(find(&x, SEEN_LEFT, "", &s));
	assert_true(slice_starts(s.text, SLICE("sleep\00030")));
	trial_result_free(&x.r);
	/* One that ends by itself in time is not left, and nobody waits longer than that. */
	x = run_with("sh", "sleep 0.4 & exit 3", (struct trial_observe){.on = true, .linger_ms = 5000}, 20);
	assert_int_equal(x.r.end, TRIAL_EXITED);
	assert_int_equal(x.r.code, 3);
	assert_int_equal(x.r.left_running, 0);
	assert_true(x.r.wall_s < 2);
	trial_result_free(&x.r);
	x = run_with("sh", "sleep 300 & exit 0", (struct trial_observe){.on = true, .linger_ms = 700}, 20);
	assert_int_equal(x.r.left_running, 1);
	assert_true(x.r.wall_s > 0.6 && x.r.wall_s < 3);
	trial_result_free(&x.r);
}

static void test_off(void **state)
{
	(void)state;
	struct run x = run_with("sh", "cat $HOME/.ssh/id_ed25519; ls", (struct trial_observe){0}, 20);
	assert_int_equal(x.r.end, TRIAL_EXITED);
	assert_int_equal(x.r.seen.n, 0);
	trial_result_free(&x.r);
}

static double now_s(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void test_floods(void **state)
{
	(void)state;
	struct seen s;
	double start = now_s();
	struct trial_observe how = {.on = true, .connect = true, .needles = needles, .n_needles = 1};
	/* A million opens, of one file and of many that were there not. */
	struct run x = run_with("/usr/bin/python3",
	        "import os\nh=os.environ['HOME']\n"
	        "for i in range(500000): os.close(os.open(h+'/.ssh/id_ed25519',0))\n"
	        "for i in range(500000):\n try: os.open(h+'/n%d'%i,0)\n except OSError: pass\n",
	        how, 60);
	assert_int_equal(x.r.end, TRIAL_EXITED);
	assert_int_equal(x.r.code, 0);
	assert_true(seen(&x, SEEN_OPEN, "/home/developer/.ssh/id_ed25519"));
	trial_result_free(&x.r);
	/* A hundred thousand files, and folders below folders. */
	x = run_with("/usr/bin/python3",
	        "import os\nh=os.environ['HOME']\nos.mkdir(h+'/d')\nfor i in range(100000): os.close(os.open(h+'/d/%d'%i,os.O_CREAT))\n"
	        "for i in range(400):\n os.mkdir('e'); os.chdir('e')\n",
	        how, 60);
	assert_int_equal(x.r.code, 0);
	assert_true(find(&x, SEEN_LOST, "files changed", &s));
	assert_true(s.r.count > 98000);
	assert_true(x.r.seen.n < (size_t)8 << 20);
	trial_result_free(&x.r);
	/* A thousand listeners that never answer, and some that answer without end. */
	x = serve("a=[socket.socket() for i in range(1000)]\n[(s.bind(('127.0.0.1',0)), s.listen(1)) for s in a]\ntime.sleep(3)");
	assert_true(find(&x, SEEN_LOST, "listening sockets", &s));
	assert_int_equal(s.r.count, 1000 - 128);
	assert_true(x.r.wall_s < 6);
	trial_result_free(&x.r);
	x = serve("def flood(c):\n"
	          " try:\n"
	          "  while True: c.sendall(b'x'*65536)\n"
	          " except OSError: pass\n"
	          "listen(('127.0.0.1',4810), flood)\ntime.sleep(1)");
	assert_true(find(&x, SEEN_LISTEN, "127.0.0.1:4810", &s));
	assert_int_equal(s.r.answer, SEEN_ANSWERED);
	assert_int_equal(s.text.n, 512);
	trial_result_free(&x.r);
	/* Processes and arguments. */
	x = run("for i in $(seq 300); do /usr/bin/true $i \"$(head -c 20000 /dev/zero | tr '\\0' a)\"; done; "
	        "for i in $(seq 60); do sleep 300 >/dev/null & done; exit 0");
	assert_true(find(&x, SEEN_LOST, "programs run", &s));
	assert_true(find(&x, SEEN_LOST, "processes left", &s));
	assert_int_equal(x.r.left_running, 60);
	trial_result_free(&x.r);
	/* One that does not end is stopped at its limit whatever it does. */
	x = run_with("/usr/bin/python3", "import os\nwhile True: os.close(os.open(os.environ['HOME']+'/.ssh/id_ed25519',0))\n", how, 2);
	assert_int_equal(x.r.end, TRIAL_TIMEOUT);
	assert_true(x.r.wall_s < 3);
	trial_result_free(&x.r);
	print_message("floods: %.1f s\n", now_s() - start);
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
	        cmocka_unit_test(test_files),
	        cmocka_unit_test(test_times_set_back),
	        cmocka_unit_test(test_programs),
	        cmocka_unit_test(test_listeners),
	        cmocka_unit_test(test_left),
	        cmocka_unit_test(test_off),
	        cmocka_unit_test(test_floods),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);
	arena_free(&arena);
	return r;
}
