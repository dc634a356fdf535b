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
#include "confine/machine.h"
#include "confine/trial.h"
#include "sys/fd.h"

/* Where the person may remove it again once its files are bound over /proc. */
#define COVERS     "/run/user/.covers"
#define INODES_MAX 200000
/* Below the new root while it is built. */
#define STAGE "/.stage"
/* Of the files of /etc the largest is ld.so.cache. */
#define FILE_COPIED_MAX ((size_t)1 << 20)
#define LOCALES         "/usr/lib/locale"
/* Of a larger machine the lists tell, and not a folder for each CPU. */
#define CPU_FOLDERS_MAX 128

/* Of the real machine, read-only. A link (merged /usr) is copied as a link; what is not there is left out. */
static const char *const system_folders[] = {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};

const char *const hosttree_etc[] = {
        "alternatives",
        "ld.so.cache",
        "ld.so.conf",
        "ld.so.conf.d",
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
        NULL,
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
	for (size_t i = 0; r == 0 && hosttree_etc[i]; i++) {
		(void)snprintf(path, sizeof(path), "/etc/%s", hosttree_etc[i]);
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

/* Whether anything is mounted below a folder of the stage. */
static bool has_mounts_below(const char *name)
{
	_cleanup_free_ char *line = NULL;
	char start[64];
	size_t n = 0;
	bool found = false;
	FILE *f = fopen("/proc/self/mountinfo", "re");
	(void)snprintf(start, sizeof(start), " /tmp" STAGE "/%s/", name);
	while (f && !found && getline(&line, &n, f) >= 0)
		found = strstr(line, start) != NULL;
	if (f)
		(void)fclose(f);
	return found || !f;
}

/* Mounts a folder as the one layer of an overlay: of a plain bind mount /proc/self/mountinfo tells the folder's path on the real machine,
 * with its person's name in it, and the device, of an overlay what is said here. Where that cannot be (other mounts lie below, or layers
 * are stacked too high already), it is a plain one. The working folder is the stage. */
static int place_veiled(int fd, const char *target, size_t i)
{
	char path[4096], name[16], layers[64];
	(void)snprintf(path, sizeof(path), "/tmp%s", target);
	(void)snprintf(name, sizeof(name), "%zu", i);
	/* Below two layers Linux wants an upper one. */
	(void)snprintf(layers, sizeof(layers), "lowerdir=%s:none", name);
	if (mkdir(name, 0755) < 0 || move_mount(fd, "", AT_FDCWD, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -errno;
	if (!has_mounts_below(name) && mount("overlay", path, "overlay", MS_RDONLY | MS_NOSUID | MS_NODEV, layers) == 0)
		return 0;
	return move_mount(AT_FDCWD, name, AT_FDCWD, path, 0) < 0 ? -errno : 0;
}

/* A small file of /etc is copied. */
static int place_copy(struct tree *t, const char *target, int fd)
{
	static uint8_t bytes[FILE_COPIED_MAX];
	char path[48];
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	_cleanup_fd_ int from = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got = -1;
	while (from >= 0 && n < sizeof(bytes) && (got = read(from, bytes + n, sizeof(bytes) - n)) > 0)
		n += (size_t)got;
	return got == 0 ? put(t, target, slice_of(bytes, n), 0644) : -EFBIG;
}

static int place(struct tree *t, const struct hosttree_mounts *m, size_t i)
{
	_cleanup_fd_ int dir = -1, at = -1;
	const char *last = NULL, *target = m->item[i].target;
	int r;
	if (m->item[i].is_folder && strcmp(target, "/proc") != 0) {
		r = folder(t, target, 0755, NULL);
		return r < 0 ? r : place_veiled(m->item[i].fd, target, i);
	}
	if (m->item[i].is_folder) {
		r = folder(t, target, 0755, &at);
	} else {
		if (strncmp(target, "/etc/", 5) == 0 && place_copy(t, target, m->item[i].fd) == 0)
			return 0;
		r = put(t, target, SLICE(""), 0644);
		r = r < 0 ? r : parent(t, target, &dir, &last);
		if (r == 0) {
			at = openat(dir, last, O_PATH | O_NOFOLLOW | O_CLOEXEC);
			r = at < 0 ? -errno : 0;
		}
	}
	if (r < 0)
		return r;
	return move_mount(m->item[i].fd, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0 ? -errno : 0;
}

/* The keyboard as an installation in that language leaves it: first the Latin one, where the other has no Latin letters. */
static const char *layout_of(const char *locale)
{
	static const struct {
		const char *country, *layout;
	} known[] = {{"US", "us"}, {"CN", "cn"}, {"TW", "tw"}, {"HK", "cn"}, {"RU", "us,ru"}, {"UA", "us,ua"}, {"BY", "us,by"},
	        {"DE", "de"}, {"JP", "jp"}, {"KR", "kr"}, {"IR", "us,ir"}, {"EG", "us,ara"}, {"IN", "in"}, {"BR", "br"}, {"MX", "latam"},
	        {"FR", "fr"}, {"TR", "tr"}, {"IL", "us,il"}, {"VN", "vn"}, {"GB", "gb"}, {"ES", "es"}, {"IT", "it"}, {"PL", "pl"}};
	const char *country = strchr(locale, '_');
	for (size_t i = 0; country && i < ARRAY_LEN(known); i++)
		if (strncmp(country + 1, known[i].country, 2) == 0)
			return known[i].layout;
	return "us";
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
	if (r == 0 && strcmp(h->os_id, "debian") == 0)
		r = put_fmt(t, "/etc/debian_version", "%s.8\n", h->os_version);
	r = r < 0 ? r : put_fmt(t, "/etc/issue", "%s %s \\n \\l\n\n", h->os_name, h->os_version);
	r = r < 0 ? r : put_fmt(t, "/etc/shells", "/bin/sh\n/bin/bash\n/usr/bin/bash\n%s\n", h->shell);
	r = r < 0 ? r : put_fmt(t, "/etc/profile", "export PATH=/usr/local/bin:/usr/bin:/bin\n");
	r = r < 0 ? r : put_fmt(t, "/etc/default/locale", "LANG=%s\n", h->locale);
	r = r < 0 ? r
	          : put_fmt(t, "/etc/default/keyboard",
	                    "XKBMODEL=\"pc105\"\nXKBLAYOUT=\"%s\"\nXKBVARIANT=\"\"\nXKBOPTIONS=\"\"\n\nBACKSPACE=\"guess\"\n",
	                    layout_of(h->locale));
	char zone[256];
	(void)snprintf(zone, sizeof(zone), "/usr/share/zoneinfo/%s", h->timezone);
	r = r < 0 ? r : put_link(t, "/etc/localtime", zone);
	return r < 0 ? r : put_link(t, "/etc/mtab", "../proc/self/mounts");
}

/* Where glibc, Node and others count. */
static int put_cpus(struct tree *t)
{
	static const char *const lists[] = {"online", "possible", "present"};
	unsigned cpus = machine_cpus(t->h);
	_cleanup_buf_ struct buf range = BUF(32);
	char path[96];
	int r = 0;
	machine_cpu_range(&range, cpus);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(lists); i++) {
		(void)snprintf(path, sizeof(path), "/sys/devices/system/cpu/%s", lists[i]);
		r = put(t, path, buf_slice(&range), 0444);
	}
	for (unsigned i = 0; r == 0 && i < cpus && i < CPU_FOLDERS_MAX; i++) {
		(void)snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/topology/core_id", i);
		r = put_fmt(t, path, "%u\n", i);
		(void)snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%u/topology/physical_package_id", i);
		r = r < 0 ? r : put_fmt(t, path, "0\n");
	}
	return r;
}

static int put_machine(struct tree *t)
{
	const struct host_spec *h = t->h;
	int r = put_cpus(t);
	r = r < 0 ? r : put_fmt(t, "/sys/class/net/eth0/address", "%s\n", h->mac);
	r = r < 0 ? r : put_fmt(t, "/sys/class/net/eth0/operstate", "up\n");
	r = r < 0 ? r : put_fmt(t, "/sys/class/net/lo/address", "00:00:00:00:00:00\n");
	r = r < 0 ? r : folder(t, "/sys/fs/cgroup", 0755, NULL);
	r = r < 0 ? r : put_fmt(t, "/sys/class/dmi/id/sys_vendor", "Dell Inc.\n");
	r = r < 0 ? r : put_fmt(t, "/sys/class/dmi/id/product_name", "Precision 3660\n");
	/* For hosttree_cover_proc(). */
	r = r < 0 ? r : folder(t, COVERS, 0755, NULL);
	for (size_t i = 0; r == 0 && i < machine_n_files; i++) {
		char path[64];
		_cleanup_buf_ struct buf text = BUF(MACHINE_TEXT_MAX);
		(void)snprintf(path, sizeof(path), COVERS "/%zu", i);
		if (machine_files[i].fixed)
			buf_str_add(&text, machine_files[i].fixed);
		else
			machine_files[i].text(&text, h);
		r = buf_error(&text) ? buf_error(&text) : text.n ? put(t, path, buf_slice(&text), 0444) : 0;
	}
	return r;
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

/* Read-only, or the one user that there is could write into it. */
static int cover(const char *with, const char *target)
{
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
	_cleanup_fd_ int fd = open_tree(AT_FDCWD, with, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (fd < 0 || mount_setattr(fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return -errno;
	return move_mount(fd, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

static bool is_type(const char *path, mode_t type)
{
	struct stat st;
	return lstat(path, &st) == 0 && (st.st_mode & S_IFMT) == type;
}

/* What a /usr says that is not of the synthetic host: the system's name, and the releases of the kernels that are installed. */
static int cover_usr(struct tree *t)
{
	static const struct {
		const char *path;
		bool modules;
	} folders[] = {{"/tmp/usr/lib/modules", true}, {"/tmp/lib/modules", true}, {"/tmp/usr/src", false}};
	struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
	const char *name = t->h->kernel_release, *os = "/tmp/usr/lib/os-release";
	int r = is_type(os, S_IFREG) ? cover("/tmp/etc/os-release", os) : 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(folders); i++) {
		/* Where /lib is a link into /usr, the second is the first, and leads out of the tree. */
		if (!is_type(folders[i].path, S_IFDIR) || (i == 1 && is_type("/tmp/lib", S_IFLNK)))
			continue;
		_cleanup_fd_ int at = -1;
		if (mount("tmpfs", folders[i].path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=64k,nr_inodes=16") < 0 ||
		        (at = open(folders[i].path, O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0 ||
		        (folders[i].modules && name && mkdirat(at, name, 0755) < 0) ||
		        mount_setattr(at, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
			r = -errno;
	}
	return r;
}

static int place_all(struct tree *t, const struct hosttree_mounts *m)
{
	int r = folder(t, STAGE, 0755, NULL);
	/* A mount of its own goes with all that is on it at once, which takes as long as one: the kernel waits for every processor. */
	if (r < 0 || mount("tmpfs", "/tmp" STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64k") < 0 || chdir("/tmp" STAGE) < 0 ||
	        mkdir("none", 0755) < 0)
		return err_sys(t->err, r < 0 ? r : -errno, "cannot make the folders of the trial");
	for (size_t i = 0; i < m->n; i++) {
		r = place(t, m, i);
		if (r < 0)
			return err_sys(t->err, r, "cannot mount %s inside the trial", m->item[i].target);
	}
	if (chdir("/") < 0 || umount2("/tmp" STAGE, MNT_DETACH) < 0 || rmdir("/tmp" STAGE) < 0)
		return err_sys(t->err, -errno, "cannot clear up in the trial");
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
	r = place_all(t, m);
	if (r < 0)
		return r;
	r = cover_locales(t);
	if (r < 0)
		return err_sys(t->err, r, "cannot make the locale of the trial");
	r = cover_usr(t);
	return r < 0 ? err_sys(t->err, r, "cannot cover what /usr says of the real machine") : put_person(t);
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

static bool covered_by_name(const char *name)
{
	for (size_t i = 0; i < machine_n_files; i++)
		if (strcmp(machine_files[i].path, name) == 0)
			return true;
	return false;
}

/* Whatever else the kernel and its modules have put there says something about the real machine. */
static int cover_rest(DIR *proc)
{
	/* Of the process that looks, of its namespaces, or the same everywhere. */
	static const char *const kept[] = {"execdomains", "locks", "sys", "sysvipc", "uptime"};
	for (struct dirent *e; (e = readdir(proc));) {
		char target[300];
		bool keep = (e->d_type != DT_DIR && e->d_type != DT_REG) || (e->d_name[0] >= '0' && e->d_name[0] <= '9') ||
		            e->d_name[0] == '.' || covered_by_name(e->d_name);
		for (size_t i = 0; i < ARRAY_LEN(kept); i++)
			keep = keep || strcmp(kept[i], e->d_name) == 0;
		(void)snprintf(target, sizeof(target), "/proc/%s", e->d_name);
		int r = keep ? 0 : cover(e->d_type == DT_DIR ? COVERS "/nothing" : COVERS "/empty", target);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	return 0;
}

int hosttree_cover_proc(int *stat_file, struct err *err)
{
	_cleanup_fd_ int live = -1;
	char with[64], target[64];
	for (size_t i = 0; i < machine_n_files; i++) {
		(void)snprintf(with, sizeof(with), COVERS "/%zu", i);
		(void)snprintf(target, sizeof(target), "/proc/%s", machine_files[i].path);
		/* Not every kernel has all of them. */
		int r = access(with, F_OK) == 0 && access(target, F_OK) == 0 ? cover(with, target) : 0;
		if (r < 0)
			return err_sys(err, r, "cannot cover %s", target);
		if (strcmp(machine_files[i].path, "stat") == 0)
			live = open(with, O_WRONLY | O_CLOEXEC);
		(void)unlink(with);
	}
	int empty = open(COVERS "/empty", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
	DIR *proc = opendir("/proc");
	int r = empty < 0 || mkdir(COVERS "/nothing", 0555) < 0 || !proc ? -errno : cover_rest(proc);
	if (proc)
		(void)closedir(proc);
	fd_closep(&empty);
	(void)unlink(COVERS "/empty");
	(void)rmdir(COVERS "/nothing");
	(void)rmdir(COVERS);
	if (r < 0)
		return err_sys(err, r, "cannot cover what /proc says of the real machine");
	*stat_file = TAKE_FD(live);
	return 0;
}
