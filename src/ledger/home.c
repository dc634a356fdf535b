#include "ledger/home.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/client.h"
#include "ledger/store.h"
#include "sys/path.h"

const char *ledger_home(struct arena *arena)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	if (data && *data == '/')
		return arena_fmt(arena, "%s/postern/ledger", data);
	if (geteuid() == 0)
		return "/var/lib/postern/ledger";
	return home && *home == '/' ? arena_fmt(arena, "%s/.local/share/postern/ledger", home) : NULL;
}

int ledger_home_begin(const char *path, const char *host, struct arena *arena, struct ledger_client **out, struct err *err)
{
	struct stat st;
	if (stat(path, &st) < 0 && errno == ENOENT) {
		int r = path_make_above(path, false);
		if (r < 0)
			return err_sys(err, r, "cannot make the folders above the ledger %s", path);
		const char *origin = arena_fmt(arena, "%s/postern", host);
		r = store_init(path, origin ? origin : "postern", &(struct store_key){0}, err);
		/* Somebody else may have been as quick. */
		if (r < 0 && stat(path, &st) < 0)
			return r;
	}
	return ledger_client_begin(path, &(struct ledger_client_options){.start = true}, out, err);
}

int ledger_home_open(const char *path, const char *host, struct arena *arena, struct ledger_client **out, struct err *err)
{
	struct ledger_client *c;
	int r = ledger_home_begin(path, host, arena, &c, err);
	return r < 0 ? r : ledger_client_ready(c, out, err);
}
