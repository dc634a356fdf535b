/* How fast the parsers are beside what the machine can do at all:
 *	micro BODY.json TRACE...
 * BODY.json is written: the largest JSON body in the traces, so that other parsers can be measured on the same bytes. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "parse/json.h"
#include "vet/feature.h"
#include "wire/trace.h"

#define TRACES 64
#define ROUNDS 9 /* the median counts */

/* Processor time: what else runs on the machine must not count. */
static double now_s(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct slice map(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0)
		return SLICE_NONE;
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	return p == MAP_FAILED ? SLICE_NONE : slice_of(p, (size_t)st.st_size);
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return *x < *y ? -1 : *x > *y;
}

static void say(const char *name, size_t bytes, double *seconds)
{
	qsort(seconds, ROUNDS, sizeof(*seconds), by_value);
	(void)printf(
	        "%s: %.0f MB/s (%.2f MB, median of %d)\n", name, (double)bytes / 1e6 / seconds[ROUNDS / 2], (double)bytes / 1e6, ROUNDS);
}

static struct slice largest_json(const struct slice *traces, size_t n)
{
	struct slice best = SLICE_NONE;
	for (size_t i = 0; i < n; i++) {
		struct slice rest = traces[i];
		struct trace_record r;
		while (trace_next(&rest, &r) == TRACE_OK)
			if (r.kind == TRACE_HTTP && r.field[TAG_BODY].n > best.n && r.field[TAG_BODY].p[0] == '{')
				best = r.field[TAG_BODY];
	}
	return best;
}

static void copying(struct slice body)
{
	double t[ROUNDS];
	uint8_t *to = malloc(body.n);
	for (int i = 0; to && i < ROUNDS; i++) {
		double from = now_s();
		for (int k = 0; k < 100; k++) {
			memcpy(to, body.p, body.n);
			__asm__ volatile("" : : "r"(to) : "memory"); /* or the copies are left out */
		}
		t[i] = (now_s() - from) / 100;
	}
	free(to);
	say("memcpy", body.n, t);
}

static void parsing(struct slice body)
{
	double t[ROUNDS];
	for (int i = 0; i < ROUNDS; i++) {
		_cleanup_arena_ struct arena arena = ARENA((size_t)1 << 30);
		struct json *doc;
		double from = now_s();
		if (json_parse(body, NULL, &arena, &doc, NULL) != JSON_OK) {
			(void)printf("json: the body does not parse\n");
			return;
		}
		t[i] = now_s() - from;
	}
	say("json_parse", body.n, t);
}

static void features(const struct slice *traces, size_t n)
{
	double t[ROUNDS];
	size_t bytes = 0, found = 0;
	for (int i = 0; i < ROUNDS; i++) {
		struct feature_set *s;
		struct err err = {0};
		if (feature_set_new(&s) < 0)
			return;
		double from = now_s();
		bytes = 0;
		for (size_t k = 0; k < n; k++) {
			bytes += traces[k].n;
			if (feature_set_add(s, traces[k], NULL, 0, NULL, &err) < 0)
				(void)printf("features: %s\n", err.text);
		}
		t[i] = now_s() - from;
		found = feature_count(s);
		feature_set_free(s);
	}
	say("features", bytes, t);
	(void)printf("features: %zu in %zu traces\n", found, n);
}

int main(int argc, char **argv)
{
	static struct slice traces[TRACES];
	size_t n = 0;
	for (int i = 2; i < argc && n < TRACES; i++)
		if ((traces[n] = map(argv[i])).n)
			n++;
	struct slice body = largest_json(traces, n);
	FILE *f = argc > 2 && body.n ? fopen(argv[1], "w") : NULL;
	if (!f) {
		(void)fprintf(stderr, "micro BODY.json TRACE...: no JSON body in the traces, or the file cannot be written\n");
		return 2;
	}
	bool written = fwrite(body.p, 1, body.n, f) == body.n;
	if (fclose(f) != 0 || !written)
		return 2;
	copying(body);
	parsing(body);
	features(traces, n);
	return 0;
}
