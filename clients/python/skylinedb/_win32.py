"""The functions of Windows that this package calls, and their types.

Each is described on learn.microsoft.com under its name.
"""

from __future__ import annotations

import ctypes
import sys
from ctypes import wintypes
from typing import Any

assert sys.platform == "win32"  # which type checkers understand as well

GENERIC_READ = 0x80000000
GENERIC_WRITE = 0x40000000
FILE_APPEND_DATA = 0x4
FILE_READ_ATTRIBUTES = 0x80
SYNCHRONIZE = 0x00100000
FILE_SHARE_ALL = 0x7
OPEN_EXISTING = 3
OPEN_ALWAYS = 4
FILE_FLAG_OVERLAPPED = 0x40000000
FILE_FLAG_OPEN_REPARSE_POINT = 0x00200000
SECURITY_SQOS_PRESENT = 0x00100000
SECURITY_IDENTIFICATION = 0x00010000

ERROR_FILE_NOT_FOUND = 2
ERROR_ACCESS_DENIED = 5
ERROR_BROKEN_PIPE = 109
ERROR_ALREADY_EXISTS = 183
ERROR_PIPE_BUSY = 231
ERROR_NO_DATA = 232
ERROR_PIPE_NOT_CONNECTED = 233
ERROR_IO_PENDING = 997

INFINITE = 0xFFFFFFFF
WAIT_OBJECT_0 = 0
WAIT_FAILED = 0xFFFFFFFF

SE_KERNEL_OBJECT = 6
OWNER_SECURITY_INFORMATION = 1
TOKEN_QUERY = 8
TOKEN_USER = 1  # TokenUser of TOKEN_INFORMATION_CLASS

INVALID_HANDLE = ctypes.c_void_p(-1).value


class Overlapped(ctypes.Structure):
    """OVERLAPPED, without the name that its offset has for drivers."""

    _fields_ = [
        ("Internal", ctypes.c_size_t),
        ("InternalHigh", ctypes.c_size_t),
        ("Offset", wintypes.DWORD),
        ("OffsetHigh", wintypes.DWORD),
        ("hEvent", wintypes.HANDLE),
    ]


class SidAndAttributes(ctypes.Structure):
    """SID_AND_ATTRIBUTES, which is all that a TOKEN_USER has."""

    _fields_ = [("Sid", ctypes.c_void_p), ("Attributes", wintypes.DWORD)]


_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)

_BOOL, _DWORD, _HANDLE, _TEXT, _POINTER = wintypes.BOOL, wintypes.DWORD, wintypes.HANDLE, wintypes.LPCWSTR, ctypes.c_void_p
_OVERLAPPED, _DWORDS = ctypes.POINTER(Overlapped), ctypes.POINTER(wintypes.DWORD)


def _function(library: ctypes.WinDLL, name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function


CreateFile = _function(_kernel32, "CreateFileW", _HANDLE, _TEXT, _DWORD, _DWORD, _POINTER, _DWORD, _DWORD, _HANDLE)
CloseHandle = _function(_kernel32, "CloseHandle", _BOOL, _HANDLE)
ReadFile = _function(_kernel32, "ReadFile", _BOOL, _HANDLE, _POINTER, _DWORD, _DWORDS, _OVERLAPPED)
WriteFile = _function(_kernel32, "WriteFile", _BOOL, _HANDLE, _POINTER, _DWORD, _DWORDS, _OVERLAPPED)
CancelIoEx = _function(_kernel32, "CancelIoEx", _BOOL, _HANDLE, _OVERLAPPED)
GetOverlappedResult = _function(_kernel32, "GetOverlappedResult", _BOOL, _HANDLE, _OVERLAPPED, _DWORDS, _BOOL)
CreateEvent = _function(_kernel32, "CreateEventW", _HANDLE, _POINTER, _BOOL, _BOOL, _TEXT)
SetEvent = _function(_kernel32, "SetEvent", _BOOL, _HANDLE)
WaitForMultipleObjects = _function(_kernel32, "WaitForMultipleObjects", _DWORD, _DWORD, ctypes.POINTER(_HANDLE), _BOOL, _DWORD)
WaitNamedPipe = _function(_kernel32, "WaitNamedPipeW", _BOOL, _TEXT, _DWORD)
PeekNamedPipe = _function(_kernel32, "PeekNamedPipe", _BOOL, _HANDLE, _POINTER, _DWORD, _DWORDS, _DWORDS, _DWORDS)
CreateMutex = _function(_kernel32, "CreateMutexW", _HANDLE, _POINTER, _BOOL, _TEXT)
GetCurrentProcess = _function(_kernel32, "GetCurrentProcess", _HANDLE)
LocalFree = _function(_kernel32, "LocalFree", _POINTER, _POINTER)
OpenProcessToken = _function(_advapi32, "OpenProcessToken", _BOOL, _HANDLE, _DWORD, ctypes.POINTER(_HANDLE))
GetTokenInformation = _function(_advapi32, "GetTokenInformation", _BOOL, _HANDLE, ctypes.c_int, _POINTER, _DWORD, _DWORDS)
GetSecurityInfo = _function(
    _advapi32, "GetSecurityInfo", _DWORD, _HANDLE, ctypes.c_int, _DWORD,
    ctypes.POINTER(_POINTER), _POINTER, _POINTER, _POINTER, ctypes.POINTER(_POINTER))
ConvertSidToStringSid = _function(_advapi32, "ConvertSidToStringSidW", _BOOL, _POINTER, ctypes.POINTER(_POINTER))


def last_error() -> OSError:
    """Returns what the last call of this thread failed with."""
    return ctypes.WinError(ctypes.get_last_error())


def checked(result: Any) -> Any:
    """Returns the result of a call, or raises what it failed with: such a
    function returns 0 then, or INVALID_HANDLE."""
    if not result or result == INVALID_HANDLE:
        raise last_error()
    return result
