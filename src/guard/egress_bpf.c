/* The backend of cgroup BPF: its maps and links, and what is found of an earlier instance. */
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "guard/bpf.h"
#include "guard/egress_names.h"
#include "guard/egress_part.h"
#include "guard/egress_reset.h"
#include "parse/ip_packet.h"
#include "sys/loop.h"

#define RING_BYTES (1u << 20)
/* Records that are read before others of the loop have their turn. */
#define BATCH 256

static const struct bpf_map_spec specs[MAPS] = {
        [MAP_NAMES] = {"names", BPF_MAP_TYPE_LPM_TRIE, sizeof(struct egress_name_key), 4, 2 * EGRESS_HOSTS_MAX, BPF_F_NO_PREALLOC},
        [MAP_ADDRESS] = {"address", BPF_MAP_TYPE_HASH, 16, 4, 2 * (ADDRESSES_CLOSED_MAX + EGRESS_HOSTS_MAX), BPF_F_NO_PREALLOC},
        [MAP_CGROUPS] = {"cgroups", BPF_MAP_TYPE_HASH, 8, 4, 4096, BPF_F_NO_PREALLOC},
        [MAP_PROCESSES] = {"processes", BPF_MAP_TYPE_HASH, 4, 4, 4096, BPF_F_NO_PREALLOC},
        [MAP_NETWORKS] = {"networks", BPF_MAP_TYPE_LRU_HASH, 8, 4, 4096, 0},
        [MAP_SOCKETS] = {"sockets", BPF_MAP_TYPE_SK_STORAGE, 4, sizeof(struct egress_socket), 0, BPF_F_NO_PREALLOC},
        [MAP_EVENTS] = {"events", BPF_MAP_TYPE_RINGBUF, 0, 0, RING_BYTES, 0},
        [MAP_ANSWERS] = {"answers", BPF_MAP_TYPE_RINGBUF, 0, 0, RING_BYTES, 0},
        [MAP_COUNTS] = {"counts", BPF_MAP_TYPE_ARRAY, 4, 8, COUNTS, 0},
};

struct far {
	struct egress_sink sink;
	int map[MAPS], link[PROGRAMS], pins;
	struct bpf_ring events, answers;
	struct source *on_events, *on_answers;
	uint64_t before[COUNTS]; /* what an earlier instance had counted */
	bool taken_over;
	char describe[512];
};

/* ---- Maps, programs, links ---- */

static bool same_map(int fd, const struct bpf_map_spec *spec)
{
	struct bpf_map_info info = {.type = 0};
	union bpf_attr attr = {.info = {.bpf_fd = (uint32_t)fd, .info_len = sizeof(info), .info = (uint64_t)(uintptr_t)&info}};
	return bpf_ask(BPF_OBJ_GET_INFO_BY_FD, &attr) >= 0 && info.type == spec->type && info.key_size == spec->key &&
	       info.value_size == spec->value && info.max_entries == spec->entries;
}

/* The maps of an earlier instance, if they are all there and of this form; else new ones. */
static int open_maps(struct far *f, struct err *err)
{
	bool old = f->pins >= 0;
	for (unsigned i = 0; i < MAPS && old; i++) {
		f->map[i] = bpf_pinned(f->pins, specs[i].name);
		old = f->map[i] >= 0 && same_map(f->map[i], &specs[i]);
	}
	if (old) {
		f->taken_over = true;
		return 0;
	}
	for (unsigned i = 0; i < MAPS; i++) {
		fd_closep(&f->map[i]);
		f->map[i] = bpf_map_new(&specs[i]);
		if (f->map[i] < 0)
			return err_sys(err, f->map[i], "the kernel makes no map \"%s\" of BPF", specs[i].name);
	}
	return 0;
}

static uint64_t cgroup_id(int fd)
{
	struct stat st;
	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* The cgroup that a link is attached to; 0 if it is none any more. */
static uint64_t link_cgroup(int fd)
{
	struct bpf_link_info info = {.type = 0};
	union bpf_attr attr = {.info = {.bpf_fd = (uint32_t)fd, .info_len = sizeof(info), .info = (uint64_t)(uintptr_t)&info}};
	return bpf_ask(BPF_OBJ_GET_INFO_BY_FD, &attr) >= 0 && info.type == BPF_LINK_TYPE_CGROUP ? info.cgroup.cgroup_id : 0;
}

/* Attaches a program, or puts it in the place of an earlier one on the same cgroup. */
static int attach(struct far *f, unsigned i, int program, int cgroup, struct err *err)
{
	int old = f->pins >= 0 ? bpf_pinned(f->pins, egress_programs[i].name) : -ENOENT;
	if (old >= 0 && link_cgroup(old) == cgroup_id(cgroup) && bpf_link_replace(old, program) >= 0) {
		f->link[i] = old;
		return 0;
	}
	f->link[i] = bpf_link_new(program, cgroup, egress_programs[i].attach);
	/* Only now does the earlier one go: there is no moment without any. */
	if (old >= 0)
		(void)close(old);
	return f->link[i] < 0 ? err_sys(err, f->link[i], "the kernel does not attach the program \"%s\"", egress_programs[i].name) : 0;
}

static int pin_all(const struct far *f, struct err *err)
{
	for (unsigned i = 0; i < MAPS + PROGRAMS; i++) {
		const char *name = i < MAPS ? specs[i].name : egress_programs[i - MAPS].name;
		int fd = i < MAPS ? f->map[i] : f->link[i - MAPS];
		char fresh[32];
		/* Beside the old one, then in its place, so that one of them is always there. */
		(void)snprintf(fresh, sizeof(fresh), "new_%.24s", name);
		(void)unlinkat(f->pins, fresh, 0);
		int r = bpf_pin(fd, f->pins, fresh);
		if (r == 0 && renameat(f->pins, fresh, f->pins, name) < 0)
			r = -errno;
		if (r < 0)
			return err_sys(err, r, "the kernel does not keep \"%s\" in the BPF file system", name);
	}
	return 0;
}

static void unpin_all(const struct far *f)
{
	for (unsigned i = 0; i < MAPS + PROGRAMS && f->pins >= 0; i++)
		(void)unlinkat(f->pins, i < MAPS ? specs[i].name : egress_programs[i - MAPS].name, 0);
}

static int open_cgroup(const char *folder, char *name, size_t n, struct err *err)
{
	(void)snprintf(name, n, "%s", folder ? folder : "");
	FILE *mounts = folder ? NULL : setmntent("/proc/self/mounts", "re");
	struct mntent *m;
	while (mounts && !*name && (m = getmntent(mounts)))
		if (strcmp(m->mnt_type, "cgroup2") == 0)
			(void)snprintf(name, n, "%s", m->mnt_dir);
	if (mounts)
		(void)endmntent(mounts);
	if (!*name)
		return err_set(err, -EOPNOTSUPP, "no cgroup file system of version 2 is mounted");
	int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(err, -errno, "the cgroup %s", name) : fd;
}

/* ---- What is in the maps ---- */

static int set_names(struct far *f, const struct egress_names *t)
{
	for (size_t i = 0; i < t->n; i++) {
		struct egress_name_key key;
		uint32_t value = t->host[i].open ? NAME_OPEN : NAME_CLOSED;
		egress_name_key(t->host[i].pattern, &key);
		int r = bpf_map_set(f->map[MAP_NAMES], &key, &value);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < t->n_hard; i++) {
		uint32_t flags = ADDRESS_HARD;
		int r = t->hard[i].host.open ? 0 : bpf_map_set(f->map[MAP_ADDRESS], t->hard[i].ip, &flags);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Takes out of a map what `wanted` does not want any more. */
static void sweep(int map, size_t key_size, size_t most, const struct egress_names *t,
        bool (*wanted)(const struct egress_names *t, int map, const void *key))
{
	_cleanup_free_ uint8_t *gone = malloc(most * key_size);
	uint8_t key[sizeof(struct egress_name_key)], next[sizeof(key)];
	size_t n = 0;
	for (const void *at = NULL; gone && n < most && bpf_map_next(map, at, next) == 0; at = key) {
		memcpy(key, next, key_size);
		if (!wanted(t, map, key))
			memcpy(gone + n++ * key_size, key, key_size);
	}
	for (size_t i = 0; i < n; i++)
		(void)bpf_map_drop(map, gone + i * key_size);
}

static bool still_name(const struct egress_names *t, int map, const void *at)
{
	const struct egress_name_key *key = at;
	size_t n = key->bits / 8;
	char pattern[NAME_BYTES + 1] = "";
	(void)map;
	if (n == 0 || n > NAME_BYTES)
		return false;
	n -= key->reversed[n - 1] == 0;
	for (size_t i = 0; i < n; i++)
		pattern[i] = (char)key->reversed[n - 1 - i];
	return egress_names_has(t, pattern);
}

static bool still_hard(const struct egress_names *t, int map, const void *key)
{
	uint32_t flags = 0;
	const struct egress_host *h = egress_names_hard(t, key);
	return bpf_map_get(map, key, &flags) < 0 || !(flags & ADDRESS_HARD) || (h && !h->open);
}

static int update(void *far, const struct egress_names *t)
{
	struct far *f = far;
	int r = set_names(f, t);
	if (r < 0)
		return r;
	sweep(f->map[MAP_NAMES], sizeof(struct egress_name_key), 2 * EGRESS_HOSTS_MAX, t, still_name);
	sweep(f->map[MAP_ADDRESS], 16, ADDRESSES_CLOSED_MAX + EGRESS_HOSTS_MAX, t, still_hard);
	return 0;
}

static void address(void *far, const uint8_t ip[16], uint32_t flags)
{
	struct far *f = far;
	if (flags)
		(void)bpf_map_set(f->map[MAP_ADDRESS], ip, &flags);
	else
		(void)bpf_map_drop(f->map[MAP_ADDRESS], ip);
}

/* When a process began, as far as 32 bits tell: another with its number is another. 0: there is none. */
static uint32_t began(pid_t process)
{
	char path[40], text[1024];
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)process);
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = 0;
	char *at = strrchr(text, ')');
	unsigned long long ticks = 0;
	/* Fields 3 to 21 stand between. */
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at || sscanf(at, " %llu", &ticks) != 1) /* NOLINT(cert-err34-c): of the kernel's own text */
		return 0;
	return (uint32_t)ticks | 1;
}

static bool still_process(const struct egress_names *t, int map, const void *key)
{
	uint32_t process, then = 0;
	(void)t;
	memcpy(&process, key, sizeof(process));
	return bpf_map_get(map, key, &then) == 0 && then == began((pid_t)process);
}

static int except_process(void *far, pid_t process, bool excepted)
{
	struct far *f = far;
	uint32_t key = (uint32_t)process, value = excepted ? began(process) : 0;
	if (excepted)
		return value == 0 ? -ESRCH : bpf_map_set(f->map[MAP_PROCESSES], &key, &value);
	int r = bpf_map_drop(f->map[MAP_PROCESSES], &key);
	return r == -ENOENT ? 0 : r;
}

/* A cookie is never given twice, so nothing has to be taken out; the oldest make room. */
static int except_network(void *far, uint64_t cookie)
{
	const struct far *f = far;
	const uint32_t value = 1;
	return bpf_map_set(f->map[MAP_NETWORKS], &cookie, &value);
}

static int except_cgroup(void *far, const char *folder, bool excepted)
{
	struct far *f = far;
	char name[512];
	_cleanup_fd_ int fd = open_cgroup(folder, name, sizeof(name), NULL);
	if (fd < 0)
		return fd;
	uint64_t id = cgroup_id(fd);
	uint32_t value = 1;
	if (excepted)
		return bpf_map_set(f->map[MAP_CGROUPS], &id, &value);
	int r = bpf_map_drop(f->map[MAP_CGROUPS], &id);
	return r == -ENOENT ? 0 : r;
}

/* ---- What the kernel tells ---- */

static void on_events(void *arg, uint32_t events)
{
	struct far *f = arg;
	const void *data;
	size_t n;
	(void)events;
	for (unsigned i = 0; i < BATCH && bpf_ring_next(&f->events, &data, &n) > 0; i++) {
		if (n == sizeof(struct egress_raw))
			f->sink.event(f->sink.arg, data);
		bpf_ring_done(&f->events);
	}
}

static void on_answers(void *arg, uint32_t events)
{
	struct far *f = arg;
	const void *data;
	size_t n;
	(void)events;
	for (unsigned i = 0; i < BATCH && bpf_ring_next(&f->answers, &data, &n) > 0; i++) {
		const struct egress_answer *a = data;
		if (n >= sizeof(*a) && a->n <= n - sizeof(*a))
			f->sink.answer(f->sink.arg, a->from, ip_packet_dns(a->protocol, slice_of(a->data, a->n)));
		bpf_ring_done(&f->answers);
	}
}

static void counts(void *far, struct egress_counts *out)
{
	const struct far *f = far;
	uint64_t v[COUNTS] = {0};
	for (uint32_t i = 0; i < COUNTS; i++)
		(void)bpf_map_get(f->map[MAP_COUNTS], &i, &v[i]);
	out->refused = v[COUNT_REFUSED] - f->before[COUNT_REFUSED];
	out->held = v[COUNT_HELD] - f->before[COUNT_HELD];
	out->answers = v[COUNT_ANSWERS] - f->before[COUNT_ANSWERS];
	out->lost = v[COUNT_LOST] + v[COUNT_ANSWERS_LOST] - f->before[COUNT_LOST] - f->before[COUNT_ANSWERS_LOST];
}

static const char *describe(const void *far)
{
	return ((const struct far *)far)->describe;
}

/* ---- Beginning and end ---- */

static void far_close(void *far, bool open)
{
	struct far *f = far;
	if (!f)
		return;
	loop_remove(f->on_events);
	loop_remove(f->on_answers);
	bpf_ring_close(&f->events);
	bpf_ring_close(&f->answers);
	if (open)
		unpin_all(f);
	for (unsigned i = 0; i < PROGRAMS; i++)
		fd_closep(&f->link[i]);
	for (unsigned i = 0; i < MAPS; i++)
		fd_closep(&f->map[i]);
	fd_closep(&f->pins);
	free(f);
}

/* Puts the programs to work over maps that are filled. */
static int start(struct far *f, const struct egress_config *config, const struct egress_names *names, struct loop *loop, struct err *err)
{
	char name[400];
	_cleanup_fd_ int cgroup = open_cgroup(config->cgroup, name, sizeof(name), err);
	if (cgroup < 0)
		return cgroup;
	int r = open_maps(f, err);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < COUNTS; i++)
		(void)bpf_map_get(f->map[MAP_COUNTS], &i, &f->before[i]);
	const uint32_t home = COUNT_HOME;
	const uint64_t cookie = egress_network(0);
	r = bpf_map_set(f->map[MAP_COUNTS], &home, &cookie);
	r = r < 0 ? r : set_names(f, names);
	if (r < 0)
		return err_sys(err, r, "the names do not go into the kernel");
	for (unsigned i = 0; i < PROGRAMS; i++) {
		_cleanup_fd_ int program = egress_program_load(i, f->map, config->at_connect, err);
		r = program < 0 ? program : attach(f, i, program, cgroup, err);
		if (r < 0)
			return r;
	}
	if (f->pins >= 0 && config->outlive)
		r = pin_all(f, err);
	else
		unpin_all(f);
	if (r < 0)
		return r;
	if (f->taken_over) {
		(void)update(f, names);
		sweep(f->map[MAP_PROCESSES], 4, 4096, names, still_process);
	}
	r = bpf_ring_open(&f->events, f->map[MAP_EVENTS], RING_BYTES);
	if (r == 0)
		r = bpf_ring_open(&f->answers, f->map[MAP_ANSWERS], RING_BYTES);
	if (r == 0)
		r = loop_add(loop, f->map[MAP_EVENTS], EPOLLIN, on_events, f, &f->on_events);
	if (r == 0)
		r = loop_add(loop, f->map[MAP_ANSWERS], EPOLLIN, on_answers, f, &f->on_answers);
	if (r < 0)
		return err_sys(err, r, "the kernel's buffer of events");
	(void)snprintf(f->describe, sizeof(f->describe), "cgroup BPF on %s%s%s", name,
	        f->taken_over ? ", taken over from an earlier instance" : "",
	        config->outlive && f->pins >= 0 ? "; stays when this process ends" : "; ends with this process");
	return 0;
}

static int far_open(struct loop *loop, const struct egress_config *config, const struct egress_names *names, const struct egress_sink *sink,
        void **out, struct err *err)
{
	struct far *f = calloc(1, sizeof(*f));
	if (!f)
		return err_set(err, -ENOMEM, "out of memory");
	f->sink = *sink;
	f->pins = -1;
	for (unsigned i = 0; i < PROGRAMS; i++)
		f->link[i] = -1;
	for (unsigned i = 0; i < MAPS; i++)
		f->map[i] = -1;
	int r = 0;
	if (config->pins) {
		if (mkdir(config->pins, 0700) < 0 && errno != EEXIST)
			r = err_sys(err, -errno, "the folder %s of a BPF file system", config->pins);
		f->pins = r == 0 ? open(config->pins, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
		if (r == 0 && f->pins < 0)
			r = err_sys(err, -errno, "the folder %s of a BPF file system", config->pins);
	}
	if (r == 0)
		r = start(f, config, names, loop, err);
	if (r < 0) {
		far_close(f, false);
		return r;
	}
	*out = f;
	return 0;
}

const struct egress_far egress_bpf = {
        .name = "cgroup BPF",
        .open = far_open,
        .update = update,
        .address = address,
        .except_process = except_process,
        .except_network = except_network,
        .except_cgroup = except_cgroup,
        .counts = counts,
        .describe = describe,
        .close = far_close,
};
