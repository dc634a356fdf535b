/* Graphs in Protocol Buffers: ONNX (onnx.proto), TensorFlow's SavedModel and GraphDef, and Keras' metadata beside a SavedModel. Field
 * numbers are those of the published descriptions. */
#include "inspect/scan_part.h"
#include "parse/protobuf.h"

#define DEPTH_MAX 32u

struct graph {
	struct scan *s;
	const struct scan_input *in;
	bool broken;
};

static size_t place(const struct graph *g, struct slice s)
{
	return s.p ? (size_t)(s.p - g->in->bytes.p) : 0;
}

static void broken(struct graph *g, struct slice s)
{
	if (!g->broken)
		scan_found(g->s, g->in, SCAN_RULE_GRAPH_BROKEN, place(g, s), s.n, "%s", "");
	g->broken = true;
}

/* The next field, counted; false at the end, and where the message is broken. */
static bool next(struct graph *g, struct slice *rest, struct protobuf *f)
{
	int r = protobuf_next(rest, f);
	if (r < 0)
		broken(g, *rest);
	return r > 0 && scan_steps(g->s, g->in, 1);
}

/* The last field of that number, as readers have it. */
static struct slice field(struct slice message, uint32_t number)
{
	struct slice out = SLICE_NONE;
	struct protobuf f;
	while (protobuf_next(&message, &f) > 0)
		if (f.number == number && f.wire == PROTOBUF_BYTES)
			out = f.bytes;
	return out;
}

/* Which numbers a message has: bit n for field n below 64. 0: it is no message to its end. */
static uint64_t numbers_of(struct slice message)
{
	struct protobuf f;
	uint64_t bits = 0;
	int r;
	while ((r = protobuf_next(&message, &f)) > 0) {
		if (f.number > 63)
			return 0;
		bits |= 1ull << f.number;
	}
	return r < 0 ? 0 : bits;
}

static void show(struct graph *g, enum scan_rule_name rule, struct slice what, const char *lead)
{
	scan_found(g->s, g->in, rule, place(g, what), what.n, "%s%.*s", lead, SLICE_FMT(slice_sub(what, 0, 200)));
}

/* ONNX. */

static void onnx_graph(struct graph *g, struct slice message, unsigned depth);

static void onnx_tensor(struct graph *g, struct slice message)
{
	struct protobuf f;
	while (next(g, &message, &f))
		if (f.number == 13 && f.wire == PROTOBUF_BYTES && slice_is(field(f.bytes, 1), "location")) {
			struct slice path = field(f.bytes, 2);
			if (scan_leads_out(path))
				show(g, SCAN_RULE_EXTERNAL_PATH, path, "");
		}
}

static void onnx_node(struct graph *g, struct slice message, unsigned depth)
{
	static const char *const domains[] = {"", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training",
	        "ai.onnx.preview", "com.microsoft", "com.microsoft.nchwc", "com.microsoft.experimental", "com.ms.internal.nhwc",
	        "org.pytorch.aten", NULL};
	static const char *const python[] = {"PythonOp", "PythonOpGrad", "PyOp", NULL};
	struct slice op = field(message, 4), domain = field(message, 7);
	struct protobuf f, a;
	if (scan_one_of(op, python))
		show(g, SCAN_RULE_GRAPH_OP, op, "");
	else if (!scan_one_of(domain, domains))
		show(g, SCAN_RULE_GRAPH_CUSTOM, domain, "operations of ");
	while (next(g, &message, &f)) {
		if (f.number != 5 || f.wire != PROTOBUF_BYTES)
			continue;
		struct slice rest = f.bytes;
		while (next(g, &rest, &a)) {
			if (a.wire != PROTOBUF_BYTES)
				continue;
			if (a.number == 5 || a.number == 10)
				onnx_tensor(g, a.bytes);
			else if (a.number == 6 || a.number == 11)
				onnx_graph(g, a.bytes, depth + 1);
		}
	}
}

static void onnx_graph(struct graph *g, struct slice message, unsigned depth)
{
	struct protobuf f;
	if (depth > DEPTH_MAX) {
		scan_found(g->s, g->in, SCAN_RULE_LIMIT, place(g, message), message.n, "%s", "graphs nested deeper than is followed");
		return;
	}
	while (next(g, &message, &f)) {
		if (f.wire != PROTOBUF_BYTES)
			continue;
		if (f.number == 1)
			onnx_node(g, f.bytes, depth);
		else if (f.number == 5)
			onnx_tensor(g, f.bytes);
		else if (f.number == 15) {
			onnx_tensor(g, field(f.bytes, 1));
			onnx_tensor(g, field(f.bytes, 2));
		}
	}
}

/* A function's nodes, as a model brings them along, are its field 7. */
static void onnx_function(struct graph *g, struct slice message)
{
	struct protobuf f;
	while (next(g, &message, &f))
		if (f.number == 7 && f.wire == PROTOBUF_BYTES)
			onnx_node(g, f.bytes, 0);
}

bool scan_onnx_claims(struct scan *s, const struct scan_input *in)
{
	/* ir_version, graph or opset_import, and nothing that the description does not have. */
	const uint64_t known = 0x1feull | 1ull << 9 | 1ull << 14 | 1ull << 20 | 1ull << 25 | 1ull << 26;
	(void)s;
	if (in->quiet || in->bytes.n < 16 || in->bytes.p[0] != 8)
		return false;
	uint64_t n = numbers_of(in->bytes);
	return n && !(n & ~known) && (n & 1u << 7) && field(in->bytes, 7).n;
}

void scan_onnx_look(struct scan *s, const struct scan_input *in)
{
	struct graph g = {.s = s, .in = in};
	struct slice rest = in->bytes;
	struct protobuf f;
	while (next(&g, &rest, &f)) {
		if (f.wire != PROTOBUF_BYTES)
			continue;
		if (f.number == 7)
			onnx_graph(&g, f.bytes, 0);
		else if (f.number == 25)
			onnx_function(&g, f.bytes);
		else if (f.number == 14)
			scan_payload(s, in, field(f.bytes, 2), place(&g, f.bytes));
	}
	if (scan_deep(s))
		scan_search(s, in, 0, in->bytes.n);
}

/* TensorFlow. */

static void tf_node(struct graph *g, struct slice message)
{
	static const char *const reach[] = {"PyFunc", "PyFuncStateless", "EagerPyFunc", "ReadFile", "WriteFile", "MatchingFiles",
	        "WholeFileReader", "WholeFileReaderV2", "TextLineReader", "TextLineReaderV2", "TextLineDataset", "FixedLengthRecordDataset",
	        "FixedLengthRecordDatasetV2", "SaveDataset", "SaveDatasetV2", "LoadDataset", "DebugIdentity", "DebugIdentityV2",
	        "DebugIdentityV3", "LMDBReader", "LMDBDataset", "SqlDataset", "WriteSummary", "CreateSummaryFileWriter", NULL};
	struct slice op = field(message, 2);
	if (scan_one_of(op, reach))
		show(g, SCAN_RULE_GRAPH_OP, op, "");
}

/* A GraphDef: nodes, and functions of its library. */
static void tf_graph(struct graph *g, struct slice message)
{
	struct protobuf f, l, n;
	while (next(g, &message, &f)) {
		if (f.wire != PROTOBUF_BYTES)
			continue;
		if (f.number == 1)
			tf_node(g, f.bytes);
		if (f.number != 2)
			continue;
		struct slice library = f.bytes;
		while (next(g, &library, &l)) {
			struct slice function = l.bytes;
			if (l.number != 1 || l.wire != PROTOBUF_BYTES)
				continue;
			while (next(g, &function, &n))
				if (n.number == 3 && n.wire == PROTOBUF_BYTES)
					tf_node(g, n.bytes);
		}
	}
}

/* Is there a node with the name of an operation at the front of a GraphDef? */
static bool tf_is_graph(struct slice message)
{
	struct protobuf f;
	if (protobuf_next(&message, &f) <= 0 || f.number != 1 || f.wire != PROTOBUF_BYTES)
		return false;
	struct slice op = field(f.bytes, 2);
	return field(f.bytes, 1).n && op.n && op.n < 200 && op.p[0] >= 'A' && op.p[0] <= 'Z' && scan_is_text(op);
}

/* A SavedModel has a version and graphs in wrappers; metadata of Keras have nodes with a JSON in each. */
enum tf { TF_NONE, TF_SAVED, TF_GRAPH, TF_KERAS };
static enum tf tf_kind(struct slice in)
{
	uint64_t n = numbers_of(in);
	struct slice first = n == 2 ? field(in, 1) : SLICE_NONE, json = first.n ? field(first, 5) : SLICE_NONE;
	if (json.n && json.p[0] == '{')
		return TF_KERAS;
	if ((n & 2) && !(n & ~0x1eull) && tf_is_graph(in))
		return TF_GRAPH;
	return (n & 4) && !(n & ~6ull) && tf_is_graph(field(field(in, 2), 2)) ? TF_SAVED : TF_NONE;
}

bool scan_tensorflow_claims(struct scan *s, const struct scan_input *in)
{
	(void)s;
	return !in->quiet && in->bytes.n > 8 && (in->bytes.p[0] == 8 || in->bytes.p[0] == 0x0a || in->bytes.p[0] == 0x12) &&
	       tf_kind(in->bytes) != TF_NONE;
}

void scan_tensorflow_look(struct scan *s, const struct scan_input *in)
{
	struct graph g = {.s = s, .in = in};
	struct slice rest = in->bytes;
	struct protobuf f, m;
	enum tf kind = tf_kind(in->bytes);
	if (kind == TF_GRAPH) {
		tf_graph(&g, in->bytes);
		return;
	}
	while (next(&g, &rest, &f)) {
		if (f.wire != PROTOBUF_BYTES)
			continue;
		if (kind == TF_KERAS) {
			struct slice json = field(f.bytes, 5);
			if (json.n)
				scan_keras(s, in, json, place(&g, json));
			continue;
		}
		struct slice meta = f.bytes;
		while (f.number == 2 && next(&g, &meta, &m))
			if (m.number == 2 && m.wire == PROTOBUF_BYTES)
				tf_graph(&g, m.bytes);
	}
}
