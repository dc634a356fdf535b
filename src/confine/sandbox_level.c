#include <stdio.h>

#include "confine/sandbox_run.h"

static void add(struct sandbox_level *l, const char *before, const char *text)
{
	size_t used = strlen(l->words);
	(void)snprintf(l->words + used, sizeof(l->words) - used, "%s%s", used ? before : "", text);
}

void sandbox_level_words(struct sandbox_level *l)
{
	/* Without it something can be reached that should not be; what is said then. */
	const struct {
		bool there;
		const char *without;
	} rows[] = {
	        {l->user_ns, "NO user namespaces: processes, the person's /tmp and names of all files are seen, secrets in named folders "
	                     "are not "
	                     "covered, no network and no Unix sockets at all"},
	        {l->landlock > 0, "NO Landlock: mounts alone keep files out of reach"},
	        {l->landlock == 0 || l->landlock >= 6 || l->user_ns,
	                "Landlock before version 6: signals reach the person's other processes"},
	        {l->watched || !l->user_ns, "secrets that appear later are NOT covered in some folders"},
	        {l->process_limit, "NO limit on processes of this run alone"},
	        {l->seccomp, "NO system call filter"},
	        {l->no_caps && l->no_new_privs, "capabilities left"},
	};
	char text[64];
	l->words[0] = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!rows[i].there)
			add(l, "; ", rows[i].without);
	if (l->user_ns)
		add(l, "; ", "user, mount, PID, network, IPC, UTS and cgroup namespaces");
	if (l->landlock) {
		(void)snprintf(text, sizeof(text), "Landlock %d", l->landlock);
		add(l, "; ", text);
	}
	if (l->seccomp)
		add(l, "; ", "allow-list of system calls");
	if (l->no_caps)
		add(l, "; ", "no capabilities, no new privileges");
	if (l->exec)
		add(l, "; ", "executions asked for by content");
	if (l->cgroup)
		add(l, "; ", "limits by control group");
	if (l->secrets) {
		(void)snprintf(text, sizeof(text), "%u secret%s covered%s", l->covered, l->covered == 1 ? "" : "s",
		        l->watched ? ", later ones when they appear" : "");
		add(l, "; ", text);
	}
}
