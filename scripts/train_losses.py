"""Ten training steps of transformers and torch on a small checkpoint, for internal/train's TestTrainLosses.

    python scripts/train_losses.py testdata/golden/a/checkpoint testdata/golden/train10

Writes frames (cut from the golden photographs), samples.jsonl in EgoTSR's form, and steps.json: the recipe, and every step's loss,
learning rate and gradient norm. A step takes the next 4 samples of the file in two batches of 2; its loss is the mean over all
supervised tokens of the step, the end of the turn among them. AdamW decays matrices alone; the norm is that before clipping.
The same is run with torch's other attention: how far the two drift apart is what rounding alone does to the losses.
"""
import argparse
import json
import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
from PIL import Image
from transformers import AutoProcessor, Qwen2_5_VLForConditionalGeneration, get_cosine_schedule_with_warmup

from prompts import judge_messages

HERE = os.path.dirname(os.path.abspath(__file__))
IMAGES = os.path.join(HERE, "../testdata/golden/a/images")
RECIPE = {"lr": 1e-3, "warmup": 3, "steps": 10, "batch": 2, "accumulate": 2, "weight_decay": 0.01, "max_grad_norm": 11.0}  # the norm falls through that
SIZE = (84, 56)  # in one size, so that XLA compiles few graphs; windows of 56 do not divide it
PROMPT = "Two pictures of one task: {task_name}. Give spatial details: then closer to completion:"  # short, for a short test
TASKS = ["Pick up the red cup", "把抽屉关上", "Fold the towel and put it into the drawer", "Close the drawer"]
PARTS = ["the gripper is open", "The cup stands left of the sink.", "杯子在桌上", "the drawer is half shut and the handle points to the right"]


def make(out):
    """Six frames and the samples that show them."""
    os.makedirs(os.path.join(out, "images"), exist_ok=True)
    photographs = [os.path.join(IMAGES, name) for name in sorted(os.listdir(IMAGES)) if name.endswith(".png")]
    names = []
    for i in range(6):
        width, height = SIZE
        picture = Image.open(photographs[i % len(photographs)]).convert("RGB")
        at = 5 * i
        names.append(f"images/{i}.png")
        picture.crop((at, at, at + width, at + height)).save(os.path.join(out, names[i]), optimize=True)
    samples = []
    for k in range(RECIPE["steps"] * RECIPE["batch"] * RECIPE["accumulate"]):
        a, b = k % 6, (k + 1 + k // 6 % 5) % 6
        task = TASKS[k % len(TASKS)]
        target = {"closer to completion": "img1" if (a * 7 + b * 3) % 2 else "img2"}
        if k % 3:  # the others teach the verdict alone
            target["spatial details"] = {"img1": PARTS[k % len(PARTS)], "img2": PARTS[k // 3 % len(PARTS)]}
        content = [{"type": "image", "image": names[i], "image_id": id} for i, id in ((a, "img1"), (b, "img2"))]
        content += [judge_messages(task, PROMPT)[0]["content"][2]]
        samples.append({"messages": [{"role": "user", "content": content}], "target": target, "prompt": PROMPT, "task": task})
    with open(os.path.join(out, "samples.jsonl"), "w") as f:
        for sample in samples:
            f.write(json.dumps(sample, ensure_ascii=False) + "\n")
    return samples


def answer(target):
    """The text a model is taught to say."""
    verdict = "closer to completion: " + target["closer to completion"]
    details = target.get("spatial details")
    return f"spatial details: img1: {details['img1']}; img2: {details['img2']}\n{verdict}" if details else verdict


def encode(processor, samples, root):
    """A padded batch and its labels: -100 but for the answer and its end of turn."""
    full, starts, pictures = [], [], []
    for sample in samples:
        messages = sample["messages"]
        shown = [Image.open(os.path.join(root, part["image"])).convert("RGB") for part in messages[0]["content"][:2]]
        asked = processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        prompt = processor(text=[asked], images=shown)["input_ids"][0]
        full.append(asked + answer(sample["target"]) + "<|im_end|>")
        starts.append(len(prompt))
        pictures += shown
    batch = processor(text=full, images=pictures, padding=True, return_tensors="pt")
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    for row, start in zip(labels, starts):
        row[:start] = -100
    return batch, labels


def train(checkpoint, samples, root, attention):
    """Every step's loss, learning rate and gradient norm, and its supervised tokens."""
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(checkpoint, dtype=torch.float32, attn_implementation=attention).train()
    processor = AutoProcessor.from_pretrained(checkpoint, use_fast=False)
    processor.tokenizer.padding_side = "right"
    matrices = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": RECIPE["weight_decay"]}, {"params": others, "weight_decay": 0.0}],
        lr=RECIPE["lr"], betas=(0.9, 0.999), eps=1e-8,
    )
    scheduler = get_cosine_schedule_with_warmup(optimizer, RECIPE["warmup"], RECIPE["steps"])
    rows, size = [], RECIPE["batch"]
    for _ in range(RECIPE["steps"]):
        taken, samples = samples[: size * RECIPE["accumulate"]], samples[size * RECIPE["accumulate"] :]
        batches = [encode(processor, taken[i : i + size], root) for i in range(0, len(taken), size)]
        tokens = sum(int((labels != -100).sum()) for _, labels in batches)
        optimizer.zero_grad()
        loss = 0.0
        for batch, labels in batches:
            model.model.rope_deltas = None
            scores = model(**batch, use_cache=False).logits[:, :-1]
            part = torch.nn.functional.cross_entropy(scores.flatten(0, 1), labels[:, 1:].flatten(), ignore_index=-100, reduction="sum") / tokens
            part.backward()
            loss += part.item()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), RECIPE["max_grad_norm"]).item()
        rows.append({"loss": loss, "lr": scheduler.get_last_lr()[0], "grad_norm": norm, "tokens": tokens})
        optimizer.step()
        scheduler.step()
    return rows


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("checkpoint")
    ap.add_argument("out")
    args = ap.parse_args()
    torch.set_num_threads(2)
    samples = make(args.out)
    steps, other = (train(args.checkpoint, samples, args.out, attention) for attention in ("eager", "sdpa"))
    rounding = {key: max(abs(a[key] - b[key]) / a[key] for a, b in zip(steps, other)) for key in ("loss", "grad_norm")}
    with open(os.path.join(args.out, "steps.json"), "w") as f:
        json.dump({"recipe": RECIPE, "rounding": rounding, "steps": steps}, f, indent=1)
        f.write("\n")
    print(f"torch {torch.__version__}; eager and sdpa differ by up to {rounding['loss']:.1e} in loss, {rounding['grad_norm']:.1e} in norm")
    for i, step in enumerate(steps):
        print(i + 1, step)


if __name__ == "__main__":
    main()
