/* Settings in each format: whatever the bytes are, memory stays below its limit, texts end, and what is found by a path is in the tree. The
 * first byte chooses the format. */
#include "parse/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count(const struct conf *c, size_t depth)
{
	size_t n = 1, children = 0;
	if (depth > 2 * CONF_DEPTH || (c->text.p && c->text.p[c->text.n] != 0))
		__builtin_trap();
	for (const struct conf *x = c->child; x; x = x->next) {
		if ((c->type == CONF_MAP) != (x->key.p != NULL))
			__builtin_trap();
		children++;
		n += count(x, depth + 1);
	}
	if (children != c->n || (children && c->type != CONF_MAP && c->type != CONF_LIST))
		__builtin_trap();
	return n;
}

static int seen(void *arg, const struct conf *value, struct slice key)
{
	(void)key;
	*(size_t *)arg += value->n;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_arena_ struct arena arena = ARENA((size_t)16 << 20);
	struct conf *root;
	struct conf_error err = {0};
	size_t n = 0;
	if (size == 0)
		return 0;
	enum conf_format format = (enum conf_format)((data[0] & 0x7f) % CONF_FORMATS);
	struct slice text = slice_of(data + 1, size - 1);
	int r = data[0] & 0x80 ? conf_read_lock(format, text, 5000, &arena, &root, &err)
	                       : conf_read(format, text, 5000, &arena, &root, &err);
	if (r < 0) {
		if (r == -74 && (!err.reason || !err.line || !err.column))
			__builtin_trap();
		return 0;
	}
	if (count(root, 0) > 5000)
		__builtin_trap();
	(void)conf_each(root, "*/*/command", seen, &n);
	(void)conf_each(root, "mcpServers/*", seen, &n);
	return 0;
}
