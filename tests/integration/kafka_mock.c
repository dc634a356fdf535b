/* Kafka brokers of librdkafka's own mock cluster: kafka_mock TOPIC PARTITIONS. The first line of output is "ready ADDRESSES"; then commands
 * are read, one a line, and each is answered with "ok", or with what went wrong:
 *
 *	down N, up N        a broker (1 to 3): its connections are cut, and nobody can connect
 *	produce CODE N      the next N requests that write are answered with that error and write nothing
 *	end CODE N          the same for the ends of transactions
 *	put N ORIGIN        N records of another log
 *	dump FILE           what a consumer gets from partition 0: "key origin index value" with tabs, a line each
 *
 * It ends with its input. */
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT 10000

static const char *topic_name, *addresses;

static rd_kafka_t *client(rd_kafka_type_t type)
{
	char why[512];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	if (rd_kafka_conf_set(conf, "bootstrap.servers", addresses, why, sizeof(why)) != RD_KAFKA_CONF_OK ||
	        rd_kafka_conf_set(conf, "log_level", "2", why, sizeof(why)) != RD_KAFKA_CONF_OK ||
	        (type == RD_KAFKA_CONSUMER && rd_kafka_conf_set(conf, "enable.partition.eof", "true", why, sizeof(why)) != RD_KAFKA_CONF_OK))
		exit(3);
	rd_kafka_t *rk = rd_kafka_new(type, conf, why, sizeof(why));
	if (!rk)
		exit(3);
	return rk;
}

static void put_header(FILE *f, const rd_kafka_headers_t *headers, const char *name)
{
	const void *p;
	size_t n;
	if (headers && rd_kafka_header_get_last(headers, name, &p, &n) == RD_KAFKA_RESP_ERR_NO_ERROR)
		(void)fwrite(p, 1, n, f);
	(void)fputc('\t', f);
}

static const char *dump(const char *path)
{
	FILE *f = fopen(path, "wb");
	rd_kafka_t *rk = client(RD_KAFKA_CONSUMER);
	rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, topic_name, NULL);
	const char *why = f && rd_kafka_consume_start(topic, 0, RD_KAFKA_OFFSET_BEGINNING) == 0 ? NULL : "cannot start";
	for (bool end = false; !why && !end;) {
		rd_kafka_message_t *m = rd_kafka_consume(topic, 0, TIMEOUT);
		rd_kafka_headers_t *headers = NULL;
		if (!m)
			why = "no answer";
		else if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
			end = true;
		else if (m->err)
			why = rd_kafka_err2str(m->err);
		else {
			(void)rd_kafka_message_headers(m, &headers);
			(void)fwrite(m->key, 1, m->key_len, f);
			(void)fputc('\t', f);
			put_header(f, headers, "postern-origin");
			put_header(f, headers, "postern-index");
			(void)fwrite(m->payload, 1, m->len, f);
			(void)fputc('\n', f);
		}
		if (m)
			rd_kafka_message_destroy(m);
	}
	(void)rd_kafka_consume_stop(topic, 0);
	rd_kafka_topic_destroy(topic);
	rd_kafka_destroy(rk);
	if (f && fclose(f) != 0)
		why = "cannot write";
	return why;
}

static const char *put(int n, const char *origin)
{
	rd_kafka_t *rk = client(RD_KAFKA_PRODUCER);
	rd_kafka_resp_err_t e = RD_KAFKA_RESP_ERR_NO_ERROR;
	for (int i = 0; !e && i < n; i++)
		e = rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(topic_name), RD_KAFKA_V_PARTITION(0), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
		        RD_KAFKA_V_KEY("k", 1), RD_KAFKA_V_VALUE("v", 1),
		        RD_KAFKA_V_HEADER("postern-origin", origin, (ssize_t)strlen(origin)), RD_KAFKA_V_HEADER("postern-index", "0", 1),
		        RD_KAFKA_V_END);
	e = e ? e : rd_kafka_flush(rk, TIMEOUT);
	rd_kafka_destroy(rk);
	return e ? rd_kafka_err2str(e) : NULL;
}

static void push(rd_kafka_mock_cluster_t *cluster, int api, int code, int count)
{
	rd_kafka_resp_err_t errors[64];
	for (int i = 0; i < 64; i++)
		errors[i] = (rd_kafka_resp_err_t)code;
	rd_kafka_mock_push_request_errors_array(cluster, (int16_t)api, (size_t)(count < 64 ? count : 64), errors);
}

static const char *command(rd_kafka_mock_cluster_t *cluster, char *line)
{
	char a[256];
	int n, m;
	if (sscanf(line, "down %d", &n) == 1)
		return rd_kafka_mock_broker_set_down(cluster, n) ? "no such broker" : NULL;
	if (sscanf(line, "up %d", &n) == 1)
		return rd_kafka_mock_broker_set_up(cluster, n) ? "no such broker" : NULL;
	if (sscanf(line, "produce %d %d", &n, &m) == 2)
		return push(cluster, 0, n, m), NULL;
	if (sscanf(line, "end %d %d", &n, &m) == 2)
		return push(cluster, 26, n, m), NULL;
	if (sscanf(line, "put %d %255s", &n, a) == 2)
		return put(n, a);
	if (sscanf(line, "dump %255s", a) == 1)
		return dump(a);
	return "what is that?";
}

int main(int argc, char **argv)
{
	char line[2048], why[512];
	if (argc != 3)
		return 2;
	topic_name = argv[1];
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	if (rd_kafka_conf_set(conf, "log_level", "2", why, sizeof(why)) != RD_KAFKA_CONF_OK)
		return 3;
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	rd_kafka_mock_cluster_t *cluster = rk ? rd_kafka_mock_cluster_new(rk, 3) : NULL;
	if (!cluster || rd_kafka_mock_topic_create(cluster, topic_name, (int)strtol(argv[2], NULL, 10), 3))
		return 3;
	addresses = rd_kafka_mock_cluster_bootstraps(cluster);
	(void)printf("ready %s\n", addresses);
	(void)fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		const char *wrong = command(cluster, line);
		(void)printf("%s\n", wrong ? wrong : "ok");
		(void)fflush(stdout);
	}
	rd_kafka_mock_cluster_destroy(cluster);
	rd_kafka_destroy(rk);
	return 0;
}
