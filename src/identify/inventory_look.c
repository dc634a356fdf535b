/* One file, for one reason: opened without following a link and without waiting (it may be a pipe by now), read up to a limit. */
#include <errno.h>
#include <fcntl.h>

#include "identify/inventory_part.h"

int look_open(int fd, struct spot *s)
{
	int f = openat(fd, s->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (f < 0)
		return -errno;
	/* What is opened is what is told of. */
	if (fstat(f, &s->st) < 0 || !S_ISREG(s->st.st_mode)) {
		close(f);
		return -EINVAL;
	}
	return f;
}

bool look_read(struct job *j, int fd, size_t most, bool part)
{
	buf_reset(&j->text);
	while (j->text.n < most) {
		size_t want = most - j->text.n < 65536 ? most - j->text.n : 65536;
		uint8_t *p = buf_room(&j->text, want);
		ssize_t n = p ? pread(fd, p, want, (off_t)j->text.n) : -1;
		if (n < 0 && p && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			return true;
		j->text.n += (size_t)n;
	}
	uint8_t more;
	return part || pread(fd, &more, 1, (off_t)most) == 0;
}

static enum inventory_scope scope_of(const struct place *p, const struct node *dir)
{
	const struct node *base = places_base(p, dir);
	if (p->of_root)
		return INVENTORY_OF_SYSTEM;
	if (base && base->flags & NODE_HOME)
		return INVENTORY_OF_PERSON;
	return dir->flags & NODE_DEPENDENCY ? INVENTORY_OF_DEPENDENCY : INVENTORY_OF_PROJECT;
}

static void folder_place(struct job *j, const struct spot *s, const struct place *p)
{
	struct inventory_finding *f = find_new(j, INVENTORY_SETTINGS, s);
	if (!f)
		return;
	find_tool(f, p->tool);
	f->scope = scope_of(p, s->dir);
	find_fact(j, f, "what", SLICE("a folder that the tool makes"));
	find_permissions(j, f, s);
}

bool look_in_bin(const struct node *d)
{
	static const char *const names[] = {"bin", ".bin", "sbin", "shims", "Scripts"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(d->name, names[i]) == 0)
			return true;
	return false;
}

void look_command(struct job *j, int fd, const struct spot *s)
{
	const struct catalogue_tool *t = catalogue_command(j->t->o->catalogue, slice_str(s->name));
	struct inventory_finding *f;
	char to[4096];
	/* Short names are everybody's: they tell something only where commands are. */
	if (!t || S_ISDIR(s->st.st_mode) || (strlen(s->name) < 5 && !look_in_bin(s->dir)))
		return;
	f = find_new(j, INVENTORY_PROGRAM, s);
	if (!f)
		return;
	find_tool(f, t);
	find_fact(j, f, "command", slice_str(s->name));
	ssize_t n = S_ISLNK(s->st.st_mode) ? readlinkat(fd, s->name, to, sizeof(to)) : 0;
	if (n > 0)
		find_fact(j, f, "leads to", slice_of(to, (size_t)n));
	else
		find_permissions(j, f, s);
}

static void place(struct job *j, int fd, struct spot *s, int index)
{
	const struct place *p = &j->t->places.list[index];
	switch (p->use) {
	case PLACE_FOLDER:
		if (S_ISDIR(s->st.st_mode))
			folder_place(j, s, p);
		return;
	case PLACE_COMMAND:
		look_command(j, fd, s);
		return;
	case PLACE_FILE:
		if (S_ISREG(s->st.st_mode))
			look_settings(j, fd, s, p);
		return;
	case PLACE_INSTRUCTIONS:
	case PLACE_SKILL:
		if (S_ISREG(s->st.st_mode))
			look_instructions(j, fd, s, p);
		return;
	}
}

static void container(struct job *j, struct spot *s)
{
	j->counts.containers++;
	struct inventory_finding *f = find_new(j, INVENTORY_CONTAINER, s);
	if (!f)
		return;
	f->name = find_text(j, slice_str(s->dir->parent ? s->dir->parent->name : ""), 200);
	f->path = f->container;
	f->container = "";
	f->scope = INVENTORY_OF_SYSTEM;
	find_fact(j, f, "what", SLICE("the root file system of a container, or a layer of an image"));
}

void look_at(struct job *j, int fd, struct spot *s, enum look look, int index, unsigned *verdict)
{
	switch (look) {
	case LOOK_PLACE:
		if (index >= 0 && (size_t)index < j->t->places.n)
			place(j, fd, s, index);
		return;
	case LOOK_CONTENT:
		if (S_ISREG(s->st.st_mode))
			look_content(j, fd, s, verdict);
		return;
	case LOOK_PACKAGE:
		look_package(j, fd, s, verdict);
		return;
	case LOOK_METADATA:
		look_metadata(j, fd, s);
		return;
	case LOOK_ZED:
		look_zed(j, fd, s);
		return;
	case LOOK_PLUGIN:
		look_plugin(j, s);
		return;
	case LOOK_MANIFEST:
		look_manifest(j, fd, s);
		return;
	case LOOK_CONTAINER:
		container(j, s);
		return;
	case LOOK_LINK:
		look_command(j, fd, s);
		return;
	case LOOKS:
		return;
	}
}
