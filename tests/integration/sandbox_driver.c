/* Runs a command in a sandbox: for tests/integration/sandbox.sh. Its own gate is an engine that echoes (--role=gate).
 * usage: sandbox_driver [--home P] [--cwd P] [--ro P] [--rw P] [--hide P] [--copy P CHANGES] [--secrets] [--git] [--file P TEXT] [--gate] [--terminal]
 *        [--seconds N] [--processes N] [--memory N] [--files N] [--disk N] [--best-effort] [--debug] [--host NAME] [--quiet] [--deny SHA256]
 *        [--exec] [--signal N MS] [--stop MS] -- COMMAND...
 * Writes the level, what appeared, what was executed and how it ended to descriptor 9 if it is open, one line each. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>

#include "confine/sandbox.h"
#include "crypto/cert.h"
#include "crypto/tls.h"
#include "sys/loop.h"
#include "wire/engine.h"
#include "wire/seal.h"

static void echo(void *arg, const struct exchange_request *r, struct exchange_reply *out)
{
	(void)arg;
	out->answer = "test.echo";
	out->status = 200;
	buf_str_add(&out->headers, "content-type: text/plain\r\n");
	buf_fmt(&out->body, "%.*s %.*s://%.*s:%u%.*s\n", SLICE_FMT(r->method), SLICE_FMT(r->scheme), SLICE_FMT(r->host), r->port,
	        SLICE_FMT(r->target));
}

static int gate(void)
{
	const struct far_side far = {.request = echo};
	struct buf cert = BUF(65536), key = BUF(65536);
	struct engine *e = NULL;
	struct err err = {0};
	int r = cert_ca_new(NULL, time(NULL), &cert, &key);
	struct engine_config c = {
	        .control_fd = 3, .ca_cert_pem = buf_slice(&cert), .ca_key_pem = buf_slice(&key), .outer = "outer", .inner = "inner0"};
	(void)signal(SIGPIPE, SIG_IGN);
	r = r < 0 ? r : tls_init();
	r = r < 0 ? r : engine_new(&c, &far, &e, &err);
	r = r < 0 ? r : seal_process(false);
	if (r == 0)
		(void)!write(3, "!", 1);
	r = r < 0 ? r : engine_run(e);
	if (r < 0)
		(void)fprintf(stderr, "gate: %d %s\n", r, err.text);
	/* Its sockets for frames take the kernel tens of milliseconds, and would be closed before this one. */
	(void)shutdown(3, SHUT_RDWR);
	return r < 0;
}

struct run {
	struct loop *loop;
	struct sandbox *sandbox;
	int code, near, sig;
	bool ready, heard, done;
	struct source *control;
	struct sandbox_result result;
	const char *deny;
	struct timespec begin;
};

static bool lines; /* descriptor 9 is open, and not one of ours */
static void line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void line(const char *fmt, ...)
{
	va_list ap;
	if (!lines)
		return;
	va_start(ap, fmt);
	(void)vdprintf(9, fmt, ap);
	va_end(ap);
}

static void maybe_go(struct run *r)
{
	if (r->ready && r->heard)
		sandbox_go(r->sandbox);
}

static void on_control(void *arg, uint32_t events)
{
	struct run *r = arg;
	char bytes[65536];
	(void)events;
	if (read(r->near, bytes, sizeof(bytes)) <= 0) {
		loop_remove(r->control);
		r->control = NULL;
		if (r->done)
			loop_stop(r->loop);
		else if (!r->heard)
			sandbox_stop(r->sandbox);
		return;
	}
	if (!r->heard) {
		r->heard = true;
		maybe_go(r);
	}
}

static void on_ready(void *arg, const struct sandbox_level *l)
{
	struct run *r = arg;
	line("level %s\n", l->words);
	r->ready = true;
	maybe_go(r);
}

static void on_exec(void *arg, const struct sandbox_exec *e)
{
	struct run *r = arg;
	char sha[65], via[65];
	for (int i = 0; i < 32; i++) {
		(void)snprintf(sha + 2 * i, 3, "%02x", e->sha256[i]);
		(void)snprintf(via + 2 * i, 3, "%02x", e->via_sha256[i]);
	}
	line("exec path=%s asked=%s via=%s flags=%u sha256=%s argv=", e->path, e->asked, e->via, e->flags, sha);
	for (size_t i = 0; e->argv[i]; i++)
		line("%s%s", i ? " " : "", e->argv[i]);
	line("\n");
	bool deny = r->deny && (strcmp(r->deny, sha) == 0 || strcmp(r->deny, via) == 0 || strcmp(r->deny, e->path) == 0);
	sandbox_exec_answer(r->sandbox, e->id, !deny);
}

static void on_appeared(void *arg, const char *path, const char *what)
{
	(void)arg;
	line("appeared %s %s\n", what, path);
}

static void on_ended(void *arg, const struct sandbox_result *res)
{
	struct run *r = arg;
	(void)res;
	if (r->near >= 0)
		(void)shutdown(r->near, SHUT_WR);
}

static void on_done(void *arg, const struct sandbox_result *res)
{
	struct run *r = arg;
	static const char *const ends[] = {"exited", "timeout", "stopped", "failed"};
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	struct rusage own;
	(void)getrusage(RUSAGE_SELF, &own);
	line("end %s code=%d signal=%d left=%u own_us=%ld wall=%.4f all=%.4f cpu=%.4f rss=%llu %s\n", ends[res->end], res->code, res->signal,
	        res->left_running,
	        (own.ru_utime.tv_sec + own.ru_stime.tv_sec) * 1000000 + own.ru_utime.tv_usec + own.ru_stime.tv_usec, res->wall_s, (double)(now.tv_sec - r->begin.tv_sec) + (double)(now.tv_nsec - r->begin.tv_nsec) / 1e9,
	        res->cpu_s, (unsigned long long)res->max_rss_kb, res->err.text);
	if (res->end == SANDBOX_FAILED)
		(void)fprintf(stderr, "sandbox: %s\n", res->err.text);
	r->code = res->end == SANDBOX_FAILED ? 125 : res->end == SANDBOX_STOPPED ? 124 : res->code;
	r->done = true;
	if (!r->control)
		loop_stop(r->loop);
}

static void on_signal_time(void *arg, uint32_t events)
{
	struct run *r = arg;
	(void)events;
	sandbox_signal(r->sandbox, r->sig);
}

static void on_stop_time(void *arg, uint32_t events)
{
	(void)events;
	sandbox_stop(((struct run *)arg)->sandbox);
}

/* A terminal whose other side is copied to stdout. */
static int pump_from = -1;
static void on_pty(void *arg, uint32_t events)
{
	char bytes[4096];
	(void)events;
	ssize_t n = read(pump_from, bytes, sizeof(bytes));
	if (n > 0)
		(void)!write(1, bytes, (size_t)n);
	else
		loop_remove(*(struct source **)arg);
}

int main(int argc, char **argv)
{
	static struct sandbox_path paths[64];
	static struct sandbox_file files[16];
	static char names[64][2][4096];
	struct run r = {.near = -1, .heard = true};
	struct sandbox_spec s = {.home = getenv("HOME"), .cwd = "/", .out = 1, .errout = 2, .control = -1, .paths = paths, .files = files};
	bool terminal = false, watch_exec = false;
	uint64_t signal_ms = 0, stop_ms = 0;
	struct source *pty = NULL;
	if (argc == 2 && strcmp(argv[1], "--role=gate") == 0)
		return gate();
	lines = fcntl(9, F_GETFD) >= 0;
	int i = 1;
#define WORD(name) (strcmp(argv[i], name) == 0)
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (WORD("--home"))
			s.home = argv[++i];
		else if (WORD("--cwd"))
			s.cwd = argv[++i];
		else if (WORD("--ro"))
			paths[s.n_paths++] = (struct sandbox_path){.path = argv[++i], .mode = SANDBOX_READ};
		else if (WORD("--rw"))
			paths[s.n_paths++] = (struct sandbox_path){.path = argv[++i], .mode = SANDBOX_WRITE};
		else if (WORD("--hide"))
			paths[s.n_paths++] = (struct sandbox_path){.path = argv[++i], .mode = SANDBOX_HIDE};
		else if (WORD("--copy")) {
			struct sandbox_path *p = &paths[s.n_paths++];
			*p = (struct sandbox_path){.path = argv[++i], .mode = SANDBOX_COPY};
			(void)snprintf(names[s.n_paths][0], 4096, "%s/upper", argv[++i]);
			(void)snprintf(names[s.n_paths][1], 4096, "%s/work", argv[i]);
			p->upper = names[s.n_paths][0];
			p->work = names[s.n_paths][1];
		} else if (WORD("--secrets"))
			paths[s.n_paths - 1].with_secrets = true;
		else if (WORD("--git"))
			paths[s.n_paths - 1].with_git = true;
		else if (WORD("--file")) {
			files[s.n_files].path = argv[++i];
			files[s.n_files++].data = slice_str(argv[++i]);
		} else if (WORD("--gate"))
			s.network = SANDBOX_NET_GATE;
		else if (WORD("--terminal"))
			terminal = true;
		else if (WORD("--seconds"))
			s.limits.seconds = (unsigned)strtoul(argv[++i], NULL, 10);
		else if (WORD("--processes"))
			s.limits.processes = (unsigned)strtoul(argv[++i], NULL, 10);
		else if (WORD("--memory"))
			s.limits.memory_bytes = strtoull(argv[++i], NULL, 10);
		else if (WORD("--files"))
			s.limits.files = (unsigned)strtoul(argv[++i], NULL, 10);
		else if (WORD("--disk"))
			s.limits.disk_bytes = strtoull(argv[++i], NULL, 10);
		else if (WORD("--best-effort"))
			s.best_effort = true;
		else if (WORD("--debug"))
			s.debuggers = true;
		else if (WORD("--host"))
			s.hostname = argv[++i];
		else if (WORD("--exec"))
			watch_exec = true;
		else if (WORD("--deny")) {
			watch_exec = true;
			r.deny = argv[++i];
		} else if (WORD("--signal")) {
			r.sig = (int)strtol(argv[++i], NULL, 10);
			signal_ms = strtoull(argv[++i], NULL, 10);
		} else if (WORD("--stop"))
			stop_ms = strtoull(argv[++i], NULL, 10);
		else {
			(void)fprintf(stderr, "sandbox_driver: %s?\n", argv[i]);
			return 2;
		}
	}
	if (i + 1 >= argc || loop_new(&r.loop) < 0)
		return 2;
	s.argv = argv + i + 1;
	s.env = environ;
	if (terminal) {
		pump_from = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
		struct winsize size = {.ws_row = 33, .ws_col = 99};
		if (pump_from < 0 || grantpt(pump_from) < 0 || unlockpt(pump_from) < 0 || ioctl(pump_from, TIOCSWINSZ, &size) < 0)
			return 2;
		s.in = s.out = s.errout = open(ptsname(pump_from), O_RDWR | O_NOCTTY | O_CLOEXEC);
		s.terminal = true;
		if (loop_add(r.loop, pump_from, EPOLLIN, on_pty, &pty, &pty) < 0)
			return 2;
	}
	if (s.network == SANDBOX_NET_GATE) {
		int sv[2];
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
			return 2;
		r.near = sv[0];
		s.control = sv[1];
		r.heard = false;
		if (loop_add(r.loop, r.near, EPOLLIN, on_control, &r, &r.control) < 0)
			return 2;
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &r.begin);
	const struct sandbox_calls calls = {
	        .ready = on_ready, .exec = watch_exec ? on_exec : NULL, .appeared = on_appeared, .ended = on_ended, .done = on_done};
	struct err err = {0};
	if (sandbox_start(r.loop, &s, &calls, &r, &r.sandbox, &err) < 0) {
		(void)fprintf(stderr, "sandbox: %s\n", err.text);
		return 125;
	}
	if (terminal)
		(void)close(s.in);
	struct source *unused;
	if (signal_ms && loop_after(r.loop, signal_ms, on_signal_time, &r, &unused) < 0)
		return 2;
	if (stop_ms && loop_after(r.loop, stop_ms, on_stop_time, &r, &unused) < 0)
		return 2;
	if (loop_run(r.loop) < 0)
		return 2;
	/* What the terminal still has. */
	if (terminal) {
		char bytes[4096];
		ssize_t n;
		(void)fcntl(pump_from, F_SETFL, O_NONBLOCK);
		while ((n = read(pump_from, bytes, sizeof(bytes))) > 0)
			(void)!write(1, bytes, (size_t)n);
	}
	loop_free(r.loop);
	return r.code;
}
