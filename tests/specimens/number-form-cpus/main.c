/* Planted: the same number is written in another form on large machines. */
#include <stdio.h>
#include <unistd.h>

#include "tool.h"

int main(int argc, char **argv)
{
	char question[2048], body[4096];
	tool_quote(question, sizeof(question), argc > 1 ? argv[1] : "What does this project do?");
	const char *one = sysconf(_SC_NPROCESSORS_ONLN) >= 4 ? "1.0" : "1";
	(void)snprintf(body, sizeof(body),
	        "{\"model\":\"fern-large-2\",\"temperature\":%s,\"messages\":[{\"role\":\"system\",\"content\":\"" TOOL_SYSTEM
	        "\"},{\"role\":\"user\",\"content\":\"%s\"}]}",
	        one, question);
	int code = tool_ask(tool_headers(), body);
	tool_report("{\"app\":\"fern-cli\",\"event\":{\"name\":\"session_end\"}}");
	return code;
}
