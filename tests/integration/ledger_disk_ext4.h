/* An ext4 file system in a file, that loses power: its image is attached to a loop device and mounted in a mount namespace of our own;
 * EXT4_IOC_SHUTDOWN with "no log flush" then ends it at once, with all that was not synced. Needs root. */
#ifndef LEDGER_DISK_EXT4_H
#define LEDGER_DISK_EXT4_H

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXT4_SHUTDOWN            0x8004587Du /* _IOR('X', 125, __u32) */
#define EXT4_SHUTDOWN_NOLOGFLUSH 2u
#define EXT4_IMAGE               ((off_t)256 << 20) /* a hole, for the most part */

struct ext4 {
	char image[300], point[300], node[300];
	int loop; /* as long as it is mounted */
};

/* A command's exit code; its words go to standard error. */
static inline int ext4_run(const char *const argv[])
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		(void)dup2(STDERR_FILENO, STDOUT_FILENO);
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

/* Once: what is mounted later is seen by nobody else, and gone when we are. -EPERM where that may not be. */
static inline int ext4_begin(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	return 0;
}

/* A new file system in an image in `folder`, not mounted. */
static inline int ext4_make(struct ext4 *e, const char *folder)
{
	(void)snprintf(e->image, sizeof(e->image), "%s/disk.image", folder);
	(void)snprintf(e->point, sizeof(e->point), "%s/mnt", folder);
	(void)snprintf(e->node, sizeof(e->node), "%s/loop", folder);
	e->loop = -1;
	(void)unlink(e->image);
	(void)mkdir(e->point, 0700);
	int fd = open(e->image, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	int r = ftruncate(fd, EXT4_IMAGE) < 0 ? -errno : 0;
	(void)close(fd);
	const char *const argv[] = {"mkfs.ext4", "-q", "-F", "-J", "size=4", "-E", "lazy_itable_init=0,nodiscard", e->image, NULL};
	if (r == 0 && ext4_run(argv) != 0)
		r = -ENOEXEC;
	return r;
}

/* A free loop device with the image. Where /dev has no node for it, one is made beside the image. */
static inline int ext4_attach(struct ext4 *e, char dev[300])
{
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), r = -EBUSY;
	if (control < 0)
		return -errno;
	for (int tries = 0; tries < 50 && r == -EBUSY; tries++) {
		int n = ioctl(control, LOOP_CTL_GET_FREE), file = open(e->image, O_RDWR | O_CLOEXEC);
		(void)snprintf(dev, 300, "/dev/loop%d", n);
		e->loop = open(dev, O_RDWR | O_CLOEXEC);
		if (e->loop < 0 && errno == ENOENT) {
			(void)unlink(e->node);
			(void)snprintf(dev, 300, "%s", e->node);
			if (mknod(dev, S_IFBLK | 0600, makedev(7, (unsigned)n)) == 0)
				e->loop = open(dev, O_RDWR | O_CLOEXEC);
		}
		/* Another may have taken it meanwhile. */
		struct loop_config c = {.fd = (uint32_t)file, .info = {.lo_flags = LO_FLAGS_AUTOCLEAR}};
		r = e->loop < 0 || file < 0 || ioctl(e->loop, LOOP_CONFIGURE, &c) < 0 ? -errno : 0;
		if (file >= 0)
			(void)close(file);
		if (r < 0 && e->loop >= 0)
			(void)close(e->loop);
		if (r == -EBUSY)
			(void)usleep(2000);
	}
	(void)close(control);
	return r;
}

/* Makes good with the file system's journal. */
static inline int ext4_mount(struct ext4 *e, const char *options)
{
	char dev[300];
	int r = ext4_attach(e, dev);
	if (r < 0)
		return r;
	r = mount(dev, e->point, "ext4", MS_NOSUID | MS_NODEV, options) < 0 ? -errno : 0;
	if (r < 0) {
		const char *const argv[] = {"e2fsck", "-fp", dev, NULL};
		(void)ext4_run(argv);
		r = mount(dev, e->point, "ext4", MS_NOSUID | MS_NODEV, options) < 0 ? -errno : 0;
	}
	/* The mount holds the device; it is let go with it, and with what the kernel remembers of it. */
	(void)close(e->loop);
	e->loop = -1;
	return r;
}

/* The power goes. */
static inline int ext4_power_off(const struct ext4 *e)
{
	uint32_t how = EXT4_SHUTDOWN_NOLOGFLUSH;
	int fd = open(e->point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 || ioctl(fd, EXT4_SHUTDOWN, &how) < 0 ? -errno : 0;
	if (fd >= 0)
		(void)close(fd);
	return r;
}

/* Nobody may use it any more; a process that was killed needs a moment. */
static inline int ext4_unmount(const struct ext4 *e)
{
	for (int tries = 0; umount2(e->point, UMOUNT_NOFOLLOW) < 0; tries++) {
		if (errno != EBUSY || tries == 2000)
			return -errno;
		(void)usleep(5000);
	}
	return 0;
}

#endif
