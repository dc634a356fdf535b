/* Runs a fuzz target over the files given, or all files of the folders given: the corpora are replayed by the ordinary tests. Each
 * input is copied into memory of exactly its size, so that a read past the end is seen by the sanitizer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned count;

static int one(const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return -1;
	if (S_ISDIR(st.st_mode)) {
		DIR *d = opendir(path);
		if (!d)
			return -1;
		struct dirent *e;
		int r = 0;
		while (r == 0 && (e = readdir(d))) {
			char child[4096];
			if (e->d_name[0] == '.')
				continue;
			(void)snprintf(child, sizeof(child), "%s/%s", path, e->d_name);
			r = one(child);
		}
		(void)closedir(d);
		return r;
	}
	FILE *f = fopen(path, "rb");
	if (!f)
		return -1;
	size_t n = (size_t)st.st_size;
	uint8_t *p = malloc(n ? n : 1);
	if (!p || fread(p, 1, n, f) != n) {
		(void)fclose(f);
		free(p);
		return -1;
	}
	(void)fclose(f);
	(void)LLVMFuzzerTestOneInput(p, n);
	free(p);
	count++;
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (one(argv[i]) < 0) {
			(void)fprintf(stderr, "%s: cannot be read\n", argv[i]);
			return 1;
		}
	(void)printf("%u inputs replayed\n", count);
	return count ? 0 : 1;
}
