/* Producers and the writer: what a good one gets, and that a bad one harms nobody but itself. */
#include "ledger/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "ledger/checkpoint.h"
#include "ledger/frame.h"
#include "ledger/writer.h"
#include "sys/path.h"

static char top[64], folder[96];
static pid_t writer;
static const struct store_key no_key;

static void on_ready(void *arg, const char *note)
{
	(void)note;
	(void)!write(*(int *)arg, "r", 1);
}

static void start_writer(void)
{
	int fds[2];
	char c;
	assert_int_equal(pipe(fds), 0);
	writer = fork();
	if (writer == 0) {
		struct err err = {0};
		struct writer_options o = {.ready = on_ready, .arg = &fds[1]};
		int r = writer_run(folder, &o, &err);
		if (r < 0)
			(void)fprintf(stderr, "writer: %s\n", err.text);
		_exit(r < 0);
	}
	assert_int_equal(read(fds[0], &c, 1), 1);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void stop_writer(int sig)
{
	int status;
	assert_int_equal(kill(writer, sig), 0);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_true(sig == SIGKILL || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

static int make_top(void **state)
{
	struct err err = {0};
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(top, sizeof(top), "/tmp/postern-client.XXXXXX");
	if (!mkdtemp(top))
		return -1;
	(void)snprintf(folder, sizeof(folder), "%s/l", top);
	if (store_init(folder, "example.com/client", &no_key, &err) < 0)
		return -1;
	start_writer();
	return 0;
}

static int remove_top(void **state)
{
	(void)state;
	stop_writer(SIGTERM);
	return path_remove(AT_FDCWD, top);
}

static struct ledger_client *open_client(const struct ledger_client_options *o)
{
	struct ledger_client *c = NULL;
	struct err err = {0};
	static const struct ledger_client_options plain;
	if (ledger_client_open(folder, o ? o : &plain, &c, &err) < 0)
		fail_msg("%s", err.text);
	return c;
}

/* That everybody else is still served. */
static void assert_served(void)
{
	struct ledger_client *c = open_client(NULL);
	struct slice e = SLICE("{\"a\":1}");
	struct err err = {0};
	uint64_t first;
	if (ledger_client_append(c, &e, 1, &first, &err) < 0)
		fail_msg("%s", err.text);
	ledger_client_free(c);
}

static void entries_get_their_places(void **state)
{
	struct ledger_client *c = open_client(NULL);
	struct slice e[3] = {SLICE("1"), SLICE("\"two\""), SLICE("[3]")};
	struct err err = {0};
	uint64_t a = 0, b = 0;
	_cleanup_buf_ struct buf checkpoint = BUF(NOTE_MAX);
	(void)state;
	assert_int_equal(ledger_client_append(c, e, 3, &a, &err), 0);
	assert_int_equal(ledger_client_append(c, e, 3, &b, &err), 0);
	assert_int_equal(b, a + 3);
	/* Several under way, answered in order. */
	for (int i = 0; i < 5; i++)
		assert_int_equal(ledger_client_send(c, e, 2, &err), 0);
	for (uint64_t i = 0; i < 5; i++) {
		assert_int_equal(ledger_client_wait(c, &a, &err), 0);
		assert_int_equal(a, b + 3 + 2 * i);
	}
	assert_int_equal(ledger_client_checkpoint(c, &checkpoint, &err), 0);
	struct ledger_config config;
	struct ledger_checkpoint got;
	int dir;
	assert_int_equal(ledger_open(folder, &dir, &config, &err), 0);
	struct note_vkey key = ledger_vkey(&config);
	assert_int_equal(ledger_checkpoint_parse(buf_slice(&checkpoint), "it", &key, &got, &err), 0);
	assert_int_equal(got.size, a + 2);
	buf_free(&got.note);
	(void)close(dir);
	ledger_client_free(c);
}

/* The news that a checkpoint is there must not get lost among others. */
static void checkpoints_are_always_answered(void **state)
{
	struct ledger_client_options o = {.timeout_ms = 5000};
	struct ledger_client *c = open_client(&o), *other = open_client(&o);
	struct slice e = SLICE("1");
	struct err err = {0};
	uint64_t first;
	(void)state;
	for (int i = 0; i < 300; i++) {
		_cleanup_buf_ struct buf checkpoint = BUF(NOTE_MAX);
		assert_int_equal(ledger_client_append(c, &e, 1, &first, &err), 0);
		assert_int_equal(ledger_client_send(other, &e, 1, &err), 0);
		if (ledger_client_checkpoint(c, &checkpoint, &err) < 0)
			fail_msg("%s", err.text);
		assert_int_equal(ledger_client_wait(other, &first, &err), 0);
	}
	ledger_client_free(c);
	ledger_client_free(other);
}

static void posted_entries_wait_in_bounded_memory(void **state)
{
	struct ledger_client_options o = {.memory = 300000};
	struct ledger_client *c = open_client(&o);
	static char text[1000];
	struct err err = {0};
	uint64_t before, after, posted = 0;
	struct slice one = SLICE("0");
	(void)state;
	memset(text, '7', sizeof(text));
	text[0] = '"';
	text[sizeof(text) - 1] = '"';
	assert_int_equal(ledger_client_append(c, &one, 1, &before, &err), 0);
	/* The writer is stopped: what is posted piles up, and never waits. */
	assert_int_equal(kill(writer, SIGSTOP), 0);
	int r = 0;
	for (; posted < 5000 && r == 0; posted += r == 0)
		r = ledger_client_post(c, slice_of(text, sizeof(text)), &err);
	assert_int_equal(r, -ENOBUFS);
	assert_true(posted > 200 && posted < 2000);
	assert_int_equal(kill(writer, SIGCONT), 0);
	assert_int_equal(ledger_client_flush(c, &err), 0);
	assert_int_equal(ledger_client_post(c, slice_of(text, sizeof(text)), &err), 0);
	assert_int_equal(ledger_client_flush(c, &err), 0);
	assert_int_equal(ledger_client_append(c, &one, 1, &after, &err), 0);
	assert_int_equal(after, before + posted + 2);
	ledger_client_free(c);
}

static void what_cannot_be_an_entry_is_refused(void **state)
{
	static const struct {
		struct slice entry;
		const char *why;
	} bad[] = {
	        {SLICE_INIT("{\"b\":1,\"a\":2}"), "not canonical"},
	        {SLICE_INIT("{ }"), "not canonical"},
	        {SLICE_INIT("{\"a\":1} "), "not canonical"},
	        {SLICE_INIT("nothing"), "not canonical"},
	        {SLICE_INIT("1.0"), "not canonical"},
	        {SLICE_INIT("\"\xff\""), "not canonical"},
	};
	struct err err = {0};
	uint64_t first;
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct ledger_client *c = open_client(NULL);
		struct slice e[2] = {SLICE("1"), bad[i].entry};
		int r = ledger_client_append(c, e, 2, &first, &err);
		assert_int_equal(r, -EILSEQ);
		if (!strstr(err.text, bad[i].why) || !strstr(err.text, "entry 1 of"))
			fail_msg("%s", err.text);
		ledger_client_free(c);
	}
	/* What does not even leave the producer. */
	struct ledger_client *c = open_client(NULL);
	static char large[UINT16_MAX + 1];
	struct slice none = SLICE(""), much = slice_of(large, sizeof(large));
	assert_int_equal(ledger_client_append(c, &none, 1, &first, &err), -EINVAL);
	assert_int_equal(ledger_client_append(c, &much, 1, &first, &err), -EINVAL);
	assert_int_equal(ledger_client_append(c, &none, 0, &first, &err), -EMSGSIZE);
	ledger_client_free(c);
	assert_served();
}

static int raw_connection(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/socket", folder);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void put_hello(struct buf *b)
{
	struct frame f = {.type = FRAME_HELLO, .number = FRAME_VERSION};
	frame_put(b, &f);
}

static void put_raw(struct buf *b, uint32_t length, uint8_t type, uint8_t flags, uint16_t zero, uint32_t number, const char *body)
{
	buf_be(b, length, 4);
	buf_u8(b, type);
	buf_u8(b, flags);
	buf_be(b, zero, 2);
	buf_be(b, 7, 4);
	buf_be(b, number, 4);
	buf_str_add(b, body);
}

/* Reads until the other side closes; the last frame that came. */
static uint8_t last_frame(int fd)
{
	_cleanup_buf_ struct buf in = BUF(1 << 20);
	struct frame f = {0};
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		assert_int_equal(poll(&p, 1, 10000), 1);
		uint8_t *to = buf_room(&in, 4096);
		ssize_t n = recv(fd, to, 4096, 0);
		if (n <= 0)
			break;
		in.n += (size_t)n;
	}
	struct slice rest = buf_slice(&in);
	while (frame_next(&rest, &f) == 1)
		;
	assert_int_equal(rest.n, 0);
	return f.type;
}

static void a_broken_frame_ends_its_producer_only(void **state)
{
	struct ledger_client *other = open_client(NULL);
	struct slice e = SLICE("1");
	struct err err = {0};
	uint64_t first;
	(void)state;
	for (int i = 0; i < 12; i++) {
		_cleanup_buf_ struct buf b = BUF(1 << 20);
		if (i > 0)
			put_hello(&b);
		switch (i) {
		case 0: /* no greeting */
			put_raw(&b, 3, FRAME_APPEND, 0, 0, 1, "\x01");
			buf_str_add(&b, "\x01"
			                "1");
			break;
		case 1: /* two */
			put_hello(&b);
			break;
		case 2: /* too long */
			put_raw(&b, FRAME_BODY + 1, FRAME_APPEND, 0, 0, 1, "");
			break;
		case 3:
			put_raw(&b, UINT32_MAX, FRAME_APPEND, 0, 0, 1, "");
			break;
		case 4: /* of no type */
			put_raw(&b, 0, 'X', 0, 0, 0, "");
			break;
		case 5: /* a flag that is none */
			put_raw(&b, 0, FRAME_APPEND, 0x80, 0, 0, "");
			break;
		case 6:
			put_raw(&b, 0, FRAME_APPEND, 0, 1, 0, "");
			break;
		case 7: /* nothing in it */
			put_raw(&b, 0, FRAME_APPEND, 1, 0, 0, "");
			break;
		case 8: /* fewer than it says */
			put_raw(&b, 3, FRAME_APPEND, 1, 0, 2, "");
			buf_be(&b, 1, 2);
			buf_u8(&b, '1');
			break;
		case 9: /* an entry that is longer than the frame */
			put_raw(&b, 3, FRAME_APPEND, 1, 0, 1, "");
			buf_be(&b, 2, 2);
			buf_u8(&b, '1');
			break;
		case 10: /* the writer's words */
			put_raw(&b, 0, FRAME_DONE, 0, 0, 0, "");
			break;
		default: /* another version */
			buf_reset(&b);
			put_raw(&b, 0, FRAME_HELLO, 0, 0, FRAME_VERSION + 1, "");
		}
		int fd = raw_connection();
		/* Byte by byte, too. */
		for (size_t at = 0; at < b.n; at += i % 2 ? b.n : 1)
			if (send(fd, b.p + at, i % 2 ? b.n : 1, MSG_NOSIGNAL) < 0)
				break;
		if (last_frame(fd) != FRAME_ERROR)
			fail_msg("case %d is not told what is wrong", i);
		(void)close(fd);
		assert_int_equal(ledger_client_append(other, &e, 1, &first, &err), 0);
	}
	/* One who goes in the middle of a frame, and one who never reads. */
	int fd = raw_connection();
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	put_hello(&b);
	put_raw(&b, 100, FRAME_APPEND, 1, 0, 1, "abc");
	assert_true(send(fd, b.p, b.n, MSG_NOSIGNAL) > 0);
	(void)close(fd);
	fd = raw_connection();
	buf_reset(&b);
	put_hello(&b);
	for (int i = 0; i < 20000; i++)
		put_raw(&b, 0, FRAME_FLUSH, 0, 0, 0, "");
	for (int i = 0; i < 20; i++)
		if (send(fd, b.p + (i ? FRAME_HEAD : 0), b.n - (i ? FRAME_HEAD : 0), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
			(void)usleep(1000);
	assert_int_equal(ledger_client_append(other, &e, 1, &first, &err), 0);
	(void)close(fd);
	ledger_client_free(other);
	assert_served();
}

static void a_writer_that_dies_is_told_of(void **state)
{
	struct ledger_client *c = open_client(NULL), *late = NULL;
	struct ledger_client_options short_wait = {.timeout_ms = 200};
	struct slice e = SLICE("1");
	struct err err = {0};
	uint64_t first, again;
	(void)state;
	assert_int_equal(ledger_client_append(c, &e, 1, &first, &err), 0);
	stop_writer(SIGKILL);
	int r = ledger_client_append(c, &e, 1, &again, &err);
	assert_true(r == -EPIPE || r == -ECONNRESET);
	assert_non_null(strstr(err.text, "may or may not"));
	ledger_client_free(c);
	assert_int_equal(ledger_client_open(folder, &short_wait, &late, &err), -ECONNREFUSED);
	assert_non_null(strstr(err.text, "postern log write"));
	start_writer();
	/* Nothing that was acknowledged is gone. */
	c = open_client(NULL);
	assert_int_equal(ledger_client_append(c, &e, 1, &again, &err), 0);
	assert_true(again > first);
	ledger_client_free(c);
	/* One that is stuck. */
	c = open_client(&short_wait);
	assert_int_equal(kill(writer, SIGSTOP), 0);
	assert_int_equal(ledger_client_append(c, &e, 1, &first, &err), -ETIMEDOUT);
	assert_int_equal(kill(writer, SIGCONT), 0);
	ledger_client_free(c);
	assert_served();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(entries_get_their_places),
	        cmocka_unit_test(checkpoints_are_always_answered),
	        cmocka_unit_test(posted_entries_wait_in_bounded_memory),
	        cmocka_unit_test(what_cannot_be_an_entry_is_refused),
	        cmocka_unit_test(a_broken_frame_ends_its_producer_only),
	        cmocka_unit_test(a_writer_that_dies_is_told_of),
	};
	return cmocka_run_group_tests(tests, make_top, remove_top);
}
