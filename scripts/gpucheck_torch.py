"""Times transformers' Qwen2.5-VL on the checkpoint and the prompt that internal/gpucheck left; prints one JSON object.

    python scripts/gpucheck_torch.py DIR cuda

DIR holds the checkpoint and inputs.safetensors, so that neither a processor nor a picture is needed. What fails is told under its name
with _error; what cannot be tried at all, under "skip".
"""
import json
import os
import statistics
import sys
import time

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
result = {}


def skip(why):
    print(json.dumps({"skip": why}))
    sys.exit(0)


try:
    import torch
    import transformers
    from safetensors.torch import load_file
    from transformers import Qwen2_5_VLForConditionalGeneration
except ImportError as e:
    skip(f"Python has no torch with transformers: {e}")


def sync():
    if device == "cuda":
        torch.cuda.synchronize()


def timed(fn):
    sync()
    start = time.perf_counter()
    fn()
    sync()
    return time.perf_counter() - start


def median(fn, repeats):
    return statistics.median(timed(fn) for _ in range(repeats))


def measure(name, fn):
    """What goes wrong with one figure costs the others nothing."""
    try:
        result[name] = fn()
    except Exception as e:  # out of memory, an argument that another version wants: all of it belongs into the table
        result[name + "_error"] = f"{type(e).__name__}: {e}"[:400]


def inputs(file):
    """The prompt, as the processor would give it."""
    raw = {k: v.to(device) for k, v in load_file(file).items()}
    ids = raw["input_ids"].long()
    batch = {"input_ids": ids, "attention_mask": torch.ones_like(ids), "pixel_values": raw["pixel_values"].to(torch.bfloat16),
             "image_grid_thw": raw["image_grid_thw"].long()}
    if int(transformers.__version__.split(".")[0]) >= 5:  # which places tokens by their kind: 1 is a picture's
        batch["mm_token_type_ids"] = (ids == model.config.image_token_id).long()
    return batch


def repeat(batch, n):
    return {k: torch.cat([v] * n) for k, v in batch.items()}


def forward(batch):
    """The logits of the last position: all that a verdict needs."""
    model.model.rope_deltas = None
    with torch.inference_mode():
        return model(**batch, use_cache=False, logits_to_keep=1).logits


def generate(batch, count):
    model.model.rope_deltas = None
    with torch.inference_mode():
        out = model.generate(**batch, max_new_tokens=count, min_new_tokens=count, do_sample=False, repetition_penalty=1.0)
    assert out.shape[1] == batch["input_ids"].shape[1] + count


def pairs64(both):
    """64 pairs in both orders, in the largest batches that fit."""
    for size in (64, 32, 16, 8):
        try:
            batch = repeat(both, size)
            forward(batch)
            return 64 / (64 / size * median(lambda: forward(batch), 3))
        except torch.cuda.OutOfMemoryError:
            torch.cuda.empty_cache()
    raise MemoryError("8 pairs do not fit")


def decode(batch):
    generate(batch, 2)
    first = median(lambda: generate(batch, 1), 3)
    return 32 / max(median(lambda: generate(batch, 33), 3) - first, 1e-9)


def load():
    global model
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=torch.bfloat16, attn_implementation="sdpa").to(device).eval()


def logits(one):
    row = forward(one)[0, -1].float()
    result["largest_logit"] = row.abs().max().item()
    return row[:64].tolist()


folder, device = sys.argv[1:3]
if device == "cuda" and not torch.cuda.is_available():
    skip("torch sees no GPU")
result["versions"] = f"torch {torch.__version__}, transformers {transformers.__version__}"
measure("open_s", lambda: timed(load))
if "open_s" in result:
    one = inputs(os.path.join(folder, "inputs.safetensors"))
    both = repeat(one, 2)
    measure("first_both_orders_s", lambda: timed(lambda: forward(both)))
    measure("both_orders_s", lambda: median(lambda: forward(both), 11))
    measure("forward_s", lambda: median(lambda: forward(one), 11))
    measure("logits", lambda: logits(one))
    measure("decode_tokens_per_s", lambda: decode(one))
    measure("pairs64_per_s", lambda: pairs64(both))
    if device == "cuda":
        result["memory_gb"] = torch.cuda.max_memory_reserved() / 1e9
print(json.dumps(result))
