#include "guard/known.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>

#define NS   1000000000
#define WAYS 4u
/* Times of files are as coarse as a tick of the kernel where they are coarse. */
#define RACY_NS (20 * 1000000ll)

struct known {
	struct known_file set[KNOWN_FILES / WAYS][WAYS];
	uint8_t next[KNOWN_FILES / WAYS];
};

struct known_tool *known_ref(struct known_tool *t)
{
	if (t)
		(void)__atomic_add_fetch(&t->refs, 1, __ATOMIC_RELAXED);
	return t;
}

void known_unref(struct known_tool *t)
{
	if (t && __atomic_sub_fetch(&t->refs, 1, __ATOMIC_ACQ_REL) == 0)
		free(t);
}

void known_key(const struct stat *st, struct known_key *out)
{
	*out = (struct known_key){
	        .dev = st->st_dev,
	        .ino = st->st_ino,
	        .size = (uint64_t)st->st_size,
	        .mtime = (int64_t)st->st_mtim.tv_sec * NS + st->st_mtim.tv_nsec,
	        .ctime = (int64_t)st->st_ctim.tv_sec * NS + st->st_ctim.tv_nsec,
	};
}

bool known_key_eq(const struct known_key *a, const struct known_key *b)
{
	return a->ino == b->ino && a->dev == b->dev && a->size == b->size && a->mtime == b->mtime && a->ctime == b->ctime;
}

bool known_stable(int fd, const struct known_key *k)
{
	struct timespec now;
	/* A read lease is had only where nobody writes (fcntl(2)); it is given back at once, so that nobody waits for it. */
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0)
		(void)fcntl(fd, F_SETLEASE, F_UNLCK);
	else if (errno == EAGAIN)
		return false;
	/* A clock that was put back leaves times in the future behind, which say nothing. */
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return k->ctime + RACY_NS < (int64_t)now.tv_sec * NS + now.tv_nsec;
}

bool known_roots(const struct stat *st)
{
	/* With an ACL the bits of the group are the most that it gives anybody. */
	return st->st_uid == 0 && (st->st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

int known_new(struct known **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

void known_forget(struct known *k)
{
	for (size_t i = 0; i < KNOWN_FILES / WAYS; i++)
		for (size_t w = 0; w < WAYS; w++) {
			known_unref(k->set[i][w].tool);
			k->set[i][w] = (struct known_file){0};
		}
}

void known_free(struct known *k)
{
	if (k)
		known_forget(k);
	free(k);
}

static size_t place(const struct known_key *k)
{
	uint64_t h = (k->ino ^ k->dev << 40) * 0x9e3779b97f4a7c15u;
	return (size_t)(h >> 32) % (KNOWN_FILES / WAYS);
}

const struct known_file *known_find(const struct known *k, const struct known_key *key)
{
	const struct known_file *set = k->set[place(key)];
	for (size_t w = 0; w < WAYS; w++)
		if (known_key_eq(&set[w].key, key))
			return &set[w];
	return NULL;
}

void known_put(struct known *k, const struct known_file *f)
{
	size_t at = place(&f->key), way = WAYS;
	for (size_t w = 0; w < WAYS && way == WAYS; w++)
		if (k->set[at][w].key.ino == f->key.ino && k->set[at][w].key.dev == f->key.dev)
			way = w;
	if (way == WAYS) {
		way = k->next[at];
		k->next[at] = (uint8_t)((way + 1) % WAYS);
	}
	known_unref(k->set[at][way].tool);
	k->set[at][way] = *f;
	(void)known_ref(f->tool);
}
