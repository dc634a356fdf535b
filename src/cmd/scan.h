/* What the parts of "postern scan" share: the process that scans, and the walk over files. */
#ifndef POSTERN_CMD_SCAN_H
#define POSTERN_CMD_SCAN_H

#include "cmd/cmd.h"
#include "inspect/scan_role.h"

/* The other end of the process of inspect/scan_role.h. One that a file makes end is started again for the next. */
struct scan_peer {
	int exe, socket;
	int pid;          /* 0: there is none */
	unsigned seconds; /* for one file */
};
/* Starts it, and waits until it is confined. */
[[nodiscard]] int scan_peer_open(struct scan_peer *p, unsigned seconds, struct err *err);
void scan_peer_close(struct scan_peer *p);
/* Has a file scanned. What goes wrong with the process is a finding: 0 always, but if no new one can be started. */
[[nodiscard]] int scan_peer_file(struct scan_peer *p, int fd, uint64_t size, const char *name, const struct scan_options *o,
        void (*found)(void *arg, const struct scan_finding *f), void *arg, struct scan_summary *out, struct err *err);

/* The role: see inspect/scan_role.h; its socket is descriptor 3. */
int scan_role_main(void);

/* Regular files of a path, a folder with all below it in the order of their names. `fd` is -1 if it cannot be opened (`error`), or is a
 * link out of what is looked at (-ELOOP). May return below 0 to stop. */
struct scan_walk {
	int (*file)(void *arg, const char *path, int fd, int error);
	void *arg;
	uint64_t entries; /* counted, over several calls */
};
#define SCAN_ENTRIES_MAX 2000000u
#define SCAN_FOLDERS_MAX 200u /* deep */
/* -E2BIG: too many entries; others if the path itself cannot be had. */
[[nodiscard]] int scan_walk(struct scan_walk *w, const char *path, struct err *err);

#endif
