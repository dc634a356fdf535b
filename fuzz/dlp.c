/* A message, whole and in pieces, through rules, known values and fingerprints; then redacted and restored. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "inspect/dlp.h"
#include "inspect/fingerprint.h"
#include "inspect/redact.h"
#include "inspect/secret_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct dlp_engine *engine;
static struct dlp_work *work;
static struct buf image = BUF(SECRET_IMAGE_MAX), sets = BUF(1u << 20);

static void must(bool good)
{
	if (!good)
		abort();
}

static void start(void)
{
	static const char file[] =
	        "int add_to_account(struct account *a, int cents)\n{\n\tif (a->closed || cents == 0)\n\t\treturn -EINVAL;\n"
	        "\ta->balance += cents;\n\tledger_note(a->number, cents, a->balance);\n\treturn 0;\n}\n";
	static const struct dlp_value values[] = {{DLP_CANARY, SLICE_INIT("canary"), SLICE_INIT("orchid-Basalt-42-meridian")},
	        {DLP_CREDENTIAL, SLICE_INIT("login"), SLICE_INIT("aaaaaaaaaaaaaaaa")}};
	struct err err = {0};
	struct fingerprint_index *x = NULL;
	struct buf rules = BUF(1u << 20);
	int fd = open("share/rules/secrets.yaml", O_RDONLY | O_CLOEXEC);
	struct stat st;
	must(fd >= 0 && fstat(fd, &st) == 0);
	uint8_t *p = buf_room(&rules, (size_t)st.st_size);
	must(p && read(fd, p, (size_t)st.st_size) == st.st_size);
	rules.n = (size_t)st.st_size;
	(void)close(fd);
	struct secret_source source = {"secrets.yaml", buf_slice(&rules)};
	must(secret_compile(&source, 1, &image, &err) == 0);
	must(fingerprint_index_new(&x) == 0 && fingerprint_add(x, SLICE("f"), slice_str(file), NULL) == 0 &&
	        fingerprint_write(x, &sets) == 0);
	fingerprint_index_free(x);
	buf_free(&rules);
	struct slice indexes[] = {buf_slice(&sets)};
	const struct dlp_parts parts = {.rules = buf_slice(&image), .values = values, .n_values = 2, .indexes = indexes, .n_indexes = 1};
	must(dlp_engine_new(&parts, &engine, &err) == 0 && dlp_work_new(engine, &work) == 0);
}

static void check(const struct dlp_scan *s, size_t size)
{
	uint64_t before = 0;
	for (size_t i = 0; i < dlp_scan_count(s); i++) {
		const struct dlp_hit *h = dlp_scan_hit(s, i);
		must(h->n > 0 && h->offset < size && h->n <= size - h->offset && h->offset >= before && h->confidence <= 100);
		must(h->chain[DLP_DEPTH + 1] == DLP_PLAIN && strlen(h->sample) < DLP_SAMPLE);
		before = h->offset;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dlp_scan *s = NULL;
	struct dlp_history *h = NULL;
	struct redact_vault *v = NULL;
	struct slice m = slice_of(data, size);
	static const uint8_t key[32] = {1};
	if (size > 200000)
		return 0;
	if (!engine)
		start();
	must(dlp_history_new(engine, 3, &h) == 0 && dlp_scan_new(engine, work, h, &s) == 0 && redact_vault_new(0, key, &v) == 0);
	must(dlp_scan_whole(s, m) == 0);
	check(s, size);
	struct buf out = BUF(1u << 20), back = BUF(1u << 20);
	if (redact_apply(v, s, m, NULL, NULL, &out) == 0 && slice_find(m, SLICE("postern-"), 0) == SLICE_NPOS) {
		struct redact_restore r = REDACT_RESTORE(v, REDACT_AS_IS);
		for (size_t at = 0, n; at < out.n; at += n) {
			n = 1 + (at * 31 + size) % 70;
			must(redact_restore(&r, slice_sub(buf_slice(&out), at, n), at + n >= out.n, &back) == 0);
		}
		must(slice_eq(buf_slice(&back), m));
	}
	buf_free(&out);
	buf_free(&back);
	dlp_scan_reset(s);
	for (size_t at = 0, n; at < size; at += n) {
		n = 1 + (at * 7 + size) % 5000;
		must(dlp_scan_feed(s, slice_sub(m, at, n)) == 0);
	}
	must(dlp_scan_end(s) == 0);
	check(s, size);
	must(dlp_scan_memory(s) <= 64u * 1024);
	redact_vault_free(v);
	dlp_scan_free(s);
	dlp_history_free(h);
	return 0;
}
