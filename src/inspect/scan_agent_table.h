/* FILE(pattern, kind): whose files of which names. A pattern is compared with the end of a path, from the beginning of a part; "*" stands for
 * anything, further parts too. The first that fits counts. */
#ifdef FILE_ROWS
FILE_ROW("CLAUDE.md", TEXT) FILE_ROW("CLAUDE.local.md", TEXT) FILE_ROW("AGENTS.md", TEXT) FILE_ROW("AGENT.md", TEXT) FILE_ROW("AGENTS.override.md", TEXT)
FILE_ROW("GEMINI.md", TEXT) FILE_ROW("QWEN.md", TEXT) FILE_ROW("WARP.md", TEXT) FILE_ROW("CRUSH.md", TEXT) FILE_ROW("IFLOW.md", TEXT) FILE_ROW("CODEBUDDY.md", TEXT)
FILE_ROW("SKILL.md", TEXT) FILE_ROW("skills/*.md", REFERENCE) FILE_ROW(".cursorrules", TEXT) FILE_ROW(".windsurfrules", TEXT) FILE_ROW(".clinerules", TEXT) FILE_ROW(".roorules", TEXT) FILE_ROW(".goosehints", TEXT)
FILE_ROW(".clinerules/*.md", TEXT) FILE_ROW(".cursor/rules/*.md", TEXT) FILE_ROW(".cursor/*.mdc", TEXT) FILE_ROW(".cursor/commands/*.md", TEXT) FILE_ROW("*.mdc", TEXT)
FILE_ROW(".windsurf/*.md", TEXT) FILE_ROW(".github/copilot-*.md", TEXT) FILE_ROW("*.instructions.md", TEXT) FILE_ROW("*.prompt.md", TEXT) FILE_ROW("*.chatmode.md", TEXT)
FILE_ROW("*.agent.md", TEXT) FILE_ROW(".github/agents/*.md", TEXT) FILE_ROW(".claude/*.md", TEXT) FILE_ROW(".codex/*.md", TEXT) FILE_ROW(".gemini/*.md", TEXT)
FILE_ROW(".opencode/*.md", TEXT) FILE_ROW(".roo/*.md", TEXT) FILE_ROW(".kiro/steering/*.md", TEXT) FILE_ROW(".augment/*.md", TEXT) FILE_ROW(".junie/guidelines.md", TEXT)
FILE_ROW(".qwen/*.md", TEXT) FILE_ROW(".trae/rules/*.md", TEXT) FILE_ROW(".amazonq/rules/*.md", TEXT) FILE_ROW(".continue/rules/*.md", TEXT) FILE_ROW(".agents/*.md", TEXT)
FILE_ROW("plugins/*/commands/*.md", TEXT) FILE_ROW("plugins/*/agents/*.md", TEXT)
FILE_ROW(".claude/settings*.json", SETTINGS) FILE_ROW("claude-code/managed-settings*.json", SETTINGS) FILE_ROW("managed-settings.d/*.json", SETTINGS) FILE_ROW("managed-settings.json", SETTINGS)
FILE_ROW("managed-mcp.json", SETTINGS) FILE_ROW(".claude.json", SETTINGS)
FILE_ROW(".mcp.json", SETTINGS) FILE_ROW("mcp.json", SETTINGS) FILE_ROW("mcp_config.json", SETTINGS) FILE_ROW("mcp-servers.json", SETTINGS) FILE_ROW("mcp_settings.json", SETTINGS)
FILE_ROW("cline_mcp_settings.json", SETTINGS) FILE_ROW("claude_desktop_config.json", SETTINGS) FILE_ROW(".cursor/hooks.json", SETTINGS) FILE_ROW(".cursor/cli.json", SETTINGS)
FILE_ROW(".windsurf/hooks.json", SETTINGS) FILE_ROW("hooks/hooks.json", SETTINGS) FILE_ROW(".github/hooks/*.json", SETTINGS) FILE_ROW(".codex/hooks.json", SETTINGS)
FILE_ROW(".codex/config.toml", SETTINGS) FILE_ROW(".gemini/settings.json", SETTINGS) FILE_ROW(".qwen/settings.json", SETTINGS) FILE_ROW(".iflow/settings.json", SETTINGS)
FILE_ROW(".factory/settings.json", SETTINGS) FILE_ROW(".augment/settings.json", SETTINGS) FILE_ROW(".qoder/settings.json", SETTINGS) FILE_ROW(".codebuddy/settings.json", SETTINGS)
FILE_ROW(".amp/settings.json", SETTINGS) FILE_ROW("opencode.json", SETTINGS) FILE_ROW("opencode.jsonc", SETTINGS) FILE_ROW("crush.json", SETTINGS) FILE_ROW(".crush.json", SETTINGS)
FILE_ROW("gemini-extension.json", SETTINGS) FILE_ROW(".claude-plugin/plugin.json", SETTINGS) FILE_ROW(".claude-plugin/marketplace.json", SETTINGS) FILE_ROW(".cursor-plugin/plugin.json", SETTINGS)
FILE_ROW(".zed/settings.json", SETTINGS) FILE_ROW(".vscode/settings.json", SETTINGS) FILE_ROW(".vscode/tasks.json", TASKS) FILE_ROW("*.code-workspace", SETTINGS)
FILE_ROW(".kiro/hooks/*.kiro.hook", SETTINGS) FILE_ROW(".kiro/agents/*.json", SETTINGS) FILE_ROW(".amazonq/cli-agents/*.json", SETTINGS) FILE_ROW(".cursor/environment.json", SETTINGS)
FILE_ROW(".cursor/worktrees.json", SETTINGS) FILE_ROW(".devcontainer/*devcontainer.json", CONTAINER) FILE_ROW("devcontainer.json", CONTAINER) FILE_ROW(".devcontainer.json", CONTAINER)
FILE_ROW("*skills/*.sh", SCRIPT) FILE_ROW("*skills/*.py", SCRIPT) FILE_ROW("*skills/*.js", SCRIPT) FILE_ROW("skills/*.mjs", SCRIPT) FILE_ROW("skills/*.ts", SCRIPT) FILE_ROW("skills/*.ps1", SCRIPT)
FILE_ROW("hooks/*.sh", SCRIPT) FILE_ROW("hooks/*.py", SCRIPT) FILE_ROW("hooks/*.js", SCRIPT) FILE_ROW("hooks/*.mjs", SCRIPT) FILE_ROW(".claude/*.sh", SCRIPT) FILE_ROW(".claude/*.py", SCRIPT)
FILE_ROW(".claude/*.js", SCRIPT) FILE_ROW(".cursor/*.sh", SCRIPT) FILE_ROW(".cursor/*.js", SCRIPT) FILE_ROW(".cursor/*.py", SCRIPT) FILE_ROW(".vscode/*.js", SCRIPT)
FILE_ROW("skills/*.yaml", DATA) FILE_ROW("skills/*.yml", DATA) FILE_ROW("skills/*.json", DATA) FILE_ROW("skills/*.toml", DATA)
#endif

/* KEY(kinds of files, path of keys, what its value is). */
#ifdef KEY_ROWS
KEY_ROW(SETTINGS, "hooks", COMMANDS) KEY_ROW(SETTINGS, "then", COMMANDS) KEY_ROW(SETTINGS, "plugins/*/hooks", COMMANDS)
KEY_ROW(SETTINGS, "apiKeyHelper", COMMAND) KEY_ROW(SETTINGS, "awsAuthRefresh", COMMAND) KEY_ROW(SETTINGS, "awsCredentialExport", COMMAND) KEY_ROW(SETTINGS, "gcpAuthRefresh", COMMAND)
KEY_ROW(SETTINGS, "otelHeadersHelper", COMMAND) KEY_ROW(SETTINGS, "statusLine/command", COMMAND) KEY_ROW(SETTINGS, "subagentStatusLine/command", COMMAND) KEY_ROW(SETTINGS, "fileSuggestion/command", COMMAND)
KEY_ROW(SETTINGS, "notify", COMMAND) KEY_ROW(SETTINGS, "tools/discoveryCommand", COMMAND) KEY_ROW(SETTINGS, "tools/callCommand", COMMAND) KEY_ROW(SETTINGS, "toolDiscoveryCommand", COMMAND)
KEY_ROW(SETTINGS, "toolCallCommand", COMMAND) KEY_ROW(SETTINGS, "install", COMMAND) KEY_ROW(SETTINGS, "start", COMMAND) KEY_ROW(SETTINGS, "terminals", COMMANDS) KEY_ROW(SETTINGS, "setup-worktree", COMMANDS)
KEY_ROW(SETTINGS, "lspServers/*", SERVER) KEY_ROW(SETTINGS, "lsp/*", SERVER)
KEY_ROW(SETTINGS, "mcpServers/*", SERVER) KEY_ROW(SETTINGS, "servers/*", SERVER) KEY_ROW(SETTINGS, "mcp_servers/*", SERVER) KEY_ROW(SETTINGS, "mcp/*", SERVER) KEY_ROW(SETTINGS, "mcp/servers/*", SERVER)
KEY_ROW(SETTINGS, "context_servers/*", SERVER) KEY_ROW(SETTINGS, "amp.mcpServers/*", SERVER) KEY_ROW(SETTINGS, "projects/*/mcpServers/*", SERVER) KEY_ROW(SETTINGS, "settings/mcp/servers/*", SERVER)
KEY_ROW(SETTINGS, "plugins/*/mcpServers/*", SERVER) KEY_ROW(CONTAINER, "customizations/vscode/mcp/servers/*", SERVER)
KEY_ROW(SETTINGS, "env", VARIABLES) KEY_ROW(SETTINGS, "shell_environment_policy/set", VARIABLES) KEY_ROW(SETTINGS, "terminal.integrated.env.linux", VARIABLES)
KEY_ROW(SETTINGS, "terminal.integrated.env.osx", VARIABLES) KEY_ROW(SETTINGS, "terminal.integrated.env.windows", VARIABLES) KEY_ROW(CONTAINER, "containerEnv", VARIABLES) KEY_ROW(CONTAINER, "remoteEnv", VARIABLES)
KEY_ROW(SETTINGS, "model_providers/openai/base_url", HOST) KEY_ROW(SETTINGS, "openai_base_url", HOST) KEY_ROW(SETTINGS, "provider/anthropic/options/baseURL", HOST)
KEY_ROW(SETTINGS, "provider/openai/options/baseURL", HOST) KEY_ROW(SETTINGS, "provider/google/options/baseURL", HOST) KEY_ROW(SETTINGS, "amp.url", HOST)
KEY_ROW(SETTINGS, "permissions/defaultMode", IS_BYPASS) KEY_ROW(SETTINGS, "skipDangerousModePermissionPrompt", IS_TRUE) KEY_ROW(SETTINGS, "dangerouslySkipPermissions", IS_TRUE)
KEY_ROW(SETTINGS, "bypassPermissionsModeAccepted", IS_TRUE) KEY_ROW(SETTINGS, "enableAllProjectMcpServers", IS_TRUE) KEY_ROW(SETTINGS, "permissions/allow", ALLOWS)
KEY_ROW(SETTINGS, "chat.tools.autoApprove", IS_TRUE) KEY_ROW(SETTINGS, "chat.tools.global.autoApprove", IS_TRUE) KEY_ROW(SETTINGS, "chat.agent.autoApprove", IS_TRUE)
KEY_ROW(SETTINGS, "settings/chat.tools.autoApprove", IS_TRUE) KEY_ROW(SETTINGS, "settings/chat.tools.global.autoApprove", IS_TRUE) KEY_ROW(SETTINGS, "amp.dangerouslyAllowAll", IS_TRUE)
KEY_ROW(SETTINGS, "claudeCode.allowDangerouslySkipPermissions", IS_TRUE) KEY_ROW(SETTINGS, "general/defaultApprovalMode", IS_YOLO) KEY_ROW(SETTINGS, "tools/approvalMode", IS_YOLO)
KEY_ROW(SETTINGS, "approvalMode", IS_YOLO) KEY_ROW(SETTINGS, "yolo", IS_TRUE) KEY_ROW(SETTINGS, "sandbox_mode", IS_FULL) KEY_ROW(SETTINGS, "permission", IS_ALLOW)
KEY_ROW(SETTINGS, "mcpServers/*/trust", IS_TRUE) KEY_ROW(SETTINGS, "mcpServers/*/autoApprove/*", IS_ALL) KEY_ROW(SETTINGS, "mcpServers/*/alwaysAllow/*", IS_ALL)
KEY_ROW(SETTINGS, "servers/*/autoApprove", IS_TRUE) KEY_ROW(SETTINGS, "roo-cline.allowedCommands/*", IS_ALL) KEY_ROW(SETTINGS, "kiroAgent.trustedCommands/*", IS_ALL)
KEY_ROW(CONTAINER, "initializeCommand", COMMAND) KEY_ROW(CONTAINER, "onCreateCommand", BOXED) KEY_ROW(CONTAINER, "updateContentCommand", BOXED) KEY_ROW(CONTAINER, "postCreateCommand", BOXED)
KEY_ROW(CONTAINER, "postStartCommand", BOXED) KEY_ROW(CONTAINER, "postAttachCommand", BOXED)
KEY_ROW(TASKS, "tasks/*", TASK)
#endif

/* HOST(end of a host's name): where the requests of AI tools go, by their vendors and by who passes them on. */
#ifdef HOST_ROWS
HOST_ROW("anthropic.com") HOST_ROW("claude.ai") HOST_ROW("openai.com") HOST_ROW("azure.com") HOST_ROW("azure-api.net") HOST_ROW("googleapis.com") HOST_ROW("google.com") HOST_ROW("amazonaws.com")
HOST_ROW("openrouter.ai") HOST_ROW("moonshot.cn") HOST_ROW("moonshot.ai") HOST_ROW("kimi.com") HOST_ROW("bigmodel.cn") HOST_ROW("z.ai") HOST_ROW("deepseek.com") HOST_ROW("aliyuncs.com")
HOST_ROW("minimaxi.com") HOST_ROW("minimax.io") HOST_ROW("minimax.chat") HOST_ROW("groq.com") HOST_ROW("mistral.ai") HOST_ROW("x.ai") HOST_ROW("together.xyz") HOST_ROW("together.ai")
HOST_ROW("fireworks.ai") HOST_ROW("cerebras.ai") HOST_ROW("cloudflare.com") HOST_ROW("vercel.sh") HOST_ROW("github.com") HOST_ROW("githubcopilot.com") HOST_ROW("siliconflow.cn") HOST_ROW("siliconflow.com")
HOST_ROW("volces.com") HOST_ROW("baidubce.com") HOST_ROW("tencentcloudapi.com") HOST_ROW("tencent.com") HOST_ROW("modelscope.cn") HOST_ROW("huggingface.co") HOST_ROW("nvidia.com") HOST_ROW("ollama.com")
HOST_ROW("perplexity.ai") HOST_ROW("cohere.com") HOST_ROW("databricks.com") HOST_ROW("requesty.ai") HOST_ROW("portkey.ai") HOST_ROW("helicone.ai") HOST_ROW("xiaomimimo.com") HOST_ROW("stepfun.com")
#endif

/* TUNNEL(end of a host's name): hosts that lead to whoever asked for one a moment ago, or that show what they were sent. */
#ifdef TUNNEL_ROWS
TUNNEL_ROW("ngrok.io") TUNNEL_ROW("ngrok.app") TUNNEL_ROW("ngrok.dev") TUNNEL_ROW("ngrok-free.app") TUNNEL_ROW("ngrok-free.dev") TUNNEL_ROW("trycloudflare.com") TUNNEL_ROW("loca.lt")
TUNNEL_ROW("serveo.net") TUNNEL_ROW("localhost.run") TUNNEL_ROW("lhr.life") TUNNEL_ROW("pinggy.link") TUNNEL_ROW("bore.pub") TUNNEL_ROW("webhook.site") TUNNEL_ROW("pipedream.net")
TUNNEL_ROW("requestbin.net") TUNNEL_ROW("requestcatcher.com") TUNNEL_ROW("interact.sh") TUNNEL_ROW("oast.pro") TUNNEL_ROW("oast.live") TUNNEL_ROW("oast.site") TUNNEL_ROW("oast.online")
TUNNEL_ROW("oast.fun") TUNNEL_ROW("oast.me") TUNNEL_ROW("oastify.com") TUNNEL_ROW("burpcollaborator.net") TUNNEL_ROW("beeceptor.com") TUNNEL_ROW("hookbin.com")
#endif
