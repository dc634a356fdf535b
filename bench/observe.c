/* What it costs a tool to be looked at in its trial: the same trials, by turns with confine/observe.h and without. Prints the medians of
 * wall clock and processor time and what the eyes add. Usage: observe PROFILE TRIALS -- COMMAND ARGUMENT… */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cmd/subject.h"
#include "crypto/cert.h"
#include "sys/loop.h"
#include "vet/setup.h"
#include "wire/world_config.h"
#include "world/world.h"

#define TRIALS_MAX 500

struct sample {
	double wall, tool, own;
};
static struct sample samples[2][TRIALS_MAX];
static size_t n_samples[2];
static struct loop *loop;
static struct trial_result result;

static void on_done(void *arg, struct trial_result *r)
{
	(void)arg;
	result = *r;
	loop_stop(loop);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double median(int on, size_t member)
{
	double v[TRIALS_MAX];
	for (size_t i = 0; i < n_samples[on]; i++)
		v[i] = ((const double *)&samples[on][i])[member];
	qsort(v, n_samples[on], sizeof(*v), by_value);
	return n_samples[on] ? v[n_samples[on] / 2] : 0;
}

static int one(const struct vet_subject *s, const struct profile *p, struct slice cert, struct slice key, bool on, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)16 << 20);
	static const struct treatment ordinary = {.base = BASE_OFFICIAL};
	struct setup setup;
	struct trial *trial;
	int r = setup_trial(s, p, &ordinary, cert, false, &arena, &setup, err);
	if (r < 0)
		return r;
	struct world_config w = {.ca_cert_pem = cert,
	        .ca_key_pem = key,
	        .seed = SLICE("bench"),
	        .model_hosts = p->model_hosts,
	        .dialect = p->dialect,
	        .client_ipv4 = setup.host.ipv4,
	        .project = setup.host.project,
	        .trace_max = (uint64_t)64 << 20};
	_cleanup_buf_ struct buf config = BUF((size_t)1 << 20);
	world_config_encode(&config, &w);
	struct trial_spec spec = {.host = &setup.host,
	        .argv = setup.argv,
	        .mounts = s->mounts,
	        .n_mounts = s->n_mounts,
	        .world = buf_slice(&config),
	        .limits = {.seconds = p->seconds},
	        .observe = {.on = on}};
	r = trial_start(loop, &spec, on_done, NULL, &trial, err);
	r = r < 0 ? r : loop_run(loop);
	if (r < 0)
		return r;
	if (result.end == TRIAL_FAILED) {
		*err = result.err;
		return -1;
	}
	samples[on][n_samples[on]++] = (struct sample){result.wall_s, result.tool_cpu_s, result.own_cpu_s};
	trial_result_free(&result);
	return 0;
}

int main(int argc, char **argv)
{
	static struct arena arena = ARENA((size_t)64 << 20);
	struct buf cert = BUF(65536), key = BUF(65536);
	struct vet_subject subject = {0};
	struct profile profile;
	struct err err = {0};
	if (argc == 2 && strcmp(argv[1], "--role=world") == 0)
		return world_main(3);
	if (argc < 5 || strcmp(argv[3], "--") != 0) {
		(void)fprintf(stderr, "usage: observe PROFILE TRIALS -- COMMAND ARGUMENT...\n");
		return 2;
	}
	unsigned long trials = strtoul(argv[2], NULL, 10);
	if (profile_load(argv[1], &arena, &profile, &err) < 0 ||
	        subject_of_command(argv + 4, (size_t)(argc - 4), &arena, &subject, &err) < 0 || loop_new(&loop) < 0 ||
	        cert_ca_new(NULL, time(NULL), &cert, &key) < 0) {
		(void)fprintf(stderr, "observe: %s\n", err.text);
		return 1;
	}
	for (unsigned long i = 0; i < 2 * trials && i < 2UL * TRIALS_MAX; i++)
		/* off on on off: what drifts falls on both alike. */
		if (one(&subject, &profile, buf_slice(&cert), buf_slice(&key), (i & 3) == 1 || (i & 3) == 2, &err) < 0) {
			(void)fprintf(stderr, "observe: %s\n", err.text);
			return 1;
		}
	static const char *const names[] = {"wall clock", "processor, tool", "processor, ours"};
	for (size_t m = 0; m < ARRAY_LEN(names); m++)
		(void)printf("%-16s %8.3f s without, %8.3f s with: %+.1f %%\n", names[m], median(0, m), median(1, m),
		        median(0, m) > 0 ? 100 * (median(1, m) / median(0, m) - 1) : 0);
	return 0;
}
