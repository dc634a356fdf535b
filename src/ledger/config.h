/* config: the folder of a ledger and what says which log it is.
 *
 *	config          format version, origin, verifier key, where the signing key is; written once
 *	key             the signing key, mode 0600, as golang.org/x/mod/sumdb/note writes it; not there if it is kept elsewhere
 *	checkpoint      the latest signed checkpoint (C2SP tlog-checkpoint); checkpoint.cosigned: the last that witnesses cosigned
 *	tile/…          the tree and the entries (C2SP tlog-tiles)
 *	blobs/, keys/   bodies that entries name, encrypted, and the keys that open them (ledger/blob.h); may be missing
 *	journal/        entries that are on disk but not yet covered by tiles and checkpoint (ledger/journal.h)
 *	tmp/            files that are being written
 *	lock, socket    of the writer that runs
 *	index.sqlite    for searching; can be made again at any time
 *
 * All but the last five are for ever, and what a reader needs. */
#ifndef POSTERN_LEDGER_CONFIG_H
#define POSTERN_LEDGER_CONFIG_H

#include <limits.h>

#include "base/err.h"
#include "crypto/tlog.h"

#define LEDGER_FORMAT 1

enum ledger_key_place {
	LEDGER_KEY_FOLDER, /* the file `key` in the folder */
	LEDGER_KEY_FILE,   /* a file elsewhere */
	LEDGER_KEY_AGENT,  /* a socket that speaks the protocol of ssh-agent */
};

struct ledger_config {
	char origin[NOTE_NAME_MAX + 1];
	uint8_t public[ED25519_PUBLIC];
	enum ledger_key_place place;
	char path[PATH_MAX]; /* of the key file or socket elsewhere, absolute */
};

/* A ledger's folder, opened. dir is the caller's to close. -ENOENT, -ENOTDIR; -ENOMSG: there is no ledger; -EPROTONOSUPPORT: another format
 * version; -EBADMSG: the file config is damaged; each with a sentence that names the folder. */
[[nodiscard]] int ledger_open(const char *path, int *dir, struct ledger_config *config, struct err *err);
/* The verifier key as it stands in config; name lies in *config. */
struct note_vkey ledger_vkey(const struct ledger_config *config);

/* The text of the file config, appended; and back. */
void ledger_config_write(const struct ledger_config *config, struct buf *out);
[[nodiscard]] int ledger_config_parse(struct slice in, struct ledger_config *out, struct err *err);

/* A path for a message: control characters and what is no UTF-8 as \xXX, cut at 200 bytes. */
struct ledger_name {
	char text[256];
};
struct ledger_name ledger_name(const char *path);

#endif
