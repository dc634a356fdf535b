/* Runs the trials of conduct, and takes what ordinary trials saw. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "crypto/cert.h"
#include "sys/fd.h"
#include "sys/loop.h"
#include "vet/conduct_part.h"

/* For processes of the tool to end after it. */
#define LINGER_MS       2000
#define WORDS_MAX       300
#define WAITING_AT_ONCE 2
#define PROMPT_NEEDLE   60

struct one {
	struct running *run;
	struct look *look;
	struct setup setup;
	struct trial *trial;
	bool waits;
};

struct running {
	struct conduct *c;
	const struct conduct_how *how;
	struct loop *loop;
	struct source *stop;
	struct buf other_cert, other_key; /* an authority that is not the world's */
	struct one all[ARRAY_LEN(((struct conduct *)0)->looks)];
	size_t n, next, busy, waiting, done;
	bool stopping;
	struct err err;
	const char *dead[16]; /* hosts that were for telemetry alone */
	size_t n_dead;
};

int conduct_new(const struct vet_subject *s, const struct profile *p, struct arena *arena, struct conduct **out)
{
	struct conduct *c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->subject = s;
	c->profile = p;
	c->arena = arena;
	/* As written in JSON too: what is before the first quote or backslash. */
	size_t plain = strcspn(p->prompt, "\"\\\n");
	struct slice prompt = slice_of(p->prompt, plain < PROMPT_NEEDLE ? plain : PROMPT_NEEDLE);
	c->needles[NEEDLE_PROMPT] = prompt.n >= 8 ? prompt : slice_str(p->prompt);
	c->needles[NEEDLE_KEY] = slice_str(setup_key());
	c->n_needles = NEEDLE_HONEY;
	for (size_t i = 0; i < n_honeys && c->n_needles < ARRAY_LEN(c->needles); i++)
		c->needles[c->n_needles++] = slice_str(honeys[i].secret);
	int r = lens_new(&c->lens);
	if (r == 0) {
		*out = c;
		return 0;
	}
	conduct_free(c);
	return r;
}

void conduct_free(struct conduct *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_looks; i++)
		buf_free(&c->looks[i].seen);
	lens_free(c->lens);
	free(c);
}

struct trial_observe conduct_observe(void)
{
	return (struct trial_observe){.on = true};
}

/* Of an ordinary trial only what lies where nobody asked it to look: its host may have such files by a factor. */
void conduct_ordinary(struct conduct *c, const char *id, const struct host_spec *h, const struct trial_result *r)
{
	struct slice rest = buf_slice(&r->seen);
	struct seen s;
	c->ordinary++;
	while (seen_next(&rest, &s)) {
		if (s.r.kind != SEEN_OPEN || !(s.r.flags & SEEN_OPENED) || (s.r.flags & SEEN_FOLDER))
			continue;
		for (size_t i = 0; i < n_honeys; i++) {
			size_t home = strlen(h->home), n = strlen(honeys[i].path);
			if (honeys[i].kind != HONEY_SENSITIVE || s.path.n != home + 1 + n || memcmp(s.path.p, h->home, home) != 0 ||
			        memcmp(s.path.p + home + 1, honeys[i].path, n) != 0)
				continue;
			size_t k = 0;
			while (k < c->n_opens && strcmp(c->opens[k].path, honeys[i].path) != 0)
				k++;
			if (k == ARRAY_LEN(c->opens))
				continue;
			if (k == c->n_opens)
				c->opens[c->n_opens++] = (struct ordinary_open){.path = honeys[i].path, .first = id};
			c->opens[k].trials++;
		}
	}
}

/* ---- the queue ---- */

static void start_some(struct running *run);

static const char *last_words(const struct trial_result *r, struct arena *arena)
{
	struct slice s = slice_trim(buf_slice(r->errout.n ? &r->errout : &r->out));
	return conduct_shown(s.n > WORDS_MAX ? slice_from(s, s.n - WORDS_MAX) : s, WORDS_MAX, arena);
}

static const char *end_words(const struct trial_result *r, struct arena *arena)
{
	const char *text = NULL;
	switch (r->end) {
	case TRIAL_EXITED:
		text = arena_fmt(arena, "exit %d", r->code);
		break;
	case TRIAL_SIGNAL:
		text = arena_fmt(arena, "signal %d", r->code);
		break;
	case TRIAL_TIMEOUT:
		text = "stopped at the time limit";
		break;
	case TRIAL_FAILED:
		text = arena_fmt(arena, "no trial: %s", r->err.text);
		break;
	case TRIAL_STOPPED:
		text = "interrupted";
		break;
	}
	return text ? text : "";
}

static void keep_trace(const struct running *run, const struct look *l, const struct trial_result *r)
{
	char name[32];
	if (run->how->keep_folder < 0)
		return;
	(void)snprintf(name, sizeof(name), "%.8s.trace", l->id);
	_cleanup_fd_ int fd = openat(run->how->keep_folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		(void)fd_write_all(fd, buf_slice(&r->trace));
}

/* Whoever is only asked for telemetry can be away as a whole. */
static void find_dead(struct running *run, const struct look *l)
{
	for (size_t i = 0; l->spec.trial == CONDUCT_PLAIN && i < l->n_requests; i++) {
		const char *host = l->requests[i].host;
		bool only = true, known = false;
		for (size_t k = 0; k < l->n_requests; k++)
			only &= strcmp(l->requests[k].host, host) != 0 || l->requests[k].purpose == PURPOSE_TELEMETRY;
		for (size_t k = 0; k < run->n_dead; k++)
			known |= strcmp(run->dead[k], host) == 0;
		if (only && !known && run->n_dead + 1 < ARRAY_LEN(run->dead))
			run->dead[run->n_dead++] = host;
	}
}

static void on_done(void *arg, struct trial_result *r)
{
	struct one *one = arg;
	struct running *run = one->run;
	struct conduct *c = run->c;
	struct look *l = one->look;
	one->trial = NULL;
	run->busy -= !one->waits;
	run->waiting -= one->waits;
	run->done++;
	l->done = r->end == TRIAL_EXITED || r->end == TRIAL_SIGNAL || r->end == TRIAL_TIMEOUT;
	l->timeout = r->end == TRIAL_TIMEOUT;
	l->code = r->code;
	l->left = r->left_running;
	l->said = last_words(r, c->arena);
	int e = l->done ? look_trace(c->lens, buf_slice(&r->trace), c->profile->model_hosts, c->arena, l) : 0;
	if (e < 0 && !run->err.code)
		(void)err_sys(&run->err, e, "cannot read the trace of %s", l->id);
	l->row = (struct vet_trial_row){.id = l->id,
	        .base = vet_base_name(BASE_OFFICIAL),
	        .varied = conduct_words(&l->spec, c->profile, c->arena),
	        .end = end_words(r, c->arena),
	        .wall_s = r->wall_s,
	        .tool_cpu_s = r->tool_cpu_s,
	        .own_cpu_s = r->own_cpu_s};
	for (size_t i = 0; i < l->n_requests; i++)
		l->row.messages += l->requests[i].count;
	l->seen = r->seen;
	r->seen = BUF(0);
	find_dead(run, l);
	keep_trace(run, l, r);
	if (r->end == TRIAL_FAILED && !run->err.code)
		(void)err_set(&run->err, r->err.code ? r->err.code : -EIO, "a trial of conduct could not be run: %s", r->err.text);
	trial_result_free(r);
	if (run->err.code)
		run->stopping = true;
	start_some(run);
}

static int start_one(struct running *run, struct one *one)
{
	struct conduct *c = run->c;
	const struct conduct_how *how = run->how;
	struct look *l = one->look;
	bool terminal = false;
	struct slice trusted = l->spec.trial == CONDUCT_TLS ? buf_slice(&run->other_cert) : how->ca_cert;
	int r = conduct_setup(&l->spec, c->subject, c->profile, trusted, c->arena, &one->setup, &terminal, &run->err);
	if (r < 0)
		return r;
	l->host = one->setup.host;
	struct world_config w = {
	        .ca_cert_pem = how->ca_cert,
	        .ca_key_pem = how->ca_key,
	        .seed = SLICE("postern"),
	        .model_hosts = c->profile->model_hosts,
	        .dialect = c->profile->dialect,
	        .client_ipv4 = l->host.ipv4,
	        .project = l->host.project,
	        .dns_search = l->host.dns_search,
	        .trace_max = (uint64_t)64 << 20,
	};
	conduct_world(&l->spec, &w);
	w.flags = c->flags;
	if (w.moods & WORLD_NO_TELEMETRY)
		w.dead = run->dead;
	_cleanup_buf_ struct buf config = BUF((size_t)1 << 20);
	world_config_encode(&config, &w);
	struct trial_spec spec = {
	        .host = &one->setup.host,
	        .argv = one->setup.argv,
	        .terminal = terminal,
	        .mounts = c->subject->mounts,
	        .n_mounts = c->subject->n_mounts,
	        .world = buf_slice(&config),
	        .limits = {.seconds = conduct_seconds(&l->spec, c->profile)},
	        .observe = {.on = true,
	                .connect = true,
	                .linger_ms = one->waits ? 0 : LINGER_MS,
	                .needles = c->needles,
	                .n_needles = c->n_needles},
	};
	r = buf_error(&config) ? buf_error(&config) : trial_start(run->loop, &spec, on_done, one, &one->trial, &run->err);
	return r < 0 && !run->err.code ? err_sys(&run->err, r, "a trial of conduct could not be started") : r;
}

static void stop_all(struct running *run)
{
	run->stopping = true;
	for (size_t i = 0; i < run->n; i++)
		if (run->all[i].trial)
			trial_stop(run->all[i].trial);
}

static bool plain_done(const struct running *run)
{
	for (size_t i = 0; i < run->n; i++)
		if (run->all[i].look->spec.trial == CONDUCT_PLAIN)
			return run->all[i].look->row.id != NULL;
	return true;
}

static void start_some(struct running *run)
{
	while (!run->stopping && run->next < run->n) {
		struct one *one = &run->all[run->next];
		/* Without telemetry's hosts: only when it is known who they are. */
		bool early = one->look->spec.trial == CONDUCT_NO_TELEMETRY && !plain_done(run) && run->busy;
		if (one->waits ? run->waiting == WAITING_AT_ONCE : run->busy >= run->how->jobs || early)
			break;
		if (run->how->progress) {
			struct vet_progress p = {.done = (unsigned)run->done,
			        .total = (unsigned)run->n,
			        .varied = conduct_words(&one->look->spec, run->c->profile, run->c->arena),
			        .left_s = -1};
			run->how->progress(run->how->arg, &p);
		}
		run->next++;
		if (start_one(run, one) < 0) {
			stop_all(run);
			break;
		}
		run->waiting += one->waits;
		run->busy += !one->waits;
	}
	if (run->busy + run->waiting == 0)
		loop_stop(run->loop);
}

static void on_stop(void *arg, uint32_t events)
{
	struct running *run = arg;
	(void)events;
	loop_remove(run->stop);
	run->stop = NULL;
	stop_all(run);
}

static int run_all(struct running *run)
{
	struct conduct *c = run->c;
	struct conduct_spec specs[ARRAY_LEN(run->all)];
	run->n = conduct_plan(c->profile, run->how->few, specs, ARRAY_LEN(specs));
	for (size_t i = 0; i < run->n; i++) {
		const char *id = arena_fmt(c->arena, "c%02zu", i + 1);
		c->looks[i] = (struct look){.spec = specs[i], .id = id ? id : "", .said = "", .seen = BUF(0)};
		run->all[i] = (struct one){.run = run, .look = &c->looks[i], .waits = conduct_waits(&specs[i])};
	}
	c->n_looks = run->n;
	int r = run->how->few ? 0 : conduct_flags(c);
	r = r < 0 ? r : loop_new(&run->loop);
	r = r < 0 ? r : cert_ca_new(NULL, time(NULL), &run->other_cert, &run->other_key);
	if (r == 0 && run->how->stop_fd >= 0)
		r = loop_add(run->loop, run->how->stop_fd, EPOLLIN, on_stop, run, &run->stop);
	if (r == 0) {
		start_some(run);
		r = run->busy + run->waiting ? loop_run(run->loop) : 0;
	}
	loop_remove(run->stop);
	loop_free(run->loop);
	return r;
}

int conduct_run(struct conduct *c, const struct conduct_how *how, struct err *err)
{
	struct running *run = calloc(1, sizeof(*run));
	if (!run)
		return err_sys(err, -ENOMEM, "no memory for the trials of conduct");
	run->c = c;
	run->how = how;
	run->other_cert = BUF(65536);
	run->other_key = BUF(65536);
	int r = run_all(run);
	if (r < 0)
		(void)err_sys(err, r, "cannot run the trials of conduct");
	if (r == 0 && run->err.code) {
		if (err)
			*err = run->err;
		r = run->err.code;
	}
	buf_free(&run->other_cert);
	buf_free(&run->other_key);
	free(run);
	return r;
}
