/* Profiles are written by people, but also handed around: the parser takes any bytes. What is accepted is expanded too. */
#include "identify/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7 itself loses some hundred bytes on some texts that it refuses. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA(8 << 20);
	struct profile p;
	struct err err = {0};
	if (profile_parse(slice_of(data, size), "fuzz.yaml", &a, &p, &err) < 0)
		return 0;
	struct profile_vars v = {.prompt = p.prompt, .key = "k", .home = "/home/x"};
	for (size_t i = 0; p.argv[i]; i++)
		if (!profile_expand(p.argv[i], &v, &a))
			return 0;
	for (size_t i = 0; i < p.n_files; i++)
		if (!profile_expand(p.files[i].data, &v, &a))
			return 0;
	return 0;
}
