"""Times transformers' Qwen2.5-VL on a checkpoint, on the CPU; prints one JSON object (seconds unless named otherwise).

    python scripts/bench_torch.py CHECKPOINT --dtype bf16 --json            # everything but training
    python scripts/bench_torch.py CHECKPOINT --dtype f32 --json --train     # AdamW steps, batch 4, and nothing else
    python scripts/bench_torch.py CHECKPOINT --dtype f32 --json --published # what takes minutes at 3B: opening, verdicts, a tracker's frame

Run it alone on the machine, one process a dtype, so that times and the peak memory mean something. The curve of 64 frames is
63 adjacent pairs, one forward each, as the reference judges them; --pairs times fewer and scales.
"""
import argparse
import json
import os
import statistics
import time

for key in [k for k in os.environ if k.startswith("OPENBLAS_")]:
    del os.environ[key]  # no throttle left over from elsewhere
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
from PIL import Image
from transformers import AutoProcessor, Qwen2_5_VLForConditionalGeneration

from prompts import VERDICT, judge_messages
from timing import PATIENCE, peak_mb, within

HERE = os.path.dirname(os.path.abspath(__file__))
IMAGES = os.path.join(HERE, "../testdata/golden/a/images")
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}


def median(fn, repeats, warm):
    """The median time of `repeats` calls, after `warm` calls that do not count."""
    for _ in range(warm):
        fn()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        fn()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def frames(count, size):
    """`count` different pictures of size x size: the golden photographs, shifted a little from one frame to the next."""
    base = [Image.open(os.path.join(IMAGES, n)).convert("RGB").resize((size + 64, size + 64)) for n in sorted(os.listdir(IMAGES))]
    return [base[i % len(base)].crop((i % 64, i % 64, i % 64 + size, i % 64 + size)) for i in range(count)]


class Bench:
    def __init__(self, args):
        self.args = args
        start = time.perf_counter()
        # AdamW's small steps are lost on bfloat16 weights, so training computes in it by autocast.
        self.model = Qwen2_5_VLForConditionalGeneration.from_pretrained(
            args.checkpoint, dtype=torch.float32 if args.train else DTYPES[args.dtype], attn_implementation="sdpa"
        ).eval()
        self.processor = AutoProcessor.from_pretrained(args.checkpoint, use_fast=False)
        self.result = {"checkpoint": os.path.basename(os.path.normpath(args.checkpoint)), "dtype": args.dtype, "torch": torch.__version__,
                       "threads": torch.get_num_threads(), "load_s": time.perf_counter() - start, "peak_rss_open_mb": peak_mb()}
        self.processor.tokenizer.padding_side = "left"

    def encode(self, pairs, answer=""):
        """A batch of judge prompts, one a pair of pictures, with what the model has said already."""
        text = self.processor.apply_chat_template(judge_messages("Pick up the red cup"), tokenize=False, add_generation_prompt=True) + answer
        pictures = [picture for pair in pairs for picture in pair]
        return self.processor(text=[text] * len(pairs), images=pictures, padding=True, return_tensors="pt")

    def forward(self, batch):
        """The logits of the last position: all that a verdict needs."""
        self.model.model.rope_deltas = None
        with torch.inference_mode():
            return self.model(**batch, use_cache=False, logits_to_keep=1).logits

    def see(self, batch):
        with torch.inference_mode():
            return self.model.get_image_features(batch["pixel_values"], batch["image_grid_thw"])

    def verdicts(self):
        a, b = frames(2, self.args.size)
        n, warm = self.args.repeats, self.args.warm
        one, both = self.encode([(a, b)]), self.encode([(a, b), (b, a)])
        self.result["prompt_tokens"] = one["input_ids"].shape[1]
        self.result["patches"] = one["pixel_values"].shape[0]
        self.result["preprocess_pair_s"] = median(lambda: self.encode([(a, b)]), n, 1)
        start = time.perf_counter()
        self.forward(one)
        self.result["first_verdict_s"] = time.perf_counter() - start
        self.result["verdict_s"] = median(lambda: self.forward(one), n, warm)
        self.result["vision_s"] = median(lambda: self.see(one), n, warm)
        self.result["both_orders_s"] = median(lambda: self.forward(both), n, warm)

    def published(self):
        """What a program waits for whose pictures are new in every call."""
        film, n = iter(frames(64, self.args.size)), self.args.repeats

        def both(count=1):
            new = next(film)
            others = [next(film) for _ in range(count)]
            self.forward(self.encode([pair for old in others for pair in ((new, old), (old, new))], VERDICT))

        self.result["first_verdict_s"] = within(1, both)
        self.result["both_orders_s"] = within(n, both)
        self.result["verdict_s"] = within(n, lambda: self.forward(self.encode([(next(film), next(film))], VERDICT)))
        prompt = self.encode([frames(2, self.args.size)], VERDICT)["input_ids"].shape[1]
        text = torch.randint(0, 1000, (2, prompt))
        self.result["text_s"] = within(n, lambda: self.forward({"input_ids": text, "attention_mask": torch.ones_like(text)}))
        self.result["prompt_tokens"] = prompt
        if self.result["both_orders_s"] < PATIENCE:
            self.result["frame_s"] = within(n, lambda: both(4))

    def curve(self):
        """Encodes and judges adjacent pairs one after another."""
        done = min(self.args.pairs, 63)
        if done < 1:
            return
        film = frames(done + 1, self.args.size)
        batches = [self.encode([pair]) for pair in zip(film, film[1:])]
        start = time.perf_counter()
        for batch in batches:
            self.forward(batch)
        self.result["curve64_s"] = (time.perf_counter() - start) * 63 / done
        self.result["curve64_pairs_timed"] = done

    def decode(self):
        """Greedy tokens a second with the cache: the time of 33 tokens less that of one."""
        batch = self.encode([frames(2, self.args.size)])

        def generate(count):
            self.model.model.rope_deltas = None
            with torch.inference_mode():
                out = self.model.generate(**batch, max_new_tokens=count, min_new_tokens=count, do_sample=False, repetition_penalty=1.0)
            assert out.shape[1] == batch["input_ids"].shape[1] + count

        generate(2)
        repeats = min(self.args.repeats, 3)
        first, all_of_them = median(lambda: generate(1), repeats, 0), median(lambda: generate(33), repeats, 0)
        self.result["first_token_s"] = first
        self.result["decode_tokens_per_s"] = 32 / max(all_of_them - first, 1e-9)

    def train(self):
        """Forward, backward and AdamW over a batch of 4; the target's tokens alone are labels."""
        film = frames(8, self.args.size)
        pairs = list(zip(film[::2], film[1::2]))
        prompt = self.encode(pairs)["input_ids"].shape[1]
        batch = self.encode(pairs, VERDICT + "1<|im_end|>\n")
        labels = batch["input_ids"].clone()
        labels[:, :prompt] = -100
        self.model.train()
        optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-5, weight_decay=0.01)

        def step():
            self.model.model.rope_deltas = None
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.args.dtype == "bf16"):
                loss = self.model(**batch, labels=labels, use_cache=False).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 0.3)
            optimizer.step()

        self.result["train_step_batch4_s"] = median(step, self.args.repeats, 2)
        self.model.eval()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("checkpoint")
    ap.add_argument("--dtype", choices=list(DTYPES), default="f32")
    ap.add_argument("--json", action="store_true", help="one line; otherwise indented")
    ap.add_argument("--threads", type=int, default=os.cpu_count())
    ap.add_argument("--repeats", type=int, default=9)
    ap.add_argument("--warm", type=int, default=2)
    ap.add_argument("--size", type=int, default=224, help="side of the frames, before the processor's own resize")
    ap.add_argument("--pairs", type=int, default=63, help="pairs of the 64-frame curve to time; 0 leaves it out")
    what = ap.add_mutually_exclusive_group()
    what.add_argument("--train", action="store_true")
    what.add_argument("--published", action="store_true")
    args = ap.parse_args()
    torch.set_num_threads(args.threads)
    bench = Bench(args)
    if args.train:
        bench.train()
    elif args.published:
        bench.published()
    else:
        bench.verdicts()
        bench.curve()
        bench.decode()
    bench.result["peak_rss_train_mb" if args.train else "peak_rss_mb"] = peak_mb()
    rounded = {k: round(v, 5) if isinstance(v, float) else v for k, v in bench.result.items()}
    print(json.dumps(rounded, indent=None if args.json else 1))


if __name__ == "__main__":
    main()
