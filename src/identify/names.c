#include "identify/identify_part.h"

bool identify_tool_names(const struct identify *id, const char *tool, const char **title, const char **publisher)
{
	for (unsigned i = 0; i < id->n_tools; i++)
		if (strcmp(id->tool[i].tool, tool) == 0) {
			*title = id->tool[i].title;
			*publisher = id->tool[i].publisher;
			return true;
		}
	return false;
}
