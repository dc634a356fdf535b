#include "obtain/subject.h"

static bool part_valid(struct slice s)
{
	if (!s.n || s.p[0] == '.' || s.p[0] == '_' || slice_eq_nocase(s, SLICE("node_modules")))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i], l = c | 0x20;
		if (!((l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~'))
			return false;
	}
	return true;
}

bool package_name_valid(struct slice name)
{
	if (!name.n || name.n > PACKAGE_NAME_MAX)
		return false;
	if (name.p[0] != '@')
		return part_valid(name);
	size_t slash = slice_chr(name, '/', 0);
	return slash != SLICE_NPOS && part_valid(slice_sub(name, 1, slash - 1)) && part_valid(slice_from(name, slash + 1));
}

bool subject_package(struct slice text, struct subject *out)
{
	struct subject r = {.name = text, .spec = SLICE("latest")};
	size_t at = slice_chr(text, '@', 1);
	if (at != SLICE_NPOS) {
		r.name = slice_sub(text, 0, at);
		r.spec = slice_trim(slice_from(text, at + 1));
		if (!r.spec.n)
			return false;
	}
	for (size_t i = 0; i < r.spec.n; i++)
		if (r.spec.p[i] < 0x20 || r.spec.p[i] > 0x7e)
			return false;
	if (!package_name_valid(r.name) || r.spec.n > 1024)
		return false;
	*out = r;
	return true;
}

bool subject_parse(struct slice text, struct subject *out)
{
	if (slice_starts(text, SLICE("npm:")))
		return subject_package(slice_from(text, 4), out);
	if ((!slice_ends(text, SLICE(".tgz")) && !slice_ends(text, SLICE(".tar.gz"))) || (text.n && memchr(text.p, 0, text.n)))
		return false;
	*out = (struct subject){.tgz = true, .spec = text};
	return true;
}
