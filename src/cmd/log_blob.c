/* postern log put, get, erase: bodies that entries name. */
#include "cmd/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>

#include "ledger/blob.h"
#include "ledger/config.h"
#include "ledger/erase.h"
#include "sys/fd.h"

#define READ ((size_t)256 << 10)

/* put */

struct put_opts {
	const char *media_type;
};

static const struct opt put_table[] = {
        OPT_STRING(struct put_opts, media_type, "media-type", 'm', "TYPE", "what the body is, as in text/plain; it stays in the log"),
        OPT_END,
};

/* RFC 6838, with a parameter or two. */
static bool media_type_good(const char *s)
{
	size_t n = strlen(s);
	return n <= 255 && strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$&-^_.+/; =") == n && strchr(s, '/');
}

static int copy_in(int fd, struct blob_writer *w, struct err *err)
{
	_cleanup_free_ uint8_t *piece = malloc(READ);
	if (!piece)
		return err_sys(err, -ENOMEM, "cannot read the body");
	for (;;) {
		ssize_t n = read(fd, piece, READ);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, -errno, "cannot read the body");
		int r = n ? blob_writer_add(w, slice_of(piece, (size_t)n), err) : 0;
		if (r < 0 || n == 0)
			return r;
	}
}

static int put_run(void *options, const struct opt_args *args)
{
	const struct put_opts *o = options;
	struct err err = {0};
	struct ledger_config config;
	struct blob_writer *w = NULL;
	struct blob_ref ref = {.media_type = o->media_type ? slice_str(o->media_type) : SLICE_NONE};
	_cleanup_fd_ int dir = -1, in = -1;
	int code;
	const char *path = log_folder(&cmd_log_put, args, 2, &code);
	if (!path)
		return code;
	if (o->media_type && !media_type_good(o->media_type))
		return cmd_usage(cmd_log_put.name, "\"%.64s\" is no media type", o->media_type);
	bool file = args->n > 1 && strcmp(args->arg[1], "-") != 0;
	in = file ? open(args->arg[1], O_RDONLY | O_CLOEXEC) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	int r = in < 0 ? err_sys(&err, -errno, "cannot open %s", file ? ledger_name(args->arg[1]).text : "standard input") : 0;
	r = r < 0 ? r : ledger_open(path, &dir, &config, &err);
	r = r < 0 ? r : blob_writer_new(dir, &w, &err);
	r = r < 0 ? r : copy_in(in, w, &err);
	r = r < 0 ? r : blob_writer_end(w, &ref, &err);
	blob_writer_free(w);
	if (r < 0)
		return log_fail(&cmd_log_put, &err);
	_cleanup_buf_ struct buf out = BUF(1024);
	blob_ref_write(&ref, &out);
	buf_u8(&out, '\n');
	return cmd_print(&out);
}

static const char *const put_examples[] = {
        "postern log put ledger prompt.txt --media-type text/plain  # prints what an entry takes into unmapped.blobs",
        NULL,
};

const struct command cmd_log_put = {
        .name = "log put",
        .summary = "keep a body, encrypted, that entries can name",
        .operands = "DIR [FILE]",
        .examples = put_examples,
        .options = put_table,
        .options_size = sizeof(struct put_opts),
        .run = put_run,
};

/* get */

struct get_opts {
	const char *output;
};

static const struct opt get_table[] = {
        OPT_STRING(struct get_opts, output, "output", 'o', "FILE", "write there, only for its owner to read, and not to standard output"),
        OPT_END,
};

struct get {
	int fd, error;
};

static int copy_out(void *arg, struct slice piece)
{
	struct get *g = arg;
	g->error = fd_write_all(g->fd, piece);
	return g->error;
}

static int get_run(void *options, const struct opt_args *args)
{
	const struct get_opts *o = options;
	struct err err = {0};
	struct ledger_config config;
	struct get g = {.fd = STDOUT_FILENO};
	_cleanup_fd_ int dir = -1, file = -1;
	int code;
	const char *path = log_folder(&cmd_log_get, args, 2, &code);
	if (!path)
		return code;
	if (args->n < 2)
		return cmd_usage(cmd_log_get.name, "the name of the body is missing: the 64 digits that the entry has as its id");
	int r = ledger_open(path, &dir, &config, &err);
	if (r == 0 && o->output) {
		g.fd = file = open(o->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		r = file < 0 ? err_sys(&err, -errno, "cannot write %s", ledger_name(o->output).text) : 0;
	}
	r = r < 0 ? r : blob_read(dir, args->arg[1], copy_out, &g, &err);
	if (g.error == -EPIPE)
		return EXIT_OK;
	if (g.error < 0)
		(void)err_sys(&err, g.error, "the body cannot be written on");
	return r < 0 ? log_fail(&cmd_log_get, &err) : EXIT_OK;
}

static const char *const get_examples[] = {
        "postern log get ledger 5b0d…c3 > prompt.txt  # the id stands in the entry, in unmapped.blobs",
        NULL,
};

const struct command cmd_log_get = {
        .name = "log get",
        .summary = "print a body that an entry names",
        .operands = "DIR ID",
        .examples = get_examples,
        .options = get_table,
        .options_size = sizeof(struct get_opts),
        .run = get_run,
};

/* erase */

struct erase_opts {
	const char *reason, *key, *signer;
	unsigned format;
};

static const struct opt erase_table[] = {
        OPT_STRING(struct erase_opts, reason, "reason", 'r', "TEXT", "why, for the log; it stays there for ever"),
        OPT_STRING(struct erase_opts, key, "key", 'k', "FILE",
                "the signing key for a writer that is started, in place of what the ledger says"),
        OPT_STRING(struct erase_opts, signer, "signer", 0, "SOCKET", "an ssh-agent that holds the signing key, likewise"),
        OPT_CHOICE(struct erase_opts, format, "format", 'f', "FORMAT", log_formats, "text or json; by default text"),
        OPT_END,
};

/* Who does it: with sudo, the person who asked for it. */
static void who(char out[256])
{
	const char *sudo = getuid() == 0 ? getenv("SUDO_USER") : NULL;
	const struct passwd *p = sudo && *sudo ? getpwnam(sudo) : getpwuid(getuid());
	if (p)
		(void)snprintf(out, 256, "%s", p->pw_name);
	else
		(void)snprintf(out, 256, "%u", (unsigned)getuid());
}

static int report(const struct erase_opts *o, const struct erase_result *done, bool asked)
{
	_cleanup_buf_ struct buf out = BUF(1024);
	unsigned long long erased = done->erased, named = done->named;
	if (o->format == LOG_JSON)
		buf_fmt(&out, "{\"erased\":%llu,\"named\":%llu,\"resumed\":%s}\n", erased, named, done->resumed ? "true" : "false");
	else if (erased == 0)
		buf_fmt(&out, "%s\n", asked ? "nothing to erase: all bodies are gone already" : "nothing to resume");
	else
		buf_fmt(&out, "%llu %s erased%s; the log says so\n", erased, erased == 1 ? "body" : "bodies",
		        done->resumed ? ", with those of an erasure that had been interrupted" : "");
	return cmd_print(&out);
}

static int erase_run_command(void *options, const struct opt_args *args)
{
	const struct erase_opts *o = options;
	struct ledger_client_options how = {.start = true, .key = o->key, .agent = o->signer};
	struct erase_result done;
	struct utsname host = {0};
	struct timespec now = {0};
	struct err err = {0};
	char person[256];
	int code;
	const char *path = log_folder(&cmd_log_erase, args, 1 + ERASE_MOST, &code);
	if (!path)
		return code;
	if (o->key && o->signer)
		return cmd_usage(cmd_log_erase.name, "--key and --signer exclude each other");
	_cleanup_free_ uint64_t *entry = calloc(args->n, sizeof(*entry));
	if (!entry)
		return log_fail(&cmd_log_erase, (err_sys(&err, -ENOMEM, "cannot start"), &err));
	for (size_t i = 1; i < args->n; i++)
		if (!slice_u64(slice_str(args->arg[i]), INT64_MAX, &entry[i - 1]))
			return cmd_usage(cmd_log_erase.name, "\"%.64s\" is no index of an entry", args->arg[i]);
	(void)uname(&host);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	who(person);
	struct erase_order order = {.entry = entry,
	        .n = args->n - 1,
	        .reason = o->reason ? slice_str(o->reason) : SLICE_NONE,
	        .host = slice_str(host.nodename),
	        .person = slice_str(person),
	        .time = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
	int r = erase_run(path, &order, &how, &done, &err);
	return r < 0 ? log_fail(&cmd_log_erase, &err) : report(o, &done, order.n > 0);
}

static const char *const erase_examples[] = {
        "postern log erase ledger 340 341 --reason 'request 2026-17 of the person concerned'",
        "postern log erase ledger  # only brings an erasure to its end that was interrupted",
        NULL,
};

const struct command cmd_log_erase = {
        .name = "log erase",
        .summary = "destroy the bodies that entries name, and say so in the log",
        .operands = "DIR [ENTRY...]",
        .examples = erase_examples,
        .options = erase_table,
        .options_size = sizeof(struct erase_opts),
        .run = erase_run_command,
};
