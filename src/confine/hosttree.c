#include "confine/hosttree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "confine/gitrepo.h"
#include "confine/trial.h"
#include "sys/fd.h"

/* Where the person may remove it again once its files are bound over /proc. */
#define COVERS     "/run/user/.covers"
#define INODES_MAX 200000
#define LOCALES    "/usr/lib/locale"

/* Of the real machine, read-only. A link (merged /usr) is copied as a link; what is not there is left out. */
static const char *const system_folders[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};

/* Of the real machine's /etc, if there: what programs need to start. Nothing that names the machine, its network or its people. */
static const char *const etc_kept[] = {
        "alternatives",
        "ld.so.cache",
        "ld.so.conf",
        "ld.so.conf.d",
        "debian_version",
        "services",
        "protocols",
        "mime.types",
        "fonts",
        "java-17-openjdk",
        "python3",
        "python3.11",
        "bash.bashrc",
        "inputrc",
        "terminfo",
        "ssl/openssl.cnf",
        "magic",
        "pki/tls/openssl.cnf",
        "crypto-policies",
};

static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};

struct tree {
	const struct host_spec *h;
	int root; /* the new root */
	struct err *err;
};

/* Makes a folder and those above it; mode is for the last one. *out, if wanted, is a descriptor of it. */
static int folder(struct tree *t, const char *path, mode_t mode, int *out)
{
	_cleanup_fd_ int at = dup(t->root);
	if (at < 0)
		return -errno;
	for (const char *p = path; *p;) {
		while (*p == '/')
			p++;
		const char *end = strchrnul(p, '/');
		if (end == p)
			break;
		if ((size_t)(end - p) > 255)
			return -ENAMETOOLONG;
		char name[256];
		memcpy(name, p, (size_t)(end - p));
		name[end - p] = 0;
		if (mkdirat(at, name, *end ? 0755 : mode) < 0 && errno != EEXIST)
			return -errno;
		int next = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (next < 0)
			return -errno;
		(void)close(at);
		at = next;
		p = end;
	}
	if (out)
		*out = TAKE_FD(at);
	return 0;
}

static int parent(struct tree *t, const char *path, int *out, const char **last)
{
	const char *slash = strrchr(path, '/');
	char above[4096];
	if (!slash || (size_t)(slash - path) >= sizeof(above) || slash[1] == 0)
		return -EINVAL;
	memcpy(above, path, (size_t)(slash - path));
	above[slash - path] = 0;
	*last = slash + 1;
	return folder(t, above, 0755, out);
}

static int put(struct tree *t, const char *path, struct slice data, mode_t mode)
{
	_cleanup_fd_ int dir = -1;
	const char *last;
	int r = parent(t, path, &dir, &last);
	if (r < 0)
		return r;
	(void)unlinkat(dir, last, 0);
	_cleanup_fd_ int fd = openat(dir, last, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode ? mode : 0644);
	if (fd < 0)
		return -errno;
	return fd_write_all(fd, data);
}

static int put_fmt(struct tree *t, const char *path, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int put_fmt(struct tree *t, const char *path, const char *fmt, ...)
{
	_cleanup_buf_ struct buf b = BUF(65536);
	va_list ap;
	va_start(ap, fmt);
	buf_vfmt(&b, fmt, ap);
	va_end(ap);
	return buf_error(&b) ? buf_error(&b) : put(t, path, buf_slice(&b), 0644);
}

static int put_link(struct tree *t, const char *path, const char *target)
{
	_cleanup_fd_ int dir = -1;
	const char *last;
	int r = parent(t, path, &dir, &last);
	if (r < 0)
		return r;
	(void)unlinkat(dir, last, 0);
	return symlinkat(target, dir, last) < 0 ? -errno : 0;
}

struct hosttree_mounts {
	struct {
		int fd;
		bool is_folder;
		char target[256];
	} item[64];
	size_t n;
};

/* A detached copy of a mount. Missing sources are left out, unless they must be there. */
static int take(struct hosttree_mounts *m, const char *source, const char *target, uint64_t attributes, bool must, struct err *err)
{
	struct mount_attr attr = {.attr_set = attributes};
	struct stat st;
	if (stat(source, &st) < 0)
		return must ? err_sys(err, -errno, "cannot show %s inside the trial", source) : 0;
	if (m->n == ARRAY_LEN(m->item) || strlen(target) >= sizeof(m->item[0].target))
		return err_set(err, -ENOSPC, "too many folders to show inside the trial");
	int fd = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	if (fd < 0)
		return err_sys(err, -errno, "cannot show %s inside the trial", source);
	m->item[m->n].fd = fd;
	m->item[m->n].is_folder = S_ISDIR(st.st_mode);
	(void)snprintf(m->item[m->n].target, sizeof(m->item[0].target), "%s", target);
	m->n++;
	if (attributes && mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return err_sys(err, -errno, "cannot make %s read-only for the trial", source);
	return 0;
}

int hosttree_take(const struct trial_mount *mounts, size_t n_mounts, struct hosttree_mounts **out, struct err *err)
{
	const uint64_t safe = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
	struct hosttree_mounts *m = calloc(1, sizeof(*m));
	char path[64];
	if (!m)
		return err_sys(err, -ENOMEM, "cannot prepare the trial");
	*out = m;
	int r = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(system_folders); i++) {
		struct stat st;
		if (lstat(system_folders[i], &st) == 0 && S_ISDIR(st.st_mode))
			r = take(m, system_folders[i], system_folders[i], safe, true, err);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(etc_kept); i++) {
		(void)snprintf(path, sizeof(path), "/etc/%s", etc_kept[i]);
		r = take(m, path, path, safe, false, err);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(devices); i++) {
		(void)snprintf(path, sizeof(path), "/dev/%s", devices[i]);
		r = take(m, path, path, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, true, err);
	}
	/* A procfs can only be mounted by the unprivileged where one is visible in full already: the old one stays below the new. */
	r = r < 0 ? r : take(m, "/proc", "/proc", 0, true, err);
	for (size_t i = 0; r == 0 && i < n_mounts; i++)
		r = take(m, mounts[i].source, mounts[i].target, safe, true, err);
	return r;
}

void hosttree_mounts_free(struct hosttree_mounts *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->n; i++)
		(void)close(m->item[i].fd);
	free(m);
}

static int place(struct tree *t, const struct hosttree_mounts *m, size_t i)
{
	_cleanup_fd_ int at = -1;
	int r;
	if (m->item[i].is_folder) {
		r = folder(t, m->item[i].target, 0755, &at);
	} else {
		_cleanup_fd_ int dir = -1;
		const char *last = NULL;
		r = put(t, m->item[i].target, SLICE(""), 0644);
		r = r < 0 ? r : parent(t, m->item[i].target, &dir, &last);
		if (r == 0) {
			at = openat(dir, last, O_PATH | O_NOFOLLOW | O_CLOEXEC);
			r = at < 0 ? -errno : 0;
		}
	}
	if (r < 0)
		return r;
	return move_mount(m->item[i].fd, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0 ? -errno : 0;
}

static int put_etc(struct tree *t)
{
	const struct host_spec *h = t->h;
	int r = put_fmt(t, "/etc/passwd",
	        "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
	        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n%s:x:%u:%u:%s,,,:%s:%s\n",
	        h->user, h->uid, h->gid, h->full_name, h->home, h->shell);
	r = r < 0 ? r : put_fmt(t, "/etc/group", "root:x:0:\ndaemon:x:1:\ntty:x:5:\nnogroup:x:65534:\n%s:x:%u:\n", h->user, h->gid);
	r = r < 0 ? r : put_fmt(t, "/etc/hostname", "%s\n", h->hostname);
	r = r < 0 ? r
	          : put_fmt(t, "/etc/hosts", "127.0.0.1\tlocalhost\n127.0.1.1\t%s\n::1\tlocalhost ip6-localhost ip6-loopback\n",
	                    h->hostname);
	unsigned a = 0, b = 0, c = 0, d = 0;
	(void)sscanf(h->ipv4, "%u.%u.%u.%u", &a, &b, &c, &d);
	r = r < 0 ? r
	          : put_fmt(t, "/etc/resolv.conf", "%s%s%snameserver %u.%u.%u.1\n", h->dns_search ? "search " : "",
	                    h->dns_search ? h->dns_search : "", h->dns_search ? "\n" : "", a, b, c);
	r = r < 0 ? r
	          : put_fmt(t, "/etc/nsswitch.conf",
	                    "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\n"
	                    "protocols: files\nservices: files\n");
	r = r < 0 ? r : put_fmt(t, "/etc/machine-id", "%s\n", h->machine_id);
	r = r < 0 ? r : put_fmt(t, "/etc/timezone", "%s\n", h->timezone);
	r = r < 0 ? r
	          : put_fmt(t, "/etc/os-release", "PRETTY_NAME=\"%s %s\"\nNAME=\"%s\"\nVERSION_ID=\"%s\"\nID=%s\n", h->os_name,
	                    h->os_version, h->os_name, h->os_version, h->os_id);
	r = r < 0 ? r : put_fmt(t, "/etc/issue", "%s %s \\n \\l\n\n", h->os_name, h->os_version);
	r = r < 0 ? r : put_fmt(t, "/etc/shells", "/bin/sh\n/bin/bash\n/usr/bin/bash\n%s\n", h->shell);
	r = r < 0 ? r : put_fmt(t, "/etc/profile", "export PATH=/usr/local/bin:/usr/bin:/bin\n");
	r = r < 0 ? r : put_fmt(t, "/etc/default/locale", "LANG=%s\n", h->locale);
	char zone[256];
	(void)snprintf(zone, sizeof(zone), "/usr/share/zoneinfo/%s", h->timezone);
	r = r < 0 ? r : put_link(t, "/etc/localtime", zone);
	return r < 0 ? r : put_link(t, "/etc/mtab", "../proc/self/mounts");
}

static int put_cpuinfo(struct tree *t, unsigned cpus)
{
	_cleanup_buf_ struct buf b = BUF(1 << 20);
	for (unsigned i = 0; i < cpus; i++)
		buf_fmt(&b,
		        "processor\t: %u\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\nmodel name\t: Intel(R) Xeon(R) Gold "
		        "6240 CPU @ 2.60GHz\n"
		        "stepping\t: 7\ncpu MHz\t\t: 2600.000\ncache size\t: 25344 KB\nphysical id\t: 0\nsiblings\t: %u\ncore id\t\t: "
		        "%u\ncpu cores\t: %u\n"
		        "flags\t\t: fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 ht "
		        "syscall nx "
		        "rdtscp lm constant_tsc pni pclmulqdq ssse3 fma cx16 sse4_1 sse4_2 movbe popcnt aes xsave avx f16c rdrand lahf_lm "
		        "abm avx2 bmi1 "
		        "bmi2 erms\nbogomips\t: 5200.00\n\n",
		        i, cpus, i, cpus);
	return buf_error(&b) ? buf_error(&b) : put(t, COVERS "/cpuinfo", buf_slice(&b), 0444);
}

static int put_machine(struct tree *t)
{
	const struct host_spec *h = t->h;
	long real = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned cpus = h->cpus ? h->cpus : real > 0 ? (unsigned)real : 1;
	char range[32];
	if (cpus > 1)
		(void)snprintf(range, sizeof(range), "0-%u\n", cpus - 1);
	else
		(void)snprintf(range, sizeof(range), "0\n");
	int r = put_cpuinfo(t, cpus);
	static const char *const lists[] = {"online", "possible", "present"};
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(lists); i++) {
		char path[96];
		(void)snprintf(path, sizeof(path), "/sys/devices/system/cpu/%s", lists[i]);
		r = put_fmt(t, path, "%s", range);
	}
	r = r < 0 ? r : put_fmt(t, "/sys/class/net/eth0/address", "%s\n", h->mac);
	r = r < 0 ? r : put_fmt(t, "/sys/class/net/eth0/operstate", "up\n");
	r = r < 0 ? r : put_fmt(t, "/sys/class/net/lo/address", "00:00:00:00:00:00\n");
	r = r < 0 ? r : folder(t, "/sys/fs/cgroup", 0755, NULL);
	r = r < 0 ? r : put_fmt(t, "/sys/class/dmi/id/sys_vendor", "Dell Inc.\n");
	r = r < 0 ? r : put_fmt(t, "/sys/class/dmi/id/product_name", "Precision 3660\n");
	if (r == 0 && h->kernel_release) {
		r = put_fmt(t, COVERS "/osrelease", "%s\n", h->kernel_release);
		r = r < 0 ? r
		          : put_fmt(t, COVERS "/version", "Linux version %s (build@kernel) (gcc) #1 SMP PREEMPT_DYNAMIC\n",
		                    h->kernel_release);
	}
	/* Otherwise each start of the real machine would show. */
	return r < 0 ? r : put_fmt(t, COVERS "/boot_id", "8d1f5a04-3c52-4b0e-9f4e-6b2d1c7a9e30\n");
}

static int put_person(struct tree *t)
{
	const struct host_spec *h = t->h;
	struct gitrepo_file tracked[HOST_FILES_MAX];
	_cleanup_fd_ int project = -1;
	int r = folder(t, h->home, 0755, NULL);
	r = r < 0 ? r : folder(t, h->project, 0755, &project);
	for (size_t i = 0; r == 0 && i < h->n_files; i++) {
		const struct host_file *f = &h->files[i];
		if (f->folder)
			r = folder(t, f->path, f->mode ? f->mode : 0755, NULL);
		else if (f->link)
			r = put_link(t, f->path, f->link);
		else
			r = put(t, f->path, f->data, f->mode);
		if (r < 0)
			return err_sys(t->err, r, "cannot make %s inside the trial", f->path);
	}
	if (r == 0 && h->git_user && h->git_email) {
		char path[4096];
		(void)snprintf(path, sizeof(path), "%s/.gitconfig", h->home);
		r = put_fmt(t, path, "[user]\n\tname = %s\n\temail = %s\n", h->git_user, h->git_email);
	}
	if (r < 0)
		return err_sys(t->err, r, "cannot make the home folder inside the trial");
	if (h->no_git)
		return 0;
	struct gitrepo g = gitrepo_of(h, tracked);
	_cleanup_fd_ int writable = openat(project, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return writable < 0 ? err_sys(t->err, -errno, "cannot open the project inside the trial") : gitrepo_write(writable, &g, t->err);
}

static int put_skeleton(struct tree *t)
{
	static const char *const plain[] = {"/root", "/opt", "/mnt", "/media", "/srv", "/boot", "/var/log", "/var/cache", "/var/lib",
	        "/run/lock", "/var/lib/dbus", "/dev/pts", "/dev/mqueue"};
	static const char *const open_to_all[] = {"/tmp", "/var/tmp", "/dev/shm"};
	static const struct {
		const char *path, *target;
	} links[] = {{"/dev/fd", "/proc/self/fd"}, {"/dev/stdin", "/proc/self/fd/0"}, {"/dev/stdout", "/proc/self/fd/1"},
	        {"/dev/stderr", "/proc/self/fd/2"}, {"/dev/ptmx", "pts/ptmx"}, {"/var/run", "/run"}, {"/var/lock", "/run/lock"},
	        {"/var/lib/dbus/machine-id", "/etc/machine-id"}};
	int r = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(plain); i++)
		r = folder(t, plain[i], 0755, NULL);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(open_to_all); i++) {
		_cleanup_fd_ int fd = -1;
		r = folder(t, open_to_all[i], 0755, &fd);
		if (r == 0 && fchmodat(t->root, open_to_all[i] + 1, 01777, 0) < 0)
			r = -errno;
	}
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(links); i++)
		r = put_link(t, links[i].path, links[i].target);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(system_folders); i++) {
		char target[4096];
		ssize_t n = readlink(system_folders[i], target, sizeof(target) - 1);
		if (n > 0) {
			target[n] = 0;
			r = put_link(t, system_folders[i], target);
		}
	}
	char runtime[64];
	(void)snprintf(runtime, sizeof(runtime), "/run/user/%u", t->h->uid);
	return r < 0 ? r : folder(t, runtime, 0700, NULL);
}

/* A person's machine has the locales of its person, this one perhaps not, and bash and perl complain of each that is missing, by name,
 * in what a tool sends. A missing one is C.UTF-8 by another name. Without C.UTF-8 (another libc) there is nothing to do. */
static int cover_locales(struct tree *t)
{
	const char *codeset = strchr(t->h->locale, '.'), *place = "/tmp" LOCALES, *stand_in = "C.utf8";
	char alias[64], target[64];
	locale_t known = newlocale(LC_ALL_MASK, t->h->locale, (locale_t)0);
	if (known != (locale_t)0) {
		freelocale(known);
		return 0;
	}
	if (!codeset || strchr(t->h->locale, '/') || strcasecmp(codeset, ".UTF-8") != 0 || access(LOCALES "/C.utf8", F_OK) < 0)
		return 0;
	(void)snprintf(alias, sizeof(alias), "%.*s.utf8", (int)(codeset - t->h->locale), t->h->locale);
	(void)snprintf(target, sizeof(target), "%s/%s", place, stand_in);
	_cleanup_fd_ int real = open_tree(AT_FDCWD, target, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (real < 0 || mount("tmpfs", place, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=64k,nr_inodes=16") < 0)
		return -errno;
	_cleanup_fd_ int folder = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	if (folder < 0 || mkdirat(folder, stand_in, 0755) < 0 || symlinkat(stand_in, folder, alias) < 0 ||
	        move_mount(real, "", folder, stand_in, MOVE_MOUNT_F_EMPTY_PATH) < 0 ||
	        mount_setattr(folder, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return -errno;
	return 0;
}

static int build(struct tree *t, const struct hosttree_mounts *m)
{
	int r = put_skeleton(t);
	if (r < 0)
		return err_sys(t->err, r, "cannot make the folders of the trial");
	r = put_etc(t);
	if (r < 0)
		return err_sys(t->err, r, "cannot make /etc of the trial");
	r = put_machine(t);
	if (r < 0)
		return err_sys(t->err, r, "cannot make the machine files of the trial");
	for (size_t i = 0; i < m->n; i++) {
		r = place(t, m, i);
		if (r < 0)
			return err_sys(t->err, r, "cannot mount %s inside the trial", m->item[i].target);
	}
	r = cover_locales(t);
	return r < 0 ? err_sys(t->err, r, "cannot make the locale of the trial") : put_person(t);
}

/* All of the tree belongs to the one user that there is: what that user may not write is made a read-only mount, with windows. */
static int make_read_only(struct tree *t)
{
	const char *writable[] = {t->h->home, t->h->project, "/tmp", "/var/tmp", "/dev/shm", "/run/user", "/var/log", "/var/cache"};
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	for (size_t i = 0; i < ARRAY_LEN(writable); i++) {
		_cleanup_fd_ int window = open_tree(t->root, writable[i] + 1, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
		if (window < 0 || move_mount(window, "", t->root, writable[i] + 1, MOVE_MOUNT_F_EMPTY_PATH) < 0)
			return err_sys(t->err, -errno, "cannot keep %s writable inside the trial", writable[i]);
	}
	return mount_setattr(t->root, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0
	               ? err_sys(t->err, -errno, "cannot make the root read-only")
	               : 0;
}

int hosttree_enter(const struct host_spec *h, const struct hosttree_mounts *m, uint64_t disk_bytes, struct err *err)
{
	char options[128];
	/* Any folder will do as the place: what it covers is only covered in this mount namespace. */
	(void)snprintf(options, sizeof(options), "mode=755,size=%llu,nr_inodes=%d", (unsigned long long)disk_bytes, INODES_MAX);
	if (mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, options) < 0)
		return err_sys(err, -errno, "cannot mount a tmpfs for the trial");
	_cleanup_fd_ int root = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return err_sys(err, -errno, "cannot open the new root");
	struct tree t = {.h = h, .root = root, .err = err};
	int r = build(&t, m);
	r = r < 0 ? r : make_read_only(&t);
	if (r == 0 && (fchdir(root) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0))
		r = err_sys(err, -errno, "cannot change the root");
	return r;
}

int hosttree_cover_proc(const struct host_spec *h, struct err *err)
{
	static const struct {
		const char *cover, *target;
	} covers[] = {{COVERS "/cpuinfo", "/proc/cpuinfo"}, {COVERS "/boot_id", "/proc/sys/kernel/random/boot_id"},
	        {COVERS "/osrelease", "/proc/sys/kernel/osrelease"}, {COVERS "/version", "/proc/version"}};
	(void)h;
	for (size_t i = 0; i < ARRAY_LEN(covers); i++) {
		if (access(covers[i].cover, F_OK) < 0)
			continue;
		if (mount(covers[i].cover, covers[i].target, NULL, MS_BIND, NULL) < 0)
			return err_sys(err, -errno, "cannot cover %s", covers[i].target);
		(void)unlink(covers[i].cover);
	}
	(void)rmdir(COVERS);
	return 0;
}
