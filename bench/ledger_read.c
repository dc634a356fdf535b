/* What it costs to check a ledger: builds one, then verifies all of it, and makes proofs. Beside what SHA-256 alone takes for the same
 *entries and the same tree in the same run. bench/ledger_read FOLDER [ENTRIES [BYTES]] */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/cleanup.h"
#include "ledger/proof.h"
#include "ledger/queue.h"
#include "ledger/verify.h"
#include "sys/path.h"

#define PROOFS 2000

static double clock_s(clockid_t id)
{
	struct timespec t;
	(void)clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

_Noreturn static void die(const char *what, const char *why)
{
	(void)fprintf(stderr, "bench/ledger_read: %s: %s\n", what, why);
	exit(1);
}

static void on_done(void *arg, const struct queue_ack *acks, size_t n, int error)
{
	(void)arg;
	(void)acks;
	(void)n;
	(void)error;
}

static void make_entry(uint8_t *p, size_t bytes, uint64_t i)
{
	int n = snprintf((char *)p + 2, bytes, "{\"n\":\"%020llu\",\"text\":\"", (unsigned long long)i);
	memset(p + 2 + n, 'x', bytes - (size_t)n - 2);
	memcpy(p + bytes, "\"}", 2);
	p[0] = (uint8_t)(bytes >> 8);
	p[1] = (uint8_t)bytes;
}

static void build(int dir, uint64_t entries, size_t bytes)
{
	static uint8_t one[2 + 65536];
	static const struct store_key key;
	struct store s;
	struct queue *q;
	struct err err = {0};
	double from = clock_s(CLOCK_MONOTONIC);
	if (store_open(dir, &key, &s, &err) < 0 || queue_new(&s, on_done, NULL, &q, &err) < 0)
		die("build", err.text);
	for (uint64_t i = 0; i < entries; i++) {
		make_entry(one, bytes, i);
		if (queue_add(q, slice_of(one, bytes + 2)) < 0)
			break;
		if (i % 512 == 511)
			queue_kick(q);
	}
	if (queue_end(q, &err) < 0)
		die("build", err.text);
	queue_free(q);
	store_close(&s);
	double took = clock_s(CLOCK_MONOTONIC) - from;
	(void)printf("  built: %llu entries of %zu bytes, %.0f entries/s, %.0f MB/s, signed once a second\n", (unsigned long long)entries,
	        bytes, (double)entries / took, (double)(entries * bytes) / took / 1e6);
}

/* Hashes as many entries and nodes as the tree has, from memory. */
static double sha_alone(uint64_t entries, size_t bytes)
{
	static uint8_t one[2 + 65536];
	uint64_t some = entries > 1000000 ? 1000000 : entries;
	struct merkle_range r = {0};
	make_entry(one, bytes, 1);
	double from = clock_s(CLOCK_THREAD_CPUTIME_ID);
	for (uint64_t i = 0; i < some; i++) {
		struct merkle_hash h;
		one[12] = (uint8_t)i;
		merkle_leaf(slice_of(one + 2, bytes), &h);
		merkle_append(&r, &h, NULL, NULL);
	}
	return (clock_s(CLOCK_THREAD_CPUTIME_ID) - from) * (double)entries / (double)some;
}

static double processor(void)
{
	return clock_s(CLOCK_PROCESS_CPUTIME_ID);
}

static void verify(int dir, const struct note_vkey *key, unsigned threads, double alone, size_t bytes)
{
	struct verify_options o = {.key = key, .threads = threads};
	struct verify_result v;
	struct err err = {0};
	double from = clock_s(CLOCK_MONOTONIC), cpu = processor();
	if (ledger_verify(dir, &o, &v, &err) < 0 || v.fault != VERIFY_GOOD)
		die("verify", v.text);
	double wall = clock_s(CLOCK_MONOTONIC) - from;
	cpu = processor() - cpu;
	(void)printf("  verify, %u thread%s: %.2f s (%.0f MB/s), %.2f s of processor time; SHA-256 alone %.2f s: %.0f %% of one "
	             "processor's speed by "
	             "the clock, %.0f %% by processor time a thread\n",
	        threads, threads > 1 ? "s" : "", wall, (double)(v.size * bytes) / wall / 1e6, cpu, alone, 100 * alone / wall,
	        100 * alone / (cpu / threads));
	(void)fflush(stdout);
}

static void prove(int dir, const struct note_vkey *key, uint64_t entries)
{
	struct err err = {0};
	double worst = 0, sum = 0;
	for (unsigned i = 0; i < PROOFS; i++) {
		_cleanup_buf_ struct buf out = BUF((size_t)1 << 20);
		double from = clock_s(CLOCK_MONOTONIC);
		if (ledger_prove(dir, "checkpoint", key, (uint64_t)i * 0x9e3779b97f4a7c15u % entries, &out, &err) < 0)
			die("prove", err.text);
		double took = clock_s(CLOCK_MONOTONIC) - from;
		sum += took;
		worst = took > worst ? took : worst;
	}
	(void)printf("  prove: %.3f ms each, %.3f ms at worst (%d proofs, each with its checkpoint read and its signature checked)\n",
	        sum * 1e3 / PROOFS, worst * 1e3, PROOFS);
}

int main(int argc, char **argv)
{
	static const struct store_key no_key;
	const char *folder = argc > 1 ? argv[1] : ".";
	uint64_t entries = argc > 2 ? strtoull(argv[2], NULL, 10) : 10000000;
	size_t bytes = argc > 3 ? strtoul(argv[3], NULL, 10) : 256;
	struct err err = {0};
	struct ledger_config config;
	struct rusage usage;
	char path[512];
	int dir;
	if (bytes < 64 || bytes > 65535)
		die("bytes", "64 to 65535");
	(void)snprintf(path, sizeof(path), "%s/ledger.read", folder);
	if (store_init(path, "example.com/bench", &no_key, &err) < 0 || ledger_open(path, &dir, &config, &err) < 0)
		die("ledger", err.text);
	struct note_vkey key = ledger_vkey(&config);
	build(dir, entries, bytes);
	double alone = sha_alone(entries, bytes);
	verify(dir, &key, 1, alone, bytes);
	verify(dir, &key, 2, alone, bytes);
	prove(dir, &key, entries);
	(void)getrusage(RUSAGE_SELF, &usage);
	(void)printf("  memory of all that: %.0f MB\n", (double)usage.ru_maxrss / 1024);
	(void)close(dir);
	(void)path_remove(AT_FDCWD, path);
	return 0;
}
