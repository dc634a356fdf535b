#include "gate/look.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "crypto/digest.h"
#include "gate/canon.h"
#include "gate/dialogue.h"
#include "inspect/dlp.h"
#include "wire/decode.h"
#include "wire/seal.h"

#define AT_ONCE ((size_t)128 << 10) /* up to here it is done at once: some 10 ms */

struct queue {
	struct look *first, **last;
};

struct looker {
	struct search *search;
	look_done *done;
	void *arg;
	int wake;
	struct source *source;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	/* With the lock held. */
	struct queue todo[2]; /* large ones, and small ones, which go first */
	struct look *back;
	bool end, busy;
	int sealed; /* 1: not yet */
};

struct look *look_new(void)
{
	struct look *l = calloc(1, sizeof(*l));
	if (!l)
		return NULL;
	l->body = BUF(LOOK_BODY_MAX);
	l->target = BUF(LOOK_HEAD_MAX);
	l->coding = BUF(LOOK_HEAD_MAX);
	l->head = BUF(LOOK_HEAD_MAX);
	l->keys = BUF(LOOK_HEAD_MAX);
	l->hits = BUF(LINK_MAX / 2);
	l->facts = BUF(LINK_MAX / 2);
	return l;
}

void look_free(struct look *l)
{
	if (!l)
		return;
	search_done(l->scan);
	buf_free(&l->body);
	buf_free(&l->target);
	buf_free(&l->coding);
	buf_free(&l->head);
	buf_free(&l->keys);
	buf_free(&l->hits);
	buf_free(&l->facts);
	free(l);
}

static bool deny(struct look *l, int status, const char *why)
{
	l->status = status;
	l->rule = "content";
	l->why = why;
	return false;
}

/* Is there one that is more than a word for none? */
static bool coded(struct slice list)
{
	struct slice one;
	while (slice_split(&list, ',', &one)) {
		one = slice_trim(one);
		if (one.n && !slice_eq_nocase(one, SLICE("identity")))
			return true;
	}
	return false;
}

/* A coding of the content would hide it, and what is replaced must be replaced in the clear. */
static bool decode(struct look *l)
{
	_cleanup_buf_ struct buf out = BUF(LOOK_BODY_MAX);
	const char *why = NULL;
	uint64_t lost = 0;
	if (!l->body.n || !coded(buf_slice(&l->coding)))
		return true;
	if (buf_error(&l->coding) || decode_content(buf_slice(&l->coding), buf_slice(&l->body), &out, &lost, &why) < 0 || lost)
		return deny(l, 415, why ? why : "the content coding cannot be removed");
	struct buf packed = l->body;
	l->body = out;
	out = packed;
	l->decoded = true;
	return true;
}

static bool form(struct look *l)
{
	_cleanup_buf_ struct buf out = BUF(LOOK_BODY_MAX);
	int r = l->body.n ? canon_body(l->canon, l->any, buf_slice(&l->body), &out) : 0;
	if (r < 0) {
		(void)deny(l, 413, "the request is too much to be put into the one form that the policy wants");
		l->rule = "requests";
		return false;
	}
	if (r == 0)
		return true;
	struct buf written = l->body;
	l->body = out;
	out = written;
	l->formed = true;
	return true;
}

/* A letter in two or four bytes (UTF-16, UTF-32), whatever is said of it: without the zeros it is text. */
static int search_wide(struct look *l, struct search *s, enum search_lane lane)
{
	_cleanup_buf_ struct buf text = BUF(LOOK_BODY_MAX);
	struct dlp_scan *scan = NULL;
	struct slice body = buf_slice(&l->body);
	size_t zeros = 0;
	for (size_t i = 0; i < body.n; i++)
		zeros += body.p[i] == 0;
	if (zeros < DLP_PIECE || zeros < body.n / 4 || zeros == body.n)
		return 0;
	uint8_t *to = buf_room(&text, body.n - zeros);
	for (size_t i = 0; to && i < body.n; i++)
		if (body.p[i])
			to[text.n++] = body.p[i];
	int r = to ? search_message(s, lane, l->history, buf_slice(&text), SEARCH_WIDE, &l->hits, &scan) : buf_error(&text);
	search_done(scan);
	return r;
}

static bool search(struct look *l, struct search *s, enum search_lane lane)
{
	struct dlp_scan *scan = NULL;
	int r = buf_error(&l->head) ? buf_error(&l->head) : buf_error(&l->keys);
	if (r == 0 && l->body.n)
		r = search_message(s, lane, l->history, buf_slice(&l->body), SEARCH_BODY, &l->hits, &l->scan);
	if (r == 0)
		r = search_wide(l, s, lane);
	if (r == 0 && l->head.n) {
		r = search_message(s, lane, l->history, buf_slice(&l->head), SEARCH_HEAD, &l->hits, &scan);
		search_done(scan);
		scan = NULL;
	}
	if (r == 0 && l->keys.n) {
		r = search_message(s, lane, l->history, buf_slice(&l->keys), SEARCH_KEYS, &l->hits, &scan);
		search_done(scan);
	}
	return r == 0 || deny(l, 413, "the request cannot be looked through");
}

static void run(struct look *l, struct search *s, enum search_lane lane)
{
	if (((s || l->canon.n) && !decode(l)) || (l->canon.n && !form(l)) || (s && !search(l, s, lane)))
		return;
	l->ai = dialogue_request(buf_slice(&l->target), buf_slice(&l->body), &l->facts);
	if (l->body.n)
		digest_sha256_hex(buf_slice(&l->body), l->digest);
}

/* With the lock held. */
static struct look *wait_for_work(struct looker *k)
{
	/* It never returns: to end a thread the C library makes calls that the seal does not let it. */
	while (k->end || (!k->todo[0].first && !k->todo[1].first))
		(void)pthread_cond_wait(&k->more, &k->lock);
	struct queue *q = &k->todo[k->todo[1].first ? 1 : 0];
	struct look *l = q->first;
	if (!(q->first = l->next))
		q->last = &q->first;
	k->busy = true;
	return l;
}

static void *work(void *arg)
{
	struct looker *k = arg;
	int sealed = seal_thread();
	(void)pthread_mutex_lock(&k->lock);
	k->sealed = sealed;
	(void)pthread_cond_broadcast(&k->more);
	if (sealed < 0) {
		(void)pthread_mutex_unlock(&k->lock);
		return NULL;
	}
	for (;;) {
		struct look *l = wait_for_work(k);
		(void)pthread_mutex_unlock(&k->lock);
		run(l, k->search, SEARCH_THREAD);
		(void)pthread_mutex_lock(&k->lock);
		l->next = k->back;
		k->back = l;
		k->busy = false;
		(void)!write(k->wake, &(uint64_t){1}, sizeof(uint64_t));
	}
}

static void on_wake(void *arg, uint32_t events)
{
	struct looker *k = arg;
	uint64_t n;
	(void)events;
	(void)!read(k->wake, &n, sizeof(n));
	(void)pthread_mutex_lock(&k->lock);
	struct look *back = k->back;
	k->back = NULL;
	(void)pthread_mutex_unlock(&k->lock);
	while (back) {
		struct look *l = back;
		back = l->next;
		search_unpin(k->search, l->host);
		k->done(k->arg, l);
	}
}

bool looker_look(struct looker *k, struct look *l)
{
	/* A coding can make anything of a few bytes. */
	bool large = l->body.n > AT_ONCE || (l->coding.n && l->body.n > AT_ONCE / 128);
	l->history = k->search ? search_history(k->search, l->host) : NULL;
	if (!l->history || !(large || search_pinned(k->search, l->host))) {
		run(l, k->search, SEARCH_LOOP);
		return true;
	}
	search_pin(k->search, l->host);
	l->next = NULL;
	struct queue *q = &k->todo[large ? 0 : 1];
	(void)pthread_mutex_lock(&k->lock);
	*q->last = l;
	q->last = &l->next;
	(void)pthread_cond_signal(&k->more);
	(void)pthread_mutex_unlock(&k->lock);
	return false;
}

/* The thread is waited for only as long as it seals itself. */
static int start(struct looker *k)
{
	/* One heap for both threads: to make a second one the C library counts the processors, which the seal does not let it. */
	(void)mallopt(M_ARENA_MAX, 1);
	int r = -pthread_create(&k->thread, NULL, work, k);
	if (r < 0)
		return r;
	(void)pthread_mutex_lock(&k->lock);
	while (k->sealed > 0)
		(void)pthread_cond_wait(&k->more, &k->lock);
	r = k->sealed;
	(void)pthread_mutex_unlock(&k->lock);
	if (r < 0)
		(void)pthread_join(k->thread, NULL);
	return r;
}

int looker_new(struct loop *loop, struct search *s, look_done *done, void *arg, struct looker **out)
{
	struct looker *k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	*k = (struct looker){.search = s, .done = done, .arg = arg, .wake = -1, .sealed = 1};
	for (size_t i = 0; i < ARRAY_LEN(k->todo); i++)
		k->todo[i].last = &k->todo[i].first;
	(void)pthread_mutex_init(&k->lock, NULL);
	(void)pthread_cond_init(&k->more, NULL);
	int r = 0;
	if (s) {
		k->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		r = k->wake < 0 ? -errno : loop_add(loop, k->wake, EPOLLIN, on_wake, k, &k->source);
		r = r < 0 ? r : start(k);
	}
	if (r == 0) {
		*out = k;
		return 0;
	}
	loop_remove(k->source);
	if (k->wake >= 0)
		(void)close(k->wake);
	free(k);
	return r;
}

static void free_all(struct look *l)
{
	while (l) {
		struct look *next = l->next;
		look_free(l);
		l = next;
	}
}

bool looker_free(struct looker *k)
{
	if (!k)
		return true;
	(void)pthread_mutex_lock(&k->lock);
	bool busy = k->busy;
	k->end = true;
	(void)pthread_mutex_unlock(&k->lock);
	loop_remove(k->source);
	k->source = NULL;
	if (busy)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(k->todo); i++) {
		free_all(k->todo[i].first);
		k->todo[i].first = NULL;
	}
	free_all(k->back);
	k->back = NULL;
	if (!k->search)
		free(k);
	return true;
}
