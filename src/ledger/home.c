#include "ledger/home.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/client.h"
#include "ledger/store.h"

const char *ledger_home(struct arena *arena)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	if (data && *data == '/')
		return arena_fmt(arena, "%s/postern/ledger", data);
	if (geteuid() == 0)
		return "/var/lib/postern/ledger";
	return home && *home == '/' ? arena_fmt(arena, "%s/.local/share/postern/ledger", home) : NULL;
}

/* Makes the folders above a path. In root's, /var/lib/postern, is also what everybody must be able to read: the bundle in force. */
static int make_above(const char *path, struct arena *arena, struct err *err)
{
	char *p = arena_str(arena, slice_str(path));
	if (!p)
		return err_set(err, -ENOMEM, "no memory");
	for (char *slash = strchr(p + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(p, geteuid() == 0 ? 0755 : 0700) < 0 && errno != EEXIST)
			return err_sys(err, -errno, "cannot make the folder %s for the ledger", p);
		*slash = '/';
	}
	return 0;
}

int ledger_home_open(const char *path, const char *host, struct arena *arena, struct ledger_client **out, struct err *err)
{
	struct stat st;
	if (stat(path, &st) < 0 && errno == ENOENT) {
		int r = make_above(path, arena, err);
		const char *origin = arena_fmt(arena, "%s/postern", host);
		r = r < 0 ? r : store_init(path, origin ? origin : "postern", &(struct store_key){0}, err);
		/* Somebody else may have been as quick. */
		if (r < 0 && stat(path, &st) < 0)
			return r;
	}
	return ledger_client_open(path, &(struct ledger_client_options){.start = true}, out, err);
}
