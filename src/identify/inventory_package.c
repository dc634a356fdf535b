/* What says of itself what it is: packages of npm and Python, extensions of editors. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>

#include "identify/inventory_part.h"
#include "parse/jscan.h"

#define PACKAGE_BYTES  ((size_t)1 << 20)
#define METADATA_BYTES ((size_t)16 << 10)
#define MEMORY         ((size_t)4 << 20)

static struct slice member(struct slice object, const char *name, struct arena *a)
{
	struct slice v;
	const char *s = jscan_get(object, slice_str(name), &v) ? jscan_str(v, a) : NULL;
	return s ? slice_str(s) : SLICE_NONE;
}

/* The folder that a file stands in, as the place of what is found. */
static struct spot folder_of(int fd, const struct spot *s)
{
	struct spot at = {.dir = s->dir, .name = "", .st = s->st};
	(void)fstat(fd, &at.st);
	return at;
}

/* What the code of a package says; remembered for as long as its package.json stays as it is. False: it is no known tool. */
static bool tree_of(struct job *j, int fd, unsigned *verdict, struct verdict *v)
{
	struct identify_match m = {0};
	*v = (struct verdict){.any = false};
	if (verdict_known(j, verdict, v) || !j->t->o->id)
		return v->any;
	_cleanup_fd_ int dir = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	j->counts.looked++;
	if (dir >= 0 && identify_tree(j->t->o->id, dir, &m, NULL) == 0 && m.by == IDENTIFY_BY_CONSTANTS)
		verdict_of(&m, v);
	*verdict = verdict_keep(j, v);
	return v->any;
}

/* That, beside what its metadata say. */
static void by_content(struct job *j, int fd, struct inventory_finding *f, unsigned *verdict)
{
	struct verdict v;
	if (!tree_of(j, fd, verdict, &v))
		return;
	if (strcmp(f->tool, v.tool) == 0) {
		f->by = INVENTORY_BY_CONTENT;
		f->sure = INVENTORY_CERTAIN;
	} else {
		find_fact(j, f, "content of", slice_str(v.title));
		find_risk(j, f, RISK_DISGUISED, slice_str(v.title));
	}
	find_fact(j, f, "constants", slice_str(find_fmt(j, "%u of %u", v.found, v.of)));
}

/* Whose package it is, as the catalogue or the prints have it; NULL: nobody's that is known. */
static const struct catalogue_tool *tool_of(const struct job *j, struct slice package)
{
	const struct inventory_options *o = j->t->o;
	const struct catalogue_tool *t = catalogue_package(o->catalogue, package);
	const char *known = o->id && !t ? identify_package_tool(o->id, package) : NULL;
	return known ? catalogue_tool(o->catalogue, slice_str(known)) : t;
}

static struct inventory_finding *package_new(struct job *j, int fd, const struct spot *s, enum inventory_kind kind,
        const struct catalogue_tool *t, struct slice package, struct slice version)
{
	struct spot at = folder_of(fd, s);
	struct inventory_finding *f = find_new(j, kind, &at);
	if (!f)
		return NULL;
	if (t)
		find_tool(f, t);
	f->by = INVENTORY_BY_METADATA;
	f->sure = INVENTORY_LIKELY;
	f->package = find_text(j, package, 200);
	f->version = find_text(j, version, 80);
	f->size = 0;
	if (f->scope == INVENTORY_OF_DEPENDENCY && kind == INVENTORY_PROGRAM)
		f->scope = INVENTORY_OF_PROJECT;
	find_permissions(j, f, &at);
	return f;
}

/* Does it give models or agents to an editor? As its manifest says. */
static bool extension_for_ai(struct slice root)
{
	static const struct slice points[] = {SLICE_INIT("chatParticipants"), SLICE_INIT("languageModelTools"),
	        SLICE_INIT("languageModels"), SLICE_INIT("languageModelChatProviders"), SLICE_INIT("mcpServerDefinitionProviders"),
	        SLICE_INIT("chatAgents"), SLICE_INIT("chatSkills")};
	struct slice v, list;
	if (jscan_get(root, SLICE("contributes"), &v))
		for (size_t i = 0; i < ARRAY_LEN(points); i++)
			if (jscan_get(v, points[i], &list))
				return true;
	if (jscan_get(root, SLICE("categories"), &list))
		for (struct jscan_iter i = jscan_iter(list); jscan_next(&i);)
			if (jscan_eq(i.value, SLICE("AI")) || jscan_eq(i.value, SLICE("Chat")))
				return true;
	return false;
}

static void extension(struct job *j, int fd, const struct spot *s, struct slice root, struct slice publisher, struct slice name,
        struct slice version, struct arena *a, unsigned *verdict)
{
	char id[400] = "vscode:";
	size_t n = strlen(id);
	for (size_t k = 0; k < 2; k++) {
		struct slice part = k ? name : publisher;
		for (size_t i = 0; i < part.n && n + 2 < sizeof(id); i++)
			id[n++] = (char)tolower(part.p[i]);
		if (!k)
			id[n++] = '.';
	}
	struct slice package = slice_of(id, n), v;
	const struct catalogue_tool *t = tool_of(j, package);
	bool installed = s->dir->parent && strcmp(s->dir->parent->name, "extensions") == 0;
	if (!t && !(installed && extension_for_ai(root)))
		return;
	struct inventory_finding *f = package_new(j, fd, s, INVENTORY_EXTENSION, t, package, version);
	if (!f)
		return;
	/* A package's own source tree is no installation. */
	if (!installed)
		f->sure = INVENTORY_WEAK;
	f->name = find_text(j, member(root, "displayName", a), 120);
	if (!f->name[0] || f->name[0] == '%')
		f->name = find_text(j, name, 120);
	if (!t)
		f->publisher = find_text(j, publisher, 80);
	const struct node *editor = installed ? s->dir->parent->parent : NULL;
	if (editor && editor->parent)
		find_fact(j, f, "editor", slice_str(editor->name));
	if (jscan_get(root, SLICE("enabledApiProposals"), &v) && slice_find(v, SLICE("terminal"), 0) != SLICE_NPOS)
		find_fact(j, f, "uses", SLICE("proposed interfaces of the editor"));
	by_content(j, fd, f, verdict);
}

static const struct {
	struct slice name;
	const char *what;
} libraries[] = {
        {SLICE_INIT("@modelcontextprotocol/sdk"), "Model Context Protocol"},
        {SLICE_INIT("@modelcontextprotocol/server"), "Model Context Protocol"},
        {SLICE_INIT("fastmcp"), "Model Context Protocol"},
        {SLICE_INIT("@anthropic-ai/claude-agent-sdk"), "Claude Agent SDK"},
        {SLICE_INIT("@openai/codex-sdk"), "Codex SDK"},
        {SLICE_INIT("@openai/agents"), "OpenAI Agents SDK"},
        {SLICE_INIT("@google/adk"), "Agent Development Kit"},
        {SLICE_INIT("@mastra/core"), "Mastra"},
};

/* A program that is none of the known ones, but is built on a library of agents. */
static void unknown_agent(struct job *j, int fd, const struct spot *s, struct slice root, struct slice name, struct slice version)
{
	struct slice needs, v;
	if (!jscan_get(root, SLICE("bin"), &v) || !jscan_get(root, SLICE("dependencies"), &needs))
		return;
	for (size_t i = 0; i < ARRAY_LEN(libraries); i++) {
		if (!jscan_get(needs, libraries[i].name, &v))
			continue;
		_cleanup_buf_ struct buf package = BUF(400);
		buf_fmt(&package, "npm:%.*s", SLICE_FMT(slice_sub(name, 0, 214)));
		struct inventory_finding *f = package_new(j, fd, s, INVENTORY_PROGRAM, NULL, buf_slice(&package), version);
		if (!f)
			return;
		f->name = find_text(j, name, 120);
		f->sure = INVENTORY_WEAK;
		find_fact(j, f, "built on", slice_str(libraries[i].what));
		return;
	}
}

/* A program that somebody installed, and whose code is a tool's, whatever it calls itself. What other packages depend on is not read: there
 * are thousands of these, and what is bundled or compiled in them is found by itself. */
static bool under_another_name(
        struct job *j, int fd, const struct spot *s, struct slice root, struct slice package, struct slice version, unsigned *verdict)
{
	struct slice bin;
	struct verdict v;
	if (s->dir->flags & NODE_DEPENDENCY || !jscan_get(root, SLICE("bin"), &bin) || !tree_of(j, fd, verdict, &v))
		return false;
	struct inventory_finding *f = package_new(j, fd, s, INVENTORY_PROGRAM, NULL, package, slice_str(v.version));
	if (!f)
		return true;
	find_verdict(j, f, &v);
	f->by = INVENTORY_BY_CONTENT;
	f->sure = INVENTORY_CERTAIN;
	find_fact(j, f, "constants", slice_str(find_fmt(j, "%u of %u", v.found, v.of)));
	find_fact(j, f, "calls itself", slice_str(find_fmt(j, "%.*s %.*s", SLICE_FMT(package), SLICE_FMT(version))));
	find_risk(j, f, RISK_DISGUISED, package);
	return true;
}

void look_package(struct job *j, int fd, struct spot *s, unsigned *verdict)
{
	_cleanup_fd_ int f = look_open(fd, s);
	_cleanup_arena_ struct arena a = ARENA(MEMORY);
	struct slice root, v;
	if (f < 0 || s->st.st_size < 10)
		return;
	if (!look_read(j, f, PACKAGE_BYTES, false) || !jscan_root(buf_slice(&j->text), &root) || !jscan_is(root, '{'))
		return;
	struct slice name = member(root, "name", &a), version = member(root, "version", &a), publisher = member(root, "publisher", &a);
	if (!name.n || name.n > 214)
		return;
	if (publisher.n && publisher.n < 200 && jscan_get(root, SLICE("engines"), &v) && jscan_get(v, SLICE("vscode"), &v)) {
		extension(j, fd, s, root, publisher, name, version, &a, verdict);
		return;
	}
	_cleanup_buf_ struct buf package = BUF(400);
	buf_fmt(&package, "npm:%.*s", SLICE_FMT(name));
	const struct catalogue_tool *t = tool_of(j, buf_slice(&package));
	if (!t) {
		if (!under_another_name(j, fd, s, root, buf_slice(&package), version, verdict))
			unknown_agent(j, fd, s, root, name, version);
		return;
	}
	struct inventory_finding *x = package_new(j, fd, s, INVENTORY_PROGRAM, t, buf_slice(&package), version);
	if (x)
		by_content(j, fd, x, verdict);
}

/* ---- Python */

/* PEP 503: names that differ in case and in runs of "-", "_" and "." are one. */
static size_t normal_name(struct slice s, char *out, size_t room)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n && n + 1 < room; i++) {
		bool dash = s.p[i] == '-' || s.p[i] == '_' || s.p[i] == '.';
		if (dash && n && out[n - 1] == '-')
			continue;
		out[n++] = dash ? '-' : (char)tolower(s.p[i]);
	}
	return n;
}

/* The text of a header of the metadata (RFC 822), before the description. */
static struct slice header(struct slice text, const char *name)
{
	struct slice line;
	while (slice_split(&text, '\n', &line)) {
		line = slice_trim(line);
		if (!line.n)
			return SLICE_NONE;
		size_t colon = slice_chr(line, ':', 0);
		if (colon != SLICE_NPOS && slice_eq_nocase(slice_sub(line, 0, colon), slice_str(name)))
			return slice_trim(slice_from(line, colon + 1));
	}
	return SLICE_NONE;
}

static const char *needs_agents(struct slice text)
{
	static const char *const names[][2] = {{"mcp", "Model Context Protocol"}, {"fastmcp", "Model Context Protocol"},
	        {"claude-agent-sdk", "Claude Agent SDK"}, {"openai-agents", "OpenAI Agents SDK"}, {"google-adk", "Agent Development Kit"},
	        {"crewai", "CrewAI"}, {"smolagents", "smolagents"}};
	struct slice line;
	while (slice_split(&text, '\n', &line)) {
		line = slice_trim(line);
		if (!line.n)
			return NULL;
		if (!slice_starts(line, SLICE("Requires-Dist:")) || slice_find(line, SLICE("extra =="), 0) != SLICE_NPOS)
			continue;
		struct slice rest = slice_trim(slice_from(line, 14));
		size_t end = 0;
		while (end < rest.n && (isalnum(rest.p[end]) || rest.p[end] == '-' || rest.p[end] == '_' || rest.p[end] == '.'))
			end++;
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			if (slice_eq_nocase(slice_sub(rest, 0, end), slice_str(names[i][0])))
				return names[i][1];
	}
	return NULL;
}

void look_metadata(struct job *j, int fd, struct spot *s)
{
	char id[300] = "pypi:";
	_cleanup_fd_ int f = look_open(fd, s);
	if (f < 0 || !look_read(j, f, METADATA_BYTES, true))
		return;
	struct slice text = buf_slice(&j->text), name = header(text, "Name"), version = header(text, "Version");
	if (!name.n || name.n > 200)
		return;
	size_t n = 5 + normal_name(name, id + 5, sizeof(id) - 5);
	const struct catalogue_tool *t = tool_of(j, slice_of(id, n));
	const char *agents = t ? NULL : needs_agents(text);
	/* Only programs: a library that is built on another one runs nothing by itself. */
	if (!t && !(agents && faccessat(fd, "entry_points.txt", F_OK, AT_SYMLINK_NOFOLLOW) == 0))
		return;
	struct inventory_finding *x = package_new(j, fd, s, INVENTORY_PROGRAM, t, slice_of(id, n), version);
	if (!x)
		return;
	if (!t) {
		x->name = find_text(j, name, 120);
		x->sure = INVENTORY_WEAK;
		find_fact(j, x, "built on", slice_str(agents));
	}
	x->scope = s->dir->home ? INVENTORY_OF_PERSON : INVENTORY_OF_SYSTEM;
}

/* ---- editors */

void look_zed(struct job *j, int fd, struct spot *s)
{
	_cleanup_arena_ struct arena a = ARENA(MEMORY);
	_cleanup_fd_ int f = look_open(fd, s);
	struct conf *root;
	if (!s->dir->parent || (strcmp(s->dir->parent->name, "installed") != 0 && strcmp(s->dir->parent->name, "extensions") != 0))
		return;
	if (f < 0 || !look_read(j, f, METADATA_BYTES, false) || conf_read(CONF_TOML, buf_slice(&j->text), 2000, &a, &root, NULL) < 0)
		return;
	const struct conf *id = conf_get(root, SLICE("id")), *version = conf_get(root, SLICE("version")),
	                  *name = conf_get(root, SLICE("name"));
	bool servers = conf_get(root, SLICE("context_servers")) || conf_get(root, SLICE("agent_servers")) ||
	               conf_get(root, SLICE("slash_commands"));
	if (!conf_is_text(id) || !id->text.n)
		return;
	_cleanup_buf_ struct buf package = BUF(300);
	buf_fmt(&package, "zed:%.*s", SLICE_FMT(slice_sub(id->text, 0, 200)));
	const struct catalogue_tool *t = catalogue_package(j->t->o->catalogue, buf_slice(&package));
	if (!t && !servers)
		return;
	struct inventory_finding *x =
	        package_new(j, fd, s, INVENTORY_EXTENSION, t, buf_slice(&package), conf_is_text(version) ? version->text : SLICE_NONE);
	if (!x)
		return;
	x->name = find_text(j, conf_is_text(name) ? name->text : id->text, 120);
	find_fact(j, x, "editor", SLICE("Zed"));
	if (servers)
		find_fact(j, x, "gives", SLICE("servers or agents to the editor"));
}

/* A plugin of JetBrains is a folder, named by its author, below one for each product. */
void look_plugin(struct job *j, struct spot *s)
{
	_cleanup_buf_ struct buf package = BUF(300);
	buf_fmt(&package, "jetbrains:%.200s", s->name);
	const struct catalogue_tool *t = catalogue_package(j->t->o->catalogue, buf_slice(&package));
	if (!t || !S_ISDIR(s->st.st_mode))
		return;
	struct inventory_finding *f = find_new(j, INVENTORY_EXTENSION, s);
	if (!f)
		return;
	find_tool(f, t);
	f->package = find_text(j, buf_slice(&package), 200);
	f->name = find_text(j, slice_str(s->name), 120);
	find_fact(j, f, "editor", slice_str(s->dir->name));
	find_permissions(j, f, s);
}
