/* Turns over every bit of every file of a log, one at a time, and says which of them verification does not notice:
 * ledger_bits FOLDER KEYFILE SEED PART PARTS. SEED 0: all bits; else one by chance in each byte. One process does every PARTS-th byte, from
 * the PART-th on. Ends with 0 if none is left; "config" and "key" are no part of what is verified. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "ledger/config.h"
#include "ledger/verify.h"
#include "sys/path.h"

static char files[4096][200];
static size_t n_files;

static int note_file(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)at;
	if (type != FTW_F || !S_ISREG(st->st_mode) || n_files == ARRAY_LEN(files))
		return 0;
	(void)snprintf(files[n_files++], sizeof(files[0]), "%s", path);
	return 0;
}

static bool wanted(const char *path)
{
	return strncmp(path, "./tile/", 7) == 0 || strcmp(path, "./checkpoint") == 0;
}

int main(int argc, char **argv)
{
	struct ledger_config config;
	struct err err = {0};
	struct note_vkey key;
	_cleanup_buf_ struct buf text = BUF(4096);
	const char *why;
	int dir;
	unsigned long bytes = 0, bits = 0, missed = 0, per_fault[VERIFY_FAULTS] = {0};
	unsigned seed = argc == 6 ? (unsigned)strtoul(argv[3], NULL, 10) : 0;
	unsigned long part = argc == 6 ? strtoul(argv[4], NULL, 10) : 0, parts = argc == 6 ? strtoul(argv[5], NULL, 10) : 0;
	if (parts == 0 || ledger_open(argv[1], &dir, &config, &err) < 0 || path_read(AT_FDCWD, argv[2], &text) < 0 ||
	        tlog_vkey_read(slice_trim(buf_slice(&text)), &key, &why) < 0) {
		(void)fprintf(stderr, "ledger_bits: %s\n", err.text);
		return 2;
	}
	unsigned chance = seed + (unsigned)part;
	struct verify_options o = {.key = &key, .threads = 1};
	struct verify_result v;
	if (ledger_verify(dir, &o, &v, &err) < 0 || v.fault != VERIFY_GOOD || fchdir(dir) < 0 || nftw(".", note_file, 16, FTW_PHYS) < 0) {
		(void)fprintf(stderr, "ledger_bits: the log is not good to begin with: %s%s\n", v.text, err.text);
		return 2;
	}
	for (size_t f = 0; f < n_files; f++) {
		struct stat st;
		int fd = wanted(files[f]) ? open(files[f], O_RDWR) : -1;
		if (fd < 0)
			continue;
		if (fstat(fd, &st) < 0)
			return 2;
		for (off_t at = 0; at < st.st_size; at++) {
			uint8_t byte, other;
			if (bytes++ % parts != part)
				continue;
			if (pread(fd, &byte, 1, at) != 1)
				return 2;
			int only = seed ? rand_r(&chance) & 7 : -1;
			for (int bit = 0; bit < 8; bit++) {
				if (only >= 0 && bit != only)
					continue;
				other = (uint8_t)(byte ^ 1 << bit);
				if (pwrite(fd, &other, 1, at) != 1)
					return 2;
				int r = ledger_verify(dir, &o, &v, &err);
				bits++;
				per_fault[r < 0 ? VERIFY_CHECKPOINT : v.fault]++;
				if (r == 0 && v.fault == VERIFY_GOOD) {
					(void)printf("not noticed: %s, byte %ld, bit %d\n", files[f], (long)at, bit);
					missed++;
				}
			}
			if (pwrite(fd, &byte, 1, at) != 1)
				return 2;
		}
		(void)close(fd);
	}
	if (ledger_verify(dir, &o, &v, &err) < 0 || v.fault != VERIFY_GOOD) {
		(void)fprintf(stderr, "ledger_bits: the log is not good in the end\n");
		return 2;
	}
	for (int k = 0; k < VERIFY_FAULTS; k++)
		if (per_fault[k])
			(void)printf("%s: %lu\n", verify_word((enum verify_fault)k), per_fault[k]);
	(void)printf("%lu bits, %lu not noticed\n", bits, missed);
	return missed ? 1 : 0;
}
