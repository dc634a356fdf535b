/* A world with a far side that echoes: for tests/integration/world.sh. Usage: world_driver CA-FILE TRACE-FILE. Writes the authority,
 * then the trace as text, one record a line; "ready" when it serves. Ends when standard input does.
 * With WORLD_REAL in the environment it is the real world_main(). Interfaces as world_main() wants. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "crypto/cert.h"
#include "crypto/tls.h"
#include "wire/engine.h"
#include "wire/trace.h"
#include "wire/seal.h"
#include "world/world.h"

static void echo(void *arg, const struct exchange_request *r, struct exchange_reply *out)
{
	(void)arg;
	out->answer = "test.echo";
	if (slice_starts(r->target, SLICE("/stream"))) {
		out->status = 200;
		out->stream = true;
		buf_str_add(&out->headers, "content-type: text/event-stream\r\n");
		for (int i = 0; i < 3; i++)
			buf_fmt(&out->body, "event: e%d\ndata: {}\n\n", i);
		return;
	}
	out->status = slice_starts(r->target, SLICE("/204")) ? 204 : 200;
	buf_str_add(&out->headers, "content-type: text/plain\r\n");
	buf_fmt(&out->body, "%.*s %.*s://%.*s:%u%.*s %.*s headers=%zu body=%zu\n", SLICE_FMT(r->method), SLICE_FMT(r->scheme),
	        SLICE_FMT(r->host), r->port, SLICE_FMT(r->target), SLICE_FMT(r->proto), r->n_headers, r->body.n);
	if (slice_starts(r->target, SLICE("/big")))
		for (int i = 0; i < 200000; i++)
			buf_str_add(&out->body, "0123456789abcdef");
}

static bool ws_accept(void *arg, const struct exchange_request *r)
{
	(void)arg;
	return slice_starts(r->target, SLICE("/ws"));
}

static void ws_message(void *arg, const struct exchange_request *opened, const struct exchange_ws_message *m, struct buf *out)
{
	(void)arg;
	(void)opened;
	buf_be(out, m->data.n, 4);
	buf_add(out, m->data);
}

static int world(int fd, struct slice cert, struct slice key)
{
	const struct far_side far = {.request = echo, .ws_accept = ws_accept, .ws_message = ws_message};
	static const char *const names[] = {"gateway", NULL};
	struct engine_config c = {.control_fd = fd,
	        .ca_cert_pem = cert,
	        .ca_key_pem = key,
	        .outer = "outer",
	        .inner = "inner0",
	        .dns_search = "corp.example",
	        .names = names};
	if (getenv("WORLD_TRACE_MAX"))
		c.trace_max = strtoull(getenv("WORLD_TRACE_MAX"), NULL, 10);
	struct err err = {0};
	struct engine *e = NULL;
	int r = tls_init();
	if (r == 0)
		r = engine_new(&c, &far, &e, &err);
	if (r == 0 && !getenv("WORLD_UNSEALED")) /* a sanitizer's runtime needs calls that are not on the list */
		r = seal_process(false);
	if (r == 0)
		r = engine_run(e);
	if (r < 0)
		(void)fprintf(stderr, "world: %d %s\n", r, err.text);
	engine_free(e);
	return r < 0;
}

/* The real thing, with the scripted answers. */
static void send_config(int fd, struct slice cert, struct slice key)
{
	static const char *const hosts[] = {"api.anthropic.com", NULL};
	const struct world_config c = {.ca_cert_pem = cert,
	        .ca_key_pem = key,
	        .seed = SLICE("seed"),
	        .model_hosts = hosts,
	        .gateway_host = "gateway",
	        .client_ipv4 = "10.20.30.2",
	        .project = "/home/dev/project",
	        .dns_search = "corp.example"};
	_cleanup_buf_ struct buf m = BUF(1 << 20), head = BUF(4);
	world_config_encode(&m, &c);
	buf_be(&head, m.n, 4);
	(void)send(fd, head.p, head.n, 0);
	(void)send(fd, m.p, m.n, 0);
}

static void print_field(FILE *f, int tag, struct slice v)
{
	static const char *const names[TRACE_TAG_END] = {
	        "",
	        "time",
	        "conn",
	        "addr",
	        "port",
	        "host",
	        "scheme",
	        "proto",
	        "method",
	        "target",
	        "headers",
	        "body",
	        "encoding",
	        "wire_size",
	        "sni",
	        "alpn",
	        "ja4",
	        "qname",
	        "qtype",
	        "data",
	        "reason",
	        "via",
	        "answer",
	        "status",
	        "lost",
	        "form",
	};
	(void)fprintf(f, " %s=\"", names[tag]);
	for (size_t i = 0; i < v.n && i < 300; i++)
		if (v.p[i] >= ' ' && v.p[i] < 0x7f && v.p[i] != '"' && v.p[i] != '\\')
			(void)fputc(v.p[i], f);
		else
			(void)fprintf(f, "\\x%02x", v.p[i]);
	(void)fprintf(f, "\"%s", v.n > 300 ? "..." : "");
}

static bool print_trace(FILE *f, struct buf *b)
{
	struct slice rest = buf_slice(b);
	struct trace_record r;
	enum trace_status s;
	while ((s = trace_next(&rest, &r)) == TRACE_OK) {
		(void)fputs(trace_kind_name(r.kind), f);
		for (int t = 1; t < TRACE_TAG_END; t++)
			if (r.field[t].p)
				print_field(f, t, r.field[t]);
		(void)fputc('\n', f);
	}
	(void)fflush(f);
	buf_drop(b, b->n - rest.n);
	return s != TRACE_BAD;
}

static int watch(int fd, FILE *f)
{
	struct buf b = BUF((size_t)64 << 20);
	struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
	int bad = 0;
	for (;;) {
		uint8_t piece[65536];
		if (poll(p, 2, -1) < 0)
			continue;
		if (p[1].revents && read(0, piece, sizeof(piece)) <= 0) {
			(void)shutdown(fd, SHUT_WR);
			p[1].fd = -1;
		}
		if (!p[0].revents)
			continue;
		ssize_t n = read(fd, piece, sizeof(piece));
		if (n <= 0)
			break;
		buf_add(&b, slice_of(piece, (size_t)n));
		bad |= !print_trace(f, &b);
	}
	bad |= b.n != 0;
	buf_free(&b);
	return bad;
}

int main(int argc, char **argv)
{
	struct buf cert = BUF(65536), key = BUF(65536);
	int sv[2];
	struct timespec a, z;
	if (argc != 3 || cert_ca_new(NULL, time(NULL), &cert, &key) < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		return 2;
	FILE *ca = fopen(argv[1], "w"), *trace = fopen(argv[2], "w");
	if (!ca || !trace)
		return 2;
	(void)fputs(buf_str(&cert), ca);
	(void)fclose(ca);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)clock_gettime(CLOCK_MONOTONIC, &a);
	pid_t pid = fork();
	if (pid == 0) {
		(void)close(sv[0]);
		_exit(getenv("WORLD_REAL") ? world_main(sv[1]) : world(sv[1], buf_slice(&cert), buf_slice(&key)));
	}
	(void)close(sv[1]);
	if (getenv("WORLD_REAL"))
		send_config(sv[0], buf_slice(&cert), buf_slice(&key));
	uint8_t one;
	(void)recv(sv[0], &one, 1, MSG_PEEK);
	(void)clock_gettime(CLOCK_MONOTONIC, &z);
	(void)printf("start %ld us\n", (z.tv_sec - a.tv_sec) * 1000000 + (z.tv_nsec - a.tv_nsec) / 1000);
	(void)fflush(stdout);
	int bad = watch(sv[0], trace), status = 0;
	struct rusage u = {0};
	(void)wait4(pid, &status, 0, &u);
	(void)printf("exit %d signal %d trace %s rss %ld kb cpu %ld ms\n", WEXITSTATUS(status), WTERMSIG(status), bad ? "bad" : "ok",
	        u.ru_maxrss, u.ru_utime.tv_sec * 1000 + u.ru_utime.tv_usec / 1000 + u.ru_stime.tv_sec * 1000 + u.ru_stime.tv_usec / 1000);
	(void)fclose(trace);
	buf_free(&cert);
	buf_free(&key);
	return bad || status ? 1 : 0;
}
