#include "ledger/post.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>

struct poster {
	CURL *curl;
	unsigned timeout_ms;
};

int poster_new(unsigned timeout_ms, struct poster **out, struct err *err)
{
	static bool ready;
	if (!ready && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, -ENOMEM, "libcurl does not start");
	ready = true;
	struct poster *p = calloc(1, sizeof(*p));
	if (p)
		p->curl = curl_easy_init();
	if (!p || !p->curl) {
		free(p);
		return err_sys(err, -ENOMEM, "cannot start");
	}
	p->timeout_ms = timeout_ms;
	*out = p;
	return 0;
}

void poster_free(struct poster *p)
{
	if (p)
		curl_easy_cleanup(p->curl);
	free(p);
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct posted *out = arg;
	buf_add(&out->body, slice_of(bytes, size * n));
	return buf_error(&out->body) ? 0 : size * n;
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
	char why[CURL_ERROR_SIZE] = "";
	char *type = NULL;
	CURL *c = p->curl;
	/* No Expect: a witness need not know it, and the body is short. */
	struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: text/plain; charset=utf-8");
	struct curl_slist *both = headers ? curl_slist_append(headers, "Expect:") : NULL;
	if (!both) {
		curl_slist_free_all(headers);
		return err_sys(err, -ENOMEM, "cannot send");
	}
	buf_reset(&out->body);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, both);
	curl_easy_setopt(c, CURLOPT_POST, 1L);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, (const char *)body.p);
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "postern/" POSTERN_VERSION);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_NOPROXY, "127.0.0.1,::1,[::1],localhost");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)p->timeout_ms);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, out);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	CURLcode code = curl_easy_perform(c);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, NULL);
	curl_slist_free_all(both);
	if (buf_error(&out->body))
		return err_set(err, -EFBIG, "its answer is too large");
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(err, -ETIMEDOUT, "no answer in time");
	if (code != CURLE_OK)
		return err_set(err, -ENETUNREACH, "no answer: %s", *why ? why : curl_easy_strerror(code));
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &out->status);
	curl_easy_getinfo(c, CURLINFO_CONTENT_TYPE, &type);
	keep_type(type, out->type);
	return 0;
}
