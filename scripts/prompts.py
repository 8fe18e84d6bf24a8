"""The fixed texts that the scripts share: chat template, prompts, added tokens. Data, kept byte for byte."""

# Qwen2.5-VL's chat template.
CHAT_TEMPLATE = (
    "{% set image_count = namespace(value=0) %}{% set video_count = namespace(value=0) %}{% for message in messages %}"
    "{% if loop.first and message['role'] != 'system' %}<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "<|im_start|>{{ message['role'] }}\n{% if message['content'] is string %}{{ message['content'] }}<|im_end|>\n{% else %}"
    "{% for content in message['content'] %}{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}"
    "{% set image_count.value = image_count.value + 1 %}{% if add_vision_id %}Picture {{ image_count.value }}: {% endif %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% elif content['type'] == 'video' or 'video' in content %}"
    "{% set video_count.value = video_count.value + 1 %}{% if add_vision_id %}Video {{ video_count.value }}: {% endif %}"
    "<|vision_start|><|video_pad|><|vision_end|>{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>\n"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

LONG = (
    "You are a spatial awareness expert.\n"
    "Your task is to observe and describe two pictures (img1 and img2) respectively. Hint: These two pictures occur in the same task.\n"
    "Task name:{task_name} \n"
    'Output format: closer to completion: "Your judgment"[img1/img2]'
)
TAG = (
    "你是一位空间感知专家。\n"
    "请仔细观察两张图片(img1和img2)。 提示: 这两张图片发生在同一个任务中，描述了不同的任务完成状态。\n"
    "任务名称: {task_name}\n"
    "请你直接给出最终答案。\n"
    "输出格式:\n"
    "closer to completion: [img1/img2]"
)
COT = (
    "你是一位空间感知专家。\n"
    "请仔细观察并分别描述两张图片(img1和img2)。 提示: 这两张图片发生在同一个任务中，描述了不同的任务完成状态。\n"
    "任务名称: {task_name}\n"
    "描述要点:\n"
    "1.对img1 和 img2 进行详细的描述。\n"
    "2.基于上述描述，分析哪一张图片(img1 或img2)中的状态更接近任务的最终完成阶段。\n"
    "3.直接给出最终答案。\n"
    "输出格式:\n"
    "spatial details: [分别详细描述两张图片的空间细节]\n"
    "closer to completion: [img1/img2]"
)
PROMPTS = {"long": LONG, "tag": TAG, "cot": COT}

# What an answer is made to begin with; "1" or "2" follows.
VERDICT = "closer to completion: img"

# Qwen2.5-VL's added tokens in their order; the second group is not "special" there.
SPECIAL = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>", "<|box_end|>",
    "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>",
]
NOT_SPECIAL = [
    "<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>",
]


def judge_messages(task, prompt=LONG):
    """One user turn: two pictures, then the prompt."""
    text = prompt.replace("{task_name}", task)
    return [{"role": "user", "content": [{"type": "image"}, {"type": "image"}, {"type": "text", "text": text}]}]
