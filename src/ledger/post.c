#include "ledger/post.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "sys/lib_curl.h"

struct poster {
	CURL *curl;
	struct curl_slist *headers;
	char why[CURL_ERROR_SIZE];
};

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct posted *out = arg;
	buf_add(&out->body, slice_of(bytes, size * n));
	return buf_error(&out->body) ? 0 : size * n;
}

static bool add_header(struct poster *p, const char *name, const char *value)
{
	_cleanup_buf_ struct buf line = BUF(8192);
	buf_fmt(&line, "%s:%s%s", name, value[0] ? " " : "", value);
	struct curl_slist *more = buf_error(&line) ? NULL : curl_slist_append(p->headers, buf_str(&line));
	if (more)
		p->headers = more;
	return more != NULL;
}

int poster_new(const struct post_options *o, struct poster **out, struct err *err)
{
	int loaded = lib_curl_load(err);
	if (loaded < 0)
		return loaded;
	struct poster *p = calloc(1, sizeof(*p));
	if (!p || !(p->curl = curl_easy_init())) {
		free(p);
		return err_sys(err, -ENOMEM, "cannot start");
	}
	CURL *c = p->curl;
	/* No Expect: it costs a round trip a request, and a witness need not know it. */
	bool ok = add_header(p, "Content-Type", o->media_type) && add_header(p, "Expect", "") &&
	          (!o->authorization || add_header(p, "Authorization", o->authorization));
	const CURLcode set[] = {
	        o->tls_ca ? curl_easy_setopt(c, CURLOPT_CAINFO, o->tls_ca) : CURLE_OK,
	        o->tls_cert ? curl_easy_setopt(c, CURLOPT_SSLCERT, o->tls_cert) : CURLE_OK,
	        o->tls_key ? curl_easy_setopt(c, CURLOPT_SSLKEY, o->tls_key) : CURLE_OK,
	        curl_easy_setopt(c, CURLOPT_HTTPHEADER, p->headers),
	        curl_easy_setopt(c, CURLOPT_POST, 1L),
	        curl_easy_setopt(c, CURLOPT_USERAGENT, "postern/" POSTERN_VERSION),
	        curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https"),
	        curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L),
	        curl_easy_setopt(c, CURLOPT_NOPROXY, "127.0.0.1,::1,[::1],localhost"),
	        curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L),
	        curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)o->timeout_ms),
	        curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body),
	        curl_easy_setopt(c, CURLOPT_ERRORBUFFER, p->why),
	};
	for (size_t i = 0; i < ARRAY_LEN(set); i++)
		ok = ok && set[i] == CURLE_OK;
	if (!ok) {
		poster_free(p);
		return err_sys(err, -ENOMEM, "cannot start");
	}
	*out = p;
	return 0;
}

void poster_free(struct poster *p)
{
	if (!p)
		return;
	curl_easy_cleanup(p->curl);
	curl_slist_free_all(p->headers);
	free(p);
}

static void keep_type(const char *type, char out[64])
{
	size_t n = 0;
	for (; type && type[n] && type[n] != ';' && type[n] != ' ' && n < 63; n++)
		out[n] = type[n] >= 'A' && type[n] <= 'Z' ? (char)(type[n] + 32) : type[n];
	out[n] = 0;
}

int post(struct poster *p, const char *url, struct slice body, struct posted *out, struct err *err)
{
	CURL *c = p->curl;
	char *type = NULL;
	curl_off_t asked = 0;
	buf_reset(&out->body);
	p->why[0] = 0;
	if (curl_easy_setopt(c, CURLOPT_URL, url) != CURLE_OK || curl_easy_setopt(c, CURLOPT_WRITEDATA, out) != CURLE_OK ||
	        curl_easy_setopt(c, CURLOPT_POSTFIELDS, (const char *)body.p) != CURLE_OK ||
	        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n) != CURLE_OK)
		return err_sys(err, -ENOMEM, "cannot send");
	CURLcode code = curl_easy_perform(c);
	(void)curl_easy_setopt(c, CURLOPT_POSTFIELDS, NULL);
	if (buf_error(&out->body))
		return err_set(err, -EFBIG, "its answer is too large");
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(err, -ETIMEDOUT, "no answer in time");
	if (code != CURLE_OK)
		return err_set(err, -ENETUNREACH, "no answer: %.200s", *p->why ? p->why : curl_easy_strerror(code));
	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &out->status);
	(void)curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type);
	(void)curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &asked);
	out->wait = asked > 0 && asked < 3600 ? (unsigned)asked : 0;
	keep_type(type, out->type);
	return 0;
}

bool post_is_address(const char *url)
{
	/* Without the library the sentence that it is missing comes later. */
	if (lib_curl_load(NULL) < 0)
		return true;
	CURLU *u = curl_url();
	bool good = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	            (strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0);
	curl_url_cleanup(u);
	return good;
}
