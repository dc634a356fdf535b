#include "sys/share.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

size_t share_folders(struct arena *arena, const char *out[3])
{
	size_t n = 0;
	const char *given = getenv("POSTERN_SHARE");
	if (given && given[0])
		out[n++] = given;
	char exe[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (len <= 0 || len >= (ssize_t)sizeof(exe) - 1)
		return n;
	struct slice path = slice_of(exe, (size_t)len);
	size_t build = SLICE_NPOS;
	for (size_t at = 0; (at = slice_find(path, SLICE("/build/"), at)) != SLICE_NPOS; at++)
		build = at;
	if (build != SLICE_NPOS)
		out[n] = arena_fmt(arena, "%.*s/share", SLICE_FMT(slice_sub(path, 0, build)));
	n += build != SLICE_NPOS && out[n] != NULL;
	size_t slash = path.n;
	while (slash && path.p[slash - 1] != '/')
		slash--;
	out[n] = arena_fmt(arena, "%.*s../share/postern", SLICE_FMT(slice_sub(path, 0, slash)));
	return n + (out[n] != NULL);
}

static bool of_root(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == 0 && !(st.st_mode & (S_IWGRP | S_IWOTH));
}

size_t share_data(struct arena *arena, const char *out[static SHARE_DATA_MAX])
{
	const char *shipped[3], *given = getenv("POSTERN_SHARE");
	size_t n = share_folders(arena, shipped), at = 0, from = 0;
	if (given && given[0] && n)
		out[at++] = shipped[from++];
	/* The store too: who may write there may replace the link. */
	if (of_root("/var/lib/postern/bundle") && of_root(SHARE_BUNDLE))
		out[at++] = SHARE_BUNDLE;
	while (from < n)
		out[at++] = shipped[from++];
	return at;
}
