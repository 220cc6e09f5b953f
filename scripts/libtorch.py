#!/usr/bin/env python3
"""Says which folder to use as LIBTORCH, and fetches one when the machine has none.

The folder goes to standard output, everything else to standard error. In this order:

1. `$LIBTORCH`, when it is set: checked and taken as it is.
2. An installed PyTorch of the right version: with it the worker can use a GPU.
3. The project's own copy in `.libtorch/`, for the CPU.
4. That copy is fetched: wheels found by pip, downloaded so that a broken download goes on, checked by SHA-256, and stripped of
   all but headers and the five libraries that the CPU needs (0.5 GB instead of several).

With `--keep FOLDER` the answer is a folder that outlives this clone: the project's own copy is copied to FOLDER.
"""

import argparse
import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple

VERSION = "2.11.0"
"""`tch` in Cargo.toml is made for exactly this libtorch, and it is part of every worker stage's key."""

PROJECT = Path(__file__).resolve().parent.parent
DISK_BYTES = 1_200_000_000
"""Wheels and unpacked files together."""
ATTEMPTS = 6
"""Connections in a row that may bring nothing before the download is given up."""
TIMEOUT_S = 60
PIP = (25, 1)
"""Older ones fetch a whole wheel only to tell where it lies."""


class Wheel(NamedTuple):
    """A file of a package index, and what is wanted of it: each key is a file or folder in the wheel, each value its new place."""

    requirement: str
    sha256: str
    members: dict


WHEELS = [
    Wheel(
        f"torch=={VERSION}",
        "0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756",
        {
            "torch/include/": "include/",
            "torch/lib/libtorch_cpu.so": "lib/libtorch_cpu.so",
            "torch/lib/libc10.so": "lib/libc10.so",
            "torch/lib/libgomp.so.1": "lib/libgomp.so.1",
        },
    ),
    Wheel(
        "nvidia-cuda-runtime==13.0.96",
        "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
        {"nvidia/cu13/lib/libcudart.so.13": "lib/libcudart.so.13"},
    ),
    Wheel(
        "nvidia-cuda-cupti==13.0.85",
        "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
        {"nvidia/cu13/lib/libcupti.so.13": "lib/libcupti.so.13"},
    ),
]


class Refusal(Exception):
    """What the user has to know: fact, then advice."""


class NotForUs(Exception):
    """The server or its certificate wants something that only pip may have been told."""


def say(text, end="\n"):
    print(text, end=end, file=sys.stderr, flush=True)


# --- what is there -------------------------------------------------------------------------------------------------------------


def version_of(folder):
    """The version of the libtorch in `folder`, or None where nothing tells it."""
    sources = [
        ("build-version", r"\s*([0-9][\w.]*)"),
        ("version.py", r"__version__\s*=\s*['\"]([0-9][\w.]*)"),
    ]
    for name, pattern in sources:
        with contextlib.suppress(OSError):
            found = re.search(pattern, (folder / name).read_text())
            if found:
                return found[1]
    return version_of_headers(folder / "include/torch/headeronly/version.h")


def version_of_headers(header):
    try:
        text = header.read_text()
    except OSError:
        return None
    parts = [re.search(rf"#define TORCH_VERSION_{part} (\d+)", text) for part in ("MAJOR", "MINOR", "PATCH")]
    return ".".join(part[1] for part in parts) if all(parts) else None


def checked(folder):
    """`folder`, if the worker can be built with it."""
    advice = f"name a folder with libtorch {VERSION} (its `lib` and `include`), or unset LIBTORCH and let it be found or fetched"
    names = ["libtorch_cpu.so", "libtorch.so", "libtorch_cpu.dylib", "libtorch.dylib"]
    if not any((folder / "lib" / name).exists() for name in names):
        raise Refusal(f"LIBTORCH={folder}: no libtorch in its `lib`\n  hint: {advice}")
    if not (folder / "include").is_dir():
        raise Refusal(f"LIBTORCH={folder}: no headers in its `include`\n  hint: {advice}")
    version = version_of(folder)
    if version is None:
        say(f"warning: LIBTORCH={folder} does not tell its version; {VERSION} is needed")
    elif version != VERSION:
        raise Refusal(f"LIBTORCH={folder}: this is libtorch {version}, but {VERSION} is needed\n  hint: {advice}")
    return folder.resolve()


def installed_pytorch():
    """The folder of a PyTorch of the right version in the Python at hand, or None. Not imported: that takes seconds."""
    with contextlib.suppress(ImportError, ValueError):
        spec = importlib.util.find_spec("torch")
        for place in (spec and spec.submodule_search_locations) or []:
            folder = Path(place)
            if version_of(folder) == VERSION and (folder / "lib/libtorch_cpu.so").exists():
                return folder.resolve()
    return None


def is_complete(folder):
    """Whether `folder` was written to its end and its libraries are still there: the stamp is written last and knows them."""
    try:
        stamp = json.loads((folder / "stamp.json").read_text())
        same_wheels = stamp["wheels"] == {wheel.requirement: wheel.sha256 for wheel in WHEELS}
        libraries = stamp["libraries"].items()
        return same_wheels and all((folder / "lib" / name).stat().st_size == size for name, size in libraries)
    except (OSError, ValueError, KeyError, AttributeError):
        return False


# --- fetch ---------------------------------------------------------------------------------------------------------------------


def refuse_other_platforms():
    machine = f"{platform.system()} {platform.machine()}"
    advice = (
        f"  hint: install PyTorch {VERSION} in the Python at hand (`python3 -m pip install torch=={VERSION}`),\n"
        f"        or download libtorch {VERSION} and set LIBTORCH to its folder"
    )
    if machine != "Linux x86_64":
        raise Refusal(f"libtorch can be fetched for Linux x86_64 only; this is {machine}\n{advice}")
    libc, version = platform.libc_ver()
    if libc != "glibc" or tuple(int(part) for part in version.split(".")[:2]) < (2, 28):
        raise Refusal(f"libtorch {VERSION} needs glibc 2.28 or newer; this machine has {libc or 'no glibc'} {version}\n{advice}")


def refuse_small_disks(folder, present):
    free = shutil.disk_usage(folder).free
    if free < DISK_BYTES - present:
        needed = (DISK_BYTES - present) / 1e9
        raise Refusal(
            f"{folder}: {needed:.1f} GB are needed to fetch libtorch, {free / 1e9:.1f} GB are free\n"
            "  hint: free some space, or set LIBTORCH to a libtorch elsewhere"
        )


def pip_environment(**more):
    """Settings of the user hold (an index, a proxy, certificates), but not those that say where packages are installed."""
    personal = ("PIP_REQUIRE_VIRTUALENV", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")
    kept = {name: value for name, value in os.environ.items() if name not in personal}
    return {**kept, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1", **more}


class Pip:
    """A pip that is recent enough; where the Python at hand has an older one, a newer is put in `folder`."""

    PLATFORMS = ["manylinux_2_28_x86_64", "manylinux_2_25_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"]
    # Spelt out because the libraries do not care which Python is at hand.
    TAGS = ["--implementation", "cp", "--python-version", "3.12", "--abi", "cp312", "--abi", "none"]
    WANTED = ["--no-deps", "--only-binary=:all:", *TAGS, *(f"--platform={name}" for name in PLATFORMS)]

    def __init__(self, folder):
        self.environment = pip_environment()
        if self.version() < PIP:
            say("fetching a newer pip …")
            self.run("install", "--quiet", "--upgrade", "--target", str(folder), f"pip>={PIP[0]}.{PIP[1]}")
            self.environment = pip_environment(PYTHONPATH=str(folder))

    def version(self):
        command = [sys.executable, "-m", "pip", "--version"]
        said = subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        numbers = re.match(r"pip (\d+)\.(\d+)", said.stdout)
        if numbers is None:
            raise Refusal(
                f"{sys.executable} has no pip, which finds libtorch's files\n"
                "  hint: install it (Debian, Ubuntu: `apt install python3-pip`; others: `python3 -m ensurepip`)"
            )
        return int(numbers[1]), int(numbers[2])

    def run(self, *arguments):
        """Standard output of a pip command."""
        command = [sys.executable, "-m", "pip", *arguments]
        ended = subprocess.run(command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if ended.returncode != 0:
            words = "\n".join(f"    {line}" for line in ended.stderr.strip().splitlines()[-4:])
            raise Refusal(
                f"pip could not do `pip {arguments[0]} … {arguments[-1]}`:\n{words}\n"
                "  hint: is there a network, and does pip reach its index? What was downloaded is kept; run it again"
            )
        return ended.stdout

    def locate(self, wheel, work):
        """The address of a wheel. `fast-deps` spares fetching the wheel for that; it is an experiment of pip's and may go away."""
        arguments = ["--quiet", "--dry-run", "--ignore-installed", "--report", "-", "--target", str(work / "nowhere")]
        arguments += [*self.WANTED, wheel.requirement]
        try:
            report = self.run("install", "--use-feature=fast-deps", *arguments)
        except Refusal as refusal:
            if "invalid choice" not in str(refusal):
                raise
            report = self.run("install", *arguments)
        return json.loads(report)["install"][0]["download_info"]["url"]

    def download(self, wheel, path):
        """A wheel by pip alone, which starts over when the connection breaks."""
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            self.run("download", "--quiet", "--dest", folder, *self.WANTED, wheel.requirement)
            next(Path(folder).glob("*.whl")).replace(path)


def certificates():
    """Trust what pip trusts where an administrator has named certificates."""
    for name in ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        if os.environ.get(name):
            return ssl.create_default_context(cafile=os.environ[name])
    return ssl.create_default_context()


def download(url, path):
    """Fetches `url` to `path`, going on from what `path` holds already, and across broken connections."""
    failures, last = 0, "the connection ended early"
    while failures < ATTEMPTS:
        before = size_of(path)
        try:
            if append(url, path):
                return
        except (urllib.error.URLError, ConnectionError, socket.timeout, ssl.SSLError, HTTPException) as error:
            refuse_lasting(error)
            last = error
        failures = 0 if size_of(path) > before else failures + 1
        say(f"\nbroken off ({last}); going on at {size_of(path) / 1e6:.0f} MB …")
        time.sleep(min(2**failures, 20))
    raise Refusal(f"{url}: {last}\n  hint: is there a network? What was downloaded is kept; run it again")


def refuse_lasting(error):
    """Lets only those failures pass that may be gone at the next attempt."""
    certificate = isinstance(getattr(error, "reason", error), ssl.SSLCertVerificationError)
    if certificate or (isinstance(error, urllib.error.HTTPError) and 400 <= error.code < 500):
        raise NotForUs(str(error)) from error


def append(url, path):
    """One connection. Returns whether the file is complete afterwards."""
    start = size_of(path)
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    try:
        response = urllib.request.urlopen(request, timeout=TIMEOUT_S, context=certificates())
    except urllib.error.HTTPError as error:
        # The range begins at the end of the file: nothing is missing.
        if error.code == 416:
            return True
        raise
    with response:
        if response.status != 206:
            start = 0
        total = start + int(response.headers["Content-Length"] or 0)
        with open(path, "ab" if start else "wb") as file:
            progress = Progress(path.stem, total)
            while chunk := response.read(1 << 20):
                file.write(chunk)
                progress.show(file.tell())
            return file.tell() >= total


class Progress:
    """One line that is rewritten in a terminal; a line at each tenth elsewhere."""

    def __init__(self, name, total):
        self.name, self.total, self.shown = name, total, -1

    def show(self, done):
        percent = 100 * done // max(self.total, 1)
        terminal = sys.stderr.isatty()
        step = percent if terminal else percent // 10
        if step != self.shown:
            self.shown = step
            say(f"  {self.name}: {percent} % of {self.total / 1e6:.0f} MB", end="\r" if terminal and percent < 100 else "\n")


def size_of(path):
    return path.stat().st_size if path.exists() else 0


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


def fetch_wheel(wheel, pip, work):
    """The wheel's file, complete and with the right content."""
    path = work / f"{wheel.requirement.replace('==', '-')}.whl"
    if path.exists():
        return path
    part = path.with_suffix(".part")
    if size_of(part):
        say(f"going on with {wheel.requirement} at {size_of(part) / 1e6:.0f} MB")
    try:
        download(pip.locate(wheel, work), part)
    except NotForUs as error:
        say(f"{error}; leaving {wheel.requirement} to pip, which cannot go on after a break …")
        pip.download(wheel, part)
    found = sha256_of(part)
    if found != wheel.sha256:
        part.unlink()
        raise Refusal(
            f"{wheel.requirement}: the file has SHA-256 {found}, expected {wheel.sha256}; it was deleted\n"
            "  hint: run it again; if it happens again, what answers for the package index serves another file"
        )
    return part.rename(path)


def unpack(wheel, path, folder):
    with zipfile.ZipFile(path) as archive:
        for name in (name for name in archive.namelist() if not name.endswith("/")):
            for member, place in wheel.members.items():
                if name == member or (member.endswith("/") and name.startswith(member)):
                    target = folder / (place + name[len(member) :])
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with archive.open(name) as source, open(target, "wb") as file:
                        shutil.copyfileobj(source, file, 1 << 20)


def write_stamp(folder):
    """Written last: with it the folder counts as complete."""
    libraries = {path.name: path.stat().st_size for path in sorted((folder / "lib").iterdir())}
    stamp = {"version": VERSION, "wheels": {wheel.requirement: wheel.sha256 for wheel in WHEELS}, "libraries": libraries}
    (folder / "stamp.json").write_text(json.dumps(stamp, indent=2) + "\n")


def assemble(wheels, folder):
    """Lays out the files of all wheels in `folder`, which appears complete or not at all."""
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    for wheel, path in wheels:
        say(f"unpacking {wheel.requirement} …")
        unpack(wheel, path, part)
    # The linker asks for `-ltorch`; the wheel's own libtorch.so would bring CUDA in.
    (part / "lib/libtorch.so").symlink_to("libtorch_cpu.so")
    (part / "build-version").write_text(VERSION + "\n")
    write_stamp(part)
    replace(folder, part)


def replace(folder, complete):
    shutil.rmtree(folder, ignore_errors=True)
    complete.rename(folder)


def fetch(folder):
    """Makes the project's own copy in `folder`."""
    refuse_other_platforms()
    work = folder.with_name(folder.name + ".download")
    work.mkdir(parents=True, exist_ok=True)
    refuse_small_disks(work, sum(path.stat().st_size for path in work.iterdir() if path.suffix in (".whl", ".part")))
    say(f"fetching libtorch {VERSION} for the CPU (0.54 GB, once); looking where it lies …")
    pip = Pip(work / "pip")
    assemble([(wheel, fetch_wheel(wheel, pip, work)) for wheel in WHEELS], folder)
    shutil.rmtree(work)
    say(f"libtorch {VERSION} is in {folder}")


# --- the answer ----------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def lock(folder):
    """One process at a time makes `folder`; the kernel frees the lock when its holder dies."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.with_name(folder.name + ".lock"), "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is fetching libtorch; waiting for it …")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def own(folder, make):
    """The complete copy in `folder`, made with `make` when it is not there."""
    if not is_complete(folder):
        with lock(folder):
            if not is_complete(folder):
                make(folder)
    return folder


def copy_from(source):
    def make(folder):
        refuse_small_disks(folder.parent, DISK_BYTES // 2)
        say(f"copying libtorch to {folder} …")
        part = folder.with_name(folder.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        shutil.copytree(source, part, symlinks=True)
        replace(folder, part)

    return make


def libtorch(keep):
    """The folder to use."""
    if os.environ.get("LIBTORCH"):
        return checked(Path(os.environ["LIBTORCH"]).expanduser())
    copy = PROJECT / ".libtorch" / VERSION
    return installed_pytorch() or (own(keep, copy_from(own(copy, fetch))) if keep else own(copy, fetch))


def main():
    parser = argparse.ArgumentParser(description="Prints the folder to use as LIBTORCH, fetching libtorch when there is none.")
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="answer a folder that outlives this clone, if need be FOLDER")
    arguments = parser.parse_args()
    try:
        print(libtorch(arguments.keep and arguments.keep.expanduser().absolute()))
    except Refusal as refusal:
        say(f"error: {refusal}")
        return 1
    except OSError as error:
        say(f"error: {error}\n  hint: what was downloaded is kept; run it again when this is put right")
        return 1
    except KeyboardInterrupt:
        say("\nstopped; what was downloaded is kept")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
