#include "inspect/scan.h"

#include <errno.h>
#include <stdio.h>

#include "base/encode.h"
#include "base/utf8.h"
#include "inspect/scan_part.h"
#include "inspect/scan_posture.h"
#include "parse/jscan.h"
#include "parse/zip.h"
#include "sys/lib_unpack.h"

#define FINDINGS     200u
#define DEPTH        8u
#define UNPACKED     ((uint64_t)1 << 30)
#define MEMBER       ((uint64_t)128 << 20)
#define STEPS        ((uint64_t)100000000)
#define SAME         256u /* findings that are remembered, so that none is told twice */
#define OLD          256u
#define PAYLOAD_MAX  ((size_t)32 << 20)
#define PAYLOAD_TEXT 20u /* shorter ones in base64 or hex hold nothing */
#define SHOWN_MAX    4096u

/* Every kind of thing that is known: one row here, and one file. */
static const struct scan_detector detectors[] = {
        {"pickle", SCAN_MODELS, scan_pickle_claims, scan_pickle_look},
        {"zip", SCAN_ALL, scan_zip_claims, scan_zip_look},
        {"tar", SCAN_ALL, scan_tar_claims, scan_tar_look},
        {"compressed", SCAN_ALL, scan_packed_claims, scan_packed_look},
        {"archive", SCAN_ALL, scan_archive_claims, scan_archive_look},
        {"NPY", SCAN_MODELS, scan_npy_claims, scan_npy_look},
        {"safetensors", SCAN_MODELS, scan_safetensors_claims, scan_safetensors_look},
        {"GGUF", SCAN_MODELS, scan_gguf_claims, scan_gguf_look},
        {"HDF5", SCAN_MODELS, scan_hdf5_claims, scan_hdf5_look},
        {"ONNX", SCAN_MODELS, scan_onnx_claims, scan_onnx_look},
        {"TensorFlow", SCAN_MODELS, scan_tensorflow_claims, scan_tensorflow_look},
        {"template", SCAN_MODELS, scan_template_claims, scan_template_look},
        {"configuration", SCAN_MODELS, scan_config_claims, scan_config_look},
};

struct scan {
	const struct scan_options *o;
	struct scan_told to;
	uint32_t edges;
	struct scan_summary *sum;
	uint64_t steps, unpacked;
	uint32_t told[SCAN_VERDICTS];
	uint64_t same[SAME];
	unsigned n_same;
	bool out_of_steps;
	bool change;  /* it is known what was there before */
	bool program; /* the whole is an executable */
	struct scan_around around;
	/* Of programs: what was found in it before; each can be the same as one only. */
	uint64_t old[OLD];
	unsigned n_old;
	bool old_known;
	struct posture_facts facts;
	uint64_t yara_spent;
	/* Where the last place in a text was: the next is counted from there. */
	const uint8_t *counted;
	uint64_t counted_to;
	uint32_t line, column;
};

struct scan_limits scan_limits_default(void)
{
	return (struct scan_limits){.findings = FINDINGS, .depth = DEPTH, .unpacked = UNPACKED, .member = MEMBER, .steps = STEPS};
}

const char *scan_detector_name(size_t i)
{
	return i < ARRAY_LEN(detectors) ? detectors[i].name : NULL;
}

bool scan_is_part(const struct scan *s)
{
	return s->o->profile;
}

bool scan_is_named(const struct scan *s)
{
	return s->o->named;
}

bool scan_deep(const struct scan *s)
{
	return s->o->deep;
}

size_t scan_room(const struct scan *s, size_t want)
{
	uint64_t left = s->o->limits.unpacked - s->unpacked;
	left = left < s->o->limits.member ? left : s->o->limits.member;
	return left < want ? (size_t)left : want;
}

void scan_unpacked(struct scan *s, size_t n)
{
	uint64_t left = s->o->limits.unpacked - s->unpacked;
	s->unpacked += n < left ? n : left;
}

bool scan_needs_unpack(struct scan *s)
{
	s->sum->apart |= !lib_unpack_loaded();
	return !lib_unpack_loaded();
}

bool scan_can_unpack(struct scan *s, const struct scan_input *in)
{
	if (!scan_needs_unpack(s))
		return true;
	scan_found(s, in, SCAN_RULE_ZIP_UNREAD, 0, in->size, "%s", "what unpacks it is not installed: libarchive13, liblzma5, libbz2-1.0");
	return false;
}

bool scan_steps(struct scan *s, const struct scan_input *in, uint64_t n)
{
	if (n <= s->o->limits.steps - s->steps) {
		s->steps += n;
		return true;
	}
	s->steps = s->o->limits.steps;
	if (!s->out_of_steps)
		scan_found(s, in, SCAN_RULE_LIMIT, 0, in->size, "more than %llu instructions, members or values",
		        (unsigned long long)s->o->limits.steps);
	s->out_of_steps = true;
	return false;
}

static uint32_t wants(const struct scan *s)
{
	uint32_t w = s->o->subjects ? s->o->subjects : SCAN_ALL;
	return s->change ? w : w & ~SCAN_CHANGES;
}

struct posture_facts *scan_facts(struct scan *s, const struct scan_input *in)
{
	return !in->quiet && (wants(s) & SCAN_CODE) && (s->o->profile || (s->to.fact && (in->depth > 0 || s->program))) ? &s->facts : NULL;
}

void scan_lets(struct scan *s, uint32_t bits)
{
	s->sum->lets |= bits;
}

/* Findings. */

static void tell(struct scan *s, struct scan_finding *f, bool all)
{
	const struct scan_rule *r = &scan_rules[f->rule];
	bool note = r->verdict == SCAN_CLEAN;
	if (r->verdict > s->sum->verdict)
		s->sum->verdict = r->verdict;
	if (!note)
		scan_rule_add(&s->sum->rules, f->rule);
	/* Rules of YARA are matched whatever else is looked for. */
	if (f->rule >= SCAN_RULE_YARA_BAD && f->rule <= SCAN_RULE_YARA_LEFT)
		s->sum->other = 0;
	uint64_t key = slice_hash(slice_str(f->evidence)) * 31 + slice_hash(slice_str(f->member)) * 7 + f->rule;
	for (unsigned i = 0; i < s->n_same && !all; i++)
		if (s->same[i] == key)
			return;
	if (s->n_same < SAME)
		s->same[s->n_same++] = key;
	if (r->verdict == SCAN_UNSCANNED) {
		uint64_t left = UINT64_MAX - s->sum->uncovered;
		s->sum->uncovered += f->n < left ? f->n : left;
	}
	if (s->told[r->verdict] >= s->o->limits.findings) {
		s->sum->dropped += !note;
		return;
	}
	s->told[r->verdict]++;
	s->sum->found += !note;
	s->sum->notes += note;
	if (s->to.found)
		s->to.found(s->to.arg, f);
}

static int scan_with(const struct scan *how, struct slice in, const char *name, struct scan_summary *out);

static void on_old(void *arg, const struct scan_finding *f)
{
	struct scan *s = arg;
	if (!*f->member && s->n_old < OLD)
		s->old[s->n_old++] = scan_before_key(f, *s->around.before);
}

/* Was it found in the file as it was before? That is looked up when something is found, which is seldom. */
static bool was_found(struct scan *s, const struct scan_input *in, const struct scan_finding *f)
{
	const struct scan_rule *r = &scan_rules[f->rule];
	if (!s->around.before || in->depth > 0 || r->verdict == SCAN_UNSCANNED || strncmp(r->id, "code.", 5) != 0)
		return false;
	if (!s->old_known) {
		struct scan_options o = *s->o;
		struct scan_summary sum;
		o.subjects = SCAN_CODE;
		s->old_known = true;
		if (scan_before_carries(in->bytes, *s->around.before) ||
		        scan_with(&(struct scan){.o = &o, .to = {.found = on_old, .arg = s}}, *s->around.before, in->path, &sum) < 0)
			s->n_old = 0;
	}
	uint64_t key = scan_before_key(f, in->bytes);
	for (unsigned i = 0; i < s->n_old; i++)
		if (s->old[i] == key) {
			s->old[i] = s->old[--s->n_old];
			return true;
		}
	return false;
}

void scan_evidence(struct scan_finding *f, struct slice text)
{
	_cleanup_buf_ struct buf shown = BUF((size_t)SHOWN_MAX * 5);
	encode_shown(&shown, slice_sub(text, 0, SHOWN_MAX));
	utf8_copy(f->evidence, sizeof(f->evidence), buf_slice(&shown));
}

static void found_text(struct scan *s, const struct scan_input *in, struct scan_finding *f, struct slice text)
{
	scan_evidence(f, text);
	utf8_copy(f->member, sizeof(f->member), slice_str(in->member));
	if (!was_found(s, in, f))
		tell(s, f, scan_rules[f->rule].verdict == SCAN_UNSCANNED);
}

__attribute__((format(printf, 4, 0))) static void found(
        struct scan *s, const struct scan_input *in, struct scan_finding *f, const char *fmt, va_list ap)
{
	_cleanup_buf_ struct buf text = BUF(SHOWN_MAX);
	buf_vfmt(&text, fmt, ap);
	found_text(s, in, f, buf_slice(&text));
}

void scan_found(struct scan *s, const struct scan_input *in, enum scan_rule_name rule, uint64_t at, uint64_t n, const char *fmt, ...)
{
	struct scan_finding f = {.rule = rule, .at = at, .n = n};
	va_list ap;
	va_start(ap, fmt);
	found(s, in, &f, fmt, ap);
	va_end(ap);
}

/* Counts on from the last place in the same text. */
static void count_to(struct scan *s, struct slice text, uint64_t at)
{
	if (s->counted != text.p || at < s->counted_to) {
		s->counted = text.p;
		s->counted_to = 0;
		s->line = s->column = 1;
	}
	for (; s->counted_to < at && s->counted_to < text.n; s->counted_to++) {
		uint8_t c = text.p[s->counted_to];
		s->column = c == '\n' ? 1 : s->column + ((c & 0xc0) != 0x80);
		s->line += c == '\n';
	}
}

void scan_found_text(struct scan *s, const struct scan_input *in, enum scan_rule_name rule, struct slice text, uint64_t at, uint64_t n,
        const char *fmt, ...)
{
	struct scan_finding f = {.rule = rule, .at = at, .n = n};
	count_to(s, text, at);
	f.line = s->line;
	f.column = s->column;
	va_list ap;
	va_start(ap, fmt);
	found(s, in, &f, fmt, ap);
	va_end(ap);
}

void scan_found_yara(struct scan *s, const struct scan_input *in, enum scan_rule_name rule, const struct scan_yara_said *said, bool lines,
        uint64_t at, uint64_t n, struct slice evidence)
{
	struct scan_finding f = {.rule = rule, .at = at, .n = n, .yara = *said};
	if (lines) {
		count_to(s, in->bytes, at);
		f.line = s->line;
		f.column = s->column;
	}
	found_text(s, in, &f, evidence);
}

static void put_shown(char *to, size_t size, struct slice text)
{
	_cleanup_buf_ struct buf shown = BUF((size_t)SHOWN_MAX * 5);
	encode_shown(&shown, slice_sub(text, 0, SHOWN_MAX));
	utf8_copy(to, size, buf_slice(&shown));
}

bool scan_wants_runs(const struct scan *s)
{
	return s->to.runs && s->edges < SCAN_EDGES_MAX;
}

void scan_ran(struct scan *s, const struct scan_input *in, enum scan_how how, size_t at, struct slice file, struct slice command)
{
	struct scan_edge e = {.how = how};
	if (!scan_wants_runs(s))
		return;
	s->edges++;
	count_to(s, in->bytes, at);
	e.line = s->line;
	put_shown(e.target, sizeof(e.target), file);
	put_shown(e.evidence, sizeof(e.evidence), slice_trim(command));
	s->to.runs(s->to.arg, &e);
}

/* What several detectors want to know. */

bool scan_zeros(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i])
			return false;
	return true;
}

static bool plain_text(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, sizeof(v));
	return ((v | (v - 0x2020202020202020u) | (v + 0x0101010101010101u)) & 0x8080808080808080u) == 0;
}

bool scan_is_text(struct slice s)
{
	uint32_t c;
	for (size_t i = 0, n; i < s.n; i += n) {
		n = 8;
		if (s.n - i >= 8 && plain_text(s.p + i))
			continue;
		n = utf8_next(s, i, &c);
		if (n == 0 || (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b) || c == 0x7f)
			return false;
	}
	return true;
}

bool scan_has_suffix(const char *name, const char *suffix)
{
	struct slice n = slice_str(name), x = slice_str(suffix);
	return n.n >= x.n && slice_eq_nocase(slice_from(n, n.n - x.n), x);
}

bool scan_one_of(struct slice s, const char *const *words)
{
	for (; *words; words++)
		if (slice_is(s, *words))
			return true;
	return false;
}

/* A pickle in a file that is called a picture is meant to be passed over. */
static void disguised(struct scan *s, const struct scan_input *in, const char *form)
{
	static const char *const innocent[] = {".txt", ".md", ".json", ".yaml", ".yml", ".csv", ".html", ".png", ".jpg", ".jpeg", ".gif",
	        ".svg", ".pdf", ".log", ".xml", ".py", ".safetensors", ".gguf", ".onnx"};
	if (in->quiet || strcmp(form, "pickle") != 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(innocent); i++)
		if (scan_has_suffix(in->name, innocent[i]))
			scan_found(s, in, SCAN_RULE_DISGUISE, 0, 0, "a %s that is called %s", form, innocent[i]);
}

static bool called_model(const struct scan_input *in)
{
	static const char *const suffixes[] = {".pkl", ".pickle", ".pt", ".pth", ".bin", ".ckpt", ".joblib", ".dat", ".data", ".npy",
	        ".npz", ".h5", ".keras", ".onnx", ".pb", ".safetensors", ".gguf"};
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (scan_has_suffix(in->name, suffixes[i]))
			return true;
	return false;
}

static void not_claimed(struct scan *s, const struct scan_input *in)
{
	bool text = in->size == in->bytes.n && scan_is_text(in->bytes), models = wants(s) & SCAN_MODELS;
	if (in->size == 0 || (!models && in->depth > 0))
		return;
	if (!models || (text && in->depth == 0 && !called_model(in)))
		s->sum->other = 1;
	if (!(s->sum->looked & SCAN_TEXT) || in->depth > 0 || text)
		scan_found(s, in, text ? SCAN_RULE_TEXT : SCAN_RULE_UNKNOWN, 0, in->size, "%s", "");
	if (!text && models)
		scan_search(s, in, 0, in->bytes.n);
}

static void note_form(struct scan_summary *sum, const char *form)
{
	size_t n = strlen(sum->form);
	(void)snprintf(sum->form + n, sizeof(sum->form) - n, "%s%s", n ? ", " : "", form);
}

/* What no format claims is a text, and was searched as one: of models there are none in it, unless its name says that it is one. */
static bool searched(const struct scan *s, const struct scan_input *in, uint32_t looked)
{
	return looked && (!(wants(s) & SCAN_MODELS) || (!called_model(in) && scan_is_text(in->bytes)));
}

static bool look(struct scan *s, const struct scan_input *in)
{
	unsigned claims = 0;
	uint32_t looked = 0;
	bool holds = false;
	for (size_t i = 0; i < ARRAY_LEN(detectors); i++) {
		if (!(detectors[i].subjects & wants(s)) || !detectors[i].claims(s, in))
			continue;
		claims++;
		holds |= detectors[i].subjects == SCAN_ALL;
		if (in->depth == 0)
			note_form(s->sum, detectors[i].name);
		disguised(s, in, detectors[i].name);
		detectors[i].look(s, in);
	}
	if (claims > 1)
		scan_found(s, in, SCAN_RULE_FORMATS, 0, 0, "%u formats fit", claims);
	/* What an AI tool obeys has nothing to hide. What is a format of its own may be a text as well: pickles of protocol 0 are. */
	bool strict = (wants(s) & SCAN_AGENTS) && scan_agent_is_text(in);
	if (((wants(s) & SCAN_TEXT) || strict) && (claims == 0 || scan_is_text(in->bytes)) && scan_hidden_look(s, in, strict))
		looked |= wants(s) & SCAN_TEXT;
	if ((wants(s) & SCAN_AGENTS) && scan_agent_look(s, in))
		looked |= SCAN_AGENTS;
	if ((wants(s) & SCAN_CODE) && scan_code_look(s, in))
		looked |= SCAN_CODE;
	/* Of a member it is not known what it was. */
	if ((wants(s) & SCAN_CHANGES) && in->depth == 0 && scan_change_look(s, in, &s->around))
		looked |= SCAN_CHANGES;
	/* What only holds other files is none of a package. */
	if (!holds)
		scan_posture_look(s, in);
	s->sum->looked |= looked | (claims ? wants(s) & SCAN_MODELS : 0);
	bool machine = scan_executable_look(s, in);
	if (claims == 0 && !in->quiet && !machine && !searched(s, in, looked))
		not_claimed(s, in);
	/* Last, as it may be ended. What holds others and lies in others is what they are, or packed. */
	if (s->to.yara && (in->depth == 0 || !holds))
		scan_yara_look(s, in, s->to.yara, &s->yara_spent);
	return claims > 0;
}

bool scan_into(struct scan *s, const struct scan_input *in, const char *label, struct slice bytes, uint64_t size, bool quiet)
{
	char member[SCAN_MEMBER_MAX];
	_cleanup_buf_ struct buf shown = BUF((size_t)SHOWN_MAX * 5);
	encode_shown(&shown, slice_sub(slice_str(label), 0, SHOWN_MAX));
	size_t n = strlen(in->member);
	/* Of a path that is too long the end counts more, but its beginning says where it is. */
	(void)snprintf(member, sizeof(member), "%s%s", in->member, n ? " > " : "");
	n = strlen(member);
	utf8_copy(member + n, sizeof(member) - n, buf_slice(&shown));
	const char *slash = strrchr(label, '/');
	const struct scan_input part = {.bytes = bytes,
	        .size = size,
	        .member = member,
	        .name = slash ? slash + 1 : label,
	        .path = label,
	        .depth = in->depth + 1,
	        .quiet = quiet};
	if (part.depth > s->o->limits.depth) {
		scan_found(s, &part, SCAN_RULE_LIMIT, 0, size, "more than %u deep", s->o->limits.depth);
		return true;
	}
	return look(s, &part);
}

/* Payloads. */

static bool all_of(struct slice s, bool hex)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool digit = c >= '0' && c <= '9', letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (hex ? hex_value(c) < 0 : !digit && !letter && c != '+' && c != '/' && c != '-' && c != '_' && c != '=')
			return false;
	}
	return true;
}

/* Python's marshal of a code object (version 3.8 on): a type, then five small numbers. */
static bool is_code(struct slice s)
{
	if (s.n < 40 || (s.p[0] & 0x7f) != 'c')
		return false;
	for (size_t i = 1; i + 4 <= 17; i += 4)
		if (s.p[i + 1] || s.p[i + 2] || s.p[i + 3])
			return false;
	return true;
}

/* Most literals are nothing: that is found out before anything is put together. */
static bool claimed(struct scan *s, const struct scan_input *in, struct slice b)
{
	const struct scan_input part = {
	        .bytes = b, .size = b.n, .member = in->member, .name = "", .path = "", .depth = in->depth + 1, .quiet = true};
	for (size_t i = 0; i < ARRAY_LEN(detectors); i++)
		if (detectors[i].claims(s, &part))
			return true;
	return false;
}

static void payload_bytes(struct scan *s, const struct scan_input *in, struct slice b, size_t at, const char *how)
{
	char label[64];
	if (is_code(b))
		scan_found(s, in, SCAN_RULE_CODE, at, b.n, "%s", how);
	if (!claimed(s, in, b))
		return;
	(void)snprintf(label, sizeof(label), "%s at %zu", how, at);
	(void)scan_into(s, in, label, b, b.n, true);
}

/* Decodes a literal, if it can be one of that kind, and looks into what comes out. What there is no room for is said: else it would only
 * take a literal that is long enough to be passed over. */
static void decoded(struct scan *s, const struct scan_input *in, struct slice text, size_t at, bool hex)
{
	_cleanup_buf_ struct buf out = BUF(scan_room(s, text.n < PAYLOAD_MAX ? text.n : PAYLOAD_MAX));
	if ((hex && text.n % 2) || !all_of(text, hex))
		return;
	bool whole = hex ? decode_hex(&out, text) : decode_base64(&out, text);
	if (buf_error(&out))
		scan_found(s, in, SCAN_RULE_LIMIT, at, text.n, "a literal of %zu bytes that can be %s", text.n, hex ? "hex" : "base64");
	else if (whole) {
		scan_unpacked(s, out.n);
		payload_bytes(s, in, buf_slice(&out), at, hex ? "hex" : "base64");
	}
}

void scan_payload(struct scan *s, const struct scan_input *in, struct slice literal, size_t at)
{
	if (literal.n < 8 || in->depth > s->o->limits.depth)
		return;
	payload_bytes(s, in, literal, at, "literal");
	struct slice text = slice_trim(literal);
	if (text.n < PAYLOAD_TEXT)
		return;
	decoded(s, in, text, at, true);
	decoded(s, in, text, at, false);
}

void scan_payload_texts(struct scan *s, const struct scan_input *in, struct slice json)
{
	for (struct jscan_iter i = jscan_iter(json); jscan_next(&i);)
		if (jscan_is(i.value, '"') && i.value.n > PAYLOAD_TEXT)
			scan_payload(s, in, slice_sub(i.value, 1, i.value.n - 2), (size_t)(i.value.p - in->bytes.p));
}

static int scan_with(const struct scan *how, struct slice in, const char *name, struct scan_summary *out)
{
	struct scan_summary sum = {.size = in.n};
	struct scan *s = malloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	*s = *how;
	s->sum = &sum;
	const char *slash = strrchr(name, '/');
	const struct scan_input all = {.bytes = in, .size = in.n, .member = "", .name = slash ? slash + 1 : name, .path = name};
	s->program = scan_native(in, all.name) != NULL;
	(void)look(s, &all);
	sum.facts_cut = s->facts.cut;
	if (s->to.fact)
		scan_posture_tell(&s->facts, s->o->profile, s->to.fact, s->to.arg);
	posture_facts_free(&s->facts);
	free(s);
	*out = sum;
	return 0;
}

int scan_bytes_told(struct slice in, const char *name, const struct scan_options *o, const struct scan_told *to, struct scan_summary *out)
{
	return scan_with(&(struct scan){.o = o, .to = *to}, in, name, out);
}

int scan_bytes(struct slice in, const char *name, const struct scan_options *o, void (*fn)(void *arg, const struct scan_finding *f),
        void *arg, struct scan_summary *out)
{
	return scan_bytes_told(in, name, o, &(struct scan_told){.found = fn, .arg = arg}, out);
}

int scan_changed(struct slice in, const struct scan_around *around, const char *name, const struct scan_options *o,
        const struct scan_told *to, struct scan_summary *out)
{
	return scan_with(&(struct scan){.o = o, .to = *to, .change = true, .around = *around}, in, name, out);
}
