#include "confine/secrets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

const char *const secrets_places[] = {
        /* keys, and what agents for them keep */
        ".ssh",
        ".gnupg",
        ".pki",
        ".putty",
        ".config/sops",
        ".config/age",
        ".local/share/keyrings",
        ".local/share/kwalletd",
        ".gnome2/keyrings",
        ".kde/share/apps/kwallet",
        ".local/share/pki",
        ".step",
        /* password stores */
        ".password-store",
        ".local/share/pass",
        ".config/keepassxc",
        ".cache/keepassxc",
        ".config/Bitwarden",
        ".config/Bitwarden CLI",
        ".config/1Password",
        ".config/op",
        ".op",
        ".authinfo",
        ".authinfo.gpg",
        /* clouds */
        ".aws",
        ".azure",
        ".config/gcloud",
        ".boto",
        ".s3cfg",
        ".oci",
        ".aliyun",
        ".bluemix",
        ".config/doctl",
        ".config/hcloud",
        ".config/linode-cli",
        ".config/scw",
        ".config/rclone",
        ".config/exoscale",
        ".fly",
        ".config/netlify",
        ".local/share/com.vercel.cli",
        ".config/configstore",
        ".wrangler",
        ".config/.wrangler",
        ".config/heroku",
        ".terraform.d/credentials.tfrc.json",
        ".terraformrc",
        ".pulumi/credentials.json",
        ".vault-token",
        ".config/cf",
        ".cf",
        ".databrickscfg",
        ".snowsql",
        ".snowflake",
        ".config/ngrok",
        ".ngrok2",
        ".config/stripe",
        ".config/tailscale",
        ".config/supabase",
        ".supabase",
        ".railway",
        /* clusters and registries */
        ".kube",
        ".config/helm/registry",
        ".docker/config.json",
        ".docker/.token_seed*",
        ".dockercfg",
        ".config/containers/auth.json",
        ".npmrc",
        ".yarnrc.yml",
        ".yarnrc",
        ".config/pnpm",
        ".bunfig.toml",
        ".pypirc",
        ".config/pip",
        ".pip",
        ".config/pypoetry/auth.toml",
        ".config/uv",
        ".cargo/credentials*",
        ".gem/credentials",
        ".bundle/config",
        ".nuget/NuGet",
        ".config/NuGet",
        ".m2/settings.xml",
        ".m2/settings-security.xml",
        ".gradle/gradle.properties",
        ".sbt/credentials*",
        ".ivy2/.credentials",
        ".composer/auth.json",
        ".config/composer/auth.json",
        ".hex",
        ".condarc",
        ".config/anaconda",
        ".continuum",
        ".kaggle",
        ".cache/huggingface/token",
        ".cache/huggingface/stored_tokens",
        ".huggingface",
        ".config/wandb",
        /* forges and mail */
        ".git-credentials",
        ".config/git/credentials",
        ".cache/git/credential",
        ".netrc",
        "_netrc",
        ".config/gh",
        ".config/hub",
        ".config/glab-cli",
        ".config/tea",
        ".gitcookies",
        ".config/gitui",
        ".jira.d",
        ".config/jira",
        ".config/.jira",
        ".msmtprc",
        ".config/msmtp",
        ".mbsyncrc",
        ".fetchmailrc",
        ".muttrc",
        ".thunderbird",
        ".mozilla",
        ".local/share/evolution",
        ".config/evolution",
        ".config/Signal",
        ".config/Slack",
        ".config/discord",
        ".config/TelegramDesktop",
        ".local/share/TelegramDesktop",
        ".irssi",
        ".weechat",
        ".config/weechat",
        /* browsers */
        ".config/google-chrome*",
        ".config/chromium",
        ".config/BraveSoftware",
        ".config/microsoft-edge*",
        ".config/opera",
        ".config/vivaldi*",
        ".config/epiphany",
        ".local/share/epiphany",
        ".cache/google-chrome*",
        ".cache/chromium",
        ".cache/mozilla",
        ".librewolf",
        ".waterfox",
        ".tor-browser",
        ".var/app",
        "snap/firefox",
        "snap/chromium",
        /* data bases */
        ".pgpass",
        ".my.cnf",
        ".mylogin.cnf",
        ".mongorc.js",
        ".redisclirc",
        ".config/pgcli",
        ".dbshell",
        ".config/DBeaverData",
        ".local/share/DBeaverData",
        /* what was typed */
        ".bash_history",
        ".zsh_history",
        ".zhistory",
        ".histfile",
        ".zsh_sessions",
        ".bash_sessions",
        ".local/share/fish/fish_history",
        ".config/fish/fish_history",
        ".python_history",
        ".node_repl_history",
        ".psql_history",
        ".mysql_history",
        ".sqlite_history",
        ".rediscli_history",
        ".irb_history",
        ".lesshst",
        ".viminfo",
        ".local/share/nvim/shada",
        ".local/state/nvim/shada",
        ".wget-hsts",
        ".local/share/powershell",
        ".local/share/recently-used.xbel",
        ".xsession-errors",
        /* sessions of the desktop, and wallets */
        ".Xauthority",
        ".ICEauthority",
        ".dbus",
        ".config/autostart",
        ".bitcoin",
        ".ethereum",
        ".electrum",
        ".config/solana",
        /* other agents: their tokens, and all that was ever said to them */
        ".claude/.credentials.json",
        ".codex/auth.json",
        ".gemini/oauth_creds.json",
        ".gemini/google_accounts.json",
        ".qwen/oauth_creds.json",
        ".config/github-copilot",
        ".config/Cursor",
        ".config/Code/User/globalStorage",
        ".config/Code/Cookies",
        ".local/share/opencode/auth.json",
        ".aider.conf.yml",
        ".config/openai",
        ".config/anthropic",
        NULL,
};

/* Names in any folder. A leading or trailing * stands for anything; the first that fits decides. */
enum where {
	ANY = 3,
	FILES = 1,
	FOLDERS = 2,
};
static const struct {
	const char *name;
	enum where where;
	enum secret is;
} names[] = {
        {".env", ANY, SECRET_SURE},
        /* to be copied and filled in */
        {".env.example", ANY, SECRET_NONE},
        {".env.sample", ANY, SECRET_NONE},
        {".env.template", ANY, SECRET_NONE},
        {".env.*.example", ANY, SECRET_NONE},
        {".env.dist", ANY, SECRET_NONE},
        {".env.defaults", ANY, SECRET_NONE},
        {".env.*", ANY, SECRET_SURE},
        {".git-credentials", ANY, SECRET_SURE},
        {".gitcookies", FILES, SECRET_SURE},
        {".netrc", FILES, SECRET_SURE},
        {"_netrc", FILES, SECRET_SURE},
        {".pgpass", FILES, SECRET_SURE},
        {".my.cnf", FILES, SECRET_SURE},
        {".mylogin.cnf", FILES, SECRET_SURE},
        {".pypirc", FILES, SECRET_SURE},
        {".dockercfg", FILES, SECRET_SURE},
        {".s3cfg", FILES, SECRET_SURE},
        {".boto", FILES, SECRET_SURE},
        {".htpasswd", FILES, SECRET_SURE},
        {".vault-token", FILES, SECRET_SURE},
        {".vault_pass*", FILES, SECRET_SURE},
        {".ssh", FOLDERS, SECRET_SURE},
        {".gnupg", FOLDERS, SECRET_SURE},
        {".aws", FOLDERS, SECRET_SURE},
        {".azure", FOLDERS, SECRET_SURE},
        {".kube", FOLDERS, SECRET_SURE},
        {".password-store", FOLDERS, SECRET_SURE},
        {"*.pub", FILES, SECRET_NONE},
        {"id_rsa", FILES, SECRET_SURE},
        {"id_dsa", FILES, SECRET_SURE},
        {"id_ecdsa", FILES, SECRET_SURE},
        {"id_ecdsa_sk", FILES, SECRET_SURE},
        {"id_ed25519", FILES, SECRET_SURE},
        {"id_ed25519_sk", FILES, SECRET_SURE},
        {"*.ppk", FILES, SECRET_SURE},
        {"*.p12", FILES, SECRET_SURE},
        {"*.pfx", FILES, SECRET_SURE},
        {"*.jks", FILES, SECRET_SURE},
        {"*.keystore", FILES, SECRET_SURE},
        {"*.kdbx", FILES, SECRET_SURE},
        {"*.tfstate", FILES, SECRET_SURE},
        {"*.tfstate.backup", FILES, SECRET_SURE},
        {".npmrc", FILES, SECRET_PERHAPS},
        {".yarnrc.yml", FILES, SECRET_PERHAPS},
        {"*.pem", FILES, SECRET_PERHAPS},
        {"*.key", FILES, SECRET_PERHAPS},
        {"*.crt", FILES, SECRET_PERHAPS},
        {"*.cer", FILES, SECRET_PERHAPS},
        {"*.cert", FILES, SECRET_PERHAPS},
        {"*.priv", FILES, SECRET_PERHAPS},
        {"*.private", FILES, SECRET_PERHAPS},
        {"*.p8", FILES, SECRET_PERHAPS},
        {"*.pk8", FILES, SECRET_PERHAPS},
        {"*.asc", FILES, SECRET_PERHAPS},
        {"id_*", FILES, SECRET_PERHAPS},
};

/* Words in a name that make it worth a look, in lower case. */
static const char *const telling[] = {"key", "cert", "secret", "private", "credential", "rsa", "ed25519", "deploy", "token"};
/* But not in what is plainly a program's text. */
static const char *const source_ends[] = {".c", ".h", ".cc", ".cpp", ".hpp", ".go", ".rs", ".py", ".js", ".mjs", ".cjs", ".ts", ".tsx",
        ".jsx", ".java", ".kt", ".rb", ".php", ".cs", ".swift", ".md", ".rst", ".html", ".css", ".svg", ".png", ".o", ".d", ".a", ".so",
        ".map", ".snap", ".vue", ".scss", ".lua", ".sh", ".pyc", ".class", ".wasm"};

static const char *const skipped[] = {"node_modules", ".git", ".hg", ".svn", "site-packages", "__pycache__", ".tox", ".mypy_cache",
        ".pytest_cache", ".ruff_cache", "bower_components", ".gradle", ".next", ".nuxt", ".turbo", ".cache", ".terraform"};

/* There are many names in a project, and next to none is in a table: so the tables are asked by a letter. A chain is of what begins with a
 * letter, or, where that is a *, of what ends with one, in the order of its table. */
#define NAMES_MAX 96
struct chains {
	uint8_t first[256]; /* number in the table + 1; 0: none */
	uint8_t next[NAMES_MAX];
	uint8_t n[NAMES_MAX], before[NAMES_MAX]; /* letters, those before the * (or all) */
};
static struct chains by_first, by_last, by_end, by_word, by_skipped;

static void chain(struct chains *c, uint8_t letter, size_t i)
{
	uint8_t *at = &c->first[letter];
	while (*at)
		at = &c->next[*at - 1];
	*at = (uint8_t)(i + 1);
}

static void make_chains(void)
{
	static bool made;
	_Static_assert(ARRAY_LEN(names) <= NAMES_MAX && ARRAY_LEN(source_ends) <= NAMES_MAX && ARRAY_LEN(skipped) <= NAMES_MAX);
	if (made)
		return;
	made = true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *p = names[i].name, *star = strchr(p, '*');
		struct chains *c = *p == '*' ? &by_last : &by_first;
		c->n[i] = (uint8_t)strlen(p);
		c->before[i] = star ? (uint8_t)(star - p) : c->n[i];
		chain(c, (uint8_t)(*p == '*' ? p[c->n[i] - 1] : *p), i);
	}
	for (size_t i = 0; i < ARRAY_LEN(source_ends); i++) {
		by_end.n[i] = (uint8_t)strlen(source_ends[i]);
		chain(&by_end, (uint8_t)source_ends[i][by_end.n[i] - 1], i);
	}
	for (size_t i = 0; i < ARRAY_LEN(telling); i++) {
		by_word.n[i] = (uint8_t)strlen(telling[i]);
		chain(&by_word, (uint8_t)telling[i][0], i);
	}
	for (size_t i = 0; i < ARRAY_LEN(skipped); i++)
		chain(&by_skipped, (uint8_t)skipped[i][0], i);
}

/* One * at most. */
static bool fits(const struct chains *c, size_t i, const char *name, size_t n)
{
	const char *pattern = names[i].name;
	size_t before = c->before[i];
	if (before == c->n[i])
		return n == before && memcmp(pattern, name, n) == 0;
	size_t after = c->n[i] - before - 1;
	return n > before + after && memcmp(pattern, name, before) == 0 && memcmp(name + n - after, pattern + before + 1, after) == 0;
}

/* The number + 1 of the first in a chain that fits, or 0. */
static size_t first_fit(const struct chains *c, uint8_t letter, const char *name, size_t n, enum where where)
{
	for (size_t i = c->first[letter]; i; i = c->next[i - 1])
		if ((names[i - 1].where & where) && fits(c, i - 1, name, n))
			return i;
	return 0;
}

static bool is_source(const char *name, size_t n)
{
	for (size_t i = by_end.first[(uint8_t)name[n - 1]]; i; i = by_end.next[i - 1]) {
		size_t m = by_end.n[i - 1];
		if (n > m && memcmp(name + n - m, source_ends[i - 1], m) == 0)
			return true;
	}
	return false;
}

static bool is_telling(const char *name)
{
	for (const char *p = name; *p; p++)
		for (size_t i = by_word.first[(uint8_t)(*p | 0x20)]; i; i = by_word.next[i - 1])
			if (strncasecmp(p, telling[i - 1], by_word.n[i - 1]) == 0)
				return true;
	return false;
}

enum secret secrets_name(const char *name, bool folder)
{
	size_t n = strlen(name);
	enum where where = folder ? FOLDERS : FILES;
	if (n == 0)
		return SECRET_NONE;
	make_chains();
	size_t a = first_fit(&by_first, (uint8_t)name[0], name, n, where), b = first_fit(&by_last, (uint8_t)name[n - 1], name, n, where);
	if (a || b)
		return names[(a && (!b || a < b) ? a : b) - 1].is;
	return !folder && !is_source(name, n) && is_telling(name) ? SECRET_PERHAPS : SECRET_NONE;
}

bool secrets_in_content(int fd, const char *name)
{
	static const struct {
		const char *name; /* NULL: any */
		const char *words;
	} words[] = {{NULL, "PRIVATE KEY-----"}, {NULL, "PRIVATE KEY BLOCK-----"}, {NULL, "\"private_key\""}, {NULL, "PuTTY-User-Key-File"},
	        {".npmrc", "_auth"}, {".npmrc", "_password"}, {".yarnrc.yml", "npmAuth"}, {NULL, "\"client_secret\""}};
	static char text[65536];
	ssize_t n = fd < 0 ? -1 : pread(fd, text, sizeof(text), 0);
	for (size_t i = 0; n > 0 && i < ARRAY_LEN(words); i++)
		if ((!words[i].name || strcmp(words[i].name, name) == 0) && memmem(text, (size_t)n, words[i].words, strlen(words[i].words)))
			return true;
	return false;
}

bool secrets_skip(const char *name)
{
	make_chains();
	for (size_t i = by_skipped.first[(uint8_t)name[0]]; i; i = by_skipped.next[i - 1])
		if (strcmp(name, skipped[i - 1]) == 0)
			return true;
	return false;
}

/* ---- a search ---- */

/* Secret files that have other names too. */
#define LINKED_MAX 256

struct search {
	const struct secrets_calls *calls;
	void *arg;
	char path[4096];
	size_t entries;
	bool cut, second; /* second: only the other names are looked for */
	struct {
		dev_t dev;
		ino_t ino;
	} linked[LINKED_MAX];
	size_t n_linked;
};

static void remember_links(struct search *s, int dir, const char *name)
{
	struct stat st;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) || st.st_nlink < 2)
		return;
	if (s->n_linked == LINKED_MAX) {
		s->cut = true;
		return;
	}
	s->linked[s->n_linked].dev = st.st_dev;
	s->linked[s->n_linked++].ino = st.st_ino;
}

static bool is_linked(const struct search *s, int dir, const struct dirent *e)
{
	struct stat st;
	for (size_t i = 0; i < s->n_linked; i++)
		if (e->d_ino == s->linked[i].ino && fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			return st.st_dev == s->linked[i].dev;
	return false;
}

static void file(struct search *s, int dir, const struct dirent *e)
{
	if (s->second) {
		if (is_linked(s, dir, e))
			s->calls->found(s->arg, s->path);
		return;
	}
	enum secret is = secrets_name(e->d_name, false);
	if (is == SECRET_PERHAPS) {
		_cleanup_fd_ int fd = openat(dir, e->d_name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
		is = secrets_in_content(fd, e->d_name) ? SECRET_SURE : SECRET_NONE;
	}
	if (is != SECRET_SURE)
		return;
	s->calls->found(s->arg, s->path);
	remember_links(s, dir, e->d_name);
}

static void search(struct search *s, int dir, size_t n, int depth);

static void entry(struct search *s, int dir, struct dirent *e, size_t n, int depth)
{
	size_t slash = n ? 1 : 0, more = slash + strlen(e->d_name);
	struct stat st;
	if (more >= sizeof(s->path) - n) {
		s->cut = true;
		return;
	}
	s->path[n] = '/';
	memcpy(s->path + n + slash, e->d_name, more - slash + 1);
	if (e->d_type == DT_UNKNOWN)
		e->d_type = fstatat(dir, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ? DT_REG : S_ISDIR(st.st_mode) ? DT_DIR : DT_REG;
	if (strcmp(e->d_name, ".git") == 0 && !s->second && (e->d_type == DT_DIR || e->d_type == DT_REG))
		s->calls->git(s->arg, s->path, e->d_type == DT_DIR);
	if (e->d_type != DT_DIR) {
		file(s, dir, e);
		return;
	}
	if (secrets_skip(e->d_name))
		return;
	if (secrets_name(e->d_name, true) == SECRET_SURE) {
		if (!s->second)
			s->calls->found(s->arg, s->path);
		return;
	}
	if (depth == SECRETS_DEPTH_MAX) {
		s->cut = true;
		return;
	}
	int below = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (below >= 0)
		search(s, below, n + more, depth + 1);
}

/* Takes the descriptor. */
static void search(struct search *s, int dir, size_t n, int depth)
{
	if (!s->second && s->calls->folder)
		s->calls->folder(s->arg, dir, s->path);
	DIR *d = fdopendir(dir);
	if (!d) {
		(void)close(dir);
		return;
	}
	for (struct dirent *e; !s->cut && (e = readdir(d));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		s->cut = ++s->entries > SECRETS_ENTRIES_MAX;
		entry(s, dir, e, n, depth);
		s->path[n] = 0;
	}
	(void)closedir(d);
}

int secrets_search(int root, const char *path, const struct secrets_calls *calls, void *arg)
{
	struct search s = {.calls = calls, .arg = arg};
	size_t n = strlen(path);
	if (n >= sizeof(s.path))
		return -ENAMETOOLONG;
	for (;;) {
		int dir = openat(root, n ? path : ".", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (dir < 0)
			return -errno;
		memcpy(s.path, path, n + 1);
		search(&s, dir, n, 0);
		if (s.n_linked == 0 || s.second || s.cut)
			return s.cut ? -E2BIG : 0;
		s.second = true;
	}
}
