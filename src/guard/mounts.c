#include "guard/mounts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/slice.h"
#include "guard/errand.h"
#include "guard/fan.h"

/* Of Linux 6.14: younger than the C library's headers. */
#define REPORT_MNT 0x00004000u
#define MARK_MNTNS 0x00000110u
#define MNT_ATTACH 0x01000000u
#define MNT_DETACH 0x02000000u

#define DEVICES_MAX    4096u
#define NAMESPACES_MAX 4096u
#define LINE_BYTES     8192u
#define LINES_MAX      32u
#define LOOK_MS        2000u

enum kind { LOCAL, PSEUDO, UNKNOWN };

/* What is in neither list is somebody else's: a server's, or a process's. */
static const char *const local_types[] = {"ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs", "ramfs", "overlay", "f2fs", "bcachefs", "zfs",
        "jfs", "reiserfs", "nilfs2", "squashfs", "erofs", "iso9660", "udf", "vfat", "msdos", "exfat", "ntfs", "ntfs3", "hfs", "hfsplus",
        "minix", "devtmpfs", "aufs", "cramfs", "romfs", "ubifs", "jffs2", "ecryptfs", "hugetlbfs"};
static const char *const pseudo_types[] = {"proc", "sysfs", "cgroup", "cgroup2", "devpts", "debugfs", "tracefs", "securityfs", "bpf",
        "mqueue", "pstore", "configfs", "fusectl", "binfmt_misc", "autofs", "nsfs", "efivarfs", "selinuxfs", "smackfs", "rpc_pipefs",
        "nfsd", "resctrl"};

struct device {
	uint64_t dev;
	unsigned look; /* the last that found it */
	bool asked;    /* about what is on it */
};

struct mounts {
	struct mounts_options o;
	struct errands *errands;
	struct loop *loop;
	int mountinfo, group;
	struct source *mountinfo_source, *group_source, *timer;
	bool looking, again, too_many;
	pthread_mutex_t lock;
	struct device device[DEVICES_MAX]; /* with the lock held */
	uint64_t scope[64];
	size_t n, n_scope;
	unsigned looks, from; /* so many have begun; what none since this one found may be another by now */
	bool layers;          /* those of an overlay are asked about */
};

struct look {
	struct errand errand;
	struct mounts *m;
	char line[LINES_MAX][512];
	size_t n, seen;
	unsigned number;
	uint64_t namespace[NAMESPACES_MAX];
	size_t n_namespaces;
};

static enum kind kind_of(const char *type)
{
	for (size_t i = 0; i < ARRAY_LEN(local_types); i++)
		if (strcmp(type, local_types[i]) == 0)
			return LOCAL;
	for (size_t i = 0; i < ARRAY_LEN(pseudo_types); i++)
		if (strcmp(type, pseudo_types[i]) == 0)
			return PSEUDO;
	return UNKNOWN;
}

static bool device_of(int fd, uint64_t *dev)
{
	struct statx x;
	/* More than this a FUSE file system tells only its owner. */
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, 0, &x) < 0)
		return false;
	*dev = makedev(x.stx_dev_major, x.stx_dev_minor);
	return true;
}

static void note(struct look *l, const char *path, const char *type, const char *what, int error)
{
	if (l->n < LINES_MAX)
		(void)snprintf(l->line[l->n++], sizeof(l->line[0]), "%.300s (%.32s) %s%s", path, type, what, error ? strerror(error) : "");
}

/* True: it was not there before. */
static bool remember(const struct look *l, uint64_t dev, bool asked)
{
	struct mounts *m = l->m;
	struct device *at = NULL, *gone = NULL;
	(void)pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < m->n && !at; i++) {
		struct device *d = &m->device[i];
		if (d->dev == dev)
			at = d;
		else if (l->number - d->look > 1)
			gone = d;
	}
	bool is_new = !at;
	if (is_new)
		at = m->n < DEVICES_MAX ? &m->device[m->n++] : gone;
	if (at)
		*at = (struct device){dev, l->number, asked};
	(void)pthread_mutex_unlock(&m->lock);
	return is_new;
}

/* fd: O_PATH, of anything on the file system. It is marked again each time: a number of a device may have come back as another one. */
static void mark(struct look *l, int fd, enum kind kind, const char *path, const char *type)
{
	struct mounts *m = l->m;
	char link[64];
	uint64_t dev;
	if (kind == PSEUDO || (kind == UNKNOWN && m->o.skip_unknown) || !device_of(fd, &dev))
		return;
	if (m->layers && strcmp(type, "overlay") == 0) {
		if (remember(l, dev, true))
			note(l, path, type, "is asked about by its layers", 0);
		return;
	}
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	uint64_t mask = kind == LOCAL ? (uint64_t)FAN_OPEN_EXEC_PERM | FAN_OPEN_PERM : (uint64_t)FAN_OPEN_EXEC_PERM;
	int r = fanotify_mark(kind == LOCAL ? m->o.local : m->o.unknown, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask, AT_FDCWD, link);
	int error = r < 0 ? errno : 0;
	if (r == 0)
		l->seen++;
	if (!remember(l, dev, r == 0))
		return;
	if (r < 0)
		note(l, path, type, "cannot be asked about: ", error);
	else
		note(l, path, type, kind == LOCAL ? "is enforced on" : "is no local file system: only executions are asked about", 0);
}

/* \040 and its like, in place. */
static void unescape(char *s)
{
	char *to = s;
	for (const char *p = s; *p;) {
		if (p[0] == '\\' && p[1] >= '0' && p[1] <= '3' && p[2] >= '0' && p[2] <= '7' && p[3] >= '0' && p[3] <= '7') {
			*to++ = (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0'));
			p += 4;
		} else {
			*to++ = *p++;
		}
	}
	*to = 0;
}

static bool in_scope(const struct mounts *m, const char *point)
{
	if (m->o.n_filesystems == 0)
		return true;
	for (size_t i = 0; i < m->o.n_filesystems; i++) {
		size_t n = strlen(m->o.filesystem[i]);
		if (strncmp(point, m->o.filesystem[i], n) == 0 && (point[n] == 0 || point[n] == '/' || n == 1))
			return true;
	}
	return false;
}

/* One line of proc(5) mountinfo: …, device (the third field), …, mount point (the fifth), …, "-", type. */
struct line {
	char *device, *point, *type;
};

static bool split(char *text, struct line *out)
{
	char *save = NULL, *field = strtok_r(text, " ", &save);
	*out = (struct line){0};
	for (unsigned i = 1; field; i++, field = strtok_r(NULL, " ", &save)) {
		if (i == 3)
			out->device = field;
		if (i == 5)
			out->point = field;
		if (i > 5 && strcmp(field, "-") == 0)
			break;
	}
	out->type = field ? strtok_r(NULL, " \n", &save) : NULL;
	return out->type && out->point[0] == '/';
}

static void read_line(struct look *l, int root, char *text)
{
	struct line at;
	if (!split(text, &at))
		return;
	unescape(at.point);
	if (!in_scope(l->m, at.point))
		return;
	_cleanup_fd_ int fd = openat(root, at.point[1] ? at.point + 1 : ".", O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		mark(l, fd, kind_of(at.type), at.point, at.type);
}

bool mounts_served(pid_t pid, uint64_t dev)
{
	char path[64], number[32], *text = NULL;
	size_t size = 0;
	struct line at;
	bool is = false;
	(void)snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)pid);
	(void)snprintf(number, sizeof(number), "%u:%u", major(dev), minor(dev));
	FILE *f = fopen(path, "re");
	while (f && !is && getline(&text, &size, f) > 0)
		is = split(text, &at) && strcmp(at.device, number) == 0 && kind_of(at.type) == UNKNOWN;
	free(text);
	if (f)
		(void)fclose(f);
	return is;
}

static void read_namespace(struct look *l, const char *pid)
{
	char path[64], *line = NULL;
	size_t size = 0;
	(void)snprintf(path, sizeof(path), "/proc/%s/root", pid);
	_cleanup_fd_ int root = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(path, sizeof(path), "/proc/%s/mountinfo", pid);
	FILE *f = root < 0 ? NULL : fopen(path, "re");
	while (f && getline(&line, &size, f) > 0)
		if (strlen(line) < LINE_BYTES)
			read_line(l, root, line);
	free(line);
	if (f)
		(void)fclose(f);
	if (l->m->group < 0)
		return;
	(void)snprintf(path, sizeof(path), "/proc/%s/ns/mnt", pid);
	_cleanup_fd_ int ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns >= 0)
		(void)fanotify_mark(l->m->group, FAN_MARK_ADD | MARK_MNTNS, MNT_ATTACH | MNT_DETACH, ns, NULL);
}

/* Each mount namespace once, by any process that is in it. */
static void read_all(struct look *l)
{
	read_namespace(l, "self");
	DIR *d = opendir("/proc");
	for (struct dirent *e; d && (e = readdir(d));) {
		char path[64];
		struct statx x;
		uint64_t pid;
		if (!slice_u64(slice_str(e->d_name), INT32_MAX, &pid))
			continue;
		(void)snprintf(path, sizeof(path), "/proc/%s/ns/mnt", e->d_name);
		if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_INO, &x) < 0)
			continue;
		bool seen = false;
		for (size_t i = 0; i < l->n_namespaces && !seen; i++)
			seen = l->namespace[i] == x.stx_ino;
		if (!seen && l->n_namespaces == NAMESPACES_MAX && !l->m->too_many) {
			l->m->too_many = true;
			note(l, "more mount namespaces", "than are looked at", "what is mounted in the others is not asked about", 0);
		}
		if (seen || l->n_namespaces == NAMESPACES_MAX)
			continue;
		l->namespace[l->n_namespaces++] = x.stx_ino;
		read_namespace(l, e->d_name);
	}
	if (d)
		(void)closedir(d);
}

/* Those that were named: whatever they lie on. */
static void read_named(struct look *l)
{
	struct mounts *m = l->m;
	for (size_t i = 0; i < m->o.n_filesystems; i++) {
		uint64_t dev;
		_cleanup_fd_ int fd = open(m->o.filesystem[i], O_PATH | O_CLOEXEC);
		if (fd < 0 || !device_of(fd, &dev))
			continue;
		mark(l, fd, LOCAL, m->o.filesystem[i], "named");
		(void)pthread_mutex_lock(&m->lock);
		m->scope[i] = dev;
		m->n_scope = i + 1;
		(void)pthread_mutex_unlock(&m->lock);
	}
}

static void look_work(struct errand *e)
{
	struct look *l = (struct look *)(void *)e;
	(void)pthread_mutex_lock(&l->m->lock);
	l->number = ++l->m->looks;
	(void)pthread_mutex_unlock(&l->m->lock);
	read_named(l);
	read_all(l);
}

static void tell(struct look *l)
{
	for (size_t i = 0; i < l->n; i++)
		l->m->o.marked(l->m->o.arg, l->line[i]);
}

static void look_done(struct errand *e)
{
	struct look *l = (struct look *)(void *)e;
	struct mounts *m = l->m;
	m->looking = false;
	tell(l);
	free(l);
	if (m->again)
		mounts_look(m);
}

void mounts_look(struct mounts *m)
{
	m->again = m->looking;
	if (m->looking)
		return;
	struct look *l = calloc(1, sizeof(*l));
	if (!l)
		return;
	*l = (struct look){.errand = {.work = look_work, .done = look_done}, .m = m};
	m->looking = true;
	errand_send(m->errands, &l->errand);
}

void mounts_changed(struct mounts *m)
{
	(void)pthread_mutex_lock(&m->lock);
	m->from = m->looks + 1;
	(void)pthread_mutex_unlock(&m->lock);
	mounts_look(m);
}

static void on_mountinfo(void *arg, uint32_t events)
{
	struct mounts *m = arg;
	char drain[64];
	(void)events;
	(void)!pread(m->mountinfo, drain, sizeof(drain), 0);
	mounts_changed(m);
}

static void on_group(void *arg, uint32_t events)
{
	struct mounts *m = arg;
	char drain[8192];
	(void)events;
	while (read(m->group, drain, sizeof(drain)) > 0)
		;
	mounts_changed(m);
}

static void on_time(void *arg, uint32_t events)
{
	struct mounts *m = arg;
	(void)events;
	m->timer = NULL;
	mounts_look(m);
	(void)!loop_after(m->loop, LOOK_MS, on_time, m, &m->timer);
}

int mounts_new(struct loop *loop, struct errands *errands, const struct mounts_options *o, struct mounts **out, struct err *err)
{
	struct mounts *m = calloc(1, sizeof(*m));
	struct look *l = calloc(1, sizeof(*l));
	if (!m || !l) {
		free(m);
		free(l);
		return err_set(err, -ENOMEM, "no memory");
	}
	*m = (struct mounts){.o = *o, .errands = errands, .loop = loop, .mountinfo = -1, .layers = mounts_overlay_layers()};
	(void)pthread_mutex_init(&m->lock, NULL);
	m->group = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | REPORT_MNT, O_RDONLY);
	m->mountinfo = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	int r = m->mountinfo < 0 ? -errno : loop_add(loop, m->mountinfo, EPOLLPRI, on_mountinfo, m, &m->mountinfo_source);
	if (r == 0 && m->group >= 0)
		r = loop_add(loop, m->group, EPOLLIN, on_group, m, &m->group_source);
	r = r < 0 ? r : loop_after(loop, LOOK_MS, on_time, m, &m->timer);
	if (r < 0) {
		mounts_free(m);
		free(l);
		return err_sys(err, r, "cannot watch what is mounted");
	}
	l->m = m;
	look_work(&l->errand);
	tell(l);
	size_t seen = l->seen;
	char first[512];
	(void)snprintf(first, sizeof(first), "%s", l->n ? l->line[0] : "there is none");
	free(l);
	if (seen == 0) {
		mounts_free(m);
		return err_set(err, -ENODEV, "no file system can be asked about: %s", first);
	}
	*out = m;
	return 0;
}

void mounts_free(struct mounts *m)
{
	if (!m)
		return;
	loop_remove(m->mountinfo_source);
	loop_remove(m->group_source);
	loop_remove(m->timer);
	fd_closep(&m->mountinfo);
	fd_closep(&m->group);
	(void)pthread_mutex_destroy(&m->lock);
	free(m);
}

bool mounts_has(struct mounts *m, uint64_t dev)
{
	bool has = false;
	(void)pthread_mutex_lock(&m->lock);
	for (size_t i = 0; i < m->n && !has; i++)
		has = m->device[i].dev == dev && m->device[i].asked && m->device[i].look >= m->from;
	(void)pthread_mutex_unlock(&m->lock);
	return has;
}

bool mounts_concern(struct mounts *m, pid_t pid)
{
	if (m->o.n_filesystems == 0)
		return true;
	for (size_t i = 0; i < m->o.n_filesystems; i++) {
		char path[4200];
		uint64_t dev;
		(void)snprintf(path, sizeof(path), "/proc/%d/root%s", (int)pid, m->o.filesystem[i]);
		_cleanup_fd_ int fd = open(path, O_PATH | O_CLOEXEC);
		if (fd < 0 || !device_of(fd, &dev))
			continue;
		(void)pthread_mutex_lock(&m->lock);
		bool same = i < m->n_scope && m->scope[i] == dev;
		(void)pthread_mutex_unlock(&m->lock);
		if (same)
			return true;
	}
	return false;
}

const char *mounts_how(const struct mounts *m)
{
	return m->group >= 0 ? "told by the kernel of mounts" : "by looking at /proc/self/mountinfo when it changes";
}
