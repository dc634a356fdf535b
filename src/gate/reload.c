#include "gate/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sys/loop.h"

#define LOOK_MS 500u

struct identity {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime;
};

struct reload {
	struct loop *loop;
	struct source *timer;
	const char *const *file;
	size_t n;
	struct identity known[RELOAD_FILES_MAX], last[RELOAD_FILES_MAX];
	void (*changed)(void *arg);
	void *arg;
};

static void look(const struct reload *r, struct identity out[RELOAD_FILES_MAX])
{
	/* Compared byte by byte: what is between members is to be nothing. */
	memset(out, 0, RELOAD_FILES_MAX * sizeof(*out));
	for (size_t i = 0; i < r->n; i++) {
		struct stat st;
		if (stat(r->file[i], &st) < 0)
			continue;
		out[i].dev = st.st_dev;
		out[i].ino = st.st_ino;
		out[i].size = st.st_size;
		out[i].mtime = st.st_mtim;
		out[i].ctime = st.st_ctim;
	}
}

static void on_time(void *arg, uint32_t events)
{
	struct reload *r = arg;
	struct identity now[RELOAD_FILES_MAX];
	(void)events;
	r->timer = NULL;
	look(r, now);
	bool settled = memcmp(now, r->last, sizeof(now)) == 0, other = memcmp(now, r->known, sizeof(now)) != 0;
	memcpy(r->last, now, sizeof(now));
	if (settled && other) {
		memcpy(r->known, now, sizeof(now));
		r->changed(r->arg);
	}
	/* Without memory for a timer the policy of the beginning holds. */
	(void)!loop_after(r->loop, LOOK_MS, on_time, r, &r->timer);
}

int reload_new(struct loop *loop, const char *const *files, void (*changed)(void *arg), void *arg, struct reload **out, struct err *err)
{
	struct reload *r = calloc(1, sizeof(*r));
	if (!r)
		return err_set(err, -ENOMEM, "out of memory");
	*r = (struct reload){.loop = loop, .file = files, .changed = changed, .arg = arg};
	while (r->n < RELOAD_FILES_MAX && files[r->n])
		r->n++;
	look(r, r->known);
	memcpy(r->last, r->known, sizeof(r->last));
	int e = loop_after(loop, LOOK_MS, on_time, r, &r->timer);
	if (e < 0) {
		free(r);
		return err_sys(err, e, "changes of the policy cannot be watched");
	}
	*out = r;
	return 0;
}

void reload_free(struct reload *r)
{
	if (!r)
		return;
	loop_remove(r->timer);
	free(r);
}
