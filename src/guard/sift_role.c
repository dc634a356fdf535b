/* The process that recognises: what it reads was made by anybody, so it has no authority by the time it reads it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/sanitized.h"
#include "guard/place.h"
#include "guard/sift_part.h"
#include "identify/identify.h"
#include "parse/elfnames.h"

#define NICE     (-10)
#define AWAKE_NS 60000

static const int calls[] = {
        SCMP_SYS(read),
        SCMP_SYS(pread64),
        SCMP_SYS(preadv2),
        SCMP_SYS(lseek),
        SCMP_SYS(fstat),
        SCMP_SYS(newfstatat),
        SCMP_SYS(statx),
        SCMP_SYS(fstatfs),
        SCMP_SYS(fadvise64),
        SCMP_SYS(fcntl),
        SCMP_SYS(dup),
        SCMP_SYS(close),
        SCMP_SYS(recvmsg),
        SCMP_SYS(sendmsg),
        SCMP_SYS(mmap),
        SCMP_SYS(munmap),
        SCMP_SYS(mremap),
        SCMP_SYS(mprotect),
        SCMP_SYS(brk),
        SCMP_SYS(madvise),
        SCMP_SYS(futex),
        SCMP_SYS(clock_gettime),
        SCMP_SYS(getrandom),
        SCMP_SYS(getpid),
        SCMP_SYS(sched_yield),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(restart_syscall),
        SCMP_SYS(exit),
        SCMP_SYS(exit_group),
};
/* Also for SIFT_PLACE. openat2(2), whose flags a filter cannot see, writes nothing either: there is no write(2). */
static const int calls_place[] = {
        SCMP_SYS(openat),
        SCMP_SYS(openat2),
        SCMP_SYS(getdents64),
        SCMP_SYS(readlinkat),
};

#ifdef SANITIZED
#define OTHERWISE SCMP_ACT_ERRNO(EPERM)
#else
#define OTHERWISE SCMP_ACT_KILL_PROCESS
#endif

static int drop_capabilities(enum sift_what what)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct want[2] = {{0}, {0}};
	/* Packages lie in folders that only their owner may enter. */
	if (what == SIFT_PLACE)
		want[0].permitted = want[0].effective = 1u << CAP_DAC_READ_SEARCH;
	return syscall(SYS_capset, &h, want) < 0 ? -errno : 0;
}

int sift_seal(enum sift_what what, struct err *err)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(err, -errno, "cannot give up privileges");
	int r = drop_capabilities(what);
	if (r < 0)
		return err_sys(err, r, "cannot give up capabilities");
	scmp_filter_ctx f = seccomp_init(OTHERWISE);
	if (!f)
		return err_set(err, -ENOMEM, "no memory for a filter");
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(calls); i++)
		if (calls[i] >= 0) /* negative: this architecture has no such call */
			r = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
	for (size_t i = 0; r == 0 && what == SIFT_PLACE && i < ARRAY_LEN(calls_place); i++)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls_place[i], 0);
	r = r < 0 ? r : seccomp_load(f);
	seccomp_release(f);
	return r < 0 ? err_sys(err, r, "cannot load a filter of system calls") : 0;
}

static void text(char *to, size_t n, const char *from)
{
	(void)snprintf(to, n, "%.*s", (int)n - 1, from ? from : "");
}

static void fill(struct sift_answer *a, const struct identify_match *m)
{
	a->is_tool = m->by != IDENTIFY_BY_NOTHING;
	if (!a->is_tool)
		return;
	a->content = m->by == IDENTIFY_BY_CONSTANTS;
	a->program = m->form == IDENTIFY_FORM_ELF || m->form == IDENTIFY_FORM_SINGLE;
	a->found = m->found;
	a->of = m->of;
	text(a->tool, sizeof(a->tool), m->tool);
	text(a->title, sizeof(a->title), m->title);
	text(a->publisher, sizeof(a->publisher), m->publisher);
	text(a->package, sizeof(a->package), m->package);
	text(a->version, sizeof(a->version), m->version);
	text(a->digest, sizeof(a->digest), m->digest);
}

static bool read_at(void *arg, uint64_t at, void *out, size_t n)
{
	const int *fd = arg;
	if (at > INT64_MAX - n)
		return false;
	for (size_t got = 0; got < n;) {
		ssize_t k = pread(*fd, (char *)out + got, n - got, (off_t)(at + got));
		if (k <= 0)
			return false;
		got += (size_t)k;
	}
	return true;
}

/* Names that only programs (or libraries of programs) have which run code that is in files. A runtime for JavaScript exports Node-API,
 * without which no native addon could be loaded. */
static bool runtime_name(void *arg, struct slice name)
{
	static const char *const names[] = {"napi_create_function", "Py_BytesMain", "Py_RunMain", "Py_Main", "ruby_run_node", "perl_run",
	        "php_module_startup", "JLI_Launch", "JNI_CreateJavaVM", "lua_pcallk", "lua_pcall", "mono_main", "Tcl_Main", "Tcl_MainEx"};
	bool *found = arg;
	if (name.n < 7 || name.n > 20)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(names) && !*found; i++)
		*found = slice_is(name, names[i]);
	return !*found;
}

static enum known_runtime runtime_of(int fd)
{
	bool found = false;
	char soname[64] = "";
	if (!elfnames(read_at, &fd, runtime_name, &found, soname))
		return KNOWN_RUNTIME_NONE;
	if (strncmp(soname, "ld-linux", 8) == 0 || strncmp(soname, "ld-musl", 7) == 0 || strncmp(soname, "libc.musl", 9) == 0 ||
	        strncmp(soname, "ld64.so", 7) == 0 || strcmp(soname, "ld.so.1") == 0)
		return KNOWN_RUNTIME_LOADER;
	return found && !soname[0] ? KNOWN_RUNTIME_CODE : KNOWN_RUNTIME_NONE;
}

static void do_file(const struct identify *id, int fd, bool digest, struct sift_answer *a)
{
	struct identify_match m = {0};
	struct err err = {0};
	a->error = identify_file(id, fd, 0, &m, &err);
	/* Of what is no tool nobody wants the digest. */
	if (a->error == 0 && digest && m.by != IDENTIFY_BY_NOTHING)
		a->error = identify_file(id, fd, IDENTIFY_DIGEST, &m, &err);
	if (a->error < 0)
		return;
	fill(a, &m);
	a->runtime = (uint32_t)runtime_of(fd);
}

static void do_place(const struct identify *id, int root, const struct sift_ask *ask, int fd, struct sift_answer *a)
{
	struct identify_match m = {0};
	char path[SIFT_PATH_MAX];
	(void)snprintf(path, sizeof(path), "%.*s", (int)(ask->n < sizeof(ask->path) ? ask->n : 0), ask->path);
	a->error = place_match(id, root, path, fd, &m);
	if (a->error == 0)
		fill(a, &m);
}

/* Where one file is asked about others follow, and to be woken takes longer than to look at most of them: so it is awake for a moment. */
static ssize_t take_soon(struct sift_ask *ask, int fd[2])
{
	struct timespec from, now;
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	for (;;) {
		ssize_t n = sift_take(3, ask, sizeof(*ask), fd, MSG_DONTWAIT);
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		if (n != -EAGAIN)
			return n;
		if ((now.tv_sec - from.tv_sec) * 1000000000 + now.tv_nsec - from.tv_nsec > AWAKE_NS)
			return sift_take(3, ask, sizeof(*ask), fd, 0);
	}
}

static int serve(const struct identify *id, enum sift_what what)
{
	static struct sift_ask ask;
	for (;;) {
		int fd[2];
		struct sift_answer a = {0};
		ssize_t n = take_soon(&ask, fd);
		if (n < (ssize_t)offsetof(struct sift_ask, path) || fd[0] < 0)
			return n == 0 ? 0 : 1;
		if (what == SIFT_FILE)
			do_file(id, fd[0], ask.digest, &a);
		else if (fd[1] >= 0)
			do_place(id, fd[1], &ask, fd[0], &a);
		fd_closep(&fd[0]);
		fd_closep(&fd[1]);
		if (sift_pass(3, &a, sizeof(a), NULL, 0, 0) < 0)
			return 1;
	}
}

int sift_role(void)
{
	struct sift_begin b;
	struct identify *id = NULL;
	struct err err = {0};
	int fd[2];
	if (sift_take(3, &b, sizeof(b), fd, 0) != (ssize_t)sizeof(b) || b.what >= SIFT_WHATS)
		return 1;
	b.prints[sizeof(b.prints) - 1] = 0;
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	int r = identify_open(b.prints[0] ? b.prints : NULL, &id, &err);
	r = r < 0 ? r : sift_seal((enum sift_what)b.what, &err);
	struct sift_answer a = {.error = r};
	text(a.trouble, sizeof(a.trouble), r < 0 ? err.text : "");
	if (sift_pass(3, &a, sizeof(a), NULL, 0, 0) < 0 || r < 0)
		return 1;
	return serve(id, (enum sift_what)b.what);
}
