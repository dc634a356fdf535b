/* postern log append: JSON lines from standard input into a ledger. */
#include "cmd/log.h"

#include <errno.h>
#include <stdio.h>

#include "ledger/client.h"
#include "parse/jcs.h"
#include "parse/tlog.h"

#define LINE_MAX_BYTES ((size_t)1 << 20) /* as it is written; canonical it must be an entry */
#define READ           ((size_t)64 << 10)
#define UNDER_WAY      4 /* requests that are not answered yet */

struct append_opts {
	const char *key, *signer;
	unsigned mode, format;
	uint64_t timeout;
};
enum { MODE_DURABLE, MODE_BUFFERED };
static const char *const modes[] = {"durable", "buffered", NULL};

static const struct opt append_table[] = {
        OPT_CHOICE(struct append_opts, mode, "mode", 'm', "MODE", modes,
                "durable waits for the disk after each piece of the input; buffered only at its end; by default durable"),
        OPT_STRING(struct append_opts, key, "key", 'k', "FILE", "the signing key, in place of what the ledger says"),
        OPT_STRING(struct append_opts, signer, "signer", 0, "SOCKET",
                "an ssh-agent that holds the signing key, in place of what the ledger says"),
        OPT_U64(struct append_opts, timeout, "timeout", 't', "SECONDS", 1, 86400, "wait for the writer at most so long; by default 30"),
        OPT_CHOICE(struct append_opts, format, "format", 'f', "FORMAT", log_formats, "how to print what was appended; by default text"),
        OPT_END,
};

struct append {
	const struct append_opts *o;
	struct ledger_client *c;
	struct err err;
	struct buf in;
	uint64_t line;
	/* The entries of the next request: canonical, one behind the other. */
	struct buf text;
	size_t from[(512 << 10) / 3 + 1], n;
	struct slice *entry;
	/* Requests under way, the oldest first: entries of each. */
	size_t waiting[UNDER_WAY], n_waiting;
	uint64_t done, first, last;
};

static int take_answer(struct append *a)
{
	uint64_t first;
	int r = ledger_client_wait(a->c, &first, &a->err);
	if (r < 0)
		return r;
	size_t n = a->waiting[0];
	memmove(&a->waiting[0], &a->waiting[1], --a->n_waiting * sizeof(a->waiting[0]));
	if (a->done == 0)
		a->first = first;
	a->done += n;
	a->last = first + n - 1;
	return 0;
}

static int send_entries(struct append *a)
{
	int r = 0;
	if (a->n == 0)
		return 0;
	a->from[a->n] = a->text.n;
	for (size_t i = 0; i < a->n; i++)
		a->entry[i] = slice_of(a->text.p + a->from[i], a->from[i + 1] - a->from[i]);
	if (a->o->mode == MODE_BUFFERED) {
		for (size_t i = 0; i < a->n && r == 0; i++) {
			r = ledger_client_post(a->c, a->entry[i], &a->err);
			if (r == -ENOBUFS) {
				r = ledger_client_flush(a->c, &a->err);
				r = r < 0 ? r : ledger_client_post(a->c, a->entry[i], &a->err);
			}
			a->done += r == 0 ? 1 : 0;
		}
	} else {
		if (a->n_waiting == UNDER_WAY)
			r = take_answer(a);
		r = r < 0 ? r : ledger_client_send(a->c, a->entry, a->n, &a->err);
		if (r == 0)
			a->waiting[a->n_waiting++] = a->n;
	}
	a->n = 0;
	buf_reset(&a->text);
	return r;
}

/* All is on disk, and under a checkpoint: who looks next finds it. */
static int settle(struct append *a)
{
	_cleanup_buf_ struct buf checkpoint = BUF(NOTE_MAX);
	struct err err = {0};
	int r = a->o->mode == MODE_BUFFERED ? ledger_client_flush(a->c, &a->err) : 0;
	while (r == 0 && a->n_waiting)
		r = take_answer(a);
	if (r == 0 && a->done && ledger_client_checkpoint(a->c, &checkpoint, &err) < 0)
		(void)fprintf(stderr, "postern %s: note: the entries are on disk, but not signed yet: %s\n", cmd_log_append.name, err.text);
	return r;
}

static int take_line(struct append *a, struct slice line)
{
	_cleanup_arena_ struct arena scratch = ARENA((size_t)64 << 20);
	_cleanup_buf_ struct buf canonical = BUF(2 * LINE_MAX_BYTES);
	const char *why = NULL;
	size_t at = 0;
	a->line++;
	if (slice_trim(line).n == 0)
		return 0;
	int r = jcs_write(line, &scratch, &canonical, &why, &at);
	if (r < 0)
		return err_set(&a->err, r, "line %llu cannot be an entry: %s, at byte %zu of it", (unsigned long long)a->line,
		        why ? why : strerror(-r), at + 1);
	if (canonical.n > TLOG_ENTRY_MAX)
		return err_set(&a->err, -EMSGSIZE,
		        "line %llu cannot be an entry: it has %zu bytes, and an entry at most %d; keep large things elsewhere, and their "
		        "digest here",
		        (unsigned long long)a->line, canonical.n, TLOG_ENTRY_MAX);
	if (a->text.n + canonical.n + 2 * (a->n + 1) > ledger_client_room()) {
		r = send_entries(a);
		if (r < 0)
			return r;
	}
	a->from[a->n++] = a->text.n;
	buf_add(&a->text, buf_slice(&canonical));
	return buf_error(&a->text) ? err_sys(&a->err, buf_error(&a->text), "cannot read on") : 0;
}

/* Complete lines of what was read; at the end of the input the rest too. */
static int take_lines(struct append *a, bool end)
{
	size_t at = 0;
	int r = 0;
	while (r == 0) {
		struct slice rest = slice_from(buf_slice(&a->in), at);
		size_t stop = slice_chr(rest, '\n', 0);
		if (stop == SLICE_NPOS && (!end || rest.n == 0))
			break;
		struct slice line = slice_sub(rest, 0, stop);
		r = take_line(a, line);
		at += line.n + (stop == SLICE_NPOS ? 0 : 1);
	}
	buf_drop(&a->in, at);
	if (r == 0 && a->in.n > LINE_MAX_BYTES)
		r = err_set(&a->err, -EMSGSIZE, "line %llu is longer than %zu bytes", (unsigned long long)a->line + 1, LINE_MAX_BYTES);
	return r < 0 ? r : send_entries(a);
}

static int copy(struct append *a)
{
	for (;;) {
		uint8_t *p = buf_room(&a->in, READ);
		if (!p)
			return err_sys(&a->err, buf_error(&a->in), "cannot read on");
		ssize_t n = read(STDIN_FILENO, p, READ);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(&a->err, -errno, "cannot read standard input");
		a->in.n += (size_t)n;
		int r = take_lines(a, n == 0);
		if (r < 0 || n == 0)
			return r;
	}
}

static int report(const struct append *a)
{
	_cleanup_buf_ struct buf out = BUF(1024);
	bool known = a->o->mode == MODE_DURABLE && a->done;
	unsigned long long n = a->done, first = a->first, last = a->last;
	if (a->o->format == LOG_JSON && known)
		buf_fmt(&out, "{\"appended\":%llu,\"first\":%llu,\"last\":%llu}\n", n, first, last);
	else if (a->o->format == LOG_JSON)
		buf_fmt(&out, "{\"appended\":%llu}\n", n);
	else if (known && n == 1)
		buf_fmt(&out, "1 entry appended: %llu\n", first);
	else if (known)
		buf_fmt(&out, "%llu entries appended: %llu to %llu%s\n", n, first, last,
		        last - first + 1 == n ? "" : ", with those of others between");
	else
		buf_fmt(&out, "%llu entries appended\n", n);
	return cmd_print(&out);
}

static int append_run(void *options, const struct opt_args *args)
{
	const struct append_opts *o = options;
	struct ledger_client_options how = {.start = true, .key = o->key, .agent = o->signer, .timeout_ms = (unsigned)o->timeout * 1000};
	struct err err = {0};
	int code;
	const char *path = log_folder(&cmd_log_append, args, 1, &code);
	if (!path)
		return code;
	if (o->key && o->signer)
		return cmd_usage(cmd_log_append.name, "--key and --signer exclude each other");
	_cleanup_free_ struct append *a = calloc(1, sizeof(*a));
	_cleanup_free_ struct slice *entry = calloc(ARRAY_LEN(a->from), sizeof(*entry));
	int r = a && entry ? ledger_client_open(path, &how, &a->c, &err) : err_sys(&err, -ENOMEM, "cannot start");
	if (r < 0)
		return log_fail(&cmd_log_append, &err);
	a->o = o;
	a->entry = entry;
	a->in = BUF(LINE_MAX_BYTES + 2 * READ);
	a->text = BUF(ledger_client_room() + LINE_MAX_BYTES);
	if (ledger_client_note(a->c)[0])
		(void)fprintf(stderr, "postern %s: note: %s\n", cmd_log_append.name, ledger_client_note(a->c));
	r = copy(a);
	struct err first = a->err;
	/* What was read before the line that is wrong goes into the ledger all the same, and is counted. */
	bool bad_line = r == -EMSGSIZE || r == -EBADMSG || r == -E2BIG || r == -EILSEQ;
	if (r < 0 && bad_line && send_entries(a) == 0 && settle(a) == 0)
		(void)err_set(&err, r, "%s; the %llu entries before it are in the ledger", first.text, (unsigned long long)a->done);
	else if (r < 0 || (r = settle(a)) < 0)
		(void)err_set(&err, r, "%s%s", a->err.text, "");
	code = r < 0 ? log_fail(&cmd_log_append, &err) : report(a);
	buf_free(&a->in);
	buf_free(&a->text);
	ledger_client_free(a->c);
	return code;
}

static const char *const append_examples[] = {
        "postern log append ledger < events.jsonl",
        "postern log append --mode buffered ledger < many.jsonl  # waits for the disk only at the end",
        NULL,
};

const struct command cmd_log_append = {
        .name = "log append",
        .summary = "put JSON lines from standard input into a ledger",
        .operands = "DIR",
        .examples = append_examples,
        .options = append_table,
        .options_size = sizeof(struct append_opts),
        .run = append_run,
};
