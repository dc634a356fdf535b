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
const char *const scan_subject_names[SCAN_SUBJECTS + 1] = {"models", "text", "agents", "code", "changes", NULL};
const char *const scan_lets_names[SCAN_LETS + 1] = {"commands", "servers", "network", "newest", "approval", NULL};

const char *scan_verdict_word(enum scan_verdict v)
{
	static const char *const word[SCAN_VERDICTS] = {"clean", "unscanned", "suspicious", "bad"};
	return v < SCAN_VERDICTS ? word[v] : "unscanned";
}

const char *scan_how_word(enum scan_how how)
{
	static const char *const words[SCAN_HOWS] = {"runs unasked", "tells to run", "runs on installation", "runs"};
	return how < SCAN_HOWS ? words[how] : "runs";
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

size_t scan_result_known(const struct scan_result *r, size_t *excepted)
{
	size_t n = 0;
	*excepted = 0;
	for (size_t i = 0; i < r->n; i++)
		if (scan_file_known(&r->file[i]))
			(*(r->file[i].excepted ? excepted : &n))++;
	return n;
}

const char *scan_file_word(const struct scan_file *f)
{
	return !scan_file_known(f) ? scan_verdict_word((enum scan_verdict)f->sum.verdict) : f->excepted ? "excepted" : "known";
}

const struct scan_exception *scan_file_exception(const struct scan_file *f, uint32_t rule)
{
	const struct scan_exception *e = f->excepted;
	while (e && e->rule != rule)
		e = e->next;
	return e;
}

/* The worst of the rules that were found and are not pinned; without those of `but` (NULL: of all). */
static enum scan_verdict worst_of(const struct scan_file *f, const struct scan_rule_set *but)
{
	enum scan_verdict worst = SCAN_CLEAN;
	for (uint32_t i = 0; i < SCAN_RULES; i++)
		if (scan_rule_in(&f->sum.rules, i) && !scan_rule_in(&f->pinned, i) && !(but && scan_rule_in(but, i)) &&
		        scan_rules[i].verdict > worst)
			worst = scan_rules[i].verdict;
	return worst;
}

void scan_file_judge(struct scan_file *f)
{
	f->sum.verdict = worst_of(f, NULL);
}

enum scan_verdict scan_file_blocks(const struct scan_result *r, const struct scan_file *f)
{
	return worst_of(f, &r->reported);
}

enum scan_verdict scan_result_blocks(const struct scan_result *r, size_t *n)
{
	enum scan_verdict worst = SCAN_CLEAN;
	size_t blocked = 0;
	for (size_t i = 0; i < r->n; i++) {
		enum scan_verdict v = scan_file_blocks(r, &r->file[i]);
		blocked += v != SCAN_CLEAN;
		worst = v > worst ? v : worst;
	}
	if (n)
		*n = blocked;
	return worst;
}
