/* Apache Kafka. Each piece is one transaction of an idempotent producer whose transactional id is made from the log, the topic and the
 * partition. To start such a producer ends the transaction that one before may have left open, and shuts that one out; only then the last
 * committed entry is read from the partition's end, and what follows it is sent. So an entry is there once for every consumer that reads
 * committed records (isolation.level=read_committed); one that does not may see records of transactions that were broken off.
 *
 * Key: ORIGIN/INDEX. Headers: postern-origin, postern-index. Value: the entry's bytes. One partition, so that they stay in order. */
#include <errno.h>
#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <time.h>

#include "ledger/config.h"
#include "ledger/sink_part.h"
#include "sys/lib.h"

#define TOPIC_MOST 249
#define LOOK_FIRST 64 /* so many records back from the end the last entry is looked for at first */
/* clang-format off */
#define LIST(X) \
	X(rd_kafka_begin_transaction) X(rd_kafka_commit_transaction) X(rd_kafka_conf_destroy) X(rd_kafka_conf_new) \
	X(rd_kafka_conf_set) X(rd_kafka_conf_set_dr_msg_cb) X(rd_kafka_conf_set_error_cb) X(rd_kafka_conf_set_log_cb) \
	X(rd_kafka_conf_set_opaque) X(rd_kafka_consume) X(rd_kafka_consume_start) X(rd_kafka_consume_stop) X(rd_kafka_destroy) \
	X(rd_kafka_err2str) X(rd_kafka_error_destroy) X(rd_kafka_error_string) X(rd_kafka_header_get_last) \
	X(rd_kafka_init_transactions) X(rd_kafka_last_error) X(rd_kafka_message_destroy) X(rd_kafka_message_headers) \
	X(rd_kafka_metadata) X(rd_kafka_metadata_destroy) X(rd_kafka_new) X(rd_kafka_poll) X(rd_kafka_producev) \
	X(rd_kafka_purge) X(rd_kafka_query_watermark_offsets) X(rd_kafka_topic_destroy) X(rd_kafka_topic_new)
/* clang-format on */
LIB_TABLE(api, LIST);

struct kafka {
	struct sink sink;
	struct sink_url url;
	uint64_t partition;
	char mechanism[64];
	rd_kafka_t *producer;
	char why[256]; /* the latest error of a connection, or the first of a record */
	bool refused;  /* that record will never be taken */
};

static const char *const schemes[] = {"kafka", "kafka+tls", NULL};

static int read_url(const char *text, struct kafka *k, struct err *err)
{
	struct sink_url *u = &k->url;
	int r = sink_url_parse(text, u, err);
	if (r < 0)
		return r;
	size_t n = strlen(u->path);
	if (n > TOPIC_MOST || strspn(u->path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") != n)
		return err_set(err, -EINVAL, "an address of Kafka ends with /TOPIC, of letters, digits, stops, - and _");
	(void)snprintf(k->mechanism, sizeof(k->mechanism), "SCRAM-SHA-512");
	for (size_t i = 0; i < u->n; i++) {
		struct slice value = slice_str(u->parameter[i].value);
		if (strcmp(u->parameter[i].name, "partition") == 0 && slice_u64(value, INT32_MAX, &k->partition))
			continue;
		if (strcmp(u->parameter[i].name, "mechanism") == 0 && value.n < sizeof(k->mechanism) && value.n) {
			(void)snprintf(k->mechanism, sizeof(k->mechanism), "%s", u->parameter[i].value);
			continue;
		}
		return err_set(err, -EINVAL, "an address of Kafka may say partition=NUMBER and mechanism=NAME, and nothing else");
	}
	return 0;
}

static int check(const struct sink_options *o, struct err *err)
{
	struct kafka k = {0};
	int r = read_url(o->url, &k, err);
	if (r == 0 && o->secret && !k.url.tls && !k.url.local)
		return err_set(err, -EINVAL, "a token goes over TLS only: kafka+tls://");
	if (r == 0 && o->secret && !k.url.user[0])
		return err_set(err, -EINVAL, "the address does not say whose password it is: kafka+tls://USER@HOST/TOPIC");
	return r;
}

static void keep(struct kafka *k, const char *why)
{
	(void)snprintf(k->why, sizeof(k->why), "%s", ledger_name(why).text);
}

/* These are called by rd_kafka_poll() and by the functions of transactions, in our thread; the log may come from any. */
static void on_error(rd_kafka_t *rk, int code, const char *reason, void *arg)
{
	(void)rk;
	(void)code;
	keep(arg, reason);
}

static void on_delivery(rd_kafka_t *rk, const rd_kafka_message_t *m, void *arg)
{
	struct kafka *k = arg;
	(void)rk;
	if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR || m->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || m->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
		return;
	keep(k, api.rd_kafka_err2str(m->err));
	k->refused = k->refused || m->err == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || m->err == RD_KAFKA_RESP_ERR_INVALID_RECORD;
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	(void)rk;
	(void)level;
	(void)facility;
	(void)text;
}

struct setting {
	const char *name, *value; /* NULL: leave it */
};

static int new_handle(struct kafka *k, rd_kafka_type_t type, const struct setting *settings, rd_kafka_t **out, struct err *err)
{
	const struct sink_options *o = k->sink.o;
	char why[512];
	bool sasl = o->secret != NULL;
	const struct setting common[] = {{"bootstrap.servers", k->url.hosts}, {"client.id", "postern"},
	        {"reconnect.backoff.max.ms", "2000"},
	        {"security.protocol", k->url.tls ? (sasl ? "sasl_ssl" : "ssl")
	                              : sasl     ? "sasl_plaintext"
	                                         : "plaintext"},
	        {"sasl.mechanism", sasl ? k->mechanism : NULL}, {"sasl.username", sasl ? k->url.user : NULL}, {"sasl.password", o->secret},
	        {"ssl.ca.location", k->url.tls ? o->tls_ca : NULL}, {"ssl.certificate.location", k->url.tls ? o->tls_cert : NULL},
	        {"ssl.key.location", k->url.tls ? o->tls_key : NULL}, {NULL, NULL}};
	rd_kafka_conf_t *conf = api.rd_kafka_conf_new();
	const struct setting *const both[] = {common, settings};
	for (size_t i = 0; i < ARRAY_LEN(both); i++)
		for (const struct setting *s = both[i]; s->name; s++)
			if (s->value && api.rd_kafka_conf_set(conf, s->name, s->value, why, sizeof(why)) != RD_KAFKA_CONF_OK) {
				api.rd_kafka_conf_destroy(conf);
				return err_set(err, -EINVAL, "%.300s", why);
			}
	api.rd_kafka_conf_set_opaque(conf, k);
	api.rd_kafka_conf_set_error_cb(conf, on_error);
	api.rd_kafka_conf_set_log_cb(conf, on_log);
	if (type == RD_KAFKA_PRODUCER)
		api.rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
	*out = api.rd_kafka_new(type, conf, why, sizeof(why));
	if (*out)
		return 0;
	api.rd_kafka_conf_destroy(conf);
	return err_set(err, -EINVAL, "%.300s", why);
}

/* Of an error of the library, which is freed: 0 if there is none. */
static int later(struct kafka *k, rd_kafka_error_t *e, const char *what, struct err *err)
{
	if (!e)
		return 0;
	const char *text = api.rd_kafka_error_string(e);
	int r = err_set(err, -EAGAIN, "%s: %s%s%s", what, ledger_name(text).text, k->why[0] ? ": " : "", k->why);
	api.rd_kafka_error_destroy(e);
	return r;
}

static int start_producer(struct kafka *k, struct err *err)
{
	char id[1024], timeout[24], transaction[24];
	unsigned ms = k->sink.o->timeout_ms < 1000 ? 1000 : k->sink.o->timeout_ms;
	(void)snprintf(id, sizeof(id), "postern/%s/%s/%" PRIu64, k->sink.o->origin, k->url.path, k->partition);
	(void)snprintf(timeout, sizeof(timeout), "%u", ms);
	(void)snprintf(transaction, sizeof(transaction), "%u", ms > 290000 ? 600000 : 2 * ms + 10000);
	/* isolation.level: not of what is produced, but for asking where the partition ends. */
	const struct setting settings[] = {{"enable.idempotence", "true"}, {"acks", "all"}, {"transactional.id", id},
	        {"transaction.timeout.ms", transaction}, {"message.timeout.ms", timeout}, {"isolation.level", "read_uncommitted"},
	        {"linger.ms", "2"}, {NULL, NULL}};
	int r = new_handle(k, RD_KAFKA_PRODUCER, settings, &k->producer, err);
	return r < 0 ? r : later(k, api.rd_kafka_init_transactions(k->producer, (int)ms), "no producer", err);
}

static int check_topic(struct kafka *k, rd_kafka_topic_t *topic, struct err *err)
{
	const struct rd_kafka_metadata *data = NULL;
	rd_kafka_resp_err_t e = api.rd_kafka_metadata(k->producer, 0, topic, &data, (int)k->sink.o->timeout_ms);
	if (e)
		return err_set(err, -EAGAIN, "cannot ask about the topic: %s", api.rd_kafka_err2str(e));
	int r = 0;
	if (data->topic_cnt != 1 || data->topics[0].err)
		/* Perhaps the broker makes it now that somebody has asked. */
		r = err_set(err, -EAGAIN, "the topic %s: %s", k->url.path,
		        data->topic_cnt == 1 ? api.rd_kafka_err2str(data->topics[0].err) : "unknown");
	else if (k->partition >= (uint64_t)data->topics[0].partition_cnt)
		r = err_set(err, -EPROTO, "the topic %s has no partition %" PRIu64 ", but %d of them", k->url.path, k->partition,
		        data->topics[0].partition_cnt);
	api.rd_kafka_metadata_destroy(data);
	return r;
}

static bool header(const rd_kafka_headers_t *headers, const char *name, struct slice *out)
{
	const void *p = NULL;
	size_t n = 0;
	if (api.rd_kafka_header_get_last(headers, name, &p, &n) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return false;
	*out = slice_of(p, n);
	return true;
}

/* Is it an entry of this log? Then the position behind it. */
static bool read_record(const struct kafka *k, const rd_kafka_message_t *m, struct sink_position *at)
{
	rd_kafka_headers_t *headers = NULL;
	struct slice origin, text;
	uint64_t index;
	if (api.rd_kafka_message_headers(m, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR || !header(headers, "postern-origin", &origin) ||
	        !slice_is(origin, k->sink.o->origin) || !header(headers, "postern-index", &text) || !sink_index(text, &index) ||
	        m->len > TLOG_ENTRY_MAX)
		return false;
	at->next = index + 1;
	buf_reset(&at->last);
	buf_add(&at->last, slice_of(m->payload, m->len));
	return true;
}

/* The last entry of this log in the partition, from an offset up to its end. 1: there is one, 0: none. */
static int read_from(struct kafka *k, rd_kafka_topic_t *topic, int64_t from, struct sink_position *at, struct err *err)
{
	bool found = false;
	if (api.rd_kafka_consume_start(topic, (int32_t)k->partition, from) < 0)
		return err_set(err, -EAGAIN, "cannot read the topic: %s", api.rd_kafka_err2str(api.rd_kafka_last_error()));
	int r = 0;
	for (bool end = false; r == 0 && !end;) {
		rd_kafka_message_t *m = api.rd_kafka_consume(topic, (int32_t)k->partition, (int)k->sink.o->timeout_ms);
		if (!m)
			r = err_set(err, -EAGAIN, "cannot read the topic: no answer in time%s%s", k->why[0] ? ": " : "", k->why);
		else if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
			end = true;
		else if (m->err)
			r = err_set(err, -EAGAIN, "cannot read the topic: %s", api.rd_kafka_err2str(m->err));
		else if (read_record(k, m, at))
			found = true;
		if (m)
			api.rd_kafka_message_destroy(m);
	}
	(void)api.rd_kafka_consume_stop(topic, (int32_t)k->partition);
	return r < 0 ? r : found;
}

/* Further and further back from the end, as marks of transactions and records of others may stand there. */
static int look_back(struct kafka *k, rd_kafka_t *consumer, rd_kafka_topic_t *topic, struct sink_position *at, struct err *err)
{
	int64_t low = 0, high = 0, stable = 0, none;
	rd_kafka_resp_err_t e = api.rd_kafka_query_watermark_offsets(
	        k->producer, k->url.path, (int32_t)k->partition, &none, &high, (int)k->sink.o->timeout_ms);
	e = e ? e
	      : api.rd_kafka_query_watermark_offsets(
	                consumer, k->url.path, (int32_t)k->partition, &low, &stable, (int)k->sink.o->timeout_ms);
	if (e)
		return err_set(err, -EAGAIN, "cannot ask for the end of the topic: %s", api.rd_kafka_err2str(e));
	/* Ours is closed; behind one that somebody else has open, ours could not be seen. */
	if (stable < high)
		return err_set(err, -EAGAIN, "a transaction of somebody else is open in the partition");
	for (int64_t back = LOOK_FIRST;; back *= 8) {
		int64_t from = stable - low > back ? stable - back : low;
		int found = stable > low ? read_from(k, topic, from, at, err) : 0;
		if (found != 0)
			return found < 0 ? found : 0;
		if (from == low)
			break;
	}
	if (low > 0 && !k->sink.o->from_given)
		return err_set(err, -EPROTO, "the topic %s has forgotten records, and none of this log is left: --from says where to begin",
		        k->url.path);
	at->next = k->sink.o->from_given ? k->sink.o->from : 0;
	return 0;
}

static int find_position(struct kafka *k, struct sink_position *at, struct err *err)
{
	static const struct setting settings[] = {{"isolation.level", "read_committed"}, {"enable.partition.eof", "true"},
	        {"auto.offset.reset", "error"}, {"fetch.wait.max.ms", "50"}, {"allow.auto.create.topics", "false"}, {NULL, NULL}};
	rd_kafka_t *consumer = NULL;
	rd_kafka_topic_t *topic = api.rd_kafka_topic_new(k->producer, k->url.path, NULL);
	int r = topic ? check_topic(k, topic, err) : err_sys(err, -ENOMEM, "cannot start");
	if (topic)
		api.rd_kafka_topic_destroy(topic);
	r = r < 0 ? r : new_handle(k, RD_KAFKA_CONSUMER, settings, &consumer, err);
	if (r < 0)
		return r;
	topic = api.rd_kafka_topic_new(consumer, k->url.path, NULL);
	buf_reset(&at->last);
	r = topic ? look_back(k, consumer, topic, at, err) : err_sys(err, -ENOMEM, "cannot start");
	if (topic)
		api.rd_kafka_topic_destroy(topic);
	api.rd_kafka_destroy(consumer);
	return r;
}

static void close_kafka(struct sink *sink)
{
	struct kafka *k = (struct kafka *)sink;
	if (k->producer) {
		(void)api.rd_kafka_purge(k->producer, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
		(void)api.rd_kafka_poll(k->producer, 0);
		api.rd_kafka_destroy(k->producer);
	}
	free(k);
}

static int open_kafka(const struct sink_options *o, struct sink **out, struct sink_position *at, struct err *err)
{
	struct kafka *k = calloc(1, sizeof(*k));
	if (!k)
		return err_sys(err, -ENOMEM, "cannot start");
	k->sink = (struct sink){&sink_kafka, o};
	int r = lib_load("librdkafka.so.1", "librdkafka1", api_symbols, &api, err);
	r = r < 0 ? r : read_url(o->url, k, err);
	r = r < 0 ? r : start_producer(k, err);
	r = r < 0 ? r : find_position(k, at, err);
	if (r < 0)
		close_kafka(&k->sink);
	else
		*out = &k->sink;
	return r;
}

static rd_kafka_resp_err_t produce(struct kafka *k, uint64_t index, struct slice entry)
{
	struct sink_id key = sink_id(k->sink.o->origin, index);
	const char *origin = k->sink.o->origin, *text = key.text + strlen(origin) + 1;
	/* With a copy: librdkafka does not change it, though its type says so. */
	return api.rd_kafka_producev(k->producer, RD_KAFKA_V_TOPIC(k->url.path), RD_KAFKA_V_PARTITION((int32_t)k->partition),
	        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.text, strlen(key.text)),
	        RD_KAFKA_V_VALUE((void *)(uintptr_t)entry.p, entry.n), RD_KAFKA_V_HEADER("postern-origin", origin, (ssize_t)strlen(origin)),
	        RD_KAFKA_V_HEADER("postern-index", text, (ssize_t)strlen(text)), RD_KAFKA_V_END);
}

static int send_kafka(struct sink *sink, uint64_t first, const struct slice *entry, size_t n, struct err *err)
{
	struct kafka *k = (struct kafka *)sink;
	k->why[0] = 0;
	int r = later(k, api.rd_kafka_begin_transaction(k->producer), "no transaction", err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		rd_kafka_resp_err_t e = produce(k, first + i, entry[i]);
		if (e == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE)
			return err_set(err, -EPROTO, "entry %" PRIu64 ": %s", first + i, api.rd_kafka_err2str(e));
		if (e)
			r = err_set(err, -EAGAIN, "cannot send: %s", api.rd_kafka_err2str(e));
	}
	/* Sends what is left, and waits for all of it; a record that was not delivered makes it fail. */
	r = r < 0 ? r : later(k, api.rd_kafka_commit_transaction(k->producer, (int)k->sink.o->timeout_ms), "not committed", err);
	return r < 0 && k->refused ? err_set(err, -EPROTO, "%s", k->why) : r;
}

static bool alive(struct sink *sink)
{
	/* Connections are the library's business, and a committed transaction stays. */
	(void)api.rd_kafka_poll(((struct kafka *)sink)->producer, 0);
	return true;
}

const struct sink_kind sink_kafka = {schemes, check, open_kafka, send_kafka, alive, close_kafka};
