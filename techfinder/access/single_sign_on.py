"""Single sign-on with OpenID Connect: the code flow with PKCE, and an ID token that is checked to the letter.

Nothing is kept here between leaving for the provider and coming back: state, nonce and verifier go along in a cookie of
the browser that left.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from techfinder.access import accounts
from techfinder.access.accounts import User, user_of
from techfinder.access.over import Asker, Over
from techfinder.access.secrets import new_secret
from techfinder.access.signing_in import SignedIn, SigningIn
from techfinder.database.tables import users
from techfinder.errors import AccessError, cut

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from techfinder.settings import Settings

__all__ = ["Leaving", "SingleSignOn"]

_WAIT_S = 5.0
_FRESH_S = 600.0
_SKEW_S = 30
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
"""Signatures by the provider's own key; a shared secret, or none at all, proves nothing."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """On the way to the provider.

    Attributes:
        url: Where to.
        kept: For a cookie; it is given back on return.
    """

    url: str
    kept: str


class SingleSignOn:
    """Of one provider, named by settings. Safe for many threads.

    Attributes:
        offered: Whether there is one.
        label: What it is called on the sign-in page.
    """

    def __init__(self, over: Over, signing_in: SigningIn, settings: Settings) -> None:
        """Ask nothing yet."""
        self.offered, self.label = bool(settings.oidc_issuer), settings.oidc_label
        self._over, self._signing_in = over, signing_in
        self._issuer, self._client, self._role = settings.oidc_issuer, settings.oidc_client_id, settings.oidc_role
        self._secret = settings.oidc_client_secret.get_secret_value()
        self._lock = threading.Lock()
        self._found: tuple[Mapping[str, Any], float] | None = None

    def leave(self, back: str) -> Leaving:
        """Where the provider asks who it is; it sends the browser to `back`. Raises AccessError."""
        state, nonce, verifier = new_secret(), new_secret(), new_secret()
        with self._oauth(back) as client:
            url, _ = client.create_authorization_url(
                self._provider()["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        return Leaving(url, f"{state}.{nonce}.{verifier}")

    def come_back(self, kept: str, given: Mapping[str, str], back: str, asker: Asker) -> SignedIn:
        """Begin a session for whom the provider names.

        Args:
            kept: What the cookie holds since leaving.
            given: Parameters of the address that the provider sent the browser to.
            back: That address without them.
            asker: Where the request comes from.

        Raises:
            AccessError: It does not fit, or nobody here is meant.
        """
        state, _, rest = kept.partition(".")
        nonce, _, verifier = rest.partition(".")
        if not verifier or not hmac.compare_digest(state.encode(), given.get("state", "").encode()):
            raise AccessError("That took too long, or was begun in another browser. Begin again.")
        if "code" not in given:
            raise AccessError(f"{self.label} refused: {cut(given.get('error_description') or given.get('error', ''))}.")
        claims = self._claims(given["code"], verifier, nonce, back)
        with self._over.changing() as (connection, now):
            user = self._user(connection, now, claims, asker)
            if user is not None:
                return self._signing_in.begin_whole(connection, now, user.id, user.name, asker, self.label)
        name = str(claims.get("email") or claims["sub"])
        self._signing_in.refuse(name, asker, "single sign-on")
        raise AccessError(f"Nobody here is known as {cut(name)}. Ask an admin to add you by that name.")

    # --- who it is --------------------------------------------------------------------------------

    def _user(self, connection: Connection, now: float, claims: Mapping[str, Any], asker: Asker) -> User | None:
        """Whom the provider means: who came by it before, else who has the address that it has verified."""
        subject = f"{self._issuer}|{claims['sub']}"
        row = connection.execute(select(users).where(users.c.subject == subject)).one_or_none()
        if row is not None:
            return None if row.disabled else user_of(row)
        email = str(claims.get("email", "")).casefold()
        if claims.get("email_verified") is not True or not accounts.could_be(email):
            return None
        known = next((u for u in accounts.everybody(connection) if u.name == email), None)
        if known is None and self._role:
            known = accounts.add(connection, email, self._role, now)
            detail = {"role": known.role, "by": self.label}
            self._over.note(connection, now, "user.add", email, asker, subject=email, detail=detail)
        if known is None or known.disabled or known.subject:
            return None
        return accounts.change(connection, known, subject=subject)

    # --- the provider -----------------------------------------------------------------------------

    def _claims(self, code: str, verifier: str, nonce: str, back: str) -> Mapping[str, Any]:
        """What a code stands for, once everything about the ID token was checked. Raises AccessError."""
        import httpx
        from authlib.common.errors import AuthlibBaseError
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        provider = self._provider()
        try:
            with self._oauth(back) as client:
                token = client.fetch_token(provider["token_endpoint"], code=code, code_verifier=verifier)
            keys = KeySet.import_key_set(httpx.get(provider["jwks_uri"], timeout=_WAIT_S).raise_for_status().json())
            claims = jwt.decode(token["id_token"], keys, algorithms=_ALGORITHMS).claims
            checks = jwt.JWTClaimsRegistry(
                leeway=_SKEW_S,
                iss={"essential": True, "value": self._issuer},
                aud={"essential": True, "value": self._client},
                nonce={"essential": True, "value": nonce},
                exp={"essential": True},
                sub={"essential": True},
            )
            checks.validate(claims)
        except (AuthlibBaseError, httpx.HTTPError, JoseError, KeyError, ValueError, TypeError) as error:
            raise self._odd(error) from error
        if claims.get("azp", self._client) != self._client:
            raise AccessError(f"{self.label} answered for another application. Begin again.")
        return claims

    def _provider(self) -> Mapping[str, Any]:
        """What the provider says of itself, at most ten minutes old. Raises AccessError."""
        import httpx

        with self._lock:
            if self._found is not None and time.monotonic() - self._found[1] < _FRESH_S:
                return self._found[0]
        address = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            told = httpx.get(address, timeout=_WAIT_S).raise_for_status().json()
            if told["issuer"] != self._issuer:
                raise ValueError(f"it calls itself {told['issuer']}")
            needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            found: Mapping[str, Any] = {name: told[name] for name in needed}
        except (httpx.HTTPError, KeyError, ValueError, TypeError) as error:
            raise self._odd(error) from error
        with self._lock:
            self._found = (found, time.monotonic())
        return found

    def _oauth(self, back: str) -> Any:
        from authlib.integrations.httpx_client import OAuth2Client

        return OAuth2Client(
            self._client,
            self._secret or None,
            scope="openid email",
            redirect_uri=back,
            code_challenge_method="S256",
            timeout=_WAIT_S,
        )

    def _odd(self, error: Exception) -> AccessError:
        reason = cut(str(error) or type(error).__name__)
        return AccessError(f"{self.label} ({self._issuer}) did not answer as it should: {reason}. Try again later.")
