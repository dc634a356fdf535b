/* What a decision costs, and what it costs to have a policy: policy [FILE], FILE being one with every kind of rule. Processor time, the
 * median of 9 rounds. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "policy/policy.h"

#define ROUNDS 9

static double now_s(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

static const struct policy_vars vars = {.home = "/home/u", .project = "/home/u/p"};

struct made {
	struct arena a;
	struct policy_problems problems;
	struct policy *p;
};

static int make(struct slice yaml, enum policy_layer layer, struct made *m)
{
	struct policy_doc *doc[POLICY_LAYERS] = {0};
	*m = (struct made){.a = ARENA(256u << 20)};
	int r = policy_parse(yaml, "bench.yaml", layer, &m->a, &doc[layer], &m->problems);
	return r < 0 ? r : policy_compile((const struct policy_doc *const *)doc, &vars, &m->p, &m->problems);
}

static void drop(struct made *m)
{
	policy_free(m->p);
	policy_problems_free(&m->problems);
	arena_free(&m->a);
}

static volatile unsigned sink;

static void request(const struct policy *p, const char *name, const char *host, const char *method, const char *target)
{
	struct policy_request r = {
	        .host = slice_str(host), .port = 443, .tls = true, .method = slice_str(method), .target = slice_str(target)};
	double s[ROUNDS];
	enum { N = 200000 };
	for (int i = 0; i < ROUNDS; i++) {
		double t = now_s();
		for (int k = 0; k < N; k++) {
			struct policy_network n;
			policy_network(p, &r, &n);
			sink += n.decision.verdict;
		}
		s[i] = now_s() - t;
	}
	qsort(s, ROUNDS, sizeof(*s), by_value);
	(void)printf("%s: %.0f ns\n", name, s[ROUNDS / 2] / N * 1e9);
}

static void file(const struct policy *p, const char *name, const char *path)
{
	double s[ROUNDS];
	enum { N = 100000 };
	for (int i = 0; i < ROUNDS; i++) {
		double t = now_s();
		for (int k = 0; k < N; k++) {
			struct policy_file f;
			policy_file(p, slice_str(path), POLICY_READ, &f);
			sink += f.access;
		}
		s[i] = now_s() - t;
	}
	qsort(s, ROUNDS, sizeof(*s), by_value);
	(void)printf("%s: %.0f ns\n", name, s[ROUNDS / 2] / N * 1e9);
}

static void exec(const struct policy *p, const char *name)
{
	const struct slice argv[] = {SLICE("git"), SLICE("-C"), SLICE("/x"), SLICE("status")};
	struct policy_exec e = {.name = argv[0],
	        .path = SLICE("/usr/bin/git"),
	        .parent = SLICE("/bin/sh"),
	        .argv = argv,
	        .argc = 4,
	        .digest = SLICE("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")};
	double s[ROUNDS];
	enum { N = 100000 };
	for (int i = 0; i < ROUNDS; i++) {
		double t = now_s();
		for (int k = 0; k < N; k++)
			sink += policy_exec(p, &e).verdict;
		s[i] = now_s() - t;
	}
	qsort(s, ROUNDS, sizeof(*s), by_value);
	(void)printf("%s: %.0f ns\n", name, s[ROUNDS / 2] / N * 1e9);
}

static void making(struct slice yaml, const char *name)
{
	double s[ROUNDS];
	for (int i = 0; i < ROUNDS; i++) {
		struct made m;
		double t = now_s();
		if (make(yaml, POLICY_ORGANISATION, &m) < 0)
			return;
		s[i] = now_s() - t;
		drop(&m);
	}
	qsort(s, ROUNDS, sizeof(*s), by_value);
	(void)printf("%s: %.2f ms (%zu bytes)\n", name, s[ROUNDS / 2] * 1e3, yaml.n);
}

int main(int argc, char **argv)
{
	_cleanup_buf_ struct buf large = BUF(POLICY_BYTES_MAX), whole = BUF(POLICY_BYTES_MAX);
	struct made m;
	FILE *f = argc > 1 ? fopen(argv[1], "rb") : NULL;
	if (f) {
		uint8_t *room = buf_room(&whole, 65536);
		if (room)
			whole.n = fread(room, 1, 65536, f);
		(void)fclose(f);
		if (make(buf_slice(&whole), POLICY_ORGANISATION, &m) == 0) {
			making(buf_slice(&whole), "parse and compile, every kind of rule");
			request(m.p, "request, with paths", "api.example.com", "POST", "/v1/messages?beta=true");
			request(m.p, "connection", "api.example.com", "", "");
			request(m.p, "request, denied", "a.b.c.d.unknown.example", "GET", "/");
			file(m.p, "file in the project", "/home/u/p/src/deep/er/file.c");
			exec(m.p, "program");
		}
		drop(&m);
	}
	buf_str_add(&large, "organisation: x\nversion: 1\nnetwork:\n");
	for (int i = 0; i < 4000; i++)
		buf_fmt(&large, "  - {host: '%sh%d.example.com', methods: [GET, POST], paths: [/v1/, /v2/*]}\n", i % 4 ? "" : "*.", i);
	buf_str_add(&large, "exec:\n  default: allow\n  rules:\n");
	for (int i = 0; i < 1000; i++)
		buf_fmt(&large, "    - {name: tool%d, verdict: deny}\n", i);
	if (make(buf_slice(&large), POLICY_ORGANISATION, &m) == 0) {
		making(buf_slice(&large), "parse and compile, 4,000 hosts and 1,000 programs");
		request(m.p, "request among 4,000 hosts", "h1235.example.com", "POST", "/v1/messages?beta=true");
		request(m.p, "request to a suffix among 4,000 hosts", "a.b.h1236.example.com", "POST", "/v1/messages?beta=true");
		request(m.p, "request, denied, among 4,000 hosts", "a.b.c.d.unknown.example", "GET", "/");
		exec(m.p, "program among 1,000 rules");
	}
	drop(&m);
	return 0;
}
