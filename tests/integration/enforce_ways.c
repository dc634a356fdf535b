/* Ways to run or read a program, for tests/integration/enforce.sh: each a word, see the table at the end. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK_ONLY 0x10000 /* AT_EXECVE_CHECK of Linux 6.14 */

static int die(const char *what)
{
	(void)fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return errno == EPERM || errno == EACCES ? 13 : 14;
}

static void run_fd(int fd, char **argv, int flags)
{
	(void)syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH | flags);
}

static int way_memfd(char **a)
{
	struct stat st;
	int from = open(a[0], O_RDONLY | O_CLOEXEC), fd = memfd_create("x", 0);
	if (from < 0 || fstat(from, &st) < 0)
		return die("open");
	if (fd < 0)
		return die("memfd_create");
	if (sendfile(fd, from, NULL, (size_t)st.st_size) != st.st_size)
		return die("sendfile");
	run_fd(fd, a, 0);
	return die("execveat");
}

/* A file system of its own that is put into no tree of names. */
static int way_detached(char **a)
{
	struct stat st;
	int from = open(a[0], O_RDONLY | O_CLOEXEC), fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	if (from < 0 || fstat(from, &st) < 0)
		return die("open");
	if (fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return die("fsopen");
	int dir = fsmount(fs, FSMOUNT_CLOEXEC, 0), to = openat(dir, "x", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	if (to < 0 || sendfile(to, from, NULL, (size_t)st.st_size) != st.st_size || close(to) < 0)
		return die("sendfile");
	int fd = openat(dir, "x", O_PATH | O_CLOEXEC);
	run_fd(fd, a, 0);
	return die("execveat");
}

static int way_opath(char **a)
{
	int fd = open(a[0], O_PATH | O_CLOEXEC);
	if (fd < 0)
		return die("open");
	run_fd(fd, a, 0);
	return die("execveat");
}

static int way_descriptor(char **a)
{
	int fd = open(a[0], O_RDONLY);
	if (fd < 0)
		return die("open");
	run_fd(fd, a, 0);
	return die("execveat");
}

static int way_check(char **a)
{
	int fd = open(a[0], O_PATH | O_CLOEXEC);
	if (fd < 0)
		return die("open");
	if (syscall(SYS_execveat, fd, "", a, environ, AT_EMPTY_PATH | CHECK_ONLY) == 0)
		return 0;
	return errno == EINVAL ? 77 : die("execveat");
}

/* A loader of one's own begins so. */
static int way_map(char **a)
{
	int fd = open(a[0], O_RDONLY);
	if (fd < 0)
		return die("open");
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? die("mmap") : 0;
}

static int spawn(const char *program)
{
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		char slow[] = "slow";
		char *argv[] = {(char *)(uintptr_t)program, slow, NULL};
		(void)execv(program, argv);
		_exit(errno == EPERM ? 13 : 14);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 15;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static char *slurp(const char *path, size_t *n)
{
	struct stat st;
	int fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	char *p = malloc((size_t)st.st_size);
	*n = (size_t)st.st_size;
	if (p && read(fd, p, *n) != (ssize_t)*n)
		return NULL;
	(void)close(fd);
	return p;
}

/* map-write TARGET CONTENT: TARGET, as large as CONTENT or larger, is run, then overwritten through a mapping, then run again. */
static int way_map_write(char **a)
{
	size_t n;
	char *bytes = slurp(a[1], &n);
	if (!bytes)
		return die("read");
	int before = spawn(a[0]); /* each takes a while: what is noticed late is ended before it does anything */
	if (before != 0) {
		(void)fprintf(stderr, "at first: %d\n", before);
		return 14;
	}
	int fd = open(a[0], O_RDWR);
	if (fd < 0)
		return die("open");
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return die("mmap");
	memcpy(p, bytes, n);
	(void)munmap(p, n);
	(void)close(fd);
	return spawn(a[0]);
}

/* swap GOOD BAD TARGET N: a thread exchanges what TARGET is, in place and by rename, while it is run N times. How often BAD ran (it ends
 * with 42). */
static struct {
	const char *good, *bad, *target;
	atomic_int stop;
} swapping;

static void write_over(const char *from, const char *to, int flags)
{
	size_t n;
	char *bytes = slurp(from, &n);
	int fd = open(to, O_WRONLY | O_CREAT | flags, 0755);
	if (bytes && fd >= 0 && write(fd, bytes, n) != (ssize_t)n)
		(void)fputs("short write\n", stderr);
	if (fd >= 0)
		(void)close(fd);
	free(bytes);
}

static void *swapper(void *arg)
{
	char fresh[4096];
	(void)arg;
	(void)snprintf(fresh, sizeof(fresh), "%s.new", swapping.target);
	for (unsigned i = 0; !swapping.stop; i++) {
		write_over(i & 1 ? swapping.bad : swapping.good, i & 2 ? swapping.target : fresh, O_TRUNC);
		if (!(i & 2))
			(void)rename(fresh, swapping.target);
	}
	return NULL;
}

static int way_swap(char **a)
{
	pthread_t t;
	unsigned ran = 0, good = 0;
	swapping.good = a[0];
	swapping.bad = a[1];
	swapping.target = a[2];
	write_over(a[0], a[2], O_TRUNC);
	if (pthread_create(&t, NULL, swapper, NULL) != 0)
		return 15;
	for (unsigned long i = strtoul(a[3], NULL, 10); i; i--) {
		int r = spawn(a[2]);
		ran += r == 42;
		good += r == 0;
	}
	swapping.stop = 1;
	(void)pthread_join(t, NULL);
	(void)printf("bad %u good %u\n", ran, good);
	return ran ? 42 : 0;
}

/* pending N DIR: N threads open a file each, DIR/0 and so on, at once. */
static atomic_int opened, refused;
static const char *pending_dir;

static void *opener(void *arg)
{
	char path[4096];
	(void)snprintf(path, sizeof(path), "%s/%u", pending_dir, (unsigned)(uintptr_t)arg);
	int fd = open(path, O_RDONLY);
	if (fd >= 0)
		opened++;
	else
		refused++;
	if (fd >= 0)
		(void)close(fd);
	return NULL;
}

static int way_pending(char **a)
{
	size_t n = strtoul(a[0], NULL, 10), started = 0;
	pthread_attr_t small;
	pthread_t *t = calloc(n, sizeof(*t));
	pending_dir = a[1];
	(void)pthread_attr_init(&small);
	(void)pthread_attr_setstacksize(&small, 65536);
	while (t && started < n && pthread_create(&t[started], &small, opener, (void *)started) == 0)
		started++;
	(void)printf("started %zu\n", started);
	(void)fflush(stdout);
	for (size_t i = 0; i < started; i++)
		(void)pthread_join(t[i], NULL);
	(void)printf("opened %d refused %d\n", opened, refused);
	free(t);
	return refused ? 13 : 0;
}

/* fuse POINT FILE [fails|silent|own]: serves a folder with one file, "tool", with the bytes of FILE, until it is unmounted. Whoever opens the
 * file gets an error, or never an answer; or it is only for user 12345, and not for root. */
static void fuse_reply(int fd, uint64_t unique, int error, const void *data, size_t n)
{
	struct fuse_out_header h = {.len = (uint32_t)(sizeof(h) + n), .error = error, .unique = unique};
	struct iovec {
		const void *p;
		size_t n;
	} v[] = {{&h, sizeof(h)}, {data, n}};
	(void)!syscall(SYS_writev, fd, v, n ? 2 : 1);
}

static struct fuse_attr attr_of(uint64_t node, size_t n)
{
	return (struct fuse_attr){.ino = node, .size = node == 1 ? 0 : n, .mode = node == 1 ? S_IFDIR | 0755 : S_IFREG | 0755, .nlink = 1};
}

static int way_fuse(char **a)
{
	size_t n;
	char *bytes = slurp(a[1], &n), options[128];
	const char *how = a[2] ? a[2] : "";
	static union {
		struct fuse_in_header h;
		char bytes[1 << 18];
	} in;
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (!bytes || fd < 0)
		return die("open");
	(void)snprintf(options, sizeof(options), "fd=%d,rootmode=40755,%s", fd,
	        strcmp(how, "own") == 0 ? "user_id=12345,group_id=12345" : "user_id=0,group_id=0,allow_other");
	if (mount("tool", a[0], "fuse.test", MS_NODEV, options) < 0)
		return die("mount");
	while (read(fd, in.bytes, sizeof(in)) > 0) {
		const void *body = in.bytes + sizeof(in.h);
		uint64_t node = in.h.nodeid;
		if (in.h.opcode == FUSE_INIT) {
			struct fuse_init_out o = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_readahead = 65536, .max_write = 65536};
			fuse_reply(fd, in.h.unique, 0, &o, sizeof(o));
		} else if (in.h.opcode == FUSE_GETATTR) {
			struct fuse_attr_out o = {.attr_valid = 60, .attr = attr_of(node, n)};
			fuse_reply(fd, in.h.unique, 0, &o, sizeof(o));
		} else if (in.h.opcode == FUSE_LOOKUP && strcmp(body, "tool") == 0) {
			struct fuse_entry_out o = {.nodeid = 2, .entry_valid = 60, .attr_valid = 60, .attr = attr_of(2, n)};
			fuse_reply(fd, in.h.unique, 0, &o, sizeof(o));
		} else if (in.h.opcode == FUSE_OPEN && strcmp(how, "fails") == 0) {
			fuse_reply(fd, in.h.unique, -EIO, NULL, 0);
		} else if (in.h.opcode == FUSE_OPEN && strcmp(how, "silent") == 0) {
			continue;
		} else if (in.h.opcode == FUSE_OPEN || in.h.opcode == FUSE_OPENDIR) {
			struct fuse_open_out o = {.fh = node};
			fuse_reply(fd, in.h.unique, 0, &o, sizeof(o));
		} else if (in.h.opcode == FUSE_READ) {
			const struct fuse_read_in *r = body;
			size_t at = r->offset < n ? (size_t)r->offset : n, k = n - at < r->size ? n - at : r->size;
			fuse_reply(fd, in.h.unique, 0, bytes + at, k);
		} else if (in.h.opcode == FUSE_FORGET || in.h.opcode == FUSE_BATCH_FORGET || in.h.opcode == FUSE_INTERRUPT) {
			continue;
		} else if (in.h.opcode == FUSE_RELEASE || in.h.opcode == FUSE_RELEASEDIR || in.h.opcode == FUSE_FLUSH ||
		           in.h.opcode == FUSE_ACCESS) {
			fuse_reply(fd, in.h.unique, 0, NULL, 0);
		} else {
			fuse_reply(fd, in.h.unique, in.h.opcode == FUSE_LOOKUP ? -ENOENT : -ENOSYS, NULL, 0);
		}
	}
	return 0;
}

/* storm N PROGRAM: runs it N times, and says how many a second and how often it did not end with 0. */
static int way_storm(char **a)
{
	struct timespec from, to;
	unsigned long n = strtoul(a[0], NULL, 10), wrong = 0;
	char *argv[] = {a[1], NULL};
	(void)clock_gettime(CLOCK_MONOTONIC, &from);
	for (unsigned long i = 0; i < n; i++) {
		int status = 0;
		pid_t pid;
		wrong += posix_spawn(&pid, a[1], NULL, NULL, argv, environ) != 0 || waitpid(pid, &status, 0) < 0 || status != 0;
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &to);
	double s = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	(void)printf("%lu in %.3f s: %.0f/s, wrong %lu\n", n, s, (double)n / s, wrong);
	return wrong ? 1 : 0;
}

static const struct {
	const char *word;
	int operands;
	int (*run)(char **a);
} ways[] = {
        {"memfd", 1, way_memfd},
        {"detached", 1, way_detached},
        {"opath", 1, way_opath},
        {"descriptor", 1, way_descriptor},
        {"check", 1, way_check},
        {"map", 1, way_map},
        {"map-write", 2, way_map_write},
        {"swap", 4, way_swap},
        {"pending", 2, way_pending},
        {"fuse", 2, way_fuse},
        {"storm", 2, way_storm},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(ways[0]); i++)
		if (strcmp(ways[i].word, argv[1]) == 0 && argc >= 2 + ways[i].operands)
			return ways[i].run(argv + 2);
	(void)fputs("usage: enforce_ways WAY OPERAND...\n", stderr);
	return 2;
}
