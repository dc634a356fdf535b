#include "guard/notice.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <systemd/sd-bus.h>

#include "base/cleanup.h"
#include "base/encode.h"
#include "confine/process.h"
#include "sys/lib.h"

#define NOBODY  65534
#define WAIT_MS 3000
#define CALL_US 2000000u
#define MEMORY  ((rlim_t)64 << 20)

struct message {
	uid_t uid;
	char summary[NOTICE_SUMMARY], body[NOTICE_BODY];
};

/* Whose desktop it is: who logged in, whatever they became since. */
static uid_t person(const struct who *who)
{
	return who->login != UINT32_MAX ? who->login : who->uid;
}

bool notice_possible(const struct who *who)
{
	char path[64];
	struct statx x;
	(void)snprintf(path, sizeof(path), "/run/user/%u", person(who));
	/* Not in it: they may have mounted something there that does not answer. */
	return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, 0, &x) == 0;
}

static void wait_for(pid_t pid, int *status)
{
	struct pollfd p = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
	if (p.fd < 0 || poll(&p, 1, WAIT_MS) <= 0)
		(void)kill(pid, SIGKILL);
	if (p.fd >= 0)
		(void)close(p.fd);
	while (waitpid(pid, status, 0) < 0 && errno == EINTR)
		;
}

static bool send_to_role(const struct message *m)
{
	int pair[2], status = -1;
	_cleanup_fd_ int exe = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	if (exe < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return false;
	pid_t pid = fork();
	if (pid == 0)
		process_become_role("notice", exe, pair[1], -1, false);
	(void)close(pair[1]);
	if (pid > 0) {
		(void)send(pair[0], m, sizeof(*m), MSG_NOSIGNAL);
		wait_for(pid, &status);
	}
	(void)close(pair[0]);
	return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool notice_show(const struct who *who, const char *summary, const char *body)
{
	static atomic_flag busy = ATOMIC_FLAG_INIT;
	struct message m = {.uid = person(who)};
	if (!notice_possible(who) || atomic_flag_test_and_set(&busy))
		return false;
	(void)snprintf(m.summary, sizeof(m.summary), "%s", summary);
	(void)snprintf(m.body, sizeof(m.body), "%s", body);
	bool shown = send_to_role(&m);
	atomic_flag_clear(&busy);
	return shown;
}

/* ---- the role */

static bool bus_path(uid_t uid, char out[64])
{
	struct stat st;
	(void)snprintf(out, 64, "/run/user/%u/bus", uid);
	return lstat(out, &st) == 0 && S_ISSOCK(st.st_mode) && st.st_uid == uid;
}

#define BUS(X)                            \
	X(sd_bus_new)                     \
	X(sd_bus_set_address)             \
	X(sd_bus_set_bus_client)          \
	X(sd_bus_set_method_call_timeout) \
	X(sd_bus_start)                   \
	X(sd_bus_call_method)             \
	X(sd_bus_flush_close_unref)
LIB_TABLE(bus_lib, BUS);

/* Nothing of root's is left, nor comes back. */
static bool become(const struct message *m)
{
	const struct rlimit none = {0, 0}, little = {MEMORY, MEMORY};
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(m->uid, m->uid, m->uid) < 0))
		return false;
	return getuid() == m->uid && geteuid() == m->uid && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       setrlimit(RLIMIT_NPROC, &none) == 0 && setrlimit(RLIMIT_DATA, &little) == 0;
}

static int notify(sd_bus *bus, const struct message *m)
{
	_cleanup_buf_ struct buf summary = BUF(8192), shown = BUF(16384), body = BUF(65536);
	struct slice rest = slice_str(m->body), line;
	encode_shown(&summary, slice_str(m->summary));
	while (slice_split(&rest, '\n', &line)) {
		if (shown.n)
			buf_u8(&shown, '\n');
		encode_shown(&shown, line);
	}
	/* A server may read mark-up in it. */
	for (size_t i = 0; i < shown.n; i++)
		buf_fmt(&body, shown.p[i] == '&' ? "&amp;" : shown.p[i] == '<' ? "&lt;" : shown.p[i] == '>' ? "&gt;" : "%c", shown.p[i]);
	if (buf_error(&summary) || buf_error(&body))
		return -ENOMEM;
	return bus_lib.sd_bus_call_method(bus, "org.freedesktop.Notifications", "/org/freedesktop/Notifications",
	        "org.freedesktop.Notifications", "Notify", NULL, NULL, "susssasa{sv}i", "Postern", 0u, "dialog-error", buf_str(&summary),
	        buf_str(&body), 0, 1, "urgency", "y", 2, -1);
}

int notice_role(int control)
{
	struct message m;
	char path[64], address[80];
	struct err err = {0};
	sd_bus *bus = NULL;
	ssize_t n = recv(control, &m, sizeof(m), 0);
	if (n != (ssize_t)sizeof(m))
		return 1;
	m.summary[sizeof(m.summary) - 1] = m.body[sizeof(m.body) - 1] = 0;
	if (lib_load("libsystemd.so.0", "libsystemd0", bus_lib_symbols, &bus_lib, &err) < 0 || !become(&m) || !bus_path(m.uid, path))
		return 1;
	(void)snprintf(address, sizeof(address), "unix:path=%s", path);
	int r = bus_lib.sd_bus_new(&bus);
	r = r < 0 ? r : bus_lib.sd_bus_set_address(bus, address);
	r = r < 0 ? r : bus_lib.sd_bus_set_bus_client(bus, 1);
	r = r < 0 ? r : bus_lib.sd_bus_set_method_call_timeout(bus, CALL_US);
	r = r < 0 ? r : bus_lib.sd_bus_start(bus);
	r = r < 0 ? r : notify(bus, &m);
	if (bus)
		(void)bus_lib.sd_bus_flush_close_unref(bus);
	return r < 0 ? 1 : 0;
}
