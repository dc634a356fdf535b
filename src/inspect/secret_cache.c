#include "inspect/secret_cache.h"

#include "crypto/kept.h"
#include "inspect/secret_image.h"

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
