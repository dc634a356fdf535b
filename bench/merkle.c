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
#include "parse/jcs.h"

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

/* An entry as the ledger keeps them (OCSF 4002, HTTP activity), canonical, about 1 KiB; and the same with its members the other way round
 * and white space, as a program might write it. */
static const char entry[] =
        "{\"activity_id\":6,\"activity_name\":\"Post\",\"actor\":{\"process\":{\"cmd_line\":\"node cli.js --print \\\"fix the "
        "test\\\"\",\"file\":"
        "{\"hashes\":[{\"algorithm_id\":3,\"value\":\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"}],\"name\":"
        "\"node\",\"path\":"
        "\"/usr/bin/"
        "node\"},\"pid\":48213},\"user\":{\"name\":\"m.bÃ¶hm\",\"uid\":\"1001\"}},\"category_uid\":4,\"class_uid\":4002,\"device\":{"
        "\"hostname\":\"build-17.example.org\",\"os\":{\"name\":\"Debian "
        "GNU/Linux\",\"type_id\":200}},\"disposition_id\":1,\"dst_endpoint\":{\"hostname\":"
        "\"api.example.com\",\"ip\":\"203.0.113.17\",\"port\":443},\"http_request\":{\"http_method\":\"POST\",\"length\":18342,\"url\":{"
        "\"path\":"
        "\"/v1/messages\",\"scheme\":\"https\"}},\"http_response\":{\"code\":200,\"latency\":812,\"length\":1204},\"message\":\"request to "
        "the model, allowed by"
        " rule "
        "egress/"
        "model-api\",\"metadata\":{\"product\":{\"name\":\"Postern\",\"vendor_name\":\"Postern\",\"version\":\"0.3.0\"},\"uid\":"
        "\"01J0ZK5W3E8Q9D4"
        "R7T2Y6B1N5M\",\"version\":\"1.8.0\"},\"policy\":{\"uid\":\"sha256:"
        "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce\"},"
        "\"severity_id\":1,\"time\":1785312000123,\"type_uid\":400206}";
static uint8_t loose_text[4096];
static struct slice loose;
static struct buf written = BUF(4096);

/* The members of the outermost object, last one first. */
static void turn_round(void)
{
	size_t depth = 0, end = sizeof(entry) - 2, n = 0;
	bool string = false;
	loose_text[n++] = '{';
	for (size_t i = end; i-- > 0;) {
		char c = entry[i];
		if (c == '"' && (i == 0 || entry[i - 1] != '\\'))
			string = !string;
		if (string)
			continue;
		depth += (size_t)(c == '}' || c == ']');
		if (depth == 0 && (c == ',' || i == 0)) {
			n += (size_t)snprintf((char *)loose_text + n, sizeof(loose_text) - n, "%s\n\t%.*s", n > 1 ? "," : "",
			        (int)(end - i - 1), entry + i + 1);
			end = i;
		}
		depth -= (size_t)((c == '{' || c == '[') && i > 0);
	}
	loose_text[n++] = '}';
	loose = slice_of(loose_text, n);
}

static void must(int r, const char *what)
{
	if (r < 0) {
		(void)fprintf(stderr, "%s: %d\n", what, r);
		exit(1);
	}
}

static void checking(void)
{
	const char *why;
	size_t at;
	for (int i = 0; i < TIMES; i++)
		must(jcs_check(slice_of(entry, sizeof(entry) - 1), &why, &at), "jcs_check");
}

static void writing(struct slice in)
{
	const char *why;
	size_t at;
	for (int i = 0; i < TIMES; i++) {
		_cleanup_arena_ struct arena scratch = ARENA(1 << 20);
		buf_reset(&written);
		must(jcs_write(in, &scratch, &written, &why, &at), "jcs_write");
	}
	must(slice_is(buf_slice(&written), entry) ? 0 : -1, "jcs_write wrote something else");
}

static void writing_canonical(void)
{
	writing(slice_of(entry, sizeof(entry) - 1));
}

static void writing_loose(void)
{
	writing(loose);
}

static void copying(void)
{
	for (int i = 0; i < TIMES; i++) {
		memcpy(data, entry, sizeof(entry));
		__asm__ volatile("" : : "r"(data) : "memory");
	}
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
        {"memcpy of an entry", copying, (double)TIMES * sizeof(entry), TIMES},
        {"jcs_check() of an entry", checking, (double)TIMES * sizeof(entry), TIMES},
        {"jcs_write() of the same", writing_canonical, (double)TIMES * sizeof(entry), TIMES},
        {"jcs_write(), members not in order", writing_loose, (double)TIMES * sizeof(entry), TIMES},
};

int main(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	turn_round();
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
