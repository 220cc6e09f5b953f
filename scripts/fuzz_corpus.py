#!/usr/bin/env python3
"""Makes the seeds of the DICOM fuzz targets: small CT images in every transfer syntax that pydicom can write, and the real files of a folder
that are small enough. Needs pydicom and numpy; with pyjpegls and pylibjpeg-openjpeg also JPEG-LS and JPEG 2000.

    scripts/fuzz_corpus.py TO [FOLDER OF DICOM FILES]
"""
import io
import pathlib
import shutil
import sys

import numpy
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000,
    JPEG2000Lossless, JPEGLSLossless, JPEGLSNearLossless, RLELossless, generate_uid,
)

LARGEST = 208 * 1024
COMPRESSED = [RLELossless, JPEGLSLossless, JPEGLSNearLossless, JPEG2000Lossless, JPEG2000]
PLAIN = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian]


def image(syntax, side):
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    file = FileDataset("seed", {}, file_meta=meta, preamble=b"\0" * 128)
    file.SOPClassUID, file.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    file.StudyInstanceUID, file.SeriesInstanceUID = generate_uid(), generate_uid()
    file.Modality, file.ImageType = "CT", ["ORIGINAL", "PRIMARY", "AXIAL"]
    file.ImagePositionPatient, file.ImageOrientationPatient = [0, 0, 5], [1, 0, 0, 0, 1, 0]
    file.PixelSpacing, file.SliceThickness = [0.5, 0.5], 5
    file.RescaleIntercept, file.RescaleSlope = -1024, 1
    file.Rows = file.Columns = side
    file.SamplesPerPixel, file.PhotometricInterpretation = 1, "MONOCHROME2"
    file.BitsAllocated, file.BitsStored, file.HighBit, file.PixelRepresentation = 16, 12, 11, 0
    grey = (numpy.add.outer(numpy.arange(side), numpy.arange(side)) * 37 % 4096).astype("<u2")
    order = ">u2" if syntax == ExplicitVRBigEndian else "<u2"
    file.PixelData = grey.astype(order).tobytes()
    file["PixelData"].VR = "OW"
    return file


def made(syntax, side):
    """The bytes of an image, or None where the encoder is not installed."""
    try:
        if syntax in COMPRESSED:
            file = image(ExplicitVRLittleEndian, side)
            options = {"j2k_cr": [5]} if syntax == JPEG2000 else {"jls_error": 2} if syntax == JPEGLSNearLossless else {}
            file.compress(syntax, **options)
        else:
            file = image(syntax, side)
        to = io.BytesIO()
        pydicom.dcmwrite(to, file, enforce_file_format=True, little_endian=syntax != ExplicitVRBigEndian,
                         implicit_vr=syntax == ImplicitVRLittleEndian)
        return to.getvalue()
    except Exception as error:  # a missing encoder, whatever it raises
        print(f"left out: {syntax.name}: {error}", file=sys.stderr)
        return None


def main(to, folder=None):
    to = pathlib.Path(to)
    to.mkdir(parents=True, exist_ok=True)
    for syntax in PLAIN + COMPRESSED:
        for side in (32, 40) if syntax in (JPEG2000, JPEG2000Lossless) else (4, 17):
            bytes = made(syntax, side)
            if bytes:
                (to / f"{syntax}-{side}").write_bytes(bytes)
    real = sorted(pathlib.Path(folder).rglob("*.dcm")) if folder else []
    for path in real:
        if path.stat().st_size <= LARGEST:
            shutil.copy(path, to / f"real-{'-'.join(path.relative_to(folder).parts)}")
    print(f"{len(list(to.iterdir()))} seeds in {to}")


if __name__ == "__main__":
    main(*sys.argv[1:])
