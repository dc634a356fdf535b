/* postern log: the family, and its commands that write. */
#include "cmd/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "ledger/client.h"
#include "ledger/writer.h"
#include "sys/path.h"

const char *const log_formats[] = {"text", "json", NULL};

int log_fail(const struct command *c, const struct err *err)
{
	cmd_tell(c->name, err->text);
	return EXIT_USAGE;
}

const char *log_folder(const struct command *c, const struct opt_args *args, size_t most, int *code)
{
	if (args->n == 0)
		*code = cmd_usage(c->name, "the folder of a ledger is missing");
	else if (args->n > most || args->rest)
		*code = cmd_usage(c->name, "there are too many words: \"%.64s\"", args->n > most ? args->arg[most] : args->rest[0]);
	else
		return args->arg[0];
	return NULL;
}

void log_catch_up(const char *path)
{
	_cleanup_buf_ struct buf socket = BUF(PATH_MAX + 16), note = BUF(NOTE_MAX);
	const struct ledger_client_options how = {.timeout_ms = 2000};
	struct ledger_client *c = NULL;
	struct err err = {0};
	struct stat st;
	buf_fmt(&socket, "%s/socket", path);
	/* Somebody else's is not spoken to. */
	if (buf_error(&socket) || lstat(buf_str(&socket), &st) < 0 || !S_ISSOCK(st.st_mode) || st.st_uid != geteuid())
		return;
	if (ledger_client_open(path, &how, &c, &err) < 0)
		return;
	(void)!ledger_client_checkpoint(c, &note, &err);
	ledger_client_free(c);
}

void log_progress(void *arg, uint64_t done, uint64_t size)
{
	struct log_meter *m = arg;
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	int64_t ms = t.tv_sec * 1000 + t.tv_nsec / 1000000;
	/* Nothing is said about what is done in half a second. */
	if (m->last_ms == 0)
		m->last_ms = ms + 400;
	if (ms - m->last_ms < 100 || !isatty(STDERR_FILENO))
		return;
	m->last_ms = ms;
	m->shown = true;
	(void)fprintf(stderr, "\r\033[K%s: %llu of %llu entries", m->what, (unsigned long long)done, (unsigned long long)size);
}

void log_progress_end(struct log_meter *m)
{
	if (m->shown)
		(void)fprintf(stderr, "\r\033[K");
	m->shown = false;
}

int log_vkey(const char *word, struct note_vkey *key, const char **why)
{
	static struct buf text = {.max = 4096};
	struct slice s = slice_str(word);
	if (slice_chr(s, '+', 0) == SLICE_NPOS || access(word, F_OK) == 0) {
		buf_reset(&text);
		*why = "there is neither a verifier key nor a file of that name";
		int r = path_read(AT_FDCWD, word, &text);
		if (r < 0)
			return r;
		s = slice_trim(buf_slice(&text));
	}
	int r = tlog_vkey_read(s, key, why);
	if (r == 0 && key->type != TLOG_ED25519) {
		*why = "it is no key of a log";
		r = -ENOTSUP;
	}
	return r;
}

void log_json_string(struct buf *out, struct slice text)
{
	buf_u8(out, '"');
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_fmt(out, "\\%c", text.p[i]);
		else if (text.p[i] < 0x20)
			buf_fmt(out, "\\u%04x", text.p[i]);
		else
			buf_u8(out, text.p[i]);
	}
	buf_u8(out, '"');
}

/* init */

struct init_opts {
	const char *origin, *key, *signer;
};

static const struct opt init_table[] = {
        OPT_STRING(struct init_opts, origin, "origin", 'o', "NAME",
                "the name of the log for all time, as in example.com/ledger; it is part of every signature"),
        OPT_STRING(struct init_opts, key, "key", 'k', "FILE", "sign with this key and not with a new one in the folder"),
        OPT_STRING(struct init_opts, signer, "signer", 0, "SOCKET",
                "sign with a key that an ssh-agent holds; only its public half gets known here"),
        OPT_END,
};

static int init_run(void *options, const struct opt_args *args)
{
	const struct init_opts *o = options;
	struct store_key key = {.file = o->key, .agent = o->signer};
	struct err err = {0};
	struct ledger_config config;
	int code, dir;
	const char *path = log_folder(&cmd_log_init, args, 1, &code);
	if (!path)
		return code;
	if (!o->origin)
		return cmd_usage(cmd_log_init.name, "--origin is missing: the name of the log, as in example.com/ledger");
	if (o->key && o->signer)
		return cmd_usage(cmd_log_init.name, "--key and --signer exclude each other");
	if (store_init(path, o->origin, &key, &err) < 0 || ledger_open(path, &dir, &config, &err) < 0)
		return log_fail(&cmd_log_init, &err);
	(void)close(dir);
	_cleanup_buf_ struct buf out = BUF(4096);
	tlog_vkey_add(&out, slice_str(config.origin), TLOG_ED25519, config.public);
	buf_str_add(&out, "\n");
	(void)fprintf(
	        stderr, "A ledger is in %s. This is its verifier key; give it to those who will check the log:\n", ledger_name(path).text);
	return cmd_print(&out);
}

static const char *const init_examples[] = {
        "postern log init --origin example.com/ledger /var/lib/postern/ledger > ledger.vkey",
        "postern log init --origin example.com/ledger --signer $SSH_AUTH_SOCK ledger",
        NULL,
};

const struct command cmd_log_init = {
        .name = "log init",
        .summary = "make a ledger",
        .operands = "DIR",
        .examples = init_examples,
        .options = init_table,
        .options_size = sizeof(struct init_opts),
        .run = init_run,
};

/* write */

struct write_opts {
	const char *key, *signer;
	uint64_t idle;
};

static const struct opt write_table[] = {
        OPT_STRING(struct write_opts, key, "key", 'k', "FILE", "the signing key, in place of what the ledger says"),
        OPT_STRING(struct write_opts, signer, "signer", 0, "SOCKET",
                "an ssh-agent that holds the signing key, in place of what the ledger says"),
        OPT_U64(struct write_opts, idle, "idle", 0, "MS", 1, 86400000,
                "end when nobody was connected for so many milliseconds; by default never"),
        OPT_END,
};

/* sd_notify(3), without the library. */
static void notify(const char *what)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	size_t n = path ? strlen(path) : 0;
	if (n < 2 || n >= sizeof(a.sun_path))
		return;
	memcpy(a.sun_path, path, n);
	if (path[0] == '@')
		a.sun_path[0] = 0;
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)sendto(fd, what, strlen(what), MSG_NOSIGNAL, (struct sockaddr *)&a,
		        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
}

static void on_ready(void *arg, const char *note)
{
	const struct write_opts *o = arg;
	/* A producer that started us gets the note when it is greeted. */
	if (note[0] && !o->idle)
		(void)fprintf(stderr, "postern %s: note: %s\n", cmd_log_write.name, note);
	(void)puts("ready");
	(void)fflush(stdout);
	notify("READY=1");
	/* One that was started by a producer holds no folder busy, and has nobody to read what it says. */
	if (o->idle && chdir("/") == 0 && freopen("/dev/null", "w", stdout) == NULL)
		(void)fclose(stdout);
}

static int write_run(void *options, const struct opt_args *args)
{
	struct write_opts *o = options;
	struct err err = {0};
	int code;
	const char *path = log_folder(&cmd_log_write, args, 1, &code);
	if (!path)
		return code;
	if (o->key && o->signer)
		return cmd_usage(cmd_log_write.name, "--key and --signer exclude each other");
	struct writer_options how = {
	        .key = {.file = o->key, .agent = o->signer}, .idle_ms = (unsigned)o->idle, .ready = on_ready, .arg = o};
	(void)signal(SIGPIPE, SIG_IGN);
	int r = writer_run(path, &how, &err);
	if (r == -EBUSY && o->idle) {
		/* For the producer that started it. */
		(void)puts("busy");
		return EXIT_USAGE;
	}
	notify("STOPPING=1");
	return r < 0 ? log_fail(&cmd_log_write, &err) : EXIT_OK;
}

static const char *const write_examples[] = {
        "postern log write /var/lib/postern/ledger  # as a service; says ready when producers can connect",
        NULL,
};

const struct command cmd_log_write = {
        .name = "log write",
        .summary = "run the writer of a ledger in the foreground",
        .operands = "DIR",
        .examples = write_examples,
        .options = write_table,
        .options_size = sizeof(struct write_opts),
        .run = write_run,
};

/* checkpoint */

struct checkpoint_opts {
	const char *key, *signer;
};

static const struct opt checkpoint_table[] = {
        OPT_STRING(struct checkpoint_opts, key, "key", 'k', "FILE", "the signing key, in place of what the ledger says"),
        OPT_STRING(struct checkpoint_opts, signer, "signer", 0, "SOCKET",
                "an ssh-agent that holds the signing key, in place of what the ledger says"),
        OPT_END,
};

static int checkpoint_run(void *options, const struct opt_args *args)
{
	const struct checkpoint_opts *o = options;
	struct ledger_client_options how = {.start = true, .key = o->key, .agent = o->signer};
	struct ledger_client *c = NULL;
	struct ledger_config config;
	struct ledger_checkpoint found;
	struct err err = {0}, why = {0};
	_cleanup_buf_ struct buf out = BUF(NOTE_MAX);
	_cleanup_fd_ int dir = -1;
	int code;
	const char *path = log_folder(&cmd_log_checkpoint, args, 1, &code);
	if (!path)
		return code;
	int r = ledger_client_open(path, &how, &c, &err);
	r = r < 0 ? r : ledger_client_checkpoint(c, &out, &err);
	ledger_client_free(c);
	if (r == 0)
		return cmd_print(&out);
	/* Where nothing can be written, the last one is what there is. */
	if (ledger_open(path, &dir, &config, &why) < 0)
		return log_fail(&cmd_log_checkpoint, &err);
	struct note_vkey key = ledger_vkey(&config);
	if (ledger_checkpoint_read(dir, "checkpoint", &key, &found, &why) < 0)
		return log_fail(&cmd_log_checkpoint, &err);
	(void)fprintf(stderr, "postern %s: note: this is the last one; none could be made: %s\n", cmd_log_checkpoint.name, err.text);
	code = cmd_print(&found.note);
	buf_free(&found.note);
	return code;
}

static const char *const checkpoint_examples[] = {
        "postern log checkpoint ledger > kept.checkpoint  # keep it elsewhere, and give it to log verify later",
        NULL,
};

const struct command cmd_log_checkpoint = {
        .name = "log checkpoint",
        .summary = "print a signed checkpoint that covers all entries",
        .operands = "DIR",
        .examples = checkpoint_examples,
        .options = checkpoint_table,
        .options_size = sizeof(struct checkpoint_opts),
        .run = checkpoint_run,
};

/* The family. */

static const struct command *const parts[] = {
        &cmd_log_init,
        &cmd_log_append,
        &cmd_log_show,
        &cmd_log_verify,
        &cmd_log_checkpoint,
        &cmd_log_prove,
        &cmd_log_check_proof,
        &cmd_log_rebuild,
        &cmd_log_put,
        &cmd_log_get,
        &cmd_log_erase,
        &cmd_log_export,
        &cmd_log_ship,
        &cmd_log_write,
        &cmd_log_serve,
        &cmd_log_keygen,
        &cmd_log_cosign,
        &cmd_log_witness,
        NULL,
};

static const char *const examples[] = {
        "postern log init --origin example.com/ledger ledger",
        "postern log append ledger < events.jsonl",
        "postern log verify --key \"$(cat ledger.vkey)\" ledger",
        NULL,
};

const struct command cmd_log = {
        .name = "log",
        .summary = "keep and check a ledger that nobody can change unseen",
        .operands = "COMMAND",
        .examples = examples,
        .parts = parts,
};
