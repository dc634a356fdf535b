/* postern log export: entries for other programs. */
#include "cmd/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "ledger/checkpoint.h"
#include "ledger/config.h"
#include "ledger/entries.h"
#include "ledger/file.h"
#include "ledger/filter.h"
#include "report/export.h"
#include "sys/fd.h"
#include "sys/path.h"

#define ENTRY_MEM ((size_t)32 << 20)
#define PIECE     ((size_t)256 << 10) /* written at once */
#define NO_INDEX  UINT64_MAX

struct export_opts {
	const char *since, *output, *cursor, *key;
	uint64_t from, to;
	unsigned format, framing;
	bool no_header;
};
static const char *const framings[] = {"lines", "octets", NULL};

static const struct opt export_table[] = {
        OPT_CHOICE(struct export_opts, format, "format", 'f', "FORMAT", export_names,
                "ocsf is the entries as JSON lines, csv a table, syslog lines of RFC 5424, sarif the findings as SARIF 2.1.0; by default "
                "ocsf"),
        OPT_U64(struct export_opts, from, "from", 0, "INDEX", 0, INT64_MAX, "begin with this entry"),
        OPT_U64(struct export_opts, to, "to", 0, "INDEX", 0, INT64_MAX, "end with this entry"),
        OPT_STRING(struct export_opts, since, "since", 's', "TIME",
                "only what happened since then, as in 2026-11-25 for a day, or 90m, 24h, 7d for so long ago"),
        OPT_STRING(
                struct export_opts, output, "output", 'o', "FILE", "write there and not to standard output; it appears when it is whole"),
        OPT_STRING(struct export_opts, cursor, "cursor", 0, "FILE",
                "begin where this file says, and write into it where to go on the next time, when all has been written"),
        OPT_FLAG(struct export_opts, no_header, "no-header", 0, "for csv, without the names of the columns, to go on with a file"),
        OPT_CHOICE(struct export_opts, framing, "framing", 0, "FRAMING", framings,
                "for syslog, lines, or octets for the length in front of each message (RFC 6587)"),
        OPT_STRING(struct export_opts, key, "key", 'k', "VKEY", "the verifier key of the log; by default the one in the folder"),
        OPT_END,
};

struct job {
	const struct export_opts *o;
	struct filter filter;
	struct export *export;
	struct entries *entries;
	struct err err;
	struct buf out;
	int fd;
	bool gone; /* nobody reads any more */
};

static int put_out(struct job *j)
{
	int r = buf_error(&j->out);
	r = r < 0 ? r : fd_write_all(j->fd, buf_slice(&j->out));
	buf_reset(&j->out);
	j->gone = r == -EPIPE;
	return r < 0 && !j->gone ? err_sys(&j->err, r, "cannot write what is exported") : r;
}

static int one(struct job *j, uint64_t index)
{
	_cleanup_arena_ struct arena arena = ARENA(ENTRY_MEM);
	struct slice json;
	int r = entries_get(j->entries, index, &json, &j->err);
	if (r < 0)
		return r;
	r = j->filter.since > INT64_MIN ? filter_match(&j->filter, json, &arena, NULL) : 1;
	r = r == 1 ? export_entry(j->export, index, json, &arena, &j->out) : r;
	if (r < 0)
		return err_sys(&j->err, r, "entry %" PRIu64 " cannot be exported", index);
	return j->out.n >= PIECE ? put_out(j) : 0;
}

static int all(struct job *j, uint64_t from, uint64_t end)
{
	int r = 0;
	export_begin(j->export, &j->out);
	for (uint64_t i = from; i < end && r == 0; i++)
		r = one(j, i);
	if (r < 0)
		return r;
	export_end(j->export, &j->out);
	return put_out(j);
}

/* The cursor: a decimal number and a newline. */

int log_cursor_read(const char *path, uint64_t *out, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(64);
	int r = path_read(AT_FDCWD, path, &text);
	if (r == -ENOENT) {
		*out = 0;
		return 0;
	}
	if (r < 0)
		return err_sys(err, r, "cannot read the cursor %s", ledger_name(path).text);
	if (!slice_u64(slice_trim(buf_slice(&text)), INT64_MAX, out))
		return err_set(err, -EBADMSG, "the cursor %s holds no index", ledger_name(path).text);
	return 0;
}

static int beside(char out[PATH_MAX], const char *path)
{
	return snprintf(out, PATH_MAX, "%s.new", path) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static void parent_of(char out[PATH_MAX], const char *path)
{
	const char *slash = strrchr(path, '/');
	(void)snprintf(out, PATH_MAX, "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
}

int log_cursor_write(const char *path, uint64_t next, struct err *err)
{
	char fresh[PATH_MAX], parent[PATH_MAX], text[32];
	int r = beside(fresh, path);
	parent_of(parent, path);
	(void)snprintf(text, sizeof(text), "%" PRIu64 "\n", next);
	r = r < 0 ? r : file_replace(AT_FDCWD, fresh, path, parent, 0666, slice_str(text));
	return r < 0 ? err_sys(err, r, "cannot write the cursor %s", ledger_name(path).text) : 0;
}

/* What was written is on disk, if it is a file; a pipe's reader is on his own. */
static int settle(struct job *j, const char *fresh)
{
	struct stat st;
	int r = fstat(j->fd, &st) == 0 && S_ISREG(st.st_mode) ? file_sync_data(j->fd) : 0;
	r = r < 0 || !fresh ? r : file_rename(AT_FDCWD, fresh, j->o->output);
	return r < 0 ? err_sys(&j->err, r, "cannot write what is exported") : 0;
}

static int range_of(struct job *j, uint64_t size, uint64_t *from, uint64_t *end)
{
	int r = 0;
	*from = j->o->from == NO_INDEX ? 0 : j->o->from;
	if (j->o->cursor)
		r = log_cursor_read(j->o->cursor, from, &j->err);
	*end = j->o->to < size ? j->o->to + 1 : size;
	if (r == 0 && *from > size && j->o->cursor)
		r = err_set(&j->err, -EINVAL,
		        "the cursor says %" PRIu64 ", but the log has %" PRIu64 " entries: it is another log, or was cut back", *from,
		        size);
	return r;
}

static int run(struct job *j, const char *path)
{
	struct ledger_config config;
	struct ledger_checkpoint c;
	const char *why = NULL;
	char fresh[PATH_MAX] = "";
	uint64_t from = 0, end = 0;
	_cleanup_fd_ int dir = -1, file = -1;
	log_catch_up(path);
	int r = ledger_open(path, &dir, &config, &j->err);
	if (r < 0)
		return r;
	struct note_vkey key = ledger_vkey(&config);
	if (j->o->key && (r = log_vkey(j->o->key, &key, &why)) < 0)
		return err_set(&j->err, r, "--key: %s", why);
	r = ledger_checkpoint_read(dir, "checkpoint", &key, &c, &j->err);
	if (r < 0)
		return r;
	buf_free(&c.note);
	struct export_options how = {
	        .format = j->o->format, .origin = slice_str(config.origin), .no_header = j->o->no_header, .octets = j->o->framing == 1};
	r = export_new(&how, &j->export);
	r = r < 0 ? r : entries_new(dir, c.size, &j->entries);
	r = r < 0 ? err_sys(&j->err, r, "cannot read the log") : range_of(j, c.size, &from, &end);
	if (r == 0 && j->o->output) {
		r = beside(fresh, j->o->output);
		r = r < 0 ? r : file_open(AT_FDCWD, fresh, O_WRONLY | O_CREAT | O_TRUNC, 0666);
		j->fd = file = r;
		if (r < 0)
			return err_sys(&j->err, r, "cannot write %s", ledger_name(j->o->output).text);
	}
	r = r < 0 ? r : all(j, from, end);
	r = r < 0 ? r : settle(j, j->o->output ? fresh : NULL);
	if (r < 0 && file >= 0)
		(void)!file_remove(AT_FDCWD, fresh);
	/* The last: a crash before this exports entries again, and never leaves one out. */
	return r < 0 || !j->o->cursor || end < from ? r : log_cursor_write(j->o->cursor, end, &j->err);
}

static int export_run(void *options, const struct opt_args *args)
{
	const struct export_opts *o = options;
	struct job j = {.o = o, .fd = STDOUT_FILENO, .out = BUF(4 * PIECE), .filter.since = INT64_MIN};
	int code;
	const char *path = log_folder(&cmd_log_export, args, 1, &code);
	if (!path)
		return code;
	if (o->since && !log_since(o->since, &j.filter.since))
		return cmd_usage(cmd_log_export.name, "--since wants a day, a time or a number of s, m, h or d, not \"%.64s\"", o->since);
	if (o->cursor && o->from != NO_INDEX)
		return cmd_usage(cmd_log_export.name, "--cursor and --from exclude each other");
	if (o->no_header && o->format != EXPORT_CSV)
		return cmd_usage(cmd_log_export.name, "--no-header is for --format csv");
	if (o->framing && o->format != EXPORT_SYSLOG)
		return cmd_usage(cmd_log_export.name, "--framing is for --format syslog");
	(void)signal(SIGPIPE, SIG_IGN);
	int r = run(&j, path);
	export_free(j.export);
	entries_free(j.entries);
	buf_free(&j.out);
	return r == 0 || j.gone ? EXIT_OK : log_fail(&cmd_log_export, &j.err);
}

static const struct export_opts defaults = {.from = NO_INDEX, .to = NO_INDEX};

static const char *const export_examples[] = {
        "postern log export ledger --format csv --since 30d --output month.csv",
        "postern log export ledger --format sarif > findings.sarif",
        "postern log export ledger --format syslog --cursor sent >> audit.log  # only what is new since the last time",
        NULL,
};

const struct command cmd_log_export = {
        .name = "log export",
        .summary = "write entries as OCSF, CSV, syslog or SARIF",
        .operands = "DIR",
        .examples = export_examples,
        .options = export_table,
        .options_size = sizeof(struct export_opts),
        .defaults = &defaults,
        .run = export_run,
};
