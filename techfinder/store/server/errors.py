"""What went wrong between us and a Qdrant server, in words and with what to do next."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import grpc
import httpx
from qdrant_client.common.client_exceptions import QdrantException, ResourceExhaustedResponse
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from techfinder.errors import CollectionNotFound, StoreError, StoreUnavailable, cut
from techfinder.store.server.silence import ServerSilent

__all__ = ["CLIENT_ERRORS", "details_of", "explained", "shown", "wait_of"]

CLIENT_ERRORS = (
    ApiException,
    QdrantException,
    grpc.RpcError,
    httpx.HTTPError,
    # What the client lets through when an answer is no JSON, or lacks its result.
    ValueError,
    TypeError,
    AttributeError,
    AssertionError,
    RuntimeError,
)
"""What the client raises, whatever the server answers."""

_NO_ROOM = "no space left on device"
_CHECK_ADDRESS = "Check its address: TECHFINDER_QDRANT_URL, or what the command was given."


def explained(error: Exception, doing: str, url: str, timeout_s: float) -> StoreError:
    """The error in words; StoreUnavailable when trying again may help.

    Args:
        error: One of ``CLIENT_ERRORS``.
        doing: As "counting people".
        url: As :func:`shown` gives it.
        timeout_s: How long was waited, at most.
    """
    where = f"Qdrant at {url}, {doing}"
    match error:
        case ResponseHandlingException():
            return _broken(error.source, where, timeout_s)
        case ResourceExhaustedResponse():
            return StoreUnavailable(f"{where}: it asks to wait {error.retry_after_s} s ({cut(str(error))}).")
        case UnexpectedResponse():
            return _refused(error.status_code or 0, _reason(error), where)
        case grpc.RpcError() if _NO_ROOM in details_of(error).lower():
            return _full(details_of(error), where)
        case grpc.RpcError():
            return StoreUnavailable(f"{where}: no answer over gRPC ({details_of(error)}).")
        case QdrantException():  # its Retry-After is a date
            return StoreUnavailable(f"{where}: it asks to wait ({cut(str(error), 160)}).")
    return _broken(error, where, timeout_s)


def wait_of(error: Exception) -> float:
    """Seconds that the server asks to wait before the next try."""
    return float(max(0, error.retry_after_s)) if isinstance(error, ResourceExhaustedResponse) else 0.0


def details_of(error: grpc.RpcError) -> str:
    """What a gRPC error says, cut."""
    code, details = getattr(error, "code", None), getattr(error, "details", None)
    return f"{code().name if code else type(error).__name__}: {cut((details() if details else '') or '', 200)}"


def shown(url: str) -> str:
    """The address without its password."""
    try:
        password = urlsplit(url).password
    except ValueError:
        password = None
    return url if password is None else url.replace(f":{password}@", ":***@")


def _broken(source: Exception, where: str, timeout_s: float) -> StoreError:
    if isinstance(source, httpx.ConnectError) and (tls := _tls_error(source)):
        return _mistrusted(tls, where)
    if isinstance(source, httpx.ConnectTimeout | httpx.ConnectError):
        return StoreUnavailable(f"{where}: cannot connect ({_said(source)}). Is it running? {_CHECK_ADDRESS}")
    if isinstance(source, ServerSilent):
        return StoreUnavailable(
            f"{where}: {source}. Is it frozen, its machine overloaded, or out of reach? It is asked again each time. "
            f"{_CHECK_ADDRESS}"
        )
    if isinstance(source, httpx.TimeoutException):
        return StoreUnavailable(f"{where}: no answer within {timeout_s:g} s. TECHFINDER_STORE_TIMEOUT_S sets how long.")
    if isinstance(source, httpx.RemoteProtocolError) and "illegal" in str(source):
        return StoreError(
            f"{where}: the answer is no HTTP ({cut(str(source), 160)}). Is that the port for REST, and does it need "
            f"https? {_CHECK_ADDRESS}"
        )
    if isinstance(source, httpx.TransportError):
        return StoreUnavailable(f"{where}: the connection broke off ({_said(source)}).")
    return StoreError(f"{where}: the answer is not one of Qdrant ({cut(_said(source), 160)}). {_CHECK_ADDRESS}")


def _said(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _tls_error(error: BaseException) -> ssl.SSLError | None:
    return next((e for e in _causes(error) if isinstance(e, ssl.SSLError)), None)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _mistrusted(error: ssl.SSLError, where: str) -> StoreError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return StoreError(
            f"{where}: its certificate is not trusted ({error.verify_message}). Set TECHFINDER_QDRANT_CA to the file "
            "with the certificate of who signed it."
        )
    if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_MESSAGE", "RECORD_LAYER_FAILURE"):
        return StoreError(f"{where}: there is no TLS. Use http:// or another port. {_CHECK_ADDRESS}")
    return StoreUnavailable(f"{where}: no secure connection ({error.reason or error}).")


def _refused(status: int, reason: str, where: str) -> StoreError:
    if status == 401:
        return StoreError(f"{where}: the key is refused ({reason}). Set TECHFINDER_QDRANT_API_KEY to a valid one.")
    if status == 403:
        return StoreError(
            f"{where}: the key does not allow that ({reason}). Set TECHFINDER_QDRANT_API_KEY to one that may; "
            "indexing needs a key that may write."
        )
    if status == 404 and "doesn't exist" in reason:
        return CollectionNotFound(f"{where}: {reason}")
    if status == 404:
        return StoreError(f"{where}: nothing there ({reason}). {_CHECK_ADDRESS}")
    if status >= 500 and _NO_ROOM in reason.lower():
        return _full(reason, where)
    if status >= 500 or status in (408, 429):
        return StoreUnavailable(f"{where}: it failed with status {status} ({reason}). Its log tells why.")
    if status < 400:
        return StoreError(f"{where}: status {status} is no answer of Qdrant. {_CHECK_ADDRESS}")
    return StoreError(f"{where}: refused with status {status} ({reason}).")


def _full(reason: str, where: str) -> StoreError:
    return StoreUnavailable(
        f"{where}: its disk is full ({reason}). Make room on the disk of Qdrant, then try again. What was live is live "
        "still."
    )


def _reason(error: UnexpectedResponse) -> str:
    try:
        return cut(error.structured()["status"]["error"], 300)
    except (ValueError, KeyError, TypeError):
        return cut(error.content.decode("utf-8", "replace"), 120)
