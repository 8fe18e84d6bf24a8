#!/usr/bin/env bash
# Makes the environments that write testdata/formats and read progress files: each 2 GB, most of it torch, without CUDA.
#
#   scripts/formats_env.sh V21 V30
#
# V21 has lerobot 0.3.3, the last release that writes v2.1, and MCAP, rosbag2 and HDF5. V30 has lerobot 0.6.1. It needs
# Python 3.11 (as PYTHON) and 3.12 (as PYTHON12), gcc, binutils, and ffmpeg to write the fixtures.
set -euo pipefail
old=${1:?usage: formats_env.sh V21 V30}
new=${2:?usage: formats_env.sh V21 V30}
here=$(dirname "$0")
torch=(torch==2.9.1 torchvision==0.24.1 nvidia-cuda-runtime-cu12==12.8.90 nvidia-cuda-cupti-cu12==12.8.90)
common=(filelock typing-extensions sympy networkx jinja2 fsspec jsonlines termcolor deepdiff einops imageio tqdm pandas==3.1.1 pyarrow==26.0.1 draccus==0.10.0)

"${PYTHON:-python3.11}" -m venv "$old"
"$old/bin/pip" install --quiet --no-deps "${torch[@]}" lerobot==0.3.3
"$old/bin/pip" install --quiet "${common[@]}" numpy==2.2.6 pillow==13.0.0 setuptools datasets==3.6.0 'huggingface-hub>=0.34.2,<1.0' 'packaging<26' av==18.1.0 \
	'opencv-python-headless<4.14' h5py==3.16.0 hdf5plugin==7.1.0 mcap==1.6.0 mcap-ros2-support==0.6.0 mcap-protobuf-support==0.6.0 foxglove-schemas-protobuf==0.4.0 rosbags==0.11.9
bash "$here/reference_env.sh" --stubs "$old" || true # its last line wants transformers, which is not needed here

"${PYTHON12:-python3.12}" -m venv "$new"
"$new/bin/pip" install --quiet --no-deps "${torch[@]}" lerobot==0.6.1
"$new/bin/pip" install --quiet "${common[@]}" numpy==2.5.5 pillow==12.3.0 'setuptools<82' datasets==5.2.0 huggingface-hub==2.4.0 'packaging<26' av==15.1.0 \
	'opencv-python-headless<4.14' gymnasium accelerate safetensors requests
bash "$here/reference_env.sh" --stubs "$new" || true
"$old/bin/python" -c 'from lerobot.datasets.lerobot_dataset import CODEBASE_VERSION as v; print("lerobot writes", v)'
"$new/bin/python" -c 'from lerobot.datasets.lerobot_dataset import CODEBASE_VERSION as v; print("lerobot writes", v)'
