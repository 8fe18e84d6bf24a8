"""Exchanges low-rank adapters with Hugging Face's peft, on the golden cases of testdata/golden/a. For TestPEFT of model/.

    python scripts/check_peft.py make CHECKPOINT OUT     # random adapters by peft in OUT/<name>, and what they compute
    python scripts/check_peft.py load CHECKPOINT LOGITS  # CHECKPOINT/adapter by peft: its logits against those of the file

Needs peft 0.17.1 beside the packages of reference_env.sh; `make check-peft` installs it.
"""
import argparse
import json
import os
import shutil
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from transformers import Qwen2_5_VLForConditionalGeneration

GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../testdata/golden/a")
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
ADAPTERS = {
    # every linear layer of both towers, as `everywhere` in the Go test
    "plain": LoraConfig(r=4, lora_alpha=12, target_modules="all-linear", task_type="CAUSAL_LM"),
    # another scale, only some layers, and the patch embedding's convolution
    "rslora": LoraConfig(r=3, lora_alpha=5, use_rslora=True, target_modules=["q_proj", "down_proj", "patch_embed.proj"]),
    "dora": LoraConfig(r=2, use_dora=True, target_modules=["q_proj"]),
    # whole tensors beside the factors: embeddings as they were, and trained modules
    "embeddings": LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj"], task_type="CAUSAL_LM"),
    "merger": LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj"], modules_to_save=["merger"]),
    "tied": LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj"], modules_to_save=["embed_tokens"]),
    "untied": LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj"], modules_to_save=["embed_tokens", "lm_head"]),
    # factors by the names they have in memory
    "default": LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj"]),
}


def load(path):
    return Qwen2_5_VLForConditionalGeneration.from_pretrained(path, dtype=torch.float32, attn_implementation="eager").eval()


def case(file, images):
    golden, pictures = load_file(os.path.join(GOLDEN, file)), load_file(os.path.join(GOLDEN, "images.safetensors"))
    inputs = {k: golden[k] for k in ("input_ids", "attention_mask", "labels") if k in golden}
    inputs["pixel_values"] = torch.cat([pictures[f"{i}.pixel_values"] for i in range(images)])
    inputs["image_grid_thw"] = torch.cat([pictures[f"{i}.image_grid_thw"] for i in range(images)])
    return inputs


def answer(model):
    """The logits after the golden judgement."""
    with torch.inference_mode():
        return model(**case("judge.safetensors", 2), use_cache=False).logits[0, -1].clone()


def untie(checkpoint, out):
    """The checkpoint with an output head of its own."""
    shutil.copytree(checkpoint, out)
    weights = load_file(os.path.join(out, "model.safetensors"))
    weights["lm_head.weight"] = torch.randn(weights["model.embed_tokens.weight"].shape) * 0.1
    save_file(weights, os.path.join(out, "model.safetensors"), metadata={"format": "pt"})
    path = os.path.join(out, "config.json")
    with open(path) as f:
        config = json.load(f)
    config["tie_word_embeddings"] = config["text_config"]["tie_word_embeddings"] = False
    with open(path, "w") as f:
        json.dump(config, f)


def make(checkpoint, out):
    untied = os.path.join(out, "checkpoint")
    torch.manual_seed(1)
    untie(checkpoint, untied)
    for name, config in ADAPTERS.items():
        torch.manual_seed(1)
        base = untied if name == "untied" else checkpoint
        model = get_peft_model(load(base), config)
        for key, p in model.named_parameters():
            if "lora_B" in key:
                torch.nn.init.normal_(p, std=0.05)
            if "modules_to_save" in key:
                p.data += 0.02 * torch.randn(p.shape)
        model.eval()
        folder = os.path.join(out, name)
        model.save_pretrained(folder, save_embedding_layers="auto" if config.modules_to_save else name == "embeddings")
        if name == "default":
            file = os.path.join(folder, "adapter_model.safetensors")
            save_file({k.replace(".weight", ".default.weight"): v for k, v in load_file(file).items()}, file)
            again = PeftModel.from_pretrained(load(base), folder).eval()
            print(f"made default: peft's own reading of it moves logits by {(answer(again) - answer(load(base))).abs().max():.3g}")
        found = {"logits": answer(model)}
        model(**case("train.safetensors", 4), use_cache=False).loss.backward()
        for key, p in model.named_parameters():
            if p.grad is not None:
                found["grad." + key.replace(".default.", ".")] = p.grad
        save_file(found, os.path.join(out, name + ".safetensors"))
        print(f"made {name}: {sum('lora_A' in k for k in found)} layers, logits moved by {(found['logits'] - answer(load(base))).abs().max():.3g}")


def compare(checkpoint, logits):
    base = load(checkpoint)
    before = answer(base)
    model = PeftModel.from_pretrained(base, os.path.join(checkpoint, "adapter")).eval()
    after, ours = answer(model), load_file(logits)["logits"]
    merged = answer(model.merge_and_unload())
    moved, off = (after - before).abs().max().item(), (after - ours).abs().max().item()
    print(f"loaded: logits moved by {moved:.3g}, ours differ by {off:.3g}, peft's own merged ones by {(after - merged).abs().max():.3g}")
    sys.exit(not (off < 3e-4 and moved > 0.5))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("what", choices=["make", "load"])
    ap.add_argument("checkpoint")
    ap.add_argument("other")
    args = ap.parse_args()
    (make if args.what == "make" else compare)(args.checkpoint, args.other)


if __name__ == "__main__":
    main()
