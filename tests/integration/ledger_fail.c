/* Every system call by which the program reads or changes a ledger fails once, with EIO and, where it may, with ENOSPC:
 *
 *	ledger_fail POSTERN FOLDER [CASE]
 *
 * After each: the command has succeeded or said why not, what was acknowledged is there, and the next start makes all good. The last line
 * is "N calls failed, N wrong". Code 1 if something was wrong, 77: nothing can be made to fail here, 2: it could not be tried. */
#include <sys/stat.h>

#include "base/buf.h"
#include "ledger/blob.h"
#include "ledger/client.h"
#include "ledger/entries.h"
#include "ledger/verify.h"
#include "ledger_fail.h"
#include "ledger/store.h"
#include "sys/path.h"

static char base[400], top[400], ledger[440], said_file[400];
static const char *case_name;
static unsigned points, wrong, refused;
static bool thorough; /* every single one */
static unsigned chance; /* which ones, if not */

static void bad(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void bad(const char *fmt, ...)
{
	int hit = atomic_load(&fail.hit);
	va_list ap;
	wrong++;
	(void)printf("wrong: %s, call %u (%s), %s: ", case_name, fail.at, hit < 0 ? "none" : fail_calls[hit].name, strerror(fail.with));
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)puts("");
	(void)fflush(stdout);
}

static size_t make_text(char out[64], uint64_t index)
{
	return (size_t)snprintf(out, 64, "{\"n\":%llu}", (unsigned long long)index);
}

static int command(const char *const argv[])
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

/* The folder as each run finds it: that of `name` below base, or nothing. */
static void lay_out(const char *name)
{
	char from[900];
	(void)path_remove(AT_FDCWD, ledger);
	(void)unlink(said_file);
	(void)snprintf(from, sizeof(from), "%s/%s", base, name ? name : "");
	if (name && command((const char *const[]){"cp", "-a", from, ledger, NULL}) != 0)
		stop("cannot copy %s", from);
}

/* What it said on standard error. */
static const char *said(void)
{
	static char text[2000];
	FILE *f = fopen(said_file, "rb");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	if (f)
		(void)fclose(f);
	text[n] = 0;
	return text;
}

/* Waits for its end: the exit code, or -1: it was killed by a signal, or did not end within 20 s. */
static int end_within_time(struct started *s)
{
	int status = 0;
	for (int i = 0; i < 20000; i++) {
		pid_t got = waitpid(s->pid, &status, WNOHANG);
		if (got == s->pid) {
			s->pid = 0;
			(void)end_of(s);
			if (WIFEXITED(status))
				return WEXITSTATUS(status);
			bad("it died of signal %d", WTERMSIG(status));
			return -1;
		}
		rest_us(1000);
	}
	bad("it does not end");
	kill_started(s);
	return -1;
}

/* A failure is told, in words that say what it was. */
static void check_words(int code)
{
	if (code <= 0)
		return;
	refused++;
	/* SQLite has words of its own. */
	if (!strstr(said(), strerror(fail.with)) && !strstr(said(), "--no-index"))
		bad("code %d, and it says \"%s\"", code, said());
}

/* A writer that a command has started ends a second after it; here at once. */
static void end_writer(void)
{
	char file[500], exe[64], path[600], self[600];
	_cleanup_buf_ struct buf text = BUF(64);
	(void)snprintf(file, sizeof(file), "%s/lock", ledger);
	long pid = path_read(AT_FDCWD, file, &text) == 0 ? strtol(buf_str(&text), NULL, 10) : 0;
	(void)snprintf(exe, sizeof(exe), "/proc/%ld/exe", pid);
	ssize_t n = pid > 1 ? readlink(exe, path, sizeof(path) - 1) : -1, m = readlink("/proc/self/exe", self, sizeof(self) - 1);
	/* Ours: it has the program's name, and the filter. */
	if (n > 0 && m > 0 && (path[n] = 0, strcmp(path, postern) == 0) && kill((pid_t)pid, 0) == 0)
		(void)kill((pid_t)pid, SIGTERM);
}

/* Runs a command to its end. Input is written at once; output is cut to fit. */
static int run_failing(unsigned at, int with, const char *const args[], const char *input, char out[], size_t room)
{
	struct started s = fail_start(args, at, with);
	struct pollfd p = {.fd = s.out, .events = POLLIN};
	size_t n = 0;
	if (input && write(s.in, input, strlen(input)) < 0 && errno != EPIPE)
		stop("cannot write to a pipe");
	fd_closep(&s.in);
	while (poll(&p, 1, 20000) == 1) {
		ssize_t got = read(s.out, out + n, room - 1 - n);
		if (got <= 0)
			break;
		n += (size_t)got;
	}
	out[n] = 0;
	int code = end_within_time(&s);
	end_writer();
	fail_end();
	check_words(code);
	return code;
}

/* The next start: all that was acknowledged is there, and the log is good. Entries are those of make_text() if `plain`. */
static void check_ledger(uint64_t acknowledged, bool plain)
{
	struct store s = {0};
	struct ledger_config c;
	struct err err = {0};
	struct verify_result v;
	struct entries *e;
	static const struct store_key none;
	_cleanup_fd_ int dir = -1, lock = -1;
	if (ledger_open(ledger, &dir, &c, &err) < 0)
		return bad("%s", err.text);
	struct note_vkey key = ledger_vkey(&c);
	struct verify_options how = {.key = &key, .threads = 1};
	/* As it lies there. */
	if (ledger_verify(dir, &how, &v, &err) < 0 || v.fault != VERIFY_GOOD)
		bad("before a writer: %s%s", err.text, v.text);
	for (int i = 0; (lock = store_lock(dir, ledger, &err)) == -EBUSY && i < 4000; i++)
		rest_us(1000);
	if (lock < 0)
		return bad("%s", err.text);
	int r = store_open(dir, &none, &s, &err);
	uint64_t size = r < 0 ? 0 : s.signed_size;
	r = r < 0 ? r : store_end(&s, &err);
	store_close(&s);
	if (r < 0)
		return bad("the next start: %s", err.text);
	if (ledger_verify(dir, &how, &v, &err) < 0 || v.fault != VERIFY_GOOD)
		return bad("%s%s", err.text, v.text);
	if (size < acknowledged)
		return bad("%llu entries were acknowledged, %llu are there", (unsigned long long)acknowledged, (unsigned long long)size);
	if (entries_new(dir, size, &e) < 0)
		return bad("no entries");
	for (uint64_t i = 0; i < size; i++) {
		struct slice have;
		char text[64];
		if (entries_get(e, i, &have, &err) < 0 || (plain && !slice_eq(have, slice_of(text, make_text(text, i))))) {
			bad("entry %llu: %s", (unsigned long long)i, err.text);
			break;
		}
	}
	entries_free(e);
}

/* -- cases -- */

/* A writer that finds what a crash has left, a durable producer, one that posts, checkpoints, the end. */
#define CRASHED_SIGNED 300
#define CRASHED        340 /* with what stands in the journal only */

static uint64_t produce(const char *path)
{
	struct ledger_client *c = NULL;
	struct err err = {0};
	struct ledger_client_options how = {.timeout_ms = 15000};
	uint64_t acknowledged = 0, next = CRASHED, first = 0;
	_cleanup_buf_ struct buf checkpoint = BUF(4096);
	int r = ledger_client_open(path, &how, &c, &err);
	for (int i = 0; i < 4 && r == 0; i++) {
		static char text[300][64];
		static struct slice entry[300];
		size_t n = i == 2 ? 300 : 20;
		for (size_t k = 0; k < n; k++)
			entry[k] = slice_of(text[k], make_text(text[k], next + k));
		r = ledger_client_append(c, entry, n, &first, &err);
		if (r == 0 && first != next)
			bad("entries from %llu on are acknowledged as %llu", (unsigned long long)next, (unsigned long long)first);
		next += n;
		acknowledged = r == 0 ? next : acknowledged;
		if (r == 0 && i == 1)
			r = ledger_client_checkpoint(c, &checkpoint, &err);
	}
	for (int i = 0; i < 5 && r == 0; i++) {
		char text[64];
		r = ledger_client_post(c, slice_of(text, make_text(text, next)), &err);
		next += r == 0;
	}
	r = r < 0 ? r : ledger_client_flush(c, &err);
	acknowledged = r == 0 ? next : acknowledged;
	ledger_client_free(c);
	if (r < 0 && err.text[0] == 0)
		bad("the producer is told nothing");
	if (r == -ETIMEDOUT)
		bad("the producer waits for ever: %s", err.text);
	return acknowledged;
}

static void case_write(unsigned at, int with)
{
	char line[200];
	lay_out("crashed");
	struct started s = fail_start((const char *const[]){"write", ledger, NULL}, at, with);
	uint64_t acknowledged = CRASHED;
	if (ready(&s, line)) {
		uint64_t n = produce(ledger);
		acknowledged = n > acknowledged ? n : acknowledged;
		(void)kill(s.pid, SIGTERM);
	}
	int code = end_within_time(&s);
	fail_end();
	check_words(code);
	check_ledger(acknowledged, true);
}

static void case_init(unsigned at, int with)
{
	char out[2000];
	const char *const args[] = {"init", "--origin", "example.com/fail", ledger, NULL};
	lay_out(NULL);
	int code = run_failing(at, with, args, NULL, out, sizeof(out));
	char config[500];
	(void)snprintf(config, sizeof(config), "%s/config", ledger);
	if (code == 0 || access(config, F_OK) == 0)
		check_ledger(0, true);
	/* The way out that the message of a second try names. */
	if (code > 0) {
		(void)path_remove(AT_FDCWD, ledger);
		if (run(args, SLICE_NONE, out, sizeof(out)) != 0)
			bad("it cannot be made afterwards: %s", said());
	}
}

static void case_append(unsigned at, int with)
{
	char out[400], input[2000] = "";
	unsigned long long first = 0, last = 0;
	lay_out("crashed");
	for (uint64_t i = CRASHED; i < CRASHED + 30; i++) {
		char text[64];
		(void)make_text(text, i);
		(void)snprintf(input + strlen(input), sizeof(input) - strlen(input), "%s\n", text);
	}
	int code = run_failing(at, with, (const char *const[]){"append", "--format", "json", ledger, NULL}, input, out, sizeof(out));
	if (code == 0 && (sscanf(out, "{\"appended\":30,\"first\":%llu,\"last\":%llu", &first, &last) != 2 || last != CRASHED + 29))
		bad("it says %s", out);
	check_ledger(code == 0 ? CRASHED + 30 : CRASHED, true);
}

static void case_put(unsigned at, int with)
{
	char out[400], id[BLOB_ID + 1] = "", got[400];
	lay_out("crashed");
	int code = run_failing(at, with, (const char *const[]){"put", ledger, NULL}, "a body", out, sizeof(out));
	if (code == 0 && (sscanf(out, "{\"id\":\"%64[0-9a-f]\"", id) != 1 ||
	                         run((const char *const[]){"get", ledger, id, NULL}, SLICE_NONE, got, sizeof(got)) != 0 ||
	                         strcmp(got, "a body") != 0))
		bad("the body cannot be read: %s", said());
	if (code > 0 && run((const char *const[]){"put", ledger, NULL}, SLICE("a body"), got, sizeof(got)) != 0)
		bad("none can be kept afterwards: %s", said());
	check_ledger(CRASHED, true);
}

static void case_erase(unsigned at, int with)
{
	char out[400], got[400], id[BLOB_ID + 1] = "", file[500];
	_cleanup_buf_ struct buf text = BUF(400);
	lay_out("body");
	(void)snprintf(file, sizeof(file), "%s/body.id", base);
	if (path_read(AT_FDCWD, file, &text) < 0 || sscanf(buf_str(&text), "%64[0-9a-f]", id) != 1)
		stop("no body.id");
	int code = run_failing(at, with, (const char *const[]){"erase", ledger, "0", NULL}, NULL, out, sizeof(out));
	/* Not even half erased may it be forgotten. */
	if (code > 0 && run((const char *const[]){"erase", ledger, "0", NULL}, SLICE_NONE, got, sizeof(got)) != 0)
		bad("it cannot be erased afterwards: %s", said());
	if (run((const char *const[]){"get", ledger, id, NULL}, SLICE_NONE, got, sizeof(got)) == 0)
		bad("the body can still be read");
	end_writer();
	check_ledger(2, false);
	/* One event, not none, not two. */
	struct ledger_config c;
	_cleanup_fd_ int dir = -1;
	if (ledger_open(ledger, &dir, &c, NULL) == 0) {
		struct note_vkey key = ledger_vkey(&c);
		struct ledger_checkpoint found;
		if (ledger_checkpoint_read(dir, "checkpoint", &key, &found, NULL) == 0) {
			if (found.size != 2)
				bad("the log has %llu entries, not the body's and that of its erasure", (unsigned long long)found.size);
			buf_free(&found.note);
		}
	}
}

static void case_rebuild(unsigned at, int with)
{
	char out[400], tile[500];
	lay_out("signed");
	(void)snprintf(tile, sizeof(tile), "%s/tile/0", ledger);
	(void)path_remove(AT_FDCWD, tile);
	int code = run_failing(at, with, (const char *const[]){"rebuild", ledger, NULL}, NULL, out, sizeof(out));
	if (code > 0 && run((const char *const[]){"rebuild", ledger, NULL}, SLICE_NONE, out, sizeof(out)) != 0)
		bad("it cannot be rebuilt afterwards: %s", said());
	if (code >= 0)
		check_ledger(CRASHED_SIGNED, true);
}

/* With an index that is made, and the log read where it cannot be. */
static void case_show(unsigned at, int with)
{
	char out[4000];
	lay_out("signed");
	const char *const args[] = {"show", "--search", "77", "--format", "raw", ledger, NULL};
	int code = run_failing(at, with, args, NULL, out, sizeof(out));
	if (code == 0 && !strstr(out, "{\"n\":77}"))
		bad("entry 77 is not found: %s", out);
	if (run(args, SLICE_NONE, out, sizeof(out)) != 0 || !strstr(out, "{\"n\":77}"))
		bad("entry 77 is not found afterwards: %s", out);
	check_ledger(CRASHED_SIGNED, true);
}

/* Nothing that was cosigned is forgotten: a witness whose disk fails says so, and goes on from what it has kept. */
static void case_witness(unsigned at, int with)
{
	char line[200], out[1000], state[500], key[500], vkey[500], policy[500];
	lay_out("signed");
	(void)snprintf(state, sizeof(state), "%s/witness", ledger);
	(void)snprintf(key, sizeof(key), "%s/w.key", base);
	(void)snprintf(vkey, sizeof(vkey), "%s/log.vkey", base);
	(void)snprintf(policy, sizeof(policy), "%s/policy", base);
	const char *const args[] = {"witness", "--key", key, "--log", vkey, state, NULL};
	struct started s = fail_start(args, at, with);
	int code = 0, cosigned = 0;
	if (ready(&s, line)) {
		const char *const ask[] = {"cosign", "--policy", policy, "--witness", line + 6, ledger, NULL};
		cosigned = run(ask, SLICE_NONE, out, sizeof(out)) == 0;
		/* A disk that has failed once works again. */
		if (!cosigned && run(ask, SLICE_NONE, out, sizeof(out)) != 0)
			bad("it does not cosign when the disk works again: %s", out);
		cosigned = 1;
		(void)kill(s.pid, SIGTERM);
	}
	code = end_within_time(&s);
	fail_end();
	check_words(code);
	s = start(args);
	if (!ready(&s, line))
		bad("it does not start again: %s", said());
	kill_started(&s);
	char name[64] = "", file[700];
	_cleanup_buf_ struct buf text = BUF(16384);
	(void)snprintf(file, sizeof(file), "%s/checkpoint.cosigned", ledger);
	if (cosigned && (path_read(AT_FDCWD, file, &text) < 0 || sscanf(buf_str(&text), "%*[^\n]\n%63[0-9]\n", name) != 1))
		bad("no cosigned checkpoint is there");
	check_ledger(CRASHED_SIGNED, true);
}

/* What one witness has cosigned is kept, or it is said that it is not; and it can be asked again. */
static void case_cosign(unsigned at, int with)
{
	char line[200], out[1000], state[500], key[500], vkey[500], policy[500], file[500];
	lay_out("signed");
	(void)snprintf(state, sizeof(state), "%s/elsewhere", base);
	(void)snprintf(key, sizeof(key), "%s/w.key", base);
	(void)snprintf(vkey, sizeof(vkey), "%s/log.vkey", base);
	(void)snprintf(policy, sizeof(policy), "%s/policy", base);
	(void)snprintf(file, sizeof(file), "%s/checkpoint.cosigned", ledger);
	struct started s = start((const char *const[]){"witness", "--key", key, "--log", vkey, state, NULL});
	if (!ready(&s, line))
		stop("witness: %s", said());
	const char *const args[] = {"cosign", "--policy", policy, "--witness", line + 6, ledger, NULL};
	int code = run_failing(at, with, args, NULL, out, sizeof(out));
	if (code == 0 && access(file, F_OK) != 0)
		bad("it says %s, and nothing is kept", out);
	if (run(args, SLICE_NONE, out, sizeof(out)) != 0 || access(file, F_OK) != 0)
		bad("it cannot be cosigned afterwards: %s%s", out, said());
	kill_started(&s);
	check_ledger(CRASHED_SIGNED, true);
}

static unsigned lines_in(const char *text)
{
	unsigned n = 0;
	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* Each entry is exported at least once, whatever becomes of the cursor. */
static void case_export(unsigned at, int with)
{
	static char first[1 << 20], then[1 << 20];
	char cursor[500];
	lay_out("signed");
	(void)snprintf(cursor, sizeof(cursor), "%s/cursor", top);
	(void)unlink(cursor);
	const char *const args[] = {"export", "--cursor", cursor, ledger, NULL};
	int code = run_failing(at, with, args, NULL, first, sizeof(first));
	if (code == 0 && lines_in(first) != CRASHED_SIGNED)
		bad("%u entries were exported", lines_in(first));
	if (run(args, SLICE_NONE, then, sizeof(then)) != 0)
		bad("nothing can be exported afterwards: %s", said());
	if (lines_in(first) + lines_in(then) < CRASHED_SIGNED || (code == 0 && then[0]))
		bad("%u entries were exported, and then %u", lines_in(first), lines_in(then));
	check_ledger(CRASHED_SIGNED, true);
}

static const struct {
	const char *name;
	void (*go)(unsigned at, int with);
} cases[] = {
        {"init", case_init},
        {"write", case_write},
        {"append", case_append},
        {"put", case_put},
        {"erase", case_erase},
        {"rebuild", case_rebuild},
        {"show", case_show},
        {"witness", case_witness},
        {"cosign", case_cosign},
        {"export", case_export},
};

/* -- what they begin with -- */

static void add(const char *name, uint64_t from, uint64_t to)
{
	struct ledger_client *c = NULL;
	struct err err = {0};
	struct ledger_client_options how = {.timeout_ms = 15000};
	uint64_t first;
	char path[900];
	(void)snprintf(path, sizeof(path), "%s/%s", base, name);
	int r = ledger_client_open(path, &how, &c, &err);
	for (uint64_t i = from; i < to && r == 0; i++) {
		char text[64];
		struct slice s = slice_of(text, make_text(text, i));
		r = ledger_client_append(c, &s, 1, &first, &err);
	}
	_cleanup_buf_ struct buf checkpoint = BUF(4096);
	if (r == 0 && to == CRASHED_SIGNED)
		r = ledger_client_checkpoint(c, &checkpoint, &err);
	if (r < 0)
		stop("%s", err.text);
	ledger_client_free(c);
}

static void prepare(void)
{
	char path[900], key[900], said_it[2000], line[200], entry[700];
	const struct {
		const char *name;
		bool killed;
	} logs[] = {{"signed", false}, {"crashed", true}, {"body", false}};
	(void)snprintf(key, sizeof(key), "%s/log.key", base);
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", base, logs[i].name);
		const char *const init[] = {"init", "--origin", "example.com/fail", "--key", key, path, NULL};
		if (run(init, SLICE_NONE, said_it, sizeof(said_it)) != 0)
			stop("init: %s", said());
		struct started s = start((const char *const[]){"write", path, NULL});
		if (!ready(&s, line))
			stop("write: %s", said());
		if (i < 2)
			add(logs[i].name, 0, CRASHED_SIGNED);
		if (logs[i].killed)
			add(logs[i].name, CRASHED_SIGNED, CRASHED);
		if (i == 2) {
			if (run((const char *const[]){"put", path, NULL}, SLICE("a body"), said_it, sizeof(said_it)) != 0)
				stop("put: %s", said());
			said_it[strcspn(said_it, "\n")] = 0;
			(void)snprintf(entry, sizeof(entry), "{\"unmapped\":{\"blobs\":[%.500s]}}\n", said_it);
			char id[500];
			(void)snprintf(id, sizeof(id), "%s/body.id", base);
			FILE *f = fopen(id, "w");
			if (!f || fprintf(f, "%.64s", strstr(said_it, "\"id\":\"") + 6) < 0 || fclose(f) != 0)
				stop("cannot write %s", id);
			if (run((const char *const[]){"append", path, NULL}, slice_str(entry), said_it, sizeof(said_it)) != 0)
				stop("append: %s", said());
		}
		if (!logs[i].killed)
			(void)kill(s.pid, SIGTERM);
		else
			(void)kill(s.pid, SIGKILL);
		(void)end_of(&s);
	}
}

/* How many calls further the next one is that fails. Recovery reads a segment block by block: of hundreds of the same call in a row it is
 * every few, if not all are wanted; of the others it is every fourth one on average, by chance (and each kind once: walk()). */
static unsigned step(bool in_a_row)
{
	if (thorough)
		return 1;
	return in_a_row ? 61 : 1 + (unsigned)rand_r(&chance) % 7;
}

/* Runs case `i` with call `at` failing: which one that was, -1: there are not so many. */
static int fail_one(size_t i, unsigned at, int with)
{
	unsigned before = wrong;
	cases[i].go(at, with);
	int what = atomic_load(&fail.hit);
	points += what >= 0;
	if (getenv("LEDGER_FAIL_TRACE"))
		(void)printf("%ld %s %u %s\n", (long)clock(), case_name, at, what >= 0 ? fail_calls[what].name : "-");
	if (what < 0 && wrong > before)
		stop("it is wrong also where nothing fails");
	return what;
}

/* Each call in turn, until there is none of that number; then one of each kind that chance has left out. */
static void walk(size_t i, int with)
{
	unsigned none = 0, same = 0;
	bool had[FAIL_CALLS] = {false};
	int last = -1, pread = 0;
	while (fail_calls[pread].nr != SYS_pread64)
		pread++;
	case_name = cases[i].name;
	memset(fail.where, 0, sizeof(fail.where));
	for (unsigned at = 1; none < 3; at += step(same > 8 && last == pread)) {
		int what = fail_one(i, at, with);
		same = what == last ? same + 1 : 0;
		last = what;
		none = what >= 0 ? 0 : none + 1;
		if (what >= 0)
			had[what] = true;
	}
	/* The order of calls varies a little from run to run. */
	for (size_t k = 0; k < FAIL_CALLS; k++) {
		for (int tries = 0; tries < 3 && !had[k] && fail.where[k]; tries++) {
			int what = fail_one(i, fail.where[k], with);
			if (what >= 0)
				had[what] = true;
		}
	}
}

int main(int argc, char **argv)
{
	if (argc < 3)
		stop("usage: ledger_fail POSTERN FOLDER [CASE]");
	postern = argv[1];
	(void)snprintf(base, sizeof(base), "%s/base", argv[2]);
	(void)snprintf(top, sizeof(top), "%s/run", argv[2]);
	(void)snprintf(ledger, sizeof(ledger), "%s/L", top);
	thorough = getenv("POSTERN_SUITE") && strcmp(getenv("POSTERN_SUITE"), "long") == 0;
	chance = (unsigned)strtoul(getenv("SEED") ? getenv("SEED") : "1", NULL, 10);
	(void)snprintf(said_file, sizeof(said_file), "%s/said", argv[2]);
	errors_to = said_file;
	fail.folder = top;
	(void)mkdir(top, 0700);
	(void)signal(SIGPIPE, SIG_IGN);
	struct started s = fail_start((const char *const[]){"keygen", NULL}, 0, EIO);
	if (s.pid == 0) {
		(void)puts("system calls cannot be listened to here");
		return 77;
	}
	(void)end_of(&s);
	fail_end();
	prepare();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (argc > 3 && strcmp(argv[3], cases[i].name) != 0)
			continue;
		unsigned before = points;
		walk(i, EIO);
		walk(i, ENOSPC);
		(void)printf("%s: %u\n", cases[i].name, points - before);
		(void)fflush(stdout);
	}
	for (size_t i = 0; i < FAIL_CALLS; i++)
		if (fail.counts[i][0] + fail.counts[i][1])
			(void)printf("  %s %u+%u\n", fail_calls[i].name, fail.counts[i][0], fail.counts[i][1]);
	(void)printf("%u calls failed, %u times it was told, %u wrong\n", points, refused, wrong);
	return wrong ? 1 : 0;
}
