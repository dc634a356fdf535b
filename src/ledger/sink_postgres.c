/* PostgreSQL. Entries and the position change in one transaction, which begins with a lock on the position: whoever is second finds that it
 * has moved, and writes nothing. */
#include <errno.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "ledger/config.h"
#include "ledger/entry.h"
#include "ledger/sink_part.h"
#include "sys/lib.h"

#define NAME_MOST 50 /* of 63: the table of positions has a longer one */
#define SQL_MAX   ((size_t)64 << 10)
#define ROWS_MAX  ((size_t)256 << 20)
/* clang-format off */
#define LIST(X) \
	X(PQclear) X(PQcmdStatus) X(PQconnectPoll) X(PQconnectStartParams) X(PQconninfoFree) X(PQconninfoParse) \
	X(PQconsumeInput) X(PQerrorMessage) X(PQescapeLiteral) X(PQfinish) X(PQflush) X(PQfreemem) X(PQgetlength) \
	X(PQgetResult) X(PQgetvalue) X(PQisBusy) X(PQnfields) X(PQntuples) X(PQparameterStatus) X(PQputCopyData) \
	X(PQputCopyEnd) X(PQresultErrorField) X(PQresultStatus) X(PQsendQuery) X(PQserverVersion) X(PQsetnonblocking) \
	X(PQsetNoticeProcessor) X(PQsocket) X(PQstatus)
/* clang-format on */
LIB_TABLE(api, LIST);

/* The table of entries. Further columns may stand beside these, if they need no value. */
static const struct {
	const char *name, *type, *more;
} columns[] = {
        {"origin", "text", " NOT NULL"},
        {"index", "bigint", " NOT NULL"},
        {"time", "timestamp with time zone", ""},
        {"class_uid", "bigint", ""},
        {"severity_id", "bigint", ""},
        {"tool", "text", ""},
        {"version", "text", ""},
        {"host", "text", ""},
        {"person", "text", ""},
        {"verdict", "text", ""},
        {"message", "text", ""},
        {"entry", "jsonb", ""},
        {"raw", "text", " NOT NULL"},
};

struct postgres {
	struct sink sink;
	PGconn *c;
	char table[160], positions[160]; /* quoted */
	char *origin;                    /* quoted, by libpq */
	struct buf sql, rows;
};

static const char *const schemes[] = {"postgresql", "postgres", NULL};

/* "schema.name" as "schema"."name", with a suffix. */
static bool quote_table(const char *table, const char *suffix, char out[160])
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz_", others[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
	struct slice rest = slice_str(table), part[2];
	size_t n = 0;
	for (struct slice s; slice_split(&rest, '.', &s); n++) {
		if (n == 2 || s.n == 0 || s.n > NAME_MOST || !strchr(first, s.p[0]))
			return false;
		for (size_t i = 0; i < s.n; i++)
			if (!strchr(others, s.p[i]))
				return false;
		part[n] = s;
	}
	if (n == 2)
		(void)snprintf(out, 160, "\"%.*s\".\"%.*s%s\"", SLICE_FMT(part[0]), SLICE_FMT(part[1]), suffix);
	else
		(void)snprintf(out, 160, "\"%.*s%s\"", SLICE_FMT(part[0]), suffix);
	return true;
}

/* What the address says about a keyword; "" if nothing. */
static const char *said(const PQconninfoOption *options, const char *keyword)
{
	for (; options->keyword; options++)
		if (strcmp(options->keyword, keyword) == 0)
			return options->val ? options->val : "";
	return "";
}

/* Is every host of the address this one (no host means a socket)? */
static bool all_local(const PQconninfoOption *options)
{
	const char *names = said(options, "hostaddr")[0] ? said(options, "hostaddr") : said(options, "host");
	struct slice rest = slice_str(names), one;
	while (names[0] && slice_split(&rest, ',', &one))
		if (one.n && one.p[0] != '/' && !sink_local(one))
			return false;
	return true;
}

static bool weak_tls(const char *mode)
{
	return strcmp(mode, "disable") == 0 || strcmp(mode, "allow") == 0 || strcmp(mode, "prefer") == 0;
}

/* What the address says; to be freed with PQconninfoFree(). *local: the server is on this host. */
static int read_url(const struct sink_options *o, PQconninfoOption **out, bool *local, struct err *err)
{
	char *why = NULL;
	PQconninfoOption *options = api.PQconninfoParse(o->url, &why);
	if (!options) {
		int r = err_set(err, -EINVAL, "the address is none of PostgreSQL: %s", ledger_name(why ? why : "no memory").text);
		api.PQfreemem(why);
		return r;
	}
	int r = 0;
	*local = all_local(options);
	if (said(options, "password")[0] || said(options, "sslpassword")[0])
		r = err_set(err, -EINVAL,
		        "a password on the command line can be read by everyone on this host: --token-file, PGPASSFILE and PGPASSWORD are "
		        "for that");
	else if (o->secret && !*local && weak_tls(said(options, "sslmode")))
		r = err_set(err, -EINVAL, "a token goes over TLS only: sslmode=verify-full");
	if (r < 0)
		api.PQconninfoFree(options);
	else
		*out = options;
	return r;
}

static int check(const struct sink_options *o, struct err *err)
{
	PQconninfoOption *options = NULL;
	char quoted[160];
	bool local;
	if (o->table && !quote_table(o->table, "", quoted))
		return err_set(
		        err, -EINVAL, "a table is NAME or SCHEMA.NAME, of small letters, digits and _, each with at most %d", NAME_MOST);
	int r = lib_load("libpq.so.5", "libpq5", api_symbols, &api, err);
	r = r < 0 ? r : read_url(o, &options, &local, err);
	if (r == 0)
		api.PQconninfoFree(options);
	return r;
}

/* Waiting. */

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* For the socket; -EAGAIN after the deadline. */
static int wait_for(struct postgres *p, short events, int64_t deadline, struct err *err)
{
	struct pollfd fd = {.fd = api.PQsocket(p->c), .events = events};
	int64_t left = deadline - now_ms();
	int r = left > 0 ? poll(&fd, 1, (int)left) : 0;
	if (r < 0 && errno == EINTR)
		return 0;
	return r > 0 ? 0 : err_set(err, -EAGAIN, "the server does not answer in time");
}

/* The first line of what the library or the server says. */
static struct ledger_name words(const char *text)
{
	char line[200];
	(void)snprintf(line, sizeof(line), "%.*s", (int)strcspn(text ? text : "", "\n"), text ? text : "");
	return ledger_name(line);
}

static int lost(struct postgres *p, struct err *err)
{
	return err_set(err, -EAGAIN, "the connection is lost: %s", words(api.PQerrorMessage(p->c)).text);
}

/* What the server refused: some of it will go away. */
static int refused(const PGresult *result, const char *what, struct err *err)
{
	/* Classes of SQLSTATE: connection, rollback, resources, intervention by an operator, locks, system. */
	static const char *const passing[] = {"08", "40", "53", "57", "55", "58"};
	const char *state = api.PQresultErrorField(result, PG_DIAG_SQLSTATE),
	           *text = api.PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	int code = state ? -EPROTO : -EAGAIN;
	for (size_t i = 0; state && i < ARRAY_LEN(passing); i++)
		if (strncmp(state, passing[i], 2) == 0)
			code = -EAGAIN;
	/* Two that begin at once make the same table. */
	if (state && (strcmp(state, "42P07") == 0 || strcmp(state, "23505") == 0) && strcmp(what, "making the tables") == 0)
		code = -EAGAIN;
	return err_set(err, code, "%s: %s (%s)", what, words(text).text, state ? state : "no code");
}

static int flush(struct postgres *p, int64_t deadline, struct err *err)
{
	for (;;) {
		int r = api.PQflush(p->c);
		if (r < 0 || (r == 1 && !api.PQconsumeInput(p->c)))
			return lost(p, err);
		if (r == 0)
			return 0;
		r = wait_for(p, POLLIN | POLLOUT, deadline, err);
		if (r < 0)
			return r;
	}
}

static int next_result(struct postgres *p, int64_t deadline, PGresult **out, struct err *err)
{
	while (api.PQisBusy(p->c)) {
		int r = wait_for(p, POLLIN, deadline, err);
		if (r < 0)
			return r;
		if (!api.PQconsumeInput(p->c))
			return lost(p, err);
	}
	*out = api.PQgetResult(p->c);
	return 0;
}

/* The results of what was sent, up to the last or to COPY. *rows: the last that has some, the caller clears it; rows may be NULL. */
static int take_results(struct postgres *p, const char *what, PGresult **rows, struct err *err)
{
	int64_t deadline = now_ms() + p->sink.o->timeout_ms;
	PGresult *kept = NULL;
	int r = flush(p, deadline, err);
	for (bool copying = false; r == 0 && !copying;) {
		PGresult *result = NULL;
		r = next_result(p, deadline, &result, err);
		if (r < 0 || !result)
			break;
		ExecStatusType status = api.PQresultStatus(result);
		copying = status == PGRES_COPY_IN;
		if (status == PGRES_TUPLES_OK && rows) {
			api.PQclear(kept);
			kept = result;
			continue;
		}
		if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && !copying)
			r = api.PQstatus(p->c) == CONNECTION_OK ? refused(result, what, err) : lost(p, err);
		else if (strcmp(api.PQcmdStatus(result), "ROLLBACK") == 0)
			r = err_set(err, -EAGAIN, "%s: the transaction was rolled back", what);
		api.PQclear(result);
	}
	if (r == 0 && rows)
		*rows = TAKE_PTR(kept);
	api.PQclear(kept);
	return r;
}

/* Runs what stands in p->sql. */
static int run(struct postgres *p, const char *what, PGresult **rows, struct err *err)
{
	if (buf_error(&p->sql))
		return err_sys(err, buf_error(&p->sql), "%s", what);
	if (!api.PQsendQuery(p->c, buf_str(&p->sql)))
		return lost(p, err);
	return take_results(p, what, rows, err);
}

static void sql(struct postgres *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void sql(struct postgres *p, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_reset(&p->sql);
	buf_vfmt(&p->sql, fmt, ap);
	va_end(ap);
}

static struct slice value(const PGresult *rows, int row, int column)
{
	if (!rows || row >= api.PQntuples(rows) || column >= api.PQnfields(rows))
		return SLICE_NONE;
	return slice_of(api.PQgetvalue(rows, row, column), (size_t)api.PQgetlength(rows, row, column));
}

/* Opening. */

static void no_notice(void *arg, const char *text)
{
	(void)arg;
	(void)text;
}

static int connect_to(struct postgres *p, struct err *err)
{
	const struct sink_options *o = p->sink.o;
	PQconninfoOption *options = NULL;
	bool local = true;
	int r = read_url(o, &options, &local, err);
	if (r < 0)
		return r;
	bool own_mode = said(options, "sslmode")[0] || getenv("PGSSLMODE"),
	     own_root = said(options, "sslrootcert")[0] || getenv("PGSSLROOTCERT");
	api.PQconninfoFree(options);
	const char *name[16], *value_of[16];
	size_t n = 0;
	struct {
		const char *name, *value;
	} set[] = {{"dbname", o->url}, {"sslmode", local || own_mode ? NULL : "verify-full"},
	        {"sslrootcert", o->tls_ca           ? o->tls_ca
	                        : local || own_root ? NULL
	                                            : "/etc/ssl/certs/ca-certificates.crt"},
	        {"sslcert", o->tls_cert}, {"sslkey", o->tls_key}, {"password", o->secret}, {"client_encoding", "UTF8"},
	        {"application_name", "postern"}};
	for (size_t i = 0; i < ARRAY_LEN(set); i++)
		if (set[i].value) {
			name[n] = set[i].name;
			value_of[n++] = set[i].value;
		}
	name[n] = value_of[n] = NULL;
	p->c = api.PQconnectStartParams(name, value_of, 1);
	if (!p->c)
		return err_sys(err, -ENOMEM, "cannot start");
	(void)api.PQsetNoticeProcessor(p->c, no_notice, NULL);
	int64_t deadline = now_ms() + o->timeout_ms;
	for (PostgresPollingStatusType s = PGRES_POLLING_WRITING; r == 0 && s != PGRES_POLLING_OK;) {
		if (s == PGRES_POLLING_FAILED || api.PQstatus(p->c) == CONNECTION_BAD)
			return err_set(err, -EAGAIN, "no connection: %s", words(api.PQerrorMessage(p->c)).text);
		r = wait_for(p, s == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline, err);
		s = r < 0 ? s : api.PQconnectPoll(p->c);
	}
	if (r == 0 && api.PQsetnonblocking(p->c, 1) != 0)
		r = lost(p, err);
	return r;
}

static int check_server(struct postgres *p, struct err *err)
{
	const char *encoding = api.PQparameterStatus(p->c, "server_encoding");
	if (api.PQserverVersion(p->c) < 100000)
		return err_set(err, -EPROTO, "the server is older than PostgreSQL 10");
	if (!encoding || strcmp(encoding, "UTF8") != 0)
		return err_set(err, -EPROTO, "the database does not keep texts as UTF-8, so it cannot hold every entry");
	p->origin = api.PQescapeLiteral(p->c, p->sink.o->origin, strlen(p->sink.o->origin));
	return p->origin ? 0 : lost(p, err);
}

/* The columns that we need are there, of the right type, and origin and index are unique together. */
static int check_shape(struct postgres *p, struct err *err)
{
	PGresult *rows = NULL;
	sql(p,
	        "SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull AND NOT a.atthasdef AND a.attidentity = '', "
	        "a.attgenerated <> '' FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid WHERE a.attrelid = to_regclass('%s') "
	        "AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped",
	        p->table);
	int r = run(p, "reading the table's columns", &rows, err);
	size_t found = 0;
	for (int i = 0; r == 0 && i < api.PQntuples(rows); i++) {
		size_t k = 0;
		while (k < ARRAY_LEN(columns) && !slice_is(value(rows, i, 0), columns[k].name))
			k++;
		if (k == ARRAY_LEN(columns) && slice_is(value(rows, i, 2), "t"))
			r = err_set(err, -EPROTO, "the table %s has another shape: its column %s wants a value", p->table,
			        ledger_name(api.PQgetvalue(rows, i, 0)).text);
		else if (k < ARRAY_LEN(columns) && (!slice_is(value(rows, i, 1), columns[k].type) || slice_is(value(rows, i, 3), "t")))
			r = err_set(err, -EPROTO, "the table %s has another shape: its column %s is %s and not %s", p->table,
			        columns[k].name, ledger_name(api.PQgetvalue(rows, i, 1)).text, columns[k].type);
		found += k < ARRAY_LEN(columns);
	}
	if (r == 0 && found < ARRAY_LEN(columns))
		r = err_set(err, -EPROTO,
		        "the table %s has another shape: it lacks columns; they are origin, index, time, class_uid, severity_id, "
		        "tool, version, host, person, verdict, message, entry, raw",
		        p->table);
	api.PQclear(rows);
	rows = NULL;
	sql(p,
	        "SELECT 1 FROM pg_index i WHERE i.indrelid = to_regclass('%s') AND i.indisunique AND i.indisvalid AND i.indpred IS NULL "
	        "AND i.indexprs IS NULL AND i.indnkeyatts = 2 AND (SELECT array_agg(a.attname::text ORDER BY a.attname) FROM pg_attribute "
	        "a "
	        "WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])) = ARRAY['index', 'origin']",
	        p->table);
	r = r < 0 ? r : run(p, "reading the table's keys", &rows, err);
	if (r == 0 && api.PQntuples(rows) == 0)
		r = err_set(err, -EPROTO, "the table %s has another shape: (origin, index) is no key", p->table);
	api.PQclear(rows);
	return r;
}

/* A table that is there is looked at before anything is made. */
static int make_tables(struct postgres *p, struct err *err)
{
	PGresult *rows = NULL;
	sql(p, "SELECT to_regclass('%s') IS NULL, to_regclass('%s') IS NULL", p->table, p->positions);
	int r = run(p, "looking for the tables", &rows, err);
	bool no_table = r == 0 && slice_is(value(rows, 0, 0), "t"), no_positions = r == 0 && slice_is(value(rows, 0, 1), "t");
	api.PQclear(rows);
	if (r == 0 && !no_table)
		r = check_shape(p, err);
	if (r < 0 || (!no_table && !no_positions))
		return r;
	sql(p, "BEGIN; CREATE TABLE IF NOT EXISTS %s (", p->table);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		buf_fmt(&p->sql, "\"%s\" %s%s, ", columns[i].name, columns[i].type, columns[i].more);
	buf_fmt(&p->sql,
	        "PRIMARY KEY (\"origin\", \"index\")); CREATE TABLE IF NOT EXISTS %s (\"origin\" text PRIMARY KEY, \"next\" bigint NOT "
	        "NULL, "
	        "\"updated\" timestamp with time zone NOT NULL DEFAULT now()); COMMIT",
	        p->positions);
	return run(p, "making the tables", NULL, err);
}

static int find_position(struct postgres *p, struct sink_position *at, struct err *err)
{
	PGresult *rows = NULL;
	buf_reset(&at->last);
	sql(p,
	        "INSERT INTO %s (\"origin\", \"next\") SELECT %s, coalesce(max(\"index\") + 1, %" PRIu64
	        ") FROM %s WHERE \"origin\" = %s ON CONFLICT DO NOTHING; SELECT p.\"next\", e.\"raw\" FROM %s p LEFT JOIN %s e ON "
	        "e.\"origin\" = p.\"origin\" AND e.\"index\" = p.\"next\" - 1 WHERE p.\"origin\" = %s",
	        p->positions, p->origin, p->sink.o->from_given ? p->sink.o->from : 0, p->table, p->origin, p->positions, p->table,
	        p->origin);
	int r = run(p, "reading the position", &rows, err);
	struct slice last = value(rows, 0, 1);
	if (r == 0 && !sink_index(value(rows, 0, 0), &at->next))
		r = err_set(err, -EPROTO, "the table %s has no position of this log that can be read", p->positions);
	else if (r == 0 && last.n <= TLOG_ENTRY_MAX)
		buf_add(&at->last, last);
	api.PQclear(rows);
	return r;
}

static void close_postgres(struct sink *sink)
{
	struct postgres *p = (struct postgres *)sink;
	if (p->origin)
		api.PQfreemem(p->origin);
	if (p->c)
		api.PQfinish(p->c);
	buf_free(&p->sql);
	buf_free(&p->rows);
	free(p);
}

static int open_postgres(const struct sink_options *o, struct sink **out, struct sink_position *at, struct err *err)
{
	struct postgres *p = calloc(1, sizeof(*p));
	if (!p)
		return err_sys(err, -ENOMEM, "cannot start");
	*p = (struct postgres){.sink = {&sink_postgres, o}, .sql = BUF(SQL_MAX), .rows = BUF(ROWS_MAX)};
	const char *table = o->table ? o->table : "postern_entries";
	int r = quote_table(table, "", p->table) && quote_table(table, "_position", p->positions)
	                ? 0
	                : err_set(err, -EINVAL, "that is no table");
	r = r < 0 ? r : connect_to(p, err);
	r = r < 0 ? r : check_server(p, err);
	r = r < 0 ? r : make_tables(p, err);
	r = r < 0 ? r : find_position(p, at, err);
	if (r < 0)
		close_postgres(&p->sink);
	else
		*out = &p->sink;
	return r;
}

/* Sending. */

static int put_rows(struct postgres *p, uint64_t first, const struct slice *entry, size_t n, struct err *err)
{
	buf_reset(&p->rows);
	for (size_t i = 0; i < n; i++) {
		_cleanup_arena_ struct arena arena = ARENA((size_t)32 << 20);
		int r = sink_row(p->sink.o->origin, first + i, entry[i], &arena, &p->rows);
		r = r < 0 ? r : buf_error(&p->rows);
		if (r < 0)
			return err_sys(err, r, "entry %" PRIu64 " cannot be written", first + i);
	}
	return 0;
}

static int lock_position(struct postgres *p, uint64_t first, struct err *err)
{
	PGresult *rows = NULL;
	uint64_t next = 0;
	sql(p, "BEGIN; SELECT \"next\" FROM %s WHERE \"origin\" = %s FOR UPDATE", p->positions, p->origin);
	int r = run(p, "locking the position", &rows, err);
	if (r == 0 && (!sink_index(value(rows, 0, 0), &next) || next != first))
		r = err_set(err, -EAGAIN, "another process ships this log to this table");
	api.PQclear(rows);
	return r;
}

static int copy_rows(struct postgres *p, struct err *err)
{
	sql(p, "COPY %s (", p->table);
	for (size_t i = 0; i < ARRAY_LEN(columns); i++)
		buf_fmt(&p->sql, "%s\"%s\"", i ? ", " : "", columns[i].name);
	buf_str_add(&p->sql, ") FROM STDIN");
	int r = run(p, "writing", NULL, err);
	/* In pieces, so that the library need not hold all of it. */
	for (size_t at = 0; r == 0 && at < p->rows.n;) {
		struct slice piece = slice_sub(buf_slice(&p->rows), at, (size_t)256 << 10);
		if (api.PQputCopyData(p->c, (const char *)piece.p, (int)piece.n) != 1)
			return lost(p, err);
		at += piece.n;
		r = flush(p, now_ms() + p->sink.o->timeout_ms, err);
	}
	if (r == 0 && api.PQputCopyEnd(p->c, NULL) != 1)
		return lost(p, err);
	return r < 0 ? r : take_results(p, "writing", NULL, err);
}

static int send_postgres(struct sink *sink, uint64_t first, const struct slice *entry, size_t n, struct err *err)
{
	struct postgres *p = (struct postgres *)sink;
	int r = put_rows(p, first, entry, n, err);
	r = r < 0 ? r : lock_position(p, first, err);
	r = r < 0 ? r : copy_rows(p, err);
	if (r < 0)
		return r;
	sql(p, "UPDATE %s SET \"next\" = %" PRIu64 ", \"updated\" = now() WHERE \"origin\" = %s; COMMIT", p->positions, first + n,
	        p->origin);
	return run(p, "committing", NULL, err);
}

static bool alive(struct sink *sink)
{
	struct postgres *p = (struct postgres *)sink;
	return api.PQconsumeInput(p->c) && api.PQstatus(p->c) == CONNECTION_OK;
}

const struct sink_kind sink_postgres = {schemes, check, open_postgres, send_postgres, alive, close_postgres};
