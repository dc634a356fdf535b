#include "identify/profile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "sys/share.h"

#define EXPANDED_MAX (1u << 20)

static const struct {
	const char *name;
	size_t offset;
} placeholders[] = {
        {"prompt", offsetof(struct profile_vars, prompt)},
        {"base_url", offsetof(struct profile_vars, base_url)},
        {"host", offsetof(struct profile_vars, host)},
        {"home", offsetof(struct profile_vars, home)},
        {"project", offsetof(struct profile_vars, project)},
        {"key", offsetof(struct profile_vars, key)},
        {"user", offsetof(struct profile_vars, user)},
        {"package", offsetof(struct profile_vars, package)},
};

/* The next {word} at or after *at: its word, *at its opening brace. A word is lower-case letters and underscores, so that the braces
 * of JSON are not taken for one. */
static bool next_placeholder(struct slice text, size_t *at, struct slice *word)
{
	for (size_t i = *at; (i = slice_chr(text, '{', i)) != SLICE_NPOS; i++) {
		size_t end = i + 1;
		while (end < text.n && ((text.p[end] >= 'a' && text.p[end] <= 'z') || text.p[end] == '_'))
			end++;
		if (end == i + 1 || end >= text.n || text.p[end] != '}')
			continue;
		*at = i;
		*word = slice_sub(text, i + 1, end - i - 1);
		return true;
	}
	return false;
}

/* Index in placeholders, or ARRAY_LEN(placeholders). */
static size_t placeholder_find(struct slice word)
{
	size_t i = 0;
	while (i < ARRAY_LEN(placeholders) && !slice_is(word, placeholders[i].name))
		i++;
	return i;
}

struct slice profile_unknown_placeholder(const char *text)
{
	struct slice word, s = slice_str(text);
	for (size_t at = 0; next_placeholder(s, &at, &word); at += word.n + 2)
		if (placeholder_find(word) == ARRAY_LEN(placeholders))
			return slice_sub(s, at, word.n + 2);
	return SLICE_NONE;
}

const char *profile_expand(const char *text, const struct profile_vars *v, struct arena *arena)
{
	_cleanup_buf_ struct buf out = BUF(EXPANDED_MAX);
	struct slice word, s = slice_str(text);
	size_t done = 0;
	for (size_t at = 0; next_placeholder(s, &at, &word); at += word.n + 2) {
		size_t i = placeholder_find(word);
		if (i == ARRAY_LEN(placeholders))
			continue;
		buf_add(&out, slice_sub(s, done, at - done));
		const char *value;
		memcpy(&value, (const char *)v + placeholders[i].offset, sizeof(value));
		buf_str_add(&out, value ? value : "");
		done = at + word.n + 2;
	}
	buf_add(&out, slice_from(s, done));
	return buf_error(&out) ? NULL : arena_str(arena, buf_slice(&out));
}

int profile_load(const char *path, struct arena *arena, struct profile *out, struct err *err)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return err_sys(err, -errno, "The profile %s cannot be opened", path);
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_sys(err, -errno, "The profile %s cannot be read", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "The profile %s is not a regular file", path);
	_cleanup_buf_ struct buf text = BUF(PROFILE_BYTES_MAX + 1);
	for (;;) {
		uint8_t *room = buf_room(&text, PROFILE_BYTES_MAX + 1 - text.n);
		if (!room)
			return -ENOMEM;
		ssize_t n = read(fd, room, PROFILE_BYTES_MAX + 1 - text.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, -errno, "The profile %s cannot be read", path);
		text.n += (size_t)n;
		if (text.n > PROFILE_BYTES_MAX)
			return err_set(err, -EINVAL, "%s:1:1: larger than %u KiB; a profile is a few", path, PROFILE_BYTES_MAX / 1024);
		if (n == 0)
			break;
	}
	return profile_parse(buf_slice(&text), path, arena, out, err);
}

static int yaml_only(const struct dirent *e)
{
	return e->d_name[0] != '.' && slice_ends(slice_str(e->d_name), SLICE(".yaml"));
}

/* Looks through the profiles of one folder. 1: *out is for the package (or is the generic one, if package is NULL); 0: none is. */
static int search_folder(const char *folder, const char *package, struct arena *arena, struct profile *out, struct err *err)
{
	struct dirent **list = NULL;
	int n = scandir(folder, &list, yaml_only, alphasort);
	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_sys(err, -errno, "The folder of profiles %s cannot be read", folder);
	int r = 0;
	for (int i = 0; i < n; i++) {
		if (r == 0) {
			struct profile p;
			const char *path = arena_fmt(arena, "%s/%s", folder, list[i]->d_name);
			r = path ? profile_load(path, arena, &p, err) : -ENOMEM;
			bool fits = r == 0 && !package && strcmp(p.name, "generic") == 0;
			for (size_t k = 0; r == 0 && package && p.packages[k]; k++)
				fits = fits || strcmp(p.packages[k], package) == 0;
			if (fits) {
				*out = p;
				r = 1;
			}
		}
		free(list[i]);
	}
	free(list);
	return r;
}

int profile_for_package(const char *package, struct arena *arena, struct profile *out, bool *generic, struct err *err)
{
	const char *share[SHARE_DATA_MAX];
	size_t n = share_data(arena, share);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < n; i++) {
			const char *folder = arena_fmt(arena, "%s/profiles", share[i]);
			if (!folder)
				return -ENOMEM;
			int r = search_folder(folder, pass == 0 ? package : NULL, arena, out, err);
			if (r < 0)
				return r;
			if (r > 0) {
				*generic = pass == 1;
				return 0;
			}
		}
	return err_set(err, -ENOENT, "No profiles found: set POSTERN_SHARE to the folder that holds \"profiles/generic.yaml\"");
}
