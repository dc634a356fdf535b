#include "inspect/scan.h"

const struct scan_rule scan_rules[SCAN_RULES] = {
#define SCAN_RULE(name, ...) [SCAN_RULE_##name] = {__VA_ARGS__},
#include "inspect/scan_rule_table.h"
#undef SCAN_RULE
};

uint32_t scan_rule_find(struct slice id)
{
	uint32_t i = 0;
	while (i < SCAN_RULES && !slice_is(id, scan_rules[i].id))
		i++;
	return i;
}
const char *const scan_subject_names[SCAN_SUBJECTS + 1] = {"models", "text", "agents", "code", NULL};
const char *const scan_lets_names[SCAN_LETS + 1] = {"commands", "servers", "network", "newest", "approval", NULL};

const char *scan_verdict_word(enum scan_verdict v)
{
	static const char *const word[SCAN_VERDICTS] = {"clean", "unscanned", "suspicious", "bad"};
	return v < SCAN_VERDICTS ? word[v] : "unscanned";
}

const char *scan_confidence_word(enum scan_confidence c)
{
	static const char *const word[] = {"low", "medium", "high"};
	return c <= SCAN_HIGH ? word[c] : "low";
}

void scan_tidy(char *text, size_t size)
{
	text[size - 1] = 0;
	for (unsigned char *p = (unsigned char *)text; *p; p++)
		if (*p < 0x20 || *p == 0x7f)
			*p = '?';
}

enum scan_verdict scan_result_verdict(const struct scan_result *r, size_t count[SCAN_VERDICTS])
{
	enum scan_verdict worst = SCAN_CLEAN;
	if (count)
		memset(count, 0, SCAN_VERDICTS * sizeof(*count));
	for (size_t i = 0; i < r->n; i++) {
		uint32_t v = r->file[i].sum.verdict;
		worst = v > worst ? (enum scan_verdict)v : worst;
		if (count && v < SCAN_VERDICTS && !scan_file_known(&r->file[i]))
			count[v]++;
	}
	return worst;
}

size_t scan_result_known(const struct scan_result *r)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n; i++)
		n += scan_file_known(&r->file[i]);
	return n;
}

const char *scan_file_word(const struct scan_file *f)
{
	return scan_file_known(f) ? "known" : scan_verdict_word((enum scan_verdict)f->sum.verdict);
}
