/* Words of commands, by what they do. WORDS(kind, names): the last part of a command's name, in small letters. */
WORDS(FETCHES, "curl wget fetch aria2c lwp-download iwr irm invoke-webrequest invoke-restmethod start-bitstransfer bitsadmin certutil xh http https")
WORDS(SHELL, "sh bash zsh dash ksh ash fish busybox pwsh powershell cmd")
WORDS(RUNS, "python python2 python3 pypy node nodejs deno bun perl ruby php lua osascript tclsh")
WORDS(RUNS_ARGUMENT, "eval source . iex invoke-expression")
WORDS(DECODES, "base64 base32 xxd openssl uudecode")
WORDS(SENDS, "curl wget nc ncat netcat socat scp rsync sftp ftp tftp xh http https iwr irm invoke-webrequest invoke-restmethod nslookup dig host telnet")
WORDS(LISTS_VARIABLES, "env printenv export set declare")
WORDS(PASSES, "sudo doas env nohup time command exec nice stdbuf setsid builtin xargs timeout")
WORDS(LATEST, "npx bunx uvx pnpx")

/* SECRET(part of a path): files that hold what opens other things. */
SECRET("/.ssh/id_") SECRET("/.ssh/*") SECRET("/.aws/credentials") SECRET("/.aws/config") SECRET("/.netrc") SECRET("/.npmrc") SECRET("/.pypirc") SECRET("/.git-credentials")
SECRET("/.config/gh/hosts.yml") SECRET("/.docker/config.json") SECRET("/.kube/config") SECRET("/.gnupg") SECRET("/etc/shadow") SECRET("/.claude/.credentials.json")
SECRET("/.codex/auth.json") SECRET("/.gemini/oauth_creds.json") SECRET("/.config/gcloud") SECRET("/.azure/") SECRET("/.bash_history") SECRET("/.zsh_history")
SECRET("/login.keychain") SECRET("/Login Data") SECRET("/cookies.sqlite") SECRET("/wallet.dat") SECRET("/.config/solana/id.json") SECRET("/.env")

/* INSTALLER(beginning of a URL without its scheme): installers that their makers tell people to run so. */
INSTALLER("astral.sh/") INSTALLER("sh.rustup.rs") INSTALLER("bun.sh/install") INSTALLER("bun.com/install") INSTALLER("deno.land/") INSTALLER("get.pnpm.io/") INSTALLER("get.docker.com") INSTALLER("install.python-poetry.org")
INSTALLER("raw.githubusercontent.com/Homebrew/") INSTALLER("raw.githubusercontent.com/nvm-sh/") INSTALLER("claude.ai/install") INSTALLER("cursor.com/install") INSTALLER("ollama.com/install")
INSTALLER("mise.run") INSTALLER("mise.jdx.dev/") INSTALLER("opencode.ai/install") INSTALLER("get.volta.sh") INSTALLER("fnm.vercel.app/")
INSTALLER("foundry.paradigm.xyz") INSTALLER("get.helm.sh/") INSTALLER("raw.githubusercontent.com/helm/helm/") INSTALLER("get.k3s.io") INSTALLER("sdk.cloud.google.com") INSTALLER("starship.rs/install")
INSTALLER("fly.io/install") INSTALLER("get.sdkman.io") INSTALLER("nixos.org/nix/install") INSTALLER("install.determinate.systems") INSTALLER("getcomposer.org/") INSTALLER("bootstrap.pypa.io/") INSTALLER("cli.github.com/")
INSTALLER("raw.githubusercontent.com/ohmyzsh/") INSTALLER("just.systems/install") INSTALLER("get.haskellup.org") INSTALLER("get-ghcup.haskell.org") INSTALLER("tailscale.com/install") INSTALLER("sentry.io/get-cli")
INSTALLER("raw.githubusercontent.com/golangci/") INSTALLER("golangci-lint.run/install") INSTALLER("get.scoop.sh") INSTALLER("aka.ms/") INSTALLER("dot.net/") INSTALLER("install.duckdb.org") INSTALLER("pixi.sh/install")
INSTALLER("release.solana.com/") INSTALLER("release.anza.xyz/") INSTALLER("get.dagger.io") INSTALLER("dl.dagger.io/") INSTALLER("vite.plus") INSTALLER("viteplus.dev/install") INSTALLER("app.factory.ai/cli") INSTALLER("gh.io/copilot-install")
INSTALLER("repo.anaconda.com/") INSTALLER("github.com/conda-forge/miniforge/") INSTALLER("get.nextflow.io") INSTALLER("fluxcd.io/install") INSTALLER("run.linkerd.io/install") INSTALLER("neon.tech/install")
INSTALLER("neon.com/install") INSTALLER("code-server.dev/install") INSTALLER("aspire.dev/install") INSTALLER("bun.sh/install") INSTALLER("istio.io/downloadIstio") INSTALLER("install.datadoghq.com/")
INSTALLER("community.chocolatey.org/install") INSTALLER("chocolatey.org/install") INSTALLER("raw.githubusercontent.com/ScoopInstaller/") INSTALLER("raw.githubusercontent.com/PowerShell/")
