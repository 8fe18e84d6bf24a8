"""Checks that a checkpoint directory we saved is the one we loaded, as transformers sees both.

    python scripts/check_save.py DIR_ORIGINAL DIR_SAVED             # nothing may differ; the logits' difference must be 0
    python scripts/check_save.py DIR_ORIGINAL DIR_SAVED --trained   # the values may differ, names and shapes may not

Both directories must be complete: config, weights, tokenizer, processor. Exit status 1 and a list of complaints otherwise.
"""
import argparse
import gc
import glob
import os
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
from PIL import Image
from safetensors import safe_open
from transformers import AutoConfig, AutoProcessor, GenerationConfig, Qwen2_5_VLForConditionalGeneration

from prompts import judge_messages

HERE = os.path.dirname(os.path.abspath(__file__))
IMAGES = os.path.join(HERE, "../testdata/golden/a/images")
# These say who wrote the file or are not read; they change nothing about the model. transformers 5 knows rope_type without its older
# name type, and reads tie_word_embeddings at the top: what it makes of that shows in missing tensors and logits.
IGNORED = {
    "type", "tie_word_embeddings",
    "transformers_version", "_name_or_path", "dtype", "torch_dtype", "architectures", "model_type", "initializer_range", "use_cache",
    "sliding_window", "max_window_layers", "layer_types", "in_chans", "spatial_patch_size", "vision_token_id",
}


def stored(path):
    """Name -> (dtype, shape) of every tensor in the directory's safetensors files."""
    found = {}
    for file in sorted(glob.glob(os.path.join(path, "*.safetensors"))):
        with safe_open(file, "pt") as f:
            for name in f.keys():
                assert name not in found, f"{name} is stored twice in {path}"
                part = f.get_slice(name)
                found[name] = (part.get_dtype(), tuple(part.get_shape()))
    return found


def flatten(value, prefix=""):
    """A nested dictionary as dotted keys, without the ignored ones."""
    out = {}
    for key, item in value.items():
        if key in IGNORED:
            continue
        if isinstance(item, dict):
            out.update(flatten(item, f"{prefix}{key}."))
        else:
            out[f"{prefix}{key}"] = item
    return out


def settings(path):
    """What the configuration means, be it written flat (as published) or nested (as transformers 4.57 saves)."""
    config = AutoConfig.from_pretrained(path)
    out = flatten(config.text_config.to_dict(), "text.") | flatten(config.vision_config.to_dict(), "vision.")
    out |= {k: getattr(config, k, None) for k in ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")}
    if os.path.exists(os.path.join(path, "generation_config.json")):
        out.update(flatten(GenerationConfig.from_pretrained(path).to_dict(), "generation."))
    return out


def encode(path):
    """One judge prompt with two pictures, through the directory's own processor."""
    processor = AutoProcessor.from_pretrained(path, use_fast=False)
    pictures = [Image.open(os.path.join(IMAGES, name)) for name in ("0_astronaut.png", "1_coffee.png")]
    text = processor.apply_chat_template(judge_messages("Pick up the red cup"), tokenize=False, add_generation_prompt=True)
    return processor(text=[text], images=pictures, return_tensors="pt")


def load(path, complaints):
    model, info = Qwen2_5_VLForConditionalGeneration.from_pretrained(
        path, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    for what in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        if info[what]:
            complaints.append(f"{path}: {what}: {sorted(map(str, info[what]))[:8]}")
    return model.eval()


def logits(path, inputs, complaints):
    model = load(path, complaints)
    with torch.inference_mode():
        out = model(**inputs, use_cache=False).logits
    del model
    gc.collect()
    return out


def differences(what, a, b):
    """Keys of two dictionaries that are not equal, as complaints."""
    rows = [f"{what}: {k}: {a.get(k, 'absent')!r} against {b.get(k, 'absent')!r}" for k in sorted(a.keys() | b.keys()) if a.get(k, ...) != b.get(k, ...)]
    return rows[:12] + ([f"{what}: and {len(rows) - 12} more"] if len(rows) > 12 else [])


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("original")
    ap.add_argument("saved")
    ap.add_argument("--trained", action="store_true", help="the weights were changed on purpose: compare all but their values")
    args = ap.parse_args()
    bad = []
    first, second = stored(args.original), stored(args.saved)
    bad += differences("tensor", first, second)
    bad += differences("setting", settings(args.original), settings(args.saved))
    inputs, again = encode(args.original), encode(args.saved)
    for key in sorted(inputs.keys() | again.keys()):
        if key not in inputs or key not in again or not torch.equal(inputs[key], again[key]):
            bad.append(f"processor: {key} differs")
    a, b = (logits(path, inputs, bad) for path in (args.original, args.saved))
    diff = (a - b).abs().max().item()
    print(f"tensors {len(first)}, prompt tokens {inputs['input_ids'].shape[1]}, largest logit {a.abs().max().item():.4g}, max abs difference of logits {diff:g}")
    if not torch.isfinite(b).all():
        bad.append("logits of the saved checkpoint are not finite")
    if diff != 0 and not args.trained:
        bad.append(f"logits differ by {diff:g}")
    for line in bad:
        print("FAIL", line)
    print("not the same" if bad else "ok")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
