/* seen: what a tool was seen to do inside a trial, as records: programs run, files opened and written, listeners, processes left. The
 * trial's first process (confine/observe.h) sends them over a socket when the tool has ended; struct trial_result keeps them. Framing and
 * numbers are ours; paths, arguments and answers are the tool's, and hostile. */
#ifndef POSTERN_CONFINE_SEEN_H
#define POSTERN_CONFINE_SEEN_H

#include "base/buf.h"

enum seen_kind {
	SEEN_EXEC = 1, /* a program was run: path (links resolved), text: its arguments, each with a NUL; sha256 if `digest` */
	SEEN_OPEN, /* a file or folder that was there before was opened, or one was made or removed in a folder that was there: path, flags
	            */
	SEEN_FILE, /* at the end: a file, folder, link or socket that was made or changed since the tool's start: path, mode, size, found */
	SEEN_LISTEN,  /* a listening socket: path is its address, "127.0.0.1:4096", "[::1]:80", "unix:/run/x"; answer, text */
	SEEN_LEFT,    /* a process that was there after the tool's end: text: its arguments */
	SEEN_LOST,    /* there was more than is kept: path says of what, count how many */
	SEEN_LIMITED, /* something cannot be seen here: path says what */
	SEEN_END,
};

/* Of SEEN_OPEN. */
#define SEEN_OPENED  1u
#define SEEN_MADE    2u
#define SEEN_REMOVED 4u
#define SEEN_FOLDER  8u

/* Of SEEN_LISTEN, when it was connected to. */
enum seen_answer {
	SEEN_NOT_TRIED,
	SEEN_ANSWERED, /* text: the first bytes of what came */
	SEEN_SILENT,   /* it accepted, and said nothing for as long as was waited */
	SEEN_CLOSED,   /* it accepted, and closed without a word */
	SEEN_REFUSED,  /* it was gone by then */
};

#define SEEN_TEXT_MAX 1024
#define SEEN_PATH_MAX 512

struct seen_record {
	uint8_t kind, flags, answer, digest;
	uint32_t mode;
	uint64_t count; /* how often */
	uint64_t size;
	uint64_t found; /* bits: which of the needles of struct trial_observe the file holds */
	uint8_t sha256[32];
	uint16_t n_path, n_text;
};
struct seen {
	struct seen_record r;
	struct slice path, text; /* borrowed */
};

/* One message of the socket is the record, the path and the text. */
#define SEEN_MESSAGE_MAX (sizeof(struct seen_record) + SEEN_PATH_MAX + SEEN_TEXT_MAX)
/* Receives one message, takes the digest of the program that came with it, and appends it to what is kept. 1, 0 at the end, -EAGAIN, or
 * another negative errno: nothing more will come. */
[[nodiscard]] int seen_receive(int socket, struct buf *keep);
/* The next record of what was kept; false at the end. */
bool seen_next(struct slice *rest, struct seen *out);

#endif
