/* How fast what a tool sends is searched, on one core:
 *	dlp RULES.yaml FILE...
 * The files (source code, documentation) become prompts: JSON bodies of 100 KB, as a coding tool sends them. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "inspect/dlp.h"
#include "inspect/fingerprint.h"
#include "inspect/redact.h"
#include "inspect/secret_table.h"

#define PROMPT  100000u
#define PROMPTS 200u
#define ROUNDS  9u /* the median counts */

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

static bool read_file(const char *path, struct buf *out)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	uint8_t *p = buf_room(out, (size_t)st.st_size);
	if (!p || read(fd, p, (size_t)st.st_size) != st.st_size)
		return false;
	out->n += (size_t)st.st_size;
	return true;
}

static void quote(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_u8(out, '\\');
		if (s.p[i] == '\n')
			buf_str_add(out, "\\n");
		else if (s.p[i] == '\t')
			buf_str_add(out, "\\t");
		else if (s.p[i] >= ' ')
			buf_u8(out, s.p[i]);
	}
}

struct bench {
	struct buf prompts[PROMPTS];
	size_t n, bytes;
	struct slice plain; /* all files */
};

static void measure(const struct bench *b, const char *what, const struct dlp_parts *parts, size_t piece)
{
	struct dlp_engine *e = NULL;
	struct dlp_work *w = NULL;
	struct dlp_scan *s = NULL;
	struct err err = {0};
	double seconds[ROUNDS], each[PROMPTS];
	size_t hits = 0, memory = 0;
	if (dlp_engine_new(parts, &e, &err) < 0 || dlp_work_new(e, &w) < 0 || dlp_scan_new(e, w, NULL, &s) < 0) {
		(void)printf("%s: %s\n", what, err.text);
		return;
	}
	for (unsigned r = 0; r < ROUNDS; r++) {
		double begin = now_s();
		hits = 0;
		for (size_t i = 0; i < b->n; i++) {
			double from = now_s();
			struct slice m = buf_slice(&b->prompts[i]);
			dlp_scan_reset(s);
			int code = 0;
			if (piece) {
				for (size_t at = 0; code == 0 && at < m.n; at += piece)
					code = dlp_scan_feed(s, slice_sub(m, at, piece));
				code = code ? code : dlp_scan_end(s);
			} else {
				code = dlp_scan_whole(s, m);
			}
			hits += dlp_scan_count(s);
			each[i] = code ? 0 : now_s() - from;
		}
		seconds[r] = now_s() - begin;
		memory = dlp_scan_memory(s);
	}
	qsort(seconds, ROUNDS, sizeof(*seconds), by_value);
	qsort(each, b->n, sizeof(*each), by_value);
	(void)printf("| %s | %.0f | %.3f | %.3f | %zu | %zu |\n", what, (double)b->bytes / 1e6 / seconds[ROUNDS / 2], each[b->n / 2] * 1e3,
	        each[b->n * 99 / 100] * 1e3, memory, hits);
	dlp_scan_free(s);
	dlp_work_free(w);
	dlp_engine_free(e);
}

int main(int argc, char **argv)
{
	static struct bench b;
	struct err err = {0};
	struct buf rules = BUF(1u << 20), image = BUF(SECRET_IMAGE_MAX), all = BUF(256u << 20), index = BUF(256u << 20);
	if (argc < 3 || !read_file(argv[1], &rules)) {
		(void)fprintf(stderr, "usage: dlp RULES.yaml FILE...\n");
		return 2;
	}
	for (int i = 2; i < argc; i++)
		(void)read_file(argv[i], &all);
	for (size_t at = 0; b.n < PROMPTS && at + PROMPT < all.n; b.n++, at += PROMPT - 8000) {
		struct buf *p = &b.prompts[b.n];
		*p = BUF(4 * PROMPT);
		buf_str_add(p, "{\"model\":\"m-1\",\"max_tokens\":4096,\"messages\":[{\"role\":\"user\",\"content\":\"");
		quote(p, slice_sub(buf_slice(&all), at, PROMPT - 8000));
		buf_str_add(p, "\"}]}");
		b.bytes += p->n;
	}
	double begin = now_s();
	struct secret_source source = {argv[1], buf_slice(&rules)};
	if (b.n == 0 || secret_compile(&source, 1, &image, &err) < 0) {
		(void)fprintf(stderr, "dlp: %s\n", b.n ? err.text : "too few bytes in the files");
		return 1;
	}
	double compiled = now_s() - begin;
	struct dlp_parts parts = {.rules = buf_slice(&image)}, none = {.n_values = 0};
	begin = now_s();
	struct dlp_engine *e = NULL;
	struct dlp_work *w = NULL;
	if (dlp_engine_new(&parts, &e, &err) < 0 || dlp_work_new(e, &w) < 0)
		return 1;
	(void)printf("%zu prompts, %.1f MB; rules: %zu, compiled in %.0f ms to %zu KiB, opened in %.2f ms\n\n", b.n, (double)b.bytes / 1e6,
	        dlp_engine_rules(e), compiled * 1e3, image.n >> 10, (now_s() - begin) * 1e3);
	dlp_work_free(w);
	dlp_engine_free(e);
	struct dlp_value values[20];
	static char text[20][40];
	for (unsigned i = 0; i < 20; i++) {
		(void)snprintf(text[i], sizeof(text[i]), "kV%08xq%08xZ%08x", i * 2654435761u, i * 40503u + 77777777u, ~i * 69069u);
		values[i] = (struct dlp_value){DLP_CREDENTIAL, SLICE("credential"), slice_str(text[i])};
	}
	struct fingerprint_index *x = NULL;
	size_t files = 0;
	begin = now_s();
	if (fingerprint_index_new(&x) < 0 || fingerprint_folder(x, AT_FDCWD, "src", false, &files, &err) < 0 ||
	        fingerprint_write(x, &index) < 0)
		return 1;
	double indexed = now_s() - begin;
	fingerprint_index_free(x);
	struct slice indexes[] = {buf_slice(&index)};
	(void)printf("| searched for | MB/s | ms, half the prompts | ms, 99 of 100 | bytes a message | hits |\n| --- | --- | --- | --- | "
	             "--- | --- |\n");
	measure(&b, "nothing: decoders only", &none, 0);
	measure(&b, "rules", &parts, 0);
	measure(&b, "rules, fed in pieces of 4 KiB", &parts, 4096);
	parts.values = values;
	parts.n_values = 20;
	measure(&b, "rules, 20 known values", &parts, 0);
	parts.indexes = indexes;
	parts.n_indexes = 1;
	measure(&b, "rules, 20 known values, fingerprints", &parts, 0);
	measure(&b, "all, fed in pieces of 4 KiB", &parts, 4096);
	(void)printf("\nfingerprints: %zu files, %zu KiB of index, made in %.0f ms\n", files, index.n >> 10, indexed * 1e3);
	return 0;
}
