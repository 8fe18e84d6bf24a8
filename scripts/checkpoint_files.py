"""What transformers reads out of the small files of a checkpoint, as people have them: the cases of testdata/golden/files.

    python scripts/checkpoint_files.py                                               # by transformers 4.57.1
    PYTHONPATH=.cache/ref/transformers5 python scripts/checkpoint_files.py           # by 5.24.0, which also saves golden a's checkpoint anew

Each run adds its own version's answers to processors.json, templates.json and quantised.json: {case: {"files": …, "4.57.1": …, "5.24.0": …}}.
An answer is what the program that loads the checkpoint gets, or {"error": …}.
"""
import json
import os
import shutil
import sys
import tempfile
import warnings

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TRANSFORMERS_VERBOSITY"] = "critical"
os.environ["TRANSFORMERS_NO_ADVISORY_WARNINGS"] = "1"
warnings.filterwarnings("ignore")

import torch
import transformers
from PIL import Image
from transformers import AutoConfig, AutoImageProcessor, AutoProcessor, Qwen2_5_VLForConditionalGeneration

from prompts import CHAT_TEMPLATE, LONG, judge_messages

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "../testdata/golden/a")
OUT = os.path.join(HERE, "../testdata/golden/files")
FIVE = transformers.__version__.startswith("5.")
TASK = "Put the red cup on the shelf"


def image_part(**fields):
    return {"image_processor_type": "Qwen2VLImageProcessor", **fields}


def pre(**fields):
    return {"preprocessor_config.json": image_part(**fields)}


def parts(**fields):
    return {"processor_config.json": {"processor_class": "Qwen2_5_VLProcessor", "image_processor": image_part(**fields)}}


def edges(low, high):
    return {"shortest_edge": low, "longest_edge": high}


SMALL, MIDDLE = edges(3136, 12544), edges(3136, 50176)
PROCESSORS = {
    "neither": {},
    "no bounds": pre(),
    "nulls": pre(min_pixels=None, max_pixels=None, size=None),
    "top": pre(min_pixels=3136, max_pixels=12544),
    "one at the top": pre(max_pixels=12544),
    "edges": pre(size=SMALL),
    "top and edges": pre(min_pixels=3136, max_pixels=12544, size=MIDDLE),
    "top of one edge": pre(max_pixels=12544, size=MIDDLE),
    "longest alone": pre(size={"longest_edge": 12544}),
    "shortest alone": pre(size={"shortest_edge": 6272}),
    "the other edge at the top": pre(min_pixels=3136, size={"longest_edge": 12544}),
    "sides": pre(size={"height": 112, "width": 112}),
    "one side": pre(size=224),
    "older names": pre(size={"min_pixels": 3136, "max_pixels": 12544}),
    "parts": parts(size=SMALL),
    "parts, no bounds": parts(),
    "parts, top": parts(min_pixels=3136, max_pixels=12544),
    "parts and file": parts(size=SMALL) | pre(size=MIDDLE),
    "parts without images": {"processor_config.json": {"processor_class": "Qwen2_5_VLProcessor"}} | pre(max_pixels=12544),
    "parts without images, no file": {"processor_config.json": {"processor_class": "Qwen2_5_VLProcessor"}},
    "parts, mean": parts(size=SMALL, image_mean=[0.5, 0.5, 0.5], image_std=[0.25, 0.5, 0.25]),
}


def grids(folder):
    """The patch grids of frames of four sizes, and what normalises them."""
    # 4.57's fast class keeps settings of one instance for the next; the slow one overlooks edges. The bounds are read off the instance.
    found = AutoImageProcessor.from_pretrained(folder, **({"backend": "pil"} if FIVE else {"use_fast": False}))
    sizes = [(640, 480), (224, 224), (1920, 1080), (60, 40)]
    out = [found(images=[Image.new("RGB", s)], return_tensors="pt")["image_grid_thw"][0].tolist() for s in sizes]
    return {"sizes": sizes, "grids": out, "mean": list(found.image_mean), "std": list(found.image_std)}


def system(text):
    return CHAT_TEMPLATE.replace("You are a helpful assistant.", text)


def jinja(text):
    return {"chat_template.jinja": text}


NO_SYSTEM = CHAT_TEMPLATE.replace(
    "{% if loop.first and message['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}", ""
)
# As formatters lay a template out; blocks on lines of their own leave nothing.
SPREAD = """{#- A judge of robots. -#}
{%- set ns = namespace(images=0) %}
{%- if messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
    {%- set rest = messages[1:] %}
{%- else %}
    {{- "<|im_start|>system\\nYou judge robots' frames.\\nYou answer in one line.<|im_end|>\\n" }}
    {%- set rest = messages %}
{%- endif %}
{%- for message in rest %}
    {{- '<|im_start|>' + message.role + '\\n' }}
    {%- if message.content is string %}
        {{- message.content }}
    {%- else %}
        {%- for item in message.content %}
            {%- if item.type == 'image' or 'image' in item %}
                {%- set ns.images = ns.images + 1 %}
                {{- '<|vision_start|><|image_pad|><|vision_end|>' }}
            {%- elif 'text' in item %}
                {{- item.text }}
            {%- endif %}
        {%- endfor %}
    {%- endif %}
    {{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
# Tools as in Qwen2.5's own: they are asked for and not there.
TOOLS = (
    "{%- if tools %}{{- '<|im_start|>system\\n# Tools\\n' }}{%- for tool in tools %}{{- tool | tojson }}{%- endfor %}{{- '<|im_end|>\\n' }}"
    "{%- else %}{%- if messages[0]['role'] != 'system' %}{{- '<|im_start|>system\\nYou are Qwen, created by Alibaba Cloud. You are a "
    "helpful assistant.<|im_end|>\\n' }}{%- endif %}{%- endif %}" + NO_SYSTEM
)
# Qwen2.5's for text alone: it cannot join a list of parts to a string.
TEXT_ONLY = (
    "{%- if messages[0]['role'] != 'system' %}{{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{%- endif %}"
    "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}{%- endfor %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)
MACRO = (
    "{% macro turn(role, text) %}<|im_start|>{{ role }}\n{{ text }}<|im_end|>\n{% endmacro %}{{ turn('system', 'You judge.') }}" + NO_SYSTEM
)
TEMPLATES = {
    "none": {},
    "published": jinja(CHAT_TEMPLATE),
    "published, json": {"chat_template.json": {"chat_template": CHAT_TEMPLATE}},
    "published, tokenizer": {"tokenizer_config.json": {"chat_template": CHAT_TEMPLATE}},
    "system": jinja(system("You judge robots.")),
    "system, json": {"chat_template.json": {"chat_template": system("You judge robots, 机器人。")}},
    "system, tokenizer": {"tokenizer_config.json": {"chat_template": system("You judge robots.")}},
    "system, processor": {"processor_config.json": {"processor_class": "Qwen2_5_VLProcessor", "chat_template": system("You judge robots.")}},
    "list, tokenizer": {"tokenizer_config.json": {"chat_template": [
        {"name": "default", "template": system("You judge robots.")}, {"name": "tool_use", "template": system("Use tools.")}]}},
    "json before jinja": jinja(system("jinja")) | {"chat_template.json": {"chat_template": system("json")}},
    "jinja before tokenizer": jinja(system("jinja")) | {"tokenizer_config.json": {"chat_template": system("tokenizer")}},
    "json before tokenizer": {"chat_template.json": {"chat_template": system("json")}, "tokenizer_config.json": {"chat_template": system("tokenizer")}},
    "no system": jinja(NO_SYSTEM),
    "empty system": jinja(system("")),
    "several lines": jinja(system("You are a spatial judge.\n\n1. Look.\n2. Decide – 请判断。\n")),
    "quotes": jinja(system("Say \"yes\", don't say <b>&amp;</b> {no} \\n %")),
    "spread": jinja(SPREAD),
    "spread, spaces": jinja("\n  " + SPREAD.replace("{%-", "{%")),
    "tools": jinja(TOOLS),
    "raised": jinja("{{ raise_exception('this model judges nothing') }}"),
    "raised for a system": jinja("{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + NO_SYSTEM),
    "generation": jinja(NO_SYSTEM.replace("{% endfor %}{% if add", "{% generation %}{% endgeneration %}{% endfor %}{% if add")),
    "begin": jinja("{{ bos_token }}" + CHAT_TEMPLATE),
    "begin, if defined": jinja("{% if bos_token is defined and bos_token %}{{ bos_token }}{% endif %}" + CHAT_TEMPLATE),
    "end token": jinja(CHAT_TEMPLATE.replace("You are a helpful assistant.<|im_end|>", "You judge.{{ eos_token }}")),
    "numbered": jinja(CHAT_TEMPLATE.replace("{% if add_vision_id %}", "{% if true %}")),
    "no vision marks": jinja(CHAT_TEMPLATE.replace("<|vision_start|><|image_pad|><|vision_end|>", "<|image_pad|>")),
    "vicuna": jinja("{% for m in messages %}{{ m['role'].upper() }}: {% for c in m['content'] %}{{ c['text'] }}{% endfor %}</s>{% endfor %}ASSISTANT:"),
    "text only": jinja(TEXT_ONLY),
    "thinking": jinja(CHAT_TEMPLATE.replace("<|im_start|>assistant\n{% endif %}", "<|im_start|>assistant\n<think>\n{% endif %}")),
    "shot": jinja("<|im_start|>system\nJudge.<|im_end|>\n<|im_start|>user\nAre you ready?<|im_end|>\n<|im_start|>assistant\nYes.<|im_end|>\n" + NO_SYSTEM),
    "trimmed": jinja(CHAT_TEMPLATE.replace("{{ content['text'] }}", "{{ content['text'] | trim }}")),
    "upper": jinja(CHAT_TEMPLATE.replace("{{ content['text'] }}", "{{ content['text'] | upper }}")),
    "macro": jinja(MACRO),
    "broken": jinja(CHAT_TEMPLATE.replace("{% endfor %}", "", 1)),
    "line end": jinja(system("Judge.") + "\n"),
    "two line ends": jinja(NO_SYSTEM + "\n\n"),
    "windows": jinja(SPREAD.replace("\n", "\r\n")),
    "plus": jinja("   {%+ if true %}<|im_start|>system\nJudge.<|im_end|>\n{% endif %}" + NO_SYSTEM),
    "loop": jinja("<|im_start|>system\n{% for n in range(3) %}{{ loop.index }}. Look.\n{% endfor %}<|im_end|>\n" + NO_SYSTEM),
    "filters": jinja("<|im_start|>system\n{{ ' judge ' | trim | capitalize }}{{ ['a', 'b'] | join(', ') }}<|im_end|>\n" + NO_SYSTEM),
    "side by side": jinja("<|im_start|>system\n{{ 'Judge.' }}{%- if true %}{{ ' Now.' }}\n{% endif %}  {{- '<|im_end|>' }}\n" + NO_SYSTEM),
    "indented": jinja("  {% if true %}  \n    {% set a = 'Judge.' %}\n  {% endif %} {# a #} <|im_start|>system\n\n {{ a }} <|im_end|>\n" + NO_SYSTEM),
    "strings of marks": jinja("<|im_start|>system\n{{ '{% if %}' ~ \"%}{#\" ~ {'a': '}}'}['a'] }}<|im_end|>\n" + NO_SYSTEM),
    "raw": jinja("<|im_start|>system\n{% raw %}{{ a }}{% endraw %}<|im_end|>\n" + NO_SYSTEM),
    "unicode escape": jinja("{{ '<|im_start|>system\\nYou judge \\u673a\\u5668.<|im_end|>\\n' }}" + NO_SYSTEM),
}


def rendered(folder):
    processor = AutoProcessor.from_pretrained(folder, **({} if FIVE else {"use_fast": False}))
    owner = processor if processor.chat_template else processor.tokenizer  # what is left to a user where the processor has none
    return {"text": owner.apply_chat_template(judge_messages(TASK, LONG), tokenize=False, add_generation_prompt=True)}


def quantisers():
    """Configurations that transformers itself makes for checkpoints whose weights are not plain numbers."""
    from transformers import AwqConfig, BitsAndBytesConfig, FineGrainedFP8Config, GPTQConfig

    made = {
        "awq": AwqConfig(bits=4, group_size=128, zero_point=True),
        "gptq": GPTQConfig(bits=4, group_size=128, desc_act=False),
        "bitsandbytes 4": BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16),
        "bitsandbytes 8": BitsAndBytesConfig(load_in_8bit=True),
        "fp8": FineGrainedFP8Config(),
    }
    out = {}
    for name, made_of in made.items():
        with tempfile.TemporaryDirectory() as d:
            config = AutoConfig.from_pretrained(os.path.join(GOLDEN, "checkpoint"))
            config.quantization_config = made_of
            config.save_pretrained(d)
            saved = json.load(open(os.path.join(d, "config.json"), encoding="utf-8"))
            out[name] = {k: v for k, v in saved.items() if "quant" in k}
    return out


def more_tensors():
    """What becomes of tensors that golden a's checkpoint, which is tied, does not need."""
    from safetensors.torch import load_file, save_file

    source = os.path.join(GOLDEN, "checkpoint")
    weights = load_file(os.path.join(source, "model.safetensors"))
    embedding = weights["model.embed_tokens.weight"]
    more = {
        "equal head": {"lm_head.weight": embedding.clone()},
        "other head": {"lm_head.weight": embedding + 1},
        "rotary": {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.ones(8), "visual.rotary_pos_emb.inv_freq": torch.ones(4)},
        "value head": {"v_head.summary.weight": torch.ones(1, 96), "v_head.summary.bias": torch.ones(1)},  # as trl names them
        "score": {"score.weight": torch.ones(1, 96)},
    }
    out = {}
    for name, tensors in more.items():
        folder = folder_with({}, ())
        save_file(weights | tensors, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})
        model = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder)
        out[name] = {"head is embedding": torch.equal(model.lm_head.weight, embedding), "tensors": {
            k: {"shape": list(v.shape), "first": v.flatten()[0].item()} for k, v in tensors.items()}}
        shutil.rmtree(folder)
    return out


def folder_with(files, keep):
    """Golden a's checkpoint without its weights and processors, and with these files."""
    folder = tempfile.mkdtemp()
    source = os.path.join(GOLDEN, "checkpoint")
    for name in os.listdir(source):
        if not name.endswith(".safetensors") and (name in keep or "processor" not in name and "chat_template" not in name):
            shutil.copy(os.path.join(source, name), folder)
    for name, content in files.items():
        path = os.path.join(folder, name)
        if name == "tokenizer_config.json":
            content = json.load(open(path, encoding="utf-8")) | content
        with open(path, "w", encoding="utf-8", newline="") as f:
            f.write(content if isinstance(content, str) else json.dumps(content))
    return folder


def ask(cases, keep, question):
    out = {}
    for name, files in cases.items():
        folder = folder_with(files, keep)
        try:
            out[name] = question(folder)
        except Exception as e:  # whatever it is, the checkpoint does not load
            out[name] = {"error": f"{type(e).__name__}: {e}".replace(folder, "FOLDER").splitlines()[0]}
        shutil.rmtree(folder)
    return out


def record(file, cases, answers):
    path = os.path.join(OUT, file)
    known = json.load(open(path, encoding="utf-8")) if os.path.exists(path) else {}
    out = {}
    for name in answers:
        out[name] = known.get(name, {}) | {transformers.__version__: answers[name]}
        if cases:
            out[name]["files"] = cases[name]
    with open(path, "w", encoding="utf-8") as f:
        json.dump(out, f, ensure_ascii=False, indent=1, sort_keys=True)
        f.write("\n")
    print(f"{file}: {len(answers)} cases, {sum('error' in a for a in answers.values())} refused by {transformers.__version__}")


def load_processor(folder):
    """With images resized by Pillow, as 4.57's slow class does; there is no such class for videos."""
    processor = AutoProcessor.from_pretrained(folder)
    processor.image_processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    return processor


def save_anew():
    """Golden a's checkpoint as a fine-tuner of today leaves it: other bounds, another system turn, saved by transformers 5."""
    out = os.path.join(OUT, "transformers5")
    shutil.rmtree(out, ignore_errors=True)
    source = os.path.join(GOLDEN, "checkpoint")
    processor = load_processor(source)
    processor.image_processor.size = edges(3136, 9408)
    processor.chat_template = system("You judge robots by their pictures.")
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(source, dtype=torch.float32, attn_implementation="eager").eval()
    processor.save_pretrained(out)
    model.save_pretrained(out)

    processor = load_processor(out)
    pictures = [Image.open(os.path.join(GOLDEN, "images", name)) for name in ("0_astronaut.png", "1_coffee.png")]
    answers = []
    for order in ([0, 1], [1, 0]):
        text = processor.apply_chat_template(judge_messages(TASK, LONG), tokenize=False, add_generation_prompt=True)
        text += "closer to completion: img"
        inputs = processor(text=[text], images=[pictures[i] for i in order], return_tensors="pt")
        digits = [processor.tokenizer.encode(d)[0] for d in "12"]
        with torch.inference_mode():
            logits = model(**inputs, use_cache=False).logits[0, -1]
        answers.append({"logits": [logits[d].item() for d in digits], "tokens": inputs["input_ids"].shape[1],
                        "grids": inputs["image_grid_thw"].tolist()})
    with open(os.path.join(OUT, "transformers5.json"), "w", encoding="utf-8") as f:
        json.dump({"task": TASK, "orders": answers}, f, indent=1)
        f.write("\n")
    from safetensors.torch import load_file

    before, after = (load_file(os.path.join(d, "model.safetensors")) for d in (source, out))
    same = before.keys() == after.keys() and all(torch.equal(before[k], after[k]) for k in before)
    if not same:
        sys.exit("the weights that were saved are not those that were loaded")
    os.remove(os.path.join(out, "model.safetensors"))  # the test takes them from golden a
    print(f"transformers5: {sorted(os.listdir(out))}, {answers}")


def main():
    os.makedirs(OUT, exist_ok=True)
    record("processors.json", PROCESSORS, ask(PROCESSORS, (), grids))
    record("templates.json", TEMPLATES, ask(TEMPLATES, ("preprocessor_config.json", "video_preprocessor_config.json"), rendered))
    record("tensors.json", None, more_tensors())
    if FIVE:  # 4.57 makes no configuration for a package that is not installed
        record("quantised.json", None, quantisers())
        save_anew()


if __name__ == "__main__":
    main()
