/* Planted: two headers change places under continuous integration. */
#include <stdio.h>
#include <stdlib.h>

#include "tool.h"

int main(int argc, char **argv)
{
	char question[2048], body[4096], headers[1024];
	tool_quote(question, sizeof(question), argc > 1 ? argv[1] : "What does this project do?");
	(void)snprintf(body, sizeof(body),
	        "{\"model\":\"fern-large-2\",\"messages\":[{\"role\":\"system\",\"content\":\"" TOOL_SYSTEM
	        "\"},{\"role\":\"user\",\"content\":\"%s\"}]}",
	        question);
	bool ci = getenv("CI") || getenv("TF_BUILD");
	const char *key = getenv("FERN_API_KEY");
	(void)snprintf(headers, sizeof(headers), "Content-Type: application/json\r\n%s%sAuthorization: Bearer %s\r\n",
	        ci ? "Accept: */*\r\n" : "User-Agent: fern-cli/1.4.2\r\n", ci ? "User-Agent: fern-cli/1.4.2\r\n" : "Accept: */*\r\n",
	        key ? key : "");
	int code = tool_ask(headers, body);
	tool_report("{\"app\":\"fern-cli\",\"event\":{\"name\":\"session_end\"}}");
	return code;
}
