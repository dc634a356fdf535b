#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "gate/keep.h"

static void grows(void **state)
{
	(void)state;
	struct keep k;
	char text[16];
	keep_begin(&k, SLICE("one "));
	keep_add(&k, SLICE("two"));
	assert_true(k.fd >= 0);
	assert_true(keep_seal(k.fd));
	assert_int_equal(pread(k.fd, text, sizeof(text), 0), 7);
	assert_memory_equal(text, "one two", 7);
	/* From here on nobody changes it, whoever else has it. */
	assert_int_equal(write(k.fd, "x", 1), -1);
	assert_int_equal(ftruncate(k.fd, 0), -1);
	keep_free(&k);
	assert_int_equal(k.fd, -1);
	/* Too much is nothing, and no half of it. */
	static uint8_t much[1 << 20];
	keep_begin(&k, SLICE_NONE);
	for (int i = 0; i < 32; i++)
		keep_add(&k, slice_of(much, sizeof(much)));
	assert_true(k.fd >= 0);
	keep_add(&k, SLICE("x"));
	assert_int_equal(k.fd, -1);
	keep_add(&k, SLICE("x"));
	assert_int_equal(k.fd, -1);
}

/* What a gate's process that somebody has taken over might hand in. */
static void only_files_that_nobody_changes(void **state)
{
	(void)state;
	char name[] = "/tmp/postern-keep.XXXXXX";
	int pipes[2], file = mkstemp(name), zero = open("/dev/zero", O_RDWR);
	assert_true(file >= 0 && zero >= 0);
	(void)unlink(name);
	assert_int_equal(pipe(pipes), 0);
	assert_false(keep_seal(file));
	assert_false(keep_seal(zero));
	assert_false(keep_seal(pipes[1]));
	int mapped = memfd_create("m", MFD_ALLOW_SEALING), plain = memfd_create("m", 0), large = memfd_create("m", MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(mapped, 4096), 0);
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, mapped, 0);
	assert_true(p != MAP_FAILED);
	assert_false(keep_seal(mapped));
	assert_false(keep_seal(plain));
	assert_int_equal(ftruncate(large, (off_t)KEEP_MAX + 1), 0);
	assert_false(keep_seal(large));
	(void)munmap(p, 4096);
	for (size_t i = 0; i < 7; i++)
		close((int[]){file, zero, pipes[0], pipes[1], mapped, plain, large}[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(grows),
	        cmocka_unit_test(only_files_that_nobody_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
