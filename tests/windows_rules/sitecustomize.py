"""Rules of Windows about files and processes, for Python processes with this folder on their path.

Linux lets a process do more with files and signals. These rules refuse what Windows refuses, with
the errors of Windows, so that tests on Linux fail where Windows would. Needs /proc.
"""

import builtins
import errno
import io
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

FORBIDDEN = re.compile(r'[<>:"\\|?*\x00-\x1f]')
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
ACCESS_DENIED, IN_USE, INVALID_NAME = 5, 32, 123
# Folders of the system, whose names are those of Linux.
SYSTEM = ("/proc", "/dev", "/sys", "/usr", "/etc", "/lib")


def windows_error(kind, number, text, path, winerror):
    error = kind(number, text, str(path))
    error.winerror = winerror
    return error


def check_name(path):
    """Refuse names that no file can have."""
    if isinstance(path, int):
        return
    text = os.fsdecode(path)
    if text.startswith(SYSTEM):
        return
    for name in text.split("/"):
        if name in ("", ".", ".."):
            continue
        if FORBIDDEN.search(name) or DEVICES.fullmatch(name) or name[-1] in " .":
            text = "The filename, directory name, or volume label syntax is incorrect"
            raise windows_error(OSError, errno.EINVAL, text, path, INVALID_NAME)


def open_files():
    """The files that this process has open or mapped."""
    found = set()
    for number in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{number}"))
        except OSError:
            continue
    with real_open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        found |= {line.split(maxsplit=5)[5].rstrip("\n") for line in maps if line.count("/")}
    return found


def check_closed(path):
    """Refuse to move or remove a file, or a folder with a file, that this process has open."""
    full = os.path.realpath(path)
    for each in open_files():
        if each == full or each.startswith(f"{full}/"):
            text = "The process cannot access the file because it is being used by another process"
            raise windows_error(PermissionError, errno.EACCES, text, path, IN_USE)


real_open, real_os_open = io.open, os.open


def open_file(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, **more):
    check_name(file)
    # With an opener Linux makes a temporary file without a name.
    if "opener" not in more and not isinstance(file, int) and os.path.isdir(file):
        raise windows_error(PermissionError, errno.EACCES, "Permission denied", file, ACCESS_DENIED)
    if "b" not in mode:
        encoding = encoding or "cp1252"
        newline = "\r\n" if newline is None and set(mode) & set("wax+") else newline
    return real_open(file, mode, buffering, encoding, errors, newline, **more)


def os_open(path, flags, mode=0o777, *, dir_fd=None):
    check_name(path)
    if os.path.isdir(path) and not flags & os.O_TMPFILE == os.O_TMPFILE:
        raise windows_error(PermissionError, errno.EACCES, "Permission denied", path, ACCESS_DENIED)
    return real_os_open(path, flags, mode, dir_fd=dir_fd)


builtins.open = io.open = open_file
os.open = os_open

real_fsync, real_write = os.fsync, os.write


def fsync(file):
    number = file if isinstance(file, int) else file.fileno()
    flags = int(Path(f"/proc/self/fdinfo/{number}").read_text(encoding="utf-8").split()[3], 8)
    if flags & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(errno.EBADF, "Bad file descriptor")
    real_fsync(number)


def write(number, content):
    try:
        return real_write(number, content)
    except BrokenPipeError:
        raise OSError(errno.EINVAL, "Invalid argument") from None


os.fsync, os.write = fsync, write

real_mkdir, real_rename, real_replace = os.mkdir, os.rename, os.replace
real_remove, real_rmdir = os.remove, os.rmdir


def mkdir(path, mode=0o777, *, dir_fd=None):
    check_name(path)
    real_mkdir(path, mode, dir_fd=dir_fd)


def move(source, target, *, may_replace):
    check_name(target)
    check_closed(source)
    check_closed(target)
    if os.path.exists(target) and (not may_replace or os.path.isdir(target)):
        raise windows_error(
            PermissionError, errno.EACCES, "Access is denied", target, ACCESS_DENIED
        )
    real_replace(source, target)


def remove(path, *, dir_fd=None):
    check_closed(path)
    real_remove(path, dir_fd=dir_fd)


def rmdir(path, *, dir_fd=None):
    check_closed(path)
    real_rmdir(path, dir_fd=dir_fd)


os.mkdir, os.remove, os.unlink, os.rmdir = mkdir, remove, remove, rmdir
os.replace = lambda source, target: move(source, target, may_replace=True)
os.rename = lambda source, target: move(source, target, may_replace=False)
shutil._use_fd_functions = False

real_kill = os.kill


def kill(process, _number):
    """No handler is called, whatever the signal."""
    real_kill(process, signal.SIGKILL)


os.kill = kill
real_popen = subprocess.Popen.__init__


def popen(self, *arguments, start_new_session=False, **options):
    real_popen(self, *arguments, **options)


subprocess.Popen.__init__ = popen
