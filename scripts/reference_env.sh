#!/usr/bin/env bash
# Makes a virtual environment with the pinned reference packages, for machines without a GPU.
#
#   scripts/reference_env.sh VENV            install, then link the CUDA stand-ins (2.4 GB instead of 7)
#   scripts/reference_env.sh --stubs VENV    only the stand-ins
#
# Needs Python 3.11, gcc and binutils. Pillow stays below 13, whose resize may swap its two passes.
set -euo pipefail

only_stubs=
if [ "${1:-}" = --stubs ]; then only_stubs=1; shift; fi
venv=${1:?usage: reference_env.sh [--stubs] VENV}

install_packages() {
  [ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
  local pip=("$venv/bin/python" -m pip install --quiet)
  "${pip[@]}" --no-deps torch==2.9.1 torchvision==0.24.1 accelerate==1.15.0
  # the two CUDA libraries that torch really calls while it is imported
  "${pip[@]}" --no-deps nvidia-cuda-runtime-cu12==12.8.90 nvidia-cuda-cupti-cu12==12.8.90
  "${pip[@]}" filelock typing-extensions sympy networkx jinja2 fsspec numpy safetensors==0.8.0 pillow==12.0.0 \
    transformers==4.57.1 tokenizers==0.22.2 scikit-image==0.26.0 pooch psutil
  # transformers 5 and what it needs newer stand aside: PYTHONPATH=VENV/transformers5 takes them in place of those above
  rm -rf "$venv/transformers5"
  "${pip[@]}" --no-deps --target "$venv/transformers5" transformers==5.24.0 huggingface_hub==1.31.0 tokenizers==0.23.1 \
    typer==0.29.2 click==8.5.1 httpx==0.28.1 httpcore==1.0.9 anyio==4.16.0 h11==0.16.0 idna==3.20
}

# The default torch wheel links a dozen CUDA libraries. Without a GPU none is called, but the loader wants each file and each
# symbol to exist. So: an empty library for every missing name, one of which defines every missing function as abort().
link_stubs() {
  local site lib work name
  site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  lib=$site/torch/lib
  work=$(mktemp -d)
  trap 'rm -rf "$work"' RETURN
  ln -sf "$site"/nvidia/cuda_runtime/lib/libcudart.so.12 "$site"/nvidia/cuda_cupti/lib/libcupti.so.12 "$lib/"

  local own=("$lib"/libtorch*.so "$lib"/libc10*.so "$lib"/libcaffe2*.so)
  readelf -d "${own[@]}" 2>/dev/null | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort -u |
    grep -E '^lib(cu|nv|nccl)' | grep -vE '^lib(cudart|cupti)' > "$work/names"
  nm -D --undefined-only "${own[@]}" 2>/dev/null |
    sed -n 's/^ *U \([A-Za-z_0-9]*\).*/\1/p' | sort -u > "$work/wanted"
  nm -D --defined-only "${own[@]}" "$lib/libcudart.so.12" "$lib/libcupti.so.12" 2>/dev/null |
    awk 'NF == 3 { sub(/@.*/, "", $3); print $3 }' | sort -u > "$work/have"
  comm -23 "$work/wanted" "$work/have" |
    grep -E '^(cu(blas|sparse|fft|rand|dnn|solver|File|[A-Z])|nccl|nvrtc|nvshmem|nvJitLink)' > "$work/functions"

  { echo 'void abort(void);'
    sed 's/.*/void &(void) { abort(); }/' "$work/functions"; } > "$work/all.c"
  : > "$work/none.c"
  local source=$work/all.c
  while read -r name; do
    [ -e "$lib/$name" ] && [ ! -e "$lib/$name.stub" ] && continue
    gcc -w -fno-builtin -shared -fPIC "$source" -Wl,-soname,"$name" -o "$work/$name"
    mv -f "$work/$name" "$lib/$name"
    touch "$lib/$name.stub"
    source=$work/none.c
  done < "$work/names"
  echo "stand-ins: $(wc -l < "$work/names") libraries, $(wc -l < "$work/functions") functions"
}

[ -n "$only_stubs" ] || install_packages
link_stubs
for newer in '' "$venv/transformers5"; do
  PYTHONPATH=$newer "$venv/bin/python" -c 'import torch, transformers; print("torch", torch.__version__, "transformers", transformers.__version__)'
done
