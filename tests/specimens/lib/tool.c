#include "tool.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/ssl.h>

static int dial(const char *host, const char *port)
{
	struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *list = NULL;
	if (getaddrinfo(host, port, &hints, &list) != 0)
		return -1;
	int fd = socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct timeval limit = {.tv_sec = 8};
	if (fd >= 0) {
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		if (connect(fd, list->ai_addr, list->ai_addrlen) < 0) {
			(void)close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	return fd;
}

static SSL *handshake(SSL_CTX *ctx, int fd, const char *host)
{
	SSL *ssl = SSL_new(ctx);
	if (ssl && SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1 && SSL_set_fd(ssl, fd) == 1 &&
	        SSL_connect(ssl) == 1)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

/* Sends the request and reads the reply to its end; the status or -1. */
static int exchange(int fd, SSL *ssl, const char *request, size_t n)
{
	char reply[4096], rest[4096];
	size_t have = 0;
	if (ssl ? SSL_write(ssl, request, (int)n) != (int)n : write(fd, request, n) != (ssize_t)n)
		return -1;
	for (;;) {
		char *to = have < sizeof(reply) - 1 ? reply + have : rest;
		size_t room = to == rest ? sizeof(rest) : sizeof(reply) - 1 - have;
		ssize_t got = ssl ? SSL_read(ssl, to, (int)room) : read(fd, to, room);
		if (got <= 0)
			break;
		if (to != rest)
			have += (size_t)got;
	}
	reply[have] = 0;
	int status = -1;
	return sscanf(reply, "HTTP/%*d.%*d %d", &status) == 1 ? status : -1;
}

int tool_post(const char *base, const char *path, const char *headers, const char *body)
{
	bool tls = strncmp(base, "https://", 8) == 0;
	char host[256], request[16384];
	(void)snprintf(host, sizeof(host), "%s", base + (tls ? 8 : 7));
	host[strcspn(host, "/")] = 0;
	int n = snprintf(request, sizeof(request), "POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
	        path, host, headers, strlen(body), body);
	if (n < 0 || (size_t)n >= sizeof(request))
		return -1;
	char *colon = strchr(host, ':');
	if (colon)
		*colon = 0;
	int fd = dial(host, colon ? colon + 1 : tls ? "443" : "80"), status = -1;
	SSL_CTX *ctx = tls ? SSL_CTX_new(TLS_client_method()) : NULL;
	SSL *ssl = NULL;
	if (ctx) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
		(void)SSL_CTX_set_default_verify_paths(ctx);
		ssl = fd >= 0 ? handshake(ctx, fd, host) : NULL;
	}
	if (fd >= 0 && (!tls || ssl))
		status = exchange(fd, ssl, request, (size_t)n);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	if (fd >= 0)
		(void)close(fd);
	return status;
}

const char *tool_base(void)
{
	const char *base = getenv("FERN_BASE_URL");
	return base && *base ? base : "https://api.fernwright.example";
}

const char *tool_headers(void)
{
	static char text[512];
	const char *key = getenv("FERN_API_KEY");
	(void)snprintf(text, sizeof(text),
	        "Content-Type: application/json\r\nUser-Agent: fern-cli/1.4.2\r\nAccept: */*\r\nAuthorization: Bearer %s\r\n",
	        key ? key : "");
	return text;
}

int tool_ask(const char *headers, const char *body)
{
	int status = tool_post(tool_base(), "/v1/chat/completions", headers, body);
	(void)printf("answered with %d\n", status);
	return status == 200 ? 0 : 1;
}

void tool_report(const char *event_json)
{
	(void)tool_post("https://metrics.fernwright.example", "/v1/events", "Content-Type: application/json\r\n", event_json);
}

void tool_quote(char *out, size_t n, const char *s)
{
	size_t k = 0;
	for (; *s && k + 3 < n; s++) {
		if (*s == '"' || *s == '\\')
			out[k++] = '\\';
		out[k++] = (unsigned char)*s < 0x20 ? ' ' : *s;
	}
	out[k] = 0;
}
