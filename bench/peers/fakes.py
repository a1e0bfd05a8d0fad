"""Fakes of the public JPEG-LM weights, as torch and sentencepiece make them: canonical JPEG documents,
tokenizers that were learned on them, and small Llamas saved as `pytorch_model.bin`."""
import io
import json
import pathlib

import numpy
import sentencepiece
import torch
from PIL import Image
from sentencepiece import sentencepiece_model_pb2 as proto
from transformers import LlamaConfig, LlamaForCausalLM

BOS, EOS = 1, 2


def document(rng, side):
    """The canonical bytes of a picture of a few soft shapes."""
    y, x = numpy.mgrid[0:side, 0:side] / side
    pixels = numpy.zeros((side, side, 3))
    for _ in range(4):
        a, b, c = rng.uniform(-6, 6, 3)
        pixels += rng.uniform(0, 90, 3) * numpy.sin(a * x + b * y + c)[..., None]
    picture = Image.fromarray(numpy.clip(pixels + 128, 0, 255).astype(numpy.uint8))
    file = io.BytesIO()
    picture.save(file, "jpeg", quality=25, subsampling="4:2:0", streamtype=2, restart_marker_blocks=1)
    return file.getvalue()


def braille(data):
    return "".join(chr(0x2800 + byte) for byte in data)


def learn(documents, **options):
    """A sentencepiece BPE over braille with the vocabulary of the released one, as the bytes of its file."""
    # Every byte is a character somewhere; lines over 4,192 bytes of UTF-8 would be passed over.
    lines = [braille(data[:1300]) for data in documents] + [braille(range(256))] * 2
    file = io.BytesIO()
    settings = dict(model_type="bpe", vocab_size=320, character_coverage=1.0, num_threads=1,
                    normalization_rule_name="identity", minloglevel=2, **{})
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines), model_writer=file, **{**settings, **options})
    return file.getvalue()


def edited(model, edit):
    """The same model with its pieces replaced by what `edit` makes of them."""
    message = proto.ModelProto.FromString(model)
    pieces = [proto.ModelProto.SentencePiece.FromString(p.SerializeToString()) for p in message.pieces]
    del message.pieces[:]
    message.pieces.extend(edit(pieces))
    return message.SerializeToString()


def llama(vocab, dtype, seed, hidden=16):
    """A model that computes in fp32, with weights that `dtype` can hold."""
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=vocab, hidden_size=hidden, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=4, intermediate_size=2 * hidden, max_position_embeddings=12_288,
        rms_norm_eps=1e-5, tie_word_embeddings=False, bos_token_id=BOS, eos_token_id=EOS,
        attn_implementation="eager", architectures=["LlamaForCausalLM"])
    model = LlamaForCausalLM(config).float()
    with torch.no_grad():  # logits of some size, and norms that are not all 1
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.2 * torch.randn_like(parameter))
            else:
                parameter.mul_(8)
            # Rounded one by one: `model.to(dtype)` would round the rotary frequencies as well.
            parameter.copy_(parameter.to(dtype))
    return model


def state_dict(model, dtype):
    """With an attribute on each tensor, which gives the file the form of the released one."""
    tensors = {}
    for name, value in model.state_dict().items():
        tensors[name] = value.to(dtype, copy=True)
        tensors[name].of = "fake"
    return tensors


def save(folder, model, tokenizer, dtype, parts=1):
    """A folder of the released kind; with several parts they have an index."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    tensors = state_dict(model, dtype)
    config = model.config.to_dict() | {"torch_dtype": str(dtype).removeprefix("torch.")}
    (folder / "config.json").write_text(json.dumps(config, indent=1, sort_keys=True, default=str))
    (folder / "tokenizer.model").write_bytes(tokenizer)
    (folder / "tokenizer_config.json").write_text(json.dumps({
        "tokenizer_class": "LlamaTokenizer", "add_bos_token": True, "add_eos_token": False,
        "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "legacy": True}))
    if parts == 1:
        torch.save(tensors, folder / "pytorch_model.bin")
        return
    weight_map = {}
    for part in range(parts):
        file = f"pytorch_model-{part + 1:05}-of-{parts:05}.bin"
        names = list(tensors)[part::parts]
        torch.save({name: tensors[name] for name in names}, folder / file)
        weight_map |= dict.fromkeys(names, file)
    index = {"metadata": {}, "weight_map": weight_map}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))


def logits_of(model, ids):
    """In fp32: [tokens, vocabulary]."""
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0]


def bits_per_byte(model, ids, length):
    """Of all tokens after the first, over the bytes of the document."""
    log = torch.log_softmax(logits_of(model, ids[:-1]).double(), -1)
    picked = log[torch.arange(len(ids) - 1), torch.tensor(ids[1:])]
    return float(-picked.sum() / numpy.log(2) / length)
