/* postern log show: the command. */
#include "cmd/log.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "ledger/checkpoint.h"
#include "ledger/entries.h"
#include "ledger/index.h"

#define ENTRY_MEM  ((size_t)16 << 20)
#define PIECE      ((size_t)256 << 10) /* printed at once */
#define LIMIT_MOST 1000000

struct show_opts {
	const char *since, *tool, *host, *search, *key;
	uint64_t from, limit;
	unsigned verdict, format;
	bool no_index;
};
static const char *const verdict_words[] = {"any", "allow", "deny", "ask", "rewrite", NULL};
static const char *const formats[] = {"text", "json", "raw", NULL};
enum { SHOW_TEXT, SHOW_JSON, SHOW_RAW };

static const struct opt show_table[] = {
        OPT_STRING(struct show_opts, since, "since", 's', "TIME",
                "only what happened since then, as in 2026-11-25 for a day, or 90m, 24h, 7d for so long ago"),
        OPT_U64(struct show_opts, from, "from", 0, "INDEX", 0, INT64_MAX, "begin with this entry"),
        OPT_U64(struct show_opts, limit, "limit", 'n', "N", 1, LIMIT_MOST,
                "at most so many, the last ones; with --from the first ones from there"),
        OPT_STRING(struct show_opts, tool, "tool", 't', "NAME", "only entries about this tool"),
        OPT_STRING(struct show_opts, host, "host", 0, "NAME", "only entries of this host"),
        OPT_CHOICE(struct show_opts, verdict, "verdict", 0, "VERDICT", verdict_words, "only entries with this verdict"),
        OPT_STRING(struct show_opts, search, "search", 0, "WORDS", "only entries in whose texts all these words are"),
        OPT_FLAG(
                struct show_opts, no_index, "no-index", 0, "read the log itself from end to end, and believe no index about what is in it"),
        OPT_STRING(struct show_opts, key, "key", 'k', "VKEY", "the verifier key of the log; by default the one in the folder"),
        OPT_CHOICE(struct show_opts, format, "format", 'f', "FORMAT", formats,
                "text is a line for people, json adds the index of each entry, raw is the bytes of the entries; by default text"),
        OPT_END,
};

struct show {
	const struct show_opts *o;
	struct filter filter;
	struct entries *entries;
	struct err err;
	struct buf out;
	uint64_t limit, shown;
	bool collect; /* the last ones are wanted: they are found backwards, and printed when all are known */
	uint64_t *found;
	size_t n_found;
	int code; /* of printing */
};

bool log_since(const char *text, int64_t *out)
{
	static const struct {
		char unit;
		int64_t ms;
	} units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
	static const char *const forms[] = {"%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d"};
	size_t n = strlen(text);
	uint64_t count;
	for (size_t i = 0; n > 1 && i < ARRAY_LEN(units); i++) {
		if (text[n - 1] == units[i].unit && slice_u64(slice_of(text, n - 1), 1000000000, &count)) {
			*out = (int64_t)time(NULL) * 1000 - (int64_t)count * units[i].ms;
			return true;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct tm t = {0};
		const char *end = strptime(text, forms[i], &t);
		if (end && !*end) {
			*out = (int64_t)timegm(&t) * 1000;
			return true;
		}
	}
	return false;
}

/* Text of others: control characters would speak to the terminal. */
static void put_plain(struct buf *out, struct slice s, size_t most)
{
	bool cut = s.n > most;
	s = slice_sub(s, 0, most);
	/* Not in the middle of a character. */
	while (cut && s.n && (s.p[s.n - 1] & 0xc0) == 0x80)
		s.n--;
	if (cut && s.n && s.p[s.n - 1] >= 0xc0)
		s.n--;
	for (size_t i = 0; i < s.n; i++) {
		bool c1 = s.p[i] == 0xc2 && i + 1 < s.n && s.p[i + 1] < 0xa0;
		buf_u8(out, s.p[i] < 0x20 || s.p[i] == 0x7f || c1 ? ' ' : s.p[i]);
		i += c1;
	}
	if (cut)
		buf_str_add(out, "…");
}

static void put_field(struct buf *out, const char *before, struct slice s)
{
	if (!s.n)
		return;
	buf_str_add(out, before);
	put_plain(out, s, 200);
}

static void put_text(struct buf *out, uint64_t index, struct slice json, const struct entry_fields *f)
{
	char when[40] = "-";
	time_t seconds = (time_t)(f->time / 1000);
	struct tm t;
	if (f->time > 0 && gmtime_r(&seconds, &t))
		(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &t);
	buf_fmt(out, "%llu  %s", (unsigned long long)index, when);
	put_field(out, "  ", f->verdict);
	put_field(out, "  ", f->tool);
	put_field(out, " ", f->version);
	put_field(out, "  on ", f->host);
	put_field(out, "  by ", f->person);
	buf_str_add(out, "  ");
	if (f->message.n)
		put_plain(out, f->message, 400);
	else
		put_plain(out, json, 120);
	buf_u8(out, '\n');
}

static void print_out(struct show *s)
{
	if (s->code == EXIT_OK)
		s->code = cmd_print(&s->out);
	buf_reset(&s->out);
}

static void put_entry(struct show *s, uint64_t index, struct slice json, const struct entry_fields *f)
{
	switch (s->o->format) {
	case SHOW_JSON:
		buf_str_add(&s->out, "{\"entry\":");
		buf_add(&s->out, json);
		buf_fmt(&s->out, ",\"index\":%llu}\n", (unsigned long long)index);
		break;
	case SHOW_RAW:
		buf_add(&s->out, json);
		buf_u8(&s->out, '\n');
		break;
	default:
		put_text(&s->out, index, json, f);
	}
	if (s->out.n >= PIECE)
		print_out(s);
}

/* An index_fn: looks at the entry itself. */
static int on_entry(void *arg, uint64_t index)
{
	struct show *s = arg;
	_cleanup_arena_ struct arena arena = ARENA(ENTRY_MEM);
	struct entry_fields f = {0};
	struct slice json;
	int r = entries_get(s->entries, index, &json, &s->err);
	r = r < 0 ? r : filter_match(&s->filter, json, &arena, &f);
	if (r < 0)
		return r == -ENOMEM ? err_sys(&s->err, r, "entry %llu cannot be read", (unsigned long long)index) : r;
	if (r == 0)
		return 1;
	s->shown++;
	if (s->collect)
		s->found[s->n_found++] = index;
	else
		put_entry(s, index, json, &f);
	return s->shown < s->limit && s->code == EXIT_OK ? 1 : 0;
}

static int scan(struct show *s, uint64_t from, uint64_t size)
{
	int r = 1;
	if (s->collect)
		for (uint64_t i = size; i > from && r == 1; i--)
			r = on_entry(s, i - 1);
	else
		for (uint64_t i = from; i < size && r == 1; i++)
			r = on_entry(s, i);
	return r < 0 ? r : 0;
}

static int search(struct show *s, const char *path, int dir, const struct note_vkey *key, uint64_t size)
{
	struct log_meter meter = {.what = "indexing"};
	struct index_options how = {.size = size, .key = key, .progress = log_progress, .arg = &meter};
	struct index *x = NULL;
	char note[256] = "";
	bool any = s->filter.since > INT64_MIN || s->filter.tool.p || s->filter.host.p || s->filter.verdict.p || s->filter.words.p;
	uint64_t from = s->collect ? (size ? size - 1 : 0) : s->o->from;
	if (s->o->no_index || !any)
		return scan(s, s->o->from, size);
	int r = index_open(path, dir, &how, &x, note, &s->err);
	log_progress_end(&meter);
	if (note[0])
		(void)fprintf(stderr, "postern %s: note: %s\n", cmd_log_show.name, note);
	if (r == -EROFS || r == -EACCES || r == -ENOSPC || r == -EIO) {
		(void)fprintf(stderr, "postern %s: note: no index can be kept here, so the whole log is read: %s\n", cmd_log_show.name,
		        s->err.text);
		return scan(s, s->o->from, size);
	}
	if (r < 0)
		return r;
	r = index_query(x, &s->filter, from, s->collect, on_entry, s, &s->err);
	index_close(x);
	return r;
}

static int show(struct show *s, const char *path)
{
	struct ledger_config config;
	struct ledger_checkpoint c;
	const char *why = NULL;
	_cleanup_fd_ int dir = -1;
	log_catch_up(path);
	int r = ledger_open(path, &dir, &config, &s->err);
	if (r < 0)
		return r;
	struct note_vkey key = ledger_vkey(&config);
	if (s->o->key && (r = log_vkey(s->o->key, &key, &why)) < 0)
		return err_set(&s->err, r, "--key: %s", why);
	r = ledger_checkpoint_read(dir, "checkpoint", &key, &c, &s->err);
	if (r < 0)
		return r;
	buf_free(&c.note);
	r = entries_new(dir, c.size, &s->entries);
	r = r < 0 ? err_sys(&s->err, r, "cannot read the log") : search(s, path, dir, &key, c.size);
	for (size_t i = s->n_found; i > 0 && r == 0; i--) {
		struct entry_fields f = {0};
		struct slice json;
		_cleanup_arena_ struct arena arena = ARENA(ENTRY_MEM);
		r = entries_get(s->entries, s->found[i - 1], &json, &s->err);
		if (r == 0 && entry_read(json, &arena, &f) == -ENOMEM)
			r = err_sys(&s->err, -ENOMEM, "cannot read an entry");
		if (r == 0)
			put_entry(s, s->found[i - 1], json, &f);
	}
	print_out(s);
	return r;
}

static struct slice word_of(const char *s)
{
	return s ? slice_str(s) : SLICE_NONE;
}

static int show_run(void *options, const struct opt_args *args)
{
	const struct show_opts *o = options;
	struct show s = {.o = o, .out = BUF(2 * PIECE), .limit = o->limit ? o->limit : UINT64_MAX};
	int code;
	const char *path = log_folder(&cmd_log_show, args, 1, &code);
	if (!path)
		return code;
	s.filter = (struct filter){.since = INT64_MIN,
	        .tool = word_of(o->tool),
	        .host = word_of(o->host),
	        .verdict = word_of(o->verdict ? verdict_words[o->verdict] : NULL),
	        .words = word_of(o->search)};
	if (o->since && !log_since(o->since, &s.filter.since))
		return cmd_usage(cmd_log_show.name, "--since wants a day, a time or a number of s, m, h or d, not \"%.64s\"", o->since);
	s.collect = o->limit && o->from == UINT64_MAX;
	struct show_opts from = *o;
	if (o->from == UINT64_MAX)
		from.from = 0;
	s.o = &from;
	s.found = s.collect ? calloc(o->limit, sizeof(*s.found)) : NULL;
	int r = s.collect && !s.found ? err_sys(&s.err, -ENOMEM, "cannot start") : show(&s, path);
	entries_free(s.entries);
	buf_free(&s.out);
	free(s.found);
	return r < 0 ? log_fail(&cmd_log_show, &s.err) : s.code;
}

static const struct show_opts defaults = {.from = UINT64_MAX};

static const char *const show_examples[] = {
        "postern log show ledger --limit 20  # the last 20 entries",
        "postern log show ledger --tool claude-code --verdict deny --since 7d",
        "postern log show ledger --search \"secret canary\" --format json",
        "postern log show ledger --from 1234 --limit 1 --format raw > event.json",
        NULL,
};

const struct command cmd_log_show = {
        .name = "log show",
        .summary = "print entries of a ledger",
        .operands = "DIR",
        .examples = show_examples,
        .options = show_table,
        .options_size = sizeof(struct show_opts),
        .defaults = &defaults,
        .run = show_run,
};
