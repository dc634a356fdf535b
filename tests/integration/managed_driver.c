/* Drives src/guard/managed.h for tests/integration/managed.sh: managed_driver once|check|watch ROOT OWN TOOL... Prints a line for what is told.
 * Watching, it obeys lines on its input: "tools T…", "ping"; at the end of its input it stops. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "guard/managed.h"
#include "lines.h"
#include "sys/loop.h"

static struct loop *loop;
static struct managed *managed;

static void tell(void *arg, const struct managed_event *e)
{
	(void)arg;
	printf("%s: %s: %s [%s] aside=%s before=%.8s after=%.8s\n", e->path, managed_what_name(e->what), e->detail, e->set,
	        e->aside ? e->aside : "-", e->before[0] ? e->before : "-", e->after[0] ? e->after : "-");
	(void)fflush(stdout);
}

static void obey(char *line)
{
	const char *word[16] = {NULL};
	char *rest = NULL;
	size_t words = 0;
	for (char *w = strtok_r(line, " ", &rest); w && words < 15; w = strtok_r(NULL, " ", &rest))
		word[words++] = w;
	if (words && strcmp(word[0], "tools") == 0)
		printf("done %d\n", managed_update(managed, word + 1));
	else
		printf("pong\n");
	(void)fflush(stdout);
}

static void on_input(void *arg, uint32_t events)
{
	(void)arg, (void)events;
	if (!lines_read(obey))
		loop_stop(loop);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	struct managed_config c = {
	        .root = open(argv[2], O_PATH | O_DIRECTORY | O_CLOEXEC),
	        .own = argv[3],
	        .write = strcmp(argv[1], "check") != 0,
	        .tools = (const char *const *)argv + 4,
	        .owner = geteuid(),
	        .tell = tell,
	};
	struct err err = {0};
	if (c.root < 0)
		return 2;
	int r;
	if (strcmp(argv[1], "watch") != 0) {
		r = managed_once(&c, &err);
	} else {
		struct source *input;
		r = loop_new(&loop);
		if (r == 0)
			r = managed_start(loop, &c, &managed, &err);
		if (r == 0) {
			printf("ready\n");
			(void)fflush(stdout);
			r = loop_add(loop, 0, EPOLLIN, on_input, NULL, &input);
			if (r == 0)
				r = loop_run(loop);
			managed_stop(managed);
		}
	}
	if (r < 0)
		printf("failed %d %s\n", r, err.text);
	return r < 0 ? 2 : 0;
}
