#include "gate/record.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "ledger/blob.h"
#include "ledger/client.h"
#include "sys/loop.h"

#define BATCH_MAX 256u
#define BYTES_MAX ((size_t)64 << 20)
/* Of bodies that wait to be written: memory that the gate does not count any more. */
#define BODIES_MAX ((uint64_t)256 << 20)

struct waiting {
	struct waiting *next;
	uint64_t ticket;
	int error, body;
	uint64_t body_size;
	size_t n;
	uint8_t bytes[];
};

struct list {
	struct waiting *first, **last;
	size_t n;
};

struct record {
	struct ledger_client *client;
	record_done *done;
	void *arg;
	int wake, folder;
	struct source *source;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct list todo, back; /* with the lock held */
	size_t bytes;
	uint64_t bodies; /* bytes of them */
	bool end;
	int error;
	struct err err;
	uint64_t first, count;
};

static void list_add(struct list *l, struct waiting *w)
{
	if (!l->first)
		l->last = &l->first;
	w->next = NULL;
	*l->last = w;
	l->last = &w->next;
	l->n++;
}

static struct waiting *list_take(struct list *l)
{
	struct waiting *w = l->first;
	if (w) {
		l->first = w->next;
		l->n--;
	}
	return w;
}

/* Puts the body of an entry into the ledger, and its name into the entry. */
static int write_body(int folder, struct waiting *w, struct err *err)
{
	static uint8_t piece[1 << 16]; /* of the one thread */
	struct blob_writer *b = NULL;
	struct blob_ref ref = {0};
	ssize_t n = 0;
	off_t at = 0;
	int r = blob_writer_new(folder, &b, err);
	while (r == 0 && (n = pread(w->body, piece, sizeof(piece), at)) > 0) {
		r = blob_writer_add(b, slice_of(piece, (size_t)n), err);
		at += n;
	}
	if (r == 0 && n < 0)
		r = err_sys(err, -errno, "cannot read a body");
	r = r < 0 ? r : blob_writer_end(b, &ref, err);
	blob_writer_free(b);
	size_t id = r < 0 ? SLICE_NPOS : slice_find(slice_of(w->bytes, w->n), SLICE(RECORD_NO_ID), 0);
	if (id != SLICE_NPOS)
		memcpy(w->bytes + id, ref.id, BLOB_ID);
	return r;
}

/* With the lock held, which is given up meanwhile. */
static void write_batch(struct record *r)
{
	struct slice entry[BATCH_MAX];
	struct list batch = {0};
	uint64_t at = 0;
	size_t n = 0, bytes = 0;
	struct err err = {0};
	while (r->todo.first && n < BATCH_MAX && bytes + r->todo.first->n + 2 <= ledger_client_room()) {
		struct waiting *w = list_take(&r->todo);
		entry[n++] = slice_of(w->bytes, w->n);
		bytes += w->n + 2;
		list_add(&batch, w);
	}
	int e = r->error;
	(void)pthread_mutex_unlock(&r->lock);
	for (struct waiting *w = batch.first; w; w = w->next) {
		if (w->body >= 0 && e == 0)
			e = write_body(r->folder, w, &err);
		fd_closep(&w->body);
	}
	if (e == 0)
		e = ledger_client_append(r->client, entry, n, &at, &err);
	(void)pthread_mutex_lock(&r->lock);
	if (e == 0) {
		r->first = r->count ? r->first : at;
		r->count += n;
	} else if (r->error == 0) {
		/* It is never tried again: the ledger's writer has said why. */
		r->error = e;
		r->err = err;
	}
	for (struct waiting *w; (w = list_take(&batch));) {
		w->error = e;
		r->bytes -= w->n;
		r->bodies -= w->body_size;
		list_add(&r->back, w);
	}
	(void)!write(r->wake, &(uint64_t){1}, sizeof(uint64_t));
}

static void *run(void *arg)
{
	struct record *r = arg;
	(void)pthread_mutex_lock(&r->lock);
	for (;;) {
		if (r->todo.first)
			write_batch(r);
		else if (r->end)
			break;
		else
			(void)pthread_cond_wait(&r->more, &r->lock);
	}
	(void)pthread_mutex_unlock(&r->lock);
	return NULL;
}

static void on_wake(void *arg, uint32_t events)
{
	struct record *r = arg;
	uint64_t n;
	(void)events;
	(void)!read(r->wake, &n, sizeof(n));
	(void)pthread_mutex_lock(&r->lock);
	struct list back = r->back;
	r->back = (struct list){0};
	(void)pthread_mutex_unlock(&r->lock);
	for (struct waiting *w; (w = list_take(&back));) {
		if (w->ticket)
			r->done(r->arg, w->ticket, w->error);
		free(w);
	}
}

int record_new(
        struct loop *loop, struct ledger_client *client, int folder, record_done *done, void *arg, struct record **out, struct err *err)
{
	struct record *r = calloc(1, sizeof(*r));
	if (!r) {
		fd_closep(&folder);
		ledger_client_free(client);
		return err_set(err, -ENOMEM, "out of memory");
	}
	*r = (struct record){.client = client, .folder = folder, .done = done, .arg = arg};
	(void)pthread_mutex_init(&r->lock, NULL);
	(void)pthread_cond_init(&r->more, NULL);
	r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int e = r->wake < 0 ? -errno : loop_add(loop, r->wake, EPOLLIN, on_wake, r, &r->source);
	e = e < 0 ? e : -pthread_create(&r->thread, NULL, run, r);
	if (e < 0) {
		loop_remove(r->source);
		if (r->wake >= 0)
			(void)close(r->wake);
		fd_closep(&r->folder);
		ledger_client_free(client);
		free(r);
		return err_sys(err, e, "cannot start the thread that writes the ledger");
	}
	*out = r;
	return 0;
}

int record_add(struct record *r, struct slice entry, uint64_t ticket, int body)
{
	struct waiting *w = malloc(sizeof(*w) + entry.n);
	if (!w) {
		fd_closep(&body);
		return -ENOMEM;
	}
	w->ticket = ticket;
	w->body = body;
	struct stat st;
	w->body_size = body >= 0 && fstat(body, &st) == 0 ? (uint64_t)st.st_size : 0;
	w->error = 0;
	w->n = entry.n;
	memcpy(w->bytes, entry.p, entry.n);
	(void)pthread_mutex_lock(&r->lock);
	bool full = r->todo.n >= RECORD_WAITING_MAX || r->bytes + entry.n > BYTES_MAX || r->bodies + w->body_size > BODIES_MAX;
	int e = r->error ? r->error : full ? -ENOBUFS : 0;
	if (e == 0) {
		r->bytes += entry.n;
		r->bodies += w->body_size;
		list_add(&r->todo, w);
		(void)pthread_cond_signal(&r->more);
	}
	(void)pthread_mutex_unlock(&r->lock);
	if (e < 0) {
		fd_closep(&w->body);
		free(w);
	}
	return e;
}

const char *record_trouble(struct record *r)
{
	(void)pthread_mutex_lock(&r->lock);
	const char *text = r->error ? r->err.text : NULL;
	(void)pthread_mutex_unlock(&r->lock);
	return text;
}

int record_close(struct record *r, struct buf *checkpoint, uint64_t *first, uint64_t *n, struct err *err)
{
	(void)pthread_mutex_lock(&r->lock);
	r->end = true;
	(void)pthread_cond_signal(&r->more);
	(void)pthread_mutex_unlock(&r->lock);
	(void)pthread_join(r->thread, NULL);
	int e = r->error;
	if (e < 0 && err)
		*err = r->err;
	if (e == 0 && r->count && checkpoint)
		e = ledger_client_checkpoint(r->client, checkpoint, err);
	else if (e == 0 && r->count)
		ledger_client_leave(r->client);
	if (first)
		*first = r->first;
	if (n)
		*n = r->count;
	for (struct waiting *w; (w = list_take(&r->back));)
		free(w);
	loop_remove(r->source);
	(void)close(r->wake);
	fd_closep(&r->folder);
	ledger_client_free(r->client);
	(void)pthread_mutex_destroy(&r->lock);
	(void)pthread_cond_destroy(&r->more);
	free(r);
	return e;
}
