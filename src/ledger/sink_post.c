#include "ledger/sink_post.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>

struct post {
	CURL *curl;
	struct curl_slist *headers;
	struct buf *reply;
	char why[CURL_ERROR_SIZE];
};

static size_t on_body(char *p, size_t one, size_t n, void *arg)
{
	struct post *post = arg;
	size_t room = post->reply->max - post->reply->n;
	buf_add(post->reply, slice_of(p, n < room ? n : room));
	return one * n;
}

static bool add_header(struct post *p, const char *name, const char *value)
{
	_cleanup_buf_ struct buf line = BUF(8192);
	buf_fmt(&line, "%s:%s%s", name, value[0] ? " " : "", value);
	struct curl_slist *more = buf_error(&line) ? NULL : curl_slist_append(p->headers, buf_str(&line));
	if (more)
		p->headers = more;
	return more != NULL;
}

/* What could never be reached is told at once, and not tried for ever. */
static bool is_address(const char *url)
{
	CURLU *u = curl_url();
	bool good = u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	            (strncasecmp(url, "http://", 7) == 0 || strncasecmp(url, "https://", 8) == 0);
	curl_url_cleanup(u);
	return good;
}

int post_new(const struct post_options *o, struct post **out, struct err *err)
{
	if (!is_address(o->url))
		return err_set(err, -EINVAL, "\"%.200s\" is no address of a service, as in https://host/path", o->url);
	struct post *p = calloc(1, sizeof(*p));
	if (!p || curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || !(p->curl = curl_easy_init())) {
		free(p);
		return err_sys(err, -ENOMEM, "cannot start");
	}
	/* No Expect: it costs a round trip a request. */
	bool ok = add_header(p, "Content-Type", o->media_type) && add_header(p, "Expect", "") &&
	          (!o->authorization || add_header(p, "Authorization", o->authorization)) &&
	          curl_easy_setopt(p->curl, CURLOPT_URL, o->url) == CURLE_OK &&
	          curl_easy_setopt(p->curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	          curl_easy_setopt(p->curl, CURLOPT_HTTPHEADER, p->headers) == CURLE_OK &&
	          curl_easy_setopt(p->curl, CURLOPT_USERAGENT, "postern/" POSTERN_VERSION) == CURLE_OK &&
	          curl_easy_setopt(p->curl, CURLOPT_POST, 1L) == CURLE_OK && curl_easy_setopt(p->curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	          curl_easy_setopt(p->curl, CURLOPT_TIMEOUT_MS, (long)o->timeout_ms) == CURLE_OK &&
	          curl_easy_setopt(p->curl, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
	          curl_easy_setopt(p->curl, CURLOPT_WRITEDATA, p) == CURLE_OK &&
	          curl_easy_setopt(p->curl, CURLOPT_ERRORBUFFER, p->why) == CURLE_OK;
	if (!ok) {
		post_free(p);
		return err_set(err, -EINVAL, "the address cannot be used");
	}
	*out = p;
	return 0;
}

void post_free(struct post *p)
{
	if (!p)
		return;
	curl_easy_cleanup(p->curl);
	curl_slist_free_all(p->headers);
	free(p);
}

int post_send(struct post *p, struct slice body, long *status, struct buf *reply, unsigned *wait, struct err *err)
{
	curl_off_t asked = 0;
	p->reply = reply;
	p->why[0] = 0;
	if (curl_easy_setopt(p->curl, CURLOPT_POSTFIELDS, (const char *)body.p) != CURLE_OK ||
	        curl_easy_setopt(p->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n) != CURLE_OK)
		return err_sys(err, -ENOMEM, "cannot send");
	CURLcode code = curl_easy_perform(p->curl);
	if (code != CURLE_OK)
		return err_set(err, -ENETUNREACH, "%.200s", p->why[0] ? p->why : curl_easy_strerror(code));
	(void)curl_easy_getinfo(p->curl, CURLINFO_RESPONSE_CODE, status);
	(void)curl_easy_getinfo(p->curl, CURLINFO_RETRY_AFTER, &asked);
	*wait = asked > 0 && asked < 3600 ? (unsigned)asked : 0;
	return 0;
}
