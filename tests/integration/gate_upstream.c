/* A server for tests of the gate: the scripted models of a trial, over real TLS on a real port, with a certificate authority of its own. To
 *be run in a network namespace of its own, because the engine answers DNS, too. gate_upstream FOLDER PORT PROJECT Writes FOLDER/ca.pem and
 *FOLDER/trace (records of wire/trace.h); a line "ready" on stdout when it serves. Ends with its stdin. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "crypto/cert.h"
#include "crypto/tls.h"
#include "sys/fd.h"
#include "wire/engine.h"
#include "wire/world_config.h"
#include "world/answers.h"

_Noreturn static void die(const char *what, int code)
{
	(void)fprintf(stderr, "gate_upstream: %s: %s\n", what, strerror(-code));
	exit(1);
}

/* Takes the trace to its file; ends the engine's side when stdin ends. */
_Noreturn static void keep_trace(int control, const char *folder)
{
	char path[512];
	uint8_t piece[65536];
	bool ready = false;
	(void)snprintf(path, sizeof(path), "%s/trace", folder);
	int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct pollfd p[] = {{.fd = control, .events = POLLIN}, {.fd = 0, .events = POLLIN}};
	while (out >= 0 && poll(p, 2, -1) >= 0) {
		if (p[1].revents && read(0, piece, sizeof(piece)) <= 0) {
			(void)shutdown(control, SHUT_WR);
			p[1].fd = -1;
		}
		if (!p[0].revents)
			continue;
		ssize_t n = read(control, piece, sizeof(piece));
		if (n <= 0)
			break;
		if (!ready) {
			(void)puts("ready");
			(void)fflush(stdout);
			ready = true;
		}
		if (fd_write_all(out, slice_of(piece, (size_t)n)) < 0)
			break;
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	static const char *const hosts[] = {"api.anthropic.com", "api.openai.com", "generativelanguage.googleapis.com", NULL};
	_cleanup_buf_ struct buf cert = BUF(65536), key = BUF(65536);
	_cleanup_arena_ struct arena arena = ARENA((size_t)1 << 20);
	int control[2], r;
	char path[512];
	struct err err = {0};
	if (argc != 4)
		die("gate_upstream FOLDER PORT PROJECT", -EINVAL);
	if ((r = tls_init()) < 0 || (r = cert_ca_new("upstream of a test", time(NULL), &cert, &key)) < 0)
		die("certificates", r);
	(void)snprintf(path, sizeof(path), "%s/ca.pem", argv[1]);
	FILE *f = fopen(path, "w");
	if (!f || fwrite(cert.p, 1, cert.n, f) != cert.n || fclose(f) != 0)
		die(path, -errno);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) < 0)
		die("socketpair", -errno);
	if (fork() == 0) {
		(void)close(control[0]);
		keep_trace(control[1], argv[1]);
	}
	(void)close(control[1]);
	const struct world_config w = {.ca_cert_pem = buf_slice(&cert),
	        .ca_key_pem = buf_slice(&key),
	        .seed = SLICE("gate"),
	        .model_hosts = hosts,
	        .client_ipv4 = "10.0.2.15",
	        .project = argv[3]};
	struct answers *answers = NULL;
	if ((r = answers_new(&w, &answers)) < 0)
		die("answers", r);
	const struct engine_config ec = {
	        .control_fd = control[0], .ca_cert_pem = buf_slice(&cert), .ca_key_pem = buf_slice(&key), .trace_max = UINT64_MAX / 2};
	struct far_side far = answers_far_side(answers);
	struct engine *e = NULL;
	if ((r = engine_new(&ec, &far, &e, &err)) < 0)
		die(err.text, r);
	if ((r = engine_listen(e, (uint16_t)strtoul(argv[2], NULL, 10))) < 0)
		die("port", r);
	r = engine_run(e);
	engine_free(e);
	answers_free(answers);
	return r < 0;
}
