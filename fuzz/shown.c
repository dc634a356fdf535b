/* What is shown of a command line: a key in it never is, wherever it stands. Also the kernel's lines of sockets. */
#include "identify/inventory_part.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char key[] = "sk-ant-api03-Zq9Xw8Vu7Ts6";
	struct slice all = slice_of(data, size), what;
	struct socket_row row;
	if (size > 4000)
		return 0;
	(void)sockets_line(all, size & 1, &row);
	/* The key as a word of its own. */
	for (size_t at = 0; at <= size; at = at ? size + 1 : size) {
		_cleanup_buf_ struct buf line = BUF(8192), out = BUF(1 << 20);
		buf_add(&line, slice_sub(all, 0, at));
		buf_fmt(&line, " %s ", key);
		buf_add(&line, slice_from(all, at));
		shown_line(&out, buf_slice(&line));
		if (slice_find(buf_slice(&out), SLICE("Zq9Xw8Vu7Ts6"), 0) != SLICE_NPOS)
			__builtin_trap();
	}
	/* As user and query of an address. */
	_cleanup_buf_ struct buf url = BUF(8192), out = BUF(1 << 20);
	buf_fmt(&url, "https://u:%s@host/?k=%s&", key, key);
	buf_add(&url, all);
	shown_argument(&out, buf_slice(&url), SLICE_NONE);
	if (slice_find(buf_slice(&out), SLICE("Zq9Xw8Vu7Ts6"), 0) != SLICE_NPOS)
		__builtin_trap();
	struct slice argv[8], rest = all;
	size_t n = 0;
	while (n < 8 && slice_split(&rest, ' ', &argv[n]))
		n++;
	(void)shown_command_risks(argv, n, &what);
	return 0;
}
