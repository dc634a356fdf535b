/* postern log ship: entries to a service, as they come. */
#include "cmd/log_ship.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>

#include "ledger/checkpoint.h"
#include "ledger/sink.h"
#include "report/ship.h"
#include "sys/path.h"

#define ENTRY_MEM ((size_t)32 << 20)
#define BODY_MAX  ((size_t)8 << 20)
#define REPLY_MAX ((size_t)16 << 20)

static const struct opt ship_table[] = {
        OPT_STRING(struct ship_opts, to, "to", 0, "URL",
                "the address of the service with its path, which begins with https, nats, kafka, postgresql or the like"),
        OPT_CHOICE(struct ship_opts, sink, "sink", 0, "KIND", ship_names,
                "elastic is _bulk of Elasticsearch or OpenSearch, splunk the HTTP Event Collector, otlp OTLP/HTTP logs; by default "
                "elastic"),
        OPT_STRING(struct ship_opts, cursor, "cursor", 0, "FILE",
                "what was shipped to this service so far; one for each; NATS, Kafka and PostgreSQL need none"),
        OPT_STRING(struct ship_opts, token_file, "token-file", 0, "FILE", "the first line is the token or password that the service wants"),
        OPT_STRING(struct ship_opts, tls_ca, "tls-ca", 0, "FILE",
                "the authorities that may vouch for the service, in place of those of the system"),
        OPT_STRING(struct ship_opts, tls_cert, "tls-cert", 0, "FILE", "a certificate to show to the service"),
        OPT_STRING(struct ship_opts, tls_key, "tls-key", 0, "FILE", "the key of that certificate"),
        OPT_STRING(struct ship_opts, table, "table", 0, "NAME",
                "the table of PostgreSQL, or schema and table with a stop between; by default postern_entries"),
        OPT_STRING(struct ship_opts, from, "from", 0, "N", "the entry to begin with if the service has forgotten what it had"),
        OPT_FLAG(struct ship_opts, once, "once", 0, "end when everything has arrived, and do not wait for more"),
        OPT_U64(struct ship_opts, batch, "batch", 0, "N", 1, 10000, "at most so many entries a request or transaction; by default 500"),
        OPT_U64(struct ship_opts, tries, "tries", 0, "N", 1, 1000000, "give up after so many failures in a row; by default never"),
        OPT_U64(struct ship_opts, timeout, "timeout", 't', "MS", 10, 3600000, "how long a request may take; by default 30000"),
        OPT_U64(struct ship_opts, poll, "poll", 0, "MS", 10, 3600000, "how often to look for new entries; by default 1000"),
        OPT_STRING(struct ship_opts, key, "key", 'k', "VKEY", "the verifier key of the log; by default the one in the folder"),
        OPT_END,
};

void ship_sleep(uint64_t ms)
{
	struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* The request with the next entries; how many. */
static int fill(struct ship *s, size_t *n)
{
	buf_reset(&s->body);
	ship_begin(s->o->sink, &s->body);
	for (*n = 0; *n < s->batch && s->next + *n < s->size && (*n == 0 || s->body.n < SHIP_BODY_SOFT); (*n)++) {
		_cleanup_arena_ struct arena arena = ARENA(ENTRY_MEM);
		struct slice json;
		int r = entries_get(s->entries, s->next + *n, &json, &s->err);
		if (r < 0)
			return r;
		r = ship_entry(s->o->sink, slice_str(s->config.origin), s->next + *n, *n, json, &arena, &s->body);
		if (r < 0)
			return err_sys(&s->err, r, "entry %llu cannot be shipped", (unsigned long long)(s->next + *n));
	}
	ship_end(s->o->sink, &s->body);
	return buf_error(&s->body) ? err_sys(&s->err, buf_error(&s->body), "a request is too large") : 0;
}

/* One request: SHIP_…, with the milliseconds that the service asks to wait. */
static enum ship_verdict ask(struct ship *s, size_t n, uint64_t *asked, char why[160])
{
	struct err err = {0};
	if (post(s->poster, s->o->to, buf_slice(&s->body), &s->reply, &err) < 0) {
		(void)snprintf(why, 160, "%.150s", err.text);
		return SHIP_LATER;
	}
	*asked = s->reply.wait * 1000ull;
	return ship_judge(s->o->sink, s->reply.status, buf_slice(&s->reply.body), n, why);
}

int ship_failed(struct ship *s, const char *why, uint64_t least)
{
	if (++s->failures == s->o->tries)
		return err_set(&s->err, -ENETUNREACH, "entries from %llu on could not be shipped: %s", (unsigned long long)s->next, why);
	if (s->failures == 1)
		(void)fprintf(stderr, "postern %s: note: %s; trying again\n", cmd_log_ship.name, why);
	ship_sleep(s->wait > least ? s->wait : least);
	s->wait = 2 * s->wait < SHIP_WAIT_MOST ? 2 * s->wait : SHIP_WAIT_MOST;
	return 0;
}

void ship_good(struct ship *s)
{
	s->failures = 0;
	s->wait = SHIP_WAIT_FIRST;
}

/* Ships entries from next on, until they are with the service. */
static int ship_some(struct ship *s)
{
	for (;;) {
		char why[160] = "";
		uint64_t asked = 0;
		size_t n = 0;
		int r = fill(s, &n);
		if (r < 0)
			return r;
		switch (ask(s, n, &asked, why)) {
		case SHIP_TAKEN:
			s->next += n;
			ship_good(s);
			/* Only now: whatever happens before this, it is sent again. */
			return log_cursor_write(s->o->cursor, s->next, &s->err);
		case SHIP_SMALLER:
			s->batch = n / 2;
			continue;
		case SHIP_REFUSED:
			return err_set(&s->err, -EPROTO, "the service refuses entries from %llu on: %s", (unsigned long long)s->next, why);
		case SHIP_LATER:
			break;
		}
		r = ship_failed(s, why, asked);
		if (r < 0)
			return r;
	}
}

/* What is under the latest checkpoint. */
int ship_look(struct ship *s)
{
	struct ledger_checkpoint c;
	int r = ledger_checkpoint_read(s->dir, "checkpoint", &s->key, &c, &s->err);
	if (r < 0)
		return r;
	buf_free(&c.note);
	if (s->next > c.size)
		return err_set(&s->err, -EINVAL, "%s says %llu, but the log has %llu entries: it is another log, or was cut back",
		        s->o->cursor ? "the cursor" : "the service", (unsigned long long)s->next, (unsigned long long)c.size);
	if (s->entries && c.size == s->size)
		return 0;
	entries_free(s->entries);
	s->entries = NULL;
	s->size = c.size;
	r = entries_new(s->dir, c.size, &s->entries);
	return r < 0 ? err_sys(&s->err, r, "cannot read the log") : 0;
}

static int run(struct ship *s)
{
	for (;;) {
		int r = ship_look(s);
		while (r == 0 && s->next < s->size)
			r = ship_some(s);
		if (r < 0 || s->o->once)
			return r;
		ship_sleep(s->o->poll);
	}
}

/* Two that ship with one cursor would ship everything twice. */
static int take_lock(const char *cursor, int *fd, struct err *err)
{
	char path[PATH_MAX];
	if (snprintf(path, sizeof(path), "%s.lock", cursor) >= (int)sizeof(path))
		return err_set(err, -ENAMETOOLONG, "the name of the cursor is too long");
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return err_sys(err, -errno, "cannot lock the cursor %s", ledger_name(cursor).text);
	if (flock(*fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(err, -EBUSY, "another process ships with the cursor %s", ledger_name(cursor).text);
	return 0;
}

static int read_token(const struct ship_opts *o, struct buf *out, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(4096);
	struct slice rest, line;
	if (!o->token_file)
		return 0;
	int r = path_read(AT_FDCWD, o->token_file, &text);
	if (r < 0)
		return err_sys(err, r, "cannot read the token in %s", ledger_name(o->token_file).text);
	rest = buf_slice(&text);
	if (!slice_split(&rest, '\n', &line) || slice_trim(line).n == 0)
		r = err_set(err, -EINVAL, "there is no token in %s", ledger_name(o->token_file).text);
	else
		buf_add(out, slice_trim(line));
	explicit_bzero(text.p, text.n);
	return r < 0 ? r : buf_error(out);
}

static bool is_loopback(const char *url)
{
	static const char *const hosts[] = {"http://127.", "http://localhost:", "http://localhost/", "http://[::1]"};
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++)
		if (strncmp(url, hosts[i], strlen(hosts[i])) == 0)
			return true;
	return false;
}

static int ship_over_http(struct ship *s)
{
	const struct ship_opts *o = s->o;
	_cleanup_buf_ struct buf authorization = BUF(8192);
	_cleanup_fd_ int lock = -1;
	if (s->token.n)
		buf_fmt(&authorization, "%s %s", ship_scheme(o->sink), buf_str(&s->token));
	struct post_options how = {.media_type = ship_media_type(o->sink),
	        .authorization = s->token.n ? buf_str(&authorization) : NULL,
	        .tls_ca = o->tls_ca,
	        .tls_cert = o->tls_cert,
	        .tls_key = o->tls_key,
	        .timeout_ms = (unsigned)o->timeout};
	int r = take_lock(o->cursor, &lock, &s->err);
	r = r < 0 ? r : log_cursor_read(o->cursor, &s->next, &s->err);
	r = r < 0 ? r : poster_new(&how, &s->poster, &s->err);
	r = r < 0 ? r : run(s);
	poster_free(s->poster);
	return r;
}

/* What does not go together: a sentence, or NULL. */
static const char *wrong_options(const struct ship_opts *o)
{
	if (!o->to)
		return "--to is missing";
	if (sink_is(o->to))
		return o->cursor ? "that service keeps the position itself: --cursor is not for it" : NULL;
	if (!post_is_address(o->to))
		return "--to is no address of a service, as in https://host/path";
	if (!o->cursor)
		return "--cursor is missing";
	if (o->table || o->from)
		return "--table and --from are for services that keep the position themselves";
	if (o->token_file && strncmp(o->to, "https://", 8) != 0 && !is_loopback(o->to))
		return "a token goes over https only";
	return NULL;
}

static int ship_run(void *options, const struct opt_args *args)
{
	const struct ship_opts *o = options;
	struct ship s = {.o = o, .dir = -1, .body = BUF(BODY_MAX), .reply.body = BUF(REPLY_MAX), .token = BUF(4096), .batch = o->batch};
	const char *why = NULL;
	int code;
	const char *path = log_folder(&cmd_log_ship, args, 1, &code);
	if (!path)
		return code;
	why = wrong_options(o);
	if (why)
		return cmd_usage(cmd_log_ship.name, "%s", why);
	(void)signal(SIGPIPE, SIG_IGN);
	ship_good(&s);
	int r = ledger_open(path, &s.dir, &s.config, &s.err);
	if (r == 0) {
		s.key = ledger_vkey(&s.config);
		if (o->key && (r = log_vkey(o->key, &s.key, &why)) < 0)
			(void)err_set(&s.err, r, "--key: %s", why);
	}
	r = r < 0 ? r : read_token(o, &s.token, &s.err);
	r = r < 0 ? r : sink_is(o->to) ? ship_to_sink(&s) : ship_over_http(&s);
	entries_free(s.entries);
	fd_closep(&s.dir);
	buf_free(&s.body);
	buf_free(&s.token);
	buf_free(&s.reply.body);
	return r < 0 ? log_fail(&cmd_log_ship, &s.err) : EXIT_OK;
}

static const struct ship_opts defaults = {.batch = 500, .timeout = 30000, .poll = 1000};

static const char *const ship_examples[] = {
        "postern log ship ledger --to https://es.example/audit/_bulk --token-file es.token --cursor es.cursor",
        "postern log ship ledger --sink otlp --to http://127.0.0.1:4318/v1/logs --cursor otlp.cursor --once",
        "postern log ship ledger --to nats+tls://nats.example/AUDIT --token-file nats.token",
        "postern log ship ledger --to kafka://127.0.0.1:9092/audit",
        "postern log ship ledger --to postgresql://writer@db.example/audit",
        NULL,
};

const struct command cmd_log_ship = {
        .name = "log ship",
        .summary = "send entries to a service that collects events, as they come",
        .operands = "DIR",
        .examples = ship_examples,
        .options = ship_table,
        .options_size = sizeof(struct ship_opts),
        .defaults = &defaults,
        .run = ship_run,
};
