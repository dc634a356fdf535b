/* Which file of code a file of tests is for, by their names alone, for scan_change: "tests/unit/test_login.py" for "src/auth/login.py",
 * "LoginTest.java" for "Login.java". Where both lie in a folder that says something it must be the same one. */
#include "inspect/scan_change.h"
#include "inspect/scan_part.h"

/* Languages whose files may take each other's place; 0: no code, or of none that has tests in files of their own. */
static unsigned family_of(struct slice name)
{
	static const char *const ends[][8] = {{".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs", ".mts", ".vue"}, {".py"}, {".go"}, {".rb"},
	        {".java", ".kt", ".kts", ".groovy", ".scala"}, {".cs", ".fs", ".vb"}, {".php"}, {".rs"},
	        {".c", ".cc", ".cpp", ".cxx", ".h", ".hpp"}, {".swift"}, {".ex", ".exs"}, {".dart"}, {".sh", ".bash", ".bats"}};
	for (unsigned i = 0; i < ARRAY_LEN(ends); i++)
		for (size_t k = 0; k < ARRAY_LEN(ends[i]) && ends[i][k]; k++)
			if (slice_ends(name, slice_str(ends[i][k])))
				return i + 1;
	return 0;
}

unsigned scan_test_family(const char *path)
{
	return change_is_test(path) ? family_of(slice_base(slice_str(path))) : 0;
}

/* Without what stands behind the last dot. */
static struct slice stem_of(struct slice name)
{
	for (size_t i = name.n; i > 1; i--)
		if (name.p[i - 1] == '.')
			return slice_sub(name, 0, i - 1);
	return name;
}

/* "login" of "test_login", "login.spec"; "Login" of "LoginTest". */
static struct slice subject_of(struct slice stem)
{
	static const char *const fronts[] = {"test_", "test-", "tests_"};
	static const char *const ends[] = {"_tests", "_test", "_spec", ".test", ".tests", ".spec", ".e2e", "-test", "-tests", "-spec",
	        "Tests", "Test", "Spec", "TestCase"};
	for (size_t i = 0; i < ARRAY_LEN(fronts); i++)
		if (slice_starts(stem, slice_str(fronts[i])))
			return slice_from(stem, strlen(fronts[i]));
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (slice_ends(stem, slice_str(ends[i])))
			return slice_sub(stem, 0, stem.n - strlen(ends[i]));
	return stem;
}

/* The last folder that says more than what kind of file lies there; empty: none does. */
static struct slice folder_of(struct slice path)
{
	static const char *const plain[] = {"test", "tests", "testing", "__tests__", "spec", "specs", "unit", "integration", "e2e",
	        "functional", "src", "lib", "main", "app", "source", "java", "kotlin", "python", "js", "ts", "internal", "pkg", NULL};
	struct slice part, last = SLICE_NONE;
	while (slice_split(&path, '/', &part))
		if (path.n && !scan_one_of(part, plain))
			last = part;
	return last;
}

bool scan_test_is_for(const char *test, const char *code)
{
	/* There is one of these in many folders. */
	static const char *const many[] = {"index", "main", "utils", "util", "init", "mod", "lib", "app", "config", "types", "common",
	        "helpers", "helper", "base", "core", "setup", "client", "server", "api", NULL};
	struct slice a = slice_str(test), b = slice_str(code), subject = subject_of(stem_of(slice_base(a))), stem = stem_of(slice_base(b));
	unsigned family = scan_test_family(test);
	/* "__init__.py" beside tests is none. */
	if (slice_is(subject, "__init__") || slice_is(subject, "conftest"))
		return false;
	if (!family || family != family_of(slice_base(b)) || change_is_test(code) || !subject.n || !slice_eq_nocase(subject, stem))
		return false;
	struct slice at = folder_of(a), of = folder_of(b);
	return at.n && of.n ? slice_eq_nocase(at, of) : !at.n && !of.n ? true : !scan_one_of(subject, many);
}
