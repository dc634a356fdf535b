/* The questionnaire: data handling, transparency. */
#include <inttypes.h>

#include "base/buf.h"
#include "inspect/scan.h"
#include "vet/question_part.h"

#define NAMES_MAX 12 /* hosts named in one answer */

static const char *const identity[] = {
        "hostname", "user", "home", "project", "git_remote", "git_identity", "company", "mac", "ip", "dns_search", "machine_id", NULL};
static const char *const secrets[] = {"credentials", NULL};
static const char *const variables[] = {"ci", "terminal", "shell", "locale", "timezone", "proxy", "ai_tools", NULL};

/* "https, http, dns": what the endpoints begin with. */
static void protocols(const struct vet_result *r, struct buf *out)
{
	static const struct {
		const char *mark, *name;
	} known[] = {{"https://", "HTTPS"}, {"http://", "HTTP"}, {"WS ", "WebSocket"}, {"WSS ", "WebSocket over TLS"}, {"DNS", "DNS"},
	        {"TLS", "TLS"}, {"UDP", "UDP"}, {"TCP", "TCP"}};
	for (size_t k = 0; k < ARRAY_LEN(known); k++)
		for (size_t i = 0; i < r->n_fields; i++)
			if (slice_find(slice_str(r->fields[i].endpoint), slice_str(known[k].mark), 0) != SLICE_NPOS) {
				buf_fmt(out, "%s%s", out->n ? ", " : "", known[k].name);
				break;
			}
}

/* Names of hosts, those that are declared or those that are not; returns how many. */
static size_t hosts_of(const struct vet_result *r, bool declared, struct buf *out)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n_hosts; i++) {
		if (r->hosts[i].declared != declared)
			continue;
		if (n++ < NAMES_MAX)
			buf_fmt(out, "%s%.120s", n > 1 ? ", " : "",
			        strcmp(r->hosts[i].name, "{gateway}") == 0 ? "the gateway" : r->hosts[i].name);
	}
	if (n > NAMES_MAX)
		buf_fmt(out, " and %zu more", n - NAMES_MAX);
	return n;
}

void answer_hosts(struct asking *a)
{
	_cleanup_buf_ struct buf known = BUF(4096), unknown = BUF(4096), how = BUF(256);
	if (!answer_can(a))
		return;
	size_t declared = hosts_of(a->r, true, &known), undeclared = hosts_of(a->r, false, &unknown);
	protocols(a->r, &how);
	for (size_t i = 0; i < a->r->n_hosts; i++)
		answer_cite(a, "host %.120s: %u connections in %u trials", a->r->hosts[i].name, a->r->hosts[i].connections,
		        a->r->hosts[i].trials);
	answer_say(a, undeclared > 0, "%zu host%s in %u trials%s%s. Declared by the vendor: %s. Not declared: %s.", declared + undeclared,
	        declared + undeclared == 1 ? "" : "s", answer_trials(a), how.n ? ", by " : "", buf_str(&how),
	        declared ? buf_str(&known) : "none", undeclared ? buf_str(&unknown) : "none");
}

void answer_before_consent(struct asking *a)
{
	if (!answer_conduct(a))
		answer_not(a, "no trial leaves the tool's first questions (terms, trust, sign-in) unanswered.");
}

void answer_identity_fields(struct asking *a)
{
	_cleanup_buf_ struct buf found = BUF(4096), varied = BUF(1024);
	if (!answer_can(a))
		return;
	if (answer_varied(a, identity, &varied) == 0) {
		answer_not(a, "none of these was varied (--factors).");
		return;
	}
	size_t declared = answer_findings(a, identity, CLASS_DISCLOSED, CLASS_DISCLOSED, &found);
	size_t worse = answer_findings(a, identity, CLASS_UNDECLARED, CLASS_COVERT, &found);
	answer_say(a, worse > 0, "Varied: %s. Sent: %s.%s", buf_str(&varied), declared + worse ? buf_str(&found) : "none of them was seen",
	        worse ? " What is not disclosed is not in the vendor's declarations." : "");
}

/* "{credentials}", "{credentials:2}" … in an excerpt. */
static bool holds_placeholder(const char *text, const char *factor)
{
	struct slice s = slice_str(text);
	size_t n = strlen(factor);
	for (size_t at = 0; (at = slice_chr(s, '{', at)) != SLICE_NPOS; at++)
		if (slice_starts(slice_from(s, at + 1), slice_of(factor, n)))
			return true;
	return false;
}

static void canaries_by_factor(struct asking *a)
{
	_cleanup_buf_ struct buf found = BUF(4096);
	const struct vet_factor_row *row = answer_factor(a, secrets[0]);
	if (!answer_can(a))
		return;
	if (!row || row->trials == 0) {
		answer_not(a, "no canary credentials were varied (--factors).");
		return;
	}
	size_t literal = 0, digests = 0;
	for (size_t i = 0; i < a->r->n_findings; i++) {
		const struct vet_finding *f = &a->r->findings[i];
		if (strcmp(f->factor, secrets[0]) != 0)
			continue;
		/* The secret itself stands in a finding as a placeholder; what only follows from its being there has none. */
		bool there = holds_placeholder(f->before, secrets[0]) || holds_placeholder(f->after, secrets[0]);
		literal += there && f->class != CLASS_HASHED;
		digests += f->class == CLASS_HASHED;
		if (there || f->class == CLASS_HASHED)
			answer_cite(a, "finding %zu: %.100s, %.100s", i, f->endpoint, f->address);
	}
	if (literal || digests) {
		answer_say(a, true, "Yes: in %zu finding%s as it is or encoded, in %zu as a digest.", literal, literal == 1 ? "" : "s",
		        digests);
		return;
	}
	size_t n = answer_findings(a, secrets, CLASS_DISCLOSED, CLASS_COVERT, &found);
	answer_say(a, n > 0,
	        "None was seen in %u trials: made-up keys and tokens lay in the files and variables where people have them, and none left "
	        "as it is, in "
	        "base64, hex or another known form, or as a digest.%s%s",
	        answer_trials(a), n ? " But what is sent tells that they lie there: " : "", n ? buf_str(&found) : "");
}

void answer_canaries(struct asking *a)
{
	canaries_by_factor(a);
	answer_add_conduct(a);
}

void answer_reads_outside(struct asking *a)
{
	if (!answer_conduct(a))
		answer_not(a, "the files that a tool opens are not recorded in a trial.");
}

void answer_ignore_files(struct asking *a)
{
	if (!answer_conduct(a))
		answer_not(a, "no trial has the tool asked for a file that an ignore file names.");
}

static void variables_sent_by_factor(struct asking *a)
{
	_cleanup_buf_ struct buf found = BUF(4096), varied = BUF(1024);
	if (!answer_can(a))
		return;
	if (answer_varied(a, variables, &varied) == 0) {
		answer_not(a, "no variable was varied (--factors).");
		return;
	}
	size_t fine = answer_findings(a, variables, CLASS_DISCLOSED, CLASS_DISCLOSED, &found);
	size_t worse = answer_findings(a, variables, CLASS_UNDECLARED, CLASS_COVERT, &found);
	answer_say(a, worse > 0, "Of the variables that say this, which were varied: %s. What is sent follows: %s. Others were not varied.",
	        buf_str(&varied), fine + worse ? buf_str(&found) : "none of them");
}

void answer_variables_sent(struct asking *a)
{
	variables_sent_by_factor(a);
	answer_add_conduct(a);
}

void answer_bytes(struct asking *a)
{
	if (answer_conduct(a))
		return;
	uint64_t all = 0, most = 0;
	const char *to = "";
	if (!answer_can(a))
		return;
	for (size_t i = 0; i < a->r->n_hosts; i++) {
		all += a->r->hosts[i].bytes;
		if (a->r->hosts[i].bytes > most) {
			most = a->r->hosts[i].bytes;
			to = a->r->hosts[i].name;
		}
	}
	unsigned n = a->r->trials ? a->r->trials : 1;
	answer_cite(a, "%" PRIu64 " bytes in %u trials", all, a->r->trials);
	if (!most)
		answer_say(a, false, "None, in %u trials.", a->r->trials);
	else
		answer_say(a, false,
		        "%" PRIu64 " bytes a trial on average, which is one prompt with a short answer; %" PRIu64 " of them to %.120s.",
		        all / n, most / n, to);
}

void answer_transcripts(struct asking *a)
{
	if (!answer_conduct(a))
		answer_not(a, "the files that a tool leaves behind are not looked at after a trial.");
}

void answer_opt_outs(struct asking *a)
{
	if (!answer_conduct(a))
		answer_not(a, "no trial sets the opt-outs that the profile names and compares what is still sent.");
}

void answer_endpoints_documented(struct asking *a)
{
	_cleanup_buf_ struct buf unknown = BUF(4096);
	if (!answer_can(a))
		return;
	size_t n = hosts_of(a->r, false, &unknown);
	for (size_t i = 0; i < a->r->n_hosts; i++)
		if (!a->r->hosts[i].declared)
			answer_cite(a, "host %.120s", a->r->hosts[i].name);
	if (n)
		answer_say(a, true, "No. %zu of %zu hosts stand in no declaration of the vendor that the profile \"%s\" knows: %s.", n,
		        a->r->n_hosts, a->r->profile ? a->r->profile : "", buf_str(&unknown));
	else
		answer_say(a, false,
		        "All %zu hosts that were contacted stand in a declaration of the vendor that the profile \"%s\" knows.",
		        a->r->n_hosts, a->r->profile ? a->r->profile : "");
}

void answer_fields_documented(struct asking *a)
{
	size_t n[CLASS_END] = {0}, places = 0;
	if (!answer_can(a))
		return;
	for (size_t i = 0; i < a->r->n_findings; i++) {
		const struct vet_finding *f = &a->r->findings[i];
		n[f->class]++;
		places += f->class > CLASS_DISCLOSED ? 1 + (size_t)f->occurrences : 0;
		if (f->class > CLASS_DISCLOSED)
			answer_cite(a, "finding %zu: %s, %s", i, f->factor, leak_class_name(f->class));
	}
	size_t all = n[CLASS_UNDECLARED] + n[CLASS_HASHED] + n[CLASS_COVERT];
	answer_say(a, all > 0,
	        "Of the fields that follow something about the machine: %zu as declared; %zu undeclared, %zu hashed and %zu covert, at %zu "
	        "places. "
	        "In all %zu fields are sent; what is the same everywhere was not held against the documents.",
	        n[CLASS_DISCLOSED], n[CLASS_UNDECLARED], n[CLASS_HASHED], n[CLASS_COVERT], places, a->r->n_fields + a->r->fields_left_out);
}

void answer_factors(struct asking *a)
{
	_cleanup_buf_ struct buf list = BUF(6000);
	size_t varied = 0, n = 0;
	bool hidden = false;
	if (!answer_can(a))
		return;
	for (size_t i = 0; i < a->r->n_factors; i++) {
		const struct vet_factor_row *row = &a->r->factors[i];
		enum leak_class worst = CLASS_NONE;
		double p = 1;
		varied += row->trials > 0;
		for (size_t k = 0; k < a->r->n_findings; k++) {
			const struct vet_finding *f = &a->r->findings[k];
			if (strcmp(f->factor, row->name) != 0 || (f->class == worst && f->p_value >= p) || f->class < worst)
				continue;
			worst = f->class;
			p = f->p_value;
		}
		if (worst == CLASS_NONE)
			continue;
		hidden |= worst == CLASS_COVERT || worst == CLASS_HASHED;
		buf_fmt(&list, "%s%s (%s", n++ ? ", " : "", row->title, leak_class_name(worst));
		/* What stands there as it is needs no test. */
		if (p > 0)
			buf_fmt(&list, ", p = %.2g)", p);
		else
			buf_str_add(&list, worst == CLASS_HASHED ? ", its digest)" : ", literally)");
		answer_cite(a, "%s: %u level%s in %u trial%s", row->title, row->levels_tried, row->levels_tried == 1 ? "" : "s",
		        row->trials, row->trials == 1 ? "" : "s");
	}
	answer_say(a, hidden,
	        "Of %zu things about the machine that were varied, the output follows %zu: %s. p is the exact probability to see it by "
	        "chance.",
	        varied, n, n ? buf_str(&list) : "none");
}

/* What the scan of the files says of packed text and unreadable code; nothing if they were not scanned. */
static void packed(struct asking *a, struct buf *out)
{
	const struct scan_result *s = a->r->content.scan;
	size_t files = 0;
	for (size_t i = 0; s && i < s->packages; i++) {
		size_t n;
		const struct posture_use *u = posture_of(&s->package[i], POSTURE_PACKED, &n);
		for (size_t k = 0; k < n; k++) {
			answer_cite(a, "%.160s: %.120s, %.160s line %u", s->package[i].name, u[k].name, u[k].file, u[k].line);
			files++;
		}
	}
	if (files)
		buf_fmt(out, " The scan of its files met packed text, or code whose names were made unreadable, %zu time%s.", files,
		        files == 1 ? "" : "s");
	else if (s && s->packages)
		buf_str_add(out, " The scan of its files met no packed text, and no code whose names were made unreadable.");
	if (scan_result_is_bad(a->r->content.scan))
		buf_str_add(out, " Something in them is bad; see what is in its files.");
}

void answer_obfuscated(struct asking *a)
{
	const struct vet_constants *c = &a->r->constants;
	_cleanup_buf_ struct buf list = BUF(4096), files = BUF(1024);
	size_t told = 0;
	packed(a, &files);
	if (!c->looked) {
		answer_not(a, "the artefact has no constants that could be read%s%.300s.", c->note ? ": " : "", c->note ? c->note : "");
		return;
	}
	for (size_t i = 0; i < c->n_lists; i++) {
		const struct vet_constant_list *l = &c->lists[i];
		if (!l->hidden)
			continue;
		answer_cite(a, "list %u: %.160s at byte %" PRIu64 ", %s", l->number, l->file, l->at, l->encoding);
		if (told++ < NAMES_MAX)
			buf_fmt(&list, "%slist %u, %zu %s (%s)", told > 1 ? "; " : "", l->number, l->total, l->holds, l->encoding);
	}
	if (told)
		answer_say(a, true, "Yes, %zu list%s: %s.%s%s", told, told == 1 ? "" : "s", buf_str(&list),
		        c->n_behaviours ? " Members of lists change what is sent; see the behaviours in the report." : "", buf_str(&files));
	else
		answer_say(a, scan_result_is_bad(a->r->content.scan),
		        "No list was found behind an encoding in %" PRIu64 " constants of %" PRIu64 " files.%s%s", c->constants, c->files,
		        c->cut ? " A limit was met." : "", buf_str(&files));
}

void answer_code_points(struct asking *a)
{
	_cleanup_buf_ struct buf list = BUF(4096);
	bool hidden = false;
	if (!answer_can(a))
		return;
	for (size_t i = 0; i < a->r->n_anomalies; i++) {
		const struct vet_anomaly *o = &a->r->anomalies[i];
		if (i < NAMES_MAX)
			buf_fmt(&list, "%sU+%04X %s (%u place%s)", i ? ", " : "", o->codepoint, o->name, o->places,
			        o->places == 1 ? "" : "s");
		answer_cite(a, "U+%04X in %.100s, %.100s", o->codepoint, o->endpoint, o->address);
	}
	for (size_t i = 0; i < a->r->n_findings; i++)
		for (size_t k = 0; k < a->r->findings[i].n_codepoints && a->r->findings[i].class == CLASS_COVERT; k++)
			hidden |= a->r->findings[i].codepoints[k].value > 0x7e;
	if (a->r->all_anomalies)
		answer_say(a, true, "Yes, in what every trial sent alike: %s%s.%s", buf_str(&list),
		        a->r->all_anomalies > NAMES_MAX ? ", and more" : "",
		        hidden ? " Where the findings say so, such characters come and go with the machine." : "");
	else
		answer_say(a, hidden, "None in the %zu fields that every trial sent%s.", a->r->n_fields + a->r->fields_left_out,
		        hidden ? "; but the findings show some that come and go with the machine" : "");
}

void answer_variables_read(struct asking *a)
{
	const struct vet_constants *c = &a->r->constants;
	for (size_t i = 0; i < c->n_counts; i++)
		if (strcmp(c->counts[i].class, "variable") == 0 && c->counts[i].n) {
			answer_not(a,
			        "the artefact names %" PRIu64
			        " variables; which of them it reads cannot be seen, as a program reads its variables without "
			        "asking the system.",
			        c->counts[i].n);
			return;
		}
	answer_not(a, "a program reads its variables without asking the system; only names among the artefact's constants could tell.");
}

void answer_model(struct asking *a)
{
	_cleanup_buf_ struct buf list = BUF(2048);
	size_t n = 0;
	for (size_t i = 0; i < a->r->n_fields; i++) {
		const struct vet_field *f = &a->r->fields[i];
		struct slice at = slice_str(f->address);
		if (!slice_ends(at, SLICE("body.model")) || !f->value)
			continue;
		answer_cite(a, "%.120s, %.80s = %.60s", f->endpoint, f->address, f->value);
		bool seen = slice_find(buf_slice(&list), slice_str(f->value), 0) != SLICE_NPOS;
		if (!seen)
			buf_fmt(&list, "%s%.60s", n++ ? ", " : "", f->value);
	}
	if (n)
		answer_not(a,
		        "requests name the model %s, in every trial the same; but no trial asks for a certain model and looks whether it "
		        "comes.",
		        buf_str(&list));
	else
		answer_not(a, "no request was seen that names a model in its body.");
}

void answer_changelog(struct asking *a)
{
	answer_not(a, "what changed was not compared with a changelog; postern vet --compare lists what changed.");
}
