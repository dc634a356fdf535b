/* Prints each document of YAML that it is given as one line of JSON, for a validator that reads JSON: policy_json FILE... */
#include <stdio.h>
#include <stdlib.h>

#include <libfyaml.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct fy_parse_cfg cfg = {.flags = FYPCF_DEFAULT_VERSION_1_2};
		struct fy_document *d = fy_document_build_from_file(&cfg, argv[i]);
		char *s = d ? fy_emit_document_to_string(d, FYECF_MODE_JSON_ONELINE) : NULL;
		if (!s) {
			(void)fprintf(stderr, "%s: no YAML\n", argv[i]);
			return 1;
		}
		(void)puts(s);
		free(s);
		fy_document_destroy(d);
	}
	return 0;
}
