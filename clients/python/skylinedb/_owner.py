"""Whose a named pipe is."""

from __future__ import annotations

import ctypes
import sys
from ctypes import wintypes

assert sys.platform == "win32"  # which type checkers understand as well

from . import _win32 as win


def current_user() -> str:
    """Returns the security identifier of the user who runs this program."""
    token = wintypes.HANDLE()
    win.checked(win.OpenProcessToken(win.GetCurrentProcess(), win.TOKEN_QUERY, ctypes.byref(token)))
    try:
        size = wintypes.DWORD()
        # It fails, and tells the size.
        win.GetTokenInformation(token, win.TOKEN_USER, None, 0, ctypes.byref(size))
        # At least that of the structure, of which the system fills what it needs.
        room = ctypes.create_string_buffer(max(size.value, ctypes.sizeof(win.SidAndAttributes)))
        win.checked(win.GetTokenInformation(token, win.TOKEN_USER, room, len(room), ctypes.byref(size)))
        return _text(win.SidAndAttributes.from_buffer(room).Sid)
    finally:
        win.CloseHandle(token)


def owner(pipe: int) -> str:
    """Returns the security identifier of the user whose the pipe is.

    To make an object somebody else's takes a privilege that users do not have,
    so that is the user of the process that made the pipe.
    """
    sid, descriptor = ctypes.c_void_p(), ctypes.c_void_p()
    error = win.GetSecurityInfo(
        pipe, win.SE_KERNEL_OBJECT, win.OWNER_SECURITY_INFORMATION, ctypes.byref(sid), None, None, None, ctypes.byref(descriptor))
    if error:
        raise ctypes.WinError(error)
    try:
        if not sid.value:
            raise OSError("it has no owner")
        return _text(sid.value)
    finally:
        win.LocalFree(descriptor)


def _text(sid: int) -> str:
    """Returns a security identifier as text, of which there is one for each."""
    text = ctypes.c_void_p()
    win.checked(win.ConvertSidToStringSid(sid, ctypes.byref(text)))
    try:
        return ctypes.wstring_at(text.value or 0)
    finally:
        win.LocalFree(text)
