#include "ledger/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "parse/tlog.h"
#include "sys/path.h"

/* A checkpoint changes; a tile never does. */
#define SHORT_CACHE "public, max-age=2"
#define LONG_CACHE  "public, max-age=31536000, immutable"

void serve_handle(void *arg, const struct http_request *q, struct http_reply *r)
{
	const struct serve *s = arg;
	struct slice path = q->target;
	char name[TLOG_PATH_MAX];
	uint64_t index;
	unsigned width;
	int level;
	if (!slice_is(q->method, "GET") && !slice_is(q->method, "HEAD")) {
		http_say(r, 405, "only GET and HEAD are known here");
		r->allow = "GET, HEAD";
		return;
	}
	if (path.n == 0 || path.p[0] != '/')
		return http_say(r, 400, "the target must be a path");
	path = slice_from(path, 1);
	/* No name of a file comes from outside: it is made anew from the numbers that were understood. */
	if (slice_is(path, "checkpoint")) {
		(void)snprintf(name, sizeof(name), "%s", s->checkpoint);
		r->type = "text/plain; charset=utf-8";
		r->cache = SHORT_CACHE;
	} else if (tlog_tile_parse(path, &level, &index, &width) == 0) {
		tlog_tile_path(level, index, width, name);
		r->type = "application/octet-stream";
		r->cache = LONG_CACHE;
	} else {
		return http_say(r, 404, "there is nothing of that name");
	}
	int fd = path_open(s->dir, name, O_RDONLY | O_NONBLOCK, 0);
	if (fd >= 0) {
		r->status = 200;
		r->fd = fd;
		return;
	}
	r->cache = NULL;
	if (fd == -ENOENT)
		http_say(r, 404, "the log has no such tile now");
	else
		http_say(r, 500, "the file cannot be read");
}
