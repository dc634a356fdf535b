#include "guard/egress.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "guard/egress_ask.h"
#include "guard/egress_names.h"
#include "guard/egress_part.h"
#include "guard/egress_reset.h"
#include "parse/address.h"
#include "parse/dns_answer.h"
#include "sys/loop.h"

#define RESOLVERS_MAX 16
#define TICK_MS       5000
/* What is told together: this many kinds of events, and for how long. */
#define REPEATS_MAX 256
#define REPEAT_S    10

struct repeat {
	struct egress_event event;
	int64_t since; /* 0: free */
	uint64_t more; /* since it was told */
};

struct egress {
	struct loop *loop;
	struct source *tick;
	const struct egress_far *backend;
	void *far;
	struct egress_ask *ask;
	struct egress_names names;
	struct egress_addresses *addresses;
	uint8_t resolver[RESOLVERS_MAX][16];
	size_t n_resolvers;
	egress_fn *tell;
	bool (*gate)(void *arg, pid_t process);
	void *arg;
	bool private;
	struct repeat repeat[REPEATS_MAX];
	char describe[1200];
};

const char *egress_why_name(enum egress_why w)
{
	static const char *const names[] = {"name", "address", "unreadable", "strange"};
	return (size_t)w < ARRAY_LEN(names) ? names[w] : "";
}

/* Seconds that no clock on the wall moves. */
static int64_t now(void)
{
	struct timespec ts = {0};
	(void)clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec + 1;
}

/* ---- What is learned of addresses ---- */

static void on_address(void *arg, const uint8_t ip[16], uint32_t flags)
{
	struct egress *e = arg;
	const struct egress_host *h = egress_names_hard(&e->names, ip);
	if (h && !h->open)
		flags |= ADDRESS_HARD;
	if (e->far)
		e->backend->address(e->far, ip, flags);
}

static bool of_resolver(const struct egress *e, const uint8_t ip[16])
{
	for (size_t i = 0; i < e->n_resolvers; i++)
		if (memcmp(e->resolver[i], ip, 16) == 0)
			return true;
	return false;
}

/* May an address be held to belong to a closed name? Not if it is ours, our neighbours', or our resolvers': there, whoever filters names by
 * false answers sends what he filters. */
static bool believable(const struct egress *e, const uint8_t ip[16])
{
	enum address_kind k = address_kind(slice_of(ip, 16));
	return (k == ADDRESS_PUBLIC || (k == ADDRESS_PRIVATE && e->private)) && !of_resolver(e, ip);
}

static bool closed(const struct egress *e, const char *name)
{
	const struct egress_host *h = egress_names_find(&e->names, name);
	return h && !h->open;
}

static void learn(struct egress *e, const char *name, const uint8_t ip[16], uint32_t ttl)
{
	if (believable(e, ip))
		egress_addresses_learn(e->addresses, ip, name, closed(e, name), ttl, now());
}

static void on_answer(void *arg, const uint8_t from[16], struct slice message)
{
	struct egress *e = arg;
	struct dns_answer a;
	if (!of_resolver(e, from) || !dns_answer_parse(message, &a))
		return;
	for (size_t i = 0; i < a.n_addresses; i++) {
		/* The name that was asked for decides. Where it leads is only of interest if that is closed: else each closed name that is
		 * an alias of its provider's would seem to share with it. */
		learn(e, a.name, a.address[i].ip, a.address[i].ttl);
		for (size_t k = 0; k < a.n_aliases; k++)
			if (closed(e, a.alias[k]))
				learn(e, a.alias[k], a.address[i].ip, a.address[i].ttl);
	}
}

static void on_resolved(void *arg, const char *name, const uint8_t ip[16])
{
	learn(arg, name, ip, 300);
}

/* ---- What is told ---- */

static void tell(struct egress *e, struct repeat *r, int64_t t)
{
	e->tell(e->arg, &r->event);
	r->since = t;
	r->more = 0;
}

static bool alike(const struct egress_event *a, const struct egress_event *b)
{
	return a->why == b->why && a->process == b->process && a->port == b->port && a->protocol == b->protocol &&
	       a->at_connect == b->at_connect && strcmp(a->name, b->name) == 0 && (a->name[0] || strcmp(a->address, b->address) == 0);
}

/* The first of its kind is told at once; those that follow are counted. Where there are too many kinds, the one that waits longest makes
 * room. */
static void report(struct egress *e, const struct egress_event *event)
{
	int64_t t = now();
	struct repeat *oldest = &e->repeat[0];
	for (size_t i = 0; i < REPEATS_MAX; i++) {
		struct repeat *r = &e->repeat[i];
		if (r->since && alike(&r->event, event)) {
			r->more++;
			return;
		}
		if (r->since < oldest->since)
			oldest = r;
	}
	if (oldest->since && oldest->more) {
		oldest->event.count = oldest->more;
		tell(e, oldest, t);
	}
	oldest->event = *event;
	tell(e, oldest, t);
}

static void tell_repeats(struct egress *e, bool all)
{
	int64_t t = now();
	for (size_t i = 0; i < REPEATS_MAX; i++) {
		struct repeat *r = &e->repeat[i];
		if (!r->since || (!all && t - r->since < REPEAT_S))
			continue;
		if (r->more) {
			r->event.count = r->more;
			tell(e, r, t);
		} else {
			r->since = 0;
		}
	}
}

static void copy_name(char *out, const uint8_t *name, size_t n)
{
	n = n > 255 ? 255 : n;
	for (size_t i = 0; i < n; i++) {
		char c = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
		out[i] = name[i] > ' ' && name[i] < 0x7f ? c : '?';
	}
	out[n] = 0;
}

static void on_event(void *arg, const struct egress_raw *raw)
{
	static const enum egress_why why[] = {
	        [RAW_NAME] = EGRESS_NAME,
	        [RAW_WAITS] = EGRESS_NAME,
	        [RAW_ADDRESS] = EGRESS_ADDRESS,
	        [RAW_UNREADABLE] = EGRESS_UNREADABLE,
	        [RAW_STRANGE] = EGRESS_STRANGE,
	};
	struct egress *e = arg;
	struct egress_event ev = {.process = (pid_t)raw->process,
	        .user = raw->user,
	        .port = ntohs(raw->port),
	        .protocol = raw->protocol,
	        .at_connect = raw->at_connect != 0,
	        .count = 1};
	copy_name(ev.name, raw->name, raw->name_n);
	if (raw->why == RAW_HELD) {
		/* It asks for an open name where we know closed ones alone. If that name lives there too, it goes on with its next try. */
		if (e->ask)
			egress_ask_about(e->ask, ev.name);
		return;
	}
	if (raw->why == RAW_WAITS && e->gate && ev.process && e->gate(e->arg, ev.process))
		return;
	if (raw->why == 0 || raw->why >= ARRAY_LEN(why))
		return;
	ev.why = why[raw->why];
	copy_name(ev.command, (const uint8_t *)raw->command, strnlen(raw->command, 16));
	egress_address_text(raw->address, ev.address);
	const struct egress_host *h = egress_names_hard(&e->names, raw->address);
	if (ev.why == EGRESS_NAME) {
		h = egress_names_find(&e->names, ev.name);
	} else if (!h) {
		const char *name = egress_addresses_name(e->addresses, raw->address);
		h = name ? egress_names_find(&e->names, name) : NULL;
		if (name && !ev.name[0])
			(void)snprintf(ev.name, sizeof(ev.name), "%s", name);
	}
	if (h) {
		ev.tool = h->tool;
		ev.rule = h->rule;
		ev.pattern = h->pattern[0] == '.' ? h->pattern - 1 : h->pattern;
	}
	/* What was kept back is ended, so that nobody waits for it. */
	if (!ev.at_connect)
		egress_reset(raw);
	report(e, &ev);
}

/* ---- Beginning and end ---- */

static void add_resolver(struct egress *e, const char *text)
{
	if (e->n_resolvers < RESOLVERS_MAX && egress_address(text, e->resolver[e->n_resolvers]))
		e->n_resolvers++;
}

/* The servers of the system, and the stubs of systemd-resolved, which ask for everybody. */
static void find_resolvers(struct egress *e, const char *const *given)
{
	static const char *const files[] = {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"};
	if (given) {
		for (; *given; given++)
			add_resolver(e, *given);
		return;
	}
	add_resolver(e, "127.0.0.53");
	add_resolver(e, "127.0.0.54");
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		FILE *f = fopen(files[i], "re");
		char line[512], address[64];
		while (f && fgets(line, sizeof(line), f))
			if (sscanf(line, "nameserver %63s", address) == 1)
				add_resolver(e, address);
		if (f)
			(void)fclose(f);
	}
}

static void on_tick(void *arg, uint32_t events)
{
	struct egress *e = arg;
	(void)events;
	e->tick = NULL;
	egress_addresses_age(e->addresses, now());
	tell_repeats(e, false);
	if (e->ask)
		egress_ask_names(e->ask, &e->names, now());
	(void)loop_after(e->loop, TICK_MS, on_tick, e, &e->tick);
}

static int open_backend(struct egress *e, const struct egress_config *config, struct err *err)
{
	static const struct {
		enum egress_backend is;
		const struct egress_far *far;
	} all[] = {{EGRESS_BPF, &egress_bpf}, {EGRESS_NFT, &egress_nft}};
	const struct egress_sink sink = {.event = on_event, .answer = on_answer, .arg = e};
	char said[900] = "";
	size_t n = 0;
	int r = -EOPNOTSUPP;
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct err why = {0};
		if (config->backend != EGRESS_BEST && config->backend != all[i].is)
			continue;
		e->backend = all[i].far;
		r = all[i].far->open(e->loop, config, &e->names, &sink, &e->far, &why);
		if (r == 0) {
			(void)snprintf(e->describe, sizeof(e->describe), "%s%s%s%s", e->backend->describe(e->far), n ? " (not by " : "",
			        said, n ? ")" : "");
			return 0;
		}
		e->far = NULL;
		n += (size_t)snprintf(said + n, sizeof(said) - n, "%s%s: %.400s", n ? "; " : "", all[i].far->name, why.text);
		if (n >= sizeof(said))
			n = sizeof(said) - 1;
	}
	return err_set(err, config->backend == EGRESS_BEST ? -EOPNOTSUPP : r, "nothing here can close hosts: %s", said);
}

int egress_start(struct loop *loop, const struct egress_config *config, const struct egress_host *host, size_t n, struct egress **out,
        struct err *err)
{
	struct egress *e = calloc(1, sizeof(*e));
	if (!e)
		return err_set(err, -ENOMEM, "out of memory");
	e->loop = loop;
	e->tell = config->tell;
	e->gate = config->gate;
	e->arg = config->arg;
	e->private = config->private;
	find_resolvers(e, config->resolvers);
	int r = egress_names_make(&e->names, host, n, err);
	if (r == 0 && (r = egress_addresses_new(&e->addresses, on_address, e)) < 0)
		r = err_set(err, r, "out of memory");
	if (r == 0)
		r = open_backend(e, config, err);
	if (r == 0 && config->ask)
		r = egress_ask_start(loop, on_resolved, e, &e->ask, err);
	if (r < 0) {
		egress_stop(e, false);
		return r;
	}
	on_tick(e, 0);
	*out = e;
	return 0;
}

int egress_update(struct egress *e, const struct egress_host *host, size_t n, struct err *err)
{
	struct egress_names t;
	int r = egress_names_make(&t, host, n, err);
	if (r < 0)
		return r;
	r = e->backend->update(e->far, &t);
	if (r < 0) {
		egress_names_free(&t);
		return err_sys(err, r, "the new hosts do not go into the kernel");
	}
	/* Those that were told point into the old names. */
	tell_repeats(e, true);
	memset(e->repeat, 0, sizeof(e->repeat));
	struct egress_names old = e->names;
	e->names = t;
	for (size_t i = 0; i < old.n_hard; i++)
		on_address(e, old.hard[i].ip, egress_addresses_flags(e->addresses, old.hard[i].ip));
	egress_names_free(&old);
	egress_addresses_judge(e->addresses, &e->names, now());
	if (e->ask)
		egress_ask_again(e->ask);
	return 0;
}

int egress_except_process(struct egress *e, pid_t process, bool excepted)
{
	return e->backend->except_process ? e->backend->except_process(e->far, process, excepted) : -EOPNOTSUPP;
}

int egress_except_network(struct egress *e, pid_t process)
{
	uint64_t cookie = egress_network(process);
	if (!cookie || cookie == egress_network(0))
		return -EINVAL;
	return e->backend->except_network ? e->backend->except_network(e->far, cookie) : -EOPNOTSUPP;
}

int egress_except_cgroup(struct egress *e, const char *folder, bool excepted)
{
	return e->backend->except_cgroup ? e->backend->except_cgroup(e->far, folder, excepted) : -EOPNOTSUPP;
}

void egress_counts(struct egress *e, struct egress_counts *out)
{
	*out = (struct egress_counts){.addresses = egress_addresses_count(e->addresses)};
	e->backend->counts(e->far, out);
}

const char *egress_describe(const struct egress *e)
{
	return e->describe;
}

void egress_stop(struct egress *e, bool open)
{
	if (!e)
		return;
	if (e->far)
		tell_repeats(e, true);
	loop_remove(e->tick);
	egress_ask_stop(e->ask);
	if (e->far)
		e->backend->close(e->far, open);
	egress_addresses_free(e->addresses);
	egress_names_free(&e->names);
	free(e);
}
