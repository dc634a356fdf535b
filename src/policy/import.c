#include "policy/import.h"

#include <errno.h>
#include <stdio.h>

#include "base/utf8.h"
#include "parse/json.h"
#include "policy/import_part.h"
#include "policy/match.h"

const char *const policy_import_kinds[] = {"guess", "claude-code", "codex", "sandbox-runtime", NULL};

struct importer {
	struct arena arena;
	struct buf network, read, write, hide, exec, left;
	struct policy_import *result;
	const char *on_unknown;
	int error;
};

static void put_quoted(struct buf *out, struct slice s)
{
	buf_u8(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_fmt(out, "\\%c", s.p[i]);
		else if (s.p[i] < 0x20 || s.p[i] == 0x7f)
			buf_fmt(out, "\\x%02x", s.p[i]);
		else
			buf_u8(out, s.p[i]);
	}
	buf_u8(out, '"');
}

/* For a comment: one line, ASCII, not too long. */
static void put_comment(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n && i < 200; i++)
		buf_u8(out, s.p[i] < 0x20 || s.p[i] >= 0x7f ? '?' : s.p[i]);
}

static void leave_out(struct importer *m, const char *what, struct slice item, const char *why)
{
	buf_fmt(&m->left, "#   %s", what);
	if (item.n) {
		buf_str_add(&m->left, ": ");
		put_comment(&m->left, item);
	}
	buf_fmt(&m->left, ": %s\n", why);
	m->result->left_out++;
}

/* Tries the line with the parser, as if it stood alone: `head` is what comes before it. */
static void carry(struct importer *m, struct buf *to, const char *head, struct slice line, const char *what, struct slice item)
{
	_cleanup_buf_ struct buf doc = BUF(64u << 10);
	_cleanup_arena_ struct arena a = ARENA(4u << 20);
	struct policy_problems problems = {0};
	struct policy_doc *d;
	buf_str_add(&doc, head);
	buf_add(&doc, line);
	int r = buf_error(&doc) ? -EINVAL : policy_parse(buf_slice(&doc), "import", POLICY_PERSON, &a, &d, &problems);
	if (r == 0) {
		if (slice_find(buf_slice(to), line, 0) == SLICE_NPOS)
			buf_add(to, line);
		m->result->carried++;
	} else if (r == -ENOMEM) {
		m->error = r;
	} else {
		const char *why = "it cannot be written as a rule";
		for (size_t i = 0; i < problems.n; i++)
			if (!problems.list[i].warning) {
				why = problems.list[i].text;
				break;
			}
		_cleanup_buf_ struct buf clean = BUF(1024);
		put_comment(&clean, slice_str(why));
		leave_out(m, what, item, buf_str(&clean));
	}
	policy_problems_free(&problems);
}

static void add_host(struct importer *m, const char *what, struct slice host, const char *rest)
{
	_cleanup_buf_ struct buf line = BUF(8192);
	buf_str_add(&line, "  - {host: ");
	put_quoted(&line, host);
	buf_fmt(&line, "%s}\n", rest);
	carry(m, &m->network, "network:\n", buf_slice(&line), what, host);
}

/* A path of those programs as one of a policy. absolute: a leading '/' is the root, not the project. False: it has been left out. */
static bool to_path(struct importer *m, const char *what, struct slice s, bool absolute, bool hide, struct buf *out)
{
	struct slice item = s;
	bool anywhere = false;
	/* What is below a folder is the folder. */
	while (slice_ends(s, SLICE("/**")) || slice_ends(s, SLICE("/*")))
		s = slice_sub(s, 0, s.n - (slice_ends(s, SLICE("/**")) ? 3 : 2));
	if (s.n == 0 || slice_is(s, ".") || slice_is(s, "./") || slice_is(s, "**") || slice_is(s, "*")) {
		buf_str_add(out, "{project}");
	} else if (slice_starts(s, SLICE("//"))) {
		buf_add(out, slice_from(s, 1));
	} else if (slice_is(s, "~") || slice_starts(s, SLICE("~/")) || (absolute && s.p[0] == '/')) {
		buf_add(out, s);
	} else {
		anywhere = s.p[0] != '/' && s.p[0] != '.';
		s = slice_starts(s, SLICE("./")) ? slice_from(s, 2) : slice_starts(s, SLICE("/")) ? slice_from(s, 1) : s;
		/* A bare name with a pattern, and "**" "/NAME", are meant at any depth. */
		bool any = match_is_pattern(s) && slice_chr(s, '/', 0) == SLICE_NPOS && anywhere;
		buf_fmt(out, "{project}/%s%.*s", any ? "**/" : "", SLICE_FMT(s));
	}
	(void)hide;
	if (match_is_pattern(buf_slice(out)) && !hide) {
		leave_out(m, what, item, "patterns can only hide, as the kernel is told of folders and files");
		return false;
	}
	return true;
}

static void add_path(struct importer *m, const char *what, struct slice s, bool absolute, enum policy_access access)
{
	_cleanup_buf_ struct buf path = BUF(8192), line = BUF(16384), head = BUF(64);
	struct buf *to = access == POLICY_NONE ? &m->hide : access == POLICY_READ ? &m->read : &m->write;
	if (!to_path(m, what, s, absolute, access == POLICY_NONE, &path))
		return;
	buf_str_add(&line, "    - ");
	put_quoted(&line, buf_slice(&path));
	buf_u8(&line, '\n');
	buf_fmt(&head, "files:\n  %s:\n", policy_access_name(access));
	carry(m, to, buf_str(&head), buf_slice(&line), what, s);
}

/* "git push:*", "npm run *", "ls": the program by name, its arguments by words. */
static void add_command(struct importer *m, const char *what, struct slice s, const char *verdict)
{
	_cleanup_buf_ struct buf line = BUF(32768);
	struct slice item = s, word;
	bool open = false, first = true;
	if (slice_ends(s, SLICE(":*"))) {
		s = slice_sub(s, 0, s.n - 2);
		open = true;
	} else if (slice_ends(s, SLICE(" *"))) {
		s = slice_sub(s, 0, s.n - 2);
		open = true;
	}
	for (size_t i = 0; i < s.n; i++)
		if (strchr("|&;<>$`\\\"'()\n", s.p[i])) {
			leave_out(m, what, item,
			        "it is more than a program with its arguments; rules are about programs, not about what a shell reads");
			return;
		}
	while (slice_split(&s, ' ', &word)) {
		if (word.n == 0)
			continue;
		if (first)
			buf_str_add(&line, slice_chr(word, '/', 0) == SLICE_NPOS ? "    - {name: " : "    - {path: ");
		else
			buf_str_add(&line, buf_slice(&line).p[line.n - 1] == '[' ? "" : ", ");
		if (first && slice_chr(word, '*', 0) == 0 && word.n == 1) {
			leave_out(m, what, item, "every program is what \"default\" is for");
			return;
		}
		put_quoted(&line, word);
		if (first && (s.n || !open))
			buf_str_add(&line, ", args: [");
		first = false;
	}
	if (first) {
		leave_out(m, what, item, "it names no program");
		return;
	}
	bool args = slice_find(buf_slice(&line), SLICE(", args: ["), 0) != SLICE_NPOS;
	if (args && open)
		buf_str_add(&line, buf_slice(&line).p[line.n - 1] == '[' ? "\"...\"" : ", \"...\"");
	buf_fmt(&line, "%s, verdict: %s}\n", args ? "]" : "", verdict);
	carry(m, &m->exec, "exec:\n  default: allow\n  rules:\n", buf_slice(&line), what, item);
}

/* JSON */

typedef void each_fn(struct importer *m, const char *what, struct slice s);

static void each(struct importer *m, const struct json *list, const char *what, each_fn *fn)
{
	if (!list)
		return;
	if (list->type != JSON_ARRAY) {
		leave_out(m, what, SLICE_NONE, "it is no list");
		return;
	}
	for (const struct json *c = list->child; c; c = c->next) {
		struct slice s = json_text(c, &m->arena);
		if (c->type != JSON_STRING)
			leave_out(m, what, SLICE_NONE, "an item of it is no text");
		else if (!s.p)
			m->error = -ENOMEM;
		else
			fn(m, what, s);
	}
}

static void host_allow(struct importer *m, const char *what, struct slice s)
{
	if (slice_is(s, "*"))
		leave_out(m, what, s, "every host is nothing that is carried over unseen; any_host: true says so");
	else
		add_host(m, what, s, "");
}

static void host_deny(struct importer *m, const char *what, struct slice s)
{
	add_host(m, what, s, ", verdict: deny");
}

static void path_hide(struct importer *m, const char *what, struct slice s)
{
	add_path(m, what, s, true, POLICY_NONE);
}

static void path_read(struct importer *m, const char *what, struct slice s)
{
	add_path(m, what, s, true, POLICY_READ);
}

static void path_write(struct importer *m, const char *what, struct slice s)
{
	add_path(m, what, s, true, POLICY_WRITE);
}

static bool known(struct slice key, const char *const *list)
{
	for (size_t i = 0; list[i]; i++)
		if (slice_is(key, list[i]))
			return true;
	return false;
}

/* Members that nothing was said about. */
static void others(struct importer *m, const struct json *object, const char *where, const char *const *list, const char *why)
{
	for (const struct json *c = object && object->type == JSON_OBJECT ? object->child : NULL; c; c = c->next) {
		_cleanup_buf_ struct buf name = BUF(512);
		if (known(c->key, list))
			continue;
		buf_fmt(&name, "%s%s", where, where[0] ? "." : "");
		put_comment(&name, c->key);
		leave_out(m, buf_str(&name), SLICE_NONE, why);
	}
}

/* The network and filesystem parts are the same in both programs. */
static void sandbox(struct importer *m, const struct json *s, const char *prefix)
{
	static const char *const network_keys[] = {"allowedDomains", "deniedDomains", NULL}, *const file_keys[] = {"denyRead", "allowRead",
	                                                                                             "allowWrite", "denyWrite", NULL};
	const struct json *n = json_get(s, "network"), *f = json_get(s, "filesystem");
	char where[3][64];
	each(m, json_get(n, "allowedDomains"), "network.allowedDomains", host_allow);
	each(m, json_get(n, "deniedDomains"), "network.deniedDomains", host_deny);
	each(m, json_get(f, "denyRead"), "filesystem.denyRead", path_hide);
	each(m, json_get(f, "allowRead"), "filesystem.allowRead", path_read);
	each(m, json_get(f, "allowWrite"), "filesystem.allowWrite", path_write);
	/* Read, but not written: inside of what may be written the deeper rule holds. */
	each(m, json_get(f, "denyWrite"), "filesystem.denyWrite", path_read);
	(void)snprintf(where[0], sizeof(where[0]), "%snetwork", prefix);
	(void)snprintf(where[1], sizeof(where[1]), "%sfilesystem", prefix);
	others(m, n, where[0], network_keys, "there is nothing like it in a policy");
	others(m, f, where[1], file_keys, "there is nothing like it in a policy");
}

static void import_srt(struct importer *m, const struct json *doc)
{
	static const char *const keys[] = {"network", "filesystem", "$schema", NULL};
	sandbox(m, doc, "");
	others(m, doc, "", keys, "there is nothing like it in a policy");
}

/* "Tool(argument)" or "Tool" */
static bool split_rule(struct slice s, struct slice *tool, struct slice *argument)
{
	size_t open = slice_chr(s, '(', 0);
	*tool = slice_sub(s, 0, open == SLICE_NPOS ? s.n : open);
	*argument = SLICE_NONE;
	if (open == SLICE_NPOS)
		return true;
	if (s.p[s.n - 1] != ')')
		return false;
	*argument = slice_sub(s, open + 1, s.n - open - 2);
	return true;
}

static void permission(struct importer *m, const char *what, struct slice s, const char *verdict)
{
	struct slice tool, argument;
	bool deny = strcmp(verdict, "deny") == 0, allow = strcmp(verdict, "allow") == 0;
	static const char *const edits[] = {"Edit", "Write", "MultiEdit", "NotebookEdit", NULL};
	if (!split_rule(s, &tool, &argument)) {
		leave_out(m, what, s, "it is no rule");
	} else if (slice_is(tool, "Bash") && argument.n) {
		add_command(m, what, argument, verdict);
	} else if (slice_is(tool, "WebFetch") && slice_starts(argument, SLICE("domain:"))) {
		char rest[64];
		(void)snprintf(rest, sizeof(rest), "%s, verdict: %s", deny ? "" : ", methods: [GET, HEAD]", verdict);
		add_host(m, what, slice_from(argument, 7), rest);
	} else if ((slice_is(tool, "Read") || known(tool, edits)) && argument.n) {
		bool edit = !slice_is(tool, "Read");
		if (deny)
			add_path(m, what, argument, false, edit ? POLICY_READ : POLICY_NONE);
		else if (allow)
			add_path(m, what, argument, false, edit ? POLICY_WRITE : POLICY_READ);
		else
			leave_out(m, what, s, "files are not asked about one by one; review: copy shows all changes afterwards");
	} else {
		leave_out(m, what, s,
		        argument.n ? "it is about what the tool does inside itself" : "it is about a whole kind of action of the tool");
	}
}

static void permission_allow(struct importer *m, const char *what, struct slice s)
{
	permission(m, what, s, "allow");
}

static void permission_ask(struct importer *m, const char *what, struct slice s)
{
	permission(m, what, s, "ask");
}

static void permission_deny(struct importer *m, const char *what, struct slice s)
{
	permission(m, what, s, "deny");
}

static void import_claude(struct importer *m, const struct json *doc)
{
	static const char *const keys[] = {"permissions", "sandbox", "$schema", NULL},
	                         *const permission_keys[] = {"allow", "ask", "deny", "additionalDirectories", NULL},
	                         *const sandbox_keys[] = {"network", "filesystem", "enabled", NULL};
	const struct json *p = json_get(doc, "permissions"), *s = json_get(doc, "sandbox");
	each(m, json_get(p, "allow"), "permissions.allow", permission_allow);
	each(m, json_get(p, "ask"), "permissions.ask", permission_ask);
	each(m, json_get(p, "deny"), "permissions.deny", permission_deny);
	each(m, json_get(p, "additionalDirectories"), "permissions.additionalDirectories", path_write);
	sandbox(m, s, "sandbox.");
	others(m, p, "permissions", permission_keys, "it is about how the tool asks, not about what it can do");
	others(m, s, "sandbox", sandbox_keys, "there is nothing like it in a policy");
	others(m, doc, "", keys, "it is a setting of the tool itself");
	add_host(m, "the tool's own host", SLICE("api.anthropic.com"), ", dialect: anthropic");
	m->result->carried--;
}

/* TOML */

static void import_codex(struct importer *m, const struct toml *t)
{
	for (; t; t = t->next) {
		struct slice value = slice_str(t->text);
		if (strcmp(t->path, "sandbox_mode") == 0 && slice_is(value, "read-only")) {
			add_path(m, t->path, SLICE("."), false, POLICY_READ);
		} else if (strcmp(t->path, "sandbox_mode") == 0 && slice_is(value, "workspace-write")) {
			m->result->carried++; /* as it is without a word */
		} else if (strcmp(t->path, "sandbox_mode") == 0) {
			leave_out(m, t->path, value, "there is no way to run without confinement here");
		} else if (strcmp(t->path, "approval_policy") == 0 && t->type == TOML_TEXT) {
			m->on_unknown = slice_is(value, "never") ? "deny" : "ask";
			m->result->carried++;
		} else if (strcmp(t->path, "sandbox_workspace_write.writable_roots") == 0 && t->type == TOML_LIST) {
			for (size_t i = 0; t->list[i]; i++)
				add_path(m, t->path, slice_str(t->list[i]), true, POLICY_WRITE);
			if (t->mixed)
				leave_out(m, t->path, SLICE_NONE, "an item of it is no text");
		} else if (strcmp(t->path, "sandbox_workspace_write.network_access") == 0 && slice_is(value, "false")) {
			m->result->carried++;
		} else if (strcmp(t->path, "sandbox_workspace_write.network_access") == 0) {
			leave_out(m, t->path, value,
			        "every host is nothing that is carried over unseen; name those that are needed under \"network\"");
		} else {
			bool provider = strncmp(t->path, "model_providers.", 16) == 0 && strlen(t->path) > 25 &&
			                strcmp(t->path + strlen(t->path) - 9, ".base_url") == 0 && slice_starts(value, SLICE("https://"));
			if (provider) {
				struct slice host = slice_from(value, 8);
				size_t slash = slice_chr(host, '/', 0);
				add_host(m, t->path, slice_sub(host, 0, slash), "");
				continue;
			}
			leave_out(m, t->path, SLICE_NONE,
			        strncmp(t->path, "sandbox_workspace_write.", 24) == 0 ? "there is nothing like it in a policy"
			                                                              : "it is a setting of the tool itself");
		}
	}
	add_host(m, "the tool's own hosts", SLICE("api.openai.com"), ", dialect: openai-responses, websocket: true");
	add_host(m, "the tool's own hosts", SLICE("chatgpt.com"), ", dialect: openai-responses, websocket: true");
	m->result->carried -= 2;
}

static void put_section(struct buf *out, const char *head, const struct buf *lines)
{
	if (lines->n) {
		buf_str_add(out, head);
		buf_add(out, buf_slice(lines));
	}
}

static void put_all(const struct importer *m, const char *kind, struct buf *out)
{
	buf_fmt(out,
	        "# Made from settings of %s. Read it before it is used: those settings are about what that\n"
	        "# program asks itself, this policy is about what its processes can do.\n",
	        kind);
	if (m->on_unknown)
		buf_fmt(out, "on_unknown: %s\n", m->on_unknown);
	put_section(out, "network:\n", &m->network);
	if (!m->network.n)
		buf_str_add(out, "network: []\n");
	if (m->read.n || m->write.n || m->hide.n)
		buf_str_add(out, "files:\n");
	put_section(out, "  read:\n", &m->read);
	put_section(out, "  write:\n", &m->write);
	put_section(out, "  hide:\n", &m->hide);
	put_section(out,
	        "# Programs that no rule names run, in the sandbox; \"default: ask\" asks about each.\nexec:\n  default: allow\n  rules:\n",
	        &m->exec);
	if (m->left.n) {
		buf_fmt(out, "\n# Could not be carried over (%zu):\n", m->result->left_out);
		buf_add(out, buf_slice(&m->left));
	}
}

static int guess(const struct json *doc)
{
	if (json_get(doc, "permissions") || json_get(doc, "sandbox") || json_get(doc, "hooks") || json_get(doc, "env"))
		return POLICY_IMPORT_CLAUDE;
	return json_get(doc, "network") || json_get(doc, "filesystem") ? POLICY_IMPORT_SRT : POLICY_IMPORT_GUESS;
}

static int run(struct importer *m, struct slice text, const char *name, enum policy_import_kind kind, struct buf *out, struct err *err)
{
	struct json *doc = NULL;
	struct json_error e;
	struct toml *toml;
	const char *why;
	unsigned line;
	uint32_t c;
	for (size_t i = 0, n; i < text.n; i += n)
		if ((n = utf8_next(text, i, &c)) == 0)
			return err_set(err, -EINVAL, "%s: byte %zu is not UTF-8", name, i);
	bool json = kind == POLICY_IMPORT_CLAUDE || kind == POLICY_IMPORT_SRT ||
	            (kind == POLICY_IMPORT_GUESS && slice_starts(slice_trim(text), SLICE("{")));
	if (json) {
		const struct json_limits limits = {.depth = 64, .nodes = 100000};
		if (json_parse(text, &limits, &m->arena, &doc, &e) != JSON_OK)
			return err_set(err, -EINVAL, "%s: no JSON at byte %zu: %s", name, e.at, e.reason);
		if (doc->type != JSON_OBJECT)
			return err_set(err, -EINVAL, "%s: this is no object", name);
		if (kind == POLICY_IMPORT_GUESS)
			kind = (enum policy_import_kind)guess(doc);
		if (kind == POLICY_IMPORT_GUESS)
			return err_set(err, -EINVAL, "%s has nothing by which its program can be told; --from says which", name);
		if (kind == POLICY_IMPORT_SRT)
			import_srt(m, doc);
		else
			import_claude(m, doc);
	} else {
		int r = toml_read(text, &m->arena, &toml, &line, &why);
		if (r == -EBADMSG)
			return err_set(err, -EINVAL, "%s:%u: neither JSON nor TOML: %s", name, line, why);
		if (r < 0)
			return err_set(err, r, "out of memory");
		kind = POLICY_IMPORT_CODEX;
		import_codex(m, toml);
	}
	if (m->error)
		return err_set(err, m->error, "out of memory");
	put_all(m, policy_import_kinds[kind], out);
	const struct buf *all[] = {&m->network, &m->read, &m->write, &m->hide, &m->exec, &m->left, out};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (buf_error(all[i]))
			return err_set(err, buf_error(all[i]), "%s has too many settings", name);
	return 0;
}

int policy_import(
        struct slice text, const char *name, enum policy_import_kind kind, struct buf *out, struct policy_import *result, struct err *err)
{
	struct importer m = {.arena = ARENA(64u << 20), .result = result};
	struct buf *all[] = {&m.network, &m.read, &m.write, &m.hide, &m.exec, &m.left};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		*all[i] = BUF(POLICY_BYTES_MAX / 2);
	*result = (struct policy_import){0};
	int r = text.n > POLICY_BYTES_MAX ? err_set(err, -EINVAL, "%s is larger than %u KiB", name, POLICY_BYTES_MAX / 1024)
	                                  : run(&m, text, name, kind, out, err);
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		buf_free(all[i]);
	arena_free(&m.arena);
	return r;
}
