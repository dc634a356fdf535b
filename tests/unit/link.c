#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "gate/link.h"

static void there_and_back(void **state)
{
	(void)state;
	_cleanup_buf_ struct buf b = BUF(LINK_MAX);
	struct link_message m;
	link_begin(&b, LINK_ASK);
	for (unsigned t = 1; t < LINK_TAG_END; t++)
		link_put_u64(&b, (enum link_tag)t, t * 1000);
	assert_int_equal(link_parse(buf_slice(&b), &m), 0);
	assert_int_equal(m.kind, LINK_ASK);
	for (unsigned t = 1; t < LINK_TAG_END; t++)
		assert_int_equal(link_u64(&m, (enum link_tag)t, 0), t * 1000);
	/* An empty value is not an absent one. */
	link_begin(&b, LINK_EVENT);
	link_put(&b, LINK_REASON, SLICE(""));
	link_put(&b, LINK_RULE, SLICE_NONE);
	assert_int_equal(link_parse(buf_slice(&b), &m), 0);
	assert_non_null(m.field[LINK_REASON].p);
	assert_null(m.field[LINK_RULE].p);
}

static void refuses(void **state)
{
	(void)state;
	static const struct slice bad[] = {
	        SLICE_INIT(""),
	        SLICE_INIT("\0"),
	        SLICE_INIT("\x63"),
	        SLICE_INIT("\x01\x01"),
	        SLICE_INIT("\x01\x01\0\0\0\x05"
	                   "1234"),
	        SLICE_INIT("\x01\x01\xff\xff\xff\xff"
	                   "1"),
	        SLICE_INIT("\x01\0\0\0\0\x01"
	                   "1"),
	        SLICE_INIT("\x01\x63\0\0\0\x01"
	                   "1"),
	        SLICE_INIT("\x01\x01\0\0\0\x01"
	                   "1\x01\0\0\0\x01"
	                   "2"),
	};
	struct link_message m;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(link_parse(bad[i], &m), -EBADMSG);
}

static void over_a_socket(void **state)
{
	(void)state;
	int s[2], fd = -1, pipes[2];
	_cleanup_buf_ struct buf b = BUF(LINK_MAX), in = BUF(LINK_MAX);
	struct link_message m;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, s), 0);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(link_receive(s[1], &in, &fd), -EAGAIN);
	link_begin(&b, LINK_CONNECTED);
	link_put_u64(&b, LINK_ID, 7);
	assert_int_equal(link_send(s[0], &b, pipes[1]), 0);
	assert_int_equal(link_send(s[0], &b, -1), 0);
	assert_int_equal(link_receive(s[1], &in, &fd), 0);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	assert_int_equal(link_parse(buf_slice(&in), &m), 0);
	assert_int_equal(link_u64(&m, LINK_ID, 0), 7);
	assert_int_equal(link_receive(s[1], &in, &fd), 0);
	assert_int_equal(fd, -1);
	close(s[0]);
	assert_int_equal(link_receive(s[1], &in, &fd), -EPIPE);
	close(s[1]);
	close(pipes[0]);
	close(pipes[1]);
}

static int open_descriptors(void)
{
	int n = 0;
	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void queued(void **state)
{
	(void)state;
	enum { MESSAGES = 3000 };
	int s[2], fd, sent = 0, got = 0;
	struct link_queue q;
	struct link_message m;
	_cleanup_buf_ struct buf b = BUF(LINK_MAX), in = BUF(LINK_MAX);
	int before = open_descriptors();
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, s), 0);
	link_queue_init(&q, s[0], (size_t)1 << 20);
	/* Far more than a socket takes; every third with a descriptor, that of a file of its own. */
	while (sent < MESSAGES) {
		for (int i = 0; i < 500 && sent < MESSAGES; i++, sent++) {
			link_begin(&b, LINK_CONNECTED);
			link_put_u64(&b, LINK_ID, (uint64_t)sent);
			fd = sent % 3 ? -1 : memfd_create("", 0);
			assert_true(fd < 0 || dprintf(fd, "%d", sent) > 0);
			assert_int_equal(link_queue_send(&q, &b, fd), 0);
		}
		assert_true(link_queue_waits(&q));
		while (got < sent) {
			char text[16] = "";
			int r = link_receive(s[1], &in, &fd);
			if (r == -EAGAIN) {
				assert_int_equal(link_queue_flush(&q), 0);
				continue;
			}
			assert_int_equal(r, 0);
			assert_int_equal(link_parse(buf_slice(&in), &m), 0);
			assert_int_equal(link_u64(&m, LINK_ID, 0), got);
			assert_int_equal(fd >= 0, got % 3 == 0);
			if (fd >= 0) {
				assert_true(pread(fd, text, sizeof(text) - 1, 0) > 0);
				assert_int_equal(strtol(text, NULL, 10), got);
				close(fd);
			}
			got++;
		}
		assert_false(link_queue_waits(&q));
	}
	/* Too much for its room: an error, and no descriptor stays open. */
	int r = 0;
	for (int i = 0; r == 0; i++) {
		assert_true(i < 100000);
		r = link_queue_send(&q, &b, i % 200 ? -1 : memfd_create("", 0));
	}
	assert_int_not_equal(r, -EAGAIN);
	link_queue_free(&q);
	/* What is in the socket goes with it. */
	close(s[0]);
	close(s[1]);
	assert_int_equal(open_descriptors(), before);
	/* A side that has gone is an error. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, s), 0);
	link_queue_init(&q, s[0], 1000);
	close(s[1]);
	assert_int_equal(link_queue_send(&q, &b, -1), -EPIPE);
	link_queue_free(&q);
	close(s[0]);
}

static void configuration(void **state)
{
	(void)state;
	int c[2], l[2], got = -1;
	_cleanup_buf_ struct buf in = BUF(GATE_CONFIG_MAX), rest = BUF(GATE_CONFIG_MAX);
	struct gate_config out;
	const struct gate_config config = {.ca_cert_pem = SLICE("cert"), .ca_key_pem = SLICE("key"), .trust_pem = SLICE("roots")};
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, c), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, l), 0);
	assert_int_equal(gate_config_send(c[0], &config, l[0], &rest), 0);
	assert_int_equal(write(c[0], rest.p, rest.n), rest.n);
	assert_int_equal(gate_config_receive(c[1], &in, &got), 0);
	assert_true(got >= 0);
	assert_int_equal(gate_config_decode(buf_slice(&in), &out), 0);
	assert_true(slice_is(out.ca_key_pem, "key") && slice_is(out.trust_pem, "roots"));
	close(got);
	/* Cut off, or without the link. */
	buf_reset(&in);
	assert_int_equal(write(c[0],
	                         "\0\0\0\x09"
	                         "abc",
	                         7),
	        7);
	close(c[0]);
	assert_int_equal(gate_config_receive(c[1], &in, &got), -EBADMSG);
	assert_int_equal(gate_config_receive(c[1], &in, &got), -EBADMSG); /* what is left: "abc" */
	assert_int_equal(gate_config_receive(c[1], &in, &got), -EPIPE);
	assert_int_equal(got, -1);
	close(c[1]);
	close(l[0]);
	close(l[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(there_and_back),
	        cmocka_unit_test(refuses),
	        cmocka_unit_test(over_a_socket),
	        cmocka_unit_test(queued),
	        cmocka_unit_test(configuration),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
