#include "guard/managed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/managed_disk.h"
#include "sys/loop.h"
#include "sys/path.h"

#define SETTLE_MS 50
#define BROKEN_MS 300
#define CHECK_MS  60000
#define A_MINUTE  10
#define FILES_MAX 1024
#define TOOLS_MAX 1024

/* One file, and how it stood when that was told last. */
struct one {
	const struct managed_set *set;
	const struct managed_file *file;
	enum managed_what what;
	bool told;
	char detail[512];
	int64_t since; /* when a minute began, and how often it was written in it */
	unsigned writes;
	bool broken; /* it could not be read when it was looked at last: the next time that counts */
};

struct managed {
	struct loop *loop;
	struct managed_config config;
	struct arena arena, tools_arena;
	struct managed_set *set;
	size_t n_sets;
	const char *const *tools;
	struct one one[FILES_MAX];
	size_t n;
	int inotify;
	struct source *on_inotify, *soon, *later;
};

const char *managed_what_name(enum managed_what w)
{
	static const char *const names[] = {"holds", "written", "put back", "differs", "cannot be written"};
	return (size_t)w < ARRAY_LEN(names) ? names[w] : "";
}

static bool wanted(const struct managed_set *s, const char *const *tools)
{
	for (const char *const *a = s->tools; a && *a; a++)
		for (const char *const *b = tools; b && *b; b++)
			if (strcmp(*a, *b) == 0)
				return true;
	return false;
}

static void tell(const struct managed_config *c, struct one *o, const struct managed_look *l)
{
	struct managed_event e = {
	        .what = l->what,
	        .set = o->set->name,
	        .path = o->file->path,
	        .detail = l->detail,
	        .aside = l->aside[0] ? l->aside : NULL,
	};
	memcpy(e.before, l->before, sizeof(e.before));
	memcpy(e.after, l->after, sizeof(e.after));
	/* The same again says nothing; what was done does. */
	bool done = l->what == MANAGED_WRITTEN || l->what == MANAGED_PUT_BACK;
	bool news = !o->told || done || o->what != l->what || strcmp(o->detail, l->detail) != 0;
	o->told = true;
	o->what = done ? MANAGED_HOLDS : l->what;
	(void)snprintf(o->detail, sizeof(o->detail), "%s", done ? "" : l->detail);
	if (news)
		c->tell(c->arg, &e);
}

int managed_once(const struct managed_config *c, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)32 << 20);
	struct managed_set *set;
	size_t n;
	int r = managed_load(c->own, &arena, &set, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		for (size_t k = 0; r == 0 && wanted(&set[i], c->tools) && k < set[i].n_files; k++) {
			struct one o = {.set = &set[i], .file = &set[i].file[k]};
			struct managed_look l;
			r = managed_look(c, o.file, c->write, false, &l);
			if (r == 0)
				tell(c, &o, &l);
			else
				r = err_sys(err, r, "%s", o.file->path);
		}
	}
	return r;
}

/* ---- Watching ---- */

static void watch(struct managed *m, const char *folder, uint32_t mask)
{
	char path[64];
	_cleanup_fd_ int fd = path_open(m->config.root, folder, O_PATH | O_DIRECTORY, 0);
	if (fd < 0)
		return;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	(void)inotify_add_watch(m->inotify, path, mask | IN_ONLYDIR);
}

/* The folder of each file, and those above it, as they are now: one that was made anew is another. */
static void watch_all(struct managed *m)
{
	const uint32_t names = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE;
	const uint32_t all = names | IN_CLOSE_WRITE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF;
	for (size_t i = 0; i < m->n; i++) {
		char folder[512];
		const char *name;
		managed_split(m->one[i].file->path, folder, &name);
		watch(m, folder, all);
		for (char *slash = folder; (slash = strchr(slash + 1, '/'));) {
			*slash = 0;
			watch(m, folder, names | IN_MOVE_SELF | IN_ATTRIB);
			*slash = '/';
		}
		if (m->one[i].file->merged_over)
			watch(m, m->one[i].file->merged_over + 1, all);
	}
}

static void look_all(struct managed *m);

static void on_soon(void *arg, uint32_t events)
{
	struct managed *m = arg;
	(void)events;
	m->soon = NULL;
	look_all(m);
}

static void soon(struct managed *m, uint64_t ms)
{
	if (!m->soon)
		(void)loop_after(m->loop, ms, on_soon, m, &m->soon);
}

/* May it be written once more in this minute? */
static bool may_write(struct managed *m, struct one *o)
{
	struct timespec ts = {0};
	(void)clock_gettime(CLOCK_BOOTTIME, &ts);
	if (ts.tv_sec - o->since >= 60) {
		o->writes = o->writes >= A_MINUTE ? A_MINUTE - 1 : 0; /* who does it again gets one more each minute */
		o->since = ts.tv_sec;
	}
	return m->config.write && o->writes < A_MINUTE;
}

static void look_all(struct managed *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct one *o = &m->one[i];
		struct managed_look l;
		if (!wanted(o->set, m->tools))
			continue;
		bool write = may_write(m, o);
		int r = managed_look(&m->config, o->file, write, !o->broken, &l);
		o->broken = r == -EAGAIN;
		if (r == -EAGAIN)
			soon(m, BROKEN_MS);
		if (r < 0)
			continue; /* without memory: the next time */
		if (l.what == MANAGED_WRITTEN || l.what == MANAGED_PUT_BACK)
			o->writes++;
		if (!write && m->config.write && l.what == MANAGED_DIFFERS) {
			size_t n = strlen(l.detail);
			(void)snprintf(l.detail + n, sizeof(l.detail) - n,
			        "; somebody writes it again and again, so it is put back once a minute");
		}
		tell(&m->config, o, &l);
	}
	watch_all(m);
}

static void on_inotify(void *arg, uint32_t events)
{
	struct managed *m = arg;
	_Alignas(struct inotify_event) char bytes[16384];
	ssize_t n;
	bool any = false;
	(void)events;
	while ((n = read(m->inotify, bytes, sizeof(bytes))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(bytes + at);
			size_t len = e->len ? strlen(e->name) : 0;
			/* What is being written by us ends with a rename, which is one more event. */
			any |= len <= 8 || strcmp(e->name + len - 8, ".postern") != 0;
			at += (ssize_t)(sizeof(*e) + e->len);
		}
	}
	if (any)
		soon(m, SETTLE_MS);
}

static void on_later(void *arg, uint32_t events)
{
	struct managed *m = arg;
	(void)events;
	m->later = NULL;
	(void)loop_after(m->loop, CHECK_MS, on_later, m, &m->later);
	look_all(m);
}

/* ---- Beginning and end ---- */

static int keep_tools(struct managed *m, const char *const *tools)
{
	struct arena fresh = ARENA((size_t)1 << 20);
	size_t n = 0;
	while (tools && tools[n] && n < TOOLS_MAX)
		n++;
	const char **copy = arena_array(&fresh, n + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = arena_str(&fresh, slice_str(tools[i]));
		if (!copy[i])
			copy = NULL;
	}
	if (!copy) {
		arena_free(&fresh);
		return -ENOMEM;
	}
	arena_free(&m->tools_arena);
	m->tools_arena = fresh;
	m->tools = copy;
	return 0;
}

int managed_start(struct loop *loop, const struct managed_config *config, struct managed **out, struct err *err)
{
	struct managed *m = calloc(1, sizeof(*m));
	if (!m)
		return err_set(err, -ENOMEM, "out of memory");
	m->loop = loop;
	m->config = *config;
	m->arena = ARENA((size_t)32 << 20);
	m->inotify = -1;
	int r = managed_load(config->own, &m->arena, &m->set, &m->n_sets, err);
	if (r == 0 && (r = keep_tools(m, config->tools)) < 0)
		r = err_set(err, r, "out of memory");
	for (size_t i = 0; r == 0 && i < m->n_sets; i++)
		for (size_t k = 0; k < m->set[i].n_files && m->n < FILES_MAX; k++)
			m->one[m->n++] = (struct one){.set = &m->set[i], .file = &m->set[i].file[k]};
	if (r == 0) {
		m->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		r = m->inotify < 0 ? -errno : loop_add(loop, m->inotify, EPOLLIN, on_inotify, m, &m->on_inotify);
		if (r < 0)
			r = err_sys(err, r, "watching the managed settings");
	}
	if (r < 0) {
		managed_stop(m);
		return r;
	}
	/* Watched first, so that nothing happens between the look and the watch. */
	watch_all(m);
	on_later(m, 0);
	*out = m;
	return 0;
}

int managed_update(struct managed *m, const char *const *tools)
{
	int r = keep_tools(m, tools);
	if (r < 0)
		return r;
	look_all(m);
	return 0;
}

void managed_stop(struct managed *m)
{
	if (!m)
		return;
	loop_remove(m->on_inotify);
	loop_remove(m->soon);
	loop_remove(m->later);
	fd_closep(&m->inotify);
	arena_free(&m->arena);
	arena_free(&m->tools_arena);
	free(m);
}
