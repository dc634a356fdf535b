#include "base/err.h"

#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 0))) static void put(struct err *err, const char *fmt, va_list ap)
{
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
}

/* Names in parentheses: for the analyzer the header makes macros of them. */
int(err_set)(struct err *err, int code, const char *fmt, ...)
{
	if (!err)
		return code;
	va_list ap;
	va_start(ap, fmt);
	put(err, fmt, ap);
	va_end(ap);
	err->code = code;
	return code;
}

int(err_sys)(struct err *err, int code, const char *fmt, ...)
{
	if (!err)
		return code;
	va_list ap;
	va_start(ap, fmt);
	put(err, fmt, ap);
	va_end(ap);
	size_t n = strlen(err->text);
	(void)snprintf(err->text + n, sizeof(err->text) - n, ": %s", strerror(-code));
	err->code = code;
	return code;
}

int(err_wrap)(struct err *err, int code, const char *fmt, ...)
{
	if (!err)
		return code;
	char old[sizeof(err->text)];
	memcpy(old, err->text, sizeof(old));
	va_list ap;
	va_start(ap, fmt);
	put(err, fmt, ap);
	va_end(ap);
	size_t n = strlen(err->text);
	(void)snprintf(err->text + n, sizeof(err->text) - n, ": %s", old);
	err->code = code;
	return code;
}
