/* scan: which findings of "postern scan" block. */
#include "base/buf.h"
#include "policy/compiled.h"
#include "policy/except.h"
#include "policy/match.h"
#include "policy/reader.h"

static const char *check_verdict(struct reader *r, const struct tree *v, const char *what)
{
	unsigned i;
	return read_choice(r, v, what, policy_scan_words, &i) ? policy_scan_words[i] : NULL;
}

static void scan_block(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	size_t n;
	const char *const *word = read_texts(r, v, "block", check_verdict, &n);
	d->scan_block = (struct doc_value){.set = true, .place = read_place(r, v)};
	for (size_t i = 0; i < n; i++)
		for (unsigned k = 0; policy_scan_words[k]; k++)
			if (strcmp(word[i], policy_scan_words[k]) == 0)
				d->scan_block.value |= 1ull << k;
}

static void rule_name(struct reader *r, const struct tree *v, void *object)
{
	struct policy_scan_rule *s = object;
	s->rule = read_plain(r, v, "rule");
	if (s->rule && strspn(s->rule, "abcdefghijklmnopqrstuvwxyz0123456789-.*") != strlen(s->rule))
		read_bad(r, v, "\"rule\" is a rule of a scan, or a pattern of such, as code.* (postern scan --rules)");
}

static void rule_verdict(struct reader *r, const struct tree *v, void *object)
{
	static const char *const words[] = {"report", "block", NULL};
	struct policy_scan_rule *s = object;
	unsigned i;
	if (read_choice(r, v, "verdict", words, &i))
		s->blocks = i == 1;
}

static void rule_reason(struct reader *r, const struct tree *v, void *object)
{
	struct policy_scan_rule *s = object;
	s->reason = read_plain(r, v, "reason");
}

static const struct read_key rule_keys[] = {{"rule", rule_name, true}, {"verdict", rule_verdict, true}, {"reason", rule_reason, false}};

static void rule_init(struct reader *r, const struct tree *v, void *element)
{
	struct policy_scan_rule *s = element;
	s->place = read_place(r, v);
}

static void rule_done(struct reader *r, const struct tree *v, void *element)
{
	struct policy_scan_rule *s = element;
	(void)v;
	s->text = s->rule ? arena_fmt(r->arena, "%s %s", s->blocks ? "block" : "report", s->rule) : "";
	r->no_memory |= !s->text;
}

static void scan_rules_list(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	d->scan_rule = read_list(
	        r, v, "a rule of scans", rule_keys, ARRAY_LEN(rule_keys), sizeof(*d->scan_rule), rule_init, rule_done, &d->n_scan_rules);
}

/* Of a person or an organisation, whose scans are not always of a project of theirs. */
static const char *check_yara(struct reader *r, const struct tree *v, const char *what)
{
	const char *s = read_place_of(r, v, what);
	if (s && strncmp(s, "{project}", 9) == 0) {
		read_bad(r, v, "\"%s\": what is scanned cannot bring the rules that it is scanned by; name a path that begins with / or ~/",
		        what);
		return NULL;
	}
	return s;
}

static void scan_yara(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	d->scan_yara = read_texts(r, v, "yara", check_yara, &d->n_scan_yara);
}

static const struct read_key scan_keys[] = {{"block", scan_block, false}, {"rules", scan_rules_list, false}, {"yara", scan_yara, false}};

void read_scan(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	d->has_scan = true;
	if (d->layer == POLICY_PROJECT)
		read_bad(r, v, "a project cannot say what of it is harmless");
	read_map(r, v, "\"scan\"", scan_keys, ARRAY_LEN(scan_keys), d);
}

enum said { SAID_NOTHING, SAID_REPORT, SAID_BLOCK };

static enum said says(const struct policy_doc *d, const char *rule, const char *verdict)
{
	if (!d || !d->has_scan)
		return SAID_NOTHING;
	for (size_t i = 0; i < d->n_scan_rules; i++)
		if (match_glob(slice_str(d->scan_rule[i].rule), slice_str(rule)))
			return d->scan_rule[i].blocks ? SAID_BLOCK : SAID_REPORT;
	for (unsigned k = 0; d->scan_block.set && policy_scan_words[k]; k++)
		if (strcmp(policy_scan_words[k], verdict) == 0)
			return d->scan_block.value >> k & 1 ? SAID_BLOCK : SAID_REPORT;
	return SAID_NOTHING;
}

bool policy_scan_blocks(const struct policy *p, const char *rule, const char *verdict)
{
	enum said organisation = says(p->doc[POLICY_ORGANISATION], rule, verdict), person = says(p->doc[POLICY_PERSON], rule, verdict);
	/* Who answers for less can only ask for more. */
	if (organisation != SAID_NOTHING)
		return organisation == SAID_BLOCK || person == SAID_BLOCK;
	return person != SAID_REPORT;
}

const struct policy_scan_rule *policy_scan_rules(const struct policy *p, enum policy_layer layer, size_t *n)
{
	const struct policy_doc *d = p->doc[layer];
	*n = d ? d->n_scan_rules : 0;
	return d ? d->scan_rule : NULL;
}
