/* USE(language, how, kind, names): which names mean which use. MODULE: what is imported. CALL: a function that is called, by its whole name.
 * LAST: the last part of a name, where that is a family of its own. Small families, as the languages' own libraries and the most used others have them. MACHINE: what
 * an executable takes from the C library and other libraries, as functions. */
USE(JAVASCRIPT, MODULE, NETWORK, "http https http2 net tls dgram dns dns/promises undici axios node-fetch cross-fetch got request superagent needle ky ws socket.io-client "
	"follow-redirects nodemailer ssh2 ftp basic-ftp")
USE(JAVASCRIPT, CALL, NETWORK, "fetch window.fetch globalThis.fetch XMLHttpRequest window.XMLHttpRequest WebSocket EventSource navigator.sendBeacon")
USE(JAVASCRIPT, MODULE, PROCESS, "child_process execa cross-spawn shelljs node-pty")
USE(JAVASCRIPT, MODULE, DYNAMIC, "vm")
USE(JAVASCRIPT, CALL, DYNAMIC, "eval window.eval globalThis.eval Function")
USE(JAVASCRIPT, MODULE, NATIVE, "bindings node-gyp-build @mapbox/node-pre-gyp ffi-napi koffi")
USE(JAVASCRIPT, CALL, NATIVE, "process.dlopen")
USE(JAVASCRIPT, LAST, WRITES, "writeFile writeFileSync appendFile appendFileSync createWriteStream copyFile copyFileSync renameSync unlink unlinkSync rmSync rmdirSync mkdirSync chmodSync "
	"symlinkSync")
USE(PYTHON, MODULE, NETWORK, "socket ssl http.client http.server urllib.request urllib3 requests httpx aiohttp ftplib smtplib telnetlib paramiko websockets websocket xmlrpc.client grpc pycurl")
USE(PYTHON, MODULE, PROCESS, "subprocess pty pexpect sh")
USE(PYTHON, CALL, PROCESS, "os.system os.popen os.execv os.execve os.execvp os.spawnv os.posix_spawn os.startfile asyncio.create_subprocess_exec asyncio.create_subprocess_shell")
USE(PYTHON, CALL, DYNAMIC, "eval exec builtins.eval builtins.exec marshal.loads runpy.run_path")
USE(PYTHON, MODULE, NATIVE, "ctypes cffi")
USE(PYTHON, LAST, WRITES, "write_text write_bytes")
USE(PYTHON, CALL, WRITES, "shutil.copy shutil.copyfile shutil.copytree shutil.move shutil.rmtree os.remove os.unlink os.rename os.replace os.makedirs os.mkdir os.chmod os.symlink")
USE(MACHINE, CALL, NETWORK, "connect getaddrinfo gethostbyname gethostbyname_r res_query res_send res_nquery SSL_connect gnutls_handshake curl_easy_perform curl_multi_perform")
USE(MACHINE, CALL, PROCESS, "execve execv execvp execvpe execl execle execlp execveat fexecve posix_spawn posix_spawnp system popen wordexp")
USE(MACHINE, CALL, DYNAMIC, "memfd_create")
USE(MACHINE, CALL, NATIVE, "dlopen dlmopen")
USE(MACHINE, CALL, WRITES, "rename renameat renameat2 unlink unlinkat rmdir mkdir mkdirat symlink symlinkat link linkat chmod fchmod fchmodat truncate truncate64 mkstemp mkstemp64 copy_file_range")
