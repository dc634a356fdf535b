/* Scans messages for tests/integration/dlp_recall.py, with the rules of share/rules. Standard input: messages, each behind its length in
 *four bytes, big-endian. Standard output: a line for each message, its hits separated by tabs: RULE CLASS OFFSET LENGTH CONFIDENCE CHAIN.
 * redact: each message is searched, redacted, restored (which must give the same), and what is printed is found in the redacted one.
 *	dlp_scan whole|pieces|redact [FILE...]    with files: scans those instead, and prints "FILE<tab>hits" for those that have any, then
 *totals
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "inspect/dlp.h"
#include "inspect/redact.h"
#include "inspect/secret_table.h"

static struct slice map(const char *path)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0)
		return SLICE_NONE;
	void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	return p == MAP_FAILED ? SLICE_NONE : slice_of(p, (size_t)st.st_size);
}

static double now(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int scan(struct dlp_scan *s, struct slice m, bool whole)
{
	dlp_scan_reset(s);
	if (whole)
		return dlp_scan_whole(s, m);
	int e = 0;
	for (size_t at = 0, n; e == 0 && at < m.n; at += n) {
		n = 1 + (at * 7919 + m.n) % 1500;
		e = dlp_scan_feed(s, slice_sub(m, at, n));
	}
	return e < 0 ? e : dlp_scan_end(s);
}

/* Leaves the hits of the redacted message. */
static int redacted(struct dlp_scan *s, struct slice m)
{
	static struct redact_vault *vault;
	_cleanup_buf_ struct buf out = BUF(64u << 20), back = BUF(64u << 20);
	int e = vault ? 0 : redact_vault_new(64u << 20, NULL, &vault);
	if (e < 0 || (e = redact_apply(vault, s, m, NULL, NULL, &out)) < 0)
		return e;
	struct redact_restore r = REDACT_RESTORE(vault, REDACT_AS_IS);
	for (size_t at = 0; e == 0 && at < out.n; at += 41)
		e = redact_restore(&r, slice_sub(buf_slice(&out), at, 41), at + 41 >= out.n, &back);
	if (e < 0 || !slice_eq(buf_slice(&back), m))
		return e < 0 ? e : -EBADMSG;
	return scan(s, buf_slice(&out), true);
}

static void print(const struct dlp_scan *s)
{
	for (size_t i = 0; i < dlp_scan_count(s); i++) {
		const struct dlp_hit *h = dlp_scan_hit(s, i);
		(void)printf("%s%s %s %llu %llu %u ", i ? "\t" : "", h->rule, dlp_class_name(h->class), (unsigned long long)h->offset,
		        (unsigned long long)h->n, h->confidence);
		for (size_t k = 0; k == 0 || (k < DLP_DEPTH + 2 && h->chain[k]); k++)
			(void)printf("%s%s", k ? "+" : "", dlp_decoding_name(h->chain[k]));
	}
	(void)printf("\n");
}

int main(int argc, char **argv)
{
	struct err err = {0};
	_cleanup_buf_ struct buf image = BUF(SECRET_IMAGE_MAX);
	struct secret_source source = {"secrets.yaml", map("share/rules/secrets.yaml")};
	struct dlp_engine *engine = NULL;
	struct dlp_work *work = NULL;
	struct dlp_scan *s = NULL;
	bool whole = argc < 2 || strcmp(argv[1], "pieces") != 0, redact = argc > 1 && strcmp(argv[1], "redact") == 0;
	if (secret_compile(&source, 1, &image, &err) < 0 ||
	        dlp_engine_new(&(struct dlp_parts){.rules = buf_slice(&image)}, &engine, &err) < 0 || dlp_work_new(engine, &work) < 0 ||
	        dlp_scan_new(engine, work, NULL, &s) < 0) {
		(void)fprintf(stderr, "dlp_scan: %s\n", err.text);
		return 1;
	}
	if (argc > 2) {
		double spent = 0;
		size_t bytes = 0, hits = 0;
		char path[4096];
		FILE *list = strcmp(argv[2], "-") == 0 ? stdin : NULL;
		for (int i = 2; list ? fgets(path, sizeof(path), list) != NULL : i < argc; i++) {
			if (list)
				path[strcspn(path, "\n")] = 0;
			struct slice m = map(list ? path : argv[i]);
			double begin = now();
			if (!m.p || scan(s, m, whole) < 0)
				continue;
			spent += now() - begin;
			bytes += m.n;
			hits += dlp_scan_count(s);
			if (dlp_scan_count(s)) {
				(void)printf("%s\t", list ? path : argv[i]);
				print(s);
			}
			(void)munmap((void *)(uintptr_t)m.p, m.n);
		}
		(void)printf("= %zu bytes, %zu hits, %.3f s\n", bytes, hits, spent);
	} else {
		uint8_t head[4];
		while (fread(head, 1, 4, stdin) == 4) {
			size_t n = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
			_cleanup_free_ uint8_t *p = malloc(n ? n : 1);
			if (!p || fread(p, 1, n, stdin) != n || scan(s, slice_of(p, n), whole) < 0)
				return 1;
			int e = redact ? redacted(s, slice_of(p, n)) : 0;
			if (e == -ENOSPC) {
				(void)printf("cut\n");
				continue;
			}
			if (e < 0) {
				(void)fprintf(stderr, "dlp_scan: error %d of %.*s\n", e, SLICE_FMT(slice_of(p, n)));
				return 1;
			}
			print(s);
		}
	}
	dlp_scan_free(s);
	dlp_work_free(work);
	dlp_engine_free(engine);
	return 0;
}
