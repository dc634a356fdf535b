/* Single values, credentials, labels and DLP of all layers, put together; and what somebody allows in vain. */
#include "policy/compiled.h"
#include "policy/tree.h"

#include <errno.h>

static const char built_in_text[] = "on_unknown: deny\n"
                                    "review: copy\n"
                                    "files:\n"
                                    "  read: ['{project}/.postern.yaml']\n"
                                    "  write: ['{project}']\n"
                                    "  hide:\n"
                                    "    - /etc/postern\n"
                                    "    - /etc/shadow\n"
                                    "    - /etc/shadow-\n"
                                    "    - /etc/gshadow\n"
                                    "    - /etc/gshadow-\n"
                                    "    - /etc/sudoers\n"
                                    "    - /etc/sudoers.d\n"
                                    "    - /etc/ssh\n"
                                    "    - /etc/ssl/private\n"
                                    "    - ~/.ssh\n"
                                    "    - ~/.gnupg\n"
                                    "    - ~/.aws\n"
                                    "    - ~/.azure\n"
                                    "    - ~/.kube\n"
                                    "    - ~/.docker\n"
                                    "    - ~/.netrc\n"
                                    "    - ~/.npmrc\n"
                                    "    - ~/.yarnrc.yml\n"
                                    "    - ~/.pypirc\n"
                                    "    - ~/.git-credentials\n"
                                    "    - ~/.pgpass\n"
                                    "    - ~/.my.cnf\n"
                                    "    - ~/.password-store\n"
                                    "    - ~/.terraform.d\n"
                                    "    - ~/.vault-token\n"
                                    "    - ~/.cargo/credentials\n"
                                    "    - ~/.cargo/credentials.toml\n"
                                    "    - ~/.gem/credentials\n"
                                    "    - ~/.config/gcloud\n"
                                    "    - ~/.config/gh\n"
                                    "    - ~/.config/glab-cli\n"
                                    "    - ~/.config/hub\n"
                                    "    - ~/.config/op\n"
                                    "    - ~/.config/rclone\n"
                                    "    - ~/.config/postern\n"
                                    "    - ~/.config/chromium\n"
                                    "    - ~/.config/google-chrome\n"
                                    "    - ~/.config/BraveSoftware\n"
                                    "    - ~/.config/microsoft-edge\n"
                                    "    - ~/.mozilla\n"
                                    "    - ~/.thunderbird\n"
                                    "    - ~/.local/share/keyrings\n"
                                    "    - ~/.local/share/kwalletd\n"
                                    "    - ~/.local/share/postern\n"
                                    "    - ~/.bash_history\n"
                                    "    - ~/.zsh_history\n"
                                    "    - ~/.python_history\n"
                                    "    - ~/.psql_history\n"
                                    "    - '{project}/**/.env'\n"
                                    "    - '{project}/**/.env.*'\n"
                                    "    - '{project}/**/id_rsa'\n"
                                    "    - '{project}/**/id_ed25519'\n"
                                    "    - '{project}/**/.git-credentials'\n"
                                    "    - '{project}/**/.netrc'\n"
                                    "dlp: {secrets: redact, entropy: log, fingerprints: block, canaries: block, plant_canaries: true}\n"
                                    "ledger: {required: true, bodies: digest}\n";

int policy_built_in(struct arena *arena, struct policy_doc **out)
{
	struct policy_problems problems = {0};
	int r = policy_parse(slice_of(built_in_text, sizeof(built_in_text) - 1), "built-in", POLICY_BUILT_IN, arena, out, &problems);
	policy_problems_free(&problems);
	if (r < 0)
		return r;
	(*out)->info.is_there = false;
	/* The system can be read; a home, and folders for what is temporary, are empty ones of the sandbox's own. */
	static const struct {
		const char *path, *text;
		bool absent;
	} rows[] = {{"/", "files /: read", false}, {"~", "files ~: not there", true}, {"/tmp", "files /tmp: not there", true},
	        {"/var/tmp", "files /var/tmp: not there", true}, {"/run", "files /run: not there", true}};
	struct grants *g = &(*out)->own;
	struct file_rule *list = arena_array(arena, g->n_file + ARRAY_LEN(rows), sizeof(*list));
	if (!list)
		return -ENOMEM;
	memcpy(list, g->file, g->n_file * sizeof(*list));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		list[g->n_file++] = (struct file_rule){.path = rows[i].path,
		        .access = rows[i].absent ? POLICY_NONE : POLICY_READ,
		        .absent = rows[i].absent,
		        .rule = {.place = {.layer = POLICY_BUILT_IN, .file = "built-in"},
		                .text = rows[i].text,
		                .verdict = rows[i].absent ? POLICY_DENY : POLICY_ALLOW}};
	g->file = list;
	return 0;
}

/* The stricter of all layers, but of person and command line the later. `larger`: a larger value is stricter. What is built in holds only
 * if nobody says anything. */
static void merge(const struct policy *p, size_t offset, bool larger, uint64_t nothing, struct policy_value *out)
{
	static const enum policy_layer order[] = {POLICY_ORGANISATION, POLICY_PROJECT, POLICY_COMMAND, POLICY_PERSON};
	*out = (struct policy_value){.value = nothing, .place = {.layer = POLICY_BUILT_IN, .file = "built-in"}};
	bool first = true, command = false;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		const struct policy_doc *d = p->doc[order[i]];
		struct doc_value v = {0};
		if (d)
			memcpy(&v, (const char *)d + offset, sizeof(v));
		if (!v.set || (order[i] == POLICY_PERSON && command))
			continue;
		command |= order[i] == POLICY_COMMAND;
		if (first || (larger ? v.value > out->value : v.value < out->value))
			*out = (struct policy_value){.value = v.value, .place = v.place};
		first = false;
	}
	const struct policy_doc *d = p->doc[POLICY_BUILT_IN];
	struct doc_value v = {0};
	if (d)
		memcpy(&v, (const char *)d + offset, sizeof(v));
	if (first && v.set)
		*out = (struct policy_value){.value = v.value, .place = v.place};
}

#define VALUE(p, member, larger, nothing, out) merge(p, offsetof(struct policy_doc, member), larger, nothing, out)

/* Where the organisation has the section, its word on what is unknown holds, and nobody can make it looser; without a word it is no. */
static void merge_unknown(struct policy *p)
{
	const struct policy_doc *org = p->doc[POLICY_ORGANISATION];
	VALUE(p, on_unknown, true, POLICY_DENY, &p->unknown_open);
	p->unknown_closed = p->unknown_open;
	if (org && !org->on_unknown.set)
		p->unknown_closed = (struct policy_value){.value = POLICY_DENY, .place = {.layer = POLICY_ORGANISATION, .file = org->file}};
	/* What the project says counts only where it is stricter: alone it cannot turn no into ask. */
	for (size_t i = 0; i < 2; i++) {
		struct policy_value *v = i ? &p->unknown_open : &p->unknown_closed;
		if (v->place.layer == POLICY_PROJECT && v->value == POLICY_ASK)
			*v = (struct policy_value){.value = POLICY_DENY, .place = {.layer = POLICY_BUILT_IN, .file = "built-in"}};
	}
	p->s.on_unknown = org && org->own.has_network ? p->unknown_closed : p->unknown_open;
}

/* credentials */

static int add_credential(struct policy *p, struct policy_credential *list, const struct policy_credential *from)
{
	struct policy_credential *c = &list[p->s.n_credentials];
	*c = *from;
	if (c->source == POLICY_SOURCE_FILE) {
		int r = policy_expand(p, &p->arena, from->from, &c->from);
		if (r < 0)
			return r;
	}
	if (c->source == POLICY_SOURCE_COMMAND) {
		size_t n = 0;
		while (c->argv[n])
			n++;
		const char **argv = arena_array(&p->arena, n + 1, sizeof(*argv));
		if (!argv)
			return -ENOMEM;
		for (size_t i = 0; i < n; i++)
			argv[i] = from->argv[i];
		int r = policy_expand(p, &p->arena, from->argv[0], &argv[0]);
		if (r < 0)
			return r;
		c->argv = argv;
	}
	p->s.n_credentials++;
	return 0;
}

static size_t find_credential(const struct policy_credential *list, size_t n, const char *name)
{
	size_t i = 0;
	while (i < n && strcmp(list[i].name, name) != 0)
		i++;
	return i;
}

/* The first layer that describes one holds. A lower one may only say where the key is, if that is not said above. */
static int merge_credentials(struct policy *p, struct policy_problems *problems)
{
	static const enum policy_layer order[] = {POLICY_ORGANISATION, POLICY_COMMAND, POLICY_PERSON};
	const struct policy_doc *org = p->doc[POLICY_ORGANISATION];
	bool closed = org && org->own.has_credentials && !(org->has_person && org->person.credentials);
	size_t total = 0;
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		total += p->doc[order[i]] ? p->doc[order[i]]->n_credentials : 0;
	struct policy_credential *list = arena_array(&p->arena, total + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		const struct policy_doc *d = p->doc[order[i]];
		for (size_t k = 0; d && k < d->n_credentials; k++) {
			const struct doc_credential *o = &d->credential[k];
			if (o->source_only)
				continue;
			if (find_credential(list, p->s.n_credentials, o->c.name) < p->s.n_credentials || (closed && d != org))
				continue;
			int r = add_credential(p, list, &o->c);
			if (r < 0)
				return r;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		const struct policy_doc *d = p->doc[order[i]];
		for (size_t k = 0; d && k < d->n_credentials; k++) {
			const struct policy_credential *o = &d->credential[k].c;
			size_t at = find_credential(list, p->s.n_credentials, o->name);
			if (at == p->s.n_credentials) {
				policy_problem(problems, !d->credential[k].source_only, o->place.file, o->place.line, o->place.column,
				        d->credential[k].source_only
				                ? "no layer says where the key of \"%s\" may go: \"host\" and \"header\" are missing"
				                : "the credential \"%s\" has no effect: the organisation says which there are, and its "
				                  "\"widen\" lets nobody add one",
				        o->name);
				if (d->credential[k].source_only)
					return -EINVAL;
				continue;
			}
			if (list[at].source == POLICY_SOURCE_NONE && o->source != POLICY_SOURCE_NONE) {
				/* Where it may go stays as it is. */
				struct policy_credential whole = list[at], kept = list[at];
				size_t n = p->s.n_credentials;
				whole.source = o->source;
				whole.from = o->from;
				whole.argv = o->argv;
				if (!whole.variable)
					whole.variable = o->variable;
				int r = add_credential(p, list, &whole);
				if (r < 0)
					return r;
				list[at] = list[n];
				list[at].place = kept.place;
				p->s.n_credentials = n;
			}
		}
	}
	p->s.credential = list;
	return 0;
}

/* labels */

static int expand_list(const struct policy *p, struct arena *a, const char *const *list, const char *const **out)
{
	size_t n = 0, kept = 0;
	while (list[n])
		n++;
	const char **copy = arena_array(a, n + 1, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int r = policy_expand(p, a, list[i], &copy[kept]);
		if (r < 0)
			return r;
		kept += copy[kept] != NULL;
	}
	copy[kept] = NULL;
	*out = copy;
	return 0;
}

static int merge_labels(struct policy *p)
{
	size_t total = 0;
	for (size_t l = 0; l < POLICY_LAYERS; l++)
		total += p->doc[l] ? p->doc[l]->n_labels : 0;
	struct policy_label *list = arena_array(&p->arena, total + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t l = 0; l < POLICY_LAYERS; l++)
		for (size_t i = 0; p->doc[l] && i < p->doc[l]->n_labels; i++) {
			struct policy_label *to = &list[p->s.n_labels++];
			*to = p->doc[l]->label[i];
			int r = expand_list(p, &p->arena, to->paths, &to->paths);
			if (r < 0)
				return r;
		}
	p->s.label = list;
	return 0;
}

/* dlp */

/* The member of policy_doc at `offset`, which may be NULL: of all layers, one after the other; paths are expanded. */
static int merge_texts(struct policy *p, size_t offset, bool paths, const char *const **out)
{
	const char *const *of[POLICY_LAYERS];
	size_t total = 0, n = 0;
	for (size_t l = 0; l < POLICY_LAYERS; l++) {
		of[l] = NULL;
		if (p->doc[l])
			memcpy(&of[l], (const char *)p->doc[l] + offset, sizeof(of[l]));
		for (size_t i = 0; of[l] && of[l][i]; i++)
			total++;
	}
	const char **list = arena_array(&p->arena, total + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t l = 0; l < POLICY_LAYERS; l++) {
		const char *const *from = of[l];
		for (size_t i = 0; from && from[i]; i++) {
			list[n] = from[i];
			if (paths) {
				int r = policy_expand(p, &p->arena, from[i], &list[n]);
				if (r < 0)
					return r;
			}
			n += list[n] != NULL;
		}
	}
	list[n] = NULL;
	*out = list;
	return 0;
}

/* A kind's verdict stands in place of its class's within a layer; over the layers the strictest holds, as everywhere. */
static void merge_kind(const struct policy *p, const char *name, struct policy_named *out)
{
	bool first = true;
	for (size_t l = POLICY_ORGANISATION; l < POLICY_LAYERS; l++) {
		const struct policy_doc *d = p->doc[l];
		const struct policy_named *kind = NULL;
		for (size_t i = 0; d && i < d->n_kinds; i++)
			if (strcmp(d->kind[i].name, name) == 0)
				kind = &d->kind[i];
		if (!kind && (!d || !d->dlp[POLICY_DLP_SECRETS].set))
			continue;
		enum policy_dlp_verdict v = kind ? kind->verdict : (enum policy_dlp_verdict)d->dlp[POLICY_DLP_SECRETS].value;
		if (first || v > out->verdict)
			*out = (struct policy_named){
			        .name = name, .verdict = v, .place = kind ? kind->place : d->dlp[POLICY_DLP_SECRETS].place};
		first = false;
	}
	/* A project that nobody else answers cannot switch off what is built in. */
	const struct policy_doc *b = p->doc[POLICY_BUILT_IN];
	if (out->place.layer == POLICY_PROJECT && b->dlp[POLICY_DLP_SECRETS].set && out->verdict < b->dlp[POLICY_DLP_SECRETS].value)
		*out = (struct policy_named){.name = name,
		        .verdict = (enum policy_dlp_verdict)b->dlp[POLICY_DLP_SECRETS].value,
		        .place = b->dlp[POLICY_DLP_SECRETS].place};
}

static int merge_kinds(struct policy *p)
{
	size_t total = 0;
	for (size_t l = 0; l < POLICY_LAYERS; l++)
		total += p->doc[l] ? p->doc[l]->n_kinds : 0;
	struct policy_named *list = arena_array(&p->arena, total + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t l = POLICY_ORGANISATION; l < POLICY_LAYERS; l++)
		for (size_t i = 0; p->doc[l] && i < p->doc[l]->n_kinds; i++) {
			const char *name = p->doc[l]->kind[i].name;
			size_t k = 0;
			while (k < p->s.dlp.n_kinds && strcmp(list[k].name, name) != 0)
				k++;
			if (k == p->s.dlp.n_kinds)
				merge_kind(p, name, &list[p->s.dlp.n_kinds++]);
		}
	p->s.dlp.kind = list;
	return 0;
}

static int merge_dlp(struct policy *p)
{
	struct policy_dlp *d = &p->s.dlp;
	size_t total = 0;
	struct policy_value v;
	for (size_t c = 0; c < POLICY_DLP_CLASSES; c++) {
		merge(p, offsetof(struct policy_doc, dlp) + c * sizeof(struct doc_value), true, POLICY_DLP_OFF, &v);
		const struct doc_value *b = &p->doc[POLICY_BUILT_IN]->dlp[c];
		if (v.place.layer == POLICY_PROJECT && b->set && v.value < b->value)
			v = (struct policy_value){.value = b->value, .place = b->place};
		d->class[c] = (struct policy_dlp_rule){.verdict = (enum policy_dlp_verdict)v.value, .place = v.place};
	}
	VALUE(p, plant, true, 0, &v);
	d->plant = v.value != 0;
	for (size_t l = 0; l < POLICY_LAYERS; l++)
		total += p->doc[l] ? p->doc[l]->n_patterns : 0;
	struct policy_pattern *list = arena_array(&p->arena, total + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t l = 0; l < POLICY_LAYERS; l++)
		for (size_t i = 0; p->doc[l] && i < p->doc[l]->n_patterns; i++)
			list[d->n_patterns++] = p->doc[l]->pattern[i];
	d->pattern = list;
	int r = merge_texts(p, offsetof(struct policy_doc, fingerprints), true, &d->fingerprints);
	r = r < 0 ? r : merge_texts(p, offsetof(struct policy_doc, canaries), false, &d->canaries);
	return r < 0 ? r : merge_kinds(p);
}

/* A value of the project alone counts only if it is stricter than what holds without it. */
static void not_looser(const struct policy *p, size_t offset, bool larger, struct policy_value *v)
{
	struct doc_value b;
	memcpy(&b, (const char *)p->doc[POLICY_BUILT_IN] + offset, sizeof(b));
	if (v->place.layer == POLICY_PROJECT && b.set && (larger ? v->value < b.value : v->value > b.value))
		*v = (struct policy_value){.value = b.value, .place = b.place};
}

int policy_merge(struct policy *p, struct policy_problems *problems)
{
	static const enum policy_layer ledgers[] = {POLICY_ORGANISATION, POLICY_COMMAND, POLICY_PERSON};
	for (size_t l = 0; l < POLICY_LAYERS; l++)
		if (p->doc[l])
			p->s.layer[l] = p->doc[l]->info;
	for (size_t i = 0; i < POLICY_LIMITS; i++)
		merge(p, offsetof(struct policy_doc, limit) + i * sizeof(struct doc_value), false, UINT64_MAX, &p->s.limit[i]);
	VALUE(p, neutral, true, 0, &p->s.neutral);
	/* A set, not a number: what any layer makes neutral is. */
	for (size_t l = POLICY_ORGANISATION; l < POLICY_LAYERS; l++)
		if (p->doc[l] && p->doc[l]->neutral.set &&
		        !(l == POLICY_PERSON && p->doc[POLICY_COMMAND] && p->doc[POLICY_COMMAND]->neutral.set))
			p->s.neutral.value |= p->doc[l]->neutral.value;
	VALUE(p, review, true, POLICY_REVIEW_COPY, &p->s.review);
	not_looser(p, offsetof(struct policy_doc, review), true, &p->s.review);
	VALUE(p, ledger_required, true, 0, &p->s.ledger_required);
	not_looser(p, offsetof(struct policy_doc, ledger_required), true, &p->s.ledger_required);
	VALUE(p, ledger_bodies, true, POLICY_BODIES_DIGEST, &p->s.ledger_bodies);
	not_looser(p, offsetof(struct policy_doc, ledger_bodies), true, &p->s.ledger_bodies);
	merge_unknown(p);
	for (size_t i = 0; i < ARRAY_LEN(ledgers) && !p->s.ledger; i++) {
		const struct policy_doc *d = p->doc[ledgers[i]];
		if (d && d->ledger) {
			p->ledger_said = d->ledger;
			int r = policy_expand(p, &p->arena, d->ledger, &p->s.ledger);
			if (r < 0)
				return r;
		}
	}
	int r = merge_credentials(p, problems);
	r = r < 0 ? r : merge_labels(p);
	r = r < 0 ? r : merge_texts(p, offsetof(struct policy_doc, scan_yara), true, &p->s.scan_yara);
	return r < 0 ? r : merge_dlp(p);
}

/* wishes */

struct wishes {
	struct policy *p;
	const char **list;
	size_t max;
	int error;
};

static void wish(struct wishes *w, const struct rule *r)
{
	if (w->p->s.n_wishes + 1 >= w->max)
		return;
	const char *s = arena_fmt(&w->p->arena, "%s:%u (%s): %s", r->place.file, r->place.line, policy_layer_name(r->place.layer), r->text);
	if (s)
		w->list[w->p->s.n_wishes++] = s;
	else
		w->error = -ENOMEM;
}

/* A request that the rule fits, to see whether anything comes of it. */
static void wish_network(struct wishes *w, const struct net_rule *r)
{
	_cleanup_buf_ struct buf host = BUF(300);
	struct policy_network n;
	if (r->any)
		buf_str_add(&host, "any.invalid");
	else
		buf_fmt(&host, "%s%.*s", r->suffix ? "x." : "", SLICE_FMT(r->host));
	struct policy_request q = {.host = buf_slice(&host), .port = r->n_ports ? r->port[0].low : 443};
	policy_network(w->p, &q, &n);
	if (n.decision.unknown)
		wish(w, &r->rule);
}

int policy_wishes(struct policy *p)
{
	struct wishes w = {.p = p, .max = 1000};
	w.list = arena_array(&p->arena, w.max + 1, sizeof(*w.list));
	if (!w.list)
		return -ENOMEM;
	for (size_t l = POLICY_PROJECT; l < POLICY_LAYERS; l++) {
		const struct grants *g = p->doc[l] ? &p->doc[l]->own : NULL;
		for (size_t i = 0; g && i < g->n_net; i++)
			if (g->net[i].rule.verdict != POLICY_DENY)
				wish_network(&w, &g->net[i]);
		for (size_t i = 0; g && i < g->n_file; i++) {
			const char *path;
			struct policy_file f;
			if (g->file[i].access == POLICY_NONE)
				continue;
			int r = policy_expand(p, &p->arena, g->file[i].path, &path);
			if (r < 0)
				return r;
			if (!path)
				continue;
			policy_file(p, slice_str(path), g->file[i].access, &f);
			if (f.decision.verdict == POLICY_DENY)
				wish(&w, &g->file[i].rule);
		}
	}
	p->s.wishes = w.list;
	return w.error;
}
