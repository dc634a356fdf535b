#include "vet/model.h"

static const char *const class_names[CLASS_END] = {"none", "disclosed", "undeclared", "hashed", "covert"};

const char *leak_class_name(enum leak_class c)
{
	return c < CLASS_END ? class_names[c] : "none";
}

enum leak_class leak_class_parse(const char *word)
{
	for (int i = 0; i < CLASS_END; i++)
		if (strcmp(word, class_names[i]) == 0)
			return (enum leak_class)i;
	return CLASS_END;
}

const char *verdict_name(enum verdict v)
{
	static const char *const names[] = {"clean", "findings", "inconclusive"};
	return names[v];
}

const char *vet_closure_name(enum vet_closure_state s)
{
	static const char *const names[] = {
	        [CLOSURE_CLOSED] = "closed", [CLOSURE_OPEN] = "not closable", [CLOSURE_UNTESTED] = "not tested", [CLOSURE_NEW] = "new"};
	return (size_t)s < ARRAY_LEN(names) ? names[s] : "";
}

const char *vet_answer_state_name(enum vet_answer_state s)
{
	static const char *const names[] = {
	        [ANSWER_EVIDENCE] = "answered", [ANSWER_NOT_OBSERVED] = "not observed", [ANSWER_NOT_OBSERVABLE] = "not observable"};
	return (size_t)s < ARRAY_LEN(names) ? names[s] : "";
}

/* The editions that the identifiers were taken from. AI-CAIQ numbers its questions by the controls of AICM. */
static const struct {
	const char *name, *key;
} frameworks[FRAMEWORK_END] = {
        [FRAMEWORK_AICM] = {"CSA AI Controls Matrix 1.0.3 (AI-CAIQ)", "csa_aicm"},
        [FRAMEWORK_SSDF] = {"NIST SP 800-218A (July 2024)", "nist_sp_800_218a"},
        [FRAMEWORK_RMF] = {"NIST AI RMF 1.0", "nist_ai_rmf"},
        [FRAMEWORK_LLM] = {"OWASP Top 10 for LLM Applications 2025", "owasp_llm"},
        [FRAMEWORK_AGENTIC] = {"OWASP Top 10 for Agentic Applications 2026", "owasp_agentic"},
        [FRAMEWORK_ISO] = {"ISO/IEC 42001:2023, Annex A", "iso_42001"},
        [FRAMEWORK_SLSA] = {"SLSA 1.1, build track", "slsa"},
};

const char *vet_framework_name(enum vet_framework f)
{
	return f < FRAMEWORK_END ? frameworks[f].name : "";
}

const char *vet_framework_key(enum vet_framework f)
{
	return f < FRAMEWORK_END ? frameworks[f].key : "";
}
