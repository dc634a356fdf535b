#include "confine/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/slice.h"

#define PREFIX "postern-"

static int put(int folder, const char *name, const char *text)
{
	_cleanup_fd_ int fd = openat(folder, name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int put_number(int folder, const char *name, uint64_t value)
{
	char text[24];
	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return put(folder, name, text);
}

static void remove_stale(int parent)
{
	int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	for (struct dirent *e; d && (e = readdir(d));) {
		if (strncmp(e->d_name, PREFIX, sizeof(PREFIX) - 1) != 0)
			continue;
		pid_t pid = (pid_t)strtol(e->d_name + sizeof(PREFIX) - 1, NULL, 10);
		if (pid > 0 && kill(pid, 0) < 0 && errno == ESRCH)
			(void)unlinkat(parent, e->d_name, AT_REMOVEDIR);
	}
	if (d)
		(void)closedir(d);
}

/* Makes the group in one hierarchy and sets what is asked for; what could be set is noted. */
static void make_in(struct cgroup *c, size_t i, const char *path, bool unified, unsigned processes, uint64_t memory)
{
	bool p = false, m = false;
	if (!processes && !memory)
		return;
	int parent = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0 || (unified && faccessat(parent, "cgroup.controllers", F_OK, 0) < 0)) {
		fd_closep(&parent);
		return;
	}
	remove_stale(parent);
	/* In a group that has processes itself this fails, and then so does what follows. */
	if (unified)
		(void)put(parent, "cgroup.subtree_control", "+pids +memory");
	if (mkdirat(parent, c->name, 0755) < 0) {
		(void)close(parent);
		return;
	}
	_cleanup_fd_ int group = openat(parent, c->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (processes && put_number(group, "pids.max", processes) == 0)
		p = true;
	if (memory && put_number(group, unified ? "memory.max" : "memory.limit_in_bytes", memory) == 0) {
		m = true;
		(void)put_number(group, unified ? "memory.swap.max" : "memory.memsw.limit_in_bytes", unified ? 0 : memory);
	}
	int procs = p || m ? openat(group, "cgroup.procs", O_WRONLY | O_CLOEXEC) : -1;
	if (procs < 0) {
		(void)unlinkat(parent, c->name, AT_REMOVEDIR);
		(void)close(parent);
		return;
	}
	c->in[i].parent = parent;
	c->in[i].procs = procs;
	c->processes = c->processes || p;
	c->memory = c->memory || m;
}

void cgroup_make(struct cgroup *c, unsigned processes, uint64_t memory_bytes)
{
	_cleanup_free_ char *line = NULL;
	size_t size = 0;
	char path[PATH_MAX];
	*c = (struct cgroup){.in = {{-1, -1}, {-1, -1}}};
	(void)snprintf(c->name, sizeof(c->name), PREFIX "%d", getpid());
	FILE *f = processes || memory_bytes ? fopen("/proc/self/cgroup", "re") : NULL;
	while (f && getline(&line, &size, f) > 0) {
		char *controllers = strchr(line, ':'), *at = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!at)
			continue;
		line[strcspn(line, "\n")] = 0;
		*at++ = 0;
		controllers++;
		if (strcmp(at, "/") == 0)
			at = (char *)(uintptr_t) "";
		(void)snprintf(path, sizeof(path), "/sys/fs/cgroup%s%s%s", *controllers ? "/" : "", controllers, at);
		if (!*controllers && c->in[0].parent < 0)
			make_in(c, 0, path, true, processes, memory_bytes);
		else if (strcmp(controllers, "pids") == 0 && c->in[0].parent < 0)
			make_in(c, 0, path, false, processes, 0);
		else if (strcmp(controllers, "memory") == 0 && c->in[1].parent < 0)
			make_in(c, 1, path, false, 0, memory_bytes);
	}
	if (f)
		(void)fclose(f);
}

int cgroup_enter(const struct cgroup *c, pid_t pid)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", pid);
	for (size_t i = 0; i < CGROUP_HIERARCHIES; i++)
		if (c->in[i].procs >= 0 && write(c->in[i].procs, text, (size_t)n) < 0)
			return -errno;
	return 0;
}

void cgroup_remove(struct cgroup *c)
{
	for (size_t i = 0; i < CGROUP_HIERARCHIES; i++) {
		if (c->in[i].parent >= 0)
			(void)unlinkat(c->in[i].parent, c->name, AT_REMOVEDIR);
		fd_closep(&c->in[i].parent);
		fd_closep(&c->in[i].procs);
	}
}
