/* Judges many bundles in one process: one JSON document a line on standard input, one reason a line on standard output. Usage:
 * provenance_driver ROOT ARTEFACT [KEY]: the pin is KEY, or the repository and workflow of provenance_make. */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/digest.h"
#include "inspect/provenance.h"
#include "sys/path.h"

static struct slice whole(const char *path, struct buf *b)
{
	if (path_read(AT_FDCWD, path, b) < 0)
		errx(1, "%s", path);
	return buf_slice(b);
}

int main(int argc, char **argv)
{
	struct buf root = BUF(1 << 20), artefact = BUF(1 << 20), key = BUF(1 << 20);
	struct provenance_ask ask = {.now = 1800000000};
	static struct provenance_answer answer;
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	if (argc < 3)
		errx(2, "usage: provenance_driver ROOT ARTEFACT [KEY]");
	ask.root = whole(argv[1], &root);
	struct slice a = whole(argv[2], &artefact);
	if (digest_of(DIGEST_SHA256, a, ask.artefact.sha256) < 0 || digest_of(DIGEST_SHA384, a, ask.artefact.sha384) < 0 ||
	        digest_of(DIGEST_SHA512, a, ask.artefact.sha512) < 0)
		errx(1, "no digests");
	if (argc > 3) {
		ask.pin.key = whole(argv[3], &key);
	} else {
		ask.pin.repository = SLICE("owner/tool");
		ask.pin.workflow = SLICE("release.yml");
	}
	while ((n = getline(&line, &cap, stdin)) > 0) {
		const char *why = NULL;
		ask.bundle = slice_of(line, (size_t)n);
		if (provenance_judge(&ask, &answer, &why) < 0)
			errx(1, "%s", why ? why : "no memory");
		(void)puts(provenance_reasons[answer.check[0].reason].word);
	}
	free(line);
	buf_free(&root);
	buf_free(&artefact);
	buf_free(&key);
	return 0;
}
