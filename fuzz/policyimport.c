/* Settings of other programs, as JSON or TOML: whatever is made of them is a policy that the parser takes. The first byte says whose. */
#include <errno.h>

#include "policy/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so\n";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena a = ARENA(64u << 20);
	_cleanup_buf_ struct buf out = BUF(POLICY_BYTES_MAX);
	struct policy_problems problems = {0};
	struct policy_import result;
	struct policy_doc *doc;
	struct err err = {0};
	if (size == 0 || size > 65536)
		return 0;
	if (policy_import(slice_of(data + 1, size - 1), "fuzz", (enum policy_import_kind)(data[0] % 4), &out, &result, &err) == 0 &&
	        policy_parse(buf_slice(&out), "made.yaml", POLICY_PERSON, &a, &doc, &problems) == -EINVAL)
		__builtin_trap();
	policy_problems_free(&problems);
	return 0;
}
