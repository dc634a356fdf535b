#include "ledger/index.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>

#include "ledger/entries.h"
#include "ledger/tiles.h"
#include "sys/lib.h"

#define VERSION   1
#define PER_BATCH 16384 /* entries a transaction */
#define ENTRY_MEM ((size_t)8 << 20)
#define WAIT_MS   30000

/* SQLite is loaded for a query, and not at every start of the program. */
#define LIBRARY(X)              \
	X(sqlite3_bind_blob)    \
	X(sqlite3_bind_int64)   \
	X(sqlite3_bind_text)    \
	X(sqlite3_busy_timeout) \
	X(sqlite3_close)        \
	X(sqlite3_column_blob)  \
	X(sqlite3_column_bytes) \
	X(sqlite3_column_int64) \
	X(sqlite3_column_text)  \
	X(sqlite3_errmsg)       \
	X(sqlite3_errstr)       \
	X(sqlite3_exec)         \
	X(sqlite3_finalize)     \
	X(sqlite3_open_v2)      \
	X(sqlite3_prepare_v2)   \
	X(sqlite3_reset)        \
	X(sqlite3_step)
LIB_TABLE(lib, LIBRARY);

struct index {
	sqlite3 *db;
	int dir;
	uint64_t size;
	struct entries *entries;
	struct tiles_reader *reader;
};

/* Beside the words themselves nothing is kept twice: `words` has no content of its own. */
static const char schema[] =
        "CREATE TABLE meta(origin TEXT, key INTEGER, size INTEGER, root BLOB);"
        "CREATE TABLE entry(i INTEGER PRIMARY KEY, time INTEGER, class INTEGER, severity INTEGER, tool TEXT, host TEXT,"
        " verdict TEXT);"
        "CREATE INDEX entry_time ON entry(time);"
        "CREATE INDEX entry_tool ON entry(tool);"
        "CREATE INDEX entry_host ON entry(host);"
        "CREATE INDEX entry_verdict ON entry(verdict);"
        "CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='ascii');";

static int code_of(int sqlite)
{
	switch (sqlite & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return -EROFS;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_IOERR:
		return -EIO;
	default:
		/* SQLITE_CORRUPT, SQLITE_NOTADB, and what a damaged schema makes of our statements (SQLITE_ERROR). */
		return -EBADMSG;
	}
}

static int told(struct index *x, int sqlite, struct err *err)
{
	int r = code_of(sqlite);
	const char *words = x->db ? lib.sqlite3_errmsg(x->db) : lib.sqlite3_errstr(sqlite);
	if (r == -EBADMSG)
		return err_set(err, r, "the index: %s", words);
	return r < 0 ? err_set(err, r, "the index: %s; the log is whole without it (\"postern log show --no-index\" searches there)", words)
	             : 0;
}

static int run(struct index *x, const char *sql, struct err *err)
{
	return told(x, lib.sqlite3_exec(x->db, sql, NULL, NULL, NULL), err);
}

static int prepare(struct index *x, const char *sql, sqlite3_stmt **out, struct err *err)
{
	return told(x, lib.sqlite3_prepare_v2(x->db, sql, -1, out, NULL), err);
}

static void bind_text(sqlite3_stmt *s, int at, struct slice text)
{
	(void)lib.sqlite3_bind_text(s, at, text.n ? (const char *)text.p : "", (int)text.n, SQLITE_STATIC);
}

/* What the database says of itself. 0 and *size; -EBADMSG: it is not (or no more) the index of this log. */
static int read_meta(struct index *x, const struct index_options *o, uint64_t *size, struct err *err)
{
	sqlite3_stmt *s = NULL;
	struct merkle_hash root;
	int r = prepare(x, "SELECT origin, key, size, root, (SELECT user_version FROM pragma_user_version) FROM meta", &s, err);
	if (r < 0)
		return r;
	int step = lib.sqlite3_step(s);
	if (step != SQLITE_ROW) {
		r = step == SQLITE_DONE ? err_set(err, -EBADMSG, "the index says nothing of itself") : told(x, step, err);
	} else {
		struct slice origin = slice_of(lib.sqlite3_column_text(s, 0), (size_t)lib.sqlite3_column_bytes(s, 0));
		const void *blob = lib.sqlite3_column_blob(s, 3);
		*size = (uint64_t)lib.sqlite3_column_int64(s, 2);
		bool ours = slice_eq(origin, o->key->name) && lib.sqlite3_column_int64(s, 1) == (int64_t)o->key->key_id &&
		            lib.sqlite3_column_int64(s, 4) == VERSION;
		if (!ours)
			r = err_set(err, -EBADMSG, "the index is that of another log, or of another version");
		else if (*size > x->size || lib.sqlite3_column_bytes(s, 3) != MERKLE_HASH || tiles_root(x->reader, *size, &root) < 0 ||
		         memcmp(blob, &root, sizeof(root)) != 0)
			r = err_set(err, -EBADMSG, "the index does not belong to the entries that are there");
	}
	(void)lib.sqlite3_finalize(s);
	return r;
}

static int write_meta(struct index *x, const struct note_vkey *key, uint64_t size, struct err *err)
{
	sqlite3_stmt *s = NULL;
	struct merkle_hash root;
	int r = tiles_root(x->reader, size, &root);
	if (r < 0 && r != -EBADMSG && r != -ENOENT)
		return err_sys(err, r, "cannot read the tiles");
	if (r < 0)
		return err_set(err, -EBADMSG, "the tiles are damaged; \"postern log verify\" says where");
	r = run(x, "DELETE FROM meta", err);
	r = r < 0 ? r : prepare(x, "INSERT INTO meta VALUES(?, ?, ?, ?)", &s, err);
	if (r < 0)
		return r;
	bind_text(s, 1, key->name);
	(void)lib.sqlite3_bind_int64(s, 2, key->key_id);
	(void)lib.sqlite3_bind_int64(s, 3, (int64_t)size);
	(void)lib.sqlite3_bind_blob(s, 4, root.b, sizeof(root.b), SQLITE_STATIC);
	r = told(x, lib.sqlite3_step(s), err);
	(void)lib.sqlite3_finalize(s);
	return r;
}

struct adder {
	sqlite3_stmt *entry, *words;
	struct buf text, plain;
};

static int add(struct index *x, struct adder *a, uint64_t i, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA(ENTRY_MEM);
	struct entry_fields f = {0};
	struct slice json;
	int r = entries_get(x->entries, i, &json, err);
	if (r < 0)
		return r;
	r = entry_read(json, &arena, &f);
	if (r < 0 && r != -EBADMSG)
		return err_sys(err, r, "entry %llu cannot be indexed", (unsigned long long)i);
	buf_reset(&a->text);
	buf_reset(&a->plain);
	r = entry_words(json, &arena, &a->text);
	if (r < 0 && r != -EBADMSG)
		return err_sys(err, r, "entry %llu cannot be indexed", (unsigned long long)i);
	/* The very words that filter_match() compares. */
	filter_words(buf_slice(&a->text), &a->plain);
	(void)lib.sqlite3_bind_int64(a->entry, 1, (int64_t)i);
	(void)lib.sqlite3_bind_int64(a->entry, 2, f.time);
	(void)lib.sqlite3_bind_int64(a->entry, 3, (int64_t)f.class_uid);
	(void)lib.sqlite3_bind_int64(a->entry, 4, (int64_t)f.severity_id);
	bind_text(a->entry, 5, f.tool);
	bind_text(a->entry, 6, f.host);
	bind_text(a->entry, 7, f.verdict);
	r = told(x, lib.sqlite3_step(a->entry), err);
	(void)lib.sqlite3_reset(a->entry);
	if (r < 0)
		return r;
	(void)lib.sqlite3_bind_int64(a->words, 1, (int64_t)i);
	bind_text(a->words, 2, buf_slice(&a->plain));
	r = told(x, lib.sqlite3_step(a->words), err);
	(void)lib.sqlite3_reset(a->words);
	return r;
}

static int add_batch(struct index *x, const struct index_options *o, uint64_t from, uint64_t to, struct err *err)
{
	struct adder a = {.text = BUF((size_t)1 << 20), .plain = BUF((size_t)3 << 20)};
	int r = run(x, "BEGIN IMMEDIATE", err);
	if (r < 0)
		return r;
	r = prepare(x, "INSERT INTO entry VALUES(?, ?, ?, ?, ?, ?, ?)", &a.entry, err);
	r = r < 0 ? r : prepare(x, "INSERT INTO words(rowid, text) VALUES(?, ?)", &a.words, err);
	for (uint64_t i = from; i < to && r == 0; i++)
		r = add(x, &a, i, err);
	(void)lib.sqlite3_finalize(a.entry);
	(void)lib.sqlite3_finalize(a.words);
	buf_free(&a.text);
	buf_free(&a.plain);
	r = r < 0 ? r : write_meta(x, o->key, to, err);
	r = r < 0 ? r : run(x, "COMMIT", err);
	if (r < 0)
		(void)lib.sqlite3_exec(x->db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

static int catch_up(struct index *x, const struct index_options *o, struct err *err)
{
	for (;;) {
		/* Another process may be at it, too. */
		uint64_t from = 0;
		int r = read_meta(x, o, &from, err);
		if (r < 0 || from >= x->size)
			return r;
		uint64_t to = x->size - from > PER_BATCH ? from + PER_BATCH : x->size;
		r = add_batch(x, o, from, to, err);
		if (r < 0)
			return r;
		if (o->progress)
			o->progress(o->arg, to, x->size);
	}
}

static int open_db(struct index *x, const char *file, const struct index_options *o, struct err *err)
{
	sqlite3_stmt *s = NULL;
	int r = told(
	        x, lib.sqlite3_open_v2(file, &x->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_PRIVATECACHE, NULL), err);
	if (r < 0)
		return r;
	(void)lib.sqlite3_busy_timeout(x->db, WAIT_MS);
	r = run(x,
	        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cell_size_check=ON; PRAGMA trusted_schema=OFF; BEGIN IMMEDIATE",
	        err);
	r = r < 0 ? r : prepare(x, "SELECT 1 FROM sqlite_schema LIMIT 1", &s, err);
	if (r < 0)
		return r;
	int step = lib.sqlite3_step(s);
	(void)lib.sqlite3_finalize(s);
	r = told(x, step, err);
	if (r == 0 && step == SQLITE_DONE) {
		char version[40];
		(void)snprintf(version, sizeof(version), "PRAGMA user_version=%d", VERSION);
		r = run(x, schema, err);
		r = r < 0 ? r : run(x, version, err);
		r = r < 0 ? r : write_meta(x, o->key, 0, err);
	}
	r = r < 0 ? r : run(x, "COMMIT", err);
	return r < 0 ? r : catch_up(x, o, err);
}

static void close_db(struct index *x)
{
	(void)lib.sqlite3_close(x->db);
	x->db = NULL;
}

static int throw_away(int dir)
{
	static const char *const names[] = {"index.sqlite", "index.sqlite-wal", "index.sqlite-shm", "index.sqlite-journal"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (unlinkat(dir, names[i], 0) < 0 && errno != ENOENT)
			return -errno;
	return 0;
}

int index_open(const char *path, int dir, const struct index_options *o, struct index **out, char note[256], struct err *err)
{
	struct index *x = calloc(1, sizeof(*x));
	struct err why = {0};
	_cleanup_free_ char *file = NULL;
	note[0] = 0;
	int r = lib_load("libsqlite3.so.0", "libsqlite3-0", lib_symbols, &lib, err);
	if (r < 0) {
		free(x);
		return r;
	}
	if (!x || asprintf(&file, "%s/index.sqlite", path) < 0) {
		free(x);
		file = NULL;
		return err_sys(err, -ENOMEM, "cannot open the index");
	}
	x->dir = dir;
	x->size = o->size;
	r = entries_new(dir, o->size, &x->entries);
	r = r < 0 ? r : tiles_reader_new(dir, o->size, &x->reader);
	r = r < 0 || !o->anew ? r : throw_away(dir);
	if (r < 0) {
		(void)err_sys(&why, r, "cannot open the index");
	} else {
		r = open_db(x, file, o, &why);
		/* The entries are looked at first: an index cannot help a log that is damaged. */
		if (r == -EBADMSG && strncmp(why.text, "the index", 9) == 0) {
			(void)snprintf(note, 256, "%.180s; it was made anew", why.text);
			close_db(x);
			r = throw_away(dir);
			r = r < 0 ? err_sys(&why, r, "cannot remove the damaged index") : open_db(x, file, o, &why);
		}
	}
	if (r < 0) {
		index_close(x);
		return err_set(err, r, "%s", why.text);
	}
	*out = x;
	return 0;
}

void index_close(struct index *x)
{
	if (!x)
		return;
	close_db(x);
	entries_free(x->entries);
	tiles_reader_free(x->reader);
	free(x);
}

/* Each word as a phrase of FTS5: in quotes, quotes doubled. */
static void put_match(struct buf *out, struct slice words)
{
	_cleanup_buf_ struct buf plain = BUF((size_t)1 << 20);
	struct slice word;
	while (slice_split(&words, ' ', &word)) {
		buf_reset(&plain);
		filter_words(word, &plain);
		if (plain.n > 1)
			buf_fmt(out, "\"%.*s\" ", SLICE_FMT(slice_trim(buf_slice(&plain))));
	}
}

int index_query(struct index *x, const struct filter *f, uint64_t from, bool backwards, index_fn *fn, void *arg, struct err *err)
{
	_cleanup_buf_ struct buf sql = BUF(4096), match = BUF((size_t)1 << 20);
	sqlite3_stmt *s = NULL;
	int n = 0, step;
	buf_fmt(&sql, "SELECT i FROM entry WHERE i %s ?", backwards ? "<=" : ">=");
	if (f->since > INT64_MIN)
		buf_str_add(&sql, " AND time >= ?");
	if (f->tool.p)
		buf_str_add(&sql, " AND tool = ?");
	if (f->host.p)
		buf_str_add(&sql, " AND host = ?");
	if (f->verdict.p)
		buf_str_add(&sql, " AND verdict = ?");
	if (f->words.p)
		put_match(&match, f->words);
	if (match.n)
		buf_str_add(&sql, " AND i IN (SELECT rowid FROM words WHERE words MATCH ?)");
	buf_fmt(&sql, " ORDER BY i %s", backwards ? "DESC" : "ASC");
	if (buf_error(&sql) || buf_error(&match))
		return err_sys(err, -ENOMEM, "cannot ask the index");
	int r = prepare(x, buf_str(&sql), &s, err);
	if (r < 0)
		return r;
	(void)lib.sqlite3_bind_int64(s, ++n, from > INT64_MAX ? INT64_MAX : (int64_t)from);
	if (f->since > INT64_MIN)
		(void)lib.sqlite3_bind_int64(s, ++n, f->since);
	if (f->tool.p)
		bind_text(s, ++n, f->tool);
	if (f->host.p)
		bind_text(s, ++n, f->host);
	if (f->verdict.p)
		bind_text(s, ++n, f->verdict);
	if (match.n)
		bind_text(s, ++n, buf_slice(&match));
	int more = 1;
	while (more == 1 && (step = lib.sqlite3_step(s)) == SQLITE_ROW)
		more = fn(arg, (uint64_t)lib.sqlite3_column_int64(s, 0));
	r = more < 0 ? more : more == 1 ? told(x, step, err) : 0;
	(void)lib.sqlite3_finalize(s);
	return r;
}

/* One row of the table against the entry. */
static int check_row(struct index *x, sqlite3_stmt *row, uint64_t i, struct err *err)
{
	_cleanup_arena_ struct arena arena = ARENA(ENTRY_MEM);
	struct entry_fields f = {0};
	struct slice json;
	int step = lib.sqlite3_step(row), r;
	if (step != SQLITE_ROW || (uint64_t)lib.sqlite3_column_int64(row, 0) != i)
		return step == SQLITE_ROW || step == SQLITE_DONE
		               ? err_set(err, -EBADMSG, "the index has no entry %llu", (unsigned long long)i)
		               : told(x, step, err);
	r = entries_get(x->entries, i, &json, err);
	if (r < 0)
		return r;
	r = entry_read(json, &arena, &f);
	if (r < 0 && r != -EBADMSG)
		return err_sys(err, r, "cannot check the index");
	struct slice text[3];
	for (int k = 0; k < 3; k++)
		text[k] = slice_of(lib.sqlite3_column_text(row, 4 + k), (size_t)lib.sqlite3_column_bytes(row, 4 + k));
	if (lib.sqlite3_column_int64(row, 1) != f.time || (uint64_t)lib.sqlite3_column_int64(row, 2) != f.class_uid ||
	        (uint64_t)lib.sqlite3_column_int64(row, 3) != f.severity_id || !slice_eq(text[0], f.tool) || !slice_eq(text[1], f.host) ||
	        !slice_eq(text[2], f.verdict))
		return err_set(err, -EBADMSG, "the index says something else of entry %llu than the log", (unsigned long long)i);
	return 0;
}

static int check_rows(struct index *x, struct err *err)
{
	sqlite3_stmt *s = NULL;
	int r = prepare(x, "SELECT * FROM entry NOT INDEXED ORDER BY i", &s, err);
	for (uint64_t i = 0; i < x->size && r == 0; i++)
		r = check_row(x, s, i, err);
	if (r == 0 && lib.sqlite3_step(s) != SQLITE_DONE)
		r = err_set(err, -EBADMSG, "the index has entries that the log has not");
	(void)lib.sqlite3_finalize(s);
	return r;
}

static int check_integrity(struct index *x, struct err *err)
{
	sqlite3_stmt *s = NULL;
	int r = prepare(x, "PRAGMA integrity_check(1)", &s, err);
	if (r < 0)
		return r;
	int step = lib.sqlite3_step(s);
	r = told(x, step, err);
	if (step == SQLITE_ROW && strcmp((const char *)lib.sqlite3_column_text(s, 0), "ok") != 0)
		r = err_set(err, -EBADMSG, "the index is damaged: %.300s", (const char *)lib.sqlite3_column_text(s, 0));
	(void)lib.sqlite3_finalize(s);
	return r < 0 ? r : run(x, "INSERT INTO words(words) VALUES('integrity-check')", err);
}

/* Is a term that is wrong the answer? */
static int check_terms(struct index *x, const char *query, struct err *err)
{
	sqlite3_stmt *s = NULL;
	int r = prepare(x, query, &s, err);
	if (r < 0)
		return r;
	int step = lib.sqlite3_step(s);
	r = step == SQLITE_ROW ? err_set(err, -EBADMSG, "the index has other words than the log, as in \"%.60s\"",
	                                 (const char *)lib.sqlite3_column_text(s, 0))
	                       : told(x, step, err);
	(void)lib.sqlite3_finalize(s);
	return r;
}

/* The words: those of all entries are put into a second table, and both vocabularies compared. Then each is looked up, as a search does
 * that: the table of where to begin can be wrong although everything stands there, and FTS5's own check passes over some of that. */
static int check_words(struct index *x, struct err *err)
{
	static const char setup[] = "ATTACH '' AS other;" /* on disk, and gone when it is closed */
	                            "CREATE VIRTUAL TABLE other.again USING fts5(text, content='', tokenize='ascii');"
	                            "CREATE VIRTUAL TABLE temp.a USING fts5vocab(main, words, instance);"
	                            "CREATE VIRTUAL TABLE temp.b USING fts5vocab(other, again, instance);"
	                            "CREATE VIRTUAL TABLE temp.c USING fts5vocab(main, words, row);"
	                            "CREATE VIRTUAL TABLE temp.d USING fts5vocab(other, again, row);";
	struct adder a = {.text = BUF((size_t)1 << 20), .plain = BUF((size_t)3 << 20)};
	int r = run(x, setup, err);
	r = r < 0 ? r : prepare(x, "INSERT INTO other.again(rowid, text) VALUES(?, ?)", &a.words, err);
	for (uint64_t from = 0; from < x->size && r == 0; from += PER_BATCH) {
		r = run(x, "BEGIN", err);
		for (uint64_t i = from; i < x->size && i < from + PER_BATCH && r == 0; i++) {
			_cleanup_arena_ struct arena arena = ARENA(ENTRY_MEM);
			struct slice json;
			r = entries_get(x->entries, i, &json, err);
			buf_reset(&a.text);
			buf_reset(&a.plain);
			if (r == 0 && entry_words(json, &arena, &a.text) == -ENOMEM)
				r = err_sys(err, -ENOMEM, "cannot check the index");
			filter_words(buf_slice(&a.text), &a.plain);
			if (r < 0)
				break;
			(void)lib.sqlite3_bind_int64(a.words, 1, (int64_t)i);
			bind_text(a.words, 2, buf_slice(&a.plain));
			r = told(x, lib.sqlite3_step(a.words), err);
			(void)lib.sqlite3_reset(a.words);
		}
		r = r < 0 ? r : run(x, "COMMIT", err);
	}
	(void)lib.sqlite3_finalize(a.words);
	buf_free(&a.text);
	buf_free(&a.plain);
	r = r < 0 ? r
	          : check_terms(x,
	                    "SELECT term FROM (SELECT term, doc, offset FROM temp.a EXCEPT SELECT term, doc, offset FROM temp.b) UNION ALL "
	                    "SELECT term FROM (SELECT term, doc, offset FROM temp.b EXCEPT SELECT term, doc, offset FROM temp.a) LIMIT 1",
	                    err);
	return r < 0 ? r
	             : check_terms(x,
	                       "SELECT term FROM temp.d AS d WHERE NOT EXISTS "
	                       "(SELECT 1 FROM temp.c AS c WHERE c.term = d.term AND c.doc = d.doc AND c.cnt = d.cnt) LIMIT 1",
	                       err);
}

int index_check(struct index *x, struct err *err)
{
	int r = check_integrity(x, err);
	r = r < 0 ? r : check_rows(x, err);
	r = r < 0 ? r : check_words(x, err);
	return r == -EBADMSG ? 0 : r < 0 ? r : 1;
}
