"""Makes a complete Qwen2.5-VL checkpoint directory with random weights, for tests and timings.

    python scripts/make_checkpoint.py --shape small --dtype bf16 OUT
    python scripts/make_checkpoint.py --shape b OUT --golden OUT.safetensors

Shapes: `nano` (model/nano/config.json), `small` (20 million parameters, 224x224 frames), `b` (sharded, bf16, untied head, odd
widths, windows and heads: nothing like the others). The tokenizer is nano's unless --tokenizer names another directory.
--golden also writes what the model makes of one judge prompt (f32 arithmetic on the stored weights, eager attention).
"""
import argparse
import json
import math
import os
import shutil

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
from PIL import Image
from safetensors.torch import save_file
from transformers import AutoProcessor, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from prompts import judge_messages

HERE = os.path.dirname(os.path.abspath(__file__))
NANO = os.path.join(HERE, "../model/nano")
IMAGES = os.path.join(HERE, "../testdata/golden/a/images")
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
COPIED = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "generation_config.json")


def tower(depth, hidden, heads, mlp, out, window, full):
    return {
        "depth": depth, "hidden_act": "silu", "hidden_size": hidden, "intermediate_size": mlp, "num_heads": heads, "in_chans": 3,
        "out_hidden_size": out, "patch_size": 14, "spatial_merge_size": 2, "spatial_patch_size": 14, "window_size": window,
        "fullatt_block_indexes": full, "tokens_per_second": 2, "temporal_patch_size": 2,
    }


def text(layers, hidden, heads, kv, mlp, sections, vocab, **more):
    return {
        "hidden_size": hidden, "intermediate_size": mlp, "num_hidden_layers": layers, "num_attention_heads": heads,
        "num_key_value_heads": kv, "rope_scaling": {"type": "mrope", "mrope_section": sections}, "vocab_size": vocab,
        "max_window_layers": layers, **more,
    }


# Fields that replace those of nano's config.json; then the picture budget, the default dtype and the shard size.
SHAPES = {
    "nano": dict(fields={}, pixels=(3136, 12600), dtype="bf16", shard="5GB"),
    "small": dict(
        fields={**text(8, 384, 6, 2, 1024, [8, 12, 12], 2048, rope_theta=1e6, max_position_embeddings=32768),
                "vision_config": tower(8, 256, 8, 512, 384, 112, [3, 7])},
        pixels=(3136, 50176), dtype="f32", shard="5GB",
    ),
    "b": dict(
        fields={**text(5, 200, 5, 1, 344, [6, 5, 9], 1856, rope_theta=50000.0, rms_norm_eps=1e-5, tie_word_embeddings=False),
                "vision_config": tower(5, 120, 5, 232, 200, 84, [0, 3])},
        pixels=(8 * 784, 60 * 784), dtype="bf16", shard="1MB",
    ),
}


def flat_config(shape, dtype, tokenizer):
    """config.json as published checkpoints have it: nano's, with the shape's fields and the tokenizer's ids."""
    with open(os.path.join(NANO, "config.json")) as f:
        config = json.load(f)
    config.update(SHAPES[shape]["fields"], torch_dtype=str(dtype).removeprefix("torch."))
    with open(os.path.join(tokenizer, "tokenizer.json")) as f:
        tree = json.load(f)
    ids = {token["content"]: token["id"] for token in tree["added_tokens"]}
    for key, token in {
        "bos_token_id": "<|endoftext|>", "eos_token_id": "<|im_end|>", "image_token_id": "<|image_pad|>", "video_token_id": "<|video_pad|>",
        "vision_start_token_id": "<|vision_start|>", "vision_end_token_id": "<|vision_end|>", "vision_token_id": "<|vision_pad|>",
    }.items():
        config[key] = ids[token]
    assert max(ids.values()) < config["vocab_size"], "the tokenizer has more entries than the shape's vocabulary"
    return config


def randomise(model, seed):
    """Weights that keep activations near unit size, so that a wrong kernel shows; norms and biases off their defaults."""
    g = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            noise = torch.randn(p.shape, generator=g)
            if p.ndim == 1:
                p.copy_(noise * 0.1 + (0.0 if name.endswith("bias") else 1.0))
            elif "embed_tokens" in name or "lm_head" in name:
                p.copy_(noise * 3 / math.sqrt(p.shape[-1]))
            else:
                p.copy_(noise / math.sqrt(p[0].numel()))


def make(shape, dtype, out, tokenizer=NANO, seed=1):
    """Writes the directory."""
    spec = SHAPES[shape]
    os.makedirs(out, exist_ok=True)
    for name in COPIED:
        shutil.copyfile(os.path.join(tokenizer, name), os.path.join(out, name))
    with open(os.path.join(NANO, "chat_template.json")) as f:
        template = f.read()
    with open(os.path.join(out, "chat_template.json"), "w") as f:
        f.write(template)
    with open(os.path.join(NANO, "preprocessor_config.json")) as f:
        pre = json.load(f)
    pre["min_pixels"], pre["max_pixels"] = spec["pixels"]
    with open(os.path.join(out, "preprocessor_config.json"), "w") as f:
        json.dump(pre, f, indent=2)
    config = flat_config(shape, dtype, tokenizer)
    inner = Qwen2_5_VLConfig(**{k: v for k, v in config.items() if k != "torch_dtype"})
    model = Qwen2_5_VLForConditionalGeneration._from_config(inner, dtype=torch.float32)
    randomise(model, seed)
    model.to(dtype).save_pretrained(out, max_shard_size=spec["shard"])
    shutil.copyfile(os.path.join(tokenizer, "generation_config.json"), os.path.join(out, "generation_config.json"))
    with open(os.path.join(out, "config.json"), "w") as f:  # over the nested one that save_pretrained wrote
        json.dump(config, f, indent=2)
    return sum(p.numel() for p in model.parameters())


def golden(path, out):
    """Inputs and outputs of one judge prompt with two pictures, and 16 greedy tokens, each by a full forward pass."""
    model, info = Qwen2_5_VLForConditionalGeneration.from_pretrained(
        path, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    assert not any(info.values()), info
    model.eval()
    processor = AutoProcessor.from_pretrained(path, use_fast=False)
    names = ["2_chelsea.png", "3_rocket.jpg"]
    pictures = [Image.open(os.path.join(IMAGES, name)) for name in names]
    prompt = processor.apply_chat_template(judge_messages("Close the drawer"), tokenize=False, add_generation_prompt=True)
    inputs = processor(text=[prompt], images=pictures, return_tensors="pt")
    grid = inputs["image_grid_thw"]
    with torch.inference_mode():
        position_ids, deltas = model.model.get_rope_index(inputs["input_ids"], grid, attention_mask=inputs["attention_mask"])
        vision = torch.cat(model.model.get_image_features(inputs["pixel_values"], grid))
        first, ids, gaps = None, inputs["input_ids"], []
        for _ in range(16):
            logits = model(
                input_ids=ids, attention_mask=torch.ones_like(ids), pixel_values=inputs["pixel_values"], image_grid_thw=grid, use_cache=False
            ).logits
            first = logits if first is None else first
            best = logits[0, -1].topk(2)
            gaps.append(float(best.values[0] - best.values[1]))
            ids = torch.cat([ids, best.indices[:1][None]], dim=1)
    tensors = {
        "pixel_values": inputs["pixel_values"], "image_grid_thw": grid, "input_ids": inputs["input_ids"], "position_ids": position_ids,
        "rope_deltas": deltas, "vision.out": vision, "logits": first, "greedy_ids": ids[:, inputs["input_ids"].shape[1]:],
    }
    for i, picture in enumerate(pictures):  # a JPEG decoder may differ by a few levels: start from these pixels
        rgb = torch.tensor(list(picture.convert("RGB").tobytes()), dtype=torch.uint8)
        tensors[f"rgb.{i}"] = rgb.view(picture.height, picture.width, 3)
    meta = {"prompt": prompt, "images": json.dumps(names), "smallest_greedy_gap": f"{min(gaps):.4f}"}
    save_file({k: v.detach().clone().contiguous() for k, v in tensors.items()}, out, metadata=meta)
    print(f"golden: {ids.shape[1] - 16} prompt tokens, grids {grid.tolist()}, smallest greedy gap {min(gaps):.4f}, "
          f"largest logit {first.abs().max().item():.3f}, greedy {tensors['greedy_ids'][0].tolist()}")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("out")
    ap.add_argument("--shape", choices=list(SHAPES), required=True)
    ap.add_argument("--dtype", choices=list(DTYPES), help="default: the shape's own")
    ap.add_argument("--tokenizer", default=NANO, metavar="DIR")
    ap.add_argument("--seed", type=int, default=1)
    ap.add_argument("--golden", metavar="FILE")
    args = ap.parse_args()
    torch.set_num_threads(2)
    dtype = DTYPES[args.dtype or SHAPES[args.shape]["dtype"]]
    count = make(args.shape, dtype, args.out, args.tokenizer, args.seed)
    print(f"{args.shape}: {count:,} parameters, {dtype}, files {sorted(os.listdir(args.out))}")
    if args.golden:
        golden(args.out, args.golden)


if __name__ == "__main__":
    main()
