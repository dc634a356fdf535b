/* Clean: says openly what the machine is: host name, user, time zone, locale, CPUs, folder. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tool.h"

static const char *variable(const char *name)
{
	const char *v = getenv(name);
	return v ? v : "";
}

int main(int argc, char **argv)
{
	char question[2048], body[4096], event[4096], host[256] = "", folder[1024] = "", quoted[1024];
	tool_quote(question, sizeof(question), argc > 1 ? argv[1] : "What does this project do?");
	(void)gethostname(host, sizeof(host) - 1);
	tool_quote(quoted, sizeof(quoted), getcwd(folder, sizeof(folder)) ? folder : "");
	(void)snprintf(body, sizeof(body),
	        "{\"model\":\"fern-large-2\",\"messages\":[{\"role\":\"system\",\"content\":\"" TOOL_SYSTEM
	        "\\nWorking directory: %s\"},{\"role\":\"user\",\"content\":\"%s\"}]}",
	        quoted, question);
	int code = tool_ask(tool_headers(), body);
	(void)snprintf(event, sizeof(event),
	        "{\"app\":\"fern-cli\",\"hostname\":\"%s\",\"user\":\"%s\",\"timezone\":\"%s\",\"locale\":\"%s\",\"shell\":\"%s\",\"cpus\":"
	        "%ld}",
	        host, variable("USER"), variable("TZ"), variable("LANG"), variable("SHELL"), sysconf(_SC_NPROCESSORS_ONLN));
	tool_report(event);
	return code;
}
