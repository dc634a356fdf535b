#include "confine/host.h"

#include <errno.h>
#include <stdio.h>

int host_env_set(struct host_spec *h, const char *name, const char *value)
{
	size_t n = strlen(name);
	size_t i = 0;
	while (i < h->n_env && !(strncmp(h->env[i], name, n) == 0 && h->env[i][n] == '='))
		i++;
	if (!value) {
		if (i < h->n_env) {
			memmove(&h->env[i], &h->env[i + 1], (h->n_env - i - 1) * sizeof(h->env[0]));
			h->n_env--;
		}
		return 0;
	}
	if (i == HOST_ENV_MAX)
		return -ENOSPC;
	char *line = arena_fmt(h->arena, "%s=%s", name, value);
	if (!line)
		return -ENOMEM;
	h->env[i] = line;
	if (i == h->n_env)
		h->n_env++;
	return 0;
}

const char *host_env_get(const struct host_spec *h, const char *name)
{
	size_t n = strlen(name);
	for (size_t i = 0; i < h->n_env; i++)
		if (strncmp(h->env[i], name, n) == 0 && h->env[i][n] == '=')
			return h->env[i] + n + 1;
	return NULL;
}

/* No component may be "..": the tree is built by walking down. */
static bool path_fits(const char *path)
{
	if (path[0] != '/')
		return false;
	for (const char *p = path; *p; p++)
		if (p[0] == '/' && p[1] == '.' && p[2] == '.' && (p[3] == '/' || p[3] == 0))
			return false;
	return true;
}

int host_file_set(struct host_spec *h, const struct host_file *f)
{
	if (!path_fits(f->path))
		return -EINVAL;
	size_t i = 0;
	while (i < h->n_files && strcmp(h->files[i].path, f->path) != 0)
		i++;
	if (i == HOST_FILES_MAX)
		return -ENOSPC;
	struct host_file copy = *f;
	copy.path = arena_str(h->arena, slice_str(f->path));
	copy.data = f->lent ? f->data : arena_copy(h->arena, f->data);
	if (f->link)
		copy.link = arena_str(h->arena, slice_str(f->link));
	if (!copy.path || !copy.data.p || (f->link && !copy.link))
		return -ENOMEM;
	h->files[i] = copy;
	if (i == h->n_files)
		h->n_files++;
	return 0;
}

/* The project's own files. They name nobody: names come from factors. */
static const struct {
	const char *path, *text;
} project_files[] = {
        {"README.md", "# inventory\n\nKeeps count of parts.\n\n## Build\n\n    make\n    ./inventory list\n"},
        {"Makefile", "CFLAGS = -O2 -Wall\n\ninventory: src/main.c\n\t$(CC) $(CFLAGS) -o $@ $<\n"},
        {"src/main.c", "#include <stdio.h>\n\nint main(void)\n{\n\tputs(\"no parts yet\");\n\treturn 0;\n}\n"},
        {"package.json", "{\n  \"name\": \"inventory\",\n  \"version\": \"0.3.1\",\n  \"private\": true\n}\n"},
        {".gitignore", "inventory\n*.o\n"},
};

int host_base(struct host_spec *h, struct arena *arena)
{
	*h = (struct host_spec){
	        .arena = arena,
	        .hostname = "workstation",
	        .machine_id = "5f1c0d7e9a3b4c62860e41d2c7b98a35",
	        .user = "developer",
	        .full_name = "Developer",
	        .home = "/home/developer",
	        .shell = "/bin/bash",
	        .uid = 1000,
	        .gid = 1000,
	        .timezone = "Etc/UTC",
	        .locale = "en_US.UTF-8",
	        .os_id = "debian",
	        .os_name = "Debian GNU/Linux",
	        .os_version = "12",
	        .mac = "3c:52:82:4e:17:a9",
	        .ipv4 = "10.21.7.42",
	        .project = "/home/developer/inventory",
	        .git_user = "Developer",
	        .git_email = "developer@example.com",
	};
	return 0;
}

int host_project_files(struct host_spec *h)
{
	for (size_t i = 0; i < ARRAY_LEN(project_files); i++) {
		struct host_file f = {
		        .path = arena_fmt(h->arena, "%s/%s", h->project, project_files[i].path), .data = slice_str(project_files[i].text)};
		if (!f.path)
			return -ENOMEM;
		bool there = false;
		for (size_t k = 0; k < h->n_files; k++)
			there = there || strcmp(h->files[k].path, f.path) == 0;
		int r = there ? 0 : host_file_set(h, &f);
		if (r < 0)
			return r;
	}
	return 0;
}
