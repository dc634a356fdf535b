/* NATS JetStream. Every message says which one it follows, so that the server takes it only there: neither a lost acknowledgement nor the
 * length of the server's window of duplicates matters.
 *
 * A stream of the log alone (its only subject is ours) numbers its messages from 1 on, so that entry i is message i + 1, also when old
 * messages were deleted; a window of messages goes out at once, each naming the number of the one before. In a stream with other subjects
 * the numbers of ours are not known in advance: there one message is sent after the other. */
#include <errno.h>
#include <inttypes.h>
#include <nats/nats.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "ledger/config.h"
#include "ledger/sink_part.h"
#include "sys/lib.h"

#define NAME_MOST 255
/* clang-format off */
#define LIST(X) \
	X(js_AddStream) X(js_GetLastMsg) X(js_GetStreamInfo) X(js_PublishAsyncComplete) X(js_PublishMsg) X(js_PublishMsgAsync) \
	X(jsCtx_Destroy) X(jsOptions_Init) X(jsPubAck_Destroy) X(jsPubOptions_Init) X(jsStreamConfig_Init) \
	X(jsStreamInfo_Destroy) X(natsConnection_Connect) X(natsConnection_Destroy) X(natsConnection_GetMaxPayload) \
	X(natsConnection_IsClosed) X(natsConnection_JetStream) X(natsMsg_Create) X(natsMsg_Destroy) X(natsMsg_GetData) \
	X(natsMsg_GetDataLength) X(natsMsg_GetSequence) X(natsMsgHeader_Get) X(natsMsgHeader_Set) X(natsOptions_Create) \
	X(natsOptions_Destroy) X(natsOptions_LoadCATrustedCertificates) X(natsOptions_LoadCertificatesChain) \
	X(natsOptions_SetAllowReconnect) X(natsOptions_SetName) X(natsOptions_SetSecure) X(natsOptions_SetServers) \
	X(natsOptions_SetTimeout) X(natsOptions_SetToken) X(natsOptions_SetUserCredentialsFromFiles) \
	X(natsOptions_SetUserInfo) X(natsStatus_GetText)
/* clang-format on */
LIB_TABLE(api, LIST);

struct nats {
	struct sink sink;
	struct sink_url url;
	char stream[NAME_MOST + 1], subject[NAME_MOST + 1];
	natsConnection *connection;
	jsCtx *js;
	bool alone;          /* the stream has our subject only */
	uint64_t subject_at; /* otherwise: the number of the last message of our subject, 0: there is none */
	pthread_mutex_t lock;
	char why[256]; /* under lock: the first error of a window */
};

static const char *const schemes[] = {"nats", "nats+tls", NULL};

static bool token_char(char c, bool dots)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || (dots && c == '.');
}

static bool good_name(const char *s, bool dots)
{
	size_t n = strlen(s);
	for (size_t i = 0; i < n; i++)
		if (!token_char(s[i], dots) || (s[i] == '.' && (i == 0 || i + 1 == n || s[i + 1] == '.')))
			return false;
	return n > 0 && n <= NAME_MOST;
}

static int read_url(const char *text, struct sink_url *u, char stream[NAME_MOST + 1], char subject[NAME_MOST + 1], struct err *err)
{
	int r = sink_url_parse(text, u, err);
	if (r < 0)
		return r;
	struct slice rest = slice_str(u->path), first, second;
	bool two = slice_split(&rest, '/', &first) && slice_split(&rest, '/', &second);
	(void)snprintf(stream, NAME_MOST + 1, "%.*s", SLICE_FMT(first));
	(void)snprintf(subject, NAME_MOST + 1, "%.*s", SLICE_FMT(two ? second : first));
	if (rest.p || u->n || first.n > NAME_MOST || (two && second.n > NAME_MOST) || !good_name(stream, false) ||
	        !good_name(subject, true))
		return err_set(err, -EINVAL,
		        "an address of NATS ends with /STREAM or /STREAM/SUBJECT, of letters, digits, - and _, in the subject stops too");
	return 0;
}

static int check(const struct sink_options *o, struct err *err)
{
	struct sink_url u;
	char stream[NAME_MOST + 1], subject[NAME_MOST + 1];
	int r = read_url(o->url, &u, stream, subject, err);
	if (r == 0 && o->secret && !u.tls && !u.local)
		return err_set(err, -EINVAL, "a token goes over TLS only: nats+tls://");
	return r;
}

/* Whatever it is, it may be better next time: what never will is told apart where it is known. */
static int later(natsStatus s, struct err *err, const char *what)
{
	return err_set(err, -EAGAIN, "%s: %s", what, api.natsStatus_GetText(s));
}

static natsStatus set_servers(struct nats *n, natsOptions *to)
{
	static const size_t most = 64;
	char text[64][280];
	const char *list[64];
	struct slice rest = slice_str(n->url.hosts), one;
	size_t k = 0;
	for (; k < most && slice_split(&rest, ',', &one); k++) {
		(void)snprintf(text[k], sizeof(text[k]), "%s://%.*s", n->url.tls ? "tls" : "nats", SLICE_FMT(slice_sub(one, 0, 255)));
		list[k] = text[k];
	}
	return api.natsOptions_SetServers(to, list, (int)k);
}

static natsStatus set_options(struct nats *n, natsOptions *to)
{
	const struct sink_options *o = n->sink.o;
	natsStatus s = set_servers(n, to);
	/* A new connection asks for the position first. */
	s = s != NATS_OK ? s : api.natsOptions_SetAllowReconnect(to, false);
	s = s != NATS_OK ? s : api.natsOptions_SetName(to, "postern");
	s = s != NATS_OK ? s : api.natsOptions_SetTimeout(to, o->timeout_ms);
	if (n->url.tls)
		s = s != NATS_OK ? s : api.natsOptions_SetSecure(to, true);
	if (n->url.tls && o->tls_ca)
		s = s != NATS_OK ? s : api.natsOptions_LoadCATrustedCertificates(to, o->tls_ca);
	if (n->url.tls && o->tls_cert)
		s = s != NATS_OK ? s : api.natsOptions_LoadCertificatesChain(to, o->tls_cert, o->tls_key);
	if (o->secret && slice_starts(slice_str(o->secret), SLICE("-----BEGIN NATS USER JWT-----")))
		s = s != NATS_OK ? s : api.natsOptions_SetUserCredentialsFromFiles(to, o->secret_file, NULL);
	else if (o->secret && n->url.user[0])
		s = s != NATS_OK ? s : api.natsOptions_SetUserInfo(to, n->url.user, o->secret);
	else if (o->secret)
		s = s != NATS_OK ? s : api.natsOptions_SetToken(to, o->secret);
	return s;
}

/* Called by a thread of the library. */
static void on_error(jsCtx *js, jsPubAckErr *e, void *arg)
{
	struct nats *n = arg;
	(void)js;
	(void)pthread_mutex_lock(&n->lock);
	if (!n->why[0])
		(void)snprintf(n->why, sizeof(n->why), "%s", ledger_name(e->ErrText ? e->ErrText : api.natsStatus_GetText(e->Err)).text);
	(void)pthread_mutex_unlock(&n->lock);
}

static int connect_to(struct nats *n, struct err *err)
{
	natsOptions *options = NULL;
	jsOptions how;
	natsStatus s = api.natsOptions_Create(&options);
	s = s != NATS_OK ? s : set_options(n, options);
	s = s != NATS_OK ? s : api.natsConnection_Connect(&n->connection, options);
	api.natsOptions_Destroy(options);
	if (s != NATS_OK)
		return later(s, err, "no connection");
	(void)api.jsOptions_Init(&how);
	how.Wait = n->sink.o->timeout_ms;
	how.PublishAsync.ErrHandler = on_error;
	how.PublishAsync.ErrHandlerClosure = n;
	how.PublishAsync.StallWait = n->sink.o->timeout_ms;
	s = api.natsConnection_JetStream(&n->js, n->connection, &how);
	return s == NATS_OK ? 0 : later(s, err, "no JetStream");
}

/* The stream, made if it is missing. */
static int find_stream(struct nats *n, jsStreamInfo **out, struct err *err)
{
	jsErrCode code = 0;
	natsStatus s = api.js_GetStreamInfo(out, n->js, n->stream, NULL, &code);
	if (s == NATS_NOT_FOUND) {
		const char *subjects[] = {n->subject};
		jsStreamConfig c;
		(void)api.jsStreamConfig_Init(&c);
		c.Name = n->stream;
		c.Description = "entries of a ledger, sent by Postern";
		c.Subjects = subjects;
		c.SubjectsLen = 1;
		c.Storage = js_FileStorage;
		s = api.js_AddStream(out, n->js, &c, NULL, &code);
		if (s != NATS_OK)
			return err_set(err, -EAGAIN, "the stream %s is not there and cannot be made: %s (%d)", n->stream,
			        api.natsStatus_GetText(s), (int)code);
	}
	return s == NATS_OK ? 0 : later(s, err, "cannot ask about the stream");
}

/* From the last message of our subject: its index, its number, its bytes. 0, 1: there is none. */
static int read_last(struct nats *n, uint64_t *index, uint64_t *number, struct buf *bytes, struct err *err)
{
	natsMsg *m = NULL;
	jsErrCode code = 0;
	const char *origin = NULL, *text = NULL;
	natsStatus s = api.js_GetLastMsg(&m, n->js, n->stream, n->subject, NULL, &code);
	if (s == NATS_NOT_FOUND)
		return 1;
	if (s != NATS_OK)
		return later(s, err, "cannot read the last message");
	int r = 0, length = api.natsMsg_GetDataLength(m);
	if (api.natsMsgHeader_Get(m, "Postern-Origin", &origin) != NATS_OK || api.natsMsgHeader_Get(m, "Postern-Index", &text) != NATS_OK ||
	        !sink_index(slice_str(text), index) || length < 0 || (size_t)length > TLOG_ENTRY_MAX)
		r = err_set(err, -EPROTO, "the last message of the subject %s is not from Postern", n->subject);
	else if (strcmp(origin, n->sink.o->origin) != 0)
		r = err_set(err, -EPROTO, "the subject %s has entries of another log, %.100s", n->subject, ledger_name(origin).text);
	else
		buf_add(bytes, slice_of(api.natsMsg_GetData(m), (size_t)length));
	*number = api.natsMsg_GetSequence(m);
	api.natsMsg_Destroy(m);
	return r;
}

static int find_position(struct nats *n, struct sink_position *at, struct err *err)
{
	jsStreamInfo *info = NULL;
	uint64_t index = 0, number = 0;
	int r = find_stream(n, &info, err);
	if (r < 0)
		return r;
	const jsStreamConfig *c = info->Config;
	n->alone = c->SubjectsLen == 1 && strcmp(c->Subjects[0], n->subject) == 0 && c->SourcesLen == 0 && !c->Mirror;
	uint64_t last = info->State.LastSeq, messages = info->State.Msgs;
	bool sealed = c->Sealed || c->NoAck || c->Mirror;
	api.jsStreamInfo_Destroy(info);
	if (sealed)
		return err_set(err, -EPROTO, "the stream %s takes no messages, or acknowledges none", n->stream);
	buf_reset(&at->last);
	int none = read_last(n, &index, &number, &at->last, err);
	if (none < 0)
		return none;
	if (n->alone && !none && number != index + 1)
		return err_set(err, -EPROTO,
		        "the stream %s has other messages too: entry %" PRIu64 " is message %" PRIu64 " and not the one after its index",
		        n->stream, index, number);
	/* Messages at the end may have been deleted; their numbers are not used again. */
	if (n->alone && (none || last > number))
		buf_reset(&at->last);
	n->subject_at = none ? 0 : number;
	at->next = n->alone ? (last > number ? last : number) : none ? 0 : index + 1;
	if (!n->alone && none && last > messages && !n->sink.o->from_given)
		return err_set(err, -EPROTO,
		        "the stream %s has forgotten messages, and none of the subject %s is left: --from says where to begin", n->stream,
		        n->subject);
	if (!n->alone && none && n->sink.o->from_given)
		at->next = n->sink.o->from;
	return 0;
}

static void close_nats(struct sink *sink)
{
	struct nats *n = (struct nats *)sink;
	api.jsCtx_Destroy(n->js);
	api.natsConnection_Destroy(n->connection);
	(void)pthread_mutex_destroy(&n->lock);
	free(n);
}

static int open_nats(const struct sink_options *o, struct sink **out, struct sink_position *at, struct err *err)
{
	struct nats *n = calloc(1, sizeof(*n));
	if (!n)
		return err_sys(err, -ENOMEM, "cannot start");
	int r = lib_load("libnats.so.3.4", "libnats3.4", api_symbols, &api, err);
	r = r < 0 ? r : read_url(o->url, &n->url, n->stream, n->subject, err);
	if (r < 0) {
		free(n);
		return r;
	}
	n->sink = (struct sink){&sink_nats, o};
	(void)pthread_mutex_init(&n->lock, NULL);
	r = connect_to(n, err);
	r = r < 0 ? r : find_position(n, at, err);
	if (r < 0)
		close_nats(&n->sink);
	else
		*out = &n->sink;
	return r;
}

static natsStatus make_message(struct nats *n, uint64_t index, struct slice entry, natsMsg **out)
{
	char text[24];
	natsMsg *m = NULL;
	(void)snprintf(text, sizeof(text), "%" PRIu64, index);
	natsStatus s = api.natsMsg_Create(&m, n->subject, NULL, (const char *)entry.p, (int)entry.n);
	s = s != NATS_OK ? s : api.natsMsgHeader_Set(m, "Postern-Origin", n->sink.o->origin);
	s = s != NATS_OK ? s : api.natsMsgHeader_Set(m, "Postern-Index", text);
	if (s == NATS_OK)
		*out = m;
	else
		api.natsMsg_Destroy(m);
	return s;
}

/* A window, and then its acknowledgements. */
static int send_window(struct nats *n, uint64_t first, const struct slice *entry, size_t count, struct err *err)
{
	struct timespec begin, now;
	natsStatus s = NATS_OK;
	n->why[0] = 0;
	for (size_t i = 0; i < count && s == NATS_OK; i++) {
		struct sink_id id = sink_id(n->sink.o->origin, first + i);
		natsMsg *m = NULL;
		jsPubOptions p;
		(void)api.jsPubOptions_Init(&p);
		p.MsgId = id.text;
		p.ExpectStream = n->stream;
		p.ExpectLastSeq = first + i;
		p.ExpectNoMessage = first + i == 0;
		s = make_message(n, first + i, entry[i], &m);
		s = s != NATS_OK ? s : api.js_PublishMsgAsync(n->js, &m, &p);
		api.natsMsg_Destroy(m);
	}
	if (s != NATS_OK)
		return later(s, err, "cannot send");
	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	for (;;) {
		jsPubOptions p;
		(void)api.jsPubOptions_Init(&p);
		p.MaxWait = 50;
		s = api.js_PublishAsyncComplete(n->js, &p);
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		/* The library would wait on when the connection has gone. */
		if (s != NATS_TIMEOUT || api.natsConnection_IsClosed(n->connection) ||
		        (now.tv_sec - begin.tv_sec) * 1000 > (long)n->sink.o->timeout_ms)
			break;
	}
	(void)pthread_mutex_lock(&n->lock);
	int r = n->why[0] ? err_set(err, -EAGAIN, "the stream says: %s", n->why) : 0;
	(void)pthread_mutex_unlock(&n->lock);
	return r < 0 || s == NATS_OK ? r : later(s, err, "not acknowledged");
}

static int send_one(struct nats *n, uint64_t index, struct slice entry, struct err *err)
{
	natsMsg *m = NULL;
	jsPubAck *ack = NULL;
	jsErrCode code = 0;
	jsPubOptions p;
	char id[NAME_MOST + 340];
	/* The window of duplicates is the stream's, not the subject's: two subjects may have the same log. */
	(void)snprintf(id, sizeof(id), "%s/%s", n->subject, sink_id(n->sink.o->origin, index).text);
	(void)api.jsPubOptions_Init(&p);
	p.MsgId = id;
	p.ExpectStream = n->stream;
	p.ExpectLastSubjectSeq = n->subject_at;
	p.ExpectNoMessage = n->subject_at == 0;
	natsStatus s = make_message(n, index, entry, &m);
	s = s != NATS_OK ? s : api.js_PublishMsg(&ack, n->js, m, &p, &code);
	api.natsMsg_Destroy(m);
	if (s == NATS_NO_RESPONDERS)
		return err_set(err, -EAGAIN, "the stream %s does not take the subject %s, or has no leader", n->stream, n->subject);
	if (s != NATS_OK)
		return err_set(err, -EAGAIN, "not acknowledged: %s (%d)", api.natsStatus_GetText(s), (int)code);
	n->subject_at = ack->Sequence;
	api.jsPubAck_Destroy(ack);
	return 0;
}

static int send_nats(struct sink *sink, uint64_t first, const struct slice *entry, size_t count, struct err *err)
{
	struct nats *n = (struct nats *)sink;
	int64_t most = api.natsConnection_GetMaxPayload(n->connection);
	for (size_t i = 0; i < count; i++)
		if ((int64_t)entry[i].n + 1024 > most)
			return err_set(err, -EPROTO, "the server takes %" PRId64 " bytes a message, and entry %" PRIu64 " has %zu", most,
			        first + i, entry[i].n);
	if (n->alone)
		return send_window(n, first, entry, count, err);
	for (size_t i = 0; i < count; i++) {
		int r = send_one(n, first + i, entry[i], err);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool alive(struct sink *sink)
{
	return !api.natsConnection_IsClosed(((struct nats *)sink)->connection);
}

const struct sink_kind sink_nats = {schemes, check, open_nats, send_nats, alive, close_nats};
