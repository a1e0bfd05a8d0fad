"""What pytorch-fid, clean-fid and torch-fidelity find in the same pictures and features, as JSON.

Usage: reference.py pictures FOLDER     writes FOLDER/model.safetensors, inception.pth and inception-old.pth
                                        with random weights of FID's Inception, pictures
                                        in FOLDER/a and FOLDER/b; prints features and distances
       reference.py weights FOLDER      FOLDER/inception-old.pth alone
       reference.py statistics FOLDER   random statistics of 2,048 dimensions as FOLDER/a.npz and b.npz
       reference.py features FOLDER     random features of 2,500 x 2,048 as FOLDER/a.npz and b.npz
       reference.py dinov2 FOLDER       a random DINOv2 of transformers as FOLDER/model.safetensors
       reference.py mobilenet FOLDER    torchvision's MobileNetV2 with random weights
"""

import contextlib
import io
import json
import pathlib
import sys
import warnings

import numpy
import torch
from PIL import Image
from random_weights import bits, fid_inception, randomize
from safetensors.torch import save_file

SEED = 7
PICTURES = 24
warnings.filterwarnings("ignore")
torch.set_num_threads(1)
what, folder = sys.argv[1], pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)


def picture(name, width, height):
    """Smooth colours with a little noise: features of noise alone are all alike."""
    coarse = bits(name, 4 * 4 * 3, 0).astype(numpy.uint8).reshape(4, 4, 3)
    smooth = numpy.asarray(Image.fromarray(coarse).resize((width, height), Image.BICUBIC))
    noise = bits(name, width * height * 3, 1).reshape(height, width, 3) >> numpy.uint32(28)
    return numpy.clip(smooth.astype(int) + noise.astype(int), 0, 255).astype(numpy.uint8)


def save(model, shapes):
    tensors = {name: model.state_dict()[name].contiguous() for name in shapes}
    save_file(tensors, folder / "model.safetensors")


def gauss(features):
    return numpy.mean(features, axis=0), numpy.cov(features, rowvar=False)


def distances(a, b, subset):
    """torch-fidelity's figures of given features; the first are the generated."""
    from torch_fidelity.metric_kid import kid_features_to_metric
    from torch_fidelity.metric_prc import prc_features_to_metric

    tensors = [torch.from_numpy(numpy.asarray(rows, dtype=numpy.float64)) for rows in (b, a)]
    options = {"kid_subset_size": subset, "verbose": False, "save_cpu_ram": False}
    kid = kid_features_to_metric(*tensors, **options)
    return {**kid, **prc_features_to_metric(*tensors, **options)}


def pictures():
    for side in "ab":
        (folder / side).mkdir(exist_ok=True)
        for i in range(PICTURES):
            size = (70 + 9 * (i % 7), 60 + 17 * (i % 5))
            image = Image.fromarray(picture(f"{side}{i}", *size))
            image.save(folder / side / (f"{i:02}.png" if i % 2 else f"{i:02}.jpg"))
    pool, full, shapes = fid_inception(SEED)
    save(full, shapes)
    result = {"shapes": shapes}

    from pytorch_fid import fid_score

    files = {s: sorted((folder / s).iterdir()) for s in "ab"}
    found = {s: fid_score.get_activations(files[s], pool, 1, num_workers=0) for s in "ab"}
    result["pytorch"] = figures(found)

    from cleanfid import fid as clean

    raw = lambda x: full_features(full, (x - 128) / 128)
    found = {s: clean_features(clean, folder / s, raw, "clean") for s in "ab"}
    result["clean"] = figures(found, clean.frechet_distance)

    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    state = {**full.state_dict()}
    torch.save(state, folder / "inception.pth")
    # The form that releases before 1.6 wrote.
    torch.save(state, folder / "inception-old.pth", _use_new_zipfile_serialization=False)
    extractor = FeatureExtractorInceptionV3(
        "random", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(folder / "inception.pth")
    )
    both = {s: [extractor(load(path)) for path in files[s]] for s in "ab"}
    found = {s: torch.cat([features for features, _ in both[s]]).numpy() for s in "ab"}
    result["tf"] = figures(found)
    from torch_fidelity.metric_isc import isc_features_to_metric

    logits = torch.cat([logits for _, logits in both["b"]])
    result["tf"] |= isc_features_to_metric(logits)
    return result


def load(path):
    pixels = numpy.asarray(Image.open(path).convert("RGB"))
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None]


def full_features(model, x):
    from pytorch_fid.inception import InceptionV3

    wrapped = full_features.made = getattr(full_features, "made", None) or fid_inception(SEED)[0]
    assert isinstance(wrapped, InceptionV3)
    wrapped.resize_input = wrapped.normalize_input = False
    return wrapped(x)[0][:, :, 0, 0]


def clean_features(clean, path, model, mode):
    options = {"num_workers": 0, "batch_size": 1, "device": torch.device("cpu"), "verbose": False}
    with contextlib.redirect_stdout(io.StringIO()):
        return clean.get_folder_features(str(path), model, mode=mode, **options)


def figures(found, frechet=None):
    from pytorch_fid.fid_score import calculate_frechet_distance

    a, b = found["a"], found["b"]
    fid = (frechet or calculate_frechet_distance)(*gauss(a), *gauss(b))
    return {"features": {s: found[s].tolist() for s in "ab"}, "fid": float(fid), **distances(a, b, 20)}


def weights():
    """Random weights of FID's Inception in the form that releases before 1.6 wrote."""
    _, full, shapes = fid_inception(SEED)
    torch.save(full.state_dict(), folder / "inception-old.pth", _use_new_zipfile_serialization=False)
    return {"shapes": shapes}


def statistics():
    """Two random normal distributions of 2,048 dimensions, each from 2,500 rows."""
    rng = numpy.random.default_rng(SEED)
    mix = rng.normal(size=(2048, 2048)) / 2048**0.5
    other = mix + 0.2 * rng.normal(size=mix.shape) / 2048**0.5
    for name, matrix, shift in (("a", mix, 0.3), ("b", other, 0.32)):
        mu, sigma = gauss(rng.normal(size=(2500, 2048)) @ matrix + shift)
        numpy.savez(folder / f"{name}.npz", mu=mu, sigma=sigma)
    return {}


def features():
    from pytorch_fid.fid_score import calculate_frechet_distance
    from cleanfid.fid import frechet_distance

    rng = numpy.random.default_rng(SEED)
    mix = rng.normal(size=(2048, 2048)) / 2048**0.5
    a = rng.normal(size=(2500, 2048)) @ mix + 0.3
    b = rng.normal(size=(2500, 2048)) @ (mix + 0.2 * rng.normal(size=mix.shape) / 2048**0.5) + 0.32
    a, b = a.astype(numpy.float32), b.astype(numpy.float32)
    for name, rows in (("a", a), ("b", b)):
        mu, sigma = gauss(rows.astype(numpy.float64))
        numpy.savez_compressed(folder / f"{name}.npz", mu=mu, sigma=sigma, features=rows)
    stats = [*gauss(a.astype(numpy.float64)), *gauss(b.astype(numpy.float64))]
    import time

    started = time.process_time()
    fid = float(calculate_frechet_distance(*stats))
    seconds = time.process_time() - started
    return {
        "fid": fid,
        "clean_fid": float(frechet_distance(*stats)),
        "frechet_seconds": seconds,
        **distances(a, b, 1000),
    }


def dinov2():
    from transformers import Dinov2Config, Dinov2Model

    config = Dinov2Config(
        hidden_size=128, num_hidden_layers=2, num_attention_heads=2, intermediate_size=256, image_size=98
    )
    model = Dinov2Model(config).eval()
    shapes = randomize(model, SEED)
    model.save_pretrained(folder)
    x = bits("picture", 2 * 3 * 224 * 224, 0).astype(numpy.float64) / 2**32
    x = torch.from_numpy(x.astype(numpy.float32).reshape(2, 224, 224, 3)).permute(0, 3, 1, 2)
    with torch.no_grad():
        out = model(x).last_hidden_state[:, 0]
    return {"shapes": shapes, "features": out.tolist()}


def mobilenet():
    import torchvision

    model = torchvision.models.mobilenet_v2(weights=None).eval()
    shapes = randomize(model, SEED)
    save(model, shapes)
    x = bits("picture", 2 * 3 * 224 * 224, 0).astype(numpy.float64) / 2**32
    x = torch.from_numpy(x.astype(numpy.float32).reshape(2, 224, 224, 3)).permute(0, 3, 1, 2)
    with torch.no_grad():
        pooled = model.features(x).mean([2, 3])
        logits = model(x)
    return {"shapes": shapes, "features": pooled.tolist(), "logits": logits.tolist()}


with torch.no_grad():
    made = [pictures, weights, statistics, features, dinov2, mobilenet]
    print(json.dumps({function.__name__: function for function in made}[what]()))
