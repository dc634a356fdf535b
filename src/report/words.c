#include "report/words.h"

#include "inspect/scan.h"
#include "report/content.h"
#include "report/write.h"

#define LEVELS 4  /* named in a sentence */
#define QUOTE  60 /* columns of a quotation */
#define NAMES  4  /* characters of a side that are worth naming */
#define GROW   24 /* bytes by which a differing span grows to whole words, each way */

const char *words_class(enum leak_class class)
{
	static const char *const meaning[CLASS_END] = {
	        [CLASS_COVERT] = "what is sent depends on it, and no literal form and no known derivation explains how",
	        [CLASS_HASHED] = "a digest of the value is sent",
	        [CLASS_UNDECLARED] = "the value, or what plainly follows from it, is sent, and the vendor does not say so",
	        [CLASS_DISCLOSED] = "it is sent, and the vendor says so",
	};
	return class < CLASS_END && meaning[class] ? meaning[class] : "";
}

struct slice words_host(struct slice name)
{
	if (slice_is(name, "{gateway}"))
		return SLICE("your gateway");
	if (slice_is(name, "{proxy}") || slice_is(name, "HOSTS"))
		return slice_is(name, "HOSTS") ? SLICE("(which hosts)") : SLICE("your proxy");
	return name;
}

struct slice words_field(const char *address)
{
	struct slice s = slice_str(address);
	size_t line = slice_find(s, SLICE(" line \""), 0);
	if (line != SLICE_NPOS)
		return slice_from(s, line + 1);
	if (slice_find(s, SLICE("body"), 0) == SLICE_NPOS && slice_find(s, SLICE("json"), 0) == SLICE_NPOS)
		return s; /* a host name, a header */
	/* Two names at the end; what is in brackets belongs to the name before it. */
	int depth = 0, dots = 0;
	for (size_t i = s.n; i > 0; i--) {
		uint8_t c = s.p[i - 1];
		depth += c == ']' || c == ')' ? 1 : c == '[' || c == '(' ? -1 : 0;
		if (c == '.' && depth == 0 && ++dots == 2)
			return slice_from(s, i);
	}
	return s;
}

const char *words_also(const struct vet_finding *f, size_t k)
{
	struct slice all = slice_str(f->also_at[k]), endpoint = slice_str(f->endpoint);
	if (endpoint.n && all.n > endpoint.n + 1 && slice_starts(all, endpoint) && all.p[endpoint.n] == ' ')
		return f->also_at[k] + endpoint.n + 1;
	return f->also_at[k];
}

size_t words_factors(const struct vet_result *r, enum leak_class class)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n_findings; i++) {
		bool seen = r->findings[i].class != class;
		for (size_t j = 0; j < i && !seen; j++)
			seen = r->findings[j].class == class &&
			       slice_eq(slice_str(r->findings[j].factor), slice_str(r->findings[i].factor));
		n += !seen;
	}
	return n;
}

/* What all the levels end in, from a dot on: ".cn" of two host names. */
static struct slice common_end(const char *const *levels)
{
	struct slice end = slice_str(levels && levels[0] && levels[1] ? levels[0] : NULL);
	for (size_t i = 1; end.n && levels[i]; i++) {
		struct slice s = slice_str(levels[i]);
		size_t n = 0;
		while (n < end.n && n < s.n && end.p[end.n - 1 - n] == s.p[s.n - 1 - n])
			n++;
		end = slice_from(end, end.n - n);
	}
	size_t dot = slice_chr(end, '.', 0);
	return dot < end.n && end.n - dot > 2 ? slice_from(end, dot) : SLICE_NONE;
}

/* "proxy variables are", "number of CPUs is". */
static bool plural(struct slice title)
{
	return (slice_ends(title, SLICE("variables")) || slice_ends(title, SLICE("files")) || slice_ends(title, SLICE("canaries)"))) &&
	       !slice_starts(title, SLICE("number"));
}

static void is_one_of(struct buf *b, const char *title, const char *const *levels)
{
	size_t n = 0;
	while (levels && levels[n])
		n++;
	bool many = plural(slice_str(title));
	buf_fmt(b, "the %s ", title ? title : "?");
	if (n == 0)
		buf_str_add(b, many ? "change" : "changes");
	else
		buf_fmt(b, "%s %s", many ? "are" : "is", n > LEVELS ? "one of " : "");
	for (size_t i = 0; i < n && i < LEVELS; i++)
		buf_fmt(b, "%s%.100s", i == 0 ? "" : i + 1 == n ? " or " : ", ", levels[i]);
	if (n > LEVELS)
		buf_fmt(b, " and %zu more", n - LEVELS);
	struct slice end = common_end(levels);
	if (end.n)
		buf_fmt(b, " (all end in %.*s)", SLICE_FMT(end));
}

static void when(struct buf *b, const struct vet_result *r, const struct vet_finding *f)
{
	buf_str_add(b, "When ");
	is_one_of(b, write_factor_title(r, f->factor), f->levels);
	for (size_t i = 1; i < f->n_conditions; i++) {
		const struct vet_condition *k = &f->conditions[i];
		buf_str_add(b, " and ");
		/* "the API host is a gateway": which one is not the point. */
		if (k->factor && slice_is(slice_str(k->factor), "base") && k->levels && k->levels[0])
			buf_str_add(b, slice_is(slice_str(k->levels[0]), "gateway") ? "the API host is a gateway"
			                                                            : "the API host is the official one");
		else
			is_one_of(b, k->title, k->levels);
	}
}

/* The differing span grown to whole words, so that a changed apostrophe is shown in its word. */
static struct slice span(const char *text, size_t at, size_t n)
{
	struct write_parts p = write_parts(text, at, n);
	struct slice all = slice_str(text);
	size_t from = p.pre.n, to = p.pre.n + p.mid.n;
	for (size_t k = 0; k < GROW && from > 0 && all.p[from - 1] > ' '; k++)
		from--;
	for (size_t k = 0; k < GROW && to < all.n && all.p[to] > ' '; k++)
		to++;
	while (to > p.pre.n + p.mid.n && strchr(".,;:", all.p[to - 1]))
		to--;
	p = write_parts(text, from, to - from);
	return p.mid;
}

static void quote(struct buf *b, struct slice s)
{
	struct slice fit = write_fit(s, QUOTE, false);
	buf_str_add(b, "“");
	buf_add(b, fit);
	buf_str_add(b, fit.n < s.n ? "…”" : "”");
}

static const char *part_of_message(const char *address)
{
	static const struct {
		const char *mark, *words;
	} parts[] = {
	        {"messages[user", " (in a user message)"},
	        {"input[user", " (in a user message)"},
	        {"contents[user", " (in a user message)"},
	        {"system", " (in the system prompt)"},
	        {"instructions", " (in the system prompt)"},
	        {"tools[", " (in the tools that it offers to the model)"},
	        {"header", " (in a header)"},
	};
	for (size_t i = 0; address && i < ARRAY_LEN(parts); i++)
		if (strstr(address, parts[i].mark))
			return parts[i].words;
	return "";
}

bool words_names_help(const struct vet_finding *f)
{
	size_t sides[2] = {0, 0};
	bool odd = false;
	for (size_t i = 0; i < f->n_codepoints; i++) {
		uint32_t c = f->codepoints[i].value;
		odd = odd || !((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'));
		sides[f->codepoints[i].in_after]++;
	}
	return odd && sides[0] <= NAMES && sides[1] <= NAMES;
}

/* One character for another that may look like it: the names say what the eye does not. */
static void characters(struct buf *b, const struct vet_finding *f)
{
	if (!words_names_help(f) || f->n_codepoints != 2 || f->codepoints[0].in_after == f->codepoints[1].in_after)
		return;
	const struct vet_codepoint *from = &f->codepoints[f->codepoints[0].in_after ? 1 : 0],
	                           *to = &f->codepoints[f->codepoints[0].in_after ? 0 : 1];
	buf_fmt(b, ": U+%04X %.60s for U+%04X %.60s", (unsigned)to->value, to->name ? to->name : "", (unsigned)from->value,
	        from->name ? from->name : "");
}

void words_finding(struct buf *b, const struct vet_result *r, const struct vet_finding *f)
{
	bool before = f->before && f->before[0], after = f->after && f->after[0];
	struct slice host = words_host(write_endpoint_host(f->endpoint));
	host = write_fit(host, QUOTE, false);
	when(b, r, f);
	if (f->address && strcmp(f->address, "(present)") == 0) {
		struct slice endpoint = write_fit(slice_str(f->endpoint), 2 * QUOTE, false);
		buf_fmt(b, ", the tool %s %.*s.", after ? "sends" : "does not send", SLICE_FMT(endpoint));
		return;
	}
	buf_fmt(b, ", what goes to %.*s ", SLICE_FMT(host));
	if (f->class == CLASS_HASHED) {
		buf_str_add(b, "holds a digest of it: ");
		quote(b, span(f->after, f->after_at, f->after_n));
	} else if (before && after) {
		buf_str_add(b, "says ");
		quote(b, span(f->after, f->after_at, f->after_n));
		buf_str_add(b, " instead of ");
		quote(b, span(f->before, f->before_at, f->before_n));
	} else if (after) {
		buf_str_add(b, "holds in addition ");
		quote(b, slice_str(f->after));
	} else if (before) {
		buf_str_add(b, "lacks ");
		quote(b, slice_str(f->before));
	} else {
		buf_str_add(b, "differs");
	}
	buf_str_add(b, part_of_message(f->address));
	characters(b, f);
	buf_u8(b, '.');
}

const char *words_decision(const struct vet_result *r)
{
	struct write_summary s = write_summary(r);
	if (scan_result_is_bad(r->content.scan))
		return "Do not approve it: in its files is what no honest program has, below.";
	if (r->verdict == VERDICT_INCONCLUSIVE)
		return s.count[CLASS_COVERT]
		               ? "Do not approve it on this report: the trials are incomplete, and covert channels were found."
		               : "Do not approve it on this report: it says nothing either way.";
	if (s.count[CLASS_COVERT])
		return "Do not approve it as it is: it marks what it sends by where it runs, and does not say so.";
	if (r->verdict == VERDICT_FINDINGS)
		return "Do not approve it before the findings below are accepted: they are of a class that you ruled out.";
	if (s.count[CLASS_HASHED] + s.count[CLASS_UNDECLARED] + s.undeclared_hosts)
		return "Nothing hidden was found. Approve it only if you accept what it sends without a declaration, below.";
	return "Nothing hidden and nothing undeclared was found in what was tried.";
}

void words_besides(struct buf *b, const struct vet_result *r)
{
	struct write_summary s = write_summary(r);
	size_t hashed = words_factors(r, CLASS_HASHED), n = words_factors(r, CLASS_UNDECLARED);
	content_words(b, r);
	if (r->verdict == VERDICT_INCONCLUSIVE)
		return;
	if (n || hashed) {
		buf_fmt(b, "Without a declaration by its vendor it sends ");
		if (n) {
			buf_fmt(b, "%zu thing%s about the machine (", n, write_s(n));
			write_factor_list(b, r, CLASS_UNDECLARED, " and ");
			buf_u8(b, ')');
		}
		if (hashed) {
			buf_fmt(b, "%sdigests of %zu more (", n ? " and " : "", hashed);
			write_factor_list(b, r, CLASS_HASHED, " and ");
			buf_u8(b, ')');
		}
		buf_str_add(b, ". ");
	}
	if (s.undeclared_hosts) {
		buf_fmt(b, "It contacts %zu host%s that %s not declared: ", s.undeclared_hosts, write_s(s.undeclared_hosts),
		        s.undeclared_hosts == 1 ? "is" : "are");
		size_t k = 0;
		for (size_t i = 0; i < r->n_hosts; i++)
			if (!r->hosts[i].declared && k++ < LEVELS)
				buf_fmt(b, "%s%.100s", k == 1 ? "" : ", ", r->hosts[i].name);
		buf_str_add(b, k > LEVELS ? ", … " : ". ");
	}
}

void words_basis(struct buf *b, const struct vet_result *r)
{
	size_t varied = 0;
	for (size_t i = 0; i < r->n_factors; i++)
		varied += r->factors[i].trials > 0;
	buf_fmt(b, "%u sealed trial%s in ", r->trials, write_s(r->trials));
	write_number(b, r->seconds, 0);
	buf_fmt(b, " s%s%s%s; %zu thing%s about the machine varied", r->effort ? " (" : "", r->effort ? r->effort : "",
	        r->effort ? ")" : "", varied, write_s(varied));
}
