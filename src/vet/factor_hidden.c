/* The factor hidden_names: environment variables and files that the artefact hides the names of, all there at once. A name with a dot or a
 * slash is a file's. */
#include "vet/factor_part.h"

#include <errno.h>

#define NAME_MAX_ 128

/* What makes a program start otherwise, or not at all, says nothing of what it looks for. */
static bool starts_programs(const char *name)
{
	static const char *const of[] = {"LD_", "NODE_", "BUN_", "PYTHON", "PERL", "BASH_", "GODEBUG", "MALLOC_", "GLIBC_", "SSL_", "PATH",
	        "HOME", "IFS", "ENV", "TMPDIR"};
	for (size_t i = 0; i < ARRAY_LEN(of); i++)
		if (strncmp(name, of[i], strlen(of[i])) == 0)
			return true;
	return false;
}

/* Is there a file in that place already, or one below it, or is one of its folders a file? */
static bool taken(const struct host_spec *h, struct slice path)
{
	for (size_t i = 0; i < h->n_files; i++) {
		struct slice there = slice_str(h->files[i].path), longer = there.n > path.n ? there : path,
		             shorter = there.n > path.n ? path : there;
		if (slice_starts(longer, shorter) && (longer.n == shorter.n || longer.p[shorter.n] == '/') &&
		        !(h->files[i].folder && there.n < path.n))
			return true;
	}
	return false;
}

/* What is there decides nothing but whether it is there: an object where one is read, else an empty line. */
static int put_path(struct host_spec *h, const char *folder, struct slice name)
{
	const char *path = folder ? arena_fmt(h->arena, "%s/%.*s", folder, SLICE_FMT(name)) : arena_str(h->arena, name);
	if (!path)
		return -ENOMEM;
	if (taken(h, slice_str(path)))
		return 0;
	return host_file_set(h, &(struct host_file){.path = path, .data = slice_ends(name, SLICE(".json")) ? SLICE("{}\n") : SLICE("\n")});
}

static int put_file(struct host_spec *h, struct slice part)
{
	bool in_project = slice_starts(part, SLICE("./")), in_home = slice_starts(part, SLICE("~/"));
	struct slice name = slice_from(part, in_project || in_home ? 2 : 0);
	if (slice_starts(part, SLICE("/")))
		return put_path(h, NULL, part);
	int r = in_project ? 0 : put_path(h, h->home, name);
	/* Its repository is what git makes of it. */
	bool git = slice_starts(name, SLICE(".git/")) || slice_is(name, ".git");
	return r || in_home || git ? r : put_path(h, h->project, name);
}

static int put_variable(struct host_spec *h, struct slice part)
{
	char name[NAME_MAX_];
	if (part.n == 0 || part.n >= sizeof(name))
		return -EINVAL;
	memcpy(name, part.p, part.n);
	name[part.n] = 0;
	/* One that the host has already stays as it is. */
	return starts_programs(name) || host_env_get(h, name) ? 0 : host_env_set(h, name, "1");
}

int hidden_names_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	struct slice rest = slice_str(value), part;
	int r = 0;
	while (*value && r == 0 && slice_split(&rest, ',', &part))
		r = slice_chr(part, '.', 0) != SLICE_NPOS || slice_chr(part, '/', 0) != SLICE_NPOS ? put_file(h, part)
		                                                                                   : put_variable(h, part);
	return r;
}
