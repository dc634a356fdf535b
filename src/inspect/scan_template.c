/* Chat templates (Jinja): in files of their own, in GGUF, in the configuration of a tokenizer. Structure decides, not words in texts. */
#include "inspect/scan_part.h"
#include "parse/jinja.h"
#include "parse/jscan.h"
#include "parse/source.h"

#define TOKENS    1000000u
#define ARENA_MAX ((size_t)32 << 20)
#define FILE_MAX  ((size_t)4 << 20)
#define MACROS    64u

struct template
{
	struct scan *s;
	const struct scan_input *in;
	struct slice text;
	size_t at; /* of the text in the input; lines are counted in the text */
	bool lines;
	bool page; /* of a web page or a configuration, which may call and include what a chat template need not */
	struct slice macro[MACROS];
	unsigned n_macros;
};

/* Ways from any object to functions. */
static bool internal(struct slice name)
{
	static const char *const words[] = {"mro", "gi_frame", "gi_code", "cr_frame", "cr_code", "ag_frame", "ag_code", "tb_frame",
	        "tb_next", "f_back", "f_builtins", "f_code", "f_globals", "f_locals", "func_code", "func_globals", "func_defaults",
	        "co_code", "popen", "subclasses", "import_module", "load_module", "check_output", "attr", NULL};
	struct slice under = SLICE("__");
	return (name.n > 4 && slice_starts(name, under) && slice_ends(name, under)) || scan_one_of(name, words);
}

/* A text that holds such a name, whole or as one of several with dots. */
static bool text_internal(struct slice text)
{
	static const char *const words[] = {"__class__", "__globals__", "__builtins__", "__import__", "__init__", "__subclasses__",
	        "__mro__", "__base__", "__bases__", "__getattribute__", "__getattr__", "__getitem__", "__dict__", "__call__", "__code__",
	        "__closure__", "__func__", "__self__", "__module__", "__reduce__", "__reduce_ex__", "__loader__", "__spec__",
	        "__wrapped__"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_find(text, slice_str(words[i]), 0) != SLICE_NPOS)
			return true;
	return false;
}

static void tell(struct template *t, enum scan_rule_name rule, const struct jinja_event *e, const char *what)
{
	struct slice shown = slice_sub(e->text, 0, 200);
	if (t->page && (rule == SCAN_RULE_TEMPLATE_CALL || rule == SCAN_RULE_TEMPLATE_INCLUDE))
		return;
	if (t->lines)
		scan_found_text(t->s, t->in, rule, t->text, e->at, e->text.n, "%s %.*s", what, SLICE_FMT(shown));
	else
		scan_found(t->s, t->in, rule, t->at + e->at, e->text.n, "%s %.*s", what, SLICE_FMT(shown));
}

static void on_macro(void *arg, const struct jinja_event *e)
{
	struct template *t = arg;
	if (e->what == JINJA_DEFINES && e->called && t->n_macros < MACROS)
		t->macro[t->n_macros++] = e->text;
}

static bool is_macro(const struct template *t, struct slice name)
{
	for (unsigned i = 0; i < t->n_macros; i++)
		if (slice_eq(t->macro[i], name))
			return true;
	return false;
}

static void on_event(void *arg, const struct jinja_event *e)
{
	/* Of Jinja, of libraries that render chat templates, of texts, lists and dictionaries. "format" is none of them: it reaches
	 * attributes. */
	static const char *const functions[] = {"range", "namespace", "dict", "caller", "super", "loop", "raise_exception", "strftime_now",
	        "tojson", "set", "list", "is_string", NULL};
	static const char *const methods[] = {"append", "capitalize", "copy", "count", "endswith", "extend", "find", "get", "index",
	        "insert", "isalnum", "isalpha", "isdigit", "islower", "isnumeric", "isspace", "isupper", "items", "join", "keys", "lower",
	        "lstrip", "pop", "partition", "removeprefix", "removesuffix", "replace", "reverse", "rfind", "rpartition", "rsplit",
	        "rstrip", "sort", "split", "splitlines", "startswith", "strftime", "strip", "title", "update", "upper", "values", "zfill",
	        "cycle", NULL};
	static const char *const ways_out[] = {
	        "lipsum", "cycler", "joiner", "self", "request", "config", "url_for", "get_flashed_messages", "application", NULL};
	static const char *const loads[] = {"include", "import", "from", "extends", NULL};
	struct template *t = arg;
	switch (e->what) {
	case JINJA_ATTRIBUTE:
		if (internal(e->text))
			tell(t, SCAN_RULE_TEMPLATE_INTERNALS, e, "attribute");
		else if (e->called && !scan_one_of(e->text, methods) && !is_macro(t, e->text))
			tell(t, SCAN_RULE_TEMPLATE_CALL, e, "method");
		break;
	case JINJA_COMPUTED:
		tell(t, SCAN_RULE_TEMPLATE_COMPUTED, e, e->called ? "a call of what is computed" : "item");
		break;
	case JINJA_NAME:
		if (internal(e->text))
			tell(t, SCAN_RULE_TEMPLATE_INTERNALS, e, "name");
		else if ((e->called && !scan_one_of(e->text, functions) && !is_macro(t, e->text)) || scan_one_of(e->text, ways_out))
			tell(t, SCAN_RULE_TEMPLATE_CALL, e, "function");
		break;
	case JINJA_FILTER:
		if (slice_is(e->text, "attr"))
			tell(t, SCAN_RULE_TEMPLATE_INTERNALS, e, "filter");
		break;
	case JINJA_TAG:
		if (scan_one_of(e->text, loads))
			tell(t, SCAN_RULE_TEMPLATE_INCLUDE, e, "tag");
		break;
	case JINJA_STRING:
		if (text_internal(e->text))
			tell(t, SCAN_RULE_TEMPLATE_INTERNALS, e, "text");
		else if (slice_is(e->text, "_") || slice_is(e->text, "__") || (slice_starts(e->text, SLICE("__")) && e->text.n < 12) ||
		         slice_find(e->text, SLICE("%c"), 0) != SLICE_NPOS)
			tell(t, SCAN_RULE_TEMPLATE_COMPUTED, e, "text");
		break;
	case JINJA_DEFINES:
		break;
	}
}

static void look_at(struct scan *s, const struct scan_input *in, struct slice text, size_t at, bool lines, bool page)
{
	_cleanup_arena_ struct arena a = ARENA(ARENA_MAX);
	struct jinja_result r;
	struct template *t = calloc(1, sizeof(*t));
	if (!t)
		return;
	*t = (struct template){.s = s, .in = in, .text = text, .at = at, .lines = lines, .page = page};
	jinja_read(text, TOKENS, &a, on_macro, t, &r);
	jinja_read(text, TOKENS, &a, on_event, t, &r);
	(void)scan_steps(s, in, r.tokens);
	if (r.reason)
		scan_found(s, in, SCAN_RULE_TEMPLATE_BROKEN, at + r.at, text.n - r.at, "%s", r.reason);
	free(t);
}

void scan_template(struct scan *s, const struct scan_input *in, struct slice text, size_t at, bool lines)
{
	look_at(s, in, text, at, lines, false);
}

static bool has(struct slice text, const char *word)
{
	return slice_find(text, slice_str(word), 0) != SLICE_NPOS;
}

/* It goes through messages, each of which has a role. */
static bool is_chat(const struct scan_input *in)
{
	return has(slice_str(in->name), "chat") || (has(in->bytes, "messages") && has(in->bytes, "role"));
}

/* Programs, web pages and documents that have a template in them are none: nobody gives them to a model's library as one. */
static bool only_shows(const struct scan_input *in)
{
	static const char *const ends[] = {".rst", ".md", ".mdx", ".markdown", ".adoc", ".asciidoc", ".tex", ".ipynb", ".html", ".htm",
	        ".xhtml", ".xml", ".svg", ".css", ".po", ".pot"};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (scan_has_suffix(in->name, ends[i]))
			return true;
	return source_kind(in->name, in->bytes) == SOURCE_CODE;
}

static bool is_json(struct slice text)
{
	struct slice root;
	text = slice_trim(text);
	return text.n && (text.p[0] == '{' || text.p[0] == '[') && jscan_root(text, &root);
}

bool scan_template_claims(struct scan *s, const struct scan_input *in)
{
	static const char *const names[] = {".jinja", ".jinja2", ".j2"};
	bool named = false;
	(void)s;
	if (in->quiet || in->bytes.n != in->size)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		named |= scan_has_suffix(in->name, names[i]);
	if ((in->bytes.n > FILE_MAX && !named) || !scan_is_text(in->bytes))
		return false;
	/* By content: a chat template goes through messages. */
	return named ||
	       (has(in->bytes, "{%") && has(in->bytes, "messages") && has(in->bytes, "%}") && !only_shows(in) && !is_json(in->bytes));
}

void scan_template_look(struct scan *s, const struct scan_input *in)
{
	if (in->bytes.n > FILE_MAX) {
		scan_found(s, in, SCAN_RULE_LIMIT, 0, in->size, "%s", "a template that is longer than is read");
		return;
	}
	look_at(s, in, in->bytes, 0, true, !is_chat(in));
}
