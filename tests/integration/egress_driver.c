/* Drives src/guard/egress.h for tests/integration/egress.sh: options, then hosts ("name" closed, "+name" open). Prints a line for what is
 * told, and obeys lines on its input: "hosts H…", "process PID", "cgroup FOLDER", "no-process PID", "counts", "stop", "open". At the end of its input it
 * stops. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "guard/egress.h"
#include "lines.h"
#include "sys/loop.h"

static struct egress *egress;
static struct loop *loop;
static bool open_all;

static void tell(void *arg, const struct egress_event *e)
{
	(void)arg;
	printf("event %s %s process=%d user=%u command=%s name=%s address=%s port=%u protocol=%u count=%llu tool=%s rule=%s\n",
	        egress_why_name(e->why), e->at_connect ? "connect" : "data", (int)e->process, (unsigned)e->user, e->command, e->name,
	        e->address, e->port, e->protocol, (unsigned long long)e->count, e->tool ? e->tool : "-", e->rule ? e->rule : "-");
	(void)fflush(stdout);
}

static size_t read_hosts(char **word, size_t n, struct egress_host *out)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (struct egress_host){.pattern = word[i] + (word[i][0] == '+'), .open = word[i][0] == '+', .tool = "tool-x", .rule = "rule-1"};
	return n;
}

static void obey(char *line)
{
	char *word[64], *rest = NULL;
	size_t n = 0;
	struct err err = {0};
	for (char *w = strtok_r(line, " \n", &rest); w && n < 64; w = strtok_r(NULL, " \n", &rest))
		word[n++] = w;
	if (n == 0)
		return;
	int r = 0;
	if (strcmp(word[0], "hosts") == 0) {
		struct egress_host h[64];
		r = egress_update(egress, h, read_hosts(word + 1, n - 1, h), &err);
	} else if (strcmp(word[0], "process") == 0 && n == 2) {
		r = egress_except_process(egress, (pid_t)strtol(word[1], NULL, 10), true);
	} else if (strcmp(word[0], "no-process") == 0 && n == 2) {
		r = egress_except_process(egress, (pid_t)strtol(word[1], NULL, 10), false);
	} else if (strcmp(word[0], "cgroup") == 0 && n == 2) {
		r = egress_except_cgroup(egress, word[1], true);
	} else if (strcmp(word[0], "counts") == 0) {
		struct egress_counts c;
		egress_counts(egress, &c);
		printf("refused=%llu held=%llu answers=%llu lost=%llu addresses=%zu\n", (unsigned long long)c.refused,
		        (unsigned long long)c.held, (unsigned long long)c.answers, (unsigned long long)c.lost, c.addresses);
	} else if (strcmp(word[0], "stop") == 0 || strcmp(word[0], "open") == 0) {
		open_all = word[0][0] == 'o';
		loop_stop(loop);
		return;
	}
	printf("done %d %s\n", r, err.text);
	(void)fflush(stdout);
}

static void on_input(void *arg, uint32_t events)
{
	(void)arg, (void)events;
	if (!lines_read(obey))
		loop_stop(loop);
}

int main(int argc, char **argv)
{
	struct egress_config c = {.tell = tell};
	const char *resolver[16] = {NULL};
	size_t n_resolvers = 0;
	int i = 1;
	for (; i < argc && argv[i][0] == '-'; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";
		if (strcmp(argv[i], "--outlive") == 0)
			c.outlive = true;
		else if (strcmp(argv[i], "--at-connect") == 0)
			c.at_connect = true;
		else if (strcmp(argv[i], "--private") == 0)
			c.private = true;
		else if (strcmp(argv[i], "--ask") == 0)
			c.ask = true;
		else if (strcmp(argv[i], "--cgroup") == 0)
			c.cgroup = value, i++;
		else if (strcmp(argv[i], "--pins") == 0)
			c.pins = value, i++;
		else if (strcmp(argv[i], "--backend") == 0)
			c.backend = strcmp(value, "nft") == 0 ? EGRESS_NFT : EGRESS_BPF, i++;
		else if (strcmp(argv[i], "--resolver") == 0 && n_resolvers < 15)
			resolver[n_resolvers++] = value, i++;
		else
			return 2;
	}
	if (n_resolvers)
		c.resolvers = resolver;
	struct egress_host h[64];
	size_t n = read_hosts(argv + i, (size_t)(argc - i) > 64 ? 64 : (size_t)(argc - i), h);
	struct err err = {0};
	struct source *input;
	if (loop_new(&loop) < 0)
		return 2;
	int r = egress_start(loop, &c, h, n, &egress, &err);
	if (r < 0) {
		printf("failed %d %s\n", r, err.text);
		return r == -EOPNOTSUPP ? 3 : 2;
	}
	if (loop_add(loop, 0, EPOLLIN, on_input, NULL, &input) < 0)
		return 2;
	printf("ready %s\n", egress_describe(egress));
	(void)fflush(stdout);
	r = loop_run(loop);
	loop_remove(input);
	egress_stop(egress, open_all);
	loop_free(loop);
	return r < 0 ? 2 : 0;
}
