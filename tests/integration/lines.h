/* lines: the commands that a driver of tests/integration/ is given, a line each, on its standard input. */
#ifndef POSTERN_TESTS_LINES_H
#define POSTERN_TESTS_LINES_H

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* Reads what is there, and calls obey() with each line that is whole, without its end. False at the end of the input. */
static inline bool lines_read(void (*obey)(char *line))
{
	static char line[8192];
	static size_t n;
	ssize_t got = read(0, line + n, sizeof(line) - 1 - n);
	if (got <= 0)
		return false;
	n += (size_t)got;
	line[n] = 0;
	for (char *end; (end = strchr(line, '\n'));) {
		*end = 0;
		obey(line);
		n -= (size_t)(end + 1 - line);
		memmove(line, end + 1, n + 1);
	}
	return true;
}

#endif
