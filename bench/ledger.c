/* What a durable entry costs: the writer of a ledger with 64 producers, beside the least that any log must pay on the same disk (a loop of 64
 * KiB append + fdatasync) and beside SQLite (WAL, synchronous=FULL, the same batches). In turns, because other work on the machine changes what
 * the disk gives.
 *	bench/ledger FOLDER [SECONDS [ROUNDS [PRODUCERS]]] */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "base/cleanup.h"
#include "ledger/client.h"
#include "ledger/store.h"
#include "ledger/writer.h"
#include "sys/path.h"

#define ENTRY   1024
#define BATCH   (64u << 10)
#define SAMPLES (1u << 20)
#define MOST    256 /* producers */

static double now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

_Noreturn static void die(const char *what, const char *why)
{
	(void)fprintf(stderr, "bench/ledger: %s: %s\n", what, why);
	exit(1);
}

static int by_value(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;
	return (x > y) - (x < y);
}

/* Times in milliseconds. */
struct times {
	float *ms;
	size_t n;
};

static float quantile(struct times *t, double q)
{
	if (t->n == 0)
		return 0;
	qsort(t->ms, t->n, sizeof(*t->ms), by_value);
	size_t at = (size_t)(q * (double)t->n);
	return t->ms[at < t->n ? at : t->n - 1];
}

struct outcome {
	double bytes_s, entries_s, p50, p99, rss_mb, writer_us, producer_us; /* of processor time, an entry */
};

static void path_of(char out[512], const char *folder, const char *name)
{
	(void)snprintf(out, 512, "%s/%s", folder, name);
}

static struct outcome bare(const char *folder, double seconds, struct times *t)
{
	static uint8_t block[BATCH];
	char path[512];
	path_of(path, folder, "bare");
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	double from = now(), at = from;
	t->n = 0;
	memset(block, 'x', sizeof(block));
	while (at - from < seconds && t->n < SAMPLES) {
		if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block) || fdatasync(fd) < 0)
			die("bare loop", strerror(errno));
		double then = now();
		t->ms[t->n++] = (float)((then - at) * 1e3);
		at = then;
	}
	(void)close(fd);
	(void)unlink(path);
	double n = (double)t->n / (at - from);
	return (struct outcome){.bytes_s = n * BATCH, .entries_s = n * BATCH / ENTRY, .p50 = quantile(t, 0.5), .p99 = quantile(t, 0.99)};
}

static void sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK)
		die("SQLite", sqlite3_errmsg(db));
}

static struct outcome sqlite(const char *folder, double seconds, const char *entry, struct times *t)
{
	char path[512], more[520];
	sqlite3 *db;
	sqlite3_stmt *s;
	path_of(path, folder, "sqlite");
	if (sqlite3_open(path, &db) != SQLITE_OK)
		die("SQLite", sqlite3_errmsg(db));
	sql(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE e(i INTEGER PRIMARY KEY, entry BLOB)");
	(void)sqlite3_prepare_v2(db, "INSERT INTO e(entry) VALUES(?)", -1, &s, NULL);
	double from = now(), at = from;
	t->n = 0;
	while (at - from < seconds && t->n < SAMPLES) {
		sql(db, "BEGIN");
		for (unsigned i = 0; i < BATCH / ENTRY; i++) {
			(void)sqlite3_bind_blob(s, 1, entry, ENTRY, SQLITE_STATIC);
			if (sqlite3_step(s) != SQLITE_DONE)
				die("SQLite", sqlite3_errmsg(db));
			(void)sqlite3_reset(s);
		}
		sql(db, "COMMIT");
		double then = now();
		t->ms[t->n++] = (float)((then - at) * 1e3);
		at = then;
	}
	(void)sqlite3_finalize(s);
	(void)sqlite3_close(db);
	(void)unlink(path);
	(void)snprintf(more, sizeof(more), "%s-wal", path);
	(void)unlink(more);
	(void)snprintf(more, sizeof(more), "%s-shm", path);
	(void)unlink(more);
	double n = (double)t->n / (at - from);
	return (struct outcome){.bytes_s = n * BATCH, .entries_s = n * BATCH / ENTRY, .p50 = quantile(t, 0.5), .p99 = quantile(t, 0.99)};
}

/* What a producer leaves behind, in memory that all share. */
struct share {
	volatile bool go;
	uint64_t entries[MOST];
	size_t n[MOST];
	float ms[MOST][SAMPLES / MOST];
};

/* every: seconds from one request to the next; 0: as soon as the last one is answered. */
static void produce(
        const char *ledger, struct share *sh, unsigned me, unsigned per_request, double seconds, double every, const char *entry)
{
	struct ledger_client_options o = {0};
	struct ledger_client *c;
	struct slice e[256];
	struct err err = {0};
	uint64_t first;
	for (unsigned i = 0; i < per_request; i++)
		e[i] = slice_of(entry, ENTRY);
	if (ledger_client_open(ledger, &o, &c, &err) < 0)
		die("producer", err.text);
	while (!sh->go)
		(void)usleep(1000);
	double from = now(), at = from, next = from + every * me / 64;
	while (at - from < seconds) {
		if (every > 0) {
			struct timespec t = {.tv_sec = (time_t)next, .tv_nsec = (long)((next - (double)(time_t)next) * 1e9)};
			(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
			next += every;
			at = now();
		}
		if (ledger_client_append(c, e, per_request, &first, &err) < 0)
			die("producer", err.text);
		double then = now();
		if (sh->n[me] < SAMPLES / MOST)
			sh->ms[me][sh->n[me]++] = (float)((then - at) * 1e3);
		sh->entries[me] += per_request;
		at = then;
	}
	ledger_client_free(c);
	exit(0);
}

static double cpu_us(const struct rusage *u)
{
	return (double)(u->ru_utime.tv_sec + u->ru_stime.tv_sec) * 1e6 + (double)(u->ru_utime.tv_usec + u->ru_stime.tv_usec);
}

static double rss_mb(pid_t pid)
{
	char path[64], line[256];
	double kb = 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "VmHWM:", 6) == 0)
			kb = strtod(line + 6, NULL);
	if (f)
		(void)fclose(f);
	return kb / 1024;
}

static void on_ready(void *arg, const char *note)
{
	(void)note;
	(void)!write(*(int *)arg, "r", 1);
}

static pid_t start_writer(const char *ledger)
{
	int fds[2];
	char c;
	if (pipe(fds) < 0)
		die("pipe", strerror(errno));
	pid_t pid = fork();
	if (pid == 0) {
		struct err err = {0};
		struct writer_options o = {.ready = on_ready, .arg = &fds[1]};
		if (writer_run(ledger, &o, &err) < 0)
			die("writer", err.text);
		exit(0);
	}
	if (read(fds[0], &c, 1) != 1)
		die("writer", "is not ready");
	(void)close(fds[0]);
	(void)close(fds[1]);
	return pid;
}

static struct outcome ledger(
        const char *path, double seconds, unsigned producers, unsigned per_request, double every, const char *entry, struct times *t)
{
	struct share *sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid[MOST], writer = start_writer(path);
	uint64_t entries = 0;
	struct rusage usage;
	double producer_us = 0;
	int status;
	if (sh == MAP_FAILED)
		die("memory", strerror(errno));
	for (unsigned i = 0; i < producers; i++)
		if ((pid[i] = fork()) == 0)
			produce(path, sh, i, per_request, seconds, every, entry);
	(void)usleep(200000);
	sh->go = true;
	double from = now();
	for (unsigned i = 0; i < producers; i++) {
		if (wait4(pid[i], &status, 0, &usage) < 0 || status != 0)
			die("producer", "ended badly");
		producer_us += cpu_us(&usage);
	}
	double took = now() - from;
	t->n = 0;
	for (unsigned i = 0; i < producers; i++) {
		entries += sh->entries[i];
		for (size_t k = 0; k < sh->n[i] && t->n < SAMPLES; k++)
			t->ms[t->n++] = sh->ms[i][k];
	}
	double rss = rss_mb(writer);
	(void)kill(writer, SIGTERM);
	if (wait4(writer, &status, 0, &usage) < 0 || status != 0)
		die("writer", "ended badly");
	(void)munmap(sh, sizeof(*sh));
	return (struct outcome){.bytes_s = (double)entries * ENTRY / took,
	        .entries_s = (double)entries / took,
	        .p50 = quantile(t, 0.5),
	        .p99 = quantile(t, 0.99),
	        .rss_mb = rss,
	        .writer_us = cpu_us(&usage) / (double)entries,
	        .producer_us = producer_us / (double)entries};
}

static void say(const char *what, const struct outcome *o, const struct outcome *raw)
{
	(void)printf("  %-34s %7.1f MB/s %9.0f entries/s  p50 %6.2f ms  p99 %6.2f ms", what, o->bytes_s / 1e6, o->entries_s, o->p50, o->p99);
	if (raw)
		(void)printf("  %3.0f %% of the loop", 100 * o->bytes_s / raw->bytes_s);
	if (o->rss_mb > 0)
		(void)printf("  %.0f MB  %.2f + %.2f us", o->rss_mb, o->writer_us, o->producer_us);
	(void)putchar('\n');
	(void)fflush(stdout);
}

static void load(void)
{
	double l[3] = {0};
	(void)getloadavg(l, 3);
	(void)printf("load %.1f %.1f %.1f\n", l[0], l[1], l[2]);
}

int main(int argc, char **argv)
{
	/* The last ones with pauses, so that what is measured is the way and not the queue: as much as a busy machine has, and as an agent. */
	static const struct {
		unsigned per_request, rate;
	} way[] = {{1, 0}, {4, 0}, {16, 0}, {64, 0}, {1, 10000}, {1, 1000}};
	const char *folder = argc > 1 ? argv[1] : ".";
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 3;
	unsigned rounds = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 3, producers = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 64;
	struct times t = {.ms = calloc(SAMPLES, sizeof(float))};
	struct store_key key = {0};
	struct err err = {0};
	char entry[ENTRY + 1], path[512];
	if (!t.ms || producers > MOST)
		die("memory", "too little");
	/* Canonical JSON of just that size. */
	int n = snprintf(entry, sizeof(entry), "{\"message\":\"");
	memset(entry + n, 'm', ENTRY - (size_t)n);
	entry[ENTRY] = 0;
	memcpy(entry + ENTRY - 20, "\",\"time\":1764000000}", 20);
	(void)signal(SIGPIPE, SIG_IGN);
	for (unsigned r = 0; r < rounds; r++) {
		load();
		struct outcome raw = bare(folder, seconds, &t);
		say("64 KiB append + fdatasync", &raw, NULL);
		for (size_t i = 0; i < ARRAY_LEN(way); i++) {
			char what[64];
			(void)snprintf(path, sizeof(path), "%s/ledger.%u.%zu", folder, r, i);
			if (store_init(path, "example.com/bench", &key, &err) < 0)
				die("ledger", err.text);
			double every = way[i].rate ? (double)producers / way[i].rate : 0;
			struct outcome o = ledger(path, seconds, producers, way[i].per_request, every, entry, &t);
			if (way[i].rate)
				(void)snprintf(what, sizeof(what), "ledger, %u entries/s are offered", way[i].rate);
			else
				(void)snprintf(what, sizeof(what), "ledger, %u producers, %u a request", producers, way[i].per_request);
			say(what, &o, &raw);
			/* What was written shall not be on its way to the disk when the next is measured. It is removed at the end:
			 * some file systems take long to find room for a new file where many were removed just before. */
			sync();
		}
		struct outcome s = sqlite(folder, seconds, entry, &t);
		say("SQLite, WAL, FULL, 64 a transaction", &s, &raw);
	}
	for (unsigned r = 0; r < rounds; r++) {
		for (size_t i = 0; i < ARRAY_LEN(way); i++) {
			(void)snprintf(path, sizeof(path), "%s/ledger.%u.%zu", folder, r, i);
			(void)path_remove(AT_FDCWD, path);
		}
	}
	free(t.ms);
	return 0;
}
