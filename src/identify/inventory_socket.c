/* The kernel's table of TCP sockets, as /proc shows it. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/encode.h"
#include "identify/inventory_part.h"

#define ROWS_MAX 200000u
#define LISTEN   0x0a

static bool hex_number(struct slice s, uint64_t *out)
{
	uint64_t v = 0;
	if (s.n == 0 || s.n > 16)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int h = hex_value(s.p[i]);
		if (h < 0)
			return false;
		v = v << 4 | (uint64_t)h;
	}
	*out = v;
	return true;
}

/* "0100007F:1F90": words of 32 bits in the machine's order, then the port. */
static bool address(struct slice s, bool six, char *out, size_t room, unsigned *port, bool *any)
{
	uint32_t words[4] = {0};
	uint64_t v;
	char text[INET6_ADDRSTRLEN];
	size_t n = six ? 4 : 1;
	if (s.n < n * 8 + 2 || s.p[n * 8] != ':' || !hex_number(slice_from(s, n * 8 + 1), &v) || v > 65535)
		return false;
	*port = (unsigned)v;
	*any = true;
	for (size_t i = 0; i < n; i++) {
		if (!hex_number(slice_sub(s, i * 8, 8), &v))
			return false;
		words[i] = (uint32_t)v;
		*any = *any && v == 0;
	}
	bool mapped = six && words[0] == 0 && words[1] == 0 && words[2] == htonl(0xffff);
	if (!inet_ntop(six && !mapped ? AF_INET6 : AF_INET, mapped ? &words[3] : words, text, sizeof(text)))
		return false;
	(void)snprintf(out, room, six && !mapped ? "[%s]:%u" : "%s:%u", text, *port);
	return true;
}

bool sockets_line(struct slice line, bool six, struct socket_row *out)
{
	struct slice part, fields[10];
	size_t n = 0;
	uint64_t state;
	unsigned remote_port;
	bool remote_any;
	struct socket_row r = {.inode = 0};
	line = slice_trim(line);
	while (n < ARRAY_LEN(fields) && slice_split(&line, ' ', &part))
		if (part.n)
			fields[n++] = part;
	if (n < ARRAY_LEN(fields) || !hex_number(fields[3], &state) || !slice_u64(fields[9], UINT64_MAX, &r.inode) ||
	        !address(fields[1], six, r.local, sizeof(r.local), &r.local_port, &r.any) ||
	        !address(fields[2], six, r.remote, sizeof(r.remote), &remote_port, &remote_any))
		return false;
	r.listens = state == LISTEN;
	*out = r;
	return true;
}

static int by_inode(const void *a, const void *b)
{
	const struct socket_row *x = a, *y = b;
	return (x->inode > y->inode) - (x->inode < y->inode);
}

static void read_table(struct sockets *s, int proc, const char *path, bool six)
{
	_cleanup_fd_ int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "re");
	char line[512];
	if (!f)
		return;
	(void)TAKE_FD(fd);
	while (fgets(line, sizeof(line), f) && s->n < ROWS_MAX) {
		struct socket_row r;
		if (!sockets_line(slice_str(line), six, &r) || r.inode == 0)
			continue;
		if (s->n == s->room) {
			size_t room = s->room ? 2 * s->room : 256;
			struct socket_row *more = reallocarray(s->row, room, sizeof(*more));
			if (!more)
				break;
			s->row = more;
			s->room = room;
		}
		s->row[s->n++] = r;
	}
	(void)fclose(f);
}

void sockets_read(struct sockets *s, int proc)
{
	s->n = 0;
	read_table(s, proc, "net/tcp", false);
	read_table(s, proc, "net/tcp6", true);
	if (s->n)
		qsort(s->row, s->n, sizeof(*s->row), by_inode);
}

const struct socket_row *sockets_find(const struct sockets *s, uint64_t inode)
{
	struct socket_row key = {.inode = inode};
	return s->n ? bsearch(&key, s->row, s->n, sizeof(*s->row), by_inode) : NULL;
}

void sockets_free(struct sockets *s)
{
	free(s->row);
	*s = (struct sockets){.row = NULL};
}
