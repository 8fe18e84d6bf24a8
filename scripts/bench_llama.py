"""Times llama.cpp, through llama-cpp-python, on a Qwen2.5-VL in its format; prints one JSON object, in seconds.

    python scripts/bench_llama.py 3b-gguf/q8_0.gguf --pictures 3b-gguf/mmproj-f16.gguf --tokens 219

The measures are those of bench_torch.py --published, but for a tracker's frame. The two orders of a verdict are asked one after
the other, as a program does that asks llama.cpp, which begins each prompt anew; so do the two prompts of text alone.
"""
import argparse
import ctypes
import json
import os
import random
import time

import llama_cpp
from llama_cpp import mtmd_cpp as mtmd

from prompts import VERDICT, judge_messages
from timing import peak_mb, within


class Bench:
    def __init__(self, args):
        self.size = args.size
        start = time.perf_counter()
        self.model = llama_cpp.Llama(args.model, n_ctx=1024, n_threads=args.threads, n_threads_batch=args.threads, verbose=False)
        params = mtmd.mtmd_context_params_default()
        params.use_gpu, params.n_threads, params.print_timings = False, args.threads, False
        params.warmup = False  # it would be a part of opening
        self.eyes = mtmd.mtmd_init_from_file(args.pictures.encode(), self.model.model, params)
        assert self.eyes, f"{args.pictures} cannot be loaded"
        self.result = {"model": os.path.basename(args.model), "llama_cpp_python": llama_cpp.__version__, "threads": args.threads,
                       "load_s": time.perf_counter() - start, "peak_rss_open_mb": peak_mb()}

    def forget(self):
        self.model.reset()
        self.model._ctx.kv_cache_clear()

    def picture(self):
        """A picture that was not seen before."""
        pixels = random.randbytes(3 * self.size * self.size)
        return mtmd.mtmd_bitmap_init(self.size, self.size, (ctypes.c_uint8 * len(pixels)).from_buffer_copy(pixels))

    def ask(self, *pictures):
        """Takes in one question about pictures, up to the logits of what follows it; gives its length in tokens."""
        self.forget()
        words = judge_messages("Pick up the red cup")[0]["content"][-1]["text"]
        marks = f"<|vision_start|>{mtmd.mtmd_default_marker().decode()}<|vision_end|>" * len(pictures)
        prompt = (f"<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n{marks}{words}<|im_end|>\n"
                  f"<|im_start|>assistant\n{VERDICT}").encode()
        text = mtmd.mtmd_input_text(prompt, len(prompt), False, True)
        chunks = mtmd.mtmd_input_chunks_init()
        bitmaps = (mtmd.mtmd_bitmap_p_ctypes * len(pictures))(*pictures)
        assert mtmd.mtmd_tokenize(self.eyes, chunks, ctypes.byref(text), bitmaps, len(pictures)) == 0
        tokens = sum(mtmd.mtmd_input_chunk_get_n_tokens(mtmd.mtmd_input_chunks_get(chunks, i)) for i in range(mtmd.mtmd_input_chunks_size(chunks)))
        past = llama_cpp.llama_pos(0)
        failed = mtmd.mtmd_helper_eval_chunks(self.eyes, self.model._ctx.ctx, chunks, 0, 0, self.model.n_batch, True, ctypes.byref(past))
        assert failed == 0, f"error {failed}"
        mtmd.mtmd_input_chunks_free(chunks)
        return tokens

    def asked(self, orders):
        a, b = self.picture(), self.picture()
        for pictures in ((a, b), (b, a))[:orders]:
            self.result["prompt_tokens"] = self.ask(*pictures)
        mtmd.mtmd_bitmap_free(a)
        mtmd.mtmd_bitmap_free(b)

    def text(self, length):
        for _ in range(2):
            self.forget()
            self.model.eval([random.randrange(1000) for _ in range(length)])

    def measure(self, repeats, tokens):
        self.result["first_verdict_s"] = within(1, lambda: self.asked(2))
        self.result["both_orders_s"] = within(repeats, lambda: self.asked(2))
        self.result["verdict_s"] = within(repeats, lambda: self.asked(1))
        self.result["text_s"] = within(repeats, lambda: self.text(tokens))
        self.result["peak_rss_mb"] = peak_mb()


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("model")
    ap.add_argument("--pictures", required=True, metavar="FILE", help="the vision tower")
    ap.add_argument("--tokens", type=int, required=True, help="length of a prompt of text alone")
    ap.add_argument("--size", type=int, default=224, help="side of the frames")
    ap.add_argument("--threads", type=int, default=os.cpu_count())
    ap.add_argument("--repeats", type=int, default=3)
    args = ap.parse_args()
    bench = Bench(args)
    bench.measure(args.repeats, args.tokens)
    print(json.dumps({k: round(v, 5) if isinstance(v, float) else v for k, v in bench.result.items()}))


if __name__ == "__main__":
    main()
