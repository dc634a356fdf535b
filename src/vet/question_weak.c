/* The questionnaire: unintended vulnerabilities, control, and what only the vendor can say. */
#include "vet/question_part.h"

void answer_tls(struct asking *a)
{
	if (!answer_conduct(a))
		answer_not(a, "no trial shows the tool a certificate that is wrong: of another name, out of date, of an authority that it "
		              "does not "
		              "know.");
}

void answer_proxy(struct asking *a)
{
	const struct vet_factor_row *row = answer_factor(a, "proxy");
	unsigned through = 0;
	size_t hosts = 0, refused = 0;
	if (!answer_can(a))
		return;
	for (size_t i = 0; i < a->r->n_hosts; i++) {
		const struct vet_host *h = &a->r->hosts[i];
		bool proxy = h->purpose && strcmp(h->purpose, "the trial's proxy") == 0;
		hosts += !proxy;
		refused += h->refused;
		if (proxy && h->trials > through)
			through = h->trials;
		if (h->refused)
			answer_cite(a, "host %.120s: refused the trial's authority", h->name);
		if (proxy)
			answer_cite(a, "proxy %.120s: %u connections in %u trials", h->name, h->connections, h->trials);
	}
	bool asked = row && row->trials;
	answer_say(a, refused > 0 || (asked && !through), "Certificate authority: accepted for %zu of %zu hosts. Proxy: %s",
	        hosts - refused, hosts,
	        !asked    ? "none was set in these trials."
	        : through ? "it was used where one was set; whether everything went through it was not measured."
	                  : "one was set, and the tool never used it.");
}

void answer_listeners(struct asking *a)
{
	if (!answer_conduct(a))
		answer_not(a, "ports that the tool opens are not recorded in a trial.");
}

void answer_credential_modes(struct asking *a)
{
	if (!answer_conduct(a))
		answer_not(a, "the files that a tool leaves behind are not looked at after a trial.");
}

void answer_before_trust(struct asking *a)
{
	if (!answer_conduct(a))
		answer_not(a, "no trial puts configuration of its own into the repository before it is trusted.");
}

void answer_injection(struct asking *a)
{
	if (!answer_conduct(a))
		answer_not(a, "no trial puts instructions into a file or into the answer of a tool.");
}

void answer_writes_outside(struct asking *a)
{
	if (!answer_conduct(a))
		answer_not(a, "the files that a tool leaves behind are not looked at after a trial.");
}

void answer_updates(struct asking *a)
{
	if (!answer_conduct(a))
		answer_not(a, "no trial offers the tool an update.");
}

void answer_flags(struct asking *a)
{
	if (!answer_conduct(a))
		answer_not(a, "no trial flips what the tool fetches.");
}

void answer_kill_switch(struct asking *a)
{
	if (!answer_conduct(a))
		answer_not(a, "no trial tells the tool that its version is too old or has been withdrawn.");
}

void answer_fails_closed(struct asking *a)
{
	if (!answer_conduct(a))
		answer_not(a, "no trial leaves the tool without its policy server.");
}

void answer_managed_settings(struct asking *a)
{
	answer_not(a, "no trial sets managed settings against those of the user.");
}

/* It is the gate that gates and logs, not the tool: whether it can is tried behind it. */
void answer_gated(struct asking *a)
{
	const struct vet_gate *g = &a->r->gate;
	if (!g->tried) {
		answer_not(a, "the tool was not run behind the gate (--through-gate).");
		return;
	}
	unsigned worked = g->trials > g->trials_failed ? g->trials - g->trials_failed : 0;
	answer_cite(a, "%u trials behind postern run", g->trials);
	answer_say(a, worked == 0,
	        "The tool did its work in %u of %u trials behind the gate, which checks what it runs, reads, writes and sends against the "
	        "policy and "
	        "logs it. A tool call that the tool carries out inside of its own process is seen by what it reads, writes or sends.",
	        worked, g->trials);
}

void answer_left_running(struct asking *a)
{
	if (!answer_conduct(a))
		answer_not(a, "a trial ends all that is left of it, and does not record what that was.");
}

void answer_of_vendor(struct asking *a)
{
	answer_never(a, "what happens on the vendor's side cannot be seen from here: ask the vendor, and have it in the contract.");
}
