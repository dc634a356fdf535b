/* SOCKS5 (RFC 1928, RFC 1929): CONNECT only. What is inside the tunnel is treated as a new stream to the host that was asked for. */
#include <arpa/inet.h>
#include <stdio.h>

#include "base/cursor.h"
#include "wire/conn.h"

bool socks_greeting(struct conn *c)
{
	if (c->in.n < 2 || c->in.n < 2u + c->in.p[1])
		return false;
	struct slice methods = slice_sub(buf_slice(&c->in), 2, c->in.p[1]);
	bool open = slice_chr(methods, 0, 0) != SLICE_NPOS, password = slice_chr(methods, 2, 0) != SLICE_NPOS;
	if (methods.n == 0) {
		conn_raw(c, "unknown protocol");
		return true;
	}
	/* A client that has a password is asked for it: more is seen. */
	uint8_t answer[2] = {5, password ? 2 : open ? 0 : 0xff};
	conn_send(c, slice_of(answer, 2));
	if (!open && !password) {
		conn_finish(c, "SOCKS5 without a method that is known");
		return true;
	}
	buf_drop(&c->in, 2 + methods.n);
	c->state = CONN_SOCKS;
	return true;
}

/* Name and password: any will do. */
static bool credentials(struct conn *c)
{
	struct cursor k = cursor_of(buf_slice(&c->in));
	(void)cursor_u8(&k);
	(void)cursor_take(&k, cursor_u8(&k));
	(void)cursor_take(&k, cursor_u8(&k));
	if (!cursor_ok(&k))
		return false;
	conn_trace_raw(c, slice_sub(buf_slice(&c->in), 0, k.at), k.at, "SOCKS5 name and password");
	buf_drop(&c->in, k.at);
	conn_send(c, SLICE("\x01\x00"));
	return true;
}

bool socks_request(struct conn *c)
{
	char host[256] = "";
	if (c->in.n && c->in.p[0] == 1)
		return credentials(c);
	struct cursor k = cursor_of(buf_slice(&c->in));
	uint8_t version = cursor_u8(&k), command = cursor_u8(&k);
	(void)cursor_u8(&k);
	uint8_t type = cursor_u8(&k);
	struct slice a = SLICE_NONE;
	if (cursor_ok(&k) && type == 3) {
		a = cursor_take(&k, cursor_u8(&k));
		/* A NUL would end the name here and not at whoever looks at all of it. */
		version = slice_chr(a, 0, 0) == SLICE_NPOS ? version : 0;
		for (size_t i = 0; i < a.n; i++)
			host[i] = (char)(a.p[i] >= 'A' && a.p[i] <= 'Z' ? a.p[i] + 32 : a.p[i]);
	} else if (cursor_ok(&k) && (type == 1 || type == 4)) {
		a = cursor_take(&k, type == 1 ? 4 : 16);
		if (cursor_ok(&k))
			(void)inet_ntop(type == 1 ? AF_INET : AF_INET6, a.p, host, sizeof(host));
	} else if (cursor_ok(&k)) {
		version = 0;
	}
	uint16_t port = cursor_be16(&k);
	if (version == 5 && !cursor_ok(&k))
		return false;
	if (version != 5 || command != 1) {
		if (c->in.n == 0)
			return false;
		c->raw_why = "SOCKS5 request that is not understood";
		conn_send(c, SLICE("\x05\x07\x00\x01\x00\x00\x00\x00\x00\x00"));
		conn_finish(c, "SOCKS5 command not supported");
		return true;
	}
	struct slice name = slice_str(host);
	conn_trace_raw(c, slice_sub(buf_slice(&c->in), 0, k.at), k.at, "SOCKS5 request");
	buf_drop(&c->in, k.at);
	conn_send(c, SLICE("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"));
	conn_tunnel(c, name, port, "socks5");
	return true;
}
