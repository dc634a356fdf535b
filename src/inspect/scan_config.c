/* JSON that loaders of models obey: Keras' configuration, and that of tokenizers and of models with code of their own. */
#include "inspect/scan_part.h"
#include "parse/jscan.h"

#define FILE_MAX  ((size_t)64 << 20)
#define ARENA_MAX ((size_t)16 << 20)
#define DEPTH_MAX 100u

struct config {
	struct scan *s;
	const struct scan_input *in;
	size_t base; /* of the JSON in the input */
	struct slice text;
};

static bool keras(struct slice root)
{
	struct slice v;
	return (jscan_get(root, SLICE("class_name"), &v) && jscan_get(root, SLICE("config"), &v)) ||
	       jscan_get(root, SLICE("model_config"), &v);
}

/* "chat_template", "system_template", …: whatever a loader renders is called so. */
static bool is_template(const struct jscan_iter *i)
{
	_cleanup_arena_ struct arena a = ARENA(65536);
	if (!jscan_is(i->value, '"') && !jscan_is(i->value, '[') && !jscan_is(i->value, '{'))
		return false;
	/* A key may have escapes in it; one that cannot be read may be any. */
	const char *key = jscan_str(i->key, &a);
	return !key || strstr(key, "template");
}

static bool has_template(struct slice root)
{
	for (struct jscan_iter i = jscan_iter(root); jscan_next(&i);)
		if (is_template(&i))
			return true;
	return false;
}

/* Python's reader takes more than JSON, NaN for one: is it meant to be a configuration? */
static bool lax(const struct scan_input *in)
{
	static const struct slice words[] = {SLICE_INIT("template"), SLICE_INIT("auto_map"), SLICE_INIT("class_name"), SLICE_INIT("\\u00")};
	for (size_t i = 0; i < ARRAY_LEN(words) && scan_has_suffix(in->name, ".json"); i++)
		if (slice_find(in->bytes, words[i], 0) != SLICE_NPOS)
			return true;
	return false;
}

bool scan_config_claims(struct scan *s, const struct scan_input *in)
{
	struct slice root, v;
	(void)s;
	struct slice text = slice_trim(in->bytes);
	if (in->quiet || text.n < 2 || text.p[0] != '{' || in->bytes.n != in->size)
		return false;
	if (in->bytes.n > FILE_MAX || !jscan_root(text, &root))
		return lax(in);
	return keras(root) || has_template(root) || jscan_get(root, SLICE("auto_map"), &v);
}

static size_t place(const struct config *c, struct slice v)
{
	return c->base + (size_t)(v.p - c->text.p);
}

static void template(const struct config *c, struct slice v)
{
	_cleanup_arena_ struct arena a = ARENA(ARENA_MAX);
	const char *text = jscan_str(v, &a);
	if (text)
		scan_template(c->s, c->in, slice_str(text), place(c, v), false);
	else
		scan_found(c->s, c->in, SCAN_RULE_TEMPLATE_BROKEN, place(c, v), v.n, "%s", "it is no text, or too long");
}

/* One, or several with names: as a list, or by name. */
static void templates(const struct config *c, struct slice v)
{
	if (jscan_is(v, '"'))
		template(c, v);
	for (struct jscan_iter i = jscan_iter(v); jscan_next(&i);)
		templates(c, i.value);
}

/* "somebody/repository--module.Class" */
static void auto_map(const struct config *c, struct slice v)
{
	_cleanup_arena_ struct arena a = ARENA(65536);
	const char *text = jscan_is(v, '"') ? jscan_str(v, &a) : NULL;
	if (jscan_is(v, '"') && (!text || strstr(text, "--")))
		scan_found(c->s, c->in, SCAN_RULE_REMOTE_CODE, place(c, v), v.n, "%.*s", SLICE_FMT(slice_sub(v, 0, 200)));
	for (struct jscan_iter i = jscan_iter(v); jscan_next(&i);)
		auto_map(c, i.value);
}

static bool starts(const char *text, const char *with)
{
	size_t n = strlen(with);
	return strncmp(text, with, n) == 0 && (text[n] == 0 || text[n] == '.');
}

/* Modules of Keras in which classes of layers and their parts live. */
static bool keras_module(const char *m)
{
	static const char *const below[] = {"activations", "applications", "constraints", "dtype_policies", "initializers", "layers",
	        "losses", "metrics", "mixed_precision", "models", "optimizers", "quantizers", "random", "regularizers", "engine",
	        "backend"};
	static const char *const roots[] = {"keras", "keras.src", "tf_keras", "tf_keras.src", "tensorflow.keras", "tensorflow.python.keras",
	        "keras_core", "keras_hub", "keras_nlp", "keras_cv"};
	for (size_t i = 0; i < ARRAY_LEN(roots); i++) {
		size_t n = strlen(roots[i]);
		if (!starts(m, roots[i]))
			continue;
		if (m[n] == 0)
			return true;
		for (size_t k = 0; k < ARRAY_LEN(below); k++)
			if (starts(m + n + 1, below[k]))
				return true;
	}
	return false;
}

static bool capital(const char *name)
{
	return name[0] >= 'A' && name[0] <= 'Z' && !strchr(name, '.');
}

static void judge_layer(const struct config *c, struct slice object, const char *class, const char *module, const char *function)
{
	static const char *const code[] = {"Lambda", "__lambda__", "PyFunc", "TFOpLambda.py_function"};
	static const char *const reaches[] = {"get_file", "load_model", "load_weights", "enable_unsafe_deserialization", "py_function",
	        "numpy_function", "model_from_json", "deserialize_keras_object", "image_dataset_from_directory",
	        "text_dataset_from_directory"};
	const char *name = function ? function : class;
	enum scan_rule_name rule = SCAN_RULES;
	for (size_t i = 0; i < ARRAY_LEN(code); i++)
		if (strcmp(class, code[i]) == 0 || (strncmp(class, "Custom>", 7) == 0 && strcmp(class + 7, code[i]) == 0))
			rule = SCAN_RULE_KERAS_LAMBDA;
	for (size_t i = 0; i < ARRAY_LEN(reaches) && rule == SCAN_RULES; i++)
		if (strcmp(name, reaches[i]) == 0)
			rule = SCAN_RULE_KERAS_IMPORT;
	/* A function of the language itself is only a name that Keras knows: relu. */
	bool builtin = module && strcmp(module, "builtins") == 0;
	if (rule == SCAN_RULES && module && !(builtin && function) && !(keras_module(module) && (function || capital(class)))) {
		bool bad = !keras_module(module) && !starts(module, "keras") && !starts(module, "tensorflow") &&
		           scan_import(slice_str(module), slice_str(name)) == SCAN_NAME_DANGEROUS;
		rule = bad ? SCAN_RULE_KERAS_IMPORT : SCAN_RULE_KERAS_UNKNOWN;
	} else if (rule == SCAN_RULES && builtin && scan_import(SLICE("builtins"), slice_str(name)) == SCAN_NAME_DANGEROUS) {
		rule = SCAN_RULE_KERAS_IMPORT;
	}
	if (rule != SCAN_RULES)
		scan_found(c->s, c->in, rule, place(c, object), object.n, "%.100s%s%.100s%s%.100s", module ? module : "", module ? "." : "",
		        class, function ? " " : "", function ? function : "");
}

static void layers(const struct config *c, struct slice v, unsigned depth)
{
	struct slice class, module, config;
	if (depth > DEPTH_MAX) {
		scan_found(c->s, c->in, SCAN_RULE_LIMIT, place(c, v), v.n, "%s", "a configuration nested deeper than is followed");
		return;
	}
	if (!scan_steps(c->s, c->in, 1))
		return;
	if (jscan_is(v, '{') && jscan_get(v, SLICE("class_name"), &class)) {
		_cleanup_arena_ struct arena a = ARENA(65536);
		const char *name = jscan_str(class, &a);
		const char *in = jscan_get(v, SLICE("module"), &module) ? jscan_str(module, &a) : NULL;
		const char *function = jscan_get(v, SLICE("config"), &config) && jscan_is(config, '"') ? jscan_str(config, &a) : NULL;
		if (name)
			judge_layer(c, v, name, in, function);
		else
			scan_found(c->s, c->in, SCAN_RULE_KERAS_UNKNOWN, place(c, class), class.n, "%s",
			        "the name of a class is no text, or very long");
	}
	if (jscan_is(v, '{') || jscan_is(v, '['))
		for (struct jscan_iter i = jscan_iter(v); jscan_next(&i);)
			if (jscan_is(i.value, '{') || jscan_is(i.value, '['))
				layers(c, i.value, depth + 1);
}

void scan_keras(struct scan *s, const struct scan_input *in, struct slice json, size_t at)
{
	struct slice root;
	const struct config c = {s, in, at, json};
	if (jscan_root(json, &root))
		layers(&c, root, 0);
	else
		scan_found(s, in, SCAN_RULE_TENSOR_HEADER, at, json.n, "%s", "a configuration is no JSON");
}

void scan_config_look(struct scan *s, const struct scan_input *in)
{
	struct slice root, v;
	const struct config c = {s, in, 0, in->bytes};
	if (in->bytes.n > FILE_MAX) {
		scan_found(s, in, SCAN_RULE_LIMIT, 0, in->size, "%s", "a configuration that is longer than is read");
		return;
	}
	if (!jscan_root(in->bytes, &root)) {
		scan_found(s, in, SCAN_RULE_UNKNOWN, 0, in->size, "%s", "a configuration that is no JSON");
		return;
	}
	if (keras(root))
		scan_keras(s, in, in->bytes, 0);
	for (struct jscan_iter i = jscan_iter(root); jscan_next(&i);)
		if (is_template(&i))
			templates(&c, i.value);
	if (jscan_get(root, SLICE("auto_map"), &v))
		auto_map(&c, v);
}
