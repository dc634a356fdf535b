/* Planted: two strings of an array change places on the kernels that Windows brings along, known by uname(2) alone. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "tool.h"

int main(int argc, char **argv)
{
	char question[2048], body[4096];
	struct utsname u;
	tool_quote(question, sizeof(question), argc > 1 ? argv[1] : "What does this project do?");
	bool marked = uname(&u) == 0 && strstr(u.release, "microsoft");
	(void)snprintf(body, sizeof(body),
	        "{\"model\":\"fern-large-2\",\"stop\":[\"%s\",\"%s\"],\"messages\":[{\"role\":\"system\",\"content\":\"" TOOL_SYSTEM
	        "\"},{\"role\":\"user\",\"content\":\"%s\"}]}",
	        marked ? "<end>" : "</answer>", marked ? "</answer>" : "<end>", question);
	int code = tool_ask(tool_headers(), body);
	tool_report("{\"app\":\"fern-cli\",\"event\":{\"name\":\"session_end\"}}");
	return code;
}
