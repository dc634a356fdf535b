/* A document of a policy: its head, its single values, and what is neither a rule nor a value. */
#include "policy/reader.h"

#include <errno.h>
#include <regex.h>
#include <time.h>

#define FIELD(function, type, read)                                                \
	static void function(struct reader *r, const struct tree *v, void *object) \
	{                                                                          \
		type *o = object;                                                  \
		read;                                                              \
	}

static void set(struct reader *r, const struct tree *v, struct doc_value *out, uint64_t value)
{
	*out = (struct doc_value){.set = true, .value = value, .place = read_place(r, v)};
}

static void set_choice(struct reader *r, const struct tree *v, const char *what, const char *const *words, struct doc_value *out)
{
	unsigned i;
	if (read_choice(r, v, what, words, &i))
		set(r, v, out, i);
}

/* credentials */

static const char *check_key_path(struct reader *r, const struct tree *v, const char *what)
{
	const char *s = read_place_of(r, v, what);
	if (s && strncmp(s, "{project}", 9) == 0) {
		read_bad(r, v, "\"%s\": a key in the project could be read by the tool; keep it elsewhere", what);
		return NULL;
	}
	return s;
}

static void from_env(struct reader *r, const struct tree *v, void *object)
{
	struct policy_credential *c = object;
	c->source = POLICY_SOURCE_ENV;
	c->from = read_variable(r, v, "env");
}

static void from_file(struct reader *r, const struct tree *v, void *object)
{
	struct policy_credential *c = object;
	c->source = POLICY_SOURCE_FILE;
	c->from = check_key_path(r, v, "file");
}

static void from_command(struct reader *r, const struct tree *v, void *object)
{
	struct policy_credential *c = object;
	size_t n;
	c->source = POLICY_SOURCE_COMMAND;
	c->argv = read_some(r, v, "command", read_plain, &n);
	if (n && c->argv[0][0] != '/' && strncmp(c->argv[0], "~/", 2) != 0)
		read_bad(r, v, "\"command\" begins with the whole path of the program, as what is found by name can be planted");
}

static const struct read_key from_keys[] = {{"env", from_env, false}, {"file", from_file, false}, {"command", from_command, false}};

static void credential_from(struct reader *r, const struct tree *v, void *object)
{
	struct doc_credential *o = object;
	if (v->kind == TREE_TEXT) {
		read_bad(r, v,
		        "\"from\" says where the key is: {env: NAME}, {file: PATH} or {command: [PROGRAM, …]}; the key itself has no place "
		        "in a policy");
		return;
	}
	read_map(r, v, "\"from\"", from_keys, ARRAY_LEN(from_keys), &o->c);
	if (v->kind == TREE_MAP && v->n != 1)
		read_bad(r, v, "\"from\" has exactly one of env, file and command");
}

static void credential_format(struct reader *r, const struct tree *v, void *object)
{
	struct doc_credential *o = object;
	const char *s = read_plain(r, v, "format"), *hole = s ? strstr(s, "{random}") : NULL;
	if (s && (!hole || strstr(hole + 1, "{random}")))
		read_bad(r, v, "\"format\" has {random} once, where random characters go, as in sk-ant-api03-{random}");
	for (size_t i = 0; s && s[i]; i++)
		if ((unsigned char)s[i] <= 0x20 || (unsigned char)s[i] >= 0x7f) {
			read_bad(r, v, "\"format\" is printable ASCII without blanks");
			break;
		}
	if (s)
		o->c.format = s;
}

static void credential_port(struct reader *r, const struct tree *v, void *object)
{
	struct doc_credential *o = object;
	uint64_t n;
	if (read_number(r, v, "port", 65535, &n))
		o->c.port = (uint16_t)n;
}

static void credential_header(struct reader *r, const struct tree *v, void *object)
{
	struct doc_credential *o = object;
	const char *s = read_plain(r, v, "header");
	char *lower = s ? arena_str(r->arena, slice_str(s)) : NULL;
	for (size_t i = 0; lower && lower[i]; i++) {
		if (lower[i] >= 'A' && lower[i] <= 'Z')
			lower[i] = (char)(lower[i] + 32);
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-_", lower[i])) {
			read_bad(r, v, "\"header\" should be the name of a header, but is \"%.60s\"", s);
			break;
		}
	}
	o->c.header = lower;
}

static void credential_value(struct reader *r, const struct tree *v, void *object)
{
	(void)object;
	read_bad(r, v->key,
	        "the key itself has no place in a policy; say where it is: from: {env: NAME}, {file: PATH} or {command: [PROGRAM, …]}");
}

static void credential_hosts(struct reader *r, const struct tree *v, void *object)
{
	struct doc_credential *o = object;
	size_t n;
	o->c.hosts = read_some(r, v, "host", read_host, &n);
}

static void credential_paths(struct reader *r, const struct tree *v, void *object)
{
	struct doc_credential *o = object;
	size_t n;
	o->c.paths = read_some(r, v, "paths", read_pattern_path, &n);
}

FIELD(credential_name, struct doc_credential, o->c.name = read_word(r, v, "name"))
FIELD(credential_variable, struct doc_credential, o->c.variable = read_variable(r, v, "variable"))
FIELD(credential_prefix, struct doc_credential, const char *s = read_text(r, v, "prefix"); o->c.prefix = s ? s : "")
FIELD(credential_plain, struct doc_credential, (void)read_bool(r, v, "plain", &o->c.plain))
static const struct read_key credential_keys[] = {
        {"name", credential_name, true},
        {"variable", credential_variable, false},
        {"format", credential_format, false},
        {"from", credential_from, false},
        {"host", credential_hosts, false},
        {"port", credential_port, false},
        {"paths", credential_paths, false},
        {"header", credential_header, false},
        {"prefix", credential_prefix, false},
        {"plain", credential_plain, false},
        {"value", credential_value, false},
        {"key", credential_value, false},
        {"secret", credential_value, false},
};

static void credential_init(struct reader *r, const struct tree *v, void *element)
{
	static const char *const none[] = {NULL};
	struct doc_credential *o = element;
	o->c = (struct policy_credential){
	        .format = "postern-{random}", .prefix = "", .paths = none, .hosts = none, .place = read_place(r, v)};
}

static void credential_done(struct reader *r, const struct tree *v, void *element)
{
	struct doc_credential *o = element;
	bool where = tree_get(v, "host") || tree_get(v, "paths") || tree_get(v, "header") || tree_get(v, "prefix") || tree_get(v, "port");
	o->source_only = !where && o->c.source != POLICY_SOURCE_NONE;
	if (!o->source_only && (!o->c.hosts[0] || !o->c.header))
		read_bad(r, v,
		        "a credential needs \"host\" and \"header\": where the key may go (or only \"name\" and \"from\", if another layer "
		        "says "
		        "where)");
}

void read_credentials(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	d->own.has_credentials = true;
	if (d->layer == POLICY_PROJECT) {
		read_bad(r, v->key, "a project cannot say where your keys may go; put this into your own policy");
		return;
	}
	d->credential = read_list(r, v, "a credential", credential_keys, ARRAY_LEN(credential_keys), sizeof(*d->credential),
	        credential_init, credential_done, &d->n_credentials);
	for (size_t i = 0; i < d->n_credentials; i++)
		for (size_t k = 0; k < i; k++)
			if (d->credential[i].c.name && d->credential[k].c.name &&
			        strcmp(d->credential[i].c.name, d->credential[k].c.name) == 0) {
				const struct policy_place *p = &d->credential[i].c.place;
				policy_problem(r->problems, false, p->file, p->line, p->column,
				        "the credential \"%s\" is there twice, first in line %u", d->credential[i].c.name,
				        d->credential[k].c.place.line);
			}
}

/* labels */

static const char *check_label_path(struct reader *r, const struct tree *v, const char *what)
{
	const char *path, *glob;
	if (!read_hidden(r, v, what, &path, &glob))
		return NULL;
	const char *s = glob ? arena_fmt(r->arena, "%s/**/%s", path, glob) : path;
	r->no_memory |= s == NULL;
	return s;
}

static void label_paths(struct reader *r, const struct tree *v, void *object)
{
	struct policy_label *l = object;
	size_t n;
	l->paths = read_some(r, v, "paths", check_label_path, &n);
}

static void label_providers(struct reader *r, const struct tree *v, void *object)
{
	struct policy_label *l = object;
	size_t n;
	l->providers = read_texts(r, v, "providers", read_host, &n);
}

static void dlp_verdict(struct reader *r, const struct tree *v, enum policy_dlp_verdict *out)
{
	unsigned i;
	if (read_choice(r, v, "verdict", policy_dlp_words, &i))
		*out = (enum policy_dlp_verdict)i;
}

FIELD(label_name, struct policy_label, o->name = read_word(r, v, "label"))
FIELD(label_verdict, struct policy_label, dlp_verdict(r, v, &o->verdict))
static const struct read_key label_keys[] = {
        {"label", label_name, true}, {"paths", label_paths, true}, {"providers", label_providers, true}, {"verdict", label_verdict, false}};

static void label_init(struct reader *r, const struct tree *v, void *element)
{
	struct policy_label *l = element;
	l->verdict = POLICY_DLP_BLOCK;
	l->place = read_place(r, v);
}

void read_labels(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	d->label = read_list(r, v, "a label", label_keys, ARRAY_LEN(label_keys), sizeof(*d->label), label_init, NULL, &d->n_labels);
}

/* dlp */

static void pattern_regex(struct reader *r, const struct tree *v, void *object)
{
	struct policy_pattern *p = object;
	regex_t re;
	char why[128];
	p->regex = read_plain(r, v, "regex");
	if (!p->regex)
		return;
	if (strlen(p->regex) > 512) {
		read_bad(r, v, "\"regex\" is longer than 512 bytes");
		return;
	}
	/* Repetitions of repetitions make the compiled form as large as the product: the C library would take it as ordered. */
	uint64_t product = 1;
	for (const char *c = p->regex; (c = strchr(c, '{')); c++) {
		uint64_t n = 0, m = 0;
		for (const char *d = c + 1; (*d >= '0' && *d <= '9') || *d == ','; d++) {
			if (*d == ',') {
				m = n;
				n = 0;
			} else {
				n = n > 100000 ? n : n * 10 + (uint64_t)(*d - '0');
			}
		}
		n = n > m ? n : m;
		product *= n > 1 ? n : 1;
		if (product > 1000) {
			read_bad(r, v, "\"regex\" repeats more than 1000 times in all");
			return;
		}
	}
	int e = regcomp(&re, p->regex, REG_EXTENDED | REG_NOSUB);
	if (e) {
		(void)regerror(e, &re, why, sizeof(why));
		read_bad(r, v, "\"regex\" is no POSIX extended regular expression: %s", why);
		return;
	}
	if (regexec(&re, "", 0, NULL, 0) == 0)
		read_bad(r, v, "\"regex\" fits the empty text, and so everything");
	regfree(&re);
}

FIELD(pattern_name, struct policy_pattern, o->name = read_word(r, v, "name"))
FIELD(pattern_verdict, struct policy_pattern, dlp_verdict(r, v, &o->verdict))
static const struct read_key pattern_keys[] = {
        {"name", pattern_name, true}, {"regex", pattern_regex, true}, {"verdict", pattern_verdict, true}};

static void pattern_init(struct reader *r, const struct tree *v, void *element)
{
	struct policy_pattern *p = element;
	p->place = read_place(r, v);
}

static void dlp_patterns(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	d->pattern = read_list(
	        r, v, "a pattern", pattern_keys, ARRAY_LEN(pattern_keys), sizeof(*d->pattern), pattern_init, NULL, &d->n_patterns);
	if (d->n_patterns > 100)
		read_bad(r, v, "there are more than 100 patterns");
}

static void dlp_kinds(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	if (v->kind != TREE_MAP) {
		read_bad(r, v, "\"kinds\" should be a mapping of kinds of secrets to verdicts, but is %s", tree_kind_name(v));
		return;
	}
	d->kind = arena_array(r->arena, v->n ? v->n : 1, sizeof(*d->kind));
	if (!d->kind) {
		r->no_memory = true;
		return;
	}
	for (const struct tree *c = v->child; c; c = c->next) {
		struct policy_named *k = &d->kind[d->n_kinds++];
		*k = (struct policy_named){.name = read_word(r, c->key, "kinds"), .place = read_place(r, c)};
		dlp_verdict(r, c, &k->verdict);
	}
}

static const char *check_canary(struct reader *r, const struct tree *v, const char *what)
{
	const char *s = read_text(r, v, what);
	if (s && strlen(s) < 8) {
		read_bad(r, v, "a canary has at least 8 characters; shorter ones turn up by chance");
		return NULL;
	}
	return s;
}

static const char *check_fingerprint(struct reader *r, const struct tree *v, const char *what)
{
	const char *s = read_place_of(r, v, what);
	if (s && r->doc->layer == POLICY_PROJECT && strncmp(s, "{project}", 9) != 0) {
		read_bad(r, v, "\"%s\": a project can name files of its own only", what);
		return NULL;
	}
	return s;
}

FIELD(dlp_secrets, struct policy_doc, set_choice(r, v, "secrets", policy_dlp_words, &o->dlp[POLICY_DLP_SECRETS]))
FIELD(dlp_entropy, struct policy_doc, set_choice(r, v, "entropy", policy_dlp_words, &o->dlp[POLICY_DLP_ENTROPY]))
FIELD(dlp_fingerprints, struct policy_doc, set_choice(r, v, "fingerprints", policy_dlp_words, &o->dlp[POLICY_DLP_FINGERPRINTS]))
FIELD(dlp_canaries, struct policy_doc, set_choice(r, v, "canaries", policy_dlp_words, &o->dlp[POLICY_DLP_CANARIES]))
FIELD(dlp_files, struct policy_doc, o->fingerprints = read_texts(r, v, "fingerprint_files", check_fingerprint, &o->n_fingerprints))
FIELD(dlp_values, struct policy_doc, o->canaries = read_texts(r, v, "canary_values", check_canary, &o->n_canaries))

static void dlp_plant(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	bool b;
	if (read_bool(r, v, "plant_canaries", &b))
		set(r, v, &d->plant, b);
}

static const struct read_key dlp_keys[] = {
        {"secrets", dlp_secrets, false},
        {"entropy", dlp_entropy, false},
        {"fingerprints", dlp_fingerprints, false},
        {"canaries", dlp_canaries, false},
        {"kinds", dlp_kinds, false},
        {"patterns", dlp_patterns, false},
        {"fingerprint_files", dlp_files, false},
        {"canary_values", dlp_values, false},
        {"plant_canaries", dlp_plant, false},
};

void read_dlp(struct reader *r, const struct tree *v, void *object)
{
	read_map(r, v, "\"dlp\"", dlp_keys, ARRAY_LEN(dlp_keys), object);
}

/* identity, limits, ledger, review */

static void identity_neutral(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	uint64_t what = 0;
	bool all;
	if (v->kind == TREE_TEXT) {
		if (read_bool(r, v, "neutral", &all))
			set(r, v, &d->neutral, all ? POLICY_NEUTRAL_ALL : 0);
		return;
	}
	if (v->kind != TREE_LIST) {
		read_bad(r, v, "\"neutral\" should be true, false or a list of what is made neutral");
		return;
	}
	for (const struct tree *c = v->child; c; c = c->next) {
		unsigned i;
		if (read_choice(r, c, "neutral", policy_neutral_words, &i))
			what |= 1ull << i;
	}
	set(r, v, &d->neutral, what);
}

static const struct read_key identity_keys[] = {{"neutral", identity_neutral, true}};
FIELD(doc_identity, struct policy_doc, read_map(r, v, "\"identity\"", identity_keys, ARRAY_LEN(identity_keys), o))

static void doc_limits(struct reader *r, const struct tree *v, void *object)
{
	static const struct {
		bool (*read)(struct reader *r, const struct tree *v, const char *what, uint64_t *out);
	} forms[POLICY_LIMITS] = {
	        [POLICY_LIMIT_SECONDS] = {read_seconds},
	        [POLICY_LIMIT_CPU_SECONDS] = {read_seconds},
	        [POLICY_LIMIT_MEMORY] = {read_size},
	        [POLICY_LIMIT_FILE_BYTES] = {read_size},
	        [POLICY_LIMIT_SENT_BYTES] = {read_size},
	        [POLICY_LIMIT_REQUEST_BYTES] = {read_size},
	};
	struct policy_doc *d = object;
	if (v->kind != TREE_MAP) {
		read_bad(r, v, "\"limits\" should be a mapping, but is %s", tree_kind_name(v));
		return;
	}
	for (const struct tree *c = v->child; c; c = c->next) {
		unsigned i;
		uint64_t value = 0;
		struct tree name = *c->key;
		if (!read_choice(r, &name, "limits", policy_limit_words, &i))
			continue;
		const char *what = policy_limit_words[i];
		bool good = forms[i].read ? forms[i].read(r, c, what, &value) : read_number(r, c, what, 1000000000, &value);
		if (good && value == 0 && i != POLICY_LIMIT_SENT_BYTES && i != POLICY_LIMIT_REQUEST_BYTES &&
		        i != POLICY_LIMIT_QUESTIONS_PER_MINUTE)
			read_bad(r, c, "\"%s\" is 0, with which nothing could run; leave it out for no limit", what);
		else if (good)
			set(r, c, &d->limit[i], value);
	}
}

static void ledger_folder(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	d->ledger = read_place_of(r, v, "folder");
	if (d->layer == POLICY_PROJECT)
		read_bad(r, v, "a project cannot say where the record is kept");
	else if (d->ledger && strncmp(d->ledger, "{project}", 9) == 0)
		read_bad(r, v, "a ledger in the project could be reached by the tool");
}

static void ledger_required(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	bool b;
	if (read_bool(r, v, "required", &b))
		set(r, v, &d->ledger_required, b);
}

FIELD(ledger_bodies, struct policy_doc, set_choice(r, v, "bodies", policy_bodies_words, &o->ledger_bodies))
static const struct read_key ledger_keys[] = {
        {"folder", ledger_folder, false}, {"required", ledger_required, false}, {"bodies", ledger_bodies, false}};
FIELD(doc_ledger, struct policy_doc, read_map(r, v, "\"ledger\"", ledger_keys, ARRAY_LEN(ledger_keys), o))
FIELD(doc_review, struct policy_doc, set_choice(r, v, "review", policy_review_words, &o->review))

static void doc_unknown(struct reader *r, const struct tree *v, void *object)
{
	static const char *const words[] = {"ask", "deny", NULL};
	struct policy_doc *d = object;
	unsigned i;
	if (read_choice(r, v, "on_unknown", words, &i))
		set(r, v, &d->on_unknown, i ? POLICY_DENY : POLICY_ASK);
}

/* widen */

static void widen_credentials(struct reader *r, const struct tree *v, void *object)
{
	struct grants *g = object;
	if (g != &r->doc->person)
		read_bad(r, v->key, "a project can never say where keys may go");
	(void)read_bool(r, v, "credentials", &g->credentials);
}

static const struct read_key widen_part_keys[] = {{"network", read_network, false}, {"files", read_files, false},
        {"exec", read_exec, false}, {"credentials", widen_credentials, false}};

static void widen_project(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	d->has_project = true;
	read_map(r, v, "\"project\" of \"widen\"", widen_part_keys, ARRAY_LEN(widen_part_keys), &d->project);
}

static void widen_person(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	d->has_person = true;
	if (d->layer != POLICY_ORGANISATION)
		read_bad(r, v->key, "only the policy of an organisation has a \"widen\" for the person");
	read_map(r, v, "\"person\" of \"widen\"", widen_part_keys, ARRAY_LEN(widen_part_keys), &d->person);
}

static const struct read_key widen_keys[] = {{"project", widen_project, false}, {"person", widen_person, false}};

static void doc_widen(struct reader *r, const struct tree *v, void *object)
{
	if (r->doc->layer == POLICY_PROJECT)
		read_bad(r, v->key, "a project cannot say what may be widened");
	read_map(r, v, "\"widen\"", widen_keys, ARRAY_LEN(widen_keys), object);
}

/* The head. */

static void doc_expires(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	struct tm tm = {0}, back, said;
	const char *s = read_text(r, v, "expires"), *end;
	if (!s)
		return;
	end = strptime(s, "%Y-%m-%d", &tm);
	if (end && *end == 'T')
		end = strptime(end, "T%H:%M:%SZ", &tm);
	said = tm;
	time_t t = end && !*end && strlen(s) >= 10 ? timegm(&tm) : -1;
	/* 30 February is a day that strptime() takes. */
	if (t <= 0 || !gmtime_r(&t, &back) || back.tm_mday != said.tm_mday)
		read_bad(r, v, "\"expires\" should be a day or a time in UTC like 2027-01-31 or 2027-01-31T12:00:00Z, but is \"%.40s\"", s);
	else
		d->info.expires = t;
}

static void doc_organisation(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	d->info.organisation = read_word(r, v, "organisation");
	if (d->layer == POLICY_PROJECT)
		read_bad(r, v->key, "a policy in a project does not speak for an organisation");
}

static const char *check_title(struct reader *r, const struct tree *v)
{
	const char *s = read_plain(r, v, "name");
	for (size_t i = 0; s && s[i]; i++)
		if ((unsigned char)s[i] < 0x20 || i >= 200) {
			read_bad(r, v, "\"name\" is one line of at most 200 bytes");
			return NULL;
		}
	return s;
}

static void doc_version(struct reader *r, const struct tree *v, void *object)
{
	struct policy_doc *d = object;
	if (read_number(r, v, "version", 1000000000000ull, &d->info.version) && d->info.version == 0)
		read_bad(r, v, "\"version\" is a number from 1 that grows with every change");
}

FIELD(doc_name, struct policy_doc, o->info.name = check_title(r, v))
FIELD(doc_network, struct policy_doc, read_network(r, v, &o->own))
FIELD(doc_files, struct policy_doc, read_files(r, v, &o->own))
FIELD(doc_exec, struct policy_doc, read_exec(r, v, &o->own))

static const struct read_key doc_keys[] = {
        {"version", doc_version, false},
        {"organisation", doc_organisation, false},
        {"name", doc_name, false},
        {"expires", doc_expires, false},
        {"on_unknown", doc_unknown, false},
        {"files", doc_files, false},
        {"network", doc_network, false},
        {"exec", doc_exec, false},
        {"credentials", read_credentials, false},
        {"dlp", read_dlp, false},
        {"tools", read_tools, false},
        {"origins", read_origins, false},
        {"scan", read_scan, false},
        {"identity", doc_identity, false},
        {"limits", doc_limits, false},
        {"review", doc_review, false},
        {"ledger", doc_ledger, false},
        {"widen", doc_widen, false},
};

int policy_parse(struct slice yaml, const char *file, enum policy_layer layer, struct arena *arena, struct policy_doc **out,
        struct policy_problems *problems)
{
	static const char *const none[] = {NULL};
	struct reader r = {.arena = arena, .problems = problems};
	struct policy_doc *d = arena_alloc(arena, sizeof(*d));
	struct tree *root;
	size_t errors = problems->errors;
	char *name = arena_str(arena, slice_str(file));
	if (!d || !name)
		return -ENOMEM;
	*d = (struct policy_doc){.layer = layer,
	        .file = name,
	        .arena = arena,
	        .fingerprints = none,
	        .canaries = none,
	        .info = {.file = name, .is_there = true}};
	r.doc = d;
	int e = tree_yaml(yaml, file, arena, &root, problems);
	if (e < 0)
		return e;
	if (root->kind != TREE_NULL)
		read_map(&r, root, "a policy", doc_keys, ARRAY_LEN(doc_keys), d);
	if (layer == POLICY_ORGANISATION && problems->errors == errors && (!d->info.version || !d->info.organisation))
		policy_problem(problems, false, file, 1, 1,
		        "the policy of an organisation needs \"organisation\" and \"version\", so that an older one can be told from a "
		        "newer");
	if (r.no_memory)
		return -ENOMEM;
	if (problems->errors > errors)
		return -EINVAL;
	*out = d;
	return 0;
}

enum policy_layer policy_doc_layer(const struct policy_doc *d)
{
	return d->layer;
}

struct policy_info *policy_doc_info(struct policy_doc *d)
{
	return &d->info;
}
