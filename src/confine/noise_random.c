/* Draws: getrandom(2), the random devices, AT_RANDOM. */
#include "confine/noise_part.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

/* More is asked for again: a call may give less than it was asked for. */
#define AT_ONCE 65536
/* A read of a device gives what was asked for; one of a pipe what is in it: so it is large, and full before it is given away. */
#define PIPE_BYTES    65536
#define ANCESTORS_MAX 32

/* ---- who draws ---- */

static uint64_t mix(uint64_t v)
{
	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9;
	v = (v ^ v >> 27) * 0x94d049bb133111eb;
	return v ^ v >> 31;
}

/* How often this was asked for before. When the table is full the place of another is taken: then a tool that has begun a thousand
 * different things gets a sequence a second time. */
static uint32_t count(struct noise *n, const struct stream_key *of, const void *what, size_t size)
{
	struct stream_key k;
	stream_derive(&k, of, what, size);
	uint64_t id = ((uint64_t)k.w[0] << 32 | k.w[1]) | 1;
	for (size_t i = 0; i < 16; i++) {
		size_t at = (mix(id) + i) % NOISE_COUNTS_MAX;
		if (n->counts[at].what == 0 || i == 15) {
			n->counts[at].n = n->counts[at].what == id ? n->counts[at].n : 0;
			n->counts[at].what = id;
		}
		if (n->counts[at].what == id)
			return n->counts[at].n++;
	}
	return 0;
}

static void nth(struct noise *n, struct stream_key *out, const struct stream_key *of, const void *what, size_t size)
{
	uint32_t i = count(n, of, what, size);
	stream_derive(out, of, what, size);
	stream_derive(out, out, &i, sizeof(i));
}

static struct noise_drawer *place_for(struct noise *n, pid_t thread, uint64_t started)
{
	struct noise_drawer *d = NULL;
	/* Of the same number there is one alive. */
	for (unsigned i = 0; i < n->n_drawers && !d; i++)
		if (n->drawers[i].thread == thread)
			d = &n->drawers[i];
	if (!d) {
		d = &n->drawers[n->next_drawer];
		n->next_drawer = (n->next_drawer + 1) % NOISE_DRAWERS_MAX;
		n->n_drawers += n->n_drawers < NOISE_DRAWERS_MAX;
	}
	*d = (struct noise_drawer){.thread = thread, .started = started};
	return d;
}

static struct noise_drawer *known(struct noise *n, pid_t thread, uint64_t started)
{
	for (unsigned i = 0; i < n->n_drawers; i++)
		if (n->drawers[i].thread == thread && n->drawers[i].started == started)
			return &n->drawers[i];
	return NULL;
}

static struct stream_key key_of(struct noise *n, pid_t thread, unsigned depth);

/* Of what a process draws from: its parent's first thread's. */
static struct stream_key parents(struct noise *n, pid_t parent, unsigned depth)
{
	return parent > 1 && depth < ANCESTORS_MAX ? key_of(n, parent, depth + 1) : n->root;
}

static struct stream_key key_of(struct noise *n, pid_t thread, unsigned depth)
{
	pid_t process, parent;
	struct stream_key from, key;
	char name[32] = "fork";
	uint64_t started = notify_started(thread, NULL);
	const struct noise_drawer *d = known(n, thread, started);
	if (d)
		return d->key;
	notify_family(thread, &process, &parent);
	if (process == thread || depth >= ANCESTORS_MAX) {
		from = parents(n, parent, depth);
	} else {
		from = key_of(n, process, depth + 1);
		(void)notify_proc(thread, "comm", name, sizeof(name));
	}
	nth(n, &key, &from, name, strlen(name));
	place_for(n, thread, started)->key = key;
	return key;
}

static struct noise_drawer *drawer(struct noise *n, pid_t thread)
{
	uint64_t started = notify_started(thread, NULL);
	struct noise_drawer *d = known(n, thread, started);
	if (d)
		return d;
	(void)key_of(n, thread, 0);
	return known(n, thread, started);
}

/* The n-th draw of that size. The last place is for all sizes that have none of their own. */
static uint64_t next_of_size(struct noise_drawer *d, uint32_t size)
{
	size_t i = 0;
	while (i + 1 < NOISE_SIZES_MAX && d->sizes[i].size && d->sizes[i].size != size)
		i++;
	d->sizes[i].size = size;
	return (uint64_t)size << 32 | d->sizes[i].drawn++;
}

/* ---- the beginning of a program ---- */

/* Words of a command line that are the same in another place and at another time: the name of the program, options, commands. */
static size_t command(pid_t pid, char *out, size_t size)
{
	char text[2048];
	ssize_t got = notify_proc(pid, "cmdline", text, sizeof(text));
	size_t n = 0;
	for (ssize_t at = 0; at < got;) {
		const char *word = text + at, *slash = at == 0 ? strrchr(word, '/') : NULL;
		at += (ssize_t)strlen(word) + 1;
		word = slash ? slash + 1 : word;
		size_t len = strlen(word);
		if ((word != text && !slash && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-=") != len) ||
		        n + len >= size)
			continue;
		memcpy(out + n, word, len + 1);
		n += len + 1;
	}
	return n;
}

static void auxv_of(const struct stream_key *key, uint8_t out[16])
{
	struct stream_key k;
	stream_derive(&k, key, "auxv", 4);
	stream_read(&k, 0, 0, out, 16);
}

bool noise_has_auxv(struct noise *n, pid_t pid, uint64_t at)
{
	uint8_t there[16], ours[16];
	const struct noise_drawer *d = known(n, pid, notify_started(pid, NULL));
	if (!d || notify_get(pid, at, there, sizeof(there)) < 0)
		return false;
	auxv_of(&d->key, ours);
	return memcmp(there, ours, sizeof(ours)) == 0;
}

bool noise_put_auxv(struct noise *n, pid_t pid, uint64_t at)
{
	pid_t process, parent;
	char words[256];
	uint8_t bytes[16];
	struct stream_key key;
	notify_family(pid, &process, &parent);
	if (process != pid)
		return true;
	const struct stream_key from = parents(n, parent, 0);
	nth(n, &key, &from, words, command(pid, words, sizeof(words)));
	place_for(n, pid, notify_started(pid, NULL))->key = key;
	auxv_of(&key, bytes);
	return notify_put(pid, at, bytes, sizeof(bytes)) == 0;
}

/* ---- getrandom(2) ---- */

int64_t noise_getrandom(struct noise *n, int listener, const struct seccomp_notif *q)
{
	static uint8_t bytes[AT_ONCE];
	uint64_t at = q->data.args[0], size = q->data.args[1];
	uint32_t flags = (uint32_t)q->data.args[2];
	const uint32_t both = GRND_RANDOM | GRND_INSECURE;
	(void)listener;
	if ((flags & ~(both | GRND_NONBLOCK)) || (flags & both) == both)
		return -EINVAL;
	if (size == 0)
		return 0;
	struct noise_drawer *d = drawer(n, (pid_t)q->pid);
	if (!d)
		return n->real_draws++, NOISE_CONTINUE;
	size = size < INT_MAX ? size : INT_MAX;
	uint64_t nonce = next_of_size(d, (uint32_t)size);
	size_t part = size < sizeof(bytes) ? (size_t)size : sizeof(bytes);
	stream_read(&d->key, nonce, 0, bytes, part);
	n->draws++;
	ssize_t done = notify_write((pid_t)q->pid, at, bytes, part);
	/* Into a program that another user owns and that may not be read nobody writes. */
	if (done < 0 && errno == EPERM)
		return n->real_draws++, NOISE_CONTINUE;
	return done < 0 ? -errno : done;
}

/* ---- devices ---- */

static const char *const devices[] = {"/dev/urandom", "/dev/random", "/proc/sys/kernel/random/uuid"};
#define UUID 2

static void device_close(struct noise *n, size_t i)
{
	(void)close(n->devices[i].fd);
	n->devices[i].fd = -1;
}

static void device_fill(struct noise *n, size_t i)
{
	static uint8_t bytes[PIPE_BYTES + 64];
	int there = 0;
	(void)ioctl(n->devices[i].fd, FIONREAD, &there);
	size_t before = n->devices[i].written % 64, room = there >= 0 && there < PIPE_BYTES ? (size_t)(PIPE_BYTES - there) : 1;
	/* From a multiple of 64 on; what was written before is left out. */
	stream_read(&n->devices[i].key, 0, n->devices[i].written - before, bytes, before + room);
	ssize_t done = write(n->devices[i].fd, bytes + before, room);
	if (done > 0)
		n->devices[i].written += (uint64_t)done;
	else if (errno != EAGAIN && errno != EINTR)
		device_close(n, i);
}

void noise_fill(struct noise *n)
{
	struct epoll_event e[8];
	int got = epoll_wait(n->poll, e, ARRAY_LEN(e), 0);
	for (int i = 0; i < got; i++) {
		size_t at = e[i].data.u32;
		if (e[i].events & (EPOLLERR | EPOLLHUP))
			device_close(n, at);
		else
			device_fill(n, at);
	}
}

/* A version 4 UUID, RFC 9562, as the kernel writes it. */
static void write_uuid(int fd, const struct stream_key *key)
{
	uint8_t b[16];
	char text[40];
	stream_read(key, 0, 0, b, sizeof(b));
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	int len = snprintf(text, sizeof(text), "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x\n", b[0], b[1], b[2],
	        b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
	(void)!write(fd, text, (size_t)len);
}

/* An end of a pipe for the caller: its number there, or negative errno. */
static int64_t give(int listener, const struct seccomp_notif *q, int fd, uint64_t flags)
{
	struct seccomp_notif_addfd a = {
	        .id = q->id, .flags = SECCOMP_ADDFD_FLAG_SEND, .srcfd = (uint32_t)fd, .newfd_flags = flags & O_CLOEXEC ? O_CLOEXEC : 0};
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &a) >= 0)
		return NOISE_ANSWERED;
	/* Before Linux 5.14 it takes two calls. */
	a.flags = 0;
	int there = errno == EINVAL ? ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &a) : -1;
	return there < 0 ? -errno : there;
}

static bool flags_of(const struct seccomp_notif *q, uint64_t *at, uint64_t *flags)
{
	switch (q->data.nr) {
#ifdef SYS_open
	case SYS_open:
		*at = q->data.args[0];
		*flags = q->data.args[1];
		return true;
#endif
	case SYS_openat:
		*at = q->data.args[1];
		*flags = q->data.args[2];
		return true;
	default: /* openat2: the first member of its struct */
		*at = q->data.args[1];
		return notify_get((pid_t)q->pid, q->data.args[2], flags, sizeof(*flags)) == 0;
	}
}

int64_t noise_open(struct noise *n, int listener, const struct seccomp_notif *q)
{
	char path[32];
	uint64_t at, flags;
	size_t which = 0, slot = 0;
	int ends[2];
	if (!flags_of(q, &at, &flags) || (flags & (O_ACCMODE | O_CREAT | O_DIRECTORY | O_PATH)) != O_RDONLY)
		return NOISE_CONTINUE;
	/* What follows may not be there. */
	ssize_t got = notify_read((pid_t)q->pid, at, path, sizeof(path));
	while (which < ARRAY_LEN(devices) &&
	        !(got > (ssize_t)strlen(devices[which]) && memcmp(path, devices[which], strlen(devices[which]) + 1) == 0))
		which++;
	if (which == ARRAY_LEN(devices))
		return NOISE_CONTINUE;
	while (slot < NOISE_DEVICES_MAX && n->devices[slot].fd >= 0)
		slot++;
	struct noise_drawer *d = drawer(n, (pid_t)q->pid);
	if (!d || slot == NOISE_DEVICES_MAX || pipe2(ends, O_CLOEXEC) < 0)
		return n->real_draws++, NOISE_CONTINUE;
	struct stream_key key;
	nth(n, &key, &d->key, devices[which], strlen(devices[which]));
	(void)fcntl(ends[1], F_SETFL, O_NONBLOCK);
	if (flags & O_NONBLOCK)
		(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	n->draws++;
	if (which == UUID) {
		write_uuid(ends[1], &key);
		(void)close(ends[1]);
	} else {
		(void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
		n->devices[slot].fd = ends[1];
		n->devices[slot].key = key;
		n->devices[slot].written = 0;
		device_fill(n, slot);
		if (n->devices[slot].fd >= 0 && epoll_ctl(n->poll, EPOLL_CTL_ADD, ends[1],
		                                        &(struct epoll_event){.events = EPOLLOUT, .data.u32 = (uint32_t)slot}) < 0)
			device_close(n, slot);
	}
	int64_t r = give(listener, q, ends[0], flags);
	(void)close(ends[0]);
	return r;
}
