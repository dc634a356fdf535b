/* Entries on their way into a ledger: bodies come before the entries that name them, and what waits has a bound. */
#include "gate/record.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "ledger/blob.h"
#include "ledger/client.h"
#include "ledger/writer.h"
#include "sys/loop.h"
#include "sys/path.h"

#define ENTRY "{\"message\":\"m\",\"unmapped\":{\"blobs\":[{\"id\":\"" RECORD_NO_ID "\",\"size\":4}]}}"
#define LARGE ((off_t)32 << 20)

static char top[64], folder[96];
static pid_t writer;
static struct loop *loop;
static unsigned done, failed;

static void on_ready(void *arg, const char *note)
{
	(void)note;
	(void)!write(*(int *)arg, "r", 1);
}

static void on_done(void *arg, uint64_t ticket, int error)
{
	(void)ticket;
	done++;
	failed += error < 0;
	if (done == *(unsigned *)arg)
		loop_stop(loop);
}

static int make(void **state)
{
	static const struct store_key no_key;
	struct err err = {0};
	int fds[2];
	char c;
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(top, sizeof(top), "/tmp/postern-record.XXXXXX");
	if (!mkdtemp(top))
		return -1;
	(void)snprintf(folder, sizeof(folder), "%s/l", top);
	if (store_init(folder, "example.com/record", &no_key, &err) < 0 || pipe(fds) < 0)
		return -1;
	writer = fork();
	if (writer == 0) {
		struct writer_options o = {.ready = on_ready, .arg = &fds[1]};
		_exit(writer_run(folder, &o, &err) < 0);
	}
	return read(fds[0], &c, 1) == 1 && loop_new(&loop) == 0 ? 0 : -1;
}

static int clean(void **state)
{
	(void)state;
	(void)kill(writer, SIGTERM);
	(void)waitpid(writer, NULL, 0);
	loop_free(loop);
	return path_remove(AT_FDCWD, top);
}

static struct record *begin(unsigned *wanted)
{
	static const struct ledger_client_options plain;
	struct ledger_client *client = NULL;
	struct record *r = NULL;
	struct err err = {0};
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	assert_int_equal(ledger_client_open(folder, &plain, &client, &err), 0);
	assert_int_equal(record_new(loop, client, dir, on_done, wanted, &r, &err), 0);
	done = failed = 0;
	return r;
}

static int read_back(void *arg, struct slice piece)
{
	buf_add(arg, piece);
	return 0;
}

static void bodies_come_first(void **state)
{
	(void)state;
	unsigned wanted = 2;
	uint64_t first, n;
	struct err err = {0};
	struct record *r = begin(&wanted);
	int body = memfd_create("b", 0);
	assert_int_equal(write(body, "text", 4), 4);
	assert_int_equal(record_add(r, SLICE(ENTRY), 1, body), 0);
	assert_int_equal(record_add(r, SLICE("{\"message\":\"plain\"}"), 2, -1), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(failed, 0);
	assert_int_equal(record_close(r, NULL, &first, &n, &err), 0);
	assert_int_equal(n, 2);
	/* There is one blob, with that text, and its name is none of ours. */
	_cleanup_fd_ int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char pattern[200], id[BLOB_ID + 1];
	glob_t found;
	(void)snprintf(pattern, sizeof(pattern), "%s/blobs/[0-9a-f][0-9a-f]/*", folder);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	const char *path = found.gl_pathv[0] + strlen(folder) + strlen("/blobs/");
	(void)snprintf(id, sizeof(id), "%.2s%s", path, path + 3);
	globfree(&found);
	_cleanup_buf_ struct buf text = BUF(100);
	assert_int_equal(blob_read(dir, id, read_back, &text, &err), 0);
	assert_string_equal(buf_str(&text), "text");
}

/* A tool that says much, faster than the disk takes it, is refused, and not held in memory. */
static void bodies_that_wait_have_a_bound(void **state)
{
	(void)state;
	unsigned wanted = 8;
	struct err err = {0};
	struct record *r = begin(&wanted);
	/* Nothing is written to its end now. */
	assert_int_equal(kill(writer, SIGSTOP), 0);
	for (unsigned i = 0; i < 9; i++) {
		int body = memfd_create("b", 0);
		assert_int_equal(ftruncate(body, LARGE), 0);
		assert_int_equal(record_add(r, SLICE(ENTRY), i + 1, body), i < 8 ? 0 : -ENOBUFS);
	}
	/* Without a body there is room. */
	assert_int_equal(kill(writer, SIGCONT), 0);
	wanted = 9;
	assert_int_equal(record_add(r, SLICE("{\"message\":\"plain\"}"), 10, -1), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(failed, 0);
	/* And when they are written, for more. */
	wanted = 10;
	int body = memfd_create("b", 0);
	assert_int_equal(ftruncate(body, LARGE), 0);
	assert_int_equal(record_add(r, SLICE(ENTRY), 11, body), 0);
	assert_int_equal(loop_run(loop), 0);
	assert_int_equal(failed, 0);
	assert_int_equal(record_close(r, NULL, NULL, NULL, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(bodies_come_first),
	        cmocka_unit_test(bodies_that_wait_have_a_bound),
	};
	return cmocka_run_group_tests(tests, make, clean);
}
