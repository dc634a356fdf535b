#include "ledger/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "ledger/file.h"
#include "sys/path.h"

static void closedirp(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static int open_list(int dir, const char *path, DIR **out)
{
	int fd = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		int r = -errno;
		if (fd >= 0)
			(void)close(fd);
		return r;
	}
	*out = d;
	return 0;
}

static bool dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int must_be_empty(int dir, const char *shown, struct err *err)
{
	_cleanup_(closedirp) DIR *d = NULL;
	bool config = faccessat(dir, "config", F_OK, 0) == 0;
	int r = open_list(dir, ".", &d);
	if (r < 0)
		return err_sys(err, r, "cannot read the folder %s", shown);
	if (config)
		return err_set(err, -EEXIST, "%s is a ledger already; a log is never begun anew", shown);
	for (struct dirent *e; (r = path_next(d, &e)) == 1;)
		if (!dots(e->d_name))
			return err_set(err, -ENOTEMPTY, "%s is not empty; name a new or an empty folder", shown);
	return r < 0 ? err_sys(err, r, "cannot read the folder %s", shown) : 0;
}

/* An absolute path for config, which is read from any working folder. */
static int absolute(const char *path, char out[PATH_MAX], struct err *err)
{
	struct ledger_name shown = ledger_name(path);
	char *p = realpath(path, NULL);
	if (!p)
		return err_sys(err, -errno, "cannot find %s", shown.text);
	size_t n = strlen(p);
	int r = 0;
	if (n >= PATH_MAX || strchr(p, '\n'))
		r = err_set(err, -EINVAL, "the path %s cannot be kept in the ledger's config: it is too long, or holds a line break",
		        shown.text);
	else
		memcpy(out, p, n + 1);
	free(p);
	return r;
}

static int first_key(int dir, struct ledger_config *c, const struct store_key *key, struct ledger_signer *signer, struct err *err)
{
	struct slice name = slice_str(c->origin);
	int r = 0;
	if (key->agent) {
		c->place = LEDGER_KEY_AGENT;
		r = absolute(key->agent, c->path, err);
		r = r < 0 ? r : ledger_signer_agent(c->path, name, NULL, signer, err);
	} else if (key->file) {
		c->place = LEDGER_KEY_FILE;
		r = absolute(key->file, c->path, err);
		r = r < 0 ? r : ledger_signer_file(AT_FDCWD, c->path, name, signer, err);
	} else {
		_cleanup_buf_ struct buf text = BUF(4096);
		c->place = LEDGER_KEY_FOLDER;
		r = ledger_signer_new(name, signer);
		if (r < 0)
			return err_sys(err, r, "cannot make a key");
		ledger_key_write(&text, name, signer->seed);
		r = buf_error(&text);
		r = r < 0 ? r : file_replace(dir, "tmp/key", "key", ".", 0600, buf_slice(&text));
		if (text.p)
			explicit_bzero(text.p, text.n);
		if (r < 0)
			return err_sys(err, r, "cannot write the signing key");
	}
	if (r == 0)
		memcpy(c->public, signer->tlog.public, sizeof(c->public));
	return r;
}

int store_init(const char *path, const char *origin, const struct store_key *key, struct err *err)
{
	static const char *const folders[] = {"tmp", "journal", "tile", "tile/entries"};
	struct ledger_name shown = ledger_name(path);
	struct ledger_config c = {0};
	struct ledger_signer signer = {0};
	struct merkle_hash empty;
	_cleanup_buf_ struct buf text = BUF(16384);
	size_t n = strlen(origin);
	int64_t time = 0;
	if (!note_name_valid(slice_of(origin, n)) || n >= sizeof(c.origin))
		return err_set(err, -EINVAL,
		        "\"%s\" cannot be a log's name: at most %d bytes without spaces, plus signs and control characters, as in "
		        "example.com/ledger",
		        ledger_name(origin).text, NOTE_NAME_MAX);
	memcpy(c.origin, origin, n + 1);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_sys(err, -errno, "cannot make the folder %s", shown.text);
	_cleanup_fd_ int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = dir < 0 ? err_sys(err, -errno, "cannot open the folder %s", shown.text) : must_be_empty(dir, shown.text, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_LEN(folders) && r == 0; i++)
		r = file_folder(dir, folders[i], 0777);
	if (r < 0)
		return err_sys(err, r, "cannot make folders in %s", shown.text);
	r = first_key(dir, &c, key, &signer, err);
	merkle_empty(&empty);
	r = r < 0 ? r : ledger_checkpoint_write(dir, &signer.tlog, 0, &empty, &time, err);
	ledger_signer_close(&signer);
	if (r < 0)
		return r;
	/* config comes last: without it the folder is no ledger. */
	ledger_config_write(&c, &text);
	r = buf_error(&text);
	r = r < 0 ? r : file_sync_folder(dir, "tile");
	r = r < 0 ? r : file_replace(dir, "tmp/config", "config", ".", 0666, buf_slice(&text));
	r = r < 0 ? r : file_sync_folder(dir, "..");
	return r < 0 ? err_sys(err, r, "cannot write %s/config", shown.text) : 0;
}

int store_lock(int dir, const char *path, struct err *err)
{
	struct ledger_name shown = ledger_name(path);
	char text[64] = "";
	_cleanup_fd_ int fd = file_open(dir, "lock", O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		return err_set(err, fd, "cannot write to the ledger %s: %s%s", shown.text, strerror(-fd),
		        fd == -EROFS ? "; there it can be read and verified, and appended to when it is mounted for writing"
		        : fd == -EACCES
		                ? "; only who owns the folder, or a service that runs as its owner (\"postern log write\"), appends to it"
		                : "");
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return err_sys(err, -errno, "cannot lock the ledger %s", shown.text);
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		struct slice who = slice_trim(slice_of(text, n > 0 ? (size_t)n : 0));
		return err_set(err, -EBUSY,
		        "another process writes to the ledger %s (process %.*s); a ledger has one writer at a time, "
		        "and \"postern log append\" hands its entries to that one",
		        shown.text, SLICE_FMT(who));
	}
	(void)snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	int r = file_cut(fd, 0);
	r = r < 0 ? r : file_write_slice(fd, 0, slice_str(text));
	return r < 0 ? err_sys(err, r, "cannot write to the ledger %s", shown.text) : TAKE_FD(fd);
}

static int empty_tmp(int dir)
{
	_cleanup_(closedirp) DIR *d = NULL;
	int r = file_folder(dir, "tmp", 0777), more = 0;
	r = r < 0 ? r : file_folder(dir, "journal", 0777);
	r = r < 0 ? r : open_list(dir, "tmp", &d);
	for (struct dirent *e; r == 0 && (more = path_next(d, &e)) == 1;) {
		char path[300];
		if (dots(e->d_name))
			continue;
		(void)snprintf(path, sizeof(path), "tmp/%s", e->d_name);
		r = file_remove(dir, path);
	}
	return r < 0 ? r : more;
}

static int open_key(struct store *s, const struct store_key *key, struct err *err)
{
	const struct ledger_config *c = &s->config;
	struct slice name = slice_str(s->config.origin);
	const char *agent = key->agent ? key->agent : !key->file && c->place == LEDGER_KEY_AGENT ? c->path : NULL;
	int r;
	if (agent)
		r = ledger_signer_agent(agent, name, c->public, &s->signer, err);
	else if (key->file || c->place == LEDGER_KEY_FILE)
		r = ledger_signer_file(AT_FDCWD, key->file ? key->file : c->path, name, &s->signer, err);
	else
		r = ledger_signer_file(s->dir, "key", name, &s->signer, err);
	if (r == 0 && memcmp(s->signer.tlog.public, c->public, sizeof(c->public)) != 0)
		r = err_set(err, -EKEYREJECTED,
		        "the signing key is a foreign one: it does not belong to the verifier key in config; put back the right one, or "
		        "name it with --key");
	return r;
}

static void look_at_clock(struct store *s)
{
	time_t t = time(NULL);
	if (t < s->time)
		(void)snprintf(s->note, sizeof(s->note),
		        "the clock is %lld s behind the last checkpoint; entries keep their order, and checkpoints the later time; set it "
		        "right",
		        (long long)(s->time - t));
}

int store_recover(struct store *s, struct err *err); /* recover.c */

int store_open(int dir, const struct store_key *key, struct store *s, struct err *err)
{
	struct ledger_checkpoint c;
	_cleanup_buf_ struct buf text = BUF(16384);
	*s = (struct store){.dir = dir};
	int r = path_read(dir, "config", &text);
	r = r < 0 ? err_sys(err, r, "cannot read config") : ledger_config_parse(buf_slice(&text), &s->config, err);
	r = r < 0 ? r : open_key(s, key, err);
	if (r < 0)
		return r;
	struct note_vkey vkey = ledger_vkey(&s->config);
	r = ledger_checkpoint_read(dir, "checkpoint", &vkey, &c, err);
	if (r < 0)
		return r;
	buf_free(&c.note);
	s->signed_size = c.size;
	s->signed_root = c.root;
	s->time = c.time;
	look_at_clock(s);
	r = empty_tmp(dir);
	r = r < 0 ? err_sys(err, r, "cannot write to the ledger") : store_recover(s, err);
	if (r < 0)
		return r;
	r = journal_clear(dir);
	r = r < 0 ? r : journal_new(dir, tiles_size(s->tiles), &s->journal);
	return r < 0 ? err_sys(err, r, "cannot make the journal") : 0;
}

void store_close(struct store *s)
{
	tiles_free(s->tiles);
	journal_free(s->journal);
	ledger_signer_close(&s->signer);
	s->tiles = NULL;
	s->journal = NULL;
}

int store_take(struct store *s, const struct journal_record *r, struct err *err)
{
	if (r->first != tiles_size(s->tiles))
		return err_set(err, -EINVAL, "the journal goes on at entry %llu, not at %llu", (unsigned long long)r->first,
		        (unsigned long long)tiles_size(s->tiles));
	int e = tiles_add(s->tiles, r->count, r->hashes.p, r->entries);
	return e < 0 ? err_sys(err, e, "cannot write tiles") : 0;
}

int store_publish(struct store *s, struct err *err)
{
	uint64_t size = tiles_size(s->tiles);
	struct merkle_hash root;
	tiles_top(s->tiles, &root);
	/* What was signed once is never taken back, and never said otherwise. */
	if (size < s->signed_size || (size == s->signed_size && memcmp(&root, &s->signed_root, sizeof(root)) != 0))
		return err_set(err, -EBADMSG, "a checkpoint of %llu entries is signed already", (unsigned long long)s->signed_size);
	if (size == s->signed_size)
		return 0;
	int r = tiles_publish(s->tiles);
	if (r < 0)
		return err_sys(err, r, "cannot write tiles");
	r = ledger_checkpoint_write(s->dir, &s->signer.tlog, size, &root, &s->time, err);
	if (r < 0)
		return r;
	s->signed_size = size;
	s->signed_root = root;
	look_at_clock(s);
	r = tiles_tidy(s->tiles);
	r = r < 0 || !s->journal ? r : journal_release(s->journal, size);
	return r < 0 ? err_sys(err, r, "cannot tidy up") : 0;
}

int store_end(struct store *s, struct err *err)
{
	int r = store_publish(s, err);
	if (r < 0)
		return r;
	journal_free(s->journal);
	s->journal = NULL;
	r = journal_clear(s->dir);
	return r < 0 ? err_sys(err, r, "cannot remove the journal") : 0;
}
