/* What is in a stream of NATS: nats_dump URL STREAM writes "number origin index value" with tabs, a line each; nats_dump URL STREAM purge
 * removes all messages, and nats_dump URL STREAM make SUBJECT… makes the stream, with a window of duplicates of 100 ms. */
#include <nats/nats.h>
#include <stdio.h>
#include <string.h>

static const char *header(natsMsg *m, const char *name)
{
	const char *text = NULL;
	return natsMsgHeader_Get(m, name, &text) == NATS_OK ? text : "";
}

static int dump(jsCtx *js, const char *stream)
{
	jsStreamInfo *info = NULL;
	jsErrCode code = 0;
	if (js_GetStreamInfo(&info, js, stream, NULL, &code) != NATS_OK)
		return 1;
	for (uint64_t at = info->State.FirstSeq; at <= info->State.LastSeq; at++) {
		natsMsg *m = NULL;
		natsStatus s = js_GetMsg(&m, js, stream, at, NULL, &code);
		if (s == NATS_NOT_FOUND)
			continue;
		if (s != NATS_OK)
			return 1;
		(void)printf("%llu\t%s\t%s\t%.*s\n", (unsigned long long)at, header(m, "Postern-Origin"), header(m, "Postern-Index"),
		        natsMsg_GetDataLength(m), natsMsg_GetData(m));
		natsMsg_Destroy(m);
	}
	jsStreamInfo_Destroy(info);
	return 0;
}

static int make(jsCtx *js, const char *stream, const char **subjects, int n)
{
	jsStreamConfig c;
	jsErrCode code = 0;
	(void)jsStreamConfig_Init(&c);
	c.Name = stream;
	c.Subjects = subjects;
	c.SubjectsLen = n;
	c.Duplicates = 100000000;
	return js_AddStream(NULL, js, &c, NULL, &code) == NATS_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
	natsConnection *connection = NULL;
	jsCtx *js = NULL;
	jsErrCode code = 0;
	if (argc < 3 || natsConnection_ConnectTo(&connection, argv[1]) != NATS_OK || natsConnection_JetStream(&js, connection, NULL) != NATS_OK)
		return 2;
	int r;
	if (argc == 3)
		r = dump(js, argv[2]);
	else if (strcmp(argv[3], "purge") == 0)
		r = js_PurgeStream(js, argv[2], NULL, &code) == NATS_OK ? 0 : 1;
	else
		r = make(js, argv[2], (const char **)argv + 4, argc - 4);
	jsCtx_Destroy(js);
	natsConnection_Destroy(connection);
	nats_Close();
	return r;
}
