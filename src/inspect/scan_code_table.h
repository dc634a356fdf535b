/* CALL(kind, names): what functions do, by their names with aliases resolved. A name with a dot at the front is compared with the end of a
 * name, others with all of it. Small families, as languages' own libraries and the most used others have them. */
CALL(DECODES, "base64.b64decode base64.decodebytes base64.decodestring base64.urlsafe_b64decode base64.standard_b64decode base64.b32decode "
              "base64.a85decode base64.b85decode b64decode "
              "codecs.decode bytes.fromhex bytearray.fromhex binascii.unhexlify binascii.a2b_base64 zlib.decompress gzip.decompress "
              "lzma.decompress bz2.decompress .decrypt atob "
              "window.atob globalThis.atob Base64.decode64 Base64.strict_decode64 Base64.urlsafe_decode64 Zlib::Inflate.inflate "
              "Zlib.inflate .StdEncoding.DecodeString .URLEncoding.DecodeString "
              ".RawStdEncoding.DecodeString hex.DecodeString base64_decode gzinflate gzuncompress str_rot13 hex2bin convert_uudecode "
              ".lsb.reveal lsb.reveal zlib.inflateSync zlib.gunzipSync zlib.brotliDecompressSync .reveal steggy.reveal zlib.unzipSync "
              "zlib.inflateRawSync marshal.loads strrev .createDecipheriv .createDecipher Convert.FromBase64String "
              "Convert.FromHexString .Convert.FromBase64String Base64.getDecoder Base64.getMimeDecoder .Base64.getDecoder base64::decode hex::decode")
CALL(FETCHES,
        "requests.get requests.post requests.request urllib.request.urlopen urllib2.urlopen urllib.urlopen urlopen httpx.get httpx.post "
        "urllib3.request fetch axios axios.get axios.post got "
        "got.get node-fetch Net::HTTP.get Net::HTTP.get_response URI.open OpenURI.open_uri http.Get file_get_contents curl_exec "
        "urllib.request.urlretrieve urllib.urlretrieve urlretrieve wget.download https.get http.get urllib3.Request urllib.request.Request "
        "urllib2.Request Faraday.get HTTParty.get RestClient.get HTTParty.post Net::HTTP.post Net::HTTP.post_form http.Post "
        ".GetStringAsync .GetByteArrayAsync .DownloadString .DownloadData .DownloadStringTaskAsync .DownloadDataTaskAsync ureq::get "
        "reqwest::get reqwest::blocking::get minreq::get")
CALL(EVALUATES, "exec eval execfile builtins.exec builtins.eval __builtins__.exec __builtins__.eval Function vm.runInThisContext "
                "vm.runInNewContext vm.runInContext window.eval globalThis.eval "
                "vm.Script vm.compileFunction ._compile .Assembly.Load Assembly.Load CSharpScript.RunAsync CSharpScript.EvaluateAsync .defineClass "
                "defineClass URLClassLoader "
                "global.eval instance_eval class_eval module_eval Kernel.eval binding.eval assert create_function")
CALL(STARTS, "os.system os.popen os.execvp os.execv subprocess.run subprocess.call subprocess.Popen subprocess.check_output "
             "subprocess.check_call subprocess.getoutput Popen commands.getoutput "
             "child_process.exec child_process.execSync child_process.spawn child_process.spawnSync child_process.execFile "
             "child_process.execFileSync execSync spawnSync execFileSync exec.Command "
             "system shell_exec passthru proc_open popen IO.popen Open3.capture2 Open3.capture3 Kernel.system Runtime.getRuntime "
             "os.startfile os.spawnl os.spawnv os.execl os.execve posix.system Process.spawn Kernel.spawn Open3.popen3 Kernel.exec "
             "asyncio.create_subprocess_shell asyncio.create_subprocess_exec execa syscall.Exec os.StartProcess std::system std::popen _popen "
             "execl execlp execle execv execve execvp posix_spawn posix_spawnp WinExec ShellExecuteA ShellExecuteW Process.Start "
             ".Process.Start ProcessStartInfo ProcessBuilder .arg .args")
CALL(SENDS, "requests.post requests.put requests.get requests.request requests.patch urllib.request.urlopen urllib.request.Request "
            "urllib2.urlopen urlopen httpx.post httpx.put httpx.get fetch axios "
            "axios.post axios.put axios.get got.post https.request http.request https.get http.get Net::HTTP.post Net::HTTP.post_form "
            "http.Post http.PostForm .sendall .sendmail .sendto navigator.sendBeacon "
            "curl_setopt curl_easy_setopt dns.lookup dns.resolve net.LookupHost HTTParty.post HTTParty.put RestClient.post RestClient.put Faraday.post "
            "Faraday.put urllib3.Request urllib2.Request .request axios.request request.post needle.post superagent.post XMLHttpRequest")
CALL(GATHERS, ".append .update .push .extend .add .write .concat .set")
CALL(KNOWS, "socket.gethostname socket.getfqdn platform.node platform.uname os.uname getpass.getuser os.getlogin os.hostname os.userInfo "
            "os.networkInterfaces os.Hostname user.Current "
            "Socket.gethostname Etc.getlogin uuid.getnode gethostname php_uname")
CALL(SPIES, "ImageGrab.grab PIL.ImageGrab.grab pyautogui.screenshot pyscreenshot.grab pyperclip.paste clipboard.paste pd.read_clipboard "
            "pandas.read_clipboard win32clipboard.GetClipboardData "
            "clipboardy.read clipboardy.readSync screenshot-desktop")
CALL(CONNECTS, "net.Dial net.DialTimeout net.DialTCP tls.Dial websocket.Dial socket.socket socket.create_connection TCPSocket.new "
               "TCPSocket.open net.connect net.createConnection net.Socket tls.connect "
               "https.request http.request http.client.HTTPSConnection http.client.HTTPConnection WebSocket")
CALL(READS, "open io.open os.ReadFile ioutil.ReadFile os.Open fs.readFileSync fs.readFile fs.promises.readFile fs.createReadStream "
            "File.read File.open IO.read file_get_contents fopen .read_text .read_bytes")
CALL(WRITES, "os.Create os.OpenFile fs.createWriteStream fs.writeFileSync fs.writeFile fs.promises.writeFile File.write IO.binwrite "
             "File.binwrite os.WriteFile ioutil.WriteFile file_put_contents "
             ".write_bytes .write_text urllib.request.urlretrieve urllib.urlretrieve urlretrieve wget.download winreg.SetValueEx "
             "_winreg.SetValueEx win32api.RegSetValueEx fs.appendFileSync fs.appendFile")
CALL(MARKS, "os.chmod os.Chmod fs.chmodSync fs.chmod File.chmod FileUtils.chmod chmod")
CALL(COMPUTES, "String.fromCharCode bytes bytearray Buffer.from .pack")
CALL(SERIALISES, "JSON.stringify json.dumps JSON.dump JSON.generate YAML.dump Marshal.dump pickle.dumps json.Marshal util.inspect "
                 "serialize json_encode")
CALL(COPIES, "io.Copy shutil.copyfileobj IO.copy_stream .pipe")
CALL(SETS_CLIPBOARD, "pyperclip.copy clipboard.copy win32clipboard.SetClipboardText win32clipboard.SetClipboardData clipboardy.write "
                     "clipboardy.writeSync .to_clipboard")
CALL(LISTENS, "keyboard.Listener pynput.keyboard.Listener keyboard.on_press keyboard.on_release keyboard.hook keyboard.record "
              "pyHook.HookManager .SetWindowsHookExA .SetWindowsHookExW .SetWindowsHookEx "
              ".GetAsyncKeyState")
CALL(LOOKS_UP, "net.LookupHost net.LookupIP net.LookupTXT dns.lookup dns.resolve dns.resolve4 dns.resolveTxt socket.gethostbyname "
               "socket.getaddrinfo Resolv.getaddress")
CALL(INJECTS, "WriteProcessMemory CreateRemoteThread NtCreateThreadEx QueueUserAPC .WriteProcessMemory .CreateRemoteThread "
              ".NtCreateThreadEx .QueueUserAPC .RtlMoveMemory .CreateThread")
