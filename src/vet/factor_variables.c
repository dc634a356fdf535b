/* The factor variables: names of environment variables that the artefact hides, all set at once. */
#include "vet/factor_part.h"

#include <errno.h>

#define NAME_MAX_ 128

/* What makes a program start otherwise, or not at all, says nothing of what it looks for. */
static bool starts_programs(const char *name)
{
	static const char *const of[] = {"LD_", "NODE_", "BUN_", "PYTHON", "PERL", "BASH_", "GODEBUG", "MALLOC_", "GLIBC_", "SSL_", "PATH",
	        "HOME", "IFS", "ENV", "TMPDIR"};
	for (size_t i = 0; i < ARRAY_LEN(of); i++)
		if (strncmp(name, of[i], strlen(of[i])) == 0)
			return true;
	return false;
}

int variables_apply(struct host_spec *h, const char **gateway, const char *value)
{
	(void)gateway;
	struct slice rest = slice_str(value), part;
	while (*value && slice_split(&rest, ',', &part)) {
		char name[NAME_MAX_];
		if (part.n == 0 || part.n >= sizeof(name))
			return -EINVAL;
		memcpy(name, part.p, part.n);
		name[part.n] = 0;
		/* One that the host has already stays as it is. */
		if (starts_programs(name) || host_env_get(h, name))
			continue;
		int r = host_env_set(h, name, "1");
		if (r < 0)
			return r;
	}
	return 0;
}
