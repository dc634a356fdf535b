#include "cmd/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "crypto/digest.h"

#define MOUNTS_MAX 16
#define SHOWN_AT   "/opt"

/* Shown in every trial as they are. */
static const char *const system_folders[] = {"/usr/", "/bin/", "/sbin/", "/lib/", "/lib64/"};

static bool in_system(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(system_folders); i++)
		if (strncmp(path, system_folders[i], strlen(system_folders[i])) == 0)
			return true;
	return false;
}

/* Looks a program up in a list of folders; a real path, or NULL. */
static char *find_program(const char *name, const char *folders, struct arena *arena)
{
	struct slice rest = slice_str(folders), folder;
	while (slice_split(&rest, ':', &folder)) {
		char *path = arena_fmt(arena, "%.*s/%s", SLICE_FMT(folder), name), real[PATH_MAX];
		struct stat st;
		if (path && folder.n && realpath(path, real) && stat(real, &st) == 0 && S_ISREG(st.st_mode) && access(real, X_OK) == 0)
			return arena_str(arena, slice_str(real));
	}
	return NULL;
}

struct shown {
	struct trial_mount *mounts;
	size_t n;
	struct arena *arena;
};

static int show(struct shown *s, const char *source, const char **target)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->mounts[i].source, source) == 0) {
			*target = s->mounts[i].target;
			return 0;
		}
	if (s->n == MOUNTS_MAX)
		return -ENOSPC;
	s->mounts[s->n].source = arena_str(s->arena, slice_str(source));
	s->mounts[s->n].target = arena_fmt(s->arena, SHOWN_AT "/tool%zu", s->n + 1);
	if (!s->mounts[s->n].source || !s->mounts[s->n].target)
		return -ENOMEM;
	*target = s->mounts[s->n++].target;
	return 0;
}

/* The folder of a file is shown whole, because programs come with other files; but never the home or what holds it. */
static bool folder_is_private(const char *folder)
{
	const char *home = getenv("HOME");
	char real[PATH_MAX];
	size_t n = strlen(folder);
	if (n <= 1 || strcmp(folder, "/tmp") == 0 || strcmp(folder, "/home") == 0 || strcmp(folder, "/etc") == 0 ||
	        strcmp(folder, "/root") == 0)
		return true;
	if (!home || !realpath(home, real))
		return false;
	return strncmp(real, folder, n) == 0 && (real[n] == 0 || real[n] == '/');
}

/* The path inside of a real file outside the system's folders. */
static int shown_path(struct shown *s, const char *real, const char **inside)
{
	char folder[PATH_MAX];
	const char *slash = strrchr(real, '/'), *target;
	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - real), real);
	bool alone = folder_is_private(folder);
	int r = show(s, alone ? real : folder, &target);
	if (r < 0)
		return r;
	*inside = alone ? target : arena_fmt(s->arena, "%s/%s", target, slash + 1);
	return *inside ? 0 : -ENOMEM;
}

static int file_sha256(const char *path, char out[65])
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct digest_stream *d = NULL;
	uint8_t bytes[65536], sum[DIGEST_MAX];
	if (fd < 0)
		return -errno;
	int r = digest_stream_new(DIGEST_SHA256, &d);
	ssize_t n = 1;
	while (r == 0 && (n = read(fd, bytes, sizeof(bytes))) > 0)
		r = digest_stream_add(d, slice_of(bytes, (size_t)n));
	if (r == 0 && n < 0)
		r = -errno;
	if (r < 0) {
		digest_stream_free(d);
		return r;
	}
	r = digest_stream_end(d, sum);
	for (int i = 0; r == 0 && i < 32; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", sum[i]);
	return r;
}

/* node on the caller's PATH; its installation is shown if it is not in the system's folders. */
static int find_node(struct shown *s, struct vet_subject *out, const char **node, struct err *err)
{
	const char *path = getenv("PATH");
	char *real = find_program("node", path ? path : "/usr/local/bin:/usr/bin:/bin", s->arena);
	if (!real)
		return err_set(err, -ENOENT, "this package is run by Node.js, and there is no node on PATH: install it (Debian: nodejs)");
	*node = real;
	if (in_system(real))
		return 0;
	char prefix[PATH_MAX];
	(void)snprintf(prefix, sizeof(prefix), "%s", real);
	for (int up = 0; up < 2; up++) {
		char *slash = strrchr(prefix, '/');
		if (slash)
			*slash = 0;
	}
	const char *target;
	if (folder_is_private(prefix))
		return shown_path(s, real, node);
	int r = show(s, prefix, &target);
	if (r < 0)
		return r;
	*node = arena_fmt(s->arena, "%s/bin/node", target);
	out->path_prefix = arena_fmt(s->arena, "%s/bin", target);
	return *node && out->path_prefix ? 0 : -ENOMEM;
}

int subject_of_artefact(const struct artefact *a, struct arena *arena, struct vet_subject *out, struct err *err)
{
	struct shown s = {.mounts = arena_array(arena, MOUNTS_MAX, sizeof(struct trial_mount)), .arena = arena};
	const char **command = arena_array(arena, 4, sizeof(*command)), *node = NULL, *target = NULL;
	*out = (struct vet_subject){.name = a->name,
	        .version = a->version,
	        .sha256 = arena_str(arena, slice_str(a->sha256)), /* the artefact may go before the subject */
	        .install_scripts = a->install_scripts};
	if (!s.mounts || !command)
		return err_sys(err, -ENOMEM, "cannot prepare the artefact");
	int r = show(&s, a->root, &target);
	if (r == 0 && !a->entry_native) {
		r = find_node(&s, out, &node, err);
		if (r == -ENOENT)
			return r;
	}
	if (r == 0) {
		size_t n = 0;
		if (node)
			command[n++] = node;
		command[n] = arena_fmt(arena, "%s/%s", target, a->entry);
		out->package = arena_fmt(arena, "%s/node_modules/%s", target, a->name);
		r = command[n] && out->package ? 0 : -ENOMEM;
	}
	if (r < 0)
		return err_sys(err, r, "cannot prepare the artefact");
	out->command = command;
	out->mounts = s.mounts;
	out->n_mounts = s.n;
	return 0;
}

int subject_of_command(char *const *words, size_t n, struct arena *arena, struct vet_subject *out, struct err *err)
{
	struct shown s = {.mounts = arena_array(arena, MOUNTS_MAX, sizeof(struct trial_mount)), .arena = arena};
	const char **command = arena_array(arena, n + 1, sizeof(*command));
	const char *main_file = NULL;
	char *digest = arena_alloc(arena, 65);
	if (!s.mounts || !command || !digest)
		return err_sys(err, -ENOMEM, "cannot prepare the command");
	for (size_t i = 0; i < n; i++) {
		char real[PATH_MAX];
		struct stat st;
		const char *found = NULL;
		command[i] = words[i];
		if (i == 0 && !strchr(words[i], '/')) {
			found = find_program(words[i], "/usr/local/bin:/usr/bin:/bin", arena);
			if (!found && getenv("PATH"))
				found = find_program(words[i], getenv("PATH"), arena);
			if (!found)
				return err_set(err, -ENOENT, "there is no program %s on PATH", words[i]);
		} else if (realpath(words[i], real)) {
			found = arena_str(arena, slice_str(real));
		} else if (i == 0) {
			return err_sys(err, -errno, "%s", words[i]);
		}
		if (i == 0 && (stat(found, &st) < 0 || !S_ISREG(st.st_mode) || access(found, X_OK) < 0))
			return err_set(err, -EACCES, "%s is no program that can be run", words[i]);
		if (!found || stat(found, &st) < 0 || !S_ISREG(st.st_mode))
			continue;
		/* Of an interpreter and a script, the script is what is vetted. */
		main_file = found;
		int r = in_system(found) ? 0 : shown_path(&s, found, &command[i]);
		if (r < 0)
			return err_sys(err, r, "cannot show %s inside a trial", found);
	}
	int r = main_file ? file_sha256(main_file, digest) : -EINVAL;
	if (r < 0)
		return err_sys(err, r, "cannot read %s", main_file ? main_file : "the command");
	*out = (struct vet_subject){
	        .name = arena_str(arena, slice_str(words[0])),
	        .version = "",
	        .sha256 = digest,
	        .command = command,
	        .mounts = s.mounts,
	        .n_mounts = s.n,
	};
	return out->name ? 0 : err_sys(err, -ENOMEM, "cannot prepare the command");
}
