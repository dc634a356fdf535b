/* SCAN_RULE(name, id, verdict, confidence, title, why, what to do) */
SCAN_RULE(UNKNOWN, "scan.unknown", SCAN_UNSCANNED, SCAN_HIGH, "not understood",
	"No parser here knows this format, so nobody has looked at what it does.",
	"Do not load it; ask for a format that can be checked, such as safetensors.")
SCAN_RULE(TEXT, "scan.text", SCAN_UNSCANNED, SCAN_HIGH, "text, not looked into",
	"Models are what is looked for; source code, configuration and documents are not judged yet.",
	"Review it as you review code.")
SCAN_RULE(MACHINE_CODE, "scan.machine-code", SCAN_UNSCANNED, SCAN_HIGH, "machine code, not read",
	"What it does is not known from here; what it shares with others by name, the hosts in it, and a program in plain text that it carries are looked at.",
	"Watch what it does (postern vet), or have it built from source that you read; what you trust, pin by its digest.")
SCAN_RULE(LIMIT, "scan.limit", SCAN_UNSCANNED, SCAN_HIGH, "a limit was reached",
	"It unpacks to more, is nested deeper or takes more work than is allowed: beyond that nothing was looked at.",
	"Treat it as a bomb until somebody can say why it is so large.")
SCAN_RULE(CHANGED, "scan.unreadable", SCAN_UNSCANNED, SCAN_HIGH, "cannot be read",
	"What cannot be read cannot be judged.",
	"Make it readable, and scan it again.")
SCAN_RULE(PROCESS, "scan.process", SCAN_UNSCANNED, SCAN_HIGH, "ended the process that read it",
	"The process without authority that parses it was ended: it hit a limit of time or memory, changed while it was read, or met a fault in the scanner.",
	"Do not load it; report the file.")
SCAN_RULE(STOPPED, "scan.stopped", SCAN_UNSCANNED, SCAN_HIGH, "was not scanned, as the scan was stopped",
	"It was met, and waited or was read when somebody stopped the scan. Nothing is known of it, and less of what comes behind it.",
	"Scan it again, and let it end.")
SCAN_RULE(YARA_BAD, "yara.bad", SCAN_BAD, SCAN_MEDIUM, "matches a rule of YARA that is grave",
	"A rule that was given with --yara matches, and says itself that this is critical or high.",
	"See what the rule looks for, and whether that is what is there.")
SCAN_RULE(YARA, "yara.suspicious", SCAN_SUSPICIOUS, SCAN_MEDIUM, "matches a rule of YARA",
	"A rule that was given with --yara matches.",
	"See what the rule looks for, and whether that is what is there.")
SCAN_RULE(YARA_NOTE, "yara.note", SCAN_CLEAN, SCAN_LOW, "matches a rule of YARA that says little",
	"A rule that was given with --yara matches, and says itself that this is low, or for information.",
	"Nothing, unless there is more.")
SCAN_RULE(YARA_LEFT, "yara.unfinished", SCAN_UNSCANNED, SCAN_HIGH, "was not matched with all rules of YARA",
	"They took too long or too much memory on it, so that it is not known which of them match.",
	"Find the rule that is slow, with yara(1), or scan the file without --yara.")
SCAN_RULE(FORMATS, "scan.several-formats", SCAN_SUSPICIOUS, SCAN_MEDIUM, "is of several formats at once",
	"Loaders that go by different parts of the file see different things; scanners are deceived so.",
	"Do not load it unless its maker can explain it.")
SCAN_RULE(DISGUISE, "model.disguised", SCAN_SUSPICIOUS, SCAN_HIGH, "is called what it is not",
	"Scanners that go by names pass over it.",
	"Find out what loads it.")
SCAN_RULE(CALL, "model.pickle.call", SCAN_BAD, SCAN_HIGH, "runs code when it is loaded",
	"Loading the pickle calls this function, which can run programs, reach the network or the files, or make code from data.",
	"Do not load it. Keep it as evidence, and tell who delivered it.")
SCAN_RULE(IMPORT, "model.pickle.import", SCAN_BAD, SCAN_HIGH, "imports what runs code",
	"No model needs this name; a later instruction, or the program that loads it, can call it.",
	"Do not load it.")
SCAN_RULE(CALL_UNKNOWN, "model.pickle.unknown-call", SCAN_SUSPICIOUS, SCAN_MEDIUM, "calls what is not known to be harmless",
	"Loading the pickle calls this; it is not on the list of names that models need.",
	"Read what it does in the version that you have installed, or ask for safetensors.")
SCAN_RULE(IMPORT_UNKNOWN, "model.pickle.unknown-import", SCAN_SUSPICIOUS, SCAN_MEDIUM, "imports what is not known to be harmless",
	"Importing runs the module's own code; it is not on the list of names that models need.",
	"Read what it does in the version that you have installed, or ask for safetensors.")
SCAN_RULE(COMPUTED_IMPORT, "model.pickle.computed-import", SCAN_BAD, SCAN_HIGH, "computes what it imports",
	"The name of the import is the result of a call, so that it cannot be read; no serializer writes that.",
	"Do not load it.")
SCAN_RULE(COMPUTED_CALL, "model.pickle.computed-call", SCAN_BAD, SCAN_HIGH, "calls what a call gave",
	"The function that is called is itself the result of a call, or lost; no serializer writes that.",
	"Do not load it.")
SCAN_RULE(EXTENSION, "model.pickle.extension", SCAN_BAD, SCAN_HIGH, "imports by a number",
	"EXT1, EXT2 and EXT4 name an import by a number of the loading process's registry: what it is cannot be seen.",
	"Do not load it.")
SCAN_RULE(CHANGE_GLOBAL, "model.pickle.changes-import", SCAN_BAD, SCAN_HIGH, "changes a module, class or function",
	"Its state is set on what was imported, not on an object: later code of the process behaves otherwise.",
	"Do not load it.")
SCAN_RULE(PICKLE_ODD, "model.pickle.loaders-differ", SCAN_SUSPICIOUS, SCAN_MEDIUM, "is read differently by different loaders",
	"What one loader refuses another runs; no serializer writes that.",
	"Do not load it unless its maker can explain it.")
SCAN_RULE(PICKLE_BROKEN, "model.pickle.broken", SCAN_UNSCANNED, SCAN_HIGH, "a pickle that cannot be read to its end",
	"What stands before the break is run by a loader all the same; what stands behind it was not understood.",
	"Do not load it.")
SCAN_RULE(TRAILING, "model.trailing", SCAN_UNSCANNED, SCAN_HIGH, "bytes behind the end",
	"Nothing in the format says what they are; another loader may read on.",
	"Find out what they are, or cut them off.")
SCAN_RULE(CODE, "model.pickle.code", SCAN_SUSPICIOUS, SCAN_MEDIUM, "carries compiled Python code",
	"A literal looks like a code object (marshal): data of a model has none.",
	"Do not load it unless its maker can explain it.")
SCAN_RULE(EMBEDDED, "model.embedded-pickle", SCAN_SUSPICIOUS, SCAN_HIGH, "has a pickle where numbers should be",
	"Something that imports and calls lies in bytes that a loader takes for numbers, ready for another loader.",
	"Do not load it.")
SCAN_RULE(ZIP_DIFFERS, "archive.headers-differ", SCAN_SUSPICIOUS, SCAN_HIGH, "has headers that contradict each other",
	"Loaders that go by the directory and loaders that go by local headers read different things.",
	"Do not load it; archives that tools write do not have this.")
SCAN_RULE(ZIP_CRC, "archive.checksum", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has a member with a wrong checksum",
	"Scanners that check it see an error; loaders that do not check it load the content.",
	"Get it again; if it stays so, do not load it.")
SCAN_RULE(ZIP_HIDDEN, "archive.hidden-member", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has a member that its directory does not have",
	"Only loaders that read from the front meet it.",
	"Do not load it unless its maker can explain it.")
SCAN_RULE(ZIP_PATH, "archive.path", SCAN_SUSPICIOUS, SCAN_HIGH, "has a member whose name leads elsewhere",
	"Unpacked by a careless program it writes outside of its folder.",
	"Do not unpack it.")
SCAN_RULE(ZIP_ENCRYPTED, "archive.encrypted", SCAN_UNSCANNED, SCAN_HIGH, "is encrypted",
	"Without its password nobody can look inside.",
	"Unpack it where that is safe, and scan what comes out.")
SCAN_RULE(ZIP_UNREAD, "archive.unread", SCAN_UNSCANNED, SCAN_HIGH, "cannot be unpacked",
	"It is damaged, or packed in a way that is not read here.",
	"Unpack it where that is safe, and scan what comes out.")
SCAN_RULE(TENSOR_LAYOUT, "model.tensor.layout", SCAN_SUSPICIOUS, SCAN_MEDIUM, "says of its numbers what cannot be",
	"Loaders that trust such a header read or write outside of their memory, or miss bytes that others find.",
	"Do not load it; get it again, and if it stays so ask its maker.")
SCAN_RULE(TENSOR_OVERFLOW, "model.tensor.overflow", SCAN_BAD, SCAN_HIGH, "has sizes that overflow",
	"The product of its dimensions does not fit a number: no honest file has that; a loader that multiplies takes too little memory and writes past it.",
	"Do not load it.")
SCAN_RULE(TENSOR_HEADER, "model.tensor.header", SCAN_UNSCANNED, SCAN_HIGH, "has a header that cannot be read",
	"What describes the numbers is damaged, or of a version that is not read here.",
	"Do not load it; get it again.")
SCAN_RULE(TEMPLATE_INTERNALS, "model.template.internals", SCAN_BAD, SCAN_HIGH, "has a template that reaches for the internals of Python",
	"Through such attributes a template gets from a text to functions that run programs, in every loader that renders it without a sandbox.",
	"Do not use its template; do not load it with a library that renders templates on loading.")
SCAN_RULE(TEMPLATE_CALL, "model.template.call", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has a template that calls what chat templates do not need",
	"A chat template needs a few methods of texts and lists; others are ways out of it.",
	"Read the template, or use one of your own.")
SCAN_RULE(TEMPLATE_COMPUTED, "model.template.computed", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has a template that computes the names it uses",
	"Names that are put together from pieces hide what is reached.",
	"Read the template, or use one of your own.")
SCAN_RULE(TEMPLATE_INCLUDE, "model.template.include", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has a template that loads other templates",
	"What is loaded is not in this file, and was not looked at.",
	"Read the template, or use one of your own.")
SCAN_RULE(TEMPLATE_BROKEN, "model.template.broken", SCAN_UNSCANNED, SCAN_HIGH, "has a template that cannot be read",
	"What stands behind the place was not looked at.",
	"Use a template of your own.")
SCAN_RULE(REMOTE_CODE, "model.remote-code", SCAN_SUSPICIOUS, SCAN_HIGH, "has code fetched from elsewhere",
	"Its configuration names a class in another repository, which is downloaded and run where remote code is trusted.",
	"Do not load it with remote code trusted; fetch, review and pin that code first.")
SCAN_RULE(KERAS_LAMBDA, "model.keras.lambda", SCAN_BAD, SCAN_HIGH, "has a layer that is Python code",
	"A Lambda layer carries compiled Python code that is run when the model is loaded or used.",
	"Do not load it; ask for a model without such layers.")
SCAN_RULE(KERAS_IMPORT, "model.keras.import", SCAN_BAD, SCAN_HIGH, "has a layer that imports what runs code",
	"Its configuration names a module and a function that are imported and called when the model is loaded.",
	"Do not load it.")
SCAN_RULE(KERAS_UNKNOWN, "model.keras.unknown", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has a layer from outside of Keras",
	"Its configuration names a module that is imported when the model is loaded; it is not on the list of those that Keras writes.",
	"Read what the module does in the version that you have installed.")
SCAN_RULE(HDF5_UNREAD, "model.hdf5.unread", SCAN_UNSCANNED, SCAN_HIGH, "has parts of HDF5 that are not followed",
	"What stands there, attributes or groups, was not looked at.",
	"Ask for safetensors, or for the .keras format.")
SCAN_RULE(EXTERNAL_DATA, "model.external-data", SCAN_SUSPICIOUS, SCAN_MEDIUM, "takes data from another file",
	"What is loaded is not in this file alone, and a name can lead to files that are none of the model's.",
	"Check where the name leads, and scan that file too.")
SCAN_RULE(EXTERNAL_PATH, "model.external-path", SCAN_BAD, SCAN_HIGH, "takes data from outside of its folder",
	"Loading it reads a file of the machine that the name leads to, and makes it part of the model.",
	"Do not load it.")
SCAN_RULE(GRAPH_OP, "model.graph.operation", SCAN_BAD, SCAN_HIGH, "has an operation that reaches out of the model",
	"When the graph runs it calls Python, or reads or writes files of the machine.",
	"Do not load it.")
SCAN_RULE(GRAPH_CUSTOM, "model.graph.custom", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has operations that need code of their own",
	"They come from a library that has to be loaded with the model, and can do anything.",
	"Find out which library that is, and scan and review it.")
SCAN_RULE(GRAPH_BROKEN, "model.graph.broken", SCAN_UNSCANNED, SCAN_HIGH, "has a graph that cannot be read to its end",
	"What stands behind the place was not looked at.",
	"Do not load it; get it again.")
SCAN_RULE(TEXT_ENCODING, "text.encoding", SCAN_UNSCANNED, SCAN_HIGH, "has bytes that are no text in UTF-8",
	"It is in another encoding, or has control characters in it: there nothing was looked for.",
	"Convert it to UTF-8, and scan it again.")
SCAN_RULE(TEXT_BIDI, "text.bidi", SCAN_BAD, SCAN_HIGH, "has code that is shown in another order than it has",
	"Control characters of direction move code about for whoever reads it: what looks like a comment is run, or the other way round (CVE-2021-42574).",
	"Do not build or run it; show the file with its control characters, and find out who put them in.")
SCAN_RULE(TEXT_BIDI_ODD, "text.bidi-text", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has text that is shown in another order than it has",
	"Control characters of direction reorder Latin text, which has no need of them.",
	"Show the text with its control characters, and remove them.")
SCAN_RULE(TEXT_INVISIBLE, "text.invisible-name", SCAN_BAD, SCAN_HIGH, "has an invisible character in a name",
	"Two names that look the same are different ones: what is called is not what seems to be called.",
	"Do not build or run it; compare the names byte by byte.")
SCAN_RULE(TEXT_INVISIBLE_ODD, "text.invisible", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has an invisible character in code",
	"Nobody sees it, but a program does: texts that look the same are different ones.",
	"Remove the character, or write it as an escape.")
SCAN_RULE(TEXT_DATA, "text.hidden-data", SCAN_BAD, SCAN_HIGH, "says something in characters that nobody sees",
	"Models and programs read such characters, people do not: they carry orders or code past a review.",
	"Do not use it, nor show it to an AI tool; find out who put them in.")
SCAN_RULE(TEXT_RUN, "text.hidden-run", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has many invisible characters in a row",
	"No script writes several of them one behind the other; data can be hidden so.",
	"Remove them, or find out what they are for.")
SCAN_RULE(TEXT_LOOKALIKE, "text.look-alike", SCAN_BAD, SCAN_HIGH, "has a name with a letter that looks like another",
	"A letter of another script stands among Latin ones in one word: the name is another than the one it seems to be (CVE-2021-42694).",
	"Do not build or run it; look for the other definition of the name.")
SCAN_RULE(TEXT_LOOKALIKE_ODD, "text.look-alike-text", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has a text with a letter that looks like another",
	"A letter of another script stands among Latin ones in one word: a name in a text can be looked up, or shown to somebody.",
	"Compare it with the name it seems to be.")
SCAN_RULE(TEXT_STYLED, "text.styled-name", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has a name in letters of another style",
	"Languages that normalise names take it for the plain one; searches and scanners do not find it.",
	"Write the name in plain letters.")
SCAN_RULE(TEXT_FAR, "text.off-screen", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has code far to the right, behind blanks",
	"An editor that does not wrap lines does not show it.",
	"Read what stands there.")
SCAN_RULE(AGENT_UNREAD, "agent.unread", SCAN_UNSCANNED, SCAN_HIGH, "settings of an AI tool that cannot be read",
	"It is not of the format that its name says, or too large: what the tool makes of it is not known.",
	"Repair it, and scan it again.")
SCAN_RULE(AGENT_DOWNLOAD, "agent.download-and-run", SCAN_BAD, SCAN_HIGH, "has the AI tool run what it fetches",
	"The command is run without a question, and what it runs is whatever the host sends at that time.",
	"Do not open the folder with the tool; remove the command, or fetch, review and pin what it runs.")
SCAN_RULE(AGENT_INSTALLER, "agent.installer", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has the AI tool run an installer from the network",
	"The installer is a known one, but it is run without a question, in whatever version is newest.",
	"Install what is needed beforehand, in a version that was reviewed.")
SCAN_RULE(AGENT_HIDDEN, "agent.encoded-command", SCAN_BAD, SCAN_HIGH, "runs a command that is encoded",
	"Nobody encodes a command that may be read.",
	"Do not run it, nor let an AI tool read it; decode the command to see what it does.")
SCAN_RULE(AGENT_REVERSE, "agent.reverse-shell", SCAN_BAD, SCAN_HIGH, "has the AI tool give a shell to another host",
	"Whoever is at the other end can do all that the user can.",
	"Do not open the folder with the tool; find out who put it there.")
SCAN_RULE(AGENT_SENDS, "agent.sends-secrets", SCAN_BAD, SCAN_HIGH, "has the AI tool send away secrets",
	"One command reads files or variables that hold keys and passwords, and sends them over the network.",
	"Do not open the folder with the tool; if it was opened, change what the files hold.")
SCAN_RULE(AGENT_DISGUISED, "agent.disguised-program", SCAN_BAD, SCAN_HIGH, "has the AI tool run a file that is called a picture or a font",
	"A program that is called so is meant not to be looked at.",
	"Do not open the folder with the tool; look at the file.")
SCAN_RULE(AGENT_TELLS_DOWNLOAD, "agent.tells-download", SCAN_SUSPICIOUS, SCAN_MEDIUM, "tells the AI tool to run what it fetches",
	"A model that follows the text runs whatever the host sends at that time.",
	"Ask the author for a way with a version and a checksum.")
SCAN_RULE(AGENT_TELLS_SENDS, "agent.tells-secrets", SCAN_SUSPICIOUS, SCAN_HIGH, "tells the AI tool to send away secrets",
	"A command in the text reads files or variables that hold keys and passwords, and sends them over the network.",
	"Do not let an AI tool read it unless you know what it is for.")
SCAN_RULE(AGENT_TELLS_REVERSE, "agent.tells-reverse-shell", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has a command that gives a shell to another host",
	"Texts for tests of security have such examples; others have no use for them.",
	"Do not let an AI tool read it unless you know what it is for.")
SCAN_RULE(AGENT_TELLS_ENCODED, "agent.tells-encoded", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has a command that runs what it decodes",
	"What is run cannot be read.",
	"Decode it, and see what it does.")
SCAN_RULE(AGENT_COMMENT, "agent.comment", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has commands in a comment that is not shown",
	"People who read the page do not see a comment; a model does.",
	"Read the comment, and remove it unless you know what it is for.")
SCAN_RULE(AGENT_DATA_CODE, "agent.code-in-data", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has data with code that starts programs",
	"A value of JSON that is code is run by whatever takes it for data.",
	"Find out what runs it.")
SCAN_RULE(AGENT_TUNNEL, "agent.tunnel", SCAN_SUSPICIOUS, SCAN_MEDIUM, "names a host that hides whose it is",
	"Such a host leads to whoever asked for it a moment ago, or shows what it was sent.",
	"Find out what is sent there.")
SCAN_RULE(AGENT_HOST, "agent.api-host", SCAN_SUSPICIOUS, SCAN_HIGH, "sends the AI tool's requests to another host",
	"All that the tool sends goes there, with the user's key (CVE-2026-21852).",
	"Open the folder only if the host is your organisation's.")
SCAN_RULE(AGENT_HOST_PLAIN, "agent.api-host-plain", SCAN_BAD, SCAN_HIGH, "sends the AI tool's requests to another host without encryption",
	"All that the tool sends goes there in clear text, with the user's key (CVE-2026-21852).",
	"Do not open the folder with the tool.")
SCAN_RULE(AGENT_PRELOAD, "agent.preload", SCAN_SUSPICIOUS, SCAN_HIGH, "has programs load code that they are not asked to",
	"A variable makes each program that the tool starts load it, or take any certificate.",
	"Remove the variable.")
SCAN_RULE(AGENT_APPROVES, "agent.auto-approval", SCAN_SUSPICIOUS, SCAN_MEDIUM, "lets the AI tool act without asking",
	"Who opens the folder is asked no more, whatever the model, or a text that it reads, wants done (CVE-2025-59536).",
	"Leave it out of what is shared; allow single commands.")
SCAN_RULE(CODE_LIMIT, "code.limit", SCAN_UNSCANNED, SCAN_HIGH, "source code that is too large",
	"What stands behind the place was not followed.",
	"Review it as you review code.")
SCAN_RULE(CODE_DECODED, "code.runs-decoded", SCAN_BAD, SCAN_HIGH, "runs code that it decodes",
	"What is run cannot be read: it is packed or encrypted, so that nobody sees it.",
	"Do not run it; decode the data to see what it does.")
SCAN_RULE(CODE_FETCHED, "code.runs-fetched", SCAN_BAD, SCAN_HIGH, "runs code that it fetches",
	"It does whatever a host sends at that time.",
	"Do not run it.")
SCAN_RULE(CODE_SENDS, "code.sends-secrets", SCAN_BAD, SCAN_HIGH, "sends away files or variables that hold secrets",
	"Keys and passwords, or all variables of the process, go over the network.",
	"Do not run it; if it was run, change what was sent.")
SCAN_RULE(CODE_REVERSE, "code.reverse-shell", SCAN_BAD, SCAN_HIGH, "gives a shell to another host",
	"Whoever is at the other end can do all that the user can.",
	"Do not run it.")
SCAN_RULE(CODE_COMMAND, "code.command", SCAN_BAD, SCAN_HIGH, "starts a command that does harm",
	"The command is encoded, sends away secrets, gives a shell away, or is a file that is called a picture.",
	"Do not run it.")
SCAN_RULE(CODE_COMMAND_ODD, "code.command-fetches", SCAN_SUSPICIOUS, SCAN_MEDIUM, "starts a command that runs what it fetches or decodes",
	"It does whatever a host sends at that time, or what cannot be read.",
	"Find out what is run, and pin it.")
SCAN_RULE(CODE_DECODED_ODD, "code.starts-decoded", SCAN_SUSPICIOUS, SCAN_MEDIUM, "starts a program whose name or arguments it decodes",
	"What is started cannot be read.",
	"Decode the data to see what it is.")
SCAN_RULE(CODE_INSTALL, "code.install-script", SCAN_BAD, SCAN_HIGH, "does harm when it is installed",
	"A package's script runs on installation what it fetches or decodes, or sends away secrets.",
	"Do not install it, or only without scripts.")
SCAN_RULE(CODE_DEPENDENCY, "code.plain-dependency", SCAN_SUSPICIOUS, SCAN_HIGH, "depends on a package from an address without encryption",
	"Whoever is between can put another package in its place; no registry has it.",
	"Take the package from a registry, with a checksum.")
SCAN_RULE(CODE_SENDS_HOST, "code.sends-host", SCAN_SUSPICIOUS, SCAN_MEDIUM, "sends away whose host it is on",
	"The name of the host or of the user goes to an address that is written in the program: a beacon of those who installed it.",
	"Find out what is sent there, and why.")
SCAN_RULE(CODE_SPIES, "code.spies", SCAN_SUSPICIOUS, SCAN_HIGH, "sends away what a person sees, types or sends",
	"The screen, the clipboard, what is typed or what other code sends goes over the network to somebody else.",
	"Do not run it unless that is what it is for.")
SCAN_RULE(CODE_WALLET, "code.replaces-addresses", SCAN_BAD, SCAN_HIGH, "puts other addresses of payment into the clipboard",
	"It looks in the clipboard for addresses of cryptocurrencies, and writes to it: who pastes one pays somebody else.",
	"Do not run it.")
SCAN_RULE(CODE_DROPS, "code.runs-downloaded", SCAN_SUSPICIOUS, SCAN_MEDIUM, "runs a file that it downloaded, unchecked",
	"It writes what a host sends into a file and starts it, or lets it be started, and no digest or signature is looked at.",
	"Find out what is run, and pin it by its digest.")
SCAN_RULE(CODE_HIDDEN_CALL, "code.hides-call", SCAN_SUSPICIOUS, SCAN_MEDIUM, "hides which function it calls",
	"A function that starts programs or evaluates code is reached by a text where its name would do: searches do not find it.",
	"Read what is called, and with what.")
SCAN_RULE(CODE_HIDDEN_LIST, "code.hidden-list", SCAN_SUSPICIOUS, SCAN_HIGH, "hides a list of names",
	"They must be decoded before anybody can read them: programs that look for who or where their user is hide what they look for.",
	"Ask its maker what the list is for; postern vet tries whether what is sent depends on it.")
SCAN_RULE(CODE_OBFUSCATED, "code.obfuscated", SCAN_SUSPICIOUS, SCAN_MEDIUM, "was made unreadable",
	"Its texts and names were put through a program that hides them, so that nobody can see what it does.",
	"Ask for the source, or leave it.")
SCAN_RULE(CODE_INJECTS, "code.injects", SCAN_SUSPICIOUS, SCAN_MEDIUM, "writes into another process and starts it there",
	"Code runs then as a program that is trusted; debuggers do that, others have no use for it.",
	"Do not run it unless that is what it is for.")
SCAN_RULE(CODE_STARTUP, "code.autostart", SCAN_SUSPICIOUS, SCAN_MEDIUM, "writes to what is run when somebody logs in",
	"What it puts there runs from then on, without the program and after it is removed.",
	"Find out what is written there.")
SCAN_RULE(CODE_SILENT, "code.silent-start", SCAN_SUSPICIOUS, SCAN_MEDIUM, "starts a program unseen when it is loaded",
	"Whoever only loads the file has a program running that says nothing and outlives it.",
	"Find out what is started.")
SCAN_RULE(CODE_GATHERS, "code.gathers-secrets", SCAN_SUSPICIOUS, SCAN_MEDIUM, "gathers secrets of several programs",
	"It reads files of keys that belong to different programs; a program has use for its own.",
	"Find out where they go.")
SCAN_RULE(CODE_ADDRESS, "code.bare-address", SCAN_SUSPICIOUS, SCAN_MEDIUM, "talks to a bare address of the Internet",
	"Services have names; an address that stands in a program is of a host that nobody vouches for.",
	"Find out whose it is.")
SCAN_RULE(CODE_DROP_BOX, "code.drop-box", SCAN_SUSPICIOUS, SCAN_HIGH, "has an address to which anybody can send",
	"A webhook or a bot with its secret, a tunnel or a short link stands in the program: what goes there is read by whoever made it, and by nobody else.",
	"Find out what is sent there.")
SCAN_RULE(CODE_SPREADS, "code.publishes-itself", SCAN_SUSPICIOUS, SCAN_MEDIUM, "publishes packages under other names",
	"It changes the name in a manifest, and has the package manager publish the result: worms spread so.",
	"Do not run it where there are keys of a registry.")
SCAN_RULE(CODE_HOOK, "code.install-hook", SCAN_SUSPICIOUS, SCAN_MEDIUM, "acts when it, or another package, is installed",
	"Code for the installation reaches the network or starts programs.",
	"Read what it does before it is installed.")
SCAN_RULE(CODE_ON_LOAD, "code.network-on-load", SCAN_SUSPICIOUS, SCAN_MEDIUM, "reaches the network as soon as it is loaded",
	"Whoever only loads the library has talked to a host that is written in it.",
	"Find out what is sent there, and what comes back.")
SCAN_RULE(CODE_ENVIRONMENT, "code.all-variables", SCAN_SUSPICIOUS, SCAN_LOW, "makes one text of all variables of the process",
	"Keys are among them; no program has use for all of them, but one that takes them away.",
	"Find out where the text goes.")
SCAN_RULE(AGENT_EVALUATES, "agent.evaluates-given", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has the AI tool run a script that evaluates what it is given",
	"Whoever can put words into what the tool reads can run code by it.",
	"Do not use it; an expression has a parser, not an interpreter.")
SCAN_RULE(AGENT_QUERY, "agent.query-given", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has the AI tool run a script that puts what it is given in a query",
	"Whoever can put words into what the tool reads can read or change the database by it.",
	"Do not use it; queries have parameters.")
SCAN_RULE(AGENT_PATH, "agent.path-given", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has the AI tool run a script that opens any path that it is given",
	"A name with ../ in it leads to any file.",
	"Do not use it; resolve the path, and compare.")
SCAN_RULE(AGENT_ENDLESS, "agent.endless-script", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has the AI tool run a script with a loop that never ends",
	"It holds the tool and the machine until somebody stops it.",
	"Do not use it.")
SCAN_RULE(AGENT_TAKES, "agent.sends-file-and-key", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has the AI tool send a file together with a key",
	"One message to an address that is written in the script has the content of a file and a variable that is called a secret.",
	"Find out whose the address is.")
SCAN_RULE(CODE_INPUT, "code.runs-input", SCAN_SUSPICIOUS, SCAN_MEDIUM, "runs what somebody sends it",
	"What a request brings is evaluated or started: whoever can reach the server can do all that it can, and web shells are just that.",
	"Do not run it where others can reach it.")
SCAN_RULE(CODE_ASKS, "code.asks-whose-host", SCAN_SUSPICIOUS, SCAN_LOW, "starts commands that say whose host it is on",
	"Several of them together are what an attacker wants to know first.",
	"Find out where the answers go.")
SCAN_RULE(CODE_SCRIPT, "code.carries-script", SCAN_SUSPICIOUS, SCAN_MEDIUM, "carries a script that runs what it fetches",
	"The script stands in a text of the program, to be written and run elsewhere.",
	"Find out what is run, and pin it.")
SCAN_RULE(CODE_DAY, "code.waits-for-a-day", SCAN_SUSPICIOUS, SCAN_MEDIUM, "waits for a day to remove files, end processes or start something",
	"The clock is compared with a date that is written in the program, and what is done then does harm, or can: nobody who tries the program before sees it.",
	"Find out what that day is, and take it out.")
SCAN_RULE(CODE_TEST, "code.virus-test", SCAN_BAD, SCAN_HIGH, "is the test file for virus scanners",
	"It does nothing, but scanners of viruses must report it (EICAR).",
	"Remove it where it is not wanted.")
SCAN_RULE(CHANGE_LIMIT, "change.limit", SCAN_UNSCANNED, SCAN_HIGH, "a change that is too large to compare",
	"What is new in it was not found out.",
	"Review it, or change less at once.")
SCAN_RULE(CHANGE_UNREAD, "change.unread", SCAN_UNSCANNED, SCAN_HIGH, "a lock file that cannot be read",
	"Package managers may read it all the same; what it has them install was not looked at.",
	"Have the package manager make it anew, and scan it again.")
SCAN_RULE(CHANGE_TLS, "change.tls-verification", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly takes any certificate",
	"Who is between can read and change all that is said; no check of the other side is left.",
	"Keep the check on, and trust a certificate of your own where one is needed.")
SCAN_RULE(CHANGE_HOST_KEY, "change.host-key", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly takes any host's key",
	"Any machine can say that it is the one that is meant, and gets what is sent to it.",
	"Pin the key of the host.")
SCAN_RULE(CHANGE_CORS, "change.cors", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly lets any site send requests with cookies",
	"A page of anybody acts as the user who is logged in, and reads the answers.",
	"Name the origins that may.")
SCAN_RULE(CHANGE_SIGNATURE, "change.signature", SCAN_SUSPICIOUS, SCAN_HIGH, "newly takes tokens whose signature is not checked",
	"Anybody can write a token that says that they are anybody.",
	"Check the signature.")
SCAN_RULE(CHANGE_RUNS_DOWNLOAD, "change.runs-download", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly runs what it downloads",
	"Whoever serves it decides what is run, today and later; nothing is compared with what was meant.",
	"Pin a version and compare its digest before it is run.")
SCAN_RULE(CHANGE_RUNS_DECODED, "change.runs-decoded", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly runs what it decodes",
	"What is run cannot be read where it stands.",
	"Decode it to see what it is, and write it down as it is.")
SCAN_RULE(CHANGE_RANDOM, "change.weak-random", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly draws a secret from numbers that can be guessed",
	"Whoever has seen some numbers of such a source, or knows when it was started, knows the others: passwords, tokens and keys of it are known.",
	"Draw it from the source that the system has for keys.")
SCAN_RULE(CHANGE_DIGEST, "change.weak-password-digest", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly keeps a password as MD5 or SHA-1",
	"Billions of passwords a second are tried against such a digest.",
	"Use what is made for passwords: Argon2, scrypt, bcrypt.")
SCAN_RULE(CHANGE_CIPHER, "change.weak-cipher", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly uses a cipher, a mode or a signature that is broken",
	"DES and RC4 can be read, ECB shows what is the same, and signatures over MD5 and SHA-1 can be forged.",
	"Use AES-GCM or ChaCha20-Poly1305, and SHA-256.")
SCAN_RULE(CHANGE_CONSTANT, "change.weak-parameter", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly has a constant salt or start value, a short key or few rounds",
	"What has to be drawn anew each time is the same for all, or costs whoever tries keys too little.",
	"Draw it anew, and take the sizes that are recommended today.")
SCAN_RULE(CHANGE_LITERAL, "change.hard-coded-secret", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly compares a secret with a text in the code",
	"Whoever reads the code, or its binary, gets in.",
	"Take the comparison out; if it is meant, keep a digest of the secret outside of the code.")
SCAN_RULE(CHANGE_DEBUG, "change.debug", SCAN_CLEAN, SCAN_MEDIUM, "debugging is on",
	"Pages of errors show what is in memory, and some run what a visitor types.",
	"See that it is off where others can reach it.")
SCAN_RULE(CHANGE_CHECK_GONE, "change.check-removed", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly lacks a check, and is else what it was",
	"A question who somebody is, or what they may, was taken out of it or made a comment; no other one came, and it is not asked elsewhere in the file.",
	"See where it is asked now.")
SCAN_RULE(CHANGE_CHECK_TRUE, "change.check-always-true", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly has a check that is always the same",
	"A function that is called after a check says yes before it asks anything, or its condition is a constant.",
	"Put the check back.")
SCAN_RULE(CHANGE_CHECK_WEAK, "change.check-weakened", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly asks the same so that more pass",
	"A condition who somebody is, or what they may, has the same names in it and does the same behind it, but \"and\" became \"or\", it was turned round, or it sets what it asked.",
	"See that it is what is meant; put it back if not.")
SCAN_RULE(CHANGE_CHECK_OPEN, "change.opened", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly lets in who is not known",
	"What was there before has a word of its framework now by which it asks nobody who they are.",
	"See that it is meant for anybody.")
SCAN_RULE(CHANGE_CHECK_LESS, "change.fewer-checks", SCAN_CLEAN, SCAN_LOW, "a function without a check that it had",
	"It was changed otherwise as well, so that the check may stand elsewhere now.",
	"See where it is asked now.")
SCAN_RULE(CHANGE_TEST_OFF, "change.test-off", SCAN_CLEAN, SCAN_MEDIUM, "a test that is not run, or the only one that is",
	"What it tested is not tested any more.",
	"See why it is off or gone.")
SCAN_RULE(CHANGE_TEST_LESS, "change.fewer-tests", SCAN_CLEAN, SCAN_LOW, "fewer tests, or one that asserts nothing",
	"What was tested is not tested any more.",
	"See why it is off or gone.")
SCAN_RULE(CHANGE_TEST_GONE, "change.tests-deleted", SCAN_CLEAN, SCAN_LOW, "tests deleted while what they test was changed",
	"What was tested is not tested any more, and no tests came elsewhere.",
	"See why they are gone, and what tests it now.")
SCAN_RULE(CHANGE_TEST_WEAK, "change.weak-test", SCAN_CLEAN, SCAN_LOW, "a check that is off, in a test or an example",
	"Tests speak to servers without a real certificate; it matters if the code is used elsewhere.",
	"Nothing, if it is a test.")
SCAN_RULE(CHANGE_ADDS_NETWORK, "change.adds-network", SCAN_CLEAN, SCAN_MEDIUM, "network",
	"The file did not use the network before.",
	"See that it is meant to.")
SCAN_RULE(CHANGE_ADDS_EXEC, "change.adds-programs", SCAN_CLEAN, SCAN_MEDIUM, "starts programs",
	"The file did not start programs before.",
	"See which, and with what arguments.")
SCAN_RULE(CHANGE_ADDS_EVAL, "change.adds-evaluation", SCAN_CLEAN, SCAN_MEDIUM, "runs code from data",
	"The file did not run code that it makes or reads before.",
	"See where the code comes from.")
SCAN_RULE(CHANGE_ADDS_NATIVE, "change.adds-native", SCAN_CLEAN, SCAN_MEDIUM, "native code",
	"The file did not load native code, or change memory, before.",
	"See what is loaded.")
SCAN_RULE(CHANGE_ADDS_CREDENTIALS, "change.adds-credentials", SCAN_CLEAN, SCAN_MEDIUM, "names a place of credentials",
	"The file did not name such a place before.",
	"See what is done with it.")
SCAN_RULE(CHANGE_ADDS_PERSISTENCE, "change.adds-persistence", SCAN_CLEAN, SCAN_MEDIUM, "names what runs later by itself",
	"The file did not name a place from which programs are started at login, at boot or by a clock.",
	"See what is written there.")
SCAN_RULE(CHANGE_ADDS_DECODING, "change.adds-decoding", SCAN_CLEAN, SCAN_LOW, "decodes data",
	"The file did not decode or unpack data before.",
	"See what is done with what comes out.")
SCAN_RULE(CHANGE_DEPENDENCY, "change.adds-dependency", SCAN_CLEAN, SCAN_HIGH, "dependency",
	"The project did not depend on it, or not from there, before.",
	"See that it is the one that is meant, and who makes it.")
SCAN_RULE(CHANGE_DEPENDENCY_URL, "change.dependency-address", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly depends on a package from outside of a registry",
	"Whoever has that repository or host decides what is installed, and no registry keeps what was.",
	"Take the package from a registry, or pin a commit and review it.")
SCAN_RULE(CHANGE_LOOKALIKE, "change.look-alike-dependency", SCAN_SUSPICIOUS, SCAN_HIGH, "newly depends on a name that looks like a popular one",
	"It is one letter or sign away from a name that everybody knows: such packages are put there for who mistypes.",
	"See which one is meant.")
SCAN_RULE(CHANGE_INDEX, "change.registry", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly takes packages from another registry",
	"Whoever has that host decides what is installed, also under the names of others' packages.",
	"See that the registry is your organisation's.")
SCAN_RULE(CHANGE_LOCK, "change.lock-entry", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has a lock file with an entry unlike the others",
	"A package comes from another host than the others, or without the digest that they have; package managers take what the lock file says.",
	"Make the lock file anew from the manifest, and compare.")
SCAN_RULE(CHANGE_LOCK_NAME, "change.lock-name", SCAN_BAD, SCAN_HIGH, "has a lock file that fetches another package than it names",
	"The address is that of another package; package managers install what is there under the name that was reviewed.",
	"Do not install from it; make the lock file anew from the manifest.")
SCAN_RULE(CHANGE_LOCK_DIGEST, "change.lock-digest", SCAN_SUSPICIOUS, SCAN_HIGH, "has a lock file with another digest for the same version",
	"Under a version that stays the same other bytes are installed than before: it was published anew, its tag was moved, or somebody put another digest there.",
	"Make the lock file anew from the manifest; if the digest is still another one, compare both contents.")
SCAN_RULE(CHANGE_LOCK_MANIFEST, "change.lock-manifest", SCAN_SUSPICIOUS, SCAN_MEDIUM, "has a lock file that takes what the manifest does not ask for",
	"The lock file newly has a version, a package or another name that the manifest beside it does not ask for; what is locked is installed, and hardly read.",
	"Make the lock file anew from the manifest, and compare.")
SCAN_RULE(CHANGE_LOCK_ASKS, "change.lock-asks", SCAN_CLEAN, SCAN_MEDIUM, "a lock file that says more is asked for than the manifest",
	"It newly says that the project asks for a name or a range that is not in the manifest beside it: that is left there when the manifest was changed by hand, and is no version that does not fit.",
	"Make the lock file anew from the manifest.")
SCAN_RULE(CHANGE_INSTALL, "change.install-script", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly runs a file of its own, or uses the network, when it is installed",
	"Whoever installs the package runs it, without a question.",
	"Read what is run.")
SCAN_RULE(CHANGE_INSTALL_NOTE, "change.adds-install-script", SCAN_CLEAN, SCAN_MEDIUM, "runs something on installation",
	"Whoever installs it runs the script, without a question; it was not there before.",
	"See what is run.")
SCAN_RULE(CHANGE_ADDS_HOOK, "change.adds-hook", SCAN_CLEAN, SCAN_HIGH, "runs by itself",
	"It is run at an event, without anybody asking for it, and was not there before.",
	"See what it does.")
SCAN_RULE(CHANGE_DEFERRED, "change.hook-network", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly uses the network in what runs by itself",
	"A hook, a start-up file or a build script fetches or sends something on each machine that it runs on, without anybody asking for it.",
	"See what is fetched or sent; builds and hooks do without.")
SCAN_RULE(CHANGE_STARTUP, "change.startup", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly has code that each Python runs when it starts",
	"Python runs such a file, or line, whatever program is started.",
	"Read it, and call it where it is needed.")
SCAN_RULE(CHANGE_REACHES, "change.credentials-and-network", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly has a place of credentials and the network in one file",
	"What reads keys and what speaks to other hosts stand beside each other, which was not so before.",
	"See what is read, and what is sent where.")
SCAN_RULE(CHANGE_WORKFLOW_HEAD, "change.workflow-head", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly has a workflow that takes a stranger's code with the project's rights",
	"What anybody proposes is built or run where the secrets of the project are.",
	"Use the event pull_request, or do not check out what was proposed.")
SCAN_RULE(CHANGE_WORKFLOW_TEXT, "change.workflow-text", SCAN_SUSPICIOUS, SCAN_HIGH, "newly has a workflow that runs a text that anybody writes",
	"A title, a name of a branch or a comment becomes a part of the script, and so commands of whoever writes it.",
	"Pass the text in a variable of the environment.")
SCAN_RULE(CHANGE_WORKFLOW_SECRETS, "change.workflow-secrets", SCAN_SUSPICIOUS, SCAN_HIGH, "newly has a workflow that takes all secrets at once",
	"No step needs all of them; worms collect them so.",
	"Name the secrets that are needed.")
SCAN_RULE(CHANGE_PROGRAM, "change.program", SCAN_SUSPICIOUS, SCAN_MEDIUM, "newly has a compiled program",
	"Nobody can review it, and nothing says which source it was made from.",
	"Build it from source, or fetch it by its digest from who makes it.")
SCAN_RULE(CHANGE_ADDS_BINARY, "change.adds-binary", SCAN_CLEAN, SCAN_LOW, "data that cannot be read",
	"It is no text and of no usual format of pictures, fonts, sound or documents; or it is a program, in a test.",
	"See what it is for.")
SCAN_RULE(CHANGE_SECRET, "change.secret", SCAN_SUSPICIOUS, SCAN_HIGH, "newly has a key or a token in it",
	"Whoever reads the file, now or in its history, can use it.",
	"Take it out before it is committed; if it was, have it revoked.")
SCAN_RULE(CHANGE_TEST_SECRET, "change.test-secret", SCAN_CLEAN, SCAN_LOW, "a key or a token, in a test or an example",
	"Tests have keys that open nothing; it matters if this one does.",
	"See that it opens nothing.")
SCAN_RULE(PACKAGE_INSTALL, "package.install-gained", SCAN_SUSPICIOUS, SCAN_HIGH, "runs a command on installation that the version before did not",
	"Whoever installs the package runs it, unasked; most packages that were taken over began so.",
	"Read what it runs before you install it, or install without scripts.")
SCAN_RULE(PACKAGE_INSTALL_MORE, "package.install-does-more", SCAN_SUSPICIOUS, SCAN_MEDIUM, "does more on installation than the version before",
	"Whoever installs the package runs it, unasked, and what it can do is new.",
	"Read what changed in what it runs before you install it.")
SCAN_RULE(PACKAGE_REACHES, "package.reaches-out", SCAN_SUSPICIOUS, SCAN_MEDIUM, "reaches the network, and the version before did not",
	"A package that never spoke to anybody now does, to a host that it names, and can take something along.",
	"Find out what is sent there, and whether the change is one that its authors speak of.")
SCAN_RULE(PACKAGE_UNREADABLE, "package.made-unreadable", SCAN_SUSPICIOUS, SCAN_HIGH, "has code made unreadable, and the version before did not",
	"Names were replaced by numbers and texts packed away, which no bundler does: so that nobody reads it.",
	"Do not install it until it is known what that code does.")
SCAN_RULE(PACKAGE_ELSEWHERE, "package.dependency-elsewhere", SCAN_SUSPICIOUS, SCAN_LOW, "depends on code that is in no registry, and the version before did not",
	"What is fetched from an address or a repository can be another each time, and nobody else checks it.",
	"Ask for a version from a registry, with a checksum.")
