/* Reasons to look at a package before it is let in: name, id, points, what it is, why it counts. In the order in which they are told. Points
 * are of concern: what a package that does harm has, and honest ones seldom, has many; what many honest ones have too, few. */
POSTURE_REASON(BAD, "files.bad", 100, "a file is bad", "No honest program has it.")
POSTURE_REASON(SUSPICIOUS, "files.suspicious", 25, "a file is suspicious", "Honest files of this kind seldom have it.")
POSTURE_REASON(INSTALL_NETWORK, "install.network", 25, "what its installation runs reaches the network",
        "What comes from there is in no archive that anybody can check.")
POSTURE_REASON(INSTALL_DYNAMIC, "install.dynamic", 20, "what its installation runs makes code while it runs",
        "That code can be read by nobody beforehand.")
POSTURE_REASON(INSTALL_PACKED, "install.packed", 20, "what its installation runs is packed or unreadable", "Nobody can see what it does.")
POSTURE_REASON(INSTALL, "install.runs", 10, "something is run when it is installed",
        "It is run with all rights of whoever installs, before anybody has looked.")
POSTURE_REASON(PACKED, "code.packed", 10, "it holds packed text, or code whose names were made unreadable", "Nobody can see what is in it.")
POSTURE_REASON(FETCHED, "code.dynamic-network", 10, "it reaches the network, and runs code that is made while it runs",
        "What it fetches can become what it does.")
POSTURE_REASON(ALL_VARIABLES, "code.all-variables", 5, "it reads all variables, and reaches the network", "Keys and tokens are among them.")
POSTURE_REASON(CREDENTIALS, "code.credentials", 3, "it reads variables that hold secrets, and reaches the network",
        "It has them in its hands, as it may need to.")
POSTURE_REASON(ADDRESS, "hosts.address", 10, "it names a host by a bare address", "Nobody can be asked whose it is.")
POSTURE_REASON(UNDECLARED, "hosts.undeclared", 15, "it contacted hosts that its vendor does not declare", "Nobody said that it would.")
POSTURE_REASON(NATIVE, "native.executables", 5, "it brings native code", "What is in it cannot be read, only what it does be watched.")
POSTURE_REASON(ELSEWHERE, "dependencies.elsewhere", 10, "it depends on what no registry has",
        "What is at an address today can be something else tomorrow.")
POSTURE_REASON(UNATTESTED, "origin.unattested", 10, "the registry has no attestation of how it was built",
        "That it is made of the source that one can read is anybody's word.")
POSTURE_REASON(UNSIGNED, "origin.unsigned", 10, "the registry has not signed it", "A mirror could have put another in its place.")
POSTURE_REASON(NO_SOURCE, "origin.no-source", 5, "it does not say where its source is", "Nobody can compare it with that.")
POSTURE_REASON(PLAIN_SOURCE, "origin.plain-source", 5, "its source is said to be at an address without encryption",
        "Who is on the way can put another in its place.")
POSTURE_REASON(NO_LICENCE, "origin.no-licence", 2, "it has no licence", "Nobody has said that it may be used.")
POSTURE_REASON(CUT, "told.cut", 5, "there is more in it than could be told", "What was left out may be what matters.")
