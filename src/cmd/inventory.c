/* postern inventory: which AI tools are on this host. */
#include "cmd/inventory.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#include <seccomp.h>

#include "cmd/cmd.h"
#include "crypto/digest.h"
#include "ledger/home.h"
#include "sys/fd.h"
#include "sys/path.h"

struct inventory_opts {
	const char *root, *output, *ledger;
	unsigned format;
	uint64_t jobs;
	bool fresh, no_cache, no_processes, only_processes, cross, archives, all;
};

enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_CYCLONEDX, FORMAT_OCSF };
static const char *const formats[] = {"text", "json", "cyclonedx", "ocsf", NULL};

static const struct opt inventory_table[] = {
        OPT_STRING(struct inventory_opts, root, "root", 'r', "DIR",
                "look below this folder only, as the root of a system or a home; by default root looks at all of the host, others at their "
                "home and "
                "where the system has programs"),
        OPT_CHOICE(struct inventory_opts, format, "format", 'f', "FORMAT", formats, "what is printed; by default text"),
        OPT_STRING(struct inventory_opts, output, "output", 'o', "FILE", "write it there"),
        OPT_FLAG(struct inventory_opts, all, "all", 'a', "in text, show everything and not only the first of many"),
        OPT_FLAG(struct inventory_opts, fresh, "fresh", 0, "look at everything again, whatever the last run saw"),
        OPT_FLAG(struct inventory_opts, no_cache, "no-cache", 0, "keep nothing for the next run, and use nothing of the last"),
        OPT_FLAG(struct inventory_opts, no_processes, "no-processes", 0, "leave out what runs now"),
        OPT_FLAG(struct inventory_opts, only_processes, "only-processes", 0, "look at nothing but what runs now"),
        OPT_FLAG(struct inventory_opts, archives, "archives", 0, "look into archives too, not only into images of containers"),
        OPT_FLAG(struct inventory_opts, cross, "cross", 0, "look into network and other special file systems too"),
        OPT_U64(struct inventory_opts, jobs, "jobs", 'j', "N", 1, 16, "so many threads; by default twice as many as processors, at most 8"),
        OPT_STRING(struct inventory_opts, ledger, "ledger", 0, "DIR", "put each finding into this ledger too, see postern-log(1)"),
        OPT_END,
};

static const char *const inventory_examples[] = {
        "postern inventory  # what is on this host, what to look at first on top",
        "postern inventory --root /home/anna --format json",
        "postern inventory --root /mnt/image --archives  # a disk of another machine",
        "postern inventory --format cyclonedx --output ai.cdx.json",
        "postern inventory --fresh --ledger /var/lib/postern/ledger",
        NULL,
};

static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
	(void)signal;
	stopped = 1;
}

static int fail(const struct err *err, int code)
{
	cmd_tell("inventory", err->text);
	return code;
}

/* ---- what is walked */

static int choose_roots(const struct inventory_opts *o, struct inventory_options *io, struct arena *arena, struct err *err)
{
	static const char *const places[] = {"/etc", "/opt", "/usr", "/srv", "/snap", "/var/lib/flatpak"};
	char resolved[4096];
	struct stat st;
	io->system = "/";
	if (o->only_processes)
		return 0;
	if (o->root) {
		if (!realpath(o->root, resolved))
			return err_sys(err, -errno, "cannot look at %s", o->root);
		io->root[io->n_roots++] = io->system = arena_str(arena, slice_str(resolved));
		return io->system ? 0 : err_set(err, -ENOMEM, "no memory");
	}
	if (geteuid() == 0) {
		io->root[io->n_roots++] = "/";
		return 0;
	}
	const struct passwd *me = getpwuid(geteuid());
	const char *home = getenv("HOME");
	home = home && home[0] == '/' ? home : me ? me->pw_dir : NULL;
	if (home && realpath(home, resolved))
		io->root[io->n_roots++] = arena_str(arena, slice_str(resolved));
	/* Links are not followed: where one of these is a link, what it leads to is found elsewhere. */
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (lstat(places[i], &st) == 0 && S_ISDIR(st.st_mode) && access(places[i], R_OK | X_OK) == 0)
			io->root[io->n_roots++] = places[i];
	return 0;
}

/* The file for the next run: a name for what is walked, in a folder that nobody else can write to. NULL: there is none. */
static const char *cache_file(const struct inventory_options *io, struct arena *arena)
{
	_cleanup_buf_ struct buf what = BUF(1 << 16);
	char hex[65];
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME"), *folder = NULL;
	struct stat st;
	for (size_t i = 0; i < io->n_roots; i++)
		buf_fmt(&what, "%s\n", io->root[i]);
	digest_sha256_hex(buf_slice(&what), hex);
	if (base && base[0] == '/')
		folder = arena_fmt(arena, "%s/postern", base);
	else if (geteuid() == 0)
		folder = "/var/cache/postern";
	else if (home && home[0] == '/')
		folder = arena_fmt(arena, "%s/.cache/postern", home);
	_cleanup_fd_ int fd = folder ? path_make_absolute(folder) : -1;
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid() || st.st_mode & 0022)
		return NULL;
	return arena_fmt(arena, "%s/inventory-%.16s.cache", folder, hex);
}

/* ---- the work, in a thread that can start nothing */

struct work {
	const struct inventory_options *io;
	struct inventory *inv;
	struct err err;
	int code;
};

/* Whatever is found on the disk, and whatever it does to a parser: from this thread, and those that it makes, no program is started, no
 * other process is touched, nothing is said to a network, and nobody's permissions change. 0 or negative errno. */
static int give_up_rights(void)
{
	static const int calls[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_writev), SCMP_SYS(socket),
	        SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(sendto), SCMP_SYS(sendmsg), SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(chmod),
	        SCMP_SYS(fchmod), SCMP_SYS(fchmodat), SCMP_SYS(chown), SCMP_SYS(fchown), SCMP_SYS(lchown), SCMP_SYS(fchownat),
	        SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(bpf), SCMP_SYS(mkdir),
	        SCMP_SYS(mkdirat), SCMP_SYS(symlink), SCMP_SYS(symlinkat), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(mknod),
	        SCMP_SYS(mknodat)};
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int r = f ? 0 : -ENOMEM;
	for (size_t i = 0; i < ARRAY_LEN(calls) && r == 0; i++)
		r = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), calls[i], 0);
	if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		r = -errno;
	r = r < 0 ? r : seccomp_load(f);
	if (f)
		seccomp_release(f);
	return r;
}

static void *in_thread(void *arg)
{
	struct work *w = arg;
	int r = give_up_rights();
	if (r < 0)
		cmd_tell("inventory", "this kernel does not let it give up the right to start programs; it starts none all the same");
	w->code = inventory_take(w->io, w->inv, &w->err);
	return NULL;
}

static void show_progress(void *arg, const struct inventory_counts *c)
{
	(void)arg;
	(void)fprintf(stderr, "\r%llu folders \033[K", (unsigned long long)c->folders);
}

static int take(struct inventory_options *io, struct inventory *inv, struct err *err)
{
	struct work w = {.io = io, .inv = inv};
	pthread_t thread;
	bool terminal = isatty(STDERR_FILENO) == 1;
	const struct sigaction catch = {.sa_handler = on_signal}, usual = {.sa_handler = SIG_DFL};
	const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	if (terminal)
		io->progress = show_progress;
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		(void)sigaction(signals[i], &catch, NULL);
	int r = pthread_create(&thread, NULL, in_thread, &w);
	/* A large file may be under way when somebody has enough: nothing here needs to be put in order, so the end is the end. */
	for (unsigned late = 0; r == 0;) {
		struct timespec until;
		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 50000000;
		until.tv_sec += until.tv_nsec / 1000000000;
		until.tv_nsec %= 1000000000;
		r = pthread_timedjoin_np(thread, NULL, &until);
		if (r == 0)
			break;
		r = r == ETIMEDOUT ? 0 : r;
		if (stopped && ++late > 10) {
			cmd_tell("inventory", "interrupted");
			_exit(EXIT_INCONCLUSIVE);
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		(void)sigaction(signals[i], &usual, NULL);
	if (terminal)
		(void)fprintf(stderr, "\r\033[K");
	if (r)
		return err_sys(err, -r, "cannot start a thread");
	if (w.code < 0)
		*err = w.err;
	return w.code;
}

/* ---- what is printed */

static int write_out(const struct inventory_opts *o, const struct buf *out, struct err *err)
{
	if (buf_error(out)) {
		err_set(err, -ENOMEM, "no memory for what is to be printed");
		return fail(err, EXIT_USAGE);
	}
	if (!o->output)
		return cmd_print(out);
	_cleanup_fd_ int fd = open(o->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int r = fd < 0 ? -errno : fd_write_all(fd, buf_slice(out));
	if (r < 0) {
		err_sys(err, r, "cannot write %s", o->output);
		return fail(err, EXIT_USAGE);
	}
	return EXIT_OK;
}

static int show(const struct inventory_opts *o, const struct inventory_options *io, const struct inventory *inv)
{
	_cleanup_buf_ struct buf out = BUF((size_t)1 << 30), roots = BUF(1 << 17);
	struct err err = {0};
	char host[256] = "", serial[37];
	struct timespec now;
	int r = 0;
	(void)gethostname(host, sizeof(host) - 1);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	cmd_uuid(serial);
	for (size_t i = 0; i < io->n_roots; i++)
		buf_fmt(&roots, "%s%s", i ? ", " : "", io->root[i]);
	if (io->n_roots == 0)
		buf_str_add(&roots, "what runs");
	struct inventory_about about = {.host = host,
	        .roots = buf_str(&roots),
	        .time = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000,
	        .serial = serial,
	        .colour = !o->output && isatty(STDOUT_FILENO) == 1 && !(getenv("NO_COLOR") && getenv("NO_COLOR")[0]),
	        .by_content = io->id != NULL,
	        .processes = io->processes,
	        .all = o->all};
	if (o->format == FORMAT_TEXT)
		inventory_text(&out, inv, &about);
	else if (o->format == FORMAT_JSON)
		inventory_json(&out, inv, &about);
	else if (o->format == FORMAT_CYCLONEDX)
		inventory_cyclonedx(&out, inv, &about);
	else
		r = inventory_ocsf(&out, inv, &about, &err);
	if (r < 0)
		return fail(&err, EXIT_USAGE);
	int code = write_out(o, &out, &err);
	if (code == EXIT_OK && o->ledger && inventory_ledger_write(o->ledger, inv, &about, &err) < 0)
		return fail(&err, EXIT_INCONCLUSIVE);
	return code != EXIT_OK ? code : inv->n ? EXIT_FOUND : EXIT_OK;
}

static int inventory_main(void *options, const struct opt_args *args)
{
	const struct inventory_opts *o = options;
	_cleanup_arena_ struct arena arena = ARENA((size_t)32 << 20);
	struct catalogue catalogue;
	struct identify *id = NULL;
	struct inventory inv = {.n = 0};
	struct err err = {0};
	if (args->n || args->rest)
		return cmd_usage("inventory", "what is to be looked at stands after --root");
	if (o->only_processes && (o->root || o->no_processes))
		return cmd_usage("inventory", "--only-processes is of this host, and of nothing else");
	struct inventory_options io = {.catalogue = &catalogue,
	        .fresh = o->fresh,
	        .cross = o->cross,
	        .archives = o->archives,
	        .jobs = (unsigned)o->jobs,
	        .stop = &stopped,
	        .processes = !o->no_processes && !o->root};
	if (choose_roots(o, &io, &arena, &err) < 0 || catalogue_open(NULL, &arena, &catalogue, &err) < 0)
		return fail(&err, EXIT_USAGE);
	int r = identify_open(NULL, &id, &err);
	if (r < 0 && r != -ENOENT)
		return fail(&err, EXIT_USAGE);
	io.id = id;
	io.cache = o->no_cache || o->only_processes ? NULL : cache_file(&io, &arena);
	r = take(&io, &inv, &err);
	int code = r < 0 ? fail(&err, EXIT_USAGE) : EXIT_OK;
	if (r == 0 && inv.stopped) {
		cmd_tell("inventory", "interrupted");
		code = EXIT_INCONCLUSIVE;
	} else if (r == 0) {
		code = show(o, &io, &inv);
	}
	inventory_free(&inv);
	identify_close(id);
	return code;
}

const struct command cmd_inventory = {
        .name = "inventory",
        .summary = "find the AI tools on this host, what they reach, and what of it is a risk",
        .examples = inventory_examples,
        .options = inventory_table,
        .options_size = sizeof(struct inventory_opts),
        .run = inventory_main,
};
