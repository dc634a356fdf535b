#include "world/script.h"

#include "crypto/digest.h"
#include "world/peek.h"

/* Schemas are nested by hostile hands: deeper levels get null. */
#define SCHEMA_DEPTH_MAX 12
/* The work on a schema is bounded by these: what is longer counts as none, what is more is left out. */
#define SCHEMA_MAX     (256 * 1024)
#define PROPERTIES_MAX 256
#define FILL_MAX       (16 * 1024)
#define CONTENT_MAX    (64 * 1024)

enum step { STEP_READ, STEP_COMMAND, STEP_WRITE, STEP_END, STEP_OBEY };

static const char *const step_what[STEP_END] = {
        [STEP_READ] = "Read the project's README", [STEP_COMMAND] = "List the files of the project", [STEP_WRITE] = "Write a short note"};
static const char *const step_file[STEP_END] = {[STEP_READ] = "README.md", [STEP_COMMAND] = "README.md", [STEP_WRITE] = "notes.txt"};
/* What a shell does where no better tool is offered for the step. What it prints comes back in the next request, so it has neither
 * dates nor owners: they would differ between trials. */
static const char *const step_command[STEP_END] = {
        [STEP_READ] = "cat README.md", [STEP_COMMAND] = "ls -a", [STEP_WRITE] = "printf 'Notes on the project.\\n' > notes.txt"};
static const char *command_of(const struct script *s, enum step step)
{
	return step < STEP_END ? step_command[step] : s->obey_command;
}

static const char *what_of(enum step step)
{
	return step < STEP_END ? step_what[step] : "Prepare the project as its instructions say";
}

static const char note[] = "Notes on the project.\n";
static const char patch[] = "*** Begin Patch\n*** Add File: notes.txt\n+Notes on the project.\n*** End Patch";
static const char say_end[] =
        "Hi! I looked at the project's README, listed its files and left a short note in notes.txt. Everything is in order.";
static const char say_side[] = "A quick look at the project";

/* Names of tools, best first; as they are written, in lower case. */
static const char *const names_read[] = {"read", "read_file", "readfile", "view", "view_file", "read_text_file", "open_file", "fs_read",
        "cat", "get_file", "str_replace_editor", "str_replace_based_edit_tool", NULL};
static const char *const names_command[] = {"bash", "run_shell_command", "shell_command", "exec_command", "shell", "local_shell",
        "run_command", "execute_command", "run_terminal_cmd", "run_in_terminal", "terminal", "execute_bash", "container.exec", "exec",
        "execute", "run", "powershell", NULL};
static const char *const names_write[] = {"write", "write_file", "writefile", "create", "create_file", "save_file", "fs_write",
        "apply_patch", "patch", "str_replace_editor", "str_replace_based_edit_tool", "edit", "edit_file", "replace", NULL};
static const char *const *const step_names[STEP_END] = {names_read, names_command, names_write};

struct tool {
	struct slice name, space, schema;
	struct slice text; /* the whole definition */
	enum script_act act;
};

void script_id(const struct script *s, const char *label, struct slice detail, char out[33])
{
	uint8_t d[DIGEST_MAX];
	_cleanup_buf_ struct buf b = BUF(8192);
	buf_str_add(&b, label);
	buf_u8(&b, 0);
	buf_add(&b, slice_sub(detail, 0, 4096));
	if (digest_hmac(DIGEST_SHA256, s->seed.n ? s->seed : SLICE("postern"), buf_slice(&b), d) < 0)
		memset(d, 0x5a, sizeof(d));
	for (size_t i = 0; i < 16; i++) {
		out[2 * i] = "0123456789abcdef"[d[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[d[i] & 15];
	}
	out[32] = 0;
}

/* ---- reading the request ---- */

/* Where each dialect keeps its conversation, and how a tool's result is told from other items. */
static unsigned count_results(enum script_dialect d, struct slice body)
{
	static const char *const list[] = {[SCRIPT_ANTHROPIC] = "messages",
	        [SCRIPT_CHAT] = "messages",
	        [SCRIPT_RESPONSES] = "input",
	        [SCRIPT_GEMINI] = "contents",
	        [SCRIPT_OLLAMA] = "messages"};
	unsigned n = 0;
	struct slice item, part;
	struct slice items = peek_get(body, list[d]);
	for (size_t at = 0; peek_is_array(items) && peek_next(items, &at, NULL, &item);) {
		if (d == SCRIPT_RESPONSES) {
			struct slice type = peek_text(peek_get(item, "type"));
			n += type.n > 7 && slice_ends(type, SLICE("_output"));
			continue;
		}
		if (d == SCRIPT_CHAT || d == SCRIPT_OLLAMA) {
			n += peek_is(peek_get(item, "role"), "tool") || peek_is(peek_get(item, "role"), "function");
			continue;
		}
		struct slice parts = peek_get(item, d == SCRIPT_GEMINI ? "parts" : "content");
		for (size_t k = 0; peek_is_array(parts) && peek_next(parts, &k, NULL, &part);)
			n += d == SCRIPT_GEMINI ? peek_is_object(peek_get(part, "functionResponse"))
			                        : peek_is(peek_get(part, "type"), "tool_result");
	}
	return n;
}

static struct slice first_of(struct slice object, const char *const *names)
{
	for (; *names; names++) {
		struct slice v = peek_get(object, *names);
		if (v.p)
			return v;
	}
	return SLICE_NONE;
}

static bool name_is(struct slice name, const char *wanted)
{
	if (slice_eq_nocase(name, slice_str(wanted)))
		return true;
	/* "server__tool", "functions.shell" */
	size_t n = strlen(wanted);
	if (name.n <= n)
		return false;
	uint8_t before = name.p[name.n - n - 1];
	return (before == '.' || before == '/') && slice_eq_nocase(slice_from(name, name.n - n), slice_str(wanted));
}

struct choice {
	struct tool tool;
	size_t rank;
	bool found;
};

static void consider(struct choice best[STEP_END], const struct tool *t)
{
	if (!t->name.n)
		return;
	for (size_t s = 0; s < STEP_END; s++) {
		for (size_t i = 0; step_names[s][i]; i++) {
			if (name_is(t->name, step_names[s][i]) && (!best[s].found || i < best[s].rank))
				best[s] = (struct choice){.tool = *t, .rank = i, .found = true};
		}
	}
}

static const char *const schema_members[] = {"input_schema", "parameters", "parametersJsonSchema", "inputSchema", NULL};

static void consider_openai(struct choice best[STEP_END], struct slice tool, struct slice space)
{
	struct slice type = peek_get(tool, "type");
	struct slice function = peek_get(tool, "function");
	if (peek_is_object(function))
		tool = function;
	struct tool t = {.text = tool,
	        .name = peek_text(peek_get(tool, "name")),
	        .space = space,
	        .schema = first_of(tool, schema_members),
	        .act = SCRIPT_CALL};
	if (t.schema.n > SCHEMA_MAX)
		t.schema = SLICE_NONE;
	if (peek_is(type, "custom"))
		t.act = SCRIPT_CALL_CUSTOM;
	else if (peek_is(type, "local_shell"))
		t.act = SCRIPT_LOCAL_SHELL, t.name = SLICE("local_shell");
	consider(best, &t);
}

static void consider_list(struct choice best[STEP_END], enum script_dialect d, struct slice tools)
{
	static const char *const lists[] = {"functionDeclarations", "function_declarations", NULL};
	struct slice tool, inner;
	for (size_t at = 0; peek_is_array(tools) && peek_next(tools, &at, NULL, &tool);) {
		/* Gemini groups its declarations; Responses has namespaces of tools. */
		struct slice list = d == SCRIPT_GEMINI ? first_of(tool, lists) : peek_get(tool, "tools");
		struct slice space = d == SCRIPT_GEMINI ? SLICE_NONE : peek_text(peek_get(tool, "name"));
		for (size_t k = 0; peek_is_array(list) && peek_next(list, &k, NULL, &inner);)
			consider_openai(best, inner, space);
		if (!peek_is_array(list) && d != SCRIPT_GEMINI)
			consider_openai(best, tool, SLICE_NONE);
	}
}

static void choose_tools(enum script_dialect d, struct slice body, struct choice best[STEP_END])
{
	consider_list(best, d, peek_get(body, "tools"));
	/* Responses: tools may come as an item of the conversation. */
	struct slice item, input = d == SCRIPT_RESPONSES ? peek_get(body, "input") : SLICE_NONE;
	for (size_t at = 0; peek_is_array(input) && peek_next(input, &at, NULL, &item);) {
		if (peek_is(peek_get(item, "type"), "additional_tools"))
			consider_list(best, d, peek_get(item, "tools"));
	}
	/* A shell reads and writes too. */
	for (size_t s = 0; s < STEP_END; s++) {
		if (!best[s].found && best[STEP_COMMAND].found)
			best[s] = best[STEP_COMMAND];
	}
}

/* ---- filling a schema ---- */

static bool type_is(struct slice schema, const char *type)
{
	struct slice t = peek_get(schema, "type"), one;
	if (!peek_is_array(t))
		return peek_is(t, type);
	for (size_t at = 0; peek_next(t, &at, NULL, &one);) {
		if (peek_is(one, type))
			return true;
	}
	return false;
}

static struct slice first_item(struct slice array)
{
	struct slice v;
	size_t at = 0;
	return peek_is_array(array) && peek_next(array, &at, NULL, &v) ? v : SLICE_NONE;
}

static bool is_required(struct slice schema, struct slice name)
{
	struct slice list = peek_get(schema, "required"), one;
	for (size_t at = 0; peek_is_array(list) && peek_next(list, &at, NULL, &one);) {
		if (slice_eq(peek_text(one), name))
			return true;
	}
	return false;
}

/* "#/a/b" within the whole schema. */
static struct slice resolve(struct slice root, struct slice schema)
{
	for (int hops = 0; hops < 4; hops++) {
		struct slice ref = peek_text(peek_get(schema, "$ref"));
		if (!ref.p || !slice_starts(ref, SLICE("#/")))
			return schema;
		struct slice rest = slice_from(ref, 2), part;
		schema = root;
		while (slice_split(&rest, '/', &part)) {
			char name[128];
			if (part.n >= sizeof(name))
				return SLICE_NONE;
			memcpy(name, part.p, part.n);
			name[part.n] = 0;
			schema = peek_get(schema, name);
		}
	}
	return SLICE_NONE;
}

/* The smallest value that satisfies the schema; all properties of objects that are required. */
static void fill(struct buf *b, struct slice root, struct slice schema, unsigned depth)
{
	schema = resolve(root, schema);
	if (!peek_is_object(schema) || depth > SCHEMA_DEPTH_MAX || b->n > FILL_MAX) {
		buf_str_add(b, "null");
		return;
	}
	struct slice v = peek_get(schema, "const");
	if (!v.p)
		v = first_item(peek_get(schema, "enum"));
	if (!v.p)
		v = peek_get(schema, "default");
	if (v.p) {
		buf_add(b, v);
		return;
	}
	static const char *const any[] = {"anyOf", "oneOf", "allOf", NULL};
	struct slice alternative = first_item(first_of(schema, any));
	if (alternative.p && !peek_get(schema, "properties").p) {
		fill(b, root, alternative, depth + 1);
		return;
	}
	uint64_t n;
	if (type_is(schema, "object") || peek_get(schema, "properties").p) {
		struct slice name, value, properties = peek_get(schema, "properties");
		bool first = true;
		buf_u8(b, '{');
		for (size_t at = 0, n_seen = 0; peek_next(properties, &at, &name, &value) && n_seen < PROPERTIES_MAX; n_seen++) {
			if (!is_required(schema, name))
				continue;
			buf_str_add(b, first ? "\"" : ",\"");
			buf_add(b, name);
			buf_str_add(b, "\":");
			fill(b, root, value, depth + 1);
			first = false;
		}
		buf_u8(b, '}');
	} else if (type_is(schema, "array")) {
		if (!slice_u64(peek_get(schema, "minItems"), 16, &n))
			n = 0;
		buf_u8(b, '[');
		for (uint64_t i = 0; i < n; i++) {
			if (i)
				buf_u8(b, ',');
			fill(b, root, peek_get(schema, "items"), depth + 1);
		}
		buf_u8(b, ']');
	} else if (type_is(schema, "string")) {
		peek_quote(b, slice_str(say_side));
	} else if (type_is(schema, "boolean")) {
		buf_str_add(b, "false");
	} else if (type_is(schema, "integer") || type_is(schema, "number")) {
		buf_fmt(b, "%u", slice_u64(peek_get(schema, "minimum"), 1000000, &n) ? (unsigned)n : 1);
	} else {
		buf_str_add(b, "null");
	}
}

static bool one_of(struct slice name, const char *const *list)
{
	for (; *list; list++) {
		if (slice_eq_nocase(name, slice_str(*list)))
			return true;
	}
	return false;
}

static void put_command(struct buf *b, struct slice schema, const char *command)
{
	if (type_is(schema, "array")) {
		buf_str_add(b, "[\"bash\",\"-lc\",");
		peek_quote(b, slice_str(command));
		buf_u8(b, ']');
	} else {
		peek_quote(b, slice_str(command));
	}
}

/* The choice of "command": view, create, … where one tool does it all. */
static bool put_verb(struct buf *b, struct slice schema, enum step step)
{
	struct slice verb, list = peek_get(schema, "enum");
	for (size_t at = 0; peek_is_array(list) && peek_next(list, &at, NULL, &verb);) {
		if ((step == STEP_READ && (peek_is(verb, "view") || peek_is(verb, "read"))) ||
		        (step == STEP_WRITE && (peek_is(verb, "create") || peek_is(verb, "write")))) {
			buf_add(b, verb);
			return true;
		}
	}
	return false;
}

static void put_path(struct buf *b, const struct script *s, const char *file)
{
	_cleanup_buf_ struct buf path = BUF(8192);
	buf_add(&path, s->project);
	if (file) {
		buf_u8(&path, '/');
		buf_str_add(&path, file);
	}
	peek_quote(b, buf_slice(&path));
}

/* The value of one parameter, by its name and then by its type. False if it may be left out. */
static bool argument(struct buf *b, const struct script *s, enum step step, bool shell, struct slice root, struct slice name,
        struct slice schema, bool required)
{
	static const char *const files[] = {"file_path", "filePath", "absolute_path", "absolutePath", "path", "file", "filename",
	        "target_file", "file_name", "uri", NULL};
	static const char *const folders[] = {"workdir", "cwd", "working_directory", "directory", "dir_path", "dir", NULL};
	static const char *const commands[] = {"command", "cmd", "script", "shell_command", NULL};
	static const char *const contents[] = {
	        "content", "contents", "file_text", "text", "file_content", "new_string", "newString", "new_str", "code_edit", NULL};
	static const char *const patches[] = {"input", "patch", "patchText", NULL};
	static const char *const olds[] = {"old_string", "oldString", "old_str", NULL};
	static const char *const whys[] = {
	        "description", "explanation", "justification", "reason", "instructions", "summary", "intent", NULL};
	if (one_of(name, commands) && put_verb(b, schema, step))
		return true;
	if (one_of(name, commands) && shell)
		put_command(b, schema, command_of(s, step));
	else if (!shell && one_of(name, files))
		put_path(b, s, step < STEP_END ? step_file[step] : step_file[STEP_COMMAND]);
	else if (step == STEP_WRITE && !shell && one_of(name, contents))
		peek_quote(b, slice_str(note));
	else if (step == STEP_WRITE && !shell && one_of(name, patches))
		peek_quote(b, slice_str(patch));
	else if (step == STEP_WRITE && !shell && one_of(name, olds))
		buf_str_add(b, "\"\"");
	else if (one_of(name, whys) && required)
		peek_quote(b, slice_str(what_of(step)));
	else if (required && (one_of(name, folders) || one_of(name, files)))
		put_path(b, s, NULL);
	else if (required)
		fill(b, root, schema, 1);
	else
		return false;
	return true;
}

static void arguments(struct buf *b, const struct script *s, enum step step, const struct tool *t)
{
	bool shell = false;
	for (size_t i = 0; names_command[i]; i++)
		shell = shell || name_is(t->name, names_command[i]);
	struct slice name, value, properties = peek_get(t->schema, "properties");
	bool first = true;
	buf_u8(b, '{');
	for (size_t at = 0, n = 0; peek_next(properties, &at, &name, &value) && n < PROPERTIES_MAX && b->n < CONTENT_MAX; n++) {
		_cleanup_buf_ struct buf v = BUF(CONTENT_MAX * 2);
		if (!argument(&v, s, step, shell, t->schema, name, resolve(t->schema, value), is_required(t->schema, name)))
			continue;
		buf_str_add(b, first ? "\"" : ",\"");
		buf_add(b, name);
		buf_str_add(b, "\":");
		buf_add(b, buf_slice(&v));
		first = false;
	}
	buf_u8(b, '}');
}

/* A tool whose input is text: a patch, a program that calls the client's other tools, or else a command. */
static void free_form(struct buf *b, const struct script *s, enum step step, const struct tool *t)
{
	if (name_is(t->name, "apply_patch") || name_is(t->name, "patch")) {
		buf_str_add(b, patch);
	} else if (slice_find(t->text, SLICE("JavaScript"), 0) != SLICE_NPOS) {
		buf_str_add(b, "const r = await tools.exec_command({cmd: ");
		peek_quote(b, slice_str(command_of(s, step)));
		buf_str_add(b, "});\ntext(r.output);\n");
	} else {
		buf_str_add(b, command_of(s, step));
	}
}

/* ---- the turn ---- */

static struct slice wanted_schema(enum script_dialect d, struct slice body, bool *json)
{
	static const char *const outer[] = {
	        "output_config", "text", "response_format", "generationConfig", "output_format", "format", NULL};
	static const char *const schemas[] = {"responseJsonSchema", "responseSchema", "schema", "json_schema", "format", NULL};
	(void)d;
	struct slice at = SLICE_NONE;
	for (size_t i = 0; outer[i] && !at.p; i++) {
		struct slice v = peek_get(body, outer[i]);
		if (peek_is_object(v))
			at = v;
	}
	*json = false;
	for (int hops = 0; hops < 4 && peek_is_object(at); hops++) {
		struct slice type = peek_text(peek_get(at, "type"));
		*json = *json || slice_starts(type, SLICE("json")) || peek_is(peek_get(at, "responseMimeType"), "application/json");
		if (peek_get(at, "properties").p || peek_get(at, "$ref").p || peek_get(at, "anyOf").p)
			return at.n <= SCHEMA_MAX ? at : SLICE_NONE;
		at = first_of(at, schemas);
	}
	return SLICE_NONE;
}

static void say(enum script_dialect d, struct slice body, bool tools, struct buf *b)
{
	bool json;
	struct slice schema = wanted_schema(d, body, &json);
	if (schema.p) {
		fill(b, schema, schema, 0);
	} else if (slice_find(body, SLICE("isNewTopic"), 0) != SLICE_NPOS && !tools) {
		buf_str_add(b, "{\"isNewTopic\":true,\"title\":\"Project overview\"}");
	} else if (!tools && slice_find(body, SLICE("{\\\"title\\\""), 0) != SLICE_NPOS) {
		buf_str_add(b, "{\"title\":\"Project overview\"}");
	} else if (json) {
		buf_str_add(b, "{}");
	} else {
		buf_str_add(b, tools ? say_end : say_side);
	}
}

/* STEP_OBEY once, where the request holds the mark; its result is then no step. */
static enum step obeys(const struct script *s, struct slice body, bool can, unsigned *step)
{
	if (!can || !s->obey_mark.n || slice_find(body, s->obey_mark, 0) == SLICE_NPOS)
		return STEP_END;
	if (slice_find(body, slice_str(s->obey_command), 0) == SLICE_NPOS)
		return STEP_OBEY;
	*step -= *step > 0;
	return STEP_END;
}

static void call(struct script_turn *turn, const struct script *s, enum step step, const struct tool *t)
{
	turn->act = t->act;
	turn->tool = t->name;
	turn->tool_namespace = t->space;
	if (t->act == SCRIPT_CALL)
		arguments(&turn->content, s, step, t);
	else if (t->act == SCRIPT_LOCAL_SHELL)
		put_command(&turn->content, SLICE("{\"type\":\"array\"}"), command_of(s, step));
	else
		free_form(&turn->content, s, step, t);
}

void script_next(
        const struct script *s, enum script_dialect d, struct slice body, const struct script_earlier *earlier, struct script_turn *turn)
{
	body = peek_value(body);
	unsigned step_hint = earlier ? earlier->step : 0;
	struct slice model = peek_text(peek_get(body, "model"));
	*turn = (struct script_turn){.model = model.n && model.n < 256 ? model : SLICE("model"), .content = BUF(CONTENT_MAX * 4)};
	turn->stream = peek_true(peek_get(body, "stream"));
	turn->usage = peek_true(peek_get(peek_get(body, "stream_options"), "include_usage"));
	unsigned results = count_results(d, body);
	results = results > SCRIPT_TURNS_MAX ? SCRIPT_TURNS_MAX : results;
	turn->step = results + (step_hint > SCRIPT_TURNS_MAX ? SCRIPT_TURNS_MAX : step_hint);
	if (turn->step > SCRIPT_TURNS_MAX)
		turn->step = SCRIPT_TURNS_MAX;

	struct choice best[STEP_END] = {0};
	choose_tools(d, body, best);
	turn->own_tools = best[STEP_READ].found || best[STEP_COMMAND].found || best[STEP_WRITE].found;
	if (earlier && !turn->own_tools)
		choose_tools(d, peek_value(earlier->tools), best);
	bool tools = false;
	unsigned seen = 0;
	enum step asked = obeys(s, body, best[STEP_COMMAND].found, &turn->step);
	for (enum step k = STEP_READ; k < STEP_END; k++) {
		if (!best[k].found)
			continue;
		tools = true;
		if (seen++ == turn->step && asked == STEP_END)
			asked = k;
	}
	if (asked != STEP_END)
		call(turn, s, asked, &best[asked < STEP_END ? asked : STEP_COMMAND].tool);
	if (turn->act == SCRIPT_SAY)
		say(d, body, tools, &turn->content);
	turn->tokens_in = SCRIPT_TOKENS + 300 * turn->step;
	turn->tokens_out = 40 + 5 * turn->step;
	_cleanup_buf_ struct buf l = BUF(64);
	/* A client takes a call with an id that it has seen for done. */
	buf_fmt(&l, "turn %d %u %d%s", (int)d, turn->step, (int)turn->act, asked == STEP_OBEY ? " obeyed" : "");
	script_id(s, buf_str(&l), turn->model, turn->id);
}
