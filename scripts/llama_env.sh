#!/usr/bin/env bash
# Builds llama.cpp with its Python bindings for this machine's instructions, and keeps the source beside it: its converter makes
# files in llama.cpp's format. On two cores it takes 20 to 40 minutes.
#
#   scripts/llama_env.sh VENV
#
# Needs Python 3.11, a C++ compiler and cmake.
set -euo pipefail
venv=${1:?usage: llama_env.sh VENV}
version=0.3.36

[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
mkdir -p "$venv/source"
"$venv/bin/python" -m pip download --quiet --no-deps --no-binary :all: --dest "$venv" llama-cpp-python==$version
tar -xzf "$venv/llama_cpp_python-$version.tar.gz" --strip-components 1 -C "$venv/source"
"$venv/bin/python" -m pip install --quiet numpy==2.4.6 typing-extensions==4.15.0 diskcache==5.6.3 jinja2==3.1.6
# what the converter needs besides transformers, in whose environment it runs
"$venv/bin/python" -m pip install --quiet --no-deps --upgrade --target "$venv/converter" sentencepiece==0.2.1
CMAKE_BUILD_PARALLEL_LEVEL=${JOBS:-2} CMAKE_ARGS="-DGGML_NATIVE=ON" \
  "$venv/bin/python" -m pip install --quiet --no-deps "$venv/llama_cpp_python-$version.tar.gz"
rm "$venv/llama_cpp_python-$version.tar.gz"
"$venv/bin/python" -c 'import llama_cpp; print("llama-cpp-python", llama_cpp.__version__); print(llama_cpp.llama_print_system_info().decode())'
