#include "obtain/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "sys/path.h"
#include "sys/lib_curl.h"

#define CA_MAX    (8u << 20)
#define REDIRECTS 5

struct fetcher {
	const struct npmrc *config;
	CURL *curl;
	struct buf ca;                  /* trusted certificates, if they are more than one file */
	uint64_t timeout, tries, pause; /* milliseconds, count, milliseconds */
};

/* State of one try. */
struct transfer {
	const struct fetch *what;
	int fd;
	uint64_t done;
	int error;
	struct digest_stream *sha512, *sha1;
	CURL *curl;
};

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	struct slice s = slice_of(p, size * n);
	long status = 0;
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 200) /* an error page is of no use */
		return s.n;
	if (s.n > t->what->max - t->done) {
		t->error = -EFBIG;
		return 0;
	}
	if ((t->sha512 && digest_stream_add(t->sha512, s) < 0) || (t->sha1 && digest_stream_add(t->sha1, s) < 0)) {
		t->error = -ENOMEM;
		return 0;
	}
	t->done += s.n;
	for (struct slice rest = s; rest.n;) {
		ssize_t put = write(t->fd, rest.p, rest.n);
		if (put < 0 && errno != EINTR) {
			t->error = -errno;
			return 0;
		}
		rest = slice_from(rest, put > 0 ? (size_t)put : 0);
	}
	return s.n;
}

static int on_progress(void *arg, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up)
{
	struct transfer *t = arg;
	(void)up_total;
	(void)up;
	if (t->what->progress && now > 0)
		t->what->progress(t->what->arg, t->what->what, (uint64_t)now, total > 0 ? (uint64_t)total : 0);
	return 0;
}

/* What npm trusts: its cafile alone if there is one, else the system's bundle (SSL_CERT_FILE moves it) and what
 * NODE_EXTRA_CA_CERTS adds. strict-ssl=false is not honoured: what is vetted must at least come from where it says. */
static int trust(struct fetcher *f, struct err *err)
{
	const char *cafile = npmrc_get(f->config, "cafile"), *extra = getenv("NODE_EXTRA_CA_CERTS"), *system = getenv("SSL_CERT_FILE");
	const char *dir = getenv("SSL_CERT_DIR");
	if (cafile) {
		curl_easy_setopt(f->curl, CURLOPT_CAINFO, cafile);
		return 0;
	}
	if (dir && *dir)
		curl_easy_setopt(f->curl, CURLOPT_CAPATH, dir);
	if (!system || !*system)
		system = curl_version_info(CURLVERSION_NOW)->cainfo;
	if (!extra || !*extra || (system && strcmp(extra, system) == 0)) {
		if (system)
			curl_easy_setopt(f->curl, CURLOPT_CAINFO, system);
		return 0;
	}
	f->ca = BUF(CA_MAX);
	if (system)
		(void)path_read(AT_FDCWD, system, &f->ca);
	buf_u8(&f->ca, '\n');
	int r = path_read(AT_FDCWD, extra, &f->ca);
	if (r < 0)
		return err_sys(err, r, "NODE_EXTRA_CA_CERTS names %s, which cannot be read", extra);
	struct curl_blob blob = {.data = f->ca.p, .len = f->ca.n, .flags = CURL_BLOB_NOCOPY};
	curl_easy_setopt(f->curl, CURLOPT_CAINFO_BLOB, &blob);
	return 0;
}

int fetcher_new(const struct npmrc *config, struct fetcher **out, struct err *err)
{
	int loaded = lib_curl_load(err);
	if (loaded < 0)
		return loaded;
	_cleanup_(fetcher_freep) struct fetcher *f = calloc(1, sizeof(*f));
	if (f)
		f->curl = curl_easy_init();
	if (!f || !f->curl)
		return err_set(err, -ENOMEM, "out of memory");
	f->config = config;
	f->timeout = npmrc_number(config, "fetch-timeout", 3600000, 60000);
	f->tries = 1 + npmrc_number(config, "fetch-retries", 10, 2);
	f->pause = npmrc_number(config, "fetch-retry-mintimeout", 60000, 500);
	int r = trust(f, err);
	if (r < 0)
		return r;
	*out = TAKE_PTR(f);
	return 0;
}

void fetcher_free(struct fetcher *f)
{
	if (!f)
		return;
	if (f->curl)
		curl_easy_cleanup(f->curl);
	buf_free(&f->ca);
	free(f);
}

void fetcher_freep(struct fetcher **f)
{
	fetcher_free(*f);
}

static const char *first_of(const struct npmrc *c, const char *key, const char *upper, const char *lower)
{
	const char *v = key ? npmrc_get(c, key) : NULL;
	if (!v)
		v = getenv(upper);
	if (!v || !*v)
		v = getenv(lower);
	return v && *v ? v : NULL;
}

/* As npm: https-proxy and HTTPS_PROXY for https, then proxy and HTTP_PROXY for both; noproxy and NO_PROXY. */
static void set_proxy(struct fetcher *f, const char *url)
{
	const struct npmrc *c = f->config;
	const char *proxy = NULL, *none = first_of(c, "noproxy", "NO_PROXY", "no_proxy");
	if (strncasecmp(url, "https:", 6) == 0)
		proxy = first_of(c, "https-proxy", "HTTPS_PROXY", "https_proxy");
	if (!proxy)
		proxy = first_of(c, "proxy", "HTTP_PROXY", "http_proxy");
	curl_easy_setopt(f->curl, CURLOPT_PROXY, proxy ? proxy : "");
	curl_easy_setopt(f->curl, CURLOPT_NOPROXY, none ? none : "");
}

static void nap(uint64_t ms)
{
	struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
	nanosleep(&t, NULL);
}

/* Gives the answer of one try; *again says that another may help. */
static int once(struct fetcher *f, const struct fetch *w, struct transfer *t, bool *again, struct err *err)
{
	char why[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = NULL;
	CURL *c = f->curl;
	const char *allowed = strncasecmp(w->url, "https:", 6) == 0 ? "https" : "http,https";
	const char *authorization = npmrc_authorization(f->config, w->url);
	char line[4096];
	if (w->accept && snprintf(line, sizeof(line), "Accept: %s", w->accept) < (int)sizeof(line))
		headers = curl_slist_append(headers, line);
	/* libcurl does not take this header along to another host. */
	if (authorization && snprintf(line, sizeof(line), "Authorization: %s", authorization) < (int)sizeof(line))
		headers = curl_slist_append(headers, line);
	curl_easy_setopt(c, CURLOPT_URL, w->url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, w->accept ? "" : NULL);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "postern/" POSTERN_VERSION);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, allowed);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)(f->timeout < 20000 ? f->timeout : 20000));
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 256L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)((f->timeout + 999) / 1000));
	curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)w->max);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, t);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	set_proxy(f, w->url);
	CURLcode code = curl_easy_perform(c);
	long status = 0;
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	if (!*why)
		snprintf(why, sizeof(why), "%s", curl_easy_strerror(code));
	*again = false;
	if (t->error == -EFBIG || code == CURLE_FILESIZE_EXCEEDED)
		return err_set(err, -EFBIG, "%s is larger than %llu MB; it is not taken", w->what, (unsigned long long)(w->max >> 20));
	if (t->error)
		return err_sys(err, t->error, "writing %s to the cache", w->what);
	if (code == CURLE_OK && status == 200)
		return 0;
	if (code == CURLE_OK && (status == 404 || status == 410))
		return err_set(err, -ENOENT, "the registry has no %s (status %ld from %s)", w->what, status, w->url);
	if (code == CURLE_OK && (status == 401 || status == 403))
		return err_set(
		        err, -EACCES, "the registry refuses %s (status %ld from %s): see the token in your npmrc", w->what, status, w->url);
	*again = code != CURLE_OK || status >= 500 || status == 408 || status == 429;
	if (code == CURLE_OK)
		return err_set(err, -ENETUNREACH, "status %ld from %s", status, w->url);
	if (code == CURLE_OPERATION_TIMEDOUT)
		return err_set(err, -ETIMEDOUT, "%s did not answer in time (%s); npm's fetch-timeout sets how long to wait", w->url, why);
	if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
		*again = false;
	return err_set(err, -ENETUNREACH, "%s cannot be fetched: %s", w->url, why);
}

int fetch_file(struct fetcher *f, const struct fetch *w, int fd, uint8_t *sha512, uint8_t *sha1, struct err *err)
{
	int r = 0;
	bool again = true;
	for (uint64_t i = 0; i < f->tries && again; i++) {
		struct transfer t = {.what = w, .fd = fd, .curl = f->curl};
		if (i)
			nap(f->pause << (i < 4 ? i - 1 : 3));
		if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
			return err_sys(err, -errno, "writing %s to the cache", w->what);
		if ((sha512 && digest_stream_new(DIGEST_SHA512, &t.sha512) < 0) || (sha1 && digest_stream_new(DIGEST_SHA1, &t.sha1) < 0)) {
			digest_stream_free(t.sha512);
			return err_set(err, -ENOMEM, "out of memory");
		}
		r = once(f, w, &t, &again, err);
		/* Both ends run, so that both streams are freed. */
		int a = t.sha512 ? digest_stream_end(t.sha512, sha512) : 0, b = t.sha1 ? digest_stream_end(t.sha1, sha1) : 0;
		if (r == 0)
			return a < 0 || b < 0 ? err_set(err, -ENOMEM, "out of memory") : 0;
	}
	return r;
}
