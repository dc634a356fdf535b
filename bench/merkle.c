/* How fast the parts of the ledger are that touch every byte, beside SHA-256 alone on the same machine in the same run:
 *	merkle
 * Prints the median of ROUNDS, by processor time. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "crypto/merkle.h"

#define ROUNDS 9
#define LEAF   1024
#define TIMES  20000

/* Processor time: what else runs on the machine must not count. */
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

static uint8_t data[1 << 20];
static struct merkle_hash hash[2] = {{{1}}, {{2}}};
static const EVP_MD *sha256;

static void bulk(void)
{
	for (int i = 0; i < 20; i++)
		(void)SHA256(data, sizeof(data), hash[0].b);
}

static void raw_leaf(void)
{
	for (int i = 0; i < TIMES; i++)
		(void)SHA256(data, LEAF + 1, hash[0].b);
}

static void evp_leaf(void)
{
	for (int i = 0; i < TIMES; i++)
		(void)EVP_Digest(data, LEAF + 1, hash[0].b, NULL, sha256, NULL);
}

static void leaf(void)
{
	for (int i = 0; i < TIMES; i++)
		merkle_leaf(slice_of(data, LEAF), &hash[0]);
}

static void raw_node(void)
{
	for (int i = 0; i < TIMES; i++)
		(void)SHA256(data, 65, hash[0].b);
}

static void evp_node(void)
{
	for (int i = 0; i < TIMES; i++)
		(void)EVP_Digest(data, 65, hash[0].b, NULL, sha256, NULL);
}

static void node(void)
{
	for (int i = 0; i < TIMES; i++)
		merkle_node(&hash[0], &hash[1], &hash[0]);
}

static const struct {
	const char *name;
	void (*run)(void);
	double bytes, calls;
} table[] = {
        {"SHA-256, 1 MiB at once", bulk, 20.0 * sizeof(data), 20},
        {"SHA-256, 1025 bytes (SHA256())", raw_leaf, (double)TIMES *LEAF, TIMES},
        {"SHA-256, 1025 bytes (EVP_Digest())", evp_leaf, (double)TIMES *LEAF, TIMES},
        {"merkle_leaf(), 1 KiB", leaf, (double)TIMES *LEAF, TIMES},
        {"SHA-256, 65 bytes (SHA256())", raw_node, TIMES * 64.0, TIMES},
        {"SHA-256, 65 bytes (EVP_Digest())", evp_node, TIMES * 64.0, TIMES},
        {"merkle_node()", node, TIMES * 64.0, TIMES},
};

int main(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		double t[ROUNDS];
		for (int k = 0; k < ROUNDS; k++) {
			double from = now_s();
			table[i].run();
			t[k] = now_s() - from;
		}
		qsort(t, ROUNDS, sizeof(*t), by_value);
		(void)printf("%s: %.0f MB/s, %.0f ns a call\n", table[i].name, table[i].bytes / t[ROUNDS / 2] / 1e6,
		        t[ROUNDS / 2] / table[i].calls * 1e9);
	}
	return 0;
}
