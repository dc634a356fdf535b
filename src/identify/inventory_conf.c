/* Files of settings: what the catalogue says is to be found in them. Values of keys are compared and forgotten. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "identify/inventory_part.h"

#define FILE_BYTES ((size_t)8 << 20)
#define NODES      150000
#define MEMORY     ((size_t)48 << 20)
#define PATHS_MAX  400 /* of one file, to single values and to maps: each is kept */
#define FINDINGS   400 /* of one file */

/* A file that is being looked at. */
struct settings {
	struct job *j;
	const struct spot *s;
	const struct place *p;
	struct inventory_finding *f; /* of the file itself */
	const struct conf *root;
	const struct catalogue_setting *setting;
	const char *path;
	size_t findings, paths;
	bool any; /* there is something to say of it */
};

static bool room(struct settings *x)
{
	x->any = true;
	return x->findings++ < FINDINGS;
}

/* ---- servers, hooks, single commands */

static int server(void *arg, const struct conf *v, struct slice key)
{
	struct settings *x = arg;
	(void)key;
	for (const struct conf *c = v->type == CONF_MAP || v->type == CONF_LIST ? v->child : NULL; c && room(x); c = c->next)
		find_server(x->j, x->s, x->f, c, c->key);
	return 0;
}

static const char *const hook_names[] = {"command", "bash", "powershell", "cmd", "run", "script", "exec", NULL};

/* Commands anywhere below: `event` is the key nearest to the top. */
static void hooks_below(struct settings *x, const struct conf *c, struct slice event, struct slice matcher, unsigned depth)
{
	if (depth > 12 || (c->type != CONF_MAP && c->type != CONF_LIST))
		return;
	const struct conf *m = conf_get(c, SLICE("matcher"));
	if (m && m->type == CONF_TEXT)
		matcher = m->text;
	for (size_t i = 0; hook_names[i]; i++) {
		const struct conf *k = conf_get(c, slice_str(hook_names[i]));
		if (k && (k->type == CONF_TEXT || k->type == CONF_LIST) && room(x))
			find_command(x->j, x->s, x->f, strcmp(hook_names[i], "command") == 0 ? c : k, event, matcher);
	}
	for (const struct conf *k = c->child; k; k = k->next)
		hooks_below(x, k, event.n ? event : k->key, matcher, depth + 1);
}

static int hooks(void *arg, const struct conf *v, struct slice key)
{
	(void)key;
	hooks_below(arg, v, SLICE_NONE, SLICE_NONE, 0);
	return 0;
}

static int single(void *arg, const struct conf *v, struct slice key)
{
	struct settings *x = arg;
	if (v->type != CONF_NULL && v->type != CONF_BOOL && room(x))
		find_command(x->j, x->s, x->f, v, key.n ? key : slice_str(x->path), SLICE_NONE);
	return 0;
}

/* ---- keys */

/* A reference to a value that stands elsewhere is no key. */
static bool is_reference(struct slice v)
{
	static const struct slice starts[] = {SLICE_INIT("$"), SLICE_INIT("{env:"), SLICE_INIT("{file:"), SLICE_INIT("env:"),
	        SLICE_INIT("!"), SLICE_INIT("<"), SLICE_INIT("your"), SLICE_INIT("YOUR"), SLICE_INIT("xxx"), SLICE_INIT("op://"),
	        SLICE_INIT("secret:"), SLICE_INIT("${")};
	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (slice_starts(v, starts[i]))
			return true;
	return v.n < 8;
}

static void put_key(struct settings *x, struct slice name, const char *of, struct slice value)
{
	if (is_reference(value) || !room(x))
		return;
	struct inventory_finding *f = find_new(x->j, INVENTORY_KEY, x->s);
	if (!f)
		return;
	if (x->p->tool->kind != CATALOGUE_SHARED)
		find_tool(f, x->p->tool);
	f->scope = x->f->scope;
	f->by = INVENTORY_BY_METADATA;
	f->sure = shown_key_kind(value) ? INVENTORY_CERTAIN : INVENTORY_LIKELY;
	f->name = shown_secret(name) ? "[hidden]" : find_text(x->j, name, 120);
	find_fact(x->j, f, "of", slice_str(of));
	find_fact(x->j, f, "kind", slice_str(shown_key_kind(value)));
	if (x->s->st.st_mode & 0004)
		find_risk(x->j, f, RISK_OTHERS_READ, SLICE(""));
	if (f->scope == INVENTORY_OF_PROJECT)
		find_risk(x->j, f, RISK_KEY_IN_PROJECT, SLICE(""));
	find_permissions(x->j, f, x->s);
}

static int key_member(void *arg, const struct conf *v, struct slice key)
{
	struct settings *x = arg;
	if (v->type != CONF_TEXT)
		return 0;
	/* The path with the name that the star stood for. */
	struct slice path = slice_str(x->path);
	size_t star = slice_chr(path, '*', 0);
	_cleanup_buf_ struct buf name = BUF(512);
	if (star == SLICE_NPOS || !key.n || key.n > 100 || shown_secret(key))
		buf_add(&name, path);
	else
		buf_fmt(&name, "%.*s%.*s%.*s", SLICE_FMT(slice_sub(path, 0, star)), SLICE_FMT(key), SLICE_FMT(slice_from(path, star + 1)));
	put_key(x, buf_slice(&name), "", v->text);
	return 0;
}

static bool in_list(const char *const *list, struct slice s)
{
	for (size_t i = 0; list[i]; i++)
		if (slice_is(s, list[i]))
			return true;
	return false;
}

/* Whether a value leads elsewhere than to the tool's vendor. */
static void redirect(struct settings *x, struct slice name, struct slice value)
{
	struct slice host = url_host(value);
	uint8_t low[256];
	_cleanup_buf_ struct buf detail = BUF(1024);
	if (!host.n || host.n > sizeof(low))
		return;
	for (size_t i = 0; i < host.n; i++)
		low[i] = host.p[i] >= 'A' && host.p[i] <= 'Z' ? (uint8_t)(host.p[i] + 32) : host.p[i];
	host = slice_of(low, host.n);
	for (size_t i = 0; i < j_tools(x->j); i++)
		if (catalogue_host(&x->j->t->o->catalogue->tools[i], host) &&
		        (x->p->tool->kind == CATALOGUE_SHARED || &x->j->t->o->catalogue->tools[i] == x->p->tool))
			return;
	buf_fmt(&detail, "%.*s to %.*s", SLICE_FMT(slice_sub(name, 0, 120)), SLICE_FMT(shown_secret(host) ? SLICE("[hidden]") : host));
	find_risk(x->j, x->f, RISK_REDIRECTED, buf_slice(&detail));
	x->any = true;
}

static int variables(void *arg, const struct conf *v, struct slice key)
{
	struct settings *x = arg;
	(void)key;
	for (const struct conf *c = v->type == CONF_MAP ? v->child : NULL; c; c = c->next) {
		const struct catalogue_variable *known = catalogue_variable(x->j->t->o->catalogue, c->key);
		if (known && c->type == CONF_TEXT)
			put_key(x, c->key, known->of, c->text);
		if (c->type == CONF_TEXT && in_list(x->j->t->o->catalogue->redirects, c->key))
			redirect(x, c->key, c->text);
	}
	return 0;
}

/* ---- settings that are a risk */

static int setting(void *arg, const struct conf *v, struct slice key)
{
	struct settings *x = arg;
	const struct catalogue_setting *s = x->setting;
	_cleanup_buf_ struct buf detail = BUF(1024);
	if (s->risk == RISK_REDIRECTED) {
		if (v->type == CONF_TEXT)
			redirect(x, slice_str(s->at), v->text);
		return 0;
	}
	if (v->type == CONF_MAP || v->type == CONF_LIST || v->type == CONF_NULL || (s->is[0] && !in_list(s->is, v->text)))
		return 0;
	if (s->is[0])
		buf_fmt(&detail, "%s: %.*s", s->at, SLICE_FMT(v->text));
	else
		buf_str_add(&detail, s->at);
	if (key.n && !shown_secret(key))
		buf_fmt(&detail, " (%.*s)", SLICE_FMT(slice_sub(key, 0, 80)));
	find_risk(x->j, x->f, s->risk, buf_slice(&detail));
	x->any = true;
	return 0;
}

/* ---- managed settings */

/* They hold if only an administrator can change the file and the folder that it stands in. */
static void held(struct settings *x, int fd)
{
	struct job *j = x->j;
	struct stat st;
	if (x->s->st.st_uid != 0)
		find_risk(j, x->f, RISK_NOT_HELD, slice_str(find_fmt(j, "it belongs to %s", find_account(j, x->s->st.st_uid))));
	if (x->s->st.st_mode & 0022)
		find_risk(j, x->f, RISK_NOT_HELD,
		        slice_str(x->s->st.st_mode & 0002 ? "everybody can write to it" : "its group can write to it"));
	if (fstat(fd, &st) == 0) {
		if (st.st_uid != 0)
			find_risk(j, x->f, RISK_NOT_HELD, slice_str(find_fmt(j, "its folder belongs to %s", find_account(j, st.st_uid))));
		if (st.st_mode & 0022 && !(st.st_mode & S_ISVTX))
			find_risk(j, x->f, RISK_NOT_HELD, SLICE("others can write to its folder"));
	}
	if (x->root && x->root->type == CONF_MAP && x->root->n == 0)
		find_risk(j, x->f, RISK_NOT_HELD, SLICE("there is nothing in it"));
	if (x->root && x->root->type != CONF_MAP)
		find_risk(j, x->f, RISK_NOT_HELD, SLICE("it is no mapping of settings"));
}

static void fact_members(struct settings *x)
{
	_cleanup_buf_ struct buf names = BUF(4096);
	size_t n = 0;
	for (const struct conf *c = x->root->type == CONF_MAP ? x->root->child : NULL; c && n < 32; c = c->next)
		if (c->key.n <= 80 && !shown_secret(c->key))
			buf_fmt(&names, "%s%.*s", n++ ? ", " : "", SLICE_FMT(c->key));
	find_fact(x->j, x->f, "settings", buf_slice(&names));
}

/* Every single value, as a number that tells equal from different, for tools that can be managed. */
static void leaves(struct settings *x, const struct conf *c, const char *path, unsigned depth)
{
	if (depth > 6 || c->type != CONF_MAP)
		return;
	for (const struct conf *k = c->child; k && x->paths < PATHS_MAX; k = k->next) {
		if (k->type == CONF_LIST || k->key.n > 80 || shown_secret(k->key))
			continue;
		x->paths++;
		const char *at = path[0] ? find_fmt(x->j, "%s/%.*s", path, SLICE_FMT(k->key)) : find_text(x->j, k->key, 80);
		if (k->type == CONF_MAP) {
			leaves(x, k, at, depth + 1);
		} else {
			struct inventory_leaf *l = arena_alloc(&x->j->arena, sizeof(*l));
			if (!l)
				return;
			*l = (struct inventory_leaf){.path = at, .value = slice_hash(k->text) ^ (uint64_t)k->type, .next = x->f->leaves};
			x->f->leaves = l;
		}
	}
}

static bool can_be_managed(const struct catalogue_tool *t)
{
	for (size_t i = 0; i < t->n_files; i++)
		if (t->files[i].managed)
			return true;
	return false;
}

/* ---- shells' own files */

static void shell_lines(struct settings *x, struct slice text)
{
	const struct catalogue *c = x->j->t->o->catalogue;
	struct slice line;
	while (slice_split(&text, '\n', &line)) {
		line = slice_trim(line);
		if (!line.n || line.p[0] == '#')
			continue;
		for (size_t i = 0; i < c->n_tools; i++) {
			const char *flag = c->tools[i].flags[0] ? shown_dangerous_flag(&c->tools[i], line) : NULL;
			bool calls = false;
			for (size_t k = 0; flag && c->tools[i].commands[k] && !calls; k++) {
				struct slice name = slice_str(c->tools[i].commands[k]);
				for (size_t at = 0; !calls && (at = slice_find(line, name, at)) != SLICE_NPOS; at++)
					calls = (at == 0 || strchr(" \t'\"=/;&|(", line.p[at - 1])) &&
					        (at + name.n == line.n || line.p[at + name.n] == ' ' || line.p[at + name.n] == '\t');
			}
			if (!calls || !room(x))
				continue;
			struct inventory_finding *f = find_new(x->j, INVENTORY_SETTINGS, x->s);
			if (!f)
				return;
			find_tool(f, &c->tools[i]);
			f->scope = x->f->scope;
			f->by = INVENTORY_BY_METADATA;
			f->sure = INVENTORY_LIKELY;
			find_fact(x->j, f, "what", SLICE("a line for a shell starts the tool"));
			find_risk(x->j, f, RISK_DANGEROUS_FLAG, slice_str(flag));
		}
	}
}

/* ---- all of it */

static void each(struct settings *x, const char *const *paths, conf_fn *fn)
{
	for (size_t i = 0; paths[i]; i++) {
		x->path = paths[i];
		(void)conf_each(x->root, paths[i], fn, x);
	}
}

static void search(struct settings *x)
{
	const struct catalogue_file *file = x->p->file;
	each(x, file->mcp, server);
	each(x, file->hooks, hooks);
	each(x, file->runs, single);
	each(x, file->keys, key_member);
	each(x, file->variables, variables);
	for (size_t i = 0; i < x->p->tool->n_risks; i++) {
		x->setting = &x->p->tool->risks[i];
		(void)conf_each(x->root, x->setting->at, setting, x);
	}
}

static void unreadable_text(struct settings *x, const char *format, unsigned line, unsigned column)
{
	const char *why = line ? find_fmt(x->j, "it is no %s: line %u, column %u", format, line, column)
	                       : find_fmt(x->j, "it is too large to be read");
	find_fact(x->j, x->f, "unreadable", slice_str(why));
	if (x->f->kind == INVENTORY_MANAGED)
		find_risk(x->j, x->f, RISK_NOT_HELD, slice_str(why));
	x->any = true;
}

void look_settings(struct job *j, int fd, struct spot *s, const struct place *p)
{
	static const char *const names[] = {"JSON", "TOML", "YAML", "text", "text"};
	const struct node *base = places_base(p, s->dir);
	bool shared = p->tool->kind == CATALOGUE_SHARED;
	_cleanup_fd_ int f = look_open(fd, s);
	if (f < 0) {
		if (f != -ENOENT && f != -EINVAL && f != -ELOOP)
			walk_unread(j, s->dir, s->name, f);
		return;
	}
	struct settings x = {.j = j, .s = s, .p = p, .any = !shared && p->file->format != CATALOGUE_ENV};
	x.f = find_new(j, p->file->managed ? INVENTORY_MANAGED : INVENTORY_SETTINGS, s);
	if (!x.f)
		return;
	if (!shared)
		find_tool(x.f, p->tool);
	x.f->by = INVENTORY_BY_METADATA;
	x.f->scope = p->of_root ? INVENTORY_OF_SYSTEM : base && base->flags & NODE_HOME ? INVENTORY_OF_PERSON : INVENTORY_OF_PROJECT;
	if (s->dir->flags & NODE_DEPENDENCY && !p->of_root)
		x.f->scope = INVENTORY_OF_DEPENDENCY;
	x.f->sure = p->n > 1 || p->of_home ? INVENTORY_LIKELY : INVENTORY_WEAK;
	_cleanup_arena_ struct arena arena = ARENA(MEMORY);
	struct conf *root = NULL;
	struct conf_error e = {0};
	j->counts.looked++;
	if (!look_read(j, f, FILE_BYTES, false)) {
		unreadable_text(&x, "", 0, 0);
	} else if (p->file->format == CATALOGUE_TEXT) {
		x.path = p->file->keys[0] ? p->file->keys[0] : "";
		put_key(&x, slice_str(x.path), "", slice_trim(buf_slice(&j->text)));
	} else if (conf_read((enum conf_format)p->file->format, buf_slice(&j->text), NODES, &arena, &root, &e) < 0) {
		if (j->text.n)
			unreadable_text(&x, names[p->file->format], e.line ? e.line : 1, e.column ? e.column : 1);
	} else {
		x.root = root;
		search(&x);
		if (p->file->format == CATALOGUE_ENV)
			(void)variables(&x, root, SLICE_NONE);
		if (p->file->shell)
			shell_lines(&x, buf_slice(&j->text));
		if (can_be_managed(p->tool))
			leaves(&x, root, "", 0);
		if (p->file->managed)
			fact_members(&x);
	}
	if (p->file->managed)
		held(&x, fd);
	else if (x.any)
		find_permissions(j, x.f, s);
	/* Nothing that is of interest: of shared files only what is found in them is told. */
	bool told = x.any && !(shared && !x.f->risks);
	if (!told)
		find_drop(j, x.f);
}
