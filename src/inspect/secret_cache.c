#include "inspect/secret_cache.h"

#include <errno.h>
#include <fcntl.h>

#include "base/arena.h"
#include "crypto/kept.h"
#include "inspect/secret_image.h"
#include "sys/fd.h"
#include "sys/path.h"
#include "sys/share.h"

#define RULES_MAX ((size_t)4 << 20)

static int name_of(const struct secret_source *sources, size_t n, char out[KEPT_NAME])
{
	_cleanup_free_ struct slice *texts = calloc(n + 1, sizeof(*texts));
	if (!texts)
		return -1;
	for (size_t i = 0; i < n; i++)
		texts[i] = sources[i].text;
	return kept_name("rules", IMAGE_MAGIC, texts, n, out);
}

int secret_load(const struct secret_source *sources, size_t n, int dir, struct buf *image, struct err *err)
{
	char name[KEPT_NAME];
	size_t before = image->n;
	bool named = dir >= 0 && name_of(sources, n, name) == 0;
	if (named && kept_take(dir, name, SECRET_IMAGE_MAX, image))
		return 0;
	int e = secret_compile(sources, n, image, err);
	if (e == 0 && named)
		kept_leave(dir, name, slice_sub(buf_slice(image), before, image->n - before));
	return e;
}

int secret_load_shared(struct arena *arena, struct buf *image, struct err *err)
{
	const char *share[SHARE_DATA_MAX];
	size_t n = share_data(arena, share);
	for (size_t i = 0; i < n; i++) {
		_cleanup_buf_ struct buf text = BUF(RULES_MAX);
		const char *path = arena_fmt(arena, "%s/rules/secrets.yaml", share[i]);
		if (!path || path_read(AT_FDCWD, path, &text) < 0)
			continue;
		_cleanup_fd_ int cache = kept_folder();
		return secret_load(&(struct secret_source){.name = path, .text = buf_slice(&text)}, 1, cache, image, err);
	}
	return err_set(err, -ENOENT, "the rules of secrets are not there: set POSTERN_SHARE to the folder that holds rules/secrets.yaml");
}
