#include "ledger/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "ledger/config.h"
#include "ledger/file.h"
#include "sys/path.h"

int ledger_checkpoint_parse(
        struct slice text, const char *what, const struct note_vkey *key, struct ledger_checkpoint *out, struct err *err)
{
	struct note note = {.signature = calloc(NOTE_SIGNATURES, sizeof(struct note_signature))};
	struct tlog_checkpoint c;
	struct ledger_checkpoint done = {.note = BUF(NOTE_MAX)};
	int r = note.signature ? tlog_checkpoint_open(text, key, &note, &c, err) : err_sys(err, -ENOMEM, "cannot read it");
	free(note.signature);
	if (r < 0)
		return err_wrap(err, r, "%s", what);
	done.size = c.size;
	memcpy(done.root.b, c.root, sizeof(done.root.b));
	buf_add(&done.note, text);
	if (buf_error(&done.note)) {
		r = buf_error(&done.note);
		buf_free(&done.note);
		return err_sys(err, r, "%s", what);
	}
	*out = done;
	return 0;
}

int ledger_checkpoint_read(int dir, const char *path, const struct note_vkey *key, struct ledger_checkpoint *out, struct err *err)
{
	struct ledger_name name = ledger_name(path);
	_cleanup_buf_ struct buf text = BUF(NOTE_MAX);
	struct stat st;
	int r = path_read(dir, path, &text);
	if (r == -EFBIG)
		return err_set(err, -EBADMSG, "%s: it is larger than a checkpoint can be", name.text);
	if (r < 0)
		return err_sys(err, r, "cannot read the checkpoint %s", name.text);
	r = ledger_checkpoint_parse(buf_slice(&text), name.text, key, out, err);
	if (r == 0)
		out->time = fstatat(dir, path, &st, 0) == 0 ? st.st_mtime : 0;
	return r;
}

static int64_t now(void)
{
	struct timespec t = {0};
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

int ledger_checkpoint_write(
        int dir, const struct tlog_signer *signer, uint64_t size, const struct merkle_hash *root, int64_t *time, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(NOTE_MAX), note = BUF(NOTE_MAX);
	int64_t t = now();
	bool back = t < *time;
	tlog_checkpoint_add(&text, signer->name, size, root->b);
	int r = buf_error(&text);
	r = r < 0 ? r : tlog_note_sign(signer, buf_slice(&text), &note);
	if (r < 0) {
		(void)err_sys(err, r, "cannot sign a checkpoint");
		return -ENOKEY;
	}
	int fd = file_open(dir, "tmp/checkpoint", O_WRONLY | O_CREAT | O_TRUNC, 0666);
	r = fd < 0 ? fd : file_write_slice(fd, 0, buf_slice(&note));
	r = r < 0 || !back ? r : file_stamp(fd, *time);
	r = r < 0 ? r : file_sync(fd);
	file_close(&fd);
	r = r < 0 ? r : file_rename(dir, "tmp/checkpoint", "checkpoint");
	r = r < 0 ? r : file_sync_folder(dir, ".");
	if (r < 0)
		return err_sys(err, r, "cannot write the checkpoint");
	*time = back ? *time : t;
	return 0;
}
