#define MATCHER_ITSELF
#include "sys/matcher.h"

#include <errno.h>
#include <stdbool.h>

#include "base/cleanup.h"

#define SYMBOL(function) {#function, offsetof(struct lib_matcher, function)},

struct lib_matcher lib_matcher;

int matcher_load(struct err *err)
{
	static const struct lib_symbol symbols[] = {MATCHER(SYMBOL){NULL, 0}};
	static bool ready;
	int r = ready ? 0 : lib_load("libhs.so.5", "libvectorscan5", symbols, &lib_matcher, err);
	ready = r == 0;
	return r;
}

int matcher_literals(const struct slice *texts, const unsigned *flags, size_t n, hs_database_t **out, struct err *err)
{
	_cleanup_free_ const char **text = calloc(n + 1, sizeof(*text));
	_cleanup_free_ unsigned *ids = calloc(n + 1, sizeof(*ids));
	_cleanup_free_ size_t *lengths = calloc(n + 1, sizeof(*lengths));
	hs_compile_error_t *wrong = NULL;
	if (!text || !ids || !lengths)
		return err_set(err, -ENOMEM, "out of memory for the matcher");
	for (size_t i = 0; i < n; i++) {
		text[i] = (const char *)texts[i].p;
		lengths[i] = texts[i].n;
		ids[i] = (unsigned)i;
	}
	hs_error_t e = lib_matcher.hs_compile_lit_multi(text, flags, ids, lengths, (unsigned)n, HS_MODE_BLOCK, NULL, out, &wrong);
	if (e == HS_SUCCESS)
		return 0;
	int r = err_set(err, e == HS_NOMEM ? -ENOMEM : -EINVAL, "it cannot be compiled: %s", wrong ? wrong->message : "no reason given");
	(void)lib_matcher.hs_free_compile_error(wrong);
	return r;
}
