/* What the synthetic host says of its machine. */
#include "confine/lived.h"
#include "confine/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void test_every_file(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena arena = ARENA((size_t)1 << 20);
	struct host_spec h;
	assert_int_equal(host_base(&h, &arena), 0);
	h.cpus = 4096;
	h.kernel_release = "9.8.7-test";
	for (size_t i = 0; i < machine_n_files; i++) {
		const struct machine_file *f = &machine_files[i];
		_cleanup_buf_ struct buf b = BUF(MACHINE_TEXT_MAX);
		assert_true((f->fixed != NULL) != (f->text != NULL));
		assert_true(f->path[0] != '/' && strncmp(f->path, "proc", 4) != 0);
		if (f->fixed)
			buf_str_add(&b, f->fixed);
		else
			f->text(&b, &h);
		if (buf_error(&b) || b.n == 0 || b.p[b.n - 1] != '\n' || strlen(buf_str(&b)) != b.n)
			fail_msg("%s is not a text of whole lines", f->path);
		/* In the order of their names, as a person looks for them; those of sys last. */
		if (i)
			assert_true((strncmp(f->path, "sys/", 4) == 0) > (strncmp(machine_files[i - 1].path, "sys/", 4) == 0) ||
			            strcmp(machine_files[i - 1].path, f->path) < 0);
	}
}

static void test_real_kernel(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena arena = ARENA((size_t)1 << 20);
	struct host_spec h;
	struct utsname real, made;
	assert_int_equal(host_base(&h, &arena), 0);
	assert_int_equal(uname(&real), 0);
	machine_name(&h, &made);
	assert_string_equal(made.release, real.release);
	assert_string_equal(made.nodename, h.hostname);
	for (size_t i = 0; i < machine_n_files; i++) {
		_cleanup_buf_ struct buf b = BUF(MACHINE_TEXT_MAX);
		if (strcmp(machine_files[i].path, "version") != 0 && strcmp(machine_files[i].path, "sys/kernel/osrelease") != 0)
			continue;
		machine_files[i].text(&b, &h);
		assert_int_equal(b.n, 0);
	}
	assert_true(machine_cpus(&h) >= 1);
	h.cpus = UINT32_MAX;
	assert_int_equal(machine_cpus(&h), 4096);
	h.kernel_release = "a release that is longer than the sixty-four bytes which uname(2) has for it";
	machine_name(&h, &made);
	assert_int_equal(strlen(made.release), sizeof(made.release) - 1);
}

static void test_stat(void **state)
{
	(void)state;
	char whole[8192], part[100];
	size_t n = machine_stat(whole, sizeof(whole), 3, 1000.5, 1700000000);
	assert_int_equal(n, strlen(whole));
	assert_non_null(strstr(whole, "\ncpu2 "));
	assert_null(strstr(whole, "\ncpu3 "));
	assert_non_null(strstr(whole, "\nbtime 1700000000\n"));
	assert_int_equal(machine_stat(NULL, 0, 3, 1000.5, 1700000000), n);
	assert_int_equal(machine_stat(part, sizeof(part), 3, 1000.5, 1700000000), n);
	assert_int_equal(strlen(part), sizeof(part) - 1);
	assert_memory_equal(part, whole, sizeof(part) - 1);
}

static bool has(const struct host_spec *h, const char *path, const char *text)
{
	for (size_t i = 0; i < h->n_files; i++)
		if (strcmp(h->files[i].path, path) == 0)
			return slice_find(h->files[i].data, slice_str(text), 0) != SLICE_NPOS;
	return false;
}

static void test_lived_in(void **state)
{
	(void)state;
	_cleanup_arena_ struct arena arena = ARENA((size_t)1 << 20);
	struct host_spec h;
	assert_int_equal(host_base(&h, &arena), 0);
	h.home = "/home/elsewhere";
	/* What a factor has put there stays. */
	assert_int_equal(host_file_set(&h, &(struct host_file){.path = "/home/elsewhere/.bashrc", .data = SLICE("its own")}), 0);
	assert_int_equal(lived_files(&h), 0);
	assert_true(has(&h, "/home/elsewhere/.bashrc", "its own"));
	assert_true(has(&h, "/home/elsewhere/.bash_history", "make\n"));
	assert_true(has(&h, "/var/lib/dpkg/status", "Package: zlib1g\nStatus: install ok installed\n"));
	/* No names: neither the person's nor ours. */
	for (size_t i = 0; i < h.n_files; i++)
		assert_true(slice_find(h.files[i].data, SLICE("postern"), 0) == SLICE_NPOS &&
		            slice_find(h.files[i].data, slice_str(h.user), 0) == SLICE_NPOS);
	assert_int_equal(host_base(&h, &arena), 0);
	h.os_id = "rhel";
	assert_int_equal(lived_files(&h), 0);
	assert_false(has(&h, "/var/lib/dpkg/status", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_every_file),
	        cmocka_unit_test(test_real_kernel),
	        cmocka_unit_test(test_stat),
	        cmocka_unit_test(test_lived_in),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
