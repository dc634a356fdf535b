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

static int find_shared(struct arena *arena, struct buf *text, const char **path, struct err *err)
{
	const char *share[SHARE_DATA_MAX];
	size_t n = share_data(arena, share);
	for (size_t i = 0; i < n; i++) {
		*path = arena_fmt(arena, "%s/rules/secrets.yaml", share[i]);
		buf_reset(text);
		if (*path && path_read(AT_FDCWD, *path, text) == 0)
			return 0;
	}
	return err_set(err, -ENOENT, "the rules of secrets are not there: set POSTERN_SHARE to the folder that holds rules/secrets.yaml");
}

int secret_load_shared(struct arena *arena, struct buf *image, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(RULES_MAX);
	const char *path;
	int e = find_shared(arena, &text, &path, err);
	if (e < 0)
		return e;
	_cleanup_fd_ int cache = kept_folder();
	return secret_load(&(struct secret_source){.name = path, .text = buf_slice(&text)}, 1, cache, image, err);
}

int secret_find_shared(struct arena *arena, struct secret_later *out, struct err *err)
{
	_cleanup_buf_ struct buf text = BUF(RULES_MAX);
	char name[KEPT_NAME];
	*out = (struct secret_later){.kept.fd = -1, .made = BUF(SECRET_IMAGE_MAX)};
	int e = find_shared(arena, &text, &out->source.name, err);
	if (e < 0)
		return e;
	_cleanup_fd_ int cache = kept_folder();
	out->source.text = arena_copy(arena, buf_slice(&text));
	if (text.n && !out->source.text.p)
		return err_set(err, -ENOMEM, "out of memory");
	if (cache >= 0 && name_of(&out->source, 1, name) == 0 && kept_find(cache, name, SECRET_IMAGE_MAX, &out->kept))
		return 0;
	return secret_load(&out->source, 1, cache, &out->made, err);
}

int secret_later_image(struct secret_later *l, struct buf *image, struct err *err)
{
	if (!l->source.name)
		return 0;
	if (l->made.n) {
		buf_add(image, buf_slice(&l->made));
		return buf_error(image) ? err_sys(err, buf_error(image), "cannot hold the rules of secrets") : 0;
	}
	return kept_read(&l->kept, image) ? 0 : secret_compile(&l->source, 1, image, err);
}

void secret_later_free(struct secret_later *l)
{
	if (l->source.name)
		fd_closep(&l->kept.fd);
	buf_free(&l->made);
}
