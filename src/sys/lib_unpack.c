#define LIB_UNPACK_ITSELF
#include "sys/lib_unpack.h"

#include <wchar.h>

#define SYMBOL_ARCHIVE(function) {#function, offsetof(struct lib_archive, function)},
#define SYMBOL_LZMA(function)    {#function, offsetof(struct lib_lzma, function)},
#define SYMBOL_BZIP2(function)   {#function, offsetof(struct lib_bzip2, function)},

struct lib_archive lib_archive;
struct lib_lzma lib_lzma;
struct lib_bzip2 lib_bzip2;
static bool loaded;
static locale_t utf8;

int lib_unpack_load(struct err *err)
{
	static const struct lib_symbol archive[] = {LIB_ARCHIVE(SYMBOL_ARCHIVE){NULL, 0}};
	static const struct lib_symbol lzma[] = {LIB_LZMA(SYMBOL_LZMA){NULL, 0}};
	static const struct lib_symbol bzip2[] = {LIB_BZIP2(SYMBOL_BZIP2){NULL, 0}};
	wchar_t wide;
	mbstate_t state = {0};
	if (loaded)
		return 0;
	int r = lib_load("libarchive.so.13", "libarchive13", archive, &lib_archive, err);
	r = r < 0 ? r : lib_load("liblzma.so.5", "liblzma5", lzma, &lib_lzma, err);
	r = r < 0 ? r : lib_load("libbz2.so.1.0", "libbz2-1.0", bzip2, &lib_bzip2, err);
	if (r < 0)
		return r;
	utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (utf8 != (locale_t)0) {
		/* The first conversion reads files. */
		locale_t before = uselocale(utf8);
		(void)mbrtowc(&wide, "a", 1, &state);
		(void)uselocale(before);
	}
	loaded = true;
	return 0;
}

bool lib_unpack_loaded(void)
{
	return loaded;
}

locale_t lib_unpack_locale(void)
{
	return utf8;
}
