#!/usr/bin/env python3
"""Times how long it takes until CT files are volumes in HU, against one Python process with pydicom and NumPy that reads the same files, decodes
them, sorts them by place and rescales them in memory, and keeps nothing. Of bgh two things: the stage (`benches/ingest.rs`), which also writes the
volumes, and `bgh run --until ingest`, a whole process on an empty cache that also hashes every file and every volume and makes all safe on the
disk. They take turns; the fastest round counts.

    python3 -m venv peers && peers/bin/pip install pydicom numpy pyjpegls pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg
    cargo bench --bench ingest --no-run                             # prints where the program is that --stage names
    peers/bin/python benches/peers/ingest.py --stage PROGRAM        # synthetic exams, a table to paste into benches/README.md
    peers/bin/python benches/peers/ingest.py --stage PROGRAM --real FOLDER   # the CT series below a folder in their place
    peers/bin/python benches/peers/ingest.py --large 2000           # one exam of so many slices: largest memory of ingest and of windowing
    peers/bin/python benches/peers/ingest.py --scan 100000          # so many small files: headers a second
"""
import argparse
import csv
import functools
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import numpy
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless, generate_uid

CLASSES = ["none", "bleeding"]
PARTS = ["train", "tune", "test"]

SPEC = """name = "ingest"
seed = 1
[cohort]
source = "dicom"
root = "exams"
labels = "labels.csv"
classes = ["none", "bleeding"]
positive = ["bleeding"]
[split]
by = "patient"
test = 0.3
tune = 0.25
[images]
size = 128
window = { width = 80, level = 35 }
[network.alexnet]
width = 0.05
crop = 112
epochs = 1
batch = 8
[weights.untrained]
learning_rate = 0.01
"""


@functools.cache
def first(side, generator):
    """A disc of tissue with noise, HU."""
    rows, columns = numpy.ogrid[:side, :side]
    radius = numpy.hypot(rows - side / 2, columns - side / 2) / side
    return numpy.where(radius < 0.36, 30, numpy.where(radius < 0.40, 900, -1000)) + generator.normal(0, 6, (side, side))


def head(side, slice, generator):
    """The same for each slice, turned a little, as stored values of 12 bits."""
    return numpy.clip(numpy.roll(first(side, generator), slice, axis=0) + 1024, 0, 4095).astype("<u2")


def write_exam(folder, study, slices, side, syntax, generator):
    folder.mkdir(parents=True)
    series = generate_uid()
    for slice in range(slices):
        meta = FileMetaDataset()
        meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, CTImageStorage
        meta.MediaStorageSOPInstanceUID = generate_uid()
        file = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
        file.SOPClassUID, file.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
        file.StudyInstanceUID, file.SeriesInstanceUID, file.PatientID = study, series, study[-12:]
        file.Modality, file.ImageType, file.ConvolutionKernel = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"], "STANDARD"
        file.ImagePositionPatient, file.ImageOrientationPatient = [0, 0, 0.5 * slice], [1, 0, 0, 0, 1, 0]
        file.PixelSpacing, file.SliceThickness, file.InstanceNumber = [0.5, 0.5], 0.5, slice + 1
        file.RescaleIntercept, file.RescaleSlope = -1024, 1
        file.Rows = file.Columns = side
        file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
        file.BitsAllocated, file.BitsStored, file.HighBit, file.PixelRepresentation = 16, 12, 11, 0
        file.PixelData = head(side, slice, generator).tobytes()
        file["PixelData"].VR = "OW"
        if syntax != ExplicitVRLittleEndian:
            file.compress(syntax)
        pydicom.dcmwrite(folder / f"{slice:05}.dcm", file, enforce_file_format=True)


def write_cohort(space, exams):
    """A study over exams whose folders are there already: every class in every part."""
    space.joinpath("study.toml").write_text(SPEC)
    with open(space / "labels.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["exam", "class", "patient", "part"])
        for at, exam in enumerate(exams):
            table.writerow([exam, CLASSES[at % 2], f"p{at}", PARTS[at // 2 % 3]])


def python(files):
    """What a notebook does: one process, one file after the other."""
    began, cpu = time.perf_counter(), time.process_time()
    stacks = {}
    for path in files:
        file = pydicom.dcmread(path)
        hu = file.pixel_array * numpy.float32(file.RescaleSlope) + numpy.float32(file.RescaleIntercept)
        stacks.setdefault(file.SeriesInstanceUID, []).append((float(file.ImagePositionPatient[2]), hu))
    for slices in stacks.values():
        numpy.stack([hu for _, hu in sorted(slices, key=lambda pair: pair[0])])
    return time.perf_counter() - began, time.process_time() - cpu


# A process begins with the largest memory of the one that started it, and this one holds pictures: a small one stands between.
BETWEEN = """
import os, subprocess, sys, time
began = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(child.pid, 0)
print(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
sys.exit(status != 0)
"""


def bgh(program, space, until, keep=False):
    """Seconds of the whole process by the clock and of all cores, and its largest memory, MiB."""
    if not keep:
        shutil.rmtree(space / "cache", ignore_errors=True)
    command = [program, "run", "study.toml", "--until", until]
    done = subprocess.run([sys.executable, "-c", BETWEEN, *command], cwd=space, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return tuple(map(float, done.stdout.split()))


def stage(program, space):
    """Seconds a file until the volumes are written."""
    told = subprocess.run([program, space / "exams"], check=True, capture_output=True, text=True).stdout
    return float(told.split()[0]) / 1000


def row(what, files, given, space):
    rounds = [(python(files), bgh(given.bgh, space, "ingest"), stage(given.stage, space)) for _ in range(given.rounds)]
    least = lambda of: min(map(of, rounds))
    peer = least(lambda round: round[0][0]) / len(files)
    own = [least(lambda round: round[2]), least(lambda round: round[1][0]) / len(files)]
    cpu, memory = least(lambda round: round[1][1]) / len(files), max(round[1][2] for round in rounds)
    each = lambda seconds: f"{1000 * seconds:.2f} ms"
    ratios = [f"{each(seconds)}, {peer / seconds:.1f} ×" for seconds in own]
    print(f"| {' | '.join([what, str(len(files)), each(peer), *ratios, each(cpu), f'{memory:.0f} MiB'])} |", flush=True)


def synthetic(given):
    syntaxes = [("uncompressed", ExplicitVRLittleEndian), ("RLE", RLELossless), ("JPEG-LS", JPEGLSLossless), ("JPEG 2000", JPEG2000Lossless)]
    for name, syntax in syntaxes:
        with tempfile.TemporaryDirectory() as folder:
            space, generator = pathlib.Path(folder), numpy.random.default_rng(1)
            exams = [f"exam{at}" for at in range(6)]
            for exam in exams:
                write_exam(space / "exams" / exam, generate_uid(), given.slices, 512, syntax, generator)
            write_cohort(space, exams)
            row(f"512 × 512, {name}", sorted((space / "exams").rglob("*.dcm")), given, space)


def real(given, folder):
    """Each series six times under other names, so that it is a cohort."""
    with tempfile.TemporaryDirectory() as to:
        space = pathlib.Path(to)
        for at in range(6):
            for path in sorted(pathlib.Path(folder).rglob("*.dcm")):
                file = pydicom.dcmread(path)
                file.StudyInstanceUID, file.PatientID = f"2.25.{at + 1}", f"p{at}"
                (space / f"exams/exam{at}").mkdir(parents=True, exist_ok=True)
                file.save_as(space / f"exams/exam{at}" / path.name)
        write_cohort(space, [f"exam{at}" for at in range(6)])
        row(f"{pathlib.Path(folder).name}, real", sorted((space / "exams").rglob("*.dcm")), given, space)


def large(program, slices):
    with tempfile.TemporaryDirectory() as folder:
        space, generator = pathlib.Path(folder), numpy.random.default_rng(1)
        exams = [f"exam{at}" for at in range(6)]
        for at, exam in enumerate(exams):
            write_exam(space / "exams" / exam, generate_uid(), slices if at == 0 else 2, 512, ExplicitVRLittleEndian, generator)
        write_cohort(space, exams)
        for until in ["ingest", "window"]:
            seconds, cpu, memory = bgh(program, space, until, keep=until == "window")
            print(f"| one exam of {slices} slices, `--until {until}` | {seconds:.1f} s | {cpu:.1f} s | {memory:.0f} MiB |", flush=True)


def scan(program, count):
    with tempfile.TemporaryDirectory() as folder:
        space, generator = pathlib.Path(folder), numpy.random.default_rng(1)
        exams, each = [f"exam{at}" for at in range(100)], max(count // 100, 1)
        write_exam(space / "template", generate_uid(), 1, 512, ExplicitVRLittleEndian, generator)
        file = pydicom.dcmread(space / "template/00000.dcm")
        file.ImagePositionPatient = ["0.0", "0.0", "9999.5"]
        file.save_as(space / "template/00000.dcm")
        template = (space / "template/00000.dcm").read_bytes()
        file = pydicom.dcmread(space / "template/00000.dcm", stop_before_pixels=True)
        study, series, instance = (str(uid).encode() for uid in (file.StudyInstanceUID, file.SeriesInstanceUID, file.SOPInstanceUID))
        # Only what a header scan reads is written: holes take no place.
        start = template.index(b"\xe0\x7f\x10\x00") + 12
        place = lambda uid, at: uid[:-6] + f"{at:06}".encode()
        for at, exam in enumerate(exams):
            (space / "exams" / exam).mkdir(parents=True)
            head = template[:start].replace(study, place(study, at)).replace(series, place(series, at)).replace(study[-12:], place(study, at)[-12:])
            for slice in range(each):
                with open(space / "exams" / exam / f"{slice:05}.dcm", "wb") as out:
                    own = head.replace(instance, place(instance, at * each + slice))
                    out.write(own.replace(b"0.0\\0.0\\9999.5", f"0.0\\0.0\\{slice:04}.5".encode()))
                    out.truncate(len(template))
        write_cohort(space, exams)
        for what in ["first", "again"]:
            began = time.perf_counter()
            child = subprocess.Popen([program, "check", "study.toml"], cwd=space, stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(child.pid, 0)
            seconds, cpu, files = time.perf_counter() - began, usage.ru_utime + usage.ru_stime, each * len(exams)
            if status != 0:
                sys.exit("the check failed")
            told = f"{seconds:.2f} s | {cpu:.2f} s | {files / seconds:.0f} files/s | {files / cpu:.0f} files a second of one core"
            print(f"| `bgh check` of {files} files, {what} | {told} |")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--bgh", default=str(pathlib.Path(__file__).parents[2] / "target/release/bgh"))
    arguments.add_argument("--stage", help="what `cargo bench --bench ingest --no-run` built")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--slices", type=int, default=40, help="slices an exam, of six")
    arguments.add_argument("--real", action="append", default=[])
    arguments.add_argument("--large", type=int)
    arguments.add_argument("--scan", type=int)
    given = arguments.parse_args()
    given.bgh = str(pathlib.Path(given.bgh).resolve())
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores, pydicom {pydicom.__version__}, {time.strftime('%Y-%m-%d %H:%M')}")
    if given.large:
        return large(given.bgh, given.large)
    if given.scan:
        return scan(given.bgh, given.scan)
    if not given.stage:
        arguments.error("--stage is missing")
    print("| files | number | pydicom, a file | stage | whole run | the run, of all cores | memory of the run |")
    print("|---|---|---|---|---|---|---|")
    if not given.real:
        synthetic(given)
    for folder in given.real:
        real(given, folder)


if __name__ == "__main__":
    main()
