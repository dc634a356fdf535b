#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "parse/gitconfig.h"
#include "review/flag_part.h"

#define CONFIG_MAX ((size_t)1 << 20)
#define LINKS_MAX  1000

static struct flag_alias *add(struct arena *arena, struct flag_alias **list)
{
	struct flag_alias *a = arena_alloc(arena, sizeof(*a));
	if (!a)
		return NULL;
	a->next = *list;
	*list = a;
	return a;
}

/* Without "./" in front and "/" at the end. NULL if it leads out, is the root, or memory is out. */
static const char *inside(const char *path, struct arena *arena)
{
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	size_t n = strlen(path);
	while (n && path[n - 1] == '/')
		n--;
	if (n == 0 || strcmp(path, ".") == 0 || flag_link_leads_out("x", path) || strstr(path, ".."))
		return NULL;
	return arena_str(arena, slice_of(path, n));
}

static int root_links(int lower, struct arena *arena, struct flag_alias **list)
{
	int copy = openat(lower, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	if (!d) {
		if (copy >= 0)
			close(copy);
		return 0;
	}
	unsigned n = 0;
	for (struct dirent *e; r == 0 && n < LINKS_MAX && (e = readdir(d));) {
		struct object o;
		const char *to;
		if ((e->d_type != DT_LNK && e->d_type != DT_UNKNOWN) || object_at(lower, e->d_name, arena, &o) < 0 ||
		        o.type != OBJECT_LINK || !(to = inside(o.link, arena)))
			continue;
		struct flag_alias *a = add(arena, list);
		r = a && (a->as = arena_str(arena, slice_str(e->d_name))) ? 0 : -ENOMEM;
		if (r == 0)
			a->below = to;
		n++;
	}
	closedir(d);
	return r;
}

/* Is a value of this kind a file's name, or a command line? An address is neither. */
static bool names_files(const char *why)
{
	static const char *const kinds[] = {"a program", "a command", "more configuration", "names filters", "git runs the hooks"};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strncmp(why, kinds[i], strlen(kinds[i])) == 0)
			return true;
	return false;
}

static int config_names(int lower, struct arena *arena, struct flag_alias **list)
{
	_cleanup_buf_ struct buf text = BUF(CONFIG_MAX + 1);
	struct gitconfig_item *item = NULL;
	size_t n = 0;
	bool cut;
	if (change_read(lower, ".git/config", CONFIG_MAX, &text, &cut) < 0 || cut)
		return 0;
	int r = gitconfig_read(buf_slice(&text), 10000, arena, &item, &n);
	for (size_t i = 0; r == 0 && i < n; i++) {
		bool harmless;
		const char *to, *why = part_git_key(item[i].key, &harmless);
		if (!why || harmless || !names_files(why))
			continue;
		struct flag_alias *a = add(arena, list);
		if (!a)
			return -ENOMEM;
		a->key = item[i].key;
		a->value = item[i].value;
		if (strcmp(item[i].key, "core.hookspath") == 0 && (to = inside(item[i].value, arena))) {
			a->below = to;
			a->as = ".git/hooks";
		}
	}
	return r == -ENOMEM ? r : 0;
}

int part_aliases(int lower, struct arena *arena, struct flag_alias **out)
{
	struct flag_alias *list = NULL;
	int r = lower < 0 ? 0 : root_links(lower, arena, &list);
	r = r < 0 || lower < 0 ? r : config_names(lower, arena, &list);
	if (r == 0)
		*out = list;
	return r;
}

bool part_alias_path(const struct flag_alias *a, const char *path, char *to, size_t room)
{
	if (!a->as || !a->below || !change_below(path, a->below))
		return false;
	int n = snprintf(to, room, "%s%s", a->as, path + strlen(a->below));
	return n > 0 && (size_t)n < room;
}

bool part_alias_names(const struct flag_alias *a, const char *path)
{
	size_t n = strlen(path);
	if (!a->value || n < 2)
		return false;
	for (const char *p = a->value; (p = strstr(p, path)); p++) {
		bool begins = p == a->value || strchr(" \t\"'=:!/;&|(", p[-1]), ends = !p[n] || strchr(" \t\"';&|)", p[n]);
		if (begins && ends)
			return true;
	}
	return false;
}
