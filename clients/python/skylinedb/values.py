"""Values between Python and the protocol's JSON."""

from __future__ import annotations

import base64
import binascii
import datetime
import decimal
import json
import math
import operator
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from .errors import DataError, ProgrammingError

#: Parameters by place or by name.
Params = Union[Sequence[Any], Mapping[str, Any], None]

_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


def encode(value: Any) -> Any:
    """Returns what json writes as the protocol's form of value.

    str, bool, int, float, None and what is like bytes are SQLite's own kinds.
    Times and dates become ISO text with a space, as SQLite's functions read
    and make them; a Decimal becomes text, which keeps every digit.
    """
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return _real(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$blob": base64.b64encode(bytes(value)).decode("ascii")}
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if hasattr(value, "__index__"):  # an integer of another library
        return _integer(operator.index(value))
    raise ProgrammingError(f"A value of the type {type(value).__name__} cannot be stored: make it text, a number or bytes.")


def _integer(value: int) -> int:
    if not _LEAST <= value <= _MOST:
        raise DataError(f"The integer {_shown(value)} does not fit 64 bits.")
    return int(value)


def _shown(value: int) -> str:
    # Python refuses to write out integers of thousands of digits.
    return str(value) if value.bit_length() < 512 else f"of {value.bit_length()} bits"


def _real(value: float) -> Any:
    if math.isnan(value):
        raise DataError("NaN cannot be stored: SQLite has none; use None.")
    if math.isinf(value):
        return {"$real": "inf" if value > 0 else "-inf"}
    return float(value)


def encode_params(params: Params) -> Union[List[Any], Dict[str, Any], None]:
    """Encodes the parameters of one statement, None for none."""
    if params is None:
        return None
    if isinstance(params, Mapping):
        return {str(name): encode(value) for name, value in params.items()}
    if isinstance(params, (str, bytes, bytearray, memoryview)):
        raise ProgrammingError("Parameters are a sequence or a mapping, not a string: write (value,) for one.")
    try:
        values = list(params)
    except TypeError:
        raise ProgrammingError(f"Parameters are a sequence or a mapping, not {type(params).__name__}.") from None
    return [encode(value) for value in values]


def to_json(fields: Mapping[str, Any]) -> bytes:
    """Returns the body of a frame."""
    try:
        # Text as it is, not as escapes, is shorter in most languages.
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
    except UnicodeEncodeError:
        raise DataError("A text has half of a surrogate pair, which is not Unicode and cannot be stored.") from None


def _restore(obj: Dict[str, Any]) -> Any:
    """Turns the forms of values back; other objects stay what they are."""
    if len(obj) != 1:
        return obj
    ((form, text),) = obj.items()
    if form == "$blob":
        return binascii.a2b_base64(text)
    if form == "$int":
        return int(text)
    if form == "$real":
        return float(text)
    return obj


_decoder = json.JSONDecoder(object_hook=_restore)


def from_json(body: bytes) -> Optional[Dict[str, Any]]:
    """Decodes the body of a frame, None for what no daemon sends."""
    try:
        reply = _decoder.decode(body.decode("utf-8"))
    except ValueError:
        return None
    return reply if isinstance(reply, dict) and reply.get("status") in ("ok", "error") else None
