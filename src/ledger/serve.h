/* serve: a ledger for everybody to read, over HTTP: the checkpoint and the tiles of C2SP tlog-tiles, and nothing else of the folder. */
#ifndef POSTERN_LEDGER_SERVE_H
#define POSTERN_LEDGER_SERVE_H

#include "ledger/http.h"

struct serve {
	int dir;
	const char *checkpoint; /* the file that is served as the checkpoint */
};
/* A handler for http_options; arg is the struct. */
void serve_handle(void *arg, const struct http_request *q, struct http_reply *r);

#endif
