/* err: a code and a sentence for a person. Functions that can fail in ways worth telling take `struct err *err` last; it may be
 * NULL, and is untouched on success. The return value is 0 or a negative errno, the same as err->code. */
#ifndef POSTERN_BASE_ERR_H
#define POSTERN_BASE_ERR_H

#include <stdarg.h>

struct err {
	int code;       /* negative errno, 0 if unset */
	char text[640]; /* one line, no newline; what went wrong, then how to get out of it */
};

/* Sets code and text, returns code. code is a negative errno; the text is cut to fit. */
int err_set(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* As err_set, with ": <strerror of -code>" at the end. */
int err_sys(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Puts "<fmt>: " in front of the text that is there; returns err->code (or code, if err is NULL). */
int err_wrap(struct err *err, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#ifdef __clang_analyzer__
/* The analyzer reads one file at a time, so it has to be told that these never return 0. */
#define ERR_NEGATIVE(call)                       \
	({                                       \
		int _code = (call);              \
		if (_code >= 0)                  \
			__builtin_unreachable(); \
		_code;                           \
	})
#define err_set(...)  ERR_NEGATIVE((err_set)(__VA_ARGS__))
#define err_sys(...)  ERR_NEGATIVE((err_sys)(__VA_ARGS__))
#define err_wrap(...) ERR_NEGATIVE((err_wrap)(__VA_ARGS__))
#endif

#endif
