"""What the tests need of Windows: a listener, and the ends of processes."""

import _thread
import ctypes
import signal
import threading
from ctypes import wintypes

from skylinedb import _win32 as win
from skylinedb._owner import current_user
from skylinedb._pipe import Pipe

#: For a pid that is to end at once: os.kill has no other way here.
KILL = signal.SIGTERM

_DUPLEX = 3
_FIRST_INSTANCE = 0x00080000
_REJECT_REMOTE = 8
_BUFFER = 1 << 16
_ERROR_PIPE_CONNECTED = 535
_ERROR_INVALID_PARAMETER = 87

_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
_advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
_kernel32.CreateNamedPipeW.restype = wintypes.HANDLE
_kernel32.CreateNamedPipeW.argtypes = [wintypes.LPCWSTR, *[wintypes.DWORD] * 6, ctypes.c_void_p]
_kernel32.ConnectNamedPipe.argtypes = [wintypes.HANDLE, ctypes.c_void_p]
_kernel32.OpenProcess.restype = wintypes.HANDLE
_kernel32.WaitForSingleObject.argtypes = [wintypes.HANDLE, wintypes.DWORD]
_advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW.argtypes = [wintypes.LPCWSTR, wintypes.DWORD, ctypes.c_void_p, ctypes.c_void_p]


class _Attributes(ctypes.Structure):
    _fields_ = [("length", wintypes.DWORD), ("descriptor", ctypes.c_void_p), ("inherit", wintypes.BOOL)]


class _Instance(Pipe):
    def accept(self):
        pipe, operation = self._opened(), self._reading
        try:
            operation.run(pipe, lambda: _kernel32.ConnectNamedPipe(pipe, operation.reference), self._wait)
        except OSError as error:
            if error.winerror != _ERROR_PIPE_CONNECTED:
                raise


class Listener:
    """Waits for clients on a pipe, of which one instance is always free."""

    def __init__(self, path, most=255):
        self._path, self._most = path, most
        self._lock = threading.Lock()
        self._stopped = False
        self._free = self._instance(_FIRST_INSTANCE)

    def _instance(self, extra=0):
        # The owner is named because that of an administrator's program would
        # be the Administrators.
        user, descriptor = current_user(), ctypes.c_void_p()
        win.checked(_advapi32.ConvertStringSecurityDescriptorToSecurityDescriptorW(f"O:{user}D:P(A;;GA;;;{user})", 1, ctypes.byref(descriptor), None))
        attributes = _Attributes(ctypes.sizeof(_Attributes), descriptor, False)
        try:
            return _Instance(win.checked(_kernel32.CreateNamedPipeW(
                self._path, _DUPLEX | win.FILE_FLAG_OVERLAPPED | extra, _REJECT_REMOTE, self._most, _BUFFER, _BUFFER, 0, ctypes.byref(attributes))))
        finally:
            win.LocalFree(descriptor)

    def accept(self):
        """Returns the next client's transport. It raises OSError after stop."""
        while True:
            instance = self._free
            try:
                instance.accept()
            except OSError as error:
                if error.winerror != win.ERROR_NO_DATA:
                    raise
                instance.close()  # the client came and went
                instance = None
            with self._lock:
                self._free = self._instance() if self._most > 1 else None
                if self._stopped and self._free:
                    self._free.interrupt()
            if instance is not None:
                return instance

    def stop(self):
        with self._lock:
            self._stopped = True
            if self._free:
                self._free.interrupt()

    def close(self):
        if self._free:
            self._free.close()


def ended(pid):
    """Tells whether the process has ended."""
    handle = _kernel32.OpenProcess(win.SYNCHRONIZE, False, pid)
    if not handle:
        return ctypes.get_last_error() == _ERROR_INVALID_PARAMETER
    try:
        return _kernel32.WaitForSingleObject(handle, 0) == win.WAIT_OBJECT_0
    finally:
        win.CloseHandle(handle)


def interrupt_main():
    """Is Ctrl-C, for the main thread."""
    _thread.interrupt_main()
