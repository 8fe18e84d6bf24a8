"""Makes nano's tokenizer, config and processor files (everything but the weights).

    python scripts/nano_tokenizer.py                        # from scripts/nano_corpus.txt, into model/nano
    python scripts/nano_tokenizer.py --collect ../shared    # rewrite nano_corpus.txt from task texts first

A byte-level BPE with Qwen2.5's normaliser, pre-tokeniser and added tokens. Digits stay single tokens (the pattern splits them),
so an answer ends in the token `1` or `2`. Training is deterministic: the same corpus gives the same bytes.
"""
import argparse
import ast
import glob
import json
import os
import random
import runpy

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from prompts import CHAT_TEMPLATE, NOT_SPECIAL, PROMPTS, SPECIAL, judge_messages

HERE = os.path.dirname(os.path.abspath(__file__))
CORPUS = os.path.join(HERE, "nano_corpus.txt")
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

# ------------------------------------------------------------------ corpus


def collect(shared):
    """Task names, subtask texts and scene texts of the simulated episodes under `shared`, sorted, each once."""
    texts = set()
    for task in runpy.run_path(os.path.join(shared, "sim/tasks.py"))["T"].values():
        texts.update([task["name"], task["scene"], *(phase[2] for phase in task["phases"])])
    with open(os.path.join(shared, "sim/long.py")) as f:
        for node in ast.parse(f.read()).body:
            name = node.targets[0].id if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) else ""
            if name == "SUB":
                texts.update(text for text, _ in ast.literal_eval(node.value).values())
            if name == "TASKS":
                texts.update(text for text, _ in ast.literal_eval(node.value))
    for path in sorted(glob.glob(os.path.join(shared, "episodes*/task_info/*.json"))):
        with open(path) as f:
            for episode in json.load(f):
                texts.update([episode["task_name"], episode["init_scene_text"]])
                for action in episode["label_info"]["action_config"]:
                    texts.update([action["action_text"], action["skill"]])
    with open(CORPUS, "w") as f:
        f.write("# Task, subtask and scene texts of the simulated episodes (task names: Meta-World's published descriptions, MIT).\n")
        f.writelines(text + "\n" for text in sorted(texts) if text)


COLOURS = "red blue green yellow white black orange brown gray pink purple silver wooden small large round".split()
THINGS = (
    "puck cube block ball cup mug bottle box bowl plate spoon fork knife towel cloth peg nut screw hammer stick drawer door window "
    "handle lever button faucet lock shelf basket tray pan pot lid can jar bag book pen sponge apple banana lemon carrot bread egg "
    "toy brush tape cap plug socket switch lamp kettle oven sink cabinet fridge microwave coffee machine table robot arm gripper "
    "finger hand wall hole goal target marker rack bin container item object thermos cart chair paper cable charger phone"
).split()
VERBS = (
    "pick place put push pull open close lift lower turn press slide insert grasp hold release carry move rotate twist pour wipe fold "
    "stack align reach touch hook drop retrieve remove take grab approach return store sort hang sweep unplug plug lock unlock flip "
    "tighten loosen stir shake cover uncover fill empty clean wash load unload assemble disassemble hand switch"
).split()
PLACES = (
    "on the table|in the drawer|into the drawer|in the box|onto the shelf|above the goal|below the handle|beside the lamp|"
    "behind the wall|in front of the cabinet|to the left of the goal|to the right of the box|next to the plate|inside the basket|"
    "outside the cabinet|under the machine|at the edge of the table|near the center|near the gripper|far from the goal|"
    "between the cup and the bowl|over the hole|against the wall|on top of the block|at the back|at the front|in the middle|"
    "in the air|on the floor|in the corner|at the goal|from the table|out of the box|off the shelf|around the wall|through the hole"
).split("|")
STATES = (
    "open|closed|half open|half closed|slightly open|fully open|fully closed|empty|full|upright|tilted|lying on its side|stable|"
    "stuck|held by the gripper|released|lifted|raised|lowered|pressed|turned|rotated|locked|unlocked|inserted|aligned|misaligned|"
    "grasped|not yet grasped|in contact|not in contact|moving|still|visible|hidden|out of view|on|off|clear|blocked"
).split("|")
PROGRESS = (
    "The task has not started yet.|The task has just begun.|The task is in progress.|The task is almost finished.|The task is finished.|"
    "The task is complete.|The first step is done.|The next step is to {v} the {t}.|The robot is closer to completion in img{n}.|"
    "img{n} shows more progress than img{m}.|img{n} is earlier than img{m}.|img{n} is later than img{m}.|"
    "In img{n} the {t} is {s}; in img{m} it is {s2}.|Compared with img{m}, the gripper in img{n} is lower and closer to the {t}.|"
    "The state has regressed: the {t} slipped and fell back {p}.|The robot made a mistake and must recover.|"
    "The robot recovers and tries again.|The previous attempt failed.|The attempt succeeded.|The grasp failed because the {t} was missed.|"
    "The distance between the gripper and the {t} is smaller.|The remaining distance to the goal is {n} cm.|"
    "Progress: {n}{m}%.|Step {n} of {m}: {v} the {t}.|Subtasks: {n}. {V} the {t}. {m}. {V2} the {t2}.|"
    "There is no change between the two pictures.|Both pictures show the same state.|Therefore img{n} is the answer.|"
    "closer to completion: img{n}|spatial details: {d}\ncloser to completion: img{n}"
).split("|")
DETAILS = (
    "The gripper is {p}, {s}; the {c} {t} lies {p2}.|The gripper is above the {c} {t}, {s}; the {t} lies on the table left of the goal.|"
    "The {c} {t} is {p}.|The {t} is {s} and rests {p}.|The robot arm holds the {c} {t} {p}.|The robot arm is {p}, away from the {t}.|"
    "The {t} stands {p}; the {c} {t2} is {s}.|The gripper is open, about {n} cm above the {t}.|"
    "In img{n}, the gripper is {p} and the {t} is {s}.|In the first picture the {t} is {s}; in the second picture it is {s2}.|"
    "Both fingers are closed around the {t}.|The {t} has been moved {p}.|The {t} is being {s} while the {c} {t2} stays {p}.|"
    "The arm is moving toward the {t}.|The arm has already left the {t} and returned to its initial position.|"
    "The orientation of the {t} has changed; it is now {s}.|The {t} touches the {t2}.|The {t} is no longer {p}."
).split("|")
TASKS = (
    "{V} the {t}|{V} the {c} {t}|{V} the {t} {p}|{V} the {c} {t} {p}|{v} the {c} {t} {p}|{V} up the {t} and {v2} it {p}|"
    "{V} the {t}, then {v2} the {t2}|{V} a {t} and {v2} it {p}|{V} the {t} with the right arm.|{V} the {t} {p} with the left arm.|"
    "{V} {t} {p}.|Use the gripper to {v} the {t}|Make sure the {t} is {s}|Keep the {t} {s}|{V} and {v2} the {c} {t}|"
    "{V} the {t} by {n}{m} degrees|{V} the {t} clockwise|{V} the {t} counter-clockwise|{V} the {t} sideways|Move the gripper {p}"
).split("|")
PLAN = (
    'List the subtasks of the task: {k}\n1. {k2}\n2. {V} the {t}.\n3. {V2} the {t2}.|{{"state_difference": {{"img1": "{d}", "img2": "{d2}"}}, '
    '"analysis": "{g}", "closer_to_completion": "img{n}"}}|Which picture is closer to completion?|What should the robot do next? {V} the {t}.|'
    'spatial details: {d} {d2}\ncloser to completion: img{n}|Is the subtask "{k2}" finished? yes|Is the subtask "{k2}" finished? no|'
    "Scene: {d}\nTask name: {k}\nSubtask: {k2}\nAnswer: img{n}"
).split("|")


def sentences(count, seed=7):
    """Plain-English sentences about manipulation, from the templates above."""
    rng = random.Random(seed)
    pick = rng.choice

    def fields():
        v, v2 = pick(VERBS), pick(VERBS)
        n, m = rng.sample("1122334567890", 2)
        return dict(v=v, v2=v2, V=v.capitalize(), V2=v2.capitalize(), t=pick(THINGS), t2=pick(THINGS), c=pick(COLOURS), n=n, m=m,
                    p=pick(PLACES), p2=pick(PLACES), s=pick(STATES), s2=pick(STATES))

    for _ in range(count):
        f = fields()
        f["d"], f["d2"] = (pick(DETAILS).format(**fields()) for _ in range(2))
        f["k"], f["k2"] = (pick(TASKS).format(**fields()) for _ in range(2))
        f["g"] = pick(PROGRESS).format(**f)
        yield pick(pick([DETAILS, DETAILS, TASKS, TASKS, TASKS, PROGRESS, PLAN])).format(**f)


def corpus(weight):
    """Task texts and sentences once or more; the fixed prompts `weight` times, so that they come out shortest."""
    with open(CORPUS) as f:
        texts = [line.rstrip("\n") for line in f if not line.startswith("#")]
    made = list(sentences(6000))
    rng = random.Random(8)
    for text in texts:
        for _ in range(12):
            yield text
        yield text.lower()
        yield "\n".join(f"{i + 1}. {rng.choice(texts)}" for i in range(4))
    yield from made
    for i in range(weight):
        yield "system\nYou are a helpful assistant."
        yield "user\n"
        yield "assistant\n"
        yield "closer to completion: img1"
        for prompt in PROMPTS.values():
            yield prompt.replace("{task_name}", texts[i % len(texts)])
    for _ in range(30):
        yield "Picture 1: Picture 2: Video 1: You are a robot. Describe the picture. What is this? Yes. No. true false null {\"key\": \"value\", [1, 2]}"


# ------------------------------------------------------------------ files


def train(size, weight):
    """The tokenizer with at most `size` entries, added tokens included."""
    tok = Tokenizer(models.BPE(fuse_unk=False, byte_fallback=False))
    tok.normalizer = normalizers.NFC()
    byte_level = dict(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tok.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(PATTERN), "isolated"), pre_tokenizers.ByteLevel(**byte_level)]
    )
    tok.decoder = decoders.ByteLevel(**byte_level)
    tok.post_processor = processors.ByteLevel(**byte_level)
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(SPECIAL) - len(NOT_SPECIAL), min_frequency=3, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )
    tok.train_from_iterator(corpus(weight), trainer)
    flags = dict(single_word=False, lstrip=False, rstrip=False, normalized=False)
    tok.add_tokens([AddedToken(text, special=text in SPECIAL, **flags) for text in SPECIAL + NOT_SPECIAL])
    return tok


def write_json(out, name, value):
    with open(os.path.join(out, name), "w", encoding="utf-8") as f:
        json.dump(value, f, indent=2, ensure_ascii=False)
        f.write("\n")


def write(tok, out):
    """Writes tokenizer.json and the small files beside it, in the form that published Qwen2.5-VL checkpoints have."""
    os.makedirs(out, exist_ok=True)
    tree = json.loads(tok.to_str())  # the library leaves out what equals its defaults; Qwen's file spells it out
    tree["model"].update(continuing_subword_prefix="", end_of_word_suffix="")
    tree["decoder"] = tree["post_processor"]
    write_json(out, "tokenizer.json", tree)
    tok.model.save(out)  # vocab.json and merges.txt: AutoProcessor(use_fast=False) takes the slow tokenizer too
    ids = {text: tok.token_to_id(text) for text in SPECIAL + NOT_SPECIAL}
    flags = dict(lstrip=False, normalized=False, rstrip=False, single_word=False)
    write_json(out, "tokenizer_config.json", {
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": {str(i): {"content": text, **flags, "special": text in SPECIAL} for text, i in ids.items()},
        "additional_special_tokens": SPECIAL[1:],
        "bos_token": None,
        "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "model_max_length": 4096,
        "pad_token": "<|endoftext|>",
        "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    })
    write_json(out, "chat_template.json", {"chat_template": CHAT_TEMPLATE})
    write_json(out, "preprocessor_config.json", {
        "min_pixels": 4 * 784,
        "max_pixels": 112 * 112,
        "patch_size": 14,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
        "image_processor_type": "Qwen2VLImageProcessor",
        "processor_class": "Qwen2_5_VLProcessor",
    })
    eos, pad = ids["<|im_end|>"], ids["<|endoftext|>"]
    write_json(out, "generation_config.json", {
        "bos_token_id": pad, "pad_token_id": pad, "eos_token_id": [eos, pad], "do_sample": False, "transformers_version": "4.57.1",
    })
    return ids


def config(ids, size):
    """nano's config.json, flat as published: text fields at the top level."""
    return {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"],
        "attention_dropout": 0.0,
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|im_end|>"],
        "vision_start_token_id": ids["<|vision_start|>"],
        "vision_end_token_id": ids["<|vision_end|>"],
        "vision_token_id": ids["<|vision_pad|>"],
        "image_token_id": ids["<|image_pad|>"],
        "video_token_id": ids["<|video_pad|>"],
        "hidden_act": "silu",
        "hidden_size": 192,
        "initializer_range": 0.02,
        "intermediate_size": 384,  # 512 would put the whole above 6.0 million parameters
        "max_position_embeddings": 4096,
        "max_window_layers": 6,
        "model_type": "qwen2_5_vl",
        "num_attention_heads": 6,
        "num_hidden_layers": 6,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-06,
        "rope_theta": 10000.0,
        "sliding_window": 4096,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.57.1",
        "use_cache": True,
        "use_sliding_window": False,
        "vision_config": {
            "depth": 6,
            "hidden_act": "silu",
            "hidden_size": 192,
            "intermediate_size": 512,
            "num_heads": 6,
            "in_chans": 3,
            "out_hidden_size": 192,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "spatial_patch_size": 14,
            "window_size": 56,
            "fullatt_block_indexes": [1, 3, 5],
            "tokens_per_second": 2,
            "temporal_patch_size": 2,
        },
        "rope_scaling": {"type": "mrope", "mrope_section": [4, 6, 6]},
        "vocab_size": -(-size // 64) * 64,
    }


def report(tok, out):
    """Token counts; the promises that callers rely on; then the loaders of transformers, where it is installed."""
    for name, prompt in PROMPTS.items():
        for task in ("", "Store the cube in the drawer"):
            print(f"prompt {name:4} task {task!r}: {len(tok.encode(prompt.replace('{task_name}', task)).ids)} tokens")
    answer = tok.encode("closer to completion: img1").tokens
    print("answer:", answer)
    assert answer[-1] == "1" and tok.encode("closer to completion: img2").tokens[-1] == "2"
    assert tok.encode("12").tokens == ["1", "2"]
    for text in ("déjà vu 你好 🙂\n\n  x", "<|im_start|>user\nhi<|im_end|>"):
        assert tok.decode(tok.encode(text).ids, skip_special_tokens=False) == text
    try:
        import torch
        from PIL import Image
        from transformers import AutoConfig, AutoProcessor, AutoTokenizer, Qwen2_5_VLForConditionalGeneration
    except ImportError as e:
        print("not checked with transformers:", e)
        return
    auto = AutoTokenizer.from_pretrained(out)
    assert len(auto) == tok.get_vocab_size() and auto.eos_token == "<|im_end|>" and auto.pad_token == "<|endoftext|>"
    processor = AutoProcessor.from_pretrained(out, use_fast=False)
    text = processor.apply_chat_template(judge_messages("Open a drawer"), tokenize=False, add_generation_prompt=True)
    batch = processor(text=[text], images=[Image.new("RGB", (224, 224), (9, 99, 199))] * 2, return_tensors="pt")
    assert batch["image_grid_thw"].tolist() == [[1, 8, 8]] * 2
    assert batch["input_ids"][0].tolist() == tok.encode(text.replace("<|image_pad|>", "<|image_pad|>" * 16)).ids
    with torch.device("meta"):
        model = Qwen2_5_VLForConditionalGeneration(AutoConfig.from_pretrained(out))
    count = sum(p.numel() for p in model.parameters())
    print(f"judge prompt: {batch['input_ids'].shape[1]} tokens with two 112x112 pictures")
    print(f"parameters: {count:,} ({2 * count / 1e6:.3f} MB in bf16)")
    assert count <= 6_000_000


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--out", default=os.path.join(HERE, "../model/nano"))
    ap.add_argument("--size", type=int, default=2240, help="most entries, added tokens included")
    ap.add_argument("--weight", type=int, default=1500, help="how often each fixed prompt is in the corpus")
    ap.add_argument("--collect", nargs="?", const=os.path.join(HERE, "../../shared"), metavar="DIR",
                    help="first rewrite nano_corpus.txt from DIR (default ../shared): sim/*.py and episodes*/task_info")
    args = ap.parse_args()
    if args.collect:
        collect(args.collect)
    tok = train(args.size, args.weight)
    ids = write(tok, args.out)
    tok = Tokenizer.from_file(os.path.join(args.out, "tokenizer.json"))
    size = tok.get_vocab_size()
    settings = config(ids, size)
    write_json(args.out, "config.json", settings)
    print(f"entries: {size} (model's vocabulary {settings['vocab_size']})")
    report(tok, args.out)


if __name__ == "__main__":
    main()
