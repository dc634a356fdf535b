/* Files outside: written, secrets read, and things left that others will run. */
#include "attack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#define OUT       attack_path("${OUTSIDE}/canary")
#define PROJ(t)   attack_path("${PROJECT}/" t)
#define MARK      "escape-mark" /* what is written; the name of the case is put to it where it fits */
#define LOOK_HERE attack_look(OUT, MARK)

/* ── writing outside ── */

/* Opens `arg` for writing and writes; the runner looks at the file outside. */
static enum verdict write_path(const void *arg)
{
	const char *p = attack_path(arg);
	if (!attack_write(p, O_WRONLY | O_TRUNC, MARK) && !attack_write(p, O_WRONLY | O_APPEND, MARK))
		return attack_note(HELD, "%s", strerror(errno));
	return strstr(p, "/canary") ? LOOK_HERE : attack_look(p, MARK);
}
static enum verdict create_path(const void *arg)
{
	const char *p = attack_path(arg);
	if (!attack_write(p, O_WRONLY | O_CREAT | O_TRUNC, MARK))
		return attack_note(HELD, "%s", strerror(errno));
	return attack_look(p, MARK);
}
static enum verdict by_symlink(const void *arg)
{
	(void)unlink(PROJ("ln"));
	if (symlink(attack_path("${OUTSIDE}/canary"), PROJ("ln")) < 0)
		return attack_note(HELD, "%s", strerror(errno));
	bool ok = attack_write(PROJ("ln"), O_WRONLY, MARK);
	(void)arg;
	return ok ? LOOK_HERE : attack_note(HELD, "%s", strerror(errno));
}
static enum verdict by_symlink_folder(const void *arg)
{
	(void)arg;
	(void)unlink(PROJ("lnd"));
	if (symlink(attack_env("OUTSIDE"), PROJ("lnd")) < 0)
		return attack_note(HELD, "%s", strerror(errno));
	return attack_write(PROJ("lnd/canary"), O_WRONLY, MARK) ? LOOK_HERE : attack_note(HELD, "%s", strerror(errno));
}
static enum verdict by_hardlink(const void *arg)
{
	(void)arg;
	(void)unlink(PROJ("hard"));
	if (link(OUT, PROJ("hard")) < 0)
		return attack_note(HELD, "%s", strerror(errno));
	return attack_write(PROJ("hard"), O_WRONLY, MARK) ? LOOK_HERE : attack_note(HELD, "%s", strerror(errno));
}
static enum verdict by_renaming(const void *arg)
{
	(void)arg;
	if (!attack_write(PROJ("mine"), O_WRONLY | O_CREAT, MARK))
		return attack_note(NOT_TRIED, "%s", strerror(errno));
	return rename(PROJ("mine"), OUT) == 0 ? LOOK_HERE : attack_note(HELD, "%s", strerror(errno));
}
static enum verdict by_exchange(const void *arg)
{
	(void)arg;
	if (!attack_write(PROJ("mine"), O_WRONLY | O_CREAT, MARK))
		return attack_note(NOT_TRIED, "%s", strerror(errno));
	return syscall(SYS_renameat2, AT_FDCWD, PROJ("mine"), AT_FDCWD, OUT, 2) == 0 ? LOOK_HERE : attack_note(HELD, "%s", strerror(errno));
}
static enum verdict by_openat2(const void *arg)
{
	struct open_how how = {.flags = O_WRONLY};
	(void)arg;
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, OUT, &how, sizeof(how));
	return fd >= 0 && write(fd, MARK, sizeof(MARK)) > 0 ? LOOK_HERE : attack_note(HELD, "%s", strerror(errno));
}
static enum verdict by_old_open(const void *arg)
{
	(void)arg;
#ifdef SYS_open
	int fd = (int)syscall(SYS_open, OUT, O_RDWR);
	return fd >= 0 && write(fd, MARK, sizeof(MARK)) > 0 ? LOOK_HERE : attack_note(HELD, "%s", strerror(errno));
#else
	return attack_note(NOT_TRIED, "another architecture");
#endif
}
static enum verdict by_path_descriptor(const void *arg)
{
	char path[64];
	int fd = open(OUT, O_PATH);
	(void)arg;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return attack_write(path, O_WRONLY, MARK) ? LOOK_HERE : attack_note(HELD, "%s", strerror(errno));
}
static enum verdict by_read_descriptor(const void *arg)
{
	/* Open for reading, mapped for writing. */
	(void)arg;
	int fd = open(OUT, O_RDONLY);
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return attack_note(HELD, "%s", strerror(errno));
	(void)memcpy(p, MARK, sizeof(MARK));
	return LOOK_HERE;
}
static enum verdict by_reprotect(const void *arg)
{
	(void)arg;
	int fd = open(OUT, O_RDONLY);
	char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED || mprotect(p, 4096, PROT_READ | PROT_WRITE) < 0)
		return attack_note(HELD, "%s", strerror(errno));
	(void)memcpy(p, MARK, sizeof(MARK));
	return LOOK_HERE;
}
static enum verdict by_self_mem(const void *arg)
{
	/* /proc/self/mem writes where mappings are read-only. */
	(void)arg;
	int fd = open(OUT, O_RDONLY), mem = open("/proc/self/mem", O_RDWR);
	char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	if (mem < 0 || p == MAP_FAILED || pwrite(mem, MARK, sizeof(MARK), (off_t)(uintptr_t)p) < 0)
		return attack_note(HELD, "%s", strerror(errno));
	return LOOK_HERE;
}
static enum verdict by_splice(const void *arg)
{
	/* The way of the "dirty pipe": the page of a file spliced into a pipe, and written over there. */
	int p[2], fd = open(OUT, O_RDONLY);
	loff_t at = 0;
	(void)arg;
	if (pipe(p) < 0 || splice(fd, &at, p[1], NULL, 1, 0) < 0)
		return attack_note(HELD, "%s", strerror(errno));
	(void)!write(p[1], MARK, sizeof(MARK));
	return LOOK_HERE;
}

/* One call that changes something outside: 0 is an escape. */
enum change { TRUNCATE, CHMOD, CHOWN, UTIMES, SETXATTR, UNLINK, MKDIR, RMDIR, FIFO, SYMLINK, FCHMODAT2, RENAME_OUT, RENAME_IN, FICLONE_TO, SETFLAGS, FALLOCATE, LINK_OUT, DEVICE, BIND, TMPFILE };
static enum verdict change(const void *arg)
{
	switch (*(const enum change *)arg) {
	case TRUNCATE:
		return attack_result(truncate(OUT, 0));
	case CHMOD:
		return attack_result(chmod(OUT, 0777));
	case CHOWN:
		return attack_result(lchown(OUT, getuid(), getgid()));
	case UTIMES:
		return attack_result(utimensat(AT_FDCWD, OUT, NULL, 0));
	case SETXATTR:
		return attack_result(setxattr(OUT, "user.escape", "x", 1, 0));
	case UNLINK:
		return attack_result(unlink(attack_path("${OUTSIDE}/spare")));
	case MKDIR:
		return attack_result(mkdir(attack_path("${OUTSIDE}/folder"), 0700));
	case RMDIR:
		return attack_result(rmdir(attack_path("${OUTSIDE}/empty")));
	case FIFO:
		return attack_result(mkfifo(attack_path("${OUTSIDE}/fifo"), 0600));
	case SYMLINK:
		return attack_result(symlink("x", attack_path("${OUTSIDE}/symlink")));
	case FCHMODAT2:
		return attack_result(syscall(452, AT_FDCWD, OUT, 0777, 0));
	case RENAME_OUT:
		(void)attack_write(PROJ("go"), O_WRONLY | O_CREAT, "x");
		return attack_result(rename(PROJ("go"), attack_path("${OUTSIDE}/came")));
	case RENAME_IN:
		return attack_result(rename(attack_path("${OUTSIDE}/spare2"), PROJ("spare2")));
	case FICLONE_TO:
		return attack_result(ioctl(open(OUT, O_RDONLY), FICLONE, open("/etc/passwd", O_RDONLY)));
	case SETFLAGS: {
		int flags = FS_NODUMP_FL;
		return attack_result(ioctl(open(OUT, O_RDONLY), FS_IOC_SETFLAGS, &flags));
	}
	case FALLOCATE:
		return attack_result(fallocate(open(OUT, O_RDWR), 0, 0, 100));
	case LINK_OUT:
		(void)attack_write(PROJ("go"), O_WRONLY | O_CREAT, "x");
		return attack_result(link(PROJ("go"), attack_path("${OUTSIDE}/linked")));
	case DEVICE:
		return attack_result(mknod(PROJ("device"), S_IFBLK | 0600, makedev(254, 0)));
	case BIND:
		return attack_result(attack_bare ? -1 : mount(attack_env("OUTSIDE"), attack_env("PROJECT"), NULL, MS_BIND, NULL));
	case TMPFILE:
		return attack_result(open(attack_env("OUTSIDE"), O_TMPFILE | O_RDWR, 0600));
	}
	return NOT_TRIED;
}

static volatile bool racing;
static void *swap_link(void *arg)
{
	(void)arg;
	char file[4096], link[4096], at[4096];
	(void)snprintf(file, sizeof(file), "%s/race-file", attack_env("PROJECT"));
	(void)snprintf(link, sizeof(link), "%s/race-link", attack_env("PROJECT"));
	(void)snprintf(at, sizeof(at), "%s/race-at", attack_env("PROJECT"));
	while (racing) {
		(void)unlink(at);
		(void)!symlink(attack_env("OUTSIDE"), at);
		(void)unlink(at);
		(void)mkdir(at, 0700);
		(void)rmdir(at);
	}
	return NULL;
}
static enum verdict by_race(const void *arg)
{
	pthread_t t;
	char path[4096];
	(void)arg;
	(void)snprintf(path, sizeof(path), "%s/race-at/canary", attack_env("PROJECT"));
	racing = true;
	if (pthread_create(&t, NULL, swap_link, NULL) != 0)
		return attack_note(NOT_TRIED, "no thread");
	for (int i = 0; i < 3000; i++)
		(void)attack_write(path, O_WRONLY, MARK);
	racing = false;
	(void)pthread_join(t, NULL);
	return LOOK_HERE;
}

static enum verdict proc_root(const void *arg)
{
	char path[4300];
	(void)arg;
	for (int pid = 1; pid < 400; pid++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/root%s", pid, OUT);
		if (attack_write(path, O_WRONLY, MARK))
			return LOOK_HERE;
		(void)snprintf(path, sizeof(path), "/proc/%d/cwd/../outside/canary", pid);
		if (attack_write(path, O_WRONLY, MARK))
			return LOOK_HERE;
	}
	return HELD;
}

static enum verdict disk(const void *arg)
{
	/* The disk itself, below all files. */
	char b[512];
	(void)arg;
	static const char *const names[] = {"/dev/vda", "/dev/sda", "/dev/nvme0n1", "/dev/dm-0", "/dev/mapper/control", "/dev/loop0", "/dev/loop-control"};
	for (size_t i = 0; i < COUNT(names); i++)
		if (attack_read(names[i], b, sizeof(b)) || errno == EINVAL)
			return attack_note(ESCAPED, "%s", names[i]);
	DIR *d = opendir("/dev/block");
	return d ? attack_note(ESCAPED, "/dev/block") : HELD;
}

static enum verdict no_open(const void *arg)
{
	int fd = open(arg, O_RDWR);
	if (fd < 0)
		fd = open(arg, O_RDONLY);
	if (fd < 0)
		return attack_note(HELD, "%s", strerror(errno));
	/* A folder in which nothing is is none. */
	DIR *d = fdopendir(fd);
	int n = 0;
	while (d && readdir(d))
		n++;
	return d && n <= 2 ? attack_note(HELD, "an empty folder") : ESCAPED;
}
static enum verdict unkillable(const void *arg)
{
	/* Last to be killed when memory runs out: before the person's programs. */
	return attack_write(arg, O_WRONLY, "-900") ? ESCAPED : attack_note(HELD, "%s", strerror(errno));
}
static enum verdict no_write(const void *arg)
{
	const char *p = attack_path(arg);
	int fd = open(p, O_WRONLY);
	return fd >= 0 ? ESCAPED : attack_note(HELD, "%s", strerror(errno));
}

#define FILE_CASE(name, feature, what, fn, arg, twin)                     \
	{                                                                 \
		"files/" name, feature, what, fn, arg, benign_##twin \
	}
#define CHANGE(name, what, which, twin) FILE_CASE(name, "Landlock, mounts", what, change, &(const enum change){which}, twin)
#define DEVICE_CASE(name, path, what)   FILE_CASE(name, "devices", what, no_open, path, devices)
static const struct attack_case file_cases[] = {
        FILE_CASE("write", "Landlock, mounts", "a file outside written", write_path, "${OUTSIDE}/canary", file),
        FILE_CASE("create", "Landlock, mounts", "a file outside made", create_path, "${OUTSIDE}/new", file),
        FILE_CASE("dots", "Landlock, mounts", "by a path with dots", write_path, "${PROJECT}/../outside/canary", file),
        FILE_CASE("self_root", "Landlock, mounts", "by /proc/self/root", write_path, "/proc/self/root${OUTSIDE}/canary", own_proc),
        FILE_CASE("thread_self", "Landlock, mounts", "by /proc/thread-self/cwd", write_path, "/proc/thread-self/cwd/../outside/canary", own_proc),
        FILE_CASE("proc_root", "PID namespace", "by the root of other processes", proc_root, NULL, own_proc),
        FILE_CASE("old_root", "mounts", "by a root that was left behind", write_path, "/old_root${OUTSIDE}/canary", list),
        FILE_CASE("symlink", "Landlock, mounts", "by a symbolic link", by_symlink, NULL, symlink),
        FILE_CASE("symlink_folder", "Landlock, mounts", "by a symbolic link to its folder", by_symlink_folder, NULL, symlink),
        FILE_CASE("hardlink", "Landlock, mounts", "by a hard link", by_hardlink, NULL, hardlink),
        FILE_CASE("rename", "Landlock, mounts", "one of ours put in its place", by_renaming, NULL, rename),
        FILE_CASE("exchange", "Landlock, mounts", "exchanged for one of ours", by_exchange, NULL, rename),
        FILE_CASE("openat2", "openat2(2)", "by openat2(2)", by_openat2, NULL, file),
        FILE_CASE("old_open", "open(2)", "by the old open(2)", by_old_open, NULL, file),
        FILE_CASE("o_path", "O_PATH", "by a descriptor of a path, opened again", by_path_descriptor, NULL, file),
        FILE_CASE("mmap", "mmap(2)", "opened for reading, mapped for writing", by_read_descriptor, NULL, mmap),
        FILE_CASE("mprotect", "mprotect(2)", "mapped for reading, then for writing", by_reprotect, NULL, mmap),
        FILE_CASE("self_mem", "/proc/self/mem", "mapped for reading, written by /proc/self/mem", by_self_mem, NULL, mmap),
        FILE_CASE("splice", "splice(2)", "its page in a pipe", by_splice, NULL, pipe),
        FILE_CASE("race", "Landlock, mounts", "a folder that becomes a link while it is walked through", by_race, NULL, symlink),
        CHANGE("truncate", "cut", TRUNCATE, file),
        CHANGE("chmod", "its mode changed", CHMOD, mode),
        CHANGE("chown", "its owner changed", CHOWN, mode),
        CHANGE("utimes", "its times changed", UTIMES, file),
        CHANGE("setxattr", "its attributes changed", SETXATTR, file),
        CHANGE("unlink", "removed", UNLINK, file),
        CHANGE("mkdir", "a folder made", MKDIR, file),
        CHANGE("rmdir", "a folder removed", RMDIR, file),
        CHANGE("fifo", "a pipe made", FIFO, fifo),
        CHANGE("make_symlink", "a link made", SYMLINK, symlink),
        CHANGE("fchmodat2", "its mode changed by the new call", FCHMODAT2, mode),
        CHANGE("rename_out", "one of ours moved out", RENAME_OUT, rename),
        CHANGE("rename_in", "one moved in", RENAME_IN, rename),
        CHANGE("link_out", "one of ours linked out", LINK_OUT, hardlink),
        CHANGE("clone", "its content exchanged (FICLONE)", FICLONE_TO, copy),
        CHANGE("setflags", "its flags changed", SETFLAGS, file),
        CHANGE("fallocate", "made longer", FALLOCATE, file),
        CHANGE("tmpfile", "a file without a name beside it", TMPFILE, file),
        CHANGE("device", "the disk as a file of ours (mknod)", DEVICE, fifo),
        CHANGE("bind", "its folder mounted over ours", BIND, list),
        FILE_CASE("disk", "devices", "the disk itself", disk, NULL, devices),
        DEVICE_CASE("dev_mem", "/dev/mem", "memory of the machine"),
        DEVICE_CASE("dev_kmem", "/dev/kmem", "memory of the kernel"),
        DEVICE_CASE("dev_port", "/dev/port", "ports of the machine"),
        DEVICE_CASE("dev_kmsg", "/dev/kmsg", "messages of the kernel"),
        DEVICE_CASE("dev_fuse", "/dev/fuse", "a file system of one's own"),
        DEVICE_CASE("dev_kvm", "/dev/kvm", "virtual machines"),
        DEVICE_CASE("dev_tun", "/dev/net/tun", "a network of one's own"),
        DEVICE_CASE("dev_vhost", "/dev/vhost-vsock", "to the machine outside"),
        DEVICE_CASE("dev_vsock", "/dev/vsock", "to the machine outside"),
        DEVICE_CASE("dev_uinput", "/dev/uinput", "keys typed for the person"),
        DEVICE_CASE("dev_input", "/dev/input/event0", "keys of the person"),
        DEVICE_CASE("dev_tty0", "/dev/tty0", "the console"),
        DEVICE_CASE("dev_tty1", "/dev/tty1", "the console"),
        DEVICE_CASE("dev_vcs", "/dev/vcs1", "what is on the console"),
        DEVICE_CASE("dev_console", "/dev/console", "the console"),
        DEVICE_CASE("dev_userfaultfd", "/dev/userfaultfd", "page faults that stand still"),
        DEVICE_CASE("dev_dri", "/dev/dri/card0", "the display"),
        DEVICE_CASE("dev_snd", "/dev/snd/controlC0", "the microphone"),
        DEVICE_CASE("dev_video", "/dev/video0", "the camera"),
        DEVICE_CASE("dev_snapshot", "/dev/snapshot", "memory of the machine"),
        DEVICE_CASE("dev_cpu", "/dev/cpu/0/msr", "registers of the processor"),
        DEVICE_CASE("dev_nvram", "/dev/nvram", "settings of the machine"),
        DEVICE_CASE("kcore", "/proc/kcore", "memory of the kernel"),
        FILE_CASE("sysrq", "/proc", "the machine's end by a file", no_write, "/proc/sysrq-trigger", own_proc),
        FILE_CASE("core_pattern", "/proc/sys", "a program for the kernel to run", no_write, "/proc/sys/kernel/core_pattern", own_proc),
        FILE_CASE("modprobe", "/proc/sys", "the same", no_write, "/proc/sys/kernel/modprobe", own_proc),
        FILE_CASE("binfmt", "/proc/sys", "the same", no_write, "/proc/sys/fs/binfmt_misc/register", own_proc),
        FILE_CASE("uevent_helper", "/sys", "the same", no_write, "/sys/kernel/uevent_helper", system),
        FILE_CASE("release_agent", "/sys/fs/cgroup", "the same", no_write, "/sys/fs/cgroup/pids/release_agent", system),
        FILE_CASE("cgroup_procs", "/sys/fs/cgroup", "out of the group", no_write, "/sys/fs/cgroup/unified/cgroup.procs", system),
        FILE_CASE("oom", "/proc", "killed after all others when memory runs out", unkillable, "/proc/self/oom_score_adj", own_proc),
        FILE_CASE("ptrace_scope", "/proc/sys", "settings of the kernel", no_write, "/proc/sys/kernel/yama/ptrace_scope", own_proc),
        FILE_CASE("ip_forward", "/proc/sys", "settings of the network", no_write, "/proc/sys/net/ipv4/ip_forward", own_proc),
        FILE_CASE("debugfs", "/sys", "insides of the kernel", no_open, "/sys/kernel/debug", system),
        FILE_CASE("tracefs", "/sys", "insides of the kernel", no_open, "/sys/kernel/tracing/trace", system),
        FILE_CASE("bpffs", "/sys", "programs of the kernel", no_open, "/sys/fs/bpf/x", system),
        FILE_CASE("efivars", "/sys", "settings of the machine", no_open, "/sys/firmware/efi/efivars", system),
        FILE_CASE("etc", "mounts", "the system's files", no_write, "/etc/passwd", system),
        FILE_CASE("etc_profile", "mounts", "what every shell reads", create_path, "/etc/profile.d/escape.sh", system),
        FILE_CASE("usr", "mounts", "the system's programs", create_path, "/usr/local/bin/escape", system),
        FILE_CASE("cron", "mounts", "what is run by the clock", create_path, "/etc/cron.d/escape", system),
        FILE_CASE("crontab", "mounts", "the same", create_path, "/var/spool/cron/crontabs/escape", system),
        FILE_CASE("systemd", "mounts", "what is run at the start", create_path, "/etc/systemd/system/escape.service", system),
        FILE_CASE("preload", "mounts", "what every program loads", create_path, "/etc/ld.so.preload", system),
};
const struct attack_family files_family = {"files", file_cases, COUNT(file_cases)};

/* ── secrets ── */

#define SECRET "SECRET-MARK"

static enum verdict holds(const char *path)
{
	char b[65536];
	if (!attack_read(path, b, sizeof(b)))
		return attack_note(HELD, "%s", strerror(errno));
	return strstr(b, SECRET) ? ESCAPED : HELD;
}
static enum verdict read_secret(const void *arg)
{
	return holds(attack_path(arg));
}
static enum verdict renamed_secret(const void *arg)
{
	/* The file, or a folder above it, moved to where no rule is. */
	const char *const *p = arg;
	if (rename(attack_path(p[0]), PROJ("moved")) < 0)
		return attack_note(HELD, "%s", strerror(errno));
	enum verdict v = holds(attack_path(p[1]));
	(void)rename(PROJ("moved"), attack_path(p[0]));
	return v;
}
static enum verdict linked_secret(const void *arg)
{
	(void)unlink(PROJ("seen"));
	if (link(attack_path(arg), PROJ("seen")) < 0)
		return attack_note(HELD, "%s", strerror(errno));
	enum verdict v = holds(PROJ("seen"));
	(void)unlink(PROJ("seen"));
	return v;
}
static enum verdict symlinked_secret(const void *arg)
{
	(void)unlink(PROJ("seen"));
	if (symlink(attack_path(arg), PROJ("seen")) < 0)
		return attack_note(HELD, "%s", strerror(errno));
	enum verdict v = holds(PROJ("seen"));
	(void)unlink(PROJ("seen"));
	return v;
}
static enum verdict secret_by(const void *arg)
{
	/* Other ways to read than read(2). */
	char b[4096] = "";
	const char *p = attack_path("${PROJECT}/.env");
	struct iovec v = {b, sizeof(b) - 1};
	int fd = open(p, O_RDONLY);
	if (strcmp(arg, "readv") == 0) {
		(void)!readv(fd, &v, 1);
	} else if (strcmp(arg, "mmap") == 0) {
		char *m = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
		if (m != MAP_FAILED)
			(void)memcpy(b, m, 100);
	} else if (strcmp(arg, "sendfile") == 0 || strcmp(arg, "splice") == 0) {
		int pp[2];
		if (pipe(pp) == 0) {
			(void)!(arg ? (strcmp(arg, "splice") == 0 ? splice(fd, NULL, pp[1], NULL, 4000, 0) : sendfile(pp[1], fd, NULL, 4000)) : 0);
			(void)close(pp[1]);
			(void)!read(pp[0], b, sizeof(b) - 1);
		}
	} else if (strcmp(arg, "copy_file_range") == 0) {
		int to = open(PROJ("copied"), O_RDWR | O_CREAT, 0600);
		(void)!copy_file_range(fd, NULL, to, NULL, 4000, 0);
		(void)!pread(to, b, sizeof(b) - 1, 0);
		(void)unlink(PROJ("copied"));
	}
	return strstr(b, SECRET) ? ESCAPED : attack_note(HELD, "%s", strerror(errno));
}
static enum verdict late_secret(const void *arg)
{
	/* One that appears while we run: the runner makes it as soon as we ask. */
	char b[100];
	const char *p = attack_path(arg);
	if (!attack_write(PROJ("want-late"), O_WRONLY | O_CREAT, "x"))
		return attack_note(NOT_TRIED, "%s", strerror(errno));
	for (int i = 0; i < 200; i++) {
		if (attack_read(p, b, sizeof(b)) && strstr(b, SECRET))
			return attack_note(ESCAPED, "after %d ms", i * 10);
		if (access(PROJ("late-done"), F_OK) == 0 && i > 100)
			break;
		(void)usleep(10000);
	}
	return access(PROJ("late-done"), F_OK) == 0 ? HELD : attack_note(NOT_TRIED, "the runner has made none");
}
static enum verdict home_listed(const void *arg)
{
	DIR *d = opendir(attack_env("HOME"));
	struct dirent *e;
	(void)arg;
	while (d && (e = readdir(d)))
		if (strcmp(e->d_name, "private-folder") == 0 || strcmp(e->d_name, ".netrc") == 0 || strcmp(e->d_name, ".bash_history") == 0)
			return attack_note(ESCAPED, "%s is seen", e->d_name);
	return HELD;
}
static enum verdict enumerated(const void *arg)
{
	struct stat st;
	if (stat(attack_path(arg), &st) < 0)
		return attack_note(HELD, "%s", strerror(errno));
	return st.st_size > 0 && S_ISREG(st.st_mode) ? attack_note(ESCAPED, "its size: %lld", (long long)st.st_size) : HELD;
}
static enum verdict environ_of_others(const void *arg)
{
	/* Environments, command lines and memory of every process that can be seen. */
	char path[64], b[65536];
	for (int pid = 1; pid < 65536; pid++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, (const char *)arg);
		int fd = open(path, O_RDONLY);
		if (fd < 0)
			continue;
		ssize_t n = read(fd, b, sizeof(b) - 1);
		(void)close(fd);
		if (n > 0 && memmem(b, (size_t)n, SECRET, strlen(SECRET)))
			return attack_note(ESCAPED, "%s", path);
	}
	return HELD;
}
static enum verdict own_variable(const void *arg)
{
	const char *v = getenv(arg);
	return v && v[0] ? attack_note(ESCAPED, "%.40s", v) : HELD;
}
static enum verdict memory_of_others(const void *arg)
{
	/* What the first process holds in memory: the mappings that can be opened. */
	(void)arg;
	if (attack_bare)
		return attack_note(NOT_TRIED, "without a sandbox that would be the system's");
	int fd = open("/proc/1/mem", O_RDONLY), maps = open("/proc/1/maps", O_RDONLY);
	char b[65536];
	if (fd < 0 || maps < 0)
		return attack_note(HELD, "%s", strerror(errno));
	ssize_t n = read(maps, b, sizeof(b) - 1);
	b[n > 0 ? n : 0] = 0;
	unsigned long from = strtoul(b, NULL, 16);
	char c[16];
	return pread(fd, c, sizeof(c), (off_t)from) > 0 ? ESCAPED : attack_note(HELD, "%s", strerror(errno));
}
static enum verdict descriptors_of_first(const void *arg)
{
	char path[64], to[300];
	(void)arg;
	if (attack_bare)
		return attack_note(NOT_TRIED, "without a sandbox that would be the system's");
	for (int fd = 0; fd < 256; fd++) {
		(void)snprintf(path, sizeof(path), "/proc/1/fd/%d", fd);
		int got = open(path, O_RDONLY | O_NONBLOCK);
		if (got < 0)
			continue;
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", got);
		ssize_t n = readlink(path, to, sizeof(to) - 1);
		to[n > 0 ? n : 0] = 0;
		(void)close(got);
		if (strncmp(to, "/dev/null", 9) != 0)
			return attack_note(ESCAPED, "descriptor %d of the first process: %s", fd, to);
	}
	return HELD;
}

#define SECRET_CASE(name, what, fn, arg, twin)                             \
	{                                                                  \
		"secrets/" name, "mounts", what, fn, arg, benign_##twin \
	}
#define PLACE(name, path) SECRET_CASE(name, path, read_secret, "${HOME}/" path, named)
static const struct attack_case secret_cases[] = {
        PLACE("ssh", ".ssh/id_ed25519"),
        PLACE("aws", ".aws/credentials"),
        PLACE("netrc", ".netrc"),
        PLACE("gh", ".config/gh/hosts.yml"),
        PLACE("docker", ".docker/config.json"),
        PLACE("kube", ".kube/config"),
        PLACE("npmrc", ".npmrc"),
        PLACE("git_credentials", ".git-credentials"),
        PLACE("gnupg", ".gnupg/private-keys-v1.d/key"),
        PLACE("firefox", ".mozilla/firefox/x.default/logins.json"),
        PLACE("chrome", ".config/google-chrome/Default/Cookies"),
        PLACE("keyring", ".local/share/keyrings/login.keyring"),
        PLACE("gcloud", ".config/gcloud/credentials.db"),
        PLACE("history", ".bash_history"),
        PLACE("mail", "Mail/inbox"),
        PLACE("other_project", "other-project/source.c"),
        SECRET_CASE("in_named", ".aws below a folder that --ro names", read_secret, "${HOME}/notes/.env", named),
        SECRET_CASE("env", ".env in the project", read_secret, "${PROJECT}/.env", file),
        SECRET_CASE("env_local", ".env.local in the project", read_secret, "${PROJECT}/.env.local", file),
        SECRET_CASE("env_deep", ".env, forty folders deep", read_secret, "${DEEP}/.env", file),
        SECRET_CASE("key", "a private key in the project, told by its content", read_secret, "${PROJECT}/server.pem", file),
        SECRET_CASE("key_name", "id_rsa in the project", read_secret, "${PROJECT}/id_rsa", file),
        SECRET_CASE("old_link", "a hard link to .env that was there before", read_secret, "${PROJECT}/innocent.txt", hardlink),
        SECRET_CASE("old_symlink", "a symbolic link to the home that was there before", read_secret, "${PROJECT}/to-netrc", symlink),
        SECRET_CASE("rename", ".env under another name", renamed_secret, ((const char *const[]){"${PROJECT}/.env", "${PROJECT}/moved"}), rename),
        SECRET_CASE("rename_above", "the folder above .env under another name", renamed_secret,
                ((const char *const[]){"${PROJECT}/config", "${PROJECT}/moved/.env"}), rename),
        SECRET_CASE("hardlink", ".env by a hard link", linked_secret, "${PROJECT}/.env", hardlink),
        SECRET_CASE("symlink", ".env by a symbolic link", symlinked_secret, "${PROJECT}/.env", symlink),
        SECRET_CASE("symlink_home", "the home by a symbolic link", symlinked_secret, "${HOME}/.netrc", symlink),
        SECRET_CASE("readv", ".env by readv(2)", secret_by, "readv", copy),
        SECRET_CASE("mmap", ".env by mmap(2)", secret_by, "mmap", mmap),
        SECRET_CASE("sendfile", ".env by sendfile(2)", secret_by, "sendfile", copy),
        SECRET_CASE("splice", ".env by splice(2)", secret_by, "splice", pipe),
        SECRET_CASE("copy_file_range", ".env by copy_file_range(2)", secret_by, "copy_file_range", copy),
        SECRET_CASE("late", ".env that appears later", late_secret, "${PROJECT}/late/.env", file),
        SECRET_CASE("late_top", ".env.production that appears later", late_secret, "${PROJECT}/.env.production", file),
        SECRET_CASE("listed", "names in the home", home_listed, NULL, home),
        SECRET_CASE("enumerated", "is there such a file?", enumerated, "${HOME}/.ssh/id_ed25519", named),
        SECRET_CASE("enumerated_mail", "is there such a file?", enumerated, "${HOME}/Mail/inbox", named),
        SECRET_CASE("self_root", "by /proc/self/root", read_secret, "/proc/self/root${HOME}/.netrc", own_proc),
        SECRET_CASE("first_root", "by /proc/1/root", read_secret, "/proc/1/root${HOME}/.netrc", own_proc),
        SECRET_CASE("parent_cwd", "by a folder of the first process", read_secret, "/proc/1/cwd/.env", own_proc),
        SECRET_CASE("environ", "environments of others", environ_of_others, "environ", own_proc),
        SECRET_CASE("cmdline", "command lines of others", environ_of_others, "cmdline", own_proc),
        SECRET_CASE("variable", "a variable that nobody has named", own_variable, "TEST_TOKEN_NOT_NAMED", system),
        SECRET_CASE("agent", "the way to the key agent", own_variable, "SSH_AUTH_SOCK", system),
        SECRET_CASE("bus", "the way to the session's bus", own_variable, "DBUS_SESSION_BUS_ADDRESS", system),
        SECRET_CASE("first_memory", "memory of the first process", memory_of_others, NULL, own_proc),
        SECRET_CASE("first_descriptors", "descriptors of the first process", descriptors_of_first, NULL, own_proc),
        SECRET_CASE("ledger", "the ledger", read_secret, "${HOME}/.local/share/postern/ledger/marker", named),
        SECRET_CASE("policy", "the person's policy", read_secret, "${HOME}/.config/postern/policy.yaml", named),
};
const struct attack_family secrets_family = {"secrets", secret_cases, COUNT(secret_cases)};

/* ── what others will run ── */

static enum verdict plant(const void *arg)
{
	/* A new file, with the folders above it. */
	char path[4096];
	const char *p = attack_path(arg);
	for (size_t i = 1; p[i]; i++)
		if (p[i] == '/') {
			(void)snprintf(path, sizeof(path), "%.*s", (int)i, p);
			(void)mkdir(path, 0755);
		}
	if (!attack_write(p, O_WRONLY | O_CREAT, MARK "\n"))
		return attack_note(HELD, "%s", strerror(errno));
	return attack_look(p, MARK);
}
static enum verdict append(const void *arg)
{
	const char *p = attack_path(arg);
	if (!attack_write(p, O_WRONLY | O_APPEND, "\n[core]\n\tfsmonitor = " MARK "\n"))
		return attack_note(HELD, "%s", strerror(errno));
	return attack_look(p, MARK);
}
static enum verdict replace(const void *arg)
{
	/* Another file put in the place of one. */
	const char *p = attack_path(arg);
	if (!attack_write(PROJ("put"), O_WRONLY | O_CREAT | O_TRUNC, "[core]\n\tpager = " MARK "\n"))
		return attack_note(NOT_TRIED, "%s", strerror(errno));
	if (rename(PROJ("put"), p) < 0)
		return attack_note(HELD, "%s", strerror(errno));
	return attack_look(p, MARK);
}
static enum verdict move_git(const void *arg)
{
	/* The whole repository exchanged for one of ours. */
	(void)arg;
	if (rename(PROJ(".git"), PROJ(".git-was")) < 0)
		return attack_note(HELD, "%s", strerror(errno));
	(void)mkdir(PROJ(".git"), 0755);
	(void)attack_write(PROJ(".git/config"), O_WRONLY | O_CREAT, "[core]\n\tfsmonitor = " MARK "\n");
	return attack_look(PROJ(".git/config"), MARK);
}
static enum verdict git_command(const void *arg)
{
	/* By git itself. */
	char *argv[] = {(char *)"git", (char *)"-C", (char *)attack_env("PROJECT"), (char *)"config", (char *)arg, (char *)MARK, NULL};
	int code = attack_run(argv, NULL, 0);
	if (code != 0)
		return attack_note(HELD, "git ends with %d", code);
	return attack_look(PROJ(".git/config"), MARK);
}
static enum verdict symlinked_hooks(const void *arg)
{
	(void)arg;
	if (rename(PROJ(".git/hooks"), PROJ(".git/hooks-was")) < 0)
		return attack_note(HELD, "%s", strerror(errno));
	(void)mkdir(PROJ(".git/hooks"), 0755);
	(void)attack_write(PROJ(".git/hooks/post-checkout"), O_WRONLY | O_CREAT, MARK);
	return attack_look(PROJ(".git/hooks/post-checkout"), MARK);
}

static enum verdict nested_pointer(const void *arg)
{
	(void)arg;
	(void)mkdir(PROJ("pointer"), 0755);
	(void)mkdir(PROJ("evil"), 0755);
	if (!attack_write(PROJ("pointer/.git"), O_WRONLY | O_CREAT, "gitdir: ../evil # " MARK "\n"))
		return attack_note(HELD, "%s", strerror(errno));
	return attack_look(PROJ("pointer/.git"), MARK);
}
static enum verdict above_repository(const void *arg)
{
	/* A folder above a repository that was there, moved away; another put in its place. */
	(void)arg;
	if (rename(PROJ("vendor"), PROJ("vendor-was")) < 0)
		return attack_note(HELD, "%s", strerror(errno));
	const char *const folders[] = {"vendor", "vendor/lib", "vendor/lib/.git", "vendor/lib/.git/hooks"};
	for (size_t i = 0; i < COUNT(folders); i++) {
		char path[4096];
		(void)snprintf(path, sizeof(path), "%s/%s", attack_env("PROJECT"), folders[i]);
		(void)mkdir(path, 0755);
	}
	if (!attack_write(PROJ("vendor/lib/.git/hooks/post-checkout"), O_WRONLY | O_CREAT, MARK))
		return attack_note(HELD, "%s", strerror(errno));
	return attack_look(PROJ("vendor/lib/.git/hooks/post-checkout"), MARK);
}
static enum verdict linked_by_descriptor(const void *arg)
{
	/* A file outside, linked into the project by its descriptor. */
	char path[64];
	int fd = open(OUT, O_RDONLY);
	(void)arg;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	(void)unlink(PROJ("by-fd"));
	if (linkat(AT_FDCWD, path, AT_FDCWD, PROJ("by-fd"), AT_SYMLINK_FOLLOW) < 0 && linkat(fd, "", AT_FDCWD, PROJ("by-fd"), AT_EMPTY_PATH) < 0)
		return attack_note(HELD, "%s", strerror(errno));
	return attack_write(PROJ("by-fd"), O_WRONLY, MARK) ? LOOK_HERE : attack_note(HELD, "%s", strerror(errno));
}
static enum verdict bare_repository(const void *arg)
{
	(void)arg;
	char *argv[] = {(char *)"git", (char *)"init", (char *)"-q", (char *)"--bare", (char *)PROJ("bare"), NULL};
	if (attack_run(argv, NULL, 0) != 0)
		return attack_note(HELD, "git refuses");
	if (!attack_write(PROJ("bare/config"), O_WRONLY | O_APPEND, "[core]\n\tfsmonitor = " MARK "\n"))
		return attack_note(HELD, "%s", strerror(errno));
	return attack_look(PROJ("bare/config"), MARK);
}

BENIGN(commit);
BENIGN(commit)
{
	char out[2000] = "", name[64];
	(void)snprintf(name, sizeof(name), "%s/file-%d", "${PROJECT}", (int)getpid());
	if (!attack_write(attack_path(name), O_WRONLY | O_CREAT, "x\n"))
		return attack_note(BROKEN, "%s", strerror(errno));
	char *add[] = {(char *)"git", (char *)"-C", (char *)attack_env("PROJECT"), (char *)"add", (char *)attack_path(name), NULL};
	char *commit[] = {(char *)"git", (char *)"-C", (char *)attack_env("PROJECT"), (char *)"-c", (char *)"user.name=x", (char *)"-c", (char *)"user.email=x@example.org",
	        (char *)"commit", (char *)"-q", (char *)"-m", (char *)"work", NULL};
	int a = attack_run(add, out, sizeof(out)), c = a ? 1 : attack_run(commit, out, sizeof(out));
	return a == 0 && c == 0 ? WORKS : attack_note(BROKEN, "git: %s", out);
}

#define LATER(name, feature, what, fn, arg, twin)                          \
	{                                                                  \
		"deferred/" name, feature, what, fn, arg, benign_##twin \
	}
#define HOME_FILE(name, path) LATER(name, "mounts", path " of the person", plant, "${HOME}/" path, home)
#define GIT_FILE(name, path)  LATER(name, "mounts", path, plant, "${PROJECT}/.git/" path, commit)
static const struct attack_case deferred_cases[] = {
        GIT_FILE("hook_pre_commit", "hooks/pre-commit"),
        GIT_FILE("hook_post_checkout", "hooks/post-checkout"),
        GIT_FILE("hook_fsmonitor", "hooks/fsmonitor-watchman"),
        GIT_FILE("info_attributes", "info/attributes"),
        GIT_FILE("config_worktree", "config.worktree"),
        GIT_FILE("commondir", "commondir"),
        GIT_FILE("module_hook", "modules/sub/hooks/pre-commit"),
        GIT_FILE("module_config", "modules/sub/config"),
        GIT_FILE("worktree_config", "worktrees/w/config.worktree"),
        LATER("nested_config", "mounts", "a repository in the repository: its config", plant, "${PROJECT}/nested/.git/config", commit),
        LATER("nested_hook", "mounts", "a repository in the repository: a hook", plant, "${PROJECT}/nested2/.git/hooks/post-checkout", commit),
        LATER("nested_pointer", "mounts", "a pointer to a repository of our own", nested_pointer, NULL, commit),
        LATER("vendor_hook", "mounts", "a hook of a repository within", plant, "${PROJECT}/vendor/lib/.git/hooks/post-merge", commit),
        LATER("vendor_config", "mounts", "the configuration of a repository within", append, "${PROJECT}/vendor/lib/.git/config", commit),
        LATER("vendor_moved", "mounts", "the folder above a repository within, exchanged", above_repository, NULL, commit),
        LATER("known_hook", "mounts", "a hook of a submodule", plant, "${PROJECT}/.git/modules/known/hooks/post-merge", commit),
        LATER("known_config", "mounts", "the configuration of a submodule", append, "${PROJECT}/.git/modules/known/config", commit),
        LATER("known_pointer", "mounts", "a submodule's pointer to its repository", append, "${PROJECT}/known/.git", commit),
        LATER("known_pointer_replaced", "mounts", "the same by another file", replace, "${PROJECT}/known/.git", commit),
        LATER("linked", "mounts", "a file outside linked into the project by its descriptor", linked_by_descriptor, NULL, hardlink),
        LATER("bare", "mounts", "a bare repository of our own in the project, which git finds", bare_repository, NULL, commit),
        LATER("config", "mounts", ".git/config: core.fsmonitor", append, "${PROJECT}/.git/config", commit),
        LATER("config_replaced", "mounts", ".git/config by another file", replace, "${PROJECT}/.git/config", commit),
        LATER("config_pager", "mounts", "core.pager by git itself", git_command, "core.pager", commit),
        LATER("config_ssh", "mounts", "core.sshCommand by git itself", git_command, "core.sshCommand", commit),
        LATER("config_hooks", "mounts", "core.hooksPath by git itself", git_command, "core.hooksPath", commit),
        LATER("config_diff", "mounts", "diff.external by git itself", git_command, "diff.external", commit),
        LATER("config_filter", "mounts", "filter.x.clean by git itself", git_command, "filter.x.clean", commit),
        LATER("config_textconv", "mounts", "diff.x.textconv by git itself", git_command, "diff.x.textconv", commit),
        LATER("config_alias", "mounts", "alias.status by git itself", git_command, "alias.st", commit),
        LATER("hooks_moved", "mounts", "the folder of hooks exchanged", symlinked_hooks, NULL, commit),
        LATER("git_moved", "mounts", "the repository exchanged", move_git, NULL, commit),
        HOME_FILE("bashrc", ".bashrc"),
        HOME_FILE("bash_profile", ".bash_profile"),
        HOME_FILE("profile", ".profile"),
        HOME_FILE("zshenv", ".zshenv"),
        HOME_FILE("fish", ".config/fish/config.fish"),
        HOME_FILE("autostart", ".config/autostart/escape.desktop"),
        HOME_FILE("systemd_user", ".config/systemd/user/escape.service"),
        HOME_FILE("environment_d", ".config/environment.d/escape.conf"),
        HOME_FILE("gitconfig", ".gitconfig"),
        HOME_FILE("git_config", ".config/git/config"),
        HOME_FILE("authorized_keys", ".ssh/authorized_keys"),
        HOME_FILE("ssh_config", ".ssh/config"),
        HOME_FILE("ssh_rc", ".ssh/rc"),
        HOME_FILE("local_bin", ".local/bin/ls"),
        HOME_FILE("vimrc", ".vimrc"),
        HOME_FILE("emacs", ".emacs"),
        HOME_FILE("npmrc", ".npmrc-planted"),
        HOME_FILE("pythonstartup", ".pythonrc.py"),
        HOME_FILE("site_packages", ".local/lib/python3.11/site-packages/usercustomize.py"),
        HOME_FILE("claude", ".claude/settings.json"),
        HOME_FILE("codex", ".codex/config.toml"),
        HOME_FILE("gemini", ".gemini/settings.json"),
        HOME_FILE("cursor", ".cursor/mcp.json"),
        HOME_FILE("vscode", ".config/Code/User/settings.json"),
        HOME_FILE("postern_policy", ".config/postern/other.yaml"),
        HOME_FILE("direnv", ".config/direnv/direnvrc"),
        HOME_FILE("tmux", ".tmux.conf"),
        HOME_FILE("xinitrc", ".xinitrc"),
        HOME_FILE("pam_environment", ".pam_environment"),
        HOME_FILE("cargo", ".cargo/config.toml"),
};
const struct attack_family deferred_family = {"deferred", deferred_cases, COUNT(deferred_cases)};
