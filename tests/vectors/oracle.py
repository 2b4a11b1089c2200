"""Independent oracle of docs/spec/protocol.md (argon2-cffi, cryptography, PyNaCl): prints tests/vectors/protocol.json.

Run: python3 tests/vectors/oracle.py > tests/vectors/protocol.json
"""
import base64, hashlib, hmac, json, struct, unicodedata

import nacl.bindings, nacl.public, nacl.signing
from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def hkdf(ikm, salt, info, length):
    return HKDF(hashes.SHA256(), length, salt, info).derive(ikm)


def H(key, info, length):
    return hkdf(key, b"agentsecrets/v1", info, length)


def u32(n):
    return struct.pack(">I", n)


def u64(n):
    return struct.pack(">Q", n)


def lp(*fields):
    return u32(len(fields)) + b"".join(u32(len(f)) + f for f in fields)


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def b32(raw):
    return base64.b32encode(raw).rstrip(b"=").decode().lower()


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def public(seed):
    return nacl.signing.SigningKey(seed).verify_key.encode()


def account(password, ak):
    salt = H(ak, b"argon2-salt", 16)
    p = hash_secret_raw(unicodedata.normalize("NFKC", password).encode(), salt, 3, 65536, 4, 32, Type.ID)
    auk = hkdf(p + ak, b"agentsecrets/v1/2skd", b"auk", 32)
    return {
        "password": password,
        "account_key": ak.hex(),
        "ak_id": H(ak, b"ak-id", 16).hex(),
        "kek": H(auk, b"kek", 32).hex(),
        "login_pk": public(H(auk, b"login-ed25519", 32)).hex(),
    }


def recovery(rc):
    return {
        "recovery_code": rc.hex(),
        "rc_id": H(rc, b"rc-id", 16).hex(),
        "rkek": H(rc, b"rkek", 32).hex(),
        "recovery_pk": public(H(rc, b"recover-ed25519", 32)).hex(),
    }


KINDS = {"secret": 1, "uk-wrap": 2, "keyset": 3, "previous-key": 4, "names": 5, "audit": 6, "pins": 7, "vault": 8}


def padded(message):
    needed, size = len(message) + 4, 64
    while size < needed and size < 1024:
        size *= 2
    if needed > 1024:
        size = -(-needed // 1024) * 1024
    return (u32(len(message)) + message).ljust(size, b"\0")


def envelope(kind, key, epoch, context, salt, message):
    header = b"AS" + bytes([1, KINDS[kind]]) + u32(epoch)
    okm = hkdf(key, salt, b"agentsecrets/v1/" + kind.encode() + b"\0" + header + context, 76)
    commit = okm[44:]
    sealed = AESGCM(okm[:32]).encrypt(okm[32:44], padded(message), header + salt + commit + context)
    return {
        "kind": kind, "key": key.hex(), "epoch": epoch, "context": context.hex(), "salt": salt.hex(),
        "plaintext": message.hex(), "envelope": (header + salt + commit + sealed).hex(),
    }


def sid(name_key, name):
    return hmac.new(name_key, b"agentsecrets/v1/sid\0" + name.encode(), hashlib.sha256).digest()[:16]


def signed(kind, body, *seeds):
    media = f"application/vnd.agentsecrets.{kind}+json".encode()
    pae = b"DSSEv1 %d %s %d %s" % (len(media), media, len(body), body)
    sigs = [{"key": b64(public(s)), "sig": b64(nacl.signing.SigningKey(s).sign(pae).signature)} for s in seeds]
    return {"type": kind, "body": b64(body), "sigs": sigs}


def fingerprint(user, pk):
    raw = sha(b"agentsecrets/v1/fingerprint\0", lp(user.encode(), pk))
    digits = [f"{int.from_bytes(raw[i:i + 5], 'big') % 100000:05d}" for i in range(0, 30, 5)]
    return " ".join(digits)


ws, project, env = "w_" + "a" * 32, "p_" + "b" * 16, "e_" + "c" * 16
k_env, k_name, salt = bytes([1]) * 32, bytes([2]) * 32, bytes(range(32))
place = sid(k_name, "STRIPE_KEY")
secret_context = lp(ws.encode(), project.encode(), env.encode(), place, u64(3), u32(2))
secret = json.dumps({"name": "STRIPE_KEY", "value": "sk_live_é"}, separators=(",", ":"), ensure_ascii=False).encode()

a_seed, x_private = bytes([3]) * 32, bytes([4]) * 32
x_public = nacl.bindings.crypto_scalarmult_base(x_private)
genesis = json.dumps({
    "v": 1, "seq": 1, "prev": None, "ts": 1700000000000, "type": "account.genesis",
    "payload": {"sig_pk": b64(public(a_seed)), "enc_pk": b64(x_public)},
}, separators=(",", ":")).encode()
user = "u_" + b32(sha(genesis)[:20])

items = [("00" * 16, 1, sha(b"one")), ("ff" * 16, 7, b""), ("0a" * 16, 2, sha(b"two"))]
leaves = [lp(bytes.fromhex(s), u64(v), h) for s, v, h in sorted(items)]

grant_message = lp(lp(b"environment", ws.encode(), project.encode(), env.encode(), u32(2)), k_env, k_name)
nonce, body = bytes([9]) * 32, b'{"id":"x"}'

print(json.dumps({
    "accounts": [account("hunter2 é", bytes(range(16))), account("hunter2 e\u0301", bytes(range(16))),
                 account("correct horse battery staple", bytes([255]) * 16)],
    "recoveries": [recovery(bytes(range(20)))],
    "sids": [{"name_key": k_name.hex(), "name": "STRIPE_KEY", "sid": place.hex()}],
    "envelopes": [
        envelope("secret", k_env, 2, secret_context, salt, secret),
        envelope("uk-wrap", bytes([5]) * 32, 0, lp(user.encode(), b"password"), salt, bytes([6]) * 32),
        envelope("vault", bytes([7]) * 32, 0, lp(b""), salt, b"x" * 1021),
    ],
    "secret_place": {"ws": ws, "project": project, "env": env, "ver": 3, "epoch": 2},
    "entry": {"signed": signed("account.genesis", genesis, a_seed), "hash": b64(sha(genesis)), "user_id": user,
              "fingerprint": fingerprint(user, public(a_seed))},
    "root": {"items": [{"sid": s, "ver": v, "h": b64(h) if h else None} for s, v, h in items],
             "root": b64(sha(lp(*leaves)))},
    "commits": {
        "key_commit": b64(sha(b"agentsecrets/v1/key-commit\0",
                              lp(b"environment", ws.encode(), project.encode(), env.encode(), u32(2)), k_env)),
        "ws_key_commit": b64(sha(b"agentsecrets/v1/key-commit\0", lp(b"workspace", ws.encode(), u32(1)), k_env)),
        "name_key_commit": b64(sha(b"agentsecrets/v1/name-key-commit\0", lp(project.encode()), k_name)),
    },
    "grant": {"private": x_private.hex(), "k_env": k_env.hex(), "k_name": k_name.hex(),
              "sealed": nacl.public.SealedBox(nacl.public.PublicKey(x_public)).encrypt(grant_message).hex()},
    "login": {"origin": "https://s.example", "action": "login", "nonce": nonce.hex(), "body": body.hex(),
              "seed": a_seed.hex(), "signature": nacl.signing.SigningKey(a_seed).sign(
                  b"agentsecrets/v1/login\0https://s.example\0login\0" + nonce + sha(body)).signature.hex()},
}, indent=2, ensure_ascii=False))
