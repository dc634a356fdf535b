/* Takes the power away from a ledger on an ext4 file system, over and over, while real processes write to it:
 *
 *	ledger_power POSTERN FOLDER SECONDS SEED [PRELOAD]
 *
 * FOLDER holds log.key, log.vkey, w.key, policy. What producers were told is noted in memory, which no loss of power reaches. After each
 * loss the disk is mounted again, and all that was promised is asked for. PRELOAD: a library for the processes that sync. The last line
 * is "N crash points, N acknowledged, N lost, N wrong"; code 1 if anything was lost or wrong, 2 if it could not be tried (77: not here). */
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>

#include "ledger/blob.h"
#include "ledger/client.h"
#include "ledger/config.h"
#include "ledger/entries.h"
#include "ledger/verify.h"
#include "ledger_disk_ext4.h"
#include "ledger_run.h"
#include "sys/path.h"

#define PRODUCERS 4 /* the last is `postern log append` */
#define ACKS      20000
#define NOTES     2000
#define BLOBS     2000
#define ENTRIES   300000
#define ENOUGH    12000 /* entries of a series; then a new file system is made */
#define ROUNDS    16    /* of a series */

/* What was promised. Each part has one process that writes it, an element first and then the number of elements. */
struct ack {
	uint64_t first;
	uint32_t count, number; /* of the first entry, as its producer counts */
};
struct producer_notes {
	atomic_uint n;
	struct ack ack[ACKS];
	char error[700]; /* why it ended */
};
struct checkpoint_note {
	bool told; /* by the writer; else only seen in the folder */
	size_t n;
	char text[700];
};
enum blob_state { BLOB_NONE, BLOB_KEPT, BLOB_ERASING, BLOB_ERASED };
struct blob_note {
	char id[BLOB_ID + 1];
	atomic_int state;
};
struct notes {
	struct producer_notes producer[PRODUCERS];
	atomic_uint n_checkpoints;
	struct checkpoint_note checkpoint[NOTES];
	atomic_uint n_blobs;
	struct blob_note blob[BLOBS];
	atomic_ullong cosigned;
};
static struct notes *notes;

static const char *preload, *folder;
static struct ext4 disk;
static char ledger[320], witness_state[320], url[200];
static char errors[320]; /* what the writer says, of which only a failure tells */
static unsigned series, round_of_series, points, lost, wrong;
static uint64_t acknowledged, size_of_series;
static unsigned bodies, checkpoints, cosigned;

static uint64_t seed;
static uint32_t chance(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16) % below;
}

static void bad(unsigned *counter, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void bad(unsigned *counter, const char *fmt, ...)
{
	va_list ap;
	++*counter;
	(void)printf("%s: series %u, round %u: ", counter == &lost ? "lost" : "wrong", series, round_of_series);
	va_start(ap, fmt);
	(void)vprintf(fmt, ap);
	va_end(ap);
	(void)puts("");
	(void)fflush(stdout);
}

/* Entry `number` of a producer: canonical, of one size or another. */
static size_t make_text(char out[4096], unsigned producer, uint32_t number)
{
	uint32_t mixed = (number * 2654435761u) ^ (producer * 40503u);
	unsigned pad = mixed % 16 == 0 ? mixed / 16 % 3500 : mixed / 16 % 60;
	int n = snprintf(out, 4096, "{\"n\":%u,\"p\":%u,\"s\":%u,\"x\":\"%0*u\"}", number, producer, series, (int)pad, 0);
	return (size_t)n;
}

static void with_preload(void)
{
	if (preload)
		(void)setenv("LD_PRELOAD", preload, 1);
}

/* -- those that write, each in a process of its own -- */

static struct ledger_client *connect_to_writer(char error[700])
{
	struct ledger_client *c = NULL;
	struct err err = {0};
	struct ledger_client_options how = {.timeout_ms = 20000};
	if (ledger_client_open(ledger, &how, &c, &err) < 0) {
		(void)snprintf(error, 700, "%s", err.text);
		_exit(1);
	}
	return c;
}

static void note_ack(struct producer_notes *p, uint64_t first, uint32_t count, uint32_t number)
{
	unsigned n = atomic_load(&p->n);
	if (n == ACKS)
		_exit(0);
	p->ack[n] = (struct ack){first, count, number};
	atomic_store(&p->n, n + 1);
}

static uint32_t next_number(const struct producer_notes *p)
{
	/* Numbers that were sent and not acknowledged may be sent again: the text is the same. */
	unsigned n = atomic_load(&p->n);
	return n ? p->ack[n - 1].number + p->ack[n - 1].count : 0;
}

static void produce(unsigned which)
{
	struct producer_notes *p = &notes->producer[which];
	struct ledger_client *c = connect_to_writer(p->error);
	for (uint32_t number = next_number(p);;) {
		static char text[8][4096];
		struct slice entry[8];
		struct err err = {0};
		uint64_t first;
		uint32_t n = 1 + chance(which == 0 ? 1 : 8);
		for (uint32_t i = 0; i < n; i++)
			entry[i] = slice_of(text[i], make_text(text[i], which, number + i));
		if (ledger_client_append(c, entry, n, &first, &err) < 0) {
			(void)snprintf(p->error, sizeof(p->error), "%s", err.text);
			_exit(1);
		}
		note_ack(p, first, n, number);
		number += n;
	}
}

static void produce_with_append(unsigned which)
{
	static const char *const args[] = {"append", "--format", "json", ledger, NULL};
	struct producer_notes *p = &notes->producer[which];
	for (uint32_t number = next_number(p);;) {
		_cleanup_buf_ struct buf lines = BUF(60000);
		char said[300], text[4096];
		unsigned long long n, first, last;
		for (uint32_t i = 0; i < 10; i++) {
			buf_add(&lines, slice_of(text, make_text(text, which, number + i)));
			buf_u8(&lines, '\n');
		}
		if (run(args, buf_slice(&lines), said, sizeof(said)) != 0 ||
		        sscanf(said, "{\"appended\":%llu,\"first\":%llu,\"last\":%llu", &n, &first, &last) != 3 || n != 10)
			_exit(1);
		/* One request, so without a gap. */
		note_ack(p, first, 10, number);
		number += 10;
	}
}

static void note_checkpoint(struct slice text, bool told)
{
	unsigned n = atomic_load(&notes->n_checkpoints);
	struct checkpoint_note *c = &notes->checkpoint[n];
	if (n == NOTES || text.n > sizeof(c->text))
		_exit(0);
	c->told = told;
	c->n = text.n;
	memcpy(c->text, text.p, text.n);
	atomic_store(&notes->n_checkpoints, n + 1);
}

static void ask_for_checkpoints(unsigned which)
{
	char error[700];
	struct ledger_client *c = connect_to_writer(error);
	_cleanup_fd_ int dir = open(ledger, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)which;
	for (;;) {
		_cleanup_buf_ struct buf told = BUF(4096), seen = BUF(4096);
		struct err err = {0};
		rest_us(chance(8000));
		if (path_read(dir, "checkpoint", &seen) == 0)
			note_checkpoint(buf_slice(&seen), false);
		rest_us(chance(8000));
		if (ledger_client_checkpoint(c, &told, &err) < 0)
			_exit(1);
		note_checkpoint(buf_slice(&told), true);
	}
}

static void body_of(unsigned n, char out[64])
{
	(void)snprintf(out, 64, "body %u of series %u", n, series);
}

static void keep_blobs(unsigned which)
{
	static const char *const put[] = {"put", ledger, NULL};
	char error[700];
	struct ledger_client *c = connect_to_writer(error);
	(void)which;
	for (unsigned n; (n = atomic_load(&notes->n_blobs)) < BLOBS;) {
		struct blob_note *b = &notes->blob[n];
		char said[400], body[64], entry[500], index[30];
		struct err err = {0};
		uint64_t at;
		body_of(n, body);
		if (run(put, slice_str(body), said, sizeof(said)) != 0)
			_exit(1);
		if (sscanf(said, "{\"id\":\"%64[0-9a-f]\"", b->id) != 1)
			_exit(1);
		atomic_store(&b->state, BLOB_KEPT);
		atomic_store(&notes->n_blobs, n + 1);
		if (n % 3 != 2)
			continue;
		said[strcspn(said, "\n")] = 0;
		(void)snprintf(entry, sizeof(entry), "{\"unmapped\":{\"blobs\":[%s]}}", said);
		struct slice s = slice_str(entry);
		if (ledger_client_append(c, &s, 1, &at, &err) < 0)
			_exit(1);
		(void)snprintf(index, sizeof(index), "%llu", (unsigned long long)at);
		const char *const erase[] = {"erase", ledger, index, NULL};
		atomic_store(&b->state, BLOB_ERASING);
		if (run(erase, SLICE_NONE, said, sizeof(said)) != 0)
			_exit(1);
		atomic_store(&b->state, BLOB_ERASED);
	}
	_exit(0);
}

/* The size in a checkpoint's second line; 0 if there is none. */
static uint64_t size_in(const char *path)
{
	_cleanup_buf_ struct buf text = BUF(16384);
	unsigned long long size = 0;
	if (path_read(AT_FDCWD, path, &text) < 0 || sscanf(buf_str(&text), "%*[^\n]\n%llu\n", &size) != 1)
		return 0;
	return size;
}

static void get_cosigned(unsigned which)
{
	char policy[320], file[340], said[400];
	(void)which;
	(void)snprintf(policy, sizeof(policy), "%s/policy", folder);
	(void)snprintf(file, sizeof(file), "%s/checkpoint.cosigned", ledger);
	const char *const args[] = {"cosign", "--policy", policy, "--witness", url, ledger, NULL};
	while (url[0]) {
		if (run(args, SLICE_NONE, said, sizeof(said)) == 0)
			atomic_store(&notes->cosigned, size_in(file));
		rest_us(chance(10000));
	}
	_exit(0);
}

static void (*const roles[])(unsigned) = {produce, produce, produce, produce_with_append, ask_for_checkpoints, keep_blobs, get_cosigned};
#define ROLES (sizeof(roles) / sizeof(roles[0]))

/* -- what must hold -- */

struct opened {
	int dir;
	struct ledger_config config;
	struct note_vkey key;
};

/* false: nothing is left that could be looked at. */
static bool open_ledger(struct opened *o)
{
	struct err err = {0};
	if (ledger_open(ledger, &o->dir, &o->config, &err) < 0) {
		bad(&wrong, "%s", err.text);
		return false;
	}
	o->key = ledger_vkey(&o->config);
	return true;
}

/* The log is good, and that checkpoint (if there is one) of its beginning. Its size, or 0. */
static uint64_t verify(const struct opened *o, const struct checkpoint_note *c, const char *when)
{
	struct verify_options how = {.key = &o->key};
	struct verify_result v = {0};
	struct err err = {0};
	if (c)
		how.other = slice_of(c->text, c->n);
	if (ledger_verify(o->dir, &how, &v, &err) < 0)
		bad(&wrong, "%s: %s", when, err.text);
	else if (v.fault != VERIFY_GOOD)
		bad(&wrong, "%s: %s: %s", when, verify_word(v.fault), v.text);
	else
		return v.size;
	return 0;
}

/* The last that was told, or only seen; or NULL. */
static const struct checkpoint_note *last_checkpoint(bool told)
{
	for (unsigned n = atomic_load(&notes->n_checkpoints); n--;)
		if (notes->checkpoint[n].told == told)
			return &notes->checkpoint[n];
	return NULL;
}

/* Every entry that was acknowledged is in its place. */
static void check_entries(const struct opened *o, uint64_t size)
{
	static struct {
		uint32_t number;
		uint8_t producer, set;
	} want[ENTRIES];
	struct entries *e;
	struct err err = {0};
	char text[4096];
	uint64_t end = 0;
	memset(want, 0, sizeof(want));
	acknowledged = 0;
	for (unsigned p = 0; p < PRODUCERS; p++) {
		for (unsigned i = 0; i < atomic_load(&notes->producer[p].n); i++) {
			const struct ack *a = &notes->producer[p].ack[i];
			for (uint32_t k = 0; k < a->count && a->first + k < ENTRIES; k++) {
				if (want[a->first + k].set)
					return bad(&wrong, "entry %llu was acknowledged twice", (unsigned long long)a->first + k);
				want[a->first + k].set = 1;
				want[a->first + k].producer = (uint8_t)p;
				want[a->first + k].number = a->number + k;
			}
			acknowledged += a->count;
			end = a->first + a->count > end ? a->first + a->count : end;
		}
	}
	if (end > size)
		return bad(
		        &lost, "entry %llu was acknowledged, and the log has %llu", (unsigned long long)end - 1, (unsigned long long)size);
	if (entries_new(o->dir, size, &e) < 0)
		return bad(&wrong, "no entries");
	for (uint64_t i = 0; i < end && i < ENTRIES; i++) {
		struct slice have;
		if (!want[i].set)
			continue;
		if (entries_get(e, i, &have, &err) < 0) {
			bad(&lost, "%s", err.text);
			break;
		}
		if (!slice_eq(have, slice_of(text, make_text(text, want[i].producer, want[i].number)))) {
			bad(&lost, "entry %llu is another than the one that was acknowledged", (unsigned long long)i);
			break;
		}
	}
	entries_free(e);
}

static int collect(void *arg, struct slice piece)
{
	buf_add(arg, piece);
	return 0;
}

static void check_blobs(const struct opened *o)
{
	unsigned n = atomic_load(&notes->n_blobs);
	for (unsigned i = 0; i < n; i++) {
		struct blob_note *b = &notes->blob[i];
		_cleanup_buf_ struct buf have = BUF(4096);
		struct err err = {0};
		char body[64];
		int state = atomic_load(&b->state);
		int r = blob_read(o->dir, b->id, collect, &have, &err);
		body_of(i, body);
		if (state == BLOB_KEPT && r < 0)
			bad(&lost, "body %u: %s", i, err.text);
		else if (state == BLOB_KEPT && !slice_eq(buf_slice(&have), slice_str(body)))
			bad(&lost, "body %u is another", i);
		else if (state == BLOB_ERASED && r == 0)
			bad(&wrong, "body %u was erased, and can be read", i);
		/* Half erased: it is brought to its end. */
		if (state == BLOB_ERASING) {
			const char *const resume[] = {"erase", ledger, NULL};
			char said[400];
			if (run(resume, SLICE_NONE, said, sizeof(said)) != 0)
				bad(&wrong, "an erasure cannot be resumed: %s", said);
			atomic_store(&b->state, blob_there(o->dir, b->id) > 0 ? BLOB_KEPT : BLOB_ERASED);
		}
	}
}

static void check_cosigned(void)
{
	char file[700];
	uint64_t promised = atomic_load(&notes->cosigned);
	if (promised == 0)
		return;
	(void)snprintf(file, sizeof(file), "%s/checkpoint.cosigned", ledger);
	if (size_in(file) < promised)
		bad(&lost, "the cosigned checkpoint of %llu entries is gone", (unsigned long long)promised);
	/* The one file of the witness. */
	(void)snprintf(file, sizeof(file), "%s/origin", folder);
	_cleanup_buf_ struct buf name = BUF(200);
	if (path_read(AT_FDCWD, file, &name) < 0)
		stop("%s is missing", file);
	(void)snprintf(file, sizeof(file), "%s/%.*s", witness_state, SLICE_FMT(slice_trim(buf_slice(&name))));
	if (size_in(file) < promised)
		bad(&lost, "the witness has forgotten that it cosigned %llu entries", (unsigned long long)promised);
}

/* As people ask. */
static void check_with_the_program(void)
{
	char file[340], vkey[340], said[800];
	const struct checkpoint_note *c = last_checkpoint(true);
	if (!c)
		return;
	(void)snprintf(file, sizeof(file), "%s/kept", folder);
	(void)snprintf(vkey, sizeof(vkey), "%s/log.vkey", folder);
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, c->text, c->n) != (ssize_t)c->n)
		stop("cannot write %s", file);
	(void)close(fd);
	const char *const args[] = {"verify", "--key", vkey, "--checkpoint", file, ledger, NULL};
	if (run(args, SLICE_NONE, said, sizeof(said)) != 0)
		bad(&wrong, "log verify: %s", said);
}

/* -- a round -- */

/* A series has one. */
static const char *const mount_options[] = {"data=ordered", "data=ordered,nodelalloc", "data=writeback", "data=ordered,commit=1"};

static void begin_series(void)
{
	char key[340], said[400];
	series++;
	round_of_series = 0;
	size_of_series = 0;
	memset(notes, 0, sizeof(*notes));
	int r = ext4_make(&disk, folder);
	if (r < 0)
		stop("mkfs.ext4: %s", strerror(-r));
	r = ext4_mount(&disk, mount_options[series % ARRAY_LEN(mount_options)]);
	if (r < 0 && series == 1) {
		(void)printf("no ext4 can be mounted on a loop device here: %s\n", strerror(-r));
		exit(77);
	}
	if (r < 0)
		stop("it cannot be mounted: %s", strerror(-r));
	(void)snprintf(key, sizeof(key), "%s/log.key", folder);
	const char *const args[] = {"init", "--origin", "example.org/power", "--key", key, ledger, NULL};
	if (run(args, SLICE_NONE, said, sizeof(said)) != 0)
		stop("init: %s", said);
	/* The beginning is there also for who does not sync. */
	sync();
	r = ext4_unmount(&disk);
	if (r < 0)
		stop("cannot unmount: %s", strerror(-r));
}

/* What has been promised so far. */
struct done {
	unsigned acks, bodies;
	uint64_t cosigned;
};

static struct done done_now(void)
{
	struct done d = {.bodies = atomic_load(&notes->n_blobs), .cosigned = atomic_load(&notes->cosigned)};
	for (unsigned i = 0; i < PRODUCERS; i++)
		d.acks += atomic_load(&notes->producer[i].n);
	return d;
}

/* Of one kind: an entry, a cosignature (where a witness runs), a body. */
static void wait_for_more(const struct done *before, unsigned kind)
{
	for (int i = 0; i < 3000; i++) {
		struct done d = done_now();
		if (kind == 0 ? d.acks > before->acks : kind == 1 ? d.cosigned > before->cosigned || !url[0] : d.bodies > before->bodies)
			return;
		rest_us(1000);
	}
}

/* The load, until the power goes. Some rounds let the producers see it: they must be told, and soon. */
static void load(struct started *writer)
{
	pid_t worker[ROLES];
	bool look = chance(8) == 0;
	struct done before = done_now();
	for (unsigned i = 0; i < PRODUCERS; i++)
		notes->producer[i].error[0] = 0;
	for (unsigned i = 0; i < ROLES; i++) {
		uint64_t own = seed + i * 7919;
		(void)chance(2);
		worker[i] = fork();
		if (worker[i] == 0) {
			(void)setpgid(0, 0);
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			(void)signal(SIGPIPE, SIG_IGN);
			seed = own;
			roles[i](i);
			_exit(0);
		}
		(void)setpgid(worker[i], worker[i]);
	}
	/* On a busy machine it takes a while until anything is under way: most rounds wait for something to lose. */
	if (chance(4))
		wait_for_more(&before, round_of_series % 3);
	rest_us((long)chance(chance(4) ? 60000 : 250000));
	int r = ext4_power_off(&disk);
	if (r < 0)
		stop("the file system cannot be shut down: %s", strerror(-r));
	points++;
	for (unsigned i = 0; look && !preload && i < PRODUCERS - 1; i++) {
		int status = 0, waited = 0;
		while (waitpid(worker[i], &status, WNOHANG) == 0 && waited++ < 5000)
			rest_us(1000);
		if (waited >= 5000)
			bad(&wrong, "producer %u waits for ever for a disk that has gone", i);
		else if (notes->producer[i].error[0] == 0)
			bad(&wrong, "producer %u ended without a word", i);
		else
			worker[i] = 0;
	}
	for (unsigned i = 0; i < ROLES; i++)
		if (worker[i])
			(void)kill(-worker[i], SIGKILL);
	kill_started(writer);
	for (unsigned i = 0; i < ROLES; i++)
		if (worker[i])
			(void)waitpid(worker[i], NULL, 0);
}

/* After the loss: what readers see, what a writer makes of it, and whether every promise was kept. */
static uint64_t check(const struct opened *o, struct started *writer, bool last, bool *on)
{
	char line[200];
	const struct checkpoint_note *told = last_checkpoint(true), *seen = last_checkpoint(false);
	uint64_t size = 0;
	if (verify(o, told, "before a writer") == 0 && told && !preload)
		return 0;
	(void)unlink(errors);
	*writer = start((const char *const[]){"write", ledger, NULL});
	/* Recovery may lose its power, too. */
	if (!last && chance(6) == 0) {
		rest_us((long)chance(25000));
		*on = false;
		return 0;
	}
	if (!ready(writer, line)) {
		siginfo_t ended = {0};
		(void)waitid(P_PID, (id_t)writer->pid, &ended, WEXITED | WNOHANG | WNOWAIT);
		_cleanup_buf_ struct buf said = BUF(4096);
		(void)path_read(AT_FDCWD, errors, &said);
		bad(&wrong, "the writer %s: %s", ended.si_pid ? "ends" : "does not get ready", buf_str(&said));
		return 0;
	}
	size = verify(o, told, "after recovery");
	if (seen)
		(void)verify(o, seen, "a checkpoint that was seen");
	unsigned n = atomic_load(&notes->n_checkpoints);
	if (n)
		(void)verify(o, &notes->checkpoint[chance(n)], "an older checkpoint");
	check_entries(o, size);
	check_blobs(o);
	check_cosigned();
	if (points % 10 == 0)
		check_with_the_program();
	return size;
}

static void start_witness(struct started *w)
{
	char key[340], vkey[340], line[200];
	(void)snprintf(key, sizeof(key), "%s/w.key", folder);
	(void)snprintf(vkey, sizeof(vkey), "%s/log.vkey", folder);
	*w = start((const char *const[]){"witness", "--key", key, "--log", vkey, witness_state, NULL});
	if (!ready(w, line))
		bad(&wrong, "the witness does not start");
	(void)snprintf(url, sizeof(url), "%s", strncmp(line, "ready ", 6) == 0 ? line + 6 : "");
}

/* Who finds no writer starts one, in a session of its own: such a one may only now be on its way, and would be the writer of the disk that
 * is mounted next, where ours finds it. They became children of this process as theirs were killed. */
static void end_strays(void)
{
	char path[64];
	int status;
	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	do {
		_cleanup_buf_ struct buf list = BUF(65536);
		if (path_read(AT_FDCWD, path, &list) == 0)
			for (char *at = (char *)(uintptr_t)buf_str(&list), *end; *at; at = end + (*end == ' ')) {
				long pid = strtol(at, &end, 10);
				if (pid <= 0 || end == at)
					break;
				(void)kill((pid_t)pid, SIGKILL);
			}
		/* One that was killed may have had a child. */
	} while (waitpid(-1, &status, 0) > 0 || errno == EINTR);
}

/* Check, load, loss. The last of a series only checks what the one before has left. False: something was not as it should be. */
static bool one_round(bool last)
{
	struct started writer = {.in = -1, .out = -1}, witness = writer;
	struct opened o = {.dir = -1};
	unsigned before = lost + wrong;
	bool on = !last;
	round_of_series++;
	int r = ext4_mount(&disk, mount_options[series % ARRAY_LEN(mount_options)]);
	if (r < 0)
		stop("it cannot be mounted again: %s", strerror(-r));
	if (open_ledger(&o))
		size_of_series = check(&o, &writer, last, &on);
	fd_closep(&o.dir);
	bool good = lost + wrong == before;
	url[0] = 0;
	if (good && on) {
		if (round_of_series % 3 == 1)
			start_witness(&witness);
		load(&writer);
	} else {
		r = ext4_power_off(&disk);
		if (r < 0)
			stop("the file system cannot be shut down: %s", strerror(-r));
		points++;
		kill_started(&writer);
	}
	kill_started(&witness);
	end_strays();
	r = ext4_unmount(&disk);
	if (r < 0)
		stop("cannot unmount: %s", strerror(-r));
	return good;
}

int main(int argc, char **argv)
{
	if (argc < 5)
		stop("usage: ledger_power POSTERN FOLDER SECONDS SEED [PRELOAD]");
	postern = argv[1];
	folder = argv[2];
	time_t end = time(NULL) + strtol(argv[3], NULL, 10);
	seed = strtoull(argv[4], NULL, 10) * 0x9e3779b97f4a7c15u + 88172645463325252u;
	preload = argc > 5 ? argv[5] : NULL;
	before_exec = with_preload;
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	notes = mmap(NULL, sizeof(*notes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int r = notes == MAP_FAILED ? -errno : ext4_begin();
	if (r < 0) {
		(void)printf("mount namespaces need root: %s\n", strerror(-r));
		return 77;
	}
	(void)snprintf(errors, sizeof(errors), "%s/errors", folder);
	errors_to = errors;
	(void)snprintf(ledger, sizeof(ledger), "%s/mnt/L", folder);
	(void)snprintf(witness_state, sizeof(witness_state), "%s/mnt/W", folder);
	uint64_t all = 0;
	do {
		begin_series();
		bool last = false;
		while (one_round(last) && !last)
			last = round_of_series == ROUNDS || size_of_series > ENOUGH || time(NULL) >= end;
		all += acknowledged;
		acknowledged = 0;
		bodies += atomic_load(&notes->n_blobs);
		checkpoints += atomic_load(&notes->n_checkpoints);
		cosigned += atomic_load(&notes->cosigned) != 0;
		/* The control needs no more than a few. */
	} while (time(NULL) < end && (preload ? lost < 3 : lost + wrong == 0));
	(void)printf("%u bodies, %u checkpoints, %u of %u logs cosigned\n", bodies, checkpoints, cosigned, series);
	(void)printf("%u crash points, %llu acknowledged, %u lost, %u wrong\n", points, (unsigned long long)all, lost, wrong);
	return lost || wrong ? 1 : 0;
}
