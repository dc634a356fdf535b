#include "cmd/on_record.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "ledger/config.h"
#include "ledger/home.h"

#define BATCH     256u
#define ARENA_MAX ((size_t)32 << 20)

const char *on_record_where(const char *named, struct arena *arena)
{
	struct stat st;
	if (named)
		return strcmp(named, "none") == 0 ? NULL : named;
	const char *usual = ledger_home(arena);
	return usual && stat(usual, &st) == 0 ? usual : NULL;
}

static int new_batch(struct on_record *o, struct err *err)
{
	arena_free(&o->arena);
	o->arena = ARENA(ARENA_MAX);
	o->n = o->bytes = 0;
	o->pending = arena_array(&o->arena, BATCH, sizeof(*o->pending));
	return o->pending ? 0 : err_set(err, -ENOMEM, "no memory for the entries of the ledger");
}

int on_record_open(struct on_record *o, const char *path, struct err *err)
{
	const struct passwd *person = getpwuid(geteuid());
	struct timespec now;
	*o = (struct on_record){.path = path, .arena = ARENA(ARENA_MAX)};
	(void)gethostname(o->host, sizeof(o->host) - 1);
	if (!o->host[0])
		(void)snprintf(o->host, sizeof(o->host), "localhost");
	(void)clock_gettime(CLOCK_REALTIME, &now);
	int r = ledger_home_open(path, o->host, &o->arena, &o->client, err);
	r = r < 0 ? r : new_batch(o, err);
	o->common = (struct entry){.time = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
	        .severity = ENTRY_INFORMATIONAL,
	        .host = slice_str(o->host),
	        .person = slice_str(person ? person->pw_name : "unknown"),
	        .tool_name = SLICE("postern"),
	        .tool_version = SLICE(POSTERN_VERSION)};
	return r;
}

static int send(struct on_record *o, struct err *err)
{
	uint64_t at;
	if (o->n == 0)
		return 0;
	int r = ledger_client_append(o->client, o->pending, o->n, &at, err);
	if (r < 0)
		return r;
	o->first = o->any ? o->first : at;
	o->last = at + o->n - 1;
	o->any = true;
	return new_batch(o, err);
}

int on_record_put(struct on_record *o, const struct entry *e, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(1 << 17);
	int r = entry_write(e, &text, err);
	if (r == 0 && (o->n == BATCH || o->bytes + text.n + 2 > ledger_client_room()))
		r = send(o, err);
	if (r < 0)
		return r;
	o->pending[o->n] = arena_copy(&o->arena, buf_slice(&text));
	if (!o->pending[o->n].p)
		return err_set(err, -ENOMEM, "no memory for the entries of the ledger");
	o->bytes += o->pending[o->n++].n + 2;
	return 0;
}

int on_record_end(struct on_record *o, struct err *err)
{
	_cleanup_buf_ struct buf checkpoint = BUF(1 << 20);
	int r = send(o, err);
	/* Readers go by the checkpoint. */
	return r < 0 ? r : ledger_client_checkpoint(o->client, &checkpoint, err);
}

void on_record_close(struct on_record *o)
{
	ledger_client_free(o->client);
	arena_free(&o->arena);
	o->client = NULL;
}

int on_record_body(struct on_record *o, int (*write)(void *arg, struct blob_writer *to, struct err *err), void *arg, struct blob_ref *out,
        struct err *err)
{
	struct ledger_config config;
	struct blob_writer *to = NULL;
	int dir;
	int r = ledger_open(o->path, &dir, &config, err);
	if (r < 0)
		return r;
	r = blob_writer_new(dir, &to, err);
	r = r < 0 ? r : write(arg, to, err);
	r = r < 0 ? r : blob_writer_end(to, out, err);
	blob_writer_free(to);
	(void)close(dir);
	return r;
}

int on_record_failed(const char *command, const char *path, bool must, const struct err *err)
{
	(void)fprintf(stderr, "postern %s: this is not in the ledger %s%s: %s\n", command, path,
	        must ? "" : " (--ledger none leaves it out)", err->text);
	return must ? EXIT_USAGE : EXIT_OK;
}
