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
