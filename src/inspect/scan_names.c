/* Which names a pickle may import. The list of what is allowed decides; the other only says how bad the rest is. */
#include "inspect/scan_part.h"

struct names {
	const char *module, *words;
};
#define NAMES(module, words) {module, words},
static const struct names allowed[] = {
#define ALLOWED
#include "inspect/scan_names_table.h"
#undef ALLOWED
};
static const struct names dangerous[] = {
#define DANGEROUS
#include "inspect/scan_names_table.h"
#undef DANGEROUS
};
#undef NAMES

/* What unpicklers rename when the protocol is that of Python 2. */
static struct slice modern(struct slice module)
{
	static const struct {
		const char *old, *now;
	} rows[] = {{"__builtin__", "builtins"}, {"copy_reg", "copyreg"}, {"exceptions", "builtins"}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (slice_is(module, rows[i].old))
			return slice_str(rows[i].now);
	return module;
}

static bool has_word(const char *words, struct slice name)
{
	struct slice rest = slice_str(words), word;
	while (slice_split(&rest, ' ', &word))
		if (name.n && slice_eq(word, name))
			return true;
	return false;
}

/* "os" and "os.path", not "osmium". */
static bool below(struct slice module, const char *of)
{
	struct slice p = slice_str(of);
	return slice_starts(module, p) && (module.n == p.n || module.p[p.n] == '.');
}

static bool in_dangerous(struct slice module, struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(dangerous); i++) {
		const struct names *d = &dangerous[i];
		if (strcmp(d->words, "*") == 0 ? below(module, d->module) : slice_is(module, d->module) && has_word(d->words, name))
			return true;
	}
	return false;
}

/* "collections" "abc.sys.modules": each part is fetched from the last, so an innocent module leads anywhere. */
static bool dotted_dangerous(struct slice name)
{
	static const char words[] =
	        "eval exec compile getattr setattr open system popen spawn fork call run modules import_module load loads "
	        "Popen check_output environ resolve_name";
	struct slice rest = name, part;
	if (slice_chr(name, '.', 0) == SLICE_NPOS)
		return slice_starts(name, SLICE("__")) && slice_ends(name, SLICE("__"));
	while (slice_split(&rest, '.', &part))
		if (slice_starts(part, SLICE("__")) || has_word(words, part) || in_dangerous(part, SLICE_NONE))
			return true;
	return false;
}

enum scan_name scan_import(struct slice module, struct slice name)
{
	module = modern(module);
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		if (slice_is(module, allowed[i].module) && has_word(allowed[i].words, name))
			return SCAN_NAME_ALLOWED;
	struct slice first = slice_sub(name, 0, slice_chr(name, '.', 0));
	if (in_dangerous(module, name) || in_dangerous(module, first) || dotted_dangerous(name))
		return SCAN_NAME_DANGEROUS;
	return SCAN_NAME_UNKNOWN;
}
