"""A small OpenID Connect provider on loopback, for tests: discovery, authorisation code with PKCE or without, RS256.

Whoever comes is signed in at once as `OpenidProvider.person`; nobody types a password. What a real provider checks of a
client is checked here too, and a fault is an error instead of a token.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID, CLIENT_SECRET = "resp-test", "a quiet secret"


class OpenidProvider(ThreadingHTTPServer):
    """The provider; ``person`` are the claims of who signs in next, ``tokens`` counts what was given out."""

    daemon_threads = True

    def __init__(self, redirect_uri: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issuer = f"http://127.0.0.1:{self.server_address[1]}"
        self.redirect_uri = redirect_uri
        self.key = RSAKey.generate_key(2048, {"kid": "test", "use": "sig", "alg": "RS256"})
        self.person: dict[str, object] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.tokens = 0

    @property
    def metadata_url(self) -> str:
        return f"{self.issuer}/.well-known/openid-configuration"

    def id_token(self, nonce: str | None) -> str:
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 600, **self.person}
        if nonce:
            claims["nonce"] = nonce
        self.tokens += 1
        return jwt.encode({"alg": "RS256", "kid": "test"}, claims, self.key)


class _Handler(BaseHTTPRequestHandler):
    server: OpenidProvider

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path == "/.well-known/openid-configuration":
            self._answer(self._metadata())
        elif address.path == "/keys":
            self._answer({"keys": [self.server.key.as_dict(private=False)]})
        elif address.path == "/authorize":
            self._authorize(asked)
        elif address.path == "/logout":
            self._redirect(asked.get("post_logout_redirect_uri", self.server.redirect_uri))
        else:
            self._answer({"error": "not_found"}, 404)

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        given = {name: values[0] for name, values in sent.items()}
        if urlsplit(self.path).path != "/token":
            self._answer({"error": "not_found"}, 404)
        elif not self._is_client(given):
            self._answer({"error": "invalid_client"}, 401)
        else:
            asked = self.server.codes.pop(given.get("code", ""), None)
            if asked is None or given.get("redirect_uri") != asked["redirect_uri"] or not _verified(asked, given):
                self._answer({"error": "invalid_grant"}, 400)
            else:
                token = self.server.id_token(asked.get("nonce"))
                self._answer({"access_token": "x", "token_type": "Bearer", "expires_in": 600, "id_token": token})

    def _metadata(self) -> dict[str, object]:
        issuer = self.server.issuer
        return {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/authorize",
            "token_endpoint": f"{issuer}/token",
            "jwks_uri": f"{issuer}/keys",
            "end_session_endpoint": f"{issuer}/logout",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "email", "profile"],
        }

    def _authorize(self, asked: dict[str, str]) -> None:
        server = self.server
        if asked.get("client_id") != CLIENT_ID or asked.get("redirect_uri") != server.redirect_uri:
            # To an address that was not registered nobody is sent.
            self._answer({"error": "invalid_request"}, 400)
            return
        code = secrets.token_urlsafe(16)
        server.codes[code] = asked
        self._redirect(f"{server.redirect_uri}?{urlencode({'code': code, 'state': asked.get('state', '')})}")

    def _is_client(self, given: dict[str, str]) -> bool:
        header = self.headers.get("Authorization", "")
        if header.startswith("Basic "):
            return base64.b64decode(header[6:]).decode() == f"{CLIENT_ID}:{CLIENT_SECRET}"
        return (given.get("client_id"), given.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)

    def _answer(self, value: object, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _redirect(self, to: str) -> None:
        self.send_response(302)
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _verified(asked: dict[str, str], given: dict[str, str]) -> bool:
    if "code_challenge" not in asked:
        return True
    digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]


@contextmanager
def openid_provider(redirect_uri: str) -> Iterator[OpenidProvider]:
    """Serve a provider that knows one client with this address to come back to."""
    server = OpenidProvider(redirect_uri)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
