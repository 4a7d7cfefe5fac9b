"""Files of images that tests make: NIfTI volumes and DICOM images, with what headers may say."""

from __future__ import annotations

import pickle
from importlib import import_module
from inspect import getclosurevars
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from evenlight.arrays import Float, Values
from evenlight.data.rows import Rows
from evenlight.modalities.image_rows import ImageRows

nibabel: Any = import_module("nibabel")  # half of it has no types


def affine_of(
    spacing: tuple[float, float, float], signs: tuple[int, int, int] = (1, 1, 1)
) -> Float:
    """A grid without rotation, its first position at (-20, -30, -10) mm."""
    made = np.diag([*(s * w for s, w in zip(spacing, signs, strict=True)), 1.0])
    made[:3, 3] = -20.0, -30.0, -10.0
    return made


def nifti(path: Path, values: Values, affine: Float | None, *, code: int = 1, **head: Any) -> Path:
    """A NIfTI file; `affine` None writes a header without coordinates."""
    image = nibabel.Nifti1Image(values, affine)
    image.header.set_xyzt_units("mm")
    for name, told in head.items():
        image.header[name] = told
    if affine is not None:
        image.set_sform(affine, code)
        image.set_qform(affine, code)
    nibabel.save(image, path)
    return path


def dicom(path: Path, stored: Values, **tags: Any) -> Path:
    """An uncompressed DICOM image (h, w), (d, h, w) or (h, w, 3); `tags` are set as they are."""
    made = pydicom.Dataset()
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = CTImageStorage
    made.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    made.SOPClassUID, made.SOPInstanceUID = CTImageStorage, generate_uid()
    colour = stored.ndim == 3 and stored.shape[-1] == 3
    frames = stored.ndim == 3 and not colour
    bits = 8 * stored.dtype.itemsize
    made.Rows, made.Columns = stored.shape[-3:-1] if colour else stored.shape[-2:]
    made.SamplesPerPixel = 3 if colour else 1
    made.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    made.BitsAllocated, made.BitsStored, made.HighBit = bits, bits, bits - 1
    made.PixelRepresentation = int(stored.dtype.kind == "i")
    if colour:
        made.PlanarConfiguration = 0
    if frames:
        made.NumberOfFrames = len(stored)
    for name, told in tags.items():
        setattr(made, name, told)
    made.HighBit = made.BitsStored - 1
    made.PixelData = stored.tobytes()
    made["PixelData"].VR = "OW" if bits > 8 else "OB"
    made.save_as(path, enforce_file_format=True)
    return path


def slices(
    folder: Path, volume: Values, *, spacing: tuple[float, float, float], **tags: Any
) -> Path:
    """A series of axial slices of a volume (d, h, w), feet first; names of files tell no order."""
    folder.mkdir()
    series = generate_uid()
    for k in np.random.default_rng(0).permutation(len(volume)).tolist():
        told = {
            "SeriesInstanceUID": series,
            "ImagePositionPatient": [-20.0, -30.0, 5.0 + spacing[0] * k],
            "ImageOrientationPatient": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
            "PixelSpacing": [spacing[1], spacing[2]],
            "SliceThickness": spacing[0],
            "Modality": "CT",
            **tags,
        }
        dicom(folder / f"{(k * 7) % len(volume)}.dcm", volume[k], **told)
    return folder


def values(rows: ImageRows) -> Values:
    """All images, read now."""
    return np.asarray(rows.x[:])


def everything(rows: ImageRows) -> bytes:
    """All bytes of what a reader made: facts, notes, space, values, and what reads them later."""
    assert isinstance(rows.x, Rows)
    reads = getclosurevars(rows.x.source.read).nonlocals["x"]
    made = (rows.facts, rows.notes, rows.space, rows.channels, rows.x[:], reads)
    told = rows.facts.to_csv() + repr(rows) + repr(reads)
    return pickle.dumps(made) + told.encode()
