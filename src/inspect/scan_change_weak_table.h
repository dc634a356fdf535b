/* What is too weak for secrets, for scan_change_weak.c. Languages are those of parse/source.h. */

/* RANDOM(language, calls): who has seen some of what these give knows the rest. As a row of WEAK in scan_change_table.h: a name, or the last parts of one. */
#ifdef RANDOM
RANDOM("javascript", "Math.random")
RANDOM("python", "random.random random.randint random.choice random.choices random.sample random.getrandbits random.randrange random.randbytes random.uniform random.shuffle np.random.randint np.random.choice")
RANDOM("csharp", "Math.random Random.Shared.Next Random.Shared.NextBytes ThreadLocalRandom.current RandomStringUtils.random RandomStringUtils.randomAlphanumeric RandomStringUtils.randomAlphabetic RandomStringUtils.randomNumeric Random")
RANDOM("php", "rand mt_rand lcg_value uniqid str_shuffle array_rand shuffle")
RANDOM("ruby", "rand Random.rand Random.new")
RANDOM("go", "rand.Intn rand.Int rand.Int31 rand.Int31n rand.Int63 rand.Int63n rand.Uint32 rand.Uint64 rand.Perm rand.Read rand.Float64 rand.IntN rand.N")
RANDOM("c", "rand random drand48 lrand48 mrand48 rand_r std::rand")
RANDOM("rust", "fastrand::alphanumeric fastrand::u32 fastrand::u64 fastrand::u8 SmallRng::from_entropy SmallRng::seed_from_u64")
#endif

/* DIGEST(language, tokens): a digest that is too fast, or broken, for what somebody remembers. */
#ifdef DIGEST
DIGEST("javascript", "createHash ( 'md5'") DIGEST("javascript", "createHash ( 'sha1'") DIGEST("javascript", "createHash ( 'sha-1'") DIGEST("javascript", "CryptoJS.MD5 (") DIGEST("javascript", "CryptoJS.SHA1 (") DIGEST("javascript", "md5 (") DIGEST("javascript", "sha1 (")
DIGEST("python", "hashlib.md5 (") DIGEST("python", "hashlib.sha1 (") DIGEST("python", "md5 (") DIGEST("python", "sha1 (") DIGEST("python", "MD5.new (") DIGEST("python", "hashlib.new ( 'md5'") DIGEST("python", "hashlib.new ( 'sha1'")
DIGEST("csharp", "MessageDigest.getInstance ( 'MD5'") DIGEST("csharp", "MessageDigest.getInstance ( 'SHA-1'") DIGEST("csharp", "MessageDigest.getInstance ( 'SHA1'") DIGEST("csharp", "DigestUtils.md5Hex (") DIGEST("csharp", "DigestUtils.sha1Hex (") DIGEST("csharp", "MD5.HashData (") DIGEST("csharp", "SHA1.HashData (") DIGEST("csharp", "MD5.Create (") DIGEST("csharp", "SHA1.Create (") DIGEST("csharp", "Hashing.md5 (") DIGEST("csharp", "Hashing.sha1 (")
DIGEST("php", "md5 (") DIGEST("php", "sha1 (") DIGEST("php", "hash ( 'md5'") DIGEST("php", "hash ( 'sha1'")
DIGEST("ruby", "Digest::MD5.hexdigest") DIGEST("ruby", "Digest::SHA1.hexdigest") DIGEST("ruby", "Digest::MD5.digest") DIGEST("ruby", "Digest::SHA1.digest") DIGEST("ruby", "Digest::MD5.base64digest")
DIGEST("go", "md5.Sum (") DIGEST("go", "sha1.Sum (")
DIGEST("c", "MD5 (") DIGEST("c", "SHA1 (") DIGEST("c", "MD5_Update (") DIGEST("c", "SHA1_Update (")
DIGEST("rust", "md5::compute (") DIGEST("rust", "Md5::digest (") DIGEST("rust", "Sha1::digest (")
#endif

/* CIPHER(language, tokens): ciphers, modes, keys and signatures that are broken, whatever they are used for. As a row of WEAK; a text that ends in "*" is the front of one, and is
 * compared without regard to case. */
#ifdef CIPHER
CIPHER("javascript", "createCipheriv ( 'des*") CIPHER("javascript", "createCipheriv ( 'rc4*") CIPHER("javascript", "createCipheriv ( 'aes-128-ecb'") CIPHER("javascript", "createCipheriv ( 'aes-192-ecb'") CIPHER("javascript", "createCipheriv ( 'aes-256-ecb'")
CIPHER("javascript", "crypto.createCipher (") CIPHER("javascript", "createSign ( 'RSA-MD5'") CIPHER("javascript", "createSign ( 'RSA-SHA1'") CIPHER("javascript", "createSign ( 'sha1'") CIPHER("javascript", "createSign ( 'md5'")
CIPHER("javascript", "CryptoJS.DES.encrypt") CIPHER("javascript", "CryptoJS.RC4.encrypt") CIPHER("javascript", "CryptoJS.mode.ECB") 
CIPHER("python", "DES.new (") CIPHER("python", "DES3.new (") CIPHER("python", "ARC4.new (") CIPHER("python", "AES.new ( * AES.MODE_ECB") CIPHER("python", "modes.ECB (") CIPHER("python", "algorithms.ARC4 (") CIPHER("python", "algorithms.TripleDES (") CIPHER("python", "algorithms.Blowfish (")

CIPHER("go", "des.NewCipher (") CIPHER("go", "des.NewTripleDESCipher (") CIPHER("go", "rc4.NewCipher (") CIPHER("go", "SignatureAlgorithm : x509.MD5WithRSA") CIPHER("go", "SignatureAlgorithm : x509.SHA1WithRSA")
CIPHER("csharp", "Cipher.getInstance ( 'DES*") CIPHER("csharp", "Cipher.getInstance ( 'AES'") CIPHER("csharp", "Cipher.getInstance ( 'AES/ECB*") CIPHER("csharp", "Cipher.getInstance ( 'RC4*") CIPHER("csharp", "Cipher.getInstance ( 'ARCFOUR*") CIPHER("csharp", "Signature.getInstance ( 'MD5with*") CIPHER("csharp", "Signature.getInstance ( 'SHA1with*")
CIPHER("csharp", "CipherMode.ECB") CIPHER("csharp", "DESCryptoServiceProvider (") CIPHER("csharp", "DES.Create (") CIPHER("csharp", "RC2.Create (") CIPHER("csharp", "TripleDES.Create (") 
CIPHER("c", "EVP_des_ecb (") CIPHER("c", "EVP_des_cbc (") CIPHER("c", "EVP_rc4 (") CIPHER("c", "DES_ecb_encrypt (") 
CIPHER("php", "openssl_encrypt ( * 'aes-128-ecb'") CIPHER("php", "openssl_encrypt ( * 'aes-256-ecb'") CIPHER("php", "openssl_encrypt ( * 'des*") CIPHER("php", "openssl_encrypt ( * 'rc4*") CIPHER("php", "mcrypt_encrypt (") 
CIPHER("ruby", "OpenSSL::Cipher.new ( 'des*") CIPHER("ruby", "OpenSSL::Cipher.new ( 'rc4*") CIPHER("ruby", "OpenSSL::Cipher.new ( 'aes-256-ecb'") CIPHER("ruby", "OpenSSL::Cipher.new ( 'aes-128-ecb'") 
CIPHER("rust", "Cipher::des_ecb (") CIPHER("rust", "Cipher::des_cbc (") CIPHER("rust", "Cipher::rc4 (") CIPHER("rust", "Cipher::aes_256_ecb (") 
#endif

/* CONSTANT(language, call, place, name): an argument, by its place from 0 or by its name, that has to be drawn anew each time, and is written down. */
#ifdef CONSTANT
CONSTANT("javascript", "createCipheriv", 2, "") CONSTANT("javascript", "createDecipheriv", 2, "") CONSTANT("javascript", "pbkdf2Sync", 1, "") CONSTANT("javascript", "crypto.pbkdf2", 1, "") CONSTANT("javascript", "scryptSync", 1, "") CONSTANT("javascript", "crypto.scrypt", 1, "")
CONSTANT("python", "pbkdf2_hmac", 2, "salt") CONSTANT("python", "PBKDF2HMAC", 9, "salt") CONSTANT("python", "Scrypt", 9, "salt") CONSTANT("python", "hashlib.scrypt", 9, "salt") CONSTANT("python", "AES.new", 2, "iv") CONSTANT("python", "modes.CBC", 0, "") CONSTANT("python", "modes.GCM", 0, "") CONSTANT("python", "modes.CTR", 0, "")
CONSTANT("csharp", "IvParameterSpec", 0, "") CONSTANT("csharp", "GCMParameterSpec", 1, "") CONSTANT("csharp", "PBEKeySpec", 1, "") CONSTANT("csharp", "PBEParameterSpec", 0, "") CONSTANT("csharp", "Rfc2898DeriveBytes", 1, "")
CONSTANT("go", "pbkdf2.Key", 1, "") CONSTANT("go", "scrypt.Key", 1, "") CONSTANT("go", "argon2.IDKey", 1, "") CONSTANT("go", "cipher.NewCBCEncrypter", 1, "") CONSTANT("go", "cipher.NewCTR", 1, "")
CONSTANT("php", "openssl_encrypt", 4, "") CONSTANT("php", "hash_pbkdf2", 2, "")
CONSTANT("ruby", "OpenSSL::PKCS5.pbkdf2_hmac", 1, "") CONSTANT("ruby", "OpenSSL::KDF.pbkdf2_hmac", 9, "salt")
#endif

/* COST(language, call, place, name, least): a number that is less than that: rounds, or bits of a key. */
#ifdef COST
COST("javascript", "pbkdf2Sync", 2, "", 10000) COST("javascript", "crypto.pbkdf2", 2, "", 10000) COST("javascript", "bcrypt.genSalt", 0, "", 8) COST("javascript", "bcrypt.genSaltSync", 0, "", 8) COST("javascript", "bcrypt.hash", 1, "", 8) COST("javascript", "bcrypt.hashSync", 1, "", 8)
COST("javascript", "generateKeyPair", 1, "modulusLength", 2048) COST("javascript", "generateKeyPairSync", 1, "modulusLength", 2048)
COST("python", "pbkdf2_hmac", 3, "iterations", 10000) COST("python", "PBKDF2HMAC", 9, "iterations", 10000) COST("python", "bcrypt.gensalt", 0, "rounds", 8) COST("python", "RSA.generate", 0, "bits", 2048) COST("python", "rsa.generate_private_key", 1, "key_size", 2048) COST("python", "rsa.newkeys", 0, "", 2048)
COST("csharp", "PBEKeySpec", 2, "", 10000) COST("csharp", "Rfc2898DeriveBytes", 2, "", 10000) COST("csharp", "RSA.Create", 0, "", 2048) COST("csharp", "RSACryptoServiceProvider", 0, "", 2048)
COST("go", "rsa.GenerateKey", 1, "", 2048) COST("go", "pbkdf2.Key", 2, "", 10000) COST("go", "bcrypt.GenerateFromPassword", 1, "", 8)
COST("php", "hash_pbkdf2", 3, "", 10000) COST("php", "password_hash", 2, "'cost'", 8)
COST("ruby", "OpenSSL::PKey::RSA.new", 0, "", 2048) COST("ruby", "OpenSSL::PKey::RSA.generate", 0, "", 2048) COST("ruby", "OpenSSL::PKCS5.pbkdf2_hmac", 2, "", 10000)
COST("rust", "Rsa::generate", 0, "", 2048) COST("rust", "RsaPrivateKey::new", 1, "", 2048)
COST("c", "RSA_generate_key", 0, "", 2048) COST("c", "EVP_PKEY_CTX_set_rsa_keygen_bits", 1, "", 2048)
#endif
