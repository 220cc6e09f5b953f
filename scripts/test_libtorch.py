"""What must hold of libtorch.py, tried without a network."""

import contextlib
import hashlib
import http.server
import io
import json
import os
import tempfile
import threading
import unittest
import zipfile
from pathlib import Path
from unittest import mock

import libtorch

CONTENT = bytes(range(256)) * 4096
"""One MiB."""


class Breaking(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT with ranges, but closes each connection after 300 kB. Notes the ranges that were asked for."""

    ranges = []

    def do_GET(self):
        asked = self.headers.get("Range")
        self.ranges.append(asked)
        start = int(asked[len("bytes=") : -1]) if asked else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start : start + 300_000])

    def log_message(self, *_):
        pass


class Quiet(unittest.TestCase):
    """A test in an empty folder, without $LIBTORCH, that keeps what is said in `self.said`."""

    def setUp(self):
        self.folder = Path(self.enter(tempfile.TemporaryDirectory())).resolve()
        self.said = self.enter(contextlib.redirect_stderr(io.StringIO()))
        self.enter(mock.patch.dict(os.environ))
        os.environ.pop("LIBTORCH", None)

    def enter(self, context):
        value = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        return value

    def write(self, name, text=""):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


class Given(Quiet):
    def given(self, version_file, text):
        self.write("lib/libtorch.so")
        self.write("include/torch/torch.h")
        self.write(version_file, text)
        return libtorch.checked(self.folder)

    def test_right_version_is_taken(self):
        self.assertEqual(self.given("build-version", "2.11.0+cpu\n"), self.folder)
        self.assertEqual(self.said.getvalue(), "")

    def test_wrong_version_is_refused_with_both_versions(self):
        with self.assertRaisesRegex(libtorch.Refusal, r"libtorch 2\.5\.1, but 2\.11\.0 is needed"):
            self.given("version.py", "__version__ = '2.5.1+cu121'\n")

    def test_version_is_read_from_headers_too(self):
        lines = [f"#define TORCH_VERSION_{part} {number}" for part, number in [("MAJOR", 2), ("MINOR", 12), ("PATCH", 0)]]
        with self.assertRaisesRegex(libtorch.Refusal, r"2\.12\.0"):
            self.given("include/torch/headeronly/version.h", "\n".join(lines))

    def test_folder_without_libraries_is_refused(self):
        with self.assertRaisesRegex(libtorch.Refusal, "no libtorch"):
            libtorch.checked(self.folder)


class Machine(Quiet):
    def test_a_small_disk_is_refused_before_anything_is_fetched(self):
        with mock.patch("shutil.disk_usage", return_value=mock.Mock(free=300_000_000)):
            with self.assertRaisesRegex(libtorch.Refusal, r"1\.2 GB are needed .* 0\.3 GB are free"):
                libtorch.refuse_small_disks(self.folder, 0)
            libtorch.refuse_small_disks(self.folder, 1_000_000_000)

    def test_other_platforms_are_told_what_to_do(self):
        with mock.patch("platform.machine", return_value="aarch64"), mock.patch("platform.system", return_value="Linux"):
            with self.assertRaisesRegex(libtorch.Refusal, "(?s)Linux aarch64.*set LIBTORCH"):
                libtorch.refuse_other_platforms()

    def test_old_glibc_is_refused(self):
        for libc, taken in [(("glibc", "2.28"), True), (("glibc", "2.17"), False), (("", ""), False)]:
            with mock.patch("platform.libc_ver", return_value=libc), mock.patch("platform.machine", return_value="x86_64"):
                with contextlib.nullcontext() if taken else self.assertRaisesRegex(libtorch.Refusal, "glibc 2.28"):
                    libtorch.refuse_other_platforms()


class Download(Quiet):
    def setUp(self):
        super().setUp()
        Breaking.ranges.clear()
        server = self.enter(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Breaking))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.shutdown)
        self.url = f"http://127.0.0.1:{server.server_address[1]}/file"
        self.enter(mock.patch("time.sleep"))
        self.enter(mock.patch.dict(os.environ, {"no_proxy": "127.0.0.1"}))

    def test_goes_on_after_every_break(self):
        path = self.folder / "file.part"
        libtorch.download(self.url, path)
        self.assertEqual(path.read_bytes(), CONTENT)
        self.assertEqual(Breaking.ranges, [None, "bytes=300000-", "bytes=600000-", "bytes=900000-"])

    def test_goes_on_from_what_an_earlier_process_left(self):
        path = self.folder / "file.part"
        path.write_bytes(CONTENT[:1_000_000])
        libtorch.download(self.url, path)
        self.assertEqual(path.read_bytes(), CONTENT)
        self.assertEqual(Breaking.ranges, ["bytes=1000000-"])

    def test_a_part_that_is_whole_already_is_left_alone(self):
        path = self.folder / "file.part"
        path.write_bytes(CONTENT)
        libtorch.download(self.url, path)
        self.assertEqual(path.read_bytes(), CONTENT)

    def test_gives_up_when_nobody_answers(self):
        with self.assertRaisesRegex(libtorch.Refusal, "is there a network"):
            libtorch.download("http://127.0.0.1:9/file", self.folder / "file.part")

    def test_other_content_is_deleted(self):
        wheel, pip = libtorch.Wheel("thing==1", "0" * 64, {}), mock.Mock(locate=lambda *_: self.url)
        with self.assertRaisesRegex(libtorch.Refusal, hashlib.sha256(CONTENT).hexdigest()):
            libtorch.fetch_wheel(wheel, pip, self.folder)
        self.assertEqual(list(self.folder.iterdir()), [])


class Own(Quiet):
    """The project's own copy, from a small wheel that stands for the real ones."""

    def setUp(self):
        super().setUp()
        wheel = self.folder / "torch.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.mkdir("torch/include") if hasattr(archive, "mkdir") else archive.writestr("torch/include/", "")
            for name in ("include/a/b.h", "lib/libtorch_cpu.so", "lib/libtorch.so", "lib/libtorch_cuda.so"):
                archive.writestr(f"torch/{name}", name)
        members = {"torch/include/": "include/", "torch/lib/libtorch_cpu.so": "lib/libtorch_cpu.so"}
        self.enter(mock.patch.object(libtorch, "WHEELS", [libtorch.Wheel("torch==1", "abc", members)]))
        self.wheel = wheel
        self.copy = self.folder / "project" / "copy"

    def make(self, folder):
        self.made = getattr(self, "made", 0) + 1
        libtorch.assemble([(libtorch.WHEELS[0], self.wheel)], folder)

    def test_holds_what_is_wanted_and_nothing_else(self):
        libtorch.own(self.copy, self.make)
        files = sorted(str(path.relative_to(self.copy)) for path in self.copy.rglob("*") if not path.is_dir())
        wanted = ["build-version", "include/a/b.h", "lib/libtorch.so", "lib/libtorch_cpu.so", "stamp.json"]
        self.assertEqual(files, wanted)
        self.assertEqual((self.copy / "lib/libtorch.so").read_text(), "lib/libtorch_cpu.so")

    def test_is_made_once(self):
        libtorch.own(self.copy, self.make)
        libtorch.own(self.copy, self.make)
        self.assertEqual(self.made, 1)

    def test_is_made_again_when_cut_short_or_without_stamp(self):
        for damage in (lambda: (self.copy / "lib/libtorch_cpu.so").write_text(""), lambda: (self.copy / "stamp.json").unlink()):
            libtorch.own(self.copy, self.make)
            damage()
            self.assertFalse(libtorch.is_complete(self.copy))
            libtorch.own(self.copy, self.make)
            self.assertTrue(libtorch.is_complete(self.copy))

    def test_is_made_again_when_other_files_are_asked_for(self):
        libtorch.own(self.copy, self.make)
        stamp = json.loads((self.copy / "stamp.json").read_text())
        (self.copy / "stamp.json").write_text(json.dumps({**stamp, "wheels": {"torch==1": "def"}}))
        self.assertFalse(libtorch.is_complete(self.copy))

    def test_a_kept_copy_outlives_the_project(self):
        kept = self.folder / "data" / "kept"
        libtorch.own(kept, libtorch.copy_from(libtorch.own(self.copy, self.make)))
        libtorch.shutil.rmtree(self.copy.parent)
        self.assertTrue(libtorch.is_complete(kept))
        self.assertEqual((kept / "lib/libtorch.so").read_text(), "lib/libtorch_cpu.so")


if __name__ == "__main__":
    unittest.main()
