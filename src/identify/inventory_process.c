/* What runs now: each process by the content of its program, or of the script that its interpreter runs, as its own file system has it;
 * what it is connected with; which keys and marks its environment has (names alone). Without root only one's own can be looked into. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "identify/inventory_part.h"
#include "parse/jscan.h"
#include "sys/path.h"

#define PROCESSES_MAX 25000u
#define MEMO          1024u
#define CMDLINE_MAX   ((size_t)64 << 10)
#define ENVIRON_MAX   ((size_t)256 << 10)
#define ARGV_MAX      256

/* A file that some process runs. */
struct memo {
	uint64_t dev, ino;
	bool known;
	struct verdict v;
};

struct process {
	pid_t pid, parent;
	uid_t uid;
	char comm[32];
	struct inventory_finding *f; /* it is a tool */
};

struct running {
	struct job *j;
	struct memo *memo;
	struct process *list;
	size_t n;
	struct sockets sockets;
};

/* Of one that is being looked at. */
struct look_at_process {
	struct running *r;
	int fd; /* /proc/PID */
	struct process *p;
	struct slice argv[ARGV_MAX];
	size_t argc;
	struct buf cmdline;
};

static ssize_t link_text(int fd, const char *name, char *out, size_t room)
{
	ssize_t n = readlinkat(fd, name, out, room - 1);
	if (n >= 0)
		out[n] = 0;
	return n;
}

/* As much as the buffer takes. */
static bool read_small(int dir, const char *name, struct buf *out)
{
	buf_reset(out);
	int r = path_read(dir, name, out);
	return r == 0 || r == -EFBIG;
}

static void memo_find(struct running *r, int fd, struct verdict *v)
{
	struct stat st;
	*v = (struct verdict){.any = false};
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	struct memo *m = &r->memo[(st.st_ino * 31 + st.st_dev) % MEMO];
	if (!m->known || m->dev != st.st_dev || m->ino != st.st_ino) {
		*m = (struct memo){.dev = st.st_dev, .ino = st.st_ino, .known = true};
		r->j->counts.looked++;
		if (!content_of(r->j, fd, 0, &m->v))
			m->v.any = false;
	}
	*v = m->v;
}

/* Opens a regular file at a path as the process sees it, for reading; -1 if it is none. The path is whatever the process says, and opening
 * a device or pipe can do something, so that what it is is looked at before. */
static int open_inside(const struct look_at_process *x, struct slice path)
{
	char text[4096], link[64];
	struct stat st;
	const struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	ssize_t n = 0;
	if (path.n == 0 || path.n >= sizeof(text) || memchr(path.p, 0, path.n))
		return -1;
	/* Below the working folder links may lead up, to where the process itself would follow them. */
	if (path.p[0] != '/' && ((n = link_text(x->fd, "cwd", text, sizeof(text))) <= 0 || (size_t)n + path.n + 2 > sizeof(text)))
		return -1;
	if (n)
		text[n++] = '/';
	memcpy(text + n, path.p, path.n);
	text[(size_t)n + path.n] = 0;
	_cleanup_fd_ int root = openat(x->fd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_fd_ int at = root < 0 ? -1 : (int)syscall(SYS_openat2, root, text, &how, sizeof(how));
	if (at < 0 || fstat(at, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", at);
	return open(link, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* The package that a script is part of, by package.json in one of the folders above it. */
static bool package_above(struct look_at_process *x, struct slice script, struct verdict *v)
{
	struct job *j = x->r->j;
	for (int up = 0; up < 4; up++) {
		size_t n = script.n - slice_base(script).n;
		_cleanup_arena_ struct arena a = ARENA(1 << 20);
		_cleanup_buf_ struct buf path = BUF(4096), package = BUF(400);
		struct slice root, value;
		if (n < 2)
			return false;
		script = slice_sub(script, 0, n - 1);
		buf_fmt(&path, "%.*s/package.json", SLICE_FMT(script));
		_cleanup_fd_ int fd = open_inside(x, buf_slice(&path));
		if (fd < 0 || !look_read(j, fd, 1 << 20, false) || !jscan_root(buf_slice(&j->text), &root))
			continue;
		const char *name = jscan_get(root, SLICE("name"), &value) ? jscan_str(value, &a) : NULL;
		const char *version = jscan_get(root, SLICE("version"), &value) ? jscan_str(value, &a) : NULL;
		buf_fmt(&package, "npm:%.300s", name ? name : "");
		const struct catalogue_tool *t = catalogue_package(j->t->o->catalogue, buf_slice(&package));
		if (!t)
			return false;
		*v = (struct verdict){.by = INVENTORY_BY_METADATA, .any = true};
		(void)snprintf(v->tool, sizeof(v->tool), "%s", t->id);
		(void)snprintf(v->package, sizeof(v->package), "%.120s", buf_str(&package));
		(void)snprintf(v->version, sizeof(v->version), "%.60s", version ? version : "");
		return true;
	}
	return false;
}

static bool is_interpreter(struct slice name)
{
	static const char *const names[] = {"node", "nodejs", "bun", "deno", "python", "python3", "ruby", "perl", "bash", "sh", "dash",
	        "tsx", "uv", "electron", "java"};
	while (name.n && (isdigit(name.p[name.n - 1]) || name.p[name.n - 1] == '.'))
		name.n--;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (slice_is(name, names[i]))
			return true;
	return false;
}

/* The script among the arguments: the first that is no option. */
static bool script(struct look_at_process *x, struct verdict *v, struct slice *path)
{
	for (size_t i = 1; i < x->argc && i < 12; i++) {
		struct slice s = x->argv[i];
		if (!s.n || s.p[0] == '-')
			continue;
		_cleanup_fd_ int fd = open_inside(x, s);
		if (fd < 0)
			continue;
		*path = s;
		memo_find(x->r, fd, v);
		if (!v->any && slice_chr(s, '/', 0) != SLICE_NPOS)
			(void)package_above(x, s, v);
		if (v->any)
			return true;
		/* A launcher of a Python package: by its name. */
		const struct catalogue_tool *t = catalogue_command(x->r->j->t->o->catalogue, slice_base(s));
		if (t) {
			*v = (struct verdict){.by = INVENTORY_BY_PLACE, .any = true};
			(void)snprintf(v->tool, sizeof(v->tool), "%s", t->id);
		}
		return v->any;
	}
	return false;
}

/* ---- facts of a process that is a tool */

static void fact_command(struct look_at_process *x, struct inventory_finding *f, const struct catalogue_tool *t)
{
	_cleanup_buf_ struct buf shown = BUF(1 << 16);
	for (size_t i = 0; i < x->argc && shown.n < 600; i++) {
		struct slice s = x->argv[i];
		if (i)
			buf_u8(&shown, ' ');
		/* What a person asked for is nobody's business. */
		if (s.n > 120 || slice_chr(s, ' ', 0) != SLICE_NPOS)
			buf_str_add(&shown, "[text]");
		else
			shown_argument(&shown, s, i ? x->argv[i - 1] : SLICE_NONE);
	}
	find_fact(x->r->j, f, "command", buf_slice(&shown));
	for (size_t i = 1; t && i < x->argc; i++) {
		_cleanup_buf_ struct buf two = BUF(CMDLINE_MAX * 2 + 16);
		buf_add(&two, x->argv[i]);
		if (i + 1 < x->argc && x->argv[i + 1].n < 80)
			buf_fmt(&two, " %.*s", SLICE_FMT(x->argv[i + 1]));
		const char *flag = x->argv[i].n && x->argv[i].p[0] == '-' ? shown_dangerous_flag(t, buf_slice(&two)) : NULL;
		if (flag)
			find_risk(x->r->j, f, RISK_DANGEROUS_FLAG, slice_str(flag));
	}
}

static void facts_environment(struct look_at_process *x, struct inventory_finding *f, const struct catalogue_tool *t)
{
	struct job *j = x->r->j;
	_cleanup_buf_ struct buf env = BUF(ENVIRON_MAX), keys = BUF(2048), marks = BUF(2048);
	struct slice rest, item;
	if (!read_small(x->fd, "environ", &env))
		return;
	rest = buf_slice(&env);
	while (slice_split(&rest, 0, &item)) {
		size_t equal = slice_chr(item, '=', 0);
		struct slice name = equal == SLICE_NPOS ? SLICE_NONE : slice_sub(item, 0, equal), value = slice_from(item, equal + 1);
		if (!name.n || name.n > 100)
			continue;
		if (catalogue_variable(j->t->o->catalogue, name) && value.n >= 8)
			buf_fmt(&keys, "%s%.*s", keys.n ? ", " : "", SLICE_FMT(name));
		for (size_t i = 0; i < j_tools(j); i++)
			for (const char *const *m = j->t->o->catalogue->tools[i].markers; *m; m++)
				if (slice_is(name, *m))
					buf_fmt(&marks, "%s%s", marks.n ? ", " : "", *m);
		for (const char *const *m = j->t->o->catalogue->redirects; *m; m++) {
			struct slice host = url_host(value);
			if (slice_is(name, *m) && host.n && !(t && catalogue_host(t, host)))
				find_risk(j, f, RISK_REDIRECTED,
				        slice_str(find_fmt(j, "%s to %.*s", *m, SLICE_FMT(slice_sub(host, 0, 200)))));
		}
	}
	find_fact(j, f, "keys in its environment", buf_slice(&keys));
	find_fact(j, f, "marks of tools", buf_slice(&marks));
}

static void facts_sockets(struct look_at_process *x, struct inventory_finding *f)
{
	struct job *j = x->r->j;
	struct sockets *s = &x->r->sockets;
	char space[64], to[64];
	uint64_t id = 0, inode;
	int fd = openat(x->fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		find_fact(j, f, "connections", SLICE("could not be seen: another account's process"));
		return;
	}
	if (link_text(x->fd, "ns/net", space, sizeof(space)) > 5)
		(void)slice_u64(slice_sub(slice_str(space), 5, strlen(space) - 6), UINT64_MAX, &id);
	if (s->space != id || !s->row) {
		sockets_read(s, x->fd);
		s->space = id;
	}
	size_t n = 0;
	for (struct dirent *e; n < 4096 && path_next(d, &e) == 1; n++) {
		ssize_t len = e->d_name[0] == '.' ? -1 : link_text(dirfd(d), e->d_name, to, sizeof(to));
		if (len < 10 || strncmp(to, "socket:[", 8) != 0 || !slice_u64(slice_of(to + 8, (size_t)len - 9), UINT64_MAX, &inode))
			continue;
		const struct socket_row *row = sockets_find(s, inode);
		if (!row)
			continue;
		find_fact(j, f, row->listens ? "listens" : "connected", slice_str(row->listens ? row->local : row->remote));
		if (row->listens && row->any)
			find_risk(j, f, RISK_OPEN_PORT, slice_str(row->local));
	}
	closedir(d);
}

/* The container that it runs in, by the name of its control group. */
static void fact_container(struct look_at_process *x, struct inventory_finding *f)
{
	static const char *const marks[] = {
	        "docker-", "docker/", "libpod-", "cri-containerd-", "crio-", "lxc.payload.", "kubepods", "machine.slice/"};
	_cleanup_buf_ struct buf text = BUF(8192);
	if (!read_small(x->fd, "cgroup", &text))
		return;
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (slice_find(buf_slice(&text), slice_str(marks[i]), 0) != SLICE_NPOS) {
			struct slice line = slice_trim(buf_slice(&text));
			f->container = find_text(x->r->j, slice_base(line), 120);
			return;
		}
}

static void found(struct look_at_process *x, const struct verdict *v, struct slice script_path)
{
	struct job *j = x->r->j;
	char text[4096];
	const struct catalogue_tool *t = catalogue_tool(j->t->o->catalogue, slice_str(v->tool));
	struct inventory_finding *f = find_new(j, INVENTORY_PROCESS, NULL);
	if (!f)
		return;
	x->p->f = f;
	find_verdict(j, f, v);
	f->by = v->by;
	f->sure = v->by == INVENTORY_BY_CONTENT ? INVENTORY_CERTAIN : v->by == INVENTORY_BY_METADATA ? INVENTORY_LIKELY : INVENTORY_WEAK;
	f->version = find_text(j, slice_str(v->version), 80);
	f->package = find_text(j, slice_str(v->package), 200);
	f->pid = x->p->pid;
	f->uid = x->p->uid;
	f->owner = find_account(j, f->uid);
	f->person = f->owner;
	f->scope = f->uid ? INVENTORY_OF_PERSON : INVENTORY_OF_SYSTEM;
	f->name = find_text(j, slice_str(x->p->comm), 32);
	if (script_path.n)
		f->path = find_text(j, script_path, 4096);
	else if (link_text(x->fd, "exe", text, sizeof(text)) > 0)
		f->path = find_text(j, slice_str(text), 4096);
	if (link_text(x->fd, "cwd", text, sizeof(text)) > 0)
		find_fact(j, f, "works in", slice_str(text));
	fact_command(x, f, t);
	facts_environment(x, f, t);
	fact_container(x, f);
	facts_sockets(x, f);
}

/* ---- all processes */

/* Parent and name from /proc/PID/stat: "1 (name) S 0 …", where the name may hold anything. */
static bool read_stat(int fd, struct process *p, struct buf *text)
{
	uint64_t parent;
	struct slice part, rest;
	if (!read_small(fd, "stat", text))
		return false;
	struct slice s = buf_slice(text);
	size_t open = slice_chr(s, '(', 0), close_at = SLICE_NPOS;
	for (size_t i = s.n; i > 0 && close_at == SLICE_NPOS; i--)
		if (s.p[i - 1] == ')')
			close_at = i - 1;
	if (open == SLICE_NPOS || close_at == SLICE_NPOS || close_at <= open)
		return false;
	struct slice name = slice_sub(s, open + 1, close_at - open - 1);
	(void)snprintf(p->comm, sizeof(p->comm), "%.*s", SLICE_FMT(name));
	rest = slice_from(s, close_at + 2);
	/* State, then parent. */
	if (!slice_split(&rest, ' ', &part))
		return false;
	if (!slice_split(&rest, ' ', &part) || !slice_u64(part, INT32_MAX, &parent))
		return false;
	p->parent = (pid_t)parent;
	return true;
}

static void one(struct running *r, int proc, const char *name)
{
	struct look_at_process x = {.r = r, .cmdline = BUF(CMDLINE_MAX)};
	struct stat st;
	struct verdict v = {.any = false};
	struct slice rest, part, path = SLICE_NONE;
	_cleanup_buf_ struct buf text = BUF(4096);
	x.fd = openat(proc, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (x.fd < 0)
		return;
	x.p = &r->list[r->n];
	*x.p = (struct process){.pid = (pid_t)strtol(name, NULL, 10)};
	if (fstat(x.fd, &st) == 0 && read_stat(x.fd, x.p, &text)) {
		x.p->uid = st.st_uid;
		r->n++;
		r->j->counts.processes++;
		if (read_small(x.fd, "cmdline", &x.cmdline)) {
			rest = buf_slice(&x.cmdline);
			if (rest.n && rest.p[rest.n - 1] == 0)
				rest.n--;
			while (rest.n && x.argc < ARGV_MAX && slice_split(&rest, 0, &part))
				x.argv[x.argc++] = part;
		}
		_cleanup_fd_ int exe = openat(x.fd, "exe", O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		char target[4096] = "";
		(void)link_text(x.fd, "exe", target, sizeof(target));
		struct slice program = slice_base(target[0] ? slice_str(target) : x.argc ? x.argv[0] : SLICE_NONE);
		if (exe < 0 && errno == EACCES)
			r->j->counts.foreign++;
		if (exe >= 0)
			memo_find(r, exe, &v);
		if (!v.any && x.argc > 1 && is_interpreter(program))
			(void)script(&x, &v, &path);
		if (!v.any && x.argc) {
			/* By name: of its program, or, of another account's, of what it says. */
			const struct catalogue_tool *t = catalogue_command(r->j->t->o->catalogue, program);
			t = t || target[0] ? t : catalogue_command(r->j->t->o->catalogue, slice_base(x.argv[0]));
			if (t) {
				v = (struct verdict){.by = INVENTORY_BY_PLACE, .any = true};
				(void)snprintf(v.tool, sizeof(v.tool), "%s", t->id);
			}
		}
		if (v.any && x.p->pid != getpid())
			found(&x, &v, path);
	}
	close(x.fd);
	buf_free(&x.cmdline);
}

static int by_pid(const void *a, const void *b)
{
	const struct process *x = a, *y = b;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Who started whom, among what was found. */
static void relations(struct running *r)
{
	if (r->n)
		qsort(r->list, r->n, sizeof(*r->list), by_pid);
	for (size_t i = 0; i < r->n; i++) {
		struct process key = {.pid = r->list[i].parent};
		const struct process *parent = bsearch(&key, r->list, r->n, sizeof(*r->list), by_pid);
		if (!parent || !parent->f)
			continue;
		if (!r->list[i].f)
			find_fact(r->j, parent->f, "started", slice_str(r->list[i].comm));
		else if (strcmp(parent->f->tool, r->list[i].f->tool) != 0)
			find_fact(r->j, r->list[i].f, "started by", slice_str(parent->f->title));
	}
}

/* Ports of model servers that listen here. If the process could be seen it was judged by what it is; else the port alone tells. */
static void servers(struct running *r, int proc)
{
	struct job *j = r->j;
	_cleanup_fd_ int self = openat(proc, "self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct sockets s = {.row = NULL};
	if (self >= 0)
		sockets_read(&s, self);
	for (size_t i = 0; i < s.n; i++) {
		const struct catalogue_tool *t = s.row[i].listens ? catalogue_port(j->t->o->catalogue, s.row[i].local_port) : NULL;
		const struct inventory_finding *by = NULL;
		if (!t)
			continue;
		for (size_t k = 0; k < r->n && !by; k++)
			for (const struct inventory_fact *x = r->list[k].f ? r->list[k].f->facts : NULL; x && !by; x = x->next)
				if (strcmp(x->name, "listens") == 0 && strcmp(x->value, s.row[i].local) == 0)
					by = r->list[k].f;
		/* Ports that everybody uses say nothing. */
		if ((by && strcmp(by->tool, t->id) != 0) || (!by && (j->counts.foreign == 0 || s.row[i].local_port % 10 == 0)))
			continue;
		struct inventory_finding *f = find_new(j, INVENTORY_MODEL_SERVER, NULL);
		if (!f)
			break;
		find_tool(f, t);
		f->name = find_text(j, slice_str(s.row[i].local), 60);
		f->by = by ? by->by : INVENTORY_BY_PLACE;
		f->sure = by ? by->sure : INVENTORY_WEAK;
		f->version = by ? by->version : "";
		f->path = by ? by->path : "";
		f->owner = f->person = by ? by->owner : "";
		if (s.row[i].any)
			find_risk(j, f, RISK_OPEN_PORT, slice_str(s.row[i].local));
	}
	sockets_free(&s);
}

void processes_take(struct job *j)
{
	struct running r = {.j = j, .memo = calloc(MEMO, sizeof(*r.memo))};
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = proc < 0 ? NULL : fdopendir(proc);
	r.list = calloc(PROCESSES_MAX, sizeof(*r.list));
	for (struct dirent *e; d && r.memo && r.list && r.n < PROCESSES_MAX && !taking_stopped(j->t) && path_next(d, &e) == 1;)
		if (isdigit((unsigned char)e->d_name[0]))
			one(&r, dirfd(d), e->d_name);
	if (d && r.list) {
		relations(&r);
		servers(&r, dirfd(d));
	}
	if (d)
		closedir(d);
	else if (proc >= 0)
		close(proc);
	sockets_free(&r.sockets);
	free(r.memo);
	free(r.list);
}
