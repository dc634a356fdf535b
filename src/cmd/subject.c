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

/* A version manager's stand-in for a program: a script in a folder named "shims", or a link to one program that stands in for all. In a
 * trial there is no version manager. `path` is as found, `real` where it leads. */
static bool is_shim(const char *path, const char *real)
{
	return slice_find(slice_str(path), SLICE("/shims/"), 0) != SLICE_NPOS || slice_ends(slice_str(real), SLICE("-shim"));
}

/* Looks a program up in a list of folders, passing over stand-ins; a real path, or NULL. *shim, if wanted, is set to the last stand-in. */
static char *find_program(const char *name, const char *folders, struct arena *arena, const char **shim)
{
	struct slice rest = slice_str(folders), folder;
	while (slice_split(&rest, ':', &folder)) {
		char *path = arena_fmt(arena, "%.*s/%s", SLICE_FMT(folder), name), real[PATH_MAX];
		struct stat st;
		if (!path || !folder.n || !realpath(path, real) || stat(real, &st) < 0 || !S_ISREG(st.st_mode) || access(real, X_OK) < 0)
			continue;
		if (!is_shim(path, real))
			return arena_str(arena, slice_str(real));
		if (shim)
			*shim = path;
	}
	return NULL;
}

static int refuse_shim(const char *path, struct err *err)
{
	return err_set(err, -ENOENT,
	        "%s is the stand-in of a version manager, which a trial does not have: name the program itself (\"pyenv which\", \"asdf "
	        "which\" or the like tells it)",
	        path);
}

/* What a trial has by itself comes first, then what the caller has. */
static int find_installed(const char *name, struct arena *arena, char **out, struct err *err)
{
	const char *path = getenv("PATH"), *shim = NULL;
	*out = find_program(name, "/usr/local/bin:/usr/bin:/bin", arena, NULL);
	if (!*out && path)
		*out = find_program(name, path, arena, &shim);
	if (*out)
		return 0;
	if (shim)
		return refuse_shim(shim, err);
	return err_set(err, -ENOENT, "there is no program %s on PATH", name);
}

struct shown {
	struct trial_mount *mounts;
	size_t n;
	struct arena *arena;
};

/* The name below /opt of what is shown as the n-th: of the tool's own, so that it is the same each time, and one that people use. */
static char *shown_name(struct arena *arena, const char *source, size_t n, const char *end)
{
	static const char *const words[] = {"apps", "dev", "local", "pkg", "programs", "sdk", "software", "vendor"};
	size_t i = (slice_hash(slice_str(source)) >> 24) % ARRAY_LEN(words);
	return n == 0 ? arena_fmt(arena, SHOWN_AT "/%s%s", words[i], end) : arena_fmt(arena, SHOWN_AT "/%s/%zu%s", words[i], n, end);
}

/* `where`: the path inside, NULL for one below /opt. */
static int show_at(struct shown *s, const char *source, const char *where, const char **target)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->mounts[i].source, source) == 0) {
			*target = s->mounts[i].target;
			return 0;
		}
	if (s->n == MOUNTS_MAX)
		return -ENOSPC;
	s->mounts[s->n].source = arena_str(s->arena, slice_str(source));
	/* Packages find each other by the name of the folder that holds them. */
	bool modules = slice_ends(slice_str(source), SLICE("/node_modules"));
	s->mounts[s->n].target =
	        where ? arena_str(s->arena, slice_str(where)) : shown_name(s->arena, source, s->n, modules ? "/node_modules" : "");
	if (!s->mounts[s->n].source || !s->mounts[s->n].target)
		return -ENOMEM;
	*target = s->mounts[s->n++].target;
	return 0;
}

static int show(struct shown *s, const char *source, const char **target)
{
	return show_at(s, source, NULL, target);
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
	if (strncmp(real, folder, n) == 0 && (real[n] == 0 || real[n] == '/'))
		return true;
	size_t home_n = strlen(real);
	return strncmp(folder, real, home_n) == 0 && strcmp(folder + home_n, "/.local") == 0;
}

/* The path inside of a real file outside the system's folders. */
static int shown_path(struct shown *s, const char *real, const char **inside)
{
	char folder[PATH_MAX];
	size_t modules = slice_find(slice_str(real), SLICE("/node_modules/"), 0);
	const char *slash = modules != SLICE_NPOS ? real + modules + strlen("/node_modules") : strrchr(real, '/'), *target;
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

/* Made anew in every trial: a mount below would be hidden. */
static bool is_made_anew(const char *folder)
{
	static const char *const made[] = {"/tmp/", "/var/", "/run/", "/dev/", "/proc/", "/sys/", "/etc/"};
	for (size_t i = 0; i < ARRAY_LEN(made); i++)
		if (strncmp(folder, made[i], strlen(made[i])) == 0)
			return true;
	return false;
}

/* The path inside of an interpreter or another program, which may need the rest of its installation: what is above its bin/. It is shown
 * where it was installed, if that can be: libraries, scripts and virtual environments name that place. Its bin/ is put on PATH. */
static int installed_path(struct shown *s, const char *real, const char **inside, const char **path_prefix)
{
	char prefix[PATH_MAX];
	const char *slash = strrchr(real, '/'), *target;
	(void)snprintf(prefix, sizeof(prefix), "%.*s", (int)(slash - real), real);
	if (!slice_ends(slice_str(prefix), SLICE("/bin")))
		return shown_path(s, real, inside);
	prefix[strlen(prefix) - 4] = 0;
	if (folder_is_private(prefix))
		return shown_path(s, real, inside);
	int r = show_at(s, prefix, is_made_anew(prefix) ? NULL : prefix, &target);
	if (r < 0)
		return r;
	*inside = arena_fmt(s->arena, "%s/bin%s", target, slash);
	*path_prefix = arena_fmt(s->arena, "%s/bin", target);
	return *inside && *path_prefix ? 0 : -ENOMEM;
}

/* node on the caller's PATH. */
static int find_node(struct shown *s, struct vet_subject *out, const char **node, struct err *err)
{
	const char *path = getenv("PATH"), *shim = NULL;
	char *real = find_program("node", path ? path : "/usr/local/bin:/usr/bin:/bin", s->arena, &shim);
	if (!real)
		return shim ? err_set(err, -ENOENT,
		                      "this package is run by Node.js, and %s is only the stand-in of a version manager: put the folder of "
		                      "node itself on PATH",
		                      shim)
		            : err_set(err, -ENOENT,
		                      "this package is run by Node.js, and there is no node on PATH: install it (Debian: nodejs)");
	*node = real;
	return in_system(real) ? 0 : installed_path(s, real, node, &out->path_prefix);
}

/* The program of a script's first line, as a real path outside; empty if it has none. "env NAME" is looked up as a shell would. */
static int script_program(const char *file, struct arena *arena, char **out, struct err *err)
{
	char line[512], real[PATH_MAX];
	_cleanup_fd_ int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line));
	struct slice rest = slice_of(line, n > 2 ? (size_t)n : 0), first, word;
	*out = NULL;
	if (!slice_starts(rest, SLICE("#!")))
		return 0;
	rest = slice_from(rest, 2);
	if (!slice_split(&rest, '\n', &first))
		return 0;
	first = slice_trim(first);
	bool env = false;
	while (slice_split(&first, ' ', &word)) {
		if (env && (word.n == 0 || word.p[0] == '-'))
			continue;
		char *name = arena_str(arena, word);
		if (!name)
			return err_sys(err, -ENOMEM, "cannot prepare the command");
		if (env)
			return find_installed(name, arena, out, err);
		env = slice_ends(word, SLICE("/env"));
		if (!env) {
			*out = realpath(name, real) ? arena_str(arena, slice_str(real)) : NULL;
			return 0;
		}
	}
	return 0;
}

int subject_of_artefact(const struct artefact *a, struct arena *arena, struct vet_subject *out, struct err *err)
{
	struct shown s = {.mounts = arena_array(arena, MOUNTS_MAX, sizeof(struct trial_mount)), .arena = arena};
	const char **command = arena_array(arena, 4, sizeof(*command)), *node = NULL, *target = NULL;
	*out = (struct vet_subject){.name = a->name,
	        .version = a->version,
	        .sha256 = arena_str(arena, slice_str(a->sha256)), /* the artefact may go before the subject */
	        .install_scripts = a->install_scripts};
	if (!s.mounts || !command || !out->sha256)
		return err_sys(err, -ENOMEM, "cannot prepare the artefact");
	if (a->native_name) {
		const char **notes = arena_array(arena, 2, sizeof(*notes));
		if (notes)
			notes[0] = arena_fmt(arena, "What runs is in the native package %s %s, SHA-256 %s.", a->native_name,
			        a->native_version, a->native_sha256);
		out->notes = notes;
	}
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
	const char **constants = arena_array(arena, 2, sizeof(*constants));
	if (!constants || !(constants[0] = arena_str(arena, slice_str(a->root))))
		return err_sys(err, -ENOMEM, "cannot prepare the artefact");
	out->constants = constants;
	out->command = command;
	out->mounts = s.mounts;
	out->n_mounts = s.n;
	return 0;
}

/* The first word of a command that is a script may name an interpreter that a trial has not: then that is shown too, and named first. */
static int put_interpreter(struct shown *s, const char *script, const char **command, size_t *n, struct vet_subject *out, struct err *err)
{
	char *program;
	const char *inside;
	int r = script_program(script, s->arena, &program, err);
	if (r < 0 || !program || in_system(program))
		return r;
	r = installed_path(s, program, &inside, &out->path_prefix);
	if (r < 0)
		return err_sys(err, r, "cannot show %s inside a trial", program);
	command[(*n)++] = inside;
	return 0;
}

/* What constants are read of: the folder that is shown because of this file, or the file. */
static int put_constants(const struct shown *s, const char *file, struct vet_subject *out)
{
	const char **list = arena_array(s->arena, 2, sizeof(*list)), *of = file;
	for (size_t i = 0; i < s->n; i++) {
		size_t n = strlen(s->mounts[i].source);
		if (strncmp(file, s->mounts[i].source, n) == 0 && file[n] == '/')
			of = s->mounts[i].source;
	}
	if (!list)
		return -ENOMEM;
	list[0] = of;
	out->constants = list;
	return 0;
}

int subject_of_command(char *const *words, size_t n, struct arena *arena, struct vet_subject *out, struct err *err)
{
	struct shown s = {.mounts = arena_array(arena, MOUNTS_MAX, sizeof(struct trial_mount)), .arena = arena};
	const char **command = arena_array(arena, n + 2, sizeof(*command));
	const char *main_file = NULL, *name = words[0];
	char *digest = arena_alloc(arena, 65);
	*out = (struct vet_subject){.version = "", .sha256 = digest, .command = command, .mounts = s.mounts};
	if (!s.mounts || !command || !digest)
		return err_sys(err, -ENOMEM, "cannot prepare the command");
	size_t at = 0;
	for (size_t i = 0; i < n; i++) {
		char real[PATH_MAX], *found = NULL;
		const char *inside = words[i];
		struct stat st;
		int r = 0;
		if (i == 0 && !strchr(words[i], '/'))
			r = find_installed(words[i], arena, &found, err);
		else if (realpath(words[i], real))
			r = i == 0 && is_shim(words[i], real)             ? refuse_shim(words[i], err)
			    : (found = arena_str(arena, slice_str(real))) ? 0
			                                                  : -ENOMEM;
		else if (i == 0)
			return err_sys(err, -errno, "%s", words[i]);
		if (r < 0)
			return r;
		if (i == 0 && (stat(found, &st) < 0 || !S_ISREG(st.st_mode) || access(found, X_OK) < 0))
			return err_set(err, -EACCES, "%s is no program that can be run", words[i]);
		if (found && stat(found, &st) == 0 && S_ISREG(st.st_mode)) {
			/* Of an interpreter and a script, the script is what is vetted. */
			main_file = found;
			name = words[i];
			if (i == 0)
				r = put_interpreter(&s, found, command, &at, out, err);
			if (r < 0)
				return r;
			if (!in_system(found))
				r = i == 0 ? installed_path(&s, found, &inside, &out->path_prefix) : shown_path(&s, found, &inside);
			if (r < 0)
				return err_sys(err, r, "cannot show %s inside a trial", found);
		}
		command[at++] = inside;
	}
	int r = main_file ? file_sha256(main_file, digest) : -EINVAL;
	if (r < 0)
		return err_sys(err, r, "cannot read %s", main_file ? main_file : "the command");
	r = put_constants(&s, main_file, out);
	if (r < 0)
		return err_sys(err, r, "cannot prepare the command");
	const char *slash = strrchr(name, '/');
	out->name = arena_str(arena, slice_str(slash ? slash + 1 : name));
	out->n_mounts = s.n;
	return out->name ? 0 : err_sys(err, -ENOMEM, "cannot prepare the command");
}
