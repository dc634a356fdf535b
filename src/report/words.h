/* words: what a result means, in sentences and names for a reader in a hurry. All of it is raw text: whoever prints it escapes it
 * (write_visible(), write_html()), as it quotes what the tool sent. */
#ifndef POSTERN_REPORT_WORDS_H
#define POSTERN_REPORT_WORDS_H

#include "base/buf.h"
#include "vet/model.h"

/* "When the time zone is Asia/Shanghai, requests to your gateway say “2026/11/23” instead of “2026-11-23” (in a user message)." */
void words_finding(struct buf *b, const struct vet_result *r, const struct vet_finding *f);
/* Are the names of its characters worth a reader's time? Yes for a few of which one is no plain letter or digit. */
bool words_names_help(const struct vet_finding *f);
/* May it be approved? One short sentence, from the verdict. */
const char *words_decision(const struct vet_result *r);
/* What else a reader must weigh: the worst in its files, what is sent without a declaration, and to whom. Whole sentences, perhaps none. */
void words_besides(struct buf *b, const struct vet_result *r);
/* What the numbers stand on: "64 trials in 109 s (quick), 23 things about the machine varied". */
void words_basis(struct buf *b, const struct vet_result *r);
/* A host as a reader knows it: "{gateway}" is "your gateway". */
struct slice words_host(struct slice name);
/* The part of an address that names the field: `request 2.body.events[x#3].event_data.env.shell` gives `env.shell`, and
 * `….text line "Shell: zsh"` gives `line "Shell: zsh"`. Borrowed from address. */
struct slice words_field(const char *address);
/* f->also_at[k] without the endpoint, if that is the finding's own. */
const char *words_also(const struct vet_finding *f, size_t k);
/* How many different factors have a finding of this class. */
size_t words_factors(const struct vet_result *r, enum leak_class class);
/* What a class means, one line. "" for CLASS_NONE. */
const char *words_class(enum leak_class class);

#endif
