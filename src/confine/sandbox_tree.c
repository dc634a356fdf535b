#include "confine/sandbox_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "confine/hosttree.h"
#include "confine/machine.h"
#include "sys/fd.h"

/* One tmpfs holds everything that is private. Its own root lies at /sys only while the tree is built: then a sysfs covers it. */
#define STAGE "/sys"
/* On a read-only mount, so that nobody takes away what covers. */
#define COVERS     "/dev/.postern"
#define INODES_MAX 1000000

static const uint64_t safe = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;

/* Private folders: of the stage, and where they are shown. */
static const struct {
	const char *name, *target;
	mode_t mode;
} private_folders[] = {
        {"tmp", "/tmp", 01777},
        {"run", "/run", 0755},
        {"vartmp", "/var/tmp", 01777},
        {"homes", "/home", 0755},
        {"root", "/root", 0700},
};

static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};

/* Of /proc: what the numbers of the person (or of root) could write to is read-only, what tells secrets of the kernel is not there. */
static const char *const proc_fixed[] = {
        "sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi", "mtrr", "asound", "driver", "dynamic_debug"};
static const char *const proc_hidden[] = {"kcore", "keys", "key-users", "timer_list", "latency_stats", "kpagecount", "kpageflags",
        "kpagecgroup", "kmsg", "vmallocinfo", "slabinfo", "sched_debug"};

static bool below(const char *path, const char *folder)
{
	size_t n = strlen(folder);
	return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == 0);
}

static size_t parent_length(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? (size_t)(slash - path) : 0;
}

/* ---- the plan ---- */

/* Where a real path is shown; from malloc(). */
static char *moved(const struct sandbox_spec *spec, const char *real)
{
	const struct sandbox_move *best = NULL;
	char *out = NULL;
	for (size_t i = 0; i < spec->n_moves; i++)
		if (below(real, spec->moves[i].from) && (!best || strlen(spec->moves[i].from) > strlen(best->from)))
			best = &spec->moves[i];
	if (!best)
		return strdup(real);
	return asprintf(&out, "%s%s", best->to, real + strlen(best->from)) < 0 ? NULL : out;
}

static int by_length(const void *a, const void *b)
{
	const struct tree_item *x = a, *y = b;
	size_t n = strlen(x->path), m = strlen(y->path);
	return n != m ? (n > m) - (n < m) : (x->as > y->as) - (x->as < y->as);
}

static int plan_path(struct tree_plan *plan, const struct sandbox_path *p, struct err *err)
{
	struct stat st;
	if (p->path[0] != '/')
		return err_set(err, -EINVAL, "%s is no absolute path", p->path);
	_cleanup_free_ char *real = realpath(p->path, NULL);
	if (!real || stat(real, &st) < 0)
		return p->optional || p->mode == SANDBOX_HIDE ? 0 : err_sys(err, -errno, "cannot show %s", p->path);
	if (strcmp(real, "/") == 0) {
		/* It is shown read-only anyway. */
		return p->mode == SANDBOX_READ ? 0 : err_set(err, -EINVAL, "the root of the whole system can only be shown read-only");
	}
	if (p->mode == SANDBOX_COPY && (!S_ISDIR(st.st_mode) || !p->upper || !p->work))
		return err_set(
		        err, -EINVAL, "%s cannot be shown as a copy: only a folder can, and it needs two folders for the changes", p->path);
	if (plan->n_items == TREE_ITEMS_MAX)
		return err_set(err, -E2BIG, "more than %d paths are named", TREE_ITEMS_MAX);
	char *path = moved(plan->spec, real);
	if (!path)
		return err_sys(err, -ENOMEM, "cannot show %s", p->path);
	plan->item[plan->n_items++] =
	        (struct tree_item){.as = p, .source = TAKE_PTR(real), .path = path, .folder = S_ISDIR(st.st_mode), .fd = -1, .changes = -1};
	return 0;
}

/* Where a path leads; of one that is not there yet, the path itself. */
static char *leads_to(const char *path)
{
	char *real = realpath(path, NULL);
	const char *slash = strrchr(path, '/');
	if (real || !slash)
		return real;
	char link[PATH_MAX];
	int above = slash == path ? 1 : (int)(slash - path);
	ssize_t n = readlink(path, link, sizeof(link) - 1);
	if (n <= 0)
		return strdup(path);
	/* A link whose end is not there yet, like that of systemd-resolved. */
	link[n] = 0;
	if (link[0] == '/')
		return strdup(link);
	return asprintf(&real, "%.*s/%s", above, path, link) < 0 ? NULL : real;
}

/* Where a file is made. In a place that is made itself no link of the real one counts. */
static char *file_place(const struct sandbox_spec *spec, const char *path)
{
	bool made = spec->own_etc && below(path, "/etc");
	for (size_t i = 0; i < spec->n_moves && !made; i++)
		made = below(path, spec->moves[i].to);
	return made ? strdup(path) : leads_to(path);
}

/* Sockets with a path that somebody listens on, or takes datagrams at, of the real machine: a read-only file system does not keep one from
 * connecting. */
static int plan_sockets(struct tree_plan *plan)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	FILE *f = fopen("/proc/net/unix", "re");
	while (f && getline(&line, &size, f) > 0) {
		unsigned flags = 0, type = 0;
		int at = 0;
		struct stat st;
		if (sscanf(line, "%*s %*s %*s %x %x %*s %*s %n", &flags, &type, &at) != 2 || !at || line[at] != '/' ||
		        (!(flags & 0x10000) && type != SOCK_DGRAM))
			continue;
		line[strcspn(line, "\n")] = 0;
		const char *path = line + at;
		bool covered = below(path, plan->home) || below(path, "/dev") || below(path, "/var/run");
		for (size_t i = 0; i < sizeof(private_folders) / sizeof(private_folders[0]); i++)
			covered = covered || below(path, private_folders[i].target);
		/* One that is named is wanted, and one in a named folder too, unless that is the whole system. */
		for (size_t i = 0; i < plan->n_items; i++)
			covered = covered || below(path, plan->item[i].source);
		if (covered || lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
			continue;
		if (plan->n_sockets == TREE_SOCKETS_MAX) {
			(void)fclose(f);
			return -E2BIG;
		}
		plan->socket[plan->n_sockets++] = strdup(path);
	}
	if (f)
		(void)fclose(f);
	return 0;
}

int tree_plan(const struct sandbox_spec *spec, struct tree_plan *plan, struct err *err)
{
	*plan = (struct tree_plan){.spec = spec};
	plan->home = realpath(spec->home, NULL);
	if (!plan->home || spec->home[0] != '/' || strcmp(plan->home, "/") == 0)
		return err_set(err, plan->home ? -EINVAL : -errno, "%s cannot be the home of a confined command", spec->home);
	plan->home_at = moved(spec, plan->home);
	if (!plan->home_at)
		return err_sys(err, -ENOMEM, "cannot show the home");
	for (size_t i = 0; i < spec->n_paths; i++) {
		int r = plan_path(plan, &spec->paths[i], err);
		if (r < 0)
			return r;
	}
	/* Outer ones first; of the same path the one that was given last. */
	qsort(plan->item, plan->n_items, sizeof(plan->item[0]), by_length);
	size_t n = 0;
	for (size_t i = 0; i < plan->n_items; i++) {
		if (n && strcmp(plan->item[n - 1].path, plan->item[i].path) == 0)
			n--;
		plan->item[n++] = plan->item[i];
	}
	plan->n_items = n;
	if (spec->n_files > TREE_ITEMS_MAX)
		return err_set(err, -E2BIG, "more than %d files are to be made", TREE_ITEMS_MAX);
	for (size_t i = 0; i < spec->n_files; i++)
		plan->file[i] = file_place(spec, spec->files[i].path);
	if (spec->network == SANDBOX_NET_GATE)
		plan->resolv = file_place(spec, "/etc/resolv.conf");
	int r = plan_sockets(plan);
	return r < 0 ? err_sys(err, r, "too many sockets to cover") : 0;
}

/* ---- covering, also later ---- */

static int clone_of(int at, const char *path, bool recursive, uint64_t attributes)
{
	struct mount_attr attr = {.attr_set = attributes};
	unsigned flags = recursive ? AT_RECURSIVE : 0;
	int fd = open_tree(at, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW | flags | (*path ? 0 : AT_EMPTY_PATH));
	if (fd < 0)
		return -errno;
	if (attributes && mount_setattr(fd, "", AT_EMPTY_PATH | flags, &attr, sizeof(attr)) < 0) {
		int r = -errno;
		(void)close(fd);
		return r;
	}
	return fd;
}

/* Shows a detached mount on what a descriptor is of. */
static int put_on(int mount_fd, int at)
{
	return move_mount(mount_fd, "", at, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0 ? -errno : 0;
}

static int put_at(int mount_fd, const char *path)
{
	return move_mount(mount_fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0 ? -errno : 0;
}

int tree_covers_open(struct tree_covers *c)
{
	c->file = open(COVERS "/file", O_PATH | O_CLOEXEC);
	c->folder = open(COVERS "/folder", O_PATH | O_CLOEXEC);
	return c->file < 0 || c->folder < 0 ? -errno : 0;
}

int tree_cover(const struct tree_covers *c, int at, const char *name)
{
	struct stat st;
	_cleanup_fd_ int there = openat(at, name, O_PATH | O_CLOEXEC);
	if (there < 0 || fstat(there, &st) < 0)
		return -errno;
	_cleanup_fd_ int with = clone_of(S_ISDIR(st.st_mode) ? c->folder : c->file, "", false, safe | MOUNT_ATTR_NOEXEC);
	return with < 0 ? with : put_on(with, there);
}

int tree_pin(int at, const char *name, bool read_only)
{
	_cleanup_fd_ int self = clone_of(at, name, true, read_only ? MOUNT_ATTR_RDONLY : 0);
	if (self < 0)
		return self;
	_cleanup_fd_ int there = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return there < 0 ? -errno : put_on(self, there);
}

/* ---- building ---- */

/* Makes what is missing of a path's folders, which succeeds where the tree is private. */
static int make_folders(const char *path, size_t n)
{
	char at[PATH_MAX];
	if (n >= sizeof(at))
		return -ENAMETOOLONG;
	for (size_t i = 1; i <= n; i++) {
		if (i < n && path[i] != '/')
			continue;
		memcpy(at, path, i);
		at[i] = 0;
		if (mkdir(at, 0755) < 0 && errno != EEXIST && access(at, F_OK) < 0)
			return -errno;
	}
	return 0;
}

/* Something to mount on. */
static int make_place(const char *path, bool folder)
{
	struct stat st;
	if (lstat(path, &st) == 0)
		return 0;
	int r = make_folders(path, folder ? strlen(path) : parent_length(path));
	if (r < 0 || folder)
		return r;
	int fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	(void)close(fd);
	return 0;
}

/* A path by which something is known although its links lead elsewhere stays known by it, where its folders were covered. */
static void make_alias(const char *given, const char *real)
{
	struct stat st;
	if (strcmp(given, real) == 0 || lstat(given, &st) == 0)
		return;
	if (make_folders(given, parent_length(given)) == 0)
		(void)!symlink(real, given);
}

/* Shows a folder or file of the stage somewhere. */
static int show(const char *stage, const char *target, uint64_t attributes)
{
	_cleanup_fd_ int fd = clone_of(AT_FDCWD, stage, false, attributes);
	return fd < 0 ? fd : put_at(fd, target);
}

static bool is_type(const char *path, mode_t type)
{
	struct stat st;
	return lstat(path, &st) == 0 && (st.st_mode & S_IFMT) == type;
}

/* What will be shown differently from the rest is taken before all of that becomes read-only. */
static int take(struct tree_plan *plan, int *device, struct err *err)
{
	char path[PATH_MAX];
	for (size_t i = 0; i < plan->n_items; i++) {
		struct tree_item *t = &plan->item[i];
		if (t->as->mode == SANDBOX_HIDE)
			continue;
		t->fd = clone_of(AT_FDCWD, t->source, true,
		        MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (t->as->mode == SANDBOX_READ ? MOUNT_ATTR_RDONLY : 0));
		if (t->fd < 0)
			return err_sys(err, t->fd, "cannot show %s", t->source);
		if (t->as->mode != SANDBOX_COPY)
			continue;
		(void)snprintf(path, sizeof(path), "%.*s", (int)parent_length(t->as->upper), t->as->upper);
		/* Not by clone_of(): the caller's path may have links. */
		t->changes = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
		if (t->changes < 0)
			return err_sys(err, -errno, "cannot use %s for the changes of %s", path, t->source);
	}
	for (size_t i = 0; plan->spec->own_etc && hosttree_etc[i] && i < TREE_ETC_MAX; i++) {
		(void)snprintf(path, sizeof(path), "/etc/%s", hosttree_etc[i]);
		plan->etc[i] = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	}
	for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
		(void)snprintf(path, sizeof(path), "/dev/%s", devices[i]);
		device[i] = clone_of(AT_FDCWD, path, false, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
		if (device[i] < 0)
			return err_sys(err, device[i], "cannot show %s", path);
	}
	/* Programs look for their terminal's name in /dev, where that of the real machine's is not. */
	device[ARRAY_LEN(devices)] = -1;
	if (plan->spec->terminal && ttyname_r(plan->spec->in, path, sizeof(path)) == 0)
		device[ARRAY_LEN(devices)] = clone_of(AT_FDCWD, path, false, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	return 0;
}

static int make_stage(const struct tree_plan *plan, struct err *err)
{
	char options[128], path[PATH_MAX];
	int n = snprintf(options, sizeof(options), "mode=0755,nr_inodes=%d", INODES_MAX);
	if (plan->spec->limits.disk_bytes)
		(void)snprintf(options + n, sizeof(options) - (size_t)n, ",size=%llu", (unsigned long long)plan->spec->limits.disk_bytes);
	if (mount("tmpfs", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, options) < 0 || chdir(STAGE) < 0)
		return err_sys(err, -errno, "cannot mount a tmpfs");
	static const struct {
		const char *name;
		mode_t mode;
	} folders[] = {{"none", 0755}, {"shm", 01777}, {"dev", 0755}, {"dev/pts", 0755}, {"dev/shm", 0755}, {"home", 0755}, {"made", 0755},
	        {"etc", 0755}, {"sys", 0755}, {"layers", 0755}, {"run/user", 0755}, {"run/lock", 01777}, {"dev/.postern", 0711},
	        {"dev/.postern/folder", 0}};
	for (size_t i = 0; i < ARRAY_LEN(private_folders); i++)
		if (mkdir(private_folders[i].name, private_folders[i].mode) < 0 ||
		        chmod(private_folders[i].name, private_folders[i].mode) < 0)
			return err_sys(err, -errno, "cannot make the folders of the sandbox");
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (mkdir(folders[i].name, 0700) < 0 || chmod(folders[i].name, folders[i].mode) < 0)
			return err_sys(err, -errno, "cannot make the folders of the sandbox");
	(void)snprintf(path, sizeof(path), "run/user/%u", getuid());
	int fd = open("dev/.postern/file", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0);
	if (fd < 0 || mkdir(path, 0700) < 0)
		return err_sys(err, -errno, "cannot make the folders of the sandbox");
	(void)close(fd);
	return chdir("/") < 0 ? err_sys(err, -errno, "cannot leave the stage") : 0;
}

/* The devices that every program expects, and a terminal multiplexer of its own. */
static int make_dev(const int *device, struct err *err)
{
	static const struct {
		const char *path, *target;
	} links[] = {{"/dev/fd", "/proc/self/fd"}, {"/dev/stdin", "/proc/self/fd/0"}, {"/dev/stdout", "/proc/self/fd/1"},
	        {"/dev/stderr", "/proc/self/fd/2"}, {"/dev/ptmx", "pts/ptmx"}, {"/dev/core", "/proc/kcore"}};
	char path[64];
	int r = show(STAGE "/dev", "/dev", 0);
	for (size_t i = 0; r == 0 && i <= ARRAY_LEN(devices); i++) {
		if (device[i] < 0)
			continue;
		(void)snprintf(path, sizeof(path), "/dev/%s", i < ARRAY_LEN(devices) ? devices[i] : "console");
		r = make_place(path, false);
		r = r < 0 ? r : put_at(device[i], path);
		(void)close(device[i]);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(links); i++)
		r = symlink(links[i].target, links[i].path) < 0 ? -errno : 0;
	if (r == 0 && mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620") < 0)
		r = -errno;
	r = r < 0 ? r : show(STAGE "/shm", "/dev/shm", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	struct mount_attr fixed = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC};
	if (r == 0 && mount_setattr(AT_FDCWD, "/dev", 0, &fixed, sizeof(fixed)) < 0)
		r = -errno;
	return r < 0 ? err_sys(err, r, "cannot make /dev") : 0;
}

static int make_proc(struct tree_plan *plan, struct err *err)
{
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return err_sys(err, -errno, "cannot mount /proc (is part of the real /proc covered, as in a container?)");
	plan->pid_max = open("/proc/sys/kernel/pid_max", O_RDWR | O_CLOEXEC);
	_cleanup_fd_ int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct tree_covers c;
	int r = proc < 0 ? -errno : tree_covers_open(&c);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(proc_fixed); i++) {
		int done = tree_pin(proc, proc_fixed[i], true);
		r = done == -ENOENT ? 0 : done;
	}
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(proc_hidden); i++) {
		int done = tree_cover(&c, proc, proc_hidden[i]);
		r = done == -ENOENT || done == -ENOTDIR ? 0 : done;
	}
	(void)close(c.file);
	(void)close(c.folder);
	return r < 0 ? err_sys(err, r, "cannot cover parts of /proc") : 0;
}

/* Of its own network namespace; what is mounted in the real one (control groups, debugging) is not in it. This covers the stage. */
static int make_sys(const struct tree_plan *plan, struct err *err)
{
	int r = plan->spec->machine ? show(STAGE "/sys", "/sys", safe)
	        : mount("sysfs", "/sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0
	                ? show(STAGE "/none", "/sys", safe)
	                : 0;
	return r < 0 ? err_sys(err, r, "cannot cover /sys") : 0;
}

/* An overlay whose changes go elsewhere. Its layers must be attached somewhere while it is made: in the stage. */
static int make_copy(const struct tree_item *t, size_t i)
{
	const char *up = t->as->upper, *work = t->as->work;
	size_t n = parent_length(up);
	char lower[64], changes[64];
	if (n == 0 || n != parent_length(work) || strncmp(up, work, n) != 0 || strpbrk(up + n, ",:\\") || strpbrk(work + n, ",:\\"))
		return -EINVAL;
	(void)snprintf(lower, sizeof(lower), STAGE "/layers/%zu", i);
	(void)snprintf(changes, sizeof(changes), STAGE "/layers/%zuc", i);
	_cleanup_free_ char *options = NULL;
	if (asprintf(&options, "userxattr,lowerdir=%s,upperdir=%s%s,workdir=%s%s", lower, changes, up + n, changes, work + n) < 0)
		return -ENOMEM;
	int r = mkdir(lower, 0755) < 0 || mkdir(changes, 0755) < 0 ? -errno : put_at(t->fd, lower);
	r = r < 0 ? r : put_at(t->changes, changes);
	return r < 0 ? r : mount("overlay", t->path, "overlay", MS_NOSUID | MS_NODEV, options) < 0 ? -errno : 0;
}

static int place_items(struct tree_plan *plan, struct err *err)
{
	struct tree_covers c;
	int r = tree_covers_open(&c);
	for (size_t i = 0; r == 0 && i < plan->n_items; i++) {
		struct tree_item *t = &plan->item[i];
		if (t->as->mode == SANDBOX_HIDE) {
			r = tree_cover(&c, AT_FDCWD, t->path);
			r = r == -ENOENT ? 0 : r;
		} else {
			r = make_place(t->path, t->folder);
			r = r < 0 ? r : t->as->mode == SANDBOX_COPY ? make_copy(t, i) : put_at(t->fd, t->path);
			_cleanup_free_ char *given = moved(plan->spec, t->as->path);
			if (given)
				make_alias(given, t->path);
		}
		if (r < 0)
			err_sys(err, r, "cannot show %s%s", t->path,
			        t->as->mode == SANDBOX_COPY
			                ? " as a copy (there must be no mounts in it, and its changes must lie side by side, not in "
			                  "an overlay, without , : \\ in their names)"
			                : "");
		fd_closep(&t->fd);
		fd_closep(&t->changes);
	}
	for (size_t i = 0; r == 0 && i < plan->n_sockets; i++) {
		r = tree_cover(&c, AT_FDCWD, plan->socket[i]);
		r = r == -ENOENT || r == -EACCES ? 0 : r < 0 ? err_sys(err, r, "cannot cover %s", plan->socket[i]) : 0;
	}
	(void)close(c.file);
	(void)close(c.folder);
	return r;
}

static int make_link(const char *target, const char *to, struct err *err)
{
	int r = make_folders(target, parent_length(target));
	if (r == 0 && symlink(to, target) < 0)
		r = -errno;
	return r < 0 ? err_sys(err, r, "cannot make a link at %s", target) : 0;
}

static void made_path(char path[64], size_t i)
{
	(void)snprintf(path, 64, STAGE "/made/%zu", i);
}

static int make_file(struct slice data, mode_t mode, size_t i)
{
	char path[64];
	made_path(path, i);
	_cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, data);
	return r < 0 ? r : fchmod(fd, mode ? mode : 0444) < 0 ? -errno : 0;
}

static int show_file(size_t i, const char *target, struct err *err)
{
	char path[64];
	made_path(path, i);
	int r = make_place(target, false);
	r = r < 0 ? r : show(path, target, safe);
	return r < 0 ? err_sys(err, r, "cannot show a file at %s", target) : 0;
}

static int make_files(const struct tree_plan *plan, const struct slice *later, struct err *err)
{
	const struct sandbox_spec *spec = plan->spec;
	int r = 0;
	for (size_t i = 0; r == 0 && i < spec->n_files; i++) {
		if (!plan->file[i])
			return err_sys(err, -ENOMEM, "cannot show a file");
		const struct sandbox_file *f = &spec->files[i];
		if (f->link) {
			r = make_link(plan->file[i], f->link, err);
			continue;
		}
		size_t from = f->same_as ? f->same_as - 1 : i;
		if (from == i && (r = make_file(f->later ? later[i] : f->data, f->mode, i)) < 0)
			return err_sys(err, r, "cannot make a file for %s", plan->file[i]);
		r = show_file(from, plan->file[i], err);
	}
	if (r == 0 && plan->resolv) {
		char text[512];
		unsigned a = 0, b = 0, c = 0, d = 0;
		(void)sscanf(spec->ipv4 ? spec->ipv4 : SANDBOX_IPV4, "%u.%u.%u.%u", &a, &b, &c, &d);
		int n = snprintf(text, sizeof(text), "%s%s%snameserver %u.%u.%u.1\n", spec->dns_search ? "search " : "",
		        spec->dns_search ? spec->dns_search : "", spec->dns_search ? "\n" : "", a, b, c);
		r = make_file(slice_of(text, (size_t)n), 0444, spec->n_files);
		r = r < 0 ? err_sys(err, r, "cannot make a file for %s", plan->resolv) : show_file(spec->n_files, plan->resolv, err);
	}
	return r;
}

static int make_and_show(const char *target, struct slice data, size_t i, struct err *err)
{
	int r = make_file(data, 0444, i);
	return r < 0 ? err_sys(err, r, "cannot make a file for %s", target) : show_file(i, target, err);
}

/* Another machine's, in the files that tell of it; those that this kernel has not are left out. */
static int make_machine(const struct tree_plan *plan, struct err *err)
{
	static const char *const lists[] = {"online", "possible", "present"};
	const struct host_spec *h = plan->spec->machine;
	_cleanup_buf_ struct buf text = BUF(MACHINE_TEXT_MAX);
	char path[128];
	size_t made = plan->spec->n_files + 1;
	int r = 0;
	for (size_t i = 0; r == 0 && i < machine_n_files; i++) {
		(void)snprintf(path, sizeof(path), "/proc/%s", machine_files[i].path);
		buf_reset(&text);
		if (machine_files[i].fixed)
			buf_str_add(&text, machine_files[i].fixed);
		else
			machine_files[i].text(&text, h);
		if (text.n && is_type(path, S_IFREG))
			r = make_and_show(path, buf_slice(&text), made++, err);
	}
	if (r == 0 && is_type("/usr/lib/os-release", S_IFREG)) {
		buf_reset(&text);
		buf_fmt(&text, "PRETTY_NAME=\"%s\"\nNAME=\"%s\"\nID=%s\n", h->os_name, h->os_name, h->os_id);
		r = make_and_show("/usr/lib/os-release", buf_slice(&text), made++, err);
	}
	buf_reset(&text);
	machine_cpu_range(&text, machine_cpus(h));
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(lists); i++) {
		(void)snprintf(path, sizeof(path), STAGE "/sys/devices/system/cpu/%s", lists[i]);
		r = make_folders(path, parent_length(path));
		_cleanup_fd_ int fd = r < 0 ? -1 : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
		r = r < 0 ? r : fd < 0 ? -errno : fd_write_all(fd, buf_slice(&text));
		if (r < 0)
			err_sys(err, r, "cannot make /sys");
	}
	return r;
}

/* Private folders over the real ones, and an empty home. */
static int make_private(const struct tree_plan *plan, struct err *err)
{
	char stage[64];
	int r = 0;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(private_folders); i++) {
		_cleanup_free_ char *real = realpath(private_folders[i].target, NULL);
		if (!real || (i && strcmp(real, "/tmp") == 0) || !is_type(real, S_IFDIR))
			continue;
		(void)snprintf(stage, sizeof(stage), STAGE "/%s", private_folders[i].name);
		r = show(stage, real, 0);
		if (r < 0)
			return err_sys(err, r, "cannot cover %s", real);
	}
	if (strcmp(plan->home, plan->home_at) != 0) {
		/* The real one is not where the command's is; unless its folder is private, it would be seen with all of the system. */
		struct tree_covers c;
		r = tree_covers_open(&c);
		r = r < 0 ? r : tree_cover(&c, AT_FDCWD, plan->home);
		r = r == -ENOENT ? 0 : r;
		(void)close(c.file);
		(void)close(c.folder);
	}
	r = r < 0 ? r : make_place(plan->home_at, true);
	r = r < 0 ? r : show(STAGE "/home", plan->home_at, 0);
	_cleanup_free_ char *given = moved(plan->spec, plan->spec->home);
	if (given)
		make_alias(given, plan->home_at);
	return r < 0 ? err_sys(err, r, "cannot cover %s", plan->home) : 0;
}

/* An /etc of the sandbox's own, with what is kept of the real one; files come later. */
static int make_etc(struct tree_plan *plan, struct err *err)
{
	struct mount_attr fixed = {.attr_set = safe};
	struct stat st;
	char path[64];
	int r = show(STAGE "/etc", "/etc", 0);
	for (size_t i = 0; r == 0 && hosttree_etc[i] && i < TREE_ETC_MAX; i++) {
		_cleanup_fd_ int fd = plan->etc[i];
		if (fd < 0)
			continue;
		(void)snprintf(path, sizeof(path), "/etc/%s", hosttree_etc[i]);
		r = fstat(fd, &st) < 0 || mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &fixed, sizeof(fixed)) < 0 ? -errno : 0;
		r = r < 0 ? r : make_place(path, S_ISDIR(st.st_mode));
		r = r < 0 ? r : put_at(fd, path);
	}
	return r < 0 ? err_sys(err, r, "cannot make /etc") : 0;
}

static int seal_etc(struct err *err)
{
	struct mount_attr fixed = {.attr_set = safe | MOUNT_ATTR_NOEXEC};
	return mount_setattr(AT_FDCWD, "/etc", 0, &fixed, sizeof(fixed)) < 0 ? err_sys(err, -errno, "cannot make /etc read-only") : 0;
}

int tree_build(struct tree_plan *plan, struct err *err)
{
	struct mount_attr fixed = {.attr_set = safe};
	int device[ARRAY_LEN(devices) + 1];
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_sys(err, -errno, "cannot make mounts private");
	int r = take(plan, device, err);
	if (r == 0 && mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &fixed, sizeof(fixed)) < 0)
		r = err_sys(err, -errno, "cannot make the system read-only");
	r = r < 0 ? r : make_stage(plan, err);
	r = r < 0 ? r : make_dev(device, err);
	r = r < 0 ? r : make_proc(plan, err);
	r = r < 0 ? r : make_private(plan, err);
	r = r < 0 || !plan->spec->own_etc ? r : make_etc(plan, err);
	return r < 0 ? r : place_items(plan, err);
}

int tree_finish(const struct tree_plan *plan, const struct slice *later, struct err *err)
{
	int r = make_files(plan, later, err);
	r = r < 0 || !plan->spec->own_etc ? r : seal_etc(err);
	r = r < 0 || !plan->spec->machine ? r : make_machine(plan, err);
	return r < 0 ? r : make_sys(plan, err);
}

/* ---- Landlock ---- */

/* What is in a folder may be read, but not what leads to the home: of those folders only what lies beside the way. */
static int grant_beside(const struct tree_plan *plan, struct landlock *l, const char *folder, struct err *err)
{
	/* Of the root: have rules of their own, or none. */
	static const char *const others[] = {"/home", "/root", "/tmp", "/run", "/dev", "/proc", "/mnt", "/media"};
	char path[PATH_MAX];
	int r = 0;
	DIR *d = opendir(*folder ? folder : "/");
	if (!d)
		return errno == EACCES ? 0 : err_sys(err, -errno, "cannot read %s", *folder ? folder : "/");
	for (struct dirent *e; r == 0 && (e = readdir(d));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || e->d_type == DT_LNK)
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder, e->d_name) >= (int)sizeof(path))
			continue;
		bool other = strcmp(path, plan->home) == 0 || strcmp(path, plan->home_at) == 0;
		for (size_t i = 0; i < ARRAY_LEN(others); i++)
			other = other || strcmp(path, others[i]) == 0;
		if (!other)
			r = below(plan->home, path) || below(plan->home_at, path) ? grant_beside(plan, l, path, err)
			                                                          : landlock_grant(l, path, LANDLOCK_READ, err);
	}
	(void)closedir(d);
	return r;
}

int tree_landlock(const struct tree_plan *plan, struct landlock *l, bool without_namespaces, struct err *err)
{
	static const struct {
		const char *path;
		unsigned rights;
	} inside[] = {{"/", LANDLOCK_LIST}, {"/tmp", LANDLOCK_ALL}, {"/var/tmp", LANDLOCK_ALL}, {"/run", LANDLOCK_ALL},
	        {"/dev/shm", LANDLOCK_ALL}, {"/dev", LANDLOCK_READ | LANDLOCK_PUT | LANDLOCK_DEVICES},
	        {"/proc", LANDLOCK_READ | LANDLOCK_PUT}, {"/home", LANDLOCK_LIST}, {"/mnt", LANDLOCK_READ}, {"/media", LANDLOCK_READ}},
	  outside[] = {{"/proc", LANDLOCK_READ}, {"/dev/null", LANDLOCK_READ | LANDLOCK_PUT | LANDLOCK_DEVICES},
	          {"/dev/zero", LANDLOCK_READ | LANDLOCK_PUT}, {"/dev/full", LANDLOCK_READ | LANDLOCK_PUT},
	          {"/dev/random", LANDLOCK_READ | LANDLOCK_DEVICES}, {"/dev/urandom", LANDLOCK_READ | LANDLOCK_DEVICES},
	          {"/dev/tty", LANDLOCK_READ | LANDLOCK_PUT | LANDLOCK_DEVICES},
	          {"/dev/ptmx", LANDLOCK_READ | LANDLOCK_PUT | LANDLOCK_DEVICES},
	          {"/dev/pts", LANDLOCK_READ | LANDLOCK_PUT | LANDLOCK_DEVICES}};
	int r = grant_beside(plan, l, "", err);
	for (size_t i = 0; r == 0 && !without_namespaces && i < ARRAY_LEN(inside); i++)
		r = landlock_grant(l, inside[i].path, inside[i].rights, err);
	for (size_t i = 0; r == 0 && without_namespaces && i < ARRAY_LEN(outside); i++)
		r = landlock_grant(l, outside[i].path, outside[i].rights, err);
	if (r == 0 && !without_namespaces)
		r = landlock_grant(l, plan->home_at, LANDLOCK_ALL, err);
	for (size_t i = 0; r == 0 && i < plan->n_items; i++) {
		enum sandbox_mode mode = plan->item[i].as->mode;
		if (mode == SANDBOX_HIDE || (mode == SANDBOX_COPY && without_namespaces))
			continue;
		r = landlock_grant(l, plan->item[i].path, mode == SANDBOX_READ ? LANDLOCK_READ : LANDLOCK_ALL, err);
	}
	return r;
}
