#include "confine/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* uapi/linux/landlock.h. The numbers of the calls are the same on every machine. */
#define CALL_CREATE    444
#define CALL_ADD_RULE  445
#define CALL_RESTRICT  446
#define CREATE_VERSION 1u
#define RULE_BENEATH   1
#define BIT(n)         (UINT64_C(1) << (n))
enum {
	FS_EXECUTE,
	FS_WRITE_FILE,
	FS_READ_FILE,
	FS_READ_DIR,
	FS_REMOVE_DIR,
	FS_REMOVE_FILE,
	FS_MAKE_CHAR,
	FS_MAKE_DIR,
	FS_MAKE_REG,
	FS_MAKE_SOCK,
	FS_MAKE_FIFO,
	FS_MAKE_BLOCK,
	FS_MAKE_SYM,
	FS_REFER,     /* version 2 */
	FS_TRUNCATE,  /* 3 */
	FS_IOCTL_DEV, /* 5 */
	FS_END,
};

struct attributes {
	uint64_t fs;
	uint64_t net;   /* version 4 */
	uint64_t scope; /* version 6 */
};

struct beneath {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

/* What each version added. A version above the last has all of these, and more that is not handled, so it stays as it was before. */
static const struct {
	int version;
	uint64_t fs, net, scope;
} versions[] = {
        {1, BIT(FS_MAKE_SYM + 1) - 1, 0, 0},
        {2, BIT(FS_REFER), 0, 0},
        {3, BIT(FS_TRUNCATE), 0, 0},
        {4, 0, 3 /* TCP: bind, connect */, 0},
        {5, BIT(FS_IOCTL_DEV), 0, 0},
        {6, 0, 0, 3 /* abstract sockets, signals */},
        {7, 0, 0, 0} /* what is logged */,
};

struct landlock {
	int fd, version;
	uint64_t fs; /* handled */
};

int landlock_abi(void)
{
	long v = syscall(CALL_CREATE, NULL, 0, CREATE_VERSION);
	return v < 0 ? 0 : (int)v;
}

int landlock_new(bool no_tcp, struct landlock **out, struct err *err)
{
	struct attributes a = {0};
	int version = landlock_abi();
	if (version == 0)
		return err_set(
		        err, -EOPNOTSUPP, "this kernel has no Landlock, or it is not among the modules that it was started with (lsm=)");
	for (size_t i = 0; i < ARRAY_LEN(versions) && versions[i].version <= version; i++) {
		a.fs |= versions[i].fs;
		a.net |= no_tcp ? versions[i].net : 0;
		a.scope |= versions[i].scope;
	}
	/* A kernel that is told of fields that it does not know refuses them unless they are 0. */
	int fd = (int)syscall(CALL_CREATE, &a, sizeof(a), 0);
	if (fd < 0)
		return err_sys(err, -errno, "cannot make a Landlock ruleset");
	struct landlock *l = malloc(sizeof(*l));
	if (!l) {
		(void)close(fd);
		return err_sys(err, -ENOMEM, "cannot make a Landlock ruleset");
	}
	*l = (struct landlock){.fd = fd, .version = version, .fs = a.fs};
	*out = l;
	return 0;
}

static uint64_t bits(unsigned rights)
{
	uint64_t b = 0;
	if (rights & LANDLOCK_LIST)
		b |= BIT(FS_READ_DIR);
	if (rights & LANDLOCK_READ)
		b |= BIT(FS_READ_DIR) | BIT(FS_READ_FILE) | BIT(FS_EXECUTE);
	if (rights & LANDLOCK_PUT)
		b |= BIT(FS_WRITE_FILE) | BIT(FS_TRUNCATE);
	if (rights & LANDLOCK_DEVICES)
		b |= BIT(FS_IOCTL_DEV);
	if (rights & LANDLOCK_ALL)
		b |= (BIT(FS_END) - 1) & ~(BIT(FS_MAKE_CHAR) | BIT(FS_MAKE_BLOCK) | BIT(FS_IOCTL_DEV));
	return b;
}

int landlock_grant(struct landlock *l, const char *path, unsigned rights, struct err *err)
{
	struct stat st;
	_cleanup_fd_ int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return errno == ENOENT || errno == EACCES || errno == ENOTDIR ? 0
		                                                              : err_sys(err, -errno, "cannot open %s for Landlock", path);
	uint64_t allowed = bits(rights) & l->fs;
	/* For a file only what can be done to one. */
	if (!S_ISDIR(st.st_mode))
		allowed &= BIT(FS_EXECUTE) | BIT(FS_WRITE_FILE) | BIT(FS_READ_FILE) | BIT(FS_TRUNCATE) | BIT(FS_IOCTL_DEV);
	struct beneath b = {.allowed = allowed, .parent = fd};
	if (!allowed || syscall(CALL_ADD_RULE, l->fd, RULE_BENEATH, &b, 0) == 0)
		return 0;
	return err_sys(err, -errno, "cannot allow %s in Landlock", path);
}

int landlock_enforce(struct landlock *l, struct err *err)
{
	int r = syscall(CALL_RESTRICT, l->fd, 0) < 0 ? err_sys(err, -errno, "cannot enforce Landlock") : l->version;
	(void)close(l->fd);
	free(l);
	return r;
}
